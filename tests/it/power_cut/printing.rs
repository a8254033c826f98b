//! A station is killed while it prints.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use station::api::{Call, PieceState, PieceView, ResolveCall};
use station::printing::layout::stock::Stock;
use station::printing::units::Dpi;

use super::printer::{Moment, Printer, Sheet};
use super::{Dice, Histogram, Reopened, Victim, as_left};
use crate::commands::{Desk, Site, is_long_run};

/// Rows of one file.
const ROWS: u64 = 4;
/// A file is interrupted at most so often before it may be printed to its end.
const LIVES: usize = 6;
/// Each so many files, one goes into a folder and not to the printer.
const FOLDER_EVERY: u64 = 5;
/// What a station asks a printer before each label.
const QUESTIONS: u64 = 4;
/// The stock of the printer.
const STOCK: &str = "label-4x6";
/// Refilled whenever less than [`LOW_MILLS`] is left.
const REFILL: &str = "100.00";
const LOW_MILLS: u64 = 20_000;

const BEFORE: &str = "before the debit";
const PREPARED: &str = "prepared, no byte sent";
const SENDING: &str = "sending";
const SENT: &str = "sent, not acknowledged";
const AFTER: &str = "after the last piece";
/// The instants at which a piece is paid and not yet done.
const BETWEEN: [&str; 3] = [PREPARED, SENDING, SENT];

#[test]
fn a_station_killed_while_it_prints_loses_no_piece_and_repeats_none() {
    let wanted = if is_long_run() { 1_000 } else { 100 };
    let mut press = Press::set_up();
    let mut histogram = Histogram::default();
    while !histogram.has_its_share(wanted, &BETWEEN) || histogram.missing(&BETWEEN).is_some() {
        histogram.assert_not_endless(wanted);
        press.print_a_file(&mut histogram);
    }
    press.assert_commands_agree();
    let papers = press.papers.len();
    println!(
        "{} files, {papers} labels on paper or in files",
        press.files
    );
    println!("FIGURE A station that prints, killed: {histogram}");
}

/// When a run is to be killed.
enum Trigger {
    After(Duration),
    At(Instance),
}

/// A moment of the printer: of the so many-th label, at its so many-th occurrence, and how long
/// after it.
struct Instance {
    label: u64,
    moment: Moment,
    occurrence: u64,
    then: Duration,
}

/// Where a file goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Printer,
    Folder,
}

/// A piece in the store of a killed station.
struct Left {
    state: String,
    raster: [u8; 32],
}

/// A station with a printer, and everything that ever came out of them.
struct Press {
    desk: Desk,
    printer: Printer,
    dice: Dice,
    /// Dots of a row of the stock.
    width: usize,
    out: PathBuf,
    typical: Duration,
    files: u64,
    /// Pieces that are whole on paper, or in a file.
    papers: BTreeSet<u32>,
    /// Rows per file that became a piece and were not spoiled.
    settled: u64,
    // Last: the folder of everything.
    site: Site,
}

impl Press {
    fn set_up() -> Self {
        let site = Site::with_deposit("10000.00");
        let desk = site.enrolled("station");
        let printer = Printer::switched_on();
        let address = printer.address();
        let words = [
            "printers", "add", "press", "--port", address, "--stock", STOCK,
        ];
        desk.tell(&words).objects();
        let stock = Stock::by_name(STOCK).unwrap();
        Self {
            width: Dpi::D203.dots(stock.width),
            out: site.path("out"),
            desk,
            printer,
            dice: Dice::thrown(),
            typical: Duration::from_millis(500),
            files: 0,
            papers: BTreeSet::new(),
            settled: 0,
            site,
        }
    }

    /// Prints one file, interrupted again and again, to its end.
    fn print_a_file(&mut self, histogram: &mut Histogram) {
        self.refill_when_low();
        self.files += 1;
        self.settled = 0;
        let way = if self.files.is_multiple_of(FOLDER_EVERY) {
            Way::Folder
        } else {
            Way::Printer
        };
        let file = self.write_rows();
        for _ in 0..LIVES {
            let trigger = self.trigger(way);
            if !self.live(&file, way, trigger) {
                break;
            }
            let left = self.left();
            histogram.count(instant_of(&left, self.files));
            self.settle(&left, way);
        }
        self.finish(&file, way);
    }

    /// One run; whether it was killed. One that ends by itself must end well.
    fn live(&self, file: &str, way: Way, trigger: Trigger) -> bool {
        let victim = Victim::started(&mut self.desk.command(&self.words(file, way)));
        match trigger {
            Trigger::After(wait) => victim.kill_after(wait),
            Trigger::At(instance) => watch(&self.printer, victim.clone(), instance),
        }
        let code = victim.end();
        assert!(matches!(code, None | Some(0)), "{code:?}");
        code.is_none()
    }

    /// The clerk starts the station again, looks at the paper and answers what it asks.
    fn settle(&mut self, left: &BTreeMap<u32, Left>, way: Way) {
        let sheets = self.printer.take_sheets();
        let reopened = Reopened::at(&self.desk.folder);
        reopened.assert_books_hold();
        let pieces = by_counter(reopened.pieces());
        self.assert_every_piece_is_accounted_for(&reopened, &pieces);
        for (counter, piece) in &pieces {
            assert_settled(*counter, &left[counter].state, piece.state);
        }
        self.lay_out(&sheets, left, &pieces);
        self.collect_files(&pieces);
        for (counter, piece) in &pieces {
            self.assert_paper_and_store_agree(*counter, piece);
        }
        if way == Way::Printer {
            let doubtful = pieces.values().filter(|p| p.state == PieceState::Unknown);
            assert!(doubtful.count() <= 1, "a printer has one piece at a time");
        }
        for (counter, piece) in pieces {
            if piece.state == PieceState::Unknown {
                let answer = if self.papers.contains(&counter) {
                    PieceState::Printed
                } else {
                    PieceState::Spoiled
                };
                let serial = piece.serial;
                reopened.call(Call::Resolve(ResolveCall { serial, answer }));
            }
        }
        let done = reopened.pieces();
        let done = done.iter().filter(|p| p.state == PieceState::Printed);
        self.settled = done.count().try_into().unwrap();
        self.settled -= (self.files - 1) * ROWS;
    }

    /// Prints what is left of a file; then every row is on paper once.
    fn finish(&mut self, file: &str, way: Way) {
        let begun = Instant::now();
        let view = self.desk.tell(&self.words(file, way)).object();
        if self.files == 1 {
            self.typical = begun.elapsed() * 3 / 2;
        }
        let left = self.left();
        self.settle(&left, way);
        let results = view["results"].as_array().unwrap();
        let mut serials = BTreeSet::new();
        for row in results {
            let outcome = row["outcome"].as_str().unwrap();
            assert!(["printed", "already"].contains(&outcome), "{row}");
            let counter = counter_of(row["serial"].as_str().unwrap());
            assert!(self.papers.contains(&counter), "not on paper: {row}");
            assert!(serials.insert(counter), "two rows share a piece: {row}");
        }
        assert_eq!(u64::try_from(serials.len()).unwrap(), ROWS);
        let printed = left.values().filter(|piece| piece.state == "printed");
        let rows = usize::try_from(self.files * ROWS).unwrap();
        assert_eq!(printed.count(), rows, "each row is printed once");
    }

    /// Finds out which piece each sheet shows. No piece may be there twice.
    fn lay_out(
        &mut self,
        sheets: &[Sheet],
        left: &BTreeMap<u32, Left>,
        pieces: &BTreeMap<u32, PieceView>,
    ) {
        for sheet in sheets {
            let hashes = sheet.hashes(self.width);
            let shown = left
                .iter()
                .find(|(_, piece)| hashes.contains(&piece.raster));
            match shown {
                Some((counter, _)) => {
                    assert!(self.papers.insert(*counter), "{counter} is printed twice");
                }
                None => {
                    assert!(!sheet.cut, "a label that nobody paid for");
                    let doubtful = pieces.values().any(|p| p.state == PieceState::Unknown);
                    assert!(doubtful, "ink on a sheet and no piece is in doubt");
                }
            }
        }
    }

    /// Looks which pieces lie in the folder.
    fn collect_files(&mut self, pieces: &BTreeMap<u32, PieceView>) {
        for (counter, piece) in pieces {
            let file = self.out.join(format!("{}.pdf", piece.serial));
            if file.exists() {
                let bytes = fs::read(&file).unwrap();
                assert!(bytes.trim_ascii_end().ends_with(b"%%EOF"), "{file:?}");
                self.papers.insert(*counter);
            }
        }
    }

    /// What met ink is never called unprinted; what is called printed is there.
    fn assert_paper_and_store_agree(&self, counter: u32, piece: &PieceView) {
        let on_paper = self.papers.contains(&counter);
        match piece.state {
            PieceState::Printed => assert!(on_paper, "{piece:?}"),
            PieceState::NotPrinted | PieceState::Spoiled => assert!(!on_paper, "{piece:?}"),
            PieceState::Unknown => {}
            PieceState::Prepared | PieceState::Sending | PieceState::Sent => {
                panic!("under way after a start: {piece:?}")
            }
        }
    }

    /// The registers are the sum of the pieces.
    fn assert_every_piece_is_accounted_for(
        &self,
        reopened: &Reopened,
        pieces: &BTreeMap<u32, PieceView>,
    ) {
        let registers = reopened.status().registers;
        let spent: u64 = pieces.values().map(|piece| piece.postage_mills).sum();
        assert_eq!(registers.ascending, spent);
        assert_eq!(registers.piece_count, u64::try_from(pieces.len()).unwrap());
    }

    /// The commands tell the same as the library, and the data center accepts it.
    fn assert_commands_agree(&self) {
        assert_eq!(
            self.desk.tell(&["journal", "verify"]).object()["intact"],
            true
        );
        let listed = self.desk.tell(&["pieces", "--limit", "10000"]).objects();
        assert_eq!(listed.len(), self.left().len());
        for piece in listed {
            let state = piece["state"].as_str().unwrap();
            assert!(["printed", "spoiled"].contains(&state), "{piece}");
        }
        self.desk.tell(&["contact"]).objects();
        let status = self.desk.tell(&["status"]).object();
        let books = self.site.assert_books_hold();
        assert_eq!(books["printed"], status["registers"]["ascending"]);
        assert_eq!(books["vaults"], status["registers"]["descending"]);
        assert_eq!(books["in_transit"], 0);
    }

    fn refill_when_low(&self) {
        let status = self.desk.tell(&["status"]).object();
        if status["registers"]["descending"].as_u64().unwrap() < LOW_MILLS {
            self.desk.tell(&["refill", REFILL]).object();
        }
    }

    fn write_rows(&self) -> String {
        let mut text = "name,address,city,state,zip,class,shape,weight\n".to_owned();
        for row in 1..=ROWS {
            let name = format!("Letter {} of file {}", row, self.files);
            text += &format!("{name},1 Beacon St,Boston,MA,02108,first-class,letter,1oz\n");
        }
        let file = self.site.path("letters.csv");
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    fn words<'a>(&'a self, file: &'a str, way: Way) -> [&'a str; 5] {
        match way {
            Way::Printer => ["print", "batch", file, "--printer", "press"],
            Way::Folder => ["print", "batch", file, "--out", self.out.to_str().unwrap()],
        }
    }

    /// The pieces in the database as the station left it.
    fn left(&self) -> BTreeMap<u32, Left> {
        let (_copy, database) = as_left(&self.desk.folder.join("station.db"));
        let mut query = database
            .prepare("SELECT counter, state, raster FROM pieces")
            .unwrap();
        let rows = query.query_map([], |row| {
            let piece = Left {
                state: row.get(1)?,
                raster: row.get(2)?,
            };
            Ok((row.get(0)?, piece))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// A third of the kills is spread over the time of a run, the rest over what the printer sees.
    fn trigger(&mut self, way: Way) -> Trigger {
        let dice = &mut self.dice;
        if way == Way::Folder || dice.below(3) == 0 {
            return Trigger::After(dice.micros_below(self.typical));
        }
        let (moment, most, then) = match dice.below(6) {
            0 => (Moment::Asked, QUESTIONS, 0),
            1 => (Moment::Inked, 1, 0),
            2 => (Moment::Inked, 12, 1_000),
            3 => (Moment::Cut, 1, 1_000),
            4 => (Moment::Tagged, 1, 500),
            _ => (Moment::Acknowledged, 1, 3_000),
        };
        let label = dice.below(ROWS.saturating_sub(self.settled));
        // Before anything is paid, the printer is asked once more.
        let before = moment == Moment::Asked && label == 0;
        Trigger::At(Instance {
            label,
            moment,
            occurrence: dice.below(most) + if before { QUESTIONS } else { 0 },
            then: dice.micros_below(Duration::from_micros(then)),
        })
    }
}

/// Kills the process at a moment of the printer.
fn watch(printer: &Printer, victim: Victim, instance: Instance) {
    let (mut label, mut seen) = (0, 0);
    printer.watched_by(move |moment| {
        if label == instance.label && moment == instance.moment {
            if seen == instance.occurrence {
                victim.kill_after(instance.then);
            }
            seen += 1;
        }
        if moment == Moment::Acknowledged {
            label += 1;
        }
    });
}

/// When a station was killed, by the pieces it left.
fn instant_of(left: &BTreeMap<u32, Left>, files: u64) -> &'static str {
    let any = |state| left.values().any(|piece| piece.state == state);
    let printed = left.values().filter(|piece| piece.state == "printed");
    if any("sent") {
        SENT
    } else if any("sending") {
        SENDING
    } else if any("prepared") {
        PREPARED
    } else if u64::try_from(printed.count()).unwrap() == files * ROWS {
        AFTER
    } else {
        BEFORE
    }
}

/// What a start makes of a state: what may have met ink is unknown, what cannot have is not.
fn assert_settled(counter: u32, left: &str, now: PieceState) {
    let expected = match left {
        "prepared" => "not-printed",
        "sending" | "sent" => "unknown",
        other => other,
    };
    assert_eq!(now.word(), expected, "piece {counter} was {left}");
}

fn by_counter(pieces: Vec<PieceView>) -> BTreeMap<u32, PieceView> {
    let mut map = BTreeMap::new();
    for piece in pieces {
        let counter = counter_of(&piece.serial);
        assert!(map.insert(counter, piece).is_none(), "{counter} twice");
    }
    map
}

pub(super) fn counter_of(serial: &str) -> u32 {
    let (_, counter) = serial.rsplit_once('-').unwrap();
    counter.parse().unwrap()
}
