//! The commands about money beside deposits and refills.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use shared::money::Mills;

use super::MoneyCall;
use crate::admin::approval::cli::{ConsentArguments, asking};
use crate::admin::call::AdminCall;
use crate::admin::output::Output;
use crate::admin::refusal::AdminRefusal;
use crate::clock::Clock;
use crate::folder::{FileFault, Folder};

/// The longest file of scans, bytes: about 300,000 identities, and well below a call's limit.
const MAX_SCANS_BYTES: u64 = 8 * 1_024 * 1_024;

/// What happens to a customer's money beside deposits.
#[derive(Debug, Subcommand)]
pub enum AccountMoneyCommand {
    /// Book that the bank took a payment back: the account is locked for refills until it is paid
    /// again under another reference.
    ReturnPayment {
        /// The reference the payment was booked under.
        reference: String,
        /// Name or number of the account, when several have a payment of that reference.
        #[arg(long)]
        account: Option<String>,
    },
    /// Book money that was paid back to the customer. What was credited for refills only stays.
    PayOut {
        /// Name or number of the account.
        account: String,
        /// How much, for example 250.00.
        amount: String,
        /// The bank's reference of the transfer; the same one is booked once.
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// Allow the account's stations to refill by themselves when little is left, up to an amount a
    /// day for all of them together; 0 allows none.
    AutomaticRefill {
        /// Name or number of the account.
        account: String,
        /// The most a day, for example 200.00.
        #[arg(long, value_name = "AMOUNT")]
        daily_cap: String,
    },
}

/// Claims for spoiled pieces.
#[derive(Debug, Subcommand)]
pub enum RefundCommand {
    /// Show claims, newest first.
    List {
        /// Only those in this state: claimed, provisional, final, reversed or refused.
        #[arg(long)]
        state: Option<String>,
    },
    /// Credit a claim that is more than is credited at once. Two admins must approve it.
    Approve {
        /// The piece's serial.
        serial: String,
        /// How two admins approve it.
        #[command(flatten)]
        consent: ConsentArguments,
    },
    /// Refuse a claim that is more than is credited at once.
    Decline {
        /// The piece's serial.
        serial: String,
    },
}

/// Pieces seen in the mail.
#[derive(Debug, Subcommand)]
pub enum ScanCommand {
    /// Take in a file of scans, a line each: a serial, the 24 digits of an identity, or a whole
    /// indicium as hexadecimal digits. A refund of such a piece is taken back and its station
    /// locked; value that was held and shows as printed is booked as printed.
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// Pieces that must not be accepted.
#[derive(Debug, Subcommand)]
pub enum StopListCommand {
    /// Write the identities of all pieces that were claimed back, 24 hexadecimal digits a line.
    Export,
}

/// Carries out a command about claims.
///
/// # Errors
/// [`AdminRefusal`].
pub(in crate::admin) fn refund(
    folder: &Folder,
    command: RefundCommand,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let mut asked = ConsentArguments::default();
    let money = match command {
        RefundCommand::List { state } => MoneyCall::RefundList { state },
        RefundCommand::Approve { serial, consent } => {
            let call = MoneyCall::RefundApprove {
                serial,
                consent: consent.consent()?,
            };
            asked = consent;
            call
        }
        RefundCommand::Decline { serial } => MoneyCall::RefundDecline { serial },
    };
    asking(folder, AdminCall::Money { money }, &asked, clock, output)
}

/// The call of a command about scans.
///
/// # Errors
/// When the file cannot be read.
pub(in crate::admin) fn scan_call(command: &ScanCommand) -> Result<AdminCall, AdminRefusal> {
    let ScanCommand::Import { file } = command;
    let text = text_of(file)?;
    Ok(AdminCall::Money {
        money: MoneyCall::ScanImport { text },
    })
}

/// Reads a file of scans, bounded.
fn text_of(file: &Path) -> Result<String, AdminRefusal> {
    let mut text = String::new();
    let limit = MAX_SCANS_BYTES.saturating_add(1);
    std::fs::File::open(file)
        .and_then(|opened| opened.take(limit).read_to_string(&mut text))
        .map_err(|source| FileFault::Read {
            path: file.to_owned(),
            source,
        })?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_SCANS_BYTES {
        return Err(AdminRefusal::usage(
            format!("{} is longer than {MAX_SCANS_BYTES} bytes.", file.display()),
            "Split it; nothing was taken in.",
        ));
    }
    Ok(text)
}

/// What happens to the value of a station that never calls again.
#[derive(Debug, Subcommand)]
pub enum StationMoneyCommand {
    /// Declare a station lost: its certificates are revoked at once and everything in its vault is
    /// held, because it may still turn up on paper.
    Lost {
        /// Number or PSD number of the station.
        station: String,
    },
    /// Give what is still held of a lost station to its account, once its last certificate is long
    /// over. Two admins must approve it.
    Recover {
        /// Number or PSD number of the station.
        station: String,
        /// How two admins approve it.
        #[command(flatten)]
        consent: ConsentArguments,
    },
}

/// The call of a command about a lost station.
///
/// # Errors
/// When an approval's file cannot be read.
pub(in crate::admin) fn station_call(
    command: &StationMoneyCommand,
) -> Result<AdminCall, AdminRefusal> {
    let money = match command {
        StationMoneyCommand::Lost { station } => MoneyCall::StationLost {
            station: station.clone(),
        },
        StationMoneyCommand::Recover { station, consent } => MoneyCall::StationRecover {
            station: station.clone(),
            consent: consent.consent()?,
        },
    };
    Ok(AdminCall::Money { money })
}

/// Carries out a command about a lost station.
///
/// # Errors
/// [`AdminRefusal`].
pub(in crate::admin) fn station(
    folder: &Folder,
    command: StationMoneyCommand,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let call = station_call(&command)?;
    let consent = match command {
        StationMoneyCommand::Lost { .. } => ConsentArguments::default(),
        StationMoneyCommand::Recover { consent, .. } => consent,
    };
    asking(folder, call, &consent, clock, output)
}

/// The call of a command about an account's money.
///
/// # Errors
/// Wrong usage.
pub fn account_call(command: AccountMoneyCommand) -> Result<AdminCall, AdminRefusal> {
    let money = match command {
        AccountMoneyCommand::ReturnPayment { reference, account } => {
            MoneyCall::ReturnPayment { reference, account }
        }
        AccountMoneyCommand::PayOut {
            account,
            amount,
            reference,
        } => MoneyCall::PayOut {
            account,
            amount: amount_of(&amount)?,
            reference,
        },
        AccountMoneyCommand::AutomaticRefill { account, daily_cap } => MoneyCall::AutomaticRefill {
            account,
            daily_cap: amount_of(&daily_cap)?,
        },
    };
    Ok(AdminCall::Money { money })
}

/// An amount as people type it.
fn amount_of(text: &str) -> Result<Mills, AdminRefusal> {
    Mills::parse(text).map_err(|error| {
        AdminRefusal::usage(
            format!("{text:?} cannot be booked: {error}."),
            "Give an amount such as 250.00.",
        )
    })
}
