//! Postal account management over whole contacts: the tree comes in, what was spent goes out, and
//! budgets stop a piece.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use server::access::Caller;
use server::admin::call::AdminCall;
use server::admin::tree::{NewBudget, TreeCall};
use shared::money::Mills;
use shared::services::accounts::NodeKind;
use station::api::{Call, PieceView, PrintCall, PrintOut, QuoteCall, UiError, View};
use station::contact::link::LinkRequest;
use system_tests::line::{Line, deliver};
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
    // The data center loses what it took, and its account is another then: the station tells it
    // anew in the same contact.
    town.center
        .db()
        .write("a loss", |tx| {
            tx.execute("DELETE FROM centre_usage", &[])?;
            tx.execute("UPDATE account_version SET value = value + 1", &[])
        })
        .await
        .unwrap_or_else(|fault: server::db::DbError| unreachable!("{fault}"));
    counter.contact().await.unwrap();
    assert_eq!(usage(&town).await, [("ours".to_owned(), 3, 3 * 780)]);
}

/// What the data center answers to somebody who fetches `path`: JSON, or status and code.
async fn fetched(line: &Arc<Line>, path: String) -> Result<Value, (u16, String)> {
    let answer = line.deliver(LinkRequest::fetch(path)).await;
    answer
        .map(|body| serde_json::from_slice(&body).unwrap())
        .map_err(|fault| {
            let problem = fault.problem().unwrap();
            (problem.status, problem.code.clone())
        })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_reads_its_own_account_and_statement_and_nothing_without_its_certificate() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    centre(&town, "Sales").await;
    let this_month = shared::clock::civil_date(server::clock::Clock::now(town.clock.as_ref()));
    let month = shared::services::accounts::Month::of(this_month);
    let surcharge = TreeCall::Surcharge {
        centre: "Sales".to_owned(),
        basis_points: 1_000,
        fixed: Mills::new(5).unwrap(),
        from: None,
    };
    tree(&town, surcharge).await;
    counter.contact().await.unwrap();
    print_for(&counter, Some("Sales")).await.unwrap();
    counter.contact().await.unwrap();

    let line = Line::clean(&town.center, &counter.station);
    let own = fetched(&line, "/v1/accounts/self".to_owned())
        .await
        .unwrap();
    assert_eq!(own["name"], "Demo");
    assert_eq!(own["balance_mills"], 80_000);
    assert_eq!(own["cost_centres"][0]["name"], "Sales");
    let path = format!("/v1/accounts/statement?month={month}");
    let statement = fetched(&line, path.clone()).await.unwrap();
    assert_eq!(statement["closing"], 80_000);
    assert_eq!(statement["refills"], -20_000);
    assert_eq!(statement["centres"][0]["postage"], 780);
    assert_eq!(statement["centres"][0]["surcharge"], 78 + 5);
    let station = &statement["stations"][0];
    assert_eq!(
        (&station["stated"], &station["reported"]),
        (&780.into(), &780.into())
    );
    for (query, status, code) in [
        ("?month=2026-13", 400, "bad_month"),
        ("", 400, "bad_month"),
        ("?month=2999-01", 404, "month_not_begun"),
    ] {
        let path = format!("/v1/accounts/statement{query}");
        let refused = fetched(&line, path).await.unwrap_err();
        assert_eq!(refused, (status, code.to_owned()), "{query}");
    }
    let nobody = Caller {
        address: SocketAddr::from(([127, 0, 0, 1], 1)),
        certificate: None,
    };
    let router = server::services::router(town.center.clone());
    let refused = deliver(&router, nobody, LinkRequest::fetch(path)).await;
    let problem = refused.unwrap_err().problem().unwrap().clone();
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (401, "level_too_low")
    );
    let told = town
        .admin(AdminCall::AccountStatement {
            account: ACCOUNT.to_owned(),
            month,
        })
        .await;
    assert_eq!(told[0]["centres"], statement["centres"]);
}
