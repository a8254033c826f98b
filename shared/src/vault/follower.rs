//! Follows a journal written elsewhere, record by record: what the data center's mirror, the
//! station's own check and a stranger's verifier have in common.

use minicbor::{Decode, Encode};

use super::{JournalRecord, RecordFault, ReplayFault, Vault};
use crate::merkle::{self, Frontier, Hash};
use crate::wire::{from_cbor, to_cbor};

/// Why a record was not followed. The follower stands where it stood.
#[derive(Debug, thiserror::Error)]
pub enum FollowFault {
    /// The record does not follow from the vault before it.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
    /// The journal has as many records as its tree can hold.
    #[error("the journal is full")]
    Full,
}

/// Where following has come to: the vault that the records lead to, and the tree over them.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    vault: Option<Vault>,
    frontier: Frontier,
}

/// A follower as bytes.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(1)]
    vault: Option<Vault>,
    #[cbor(n(2), with = "minicbor::bytes")]
    frontier: Vec<u8>,
}

impl Follower {
    /// A follower of a journal that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows the next record; what it says.
    ///
    /// # Errors
    /// See [`FollowFault`].
    pub fn follow(&mut self, bytes: &[u8]) -> Result<JournalRecord, FollowFault> {
        let after = match &self.vault {
            Some(vault) => vault.replay(bytes)?,
            None => Vault::replay_first(bytes)?,
        };
        let sequence = self.size();
        let unreadable = |source: RecordFault| ReplayFault::Unreadable { sequence, source };
        let record = JournalRecord::decode(bytes).map_err(unreadable)?;
        self.frontier
            .append(merkle::leaf_hash(bytes))
            .map_err(|_| FollowFault::Full)?;
        self.vault = Some(after);
        Ok(record)
    }

    /// Records followed so far: the number of the next one.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The Merkle root of the records followed.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The tree over the records followed.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The vault they lead to; nothing before the first.
    #[must_use]
    pub const fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    /// The follower as bytes, to go on later.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        to_cbor(&Stored {
            vault: self.vault.clone(),
            frontier: self.frontier.bytes(),
        })
    }

    /// Reads the bytes back; nothing when they are not a follower's.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = from_cbor(bytes).ok()?;
        let frontier = Frontier::from_bytes(&stored.frontier).ok()?;
        let size = stored.vault.as_ref().map_or(0, Vault::journal_size);
        (size == frontier.size()).then_some(Self {
            vault: stored.vault,
            frontier,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixSeconds;
    use crate::ids::{DataCenterId, PsdId, StationId, VaultId};
    use crate::vault::{Action, Enrolment, Freeze, FreezeReason};

    /// Two records: a vault is made and freezes.
    fn records() -> [Vec<u8>; 2] {
        let enrolment = Enrolment {
            psd: PsdId::specimen(1),
            station: StationId::from_bytes([2; 16]),
            data_center: DataCenterId::from_bytes([3; 16]),
        };
        let id = VaultId::from_bytes([1; 16]);
        let first = Vault::enrol(id, enrolment, UnixSeconds(5), "station").unwrap();
        let freeze = Action::Freeze(Freeze {
            reason: FreezeReason::Ordered,
        });
        let second = first.vault.act(&freeze, UnixSeconds(6), "station").unwrap();
        [first.bytes, second.bytes]
    }

    #[test]
    fn a_follower_that_was_stored_goes_on_where_it_stood() {
        let [first, second] = records();
        let mut whole = Follower::new();
        whole.follow(&first).unwrap();
        let mut stored = Follower::from_bytes(&whole.bytes()).unwrap();
        whole.follow(&second).unwrap();
        stored.follow(&second).unwrap();
        assert_eq!(stored.root(), whole.root());
        assert_eq!(stored.vault(), whole.vault());
        assert_eq!(stored.size(), 2);
        assert!(Follower::from_bytes(&[]).is_none());
    }

    #[test]
    fn a_record_out_of_its_place_is_not_followed_and_leaves_nothing() {
        let [first, second] = records();
        let mut follower = Follower::new();
        assert!(follower.follow(&second).is_err());
        follower.follow(&first).unwrap();
        let root = follower.root();
        assert!(follower.follow(&first).is_err());
        assert_eq!((follower.size(), follower.root()), (1, root));
    }
}
