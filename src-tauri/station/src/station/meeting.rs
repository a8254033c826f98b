//! What the owner remembers of the contact that is going on. Nothing of it needs to survive: a
//! crash ends the contact, and what is on its way lies in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shared::ids::RefillId;
use shared::money::Mills;
use shared::monitor::{ContactId, Holdings, Marker};
use shared::services::ServiceId;
use shared::services::funds::RegisterStatement;

use super::{Owner, names};
use crate::api::UiError;
use crate::messages::{Code, say};
use crate::services::accounts::Exchange;
use crate::services::mirror::Pages;
use crate::services::reconcile::Known;
use crate::services::repository::{Named, Run};
use crate::services::sealed::Outstanding;
use crate::services::software;

/// A refill that the data center has decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The refill.
    pub refill: RefillId,
    /// What was asked.
    pub amount: Mills,
    /// Whether the value is in the vault.
    pub granted: bool,
}

/// The contact that is going on.
#[derive(Debug, Default)]
pub(super) struct Meeting {
    /// The refill of a clerk that the data center has decided on last in this contact.
    decided: Option<Decided>,
    /// The services whose request on its way was made in this contact.
    fresh: BTreeSet<ServiceId>,
    /// Whether a grant was applied and not yet stated.
    acknowledgement_due: bool,
    /// Whether the station has asked for a refill by itself.
    refilled_by_itself: bool,
    /// The services that the data center said it has something for, or that opened the contact.
    due: BTreeSet<ServiceId>,
    /// What the data center has said of its repository.
    told_of_repository: Option<Marker>,
    /// Whether the repository is to be asked although nobody said that it has something, and whether
    /// it was.
    guess: bool,
    guessed: bool,
    /// The refresh of the signed repository that is going on.
    repository: Option<Box<Run>>,
    /// What roles of the repository name, as far as that was looked up.
    named: BTreeMap<&'static str, Arc<[Named]>>,
    /// The message outside of a stream that is on its way.
    outstanding: Option<Outstanding>,
    /// The page of the journal that is on its way beside a statement.
    page: Option<Outstanding>,
    /// How the journal's pages fare.
    pages: Pages,
    /// How far the exchange about the account is.
    accounts: Exchange,
    /// What a data center that has forgotten knows again.
    known: Option<Known>,
    /// The statement it was told with.
    stated: Option<RegisterStatement>,
    /// Whether it was fetched in this contact whom to believe.
    trust_fetched: bool,
    /// What the software service has asked for.
    software: software::Exchange,
}

impl Owner {
    /// Begins a contact.
    pub fn begin_contact(&mut self) {
        self.meeting = Meeting::default();
        self.software_line().contact_begins();
    }

    /// Whether it was fetched in this contact whom to believe: asking once more would not help.
    #[must_use]
    pub const fn trust_fetched(&self) -> bool {
        self.meeting.trust_fetched
    }

    /// Notes that it was fetched whom to believe.
    pub const fn set_trust_fetched(&mut self) {
        self.meeting.trust_fetched = true;
    }

    /// The refill of a clerk that the data center has decided on last in this contact.
    #[must_use]
    pub const fn decided(&self) -> Option<Decided> {
        self.meeting.decided
    }

    /// Notes that the data center has decided on a refill.
    pub const fn set_decided(&mut self, decided: Decided) {
        self.meeting.decided = Some(decided);
    }

    /// Whether the service's request on its way was made in this contact.
    #[must_use]
    pub fn is_fresh(&self, service: ServiceId) -> bool {
        self.meeting.fresh.contains(&service)
    }

    /// Notes whether the service's request on its way was made in this contact and may be taken back.
    pub fn set_fresh(&mut self, service: ServiceId, fresh: bool) {
        if fresh {
            self.meeting.fresh.insert(service);
        } else {
            self.meeting.fresh.remove(&service);
        }
    }

    /// Whether the station has asked for a refill by itself in this contact.
    #[must_use]
    pub const fn refilled_by_itself(&self) -> bool {
        self.meeting.refilled_by_itself
    }

    /// Notes that the station asks for a refill by itself.
    pub const fn set_refilled_by_itself(&mut self) {
        self.meeting.refilled_by_itself = true;
    }

    /// Whether a grant was applied and not yet stated.
    #[must_use]
    pub const fn acknowledgement_due(&self) -> bool {
        self.meeting.acknowledgement_due
    }

    /// Notes whether a grant was applied and not yet stated.
    pub const fn set_acknowledgement_due(&mut self, due: bool) {
        self.meeting.acknowledgement_due = due;
    }

    /// Notes that the data center has something for a service, or that the contact was opened for
    /// its sake.
    pub fn set_due(&mut self, service: ServiceId) {
        self.meeting.due.insert(service);
    }

    /// Whether something is due for a service; the next answer is no, until it is noted again.
    pub fn take_due(&mut self, service: ServiceId) -> bool {
        self.meeting.due.remove(&service)
    }

    /// Notes what the data center has said of its repository.
    pub const fn set_told_of_repository(&mut self, marker: Option<Marker>) {
        self.meeting.told_of_repository = marker;
    }

    /// What the data center has said of its repository in this contact.
    #[must_use]
    pub const fn told_of_repository(&self) -> Option<Marker> {
        self.meeting.told_of_repository
    }

    /// Has the repository be asked although nobody said that it has something.
    pub const fn set_guess(&mut self) {
        self.meeting.guess = true;
    }

    /// Whether the repository is to be asked so; the next answer is no, until it is noted again.
    pub const fn take_guess(&mut self) -> bool {
        let guess = std::mem::replace(&mut self.meeting.guess, false);
        self.meeting.guessed |= guess;
        guess
    }

    /// Whether the repository was asked in this contact before anybody said that it has something.
    #[must_use]
    pub const fn has_guessed(&self) -> bool {
        self.meeting.guessed
    }

    /// What the station says to the data center's monitor in this contact.
    ///
    /// # Errors
    /// The faults of the store.
    pub fn holdings(
        &self,
        contact: ContactId,
        opened_by: Option<ServiceId>,
    ) -> Result<Holdings, UiError> {
        let mut markers = BTreeMap::new();
        for service in ServiceId::ALL {
            let text = self.store().setting(&names::held(service))?;
            // A marker that cannot be read is one of another version: the service is asked anew.
            if let Some(marker) = text.and_then(|text| text.parse().ok()) {
                markers.insert(service, marker);
            }
        }
        Ok(Holdings {
            contact,
            opened_by,
            markers,
        })
    }

    /// The refresh of the signed repository that is going on.
    pub const fn repository_run(&mut self) -> &mut Option<Box<Run>> {
        &mut self.meeting.repository
    }

    /// What roles of the repository name, as far as that was looked up since the contact began and
    /// its documents changed.
    pub const fn named_roles(&mut self) -> &mut BTreeMap<&'static str, Arc<[Named]>> {
        &mut self.meeting.named
    }

    /// Notes a message outside of a stream that is about to be sent.
    pub fn set_outstanding(&mut self, outstanding: Outstanding) {
        self.meeting.outstanding = Some(outstanding);
    }

    /// The message outside of a stream that is on its way, once.
    pub const fn take_outstanding(&mut self) -> Option<Outstanding> {
        self.meeting.outstanding.take()
    }

    /// Notes a page of the journal that is about to be sent beside a statement.
    pub fn set_page(&mut self, page: Outstanding) {
        self.meeting.page = Some(page);
    }

    /// Whether a page of the journal is on its way beside a statement.
    #[must_use]
    pub const fn has_page(&self) -> bool {
        self.meeting.page.is_some()
    }

    /// The page of the journal that is on its way beside a statement, once.
    pub const fn take_page(&mut self) -> Option<Outstanding> {
        self.meeting.page.take()
    }

    /// How the journal's pages fare in this contact.
    pub const fn pages(&mut self) -> &mut Pages {
        &mut self.meeting.pages
    }

    /// How far the exchange about the account is.
    pub const fn accounts_exchange(&mut self) -> &mut Exchange {
        &mut self.meeting.accounts
    }

    /// What the software service has asked for last in this contact.
    pub const fn software_exchange(&mut self) -> &mut software::Exchange {
        &mut self.meeting.software
    }

    /// What a data center that has forgotten knows again, as it said last in this contact.
    #[must_use]
    pub const fn known(&self) -> Option<Known> {
        self.meeting.known
    }

    /// Notes what the data center knows again.
    pub const fn set_known(&mut self, known: Known) {
        self.meeting.known = Some(known);
    }

    /// The statement with which the data center was told last.
    #[must_use]
    pub fn stated(&self) -> Option<RegisterStatement> {
        self.meeting.stated.clone()
    }

    /// Notes the statement with which the data center is told.
    pub fn set_stated(&mut self, statement: RegisterStatement) {
        self.meeting.stated = Some(statement);
    }

    /// A certificate kept as hexadecimal digits.
    ///
    /// # Errors
    /// `damaged_store` when it is missing.
    pub fn certificate_setting(&self, name: &'static str) -> Result<Vec<u8>, UiError> {
        let damaged = || say(Code::DamagedStore, &[("what", "a certificate")]);
        let text = self.store().setting(name)?.ok_or_else(damaged)?;
        hex::decode(text).map_err(|_| damaged())
    }
}
