//! Statistics at the station: what was printed is told to the data center, page by page, and can
//! be counted here.
//!
//! Asked by the monitor in every contact in which the journal has a debit or an answer that was
//! not told yet. Level L2: no money moves. What a page says is read from the journal and from the
//! facts that became durable with each debit; nothing is noted apart, so nothing can be forgotten.
//! How far the data center has heard is its own word: a page that is lost is simply told again.
//! Tables: `journal`, `pieces`, `settings`. Tests: `tests/it/statistics.rs`.

mod count;
mod page;

pub use count::{Counted, count};
pub use page::page;

use shared::services::statistics::{PAGES_PATH, StatisticsReply, VERSION};
use shared::wire::{read_message, to_cbor};

use super::{not_believed, not_read};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::messages::{Code, say};
use crate::station::{Owner, names};

/// So many records without a piece are looked through again rather than noted at once.
const NOTED_EVERY: u64 = 1_000;

/// The next page, when there is something to tell.
pub(super) fn next_request(owner: &mut Owner) -> Result<Option<LinkRequest>, UiError> {
    let size = owner.store().mark().journal_size;
    let (next, looked) = (told(owner)?, record(owner, names::STATISTICS_LOOKED)?);
    if owner.vault().is_none() || next.max(looked) >= size {
        return Ok(None);
    }
    let vault = owner.enrolled()?.id();
    let page = page::page(owner.store(), vault, next, looked)?;
    if page.debits.is_empty() && page.fates.is_empty() {
        if size - looked >= NOTED_EVERY {
            put_record(owner, names::STATISTICS_LOOKED, size)?;
        }
        return Ok(None);
    }
    Ok(Some(LinkRequest::Send {
        path: PAGES_PATH.to_owned(),
        body: to_cbor(&page),
    }))
}

/// Notes how far the data center has heard. It may be less than before: a data center restored
/// from a backup is told again.
pub(super) fn accept(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    let reply: StatisticsReply =
        read_message(reply).map_err(|fault| not_read("its form", &fault))?;
    let size = owner.store().mark().journal_size;
    let goes_on = reply.next != told(owner)? && reply.next <= size;
    if reply.version != VERSION || !goes_on {
        return Err(not_believed("how much of the statistics it has"));
    }
    put_record(owner, names::STATISTICS_NEXT, reply.next)
}

/// The first journal record that the data center has not heard of.
///
/// # Errors
/// `damaged_store`, and the faults of the store.
pub fn told(owner: &Owner) -> Result<u64, UiError> {
    record(owner, names::STATISTICS_NEXT)
}

fn record(owner: &Owner, name: &'static str) -> Result<u64, UiError> {
    let damaged = |_| {
        say(
            Code::DamagedStore,
            &[("what", "how far statistics were told")],
        )
    };
    let text = owner.store().setting(name)?;
    text.map_or(Ok(0), |text| text.parse().map_err(damaged))
}

fn put_record(owner: &mut Owner, name: &'static str, record: u64) -> Result<(), UiError> {
    owner.write("how far statistics were told", |tx| {
        Ok(tx.put_setting(name, &record.to_string())?)
    })
}
