//! Refills that stations ask for by themselves: allowed per account, up to an amount a day.

use shared::clock::{DAY_SECONDS, UnixSeconds};
use shared::ids::{AccountId, RefillId};
use shared::money::{MAX_MILLS, Mills};
use shared::services::ServiceId;

use crate::db::{Concerned, DbError, Tx};
use crate::params;

/// Allows automatic refills of an account up to `daily_cap` a day (UTC), or none.
///
/// # Errors
/// [`DbError`].
pub fn allow(tx: &Tx<'_>, account: AccountId, daily_cap: Option<Mills>) -> Result<(), DbError> {
    match daily_cap.filter(|cap| !cap.is_zero()) {
        Some(cap) => tx.execute(
            "INSERT INTO automatic_refill (account, daily_cap) VALUES (?1, ?2)
             ON CONFLICT (account) DO UPDATE SET daily_cap = excluded.daily_cap",
            params![&account, cap],
        )?,
        None => tx.execute(
            "DELETE FROM automatic_refill WHERE account = ?1",
            params![&account],
        )?,
    };
    tx.concerns(Concerned::Account(account), ServiceId::Funds);
    Ok(())
}

/// What an account allows in a day; nothing when it allows none.
///
/// # Errors
/// [`DbError`].
pub fn daily_cap(tx: &Tx<'_>, account: AccountId) -> Result<Option<Mills>, DbError> {
    tx.row(
        "SELECT daily_cap FROM automatic_refill WHERE account = ?1",
        params![&account],
        |row| row.column(0),
    )
}

/// What is left of the account's day at `now`; nothing when it allows no automatic refills.
///
/// # Errors
/// [`DbError`].
pub fn left(tx: &Tx<'_>, account: AccountId, now: UnixSeconds) -> Result<Option<Mills>, DbError> {
    let Some(cap) = daily_cap(tx, account)? else {
        return Ok(None);
    };
    let midnight = now.0.saturating_sub(now.0.rem_euclid(DAY_SECONDS));
    let used: Option<u64> = tx.row(
        "SELECT COALESCE(SUM(amount), 0) FROM automatic_refill_use
         WHERE account = ?1 AND created >= ?2",
        params![&account, midnight],
        |row| row.column(0),
    )?;
    let used = Mills::new(used.unwrap_or(0).min(MAX_MILLS)).unwrap_or(cap);
    Ok(Some(cap.minus(used).unwrap_or(Mills::ZERO)))
}

/// Counts a granted automatic refill.
///
/// # Errors
/// [`DbError`].
pub fn used(
    tx: &Tx<'_>,
    refill: RefillId,
    account: AccountId,
    amount: Mills,
    now: UnixSeconds,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO automatic_refill_use (refill, account, amount, created)
         VALUES (?1, ?2, ?3, ?4)",
        params![&refill, &account, amount, now],
    )?;
    Ok(())
}
