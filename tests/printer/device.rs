//! A printer on a line: it understands its language, puts ink on paper, answers questions, and has
//! faults. What is on paper stays there, whatever happens to who sent it.

use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use station::printing::bits::BitImage;
use station::printing::language::{Language, Sheet};

use super::line::{LOOK, Line, Serial, Socket};
use super::state::{Answer, State};
use super::{Effect, Interpreter, Step, interpreter};

/// How long the head and the blade need for a label after its last byte.
const PRINTING: Duration = Duration::from_millis(60);

/// What hinders a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
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
}

/// What is wrong with a printer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
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
    language: Language,
    sheet: Sheet,
    rows: usize,
    faults: Faults,
    tray: Arc<Mutex<Vec<Printed>>>,
    lines: Arc<Mutex<()>>,
}

impl Device {
    /// A printer that prints on sheets of so many rows.
    #[must_use]
    pub fn new(language: Language, sheet: Sheet, rows: usize, faults: Faults) -> Self {
        Self {
            language,
            sheet,
            rows,
            faults,
            tray: Arc::default(),
            lines: Arc::default(),
        }
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
                let _one_line = device.lines.lock().unwrap_or_else(PoisonError::into_inner);
                device.serve(Socket(line));
            }
        });
        Ok(address)
    }

    /// Puts the printer on a serial line, a pseudo terminal. Answers with its path.
    ///
    /// # Errors
    /// When the system gives no pseudo terminal.
    pub fn on_a_serial_line(&self) -> io::Result<String> {
        let (line, path) = Serial::open()?;
        let device = self.clone();
        let one_line = Arc::clone(&self.lines);
        thread::spawn(move || {
            let _one_line = one_line.lock().unwrap_or_else(PoisonError::into_inner);
            device.serve(line);
        });
        Ok(path)
    }

    /// Waits until the line has hung up and takes the sheets out of the tray.
    #[must_use]
    pub fn take_sheets(&self) -> Vec<Printed> {
        let _no_line = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *self.tray.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn serve(&self, line: impl Line) {
        let now = Instant::now();
        let mut running = Running {
            device: self,
            line,
            printer: interpreter(self.language, &self.sheet, self.rows),
            state: State::new(self.language, self.faults.roll_mm.or(self.sheet.roll_mm)),
            unread: Vec::new(),
            printed: 0,
            printing: None,
            saying: VecDeque::new(),
            free_at: now,
        };
        running.run();
        if let Some(picture) = running.printer.under_the_head() {
            running.drop_sheet(picture, false);
        }
    }
}

/// A printer at work on one line.
struct Running<'a, T> {
    device: &'a Device,
    line: T,
    printer: Box<dyn Interpreter>,
    state: State,
    unread: Vec<u8>,
    /// Bytes that were printed or prepared, without questions.
    printed: usize,
    /// The label under the head, and when it is done.
    printing: Option<(Instant, BitImage)>,
    /// What it is about to say.
    saying: VecDeque<(Instant, Vec<u8>)>,
    /// When it can take the next byte.
    free_at: Instant,
}

impl<T: Line> Running<'_, T> {
    fn run(&mut self) {
        let mut buffer = [0; 1_024];
        loop {
            let slow = self.device.faults.drain.is_some() && Instant::now() < self.free_at;
            if slow {
                thread::sleep(LOOK);
            } else {
                match self.line.read(&mut buffer) {
                    Ok(count) => self.take(&buffer[..count]),
                    Err(_) => break,
                }
            }
            if self.work().is_err() {
                return;
            }
            self.say();
        }
        // Nobody listens any more, and what has begun still comes out.
        if let Some((done, picture)) = self.printing.take() {
            thread::sleep(done.saturating_duration_since(Instant::now()));
            self.drop_sheet(picture, true);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if let Some(drain) = self.device.faults.drain {
            let time = drain * u32::try_from(bytes.len()).unwrap();
            self.free_at = Instant::now() + time;
        }
        if self.state.trouble.is_some() && self.answer_at_once(bytes) {
            return;
        }
        self.unread.extend_from_slice(bytes);
    }

    /// A printer in trouble still hears some questions, and that it has to forget everything.
    fn answer_at_once(&mut self, bytes: &[u8]) -> bool {
        let language = self.device.language;
        if bytes == language.clearing() {
            self.unread.clear();
            return true;
        }
        let mut questions = language.questions().iter().copied();
        let mut others = language
            .last_question()
            .into_iter()
            .chain(language.odometer());
        let is_question = questions.any(|one| one == bytes) || others.any(|one| one == bytes);
        if is_question {
            let mut unread = bytes;
            while !unread.is_empty() {
                match self.printer.step(unread) {
                    Step::Took(count, Effect::Asked(asked)) => {
                        let answer = self.state.answer_in_trouble(asked);
                        self.answer(answer);
                        unread = &unread[count..];
                    }
                    Step::Took(count, _) => unread = &unread[count..],
                    Step::More => break,
                }
            }
        }
        is_question
    }

    /// Does what has arrived, as far as it can.
    fn work(&mut self) -> Result<(), PowerLost> {
        if let Some((_, picture)) = self.printing.take_if(|(done, _)| *done <= Instant::now()) {
            self.finish(picture);
        }
        while self.printing.is_none() && self.state.trouble.is_none() && !self.unread.is_empty() {
            let Step::Took(count, effect) = self.printer.step(&self.unread) else {
                break;
            };
            let question = matches!(effect, Effect::Asked(_));
            if !question {
                let before = self.printed;
                self.printed += count;
                self.fail_if_due(before)?;
                if self.state.trouble.is_some() {
                    // What it was at stays where it is.
                    if let Effect::Sheet(picture) = effect {
                        self.drop_sheet(picture, false);
                    }
                    self.unread.clear();
                    break;
                }
            }
            self.unread.drain(..count);
            match effect {
                Effect::Sheet(picture) => {
                    self.state.busy = true;
                    self.printing = Some((Instant::now() + PRINTING, picture));
                }
                Effect::Asked(asked) => {
                    let answer = self.state.answer(asked);
                    self.answer(answer);
                }
                Effect::Nothing | Effect::Ink | Effect::Cleared | Effect::Garbage => {}
            }
        }
        // While a label is printed, questions that are not answered in the order of the stream
        // are answered all the same.
        if self.printing.is_some()
            && let Step::Took(count, Effect::Asked(asked)) = self.first_step()
            && self.state.hears_while_busy(asked)
        {
            self.unread.drain(..count);
            let answer = self.state.answer(asked);
            self.answer(answer);
        }
        Ok(())
    }

    fn first_step(&mut self) -> Step {
        // A question changes nothing in the printer, and anything else waits.
        let language = self.device.language;
        let questions = language.questions().iter().copied();
        let others = language
            .last_question()
            .into_iter()
            .chain(language.odometer());
        let starts = questions
            .chain(others)
            .any(|one| self.unread.starts_with(one));
        if starts {
            self.printer.step(&self.unread)
        } else {
            Step::More
        }
    }

    fn fail_if_due(&mut self, before: usize) -> Result<(), PowerLost> {
        let due = |at: usize| (before..self.printed).contains(&at);
        let faults = self.device.faults;
        if faults.power_loss_at.is_some_and(due) {
            if let Some(picture) = self.printer.under_the_head() {
                self.drop_sheet(picture, false);
            }
            return Err(PowerLost);
        }
        if let Some((_, trouble)) = faults.trouble_at.filter(|(at, _)| due(*at)) {
            self.state.trouble = Some(trouble);
            self.state.busy = false;
            let complaint = self.state.complaint();
            self.answer(Some(complaint));
        }
        Ok(())
    }

    /// The label comes out.
    fn finish(&mut self, picture: BitImage) {
        self.drop_sheet(picture, true);
        self.state.busy = false;
        let done = self.state.done(self.device.faults.acknowledging);
        let Some(word) = done else {
            return;
        };
        let now = Instant::now();
        match self.device.faults.acknowledging {
            Acknowledging::Right => self.answer(Some(Answer::Said(word))),
            Acknowledging::Lost | Acknowledging::Old => {}
            Acknowledging::Late(after) => self.saying.push_back((now + after, word)),
            Acknowledging::Doubled => {
                self.answer(Some(Answer::Said(word.clone())));
                self.answer(Some(Answer::Said(word)));
            }
        }
    }

    fn answer(&mut self, answer: Option<Answer>) {
        let faults = self.device.faults;
        let Some(answer) = answer.filter(|_| !faults.silent) else {
            return;
        };
        let now = Instant::now();
        let (when, words) = match (answer, faults.acknowledging) {
            (Answer::Said(bytes), _) => (now, vec![bytes]),
            (Answer::Tag(_), Acknowledging::Lost) => return,
            (Answer::Tag(tag), Acknowledging::Right) => (now, vec![State::tag(tag)]),
            (Answer::Tag(tag), Acknowledging::Late(after)) => (now + after, vec![State::tag(tag)]),
            (Answer::Tag(tag), Acknowledging::Doubled) => (now, vec![State::tag(tag); 2]),
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

    fn drop_sheet(&self, picture: BitImage, whole: bool) {
        let mut tray = self
            .device
            .tray
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        tray.push(Printed { picture, whole });
    }
}

/// The printer is off.
struct PowerLost;
