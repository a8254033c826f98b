//! What an admin does with money beside deposits: returned payments and pay-outs.

pub mod cli;
mod view;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::money::Mills;

pub use view::{MoneyView, PayOutView, ReturnedPaymentView};

use super::perform::ADMIN;
use super::refusal::{AdminRefusal, Ending};
use super::view::AdminView;
use crate::center::DataCenter;
use crate::db::Tx;
use crate::ledger::accounts::{self, Account};
use crate::ledger::{self, LedgerAccount, LedgerError, Transfer, TransferId, TransferKind, debts};

/// Something an admin wants done with money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MoneyCall {
    /// Book that the bank took a payment back.
    ReturnPayment {
        /// The reference it was booked under.
        reference: String,
        /// Name or number of the account; any when only one has a payment of that reference.
        account: Option<String>,
    },
    /// Book that a customer was paid back.
    PayOut {
        /// Name or number of the account.
        account: String,
        /// How much.
        amount: Mills,
        /// The bank's reference.
        reference: String,
    },
}

/// Carries out one call.
///
/// # Errors
/// [`AdminRefusal`]; nothing was moved then.
pub(super) fn perform(
    center: &DataCenter,
    call: MoneyCall,
) -> Result<Vec<AdminView>, AdminRefusal> {
    let view = match call {
        MoneyCall::ReturnPayment { reference, account } => {
            MoneyView::ReturnedPayment(return_payment(center, reference, account)?)
        }
        MoneyCall::PayOut {
            account,
            amount,
            reference,
        } => MoneyView::PayOut(pay_out(center, account, amount, reference)?),
    };
    Ok(vec![AdminView::Money(view)])
}

/// Why money was not moved.
#[derive(Debug, thiserror::Error)]
enum MoneyError {
    #[error("no payment was booked under the reference {reference:?}")]
    UnknownReference { reference: String },
    #[error("several accounts have a payment of the reference {reference:?}")]
    SeveralAccounts { reference: String },
    #[error("a pay-out needs the bank's reference")]
    NoReference,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Db(#[from] crate::db::DbError),
}

impl From<MoneyError> for AdminRefusal {
    fn from(error: MoneyError) -> Self {
        let message = |error: &MoneyError| {
            let text = error.to_string();
            let (first, rest) = text.split_at(1);
            format!("{}{rest}.", first.to_uppercase())
        };
        match error {
            MoneyError::UnknownReference { .. } => Self::new(
                Ending::Refused,
                "unknown_reference",
                message(&error),
                "Nothing was booked. `ledger export` shows every payment with its reference.",
            ),
            MoneyError::SeveralAccounts { .. } => Self::new(
                Ending::Refused,
                "several_accounts",
                message(&error),
                "Nothing was booked. Name the account with --account.",
            ),
            MoneyError::NoReference => Self::usage(
                message(&error),
                "Give it with --reference; it keeps the pay-out from being booked twice.",
            ),
            MoneyError::Ledger(error) => error.into(),
            MoneyError::Db(error) => error.into(),
        }
    }
}

/// One transaction: the reversing transfers, and the account's lock.
fn return_payment(
    center: &DataCenter,
    reference: String,
    account: Option<String>,
) -> Result<ReturnedPaymentView, MoneyError> {
    let (book, now) = (*center.ledger(), center.now());
    center.db().write_blocking("return-payment", move |tx| {
        let account = account
            .map(|asked| accounts::find(tx, &asked))
            .transpose()?;
        let found = debts::deposits(tx, &reference, account.map(|account| account.id))?;
        let deposit = match found.as_slice() {
            [] => return Err(MoneyError::UnknownReference { reference }),
            [deposit] => *deposit,
            [..] => return Err(MoneyError::SeveralAccounts { reference }),
        };
        let repeated = debts::return_payment(&book, tx, &deposit, &reference, now)?;
        let account = named(tx, deposit.account)?;
        Ok(ReturnedPaymentView {
            account: account.id,
            amount: deposit.amount,
            balance: ledger::available(tx, &LedgerAccount::Customer(account.id))?,
            owed: debts::owed(tx, account.id)?,
            outstanding: debts::outstanding(tx, account.id)?,
            name: account.name,
            reference,
            repeated,
        })
    })
}

fn named(tx: &Tx<'_>, account: shared::ids::AccountId) -> Result<Account, LedgerError> {
    accounts::by_id(tx, account)?.ok_or_else(|| LedgerError::UnknownAccount {
        asked: account.to_string(),
    })
}

fn pay_out(
    center: &DataCenter,
    account: String,
    amount: Mills,
    reference: String,
) -> Result<PayOutView, MoneyError> {
    if reference.trim().is_empty() {
        return Err(MoneyError::NoReference);
    }
    let (book, now) = (*center.ledger(), center.now());
    center.db().write_blocking("pay-out", move |tx| {
        let account = accounts::find(tx, &account)?;
        let customer = LedgerAccount::Customer(account.id);
        let mut cause = account.id.bytes().to_vec();
        cause.extend_from_slice(reference.as_bytes());
        let posted = book.post(
            tx,
            &Transfer {
                id: TransferId::derived(TransferKind::PayOut, &cause),
                debit: customer,
                credit: LedgerAccount::Cash,
                amount,
                kind: TransferKind::PayOut,
                reference: reference.clone(),
                request_hash: Sha256::new()
                    .chain_update(&cause)
                    .chain_update(amount.mills().to_be_bytes())
                    .finalize()
                    .into(),
                user: ADMIN.to_owned(),
                now,
            },
        )?;
        Ok(PayOutView {
            account: account.id,
            name: account.name,
            amount,
            reference,
            balance: ledger::available(tx, &customer)?,
            repeated: posted.repeated,
        })
    })
}
