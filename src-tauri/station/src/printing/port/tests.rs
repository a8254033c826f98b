use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;

const WAIT: Duration = Duration::from_millis(500);
const NONE: Duration = Duration::ZERO;

fn read_all(port: &mut dyn Port, count: usize) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut buffer = [0; 64];
    while heard.len() < count {
        match port.read(&mut buffer, WAIT).unwrap() {
            0 => break,
            count => heard.extend_from_slice(&buffer[..count]),
        }
    }
    heard
}

/// Waits for one byte, and takes what has come with it without waiting.
fn come_with_the_first(port: &mut dyn Port) -> Vec<u8> {
    assert_eq!(port.read(&mut [0], WAIT).unwrap(), 1);
    let mut buffer = [0; 64];
    let count = port.read(&mut buffer, NONE).unwrap();
    buffer[..count].to_vec()
}

#[test]
fn a_socket_carries_bytes_both_ways_and_tells_when_the_printer_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut port = open(&PrinterPort::Tcp { address }).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    port.write(b"ask", WAIT).unwrap();
    let mut asked = [0; 3];
    peer.read_exact(&mut asked).unwrap();
    peer.write_all(b"answer").unwrap();
    assert_eq!(
        (&asked, read_all(port.as_mut(), 6)),
        (b"ask", b"answer".to_vec())
    );
    assert_eq!(
        port.read(&mut [0; 8], Duration::from_millis(20)).unwrap(),
        0
    );
    peer.write_all(b"again").unwrap();
    assert_eq!(come_with_the_first(port.as_mut()), b"gain");
    assert_eq!(port.read(&mut [0; 8], NONE).unwrap(), 0);
    drop(peer);
    assert!(matches!(
        port.read(&mut [0; 8], WAIT),
        Err(PortFault::Read(_))
    ));
    assert!(port.read(&mut [0; 8], NONE).is_err());
}

#[test]
fn a_printer_that_takes_no_bytes_ends_the_write_with_their_number() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut port = open(&PrinterPort::Tcp { address }).unwrap();
    let (_peer, _) = listener.accept().unwrap();
    let much = vec![0; 64 << 20];
    let fault = port.write(&much, Duration::from_millis(50)).unwrap_err();
    assert!(fault.sent > 0 && fault.sent < much.len(), "{fault}");
}

#[test]
fn a_printer_that_is_not_there_is_named() {
    for port in [
        PrinterPort::Tcp {
            address: "127.0.0.1:1".to_owned(),
        },
        PrinterPort::Serial {
            path: "/dev/no-such-line".to_owned(),
            baud: 9_600,
        },
        PrinterPort::Device {
            path: "/dev/usb/no-such-printer".to_owned(),
        },
    ] {
        let fault = open(&port).err().unwrap().to_string();
        assert!(fault.starts_with("open the printer at "), "{fault}");
    }
}

#[cfg(unix)]
#[test]
fn a_serial_line_and_a_device_path_carry_bytes_both_ways() {
    use serialport::{SerialPort as _, TTYPort};

    for serial in [true, false] {
        let (mut printer, line) = TTYPort::pair().unwrap();
        printer.set_timeout(WAIT).unwrap();
        let path = line.name().unwrap();
        // The pair holds its end exclusively; the path opens once it is let go.
        drop(line);
        let mut port = open(&if serial {
            PrinterPort::Serial { path, baud: 38_400 }
        } else {
            PrinterPort::Device { path }
        })
        .unwrap();
        port.write(b"\x10\x04\x01", WAIT).unwrap();
        let mut asked = [0; 3];
        printer.read_exact(&mut asked).unwrap();
        assert_eq!(asked, *b"\x10\x04\x01", "serial: {serial}");
        printer.write_all(b"\x12\x37").unwrap();
        assert_eq!(read_all(port.as_mut(), 2), b"\x12\x37", "serial: {serial}");
        assert_eq!(
            port.read(&mut [0; 8], Duration::from_millis(20)).unwrap(),
            0
        );
        printer.write_all(b"again").unwrap();
        assert_eq!(
            come_with_the_first(port.as_mut()),
            b"gain",
            "serial: {serial}"
        );
        assert_eq!(port.read(&mut [0; 8], NONE).unwrap(), 0);
    }
}
