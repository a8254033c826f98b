//! The scale beside the counter: one thread listens to it, everybody else sees what it shows.
//!
//! What a reading means is decided in `shared::scale`; here are the ways to the instruments, the
//! setting, and the words. The thread starts with the first question about the scale and ends with
//! the station or with the choice of another scale; a scale that was pulled out is looked for once a
//! second. Nothing of value depends on it but one check: whoever prints by a weighing is refused
//! when the scale does not show that very load any more ([`Scale::check`]), in the owner's thread
//! and right before the debit.

mod calls;
mod instrument;
mod kept;
mod line;
mod listening;
mod usb;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use shared::rates::Weight;
use shared::scale::pan::{Pan, Way};
use shared::scale::practice::Practice;
use shared::scale::{Figure, Heard, Mass, Millis};
use tokio::sync::{broadcast, watch};

use crate::api::{Event, ScaleSetup, ScaleState, ScaleView, UiError};
use crate::station::Owner;
pub use instrument::{Found, Gone, Instrument, Instruments, ScalesHere};
use kept::Kept;
pub(crate) use kept::serial_port;
use listening::Listening;

/// The scale of a station.
pub struct Scale {
    bench: Arc<Bench>,
    listening: Mutex<Option<Listening>>,
    instruments: Arc<dyn Instruments>,
}

/// What the listening thread and everybody else share.
pub(crate) struct Bench {
    began: Instant,
    state: Mutex<State>,
    events: broadcast::Sender<Event>,
    changes: watch::Sender<()>,
}

/// What is known of the scale.
#[derive(Default)]
struct State {
    /// Which choice of a scale it is: what the one before still says is not heard.
    turn: u64,
    /// What the store holds too: both change in the owner's thread alone.
    kept: Kept,
    /// Whether the scale has set itself to zero since, which ends a tare that the store may still
    /// hold.
    is_tare_void: bool,
    title: String,
    pan: Pan,
    practice: Option<Practice>,
    /// Why it cannot be reached.
    away: Option<String>,
    zeroing: Zeroing,
    told: ScaleView,
}

/// How far a wish for zero is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Zeroing {
    #[default]
    Nobody,
    Wished,
    Asked,
    Done,
    Refused,
    /// This kind of scale is not told to.
    ByHand,
}

impl std::fmt::Debug for Scale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scale").finish_non_exhaustive()
    }
}

impl Scale {
    /// A scale that nobody listens to yet, among the instruments of a computer.
    pub(crate) fn new(events: broadcast::Sender<Event>, instruments: Arc<dyn Instruments>) -> Self {
        let (changes, _) = watch::channel(());
        let bench = Bench {
            began: Instant::now(),
            state: Mutex::default(),
            events,
            changes,
        };
        Self {
            bench: Arc::new(bench),
            listening: Mutex::new(None),
            instruments,
        }
    }

    /// Takes what is kept into use, where that is not done.
    ///
    /// # Errors
    /// The faults of the store.
    fn take_up(&self, owner: &mut Owner) -> Result<(), UiError> {
        let mut kept = kept::read(owner)?;
        if self.bench.state().is_tare_void {
            if !kept.tare.is_empty() {
                kept.tare.clear();
                kept::put(owner, &kept)?;
            }
            self.bench.state().is_tare_void = false;
        }
        let is_in_use = {
            let state = self.bench.state();
            state.kept == kept || state.is_tare_void
        };
        if !is_in_use {
            self.bench.begin(kept);
        }
        Ok(())
    }

    /// Begins anew with a scale that was just chosen, or was chosen again, or without one.
    fn begin(&self, kept: Kept) {
        self.bench.begin(kept);
    }

    /// What is in use.
    fn kept(&self) -> Kept {
        self.bench.state().kept.clone()
    }

    /// Listens to the scale in use, unless somebody does already; whether it was only now that
    /// somebody began.
    fn listen(&self) -> bool {
        let mut listening = self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (turn, setup) = {
            let state = self.bench.state();
            (state.turn, state.kept.setup.clone())
        };
        if listening.as_ref().is_some_and(|one| one.turn() == turn) {
            return false;
        }
        // The one before lets go of its port first.
        drop(listening.take());
        let instruments = Arc::clone(&self.instruments);
        *listening =
            setup.and_then(|setup| Listening::begin(&self.bench, instruments, (turn, setup)).ok());
        listening.is_some()
    }

    /// What the scale shows.
    pub(crate) fn view(&self) -> ScaleView {
        self.bench.view()
    }

    /// What the scale shows, with a piece that can be priced by it now.
    ///
    /// # Errors
    /// What it shows instead, as a person reads it.
    fn ready(&self) -> Result<ScaleView, UiError> {
        let now = self.bench.now();
        let state = self.bench.state();
        let view = words::view(&state, now);
        if view.is_ready() {
            return Ok(view);
        }
        Err(words::not_ready(&state, state.pan.standing(now), now))
    }

    /// Looks whether a piece of this weight may be paid for by a weighing.
    ///
    /// # Errors
    /// What the scale shows instead, as a person reads it.
    pub(crate) fn check(&self, number: u64, weight: Weight) -> Result<(), UiError> {
        let now = self.bench.now();
        let state = self.bench.state();
        let checked = state.pan.check(number, weight, now);
        checked.map_err(|why| words::unweighed(&state, why))
    }

    /// A piece was paid for by a weighing.
    pub(crate) fn paid(&self, number: u64) {
        self.bench.state().pan.paid(number);
        self.bench.tell();
    }

    /// What would be the tare if what lies there were one.
    ///
    /// # Errors
    /// What the scale shows instead of a load at rest.
    fn tare_of_load(&self) -> Result<Figure, UiError> {
        let now = self.bench.now();
        let state = self.bench.state();
        let tare = state.pan.tare_of_load(now);
        tare.map_err(|why| words::unweighed(&state, why))
    }

    /// Takes a tare into use that is kept.
    fn tare(&self, kept: Kept) {
        let mut state = self.bench.state();
        let tare = kept.tare().map_or(Mass::ZERO, |tare| tare.mass);
        state.kept = kept;
        state.pan.put_tare(tare);
    }

    /// Whether it is the practice scale.
    pub(crate) fn is_practice(&self) -> bool {
        self.bench.state().practice.is_some()
    }
}

impl Bench {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of readings.
    fn now(&self) -> Millis {
        // Half a thousand million years.
        Millis::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// Begins anew with a scale, or without one.
    fn begin(&self, kept: Kept) {
        let practice = (kept.setup == Some(ScaleSetup::Practice)).then(|| kept.practice());
        let mut state = self.state();
        let mut pan = state.pan.successor();
        pan.put_tare(kept.tare().map_or(Mass::ZERO, |tare| tare.mass));
        let title = kept.setup.as_ref().map(words::title).unwrap_or_default();
        *state = State {
            turn: state.turn + 1,
            kept,
            title,
            pan,
            practice,
            told: std::mem::take(&mut state.told),
            ..State::default()
        };
        drop(state);
        self.tell();
    }

    /// Takes what the scale of this turn said.
    fn hear(&self, turn: u64, heard: &[Heard]) {
        let now = self.now();
        let mut state = self.state();
        if state.turn != turn {
            return;
        }
        state.away = None;
        for one in heard {
            match one {
                Heard::Reading(reading) => state.pan.hear(*reading, now),
                Heard::Zeroed => {
                    state.zeroing = Zeroing::Done;
                    state.pan.zeroed();
                    state.is_tare_void = true;
                    state.kept.tare.clear();
                }
                Heard::NotZeroed => state.zeroing = Zeroing::Refused,
            }
        }
    }

    /// The scale of this turn is not to be reached.
    fn lose(&self, turn: u64, why: &Gone) {
        let mut state = self.state();
        if state.turn != turn {
            return;
        }
        state.away = Some(why.to_string());
        state.pan.forget();
        drop(state);
        self.tell();
    }

    /// What the scale shows now.
    fn view(&self) -> ScaleView {
        words::view(&self.state(), self.now())
    }

    /// Tells everybody when the scale shows something else than it was told of last.
    fn tell(&self) {
        let now = self.now();
        let mut state = self.state();
        let view = words::view(&state, now);
        if view != state.told {
            state.told = view.clone();
            // Nobody listening is no fault.
            drop(self.events.send(Event::Scale {
                scale: Box::new(view),
            }));
        }
        drop(state);
        self.changes.send_replace(());
    }

    /// Puts a load on the practice scale, which swings at once.
    fn put(&self, load: Figure, is_shaken: bool) {
        let now = self.now();
        let mut state = self.state();
        let Some(practice) = state.practice.as_mut() else {
            return;
        };
        practice.put(load, is_shaken, now);
        let reading = practice.reading(now);
        state.pan.hear(reading, now);
    }

    /// Chooses how pieces are weighed.
    fn choose(&self, way: Way) {
        self.state().pan.choose(way);
        self.tell();
    }
}

impl ScaleView {
    /// Whether a piece can be priced by it now.
    pub(crate) fn is_ready(&self) -> bool {
        self.state != ScaleState::None && self.weighing.as_ref().is_some_and(|one| !one.paid)
    }
}

#[cfg(test)]
mod tests;
