//! A receipt printer that only keeps time: it draws nothing, answers whatever it is asked, and notes
//! when the first byte of a label came and how many bytes there were. Benchmarks print on it.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::line::{Line, Serial, Socket};

/// Bits of a byte on a serial line: eight, a start and a stop.
const BITS: u32 = 10;

/// How often a line with a rate is looked at.
const TICK: Duration = Duration::from_millis(1);

/// Initialises the printer: the beginning of a label.
const BEGINNING: &[u8] = &[0x1B, b'@'];

/// Asks for a tag, which follows: the end of a label, or whether the printer is in step before one.
const TAGGING: &[u8] = &[0x1D, b'(', b'H', 6, 0, 48, 48];

/// What was noticed of one label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noticed {
    /// When its first byte came.
    pub first: Option<Instant>,
    /// Bytes of the label and of the questions before it.
    pub bytes: usize,
}

/// The printer.
#[derive(Clone, Default)]
pub struct Timed {
    noticed: Arc<Mutex<Noticed>>,
}

impl Timed {
    /// Puts it on a socket, which takes bytes as fast as they come. Answers with the address.
    ///
    /// # Errors
    /// When the system gives no socket.
    pub fn on_a_socket(&self) -> io::Result<String> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?.to_string();
        let printer = self.clone();
        thread::spawn(move || {
            for line in listener.incoming().map_while(Result::ok) {
                printer.serve(Socket(line), None);
            }
        });
        Ok(address)
    }

    /// Puts it on a pseudo terminal that takes so many bits a second. Answers with its path.
    ///
    /// # Errors
    /// When the system gives no pseudo terminal.
    pub fn on_a_serial_line(&self, bits_per_second: u32) -> io::Result<String> {
        let (line, path) = Serial::open()?;
        let printer = self.clone();
        thread::spawn(move || printer.serve(line, Some(bits_per_second / BITS)));
        Ok(path)
    }

    /// What was noticed since the last time this was asked.
    #[must_use]
    pub fn take(&self) -> Noticed {
        std::mem::take(&mut *self.noticed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn serve(&self, mut line: impl Line, bytes_per_second: Option<u32>) {
        let mut buffer = [0; 4_096];
        let mut pacing = bytes_per_second.map(Pacing::new);
        let mut reader = Reader::default();
        loop {
            let room = pacing.as_ref().map_or(buffer.len(), Pacing::room);
            if room == 0 {
                thread::sleep(TICK);
                continue;
            }
            let room = room.min(buffer.len());
            let count = match line.read(&mut buffer[..room]) {
                Ok(count) => count,
                // A serial line that has hung up may be taken up again, as long as anybody asks what
                // was noticed on it.
                Err(_) if pacing.is_some() && Arc::strong_count(&self.noticed) > 1 => {
                    reader = Reader::default();
                    thread::sleep(TICK);
                    continue;
                }
                Err(_) => return,
            };
            let now = Instant::now();
            if let Some(pacing) = &mut pacing {
                pacing.took(count);
            }
            for &byte in &buffer[..count] {
                let (began, answer) = reader.take(byte);
                let mut noticed = self.noticed.lock().unwrap_or_else(PoisonError::into_inner);
                noticed.bytes += 1;
                if began {
                    noticed.first = Some(now);
                }
                drop(noticed);
                if line.write_all(&answer).is_err() {
                    return;
                }
            }
        }
    }
}

/// How many bytes a line has had time for since it was last idle.
struct Pacing {
    bytes_per_second: u32,
    since: Instant,
    taken: usize,
}

impl Pacing {
    fn new(bytes_per_second: u32) -> Self {
        Self {
            bytes_per_second,
            since: Instant::now(),
            taken: 0,
        }
    }

    fn room(&self) -> usize {
        let passed = self.since.elapsed().as_micros() * u128::from(self.bytes_per_second);
        let due = usize::try_from(passed / 1_000_000).unwrap_or(usize::MAX);
        due.saturating_sub(self.taken)
    }

    fn took(&mut self, count: usize) {
        self.taken += count;
        if count == 0 {
            *self = Self::new(self.bytes_per_second);
        }
    }
}

/// Understands as much of the stream as has to be answered.
#[derive(Default)]
struct Reader {
    in_a_label: bool,
    recent: Vec<u8>,
}

impl Reader {
    /// Whether a label began with this byte, and what is answered to it.
    fn take(&mut self, byte: u8) -> (bool, Vec<u8>) {
        let longest = TAGGING.len() + 4;
        if self.recent.len() == longest {
            self.recent.remove(0);
        }
        self.recent.push(byte);
        if let Some([.., a, b, c, d]) = self.tag() {
            let answer = vec![0x37, 0x22, *a, *b, *c, *d, 0];
            *self = Self::default();
            return (false, answer);
        }
        if self.in_a_label {
            return (false, Vec::new());
        }
        if let [.., 0x10, 0x04, 1..=4] = self.recent.as_slice() {
            self.recent.clear();
            return (false, vec![0x12]);
        }
        self.in_a_label = self.recent.ends_with(BEGINNING);
        (self.in_a_label, Vec::new())
    }

    /// The tag that was asked for, when the stream has just done so.
    fn tag(&self) -> Option<&[u8]> {
        let tag = self.recent.strip_prefix(TAGGING)?;
        (tag.len() == 4).then_some(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(stream: &[u8]) -> (usize, Vec<u8>) {
        let mut reader = Reader::default();
        let said = stream.iter().map(|&byte| reader.take(byte));
        said.fold((0, Vec::new()), |(began, mut answers), (begins, answer)| {
            answers.extend(answer);
            (began + usize::from(begins), answers)
        })
    }

    #[test]
    fn questions_and_tags_are_answered_and_pictures_are_not() {
        let label =
            b"\x1b@\x1dP\xcb\xcb\x1dv0\0\x01\0\x03\0\x10\x04\x01\x1dVA\0\x1d(H\x06\0\x30\x30!!!(";
        let stream = [b"\x10\x04\x04\x10\x04\x02".as_slice(), label, label].concat();
        let (began, said) = answers(&stream);
        assert_eq!(began, 2);
        assert_eq!(said, b"\x12\x127\"!!!(\x007\"!!!(\0");
    }

    #[test]
    fn a_tag_that_is_asked_for_before_a_label_is_answered_and_begins_none() {
        let marker = b"\0\0\0\0\x1d(H\x06\0\x30\x30!!!)";
        let (began, said) = answers(&[marker.as_slice(), marker].concat());
        assert_eq!(began, 0);
        assert_eq!(said, b"7\"!!!)\x007\"!!!)\0");
    }

    #[test]
    fn a_line_with_a_rate_has_time_for_no_more_than_its_bytes() {
        let mut pacing = Pacing::new(1_000);
        pacing.since -= Duration::from_millis(100);
        assert!((100..110).contains(&pacing.room()), "{}", pacing.room());
        pacing.took(90);
        assert!((10..20).contains(&pacing.room()), "{}", pacing.room());
        pacing.took(0);
        assert!(pacing.room() < 10, "idle lines save nothing");
    }
}
