//! Claims for spoiled pieces, scans and the stop list at the admin's side.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use shared::clock::{UnixSeconds, civil_date};
use shared::ids::{PieceSerial, StationId};
use shared::money::Mills;
use shared::services::ServiceId;
use shared::services::funds::refunds::{RefundReason, RefundState, identity};

use super::{MoneyError, MoneyView};
use crate::admin::approval::{ApprovalView, Consent, Consented, Place, consent as approved};
use crate::admin::perform::ADMIN;
use crate::admin::refusal::{AdminRefusal, Ending, sentence};
use crate::admin::view::{AdminView, time};
use crate::approvals::{Action, ApprovalError, Controlled};
use crate::center::DataCenter;
use crate::db::{Concerned, DbError, Tx};
use crate::ledger::LedgerError;
use crate::services::funds::refunds::scans::{self, ScanFault, Seen, Trust};
use crate::services::funds::refunds::store::{self, Refund};
use crate::services::funds::refunds::{TURNS_UP_DAYS, credit};
use crate::stations::{self, StationError};

/// The most lines of a file of scans that are shown as not understood.
const REJECTED_MAX: usize = 100;

/// So many lines of a file of scans are taken in with one commit: some ten milliseconds in which the
/// one writer serves nobody else.
const LINES_A_COMMIT: usize = 256;

/// The longest stop list that is written; it is held in memory as a whole.
const STOPPED_MAX: i64 = 500_000;

/// A claim for a spoiled piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundView {
    /// The piece.
    pub serial: PieceSerial,
    /// Whose it is.
    pub station: StationId,
    /// What was paid for it, mills.
    pub amount: Mills,
    /// The date printed on it.
    pub printed: String,
    /// `claimed`, `provisional`, `final`, `reversed` or `refused`.
    pub state: String,
    /// Why it waits or was refused.
    pub reason: Option<String>,
    /// When it was claimed.
    pub claimed: UnixSeconds,
    /// When a credit becomes final.
    pub final_at: UnixSeconds,
}

/// What a file of scans has led to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanView {
    /// Pieces taken in.
    pub scans: u64,
    /// Of them, seen for the first time.
    pub first: u64,
    /// What was taken back from refunds, mills.
    pub reversed: Mills,
    /// What was taken out of held value, mills.
    pub posted: Mills,
    /// Stations that were locked.
    pub locked: u64,
    /// Lines that were not understood: number and reason; at most 100 are shown.
    pub rejected: Vec<(u64, String)>,
}

/// A piece that must not be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopView {
    /// Its identity, 24 hexadecimal digits.
    pub identity: String,
    /// Its serial.
    pub serial: PieceSerial,
    /// Since when.
    pub since: UnixSeconds,
}

impl RefundView {
    fn of(refund: &Refund) -> Self {
        Self {
            serial: refund.serial,
            station: refund.station,
            amount: refund.amount,
            printed: refund.printed.to_string(),
            state: refund.state.word().to_owned(),
            reason: refund.reason.map(|reason| reason.word().to_owned()),
            claimed: refund.claimed,
            final_at: refund.final_at,
        }
    }
}

impl fmt::Display for RefundView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.as_deref().map(|reason| format!(" ({reason})"));
        write!(
            f,
            "{}  {}  {}{}\n    dated {}, claimed {}, final {}",
            self.serial,
            self.amount,
            self.state,
            reason.unwrap_or_default(),
            self.printed,
            time(self.claimed),
            time(self.final_at)
        )
    }
}

impl fmt::Display for ScanView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} pieces seen, {} for the first time. Taken back from refunds: {}. Booked as printed \
             out of held value: {}. Stations locked: {}.",
            self.scans, self.first, self.reversed, self.posted, self.locked
        )?;
        for (line, reason) in &self.rejected {
            write!(f, "\n    line {line}: {reason}")?;
        }
        Ok(())
    }
}

/// Why a claim was not decided.
#[derive(Debug, thiserror::Error)]
enum RefundError {
    #[error("there is no claim for {serial:?}")]
    Unknown { serial: String },
    #[error("the claim for {serial} is {state}")]
    Decided { serial: String, state: &'static str },
    #[error("a claim is claimed, provisional, final, reversed or refused, not {word:?}")]
    NoState { word: String },
    #[error("more than {STOPPED_MAX} pieces must not be accepted")]
    TooManyStopped,
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    #[error(transparent)]
    Station(#[from] StationError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<RefundError> for AdminRefusal {
    fn from(error: RefundError) -> Self {
        let message = sentence(&error);
        match error {
            RefundError::Unknown { .. } => Self::new(
                Ending::Refused,
                "unknown_claim",
                message,
                "`refund list` shows all claims.",
            ),
            RefundError::Decided { .. } => Self::new(
                Ending::Refused,
                "claim_decided",
                message,
                "Nothing was moved. Only a claim that waits is decided.",
            ),
            RefundError::NoState { .. } => Self::usage(message, "See `refund list --help`."),
            RefundError::TooManyStopped => Self::new(
                Ending::Refused,
                "stop_list_too_long",
                message,
                "Nothing was written, because a list that lacks pieces would let them through.",
            ),
            RefundError::Approval(error) => error.into(),
            RefundError::Station(error) => error.into(),
            RefundError::Ledger(error) => error.into(),
            RefundError::Db(error) => error.into(),
        }
    }
}

pub(super) fn list(
    center: &DataCenter,
    state: Option<&str>,
) -> Result<Vec<AdminView>, AdminRefusal> {
    let state = state
        .map(|word| {
            RefundState::of_word(word).ok_or_else(|| RefundError::NoState {
                word: word.to_owned(),
            })
        })
        .transpose()?;
    let refunds = center
        .db()
        .read_blocking("refund-list", move |tx| store::list(tx, state))?;
    let view = |refund: &Refund| AdminView::Money(MoneyView::Refund(RefundView::of(refund)));
    Ok(refunds.iter().map(view).collect())
}

/// Credits a claim that waits, with two admins' approval: they name piece and amount.
pub(super) fn approve(
    center: &DataCenter,
    serial: String,
    consent: Consent,
) -> Result<Vec<AdminView>, AdminRefusal> {
    let place = Place::of(center);
    let view = center.db().write_blocking("refund-approve", move |tx| {
        let refund = waiting(tx, &serial)?;
        let mut action = Action::on(
            Controlled::RefundApprove,
            "piece",
            &refund.serial.to_string(),
        );
        let amount = Action::on(
            Controlled::RefundApprove,
            "amount",
            &refund.amount.to_string(),
        );
        action.parameters.extend(amount.parameters);
        if let Consented::Asked(view) = approved(&place, tx, &action, &consent)? {
            return Ok(AdminView::Approval(ApprovalView::Request(view)));
        }
        let station = stations::find(tx, &refund.station.to_string())?;
        let who = (ADMIN, false, place.now);
        credit(&place.ledger, tx, &station, &refund, who)?;
        tx.concerns(Concerned::Station(refund.station), ServiceId::Funds);
        shown(tx, &refund)
    })?;
    Ok(vec![view])
}

pub(super) fn decline(center: &DataCenter, serial: String) -> Result<Vec<AdminView>, AdminRefusal> {
    let view = center.db().write_blocking("refund-decline", move |tx| {
        let refund = waiting(tx, &serial)?;
        let reason = Some(RefundReason::SecondPerson);
        let identity = identity(refund.serial);
        store::move_to(tx, &identity, RefundState::Refused, reason)?;
        tx.concerns(Concerned::Station(refund.station), ServiceId::Funds);
        shown(tx, &refund)
    })?;
    Ok(vec![view])
}

/// The claim of this serial, when it waits for a second person.
fn waiting(tx: &Tx<'_>, serial: &str) -> Result<Refund, RefundError> {
    let unknown = || RefundError::Unknown {
        serial: serial.to_owned(),
    };
    let parsed: PieceSerial = serial.parse().map_err(|_| unknown())?;
    let refund = store::find(tx, &identity(parsed))?.ok_or_else(unknown)?;
    if refund.state == RefundState::Claimed {
        return Ok(refund);
    }
    Err(RefundError::Decided {
        serial: serial.to_owned(),
        state: refund.state.word(),
    })
}

fn shown(tx: &Tx<'_>, refund: &Refund) -> Result<AdminView, RefundError> {
    let now = store::find(tx, &identity(refund.serial))?;
    let view = RefundView::of(now.as_ref().unwrap_or(refund));
    Ok(AdminView::Money(MoneyView::Refund(view)))
}

/// Takes a file of scans in, some lines a commit so that stations are answered in between; lines
/// that are none are told and left out. A crash leaves the commits before it; the whole file may be
/// taken in again, because a piece that was seen moves money once.
pub(super) fn scan_import(center: &DataCenter, text: &str) -> Result<ScanView, MoneyError> {
    let numbered = (1_u64..).zip(text.lines().map(str::trim));
    let lines: Vec<(u64, String)> = numbered
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| (number, line.to_owned()))
        .collect();
    let mut view = ScanView::default();
    for (done, lines) in lines.chunks(LINES_A_COMMIT).enumerate() {
        let taken = take_lines(center, lines.to_vec());
        for (number, taken) in taken.map_err(|source| part_of(done, &view, source))? {
            match taken {
                Ok(seen) => count(&mut view, &seen),
                Err(fault) if view.rejected.len() < REJECTED_MAX => {
                    view.rejected.push((number, fault.to_string()));
                }
                Err(_) => {}
            }
        }
    }
    Ok(view)
}

/// A fault after some commits: what they did stands.
fn part_of(done: usize, view: &ScanView, source: LedgerError) -> MoneyError {
    if done == 0 {
        return source.into();
    }
    MoneyError::PartOfScans {
        scans: view.scans,
        reversed: view.reversed,
        posted: view.posted,
        locked: view.locked,
        source,
    }
}

/// What became of some lines, by number.
type Taken = Vec<(u64, Result<Seen, ScanFault>)>;

fn take_lines(center: &DataCenter, lines: Vec<(u64, String)>) -> Result<Taken, LedgerError> {
    let (ledger, now) = (*center.ledger(), center.now());
    let trust = Trust {
        issuers: center.authority().indicium_authorities(now),
        root: center.authority().root().to_vec(),
    };
    center.db().write_blocking("scan-import", move |tx| {
        let take = |(number, line): (u64, String)| {
            let taken = match scans::read(&line) {
                Ok(scan) => scans::take(&ledger, tx, &trust, &scan, now)?,
                Err(fault) => Err(fault),
            };
            Ok((number, taken))
        };
        lines.into_iter().map(take).collect()
    })
}

/// Adds to what is shown; a sum that no amount can hold stays where it was.
fn count(view: &mut ScanView, seen: &Seen) {
    let plus = |sum: Mills, more: Mills| sum.plus(more).unwrap_or(sum);
    view.scans = view.scans.saturating_add(1);
    view.first = view.first.saturating_add(u64::from(seen.first));
    view.locked = view.locked.saturating_add(u64::from(seen.locked));
    view.reversed = plus(view.reversed, seen.reversed);
    view.posted = plus(view.posted, seen.posted);
}

/// The identities of all pieces that were claimed back, not refused, and may still turn up. It is
/// whole or refused: a list that lacks pieces would let them through.
pub(super) fn stop_list(center: &DataCenter) -> Result<Vec<AdminView>, AdminRefusal> {
    let since = civil_date(center.now().plus_days(-TURNS_UP_DAYS));
    let stopped = center.db().read_blocking("stop-list", move |tx| {
        store::stopped(tx, since, STOPPED_MAX.saturating_add(1)).map_err(RefundError::from)
    })?;
    if i64::try_from(stopped.len()).map_or(true, |length| length > STOPPED_MAX) {
        return Err(RefundError::TooManyStopped.into());
    }
    let view = |refund: &Refund| {
        AdminView::Money(MoneyView::Stop(StopView {
            identity: HEXLOWER.encode(&identity(refund.serial)),
            serial: refund.serial,
            since: refund.claimed,
        }))
    };
    Ok(stopped.iter().map(view).collect())
}
