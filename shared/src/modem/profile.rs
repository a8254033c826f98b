//! What a modem and its telephone line need.

use std::fmt;
use std::time::Duration;

/// Longest number, in characters: pauses and prefixes included, every modem takes as many.
const MAX_NUMBER: usize = 60;

/// A telephone number that holds nothing but what is dialed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

/// A text that is no telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a telephone number holds digits, + * # , W and at most 60 characters")]
pub struct BadNumber;

impl Number {
    /// Reads a number as people write it; spaces, brackets, dots and dashes are left out. `,` is a
    /// pause, `W` waits for a second dial tone. Nothing else of a modem's commands can stand in it.
    ///
    /// # Errors
    /// [`BadNumber`] for any other character, for nothing, and for more than 60.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        let dialed: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '(' | ')' | '-' | '.' | '/'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let fits = dialed.len() <= MAX_NUMBER && dialed.chars().any(|c| c.is_ascii_digit());
        let known = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#' | ',' | 'W');
        if fits && dialed.chars().all(known) {
            Ok(Self(dialed))
        } else {
            Err(BadNumber)
        }
    }

    /// What is dialed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How long each answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// For the answer to a command.
    pub command: Duration,
    /// From dialing to CONNECT: ringing and training included.
    pub carrier: Duration,
    /// Silence before and after the escape `+++`, a little more than the modem asks for.
    pub guard: Duration,
    /// How long DTR is held low.
    pub dtr: Duration,
}

impl Waits {
    /// V.250's and the usual registers' (S7 = 60 s, S12 = 1 s), with a reserve.
    pub const USUAL: Self = Self {
        command: Duration::from_secs(5),
        carrier: Duration::from_secs(75),
        guard: Duration::from_millis(1_200),
        dtr: Duration::from_secs(1),
    };
}

/// How to bring up a modem on its line.
#[derive(Clone)]
pub struct Profile {
    /// Commands before dialing, each with its `AT`.
    pub commands: Vec<String>,
    /// Whether it has a card of a mobile network, which is asked before it dials.
    pub has_card: bool,
    /// The PIN of a mobile modem's card. It is entered only where the card asks for it, and once:
    /// three wrong ones lock it.
    pub pin: Option<String>,
    /// What is dialed before the number, such as `9,` for an outside line.
    pub prefix: Option<Number>,
    /// By pulses instead of tones.
    pub pulse: bool,
    /// How long each answer may take.
    pub waits: Waits,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("commands", &self.commands)
            .field("has_card", &self.has_card)
            .field("pin", &self.pin.as_ref().map(|_| "(redacted)"))
            .field("prefix", &self.prefix)
            .field("pulse", &self.pulse)
            .field("waits", &self.waits)
            .finish()
    }
}

impl Profile {
    /// An analogue modem. Blind, it dials without a dial tone it knows (`X3`), as behind some
    /// branch exchanges.
    #[must_use]
    pub fn analogue(blind: bool) -> Self {
        let tones = if blind { "X3" } else { "X4" };
        Self {
            commands: vec![
                "ATZ".to_owned(),
                // No echo, words, results, carrier and DTR as they are, 60 s for the carrier.
                format!("ATE0V1Q0&C1&D2{tones}S7=60"),
            ],
            has_card: false,
            pin: None,
            prefix: None,
            pulse: false,
            waits: Waits::USUAL,
        }
    }

    /// A mobile modem that reaches the Internet by this access point name; dial
    /// [`Profile::mobile_number`].
    ///
    /// # Errors
    /// [`BadNumber`] when the name or the PIN holds a character that could end the command.
    pub fn mobile(access_point: &str, pin: Option<&str>) -> Result<Self, BadNumber> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let digits =
            |pin: &str| (4..=8).contains(&pin.len()) && pin.bytes().all(|c| c.is_ascii_digit());
        let name_fits = access_point.len() <= MAX_NUMBER && access_point.chars().all(known);
        if !name_fits || !pin.is_none_or(digits) {
            return Err(BadNumber);
        }
        Ok(Self {
            commands: vec![
                "ATZ".to_owned(),
                "ATE0V1Q0".to_owned(),
                format!("AT+CGDCONT=1,\"IP\",\"{access_point}\""),
            ],
            has_card: true,
            pin: pin.map(str::to_owned),
            ..Self::analogue(false)
        })
    }

    /// An analogue modem that waits for calls. It is told not to answer by itself (`S0=0`), so that
    /// no call is taken that nobody is there for.
    #[must_use]
    pub fn answering() -> Self {
        Self {
            commands: vec!["ATZ".to_owned(), "ATE0V1Q0&C1&D2X4S0=0S7=60".to_owned()],
            ..Self::analogue(false)
        }
    }

    /// What a mobile modem is told to dial for its first access point.
    #[must_use]
    pub fn mobile_number() -> Number {
        Number("*99#".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_in_no_log() {
        let profile = Profile::mobile("internet.example", Some("27495")).unwrap();
        let logged = format!("{profile:?}");
        assert!(logged.contains("internet.example"), "{logged}");
        assert!(!logged.contains("27495"), "{logged}");
    }
}
