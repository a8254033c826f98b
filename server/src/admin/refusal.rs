//! What an admin is told when something was not done: code, sentence, hint and exit code.

use serde::{Deserialize, Serialize};

use super::backup::BackupError;
use super::owner::OwnerError;
use crate::access::AccessError;
use crate::ca::{CaError, TokenError};
use crate::center::CenterError;
use crate::config::ConfigError;
use crate::db::DbError;
use crate::folder::FileFault;
use crate::ledger::{AuditFault, LedgerError};
use crate::services::rates::store::EditionStoreError;
use crate::stations::StationError;

/// How a command ended; the numbers are the exit codes of all Pennyblack programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// Something broke.
    Broken,
    /// The command was used wrongly, or its issue is not done yet.
    Usage,
    /// A correct no.
    Refused,
    /// Nobody knows whether it was done.
    Unknown,
    /// Damaged data or a failed verification.
    Damaged,
}

impl Ending {
    /// The exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Broken => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unknown => 5,
            Self::Damaged => 6,
        }
    }
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminRefusal {
    /// How the command ends.
    pub ending: Ending,
    /// A stable code.
    pub code: String,
    /// What happened, one sentence.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Whether the same command may succeed later.
    pub retry: bool,
}

impl AdminRefusal {
    /// A refusal or fault that stays until something else changes.
    #[must_use]
    pub fn new(ending: Ending, code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self {
            ending,
            code: code.to_owned(),
            message: message.into(),
            hint: hint.to_owned(),
            retry: false,
        }
    }

    /// A command whose issue is not done yet.
    #[must_use]
    pub fn not_in_this_build(what: &str) -> Self {
        Self::new(
            Ending::Usage,
            "not_in_this_build",
            format!("`{what}` is not in this build."),
            "See `pennyblack-server --help` for what is.",
        )
    }

    /// Wrong usage that only the command itself can see.
    #[must_use]
    pub fn usage(message: impl Into<String>, hint: &str) -> Self {
        Self::new(Ending::Usage, "usage", message, hint)
    }

    /// The sentence of an error, with its causes.
    pub(super) fn of(
        ending: Ending,
        code: &str,
        error: &dyn std::error::Error,
        hint: &str,
    ) -> Self {
        Self::new(ending, code, sentence(error), hint)
    }

    pub(super) fn refused(code: &str, error: &dyn std::error::Error, hint: &str) -> Self {
        Self::new(Ending::Refused, code, sentence(error), hint)
    }

    pub(super) fn broken(code: &str, error: &dyn std::error::Error, hint: &str) -> Self {
        Self::new(Ending::Broken, code, sentence(error), hint)
    }

    fn damaged(code: &str, error: &dyn std::error::Error, hint: &str) -> Self {
        Self::new(Ending::Damaged, code, sentence(error), hint)
    }

    pub(super) fn later(mut self) -> Self {
        self.retry = true;
        self
    }
}

/// The error with its causes as one sentence. A name at its beginning, such as that of a file, keeps
/// its letters.
pub(super) fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = crate::access::problem::chain_of(error);
    let word = text.split_whitespace().next().unwrap_or_default();
    let is_name = word
        .trim_end_matches([',', ':', ';'])
        .contains(|letter: char| !letter.is_alphabetic() && letter != '-' && letter != '\'');
    if is_name {
        text.push('.');
        return text;
    }
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase());
    let mut sentence: String = first.into_iter().flatten().collect();
    sentence.push_str(letters.as_str());
    sentence.push('.');
    sentence
}

const LOOK_AT_BACKUP: &str =
    "Stop the data center, keep the folder as evidence, and restore the last backup elsewhere.";

impl From<DbError> for AdminRefusal {
    fn from(fault: DbError) -> Self {
        match fault {
            DbError::Busy { .. } => {
                Self::broken("busy", &fault, "Nothing was changed; try again.").later()
            }
            DbError::DiskFull { .. } => Self::broken(
                "disk_full",
                &fault,
                "Nothing was changed. Make room on the disk and try again.",
            )
            .later(),
            DbError::Corrupt { .. } | DbError::Column { .. } => {
                Self::damaged("damaged_database", &fault, LOOK_AT_BACKUP)
            }
            DbError::Migration { .. } => Self::damaged(
                "unknown_schema",
                &fault,
                "Use the program version that wrote this folder, or a newer one.",
            ),
            DbError::Unreachable { .. } => Self::broken(
                "file",
                &fault,
                "Check that the data folder is there, is yours and has room.",
            ),
            DbError::Forbidden { .. }
            | DbError::BrokeOff { .. }
            | DbError::Closed { .. }
            | DbError::Engine { .. } => {
                Self::broken("database", &fault, "Nothing was changed. See the log.")
            }
        }
    }
}

impl From<LedgerError> for AdminRefusal {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Db(fault) => fault.into(),
            // The book's own words name accounts and transfers by numbers that no admin has seen.
            LedgerError::Insufficient {
                available, asked, ..
            } => Self::new(
                Ending::Refused,
                "insufficient",
                format!("The account holds {available}; {asked} was asked for."),
                "Nothing was moved. Deposit first.",
            ),
            LedgerError::Conflict { .. } => Self::new(
                Ending::Refused,
                "reference_used",
                "This reference was booked before, with another amount or for another account.",
                "Nothing was booked. Compare with `account show`, then use the payment's own \
                 reference.",
            ),
            LedgerError::NameTaken { .. } => {
                Self::refused("name_taken", &error, "Choose another name.")
            }
            LedgerError::UnknownAccount { .. } => Self::refused(
                "unknown_account",
                &error,
                "`account list` shows names and numbers.",
            ),
            LedgerError::NotAllowed { amount, .. } => Self::new(
                Ending::Refused,
                "not_allowed",
                format!("{amount} cannot be booked so."),
                "Nothing was moved. The amount must be more than nothing.",
            ),
            LedgerError::TooLong { .. } => Self::usage(sentence(&error), "Shorten it."),
            LedgerError::JournalFull => Self::broken(
                "journal_full",
                &error,
                "Nothing was changed. Begin a new data center.",
            ),
            LedgerError::SumsExhausted { .. } => Self::broken(
                "sums_exhausted",
                &error,
                "Nothing was moved. Open a new account.",
            ),
        }
    }
}

impl From<CaError> for AdminRefusal {
    fn from(error: CaError) -> Self {
        match error {
            CaError::Db(fault) => fault.into(),
            CaError::File(fault) => fault.into(),
            CaError::Config(fault) => fault.into(),
            CaError::Token(error) => error.into(),
            CaError::Damaged { .. } => Self::damaged(
                "damaged_key",
                &error,
                "Restore the file from the last backup.",
            ),
            CaError::WeakPassphrase { .. } => Self::usage(
                sentence(&error),
                "Use a longer passphrase, or none: then one is made and shown once.",
            ),
            CaError::BadName { .. } => Self::usage(
                sentence(&error),
                "Give a host name such as post.example, or an address.",
            ),
            CaError::RotationUnderWay { .. } => Self::refused(
                "rotation_under_way",
                &error,
                "Nothing was changed. `keys list` shows when it takes over.",
            ),
            CaError::WrongPassphrase => {
                Self::refused("wrong_passphrase", &error, "Nothing was changed.")
            }
            CaError::BadRequest => Self::refused("bad_request", &error, "Make a new request."),
            CaError::CounterExhausted { .. } | CaError::Crypto { .. } | CaError::Issue { .. } => {
                Self::broken("keys", &error, "Nothing was changed. See the log.")
            }
        }
    }
}

impl From<TokenError> for AdminRefusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::NoPin { .. } | TokenError::PinFile(_) => Self::refused(
                "token_pin",
                &error,
                "Name a file whose first line is the PIN with --pin-file, or set \
                 PENNYBLACK_TOKEN_PIN.",
            ),
            TokenError::WrongPin { .. } => Self::refused(
                "token_pin",
                &error,
                "Correct the PIN and start again. A token locks itself after a few wrong ones.",
            ),
            TokenError::NotConfigured { .. }
            | TokenError::Library { .. }
            | TokenError::Absent { .. }
            | TokenError::Gone { .. }
            | TokenError::NoKey { .. }
            | TokenError::Busy { .. } => Self::refused(
                "token_absent",
                &error,
                "Nothing was signed. Check that the token is there and that library and label in \
                 config.toml are its own.",
            )
            .later(),
            TokenError::Unfit { .. } => Self::refused(
                "token_unfit",
                &error,
                "Nothing was signed. Use a token that makes P-256 keys and keeps them.",
            ),
        }
    }
}

impl From<FileFault> for AdminRefusal {
    fn from(fault: FileFault) -> Self {
        Self::broken(
            "file",
            &fault,
            "Check that the folder is there, is yours and has room.",
        )
    }
}

impl From<ConfigError> for AdminRefusal {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::File(fault) => fault.into(),
            ConfigError::Malformed(_) | ConfigError::Unwritable(_) => {
                Self::usage(sentence(&error), "Correct config.toml in the data folder.")
            }
        }
    }
}

impl From<CenterError> for AdminRefusal {
    fn from(error: CenterError) -> Self {
        match error {
            CenterError::NotInitialised { .. } => Self::refused(
                "not_initialised",
                &error,
                "Make one with `pennyblack-server init`, or name another folder with --data.",
            ),
            CenterError::DatabaseLost { .. } => Self::damaged(
                "database_lost",
                &error,
                "Nothing was changed. Put the last backup into this folder with `pennyblack-server \
                 restore FILE`.",
            ),
            CenterError::AlreadyInitialised { .. } => Self::refused(
                "already_initialised",
                &error,
                "Nothing was changed. Use it, or name another folder with --data.",
            ),
            CenterError::LongSupportContact => Self::usage(sentence(&error), "Shorten it."),
            CenterError::Ca(error) => error.into(),
            CenterError::Config(error) => error.into(),
            CenterError::File(error) => error.into(),
            CenterError::Ledger(error) => error.into(),
            CenterError::Repository(error) => error.into(),
            CenterError::Db(error) => error.into(),
        }
    }
}

impl From<StationError> for AdminRefusal {
    fn from(error: StationError) -> Self {
        match error {
            StationError::Unknown { .. } => Self::refused(
                "unknown_station",
                &error,
                "`station list` shows numbers and PSD numbers.",
            ),
            StationError::WrongState { .. } => {
                Self::refused("wrong_state", &error, "Nothing was changed.")
            }
            StationError::BadZip { .. } => Self::usage(sentence(&error), "Give five digits."),
            StationError::Ca(error) => error.into(),
            StationError::Db(error) => error.into(),
        }
    }
}

impl From<EditionStoreError> for AdminRefusal {
    fn from(error: EditionStoreError) -> Self {
        match error {
            EditionStoreError::NameTaken { .. } => Self::refused(
                "edition_exists",
                &error,
                "Nothing was changed. Give it another name: its id, or --id for a list of prices.",
            ),
            EditionStoreError::Unknown { .. } => Self::refused(
                "unknown_edition",
                &error,
                "`rates list` shows all editions.",
            ),
            EditionStoreError::Unreadable { .. } => Self::refused(
                "not_an_edition",
                &error,
                "Nothing was imported. Correct the file.",
            ),
            EditionStoreError::Published { .. } => Self::refused(
                "edition_published",
                &error,
                "Nothing was changed. Stations may hold it: publish a corrected one instead.",
            ),
            EditionStoreError::Replaced { .. } => Self::refused(
                "edition_replaced",
                &error,
                "Nothing was published. Look at the edition that has its name now, then try again.",
            ),
            EditionStoreError::DamagedDraft { .. } => Self::damaged(
                "damaged_edition",
                &error,
                "No station has it. Take it away with `rates remove`, and import it again.",
            ),
            EditionStoreError::Damaged { .. } => {
                Self::damaged("damaged_edition", &error, LOOK_AT_BACKUP)
            }
            EditionStoreError::BadName { .. } => Self::refused(
                "bad_edition_name",
                &error,
                "Nothing was stored or published. Import it under another name.",
            ),
            EditionStoreError::Delta(_) => {
                Self::broken("deltas", &error, "Nothing was published. See the log.")
            }
            EditionStoreError::Repository(error) => error.into(),
            EditionStoreError::Db(error) => error.into(),
        }
    }
}

impl From<AuditFault> for AdminRefusal {
    fn from(fault: AuditFault) -> Self {
        match fault {
            AuditFault::Db(fault) => fault.into(),
            AuditFault::Gap { .. }
            | AuditFault::EditedRecord { .. }
            | AuditFault::BrokenChain { .. }
            | AuditFault::Unreadable { .. }
            | AuditFault::EditedTransfer { .. }
            | AuditFault::EditedTree
            | AuditFault::UnknownTransfers { .. }
            | AuditFault::EditedBalance { .. } => {
                Self::damaged("damaged_ledger", &fault, LOOK_AT_BACKUP)
            }
        }
    }
}

impl From<AccessError> for AdminRefusal {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Ca(error) => error.into(),
            AccessError::Bind { .. } => Self::broken(
                "address_taken",
                &error,
                "Stop what listens there, or choose another address with --listen.",
            ),
            AccessError::TooManyModems => {
                Self::broken("modems", &error, "Name fewer devices with --modem.")
            }
            AccessError::Random(error) => error.into(),
            AccessError::Thread(_) => Self::broken("threads", &error, "See the system's limits."),
            AccessError::Address(_) | AccessError::Tls(_) | AccessError::Verifier(_) => {
                Self::broken("tls", &error, "See the log.")
            }
        }
    }
}

impl From<OwnerError> for AdminRefusal {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::File(fault) => fault.into(),
            OwnerError::Lock { .. } | OwnerError::Socket { .. } | OwnerError::Unsafe { .. } => {
                Self::broken(
                    "folder_in_use",
                    &error,
                    "Check which process uses the data folder.",
                )
            }
            OwnerError::Silent => Self::of(
                Ending::Unknown,
                "answer_lost",
                &error,
                "Whether it was done is not known: look before trying again.",
            ),
        }
    }
}

impl From<BackupError> for AdminRefusal {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Exists { .. } => Self::refused(
                "file_exists",
                &error,
                "Nothing was written. Name a new file.",
            ),
            BackupError::Absent { .. } => Self::refused(
                "no_such_file",
                &error,
                "Nothing was restored. Name the file that `backup` wrote.",
            ),
            BackupError::AnotherCenter { .. } => Self::refused(
                "another_data_center",
                &error,
                "Nothing was changed. Restore it into another folder with --data.",
            ),
            BackupError::NotABackup { .. } | BackupError::Damaged { .. } => Self::damaged(
                "damaged_backup",
                &error,
                "Nothing was restored. Use another backup.",
            ),
            BackupError::File(fault) => fault.into(),
            BackupError::Engine { .. } => {
                Self::broken("backup", &error, "Nothing was changed. See the log.")
            }
            BackupError::Center(error) => error.into(),
            BackupError::Audit(fault) => fault.into(),
            BackupError::Db(fault) => fault.into(),
        }
    }
}
