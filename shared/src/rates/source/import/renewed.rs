//! The edition before on its way to a new one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{ImportError, Imported};
use crate::rates::edition::{Edition, EditionError, MAX_EDITION_BYTES, Source};
use crate::rates::kinds::{MailClass, PriceKind, Shape};
use crate::rates::source::SourceError;
use crate::rates::tables::{MAX_ENTRIES, PriceTable};

/// Why a table has no place in the new edition.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(in crate::rates::source) enum NoPlace {
    /// The base has no such shape, so nobody knows what such pieces may weigh and measure.
    #[error("the edition it is based on has no {class} {shape}")]
    NoShape { class: MailClass, shape: Shape },
    /// The same prices came before, so one of the two would be lost.
    #[error("there are {kind} prices of the {class} {shape} already")]
    Twice {
        class: MailClass,
        shape: Shape,
        kind: PriceKind,
    },
}

/// The edition before on its way to a new one: all its prices are holes.
pub(in crate::rates::source) struct Renewed {
    pub(in crate::rates::source) edition: Edition,
    pub(in crate::rates::source) not_read: Vec<String>,
    /// The kinds of price that were put.
    put: Vec<(MailClass, Shape, PriceKind)>,
    /// The fees that were put, by their places: those of nonmachinable pieces, then the extras.
    pub(super) put_fees: BTreeSet<usize>,
}

impl Renewed {
    pub(in crate::rates::source) fn of(
        base: &Edition,
        (id, title): (&str, &str),
        (effective, until): (Date, Option<Date>),
        publication: Source,
    ) -> Self {
        let mut edition = Edition {
            id: id.to_owned(),
            title: title.to_owned(),
            effective,
            until,
            surcharges: Vec::new(),
            ..base.clone()
        };
        // A hole is one of the new publication, not of the one before.
        edition.sources.push(publication);
        let source = u16::try_from(edition.sources.len() - 1).unwrap_or(u16::MAX);
        for row in edition.tables.iter_mut().flat_map(|table| &mut table.rows) {
            row.amounts.fill(None);
            (row.source, row.line) = (source, None);
        }
        let fees = edition.nonmachinable.iter_mut();
        for fee in fees.chain(&mut edition.extras) {
            (fee.amount, fee.source) = (None, source);
        }
        Self {
            edition,
            not_read: Vec::new(),
            put: Vec::new(),
            put_fees: BTreeSet::new(),
        }
    }

    /// The place of a new source.
    pub(super) fn source(&mut self, text: String, sample: bool) -> u16 {
        self.edition.sources.push(Source { text, sample });
        self.last_source()
    }

    /// The place of the source that was named last.
    pub(in crate::rates::source) fn last_source(&self) -> u16 {
        u16::try_from(self.edition.sources.len() - 1).unwrap_or(u16::MAX)
    }

    /// Puts a table in the place of the base's with the same kinds of price. A base's table that had
    /// other kinds too keeps those: each kind is in one table of its pieces, and what is usual stays
    /// first.
    pub(in crate::rates::source) fn put_table(&mut self, table: PriceTable) -> Result<(), NoPlace> {
        let (class, shape) = (table.class, table.shape);
        if self.edition.rule(class, shape).is_none() {
            return Err(NoPlace::NoShape { class, shape });
        }
        for kind in &table.kinds {
            let one = (class, shape, *kind);
            if self.put.contains(&one) {
                let kind = *kind;
                return Err(NoPlace::Twice { class, shape, kind });
            }
            self.put.push(one);
        }
        let tables = &mut self.edition.tables;
        let shares = |other: &PriceTable| {
            (other.class, other.shape) == (class, shape)
                && other.kinds.iter().any(|kind| table.kinds.contains(kind))
        };
        let first = tables.iter().position(shares);
        let place = first.map_or(tables.len(), |first| {
            let usual = tables[first].kinds.first();
            let is_usual = usual.is_some_and(|usual| table.kinds.contains(usual));
            if is_usual { first } else { first + 1 }
        });
        for other in tables.iter_mut().filter(|other| shares(other)) {
            other.kinds.retain(|kind| !table.kinds.contains(kind));
        }
        tables.insert(place, table);
        tables.retain(|table| !table.kinds.is_empty());
        Ok(())
    }

    /// The edition, when it is one. Sources that no price names any more are left out.
    pub(in crate::rates::source) fn end(mut self) -> Result<Imported, ImportError> {
        self.drop_unused_sources();
        let edition = Edition {
            version: self.edition.needed_version(),
            ..self.edition
        };
        edition.check().map_err(SourceError::Unsound)?;
        if edition.to_bytes().len() > MAX_EDITION_BYTES || edition.sources.len() > MAX_ENTRIES {
            return Err(SourceError::Unsound(EditionError::TooLarge).into());
        }
        Ok(Imported {
            edition,
            not_read: self.not_read,
        })
    }

    fn drop_unused_sources(&mut self) {
        let edition = &mut self.edition;
        let rows = edition.tables.iter_mut().flat_map(|table| &mut table.rows);
        let rows = rows.map(|row| &mut row.source);
        let fees = edition.nonmachinable.iter_mut().chain(&mut edition.extras);
        let fees = fees.map(|fee| &mut fee.source);
        let surcharges = edition.surcharges.iter_mut().map(|s| &mut s.source);
        let named = rows.chain(fees).chain(surcharges);
        let mut named: Vec<&mut u16> = named.chain([&mut edition.zones.source]).collect();
        let mut places = BTreeMap::new();
        for index in &named {
            places.entry(**index).or_insert(0);
        }
        for (place, new) in (0u16..).zip(places.values_mut()) {
            *new = place;
        }
        for index in &mut named {
            **index = places.get(&**index).copied().unwrap_or(u16::MAX);
        }
        let all = std::mem::take(&mut edition.sources).into_iter().zip(0u16..);
        let kept = all.filter(|(_, place)| places.contains_key(place));
        edition.sources = kept.map(|(source, _)| source).collect();
    }
}
