use super::*;

const WAIT: Duration = Duration::from_millis(30);

/// A printer of our own on a pipe of our own.
struct Scripted {
    taken: Vec<u8>,
    /// Bytes it takes before it takes no more.
    room: usize,
    /// Bytes it takes at a time.
    step: usize,
    says: VecDeque<Vec<u8>>,
    status: u8,
    is_gone: bool,
}

impl Scripted {
    const fn ready() -> Self {
        Self {
            taken: Vec::new(),
            room: usize::MAX,
            step: usize::MAX,
            says: VecDeque::new(),
            status: SELECTED | NOT_ERROR,
            is_gone: false,
        }
    }
}

impl Pipe for &mut Scripted {
    fn send(&mut self, bytes: &[u8], _: Duration) -> (usize, io::Result<()>) {
        let count = bytes.len().min(self.room).min(self.step);
        self.taken.extend(&bytes[..count]);
        self.room -= count;
        let ended = match (self.is_gone, count == bytes.len()) {
            (true, _) => Err(io::ErrorKind::ConnectionAborted.into()),
            (false, true) => Ok(()),
            (false, false) => Err(io::ErrorKind::TimedOut.into()),
        };
        (count, ended)
    }

    fn receive(&mut self, _: Duration) -> io::Result<Vec<u8>> {
        if self.is_gone {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(self.says.pop_front().unwrap_or_default())
    }

    fn status(&mut self) -> io::Result<u8> {
        Ok(self.status)
    }

    fn device_id(&mut self) -> io::Result<Vec<u8>> {
        Ok(b"\0\x15MFG:EPSON;MDL:TM-T20;".to_vec())
    }
}

#[test]
fn bytes_arrive_whole_also_where_a_printer_takes_few_at_a_time() {
    let mut printer = Scripted {
        step: 700,
        ..Scripted::ready()
    };
    let bytes: Vec<u8> = (0..20_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    UsbPrinter::new(&mut printer).write(&bytes, WAIT).unwrap();
    assert!(printer.taken == bytes);
}

#[test]
fn a_write_that_stalls_says_how_far_it_came_and_the_class_says_why() {
    let mut printer = Scripted {
        room: 5_000,
        status: SELECTED | NOT_ERROR | PAPER_EMPTY,
        ..Scripted::ready()
    };
    let mut port = UsbPrinter::new(&mut printer);
    let fault = port.write(&[7; 9_000], WAIT).unwrap_err();
    assert_eq!((fault.sent, fault.wanted), (5_000, 9_000));
    assert_eq!(fault.source.kind(), io::ErrorKind::TimedOut);
    assert_eq!(port.hindrance(), Some(Hindrance::PaperOut));
    printer.is_gone = true;
    printer.room = 3;
    let mut port = UsbPrinter::new(&mut printer);
    let fault = port.write(&[7; 9], WAIT).unwrap_err();
    assert_eq!(fault.sent, 3);
    assert_eq!(fault.source.kind(), io::ErrorKind::ConnectionAborted);
    assert!(matches!(
        port.read(&mut [0; 4], WAIT),
        Err(PortFault::Read(_))
    ));
}

#[test]
fn what_a_printer_says_is_read_in_any_portions_and_silence_ends_in_time() {
    let mut printer = Scripted::ready();
    printer.says = [b"\x12".to_vec(), Vec::new(), b"7\"A0".to_vec()].into();
    let mut port = UsbPrinter::new(&mut printer);
    let mut heard = Vec::new();
    let mut byte = [0];
    while port.read(&mut byte, WAIT).unwrap() == 1 {
        heard.push(byte[0]);
    }
    assert_eq!(heard, b"\x127\"A0");
}

#[test]
fn the_status_of_the_class_names_paper_before_errors() {
    for (status, wanted) in [
        (0x18, None),
        (0x38, Some(Hindrance::PaperOut)),
        (0x30, Some(Hindrance::PaperOut)),
        (0x10, Some(Hindrance::Error)),
        (0x08, Some(Hindrance::Offline)),
        (0x00, None),
    ] {
        assert_eq!(hindrance(status), wanted, "{status:#x}");
    }
}

#[test]
fn a_printer_says_what_it_is() {
    let mut printer = Scripted::ready();
    let identity = UsbPrinter::new(&mut printer).identity().unwrap();
    assert_eq!(identity.title(), "EPSON TM-T20");
}

fn plugged(serial: Option<&str>, place: &str) -> Plugged {
    Plugged {
        id: (0x04b8, 0x0e28),
        serial: serial.map(str::to_owned),
        place: place.to_owned(),
        title: "EPSON TM-T20III".to_owned(),
    }
}

#[test]
fn of_equal_printers_the_one_that_is_meant_is_chosen_or_none() {
    let all = [
        plugged(Some("A"), "1-1"),
        plugged(Some("B"), "1-2"),
        plugged(Some("B"), "1-3.1"),
        plugged(None, "2-1"),
    ];
    let choose = |serial, place| {
        let id = (0x04b8, 0x0e28);
        let chosen = choose(&all, &Wanted { id, serial, place });
        chosen.map(|one| one.place.as_str())
    };
    assert_eq!(choose(Some("A"), None), Ok("1-1"));
    assert_eq!(choose(Some("B"), None), Err(NotChosen::Many));
    assert_eq!(choose(Some("B"), Some("1-3.1")), Ok("1-3.1"));
    assert_eq!(choose(Some("C"), None), Err(NotChosen::Another));
    assert_eq!(choose(None, Some("2-1")), Ok("2-1"));
    assert_eq!(choose(None, None), Err(NotChosen::Many));
    let none: [Plugged; 0] = [];
    let wanted = Wanted {
        id: (1, 2),
        serial: None,
        place: None,
    };
    assert_eq!(super::choose(&none, &wanted), Err(NotChosen::Absent));
}

#[test]
fn what_is_written_down_of_a_printer_finds_it_again() {
    let all = [
        plugged(Some("A"), "1-1"),
        plugged(Some("B"), "1-2"),
        plugged(Some("B"), "1-3.1"),
        plugged(None, "2-1"),
    ];
    for one in &all {
        let (serial, place) = told_apart(one, &all);
        let wanted = Wanted {
            id: one.id,
            serial,
            place,
        };
        assert_eq!(choose(&all, &wanted), Ok(one));
    }
    assert_eq!(told_apart(&all[0], &all), (Some("A"), None));
}
