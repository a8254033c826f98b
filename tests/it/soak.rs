//! Labels to printers of every language, with random faults and with the station killed at random
//! bytes: a label is never called printed without paper, none is on paper twice, and after a start
//! nothing is under way for ever.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use station::api::{Call, PictureCall, PieceState, PieceView, ResolveCall, View};
use station::printing::bits::{BitImage, DotRect};
use station::printing::language::{Language, Sheet};
use station::printing::layout::stock::Stock;
use station::printing::profile::Profile;
use station::printing::units::Dpi;
use system_tests::exchange::Chance;
use system_tests::printer::device::{Acknowledging, Device, Faults, Printed, Trouble};

use crate::commands::{Desk, Site, is_long_run};
use crate::power_cut::{Reopened, Victim};

/// A printer of each language by its name, its model and a stock that it takes; the last ones are
/// printers that nobody believes, whose pieces are asked about.
const MODELS: [(&str, &str, &str); 9] = [
    ("receipts", "esc-pos", "label-4x6"),
    ("zebra", "zebra-zd421-203", "label-4x6"),
    ("eltron", "zebra-lp2844", "label-4x6"),
    ("tsc", "tsc-te210", "label-4x6"),
    ("brother", "brother-ql-820nwb", "roll-62"),
    ("dymo", "dymo-lw-4xl", "label-4x6"),
    ("boca", "boca-lemur-300", "label-4x6"),
    ("asking-eltron", "zebra-lp2844", "label-4x6"),
    ("asking-boca", "boca-lemur-300", "label-4x6"),
];

/// What the names of printers begin with that nobody believes.
const ASKING: &str = "asking-";

/// What one label costs at most, mills; refilled whenever ten of them are left.
const LABEL_MILLS: u64 = 1_000;

/// Stations that print at the same time.
const STATIONS: usize = 3;

/// Labels that one process prints at most.
const ROWS: usize = 3;

/// A process waits for a printer that will never speak this fraction of its usual patience: time is
/// what a soak is short of, and a process that was killed calls nothing not printed.
const HASTE: (&str, &str) = ("PENNYBLACK_PRINTER_HASTE", "40");

/// A process that takes longer all the same is killed.
const IMPATIENCE: Duration = Duration::from_secs(10);

/// A process that does not even end when it has nothing to wait for is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// A shift of a picture that keeps its bytes from being commands.
const SHIFTS: usize = 8;

#[test]
fn labels_with_random_faults_and_kills_are_never_printed_without_paper_nor_twice() {
    let labels = if is_long_run() { 1_000 } else { 100 };
    let started = Instant::now();
    let site = Site::with_deposit("10000.00");
    let seed = seed();
    // What takes time is waiting, and there are several stations in an office.
    let soaks: Vec<Soak<'_>> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..STATIONS)
            .map(|lane| {
                let mut soak = Soak::set_up(&site, lane, seed);
                scope.spawn(move || {
                    while soak.settled.len() < labels / STATIONS + 1 {
                        soak.live();
                    }
                    soak
                })
            })
            .collect();
        let ended = lanes.into_iter().map(thread::ScopedJoinHandle::join);
        ended.map(Result::unwrap).collect()
    });
    assert_all_is_told(&site, &soaks);
    println!("{} in {:?}", summary(&soaks), started.elapsed());
}

/// What decides which faults there are.
fn seed() -> u64 {
    let chosen = std::env::var("PENNYBLACK_SEED").ok();
    let seed = chosen
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| {
            let now = std::time::SystemTime::now();
            let now = now.duration_since(std::time::SystemTime::UNIX_EPOCH);
            u64::from(now.unwrap().subsec_nanos())
        });
    println!("seed {seed}; PENNYBLACK_SEED={seed} draws the same faults again");
    seed
}

/// Nothing is left open, the journals hold, and the data center agrees.
fn assert_all_is_told(site: &Site, soaks: &[Soak<'_>]) {
    let (mut ascending, mut descending) = (0, 0);
    for soak in soaks {
        let journal = soak.desk.tell(&["journal", "verify"]).object();
        assert_eq!(journal["intact"], true);
        soak.desk.tell(&["contact"]).objects();
        let status = soak.desk.tell(&["status"]).object();
        assert_eq!(status["unknown_pieces"], 0);
        let registers = &status["registers"];
        let count = u64::try_from(soak.settled.len()).unwrap();
        assert_eq!(registers["piece_count"], count);
        ascending += registers["ascending"].as_u64().unwrap();
        descending += registers["descending"].as_u64().unwrap();
    }
    let books = site.assert_books_hold();
    assert_eq!(books["printed"], ascending);
    assert_eq!(books["vaults"], descending);
    let mut states = soaks.iter().flat_map(|soak| soak.settled.values());
    assert!(states.any(|state| *state == PieceState::Printed));
    assert!(soaks.iter().any(|soak| soak.counts.contains_key(AGAIN)));
}

/// What the summary calls pieces that were sent again.
const AGAIN: &str = "sent again";

fn summary(soaks: &[Soak<'_>]) -> String {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    for soak in soaks {
        for state in soak.settled.values() {
            *states.entry(state.word()).or_default() += 1;
        }
        for (fault, count) in &soak.counts {
            *faults.entry(fault).or_default() += count;
        }
    }
    let labels: usize = states.values().sum();
    format!("{labels} labels: {states:?}; files with faults: {faults:?}")
}

/// A printer of one language.
struct Press {
    name: &'static str,
    device: Device,
    sheet: Sheet,
    /// Columns of a picture, and rows.
    size: (usize, usize),
    /// Whether nothing is on paper before a label's end, so that there are no parts of labels.
    is_strict: bool,
}

/// A piece in the store.
struct Stored {
    state: PieceState,
    raster: [u8; 32],
}

/// A station with a printer of every language.
struct Soak<'a> {
    desk: Desk,
    chance: Chance,
    presses: Vec<Press>,
    /// Pieces that are whole on paper.
    papers: BTreeSet<u32>,
    /// What was settled of each piece before.
    settled: BTreeMap<u32, PieceState>,
    files: usize,
    /// What the vault held last, mills.
    left: u64,
    counts: BTreeMap<&'static str, usize>,
    lane: usize,
    site: &'a Site,
}

impl<'a> Soak<'a> {
    fn set_up(site: &'a Site, lane: usize, seed: u64) -> Self {
        let desk = site.enrolled(&format!("station-{lane}"));
        let presses = MODELS.map(|(name, model, stock)| {
            let profile = Profile::by_name(model).unwrap();
            let dpi = Dpi::from_number(profile.dpi[0]).unwrap();
            let stock = Stock::by_name(stock).unwrap();
            let sheet = profile.sheet(&stock, dpi).unwrap();
            let size = (dpi.dots(stock.width), dpi.dots(stock.height));
            let device = Device::new(profile.language, sheet, size.1, Faults::default());
            let port = format!("tcp:{}", device.on_a_socket().unwrap());
            let believed = !name.starts_with(ASKING);
            let proves = profile.manners(&sheet, believed).must_answer();
            let held = [Language::Zpl, Language::Epl, Language::Tspl, Language::Fgl]
                .contains(&profile.language);
            let mut words = vec!["printers", "add", name, "--model", model, "--port", &port];
            words.extend((!proves).then_some("--asks-the-clerk"));
            desk.tell(&words).objects();
            Press {
                name,
                device,
                sheet,
                size,
                is_strict: held,
            }
        });
        Self {
            desk,
            chance: Chance::new(seed.wrapping_add(u64::try_from(lane).unwrap())),
            presses: presses.into(),
            papers: BTreeSet::new(),
            settled: BTreeMap::new(),
            // Each station begins with another printer.
            files: lane * MODELS.len() / STATIONS,
            left: 0,
            counts: BTreeMap::new(),
            lane,
            site,
        }
    }

    /// One of so many.
    fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap();
        usize::try_from(self.chance.below(count)).unwrap()
    }

    /// A few labels to one printer; some of those that met no ink are sent again.
    fn live(&mut self) {
        self.refill_when_low();
        let turn = self.files % self.presses.len();
        self.files += 1;
        let file = self.write_rows();
        let printer = self.presses[turn].name;
        let words = ["print", "batch", file.as_str(), "--printer", printer];
        for serial in self.print(turn, &words) {
            if self.below(2) == 0 {
                self.send_again(turn, &serial);
            }
        }
    }

    /// The clerk sends a piece again that met no ink: to the same printer, or to one with the same paper
    /// and the same head.
    fn send_again(&mut self, turn: usize, serial: &str) {
        let size = self.presses[turn].size;
        let alike: Vec<usize> = (0..self.presses.len())
            .filter(|other| self.presses[*other].size == size)
            .collect();
        let other = alike[self.below(alike.len())];
        let turn = [turn, other][self.below(2)];
        *self.counts.entry(AGAIN).or_default() += 1;
        self.settled.remove(&counter_of(serial));
        let printer = self.presses[turn].name;
        self.print(turn, &["send-again", serial, "--printer", printer]);
    }

    /// Prints on a printer with one fault, or with the process killed at some byte. Answers with the
    /// pieces that met no ink by it.
    fn print(&mut self, turn: usize, words: &[&str]) -> Vec<String> {
        let faults = self.faults();
        let kill_at = self.kill_at();
        let press = &self.presses[turn];
        press.device.set_faults(faults);
        let (name, value) = HASTE;
        let process = Victim::started(self.desk.command(words).env(name, value));
        if let Some(bytes) = kill_at {
            let victim = process.clone();
            press.device.tell_after(bytes, move || victim.kill());
        }
        let killed = was_killed(&process);
        press.device.forget_watcher();
        *self.counts.entry(fault_name(&faults)).or_default() += 1;
        if killed {
            *self.counts.entry("killed").or_default() += 1;
        }
        let sheets = press.device.take_sheets();
        // The clerk sees to the printer; what was given up must not come out now.
        press.device.set_faults(Faults::default());
        self.settle(turn, &sheets)
    }

    /// After how many bytes the process is killed; three quarters are.
    fn kill_at(&mut self) -> Option<usize> {
        // Labels of some languages are short, and long of others.
        let most = [3_000, 12_000, 40_000][self.below(3)];
        let bytes = self.below(most);
        (self.below(4) > 0).then_some(bytes)
    }

    /// What goes wrong with the printer this time; often nothing.
    fn faults(&mut self) -> Faults {
        let most = [3_000, 12_000, 40_000][self.below(3)];
        let at = self.below(most);
        let usual = Faults::default();
        match self.below(12) {
            0 | 1 => Faults {
                power_loss_at: Some(at),
                ..usual
            },
            2 => Faults {
                trouble_at: Some((at, Trouble::PaperOut)),
                ..usual
            },
            3 => Faults {
                trouble_at: Some((at, Trouble::CoverOpen)),
                ..usual
            },
            4 => Faults {
                trouble: Some(Trouble::PaperOut),
                ..usual
            },
            5 => Faults {
                trouble_at: Some((at, Trouble::Held)),
                ..usual
            },
            6 => Faults {
                acknowledging: Acknowledging::Lost,
                ..usual
            },
            7 => Faults {
                acknowledging: Acknowledging::Early,
                trouble_at: Some((at, Trouble::PaperOut)),
                ..usual
            },
            8 => Faults {
                acknowledging: Acknowledging::Doubled,
                ..usual
            },
            _ => usual,
        }
    }

    /// The clerk starts the station again, looks at the paper and answers what it asks. Answers with the
    /// pieces that were not settled before and met no ink.
    fn settle(&mut self, turn: usize, sheets: &[Printed]) -> Vec<String> {
        let reopened = Reopened::at(&self.desk.folder);
        let pieces = reopened.pieces();
        let stored = self.stored();
        assert_eq!(pieces.len(), stored.len());
        self.lay_out(turn, sheets, &stored);
        for (counter, piece) in &stored {
            let on_paper = self.papers.contains(counter);
            match piece.state {
                PieceState::Printed => assert!(on_paper, "{counter} is printed without paper"),
                PieceState::NotPrinted => assert!(!on_paper, "{counter} is on paper"),
                PieceState::Spoiled | PieceState::Unknown => {}
                PieceState::Prepared | PieceState::Sending | PieceState::Sent => {
                    panic!("{counter} is under way after a start: {:?}", piece.state)
                }
            }
            if let Some(before) = self.settled.get(counter) {
                assert_eq!(*before, piece.state, "{counter} has moved by itself");
            }
        }
        let mut without_ink = Vec::new();
        for piece in pieces {
            let counter = counter_of(&piece.serial);
            let is_new = !self.settled.contains_key(&counter);
            if is_new && piece.state == PieceState::NotPrinted {
                without_ink.push(piece.serial.clone());
            }
            let state = if piece.state == PieceState::Unknown {
                self.answer(&reopened, piece)
            } else {
                piece.state
            };
            self.settled.insert(counter, state);
        }
        let registers = reopened.status().registers;
        self.left = registers.descending;
        without_ink
    }

    /// The clerk is shown the picture and says what the paper shows.
    fn answer(&self, reopened: &Reopened, piece: PieceView) -> PieceState {
        let serial = piece.serial;
        assert!(piece.message.is_some_and(|why| !why.is_empty()), "{serial}");
        let picture = Call::Picture(PictureCall {
            serial: serial.clone(),
        });
        let View::Picture(picture) = reopened.call(picture) else {
            panic!("not a picture")
        };
        assert!(picture.png_base64.len() > 1_000);
        let answer = if self.papers.contains(&counter_of(&serial)) {
            PieceState::Printed
        } else {
            PieceState::Spoiled
        };
        let resolve = Call::Resolve(ResolveCall { serial, answer });
        let View::Piece(after) = reopened.call(resolve) else {
            panic!("not a piece")
        };
        assert_eq!(after.state, answer);
        if answer == PieceState::Spoiled {
            let refund = after.refund.expect("its refund begins");
            assert_eq!(refund.state, "asked");
        }
        answer
    }

    /// Finds out which piece each sheet shows. None may be there twice.
    fn lay_out(&mut self, turn: usize, sheets: &[Printed], stored: &BTreeMap<u32, Stored>) {
        let press = &self.presses[turn];
        for sheet in sheets {
            let hashes = press.hashes(&sheet.picture);
            let shown = stored
                .iter()
                .find(|(_, piece)| hashes.contains(&piece.raster));
            match shown {
                Some((counter, _)) => {
                    let first = self.papers.insert(*counter);
                    assert!(first, "{counter} is printed twice by {}", press.name);
                }
                None => assert!(
                    !sheet.whole || sheet.picture.black_dots() == 0 || !press.is_strict,
                    "{}: a label that nobody paid for",
                    press.name
                ),
            }
        }
    }

    fn refill_when_low(&mut self) {
        if self.left < 10 * LABEL_MILLS {
            self.desk.tell(&["refill", "100.00"]).object();
            self.left = 100_000;
        }
    }

    fn write_rows(&self) -> String {
        let mut text = "name,address,city,state,zip,class,shape,weight\n".to_owned();
        for row in 1..=ROWS {
            text += &format!(
                "Label {row} of file {},1 Beacon St,Boston,MA,02108,first-class,letter,1oz\n",
                self.files
            );
        }
        let file = self.site.path(&format!("labels-{}.csv", self.lane));
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// The pieces in the database.
    fn stored(&self) -> BTreeMap<u32, Stored> {
        let path = self.desk.folder.join("station.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(path, flags).unwrap();
        let mut query = database
            .prepare("SELECT counter, state, raster FROM pieces")
            .unwrap();
        let rows = query.query_map([], |row| {
            let word: String = row.get(1)?;
            let piece = Stored {
                state: PieceState::of_word(&word).unwrap(),
                raster: row.get(2)?,
            };
            Ok((row.get(0)?, piece))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }
}

impl Press {
    /// The hashes of the pictures that a sheet may show: beside the head a label is white.
    fn hashes(&self, paper: &BitImage) -> Vec<[u8; 32]> {
        let (width, height) = self.size;
        (0..SHIFTS)
            .map(|shift| {
                let shown = paper.crop(DotRect {
                    x: shift,
                    y: 0,
                    width: width - self.sheet.left,
                    height,
                });
                let mut label = BitImage::white(width, height);
                for y in 0..height {
                    for x in (0..shown.width()).filter(|x| shown.black(*x, y)) {
                        label.set(self.sheet.left + x, y, true);
                    }
                }
                label.sha256()
            })
            .collect()
    }
}

/// What a fault is called in the summary.
fn fault_name(faults: &Faults) -> &'static str {
    match faults {
        Faults {
            power_loss_at: Some(_),
            ..
        } => "power loss",
        Faults {
            acknowledging: Acknowledging::Early,
            ..
        } => "a word too many",
        Faults {
            acknowledging: Acknowledging::Lost,
            ..
        } => "no word",
        Faults {
            acknowledging: Acknowledging::Doubled,
            ..
        } => "two words",
        Faults {
            trouble_at: Some((_, Trouble::Held)),
            ..
        } => "held",
        Faults {
            trouble: Some(_), ..
        }
        | Faults {
            trouble_at: Some(_),
            ..
        } => "paper or cover",
        Faults { .. } => "none",
    }
}

/// Waits until a process of the station ends, but not for ever; whether it was killed.
fn was_killed(process: &Victim) -> bool {
    let begun = Instant::now();
    loop {
        if let Some(status) = process.ended() {
            let code = status.code();
            // Printed, refused or unknown: what it says is looked up in the store.
            assert!(matches!(code, None | Some(0 | 3 | 5)), "{code:?}");
            return code.is_none();
        }
        if begun.elapsed() > IMPATIENCE {
            process.kill();
        }
        assert!(begun.elapsed() < STUCK, "a killed process does not end");
        thread::sleep(Duration::from_millis(2));
    }
}

fn counter_of(serial: &str) -> u32 {
    let (_, counter) = serial.rsplit_once('-').unwrap();
    counter.parse().unwrap()
}
