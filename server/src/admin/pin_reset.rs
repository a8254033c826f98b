//! `station reset-pin`: a one-time code for a station's user who has forgotten the PIN.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::PsdId;
use shared::services::ServiceId;
use shared::services::funds::pin_reset::{MAX_USER_CHARS, PIN_RESET_DAYS, PinReset, ResetCode};

use super::perform::{ADMIN, StationCallError, wrong_state};
use super::refusal::AdminRefusal;
use super::view::{AdminView, time};
use crate::ca;
use crate::center::DataCenter;
use crate::db::Concerned;
use crate::services::funds::pin_resets;
use crate::stations::{self, StationState};

/// A code that lets a user choose a new PIN.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinResetView {
    /// The station's PSD number.
    pub psd: PsdId,
    /// The user.
    pub user: String,
    /// The one-time code; it is shown here and never again.
    pub code: String,
    /// Until when it can be used.
    pub until: UnixSeconds,
}

impl fmt::Debug for PinResetView {
    /// Leaves out the code, which is as good as a PIN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinResetView")
            .field("psd", &self.psd)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PinResetView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} may choose a new PIN at {} once it has met the data center, until {}:\n\n    {}\n",
            self.user,
            self.psd,
            time(self.until),
            self.code
        )
    }
}

/// Orders that a user may choose a new PIN; a code given before is good no longer.
///
/// # Errors
/// [`AdminRefusal`]; nothing was ordered then.
pub(super) fn order(
    center: &DataCenter,
    asked: String,
    user: &str,
) -> Result<AdminView, AdminRefusal> {
    let user = user.trim().to_owned();
    let length = user.chars().count();
    if length == 0 || length > MAX_USER_CHARS || user.chars().any(char::is_control) {
        return Err(AdminRefusal::usage(
            format!("A user's name has 1 to {MAX_USER_CHARS} characters."),
            "Give the name that the station shows.",
        ));
    }
    let (book, now) = (*center.ledger(), center.now());
    let code = ResetCode::new(ca::random()?);
    let until = now.plus_days(PIN_RESET_DAYS);
    let (hashed, named) = (code.clone(), user.clone());
    let station = center.db().write_blocking("station-reset-pin", move |tx| {
        let station = stations::find(tx, &asked)?;
        match (station.state, station.enrolled) {
            (StationState::Active | StationState::Locked, Some(_)) => {}
            (
                StationState::New
                | StationState::Active
                | StationState::Locked
                | StationState::Frozen
                | StationState::Withdrawn,
                _,
            ) => return Err(wrong_state(&station).into()),
        }
        let reset = PinReset {
            user: named,
            code_hash: hashed.hash(station.vault),
            until,
        };
        pin_resets::order(tx, station.id, &reset)?;
        stations::journal(&book, tx, &station, "pin-reset", ADMIN, now)?;
        tx.concerns(Concerned::Station(station.id), ServiceId::Funds);
        Ok::<_, StationCallError>(station)
    })?;
    Ok(AdminView::PinReset(PinResetView {
        psd: station.psd,
        user,
        code: code.to_string(),
        until,
    }))
}
