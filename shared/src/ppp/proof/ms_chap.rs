//! The arithmetic of MS-CHAPv2 (RFC 2759 §8). MD4, DES and SHA-1 are what it is made of; nothing
//! of ours relies on their strength.

use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};
use md4::{Digest, Md4};
use sha1::Sha1;
use zeroize::Zeroizing;

/// A challenge of either end, in bytes.
pub(super) const CHALLENGE_BYTES: usize = 16;
/// The answer to a challenge, in bytes.
pub(super) const RESPONSE_BYTES: usize = 24;

const TO_CLIENT: &[u8] = b"Magic server to client signing constant";
const ONCE_MORE: &[u8] = b"Pad to make it do more than one iteration";

/// One exchange: both challenges and the name they are answered for.
pub(super) struct Exchange<'a> {
    /// The challenge of the end that demands the proof.
    pub(super) demanding: &'a [u8],
    /// The challenge of the end that gives it.
    pub(super) proving: &'a [u8],
    /// The name, with or without a domain before a backslash.
    pub(super) name: &'a str,
}

impl Exchange<'_> {
    /// `ChallengeHash`.
    fn challenge(&self) -> [u8; 8] {
        let mut hash = Sha1::new();
        hash.update(self.proving);
        hash.update(self.demanding);
        hash.update(without_domain(self.name).as_bytes());
        let digest: [u8; 20] = hash.finalize().into();
        let mut challenge = [0; 8];
        for (to, from) in challenge.iter_mut().zip(digest) {
            *to = from;
        }
        challenge
    }

    /// `GenerateNTResponse`: what the proving end answers.
    pub(super) fn response(&self, secret: &str) -> [u8; RESPONSE_BYTES] {
        let challenge = self.challenge();
        let mut keys = Zeroizing::new([0_u8; 21]);
        for (to, from) in keys.iter_mut().zip(*nt_hash(secret)) {
            *to = from;
        }
        let mut response = [0; RESPONSE_BYTES];
        for (part, key) in response.chunks_exact_mut(8).zip(keys.chunks_exact(7)) {
            part.copy_from_slice(&encrypt(challenge, key));
        }
        response
    }

    /// `GenerateAuthenticatorResponse`: what the demanding end answers to that, in capital hex.
    pub(super) fn counter_proof(&self, secret: &str, response: &[u8]) -> String {
        let hash_of_hash = Zeroizing::new(<[u8; 16]>::from(Md4::digest(nt_hash(secret))));
        let mut hash = Sha1::new();
        hash.update(hash_of_hash.as_slice());
        hash.update(response);
        hash.update(TO_CLIENT);
        let first = hash.finalize();
        let mut hash = Sha1::new();
        hash.update(first);
        hash.update(self.challenge());
        hash.update(ONCE_MORE);
        data_encoding::HEXUPPER.encode(&hash.finalize())
    }
}

/// The name that goes into the arithmetic.
pub(super) fn without_domain(name: &str) -> &str {
    name.rsplit_once('\\').map_or(name, |(_, user)| user)
}

/// `NtPasswordHash`.
fn nt_hash(secret: &str) -> Zeroizing<[u8; 16]> {
    let mut hash = Md4::new();
    for unit in secret.encode_utf16() {
        hash.update(unit.to_le_bytes());
    }
    Zeroizing::new(hash.finalize().into())
}

/// `DesEncrypt`: seven bytes of key, spread over eight without their parity bits.
fn encrypt(clear: [u8; 8], key: &[u8]) -> [u8; 8] {
    let bits = key
        .iter()
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut spread = Zeroizing::new([0_u8; 8]);
    for (byte, shift) in spread.iter_mut().zip([49_u32, 42, 35, 28, 21, 14, 7, 0]) {
        let [.., seven] = (bits >> shift & 0x7f).to_be_bytes();
        *byte = seven << 1;
    }
    let mut block = clear.into();
    Des::new(&(*spread).into()).encrypt_block(&mut block);
    block.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let bytes = data_encoding::HEXUPPER.decode(text.as_bytes()).unwrap();
        bytes.try_into().unwrap()
    }

    #[test]
    fn the_example_of_rfc_2759_section_9_2_comes_out_the_same() {
        let demanding: [u8; 16] = hex("5B5D7C7D7B3F2F3E3C2C602132262628");
        let proving: [u8; 16] = hex("21402324255E262A28295F2B3A337C7E");
        let exchange = Exchange {
            demanding: &demanding,
            proving: &proving,
            name: "User",
        };
        assert_eq!(exchange.challenge(), hex("D02E4386BCE91226"));
        assert_eq!(
            *nt_hash("clientPass"),
            hex("44EBBA8D5312B8D611474411F56989AE")
        );
        let response = exchange.response("clientPass");
        assert_eq!(
            response,
            hex("82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF")
        );
        assert_eq!(
            exchange.counter_proof("clientPass", &response),
            "407A5589115FD0D6209F510FE9C04566932CDA56"
        );
    }

    #[test]
    fn the_first_third_of_the_response_is_the_first_key_alone() {
        let clear: [u8; 8] = hex("D02E4386BCE91226");
        let keys: [u8; 16] = hex("44EBBA8D5312B8D611474411F56989AE");
        assert_eq!(encrypt(clear, &keys[..7]), hex("82309ECD8D708B5E"));
    }

    #[test]
    fn a_domain_before_the_name_does_not_count() {
        assert_eq!(without_domain("POST\\station-7"), "station-7");
        assert_eq!(without_domain("station-7"), "station-7");
    }
}
