//! Misprints: spoiled pieces claimed back (`protocol.md` J).
//!
//! Called by stations for pieces their clerks called spoiled. Level L3, outside of the stream: a
//! claim is known by its piece, so one that comes twice is the same claim. The journal's mirror must
//! show the debit; registers are not touched. CLAIMED → PROVISIONAL → FINAL or REVERSED. Tables:
//! `refund`, `scanned_piece`. Tests: `tests/it/funds_refunds.rs`.

pub mod rules;
pub mod scans;
pub mod store;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use sha2::{Digest as _, Sha256};
use shared::clock::{UnixSeconds, civil_date, start_of};
use shared::ids::PieceSerial;
use shared::money::Mills;
use shared::rule_pack::RulePack;
use shared::security::signed::ContentType;
use shared::services::ServiceId;
use shared::services::funds::refunds::{
    RefundReason, RefundReply, RefundRequest, RefundState, identity,
};
use shared::services::funds::{INDICIUM_CERTIFICATE_DAYS, VERSION};
use shared::vault::{Fate, HOLD_DAYS};

use super::{account_line, bad_statement, cbor, heard};
use crate::access::{Bounded, CallingStation, MESSAGE_MAX};
use crate::center::DataCenter;
use crate::db::{Concerned, DbError, Tx};
use crate::epochs::Standing as Books;
use crate::ledger::{
    Ledger, LedgerAccount, LedgerError, Transfer, TransferId, TransferKind, debts,
};
use crate::mirror::{self, DebitFact};
use crate::services::refused::Refused;
use crate::services::sealed::{self as door, Answer, Entrance, Sealed};
use crate::services::unnumbered;
use crate::stations::{self, Station};
use rules::{Claim, Verdict};
use store::Refund;

pub(super) async fn route(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    Bounded(body): Bounded<MESSAGE_MAX>,
) -> Result<Response, Refused> {
    unnumbered::attend::<RefundRequest, _>(
        &center,
        ContentType::RefundRequest,
        Entrance::Contact(caller),
        body.to_vec(),
        claim,
    )
    .await
    .map(cbor)
}

/// Takes a claim, or says where it stands.
fn claim(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<RefundRequest>,
) -> Result<Answer<Vec<u8>>, Refused> {
    let (request, now) = (&sealed.request, sealed.now);
    let (row, stands) = heard(center, tx, sealed)?;
    if request.vault != row.mirror.vault {
        return Err(bad_statement());
    }
    if stands == Books::StationWaits {
        return Err(door::reconcile());
    }
    let serial = PieceSerial {
        psd: row.mirror.psd,
        counter: request.counter,
    };
    let standing = match store::find(tx, &identity(serial))? {
        Some(refund) => Standing::of(&refund),
        None => first(center, tx, sealed, serial)?,
    };
    store::told(tx, &identity(serial), standing.state)?;
    let reply = RefundReply {
        version: VERSION,
        vault: request.vault,
        counter: request.counter,
        state: standing.state,
        reason: standing.reason,
        amount: standing.amount,
        final_at: standing.final_at.unwrap_or(now),
        account: account_line(tx, &row)?,
    };
    let reply = sealed.sign(center, ContentType::RefundReply, &reply)?;
    Ok(Answer::Reply(reply))
}

/// A piece can turn up so many days after the date of mailing on it: no certificate that covers the
/// date holds longer, and mail is slow.
pub const TURNS_UP_DAYS: i64 = INDICIUM_CERTIFICATE_DAYS + HOLD_DAYS;

/// Where a claim stands, as its station is told.
struct Standing {
    state: RefundState,
    reason: Option<RefundReason>,
    amount: Mills,
    final_at: Option<UnixSeconds>,
}

impl Standing {
    const fn of(refund: &Refund) -> Self {
        Self {
            state: refund.state,
            reason: refund.reason,
            amount: refund.amount,
            final_at: Some(refund.final_at),
        }
    }

    /// A refusal, which is not stored: the same claim may be made again and is judged anew.
    const fn refused(reason: RefundReason, amount: Mills) -> Self {
        Self {
            state: RefundState::Refused,
            reason: Some(reason),
            amount,
            final_at: None,
        }
    }
}

/// Judges a piece that was never claimed before.
fn first(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    sealed: &Sealed<RefundRequest>,
    serial: PieceSerial,
) -> Result<Standing, Refused> {
    let now = sealed.now;
    // The correction of a date cost nothing: there is nothing to give back.
    let spoiled = |debit: &DebitFact| debit.fate == Some(Fate::Spoiled) && !debit.postage.is_zero();
    let debit = mirror::debit_of(tx, sealed.station, serial.counter)?.filter(spoiled);
    let Some(debit) = debit else {
        return Ok(Standing::refused(RefundReason::NotDebited, Mills::ZERO));
    };
    let station = stations::by_id(tx, sealed.station)?.ok_or_else(bad_statement)?;
    let rules = RulePack::us();
    let since = now.plus_days(-rules.refund_window_days);
    let credited_lately = store::credited_since(tx, station.account, since)?;
    // All that an account has printed is a long sum: most claims do not need it.
    let printed_lately = if rules::rests_on_printing(rules, debit.postage, credited_lately) {
        store::printed_since(tx, station.account, since)?
    } else {
        Mills::ZERO
    };
    let verdict = rules::judge(
        rules,
        &Claim {
            postage: debit.postage,
            printed: debit.date,
            today: civil_date(now),
            is_scanned: store::is_scanned(tx, &identity(serial))?,
            credited_lately,
            printed_lately,
        },
    );
    let (state, reason) = match verdict {
        Verdict::Credit => (RefundState::Provisional, None),
        Verdict::Wait => (RefundState::Claimed, Some(RefundReason::SecondPerson)),
        Verdict::Refuse(reason) => return Ok(Standing::refused(reason, debit.postage)),
    };
    let refund = Refund {
        serial,
        station: station.id,
        amount: debit.postage,
        printed: debit.date,
        final_at: start_of(debit.date).plus_days(rules.refund_final_days),
        state,
        reason,
        claimed: now,
    };
    store::add(tx, &refund)?;
    if state == RefundState::Provisional {
        let user = sealed.station.to_string();
        credit(center.ledger(), tx, &station, &refund, (&user, true, now))?;
    }
    Ok(Standing::of(&refund))
}

/// Credits a claim: refunded → customer. Answers with where the claim stands then.
///
/// # Errors
/// [`LedgerError`]; nothing is written then.
pub(crate) fn credit(
    ledger: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    refund: &Refund,
    (user, instant, now): (&str, bool, UnixSeconds),
) -> Result<(), LedgerError> {
    let transfer = transfer_of(station, refund, user, now);
    ledger.post(tx, &transfer)?;
    debts::settle(ledger, tx, station.account, &transfer)?;
    store::credited(tx, &identity(refund.serial), instant, now)?;
    Ok(())
}

/// Takes a credit back: customer → refunded, and what the customer does not hold is owed.
///
/// # Errors
/// [`LedgerError`]; nothing is written then.
pub(crate) fn reverse(
    ledger: &Ledger,
    tx: &Tx<'_>,
    station: &Station,
    refund: &Refund,
    now: UnixSeconds,
) -> Result<(), LedgerError> {
    let credited = transfer_of(station, refund, "admin", now);
    let transfer = Transfer {
        id: TransferId::derived(TransferKind::RefundReversal, &identity(refund.serial)),
        debit: credited.credit,
        credit: credited.debit,
        kind: TransferKind::RefundReversal,
        ..credited
    };
    debts::take_back(ledger, tx, station.account, &transfer)
}

fn transfer_of(station: &Station, refund: &Refund, user: &str, now: UnixSeconds) -> Transfer {
    let identity = identity(refund.serial);
    Transfer {
        id: TransferId::derived(TransferKind::Refund, &identity),
        debit: LedgerAccount::Refunded(station.vault),
        credit: LedgerAccount::Customer(station.account),
        amount: refund.amount,
        kind: TransferKind::Refund,
        reference: refund.serial.to_string(),
        request_hash: Sha256::digest(identity).into(),
        user: user.to_owned(),
        now,
    }
}

/// Makes credits final whose time has come.
///
/// # Errors
/// [`DbError`].
pub fn upkeep(tx: &Tx<'_>, now: UnixSeconds) -> Result<(), DbError> {
    for station in store::stations_of_ripe(tx, now)? {
        tx.concerns(Concerned::Station(station), ServiceId::Funds);
    }
    tx.execute(
        "UPDATE refund SET state = 'final' WHERE state = 'provisional' AND final_at <= ?1",
        crate::params![now],
    )?;
    Ok(())
}
