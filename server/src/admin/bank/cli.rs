//! The commands about payments that come in by bank.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::BankCall;
use crate::admin::call::AdminCall;
use crate::admin::refusal::AdminRefusal;
use crate::folder::FileFault;
use crate::services::accounts::bank::MAX_FILE_BYTES;

/// Payments that come in by bank.
#[derive(Debug, Subcommand)]
pub enum AccountBankCommand {
    /// Book the payments of a bank statement file (camt.053 or CSV). Each is booked once, however
    /// often it stands in a file.
    Import {
        /// The file.
        file: PathBuf,
        /// The currency that the accounts are kept in; payments in another one wait.
        #[arg(long, default_value = "USD")]
        currency: String,
    },
    /// Show the payments that no account was found for.
    Unmatched,
    /// Say whose payment it is, and book it.
    Match {
        /// The payment's number.
        payment: String,
        /// Name or number of the account.
        account: String,
        /// The currency that the accounts are kept in.
        #[arg(long, default_value = "USD")]
        currency: String,
    },
    /// Note from which bank account a customer pays.
    Iban {
        /// Name or number of the account.
        account: String,
        /// The bank account.
        iban: String,
    },
}

/// The call of a command.
///
/// # Errors
/// A file that cannot be read.
pub fn account_call(command: AccountBankCommand) -> Result<AdminCall, AdminRefusal> {
    let what = match command {
        AccountBankCommand::Import { file, currency } => BankCall::Import {
            text: read(&file)?,
            currency,
        },
        AccountBankCommand::Unmatched => BankCall::Unmatched,
        AccountBankCommand::Match {
            payment,
            account,
            currency,
        } => BankCall::Match {
            payment,
            account,
            currency,
        },
        AccountBankCommand::Iban { account, iban } => BankCall::Iban { account, iban },
    };
    Ok(AdminCall::Bank { what })
}

/// The text of a file that is no longer than any statement.
fn read(path: &Path) -> Result<String, AdminRefusal> {
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|source| FileFault::Read {
            path: path.to_owned(),
            source,
        })?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(crate::services::accounts::bank::BankFileFault::TooLong.into());
    }
    String::from_utf8(bytes)
        .map_err(|_| crate::services::accounts::bank::BankFileFault::NotText.into())
}
