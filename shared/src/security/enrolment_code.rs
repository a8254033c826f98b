//! The one-time code that brings a station to its data center (`protocol.md` C).
//!
//! It carries the shared secret *and* the fingerprint of the data center's root key, so that the
//! first meeting is already safe from a man in the middle. 35 bytes
//! (`01 | secret 16 | fingerprint 16 | CRC-16/XMODEM BE`) become 56 Crockford base32 characters in
//! seven groups of eight, made to be read over the telephone: letters that look like digits are
//! taken for them, and the checksum tells a mistyped code from a wrong one.

use std::fmt;
use std::str::FromStr;

use crc::{CRC_16_XMODEM, Crc};
use data_encoding::{Encoding, Specification};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The layout's first byte.
const CODE_VERSION: u8 = 1;
const SECRET_BYTES: usize = 16;
const FINGERPRINT_BYTES: usize = 16;
const CHECKED_BYTES: usize = 1 + SECRET_BYTES + FINGERPRINT_BYTES;
const CODE_BYTES: usize = CHECKED_BYTES + 2;
/// Base32 characters of a code, five bits each.
const CODE_CHARACTERS: usize = CODE_BYTES * 8 / 5;
const GROUP_CHARACTERS: usize = 8;
/// Crockford's alphabet: no I, L, O (they look like digits) and no U.
const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECKSUM: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

/// Why a text is no enrolment code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentCodeError {
    /// A character that no code contains.
    #[error("{found:?} does not occur in an enrolment code")]
    NotInAlphabet {
        /// The first such character.
        found: char,
    },
    /// Too few or too many characters.
    #[error("an enrolment code has {CODE_CHARACTERS} characters, not {found}")]
    WrongLength {
        /// Characters found, separators not counted; counting stops soon after too many.
        found: usize,
    },
    /// The checksum does not match: one or more characters were mistyped.
    #[error("the enrolment code was mistyped: its checksum does not match")]
    Mistyped,
    /// The code is sound but made by a newer data center.
    #[error("enrolment codes of kind {found} are not known to this version")]
    UnknownVersion {
        /// The first byte.
        found: u8,
    },
}

/// A one-time enrolment code. The secret is wiped when dropped and does not show in `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct EnrolmentCode {
    secret: [u8; SECRET_BYTES],
    root_fingerprint: [u8; FINGERPRINT_BYTES],
}

impl EnrolmentCode {
    /// A code from 16 fresh random bytes and the fingerprint of the data center's root key.
    #[must_use]
    pub const fn new(
        secret: [u8; SECRET_BYTES],
        root_fingerprint: [u8; FINGERPRINT_BYTES],
    ) -> Self {
        Self {
            secret,
            root_fingerprint,
        }
    }

    /// The fingerprint of a root key: the first 16 bytes of SHA-256 over its
    /// `SubjectPublicKeyInfo` (DER).
    #[must_use]
    pub fn fingerprint_of(root_spki: &[u8]) -> [u8; FINGERPRINT_BYTES] {
        let hash: [u8; 32] = Sha256::digest(root_spki).into();
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        fingerprint.copy_from_slice(&hash[..FINGERPRINT_BYTES]);
        fingerprint
    }

    /// The secret to be shown to the data center, once its root is proved.
    #[must_use]
    pub const fn secret(&self) -> &[u8; SECRET_BYTES] {
        &self.secret
    }

    /// What the data center keeps instead of the secret: SHA-256 of it.
    #[must_use]
    pub fn secret_hash(&self) -> [u8; 32] {
        Self::hash_secret(&self.secret)
    }

    /// SHA-256 of a presented secret, to be looked up among the kept ones.
    #[must_use]
    pub fn hash_secret(secret: &[u8; SECRET_BYTES]) -> [u8; 32] {
        Sha256::digest(secret).into()
    }

    /// The fingerprint of the root key of the data center that made this code.
    #[must_use]
    pub const fn root_fingerprint(&self) -> &[u8; FINGERPRINT_BYTES] {
        &self.root_fingerprint
    }

    /// Whether a root key (`SubjectPublicKeyInfo`, DER) is the one this code vouches for.
    #[must_use]
    pub fn vouches_for(&self, root_spki: &[u8]) -> bool {
        Self::fingerprint_of(root_spki)
            .ct_eq(&self.root_fingerprint)
            .into()
    }

    fn bytes(&self) -> Zeroizing<[u8; CODE_BYTES]> {
        let mut bytes = Zeroizing::new([0; CODE_BYTES]);
        bytes[0] = CODE_VERSION;
        bytes[1..=SECRET_BYTES].copy_from_slice(&self.secret);
        bytes[1 + SECRET_BYTES..CHECKED_BYTES].copy_from_slice(&self.root_fingerprint);
        let checksum = CHECKSUM.checksum(&bytes[..CHECKED_BYTES]);
        bytes[CHECKED_BYTES..].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }
}

impl fmt::Display for EnrolmentCode {
    /// Writes the code for people: seven groups of eight characters joined by hyphens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Zeroizing::new(crockford().encode(self.bytes().as_slice()));
        for (number, character) in text.chars().enumerate() {
            if number > 0 && number.is_multiple_of(GROUP_CHARACTERS) {
                f.write_str("-")?;
            }
            write!(f, "{character}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentCode").finish_non_exhaustive()
    }
}

impl FromStr for EnrolmentCode {
    type Err = EnrolmentCodeError;

    /// Reads a code as people type it: any case, spaces and hyphens anywhere, O for 0, I or L for 1.
    fn from_str(text: &str) -> Result<Self, EnrolmentCodeError> {
        let typed = typed_characters(text, CODE_CHARACTERS)?;
        let bytes = decode(&typed);
        let checksum = CHECKSUM.checksum(&bytes[..CHECKED_BYTES]).to_be_bytes();
        if bytes[CHECKED_BYTES..] != checksum {
            return Err(EnrolmentCodeError::Mistyped);
        }
        if bytes[0] != CODE_VERSION {
            return Err(EnrolmentCodeError::UnknownVersion { found: bytes[0] });
        }
        let mut code = Self::new([0; SECRET_BYTES], [0; FINGERPRINT_BYTES]);
        code.secret.copy_from_slice(&bytes[1..=SECRET_BYTES]);
        code.root_fingerprint
            .copy_from_slice(&bytes[1 + SECRET_BYTES..CHECKED_BYTES]);
        Ok(code)
    }
}

/// The `length` characters of a code in the alphabet's own spelling, separators dropped.
///
/// # Errors
/// [`EnrolmentCodeError`] for other characters, or another number of them.
pub(crate) fn typed_characters(
    text: &str,
    length: usize,
) -> Result<Zeroizing<String>, EnrolmentCodeError> {
    let mut typed = Zeroizing::new(String::with_capacity(length.saturating_add(1)));
    for character in text.chars() {
        // Word processors turn hyphens into dashes.
        if character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}') {
            continue;
        }
        let symbol = match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if !ALPHABET.contains(symbol) {
            return Err(EnrolmentCodeError::NotInAlphabet { found: character });
        }
        if typed.len() == length {
            return Err(EnrolmentCodeError::WrongLength {
                found: length.saturating_add(1),
            });
        }
        typed.push(symbol);
    }
    if typed.len() == length {
        Ok(typed)
    } else {
        Err(EnrolmentCodeError::WrongLength { found: typed.len() })
    }
}

fn decode(typed: &str) -> Zeroizing<[u8; CODE_BYTES]> {
    let mut bytes = Zeroizing::new([0; CODE_BYTES]);
    crockford()
        .decode_mut(typed.as_bytes(), bytes.as_mut_slice())
        .expect("56 characters of the alphabet are exactly 35 bytes");
    bytes
}

/// Crockford's base32.
pub(crate) fn crockford() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str(ALPHABET);
    specification
        .encoding()
        .expect("32 distinct ASCII symbols are a base32 alphabet")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code() -> EnrolmentCode {
        EnrolmentCode::new(*b"0123456789abcdef", EnrolmentCode::fingerprint_of(b"root"))
    }

    #[test]
    fn a_code_is_read_back_however_it_was_typed() {
        let text = code().to_string();
        assert_eq!(text.len(), 62);
        let spoken = text.to_lowercase().replace('-', " ");
        let confused = text.replace('0', "O").replace('1', "l").replace('-', "");
        let dashed = format!("  {}\n", text.replace('-', " \u{2013} "));
        for typed in [text, spoken, confused, dashed] {
            let read: EnrolmentCode = typed.parse().unwrap();
            assert_eq!(read.secret(), b"0123456789abcdef");
            assert!(read.vouches_for(b"root"));
            assert!(!read.vouches_for(b"another root"));
        }
    }

    #[test]
    fn a_mistyped_code_is_told_from_a_short_one_and_from_nonsense() {
        let text = code().to_string();
        let mut mistyped = text.clone();
        let last = if mistyped.pop() == Some('0') {
            '2'
        } else {
            '0'
        };
        mistyped.push(last);
        assert_eq!(
            mistyped.parse::<EnrolmentCode>().unwrap_err(),
            EnrolmentCodeError::Mistyped
        );
        assert_eq!(
            text[..54].parse::<EnrolmentCode>().unwrap_err(),
            EnrolmentCodeError::WrongLength { found: 48 }
        );
        assert_eq!(
            format!("{text}-00").parse::<EnrolmentCode>().unwrap_err(),
            EnrolmentCodeError::WrongLength { found: 57 }
        );
        assert_eq!(
            format!("{text}U").parse::<EnrolmentCode>().unwrap_err(),
            EnrolmentCodeError::NotInAlphabet { found: 'U' }
        );
    }

    #[test]
    fn a_sound_code_of_a_later_kind_is_refused_as_such() {
        let mut bytes = code().bytes();
        bytes[0] = 2;
        let checksum = CHECKSUM.checksum(&bytes[..CHECKED_BYTES]);
        bytes[CHECKED_BYTES..].copy_from_slice(&checksum.to_be_bytes());
        let text = crockford().encode(bytes.as_slice());
        assert_eq!(
            text.parse::<EnrolmentCode>().unwrap_err(),
            EnrolmentCodeError::UnknownVersion { found: 2 }
        );
    }

    #[test]
    fn the_checksum_is_the_published_xmodem_one() {
        assert_eq!(CHECKSUM.checksum(b"123456789"), 0x31C3);
    }

    #[test]
    fn the_secret_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", code()), "EnrolmentCode { .. }");
    }

    proptest! {
        #[test]
        fn every_code_is_read_back(secret: [u8; 16], fingerprint: [u8; 16]) {
            let text = EnrolmentCode::new(secret, fingerprint).to_string();
            let read: EnrolmentCode = text.parse().unwrap();
            prop_assert_eq!(read.secret(), &secret);
            prop_assert_eq!(read.root_fingerprint(), &fingerprint);
        }

        #[test]
        fn one_wrong_character_is_always_noticed(
            secret: [u8; 16], place in 0_usize..56, other in 0_usize..32,
        ) {
            let code = EnrolmentCode::new(secret, [3; 16]);
            let mut text: Vec<char> =
                code.to_string().chars().filter(|c| *c != '-').collect();
            let wrong = char::from(ALPHABET.as_bytes()[other]);
            prop_assume!(text[place] != wrong);
            text[place] = wrong;
            let typed: String = text.into_iter().collect();
            prop_assert_eq!(
                typed.parse::<EnrolmentCode>().unwrap_err(),
                EnrolmentCodeError::Mistyped
            );
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,70}") {
            let _ = text.parse::<EnrolmentCode>().is_ok();
        }
    }
}
