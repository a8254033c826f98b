//! The commands about money beside deposits and refills.

use clap::Subcommand;
use shared::money::Mills;

use super::MoneyCall;
use crate::admin::call::AdminCall;
use crate::admin::refusal::AdminRefusal;

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
