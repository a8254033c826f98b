//! Places of ZIPs, and pasted addresses split into their parts.
//!
//! The reference data is GeoNames' (CC BY 4.0, see NOTICE), not the post's: it knows one or two
//! city names a ZIP and says nothing about streets. What it finds odd is therefore a note for the
//! clerk, never a refusal; only a ZIP that does not exist is refused, by [`is_known`].

mod pasted;
mod states;
mod table;

use shared::rates::Zip5;

pub use pasted::{PastedAddress, split_pasted_address};

/// The places of the post that the table lacks: GeoNames keeps them under other countries.
const TERRITORIES: [(u32, u32, &str); 10] = [
    (600, 799, "PR"),
    (801, 851, "VI"),
    (900, 999, "PR"),
    (96_799, 96_799, "AS"),
    (96_910, 96_932, "GU"),
    (96_939, 96_940, "PW"),
    (96_941, 96_944, "FM"),
    (96_950, 96_952, "MP"),
    (96_960, 96_960, "MH"),
    (96_970, 96_970, "MH"),
];

/// Where a ZIP is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The city as GeoNames writes it; `None` in the territories, of which only the ZIPs are known.
    pub city: Option<&'static str>,
    /// The two letters of the state or territory.
    pub state: &'static str,
}

/// Where a ZIP is; `None` when there is no such ZIP.
#[must_use]
pub fn lookup(zip: Zip5) -> Option<Place> {
    table::places(zip).next().or_else(|| territory(zip))
}

/// Whether there is such a ZIP.
#[must_use]
pub fn is_known(zip: Zip5) -> bool {
    lookup(zip).is_some()
}

/// The place of a ZIP in one of the territories.
fn territory(zip: Zip5) -> Option<Place> {
    let mut ranges = TERRITORIES.iter();
    let range = ranges.find(|(first, last, _)| (*first..=*last).contains(&zip.number()));
    range.map(|(_, _, state)| Place { city: None, state })
}

#[cfg(test)]
mod tests;
