//! `statistics`: pieces counted on the screen, as JSON, and as files for spreadsheets.

use std::fmt;
use std::path::Path;

use shared::clock::civil_date;
use shared::statistics::{Dimension, Group, Tally, dimensions};

use super::call::{AdminCall, StatisticsAsked};
use super::cli::{CountArguments, StatisticsCommand};
use super::output::Output;
use super::perform::Show;
use super::refusal::AdminRefusal;
use super::sheet;
use super::view::{AdminView, time};
use crate::center::DataCenter;
use crate::ledger::{LedgerError, accounts};
use crate::services::statistics::count::{CountError, Statistics, Wanted, statistics};
use crate::services::statistics::query::{GROUPS_SHOWN, days};
use crate::services::statistics::standing::{Standing, raise};
use crate::stations::{self, StationError};

/// A column's width: a PSD number fits.
const COLUMN: usize = 16;

/// Hands a call to whoever owns the data folder.
pub(super) type Ask<'a> = dyn FnMut(AdminCall, &mut Show<'_>) -> Result<(), AdminRefusal> + 'a;

/// Carries out a command of the command line.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn carry_out(
    command: StatisticsCommand,
    output: &Output,
    ask: &mut Ask<'_>,
) -> Result<(), AdminRefusal> {
    match command {
        StatisticsCommand::Show { count } => {
            let call = AdminCall::Statistics(asked(count, false));
            ask(call, &mut |view| output.view(&view))
        }
        StatisticsCommand::Export { count, csv, xlsx } => {
            export(count, csv.as_deref(), xlsx.as_deref(), output, ask)
        }
    }
}

fn asked(count: CountArguments, one_by_one: bool) -> StatisticsAsked {
    StatisticsAsked {
        from: count.from,
        to: count.to,
        by: count.by,
        account: count.account,
        station: count.station,
        one_by_one,
    }
}

/// Fetches the groups one by one and writes them into the files. The sum is shown at the end.
fn export(
    count: CountArguments,
    csv: Option<&Path>,
    xlsx: Option<&Path>,
    output: &Output,
    ask: &mut Ask<'_>,
) -> Result<(), AdminRefusal> {
    let (mut groups, mut sum) = (Vec::new(), None);
    let call = AdminCall::Statistics(asked(count, true));
    ask(call, &mut |view| {
        if let AdminView::Group(group) = view {
            groups.push(group);
        } else if let AdminView::Statistics(statistics) = view {
            sum = Some(statistics);
        }
        true
    })?;
    let Some(sum) = sum else {
        return Err(AdminRefusal::usage(
            "The running data center does not answer as this program expects.",
            "Use the same version of the program that is running.",
        ));
    };
    if let Some(path) = csv {
        sheet::write_csv(path, &sum.by, &groups)?;
    }
    if let Some(path) = xlsx {
        sheet::write_xlsx(path, &sum, &groups)?;
    }
    if !output.view(&AdminView::Statistics(sum)) {
        tracing::debug!("nobody reads standard output");
    }
    Ok(())
}

/// Counts pieces: one view with all groups, or the groups one by one and then a view without them.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn perform(
    center: &DataCenter,
    asked: StatisticsAsked,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    let usage = |what: &str| {
        AdminRefusal::usage(
            format!("The statistics cannot be counted: {what}."),
            "See `pennyblack-server statistics show --help`.",
        )
    };
    let now = center.now();
    let (from, to) =
        days(asked.from.as_deref(), asked.to.as_deref(), civil_date(now)).map_err(usage)?;
    let by = dimensions(&asked.by).map_err(|fault| usage(&fault.to_string()))?;
    let most = if asked.one_by_one {
        shared::statistics::GROUPS_MAX
    } else {
        GROUPS_SHOWN
    };
    let mut counted = center.db().read_blocking("statistics", move |tx| {
        let account = asked.account.map(|account| accounts::find(tx, &account));
        let station = asked.station.map(|station| stations::find(tx, &station));
        let wanted = Wanted {
            from,
            to,
            by,
            account: account.transpose()?.map(|account| account.id),
            vault: station.transpose()?.map(|station| station.vault),
        };
        Ok::<_, CountCallError>(statistics(tx, &wanted, most, now)?)
    })?;
    for standing in &counted.reconciliation.stations {
        for alarm in &standing.alarms {
            raise(standing.station, alarm);
        }
    }
    if asked.one_by_one {
        let groups = std::mem::take(&mut counted.groups);
        if !groups.into_iter().map(AdminView::Group).all(&mut *show) {
            return Ok(false);
        }
    }
    Ok(show(AdminView::Statistics(Box::new(counted))))
}

/// What can go wrong between names and counts.
#[derive(Debug, thiserror::Error)]
enum CountCallError {
    #[error(transparent)]
    Account(#[from] LedgerError),
    #[error(transparent)]
    Station(#[from] StationError),
    #[error(transparent)]
    Count(#[from] CountError),
    #[error(transparent)]
    Db(#[from] crate::db::DbError),
}

impl From<CountCallError> for AdminRefusal {
    fn from(error: CountCallError) -> Self {
        match error {
            CountCallError::Account(error) => error.into(),
            CountCallError::Station(error) => error.into(),
            CountCallError::Count(error) => error.into(),
            CountCallError::Db(error) => error.into(),
        }
    }
}

/// The groups under the words they are counted by, the sum, and how it stands to the registers.
pub(super) fn text(f: &mut fmt::Formatter<'_>, view: &Statistics) -> fmt::Result {
    writeln!(f, "Pieces booked from {} to {}", view.from, view.to)?;
    let words: Vec<&str> = view.by.iter().map(|by| by.word()).collect();
    let heads = ["pieces", "postage", "spoiled", "", "refunded", ""];
    row(f, &words, &heads.map(str::to_owned))?;
    for Group { key, tally } in &view.groups {
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        row(f, &key, &cells(tally))?;
    }
    let mut all = vec![""; view.by.len()];
    if let Some(first) = all.first_mut() {
        *first = "all";
    }
    row(f, &all, &cells(&view.total))?;
    let sums = &view.reconciliation;
    write!(
        f,
        "{} of {} vaults hold to the mill, {} have pieces on their way, {} alarm(s).",
        sums.hold, sums.vaults, sums.waiting, sums.alarms
    )?;
    sums.stations
        .iter()
        .filter(|one| !one.alarms.is_empty())
        .try_for_each(|one| {
            write!(f, "\n{}", one.station)?;
            standing(f, one)
        })
}

/// How a station's pieces stand, as further lines of its view.
pub(super) fn standing(f: &mut fmt::Formatter<'_>, standing: &Standing) -> fmt::Result {
    write!(
        f,
        "\n    statistics hold to record {} ({} printed), heard to record {}",
        standing.holds_to, standing.ascending, standing.heard
    )?;
    if let Some(since) = standing.waiting_since {
        write!(f, ", pieces on their way since {}", time(since))?;
    }
    standing
        .alarms
        .iter()
        .try_for_each(|alarm| write!(f, "\n    ALARM: {alarm}"))
}

fn cells(tally: &Tally) -> [String; 6] {
    [
        tally.pieces.to_string(),
        tally.postage_mills.to_string(),
        tally.spoiled.to_string(),
        tally.spoiled_mills.to_string(),
        tally.refunded.to_string(),
        tally.refunded_mills.to_string(),
    ]
}

fn row(f: &mut fmt::Formatter<'_>, key: &[&str], cells: &[String; 6]) -> fmt::Result {
    for value in key {
        write!(f, "{value:<COLUMN$} ")?;
    }
    let [
        pieces,
        postage,
        spoiled,
        spoiled_sum,
        refunded,
        refunded_sum,
    ] = cells;
    writeln!(
        f,
        "{pieces:>8} {postage:>14} {spoiled:>8} {spoiled_sum:>10} {refunded:>9} {refunded_sum:>10}"
    )
}

/// The heads of a sheet's columns: the dimensions, then counts and amounts.
pub(super) fn heads(by: &[Dimension]) -> Vec<&'static str> {
    let mut heads: Vec<&'static str> = by.iter().map(|by| by.word()).collect();
    heads.extend([
        "pieces",
        "postage",
        "spoiled",
        "spoiled postage",
        "refunded",
        "refunded postage",
    ]);
    heads
}
