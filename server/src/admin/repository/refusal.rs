//! What an admin is told when nothing was published.

use crate::admin::refusal::{AdminRefusal, Ending};
use crate::repository::{RepositoryError, RepositoryRole};

/// How a role gets a new key in the place of one that was lost.
const fn remedy(role: RepositoryRole) -> &'static str {
    match role {
        RepositoryRole::Rates | RepositoryRole::Software | RepositoryRole::Stops => {
            "Nothing was published. Make a new key for it with `repository sign-targets --new-key`."
        }
        RepositoryRole::Snapshot | RepositoryRole::Timestamp => {
            "Nothing was published. Make new keys with `repository rotate-root --new-online-keys`."
        }
        RepositoryRole::Root | RepositoryRole::Targets => {
            "Nothing was published. Name a new key with `repository rotate-root`."
        }
    }
}

impl From<RepositoryError> for AdminRefusal {
    fn from(error: RepositoryError) -> Self {
        let refused = |code: &'static str, hint: &'static str| (Ending::Refused, code, hint);
        let (ending, code, hint) = match error {
            RepositoryError::Ca(error) => return error.into(),
            RepositoryError::File(fault) => return fault.into(),
            RepositoryError::Ledger(error) => return error.into(),
            RepositoryError::Db(fault) => return fault.into(),
            RepositoryError::NotMade => refused(
                "no_repository",
                "An earlier program made this data center. Make one with `repository create`.",
            ),
            RepositoryError::AlreadyMade => refused(
                "repository_exists",
                "Nothing was changed. See `repository show`.",
            ),
            RepositoryError::NotDelegated { .. } => refused(
                "not_delegated",
                "Nothing was changed. Install targets as `repository sign-targets` drafts them; a new \
                 key is for rates, software or stops.",
            ),
            RepositoryError::HasEnded { .. } => {
                refused("has_ended", "Nothing was changed. Draft it again.")
            }
            RepositoryError::Tuf(_) => refused(
                "not_signed",
                "Nothing was changed. Sign it with as many keys of the role as it needs.",
            ),
            RepositoryError::NoKey { role } => refused("no_repository_key", remedy(role)),
            RepositoryError::NoPassphrase => refused(
                "passphrase_needed",
                "Nothing was published. Name a file whose first line is the passphrase with \
                 --passphrase-file.",
            ),
            RepositoryError::MissingContent { .. } => refused(
                "missing_content",
                "Nothing was published. Publish it from its file again.",
            ),
            RepositoryError::TooManyTargets { .. } => refused(
                "too_many_targets",
                "Nothing was published. Withdraw what nobody needs any more.",
            ),
            RepositoryError::NotNext { .. } => refused(
                "published_meanwhile",
                "Nothing was changed. See `repository show`, and try again.",
            ),
            RepositoryError::NotItsPath { .. } => refused(
                "not_its_path",
                "Nothing was published. Use letters, digits, `-`, `_` and `.` in names.",
            ),
            RepositoryError::NotOffline => (
                Ending::Usage,
                "not_metadata",
                "Nothing was changed. Name files that `repository rotate-root` has drafted.",
            ),
            RepositoryError::WeakRoot => refused(
                "weak_root",
                "Nothing was changed. Give at least three keys of different people.",
            ),
            RepositoryError::TooLong { .. } => refused("file_too_long", "Nothing was published."),
            RepositoryError::NotAFile { .. } => refused("not_a_file", "Nothing was published."),
            RepositoryError::FileChanged { .. } => refused(
                "file_changed",
                "Nothing was published. Try again when nobody writes the file.",
            ),
        };
        Self::of(ending, code, &error, hint)
    }
}
