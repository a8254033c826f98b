//! Spoiled pieces claimed back at the station (`protocol.md` J).
//!
//! Asked by the funds service once the journal is mirrored as far as the claim needs it. Level L3,
//! outside of the stream: a claim that comes twice is the same claim. It is durable before it is
//! asked, and goes again in every contact until it is answered; the vault is not touched. Tables:
//! `refunds`. Tests: `tests/it/funds_refunds.rs`.

use shared::security::signed::ContentType;
use shared::services::funds::VERSION;
use shared::services::funds::refunds::{
    RefundLine, RefundReason, RefundReply, RefundRequest, RefundState,
};

use super::sealed::{self, Draft, Outstanding};
use super::{funds, mirror, not_believed, withdrawal};
use crate::api::{PieceState, PieceView, RefundCall, RefundView, UiError};
use crate::contact::link::LinkRequest;
use crate::messages::{Code, say};
use crate::station::{Owner, STATION_USER};
use crate::store::Tx;
use crate::store::pieces::PieceRow;
use crate::store::refunds::RefundRow;

/// Claims go here.
const PATH: &str = "/v1/funds/refund";

/// The number of a claim among the messages outside of the stream.
pub(super) const CLAIM: u8 = 3;

/// Whether a claim waits for an answer: the journal must be mirrored then.
pub(super) fn wait(owner: &Owner) -> Result<bool, UiError> {
    Ok(owner.store().unanswered_refund()?.is_some())
}

/// The next claim whose debit and answer the data center has mirrored.
pub(super) fn next_claim(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let mirrored = mirror::mirrored(owner)?;
    let waiting = owner.store().unanswered_refund()?;
    let Some(row) = waiting.filter(|row| row.journal_size <= mirrored) else {
        return Ok(None);
    };
    let request = RefundRequest {
        version: VERSION,
        vault: owner.enrolled()?.id(),
        counter: row.counter,
    };
    let draft = Draft {
        path: PATH,
        kind: CLAIM,
        content: ContentType::RefundRequest,
        request: &request,
        next_key: None,
        user: STATION_USER,
    };
    sealed::unnumbered(owner, &draft).map(Some)
}

/// Takes note of where a claim stands.
pub(super) fn accept(
    owner: &mut Owner,
    outstanding: &Outstanding,
    reply: &[u8],
) -> Result<(), UiError> {
    let reply: RefundReply = outstanding.open_reply(owner, ContentType::RefundReply, reply)?;
    let row = owner.store().refund(reply.counter)?;
    let (Some(row), true) = (row, reply.vault == owner.enrolled()?.id()) else {
        return Err(not_believed("the claim it answers"));
    };
    let (after, now) = (
        RefundRow {
            state: Some(reply.state),
            reason: reply.reason,
            final_at: (reply.state != RefundState::Refused).then_some(reply.final_at),
            ..row
        },
        owner.now(),
    );
    owner.write("where a claim stands", |tx| {
        tx.put_refund(&after, now)?;
        funds::put_account(tx, &reply.account)
    })?;
    tell(owner, reply.counter)
}

/// Takes note of claims that have changed since, in the commit of the receipt that tells them.
pub(super) fn note(
    tx: &mut Tx<'_>,
    lines: &[RefundLine],
    now: shared::clock::UnixSeconds,
) -> Result<(), UiError> {
    for line in lines {
        if let Some(row) = tx.refund(line.counter)? {
            let after = RefundRow {
                state: Some(line.state),
                reason: line.reason,
                ..row
            };
            tx.put_refund(&after, now)?;
        }
    }
    Ok(())
}

/// Tells everybody that something about a piece has changed.
pub(super) fn tell(owner: &Owner, counter: u32) -> Result<(), UiError> {
    if let Some(row) = owner.store().piece(counter)? {
        owner.tell_piece(&row);
    }
    Ok(())
}

/// Writes a claim down, durably, before anything is asked. One that stands already stays; one that
/// was refused is made once more.
///
/// # Errors
/// `unknown_piece`, `refund_not_spoiled`, `vault_withdrawn` because nobody is served after the end,
/// and the faults of the store.
pub fn ask(owner: &mut Owner, call: &RefundCall) -> Result<(), UiError> {
    let piece = owner.piece(&call.serial)?;
    if withdrawal::has_ended(owner) {
        return Err(say(Code::VaultWithdrawn, &[]));
    }
    if piece.state != PieceState::Spoiled {
        let values = [
            ("serial", call.serial.as_str()),
            ("state", piece.state.word()),
        ];
        return Err(say(Code::RefundNotSpoiled, &values));
    }
    if piece.facts.postage.is_zero() {
        return Err(say(Code::NothingToRefund, &[("serial", &call.serial)]));
    }
    let Some(row) = claim(owner, &piece, owner.store().mark().journal_size)? else {
        return Ok(());
    };
    let now = owner.now();
    owner.write("a claim", |tx| Ok(tx.put_refund(&row, now)?))?;
    owner.tell_piece(&piece);
    Ok(())
}

/// The claim of a piece, once the journal holds so many records; nothing for one that cost nothing,
/// whose claim stands already, or whose vault has ended.
///
/// # Errors
/// The faults of the store.
pub(crate) fn claim(
    owner: &Owner,
    piece: &PieceRow,
    journal_size: u64,
) -> Result<Option<RefundRow>, UiError> {
    let earlier = owner.store().refund(piece.counter)?;
    let stands = earlier.is_some_and(|row| row.state != Some(RefundState::Refused));
    if stands || piece.facts.postage.is_zero() || withdrawal::has_ended(owner) {
        return Ok(None);
    }
    Ok(Some(RefundRow {
        counter: piece.counter,
        state: None,
        reason: None,
        journal_size,
        final_at: None,
    }))
}

/// The piece after its claim was asked, or why it was not credited.
///
/// # Errors
/// `refund_refused` with its reason, and `refund_waits` when the data center has not answered.
pub fn answered(owner: &Owner, call: &RefundCall) -> Result<PieceView, UiError> {
    let piece = owner.piece(&call.serial)?;
    let row = owner.store().refund(piece.counter)?;
    match row.map(|row| (row.state, row.reason)) {
        Some((Some(RefundState::Refused), reason)) => Err(say(
            Code::RefundRefused,
            &[("serial", &call.serial), ("reason", why(reason))],
        )),
        Some((None, _)) => Err(say(Code::RefundWaits, &[("serial", &call.serial)])),
        Some((Some(_), _)) | None => owner.piece_view(&piece),
    }
}

/// What a person is shown of a piece's claim.
///
/// # Errors
/// The faults of the store.
pub fn view(owner: &Owner, counter: u32) -> Result<Option<RefundView>, UiError> {
    let row = owner.store().refund(counter)?;
    Ok(row.map(|row| RefundView {
        state: row.state.map_or("asked", RefundState::word).to_owned(),
        message: sentence(&row),
        final_at: row.final_at.map(|at| at.0),
    }))
}

fn sentence(row: &RefundRow) -> String {
    match row.state {
        None => "It is claimed at the next contact.".to_owned(),
        Some(RefundState::Claimed) => {
            "Claimed. It is more than is credited at once: two admins decide.".to_owned()
        }
        Some(RefundState::Provisional) => {
            "Credited to the account for refills; taken back if the piece turns up in the mail."
                .to_owned()
        }
        Some(RefundState::Final) => "Credited to the account for good.".to_owned(),
        Some(RefundState::Reversed) => "Taken back: the piece was seen in the mail.".to_owned(),
        Some(RefundState::Refused) => format!("Not credited: {}.", why(row.reason)),
    }
}

const fn why(reason: Option<RefundReason>) -> &'static str {
    match reason {
        Some(RefundReason::TooLate) => "its claim window has passed",
        Some(RefundReason::Scanned) => "the piece was seen in the mail",
        Some(RefundReason::NotDebited) => {
            "the data center's copy of the journal does not show it as paid and spoiled"
        }
        Some(RefundReason::SecondPerson) => "the admins declined it",
        None => "the data center declined it",
    }
}
