//! Telemetering at the station: refills, renewals, statements (`protocol.md` E, F and G).
//!
//! Asked by the clerk and by the monitor in every contact. Level L3, because it moves money. A
//! refill goes REQUESTED → APPLIED → ACKED: its intent (with the next private key) is durable
//! before the first byte is sent, grant and receipt are applied in one commit, and the statement
//! that follows acknowledges. It never applies a grant that does not follow from this vault and
//! this journal. Tables: `secrets`, `vault`, `journal`, `certificates`. Tests: `tests/it/funds.rs`.

use shared::ids::RefillId;
use shared::indicium::certificate::IndiciumCertificate;
use shared::money::Mills;
use shared::security::signed::ContentType;
use shared::services::ServiceId;
use shared::services::funds::{
    AccountLine, Grant, ProofHashes, Receipt, RefillKind, RefillRefusal, RefillReply,
    RefillRequest, RegisterStatement, SyncReply, SyncRequest, VERSION, possession_input,
};
use shared::services::witness::Witness;
use shared::vault::{Action, KeyTerms, ReceiptTerms, Step, Vault};
use shared::wire::from_cbor;

use super::sealed::{self, Draft, Intent, SignedReply};
use super::witness::Doubt;
use super::{
    Asked, automatic, mirror, not_believed, reconcile, refunds, trust, withdrawal, witness,
};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::crypto::{self, SigningKey};
use crate::messages::{Code, say};
use crate::station::{Decided, Owner, STATION_USER, names};
use crate::store::Tx;
use crate::users;
use crate::vault::credentials::check_chain_among;

/// Refills and renewals go here.
const REFILL_PATH: &str = "/v1/funds/refill";

/// Statements go here.
const SYNC_PATH: &str = "/v1/funds/sync";

/// The number of a refill or renewal among the intents.
pub(super) const REFILL: u8 = 1;

/// The number of a statement among the intents.
const SYNC: u8 = 2;

/// The next request: one that is on its way; else the final statement of a vault that ends; else the
/// refill asked for, unless the one that was on its way had the same amount (the clerk asks again
/// for what was interrupted); else a refill or a renewal that is due by itself; else, once per contact, a statement, which also acknowledges what was applied before;
/// else a page of the journal when records have waited; else a claim for a spoiled piece.
pub(super) fn next_request(
    owner: &mut Owner,
    asked: &Asked,
    round: u32,
) -> Result<Option<LinkRequest>, UiError> {
    if let Some(request) = reconcile::next_request(owner)? {
        return Ok(Some(request));
    }
    if let Some(intent) = sealed::pending(owner, ServiceId::Funds)? {
        return Ok(Some(intent.outgoing()));
    }
    match withdrawal::next(owner, round)? {
        withdrawal::Turn::Mine(request) => return Ok(Some(request)),
        withdrawal::Turn::Over => return Ok(None),
        withdrawal::Turn::Others => {}
    }
    if refunds::wait(owner)? {
        owner.want_mirror();
    }
    // A head in doubt is asked for again before anything is refilled, and so is the first head of
    // a data center that has forgotten.
    let held = reconcile::holds_back(owner)?;
    let shown_first = held || witness::not_in_doubt(owner).is_err();
    if owner.acknowledgement_due() || (round == 0 && shown_first) {
        return request_sync(owner).map(Some);
    }
    if held {
        return reconcile::state_anew(owner);
    }
    let now = owner.now();
    let renewal_due = owner.enrolled()?.renewal_due(now);
    let automatic = automatic::due(owner)?;
    let decided = owner.decided().map(|decided| decided.amount);
    match &asked.refill {
        Some(asked) if decided != Some(asked.amount) => {
            request_refill(owner, RefillKind::Refill, asked.amount, &asked.user).map(Some)
        }
        _ if automatic.is_some() => {
            let amount = automatic.unwrap_or(Mills::ZERO);
            owner.set_refilled_by_itself();
            request_refill(owner, RefillKind::Automatic, amount, STATION_USER).map(Some)
        }
        _ if renewal_due => {
            request_refill(owner, RefillKind::Renewal, Mills::ZERO, STATION_USER).map(Some)
        }
        _ if round == 0 => request_sync(owner).map(Some),
        _ => match mirror::next_page(owner)? {
            Some(page) => Ok(Some(page)),
            None => refunds::next_claim(owner),
        },
    }
}

/// Writes down a refill request with the key of the next grant.
fn request_refill(
    owner: &mut Owner,
    kind: RefillKind,
    amount: Mills,
    user: &str,
) -> Result<LinkRequest, UiError> {
    if kind == RefillKind::Refill && amount.is_zero() {
        return Err(say(Code::RefillOfNothing, &[]));
    }
    witness::not_in_doubt(owner)?;
    let now = owner.now();
    let stopped = |_| say(Code::StationStopped, &[]);
    let (key, pkcs8) = SigningKey::generate().map_err(stopped)?;
    let refill = RefillId::new_v7(now, &crypto::random_bytes());
    let next_key = key.point();
    let possession = key
        .sign(&possession_input(refill, &next_key))
        .map_err(stopped)?;
    let (statement, consistency) = statement(owner)?;
    let number = statement.last_grant.saturating_add(1);
    let request = RefillRequest {
        version: VERSION,
        refill,
        number,
        kind,
        amount,
        statement,
        next_key,
        possession,
        consistency,
    };
    let draft = Draft {
        path: REFILL_PATH,
        kind: REFILL,
        content: ContentType::RefillRequest,
        request: &request,
        next_key: Some(pkcs8),
        user,
    };
    sealed::intend(owner, draft).map(|intent| intent.outgoing())
}

fn request_sync(owner: &mut Owner) -> Result<LinkRequest, UiError> {
    let (statement, consistency) = statement(owner)?;
    let request = SyncRequest {
        version: VERSION,
        statement,
        consistency,
        witness: Some(witness::witness(owner)?),
    };
    let draft = Draft {
        path: SYNC_PATH,
        kind: SYNC,
        content: ContentType::SyncRequest,
        request: &request,
        next_key: None,
        user: STATION_USER,
    };
    sealed::intend(owner, draft).map(|intent| intent.outgoing())
}

/// The vault as it stands, and the proof that its journal goes on from what was accepted last.
pub(super) fn statement(owner: &Owner) -> Result<(RegisterStatement, ProofHashes), UiError> {
    let vault = owner.enrolled()?;
    let root = owner.store().mark().root;
    let nonce = crypto::random_bytes();
    let statement = RegisterStatement::of(vault, root, owner.now(), nonce);
    let accepted = witness::accepted(owner)?;
    let proof = if accepted == 0 {
        Vec::new()
    } else {
        owner.store().consistency_proof(accepted)?
    };
    Ok((statement, ProofHashes(proof)))
}

/// The content type of the service's requests.
pub(super) const fn content(kind: u8) -> ContentType {
    match kind {
        REFILL => ContentType::RefillRequest,
        withdrawal::WITHDRAW => ContentType::WithdrawRequest,
        _ => ContentType::SyncRequest,
    }
}

/// Numbers the request on its way anew. A data center that expects a number it has had before has
/// forgotten: it is told what it no longer knows.
pub(super) fn follow(owner: &mut Owner, expected: u64) -> Result<Option<LinkRequest>, UiError> {
    if sealed::is_past(owner, ServiceId::Funds, expected)? {
        return reconcile::forgotten(owner);
    }
    sealed::follow(owner, ServiceId::Funds, expected, content)
}

/// What goes beside the request on its way: the page of the journal that its statement lets the data
/// center take. Nothing goes beside a refill that somebody waits for.
pub(super) fn beside(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let Some(intent) = sealed::pending(owner, ServiceId::Funds)? else {
        return Ok(None);
    };
    let stated = match intent.kind {
        SYNC => {
            let request: SyncRequest = read_request(&intent)?;
            Some(request.statement.journal_size)
        }
        REFILL => {
            let request: RefillRequest = read_request(&intent)?;
            let is_awaited = request.kind == RefillKind::Refill;
            (!is_awaited).then_some(request.statement.journal_size)
        }
        _ => None,
    };
    match stated {
        Some(stated) => mirror::beside(owner, stated),
        None => Ok(None),
    }
}

/// Takes the reply to what went beside another request.
pub(super) fn accept_beside(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    let Some(page) = owner.take_page() else {
        return Err(not_believed("an answer to nothing"));
    };
    let taken = mirror::accept(owner, &page, reply);
    if matches!(&taken, Err(fault) if fault.code == trust::UNKNOWN) {
        // As with any reply: it is looked at once more.
        owner.set_page(page);
    }
    taken
}

/// Takes the reply to the request on its way.
pub(super) fn accept(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    if let Some(outstanding) = owner.take_outstanding() {
        let taken = match outstanding.kind {
            reconcile::RECONCILE => reconcile::accept(owner, &outstanding, reply),
            refunds::CLAIM => refunds::accept(owner, &outstanding, reply),
            _ => mirror::accept(owner, &outstanding, reply),
        };
        if matches!(&taken, Err(fault) if fault.code == trust::UNKNOWN) {
            // The reply is looked at once more when it is known whom to believe.
            owner.set_outstanding(outstanding);
        }
        return taken;
    }
    let Some(intent) = sealed::pending(owner, ServiceId::Funds)? else {
        return Ok(());
    };
    match intent.kind {
        REFILL => accept_refill(owner, &intent, reply),
        SYNC => accept_sync(owner, &intent, reply),
        withdrawal::WITHDRAW => withdrawal::accept(owner, &intent, reply),
        _ => Err(say(Code::DamagedStore, &[("what", "a request on its way")])),
    }
}

fn accept_sync(owner: &mut Owner, intent: &Intent, reply: &[u8]) -> Result<(), UiError> {
    let request: SyncRequest = read_request(intent)?;
    let reply: SyncReply = intent.open_reply(owner, ContentType::SyncReply, reply)?;
    let received = receive(owner.enrolled()?, &request.statement, &reply.receipt, owner)?;
    let asked = request.witness.unwrap_or_default();
    let witnessed = reply.witnessed.as_ref();
    let checked = match witness::check(owner, &asked, &reply.receipt, witnessed)? {
        Ok(checked) => checked,
        Err(doubt) => return Err(doubted(owner, &doubt, &asked, &reply)),
    };
    let (news, instant) = (reply.refunds.clone().unwrap_or_default(), owner.now());
    let now = instant.0;
    owner.commit(&[received], |tx| {
        put_account(tx, &reply.account)?;
        withdrawal::note_order(tx, reply.withdraw == Some(true))?;
        refunds::note(tx, &news, instant)?;
        users::note_reset(tx, reply.pin_reset.as_ref())?;
        checked.put(tx, &asked, now)?;
        sealed::done(tx, ServiceId::Funds)
    })?;
    for line in &news {
        refunds::tell(owner, line.counter)?;
    }
    owner.set_acknowledgement_due(false);
    mirror::received(owner);
    Ok(())
}

/// Keeps a head in doubt as evidence. What the data center tells once and does not repeat (how
/// claims came out, who may choose a new PIN) rests on its signature, not on the head: it is taken.
fn doubted(owner: &mut Owner, doubt: &Doubt, asked: &Witness, reply: &SyncReply) -> UiError {
    let (news, now) = (reply.refunds.clone().unwrap_or_default(), owner.now());
    let shown = (&reply.receipt, reply.witnessed.as_ref());
    let kept = witness::doubt(owner, doubt, asked, shown, |tx| {
        refunds::note(tx, &news, now)?;
        users::note_reset(tx, reply.pin_reset.as_ref())
    });
    match kept {
        Ok(said) => {
            for line in &news {
                // The page asks for its pieces again in any case when the contact ends.
                drop(refunds::tell(owner, line.counter));
            }
            said
        }
        Err(fault) => fault,
    }
}

/// Applies a grant, or takes note of a refusal; grant and receipt are one commit.
///
/// A crash before it leaves the intent: the same request is sent again and gets the same reply.
fn accept_refill(owner: &mut Owner, intent: &Intent, reply: &[u8]) -> Result<(), UiError> {
    let request: RefillRequest = read_request(intent)?;
    let (reply, signed) =
        intent.open_signed::<RefillReply>(owner, ContentType::RefillReply, reply)?;
    if reply.refill != request.refill {
        return Err(not_believed("the refill it answers"));
    }
    decided(owner, &request, false);
    match (&reply.grant, reply.refusal) {
        (Some(grant), None) => apply_grant(owner, intent, &request, (&reply, &signed), grant),
        (None, Some(refusal)) => {
            let received = receive(owner.enrolled()?, &request.statement, &reply.receipt, owner)?;
            let said = refused(refusal, &request, &reply.account);
            let by_itself = request.kind == RefillKind::Automatic;
            let today = automatic::day_count(owner)?;
            owner.commit(&[received], |tx| {
                put_account(tx, &reply.account)?;
                if by_itself {
                    automatic::refused(tx, today, refusal, &said.message)?;
                }
                witness::put_money_leaf(tx, &reply.leaf)?;
                sealed::done(tx, ServiceId::Funds)
            })?;
            if !by_itself {
                return Err(said);
            }
            // Nobody waits for what the station asked by itself: the status says why it was refused.
            // The statement of this contact is still to be made.
            owner.set_acknowledgement_due(true);
            Ok(())
        }
        (Some(_), Some(_)) | (None, None) => Err(not_believed("its decision")),
    }
}

fn apply_grant(
    owner: &mut Owner,
    intent: &Intent,
    request: &RefillRequest,
    (reply, signed): (&RefillReply, &SignedReply),
    grant: &Grant,
) -> Result<(), UiError> {
    let (certificate, key) = check_grant(owner, request, grant)?;
    let pkcs8 = intent
        .next_key
        .as_deref()
        .ok_or_else(|| not_believed("its key"))?;
    let refilled = owner
        .enrolled()?
        .act(&Action::Refill(grant.terms(key)), owner.now(), &intent.user)
        .map_err(|refusal| owner.refused(refusal, ""))?;
    let received = receive(&refilled.vault, &request.statement, &reply.receipt, owner)?;
    let today = automatic::day_count(owner)?;
    owner.commit(&[refilled, received], |tx| {
        tx.put_certificate(certificate.counter(), &grant.certificate)?;
        tx.put_grant(grant.number, &signed.message, &signed.header)?;
        witness::put_money_leaf(tx, &reply.leaf)?;
        // The old key is overwritten in the commit that moves its value under the new one.
        tx.put_secret(names::INDICIUM_KEY, pkcs8)?;
        if request.kind == RefillKind::Automatic {
            automatic::count(tx, today, request.amount)?;
        }
        put_account(tx, &reply.account)?;
        sealed::done(tx, ServiceId::Funds)
    })?;
    decided(owner, request, true);
    owner.set_acknowledgement_due(true);
    Ok(())
}

/// Notes how a refill that somebody asked for was decided; what the station asks for by itself
/// nobody waits for.
fn decided(owner: &mut Owner, request: &RefillRequest, granted: bool) {
    if request.kind == RefillKind::Refill {
        owner.set_decided(Decided {
            refill: request.refill,
            amount: request.amount,
            granted,
        });
    }
}

/// The amount of the refill that somebody asked for and that is on its way, or held back until the
/// data center has its books together.
///
/// # Errors
/// The faults of the store.
pub fn on_its_way(owner: &Owner) -> Result<Option<Mills>, UiError> {
    let pending = sealed::pending(owner, ServiceId::Funds)?;
    let pending = match pending.filter(|intent| intent.kind == REFILL) {
        Some(intent) => Some(intent),
        None => reconcile::held_back(owner)?,
    };
    let Some(intent) = pending else {
        return Ok(None);
    };
    let request: RefillRequest = read_request(&intent)?;
    Ok((request.kind == RefillKind::Refill).then_some(request.amount))
}

/// Holds a grant against the request, the certificate chain and the station's own journal.
fn check_grant(
    owner: &Owner,
    request: &RefillRequest,
    grant: &Grant,
) -> Result<(IndiciumCertificate, KeyTerms), UiError> {
    let vault = owner.enrolled()?;
    let asked = grant.version == VERSION
        && grant.vault == vault.id()
        && grant.refill == request.refill
        && grant.amount == request.amount
        && grant.number == request.number;
    if !asked {
        return Err(not_believed("the grant"));
    }
    if grant.base_size > vault.journal_size()
        || owner.store().root_at(grant.base_size)? != grant.base_root
    {
        return Err(not_believed("the journal the grant rests on"));
    }
    let root = owner.certificate_setting(names::ROOT)?;
    let chain = check_chain_among(&grant.certificate, &trust::authorities(owner)?, &root)
        .ok_or_else(trust::unknown)?;
    let certificate = chain.certificate().clone();
    let terms = &certificate.terms;
    let fits = certificate.public_key == request.next_key.0
        && terms.psd == vault.psd()
        && terms.grant == grant.number
        && terms.control_total == grant.control_total_new
        && terms.from == grant.ascending_base
        && terms.max == grant.max_piece;
    if !fits {
        return Err(not_believed("the terms of the grant's certificate"));
    }
    let key = KeyTerms {
        certificate: certificate.counter(),
        from: certificate.not_before,
        until: certificate.not_after,
    };
    Ok((certificate, key))
}

/// The transition of a receipt, when it answers this statement.
pub(super) fn receive(
    vault: &Vault,
    statement: &RegisterStatement,
    receipt: &Receipt,
    owner: &Owner,
) -> Result<Step, UiError> {
    let answers = receipt.version == VERSION
        && receipt.vault == statement.vault
        && receipt.nonce == statement.nonce
        && receipt.accepted_size == statement.journal_size
        && receipt.accepted_root == statement.journal_root;
    if !answers {
        return Err(not_believed("its receipt"));
    }
    let terms = ReceiptTerms {
        now: receipt.now,
        warn_at: receipt.warn_at,
        lock_at: receipt.lock_at,
        accepted_size: receipt.accepted_size,
    };
    vault
        .act(&Action::Receive(terms), owner.now(), STATION_USER)
        .map_err(|refusal| owner.refused(refusal, ""))
}

pub(super) fn put_account(tx: &mut Tx<'_>, account: &AccountLine) -> Result<(), UiError> {
    tx.put_setting(names::ACCOUNT, &account.name)?;
    tx.put_setting(names::AVAILABLE, &account.available.mills().to_string())?;
    Ok(())
}

pub(super) fn read_request<Q: for<'b> minicbor::Decode<'b, ()>>(
    intent: &Intent,
) -> Result<Q, UiError> {
    from_cbor(&intent.request)
        .map_err(|_| say(Code::DamagedStore, &[("what", "a request on its way")]))
}

/// A refusal of the data center as the clerk reads it.
fn refused(refusal: RefillRefusal, request: &RefillRequest, account: &AccountLine) -> UiError {
    let amount = request.amount.to_string();
    let available = account.available.to_string();
    let values = [
        ("amount", amount.as_str()),
        ("available", &available),
        ("account", &account.name),
    ];
    let code = match refusal {
        RefillRefusal::InsufficientFunds => Code::AccountInsufficient,
        RefillRefusal::AccountLocked => Code::AccountLocked,
        RefillRefusal::StationLocked => Code::StationLocked,
        RefillRefusal::TooMuchValue => Code::TooMuchValue,
        RefillRefusal::WrongStatement => Code::WrongStatement,
        RefillRefusal::WrongAmount => Code::RefillOfNothing,
        RefillRefusal::Reconcile => Code::Reconciling,
        RefillRefusal::Busy => Code::CenterBusy,
        RefillRefusal::NotAutomatic => Code::NotAutomatic,
        RefillRefusal::DailyCap => Code::DailyCap,
    };
    say(code, &values)
}
