//! Printers of the USB printer class on the bus of Linux: two equal gadgets in a small virtual machine,
//! which `cargo xtask test --vm` builds. This very test runs again inside of it, at both ends of the
//! cable.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use station::api::PrinterPort;
use station::printing::finding::{Places, find};
use station::printing::port::open;
use station::printing::status::Hindrance;

/// The folder with the machine.
const MACHINE: &str = "PENNYBLACK_VM";
/// Says to this test that it runs inside of the machine.
const INSIDE: &str = "PENNYBLACK_USB";
const TEST: &str = "usb_printers::two_equal_printers_on_usb_are_told_apart_and_spoken_with";
/// The machine is emulated instruction by instruction, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(300);
const WAIT: Duration = Duration::from_secs(5);

#[test]
fn two_equal_printers_on_usb_are_told_apart_and_spoken_with() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let folder = std::env::var_os(MACHINE).map(PathBuf::from);
    let Some(built) = folder.filter(|folder| folder.join("busybox").is_file()) else {
        println!("SKIPPED {TEST}: {MACHINE} names no machine (see CONTRIBUTING.md)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let initrd = with_this_test(&built, folder.path());
    let console = folder.path().join("console");
    let mut machine = Command::new("qemu-system-x86_64")
        .args(["-M", "pc", "-accel", "tcg", "-m", "1024"])
        .args(["-display", "none", "-no-reboot", "-net", "none"])
        .arg("-kernel")
        .arg(built.join("vmlinuz"))
        .arg("-initrd")
        .arg(initrd)
        .args(["-append", "console=ttyS0 quiet role=usb"])
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let said = || {
        let bytes = fs::read(&console).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    while !said().contains("ENDED") && began.elapsed() < LIMIT {
        std::thread::sleep(Duration::from_millis(200));
    }
    let _gone = machine.kill();
    let _status = machine.wait();
    let said = said();
    assert!(
        said.contains("ENDED 0") && said.contains("1 passed"),
        "{said}"
    );
}

/// The machine's files with this test behind them, and the libraries it is linked to.
fn with_this_test(built: &Path, folder: &Path) -> PathBuf {
    let script = "
set -eu
built=$1 folder=$2 test=$3
mkdir -p $folder/extra/usb
strip -o $folder/extra/usb/test $test
for library in $(ldd $test | sed -n 's/.* \\(\\/[^ ]*\\) (0x.*/\\1/p; s/^[[:space:]]*\\(\\/[^ ]*\\) (0x.*/\\1/p' | sort -u); do
    cp -L $library $folder/extra/usb/
done
cat >$folder/extra/usb/run <<RUN
#!/bin/busybox sh
exec /usb/ld-linux-x86-64.so.2 --library-path /usb /usb/test --exact $4 --nocapture
RUN
chmod 755 $folder/extra/usb/run
cp $built/initrd $folder/initrd
cd $folder/extra
find . | $built/busybox cpio -o -H newc | gzip -1 >>$folder/initrd
";
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(built)
        .arg(folder)
        .arg(std::env::current_exe().unwrap())
        .arg(TEST)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    folder.join("initrd")
}

fn usb(serial: &str) -> PrinterPort {
    PrinterPort::parse(&format!("usb:0a5f:0166/{serial}")).unwrap()
}

/// The printer's own end of the cable.
fn gadget(number: u8) -> File {
    let path = format!("/dev/g_printer{number}");
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap()
}

fn arrived(gadget: &mut File, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    gadget.read_exact(&mut bytes).unwrap();
    bytes
}

fn bytes(count: u32, salt: u32) -> Vec<u8> {
    let bytes = (0..count).map(|at| (at.wrapping_mul(salt) >> 3).to_le_bytes()[0]);
    bytes.collect()
}

fn inside() {
    both_are_found();
    switched_off_and_on();
    bytes_pass_both_ways();
    a_stalled_write_says_how_far_it_came();
    println!("USB printers were found, told apart and spoken with");
}

/// Both are found by themselves, each with its own serial number and its model.
fn both_are_found() {
    let finding = find(&Places {
        usb: true,
        ..Places::default()
    });
    assert_eq!(finding.not_looked, [""; 0]);
    let mut found: Vec<(String, Option<&str>)> = finding
        .found
        .iter()
        .map(|one| (one.port.to_string(), one.model.map(|model| model.name)))
        .collect();
    found.sort();
    let zebra = Some("zebra-zd421-203");
    assert_eq!(
        found,
        [
            ("usb:0a5f:0166/A1".to_owned(), zebra),
            ("usb:0a5f:0166/A2".to_owned(), zebra)
        ]
    );
    // Linux's own driver has both back.
    for lp in ["/dev/usb/lp0", "/dev/usb/lp1"] {
        assert!(Path::new(lp).exists(), "{lp}");
    }
    let which = open(&PrinterPort::parse("usb:0a5f:0166").unwrap());
    let refusal = which.err().unwrap();
    let cause = std::error::Error::source(&refusal).unwrap().to_string();
    assert_eq!(
        cause,
        "more than one printer fits; add it again from the list of those that are found"
    );
}

/// A gadget is selected while somebody holds its other end, as a printer is that is switched on line.
fn switched_off_and_on() {
    let mut port = open(&usb("A2")).unwrap();
    assert_eq!(port.hindrance(), Some(Hindrance::Offline));
    let held = gadget(1);
    assert_eq!(port.hindrance(), None);
    drop(held);
    assert_eq!(port.hindrance(), Some(Hindrance::Offline));
}

fn bytes_pass_both_ways() {
    let (mut first, mut second) = (gadget(0), gadget(1));
    let (one, two) = (bytes(200_000, 7), bytes(90_000, 11));
    for (serial, gadget, sent) in [("A2", &mut second, &two), ("A1", &mut first, &one)] {
        let mut port = open(&usb(serial)).unwrap();
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| arrived(gadget, sent.len()));
            port.write(sent, WAIT).unwrap();
            assert!(reading.join().unwrap() == *sent, "{serial}");
        });
        gadget.write_all(b"\x02ready\x03").unwrap();
        let mut heard: Vec<u8> = Vec::new();
        let mut buffer = [0; 3];
        while heard.len() < 7 {
            match port.read(&mut buffer, WAIT).unwrap() {
                0 => break,
                count => heard.extend(&buffer[..count]),
            }
        }
        assert_eq!(heard, b"\x02ready\x03", "{serial}");
        let quiet = port.read(&mut buffer, Duration::from_millis(50)).unwrap();
        assert_eq!(quiet, 0);
    }
}

/// A printer that takes no more is told from one that has all, to the byte.
fn a_stalled_write_says_how_far_it_came() {
    let mut held = gadget(0);
    let mut port = open(&usb("A1")).unwrap();
    let sent = bytes(4_000_000, 13);
    let fault = port.write(&sent, Duration::from_millis(500)).unwrap_err();
    assert!(fault.sent > 0 && fault.sent < sent.len(), "{fault}");
    assert!(arrived(&mut held, fault.sent) == sent[..fault.sent]);
}
