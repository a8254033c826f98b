use super::*;
use crate::printing::layout::samples::{day_end_face, head, lines, refund_face};

fn stock(name: &str) -> Stock {
    Stock::by_name(name).unwrap()
}

#[test]
fn a_slip_on_a_roll_is_as_long_as_what_it_says() {
    let roll = stock("roll-80");
    let long = receipt(&head(), &lines(), &roll, Dpi::D203)
        .unwrap()
        .height();
    let short = PieceLines {
        weight: String::new(),
        ..lines()
    };
    let short = receipt(&head(), &short, &roll, Dpi::D203).unwrap().height();
    assert!(short < long && long < Um::mm(100));
    let label = receipt(&head(), &lines(), &stock("label-4x6"), Dpi::D203).unwrap();
    assert_eq!(label.height(), Um::inches(6, 1));
}

#[test]
fn a_day_with_more_kinds_than_the_paper_has_rows_is_refused_on_a_label_and_fits_a_roll() {
    let line = day_end_face().lines[0].clone();
    let face = DayEndFace {
        lines: vec![line; 30],
        ..day_end_face()
    };
    let refusal = day_end_slip(&head(), &face, &stock("label-4x6"), Dpi::D300).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "a day-end slip does not fit on the label 4×6 in"
    );
    assert!(day_end_slip(&head(), &face, &stock("roll-62"), Dpi::D300).is_ok());
}

#[test]
fn slips_are_not_printed_on_envelopes() {
    let refusal = refund_slip(&head(), &refund_face(), &stock("envelope-dl"), Dpi::D300);
    assert_eq!(
        refusal.unwrap_err().to_string(),
        "a refund slip is not printed on the envelope DL"
    );
}

#[test]
fn a_day_that_does_not_add_up_says_so() {
    let said = |holds| {
        let face = DayEndFace {
            holds,
            ..day_end_face()
        };
        let label = day_end_slip(&head(), &face, &stock("label-4x6"), Dpi::D300).unwrap();
        label.lines().collect::<Vec<_>>().join(" ")
    };
    assert!(said(true).contains("All pieces add up to the ascending register."));
    assert!(said(false).contains("Ring your admin."));
}

#[test]
fn a_station_of_value_prints_no_specimen_marking() {
    let live = SlipHead {
        specimen: false,
        ..head()
    };
    let said = |head: &SlipHead| {
        let label = receipt(head, &lines(), &stock("roll-62"), Dpi::D300).unwrap();
        label.lines().any(|line| line == PRACTICE)
    };
    assert!(said(&head()) && !said(&live));
}
