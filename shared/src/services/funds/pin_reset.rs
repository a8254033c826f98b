//! A forgotten PIN: an admin at the data center gives a one-time code, and whoever types it at the
//! station chooses a new PIN there.
//!
//! Only the code's hash travels, in the reply to the next statement (level L3), so that nobody but
//! its user ever knows a PIN. It is bound to its vault: at another station the code opens nothing.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::clock::UnixSeconds;
use crate::ids::VaultId;
use crate::security::enrolment_code::{EnrolmentCodeError, crockford, typed_characters};

/// A code can be used so many days: a station that nobody opened over a week's end learns of it in
/// time.
pub const PIN_RESET_DAYS: i64 = 7;

/// The longest name of a user at a station, characters.
pub const MAX_USER_CHARS: usize = 40;

/// Random bytes of a code: 80 bits, which nobody guesses in a week however often the station lets
/// them try.
pub const RESET_CODE_BYTES: usize = 10;

const CODE_CHARACTERS: usize = RESET_CODE_BYTES * 8 / 5;
const GROUP_CHARACTERS: usize = 4;
const HASH_DOMAIN: &[u8] = b"pb pin reset v1";

/// Lets one user of a station choose a new PIN.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PinReset {
    /// The user's name.
    #[n(1)]
    pub user: String,
    /// What the code is held against.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub code_hash: [u8; 32],
    /// Until when the code can be used.
    #[n(3)]
    pub until: UnixSeconds,
}

/// The one-time code. It is wiped when dropped and does not show in `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ResetCode([u8; RESET_CODE_BYTES]);

impl ResetCode {
    /// A code of these random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; RESET_CODE_BYTES]) -> Self {
        Self(bytes)
    }

    /// What a station of this vault holds the code against.
    #[must_use]
    pub fn hash(&self, vault: VaultId) -> [u8; 32] {
        Sha256::new()
            .chain_update(HASH_DOMAIN)
            .chain_update(vault.bytes())
            .chain_update(self.0)
            .finalize()
            .into()
    }
}

impl fmt::Display for ResetCode {
    /// Writes the code for people: four groups of four characters joined by hyphens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Zeroizing::new(crockford().encode(&self.0));
        for (number, character) in text.chars().enumerate() {
            if number > 0 && number.is_multiple_of(GROUP_CHARACTERS) {
                f.write_str("-")?;
            }
            write!(f, "{character}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ResetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResetCode(..)")
    }
}

impl FromStr for ResetCode {
    type Err = EnrolmentCodeError;

    /// Reads a code as people type it: any case, spaces and hyphens anywhere, O for 0, I or L for 1.
    fn from_str(text: &str) -> Result<Self, EnrolmentCodeError> {
        typed_characters(text, CODE_CHARACTERS).map(|typed| Self(decode(&typed)))
    }
}

fn decode(typed: &str) -> [u8; RESET_CODE_BYTES] {
    let mut bytes = [0; RESET_CODE_BYTES];
    crockford()
        .decode_mut(typed.as_bytes(), &mut bytes)
        .expect("16 characters of the alphabet are exactly 10 bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_bound_to_its_vault() {
        let code = ResetCode::new(*b"0123456789");
        let [one, two] = [[1; 16], [2; 16]].map(VaultId::from_bytes);
        assert_eq!(code.hash(one), code.clone().hash(one));
        assert_ne!(code.hash(one), code.hash(two));
        assert_ne!(code.hash(one), ResetCode::new(*b"0123456788").hash(one));
        assert_eq!(format!("{code:?}"), "ResetCode(..)");
    }

    proptest! {
        #[test]
        fn a_code_reads_back_as_people_type_it(bytes: [u8; RESET_CODE_BYTES]) {
            let code = ResetCode::new(bytes);
            let written = code.to_string();
            prop_assert_eq!(written.len(), 19);
            let typed = written.to_lowercase().replace('-', " ").replace('0', "o");
            prop_assert_eq!(typed.parse::<ResetCode>().unwrap(), code);
            prop_assert!(written[1..].parse::<ResetCode>().is_err());
        }
    }
}
