//! Making a page: what a stretch of the journal says of pieces.

use std::collections::HashMap;

use shared::clock::decimal_date;
use shared::ids::VaultId;
use shared::services::statistics::{
    DebitFact, FateFact, PAGE_BYTES, PAGE_FACTS, PieceKind, StatisticsPage, VERSION,
};
use shared::vault::{Action, Debit, JournalRecord};
use shared::wire::to_cbor;

use crate::api::UiError;
use crate::messages::{Code, say};
use crate::store::Store;
use crate::store::pieces::PieceFacts;

/// Journal records read at once.
const RECORDS_AT_ONCE: u64 = 512;

/// The most bytes a fact takes in a page: an array of five numbers.
const FACT_BYTES: usize = 32;

/// What the journal says of pieces from record `from` on, as much as a page holds. Below `looked`
/// there is nothing to tell.
///
/// # Errors
/// `damaged_store` when journal and list of pieces do not fit, and the faults of the store.
pub fn page(
    store: &Store,
    vault: VaultId,
    from: u64,
    looked: u64,
) -> Result<StatisticsPage, UiError> {
    let size = store.mark().journal_size;
    let mut made = Making::begun(vault, from, looked.max(from));
    while made.page.to < size {
        let end = size.min(made.page.to + RECORDS_AT_ONCE);
        for bytes in store.records(made.page.to, end)? {
            let record = JournalRecord::decode(&bytes).map_err(|_| damaged())?;
            if !made.take(store, &record)? {
                return Ok(made.page);
            }
        }
    }
    Ok(made.page)
}

/// The kind of a piece, from what is readable of it.
pub(super) fn kind(facts: &PieceFacts, user: &str) -> PieceKind {
    let priced_by = facts.priced_by.as_ref();
    PieceKind {
        class: facts.class.clone(),
        shape: facts.shape.clone(),
        step: priced_by.map(|by| by.step_nanograms),
        zone: priced_by.and_then(|by| by.zone),
        edition: priced_by.map(|by| by.edition.clone()),
        cost_centre: facts.cost_centre.clone(),
        user: user.to_owned(),
    }
}

pub(super) fn damaged() -> UiError {
    say(
        Code::DamagedStore,
        &[("what", "journal and list of pieces do not fit")],
    )
}

/// A page that grows.
struct Making {
    page: StatisticsPage,
    places: HashMap<PieceKind, u16>,
    bytes: usize,
}

impl Making {
    fn begun(vault: VaultId, from: u64, to: u64) -> Self {
        let page = StatisticsPage {
            version: VERSION,
            vault,
            from,
            to,
            kinds: Vec::new(),
            debits: Vec::new(),
            fates: Vec::new(),
        };
        Self {
            bytes: to_cbor(&page).len() + FACT_BYTES,
            page,
            places: HashMap::new(),
        }
    }

    /// Takes the next record; `false` when the page is full and does not speak of it.
    fn take(&mut self, store: &Store, record: &JournalRecord) -> Result<bool, UiError> {
        if record.sequence != self.page.to {
            return Err(damaged());
        }
        let taken = match record.action().map_err(|_| damaged())? {
            Action::Debit(debit) => self.debit(store, record, &debit)?,
            Action::Answer(answer) => {
                let fact = FateFact {
                    sequence: record.sequence,
                    counter: answer.counter,
                    fate: answer.fate,
                };
                let fits = self.grow(FACT_BYTES);
                if fits {
                    self.page.fates.push(fact);
                }
                fits
            }
            Action::Enrol(_)
            | Action::Refill(_)
            | Action::Burn(_)
            | Action::Receive(_)
            | Action::Freeze(_)
            | Action::Withdraw(_) => true,
        };
        if taken {
            self.page.to += 1;
        }
        Ok(taken)
    }

    fn debit(
        &mut self,
        store: &Store,
        record: &JournalRecord,
        debit: &Debit,
    ) -> Result<bool, UiError> {
        let piece = store.piece(debit.counter)?.ok_or_else(damaged)?;
        let kind = kind(&piece.facts, &record.user);
        let known = self.places.get(&kind).copied();
        let more = known.map_or_else(|| to_cbor(&kind).len(), |_| 0);
        if !self.grow(FACT_BYTES + more) {
            return Ok(false);
        }
        let place = match known {
            Some(place) => place,
            None => {
                let place = u16::try_from(self.page.kinds.len()).map_err(|_| damaged())?;
                self.page.kinds.push(kind.clone());
                self.places.insert(kind, place);
                place
            }
        };
        self.page.debits.push(DebitFact {
            sequence: record.sequence,
            counter: debit.counter,
            postage: debit.postage,
            booked: decimal_date(debit.booked),
            kind: place,
        });
        Ok(true)
    }

    /// Whether so many bytes more still fit, which are counted then.
    fn grow(&mut self, bytes: usize) -> bool {
        let facts = self.page.debits.len() + self.page.fates.len();
        let fits = facts < PAGE_FACTS && self.bytes + bytes <= PAGE_BYTES;
        if fits {
            self.bytes += bytes;
        }
        fits
    }
}
