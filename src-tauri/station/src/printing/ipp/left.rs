//! Jobs that an earlier run of this station left in a queue: it was killed, or the way was lost, before
//! they ended. Their pieces are unknown and the clerk was asked, so nothing of them may come out later.

use std::time::{Duration, Instant};

use ipp::model::{DelimiterTag, JobState, Operation};
use ipp::value::IppValue;

use super::job::{Job, Jobs, is_busy};
use super::{NoQueue, Request, refusal};

/// What is asked about each job.
const QUESTIONS: [&str; 2] = ["job-id", "job-name"];

/// The most jobs that are told at once.
const MAX_JOBS: i32 = 100;

/// A job as it is listed.
pub(super) struct Listed {
    pub(super) number: i32,
    pub(super) name: String,
}

impl Jobs {
    /// Ends this station's jobs, whose names begin with `ours`, and says whether there were any. One
    /// that is being printed has its time, as any other job; those that wait are cancelled.
    ///
    /// # Errors
    /// [`NoQueue::Left`] when one does not end.
    pub(super) fn end_what_is_left(&self, ours: &str) -> Result<bool, NoQueue> {
        let left = self.left(ours)?;
        for number in &left {
            let waits = |job: &Job| job.state != JobState::Processing;
            if !self.comes_to_its_end(*number, self.limits.busy, waits) {
                self.cancel(*number);
                // One that stands still may take a moment to be given up.
                if !self.comes_to_its_end(*number, self.limits.cancelled, |_| false) {
                    return Err(NoQueue::Left);
                }
            }
        }
        Ok(!left.is_empty())
    }

    /// The jobs of this station that have not ended. Of a printer that does not tell nothing is known.
    fn left(&self, ours: &str) -> Result<Vec<i32>, NoQueue> {
        let jobs = self.listed("not-completed")?.unwrap_or_default();
        let is_ours = |job: &Listed| job.name.starts_with(ours);
        let ours = jobs.into_iter().filter(is_ours);
        Ok(ours.map(|job| job.number).collect())
    }

    /// The jobs of this program by a word of `which-jobs`; nothing of a printer that does not tell.
    ///
    /// # Errors
    /// A printer that is busy has not told yet.
    pub(super) fn listed(&self, which: &str) -> Result<Option<Vec<Listed>>, NoQueue> {
        let request = Request::new(Operation::GetJobs, self.web.address())?
            .asks("limit", Ok(IppValue::Integer(MAX_JOBS)))?
            .asks("which-jobs", IppValue::new_keyword(which))?
            .asks("my-jobs", Ok(IppValue::Boolean(true)))?
            .wants(&QUESTIONS)?;
        let reply = self.until_not_busy(&request, None)?;
        if is_busy(&reply) {
            return Err(NoQueue::Refused(refusal(&reply)));
        }
        let jobs = reply.groups(DelimiterTag::JobAttributes).filter_map(|job| {
            Some(Listed {
                number: job.number("job-id")?,
                name: job.word("job-name")?.to_owned(),
            })
        });
        Ok(reply.status.is_success().then(|| jobs.collect()))
    }

    /// Waits, at most `wait`, for the end of a job, unless that is `in_vain`.
    fn comes_to_its_end(
        &self,
        number: i32,
        wait: Duration,
        in_vain: impl Fn(&Job) -> bool,
    ) -> bool {
        let started = Instant::now();
        loop {
            match self.job(number) {
                // The printer has forgotten it.
                Ok(None) => return true,
                Ok(Some(job)) if job.has_ended() => return true,
                Ok(Some(job)) if in_vain(&job) => return false,
                Ok(Some(_)) | Err(_) if started.elapsed() >= wait => return false,
                Ok(Some(_)) | Err(_) => std::thread::sleep(self.limits.poll),
            }
        }
    }
}
