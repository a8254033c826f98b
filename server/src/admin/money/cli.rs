//! The commands about money beside deposits and refills.

use std::sync::Arc;

use clap::Subcommand;
use shared::money::Mills;

use super::MoneyCall;
use crate::admin::approval::cli::{ConsentArguments, asking};
use crate::admin::call::AdminCall;
use crate::admin::output::Output;
use crate::admin::refusal::AdminRefusal;
use crate::clock::Clock;
use crate::folder::Folder;

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
        StationMoneyCommand::Lost { .. } => ConsentArguments {
            request: None,
            approval: None,
        },
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
