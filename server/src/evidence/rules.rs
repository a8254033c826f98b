//! In what two messages of one station contradict each other, by their own words.

use serde::{Deserialize, Serialize};
use shared::merkle;
use shared::services::funds::{ProofHashes, RegisterStatement};
use shared::services::journal::PageRequest;
use shared::vault::{Follower, JournalRecord, record_hash};

use super::opened::{Content, Opened};
use crate::mirror::{self, Accepted, PageFault};

/// What the station has signed against itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contradiction {
    /// Two different messages bear one number of one stream.
    OneNumberTwice,
    /// The journal became shorter, though the number rose.
    JournalShrunk,
    /// Journals of one size have two roots, or two states of the vault.
    TwoJournals,
    /// The proof it signed does not lead from the journal it had stated before.
    NotContinued,
    /// A register or count fell while the journal grew.
    RegistersFell,
    /// The control total moved without a grant.
    ValueWithoutGrant,
    /// The records it brings are not those that its statement covers, or no vault can have written
    /// them, or they lead to other registers.
    RecordsDiffer,
}

impl Contradiction {
    /// The contradiction as a part of a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OneNumberTwice => "it signed two different messages with one number",
            Self::JournalShrunk => "its journal became shorter, though the number rose",
            Self::TwoJournals => "it signed two journals of one size",
            Self::NotContinued => "its journal does not continue the one it had signed before",
            Self::RegistersFell => "a register that never falls fell",
            Self::ValueWithoutGrant => "its control total moved without a grant",
            Self::RecordsDiffer => "its journal records are not those it had signed for",
        }
    }
}

/// What `after` contradicts in `before`; nothing when both can be true.
pub(super) fn contradiction(
    before: &Opened,
    after: &Opened,
    records: &[Vec<u8>],
) -> Option<Contradiction> {
    let (one, two) = (&before.header, &after.header);
    let one_stream = one.sequence > 0 && two.sequence > 0 && one.service == two.service;
    if one_stream && one.sequence == two.sequence && before.signed != after.signed {
        return Some(Contradiction::OneNumberTwice);
    }
    let Content::Statement(first, _) = &before.content else {
        return None;
    };
    match &after.content {
        Content::Page(page) => page_against(first, page, records),
        Content::Statement(second, proof) if first.vault == second.vault => {
            let rose = one_stream && two.sequence > one.sequence;
            if rose && second.journal_size < first.journal_size {
                return Some(Contradiction::JournalShrunk);
            }
            // Whichever was said first: a journal only grows, so its size tells the order.
            let (shorter, longer) = if second.journal_size < first.journal_size {
                (second, first)
            } else {
                (first, second)
            };
            // That a proof leads from the message before is owed only where nothing can have been
            // accepted in between.
            let next = rose && two.sequence == one.sequence.saturating_add(1);
            statements(shorter, longer)
                .or_else(|| not_continued(first, second, proof.as_ref().filter(|_| next)?))
        }
        Content::Statement(_, _) | Content::Other => None,
    }
}

/// Two states of one journal, the shorter first.
fn statements(shorter: &RegisterStatement, longer: &RegisterStatement) -> Option<Contradiction> {
    let state = |one: &RegisterStatement| {
        let registers = (one.ascending, one.descending, one.control_total);
        (registers, one.pieces, one.last_grant, one.journal_root)
    };
    if shorter.journal_size == longer.journal_size {
        return (state(shorter) != state(longer)).then_some(Contradiction::TwoJournals);
    }
    if longer.ascending < shorter.ascending
        || longer.pieces < shorter.pieces
        || longer.last_grant < shorter.last_grant
    {
        return Some(Contradiction::RegistersFell);
    }
    let same_grant = longer.last_grant == shorter.last_grant && !longer.is_final;
    (same_grant && longer.control_total != shorter.control_total)
        .then_some(Contradiction::ValueWithoutGrant)
}

fn not_continued(
    first: &RegisterStatement,
    second: &RegisterStatement,
    proof: &ProofHashes,
) -> Option<Contradiction> {
    merkle::verify_consistency(
        (first.journal_size, &first.journal_root),
        (second.journal_size, &second.journal_root),
        &proof.0,
    )
    .is_err()
    .then_some(Contradiction::NotContinued)
}

/// A page against the statement that covers it. `before` are the records in front of the page; the
/// signed page vouches for them by the hash in its first record, and where it does not, nothing is
/// proved.
fn page_against(
    statement: &RegisterStatement,
    page: &PageRequest,
    before: &[Vec<u8>],
) -> Option<Contradiction> {
    let about = page.accepted == statement.journal_size && page.vault == statement.vault;
    let mut follower = Follower::new();
    for record in before {
        follower.follow(record).ok()?;
    }
    if !about || page.from != follower.size() || !vouches(page, before) {
        return None;
    }
    let accepted = Accepted {
        size: statement.journal_size,
        root: statement.journal_root,
        registers: statement.registers()?,
        last_grant: statement.last_grant,
    };
    match mirror::take(&follower, &accepted, page) {
        Err(PageFault::Contradiction(_)) => Some(Contradiction::RecordsDiffer),
        Err(PageFault::OutOfPlace | PageFault::TooLong) | Ok(_) => None,
    }
}

/// Whether the first record of the page names the last one before it.
fn vouches(page: &PageRequest, before: &[Vec<u8>]) -> bool {
    let Some(last) = before.last() else {
        return true;
    };
    let first = page.records.0.first();
    let first = first.and_then(|bytes| JournalRecord::decode(bytes).ok());
    first.is_some_and(|first| first.previous == record_hash(last))
}
