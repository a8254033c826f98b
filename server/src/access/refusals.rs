//! What was refused since the data center began to serve, by code.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use shared::clock::UnixSeconds;

/// Codes that are counted apart: more than there are.
const CODES_MAX: usize = 256;

/// How often something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The refusal's stable code.
    pub code: String,
    /// How often.
    pub count: u64,
    /// When it was last.
    pub last: UnixSeconds,
}

/// Counts refusals.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<BTreeMap<String, (u64, UnixSeconds)>>);

impl Refusals {
    /// Counts one.
    pub(crate) fn count(&self, code: &str, now: UnixSeconds) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, last)) = all.get_mut(code) {
            *count = count.saturating_add(1);
            *last = now;
        } else if all.len() < CODES_MAX {
            all.insert(code.to_owned(), (1, now));
        }
    }

    /// All of them, by code.
    #[must_use]
    pub fn all(&self) -> Vec<Counted> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = all.iter().map(|(code, (count, last))| Counted {
            code: code.clone(),
            count: *count,
            last: *last,
        });
        counted.collect()
    }
}
