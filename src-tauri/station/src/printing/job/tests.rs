use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::*;
use crate::api::PrinterPort;
use crate::printing::bits::{BitImage, DotRect};
use crate::printing::escpos;
use crate::printing::port::{self, PortFault};
use crate::printing::units::Dpi;

const PATIENCE: Patience = Patience {
    status: Duration::from_millis(400),
    stall: Duration::from_millis(600),
    ack: Duration::from_millis(600),
    busy: Duration::from_millis(100),
    kilobyte: Duration::ZERO,
};

const TAGGED: Manners = Manners {
    language: Language::EscPos,
    proof: Acknowledgement::Tag,
    roll_mm: None,
};

const UNPROVEN: Manners = Manners {
    proof: Acknowledgement::None,
    ..TAGGED
};

/// What goes wrong with the printer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Temper {
    /// Answers to `DLE EOT 1` to `4`; `None` stays silent.
    status: Option<[u8; 4]>,
    /// From this byte of the stream on, the paper is out and nothing more is taken.
    paper_out_at: Option<usize>,
    /// At this byte of the stream the power fails.
    power_loss_at: Option<usize>,
    /// Bytes said before each answer.
    noise: &'static [u8],
    /// What the acknowledgement is.
    ack: Ack,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Ack {
    #[default]
    Right,
    Lost,
    OldTag,
    InTwoParts,
}

const READY: Temper = Temper {
    status: Some([0x12; 4]),
    paper_out_at: None,
    power_loss_at: None,
    noise: b"",
    ack: Ack::Right,
};

/// A printer behind a socket that interprets what it gets.
struct Printer {
    port: PrinterPort,
    /// The stream without real-time commands: what was in the buffer or on paper.
    stream: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<usize>,
}

impl Printer {
    fn start(temper: Temper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stream = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&stream);
        let thread = std::thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            serve(socket, temper, &shared)
        });
        Self {
            port: PrinterPort::Tcp { address },
            stream,
            thread,
        }
    }

    /// Waits until the station hung up; tells how often the buffers were cleared.
    fn stop(self) -> (Vec<u8>, usize) {
        let cleared = self.thread.join().unwrap();
        let stream = self.stream.lock().unwrap().clone();
        (stream, cleared)
    }
}

fn serve(mut socket: TcpStream, temper: Temper, stream: &Mutex<Vec<u8>>) -> usize {
    let mut cleared = 0;
    let mut command = Vec::new();
    let mut buffer = [0; 4_096];
    let mut paper_out = false;
    loop {
        let count = match socket.read(&mut buffer) {
            Ok(0) => return cleared,
            Ok(count) => count,
            Err(fault) if fault.kind() == ErrorKind::ConnectionReset => return cleared,
            Err(fault) => panic!("{fault}"),
        };
        for &byte in &buffer[..count] {
            command.push(byte);
            match command.as_slice() {
                [0x10] | [0x10, 0x04 | 0x05 | 0x14] => {}
                [0x10, 0x14, parameters @ ..] if parameters.len() < 8 => {}
                [0x10, 0x04, number @ 1..=4] => {
                    let answers = if paper_out {
                        Some([0x1A, 0x32, 0x12, 0x72])
                    } else {
                        temper.status
                    };
                    let answer = answers.map(|answers| answers[usize::from(*number) - 1]);
                    say(&mut socket, temper.noise);
                    say(&mut socket, answer.as_slice());
                    command.clear();
                }
                [0x10, 0x05, 2] => command.clear(),
                [0x10, 0x14, 8, 1, 3, 0x14, 1, 6, 2, 8] => {
                    cleared += 1;
                    command.clear();
                }
                _ => {
                    let mut stream = stream.lock().unwrap();
                    let taken = stream.len();
                    paper_out |= temper.paper_out_at.is_some_and(|at| taken >= at);
                    if !paper_out {
                        stream.append(&mut command);
                        answer_ack(&mut socket, temper, &mut stream);
                    }
                    command.clear();
                    if temper.power_loss_at == Some(stream.len()) {
                        return cleared;
                    }
                }
            }
        }
    }
}

/// Answers `GS ( H` when the stream ends in one: everything before it is on paper.
fn answer_ack(socket: &mut TcpStream, temper: Temper, stream: &mut Vec<u8>) {
    let Some([0x1D, b'(', b'H', 6, 0, 48, 48, tag @ ..]) = stream.last_chunk::<11>() else {
        return;
    };
    let tag = *tag;
    // The marker in front of a piece is none of its bytes.
    let is_marker = stream.starts_with(&[0]);
    let answer = |tag: &[u8]| [&[0x37, 0x22], tag, &[0]].concat();
    say(socket, temper.noise);
    if is_marker {
        stream.clear();
    }
    match temper.ack {
        _ if is_marker => say(socket, &answer(&tag)),
        Ack::Right => say(socket, &answer(&tag)),
        Ack::Lost => {}
        Ack::OldTag => say(socket, &answer(b"!!!\"")),
        Ack::InTwoParts => {
            let answer = answer(&tag);
            say(socket, &answer[..3]);
            std::thread::sleep(Duration::from_millis(30));
            say(socket, &answer[3..]);
        }
    }
}

/// Answers; a station that has given up and gone hears nothing of it.
fn say(socket: &mut TcpStream, bytes: &[u8]) {
    match socket.write_all(bytes) {
        Ok(()) => {}
        Err(fault)
            if matches!(
                fault.kind(),
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
            ) => {}
        Err(fault) => panic!("{fault}"),
    }
}

/// Notes the milestones and what the printer had got at each.
#[derive(Default)]
struct Notes {
    stream: Arc<Mutex<Vec<u8>>>,
    reached: Vec<(&'static str, bool)>,
    refuses: Option<&'static str>,
}

impl Notes {
    fn note(&mut self, name: &'static str) -> Result<(), NotJournalled> {
        let untouched = self.stream.lock().is_ok_and(|stream| stream.is_empty());
        self.reached.push((name, untouched));
        if self.refuses == Some(name) {
            Err(NotJournalled)
        } else {
            Ok(())
        }
    }

    fn names(&self) -> Vec<&'static str> {
        self.reached.iter().map(|(name, _)| *name).collect()
    }
}

impl Milestones for Notes {
    fn sending(&mut self) -> Result<(), NotJournalled> {
        self.note("sending")
    }

    fn terminating(&mut self) -> Result<(), NotJournalled> {
        self.note("terminating")
    }

    fn sent(&mut self) -> Result<(), NotJournalled> {
        self.note("sent")
    }
}

fn picture() -> BitImage {
    let mut image = BitImage::white(400, 300);
    image.fill(DotRect {
        x: 20,
        y: 30,
        width: 300,
        height: 200,
    });
    image
}

const ALL: [&str; 3] = ["sending", "terminating", "sent"];

struct Ended {
    outcome: Outcome,
    notes: Notes,
    stream: Vec<u8>,
    cleared: usize,
}

fn send_to(temper: Temper, tagged: bool, refuses: Option<&'static str>) -> Ended {
    let printer = Printer::start(temper);
    let mut notes = Notes {
        stream: Arc::clone(&printer.stream),
        refuses,
        ..Notes::default()
    };
    let manners = if tagged { TAGGED } else { UNPROVEN };
    let job = escpos::job(&picture(), Dpi::D203, manners.tag(42)).unwrap();
    let mut port = port::open(&printer.port).unwrap();
    let mut wire = Wire {
        port: port.as_mut(),
        manners,
        patience: PATIENCE,
        step: Step::Unsure,
        near_end_refuses: false,
    };
    let outcome = send(&mut wire, &job, manners.tag(42), &mut notes);
    drop(port);
    let (stream, cleared) = printer.stop();
    Ended {
        outcome,
        notes,
        stream,
        cleared,
    }
}

#[test]
fn an_acknowledged_piece_is_printed() {
    for ack in [Ack::Right, Ack::InTwoParts] {
        let ended = send_to(Temper { ack, ..READY }, true, None);
        assert_eq!(ended.outcome, Outcome::Printed);
        assert_eq!(ended.notes.names(), ALL);
        assert_eq!(
            ended.notes.reached[0],
            ("sending", true),
            "journalled before the first byte"
        );
        assert_eq!((cuts(&ended.stream), ended.cleared), (1, 0));
    }
}

/// How often the blade fell; the pictures of these tests have no such bytes.
fn cuts(stream: &[u8]) -> usize {
    let cut = b"\x1dVA\0";
    stream.windows(cut.len()).filter(|four| four == cut).count()
}

#[test]
fn a_printer_that_is_not_ready_gets_nothing_and_nothing_is_journalled() {
    for (status, hindrance) in [
        ([0x12, 0x12, 0x12, 0x72], Hindrance::PaperOut),
        ([0x1A, 0x16, 0x12, 0x12], Hindrance::CoverOpen),
        ([0x1A, 0x12, 0x1A, 0x12], Hindrance::Cutter),
        ([0x1A, 0x12, 0x12, 0x12], Hindrance::Offline),
    ] {
        let temper = Temper {
            status: Some(status),
            ..READY
        };
        let ended = send_to(temper, true, None);
        assert_eq!(
            ended.outcome,
            Outcome::Refused(Unready::Hindered(hindrance))
        );
        assert!(ended.notes.reached.is_empty() && ended.stream.is_empty());
    }
}

#[test]
fn a_silent_printer_that_should_answer_is_refused() {
    let temper = Temper {
        status: None,
        ..READY
    };
    let ended = send_to(temper, true, None);
    assert_eq!(ended.outcome, Outcome::Refused(Unready::Silent));
    assert!(ended.notes.reached.is_empty());
    // Only what ends a band that an earlier line may have been cut off in.
    assert!(ended.stream.iter().all(|&byte| byte == 0));
}

#[test]
fn a_printer_that_never_acknowledges_always_ends_in_the_question() {
    let temper = Temper {
        status: None,
        ..READY
    };
    let ended = send_to(temper, false, None);
    assert_eq!(ended.outcome, Outcome::Unknown(Doubt::NeverAcknowledges));
    assert_eq!(ended.notes.names(), ALL);
    assert_eq!(ended.cleared, 0, "it may still be printing");
    assert_eq!(cuts(&ended.stream), 1);
}

#[test]
fn a_lost_acknowledgement_leaves_the_piece_unknown_and_clears_the_printer() {
    let temper = Temper {
        ack: Ack::Lost,
        ..READY
    };
    let ended = send_to(temper, true, None);
    assert_eq!(ended.outcome, Outcome::Unknown(Doubt::NoAnswer));
    assert_eq!(ended.cleared, 1);
}

#[test]
fn the_acknowledgement_of_an_older_piece_proves_nothing() {
    let temper = Temper {
        ack: Ack::OldTag,
        ..READY
    };
    let ended = send_to(temper, true, None);
    assert_eq!(ended.outcome, Outcome::Unknown(Doubt::NoAnswer));
}

#[test]
fn noise_on_the_line_neither_hides_nor_makes_an_answer() {
    let noisy = Temper {
        noise: b"\x00\x37\x22!!\xff\x11",
        ..READY
    };
    assert_eq!(send_to(noisy, true, None).outcome, Outcome::Printed);
    let only_noise = Temper {
        ack: Ack::Lost,
        ..noisy
    };
    let ended = send_to(only_noise, true, None);
    assert_eq!(ended.outcome, Outcome::Unknown(Doubt::NoAnswer));
}

#[test]
fn a_power_loss_in_the_picture_or_before_the_answer_leaves_the_piece_unknown() {
    let job = escpos::job(&picture(), Dpi::D203, Some(AckTag::numbered(42))).unwrap();
    let all = job.bytes().len();
    for at in [
        job.setup.len() + 100,
        job.setup.len() + job.body.len(),
        all - 1,
    ] {
        let temper = Temper {
            power_loss_at: Some(at),
            ..READY
        };
        let ended = send_to(temper, true, None);
        assert!(
            matches!(ended.outcome, Outcome::Unknown(_)),
            "{at}: {:?}",
            ended.outcome
        );
    }
}

#[test]
fn paper_that_runs_out_in_the_picture_leaves_the_piece_unknown_with_its_reason() {
    let temper = Temper {
        paper_out_at: Some(500),
        ..READY
    };
    let ended = send_to(temper, true, None);
    assert_eq!(
        ended.outcome,
        Outcome::Unknown(Doubt::Hindered(Hindrance::PaperOut))
    );
    assert_eq!(
        ended.cleared, 1,
        "nothing may come out when paper is loaded"
    );
}

#[test]
fn a_milestone_that_is_not_journalled_stops_the_bytes_that_follow_it() {
    let ended = send_to(READY, true, Some("sending"));
    assert_eq!(ended.outcome, Outcome::Refused(Unready::NotJournalled));
    assert!(ended.stream.is_empty());

    let ended = send_to(READY, true, Some("terminating"));
    assert_eq!(ended.outcome, Outcome::Unknown(Doubt::NotJournalled));
    assert_eq!(cuts(&ended.stream), 0);

    let ended = send_to(READY, true, Some("sent"));
    assert_eq!(ended.outcome, Outcome::Unknown(Doubt::NotJournalled));
}

#[test]
fn a_picture_that_the_printer_holds_back_until_its_end_is_no_ink_before_it() {
    let manners = Manners {
        language: Language::Tspl,
        proof: Acknowledgement::Watched,
        roll_mm: None,
    };
    let sheet = crate::printing::language::Sheet::any(Dpi::D203);
    let job = crate::printing::tspl::job(&picture(), &sheet);
    // One status question, then setup, picture, end.
    for (fails, taken, outcome) in [
        (3, 5, Outcome::NotPrinted(NoInk::Unfinished)),
        (4, 0, Outcome::NotPrinted(NoInk::Unfinished)),
        (4, 1, Outcome::Unknown(Doubt::LineFailed)),
    ] {
        let mut port = Failing {
            writes: 0,
            fails,
            taken,
            answers: Vec::new(),
        };
        let mut wire = Wire {
            port: &mut port,
            manners,
            patience: PATIENCE,
            step: Step::Kept,
            near_end_refuses: false,
        };
        let ended = send(&mut wire, &job, None, &mut Notes::default());
        assert_eq!(ended, outcome, "write {fails} after {taken} bytes");
    }
}

/// A port that fails its `n`-th write after taking `taken` bytes of it.
struct Failing {
    writes: usize,
    fails: usize,
    taken: usize,
    answers: Vec<u8>,
}

impl Port for Failing {
    fn write(&mut self, bytes: &[u8], _: Duration) -> Result<(), WriteFault> {
        self.writes += 1;
        if self.writes == self.fails {
            return Err(WriteFault {
                sent: self.taken,
                wanted: bytes.len(),
                source: ErrorKind::BrokenPipe.into(),
            });
        }
        if bytes.starts_with(&[0x10, 0x04]) {
            self.answers.push(0x12);
        }
        if let Some([0x1D, b'(', b'H', 6, 0, 48, 48, a, b, c, d]) = bytes.last_chunk::<11>() {
            // Read from the end.
            self.answers.extend([0, *d, *c, *b, *a, 0x22, 0x37]);
        }
        if bytes == b"\x1b!?" {
            self.answers.push(0x00);
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], _: Duration) -> Result<usize, PortFault> {
        match (self.answers.pop(), buffer.first_mut()) {
            (Some(answer), Some(place)) => {
                *place = answer;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}

#[test]
fn a_line_that_fails_before_the_picture_is_proof_that_there_is_no_ink() {
    let tag = AckTag::numbered(42);
    let job = escpos::job(&picture(), Dpi::D203, Some(tag)).unwrap();
    // Four status questions and the marker, then setup, picture, cut, request for the
    // acknowledgement.
    for (fails, taken, outcome) in [
        (1, 0, Outcome::Refused(Unready::Silent)),
        (6, 3, Outcome::NotPrinted(NoInk::LineFailed)),
        (7, 0, Outcome::NotPrinted(NoInk::LineFailed)),
        (7, 1, Outcome::Unknown(Doubt::LineFailed)),
        (8, 0, Outcome::Unknown(Doubt::LineFailed)),
        (9, 0, Outcome::Unknown(Doubt::LineFailed)),
    ] {
        let mut port = Failing {
            writes: 0,
            fails,
            taken,
            answers: Vec::new(),
        };
        let mut wire = Wire {
            port: &mut port,
            manners: TAGGED,
            patience: PATIENCE,
            step: Step::Kept,
            near_end_refuses: false,
        };
        let ended = send(&mut wire, &job, Some(tag), &mut Notes::default());
        assert_eq!(ended, outcome, "write {fails} after {taken} bytes");
    }
}

#[test]
fn nothing_of_a_question_that_was_asked_in_vain_is_left_when_a_label_begins() {
    let mut port = Slow::default();
    let mut wire = Wire {
        port: &mut port,
        manners: Manners {
            language: Language::Epl,
            proof: Acknowledgement::Done,
            roll_mm: None,
        },
        patience: Patience {
            status: Duration::from_millis(20),
            kilobyte: Duration::from_millis(100),
            ..PATIENCE
        },
        step: Step::Unsure,
        near_end_refuses: false,
    };
    assert!(preflight(&mut wire).unwrap().answers);
    assert_eq!(wire.step, Step::Kept);
    assert_eq!(
        port.said.len(),
        0,
        "a word of `US` that counts as a label's"
    );
}

/// A port to a printer in the middle of a field: it answers nothing until that is filled up, and
/// then, some questions late, all of them at once.
#[derive(Default)]
struct Slow {
    filled: bool,
    asked: usize,
    said: std::collections::VecDeque<u8>,
}

impl Port for Slow {
    fn write(&mut self, bytes: &[u8], _: Duration) -> Result<(), WriteFault> {
        if bytes == Language::Epl.filler() {
            self.filled = true;
        } else if self.filled && bytes == Language::Epl.questions()[0] {
            self.asked += 1;
            let answers = match self.asked {
                1 | 2 => 0,
                3 => 3,
                _ => 1,
            };
            self.said.extend(b"\x06UI8,A,001\r\n".repeat(answers));
        } else if self.filled && bytes == Language::Epl.questions()[1] {
            self.said.extend(b"00\r\n");
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortFault> {
        let Some(byte) = self.said.pop_front() else {
            std::thread::sleep(wait);
            return Ok(0);
        };
        buffer[0] = byte;
        Ok(1)
    }
}

#[test]
fn a_printer_at_what_somebody_else_prints_is_not_taken_for_one_in_the_middle_of_a_band() {
    let busy = Duration::from_secs(2);
    for (busy_for, filled) in [(Duration::from_millis(150), false), (busy * 5 / 4, true)] {
        let mut port = Receipt {
            done_at: std::time::Instant::now() + busy_for,
            tags: Vec::new(),
            said: std::collections::VecDeque::new(),
            filled: false,
        };
        let mut wire = Wire {
            port: &mut port,
            manners: TAGGED,
            patience: Patience {
                status: Duration::from_millis(20),
                busy,
                ..PATIENCE
            },
            step: Step::Unsure,
            near_end_refuses: false,
        };
        let found = preflight(&mut wire);
        assert!(found.is_ok(), "{found:?}");
        assert_eq!(port.filled, filled, "{busy_for:?}");
    }
}

/// A port to a printer that prints something of somebody else's until then.
struct Receipt {
    done_at: std::time::Instant,
    tags: Vec<u8>,
    said: std::collections::VecDeque<u8>,
    filled: bool,
}

impl Port for Receipt {
    fn write(&mut self, bytes: &[u8], _: Duration) -> Result<(), WriteFault> {
        self.filled |= bytes == Language::EscPos.filler();
        if bytes.starts_with(&[0x10, 0x04]) {
            self.said.push_back(0x12);
        }
        if let Some([0x1D, b'(', b'H', 6, 0, 48, 48, tag @ ..]) = bytes.last_chunk::<11>() {
            self.tags
                .extend([&[0x37, 0x22], tag.as_slice(), &[0]].concat());
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortFault> {
        if std::time::Instant::now() >= self.done_at {
            self.said.extend(self.tags.drain(..));
        }
        let Some(byte) = self.said.pop_front() else {
            std::thread::sleep(wait);
            return Ok(0);
        };
        buffer[0] = byte;
        Ok(1)
    }
}

#[test]
fn a_printer_that_answers_but_sends_no_tag_back_is_refused_before_anything_leaves() {
    let mut port = Tagless { answers: 0 };
    let mut wire = Wire {
        port: &mut port,
        manners: TAGGED,
        patience: Patience {
            status: Duration::from_millis(20),
            ..PATIENCE
        },
        step: Step::Kept,
        near_end_refuses: false,
    };
    assert_eq!(preflight(&mut wire), Err(Unready::Untagged));
    let said = Unready::Untagged.to_string();
    assert!(said.contains("cannot prove"), "{said}");
}

/// A port to a printer that answers status questions and nothing else.
struct Tagless {
    answers: usize,
}

impl Port for Tagless {
    fn write(&mut self, bytes: &[u8], _: Duration) -> Result<(), WriteFault> {
        self.answers += usize::from(bytes.starts_with(&[0x10, 0x04]));
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], _: Duration) -> Result<usize, PortFault> {
        let answer = self.answers.min(1);
        self.answers -= answer;
        buffer[..answer].fill(0x12);
        Ok(answer)
    }
}
