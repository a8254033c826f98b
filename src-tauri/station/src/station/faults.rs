//! How the faults of the station's parts are said to a person.

use std::error::Error;
use std::fmt::Write;

use shared::vault::VaultRefusal;

use crate::api::UiError;
use crate::messages::{Code, say};
use crate::secrets::SecretFault;
use crate::store::StoreFault;

/// The whole chain of a fault in one line.
pub(crate) fn chain(fault: &dyn Error) -> String {
    let mut text = fault.to_string();
    let mut next = fault.source();
    while let Some(cause) = next {
        write!(text, ": {cause}").expect("writing to a string cannot fail");
        next = cause.source();
    }
    text
}

impl From<StoreFault> for UiError {
    fn from(fault: StoreFault) -> Self {
        tracing::error!("store: {}", chain(&fault));
        match &fault {
            StoreFault::DiskFull { .. } => say(Code::DiskFull, &[]),
            StoreFault::Damaged { what } => say(Code::DamagedStore, &[("what", what)]),
            StoreFault::Seal { .. } => say(Code::DamagedStore, &[("what", &chain(&fault))]),
            StoreFault::RolledBack { found, marked } => say(
                Code::StoreRolledBack,
                &[
                    ("found", &found.to_string()),
                    ("marked", &marked.to_string()),
                ],
            ),
            StoreFault::Newer { found, known } => say(
                Code::NewerStore,
                &[("found", &found.to_string()), ("known", &known.to_string())],
            ),
            StoreFault::NotUnlocked => say(Code::NotEnrolled, &[]),
            StoreFault::Open { .. }
            | StoreFault::Query { .. }
            | StoreFault::JournalFull
            | StoreFault::NoCopy { .. }
            | StoreFault::NoRandom => say(Code::StoreFault, &[("reason", &chain(&fault))]),
        }
    }
}

impl From<SecretFault> for UiError {
    fn from(fault: SecretFault) -> Self {
        tracing::error!("secrets: {}", chain(&fault));
        match &fault {
            SecretFault::NoKeyring(_) => say(Code::NoKeyring, &[]),
            SecretFault::KeyringSlow { seconds } => {
                say(Code::KeyringSlow, &[("seconds", &seconds.to_string())])
            }
            SecretFault::TooOpen { path, .. } => say(
                Code::SecretsTooOpen,
                &[("path", &path.display().to_string())],
            ),
            SecretFault::WrongPassphrase { path } => say(
                Code::WrongPassphrase,
                &[("path", &path.display().to_string())],
            ),
            SecretFault::Foreign { path } | SecretFault::NotKeys { path } => say(
                Code::SecretsForeign,
                &[("path", &path.display().to_string())],
            ),
            SecretFault::Read { path, source } => say(
                Code::CannotRead,
                &[
                    ("path", &path.display().to_string()),
                    ("reason", &source.to_string()),
                ],
            ),
            SecretFault::KeyringEntry { .. }
            | SecretFault::Write { .. }
            | SecretFault::NoRandom => say(Code::SecretsFault, &[("reason", &chain(&fault))]),
        }
    }
}

/// A refusal of the vault, with the amounts a clerk wants to see.
pub(crate) fn vault_refused(
    refusal: VaultRefusal,
    postage: &str,
    left: &str,
    support: &str,
) -> UiError {
    let values = [("postage", postage), ("left", left), ("support", support)];
    let code = match refusal {
        VaultRefusal::InsufficientFunds => Code::InsufficientFunds,
        VaultRefusal::NeverRefilled => Code::NeverRefilled,
        VaultRefusal::Locked => Code::VaultLocked,
        VaultRefusal::Frozen => Code::VaultFrozen,
        VaultRefusal::Withdrawn => Code::VaultWithdrawn,
        VaultRefusal::PostageOutOfRange => Code::PostageOutOfRange,
        VaultRefusal::DateOutOfRange => Code::DateOutOfRange,
        VaultRefusal::TooMuchValue => Code::TooMuchValue,
        VaultRefusal::WrongCounter
        | VaultRefusal::NothingToAmend
        | VaultRefusal::AlreadyCorrected
        | VaultRefusal::WrongGrant
        | VaultRefusal::WrongReceipt
        | VaultRefusal::AlreadyEnrolled
        | VaultRefusal::UserTooLong
        | VaultRefusal::Exhausted => {
            return say(Code::VaultRefused, &[("what", &refusal.to_string())]);
        }
    };
    say(code, &values)
}
