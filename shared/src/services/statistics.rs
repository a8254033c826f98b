//! Statistics: what was printed, by day, class, shape, weight step, zone, edition, cost centre and
//! user, and what became of it.
//!
//! Asked by the monitor in every contact in which pieces were paid for or answered about. Level
//! L2: no money moves, but whose mail it is concerns nobody else. A page says what the journal
//! records between two sequence numbers were about; the data center answers with the number it
//! wants next. So a page that is lost is sent again, and one that arrives twice changes nothing.
//! It never carries a destination or an addressee.

use minicbor::{Decode, Encode};

use super::{Request, ServiceId};
use crate::clock::date_of_decimal;
use crate::ids::VaultId;
use crate::money::Mills;
use crate::security::Level;
use crate::vault::Fate;

/// The layout version of every message here.
pub const VERSION: u8 = 1;

/// Where pages are sent.
pub const PAGES_PATH: &str = "/v1/statistics/pieces";

/// The most pieces and answers of one page: a bound on the work of taking it.
pub const PAGE_FACTS: usize = 1_024;

/// A page that is longer, in bytes, is sent as several: 16 KiB is the most a message may have.
pub const PAGE_BYTES: usize = 14 * 1_024;

/// The longest word or name of a kind, bytes: 64 characters of a cost centre.
pub const TEXT_BYTES: usize = 256;

/// What pieces have in common that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(map)]
pub struct PieceKind {
    /// Mail class.
    #[n(1)]
    pub class: String,
    /// Shape.
    #[n(2)]
    pub shape: String,
    /// The weight step that was paid for: its upper limit, nanograms.
    #[n(3)]
    pub step: Option<u64>,
    /// The zone, for zoned classes.
    #[n(4)]
    pub zone: Option<u8>,
    /// The rate edition.
    #[n(5)]
    pub edition: Option<String>,
    /// The cost centre.
    #[n(6)]
    pub cost_centre: Option<String>,
    /// Who printed it.
    #[n(7)]
    pub user: String,
}

/// A piece that was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DebitFact {
    /// The number of its debit's journal record.
    #[n(0)]
    pub sequence: u64,
    /// Its piece counter.
    #[n(1)]
    pub counter: u32,
    /// What was debited.
    #[n(2)]
    pub postage: Mills,
    /// The day it is booked on, decimal YYYYMMDD.
    #[n(3)]
    pub booked: u32,
    /// Its kind: a place in the page's list.
    #[n(4)]
    pub kind: u16,
}

/// What somebody said became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct FateFact {
    /// The number of the answer's journal record.
    #[n(0)]
    pub sequence: u64,
    /// The piece counter.
    #[n(1)]
    pub counter: u32,
    /// What became of it.
    #[n(2)]
    pub fate: Fate,
}

/// What the journal records `from..to` say of pieces.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StatisticsPage {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// Whose journal it is.
    #[n(2)]
    pub vault: VaultId,
    /// The first record the page speaks of.
    #[n(3)]
    pub from: u64,
    /// The first record it does not speak of any more.
    #[n(4)]
    pub to: u64,
    /// The kinds of its pieces.
    #[n(5)]
    pub kinds: Vec<PieceKind>,
    /// The pieces, in the order of their records.
    #[n(6)]
    pub debits: Vec<DebitFact>,
    /// The answers, in the order of their records.
    #[n(7)]
    pub fates: Vec<FateFact>,
}

/// The data center's answer to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StatisticsReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The record it wants to hear of next.
    #[n(2)]
    pub next: u64,
}

impl StatisticsPage {
    /// Mutually authenticated: what a station prints is its own business.
    pub const LEVEL: Level = Level::L2;

    /// Whether the page is one that a sound station makes.
    ///
    /// # Errors
    /// [`PageFault`], the first thing that is wrong.
    pub fn check(&self) -> Result<(), PageFault> {
        if self.version != VERSION {
            return Err(PageFault::Version);
        }
        if self.to <= self.from || self.debits.len() + self.fates.len() > PAGE_FACTS {
            return Err(PageFault::Range);
        }
        let debits = self.debits.iter().map(|fact| fact.sequence);
        let fates = self.fates.iter().map(|fact| fact.sequence);
        if !(self.in_order(debits) && self.in_order(fates)) {
            return Err(PageFault::Order);
        }
        let is_known = |fact: &DebitFact| usize::from(fact.kind) < self.kinds.len();
        if !self.debits.iter().all(is_known) || self.kinds.len() > self.debits.len() {
            return Err(PageFault::Kind);
        }
        if !self.kinds.iter().all(PieceKind::is_short) {
            return Err(PageFault::Text);
        }
        let is_day = |fact: &DebitFact| date_of_decimal(fact.booked).is_some();
        if !self.debits.iter().all(is_day) {
            return Err(PageFault::Day);
        }
        Ok(())
    }

    /// Whether the numbers rise and lie within the page.
    fn in_order(&self, sequences: impl Iterator<Item = u64>) -> bool {
        let mut next = self.from;
        for sequence in sequences {
            if sequence < next || sequence >= self.to {
                return false;
            }
            next = sequence + 1;
        }
        true
    }
}

impl PieceKind {
    fn is_short(&self) -> bool {
        let texts = [
            Some(&self.class),
            Some(&self.shape),
            self.edition.as_ref(),
            self.cost_centre.as_ref(),
            Some(&self.user),
        ];
        texts
            .into_iter()
            .flatten()
            .all(|text| text.len() <= TEXT_BYTES)
    }
}

impl Request for StatisticsPage {
    const SERVICE: ServiceId = ServiceId::Statistics;
    const LEVEL: Level = Self::LEVEL;
    type Reply = StatisticsReply;
}

/// Why a page is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageFault {
    /// A layout this program does not know.
    #[error("the page has a layout this program does not know")]
    Version,
    /// No records, or more of them than a page may speak of.
    #[error("the page speaks of no records or of too many")]
    Range,
    /// Sequence numbers that do not rise, or lie outside the page.
    #[error("the records of the page are not in order")]
    Order,
    /// A piece of a kind that the page does not list, or kinds that nothing is of.
    #[error("the page's kinds do not fit its pieces")]
    Kind,
    /// A word or name that is too long.
    #[error("a name in the page is longer than {TEXT_BYTES} bytes")]
    Text,
    /// A day that is not in the calendar.
    #[error("a day in the page is not in the calendar")]
    Day,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{from_cbor, to_cbor};

    fn kind() -> PieceKind {
        PieceKind {
            class: "first-class".to_owned(),
            shape: "letter".to_owned(),
            step: Some(28_349_523_125),
            zone: None,
            edition: Some("us-2026-07-12".to_owned()),
            cost_centre: Some("Sales".to_owned()),
            user: "clerk".to_owned(),
        }
    }

    fn debit(sequence: u64) -> DebitFact {
        DebitFact {
            sequence,
            counter: 1,
            postage: Mills::new(780).unwrap(),
            booked: 20_261_122,
            kind: 0,
        }
    }

    fn page() -> StatisticsPage {
        StatisticsPage {
            version: VERSION,
            vault: VaultId::from_bytes([7; 16]),
            from: 10,
            to: 14,
            kinds: vec![kind()],
            debits: vec![debit(10), debit(12)],
            fates: vec![FateFact {
                sequence: 13,
                counter: 1,
                fate: Fate::Spoiled,
            }],
        }
    }

    #[test]
    fn a_page_is_read_back_as_it_was_written() {
        let page = page();
        assert_eq!(page.check(), Ok(()));
        assert_eq!(from_cbor::<StatisticsPage>(&to_cbor(&page)).unwrap(), page);
    }

    #[test]
    fn pages_that_no_sound_station_makes_are_refused_by_their_fault() {
        let broken = |change: fn(&mut StatisticsPage)| {
            let mut page = page();
            change(&mut page);
            page.check().unwrap_err()
        };
        assert_eq!(broken(|page| page.version = 2), PageFault::Version);
        assert_eq!(broken(|page| page.to = page.from), PageFault::Range);
        let many = |page: &mut StatisticsPage| page.debits = vec![debit(10); PAGE_FACTS];
        assert_eq!(broken(many), PageFault::Range);
        assert_eq!(broken(|page| page.debits.swap(0, 1)), PageFault::Order);
        assert_eq!(broken(|page| page.to = 12), PageFault::Order);
        assert_eq!(broken(|page| page.fates[0].sequence = 9), PageFault::Order);
        assert_eq!(broken(|page| page.debits[1].kind = 1), PageFault::Kind);
        assert_eq!(broken(|page| page.debits.clear()), PageFault::Kind);
        let long = |page: &mut StatisticsPage| page.kinds[0].user = "x".repeat(TEXT_BYTES + 1);
        assert_eq!(broken(long), PageFault::Text);
        assert_eq!(
            broken(|page| page.debits[0].booked = 20_260_230),
            PageFault::Day
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(page) = from_cbor::<StatisticsPage>(&bytes) {
                let _ = page.check();
            }
        }
    }
}
