use std::path::Path;

use super::*;
use crate::secrets::HighWaterMark;
use crate::station::fixture::{Desk, runtime};
use crate::store::Store;

/// The numbers of the keys that the key file keeps.
fn kept(desk: &Desk) -> Vec<KekId> {
    let text = std::fs::read_to_string(desk.path("keys")).unwrap();
    let keys = text.lines().filter_map(|line| line.strip_prefix("key "));
    keys.map(|line| line.split_once(' ').unwrap().0.parse().unwrap())
        .collect()
}

/// The number of the key in use, and what the vault holds under it.
fn in_use(desk: &Desk) -> (Option<KekId>, u64) {
    desk.station()
        .apply_blocking(|owner| {
            let vault = owner.store().vault()?.unwrap();
            Ok((
                owner.store().kek_id(),
                vault.registers().descending().mills(),
            ))
        })
        .unwrap()
}

fn rotate(desk: &Desk) {
    runtime().block_on(desk.station().rotate_keys()).unwrap();
}

/// Replaces a folder by a copy of another, file by file.
fn copy_folder(from: &Path, to: &Path) {
    drop(std::fs::remove_dir_all(to));
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_rotation_brings_a_new_key_and_the_next_start_destroys_the_old_one() {
    let mut desk = Desk::new();
    assert_eq!(kept(&desk), [1]);
    rotate(&desk);
    assert_eq!(in_use(&desk), (Some(2), 50_000));
    assert_eq!(kept(&desk), [1, 2]);
    desk.restart();
    assert_eq!(in_use(&desk), (Some(2), 50_000));
    assert_eq!(kept(&desk), [2]);
    // Two rotations in one run leave two keys to be destroyed.
    rotate(&desk);
    rotate(&desk);
    assert_eq!(kept(&desk), [2, 3, 4]);
    desk.restart();
    assert_eq!(in_use(&desk), (Some(4), 50_000));
    assert_eq!(kept(&desk), [4]);
}

#[test]
fn a_crash_at_any_step_of_a_rotation_leaves_a_store_that_opens() {
    let mut desk = Desk::new();
    let keeper = desk
        .station()
        .apply_blocking(|owner| Ok(owner.next_kek()?.0))
        .unwrap();
    // After the new key was kept.
    drop(NextKek::keep(keeper.as_ref(), 2).unwrap());
    desk.restart();
    assert_eq!(in_use(&desk), (Some(1), 50_000));
    assert_eq!(kept(&desk), [1, 2]);
    // After the commit, before the log was emptied: a reader keeps it from being emptied.
    let reader = rusqlite::Connection::open(desk.data().join(crate::store::DATABASE)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = |_: &rusqlite::Row<'_>| Ok(());
    reader
        .query_row("SELECT count(*) FROM data_keys", [], count)
        .unwrap();
    rotate(&desk);
    let crashed = desk.path("crashed");
    copy_folder(&desk.data(), &crashed);
    assert!(
        std::fs::metadata(crashed.join("station.db-wal"))
            .unwrap()
            .len()
            > 0
    );
    drop(reader);
    desk.stop();
    copy_folder(&crashed, &desk.data());
    desk.start();
    assert_eq!(in_use(&desk), (Some(2), 50_000));
    assert_eq!(kept(&desk), [2]);
    // After the old key was destroyed, before that was written down.
    desk.station()
        .apply_blocking(|owner| {
            owner.write("a crash", |tx| Ok(tx.put_setting(names::KEK_RETIRED, "1")?))
        })
        .unwrap();
    desk.restart();
    assert_eq!(in_use(&desk), (Some(2), 50_000));
    let retired = desk
        .station()
        .apply_blocking(|owner| Ok(owner.store().setting(names::KEK_RETIRED)?))
        .unwrap();
    assert_eq!(retired, None);
}

#[test]
fn after_a_rotation_the_old_key_opens_nothing_of_the_folder() {
    let mut desk = Desk::new();
    let old = std::fs::read_to_string(desk.path("keys")).unwrap();
    rotate(&desk);
    desk.stop();
    let digits = old.lines().find_map(|line| line.strip_prefix("key 1 "));
    let bytes: [u8; 32] = hex::decode(digits.unwrap()).unwrap().try_into().unwrap();
    let mut store = Store::open(&desk.data()).unwrap();
    for number in [1, 2] {
        assert!(store.unlock(number, Kek::from_bytes(bytes)).is_err());
    }
}

#[test]
fn the_key_is_rotated_by_itself_after_a_year_and_not_before() {
    let mut desk = Desk::new();
    desk.pass_days(KEK_DAYS - 1);
    desk.restart();
    assert_eq!(in_use(&desk).0, Some(1));
    desk.pass_days(1);
    desk.restart();
    assert_eq!(in_use(&desk).0, Some(2));
    desk.restart();
    assert_eq!((in_use(&desk).0, kept(&desk)), (Some(2), vec![2]));
}

#[test]
fn the_key_is_rotated_by_itself_when_a_data_key_was_used_up() {
    let mut desk = Desk::new();
    desk.stop();
    let db = rusqlite::Connection::open(desk.data().join(crate::store::DATABASE)).unwrap();
    db.execute("UPDATE data_keys SET seals = 2147483647", [])
        .unwrap();
    drop(db);
    desk.start();
    assert_eq!(in_use(&desk).0, Some(1));
    desk.refill(20_000);
    assert!(
        desk.station()
            .apply_blocking(|owner| owner.kek_due())
            .unwrap()
    );
    desk.restart();
    assert_eq!(in_use(&desk), (Some(2), 70_000));
    assert!(
        !desk
            .station()
            .apply_blocking(|owner| owner.kek_due())
            .unwrap()
    );
}

/// A keeper that gives back another key than it was given.
struct Forgetful;

impl SecretStore for Forgetful {
    fn words(&self) -> String {
        "a leaky drawer".to_owned()
    }

    fn load_key(&self, _: KekId, _: Patience) -> Result<Option<Kek>, SecretFault> {
        Ok(Some(Kek::from_bytes([0; 32])))
    }

    fn store_key(&self, _: KekId, _: &Kek, _: Patience) -> Result<(), SecretFault> {
        Ok(())
    }

    fn delete_key(&self, _: KekId) -> Result<(), SecretFault> {
        Ok(())
    }

    fn load_mark(&self) -> Result<Option<HighWaterMark>, SecretFault> {
        Ok(None)
    }

    fn store_mark(&self, _: &HighWaterMark) -> Result<(), SecretFault> {
        Ok(())
    }
}

#[test]
fn a_key_that_does_not_come_back_from_its_keeper_is_not_taken_into_use() {
    let refused = NextKek::keep(&Forgetful, 2).unwrap_err();
    assert_eq!(refused.code, "secrets_missing");
    assert!(refused.message.contains("a leaky drawer"));
}
