//! The name and secret that open a telephone line: brought by enrolment and renewal, kept sealed,
//! and the same after a restore.

use std::sync::Arc;

use server::admin::call::AdminCall;
use shared::security::dial_in::DialIn;
use shared::services::keys::{RENEW_DAYS_LEFT, STATION_CERTIFICATE_DAYS};
use station::contact::link::Link;
use station::contact::round::meet_over;
use station::services::{Asked, keys};
use station::station::names;
use system_tests::line::Line;
use system_tests::town::{Counter, Town};

use crate::restore_and_clones::restored;

/// What the station has.
async fn kept(counter: &Counter) -> Option<DialIn> {
    counter
        .station
        .apply(|owner| keys::dial_in(owner))
        .await
        .unwrap()
}

/// What the data center expects of it.
async fn expected(town: &Town, counter: &Counter) -> DialIn {
    let station = counter
        .station
        .apply(|owner| Ok(owner.enrolled()?.station()))
        .await
        .unwrap();
    town.center.authority().dial_in().of_station(station)
}

/// Whether any file of a folder holds these bytes.
fn lies_in(folder: &std::path::Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        let content = std::fs::read(path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolment_brings_the_secret_of_the_telephone_lines_and_a_renewal_brings_it_again() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let secret = expected(&town, &counter).await;
    assert_eq!(kept(&counter).await, Some(secret.clone()));
    assert!(!lies_in(&counter.folder, secret.secret.as_bytes()));

    // A station from before there were lines has none.
    counter
        .station
        .apply(|owner| owner.write("no secret", |tx| Ok(tx.delete_secret(names::DIAL_IN)?)))
        .await
        .unwrap();
    assert_eq!(kept(&counter).await, None);
    town.turn_days(STATION_CERTIFICATE_DAYS - RENEW_DAYS_LEFT);
    let link: Arc<dyn Link> = Line::clean(&town.center, &counter.station);
    meet_over(&counter.station, &link, Asked::default())
        .await
        .unwrap();
    assert_eq!(kept(&counter).await, Some(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_the_same_after_a_restore_and_other_ones_in_every_data_center() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let file = town.station_folder("backup");
    town.admin(AdminCall::Backup { file: file.clone() }).await;
    let center = restored(&town, file, "restored").await;
    let town = town.with_center(center);
    assert_eq!(kept(&counter).await, Some(expected(&town, &counter).await));
    let other = Town::with_deposit("100.00").await;
    assert_ne!(kept(&counter).await, Some(expected(&other, &counter).await));
}
