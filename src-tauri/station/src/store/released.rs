//! A store of every layout there ever was, as `released/N.sql`, opened by the program as it is now.
//!
//! `PENNYBLACK_UPDATE=1` writes the ones that are missing: who adds a layout adds its store, and no
//! file that is there is ever changed. Those up to layout 4 hold the rows of today's program in the
//! tables of their layout; later ones are written by the program of their own layout.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::migrations::{LAYOUTS, Layout, migrate_to};
use super::tests::{filled, move_to, open, pay};
use super::{DATABASE, Store, StoreFault, connect};
use crate::api::PieceState;

/// What stores of today look like to a program that knows only the first `known` layouts.
fn first(known: usize) -> Vec<&'static Layout> {
    LAYOUTS.iter().take(known).collect()
}

fn file(number: usize) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/store/released/{number}.sql"))
}

/// A store in use: refilled, three pieces, one of them with its sealed inputs still there.
fn used(folder: &tempfile::TempDir) -> Store {
    let (mut store, vault) = filled(folder);
    let (vault, row) = pay(&mut store, &vault, 780);
    let row = move_to(&mut store, &row, PieceState::Sending);
    let row = move_to(&mut store, &row, PieceState::Sent);
    move_to(&mut store, &row, PieceState::Printed);
    let (vault, _) = pay(&mut store, &vault, 1_070);
    pay(&mut store, &vault, 6_940);
    store
}

/// Everything in a database of the layout `number`, with the rows of `full` that it has room for.
fn written_out(number: usize, full: &Connection) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut db = connect(&folder.path().join(DATABASE)).unwrap();
    migrate_to(&mut db, &first(number)).unwrap();
    let mut text = String::new();
    let objects = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid";
    for sql in texts(&db, objects) {
        writeln!(text, "{sql};").unwrap();
    }
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid";
    for table in texts(&db, tables) {
        let columns = texts(
            &db,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        );
        let columns = columns.join(", ");
        let mut statement = full
            .prepare(&format!("SELECT {columns} FROM {table}"))
            .unwrap();
        let count = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..count)
                .map(|at| literal(row.get_ref(at).unwrap()))
                .collect();
            let values = values.join(", ");
            writeln!(text, "INSERT INTO {table} ({columns}) VALUES ({values});").unwrap();
        }
    }
    writeln!(text, "PRAGMA user_version = {number};").unwrap();
    text
}

fn texts(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).unwrap();
    let texts = statement.query_map([], |row| row.get(0)).unwrap();
    texts.collect::<Result<_, _>>().unwrap()
}

fn literal(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''")),
        ValueRef::Blob(bytes) => format!("X'{}'", hex::encode(bytes)),
    }
}

/// The store of a layout as it was kept, in a folder of its own.
fn kept(number: usize) -> tempfile::TempDir {
    let text = fs::read_to_string(file(number)).unwrap_or_else(|_| {
        panic!(
            "the store of layout {number} is not kept: run this test once with PENNYBLACK_UPDATE=1"
        )
    });
    let folder = tempfile::tempdir().unwrap();
    connect(&folder.path().join(DATABASE))
        .unwrap()
        .execute_batch(&text)
        .unwrap();
    folder
}

fn layout(store: &Store) -> u32 {
    let read = |row: &rusqlite::Row<'_>| row.get(0);
    store
        .sql()
        .query_row("PRAGMA user_version", [], read)
        .unwrap()
}

#[test]
fn a_store_of_every_layout_there_was_opens_with_its_value_and_pieces() {
    if std::env::var_os("PENNYBLACK_UPDATE").is_some() {
        let folder = tempfile::tempdir().unwrap();
        let store = used(&folder);
        for number in (1..=LAYOUTS.len()).filter(|number| !file(*number).exists()) {
            fs::write(file(number), written_out(number, store.sql())).unwrap();
        }
    }
    for number in 1..=LAYOUTS.len() {
        let folder = kept(number);
        super::copy::opens_on_a_copy(folder.path(), &folder.path().join("copy")).unwrap();
        let mut store = open(&folder);
        assert_eq!(layout(&store), u32::try_from(LAYOUTS.len()).unwrap());
        let vault = store.vault().unwrap().unwrap();
        let registers = vault.registers();
        assert_eq!(registers.ascending().mills(), 8_790, "layout {number}");
        assert_eq!(registers.control_total().mills(), 50_000);
        assert!(store.verify_journal().unwrap().fault.is_none());
        // What was sealed under an earlier layout still opens, and the next piece is paid for.
        let unprinted = store.piece(3).unwrap().unwrap();
        assert!(store.piece_inputs(&unprinted).unwrap().is_some());
        pay(&mut store, &vault, 780);
    }
}

#[test]
fn a_layout_that_says_it_only_adds_only_adds() {
    for (number, layout) in (1..).zip(LAYOUTS) {
        if layout.readable_from >= number {
            continue;
        }
        let code: Vec<&str> = layout
            .statements
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
            .collect();
        let code = code.join("\n");
        let made: Vec<&str> = code
            .split("CREATE TABLE ")
            .skip(1)
            .filter_map(|rest| rest.split_whitespace().next())
            .collect();
        for statement in code.split(';').map(str::trim).filter(|one| !one.is_empty()) {
            assert!(only_adds(statement, &made), "layout {number}: {statement}");
        }
    }
}

/// Whether what an older program writes is as complete after a statement as before it.
fn only_adds(statement: &str, made: &[&str]) -> bool {
    let words: Vec<&str> = statement.split_whitespace().collect();
    match words.as_slice() {
        ["CREATE", "TABLE" | "INDEX", ..] => true,
        ["INSERT", "INTO", table, ..] => made.contains(table),
        ["ALTER", "TABLE", _, "ADD", "COLUMN", rest @ ..] => {
            !rest.contains(&"NULL") || rest.contains(&"DEFAULT")
        }
        _ => false,
    }
}

#[test]
fn what_changes_anything_an_older_program_relies_on_is_no_addition() {
    let made = ["new"];
    for good in [
        "CREATE INDEX a ON b (c)",
        "INSERT INTO new (a) VALUES (1)",
        "ALTER TABLE b ADD COLUMN c TEXT",
        "ALTER TABLE b ADD COLUMN c INTEGER NOT NULL DEFAULT 0",
    ] {
        assert!(only_adds(good, &made), "{good}");
    }
    for bad in [
        "DROP TABLE b",
        "UPDATE b SET c = 1",
        "INSERT INTO b (c) VALUES (1)",
        "ALTER TABLE b ADD COLUMN c TEXT NOT NULL",
        "ALTER TABLE b RENAME TO c",
        "CREATE UNIQUE INDEX a ON b (c)",
        "CREATE TRIGGER t BEFORE UPDATE ON b BEGIN SELECT 1",
    ] {
        assert!(!only_adds(bad, &made), "{bad}");
    }
}

/// A layout after all there are, which only adds.
const ADDS: Layout = Layout {
    statements: "CREATE TABLE later (one INTEGER PRIMARY KEY) STRICT;",
    readable_from: 1,
};

/// One that changes what is there.
const CHANGES: Layout = Layout {
    statements: "ALTER TABLE printers RENAME TO presses;",
    readable_from: u32::MAX,
};

fn bring_to(folder: &tempfile::TempDir, layouts: &[&Layout]) -> Result<(), StoreFault> {
    let mut db = connect(&folder.path().join(DATABASE))?;
    migrate_to(&mut db, layouts)
}

#[test]
fn a_program_that_was_put_back_works_on_with_a_store_that_the_newer_one_only_added_to() {
    let folder = tempfile::tempdir().unwrap();
    drop(used(&folder));
    let mut newer = first(LAYOUTS.len());
    newer.push(&ADDS);
    bring_to(&folder, &newer).unwrap();
    let mut store = open(&folder);
    let vault = store.vault().unwrap().unwrap();
    assert_eq!(vault.registers().ascending().mills(), 8_790);
    let (vault, _) = pay(&mut store, &vault, 780);
    assert_eq!(layout(&store), u32::try_from(LAYOUTS.len() + 1).unwrap());
    drop(store);
    // And the newer program finds what the older one has printed.
    bring_to(&folder, &newer).unwrap();
    assert_eq!(open(&folder).vault().unwrap(), Some(vault));
}

#[test]
fn a_store_that_was_changed_by_a_newer_program_is_refused_with_both_numbers_also_after_additions() {
    let folder = tempfile::tempdir().unwrap();
    drop(used(&folder));
    let mut newer = first(LAYOUTS.len());
    newer.extend([&CHANGES, &ADDS]);
    bring_to(&folder, &newer).unwrap();
    let known = u32::try_from(LAYOUTS.len()).unwrap();
    match Store::open(folder.path()) {
        Err(StoreFault::Newer { found, known: here }) => {
            assert_eq!((found, here), (known + 2, known));
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the older program opened what it cannot read"),
    }
}

#[test]
fn trying_a_store_on_a_copy_leaves_it_as_it_was_and_finds_an_edited_journal() {
    let folder = tempfile::tempdir().unwrap();
    drop(used(&folder));
    let copy = folder.path().join("copy");
    super::copy::opens_on_a_copy(folder.path(), &copy).unwrap();
    assert!(!copy.exists());
    let db = connect(&folder.path().join(DATABASE)).unwrap();
    db.execute_batch(
        "DROP TRIGGER journal_is_append_only_1;
         UPDATE journal SET hash = zeroblob(32) WHERE seq = 1;",
    )
    .unwrap();
    drop(db);
    let tried = super::copy::opens_on_a_copy(folder.path(), &copy);
    assert!(
        matches!(tried, Err(StoreFault::Damaged { .. })),
        "{tried:?}"
    );
    assert!(!copy.exists());
}
