//! A disk that is really full: a small file system of its own, filled to the last byte. Both ends
//! refuse with their code, nothing is debited, and they go on by themselves when there is space.
//!
//! Only root on Linux may mount one; elsewhere the tests say so and are skipped.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use station::api::{Call, PieceState, PrintCall, PrintOut, QuoteCall, UiError, View};
use system_tests::town::{Counter, Town};

/// Bytes of the file system: room for a store and a few dozen pieces.
const SIZE: &str = "size=8m";

/// Bytes of one page, which space is given and taken by.
const PAGE: usize = 4_096;

/// A small file system in memory.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts one at a folder; nothing, with a word about it, where that is not allowed.
    fn mounted(test: &str, at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mount = ["-t", "tmpfs", "-o", SIZE, "tmpfs"];
        let done = Command::new("mount").args(mount).arg(at).output();
        let reason = match done {
            Ok(done) if done.status.success() => return Some(Self { at: at.to_owned() }),
            Ok(done) => String::from_utf8_lossy(&done.stderr).trim().to_owned(),
            Err(fault) => fault.to_string(),
        };
        println!("SKIPPED full_disk::{test}: no file system can be mounted here: {reason}");
        None
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }

    /// Fills the disk to its last page but `free`.
    fn fill(&self, free: usize) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let mut pages = 0;
        loop {
            match ballast.write_all(&[7; PAGE]) {
                Ok(()) => pages += 1,
                Err(fault) => {
                    assert_eq!(fault.kind(), ErrorKind::StorageFull);
                    break;
                }
            }
        }
        let left = pages * PAGE - free * PAGE;
        ballast.set_len(u64::try_from(left).unwrap()).unwrap();
    }

    fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What is still open there keeps it until it is closed.
        let unmounted = Command::new("umount").arg("-l").arg(&self.at).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// Prints a letter into a folder on another disk.
async fn print(counter: &Counter, out: &Path) -> Result<PieceState, UiError> {
    let call = PrintCall {
        quote: QuoteCall {
            class: "first-class".to_owned(),
            shape: "letter".to_owned(),
            weight: "1oz".to_owned(),
            to: "10001".to_owned(),
            ..Default::default()
        },
        out: Some(PrintOut::Folder {
            path: Some(out.display().to_string()),
        }),
        ..Default::default()
    };
    let View::Piece(piece) = counter.station.call(Call::Print(call)).await? else {
        panic!("not a piece")
    };
    Ok(piece.state)
}

async fn pieces(counter: &Counter) -> Vec<PieceState> {
    let list = Call::Pieces(Default::default());
    let View::Pieces(list) = counter.station.call(list).await.unwrap() else {
        panic!("not a list")
    };
    list.pieces.iter().map(|piece| piece.state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_on_a_full_disk_debits_nothing_and_goes_on_when_there_is_space() {
    let town = Town::with_deposit("100.00").await;
    let folder = town.station_folder("small");
    let Some(disk) = SmallDisk::mounted("a_station", &folder) else {
        return;
    };
    let counter = town.enrolled("small").await;
    counter.refill("50.00").await.unwrap();
    let out = town.station_folder("out");
    assert_eq!(print(&counter, &out).await.unwrap(), PieceState::Printed);
    let mut printed = 1;
    let (mut refused, mut unnoted) = (0, 0);
    // With each page more that is free, a piece comes further before the disk is full.
    for free in 0..30 {
        let truncated = counter
            .station
            .apply(|owner| Ok(owner.store().truncate_log()?));
        truncated.await.unwrap();
        disk.fill(free);
        let before = counter.status().await.registers;
        match print(&counter, &out).await {
            Ok(_) => printed += 1,
            Err(full) if full.code == "disk_full" => {
                refused += 1;
                assert_eq!(counter.status().await.registers, before);
                assert!(full.message.contains("disk is full"), "{full:?}");
            }
            Err(full) => {
                unnoted += 1;
                printed += 1;
                assert_eq!(full.code, "paid_not_noted");
            }
        }
        disk.empty();
        let after = counter.status().await.registers;
        assert_eq!(after.piece_count, printed, "with {free} pages free");
        assert_eq!(after.ascending, printed * 780);
    }
    assert!(refused > 0, "the disk was never full at the debit");
    assert!(unnoted > 0, "the disk was never full after the debit");
    let states = pieces(&counter).await;
    assert_eq!(u64::try_from(states.len()).unwrap(), printed);
    let known = [PieceState::Printed, PieceState::NotPrinted];
    assert!(
        states.iter().all(|state| known.contains(state)),
        "what became of a piece is written down when there is space: {states:?}, {unnoted}"
    );
    let files = fs::read_dir(&out).unwrap().count();
    let on_paper = states.iter().filter(|state| **state == PieceState::Printed);
    assert_eq!(on_paper.count(), files);
    assert_eq!(print(&counter, &out).await.unwrap(), PieceState::Printed);
    let View::Journal(journal) = counter.station.call(Call::VerifyJournal).await.unwrap() else {
        panic!("not a journal")
    };
    assert!(journal.intact, "{:?}", journal.fault);
    town.assert_books_hold().await;
    drop(counter);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_center_on_a_full_disk_moves_no_money_and_goes_on_when_there_is_space() {
    let mut disk = None;
    let town = Town::prepared("100.00", |folder| {
        disk = SmallDisk::mounted("a_data_center", &folder.join("center"));
    })
    .await;
    let Some(disk) = disk else { return };
    let counter = town.enrolled("one").await;
    counter.refill("10.00").await.unwrap();
    let before = (town.balance().await, counter.status().await.registers);
    let mut refused = 0;
    for _ in 0..3 {
        disk.fill(0);
        // The write-ahead log has room for some more; then there is none.
        let full = loop {
            match counter.refill("1.00").await {
                Ok(_) => assert!(town.balance().await > 0, "the disk never fills"),
                Err(full) => break full,
            }
        };
        assert_eq!(full.code, "disk_full", "{full:?}");
        assert!(full.message.contains("is kept"), "{full:?}");
        refused += 1;
        let vault = counter.status().await.registers;
        let moved = vault.control_total - before.1.control_total;
        assert_eq!(town.balance().await, before.0 - moved);
        disk.empty();
        counter.refill("1.00").await.unwrap();
    }
    assert_eq!(refused, 3);
    let vault = counter.status().await.registers;
    let moved = vault.control_total - before.1.control_total;
    assert_eq!(town.balance().await, before.0 - moved);
    counter.contact().await.unwrap();
    town.assert_books_hold().await;
}
