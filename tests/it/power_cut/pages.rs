//! A station is killed while a page of its lies at a printer of IPP: `ippeveprinter`, which nobody here
//! wrote, behind a relay that sees each request.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{thread, time};

use shared::indicium::Indicium;
use station::api::{Call, PieceState, PieceView, ResolveCall};
use station::printing::read::symbols_in_file;

use super::printing::counter_of;
use super::{Reopened, Victim, as_left};
use crate::commands::{Desk, Site};
use crate::ipp_printers::{in_their_network, spooled};

/// Rows of one file.
const ROWS: usize = 2;

/// So long a printer may be at a page.
const PATIENCE: time::Duration = time::Duration::from_secs(20);

/// Operations of IPP by their numbers.
const VALIDATE_JOB: u16 = 0x0004;
const CREATE_JOB: u16 = 0x0005;
const SEND_DOCUMENT: u16 = 0x0006;
const GET_JOB_ATTRIBUTES: u16 = 0x0009;
const GET_PRINTER_ATTRIBUTES: u16 = 0x000B;

/// The printers of the network: one that is done with a page at once, and one that takes a second.
const QUICK: (&str, u16) = ("counts", 18_631);
const SLOW: (&str, u16) = ("slow", 18_633);

/// When the station is killed, seen from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The printer never gets it.
    Unsent,
    /// The printer has answered, and the station never hears it.
    Unheard,
    /// The station has got the answer.
    Answered,
}

/// A request at which the station is killed.
struct Plan {
    operation: u16,
    /// The so many-th of its kind is the one.
    count: usize,
    phase: Phase,
    victim: Victim,
}

/// A relay to a printer.
struct Relay {
    address: String,
    plan: Arc<Mutex<Option<Plan>>>,
}

impl Relay {
    fn to(printer: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan = Arc::<Mutex<Option<Plan>>>::default();
        let planned = Arc::clone(&plan);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                // A station that is killed hangs up in the middle.
                drop(relay(near, printer, &planned));
            }
        });
        Self {
            address: format!("ipp://localhost:{port}/ipp/print"),
            plan,
        }
    }

    /// Runs a command that is to be killed at a request; whether it was.
    fn kills(&self, desk: &Desk, words: &[&str], (operation, count, phase): Instant) -> bool {
        // No request is looked at before it is clear at which one to kill.
        let mut plan = self.plan.lock().unwrap();
        let victim = Victim::started(&mut desk.command(words));
        *plan = Some(Plan {
            operation,
            count,
            phase,
            victim: victim.clone(),
        });
        drop(plan);
        let code = victim.end();
        *self.plan.lock().unwrap() = None;
        assert!(matches!(code, None | Some(0)), "{code:?}");
        code.is_none()
    }
}

/// Passes one request and its answer on, unless it is the one.
fn relay(mut near: TcpStream, printer: u16, plan: &Mutex<Option<Plan>>) -> io::Result<()> {
    let request = message(&mut near)?;
    let body = begin_of_body(&request).unwrap_or_default();
    let operation = u16::from_be_bytes([request[body + 2], request[body + 3]]);
    let killing = {
        let mut plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.as_mut().and_then(|plan| {
            let is_of_its_kind = plan.operation == operation;
            plan.count -= usize::from(is_of_its_kind && plan.count > 0);
            let is_the_one = is_of_its_kind && plan.count == 0;
            is_the_one.then(|| (plan.phase, plan.victim.clone()))
        })
    };
    let kill_in = |now: Phase| {
        killing
            .as_ref()
            .filter(|(phase, _)| *phase == now)
            .map(|(_, victim)| victim.kill())
            .is_some()
    };
    if kill_in(Phase::Unsent) {
        return Ok(());
    }
    let mut far = TcpStream::connect(("localhost", printer))?;
    far.write_all(&request)?;
    let answer = message(&mut far)?;
    if kill_in(Phase::Unheard) {
        return Ok(());
    }
    near.write_all(&answer)?;
    kill_in(Phase::Answered);
    Ok(())
}

/// Reads one message of HTTP whole: with its length at its head, or in chunks.
fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        if let Some(body) = begin_of_body(&bytes) {
            let head = String::from_utf8_lossy(&bytes[..body]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse::<usize>().ok());
            let is_whole = match length {
                Some(length) => bytes.len() >= body + length,
                None => bytes.ends_with(b"0\r\n\r\n"),
            };
            if is_whole {
                return Ok(bytes);
            }
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend(&buffer[..count]),
        }
    }
}

fn begin_of_body(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

/// An operation, which of its kind, and when.
type Instant = (u16, usize, Phase);

/// How a killed station leaves the piece; nothing before it is paid.
type Left = Option<LeftPiece>;

/// A piece that a killed station leaves.
#[derive(Clone, Copy)]
struct LeftPiece {
    /// The states that it may have in the store.
    states: &'static [&'static str],
    /// Whether its page is at the printer.
    is_there: bool,
    /// What it is once the printer was asked.
    told: PieceState,
}

#[test]
fn a_station_killed_while_a_page_lies_at_the_printer_loses_no_piece_and_repeats_none() {
    let test = "power_cut::pages::\
                a_station_killed_while_a_page_lies_at_the_printer_loses_no_piece_and_repeats_none";
    let Some(folder) = in_their_network(test) else {
        return;
    };
    let mut office = Office::set_up(&folder);
    let left = |states, is_there, told| {
        Some(LeftPiece {
            states,
            is_there,
            told,
        })
    };
    let on_paper = |states| left(states, true, PieceState::Printed);
    let no_ink = |states| left(states, false, PieceState::NotPrinted);
    let (sending, sent) = (["sending"].as_slice(), ["sent"].as_slice());
    let (unsent, unheard, answered) = (Phase::Unsent, Phase::Unheard, Phase::Answered);
    for (printer, instant, left) in [
        (QUICK, (VALIDATE_JOB, 1, unsent), None),
        (QUICK, (VALIDATE_JOB, 1, unheard), None),
        // Asked for the second time it is paid.
        (
            QUICK,
            (GET_PRINTER_ATTRIBUTES, 2, unsent),
            no_ink(&["prepared"]),
        ),
        // The printer never heard of it, and that is no proof.
        (
            QUICK,
            (CREATE_JOB, 1, unsent),
            left(sending, false, PieceState::Unknown),
        ),
        (QUICK, (CREATE_JOB, 1, unheard), no_ink(sending)),
        (QUICK, (CREATE_JOB, 1, answered), no_ink(sending)),
        (QUICK, (SEND_DOCUMENT, 1, unsent), no_ink(sending)),
        (QUICK, (SEND_DOCUMENT, 1, unheard), on_paper(sending)),
        (
            QUICK,
            (SEND_DOCUMENT, 1, answered),
            on_paper(&["sending", "sent"]),
        ),
        (QUICK, (GET_JOB_ATTRIBUTES, 1, unsent), on_paper(sent)),
        (SLOW, (SEND_DOCUMENT, 1, unheard), on_paper(sending)),
        (SLOW, (GET_JOB_ATTRIBUTES, 1, answered), on_paper(sent)),
        (SLOW, (SEND_DOCUMENT, 2, unheard), on_paper(sending)),
    ] {
        office.print_a_file(printer, instant, left);
    }
    office.assert_commands_agree();
}

/// A station with two printers of pages, and everything that ever reached them.
struct Office {
    desk: Desk,
    relays: BTreeMap<&'static str, Relay>,
    spools: PathBuf,
    /// The serials of the pages that were read.
    read: BTreeMap<PathBuf, String>,
    files: usize,
    // Last: the folder of everything.
    site: Site,
}

impl Office {
    fn set_up(spools: &Path) -> Self {
        let site = Site::with_deposit("100.00");
        let desk = site.enrolled("station");
        desk.tell(&["refill", "50.00"]).object();
        let mut relays = BTreeMap::new();
        for (name, port) in [QUICK, SLOW] {
            let relay = Relay::to(port);
            let address = relay.address.as_str();
            let words = [
                "printers",
                "add",
                name,
                "--port",
                address,
                "--stock",
                "envelope-10",
            ];
            desk.tell(&words).objects();
            relays.insert(name, relay);
        }
        Self {
            desk,
            relays,
            spools: spools.to_owned(),
            read: BTreeMap::new(),
            files: 0,
            site,
        }
    }

    /// Prints a file during which the station is killed, lets the clerk look at the paper, and prints
    /// the rest of it.
    fn print_a_file(&mut self, (name, _): (&'static str, u16), instant: Instant, expected: Left) {
        let case = format!("{name}, {instant:?}");
        self.files += 1;
        let before = self.left().len();
        let file = self.write_rows();
        let words = ["print", "batch", file.as_str(), "--printer", name];
        assert!(
            self.relays[name].kills(&self.desk, &words, instant),
            "{case}"
        );
        let left = self.left();
        match expected {
            None => assert_eq!(left.len(), before, "{case}: something is paid"),
            Some(LeftPiece {
                states, is_there, ..
            }) => {
                let is_done = |state: &str| ["printed", "spoiled"].contains(&state);
                let mut under_way = left.iter().filter(|(_, state)| !is_done(state));
                let (counter, state) = under_way.next().expect("a piece is under way");
                assert!(states.contains(&state.as_str()), "{case}: {state}");
                let serial = self.serial(*counter);
                let is_at_the_printer = self.papers().contains(&serial);
                assert_eq!(is_at_the_printer, is_there, "{case}");
            }
        }
        self.settle(&left, expected.map(|left| left.told), &case);
        self.finish(&words, &case);
    }

    /// The clerk starts the station again, which asks the printer, looks at the paper and answers what
    /// is still asked.
    fn settle(&mut self, left: &BTreeMap<u32, String>, told: Option<PieceState>, case: &str) {
        let papers = self.papers();
        let reopened = Reopened::at(&self.desk.folder);
        reopened.assert_books_hold();
        assert_under_way_is_unknown(&reopened.pieces(), left, case);
        let pieces = asked(&reopened, told);
        assert_eq!(pieces.len(), left.len(), "{case}: a piece is lost");
        let registers = reopened.status().registers;
        let spent: u64 = pieces.iter().map(|piece| piece.postage_mills).sum();
        assert_eq!(registers.ascending, spent, "{case}");
        for piece in pieces {
            let on_paper = papers.contains(&piece.serial);
            let was = left[&counter_of(&piece.serial)].as_str();
            let wanted = match was {
                "prepared" => PieceState::NotPrinted.word(),
                "sending" | "sent" => told.unwrap().word(),
                other => other,
            };
            assert_eq!(piece.state.word(), wanted, "{case}: {}", piece.serial);
            agrees(&piece, on_paper, case);
            if piece.state == PieceState::Unknown {
                let answer = if on_paper {
                    PieceState::Printed
                } else {
                    PieceState::Spoiled
                };
                let serial = piece.serial;
                reopened.call(Call::Resolve(ResolveCall { serial, answer }));
            }
        }
    }

    /// Prints what is left of a file; then every row is on paper once.
    fn finish(&mut self, words: &[&str], case: &str) {
        let view = self.desk.tell(words).object();
        let papers = self.papers();
        let results = view["results"].as_array().unwrap();
        let mut serials = BTreeSet::new();
        for row in results {
            let outcome = row["outcome"].as_str().unwrap();
            assert!(["printed", "already"].contains(&outcome), "{case}: {row}");
            let serial = row["serial"].as_str().unwrap().to_owned();
            assert!(papers.contains(&serial), "{case}: not on paper: {row}");
            assert!(serials.insert(serial), "{case}: two rows share a piece");
        }
        assert_eq!(serials.len(), ROWS, "{case}");
        let left = self.left();
        let printed = left.values().filter(|state| *state == "printed");
        assert_eq!(printed.count(), self.files * ROWS, "{case}");
    }

    /// The serials of all pages that ever reached the printers. None may be there twice.
    fn papers(&mut self) -> BTreeSet<String> {
        let mut papers = BTreeSet::new();
        for (name, _) in [QUICK, SLOW] {
            for file in spooled(&self.spools.join(name)) {
                let serial = self
                    .read
                    .entry(file)
                    .or_insert_with_key(|file| serial_on(file));
                assert!(papers.insert(serial.clone()), "{serial} is there twice");
            }
        }
        papers
    }

    /// The states of the pieces in the database as the station left it.
    fn left(&self) -> BTreeMap<u32, String> {
        let (_copy, database) = as_left(&self.desk.folder.join("station.db"));
        let mut query = database
            .prepare("SELECT counter, state FROM pieces")
            .unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// The serial of a counter, by that of a piece that is on paper.
    fn serial(&mut self, counter: u32) -> String {
        let papers = self.papers();
        let psd = papers.first().and_then(|serial| serial.rsplit_once('-'));
        psd.map_or_else(String::new, |(psd, _)| format!("{psd}-{counter:06}"))
    }

    fn write_rows(&self) -> String {
        let mut text = "name,address,city,state,zip,class,shape,weight\n".to_owned();
        for row in 1..=ROWS {
            let name = format!("Letter {row} of file {}", self.files);
            text += &format!("{name},1 Beacon St,Boston,MA,02108,first-class,letter,1oz\n");
        }
        let file = self.site.path("letters.csv");
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// The commands tell the same as the library, and the data center accepts it.
    fn assert_commands_agree(&self) {
        let journal = self.desk.tell(&["journal", "verify"]).object();
        assert_eq!(journal["intact"], true);
        self.desk.tell(&["contact"]).objects();
        let status = self.desk.tell(&["status"]).object();
        let books = self.site.assert_books_hold();
        assert_eq!(books["printed"], status["registers"]["ascending"]);
        assert_eq!(books["vaults"], status["registers"]["descending"]);
    }
}

/// Before the printer is asked nobody knows of a piece that was on its way.
fn assert_under_way_is_unknown(pieces: &[PieceView], left: &BTreeMap<u32, String>, case: &str) {
    for piece in pieces {
        let was = left[&counter_of(&piece.serial)].as_str();
        let is_unknown = piece.state == PieceState::Unknown;
        let was_under_way = ["sending", "sent"].contains(&was);
        assert_eq!(is_unknown, was_under_way, "{case}: {piece:?}");
    }
}

/// The pieces once the printer was asked; it may still be at one, and is asked again then.
fn asked(reopened: &Reopened, told: Option<PieceState>) -> Vec<PieceView> {
    let begun = time::Instant::now();
    loop {
        reopened.ask_about_pages();
        let pieces = reopened.pieces();
        let mut states = pieces.iter().map(|piece| piece.state);
        let is_over =
            told == Some(PieceState::Unknown) || states.all(|state| state != PieceState::Unknown);
        if is_over || begun.elapsed() > PATIENCE {
            return pieces;
        }
        thread::sleep(time::Duration::from_millis(100));
    }
}

/// The serial of the one piece that a page shows.
fn serial_on(file: &Path) -> String {
    let symbols = symbols_in_file(&fs::read(file).unwrap()).unwrap();
    let pieces = symbols
        .iter()
        .filter_map(|symbol| Indicium::read(symbol).ok());
    let mut serials: Vec<String> = pieces.map(|piece| piece.identity()).collect();
    assert_eq!(serials.len(), 1, "{}: {serials:?}", file.display());
    serials.remove(0)
}

/// What met ink is never called unprinted; what is called printed is there.
fn agrees(piece: &PieceView, on_paper: bool, case: &str) {
    match piece.state {
        PieceState::Printed => assert!(on_paper, "{case}: {piece:?}"),
        PieceState::NotPrinted | PieceState::Spoiled => assert!(!on_paper, "{case}: {piece:?}"),
        PieceState::Unknown => {}
        PieceState::Prepared | PieceState::Sending | PieceState::Sent => {
            panic!("{case}: under way after a start: {piece:?}")
        }
    }
}
