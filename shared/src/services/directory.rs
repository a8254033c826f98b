//! What a data center serves and under which keys: asked for at level L1 at the beginning of a
//! contact.

use minicbor::{Decode, Encode};

use super::ServiceId;
use super::keys::CenterKeys;
use crate::clock::UnixSeconds;
use crate::ids::DataCenterId;
use crate::security::Level;

/// The most services, and the most members of one entry, that are read.
const SERVICES_MAX: u64 = 256;

/// What every station may know of its data center.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Directory {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The data center.
    #[n(2)]
    pub data_center: DataCenterId,
    /// Its epoch; it rises with every restore from a backup.
    #[n(3)]
    pub epoch: u32,
    /// Its time.
    #[n(4)]
    pub now: UnixSeconds,
    /// Its keys of today.
    #[n(5)]
    pub keys: CenterKeys,
    /// Whom to ring.
    #[n(6)]
    pub support_contact: String,
    /// What it serves, and at which level.
    #[cbor(n(7), decode_with = "known_services")]
    pub services: Vec<ServiceEntry>,
    /// The Ed25519 key that signs the heads of its journal.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub heads: [u8; 32],
    /// The Ed25519 keys that must both sign the first record of a new epoch.
    #[n(9)]
    pub recovery: [PublicKey; 2],
}

/// Reads the services that this program knows: a newer data center serves more, and a station that is
/// older than it must still be able to speak with it.
fn known_services<'b, C>(
    decoder: &mut minicbor::Decoder<'b>,
    context: &mut C,
) -> Result<Vec<ServiceEntry>, minicbor::decode::Error> {
    let entries = decoder.array()?.unwrap_or(0);
    let mut known = Vec::new();
    for _ in 0..entries.min(SERVICES_MAX) {
        let at = decoder.position();
        let length = decoder.array()?;
        let number = decoder.u64()?;
        let is_known = |service: &ServiceId| u64::from(service.number()) == number;
        if length == Some(2) && ServiceId::ALL.iter().any(is_known) {
            decoder.set_position(at);
            known.push(ServiceEntry::decode(decoder, context)?);
        } else {
            for _ in 1..length.unwrap_or(0).min(SERVICES_MAX) {
                decoder.skip()?;
            }
        }
    }
    Ok(known)
}

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// One service and its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ServiceEntry {
    /// The service.
    #[n(0)]
    pub service: ServiceId,
    /// The level of its requests.
    #[n(1)]
    pub level: Level,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_of_a_newer_data_center_is_passed_over() {
        // Rates at L0, a service nobody knows here with a third member, keys at L3.
        let level = |level: Level| minicbor::to_vec(level).unwrap();
        let mut bytes = vec![0x83, 0x82, 0x03];
        bytes.extend(level(Level::L0));
        bytes.extend([0x83, 0x18, 0x63]);
        bytes.extend(level(Level::L2));
        bytes.extend([0x61, b'x', 0x82, 0x01]);
        bytes.extend(level(Level::L3));
        let mut decoder = minicbor::Decoder::new(&bytes);
        let known = known_services(&mut decoder, &mut ()).unwrap();
        let known: Vec<_> = known.iter().map(|one| (one.service, one.level)).collect();
        assert_eq!(
            known,
            [(ServiceId::Rates, Level::L0), (ServiceId::Keys, Level::L3)]
        );
        assert_eq!(decoder.position(), bytes.len());
    }
}
