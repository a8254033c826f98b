//! The other side of the private socket: asking the owner of a data folder.

use std::path::{Path, PathBuf};

use interprocess::local_socket::tokio::{Stream, prelude::*};
use tokio::io::BufReader;
use tokio::sync::broadcast;

use super::place;
use super::wire::{Reply, Request, read, write};
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
    events: broadcast::Sender<Event>,
}

impl Client {
    /// Finds the owner of `folder`; `None` when none answers.
    pub async fn connect(folder: &Path) -> Option<Self> {
        let stream = open(folder).await?;
        let (events, _) = broadcast::channel(EVENTS);
        tokio::spawn(listen(stream, events.clone()));
        Some(Self {
            folder: folder.to_owned(),
            events,
        })
    }

    /// Asks the owner; `news` hears what changes meanwhile.
    ///
    /// # Errors
    /// The station's own refusals and faults; `station_stopped` when the owner ends meanwhile.
    pub async fn call(&self, call: Call, mut news: impl FnMut(Event)) -> Result<View, UiError> {
        let stopped = || say(Code::StationStopped, &[]);
        let stream = open(&self.folder).await.ok_or_else(stopped)?;
        let mut writer = &stream;
        let request = Request::Call(Box::new(call));
        let sent = write(&mut writer, &request).await;
        sent.map_err(|_| stopped())?;
        let mut reader = BufReader::new(&stream);
        loop {
            match read(&mut reader).await {
                Ok(Some(Reply::Event(event))) => news(event),
                Ok(Some(Reply::View(view))) => return Ok(view),
                Ok(Some(Reply::Error(error))) => return Err(error),
                Ok(None) | Err(_) => return Err(stopped()),
            }
        }
    }

    /// A door to the owner's station.
    #[must_use]
    pub fn door(&self) -> Door {
        let (client, events) = (self.clone(), self.events.clone());
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

/// Passes the owner's events on until either side ends.
async fn listen(stream: Stream, events: broadcast::Sender<Event>) {
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
