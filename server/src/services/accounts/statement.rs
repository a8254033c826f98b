//! The statement of an account for one month: what came in and went out, what was printed for each
//! cost centre, and what that adds as surcharges.
//!
//! Money comes from the book and nothing else. Postage by cost centre is what the stations report;
//! it is held against the ascending registers they stated, and what is missing is said.

pub mod page;
pub mod table;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::AccountId;
use shared::money::Mills;
use shared::services::accounts::Month;

use super::bank::matching::creditor_reference;
use super::{tree, usage};
use crate::db::{DbError, Tx};
use crate::ledger::accounts::Account;
use crate::ledger::{LedgerAccount, TransferKind};
use crate::{params, stations};

/// The most movements of one statement.
const MOVEMENTS_MAX: i64 = 5_000;

/// The most stations and cost centres of one statement.
const ROWS_MAX: usize = 5_000;

/// Why there is no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// More happened than one statement shows.
    #[error(
        "the account has more than {MOVEMENTS_MAX} movements, stations or cost centres in {month}"
    )]
    TooLong {
        /// The month.
        month: Month,
    },
    /// The month has not begun.
    #[error("{month} has not begun")]
    Future {
        /// The month.
        month: Month,
    },
    /// A sum is larger than the book can count.
    #[error("a sum of the statement is larger than the book can count")]
    TooLarge,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// One movement of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// When, by the data center's clock.
    pub at: UnixSeconds,
    /// Its kind: `deposit`, `grant`, `refund` and so on.
    pub kind: String,
    /// What the bank, the station or the admin calls it.
    pub reference: String,
    /// What it does to the account, mills; below zero when money leaves it.
    pub amount: i64,
}

/// What was printed for one cost centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CentreLine {
    /// The names from the organisation down, or the clerk's words; empty for none.
    pub centre: String,
    /// Pieces.
    pub pieces: u64,
    /// Their postage, mills.
    pub postage: Mills,
    /// What is added, mills.
    pub surcharge: Mills,
}

/// How a station's reports stand to its register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationLine {
    /// The station's PSD number.
    #[serde(rename = "psd")]
    pub psd_text: String,
    /// Its ascending register as it stated it last, mills.
    pub stated: Mills,
    /// What it reported by cost centre since its first piece, mills.
    pub reported: Mills,
}

/// The statement of an account for one month; sums in mills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// What its payments should name.
    pub payment_reference: String,
    /// The month, in UTC.
    pub month: Month,
    /// When the statement was made.
    pub made: UnixSeconds,
    /// Whether the month was not over then.
    pub preliminary: bool,
    /// What the account held when the month began; below zero when it owed.
    pub opening: i64,
    /// Each movement, oldest first.
    pub movements: Vec<Movement>,
    /// What was paid in.
    pub deposits: i64,
    /// What was moved into vaults.
    pub refills: i64,
    /// What was given back for unused pieces, less what was taken back.
    pub refunds: i64,
    /// All other movements.
    pub others: i64,
    /// What the account held at the end.
    pub closing: i64,
    /// What was printed, by cost centre, the largest first.
    pub centres: Vec<CentreLine>,
    /// Pieces printed.
    pub pieces: u64,
    /// Their postage.
    pub postage: Mills,
    /// What is added to it.
    pub surcharges: Mills,
    /// How each station's reports stand to its register.
    pub stations: Vec<StationLine>,
}

impl Statement {
    /// Whether every station has reported all that it stated, to the mill.
    #[must_use]
    pub fn is_reconciled(&self) -> bool {
        self.stations
            .iter()
            .all(|station| station.stated == station.reported)
    }

    /// Makes the statement of an account.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn of(
        tx: &Tx<'_>,
        account: &Account,
        month: Month,
        now: UnixSeconds,
    ) -> Result<Self, StatementError> {
        let (begin, end) = (first_instant(month), first_instant(month.next()));
        if now < begin {
            return Err(StatementError::Future { month });
        }
        let opening = balance_before(tx, account.id, begin)?;
        let movements = movements(tx, account.id, (begin, end), month)?;
        let centres = centres(tx, account.id, month)?;
        let mut statement = Self {
            account: account.id,
            name: account.name.clone(),
            payment_reference: creditor_reference(account.id),
            month,
            made: now,
            preliminary: now < end,
            opening,
            deposits: 0,
            refills: 0,
            refunds: 0,
            others: 0,
            closing: opening,
            pieces: 0,
            postage: Mills::ZERO,
            surcharges: Mills::ZERO,
            stations: station_lines(tx, account.id, month)?,
            movements: Vec::new(),
            centres: Vec::new(),
        };
        for movement in &movements {
            statement.add(movement)?;
        }
        for line in &centres {
            statement.add_centre(line)?;
        }
        Ok(Self {
            movements,
            centres,
            ..statement
        })
    }

    fn add(&mut self, movement: &Movement) -> Result<(), StatementError> {
        let is = |kind: TransferKind| movement.kind == kind.word();
        let sum = if is(TransferKind::Deposit) {
            &mut self.deposits
        } else if is(TransferKind::Grant) {
            &mut self.refills
        } else if is(TransferKind::Refund) || is(TransferKind::RefundReversal) {
            &mut self.refunds
        } else {
            &mut self.others
        };
        let plus = |sum: i64| {
            sum.checked_add(movement.amount)
                .ok_or(StatementError::TooLarge)
        };
        *sum = plus(*sum)?;
        self.closing = plus(self.closing)?;
        Ok(())
    }

    fn add_centre(&mut self, line: &CentreLine) -> Result<(), StatementError> {
        let too_large = |_| StatementError::TooLarge;
        self.pieces = self.pieces.saturating_add(line.pieces);
        self.postage = self.postage.plus(line.postage).map_err(too_large)?;
        self.surcharges = self.surcharges.plus(line.surcharge).map_err(too_large)?;
        Ok(())
    }
}

/// The first second of a month, UTC.
fn first_instant(month: Month) -> UnixSeconds {
    let day = month.first_day().to_zoned(jiff::tz::TimeZone::UTC);
    day.map_or(UnixSeconds(0), |zoned| {
        UnixSeconds(zoned.timestamp().as_second())
    })
}

/// The customer's two accounts of the book: what it holds, and what it owes.
fn keys(account: AccountId) -> [[u8; crate::ledger::KEY_BYTES]; 2] {
    [
        LedgerAccount::Customer(account).key(),
        LedgerAccount::Owed(account).key(),
    ]
}

/// What the account held at an instant: all that came in before less all that left.
fn balance_before(
    tx: &Tx<'_>,
    account: AccountId,
    instant: UnixSeconds,
) -> Result<i64, StatementError> {
    let [customer, owed] = keys(account);
    let sum = |column: &str| -> Result<i64, DbError> {
        let sum: Option<i64> = tx.row(
            &format!(
                "SELECT coalesce(sum(amount), 0) FROM transfer
                 WHERE {column} IN (?1, ?2) AND created < ?3"
            ),
            params![&customer, &owed, instant],
            |row| row.column(0),
        )?;
        Ok(sum.unwrap_or(0))
    };
    let (credits, debits) = (sum("credit")?, sum("debit")?);
    credits.checked_sub(debits).ok_or(StatementError::TooLarge)
}

/// The movements of a month; what only settles a debt of the account with its own money is none.
fn movements(
    tx: &Tx<'_>,
    account: AccountId,
    (begin, end): (UnixSeconds, UnixSeconds),
    month: Month,
) -> Result<Vec<Movement>, StatementError> {
    let [customer, owed] = keys(account);
    let movements = tx.rows(
        "SELECT created, kind, reference,
            CASE WHEN credit IN (?1, ?2) THEN amount ELSE -amount END
         FROM transfer
         WHERE (credit IN (?1, ?2)) <> (debit IN (?1, ?2)) AND created >= ?3 AND created < ?4
         ORDER BY sequence LIMIT ?5",
        params![&customer, &owed, begin, end, MOVEMENTS_MAX + 1],
        |row| {
            let kind: u32 = row.column(1)?;
            let kind = u8::try_from(kind).ok().and_then(TransferKind::from_number);
            Ok(Movement {
                at: row.column(0)?,
                kind: kind.ok_or_else(|| row.misfit(1))?.word().to_owned(),
                reference: row.column(2)?,
                amount: row.column(3)?,
            })
        },
    )?;
    if i64::try_from(movements.len()).unwrap_or(i64::MAX) > MOVEMENTS_MAX {
        return Err(StatementError::TooLong { month });
    }
    Ok(movements)
}

fn centres(
    tx: &Tx<'_>,
    account: AccountId,
    month: Month,
) -> Result<Vec<CentreLine>, StatementError> {
    let sums = usage::by_centre(tx, account, month)?;
    if sums.len() > ROWS_MAX {
        return Err(StatementError::TooLong { month });
    }
    sums.into_iter()
        .map(|sum| {
            let node = sum.centre.parse().ok();
            let node = node.map(|id| tree::by_id(tx, id)).transpose()?.flatten();
            let node = node.filter(|stored| stored.account == account);
            let (centre, surcharge) = match node {
                None => (sum.centre, Mills::ZERO),
                Some(stored) => {
                    let surcharge = tree::surcharge_in(tx, stored.node.id, month)?;
                    let added = surcharge.on(sum.pieces, sum.postage);
                    let path = tree::path(tx, &stored.node)?.join(" / ");
                    (path, added.ok_or(StatementError::TooLarge)?)
                }
            };
            Ok(CentreLine {
                centre,
                pieces: sum.pieces,
                postage: sum.postage,
                surcharge,
            })
        })
        .collect()
}

fn station_lines(
    tx: &Tx<'_>,
    account: AccountId,
    month: Month,
) -> Result<Vec<StationLine>, StatementError> {
    let stations = stations::list(tx, Some(account))?;
    let enrolled = stations
        .into_iter()
        .filter(|station| station.enrolled.is_some());
    let lines = enrolled
        .map(|station| {
            let held = usage::Reconciled::of(tx, station.id, station.vault)?;
            Ok(StationLine {
                psd_text: station.psd.to_string(),
                stated: held.stated,
                reported: held.reported,
            })
        })
        .collect::<Result<Vec<_>, DbError>>()?;
    if lines.len() > ROWS_MAX {
        return Err(StatementError::TooLong { month });
    }
    Ok(lines)
}

/// A sum that may be below zero, as people read it.
#[must_use]
pub fn signed(mills: i64) -> String {
    let amount = Mills::new(mills.unsigned_abs()).unwrap_or_default();
    format!("{}{amount}", if mills < 0 { "-" } else { "" })
}
