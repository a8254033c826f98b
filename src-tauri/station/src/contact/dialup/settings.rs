//! How the telephone line is set up, in the station's store: readable settings, sealed secrets, the
//! record of calls.

use jiff::civil::Time;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::modem::Number;
use shared::money::Mills;
use shared::wire::{from_cbor, to_cbor};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::profiles::{self, KINDS, Kind};
use crate::api::{Hidden, LineSetupView, PhoneCallView, ProfileView, SetLineCall, UiError};
use crate::contact::failover::{self, CallPrice, CallRecord, Internet};
use crate::messages::{Code, say};
use crate::station::{Owner, names};

/// How long a call may last, minutes, where nobody says: all services several times over.
const USUAL_CAP_MINUTES: u32 = 10;

/// The longest a clerk may allow.
const MAX_CAP_MINUTES: u32 = 60;

/// Calls that are shown.
const SHOWN_CALLS: usize = 20;

/// Why a text is no telephone number.
const NO_NUMBER: &str = "A telephone number and its prefix hold digits, + * # , and W, 60 at most";

/// Longest text of a setting, bytes: a device, a name, an access point.
const MAX_TEXT: usize = 200;

/// The telephone line of this station. Texts that are empty are not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineSettings {
    /// The modem's port.
    pub device: String,
    /// The data center's number.
    pub number: String,
    /// The one after it.
    pub alternate: String,
    /// What is dialed for an outside line.
    pub prefix: String,
    /// By pulses.
    pub pulse: bool,
    /// The kind of modem.
    pub profile: String,
    /// The access point name.
    pub apn: String,
    /// Whether the card did not take the PIN that is kept: it is not entered again.
    pub pin_not_taken: bool,
    /// The name for another's access server.
    pub dial_name: String,
    /// `HH:MM`.
    pub night: String,
    /// 0 for the usual.
    pub cap_minutes: u32,
    /// What calls cost.
    pub price: CallPrice,
}

/// What of it nobody may read.
#[derive(Default, Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(map)]
pub struct LineSecrets {
    /// The PIN of a mobile modem's card.
    #[n(1)]
    pub card_pin: Option<String>,
    /// The password for another's access server.
    #[n(2)]
    pub password: Option<String>,
}

impl LineSettings {
    /// The kind of modem.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        let usual = || KINDS.first().expect("the first kind is the usual one");
        profiles::kind(&self.profile).unwrap_or_else(usual)
    }

    /// What is dialed, the first number first.
    #[must_use]
    pub fn numbers(&self) -> Vec<String> {
        if self.kind().is_mobile {
            let mobile = shared::modem::Profile::mobile_number();
            return vec![mobile.as_str().to_owned()];
        }
        let numbers = [&self.number, &self.alternate].into_iter();
        numbers.filter(|one| !one.is_empty()).cloned().collect()
    }

    /// Whether there is a modem and something to dial.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.device.is_empty() && !self.numbers().is_empty()
    }

    /// How long a call may last, minutes.
    #[must_use]
    pub const fn cap_minutes(&self) -> u32 {
        match self.cap_minutes {
            0 => USUAL_CAP_MINUTES,
            minutes => minutes,
        }
    }

    /// When it calls by itself at night.
    #[must_use]
    pub fn night(&self) -> Option<Time> {
        Time::strptime("%H:%M", &self.night).ok()
    }
}

/// How the line is set up.
///
/// # Errors
/// `damaged_store`, and the faults of the store.
pub fn read(owner: &Owner) -> Result<LineSettings, UiError> {
    Ok(json(owner, names::LINE_SETTINGS)?.unwrap_or_default())
}

/// The secrets of the line.
///
/// # Errors
/// The faults of the store.
pub fn secrets(owner: &Owner) -> Result<LineSecrets, UiError> {
    if !owner.store().is_unlocked() {
        return Ok(LineSecrets::default());
    }
    let Some(bytes) = owner.store().secret(names::LINE_SECRETS)? else {
        return Ok(LineSecrets::default());
    };
    from_cbor(&bytes).map_err(|_| say(Code::DamagedStore, &[("what", "the telephone line")]))
}

/// The calls that were made, the oldest first.
///
/// # Errors
/// `damaged_store`, and the faults of the store.
pub fn calls(owner: &Owner) -> Result<Vec<CallRecord>, UiError> {
    Ok(json(owner, names::PHONE_CALLS)?.unwrap_or_default())
}

/// Writes a call down: a new one, or what became of the one that was dialed then.
///
/// # Errors
/// The faults of the store.
pub fn put_call(owner: &mut Owner, call: CallRecord) -> Result<(), UiError> {
    let mut kept = calls(owner)?;
    let same = |one: &&mut CallRecord| one.at == call.at && one.number == call.number;
    match kept.iter_mut().rev().find(same) {
        Some(one) => *one = call,
        None => failover::add(&mut kept, call),
    }
    put(owner, names::PHONE_CALLS, &kept)
}

/// What is remembered of the Internet.
///
/// # Errors
/// `damaged_store`, and the faults of the store.
pub fn internet(owner: &Owner) -> Result<Internet, UiError> {
    Ok(json(owner, names::INTERNET)?.unwrap_or_default())
}

/// Remembers how the Internet fared.
///
/// # Errors
/// The faults of the store.
pub fn put_internet(owner: &mut Owner, internet: &Internet) -> Result<(), UiError> {
    put(owner, names::INTERNET, internet)
}

/// Calling again by itself after contacts that failed on every line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Contacts that failed in a row.
    pub failures: u32,
    /// When the next one is due.
    pub due: Option<UnixSeconds>,
    /// When the last night call was tried.
    #[serde(default)]
    pub night: Option<UnixSeconds>,
    /// When a contact came about last, over any line.
    #[serde(default)]
    pub met: Option<UnixSeconds>,
}

/// Whether and when the station calls again by itself.
///
/// # Errors
/// `damaged_store`, and the faults of the store.
pub fn retry(owner: &Owner) -> Result<Retry, UiError> {
    Ok(json(owner, names::PHONE_RETRY)?.unwrap_or_default())
}

/// Changes whether and when the station calls again by itself.
///
/// # Errors
/// The faults of the store.
pub fn put_retry(owner: &mut Owner, retry: Retry) -> Result<(), UiError> {
    put(owner, names::PHONE_RETRY, &retry)
}

/// Sets the line up; what is not given stays.
///
/// # Errors
/// `bad_setting`, and the faults of the store.
pub fn set(owner: &mut Owner, call: &SetLineCall) -> Result<(), UiError> {
    let mut line = read(owner)?;
    let mut kept = secrets(owner)?;
    change(&mut line, call)?;
    let has_secrets = call.card_pin.is_some() || call.password.is_some();
    hide(&mut kept.card_pin, call.card_pin.as_ref());
    line.pin_not_taken &= call.card_pin.is_none();
    hide(&mut kept.password, call.password.as_ref());
    if line.kind().is_mobile && line.apn.is_empty() {
        return Err(bad(
            "A mobile modem needs the access point name of its network",
        ));
    }
    let made = profiles::profile(line.kind(), Some(&line.apn), kept.card_pin.as_deref());
    made.map_err(|_| bad("A PIN has 4 to 8 digits, and an access point name no spaces"))?;
    if has_secrets && !owner.store().is_unlocked() {
        return Err(bad(
            "PIN and password are sealed under this station's key, which it gets when it is enrolled: give them to the enrolment",
        ));
    }
    let text = written(&line);
    let sealed = Zeroizing::new(to_cbor(&kept));
    owner.write("the telephone line", |tx| {
        tx.put_setting(names::LINE_SETTINGS, &text)?;
        if has_secrets {
            tx.put_secret(names::LINE_SECRETS, &sealed)?;
        }
        Ok(())
    })
}

/// Notes that the card did not take the PIN that is kept: no call enters it again until another one
/// is set.
///
/// # Errors
/// The faults of the store.
pub fn note_pin_not_taken(owner: &mut Owner) -> Result<(), UiError> {
    let line = LineSettings {
        pin_not_taken: true,
        ..read(owner)?
    };
    put(owner, names::LINE_SETTINGS, &line)
}

fn change(line: &mut LineSettings, call: &SetLineCall) -> Result<(), UiError> {
    for (to, from) in [
        (&mut line.device, &call.device),
        (&mut line.apn, &call.apn),
        (&mut line.dial_name, &call.dial_name),
    ] {
        if let Some(text) = from {
            let text = text.trim();
            if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
                return Err(bad("Port, access point and name are short texts"));
            }
            text.clone_into(to);
        }
    }
    for (to, from) in [
        (&mut line.number, &call.number),
        (&mut line.alternate, &call.alternate),
        (&mut line.prefix, &call.prefix),
    ] {
        if let Some(text) = from.as_deref().map(str::trim) {
            *to = if text.is_empty() {
                String::new()
            } else {
                let number = Number::parse(text).map_err(|_| bad(NO_NUMBER))?;
                number.as_str().to_owned()
            };
        }
    }
    if let Some(profile) = &call.profile {
        if profiles::kind(profile).is_none() {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            return Err(bad(&format!("The profile is one of {}", known.join(", "))));
        }
        profile.clone_into(&mut line.profile);
    }
    if let Some(night) = call.night.as_deref().map(str::trim) {
        let is_time = |text: &str| {
            // Times of one digit are taken for others by people: 7:5 is no five past seven.
            text.len() == "HH:MM".len() && Time::strptime("%H:%M", text).is_ok()
        };
        if !night.is_empty() && !is_time(night) {
            return Err(bad(
                "The night call has a time of four digits, like 07:05 or 23:30",
            ));
        }
        night.clone_into(&mut line.night);
    }
    if let Some(minutes) = call.cap_minutes {
        if !(1..=MAX_CAP_MINUTES).contains(&minutes) {
            return Err(bad("A call may last 1 to 60 minutes"));
        }
        line.cap_minutes = minutes;
    }
    line.pulse = call.pulse.unwrap_or(line.pulse);
    for (to, from) in [
        (&mut line.price.per_call, &call.per_call),
        (&mut line.price.per_minute, &call.per_minute),
    ] {
        if let Some(text) = from {
            *to = Mills::parse(text).map_err(|_| bad("A call's price is an amount like 0.05"))?;
        }
    }
    Ok(())
}

/// Replaces a secret; an empty one is removed.
fn hide(to: &mut Option<String>, from: Option<&Hidden>) {
    if let Some(from) = from {
        *to = Some(from.text().to_owned()).filter(|text| !text.is_empty());
    }
}

fn bad(what: &str) -> UiError {
    say(Code::BadSetting, &[("what", what)])
}

/// How the line is set up, and what calls came to.
///
/// # Errors
/// The faults of the store.
pub fn view(owner: &Owner) -> Result<LineSetupView, UiError> {
    let (line, secrets, calls) = (read(owner)?, secrets(owner)?, calls(owner)?);
    let set = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let numbers = line.numbers();
    let rests = failover::choose(owner.now(), &numbers, &calls, false).err();
    Ok(LineSetupView {
        ready: line.is_ready(),
        device: set(&line.device),
        number: set(&line.number),
        alternate: set(&line.alternate),
        prefix: set(&line.prefix),
        pulse: line.pulse,
        profile: line.kind().name.to_owned(),
        profiles: KINDS
            .iter()
            .map(|kind| ProfileView {
                name: kind.name.to_owned(),
                title: kind.title.to_owned(),
            })
            .collect(),
        apn: set(&line.apn),
        has_card_pin: secrets.card_pin.is_some(),
        card_pin_not_taken: line.pin_not_taken,
        dial_name: set(&line.dial_name),
        has_password: secrets.password.is_some(),
        night: set(&line.night),
        cap_minutes: line.cap_minutes(),
        per_call_mills: line.price.per_call.mills(),
        per_minute_mills: line.price.per_minute.mills(),
        rests_until: rests.filter(|_| line.is_ready()).map(|until| until.0),
        calls_again_at: retry(owner)?.due.map(|due| due.0),
        calls: calls.iter().rev().take(SHOWN_CALLS).map(shown).collect(),
    })
}

fn shown(call: &CallRecord) -> PhoneCallView {
    let outcome = match call.outcome {
        failover::Outcome::Dialed => "dialed",
        failover::Outcome::Reached => "reached",
        failover::Outcome::Unanswered => "unanswered",
        failover::Outcome::Failed => "failed",
        failover::Outcome::Barred => "barred",
        failover::Outcome::NotDialed => "not-dialed",
    };
    PhoneCallView {
        number: call.number.clone(),
        at: call.at.0,
        outcome: outcome.to_owned(),
        fault: call.fault.clone(),
        seconds: call.seconds,
        cost_mills: call.cost.map(Mills::mills),
        said: call.said.clone(),
    }
}

fn json<T: for<'d> Deserialize<'d>>(owner: &Owner, name: &str) -> Result<Option<T>, UiError> {
    let damaged = |_| say(Code::DamagedStore, &[("what", "the telephone line")]);
    let text = owner.store().setting(name)?.filter(|text| !text.is_empty());
    text.map(|text| serde_json::from_str(&text).map_err(damaged))
        .transpose()
}

fn put<T: Serialize>(owner: &mut Owner, name: &'static str, value: &T) -> Result<(), UiError> {
    let text = written(value);
    owner.write("the telephone line", |tx| Ok(tx.put_setting(name, &text)?))
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("settings are texts and numbers")
}
