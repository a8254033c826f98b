//! One owner of a data folder.
//!
//! Whoever holds the folder's lock opens the station and serves a private socket with the same
//! calls; everybody else asks over that socket. So a command works beside the open window.

mod client;
mod going;
mod lock;
mod place;
mod server;
mod wire;

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::api::{Call, Event, UiError, View};
use crate::door::Door;
use crate::messages::{Code, say};
use crate::services::software::Program;
use crate::station::{Clock, Station};

pub use client::Client;
pub use lock::FolderLock;
#[cfg(unix)]
pub(crate) use place::private_socket;
pub use server::Server;

/// How long to wait for an owner that is just starting or just ending.
const OWNER_PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at lock and socket.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How often an owner that ends at that moment is met in one call before it is given up.
const MAX_ENDING_OWNERS: u32 = 100;

/// A way to the station of a data folder.
pub enum Reach {
    /// This process owns the folder and serves its socket.
    Own(Server),
    /// Another process does.
    Other(Client),
}

/// Reaches the station of `folder`: opens it when nobody has, asks its owner otherwise.
///
/// # Errors
/// The refusals of a store that does not start; `folder_in_use` when the owner does not answer.
pub async fn reach(folder: &Path) -> Result<Reach, UiError> {
    reach_for(folder, Program::BESIDE).await
}

/// As [`reach`], for a program that is updated by itself.
///
/// # Errors
/// As [`reach`].
pub async fn reach_for(folder: &Path, program: Program) -> Result<Reach, UiError> {
    let give_up = Instant::now() + OWNER_PATIENCE;
    loop {
        if let Some(lock) = FolderLock::take(folder)? {
            let open = move || Station::open_for(lock, Clock::system(), program);
            let opening = tokio::task::spawn_blocking(open);
            let station = match opening.await {
                Ok(station) => station?,
                Err(_) => return Err(say(Code::StationStopped, &[])),
            };
            return Ok(Reach::Own(Server::start(station)?));
        }
        if let Some(client) = Client::connect(folder).await {
            return Ok(Reach::Other(client));
        }
        if Instant::now() >= give_up {
            let folder = folder.display().to_string();
            return Err(say(Code::FolderInUse, &[("folder", &folder)]));
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Asks the station of `folder` one thing; `news` hears what changes meanwhile. An owner that ends
/// before it took the call leaves it to the next one, which may be this process.
///
/// The way to the station comes back with the answer, for [`Reach::close`]: whoever waits for the
/// answer gets it before an owner stays for others.
///
/// # Errors
/// As [`reach`], and `no_data_folder`. What the station says, and `answer_lost`, stand in the answer.
pub async fn ask(
    folder: &Path,
    call: Call,
    mut news: impl FnMut(Event),
) -> Result<(Result<View, UiError>, Reach), UiError> {
    if !may_begin_a_folder(&call) && !folder.exists() {
        let folder = folder.display().to_string();
        return Err(say(Code::NoFolder, &[("folder", &folder)]));
    }
    let mut last = client::gone();
    for _ in 0..MAX_ENDING_OWNERS {
        let reach = reach(folder).await?;
        if let Reach::Own(server) = &reach
            && shows_doubts(&call)
            && let Err(fault) = server.station().ask_about_pages().await
        {
            tracing::debug!(code = fault.code, "printers were not asked about pages");
        }
        let answer = reach.call(call.clone(), &mut news).await;
        match answer {
            Err(error)
                if error == client::gone() || error == client::lost() && may_be_repeated(&call) =>
            {
                last = error;
            }
            answer => return Ok((answer, reach)),
        }
        sleep(LOOK_AGAIN).await;
    }
    Err(last)
}

/// Whether a call may come first on a data folder: an enrolment, and what is set up before it. All
/// others would make a folder of a name that was mistyped.
fn may_begin_a_folder(call: &Call) -> bool {
    if let Call::As(call) = call {
        return may_begin_a_folder(&call.inner);
    }
    if let Call::Doctor(call) = call {
        return call.server.is_some();
    }
    matches!(
        call,
        Call::Enrol(_)
            | Call::SetLine(_)
            | Call::FindModems
            | Call::AddPrinter(_)
            | Call::SetScale(_)
            | Call::FindScales
    )
}

/// Whether a call shows pieces that nobody knows of. A window asks printers about them all the time; a
/// command that finds none asks before it shows them.
fn shows_doubts(call: &Call) -> bool {
    if let Call::As(call) = call {
        return shows_doubts(&call.inner);
    }
    matches!(call, Call::Pieces(_) | Call::Picture(_))
}

/// Whether a call may be made again when nobody knows whether it was carried out: it only looks, or
/// makes the same of its thing each time.
pub(crate) fn may_be_repeated(call: &Call) -> bool {
    if let Call::As(call) = call {
        return may_be_repeated(&call.inner);
    }
    // Each trial is a telephone call, and costs what one costs.
    if let Call::Doctor(call) = call {
        return !call.trial;
    }
    let is_the_same = matches!(
        call,
        Call::PutPreset(_) | Call::RemovePreset(_) | Call::PutBatch(_) | Call::RemoveBatch(_)
    );
    is_the_same || call.only_looks()
}

impl Reach {
    /// Asks the station; `news` hears what changes meanwhile.
    ///
    /// # Errors
    /// The station's own refusals and faults.
    pub async fn call(&self, call: Call, news: impl FnMut(Event)) -> Result<View, UiError> {
        match self {
            Self::Own(server) => server.call(call, news).await,
            Self::Other(client) => client.call(call, news).await,
        }
    }

    /// A door to the station, for a page.
    #[must_use]
    pub fn door(&self) -> Door {
        match self {
            Self::Own(server) => server.door(),
            Self::Other(client) => client.door(),
        }
    }

    /// Ends this process's part: an owner finishes its work and writes the high-water mark.
    pub async fn close(self) {
        if let Self::Own(server) = self {
            server.close().await;
        }
    }
}

#[cfg(test)]
mod tests;
