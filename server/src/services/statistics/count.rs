//! Counting the pieces of many stations.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use shared::clock::{UnixSeconds, decimal_date};
use shared::ids::{AccountId, VaultId};
use shared::money::{MillsSum, MoneyError};
use shared::services::statistics::PieceKind;
use shared::statistics::{Chart, CountRefusal, Counting, Dimension, Group, Slice, Tally};
use shared::vault::Fate;

use super::standing::{Alarm, Standing, standing};
use super::store::{self, KindId};
use crate::db::{DbError, Tx};
use crate::params;
use crate::stations::{self, Station};

/// The most stations whose alarms or missing pieces are shown one by one; all are counted.
const STANDINGS_SHOWN: usize = 100;

/// Which pieces, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The first day they were booked on.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// By what they are counted.
    pub by: Vec<Dimension>,
    /// Only those of one account.
    pub account: Option<AccountId>,
    /// Only those of one vault.
    pub vault: Option<VaultId>,
}

/// Why pieces could not be counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// More groups than an answer holds.
    #[error("there are more groups than one answer holds")]
    TooMany,
    /// No number holds a sum.
    #[error("the sum is larger than any number holds")]
    Money(#[source] MoneyError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<CountRefusal> for CountError {
    fn from(refusal: CountRefusal) -> Self {
        match refusal {
            CountRefusal::TooMany => Self::TooMany,
            CountRefusal::Money(fault) => Self::Money(fault),
        }
    }
}

/// Pieces counted, and how they stand to the registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// The first day counted.
    pub from: Date,
    /// The last day counted.
    pub to: Date,
    /// By what they are counted.
    pub by: Vec<Dimension>,
    /// All of them together.
    pub total: Tally,
    /// The groups, in order.
    pub groups: Vec<Group>,
    /// The same as a chart draws it.
    pub chart: Chart,
    /// How they stand to the registers, whatever days were asked for.
    pub reconciliation: Reconciliation,
}

/// How the pieces of many vaults stand to their registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// Vaults looked at.
    pub vaults: usize,
    /// Those of them whose pieces add up to the register, to the mill, as far as it is stated.
    pub hold: usize,
    /// Those of them that have stated pieces they have not told of yet.
    pub waiting: usize,
    /// Alarms in all.
    pub alarms: usize,
    /// The first stations that do not hold or are waited for.
    pub stations: Vec<Standing>,
}

/// Counts pieces in one consistent view; at most `most` groups.
///
/// # Errors
/// [`CountError`].
pub fn statistics(
    tx: &Tx<'_>,
    wanted: &Wanted,
    most: usize,
    now: UnixSeconds,
) -> Result<Statistics, CountError> {
    let stations = asked(tx, wanted)?;
    let counting = counting(tx, wanted, &stations)?;
    if counting.len() > most {
        return Err(CountError::TooMany);
    }
    Ok(Statistics {
        from: wanted.from,
        to: wanted.to,
        by: wanted.by.clone(),
        total: counting.total(),
        groups: counting.groups().collect(),
        chart: counting.chart(),
        reconciliation: reconciliation(tx, &stations, now)?,
    })
}

/// Holds the pieces of these stations against their registers.
///
/// # Errors
/// [`DbError`].
pub fn reconciliation(
    tx: &Tx<'_>,
    stations: &[Station],
    now: UnixSeconds,
) -> Result<Reconciliation, DbError> {
    let mut all = Reconciliation::default();
    for station in stations.iter().filter(|station| station.enrolled.is_some()) {
        let standing = standing(tx, station, now)?;
        let is_waiting = standing.waiting_since.is_some();
        all.vaults += 1;
        all.waiting += usize::from(is_waiting);
        all.alarms += standing.alarms.len();
        let is_sound = !standing.alarms.iter().any(is_money);
        all.hold += usize::from(is_sound && !is_waiting);
        if all.stations.len() < STANDINGS_SHOWN && (is_waiting || !standing.alarms.is_empty()) {
            all.stations.push(standing);
        }
    }
    Ok(all)
}

/// Whether an alarm says that amounts do not fit.
const fn is_money(alarm: &Alarm) -> bool {
    match alarm {
        Alarm::Difference { .. } | Alarm::Contradiction { .. } => true,
        Alarm::Late { .. } => false,
    }
}

/// The stations that are asked for.
fn asked(tx: &Tx<'_>, wanted: &Wanted) -> Result<Vec<Station>, DbError> {
    match wanted.vault {
        Some(vault) => Ok(stations::by_vault(tx, vault)?.into_iter().collect()),
        None => stations::list(tx, wanted.account),
    }
}

/// Every piece in the days asked for, by what pieces have in common and what became of them.
const PIECES: &str = "SELECT vault, day, kind, fate, COUNT(*), CAST(SUM(postage) AS BIGINT)
     FROM statistic_piece
     WHERE day >= ?1 AND day <= ?2 AND (?3 IS NULL OR vault = ?3)
     GROUP BY vault, day, kind, fate";

/// Those of them whose refund was credited and not taken back.
const REFUNDED: &str = "SELECT piece.vault, piece.day, piece.kind, 0, COUNT(*),
        CAST(SUM(piece.postage) AS BIGINT)
     FROM refund
     JOIN station ON station.id = refund.station
     JOIN statistic_piece piece
        ON piece.vault = station.vault AND piece.counter = refund.counter
     WHERE refund.state IN ('provisional', 'final')
        AND piece.day >= ?1 AND piece.day <= ?2 AND (?3 IS NULL OR piece.vault = ?3)
     GROUP BY piece.vault, piece.day, piece.kind";

/// Names of vaults and kinds of pieces, while rows are counted.
struct Names<'t> {
    tx: &'t Tx<'t>,
    stations: HashMap<VaultId, String>,
    kinds: HashMap<KindId, PieceKind>,
}

fn counting(tx: &Tx<'_>, wanted: &Wanted, stations: &[Station]) -> Result<Counting, CountError> {
    let mut names = Names {
        tx,
        stations: stations
            .iter()
            .map(|station| (station.vault, station.psd.to_string()))
            .collect(),
        kinds: HashMap::new(),
    };
    let mut counting = Counting::by(wanted.by.clone());
    names.each(PIECES, wanted, |slice| Ok(counting.add(slice)?))?;
    names.each(REFUNDED, wanted, |slice| Ok(counting.refund(slice)?))?;
    Ok(counting)
}

impl Names<'_> {
    /// Hands the rows of a grouped answer to `visit`, those of other stations left out.
    fn each(
        &mut self,
        sql: &str,
        wanted: &Wanted,
        mut visit: impl FnMut(&Slice<'_>) -> Result<(), CountError>,
    ) -> Result<(), CountError> {
        let vault = wanted.vault.as_ref().map(VaultId::bytes);
        let values = params![decimal_date(wanted.from), decimal_date(wanted.to), vault];
        let tx = self.tx;
        tx.each(sql, values, |row| {
            let vault: VaultId = row.column(0)?;
            let Some(station) = self.stations.get(&vault) else {
                return Ok(());
            };
            let id: KindId = row.column(2)?;
            let kind = match self.kinds.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let kind = store::kind(tx, &id)?;
                    new.insert(kind.ok_or_else(|| row.misfit(2))?)
                }
            };
            let fate: i64 = row.column(3)?;
            visit(&Slice {
                day: store::day(row, 1)?,
                station,
                kind,
                spoiled: fate == store::fate_number(Fate::Spoiled),
                refunded: false,
                pieces: row.column(4)?,
                postage: MillsSum::new(row.column(5)?),
            })
        })
    }
}
