//! The layouts of the store, oldest first. Append only: a released layout never changes.
//!
//! A layout that only adds to the one before can also be used by programs of that one: they see
//! what they know, and what they write is complete without the rest. It says so by its
//! `readable_from`, which is kept in the store, so that a release that is put back works on with
//! the store that the newer one has brought forward.

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreFault, query, settings};

/// The setting that says who can use the store: its layout, a space, and the oldest layout whose
/// programs can. It counts only for that layout.
const READABLE_FROM: &str = "readable-from";

/// One layout.
pub(super) struct Layout {
    /// The statements that lead to it from the one before.
    pub(super) statements: &'static str,
    /// The oldest layout whose programs can use a store of this one.
    pub(super) readable_from: u32,
}

/// Every layout; the first has number 1.
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        statements: include_str!("layouts/1.sql"),
        readable_from: 1,
    },
    Layout {
        statements: include_str!("layouts/2.sql"),
        readable_from: 2,
    },
    Layout {
        statements: include_str!("layouts/3.sql"),
        readable_from: 3,
    },
    Layout {
        statements: include_str!("layouts/4.sql"),
        readable_from: 4,
    },
    Layout {
        statements: include_str!("layouts/5.sql"),
        // It only adds: an earlier program goes on with the rates it has.
        readable_from: 4,
    },
    Layout {
        statements: include_str!("layouts/6.sql"),
        // It only adds: an earlier program has no presets.
        readable_from: 4,
    },
    Layout {
        statements: include_str!("layouts/7.sql"),
        readable_from: 7,
    },
];

/// Brings the database to the newest layout, one transaction a step. A store of a newer layout
/// stays as it is when this program may use it.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreFault> {
    #[cfg(debug_assertions)]
    if rehearsal::is_asked() {
        let layouts: Vec<&Layout> = LAYOUTS.iter().chain([&rehearsal::NEXT]).collect();
        return migrate_to(db, &layouts);
    }
    migrate_to(db, &LAYOUTS.iter().collect::<Vec<_>>())
}

/// Brings the database to the last of these layouts.
pub(super) fn migrate_to(db: &mut Connection, layouts: &[&Layout]) -> Result<(), StoreFault> {
    let found: u32 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(query("reading the layout of the store"))?;
    let known = u32::try_from(layouts.len()).unwrap_or(u32::MAX);
    if found > known {
        return if readable_from(db, found)? <= known {
            Ok(())
        } else {
            Err(StoreFault::Newer { found, known })
        };
    }
    for (number, layout) in (1..=known).zip(layouts).filter(|(n, _)| *n > found) {
        step(db, number, layout)?;
    }
    Ok(())
}

fn step(db: &mut Connection, number: u32, layout: &Layout) -> Result<(), StoreFault> {
    let what = "bringing the store to the newest layout";
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(query(what))?;
    // A layout that adds to one which an older program cannot use is not for that program either.
    let oldest = match number {
        1 => layout.readable_from,
        _ => layout.readable_from.max(readable_from(&tx, number - 1)?),
    };
    tx.execute_batch(layout.statements).map_err(query(what))?;
    tx.execute(
        "INSERT INTO settings (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (READABLE_FROM, format!("{number} {}", oldest.min(number))),
    )
    .map_err(query(what))?;
    tx.pragma_update(None, "user_version", number)
        .map_err(query(what))?;
    tx.commit().map_err(query(what))
}

/// The oldest layout whose programs can use this store, which has layout `found`. Stores from
/// before that was written down are for programs of their own layout.
fn readable_from(db: &Connection, found: u32) -> Result<u32, StoreFault> {
    let said = settings::setting(db, READABLE_FROM)?;
    let said = said.as_deref().and_then(|text| text.split_once(' '));
    let of_this = said.filter(|(layout, _)| layout.parse() == Ok(found));
    Ok(of_this.map_or(found, |(_, oldest)| oldest.parse().unwrap_or(found)))
}

/// A layout that no release has: a debug build that is told to takes it, so that going back from a
/// release with a newer store is tried with the real programs.
#[cfg(debug_assertions)]
mod rehearsal {
    use super::Layout;

    /// Any value of this environment variable tells a debug build to.
    const VARIABLE: &str = "PENNYBLACK_REHEARSE_LAYOUT";

    /// It only adds, so that the programs of the last layout can go on with it.
    pub(super) const NEXT: Layout = Layout {
        statements: "CREATE TABLE rehearsed (one INTEGER PRIMARY KEY) STRICT;
                     INSERT INTO rehearsed (one) VALUES (1);",
        readable_from: 1,
    };

    pub(super) fn is_asked() -> bool {
        std::env::var_os(VARIABLE).is_some()
    }
}
