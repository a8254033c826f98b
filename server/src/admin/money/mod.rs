//! What an admin does with money beside deposits: returned payments, pay-outs, automatic refills,
//! and the value of lost stations.

pub mod cli;
mod lost;
mod refunds;
mod view;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::money::Mills;
use shared::services::ServiceId;

pub use refunds::{RefundView, ScanView, StopView};
pub use view::{AutomaticRefillView, MoneyView, PayOutView, ReturnedPaymentView};

use super::approval::Consent;
use super::perform::ADMIN;
use super::refusal::{AdminRefusal, Ending, sentence};
use super::view::AdminView;
use crate::center::DataCenter;
use crate::db::{Concerned, Tx};
use crate::ledger::accounts::{self, Account};
use crate::ledger::{self, LedgerAccount, LedgerError, Transfer, TransferId, TransferKind, debts};
use crate::services::funds::refunds::store as refund_store;
use crate::services::funds::{automatic, held};

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
    /// Allow automatic refills.
    AutomaticRefill {
        /// Name or number of the account.
        account: String,
        /// The most a day; nothing allows none.
        daily_cap: Mills,
    },
    /// Declare a station lost.
    StationLost {
        /// Number or PSD number.
        station: String,
    },
    /// Give what is held of a lost station to its account.
    StationRecover {
        /// Number or PSD number.
        station: String,
        /// Two admins' approval.
        consent: Consent,
    },
    /// Show claims for spoiled pieces.
    RefundList {
        /// Only those in this state.
        state: Option<String>,
    },
    /// Credit a claim that waits for a second person.
    RefundApprove {
        /// The piece's serial.
        serial: String,
        /// Two admins' approval.
        consent: Consent,
    },
    /// Refuse a claim that waits for a second person.
    RefundDecline {
        /// The piece's serial.
        serial: String,
    },
    /// Take in pieces seen in the mail.
    ScanImport {
        /// A serial, an identity or an indicium a line.
        text: String,
    },
    /// Show the pieces that must not be accepted.
    StopList,
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
        MoneyCall::AutomaticRefill { account, daily_cap } => {
            MoneyView::AutomaticRefill(automatic_refill(center, account, daily_cap)?)
        }
        MoneyCall::StationLost { station } => return lost::declare(center, station),
        MoneyCall::StationRecover { station, consent } => {
            return lost::recover(center, station, consent);
        }
        MoneyCall::RefundList { state } => return refunds::list(center, state.as_deref()),
        MoneyCall::RefundApprove { serial, consent } => {
            return refunds::approve(center, serial, consent);
        }
        MoneyCall::RefundDecline { serial } => return refunds::decline(center, serial),
        MoneyCall::ScanImport { text } => MoneyView::Scan(refunds::scan_import(center, &text)?),
        MoneyCall::StopList => return refunds::stop_list(center),
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
    #[error("{bound} of what the account holds was credited for refills only")]
    Bound { bound: Mills },
    #[error(
        "the import of scans broke off after {scans} were taken in ({reversed} taken back from \
         refunds, {posted} out of held value, {locked} stations locked)"
    )]
    PartOfScans {
        scans: u64,
        reversed: Mills,
        posted: Mills,
        locked: u64,
        source: LedgerError,
    },
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Db(#[from] crate::db::DbError),
}

impl From<MoneyError> for AdminRefusal {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::UnknownReference { .. } => Self::new(
                Ending::Refused,
                "unknown_reference",
                sentence(&error),
                "Nothing was booked. `ledger export` shows every payment with its reference.",
            ),
            MoneyError::PartOfScans { .. } => Self::broken(
                "part_of_scans",
                &error,
                "What was taken in stays. Import the whole file again: a piece that was seen moves money once.",
            )
            .later(),
            MoneyError::SeveralAccounts { .. } => Self::new(
                Ending::Refused,
                "several_accounts",
                sentence(&error),
                "Nothing was booked. Name the account with --account.",
            ),
            MoneyError::NoReference => Self::usage(
                sentence(&error),
                "Give it with --reference; it keeps the pay-out from being booked twice.",
            ),
            MoneyError::Bound { .. } => Self::new(
                Ending::Refused,
                "for_refills_only",
                sentence(&error),
                "Nothing was moved. It can be paid out once the value it comes from cannot turn \
                 up on paper any more.",
            ),
            MoneyError::Ledger(error) => error.into(),
            MoneyError::Db(error) => error.into(),
        }
    }
}

fn automatic_refill(
    center: &DataCenter,
    account: String,
    daily_cap: Mills,
) -> Result<AutomaticRefillView, MoneyError> {
    center.db().write_blocking("automatic-refill", move |tx| {
        let account = accounts::find(tx, &account)?;
        automatic::allow(tx, account.id, Some(daily_cap))?;
        Ok(AutomaticRefillView {
            daily_cap: automatic::daily_cap(tx, account.id)?,
            account: account.id,
            name: account.name,
        })
    })
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
        tx.concerns(Concerned::Account(account.id), ServiceId::Funds);
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
        let before = ledger::available(tx, &customer)?;
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
        let uncertain = refund_store::provisional(tx, account.id)?;
        let bound = held::bound(tx, account.id, now)?.plus(uncertain);
        let bound = bound.unwrap_or(before).min(before);
        let balance = ledger::available(tx, &customer)?;
        if !posted.repeated && balance < bound {
            return Err(MoneyError::Bound { bound });
        }
        tx.concerns(Concerned::Account(account.id), ServiceId::Funds);
        Ok(PayOutView {
            account: account.id,
            name: account.name,
            amount,
            reference,
            balance,
            repeated: posted.repeated,
        })
    })
}
