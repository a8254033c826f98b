//! Numbers that are given out once and never again.

use super::CaError;
use crate::db::Tx;
use crate::params;

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
        let value: Option<i64> = tx.row(
            "INSERT INTO counter (name, value) VALUES (?1, 1)
             ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
            params![self.name()],
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
