//! Why something of a repository is not believed.

use super::key::KeyId;
use super::metadata::Version;
use super::path::RoleName;
use crate::clock::UnixSeconds;

/// Why something of a repository is not believed. What was trusted before stays trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TufFault {
    /// Not a signed JSON document, or not one of this type.
    #[error("{0} cannot be read as signed metadata")]
    Unreadable(RoleName),
    /// Two signatures name the same key.
    #[error("{role} has two signatures of the key {key}")]
    TwoSignaturesOfOneKey {
        /// The document.
        role: RoleName,
        /// The key.
        key: KeyId,
    },
    /// Longer than its limit.
    #[error("{what} is longer than {limit} bytes")]
    TooLong {
        /// The document or target.
        what: String,
        /// The most it may have, bytes.
        limit: u64,
    },
    /// Length or hash is not what was signed for it.
    #[error("{0} is not the content that was signed")]
    WrongContent(String),
    /// Not signed by enough of its keys.
    #[error("{role} is signed by {valid} of its keys and needs {threshold}")]
    NotSigned {
        /// The document.
        role: RoleName,
        /// Keys of the role whose signature holds.
        valid: u32,
        /// How many have to.
        threshold: u32,
    },
    /// Another version than the one that was asked for.
    #[error("{role} is version {found}, not version {expected}")]
    WrongVersion {
        /// The document.
        role: RoleName,
        /// What was signed for it.
        expected: Version,
        /// What it says.
        found: Version,
    },
    /// An older version than the one that is trusted.
    #[error("{role} went back from version {trusted} to version {found}")]
    RolledBack {
        /// The document.
        role: RoleName,
        /// What was trusted.
        trusted: Version,
        /// What is offered.
        found: Version,
    },
    /// A document that the snapshot named before and names no more.
    #[error("{0} is missing from the snapshot")]
    NotInSnapshot(RoleName),
    /// Past its last second.
    #[error("{role} expired")]
    Expired {
        /// The document.
        role: RoleName,
        /// Its last second.
        at: UnixSeconds,
    },
    /// It should be there and is not.
    #[error("{0} is not to be had")]
    Missing(String),
    /// The chain of root documents goes on and on.
    #[error("the chain of root documents has more than {0} new links")]
    TooManyRoots(u32),
    /// The delegations go on and on.
    #[error("looking for {target} leads through more than {limit} delegations")]
    TooManyDelegations {
        /// The target.
        target: String,
        /// The most delegations that are followed.
        limit: usize,
    },
    /// No role that may name this target does.
    #[error("{0} is not a target of the repository")]
    NoSuchTarget(String),
    /// The machine was given a reply it had not asked for.
    #[error("a reply came that was not asked for")]
    NotAsked,
}
