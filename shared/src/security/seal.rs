//! Sealing of rows in the station's store, and wrapping of the keys that seal them
//! (`protocol.md` K).
//!
//! A sealed row is `01 | kid u16 BE | nonce 12 | ciphertext | tag 16`. What it is sealed *for* (the
//! vault, the table, the primary key and the journal size at the time of writing) is
//! authenticated but not stored, so a row moved to another place or put back from an older state
//! of the store does not open. Rows are sealed with AES-256-GCM under one data key per table; data
//! keys are wrapped with AES-256-GCM-SIV under the key-encryption key (KEK) of the keyring,
//! because a repeated nonce must not betray a key.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, AeadCore, KeyInit, Payload};
use aes_gcm_siv::Aes256GcmSiv;
use zeroize::Zeroizing;

use crate::ids::VaultId;

/// Seals after which a data key is renewed: well below the 2^32 random nonces at which
/// AES-GCM's chance of a repeated nonce reaches 2^-32 (NIST SP 800-38D, 8.3).
pub const MAX_SEALS_PER_KEY: u64 = 1 << 31;

/// The longest plaintext of one row, in bytes. The largest row is a pending refill (envelope and
/// inner request of at most 16 KiB each); the rest is room.
pub const MAX_ROW_BYTES: usize = 256 * 1024;

/// Bytes a seal adds to a row.
pub const SEAL_OVERHEAD_BYTES: usize = HEADER_BYTES + TAG_BYTES;

/// The first byte of everything sealed by this layout.
const SEAL_VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 1 + 2 + NONCE_BYTES;
const ROW_DOMAIN: &[u8] = b"pb row v1";
const KEY_DOMAIN: &[u8] = b"pb key v1";

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The plaintext of a row is longer than [`MAX_ROW_BYTES`].
    #[error("a row of {found} bytes is too long to be sealed")]
    RowTooLong {
        /// The length in bytes.
        found: usize,
    },
    /// A table name or primary key is longer than the layout can say.
    #[error("the place of a row is too long to be named")]
    PlaceTooLong,
    /// The bytes are shorter or longer than a seal can be.
    #[error("{found} bytes are not a seal")]
    NotASeal {
        /// The length in bytes.
        found: usize,
    },
    /// The seal's first byte is not known.
    #[error("seal layout {found} is not known")]
    UnknownLayout {
        /// The first byte.
        found: u8,
    },
    /// The seal was made with another key.
    #[error("sealed with key {found}, opened with key {expected}")]
    OtherKey {
        /// The key id asked for.
        expected: u16,
        /// The key id in the seal.
        found: u16,
    },
    /// The key is wrong, or the bytes or their place have been altered.
    #[error("the seal is broken: other key, altered bytes or another place")]
    Broken,
}

/// The place a row is sealed for.
///
/// As additional authenticated data it is encoded without ambiguity:
/// `pb row v1` (9) ‖ vault (16) ‖ table length u16 BE ‖ table (UTF-8) ‖ primary key length u32 BE ‖
/// primary key ‖ journal size u64 BE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowAad<'a> {
    /// The vault whose value the row belongs to.
    pub vault: VaultId,
    /// The table's name.
    pub table: &'a str,
    /// The row's primary key as bytes.
    pub primary_key: &'a [u8],
    /// Records in the journal when the row was written.
    pub journal_size: u64,
}

impl RowAad<'_> {
    fn bytes(&self) -> Result<Vec<u8>, SealError> {
        let mut aad = Vec::with_capacity(64);
        aad.extend_from_slice(ROW_DOMAIN);
        aad.extend_from_slice(self.vault.bytes());
        push_text(&mut aad, self.table)?;
        let length = u32::try_from(self.primary_key.len()).map_err(|_| SealError::PlaceTooLong)?;
        aad.extend_from_slice(&length.to_be_bytes());
        aad.extend_from_slice(self.primary_key);
        aad.extend_from_slice(&self.journal_size.to_be_bytes());
        Ok(aad)
    }
}

/// The data key that is wrapped: which one, of which table, of which vault.
///
/// As additional authenticated data: `pb key v1` (9) ‖ vault (16) ‖ table length u16 BE ‖ table ‖
/// data key id u16 BE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAad<'a> {
    /// The vault whose rows the key seals.
    pub vault: VaultId,
    /// The table whose rows the key seals.
    pub table: &'a str,
    /// The data key's own id, as its seals carry it.
    pub kid: u16,
}

impl KeyAad<'_> {
    fn bytes(&self) -> Result<Vec<u8>, SealError> {
        let mut aad = Vec::with_capacity(48);
        aad.extend_from_slice(KEY_DOMAIN);
        aad.extend_from_slice(self.vault.bytes());
        push_text(&mut aad, self.table)?;
        aad.extend_from_slice(&self.kid.to_be_bytes());
        Ok(aad)
    }
}

/// Seals one row for its place.
///
/// `nonce` must be fresh random bytes, never used before with this key.
///
/// # Errors
/// [`SealError::RowTooLong`] and [`SealError::PlaceTooLong`] when a bound is passed.
pub fn seal_row(
    key: &[u8; 32],
    kid: u16,
    nonce: [u8; NONCE_BYTES],
    aad: &RowAad<'_>,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    if plaintext.len() > MAX_ROW_BYTES {
        return Err(SealError::RowTooLong {
            found: plaintext.len(),
        });
    }
    let aad = aad.bytes()?;
    let ciphertext = encrypt(&Aes256Gcm::new(key.into()), nonce, &aad, plaintext);
    Ok(assemble(kid, nonce, &ciphertext))
}

/// Opens one row at its place; the plaintext is wiped when dropped.
///
/// # Errors
/// [`SealError::Broken`] for another key, place or journal size, or altered bytes; the others for
/// bytes that are no seal of `kid`.
pub fn open_row(
    key: &[u8; 32],
    kid: u16,
    aad: &RowAad<'_>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let seal = Seal::read(sealed, MAX_ROW_BYTES)?.made_with(kid)?;
    let aad = aad.bytes()?;
    decrypt(&Aes256Gcm::new(key.into()), &seal, &aad)
}

/// Wraps a data key under the key-encryption key `kek`, whose id is `kek_id`.
///
/// # Errors
/// [`SealError::PlaceTooLong`] when the table's name is longer than 65,535 bytes.
pub fn wrap_key(
    kek: &[u8; 32],
    kek_id: u16,
    nonce: [u8; NONCE_BYTES],
    aad: &KeyAad<'_>,
    key: &[u8; 32],
) -> Result<Vec<u8>, SealError> {
    let aad = aad.bytes()?;
    let ciphertext = encrypt(&Aes256GcmSiv::new(kek.into()), nonce, &aad, key);
    Ok(assemble(kek_id, nonce, &ciphertext))
}

/// Unwraps a data key; it is wiped when dropped.
///
/// # Errors
/// [`SealError::Broken`] for another key-encryption key or place, or altered bytes; the others for
/// bytes that are no seal of `kek_id`.
pub fn unwrap_key(
    kek: &[u8; 32],
    kek_id: u16,
    aad: &KeyAad<'_>,
    wrapped: &[u8],
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let seal = Seal::read(wrapped, 32)?.made_with(kek_id)?;
    let aad = aad.bytes()?;
    let plaintext = decrypt(&Aes256GcmSiv::new(kek.into()), &seal, &aad)?;
    let mut key = Zeroizing::new([0; 32]);
    if plaintext.len() != key.len() {
        return Err(SealError::NotASeal {
            found: wrapped.len(),
        });
    }
    key.copy_from_slice(&plaintext);
    Ok(key)
}

/// The id of the key that sealed these bytes, so that the caller can fetch it.
///
/// # Errors
/// [`SealError::NotASeal`] and [`SealError::UnknownLayout`].
pub fn sealing_key_id(sealed: &[u8]) -> Result<u16, SealError> {
    Seal::read(sealed, MAX_ROW_BYTES).map(|seal| seal.kid)
}

fn encrypt<C>(cipher: &C, nonce: [u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8]) -> Vec<u8>
where
    C: Aead + AeadCore<NonceSize = U12>,
{
    let message = Payload {
        msg: plaintext,
        aad,
    };
    cipher
        .encrypt(&nonce.into(), message)
        .expect("MAX_ROW_BYTES is far below the limits of both ciphers")
}

fn decrypt<C>(cipher: &C, seal: &Seal<'_>, aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError>
where
    C: Aead + AeadCore<NonceSize = U12>,
{
    let message = Payload {
        msg: seal.ciphertext,
        aad,
    };
    cipher
        .decrypt(&seal.nonce.into(), message)
        .map(Zeroizing::new)
        .map_err(|_| SealError::Broken)
}

/// A seal taken apart.
struct Seal<'a> {
    kid: u16,
    nonce: [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
}

impl<'a> Seal<'a> {
    fn read(sealed: &'a [u8], max_plaintext: usize) -> Result<Self, SealError> {
        let not_a_seal = SealError::NotASeal {
            found: sealed.len(),
        };
        let (header, ciphertext) = sealed
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(not_a_seal)?;
        if ciphertext.len() < TAG_BYTES || ciphertext.len() > max_plaintext + TAG_BYTES {
            return Err(not_a_seal);
        }
        let [version, kid_high, kid_low, nonce @ ..] = *header;
        if version != SEAL_VERSION {
            return Err(SealError::UnknownLayout { found: version });
        }
        Ok(Self {
            kid: u16::from_be_bytes([kid_high, kid_low]),
            nonce,
            ciphertext,
        })
    }

    const fn made_with(self, kid: u16) -> Result<Self, SealError> {
        if self.kid == kid {
            Ok(self)
        } else {
            Err(SealError::OtherKey {
                expected: kid,
                found: self.kid,
            })
        }
    }
}

fn assemble(kid: u16, nonce: [u8; NONCE_BYTES], ciphertext: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
    sealed.push(SEAL_VERSION);
    sealed.extend_from_slice(&kid.to_be_bytes());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(ciphertext);
    sealed
}

fn push_text(aad: &mut Vec<u8>, text: &str) -> Result<(), SealError> {
    let length = u16::try_from(text.len()).map_err(|_| SealError::PlaceTooLong)?;
    aad.extend_from_slice(&length.to_be_bytes());
    aad.extend_from_slice(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod test_vectors;
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn place<'a>(table: &'a str, primary_key: &'a [u8]) -> RowAad<'a> {
        RowAad {
            vault: VaultId::from_bytes([1; 16]),
            table,
            primary_key,
            journal_size: 12,
        }
    }

    #[test]
    fn a_sealed_row_opens_only_at_its_place() {
        let home = place("vault", b"\x01");
        let sealed = seal_row(&KEY, 3, [9; 12], &home, b"ten dollars").unwrap();
        assert_eq!(sealed.len(), b"ten dollars".len() + SEAL_OVERHEAD_BYTES);
        assert_eq!(sealing_key_id(&sealed), Ok(3));
        assert_eq!(
            open_row(&KEY, 3, &home, &sealed).unwrap().as_slice(),
            b"ten dollars"
        );
        let other_vault = RowAad {
            vault: VaultId::from_bytes([2; 16]),
            ..home
        };
        let older = RowAad {
            journal_size: 11,
            ..home
        };
        for elsewhere in [
            other_vault,
            older,
            place("pieces", b"\x01"),
            place("vault", b"\x02"),
            place("vaul", b"t\x01"),
        ] {
            assert_eq!(
                open_row(&KEY, 3, &elsewhere, &sealed).unwrap_err(),
                SealError::Broken
            );
        }
    }

    #[test]
    fn a_seal_of_another_key_says_which_key() {
        let sealed = seal_row(&KEY, 3, [9; 12], &place("vault", b""), b"x").unwrap();
        assert_eq!(
            open_row(&KEY, 4, &place("vault", b""), &sealed).unwrap_err(),
            SealError::OtherKey {
                expected: 4,
                found: 3
            }
        );
        assert_eq!(
            open_row(&[8; 32], 3, &place("vault", b""), &sealed).unwrap_err(),
            SealError::Broken
        );
    }

    #[test]
    fn a_wrapped_key_opens_only_under_its_kek_and_for_its_table() {
        let aad = KeyAad {
            vault: VaultId::from_bytes([1; 16]),
            table: "vault",
            kid: 2,
        };
        let wrapped = wrap_key(&KEY, 1, [0; 12], &aad, &[0xAB; 32]).unwrap();
        assert_eq!(wrapped.len(), 32 + SEAL_OVERHEAD_BYTES);
        assert_eq!(*unwrap_key(&KEY, 1, &aad, &wrapped).unwrap(), [0xAB; 32]);
        assert_eq!(
            unwrap_key(&[8; 32], 1, &aad, &wrapped).unwrap_err(),
            SealError::Broken
        );
        assert_eq!(
            unwrap_key(&KEY, 1, &KeyAad { kid: 3, ..aad }, &wrapped).unwrap_err(),
            SealError::Broken
        );
        let short = &wrapped[..wrapped.len() - 1];
        assert_eq!(
            unwrap_key(&KEY, 1, &aad, short).unwrap_err(),
            SealError::Broken
        );
    }

    #[test]
    fn a_row_beyond_the_bound_is_refused() {
        let long = vec![0; MAX_ROW_BYTES + 1];
        assert_eq!(
            seal_row(&KEY, 1, [0; 12], &place("vault", b""), &long),
            Err(SealError::RowTooLong { found: long.len() })
        );
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_any_flipped_bit_breaks_it(
            plaintext in prop::collection::vec(any::<u8>(), 0..80),
            kid: u16, nonce: [u8; 12], bit: prop::sample::Index,
        ) {
            let home = place("pieces", b"key");
            let mut sealed = seal_row(&KEY, kid, nonce, &home, &plaintext).unwrap();
            let opened = open_row(&KEY, kid, &home, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
            let bit = bit.index(sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open_row(&KEY, kid, &home, &sealed).is_err());
        }

        #[test]
        fn no_bytes_make_the_opener_panic(bytes in prop::collection::vec(any::<u8>(), 0..90)) {
            prop_assert!(open_row(&KEY, 0, &place("vault", b""), &bytes).is_err());
            let aad = KeyAad { vault: VaultId::from_bytes([1; 16]), table: "vault", kid: 0 };
            prop_assert!(unwrap_key(&KEY, 0, &aad, &bytes).is_err());
        }
    }
}
