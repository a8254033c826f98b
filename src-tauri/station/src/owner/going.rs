//! The calls of other programs that an owner has taken, and how it ends without cutting one off.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{self, error::TryRecvError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::api::Event;
use crate::station::Station;

/// How long an owner that is to end takes no new client, so that those it has can finish. Most calls
/// are shorter.
const PAUSE: Duration = Duration::from_secs(1);

/// How long it serves everybody again while a longer call goes on.
const SERVE_ON: Duration = Duration::from_secs(10);

/// How long a call may go on without any news from the station before it is given up: longer than a
/// contact by telephone takes.
const MAX_SILENCE: Duration = Duration::from_secs(60 * 60);

/// How many calls go on, and whether more may begin.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    going: usize,
    paused: bool,
    ended: bool,
}

/// The calls of other programs. Clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls(Arc<watch::Sender<Count>>);

/// A call that was taken, until it is answered.
#[derive(Debug)]
pub(super) struct Going(Arc<watch::Sender<Count>>);

impl Drop for Going {
    fn drop(&mut self) {
        self.0
            .send_modify(|count| count.going = count.going.saturating_sub(1));
    }
}

impl Calls {
    /// Begins a call; `None` once the owner ends.
    pub(super) fn begin(&self) -> Option<Going> {
        let begun = self.0.send_if_modified(|count| {
            count.going = count.going.saturating_add(usize::from(!count.ended));
            !count.ended
        });
        begun.then(|| Going(Arc::clone(&self.0)))
    }

    /// Waits while no new client is taken.
    pub(super) async fn while_paused(&self) {
        // This holds the sender: the wait ends.
        drop(self.0.subscribe().wait_for(|count| !count.paused).await);
    }

    /// Returns when no call goes on and none begins any more.
    ///
    /// Others are served for as long as a long call goes on: it may be a batch of an hour, and the
    /// folder has no other owner. Calls that come one upon the other do not keep the owner for ever,
    /// because it pauses in between.
    pub(super) async fn see_out(&self, station: &Station) {
        let mut news = station.subscribe();
        let mut heard = Instant::now();
        loop {
            self.0.send_modify(|count| count.paused = true);
            if self.are_over_within(PAUSE).await && self.end_if_none_goes() {
                return;
            }
            self.0.send_modify(|count| count.paused = false);
            self.are_over_within(SERVE_ON).await;
            if brings_news(&mut news) {
                heard = Instant::now();
            }
            if heard.elapsed() >= MAX_SILENCE {
                tracing::warn!("calls that no news came of are given up");
                self.0.send_modify(|count| count.ended = true);
                return;
            }
        }
    }

    async fn are_over_within(&self, time: Duration) -> bool {
        let mut counted = self.0.subscribe();
        let over = counted.wait_for(|count| count.going == 0);
        timeout(time, over).await.is_ok()
    }

    /// Lets no call begin any more when none goes on.
    fn end_if_none_goes(&self) -> bool {
        self.0.send_if_modified(|count| {
            count.ended = count.going == 0;
            count.ended
        })
    }
}

/// Whether anything came since the last look that a call may have brought about. What a scale shows
/// nobody has to ask for.
fn brings_news(events: &mut broadcast::Receiver<Event>) -> bool {
    let mut any = false;
    loop {
        match events.try_recv() {
            Ok(Event::Scale { .. }) | Err(TryRecvError::Lagged(_)) => {}
            Ok(_) => any = true,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ScaleView;

    #[test]
    fn what_a_scale_shows_is_no_news_of_a_call() {
        let (send, mut events) = broadcast::channel(4);
        assert!(!brings_news(&mut events));
        for _ in 0..9 {
            let scale = Box::new(ScaleView::default());
            send.send(Event::Scale { scale }).unwrap();
        }
        assert!(
            !brings_news(&mut events),
            "also when there was more than is kept"
        );
        send.send(Event::Status).unwrap();
        assert!(brings_news(&mut events));
        assert!(!brings_news(&mut events));
    }
}
