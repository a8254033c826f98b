//! The mirror of the stations' journals: what each vault did, proved and replayed.
//!
//! A page of records is taken only when it goes on where the mirror stands, when its tree is the
//! beginning of the one a statement was signed for, and when the vault's own transitions lead from
//! record to record. Where the mirror has caught up with the statement, its registers must be the
//! stated ones. Whatever does not hold is evidence: the page and the statement are both signed.
//!
//! Tables: `mirror`, `station_record`, `station_piece`. All of a page is one commit; a crash
//! before it leaves the mirror where it stood, and the station sends the page again.

mod store;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::merkle::{self, Hash};
use shared::money::Mills;
use shared::services::journal::{MAX_PAGE_BYTES, PageRequest};
use shared::vault::{Action, Fate, Follower, JournalRecord, Registers};

use crate::db::{DbError, Tx};

pub use store::{each_record, find, store};

/// What the accepted statement of a vault said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Journal records.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The registers.
    pub registers: Registers,
    /// The last grant consumed.
    pub last_grant: u64,
}

/// A page that was taken: where the mirror stands now, and what each record said.
#[derive(Debug)]
pub struct Taken {
    /// The follower after the page.
    pub follower: Follower,
    /// The records, read.
    pub records: Vec<JournalRecord>,
}

/// Why a page is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFault {
    /// It does not go on where the mirror stands, or proves to another statement: the station is
    /// told the numbers and sends it again.
    OutOfPlace,
    /// Larger than a page may be.
    TooLong,
    /// The station contradicts what it signed; the reason, as the evidence names it.
    Contradiction(&'static str),
}

/// Holds a page against the accepted statement and follows its records. Pure: nothing is written.
///
/// # Errors
/// See [`PageFault`].
pub fn take(
    follower: &Follower,
    accepted: &Accepted,
    page: &PageRequest,
) -> Result<Taken, PageFault> {
    let count = u64::try_from(page.records.0.len()).unwrap_or(u64::MAX);
    let end = page.from.saturating_add(count);
    if page.from != follower.size() || page.accepted != accepted.size || end > accepted.size {
        return Err(PageFault::OutOfPlace);
    }
    if page.records.0.iter().map(Vec::len).sum::<usize>() > MAX_PAGE_BYTES {
        return Err(PageFault::TooLong);
    }
    let mut tree = follower.frontier().clone();
    for record in &page.records.0 {
        tree.append(merkle::leaf_hash(record))
            .map_err(|_| PageFault::TooLong)?;
    }
    merkle::verify_consistency(
        (end, &tree.root()),
        (accepted.size, &accepted.root),
        &page.consistency.0,
    )
    .map_err(|_| PageFault::Contradiction("journal records that its statement does not cover"))?;
    replay(follower, accepted, page)
}

/// Follows the records through the vault's own transitions.
fn replay(
    follower: &Follower,
    accepted: &Accepted,
    page: &PageRequest,
) -> Result<Taken, PageFault> {
    let contradiction = PageFault::Contradiction;
    let mut follower = follower.clone();
    let mut records = Vec::with_capacity(page.records.0.len());
    for bytes in &page.records.0 {
        let record = follower
            .follow(bytes)
            .map_err(|_| contradiction("journal records that no vault can have written"))?;
        records.push(record);
    }
    let vault = follower.vault();
    if vault.is_some_and(|vault| vault.id() != page.vault) {
        return Err(contradiction("the journal of another vault"));
    }
    let caught_up = follower.size() == accepted.size;
    let agrees = vault.is_some_and(|vault| {
        vault.registers() == accepted.registers && vault.last_grant() == accepted.last_grant
    });
    if caught_up && !agrees && accepted.size > 0 {
        return Err(contradiction(
            "registers that its own journal does not have",
        ));
    }
    Ok(Taken { follower, records })
}

/// A debit that stands in the mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebitFact {
    /// The record's number in the vault's journal.
    pub sequence: u64,
    /// The piece counter; with the PSD number it names the piece.
    pub counter: u32,
    /// What was debited.
    pub postage: Mills,
    /// When, by the vault's own time.
    pub time: UnixSeconds,
    /// The date of mailing printed on the piece.
    pub date: Date,
    /// The day it was booked on.
    pub booked: Date,
    /// Who printed it.
    pub user: String,
    /// What the clerk said last of the piece; nothing when nothing was said.
    pub fate: Option<Fate>,
}

/// The debit of a station's piece, when it is mirrored; nothing for a piece that is not, that was
/// burned, or that never was.
///
/// # Errors
/// [`DbError`].
pub fn debit_of(
    tx: &Tx<'_>,
    station: StationId,
    counter: u32,
) -> Result<Option<DebitFact>, DbError> {
    let mut fact = None;
    for bytes in store::records_of_piece(tx, station, counter)? {
        let unreadable = |_| store::damaged();
        let record = JournalRecord::decode(&bytes).map_err(unreadable)?;
        match record.action().map_err(unreadable)? {
            Action::Debit(piece) => {
                fact = Some(DebitFact {
                    sequence: record.sequence,
                    counter: piece.counter,
                    postage: piece.postage,
                    time: record.time,
                    date: piece.date,
                    booked: piece.booked,
                    user: record.user,
                    fate: None,
                });
            }
            Action::Answer(answer) => {
                if let Some(fact) = &mut fact {
                    fact.fate = Some(answer.fate);
                }
            }
            Action::Enrol(_)
            | Action::Refill(_)
            | Action::Burn(_)
            | Action::Receive(_)
            | Action::Freeze(_)
            | Action::Withdraw(_) => {}
        }
    }
    Ok(fact)
}
