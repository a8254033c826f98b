//! The stations this data center knows, their one-time codes and certificates.

use std::fmt;
use std::str::FromStr;

use minicbor::Encode;
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, PsdId, StationId, VaultId};
use shared::services::keys::Point;
use shared::wire::to_cbor;

use crate::ca::counter::Counter;
use crate::ca::{CaError, IssuedCertificate, StationCertificate};
use crate::db::{DbError, Row, Tx};
use crate::ledger::{Ledger, LedgerError, RecordKind};
use crate::params;

/// How long an enrolment code can be used.
pub const CODE_SECONDS: i64 = 24 * 60 * 60;

/// Codes are kept for a look so many days after their time.
const OLD_CODE_DAYS: i64 = 30;

/// The most stations one listing shows.
const LIST_MAX: i64 = 100_000;

/// Where in its life a station is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StationState {
    /// It has a code and has not enrolled yet.
    New,
    /// It works.
    Active,
    /// An admin has locked it: no refills.
    Locked,
    /// It contradicted itself; the evidence is kept, nothing is served but its statement.
    Frozen,
    /// It has ended; its certificates are revoked.
    Withdrawn,
}

impl StationState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::New,
        Self::Active,
        Self::Locked,
        Self::Frozen,
        Self::Withdrawn,
    ];

    /// The state as it is stored and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Frozen => "frozen",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for StationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for StationState {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|state| state.word() == word)
            .ok_or(())
    }
}

/// Why something could not be done with a station.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// No station has that number.
    #[error("there is no station {asked:?}")]
    Unknown {
        /// What was asked for.
        asked: String,
    },
    /// The station is in a state that does not allow it.
    #[error("station {station} is {state}")]
    WrongState {
        /// The station.
        station: StationId,
        /// Its state.
        state: StationState,
    },
    /// The licence's ZIP code is not five digits.
    #[error("{zip:?} is not a ZIP code of five digits")]
    BadZip {
        /// What was given.
        zip: String,
    },
    /// Numbers or certificates failed.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// One station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Its number.
    pub id: StationId,
    /// The customer account it refills from.
    pub account: AccountId,
    /// Its vault.
    pub vault: VaultId,
    /// The PSD number of the vault; never used again.
    pub psd: PsdId,
    /// The licence's ZIP code: the origin of its mail. Empty when none was given.
    pub licence_zip: String,
    /// Where in its life it is.
    pub state: StationState,
    /// When it was made known.
    pub created: UnixSeconds,
    /// When it enrolled.
    pub enrolled: Option<UnixSeconds>,
    /// When it was last authenticated.
    pub last_contact: Option<UnixSeconds>,
}

/// A station to be made known, with its one-time code.
#[derive(Clone, Debug)]
pub struct NewStation {
    /// Its number.
    pub id: StationId,
    /// Its vault's number.
    pub vault: VaultId,
    /// The customer account.
    pub account: AccountId,
    /// The licence's ZIP code, five digits, or empty.
    pub licence_zip: String,
    /// SHA-256 of the code's secret.
    pub secret_hash: [u8; 32],
    /// When.
    pub now: UnixSeconds,
}

/// Makes a station known; it gets the next PSD number, and its code is good for 24 hours.
///
/// # Errors
/// [`StationError`].
pub fn add(tx: &Tx<'_>, new: &NewStation) -> Result<Station, StationError> {
    let zip = &new.licence_zip;
    if !zip.is_empty() && (zip.len() != 5 || !zip.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(StationError::BadZip { zip: zip.clone() });
    }
    let psd_serial = Counter::Psd.next(tx)?;
    let station = Station {
        id: new.id,
        account: new.account,
        vault: new.vault,
        psd: PsdId::specimen(psd_serial),
        licence_zip: zip.clone(),
        state: StationState::New,
        created: new.now,
        enrolled: None,
        last_contact: None,
    };
    insert(tx, &station)?;
    tx.execute(
        "INSERT INTO enrolment_code (secret_hash, station, expires) VALUES (?1, ?2, ?3)",
        params![
            &new.secret_hash,
            &new.id,
            new.now.plus_seconds(CODE_SECONDS)
        ],
    )?;
    Ok(station)
}

/// Writes the row of a station that is not enrolled yet.
///
/// # Errors
/// [`DbError`].
pub fn insert(tx: &Tx<'_>, station: &Station) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO station (id, account, vault, psd_serial, licence_zip, state, created)
         VALUES (?1, ?2, ?3, ?4, ?5, 'new', ?6)",
        params![
            &station.id,
            &station.account,
            &station.vault,
            station.psd.serial,
            &station.licence_zip,
            station.created
        ],
    )?;
    Ok(())
}

const COLUMNS: &str = "id, account, vault, psd_serial, licence_zip, state, created, enrolled, \
                       last_contact";

fn read(row: &Row<'_>) -> Result<Station, DbError> {
    let state: String = row.column(5)?;
    Ok(Station {
        id: row.column(0)?,
        account: row.column(1)?,
        vault: row.column(2)?,
        psd: PsdId::specimen(row.column(3)?),
        licence_zip: row.column(4)?,
        state: state.parse().map_err(|()| row.misfit(5))?,
        created: row.column(6)?,
        enrolled: row.column(7)?,
        last_contact: row.column(8)?,
    })
}

/// The station with this number.
///
/// # Errors
/// [`DbError`].
pub fn by_id(tx: &Tx<'_>, id: StationId) -> Result<Option<Station>, DbError> {
    tx.row(
        &format!("SELECT {COLUMNS} FROM station WHERE id = ?1"),
        params![&id],
        read,
    )
}

/// The station with this vault.
///
/// # Errors
/// [`DbError`].
pub fn by_vault(tx: &Tx<'_>, vault: VaultId) -> Result<Option<Station>, DbError> {
    tx.row(
        &format!("SELECT {COLUMNS} FROM station WHERE vault = ?1"),
        params![&vault],
        read,
    )
}

/// The station with this PSD number.
///
/// # Errors
/// [`DbError`].
pub fn by_psd(tx: &Tx<'_>, psd: PsdId) -> Result<Option<Station>, DbError> {
    let found = tx.row(
        &format!("SELECT {COLUMNS} FROM station WHERE psd_serial = ?1"),
        params![psd.serial],
        read,
    )?;
    Ok(found.filter(|station| station.psd == psd))
}

/// The station with this number or PSD number, as people type it.
///
/// # Errors
/// [`StationError::Unknown`], [`StationError::Db`].
pub fn find(tx: &Tx<'_>, asked: &str) -> Result<Station, StationError> {
    let found = if let Ok(id) = asked.parse::<StationId>() {
        by_id(tx, id)?
    } else if let Ok(psd) = asked.parse::<PsdId>() {
        by_psd(tx, psd)?
    } else {
        None
    };
    found.ok_or_else(|| StationError::Unknown {
        asked: asked.to_owned(),
    })
}

/// All stations by PSD number, of one account or of all.
///
/// # Errors
/// [`DbError`].
pub fn list(tx: &Tx<'_>, account: Option<AccountId>) -> Result<Vec<Station>, DbError> {
    let bytes = account.as_ref().map(AccountId::bytes);
    tx.rows(
        &format!(
            "SELECT {COLUMNS} FROM station WHERE ?1 IS NULL OR account = ?1
             ORDER BY psd_serial LIMIT ?2"
        ),
        params![bytes, LIST_MAX],
        read,
    )
}

/// Moves a station to another state.
///
/// # Errors
/// [`DbError`].
pub fn set_state(tx: &Tx<'_>, id: StationId, state: StationState) -> Result<(), DbError> {
    tx.execute(
        "UPDATE station SET state = ?2 WHERE id = ?1",
        params![&id, state.word()],
    )?;
    Ok(())
}

/// The body of a journal record of kind [`RecordKind::Station`].
#[derive(Encode)]
#[cbor(array)]
struct StationChange<'a> {
    #[n(0)]
    station: StationId,
    #[n(1)]
    vault: VaultId,
    #[n(2)]
    account: AccountId,
    #[n(3)]
    change: &'a str,
}

/// Writes into the journal what became of a station, and who did it.
///
/// # Errors
/// [`LedgerError`].
pub fn journal(
    book: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    change: &str,
    user: &str,
    now: UnixSeconds,
) -> Result<(), LedgerError> {
    let body = to_cbor(&StationChange {
        station: station.id,
        vault: station.vault,
        account: station.account,
        change,
    });
    book.append(tx, RecordKind::Station, body, user, now)?;
    Ok(())
}

/// Notes that a station has enrolled: it is active from now on.
///
/// # Errors
/// [`DbError`].
pub fn set_enrolled(tx: &Tx<'_>, id: StationId, now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "UPDATE station SET state = 'active', enrolled = ?2 WHERE id = ?1 AND state = 'new'",
        params![&id, now],
    )?;
    Ok(())
}

/// Notes that a station was authenticated.
///
/// # Errors
/// [`DbError`].
pub fn set_last_contact(tx: &Tx<'_>, id: StationId, now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "UPDATE station SET last_contact = ?2 WHERE id = ?1",
        params![&id, now],
    )?;
    Ok(())
}

/// A one-time code as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCode {
    /// Whom it enrols.
    pub station: StationId,
    /// Until when.
    pub expires: UnixSeconds,
    /// SHA-256 of the first certificate request that showed the secret.
    pub csr_hash: Option<[u8; 32]>,
    /// What was answered to it.
    pub reply: Option<Vec<u8>>,
}

/// The code whose secret has this SHA-256.
///
/// # Errors
/// [`DbError`].
pub fn code(tx: &Tx<'_>, secret_hash: &[u8; 32]) -> Result<Option<StoredCode>, DbError> {
    tx.row(
        "SELECT station, expires, csr_hash, reply FROM enrolment_code WHERE secret_hash = ?1",
        params![secret_hash],
        |row| {
            Ok(StoredCode {
                station: row.column(0)?,
                expires: row.column(1)?,
                csr_hash: row.column(2)?,
                reply: row.column(3)?,
            })
        },
    )
}

/// Binds a code to the first request that showed its secret; answers whether it was the first.
///
/// # Errors
/// [`DbError`].
pub fn use_code(
    tx: &Tx<'_>,
    secret_hash: &[u8; 32],
    csr_hash: &[u8; 32],
    reply: &[u8],
) -> Result<bool, DbError> {
    let used = tx.execute(
        "UPDATE enrolment_code SET csr_hash = ?2, reply = ?3
         WHERE secret_hash = ?1 AND csr_hash IS NULL",
        params![secret_hash, csr_hash, reply],
    )?;
    Ok(used == 1)
}

/// Ends the codes of a station.
///
/// # Errors
/// [`DbError`].
pub fn expire_codes(tx: &Tx<'_>, station: StationId, now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "UPDATE enrolment_code SET expires = ?2 WHERE station = ?1 AND expires > ?2",
        params![&station, now],
    )?;
    Ok(())
}

/// Removes codes that ran out long ago.
///
/// # Errors
/// [`DbError`].
pub fn remove_old_codes(tx: &Tx<'_>, now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM enrolment_code WHERE expires < ?1",
        params![now.plus_days(-OLD_CODE_DAYS)],
    )?;
    Ok(())
}

/// Remembers a certificate, so that it can be revoked and its key recognised at the doors.
///
/// # Errors
/// [`DbError`].
pub fn record_certificate(
    tx: &Tx<'_>,
    station: StationId,
    issued: &IssuedCertificate,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO station_certificate
            (serial, station, certificate, point, not_before, not_after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            &issued.serial,
            &station,
            &issued.der,
            &issued.point.0,
            issued.not_before,
            issued.not_after,
        ],
    )?;
    Ok(())
}

/// Remembers a certificate of ours that was forgotten; answers whether it was.
///
/// # Errors
/// [`DbError`].
pub fn record_again(tx: &Tx<'_>, certificate: &StationCertificate) -> Result<bool, DbError> {
    let recorded = tx.execute(
        "INSERT INTO station_certificate
            (serial, station, certificate, point, not_before, not_after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (serial) DO NOTHING",
        params![
            &certificate.serial,
            &certificate.station,
            &certificate.der,
            &certificate.point.0,
            certificate.not_before,
            certificate.not_after,
        ],
    )?;
    Ok(recorded == 1)
}

/// A key a station was certified for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredKey {
    /// The key.
    pub point: Point,
    /// The certificate's serial.
    pub serial: Vec<u8>,
    /// Valid to this second.
    pub not_after: UnixSeconds,
    /// Whether the certificate was revoked.
    pub is_denied: bool,
    /// Whether the station has signed with it.
    pub is_used: bool,
}

/// The keys of a station, newest first, at most `limit`.
///
/// # Errors
/// [`DbError`].
pub fn keys(tx: &Tx<'_>, station: StationId, limit: u32) -> Result<Vec<RegisteredKey>, DbError> {
    tx.rows(
        "SELECT point, serial, not_after, first_used,
            EXISTS (SELECT 1 FROM denied_certificate
                    WHERE denied_certificate.serial = station_certificate.serial)
         FROM station_certificate WHERE station = ?1
         ORDER BY not_after DESC, serial LIMIT ?2",
        params![&station, limit],
        |row| {
            Ok(RegisteredKey {
                point: Point(row.column(0)?),
                serial: row.column(1)?,
                not_after: row.column(2)?,
                is_used: row.column::<Option<i64>>(3)?.is_some(),
                is_denied: row.column(4)?,
            })
        },
    )
}

/// Notes that a station has signed with a key: from then on the keys before it serve no new
/// request.
///
/// # Errors
/// [`DbError`].
pub fn set_key_used(tx: &Tx<'_>, serial: &[u8], now: UnixSeconds) -> Result<(), DbError> {
    tx.execute(
        "UPDATE station_certificate SET first_used = ?2
         WHERE serial = ?1 AND first_used IS NULL",
        params![serial, now],
    )?;
    Ok(())
}
