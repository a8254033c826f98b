//! Telemetering end to end: refills, refusals, receipts, and what a crash or a copy leads to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use server::admin::call::AdminCall;
use shared::money::Mills;
use shared::monitor::Holdings;
use station::contact::link::{Exchange, Link, LinkRequest};
use station::contact::round::meet_over;
use station::services::Asked;
use system_tests::line::Line;
use system_tests::town::{Counter, Town, asking};

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

/// A line on which a second contact tries to begin as soon as the refill was answered.
struct Interrupted {
    line: Arc<Line>,
    town: Arc<Town>,
    counter: Arc<Counter>,
    refills: AtomicU32,
}

impl Link for Interrupted {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            let LinkRequest::Send { path, .. } = &request else {
                return self.line.exchange(request, &holds).await;
            };
            let answered = self.refills.load(Ordering::SeqCst) == 1;
            if path == "/v1/funds/refill" {
                self.refills.fetch_add(1, Ordering::SeqCst);
            } else if path == "/v1/funds/sync" && answered {
                let link: Arc<dyn Link> = Line::clean(&self.town.center, &self.counter.station);
                let counter = Arc::clone(&self.counter);
                let other = tokio::spawn(async move {
                    drop(meet_over(&counter.station, &link, Asked::default()).await);
                });
                // It has to wait for this contact; long enough to see it not waiting.
                drop(tokio::time::timeout(Duration::from_millis(500), other).await);
            }
            self.line.exchange(request, &holds).await
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_contact_waits_and_does_not_make_the_refill_twice() {
    let town = Arc::new(Town::with_deposit("100.00").await);
    let counter = Arc::new(town.enrolled("one").await);
    let interrupted = Arc::new(Interrupted {
        line: Line::clean(&town.center, &counter.station),
        town: Arc::clone(&town),
        counter: Arc::clone(&counter),
        refills: AtomicU32::new(0),
    });
    let link: Arc<dyn Link> = interrupted.clone();
    let asked = asking(Some(Mills::new(5_000).unwrap()));
    let met = meet_over(&counter.station, &link, asked).await.unwrap();
    assert!(met.funds.is_none(), "{:?}", met.funds);
    assert_eq!(interrupted.refills.load(Ordering::SeqCst), 1);
    counter.contact().await.unwrap();
    assert_eq!(counter.status().await.registers.control_total, 5_000);
    assert_eq!(town.balance().await, 95_000);
    town.assert_books_hold().await;
}
