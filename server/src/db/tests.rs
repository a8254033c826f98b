use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use shared::clock::UnixSeconds;
use shared::ids::AccountId;
use shared::services::ServiceId;
use tempfile::TempDir;

use super::{Concerned, Connection, Db, DbError, News, QUEUE_MAX, Tx, migrations};
use crate::params;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

struct Opened {
    db: Db,
    folder: TempDir,
}

fn opened() -> Opened {
    let folder = TempDir::new().unwrap();
    let db = Db::open(&folder.path().join("test.db"), NOW).unwrap();
    Opened { db, folder }
}

fn count_up(tx: &Tx<'_>, name: &str) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO counter (name, value) VALUES (?1, 1)
         ON CONFLICT (name) DO UPDATE SET value = value + 1",
        params![name],
    )?;
    Ok(())
}

fn value(db: &Db, name: &'static str) -> Option<i64> {
    db.read_blocking("value", move |tx| {
        tx.row(
            "SELECT value FROM counter WHERE name = ?1",
            params![name],
            |row| row.column(0),
        )
    })
    .unwrap()
}

#[test]
fn a_failing_transaction_is_undone_alone() {
    let Opened { db, .. } = opened();
    let (release, held) = channel::<()>();
    let ran = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        // The first one holds the writer back until the others wait, so that they share a batch.
        scope.spawn(|| {
            db.write_blocking("hold", move |_| held.recv().map_err(|_| broken("hold")))
                .unwrap();
        });
        let workers: Vec<_> = (0..20)
            .map(|number| {
                let (db, ran) = (db.clone(), Arc::clone(&ran));
                scope.spawn(move || {
                    db.write_blocking("count", move |tx| {
                        ran.fetch_add(1, Ordering::SeqCst);
                        count_up(tx, "twenty")?;
                        if number % 4 == 0 {
                            return Err(broken("count"));
                        }
                        Ok(())
                    })
                })
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(50));
        release.send(()).unwrap();
        let failed = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .filter(Result::is_err)
            .count();
        assert_eq!(failed, 5);
    });
    assert_eq!(ran.load(Ordering::SeqCst), 20);
    assert_eq!(value(&db, "twenty"), Some(15));
}

const fn broken(name: &'static str) -> DbError {
    DbError::BrokeOff { name }
}

#[test]
fn news_is_told_of_what_is_stored_and_of_nothing_else() {
    let Opened { db, .. } = opened();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    db.tell_news(move |news| ear.lock().unwrap().push(news));
    let account = |number| Concerned::Account(AccountId::from_bytes([number; 16]));
    let stored = db.write_blocking("stored", move |tx| {
        // Said twice, it is told once.
        tx.concerns(account(1), ServiceId::Funds);
        tx.concerns(account(1), ServiceId::Funds);
        count_up(tx, "stored")
    });
    stored.unwrap();
    let failed = db.write_blocking("failed", move |tx| {
        tx.concerns(account(2), ServiceId::Funds);
        Err::<(), _>(broken("failed"))
    });
    failed.unwrap_err();
    let read = db.read_blocking("read", move |tx| {
        tx.concerns(account(3), ServiceId::Funds);
        Ok::<_, DbError>(())
    });
    read.unwrap();
    let told = News {
        concerned: account(1),
        service: ServiceId::Funds,
    };
    assert_eq!(*heard.lock().unwrap(), [told]);
}

#[test]
fn a_panic_in_a_transaction_undoes_it_and_the_writer_lives_on() {
    let Opened { db, .. } = opened();
    let result = db.write_blocking("panics", |tx| -> Result<(), DbError> {
        count_up(tx, "panic")?;
        panic!("on purpose");
    });
    assert!(matches!(result, Err(DbError::BrokeOff { name: "panics" })));
    db.write_blocking("next", |tx| count_up(tx, "next"))
        .unwrap();
    assert_eq!(value(&db, "panic"), None);
    assert_eq!(value(&db, "next"), Some(1));
}

#[test]
fn a_full_queue_is_busy_and_nothing_is_lost_of_what_was_taken() {
    let Opened { db, .. } = opened();
    let (release, held) = channel::<()>();
    let (started, has_started) = channel::<()>();
    std::thread::scope(|scope| {
        let holder = db.clone();
        scope.spawn(move || {
            holder
                .write_blocking("hold", move |_| {
                    started.send(()).map_err(|_| broken("hold"))?;
                    held.recv().map_err(|_| broken("hold"))
                })
                .unwrap();
        });
        has_started.recv().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut taken = Vec::new();
        let refused = loop {
            let mut answer = Box::pin(db.write("count", |tx| count_up(tx, "queued")));
            let polled = runtime.block_on(async {
                std::future::poll_fn(|context| {
                    std::task::Poll::Ready(answer.as_mut().poll(context))
                })
                .await
            });
            match polled {
                std::task::Poll::Pending => taken.push(answer),
                std::task::Poll::Ready(result) => break result,
            }
        };
        assert!(matches!(refused, Err(DbError::Busy { name: "count" })));
        assert_eq!(taken.len(), QUEUE_MAX);
        release.send(()).unwrap();
        for answer in taken {
            runtime.block_on(answer).unwrap();
        }
    });
    assert_eq!(value(&db, "queued"), i64::try_from(QUEUE_MAX).ok());
}

#[test]
fn a_full_disk_stores_nothing_and_work_goes_on_when_there_is_room() {
    let Opened { db, .. } = opened();
    db.write_blocking("limit", |tx| {
        tx.row("PRAGMA max_page_count = 60", &[], |_| Ok(()))
    })
    .unwrap();
    let full = db.write_blocking("fill", |tx| {
        for number in 0..2_000_i64 {
            tx.execute(
                "INSERT INTO counter (name, value) VALUES (?1, 1)",
                params![&format!("{number:0>400}")],
            )?;
        }
        Ok(())
    });
    assert!(matches!(full, Err(DbError::DiskFull { .. })), "{full:?}");
    db.write_blocking("limit", |tx| {
        tx.row("PRAGMA max_page_count = 100000", &[], |_| Ok(()))
    })
    .unwrap();
    db.write_blocking("after", |tx| count_up(tx, "after"))
        .unwrap();
    let rows: Option<i64> = db
        .read_blocking("rows", |tx| {
            tx.row("SELECT COUNT(*) FROM counter", &[], |row| row.column(0))
        })
        .unwrap();
    assert_eq!(rows, Some(1));
}

#[test]
fn a_reader_cannot_write() {
    let Opened { db, .. } = opened();
    let result: Result<(), DbError> = db.read_blocking("sneak", |tx| count_up(tx, "sneak"));
    assert!(result.is_err());
    assert_eq!(value(&db, "sneak"), None);
}

#[test]
fn what_was_answered_is_there_after_opening_again() {
    let Opened { db, folder } = opened();
    db.write_blocking("count", |tx| count_up(tx, "kept"))
        .unwrap();
    drop(db);
    let db = Db::open(&folder.path().join("test.db"), NOW).unwrap();
    assert_eq!(value(&db, "kept"), Some(1));
}

#[test]
fn a_damaged_file_is_called_damaged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    std::fs::write(&path, vec![0x55; 8_192]).unwrap();
    let fault = Db::open(&path, NOW).unwrap_err();
    assert!(matches!(fault, DbError::Corrupt { .. }), "{fault:?}");
}

#[test]
fn a_copy_holds_what_was_committed() {
    let Opened { db, folder } = opened();
    db.write_blocking("count", |tx| count_up(tx, "copied"))
        .unwrap();
    let to = folder.path().join("copy.db");
    db.copy_to(&to).unwrap();
    let copy = Db::open(&to, NOW).unwrap();
    assert_eq!(value(&copy, "copied"), Some(1));
}

#[test]
fn a_migration_changed_after_it_ran_is_noticed() {
    let Opened { db, folder } = opened();
    drop(db);
    let path = folder.path().join("test.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute(
            "UPDATE migration SET sha256 = zeroblob(32) WHERE number = 2",
            [],
        )
        .unwrap();
    let fault = migrations::migrate(&connection, NOW).unwrap_err();
    assert!(matches!(fault, DbError::Migration { number: 2 }));
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let Opened { db, folder } = opened();
    drop(db);
    let connection = Connection::open(folder.path().join("test.db")).unwrap();
    connection
        .execute(
            "INSERT INTO migration VALUES (999, 'later', zeroblob(32), 0)",
            [],
        )
        .unwrap();
    let fault = migrations::migrate(&connection, NOW).unwrap_err();
    assert!(matches!(fault, DbError::Migration { number: 999 }));
}

#[test]
fn a_closed_database_leaves_no_log_beside_it() {
    // Connections that closed at once left the log in about one of twenty tries.
    for _ in 0..60 {
        let Opened { db, folder } = opened();
        db.write_blocking("count", |tx| count_up(tx, "one"))
            .unwrap();
        assert_eq!(value(&db, "one"), Some(1));
        drop(db);
        let left = std::fs::read_dir(folder.path()).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["test.db"]);
    }
}

#[test]
fn the_schema_is_as_reviewed() {
    let Opened { db, .. } = opened();
    let names = db
        .read_blocking("schema", |tx| {
            tx.rows(
                "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name",
                &[],
                |row| row.column::<String>(0),
            )
        })
        .unwrap();
    assert_snapshot!(names.join("\n"));
}
