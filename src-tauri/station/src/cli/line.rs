//! `pennyblack line`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::users::pin;
use crate::api::{Call, SetLineCall, UiError};

/// What to do with the telephone line.
#[derive(Debug, Subcommand)]
pub(super) enum Telephone {
    /// Show how the telephone line is set up, and the last calls
    Show,
    /// Set the telephone line up; what is not given stays, an empty text is removed
    Set(Box<Setup>),
    /// Ask on every serial port whether a modem is there; whatever hangs on the others gets AT
    Find,
    /// Hang up the call that is going on
    HangUp,
    /// Use no telephone line any more; the numbers stay
    Off,
}

/// How the telephone line is set up.
#[derive(Debug, Args)]
pub(super) struct Setup {
    /// The modem's port, for example /dev/ttyUSB0 or COM3
    #[arg(long)]
    device: Option<String>,
    /// The data center's number
    #[arg(long)]
    number: Option<String>,
    /// The number that is dialed when the first has failed
    #[arg(long, value_name = "NUMBER")]
    alternate: Option<String>,
    /// What is dialed for an outside line, for example 9,
    #[arg(long, value_name = "DIGITS")]
    prefix: Option<String>,
    /// Dial by pulses
    #[arg(long, value_name = "yes|no", num_args = 0..=1, default_missing_value = "yes",
        value_parser = yes_or_no)]
    pulse: Option<bool>,
    /// The kind of modem; pennyblack line show lists them
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The access point name of a mobile network
    #[arg(long, value_name = "NAME")]
    apn: Option<String>,
    /// A private file whose first line is the PIN of a mobile modem's card
    #[arg(long, value_name = "PATH")]
    card_pin_file: Option<PathBuf>,
    /// The name that another's access server asks for
    #[arg(long, value_name = "NAME")]
    dial_name: Option<String>,
    /// A private file whose first line is its password
    #[arg(long, value_name = "PATH")]
    password_file: Option<PathBuf>,
    /// When a station that met nobody for half a day calls by itself, in local time
    #[arg(long, value_name = "HH:MM")]
    night: Option<String>,
    /// How long a call may last
    #[arg(long, value_name = "MINUTES")]
    cap_minutes: Option<u32>,
    /// What each call costs, for the meter
    #[arg(long, value_name = "AMOUNT")]
    per_call: Option<String>,
    /// What each minute that has begun costs, for the meter
    #[arg(long, value_name = "AMOUNT")]
    per_minute: Option<String>,
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no".to_owned()),
    }
}

/// The call of a command.
pub(super) fn to_call(what: Telephone) -> Result<Call, UiError> {
    Ok(match what {
        Telephone::Show => Call::Line,
        Telephone::Find => Call::FindModems,
        Telephone::HangUp => Call::HangUp,
        Telephone::Off => Call::SetLine(SetLineCall {
            device: Some(String::new()),
            ..SetLineCall::default()
        }),
        Telephone::Set(setup) => {
            let setup = *setup;
            Call::SetLine(SetLineCall {
                device: setup.device,
                number: setup.number,
                alternate: setup.alternate,
                prefix: setup.prefix,
                pulse: setup.pulse,
                profile: setup.profile,
                apn: setup.apn,
                card_pin: setup.card_pin_file.as_deref().map(pin).transpose()?,
                dial_name: setup.dial_name,
                password: setup.password_file.as_deref().map(pin).transpose()?,
                night: setup.night,
                cap_minutes: setup.cap_minutes,
                per_call: setup.per_call,
                per_minute: setup.per_minute,
            })
        }
    })
}
