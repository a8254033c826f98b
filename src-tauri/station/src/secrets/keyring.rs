//! The operating system's keyring.
//!
//! A locked keyring may open a password prompt and block without limit, so every call runs on one
//! dedicated thread and the caller waits with a time-out. A call that hangs keeps that thread; the
//! next calls are refused at once instead of queueing behind it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;

use ::keyring::{Entry, Error};
use zeroize::Zeroizing;

use super::{HighWaterMark, KEY_LENGTH, Kek, KekId, Patience, SecretFault, SecretStore, StoreId};

/// The name the entries stand under.
const APPLICATION: &str = "pennyblack";

/// What the keyring's thread is asked to do with one entry.
enum Verb {
    Load,
    Store(Zeroizing<Vec<u8>>),
    Delete,
}

/// The outcome of a verb; `None` when there is no such entry or nothing to return.
type Outcome = Result<Option<Zeroizing<Vec<u8>>>, Error>;

/// One request to the keyring's thread.
struct Request {
    entry: String,
    verb: Verb,
    answer: SyncSender<Outcome>,
}

/// Keys and mark as entries of the operating system's keyring.
pub struct Keyring {
    store: StoreId,
    requests: SyncSender<Request>,
}

impl Keyring {
    /// Opens the keyring and proves that it answers.
    ///
    /// # Errors
    /// [`SecretFault::NoKeyring`] where there is none, [`SecretFault::KeyringSlow`] when it does
    /// not answer in time.
    pub fn open(store: StoreId, patience: Patience) -> Result<Self, SecretFault> {
        // One slot: the request being worked on; whoever comes while it is stuck is refused.
        let (requests, queue) = sync_channel(1);
        thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || serve(&queue))
            .map_err(|fault| SecretFault::NoKeyring(Error::PlatformFailure(Box::new(fault))))?;
        let keyring = Self { store, requests };
        keyring.ask(keyring.entry("mark"), Verb::Load, patience)?;
        Ok(keyring)
    }

    fn entry(&self, what: &str) -> String {
        format!("{}/{what}", hex::encode(self.store))
    }

    fn key_entry(&self, kek: KekId) -> String {
        self.entry(&format!("key-{kek}"))
    }

    fn ask(
        &self,
        entry: String,
        verb: Verb,
        patience: Patience,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, SecretFault> {
        let timeout = patience.timeout();
        let slow = || SecretFault::KeyringSlow {
            seconds: timeout.as_secs(),
        };
        let (answer, outcome) = sync_channel(1);
        let request = Request {
            entry,
            verb,
            answer,
        };
        match self.requests.try_send(request) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return Err(slow()),
        }
        match outcome.recv_timeout(timeout) {
            Ok(outcome) => outcome.map_err(SecretFault::NoKeyring),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(slow()),
        }
    }
}

impl SecretStore for Keyring {
    fn words(&self) -> String {
        "the operating system's keyring".to_owned()
    }

    fn load_key(&self, kek: KekId, patience: Patience) -> Result<Option<Kek>, SecretFault> {
        let entry = self.key_entry(kek);
        let Some(bytes) = self.ask(entry.clone(), Verb::Load, patience)? else {
            return Ok(None);
        };
        let key = <[u8; KEY_LENGTH]>::try_from(bytes.as_slice());
        let foreign = |_| SecretFault::KeyringEntry {
            entry,
            length: bytes.len(),
        };
        Ok(Some(Kek::from_bytes(key.map_err(foreign)?)))
    }

    fn store_key(&self, kek: KekId, key: &Kek, patience: Patience) -> Result<(), SecretFault> {
        let bytes = Zeroizing::new(key.bytes().to_vec());
        self.ask(self.key_entry(kek), Verb::Store(bytes), patience)?;
        Ok(())
    }

    fn delete_key(&self, kek: KekId) -> Result<(), SecretFault> {
        self.ask(self.key_entry(kek), Verb::Delete, Patience::Background)?;
        Ok(())
    }

    fn load_mark(&self) -> Result<Option<HighWaterMark>, SecretFault> {
        let entry = self.entry("mark");
        let Some(bytes) = self.ask(entry.clone(), Verb::Load, Patience::Background)? else {
            return Ok(None);
        };
        match HighWaterMark::from_bytes(&bytes) {
            Some(mark) => Ok(Some(mark)),
            None => Err(SecretFault::KeyringEntry {
                entry,
                length: bytes.len(),
            }),
        }
    }

    fn store_mark(&self, mark: &HighWaterMark) -> Result<(), SecretFault> {
        let bytes = Zeroizing::new(mark.to_bytes().to_vec());
        self.ask(self.entry("mark"), Verb::Store(bytes), Patience::Background)?;
        Ok(())
    }
}

/// The keyring's thread: works requests off until the keeper is dropped.
fn serve(queue: &Receiver<Request>) {
    while let Ok(request) = queue.recv() {
        let outcome = work(&request.entry, request.verb);
        // The asker may have given up; its answer is then of no use to anybody.
        drop(request.answer.send(outcome));
    }
}

fn work(entry: &str, verb: Verb) -> Outcome {
    if let Err(fault) = Entry::store_status() {
        // The library keeps its first fault for the life of the process and lends it only.
        return Err(Error::PlatformFailure(fault.to_string().into()));
    }
    let entry = Entry::new(APPLICATION, entry)?;
    let outcome = match verb {
        Verb::Load => entry.get_secret().map(|bytes| Some(Zeroizing::new(bytes))),
        Verb::Store(bytes) => entry.set_secret(&bytes).map(|()| None),
        Verb::Delete => entry.delete_credential().map(|()| None),
    };
    match outcome {
        Err(Error::NoEntry) => Ok(None),
        other => other,
    }
}
