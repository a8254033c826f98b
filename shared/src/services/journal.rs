//! The journal's way to the data center: pages of a station's records (`protocol.md` H).
//!
//! Called by the monitor when records wait, and by a service that needs one mirrored. Level L3,
//! because a page that does not hold freezes the station. It belongs to the service `funds`, but
//! stands outside its stream: the data center holds every page against the root that a statement
//! of the station has signed, so the same page again, or an old one, changes nothing.

use minicbor::{Decode, Encode};

use super::{Request, ServiceId};
use crate::ids::VaultId;
use crate::security::Level;
use crate::security::signed::ContentType;

/// The layout version of every message here.
pub const VERSION: u8 = 1;

/// The most hashes a proof needs: one per bit of the size, twice.
pub const MAX_PROOF_HASHES: usize = 128;

/// The most records of one page.
pub const MAX_PAGE_RECORDS: usize = 128;

/// The most bytes of all records of one page: with proof, signature and seal it still fits into
/// one message.
pub const MAX_PAGE_BYTES: usize = 13 * 1_024;

/// A record is mirrored at the latest in the first contact so many days after it was written.
pub const BACKLOG_DAYS: i64 = 7;

/// The hashes of a Merkle proof, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProofHashes(pub Vec<[u8; 32]>);

impl<C> Encode<C> for ProofHashes {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(self.0.as_flattened())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for ProofHashes {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let (hashes, rest) = decoder.bytes()?.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() > MAX_PROOF_HASHES {
            return Err(minicbor::decode::Error::message("not a list of hashes"));
        }
        Ok(Self(hashes.to_vec()))
    }
}

/// Journal records as they are hashed, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records(pub Vec<Vec<u8>>);

impl<C> Encode<C> for Records {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let count = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        encoder.array(count)?;
        for record in &self.0 {
            encoder.bytes(record)?;
        }
        encoder.ok()
    }
}

impl<'b, C> Decode<'b, C> for Records {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        let too_many = || minicbor::decode::Error::message("not a page of records");
        let count = decoder.array()?.ok_or_else(too_many)?;
        let count = usize::try_from(count).map_err(|_| too_many())?;
        if count > MAX_PAGE_RECORDS {
            return Err(too_many());
        }
        let mut records = Vec::with_capacity(count);
        for _ in 0..count {
            records.push(decoder.bytes()?.to_vec());
        }
        Ok(Self(records))
    }
}

/// Records of a vault's journal, proved to be those that a statement has signed for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PageRequest {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// The vault.
    #[n(2)]
    pub vault: VaultId,
    /// The number of the first record.
    #[n(3)]
    pub from: u64,
    /// The records from there on, none left out.
    #[n(4)]
    pub records: Records,
    /// The size of the journal in the accepted statement that the proof leads to.
    #[n(5)]
    pub accepted: u64,
    /// That the journal up to the last of these records is the beginning of the accepted one.
    #[n(6)]
    pub consistency: ProofHashes,
}

impl Request for PageRequest {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Level::L3;
    type Reply = PageReply;
}

impl PageRequest {
    /// Its content type.
    pub const CONTENT: ContentType = ContentType::JournalPage;
}

/// How far the data center has mirrored the journal: the cursor from which a station goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PageReply {
    /// The layout version.
    #[n(1)]
    pub version: u8,
    /// Records mirrored and replayed, from the first.
    #[n(2)]
    pub mirrored: u64,
    /// The size of the journal in the newest accepted statement.
    #[n(3)]
    pub accepted: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{from_cbor, to_cbor};

    #[test]
    fn a_page_reads_back_and_one_with_too_many_records_does_not() {
        let page = |count| PageRequest {
            version: VERSION,
            vault: VaultId::from_bytes([1; 16]),
            from: 7,
            records: Records(vec![vec![1, 2, 3]; count]),
            accepted: 900,
            consistency: ProofHashes(vec![[9; 32]; 3]),
        };
        let full = page(MAX_PAGE_RECORDS);
        assert_eq!(from_cbor::<PageRequest>(&to_cbor(&full)).unwrap(), full);
        let long = to_cbor(&page(MAX_PAGE_RECORDS + 1));
        assert!(from_cbor::<PageRequest>(&long).is_err());
    }
}
