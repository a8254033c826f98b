//! Customer accounts and what is paid into them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::AccountId;
use shared::money::Mills;
use shared::services::ServiceId;

use super::{
    Ledger, LedgerAccount, LedgerError, Posted, Transfer, TransferId, TransferKind, debts,
};
use crate::db::{Concerned, DbError, Row, Tx};
use crate::params;

/// The longest name of an account, bytes.
pub const MAX_NAME_BYTES: usize = 120;

/// The most accounts one listing shows.
const LIST_MAX: i64 = 10_000;

/// One customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// What people call it; unique.
    pub name: String,
    /// When it was opened.
    pub created: UnixSeconds,
}

/// Opens an account; the same name with the same id again is fine.
///
/// # Errors
/// [`LedgerError::NameTaken`], [`LedgerError::TooLong`], [`LedgerError::Db`].
pub fn open(tx: &Tx<'_>, account: &Account) -> Result<(), LedgerError> {
    super::within("account's name", account.name.len(), MAX_NAME_BYTES)?;
    let made = tx.execute(
        "INSERT INTO account (id, name, created) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![&account.id, &account.name, account.created],
    )?;
    if made == 0 && by_name(tx, &account.name)?.is_none_or(|found| found.id != account.id) {
        return Err(LedgerError::NameTaken {
            name: account.name.clone(),
        });
    }
    Ok(())
}

/// The account with this number or, when it is no number, with this name.
///
/// # Errors
/// [`LedgerError::UnknownAccount`], [`LedgerError::Db`].
pub fn find(tx: &Tx<'_>, asked: &str) -> Result<Account, LedgerError> {
    let found = match asked.parse::<AccountId>() {
        Ok(id) => by_id(tx, id)?,
        Err(_) => by_name(tx, asked)?,
    };
    found.ok_or_else(|| LedgerError::UnknownAccount {
        asked: asked.to_owned(),
    })
}

/// The account with this number.
///
/// # Errors
/// [`DbError`].
pub fn by_id(tx: &Tx<'_>, id: AccountId) -> Result<Option<Account>, DbError> {
    tx.row(
        "SELECT id, name, created FROM account WHERE id = ?1",
        params![&id],
        read,
    )
}

fn by_name(tx: &Tx<'_>, name: &str) -> Result<Option<Account>, DbError> {
    tx.row(
        "SELECT id, name, created FROM account WHERE name = ?1",
        params![name],
        read,
    )
}

/// All accounts by name, at most 10,000.
///
/// # Errors
/// [`DbError`].
pub fn list(tx: &Tx<'_>) -> Result<Vec<Account>, DbError> {
    tx.rows(
        "SELECT id, name, created FROM account ORDER BY name LIMIT ?1",
        params![LIST_MAX],
        read,
    )
}

fn read(row: &Row<'_>) -> Result<Account, DbError> {
    Ok(Account {
        id: row.column(0)?,
        name: row.column(1)?,
        created: row.column(2)?,
    })
}

/// Books a payment of a customer. The bank's reference makes it safe to book twice: the same
/// reference and amount changes nothing, another amount is a conflict. What the customer owes is
/// settled from it, and it counts towards payments that were returned.
///
/// # Errors
/// [`LedgerError`].
pub fn deposit(
    ledger: &Ledger,
    tx: &Tx<'_>,
    account: AccountId,
    amount: Mills,
    reference: &str,
    now: UnixSeconds,
) -> Result<Posted, LedgerError> {
    let mut cause = account.bytes().to_vec();
    cause.extend_from_slice(reference.as_bytes());
    let request_hash = Sha256::new()
        .chain_update(&cause)
        .chain_update(amount.mills().to_be_bytes())
        .finalize()
        .into();
    let transfer = Transfer {
        id: TransferId::derived(TransferKind::Deposit, &cause),
        debit: LedgerAccount::Cash,
        credit: LedgerAccount::Customer(account),
        amount,
        kind: TransferKind::Deposit,
        reference: reference.to_owned(),
        request_hash,
        user: "admin".to_owned(),
        now,
    };
    let posted = ledger.post(tx, &transfer)?;
    if !posted.repeated {
        debts::paid(tx, account, amount)?;
        debts::settle(ledger, tx, account, &transfer)?;
        tx.concerns(Concerned::Account(account), ServiceId::Funds);
    }
    Ok(posted)
}
