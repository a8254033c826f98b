//! Jobs that an earlier run of this station left in a queue: it was killed, or the way was lost, before
//! they ended. Their pieces are unknown and the clerk was asked, so nothing of them may come out later.

use std::time::{Duration, Instant};

use ipp::model::{DelimiterTag, JobState, Operation};
use ipp::value::IppValue;

use super::job::Jobs;
use super::{NoQueue, Request};

/// What is asked about each job.
const QUESTIONS: [&str; 2] = ["job-id", "job-name"];

/// The most jobs that are told at once.
const MAX_JOBS: i32 = 100;

impl Jobs {
    /// Ends this station's jobs, whose names begin with `ours`, and says whether there were any. One
    /// that is being printed has its time, as any other job; those that wait are cancelled.
    ///
    /// # Errors
    /// [`NoQueue::Left`] when one does not end.
    pub(super) fn end_what_is_left(&self, ours: &str) -> Result<bool, NoQueue> {
        let left = self.left(ours)?;
        for number in &left {
            if !self.comes_to_its_end(*number, self.limits.busy) {
                self.cancel(*number);
                if !self.comes_to_its_end(*number, self.limits.cancelled) {
                    return Err(NoQueue::Left);
                }
            }
        }
        Ok(!left.is_empty())
    }

    /// The jobs of this station that have not ended. Of a printer that does not tell nothing is known.
    fn left(&self, ours: &str) -> Result<Vec<i32>, NoQueue> {
        let request = Request::new(Operation::GetJobs, self.web.address())?
            .asks("limit", Ok(IppValue::Integer(MAX_JOBS)))?
            .asks("which-jobs", IppValue::new_keyword("not-completed"))?
            .asks("my-jobs", Ok(IppValue::Boolean(true)))?
            .wants(&QUESTIONS)?;
        let reply = self.web.exchange(&request, None)?;
        let is_ours = |name: &str| name.starts_with(ours);
        let jobs = reply.groups(DelimiterTag::JobAttributes);
        Ok(jobs
            .filter(|job| job.word("job-name").is_some_and(is_ours))
            .filter_map(|job| job.number("job-id"))
            .collect())
    }

    /// Waits, at most `wait`, for the end of a job that is being printed or cancelled; one that only
    /// waits in the queue is not waited for.
    fn comes_to_its_end(&self, number: i32, wait: Duration) -> bool {
        let started = Instant::now();
        loop {
            match self.job(number) {
                // The printer has forgotten it.
                Ok(None) => return true,
                Ok(Some(job)) if job.has_ended() => return true,
                Ok(Some(job)) if job.state != JobState::Processing => return false,
                Ok(Some(_)) | Err(_) if started.elapsed() >= wait => return false,
                Ok(Some(_)) | Err(_) => std::thread::sleep(self.limits.poll),
            }
        }
    }
}
