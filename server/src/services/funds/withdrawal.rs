//! The final statement of a vault (`protocol.md` J): it is held against the books once more, and
//! what was left is credited or held. Statement, money, state and reply are one commit.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::money::Mills;
use shared::security::signed::ContentType;
use shared::services::funds::VERSION;
use shared::services::funds::withdrawal::{WithdrawReply, WithdrawRequest};

use super::rules::{Ended, end};
use super::{
    account_line, bad_statement, cbor, distrusted, extends, heard, held, post_shown, store,
};
use crate::access::{Bounded, CallingStation, MESSAGE_MAX};
use crate::center::DataCenter;
use crate::db::Tx;
use crate::epochs::Standing;
use crate::services::refused::Refused;
use crate::services::sealed::{self, Answer, Entrance, Sealed};
use crate::stations;

pub(super) async fn route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    withdraw(&center, Entrance::Contact(caller), body.to_vec())
        .await
        .map(cbor)
}

/// Takes a final statement: envelope in, reply envelope out.
///
/// # Errors
/// [`Refused`]; nothing was moved then.
async fn withdraw(
    center: &Arc<DataCenter>,
    entrance: Entrance,
    body: Vec<u8>,
) -> Result<Vec<u8>, Refused> {
    sealed::exchange::<WithdrawRequest, _>(
        center,
        ContentType::WithdrawRequest,
        entrance,
        body,
        take_final,
    )
    .await
}

fn take_final(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<WithdrawRequest>,
) -> Result<Answer<Vec<u8>>, Refused> {
    let (request, now) = (&sealed.request, sealed.now);
    let (row, standing) = heard(center, tx, sealed)?;
    if standing == Standing::StationWaits {
        return Err(sealed::reconcile());
    }
    let consistent = extends(&row.mirror, &request.statement, &request.consistency);
    let ended = match end(&row.mirror, &request.statement, consistent) {
        Ok(ended) => ended,
        Err(fault) => return distrusted(fault),
    };
    let (credited, held, hold_until) = settle(center, tx, sealed, &ended)?;
    let reply = WithdrawReply {
        version: VERSION,
        vault: ended.mirror.vault,
        nonce: request.statement.nonce,
        returned: ended.returned,
        credited,
        held,
        hold_until,
        account: account_line(tx, &row)?,
    };
    store::update(tx, sealed.station, &ended.mirror, now)?;
    Ok(Answer::Reply(sealed.sign(
        center,
        ContentType::WithdrawReply,
        &reply,
    )?))
}

/// Moves the money of an ended vault: what arrived and was printed first, then what was left.
fn settle(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<WithdrawRequest>,
    ended: &Ended,
) -> Result<(Mills, Mills, Option<shared::clock::UnixSeconds>), Refused> {
    let statement = &sealed.request.statement;
    post_shown(
        center,
        tx,
        sealed,
        statement,
        (ended.arrived, ended.printed),
    )?;
    let station = stations::by_id(tx, sealed.station)?.ok_or_else(bad_statement)?;
    let credited = held::instant(tx, station.account, ended.returned, sealed.now)?;
    let ending = held::Ending {
        lost: false,
        ascending: statement.ascending,
        returned: ended.returned,
        credited,
    };
    let user = sealed.station.to_string();
    let cause = (user.as_str(), sealed.request_hash, sealed.now);
    let (held, hold_until) = held::end(center.ledger(), tx, &station, &ending, cause)?;
    stations::expire_codes(tx, station.id, sealed.now)?;
    Ok((credited, held, hold_until))
}
