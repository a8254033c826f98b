//! All that is new in the repository in one reply, for a line on which each question costs.
//!
//! It is a courtesy and nothing is believed because of it: a station looks into it before it asks for a
//! document or a content, and holds what it finds against signatures and hashes as if it had asked. A
//! data center that does not serve it, or leaves something out, is asked for the rest one by one.

use core::fmt;
use core::str::FromStr;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// Where the news is: followed by the versions that the station holds ([`HeldVersions`]).
pub const NEWS_PATH: &str = "/v1/repository/news/";

/// What follows the versions where the reply may lean on the documents that are held: then a document
/// that differs from them in little is little. A data center that does not know it sends a frame that
/// leans on nothing.
pub const ON_HELD: &str = "?on=held";

/// The layout version of [`News`].
pub const VERSION: u8 = 1;

/// The most bytes of [`News`] once it is unpacked.
pub const NEWS_MAX_BYTES: usize = 192 * 1_024;

/// The largest window that the reply may ask for, as a power of two: with more than that in the documents
/// that are held and the message together, it leans on nothing.
pub const WINDOW_LOG_MAX: u32 = 18;

/// The most bytes of the reply: a zstd frame of the message, with what is held as its prefix
/// ([`ON_HELD`], [`held_together`]).
pub const NEWS_REPLY_MAX_BYTES: usize = 256 * 1_024;

/// The most pieces of one reply.
pub const PIECES_MAX: usize = 64;

/// The longest path of a piece, bytes.
pub const PATH_MAX_BYTES: usize = 1_024;

/// The roles whose versions a station names, in this order.
pub const HELD_ROLES: [&str; 7] = [
    "root",
    "timestamp",
    "snapshot",
    "targets",
    "rates",
    "software",
    "stops",
];

/// The versions of the documents that a station holds, in the order of [`HELD_ROLES`]; 0 where it
/// holds none. In a path: their numbers with a `-` between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldVersions(pub [u64; HELD_ROLES.len()]);

impl HeldVersions {
    /// The version that is held of a role; 0 for none.
    #[must_use]
    pub fn of(&self, role: &str) -> u64 {
        let mut held = HELD_ROLES.into_iter().zip(self.0);
        held.find(|(name, _)| *name == role)
            .map_or(0, |(_, version)| version)
    }
}

impl fmt::Display for HeldVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, version) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("-")?;
            }
            write!(f, "{version}")?;
        }
        Ok(())
    }
}

/// What a reply leans on: the documents that are held, in the order of [`HELD_ROLES`], one after the
/// other.
#[must_use]
pub fn held_together<D: AsRef<[u8]>>(mut held: impl FnMut(&str) -> Option<D>) -> Vec<u8> {
    let mut together = Vec::new();
    for role in HELD_ROLES {
        if let Some(document) = held(role) {
            together.extend_from_slice(document.as_ref());
        }
    }
    together
}

/// These are not the versions of [`HELD_ROLES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these are not the versions of seven roles")]
pub struct BadVersions;

impl FromStr for HeldVersions {
    type Err = BadVersions;

    fn from_str(text: &str) -> Result<Self, BadVersions> {
        let mut held = [0; HELD_ROLES.len()];
        let mut numbers = text.split('-');
        for version in &mut held {
            let number = numbers.next().ok_or(BadVersions)?;
            let is_plain = number.bytes().all(|byte| byte.is_ascii_digit())
                && (number == "0" || !number.starts_with('0'));
            if !is_plain {
                return Err(BadVersions);
            }
            *version = number.parse().map_err(|_| BadVersions)?;
        }
        match numbers.next() {
            None => Ok(Self(held)),
            Some(_) => Err(BadVersions),
        }
    }
}

/// What is new.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct News {
    /// [`VERSION`].
    #[n(1)]
    pub version: u8,
    /// At most [`PIECES_MAX`].
    #[n(2)]
    pub pieces: Vec<Piece>,
}

/// A document or a content, as it would be served at its own path.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Piece {
    /// Its path, of at most [`PATH_MAX_BYTES`].
    #[n(1)]
    pub path: String,
    /// Its bytes; nothing when there is no such thing.
    #[n(2)]
    pub content: Option<ByteVec>,
}

impl News {
    /// Whether it keeps its limits.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.version == VERSION
            && self.pieces.len() <= PIECES_MAX
            && self
                .pieces
                .iter()
                .all(|piece| piece.path.len() <= PATH_MAX_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_seven_plain_numbers_are_versions() {
        for text in [
            "",
            "1-2-3-4-5-6",
            "1-2-3-4-5-6-7-8",
            "1-2-3-4-5-6-",
            "01-2-3-4-5-6-7",
            "+1-2-3-4-5-6-7",
            "1-2-3-4-5-6-18446744073709551616",
        ] {
            assert_eq!(text.parse::<HeldVersions>(), Err(BadVersions), "{text}");
        }
        let held: HeldVersions = "1-2-3-4-5-6-0".parse().unwrap();
        assert_eq!((held.of("root"), held.of("software")), (1, 6));
        assert_eq!((held.of("stops"), held.of("nobody")), (0, 0));
    }

    proptest! {
        #[test]
        fn versions_are_read_as_they_are_written(versions in any::<[u64; 7]>()) {
            let held = HeldVersions(versions);
            prop_assert_eq!(held.to_string().parse(), Ok(held));
        }
    }
}
