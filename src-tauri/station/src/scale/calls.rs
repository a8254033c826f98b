//! The calls about the scale.

use std::sync::Arc;
use std::time::Duration;

use shared::scale::Figure;
use shared::scale::pan::Way;
use tokio::time::{Instant, timeout_at};

use super::kept::{self, Kept};
use super::{Scale, Zeroing};
use crate::api::{
    FoundScaleView, PrintCall, QuoteCall, ScaleAct, ScaleSetup, ScaleState, ScaleView, ScalesView,
    SetScaleCall, UiError, UseScaleCall, View, WeighCall,
};
use crate::messages::{Code, say};
use crate::station::Station;
use crate::station::ports::User;

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
        let (used, others) = self
            .apply(|owner| {
                Ok((
                    kept::read(owner)?.setup,
                    owner.ports_of_others(User::Scale)?,
                ))
            })
            .await?;
        let instruments = Arc::clone(&self.scale().instruments);
        let finding = tokio::task::spawn_blocking(move || instruments.find()).await;
        let found = finding.map_err(|_| say(Code::StationStopped, &[]))?;
        let is_free = |setup: &ScaleSetup| match setup {
            ScaleSetup::Serial { path, .. } => !others.contains(path),
            ScaleSetup::Usb { .. } | ScaleSetup::Practice => true,
        };
        let found = found.into_iter().filter(|one| is_free(&one.setup));
        let scales = found.map(|one| FoundScaleView {
            used: used.as_ref().is_some_and(|used| is_same(used, &one.setup)),
            title: one.title,
            setup: one.setup,
        });
        Ok(View::Scales(ScalesView {
            scales: scales.collect(),
        }))
    }

    /// Chooses the scale, or chooses it again; a tare was that of the one before.
    pub(crate) async fn set_scale(&self, call: SetScaleCall) -> Result<View, UiError> {
        let scale = Arc::clone(self.scale());
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
            kept::put(owner, &kept)?;
            scale.begin(kept);
            Ok(())
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
            ScaleAct::Untare => self.keep_tare(|_| Ok(None)).await?,
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

    /// As [`Self::on_scale`], for a piece to be printed. A job that was paid before has its piece,
    /// whatever lies on the scale by now.
    pub(crate) async fn print_on_scale(&self, call: PrintCall) -> Result<PrintCall, UiError> {
        if call.quote.weight.trim() == ON_THE_SCALE {
            let job_key = call.job_key.clone();
            let is_paid = self.apply(move |owner| owner.is_paid_job(job_key.as_deref()));
            if is_paid.await? {
                return Ok(call);
            }
        }
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
        let scale = Arc::clone(self.scale());
        self.apply(move |owner| scale.take_up(owner)).await?;
        let scale = Arc::clone(self.scale());
        // Letting go of the scale before may take a moment.
        tokio::task::spawn_blocking(move || scale.listen())
            .await
            .map_err(|_| say(Code::StationStopped, &[]))
    }

    /// Waits for a piece that can be priced; without one, what the scale shows instead.
    async fn at_rest(&self, patience: Duration) -> Result<ScaleView, UiError> {
        let scale = self.scale();
        let until = Instant::now() + patience;
        let mut changes = scale.bench.changes.subscribe();
        let mut is_over = false;
        loop {
            let ready = scale.ready();
            // Where no scale is set, none will come to rest.
            if ready.is_ok() || is_over || scale.view().setup.is_none() {
                return ready;
            }
            is_over = !matches!(timeout_at(until, changes.changed()).await, Ok(Ok(())));
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
        self.keep_tare(|scale| scale.tare_of_load().map(Some)).await
    }

    /// Keeps a tare for the next start, then takes it into use. It is chosen in the owner's thread,
    /// where no other scale is chosen meanwhile.
    async fn keep_tare(
        &self,
        choose: impl FnOnce(&Scale) -> Result<Option<Figure>, UiError> + Send + 'static,
    ) -> Result<(), UiError> {
        let scale = Arc::clone(self.scale());
        self.apply(move |owner| {
            scale.take_up(owner)?;
            let tare = choose(&scale)?;
            let kept = scale.kept().tared(tare);
            kept::put(owner, &kept)?;
            scale.tare(kept);
            Ok(())
        })
        .await
    }

    /// Keeps what lies on the practice scale.
    async fn keep_load(
        &self,
        change: impl FnOnce(Kept) -> Kept + Send + 'static,
    ) -> Result<(), UiError> {
        let scale = Arc::clone(self.scale());
        self.apply(move |owner| {
            scale.take_up(owner)?;
            let kept = change(scale.kept());
            kept::put(owner, &kept)?;
            scale.bench.state().kept = kept;
            Ok(())
        })
        .await
    }

    /// Lets the scale set itself to zero. A tare goes before it is asked: in a zero that takes it in
    /// it would be taken off twice, and the answer may come late, or after the program has ended.
    async fn zero_scale(&self) -> Result<(), UiError> {
        let scale = self.scale();
        let (turn, tare) = {
            let state = scale.bench.state();
            (state.turn, state.kept.tare())
        };
        if tare.is_some() {
            self.keep_tare(|_| Ok(None)).await?;
        }
        let code = match self.zeroed().await {
            Zeroing::Done => {
                // Nothing lies there.
                self.keep_load(Kept::emptied).await?;
                self.come_to_rest(FIRST_WORD).await;
                return Ok(());
            }
            // It was asked and has not answered, so it may do so yet.
            Zeroing::Asked => {
                let title = scale.bench.state().title.clone();
                return Err(say(Code::ScaleZeroUnanswered, &[("scale", &title)]));
            }
            Zeroing::ByHand => Code::ScaleZeroByHand,
            Zeroing::Nobody | Zeroing::Wished | Zeroing::Refused => Code::ScaleNotZeroed,
        };
        if tare.is_some() {
            self.keep_tare(move |scale| Ok(tare.filter(|_| scale.bench.state().turn == turn)))
                .await?;
        }
        Err(say(code, &[("scale", &scale.bench.state().title)]))
    }

    /// Asks the scale to set itself to zero; how far it came.
    async fn zeroed(&self) -> Zeroing {
        let bench = &self.scale().bench;
        let until = Instant::now() + ZERO_PATIENCE;
        let mut changes = bench.changes.subscribe();
        bench.state().zeroing = Zeroing::Wished;
        loop {
            let zeroing = bench.state().zeroing;
            if !matches!(zeroing, Zeroing::Nobody | Zeroing::Wished | Zeroing::Asked)
                || !matches!(timeout_at(until, changes.changed()).await, Ok(Ok(())))
            {
                return std::mem::take(&mut bench.state().zeroing);
            }
        }
    }

    async fn put_practice(&self, load: &str, shaken: bool) -> Result<(), UiError> {
        let figure: Figure = load.parse().map_err(|_| {
            let what = format!("The load {load:?} is not a weight such as 28g, 1oz or 2lb3oz");
            say(Code::BadInput, &[("what", &what)])
        })?;
        if !self.scale().is_practice() {
            return Err(say(Code::NotPracticeScale, &[]));
        }
        let on_it = move |kept| Kept {
            practice: figure.exact(),
            shaken,
            ..kept
        };
        self.keep_load(on_it).await?;
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
