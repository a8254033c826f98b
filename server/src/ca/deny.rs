//! The deny list: station certificates that are refused although they have not expired.
//!
//! It is asked on every request, not only at the handshake, so that a certificate revoked during
//! a contact is refused in the same contact, and on a resumed session too.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use shared::clock::UnixSeconds;
use shared::ids::StationId;

use crate::db::{DbError, Tx};
use crate::params;

/// A serial number as it stands in the certificate, at most 20 bytes.
pub type Serial = Vec<u8>;

/// The serials that are refused, in memory. The table stays the truth: [`DenyList::load`] at
/// start, [`DenyList::add`] after each [`revoke`] has been committed.
#[derive(Debug, Default)]
pub struct DenyList(RwLock<HashSet<Serial>>);

impl DenyList {
    /// Reads the whole list.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn load(tx: &Tx<'_>) -> Result<Self, DbError> {
        let serials = tx.rows("SELECT serial FROM denied_certificate", &[], |row| {
            row.column::<Serial>(0)
        })?;
        Ok(Self(RwLock::new(serials.into_iter().collect())))
    }

    /// Whether the certificate is refused.
    #[must_use]
    pub fn denies(&self, serial: &[u8]) -> bool {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(serial)
    }

    /// Refuses certificates from now on.
    pub fn add(&self, serials: impl IntoIterator<Item = Serial>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(serials);
    }
}

/// Writes all certificates of a station onto the list; returns their serials for
/// [`DenyList::add`].
///
/// # Errors
/// [`DbError`].
pub fn revoke(
    tx: &Tx<'_>,
    station: StationId,
    reason: &str,
    now: UnixSeconds,
) -> Result<Vec<Serial>, DbError> {
    tx.execute(
        "INSERT INTO denied_certificate (serial, station, reason, denied)
         SELECT serial, station, ?2, ?3 FROM station_certificate WHERE station = ?1
         ON CONFLICT (serial) DO NOTHING",
        params![&station, reason, now],
    )?;
    tx.rows(
        "SELECT serial FROM denied_certificate WHERE station = ?1",
        params![&station],
        |row| row.column(0),
    )
}

/// Revokes a station's indicium certificates: what is printed later vouches for nothing.
///
/// # Errors
/// [`DbError`].
pub fn revoke_indicia(tx: &Tx<'_>, station: StationId, now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO revoked_indicium (serial, station, revoked)
         SELECT serial, station, ?2 FROM indicium_certificate
         WHERE station = ?1 AND not_after > ?2 ON CONFLICT (serial) DO NOTHING",
        params![&station, now],
    )?;
    Ok(())
}
