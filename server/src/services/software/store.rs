//! What stations run, as it lies in the database.

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::{PsdId, StationId};
use shared::services::software::{SoftwareReport, UpdateOutcome};

use crate::db::{DbError, Row, Tx};
use crate::params;

/// The most stations of one listing.
const STATIONS_MAX: i64 = 100_000;

/// What one station runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationSoftware {
    /// The station.
    pub station: StationId,
    /// Its PSD number.
    pub psd: PsdId,
    /// The group it is in.
    pub group: Option<String>,
    /// What it runs; nothing until it has told.
    pub runs: Option<String>,
    /// On what.
    pub platform: Option<String>,
    /// How early it takes releases.
    pub channel: Option<String>,
    /// What waits to be installed.
    pub staged: Option<String>,
    /// What became of the last release.
    pub last: Option<LastRelease>,
    /// When it told.
    pub reported: Option<UnixSeconds>,
}

/// What became of a release at a station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRelease {
    /// The release.
    pub version: String,
    /// `installed`, `put-back`, `refused` or `put-off`.
    pub outcome: String,
    /// Why; empty where it went well.
    pub reason: String,
    /// When, by the station's clock.
    pub at: UnixSeconds,
}

/// Takes a report.
///
/// # Errors
/// [`DbError`].
pub fn take(
    tx: &Tx<'_>,
    station: StationId,
    report: &SoftwareReport,
    now: UnixSeconds,
) -> Result<(), DbError> {
    let staged = report.staged.map(|version| version.to_string());
    let last = report.last.as_ref();
    let last_version = last.map(|last| last.version.to_string());
    tx.execute(
        "INSERT INTO software_station (station, runs, platform, channel, staged, last_version,
            last_outcome, last_reason, last_at, reported)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (station) DO UPDATE SET runs = excluded.runs, platform = excluded.platform,
            channel = excluded.channel, staged = excluded.staged,
            last_version = excluded.last_version, last_outcome = excluded.last_outcome,
            last_reason = excluded.last_reason, last_at = excluded.last_at,
            reported = excluded.reported",
        params![
            &station,
            &report.runs.to_string(),
            report.platform.name(),
            report.channel.name(),
            staged.as_deref(),
            last_version.as_deref(),
            last.map(|last| u32::from(last.outcome.number())),
            last.map(|last| last.reason.as_str()),
            last.map(|last| last.at),
            now,
        ],
    )?;
    Ok(())
}

/// Puts a station into a group, or into none.
///
/// # Errors
/// [`DbError`].
pub fn put_group(tx: &Tx<'_>, station: StationId, group: Option<&str>) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO software_station (station, station_group) VALUES (?1, ?2)
         ON CONFLICT (station) DO UPDATE SET station_group = excluded.station_group",
        params![&station, group.unwrap_or_default()],
    )?;
    Ok(())
}

/// The group of a station; empty for one that was taken out of its group, nothing for one that was
/// never in any.
///
/// # Errors
/// [`DbError`].
pub fn group(tx: &Tx<'_>, station: StationId) -> Result<Option<String>, DbError> {
    let group = tx.row(
        "SELECT station_group FROM software_station WHERE station = ?1",
        params![&station],
        |row| row.column(0),
    )?;
    Ok(group.flatten())
}

/// A group that is one.
#[must_use]
pub fn named(group: Option<String>) -> Option<String> {
    group.filter(|group| !group.is_empty())
}

/// What all stations run, by PSD number.
///
/// # Errors
/// [`DbError`].
pub fn stations(tx: &Tx<'_>) -> Result<Vec<StationSoftware>, DbError> {
    tx.rows(
        "SELECT station.id, station.psd_serial, software_station.station_group, runs, platform,
            channel, staged, last_version, last_outcome, last_reason, last_at, reported
         FROM station LEFT JOIN software_station ON software_station.station = station.id
         WHERE station.enrolled IS NOT NULL
         ORDER BY station.psd_serial LIMIT ?1",
        params![STATIONS_MAX],
        read,
    )
}

fn read(row: &Row<'_>) -> Result<StationSoftware, DbError> {
    let version: Option<String> = row.column(7)?;
    let outcome: Option<u32> = row.column(8)?;
    let outcome = outcome
        .and_then(|number| u8::try_from(number).ok())
        .and_then(UpdateOutcome::from_number);
    let (reason, at): (Option<String>, Option<UnixSeconds>) = (row.column(9)?, row.column(10)?);
    let last = version.zip(outcome).map(|(version, outcome)| LastRelease {
        version,
        outcome: outcome.word().to_owned(),
        reason: reason.unwrap_or_default(),
        at: at.unwrap_or_default(),
    });
    Ok(StationSoftware {
        station: row.column(0)?,
        psd: PsdId::specimen(row.column(1)?),
        group: named(row.column(2)?),
        runs: row.column(3)?,
        platform: row.column(4)?,
        channel: row.column(5)?,
        staged: row.column(6)?,
        last,
        reported: row.column(11)?,
    })
}
