//! The station: one owner of all state on one thread, and the handle everybody asks it through.
//!
//! A call is a message to the owner; what takes long (the network, a printer) happens elsewhere
//! and comes back with short messages: intent, then the act, then the outcome. Nothing but the
//! owner touches vault, store or keys.

mod amending;
pub mod booking;
pub mod calls;
mod counting;
pub(crate) mod devices;
mod editions;
pub(crate) mod faults;
mod meeting;
pub mod names;
mod office_art;
pub(crate) mod orders;
mod owner;
pub(crate) mod pages;
mod paper;
pub(crate) mod pieces;
pub(crate) mod ports;
mod presets;
pub(crate) mod press;
pub(crate) mod pricing;
mod printers;
mod rehearsal;
pub(crate) mod release;
pub(crate) mod sending;
pub(crate) mod silent;
mod slips;
mod status;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use shared::clock::UnixSeconds;
use shared::software::Busy;
use tokio::sync::{OwnedMutexGuard, broadcast, mpsc, oneshot};

use crate::api::{Event, SecretsChoice, UiError};
use crate::contact::dialup::telephone::Telephone;
use crate::messages::{Code, say};
use crate::owner::FolderLock;
use crate::scale::{Instruments, Scale, ScalesHere};
use crate::secrets::{self, Patience, SecretStore, StoreId};
use crate::services::software::Program;

pub use booking::Asker;
pub use meeting::Decided;
pub(crate) use owner::{Broken, Unnoted};
pub use owner::{CLERK_USER, NextKek, Owner, STATION_USER};
pub use release::Ready;
use sending::Printers;

/// Messages that may wait for the owner. More callers than a window and a few commands have means
/// that something runs wild.
const QUEUE: usize = 64;

/// Events a slow listener may lag behind before it misses some; it then asks for everything anew.
const EVENTS: usize = 256;

/// The station's clock and calendar.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> UnixSeconds + Send + Sync>,
    zone: TimeZone,
}

impl Clock {
    /// The computer's clock and time zone.
    #[must_use]
    pub fn system() -> Self {
        Self {
            now: Arc::new(|| UnixSeconds::from(jiff::Timestamp::now())),
            zone: TimeZone::system(),
        }
    }

    /// A clock told by `now`, in UTC: for simulations.
    #[must_use]
    pub fn told_by(now: impl Fn() -> UnixSeconds + Send + Sync + 'static) -> Self {
        Self::told_in(now, TimeZone::UTC)
    }

    /// A clock told by `now`, with the calendar of a time zone: for simulations.
    #[must_use]
    pub fn told_in(now: impl Fn() -> UnixSeconds + Send + Sync + 'static, zone: TimeZone) -> Self {
        Self {
            now: Arc::new(now),
            zone,
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        (self.now)()
    }

    /// The local day of an instant.
    #[must_use]
    pub fn day_of(&self, instant: UnixSeconds) -> Date {
        jiff::Timestamp::from_second(instant.0).map_or_else(
            |_| shared::clock::civil_date(instant),
            |stamp| stamp.to_zoned(self.zone.clone()).date(),
        )
    }

    /// What the clock on the wall shows at an instant.
    #[must_use]
    pub fn local(&self, instant: UnixSeconds) -> DateTime {
        jiff::Timestamp::from_second(instant.0).map_or_else(
            |_| shared::clock::civil_date(instant).at(0, 0, 0, 0),
            |stamp| stamp.to_zoned(self.zone.clone()).datetime(),
        )
    }
}

/// Work for the owner's thread.
type Work = Box<dyn FnOnce(&mut Owner) + Send>;

/// The owner's thread, which ends with the last handle.
struct Thread {
    work: Option<mpsc::Sender<Work>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Thread {
    /// Waits until the owner has finished its work and written the high-water mark.
    fn drop(&mut self) {
        self.work = None;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.thread().id() != thread::current().id()
        {
            // A panic of the owner was reported by its own thread.
            drop(thread.join());
        }
    }
}

/// A handle to the station. Clones share the one owner.
#[derive(Clone)]
pub struct Station {
    owner: Arc<Thread>,
    events: broadcast::Sender<Event>,
    folder: PathBuf,
    line: Arc<tokio::sync::Mutex<()>>,
    /// Contacts that wait for the one that is going on.
    waiting: Arc<AtomicUsize>,
    /// Calls that do something and are not answered yet.
    working: Arc<AtomicUsize>,
    closing: Arc<Closing>,
    printers: Printers,
    telephone: Arc<Telephone>,
    scale: Arc<Scale>,
}

/// Whether the program is about to be replaced: no new work and no contact begins.
#[derive(Default)]
struct Closing {
    begun: AtomicBool,
    /// Keeps the line until the station is closed, or goes on after all.
    line: Mutex<Option<OwnedMutexGuard<()>>>,
}

/// Counts something for as long as it lasts.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn of(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Station {
    /// Opens the station in the locked folder. The lock is released when the owner has ended.
    ///
    /// # Errors
    /// Every refusal of a store that does not start: damaged, rolled back, newer, no key.
    pub fn open(lock: FolderLock, clock: Clock) -> Result<Self, UiError> {
        Self::open_for(lock, clock, Program::BESIDE)
    }

    /// As [`Self::open`], for a program that is updated by itself.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_for(lock: FolderLock, clock: Clock, program: Program) -> Result<Self, UiError> {
        let folder = lock.folder().to_owned();
        let (events, _) = broadcast::channel(EVENTS);
        let owner = Owner::open(lock, clock, events.clone(), program)?;
        let printers = Printers::default();
        if let Some(rolls) = owner.store().setting(names::ROLLS)? {
            printers.devices.recall_rolls(&rolls);
        }
        let (work, queue) = mpsc::channel(QUEUE);
        let stopped = |_| say(Code::StationStopped, &[]);
        let thread = thread::Builder::new()
            .name("station".to_owned())
            .spawn(move || serve(owner, queue))
            .map_err(stopped)?;
        let scale = Scale::new(events.clone(), Arc::new(ScalesHere));
        Ok(Self {
            scale: Arc::new(scale),
            owner: Arc::new(Thread {
                work: Some(work),
                thread: Mutex::new(Some(thread)),
            }),
            events,
            folder,
            line: Arc::default(),
            waiting: Arc::default(),
            working: Arc::default(),
            closing: Arc::default(),
            printers,
            telephone: Arc::default(),
        })
    }

    /// What changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Tells everybody who listens.
    pub(crate) fn tell(&self, event: Event) {
        // Nobody listening is no fault.
        drop(self.events.send(event));
    }

    /// Makes the next key-encryption key and takes it into use. The keeper is asked off the owner's
    /// thread, because a keyring may ask its user for a password.
    ///
    /// # Errors
    /// `not_enrolled`, what the keeper refuses, and the faults of the store; then the old key stays
    /// in use.
    pub async fn rotate_keys(&self) -> Result<(), UiError> {
        let (keeper, id) = self.apply(|owner| owner.next_kek()).await?;
        let keeping = tokio::task::spawn_blocking(move || NextKek::keep(keeper.as_ref(), id));
        let next = keeping
            .await
            .map_err(|_| say(Code::StationStopped, &[]))??;
        self.apply(move |owner| {
            owner.rotate_to(next)?;
            owner.tell(Event::Status);
            Ok(())
        })
        .await
    }

    /// Rotates the key-encryption key when that is due. One that cannot be rotated now stays in use
    /// and hinders nothing.
    pub(crate) async fn rotate_keys_when_due(&self) {
        let rotated = match self.apply(|owner| owner.kek_due()).await {
            Ok(true) => self.rotate_keys().await,
            Ok(false) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = rotated {
            tracing::warn!(
                code = fault.code,
                "the key-encryption key could not be rotated"
            );
        }
    }

    /// Waits until no other contact is going on, and keeps others waiting. What a contact remembers
    /// of its requests belongs to one: two at once would make one refill twice.
    pub(crate) async fn one_contact(&self) -> tokio::sync::MutexGuard<'_, ()> {
        let _waiting = Counted::of(&self.waiting);
        self.line.lock().await
    }

    /// Whether somebody waits until the contact that is going on has ended.
    pub(crate) fn line_is_wanted(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Whether calls that do something are not answered yet.
    pub(crate) fn is_working(&self) -> bool {
        self.working.load(Ordering::SeqCst) > 0
    }

    /// Lets no new work and no contact begin, because the program is about to be replaced. What is
    /// still going on is the answer when it is not: then nothing has changed.
    pub(crate) fn begin_closing(&self) -> Result<(), Busy> {
        if self.closing.begun.swap(true, Ordering::SeqCst) {
            return Err(Busy::Call);
        }
        match Arc::clone(&self.line).try_lock_owned() {
            Ok(line) => {
                let held = self.closing.line.lock();
                *held.unwrap_or_else(PoisonError::into_inner) = Some(line);
                Ok(())
            }
            Err(_) => {
                self.closing.begun.store(false, Ordering::SeqCst);
                Err(Busy::Contact)
            }
        }
    }

    /// Lets work and contacts begin again.
    pub(crate) fn end_closing(&self) {
        self.closing.begun.store(false, Ordering::SeqCst);
        let line = self.closing.line.lock();
        drop(line.unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Begins something that the program must not be replaced in.
    fn begin_work(&self) -> Result<Counted, UiError> {
        let work = Counted::of(&self.working);
        if self.closing.begun.load(Ordering::SeqCst) {
            return Err(say(Code::Updating, &[]));
        }
        Ok(work)
    }

    /// What is remembered of printers.
    pub(crate) const fn printers_in_use(&self) -> &Printers {
        &self.printers
    }

    /// The telephone.
    #[must_use]
    pub const fn telephone(&self) -> &Arc<Telephone> {
        &self.telephone
    }

    /// This station with another telephone: for simulations.
    #[must_use]
    pub fn with_telephone(self, telephone: Telephone) -> Self {
        Self {
            telephone: Arc::new(telephone),
            ..self
        }
    }

    /// The scale.
    pub(crate) const fn scale(&self) -> &Arc<Scale> {
        &self.scale
    }

    /// This station with other scales to choose among: for simulations.
    #[must_use]
    pub fn with_scales(self, instruments: Arc<dyn Instruments>) -> Self {
        Self {
            scale: Arc::new(Scale::new(self.events.clone(), instruments)),
            ..self
        }
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs `work` on the owner's thread and waits for its answer.
    ///
    /// # Errors
    /// `station_stopped` when the owner is gone, and what `work` answers.
    pub async fn apply<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Owner) -> Result<T, UiError> + Send + 'static,
    ) -> Result<T, UiError> {
        let stopped = || say(Code::StationStopped, &[]);
        let (answer, outcome) = oneshot::channel();
        let queue = self.owner.work.as_ref().ok_or_else(stopped)?;
        let sent = queue.send(package(work, answer)).await;
        sent.map_err(|_| stopped())?;
        outcome.await.map_err(|_| stopped())?
    }

    /// As [`Self::apply`], for threads that may wait: a printer's, never a runtime's.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn apply_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Owner) -> Result<T, UiError> + Send + 'static,
    ) -> Result<T, UiError> {
        let stopped = || say(Code::StationStopped, &[]);
        let (answer, outcome) = oneshot::channel();
        let queue = self.owner.work.as_ref().ok_or_else(stopped)?;
        let sent = queue.blocking_send(package(work, answer));
        sent.map_err(|_| stopped())?;
        outcome.blocking_recv().map_err(|_| stopped())?
    }
}

/// Work and the way its answer goes back.
fn package<T: Send + 'static>(
    work: impl FnOnce(&mut Owner) -> Result<T, UiError> + Send + 'static,
    answer: oneshot::Sender<Result<T, UiError>>,
) -> Work {
    Box::new(move |owner| {
        // An asker that went away has lost interest, not changed what happened.
        drop(answer.send(work(owner)));
    })
}

/// The owner's thread.
fn serve(mut owner: Owner, mut queue: mpsc::Receiver<Work>) {
    while let Some(work) = queue.blocking_recv() {
        work(&mut owner);
    }
}

/// Opens a keeper of secrets off the runtime's threads: a keyring may ask its user for a password.
///
/// # Errors
/// What the keeper refuses, for example `no_keyring`.
pub async fn open_keeper(
    choice: SecretsChoice,
    store: StoreId,
) -> Result<Arc<dyn SecretStore>, UiError> {
    let opening = tokio::task::spawn_blocking(move || {
        secrets::open(&choice, store, Patience::UserTold).map(Arc::from)
    });
    match opening.await {
        Ok(keeper) => Ok(keeper?),
        Err(_) => Err(say(Code::StationStopped, &[])),
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
