//! The signed repository of rates and software, by The Update Framework (TUF), specification 1.0.31.
//!
//! The data center builds the documents with these types and signs them; a station checks them.
//! Nothing here knows a socket, a file or a clock: time, signing and verifying are arguments, and
//! what has to be fetched is said by a machine that takes the bytes.
//!
//! A document is JSON: what is signed, and signatures over its canonical form. [`Document`] holds
//! one, [`Root`], [`Timestamp`], [`Snapshot`] and [`Targets`] are what it may say.

mod canonical;
mod client;
mod delegation;
mod document;
mod fault;
mod hashes;
mod key;
mod metadata;
mod path;

pub use canonical::{NotCanonical, canonical};
pub use client::{Ask, Change, Client, DELEGATIONS_MAX, Found, ROOT_ROTATIONS_MAX};
pub use delegation::{DelegatedRole, Delegations};
pub use document::{Document, Signature};
pub use fault::TufFault;
pub use hashes::{Checking, Hashes};
pub use key::{Key, KeyId, KeyValue, Role, Scheme, Verifier, VerifyingKey};
pub use metadata::{
    MetaFile, Metadata, Roles, Root, Snapshot, TargetFile, Targets, Timestamp, Version,
};
pub use path::{RoleName, TargetPath};

/// The specification that our documents say they follow.
pub const SPECIFICATION: &str = "1.0.31";

/// The longest root document, bytes: dozens of keys of any kind and their signatures.
pub const ROOT_MAX_BYTES: u64 = 512_000;

/// The longest timestamp document, bytes: it names one other document.
pub const TIMESTAMP_MAX_BYTES: u64 = 16_384;

/// The longest snapshot document whose length no timestamp says, bytes: tens of thousands of roles.
pub const SNAPSHOT_MAX_BYTES: u64 = 2_000_000;

/// The longest targets document whose length no snapshot says, bytes.
pub const TARGETS_MAX_BYTES: u64 = 5_000_000;

/// The longest document at all, whatever a signed length says, bytes: it is read in memory.
pub const DOCUMENT_MAX_BYTES: u64 = 16_000_000;

/// The most signatures of one document: each costs a check.
pub const SIGNATURES_MAX: usize = 64;

#[cfg(test)]
mod tests;
