use shared::vault::{Action, JournalRecord};

use crate::api::{
    AmendCall, AmendHow, Call, PieceState, PieceView, PlaceCall, PrintOut, RefundCall, ResolveCall,
    StatisticsCall, UiError, View,
};
use crate::printing::read::symbols_in_file;
use crate::station::Asker;
use crate::station::fixture::{Desk, call, letter, letter_quote, piece};

fn amend(desk: &Desk, serial: &str, how: AmendHow) -> Result<PieceView, UiError> {
    let png = desk.path("amended.png").display().to_string();
    let call = AmendCall {
        serial: serial.to_owned(),
        how,
        out: PrintOut::Files {
            pdf: None,
            png: Some(png),
            escpos: None,
        },
        cost_centre: None,
        override_reason: None,
        job_key: None,
        asker: Asker::default(),
    };
    piece(desk, Call::Amend(call))
}

fn correct(desk: &Desk, serial: &str, date: &str) -> Result<PieceView, UiError> {
    let date = Some(date.to_owned());
    amend(desk, serial, AmendHow::Correction { date })
}

fn add(desk: &Desk, serial: &str, amount: &str) -> Result<PieceView, UiError> {
    let amount = amount.to_owned();
    amend(desk, serial, AmendHow::Additional { amount, date: None })
}

fn printed(desk: &Desk) -> PieceView {
    piece(desk, Call::Print(letter(desk, "first"))).unwrap()
}

/// The registers in mills and the count of pieces.
fn registers(desk: &Desk) -> (u64, u64, u64) {
    let View::Status(status) = call(desk, Call::Status).unwrap() else {
        panic!("not a status")
    };
    let all = status.registers;
    assert_eq!(all.ascending + all.descending, all.control_total);
    (all.ascending, all.control_total, all.piece_count)
}

fn journal_holds(desk: &Desk) {
    let View::Journal(view) = call(desk, Call::VerifyJournal).unwrap() else {
        panic!("not a journal")
    };
    assert!(view.intact, "{:?}", view.fault);
}

#[test]
fn a_wrong_date_is_corrected_once_by_an_indicium_of_nothing() {
    let desk = Desk::new();
    let first = printed(&desk);
    assert!(first.may_correct);
    let right = correct(&desk, &first.serial, "2026-11-20").unwrap();
    assert_eq!(right.state, PieceState::Printed);
    assert_eq!(
        (right.postage_mills, right.date.as_str()),
        (0, "2026-11-20")
    );
    assert_eq!(
        (right.class.as_str(), right.shape.as_str()),
        ("first-class", "correction")
    );
    assert_eq!(right.amends.as_deref(), Some(first.serial.as_str()));
    assert!(!right.may_correct);
    // Nothing was paid, and it is a piece of its own.
    assert_eq!(registers(&desk), (780, 50_000, 2));
    let symbols = symbols_in_file(&std::fs::read(desk.path("amended.png")).unwrap()).unwrap();
    let hex = right.indicium_hex.unwrap();
    assert_eq!(symbols.iter().map(hex::encode).collect::<Vec<_>>(), [hex]);
    let again = correct(&desk, &first.serial, "2026-11-21").unwrap_err();
    assert_eq!(again.code, "already_corrected");
    assert_eq!(registers(&desk), (780, 50_000, 2));
    journal_holds(&desk);
}

#[test]
fn a_correction_survives_a_restart_and_is_still_the_only_one() {
    let mut desk = Desk::new();
    let first = printed(&desk);
    correct(&desk, &first.serial, "2026-11-20").unwrap();
    desk.restart();
    let again = correct(&desk, &first.serial, "2026-11-21").unwrap_err();
    assert_eq!(again.code, "already_corrected");
    journal_holds(&desk);
}

#[test]
fn short_postage_is_made_up_for_by_a_second_indicium() {
    let desk = Desk::new();
    let first = printed(&desk);
    let more = add(&desk, &first.serial, "0.29").unwrap();
    assert_eq!(
        (more.postage_mills, more.shape.as_str()),
        (290, "additional")
    );
    assert_eq!(more.amends.as_deref(), Some(first.serial.as_str()));
    assert_eq!(registers(&desk), (1_070, 50_000, 2));
    // Postage may be short by more than was thought.
    add(&desk, &first.serial, "0.01").unwrap();
    assert_eq!(registers(&desk), (1_080, 50_000, 3));
    journal_holds(&desk);
}

#[test]
fn the_journal_names_the_piece_that_is_amended() {
    let desk = Desk::new();
    let first = printed(&desk);
    correct(&desk, &first.serial, "2026-11-20").unwrap();
    let records = desk.station().apply_blocking(|owner| {
        let size = owner.store().mark().journal_size;
        Ok(owner.store().records(0, size)?)
    });
    let last = records.unwrap().pop().unwrap();
    let Ok(Action::Debit(debit)) = JournalRecord::decode(&last).unwrap().action() else {
        panic!("not a debit")
    };
    assert_eq!((debit.amends.unwrap().counter, debit.counter), (1, 2));
    assert_eq!(&debit.category, b"CORR");
}

#[test]
fn what_cannot_be_amended_is_refused_and_costs_nothing() {
    let desk = Desk::new();
    let first = printed(&desk);
    let code = |result: Result<PieceView, UiError>| result.unwrap_err().code;
    let serial = first.serial.as_str();
    assert_eq!(code(correct(&desk, serial, "2026-11-18")), "date_is_right");
    assert_eq!(
        code(correct(&desk, serial, "2026-11-17")),
        "date_out_of_range"
    );
    assert_eq!(
        code(correct(&desk, serial, "2026-12-19")),
        "date_out_of_range"
    );
    assert_eq!(code(correct(&desk, serial, "soon")), "bad_input");
    assert_eq!(code(add(&desk, serial, "0")), "postage_out_of_range");
    assert_eq!(code(add(&desk, serial, "100.01")), "postage_out_of_range");
    assert_eq!(code(add(&desk, serial, "60.00")), "insufficient_funds");
    assert_eq!(code(add(&desk, serial, "much")), "not_an_amount");
    assert_eq!(code(add(&desk, "nothing", "1")), "unknown_piece");
    assert_eq!(registers(&desk), (780, 50_000, 1));
    let right = correct(&desk, serial, "2026-11-20").unwrap();
    assert_eq!(code(add(&desk, &right.serial, "1")), "not_an_original");
    let spoiled = ResolveCall {
        serial: first.serial.clone(),
        answer: PieceState::Spoiled,
    };
    piece(&desk, Call::Resolve(spoiled)).unwrap();
    assert_eq!(code(add(&desk, serial, "1")), "piece_state");
    assert_eq!(registers(&desk), (780, 50_000, 2));
    journal_holds(&desk);
}

#[test]
fn a_spoiled_correction_has_nothing_to_claim_back() {
    let desk = Desk::new();
    let first = printed(&desk);
    let right = correct(&desk, &first.serial, "2026-11-20").unwrap();
    let spoiled = ResolveCall {
        serial: right.serial.clone(),
        answer: PieceState::Spoiled,
    };
    piece(&desk, Call::Resolve(spoiled)).unwrap();
    let claim = RefundCall {
        serial: right.serial,
    };
    assert_eq!(
        call(&desk, Call::Refund(claim)).unwrap_err().code,
        "nothing_to_refund"
    );
}

#[test]
fn amendments_are_counted_apart_from_the_pieces_they_amend() {
    let desk = Desk::new();
    let first = printed(&desk);
    correct(&desk, &first.serial, "2026-11-20").unwrap();
    add(&desk, &first.serial, "0.29").unwrap();
    let asked = StatisticsCall {
        by: Some("shape,step".into()),
        ..StatisticsCall::default()
    };
    let View::Statistics(view) = call(&desk, Call::Statistics(asked)).unwrap() else {
        panic!("not statistics")
    };
    let groups: Vec<(String, u64, u64)> = view
        .groups
        .iter()
        .map(|group| {
            (
                group.key.join(" "),
                group.tally.pieces,
                group.tally.postage_mills,
            )
        })
        .collect();
    let expected = [
        ("additional none".to_owned(), 1, 290),
        ("correction none".to_owned(), 1, 0),
        ("letter 1 oz".to_owned(), 1, 780),
    ];
    assert_eq!(groups, expected);
    assert!(view.holds, "the counts add up to the register");
}

#[test]
fn an_address_that_ends_with_a_country_goes_there() {
    let desk = Desk::new();
    let place = |text: &str| {
        let text = text.to_owned();
        let View::Place(place) = call(&desk, Call::Place(PlaceCall { text })).unwrap() else {
            panic!("not a place")
        };
        (place.country, place.zip, place.lines.len())
    };
    let germany = (Some("DE".to_owned()), None, 2);
    assert_eq!(
        place("Ada\nUnter den Linden 6, 10117 Berlin\nGERMANY\n"),
        germany
    );
    assert_eq!(place("Ada\nBoston MA 02108").0, None);
    assert_eq!(place("Ada\nBoston MA 02108").1.as_deref(), Some("02108"));
}

#[test]
fn every_class_of_the_edition_prints_and_reads_back() {
    let desk = Desk::new();
    desk.refill(50_000);
    let prints = |class: &str, shape: &str, weight: &str, to: &str| {
        let mut asked = letter(&desk, &format!("{class}-{}", shape.replace(':', "-")));
        let quote = &mut asked.quote;
        *quote = letter_quote();
        (quote.class, quote.shape) = (class.into(), shape.into());
        (quote.weight, quote.to) = (weight.into(), to.into());
        piece(&desk, Call::Print(asked)).unwrap()
    };
    let box_ = prints("priority", "flat-rate:padded-envelope", "2lb", "94103");
    assert_eq!(
        (box_.postage_mills, box_.shape.as_str()),
        (11_990, "flat-rate:padded-envelope")
    );
    let parcel = prints("priority", "parcel", "1lb", "94103");
    // 15.22 and the season's 0.85.
    assert_eq!(parcel.postage_mills, 16_070);
    let abroad = prints("international", "parcel", "1lb", "Germany");
    assert_eq!(
        (abroad.postage_mills, abroad.destination.as_str()),
        (29_950, "")
    );
    assert_eq!(abroad.place.as_deref(), Some("Germany"));
    let refused = {
        let mut asked = letter(&desk, "media");
        (asked.quote.class, asked.quote.shape) = ("media".into(), "parcel".into());
        piece(&desk, Call::Print(asked)).unwrap_err()
    };
    assert_eq!(refused.code, "missing_cell");
    assert!(
        refused.message.contains("media parcel retail 1 lb"),
        "{}",
        refused.message
    );
    journal_holds(&desk);
}
