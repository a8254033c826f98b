//! Refills this station asks for by itself when little is left.
//!
//! Asked by the funds service in every contact. Level L3, as every refill. The clerk says below what,
//! how much and how much a day; the customer allows it at the data center, which has a limit of its
//! own. It never asks twice in one contact, never for more than the vault may hold, and after a
//! refusal not again the same day. Tables: `settings`. Tests: `tests/it/funds_automatic.rs`.

use serde::{Deserialize, Serialize};
use shared::clock::{civil_date, decimal_date};
use shared::money::Mills;
use shared::services::funds::RefillRefusal;

use crate::api::{AutomaticRefillPlan, AutomaticRefillView, UiError};
use crate::messages::{Code, say};
use crate::station::{Owner, names};
use crate::store::Tx;

/// When and how much, mills.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Plan {
    below: Mills,
    amount: Mills,
    daily_cap: Mills,
}

/// What happened on the newest day on which anything happened.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Day {
    /// The day, YYYYMMDD in UTC.
    day: u32,
    /// What was refilled by itself.
    refilled: Mills,
    /// Why not, in a sentence.
    refused: Option<String>,
}

/// How much is to be asked for; nothing when enough is left or it was asked in this contact.
pub(super) fn due(owner: &Owner) -> Result<Option<Mills>, UiError> {
    let vault = owner.enrolled()?;
    let left = vault.registers().descending();
    let Some(plan) = plan(owner)?.filter(|plan| left < plan.below) else {
        return Ok(None);
    };
    let today = today(owner)?;
    if owner.refilled_by_itself() || today.refused.is_some() {
        return Ok(None);
    }
    let room = |most: Mills, taken: Mills| most.minus(taken).unwrap_or(Mills::ZERO);
    let mut amount = plan.amount.min(room(plan.daily_cap, today.refilled));
    if let Some(grant) = vault.grant() {
        amount = amount.min(room(grant.max_descending, left));
    }
    Ok(Some(amount).filter(|amount| !amount.is_zero()))
}

/// Counts a grant, in the commit that applies it.
pub(super) fn count(tx: &mut Tx<'_>, mut day: DayCount, amount: Mills) -> Result<(), UiError> {
    day.0.refilled = day
        .0
        .refilled
        .plus(amount)
        .map_err(|_| say(Code::TooMuchValue, &[]))?;
    put(tx, &day.0)
}

/// Notes a refusal, in the commit that takes its receipt: the station does not ask again today.
pub(super) fn refused(
    tx: &mut Tx<'_>,
    mut day: DayCount,
    refusal: RefillRefusal,
    sentence: &str,
) -> Result<(), UiError> {
    // What is undecided may be asked again in the next contact.
    if refusal.is_final() {
        day.0.refused = Some(sentence.to_owned());
    }
    put(tx, &day.0)
}

/// What has happened today so far.
pub(super) struct DayCount(Day);

/// Reads what has happened today so far.
pub(super) fn day_count(owner: &Owner) -> Result<DayCount, UiError> {
    today(owner).map(DayCount)
}

/// Sets when and how much, or that nothing is refilled by itself.
///
/// # Errors
/// `not_an_amount`, `bad_input` and the faults of the store.
pub fn set(owner: &mut Owner, wanted: Option<&AutomaticRefillPlan>) -> Result<(), UiError> {
    let text = match wanted {
        None => String::new(),
        Some(wanted) => {
            let plan = Plan {
                below: amount(&wanted.below)?,
                amount: amount(&wanted.amount)?,
                daily_cap: amount(&wanted.daily_cap)?,
            };
            if plan.below.is_zero() || plan.amount.is_zero() || plan.daily_cap < plan.amount {
                let what = "Automatic refills need amounts above 0.00 and a daily limit of at \
                            least one refill";
                return Err(say(Code::BadInput, &[("what", what)]));
            }
            json(&plan)
        }
    };
    let mut day = today(owner)?;
    day.refused = None;
    owner.write("automatic refills", |tx| {
        tx.put_setting(names::AUTOMATIC_REFILL, &text)?;
        put(tx, &day)
    })
}

/// What is set, and how it goes today; nothing when nothing is refilled by itself.
///
/// # Errors
/// The faults of the store.
pub fn view(owner: &Owner) -> Result<Option<AutomaticRefillView>, UiError> {
    let Some(plan) = plan(owner)? else {
        return Ok(None);
    };
    let day = today(owner)?;
    Ok(Some(AutomaticRefillView {
        below_mills: plan.below.mills(),
        amount_mills: plan.amount.mills(),
        daily_cap_mills: plan.daily_cap.mills(),
        today_mills: day.refilled.mills(),
        refused: day.refused,
    }))
}

fn amount(text: &str) -> Result<Mills, UiError> {
    Mills::parse(text).map_err(|_| say(Code::NotAnAmount, &[("text", text)]))
}

fn plan(owner: &Owner) -> Result<Option<Plan>, UiError> {
    read(owner, names::AUTOMATIC_REFILL)
}

/// What has happened on this day; nothing yet on a new one.
fn today(owner: &Owner) -> Result<Day, UiError> {
    let now = decimal_date(civil_date(owner.now()));
    let day: Option<Day> = read(owner, names::AUTOMATIC_DAY)?;
    Ok(day.filter(|day| day.day == now).unwrap_or(Day {
        day: now,
        ..Day::default()
    }))
}

fn put(tx: &mut Tx<'_>, day: &Day) -> Result<(), UiError> {
    Ok(tx.put_setting(names::AUTOMATIC_DAY, &json(day))?)
}

fn read<T: for<'d> Deserialize<'d>>(owner: &Owner, name: &str) -> Result<Option<T>, UiError> {
    let damaged = |_| say(Code::DamagedStore, &[("what", "the automatic refills")]);
    let text = owner.store().setting(name)?.filter(|text| !text.is_empty());
    text.map(|text| serde_json::from_str(&text).map_err(damaged))
        .transpose()
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("settings are numbers and sentences")
}
