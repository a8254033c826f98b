//! The data center's monitor: sees every access of a station, asks each service whether it has
//! something for this station, and says so in the reply that is on its way anyway.
//!
//! It keeps the state of the contact each station is in ([`shared::monitor::Contact`]) and the stations
//! that keep a contact open ([`Hub`]). Nothing
//! of it is durable: after a restart the first access of a station begins anew.

mod hub;
#[cfg(test)]
mod shuttled;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::monitor::{Budget, Contact, ContactId, Due, Holdings, Turn};
use shared::services::ServiceId;

use crate::ca::deny::Serial;
use crate::center::DataCenter;
use crate::services;

pub(crate) use hub::{Hub, Listener, ServiceSet};

/// The locks of the hub.
mod sync {
    pub(super) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
}

/// Contacts that are remembered, one per station: more than one data center's stations. When there
/// is no room, those that were quiet for an hour go, and then all.
const CONTACTS_MAX: usize = 16_384;

/// A contact that was quiet for so long is over.
const QUIET_SECONDS: i64 = 60 * 60;

/// The contact a station is in, or was in last.
#[derive(Clone, Debug)]
struct Seen {
    id: ContactId,
    opened: UnixSeconds,
    last: UnixSeconds,
    contact: Contact,
}

/// The data center's monitor.
#[derive(Debug, Default)]
pub struct Monitor {
    contacts: Mutex<HashMap<StationId, Seen>>,
    hub: Arc<Hub>,
}

impl Monitor {
    /// The contact a station is in, or was in last.
    #[must_use]
    pub fn contact_of(&self, station: StationId) -> Option<Contact> {
        self.contacts()
            .get(&station)
            .map(|seen| seen.contact.clone())
    }

    /// The stations that keep a contact open.
    pub(crate) const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Wakes every station that keeps a contact open: a service has news for all.
    pub fn signal_all(&self, service: ServiceId) {
        self.hub.signal_all(service);
    }

    /// How many stations keep a contact open.
    #[must_use]
    pub fn open_contacts(&self) -> usize {
        self.hub.len()
    }

    /// Notes that a request of this service has come in; a contact that was not seen before begins.
    pub(crate) fn accessed(
        &self,
        station: StationId,
        holds: &Holdings,
        service: ServiceId,
        now: UnixSeconds,
    ) {
        let mut contacts = self.contacts();
        make_room(&mut contacts, station, now);
        let open = || Seen {
            id: holds.contact,
            opened: now,
            last: now,
            contact: Contact::open(
                &ServiceId::ALL,
                holds.opened_by.or(Some(service)),
                Budget::UNLIMITED,
            ),
        };
        let seen = contacts.entry(station).or_insert_with(open);
        if seen.id != holds.contact {
            *seen = open();
        }
        seen.last = now;
        let at = since(seen.opened, now);
        seen.contact.accessed(service, at);
    }

    /// Notes how a request was answered, and what else the station was told is due.
    pub(crate) fn answered(
        &self,
        station: StationId,
        holds: &Holdings,
        service: ServiceId,
        turn: Turn,
        due: &Due,
    ) {
        if let Some(seen) = self.contacts().get_mut(&station)
            && seen.id == holds.contact
        {
            seen.contact.answered(service, turn);
            seen.contact.asked_all(due);
            seen.contact.hear(due);
        }
    }

    fn contacts(&self) -> MutexGuard<'_, HashMap<StationId, Seen>> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DataCenter {
    /// What the services have for a station that holds these markers: asked on every request. A
    /// database that fails leaves the station without a word, and the reply as it is.
    pub(crate) async fn due(&self, station: StationId, holds: &Holdings) -> Due {
        match services::markers(self, station).await {
            Ok(markers) => {
                let offered = markers.into_iter();
                let offered = offered.map(|(service, marker)| (service, Some(marker)));
                Due(offered.collect()).beyond(&holds.markers)
            }
            Err(fault) => {
                tracing::warn!(%fault, %station, "the services could not be asked what is due");
                Due::default()
            }
        }
    }

    /// What is due to a station that keeps a contact open, when these services have news.
    pub(crate) async fn news(&self, station: StationId, services: ServiceSet) -> Due {
        let due = self.due(station, &Holdings::default()).await;
        Due(services
            .iter()
            .map(|service| (service, due.0.get(&service).copied().flatten()))
            .collect())
    }

    /// Refuses the certificates of a station from now on, after [`deny::revoke`] was committed: also
    /// the contact it keeps open ends.
    ///
    /// [`deny::revoke`]: crate::ca::deny::revoke
    pub fn revoked(&self, station: StationId, serials: impl IntoIterator<Item = Serial>) {
        self.denied().add(serials);
        self.monitor().hub.end(station);
    }
}

/// Forgets contacts that are long over when there is no room for one more.
fn make_room(contacts: &mut HashMap<StationId, Seen>, station: StationId, now: UnixSeconds) {
    if contacts.len() < CONTACTS_MAX || contacts.contains_key(&station) {
        return;
    }
    contacts.retain(|_, seen| now.seconds_since(seen.last) < QUIET_SECONDS);
    if contacts.len() >= CONTACTS_MAX {
        contacts.clear();
    }
}

fn since(earlier: UnixSeconds, now: UnixSeconds) -> Duration {
    let seconds = now.seconds_since(earlier);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn station(number: u32) -> StationId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        StationId::from_bytes(bytes)
    }

    fn holds(contact: u8) -> Holdings {
        Holdings {
            contact: ContactId::from_bytes([contact; 8]),
            ..Holdings::default()
        }
    }

    #[test]
    fn another_contact_of_a_station_begins_anew() {
        let monitor = Monitor::default();
        monitor.accessed(station(1), &holds(1), ServiceId::Funds, NOW);
        monitor.answered(
            station(1),
            &holds(1),
            ServiceId::Funds,
            Turn::Exchanged,
            &Due::default(),
        );
        let first = monitor.contact_of(station(1)).unwrap();
        assert_eq!(first.opened_by(), Some(ServiceId::Funds));
        assert!(first.is_over());
        monitor.accessed(station(1), &holds(2), ServiceId::Rates, NOW);
        let second = monitor.contact_of(station(1)).unwrap();
        assert_eq!(second.opened_by(), Some(ServiceId::Rates));
        assert!(!second.is_over());
        // An answer that belongs to the contact before changes nothing.
        monitor.answered(
            station(1),
            &holds(1),
            ServiceId::Rates,
            Turn::Exchanged,
            &Due::default(),
        );
        assert_eq!(monitor.contact_of(station(1)), Some(second));
    }

    #[test]
    fn contacts_that_are_long_over_make_room() {
        let monitor = Monitor::default();
        let most = u32::try_from(CONTACTS_MAX).unwrap();
        for number in 0..most {
            monitor.accessed(station(number), &holds(1), ServiceId::Funds, NOW);
        }
        let later = NOW.plus_seconds(QUIET_SECONDS);
        monitor.accessed(station(0), &holds(1), ServiceId::Funds, later);
        monitor.accessed(station(most), &holds(1), ServiceId::Funds, later);
        assert_eq!(monitor.contacts().len(), 2);
    }
}
