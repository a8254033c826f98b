//! Vaults that end: by an admin's order, by the installer at the station, or lost. Every mill of them
//! comes back, and none before it cannot turn up on paper any more.

use std::sync::Arc;

use server::admin::approval::Consent;
use server::admin::call::AdminCall;
use server::admin::money::MoneyCall;
use server::clock::Clock as _;
use shared::money::Mills;
use shared::services::funds::INDICIUM_CERTIFICATE_DAYS;
use shared::services::keys::STATION_CERTIFICATE_DAYS;
use shared::vault::{Action, HOLD_DAYS};
use station::api::{Call, StatusView, UiError, View, WithdrawCall};
use station::contact::link::Link;
use station::contact::round::{Met, meet_over};
use station::services::Asked;
use station::station::{CLERK_USER, names};
use system_tests::line::{Line, Trick};
use system_tests::town::{ACCOUNT, Counter, Town, asking, next_debit};

/// Debits that do not go over in the pages of one contact.
const LONG_JOURNAL: u64 = 9_000;

async fn order(town: &Town, counter: &Counter) {
    let station = counter.status().await.station.unwrap();
    town.admin(AdminCall::StationWithdraw { station }).await;
}

async fn withdraw(counter: &Counter, station: &str) -> Result<StatusView, UiError> {
    let call = WithdrawCall {
        station: station.to_owned(),
    };
    let view = counter.station.call(Call::Withdraw(call)).await?;
    let View::Status(status) = view else {
        unreachable!("{view:?}")
    };
    Ok(*status)
}

async fn shown(town: &Town, counter: &Counter) -> serde_json::Value {
    let station = counter.status().await.station.unwrap();
    town.admin(AdminCall::StationShow { station })
        .await
        .remove(0)
}

async fn upkeep(town: &Town) {
    let center = Arc::clone(&town.center);
    tokio::task::spawn_blocking(move || center.upkeep().unwrap())
        .await
        .unwrap();
}

async fn meet(
    town: &Town,
    counter: &Counter,
    plan: impl FnMut(&str) -> Trick + Send + 'static,
) -> Result<Met, UiError> {
    let line = Line::new(&town.center, &counter.station, Vec::new(), plan);
    let link: Arc<dyn Link> = line;
    meet_over(&counter.station, &link, Asked::default()).await
}

async fn has_key(counter: &Counter) -> bool {
    counter
        .station
        .apply(|owner| Ok(owner.store().secret(names::INDICIUM_KEY)?.is_some()))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordered_withdrawal_credits_a_hundred_at_once_and_holds_the_rest() {
    let town = Town::with_deposit("500.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("150.00").await.unwrap();
    counter.print_letter("1oz", "10001").await.unwrap();
    order(&town, &counter).await;
    assert_eq!(
        shown(&town, &counter).await["withdrawal"]["state"],
        "ordered"
    );
    assert_eq!(
        counter.refill("1.00").await.unwrap_err().code,
        "station_locked"
    );
    town.assert_books_hold().await;

    counter.contact().await.unwrap();
    let status = counter.status().await;
    assert_eq!(status.state, "withdrawn");
    let end = status.withdrawal.unwrap();
    assert_eq!(end.returned_mills, Some(149_220));
    assert_eq!(end.credited_mills, Some(100_000));
    assert_eq!(end.held_mills, Some(49_220));
    assert!(!has_key(&counter).await, "the key is destroyed");
    let refused = counter.print_letter("1oz", "10001").await.unwrap_err();
    assert_eq!(refused.code, "vault_withdrawn");
    let contact = counter.contact().await.unwrap();
    let asked = contact.services.iter().any(|one| one.outcome != "nothing");
    assert!(!asked, "who has ended asks nothing any more: {contact:?}");
    assert_eq!(town.balance().await, 450_000);
    let view = shown(&town, &counter).await;
    assert_eq!(view["state"], "withdrawn");
    assert_eq!(view["withdrawal"]["held"], 49_220);
    town.assert_books_hold().await;

    town.turn_days(INDICIUM_CERTIFICATE_DAYS + HOLD_DAYS - 1);
    upkeep(&town).await;
    assert_eq!(
        town.balance().await,
        450_000,
        "it may still turn up on paper"
    );
    town.turn_days(1);
    upkeep(&town).await;
    assert_eq!(town.balance().await, 499_220);
    upkeep(&town).await;
    assert_eq!(town.balance().await, 499_220);
    assert_eq!(
        shown(&town, &counter).await["withdrawal"]["state"],
        "released"
    );
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_a_hundred_at_once_in_thirty_days_whatever_it_withdraws() {
    let town = Town::with_deposit("500.00").await;
    let mut credited = Vec::new();
    for (name, days) in [("one", 0), ("two", 29), ("three", 2)] {
        town.turn_days(days);
        let counter = town.enrolled(name).await;
        counter.refill("70.00").await.unwrap();
        order(&town, &counter).await;
        counter.contact().await.unwrap();
        let end = counter.status().await.withdrawal.unwrap();
        credited.push(end.credited_mills.unwrap());
        town.assert_books_hold().await;
    }
    assert_eq!(credited, [70_000, 30_000, 70_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_credited_at_once_is_for_refills_only() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("80.00").await.unwrap();
    order(&town, &counter).await;
    counter.contact().await.unwrap();
    let pay_out = |amount: &str| AdminCall::Money {
        money: MoneyCall::PayOut {
            account: ACCOUNT.to_owned(),
            amount: Mills::parse(amount).unwrap(),
            reference: amount.to_owned(),
        },
    };
    // 80.00 came back at once, nothing is held: it cannot turn up on paper any more.
    town.admin(pay_out("1.00")).await;
    town.deposit("101.00", "second").await;
    let other = town.enrolled("two").await;
    other.refill("150.00").await.unwrap();
    order(&town, &other).await;
    other.contact().await.unwrap();
    assert_eq!(town.balance().await, 70_000);
    let refused = town.refused(pay_out("50.01")).await;
    assert_eq!(refused.code, "for_refills_only");
    assert_eq!(town.balance().await, 70_000);
    town.admin(pay_out("50.00")).await;
    let third = town.enrolled("three").await;
    third.refill("20.00").await.unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_installer_ends_only_the_station_whose_number_is_given_and_only_over_a_line() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("30.00").await.unwrap();
    let own = counter.status().await.station.unwrap();
    let refused = withdraw(&counter, "ZZ010000000099").await.unwrap_err();
    assert_eq!(refused.code, "withdraw_other");
    let address = counter.set_server("https://127.0.0.1:1").await;
    let refused = withdraw(&counter, &own).await.unwrap_err();
    assert_eq!(refused.code, "unreachable");
    counter.print_letter("1oz", "10001").await.unwrap();
    counter.set_server(&address).await;
    counter.contact().await.unwrap();
    assert_eq!(
        counter.status().await.state,
        "active",
        "nobody is surprised"
    );
    let status = withdraw(&counter, &own).await.unwrap();
    assert_eq!(status.state, "withdrawn");
    let end = status.withdrawal.unwrap();
    assert!(end.stated);
    assert_eq!(end.credited_mills, Some(29_220));
    assert_eq!(town.balance().await, 99_220);
    let refused = withdraw(&counter, &own).await.unwrap_err();
    assert_eq!(refused.code, "vault_withdrawn");
    counter.contact().await.unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_statement_whose_reply_is_lost_is_answered_once_more_for_a_day() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("30.00").await.unwrap();
    order(&town, &counter).await;
    let lose = |path: &str| {
        if path.ends_with("/withdraw") {
            Trick::LoseReply
        } else {
            Trick::None
        }
    };
    let met = meet(&town, &counter, lose).await.unwrap();
    assert_eq!(met.funds.unwrap().code, "line_broke");
    assert_eq!(counter.status().await.state, "withdrawn");
    assert!(!counter.status().await.withdrawal.unwrap().stated);
    assert_eq!(town.balance().await, 100_000, "the data center has it all");
    meet(&town, &counter, |_| Trick::None).await.unwrap();
    assert!(counter.status().await.withdrawal.unwrap().stated);
    assert_eq!(town.balance().await, 100_000, "once");
    town.assert_books_hold().await;
    // A day later the station is shut out.
    assert!(!shown(&town, &counter).await["certificate_until"].is_null());
    town.turn_days(1);
    upkeep(&town).await;
    assert!(shown(&town, &counter).await["certificate_until"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_end_of_a_vault_and_its_statement_loses_nothing() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("30.00").await.unwrap();
    order(&town, &counter).await;
    let never = |path: &str| {
        if path.ends_with("/withdraw") {
            Trick::LoseRequest
        } else {
            Trick::None
        }
    };
    meet(&town, &counter, never).await.unwrap();
    drop(counter);
    let counter = town.open_station("one").unwrap();
    assert_eq!(counter.status().await.state, "withdrawn");
    assert_eq!(town.balance().await, 70_000);
    counter.contact().await.unwrap();
    assert_eq!(town.balance().await, 100_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_could_not_state_its_end_states_it_after_its_certificate_has_expired() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("50.00").await.unwrap();
    order(&town, &counter).await;
    let lost = meet(&town, &counter, |path| {
        if path.ends_with("/withdraw") {
            Trick::LoseRequest
        } else {
            Trick::None
        }
    });
    lost.await.unwrap();
    assert_eq!(counter.status().await.state, "withdrawn");
    assert_eq!(town.balance().await, 50_000);
    town.turn_days(STATION_CERTIFICATE_DAYS + 1);
    let mut beginning = None;
    // The door renews the certificate; over the next line the end is stated.
    for _ in 0..2 {
        let met = meet(&town, &counter, |_| Trick::None).await;
        beginning = beginning.or(met.err());
    }
    assert!(beginning.is_none(), "{beginning:?}");
    let end = counter.status().await.withdrawal.unwrap();
    assert_eq!(end.credited_mills, Some(50_000));
    assert_eq!(town.balance().await, 100_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_with_a_long_journal_gives_it_away_before_it_ends() {
    let town = Town::with_deposit("500.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("400.00").await.unwrap();
    let debited = counter.station.apply(|owner| {
        for _ in 0..LONG_JOURNAL {
            let debit = next_debit(owner, 1);
            owner.act(&Action::Debit(debit), CLERK_USER, |_, _| Ok(()))?;
        }
        Ok(())
    });
    debited.await.unwrap();
    let station = counter.status().await.station.unwrap();
    let status = withdraw(&counter, &station).await.unwrap();
    assert_eq!(status.state, "withdrawn");
    let end = status.withdrawal.unwrap();
    assert_eq!(end.returned_mills, Some(400_000 - LONG_JOURNAL));
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_on_its_way_arrives_before_the_vault_ends() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("10.00").await.unwrap();
    let line = Line::new(&town.center, &counter.station, Vec::new(), |path: &str| {
        if path.ends_with("/refill") {
            Trick::LoseReply
        } else {
            Trick::None
        }
    });
    let link: Arc<dyn Link> = line;
    let asked = asking(Some(Mills::parse("20.00").unwrap()));
    let lost = meet_over(&counter.station, &link, asked)
        .await
        .err()
        .unwrap();
    assert_eq!(lost.code, "line_broke");
    order(&town, &counter).await;
    counter.contact().await.unwrap();
    let end = counter.status().await.withdrawal.unwrap();
    assert_eq!(end.returned_mills, Some(30_000));
    assert_eq!(town.balance().await, 100_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_station_is_shut_out_at_once_and_recovered_by_two_admins_in_time() {
    let town = Town::with_deposit("500.00").await;
    let keys = town.admin_keys(&["Ada", "Ben"]).await;
    let counter = town.enrolled("one").await;
    counter.refill("150.00").await.unwrap();
    counter.print_letter("1oz", "10001").await.unwrap();
    counter.contact().await.unwrap();
    // What is printed later nobody has stated: it is held as if it were still there.
    counter.print_letter("1oz", "10001").await.unwrap();
    let station = counter.status().await.station.unwrap();
    let lost = town
        .money(MoneyCall::StationLost {
            station: station.clone(),
        })
        .await;
    assert_eq!(lost["withdrawal"]["held"], 149_220);
    assert_eq!(
        counter.refill("1.00").await.unwrap_err().code,
        "certificate_revoked"
    );
    let recover = |consent| AdminCall::Money {
        money: MoneyCall::StationRecover {
            station: station.clone(),
            consent,
        },
    };
    assert_eq!(town.refused(recover(Consent::Request)).await.code, "held");
    town.turn_days(INDICIUM_CERTIFICATE_DAYS + HOLD_DAYS);
    upkeep(&town).await;
    assert_eq!(town.balance().await, 350_000, "never by itself");
    let refused = town.refused(recover(Consent::None)).await;
    assert_eq!(refused.code, "level_too_low");
    let request = town.admin(recover(Consent::Request)).await.remove(0);
    // The station has said at the door what it printed: that is not given back.
    assert_eq!(request["parameters"][1][1], "148.44");
    for wrong in [&[&keys[0]][..], &[&keys[1]]] {
        let consent = Town::signed(&request, wrong);
        let refused = town.refused(recover(consent)).await;
        assert_eq!(refused.code, "approval_refused");
    }
    let consent = Town::signed(&request, &[&keys[0], &keys[1]]);
    let shown = town.admin(recover(consent.clone())).await;
    assert_eq!(shown[0]["withdrawal"]["state"], "released");
    assert_eq!(town.balance().await, 498_440);
    let books = town.admin(AdminCall::LedgerVerify).await;
    assert_eq!(books[0]["printed"], 1_560);
    let refused = town.refused(recover(consent)).await;
    assert_eq!(refused.code, "nothing_held");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_for_one_thing_for_fifteen_minutes_and_for_one_time() {
    let town = Town::with_deposit("500.00").await;
    let keys = town.admin_keys(&["Ada", "Ben"]).await;
    let (ada, ben) = (&keys[0], &keys[1]);
    let end = |name: &str, consent| {
        let approval = server::admin::approval::ApprovalCall::KeyEnd {
            name: name.to_owned(),
            consent,
        };
        AdminCall::Approval { approval }
    };
    let (_, point) = server::ca::new_admin_key("Cleo", "a passphrase of hers").unwrap();
    let cleo = |consent| {
        let approval = server::admin::approval::ApprovalCall::KeyNew {
            name: "Cleo".to_owned(),
            point: hex::encode(point.0),
            consent,
        };
        AdminCall::Approval { approval }
    };
    let refused = town.refused(cleo(Consent::None)).await;
    assert_eq!(refused.code, "level_too_low", "the third key needs two");
    let request = town.admin(cleo(Consent::Request)).await.remove(0);
    let other = Town::signed(&request, &[ada, ben]);
    let refused = town.refused(end("Ben", other.clone())).await;
    assert_eq!(refused.code, "approval_refused", "it is for another action");
    let now = town.clock.now();
    town.clock.turn_to(now.plus_seconds(15 * 60 + 1));
    let refused = town.refused(cleo(other.clone())).await;
    assert!(refused.message.contains("15 minutes"), "{refused:?}");
    town.clock.turn_to(now);
    town.admin(cleo(other)).await;
    let request = town.admin(end("Ben", Consent::Request)).await.remove(0);
    let consent = Town::signed(&request, &[ada, ben]);
    town.admin(end("Ben", consent.clone())).await;
    let refused = town.refused(end("Ben", consent)).await;
    assert_eq!(refused.code, "approval_refused", "his key counts no more");
    town.assert_books_hold().await;
}
