//! Trying on a copy whether this program can use a store, before it touches the store itself.

use std::fs;
use std::path::Path;

use rusqlite::backup::Progress;

use super::journal;
use super::{DATABASE, Store, StoreFault, open_read_only, query};

/// Opens a copy of the store of `folder`, brings the copy to this program's layout and recomputes its
/// journal. The copy is made in the folder `at`, which is emptied before and removed after; the
/// store itself is only read. A folder without a store passes.
///
/// # Errors
/// [`StoreFault`]: what would go wrong with the store itself.
pub fn opens_on_a_copy(folder: &Path, at: &Path) -> Result<(), StoreFault> {
    if !folder.join(DATABASE).exists() {
        return Ok(());
    }
    let not_made = |_| StoreFault::NoCopy { at: at.to_owned() };
    remove(at).map_err(not_made)?;
    fs::create_dir_all(at).map_err(not_made)?;
    let tried = try_in(folder, at);
    remove(at).map_err(not_made)?;
    tried
}

fn try_in(folder: &Path, at: &Path) -> Result<(), StoreFault> {
    let source = open_read_only(folder)?;
    source
        .backup("main", at.join(DATABASE), None::<fn(Progress)>)
        .map_err(query("copying the store"))?;
    drop(source);
    let copy = Store::open(at)?;
    let intact: String = copy
        .sql()
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(query("looking through a copy of the store"))?;
    if intact != "ok" {
        return Err(StoreFault::Damaged {
            what: "its database file",
        });
    }
    match journal::verify(copy.sql())?.fault {
        None => Ok(()),
        Some(_) => Err(StoreFault::Damaged {
            what: "the journal does not add up",
        }),
    }
}

fn remove(at: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(at) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}
