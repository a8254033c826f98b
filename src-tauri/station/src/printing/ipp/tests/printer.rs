//! A printer of our own that plays by a script.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use ipp::attribute::{IppAttribute, IppAttributeGroup};
use ipp::model::{IppVersion, JobState};
use ipp::request::IppRequestResponse;
use ipp::value::IppName;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest as _, Sha256};

use super::super::*;
use super::{HURRY, LABEL, OURS};

/// What the printer does with a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// Prints it, and counts so many pages.
    Counts(i32),
    /// Gives it up, having begun or not.
    Aborts { begun: bool },
    /// Stands still until it is cancelled, having begun or not.
    Stands { begun: bool },
    /// Takes it, prints it, and drops the connection instead of an answer.
    PrintsAndHangsUp,
    /// Drops the connection, and answers nobody any more.
    Dies,
    /// Refuses it.
    Refuses(StatusCode),
}

/// The printer's script, and what it has been asked.
pub(crate) struct Script {
    pub(super) facts: BTreeMap<&'static str, IppValue>,
    pub(super) does: Does,
    /// How often it is busy before it takes a job.
    pub(super) busy: u32,
    pub(super) operations: Vec<i32>,
    pub(super) job: Option<(JobState, i32, bool)>,
    pub(super) page: Vec<u8>,
    pub(super) asked: Vec<(String, IppValue)>,
    pub(crate) is_dead: bool,
    /// Jobs of earlier runs.
    pub(crate) left: Vec<Left>,
    /// Operations that it refuses, each with its answer.
    pub(crate) refuses: Vec<(Operation, StatusCode)>,
}

/// A job of an earlier run.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    pub(crate) number: i32,
    pub(crate) name: String,
    pub(crate) state: JobState,
    /// Whether it can be cancelled.
    pub(crate) ends: bool,
    /// How often it is asked for before a cancelled one has ended.
    pub(crate) lingers: u32,
    pub(crate) is_cancelled: bool,
    /// Pages that were counted for it.
    pub(crate) pages: i32,
    pub(crate) begun: bool,
}

impl Left {
    /// A job that can be cancelled; one that has not waited has begun, and one that is completed has its
    /// page counted.
    pub(crate) fn of(number: i32, name: &str, state: JobState) -> Self {
        Self {
            number,
            name: name.to_owned(),
            state,
            ends: true,
            lingers: 0,
            is_cancelled: false,
            pages: i32::from(state == JobState::Completed),
            begun: !matches!(state, JobState::Pending | JobState::PendingHeld),
        }
    }

    const fn is_over(&self) -> bool {
        matches!(
            self.state,
            JobState::Completed | JobState::Aborted | JobState::Canceled
        )
    }
}

pub(super) fn words(words: &[&str]) -> IppValue {
    let words = words
        .iter()
        .map(|word| IppValue::new_keyword(*word).unwrap());
    IppValue::Array(words.collect())
}

const ALL: [Operation; 8] = [
    Operation::GetJobs,
    Operation::PrintJob,
    Operation::ValidateJob,
    Operation::CreateJob,
    Operation::SendDocument,
    Operation::CancelJob,
    Operation::GetJobAttributes,
    Operation::GetPrinterAttributes,
];

impl Script {
    pub(crate) fn of(does: Does) -> Self {
        let operations = ALL.iter().map(|one| IppValue::Enum(number_of(*one)));
        Self {
            facts: BTreeMap::from([
                ("printer-state", IppValue::Enum(3)),
                ("printer-state-reasons", words(&["none"])),
                ("printer-is-accepting-jobs", IppValue::Boolean(true)),
                (
                    "operations-supported",
                    IppValue::Array(operations.collect()),
                ),
                (
                    "document-format-supported",
                    IppValue::new_mime_media_type(PDF).unwrap(),
                ),
                ("media-ready", words(&["na_index-4x6_4x6in"])),
                ("print-scaling-supported", words(&["auto", "none"])),
                ("sides-supported", words(&["one-sided"])),
            ]),
            does,
            busy: 0,
            operations: Vec::new(),
            job: None,
            page: Vec::new(),
            asked: Vec::new(),
            is_dead: false,
            left: Vec::new(),
            refuses: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: IppValue) -> Self {
        self.facts.insert(name, value);
        self
    }

    fn prints(&mut self, page: &[u8]) {
        self.page = page.to_vec();
        self.job = Some(match self.does {
            Does::Counts(pages) => (JobState::Completed, pages, true),
            Does::PrintsAndHangsUp => (JobState::Completed, 1, true),
            Does::Aborts { begun } => (JobState::Aborted, 0, begun),
            Does::Stands { begun } => (JobState::ProcessingStopped, 0, begun),
            Does::Dies | Does::Refuses(_) => (JobState::Pending, 0, false),
        });
    }

    /// The answer to a request; none when the connection is dropped instead.
    fn answer(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let operation = i32::from(i16::from_be_bytes([bytes[2], bytes[3]]));
        let end = page_begin(bytes);
        let (head, page) = bytes.split_at(end);
        let asked = Reply::read(head.to_vec()).unwrap();
        for kind in [
            DelimiterTag::OperationAttributes,
            DelimiterTag::JobAttributes,
        ] {
            let group = asked.attributes_of(kind);
            self.asked.extend(group);
        }
        self.operations.push(operation);
        let is = |one| operation == number_of(one);
        if self.is_dead {
            return None;
        }
        let mut status = StatusCode::SuccessfulOk;
        if is(Operation::GetPrinterAttributes) || is(Operation::CupsGetPrinters) {
            let facts = self
                .facts
                .iter()
                .map(|(name, value)| (*name, value.clone()));
            return Some(answer(
                status,
                DelimiterTag::PrinterAttributes,
                facts.collect(),
            ));
        }
        if let Some(reply) = self.about_what_is_left(&asked, operation) {
            return Some(reply);
        }
        if is(Operation::CreateJob) || is(Operation::PrintJob) {
            if self.busy > 0 {
                self.busy -= 1;
                return Some(answer(
                    StatusCode::ServerErrorBusy,
                    DelimiterTag::JobAttributes,
                    vec![],
                ));
            }
            self.job = Some((JobState::PendingHeld, 0, false));
        }
        if is(Operation::SendDocument) || is(Operation::PrintJob) {
            self.prints(page);
            match self.does {
                Does::PrintsAndHangsUp => return None,
                Does::Dies => {
                    self.is_dead = true;
                    return None;
                }
                Does::Refuses(refusal) => status = refusal,
                Does::Counts(_) | Does::Aborts { .. } | Does::Stands { .. } => {}
            }
        }
        if is(Operation::CancelJob)
            && let Some((state, _, _)) = &mut self.job
            && !matches!(state, JobState::Completed | JobState::Aborted)
        {
            *state = JobState::Canceled;
        }
        Some(answer(
            status,
            DelimiterTag::JobAttributes,
            self.job_facts(),
        ))
    }

    /// The answer to a request that is refused, to a question about a job that was left, or to its
    /// cancelling.
    fn about_what_is_left(&mut self, asked: &Reply, operation: i32) -> Option<Vec<u8>> {
        let is = |one| operation == number_of(one);
        let asked = asked.group(DelimiterTag::OperationAttributes);
        if let Some((_, refusal)) = self.refuses.iter().find(|(one, _)| is(*one)) {
            return Some(answer(*refusal, DelimiterTag::JobAttributes, vec![]));
        }
        if is(Operation::GetJobs) {
            return Some(self.list(asked.word("which-jobs") == Some("completed")));
        }
        let number = asked.number("job-id")?;
        let left = self.left.iter_mut().find(|job| job.number == number)?;
        left.is_cancelled |= is(Operation::CancelJob) && left.ends;
        if left.is_cancelled && !left.is_over() && left.lingers == 0 {
            left.state = JobState::Canceled;
        } else if left.is_cancelled {
            left.lingers = left.lingers.saturating_sub(1);
        }
        let facts = job_facts(number, (left.state, left.pages, left.begun));
        let status = StatusCode::SuccessfulOk;
        Some(answer(status, DelimiterTag::JobAttributes, facts))
    }

    /// The jobs that are over, or those that are not, a group each.
    fn list(&self, over: bool) -> Vec<u8> {
        let status = StatusCode::SuccessfulOk;
        let mut reply = IppRequestResponse::new_response(IppVersion::v1_1(), status, 1).unwrap();
        for left in self.left.iter().filter(|left| left.is_over() == over) {
            let mut group = IppAttributeGroup::new(DelimiterTag::JobAttributes);
            for (attribute, value) in [
                ("job-id", IppValue::Integer(left.number)),
                (
                    "job-name",
                    IppValue::new_name_without_language(left.name.as_str()).unwrap(),
                ),
            ] {
                let attribute = IppAttribute::with_name(attribute, value).unwrap();
                group.attributes_mut().push(attribute);
            }
            reply.attributes_mut().groups_mut().push(group);
        }
        reply.to_bytes().to_vec()
    }

    fn job_facts(&self) -> Vec<(&'static str, IppValue)> {
        let facts = self.job.map(|job| job_facts(7, job));
        facts.unwrap_or_default()
    }
}

/// What the printer says of a job: its state, its pages, and whether it has begun.
fn job_facts(
    number: i32,
    (state, pages, begun): (JobState, i32, bool),
) -> Vec<(&'static str, IppValue)> {
    let at = if begun {
        IppValue::Integer(5)
    } else {
        IppValue::NoValue
    };
    vec![
        ("job-id", IppValue::Integer(number)),
        (
            "job-state",
            IppValue::new_enum(state_number(state)).unwrap(),
        ),
        ("job-impressions-completed", IppValue::Integer(pages)),
        ("time-at-processing", at),
    ]
}

const fn state_number(state: JobState) -> i32 {
    match state {
        JobState::Pending => 3,
        JobState::PendingHeld => 4,
        JobState::Processing => 5,
        JobState::ProcessingStopped => 6,
        JobState::Canceled => 7,
        JobState::Aborted => 8,
        JobState::Completed => 9,
    }
}

impl Reply {
    fn attributes_of(&self, kind: DelimiterTag) -> Vec<(String, IppValue)> {
        let group = self.attributes.first_of(kind);
        let attributes = group.map(|group| group.attributes()).unwrap_or_default();
        attributes
            .iter()
            .map(|one| (one.name().to_string(), one.value().clone()))
            .collect()
    }
}

fn answer(status: StatusCode, kind: DelimiterTag, facts: Vec<(&'static str, IppValue)>) -> Vec<u8> {
    let mut reply = IppRequestResponse::new_response(IppVersion::v1_1(), status, 1).unwrap();
    for (name, value) in facts {
        let name = IppName::new(name).unwrap();
        reply
            .attributes_mut()
            .add(kind, IppAttribute::new(name, value));
    }
    reply.to_bytes().to_vec()
}

/// Where the attributes of a request end and its page begins.
fn page_begin(bytes: &[u8]) -> usize {
    let mut at = 8;
    loop {
        let tag = bytes[at];
        at += 1;
        match tag {
            0x03 => return at,
            0x00..=0x0f => {}
            _ => {
                for _ in 0..2 {
                    at += 2 + usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
                }
            }
        }
    }
}

/// A printer on a socket of its own.
pub(crate) struct Printer {
    pub(crate) script: Arc<Mutex<Script>>,
    pub(crate) uri: String,
}

impl Printer {
    pub(crate) fn playing(script: Script) -> Self {
        let script = Arc::new(Mutex::new(script));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let played = Arc::clone(&script);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                serve(&mut stream, &played);
            }
        });
        Self {
            script,
            uri: format!("ipp://{address}/ipp/print"),
        }
    }

    /// As [`Self::playing`], over TLS under a certificate of its own; and its SHA-256.
    pub(super) fn over_tls(script: Script) -> (Self, [u8; 32]) {
        let signed = rcgen::generate_simple_self_signed(["printer.local".to_owned()]).unwrap();
        let fingerprint = Sha256::digest(signed.cert.der()).into();
        let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(crate::crypto::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.der().clone()], key.into())
            .unwrap();
        let config = Arc::new(config);
        let script = Arc::new(Mutex::new(script));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let played = Arc::clone(&script);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let session = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(session, stream);
                serve(&mut stream, &played);
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
        });
        let uri = format!("ipps://{address}/ipp/print");
        (Self { script, uri }, fingerprint)
    }

    pub(super) fn open(&self, is_trusted: bool) -> Result<Queue, NoQueue> {
        let place = Place {
            uri: &self.uri,
            certificate: None,
            label: LABEL,
            is_trusted,
            ours: Some(OURS),
        };
        Queue::open(&place, HURRY)
    }

    pub(super) fn refusal(&self) -> String {
        self.open(true).err().unwrap().to_string()
    }

    pub(crate) fn times(&self, operation: Operation) -> usize {
        let script = self.script.lock().unwrap();
        let number = number_of(operation);
        script
            .operations
            .iter()
            .filter(|one| **one == number)
            .count()
    }

    pub(super) fn asked_for(&self, name: &str) -> Option<IppValue> {
        let script = self.script.lock().unwrap();
        let asked = script.asked.iter().rev();
        asked
            .filter(|(asked, _)| asked == name)
            .map(|(_, value)| value.clone())
            .next()
    }
}

fn serve(stream: &mut (impl Read + Write), script: &Mutex<Script>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    let (begin, length) = loop {
        let count = stream.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            return;
        }
        bytes.extend(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        break (end + 4, length.unwrap().trim().parse::<usize>().unwrap());
    };
    while bytes.len() < begin + length {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the request ended early");
        bytes.extend(&buffer[..count]);
    }
    if let Some(reply) = script.lock().unwrap().answer(&bytes[begin..]) {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\n\r\n",
            reply.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&reply).unwrap();
    }
}
