//! What the exchange does to a call.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

/// A direction of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From who has dialed to who has answered.
    ToAnswerer,
    /// Back.
    ToCaller,
}

/// What becomes of a number that is dialed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is put through.
    #[default]
    Through,
    /// The line of who dials is dead.
    NoDialTone,
    /// The number is engaged.
    Busy,
    /// It rings, and nobody takes the call.
    NoAnswer,
    /// A person takes the call and says hello.
    Voice,
    /// A fax takes the call.
    Fax,
    /// The modem must wait before it dials again.
    Delayed,
    /// The modem may not dial the number any more.
    Blacklisted,
}

/// When a call is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// So long after CONNECT.
    After(Duration),
    /// When so many bytes have arrived, both directions together; what is on its way is lost.
    AfterBytes(u64),
}

/// What is done to one call. The default is a clean line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// What becomes of the number.
    pub fate: Fate,
    /// One bit in so many is flipped; 0 for none.
    pub bit_error_one_in: u64,
    /// One byte in so many is lost; 0 for none.
    pub dropped_one_in: u64,
    /// Before one byte in so many another one appears; 0 for none.
    pub inserted_one_in: u64,
    /// Bytes that are lost, by their place in a direction, from 0.
    pub lost: Vec<(Way, Range<u64>)>,
    /// So much longer is the way of every byte.
    pub late: Duration,
    /// The modems keep XON and XOFF for themselves.
    pub eats_flow_characters: bool,
    /// Nothing leaves, so long after CONNECT, for so long.
    pub stall: Option<(Duration, Duration)>,
    /// From then on after CONNECT nothing arrives although the carrier stands.
    pub half_open: Option<Duration>,
    /// The carrier is lost.
    pub cut: Option<Cut>,
    /// What the other end says before anything else, as machines that want a login do.
    pub banner: Vec<u8>,
    /// The caller gets back what he sends, and nobody else hears it.
    pub looped: bool,
    /// The line that the caller's modem says instead of `CONNECT` and the rate.
    pub connect: Option<String>,
}

impl Faults {
    /// A clean line to a number with this fate.
    #[must_use]
    pub fn fate(fate: Fate) -> Self {
        Self {
            fate,
            ..Self::default()
        }
    }

    /// A clean line that is cut.
    #[must_use]
    pub fn cut(cut: Cut) -> Self {
        Self {
            cut: Some(cut),
            ..Self::default()
        }
    }

    /// Whether the byte at this place of a direction is lost.
    pub(super) fn loses(&self, way: Way, place: u64) -> bool {
        self.lost
            .iter()
            .any(|(lost, places)| *lost == way && places.contains(&place))
    }
}

/// A text that is no list of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFaults(String);

impl fmt::Display for BadFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self(text), known) = (self, Faults::KNOWN);
        write!(f, "{text:?} is no fault of a line; known are {known}")
    }
}

impl std::error::Error for BadFaults {}

impl Faults {
    /// The faults that can be given by text, as the help shows them.
    pub const KNOWN: &'static str = "ber=2e-5, drop=1e-4, insert=1e-4, cut=4000B or cut=30s, \
        half-open=5s, stall=3s+10s, late=5s, loop, banner, eats-xon, connect=LINE, busy, \
        no-dialtone, no-answer, voice, fax, delayed, blacklisted";

    /// Takes one fault of a list.
    fn add(&mut self, text: &str) -> Option<()> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        match (name, value.is_empty()) {
            ("loop", true) => self.looped = true,
            ("banner", true) => self.banner = LOGIN.to_vec(),
            ("eats-xon", true) => self.eats_flow_characters = true,
            ("busy", true) => self.fate = Fate::Busy,
            ("no-dialtone", true) => self.fate = Fate::NoDialTone,
            ("no-answer", true) => self.fate = Fate::NoAnswer,
            ("voice", true) => self.fate = Fate::Voice,
            ("fax", true) => self.fate = Fate::Fax,
            ("delayed", true) => self.fate = Fate::Delayed,
            ("blacklisted", true) => self.fate = Fate::Blacklisted,
            ("ber", false) => self.bit_error_one_in = one_in(value)?,
            ("drop", false) => self.dropped_one_in = one_in(value)?,
            ("insert", false) => self.inserted_one_in = one_in(value)?,
            ("half-open", false) => self.half_open = Some(time(value)?),
            ("late", false) => self.late = time(value)?,
            ("connect", false) => self.connect = Some(value.to_owned()),
            ("stall", false) => {
                let (at, length) = value.split_once('+')?;
                self.stall = Some((time(at)?, time(length)?));
            }
            ("cut", false) => {
                self.cut = Some(match value.strip_suffix('B') {
                    Some(bytes) => Cut::AfterBytes(bytes.parse().ok()?),
                    None => Cut::After(time(value)?),
                });
            }
            _ => return None,
        }
        Some(())
    }
}

/// What a machine says that waits for a login by hand.
const LOGIN: &[u8] =
    b"\r\n\r\nWelcome to the terminal server.\r\nUnauthorised use is an offence.\r\n\r\nlogin: ";

impl FromStr for Faults {
    type Err = BadFaults;

    /// Reads a list such as `ber=2e-5,cut=4000B`; see [`Faults::KNOWN`].
    fn from_str(text: &str) -> Result<Self, BadFaults> {
        let mut faults = Self::default();
        for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            faults.add(one).ok_or_else(|| BadFaults(one.to_owned()))?;
        }
        Ok(faults)
    }
}

/// A rate such as `2e-5` as "one in so many".
fn one_in(rate: &str) -> Option<u64> {
    let rate: f64 = rate.parse().ok()?;
    (rate > 0.0 && rate <= 1.0).then(|| format!("{:.0}", 1.0 / rate).parse().ok())?
}

/// A time such as `5s` or `250ms`.
fn time(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis(1)),
        None => (text.strip_suffix('s')?, Duration::from_secs(1)),
    };
    unit.checked_mul(number.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_a_list() {
        let faults: Faults = "ber=2e-5, cut=4000B,stall=3s+250ms,banner,loop"
            .parse()
            .unwrap();
        assert_eq!(
            faults,
            Faults {
                bit_error_one_in: 50_000,
                cut: Some(Cut::AfterBytes(4_000)),
                stall: Some((Duration::from_secs(3), Duration::from_millis(250))),
                banner: LOGIN.to_vec(),
                looped: true,
                ..Faults::default()
            }
        );
        assert_eq!("".parse(), Ok(Faults::default()));
        assert_eq!("no-answer".parse(), Ok(Faults::fate(Fate::NoAnswer)));
    }

    #[test]
    fn every_fault_that_the_help_names_is_known() {
        let list = Faults::KNOWN.replace(" or ", ", ");
        assert!(list.parse::<Faults>().is_ok(), "{list}");
        for bad in [
            "ber=0",
            "ber",
            "busy=1",
            "cut=4k",
            "noise",
            "stall=3s",
            "cut=9999999999999999999999s",
        ] {
            assert_eq!(
                bad.parse::<Faults>(),
                Err(BadFaults(bad.to_owned())),
                "{bad}"
            );
        }
    }
}
