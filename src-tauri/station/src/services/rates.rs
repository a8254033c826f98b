//! Rate editions at the station: fetched when they are new, in force by their own date.
//!
//! Asked by the monitor when the data center has other editions than the last time. Level L0: the manifest's signature and the content's
//! hash are all that is trusted. An edition never replaces another content of the same identity,
//! so prices never go back. Table: `editions`. Tests: `tests/it/rates.rs`.

use shared::rates::{Edition, EditionManifest};
use shared::security::signed::{self, ContentType};
use shared::services::ServiceId;
use shared::services::keys::trust::KeyPurpose;
use shared::wire::from_cbor;

use super::{MESSAGE_BYTES, not_believed, trust};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::station::Owner;
use crate::store::editions::EditionRow;

/// Where the signed manifests are.
const MANIFESTS: &str = "/v1/editions";

/// The most editions a list may name: more means that something is wrong.
const EDITIONS_MAX: usize = 1_000;

/// An edition that is announced and not here yet: its signed manifest, read and checked.
#[derive(Clone, Debug)]
pub struct Announced {
    signed: Vec<u8>,
    manifest: EditionManifest,
}

/// The list, when the data center has other editions than the last time; then, one by one, what is
/// new.
pub(super) fn next_request(owner: &mut Owner) -> Option<LinkRequest> {
    if owner.take_due(ServiceId::Rates) {
        owner.announced().clear();
        return Some(LinkRequest::fetch(MANIFESTS.to_owned()));
    }
    owner.announced().last().map(|edition| {
        let sha256 = hex::encode(edition.manifest.sha256);
        LinkRequest::fetch(format!("{MANIFESTS}/{sha256}"))
    })
}

/// The bytes of what is fetched next: a manifest says how long its edition is.
pub(super) fn expected_bytes(owner: &mut Owner) -> u64 {
    let next = owner.announced().last();
    next.map_or(MESSAGE_BYTES, |edition| edition.manifest.length.into())
}

/// Takes the list, or the content asked for last.
pub(super) fn accept(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    match owner.announced().pop() {
        None => accept_list(owner, reply),
        Some(announced) => accept_content(owner, announced, reply),
    }
}

fn accept_list(owner: &mut Owner, reply: &[u8]) -> Result<(), UiError> {
    let list: Vec<minicbor::bytes::ByteVec> =
        from_cbor(reply).map_err(|_| not_believed("the list of rate editions"))?;
    if list.len() > EDITIONS_MAX {
        return Err(not_believed("the list of rate editions"));
    }
    let mut new = Vec::new();
    for signed in list {
        let mut checked = Ok(false);
        let opened = signed::open::<EditionManifest>(
            ContentType::Edition,
            &signed,
            &[],
            |name, input, signature| {
                checked = trust::verifies(owner, KeyPurpose::Editions, name, input, signature);
                matches!(checked, Ok(true))
            },
        );
        checked?;
        let opened = opened.map_err(|_| not_believed("the signature of a rate edition"))?;
        let manifest = opened.message;
        match owner.store().edition(&manifest.id)? {
            Some(row) if Edition::sha256(&row.content) == manifest.sha256 => {}
            Some(_) => return Err(not_believed("a rate edition that changed its prices")),
            None => new.push(Announced {
                signed: signed.to_vec(),
                manifest,
            }),
        }
    }
    *owner.announced() = new;
    Ok(())
}

fn accept_content(owner: &mut Owner, announced: Announced, content: &[u8]) -> Result<(), UiError> {
    let manifest = announced.manifest;
    let whole = usize::try_from(manifest.length) == Ok(content.len())
        && Edition::sha256(content) == manifest.sha256;
    if !whole {
        return Err(not_believed("the content of a rate edition"));
    }
    let edition =
        Edition::from_bytes(content).map_err(|_| not_believed("the content of a rate edition"))?;
    if edition.id() != manifest.id || edition.effective() != manifest.effective {
        return Err(not_believed("the manifest of a rate edition"));
    }
    let row = EditionRow {
        id: manifest.id,
        effective: manifest.effective,
        manifest: announced.signed,
        content: content.to_vec(),
    };
    owner.write("a rate edition", |tx| Ok(tx.put_edition(&row)?))
}
