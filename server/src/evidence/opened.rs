//! A message of the evidence, once its signature holds: what it says.

use minicbor::Decode;
use shared::security::envelope::Header;
use shared::security::signed::{self, ContentType};
use shared::services::funds::withdrawal::WithdrawRequest;
use shared::services::funds::{
    DoorRequest, ProofHashes, RefillRequest, RegisterStatement, SyncRequest,
};
use shared::services::journal::PageRequest;
use shared::services::keys::Point;
use shared::services::reconcile::ReconcileRequest;
use shared::wire::from_cbor;

use super::{Evidence, EvidenceFault, Message, bytes};
use crate::ca;

/// Signed messages of a station that say nothing of its vault.
const OTHERS: [ContentType; 3] = [
    ContentType::LookupRequest,
    ContentType::RenewRequest,
    ContentType::RefundRequest,
];

/// A message whose signature holds.
pub(super) struct Opened {
    pub(super) header: Header,
    pub(super) signed: Vec<u8>,
    pub(super) content: Content,
}

/// What it says.
pub(super) enum Content {
    /// It states the vault; where it has a proof, that leads from what was accepted before.
    Statement(Box<RegisterStatement>, Option<ProofHashes>),
    /// It brings records.
    Page(Box<PageRequest>),
    /// It says nothing of the vault.
    Other,
}

impl Opened {
    /// Opens a message of the evidence, when one of `keys` has signed it for this station and data
    /// center.
    ///
    /// # Errors
    /// [`EvidenceFault::Unreadable`], [`EvidenceFault::NotSigned`].
    pub(super) fn read(
        evidence: &Evidence,
        message: &Message,
        keys: &[Point],
    ) -> Result<Self, EvidenceFault> {
        let (signed, header_bytes) = (bytes(&message.signed)?, bytes(&message.header)?);
        let header: Header = from_cbor(&header_bytes).map_err(|_| EvidenceFault::Unreadable)?;
        if header.station != evidence.station || header.data_center != evidence.data_center {
            return Err(EvidenceFault::NotSigned);
        }
        let content = content(&signed, &header_bytes, keys).ok_or(EvidenceFault::NotSigned)?;
        Ok(Self {
            header,
            signed,
            content,
        })
    }
}

/// The page of records in a message whose signature was checked before it was stored.
pub(super) fn stored_page(signed: &[u8], header: &[u8]) -> Option<PageRequest> {
    signed::open::<PageRequest>(PageRequest::CONTENT, signed, header, |_, _, _| true)
        .ok()
        .map(|opened| opened.message)
}

/// The message as the kind for which its signature holds: the kind is part of what is signed.
fn content(signed: &[u8], header: &[u8], keys: &[Point]) -> Option<Content> {
    let states = |statement, proof| Some(Content::Statement(Box::new(statement), proof));
    if let Some(sync) = open::<SyncRequest>(ContentType::SyncRequest, signed, header, keys) {
        return states(sync.statement, Some(sync.consistency));
    }
    if let Some(refill) = open::<RefillRequest>(ContentType::RefillRequest, signed, header, keys) {
        return states(refill.statement, Some(refill.consistency));
    }
    let kind = ContentType::WithdrawRequest;
    if let Some(end) = open::<WithdrawRequest>(kind, signed, header, keys) {
        return states(end.statement, Some(end.consistency));
    }
    if let Some(told) = open::<ReconcileRequest>(ReconcileRequest::CONTENT, signed, header, keys) {
        return states(told.statement, None);
    }
    if let Some(door) = open::<DoorRequest>(DoorRequest::CONTENT, signed, header, keys) {
        return states(door.statement, None);
    }
    if let Some(page) = open::<PageRequest>(PageRequest::CONTENT, signed, header, keys) {
        return Some(Content::Page(Box::new(page)));
    }
    OTHERS
        .into_iter()
        .any(|kind| open::<Anything>(kind, signed, header, keys).is_some())
        .then_some(Content::Other)
}

fn open<T: for<'b> Decode<'b, ()>>(
    kind: ContentType,
    message: &[u8],
    header: &[u8],
    keys: &[Point],
) -> Option<T> {
    signed::open::<T>(kind, message, header, |id, input, signature| {
        keys.iter()
            .any(|key| key.key_id() == id && ca::verify(key, input, signature))
    })
    .ok()
    .map(|opened| opened.message)
}

/// Content that is not looked at.
struct Anything;

impl<'b, C> Decode<'b, C> for Anything {
    fn decode(
        decoder: &mut minicbor::Decoder<'b>,
        _: &mut C,
    ) -> Result<Self, minicbor::decode::Error> {
        decoder.skip().map(|()| Self)
    }
}
