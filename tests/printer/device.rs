//! A printer on a line: it understands its language, puts ink on paper, answers questions, and has
//! faults. What is on paper stays there, whatever happens to who sent it; and what is in its buffer
//! stays there as well when a line breaks off, until the power goes.

use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use station::printing::bits::BitImage;
use station::printing::language::{Language, Sheet};

use super::escpos::at_once;
use super::line::{LOOK, Line, Serial, Socket};
use super::state::{Answer, State};
use super::{Effect, Interpreter, Step, interpreter};

/// How long the head and the blade need for a label after its last byte.
const PRINTING: Duration = Duration::from_millis(60);

/// XOFF and XON.
const XOFF: u8 = 0x13;
const XON: u8 = 0x11;

/// How long after its word about a ticket a printer says by itself that it is ready.
const READY_AGAIN: Duration = Duration::from_millis(100);

/// What hinders a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
    /// It has said XOFF and neither takes nor says anything more.
    Held,
}

/// What becomes of the word that a label is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledging {
    /// It comes.
    #[default]
    Right,
    /// It never comes, and counters stand still.
    Lost,
    /// It comes so late.
    Late(Duration),
    /// It comes twice.
    Doubled,
    /// That of a label of long ago comes instead, where it can be told from this one's.
    Old,
    /// One too many of an earlier label comes as soon as this one begins; where a printer says by itself
    /// that it is ready again, that comes a little later.
    Early,
}

/// What is wrong with a printer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// This hinders it from the beginning.
    pub trouble: Option<Trouble>,
    /// From this byte of what is printed on, this hinders it.
    pub trouble_at: Option<(usize, Trouble)>,
    /// At this byte of what is printed the power fails.
    pub power_loss_at: Option<usize>,
    /// It never says anything.
    pub silent: bool,
    /// It says this before each answer.
    pub noise: &'static [u8],
    /// See [`Acknowledging`].
    pub acknowledging: Acknowledging,
    /// It takes a byte in this time.
    pub drain: Option<Duration>,
    /// The roll in it is so many millimetres wide, whatever it should be.
    pub roll_mm: Option<u8>,
    /// Its paper is nearly at its end.
    pub near_end: bool,
}

/// A sheet in the tray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// What is on it.
    pub picture: BitImage,
    /// Whether the label was finished.
    pub whole: bool,
}

/// A printer of some language with what came out of it.
#[derive(Clone)]
pub struct Device {
    works: Arc<Mutex<Works>>,
    tray: Arc<Mutex<Vec<Printed>>>,
    watcher: Arc<Mutex<Option<Watcher>>>,
}

/// Told when so many bytes have arrived.
struct Watcher {
    bytes: usize,
    tell: Box<dyn FnOnce() + Send>,
}

/// What is in a printer, line or no line.
struct Works {
    language: Language,
    faults: Faults,
    printer: Box<dyn Interpreter>,
    state: State,
    /// What has arrived and is not understood yet.
    unread: Vec<u8>,
    /// In trouble: the printer as it will be once it has done so many of those bytes.
    ahead: Option<(Box<dyn Interpreter>, usize)>,
    /// The beginning of something that is done at once.
    begun: Vec<u8>,
    /// Bytes that were printed or prepared, without questions.
    printed: usize,
    /// The label under the head, and when it is done.
    printing: Option<(Instant, BitImage)>,
    /// Whether the word that is one too many was said of the label that comes next.
    early_said: bool,
}

impl Device {
    /// A printer that prints on sheets of so many rows.
    #[must_use]
    pub fn new(language: Language, sheet: Sheet, rows: usize, faults: Faults) -> Self {
        let works = Works {
            language,
            faults,
            printer: interpreter(language, &sheet, rows),
            state: State::new(language, faults.roll_mm.or(sheet.roll_mm)),
            unread: Vec::new(),
            ahead: None,
            begun: Vec::new(),
            printed: 0,
            printing: None,
            early_said: false,
        };
        let device = Self {
            works: Arc::new(Mutex::new(works)),
            tray: Arc::default(),
            watcher: Arc::default(),
        };
        device.set_faults(faults);
        device
    }

    /// Puts the printer on a socket; it takes one line after the other. Answers with the address.
    ///
    /// # Errors
    /// When the system gives no socket.
    pub fn on_a_socket(&self) -> io::Result<String> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?.to_string();
        let device = self.clone();
        thread::spawn(move || {
            for line in listener.incoming().map_while(Result::ok) {
                device.serve(&mut Socket(line), &mut device.works());
            }
        });
        Ok(address)
    }

    /// Puts the printer on a serial line, a pseudo terminal; it takes one line after the other.
    /// Answers with its path.
    ///
    /// # Errors
    /// When the system gives no pseudo terminal.
    pub fn on_a_serial_line(&self) -> io::Result<String> {
        let (mut line, path) = Serial::open()?;
        let device = self.clone();
        thread::spawn(move || {
            // Ends with everybody else who has this printer.
            while Arc::strong_count(&device.works) > 1 {
                if line.is_opened() {
                    device.serve(&mut line, &mut device.works());
                } else {
                    thread::sleep(LOOK);
                }
            }
        });
        Ok(path)
    }

    /// Waits until the line has hung up and takes the sheets out of the tray; what is still under
    /// the head is torn off.
    #[must_use]
    pub fn take_sheets(&self) -> Vec<Printed> {
        let mut works = self.works();
        if let Some(picture) = works.printer.tear_off() {
            self.drop_sheet(picture, false);
        }
        std::mem::take(&mut *self.tray.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the line has hung up; from then on this is wrong with the printer, and nothing
    /// else. What is in its buffer goes on.
    pub fn set_faults(&self, faults: Faults) {
        let mut works = self.works();
        works.faults = faults;
        works.printed = 0;
        works.early_said = false;
        works.ahead = None;
        works.state.trouble = faults.trouble;
        works.state.near_end = faults.near_end;
    }

    /// Tells once when so many more bytes have arrived.
    pub fn tell_after(&self, bytes: usize, tell: impl FnOnce() + Send + 'static) {
        let tell = Box::new(tell);
        *self.watcher() = Some(Watcher { bytes, tell });
    }

    /// Tells nobody any more.
    pub fn forget_watcher(&self) {
        *self.watcher() = None;
    }

    fn works(&self) -> MutexGuard<'_, Works> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watcher(&self) -> MutexGuard<'_, Option<Watcher>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, line: &mut dyn Line, works: &mut Works) {
        let now = Instant::now();
        let mut running = Running {
            device: self,
            line,
            works: &mut *works,
            saying: VecDeque::new(),
            free_at: now,
        };
        if running.works.state.trouble == Some(Trouble::Held) {
            running.say_xoff();
        }
        let hung_up = running.run().is_ok();
        if hung_up {
            running.go_on_alone();
        } else {
            works.switch_off();
        }
        // Somebody tears off what is left, so that it is on no later label.
        if let Some(picture) = works.printer.tear_off() {
            self.drop_sheet(picture, false);
        }
    }

    fn drop_sheet(&self, picture: BitImage, whole: bool) {
        let mut tray = self.tray.lock().unwrap_or_else(PoisonError::into_inner);
        tray.push(Printed { picture, whole });
    }

    /// So many bytes have arrived.
    fn watch(&self, count: usize) {
        let mut watcher = self.watcher();
        if let Some(one) = watcher.as_mut() {
            one.bytes = one.bytes.saturating_sub(count);
        }
        if let Some(one) = watcher.take_if(|one| one.bytes == 0) {
            drop(watcher);
            (one.tell)();
        }
    }
}

impl Works {
    /// The power is gone, and with it whatever was in the buffer.
    fn switch_off(&mut self) {
        self.unread.clear();
        self.ahead = None;
        self.begun.clear();
        self.printing = None;
        self.state.busy = false;
        self.printer.forget();
    }

    /// What is asked, in the state that the printer's understanding is in.
    fn answer(&mut self, asked: super::Asked) -> Option<Answer> {
        self.state.begun = self.printer.is_in_a_label();
        self.state.answer(asked)
    }
}

/// A printer at work on one line.
struct Running<'a> {
    device: &'a Device,
    line: &'a mut dyn Line,
    works: &'a mut Works,
    /// What it is about to say.
    saying: VecDeque<(Instant, Vec<u8>)>,
    /// When it can take the next byte.
    free_at: Instant,
}

/// The printer is off.
struct PowerLost;

impl Running<'_> {
    /// Works until the line hangs up.
    fn run(&mut self) -> Result<(), PowerLost> {
        let mut buffer = [0; 1_024];
        loop {
            let slow = self.works.faults.drain.is_some() && Instant::now() < self.free_at;
            if slow {
                thread::sleep(LOOK);
            } else {
                match self.line.read(&mut buffer) {
                    Ok(count) => self.take(&buffer[..count]),
                    Err(_) => return Ok(()),
                }
            }
            self.work()?;
            self.say();
        }
    }

    /// Nobody listens any more, and what is in the buffer still comes out.
    fn go_on_alone(&mut self) {
        loop {
            if self.work().is_err() {
                self.works.switch_off();
            }
            let Some((done, _)) = &self.works.printing else {
                return;
            };
            thread::sleep(done.saturating_duration_since(Instant::now()));
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.device.watch(bytes.len());
        if let Some(drain) = self.works.faults.drain {
            let time = drain * u32::try_from(bytes.len()).unwrap();
            self.free_at = Instant::now() + time;
        }
        if self.works.state.trouble == Some(Trouble::Held) {
            // Where the line heeds XOFF nothing comes any more; elsewhere it fills a buffer.
            if !bytes.is_empty() {
                self.say_xoff();
            }
            self.works.unread.extend_from_slice(bytes);
            return;
        }
        if self.works.language == Language::EscPos {
            for &byte in bytes {
                self.take_byte(byte);
            }
            return;
        }
        self.works.unread.extend_from_slice(bytes);
        if self.works.state.trouble.is_some() {
            self.answer_at_once();
        }
    }

    /// Takes a byte of a language with commands that are done as soon as they arrive, whatever they
    /// arrive in.
    fn take_byte(&mut self, byte: u8) {
        self.works.begun.push(byte);
        let Some(found) = at_once(&self.works.begun) else {
            return;
        };
        let begun = std::mem::take(&mut self.works.begun);
        match found {
            Effect::Asked(asked) => {
                let answer = self.works.answer(asked);
                self.answer(answer);
            }
            Effect::Cleared if begun[1] == 0x14 => self.works.unread.clear(),
            // It recovers from an error, and is in none.
            Effect::Cleared => {}
            // No such command: the first byte is data, and the rest may begin another one.
            Effect::Nothing | Effect::Ink | Effect::Sheet(_) | Effect::Garbage => {
                self.works.unread.push(begun[0]);
                for &byte in &begun[1..] {
                    self.take_byte(byte);
                }
            }
        }
    }

    /// A printer in trouble still hears some questions, and that it has to forget everything, behind
    /// whatever waits. What arrives in the middle of a field is a part of that, whatever it says.
    fn answer_at_once(&mut self) {
        // A ticket printer that was told to purge keeps nothing.
        if self.works.language == Language::Fgl {
            self.works.unread.clear();
            self.works.printer.forget();
            return;
        }
        let works = &mut *self.works;
        let (mut ahead, mut done) = works
            .ahead
            .take()
            .unwrap_or_else(|| (works.printer.copy(), 0));
        let mut answers = Vec::new();
        while done < works.unread.len()
            && let Step::Took(count, effect) = ahead.step(&works.unread[done..])
        {
            match effect {
                Effect::Asked(asked) => {
                    let answer = works.state.answer_in_trouble(asked);
                    if answer.is_some() {
                        works.unread.drain(done..done + count);
                    } else {
                        // It waits for its turn.
                        done += count;
                    }
                    answers.push(answer);
                }
                Effect::Cleared => {
                    works.unread.drain(..done + count);
                    works.printer.forget();
                    (ahead, done) = (works.printer.copy(), 0);
                }
                Effect::Nothing | Effect::Ink | Effect::Sheet(_) | Effect::Garbage => done += count,
            }
        }
        works.ahead = Some((ahead, done));
        for answer in answers {
            self.answer(answer);
        }
    }

    /// Does what has arrived, as far as it can.
    fn work(&mut self) -> Result<(), PowerLost> {
        let due = |(done, _): &mut (Instant, BitImage)| *done <= Instant::now();
        if let Some((_, picture)) = self.works.printing.take_if(due) {
            self.finish(picture);
        }
        while self.works.printing.is_none()
            && self.works.state.trouble.is_none()
            && !self.works.unread.is_empty()
        {
            let Step::Took(count, effect) = self.works.printer.step(&self.works.unread) else {
                break;
            };
            let command: Vec<u8> = self.works.unread.drain(..count).collect();
            let is_filler = command.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n'));
            let is_of_a_label = self.works.printed > 0 || !is_filler;
            if !matches!(effect, Effect::Asked(_)) && is_of_a_label {
                let before = self.works.printed;
                self.works.printed += count;
                self.fail_if_due(before)?;
                self.say_early();
                if self.works.state.trouble.is_some() {
                    // What it was at stays where it is.
                    if let Effect::Sheet(picture) = effect {
                        self.device.drop_sheet(picture, false);
                    }
                    break;
                }
            }
            self.obey(effect);
        }
        self.answer_while_busy();
        Ok(())
    }

    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::Sheet(picture) => {
                self.works.state.busy = true;
                self.works.printing = Some((Instant::now() + PRINTING, picture));
                let begun = self.works.state.begun();
                self.answer(begun.map(Answer::Said));
            }
            Effect::Asked(asked) => {
                let answer = self.works.answer(asked);
                self.answer(answer);
            }
            Effect::Nothing | Effect::Ink | Effect::Cleared | Effect::Garbage => {}
        }
    }

    /// While a label is printed, questions that are not answered in the order of the stream are
    /// answered all the same.
    fn answer_while_busy(&mut self) {
        while self.works.printing.is_some() {
            let unread = &self.works.unread;
            let Some(question) = questions(self.works.language).find(|one| unread.starts_with(one))
            else {
                return;
            };
            let all = asked_by(self.works.printer.as_mut(), question);
            if !all
                .iter()
                .all(|asked| self.works.state.hears_while_busy(*asked))
            {
                return;
            }
            self.works.unread.drain(..question.len());
            for asked in all {
                let answer = self.works.answer(asked);
                self.answer(answer);
            }
        }
    }

    fn fail_if_due(&mut self, before: usize) -> Result<(), PowerLost> {
        let due = |at: usize| (before..self.works.printed).contains(&at);
        let faults = self.works.faults;
        if faults.power_loss_at.is_some_and(due) {
            return Err(PowerLost);
        }
        if let Some((_, trouble)) = faults.trouble_at.filter(|(at, _)| due(*at)) {
            self.works.state.trouble = Some(trouble);
            self.works.state.busy = false;
            if self.works.language == Language::Fgl {
                self.works.unread.clear();
                self.works.printer.forget();
            }
            if trouble == Trouble::Held {
                self.say_xoff();
            } else {
                let complaint = self.works.state.complaint();
                self.answer(Some(complaint));
            }
        }
        Ok(())
    }

    fn say_xoff(&mut self) {
        self.saying.clear();
        self.saying.push_back((Instant::now(), vec![XOFF]));
    }

    fn say_early(&mut self) {
        let works = &mut *self.works;
        if works.faults.acknowledging == Acknowledging::Early && !works.early_said {
            works.early_said = true;
            let word = works.state.word_of_a_label();
            let is_ready_again = works.language == Language::Fgl && !works.faults.silent;
            self.answer(word.map(Answer::Said));
            if is_ready_again {
                let later = Instant::now() + READY_AGAIN;
                self.saying.push_back((later, vec![XON]));
            }
        }
    }

    /// The label comes out.
    fn finish(&mut self, picture: BitImage) {
        self.device.drop_sheet(picture, true);
        self.works.state.busy = false;
        self.works.early_said = false;
        let acknowledging = self.works.faults.acknowledging;
        let Some(word) = self.works.state.done(acknowledging) else {
            return;
        };
        match acknowledging {
            Acknowledging::Right | Acknowledging::Early => self.answer(Some(Answer::Said(word))),
            Acknowledging::Lost | Acknowledging::Old => {}
            Acknowledging::Late(after) => {
                self.saying.push_back((Instant::now() + after, word));
            }
            Acknowledging::Doubled => {
                self.answer(Some(Answer::Said(word.clone())));
                self.answer(Some(Answer::Said(word)));
            }
        }
    }

    fn answer(&mut self, answer: Option<Answer>) {
        let faults = self.works.faults;
        let held = self.works.state.trouble == Some(Trouble::Held);
        let Some(answer) = answer.filter(|_| !faults.silent && !held) else {
            return;
        };
        let now = Instant::now();
        // A tag that is asked for before any label finds out whether there are tags at all.
        let of_a_label = self.works.printed > 0;
        let (when, words) = match (answer, faults.acknowledging) {
            (Answer::Said(bytes), _) => (now, vec![bytes]),
            (Answer::Tag(tag), _) if !of_a_label => (now, vec![State::tag(tag)]),
            (Answer::Tag(_), Acknowledging::Lost) => return,
            (Answer::Tag(tag), Acknowledging::Right) => (now, vec![State::tag(tag)]),
            (Answer::Tag(tag), Acknowledging::Late(after)) => (now + after, vec![State::tag(tag)]),
            (Answer::Tag(tag), Acknowledging::Doubled) => (now, vec![State::tag(tag); 2]),
            (Answer::Tag(tag), Acknowledging::Early) => {
                (now, vec![State::tag(*b"~old"), State::tag(tag)])
            }
            (Answer::Tag(_), Acknowledging::Old) => (now, vec![State::tag(*b"~old")]),
        };
        for word in words {
            self.saying
                .push_back((when, [faults.noise, &word].concat()));
        }
    }

    fn say(&mut self) {
        while let Some((_, bytes)) = self
            .saying
            .pop_front_if(|(when, _)| *when <= Instant::now())
        {
            // Who asked may be gone; the printer does not care, and the next read will tell.
            drop(self.line.write_all(&bytes));
        }
    }
}

/// Every question of a language.
fn questions(language: Language) -> impl Iterator<Item = &'static [u8]> {
    let others = language
        .last_question()
        .into_iter()
        .chain(language.odometer());
    language.questions().iter().copied().chain(others)
}

/// What a question asks; it changes nothing in the printer.
fn asked_by(printer: &mut dyn Interpreter, question: &[u8]) -> Vec<super::Asked> {
    let mut asked = Vec::new();
    let mut unread = question;
    while !unread.is_empty() {
        let Step::Took(count, effect) = printer.step(unread) else {
            break;
        };
        if let Effect::Asked(one) = effect {
            asked.push(one);
        }
        unread = &unread[count..];
    }
    asked
}
