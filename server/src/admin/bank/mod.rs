//! What an admin does with payments that come in by bank: import a statement file, look at what
//! nobody has, and say whose it is.

pub mod cli;
mod view;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

pub use view::{BankView, ImportView, PaymentView};

use super::perform::Show;
use super::refusal::{AdminRefusal, Ending};
use super::view::AdminView;
use crate::center::DataCenter;
use crate::ledger::accounts;
use crate::services::accounts::bank::store::{self, Imported, MatchError};
use crate::services::accounts::bank::{self, BankFileFault};

/// Payments of one commit: stations are served in between.
const COMMIT_PAYMENTS: usize = 256;

/// Something an admin wants done with payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum BankCall {
    /// Take in a statement file.
    Import {
        /// Its text: camt.053 or CSV.
        text: String,
        /// The currency that the accounts are kept in.
        currency: String,
    },
    /// Show the payments nobody has.
    Unmatched,
    /// Give a payment to an account.
    Match {
        /// The payment's number, or at least eight digits of it.
        payment: String,
        /// Name or number of the account.
        account: String,
        /// The currency that the accounts are kept in.
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

/// Carries out one call; `false` when nobody reads any more.
///
/// # Errors
/// [`AdminRefusal`]; what it says was not done was not done.
pub(super) fn perform(
    center: &DataCenter,
    call: BankCall,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    let now = center.now();
    let book = *center.ledger();
    match call {
        BankCall::Import { text, currency } => {
            let view = import(center, &text, &currency)?;
            Ok(show(AdminView::Bank(BankView::Imported(view))))
        }
        BankCall::Unmatched => {
            let payments = center.db().read_blocking("unmatched", store::unmatched)?;
            let mut views = payments.into_iter().map(BankView::payment);
            Ok(views.all(|view| show(AdminView::Bank(view))))
        }
        BankCall::Match {
            payment,
            account,
            currency,
        } => {
            let payment = center.db().write_blocking("match", move |tx| {
                let account = accounts::find(tx, &account)?;
                store::assign(tx, &book, &payment, &account, &currency, now)
            })?;
            Ok(show(AdminView::Bank(BankView::payment(payment))))
        }
        BankCall::Iban { account, iban } => {
            let (name, iban) = center.db().write_blocking("iban", move |tx| {
                let account = accounts::find(tx, &account)?;
                let iban = store::set_iban(tx, account.id, &iban, now)?;
                Ok::<_, MatchError>((account.name, iban))
            })?;
            Ok(show(AdminView::Bank(BankView::Iban { name, iban })))
        }
    }
}

/// Takes a file in, some payments a commit. A file that breaks off in between is taken in whole by
/// the same command again.
fn import(center: &DataCenter, text: &str, currency: &str) -> Result<ImportView, AdminRefusal> {
    let file = bank::read(text.as_bytes())?;
    let mut sum = Imported::default();
    for payments in file.payments.chunks(COMMIT_PAYMENTS) {
        let (payments, currency) = (payments.to_vec(), currency.to_owned());
        let (book, now) = (*center.ledger(), center.now());
        let part = center.db().write_blocking("bank import", move |tx| {
            store::import(tx, &book, &payments, &currency, now)
        })?;
        sum.booked = sum.booked.saturating_add(part.booked);
        sum.known = sum.known.saturating_add(part.known);
        sum.unmatched = sum.unmatched.saturating_add(part.unmatched);
        let plus = |a: shared::money::Mills, b| a.plus(b).unwrap_or(a);
        sum.booked_sum = plus(sum.booked_sum, part.booked_sum);
        sum.unmatched_sum = plus(sum.unmatched_sum, part.unmatched_sum);
    }
    Ok(ImportView {
        payments: file.payments.len(),
        booked: sum.booked,
        booked_mills: sum.booked_sum,
        known: sum.known,
        unmatched: sum.unmatched,
        unmatched_mills: sum.unmatched_sum,
        passed_over: file.passed_over,
    })
}

/// The digits by which an admin names a payment.
fn number(id: &[u8; 32]) -> String {
    HEXLOWER.encode(&id[..8])
}

impl From<BankFileFault> for AdminRefusal {
    fn from(fault: BankFileFault) -> Self {
        Self::of(
            Ending::Refused,
            "not_a_bank_file",
            &fault,
            "Nothing was booked. Give a camt.053 file, or CSV with the columns date, amount and, as \
             known, id, name, iban, reference, currency.",
        )
    }
}

impl From<MatchError> for AdminRefusal {
    fn from(error: MatchError) -> Self {
        match error {
            MatchError::Ledger(error) => error.into(),
            MatchError::Db(fault) => fault.into(),
            MatchError::Unknown { .. } | MatchError::Ambiguous { .. } => Self::of(
                Ending::Refused,
                "unknown_payment",
                &error,
                "`account unmatched` shows their numbers; give at least eight digits.",
            ),
            MatchError::Booked => Self::of(
                Ending::Refused,
                "payment_booked",
                &error,
                "Nothing was moved. A payment is booked once.",
            ),
            MatchError::Currency { .. } => Self::of(
                Ending::Refused,
                "other_currency",
                &error,
                "Nothing was moved. Let the bank exchange it, or send it back.",
            ),
            MatchError::NotAnIban { .. } => Self::of(
                Ending::Usage,
                "usage",
                &error,
                "Give letters and digits, for example DE89370400440532013000.",
            ),
        }
    }
}
