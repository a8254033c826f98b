//! What a scale shows, as a person reads it.

use shared::scale::pan::{Standing, Unweighed, Way, Weighing};
use shared::scale::{Millis, Trouble};

use super::State;
use crate::api::{ScaleSetup, ScaleState, ScaleView, UiError, WeighingView};
use crate::messages::{Code, say};

/// What the clerk calls a scale that has not told its own name.
pub(super) fn title(setup: &ScaleSetup) -> String {
    match setup {
        ScaleSetup::Usb {
            vendor,
            product,
            serial,
        } => {
            let number = serial.as_deref().map(|number| format!(", {number}"));
            let number = number.unwrap_or_default();
            format!("USB scale {vendor:04x}:{product:04x}{number}")
        }
        ScaleSetup::Serial { path, language, .. } => {
            format!("{} scale on {path}", language.to_uppercase())
        }
        ScaleSetup::Practice => "Practice scale".to_owned(),
    }
}

/// The scale and what it shows.
pub(super) fn view(state: &State, now: Millis) -> ScaleView {
    if state.kept.setup.is_none() {
        return ScaleView {
            words: "no scale".to_owned(),
            ..ScaleView::default()
        };
    }
    let standing = state.pan.standing(now);
    let (scale_state, words) = in_words(state, standing);
    let load = match standing {
        Standing::Stable(figure) | Standing::Moving(Some(figure)) => Some(figure.to_string()),
        Standing::Empty => Some("0".to_owned()),
        Standing::Silent
        | Standing::Moving(None)
        | Standing::BelowZero
        | Standing::Overload
        | Standing::Trouble(_) => None,
    };
    ScaleView {
        setup: state.kept.setup.clone(),
        title: state.title.clone(),
        practice: state.practice.is_some(),
        state: scale_state,
        words: words.to_owned(),
        load,
        tare: state.kept.tare().map(|tare| tare.to_string()),
        take_off: state.pan.way() == Way::TakeOff,
        weighing: state.pan.weighing(now).as_ref().and_then(weighing_view),
        fault: fault(state, standing),
    }
}

fn weighing_view(one: &Weighing) -> Option<WeighingView> {
    Some(WeighingView {
        number: one.number,
        weight: one.figure.typed(),
        shown: one.figure.to_string(),
        weight_grams: one.figure.mass.weight().ok()?.grams(),
        paid: one.is_paid,
    })
}

/// How things stand, in a word or two.
fn in_words(state: &State, standing: Standing) -> (ScaleState, &'static str) {
    if state.away.is_some() {
        return (ScaleState::Away, "not there");
    }
    match standing {
        Standing::Silent => (ScaleState::Silent, "no answer"),
        Standing::Moving(_) => (ScaleState::Moving, "moving"),
        Standing::Empty => (ScaleState::Empty, "empty"),
        Standing::Stable(_) => (ScaleState::Stable, "stable"),
        Standing::BelowZero => (ScaleState::BelowZero, "below zero"),
        Standing::Overload => (ScaleState::Overload, "overload"),
        Standing::Trouble(trouble) => {
            let words = match trouble {
                Trouble::Broken => "broken",
                Trouble::NeedsCalibration => "not calibrated",
                Trouble::NeedsZero => "needs zero",
                Trouble::NotNow => "busy",
                Trouble::ForeignUnit => "unknown unit",
                Trouble::NotUnderstood => "not understood",
            };
            (ScaleState::Trouble, words)
        }
    }
}

/// What keeps the scale from weighing; a load in motion and an empty scale do not.
fn fault(state: &State, standing: Standing) -> Option<UiError> {
    let passes = matches!(
        standing,
        Standing::Stable(_) | Standing::Moving(_) | Standing::Empty
    );
    (state.away.is_some() || !passes).then(|| not_at_rest(state, standing))
}

/// Why a weight is not to be paid by.
pub(super) fn unweighed(state: &State, why: Unweighed) -> UiError {
    match why {
        Unweighed::NotAtRest(standing) => not_at_rest(state, standing),
        Unweighed::Changed => say(Code::LoadChanged, &[]),
        Unweighed::Paid => say(Code::WeighingPaid, &[]),
    }
}

/// Why no piece can be priced by what the scale shows.
pub(super) fn not_ready(state: &State, standing: Standing, now: Millis) -> UiError {
    if !matches!(standing, Standing::Stable(_)) {
        return not_at_rest(state, standing);
    }
    let code = match state.pan.weighing(now) {
        Some(one) if one.is_paid => Code::WeighingPaid,
        // A milligram is the least that is paid by.
        Some(_) => Code::ScaleEmpty,
        None => Code::NothingTakenOff,
    };
    say(code, &[])
}

/// Why there is no weight now.
fn not_at_rest(state: &State, standing: Standing) -> UiError {
    let scale = ("scale", state.title.as_str());
    if state.kept.setup.is_none() {
        return say(Code::NoScale, &[]);
    }
    if let Some(reason) = &state.away {
        return say(Code::ScaleAway, &[scale, ("reason", reason)]);
    }
    let code = match standing {
        Standing::Silent => Code::ScaleSilent,
        // It has come to rest since.
        Standing::Stable(_) => Code::LoadChanged,
        Standing::Moving(_) => Code::ScaleMoving,
        Standing::Empty => Code::ScaleEmpty,
        Standing::BelowZero => Code::ScaleBelowZero,
        Standing::Overload => Code::ScaleOverload,
        Standing::Trouble(Trouble::Broken) => Code::ScaleBroken,
        Standing::Trouble(Trouble::NeedsCalibration) => Code::ScaleNotCalibrated,
        Standing::Trouble(Trouble::NeedsZero) => Code::ScaleNeedsZero,
        Standing::Trouble(Trouble::NotNow) => Code::ScaleBusy,
        Standing::Trouble(Trouble::ForeignUnit) => Code::ScaleForeignUnit,
        Standing::Trouble(Trouble::NotUnderstood) => Code::ScaleNotUnderstood,
    };
    say(code, &[scale])
}
