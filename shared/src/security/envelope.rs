//! The L3 envelope of `protocol.md` D: a signed message sealed to the data center, and its reply.
//!
//! HPKE (RFC 9180) base mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM; the
//! reply is protected as in RFC 9458 §4.4. An envelope means the same on every line: neither a
//! remote access server nor a TLS terminator sees more than the header.

mod reply;

pub use self::reply::{ReplyEnvelope, ReplySecret};

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, Kem as _, OpModeR, OpModeS, Serializable};
use minicbor::{Decode, Encode};

use super::level::Level;
use super::signed::{KeyId, MAX_SIGNED_BYTES};
use crate::ids::{DataCenterId, StationId};
use crate::services::ServiceId;
use crate::wire::{from_cbor, to_cbor};

/// The version of the envelope's layout.
pub const ENVELOPE_VERSION: u8 = 1;

/// The largest envelope, bytes: the largest signed message with header, key and tag.
pub const MAX_ENVELOPE_BYTES: usize = MAX_SIGNED_BYTES + 512;

/// HPKE `info` of every request.
const INFO: &[u8] = b"pennyblack l3 v1";

/// HPKE exporter context of every reply.
const REPLY_CONTEXT: &[u8] = b"pennyblack l3 reply";

/// Bytes of an uncompressed P-256 point.
pub const POINT_BYTES: usize = 65;

type PrivateKey = <DhP256HkdfSha256 as hpke::Kem>::PrivateKey;
type PublicKey = <DhP256HkdfSha256 as hpke::Kem>::PublicKey;
type EncappedKey = <DhP256HkdfSha256 as hpke::Kem>::EncappedKey;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Direction {
    /// Station to data center.
    #[n(0)]
    Request,
    /// Data center to station.
    #[n(1)]
    Reply,
}

/// The header of an envelope: readable by everyone, changeable by nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Header {
    #[n(0)]
    version: u8,
    /// The level the message claims; checked against the request type's own.
    #[n(1)]
    pub level: Level,
    /// The service.
    #[n(2)]
    pub service: ServiceId,
    /// The data center.
    #[n(3)]
    pub data_center: DataCenterId,
    /// The station.
    #[n(4)]
    pub station: StationId,
    /// Request or reply.
    #[n(5)]
    pub direction: Direction,
    /// The message's number in its stream (station, service, direction), from 1; 0 outside of it.
    #[n(6)]
    pub sequence: u64,
}

impl Header {
    /// The header of a request.
    #[must_use]
    pub const fn request(
        level: Level,
        service: ServiceId,
        data_center: DataCenterId,
        station: StationId,
        sequence: u64,
    ) -> Self {
        Self {
            version: ENVELOPE_VERSION,
            level,
            service,
            data_center,
            station,
            direction: Direction::Request,
            sequence,
        }
    }

    /// The header of the reply to this request.
    #[must_use]
    pub const fn reply(&self) -> Self {
        Self {
            direction: Direction::Reply,
            ..*self
        }
    }

    /// The header's bytes: the external data of the signature inside.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }
}

/// A request's envelope.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Envelope {
    /// The readable header.
    #[n(0)]
    pub header: Header,
    /// The data center's key it is sealed to.
    #[n(1)]
    pub key: KeyId,
    #[cbor(n(2), with = "minicbor::bytes")]
    enc: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    ciphertext: Vec<u8>,
}

/// Why an envelope was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// Longer than [`MAX_ENVELOPE_BYTES`].
    #[error("the envelope is longer than {MAX_ENVELOPE_BYTES} bytes")]
    TooLong,
    /// Not an envelope.
    #[error("not an envelope")]
    NotAnEnvelope,
    /// A layout this program does not know.
    #[error("the envelope has a version this program does not know")]
    UnknownVersion,
    /// The header is not the one that belongs here.
    #[error("the envelope belongs to another message")]
    WrongHeader,
    /// A key is not one.
    #[error("not a key")]
    BadKey,
    /// The seal does not hold.
    #[error("the seal of the envelope does not hold")]
    BadSeal,
}

/// Random bytes for HPKE, filled by the caller.
struct Randomness<'a>(&'a mut dyn FnMut(&mut [u8]));

impl hpke::rand_core::TryRng for Randomness<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        (self.0)(bytes);
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for Randomness<'_> {}

/// What the seal covers beside the message: header ‖ key id.
fn sealed_aad(header: &Header, key: KeyId) -> Vec<u8> {
    let mut aad = header.bytes();
    aad.extend_from_slice(&key.0);
    aad
}

/// Seals a signed message to the data center's key.
///
/// # Errors
/// [`EnvelopeFault::BadKey`] when `recipient` is no P-256 point.
pub fn seal(
    header: Header,
    key: KeyId,
    recipient: &[u8],
    signed: &[u8],
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<(Envelope, ReplySecret), EnvelopeFault> {
    let recipient = PublicKey::from_bytes(recipient).map_err(|_| EnvelopeFault::BadKey)?;
    let (enc, mut context) =
        hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeS::Base,
            &recipient,
            INFO,
            &mut Randomness(random),
        )
        .map_err(|_| EnvelopeFault::BadKey)?;
    let ciphertext = context
        .seal(signed, &sealed_aad(&header, key))
        .map_err(|_| EnvelopeFault::BadSeal)?;
    let enc = enc.to_bytes().to_vec();
    let mut secret = [0; 32];
    context
        .export(REPLY_CONTEXT, &mut secret)
        .map_err(|_| EnvelopeFault::BadSeal)?;
    let reply = ReplySecret {
        secret,
        enc: enc.clone(),
    };
    Ok((
        Envelope {
            header,
            key,
            enc,
            ciphertext,
        },
        reply,
    ))
}

impl Envelope {
    /// The envelope's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// Reads an envelope; nothing in it is trusted yet.
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
        if envelope.header.direction != Direction::Request || envelope.enc.len() != POINT_BYTES {
            return Err(EnvelopeFault::NotAnEnvelope);
        }
        Ok(envelope)
    }

    /// Opens the envelope with the data center's private key: the signed message inside, and what
    /// seals the reply.
    ///
    /// # Errors
    /// [`EnvelopeFault::BadKey`] or [`EnvelopeFault::BadSeal`].
    pub fn open(&self, private: &[u8]) -> Result<(Vec<u8>, ReplySecret), EnvelopeFault> {
        let private = PrivateKey::from_bytes(private).map_err(|_| EnvelopeFault::BadKey)?;
        let enc = EncappedKey::from_bytes(&self.enc).map_err(|_| EnvelopeFault::BadKey)?;
        let mut context = hpke::setup_receiver::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &private,
            &enc,
            INFO,
        )
        .map_err(|_| EnvelopeFault::BadSeal)?;
        let signed = context
            .open(&self.ciphertext, &sealed_aad(&self.header, self.key))
            .map_err(|_| EnvelopeFault::BadSeal)?;
        let mut secret = [0; 32];
        context
            .export(REPLY_CONTEXT, &mut secret)
            .map_err(|_| EnvelopeFault::BadSeal)?;
        Ok((
            signed,
            ReplySecret {
                secret,
                enc: self.enc.clone(),
            },
        ))
    }
}

/// Makes an HPKE key pair from 32 random bytes: private scalar and uncompressed public point.
#[must_use]
pub fn key_pair(seed: &[u8; 32]) -> (Vec<u8>, Vec<u8>) {
    let (private, public) = DhP256HkdfSha256::derive_keypair(seed);
    (private.to_bytes().to_vec(), public.to_bytes().to_vec())
}

#[cfg(test)]
mod test_vectors;
#[cfg(test)]
mod tests;
