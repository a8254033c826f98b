//! Statistics over whole contacts: every piece is counted once at the data center, whatever the
//! line does, and the counts add up to the registers to the mill.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use server::admin::call::{AdminCall, StatisticsAsked};
use server::db::DbError;
use shared::services::statistics::{PAGES_PATH, StatisticsPage};
use shared::wire::{from_cbor, to_cbor};
use station::api::{
    BatchCall, BatchOut, Call, PieceState, ResolveCall, StatisticsCall, StatisticsView, View,
};
use station::contact::link::{Link, LinkRequest};
use station::contact::round::meet_over;
use station::services::Asked;
use system_tests::line::{Line, Trick};
use system_tests::town::{Counter, Town};

use crate::commands::{Desk, Site};

/// The data center's own count.
async fn counted(town: &Town, by: &str) -> Value {
    let asked = StatisticsAsked {
        by: by.to_owned(),
        ..Default::default()
    };
    town.admin(AdminCall::Statistics(asked)).await.remove(0)
}

/// The station's own count.
async fn own(counter: &Counter, by: &str) -> StatisticsView {
    let call = StatisticsCall {
        by: Some(by.to_owned()),
        ..Default::default()
    };
    let view = counter.station.call(Call::Statistics(call)).await.unwrap();
    let View::Statistics(view) = view else {
        unreachable!("{view:?}")
    };
    *view
}

async fn spoil(counter: &Counter, serial: &str) {
    let call = ResolveCall {
        serial: serial.to_owned(),
        answer: PieceState::Spoiled,
    };
    counter.station.call(Call::Resolve(call)).await.unwrap();
}

/// How the service fared in a contact over the line that the Internet is.
async fn outcome(counter: &Counter) -> String {
    let met = counter.contact().await.unwrap();
    let mut services = met.services.into_iter();
    let found = services.find(|one| one.service == "statistics");
    found.map_or_else(String::new, |one| one.outcome)
}

fn holds(count: &Value, vaults: u64) {
    let sums = &count["reconciliation"];
    assert_eq!(sums["vaults"], vaults, "{sums}");
    assert_eq!(sums["hold"], vaults, "{sums}");
    assert_eq!(sums["alarms"], 0, "{sums}");
}

/// Letters and parcels of two cost centres, in one batch.
async fn batch(counter: &Counter) {
    let csv = "name,address,city,state,zip,class,shape,weight,cost_centre\n\
        A,1 Main St,Boise,ID,83702,first-class,letter,1oz,Sales\n\
        B,2 Main St,Boise,ID,83702,first-class,letter,2oz,Sales\n\
        C,3 Main St,New York,NY,10001,ground-advantage,parcel,2lb,Stores\n";
    let call = BatchCall {
        csv: csv.to_owned(),
        out: BatchOut::Folder { path: None },
    };
    let view = counter.station.call(Call::Batch(call)).await.unwrap();
    let View::Batch(batch) = view else {
        unreachable!("{view:?}")
    };
    assert_eq!(batch.printed, 3, "{batch:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stations_print_is_counted_at_the_data_center_to_the_mill() {
    let town = Town::with_deposit("1000.00").await;
    let (one, two) = (town.enrolled("one").await, town.enrolled("two").await);
    for counter in [&one, &two] {
        counter.refill("100.00").await.unwrap();
    }
    batch(&one).await;
    let letter = one.print_letter("1oz", "10001").await.unwrap();
    two.print_letter("1oz", "94105").await.unwrap();
    assert_eq!(outcome(&one).await, "served");
    assert_eq!(outcome(&two).await, "served");
    let all = counted(
        &town,
        "station,class,shape,step,zone,edition,cost-centre,user",
    )
    .await;
    holds(&all, 2);
    let ascending = |status: station::api::StatusView| status.registers.ascending;
    let printed = ascending(one.status().await) + ascending(two.status().await);
    assert_eq!(all["total"]["postage_mills"], printed);
    assert_eq!(all["total"]["pieces"], 5);
    let keys: BTreeSet<String> = all["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["key"].to_string())
        .collect();
    let (first, second) = (&own(&one, "station").await, &own(&two, "station").await);
    let (first, second) = (&first.groups[0].key[0], &second.groups[0].key[0]);
    let letters = |station: &str, step: &str, centre: &str| {
        format!(
            r#"["{station}","first-class","letter","{step}","none","us-2026-07-12","{centre}","clerk"]"#
        )
    };
    for key in [
        letters(first, "1 oz", "Sales"),
        letters(first, "2 oz", "Sales"),
        letters(first, "1 oz", "none"),
        letters(second, "1 oz", "none"),
    ] {
        assert!(keys.contains(&key), "{key} is not in {keys:?}");
    }
    assert!(
        keys.iter()
            .any(|key| key.contains(r#""parcel","2 lb","8""#)),
        "{keys:?}"
    );
    assert_eq!(all["total"]["spoiled"], 0);
    spoil(&one, &letter.serial).await;
    assert_eq!(outcome(&one).await, "served", "an answer is told later");
    assert_eq!(outcome(&one).await, "nothing", "and nothing twice");
    let total = counted(&town, "").await["total"].clone();
    assert_eq!(total["spoiled"], 1);
    assert_eq!(total["spoiled_mills"], letter.postage_mills);
    assert_eq!(
        total["postage_mills"], printed,
        "what is spoiled was printed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_counts_its_own_pieces_as_the_data_center_does() {
    let town = Town::with_deposit("1000.00").await;
    let one = town.enrolled("one").await;
    one.refill("100.00").await.unwrap();
    batch(&one).await;
    let before = own(&one, "class,cost-centre").await;
    assert!(before.holds && before.told < before.records);
    one.contact().await.unwrap();
    let after = own(&one, "class,cost-centre").await;
    assert!(after.told > before.told);
    assert_eq!(after.total.postage_mills, after.ascending_mills);
    let center = counted(&town, "class,cost-centre").await;
    let groups = center["groups"].as_array().unwrap();
    assert_eq!(groups.len(), after.groups.len());
    for (theirs, ours) in groups.iter().zip(&after.groups) {
        assert_eq!(theirs["key"], serde_json::to_value(&ours.key).unwrap());
        assert_eq!(theirs["pieces"], ours.tally.pieces);
        assert_eq!(theirs["postage_mills"], ours.tally.postage_mills);
    }
    let chart = (&after.chart.labels, after.chart.series.len());
    assert_eq!(chart.0, &["first-class", "ground-advantage"]);
    assert_eq!(
        center["chart"]["labels"],
        serde_json::to_value(chart.0).unwrap()
    );
    assert_eq!(center["chart"]["series"].as_array().unwrap().len(), chart.1);
}

/// What a line may do to pages, in turn.
const TRICKS: [Trick; 11] = [
    Trick::LoseReply,
    Trick::Twice,
    Trick::LoseRequest,
    Trick::Late(0),
    Trick::NoLine,
    Trick::CutRequest(40),
    Trick::Trailing(1),
    Trick::OldReply(0),
    Trick::CutReply(2),
    Trick::FlipRequest(20),
    Trick::Late(3),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_loses_doubles_and_mixes_pages_changes_no_count() {
    let town = Town::with_deposit("1000.00").await;
    let one = town.enrolled("one").await;
    one.refill("100.00").await.unwrap();
    let mut past = Vec::new();
    let turn = Arc::new(AtomicUsize::new(0));
    for _ in 0..TRICKS.len() {
        let piece = one.print_letter("1oz", "10001").await.unwrap();
        if turn.load(Ordering::SeqCst).is_multiple_of(3) {
            spoil(&one, &piece.serial).await;
        }
        let turn = Arc::clone(&turn);
        let line = Line::new(&town.center, &one.station, past, move |path| {
            if path == PAGES_PATH {
                TRICKS[turn.fetch_add(1, Ordering::SeqCst) % TRICKS.len()]
            } else {
                Trick::None
            }
        });
        let link: Arc<dyn Link> = line.clone();
        drop(meet_over(&one.station, &link, Asked::default()).await);
        past = line.passed();
    }
    assert!(
        turn.load(Ordering::SeqCst) >= TRICKS.len(),
        "every trick was played"
    );
    one.contact().await.unwrap();
    let all = counted(&town, "").await;
    holds(&all, 1);
    let view = own(&one, "").await;
    assert_eq!(all["total"]["pieces"], view.total.pieces);
    assert_eq!(all["total"]["postage_mills"], view.ascending_mills);
    assert_eq!(all["total"]["spoiled"], view.total.spoiled);
    assert!(view.total.spoiled > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_center_that_forgot_is_told_again_and_a_station_that_forgot_is_refused() {
    let town = Town::with_deposit("1000.00").await;
    let one = town.enrolled("one").await;
    one.refill("100.00").await.unwrap();
    batch(&one).await;
    one.contact().await.unwrap();
    // As an old backup would leave it.
    for sql in [
        "DELETE FROM statistic_piece WHERE sequence > 4",
        "UPDATE statistic_vault SET next = 5, held_size = 0, held_ascending = 0",
    ] {
        let edited = town
            .center
            .db()
            .write("an old backup", move |tx| tx.execute(sql, &[]).map(drop));
        let edited: Result<(), DbError> = edited.await;
        edited.unwrap();
    }
    one.print_letter("1oz", "10001").await.unwrap();
    assert_eq!(outcome(&one).await, "served");
    let all = counted(&town, "").await;
    holds(&all, 1);
    assert_eq!(all["total"]["pieces"], 4);

    // As a store that was copied back would tell it, if it started.
    let line = Line::clean(&town.center, &one.station);
    let page = one
        .station
        .apply(|owner| {
            let vault = owner.enrolled()?.id();
            station::services::statistics::page(owner.store(), vault, 0, 0)
        })
        .await
        .unwrap();
    let behind = StatisticsPage {
        to: page.to - 2,
        debits: page.debits[..2].to_vec(),
        kinds: page.kinds[..2].to_vec(),
        ..page
    };
    let request = LinkRequest::Send {
        path: PAGES_PATH.to_owned(),
        body: to_cbor(&behind),
    };
    let refused = line.deliver(request).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, "statistics_behind");
    assert_eq!(
        from_cbor::<StatisticsPage>(&to_cbor(&behind)).unwrap(),
        behind
    );
    assert_eq!(counted(&town, "").await["total"], all["total"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_falsified_row_raises_an_alarm_that_says_where() {
    let town = Town::with_deposit("1000.00").await;
    let one = town.enrolled("one").await;
    one.refill("100.00").await.unwrap();
    one.print_letter("1oz", "10001").await.unwrap();
    one.contact().await.unwrap();
    one.print_letter("2oz", "10001").await.unwrap();
    one.contact().await.unwrap();
    holds(&counted(&town, "").await, 1);
    let edited = town.center.db().write("a falsified row", |tx| {
        tx.execute(
            "UPDATE statistic_piece SET postage = postage - 1 WHERE counter = 2",
            &[],
        )
    });
    let edited: Result<usize, DbError> = edited.await;
    assert_eq!(edited.unwrap(), 1);
    let sums = counted(&town, "").await["reconciliation"].clone();
    assert_eq!((&sums["hold"], &sums["alarms"]), (&0.into(), &1.into()));
    let alarm = sums["stations"][0]["alarms"][0].clone();
    assert_eq!(alarm["alarm"], "difference");
    let ascending = one.status().await.registers.ascending;
    assert_eq!(alarm["stated"], ascending);
    assert_eq!(alarm["reported"], ascending - 1);
    let psd = one.status().await.station.unwrap();
    let shown = town.admin(AdminCall::StationShow { station: psd }).await;
    assert_eq!(shown[0]["statistics"]["alarms"][0], alarm);
    let (from, to) = (
        alarm["from"].as_u64().unwrap(),
        alarm["to"].as_u64().unwrap(),
    );
    let page = one
        .station
        .apply(move |owner| {
            let vault = owner.enrolled()?.id();
            station::services::statistics::page(owner.store(), vault, 0, 0)
        })
        .await
        .unwrap();
    let falsified = page.debits.iter().find(|fact| fact.counter == 2).unwrap();
    assert!((from..to).contains(&falsified.sequence), "{alarm}");
}

/// A site whose one station has printed a letter and told of it.
fn printed() -> (Site, Desk, Value) {
    let site = Site::with_deposit("50.00");
    let desk = site.enrolled("station");
    desk.tell(&["refill", "20.00"]).object();
    let pdf = site.path("letter.pdf").display().to_string();
    let words = "print postage --class first-class --shape letter --weight 1oz --to 10001 --pdf";
    let mut letter: Vec<&str> = words.split(' ').collect();
    letter.push(&pdf);
    let piece = desk.tell(&letter).object();
    desk.tell(&["contact"]).objects();
    (site, desk, piece["postage_mills"].clone())
}

#[test]
fn clerk_and_admin_count_by_command_beside_the_running_data_center() {
    let (site, desk, postage) = printed();
    let own = desk.tell(&["statistics", "--by", "user"]).object();
    assert_eq!(own["holds"], true);
    assert_eq!(own["groups"][0]["key"][0], "clerk");
    assert_eq!(own["all_mills"], postage);
    let wrong = desk.tell(&["statistics", "--by", "colour"]);
    assert_eq!(
        (wrong.code, &wrong.error()["code"]),
        (Some(2), &"bad_input".into())
    );
    let shown = site.admin(&["statistics", "show", "--by", "day,user"]);
    assert_eq!(shown[0]["groups"].as_array().unwrap().len(), 1);
    assert_eq!(shown[0]["total"]["postage_mills"], postage);
    let words = "statistics show --from 2020-01-01 --to 2020-12-31";
    let none: Vec<&str> = words.split(' ').collect();
    assert_eq!(site.admin(&none)[0]["total"]["pieces"], 0);
    let wrong = site.told(&["statistics", "show", "--by", "day,day"]);
    assert_eq!(
        (wrong.code, &wrong.error()["code"]),
        (Some(2), &"usage".into())
    );
}

#[test]
fn an_export_is_a_new_file_and_never_written_over() {
    let (site, _desk, _) = printed();
    let csv = site.path("pieces.csv");
    let mut export = vec!["statistics", "export", "--by", "class,user", "--csv"];
    export.push(csv.to_str().unwrap());
    site.admin(&export);
    let written = std::fs::read_to_string(&csv).unwrap();
    let lines: Vec<&str> = written.split("\r\n").collect();
    assert_eq!(
        lines,
        [
            "class,user,pieces,postage,spoiled,spoiled postage,refunded,refunded postage",
            "first-class,clerk,1,0.780,0,0.000,0,0.000",
            ""
        ]
    );
    let again = site.told(&export);
    assert_eq!(
        (again.code, &again.error()["code"]),
        (Some(3), &"not_written".into())
    );
    assert_eq!(std::fs::read_to_string(&csv).unwrap(), written);
}
