//! What stations should hear of, said in the transaction that makes it and told once that is
//! stored.

use std::sync::{Arc, OnceLock};

use shared::ids::{AccountId, StationId};
use shared::services::ServiceId;

/// Whom something concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Concerned {
    /// Every station.
    Everyone,
    /// Every station of an account.
    Account(AccountId),
    /// One station.
    Station(StationId),
}

/// A service has something for stations that it did not have before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct News {
    /// Whom it is for.
    pub concerned: Concerned,
    /// Whose it is.
    pub service: ServiceId,
}

/// Who is told; told on the thread that has stored it, so it must neither wait nor ask the
/// database.
type Told = Box<dyn Fn(News) + Send + Sync>;

/// The place of whoever is told.
#[derive(Clone, Default)]
pub(super) struct Ear(Arc<OnceLock<Told>>);

impl Ear {
    pub(super) fn open(&self, told: Told) {
        if self.0.set(told).is_err() {
            tracing::error!("somebody is told of news already");
        }
    }

    pub(super) fn tell(&self, news: &[News]) {
        if let Some(told) = self.0.get() {
            news.iter().copied().for_each(told);
        }
    }
}

impl std::fmt::Debug for Ear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ear")
    }
}
