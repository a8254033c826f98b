//! Stations hold the data center to its journal: each contact proves that what it shows extends
//! what it showed before, and what does not is refused with evidence.

use rusqlite::Connection;
use server::center::DataCenter;
use shared::checkpoint::{NoteSignature, SignedHead};
use station::station::names;
use station::store::DATABASE;
use system_tests::town::{Counter, Town};

async fn setting(counter: &Counter, name: &'static str) -> Option<String> {
    counter
        .station
        .apply(move |owner| Ok(owner.store().setting(name)?))
        .await
        .unwrap()
}

async fn put_setting(counter: &Counter, name: &'static str, value: String) {
    counter
        .station
        .apply(move |owner| owner.write("a test's setting", |tx| Ok(tx.put_setting(name, &value)?)))
        .await
        .unwrap();
}

async fn kept(counter: &Counter, center: &DataCenter) -> SignedHead {
    let note = setting(counter, names::KEPT_HEAD).await.unwrap();
    SignedHead::read(&note, &center.authority().heads().public()).unwrap()
}

fn evidence(counter: &Counter) -> Vec<(String, String)> {
    let db = Connection::open(counter.folder.join(DATABASE)).unwrap();
    let mut rows = db
        .prepare("SELECT reason, shown FROM center_evidence")
        .unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_contact_keeps_a_newer_head_and_proves_the_last_money_reply() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let first = kept(&counter, &town.center).await;
    counter.refill("20.00").await.unwrap();
    let second = kept(&counter, &town.center).await;
    assert!(second.head.size > first.head.size);
    assert_eq!(setting(&counter, names::MONEY_LEAF).await.unwrap(), "");
    // A refusal is a money reply too.
    counter.refill("1000.00").await.unwrap_err();
    let leaf = setting(&counter, names::MONEY_LEAF).await.unwrap();
    assert!(!leaf.is_empty());
    counter.contact().await.unwrap();
    assert_eq!(setting(&counter, names::MONEY_LEAF).await.unwrap(), "");
    assert!(evidence(&counter).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn stations_see_what_up_to_three_others_have_cosigned() {
    let town = Town::with_deposit("100.00").await;
    let mut counters = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        let counter = town.enrolled(name).await;
        counter.refill("1.00").await.unwrap();
        counters.push(counter);
    }
    for counter in &counters {
        counter.contact().await.unwrap();
    }
    town.turn_days(2);
    counters[0].contact().await.unwrap();
    let cosigned = setting(&counters[0], names::COSIGNED).await.unwrap();
    let lines = |word: &str| cosigned.lines().filter(|line| line.contains(word)).count();
    assert_eq!(lines("/station/"), 3, "{cosigned}");
    assert!(evidence(&counters[0]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_without_the_last_money_reply_is_refused_with_evidence_and_nothing_is_refilled() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    // The station was told of another record than the one that stands there.
    let leaf = format!("2 {}", "5a".repeat(32));
    put_setting(&counter, names::MONEY_LEAF, leaf).await;
    let before = counter.status().await;
    let met = counter.contact().await.unwrap();
    let funds = met.services.iter().find(|one| one.service == "funds");
    assert_eq!(funds.unwrap().outcome, "refused");
    let found = evidence(&counter);
    assert_eq!(found.len(), 1);
    assert!(found[0].0.contains("money reply"), "{found:?}");
    assert!(
        found[0].1.contains("/journal/1\n"),
        "the signed head is kept"
    );
    let refused = counter.refill("5.00").await.unwrap_err();
    assert_eq!(refused.code, "center_doubted");
    assert!(refused.hint.contains("help desk"), "{}", refused.hint);
    assert_eq!(counter.status().await.last_receipt, before.last_receipt);
    assert_eq!(town.balance().await, 80_000);
    counter.print_letter("1oz", "10001").await.unwrap();
    // A head that holds settles it.
    put_setting(&counter, names::MONEY_LEAF, String::new()).await;
    counter.refill("5.00").await.unwrap();
    assert_eq!(setting(&counter, names::DOUBT).await.unwrap(), "");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_that_came_is_answered_whatever_is_found_out_after_it() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    // The station keeps a head of another journal: the statement after the grant finds that out.
    let heads = town.center.authority().heads();
    let mut other = kept(&counter, &town.center).await.head;
    other.root = [0x5a; 32];
    let signature = NoteSignature(heads.sign(other.text().as_bytes()));
    let note = SignedHead {
        head: other,
        signature,
    }
    .note(&heads.public());
    put_setting(&counter, names::KEPT_HEAD, note).await;
    let refill = counter.refill("5.00").await.unwrap();
    assert_eq!(refill.registers.control_total, 25_000);
    let funds = refill.services.iter().find(|one| one.service == "funds");
    assert_eq!(funds.unwrap().outcome, "refused");
    assert_eq!(evidence(&counter).len(), 1);
    // The same amount once more is another refill, and is not granted now.
    let refused = counter.refill("5.00").await.unwrap_err();
    assert_eq!(refused.code, "center_doubted");
    assert_eq!(town.balance().await, 75_000);
    town.assert_books_hold().await;
}
