//! Project Wycheproof on the signatures that both ends check, through the functions that check them.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;
use shared::services::keys::Point;

const ECDSA: &str = include_str!("../../shared/vectors/wycheproof/ecdsa_p256_sha256_p1363.jsonl");
const EDDSA: &str = include_str!("../../shared/vectors/wycheproof/ed25519.jsonl");

const HMAC: &str = include_str!("../../shared/vectors/wycheproof/hmac_sha256.jsonl");

fn vectors(lines: &str) -> Vec<Value> {
    let parsed = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    hex::decode(vector[name].as_str().unwrap()).unwrap()
}

#[test]
fn both_ends_check_ecdsa_on_p_256_as_wycheproof_wants() {
    let (mut good, mut bad) = (0, 0);
    for vector in vectors(ECDSA) {
        let is_valid = vector["result"] == "valid";
        let point = Point(bytes(&vector, "key").try_into().unwrap());
        let message = bytes(&vector, "message");
        // A signature of another length is no signature: the type of both functions says so.
        let Ok(signature) = <[u8; 64]>::try_from(bytes(&vector, "signature")) else {
            assert!(!is_valid, "{vector}");
            bad += 1;
            continue;
        };
        let station = station::crypto::verify(&point, &message, &signature);
        let center = server::ca::verify(&point, &message, &signature);
        assert_eq!((station, center), (is_valid, is_valid), "{vector}");
        if is_valid {
            good += 1;
        } else {
            bad += 1;
        }
    }
    assert!(good >= 100 && bad >= 50, "{good}, {bad}");
}

#[test]
fn the_provider_checks_ed25519_as_wycheproof_wants() {
    let (mut good, mut bad) = (0, 0);
    for vector in vectors(EDDSA) {
        let key = UnparsedPublicKey::new(&ED25519, bytes(&vector, "key"));
        let holds = key
            .verify(&bytes(&vector, "message"), &bytes(&vector, "signature"))
            .is_ok();
        assert_eq!(holds, vector["result"] == "valid", "{vector}");
        if holds {
            good += 1;
        } else {
            bad += 1;
        }
    }
    assert!(good >= 50 && bad >= 50, "{good}, {bad}");
}

#[test]
fn the_provider_makes_hmac_sha_256_as_wycheproof_wants() {
    let (mut good, mut bad) = (0, 0);
    for vector in vectors(HMAC) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes(&vector, "key"));
        let made = hmac::sign(&key, &bytes(&vector, "message"));
        let holds = made.as_ref().starts_with(&bytes(&vector, "tag"));
        assert_eq!(holds, vector["result"] == "valid", "{vector}");
        if holds {
            good += 1;
        } else {
            bad += 1;
        }
    }
    assert!(good >= 50 && bad >= 50, "{good}, {bad}");
}
