//! The lines to the data center: how they stand, how the telephone is set up, what calls came to.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Hidden;

/// The line to the data center.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LineView {
    /// `internet`, `dialup` or `none`.
    pub kind: String,
    /// Whether the last contact over it succeeded.
    pub up: bool,
    /// One sentence when it is down.
    pub reason: Option<String>,
    /// The telephone call that is going on.
    #[serde(default)]
    pub call: Option<LineCallView>,
}

/// Sets the telephone line up; what is not given stays, an empty text is removed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct SetLineCall {
    /// The modem's port, for example `/dev/ttyUSB0` or `COM3`; empty: no telephone line.
    #[serde(default)]
    pub device: Option<String>,
    /// The data center's number.
    #[serde(default)]
    pub number: Option<String>,
    /// The number that is dialed when the first has failed.
    #[serde(default)]
    pub alternate: Option<String>,
    /// What is dialed for an outside line, for example `9,`.
    #[serde(default)]
    pub prefix: Option<String>,
    /// By pulses instead of tones.
    #[serde(default)]
    pub pulse: Option<bool>,
    /// The kind of modem.
    #[serde(default)]
    pub profile: Option<String>,
    /// The access point name of a mobile network.
    #[serde(default)]
    pub apn: Option<String>,
    /// The PIN of a mobile modem's card.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub card_pin: Option<Hidden>,
    /// The name that another's access server asks for.
    #[serde(default)]
    pub dial_name: Option<String>,
    /// Its password.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub password: Option<Hidden>,
    /// When a station that met nobody for half a day calls by itself, `HH:MM` local time.
    #[serde(default)]
    pub night: Option<String>,
    /// How long a call may last, minutes: 1 to 60.
    #[serde(default)]
    pub cap_minutes: Option<u32>,
    /// What each call costs, for the meter.
    #[serde(default)]
    pub per_call: Option<String>,
    /// What each minute that has begun costs, for the meter.
    #[serde(default)]
    pub per_minute: Option<String>,
}

/// How the telephone line is set up.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LineSetupView {
    /// Whether it can be used: there is a modem, and something to dial.
    pub ready: bool,
    /// The modem's port.
    pub device: Option<String>,
    /// The data center's number.
    pub number: Option<String>,
    /// The number after it.
    pub alternate: Option<String>,
    /// What is dialed for an outside line.
    pub prefix: Option<String>,
    /// By pulses instead of tones.
    pub pulse: bool,
    /// The kind of modem.
    pub profile: String,
    /// The kinds that are known.
    pub profiles: Vec<ProfileView>,
    /// The access point name.
    pub apn: Option<String>,
    /// Whether a card's PIN is kept.
    pub has_card_pin: bool,
    /// Whether the card did not take that PIN: it is entered no more until it is set anew.
    pub card_pin_not_taken: bool,
    /// The name for another's access server.
    pub dial_name: Option<String>,
    /// Whether a password is kept for it.
    pub has_password: bool,
    /// When it calls by itself at night.
    pub night: Option<String>,
    /// How long a call may last, minutes.
    pub cap_minutes: u32,
    /// What a call costs, mills.
    #[ts(type = "number")]
    pub per_call_mills: u64,
    /// What a minute costs, mills.
    #[ts(type = "number")]
    pub per_minute_mills: u64,
    /// Until when the numbers rest, Unix seconds; `None` when one may be dialed.
    #[ts(type = "number | null")]
    pub rests_until: Option<i64>,
    /// When the station calls again by itself, Unix seconds.
    #[ts(type = "number | null")]
    pub calls_again_at: Option<i64>,
    /// The last calls, newest first.
    pub calls: Vec<PhoneCallView>,
}

/// A kind of modem.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProfileView {
    /// What it is chosen by.
    pub name: String,
    /// What it is.
    pub title: String,
}

/// A call that was made.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PhoneCallView {
    /// The number.
    pub number: String,
    /// When, Unix seconds.
    #[ts(type = "number")]
    pub at: i64,
    /// `dialed` (going on, or the program stopped meanwhile), `reached`, `unanswered` (by the data
    /// center, although the call stood), `failed`, `barred` or `not-dialed`.
    pub outcome: String,
    /// Why it did not come about, as a code.
    pub fault: Option<String>,
    /// How long it lasted, seconds.
    pub seconds: u32,
    /// What it cost by the price, mills.
    #[ts(type = "number | null")]
    pub cost_mills: Option<u64>,
    /// What the modem said of the line.
    pub said: Option<String>,
}

/// The call that is going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LineCallView {
    /// `dialing`, `connecting`, `up` or `hanging-up`.
    pub stage: String,
    /// The number.
    pub number: String,
    /// Since when the modems have found each other, Unix seconds.
    #[ts(type = "number | null")]
    pub since: Option<i64>,
    /// For how long, seconds.
    pub seconds: u32,
    /// What it has cost so far by the price, mills.
    #[ts(type = "number | null")]
    pub cost_mills: Option<u64>,
}

/// What hangs on this computer's ports.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModemsView {
    /// The ports that were asked.
    pub ports: Vec<ModemPortView>,
}

/// One port.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModemPortView {
    /// The device.
    pub device: String,
    /// What the system knows of it.
    pub what: String,
    /// `modem`, `silent` or `closed`.
    pub state: String,
    /// What the modem says of itself, or why the port does not open.
    pub said: Option<String>,
    /// The profile that fits the modem.
    pub profile: Option<String>,
}
