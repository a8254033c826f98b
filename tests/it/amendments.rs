//! Corrections of dates and additional postage over whole contacts: the data center's mirror
//! replays them, counts them and holds them against the registers.

use server::admin::call::{AdminCall, StatisticsAsked};
use station::api::{AmendCall, AmendHow, Call, PieceState, PieceView, PrintOut, View};
use station::station::Asker;
use system_tests::town::{Counter, Town};

async fn amend(counter: &Counter, serial: &str, how: AmendHow) -> PieceView {
    let call = AmendCall {
        serial: serial.to_owned(),
        how,
        out: PrintOut::Folder { path: None },
        cost_centre: None,
        override_reason: None,
        job_key: None,
        asker: Asker::default(),
    };
    let view = counter.station.call(Call::Amend(call)).await.unwrap();
    let View::Piece(piece) = view else {
        unreachable!("{view:?}")
    };
    assert_eq!(piece.state, PieceState::Printed);
    *piece
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_center_mirrors_and_counts_corrections_and_additional_postage() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let letter = counter.print_letter("1oz", "10001").await.unwrap();
    let tomorrow = letter
        .date
        .parse::<jiff::civil::Date>()
        .unwrap()
        .tomorrow()
        .unwrap();
    let date = Some(tomorrow.to_string());
    amend(&counter, &letter.serial, AmendHow::Correction { date }).await;
    let amount = "0.29".to_owned();
    amend(
        &counter,
        &letter.serial,
        AmendHow::Additional { amount, date: None },
    )
    .await;
    // The next refill states the journal; its records follow and are replayed.
    counter.refill("5.00").await.unwrap();
    let met = counter.contact().await.unwrap();
    let ill = met
        .services
        .iter()
        .find(|one| one.outcome == "failed" || one.outcome == "refused");
    assert!(ill.is_none(), "{ill:?}");
    let status = counter.status().await;
    assert_eq!(
        (status.registers.ascending, status.registers.piece_count),
        (1_070, 3)
    );
    assert_eq!(status.state, "active");
    let asked = StatisticsAsked {
        by: "shape".to_owned(),
        ..Default::default()
    };
    let counted = town.admin(AdminCall::Statistics(asked)).await.remove(0);
    assert_eq!(counted["total"]["pieces"], 3, "{counted}");
    assert_eq!(counted["total"]["postage_mills"], 1_070, "{counted}");
    assert_eq!(counted["reconciliation"]["hold"], 1, "{counted}");
    let keys: Vec<&str> = counted["groups"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|group| group["key"][0].as_str())
        .collect();
    assert_eq!(keys, ["additional", "correction", "letter"]);
}
