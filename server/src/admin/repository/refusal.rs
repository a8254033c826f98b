//! What an admin is told when nothing was published.

use crate::admin::refusal::{AdminRefusal, Ending};
use crate::repository::RepositoryError;

impl From<RepositoryError> for AdminRefusal {
    fn from(error: RepositoryError) -> Self {
        let (ending, code, hint) = match error {
            RepositoryError::Ca(error) => return error.into(),
            RepositoryError::File(fault) => return fault.into(),
            RepositoryError::Ledger(error) => return error.into(),
            RepositoryError::Db(fault) => return fault.into(),
            RepositoryError::NotMade => (
                Ending::Refused,
                "no_repository",
                "An earlier program made this data center. Make a new one with `init`.",
            ),
            RepositoryError::Tuf(_) => (
                Ending::Refused,
                "not_signed",
                "Nothing was changed. Sign it with as many keys of the role as it needs.",
            ),
            RepositoryError::NoKey { .. } => (
                Ending::Refused,
                "no_repository_key",
                "Nothing was published. After a restore name new keys with `repository rotate-root`.",
            ),
            RepositoryError::NoPassphrase => (
                Ending::Refused,
                "passphrase_needed",
                "Nothing was published. Name a file whose first line is the passphrase with \
                 --passphrase-file.",
            ),
            RepositoryError::MissingContent { .. } => (
                Ending::Refused,
                "missing_content",
                "Nothing was published. Publish it from its file again.",
            ),
            RepositoryError::TooManyTargets { .. } => (
                Ending::Refused,
                "too_many_targets",
                "Nothing was published. Withdraw what nobody needs any more.",
            ),
            RepositoryError::NotNext { .. } => (
                Ending::Refused,
                "published_meanwhile",
                "Nothing was changed. See `repository show`, and try again.",
            ),
            RepositoryError::NotItsPath { .. } => (
                Ending::Refused,
                "not_its_path",
                "Nothing was published. Use letters, digits, `-`, `_` and `.` in names.",
            ),
            RepositoryError::NotOffline => (
                Ending::Usage,
                "not_metadata",
                "Nothing was changed. Name files that `repository rotate-root` has drafted.",
            ),
            RepositoryError::WeakRoot => (
                Ending::Refused,
                "weak_root",
                "Nothing was changed. Give at least three keys of different people.",
            ),
            RepositoryError::TooLong { .. } => {
                (Ending::Refused, "file_too_long", "Nothing was published.")
            }
            RepositoryError::FileChanged { .. } => (
                Ending::Refused,
                "file_changed",
                "Nothing was published. Try again when nobody writes the file.",
            ),
        };
        Self::of(ending, code, &error, hint)
    }
}
