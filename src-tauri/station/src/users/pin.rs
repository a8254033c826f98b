//! PINs (`protocol.md` L): argon2id over HMAC(pepper, PIN). Without the pepper, which is sealed
//! under the station's key, a copied verifier cannot be searched.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of the pepper.
pub const PEPPER_BYTES: usize = 32;

/// What the pepper is derived for.
pub const PEPPER_PURPOSE: &[u8] = b"pb pin pepper v1";

/// The least digits of any PIN.
pub const LEAST_DIGITS: usize = 4;

/// The least digits of a PIN that a right rests on.
pub const MONEY_DIGITS: usize = 6;

/// The most digits: more are forgotten.
const MOST_DIGITS: usize = 12;

/// Bytes of salt.
const SALT_BYTES: usize = 16;

/// Bytes of the result.
const HASH_BYTES: usize = 32;

/// Memory of argon2id, KiB: 64 MiB.
const MEMORY_KIB: u32 = 64 * 1_024;

/// Passes of argon2id.
const PASSES: u32 = 3;

/// What a PIN is held against.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize)]
pub struct Verifier {
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
    is_short: bool,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier(..)")
    }
}

impl Verifier {
    /// The verifier of a PIN. Takes a good part of a second on purpose.
    #[must_use]
    pub fn new(pepper: &[u8; PEPPER_BYTES], pin: &str, salt: [u8; SALT_BYTES]) -> Self {
        Self {
            salt,
            hash: *hash(pepper, pin, &salt),
            is_short: pin.len() < MONEY_DIGITS,
        }
    }

    /// Whether this is the PIN; takes equally long for every one.
    #[must_use]
    pub fn fits(&self, pepper: &[u8; PEPPER_BYTES], pin: &str) -> bool {
        hash(pepper, pin, &self.salt).ct_eq(&self.hash).into()
    }

    /// Whether the PIN has too few digits for a right.
    #[must_use]
    pub const fn is_short(&self) -> bool {
        self.is_short
    }
}

fn hash(
    pepper: &[u8; PEPPER_BYTES],
    pin: &str,
    salt: &[u8; SALT_BYTES],
) -> Zeroizing<[u8; HASH_BYTES]> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, pepper);
    let peppered = hmac::sign(&key, pin.as_bytes());
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(HASH_BYTES))
        .expect("the constants lie within argon2's bounds");
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(peppered.as_ref(), salt, hash.as_mut_slice())
        .expect("32 bytes and a 16-byte salt lie within argon2's bounds");
    hash
}

/// Whether somebody may choose this PIN: digits, enough of them, neither all the same nor a run.
#[must_use]
pub fn is_good_choice(pin: &str, least: usize) -> bool {
    let digits = pin.as_bytes();
    let is_long = (least..=MOST_DIGITS).contains(&digits.len());
    let steps = |step: i16| {
        digits
            .windows(2)
            .all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step)
    };
    is_long && digits.iter().all(u8::is_ascii_digit) && ![-1, 0, 1].into_iter().any(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_fits_only_itself_and_only_under_its_own_pepper() {
        let verifier = Verifier::new(&[1; 32], "274951", [3; 16]);
        assert!(verifier.fits(&[1; 32], "274951"));
        assert!(!verifier.fits(&[1; 32], "274952"));
        assert!(!verifier.fits(&[2; 32], "274951"));
        assert!(!verifier.is_short());
    }

    #[test]
    fn a_pin_that_everybody_would_try_first_is_no_choice() {
        for pin in [
            "",
            "12345",
            "000000",
            "123456",
            "654321",
            "27495a",
            "27495\u{0661}",
            "2749513860274",
        ] {
            assert!(!is_good_choice(pin, MONEY_DIGITS), "{pin}");
        }
        assert!(is_good_choice("274951", MONEY_DIGITS));
        assert!(is_good_choice("2749", LEAST_DIGITS));
    }
}
