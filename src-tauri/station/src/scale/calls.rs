//! The calls about the scale.

use std::time::Duration;

use shared::scale::pan::Way;
use shared::scale::{Figure, Mass};
use tokio::time::{Instant, timeout_at};

use super::kept::{self, Kept};
use super::{Zeroing, words};
use crate::api::{
    FoundScaleView, PrintCall, QuoteCall, ScaleAct, ScaleSetup, ScaleState, ScaleView, ScalesView,
    SetScaleCall, UiError, UseScaleCall, View, WeighCall,
};
use crate::messages::{Code, say};
use crate::station::Station;

/// How long somebody waits for a load at rest when nobody says, seconds.
const USUAL_SECONDS: u32 = 5;

/// The longest that may be said.
const MAX_SECONDS: u32 = 60;

/// How long setting to zero may take: a scale waits until it is at rest.
const ZERO_PATIENCE: Duration = Duration::from_secs(4);

/// How long a load that is to be the tare may swing.
const TARE_PATIENCE: Duration = Duration::from_secs(3);

/// How long a scale that was only just opened may take to say how it stands.
const FIRST_WORD: Duration = Duration::from_millis(900);

/// What stands for the weight of a piece that lies on the scale.
const ON_THE_SCALE: &str = "scale";

impl Station {
    /// The scale and what it shows; it is listened to from now on.
    pub(crate) async fn scale_view(&self) -> Result<View, UiError> {
        self.meet_scale().await?;
        Ok(shown(self.scale().view()))
    }

    /// Looks for scales.
    pub(crate) async fn find_scales(&self) -> Result<View, UiError> {
        let used = self.apply(|owner| kept::read(owner)).await?.setup;
        let instruments = std::sync::Arc::clone(&self.scale().instruments);
        let finding = tokio::task::spawn_blocking(move || instruments.find()).await;
        let found = finding.map_err(|_| say(Code::StationStopped, &[]))?;
        let scales = found.into_iter().map(|one| FoundScaleView {
            used: used.as_ref().is_some_and(|used| is_same(used, &one.setup)),
            title: one.title,
            setup: one.setup,
        });
        Ok(View::Scales(ScalesView {
            scales: scales.collect(),
        }))
    }

    /// Chooses the scale; a tare was that of the one before.
    pub(crate) async fn set_scale(&self, call: SetScaleCall) -> Result<View, UiError> {
        self.apply(move |owner| {
            if let Some(setup) = &call.setup {
                kept::check(setup)?;
            }
            let before = kept::read(owner)?;
            let kept = Kept {
                setup: call.setup,
                tare: String::new(),
                ..before
            };
            kept::put(owner, &kept)
        })
        .await?;
        self.scale_view().await
    }

    /// Does something with the scale.
    pub(crate) async fn use_scale(&self, call: UseScaleCall) -> Result<View, UiError> {
        self.meet_scale().await?;
        let bench = &self.scale().bench;
        if bench.state().kept.setup.is_none() {
            return Err(say(Code::NoScale, &[]));
        }
        match call.act {
            ScaleAct::Tare => self.tare().await?,
            ScaleAct::Untare => self.keep_tare(None).await?,
            ScaleAct::Zero => self.zero_scale().await?,
            ScaleAct::PutOn => bench.choose(Way::PutOn),
            ScaleAct::TakeOff => bench.choose(Way::TakeOff),
            ScaleAct::Practice { load, shaken } => self.put_practice(&load, shaken).await?,
        }
        bench.tell();
        Ok(shown(self.scale().view()))
    }

    /// Waits until a load is at rest.
    pub(crate) async fn weigh(&self, call: WeighCall) -> Result<View, UiError> {
        let seconds = call.seconds.unwrap_or(USUAL_SECONDS).min(MAX_SECONDS);
        self.take_up_scale().await?;
        self.at_rest(Duration::from_secs(seconds.into()))
            .await
            .map(shown)
    }

    /// A quote's call with the weight of what lies on the scale, where it asks for that, and the
    /// number of the weighing.
    pub(crate) async fn on_scale(
        &self,
        quote: QuoteCall,
    ) -> Result<(QuoteCall, Option<u64>), UiError> {
        if quote.weight.trim() != ON_THE_SCALE {
            return Ok((quote, None));
        }
        self.take_up_scale().await?;
        let patience = Duration::from_secs(USUAL_SECONDS.into());
        let view = self.at_rest(patience).await?;
        let weighing = view.weighing.ok_or_else(|| say(Code::ScaleMoving, &[]))?;
        let weight = weighing.weight;
        Ok((QuoteCall { weight, ..quote }, Some(weighing.number)))
    }

    /// As [`Self::on_scale`], for a piece to be printed.
    pub(crate) async fn print_on_scale(&self, call: PrintCall) -> Result<PrintCall, UiError> {
        let (quote, weighing) = self.on_scale(call.quote).await?;
        let weighing = weighing.or(call.weighing);
        Ok(PrintCall {
            quote,
            weighing,
            ..call
        })
    }

    /// Listens to the scale that is set; whether it was only now that somebody began.
    async fn take_up_scale(&self) -> Result<bool, UiError> {
        let kept = self.apply(|owner| kept::read(owner)).await?;
        let station = self.clone();
        // Letting go of the scale before may take a moment.
        tokio::task::spawn_blocking(move || station.scale().take_up(kept))
            .await
            .map_err(|_| say(Code::StationStopped, &[]))
    }

    /// Waits for a piece that can be priced; without one, what the scale shows instead.
    async fn at_rest(&self, patience: Duration) -> Result<ScaleView, UiError> {
        let scale = self.scale();
        let until = Instant::now() + patience;
        let mut changes = scale.bench.changes.subscribe();
        loop {
            let view = scale.view();
            if view.is_ready() {
                return Ok(view);
            }
            let is_set = view.setup.is_some();
            let changed = timeout_at(until, changes.changed()).await;
            if !is_set || !matches!(changed, Ok(Ok(()))) {
                let now = scale.bench.now();
                let state = scale.bench.state();
                return Err(words::not_at_rest(&state, state.pan.standing(now)));
            }
        }
    }

    /// Waits until something is at rest on the scale, or nothing is, or nothing will be.
    async fn come_to_rest(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut changes = self.scale().bench.changes.subscribe();
        while matches!(
            self.scale().view().state,
            ScaleState::Silent | ScaleState::Moving
        ) {
            if !matches!(timeout_at(until, changes.changed()).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// As [`Self::take_up_scale`]; one that was never heard yet gets a moment to say how it stands.
    async fn meet_scale(&self) -> Result<(), UiError> {
        if self.take_up_scale().await? {
            self.come_to_rest(FIRST_WORD).await;
        }
        Ok(())
    }

    async fn tare(&self) -> Result<(), UiError> {
        self.come_to_rest(TARE_PATIENCE).await;
        let tare = {
            let scale = self.scale();
            let now = scale.bench.now();
            let mut state = scale.bench.state();
            let tare = state.pan.tare_off(now);
            tare.map_err(|why| words::unweighed(&state, why))?
        };
        self.keep_tare(Some(tare)).await
    }

    /// Keeps a tare for the next start, and takes it into use.
    async fn keep_tare(&self, tare: Option<Figure>) -> Result<(), UiError> {
        let tare = tare.filter(|tare| tare.mass > Mass::ZERO);
        let text = tare.map(Figure::exact).unwrap_or_default();
        self.keep(move |kept| kept.tare = text).await?;
        let mut state = self.scale().bench.state();
        state
            .pan
            .put_tare(tare.map_or(Mass::ZERO, |tare| tare.mass));
        Ok(())
    }

    /// Changes what is kept, for this run and the next.
    async fn keep(&self, change: impl FnOnce(&mut Kept) + Send + 'static) -> Result<(), UiError> {
        let kept = self.apply(move |owner| {
            let mut kept = kept::read(owner)?;
            change(&mut kept);
            kept::put(owner, &kept)?;
            Ok(kept)
        });
        let kept = kept.await?;
        let mut state = self.scale().bench.state();
        // Somebody may have chosen another scale meanwhile: then this is taken up with it.
        if state.kept.setup == kept.setup {
            state.kept = kept;
        }
        Ok(())
    }

    async fn zero_scale(&self) -> Result<(), UiError> {
        let bench = &self.scale().bench;
        let until = Instant::now() + ZERO_PATIENCE;
        let mut changes = bench.changes.subscribe();
        bench.state().zeroing = Zeroing::Wished;
        let outcome = loop {
            let zeroing = bench.state().zeroing;
            if !matches!(zeroing, Zeroing::Nobody | Zeroing::Wished | Zeroing::Asked)
                || !matches!(timeout_at(until, changes.changed()).await, Ok(Ok(())))
            {
                break std::mem::take(&mut bench.state().zeroing);
            }
        };
        let code = match outcome {
            Zeroing::Done => {
                // What a tare was taken from is another now, and nothing lies there.
                self.keep(|kept| kept.practice = String::new()).await?;
                self.keep_tare(None).await?;
                self.come_to_rest(FIRST_WORD).await;
                return Ok(());
            }
            Zeroing::ByHand => Code::ScaleZeroByHand,
            Zeroing::Nobody | Zeroing::Wished | Zeroing::Asked | Zeroing::Refused => {
                Code::ScaleNotZeroed
            }
        };
        Err(say(code, &[("scale", &bench.state().title)]))
    }

    async fn put_practice(&self, load: &str, shaken: bool) -> Result<(), UiError> {
        let figure: Figure = load.parse().map_err(|_| {
            let what = format!("The load {load:?} is not a weight such as 28g, 1oz or 2lb3oz");
            say(Code::BadInput, &[("what", &what)])
        })?;
        if !self.scale().is_practice() {
            return Err(say(Code::NotPracticeScale, &[]));
        }
        self.keep(move |kept| kept.practice = figure.exact())
            .await?;
        self.scale().bench.put(figure, shaken);
        Ok(())
    }
}

fn shown(view: ScaleView) -> View {
    View::Scale(Box::new(view))
}

/// Whether two set-ups mean the same instrument.
fn is_same(one: &ScaleSetup, other: &ScaleSetup) -> bool {
    match (one, other) {
        (ScaleSetup::Serial { path: one, .. }, ScaleSetup::Serial { path: other, .. }) => {
            one == other
        }
        (
            ScaleSetup::Usb { .. } | ScaleSetup::Serial { .. } | ScaleSetup::Practice,
            ScaleSetup::Usb { .. } | ScaleSetup::Serial { .. } | ScaleSetup::Practice,
        ) => one == other,
    }
}
