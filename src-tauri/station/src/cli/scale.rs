//! `pennyblack scale`.

use clap::{Args, Subcommand};

use super::calls::ask;
use super::show::Show;
use super::{Asked, Streams, not_written};
use crate::api::{
    Call, ScaleAct, ScaleSetup, ScalesView, SetScaleCall, UiError, UseScaleCall, View, WeighCall,
};
use crate::messages::{Code, say};

/// What to do with the scale.
#[derive(Debug, Subcommand)]
pub(super) enum Scale {
    /// List the scales that are plugged in, and the serial ports that one may hang on
    List,
    /// Choose the scale
    Use(Chosen),
    /// Use no scale any more
    Off,
    /// Show which scale it is and how it stands now
    Show,
    /// Wait until a load is at rest and show what it weighs
    Read {
        /// How long to wait at most
        #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=60))]
        wait: u32,
    },
    /// Let what lies on the scale count as nothing
    Tare {
        /// Take the tare away again
        #[arg(long)]
        clear: bool,
    },
    /// Let the scale set itself to zero
    Zero,
    /// Put a load on the practice scale in place of what lies there
    Virtual {
        /// For example 0.9oz; 0oz is an empty scale
        load: String,
        /// It never comes to rest
        #[arg(long)]
        shaken: bool,
    },
}

/// Which scale.
#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// usb for the one that is plugged in, usb:SERIAL, serial:PATH or virtual
    #[arg(value_name = "WHERE")]
    place: String,
    /// What a scale on a serial line speaks: mt-sics or nci
    #[arg(long, default_value = "nci")]
    language: String,
    /// Its bits per second
    #[arg(long, default_value_t = 9_600)]
    baud: u32,
    /// Its data bits, parity and stop bits: 8n1, 7e1 or 7o1
    #[arg(long, default_value = "8n1")]
    frame: String,
}

/// Asks the station about its scale.
pub(super) fn scale(
    asked: &Asked,
    what: Scale,
    show: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let act = |act| Call::UseScale(UseScaleCall { act });
    let set = |setup| Call::SetScale(SetScaleCall { setup });
    let call = match what {
        Scale::List => Call::FindScales,
        Scale::Use(chosen) => set(Some(setup(asked, chosen)?)),
        Scale::Off => set(None),
        Scale::Show => Call::Scale,
        Scale::Read { wait } => Call::Weigh(WeighCall {
            seconds: Some(wait),
        }),
        Scale::Tare { clear: true } => act(ScaleAct::Untare),
        Scale::Tare { clear: false } => act(ScaleAct::Tare),
        Scale::Zero => act(ScaleAct::Zero),
        Scale::Virtual { load, shaken } => act(ScaleAct::Practice { load, shaken }),
    };
    let view = ask(asked, call, |answer| answer)?;
    show.view(&view, streams.out).map_err(not_written)
}

/// The set-up of what was named. A scale on USB is looked for: it is kept by its own number.
fn setup(asked: &Asked, chosen: Chosen) -> Result<ScaleSetup, UiError> {
    let wrong = || {
        let what = "A scale is usb, usb:SERIAL, serial:PATH or virtual.";
        say(Code::Usage, &[("what", what)])
    };
    match chosen.place.split_once(':') {
        None if chosen.place == "virtual" => Ok(ScaleSetup::Practice),
        None if chosen.place == "usb" => plugged_in(asked, None),
        Some(("usb", number)) if !number.is_empty() => plugged_in(asked, Some(number)),
        Some(("serial", path)) if !path.is_empty() => Ok(ScaleSetup::Serial {
            path: path.to_owned(),
            language: chosen.language,
            baud: chosen.baud,
            frame: chosen.frame,
        }),
        None | Some(_) => Err(wrong()),
    }
}

/// The scale on USB that is plugged in, or the one with this serial number.
fn plugged_in(asked: &Asked, number: Option<&str>) -> Result<ScaleSetup, UiError> {
    let View::Scales(ScalesView { scales }) = ask(asked, Call::FindScales, |answer| answer)? else {
        let reason = ("reason", "the answer is of another kind");
        return Err(say(Code::BadCall, &[reason]));
    };
    let on_usb = scales.into_iter().filter_map(|one| match &one.setup {
        ScaleSetup::Usb { serial, .. } => {
            let is_meant = number.is_none() || serial.as_deref() == number;
            is_meant.then_some(one.setup)
        }
        ScaleSetup::Serial { .. } | ScaleSetup::Practice => None,
    });
    let on_usb: Vec<ScaleSetup> = on_usb.collect();
    one_of(on_usb)
}

/// The only one of the scales on USB.
fn one_of(on_usb: Vec<ScaleSetup>) -> Result<ScaleSetup, UiError> {
    let numbered = on_usb.iter().find_map(|setup| match setup {
        ScaleSetup::Usb { serial, .. } => serial.clone(),
        ScaleSetup::Serial { .. } | ScaleSetup::Practice => None,
    });
    let count = on_usb.len().to_string();
    let mut all = on_usb.into_iter();
    match (all.next(), all.next(), numbered) {
        (None, _, _) => Err(say(Code::ScaleNotFound, &[])),
        (Some(only), None, _) => Ok(only),
        (Some(_), Some(_), Some(example)) => {
            let values = [("count", count.as_str()), ("example", example.as_str())];
            Err(say(Code::SeveralScales, &values))
        }
        (Some(_), Some(_), None) => Err(say(Code::EqualScales, &[("count", &count)])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usb(serial: Option<&str>) -> ScaleSetup {
        ScaleSetup::Usb {
            vendor: 0x0922,
            product: 0x8003,
            serial: serial.map(str::to_owned),
        }
    }

    #[test]
    fn of_several_scales_one_is_named_by_a_number_that_it_has_or_the_others_are_unplugged() {
        assert_eq!(one_of(Vec::new()).unwrap_err().code, "scale_not_found");
        assert_eq!(one_of(vec![usb(None)]), Ok(usb(None)));
        let several = one_of(vec![usb(None), usb(Some("0070")), usb(None)]).unwrap_err();
        assert!(several.hint.contains("usb:0070"), "{}", several.hint);
        let equal = one_of(vec![usb(None), usb(None)]).unwrap_err();
        assert_eq!(equal.code, "equal_scales");
    }
}
