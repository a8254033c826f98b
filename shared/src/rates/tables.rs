//! The price cells of an edition.

use jiff::civil::Date;
use minicbor::{Decode, Encode};

use super::dates::date;
use super::kinds::{MailClass, PriceKind, Shape};
use super::weight::Weight;
use crate::money::Mills;

/// The most entries in any list of an edition, so that no price takes long to find.
pub(super) const MAX_ENTRIES: usize = 4_096;
/// Columns of a zoned table.
pub const ZONES: usize = 9;

/// Prices by weight, and by zone where the class has zones.
///
/// The first table of a class and shape holds its usual price.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PriceTable {
    #[n(1)]
    pub(super) class: MailClass,
    #[n(2)]
    pub(super) shape: Shape,
    /// The kinds of price that this table is; the first is the usual one.
    #[n(3)]
    pub(super) kinds: Vec<PriceKind>,
    #[n(4)]
    pub(super) zoned: bool,
    /// Ascending by weight.
    #[n(5)]
    pub(super) rows: Vec<Row>,
}

/// The prices up to one weight.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Row {
    /// The weight not over which the row holds.
    #[n(1)]
    pub(super) limit: Weight,
    /// One amount, or nine by zone; `None` is a hole.
    #[n(2)]
    pub(super) amounts: Vec<Option<Mills>>,
    /// Index into the edition's sources.
    #[n(3)]
    pub(super) source: u16,
}

/// One amount that is added: the nonmachinable surcharge, or an extra service.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fee {
    /// The name in calls, for example `certified`.
    #[n(1)]
    pub(super) name: String,
    #[n(2)]
    pub(super) title: String,
    #[n(3)]
    pub(super) class: MailClass,
    /// The shapes it applies to.
    #[n(4)]
    pub(super) shapes: Vec<Shape>,
    #[n(5)]
    pub(super) amount: Option<Mills>,
    /// Extras of which one must be there too.
    #[n(6)]
    pub(super) needs: Vec<String>,
    /// Extras that must not be there.
    #[n(7)]
    pub(super) excludes: Vec<String>,
    #[n(8)]
    pub(super) source: u16,
}

/// An amount that is added between two dates, both included.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Surcharge {
    #[n(1)]
    pub(super) name: String,
    #[n(2)]
    pub(super) title: String,
    #[n(3)]
    pub(super) class: MailClass,
    #[n(4)]
    pub(super) kind: PriceKind,
    #[cbor(n(5), with = "date")]
    pub(super) from: Date,
    #[cbor(n(6), with = "date")]
    pub(super) to: Date,
    #[n(7)]
    pub(super) groups: Vec<ZoneGroup>,
    #[n(8)]
    pub(super) source: u16,
}

/// The bands of a surcharge for some zones.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ZoneGroup {
    #[n(1)]
    pub(super) first: u8,
    #[n(2)]
    pub(super) last: u8,
    /// Ascending by weight; above the last band there is no price.
    #[n(3)]
    pub(super) bands: Vec<Band>,
}

/// One weight band of a surcharge.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Band {
    #[n(1)]
    pub(super) limit: Weight,
    #[n(2)]
    pub(super) amount: Option<Mills>,
}

impl PriceTable {
    /// How many amounts each row has.
    pub(super) const fn columns(&self) -> usize {
        if self.zoned { ZONES } else { 1 }
    }

    /// Whether rows, columns and sources agree.
    pub(super) fn is_sound(&self, sources: usize) -> bool {
        let row_is_sound =
            |row: &Row| row.amounts.len() == self.columns() && usize::from(row.source) < sources;
        !self.kinds.is_empty()
            && !self.rows.is_empty()
            && self.rows.len() <= MAX_ENTRIES
            && self.rows.is_sorted_by(|a, b| a.limit < b.limit)
            && self.rows.iter().all(row_is_sound)
    }
}

impl Surcharge {
    /// Whether rows, columns and sources agree.
    pub(super) fn is_sound(&self, sources: usize) -> bool {
        let group_is_sound = |group: &ZoneGroup| {
            group.first <= group.last && group.bands.is_sorted_by(|a, b| a.limit < b.limit)
        };
        self.from <= self.to
            && usize::from(self.source) < sources
            && self.groups.iter().all(group_is_sound)
    }
}
