//! A receipt printer on a network socket: it answers status questions, puts rows on paper, cuts,
//! and acknowledges. What is on paper stays there, whatever happens to who sent it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use station::printing::bits::{BitImage, DotRect};
use station::printing::language::{Language, Sheet as HeadSheet};
use station::printing::units::Dpi;
use system_tests::printer::{Asked, Effect, Step, interpreter};

/// A picture may have been shifted by so many dots to keep its bytes from being commands.
const SHIFTS: usize = 8;
/// How long the head and the blade need for a label after its last byte.
const PRINTING: Duration = Duration::from_millis(4);

/// One label as it left the printer.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    /// What is on it.
    picture: BitImage,
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
        let mut head = interpreter(Language::EscPos, &HeadSheet::any(Dpi::D203), 0);
        // A line that ends in an error ends like one that hangs up.
        while let Ok(count @ 1..) = line.read(&mut chunk) {
            unread.extend_from_slice(&chunk[..count]);
            while !unread.is_empty() {
                let Step::Took(count, effect) = head.step(&unread) else {
                    break;
                };
                unread.drain(..count);
                self.obey(effect, &mut line);
            }
        }
        if let Some(picture) = head.tear_off() {
            self.sheets.lock().unwrap().push(Sheet {
                picture,
                cut: false,
                tag: None,
            });
        }
    }

    fn obey(&self, effect: Effect, line: &mut TcpStream) {
        match effect {
            Effect::Nothing | Effect::Cleared => {}
            Effect::Ink => self.notice(Moment::Inked),
            Effect::Sheet(picture) => {
                self.sheets.lock().unwrap().push(Sheet {
                    picture,
                    cut: true,
                    tag: None,
                });
                self.notice(Moment::Cut);
            }
            Effect::Asked(Asked::Status(_)) => {
                self.notice(Moment::Asked);
                answer(line, &[0x12]);
            }
            Effect::Asked(Asked::Tag(tag)) => {
                let [a, b, c, d] = tag;
                let word = [0x37, 0x22, a, b, c, d, 0];
                // In front of a label a tag only shows that the printer listens.
                let sheets = self.sheets.lock().unwrap();
                let is_of_a_label = sheets.last().is_some_and(|sheet| sheet.tag.is_none());
                drop(sheets);
                if !is_of_a_label {
                    answer(line, &word);
                    return;
                }
                thread::sleep(PRINTING);
                self.notice(Moment::Tagged);
                if let Some(last) = self.sheets.lock().unwrap().last_mut() {
                    last.tag = Some(tag);
                }
                answer(line, &word);
                self.notice(Moment::Acknowledged);
            }
            Effect::Asked(Asked::Errors | Asked::Labels | Asked::Reports | Asked::Codepage)
            | Effect::Garbage => panic!("no such command: {effect:?}"),
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
    /// The SHA-256 hashes of the pictures that the sheet may show, one for each shift.
    pub(crate) fn hashes(&self, width: usize) -> Vec<[u8; 32]> {
        let shifted = |x| {
            self.picture.crop(DotRect {
                x,
                y: 0,
                width,
                height: self.picture.height(),
            })
        };
        (0..SHIFTS).map(|x| shifted(x).sha256()).collect()
    }
}
