//! Jobs whose end nobody heard: this program was killed, or the way was lost, before they ended. The
//! printer is asked for them by their names, each of which belongs to one sending alone.
//!
//! What it says then proves what it would have proved at the time. A job that still waits is cancelled
//! first: nothing old comes out by itself.

use ipp::model::JobState;

use super::job::Jobs;
use super::left::Listed;
use super::{Limits, NoQueue, Queue};
use crate::printing::job::{Doubt, Outcome};

/// What a printer says later of a job.
#[derive(Debug, PartialEq, Eq)]
pub enum Later {
    /// The printer is still at it.
    Going,
    /// It has ended, or the printer will never say more.
    Over(Outcome),
}

/// Asks a printer of pages, whatever it has loaded and is at now, what became of the jobs of these names.
///
/// # Errors
/// [`NoQueue`] when it does not answer now.
pub fn ask_later(
    uri: &str,
    certificate: Option<[u8; 32]>,
    is_trusted: bool,
    names: &[&str],
    limits: Limits,
) -> Result<Vec<Later>, NoQueue> {
    Jobs::at(uri, certificate, is_trusted, limits)?.ask_later(names)
}

impl Queue {
    /// Asks what became of earlier jobs of these names.
    ///
    /// # Errors
    /// [`NoQueue`] when it does not answer now.
    pub fn ask_later(&self, names: &[&str]) -> Result<Vec<Later>, NoQueue> {
        self.jobs.ask_later(names)
    }
}

impl Jobs {
    fn ask_later(&self, names: &[&str]) -> Result<Vec<Later>, NoQueue> {
        // A job that ends between the two answers is in the second.
        let mut jobs = self.listed("not-completed")?.unwrap_or_default();
        jobs.extend(self.listed("completed")?.unwrap_or_default());
        let asked = names.iter().map(|name| self.end_of(name, &jobs));
        asked.collect()
    }

    fn end_of(&self, name: &str, jobs: &[Listed]) -> Result<Later, NoQueue> {
        let mut numbers: Vec<i32> = jobs
            .iter()
            .filter(|job| job.name == name)
            .map(|job| job.number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let doubt = |doubt| Ok(Later::Over(Outcome::Unknown(doubt)));
        let number = match numbers[..] {
            [number] => number,
            [] => return doubt(Doubt::Forgotten),
            // A sending has one job.
            [..] => return doubt(Doubt::Miscounted),
        };
        match self.job(number)? {
            None => doubt(Doubt::Forgotten),
            Some(job) if job.has_ended() => Ok(Later::Over(self.verdict(job))),
            Some(job) if job.state == JobState::Processing => Ok(Later::Going),
            Some(_) => {
                self.cancel(number);
                let ended = self.ended(number);
                Ok(ended.map_or(Later::Going, |job| Later::Over(self.verdict(job))))
            }
        }
    }
}
