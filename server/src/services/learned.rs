//! What the data center has forgotten of keys and stations, learned again from certificates of its
//! own.
//!
//! A station that renewed its certificate after the backup, or enrolled after it, is not in the
//! tables of a data center put back to it. Its certificate proves itself: our station authority
//! signed it, and the handshake has shown that its key is there. In a data center that has forgotten
//! nothing each certificate stands in the table before a station gets it. What was *revoked* since
//! is not learned: nobody would say so. Tables: `station_certificate`, `station`, `vault`,
//! `reconcile`.

use std::sync::Arc;

use axum::http::StatusCode;
use shared::clock::UnixSeconds;
use shared::services::funds::RegisterStatement;

use super::accounts::tree::{Gardener, TreeError};
use super::funds::store as vaults;
use super::refused::Refused;
use super::sealed::{Entrance, KEYS_MAX};
use crate::access::ProblemReply;
use crate::ca::StationCertificate;
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::epochs;
use crate::ledger::{LedgerError, accounts};
use crate::stations::{self, RegisteredKey, Station, StationState};

/// What the journal says of a certificate or a station that is known again.
const AGAIN: &str = "learned again";

/// The keys of a station, `keys` as they were read, with that of the certificate by which it calls.
/// None for a station that was forgotten altogether.
pub(super) async fn keys(
    center: &Arc<DataCenter>,
    entrance: &Entrance,
    keys: Vec<RegisteredKey>,
) -> Result<Vec<RegisteredKey>, Refused> {
    let Entrance::Contact(certificate) = entrance else {
        return Ok(keys);
    };
    let is_known = |key: &RegisteredKey| key.serial == certificate.serial;
    if keys.iter().any(is_known) {
        return Ok(keys);
    }
    let (inner, certificate, now) = (Arc::clone(center), Arc::clone(certificate), center.now());
    let keys = center
        .db()
        .write("a certificate learned again", move |tx| {
            certificate_again(&inner, tx, &certificate, now)
        })
        .await?;
    center.refresh_life().await?;
    Ok(keys)
}

/// The key of a station of which nothing is known but its certificate.
pub(super) fn stranger(entrance: &Entrance) -> Option<RegisteredKey> {
    let Entrance::Contact(certificate) = entrance else {
        return None;
    };
    Some(RegisteredKey {
        point: certificate.point,
        serial: certificate.serial.clone(),
        not_after: certificate.not_after,
        is_denied: false,
        is_used: false,
    })
}

fn certificate_again(
    center: &DataCenter,
    tx: &Tx<'_>,
    certificate: &StationCertificate,
    now: UnixSeconds,
) -> Result<Vec<RegisteredKey>, Refused> {
    let Some(station) = stations::by_id(tx, certificate.station)? else {
        return Ok(Vec::new());
    };
    if station.psd == certificate.psd && stations::record_again(tx, certificate)? {
        tracing::warn!(station = %station.id, "a certificate was learned again");
        if station.state == StationState::New {
            // It enrolled after the backup: its code has been used.
            stations::expire_codes(tx, station.id, now)?;
            begin_again(tx, &station, now)?;
        }
        let user = station.id.to_string();
        stations::journal(center.ledger(), tx, &station, AGAIN, &user, now)?;
    }
    Ok(stations::keys(tx, station.id, KEYS_MAX)?)
}

/// An empty vault, to be filled by what its station gives back.
fn begin_again(tx: &Tx<'_>, station: &Station, now: UnixSeconds) -> Result<(), DbError> {
    stations::set_enrolled(tx, station.id, now)?;
    vaults::create(tx, station.id)?;
    epochs::list_again(tx, station.id, station.account)
}

/// Learns a station that was forgotten altogether; its account is the one that a grant of ours
/// names.
///
/// # Errors
/// `account_forgotten` when there is no such account any more, `wrong_statement` when its numbers
/// belong to another station.
pub(super) fn station_again(
    center: &DataCenter,
    tx: &Tx<'_>,
    certificate: &StationCertificate,
    statement: &RegisterStatement,
    (account, now): (&str, UnixSeconds),
) -> Result<(), Refused> {
    let is_taken = stations::by_psd(tx, certificate.psd)?.is_some()
        || stations::by_vault(tx, statement.vault)?.is_some();
    if is_taken || statement.psd != certificate.psd {
        return Err(super::funds::bad_statement());
    }
    let account = match accounts::find(tx, account) {
        Ok(account) => account,
        Err(LedgerError::UnknownAccount { asked }) => return Err(account_forgotten(&asked)),
        Err(fault) => return Err(fault.into()),
    };
    let station = Station {
        id: certificate.station,
        account: account.id,
        vault: statement.vault,
        psd: certificate.psd,
        licence_zip: String::new(),
        state: StationState::New,
        created: now,
        enrolled: None,
        last_contact: None,
    };
    stations::insert(tx, &station)?;
    stations::record_again(tx, certificate)?;
    begin_again(tx, &station, now)?;
    let (book, user) = (center.ledger(), station.id.to_string());
    stations::journal(book, tx, &station, AGAIN, &user, now)?;
    match (Gardener { tx, book, now }).station(&station) {
        Ok(_) => {}
        Err(TreeError::Db(fault)) => return Err(fault.into()),
        Err(TreeError::Ledger(fault)) => return Err(fault.into()),
        Err(fault) => {
            tracing::error!(%fault, "a station learned again has no place in the tree");
            return Err(ProblemReply::fault().into());
        }
    }
    tracing::warn!(station = %station.id, "a station was learned again");
    Ok(())
}

fn account_forgotten(name: &str) -> Refused {
    Refused::later(
        StatusCode::SERVICE_UNAVAILABLE,
        "account_forgotten",
        &format!(
            "The data center was restored from a backup and does not know the account {name:?} of \
             this station any more. No money moved."
        ),
        "Printing goes on. The admin opens the account again under that name and books its deposits.",
    )
}
