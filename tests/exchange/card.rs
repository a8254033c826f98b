//! The card of a mobile modem and what its network says.

use super::modem::Word;

/// Wrong PINs after which the card is locked.
const PIN_TRIES: u32 = 3;

/// A mobile modem's card and network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The PIN that it asks for; `None` when it asks for none.
    pub pin: Option<String>,
    /// The access point that the network knows; any other leads nowhere.
    pub access_point: String,
    /// Whether there is a network.
    pub in_reach: bool,
}

/// What a mobile modem answers to a command with `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// These lines, then OK.
    Lines(Vec<String>),
    /// An error of the mobile equipment, by its number (3GPP TS 27.007 §9.2).
    Error(u16),
    /// Plain ERROR.
    Unknown,
}

/// A card in a modem that is switched on.
#[derive(Clone, Debug)]
pub(super) struct Inserted {
    card: Card,
    opened: bool,
    wrong: u32,
    access_point: String,
    /// Whether errors have numbers: only where the modem was told so.
    numbered: bool,
}

impl Inserted {
    pub(super) fn new(card: Card) -> Self {
        Self {
            opened: card.pin.is_none(),
            card,
            wrong: 0,
            access_point: String::new(),
            numbered: false,
        }
    }

    /// Why a call for data cannot be made, by the number of the error; an access point that the
    /// network does not know is found out only by the call.
    pub(super) const fn hinders(&self) -> Option<u16> {
        if self.wrong >= PIN_TRIES {
            Some(12)
        } else if !self.opened {
            Some(11)
        } else if !self.card.in_reach {
            Some(30)
        } else {
            None
        }
    }

    /// Whether the network knows the access point that was named.
    pub(super) fn leads_somewhere(&self) -> bool {
        self.access_point == self.card.access_point
    }

    /// An error as the modem says it.
    pub(super) const fn error(&self, number: u16) -> Word {
        if self.numbered {
            Word::MobileError(number)
        } else {
            Word::Error
        }
    }

    /// Takes a command with its `+`.
    pub(super) fn hear(&mut self, command: &str) -> Said {
        let none = || Said::Lines(Vec::new());
        let one = |line: &str| Said::Lines(vec![line.to_owned()]);
        let upper = command.to_ascii_uppercase();
        match upper.as_str() {
            "+CPIN?" if self.wrong >= PIN_TRIES => one("+CPIN: SIM PUK"),
            "+CPIN?" if self.opened => one("+CPIN: READY"),
            "+CPIN?" => one("+CPIN: SIM PIN"),
            "+CSQ" if self.card.in_reach => one("+CSQ: 21,99"),
            "+CSQ" => one("+CSQ: 99,99"),
            "+CREG?" | "+CEREG?" => {
                let state = if self.card.in_reach { 1 } else { 2 };
                one(&format!("{}: 0,{state}", upper.trim_end_matches('?')))
            }
            "+CGMI" => one("Pennyblack"),
            "+CGMM" => one("Emulated mobile modem"),
            "+CMEE=1" | "+CMEE=0" => {
                self.numbered = upper.ends_with('1');
                none()
            }
            "+CFUN=1" => none(),
            "+CGDCONT?" => one(&format!("+CGDCONT: 1,\"IP\",\"{}\"", self.access_point)),
            _ if upper.starts_with("+CPIN=") => self.open(&command["+CPIN=".len()..]),
            _ if upper.starts_with("+CGDCONT=1,\"IP\",") => {
                let name = &command["+CGDCONT=1,\"IP\",".len()..];
                self.access_point = name.trim_matches('"').to_owned();
                none()
            }
            _ => Said::Unknown,
        }
    }

    fn open(&mut self, said: &str) -> Said {
        if self.opened {
            return Said::Error(3);
        }
        if self.wrong >= PIN_TRIES {
            return Said::Error(12);
        }
        if self.card.pin.as_deref() == Some(said.trim_matches('"')) {
            self.opened = true;
            return Said::Lines(Vec::new());
        }
        self.wrong += 1;
        Said::Error(16)
    }
}
