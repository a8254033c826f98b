//! Project Wycheproof on the ciphers of sealed rows and wrapped keys, through the functions that
//! seal and open them.

use super::*;
use crate::security::test_vectors::{bytes, is_valid, vectors};

const GCM: &str = include_str!("../../../vectors/wycheproof/aes_256_gcm.jsonl");
const GCM_SIV: &str = include_str!("../../../vectors/wycheproof/aes_256_gcm_siv.jsonl");

/// Seals and opens every vector; how many had to be refused.
fn run<C>(lines: &str, cipher: impl Fn(&[u8; 32]) -> C) -> usize
where
    C: Aead + AeadCore<NonceSize = U12>,
{
    let mut refused = 0;
    for vector in vectors(lines) {
        let cipher = cipher(&bytes(&vector, "key").try_into().unwrap());
        let nonce: [u8; NONCE_BYTES] = bytes(&vector, "nonce").try_into().unwrap();
        let (aad, message) = (bytes(&vector, "aad"), bytes(&vector, "message"));
        let sealed = bytes(&vector, "sealed");
        let row = assemble(7, nonce, &sealed);
        let seal = Seal::read(&row, MAX_ROW_BYTES)
            .unwrap()
            .made_with(7)
            .unwrap();
        let opened = decrypt(&cipher, &seal, &aad);
        if is_valid(&vector) {
            assert_eq!(opened.unwrap().as_slice(), message, "{vector}");
            assert_eq!(encrypt(&cipher, nonce, &aad, &message), sealed, "{vector}");
        } else {
            assert_eq!(opened, Err(SealError::Broken), "{vector}");
            refused += 1;
        }
    }
    refused
}

#[test]
fn rows_are_sealed_as_wycheproof_wants_aes_256_gcm() {
    let refused = run(GCM, |key| Aes256Gcm::new(key.into()));
    assert!(refused >= 20, "{refused}");
}

#[test]
fn keys_are_wrapped_as_wycheproof_wants_aes_256_gcm_siv() {
    let refused = run(GCM_SIV, |key| Aes256GcmSiv::new(key.into()));
    assert!(refused >= 20, "{refused}");
}
