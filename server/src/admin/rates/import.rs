//! `rates import` of what the post publishes: price tables and zone charts as files with a plan, or a
//! list in JSON. The files are read here, beside the admin; what they mean is found where the data
//! center's editions are.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path};

use jiff::civil::Date;
use shared::rates::reference::USUAL_BASE;
use shared::rates::source::{
    Files, ImportError, Imported, MAX_CHART_BYTES, Plan, import_listing, is_listing,
};
use shared::rates::{Edition, SourceError};

use super::RatesCall;
use super::publish::{report_on, today};
use crate::admin::call::AdminCall;
use crate::admin::refusal::{AdminRefusal, Ending};
use crate::admin::view::EditionView;
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::folder::FileFault;
use crate::services::rates::store::{self, EditionStoreError, StoredEdition};

/// All files of a plan together, bytes: a call carries them at once.
const MAX_TOGETHER: usize = 12 << 20;

/// Lists of one day that get a name by themselves.
const LISTS_MAX: u8 = 9;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
enum NotImported {
    #[error("{name} cannot be the base")]
    Base {
        name: String,
        #[source]
        fault: SourceError,
    },
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Store(#[from] EditionStoreError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The call that imports a file: an edition by itself, or a plan or a list with what it needs.
///
/// # Errors
/// When a file cannot be read or is not within the plan's folder.
pub(in crate::admin) fn import_call(
    file: &Path,
    source: String,
    base: Option<String>,
    id: Option<String>,
) -> Result<AdminCall, AdminRefusal> {
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let is_plan = source.contains(shared::rates::source::PLAN_FORMAT);
    if !is_plan && !is_listing(&source) {
        return Ok(AdminCall::RatesImport { source });
    }
    let own = file.file_name().unwrap_or(file.as_os_str());
    let own = own.to_string_lossy().into_owned();
    let mut names: BTreeSet<String> = base.iter().cloned().collect();
    if is_plan {
        let plan = Plan::read(&own, &source)
            .map_err(|error| AdminRefusal::from(NotImported::from(error)))?;
        names.extend(plan.files().into_iter().map(str::to_owned));
        names.insert(plan.base);
    }
    let mut files = Files::new();
    let mut together = 0usize;
    for name in names {
        let path = Path::new(&name);
        let is_inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        // What is no file here is the name of a stored edition, or is missed by the plan itself.
        if !is_inside || !folder.join(path).is_file() {
            continue;
        }
        let text = read(&folder.join(path))?;
        together = together.saturating_add(text.len());
        if together > MAX_TOGETHER {
            return Err(AdminRefusal::usage(
                format!("The files are longer than {MAX_TOGETHER} bytes together."),
                "Import fewer tables at once.",
            ));
        }
        files.insert(name, text);
    }
    let rates = RatesCall::ImportFiles {
        name: own,
        source,
        base,
        id,
        files,
    };
    Ok(AdminCall::Rates { rates })
}

/// Reads a file of text. What is not UTF-8 is read as spreadsheets of old write it, a byte a letter:
/// numbers and zones are plain in both.
fn read(path: &Path) -> Result<String, AdminRefusal> {
    let limit = u64::try_from(MAX_CHART_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let file = fs::File::open(path);
    let taken = file.and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    taken.map_err(|source| FileFault::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(other) => other.into_bytes().into_iter().map(char::from).collect(),
    })
}

/// Makes the edition, stores it and looks through it.
///
/// # Errors
/// [`AdminRefusal`]; nothing was stored then.
pub(super) fn import(
    center: &DataCenter,
    (name, source): (&str, &str),
    base: Option<String>,
    id: Option<String>,
    files: Files,
) -> Result<EditionView, AdminRefusal> {
    // Only what is made is stored by the one writer: reading the files takes long.
    if is_listing(source) {
        let (list, id) = ((name, source), id.as_deref());
        let is_named = base.is_some();
        let mut base = base_of(center, base, &files)?;
        // What is published may know fewer pieces than the list; the program's edition knows them all.
        if !is_named && import_listing(list, &base, id).is_err() {
            let own = brought()?;
            if import_listing(list, &own, id).is_ok() {
                base = own;
            }
        }
        return listed(center, list, &base, id);
    }
    let plan = Plan::read(name, source).map_err(NotImported::from)?;
    let base = base.unwrap_or_else(|| plan.base.clone());
    let base = base_of(center, Some(base), &files)?;
    let imported = plan.import(&base, &files).map_err(NotImported::from)?;
    stored(center, imported.edition, imported.not_read)
}

/// Makes the edition of a list and stores it. A list has no name of its own but its day: where another
/// edition of that day has it, this one is numbered, and so follows it by its name too.
fn listed(
    center: &DataCenter,
    list: (&str, &str),
    base: &Edition,
    id: Option<&str>,
) -> Result<EditionView, AdminRefusal> {
    let make = |id: Option<&str>| import_listing(list, base, id).map_err(NotImported::from);
    let first = make(id)?;
    let usual = first.edition.id().to_owned();
    let (mut number, mut imported) = (1_u8, first);
    loop {
        let Imported { edition, not_read } = imported;
        number += 1;
        match keep(center, &edition) {
            Err(EditionStoreError::NameTaken { .. }) if id.is_none() && number <= LISTS_MAX => {
                imported = make(Some(&format!("{usual}-{number}")))?;
            }
            kept => return looked_through(center, edition, (kept?, not_read)),
        }
    }
}

/// Stores an edition, and looks through it beside those that are published.
///
/// # Errors
/// [`AdminRefusal`]; nothing was stored then, or it was and could not be looked through.
pub(in crate::admin) fn stored(
    center: &DataCenter,
    edition: Edition,
    not_read: Vec<String>,
) -> Result<EditionView, AdminRefusal> {
    let kept = keep(center, &edition)?;
    looked_through(center, edition, (kept, not_read))
}

fn keep(center: &DataCenter, edition: &Edition) -> Result<StoredEdition, EditionStoreError> {
    let (now, edition) = (center.now(), edition.clone());
    center
        .db()
        .write_blocking("rates-import", move |tx| store::import(tx, &edition, now))
}

fn looked_through(
    center: &DataCenter,
    edition: Edition,
    (stored, not_read): (StoredEdition, Vec<String>),
) -> Result<EditionView, AdminRefusal> {
    let now = center.now();
    let report = center.db().read_blocking("rates-report", move |tx| {
        report_on(tx, &edition, &[], today(now))
    })?;
    Ok(EditionView {
        edition: stored,
        report: Some(report),
        not_read,
        removed: false,
    })
}

/// The edition whose rules are taken: a file, a stored one, or that which comes with this program;
/// without a name the newest that is published, else the newest that passes validation, else the
/// program's. What an import got wrong is so not handed on to the next.
fn base_of(
    center: &DataCenter,
    name: Option<String>,
    files: &Files,
) -> Result<Edition, NotImported> {
    if let Some((name, text)) = name.as_ref().and_then(|name| files.get_key_value(name)) {
        return Edition::from_json(text).map_err(|fault| NotImported::Base {
            name: name.clone(),
            fault,
        });
    }
    let day = today(center.now());
    let stored = center.db().read_blocking("rates-base", move |tx| {
        let Some(name) = name else {
            return newest_sound(tx, day);
        };
        match store::read(tx, &name) {
            Err(EditionStoreError::Unknown { id }) if id == USUAL_BASE.0 => Ok(None),
            read => read.map(Some),
        }
    })?;
    stored.map_or_else(brought, Ok)
}

/// The edition that comes with this program.
fn brought() -> Result<Edition, NotImported> {
    let (name, source) = USUAL_BASE;
    Edition::from_json(source).map_err(|fault| NotImported::Base {
        name: name.to_owned(),
        fault,
    })
}

/// The newest edition that is published, else the newest that one admin could publish.
fn newest_sound(tx: &Tx<'_>, day: Date) -> Result<Option<Edition>, EditionStoreError> {
    let all = store::list(tx)?;
    if let Some(newest) = all.iter().find(|one| one.published.is_some()) {
        return store::read(tx, &newest.id).map(Some);
    }
    for one in &all {
        let edition = match store::read(tx, &one.id) {
            Err(EditionStoreError::DamagedDraft { .. }) => continue,
            read => read?,
        };
        if report_on(tx, &edition, &[], day)?.passes() {
            return Ok(Some(edition));
        }
    }
    Ok(None)
}

impl From<NotImported> for AdminRefusal {
    fn from(error: NotImported) -> Self {
        match error {
            NotImported::Import(_) | NotImported::Base { .. } => Self::of(
                Ending::Refused,
                "not_an_edition",
                &error,
                &format!(
                    "Nothing was imported. Correct the file. Where its base lacks something, name \
                     another with --base: {} comes with this program.",
                    USUAL_BASE.0
                ),
            ),
            NotImported::Store(error) => error.into(),
            NotImported::Db(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_many_lines_brings_its_base_and_zones_along_and_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["base.json", "fees.csv", "zones.csv"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let line = r#"{"file": "fees.csv", "label": "L", "is": {"fee": {"name": "x"}}}"#;
        let plan = format!(
            r#"{{"format": "pennyblack-import-1", "base": "base.json", "id": "us-a", "title": "A",
                 "effective": "2027-01-17", "source": {{"text": "A notice"}},
                 "lines": [{}], "zones": "zones.csv"}}"#,
            vec![line; 400].join(",")
        );
        let call = import_call(&folder.path().join("plan.json"), plan, None, None).unwrap();
        let AdminCall::Rates {
            rates: RatesCall::ImportFiles { files, .. },
        } = call
        else {
            panic!("{call:?}");
        };
        let names: Vec<&String> = files.keys().collect();
        assert_eq!(names, ["base.json", "fees.csv", "zones.csv"]);
    }
}
