//! Proving a name over the link: PAP (RFC 1334), CHAP with MD5 (RFC 1994), MS-CHAPv2 (RFC 2759).
//!
//! None of them protects a contact: TLS and the station's certificate do that, inside. They are
//! what foreign access servers and carriers ask for before they carry anything, and what keeps
//! strangers from the data center's own lines.

mod demand;
mod ms_chap;
mod offer;
#[cfg(test)]
mod tests;

use std::time::Duration;

use md5::{Digest, Md5};
use zeroize::Zeroizing;

pub(super) use demand::Demand;
pub(super) use offer::Offer;

use super::failure::Failure;

/// The protocol number of PAP.
pub(super) const PAP: u16 = 0xc023;
/// The protocol number of CHAP, whatever its digest.
pub(super) const CHAP: u16 = 0xc223;

/// Longest name and longest secret, in bytes: PAP counts both in one byte.
pub const MAX_NAME_BYTES: usize = 255;

mod code {
    pub(super) const PAP_REQUEST: u8 = 1;
    pub(super) const PAP_ACK: u8 = 2;
    pub(super) const PAP_NAK: u8 = 3;
    pub(super) const CHAP_CHALLENGE: u8 = 1;
    pub(super) const CHAP_RESPONSE: u8 = 2;
    pub(super) const CHAP_SUCCESS: u8 = 3;
    pub(super) const CHAP_FAILURE: u8 = 4;
}

/// A way of proving a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Each end shows that it knows the secret. What Windows access servers ask for.
    MsChapV2,
    /// The proving end shows that it knows the secret.
    ChapMd5,
    /// The proving end says the secret aloud; whoever answers the line learns it.
    Pap,
}

impl Method {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::MsChapV2, Self::ChapMd5, Self::Pap];

    /// The value of the setting of LCP that asks for it.
    pub(super) const fn setting(self) -> &'static [u8] {
        match self {
            Self::MsChapV2 => &[0xc2, 0x23, 0x81],
            Self::ChapMd5 => &[0xc2, 0x23, 0x05],
            Self::Pap => &[0xc0, 0x23],
        }
    }

    /// Reads the value of the setting of LCP.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|method| method.setting() == value)
    }

    /// The protocol that its packets travel in.
    pub(super) const fn protocol(self) -> u16 {
        match self {
            Self::MsChapV2 | Self::ChapMd5 => CHAP,
            Self::Pap => PAP,
        }
    }
}

/// A name and the secret that proves it.
#[derive(Clone)]
pub struct Credentials {
    name: String,
    secret: Zeroizing<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A name or secret that no access server could take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a dial-up name or password is longer than 255 bytes")]
pub struct CredentialsTooLong;

impl Credentials {
    /// Takes a name and its secret.
    ///
    /// # Errors
    /// [`CredentialsTooLong`] when one of them has more than [`MAX_NAME_BYTES`] bytes.
    pub fn new(name: &str, secret: Zeroizing<String>) -> Result<Self, CredentialsTooLong> {
        if name.len() > MAX_NAME_BYTES || secret.len() > MAX_NAME_BYTES {
            return Err(CredentialsTooLong);
        }
        Ok(Self {
            name: name.to_owned(),
            secret,
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What comes out of a step of a proof.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Packets to send, in the protocol of the method.
    pub(super) packets: Vec<Vec<u8>>,
    /// How the proof ended; said once.
    pub(super) outcome: Option<Result<(), Failure>>,
    /// The name whose secret is needed to go on.
    pub(super) claim: Option<String>,
}

/// A packet that is sent until it is answered.
#[derive(Debug)]
struct Resent {
    bytes: Zeroizing<Vec<u8>>,
    at: Duration,
    left: u32,
}

/// How often and how long a proof is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tries {
    /// Time between two tries.
    pub(super) period: Duration,
    /// How many.
    pub(super) count: u32,
}

impl Resent {
    fn new(bytes: Vec<u8>, now: Duration, tries: Tries) -> Self {
        Self {
            bytes: Zeroizing::new(bytes),
            at: now.saturating_add(tries.period),
            left: tries.count.saturating_sub(1),
        }
    }

    /// Sends it again when it is due; answers whether that was once too often.
    fn expire(&mut self, now: Duration, tries: Tries, progress: &mut Progress) -> bool {
        if self.at > now {
            return false;
        }
        if self.left == 0 {
            return true;
        }
        self.left = self.left.saturating_sub(1);
        self.at = now.saturating_add(tries.period);
        progress.packets.push(self.bytes.to_vec());
        false
    }
}

/// MD5 over id, secret and challenge (RFC 1994 §4.1).
fn chap_md5(id: u8, secret: &str, challenge: &[u8]) -> [u8; 16] {
    let mut hash = Md5::new();
    hash.update([id]);
    hash.update(secret.as_bytes());
    hash.update(challenge);
    hash.finalize().into()
}

/// Reads a field that is preceded by its length in one byte; answers it and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// Writes a field preceded by its length; cut at 255 bytes, which [`Credentials`] never reach.
fn write_counted(to: &mut Vec<u8>, field: &[u8]) {
    let field = field.get(..MAX_NAME_BYTES).unwrap_or(field);
    to.push(u8::try_from(field.len()).unwrap_or(u8::MAX));
    to.extend_from_slice(field);
}
