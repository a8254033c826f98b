//! What customers owe: payments that the bank took back, refunds of pieces that turned up.
//!
//! A customer's own account never falls below zero. What it does not hold stands in the account
//! `owed`, and whatever comes in next settles that first; so a customer that owes holds nothing.

use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::AccountId;
use shared::money::{MAX_MILLS, Mills};

use super::{Ledger, LedgerAccount, LedgerError, Transfer, TransferId, TransferKind, balance};
use crate::db::{DbError, Tx};
use crate::params;

/// The most returned payments of one account that are still open and looked at for one payment.
const OPEN_MAX: i64 = 1_000;

/// A deposit as it was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Its transfer.
    pub id: TransferId,
    /// Whose it is.
    pub account: AccountId,
    /// How much.
    pub amount: Mills,
}

/// What a customer owes.
///
/// # Errors
/// [`DbError`].
pub fn owed(tx: &Tx<'_>, account: AccountId) -> Result<Mills, DbError> {
    let below = balance(tx, &LedgerAccount::Owed(account))?.saturating_neg();
    Ok(mills(below))
}

/// What is still to be paid for returned payments; more than nothing locks the account for refills.
///
/// # Errors
/// [`DbError`].
pub fn outstanding(tx: &Tx<'_>, account: AccountId) -> Result<Mills, DbError> {
    let sum: Option<i64> = tx.row(
        "SELECT COALESCE(SUM(outstanding), 0) FROM returned_payment WHERE account = ?1",
        params![&account],
        |row| row.column(0),
    )?;
    Ok(mills(sum.unwrap_or(0)))
}

/// Takes `transfer.amount` back from its customer: from what it holds, and the rest as owed.
/// `transfer` names the customer as its debit; its id is the cause of both parts. To be called
/// once for a cause: what a customer holds differs from one time to the next.
///
/// # Errors
/// [`LedgerError`]; nothing is written then.
pub fn take_back(
    ledger: &Ledger,
    tx: &Tx<'_>,
    account: AccountId,
    transfer: &Transfer,
) -> Result<(), LedgerError> {
    let customer = LedgerAccount::Customer(account);
    let held = super::available(tx, &customer)?.min(transfer.amount);
    let missing = transfer.amount.minus(held).unwrap_or(Mills::ZERO);
    for (debit, amount) in [(customer, held), (LedgerAccount::Owed(account), missing)] {
        if amount.is_zero() {
            continue;
        }
        let cause = [transfer.id.bytes().as_slice(), debit.word().as_bytes()].concat();
        ledger.post(
            tx,
            &Transfer {
                id: TransferId::derived(transfer.kind, &cause),
                debit,
                amount,
                ..transfer.clone()
            },
        )?;
    }
    Ok(())
}

/// Settles what a customer owes from what it holds; `cause` is the transfer that brought money in.
///
/// # Errors
/// [`LedgerError`].
pub fn settle(
    ledger: &Ledger,
    tx: &Tx<'_>,
    account: AccountId,
    cause: &Transfer,
) -> Result<(), LedgerError> {
    let customer = LedgerAccount::Customer(account);
    let amount = owed(tx, account)?.min(super::available(tx, &customer)?);
    if amount.is_zero() {
        return Ok(());
    }
    ledger.post(
        tx,
        &Transfer {
            id: TransferId::derived(TransferKind::Settlement, cause.id.bytes()),
            debit: customer,
            credit: LedgerAccount::Owed(account),
            amount,
            kind: TransferKind::Settlement,
            ..cause.clone()
        },
    )?;
    Ok(())
}

/// Counts a payment towards the account's returned ones, the oldest first.
///
/// # Errors
/// [`DbError`].
pub fn paid(tx: &Tx<'_>, account: AccountId, amount: Mills) -> Result<(), DbError> {
    let open: Vec<([u8; 16], Mills)> = tx.rows(
        "SELECT deposit, outstanding FROM returned_payment
         WHERE account = ?1 AND outstanding > 0 ORDER BY returned, deposit LIMIT ?2",
        params![&account, OPEN_MAX],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?;
    let mut left = amount;
    for (deposit, outstanding) in open {
        let part = outstanding.min(left);
        left = left.minus(part).unwrap_or(Mills::ZERO);
        tx.execute(
            "UPDATE returned_payment SET outstanding = outstanding - ?2 WHERE deposit = ?1",
            params![&deposit, part],
        )?;
    }
    Ok(())
}

/// The deposits booked under a reference, of one account or of all; at most two, because more than
/// one is already a question.
///
/// # Errors
/// [`DbError`].
pub fn deposits(
    tx: &Tx<'_>,
    reference: &str,
    account: Option<AccountId>,
) -> Result<Vec<Deposit>, DbError> {
    let key = account.map(|account| LedgerAccount::Customer(account).key());
    tx.rows(
        "SELECT id, credit, amount FROM transfer
         WHERE kind = ?1 AND reference = ?2 AND (?3 IS NULL OR credit = ?3)
         ORDER BY sequence LIMIT 2",
        params![
            i64::from(TransferKind::Deposit.number()),
            reference,
            key.as_ref(),
        ],
        |row| {
            let Some(LedgerAccount::Customer(account)) = LedgerAccount::from_key(&row.column(1)?)
            else {
                return Err(row.misfit(1));
            };
            Ok(Deposit {
                id: TransferId::from_bytes(row.column(0)?),
                account,
                amount: row.column(2)?,
            })
        },
    )
}

/// Books that the bank took a deposit back; answers whether that had been booked before.
///
/// # Errors
/// [`LedgerError`]; nothing is written then.
pub fn return_payment(
    ledger: &Ledger,
    tx: &Tx<'_>,
    deposit: &Deposit,
    reference: &str,
    now: UnixSeconds,
) -> Result<bool, LedgerError> {
    let made = tx.execute(
        "INSERT INTO returned_payment (deposit, account, amount, outstanding, returned)
         VALUES (?1, ?2, ?3, ?3, ?4) ON CONFLICT (deposit) DO NOTHING",
        params![deposit.id.bytes(), &deposit.account, deposit.amount, now],
    )?;
    if made == 0 {
        return Ok(true);
    }
    let transfer = Transfer {
        id: deposit.id,
        debit: LedgerAccount::Customer(deposit.account),
        credit: LedgerAccount::Cash,
        amount: deposit.amount,
        kind: TransferKind::ReturnedPayment,
        reference: reference.to_owned(),
        request_hash: Sha256::digest(deposit.id.bytes()).into(),
        user: "admin".to_owned(),
        now,
    };
    take_back(ledger, tx, deposit.account, &transfer)?;
    Ok(false)
}

/// A sum of the database as an amount; nothing below zero.
fn mills(sum: i64) -> Mills {
    let sum = u64::try_from(sum).unwrap_or(0);
    Mills::new(sum.min(MAX_MILLS)).unwrap_or(Mills::ZERO)
}

#[cfg(test)]
mod tests;
