//! The other side of the private socket: asking the owner of a data folder.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use interprocess::local_socket::tokio::{Stream, prelude::*};
use tokio::io::BufReader;
use tokio::sync::broadcast;

use super::place;
use super::wire::{Reply, Request, WireFault, read, write};
use crate::api::{Call, Event, UiError, View};
use crate::door::Door;
use crate::messages::{Code, say};

/// Events a page may lag behind.
const EVENTS: usize = 256;

/// A way to the owner of a data folder. Every call is a line of its own, so that calls do not wait
/// for each other.
#[derive(Clone)]
pub struct Client {
    folder: PathBuf,
    /// The line that the owner was found by, until the first call takes it.
    first: Arc<Mutex<Option<Stream>>>,
}

impl Client {
    /// Finds the owner of `folder`; `None` when none answers.
    pub async fn connect(folder: &Path) -> Option<Self> {
        let stream = open(folder).await?;
        Some(Self {
            folder: folder.to_owned(),
            first: Arc::new(Mutex::new(Some(stream))),
        })
    }

    /// Asks the owner; `news` hears what changes meanwhile.
    ///
    /// # Errors
    /// The station's own refusals and faults; `owner_gone` when the owner has ended and the call was
    /// not carried out, `answer_lost` when nobody knows whether it was, and `answer_not_read` when it
    /// answered what this program does not read.
    pub async fn call(&self, call: Call, mut news: impl FnMut(Event)) -> Result<View, UiError> {
        let stream = match self.first_line() {
            Some(stream) => stream,
            None => open(&self.folder).await.ok_or_else(gone)?,
        };
        let mut writer = &stream;
        let request = Request::Call(Box::new(call));
        // The owner takes no half a call.
        write(&mut writer, &request).await.map_err(|_| gone())?;
        let mut reader = BufReader::new(&stream);
        let mut unanswered = gone();
        loop {
            match read(&mut reader).await {
                Ok(Some(Reply::Taken)) => unanswered = lost(),
                Ok(Some(Reply::Event(event))) => news(event),
                Ok(Some(Reply::View(view))) => return Ok(view),
                Ok(Some(Reply::Error(error))) => return Err(error),
                Ok(None) | Err(WireFault::Broken(_)) => return Err(unanswered),
                // It answered, with what this program does not read.
                Err(WireFault::TooLong | WireFault::NotAMessage(_)) => {
                    return Err(say(Code::AnswerNotRead, &[]));
                }
            }
        }
    }

    fn first_line(&self) -> Option<Stream> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.take()
    }

    /// A door to the owner's station.
    #[must_use]
    pub fn door(&self) -> Door {
        let (events, _) = broadcast::channel(EVENTS);
        tokio::spawn(listen(self.folder.clone(), events.clone()));
        let client = self.clone();
        Door::new(
            move |call| {
                let client = client.clone();
                async move { client.call(call, |_| {}).await }
            },
            move || events.subscribe(),
        )
    }
}

async fn open(folder: &Path) -> Option<Stream> {
    Stream::connect(place::name(folder).ok()?).await.ok()
}

/// The owner has ended before it took the call.
pub(super) fn gone() -> UiError {
    say(Code::OwnerGone, &[])
}

/// The owner has taken the call and ended before it answered.
pub(super) fn lost() -> UiError {
    say(Code::AnswerLost, &[])
}

/// Passes the owner's events on until either side ends.
async fn listen(folder: PathBuf, events: broadcast::Sender<Event>) {
    let Some(stream) = open(&folder).await else {
        return;
    };
    let mut writer = &stream;
    if write(&mut writer, &Request::Listen).await.is_err() {
        return;
    }
    let mut reader = BufReader::new(&stream);
    while let Ok(Some(Reply::Event(event))) = read(&mut reader).await {
        // Nobody listening yet is no fault.
        drop(events.send(event));
    }
}
