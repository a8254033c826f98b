//! What the station gives back to a data center that has forgotten (`protocol.md` L).
//!
//! Asked when the data center says `reconcile`, or expects a number it has had before. Level L3,
//! outside of the stream: grants that the data center signed and a statement that the station
//! signs, so that asking again changes nothing. That it is going on is durable before the first
//! byte: a crash goes on asking. It must never send a statement that was made before, because its
//! proof leads from what was forgotten. Tables: `grants`, `secrets`. Tests:
//! `tests/it/restore_and_clones.rs`.

use shared::security::signed::ContentType;
use shared::services::ServiceId;
use shared::services::funds::{RefillRequest, RegisterStatement};
use shared::services::journal::ProofHashes;
use shared::services::reconcile::{
    HeldGrant, MAX_GRANT_BYTES, MAX_GRANTS, ReconcileReply, ReconcileRequest, VERSION,
};
use shared::wire::{from_cbor, to_cbor};
use zeroize::Zeroizing;

use super::sealed::{self, Draft, Intent, Outstanding};
use super::{funds, not_believed, witness};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::crypto;
use crate::messages::{Code, say};
use crate::station::{Owner, STATION_USER, names};

/// What the station knows goes here.
const PATH: &str = "/v1/funds/reconcile";

/// The number of this message among those outside of the stream.
pub(super) const RECONCILE: u8 = 2;

/// The data center is to be told what it has forgotten.
const ASK: &str = "ask";
/// It knows everything again; the refill held back is to be stated anew.
const AGAIN: &str = "again";

/// What the data center knows, as it said last in this contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    accepted: u64,
    last_grant: u64,
}

/// The data center has forgotten: from now on it is told what it no longer knows, before anything
/// else. A statement on its way is given up, because its proof leads from what was forgotten; a
/// refill is held back, to be stated anew.
pub(super) fn forgotten(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let pending = sealed::pending(owner, ServiceId::Funds)?;
    let refill = pending.filter(|intent| intent.kind == funds::REFILL);
    let held = refill.map(|intent| Zeroizing::new(to_cbor(&intent)));
    owner.write("what the data center has forgotten", |tx| {
        tx.put_setting(names::RECONCILE, ASK)?;
        if let Some(held) = &held {
            tx.put_secret(names::HELD_REFILL, held)?;
        }
        sealed::done(tx, ServiceId::Funds)
    })?;
    request(owner).map(Some)
}

/// The data center says that it has forgotten nothing; a refill held back is stated anew.
///
/// # Errors
/// The faults of the store.
pub fn not_needed(owner: &mut Owner) -> Result<(), UiError> {
    let next = if held_back(owner)?.is_some() {
        AGAIN
    } else {
        ""
    };
    owner.write("the data center has forgotten nothing", |tx| {
        Ok(tx.put_setting(names::RECONCILE, next)?)
    })
}

/// What goes before every other request of the service, while something is forgotten.
pub(super) fn next_request(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    match owner.store().setting(names::RECONCILE)?.as_deref() {
        Some(ASK) => request(owner).map(Some),
        Some(_) | None => Ok(None),
    }
}

/// Whether a refill is held back until the data center has shown a head that holds.
pub(super) fn holds_back(owner: &Owner) -> Result<bool, UiError> {
    Ok(owner.store().setting(names::RECONCILE)?.as_deref() == Some(AGAIN))
}

/// The refill that is held back.
///
/// # Errors
/// The faults of the store.
pub(super) fn held_back(owner: &Owner) -> Result<Option<Intent>, UiError> {
    let Some(bytes) = owner.store().secret(names::HELD_REFILL)? else {
        return Ok(None);
    };
    from_cbor(&bytes)
        .map(Some)
        .map_err(|_| say(Code::DamagedStore, &[("what", "a request on its way")]))
}

/// The vault as it stands, the proof from what the data center knows, and the grants after those.
fn request(owner: &mut Owner) -> Result<LinkRequest, UiError> {
    let vault = owner.enrolled()?;
    let known = owner.known().unwrap_or(Known {
        accepted: witness::accepted(owner)?,
        last_grant: vault.last_grant(),
    });
    let mark = owner.store().mark();
    if known.accepted > mark.journal_size {
        return Err(not_believed("the journal it knows"));
    }
    let statement = RegisterStatement::of(vault, mark.root, owner.now(), crypto::random_bytes());
    let consistency = if known.accepted == 0 {
        Vec::new()
    } else {
        owner.store().consistency_proof(known.accepted)?
    };
    let request = ReconcileRequest {
        version: VERSION,
        statement,
        from: known.accepted,
        consistency: ProofHashes(consistency),
        grants: grants_after(owner, known.last_grant)?,
        witness: witness::witness(owner)?,
    };
    let draft = Draft {
        path: PATH,
        kind: RECONCILE,
        content: ReconcileRequest::CONTENT,
        request: &request,
        next_key: None,
        user: STATION_USER,
    };
    let sent = sealed::unnumbered(owner, &draft)?;
    owner.set_known(known);
    owner.set_stated(request.statement);
    Ok(sent)
}

/// The grants after one that the data center knows, as many as fit into one message.
fn grants_after(owner: &Owner, last: u64) -> Result<Vec<HeldGrant>, UiError> {
    let mut bytes = 0_usize;
    let held = owner.store().grants_after(last, MAX_GRANTS)?;
    Ok(held
        .into_iter()
        .take_while(|held| {
            bytes = bytes.saturating_add(held.reply.len() + held.header.len());
            bytes <= MAX_GRANT_BYTES
        })
        .collect())
}

/// Takes what the data center knows now; the receipt says that nothing is missing.
pub(super) fn accept(
    owner: &mut Owner,
    outstanding: &Outstanding,
    reply: &[u8],
) -> Result<(), UiError> {
    let reply: ReconcileReply =
        outstanding.open_reply(owner, ContentType::ReconcileReply, reply)?;
    let now_known = Known {
        accepted: reply.accepted,
        last_grant: reply.last_grant,
    };
    let Some(receipt) = reply.receipt else {
        if reply.lacking.is_some() {
            return Err(say(Code::Reconciling, &[]));
        }
        if owner.known() == Some(now_known) {
            return Err(not_believed("what it knows"));
        }
        owner.set_known(now_known);
        return Ok(());
    };
    let stated = owner.stated().ok_or_else(|| not_believed("its receipt"))?;
    let received = funds::receive(owner.enrolled()?, &stated, &receipt, owner)?;
    let held = held_back(owner)?.is_some();
    owner.commit(&[received], |tx| {
        tx.put_setting(names::ACCEPTED, "0")?;
        Ok(tx.put_setting(names::RECONCILE, if held { AGAIN } else { "" })?)
    })?;
    // A statement follows at once: it shows the head that all this stands in.
    owner.set_acknowledgement_due(true);
    Ok(())
}

/// States the refill that was held back anew, under the next number: the same refill and the same
/// key, with a proof from what the data center knows now. It is written down in the commit that ends
/// the holding back: stated a third time it would only be refused as decided.
pub(super) fn state_anew(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let Some(held) = held_back(owner)? else {
        not_needed(owner)?;
        return Ok(None);
    };
    let old: RefillRequest = funds::read_request(&held)?;
    let (statement, consistency) = funds::statement(owner)?;
    let request = RefillRequest {
        number: statement.last_grant.saturating_add(1),
        statement,
        consistency,
        ..old
    };
    let draft = Draft {
        path: &held.path,
        kind: held.kind,
        content: ContentType::RefillRequest,
        request: &request,
        next_key: held.next_key.clone().map(Zeroizing::new),
        user: &held.user,
    };
    let intent = sealed::intend_and(owner, draft, |tx| {
        tx.put_setting(names::RECONCILE, "")?;
        Ok(tx.delete_secret(names::HELD_REFILL)?)
    })?;
    Ok(Some(intent.outgoing()))
}
