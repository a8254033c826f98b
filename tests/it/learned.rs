//! What happened to keys and stations after the backup is known again, once the station has called.

use std::sync::Arc;

use server::admin::call::AdminCall;
use server::center::DataCenter;
use server::clock::Clock;
use server::folder::Folder;
use shared::services::keys::trust::ANNOUNCE_DAYS;
use system_tests::town::{Counter, Town};

use crate::key_rotation::{announce, days_later, in_use};
use crate::restore_and_clones::{copy_center, meet, refill_over, restored};

/// A backup of the town as it is.
async fn backup(town: &Town) -> std::path::PathBuf {
    let file = town.station_folder("center.backup");
    town.admin(AdminCall::Backup { file: file.clone() }).await;
    file
}

/// Certificates of stations that a data center knows.
fn certificates(center: &DataCenter) -> i64 {
    let db = rusqlite::Connection::open(center.folder().database()).unwrap();
    db.query_row("SELECT COUNT(*) FROM station_certificate", [], |row| {
        row.get(0)
    })
    .unwrap()
}

/// The station calls until the data center, signed for, serves it again.
async fn served_again(town: &Town, counter: &Counter, control_total: u64) {
    let refused = refill_over(town, counter, 1_000).await;
    assert_eq!(refused.as_deref(), Some("center_doubted"), "not signed yet");
    town.sign_epoch().await;
    assert_eq!(refill_over(town, counter, 1_000).await, None);
    let status = counter.status().await;
    assert_eq!(status.state, "active");
    assert_eq!(status.registers.control_total, control_total + 1_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_renewed_its_certificate_after_the_backup_is_known_again() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let file = backup(&town).await;
    town.turn_days(21);
    meet(&town, &counter).await.unwrap();
    // Signed with the new key, so that the one of the backup serves nothing any more.
    counter.refill("5.00").await.unwrap();
    assert_eq!(certificates(&town.center), 2);
    let center = restored(&town, file, "restored").await;
    assert_eq!(certificates(&center), 1);
    let town = town.with_center(center);
    served_again(&town, &counter, 25_000).await;
    assert_eq!(certificates(&town.center), 2);
    assert_eq!(town.balance().await, 74_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_enrolled_after_the_backup_is_learned_from_the_grants_it_holds() {
    let town = Town::with_deposit("100.00").await;
    let keeper = town.enrolled("keeper").await;
    keeper.refill("10.00").await.unwrap();
    let file = backup(&town).await;
    let late = town.enrolled("late").await;
    // More grants than one message carries.
    for _ in 0..10 {
        late.refill("2.00").await.unwrap();
    }
    late.print_letter("1oz", "10001").await.unwrap();
    let psd = late.status().await.station.unwrap();
    let empty = town.enrolled("empty").await;
    let center = restored(&town, file, "restored").await;
    let town = town.with_center(center);
    assert_eq!(town.balance().await, 90_000);
    meet(&town, &keeper).await.unwrap();
    served_again(&town, &late, 20_000).await;
    assert_eq!(town.balance().await, 69_000);
    let shown = town.admin(AdminCall::StationShow { station: psd }).await;
    assert_eq!(shown[0]["state"], "active", "{shown:?}");
    late.print_letter("1oz", "10001").await.unwrap();
    // What holds nothing has nothing to give back.
    let refused = refill_over(&town, &empty, 1_000).await;
    assert_eq!(refused.as_deref(), Some("unknown_station"));
    assert_eq!(town.balance().await, 69_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_used_after_the_backup_serves_nobody_else_again() {
    let town = Town::with_deposit("100.00").await;
    let code = town.code().await;
    let file = backup(&town).await;
    let late = town.open_station("late").unwrap();
    late.enrol(&town.url, &code).await.unwrap();
    late.refill("20.00").await.unwrap();
    let center = restored(&town, file, "restored").await;
    let town = town.with_center(center);
    served_again(&town, &late, 20_000).await;
    let db = rusqlite::Connection::open(town.center.folder().database()).unwrap();
    let open: i64 = db
        .query_row(
            "SELECT COUNT(*) FROM enrolment_code WHERE expires > ?1",
            [town.clock.now().0],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(open, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_of_an_account_that_was_opened_after_the_backup_says_what_the_admin_must_do() {
    let town = Town::with_deposit("100.00").await;
    let file = backup(&town).await;
    town.admin(AdminCall::AccountNew {
        name: "Late".to_owned(),
    })
    .await;
    let deposit = |reference: &str| AdminCall::AccountDeposit {
        account: "Late".to_owned(),
        amount: shared::money::Mills::parse("50.00").unwrap(),
        reference: reference.to_owned(),
    };
    town.admin(deposit("late")).await;
    let shown = town
        .admin(AdminCall::StationNew {
            account: "Late".to_owned(),
            zip: String::new(),
        })
        .await;
    let late = town.open_station("late").unwrap();
    late.enrol(&town.url, shown[0]["code"].as_str().unwrap())
        .await
        .unwrap();
    late.refill("20.00").await.unwrap();
    let center = restored(&town, file, "restored").await;
    let town = town.with_center(center);
    let refused = refill_over(&town, &late, 1_000).await;
    assert_eq!(refused.as_deref(), Some("account_forgotten"));
    town.admin(AdminCall::AccountNew {
        name: "Late".to_owned(),
    })
    .await;
    let refused = refill_over(&town, &late, 1_000).await;
    assert_eq!(
        refused.as_deref(),
        Some("reconcile"),
        "its deposit is missing"
    );
    town.admin(deposit("late")).await;
    served_again(&town, &late, 20_000).await;
}

/// Signing keys follow each other between the last grant and the call; the data center comes from
/// before the grant.
async fn after_a_takeover(by_backup: bool) {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    announce(&town, &["replies", "heads"], false).await;
    let folder = town.station_folder("snapshot");
    let file = if by_backup {
        Some(backup(&town).await)
    } else {
        copy_center(town.center.folder().path(), &folder);
        None
    };
    counter.refill("10.00").await.unwrap();
    town.turn_days(20);
    meet(&town, &counter).await.unwrap();
    town.turn_days(ANNOUNCE_DAYS - 20);
    let center = match file {
        Some(file) => restored(&town, file, "restored").await,
        None => {
            let hand: Arc<dyn Clock> = town.clock.clone();
            let opened = tokio::task::spawn_blocking(move || {
                Arc::new(DataCenter::open(&Folder::new(folder), hand).unwrap())
            });
            opened.await.unwrap()
        }
    };
    let town = town.with_center(center);
    days_later(&town, 0).await;
    for name in ["replies", "heads"] {
        assert_eq!(in_use(&town, name).await, 2);
        let first = town.center.folder().key(name);
        assert!(!first.exists(), "the first key signs nothing any more");
    }
    served_again(&town, &counter, 30_000).await;
    assert_eq!(town.balance().await, 69_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_under_a_signing_key_that_has_gone_is_learned_again() {
    after_a_takeover(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_under_a_signing_key_that_has_gone_shows_what_was_forgotten() {
    after_a_takeover(false).await;
}
