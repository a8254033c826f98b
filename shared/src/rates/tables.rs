//! The price cells of an edition.

use std::fmt;

use jiff::civil::Date;
use minicbor::{Decode, Encode};

use super::dates::date;
use super::kinds::{MailClass, PriceKind, Shape};
use super::weight::Weight;
use crate::money::Mills;

/// The most entries in any list of an edition, so that no price takes long to find.
pub(super) const MAX_ENTRIES: usize = 4_096;
/// The most price groups of one table.
pub(super) const MAX_GROUPS: usize = 64;
/// Columns of a zoned table.
pub const ZONES: usize = 9;

/// Prices by weight, and by zone or by the price group of a country where the class has them.
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
    /// The price groups of the columns, ascending; empty for prices that go by none.
    #[cbor(n(6), default, skip_if = "Vec::is_empty")]
    pub(super) groups: Vec<u16>,
}

/// Which amount of a row is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// The only one.
    Only,
    /// That of a zone, from 1.
    Zone(u8),
    /// That of a price group.
    Group(u16),
}

impl fmt::Display for Column {
    /// Writes what stands behind the name of a row: ` zone 3`, ` group 20` or nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => Ok(()),
            Self::Zone(zone) => write!(f, " zone {zone}"),
            Self::Group(group) => write!(f, " group {group}"),
        }
    }
}

/// The prices up to one weight.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Row {
    /// The weight not over which the row holds.
    #[n(1)]
    pub(super) limit: Weight,
    /// One amount, nine by zone, or one for each price group; `None` is a hole.
    #[n(2)]
    pub(super) amounts: Vec<Option<Mills>>,
    /// Index into the edition's sources.
    #[n(3)]
    pub(super) source: u16,
    /// The line in the source's file, where it was read from one.
    #[n(4)]
    pub(super) line: Option<u32>,
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
    /// The shapes it applies to; empty for all of its class.
    #[cbor(n(9), default, skip_if = "Vec::is_empty")]
    pub(super) shapes: Vec<Shape>,
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
        match (self.zoned, self.groups.len()) {
            (true, _) => ZONES,
            (false, 0) => 1,
            (false, groups) => groups,
        }
    }

    /// The column at a place.
    pub(super) fn column(&self, place: usize) -> Column {
        let group = self.groups.get(place).copied().map(Column::Group);
        match u8::try_from(place + 1) {
            Ok(zone) if self.zoned => Column::Zone(zone),
            Ok(_) | Err(_) => group.unwrap_or(Column::Only),
        }
    }

    /// The place of a column; nothing for one that the table has not.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        match column {
            Column::Only => (!self.zoned && self.groups.is_empty()).then_some(0),
            Column::Zone(zone) if self.zoned => usize::from(zone).checked_sub(1),
            Column::Zone(_) => None,
            Column::Group(group) => self.groups.binary_search(&group).ok(),
        }
    }

    /// Whether its columns go by what is known of a destination: zones within the country, price
    /// groups abroad.
    pub(super) const fn fits(&self, abroad: bool) -> bool {
        if abroad {
            !self.zoned
        } else {
            self.groups.is_empty()
        }
    }

    /// Whether editions of the first layout can say this.
    pub(super) fn is_of_the_first_layout(&self) -> bool {
        self.class.is_of_the_first_layout()
            && self.shape.is_of_the_first_layout()
            && self.groups.is_empty()
            && self.rows.iter().all(|row| row.line.is_none())
    }
}

impl Fee {
    /// Whether editions of the first layout can say this.
    pub(super) fn is_of_the_first_layout(&self) -> bool {
        let old = |shape: &Shape| shape.is_of_the_first_layout();
        self.class.is_of_the_first_layout() && self.shapes.iter().all(old)
    }
}

impl Surcharge {
    /// Whether editions of the first layout can say this.
    pub(super) fn is_of_the_first_layout(&self) -> bool {
        self.class.is_of_the_first_layout() && self.shapes.is_empty()
    }
}
