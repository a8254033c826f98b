//! What is new in the repository since the versions that a station holds, in one reply.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use shared::services::rates::edition_of_target;
use shared::services::repository::news::{
    HELD_ROLES, HeldVersions, NEWS_MAX_BYTES, News, PIECES_MAX, Piece, VERSION, held_together,
};
use shared::services::repository::{
    AUTHORITIES_TARGET, Deltas, METADATA_PATH, STOP_LIST_TARGET, TARGETS_PATH,
};
use shared::tuf::{Document, TargetFile, TargetPath, Targets};

use super::role::RepositoryRole;
use super::{RepositoryError, content, store};
use crate::db::Tx;

/// The longest content that comes along, bytes: what is longer is fetched in parts, which survive a line
/// that breaks.
const CONTENT_MAX_BYTES: u64 = 16 * 1_024;

/// The most roots that come along: whoever is further behind asks for them one by one.
const ROOTS_MAX: u64 = 8;

/// The documents that are new, and the contents that the lists newly name.
///
/// # Errors
/// [`RepositoryError`].
pub fn news(tx: &Tx<'_>, held: &HeldVersions) -> Result<News, RepositoryError> {
    let mut telling = Telling::default();
    roots(tx, held, &mut telling)?;
    for role in [
        RepositoryRole::Timestamp,
        RepositoryRole::Snapshot,
        RepositoryRole::Targets,
        RepositoryRole::Rates,
        RepositoryRole::Stops,
        RepositoryRole::Software,
    ] {
        let newest = store::needed(tx, role)?;
        let version = newest.version.number();
        if version > held.of(role.name()) {
            let versioned = (role != RepositoryRole::Timestamp).then_some(version);
            telling.tell(document_path(role, versioned), Some(newest.content));
        }
    }
    for role in [
        RepositoryRole::Targets,
        RepositoryRole::Rates,
        RepositoryRole::Stops,
    ] {
        contents(tx, role, held, &mut telling)?;
    }
    Ok(News {
        version: VERSION,
        pieces: telling.pieces,
    })
}

/// The documents that a station holds, for a reply to lean on: nothing when one of them is not here.
///
/// # Errors
/// [`RepositoryError`].
pub fn held(tx: &Tx<'_>, held: &HeldVersions) -> Result<Vec<u8>, RepositoryError> {
    let mut documents = BTreeMap::new();
    for name in HELD_ROLES {
        let (version, role) = (held.of(name), RepositoryRole::named(name));
        let Some(role) = role.filter(|_| version > 0) else {
            continue;
        };
        match store::of_version(tx, role, version)? {
            Some(document) => drop(documents.insert(name, document)),
            None => return Ok(Vec::new()),
        }
    }
    Ok(held_together(|role| documents.get(role)))
}

/// The pieces of a reply, within its limits: what does not fit any more is left out.
#[derive(Default)]
struct Telling {
    pieces: Vec<Piece>,
    bytes: usize,
}

impl Telling {
    fn tell(&mut self, path: String, content: Option<Vec<u8>>) {
        // A head of some bytes stands before each.
        let bytes = path.len() + content.as_ref().map_or(0, Vec::len) + 16;
        let together = self.bytes.saturating_add(bytes);
        if together < NEWS_MAX_BYTES && self.pieces.len() < PIECES_MAX {
            self.bytes = together;
            self.pieces.push(Piece {
                path,
                content: content.map(Into::into),
            });
        }
    }
}

fn document_path(role: RepositoryRole, version: Option<u64>) -> String {
    let name = role.name();
    match version {
        Some(version) => format!("{METADATA_PATH}{version}.{name}.json"),
        None => format!("{METADATA_PATH}{name}.json"),
    }
}

/// The roots that follow the one that is held, and that none follows the last.
fn roots(tx: &Tx<'_>, held: &HeldVersions, telling: &mut Telling) -> Result<(), RepositoryError> {
    let newest = store::needed(tx, RepositoryRole::Root)?.version.number();
    let held = held.of(RepositoryRole::Root.name());
    if held == 0 || held > newest || newest - held > ROOTS_MAX {
        return Ok(());
    }
    for version in held.saturating_add(1)..=newest.saturating_add(1) {
        let content = store::of_version(tx, RepositoryRole::Root, version)?;
        telling.tell(document_path(RepositoryRole::Root, Some(version)), content);
    }
    Ok(())
}

/// What a role's newest list names and the list that is held does not: the change from something in
/// the list that is held where that is shorter.
fn contents(
    tx: &Tx<'_>,
    role: RepositoryRole,
    held: &HeldVersions,
    telling: &mut Telling,
) -> Result<(), RepositoryError> {
    let newest = store::needed(tx, role)?;
    let held = held.of(role.name());
    if newest.version.number() <= held {
        return Ok(());
    }
    let before: BTreeMap<String, TargetFile> = match store::of_version(tx, role, held)? {
        Some(bytes) => {
            let name = role.role_name();
            let before: Targets = Document::read(&name, &bytes)?.unverified(&name)?;
            before.targets
        }
        None => BTreeMap::new(),
    };
    let newest: Targets = newest.says()?;
    let is_held = |sha256: &[u8; 32]| {
        let mut files = before.values();
        files.any(|file| file.hashes.sha256().as_ref() == Some(sha256))
    };
    for (path, file) in &newest.targets {
        let Some(sha256) = file.hashes.sha256() else {
            continue;
        };
        if is_taken(path) && !is_held(&sha256) {
            let (path, file) = shortest(&newest.targets, (path, file), &is_held);
            content(tx, (path, file), telling)?;
        }
    }
    Ok(())
}

/// Whether stations take what stands there as it appears; packages they fetch by themselves.
fn is_taken(path: &str) -> bool {
    [STOP_LIST_TARGET, AUTHORITIES_TARGET].contains(&path) || edition_of_target(path).is_some()
}

/// The shortest way to a target from what is held, or from nothing.
fn shortest<'a>(
    all: &'a BTreeMap<String, TargetFile>,
    whole: (&'a String, &'a TargetFile),
    is_held: &impl Fn(&[u8; 32]) -> bool,
) -> (&'a String, &'a TargetFile) {
    let nothing: [u8; 32] = Sha256::digest(b"").into();
    let mut shortest = whole;
    for delta in Deltas::of(whole.1) {
        let base = delta.base();
        let begins_here = base.is_some_and(|base| base == nothing || is_held(&base));
        if let Some(way) = all.get_key_value(&delta.path).filter(|_| begins_here)
            && way.1.length < shortest.1.length
        {
            shortest = way;
        }
    }
    shortest
}

fn content(
    tx: &Tx<'_>,
    (path, file): (&String, &TargetFile),
    telling: &mut Telling,
) -> Result<(), RepositoryError> {
    let (Some(sha256), Ok(path)) = (file.hashes.sha256(), TargetPath::new(path)) else {
        return Ok(());
    };
    if let Some(bytes) = content::whole(tx, &sha256, CONTENT_MAX_BYTES)? {
        let address = path.address(file.hashes.in_addresses());
        telling.tell(format!("{TARGETS_PATH}{address}"), Some(bytes));
    }
    Ok(())
}
