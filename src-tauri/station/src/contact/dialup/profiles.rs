//! How common modems are brought up, as data, and how a modem is found and known.
//!
//! What a profile says is the modem's own: its factory setting, hardware flow control, results in
//! words. What every call needs besides (no echo, carrier and DTR as they are, tones) is said by
//! [`profile`] for all of them.

use std::io;
use std::time::{Duration, Instant};

use shared::call::{ModemPort, PortGone};
use shared::modem::{Answer, Answers, BadNumber, Profile};

use super::ports::{Port, Ports};

/// One kind of modem.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What a person chooses it by.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// The command for the state the modem begins in.
    pub reset: &'static str,
    /// Commands of this kind alone, after it; may be none.
    pub setup: &'static str,
    /// The tones it waits for: `X4` all, `X3` none before dialing, `X1` for those that know less.
    pub tones: &'static str,
    /// Whether it reaches a mobile network.
    pub is_mobile: bool,
    /// Words of its answer to `ATI` that nobody else's has, in capitals.
    pub words: &'static [&'static str],
}

/// The profile for modems nobody knows better.
pub const USUAL: &str = "standard";

/// The kinds that are known; the commands are from the makers' manuals, and none of the analogue
/// ones but the first has been tried on the modem itself.
pub const KINDS: &[Kind] = &[
    Kind {
        name: USUAL,
        title: "Any modem after V.250",
        reset: "ATZ",
        setup: "",
        tones: "X4",
        is_mobile: false,
        words: &[],
    },
    Kind {
        name: "blind",
        title: "Any modem behind a branch exchange whose dial tone it does not know",
        reset: "ATZ",
        setup: "",
        tones: "X3",
        is_mobile: false,
        words: &[],
    },
    Kind {
        name: "usrobotics",
        title: "USRobotics Courier and Sportster: hardware flow control by &F1",
        reset: "AT&F1",
        setup: "",
        tones: "X4",
        is_mobile: false,
        words: &["USROBOTICS", "U.S. ROBOTICS", "COURIER", "SPORTSTER"],
    },
    Kind {
        name: "conexant",
        title: "Conexant and Rockwell chips, most USB modems",
        reset: "AT&F",
        setup: "AT&K3",
        tones: "X4",
        is_mobile: false,
        words: &["CONEXANT", "ROCKWELL", "ACF", "CX93"],
    },
    Kind {
        name: "silabs",
        title: "Silicon Labs Si24xx",
        reset: "AT&F",
        setup: "AT&K3",
        tones: "X4",
        is_mobile: false,
        words: &["SI24", "SILICON LAB"],
    },
    Kind {
        name: "multitech",
        title: "Multi-Tech MultiModem",
        reset: "AT&F",
        setup: "AT&K3",
        tones: "X4",
        is_mobile: false,
        words: &["MULTITECH", "MULTI-TECH", "MT56", "MT92"],
    },
    Kind {
        name: "zyxel",
        title: "ZyXEL U-1496 and Omni: hardware flow control by &H3",
        reset: "AT&F",
        setup: "AT&H3",
        tones: "X4",
        is_mobile: false,
        words: &["ZYXEL", "U1496", "U-1496"],
    },
    Kind {
        name: "mobile",
        title: "4G and LTE modems; needs the access point name (--apn)",
        reset: "ATZ",
        setup: "",
        tones: "",
        is_mobile: true,
        words: &[
            "HUAWEI", "ZTE", "QUECTEL", "SIERRA", "SIMCOM", "TELIT", "LTE",
        ],
    },
];

/// The kind of this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// How a modem of a kind is brought up.
///
/// # Errors
/// [`BadNumber`] when access point name or PIN cannot stand in a command.
pub fn profile(kind: &Kind, apn: Option<&str>, pin: Option<&str>) -> Result<Profile, BadNumber> {
    if kind.is_mobile {
        return Profile::mobile(apn.unwrap_or_default(), pin);
    }
    let mut commands = vec![kind.reset.to_owned()];
    if !kind.setup.is_empty() {
        commands.push(kind.setup.to_owned());
    }
    commands.push(format!("ATE0V1Q0&C1&D2{}S7=60", kind.tones));
    Ok(Profile {
        commands,
        ..Profile::analogue(false)
    })
}

/// What was found on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The port.
    pub port: Port,
    /// Whether a modem answers there, or why not.
    pub state: FoundState,
}

/// Whether a modem answers on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundState {
    /// It answers: what it says of itself, and the profile that fits.
    Modem {
        /// Its answer to `ATI`.
        said: String,
        /// The name of the profile.
        profile: &'static str,
    },
    /// Nobody answers there.
    Silent,
    /// The port does not open.
    Closed(String),
}

/// Ports looked at; a computer with more has a rack of modems, whose owner knows them.
const MAX_PORTS: usize = 16;
/// How long a modem may take to say that it is there, and who it is.
const HELLO_TIME: Duration = Duration::from_millis(800);
const WHO_TIME: Duration = Duration::from_millis(1_500);
/// Lines of its answer that are kept.
const MAX_SAID: usize = 6;

/// Asks on every port but these whether a modem is there. Whatever hangs on the others gets `AT`,
/// so nobody asks by himself.
#[must_use]
pub fn find(ports: &dyn Ports, but: &[String]) -> Vec<Found> {
    let listed = ports.list().into_iter();
    listed
        .filter(|port| !but.contains(&port.device))
        .take(MAX_PORTS)
        .map(|port| {
            let state = look(ports, &port.device);
            Found { port, state }
        })
        .collect()
}

/// Asks on one port whether a modem is there.
#[must_use]
pub fn look(ports: &dyn Ports, device: &str) -> FoundState {
    match ports.open(device) {
        Err(fault) => FoundState::Closed(closed(&fault)),
        Ok(mut modem) => who(modem.as_mut()).unwrap_or(FoundState::Silent),
    }
}

fn closed(fault: &io::Error) -> String {
    if fault.kind() == io::ErrorKind::PermissionDenied {
        "this user may not open it; on Linux it needs the group dialout".to_owned()
    } else {
        fault.to_string()
    }
}

fn who(modem: &mut dyn ModemPort) -> Result<FoundState, PortGone> {
    modem.set_dtr(true)?;
    if asked(modem, b"ATE0V1\r", HELLO_TIME)?.is_none() {
        return Ok(FoundState::Silent);
    }
    let said = asked(modem, b"ATI\r", WHO_TIME)?.unwrap_or_default();
    let said = said.join(" ");
    let is_mobile = asked(modem, b"AT+CPIN?\r", HELLO_TIME)?
        .is_some_and(|lines| lines.iter().any(|line| line.starts_with("+CPIN")));
    let profile = if is_mobile { "mobile" } else { known(&said) };
    Ok(FoundState::Modem { said, profile })
}

/// The profile of a modem that says this of itself.
fn known(said: &str) -> &'static str {
    let said = said.to_ascii_uppercase();
    let fits = |kind: &&Kind| kind.words.iter().any(|word| said.contains(word));
    KINDS.iter().find(fits).map_or(USUAL, |kind| kind.name)
}

/// What a modem answers before its OK; nothing when it does not say that in time.
fn asked(
    modem: &mut dyn ModemPort,
    command: &[u8],
    patience: Duration,
) -> Result<Option<Vec<String>>, PortGone> {
    let mut rest = command;
    let begun = Instant::now();
    let mut answers = Answers::default();
    let mut lines = Vec::new();
    while begun.elapsed() < patience {
        if !rest.is_empty() {
            let taken = modem.write(rest)?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        let mut buffer = [0; 256];
        let count = modem.read(&mut buffer, Duration::from_millis(50))?;
        for byte in buffer.iter().take(count) {
            match answers.push(*byte) {
                Some(Answer::Ok) => return Ok(Some(lines)),
                Some(Answer::Error(_)) => return Ok(None),
                Some(Answer::Other(line)) if lines.len() < MAX_SAID => {
                    // The echo of a modem that has not heard yet that it shall not.
                    if !line.starts_with("AT") || line.starts_with("AT+") {
                        lines.push(line);
                    }
                }
                Some(_) | None => {}
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    struct Bench;

    /// A modem that answers each command with the next line of its part.
    struct Actor(VecDeque<&'static [u8]>, Vec<u8>);

    impl ModemPort for Actor {
        fn read(&mut self, to: &mut [u8], wait: Duration) -> Result<usize, PortGone> {
            let count = self.1.len().min(to.len());
            to[..count].copy_from_slice(&self.1[..count]);
            self.1.drain(..count);
            if count == 0 {
                std::thread::sleep(wait);
            }
            Ok(count)
        }

        fn room(&mut self) -> usize {
            512
        }

        fn write(&mut self, bytes: &[u8]) -> Result<usize, PortGone> {
            self.1.extend(bytes);
            self.1.extend(self.0.pop_front().unwrap_or_default());
            Ok(bytes.len())
        }

        fn has_lines(&self) -> bool {
            false
        }

        fn set_dtr(&mut self, _: bool) -> Result<(), PortGone> {
            Ok(())
        }

        fn carrier(&mut self) -> Result<Option<bool>, PortGone> {
            Ok(None)
        }
    }

    impl Ports for Bench {
        fn open(&self, device: &str) -> io::Result<Box<dyn ModemPort>> {
            let part: &[&[u8]] = match device {
                "courier" => &[
                    b"\r\nOK\r\n",
                    b"\r\nU.S. Robotics 56K FAX\r\nV4.11\r\n\r\nOK\r\n",
                    b"\r\nERROR\r\n",
                ],
                "dongle" => &[
                    b"\r\nOK\r\n",
                    b"\r\nManufacturer: nobody\r\n^RSSI: 3\r\n\r\nOK\r\n",
                    b"\r\n+CPIN: READY\r\n\r\nOK\r\n",
                ],
                "other" => &[b"\r\nOK\r\n", b"\r\n56000\r\n\r\nOK\r\n", b"\r\nERROR\r\n"],
                "scale" => &[],
                _ => return Err(io::ErrorKind::PermissionDenied.into()),
            };
            let part = part.iter().copied().collect();
            Ok(Box::new(Actor(part, Vec::new())))
        }

        fn list(&self) -> Vec<Port> {
            ["courier", "dongle", "other", "scale", "printer", "mine"]
                .map(|device| Port {
                    device: device.to_owned(),
                    what: "serial".to_owned(),
                })
                .into()
        }
    }

    #[test]
    fn every_port_is_asked_and_says_what_hangs_on_it() {
        let found = find(&Bench, &["printer".to_owned()]);
        let states: Vec<FoundState> = found.into_iter().map(|found| found.state).collect();
        let modem = |said: &str, profile| FoundState::Modem {
            said: said.to_owned(),
            profile,
        };
        assert_eq!(
            states[..4],
            [
                modem("U.S. Robotics 56K FAX V4.11", "usrobotics"),
                modem("Manufacturer: nobody ^RSSI: 3", "mobile"),
                modem("56000", "standard"),
                FoundState::Silent,
            ]
        );
        assert!(matches!(&states[4], FoundState::Closed(why) if why.contains("dialout")));
    }

    #[test]
    fn every_profile_has_a_name_of_its_own_and_dials() {
        for (at, one) in KINDS.iter().enumerate() {
            assert_eq!(kind(one.name).map(|kind| kind.title), Some(one.title));
            let made = profile(one, Some("internet"), Some("1234")).unwrap();
            assert!(
                made.commands
                    .iter()
                    .all(|command| command.starts_with("AT"))
            );
            assert_eq!(made.pin.is_some(), one.is_mobile);
            let names = KINDS.iter().skip(at + 1).map(|kind| kind.name);
            assert!(!names.collect::<Vec<_>>().contains(&one.name));
        }
        let courier = profile(kind("usrobotics").unwrap(), None, None).unwrap();
        assert_eq!(courier.commands, ["AT&F1", "ATE0V1Q0&C1&D2X4S7=60"]);
    }
}
