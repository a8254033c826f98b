//! Pages on their way to `ippeveprinter`, the printer of IPP Everywhere that nobody here wrote. Where
//! it is not installed, or no network of our own can be made, that is reported as SKIPPED.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use station::api::{
    AddPrinterCall, Call, PieceState, PieceView, PrintCall, PrintOut, PrinterPort, PrinterSetup,
    TestPrinterCall, UiError, View,
};
use station::printing::finding::{Places, find};
use station::printing::fonts::Face;
use station::printing::ipp::{Limits, NoQueue, Place, Queue, certificate, look};
use station::printing::job::{Doubt, Outcome, Traceless, Unready};
use station::printing::label::{Align, Item, Label, Matrix, Point, Text};
use station::printing::layout::reference::reference_bytes;
use station::printing::layout::trial_page::NO_VALUE;
use station::printing::pdf::pdf;
use station::printing::read::symbols_in_file;
use station::printing::status::Hindrance;
use station::printing::symbol;
use station::printing::units::Um;
use station::station::Station;
use system_tests::town::Town;

/// Names the folder of the printers to the test inside of their network.
const INSIDE: &str = "PENNYBLACK_IPP";
const ENVELOPE: (Um, Um) = (Um::inches(19, 2), Um::inches(33, 8));

const HURRY: Limits = Limits {
    exchange: Duration::from_secs(5),
    busy: Duration::from_millis(300),
    job: Duration::from_secs(8),
    standstill: Duration::from_millis(300),
    cancelled: Duration::from_millis(500),
    poll: Duration::from_millis(50),
};

/// Why the printers cannot be started here.
fn missing() -> Option<&'static str> {
    let works = |program: &str, words: &[&str]| {
        let run = Command::new(program).args(words).output();
        run.is_ok_and(|output| output.status.success())
    };
    let unshared = ["--net", "--mount", "--pid", "--fork", "true"];
    if !works("unshare", &unshared) {
        return Some("no network of its own can be made here (that needs root)");
    }
    [
        (
            works("which", &["ippeveprinter"]),
            "ippeveprinter is not installed",
        ),
        (works("which", &["ipptool"]), "ipptool is not installed"),
        (
            works("which", &["avahi-daemon"]),
            "avahi-daemon is not installed",
        ),
        (
            works("which", &["dbus-daemon"]),
            "dbus-daemon is not installed",
        ),
        (works("which", &["ip"]), "iproute2 is not installed"),
    ]
    .into_iter()
    .find(|(works, _)| !works)
    .map(|(_, missing)| missing)
}

/// The folder of the printers, where this process runs in their network; elsewhere the test runs
/// again inside of it, and there is no more to do.
pub(crate) fn in_their_network(test: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(INSIDE) {
        return Some(PathBuf::from(folder));
    }
    if let Some(missing) = missing() {
        println!("SKIPPED {test}: {missing}");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/foreign/ipp.sh");
    let network = ["--net", "--mount", "--pid", "--fork", "--kill-child"];
    let output = Command::new("unshare")
        .args(network)
        .arg(script)
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "{said}\n{complained}");
    None
}

#[test]
fn pages_reach_ippeveprinter_and_each_end_of_a_job_is_told() {
    let test = "ipp_printers::pages_reach_ippeveprinter_and_each_end_of_a_job_is_told";
    let Some(folder) = in_their_network(test) else {
        return;
    };
    let page = envelope();
    arrives_whole(&folder, &page);
    wrong_paper_is_refused();
    a_job_that_is_given_up_is_unknown(&page);
    a_busy_printer_is_waited_for_or_refused(&page);
    an_empty_printer_is_named(&page);
    printers_are_found_on_the_network(&page);
}

/// A printer of pages as a clerk adds it.
fn setup(name: &str, port: u16, stock: &str) -> Call {
    Call::AddPrinter(AddPrinterCall {
        printer: PrinterSetup {
            name: name.to_owned(),
            model: "ipp".to_owned(),
            port: PrinterPort::parse(&place(port)).unwrap(),
            dpi: 300,
            stock: stock.to_owned(),
            acknowledges: true,
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn postage_is_printed_on_ippeveprinter_and_nothing_is_paid_for_wrong_paper() {
    let test =
        "ipp_printers::postage_is_printed_on_ippeveprinter_and_nothing_is_paid_for_wrong_paper";
    let Some(folder) = in_their_network(test) else {
        return;
    };
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("50.00").await.unwrap();
    let before = counter.status().await.registers.descending;
    for (name, port, stock) in [
        ("office", 18_631, "envelope-10"),
        ("labels", 18_631, "label-4x6"),
        ("broken", 18_632, "envelope-10"),
    ] {
        counter
            .station
            .call(setup(name, port, stock))
            .await
            .unwrap();
    }
    let print = async |name: &str| {
        let call = PrintCall {
            out: Some(PrintOut::Printer {
                name: name.to_owned(),
            }),
            ..counter.letter("0.9 oz", "83702")
        };
        let view = counter.station.call(Call::Print(call)).await?;
        let View::Piece(piece) = view else {
            panic!("{view:?}");
        };
        Ok(*piece)
    };
    let refused: Result<PieceView, UiError> = print("labels").await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, "printer_not_ready");
    assert!(
        refused.message.contains("another paper is loaded"),
        "{}",
        refused.message
    );
    assert_eq!(counter.status().await.registers.descending, before);
    let printed = print("office").await.unwrap();
    assert_eq!(printed.state, PieceState::Printed);
    let indicium = hex::decode(printed.indicium_hex.unwrap()).unwrap();
    let files = spooled(&folder.join("counts"));
    assert_eq!(files.len(), 1, "{files:?}");
    let symbols = symbols_in_file(&fs::read(&files[0]).unwrap()).unwrap();
    assert!(
        symbols.contains(&indicium),
        "the page carries another indicium"
    );
    a_test_page_is_proved_and_worth_nothing(&counter.station, &folder).await;
    let unknown = print("broken").await.unwrap();
    assert_eq!(unknown.state, PieceState::Unknown);
    assert_eq!(
        unknown.message.as_deref(),
        Some("the printer gave the job up")
    );
}

async fn a_test_page_is_proved_and_worth_nothing(station: &Station, folder: &Path) {
    let tested = Call::TestPrinter(TestPrinterCall {
        name: "office".to_owned(),
    });
    let View::TestPage(tested) = station.call(tested).await.unwrap() else {
        panic!("not a test page")
    };
    assert!(tested.proved);
    let files = spooled(&folder.join("counts"));
    let symbols = symbols_in_file(&fs::read(&files[1]).unwrap()).unwrap();
    let is_worthless = |symbol: &Vec<u8>| symbol.starts_with(NO_VALUE.as_bytes());
    assert!(symbols.iter().all(is_worthless) && !symbols.is_empty());
}

/// A page of an envelope's size with the symbol of the reference label.
fn envelope() -> Vec<u8> {
    let mut envelope = Label::new(ENVELOPE.0, ENVELOPE.1).unwrap();
    let symbol = symbol::encode(&reference_bytes()).unwrap();
    let at = |x, y| Point {
        x: Um::mm(x),
        y: Um::mm(y),
    };
    envelope
        .add([
            Item::Matrix(Matrix {
                symbol,
                at: at(200, 12),
                module: Um::tenths(5),
            }),
            Item::Text(Text {
                face: Face::Regular,
                size: Um::tenth_points(100),
                at: at(110, 70),
                align: Align::Left,
                text: "Minnie Ellsworth".to_owned(),
            }),
        ])
        .unwrap();
    pdf(&envelope, "an envelope")
}

fn place(port: u16) -> String {
    format!("ipp://localhost:{port}/ipp/print")
}

fn open(port: u16, label: (Um, Um), limits: Limits) -> Result<Queue, NoQueue> {
    let uri = place(port);
    let place = Place {
        uri: &uri,
        certificate: None,
        label,
        is_trusted: true,
        ours: None,
    };
    Queue::open(&place, limits)
}

/// The pages that a printer took.
pub(crate) fn spooled(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    // Beside each page stands what the printer's command made of it.
    let is_page = |file: &PathBuf| file.extension().is_some_and(|end| end == "pdf");
    let mut files: Vec<PathBuf> = files.filter(is_page).collect();
    files.sort();
    files
}

fn arrives_whole(folder: &Path, page: &[u8]) {
    let found = look(&place(18_631), HURRY).unwrap();
    assert_eq!((found.title.as_str(), found.is_server), ("counts", false));
    assert_eq!(found.stock, Some("envelope-10"));
    let queue = open(18_631, ENVELOPE, HURRY).unwrap();
    for piece in 1..=2 {
        let outcome = queue.send(page, &format!("piece {piece}"), &mut Traceless);
        assert_eq!(outcome, Outcome::Printed);
    }
    let files = spooled(&folder.join("counts"));
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(bytes == page, "{} is another page", file.display());
        let symbols = symbols_in_file(&bytes).unwrap();
        assert!(symbols.contains(&reference_bytes()));
    }
}

fn wrong_paper_is_refused() {
    let refusal = open(18_631, (Um::inches(4, 1), Um::inches(6, 1)), HURRY);
    assert_eq!(
        refusal.err().unwrap().to_string(),
        "another paper is loaded (na_letter_8.5x11in, na_number-10_4.125x9.5in); the label is \
         101.6 × 152.4 mm"
    );
}

fn a_job_that_is_given_up_is_unknown(page: &[u8]) {
    let queue = open(18_632, ENVELOPE, HURRY).unwrap();
    let outcome = queue.send(page, "piece", &mut Traceless);
    assert_eq!(outcome, Outcome::Unknown(Doubt::Aborted));
}

fn a_busy_printer_is_waited_for_or_refused(page: &[u8]) {
    let patient = Limits {
        busy: Duration::from_secs(6),
        ..HURRY
    };
    let (first, hasty, waiting) = (
        open(18_633, ENVELOPE, HURRY).unwrap(),
        open(18_633, ENVELOPE, HURRY).unwrap(),
        open(18_633, ENVELOPE, patient).unwrap(),
    );
    thread::scope(|scope| {
        let printing = scope.spawn(|| first.send(page, "first", &mut Traceless));
        thread::sleep(Duration::from_millis(300));
        let refused = hasty.send(page, "hasty", &mut Traceless);
        let busy = Unready::Hindered(Hindrance::Busy);
        assert_eq!(refused, Outcome::Refused(busy));
        let opened = open(18_633, ENVELOPE, HURRY).err().unwrap().to_string();
        assert_eq!(opened, "the printer is still at something else");
        let began = Instant::now();
        assert_eq!(
            waiting.send(page, "patient", &mut Traceless),
            Outcome::Printed
        );
        assert!(began.elapsed() > Duration::from_millis(800));
        assert_eq!(printing.join().unwrap(), Outcome::Printed);
    });
}

fn an_empty_printer_is_named(page: &[u8]) {
    let queue = open(18_634, ENVELOPE, HURRY).unwrap();
    let outcome = queue.send(page, "piece", &mut Traceless);
    let empty = Doubt::Hindered(Hindrance::PaperOut);
    assert_eq!(outcome, Outcome::Unknown(empty));
    let refusal = open(18_634, ENVELOPE, HURRY).err().unwrap().to_string();
    assert_eq!(refusal, "no paper");
}

/// Each printer tells of itself, and is printed on over TLS under the certificate it shows.
fn printers_are_found_on_the_network(page: &[u8]) {
    let finding = find(&Places {
        network: true,
        ..Places::default()
    });
    assert_eq!(finding.not_looked, [""; 0]);
    let mut names: Vec<&str> = finding.found.iter().map(|one| one.what.as_str()).collect();
    names.sort_unstable();
    let wanted =
        ["aborts", "counts", "empty", "slow"].map(|name| format!("{name} (Example Printer)"));
    assert_eq!(names, wanted);
    let counts = finding
        .found
        .iter()
        .find(|one| one.what.starts_with("counts"));
    let counts = counts.unwrap();
    let pages = counts.pages.unwrap();
    assert!(pages.may_acknowledge);
    assert_eq!(pages.stock, Some("envelope-10"));
    let uri = counts.port.to_string();
    assert!(uri.starts_with("ipps://"), "{uri}");
    let shown = certificate(&uri, HURRY).unwrap();
    assert!(shown.is_some());
    let place = Place {
        uri: &uri,
        certificate: shown,
        label: ENVELOPE,
        is_trusted: true,
        ours: None,
    };
    let queue = Queue::open(&place, HURRY).unwrap();
    assert_eq!(queue.send(page, "by TLS", &mut Traceless), Outcome::Printed);
}
