//! What is kept of the scale in the station's store: which it is, its tare, and what somebody put
//! on the practice scale.

use serde::{Deserialize, Serialize};
use shared::scale::practice::Practice;
use shared::scale::talk::Language;
use shared::scale::{Figure, Mass};

use super::line::FRAMES;
use crate::api::{ScaleSetup, UiError};
use crate::messages::{Code, say};
use crate::station::{Owner, names};

/// Longest name of a port.
const MAX_PATH: usize = 200;

/// The speeds of scales.
const SPEEDS: std::ops::RangeInclusive<u32> = 300..=115_200;

/// What is kept of the scale. Texts that are empty are not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Which it is.
    pub(super) setup: Option<ScaleSetup>,
    /// The tare, for example `1.2oz`. What stands on the scale does not leave with the program.
    pub(super) tare: String,
    /// What lies on the practice scale.
    pub(super) practice: String,
    /// Whether that never comes to rest.
    pub(super) shaken: bool,
}

impl Kept {
    /// The tare.
    pub(super) fn tare(&self) -> Option<Figure> {
        self.tare.parse().ok()
    }

    /// The practice scale.
    pub(super) fn practice(&self) -> Practice {
        let load: Result<Figure, _> = self.practice.parse();
        match load {
            Ok(load) if self.shaken => Practice::shaken(load),
            Ok(load) => Practice::with(load),
            Err(_) => Practice::empty(),
        }
    }

    /// The same with this tare; one of nothing is none.
    pub(super) fn tared(self, tare: Option<Figure>) -> Self {
        let tare = tare.filter(|tare| tare.mass > Mass::ZERO);
        Self {
            tare: tare.map(Figure::exact).unwrap_or_default(),
            ..self
        }
    }

    /// The same with nothing on the practice scale.
    pub(super) fn emptied(self) -> Self {
        Self {
            practice: String::new(),
            shaken: false,
            ..self
        }
    }
}

/// The port of a scale on a serial line.
///
/// # Errors
/// As [`read`].
pub(crate) fn serial_port(owner: &Owner) -> Result<Option<String>, UiError> {
    Ok(match read(owner)?.setup {
        Some(ScaleSetup::Serial { path, .. }) => Some(path),
        Some(ScaleSetup::Usb { .. } | ScaleSetup::Practice) | None => None,
    })
}

/// What is kept of the scale.
///
/// # Errors
/// `damaged_store`, and the faults of the store.
pub(super) fn read(owner: &Owner) -> Result<Kept, UiError> {
    let damaged = |_| say(Code::DamagedStore, &[("what", "the scale")]);
    match owner.store().setting(names::SCALE)? {
        None => Ok(Kept::default()),
        Some(text) => serde_json::from_str(&text).map_err(damaged),
    }
}

/// Keeps it.
///
/// # Errors
/// The faults of the store.
pub(super) fn put(owner: &mut Owner, kept: &Kept) -> Result<(), UiError> {
    let text = serde_json::to_string(kept)
        .map_err(|_| say(Code::DamagedStore, &[("what", "the scale")]))?;
    owner.write("the scale", |tx| Ok(tx.put_setting(names::SCALE, &text)?))
}

/// Looks whether a scale can be set so.
///
/// # Errors
/// `bad_input` with what cannot be.
pub(super) fn check(setup: &ScaleSetup) -> Result<(), UiError> {
    let ScaleSetup::Serial {
        path,
        language,
        baud,
        frame,
    } = setup
    else {
        return Ok(());
    };
    let bad = |what: &str| Err(say(Code::BadInput, &[("what", what)]));
    if path.trim().is_empty() || path.len() > MAX_PATH || path.chars().any(char::is_control) {
        return bad("A scale on a serial line needs its port, for example /dev/ttyUSB0 or COM3");
    }
    if Language::of_word(language).is_none() {
        return bad("A scale on a serial line speaks mt-sics or nci");
    }
    if !SPEEDS.contains(baud) {
        return bad("The speed of a scale is 300 to 115200 bits per second");
    }
    if !FRAMES.iter().any(|(name, ..)| name == frame) {
        return bad("The frame of a scale is 8n1, 7e1 or 7o1");
    }
    Ok(())
}
