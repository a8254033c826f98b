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

/// How often somebody looks whether what the scale said has grown old, also while it hangs.
const AGEING: Duration = Duration::from_millis(200);

/// How often the practice scale speaks.
const PRACTICE_PERIOD: Duration = Duration::from_millis(50);

/// A scale that is listened to. Dropping it waits until its threads have let go of its port.
pub(super) struct Listening {
    turn: u64,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // A panic was reported by its own thread.
            drop(thread.join());
        }
    }
}

impl Listening {
    /// Begins to listen to the scale of a turn.
    pub(super) fn begin(
        bench: &Arc<Bench>,
        instruments: Arc<dyn Instruments>,
        (turn, setup): (u64, ScaleSetup),
    ) -> io::Result<Self> {
        let mut listening = Self {
            turn,
            stop: Arc::default(),
            threads: Vec::new(),
        };
        let ear = || Ear {
            bench: Arc::clone(bench),
            stop: Arc::clone(&listening.stop),
            turn,
        };
        let (ear, clock) = (ear(), ear());
        // What begins and cannot be completed ends with what was begun.
        let begin = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let named = thread::Builder::new().name(name.to_owned());
            named.spawn(work)
        };
        let listens = begin(
            "scale",
            Box::new(move || ear.run(instruments.as_ref(), &setup)),
        )?;
        listening.threads.push(listens);
        let ages = begin("scale-clock", Box::new(move || clock.age()))?;
        listening.threads.push(ages);
        Ok(listening)
    }

    /// Which choice of a scale it listens to.
    pub(super) const fn turn(&self) -> u64 {
        self.turn
    }
}

struct Ear {
    bench: Arc<Bench>,
    stop: Arc<AtomicBool>,
    turn: u64,
}

impl Ear {
    /// Tells everybody when nothing is believed any more of what the scale said.
    fn age(&self) {
        while !self.is_over() {
            thread::sleep(AGEING);
            self.bench.tell();
        }
    }

    fn run(&self, instruments: &dyn Instruments, setup: &ScaleSetup) {
        while !self.is_over() {
            let opened: Result<Box<dyn Instrument>, Gone> = match setup {
                ScaleSetup::Practice => Ok(Box::new(Played(Arc::clone(&self.bench), self.turn))),
                ScaleSetup::Usb { .. } | ScaleSetup::Serial { .. } => instruments.open(setup),
            };
            let gone = match opened {
                Ok(mut instrument) => self.listen(instrument.as_mut()),
                Err(gone) => Some(gone),
            };
            if let Some(gone) = gone {
                self.bench.lose(self.turn, &gone);
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
        self.bench.hear(self.turn, &[]);
        let mut heard = Vec::new();
        while !self.is_over() {
            self.wish(instrument);
            if let Err(gone) = instrument.listen(LOOK, self.bench.now(), &mut heard) {
                return Some(gone);
            }
            if !heard.is_empty() {
                self.bench.hear(self.turn, &heard);
                heard.clear();
                self.bench.tell();
            }
        }
        None
    }

    /// Passes a wish for zero on.
    fn wish(&self, instrument: &mut dyn Instrument) {
        let mut state = self.bench.state();
        if state.turn == self.turn && state.zeroing == Zeroing::Wished {
            state.zeroing = if instrument.zero() {
                Zeroing::Asked
            } else {
                Zeroing::ByHand
            };
            drop(state);
            self.bench.tell();
        }
    }
}

/// The practice scale of a turn as an instrument.
struct Played(Arc<Bench>, u64);

impl Instrument for Played {
    fn listen(&mut self, wait: Duration, _now: Millis, heard: &mut Vec<Heard>) -> Result<(), Gone> {
        thread::sleep(PRACTICE_PERIOD.min(wait));
        let (now, mut state) = (self.0.now(), self.0.state());
        let wants_zero = state.zeroing == Zeroing::Asked;
        let is_mine = state.turn == self.1;
        let Some(practice) = state.practice.as_mut().filter(|_| is_mine) else {
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
