//! Copies of a station, edits of its store and a data center restored from a backup: each is
//! noticed, and none of them prints or moves a mill twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::key_rotation::announce;
use rusqlite::Connection;
use server::admin::backup;
use server::admin::call::AdminCall;
use server::admin::epoch::EpochCall;
use server::center::DataCenter;
use server::clock::Clock;
use server::folder::Folder;
use station::api::{Call, PrintOut, SecretsChoice, SendAgainCall, UiError, View};
use station::contact::link::Link;
use station::contact::round::{Met, meet_over};
use station::services::Asked;
use station::station::names;
use station::store::DATABASE;
use system_tests::line::{Line, Trick};
use system_tests::town::{Counter, Town, asking};

/// The key file of a station, and its high-water mark.
fn key_files(folder: &Path) -> [PathBuf; 2] {
    let key = folder.with_extension("key");
    let mut mark = key.clone().into_os_string();
    mark.push(".mark");
    [key, mark.into()]
}

/// Copies the store of a station that is closed, with its write-ahead log.
fn copy_store(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in [DATABASE, "station.db-wal"] {
        let source = from.join(name);
        if source.exists() {
            fs::copy(source, to.join(name)).unwrap();
        } else {
            fs::remove_file(to.join(name)).ok();
        }
    }
}

/// A clone as a thief makes it: store, keys and mark, and the setting that says where they are.
pub(crate) fn clone_station(town: &Town, from: &str, to: &str) {
    let (from, to) = (town.station_folder(from), town.station_folder(to));
    copy_store(&from, &to);
    for (source, copy) in key_files(&from).iter().zip(key_files(&to)) {
        fs::copy(source, copy).unwrap();
    }
    let choice = SecretsChoice::KeyFile {
        path: to.with_extension("key").display().to_string(),
    };
    let db = Connection::open(to.join(DATABASE)).unwrap();
    let changed = db
        .execute(
            "UPDATE settings SET value = ?1 WHERE name = ?2",
            [
                serde_json::to_string(&choice).unwrap(),
                names::SECRETS.to_owned(),
            ],
        )
        .unwrap();
    assert_eq!(changed, 1);
}

pub(crate) async fn meet(town: &Town, counter: &Counter) -> Result<Met, UiError> {
    let link: Arc<dyn Link> = Line::clean(&town.center, &counter.station);
    meet_over(&counter.station, &link, Asked::default()).await
}

fn evidence(town: &Town) -> Vec<(String, usize)> {
    let db = Connection::open(town.center.folder().database()).unwrap();
    let mut rows = db
        .prepare("SELECT reason, message FROM evidence ORDER BY created")
        .unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?.len())))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// A clone contacts after `contacts` contacts and `pieces` pieces of the original.
async fn clone_after(contacts: u32, pieces: u32) {
    let town = Town::with_deposit("100.00").await;
    let original = town.enrolled("one").await;
    original.refill("20.00").await.unwrap();
    original.print_letter("1oz", "10001").await.unwrap();
    drop(original);
    clone_station(&town, "one", "clone");
    let original = town.open_station("one").unwrap();
    let clone = town.open_station("clone").unwrap();
    clone.print_letter("2oz", "10001").await.unwrap();
    for _ in 0..pieces {
        original.print_letter("1oz", "10001").await.unwrap();
    }
    for _ in 0..contacts {
        original.contact().await.unwrap();
    }
    assert!(evidence(&town).is_empty());
    let balance = town.balance().await;
    let met = clone.contact().await;
    let found = evidence(&town);
    assert_eq!(found.len(), 1, "{contacts} {pieces}: {met:?}");
    assert!(found[0].1 > 100, "the signed statement is kept");
    assert_eq!(clone.status().await.state, "frozen");
    let refused = clone.print_letter("1oz", "10001").await.unwrap_err();
    assert_eq!(refused.code, "vault_frozen");
    assert!(refused.hint.contains("help desk"), "{}", refused.hint);
    assert_eq!(clone.refill("5.00").await.unwrap_err().code, "vault_frozen");
    // Nobody can tell the two apart: the original stops as well, at its own next contact.
    let refused = original.refill("5.00").await.unwrap_err();
    assert_eq!(refused.code, "vault_frozen");
    assert_eq!(original.status().await.state, "frozen");
    assert_eq!(town.balance().await, balance);
    assert_eq!(evidence(&town).len(), 1);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_takes_the_originals_number_is_frozen_with_evidence() {
    clone_after(1, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_far_behind_the_original_is_frozen_with_evidence() {
    clone_after(3, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_store_copied_back_does_not_start() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let folder = counter.folder.clone();
    drop(counter);
    let backup = town.station_folder("backup");
    copy_store(&folder, &backup);
    let counter = town.open_station("one").unwrap();
    counter.print_letter("1oz", "10001").await.unwrap();
    drop(counter);
    let newest = town.station_folder("newest");
    copy_store(&folder, &newest);
    copy_store(&backup, &folder);
    for _ in 0..2 {
        let refused = town.open_station("one").unwrap_err();
        assert_eq!(refused.code, "store_rolled_back");
        assert!(refused.message.contains("does not start"));
    }
    // The newest one starts again: nothing was lost by the attempt.
    copy_store(&newest, &folder);
    let counter = town.open_station("one").unwrap();
    assert_eq!(counter.status().await.registers.ascending, 780);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_its_keys_does_not_start_and_its_journal_is_still_readable() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let folder = counter.folder.clone();
    drop(counter);
    for gone in key_files(&folder) {
        let aside = gone.with_extension("aside");
        fs::rename(&gone, &aside).unwrap();
        let refused = town.open_station("one").unwrap_err();
        assert_eq!(refused.code, "secrets_missing", "{}", gone.display());
        let db = station::store::open_read_only(&folder).unwrap();
        let report = station::store::journal::verify(&db).unwrap();
        assert!(report.fault.is_none() && report.records > 2);
        drop(db);
        fs::rename(&aside, &gone).unwrap();
    }
    // The keys of another station do not open it either.
    let other = town.enrolled("two").await;
    let keys = key_files(&other.folder);
    drop(other);
    let [own, _] = key_files(&folder);
    let aside = fs::read(&own).unwrap();
    fs::write(&own, fs::read(&keys[0]).unwrap()).unwrap();
    let refused = town.open_station("one").unwrap_err();
    assert_eq!(refused.code, "secrets_foreign");
    fs::write(&own, aside).unwrap();
    assert_eq!(
        town.open_station("one")
            .unwrap()
            .status()
            .await
            .registers
            .descending,
        20_000
    );
}

/// One edit of a closed store.
struct Edit {
    what: &'static str,
    sql: &'static str,
}

/// Edits that a start notices.
const SEEN_AT_START: [Edit; 6] = [
    Edit {
        what: "a bit of the vault's sealed row",
        sql: "UPDATE vault SET sealed =
              CAST(substr(sealed, 1, 30) || x'5a' || substr(sealed, 32) AS BLOB)",
    },
    Edit {
        what: "the journal size beside it",
        sql: "UPDATE vault SET journal_size = journal_size - 1",
    },
    Edit {
        what: "the vault's row removed",
        sql: "DELETE FROM vault",
    },
    Edit {
        what: "the last journal record cut off",
        sql: "DROP TRIGGER journal_is_append_only_2;
              DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
    },
    Edit {
        what: "the last journal record altered",
        sql: "DROP TRIGGER journal_is_append_only_1;
              UPDATE journal SET record = CAST(record || x'00' AS BLOB)
              WHERE seq = (SELECT max(seq) FROM journal)",
    },
    Edit {
        what: "the wrapped key of the vault",
        sql: "UPDATE data_keys SET wrapped = zeroblob(length(wrapped)) WHERE table_name = 'vault'",
    },
];

/// A station that has printed three letters and is closed; a pristine copy of its store.
async fn three_letters(town: &Town) -> (PathBuf, PathBuf) {
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    for _ in 0..3 {
        counter.print_letter("1oz", "10001").await.unwrap();
    }
    let folder = counter.folder.clone();
    drop(counter);
    let pristine = town.station_folder("pristine");
    copy_store(&folder, &pristine);
    (folder, pristine)
}

fn edit(folder: &Path, sql: &str) {
    let db = Connection::open(folder.join(DATABASE)).unwrap();
    db.execute_batch(sql).unwrap();
    let left: i64 = db
        .query_row("SELECT count(*) FROM settings", [], |row| row.get(0))
        .unwrap();
    assert!(left > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_vault_or_journal_does_not_start() {
    let town = Town::with_deposit("100.00").await;
    let (folder, pristine) = three_letters(&town).await;
    for one in SEEN_AT_START {
        edit(&folder, one.sql);
        let refused = town.open_station("one").map(drop).unwrap_err();
        assert_eq!(
            refused.code, "damaged_store",
            "{}: {}",
            one.what, refused.message
        );
        copy_store(&pristine, &folder);
    }
    drop(town.open_station("one").unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_record_in_the_middle_is_found_by_verifying_the_journal() {
    let town = Town::with_deposit("100.00").await;
    let (folder, pristine) = three_letters(&town).await;
    for (what, sql) in [
        (
            "a record altered",
            "DROP TRIGGER journal_is_append_only_1;
             UPDATE journal SET record =
                CAST(substr(record, 1, length(record) - 1) || x'7f' AS BLOB)
             WHERE seq = 2",
        ),
        (
            "a hash altered",
            "DROP TRIGGER journal_is_append_only_1;
             UPDATE journal SET hash = zeroblob(32) WHERE seq = 2",
        ),
        (
            "a record removed",
            "DROP TRIGGER journal_is_append_only_2; DELETE FROM journal WHERE seq = 2",
        ),
        (
            "two records exchanged",
            "DROP TRIGGER journal_is_append_only_1;
             UPDATE journal SET seq = -1 WHERE seq = 2;
             UPDATE journal SET seq = 2 WHERE seq = 3;
             UPDATE journal SET seq = 3 WHERE seq = -1",
        ),
    ] {
        edit(&folder, sql);
        match town.open_station("one") {
            Err(refused) => assert_eq!(refused.code, "damaged_store", "{what}"),
            Ok(counter) => {
                let view = counter.station.call(Call::VerifyJournal).await.unwrap();
                let View::Journal(view) = view else {
                    unreachable!("{view:?}")
                };
                assert!(!view.intact && view.fault.is_some(), "{what}");
            }
        }
        copy_store(&pristine, &folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_piece_never_becomes_another_label() {
    let town = Town::with_deposit("100.00").await;
    let (folder, pristine) = three_letters(&town).await;
    for sql in [
        // A printed piece is made one that may be sent again: what it would print is erased.
        "UPDATE pieces SET state = 'not-printed' WHERE counter = 2",
        "UPDATE pieces SET state = 'not-printed', sealed = randomblob(400) WHERE counter = 2",
        "UPDATE pieces SET state = 'not-printed', raster = randomblob(32) WHERE counter = 2",
        "UPDATE pieces SET state = 'nonsense' WHERE counter = 2",
    ] {
        edit(&folder, sql);
        let counter = town.open_station("one").unwrap();
        let before = counter.status().await.registers;
        let serial = format!("{}-2", counter.status().await.station.unwrap());
        let call = SendAgainCall {
            serial,
            out: PrintOut::Files {
                pdf: None,
                png: Some(folder.join("again.png").display().to_string()),
                escpos: None,
            },
        };
        let refused = counter
            .station
            .call(Call::SendAgain(call))
            .await
            .unwrap_err();
        let known = ["damaged_store", "piece_state", "raster_differs"];
        assert!(known.contains(&refused.code.as_str()), "{sql}: {refused:?}");
        assert_eq!(counter.status().await.registers.ascending, before.ascending);
        drop(counter);
        copy_store(&pristine, &folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_refused() {
    let town = Town::with_deposit("100.00").await;
    let (folder, pristine) = three_letters(&town).await;
    fs::remove_file(folder.join("station.db-wal")).ok();
    let mut bytes = fs::read(folder.join(DATABASE)).unwrap();
    bytes[..64].fill(0x5a);
    fs::write(folder.join(DATABASE), &bytes).unwrap();
    let refused = town.open_station("one").map(drop).unwrap_err();
    assert_eq!(refused.code, "damaged_store", "{}", refused.message);
    copy_store(&pristine, &folder);
    drop(town.open_station("one").unwrap());
}

/// The last certificate number a data center has given out.
fn numbers(center: &DataCenter) -> i64 {
    let db = Connection::open(center.folder().database()).unwrap();
    db.query_row(
        "SELECT value FROM counter WHERE name = 'certificate'",
        [],
        |row| row.get(0),
    )
    .unwrap()
}

/// The highest number that a certificate of indicia carries.
fn newest_certificate(center: &DataCenter) -> i64 {
    let db = Connection::open(center.folder().database()).unwrap();
    let mut serials = db
        .prepare("SELECT serial FROM indicium_certificate")
        .unwrap();
    let numbers = serials
        .query_map([], |row| row.get::<_, Vec<u8>>(0))
        .unwrap()
        .map(|serial| {
            let number: [u8; 4] = serial.unwrap()[8..].try_into().unwrap();
            i64::from(u32::from_be_bytes(number))
        });
    numbers.max().unwrap()
}

/// A data center restored from a backup, in the clock of the town.
pub(crate) async fn restored(town: &Town, backup_file: PathBuf, name: &str) -> Arc<DataCenter> {
    let folder = Folder::new(town.station_folder(name));
    let hand: Arc<dyn Clock> = town.clock.clone();
    tokio::task::spawn_blocking(move || {
        let view = backup::restore(&folder, &backup_file, None, &hand).unwrap();
        assert_eq!((view.epoch, view.reconciling), (2, true));
        Arc::new(DataCenter::open(&folder, hand).unwrap())
    })
    .await
    .unwrap()
}

/// A contact that asks for a refill; the code of the funds service's refusal.
pub(crate) async fn refill_over(town: &Town, counter: &Counter, mills: u64) -> Option<String> {
    let link: Arc<dyn Link> = Line::clean(&town.center, &counter.station);
    let asked = asking(Some(shared::money::Mills::new(mills).unwrap()));
    let met = meet_over(&counter.station, &link, asked).await.unwrap();
    met.funds.map(|refused| refused.code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_data_center_locks_refills_and_keeps_what_was_granted_since() {
    let town = Town::with_deposit("100.00").await;
    let one = town.enrolled("one").await;
    let two = town.enrolled("two").await;
    one.refill("20.00").await.unwrap();
    two.refill("10.00").await.unwrap();
    let file = town.station_folder("center.backup");
    town.admin(AdminCall::Backup { file: file.clone() }).await;
    let backed_up = numbers(&town.center);
    // Forgotten: a refill of each station, a renewal's worth of contacts, printing, a deposit.
    one.refill("30.00").await.unwrap();
    one.print_letter("1oz", "10001").await.unwrap();
    one.refill("1.00").await.unwrap();
    two.print_letter("2oz", "10001").await.unwrap();
    two.contact().await.unwrap();
    town.deposit("5.00", "late").await;
    let center = restored(&town, file, "restored").await;
    let since = newest_certificate(&town.center);
    assert!(since > newest_certificate(&center), "one was issued since");
    assert_eq!(numbers(&center), backed_up + (1 << 20));
    assert!(numbers(&center) > since.max(numbers(&town.center)));
    let town = town.with_center(center);
    assert_eq!(town.balance().await, 70_000);
    // The first station gives back what it knows; its account waits for the second.
    let refused = refill_over(&town, &one, 5_000).await;
    assert_eq!(refused.as_deref(), Some("center_doubted"), "not signed yet");
    assert_eq!(town.balance().await, 39_000, "its grants are known again");
    assert!(town.center.is_reconciling());
    town.sign_epoch().await;
    let refused = refill_over(&town, &one, 5_000).await;
    assert_eq!(refused.as_deref(), Some("account_reconciling"));
    let progress = town
        .admin(AdminCall::Epoch {
            epoch: EpochCall::Progress,
        })
        .await;
    let done = |one: &serde_json::Value| one["done"].is_i64();
    assert_eq!(progress.iter().filter(|one| done(one)).count(), 1);
    meet(&town, &two).await.unwrap();
    assert!(!town.center.is_reconciling());
    // The refill that was held back is made once, when the contact comes.
    assert_eq!(refill_over(&town, &one, 5_000).await, None);
    assert_eq!(town.balance().await, 34_000);
    let status = one.status().await;
    assert_eq!(
        (status.registers.control_total, status.state.as_str()),
        (56_000, "active")
    );
    assert_eq!(two.status().await.registers.control_total, 10_000);
    // A deposit that was forgotten is booked again by its reference, once.
    town.deposit("5.00", "late").await;
    town.deposit("5.00", "late").await;
    assert_eq!(town.balance().await, 39_000);
    for counter in [&one, &two] {
        counter.print_letter("1oz", "10001").await.unwrap();
        meet(&town, counter).await.unwrap();
    }
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_that_was_held_back_is_not_lost_when_it_is_stated_anew_and_nobody_is_reached() {
    let town = Town::with_deposit("100.00").await;
    let one = town.enrolled("one").await;
    one.refill("20.00").await.unwrap();
    let file = town.station_folder("center.backup");
    town.admin(AdminCall::Backup { file: file.clone() }).await;
    one.refill("30.00").await.unwrap();
    let center = restored(&town, file, "restored").await;
    let town = town.with_center(center);
    let refused = refill_over(&town, &one, 5_000).await;
    assert_eq!(refused.as_deref(), Some("center_doubted"));
    town.sign_epoch().await;
    let no_line: Arc<dyn Link> = Line::new(&town.center, &one.station, Vec::new(), |path: &str| {
        if path.ends_with("/refill") {
            Trick::NoLine
        } else {
            Trick::None
        }
    });
    let met = meet_over(&one.station, &no_line, Asked::default()).await;
    assert_eq!(met.unwrap().funds.unwrap().code, "unreachable");
    assert_eq!(one.status().await.registers.control_total, 50_000);
    // Nobody asks for it again: it was promised to be completed.
    let met = meet(&town, &one).await.unwrap();
    assert_eq!(met.funds, None);
    assert_eq!(one.status().await.registers.control_total, 55_000);
    assert_eq!(town.balance().await, 45_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_a_key_that_the_backup_does_not_know_is_no_foreign_one() {
    let town = Town::with_deposit("100.00").await;
    let one = town.enrolled("one").await;
    one.refill("20.00").await.unwrap();
    let file = town.station_folder("center.backup");
    town.admin(AdminCall::Backup { file: file.clone() }).await;
    // After the backup another key for heads has taken over, and the station keeps a head of it.
    announce(&town, &["heads"], true).await;
    one.refill("30.00").await.unwrap();
    let center = restored(&town, file, "restored").await;
    let town = town.with_center(center);
    let refused = refill_over(&town, &one, 5_000).await;
    assert_eq!(refused.as_deref(), Some("center_doubted"));
    assert_eq!(town.balance().await, 50_000, "its grants are known again");
    town.sign_epoch().await;
    assert_eq!(refill_over(&town, &one, 5_000).await, None);
    assert_eq!(one.status().await.registers.control_total, 55_000);
    assert_eq!(town.balance().await, 45_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_that_the_account_does_not_cover_wait_for_its_deposits() {
    let town = Town::with_deposit("10.00").await;
    let one = town.enrolled("one").await;
    let file = town.station_folder("center.backup");
    town.admin(AdminCall::Backup { file: file.clone() }).await;
    town.deposit("50.00", "second").await;
    one.refill("45.00").await.unwrap();
    let town_center = restored(&town, file, "restored").await;
    let town = town.with_center(town_center);
    town.sign_epoch().await;
    assert_eq!(
        refill_over(&town, &one, 1_000).await.as_deref(),
        Some("reconcile")
    );
    let progress = town
        .admin(AdminCall::Epoch {
            epoch: EpochCall::Progress,
        })
        .await;
    assert_eq!(progress[0]["lacking"], 35_000);
    town.deposit("50.00", "second").await;
    assert_eq!(refill_over(&town, &one, 1_000).await, None);
    assert_eq!(one.status().await.registers.control_total, 46_000);
    assert_eq!(town.balance().await, 14_000);
    town.assert_books_hold().await;
}

/// Copies a whole data folder as a snapshot of the machine would.
pub(crate) fn copy_center(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_center(&source, &copy);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(&source, &copy).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_center_rolled_back_by_a_snapshot_is_found_out_by_the_first_newer_station() {
    let town = Town::with_deposit("100.00").await;
    let one = town.enrolled("one").await;
    one.refill("20.00").await.unwrap();
    let copy = town.station_folder("snapshot");
    copy_center(town.center.folder().path(), &copy);
    one.refill("30.00").await.unwrap();
    one.print_letter("1oz", "10001").await.unwrap();
    let hand: Arc<dyn Clock> = town.clock.clone();
    let center = tokio::task::spawn_blocking(move || {
        Arc::new(DataCenter::open(&Folder::new(copy), hand).unwrap())
    })
    .await
    .unwrap();
    assert!(!center.is_reconciling());
    let town = town.with_center(center);
    // It has gone on meanwhile, and does not know what it has forgotten.
    for number in 0..20 {
        town.deposit("1.00", &format!("after {number}")).await;
    }
    let refused = refill_over(&town, &one, 5_000).await;
    assert_eq!(refused.as_deref(), Some("center_doubted"));
    assert_eq!(town.center.epoch(), 2, "it began a new epoch by itself");
    assert_eq!(one.status().await.state, "active", "nobody was frozen");
    town.sign_epoch().await;
    assert_eq!(refill_over(&town, &one, 5_000).await, None);
    assert_eq!(one.status().await.registers.control_total, 55_000);
    assert_eq!(town.balance().await, 65_000);
    town.assert_books_hold().await;
}
