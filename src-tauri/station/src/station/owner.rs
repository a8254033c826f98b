//! The single owner of the station's state: store, vault, keys and editions. It lives on one
//! thread; everybody else asks it through [`super::Station`].

mod chain;
mod rotation;

use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use shared::clock::UnixSeconds;
use shared::ids::VaultId;
use shared::vault::{Action, Enrolment, Step, Vault, VaultState};
use tokio::sync::broadcast;

use super::editions::Shelf;
use super::meeting::Meeting;
use super::{Clock, faults, names};
use crate::api::{Event, PieceState, SecretsChoice, UiError};
use crate::messages::{Code, say};
use crate::owner::FolderLock;
use crate::printing::art::PieceArt;
use crate::secrets::{self, MarkWriter, Patience, SecretStore, StoreId};
use crate::services::software::{LineFeel, Program};
use crate::store::{Store, Tx, note_founding};
use crate::users::Sessions;
use crate::vault::credentials::Credentials;
use crate::vault::draft::{Drawing, draw};
use crate::vault::piece::{Happening, next};

pub(crate) use chain::Broken;
pub(super) use rotation::KEK_DAYS;
pub use rotation::NextKek;

/// The first key-encryption key's number.
const FIRST_KEK: u16 = 1;

/// Who does what the station does by itself, in the journal.
pub const STATION_USER: &str = "station";

/// Who does what the person at the station asks for, in the journal.
pub const CLERK_USER: &str = "clerk";

/// Pieces whose end is kept in mind at most: while the disk is full, few are paid for.
const UNNOTED_MAX: usize = 1_000;

/// What became of a piece and could not be written down.
#[derive(Clone, Debug)]
pub(crate) struct Unnoted {
    pub(crate) counter: u32,
    pub(crate) happenings: &'static [Happening],
    pub(crate) message: Option<String>,
}

/// The keeper of secrets and the writer of its high-water mark.
struct Keeper {
    store: Arc<dyn SecretStore>,
    marks: MarkWriter,
}

/// The station's state and its one owner.
pub struct Owner {
    store: Store,
    keeper: Option<Keeper>,
    vault: Option<Vault>,
    credentials: Option<Arc<Credentials>>,
    pub(super) shelf: Shelf,
    clock: Clock,
    events: broadcast::Sender<Event>,
    pub(super) meeting: Meeting,
    sessions: Sessions,
    /// How often the clerk stopped batches: one that started at another count ends.
    batch_stops: u64,
    drawing: Drawing,
    /// What the office prints beside its postage.
    pub(super) art: Option<PieceArt>,
    /// The program that runs.
    program: Program,
    /// How the line fares with packages of software.
    software_line: LineFeel,
    /// What became of pieces and is not written down yet, because the disk was full. A crash before
    /// that leaves them to [`Self::settle`], which knows less, never more.
    unnoted: Vec<Unnoted>,
    // Last: it is released when all else is closed.
    lock: FolderLock,
}

impl Owner {
    /// Opens the state in the locked folder. An enrolled station fetches its key, compares vault, journal
    /// and high-water mark, and settles what a crash left under way.
    ///
    /// # Errors
    /// Every refusal of a store that does not start.
    pub(super) fn open(
        lock: FolderLock,
        clock: Clock,
        events: broadcast::Sender<Event>,
        program: Program,
    ) -> Result<Self, UiError> {
        let store = Store::open(lock.folder())?;
        let mut owner = Self {
            shelf: Shelf::of(&store)?,
            art: super::office_art::current(&store)?,
            store,
            keeper: None,
            vault: None,
            credentials: None,
            clock,
            events,
            meeting: Meeting::default(),
            sessions: Sessions::default(),
            batch_stops: 0,
            drawing: draw,
            program,
            software_line: LineFeel::default(),
            unnoted: Vec::new(),
            lock,
        };
        if let Some(kek_id) = owner.store.wrapping_kek()? {
            owner.unlock(kek_id)?;
        }
        // What a release came to is worth no closed counter.
        if let Err(fault) = crate::services::software::settle(&mut owner) {
            tracing::warn!(code = fault.code, "what a trial came to was not noted");
        }
        Ok(owner)
    }

    /// Fetches the key of a store that has one, and starts it.
    fn unlock(&mut self, kek_id: u16) -> Result<(), UiError> {
        let damaged = || say(Code::DamagedStore, &[("what", "where its key is kept")]);
        let choice = self.store.setting(names::SECRETS)?.ok_or_else(damaged)?;
        let choice: SecretsChoice = serde_json::from_str(&choice).map_err(|_| damaged())?;
        let keeper = secrets::open(&choice, self.store.id(), Patience::UserTold)?;
        let missing = || say(Code::SecretsMissing, &[("place", &keeper.words())]);
        let kek = keeper.load_key(kek_id, Patience::UserTold)?;
        let kek = kek.ok_or_else(missing)?;
        let mark = keeper.load_mark()?.ok_or_else(missing)?;
        self.store.unlock(kek_id, kek)?;
        self.store.check_mark(&mark)?;
        self.vault = self.store.vault()?;
        if self.vault.is_some()
            && let Err(fault) = note_founding(self.folder())
        {
            // Tried again at the next start.
            tracing::warn!("that there is a vault was not noted: {fault}");
        }
        let keeper: Arc<dyn SecretStore> = Arc::from(keeper);
        let marks = MarkWriter::start(Arc::clone(&keeper), mark)?;
        self.keeper = Some(Keeper {
            store: keeper,
            marks,
        });
        self.settle()?;
        self.retire_old_keks();
        self.rotate_when_due();
        Ok(())
    }

    /// Settles what the last run left under way: what may have met ink is unknown, what cannot
    /// have is not printed.
    fn settle(&mut self) -> Result<(), UiError> {
        let under_way = [PieceState::Prepared, PieceState::Sending, PieceState::Sent];
        self.store.write("settling pieces at the start", |tx| {
            for state in under_way {
                for piece in tx.pieces_in(state)? {
                    let Ok(to) = next(state, Happening::Restart) else {
                        continue;
                    };
                    let message = "the program stopped before the piece was done";
                    tx.move_piece(&piece, to, Some(message))?;
                }
            }
            Ok::<(), UiError>(())
        })
    }

    /// Makes the first key with an opened keeper and seals the store under it. Safe to repeat: a
    /// store that has its key stays as it is.
    ///
    /// The keeper is opened by [`super::open_keeper`] off this thread, because a keyring may ask
    /// its user for a password.
    ///
    /// # Errors
    /// What the keeper and the store refuse; then nothing has changed but a key that seals
    /// nothing.
    pub fn seal_with(
        &mut self,
        choice: &SecretsChoice,
        keeper: Arc<dyn SecretStore>,
    ) -> Result<(), UiError> {
        if self.store.is_unlocked() {
            return Ok(());
        }
        let next = NextKek::keep(keeper.as_ref(), FIRST_KEK)?;
        let mark = self.store.mark();
        keeper.store_mark(&mark)?;
        let text = choice_text(choice);
        let now = self.now();
        self.store.write("choosing a keeper of secrets", |tx| {
            tx.put_setting(names::SECRETS, &text)?;
            rotation::put_since(tx, now, 0)
        })?;
        let (id, kek) = next.into_parts();
        self.store.unlock(id, kek)?;
        let marks = MarkWriter::start(Arc::clone(&keeper), mark)?;
        self.keeper = Some(Keeper {
            store: keeper,
            marks,
        });
        Ok(())
    }

    /// Makes the vault of an enrolment, together with what `also` writes, in one transaction.
    ///
    /// # Errors
    /// `already_enrolled`, and what store and `also` refuse; then nothing has changed.
    pub fn found(
        &mut self,
        id: VaultId,
        enrolment: Enrolment,
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), UiError>,
    ) -> Result<(), UiError> {
        if let Some(vault) = &self.vault {
            let station = vault.psd().to_string();
            return Err(say(Code::AlreadyEnrolled, &[("station", &station)]));
        }
        let step = Vault::enrol(id, enrolment, self.now(), STATION_USER)
            .map_err(|refusal| self.refused(refusal, ""))?;
        // A crash before the commit leaves a note about a database that is there: no harm.
        note_founding(self.folder()).map_err(|fault| {
            say(
                Code::CannotWrite,
                &[
                    ("path", &self.folder().display().to_string()),
                    ("reason", &faults::chain(&fault)),
                ],
            )
        })?;
        self.store.write("enrolling", |tx| {
            tx.adopt_vault(id)?;
            tx.append(&step)?;
            tx.save_vault(&step.vault)?;
            also(tx)
        })?;
        self.took_place(&[step]);
        Ok(())
    }

    /// Tries a transition of the vault and commits it together with what `also` writes.
    ///
    /// # Errors
    /// The vault's refusal, and what store and `also` refuse; then nothing has changed.
    pub fn act(
        &mut self,
        action: &Action,
        user: &str,
        also: impl FnOnce(&mut Tx<'_>, &Vault) -> Result<(), UiError>,
    ) -> Result<(), UiError> {
        let vault = self.enrolled()?;
        let step = vault
            .act(action, self.now(), user)
            .map_err(|refusal| self.refused(refusal, ""))?;
        self.store.write("a transition of the vault", |tx| {
            tx.append(&step)?;
            tx.save_vault(&step.vault)?;
            also(tx, &step.vault)
        })?;
        self.took_place(&[step]);
        Ok(())
    }

    /// Commits steps that were tried before, with what `also` writes, in one transaction.
    ///
    /// # Errors
    /// What store and `also` refuse; then nothing has changed.
    pub fn commit(
        &mut self,
        steps: &[Step],
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), UiError>,
    ) -> Result<(), UiError> {
        let Some(last) = steps.last() else {
            return Ok(());
        };
        self.store.write("paying for pieces", |tx| {
            for step in steps {
                tx.append(step)?;
            }
            tx.save_vault(&last.vault)?;
            also(tx)
        })?;
        self.took_place(steps);
        Ok(())
    }

    /// What follows a commit in memory: the new vault, the mark, the news.
    fn took_place(&mut self, steps: &[Step]) {
        let Some(last) = steps.last() else {
            return;
        };
        let same_grant = self
            .vault
            .as_ref()
            .is_some_and(|before| before.grant() == last.vault.grant());
        let ended = last.vault.state(last.record.time) == VaultState::Withdrawn;
        if !same_grant || ended {
            self.credentials = None;
        }
        self.vault = Some(last.vault.clone());
        if let Some(keeper) = &self.keeper {
            keeper.marks.note(self.store.mark());
        }
        self.tell(Event::Status);
    }

    /// Writes readable settings and other rows that change no register.
    ///
    /// # Errors
    /// What the store and `work` refuse; then nothing has changed.
    pub fn write<T>(
        &mut self,
        what: &'static str,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, UiError>,
    ) -> Result<T, UiError> {
        self.store.write(what, work)
    }

    /// Writes the high-water mark now: at each contact and at exit.
    ///
    /// # Errors
    /// What the keeper of secrets says.
    pub fn flush_mark(&self) -> Result<(), UiError> {
        match &self.keeper {
            Some(keeper) => Ok(keeper.marks.flush()?),
            None => Ok(()),
        }
    }

    /// The store, for reading.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.lock.folder()
    }

    /// The store's identity, for [`super::open_keeper`].
    #[must_use]
    pub const fn store_id(&self) -> StoreId {
        self.store.id()
    }

    /// The vault; `None` before the enrolment.
    #[must_use]
    pub const fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    /// The vault of an enrolled station.
    ///
    /// # Errors
    /// `not_enrolled`.
    pub fn enrolled(&self) -> Result<&Vault, UiError> {
        self.vault
            .as_ref()
            .ok_or_else(|| say(Code::NotEnrolled, &[]))
    }

    /// Where the secrets are kept, in words.
    #[must_use]
    pub fn secrets_words(&self) -> Option<String> {
        self.keeper.as_ref().map(|keeper| keeper.store.words())
    }

    /// The time: never before what the vault has seen.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        let wall = self.clock.now();
        self.vault
            .as_ref()
            .map_or(wall, |vault| wall.max(vault.seen()))
    }

    /// What this computer's clock says now; it may have been set back.
    pub(crate) fn wall_clock(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// Today by the station's own calendar.
    #[must_use]
    pub fn today(&self) -> Date {
        self.clock.day_of(self.now())
    }

    /// Its clock and calendar.
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What the clock on the wall shows.
    #[must_use]
    pub fn local(&self) -> DateTime {
        self.clock.local(self.now())
    }

    /// The program that runs.
    #[must_use]
    pub const fn program(&self) -> Program {
        self.program
    }

    /// How the line fares with packages of software.
    pub const fn software_line(&mut self) -> &mut LineFeel {
        &mut self.software_line
    }

    /// How labels are drawn.
    pub(crate) const fn drawing(&self) -> Drawing {
        self.drawing
    }

    /// Draws labels in another way from now on: for programs that measure one that never changes,
    /// or damage one. What is paid for must still read back, and pieces paid for before are not
    /// released any more, because they come out differently.
    pub fn draw_by(&mut self, drawing: Drawing) {
        self.drawing = drawing;
    }

    /// Who is signed in.
    pub(crate) const fn sessions(&mut self) -> &mut Sessions {
        &mut self.sessions
    }

    /// Keeps in mind what became of a piece, to be written down when there is space again.
    pub(crate) fn keep_in_mind(&mut self, unnoted: Unnoted) {
        if self.unnoted.len() < UNNOTED_MAX {
            self.unnoted.push(unnoted);
        }
    }

    /// Writes down what is kept in mind, as far as the disk takes it. Asked for before anything
    /// looks at pieces or pays for one.
    pub(crate) fn note_what_is_known(&mut self) {
        for unnoted in std::mem::take(&mut self.unnoted) {
            let message = unnoted.message.as_deref();
            match self.happened(unnoted.counter, unnoted.happenings, message) {
                Err(error) if error.code == Code::DiskFull.name() => self.keep_in_mind(unnoted),
                // Anything else than a full disk stays so: the piece waits for the next start.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// How often batches were stopped. A batch asks before each chunk.
    pub(crate) const fn batch_stops(&self) -> u64 {
        self.batch_stops
    }

    /// Stops every batch that runs now.
    pub(super) fn stop_batches(&mut self) {
        self.batch_stops = self.batch_stops.saturating_add(1);
    }

    /// Tells everybody who listens.
    pub fn tell(&self, event: Event) {
        // Nobody listening is no fault.
        drop(self.events.send(event));
    }

    /// The key of the grant in force with its certificate chain.
    ///
    /// # Errors
    /// `not_enrolled`, `never_refilled`, and `damaged_store` when key or chain do not fit.
    pub fn credentials(&mut self) -> Result<Arc<Credentials>, UiError> {
        if let Some(credentials) = &self.credentials {
            return Ok(Arc::clone(credentials));
        }
        let grant = self.enrolled()?.grant();
        let grant = grant.ok_or_else(|| say(Code::NeverRefilled, &[]))?;
        let credentials = Arc::new(Credentials::load(&self.store, &grant.key)?);
        self.credentials = Some(Arc::clone(&credentials));
        Ok(credentials)
    }

    /// Whom to ring, in words.
    pub(crate) fn support(&self) -> String {
        let contact = self.store.setting(names::SUPPORT_CONTACT).ok().flatten();
        contact
            .filter(|contact| !contact.is_empty())
            .unwrap_or_else(|| "your admin".to_owned())
    }

    /// A refusal of the vault as a person reads it.
    pub(crate) fn refused(&self, refusal: shared::vault::VaultRefusal, postage: &str) -> UiError {
        let left = self.vault.as_ref().map_or_else(String::new, |vault| {
            vault.registers().descending().to_string()
        });
        faults::vault_refused(refusal, postage, &left, &self.support())
    }
}

fn choice_text(choice: &SecretsChoice) -> String {
    serde_json::to_string(choice).expect("a choice is strings")
}
