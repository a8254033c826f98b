//! What the two monitors tell each other: one short line of text each way, in a header of the
//! request and of the reply that travel anyway.
//!
//! The line is advice. A word that cannot be read is no word: the services still ask what they
//! know of by themselves, and what they ask for is checked at their own level.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::services::ServiceId;

/// The header in which a station says what it has: [`Holdings`].
pub const HOLDS_HEADER: &str = "pennyblack-holds";

/// The header in which the data center says what it has for this station: [`Due`].
pub const DUE_HEADER: &str = "pennyblack-due";

/// The longest line, bytes: each of two dozen services with its marker, and room to spare.
pub const LINE_MAX_BYTES: usize = 1_024;

/// Why a line of a monitor could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordFault {
    /// Longer than [`LINE_MAX_BYTES`].
    #[error("the line is longer than {LINE_MAX_BYTES} bytes")]
    TooLong,
    /// Not sixteen hexadecimal digits in lower case.
    #[error("not a marker of sixteen hexadecimal digits")]
    NotAMarker,
    /// No contact is named.
    #[error("the line names no contact")]
    NoContact,
}

/// The state of what one service has for a station: another state, another marker. It says nothing
/// more and proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marker([u8; 8]);

impl Marker {
    /// The marker of a state, told by bytes that are the same only when the state is.
    #[must_use]
    pub fn of(service: ServiceId, state: &[u8]) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"pb marker v1");
        digest.update([service.number()]);
        digest.update(state);
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(digest.finalize()) {
            *to = from;
        }
        Self(first)
    }

    /// The marker of a state that has a version: the number itself.
    #[must_use]
    pub const fn of_version(version: u64) -> Self {
        Self(version.to_be_bytes())
    }

    /// The version that [`Self::of_version`] was told; of another marker any number.
    #[must_use]
    pub const fn version(self) -> u64 {
        u64::from_be_bytes(self.0)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Marker {
    type Err = WordFault;

    fn from_str(text: &str) -> Result<Self, WordFault> {
        eight_bytes(text).map(Self)
    }
}

/// One contact, told apart from every other of the same station by random bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId([u8; 8]);

impl ContactId {
    /// Takes random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a station says with every request: which contact this is, which service opened it, and the
/// marker each service came to rest at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// The contact.
    pub contact: ContactId,
    /// The service through which it was opened; none when all were asked for alike.
    pub opened_by: Option<ServiceId>,
    /// What each service has.
    pub markers: BTreeMap<ServiceId, Marker>,
}

/// `contact=0123456789abcdef, by=funds, rates=fedcba9876543210`
impl fmt::Display for Holdings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "contact={}", self.contact)?;
        if let Some(service) = self.opened_by {
            write!(f, ", by={}", service.name())?;
        }
        for (service, marker) in &self.markers {
            write!(f, ", {}={marker}", service.name())?;
        }
        Ok(())
    }
}

impl FromStr for Holdings {
    type Err = WordFault;

    fn from_str(text: &str) -> Result<Self, WordFault> {
        let mut contact = None;
        let mut holdings = Self::default();
        for (name, value) in pairs(text)? {
            match name {
                "contact" => contact = value.map(eight_bytes).transpose()?.map(ContactId),
                "by" => holdings.opened_by = value.and_then(ServiceId::named),
                service => {
                    if let (Some(service), Some(marker)) = (ServiceId::named(service), value) {
                        holdings.markers.insert(service, marker.parse()?);
                    }
                }
            }
        }
        holdings.contact = contact.ok_or(WordFault::NoContact)?;
        Ok(holdings)
    }
}

/// The services that have something for a station, each with the marker of what it has. One
/// without a marker has news that only its own reply can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due(pub BTreeMap<ServiceId, Option<Marker>>);

impl Due {
    /// Whether nothing is due.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What of it a station with these markers does not have yet.
    #[must_use]
    pub fn beyond(&self, held: &BTreeMap<ServiceId, Marker>) -> Self {
        let missing = self.0.iter().filter(|(service, marker)| {
            marker.is_none_or(|marker| held.get(service) != Some(&marker))
        });
        Self(
            missing
                .map(|(service, marker)| (*service, *marker))
                .collect(),
        )
    }
}

/// `funds, rates=fedcba9876543210`
impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (service, marker)) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            f.write_str(service.name())?;
            if let Some(marker) = marker {
                write!(f, "={marker}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Due {
    type Err = WordFault;

    fn from_str(text: &str) -> Result<Self, WordFault> {
        let mut due = BTreeMap::new();
        for (name, value) in pairs(text)? {
            if let Some(service) = ServiceId::named(name) {
                due.insert(service, value.map(str::parse).transpose()?);
            }
        }
        Ok(Self(due))
    }
}

/// The words of a line with their values. Names that are not known here are for a newer monitor.
fn pairs(text: &str) -> Result<impl Iterator<Item = (&str, Option<&str>)>, WordFault> {
    if text.len() > LINE_MAX_BYTES {
        return Err(WordFault::TooLong);
    }
    let words = text.split(',').map(str::trim);
    Ok(words.filter(|word| !word.is_empty()).map(|word| {
        word.split_once('=')
            .map_or((word, None), |(name, value)| (name, Some(value)))
    }))
}

fn eight_bytes(text: &str) -> Result<[u8; 8], WordFault> {
    HEXLOWER
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(WordFault::NotAMarker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    fn holdings() -> Holdings {
        Holdings {
            contact: ContactId([1; 8]),
            opened_by: Some(ServiceId::Rates),
            markers: BTreeMap::from([(ServiceId::Rates, Marker([0xab; 8]))]),
        }
    }

    #[test]
    fn the_lines_are_as_written_here() {
        assert_eq!(
            holdings().to_string(),
            "contact=0101010101010101, by=rates, rates=abababababababab"
        );
        let due = Due(BTreeMap::from([
            (ServiceId::Funds, None),
            (ServiceId::Rates, Some(Marker([0xab; 8]))),
        ]));
        assert_eq!(due.to_string(), "funds, rates=abababababababab");
        assert_eq!(due.to_string().parse(), Ok(due));
        assert_eq!(holdings().to_string().parse(), Ok(holdings()));
    }

    #[test]
    fn words_of_a_newer_monitor_are_passed_over() {
        let line = "contact=0101010101010101, weather=rain, by=weather, rates=abababababababab";
        let read: Holdings = line.parse().unwrap();
        let mut expected = holdings();
        expected.opened_by = None;
        assert_eq!(read, expected);
        let due: Due = "weather=0011223344556677, rates=abababababababab"
            .parse()
            .unwrap();
        assert_eq!(due.0.len(), 1);
    }

    #[test]
    fn a_line_that_is_none_is_refused() {
        assert_eq!("rates=ab".parse::<Due>(), Err(WordFault::NotAMarker));
        assert_eq!("".parse::<Holdings>(), Err(WordFault::NoContact));
        let long = "x,".repeat(LINE_MAX_BYTES);
        assert_eq!(long.parse::<Due>(), Err(WordFault::TooLong));
    }

    #[test]
    fn what_a_station_has_is_not_due() {
        let (here, new) = (Marker([1; 8]), Marker([2; 8]));
        let held = BTreeMap::from([(ServiceId::Rates, here)]);
        let due = |marker| Due(BTreeMap::from([(ServiceId::Rates, marker)]));
        assert!(due(Some(here)).beyond(&held).is_empty());
        assert_eq!(due(Some(new)).beyond(&held), due(Some(new)));
        assert_eq!(due(None).beyond(&held), due(None));
    }

    #[test]
    fn another_state_or_service_has_another_marker() {
        let marker = Marker::of(ServiceId::Rates, b"a");
        assert_eq!(marker, Marker::of(ServiceId::Rates, b"a"));
        assert_ne!(marker, Marker::of(ServiceId::Rates, b"b"));
        assert_ne!(marker, Marker::of(ServiceId::Keys, b"a"));
    }

    proptest! {
        #[test]
        fn no_line_makes_a_monitor_panic(line in any::<String>()) {
            drop(line.parse::<Due>());
            drop(line.parse::<Holdings>());
        }
    }
}
