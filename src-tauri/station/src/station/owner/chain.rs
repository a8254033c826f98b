//! Several transitions of the vault in one transaction, each made when its turn comes.

use shared::clock::UnixSeconds;
use shared::vault::{Action, Step, Vault, VaultRefusal};

use super::Owner;
use crate::api::UiError;
use crate::store::{StoreFault, Tx};

/// The vault on its way through the transitions of one transaction.
pub(crate) struct Chain<'a, 'b> {
    tx: &'a mut Tx<'b>,
    vault: Vault,
    now: UnixSeconds,
    last: Option<Step>,
}

/// Why nothing of a transaction became durable.
pub(crate) enum Broken {
    Refused(VaultRefusal),
    Other(UiError),
}

impl From<StoreFault> for Broken {
    fn from(fault: StoreFault) -> Self {
        Self::Other(fault.into())
    }
}

impl From<UiError> for Broken {
    fn from(error: UiError) -> Self {
        Self::Other(error)
    }
}

impl<'b> Chain<'_, 'b> {
    /// Makes the next transition and appends its record.
    ///
    /// # Errors
    /// The vault's refusal and the faults of the store: the transaction must then come to nothing.
    pub(crate) fn act(&mut self, action: &Action, user: &str) -> Result<(), Broken> {
        let step = self.vault.act(action, self.now, user);
        let step = step.map_err(Broken::Refused)?;
        self.tx.append(&step)?;
        self.vault = step.vault.clone();
        self.last = Some(step);
        Ok(())
    }

    /// The transaction, for what belongs to the transition.
    pub(crate) const fn tx(&mut self) -> &mut Tx<'b> {
        self.tx
    }
}

impl Owner {
    /// Commits the transitions that `work` makes at `now`, in one transaction with what it writes.
    ///
    /// # Errors
    /// The vault's refusal, and what store and `work` refuse; then nothing has changed.
    pub(crate) fn commit_chain(
        &mut self,
        now: UnixSeconds,
        work: impl FnOnce(&mut Chain<'_, '_>) -> Result<(), Broken>,
    ) -> Result<(), UiError> {
        let vault = self.enrolled()?.clone();
        let committed = self.store.write("paying for pieces", |tx| {
            let mut chain = Chain {
                tx,
                vault,
                now,
                last: None,
            };
            work(&mut chain)?;
            let Chain { tx, last, .. } = chain;
            if let Some(step) = &last {
                tx.save_vault(&step.vault)?;
            }
            Ok(last)
        });
        match committed {
            Ok(last) => {
                self.took_place(last.as_slice());
                Ok(())
            }
            Err(Broken::Refused(refusal)) => Err(self.refused(refusal, "")),
            Err(Broken::Other(error)) => Err(error),
        }
    }
}
