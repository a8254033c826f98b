use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::wire::{from_cbor, to_cbor};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn mills(mills: u64) -> Mills {
    Mills::new(mills).unwrap()
}

#[test]
fn a_month_is_read_as_people_write_it_and_nothing_else_is() {
    assert_eq!(month("2026-11").number(), 202_611);
    assert_eq!(month("2026-12").next(), month("2027-01"));
    assert_eq!(month("2026-02").first_day().to_string(), "2026-02-01");
    for text in [
        "2026-13", "2026-00", "26-11", "2026-1", "2026/11", "+026-11", "",
    ] {
        assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
    }
}

#[test]
fn a_period_spans_its_own_calendar_months() {
    let around = |period: Period, at| {
        let (first, last) = period.around(month(at));
        format!("{first} {last}")
    };
    assert_eq!(around(Period::Month, "2026-11"), "2026-11 2026-11");
    assert_eq!(around(Period::Quarter, "2026-11"), "2026-10 2026-12");
    assert_eq!(around(Period::Quarter, "2026-01"), "2026-01 2026-03");
    assert_eq!(around(Period::Year, "2026-05"), "2026-01 2026-12");
}

#[test]
fn the_last_mill_of_a_budget_can_be_spent_and_not_one_more() {
    let budgets = Budgets {
        month: Some(mills(1_000)),
        ..Budgets::default()
    };
    let check = |postage| {
        let spent = |_, _| Ok::<_, Infallible>(mills(220));
        budgets
            .check(month("2026-11"), mills(postage), spent)
            .unwrap()
    };
    assert_eq!(check(780), Ok(()));
    let refused = check(781).unwrap_err();
    assert_eq!((refused.period, refused.over), (Period::Month, mills(1)));
}

#[test]
fn nothing_lies_below_a_cost_centre_and_anything_below_the_organisation() {
    for kind in NodeKind::ALL {
        assert!(kind.lies_below(None));
        assert!(!kind.lies_below(Some(NodeKind::CostCentre)));
    }
    assert!(NodeKind::CostCentre.lies_below(Some(NodeKind::Station)));
    assert!(!NodeKind::Office.lies_below(Some(NodeKind::Department)));
}

#[test]
fn a_full_report_fits_into_one_message() {
    let long = "\u{10ffff}".repeat(MAX_NAME_CHARS);
    let usage = Usage {
        centre: long.clone(),
        month: month("2026-11"),
        pieces: u64::MAX,
        postage: mills(crate::money::MAX_MILLS),
    };
    let passed = Override {
        counter: u32::MAX,
        centre: long.clone(),
        user: long,
        reason: "\u{10ffff}".repeat(MAX_REASON_CHARS),
        over: mills(crate::money::MAX_MILLS),
        at: UnixSeconds(i64::MAX),
    };
    let request = AccountsRequest {
        version: VERSION,
        known: u64::MAX,
        usage: vec![usage; USAGE_MAX],
        upto: u64::MAX,
        overrides: vec![passed; OVERRIDES_MAX],
    };
    let bytes = to_cbor(&request);
    assert!(bytes.len() <= 16 * 1_024, "{}", bytes.len());
    assert_eq!(from_cbor::<AccountsRequest>(&bytes).unwrap(), request);
}

proptest! {
    #[test]
    fn a_piece_is_refused_exactly_when_a_budget_would_be_overrun(
        budget in 0..10_000_u64, spent in 0..10_000_u64, postage in 0..10_000_u64,
    ) {
        let budgets = Budgets { quarter: Some(mills(budget)), ..Budgets::default() };
        let answer = budgets
            .check(month("2026-11"), mills(postage), |_, _| Ok::<_, Infallible>(mills(spent)))
            .unwrap();
        prop_assert_eq!(answer.is_ok(), spent + postage <= budget);
    }

    #[test]
    fn every_month_reads_back_from_text_number_and_message(year in 1..9_998_u32, of_year in 1..13_u32) {
        let month = Month::from_number(year * 100 + of_year).unwrap();
        prop_assert_eq!(month.to_string().parse(), Ok(month));
        prop_assert_eq!(from_cbor::<Month>(&to_cbor(&month)).unwrap(), month);
        prop_assert!(month.next() > month);
    }
}
