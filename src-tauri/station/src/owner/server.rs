//! The owner's side of the private socket.

use std::sync::Arc;

use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use tokio::io::BufReader;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};

use super::going::{Calls, Going};
use super::place;
use super::wire::{Reply, Request, WireFault, read, write};
use crate::api::{Call, Event, UiError, View};
use crate::contact::standing::Standing;
use crate::door::Door;
use crate::messages::{Code, say};
use crate::station::Station;

/// Clients at once; more wait until one is done.
const MAX_CLIENTS: usize = 16;

/// Pages that hear of changes at once. They stay for hours and keep no client waiting.
const MAX_LISTENERS: usize = 64;

/// The owner of a data folder with its private socket.
pub struct Server {
    station: Station,
    task: JoinHandle<()>,
    calls: Calls,
    standing: Option<Standing>,
}

impl Server {
    /// Serves `station` on the socket of its folder, whose lock it holds.
    ///
    /// # Errors
    /// `folder_unusable` when the socket cannot be made.
    pub fn start(station: Station) -> Result<Self, UiError> {
        let listener = listen(&station).map_err(|fault| {
            say(
                Code::FolderUnusable,
                &[
                    ("folder", &station.folder().display().to_string()),
                    ("reason", &fault.to_string()),
                ],
            )
        })?;
        let calls = Calls::default();
        let task = tokio::spawn(serve(station.clone(), listener, calls.clone()));
        Ok(Self {
            station,
            task,
            calls,
            standing: None,
        })
    }

    /// Keeps a contact with the data center open for as long as it serves: a window is there.
    pub fn stand(&mut self) {
        self.standing = Some(self.station.stand());
    }

    /// The station.
    #[must_use]
    pub const fn station(&self) -> &Station {
        &self.station
    }

    /// Asks the station; `news` hears what changes meanwhile.
    ///
    /// # Errors
    /// The station's own refusals and faults.
    pub async fn call(&self, call: Call, mut news: impl FnMut(Event)) -> Result<View, UiError> {
        let mut events = self.station.subscribe();
        let answer = self.station.call(call);
        tokio::pin!(answer);
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return answer,
                event = events.recv() => match event {
                    Ok(event) => news(event),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return answer.await,
                },
            }
        }
    }

    /// A door to the station.
    #[must_use]
    pub fn door(&self) -> Door {
        let (asked, heard) = (self.station.clone(), self.station.clone());
        Door::new(
            move |call| {
                let station = asked.clone();
                async move { station.call(call).await }
            },
            move || heard.subscribe(),
        )
    }

    /// Answers the other programs whose calls are going on, stops serving, finishes the owner's work
    /// and writes the high-water mark.
    ///
    /// A call that was taken is answered: who asked may have paid. One that was not taken finds the
    /// next owner.
    pub async fn close(self) {
        let Self {
            station,
            task,
            calls,
            standing,
        } = self;
        if let Some(standing) = standing {
            standing.end().await;
        }
        calls.see_out(&station).await;
        // Nobody is left on the telephone, whoever used it.
        station.telephone().end().await;
        task.abort();
        // Aborted on purpose, with its clients: none is in a call that goes on.
        drop(task.await);
        // The last handle waits for the owner's thread.
        drop(tokio::task::spawn_blocking(move || drop(station)).await);
    }
}

fn listen(station: &Station) -> std::io::Result<Listener> {
    place::prepare(station.folder())?;
    let name = place::name(station.folder())?;
    let listener = ListenerOptions::new().name(name).create_tokio()?;
    place::close_to_others(station.folder())?;
    Ok(listener)
}

async fn serve(station: Station, listener: Listener, calls: Calls) {
    let room = Arc::new(Semaphore::new(MAX_CLIENTS));
    let gallery = Arc::new(Semaphore::new(MAX_LISTENERS));
    let mut clients = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        calls.while_paused().await;
        match listener.accept().await {
            Ok(stream) => {
                let client = Client {
                    station: station.clone(),
                    stream,
                    calls: calls.clone(),
                    place,
                    gallery: Arc::clone(&gallery),
                };
                clients.spawn(async move {
                    if let Err(fault) = client.answer().await {
                        tracing::debug!("a client of the private socket left: {fault}");
                    }
                });
            }
            Err(fault) => {
                tracing::warn!("accepting a client of the private socket: {fault}");
                tokio::time::sleep(super::LOOK_AGAIN).await;
            }
        }
        while clients.try_join_next().is_some() {}
    }
}

/// One client of the socket.
struct Client {
    station: Station,
    stream: Stream,
    calls: Calls,
    /// Among those who ask.
    place: OwnedSemaphorePermit,
    /// Room for those who listen.
    gallery: Arc<Semaphore>,
}

impl Client {
    /// Answers until the client is done.
    async fn answer(self) -> Result<(), WireFault> {
        let mut reader = BufReader::new(&self.stream);
        let mut writer = &self.stream;
        loop {
            match read(&mut reader).await {
                Ok(None) => return Ok(()),
                Ok(Some(Request::Call(call))) => {
                    // A line that ends without a word says that the call was not taken.
                    let Some(going) = self.calls.begin() else {
                        return Ok(());
                    };
                    answer_call(&self.station, *call, &mut writer, going).await?;
                }
                Ok(Some(Request::Listen)) => {
                    let Ok(seat) = self.gallery.try_acquire_owned() else {
                        return Ok(());
                    };
                    drop(self.place);
                    let told = tell(&self.station, &mut writer).await;
                    drop(seat);
                    return told;
                }
                Err(fault @ (WireFault::TooLong | WireFault::NotAMessage(_))) => {
                    let reason = fault.to_string();
                    let error = say(Code::BadCall, &[("reason", &reason)]);
                    write(&mut writer, &Reply::Error(error)).await?;
                    return Err(fault);
                }
                Err(fault @ WireFault::Broken(_)) => return Err(fault),
            }
        }
    }
}

/// Carries a call out and answers it, while it counts as `going`.
async fn answer_call(
    station: &Station,
    call: Call,
    writer: &mut &Stream,
    going: Going,
) -> Result<(), WireFault> {
    write(writer, &Reply::Taken).await?;
    let mut events = station.subscribe();
    let answer = station.call(call);
    tokio::pin!(answer);
    loop {
        let reply = tokio::select! {
            biased;
            answer = &mut answer => match answer {
                Ok(view) => Reply::View(view),
                Err(error) => Reply::Error(error),
            },
            event = events.recv() => match event {
                Ok(event) => Reply::Event(event),
                Err(RecvError::Lagged(_) | RecvError::Closed) => continue,
            },
        };
        let done = !matches!(reply, Reply::Event(_));
        write(writer, &reply).await?;
        if done {
            drop(going);
            return Ok(());
        }
    }
}

/// Tells a client what changes until it leaves.
async fn tell(station: &Station, writer: &mut &Stream) -> Result<(), WireFault> {
    let mut events = station.subscribe();
    loop {
        match events.recv().await {
            Ok(event) => write(writer, &Reply::Event(event)).await?,
            // What was missed is unknown: the client asks for everything anew.
            Err(RecvError::Lagged(_)) => write(writer, &Reply::Event(Event::Status)).await?,
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}
