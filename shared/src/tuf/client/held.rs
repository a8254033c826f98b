//! What is believed without asking anybody.

use std::collections::BTreeMap;

use super::{Client, Stage};
use crate::clock::UnixSeconds;
use crate::tuf::fault::TufFault;
use crate::tuf::key::Verifier;
use crate::tuf::path::RoleName;

impl Client {
    /// A client that believes what is held, and fetches nothing: as far as that is whole and has
    /// not expired.
    ///
    /// # Errors
    /// As [`Client::next`] and [`Client::accept`]; [`TufFault::Missing`] for a document that was
    /// never fetched.
    pub fn from_held(
        held: BTreeMap<RoleName, Vec<u8>>,
        now: UnixSeconds,
        verify: Verifier<'_>,
    ) -> Result<Self, TufFault> {
        let mut client = Self::open(held, now, verify)?;
        client.answer_from_held(verify)?;
        Ok(client)
    }

    /// Answers everything it asks for with what is held.
    ///
    /// # Errors
    /// As [`Self::from_held`].
    pub fn answer_from_held(&mut self, verify: Verifier<'_>) -> Result<(), TufFault> {
        while let Some(ask) = self.next(verify)? {
            // Another root than the held one would have to be fetched.
            let is_root = matches!(self.stage, Stage::Roots);
            let reply = self.held.get(&ask.role).filter(|_| !is_root).cloned();
            self.accept(reply.as_deref(), verify)?;
        }
        Ok(())
    }
}
