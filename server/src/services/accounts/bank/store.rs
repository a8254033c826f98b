//! Payments as they lie in the database, and their way into the book.

use data_encoding::HEXLOWER_PERMISSIVE;
use shared::clock::UnixSeconds;
use shared::ids::AccountId;
use shared::money::Mills;

use super::Payment;
use super::matching::{Known, Rule};
use crate::db::{DbError, Row, Tx};
use crate::ledger::accounts::{self, Account};
use crate::ledger::{Ledger, LedgerError};
use crate::params;

/// The most payments one list shows.
const LIST_MAX: i64 = 10_000;

/// The most bank accounts that are known of customers.
const IBANS_MAX: i64 = 1_000_000;

/// The fewest hexadecimal digits that name a payment.
const ID_DIGITS_LEAST: usize = 8;

/// Why a payment was not given to an account.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// No payment has that number.
    #[error("there is no payment {asked:?}")]
    Unknown {
        /// What was asked for.
        asked: String,
    },
    /// Several payments begin like that.
    #[error("several payments begin with {asked:?}")]
    Ambiguous {
        /// What was asked for.
        asked: String,
    },
    /// It is booked already.
    #[error("the payment was booked for another account")]
    Booked,
    /// The payment is in another currency than the accounts.
    #[error("the payment is in {currency}, which the accounts are not kept in")]
    Currency {
        /// The payment's currency.
        currency: String,
    },
    /// Not an IBAN.
    #[error("{asked:?} is no IBAN")]
    NotAnIban {
        /// What was given.
        asked: String,
    },
    /// The book did not take it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A payment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPayment {
    /// Its number.
    pub id: [u8; 32],
    /// The day it was booked by the bank, ISO; empty when the file did not say.
    pub booked: String,
    /// How much.
    pub amount: Mills,
    /// Its currency; empty when the file did not say.
    pub currency: String,
    /// Who paid.
    pub payer: String,
    /// From which bank account.
    pub payer_iban: String,
    /// What they wrote.
    pub text: String,
    /// What the book calls it.
    pub reference: String,
    /// Whose it is.
    pub account: Option<AccountId>,
    /// Which rule found the account.
    pub rule: Option<Rule>,
    /// Why nobody has it, in words; may be empty.
    pub note: String,
}

/// What an import came to; sums in mills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Payments booked now.
    pub booked: u32,
    /// Their sum.
    pub booked_sum: Mills,
    /// Payments that were known before.
    pub known: u32,
    /// Payments that wait for the admin.
    pub unmatched: u32,
    /// Their sum.
    pub unmatched_sum: Mills,
}

/// What accounts are known by.
///
/// # Errors
/// [`DbError`].
pub fn known(tx: &Tx<'_>) -> Result<Known, DbError> {
    let mut known = Known::default();
    for account in accounts::list(tx)? {
        known.add(account.id, &account.name);
    }
    tx.each(
        "SELECT iban, account FROM account_iban LIMIT ?1",
        params![IBANS_MAX],
        |row| {
            known.add_iban(row.column(0)?, row.column(1)?);
            Ok::<_, DbError>(())
        },
    )?;
    Ok(known)
}

/// Takes payments in: each is written down once and, where its account is found, booked with that.
/// A crash between two calls leaves whole payments, and the same file again goes on.
///
/// # Errors
/// [`LedgerError`]; nothing of these payments is written then.
pub fn import(
    tx: &Tx<'_>,
    ledger: &Ledger,
    payments: &[Payment],
    currency: &str,
    now: UnixSeconds,
) -> Result<Imported, LedgerError> {
    let accounts = known(tx)?;
    let mut imported = Imported::default();
    for payment in payments {
        if by_id(tx, &payment.id())?.is_some() {
            imported.known = imported.known.saturating_add(1);
            continue;
        }
        let is_ours = payment.currency.is_empty() || payment.currency == currency;
        let found = accounts.account_of(payment).filter(|_| is_ours);
        let reference = payment.reference();
        let (owner, note) = match found {
            None if !is_ours => (None, format!("paid in {}", payment.currency)),
            None => (None, String::new()),
            Some((account, rule)) => {
                let amount = payment.amount;
                match book(
                    tx,
                    ledger,
                    (account, amount),
                    (&payment.id(), &reference),
                    now,
                ) {
                    Ok(_) => (Some((account, rule)), String::new()),
                    Err(LedgerError::Conflict { .. }) => (
                        None,
                        "its reference was booked before with another amount".to_owned(),
                    ),
                    Err(error) => return Err(error),
                }
            }
        };
        insert(tx, payment, &reference, owner, &note, now)?;
        let (count, sum) = match owner {
            Some(_) => (&mut imported.booked, &mut imported.booked_sum),
            None => (&mut imported.unmatched, &mut imported.unmatched_sum),
        };
        *count = count.saturating_add(1);
        *sum = sum.plus(payment.amount).unwrap_or(*sum);
    }
    Ok(imported)
}

/// Books a payment as a deposit. Banks may give two payments one reference: the second one of the
/// same amount, which would pass for the first, is booked under a reference of our own.
fn book(
    tx: &Tx<'_>,
    ledger: &Ledger,
    (account, amount): (AccountId, Mills),
    (id, reference): (&[u8; 32], &str),
    now: UnixSeconds,
) -> Result<(), LedgerError> {
    let is_taken: Option<bool> = tx.row(
        "SELECT EXISTS (SELECT 1 FROM bank_payment
                        WHERE account = ?1 AND reference = ?2 AND amount = ?3)",
        params![&account, reference, amount],
        |row| row.column(0),
    )?;
    let own = super::own_reference(id);
    let reference = if is_taken.unwrap_or(false) {
        &own
    } else {
        reference
    };
    accounts::deposit(ledger, tx, account, amount, reference, now).map(drop)
}

fn insert(
    tx: &Tx<'_>,
    payment: &Payment,
    reference: &str,
    owner: Option<(AccountId, Rule)>,
    note: &str,
    now: UnixSeconds,
) -> Result<(), DbError> {
    let booked = payment.booked.map(|day| day.to_string());
    tx.execute(
        "INSERT INTO bank_payment (id, own_iban, booked, amount, currency, payer, payer_iban,
            text, reference, account, rule, note, imported)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            &payment.id(),
            &payment.own_iban,
            &booked.unwrap_or_default(),
            payment.amount,
            &payment.currency,
            &payment.payer,
            &payment.payer_iban,
            &payment.text,
            reference,
            owner.as_ref().map(|(account, _)| account),
            owner.map(|(_, rule)| rule.word()),
            note,
            now,
        ],
    )?;
    Ok(())
}

const COLUMNS: &str = "id, booked, amount, currency, payer, payer_iban, text, reference, account, \
                       rule, note";

fn read(row: &Row<'_>) -> Result<StoredPayment, DbError> {
    let rule: Option<String> = row.column(9)?;
    let rule = rule
        .map(|word| Rule::of_word(&word).ok_or_else(|| row.misfit(9)))
        .transpose()?;
    Ok(StoredPayment {
        id: row.column(0)?,
        booked: row.column(1)?,
        amount: row.column(2)?,
        currency: row.column(3)?,
        payer: row.column(4)?,
        payer_iban: row.column(5)?,
        text: row.column(6)?,
        reference: row.column(7)?,
        account: row.column(8)?,
        rule,
        note: row.column(10)?,
    })
}

fn by_id(tx: &Tx<'_>, id: &[u8; 32]) -> Result<Option<StoredPayment>, DbError> {
    tx.row(
        &format!("SELECT {COLUMNS} FROM bank_payment WHERE id = ?1"),
        params![id],
        read,
    )
}

/// The payments nobody has, oldest first.
///
/// # Errors
/// [`DbError`].
pub fn unmatched(tx: &Tx<'_>) -> Result<Vec<StoredPayment>, DbError> {
    tx.rows(
        &format!(
            "SELECT {COLUMNS} FROM bank_payment WHERE account IS NULL
             ORDER BY booked, imported, id LIMIT ?1"
        ),
        params![LIST_MAX],
        read,
    )
}

/// The payment whose number begins with these hexadecimal digits.
fn find(tx: &Tx<'_>, asked: &str) -> Result<StoredPayment, MatchError> {
    let unknown = || MatchError::Unknown {
        asked: asked.to_owned(),
    };
    let digits = asked.len() - asked.len() % 2;
    let begin = asked
        .get(..digits)
        .filter(|_| (ID_DIGITS_LEAST..=64).contains(&asked.len()))
        .and_then(|digits| HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok())
        .ok_or_else(unknown)?;
    let (mut first, mut last) = ([0; 32], [0xff; 32]);
    for (place, byte) in begin.iter().enumerate() {
        (first[place], last[place]) = (*byte, *byte);
    }
    let mut found = tx.rows(
        &format!("SELECT {COLUMNS} FROM bank_payment WHERE id BETWEEN ?1 AND ?2 LIMIT 2"),
        params![&first, &last],
        read,
    )?;
    match (found.pop(), found.pop()) {
        (Some(payment), None) => Ok(payment),
        (None, _) => Err(unknown()),
        (Some(_), Some(_)) => Err(MatchError::Ambiguous {
            asked: asked.to_owned(),
        }),
    }
}

/// Gives a payment to an account and books it; the payer's bank account is remembered for it. The
/// same again changes nothing.
///
/// # Errors
/// [`MatchError`]; nothing is written then.
pub fn assign(
    tx: &Tx<'_>,
    ledger: &Ledger,
    asked: &str,
    account: &Account,
    currency: &str,
    now: UnixSeconds,
) -> Result<StoredPayment, MatchError> {
    let payment = find(tx, asked)?;
    match payment.account {
        Some(owner) if owner == account.id => return Ok(payment),
        Some(_) => return Err(MatchError::Booked),
        None => {}
    }
    if !payment.currency.is_empty() && payment.currency != currency {
        return Err(MatchError::Currency {
            currency: payment.currency,
        });
    }
    let money = (account.id, payment.amount);
    match book(tx, ledger, money, (&payment.id, &payment.reference), now) {
        // The reference was used for another amount: a person has looked at it by now.
        Err(LedgerError::Conflict { .. }) => {
            let own = super::own_reference(&payment.id);
            accounts::deposit(ledger, tx, account.id, payment.amount, &own, now)?;
        }
        booked => booked?,
    }
    tx.execute(
        "UPDATE bank_payment SET account = ?2, rule = ?3, note = '' WHERE id = ?1",
        params![&payment.id, &account.id, Rule::Admin.word()],
    )?;
    if !payment.payer_iban.is_empty() {
        tx.execute(
            "INSERT INTO account_iban (iban, account, created) VALUES (?1, ?2, ?3)
             ON CONFLICT (iban) DO NOTHING",
            params![&payment.payer_iban, &account.id, now],
        )?;
    }
    Ok(StoredPayment {
        account: Some(account.id),
        rule: Some(Rule::Admin),
        note: String::new(),
        ..payment
    })
}

/// Notes that a customer pays from this bank account, instead of whoever did before.
///
/// # Errors
/// [`MatchError::NotAnIban`], [`MatchError::Db`].
pub fn set_iban(
    tx: &Tx<'_>,
    account: AccountId,
    asked: &str,
    now: UnixSeconds,
) -> Result<String, MatchError> {
    let iban = super::iban(asked);
    if iban.is_empty() {
        return Err(MatchError::NotAnIban {
            asked: asked.to_owned(),
        });
    }
    tx.execute(
        "INSERT INTO account_iban (iban, account, created) VALUES (?1, ?2, ?3)
         ON CONFLICT (iban) DO UPDATE SET account = excluded.account",
        params![&iban, &account, now],
    )?;
    Ok(iban)
}
