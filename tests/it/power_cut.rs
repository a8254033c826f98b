//! Power cuts: our executables are killed (SIGKILL) at any instant, and afterwards nothing may be
//! lost, nothing there twice.
//!
//! When a process was killed is told by what it left behind. Each test prints how often every
//! instant was hit; it goes on killing until the instants that matter had their share, and aims at
//! those that chance has missed.

mod center;
#[cfg(target_os = "linux")]
mod pages;
mod printer;
mod printing;
mod refills;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, OpenFlags};
use shared::ids::RefillId;
use station::api::{Call, ContactCall, PieceView, PiecesCall, StatusView, View};
use station::owner::FolderLock;
use station::station::{Clock, Station};
use system_tests::exchange::Chance;

/// So long a process may take to its end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// At the most so many times the kills asked for are made to reach the shares asked for.
const MOST_TIMES: usize = 4;

/// A process that may be killed from any thread.
#[derive(Clone)]
pub(crate) struct Victim(Arc<Mutex<Child>>);

impl Victim {
    pub(crate) fn started(command: &mut Command) -> Self {
        command.stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(Arc::new(Mutex::new(command.spawn().unwrap())))
    }

    /// Kills it; one that has ended stays as it is.
    pub(crate) fn kill(&self) {
        self.0.lock().unwrap().kill().unwrap();
    }

    /// How it ended, as soon as it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.0.lock().unwrap().try_wait().unwrap()
    }

    /// Waits until it ends; `None` when it was killed, its exit code otherwise.
    fn end(&self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status.code();
            }
            if begun.elapsed() > PATIENCE {
                self.kill();
                panic!("a process did not end within {PATIENCE:?}");
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills it after `wait`, unless it ends before.
    fn kill_after(&self, wait: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < wait && self.ended().is_none() {
            let rest = wait.saturating_sub(begun.elapsed());
            thread::sleep(rest.min(Duration::from_millis(1)));
        }
        self.kill();
    }
}

/// Random instants. The seed is printed; a failed run is a matter of timing all the same.
struct Dice(Chance);

impl Dice {
    fn thrown() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seed = u64::from(now.unwrap().subsec_nanos());
        println!("seed {seed}");
        Self(Chance::new(seed))
    }

    /// A number from 0 up to, but not including, `limit`.
    const fn below(&mut self, limit: u64) -> u64 {
        self.0.below(limit)
    }

    fn micros_below(&mut self, limit: Duration) -> Duration {
        let limit = u64::try_from(limit.as_micros()).unwrap();
        Duration::from_micros(self.below(limit))
    }
}

/// How often each instant was hit.
#[derive(Default)]
struct Histogram(BTreeMap<&'static str, usize>);

impl Histogram {
    fn count(&mut self, instant: &'static str) {
        *self.0.entry(instant).or_default() += 1;
    }

    fn kills(&self) -> usize {
        self.0.values().sum()
    }

    fn hits(&self, instants: &[&str]) -> usize {
        let found = instants.iter().filter_map(|instant| self.0.get(instant));
        found.sum()
    }

    /// Whether there were as many kills as wanted, and these instants are at least 30 % of the kills.
    fn has_its_share(&self, wanted: usize, instants: &[&str]) -> bool {
        self.kills() >= wanted && self.hits(instants) * 10 >= self.kills() * 3
    }

    /// More kills than asked for are made to reach the shares asked for, but not without end.
    fn assert_not_endless(&self, wanted: usize) {
        assert!(self.kills() < wanted * MOST_TIMES, "{self}");
    }

    /// Whether these instants had less than their share of the kills so far: on a machine that is busy
    /// with other things, chance alone may miss what lasts for a moment, and is then aimed at.
    fn is_short_of(&self, instants: &[&str]) -> bool {
        !self.has_its_share(0, instants)
    }

    /// The first of these instants that was not hit more than once.
    fn missing(&self, instants: &[&'static str]) -> Option<&'static str> {
        let mut instants = instants.iter().copied();
        instants.find(|instant| self.hits(&[instant]) < 2)
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills = self.kills();
        writeln!(f, "{kills} kills")?;
        for (instant, hits) in &self.0 {
            let bar = "#".repeat((hits * 50).div_ceil(kills.max(1)));
            writeln!(f, "  {instant:<38} {hits:>4} {bar}")?;
        }
        Ok(())
    }
}

/// Opens a copy of a database as a killed process left it. The original stays untouched, so that
/// its owner meets what it left, and not what another reader made of it.
fn as_left(database: &Path) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let name = database.file_name().unwrap();
    let beside = |folder: &Path, ending: &str| -> PathBuf {
        let mut name = name.to_owned();
        name.push(ending);
        folder.join(name)
    };
    for ending in ["", "-wal"] {
        let from = beside(database.parent().unwrap(), ending);
        if from.exists() {
            std::fs::copy(from, beside(folder.path(), ending)).unwrap();
        }
    }
    let connection = Connection::open(folder.path().join(name)).unwrap();
    (folder, connection)
}

/// What the data center has granted, in the database as it stands or was left.
#[derive(Debug, Default, PartialEq, Eq)]
struct Granted {
    /// The refills' identities.
    refills: BTreeSet<String>,
    /// Granted to each station, mills, the least first.
    sums: Vec<u64>,
    /// Refills that no statement of a station covers yet.
    open: usize,
}

impl Granted {
    fn by(center: &Path) -> Self {
        let (_copy, database) = as_left(center);
        let mut granted = Self::default();
        let mut sums = BTreeMap::<Vec<u8>, u64>::new();
        let rows = "SELECT id, station, amount, state FROM refill WHERE state <> 'refused'";
        let mut query = database.prepare(rows).unwrap();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let id = RefillId::from_bytes(row.get(0).unwrap());
            let amount: i64 = row.get(2).unwrap();
            let state: String = row.get(3).unwrap();
            assert!(
                granted.refills.insert(id.to_string()),
                "{id} is there twice"
            );
            *sums.entry(row.get(1).unwrap()).or_default() += u64::try_from(amount).unwrap();
            granted.open += usize::from(state == "open");
        }
        granted.sums = sums.into_values().collect();
        granted.sums.sort_unstable();
        granted
    }
}

/// Waits until somebody has committed to this database so many times more, or until `limit`.
fn await_commits(database: &Path, commits: u64, limit: Duration) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = Connection::open_with_flags(database, flags).unwrap();
    let version = || -> i64 {
        let version = "PRAGMA data_version";
        database.query_row(version, [], |row| row.get(0)).unwrap()
    };
    let begun = Instant::now();
    for _ in 0..commits {
        let before = version();
        while version() == before && begun.elapsed() < limit {
            thread::sleep(Duration::from_micros(50));
        }
    }
}

/// Waits until the data center has granted so many refills more, or until `limit`.
fn await_grants(center: &Path, more: i64, limit: Duration) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = Connection::open_with_flags(center, flags).unwrap();
    let granted = || -> i64 {
        let count = "SELECT count(*) FROM refill WHERE state <> 'refused'";
        database.query_row(count, [], |row| row.get(0)).unwrap()
    };
    let (begun, wanted) = (Instant::now(), granted() + more);
    while granted() < wanted && begun.elapsed() < limit {
        thread::sleep(Duration::from_micros(50));
    }
}

/// A station that was opened again in this process.
pub(crate) struct Reopened {
    station: Station,
    runtime: tokio::runtime::Runtime,
}

impl Reopened {
    pub(crate) fn at(folder: &Path) -> Self {
        let lock = FolderLock::take(folder).unwrap();
        let lock = lock.expect("the owner of the folder was killed");
        Self {
            station: Station::open(lock, Clock::system()).unwrap(),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    pub(crate) fn call(&self, call: Call) -> View {
        self.runtime.block_on(self.station.call(call)).unwrap()
    }

    /// Asks the printers of pages about what nobody knows.
    fn ask_about_pages(&self) {
        let asking = self.station.ask_about_pages();
        self.runtime.block_on(asking).unwrap();
    }

    pub(crate) fn status(&self) -> StatusView {
        let View::Status(status) = self.call(Call::Status) else {
            panic!("not a status")
        };
        *status
    }

    pub(crate) fn pieces(&self) -> Vec<PieceView> {
        let all = PiecesCall {
            limit: Some(10_000),
            ..Default::default()
        };
        let View::Pieces(view) = self.call(Call::Pieces(all)) else {
            panic!("not pieces")
        };
        view.pieces
    }

    /// Every service must be served.
    fn contact(&self) {
        let View::Contact(contact) = self.call(Call::Contact(ContactCall::default())) else {
            panic!("not a contact")
        };
        for service in contact.services {
            let ill = ["refused", "failed"].contains(&service.outcome.as_str());
            assert!(!ill, "{service:?}");
        }
    }

    /// Journal, registers and control total must agree.
    fn assert_books_hold(&self) {
        let View::Journal(journal) = self.call(Call::VerifyJournal) else {
            panic!("not a journal")
        };
        assert!(journal.intact, "{:?}", journal.fault);
        let registers = self.status().registers;
        assert_eq!(
            registers.ascending + registers.descending,
            registers.control_total
        );
    }
}
