//! The thread that listens to a scale, and looks for it again when it was pulled out.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use shared::scale::practice::Practice;
use shared::scale::{Heard, Millis};

use super::instrument::{Gone, Instrument, Instruments};
use super::{Bench, Zeroing};
use crate::api::ScaleSetup;

/// How long one look lasts: shorter than what a person takes for a delay.
const LOOK: Duration = Duration::from_millis(50);

/// Between two tries to open a scale.
const RETRY: Duration = Duration::from_secs(1);

/// How often the practice scale speaks.
const PRACTICE_PERIOD: Duration = Duration::from_millis(50);

/// A scale that is listened to. Dropping it waits until the thread has let go of its port.
pub(super) struct Listening {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // A panic was reported by its own thread.
            drop(thread.join());
        }
    }
}

impl Listening {
    /// Begins to listen.
    pub(super) fn begin(
        bench: &Arc<Bench>,
        instruments: Arc<dyn Instruments>,
        setup: ScaleSetup,
    ) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let ear = Ear {
            bench: Arc::clone(bench),
            stop: Arc::clone(&stop),
        };
        let thread = thread::Builder::new()
            .name("scale".to_owned())
            .spawn(move || ear.run(instruments.as_ref(), &setup))?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

struct Ear {
    bench: Arc<Bench>,
    stop: Arc<AtomicBool>,
}

impl Ear {
    fn run(&self, instruments: &dyn Instruments, setup: &ScaleSetup) {
        while !self.is_over() {
            let opened: Result<Box<dyn Instrument>, Gone> = match setup {
                ScaleSetup::Practice => Ok(Box::new(Played(Arc::clone(&self.bench)))),
                ScaleSetup::Usb { .. } | ScaleSetup::Serial { .. } => instruments.open(setup),
            };
            let gone = match opened {
                Ok(mut instrument) => self.listen(instrument.as_mut()),
                Err(gone) => Some(gone),
            };
            if let Some(gone) = gone {
                self.bench.lose(&gone);
                self.rest();
            }
        }
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Waits before the next try, unless nobody wants one any more.
    fn rest(&self) {
        let until = Instant::now() + RETRY;
        while !self.is_over() && Instant::now() < until {
            thread::sleep(LOOK);
        }
    }

    /// Listens until the scale is gone; nothing when nobody listens any more.
    fn listen(&self, instrument: &mut dyn Instrument) -> Option<Gone> {
        // It is there, and has not said anything yet.
        self.bench.hear(&[]);
        let mut heard = Vec::new();
        while !self.is_over() {
            self.wish(instrument);
            if let Err(gone) = instrument.listen(LOOK, self.bench.now(), &mut heard) {
                return Some(gone);
            }
            self.bench.hear(&heard);
            heard.clear();
            // Also when nothing was heard: what was said grows old.
            self.bench.tell();
        }
        None
    }

    /// Passes a wish for zero on.
    fn wish(&self, instrument: &mut dyn Instrument) {
        let mut state = self.bench.state();
        if state.zeroing == Zeroing::Wished {
            state.zeroing = if instrument.zero() {
                Zeroing::Asked
            } else {
                Zeroing::ByHand
            };
        }
    }
}

/// The practice scale as an instrument.
struct Played(Arc<Bench>);

impl Instrument for Played {
    fn listen(&mut self, wait: Duration, _now: Millis, heard: &mut Vec<Heard>) -> Result<(), Gone> {
        thread::sleep(PRACTICE_PERIOD.min(wait));
        let (now, mut state) = (self.0.now(), self.0.state());
        let wants_zero = state.zeroing == Zeroing::Asked;
        let Some(practice) = state.practice.as_mut() else {
            return Err(Gone("another scale was chosen".to_owned()));
        };
        if wants_zero {
            *practice = Practice::empty();
            heard.push(Heard::Zeroed);
        }
        heard.push(Heard::Reading(practice.reading(now)));
        Ok(())
    }

    fn zero(&mut self) -> bool {
        true
    }
}
