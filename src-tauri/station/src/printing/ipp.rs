//! Printers that take whole pages: IPP, spoken by network printers and by CUPS.
//!
//! A label leaves as the PDF that is its one page, unscaled, on a paper that was found to be its own
//! size before anything was paid. The order of a piece:
//!
//! 1. [`Queue::open`]: the printer is asked what it is, takes, has loaded and is at, and whether it
//!    would take this very job (`Validate-Job`); whatever it says no to costs nothing yet.
//!    What an earlier run of this station left in the queue is ended first: nothing old comes out by
//!    itself.
//! 2. `Create-Job` gives the job its number while there is nothing to print. A printer that is busy
//!    is asked again for a bounded time.
//! 3. `Send-Document` brings the page. It is sent once; whatever becomes of the connection, what
//!    became of the job is asked by its number.
//! 4. The job is watched to its end. A job that stands still is cancelled, so that nothing comes
//!    out by itself when somebody loads paper.
//!
//! | the job ends | and | the piece is |
//! |---|---|---|
//! | completed | the printer counted its page and is trusted to | printed |
//! | completed | it counted none, or is a print server that only hands over | unknown |
//! | canceled, aborted | the printer says that it never began (`time-at-processing`) | not printed |
//! | canceled, aborted | it had begun | unknown |
//!
//! A crash after the first journalled step leaves the piece sending, which becomes unknown. Its job has
//! a name that no other sending has, and the printer is asked for it later (`later.rs`): the same ends
//! prove the same.

mod job;
mod later;
mod left;
mod looking;
mod media;
mod message;
mod reasons;
mod web;

use std::error::Error;
use std::time::{Duration, Instant};

use ipp::model::{DelimiterTag, Operation, StatusCode};
use ipp::value::IppValue;

use super::status::Hindrance;
use super::units::Um;
use job::Jobs;
pub use later::{Later, ask_later};
pub use looking::{FoundQueue, certificate, fingerprint, look, queues};
use media::Media;
pub use media::NoMedia;
pub(crate) use message::over_http;
use message::{Facts, NotIpp, Reply, Request};
use reasons::{Standing, standing};
use web::{Web, WebFault};

/// The limits on time; those of [`Limits::default`] unless a test is in a hurry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long one question and its answer may take.
    pub exchange: Duration,
    /// How long a printer may go on with what somebody else printed before it counts as hindered.
    pub busy: Duration,
    /// How long a job may take: a page printer may have to warm up first.
    pub job: Duration,
    /// How long a job may stand still before it is cancelled: long enough to close a cover.
    pub standstill: Duration,
    /// How long a cancelled job may take to end.
    pub cancelled: Duration,
    /// The pause between two questions about a job.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            exchange: Duration::from_secs(10),
            busy: super::job::BUSY_WAIT,
            job: Duration::from_secs(90),
            standstill: Duration::from_secs(15),
            cancelled: Duration::from_secs(5),
            poll: Duration::from_millis(200),
        }
    }
}

/// Why a label does not go to a printer of pages. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum NoQueue {
    /// The address is none of IPP.
    #[error("{0} is no address of IPP; it begins with ipp:// or ipps://")]
    Address(String),
    /// It was added without a look at its certificate.
    #[error("its certificate is not known; add it again")]
    NoCertificate,
    /// It is not reached, or its answers cannot be read.
    #[error("{0}")]
    Way(String),
    /// It answers the question with a no.
    #[error("it answers: {0}")]
    Refused(String),
    /// It takes no PDF.
    #[error("it takes no PDF")]
    NoPdf,
    /// It has no paper of the label's size.
    #[error(transparent)]
    Media(#[from] NoMedia),
    /// It takes no jobs.
    #[error("it takes no jobs now")]
    NoJobs,
    /// Something hinders it.
    #[error("{0}")]
    Hindered(Hindrance),
    /// A label of an earlier run lies in its queue and does not end.
    #[error(
        "an earlier label of this station still lies in its queue and cannot be cancelled; cancel it at the printer"
    )]
    Left,
    /// A print server proves nothing, and the set-up says that it does.
    #[error(
        "it is the queue of a print server, which cannot say when a label is on paper; add it as one that asks the clerk"
    )]
    PrintServer,
    /// A failed job would be printed a second time.
    #[error(
        "its print server sends a failed job again by itself (error policy {0}), which could print a label twice; set the policy to abort-job"
    )]
    SendsAgain(String),
}

impl From<WebFault> for NoQueue {
    fn from(fault: WebFault) -> Self {
        Self::Way(fault.to_string())
    }
}

impl From<NotIpp> for NoQueue {
    fn from(fault: NotIpp) -> Self {
        Self::Way(fault.to_string())
    }
}

/// Where pages go.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The address, `ipp://` or `ipps://`.
    pub uri: &'a str,
    /// The SHA-256 of its certificate; an `ipps://` printer has one since it was added.
    pub certificate: Option<[u8; 32]>,
    /// The label's size.
    pub label: (Um, Um),
    /// Whether the printer is trusted to say what it printed.
    pub is_trusted: bool,
    /// How the names of this station's jobs begin, and of no others; nothing before there are any.
    pub ours: Option<&'a str>,
}

/// A printer of pages that takes labels of one size.
pub struct Queue {
    jobs: Jobs,
    label: (Um, Um),
    how: How,
}

/// How this printer is asked for a label.
#[derive(Clone, Debug)]
struct How {
    media: Media,
    /// Keywords of the job, where the printer knows them.
    keywords: Vec<(&'static str, &'static str)>,
    /// Whether a job gets its number before its page.
    has_numbers_first: bool,
    /// Whether it tells which jobs it has.
    lists_jobs: bool,
    /// Whether it is a print server.
    is_server: bool,
}

/// What a printer is asked about itself.
const QUESTIONS: [&str; 20] = [
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "queued-job-count",
    "operations-supported",
    "document-format-supported",
    "media-ready",
    "media-col-ready",
    "media-supported",
    "media-size-supported",
    "print-scaling-supported",
    "sides-supported",
    "job-sheets-supported",
    "printer-type",
    "printer-error-policy",
    "printer-make-and-model",
    "printer-info",
    "printer-name",
    "printer-device-id",
    "printer-uri-supported",
];

/// The document's format. It is an attribute of the operation; printers refuse it as one of the job.
const PDF: &str = "application/pdf";

/// What a job asks for wherever the printer knows the word: nothing may scale the page, print on
/// its back or add another.
const WANTED: [(&str, &str, &str); 3] = [
    ("print-scaling", "print-scaling-supported", "none"),
    ("sides", "sides-supported", "one-sided"),
    ("job-sheets", "job-sheets-supported", "none"),
];

impl Queue {
    /// Asks a printer everything that could refuse a label of this size, within
    /// [`Limits::exchange`] for each question and [`Limits::busy`] while it is at another job.
    ///
    /// # Errors
    /// [`NoQueue`], which costs nothing yet.
    pub fn open(place: &Place<'_>, limits: Limits) -> Result<Self, NoQueue> {
        let jobs = Jobs::at(place.uri, place.certificate, place.is_trusted, limits)?;
        let reply = asked(&jobs.web)?;
        let how = How::of(reply.group(DelimiterTag::PrinterAttributes), place)?;
        let queue = Self {
            jobs,
            label: place.label,
            how,
        };
        let was_left = match place.ours {
            Some(ours) if queue.how.lists_jobs => queue.jobs.end_what_is_left(ours)?,
            Some(_) | None => false,
        };
        queue.settled((!was_left).then_some(reply))?;
        queue.validated()?;
        Ok(queue)
    }

    /// Waits for a printer that is at another job, and says what hinders it.
    fn settled(&self, known: Option<Reply>) -> Result<(), NoQueue> {
        let started = Instant::now();
        let mut known = known;
        loop {
            let reply = match known.take() {
                Some(reply) => reply,
                None => asked(&self.jobs.web)?,
            };
            let printer = reply.group(DelimiterTag::PrinterAttributes);
            media::choose(printer, self.label)?;
            if accepts_nothing(printer) {
                return Err(NoQueue::NoJobs);
            }
            match standing(printer) {
                Standing::Ready => return Ok(()),
                // A print server keeps the order of its jobs, and proves nothing anyway.
                Standing::Busy if self.how.is_server => return Ok(()),
                Standing::Busy if started.elapsed() < self.jobs.limits.busy => {
                    std::thread::sleep(self.jobs.limits.poll);
                }
                Standing::Busy => return Err(NoQueue::Hindered(Hindrance::Busy)),
                Standing::Hindered(hindrance) => return Err(NoQueue::Hindered(hindrance)),
            }
        }
    }

    /// Whether the printer would take the job as it has to be printed.
    fn validated(&self) -> Result<(), NoQueue> {
        let request = self.job_request(Operation::ValidateJob, "label")?;
        let request = request.asks("document-format", IppValue::new_mime_media_type(PDF))?;
        let reply = self.jobs.web.exchange(&request, None)?;
        // Every printer has to know it, and some do not.
        if reply.status.is_success() || reply.status == StatusCode::ServerErrorOperationNotSupported
        {
            return Ok(());
        }
        Err(NoQueue::Refused(refusal(&reply)))
    }

    /// A request that makes a job, with everything that is asked of it.
    fn job_request(&self, operation: Operation, title: &str) -> Result<Request, NotIpp> {
        let (name, value) = self.how.media.attribute();
        let mut request = Request::new(operation, self.jobs.web.address())?
            .asks("job-name", IppValue::new_name_without_language(title))?
            // What the printer cannot do it must refuse, not leave out.
            .asks("ipp-attribute-fidelity", Ok(IppValue::Boolean(true)))?
            .job(name, value)?;
        for (name, word) in &self.how.keywords {
            request = request.job(name, IppValue::new_keyword(*word))?;
        }
        Ok(request)
    }
}

impl How {
    fn of(printer: Facts<'_>, place: &Place<'_>) -> Result<Self, NoQueue> {
        let is_server = printer.names("printer-type");
        if is_server && place.is_trusted {
            return Err(NoQueue::PrintServer);
        }
        if let Some(policy) = printer.word("printer-error-policy")
            && policy.starts_with("retry")
        {
            return Err(NoQueue::SendsAgain(policy.to_owned()));
        }
        if !printer.words("document-format-supported").contains(&PDF) {
            return Err(NoQueue::NoPdf);
        }
        let media = media::choose(printer, place.label)?;
        let keywords = WANTED
            .into_iter()
            .filter(|(_, known, word)| printer.words(known).contains(word))
            .map(|(name, _, word)| (name, word));
        let operations = printer.numbers("operations-supported");
        let knows = |operation| operations.contains(&number_of(operation));
        Ok(Self {
            media,
            keywords: keywords.collect(),
            has_numbers_first: knows(Operation::CreateJob) && knows(Operation::SendDocument),
            lists_jobs: knows(Operation::GetJobs),
            is_server,
        })
    }
}

#[allow(
    clippy::as_conversions,
    reason = "the crate's operations are a numbered enum without another way to the number"
)]
const fn number_of(operation: Operation) -> i32 {
    operation as i32
}

/// Whether the printer says that it takes no jobs.
fn accepts_nothing(printer: Facts<'_>) -> bool {
    let accepts = printer.values("printer-is-accepting-jobs");
    accepts.first().and_then(|value| value.as_boolean()) == Some(&false)
}

/// What a printer says of itself.
fn asked(web: &Web) -> Result<Reply, NoQueue> {
    let request =
        Request::new(Operation::GetPrinterAttributes, web.address())?.wants(&QUESTIONS)?;
    let reply = web.exchange(&request, None)?;
    if reply.status.is_success() {
        Ok(reply)
    } else {
        Err(NoQueue::Refused(refusal(&reply)))
    }
}

/// Why a request was refused, with the attributes that the printer names.
fn refusal(reply: &Reply) -> String {
    let said = reply
        .group(DelimiterTag::OperationAttributes)
        .word("status-message")
        .map(|said| said.chars().filter(|c| !c.is_control()).take(MAX_SAID))
        .map(String::from_iter)
        .filter(|said| !said.is_empty());
    match said {
        Some(said) => format!("{} ({said})", reply.status),
        None => reply.status.to_string(),
    }
}

/// Characters of a printer's own words that are told.
const MAX_SAID: usize = 120;

/// The last cause of a fault: what lies between it and the first is how it was looked for.
fn root(fault: &dyn Error) -> String {
    let mut last = fault;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
pub(crate) mod tests;
