//! Where one service stands in a contact.

use core::time::Duration;

use super::{Marker, Outcome, STALLED_AFTER, Stage};
use crate::services::ServiceId;

/// One service in a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) service: ServiceId,
    pub(super) stage: Stage,
    /// Requests that were answered.
    pub(super) requests: u32,
    /// Since when it has been running.
    pub(super) since: Duration,
    /// What the data center said it has for this service, in the order in which it was heard, each
    /// marker once: of replies that run side by side the later one may bring the earlier word.
    pub(super) markers: Vec<Marker>,
    /// Whether it was told without a marker.
    pub(super) told: bool,
    /// Named by the data center, or the reason of the contact, since it was last asked.
    pub(super) is_due: bool,
    /// It has something that gives way to money, and money was still on its way.
    pub(super) gives_way: bool,
    /// The bytes that its message on its way and the reply may have.
    pub(super) expected: u64,
    /// Its next message is asked for, or did not fit, beside others on their way.
    pub(super) waits_for_room: bool,
}

impl Place {
    pub(super) const fn new(service: ServiceId, is_due: bool) -> Self {
        Self {
            service,
            stage: Stage::Signalled,
            requests: 0,
            since: Duration::ZERO,
            markers: Vec::new(),
            told: false,
            is_due,
            gives_way: false,
            expected: 0,
            waits_for_room: false,
        }
    }

    pub(super) const fn at_rest(&self) -> Outcome {
        if self.requests == 0 {
            Outcome::Nothing
        } else {
            Outcome::Served
        }
    }

    /// Whether it is to be asked, or is running and has not stalled.
    pub(super) fn is_under_way(&self, now: Duration) -> bool {
        match self.stage {
            Stage::Signalled => true,
            Stage::Running => now.saturating_sub(self.since) < STALLED_AFTER,
            Stage::Rested(_) => false,
        }
    }

    /// Takes the word that the data center has something for it.
    pub(super) fn signal(&mut self, marker: Option<Marker>) {
        let known = match marker {
            Some(marker) => self.markers.contains(&marker),
            None => self.told,
        };
        if known {
            return;
        }
        self.told |= marker.is_none();
        self.markers.extend(marker);
        self.is_due = true;
        if matches!(
            self.stage,
            Stage::Rested(Outcome::Served | Outcome::Nothing)
        ) {
            self.stage = Stage::Signalled;
        }
    }
}

/// Whether the budget does not bind a service. A package of software never goes over a line with a
/// budget, whoever opened it: it would hold the line for an hour.
pub(super) fn is_exempt(service: ServiceId, opened_by: Option<ServiceId>) -> bool {
    service.rank() == 0 || (opened_by == Some(service) && service != ServiceId::Software)
}
