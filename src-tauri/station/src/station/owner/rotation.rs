//! Rotation of the key-encryption key (`protocol.md` K): yearly, when a data key was used up, and
//! when somebody asks for it.
//!
//! What a crash leaves, step by step: after the new key is kept, a key that wraps nothing and is
//! overwritten by the next rotation; after the rewrapping commit, the new key in use and the old
//! one still kept; the next good start empties the log once more and destroys it.

use std::sync::Arc;

use shared::clock::UnixSeconds;

use super::{Keeper, Owner};
use crate::api::UiError;
use crate::messages::{Code, say};
use crate::secrets::{Kek, KekId, Patience, SecretFault, SecretStore};
use crate::station::names;
use crate::store::{StoreFault, Tx};

/// A key-encryption key is used so many days.
pub(crate) const KEK_DAYS: i64 = 365;

/// A key-encryption key that is kept and wraps nothing yet.
pub struct NextKek {
    id: KekId,
    kek: Kek,
}

impl std::fmt::Debug for NextKek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("NextKek").field(&self.id).finish()
    }
}

impl NextKek {
    /// Makes the key with the number `id`, keeps it and reads it back. A keyring may ask its user
    /// for a password: not for a thread that must answer.
    ///
    /// # Errors
    /// What the keeper refuses, and `secrets_missing` when it gives back something else.
    pub fn keep(keeper: &dyn SecretStore, id: KekId) -> Result<Self, UiError> {
        let kek = Kek::random()?;
        keeper.store_key(id, &kek, Patience::UserTold)?;
        let kept = keeper.load_key(id, Patience::UserTold)?;
        if kept.as_ref() == Some(&kek) {
            Ok(Self { id, kek })
        } else {
            Err(say(Code::SecretsMissing, &[("place", &keeper.words())]))
        }
    }

    /// Number and key.
    pub(super) fn into_parts(self) -> (KekId, Kek) {
        (self.id, self.kek)
    }
}

/// Writes down since when the key-encryption key is in use.
pub(super) fn put_since(
    tx: &mut Tx<'_>,
    now: UnixSeconds,
    renewals: u64,
) -> Result<(), StoreFault> {
    tx.put_setting(names::KEK_SINCE, &now.0.to_string())?;
    tx.put_setting(names::KEK_RENEWALS, &renewals.to_string())
}

impl Owner {
    /// The keeper and the number of the next key-encryption key, for [`NextKek::keep`].
    ///
    /// # Errors
    /// `not_enrolled` while the store has no keys, `damaged_store` when the numbers are used up.
    pub fn next_kek(&self) -> Result<(Arc<dyn SecretStore>, KekId), UiError> {
        let keeper = self.keeper.as_ref();
        let (Some(Keeper { store, .. }), Some(id)) = (keeper, self.store.kek_id()) else {
            return Err(say(Code::NotEnrolled, &[]));
        };
        let used_up = || say(Code::DamagedStore, &[("what", "the numbers of its keys")]);
        Ok((Arc::clone(store), id.checked_add(1).ok_or_else(used_up)?))
    }

    /// Takes a kept key-encryption key into use: every data key is wrapped under it in one commit.
    /// A key that is not the next any more, because another rotation was quicker, is left unused.
    ///
    /// # Errors
    /// The faults of the store; then the old key stays in use.
    pub fn rotate_to(&mut self, next: NextKek) -> Result<(), UiError> {
        let (id, kek) = next.into_parts();
        let old = self.store.kek_id();
        if old.and_then(|old| old.checked_add(1)) != Some(id) {
            return Ok(());
        }
        let (now, renewals) = (self.now(), self.store.data_key_renewals()?);
        let retired = match self.retired()? {
            Some(retired) => retired,
            None => id.saturating_sub(1),
        };
        self.store.rotate(id, kek, |tx| {
            tx.put_setting(names::KEK_RETIRED, &retired.to_string())?;
            put_since(tx, now, renewals)
        })?;
        tracing::info!(number = id, "the key-encryption key was rotated");
        Ok(())
    }

    /// Whether the key-encryption key is a year old, or a data key was used up under it.
    ///
    /// # Errors
    /// The faults of the store.
    pub fn kek_due(&self) -> Result<bool, UiError> {
        let Some(since) = self.kek_since()? else {
            return Ok(false);
        };
        let noted = self.number(names::KEK_RENEWALS)?.unwrap_or_default();
        Ok(since.plus_days(KEK_DAYS) <= self.now() || self.store.data_key_renewals()? > noted)
    }

    /// Since when the key-encryption key is in use.
    ///
    /// # Errors
    /// The faults of the store.
    pub fn kek_since(&self) -> Result<Option<UnixSeconds>, UiError> {
        self.number(names::KEK_SINCE)
            .map(|since: Option<i64>| since.map(UnixSeconds))
    }

    /// Rotates at the start when that is due. A keeper that refuses leaves the old key in use and
    /// the station at work; the next start or contact tries again.
    pub(super) fn rotate_when_due(&mut self) {
        let rotated = self.kek_due().and_then(|due| {
            if !due {
                return Ok(());
            }
            let (keeper, id) = self.next_kek()?;
            self.rotate_to(NextKek::keep(keeper.as_ref(), id)?)
        });
        if let Err(fault) = rotated {
            tracing::warn!(
                code = fault.code,
                "the key-encryption key could not be rotated"
            );
        }
    }

    /// Destroys the key-encryption keys that are not in use any more: this start has proved that
    /// the new one opens everything. What cannot be destroyed now is tried at the next start.
    pub(super) fn retire_old_keks(&mut self) {
        if let Err(fault) = self.retire() {
            tracing::warn!(
                code = fault.code,
                "an old key-encryption key is not destroyed yet"
            );
        }
    }

    fn retire(&mut self) -> Result<(), UiError> {
        let (Some(oldest), Some(current)) = (self.retired()?, self.store.kek_id()) else {
            return Ok(());
        };
        if !self.store.truncate_log()? {
            return Ok(());
        }
        if let Some(keeper) = &self.keeper {
            (oldest..current)
                .try_for_each(|id| keeper.store.delete_key(id))
                .map_err(|fault: SecretFault| UiError::from(fault))?;
        }
        self.store.write("a key-encryption key is destroyed", |tx| {
            Ok(tx.delete_setting(names::KEK_RETIRED)?)
        })
    }

    fn retired(&self) -> Result<Option<KekId>, UiError> {
        self.number(names::KEK_RETIRED)
    }

    /// A number among the settings.
    fn number<N: std::str::FromStr>(&self, name: &'static str) -> Result<Option<N>, UiError> {
        let damaged = || say(Code::DamagedStore, &[("what", "the age of its key")]);
        match self.store.setting(name)? {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| damaged()),
        }
    }
}

#[cfg(test)]
mod tests;
