//! Pieces that amend earlier ones: a wrong date of mailing is corrected once by an indicium of 0.00
//! with the right one, short postage by a second indicium for the difference.
//!
//! Both are pieces like any other: paid for, journalled, drawn, read back, printed. The journal
//! names the piece they amend, and the vault itself allows one correction a piece.

use jiff::civil::Date;
use shared::indicium::destination::{Destination, OriginZip};
use shared::money::Mills;
use shared::vault::{Amendment, Amends};

use super::orders::{Paper, name};
use super::pieces::wrong_state;
use super::pricing::{bad, day, is_specimen};
use super::release::Paid;
use super::{Owner, Station};
use crate::api::{AmendCall, AmendHow, PieceState, UiError, View};
use crate::messages::{Code, say};
use crate::store::pieces::{PieceFacts, PieceRow};
use crate::vault::draft::{LabelInputs, Order};

impl Station {
    /// Pays for a piece that amends an earlier one, and prints it.
    pub(super) async fn amend(&self, call: AmendCall) -> Result<View, UiError> {
        let (out, job_key) = (Some(call.out.clone()), call.job_key.clone());
        let pay = move |owner: &mut Owner, paper: &Paper| owner.amend_once(&call, paper);
        let piece = self.pay_and_release(out, job_key, pay).await?;
        Ok(View::Piece(Box::new(piece)))
    }
}

impl Owner {
    fn amend_once(&mut self, call: &AmendCall, paper: &Paper) -> Result<Paid, UiError> {
        name("The job key", call.job_key.as_deref())?;
        self.pay_job_once(call.job_key.as_deref(), |owner| {
            owner.amendment(call, paper)
        })
    }

    /// Arranges the piece that amends another. Nothing is paid.
    fn amendment(&mut self, call: &AmendCall, paper: &Paper) -> Result<Order, UiError> {
        let earlier = self.piece(&call.serial)?;
        let values = [("serial", call.serial.trim())];
        if earlier.facts.amends.is_some() {
            return Err(say(Code::NotAnOriginal, &values));
        }
        if earlier.state != PieceState::Printed {
            return Err(wrong_state(&call.serial, earlier.state));
        }
        let (amends, postage, date) = self.asked_amendment(&call.how, &earlier)?;
        let booked_on = match call.cost_centre.as_deref() {
            Some(asked) => name("The cost centre", Some(asked))?,
            None => earlier.facts.cost_centre.clone(),
        };
        let reason = call.override_reason.as_deref();
        let booking = self.booking(booked_on.as_deref(), reason, &call.asker)?;
        let cost_centre = Some(booking.name.clone()).filter(|name| !name.is_empty());
        let origin = OriginZip::new(self.licence_zip()?.number())
            .map_err(|_| bad("The licence names no ZIP".to_owned()))?;
        let destination: Destination = earlier.facts.destination.parse().map_err(|_| {
            let what = "the destination of a piece";
            say(Code::DamagedStore, &[("what", what)])
        })?;
        let category = amends.how.category();
        Ok(Order {
            facts: PieceFacts {
                shape: amends.how.word().to_owned(),
                postage,
                date,
                cost_centre: cost_centre.clone(),
                category: String::from_utf8_lossy(&category).into_owned(),
                certificate: 0,
                priced_by: None,
                amends: Some(earlier.counter),
                ..earlier.facts.clone()
            },
            amends: Some(amends),
            category,
            origin,
            destination,
            booked: self.today(),
            form: paper.form,
            label: LabelInputs {
                postage,
                date,
                origin: origin.to_string(),
                class_marking: marking(amends.how).to_owned(),
                rate_marking: self.amended(&earlier),
                zone: None,
                to: Vec::new(),
                reference: cost_centre.unwrap_or_default(),
                specimen: self.vault().is_none_or(|vault| is_specimen(vault.psd())),
                stock: paper.stock.clone(),
                dpi: paper.dpi,
                art: self.piece_art(),
            },
            booking,
        })
    }

    /// What is asked for, as far as the earlier piece allows it.
    fn asked_amendment(
        &self,
        how: &AmendHow,
        earlier: &PieceRow,
    ) -> Result<(Amends, Mills, Date), UiError> {
        let serial = self.serial(earlier.counter);
        let serial = serial.map_or_else(String::new, |serial| serial.to_string());
        let (how, postage, date) = match how {
            AmendHow::Correction { date } => (Amendment::Correction, Mills::ZERO, date),
            AmendHow::Additional { amount, date } => {
                let unread = |_| say(Code::NotAnAmount, &[("text", amount)]);
                let postage = Mills::parse(amount.trim()).map_err(unread)?;
                (Amendment::Additional, postage, date)
            }
        };
        let date = match date.as_deref().filter(|text| !text.trim().is_empty()) {
            Some(text) => day(text)?,
            None => self.mailing_day(),
        };
        if how == Amendment::Correction {
            let values = [("serial", serial.as_str()), ("date", &date.to_string())];
            if date == earlier.facts.date {
                return Err(say(Code::DateIsRight, &values));
            }
            if !self.enrolled()?.may_correct(earlier.counter) {
                return Err(say(Code::AlreadyCorrected, &values));
            }
        }
        let amends = Amends {
            counter: earlier.counter,
            how,
        };
        Ok((amends, postage, date))
    }

    /// Which piece a label says that it amends.
    fn amended(&self, earlier: &PieceRow) -> String {
        // The serial alone: more would not fit beside the symbol.
        let serial = self.serial(earlier.counter);
        serial.map_or_else(String::new, |serial| format!("for {serial}"))
    }

    /// Whether a clerk may still correct the date of a piece.
    pub(super) fn may_correct(&self, row: &PieceRow) -> bool {
        row.state == PieceState::Printed
            && row.facts.amends.is_none()
            && self
                .vault()
                .is_some_and(|vault| vault.may_correct(row.counter))
    }
}

/// What stands on a label in the place of the class.
const fn marking(how: Amendment) -> &'static str {
    match how {
        Amendment::Correction => "DATE CORRECTION",
        Amendment::Additional => "ADDITIONAL POSTAGE",
    }
}

#[cfg(test)]
mod tests;
