//! Telemetering end to end: refills, refusals, receipts, and what a crash or a copy leads to.

use server::admin::call::AdminCall;
use system_tests::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_moves_value_from_the_account_into_the_vault() {
    let town = Town::with_deposit("1000.00").await;
    let counter = town.enrolled("one").await;
    let refill = counter.refill("50.00").await.unwrap();
    assert_eq!(refill.amount_mills, 50_000);
    assert_eq!(refill.registers.control_total, 50_000);
    assert_eq!(town.balance().await, 950_000);
    let piece = counter.print_letter("1oz", "10001").await.unwrap();
    assert_eq!(piece.postage_mills, 780);
    let status = counter.status().await;
    assert_eq!(status.registers.ascending, 780);
    assert_eq!(status.registers.descending, 49_220);
    assert_eq!(status.state, "active");
    counter.contact().await.unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_the_account_does_not_cover_moves_nothing() {
    let town = Town::with_deposit("10.00").await;
    let counter = town.enrolled("one").await;
    let refused = counter.refill("50.00").await.unwrap_err();
    assert_eq!(refused.code, "account_insufficient_funds");
    assert_eq!(town.balance().await, 10_000);
    assert_eq!(counter.status().await.registers.control_total, 0);
    town.deposit("90.00", "second").await;
    counter.refill("50.00").await.unwrap();
    assert_eq!(town.balance().await, 50_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_station_prints_what_it_has_and_is_not_refilled() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let psd = counter.status().await.station.unwrap();
    town.admin(AdminCall::StationLock { station: psd }).await;
    let refused = counter.refill("20.00").await.unwrap_err();
    assert_eq!(refused.code, "station_locked");
    counter.print_letter("1oz", "10001").await.unwrap();
    assert_eq!(town.balance().await, 80_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_data_center_leaves_printing_and_no_refill_behind() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let address = counter.set_server("https://127.0.0.1:1").await;
    let refused = counter.refill("30.00").await.unwrap_err();
    assert_eq!(refused.code, "unreachable");
    counter.print_letter("1oz", "10001").await.unwrap();
    counter.set_server(&address).await;
    counter.contact().await.unwrap();
    assert_eq!(counter.status().await.registers.control_total, 20_000);
    assert_eq!(town.balance().await, 80_000);
    counter.refill("30.00").await.unwrap();
    assert_eq!(counter.status().await.registers.control_total, 50_000);
    assert_eq!(town.balance().await, 50_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_at_the_same_time_refill_once() {
    let town = Town::with_deposit("100.00").await;
    let counter = std::sync::Arc::new(town.enrolled("one").await);
    for round in 1..=3 {
        let contacts = (0..6).map(|_| {
            let counter = std::sync::Arc::clone(&counter);
            tokio::spawn(async move { counter.contact().await.map(drop) })
        });
        let contacts: Vec<_> = contacts.collect();
        let refill = counter.refill("5.00").await.unwrap();
        assert_eq!(refill.registers.control_total, round * 5_000);
        for contact in contacts {
            contact.await.unwrap().unwrap();
        }
        assert_eq!(
            counter.status().await.registers.control_total,
            round * 5_000
        );
    }
    assert_eq!(town.balance().await, 85_000);
    town.assert_books_hold().await;
}
