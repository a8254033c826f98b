//! Against a printer of our own that plays by a script: it shows what `ippeveprinter`, which the
//! system tests print to, cannot.

mod later;
pub(crate) mod printer;

use std::sync::Arc;
use std::thread;

use ipp::model::JobState;

use super::*;
use crate::printing::job::{Doubt, Milestones, NoInk, NotJournalled, Outcome, Unready};
use printer::{Does, Left, Printer, Script, words};

const HURRY: Limits = Limits {
    exchange: Duration::from_secs(2),
    busy: Duration::from_millis(120),
    job: Duration::from_millis(600),
    standstill: Duration::from_millis(60),
    cancelled: Duration::from_millis(200),
    poll: Duration::from_millis(10),
};

const LABEL: (Um, Um) = (Um::inches(4, 1), Um::inches(6, 1));
/// How the names of a station's jobs begin.
const OURS: &str = "ZZ010000000000-";
const PAGE: &[u8] = b"%PDF-1.7 a label";

/// What was journalled, and which step the journal does not take.
#[derive(Default)]
struct Journal {
    steps: Vec<&'static str>,
    refuses: Option<&'static str>,
}

impl Journal {
    fn step(&mut self, step: &'static str) -> Result<(), NotJournalled> {
        self.steps.push(step);
        match self.refuses {
            Some(refused) if refused == step => Err(NotJournalled),
            Some(_) | None => Ok(()),
        }
    }
}

impl Milestones for Journal {
    fn sending(&mut self) -> Result<(), NotJournalled> {
        self.step("sending")
    }

    fn terminating(&mut self) -> Result<(), NotJournalled> {
        self.step("terminating")
    }

    fn sent(&mut self) -> Result<(), NotJournalled> {
        self.step("sent")
    }
}

fn sent(script: Script) -> (Outcome, Printer) {
    let printer = Printer::playing(script);
    let outcome = printer
        .open(true)
        .unwrap()
        .send(PAGE, "piece 7", &mut Journal::default());
    (outcome, printer)
}

#[test]
fn a_page_that_the_printer_counts_is_printed_as_it_was_asked_for() {
    let (outcome, printer) = sent(Script::of(Does::Counts(1)));
    assert_eq!(outcome, Outcome::Printed);
    assert_eq!(printer.script.lock().unwrap().page, PAGE);
    let keyword = |word| Some(IppValue::new_keyword(word).unwrap());
    assert_eq!(printer.asked_for("media"), keyword("na_index-4x6_4x6in"));
    assert_eq!(printer.asked_for("print-scaling"), keyword("none"));
    assert_eq!(printer.asked_for("sides"), keyword("one-sided"));
    assert_eq!(
        printer.asked_for("job-sheets"),
        None,
        "it knows no such word"
    );
    let format = IppValue::new_mime_media_type(PDF).unwrap();
    assert_eq!(printer.asked_for("document-format"), Some(format));
    let title = IppValue::new_name_without_language("piece 7").unwrap();
    assert_eq!(printer.asked_for("job-name"), Some(title));
    assert_eq!(printer.times(Operation::SendDocument), 1);
    assert_eq!(printer.times(Operation::CancelJob), 0);
}

#[test]
fn each_end_of_a_job_proves_what_it_proves_and_no_more() {
    let cases = [
        (Does::Counts(0), Outcome::Unknown(Doubt::Uncounted)),
        (Does::Counts(2), Outcome::Unknown(Doubt::Miscounted)),
        (
            Does::Aborts { begun: true },
            Outcome::Unknown(Doubt::Aborted),
        ),
        (
            Does::Aborts { begun: false },
            Outcome::NotPrinted(NoInk::NeverBegun),
        ),
        (
            Does::Stands { begun: false },
            Outcome::NotPrinted(NoInk::NeverBegun),
        ),
        (
            Does::Stands { begun: true },
            Outcome::Unknown(Doubt::NoAnswer),
        ),
        (
            Does::Refuses(StatusCode::ClientErrorDocumentFormatError),
            Outcome::NotPrinted(NoInk::NeverBegun),
        ),
        (Does::PrintsAndHangsUp, Outcome::Printed),
        (Does::Dies, Outcome::Unknown(Doubt::LineFailed)),
    ];
    for (does, wanted) in cases {
        let (outcome, printer) = sent(Script::of(does));
        assert_eq!(outcome, wanted);
        let stands = matches!(does, Does::Stands { .. } | Does::Refuses(_));
        assert!(!stands || printer.times(Operation::CancelJob) == 1);
        assert_eq!(
            printer.times(Operation::SendDocument),
            1,
            "nothing is sent twice"
        );
    }
}

#[test]
fn a_printer_without_paper_in_the_middle_is_named_and_its_job_cancelled() {
    let printer = Printer::playing(Script::of(Does::Stands { begun: true }));
    let queue = printer.open(true).unwrap();
    let script = Arc::clone(&printer.script);
    let watching = thread::spawn(move || {
        loop {
            let mut script = script.lock().unwrap();
            if script
                .job
                .is_some_and(|(state, _, _)| state == JobState::ProcessingStopped)
            {
                script
                    .facts
                    .insert("printer-state-reasons", words(&["media-empty-error"]));
                return;
            }
            drop(script);
            thread::sleep(Duration::from_millis(1));
        }
    });
    let outcome = queue.send(PAGE, "piece", &mut Journal::default());
    watching.join().unwrap();
    assert_eq!(
        outcome,
        Outcome::Unknown(Doubt::Hindered(Hindrance::PaperOut))
    );
    assert_eq!(printer.times(Operation::CancelJob), 1);
}

#[test]
fn a_printer_that_knows_one_request_only_gets_job_and_page_in_it() {
    let known = [Operation::PrintJob, Operation::GetJobAttributes];
    let known = known.map(|one| IppValue::Enum(number_of(one))).to_vec();
    let script =
        |does| Script::of(does).with("operations-supported", IppValue::Array(known.clone()));
    let (outcome, printer) = sent(script(Does::Counts(1)));
    assert_eq!(outcome, Outcome::Printed);
    assert_eq!(printer.script.lock().unwrap().page, PAGE);
    assert_eq!(printer.times(Operation::CreateJob), 0);
    let (outcome, printer) = sent(script(Does::PrintsAndHangsUp));
    assert_eq!(outcome, Outcome::Unknown(Doubt::LineFailed));
    assert_eq!(printer.times(Operation::PrintJob), 1);
}

#[test]
fn a_busy_printer_is_asked_again_for_a_while_and_then_has_printed_nothing() {
    let (outcome, printer) = sent(Script {
        busy: 3,
        ..Script::of(Does::Counts(1))
    });
    assert_eq!(outcome, Outcome::Printed);
    assert_eq!(printer.times(Operation::CreateJob), 4);
    let (outcome, printer) = sent(Script {
        busy: u32::MAX,
        ..Script::of(Does::Counts(1))
    });
    assert_eq!(outcome, Outcome::NotPrinted(NoInk::Busy));
    assert_eq!(printer.times(Operation::SendDocument), 0);
    let printer =
        Printer::playing(Script::of(Does::Counts(1)).with("printer-state", IppValue::Enum(4)));
    assert_eq!(printer.refusal(), "the printer is still at something else");
}

#[test]
fn whatever_the_printer_says_no_to_is_said_before_anything_is_sent() {
    let keyword = |word| IppValue::new_keyword(word).unwrap();
    for (name, value, wanted) in [
        (
            "media-ready",
            words(&["iso_a4_210x297mm"]),
            "another paper is loaded (iso_a4_210x297mm); the label is 101.6 × 152.4 mm",
        ),
        (
            "printer-state-reasons",
            words(&["media-empty-error"]),
            "no paper",
        ),
        (
            "printer-state-reasons",
            words(&["none", "cover-open"]),
            "the cover is open",
        ),
        (
            "printer-state",
            IppValue::Enum(5),
            "the printer is off line",
        ),
        (
            "printer-is-accepting-jobs",
            IppValue::Boolean(false),
            "it takes no jobs now",
        ),
        (
            "document-format-supported",
            IppValue::new_mime_media_type("image/urf").unwrap(),
            "it takes no PDF",
        ),
        (
            "printer-error-policy",
            keyword("retry-job"),
            "its print server sends a failed job again by itself (error policy retry-job), which could print a label twice; set the policy to abort-job",
        ),
        (
            "printer-type",
            IppValue::Enum(4),
            "it is the queue of a print server, which cannot say when a label is on paper; add it as one that asks the clerk",
        ),
    ] {
        let printer = Printer::playing(Script::of(Does::Counts(1)).with(name, value));
        assert_eq!(printer.refusal(), wanted);
        assert_eq!(printer.times(Operation::CreateJob), 0);
    }
    let gone = Place {
        uri: "ipp://127.0.0.1:1/ipp/print",
        certificate: None,
        label: LABEL,
        is_trusted: true,
        ours: None,
    };
    let gone = Queue::open(&gone, HURRY).err().unwrap().to_string();
    assert!(gone.starts_with("it is not reached: "), "{gone}");
}

#[test]
fn what_an_earlier_run_of_this_station_left_in_the_queue_is_ended_before_anything_is_paid() {
    let left = |left: &[Left]| {
        Printer::playing(Script {
            left: left.to_vec(),
            ..Script::of(Does::Counts(1))
        })
    };
    let seventh = |state| Left::of(3, "ZZ010000000000-000007", state);
    let printer = left(&[
        seventh(JobState::PendingHeld),
        Left::of(4, "ZZ010000000001-000001", JobState::Pending),
        Left::of(5, "ZZ010000000000-000008", JobState::ProcessingStopped),
        Left::of(6, "ZZ010000000000-000009", JobState::Completed),
    ]);
    let queue = printer.open(true).unwrap();
    let ended = |printer: &Printer| {
        let script = printer.script.lock().unwrap();
        script.left.iter().map(|job| job.state).collect::<Vec<_>>()
    };
    let wanted = [
        JobState::Canceled,
        JobState::Pending,
        JobState::Canceled,
        JobState::Completed,
    ];
    assert_eq!(ended(&printer), wanted, "what others wait for is theirs");
    assert_eq!(
        queue.send(PAGE, "piece", &mut Journal::default()),
        Outcome::Printed
    );
    assert_eq!(printer.times(Operation::CancelJob), 2);
    // What is being printed has its time, and then is cancelled, too.
    let printer = left(&[seventh(JobState::Processing)]);
    let began = Instant::now();
    assert!(printer.open(true).is_ok());
    assert!(began.elapsed() >= HURRY.busy);
    let stays = Left {
        ends: false,
        ..seventh(JobState::PendingHeld)
    };
    let still_left = "an earlier label of this station still lies in its queue and cannot be cancelled; \
                      cancel it at the printer";
    let printer = left(&[stays]);
    assert_eq!(printer.refusal(), still_left);
    assert_eq!(printer.times(Operation::CreateJob), 0);
    let lingers = Left {
        lingers: 4,
        ..seventh(JobState::ProcessingStopped)
    };
    let printer = left(&[lingers]);
    assert!(printer.open(true).is_ok());
    assert_eq!(ended(&printer), [JobState::Canceled]);
    // An answer that says nothing of the job does not say that it is gone.
    let printer = left(&[seventh(JobState::Pending)]);
    let busy = StatusCode::ServerErrorBusy;
    let refuses = |operation| {
        printer.script.lock().unwrap().refuses = vec![(operation, busy)];
        printer.refusal()
    };
    assert_eq!(refuses(Operation::GetJobAttributes), still_left);
    assert_eq!(refuses(Operation::GetJobs), "it answers: Busy");
}

#[test]
fn a_print_server_that_hands_over_proves_nothing() {
    let printer =
        Printer::playing(Script::of(Does::Counts(1)).with("printer-type", IppValue::Enum(4)));
    let outcome = printer
        .open(false)
        .unwrap()
        .send(PAGE, "piece", &mut Journal::default());
    assert_eq!(outcome, Outcome::Unknown(Doubt::NeverAcknowledges));
}

#[test]
fn no_step_is_made_that_the_journal_does_not_take() {
    for (refused, wanted, documents) in [
        ("sending", Outcome::Refused(Unready::NotJournalled), 0),
        ("terminating", Outcome::NotPrinted(NoInk::Unfinished), 0),
        ("sent", Outcome::Unknown(Doubt::NotJournalled), 1),
    ] {
        let printer = Printer::playing(Script::of(Does::Counts(1)));
        let mut journal = Journal {
            refuses: Some(refused),
            ..Journal::default()
        };
        let outcome = printer
            .open(true)
            .unwrap()
            .send(PAGE, "piece", &mut journal);
        assert_eq!(outcome, wanted);
        assert_eq!(journal.steps.last(), Some(&refused));
        assert_eq!(printer.times(Operation::SendDocument), documents);
    }
}

#[test]
fn a_printer_that_lost_its_paper_meanwhile_takes_no_further_page() {
    let printer = Printer::playing(Script::of(Does::Counts(1)));
    let queue = printer.open(true).unwrap();
    let empty = words(&["media-empty"]);
    printer
        .script
        .lock()
        .unwrap()
        .facts
        .insert("printer-state-reasons", empty);
    let mut journal = Journal::default();
    assert_eq!(
        queue.send(PAGE, "piece", &mut journal),
        Outcome::Refused(Unready::Hindered(Hindrance::PaperOut))
    );
    assert_eq!(journal.steps, [""; 0]);
}

#[test]
fn a_printer_over_tls_is_printed_on_under_the_certificate_it_was_added_with_alone() {
    let (printer, fingerprint) = Printer::over_tls(Script::of(Does::Counts(1)));
    assert_eq!(certificate(&printer.uri, HURRY).unwrap(), Some(fingerprint));
    let place = |certificate| Place {
        uri: &printer.uri,
        certificate,
        label: LABEL,
        is_trusted: true,
        ours: None,
    };
    let open = |certificate| Queue::open(&place(certificate), HURRY);
    let queue = open(Some(fingerprint)).unwrap();
    let outcome = queue.send(PAGE, "piece", &mut Journal::default());
    assert_eq!(outcome, Outcome::Printed);
    let before = printer.script.lock().unwrap().operations.len();
    let other = open(Some([7; 32])).err().unwrap().to_string();
    assert_eq!(
        other,
        "it shows another certificate than the one it was added with"
    );
    let unknown = open(None).err().unwrap().to_string();
    assert_eq!(unknown, "its certificate is not known; add it again");
    let after = printer.script.lock().unwrap().operations.len();
    assert_eq!(before, after, "nothing is said to a stranger");
}

#[test]
fn the_queues_of_a_print_server_are_listed_with_the_stock_they_have() {
    let printer = Printer::playing(Script::of(Does::Counts(1)));
    assert_eq!(queues("ipp://127.0.0.1:1/", HURRY).unwrap(), []);
    let script = Arc::clone(&printer.script);
    {
        let mut script = script.lock().unwrap();
        let facts = &mut script.facts;
        let text = |text| IppValue::new_text_without_language(text).unwrap();
        facts.insert("printer-info", text("Labels at the counter"));
        facts.insert("printer-make-and-model", text("Zebra ZD421"));
        facts.insert("printer-type", IppValue::Enum(4));
        let uri = IppValue::new_uri("ipp://localhost:631/printers/labels").unwrap();
        facts.insert("printer-uri-supported", uri);
    }
    let wanted = FoundQueue {
        title: "Labels at the counter".to_owned(),
        model: "Zebra ZD421".to_owned(),
        uri: "ipp://localhost:631/printers/labels".to_owned(),
        is_server: true,
        stock: Some("label-4x6"),
    };
    let listed = queues(&printer.uri, HURRY).unwrap();
    assert_eq!(listed, std::slice::from_ref(&wanted));
    let looked = FoundQueue {
        uri: printer.uri.clone(),
        ..wanted
    };
    assert_eq!(look(&printer.uri, HURRY).unwrap(), looked);
}
