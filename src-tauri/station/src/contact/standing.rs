//! A contact kept open: while a window is there, the data center can wake the station.
//!
//! The line carries nothing but the word of the data center's monitor, one line of text each time a
//! service has news; the station then meets the data center over the same line. When the line
//! breaks it is tried again after a pause that grows, with some chance in it, so that a fleet does
//! not come back all at once. Whenever it stands again, one contact brings everything up to date.

use std::sync::Arc;
use std::time::Duration;

use shared::monitor::{ContactId, Due, Holdings};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::faults::said;
use super::link::Link;
use super::{by_itself, reach, round};
use crate::api::UiError;
use crate::crypto;
use crate::messages::Code;
use crate::services::{Asked, keys};
use crate::station::Station;

/// The first pause after a line broke; each further one is twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(500);

/// The longest pause between two tries.
const PAUSE_MOST: Duration = Duration::from_secs(5 * 60);

/// A line that stood so long was a good one: the next pause is the first again.
const STEADY: Duration = Duration::from_secs(60);

/// How soon a package of software that was interrupted goes on, when nothing else begins a contact;
/// each further pause is twice as long while it does not get on, up to [`PAUSE_MOST`].
const FETCH_PAUSE: Duration = Duration::from_secs(30);

/// How often a station that is not enrolled looks whether it is; nothing goes over a line for it.
const ENROLMENT_LOOK: Duration = Duration::from_secs(2);

/// A contact kept open, until it is ended or dropped.
#[derive(Debug)]
pub struct Standing(Option<JoinHandle<()>>);

impl Standing {
    /// Ends it, and waits until it has let go of the station.
    pub async fn end(mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
            // Aborted on purpose.
            drop(task.await);
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Station {
    /// Keeps a contact open from now on, makes those that are due by themselves, and asks printers what
    /// became of pages in doubt.
    #[must_use]
    pub fn stand(&self) -> Standing {
        let (station, other, asking) = (self.clone(), self.clone(), self.clone());
        Standing(Some(tokio::spawn(async move {
            let pages = asking.keep_asking_about_pages();
            tokio::join!(keep(station), by_itself::keep(other), pages);
        })))
    }
}

async fn keep(station: Station) {
    let mut pause = PAUSE_FIRST;
    loop {
        let begun = Instant::now();
        match stand(&station).await {
            Ok(()) => tracing::debug!("the data center closed the line that was kept open"),
            Err(fault) if fault.code == Code::NotEnrolled.name() => {
                sleep(ENROLMENT_LOOK).await;
                continue;
            }
            Err(fault) => tracing::debug!(code = fault.code, "no line can be kept open"),
        }
        if begun.elapsed() >= STEADY {
            pause = PAUSE_FIRST;
        }
        sleep(varied(pause)).await;
        pause = pause.saturating_mul(2).min(PAUSE_MOST);
    }
}

/// Four fifths to six fifths of a pause.
fn varied(pause: Duration) -> Duration {
    let [chance] = crypto::random_bytes::<1>();
    let fifth = pause / 5;
    fifth * 4 + fifth * 2 * u32::from(chance) / 255
}

/// Opens a line and meets the data center whenever it says so, until the line ends.
async fn stand(station: &Station) -> Result<(), UiError> {
    let expired = station
        .apply(|owner| {
            owner.enrolled()?;
            keys::has_expired(owner)
        })
        .await?;
    if expired {
        // No line can be kept open without a certificate; this contact renews it at the door.
        round::meet(station, Asked::default()).await?;
    }
    let link = reach::internet(station).await?;
    let id = ContactId::from_bytes(crypto::random_bytes());
    let holds = station.apply(move |owner| owner.holdings(id, None)).await?;
    let mut signals = link.signals(&holds).await.map_err(|fault| said(&fault))?;
    let link: Arc<dyn Link> = Arc::new(link);
    let mut is_first = true;
    let mut pause = FETCH_PAUSE;
    loop {
        let fetches = round::fetches(station).await?;
        if !fetches {
            pause = FETCH_PAUSE;
        }
        tokio::select! {
            // Dropping a line that is waited for loses nothing of it.
            told = signals.next() => match told.map_err(|fault| said(&fault))? {
                Some(due) => {
                    let news = beyond(station, due).await?;
                    if is_first || !news.is_empty() {
                        round::meet_told(station, &link, news).await?;
                    }
                    is_first = false;
                }
                None => return Ok(()),
            },
            () = sleep(varied(pause)), if fetches => {}
        }
        // What does not fit into one contact goes on in the next, until somebody wants the line.
        let mut gets_on = false;
        while round::meet_fetching(station, &link).await? {
            gets_on = true;
        }
        pause = if gets_on {
            FETCH_PAUSE
        } else {
            pause.saturating_mul(2).min(PAUSE_MOST)
        };
    }
}

/// What of the data center's word the station does not have yet.
async fn beyond(station: &Station, due: Due) -> Result<Due, UiError> {
    let id = ContactId::default();
    let Holdings { markers, .. } = station.apply(move |owner| owner.holdings(id, None)).await?;
    Ok(due.beyond(&markers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_vary_by_a_fifth_and_no_more() {
        for pause in [PAUSE_FIRST, PAUSE_MOST] {
            for _ in 0..1_000 {
                let varied = varied(pause);
                assert!(
                    varied >= pause * 4 / 5 && varied <= pause * 6 / 5,
                    "{varied:?}"
                );
            }
        }
    }
}
