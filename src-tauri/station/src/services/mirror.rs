//! The journal's way to the data center, page by page (`protocol.md` H).
//!
//! Asked by the funds service in every contact, after the statement or beside it. Level L3, because a page that
//! does not hold freezes the station. The data center says where its mirror stands and is believed
//! in that alone; nothing here changes the vault. Tables: `journal`. Tests: `tests/it/mirror.rs`.

use shared::clock::UnixSeconds;
use shared::security::signed::ContentType;
use shared::services::journal::{
    MAX_PAGE_BYTES, MAX_PAGE_RECORDS, PageReply, PageRequest, ProofHashes, Records, VERSION,
};
use shared::vault::JournalRecord;

use super::not_believed;
use super::sealed::{self, Draft, Outstanding};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::messages::{Code, say};
use crate::station::{Owner, STATION_USER, names};

/// Pages go here.
const PATH: &str = "/v1/funds/journal";

/// The number of a page among the messages outside of the stream.
pub(super) const PAGE: u8 = 1;

/// So many waiting records are a page worth sending.
const WORTH_A_PAGE: u64 = 32;

/// A record that waits longer is sent in the next contact, however few wait with it. Well below
/// [`shared::services::journal::BACKLOG_DAYS`], so that a contact or two may fail.
const WAIT_DAYS: i64 = 1;

/// How the journal's pages fare in one contact. Nothing of it needs to survive.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pages {
    /// Somebody needs the newest records mirrored now.
    wanted: bool,
    /// Pages have begun to go: the rest of the records that there were then follows, up to this size.
    up_to: u64,
    /// The last page brought nothing forward: no more in this contact.
    stalled: bool,
    /// The accepted size the data center knows, when it differs from the last receipt's.
    accepted: Option<u64>,
}

impl Owner {
    /// Asks for every record that can be mirrored to go in this contact, for example because a
    /// refund needs its debit in the mirror.
    pub const fn want_mirror(&mut self) {
        self.pages().wanted = true;
    }
}

/// Notes that a receipt has come: it says what is accepted now.
pub(super) const fn received(owner: &mut Owner) {
    owner.pages().accepted = None;
}

/// How many records the data center has mirrored, as it said last.
///
/// # Errors
/// The faults of the store.
pub fn mirrored(owner: &Owner) -> Result<u64, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the mirror's size")]);
    match owner.store().setting(names::MIRRORED)? {
        Some(text) => text.parse().map_err(|_| damaged()),
        None => Ok(0),
    }
}

/// The next page, when records have waited long enough or enough of them wait.
pub(super) fn next_page(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let known = owner.pages().accepted;
    let receipt = owner.enrolled()?.receipt();
    let accepted = known
        .or_else(|| receipt.map(|receipt| receipt.accepted_size))
        .unwrap_or(0);
    let Some(from) = due(owner, accepted)? else {
        return Ok(None);
    };
    let request = page(owner, from, accepted)?;
    sealed::unnumbered(owner, &draft(&request)).map(Some)
}

/// The page that goes beside the statement on its way, which says that the journal has `stated`
/// records: the data center has accepted them by the time it looks at the page. One that comes before
/// brings nothing forward and goes again.
pub(super) fn beside(owner: &mut Owner, stated: u64) -> Result<Option<LinkRequest>, UiError> {
    let Some(from) = due(owner, stated)? else {
        return Ok(None);
    };
    let request = page(owner, from, stated)?;
    let (request, outstanding) = sealed::unnumbered_apart(owner, &draft(&request))?;
    owner.set_page(outstanding);
    Ok(Some(request))
}

/// The first record of the page that is due, when the data center accepts so many.
fn due(owner: &mut Owner, accepted: u64) -> Result<Option<u64>, UiError> {
    let pages = *owner.pages();
    let from = mirrored(owner)?;
    // One page after the other: where the next begins the reply to the last one says.
    if owner.has_page()
        || pages.stalled
        || from >= accepted
        || accepted > owner.store().mark().journal_size
    {
        return Ok(None);
    }
    let waits = accepted.saturating_sub(from) >= WORTH_A_PAGE;
    let is_due = pages.wanted || from < pages.up_to || waits;
    if !is_due && waits_since(owner, from)? > owner.now().plus_days(-WAIT_DAYS) {
        return Ok(None);
    }
    let pages = owner.pages();
    pages.up_to = pages.up_to.max(accepted);
    Ok(Some(from))
}

/// When the oldest record that waits was written.
fn waits_since(owner: &Owner, from: u64) -> Result<UnixSeconds, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "a journal record")]);
    let oldest = owner.store().records(from, from.saturating_add(1))?;
    let oldest = oldest.first().ok_or_else(damaged)?;
    let record = JournalRecord::decode(oldest).map_err(|_| damaged())?;
    Ok(record.time)
}

/// The page from record `from` on, proved to be the beginning of the `accepted` records.
fn page(owner: &Owner, from: u64, accepted: u64) -> Result<PageRequest, UiError> {
    let most = u64::try_from(MAX_PAGE_RECORDS).unwrap_or(u64::MAX);
    let to = accepted.min(from.saturating_add(most));
    let mut records = owner.store().records(from, to)?;
    let mut bytes = 0_usize;
    let fitting = records
        .iter()
        .take_while(|record| {
            bytes = bytes.saturating_add(record.len());
            bytes <= MAX_PAGE_BYTES
        })
        .count();
    records.truncate(fitting);
    let end = from.saturating_add(u64::try_from(fitting).unwrap_or(0));
    let consistency = owner.store().consistency_between(end, accepted)?;
    Ok(PageRequest {
        version: VERSION,
        vault: owner.enrolled()?.id(),
        from,
        records: Records(records),
        accepted,
        consistency: ProofHashes(consistency),
    })
}

const fn draft(request: &PageRequest) -> Draft<'_, PageRequest> {
    Draft {
        path: PATH,
        kind: PAGE,
        content: PageRequest::CONTENT,
        request,
        next_key: None,
        user: STATION_USER,
    }
}

/// Notes where the mirror stands now: from there the next page goes on.
pub(super) fn accept(
    owner: &mut Owner,
    outstanding: &Outstanding,
    reply: &[u8],
) -> Result<(), UiError> {
    let reply: PageReply = outstanding.open_reply(owner, ContentType::JournalPageReply, reply)?;
    if reply.version != VERSION || reply.mirrored > reply.accepted {
        return Err(not_believed("where the mirror stands"));
    }
    let before = mirrored(owner)?;
    let earlier = owner.pages().accepted;
    let pages = owner.pages();
    // The data center's word moves the cursor, also back: it may have been restored. But a contact
    // that brings nothing forward ends its pages, so that no two numbers are argued over for ever.
    pages.stalled = reply.mirrored <= before && earlier == Some(reply.accepted);
    pages.accepted = Some(reply.accepted);
    owner.write("where the mirror stands", |tx| {
        Ok(tx.put_setting(names::MIRRORED, &reply.mirrored.to_string())?)
    })
}
