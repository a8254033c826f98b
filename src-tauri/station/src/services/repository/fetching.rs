//! Targets on their way, part by part: each part is durable before the next is asked for, so that a
//! contact goes on where the last one broke off.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use shared::services::repository::{DELTAS_MAX, Delta, Deltas, TARGETS_PATH};
use shared::tuf::{Client, TargetFile, TargetPath, TufFault};

use super::install::{self, Useless};
use super::{TufFaultOr, delta, not_believed, standing};
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::station::Owner;
use crate::store::repository::TargetRow;

/// The bytes of one part: some seconds over a modem.
const PART_BYTES: u64 = 32 * 1_024;

/// One target on its way.
#[derive(Clone, Debug)]
struct Wanted {
    path: TargetPath,
    file: TargetFile,
    sha256: [u8; 32],
    /// Whether the change from another content has failed: then the whole is fetched.
    wants_whole: bool,
}

/// What is fetched for it: its content, or the change that makes it from another content.
#[derive(Clone, Debug)]
struct Way {
    path: TargetPath,
    file: TargetFile,
    sha256: [u8; 32],
    base: Option<Vec<u8>>,
}

/// All that is wanted of what the repository names.
#[derive(Debug)]
pub(super) struct Fetching {
    /// The next one last.
    wanted: Vec<Wanted>,
    listed: BTreeMap<TargetPath, TargetFile>,
    way: Option<Way>,
    /// The first content that was of no use; the others are fetched all the same.
    useless: Option<TufFault>,
}

impl Fetching {
    /// Wants what is taken and not here. What was on its way and is wanted no more goes.
    pub(super) fn plan(
        owner: &mut Owner,
        listed: Vec<(TargetPath, TargetFile)>,
    ) -> Result<Self, UiError> {
        let mut wanted = Vec::new();
        for (path, file) in &listed {
            let Some(sha256) = file.hashes.sha256() else {
                continue;
            };
            let is_here = owner.store().target_hash(path.as_str())? == Some(sha256);
            if install::is_taken(path, file.length) && !is_here {
                wanted.push(Wanted {
                    path: path.clone(),
                    file: file.clone(),
                    sha256,
                    wants_whole: false,
                });
            }
        }
        wanted.reverse();
        let named: Vec<[u8; 32]> = listed
            .iter()
            .filter_map(|(_, file)| file.hashes.sha256())
            .collect();
        owner.write("what is on its way", |tx| {
            Ok::<_, UiError>(tx.keep_parts(&named)?)
        })?;
        Ok(Self {
            wanted,
            listed: listed.into_iter().collect(),
            way: None,
            useless: None,
        })
    }

    /// The next part of what is wanted; nothing once all is here.
    pub(super) fn next(
        &mut self,
        owner: &mut Owner,
        client: &Client,
    ) -> Result<Option<LinkRequest>, TufFaultOr> {
        loop {
            let Some(wanted) = self.wanted.last() else {
                return match self.useless.take() {
                    Some(fault) => Err(fault.into()),
                    None => {
                        standing::complete(owner)?;
                        Ok(None)
                    }
                };
            };
            let way = match self.way.take() {
                Some(way) => way,
                None => self.way_to(owner, wanted)?,
            };
            let arrived = owner.store().arrived(&way.sha256).map_err(UiError::from)?;
            if arrived >= way.file.length {
                self.settle(owner, way)?;
                continue;
            }
            let request = LinkRequest::FetchPart {
                path: address(client, &way.path, &way.file)?,
                from: arrived,
                end: way.file.length.min(arrived.saturating_add(PART_BYTES)),
            };
            self.way = Some(way);
            return Ok(Some(request));
        }
    }

    /// The bytes of the next part.
    pub(super) fn next_bytes(&self, owner: &Owner) -> Option<u64> {
        let (length, sha256) = match (&self.way, self.wanted.last()) {
            (Some(way), _) => (way.file.length, way.sha256),
            (None, wanted) => wanted.map(|wanted| (wanted.file.length, wanted.sha256))?,
        };
        let arrived = owner.store().arrived(&sha256).ok()?;
        Some(length.saturating_sub(arrived).min(PART_BYTES))
    }

    /// Writes the part down that was asked for last.
    pub(super) fn accept(&mut self, owner: &mut Owner, part: &[u8]) -> Result<(), TufFaultOr> {
        let Some(way) = &self.way else {
            return Err(not_believed("an answer to nothing").into());
        };
        let arrived = owner.store().arrived(&way.sha256).map_err(UiError::from)?;
        let wanted = way.file.length.saturating_sub(arrived).min(PART_BYTES);
        if u64::try_from(part.len()) != Ok(wanted) || wanted == 0 {
            return Err(not_believed("a part of a target").into());
        }
        owner.write("a part of a target", |tx| {
            Ok::<_, UiError>(tx.put_part(&way.sha256, arrived, part)?)
        })?;
        Ok(())
    }

    /// What it means that the target of the last request is not there.
    pub(super) fn missing(&self) -> TufFault {
        let path = self.way.as_ref().map(|way| way.path.to_string());
        TufFault::Missing(path.unwrap_or_default())
    }

    /// The shortest way: the change from a content that is here, when the same role names it and it
    /// is shorter. What has begun to come as a whole goes on as a whole.
    fn way_to(&self, owner: &Owner, wanted: &Wanted) -> Result<Way, UiError> {
        let whole = Way {
            path: wanted.path.clone(),
            file: wanted.file.clone(),
            sha256: wanted.sha256,
            base: None,
        };
        if wanted.wants_whole || owner.store().arrived(&wanted.sha256)? > 0 {
            return Ok(whole);
        }
        let mut shortest = whole;
        for delta in offered(&wanted.file) {
            if let Some(way) = self.by_delta(owner, &delta)?
                && way.file.length < shortest.file.length
            {
                shortest = way;
            }
        }
        Ok(shortest)
    }

    fn by_delta(&self, owner: &Owner, delta: &Delta) -> Result<Option<Way>, UiError> {
        let base: Option<[u8; 32]> = hex::decode(&delta.base)
            .ok()
            .and_then(|base| base.try_into().ok());
        let named = TargetPath::new(&delta.path).ok();
        let named = named.and_then(|path| self.listed.get_key_value(&path));
        let (Some(base), Some((path, file))) = (base, named) else {
            return Ok(None);
        };
        let Some(sha256) = file.hashes.sha256() else {
            return Ok(None);
        };
        // A change from nothing is the content compressed.
        let content = if base == <[u8; 32]>::from(Sha256::digest(b"")) {
            Some(Vec::new())
        } else {
            owner.store().target_content(&base)?
        };
        Ok(content.map(|base| Way {
            path: path.clone(),
            file: file.clone(),
            sha256,
            base: Some(base),
        }))
    }

    /// All parts are here: the content is checked and installed, or thrown away. A change that does
    /// not lead to the content is not tried again; the whole is fetched instead.
    fn settle(&mut self, owner: &mut Owner, way: Way) -> Result<(), TufFaultOr> {
        let Some(wanted) = self.wanted.last_mut() else {
            return Ok(());
        };
        let parts = owner.store().parts(&way.sha256).map_err(UiError::from)?;
        let content = Some(parts).filter(|parts| way.file.is(parts));
        let content = match &way.base {
            None => content,
            Some(base) => content
                .and_then(|change| delta::applied(base, &change, wanted.file.length))
                .filter(|content| wanted.file.is(content)),
        };
        let installed = match content {
            Some(content) => {
                let row = TargetRow {
                    path: wanted.path.to_string(),
                    sha256: wanted.sha256,
                    content,
                };
                install::install(owner, &row, &way.sha256)
            }
            None => Err(Useless::Content(TufFault::WrongContent(
                way.path.to_string(),
            ))),
        };
        match installed {
            Ok(()) => drop(self.wanted.pop()),
            Err(Useless::Station(fault)) => return Err(fault.into()),
            Err(Useless::Content(fault)) => {
                owner.write("a target that is not believed", |tx| {
                    Ok::<_, UiError>(tx.drop_parts(&way.sha256)?)
                })?;
                if way.base.is_some() {
                    wanted.wants_whole = true;
                } else {
                    self.wanted.pop();
                    self.useless.get_or_insert(fault);
                }
            }
        }
        Ok(())
    }
}

/// The shorter ways that are offered to a target.
fn offered(file: &TargetFile) -> Vec<Delta> {
    let custom = file.custom.clone().unwrap_or_default();
    let deltas: Deltas = serde_json::from_value(custom).unwrap_or_default();
    deltas.deltas.into_iter().take(DELTAS_MAX).collect()
}

/// Where the data center has a target.
pub(super) fn address(
    client: &Client,
    path: &TargetPath,
    file: &TargetFile,
) -> Result<String, TufFault> {
    let address = client.address_of(path, file)?;
    Ok(format!("{TARGETS_PATH}{address}"))
}
