//! Publishing an edition: a target of the role `rates`, with shorter ways to it for stations that
//! have an earlier one.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use shared::clock::civil_date;
use shared::rates::Edition;
use shared::services::rates::{EditionNote, edition_of_target, edition_target};
use shared::services::repository::{DELTAS_MAX, Delta, Deltas};
use shared::tuf::{TargetFile, Targets};

use super::store::{self, EditionStoreError, StoredEdition};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::repository::delta::delta;
use crate::repository::{Change, RepositoryError, RepositoryRole};

/// An edition that others have replaced for so many days is not offered any more: no piece is mailed
/// by it, and metadata that names it would only be longer.
const KEEP_SUPERSEDED_DAYS: i64 = 60;

/// Earlier editions from which a shorter way to the new one is offered.
const BASES_MAX: usize = DELTAS_MAX - 1;

/// An edition that stations may have.
#[derive(Clone, Debug)]
struct Base {
    effective: Date,
    content: Vec<u8>,
}

/// Publishes an edition; a published one stays as it is. `first` is asked in both cases, in the same
/// transaction and before anything is written: a spent approval is refused for a published one too.
///
/// # Errors
/// [`EditionStoreError`], and what `first` answers. Nothing was changed then.
pub fn publish<E>(
    center: &DataCenter,
    id: &str,
    passphrase: Option<&str>,
    first: impl FnOnce(&Tx<'_>) -> Result<(), E> + Send + 'static,
) -> Result<StoredEdition, E>
where
    E: From<EditionStoreError> + From<RepositoryError> + From<DbError> + Send + 'static,
{
    let wanted = id.to_owned();
    let (stored, content, bases) = center.db().read_blocking("edition", move |tx| {
        let content = store::content(tx, &wanted)?;
        let stored = store::named(tx, &wanted)?;
        Ok::<_, EditionStoreError>((stored, content, published(tx)?))
    })?;
    if stored.published.is_some() {
        return center.db().write_blocking("published before", move |tx| {
            first(tx)?;
            Ok(stored)
        });
    }
    let edition = Edition::from_bytes(&content)
        .ok()
        .filter(|edition| edition.id() == id)
        .ok_or_else(|| store::damaged(&stored))?;
    let now = center.now();
    center.publish(
        RepositoryRole::Rates,
        passphrase,
        |named| Ok(change(named, &edition, content, bases, civil_date(now))?),
        // What `first` looked at has to be what was signed.
        (first, move |tx: &Tx<'_>| {
            Ok(store::publish(tx, &stored, now)?)
        }),
    )
}

/// What the role names, and with it every published edition that it lacks and that is still needed:
/// a program before the repository, or a restore, may have left them out.
///
/// # Errors
/// [`EditionStoreError`].
pub fn with_all_editions(
    center: &DataCenter,
    named: &Targets,
) -> Result<Change, EditionStoreError> {
    let today = civil_date(center.now());
    let published = center.db().read_blocking("published", |tx| {
        let all = store::list(tx)?.into_iter();
        let published = all.filter(|edition| edition.published.is_some());
        let read = |edition: StoredEdition| {
            let content = store::content(tx, &edition.id)?;
            Ok::<_, EditionStoreError>((edition.id, edition.effective, content))
        };
        published
            .take(BASES_MAX * 4)
            .map(read)
            .collect::<Result<Vec<_>, _>>()
    })?;
    let limit = today.saturating_sub(jiff::Span::new().days(KEEP_SUPERSEDED_DAYS));
    let days = published.iter().map(|(_, day, _)| *day);
    let oldest = days.filter(|day| *day <= limit).max();
    let mut named = named.clone();
    let (mut contents, mut bases) = (Vec::new(), Vec::new());
    // The oldest first, as they were published: a later one finds its bases.
    for (id, effective, content) in published.into_iter().rev() {
        let is_named = edition_target(&id).is_some_and(|path| named.targets.contains_key(&path));
        if !is_named && oldest.is_none_or(|oldest| effective >= oldest) {
            let damaged = || EditionStoreError::Damaged { id: id.clone() };
            let edition = Edition::from_bytes(&content).map_err(|_| damaged())?;
            let next = change(&named, &edition, content.clone(), bases.clone(), today)?;
            named.targets = next.targets;
            contents.extend(next.contents);
        }
        bases.insert(0, Base { effective, content });
    }
    Ok(Change {
        contents,
        targets: named.targets,
    })
}

/// The published editions, newest effective date first.
fn published(tx: &Tx<'_>) -> Result<Vec<Base>, EditionStoreError> {
    let all = store::list(tx)?.into_iter();
    let published = all.filter(|edition| edition.published.is_some());
    let base = |edition: StoredEdition| {
        Ok(Base {
            effective: edition.effective,
            content: store::content(tx, &edition.id)?,
        })
    };
    published.take(BASES_MAX * 4).map(base).collect()
}

/// What the role names from now on: what is still needed of what it named, the edition and the
/// shorter ways to it.
fn change(
    named: &Targets,
    edition: &Edition,
    content: Vec<u8>,
    bases: Vec<Base>,
    today: Date,
) -> Result<Change, EditionStoreError> {
    let path = edition_target(edition.id()).ok_or_else(|| EditionStoreError::BadName {
        id: edition.id().to_owned(),
    })?;
    let mut targets = still_needed(named, today);
    let mut contents = Vec::new();
    let mut deltas = Deltas::default();
    for base in nearest(bases, edition.effective()) {
        let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(&base));
        let bytes = delta(&base, &content).map_err(EditionStoreError::Delta)?;
        if bytes.len() >= content.len() {
            continue;
        }
        let short: String = sha256.chars().take(16).collect();
        let path = format!("{path}.{short}");
        targets.insert(path.clone(), TargetFile::of(&bytes, None));
        contents.push(bytes);
        deltas.deltas.push(Delta { base: sha256, path });
    }
    let custom = custom_of(&EditionNote::of(edition), &deltas);
    targets.insert(path, TargetFile::of(&content, Some(custom)));
    contents.push(content);
    Ok(Change { contents, targets })
}

/// Nothing, and the editions that a station most likely has: those in force before this one, and
/// the one after it when it was published ahead.
fn nearest(bases: Vec<Base>, effective: Date) -> Vec<Vec<u8>> {
    let (mut before, after): (Vec<Base>, Vec<Base>) = bases
        .into_iter()
        .partition(|base| base.effective <= effective);
    let next = after.into_iter().last();
    before.truncate(BASES_MAX.saturating_sub(usize::from(next.is_some())));
    let bases = before.into_iter().chain(next).map(|base| base.content);
    std::iter::once(Vec::new()).chain(bases).collect()
}

/// The targets without those of editions that were replaced long ago.
fn still_needed(named: &Targets, today: Date) -> BTreeMap<String, TargetFile> {
    let effective = |path: &str, file: &TargetFile| {
        edition_of_target(path)?;
        let note: EditionNote = serde_json::from_value(file.custom.clone()?).ok()?;
        Some(note.effective)
    };
    let days = jiff::Span::new().days(KEEP_SUPERSEDED_DAYS);
    let limit = today.saturating_sub(days);
    let all = named.targets.iter();
    let editions = all.filter_map(|(path, file)| Some((path.as_str(), effective(path, file)?)));
    let editions: Vec<(&str, Date)> = editions.collect();
    let in_force_then = editions
        .iter()
        .map(|(_, day)| *day)
        .filter(|day| *day <= limit);
    let Some(in_force_then) = in_force_then.max() else {
        return named.targets.clone();
    };
    let replaced = editions.iter().filter(|(_, day)| *day < in_force_then);
    let replaced: Vec<&str> = replaced.map(|(path, _)| *path).collect();
    let is_of = |path: &str, edition: &str| {
        let rest = path.strip_prefix(edition);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let kept = named
        .targets
        .iter()
        .filter(|(path, _)| !replaced.iter().any(|edition| is_of(path, edition)));
    kept.map(|(path, file)| (path.clone(), file.clone()))
        .collect()
}

/// What the metadata says of an edition: both parts in one object.
fn custom_of(note: &EditionNote, deltas: &Deltas) -> serde_json::Value {
    let object = |value: Result<serde_json::Value, serde_json::Error>| match value {
        Ok(serde_json::Value::Object(fields)) => fields,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let mut custom = object(serde_json::to_value(note));
    custom.extend(object(serde_json::to_value(deltas)));
    serde_json::Value::Object(custom)
}
