//! The scale of a station.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::UiError;

/// Bits per second of a scale on a serial line when nobody says: what both languages begin with.
const USUAL_BAUD: u32 = 9_600;

/// How a scale is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ScaleSetup {
    /// A scale on USB, told by what it says of itself: the usage page of scales.
    Usb {
        /// Its maker's number.
        vendor: u16,
        /// Its model's number.
        product: u16,
        /// Its own serial number, where it has one.
        serial: Option<String>,
    },
    /// A scale on a serial line.
    Serial {
        /// The device, for example `/dev/ttyUSB0` or `COM3`.
        path: String,
        /// `mt-sics` or `nci`.
        language: String,
        /// Bits per second.
        #[serde(default = "usual_baud")]
        baud: u32,
        /// Data bits, parity and stop bits: `8n1`, `7e1` or `7o1`.
        #[serde(default = "usual_frame")]
        frame: String,
    },
    /// A scale that is not there, for practice.
    Practice,
}

const fn usual_baud() -> u32 {
    USUAL_BAUD
}

fn usual_frame() -> String {
    "8n1".to_owned()
}

/// Chooses the scale.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SetScaleCall {
    /// The scale; nothing for none.
    pub setup: Option<ScaleSetup>,
}

/// Does something with the scale.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UseScaleCall {
    /// What.
    pub act: ScaleAct,
}

/// What is done with a scale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ScaleAct {
    /// What lies there counts as nothing from now on; an empty scale takes the tare away.
    Tare,
    /// Takes the tare away.
    Untare,
    /// Lets the scale set itself to zero.
    Zero,
    /// A piece is put on the scale.
    PutOn,
    /// Pieces are taken off one by one.
    TakeOff,
    /// Puts a load on the practice scale in place of what lies there.
    Practice {
        /// The load, for example `0.9oz`; `0oz` is an empty scale.
        load: String,
        /// Whether it never comes to rest.
        #[serde(default)]
        shaken: bool,
    },
}

/// Waits for a load at rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct WeighCall {
    /// How long to wait at most, seconds: 0 to 60; `None` for five.
    #[serde(default)]
    pub seconds: Option<u32>,
}

/// How things stand on a scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleState {
    /// The station has no scale.
    #[default]
    None,
    /// It is not plugged in, or cannot be opened.
    Away,
    /// It is open and says nothing.
    Silent,
    /// Not at rest.
    Moving,
    /// At rest, with nothing on it.
    Empty,
    /// At rest with a load.
    Stable,
    /// Less than nothing lies on it.
    BelowZero,
    /// Too much lies on it.
    Overload,
    /// It cannot weigh.
    Trouble,
}

/// The scale and what it shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct ScaleView {
    /// How it is reached; nothing when the station has none.
    pub setup: Option<ScaleSetup>,
    /// What the clerk calls it.
    pub title: String,
    /// Whether it is the practice scale, whose loads nobody put there.
    pub practice: bool,
    /// How things stand.
    pub state: ScaleState,
    /// The same in a word or two.
    pub words: String,
    /// What it shows, less the tare: `0.9 oz`.
    pub load: Option<String>,
    /// The tare, when there is one: `1.2 oz`.
    pub tare: Option<String>,
    /// Whether pieces are taken off one by one.
    pub take_off: bool,
    /// The piece that was weighed, while the load that says so is at rest.
    pub weighing: Option<WeighingView>,
    /// What keeps it from weighing, as a person reads it.
    pub fault: Option<UiError>,
}

/// One piece that was weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct WeighingView {
    /// The number by which a print refers to it.
    #[ts(type = "number")]
    pub number: u64,
    /// The weight as a quote takes it: `0.9oz`.
    pub weight: String,
    /// The same for reading: `0.9 oz`.
    pub shown: String,
    /// Grams, up to three decimals.
    pub weight_grams: f64,
    /// Whether a piece that was taken off is paid for.
    pub paid: bool,
}

/// The scales of this computer.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ScalesView {
    /// Those on USB, and the serial ports that one may hang on.
    pub scales: Vec<FoundScaleView>,
}

/// A scale, or a port for one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct FoundScaleView {
    /// What the clerk calls it.
    pub title: String,
    /// How it would be set; a serial port's language is a guess.
    pub setup: ScaleSetup,
    /// Whether it is the one in use.
    pub used: bool,
}
