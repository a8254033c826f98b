//! Postal account management at the station: the account's tree comes in, what was printed for
//! each cost centre goes out.
//!
//! Asked by the monitor when the account has changed or there is something to report. Level L2:
//! nothing of it moves value. What is reported are
//! sums since the first piece, so a report that is said twice changes nothing; what the data center
//! has taken is written down with its answer, so a lost answer is a report that is said again.
//! Tables: `account_nodes`, `centre_spending`, `spent_elsewhere`, `budget_overrides`.
//! Tests: `tests/it/accounts.rs`.

use shared::services::ServiceId;
use shared::services::accounts::{
    AccountsReply, AccountsRequest, CHANGES_MAX, OVERRIDES_MAX, USAGE_MAX, VERSION,
};
use shared::wire::{read_message, to_cbor};

use super::{not_believed, not_read};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::station::{Owner, names};

/// Reports go here, changes come from here.
const SYNC: &str = "/v1/accounts/sync";

/// How far the exchange of this contact is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exchange {
    /// The journal number up to which the request on its way reports.
    sent: u64,
    /// Whether there is more to ask or to tell.
    more: bool,
    /// Whether everything was told anew in this contact, because the data center knew too little.
    told_anew: bool,
}

/// When the data center has another version of the account or there is something to report, and
/// again while either side has more.
pub(super) fn next_request(owner: &mut Owner, round: u32) -> Result<Option<LinkRequest>, UiError> {
    let is_due = owner.take_due(ServiceId::Accounts);
    let begins = round == 0 || is_due;
    if begins {
        *owner.accounts_exchange() = Exchange::default();
    } else if !owner.accounts_exchange().more {
        return Ok(None);
    }
    owner.enrolled()?;
    let reported = number(owner, names::USAGE_REPORTED)?;
    let unreported = owner.store().unreported(reported, USAGE_MAX)?;
    let upto = unreported.last().map_or(reported, |one| one.changed);
    let known_override = number(owner, names::OVERRIDES_REPORTED)?;
    let known_override = u32::try_from(known_override).unwrap_or(u32::MAX);
    let request = AccountsRequest {
        version: VERSION,
        known: number(owner, names::ACCOUNT_VERSION)?,
        usage: unreported.into_iter().map(|one| one.usage).collect(),
        upto,
        overrides: owner.store().overrides(known_override, OVERRIDES_MAX)?,
    };
    if begins && !is_due && request.usage.is_empty() && request.overrides.is_empty() {
        return Ok(None);
    }
    owner.accounts_exchange().sent = upto;
    Ok(Some(LinkRequest::Send {
        path: SYNC.to_owned(),
        body: to_cbor(&request),
    }))
}

/// Takes the changes, and notes what the data center has taken, in one commit.
pub(super) fn accept(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    let reply: AccountsReply =
        read_message(reply).map_err(|fault| not_read("the account's tree", &fault))?;
    let too_long = reply.nodes.len() > CHANGES_MAX || reply.elsewhere.len() > CHANGES_MAX;
    if reply.version != VERSION || too_long {
        return Err(not_believed("the account's tree"));
    }
    let Exchange {
        sent, told_anew, ..
    } = *owner.accounts_exchange();
    let taken = reply.taken.min(sent);
    owner.write("the account's tree", |tx| {
        if reply.anew {
            tx.forget_account()?;
        }
        for node in &reply.nodes {
            tx.put_node(node)?;
        }
        for usage in &reply.elsewhere {
            tx.put_elsewhere(usage)?;
        }
        tx.put_setting(names::ACCOUNT_VERSION, &reply.account_version.to_string())?;
        tx.put_setting(names::USAGE_REPORTED, &taken.to_string())?;
        tx.put_setting(names::OVERRIDES_REPORTED, &reply.overrides.to_string())?;
        Ok(())
    })?;
    let mut more = reply.more
        || !owner.store().unreported(taken, 1)?.is_empty()
        || !owner.store().overrides(reply.overrides, 1)?.is_empty();
    let mut anew = told_anew;
    if !more && !told_anew && reply.pieces < owner.store().booked()?.0 {
        // The data center was restored from a backup and has lost reports that it once took.
        owner.write("telling what was spent anew", |tx| {
            Ok(tx.put_setting(names::USAGE_REPORTED, "0")?)
        })?;
        (more, anew) = (true, true);
    }
    let exchange = owner.accounts_exchange();
    (exchange.more, exchange.told_anew) = (more, anew);
    Ok(())
}

/// A number among the settings; 0 when there is none.
fn number(owner: &Owner, name: &str) -> Result<u64, UiError> {
    let text = owner.store().setting(name)?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}
