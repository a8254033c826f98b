//! Postal account management over whole contacts: the tree comes in, what was spent goes out, and
//! budgets stop a piece.

use std::path::PathBuf;

use serde_json::Value;
use server::admin::call::AdminCall;
use server::admin::tree::{NewBudget, TreeCall};
use shared::money::Mills;
use shared::services::accounts::NodeKind;
use station::api::{Call, PieceView, PrintCall, PrintOut, QuoteCall, UiError, View};
use system_tests::town::{ACCOUNT, Counter, Town};

async fn tree(town: &Town, what: TreeCall) -> Vec<Value> {
    town.admin(AdminCall::Tree { what }).await
}

async fn centre(town: &Town, name: &str) {
    let call = TreeCall::New {
        kind: NodeKind::CostCentre,
        name: name.to_owned(),
        account: Some(ACCOUNT.to_owned()),
        under: None,
    };
    tree(town, call).await;
}

async fn monthly_budget(town: &Town, name: &str, amount: &str) {
    let amount = Mills::parse(amount).unwrap();
    let call = TreeCall::Budget {
        centre: name.to_owned(),
        month: Some(NewBudget::Amount(amount)),
        quarter: None,
        year: None,
    };
    tree(town, call).await;
}

fn file(counter: &Counter, name: &str) -> PathBuf {
    counter.folder.join(name)
}

/// Prints a letter of 0.78 for a cost centre.
async fn print_for(counter: &Counter, centre: Option<&str>) -> Result<PieceView, UiError> {
    let call = PrintCall {
        quote: QuoteCall {
            class: "first-class".to_owned(),
            shape: "letter".to_owned(),
            weight: "1oz".to_owned(),
            to: "10001".to_owned(),
            ..Default::default()
        },
        cost_centre: centre.map(str::to_owned),
        out: Some(PrintOut::Files {
            pdf: None,
            png: Some(file(counter, "piece.png").display().to_string()),
            escpos: None,
        }),
        ..Default::default()
    };
    let view = counter.station.call(Call::Print(call)).await?;
    let View::Piece(piece) = view else {
        unreachable!("{view:?}")
    };
    Ok(*piece)
}

/// What the data center knows of the account by cost centre: name or words, pieces, postage.
async fn usage(town: &Town) -> Vec<(String, u64, u64)> {
    town.center
        .db()
        .read("usage", |tx| {
            tx.rows(
                "SELECT coalesce(account_node.name, centre), sum(pieces), sum(postage)
                 FROM centre_usage LEFT JOIN account_node ON account_node.id = centre_usage.node
                 GROUP BY 1 ORDER BY 1",
                &[],
                |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)),
            )
        })
        .await
        .unwrap_or_else(|fault: server::db::DbError| unreachable!("{fault}"))
}

async fn outcome(counter: &Counter) -> String {
    let view = counter.contact().await.unwrap();
    let one = view.services.iter().find(|one| one.service == "accounts");
    one.unwrap().outcome.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cost_centre_takes_pieces_while_it_is_open_and_no_other_name_does() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    print_for(&counter, Some("a note of the clerk"))
        .await
        .unwrap();
    centre(&town, "Marketing").await;
    assert_eq!(outcome(&counter).await, "served");
    let refused = print_for(&counter, Some("Marketin")).await.unwrap_err();
    assert_eq!(refused.code, "unknown_cost_centre");
    print_for(&counter, Some("marketing")).await.unwrap();
    print_for(&counter, None).await.unwrap();
    let close = TreeCall::Close {
        node: "Marketing".to_owned(),
    };
    tree(&town, close).await;
    print_for(&counter, Some("Marketing"))
        .await
        .expect("the station has not heard yet");
    counter.contact().await.unwrap();
    let refused = print_for(&counter, Some("Marketing")).await.unwrap_err();
    assert_eq!(refused.code, "cost_centre_closed");
    let spent = counter.status().await.registers.ascending;
    assert_eq!(spent, 4 * 780, "refused pieces cost nothing");
    counter.contact().await.unwrap();
    let known = usage(&town).await;
    assert_eq!(
        known,
        [
            (String::new(), 1, 780),
            ("Marketing".to_owned(), 2, 1_560),
            ("a note of the clerk".to_owned(), 1, 780)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_a_hard_stop_for_all_stations_of_the_account_together() {
    let town = Town::with_deposit("100.00").await;
    let (one, other) = (town.enrolled("one").await, town.enrolled("other").await);
    one.refill("20.00").await.unwrap();
    other.refill("20.00").await.unwrap();
    centre(&town, "Sales").await;
    monthly_budget(&town, "Sales", "2.34").await;
    one.contact().await.unwrap();
    print_for(&one, Some("Sales")).await.unwrap();
    print_for(&one, Some("Sales")).await.unwrap();
    one.contact().await.unwrap();
    other.contact().await.unwrap();
    print_for(&other, Some("Sales")).await.unwrap();
    let refused = print_for(&other, Some("Sales")).await.unwrap_err();
    assert_eq!(refused.code, "budget_spent");
    assert!(
        refused.message.contains("is 2.34, 2.34 of it are spent"),
        "{}",
        refused.message
    );
    assert_eq!(other.status().await.registers.ascending, 780);
    print_for(&other, None).await.unwrap();
    other.contact().await.unwrap();
    one.contact().await.unwrap();
    let refused = print_for(&one, Some("Sales")).await.unwrap_err();
    assert_eq!(refused.code, "budget_spent");
    monthly_budget(&town, "Sales", "3.12").await;
    one.contact().await.unwrap();
    print_for(&one, Some("Sales")).await.unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_batch_stop_at_the_budget_and_the_rest_goes_on() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    centre(&town, "Sales").await;
    monthly_budget(&town, "Sales", "1.60").await;
    counter.contact().await.unwrap();
    let mut csv = String::from("name,address,city,state,zip,class,shape,weight,cost_centre\n");
    for (name, centre) in [
        ("a", "Sales"),
        ("b", "Sales"),
        ("c", "Sales"),
        ("d", ""),
        ("e", "No"),
    ] {
        csv.push_str(&format!(
            "{name},1 Main St,New York,NY,10001,first-class,letter,1oz,{centre}\n"
        ));
    }
    let out = station::api::BatchOut::Folder {
        path: Some(file(&counter, "prints").display().to_string()),
    };
    let call = Call::Batch(station::api::BatchCall { csv, out });
    let View::Batch(batch) = counter.station.call(call).await.unwrap() else {
        unreachable!("a batch answers with a batch")
    };
    let outcomes: Vec<&str> = batch
        .results
        .iter()
        .map(|row| row.outcome.as_str())
        .collect();
    assert_eq!(
        outcomes,
        ["printed", "printed", "refused", "printed", "refused"]
    );
    assert_eq!(batch.spent_mills, 3 * 780);
    counter.contact().await.unwrap();
    let sum: u64 = usage(&town).await.iter().map(|(_, _, sum)| sum).sum();
    assert_eq!(sum, counter.status().await.registers.ascending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_said_twice_or_lost_on_the_way_adds_up_to_the_ascending_register() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    for _ in 0..3 {
        print_for(&counter, Some("ours")).await.unwrap();
        counter.contact().await.unwrap();
        // What was taken is forgotten, as if the answer had been lost.
        counter
            .station
            .apply(|owner| {
                owner.write("an answer that was lost", |tx| {
                    Ok(tx.put_setting("usage-reported", "0")?)
                })
            })
            .await
            .unwrap();
        counter.contact().await.unwrap();
    }
    assert_eq!(usage(&town).await, [("ours".to_owned(), 3, 3 * 780)]);
    // The data center loses what it took: the station tells it anew in the same contact.
    town.center
        .db()
        .write("a loss", |tx| tx.execute("DELETE FROM centre_usage", &[]))
        .await
        .unwrap_or_else(|fault: server::db::DbError| unreachable!("{fault}"));
    counter.contact().await.unwrap();
    assert_eq!(usage(&town).await, [("ours".to_owned(), 3, 3 * 780)]);
}
