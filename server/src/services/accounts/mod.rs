//! Postal account management: the tree of an account, budgets, statements, and payments that come
//! in by bank.
//!
//! Called by stations in a contact: they get what changed in the tree and report what they printed
//! for each cost centre. Level L2: the tree tells who works where, and nothing here moves value; a
//! refill stays at L3. It never takes back what was booked: nodes are closed, sums only grow, a
//! payment is booked once.
//! Its tables: `account_version`, `account_node`, `surcharge`, `centre_usage`, `budget_override`,
//! `bank_payment`, `account_iban`.
//! Its tests: `tests.rs` beside this file, and `tests/it/accounts.rs` over a whole contact.

pub mod bank;
mod reading;
pub mod statement;
pub mod tree;
pub mod usage;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, StationId};
use shared::monitor::Marker;
use shared::services::ServiceId;
use shared::services::accounts::{
    AccountsReply, AccountsRequest, CHANGES_MAX, MAX_NAME_CHARS, MAX_REASON_CHARS, OVERRIDES_MAX,
    USAGE_MAX, VERSION,
};
use shared::wire::{CBOR_MEDIA_TYPE, to_cbor};

use super::refused::{Refused, read};
use super::sealed;
use crate::access::{Bounded, CallingStation, MESSAGE_MAX};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::{params, stations};

/// A station is told versions with the epoch above so many bits.
const VERSION_BITS: u32 = 40;

/// The service's routes.
pub fn routes() -> Router<Arc<DataCenter>> {
    Router::new()
        .route("/v1/accounts/sync", post(sync))
        .route("/v1/accounts/self", get(reading::own_account))
        .route("/v1/accounts/statement", get(reading::own_statement))
}

/// Takes a station's report and answers with what changed in its account.
async fn sync(
    State(center): State<Arc<DataCenter>>,
    CallingStation(certificate): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    let request: AccountsRequest = read(&body, not_readable)?;
    check(&request)?;
    let (station, now) = (certificate.station, center.now());
    let inner = Arc::clone(&center);
    let reply = if request.usage.is_empty() && request.overrides.is_empty() {
        // Nothing to write down: no commit for a station that has nothing to say.
        let read = move |tx: &Tx<'_>| answer(&inner, tx, station, &request, now);
        center.db().read("accounts sync", read).await?
    } else {
        let write = move |tx: &Tx<'_>| {
            let account = account_of(&inner, tx, station)?;
            let fallen = usage::take(tx, account, station, &request.usage)?;
            if fallen > 0 {
                tracing::error!(%station, fallen, "a station reports less than before");
            }
            usage::take_overrides(tx, station, &request.overrides)?;
            answer(&inner, tx, station, &request, now)
        };
        center.db().write("accounts sync", write).await?
    };
    Ok(([(header::CONTENT_TYPE, CBOR_MEDIA_TYPE)], to_cbor(&reply)).into_response())
}

/// The version of a station's account; none before anything was changed in it.
///
/// # Errors
/// [`DbError`].
pub(crate) fn version_of(
    tx: &Tx<'_>,
    station: StationId,
) -> Result<Option<(AccountId, u64)>, DbError> {
    tx.row(
        "SELECT station.account, account_version.value FROM station
         JOIN account_version ON account_version.account = station.account
         WHERE station.id = ?1",
        params![&station],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// The marker of an account at a version. After a restore the same version is another history.
pub(crate) fn marker(center: &DataCenter, (account, version): (AccountId, u64)) -> Marker {
    let mut state = account.bytes().to_vec();
    state.extend_from_slice(&center.epoch().to_be_bytes());
    state.extend_from_slice(&version.to_be_bytes());
    Marker::of(ServiceId::Accounts, &state)
}

/// The account of a station that may be served.
fn account_of(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    station: StationId,
) -> Result<AccountId, Refused> {
    sealed::check_state(tx, center, station)?;
    let station = stations::by_id(tx, station)?;
    station
        .map(|station| station.account)
        .ok_or_else(unknown_station)
}

fn answer(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    station: StationId,
    request: &AccountsRequest,
    now: UnixSeconds,
) -> Result<AccountsReply, Refused> {
    let account = account_of(center, tx, station)?;
    let current = tree::version(tx, account)?;
    // A data center restored from a backup has another history: it tells everything anew.
    let epoch = u64::from(center.epoch()) << VERSION_BITS;
    let same = request.known.checked_sub(epoch);
    let known = same.filter(|known| *known <= current).unwrap_or(0);
    let limit = u32::try_from(CHANGES_MAX).unwrap_or(u32::MAX);
    let more = limit.saturating_add(1);
    let since = usage::budget_year(now);
    let mut nodes = tree::changed(tx, account, known, more)?;
    let mut elsewhere = usage::elsewhere(tx, (account, station), known, since, more)?;
    let last = |versions: Vec<u64>| {
        let is_cut = versions.len() > CHANGES_MAX;
        versions
            .get(CHANGES_MAX.saturating_sub(1))
            .copied()
            .filter(|_| is_cut)
    };
    let cuts = [
        last(nodes.iter().map(|node| node.version).collect()),
        last(elsewhere.iter().map(|sum| sum.version).collect()),
    ];
    let cut = cuts.into_iter().flatten().min();
    let upto = cut.unwrap_or(current);
    nodes.retain(|node| node.version <= upto);
    elsewhere.retain(|sum| sum.version <= upto);
    Ok(AccountsReply {
        version: VERSION,
        account_version: epoch.saturating_add(upto),
        more: cut.is_some(),
        nodes: nodes.into_iter().map(|stored| stored.node).collect(),
        elsewhere: elsewhere.into_iter().map(|sum| sum.usage).collect(),
        taken: request.upto,
        pieces: usage::reported(tx, station)?.0,
        overrides: usage::last_override(tx, station)?,
        anew: known == 0,
    })
}

/// Refuses what is longer than a station may say.
fn check(request: &AccountsRequest) -> Result<(), Refused> {
    let long = |text: &str, limit: usize| text.chars().count() > limit;
    let usage = request
        .usage
        .iter()
        .any(|usage| long(&usage.centre, MAX_NAME_CHARS));
    let overrides = request.overrides.iter().any(|one| {
        long(&one.centre, MAX_NAME_CHARS)
            || long(&one.user, MAX_NAME_CHARS)
            || long(&one.reason, MAX_REASON_CHARS)
    });
    let many = request.usage.len() > USAGE_MAX || request.overrides.len() > OVERRIDES_MAX;
    if usage || overrides || many {
        return Err(not_readable());
    }
    Ok(())
}

fn not_readable() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "not_readable",
        "The request cannot be read. Nothing was changed.",
        "Try again; update the station's software when it goes on.",
    )
}

fn unknown_station() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "unknown_station",
        "The data center does not know this station. Nothing was changed.",
        "Enrol it with a new code.",
    )
}
