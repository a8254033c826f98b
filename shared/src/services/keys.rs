//! Key management: enrolment, and renewal of the station's certificate.
//!
//! Called at enrolment (level L1: TLS under the root whose fingerprint stands in the code) and by
//! the monitor when a third of the certificate's life is left (level L3: sealed and signed). It
//! never carries a private key.

mod known;
pub mod trust;

use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

pub use self::known::KnownPapers;
use self::trust::{KeyPurpose, TrustBundle};
use super::directory::PublicKey;
use super::{Request, ServiceId};
use crate::clock::UnixSeconds;
use crate::ids::{DataCenterId, PsdId, StationId, VaultId};
use crate::security::Level;
use crate::security::dial_in::DialIn;
use crate::security::signed::{ContentType, KeyId};

/// Bytes of an uncompressed P-256 point.
pub const POINT_BYTES: usize = 65;

/// The largest certificate request, bytes.
pub const MAX_CSR_BYTES: usize = 1_024;

/// Days a station's certificate lives.
pub const STATION_CERTIFICATE_DAYS: i64 = 30;

/// A station certificate is renewed when a third of its life is left: so many days before its end.
pub const RENEW_DAYS_LEFT: i64 = STATION_CERTIFICATE_DAYS / 3;

/// The door stays open for certificates expired at most so many days.
pub const RENEWAL_DOOR_DAYS: i64 = 400;

/// DER of a P-256 `SubjectPublicKeyInfo` up to the point.
const P256_SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// An uncompressed P-256 point: the public half of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Point(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; POINT_BYTES]);

impl Point {
    /// The key's DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        [P256_SPKI_PREFIX.as_slice(), &self.0].concat()
    }

    /// The point of a DER `SubjectPublicKeyInfo`, when it is a P-256 one.
    #[must_use]
    pub fn of_spki(spki: &[u8]) -> Option<Self> {
        let point = spki.strip_prefix(P256_SPKI_PREFIX.as_slice())?;
        Some(Self(point.try_into().ok()?))
    }

    /// The key's name.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId::of_spki(&self.spki())
    }
}

/// A station introduces itself with its one-time secret.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(map)]
pub struct EnrolRequest {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The secret of the enrolment code.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub secret: [u8; 16],
    /// The station's certificate request, DER PKCS #10, signed by its new P-256 key.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub csr: Vec<u8>,
}

impl Request for EnrolRequest {
    const SERVICE: ServiceId = ServiceId::Keys;
    const LEVEL: Level = Level::L1;
    type Reply = EnrolReply;
}

/// Everything a station needs to begin.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnrolReply {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The data center.
    #[n(2)]
    pub data_center: DataCenterId,
    /// The station's identity.
    #[n(3)]
    pub station: StationId,
    /// The vault's identity.
    #[n(4)]
    pub vault: VaultId,
    /// The PSD number, never used before.
    #[n(5)]
    pub psd: PsdId,
    /// The station's certificate and its issuer, DER.
    #[n(6)]
    pub certificate: Chain,
    /// The root, DER.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    /// The issuing authority of indicium certificates, DER.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub indicium_authority: Vec<u8>,
    /// The data center's keys.
    #[n(9)]
    pub keys: CenterKeys,
    /// The customer account's name.
    #[n(10)]
    pub account: String,
    /// Whom to ring when the vault is frozen.
    #[n(11)]
    pub support_contact: String,
    /// The origin: the licence's ZIP, five digits.
    #[n(12)]
    pub licence_zip: String,
    /// The data center's epoch; it rises with every restore from a backup.
    #[n(13)]
    pub epoch: u32,
    /// The Ed25519 key that signs the heads of its journal.
    #[n(14)]
    pub heads: PublicKey,
    /// The Ed25519 keys that must both sign how a new epoch begins.
    #[n(15)]
    pub recovery: [PublicKey; 2],
    // 16 named the numbers of three signing keys and is not used again.
    /// The newest root of its signed repository, as TUF writes it: the station's trust root.
    #[n(17)]
    pub repository_root: minicbor::bytes::ByteVec,
    /// What the station opens a telephone line of the data center with.
    #[n(18)]
    pub dial_in: Option<DialIn>,
    /// The numbers of its signing keys.
    #[n(19)]
    pub numbers: KeyNumbers,
}

/// The numbers of the signing keys in use, each under the number of its purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyNumbers {
    /// Of the key of [`KeyPurpose::Replies`].
    #[n(1)]
    pub replies: u32,
    /// Of the key of [`KeyPurpose::Heads`].
    #[n(3)]
    pub heads: u32,
}

impl KeyNumbers {
    /// The number of the key of a purpose.
    #[must_use]
    pub const fn of(&self, purpose: KeyPurpose) -> u32 {
        match purpose {
            KeyPurpose::Replies => self.replies,
            KeyPurpose::Heads => self.heads,
        }
    }
}

/// A certificate and the one that issued it, DER.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Chain {
    /// The certificate.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub leaf: Vec<u8>,
    /// Its issuer.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub issuer: Vec<u8>,
}

/// The data center's public keys, each for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CenterKeys {
    /// Requests are sealed to this key.
    #[n(1)]
    pub sealing: SealingKey,
    /// Signs replies, grants and receipts.
    #[n(2)]
    pub replies: Point,
    // 3 was a key for lists of rate editions and is not used again.
}

/// An HPKE key of the data center.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SealingKey {
    /// Its name.
    #[n(1)]
    pub id: KeyId,
    /// Its public half.
    #[n(2)]
    pub point: Point,
    /// Until when requests are sealed to it.
    #[n(3)]
    pub until: UnixSeconds,
}

/// Asks for the next station certificate, for a new key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RenewRequest {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The certificate request of the new key, DER PKCS #10.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub csr: Vec<u8>,
    /// What the reply need not bring: the station has it.
    #[n(3)]
    pub known: Option<KnownPapers>,
}

impl RenewRequest {
    /// Sealed and signed by the key that is registered now.
    pub const LEVEL: Level = Level::L3;
    /// Its content type.
    pub const CONTENT: ContentType = ContentType::RenewRequest;
}

impl Request for RenewRequest {
    const SERVICE: ServiceId = ServiceId::Keys;
    const LEVEL: Level = Self::LEVEL;
    type Reply = RenewReply;
}

/// The next station certificate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RenewReply {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The certificate and its issuer, which is empty where the station has it.
    #[n(2)]
    pub certificate: Chain,
    /// The data center's keys of today, unless the station has them.
    #[n(3)]
    pub keys: Option<CenterKeys>,
    /// Whom to believe from now on, without what the station has.
    #[n(4)]
    pub trust: Option<TrustBundle>,
    /// What the station opens a telephone line of the data center with, unless it has it.
    #[n(5)]
    pub dial_in: Option<DialIn>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{read_message, to_cbor};

    #[test]
    fn a_point_reads_back_from_its_public_key_info() {
        let (_, public) = crate::security::envelope::key_pair(&[1; 32]);
        let point = Point(public.try_into().unwrap());
        assert_eq!(Point::of_spki(&point.spki()), Some(point));
        assert_eq!(point.spki().len(), 91);
        assert_eq!(Point::of_spki(&point.spki()[1..]), None);
    }

    fn enrolled() -> EnrolReply {
        let point = Point([4; POINT_BYTES]);
        EnrolReply {
            version: 1,
            data_center: DataCenterId::from_bytes([1; 16]),
            station: StationId::from_bytes([2; 16]),
            vault: VaultId::from_bytes([3; 16]),
            psd: PsdId::specimen(1),
            certificate: Chain {
                leaf: vec![1],
                issuer: vec![2],
            },
            root: vec![3],
            indicium_authority: vec![4],
            keys: CenterKeys {
                sealing: SealingKey {
                    id: point.key_id(),
                    point,
                    until: UnixSeconds(1),
                },
                replies: point,
            },
            account: "Demo".to_owned(),
            support_contact: "Somebody".to_owned(),
            licence_zip: "02108".to_owned(),
            epoch: 1,
            heads: PublicKey([5; 32]),
            recovery: [PublicKey([6; 32]); 2],
            repository_root: vec![7].into(),
            dial_in: None,
            numbers: KeyNumbers {
                replies: 1,
                heads: 2,
            },
        }
    }

    /// The message without one of its keys.
    fn without(message: &[u8], left_out: u32) -> Vec<u8> {
        let mut decoder = minicbor::Decoder::new(message);
        let count = decoder.map().unwrap().unwrap();
        let mut kept = minicbor::Encoder::new(Vec::new());
        kept.map(count - 1).unwrap();
        let mut kept = kept.into_writer();
        for _ in 0..count {
            let from = decoder.position();
            let key = decoder.u32().unwrap();
            decoder.skip().unwrap();
            if key != left_out {
                kept.extend_from_slice(&message[from..decoder.position()]);
            }
        }
        kept
    }

    #[test]
    fn an_enrolment_without_a_root_of_the_repository_is_not_read() {
        let reply = enrolled();
        let bytes = to_cbor(&reply);
        assert_eq!(read_message::<EnrolReply>(&bytes).unwrap(), reply);
        for key in [17, 19] {
            assert!(read_message::<EnrolReply>(&without(&bytes, key)).is_err());
        }
    }

    #[test]
    fn a_renewal_leaves_time_to_try_often() {
        assert_eq!(RENEW_DAYS_LEFT, 10);
    }
}
