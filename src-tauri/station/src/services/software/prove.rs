//! A new program proves itself, or the one before is put back.
//!
//! The order is: look at the package with the program that runs (its signature, a start of it that
//! only tries a copy of the store); write the note; keep the program that runs; put the package in
//! its place; start it. A crash after any of these is found by the next start of whichever program
//! stands there ([`begin`]). The program that runs watches over the first start of the new one
//! ([`watch`]); the new one watches over its own ([`Proof`]), also when nobody else does.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use shared::software::{ATTEMPTS_MAX, AtStart, PROOF_SECONDS, Trial, TrialState, Version};

use super::files::{self, Files, replace};
use super::stage::Package;
use crate::api::UiError;
use crate::messages::Code;
use crate::secrets::Patience;
use crate::store::StoreFault;
use crate::store::copy::opens_on_a_copy;

/// The argument with which a program only tries a copy of the store and says its version.
pub const SELF_CHECK: &str = "--self-check";

/// How a program that only tries a copy of the store ends when this computer did not let it try:
/// `EX_TEMPFAIL` of sysexits.h.
pub const NOT_TRIED_CODE: u8 = 75;

/// Between two looks at a program that was started.
const LOOK: Duration = Duration::from_millis(50);

/// Faults of the station that say nothing about the program that met them.
const OF_THE_COMPUTER: [Code; 10] = [
    Code::NoKeyring,
    Code::KeyringSlow,
    Code::SecretsTooOpen,
    Code::WrongPassphrase,
    Code::SecretsFault,
    Code::CannotRead,
    Code::CannotWrite,
    Code::FolderInUse,
    Code::FolderUnusable,
    Code::DiskFull,
];

/// Environment variables by which a debug build is told to rehearse a release that fails. A program
/// that is put back is started without them.
const REHEARSALS: [&str; 2] = ["PENNYBLACK_REHEARSE_LAYOUT", "PENNYBLACK_REHEARSE_FAILURE"];

/// Why a release is not what runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It cannot be this station's program. It is not tried again.
    #[error("{0}")]
    Release(String),
    /// This computer could not try it. That is tried again another day.
    #[error("{0}")]
    NotTried(String),
}

/// Where the program is installed and how it was started.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file that is replaced.
    pub file: PathBuf,
    /// What it is started with.
    pub arguments: Vec<OsString>,
}

impl Place {
    /// Whether the program there can be replaced by this user.
    ///
    /// # Errors
    /// What the system says against it.
    pub fn can_be_replaced(&self) -> io::Result<()> {
        files::can_replace(&self.file)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        command.args(&self.arguments);
        for name in REHEARSALS {
            command.env_remove(name);
        }
        command
    }

    /// Starts what stands there instead of this process.
    ///
    /// # Errors
    /// What the system says; otherwise it does not return.
    #[cfg(unix)]
    pub fn start_instead(&self) -> io::Error {
        use std::os::unix::process::CommandExt as _;
        self.command().exec()
    }

    /// Starts what stands there and ends this process.
    ///
    /// # Errors
    /// What the system says; otherwise it does not return.
    #[cfg(not(unix))]
    pub fn start_instead(&self) -> io::Error {
        match self.command().spawn() {
            Ok(_) => std::process::exit(0),
            Err(fault) => fault,
        }
    }
}

/// What a program does when it starts.
#[derive(Debug)]
pub enum Beginning {
    /// What it always does.
    Ordinary,
    /// It is on trial.
    Prove(Proof),
    /// It was on trial and did not prove itself: the one before is in its place again and is to be
    /// started.
    WentBack,
}

/// Looks for a note about a trial, at the start of the program of version `running`.
///
/// # Errors
/// The folder cannot be read or written, or the program before cannot be put back.
pub fn begin(data: &Path, running: Version, place: &Place) -> io::Result<Beginning> {
    let files = Files::of(data);
    let Some(trial) = files.trial()? else {
        return Ok(Beginning::Ordinary);
    };
    match trial.at_start(running) {
        AtStart::Ordinary(None) => files.forget_trial()?,
        AtStart::Ordinary(Some(told)) => files.put_trial(&told)?,
        AtStart::Prove(trial) => {
            files.put_trial(&trial)?;
            return Ok(Beginning::Prove(Proof {
                data: data.to_owned(),
                files,
                trial,
                place: place.clone(),
                settled: AtomicBool::new(false),
                waits: AtomicBool::new(false),
            }));
        }
        AtStart::GoBack(trial) => {
            files.put_trial(&trial)?;
            replace(&files.previous(), &place.file)?;
            return Ok(Beginning::WentBack);
        }
    }
    Ok(Beginning::Ordinary)
}

/// A program that has to prove itself.
#[derive(Debug)]
pub struct Proof {
    data: PathBuf,
    files: Files,
    trial: Trial,
    place: Place,
    settled: AtomicBool,
    /// Whether it may take its time, because this computer hinders it.
    waits: AtomicBool,
}

impl Proof {
    /// Tries a copy of the store, before the store itself is touched.
    ///
    /// # Errors
    /// Why this program cannot use the store, or could not try.
    pub fn try_store(&self) -> Result<(), Unfit> {
        try_store(&self.data)
    }

    /// How long the start may take. A keyring may ask its user for a password in it.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        Duration::from_secs(PROOF_SECONDS).saturating_add(Patience::UserTold.timeout())
    }

    /// Takes it that this computer does not let it prove itself at the moment: it may go on until it
    /// can. The start counts, so that a release which only seems to suffer from the computer is put
    /// back like any other.
    pub fn hindered_by(&self, fault: &str) {
        if self.waits.swap(true, Ordering::SeqCst) {
            return;
        }
        tracing::warn!(fault, "this version cannot prove itself yet");
        let hindered = self.trial.clone().hindered(fault);
        if let Err(fault) = self.files.put_trial(&hindered) {
            tracing::warn!(%fault, "why a version could not be tried was not noted");
        }
    }

    /// Whether its start takes too long: it is neither decided, nor waits for somebody.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        !self.is_settled() && !self.waits.load(Ordering::SeqCst)
    }

    /// Whether it is decided.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::SeqCst)
    }

    /// The store is open, its vault equals its journal, its keys open what is sealed, and the page
    /// stands: `told` is what the station said to it.
    ///
    /// # Errors
    /// What did not hold: the program before is to be put back.
    pub fn judge(&self, told: Result<(), String>) -> Result<(), String> {
        #[cfg(debug_assertions)]
        let told = told.and_then(|()| rehearsed_failure());
        let trial = told.map(|()| self.trial.clone().passed())?;
        if let Err(fault) = self.files.put_trial(&trial) {
            // It has proved itself all the same, and does so once more at its next start.
            tracing::warn!(%fault, "that this version has proved itself could not be noted");
        }
        self.settled.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Puts the program before back and starts it instead of this one. The store stays as this one
    /// has brought it forward.
    ///
    /// # Errors
    /// The program before cannot be put back or started; otherwise it does not return.
    pub fn go_back(&self, reason: &str) -> io::Error {
        self.settled.store(true, Ordering::SeqCst);
        let put_back = self
            .files
            .put_trial(&self.trial.clone().failed(reason))
            .and_then(|()| replace(&self.files.previous(), &self.place.file));
        match put_back {
            Ok(()) => self.place.start_instead(),
            Err(fault) => fault,
        }
    }

    /// Starts this program once more, because the start did not get through in time. After
    /// [`ATTEMPTS_MAX`] starts the next one goes back.
    ///
    /// # Errors
    /// It cannot be started; otherwise it does not return.
    pub fn start_again(&self) -> io::Error {
        self.place.start_instead()
    }
}

/// Whether a fault of the station says something about this computer, and nothing about the program
/// that runs.
#[must_use]
pub fn is_of_the_computer(fault: &UiError) -> bool {
    OF_THE_COMPUTER.iter().any(|code| code.name() == fault.code)
}

/// Tries whether this program can use the store of a data folder, on a copy.
///
/// # Errors
/// Why not.
pub fn try_store(data: &Path) -> Result<(), Unfit> {
    opens_on_a_copy(data, &Files::of(data).copy()).map_err(|fault| {
        let why = crate::station::faults::chain(&fault);
        if is_no_copy(&fault) {
            Unfit::NotTried(format!("the store could not be copied: {why}"))
        } else {
            Unfit::Release(format!("it cannot use the store: {why}"))
        }
    })
}

/// Whether there was no copy to try anything on.
const fn is_no_copy(fault: &StoreFault) -> bool {
    match fault {
        StoreFault::NoCopy { .. } | StoreFault::DiskFull { .. } => true,
        StoreFault::Open { .. }
        | StoreFault::Query { .. }
        | StoreFault::Damaged { .. }
        | StoreFault::RolledBack { .. }
        | StoreFault::Newer { .. }
        | StoreFault::Seal { .. }
        | StoreFault::NotUnlocked
        | StoreFault::JournalFull
        | StoreFault::NoRandom => false,
    }
}

/// Looks at a package with the program that runs: its signature, and a start of it that only tries a
/// copy of the store.
///
/// # Errors
/// Why it must not be installed, or could not be tried.
pub fn look_at(
    package: &Package,
    data: &Path,
    verify: impl FnOnce(&[u8]) -> Result<(), String>,
) -> Result<(), Unfit> {
    let unread = |fault: io::Error| Unfit::NotTried(format!("its package cannot be read: {fault}"));
    let bytes = fs::read(&package.path).map_err(unread)?;
    verify(&bytes).map_err(Unfit::Release)?;
    drop(bytes);
    make_startable(&package.path).map_err(unread)?;
    let said = said_by(&package.path, data).map_err(|unfit| held_against(unfit, data))?;
    if said == package.version.to_string() {
        Ok(())
    } else {
        Err(Unfit::Release(format!(
            "its program says that it is version {said}"
        )))
    }
}

/// What is held against a release: nothing that the program which runs suffers from too.
fn held_against(unfit: Unfit, data: &Path) -> Unfit {
    match (unfit, try_store(data)) {
        (Unfit::Release(_), Err(ours)) => Unfit::NotTried(format!("nor can this version: {ours}")),
        (unfit, Ok(()) | Err(_)) => unfit,
    }
}

#[cfg(unix)]
fn make_startable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_startable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Starts a program so that it only tries a copy of the store, and returns the version it says.
fn said_by(program: &Path, data: &Path) -> Result<String, Unfit> {
    let mut child = Command::new(program)
        .arg(SELF_CHECK)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|fault| Unfit::NotTried(format!("its program does not start: {fault}")))?;
    let ended = wait(&mut child, Duration::from_secs(PROOF_SECONDS));
    let Some(status) = ended else {
        end(&mut child);
        return Err(Unfit::NotTried(format!(
            "its program tried a copy of the store for {PROOF_SECONDS} seconds"
        )));
    };
    let output = child
        .wait_with_output()
        .map_err(|fault| Unfit::NotTried(format!("its program cannot be heard: {fault}")))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if status.success() {
        return Ok(text);
    }
    let why = if text.is_empty() {
        format!("its program does not start: {status}")
    } else {
        text
    };
    if status.code() == Some(NOT_TRIED_CODE.into()) || was_ended_by_others(status) {
        Err(Unfit::NotTried(why))
    } else {
        Err(Unfit::Release(why))
    }
}

/// Whether somebody else ended a program: a system that ran out of memory does.
#[cfg(unix)]
fn was_ended_by_others(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    const KILLED: i32 = 9;
    const TERMINATED: i32 = 15;
    matches!(status.signal(), Some(KILLED | TERMINATED))
}

#[cfg(not(unix))]
const fn was_ended_by_others(_: ExitStatus) -> bool {
    false
}

/// Installs a package that was looked at. The station is closed by now.
///
/// # Errors
/// Nothing was replaced, and what runs stays installed.
pub fn install(package: &Package, data: &Path, place: &Place) -> io::Result<()> {
    let files = Files::of(data);
    files.keep_previous(&place.file)?;
    files.put_trial(&Trial::begin(
        package.version,
        package.before,
        package.since,
    ))?;
    let Err(fault) = replace(&package.path, &place.file) else {
        return Ok(());
    };
    if files::is_same(&place.file, &files.previous())? {
        files.forget_trial()?;
        return Err(fault);
    }
    // It stands there, and only that it will stand there after a power cut is unknown: the note
    // knows what to do in either case.
    tracing::warn!(%fault, "a release was put in its place, perhaps not durably");
    Ok(())
}

/// Starts a program that was just installed and watches over it until it has proved itself or was
/// put back. One that fails again and again without a word is put back here; one that somebody
/// closes goes on with its trial when somebody starts it.
///
/// # Errors
/// What the system says; the next start by hand goes on with the trial.
pub fn watch(data: &Path, place: &Place) -> io::Result<()> {
    let files = Files::of(data);
    for _ in 0..ATTEMPTS_MAX {
        let mut child = place.command().spawn()?;
        loop {
            let ended = child.try_wait()?;
            if !is_open(&files)? {
                return until_settled(&files, &mut child);
            }
            match ended {
                Some(status) if status.success() => return Ok(()),
                Some(_) => break,
                None => sleep(LOOK),
            }
        }
    }
    let Some(trial) = files.trial()? else {
        return Ok(());
    };
    let reason = match &trial.fault {
        Some(fault) => format!("it could not be tried: {fault}"),
        None => format!("it ended {ATTEMPTS_MAX} times at its start"),
    };
    files.put_trial(&trial.failed(&reason))?;
    replace(&files.previous(), &place.file)?;
    place.command().spawn().map(drop)
}

/// Waits until the program that runs in the end has taken the note in, or has ended. This process is
/// one file with what it was started from, and what that was unpacked to goes with it: another start
/// of the same file must not be in the middle of unpacking.
fn until_settled(files: &Files, child: &mut Child) -> io::Result<()> {
    let until = Instant::now() + Duration::from_secs(PROOF_SECONDS);
    while files.trial()?.is_some() && child.try_wait()?.is_none() && Instant::now() < until {
        sleep(LOOK);
    }
    Ok(())
}

/// Whether a trial is neither passed nor failed.
fn is_open(files: &Files) -> io::Result<bool> {
    let state = files.trial()?.map(|trial| trial.state);
    Ok(matches!(
        state,
        Some(TrialState::Installing | TrialState::Trying { .. })
    ))
}

/// Waits for a program to end; nothing when it takes longer.
fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        sleep(LOOK);
    }
    None
}

fn end(child: &mut Child) {
    // One that has just ended by itself is no fault.
    drop(child.kill());
    drop(child.wait());
}

/// The failure that a debug build is told to rehearse.
#[cfg(debug_assertions)]
fn rehearsed_failure() -> Result<(), String> {
    match std::env::var("PENNYBLACK_REHEARSE_FAILURE") {
        Ok(reason) if reason == "abort" => std::process::abort(),
        Ok(reason) => Err(reason),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
