//! A door that outlasts the owner of the data folder behind it.
//!
//! A window may find the folder owned by a command that ends a second later. It then becomes the
//! owner itself, at the next call, without its clerk noticing.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{Mutex, RwLock};
use tokio::task::JoinHandle;

use super::Door;
use crate::api::{Call, Event, UiError, View};
use crate::messages::{Code, say};
use crate::owner::{Reach, may_be_repeated, reach_for};
use crate::services::software::prove::Unfit;
use crate::services::software::{Package, Program, Readiness};

/// Events a page may lag behind; it then looks at everything again.
const EVENTS: usize = 256;

/// A way to the station of one data folder, for as long as a window or a bridge runs.
#[derive(Clone)]
pub struct Lasting(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    program: Program,
    /// Whether another program is about to own the folder: it is not opened here any more.
    handed_over: AtomicBool,
    events: broadcast::Sender<Event>,
    behind: RwLock<Option<Behind>>,
    /// Held while the station is reached, so that two calls do not open it twice.
    reaching: Mutex<()>,
}

/// What stands behind the door now.
struct Behind {
    reach: Reach,
    door: Door,
    events: JoinHandle<()>,
}

impl Lasting {
    /// Makes a door to the station of `folder`. Nothing is opened before the first call, so that a
    /// refusal of the store is an answer that a window can show.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self::of(folder, Program::BESIDE)
    }

    /// As [`Self::new`], for a program that is updated by itself.
    #[must_use]
    pub fn of(folder: PathBuf, program: Program) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        Self(Arc::new(Inner {
            folder,
            program,
            handed_over: AtomicBool::new(false),
            events,
            behind: RwLock::new(None),
            reaching: Mutex::new(()),
        }))
    }

    /// The door.
    #[must_use]
    pub fn door(&self) -> Door {
        let (asked, heard) = (Arc::clone(&self.0), Arc::clone(&self.0));
        Door::new(
            move |call| {
                let inner = Arc::clone(&asked);
                async move { inner.ask(call).await }
            },
            move || heard.events.subscribe(),
        )
    }

    /// A package of software to be installed now, where this process is the station's owner and nobody
    /// is served. From then on the station refuses new work, until [`Self::close`] or
    /// [`Self::give_up_software`].
    pub async fn prepare_software(&self) -> Option<Package> {
        let station = self.0.own_station().await?;
        match station.prepare_software().await {
            Ok(Readiness::Now(package)) => Some(package),
            Ok(Readiness::Nothing) => None,
            Ok(Readiness::Waits(hold)) => {
                tracing::debug!(why = hold.words(), "a release waits");
                None
            }
            Err(fault) => {
                tracing::warn!(
                    code = fault.code,
                    "whether a release may be installed is unknown"
                );
                None
            }
        }
    }

    /// Whether a package that was prepared may still be installed.
    pub async fn is_still_ready(&self, package: &Package) -> bool {
        match self.0.own_station().await {
            Some(station) => station.is_still_ready(package).await,
            None => false,
        }
    }

    /// Takes work again: the package is not installed after all. Why is noted: one that is unfit is
    /// not tried again, one that could not be tried is on another day.
    pub async fn give_up_software(&self, package: &Package, why: Option<Unfit>) {
        let Some(station) = self.0.own_station().await else {
            return;
        };
        let noted = match why {
            None => Ok(()),
            Some(Unfit::Release(reason)) => station.refuse_software(package.version, reason).await,
            Some(Unfit::NotTried(reason)) => {
                station.put_off_software(package.version, reason).await
            }
        };
        if let Err(fault) = noted {
            tracing::warn!(
                code = fault.code,
                "why a release was not installed could not be noted"
            );
        }
        station.give_up_software();
    }

    /// Takes in what the trial of this program came to.
    pub async fn settle_software(&self) {
        if let Some(station) = self.0.own_station().await
            && let Err(fault) = station.settle_software().await
        {
            tracing::warn!(code = fault.code, "what a trial came to could not be noted");
        }
    }

    /// As [`Self::close`], for another program that takes the folder over: no call opens the station
    /// here again, until [`Self::take_back`].
    pub async fn hand_over(&self) {
        self.0.handed_over.store(true, Ordering::SeqCst);
        self.close().await;
    }

    /// Nobody took the folder over, because the package could not be installed: the station is opened
    /// again and notes why.
    pub async fn take_back(&self, package: &Package, why: Unfit) {
        self.0.handed_over.store(false, Ordering::SeqCst);
        match self.0.reached().await {
            Ok(_) => self.give_up_software(package, Some(why)).await,
            // The next call says it to whoever asks.
            Err(fault) => tracing::error!(code = fault.code, "the station does not open again"),
        }
    }

    /// Finishes the station's work and writes the high-water mark, if this process is the owner.
    pub async fn close(&self) {
        let behind = self.0.behind.write().await.take();
        if let Some(Behind {
            reach,
            door,
            events,
        }) = behind
        {
            events.abort();
            // The station ends with its last handle, and the door holds one.
            drop(door);
            reach.close().await;
        }
    }
}

impl Inner {
    async fn ask(&self, call: Call) -> Result<View, UiError> {
        let again = call.clone();
        let answer = self.reached().await?.ask(call).await;
        let Err(error) = answer else { return answer };
        let gone = error == say(Code::OwnerGone, &[]);
        let lost = gone || error == say(Code::AnswerLost, &[]);
        if !lost || !self.forget_other().await {
            return Err(error);
        }
        // What may have moved money is for the clerk to look at, never for us to repeat.
        if gone || may_be_repeated(&again) {
            self.reached().await?.ask(again).await
        } else {
            Err(error)
        }
    }

    /// The door to the station, which is opened or found first where that was not done yet.
    async fn reached(&self) -> Result<Door, UiError> {
        let _alone = self.reaching.lock().await;
        if let Some(behind) = &*self.behind.read().await {
            return Ok(behind.door.clone());
        }
        if self.handed_over.load(Ordering::SeqCst) {
            return Err(say(Code::Updating, &[]));
        }
        let mut reach = reach_for(&self.folder, self.program).await?;
        if let Reach::Own(server) = &mut reach {
            server.stand();
        }
        let door = reach.door();
        let events = tokio::spawn(pass_on(door.listen(), self.events.clone()));
        let behind = Behind {
            reach,
            door: door.clone(),
            events,
        };
        *self.behind.write().await = Some(behind);
        Ok(door)
    }

    /// The station, when this process is its owner.
    async fn own_station(&self) -> Option<crate::station::Station> {
        match &self.behind.read().await.as_ref()?.reach {
            Reach::Own(server) => Some(server.station().clone()),
            Reach::Other(_) => None,
        }
    }

    /// Lets go of another process that ended; `false` when this process is the owner.
    async fn forget_other(&self) -> bool {
        let mut behind = self.behind.write().await;
        if matches!(
            &*behind,
            Some(Behind {
                reach: Reach::Own(_),
                ..
            })
        ) {
            return false;
        }
        if let Some(gone) = behind.take() {
            gone.events.abort();
        }
        // Nobody listening yet is no fault.
        drop(self.events.send(Event::Status));
        true
    }
}

async fn pass_on(mut heard: broadcast::Receiver<Event>, events: broadcast::Sender<Event>) {
    loop {
        let event = match heard.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => Event::Status,
            Err(RecvError::Closed) => return,
        };
        // Nobody listening yet is no fault.
        drop(events.send(event));
    }
}

#[cfg(test)]
mod tests {
    use super::Lasting;
    use crate::api::{Call, View};

    async fn is_enrolled(lasting: &Lasting) -> bool {
        let View::Status(status) = lasting.door().ask(Call::Status).await.unwrap() else {
            panic!("status answers with a status");
        };
        status.enrolled
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_window_beside_another_owner_takes_over_when_that_one_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lasting::new(folder.path().to_owned());
        let second = Lasting::new(folder.path().to_owned());
        assert!(!is_enrolled(&first).await);
        assert!(!is_enrolled(&second).await);
        first.close().await;
        assert!(!is_enrolled(&second).await);
        second.close().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn calls_at_once_open_the_station_once() {
        let folder = tempfile::tempdir().unwrap();
        let lasting = Lasting::new(folder.path().to_owned());
        let (one, other) = tokio::join!(is_enrolled(&lasting), is_enrolled(&lasting));
        assert!(!one && !other);
        lasting.close().await;
    }
}
