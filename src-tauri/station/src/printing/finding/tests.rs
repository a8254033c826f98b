use super::*;

fn plugged(product: u16, serial: Option<&str>, place: &str, title: &str) -> Plugged {
    Plugged {
        id: (0x0a5f, product),
        serial: serial.map(str::to_owned),
        place: place.to_owned(),
        title: title.to_owned(),
    }
}

#[test]
fn a_usb_printer_is_known_by_its_device_id_or_its_name_or_its_language() {
    let id = |text: &str| Some(Identity::read(text.as_bytes()));
    let printers = [
        (
            plugged(1, Some("X1"), "1-1", "Zebra Technologies ZTC"),
            id("MFG:Zebra Technologies ;CMD:ZPL;MDL:ZTC ZD421-300dpi ZPL;"),
        ),
        (plugged(2, Some("X2"), "1-2", "Brother QL-820NWB"), None),
        (
            plugged(3, None, "1-3", ""),
            id("MFG:Nobody;MDL:P-1;CMD:ZPL II,PJL;"),
        ),
        (plugged(4, None, "1-4", ""), None),
    ];
    let found = on_usb(&printers);
    let models: Vec<Option<&str>> = found
        .iter()
        .map(|one| one.model.map(|model| model.name))
        .collect();
    assert_eq!(
        models,
        [
            Some("zebra-zd421-300"),
            Some("brother-ql-820nwb"),
            Some("zpl"),
            None
        ]
    );
    assert_eq!(found[2].what, "Nobody P-1");
    assert_eq!(found[3].what, "a USB printer");
    assert_eq!(found[0].port.to_string(), "usb:0a5f:0001/X1");
    assert_eq!(found[3].port.to_string(), "usb:0a5f:0004@1-4");
}

#[cfg(unix)]
mod lines {
    use std::io::{Read as _, Write as _};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use serialport::{SerialPort as _, TTYPort};

    use super::*;

    /// A printer that answers each question of the script; the others it does not hear.
    fn on_a_line(script: &'static [(&'static [u8], &'static [u8])]) -> Vec<Found> {
        let (mut printer, line) = TTYPort::pair().unwrap();
        printer.set_timeout(Duration::from_millis(20)).unwrap();
        let path = line.name().unwrap();
        // The pair holds its end exclusively; the path opens once it is let go.
        drop(line);
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let answering = thread::spawn(move || {
            let mut heard = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let mut byte = [0];
                // Between two speeds nobody has the line open.
                if !matches!(printer.read(&mut byte), Ok(1)) {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                }
                heard.push(byte[0]);
                if let Some((_, answer)) = script
                    .iter()
                    .find(|(question, _)| heard.ends_with(question))
                {
                    printer.write_all(answer).unwrap();
                }
            }
        });
        let finding = find(&Places {
            serial: vec![path],
            ..Places::default()
        });
        is_over.store(true, Ordering::Relaxed);
        answering.join().unwrap();
        assert_eq!(finding.not_looked, [""; 0]);
        finding.found
    }

    fn known(found: &[Found]) -> Vec<(&str, Option<&str>)> {
        found
            .iter()
            .map(|one| (one.what.as_str(), one.model.map(|model| model.name)))
            .collect()
    }

    #[test]
    fn a_printer_on_a_serial_line_is_known_by_what_it_says() {
        let epson = on_a_line(&[(b"\x10\x04\x01", b"\x12"), (b"\x1dIC", b"_TM-T20III\0")]);
        assert_eq!(known(&epson), [("TM-T20III", Some("epson-tm-t20iii"))]);
        let zebra = on_a_line(&[(b"~HI\r\n", b"\x02ZD421-300dpi,V84,12,8192KB\x03\r\n")]);
        assert_eq!(known(&zebra), [("ZD421-300dpi", Some("zebra-zd421-300"))]);
        let tsc = on_a_line(&[(b"~!T\r\n", b"TE210\r\n")]);
        assert_eq!(known(&tsc), [("TE210", Some("tsc-te210"))]);
        let clone = on_a_line(&[(b"\x10\x04\x01", b"\x16")]);
        assert_eq!(
            known(&clone),
            [("a printer that speaks ESC/POS", Some("esc-pos"))]
        );
    }

    #[test]
    fn a_line_that_stays_silent_or_says_something_else_holds_no_printer() {
        assert!(on_a_line(&[]).is_empty());
        // A modem says its question back and that it is none of its.
        assert!(on_a_line(&[(b"~!T\r\n", b"~!T\r\nERROR\r\n")]).is_empty());
    }
}
