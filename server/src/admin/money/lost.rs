//! Stations that never call again: their value is held, and recovered by two admins.

use shared::clock::UnixSeconds;
use shared::money::Mills;

use crate::admin::approval::{ApprovalView, Consent, Consented, Place, consent as approved};
use crate::admin::perform::{ADMIN, station_view, wrong_state};
use crate::admin::refusal::{AdminRefusal, Ending, sentence};
use crate::admin::view::{AdminView, time};
use crate::approvals::{Action, ApprovalError, Controlled};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::ledger::LedgerError;
use crate::services::funds::door;
use crate::services::funds::held::{self, EndState};
use crate::stations::{self, Station, StationError, StationState};

/// Why the value of a station was not moved.
#[derive(Debug, thiserror::Error)]
enum LostError {
    #[error("nothing is held of station {station}")]
    NothingHeld { station: String },
    #[error("what is held of station {station} may turn up on paper until {until}")]
    NotYet { station: String, until: String },
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    #[error(transparent)]
    Station(#[from] StationError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<LostError> for AdminRefusal {
    fn from(error: LostError) -> Self {
        let message = sentence(&error);
        match error {
            LostError::NothingHeld { .. } => Self::new(
                Ending::Refused,
                "nothing_held",
                message,
                "Nothing was moved. Declare it lost first, if it is.",
            ),
            LostError::NotYet { .. } => {
                Self::new(Ending::Refused, "held", message, "Nothing was moved.")
            }
            LostError::Approval(error) => error.into(),
            LostError::Station(error) => error.into(),
            LostError::Ledger(error) => error.into(),
            LostError::Db(error) => error.into(),
        }
    }
}

/// Declares a station lost, also one that was frozen or that was ordered to end and never called.
pub(super) fn declare(center: &DataCenter, asked: String) -> Result<Vec<AdminView>, AdminRefusal> {
    let (book, now) = (*center.ledger(), center.now());
    let (view, serials) = center.db().write_blocking("station-lost", move |tx| {
        let station = stations::find(tx, &asked)?;
        if station.state == StationState::Withdrawn || station.enrolled.is_none() {
            return Err(LostError::Station(wrong_state(&station)));
        }
        stations::expire_codes(tx, station.id, now)?;
        let serials = held::declare_lost(&book, tx, &station, ADMIN, now)?;
        let view = station_view(tx, stations::find(tx, &asked)?)?;
        Ok((view, serials))
    })?;
    center.revoked(view.station, serials);
    Ok(vec![AdminView::Station(view)])
}

/// Gives what is held of a lost station to its account. The books have taken out what turned up on
/// paper meanwhile, so what is held is the control total less the highest ascending register seen.
pub(super) fn recover(
    center: &DataCenter,
    asked: String,
    consent: Consent,
) -> Result<Vec<AdminView>, AdminRefusal> {
    let place = Place::of(center);
    let view = center.db().write_blocking("station-recover", move |tx| {
        let station = stations::find(tx, &asked)?;
        let amount = recoverable(tx, &station, place.now)?;
        let mut action = Action::on(
            Controlled::StationRecover,
            "station",
            &station.psd.to_string(),
        );
        action.parameters.extend(
            Action::on(Controlled::StationRecover, "amount", &amount.to_string()).parameters,
        );
        if let Consented::Asked(view) = approved(&place, tx, &action, &consent)? {
            return Ok(AdminView::Approval(ApprovalView::Request(view)));
        }
        door::out_of_held(&place.ledger, tx, &station, ADMIN, place.now)?;
        held::release(&place.ledger, tx, &station, ADMIN, place.now)?;
        stations::journal(&place.ledger, tx, &station, "recovered", ADMIN, place.now)?;
        Ok::<_, LostError>(AdminView::Station(station_view(tx, station)?))
    })?;
    Ok(vec![view])
}

/// What is held of a lost station whose time has come.
fn recoverable(tx: &Tx<'_>, station: &Station, now: UnixSeconds) -> Result<Mills, LostError> {
    let nothing = || LostError::NothingHeld {
        station: station.psd.to_string(),
    };
    let end = held::find(tx, station.id)?
        .filter(|end| end.lost && end.state == EndState::Held)
        .ok_or_else(nothing)?;
    if let Some(until) = end.hold_until.filter(|until| *until > now) {
        return Err(LostError::NotYet {
            station: station.psd.to_string(),
            until: time(until),
        });
    }
    let account = crate::ledger::LedgerAccount::Held(station.vault);
    let held = crate::ledger::available(tx, &account)?;
    // What it has printed since, by its own word, is no more there.
    let printed = door::printed_since(tx, station)?;
    Ok(held.minus(printed).unwrap_or(Mills::ZERO))
}
