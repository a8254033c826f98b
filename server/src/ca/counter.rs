//! Numbers that are given out once and never again.

use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use super::CaError;
use crate::db::{Db, Tx};
use crate::params;

/// Numbers that a [`Reserve`] takes at a time: one commit for so many certificates, and at most so
/// many numbers are lost at a crash.
const RESERVED_AT_A_TIME: u32 = 256;

/// How far a restore moves the certificate counter: more certificates than can have been issued
/// since any backup that anyone would restore.
pub const RESTORE_STEP: i64 = 1 << 20;

/// A row of the counter table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// The low 32 bits of certificate serials: the certificate serial field of an indicium.
    Certificate,
    /// The serial number of a PSD.
    Psd,
}

impl Counter {
    const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Psd => "psd",
        }
    }

    /// Gives out the next number, from 1; it counts only if the transaction is committed.
    ///
    /// # Errors
    /// [`CaError::CounterExhausted`], [`CaError::Db`].
    pub fn next(self, tx: &Tx<'_>) -> Result<u32, CaError> {
        self.advance(tx, 1)
    }

    /// Moves the counter on by `step` and answers the number it stands at then.
    fn advance(self, tx: &Tx<'_>, step: u32) -> Result<u32, CaError> {
        let value: Option<i64> = tx.row(
            "INSERT INTO counter (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = counter.value + ?2 RETURNING value",
            params![self.name(), step],
            |row| row.column(0),
        )?;
        value
            .and_then(|value| u32::try_from(value).ok())
            .ok_or(CaError::CounterExhausted { name: self.name() })
    }

    /// Skips [`RESTORE_STEP`] numbers, because those after the backup may have been given out.
    ///
    /// # Errors
    /// [`CaError::Db`].
    pub fn skip_after_restore(self, tx: &Tx<'_>) -> Result<(), CaError> {
        tx.execute(
            "INSERT INTO counter (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = counter.value + ?2",
            params![self.name(), RESTORE_STEP],
        )?;
        Ok(())
    }
}

/// Numbers of one counter that were reserved durably and are given out from memory, for work that
/// is done ahead of its transaction. What is not given out before the process ends is skipped.
#[derive(Debug)]
pub struct Reserve {
    counter: Counter,
    left: Mutex<RangeInclusive<u32>>,
}

impl Reserve {
    /// An empty reserve.
    #[must_use]
    pub const fn new(counter: Counter) -> Self {
        Self {
            counter,
            left: Mutex::new(RangeInclusive::new(1, 0)),
        }
    }

    /// Forgets what is reserved: the next number comes from a new block.
    pub fn forget(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = RangeInclusive::new(1, 0);
    }

    /// Gives out the next number; every so often it reserves more and waits for that commit, so
    /// never call it from an async task or inside a transaction.
    ///
    /// # Errors
    /// [`CaError::CounterExhausted`] when fewer are left than are reserved at a time,
    /// [`CaError::Db`]; nothing was given out then.
    pub fn next(&self, db: &Db) -> Result<u32, CaError> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.is_empty() {
            let counter = self.counter;
            let last = db.write_blocking("reserving numbers", move |tx| {
                counter.advance(tx, RESERVED_AT_A_TIME)
            })?;
            *left = last.saturating_sub(RESERVED_AT_A_TIME).saturating_add(1)..=last;
        }
        let next = left.next();
        next.ok_or(CaError::CounterExhausted {
            name: self.counter.name(),
        })
    }
}
