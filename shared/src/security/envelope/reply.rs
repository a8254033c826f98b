//! The way back: a reply sealed with a secret that only the two ends of its request know, as in
//! RFC 9458 §4.4.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use minicbor::{Decode, Encode};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{ENVELOPE_VERSION, EnvelopeFault, Header, MAX_ENVELOPE_BYTES, POINT_BYTES};
use crate::wire::{from_cbor, to_cbor};

/// Bytes of the reply's nonce: max(Nn, Nk).
const RESPONSE_NONCE_BYTES: usize = 32;

/// A reply's envelope.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReplyEnvelope {
    /// The readable header.
    #[n(0)]
    pub header: Header,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) nonce: [u8; RESPONSE_NONCE_BYTES],
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) ciphertext: Vec<u8>,
}

/// What opens the reply to one request; the station keeps it, sealed, with its intent.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ReplySecret {
    pub(super) secret: [u8; 32],
    pub(super) enc: Vec<u8>,
}

impl ReplyEnvelope {
    /// The envelope's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// Reads a reply's envelope.
    ///
    /// # Errors
    /// See [`EnvelopeFault`].
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeFault> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeFault::TooLong);
        }
        let envelope: Self = from_cbor(bytes).map_err(|_| EnvelopeFault::NotAnEnvelope)?;
        if envelope.header.version != ENVELOPE_VERSION {
            return Err(EnvelopeFault::UnknownVersion);
        }
        Ok(envelope)
    }
}

impl ReplySecret {
    /// The secret's bytes, to be stored sealed with the intent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [self.secret.as_slice(), &self.enc].concat()
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`EnvelopeFault::BadKey`] when they are not a reply secret.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EnvelopeFault> {
        let (secret, enc) = bytes.split_at_checked(32).ok_or(EnvelopeFault::BadKey)?;
        if enc.len() != POINT_BYTES {
            return Err(EnvelopeFault::BadKey);
        }
        let secret = secret.try_into().map_err(|_| EnvelopeFault::BadKey)?;
        Ok(Self {
            secret,
            enc: enc.to_vec(),
        })
    }

    /// Key and nonce of a reply, RFC 9458 §4.4.
    fn derive(&self, nonce: &[u8]) -> ([u8; 32], [u8; 12]) {
        let salt = [self.enc.as_slice(), nonce].concat();
        let derived = Hkdf::<Sha256>::new(Some(&salt), &self.secret);
        let (mut key, mut aead_nonce) = ([0; 32], [0; 12]);
        derived
            .expand(b"key", &mut key)
            .expect("32 bytes are within HKDF's range");
        derived
            .expand(b"nonce", &mut aead_nonce)
            .expect("12 bytes are within HKDF's range");
        (key, aead_nonce)
    }

    /// Seals a signed reply; a fresh `nonce` each time, so that a stored reply may be sealed again.
    ///
    /// # Errors
    /// [`EnvelopeFault::BadSeal`].
    pub fn seal(
        &self,
        header: Header,
        signed: &[u8],
        nonce: [u8; RESPONSE_NONCE_BYTES],
    ) -> Result<ReplyEnvelope, EnvelopeFault> {
        let (mut key, aead_nonce) = self.derive(&nonce);
        let aad = header.bytes();
        let ciphertext = Aes256Gcm::new(&key.into())
            .encrypt(
                &aead_nonce.into(),
                Payload {
                    msg: signed,
                    aad: &aad,
                },
            )
            .map_err(|_| EnvelopeFault::BadSeal)?;
        key.zeroize();
        Ok(ReplyEnvelope {
            header,
            nonce,
            ciphertext,
        })
    }

    /// Opens the reply to the request with `header`.
    ///
    /// # Errors
    /// [`EnvelopeFault::WrongHeader`] or [`EnvelopeFault::BadSeal`].
    pub fn open(&self, header: &Header, reply: &ReplyEnvelope) -> Result<Vec<u8>, EnvelopeFault> {
        if reply.header != header.reply() {
            return Err(EnvelopeFault::WrongHeader);
        }
        let (mut key, aead_nonce) = self.derive(&reply.nonce);
        let aad = reply.header.bytes();
        let opened = Aes256Gcm::new(&key.into())
            .decrypt(
                &aead_nonce.into(),
                Payload {
                    msg: &reply.ciphertext,
                    aad: &aad,
                },
            )
            .map_err(|_| EnvelopeFault::BadSeal);
        key.zeroize();
        opened
    }
}
