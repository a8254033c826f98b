//! Heads of the data center's journal as C2SP tlog-checkpoints, and what stands on them: the data
//! center's signature, cosignatures of stations, and the first record of a new epoch.
//!
//! A station keeps the newest head it was shown. Every later one must extend it; what does not is
//! two statements of the data center that contradict each other, both signed.

use data_encoding::BASE64;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::clock::UnixSeconds;
use crate::ids::{DataCenterId, StationId};
use crate::merkle::{self, Hash, MAX_LEAVES};
use crate::wire::to_cbor;

/// The longest note that is read, bytes: a head with its signature and a few cosignatures.
pub const MAX_NOTE_BYTES: usize = 4 * 1_024;

/// Length of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

/// The longest reason of an epoch, bytes.
pub const MAX_REASON_BYTES: usize = 200;

/// The type of an Ed25519 signature in a signed note, and of a cosignature (C2SP).
const ED25519: u8 = 0x01;
const COSIGNATURE: u8 = 0x04;

/// What the two recovery keys sign before the epoch.
const EPOCH_CONTEXT: &[u8] = b"pb epoch v1";

/// An Ed25519 signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct NoteSignature(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; SIGNATURE_BYTES]);

/// A head of the data center's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// The data center.
    #[n(1)]
    pub center: DataCenterId,
    /// Its epoch.
    #[n(2)]
    pub epoch: u32,
    /// Records in the journal.
    #[n(3)]
    pub size: u64,
    /// The root over them.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub root: Hash,
}

/// A head with the data center's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignedHead {
    /// The head.
    #[n(1)]
    pub head: Head,
    /// The signature over [`Head::text`].
    #[n(2)]
    pub signature: NoteSignature,
}

/// The origin of a journal's heads in one epoch.
#[must_use]
pub fn origin(center: DataCenterId, epoch: u32) -> String {
    format!("{center}/journal/{epoch}")
}

/// The first four bytes of SHA-256(name ‖ newline ‖ type ‖ key), as C2SP signed-note names keys.
fn key_hash(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind])
        .chain_update(public)
        .finalize()
        .into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

/// How C2SP names the Ed25519 key `public` of a signed note whose signer is called `name`.
#[must_use]
pub fn note_key_hash(name: &str, public: &[u8; 32]) -> [u8; 4] {
    key_hash(name, ED25519, public)
}

/// One signature line of a note.
fn line(name: &str, kind: u8, public: &[u8; 32], parts: &[&[u8]]) -> String {
    let hash = key_hash(name, kind, public);
    let signed = BASE64.encode(&[&hash[..], &parts.concat()].concat());
    format!("\u{2014} {name} {signed}\n")
}

impl Head {
    /// The text that is signed: origin, size and root, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let origin = origin(self.center, self.epoch);
        format!("{origin}\n{}\n{}\n", self.size, BASE64.encode(&self.root))
    }

    /// Reads the text of a head; nothing when it is not exactly one of ours.
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let (center, epoch) = origin.split_once("/journal/")?;
        let head = Self {
            center: center.parse().ok()?,
            epoch: epoch.parse().ok()?,
            size: size.parse().ok()?,
            root: BASE64.decode(root.as_bytes()).ok()?.try_into().ok()?,
        };
        // One head has one text: leading zeros and added lines are none of it.
        (head.size <= MAX_LEAVES && head.text() == text).then_some(head)
    }
}

impl SignedHead {
    /// The head as a signed note.
    #[must_use]
    pub fn note(&self, public: &[u8; 32]) -> String {
        let text = self.head.text();
        let origin = origin(self.head.center, self.head.epoch);
        let signed = line(&origin, ED25519, public, &[&self.signature.0]);
        format!("{text}\n{signed}")
    }

    /// Reads a signed note: the head and the signature of the key `public` on it, not yet checked.
    /// Lines of other keys are passed over, as C2SP says.
    #[must_use]
    pub fn read(note: &str, public: &[u8; 32]) -> Option<Self> {
        if note.len() > MAX_NOTE_BYTES {
            return None;
        }
        let (body, signatures) = note.split_once("\n\n")?;
        let head = Head::read(&format!("{body}\n"))?;
        let name = origin(head.center, head.epoch);
        let hash = key_hash(&name, ED25519, public);
        signatures.lines().find_map(|line| {
            let (signer, signed) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
            let signed = BASE64.decode(signed.as_bytes()).ok()?;
            let signature = signed.strip_prefix(&hash[..])?.try_into().ok()?;
            (signer == name).then_some(Self {
                head,
                signature: NoteSignature(signature),
            })
        })
    }

    /// Whether the signature is that of `public`; `verify` gets key, message and signature.
    #[must_use]
    pub fn holds(
        &self,
        public: &[u8; 32],
        verify: impl FnOnce(&[u8; 32], &[u8], &[u8; SIGNATURE_BYTES]) -> bool,
    ) -> bool {
        verify(public, self.head.text().as_bytes(), &self.signature.0)
    }
}

/// A station's cosignature of a head (C2SP tlog-cosignature, Ed25519): it has seen the head, and
/// that the head extends every one it saw before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cosignature {
    /// The station.
    #[n(1)]
    pub station: StationId,
    /// Its key for heads.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// When, by the station's time.
    #[n(3)]
    pub time: UnixSeconds,
    /// The signature over [`Cosignature::text`].
    #[n(4)]
    pub signature: NoteSignature,
}

impl Cosignature {
    /// The text that a station signs for a head at a time.
    #[must_use]
    pub fn text(head: &Head, time: UnixSeconds) -> String {
        format!("cosignature/v1\ntime {}\n{}", time.0, head.text())
    }

    /// The name of the cosigner in notes.
    #[must_use]
    pub fn name(center: DataCenterId, station: StationId) -> String {
        format!("{center}/station/{station}")
    }

    /// The line that this cosignature adds to the head's note.
    #[must_use]
    pub fn line(&self, center: DataCenterId) -> String {
        let name = Self::name(center, self.station);
        let time = self.time.0.to_be_bytes();
        line(&name, COSIGNATURE, &self.key, &[&time, &self.signature.0])
    }

    /// Whether the cosignature is that of its key over `head`.
    #[must_use]
    pub fn holds(
        &self,
        head: &Head,
        verify: impl FnOnce(&[u8; 32], &[u8], &[u8; SIGNATURE_BYTES]) -> bool,
    ) -> bool {
        let text = Self::text(head, self.time);
        verify(&self.key, text.as_bytes(), &self.signature.0)
    }
}

/// How an epoch begins: what the data center has forgotten, and why (`protocol.md` L).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EpochStatement {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The data center.
    #[n(2)]
    pub center: DataCenterId,
    /// The epoch that begins.
    #[n(3)]
    pub epoch: u32,
    /// Records of the journal that it goes on from.
    #[n(4)]
    pub old_size: u64,
    /// The root over them.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub old_root: Hash,
    /// Why.
    #[n(6)]
    pub reason: String,
    /// When.
    #[n(7)]
    pub began: UnixSeconds,
}

impl EpochStatement {
    /// What the recovery keys sign.
    #[must_use]
    pub fn signing_input(&self) -> Vec<u8> {
        [EPOCH_CONTEXT, &to_cbor(self)].concat()
    }
}

/// A new epoch with the signatures of both recovery keys.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignedEpoch {
    /// How it begins.
    #[n(1)]
    pub statement: EpochStatement,
    /// The signature of the first recovery key.
    #[n(2)]
    pub first: NoteSignature,
    /// The signature of the second.
    #[n(3)]
    pub second: NoteSignature,
}

impl SignedEpoch {
    /// Whether both recovery keys have signed it.
    #[must_use]
    pub fn holds(
        &self,
        keys: &[[u8; 32]; 2],
        mut verify: impl FnMut(&[u8; 32], &[u8], &[u8; SIGNATURE_BYTES]) -> bool,
    ) -> bool {
        let input = self.statement.signing_input();
        let [first, second] = keys;
        self.statement.version == 1
            && first != second
            && verify(first, &input, &self.first.0)
            && verify(second, &input, &self.second.0)
    }
}

/// From which size and root a newer head must go on: the head that is kept, or, where an epoch has
/// begun since, the place where that epoch goes on. What was kept may have been forgotten in it.
#[must_use]
pub const fn base(kept: &Head, epoch: Option<&EpochStatement>) -> (u64, Hash) {
    match epoch {
        Some(epoch) => (epoch.old_size, epoch.old_root),
        None => (kept.size, kept.root),
    }
}

/// Checks that `newer` extends a base.
///
/// # Errors
/// As [`merkle::verify_consistency`].
pub fn extends(
    (size, root): (u64, &Hash),
    newer: &Head,
    proof: &[Hash],
) -> Result<(), merkle::ProofRefusal> {
    merkle::verify_consistency((size, root), (newer.size, &newer.root), proof)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

    fn head() -> Head {
        Head {
            center: DataCenterId::from_bytes([7; 16]),
            epoch: 3,
            size: 21,
            root: [9; 32],
        }
    }

    fn key() -> (Ed25519KeyPair, [u8; 32]) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[4; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        (pair, public)
    }

    fn sign(pair: &Ed25519KeyPair, text: &[u8]) -> NoteSignature {
        NoteSignature(pair.sign(text).as_ref().try_into().unwrap())
    }

    fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, key)
            .verify(message, signature)
            .is_ok()
    }

    #[test]
    fn a_note_reads_back_and_its_signature_holds() {
        let (pair, public) = key();
        let signed = SignedHead {
            head: head(),
            signature: sign(&pair, head().text().as_bytes()),
        };
        let cosignature = Cosignature {
            station: StationId::from_bytes([5; 16]),
            key: public,
            time: UnixSeconds(1_790_000_000),
            signature: sign(
                &pair,
                Cosignature::text(&head(), UnixSeconds(1_790_000_000)).as_bytes(),
            ),
        };
        assert!(cosignature.holds(&head(), verify));
        let note = signed.note(&public) + &cosignature.line(head().center);
        let read = SignedHead::read(&note, &public).unwrap();
        assert_eq!(read, signed);
        assert!(read.holds(&public, verify));
        assert!(SignedHead::read(&note, &[1; 32]).is_none(), "another key");
        let later = Cosignature {
            time: UnixSeconds(1_790_000_001),
            ..cosignature
        };
        assert!(!later.holds(&head(), verify));
    }

    #[test]
    fn a_head_has_one_text_only() {
        let text = head().text();
        assert_eq!(Head::read(&text), Some(head()));
        for other in [
            text.replace("\n21\n", "\n021\n"),
            text.replace("\n21\n", "\n+21\n"),
            format!("{text}more\n"),
            text.to_uppercase(),
            text.trim_end().to_owned(),
        ] {
            assert_eq!(Head::read(&other), None, "{other:?}");
        }
    }

    #[test]
    fn an_epoch_needs_both_keys_and_two_different_ones() {
        let (pair, public) = key();
        let other = Ed25519KeyPair::from_seed_unchecked(&[6; 32]).unwrap();
        let second = other.public_key().as_ref().try_into().unwrap();
        let statement = EpochStatement {
            version: 1,
            center: head().center,
            epoch: 4,
            old_size: 12,
            old_root: [3; 32],
            reason: "restore".to_owned(),
            began: UnixSeconds(1_790_000_000),
        };
        let input = statement.signing_input();
        let signed = SignedEpoch {
            first: sign(&pair, &input),
            second: sign(&other, &input),
            statement,
        };
        assert!(signed.holds(&[public, second], verify));
        assert!(!signed.holds(&[second, public], verify));
        assert!(!signed.holds(&[public, public], verify));
        let mut altered = signed.clone();
        altered.statement.old_size = 11;
        assert!(!altered.holds(&[public, second], verify));
    }

    #[test]
    fn what_an_epoch_forgot_is_not_asked_of_a_newer_head() {
        let epoch = EpochStatement {
            version: 1,
            center: head().center,
            epoch: 4,
            old_size: 12,
            old_root: [3; 32],
            reason: String::new(),
            began: UnixSeconds(0),
        };
        assert_eq!(base(&head(), None), (21, [9; 32]));
        assert_eq!(base(&head(), Some(&epoch)), (12, [3; 32]));
    }
}
