//! Targets on their way, part by part: each part is durable before the next is asked for, so that a
//! contact goes on where the last one broke off.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use shared::services::repository::{Delta, Deltas, TARGETS_PATH};
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
    /// The first fault of a content; the others are fetched all the same.
    fault: Option<UiError>,
    /// Whether a content did not come that may come another time.
    is_incomplete: bool,
}

impl Fetching {
    /// Wants what is taken and not here, but for what this program has found of no use before. What
    /// was on its way and is wanted no more goes.
    pub(super) fn plan(
        owner: &mut Owner,
        listed: Vec<(TargetPath, TargetFile)>,
    ) -> Result<Self, UiError> {
        let named: Vec<[u8; 32]> = listed
            .iter()
            .filter_map(|(_, file)| file.hashes.sha256())
            .collect();
        let places = listed.iter().filter_map(|(path, file)| {
            let sha256 = file.hashes.sha256()?;
            Some(standing::place(path.as_str(), &sha256))
        });
        let useless = standing::still_useless(owner, places)?;
        let mut wanted = Vec::new();
        for (path, file) in &listed {
            let Some(sha256) = file.hashes.sha256() else {
                continue;
            };
            let is_here = owner.store().target_hash(path.as_str())? == Some(sha256);
            let is_useless = useless.contains(&standing::place(path.as_str(), &sha256));
            if install::is_taken(path, file.length) && !is_here && !is_useless {
                wanted.push(Wanted {
                    path: path.clone(),
                    file: file.clone(),
                    sha256,
                    wants_whole: false,
                });
            }
        }
        wanted.reverse();
        owner.write("what is on its way", |tx| {
            Ok::<_, UiError>(tx.keep_parts(&named)?)
        })?;
        Ok(Self {
            wanted,
            listed: listed.into_iter().collect(),
            way: None,
            fault: None,
            is_incomplete: false,
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
                if !self.is_incomplete {
                    standing::complete(owner)?;
                }
                let fault = self.fault.take().map(TufFaultOr::Content);
                return fault.map_or(Ok(None), Err);
            };
            let way = match self.way.take() {
                Some(way) => way,
                None => self.way_to(owner, wanted)?,
            };
            let arrived = owner.store().arrived(&way.sha256).map_err(UiError::from)?;
            if arrived >= way.file.length {
                self.settle(owner, &way)?;
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
            let said = not_believed("a part of a target");
            standing::unfetched(owner, &said)?;
            return Err(TufFaultOr::Content(said));
        }
        owner.write("a part of a target", |tx| {
            Ok::<_, UiError>(tx.put_part(&way.sha256, arrived, part)?)
        })?;
        Ok(())
    }

    /// Takes it that what was asked for last is not there. The others are fetched all the same.
    pub(super) fn missing(&mut self, owner: &mut Owner) -> Result<(), UiError> {
        let Some(way) = self.way.take() else {
            return Ok(());
        };
        self.did_not_come(owner, &way, &TufFault::Missing(way.path.to_string()))
    }

    /// A way that does not lead to the content is not tried again: instead of a change the whole is
    /// fetched, instead of the whole nothing in this contact.
    fn did_not_come(
        &mut self,
        owner: &mut Owner,
        way: &Way,
        fault: &TufFault,
    ) -> Result<(), UiError> {
        owner.write("a target that is not believed", |tx| {
            Ok::<_, UiError>(tx.drop_parts(&way.sha256)?)
        })?;
        if way.base.is_some() {
            if let Some(wanted) = self.wanted.last_mut() {
                wanted.wants_whole = true;
            }
            return Ok(());
        }
        self.wanted.pop();
        let said = standing::said(fault);
        standing::unfetched(owner, &said)?;
        self.is_incomplete = true;
        self.fault.get_or_insert(said);
        Ok(())
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
        for delta in Deltas::of(&wanted.file) {
            if let Some(way) = self.by_delta(owner, &delta)?
                && way.file.length < shortest.file.length
            {
                shortest = way;
            }
        }
        Ok(shortest)
    }

    fn by_delta(&self, owner: &Owner, delta: &Delta) -> Result<Option<Way>, UiError> {
        let base = delta.base();
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

    /// All parts are here: the content is checked and installed, or thrown away. One that is what was
    /// signed and of no use all the same is noted by its place and never fetched again by this
    /// program.
    fn settle(&mut self, owner: &mut Owner, way: &Way) -> Result<(), UiError> {
        let Some(wanted) = self.wanted.last() else {
            return Ok(());
        };
        let parts = owner.store().parts(&way.sha256)?;
        let content = Some(parts).filter(|parts| way.file.is(parts));
        let content = match &way.base {
            None => content,
            Some(base) => content
                .and_then(|change| delta::applied(base, &change, wanted.file.length))
                .filter(|content| wanted.file.is(content)),
        };
        let Some(content) = content else {
            let wrong = TufFault::WrongContent(way.path.to_string());
            return self.did_not_come(owner, way, &wrong);
        };
        let row = TargetRow {
            path: wanted.path.to_string(),
            sha256: wanted.sha256,
            content,
        };
        match install::install(owner, &row, &way.sha256) {
            Ok(()) => {}
            Err(Useless::Station(fault)) => return Err(fault),
            Err(Useless::Content(said)) => {
                tracing::warn!(path = row.path, code = said.code, "a target is of no use");
                owner.write("a target that is of no use", |tx| {
                    Ok::<_, UiError>(tx.drop_parts(&way.sha256)?)
                })?;
                standing::useless(owner, standing::place(&row.path, &row.sha256), &said)?;
                self.fault.get_or_insert(said);
            }
        }
        self.wanted.pop();
        Ok(())
    }
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
