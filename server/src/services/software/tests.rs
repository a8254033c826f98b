use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::services::software::{LastUpdate, SoftwareReport, UpdateOutcome, VERSION};
use shared::software::{Channel, Platform, Version};
use tempfile::TempDir;

use super::{marker, store};
use crate::db::Db;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const STATION: StationId = StationId::from_bytes([7; 16]);

/// A database with one enrolled station.
fn database() -> (Db, TempDir) {
    let keep = TempDir::new().unwrap();
    let db = Db::open(&keep.path().join("center.db"), NOW).unwrap();
    db.write_blocking("a station", |tx| {
        tx.execute(
            "INSERT INTO account (id, name, created) VALUES (?1, 'Office', ?2)",
            crate::params![&[1; 16], NOW],
        )?;
        tx.execute(
            "INSERT INTO station (id, account, vault, psd_serial, licence_zip, state, created, enrolled)
             VALUES (?1, ?2, ?3, 42, '10001', 'active', ?4, ?4)",
            crate::params![&STATION, &[1; 16], &[3; 16], NOW],
        )
    })
    .unwrap();
    (db, keep)
}

fn report(runs: u16, last: Option<LastUpdate>) -> SoftwareReport {
    SoftwareReport {
        version: VERSION,
        runs: Version::new(1, runs, 0),
        platform: Platform::LinuxAppimage,
        channel: Channel::Early,
        staged: None,
        last,
    }
}

fn listed(db: &Db) -> store::StationSoftware {
    db.read_blocking("stations", store::stations)
        .unwrap()
        .remove(0)
}

#[test]
fn who_runs_what_is_the_last_that_was_told() {
    let (db, _keep) = database();
    assert_eq!(listed(&db).runs, None);
    let put_back = LastUpdate {
        version: Version::new(1, 3, 0),
        outcome: UpdateOutcome::PutBack,
        reason: "it could not use the store".to_owned(),
        at: NOW,
    };
    for said in [report(1, None), report(2, Some(put_back))] {
        db.write_blocking("report", move |tx| store::take(tx, STATION, &said, NOW))
            .unwrap();
    }
    let shown = listed(&db);
    assert_eq!(shown.runs.as_deref(), Some("1.2.0"));
    assert_eq!(shown.platform.as_deref(), Some("linux-appimage"));
    let last = shown.last.unwrap();
    assert_eq!(
        (last.version.as_str(), last.outcome.as_str()),
        ("1.3.0", "put-back")
    );
    assert_eq!(last.reason, "it could not use the store");
}

#[test]
fn a_station_hears_of_a_group_it_was_put_into_and_of_leaving_it() {
    let (db, _keep) = database();
    let group = || {
        db.read_blocking("group", |tx| store::group(tx, STATION))
            .unwrap()
    };
    let put = |name: Option<&'static str>| {
        db.write_blocking("group", move |tx| store::put_group(tx, STATION, name))
            .unwrap();
    };
    let told = report(1, None);
    db.write_blocking("report", move |tx| store::take(tx, STATION, &told, NOW))
        .unwrap();
    assert_eq!(group(), None, "a station in no group has nothing to hear");
    put(Some("pilot"));
    let inside = marker(&group().unwrap());
    assert_eq!(listed(&db).group.as_deref(), Some("pilot"));
    assert_eq!(listed(&db).runs.as_deref(), Some("1.1.0"));
    put(None);
    assert_ne!(marker(&group().unwrap()), inside);
    assert_eq!(listed(&db).group, None);
}
