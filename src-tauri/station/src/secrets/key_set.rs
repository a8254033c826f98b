//! The keys of one store as text, the form both kinds of file hold.

use std::collections::BTreeMap;
use std::fmt::Write;

use zeroize::Zeroizing;

use super::{KEY_LENGTH, Kek, KekId, StoreId};

/// First line of the text.
const TITLE: &str = "pennyblack keys 1";

/// The most keys kept at once; a rotation has two.
const MAX_KEYS: usize = 64;

/// The keys of one store.
pub(super) struct KeySet {
    /// The store they belong to.
    pub(super) store: StoreId,
    /// The keys by number.
    pub(super) keys: BTreeMap<KekId, Kek>,
}

impl KeySet {
    /// No keys yet.
    pub(super) const fn new(store: StoreId) -> Self {
        Self {
            store,
            keys: BTreeMap::new(),
        }
    }

    /// The text: title, `store HEX`, then `key NUMBER HEX` lines.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(format!("{TITLE}\nstore {}\n", hex::encode(self.store)));
        for (number, key) in &self.keys {
            let digits = Zeroizing::new(hex::encode(key.bytes()));
            writeln!(text, "key {number} {}", digits.as_str())
                .expect("writing to a string cannot fail");
        }
        text
    }

    /// Reads the text; `None` when it is anything else.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        if lines.next()? != TITLE {
            return None;
        }
        let mut set = Self::new(hex_array(lines.next()?.strip_prefix("store ")?)?);
        for line in lines {
            let (number, digits) = line.strip_prefix("key ")?.split_once(' ')?;
            let key = Kek::from_bytes(hex_array::<KEY_LENGTH>(digits)?);
            set.keys.insert(number.parse().ok()?, key);
            if set.keys.len() > MAX_KEYS {
                return None;
            }
        }
        Some(set)
    }
}

/// Reads exactly `N` bytes of hexadecimal digits.
fn hex_array<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}
