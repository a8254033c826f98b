//! Spoiled pieces claimed back: credited in seconds, taken back when the piece turns up, decided by
//! two admins above the limits, and final in time. Registers are never touched.

use std::process::Command;
use std::sync::Arc;

use server::admin::approval::Consent;
use server::admin::call::AdminCall;
use server::admin::money::MoneyCall;
use server::repository::{RepositoryError, RepositoryRole, store};
use shared::services::funds::INDICIUM_CERTIFICATE_DAYS;
use shared::services::repository::STOP_LIST_TARGET;
use shared::tuf::Targets;
use station::api::{Call, PieceState, PieceView, RefundCall, ResolveCall, UiError, View};
use system_tests::line::{Line, Trick};
use system_tests::town::{ACCOUNT, Counter, Town};

use crate::commands::{executable, tell};

async fn piece(counter: &Counter, call: Call) -> Result<PieceView, UiError> {
    let view = counter.station.call(call).await?;
    let View::Piece(piece) = view else {
        unreachable!("{view:?}")
    };
    Ok(*piece)
}

async fn spoil(counter: &Counter, serial: &str) {
    let call = ResolveCall {
        serial: serial.to_owned(),
        answer: PieceState::Spoiled,
    };
    piece(counter, Call::Resolve(call)).await.unwrap();
}

async fn refund(counter: &Counter, serial: &str) -> Result<PieceView, UiError> {
    let call = RefundCall {
        serial: serial.to_owned(),
    };
    piece(counter, Call::Refund(call)).await
}

/// The state of a piece's claim as the station knows it.
async fn state(counter: &Counter, serial: &str) -> String {
    let view = counter
        .station
        .call(Call::Pieces(Default::default()))
        .await
        .unwrap();
    let View::Pieces(view) = view else {
        unreachable!("{view:?}")
    };
    let mut pieces = view.pieces.into_iter();
    let found = pieces.find(|piece| piece.serial == serial);
    found.unwrap().refund.unwrap().state
}

async fn spoiled_letter(counter: &Counter) -> String {
    let serial = counter.print_letter("1oz", "10001").await.unwrap().serial;
    spoil(counter, &serial).await;
    serial
}

async fn scan(town: &Town, text: &str) -> serde_json::Value {
    town.money(MoneyCall::ScanImport {
        text: text.to_owned(),
    })
    .await
}

async fn upkeep(town: &Town) {
    let center = Arc::clone(&town.center);
    tokio::task::spawn_blocking(move || center.upkeep().unwrap())
        .await
        .unwrap();
}

async fn stop_list(town: &Town) -> Vec<String> {
    let money = MoneyCall::StopList;
    let shown = town.admin(AdminCall::Money { money }).await;
    let serial = |view: &serde_json::Value| view["serial"].as_str().unwrap().to_owned();
    shown.iter().map(serial).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoiled_piece_is_credited_at_once_and_its_refund_is_final_after_ten_days() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let serial = counter.print_letter("1oz", "10001").await.unwrap().serial;
    let refused = refund(&counter, &serial).await.unwrap_err();
    assert_eq!(refused.code, "refund_not_spoiled");
    spoil(&counter, &serial).await;
    let before = counter.status().await.registers;
    let view = refund(&counter, &serial).await.unwrap();
    assert_eq!(view.refund.unwrap().state, "provisional");
    assert_eq!(town.balance().await, 80_780);
    assert_eq!(counter.status().await.registers, before, "registers stay");
    let again = refund(&counter, &serial).await.unwrap();
    assert_eq!(again.refund.unwrap().state, "provisional");
    assert_eq!(town.balance().await, 80_780, "once");
    assert_eq!(stop_list(&town).await, std::slice::from_ref(&serial));
    town.assert_books_hold().await;

    town.turn_days(9);
    upkeep(&town).await;
    counter.contact().await.unwrap();
    assert_eq!(state(&counter, &serial).await, "provisional");
    town.turn_days(2);
    upkeep(&town).await;
    counter.contact().await.unwrap();
    assert_eq!(state(&counter, &serial).await, "final");
    let seen = scan(&town, &serial).await;
    assert_eq!(seen["reversed"], 0, "final is final");
    assert_eq!(town.balance().await, 80_780);
    town.assert_books_hold().await;
}

/// The version of the stop list that stations are offered, and how many pieces it names.
async fn published_list(town: &Town) -> (u64, u64) {
    let role = RepositoryRole::Stops;
    let read = town.center.db().read("stops", move |tx| {
        let newest = store::needed(tx, role)?;
        let targets: Targets = newest.says()?;
        Ok::<_, RepositoryError>((newest.version, targets.targets[STOP_LIST_TARGET].length))
    });
    let (version, length) = read.await.unwrap();
    (version.number(), length / 12)
}

/// What `pennyblack verify` finds out beside the open station, whether the piece holds or not.
fn verified(counter: &Counter, digits: &str) -> serde_json::Value {
    let mut command = Command::new(executable("pennyblack"));
    command.arg("--data").arg(&counter.folder);
    command.args(["--json", "verify", digits]);
    let told = tell(&mut command);
    serde_json::from_str(told.out.lines().next().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stop_list_is_published_once_a_day_and_forgets_what_can_turn_up_no_more() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    assert_eq!(published_list(&town).await, (1, 0));
    town.turn_days(1);
    let first = spoiled_letter(&counter).await;
    refund(&counter, &first).await.unwrap();
    upkeep(&town).await;
    assert_eq!(published_list(&town).await, (2, 1));
    let second = spoiled_letter(&counter).await;
    refund(&counter, &second).await.unwrap();
    upkeep(&town).await;
    assert_eq!(
        published_list(&town).await,
        (2, 1),
        "every station takes all of it"
    );
    town.turn_days(1);
    upkeep(&town).await;
    assert_eq!(published_list(&town).await, (3, 2));
    // As long as a certificate that covers its date can hold, and ten days in the mail.
    town.turn_days(66);
    upkeep(&town).await;
    assert_eq!(published_list(&town).await.1, 2);
    assert_eq!(stop_list(&town).await.len(), 2);
    town.turn_days(2);
    upkeep(&town).await;
    assert_eq!(published_list(&town).await.1, 0);
    assert_eq!(stop_list(&town).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_has_met_the_data_center_since_knows_a_refunded_piece_when_it_sees_it() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let good = counter.print_letter("1oz", "10001").await.unwrap();
    let spoiled = counter.print_letter("1oz", "10001").await.unwrap();
    spoil(&counter, &spoiled.serial).await;
    refund(&counter, &spoiled.serial).await.unwrap();
    town.turn_days(1);
    upkeep(&town).await;
    counter.contact().await.unwrap();
    for (piece, is_stopped) in [(good, false), (spoiled, true)] {
        let finding = verified(&counter, &piece.indicium_hex.unwrap());
        assert_eq!(finding["stopped"], is_stopped, "{finding}");
        assert_eq!(finding["genuine"], !is_stopped, "{finding}");
        assert_eq!(finding["signature"], true, "{finding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refunded_piece_that_turns_up_is_taken_back_and_locks_the_station() {
    let town = Town::with_deposit("20.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let first = spoiled_letter(&counter).await;
    let second = spoiled_letter(&counter).await;
    refund(&counter, &first).await.unwrap();
    refund(&counter, &second).await.unwrap();
    // Nothing is left on the account: what is taken back is owed.
    counter.refill("1.56").await.unwrap();
    let seen = scan(&town, &format!("{first}\nnonsense\n\n{first}\n")).await;
    assert_eq!(seen["reversed"], 780);
    assert_eq!(seen["locked"], 1);
    assert_eq!(
        (seen["scans"].as_u64(), seen["first"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(seen["rejected"][0][0], 2, "the line is named");
    town.assert_books_hold().await;
    let account = town
        .admin(AdminCall::AccountShow {
            account: ACCOUNT.to_owned(),
        })
        .await;
    assert_eq!(account[0]["owed"], 780);
    counter.contact().await.unwrap();
    assert_eq!(state(&counter, &first).await, "reversed");
    assert_eq!(state(&counter, &second).await, "provisional");
    town.deposit("5.00", "second").await;
    assert_eq!(town.balance().await, 4_220, "the debt is paid first");
    let refused = counter.refill("1.00").await.unwrap_err();
    assert_eq!(refused.code, "station_locked");
    // A piece that was seen before it was claimed is not credited.
    let third = spoiled_letter(&counter).await;
    scan(&town, &third).await;
    let refused = refund(&counter, &third).await.unwrap_err();
    assert_eq!(refused.code, "refund_refused");
    assert!(refused.message.contains("seen in the mail"), "{refused}");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_more_than_credited_at_once_waits_for_two_admins() {
    let town = Town::with_deposit("500.00").await;
    let keys = town.admin_keys(&["Ada", "Ben"]).await;
    let counter = town.enrolled("one").await;
    counter.refill("100.00").await.unwrap();
    let mut serials = Vec::new();
    for _ in 0..27 {
        serials.push(spoiled_letter(&counter).await);
    }
    for serial in &serials[..25] {
        refund(&counter, serial).await.unwrap();
    }
    assert_eq!(town.balance().await, 419_500, "25 letters of 0.78");
    for serial in &serials[25..] {
        let view = refund(&counter, serial).await.unwrap();
        assert_eq!(view.refund.unwrap().state, "claimed");
    }
    assert_eq!(town.balance().await, 419_500);
    let approve = |consent| AdminCall::Money {
        money: MoneyCall::RefundApprove {
            serial: serials[25].clone(),
            consent,
        },
    };
    let refused = town.refused(approve(Consent::None)).await;
    assert_eq!(refused.code, "level_too_low");
    let request = town.admin(approve(Consent::Request)).await.remove(0);
    let consent = Town::signed(&request, &[&keys[0], &keys[1]]);
    town.admin(approve(consent)).await;
    assert_eq!(town.balance().await, 420_280);
    town.money(MoneyCall::RefundDecline {
        serial: serials[26].clone(),
    })
    .await;
    counter.contact().await.unwrap();
    assert_eq!(state(&counter, &serials[25]).await, "provisional");
    assert_eq!(state(&counter, &serials[26]).await, "refused");
    // What may still turn up is for refills only.
    let pay_out = AdminCall::Money {
        money: MoneyCall::PayOut {
            account: ACCOUNT.to_owned(),
            amount: shared::money::Mills::parse("400.01").unwrap(),
            reference: "out".to_owned(),
        },
    };
    assert_eq!(town.refused(pay_out).await.code, "for_refills_only");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_made_without_a_line_goes_with_the_next_contact_and_counts_once() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let serial = spoiled_letter(&counter).await;
    let address = counter.set_server("https://127.0.0.1:1").await;
    let waits = refund(&counter, &serial).await.unwrap_err();
    assert_eq!(waits.code, "refund_waits");
    assert_eq!(state(&counter, &serial).await, "asked");
    drop(counter);
    let counter = town.open_station("one").unwrap();
    counter.set_server(&address).await;
    // The reply to the claim is lost: it is asked once more.
    let line = Line::new(&town.center, &counter.station, Vec::new(), |path: &str| {
        if path.ends_with("/funds/refund") {
            Trick::LoseReply
        } else {
            Trick::None
        }
    });
    let link: Arc<dyn station::contact::link::Link> = line;
    let asked = station::services::Asked::default();
    station::contact::round::meet_over(&counter.station, &link, asked)
        .await
        .unwrap();
    assert_eq!(town.balance().await, 80_780);
    assert_eq!(state(&counter, &serial).await, "asked");
    counter.contact().await.unwrap();
    assert_eq!(state(&counter, &serial).await, "provisional");
    assert_eq!(town.balance().await, 80_780, "once");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_after_sixty_days_is_too_late() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let [serial, late] = [
        counter.print_letter("1oz", "10001").await.unwrap().serial,
        counter.print_letter("1oz", "10001").await.unwrap().serial,
    ];
    for days in [20, 20, 20] {
        town.turn_days(days);
        counter.contact().await.unwrap();
    }
    // A piece is claimed by the word that it is spoiled.
    spoil(&counter, &serial).await;
    refund(&counter, &serial).await.unwrap();
    town.turn_days(1);
    spoil(&counter, &late).await;
    let refused = refund(&counter, &late).await.unwrap_err();
    assert_eq!(refused.code, "refund_refused");
    assert!(refused.message.contains("window"), "{refused}");
    assert_eq!(town.balance().await, 80_780);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indicium_of_a_lost_station_that_turns_up_comes_out_of_what_is_held() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    counter.contact().await.unwrap();
    // Two letters nobody stated; both are seen in the mail, the first before the station is lost.
    let first = counter.print_letter("1oz", "10001").await.unwrap();
    let early = scan(&town, &first.indicium_hex.unwrap()).await;
    assert_eq!(
        (early["scans"].as_u64(), early["posted"].as_u64()),
        (Some(1), Some(0))
    );
    let unstated = counter.print_letter("2oz", "10001").await.unwrap();
    let ascending = counter.status().await.registers.ascending;
    let station = counter.status().await.station.unwrap();
    let call = MoneyCall::StationLost { station };
    assert_eq!(town.money(call).await["withdrawal"]["held"], 20_000 - 780);
    let hex = unstated.indicium_hex.unwrap();
    let mut forged = hex.clone();
    forged.replace_range(60..62, if &hex[60..62] == "00" { "01" } else { "00" });
    let seen = scan(&town, &format!("{forged}\n{hex}\n{hex}")).await;
    assert_eq!(seen["rejected"][0][0], 1, "{seen}");
    assert_eq!(seen["posted"], ascending - 780, "up to that piece, once");
    town.assert_books_hold().await;
    let keys = town.admin_keys(&["Ada", "Ben"]).await;
    town.turn_days(INDICIUM_CERTIFICATE_DAYS + shared::vault::HOLD_DAYS);
    let station = counter.status().await.station.unwrap();
    let recover = |consent| AdminCall::Money {
        money: MoneyCall::StationRecover {
            station: station.clone(),
            consent,
        },
    };
    let request = town.admin(recover(Consent::Request)).await.remove(0);
    let consent = Town::signed(&request, &[&keys[0], &keys[1]]);
    town.admin(recover(consent)).await;
    assert_eq!(town.balance().await, 100_000 - ascending);
    town.assert_books_hold().await;
}
