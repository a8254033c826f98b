//! The vector of RFC 9180 and Project Wycheproof on what an envelope is made of, with the types and
//! functions it is made with.

use aws_lc_rs::agreement::{self, ECDH_P256, UnparsedPublicKey};
use hkdf::Hkdf;
use serde_json::Value;
use sha2::Sha256;

use super::*;
use crate::security::test_vectors::{bytes, hex, is_valid, vectors};

const HPKE: &str = include_str!("../../../vectors/wycheproof/hpke_rfc9180.jsonl");
const ECDH: &str = include_str!("../../../vectors/wycheproof/ecdh_p256.jsonl");
const HKDF: &str = include_str!("../../../vectors/wycheproof/hkdf_sha256.jsonl");
const HMAC: &str = include_str!("../../../vectors/wycheproof/hmac_sha256.jsonl");

fn pairs(vector: &Value, name: &str) -> Vec<Vec<Vec<u8>>> {
    let list = vector[name].as_array().unwrap();
    let values = |one: &Value| {
        let values = one.as_array().unwrap().iter();
        values.map(|value| hex(value.as_str().unwrap())).collect()
    };
    list.iter().map(values).collect()
}

#[test]
fn our_suite_gives_the_keys_messages_and_exports_of_rfc_9180() {
    let vector = vectors(HPKE).remove(0);
    let (private, public) = key_pair(&bytes(&vector, "ikmR").try_into().unwrap());
    assert_eq!(private, bytes(&vector, "skRm"));
    assert_eq!(public, bytes(&vector, "pkRm"));
    let (info, seed) = (bytes(&vector, "info"), bytes(&vector, "ikmE"));
    let mut random = |bytes: &mut [u8]| bytes.copy_from_slice(&seed);
    let recipient = PublicKey::from_bytes(&public).unwrap();
    let (enc, mut sender) = hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
        &OpModeS::Base,
        &recipient,
        &info,
        &mut Randomness(&mut random),
    )
    .unwrap();
    assert_eq!(enc.to_bytes().to_vec(), bytes(&vector, "enc"));
    let private = PrivateKey::from_bytes(&private).unwrap();
    let mut receiver = hpke::setup_receiver::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
        &OpModeR::Base,
        &private,
        &enc,
        &info,
    )
    .unwrap();
    let messages = pairs(&vector, "messages");
    assert!(messages.len() >= 10);
    for message in messages {
        let [aad, plain, sealed] = message.as_slice() else {
            unreachable!("{message:?}")
        };
        assert_eq!(&sender.seal(plain, aad).unwrap(), sealed);
        assert_eq!(&receiver.open(sealed, aad).unwrap(), plain);
    }
    for export in pairs(&vector, "exports") {
        let mut value = [0; 32];
        receiver.export(&export[0], &mut value).unwrap();
        assert_eq!(value.as_slice(), export[1]);
    }
}

/// What DHKEM makes of a Diffie-Hellman secret, RFC 9180 §4.1, written down once more.
fn extract_and_expand(shared: &[u8], enc: &[u8], recipient: &[u8]) -> [u8; 32] {
    const SUITE: &[u8] = b"KEM\x00\x10";
    let ikm = [b"HPKE-v1", SUITE, b"eae_prk", shared].concat();
    let extracted = Hkdf::<Sha256>::new(None, &ikm);
    let info = [
        &[0, 32],
        b"HPKE-v1".as_slice(),
        SUITE,
        b"shared_secret",
        enc,
        recipient,
    ]
    .concat();
    let mut secret = [0; 32];
    extracted.expand(&info, &mut secret).unwrap();
    secret
}

/// A scalar as 32 bytes: vectors write it as a signed number of any length.
fn scalar(vector: &Value) -> [u8; 32] {
    let bytes = bytes(vector, "private");
    let mut scalar = [0; 32];
    let begin = bytes.len().saturating_sub(32);
    assert!(bytes[..begin].iter().all(|byte| *byte == 0), "{vector}");
    let bytes = &bytes[begin..];
    scalar[32 - bytes.len()..].copy_from_slice(bytes);
    scalar
}

#[test]
fn keys_are_agreed_on_as_wycheproof_wants_ecdh_on_p_256() {
    let (mut agreed, mut refused) = (0, 0);
    for vector in vectors(ECDH) {
        let private = PrivateKey::from_bytes(&scalar(&vector)).unwrap();
        let public = bytes(&vector, "public");
        let decapsulated = EncappedKey::from_bytes(&public)
            .and_then(|enc| DhP256HkdfSha256::decap(&private, None, &enc));
        // Only whole points travel in envelopes; a compressed one is no key here.
        if vector["result"] == "valid" && public.len() == POINT_BYTES {
            let recipient = DhP256HkdfSha256::sk_to_pk(&private).to_bytes();
            let expected = extract_and_expand(&bytes(&vector, "shared"), &public, &recipient);
            assert_eq!(decapsulated.unwrap().0.as_slice(), expected, "{vector}");
            agreed += 1;
        } else {
            assert!(decapsulated.is_err(), "{vector}");
            refused += 1;
        }
    }
    assert!(agreed >= 200 && refused >= 10, "{agreed}, {refused}");
}

#[test]
fn the_provider_of_tls_agrees_on_keys_as_wycheproof_wants() {
    let (mut agreed, mut refused) = (0, 0);
    for vector in vectors(ECDH) {
        let private = agreement::PrivateKey::from_private_key(&ECDH_P256, &scalar(&vector));
        let public = bytes(&vector, "public");
        let peer = UnparsedPublicKey::new(&ECDH_P256, &public);
        let shared = agreement::agree(&private.unwrap(), peer, (), |shared| Ok(shared.to_vec()));
        // TLS 1.3 knows whole points only; whether compressed ones are read is left open.
        match (vector["result"].as_str().unwrap(), public.len()) {
            ("valid", POINT_BYTES) => {
                assert_eq!(shared.unwrap(), bytes(&vector, "shared"), "{vector}");
                agreed += 1;
            }
            ("invalid", _) => {
                assert!(shared.is_err(), "{vector}");
                refused += 1;
            }
            (_, _) => assert!(
                shared.is_err() || shared == Ok(bytes(&vector, "shared")),
                "{vector}"
            ),
        }
    }
    assert!(agreed >= 200 && refused >= 10, "{agreed}, {refused}");
}

#[test]
fn keys_are_derived_as_wycheproof_wants_hkdf_sha_256() {
    for vector in vectors(HKDF) {
        let salt = bytes(&vector, "salt");
        let derived = Hkdf::<Sha256>::new(Some(&salt), &bytes(&vector, "ikm"));
        let size = usize::try_from(vector["size"].as_u64().unwrap()).unwrap();
        let mut okm = vec![0; size];
        let expanded = derived.expand(&bytes(&vector, "info"), &mut okm);
        if is_valid(&vector) {
            assert_eq!(okm, bytes(&vector, "okm"), "{vector}");
        } else {
            assert!(expanded.is_err(), "{vector}");
        }
    }
}

#[test]
fn the_extraction_of_keys_is_hmac_sha_256_as_wycheproof_wants_it() {
    let mut wrong = 0;
    for vector in vectors(HMAC) {
        let (key, tag) = (bytes(&vector, "key"), bytes(&vector, "tag"));
        // HKDF-Extract is HMAC of the secret under the salt, RFC 5869 §2.2.
        let (extracted, _) = Hkdf::<Sha256>::extract(Some(&key), &bytes(&vector, "message"));
        let holds = extracted.starts_with(&tag);
        assert_eq!(holds, is_valid(&vector), "{vector}");
        wrong += usize::from(!holds);
    }
    assert!(wrong >= 50, "{wrong}");
}
