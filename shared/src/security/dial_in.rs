//! The name and the secret by which a caller opens a telephone line of the data center.
//!
//! They keep strangers from holding a line, and protect nothing else: what passes over the line is
//! protected by TLS and the envelopes inside. So the data center stores none of them. A station's
//! follows from one key of the data center and the station's number, and reaches it with its
//! certificate. Before a station has one, name and secret follow from its enrolment code: the
//! station has the code, the data center the hash of its secret, for as long as the code is good.

use std::fmt;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use hkdf::Hkdf;
use minicbor::{Decode, Encode};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::ids::StationId;
use crate::ppp::proof::{Credentials, CredentialsTooLong};

/// Bytes of the data center's key.
pub const DIAL_IN_KEY_BYTES: usize = 32;
/// Bytes of a secret before it is written in letters: 160 bits, 32 letters.
const SECRET_BYTES: usize = 20;
/// Bytes of what names a code.
const CODE_NAME_BYTES: usize = 8;
/// What the name of a caller with a code begins with; a station's is its number.
const CODE_PREFIX: &str = "code-";

/// Separates the secrets of stations, the names and the secrets of codes, and what nobody knows.
const STATION_INFO: &[u8] = b"pb dial-in station v1";
const CODE_NAME_INFO: &[u8] = b"pb dial-in code name v1";
const CODE_SECRET_INFO: &[u8] = b"pb dial-in code secret v1";
const NOBODY_INFO: &[u8] = b"pb dial-in nobody v1";

/// A name and its secret, as they travel to a station.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(map)]
pub struct DialIn {
    /// What the caller calls itself.
    #[n(1)]
    pub name: String,
    /// What proves it.
    #[n(2)]
    pub secret: String,
}

impl fmt::Debug for DialIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialIn")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl DialIn {
    /// Those of whoever has the enrolment code whose secret has this SHA-256
    /// ([`EnrolmentCode::secret_hash`](super::enrolment_code::EnrolmentCode::secret_hash)).
    #[must_use]
    pub fn of_code(secret_hash: &[u8; 32]) -> Self {
        let named = name_of_code(secret_hash);
        Self {
            name: format!("{CODE_PREFIX}{}", HEXLOWER.encode(&named)),
            secret: letters(secret_hash, &[CODE_SECRET_INFO]),
        }
    }

    /// What a link is opened with.
    ///
    /// # Errors
    /// [`CredentialsTooLong`] when the data center has sent what no access server takes.
    pub fn credentials(&self) -> Result<Credentials, CredentialsTooLong> {
        Credentials::new(&self.name, Zeroizing::new(self.secret.clone()))
    }
}

/// Whom a caller's name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DialInName {
    /// A station.
    Station(StationId),
    /// Whoever has a code of this name.
    Code([u8; CODE_NAME_BYTES]),
}

impl DialInName {
    /// Reads a name; nothing when nobody can have it.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        if let Some(digits) = name.strip_prefix(CODE_PREFIX) {
            let bytes = HEXLOWER.decode(digits.as_bytes()).ok()?;
            return bytes.try_into().ok().map(Self::Code);
        }
        // A number can be written in many ways; only ours is a name.
        let station: StationId = name.parse().ok()?;
        (station.to_string() == name).then_some(Self::Station(station))
    }

    /// Whether the code whose secret has this SHA-256 is meant.
    #[must_use]
    pub fn is_of_code(&self, secret_hash: &[u8; 32]) -> bool {
        *self == Self::Code(name_of_code(secret_hash))
    }
}

/// The one key that the secrets of all stations follow from.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DialInKey([u8; DIAL_IN_KEY_BYTES]);

impl fmt::Debug for DialInKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialInKey").finish_non_exhaustive()
    }
}

impl DialInKey {
    /// Takes 32 bytes of the system's random source.
    #[must_use]
    pub const fn new(bytes: [u8; DIAL_IN_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Those of a station.
    #[must_use]
    pub fn of_station(&self, station: StationId) -> DialIn {
        DialIn {
            name: station.to_string(),
            secret: letters(&self.0, &[STATION_INFO, station.bytes()]),
        }
    }

    /// A secret for a name that nobody has: nobody knows it, and to refuse it takes as long as to
    /// refuse a wrong one.
    #[must_use]
    pub fn of_nobody(&self, name: &str) -> DialIn {
        DialIn {
            name: name.to_owned(),
            secret: letters(&self.0, &[NOBODY_INFO, name.as_bytes()]),
        }
    }
}

fn name_of_code(secret_hash: &[u8; 32]) -> [u8; CODE_NAME_BYTES] {
    let mut name = [0; CODE_NAME_BYTES];
    derive(secret_hash, &[CODE_NAME_INFO], &mut name);
    name
}

fn letters(key: &[u8; 32], info: &[&[u8]]) -> String {
    let mut secret = Zeroizing::new([0; SECRET_BYTES]);
    derive(key, info, secret.as_mut_slice());
    BASE32_NOPAD.encode(secret.as_slice())
}

fn derive(key: &[u8; 32], info: &[&[u8]], to: &mut [u8]) {
    Hkdf::<Sha256>::new(None, key)
        .expand_multi_info(info, to)
        .expect("a few bytes are within HKDF's range");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::enrolment_code::EnrolmentCode;
    use crate::wire::{from_cbor, to_cbor};

    const STATION: StationId = StationId::from_bytes([7; 16]);

    #[test]
    fn both_ends_have_the_same_name_and_secret_of_a_code() {
        let code = EnrolmentCode::new([3; 16], [4; 16]);
        let kept = EnrolmentCode::hash_secret(code.secret());
        let dial_in = DialIn::of_code(&code.secret_hash());
        assert_eq!(dial_in, DialIn::of_code(&kept));
        let name = DialInName::read(&dial_in.name).unwrap();
        assert!(name.is_of_code(&kept));
        assert!(!name.is_of_code(&[0; 32]));
    }

    #[test]
    fn secrets_follow_from_key_and_station_and_from_nothing_else() {
        let key = DialInKey::new([1; 32]);
        let one = key.of_station(STATION);
        assert_eq!(one, key.of_station(STATION));
        assert_eq!(one.secret.len(), 32);
        let other = StationId::from_bytes([8; 16]);
        assert_ne!(one.secret, key.of_station(other).secret);
        assert_ne!(
            one.secret,
            DialInKey::new([2; 32]).of_station(STATION).secret
        );
        assert_ne!(one.secret, key.of_nobody(&one.name).secret);
        // HKDF-SHA256 as in RFC 5869, computed by another program.
        assert_eq!(one.secret, "6FPOEO453WK7X5Q37LQN5O4QYKVJZO37");
        assert_eq!(
            DialInName::read(&one.name),
            Some(DialInName::Station(STATION))
        );
    }

    #[test]
    fn what_is_no_name_of_ours_means_nobody() {
        let number = STATION.to_string();
        let strange = [
            "",
            "code-",
            "code-00",
            "code-00112233445566GG",
            "code-00112233445566778899",
            "admin",
            &number.to_uppercase(),
            &number.replace('-', ""),
        ];
        // A number without letters is the same in capitals.
        let with_letters = StationId::from_bytes([0xab; 16]).to_string().to_uppercase();
        for name in strange.into_iter().filter(|name| *name != number) {
            assert_eq!(DialInName::read(name), None, "{name}");
        }
        assert_eq!(DialInName::read(&with_letters), None);
    }

    #[test]
    fn it_travels_and_does_not_show_its_secret() {
        let dial_in = DialInKey::new([1; 32]).of_station(STATION);
        let read: DialIn = from_cbor(&to_cbor(&dial_in)).unwrap();
        assert_eq!(read, dial_in);
        assert!(!format!("{dial_in:?}").contains(&dial_in.secret));
        assert_eq!(dial_in.credentials().unwrap().name(), dial_in.name);
    }
}
