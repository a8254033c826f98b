//! Refills a station asks for by itself: only where the customer allows it, never more than a day's
//! limit on either side or than the vault may hold, and never in the clerk's way.

use server::admin::money::MoneyCall;
use shared::money::Mills;
use station::api::{AutomaticRefillCall, AutomaticRefillPlan, Call, View};
use system_tests::town::{ACCOUNT, Counter, Town};

async fn set(counter: &Counter, below: &str, amount: &str, daily_cap: &str) {
    let plan = AutomaticRefillPlan {
        below: below.to_owned(),
        amount: amount.to_owned(),
        daily_cap: daily_cap.to_owned(),
    };
    let call = AutomaticRefillCall { plan: Some(plan) };
    let view = counter.station.call(Call::AutomaticRefill(call)).await;
    assert!(matches!(view, Ok(View::Status(_))), "{view:?}");
}

async fn allow(town: &Town, daily_cap: &str) {
    town.money(MoneyCall::AutomaticRefill {
        account: ACCOUNT.to_owned(),
        daily_cap: Mills::parse(daily_cap).unwrap(),
    })
    .await;
}

async fn left(counter: &Counter) -> u64 {
    counter.status().await.registers.descending
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_runs_low_is_refilled_at_any_contact_once() {
    let town = Town::with_deposit("500.00").await;
    let counter = town.enrolled("one").await;
    allow(&town, "200.00").await;
    counter.refill("20.00").await.unwrap();
    set(&counter, "20.00", "50.00", "100.00").await;
    counter.contact().await.unwrap();
    assert_eq!(left(&counter).await, 20_000, "not below the threshold");
    counter.print_letter("1oz", "10001").await.unwrap();
    counter.contact().await.unwrap();
    assert_eq!(left(&counter).await, 69_220);
    counter.contact().await.unwrap();
    assert_eq!(left(&counter).await, 69_220);
    let status = counter.status().await;
    assert_eq!(status.automatic_refill.unwrap().today_mills, 50_000);
    assert_eq!(town.balance().await, 430_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_limits_of_station_and_customer_both_hold_and_end_with_the_day() {
    let town = Town::with_deposit("500.00").await;
    let counter = town.enrolled("one").await;
    set(&counter, "400.00", "60.00", "100.00").await;
    allow(&town, "70.00").await;
    counter.contact().await.unwrap();
    assert_eq!(left(&counter).await, 60_000);
    // The station would still take 40.00 today; the customer allows 10.00 more.
    let contact = counter.contact().await.unwrap();
    let funds = contact.services.iter().find(|one| one.service == "funds");
    assert_eq!(funds.unwrap().outcome, "served", "nobody is in the way");
    assert_eq!(left(&counter).await, 60_000);
    let refused = counter.status().await.automatic_refill.unwrap().refused;
    assert!(refused.unwrap().contains("limit of today"));
    allow(&town, "500.00").await;
    counter.contact().await.unwrap();
    assert_eq!(left(&counter).await, 60_000, "not asked again today");
    town.turn_days(1);
    counter.contact().await.unwrap();
    counter.contact().await.unwrap();
    counter.contact().await.unwrap();
    assert_eq!(
        left(&counter).await,
        160_000,
        "60.00, then the 40.00 left of the day"
    );
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_customers_word_nothing_is_refilled_and_the_clerk_still_can() {
    let town = Town::with_deposit("500.00").await;
    let counter = town.enrolled("one").await;
    set(&counter, "20.00", "50.00", "100.00").await;
    counter.contact().await.unwrap();
    assert_eq!(left(&counter).await, 0);
    let refused = counter.status().await.automatic_refill.unwrap().refused;
    assert!(refused.unwrap().contains("does not allow"));
    counter.refill("5.00").await.unwrap();
    assert_eq!(left(&counter).await, 5_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_is_never_filled_by_itself_beyond_what_it_may_hold() {
    let town = Town::with_deposit("2000.00").await;
    let counter = town.enrolled("one").await;
    allow(&town, "2000.00").await;
    counter.refill("490.00").await.unwrap();
    set(&counter, "500.00", "100.00", "1000.00").await;
    counter.contact().await.unwrap();
    assert_eq!(left(&counter).await, 500_000);
    counter.contact().await.unwrap();
    assert_eq!(left(&counter).await, 500_000);
    let bad = AutomaticRefillPlan {
        below: "1".to_owned(),
        amount: "20".to_owned(),
        daily_cap: "10".to_owned(),
    };
    let call = AutomaticRefillCall { plan: Some(bad) };
    let refused = counter.station.call(Call::AutomaticRefill(call)).await;
    assert_eq!(refused.unwrap_err().code, "bad_input");
    let off = Call::AutomaticRefill(AutomaticRefillCall::default());
    counter.station.call(off).await.unwrap();
    assert!(counter.status().await.automatic_refill.is_none());
}
