//! Which secret belongs to the name that a caller gives.
//!
//! A name that nobody has gets a secret that nobody knows, after the same look-ups: a stranger does
//! not learn which names there are.

use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::security::dial_in::{DialIn, DialInName};

use crate::access::limiter::Trier;
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::params;
use crate::stations::{self, StationState};

/// Codes that are looked through for a name: more than are ever good at the same time.
const CODES_MAX: i64 = 20_000;

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// A station's, or that of somebody with a good code.
    Known,
    /// Nobody's.
    Nobody,
    /// A caller's who has called too often.
    TooOften,
}

/// What belongs to a name. A thread that may block.
///
/// # Errors
/// [`DbError`].
pub(super) fn secret_of(center: &DataCenter, name: &str) -> Result<(DialIn, Whose), DbError> {
    let (read, now) = (DialInName::read(name), center.now());
    let asked = match read {
        Some(DialInName::Station(station)) => station,
        Some(DialInName::Code(_)) | None => StationId::from_bytes([0; 16]),
    };
    let (is_served, of_code) = center.db().read_blocking("dial-in", move |tx| {
        let station = stations::by_id(tx, asked)?;
        let is_served = station.is_some_and(|station| station.state != StationState::New);
        Ok::<_, DbError>((is_served, of_code(tx, read, now)?))
    })?;
    let key = center.authority().dial_in();
    let (of_station, of_nobody) = (key.of_station(asked), key.of_nobody(name));
    let found = match read {
        Some(DialInName::Station(_)) if is_served => Some(of_station),
        Some(DialInName::Code(_)) => of_code,
        Some(DialInName::Station(_)) | None => None,
    };
    let Some((read, found)) = read.zip(found) else {
        return Ok((of_nobody, Whose::Nobody));
    };
    if center.limiter().admits(Trier::DialIn(read), now) {
        Ok((found, Whose::Known))
    } else {
        Ok((of_nobody, Whose::TooOften))
    }
}

/// What belongs to the code of that name, while it is good. All codes are looked at.
fn of_code(
    tx: &Tx<'_>,
    name: Option<DialInName>,
    now: UnixSeconds,
) -> Result<Option<DialIn>, DbError> {
    let hashes: Vec<[u8; 32]> = tx.rows(
        "SELECT secret_hash FROM enrolment_code WHERE expires >= ?1 LIMIT ?2",
        params![now, CODES_MAX],
        |row| row.column(0),
    )?;
    let found = hashes.iter().fold(None, |found, hash| {
        let is_it = name.is_some_and(|name| name.is_of_code(hash));
        if is_it { Some(hash) } else { found }
    });
    Ok(found.map(DialIn::of_code))
}
