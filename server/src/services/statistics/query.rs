//! The statistics of the calling station as JSON: for its own screens and for other programs of
//! the same office.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use shared::clock::civil_date;
use shared::statistics::{Dimension, dimensions};

use super::count::{CountError, Statistics, Wanted, statistics};
use crate::access::{CallingStation, ProblemReply};
use crate::center::DataCenter;
use crate::stations;

/// The most groups of one answer.
pub const GROUPS_SHOWN: usize = 2_000;

/// By what is counted when nobody says.
pub const USUAL: [Dimension; 2] = [Dimension::Class, Dimension::Shape];

/// So many days are counted when nobody says from when.
const USUAL_DAYS: i64 = 30;

/// Which pieces, and by what, in words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CountQuery {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
}

/// The days from `from` to `to`, in words: the usual 30 up to today where nothing is said. A last
/// day before the first is no day at all.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub fn days(
    from: Option<&str>,
    to: Option<&str>,
    today: Date,
) -> Result<(Date, Date), &'static str> {
    let read = |text: Option<&str>| text.map(str::parse::<Date>).transpose();
    let to = read(to)
        .map_err(|_| "the last day is not a day like 2026-07-12")?
        .unwrap_or(today);
    let from = read(from)
        .map_err(|_| "the first day is not a day like 2026-07-12")?
        .unwrap_or_else(|| to.saturating_sub((USUAL_DAYS - 1).days()));
    Ok((from, to))
}

/// Counts the pieces of the calling station.
pub(super) async fn counted(
    State(center): State<Arc<DataCenter>>,
    CallingStation(caller): CallingStation,
    query: Result<Query<CountQuery>, QueryRejection>,
) -> Result<axum::Json<Statistics>, ProblemReply> {
    let Query(query) = query.map_err(|_| bad_query("the query has an unknown or doubled name"))?;
    let now = center.now();
    let (from, to) =
        days(query.from.as_deref(), query.to.as_deref(), civil_date(now)).map_err(bad_query)?;
    let by = query
        .by
        .as_deref()
        .map_or_else(|| Ok(USUAL.to_vec()), dimensions);
    let by = by.map_err(|fault| bad_query(&fault.to_string()))?;
    if by.is_empty() {
        return Err(bad_query("it does not say by what"));
    }
    let counted = center
        .db()
        .read("statistics", move |tx| {
            let station = stations::by_id(tx, caller.station)?;
            let Some(station) = station else {
                return Ok(None);
            };
            let wanted = Wanted {
                from,
                to,
                by,
                account: None,
                vault: Some(station.vault),
            };
            statistics(tx, &wanted, GROUPS_SHOWN, now).map(Some)
        })
        .await?;
    let statistics = counted.ok_or_else(ProblemReply::not_found)?;
    Ok(axum::Json(statistics))
}

fn bad_query(what: &str) -> ProblemReply {
    ProblemReply::refusal(
        StatusCode::BAD_REQUEST,
        "bad_query",
        &format!("The statistics cannot be counted: {what}."),
        "Ask with `from` and `to` as days and `by` as words such as day,class.",
    )
}

/// More groups than an answer holds.
pub(super) fn too_many() -> ProblemReply {
    ProblemReply::refusal(
        StatusCode::UNPROCESSABLE_ENTITY,
        "too_many_groups",
        &format!("There are more than {GROUPS_SHOWN} groups; nothing was counted."),
        "Count fewer days, or by less.",
    )
}

impl From<CountError> for crate::admin::refusal::AdminRefusal {
    fn from(error: CountError) -> Self {
        use crate::admin::refusal::Ending;
        match error {
            CountError::TooMany => Self::new(
                Ending::Refused,
                "too_many_groups",
                "There are more groups than one answer holds; nothing was counted.",
                "Count fewer days, or by less; `statistics export` writes up to a million.",
            ),
            CountError::Money(_) => Self::new(
                Ending::Refused,
                "too_much_value",
                "The sum is larger than any number holds; nothing was counted.",
                "Count fewer days.",
            ),
            CountError::Db(fault) => fault.into(),
        }
    }
}
