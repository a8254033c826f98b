//! Where the page of a piece lies whose end is not known: at which printer, and what its job there is
//! called. The rows are sealed, because who could alter one could let a printer of his own call a printed
//! piece unprinted.

use zeroize::Zeroizing;

use super::{Store, StoreFault, Tx};

/// What the names of these secrets begin with.
const PREFIX: &str = "page-job-";

/// The counter of a piece, and what was noted of its page, opened.
pub type NotedPage = (u32, Zeroizing<Vec<u8>>);

impl Store {
    /// The counters of pieces with what was noted of their pages, at most `limit`, oldest first.
    ///
    /// # Errors
    /// As [`Store::secret`].
    pub fn page_jobs(&self, limit: usize) -> Result<Vec<NotedPage>, StoreFault> {
        let mut jobs = Vec::new();
        for name in self.secret_names(PREFIX, limit)? {
            let counter = name[PREFIX.len()..].split('-').next();
            let counter = counter.and_then(|counter| counter.parse().ok());
            if let Some((counter, job)) = counter.zip(self.secret(&name)?) {
                jobs.push((counter, job));
            }
        }
        Ok(jobs)
    }
}

impl Tx<'_> {
    /// Notes where the page of a piece is about to go in the sending of this number.
    ///
    /// # Errors
    /// As [`Tx::put_secret`].
    pub fn put_page_job(
        &mut self,
        counter: u32,
        sending: u32,
        job: &[u8],
    ) -> Result<(), StoreFault> {
        self.put_secret(&name(counter, sending), job)
    }

    /// Forgets it: what became of it is known, or nothing more will be heard of it.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn delete_page_job(&mut self, counter: u32, sending: u32) -> Result<(), StoreFault> {
        self.delete_secret(&name(counter, sending))
    }
}

/// Ten digits, so that names are in the order of counters.
fn name(counter: u32, sending: u32) -> String {
    format!("{PREFIX}{counter:010}-{sending:08x}")
}
