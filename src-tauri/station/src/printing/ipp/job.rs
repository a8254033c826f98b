//! One page on its way through a printer's queue.

use std::time::Instant;

use ipp::model::{DelimiterTag, JobState, Operation, StatusCode};
use ipp::value::IppValue;

use super::message::{Facts, NotIpp, Reply, over_http};
use super::reasons::{Standing, standing};
use super::web::{Web, WebFault};
use super::{Limits, NoQueue, PDF, Queue, Request, asked};
use crate::printing::job::{Doubt, Milestones, NoInk, NotJournalled, Outcome, Unready};
use crate::printing::status::Hindrance;

/// What is asked about a job.
const QUESTIONS: [&str; 6] = [
    "job-id",
    "job-state",
    "job-state-reasons",
    "job-impressions-completed",
    "job-media-sheets-completed",
    "time-at-processing",
];

/// What is known of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) state: JobState,
    /// Pages the printer has counted for it.
    pages: i32,
    /// Whether the printer says that it never began with it.
    never_began: bool,
}

impl Job {
    fn of(facts: Facts<'_>) -> Option<Self> {
        let state = state_of(facts.number("job-state")?)?;
        let count = |name| facts.number(name).unwrap_or(0);
        let pages = count("job-impressions-completed").max(count("job-media-sheets-completed"));
        Some(Self {
            state,
            pages,
            never_began: facts.names("time-at-processing")
                && !facts.has_value("time-at-processing")
                && pages == 0,
        })
    }

    pub(super) const fn has_ended(&self) -> bool {
        match self.state {
            JobState::Canceled | JobState::Aborted | JobState::Completed => true,
            JobState::Pending
            | JobState::PendingHeld
            | JobState::Processing
            | JobState::ProcessingStopped => false,
        }
    }
}

const fn state_of(number: i32) -> Option<JobState> {
    Some(match number {
        3 => JobState::Pending,
        4 => JobState::PendingHeld,
        5 => JobState::Processing,
        6 => JobState::ProcessingStopped,
        7 => JobState::Canceled,
        8 => JobState::Aborted,
        9 => JobState::Completed,
        _ => return None,
    })
}

/// The jobs of one printer.
pub(super) struct Jobs {
    pub(super) web: Web,
    /// Whether the printer is trusted to say what it printed.
    is_trusted: bool,
    pub(super) limits: Limits,
}

/// Why no job was made.
enum NoJob {
    /// The request did not arrive, or was refused.
    NotTaken(NoInk),
    /// Nobody knows whether it was made. It has no page, so nothing comes of it.
    Lost,
}

impl Queue {
    /// Sends one page. It is sent once; what became of it is asked by the number of its job.
    pub fn send(&self, page: &[u8], title: &str, milestones: &mut dyn Milestones) -> Outcome {
        if let Err(refusal) = self.settled(None) {
            return Outcome::Refused(unready(&refusal));
        }
        if milestones.sending().is_err() {
            return Outcome::Refused(Unready::NotJournalled);
        }
        if !self.how.has_numbers_first {
            return self.send_at_once(page, title, milestones);
        }
        let number = match self.create_job(title) {
            Ok(number) => number,
            Err(NoJob::NotTaken(no_ink)) => return Outcome::NotPrinted(no_ink),
            Err(NoJob::Lost) => return Outcome::NotPrinted(NoInk::LineFailed),
        };
        if milestones.terminating().is_err() {
            self.jobs.cancel(number);
            return Outcome::NotPrinted(NoInk::Unfinished);
        }
        let sent = self.send_document(number, page);
        if matches!(&sent, Err(fault) if fault.is_before_the_request()) {
            self.jobs.cancel(number);
            return Outcome::NotPrinted(NoInk::LineFailed);
        }
        let was_refused = matches!(&sent, Ok(reply) if !reply.status.is_success());
        if was_refused {
            self.jobs.cancel(number);
        }
        self.concluded(number, was_refused, milestones.sent())
    }

    /// `Print-Job`, for a printer that knows no other way: job and page in one request.
    fn send_at_once(&self, page: &[u8], title: &str, milestones: &mut dyn Milestones) -> Outcome {
        if milestones.terminating().is_err() {
            return Outcome::NotPrinted(NoInk::Unfinished);
        }
        let request = self
            .job_request(Operation::PrintJob, title)
            .and_then(|request| request.asks("document-format", pdf()));
        let Ok(request) = request else {
            return Outcome::NotPrinted(NoInk::Declined);
        };
        let sent = self.jobs.until_not_busy(&request, Some(page));
        let reply = match sent {
            Ok(reply) => reply,
            Err(fault) if fault.is_before_the_request() => {
                return Outcome::NotPrinted(NoInk::LineFailed);
            }
            Err(_) => return Outcome::Unknown(Doubt::LineFailed),
        };
        if !reply.status.is_success() {
            return Outcome::NotPrinted(declined(&reply));
        }
        let journalled = milestones.sent();
        match number_of_job(&reply) {
            Some(number) => self.concluded(number, false, journalled),
            None => Outcome::Unknown(Doubt::NoAnswer),
        }
    }

    fn create_job(&self, title: &str) -> Result<i32, NoJob> {
        let declined_here = |_: NotIpp| NoJob::NotTaken(NoInk::Declined);
        let request = self
            .job_request(Operation::CreateJob, title)
            .map_err(declined_here)?;
        let reply = self.jobs.until_not_busy(&request, None).map_err(|fault| {
            if fault.is_before_the_request() {
                NoJob::NotTaken(NoInk::LineFailed)
            } else {
                NoJob::Lost
            }
        })?;
        if !reply.status.is_success() {
            return Err(NoJob::NotTaken(declined(&reply)));
        }
        number_of_job(&reply).ok_or(NoJob::Lost)
    }

    fn send_document(&self, number: i32, page: &[u8]) -> Result<Reply, WebFault> {
        let request = self
            .jobs
            .about_job(Operation::SendDocument, number)?
            .asks("document-format", pdf())?
            .asks("last-document", Ok(IppValue::Boolean(true)))?;
        self.jobs.web.exchange(&request, Some(page))
    }

    /// What became of a job, and of the milestone after its page.
    fn concluded(
        &self,
        number: i32,
        was_refused: bool,
        journalled: Result<(), NotJournalled>,
    ) -> Outcome {
        let outcome = self.jobs.watched(number, was_refused);
        if outcome == Outcome::Printed && journalled.is_err() {
            return Outcome::Unknown(Doubt::NotJournalled);
        }
        outcome
    }
}

impl Jobs {
    /// Nothing is asked yet.
    pub(super) fn at(
        uri: &str,
        certificate: Option<[u8; 32]>,
        is_trusted: bool,
        limits: Limits,
    ) -> Result<Self, NoQueue> {
        let address = over_http(uri).ok_or_else(|| NoQueue::Address(uri.to_owned()))?;
        if address.scheme() == "https" && certificate.is_none() {
            return Err(NoQueue::NoCertificate);
        }
        Ok(Self {
            web: Web::new(address, certificate, limits.exchange)?,
            is_trusted,
            limits,
        })
    }

    /// Asks again, for as long as [`super::Limits::busy`], while the printer says that it is busy:
    /// then it has taken nothing.
    pub(super) fn until_not_busy(
        &self,
        request: &Request,
        document: Option<&[u8]>,
    ) -> Result<Reply, WebFault> {
        let started = Instant::now();
        loop {
            let reply = self.web.exchange(request, document)?;
            if !is_busy(&reply) || started.elapsed() >= self.limits.busy {
                return Ok(reply);
            }
            std::thread::sleep(self.limits.poll);
        }
    }

    fn about_job(&self, operation: Operation, number: i32) -> Result<Request, NotIpp> {
        Request::new(operation, self.web.address())?.asks("job-id", Ok(IppValue::Integer(number)))
    }

    /// That a job cannot be cancelled, because it has ended or the printer is gone, is seen by
    /// whoever looks at it next.
    pub(super) fn cancel(&self, number: i32) {
        let request = self.about_job(Operation::CancelJob, number);
        if let Ok(request) = request {
            drop(self.web.exchange(&request, None));
        }
    }

    /// A job as it stands; nothing of one that the printer does not know, or not any more. An answer
    /// that says neither is none.
    pub(super) fn job(&self, number: i32) -> Result<Option<Job>, WebFault> {
        let request = self
            .about_job(Operation::GetJobAttributes, number)?
            .wants(&QUESTIONS)?;
        let reply = self.web.exchange(&request, None)?;
        let is_unknown =
            [StatusCode::ClientErrorNotFound, StatusCode::ClientErrorGone].contains(&reply.status);
        if is_unknown {
            return Ok(None);
        }
        let job = Job::of(reply.group(DelimiterTag::JobAttributes));
        let job = job.filter(|_| reply.status.is_success());
        job.map(Some).ok_or(WebFault::NotIpp(NotIpp))
    }

    /// Watches a job to its end. One that stands still or takes too long is cancelled.
    fn watched(&self, number: i32, was_cancelled: bool) -> Outcome {
        let started = Instant::now();
        let mut stands_since = None;
        let mut is_reached = true;
        while started.elapsed() < self.limits.job && !was_cancelled {
            let Ok(job) = self.job(number) else {
                is_reached = false;
                std::thread::sleep(self.limits.poll);
                continue;
            };
            is_reached = true;
            match job {
                None => return Outcome::Unknown(Doubt::Forgotten),
                Some(job) if job.has_ended() => return self.verdict(job),
                Some(job)
                    if job.state == JobState::ProcessingStopped || self.hindrance().is_some() =>
                {
                    let since = *stands_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= self.limits.standstill {
                        break;
                    }
                }
                Some(_) => stands_since = None,
            }
            std::thread::sleep(self.limits.poll);
        }
        let hindrance = self.hindrance();
        if !was_cancelled {
            self.cancel(number);
        }
        match self.ended(number) {
            Some(job) if job.state == JobState::Canceled && !job.never_began => {
                Outcome::Unknown(hindrance.map_or(Doubt::NoAnswer, Doubt::Hindered))
            }
            Some(job) => self.verdict(job),
            None if is_reached => {
                Outcome::Unknown(hindrance.map_or(Doubt::NoAnswer, Doubt::Hindered))
            }
            None => Outcome::Unknown(Doubt::LineFailed),
        }
    }

    /// A cancelled job once it has ended; none when it does not in time.
    pub(super) fn ended(&self, number: i32) -> Option<Job> {
        let started = Instant::now();
        while started.elapsed() < self.limits.cancelled {
            if let Ok(Some(job)) = self.job(number)
                && job.has_ended()
            {
                return Some(job);
            }
            std::thread::sleep(self.limits.poll);
        }
        None
    }

    /// What the end of a job proves.
    pub(super) fn verdict(&self, job: Job) -> Outcome {
        match job.state {
            JobState::Completed if !self.is_trusted => Outcome::Unknown(Doubt::NeverAcknowledges),
            JobState::Completed => match job.pages {
                0 => Outcome::Unknown(Doubt::Uncounted),
                1 => Outcome::Printed,
                _ => Outcome::Unknown(Doubt::Miscounted),
            },
            JobState::Canceled | JobState::Aborted if job.never_began => {
                Outcome::NotPrinted(NoInk::NeverBegun)
            }
            JobState::Canceled => Outcome::Unknown(Doubt::Canceled),
            JobState::Aborted => Outcome::Unknown(Doubt::Aborted),
            JobState::Pending
            | JobState::PendingHeld
            | JobState::Processing
            | JobState::ProcessingStopped => Outcome::Unknown(Doubt::NoAnswer),
        }
    }

    fn hindrance(&self) -> Option<Hindrance> {
        let reply = asked(&self.web).ok()?;
        match standing(reply.group(DelimiterTag::PrinterAttributes)) {
            Standing::Hindered(hindrance) => Some(hindrance),
            Standing::Ready | Standing::Busy => None,
        }
    }
}

/// The refusal of a printer that was ready a moment ago.
fn unready(refusal: &NoQueue) -> Unready {
    match refusal {
        NoQueue::Hindered(hindrance) => Unready::Hindered(*hindrance),
        NoQueue::Media(_) => Unready::Hindered(Hindrance::WrongPaper),
        NoQueue::NoJobs => Unready::Hindered(Hindrance::Paused),
        NoQueue::Way(_)
        | NoQueue::Refused(_)
        | NoQueue::Address(_)
        | NoQueue::NoCertificate
        | NoQueue::NoPdf
        | NoQueue::Left
        | NoQueue::PrintServer
        | NoQueue::SendsAgain(_) => Unready::Silent,
    }
}

fn pdf() -> Result<IppValue, ipp::parser::IppParseError> {
    IppValue::new_mime_media_type(PDF)
}

pub(super) fn is_busy(reply: &Reply) -> bool {
    [
        StatusCode::ServerErrorBusy,
        StatusCode::ServerErrorTemporaryError,
        StatusCode::ServerErrorServiceUnavailable,
    ]
    .contains(&reply.status)
}

fn declined(reply: &Reply) -> NoInk {
    if is_busy(reply) {
        NoInk::Busy
    } else {
        NoInk::Declined
    }
}

fn number_of_job(reply: &Reply) -> Option<i32> {
    reply.group(DelimiterTag::JobAttributes).number("job-id")
}
