use proptest::prelude::*;
use shared::clock::{UnixSeconds, civil_date};
use shared::ids::{DataCenterId, PsdId, RefillId, StationId, VaultId};
use shared::merkle::verify_consistency;
use shared::money::Mills;
use shared::vault::{Action, Debit, Enrolment, GrantTerms, KeyTerms, ReceiptTerms, Step, Vault};

use super::batch_rows::RowKey;
use super::pieces::{PieceFacts, PieceRow};
use super::*;
use crate::api::PieceState;
use crate::secrets::Kek;

const NOW: UnixSeconds = UnixSeconds(1_795_000_000);
const KEK: [u8; 32] = [5; 32];

fn kek() -> Kek {
    Kek::from_bytes(KEK)
}

pub(super) fn open(folder: &tempfile::TempDir) -> Store {
    let mut store = Store::open(folder.path()).unwrap();
    store.unlock(1, kek()).unwrap();
    store
}

fn mills(mills: u64) -> Mills {
    Mills::new(mills).unwrap()
}

fn keep(store: &mut Store, step: &Step) -> Result<(), StoreFault> {
    store.write("a test's transition", |tx| {
        tx.append(step)?;
        tx.save_vault(&step.vault)
    })
}

/// A store whose vault was refilled with 50.00: three records.
pub(super) fn filled(folder: &tempfile::TempDir) -> (Store, Vault) {
    let mut store = open(folder);
    let id = VaultId::from_bytes([3; 16]);
    store
        .write("a test's enrolment", |tx| tx.adopt_vault(id))
        .unwrap();
    let enrolment = Enrolment {
        psd: PsdId::specimen(42),
        station: StationId::from_bytes([1; 16]),
        data_center: DataCenterId::from_bytes([2; 16]),
    };
    let step = Vault::enrol(id, enrolment, NOW, "station").unwrap();
    keep(&mut store, &step).unwrap();
    let receipt = Action::Receive(ReceiptTerms {
        now: NOW,
        warn_at: NOW.plus_days(14),
        lock_at: NOW.plus_days(28),
        accepted_size: 1,
    });
    let step = step.vault.act(&receipt, NOW, "station").unwrap();
    keep(&mut store, &step).unwrap();
    let refill = grant(&step.vault, 50_000);
    let step = step.vault.act(&refill, NOW, "clerk").unwrap();
    keep(&mut store, &step).unwrap();
    (store, step.vault)
}

fn grant(vault: &Vault, amount: u64) -> Action {
    let old = vault.registers().control_total();
    Action::Refill(GrantTerms {
        number: vault.last_grant() + 1,
        refill: RefillId::from_bytes([4; 16]),
        control_total_old: old,
        amount: mills(amount),
        control_total_new: old.plus(mills(amount)).unwrap(),
        ascending_base: vault.registers().ascending(),
        max_piece: mills(100_000),
        max_descending: mills(500_000),
        key: KeyTerms {
            certificate: 7,
            from: NOW,
            until: NOW.plus_days(58),
        },
    })
}

fn debit(vault: &Vault, postage: u64) -> Step {
    let debit = Debit {
        counter: vault.next_counter().unwrap(),
        postage: mills(postage),
        date: civil_date(NOW),
        booked: civil_date(NOW),
        category: *b"FCLM",
        raster: [9; 32],
        amends: None,
    };
    vault.act(&Action::Debit(debit), NOW, "clerk").unwrap()
}

fn piece(step: &Step, postage: u64) -> PieceRow {
    PieceRow {
        counter: step.vault.next_counter().unwrap() - 1,
        state: PieceState::Prepared,
        created: NOW.0,
        journal_seq: step.record.sequence,
        facts: PieceFacts {
            class: "first-class".into(),
            shape: "letter".into(),
            weight_nanograms: 28_349_523_125,
            postage: mills(postage),
            date: civil_date(NOW),
            destination: "02134".into(),
            place: None,
            cost_centre: None,
            category: "FCLM".into(),
            certificate: 7,
            priced_by: None,
            amends: None,
        },
        raster: [9; 32],
        job_key: None,
        message: None,
    }
}

pub(super) fn pay(store: &mut Store, vault: &Vault, postage: u64) -> (Vault, PieceRow) {
    let step = debit(vault, postage);
    let row = piece(&step, postage);
    store
        .write::<_, StoreFault>("a test's debit", |tx| {
            tx.append(&step)?;
            tx.save_vault(&step.vault)?;
            tx.add_piece(&row, b"the inputs")
        })
        .unwrap();
    (step.vault, row)
}

pub(super) fn move_to(store: &mut Store, row: &PieceRow, state: PieceState) -> PieceRow {
    store
        .write("a test's move", |tx| tx.move_piece(row, state, None))
        .unwrap()
}

/// A copy of the store as it is now, as a backup would make it.
fn backup(store: &Store, folder: &tempfile::TempDir) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    assert!(store.truncate_log().unwrap());
    std::fs::copy(folder.path().join(DATABASE), copy.path().join(DATABASE)).unwrap();
    copy
}

#[test]
fn a_vault_is_found_again_as_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let (store, vault) = filled(&folder);
    let mark = store.mark();
    drop(store);
    let store = open(&folder);
    assert_eq!(store.vault().unwrap(), Some(vault));
    assert_eq!(store.mark(), mark);
    store.check_mark(&mark).unwrap();
    assert!(store.verify_journal().unwrap().fault.is_none());
}

#[test]
fn a_store_does_not_open_with_another_key() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(&folder));
    let mut store = Store::open(folder.path()).unwrap();
    let refused = store.unlock(1, Kek::from_bytes([6; 32]));
    assert!(matches!(refused, Err(StoreFault::Seal { .. })));
    assert!(!store.is_unlocked());
}

#[test]
fn value_and_keys_cannot_be_read_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    store
        .write("a test's secret", |tx| {
            tx.put_secret("station-key", b"do not read me please")
        })
        .unwrap();
    pay(&mut store, &vault, 780);
    assert!(store.truncate_log().unwrap());
    let bytes = std::fs::read(folder.path().join(DATABASE)).unwrap();
    for secret in [&b"do not read me please"[..], b"the inputs", &KEK] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
    let secret = store.secret("station-key").unwrap().unwrap();
    assert_eq!(secret.as_slice(), b"do not read me please");
}

#[test]
fn a_transaction_that_is_refused_leaves_database_and_memory_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    let before = store.mark();
    let step = debit(&vault, 780);
    let refused: Result<(), StoreFault> = store.write("a test's transition", |tx| {
        tx.append(&step)?;
        tx.save_vault(&step.vault)?;
        Err(StoreFault::NoRandom)
    });
    assert!(refused.is_err());
    assert_eq!(store.mark(), before);
    assert_eq!(store.vault().unwrap(), Some(vault));
    keep(&mut store, &step).unwrap();
}

#[test]
fn a_full_disk_refuses_and_debits_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, mut vault) = filled(&folder);
    let pages: i64 = store
        .sql()
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    store
        .sql()
        .pragma_update(None, "max_page_count", pages + 1)
        .unwrap();
    let fault = loop {
        let step = debit(&vault, 10);
        match keep(&mut store, &step) {
            Ok(()) => vault = step.vault,
            Err(fault) => break fault,
        }
    };
    assert!(matches!(fault, StoreFault::DiskFull { .. }), "{fault:?}");
    assert_eq!(store.vault().unwrap().as_ref(), Some(&vault));
    drop(store);
    assert_eq!(open(&folder).vault().unwrap(), Some(vault));
}

#[test]
fn a_vault_row_put_back_from_before_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    let old: (i64, Vec<u8>) = store
        .sql()
        .query_row("SELECT journal_size, sealed FROM vault", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    pay(&mut store, &vault, 780);
    store
        .sql()
        .execute(
            "UPDATE vault SET journal_size = ?1, sealed = ?2",
            rusqlite::params![old.0, old.1],
        )
        .unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    let refused = store.unlock(1, kek());
    assert!(matches!(refused, Err(StoreFault::Damaged { .. })));
}

#[test]
fn an_edited_vault_row_is_noticed() {
    for edit in [
        "UPDATE vault SET journal_size = journal_size + 1",
        "UPDATE vault SET sealed = CAST(substr(sealed, 1, 40) || x'0102' || substr(sealed, 43) AS BLOB)",
        "DELETE FROM vault",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = filled(&folder);
        assert_eq!(store.sql().execute(edit, []).unwrap(), 1);
        drop(store);
        let mut store = Store::open(folder.path()).unwrap();
        assert!(store.unlock(1, kek()).is_err(), "{edit}");
    }
}

#[test]
fn an_edited_journal_is_noticed_without_any_key() {
    for edit in [
        "UPDATE journal SET record = CAST(record || x'00' AS BLOB) WHERE seq = 1",
        "UPDATE journal SET hash = zeroblob(32) WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 1",
        "UPDATE pieces SET facts = replace(facts, '780', '10')",
        "DELETE FROM pieces",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, vault) = filled(&folder);
        pay(&mut store, &vault, 780);
        let db = open_read_only(folder.path()).unwrap();
        assert!(journal::verify(&db).unwrap().fault.is_none());
        if edit.contains("journal") {
            assert!(store.sql().execute(edit, []).is_err(), "append-only");
        }
        store
            .sql()
            .execute_batch(
                "DROP TRIGGER journal_is_append_only_1; DROP TRIGGER journal_is_append_only_2;",
            )
            .unwrap();
        store.sql().execute(edit, []).unwrap();
        let report = journal::verify(&db).unwrap();
        assert!(report.fault.is_some(), "{edit}");
    }
}

#[test]
fn a_cut_journal_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = filled(&folder);
    store
        .sql()
        .execute_batch("DROP TRIGGER journal_is_append_only_2; DELETE FROM journal WHERE seq = 2;")
        .unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert!(matches!(
        store.unlock(1, kek()),
        Err(StoreFault::Damaged { .. })
    ));
}

#[test]
fn a_store_older_than_its_mark_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    let copy = backup(&store, &folder);
    let old_mark = store.mark();
    pay(&mut store, &vault, 780);
    store.check_mark(&old_mark).unwrap();
    let restored = open(&copy);
    restored.check_mark(&old_mark).unwrap();
    assert!(matches!(
        restored.check_mark(&store.mark()),
        Err(StoreFault::RolledBack {
            found: 3,
            marked: 4
        })
    ));
}

#[test]
fn a_store_that_went_another_way_after_a_backup_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    let copy = backup(&store, &folder);
    pay(&mut store, &vault, 780);
    let mut fork = open(&copy);
    let (vault, _) = pay(&mut fork, &vault, 1_000);
    pay(&mut fork, &vault, 1_000);
    assert!(matches!(
        fork.check_mark(&store.mark()),
        Err(StoreFault::Damaged { .. })
    ));
}

#[test]
fn the_inputs_of_a_piece_are_erased_when_it_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    let (_, row) = pay(&mut store, &vault, 780);
    let inputs = store.piece_inputs(&row).unwrap().unwrap();
    assert_eq!(inputs.as_slice(), b"the inputs");
    let row = move_to(&mut store, &row, PieceState::Sending);
    assert!(store.piece_inputs(&row).unwrap().is_some());
    let row = move_to(&mut store, &row, PieceState::Printed);
    assert_eq!(store.piece_inputs(&row).unwrap(), None);
    assert_eq!(store.piece(1).unwrap(), Some(row));
}

#[test]
fn a_piece_edited_to_be_printable_again_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    let (_, row) = pay(&mut store, &vault, 780);
    move_to(&mut store, &row, PieceState::Unknown);
    store
        .sql()
        .execute("UPDATE pieces SET state = 'not-printed'", [])
        .unwrap();
    let edited = store.piece(1).unwrap().unwrap();
    assert!(matches!(
        store.piece_inputs(&edited),
        Err(StoreFault::Seal { .. })
    ));
}

#[test]
fn keys_are_rewrapped_and_the_old_one_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    store
        .rotate(2, Kek::from_bytes([8; 32]), |_| Ok(()))
        .unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert!(store.unlock(1, kek()).is_err());
    store.unlock(2, Kek::from_bytes([8; 32])).unwrap();
    assert_eq!(store.vault().unwrap(), Some(vault));
}

#[test]
fn a_used_up_data_key_is_renewed_and_its_rows_still_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    let put = |store: &mut Store, name: &str, value: &[u8]| {
        store
            .write("a test's secret", |tx| tx.put_secret(name, value))
            .unwrap();
    };
    put(&mut store, "first", b"one");
    store
        .sql()
        .execute(
            "UPDATE data_keys SET seals = 2147483647 WHERE table_name = 'secrets'",
            [],
        )
        .unwrap();
    drop(store);
    let mut store = open(&folder);
    put(&mut store, "second", b"two");
    put(&mut store, "third", b"two");
    let keys: i64 = store
        .sql()
        .query_row(
            "SELECT count(*) FROM data_keys WHERE table_name = 'secrets'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(keys, 2);
    drop(store);
    let store = open(&folder);
    for (name, value) in [("first", b"one"), ("second", b"two"), ("third", b"two")] {
        assert_eq!(store.secret(name).unwrap().unwrap().as_slice(), value);
    }
}

#[test]
fn a_row_of_a_batch_leads_to_its_piece() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, vault) = filled(&folder);
    let (_, row) = pay(&mut store, &vault, 780);
    let key = RowKey {
        hash: [1; 32],
        occurrence: 1,
    };
    assert_eq!(store.piece_of_row(&key).unwrap(), None);
    store
        .write("a test's link", |tx| tx.link_row(&key, row.counter))
        .unwrap();
    assert_eq!(store.piece_of_row(&key).unwrap(), Some(1));
}

#[test]
fn a_journal_proves_that_it_continues_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, mut vault) = filled(&folder);
    let old = store.mark();
    for _ in 0..150 {
        vault = pay(&mut store, &vault, 10).0;
    }
    let new = store.mark();
    let proof = store.consistency_proof(old.journal_size).unwrap();
    verify_consistency(
        (old.journal_size, &old.root),
        (new.journal_size, &new.root),
        &proof,
    )
    .unwrap();
    assert_eq!(store.root_at(old.journal_size).unwrap(), old.root);
}

#[test]
fn a_store_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store
        .sql()
        .pragma_update(None, "user_version", 999)
        .unwrap();
    drop(store);
    assert!(matches!(
        Store::open(folder.path()),
        Err(StoreFault::Newer { found: 999, .. })
    ));
}

#[test]
fn a_file_that_is_no_database_is_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(DATABASE), [7; 4_096]).unwrap();
    assert!(matches!(
        Store::open(folder.path()),
        Err(StoreFault::Damaged { .. })
    ));
}

#[test]
fn editions_take_effect_on_their_first_day() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let edition = |id: &str, effective: &str| editions::EditionRow {
        id: id.into(),
        effective: effective.parse().unwrap(),
        content: vec![2],
    };
    let july = edition("july", "2026-07-12");
    store
        .write::<_, StoreFault>("a test's editions", |tx| {
            tx.put_edition(&july)?;
            tx.put_edition(&edition("october", "2026-10-04"))
        })
        .unwrap();
    let in_force = |day: &str| store.edition_on(day.parse().unwrap()).unwrap();
    assert_eq!(in_force("2026-07-11"), None);
    assert_eq!(in_force("2026-07-12").as_deref(), Some("july"));
    assert_eq!(in_force("2026-10-04").as_deref(), Some("october"));
    assert_eq!(store.edition("july").unwrap(), Some(july));
    assert_eq!(store.edition_ids().unwrap(), ["july", "october"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Each step pays and commits, pays and crashes before the commit, refills, or starts again.
    #[test]
    fn debits_crashes_and_starts_in_any_order_keep_the_registers(
        steps in prop::collection::vec((0..6_u8, 1..900_u64), 1..30),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, mut vault) = filled(&folder);
        let (mut spent, mut granted) = (0, 50_000);
        for (what, amount) in steps {
            match what {
                0..=2 => {
                    vault = pay(&mut store, &vault, amount).0;
                    spent += amount;
                }
                3 => {
                    let step = vault.act(&grant(&vault, amount), NOW, "clerk").unwrap();
                    keep(&mut store, &step).unwrap();
                    vault = step.vault;
                    granted += amount;
                }
                4 => {
                    let step = debit(&vault, 1);
                    let crashed: Result<(), StoreFault> = store.write("a crash", |tx| {
                        tx.append(&step)?;
                        tx.save_vault(&step.vault)?;
                        Err(StoreFault::NoRandom)
                    });
                    prop_assert!(crashed.is_err());
                }
                _ => {
                    drop(store);
                    store = open(&folder);
                }
            }
            let registers = store.vault().unwrap().unwrap().registers();
            prop_assert_eq!(registers.ascending(), mills(spent));
            prop_assert_eq!(registers.control_total(), mills(granted));
            prop_assert_eq!(registers.descending(), mills(granted - spent));
        }
        prop_assert!(store.verify_journal().unwrap().fault.is_none());
    }
}
