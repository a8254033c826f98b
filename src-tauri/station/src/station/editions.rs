//! Which edition prices a piece: the one in force on its date of mailing.
//!
//! An edition comes into force by itself at the beginning of its first day, by the station's own
//! calendar and without any line, because every price looks for it anew. It never goes back: once
//! the vault has seen a time of an edition, by a debit or by the data center's signed word, the
//! edition's first day is kept, and no date of mailing lies before it, whatever clock and calendar
//! say later. A look moves nothing: a clock that was weeks ahead for a minute does no harm. A crash
//! before that day is stored leaves it to the next price.

use std::sync::Arc;

use jiff::civil::Date;
use shared::rates::Edition;

use super::{Owner, names};
use crate::api::{EditionView, Event, UiError};
use crate::messages::{Code, say};
use crate::store::{Store, StoreFault};

/// Editions that are kept read: a batch across a border prices by two, and one more is looked at.
const READ_MAX: usize = 3;

/// The editions at hand.
#[derive(Default)]
pub(super) struct Shelf {
    /// Those that were read, the last used one first.
    read: Vec<(String, Arc<Edition>)>,
    /// The first day of the newest edition whose time the vault has seen.
    floor: Option<Date>,
    /// The first day of the edition that was in force at the last look.
    shown: Option<Date>,
}

impl Shelf {
    /// The shelf of a store.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub(super) fn of(store: &Store) -> Result<Self, StoreFault> {
        let floor = store.setting(names::RATES_FLOOR)?;
        let floor = floor.map(|day| day.parse()).transpose();
        let floor = floor.map_err(|_| StoreFault::Damaged {
            what: "the first day of the rates in force",
        })?;
        Ok(Self {
            read: Vec::new(),
            floor,
            shown: None,
        })
    }
}

impl Owner {
    /// The earliest date of mailing: today, and never before the edition that is in force.
    pub(crate) fn mailing_day(&self) -> Date {
        let today = self.today();
        self.floor().map_or(today, |floor| today.max(floor))
    }

    /// The last day that the vault has seen.
    fn seen_day(&self) -> Option<Date> {
        let seen = self.vault()?.seen();
        Some(self.clock().day_of(seen))
    }

    /// The day before which no date of mailing lies. Another time zone may move the calendar by one
    /// day; a floor beyond that was raised by a clock that the data center has put right since.
    fn floor(&self) -> Option<Date> {
        let last = self.seen_day()?;
        let last = last.tomorrow().unwrap_or(last);
        self.shelf.floor.filter(|floor| *floor <= last)
    }

    /// The edition in force on `date`.
    ///
    /// # Errors
    /// `no_edition`, and `damaged_store` when its content cannot be read.
    pub(crate) fn edition(&mut self, date: Date) -> Result<Arc<Edition>, UiError> {
        let Some(id) = self.store().edition_on(date)? else {
            return Err(say(Code::NoEdition, &[]));
        };
        let edition = self.edition_named(&id)?;
        let today = self.mailing_day();
        if date <= today {
            self.came_into_force(&edition);
        }
        if date == today {
            let shown = self.shelf.shown.replace(edition.effective());
            if shown.is_some_and(|shown| shown != edition.effective()) {
                self.tell(Event::Status);
            }
        }
        Ok(edition)
    }

    /// The edition with this identity.
    ///
    /// # Errors
    /// `damaged_store` when it is not there or cannot be read.
    pub(crate) fn edition_named(&mut self, id: &str) -> Result<Arc<Edition>, UiError> {
        let read = &mut self.shelf.read;
        if let Some(place) = read.iter().position(|(known, _)| known == id) {
            read[..=place].rotate_right(1);
            return Ok(Arc::clone(&read[0].1));
        }
        let damaged = || say(Code::DamagedStore, &[("what", "a rate edition")]);
        let row = self.store().edition(id)?.ok_or_else(damaged)?;
        let edition = Edition::from_bytes(&row.content).map_err(|_| damaged())?;
        let edition = Arc::new(edition);
        let read = &mut self.shelf.read;
        read.truncate(READ_MAX - 1);
        read.insert(0, (id.to_owned(), Arc::clone(&edition)));
        Ok(edition)
    }

    /// Keeps in mind that an edition is in force, once the vault has seen its time: there is no way
    /// back behind it.
    fn came_into_force(&mut self, edition: &Edition) {
        let first = edition.effective();
        let is_seen = self.seen_day().is_some_and(|seen| first <= seen);
        if !is_seen || self.floor().is_some_and(|floor| first <= floor) {
            return;
        }
        let day = first.to_string();
        let stored = self.write("the first day of the rates in force", |tx| {
            Ok(tx.put_setting(names::RATES_FLOOR, &day)?)
        });
        match stored {
            Ok(()) => self.shelf.floor = Some(first),
            // The price is right all the same; the next one tries again.
            Err(fault) => tracing::warn!(code = fault.code, "the rates in force were not noted"),
        }
    }

    /// The edition in force today, as it is shown.
    pub(super) fn edition_view(&mut self) -> Result<Option<EditionView>, UiError> {
        let day = self.mailing_day();
        if self.store().edition_on(day)?.is_none() {
            return Ok(None);
        }
        Ok(Some(view_of(&*self.edition(day)?)))
    }

    /// The editions that are here and not in force yet, the next one first.
    pub(super) fn coming_views(&mut self) -> Result<Vec<EditionView>, UiError> {
        let coming = self.store().editions_after(self.mailing_day())?;
        let mut views = Vec::with_capacity(coming.len());
        for id in coming {
            views.push(view_of(&*self.edition_named(&id)?));
        }
        Ok(views)
    }
}

/// An edition as it is shown.
pub(super) fn view_of(edition: &Edition) -> EditionView {
    EditionView {
        id: edition.id().to_owned(),
        effective: edition.effective().to_string(),
        sample: edition.is_sample(),
    }
}

#[cfg(test)]
mod tests;
