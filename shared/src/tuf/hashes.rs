//! Hashes that stand in signed documents, and the check of content against them.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

/// Hashes of one content by the name of their algorithm, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hashes(BTreeMap<String, String>);

impl Hashes {
    /// The hashes our own documents carry: SHA-256.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self::from_sha256(Sha256::digest(content).into())
    }

    /// The hash is known already.
    #[must_use]
    pub fn from_sha256(sha256: [u8; 32]) -> Self {
        let digits = HEXLOWER.encode(&sha256);
        Self(BTreeMap::from([("sha256".to_owned(), digits)]))
    }

    /// SHA-256, where it is among them.
    #[must_use]
    pub fn sha256(&self) -> Option<[u8; 32]> {
        let digits = self.0.get("sha256")?;
        HEXLOWER.decode(digits.as_bytes()).ok()?.try_into().ok()
    }

    /// The hash that stands in addresses: SHA-256 where there is one, else SHA-512; nothing when
    /// neither is there, or it is not hexadecimal digits of the right number.
    #[must_use]
    pub fn in_addresses(&self) -> Option<&str> {
        let sound = |name: &str, digits: usize| {
            let hash = self.0.get(name)?;
            let is_hex = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            (hash.len() == digits && is_hex).then_some(hash.as_str())
        };
        sound("sha256", 64).or_else(|| sound("sha512", 128))
    }
}

/// Content on its way that is held against its length and hashes.
#[derive(Clone, Debug)]
pub struct Checking {
    left: u64,
    sha256: Option<(Sha256, String)>,
    sha512: Option<(Sha512, String)>,
}

impl Checking {
    /// Begins to check content of exactly `length` bytes with these hashes.
    #[must_use]
    pub fn new(length: u64, hashes: &Hashes) -> Self {
        let wanted = |name| hashes.0.get(name).map(|hash| hash.to_ascii_lowercase());
        Self {
            left: length,
            sha256: wanted("sha256").map(|hash| (Sha256::new(), hash)),
            sha512: wanted("sha512").map(|hash| (Sha512::new(), hash)),
        }
    }

    /// Takes the next bytes; whether there may be so many. After a no it never holds.
    #[must_use = "content that is too long has to be refused at once"]
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let Some(left) = self.left.checked_sub(length) else {
            self.left = u64::MAX;
            return false;
        };
        self.left = left;
        if let Some((digest, _)) = &mut self.sha256 {
            digest.update(bytes);
        }
        if let Some((digest, _)) = &mut self.sha512 {
            digest.update(bytes);
        }
        true
    }

    /// Bytes that are missing.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// Whether it was all of the content: the length, and every hash whose algorithm is known. One
    /// of those has to be there.
    #[must_use]
    pub fn holds(self) -> bool {
        let is_checked = self.sha256.is_some() || self.sha512.is_some();
        let is = |digest: &[u8], wanted: &str| HEXLOWER.encode(digest) == wanted;
        is_checked
            && self.left == 0
            && self
                .sha256
                .is_none_or(|(digest, wanted)| is(&digest.finalize(), &wanted))
            && self
                .sha512
                .is_none_or(|(digest, wanted)| is(&digest.finalize(), &wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(length: u64, hashes: &Hashes, parts: &[&[u8]]) -> bool {
        let mut checking = Checking::new(length, hashes);
        parts.iter().all(|part| checking.take(part)) && checking.holds()
    }

    #[test]
    fn content_is_whole_only_with_its_length_and_every_known_hash() {
        let hashes = Hashes::of(b"stamp");
        assert!(holds(5, &hashes, &[b"st", b"amp"]));
        assert!(!holds(5, &hashes, &[b"st", b"omp"]));
        assert!(!holds(5, &hashes, &[b"st"]));
        assert!(!holds(4, &hashes, &[b"stamp"]));
        let json = r#"{"sha256":"00"}"#;
        assert!(!holds(5, &serde_json::from_str(json).unwrap(), &[b"stamp"]));
        let unknown: Hashes = serde_json::from_str(r#"{"crc":"00"}"#).unwrap();
        assert!(!holds(5, &unknown, &[b"stamp"]), "no hash we know");
    }

    #[test]
    fn too_long_content_never_holds_whatever_follows() {
        let mut checking = Checking::new(0, &Hashes::of(b""));
        assert!(!checking.take(b"x"));
        assert!(!checking.holds());
    }

    #[test]
    fn a_hash_in_an_address_is_hexadecimal_digits() {
        let bad: Hashes = serde_json::from_str(r#"{"sha256":"../../x"}"#).unwrap();
        assert_eq!(bad.in_addresses(), None);
        assert_eq!(Hashes::of(b"a").in_addresses().map(str::len), Some(64));
        assert_eq!(Hashes::of(b"a").sha256().map(|hash| hash[0]), Some(0xca));
    }
}
