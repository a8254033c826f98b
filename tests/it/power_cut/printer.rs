//! A receipt printer on a network socket: it answers status questions, puts rows on paper, cuts,
//! and acknowledges. What is on paper stays there, whatever happens to who sent it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use station::printing::bits::{BitImage, DotRect};

/// A print head of 203 dots per inch.
const DOTS: u16 = 203;
/// A picture may have been shifted by so many dots to keep its bytes from being commands.
const SHIFTS: usize = 8;
/// How long the head and the blade need for a label after its last byte.
const PRINTING: Duration = Duration::from_millis(4);

/// One label as it left the printer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    /// Printed rows, each as long as it was sent.
    rows: Vec<Vec<u8>>,
    /// Whether the blade fell.
    pub(crate) cut: bool,
    /// The tag that was acknowledged.
    pub(crate) tag: Option<[u8; 4]>,
}

/// What the printer is just doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It was asked for its status.
    Asked,
    /// A band of rows was put on paper.
    Inked,
    /// The blade fell.
    Cut,
    /// It was asked to acknowledge and has not yet.
    Tagged,
    /// It has acknowledged.
    Acknowledged,
}

/// Hears of every moment, before the printer goes on.
type Watcher = Box<dyn FnMut(Moment) + Send>;

/// The printer with what came out of it.
#[derive(Clone)]
pub(crate) struct Printer {
    address: String,
    sheets: Arc<Mutex<Vec<Sheet>>>,
    watcher: Arc<Mutex<Option<Watcher>>>,
    lines: Arc<Mutex<()>>,
}

impl Printer {
    /// Switches a printer on; it takes one line after the other.
    pub(crate) fn switched_on() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let printer = Self {
            address: format!("tcp:{}", listener.local_addr().unwrap()),
            sheets: Arc::default(),
            watcher: Arc::default(),
            lines: Arc::default(),
        };
        let serving = printer.clone();
        thread::spawn(move || {
            for line in listener.incoming().map_while(Result::ok) {
                let _one_line = serving.lines.lock().unwrap_or_else(PoisonError::into_inner);
                serving.serve(line);
            }
        });
        printer
    }

    /// Where `printers add` finds it.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Lets somebody watch the printer from now on.
    pub(crate) fn watched_by(&self, watcher: impl FnMut(Moment) + Send + 'static) {
        *self.watcher.lock().unwrap() = Some(Box::new(watcher));
    }

    /// Waits until the last line has hung up and takes the sheets out of the tray.
    pub(crate) fn take_sheets(&self) -> Vec<Sheet> {
        // Whoever sent ink was answered first, so its line is being served and holds this lock.
        let _no_line = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        *self.watcher.lock().unwrap() = None;
        std::mem::take(&mut *self.sheets.lock().unwrap())
    }

    fn serve(&self, mut line: TcpStream) {
        let mut unread = Vec::new();
        let mut chunk = [0; 4_096];
        let mut sheet = Sheet::default();
        // A line that ends in an error ends like one that hangs up.
        while let Ok(count @ 1..) = line.read(&mut chunk) {
            unread.extend_from_slice(&chunk[..count]);
            while let Some((command, length)) = Command::first_of(&unread) {
                unread.drain(..length);
                self.obey(command, &mut sheet, &mut line);
            }
        }
        if sheet.has_ink() {
            self.sheets.lock().unwrap().push(sheet);
        }
    }

    fn obey(&self, command: Command, sheet: &mut Sheet, line: &mut TcpStream) {
        match command {
            Command::Setup => {}
            Command::Question => {
                self.notice(Moment::Asked);
                answer(line, &[0x12]);
            }
            Command::Feed(rows) => sheet.rows.extend(vec![Vec::new(); rows]),
            Command::Band(rows) => {
                sheet.rows.extend(rows);
                self.notice(Moment::Inked);
            }
            Command::Cut => {
                sheet.cut = true;
                self.sheets.lock().unwrap().push(std::mem::take(sheet));
                self.notice(Moment::Cut);
            }
            Command::Acknowledge(tag) => {
                thread::sleep(PRINTING);
                self.notice(Moment::Tagged);
                if let Some(last) = self.sheets.lock().unwrap().last_mut() {
                    last.tag = Some(tag);
                }
                let [a, b, c, d] = tag;
                answer(line, &[0x37, 0x22, a, b, c, d, 0]);
                self.notice(Moment::Acknowledged);
            }
        }
    }

    fn notice(&self, moment: Moment) {
        if let Some(watcher) = self.watcher.lock().unwrap().as_mut() {
            watcher(moment);
        }
    }
}

/// Who asked may be gone; the printer does not care.
fn answer(line: &mut TcpStream, bytes: &[u8]) {
    drop(line.write_all(bytes));
}

impl Sheet {
    /// Whether anything black is on it.
    fn has_ink(&self) -> bool {
        self.rows.iter().flatten().any(|&dots| dots != 0)
    }

    /// The SHA-256 hashes of the pictures that the sheet may show, one for each shift.
    pub(crate) fn hashes(&self, width: usize) -> Vec<[u8; 32]> {
        let mut image = BitImage::white(width + SHIFTS, self.rows.len());
        for (y, row) in self.rows.iter().enumerate() {
            for (place, dots) in row.iter().enumerate().filter(|(_, dots)| **dots != 0) {
                for bit in (0..8).filter(|bit| dots & (0x80 >> bit) != 0) {
                    image.set(place * 8 + bit, y, true);
                }
            }
        }
        let shifted = |x| {
            image.crop(DotRect {
                x,
                y: 0,
                width,
                height: self.rows.len(),
            })
        };
        (0..SHIFTS).map(|x| shifted(x).sha256()).collect()
    }
}

/// What a printer is told.
enum Command {
    Setup,
    Question,
    Feed(usize),
    Band(Vec<Vec<u8>>),
    Cut,
    Acknowledge([u8; 4]),
}

impl Command {
    /// The first whole command and its length; `None` while it is not all there.
    fn first_of(bytes: &[u8]) -> Option<(Self, usize)> {
        Some(match *bytes {
            [0x10, 0x04, _, ..] => (Self::Question, 3),
            [0x1B, b'@', ..] => (Self::Setup, 2),
            [0x1D, b'P', x, y, ..] => {
                assert_eq!(
                    (x, y),
                    (203, 203),
                    "feeds are counted in dots of {DOTS} dpi"
                );
                (Self::Setup, 4)
            }
            [0x1B, b'J', units, ..] => (Self::Feed(usize::from(units)), 3),
            [0x1D, b'v', b'0', 0, xl, xh, yl, yh, ..] => {
                let width = usize::from(u16::from_le_bytes([xl, xh]));
                let rows = usize::from(u16::from_le_bytes([yl, yh]));
                let dots = bytes.get(8..8 + width * rows)?;
                let rows = dots.chunks(width).map(<[u8]>::to_vec).collect();
                (Self::Band(rows), 8 + dots.len())
            }
            [0x1D, b'V', b'A', 0, ..] => (Self::Cut, 4),
            [0x1D, b'(', b'H', 6, 0, 48, 48, a, b, c, d, ..] => {
                (Self::Acknowledge([a, b, c, d]), 11)
            }
            _ => {
                assert!(bytes.len() < 11, "no such command: {:02x?}", &bytes[..11]);
                return None;
            }
        })
    }
}
