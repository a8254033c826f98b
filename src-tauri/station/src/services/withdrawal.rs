//! The end of this station's vault (`protocol.md` J): ordered by an admin, or by the installer here.
//!
//! Asked by the funds service in every contact. Level L3. First the data center must be there (a
//! statement was answered in this contact) and get what it still lacks of journal and claims; then, in one commit, the vault ends and the key of its
//! value is destroyed; then the final statement goes, again and again until it is answered. A crash
//! between the two leaves an ended vault that still has to state its end. Tables: `vault`,
//! `journal`, `secrets`, `settings`. Tests: `tests/it/funds_withdrawn.rs`.

use serde::{Deserialize, Serialize};
use shared::money::Mills;
use shared::security::signed::ContentType;
use shared::services::ServiceId;
use shared::services::funds::VERSION;
use shared::services::funds::withdrawal::{WithdrawReply, WithdrawRequest};
use shared::vault::{Action, VaultState, Withdrawal};

use super::sealed::{self, Draft, Intent};
use super::{funds, mirror, not_believed, refunds};
use crate::api::{UiError, WithdrawalView};
use crate::contact::link::LinkRequest;
use crate::messages::{Code, say};
use crate::station::{CLERK_USER, Owner, STATION_USER, names};

/// Final statements go here.
const PATH: &str = "/v1/funds/withdraw";

/// The number of a final statement among the intents.
pub(super) const WITHDRAW: u8 = 3;

/// Who ordered the end, as the setting says; empty when nobody did.
const BY_ADMIN: &str = "admin";
const BY_CLERK: &str = "clerk";

/// Whose turn it is in the funds service.
#[derive(Debug)]
pub(super) enum Turn {
    /// The vault lives: everything else goes on.
    Others,
    /// The final statement goes.
    Mine(LinkRequest),
    /// The vault has ended and said so: there is nothing more to ask.
    Over,
}

/// What the data center made of the value, as it lies in the settings; mills and Unix seconds.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    credited: Mills,
    held: Mills,
    hold_until: Option<i64>,
}

/// Whose turn it is; ends the vault when that was ordered and the data center is there.
pub(super) fn next(owner: &mut Owner, round: u32) -> Result<Turn, UiError> {
    match owner.enrolled()?.state(owner.now()) {
        VaultState::Withdrawn if setting(owner, names::WITHDRAWAL)?.is_some() => {
            return Ok(Turn::Over);
        }
        VaultState::Withdrawn => {}
        VaultState::Frozen => return Ok(Turn::Others),
        VaultState::New | VaultState::Active | VaultState::Warned | VaultState::Locked => {
            let ordered = setting(owner, names::WITHDRAWAL_ORDERED)?;
            match ordered.filter(|_| round > 0) {
                None => return Ok(Turn::Others),
                Some(by) => {
                    if let Some(request) = before_the_end(owner)? {
                        return Ok(Turn::Mine(request));
                    }
                    end(owner, &by)?;
                }
            }
        }
    }
    final_statement(owner).map(Turn::Mine)
}

/// What the data center should have before the vault ends, because nobody is served after it: the
/// journal as far as it was stated, and claims that wait.
fn before_the_end(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    owner.want_mirror();
    match mirror::next_page(owner)? {
        Some(page) => Ok(Some(page)),
        None => refunds::next_claim(owner),
    }
}

/// Whether this station's vault has ended.
#[must_use]
pub fn has_ended(owner: &Owner) -> bool {
    owner
        .vault()
        .is_some_and(|vault| vault.state(owner.now()) == VaultState::Withdrawn)
}

/// Whether a service still tells something after the vault's end: the end itself, with the certificate
/// that opens the line for it, and the last pieces.
///
/// # Errors
/// The faults of the store.
pub(super) fn still_tells(owner: &Owner, service: ServiceId) -> Result<bool, UiError> {
    match service {
        ServiceId::Funds | ServiceId::Statistics => Ok(true),
        ServiceId::Keys => Ok(setting(owner, names::WITHDRAWAL)?.is_none()),
        ServiceId::Rates | ServiceId::Accounts | ServiceId::Software => Ok(false),
    }
}

/// Ends the vault and destroys its key, in one commit; the log is emptied so that the key does not
/// stay readable there.
fn end(owner: &mut Owner, by: &str) -> Result<(), UiError> {
    let returned = owner.enrolled()?.registers().descending();
    let user = if by == BY_CLERK {
        CLERK_USER
    } else {
        STATION_USER
    };
    let action = Action::Withdraw(Withdrawal { returned });
    owner.act(&action, user, |tx, _| {
        tx.delete_secret(names::INDICIUM_KEY)?;
        tx.put_setting(names::WITHDRAWAL_RETURNED, &returned.mills().to_string())?;
        Ok(())
    })?;
    if !owner.store().truncate_log()? {
        // Somebody reads the database; the log is emptied when the program ends.
        tracing::warn!("the log that held the ended vault's key could not be emptied yet");
    }
    Ok(())
}

fn final_statement(owner: &mut Owner) -> Result<LinkRequest, UiError> {
    let (statement, consistency) = funds::statement(owner)?;
    let request = WithdrawRequest {
        version: VERSION,
        statement,
        consistency,
    };
    let draft = Draft {
        path: PATH,
        kind: WITHDRAW,
        content: ContentType::WithdrawRequest,
        request: &request,
        next_key: None,
        user: STATION_USER,
    };
    sealed::intend(owner, draft).map(|intent| intent.outgoing())
}

/// Takes note of what became of the value.
pub(super) fn accept(owner: &mut Owner, intent: &Intent, reply: &[u8]) -> Result<(), UiError> {
    let request: WithdrawRequest = funds::read_request(intent)?;
    let reply: WithdrawReply = intent.open_reply(owner, ContentType::WithdrawReply, reply)?;
    let answers = reply.version == VERSION
        && reply.vault == request.statement.vault
        && reply.nonce == request.statement.nonce
        && Some(reply.returned) == returned(owner)?
        && reply.credited <= reply.returned;
    if !answers {
        return Err(not_believed("what became of the vault's value"));
    }
    let outcome = Outcome {
        credited: reply.credited,
        held: reply.held,
        hold_until: reply.hold_until.map(|until| until.0),
    };
    let text = serde_json::to_string(&outcome).map_err(|_| damaged())?;
    owner.write("the end of the vault", |tx| {
        tx.put_setting(names::WITHDRAWAL, &text)?;
        funds::put_account(tx, &reply.account)?;
        sealed::done(tx, ServiceId::Funds)
    })
}

/// Notes what a receipt said about the vault's end. An order of the clerk stands beside it.
pub(super) fn note_order(tx: &mut crate::store::Tx<'_>, ordered: bool) -> Result<(), UiError> {
    let before = tx.setting(names::WITHDRAWAL_ORDERED)?.unwrap_or_default();
    let after = match (ordered, before.as_str()) {
        (true, "") => BY_ADMIN,
        (false, BY_ADMIN) => "",
        (true | false, _) => return Ok(()),
    };
    Ok(tx.put_setting(names::WITHDRAWAL_ORDERED, after)?)
}

/// Writes down that the person at this station wants its vault to end. `station` must be the PSD
/// number, so that nobody ends the wrong one.
///
/// # Errors
/// `withdraw_other`, `vault_frozen`, `vault_withdrawn`, and the faults of the store.
pub fn order(owner: &mut Owner, station: &str) -> Result<(), UiError> {
    let vault = owner.enrolled()?;
    let own = vault.psd().to_string();
    if station.trim() != own {
        return Err(say(Code::WithdrawOther, &[("station", &own)]));
    }
    match vault.state(owner.now()) {
        VaultState::Frozen => {
            return Err(say(Code::VaultFrozen, &[("support", &owner.support())]));
        }
        VaultState::Withdrawn => return Err(say(Code::VaultWithdrawn, &[])),
        VaultState::New | VaultState::Active | VaultState::Warned | VaultState::Locked => {}
    }
    owner.write("an order to end the vault", |tx| {
        Ok(tx.put_setting(names::WITHDRAWAL_ORDERED, BY_CLERK)?)
    })
}

/// Forgets an order given here when the vault has not ended: the data center was not there, and
/// nobody shall be surprised later.
///
/// # Errors
/// The faults of the store.
pub fn drop_order(owner: &mut Owner) -> Result<(), UiError> {
    let ended = owner.enrolled()?.state(owner.now()) == VaultState::Withdrawn;
    if ended || setting(owner, names::WITHDRAWAL_ORDERED)?.as_deref() != Some(BY_CLERK) {
        return Ok(());
    }
    owner.write("an order to end the vault", |tx| {
        Ok(tx.put_setting(names::WITHDRAWAL_ORDERED, "")?)
    })
}

/// What is known of the vault's end; nothing while nobody ordered it.
///
/// # Errors
/// The faults of the store.
pub fn view(owner: &Owner) -> Result<Option<WithdrawalView>, UiError> {
    let returned = returned(owner)?;
    if returned.is_none() && setting(owner, names::WITHDRAWAL_ORDERED)?.is_none() {
        return Ok(None);
    }
    let outcome: Option<Outcome> = setting(owner, names::WITHDRAWAL)?
        .map(|text| serde_json::from_str(&text).map_err(|_| damaged()))
        .transpose()?;
    Ok(Some(WithdrawalView {
        stated: outcome.is_some(),
        returned_mills: returned.map(Mills::mills),
        credited_mills: outcome.as_ref().map(|outcome| outcome.credited.mills()),
        held_mills: outcome.as_ref().map(|outcome| outcome.held.mills()),
        hold_until: outcome.and_then(|outcome| outcome.hold_until),
    }))
}

/// What the vault gave back when it ended.
fn returned(owner: &Owner) -> Result<Option<Mills>, UiError> {
    let Some(text) = setting(owner, names::WITHDRAWAL_RETURNED)? else {
        return Ok(None);
    };
    let mills = text.parse().ok().and_then(|mills| Mills::new(mills).ok());
    mills.map(Some).ok_or_else(damaged)
}

fn setting(owner: &Owner, name: &str) -> Result<Option<String>, UiError> {
    let text = owner.store().setting(name)?;
    Ok(text.filter(|text| !text.is_empty()))
}

fn damaged() -> UiError {
    say(Code::DamagedStore, &[("what", "the end of the vault")])
}
