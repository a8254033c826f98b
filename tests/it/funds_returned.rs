//! Payments that the bank takes back: the account is locked for refills until they are paid again,
//! and what its stations hold prints on.

use server::admin::call::AdminCall;
use server::admin::money::MoneyCall;
use shared::money::Mills;
use system_tests::town::{ACCOUNT, Town};

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_payment_locks_the_account_until_it_is_paid_again() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("80.00").await.unwrap();
    let call = MoneyCall::ReturnPayment {
        reference: "first".to_owned(),
        account: None,
    };
    let shown = town.money(call.clone()).await;
    assert_eq!(shown["owed"], 80_000);
    assert_eq!(shown["repeated"], false);
    assert_eq!(town.money(call).await["repeated"], true);
    let refused = counter.refill("1.00").await.unwrap_err();
    assert_eq!(refused.code, "account_locked");
    assert!(refused.message.contains("returned a payment"), "{refused}");
    counter.print_letter("1oz", "10001").await.unwrap();
    counter.contact().await.unwrap();
    town.assert_books_hold().await;

    town.deposit("99.99", "second").await;
    assert_eq!(
        counter.refill("1.00").await.unwrap_err().code,
        "account_locked"
    );
    town.deposit("10.00", "third").await;
    assert_eq!(town.balance().await, 29_990);
    counter.refill("1.00").await.unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_renewed_while_the_account_is_locked_so_that_value_does_not_die() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("80.00").await.unwrap();
    let key = |status: &station::api::StatusView| {
        let keys = status.keys.iter();
        let indicia = keys.filter(|key| key.purpose == "indicia");
        indicia.map(|key| key.until).next().unwrap()
    };
    let before = key(&counter.status().await);
    town.money(MoneyCall::ReturnPayment {
        reference: "first".to_owned(),
        account: Some(ACCOUNT.to_owned()),
    })
    .await;
    town.turn_days(shared::vault::RENEWAL_AGE_DAYS - 1);
    counter.contact().await.unwrap();
    assert_eq!(key(&counter.status().await), before, "not due yet");
    town.turn_days(1);
    counter.contact().await.unwrap();
    let status = counter.status().await;
    assert!(key(&status) > before);
    assert_eq!(status.registers.control_total, 80_000);
    counter.print_letter("1oz", "10001").await.unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_paid_back_once_and_never_more_than_it_holds() {
    let town = Town::with_deposit("100.00").await;
    let call = |amount: &str| MoneyCall::PayOut {
        account: ACCOUNT.to_owned(),
        amount: Mills::parse(amount).unwrap(),
        reference: "back".to_owned(),
    };
    assert_eq!(town.money(call("30.00")).await["balance"], 70_000);
    assert_eq!(town.money(call("30.00")).await["repeated"], true);
    assert_eq!(town.balance().await, 70_000);
    let refused = town
        .refused(AdminCall::Money {
            money: call("31.00"),
        })
        .await;
    assert_eq!(refused.code, "reference_used");
    let more = MoneyCall::PayOut {
        account: ACCOUNT.to_owned(),
        amount: Mills::parse("70.01").unwrap(),
        reference: "more".to_owned(),
    };
    let refused = town.refused(AdminCall::Money { money: more }).await;
    assert_eq!(refused.code, "insufficient");
    town.assert_books_hold().await;
}
