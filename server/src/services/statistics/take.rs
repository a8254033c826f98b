//! Taking a page: what is new is stored, what was told before must be told the same way.

use shared::clock::UnixSeconds;
use shared::services::statistics::{DebitFact, StatisticsPage};
use shared::statistics::Mark;

use super::standing;
use super::store::{self, Contradiction, Heard, KindId, StoredPiece};
use crate::db::{DbError, Tx};
use crate::stations::Station;

/// What came of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The data center has heard of all records before this one.
    UpTo(u64),
    /// It contradicts what was told before: both versions are kept, nothing else is.
    Contradicts,
    /// The station has fewer records than were told of.
    Behind,
}

/// Takes a page of a station, in one transaction. A crash before its commit leaves nothing of it,
/// and the station sends it again.
///
/// # Errors
/// [`DbError`].
pub fn take(
    tx: &Tx<'_>,
    station: &Station,
    page: &StatisticsPage,
    now: UnixSeconds,
) -> Result<Taken, DbError> {
    let vault = page.vault;
    let heard = store::heard(tx, vault)?.unwrap_or(Heard {
        next: 0,
        held: Mark::default(),
        at: now,
    });
    if page.from > heard.next {
        // Pages between were lost, or this data center was restored from a backup.
        return Ok(Taken::UpTo(heard.next));
    }
    if page.to < heard.next {
        tracing::error!(station = %station.psd, had = heard.next, has = page.to,
            "a station tells of fewer journal records than before");
        return Ok(Taken::Behind);
    }
    let kinds = page
        .kinds
        .iter()
        .map(|kind| store::put_kind(tx, kind))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(contradiction) = contradiction(tx, &heard, page, &kinds, now)? {
        tracing::error!(station = %station.psd, sequence = contradiction.sequence,
            before = contradiction.told_before, now = contradiction.told_now,
            "a station contradicts its own statistics");
        store::contradict(tx, vault, &contradiction)?;
        return Ok(Taken::Contradicts);
    }
    for (fact, kind) in debits(page, &kinds).filter(|(fact, _)| fact.sequence >= heard.next) {
        store::add_piece(tx, vault, fact, kind)?;
    }
    for fact in page.fates.iter().filter(|fact| fact.sequence >= heard.next) {
        store::put_fate(tx, vault, fact)?;
    }
    let after = Heard {
        next: page.to,
        at: now,
        ..heard
    };
    let held = standing::held(tx, station, vault, &after)?;
    store::put_heard(tx, vault, &Heard { held, ..after })?;
    Ok(Taken::UpTo(page.to))
}

/// The debits of a page with the numbers of their kinds.
fn debits<'p>(
    page: &'p StatisticsPage,
    kinds: &'p [KindId],
) -> impl Iterator<Item = (&'p DebitFact, &'p KindId)> {
    let kind = |fact: &DebitFact| kinds.get(usize::from(fact.kind));
    page.debits
        .iter()
        .filter_map(move |fact| Some((fact, kind(fact)?)))
}

/// The first thing in a page that contradicts what was told before: another piece at a record, a
/// counter that was debited already, or an answer about a piece that was never debited.
fn contradiction(
    tx: &Tx<'_>,
    heard: &Heard,
    page: &StatisticsPage,
    kinds: &[KindId],
    now: UnixSeconds,
) -> Result<Option<Contradiction>, DbError> {
    let vault = page.vault;
    let mut new = Vec::new();
    for (fact, kind) in debits(page, kinds) {
        let told = StoredPiece {
            counter: fact.counter,
            day: fact.booked,
            kind: *kind,
            postage: fact.postage,
        };
        let before = if fact.sequence < heard.next {
            let before = store::piece_at(tx, vault, fact.sequence)?;
            if before.as_ref() == Some(&told) {
                continue;
            }
            Some(before)
        } else {
            let before = store::piece_of(tx, vault, fact.counter)?;
            let twice = new.contains(&fact.counter);
            new.push(fact.counter);
            before.map(Some).or(twice.then_some(None))
        };
        if let Some(before) = before {
            return words(tx, fact.sequence, before, &told, now).map(Some);
        }
    }
    for fact in page.fates.iter().filter(|fact| fact.sequence >= heard.next) {
        if !new.contains(&fact.counter) && store::piece_of(tx, vault, fact.counter)?.is_none() {
            return Ok(Some(Contradiction {
                sequence: fact.sequence,
                told_before: format!("no piece {}", fact.counter),
                told_now: format!("an answer about piece {}", fact.counter),
                raised: now,
            }));
        }
    }
    Ok(None)
}

/// Both versions in words.
fn words(
    tx: &Tx<'_>,
    sequence: u64,
    before: Option<StoredPiece>,
    told: &StoredPiece,
    now: UnixSeconds,
) -> Result<Contradiction, DbError> {
    let told_before =
        before.map_or_else(|| Ok("no such piece".to_owned()), |piece| said(tx, &piece));
    Ok(Contradiction {
        sequence,
        told_before: told_before?,
        told_now: said(tx, told)?,
        raised: now,
    })
}

fn said(tx: &Tx<'_>, piece: &StoredPiece) -> Result<String, DbError> {
    let kind = store::kind(tx, &piece.kind)?;
    let kind = kind.map_or_else(String::new, |kind| {
        format!(" {} {}", kind.class, kind.shape)
    });
    let (counter, postage, day) = (piece.counter, piece.postage, piece.day);
    Ok(format!("piece {counter} of {postage} on {day}{kind}"))
}
