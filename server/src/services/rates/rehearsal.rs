//! Pieces that stations have told of, as a rehearsal of a coming edition looks at them.

use std::collections::HashMap;

use jiff::civil::Date;
use shared::clock::decimal_date;
use shared::money::Mills;
use shared::rates::rehearsal::{PrintedGroup, PrintedPiece, Rehearsal, rehearse_printed};
use shared::rates::{Edition, Weight};
use shared::services::statistics::PieceKind;
use shared::vault::Fate;

use super::store::{self, EditionStoreError};
use crate::db::{DbError, Tx};
use crate::params;
use crate::services::statistics::store as pieces;

/// The most groups of equal pieces that are looked at: a fleet's year. Each is priced several times,
/// a few microseconds each.
const MAX_GROUPS: i64 = 500_000;

/// Why an edition could not be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// More groups of equal pieces than are looked at.
    #[error("there are more than {MAX_GROUPS} groups of equal pieces in these days")]
    TooMany,
    /// No number holds a sum.
    #[error("the sum is larger than any number holds")]
    Money(#[from] shared::money::MoneyError),
    /// An edition is unknown or damaged, or the database failed.
    #[error(transparent)]
    Store(#[from] EditionStoreError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Equal pieces of one day: they share kind and postage.
const GROUPS: &str = "SELECT kind, day, postage, COUNT(*) FROM statistic_piece
     WHERE day >= ?1 AND day <= ?2 AND fate <> ?3 AND fate <> ?4
     GROUP BY kind, day, postage ORDER BY kind, day, postage LIMIT ?5";

/// Rehearses `after` against `before` over the pieces booked from one day to another, in one
/// consistent view. Spoiled pieces and those that met no ink are left out.
///
/// # Errors
/// [`RehearsalError`].
pub fn rehearse(
    tx: &Tx<'_>,
    (before, after): (&Edition, &Edition),
    (from, to): (Date, Date),
) -> Result<Rehearsal, RehearsalError> {
    let mut groups = Vec::new();
    let mut kinds: HashMap<pieces::KindId, PieceKind> = HashMap::new();
    let values = params![
        decimal_date(from),
        decimal_date(to),
        pieces::fate_number(Fate::Spoiled),
        pieces::fate_number(Fate::NotPrinted),
        MAX_GROUPS + 1,
    ];
    tx.each(GROUPS, values, |row| {
        let id: pieces::KindId = row.column(0)?;
        if let std::collections::hash_map::Entry::Vacant(new) = kinds.entry(id) {
            let kind = pieces::kind(tx, &id)?;
            new.insert(kind.ok_or_else(|| row.misfit(0))?);
        }
        let postage: Mills = row.column(2)?;
        let count: u64 = row.column(3)?;
        groups.push((id, pieces::day(row, 1)?, postage, count));
        Ok::<_, DbError>(())
    })?;
    if i64::try_from(groups.len()).is_ok_and(|found| found > MAX_GROUPS) {
        return Err(RehearsalError::TooMany);
    }
    let editions = editions_of(tx, &kinds)?;
    let groups = groups.into_iter().map(|(id, day, paid, count)| {
        let kind = kinds.get(&id);
        let own = kind.and_then(|kind| editions.get(kind.edition.as_ref()?));
        let piece = kind.and_then(|kind| printed(kind, day, paid, count));
        match own.zip(piece) {
            Some((own, piece)) => PrintedGroup::Of(own, piece),
            None => PrintedGroup::Unknown(count),
        }
    });
    Ok(rehearse_printed((before, after), (from, to), groups)?)
}

/// The editions that priced these kinds, as far as they are here.
fn editions_of(
    tx: &Tx<'_>,
    kinds: &HashMap<pieces::KindId, PieceKind>,
) -> Result<HashMap<String, Edition>, EditionStoreError> {
    let mut editions = HashMap::new();
    for id in kinds.values().filter_map(|kind| kind.edition.as_ref()) {
        if editions.contains_key(id) {
            continue;
        }
        match store::read(tx, id) {
            Ok(edition) => drop(editions.insert(id.clone(), edition)),
            Err(EditionStoreError::Unknown { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(editions)
}

/// The pieces of a group, where their kind can be read.
fn printed(kind: &PieceKind, day: Date, paid: Mills, count: u64) -> Option<PrintedPiece> {
    Some(PrintedPiece {
        class: kind.class.parse().ok()?,
        shape: kind.shape.parse().ok()?,
        step: Weight::from_nanograms(kind.step?).ok()?,
        zone: kind.zone,
        day,
        paid,
        count,
    })
}
