//! Pieces seen in the mail: they take back credits of claims about them, and value that was held.
//!
//! A scan is an identity (24 hexadecimal digits or a serial) or a whole indicium, which is verified
//! under its certificate and shows how far its vault's value was printed.

use data_encoding::HEXLOWER_PERMISSIVE;
use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::{PieceSerial, StationId};
use shared::indicium::chain::IndiciumChain;
use shared::indicium::ibi_full::{MAX_READ_BYTES, SignedIbiFull};
use shared::indicium::verify;
use shared::money::Mills;
use shared::security::signed::{self, ContentType};
use shared::services::ServiceId;
use shared::services::funds::RefillReply;
use shared::services::funds::refunds::{
    IDENTITY_BYTES, RefundReason, RefundState, identity, serial_of,
};
use shared::services::keys::Point;

use super::{reverse, store};
use crate::ca;
use crate::db::{Concerned, DbError, Tx};
use crate::ledger::{self, Ledger, LedgerAccount, LedgerError, Transfer, TransferId, TransferKind};
use crate::params;
use crate::services::funds::held::{self, CENTER_USER, EndState};
use crate::stations::{self, Station, StationState};

/// One piece that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Only who it is.
    Identity(PieceSerial),
    /// The whole indicium.
    Indicium(Box<SignedIbiFull>, Vec<u8>),
}

/// Why a line of a file of scans is no scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanFault {
    /// Neither a serial, nor an identity, nor an indicium.
    #[error("neither a serial, nor 24 digits of an identity, nor an indicium")]
    Unreadable,
    /// No station of this data center has such a PSD number.
    #[error("no station has its PSD number")]
    UnknownStation,
    /// No certificate of ours vouches for it, or its signature is wrong.
    #[error("its signature does not hold under a certificate of this data center")]
    NotGenuine,
}

/// What a scan has led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether the piece was seen for the first time.
    pub first: bool,
    /// What was taken back from a refund.
    pub reversed: Mills,
    /// What was taken out of held value.
    pub posted: Mills,
    /// Whether its station was locked.
    pub locked: bool,
}

/// Reads one line.
///
/// # Errors
/// [`ScanFault::Unreadable`].
pub fn read(line: &str) -> Result<Scan, ScanFault> {
    let unreadable = ScanFault::Unreadable;
    if let Ok(serial) = line.parse::<PieceSerial>() {
        return Ok(Scan::Identity(serial));
    }
    if line.len() > 2 * MAX_READ_BYTES {
        return Err(unreadable);
    }
    let bytes = HEXLOWER_PERMISSIVE
        .decode(line.as_bytes())
        .map_err(|_| unreadable)?;
    if let Ok(bytes) = <[u8; IDENTITY_BYTES]>::try_from(bytes.as_slice()) {
        return serial_of(&bytes).map(Scan::Identity).ok_or(unreadable);
    }
    let indicium = SignedIbiFull::read(&bytes).map_err(|_| unreadable)?;
    Ok(Scan::Indicium(Box::new(indicium), bytes))
}

/// Certificates that indicia are verified under.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The issuers of indicium certificates, DER.
    pub issuers: Vec<Vec<u8>>,
    /// The root, DER.
    pub root: Vec<u8>,
}

/// Takes a scan in: it is remembered, a credit about it is taken back, held value it shows as printed
/// is booked as printed.
///
/// # Errors
/// [`ScanFault`] inside, [`LedgerError`] outside; nothing is written for this line then.
pub fn take(
    ledger: &Ledger,
    tx: &Tx<'_>,
    trust: &Trust,
    scan: &Scan,
    now: UnixSeconds,
) -> Result<Result<Seen, ScanFault>, LedgerError> {
    let serial = match scan {
        Scan::Identity(serial) => *serial,
        Scan::Indicium(indicium, _) => indicium.fields().serial(),
    };
    let Some(station) = stations::by_psd(tx, serial.psd)? else {
        return Ok(Err(ScanFault::UnknownStation));
    };
    if let Scan::Indicium(indicium, bytes) = scan {
        if !is_genuine(tx, trust, &station, indicium, bytes)? {
            return Ok(Err(ScanFault::NotGenuine));
        }
        store::shown(tx, station.id, serial, indicium.fields().ascending)?;
    }
    let mut seen = Seen {
        first: store::scanned(tx, &identity(serial), now)?,
        ..Seen::default()
    };
    refunded(ledger, tx, &station, serial, now, &mut seen)?;
    seen.posted = out_of_held(ledger, tx, &station, now)?;
    Ok(Ok(seen))
}

/// A claim about a piece that was seen is false: a credit is taken back, and the station is locked
/// until somebody has looked at it. A final one is no more taken back.
fn refunded(
    ledger: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    serial: PieceSerial,
    now: UnixSeconds,
    seen: &mut Seen,
) -> Result<(), LedgerError> {
    let identity = identity(serial);
    let Some(refund) = store::find(tx, &identity)? else {
        return Ok(());
    };
    let scanned = Some(RefundReason::Scanned);
    match refund.state {
        RefundState::Provisional => {
            reverse(ledger, tx, station, &refund, now)?;
            store::move_to(tx, &identity, RefundState::Reversed, scanned)?;
            seen.reversed = refund.amount;
        }
        RefundState::Claimed => {
            store::move_to(tx, &identity, RefundState::Refused, scanned)?;
        }
        RefundState::Final => {}
        RefundState::Reversed | RefundState::Refused => return Ok(()),
    }
    tx.concerns(Concerned::Station(station.id), ServiceId::Funds);
    if seen.first && station.state == StationState::Active {
        stations::set_state(tx, station.id, StationState::Locked)?;
        let word = StationState::Locked.word();
        stations::journal(ledger, tx, station, word, CENTER_USER, now)?;
        seen.locked = true;
    }
    Ok(())
}

/// Held → printed for what any scanned indicium shows beyond what was known of an ended vault;
/// answers with how much. Called after each scan and when a vault ends.
///
/// # Errors
/// [`LedgerError`]; nothing is written then.
pub(crate) fn out_of_held(
    ledger: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    now: UnixSeconds,
) -> Result<Mills, LedgerError> {
    let end = held::find(tx, station.id)?.filter(|end| end.state == EndState::Held);
    let known = end.and_then(|end| end.ascending);
    let (Some(known), Some((serial, ascending))) = (known, store::highest(tx, station.id)?) else {
        return Ok(Mills::ZERO);
    };
    let held = LedgerAccount::Held(station.vault);
    let beyond = ascending.minus(known).unwrap_or(Mills::ZERO);
    let amount = beyond.min(ledger::available(tx, &held)?);
    if amount.is_zero() {
        return Ok(amount);
    }
    let identity = identity(serial);
    ledger.post(
        tx,
        &Transfer {
            id: TransferId::derived(TransferKind::Scan, &identity),
            debit: held,
            credit: LedgerAccount::Printed(station.vault),
            amount,
            kind: TransferKind::Scan,
            reference: serial.to_string(),
            request_hash: Sha256::digest(identity).into(),
            user: CENTER_USER.to_owned(),
            now,
        },
    )?;
    tx.execute(
        "UPDATE withdrawal SET ascending = ?2 WHERE station = ?1",
        params![&station.id, ascending],
    )?;
    Ok(amount)
}

/// Whether a certificate that this data center has issued to the station vouches for the indicium.
fn is_genuine(
    tx: &Tx<'_>,
    trust: &Trust,
    station: &Station,
    indicium: &SignedIbiFull,
    bytes: &[u8],
) -> Result<bool, DbError> {
    let number = indicium.fields().certificate_serial;
    let check = |key: &[u8; 65], message: &[u8], signature: &[u8; 64]| {
        ca::verify(&Point(*key), message, signature)
    };
    for certificate in certificates(tx, station.id, number)? {
        let vouches = |issuer: &Vec<u8>| {
            IndiciumChain::check(&certificate, issuer, &trust.root, &check)
                .is_ok_and(|chain| verify::verify(bytes, &chain, &check).is_ok())
        };
        if trust.issuers.iter().any(vouches) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The station's certificates whose serial ends in this number, out of the stored grants.
fn certificates(tx: &Tx<'_>, station: StationId, number: u32) -> Result<Vec<Vec<u8>>, DbError> {
    let serials: Vec<Vec<u8>> = tx.rows(
        "SELECT serial FROM indicium_certificate WHERE station = ?1",
        params![&station],
        |row| row.column(0),
    )?;
    let mut certificates = Vec::new();
    for serial in serials {
        if serial.ends_with(&number.to_be_bytes()) {
            certificates.extend(certificate(tx, &serial)?);
        }
    }
    Ok(certificates)
}

/// The certificate of this serial, as the grant that brought it carries it.
fn certificate(tx: &Tx<'_>, serial: &[u8]) -> Result<Option<Vec<u8>>, DbError> {
    let reply: Option<Vec<u8>> = tx.row(
        "SELECT refill.reply
         FROM indicium_certificate JOIN refill ON refill.id = indicium_certificate.refill
         WHERE indicium_certificate.serial = ?1",
        params![serial],
        |row| row.column(0),
    )?;
    // What this data center has stored it has signed; only the content is wanted.
    let open = |reply: Vec<u8>| {
        signed::open::<RefillReply>(ContentType::RefillReply, &reply, &[], |_, _, _| true).ok()
    };
    let grant = reply.and_then(open).and_then(|opened| opened.message.grant);
    Ok(grant.map(|grant| grant.certificate))
}
