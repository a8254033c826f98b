//! What the signed repository says of software for this station.
//!
//! The repository's documents come with the service of the rates, which believes them or does not; here
//! is only looked up what they name, and fetched what is this service's own: the list of releases, and
//! packages.

use sha2::{Digest as _, Sha256};
use shared::services::repository::SOFTWARE_ROLE;
use shared::software::{Channel, Platform, ROLLOUT_MAX_BYTES, Release, Rollout};

use super::keep::Kept;
use crate::api::UiError;
use crate::contact::link::{LinkRequest, MAX_REPLY_BYTES};
use crate::services::not_believed;
use crate::services::repository::{self, Named, standing};
use crate::station::{Owner, names};

/// The list of releases as the repository names it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    address: String,
    length: u64,
    sha256: [u8; 32],
    platform: Platform,
    channel: Channel,
}

impl Target {
    /// Asks for it; it is short.
    pub(super) fn fetch(&self) -> LinkRequest {
        LinkRequest::Fetch {
            path: self.address.clone(),
            limit: usize::try_from(self.length).unwrap_or(MAX_REPLY_BYTES),
        }
    }
}

/// The list of releases, when it is another than the one that is here.
pub(super) fn new_rollout(
    owner: &mut Owner,
    platform: Platform,
    channel: Channel,
) -> Result<Option<Target>, UiError> {
    let path = Rollout::path(platform, channel);
    let Some(named) = named(owner, &path)? else {
        return Ok(None);
    };
    let Some(sha256) = named.file.hashes.sha256() else {
        return Ok(None);
    };
    let here = owner.store().setting(names::SOFTWARE_ROLLOUT)?;
    let is_here = here.is_some_and(|text| <[u8; 32]>::from(Sha256::digest(text)) == sha256);
    if is_here || named.file.length > ROLLOUT_MAX_BYTES {
        return Ok(None);
    }
    Ok(Some(Target {
        address: named.address,
        length: named.file.length,
        sha256,
        platform,
        channel,
    }))
}

/// Takes the list of releases, when it is the one that was named.
pub(super) fn accept(owner: &mut Owner, target: &Target, reply: &[u8]) -> Result<(), UiError> {
    let what = "the list of releases";
    if <[u8; 32]>::from(Sha256::digest(reply)) != target.sha256 {
        return Err(not_believed(what));
    }
    Rollout::read(reply, target.platform, target.channel).map_err(|fault| {
        tracing::warn!(%fault, "the list of releases is of no use");
        not_believed(what)
    })?;
    let text = std::str::from_utf8(reply).map_err(|_| not_believed(what))?;
    owner.write("the list of releases", |tx| {
        Ok(tx.put_setting(names::SOFTWARE_ROLLOUT, text)?)
    })
}

/// The list of releases that is here; none for another channel than the station's.
pub(super) fn rollout(owner: &Owner, kept: &Kept) -> Result<Option<Rollout>, UiError> {
    let Some(platform) = owner.program().platform else {
        return Ok(None);
    };
    let text = owner.store().setting(names::SOFTWARE_ROLLOUT)?;
    Ok(text.and_then(|text| Rollout::read(text.as_bytes(), platform, kept.channel).ok()))
}

/// Where the package of a release is; nothing while the repository does not name just that package.
pub(super) fn package(
    owner: &mut Owner,
    path: &str,
    release: &Release,
) -> Result<Option<String>, UiError> {
    let named = named(owner, path)?.filter(|named| {
        named.file.length == release.length && named.file.hashes.sha256() == Some(release.sha256.0)
    });
    Ok(named.map(|named| named.address))
}

/// What the role for software names at a path. One that is not believed now names nothing: what is
/// here stays in use. So does one of which a refresh has brought only a part: this service is asked
/// again at the end of it.
fn named(owner: &mut Owner, path: &str) -> Result<Option<Named>, UiError> {
    if !standing::is_fresh(owner)? {
        return Ok(None);
    }
    let all = repository::named_for_now(owner, SOFTWARE_ROLE)?;
    Ok(all
        .iter()
        .find(|named| named.path.as_str() == path)
        .cloned())
}
