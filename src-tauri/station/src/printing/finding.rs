//! Printers that are found by themselves: on USB, on serial lines, behind a print server, on the
//! network.
//!
//! Looking changes nothing, but a serial port has to be asked, and whatever hangs on it gets the
//! question. So nobody looks by himself, and never at a port that is in use.

mod network;

use std::thread;
use std::time::{Duration, Instant};

use super::ipp::{self, FoundQueue, Limits};
use super::layout::stock::Stock;
use super::port::usb::{self, Identity, Plugged, told_apart};
use super::port::{Flow, Port, SerialLine, open_as};
use super::profile::Profile;
use super::spooler::{self, Spooled};
use crate::api::PrinterPort;

/// The print server of this computer.
pub const PRINT_SERVER: &str = "ipp://localhost:631/";

/// Speeds at which printers are asked, the most usual first.
const SPEEDS: [u32; 4] = [9_600, 115_200, 38_400, 19_200];

/// How long a printer may take to answer who it is; those that do answer at once.
const ANSWER_WAIT: Duration = Duration::from_millis(300);

/// The longest answer that is listened to.
const MAX_ANSWER: usize = 256;

/// Ports that are asked; who has more knows what hangs on them.
const MAX_PORTS: usize = 16;

/// A printer that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it says it is.
    pub what: String,
    /// How it is reached.
    pub port: PrinterPort,
    /// Its model, if that is known.
    pub model: Option<&'static Profile>,
    /// Of a printer of pages: whether it may say what it printed, and the first stock that it has.
    pub pages: Option<Pages>,
}

/// What is known of a printer of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Whether it may say what it printed: a print server never may.
    pub may_acknowledge: bool,
    /// The first stock of whose size it has paper.
    pub stock: Option<&'static str>,
}

/// What looking has brought.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// The printers.
    pub found: Vec<Found>,
    /// Where could not be looked, and why.
    pub not_looked: Vec<String>,
}

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Serial ports, none of which may be in use.
    pub serial: Vec<String>,
    /// The address of a print server.
    pub server: Option<String>,
    /// Whether to look at the USB ports.
    pub usb: bool,
    /// Whether to ask the spooler of Windows.
    pub spooler: bool,
    /// Whether to ask on the network.
    pub network: bool,
}

impl Places {
    /// Everything of this computer but these ports, which are in use.
    #[must_use]
    pub fn all_but(taken: &[String]) -> Self {
        let ports = serialport::available_ports().unwrap_or_default();
        let ports = ports.into_iter().map(|port| port.port_name);
        Self {
            serial: ports
                .filter(|device| !taken.contains(device))
                .take(MAX_PORTS)
                .collect(),
            server: Some(PRINT_SERVER.to_owned()),
            usb: true,
            spooler: true,
            network: true,
        }
    }
}

/// Looks everywhere at once; takes some seconds where serial ports stay silent.
#[must_use]
pub fn find(places: &Places) -> Finding {
    thread::scope(|scope| {
        let serial: Vec<_> = places
            .serial
            .iter()
            .map(|device| scope.spawn(|| on_line(device)))
            .collect();
        let server = places.server.as_deref();
        let server = server.map(|server| scope.spawn(|| ipp::queues(server, Limits::default())));
        let network = places.network.then(|| scope.spawn(network::look));
        let mut finding = Finding::default();
        if places.usb {
            match usb::list() {
                Ok(printers) => finding.found.extend(on_usb(&printers)),
                Err(fault) => finding.not_looked.push(format!("USB: {fault}")),
            }
        }
        if places.spooler {
            finding
                .found
                .extend(spooler::printers().into_iter().map(spooled));
        }
        let answered = serial.into_iter().filter_map(|asked| asked.join().ok());
        finding.found.extend(answered.flatten());
        match server.map(thread::ScopedJoinHandle::join) {
            None => {}
            Some(Ok(Ok(queues))) => finding.found.extend(queues.into_iter().map(of_pages)),
            Some(Ok(Err(none))) => finding.not_looked.push(format!("print server: {none}")),
            Some(Err(_)) => finding.not_looked.push("print server".to_owned()),
        }
        match network.map(thread::ScopedJoinHandle::join) {
            None => {}
            Some(Ok(Ok(printers))) => finding.found.extend(printers),
            Some(Ok(Err(fault))) => finding.not_looked.push(format!("network: {fault}")),
            Some(Err(_)) => finding.not_looked.push("network".to_owned()),
        }
        finding
    })
}

fn on_usb(printers: &[(Plugged, Option<Identity>)]) -> Vec<Found> {
    let all: Vec<Plugged> = printers.iter().map(|(one, _)| one.clone()).collect();
    let found = printers.iter().map(|(one, identity)| {
        let (serial, place) = told_apart(one, &all);
        let (vendor, product) = one.id;
        let said = identity.as_ref().map(Identity::title).unwrap_or_default();
        let commands = identity.as_ref().map_or("", |identity| &identity.commands);
        Found {
            what: [said.as_str(), one.title.as_str(), "a USB printer"]
                .into_iter()
                .find(|what| !what.is_empty())
                .map(str::to_owned)
                .unwrap_or_default(),
            port: PrinterPort::Usb {
                id: format!("{vendor:04x}:{product:04x}"),
                serial: serial.map(str::to_owned),
                place: place.map(str::to_owned),
            },
            model: Profile::known_as(&said)
                .or_else(|| Profile::known_as(&one.title))
                .or_else(|| Profile::speaking(commands)),
            pages: None,
        }
    });
    found.collect()
}

fn of_pages(queue: FoundQueue) -> Found {
    let what = if queue.model.is_empty() || queue.model == queue.title {
        queue.title
    } else {
        format!("{} ({})", queue.title, queue.model)
    };
    Found {
        what,
        port: PrinterPort::Ipp {
            uri: queue.uri,
            certificate: None,
        },
        model: None,
        pages: Some(Pages {
            may_acknowledge: !queue.is_server,
            stock: queue.stock,
        }),
    }
}

fn spooled(printer: Spooled) -> Found {
    Found {
        model: Profile::known_as(&printer.driver).or_else(|| Profile::known_as(&printer.name)),
        what: printer.name.clone(),
        port: PrinterPort::Spooler { name: printer.name },
        pages: None,
    }
}

/// The printer on a serial line, at whatever speed it answers.
fn on_line(path: &str) -> Option<Found> {
    SPEEDS.into_iter().find_map(|baud| {
        let port = PrinterPort::Serial {
            path: path.to_owned(),
            baud,
        };
        // A question is short enough for every printer, and what is not wired would hold it back.
        let set = SerialLine {
            flow: Flow::None,
            ..SerialLine::default()
        };
        let mut line = open_as(&port, set).ok()?;
        let said = who(line.as_mut())?;
        Some(Found {
            model: Profile::known_as(&said.words).or_else(|| Profile::speaking(said.language)),
            what: if said.words.is_empty() {
                format!("a printer that speaks {}", said.language)
            } else {
                said.words
            },
            port,
            pages: None,
        })
    })
}

/// What a printer says of itself.
struct Said {
    words: String,
    language: &'static str,
}

/// Asks in the languages whose questions print nothing on a printer that knows them. The question of
/// ESC/POS comes first: it is silent on every printer.
fn who(line: &mut dyn Port) -> Option<Said> {
    const STATUS: &[u8] = b"\x10\x04\x01";
    const NAME: &[u8] = b"\x1dIC";
    if asked(line, STATUS, |_| true).is_some_and(|answer| answer.iter().any(|&b| is_status(b))) {
        let name = asked(line, NAME, |byte| byte == 0).unwrap_or_default();
        return Some(Said {
            words: name
                .iter()
                .position(|&byte| byte == b'_')
                .map(|at| words(&name[at + 1..]))
                .unwrap_or_default(),
            language: "ESC/POS",
        });
    }
    if let Some(answer) = asked(line, b"~HI\r\n", |byte| byte == 0x03)
        && let Some(begin) = answer.iter().position(|&byte| byte == 0x02)
    {
        let model = answer[begin + 1..].split(|&byte| byte == b',').next();
        return Some(Said {
            words: words(model.unwrap_or_default()),
            language: "ZPL",
        });
    }
    let answer = asked(line, b"~!T\r\n", |byte| byte == b'\n' || byte == b'\r')?;
    let words = words(&answer);
    // A name, and neither an echo nor noise.
    let is_name = words.len() > 2 && !words.contains('!') && words.is_ascii();
    is_name.then_some(Said {
        words,
        language: "TSPL",
    })
}

/// Whether a byte is the status of ESC/POS: `0xx1xx10`.
const fn is_status(byte: u8) -> bool {
    byte & 0b1001_0011 == 0b0001_0010
}

fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text: String = text
        .chars()
        .filter(|c| !c.is_control() && *c != char::REPLACEMENT_CHARACTER)
        .collect();
    text.trim().to_owned()
}

/// What comes back in time, up to its end; nothing when nothing does.
fn asked(line: &mut dyn Port, question: &[u8], is_end: impl Fn(u8) -> bool) -> Option<Vec<u8>> {
    line.write(question, ANSWER_WAIT).ok()?;
    let started = Instant::now();
    let mut answer = Vec::new();
    let mut byte = [0];
    while answer.len() < MAX_ANSWER {
        let Some(wait) = ANSWER_WAIT.checked_sub(started.elapsed()) else {
            break;
        };
        if line.read(&mut byte, wait).ok()? == 0 {
            break;
        }
        answer.push(byte[0]);
        if is_end(byte[0]) {
            break;
        }
    }
    (!answer.is_empty()).then_some(answer)
}

/// The first stock that fits.
pub(super) fn first_stock(fits: impl Fn(&Stock) -> bool) -> Option<&'static str> {
    Stock::all()
        .iter()
        .find(|stock| fits(stock))
        .map(|stock| stock.name)
}

#[cfg(test)]
mod tests;
