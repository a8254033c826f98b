//! What a coming edition changes, before it does.

use proptest::prelude::*;

use super::super::rehearsal::{
    Change, Parts, PrintedGroup, PrintedPiece, Rehearsal, parts, rehearse, rehearse_printed,
};
use super::properties::any_request;
use super::*;
use crate::money::{Difference, Mills};

fn october() -> Edition {
    Edition::from_json(SOURCE_2025_OCTOBER).unwrap()
}

/// The same prices without a last day, and from another day on.
fn from(edition: &Edition, day: Date) -> Edition {
    let mut edition = edition.clone();
    edition.effective = day;
    edition.until = None;
    edition
}

/// Pieces like the one this request makes by an edition.
fn printed(edition: &Edition, request: &QuoteRequest, count: u64) -> PrintedPiece {
    let quote = quote(edition, request).unwrap();
    PrintedPiece {
        class: request.class,
        shape: request.shape,
        step: quote.step,
        zone: quote.zone,
        day: request.date,
        paid: quote.price,
        count,
    }
}

#[test]
fn a_piece_is_priced_on_the_last_day_of_the_one_and_the_first_of_the_other() {
    let before = october();
    let rehearsed = rehearse(&before, &EDITION, &letter("1oz"));
    assert_eq!(rehearsed.before.as_ref().unwrap().to_string(), "0.74");
    assert_eq!(rehearsed.after.as_ref().unwrap().to_string(), "0.78");
    let (before, after) = (rehearsed.before.clone(), rehearsed.after.clone());
    let difference = Difference::between(before.unwrap(), after.unwrap());
    assert_eq!(difference.to_string(), "+0.04");
    assert_eq!(rehearsed.change(), Change::Costs(difference));
}

#[test]
fn a_season_that_ends_before_the_coming_edition_is_in_neither_price() {
    // The holiday surcharge runs to 2027-01-17.
    let parcel = retail(parcel("2lb", "94103"));
    for (day, change) in [
        (date(2027, 1, 17), "0.00"),
        (date(2027, 1, 18), "-0.75"),
        (date(2027, 1, 19), "0.00"),
    ] {
        let coming = from(&EDITION, day);
        let rehearsed = rehearse(&EDITION, &coming, &parcel);
        let (before, after) = (rehearsed.before.unwrap(), rehearsed.after.unwrap());
        let got = Difference::between(before, after).to_string();
        assert_eq!(got, change, "{day}");
    }
}

#[test]
fn a_piece_that_loses_its_price_is_not_counted_as_a_cheaper_one() {
    let coming = from(
        &synthetic(&[(
            r#"{"to": "2oz", "price": "1.07"}"#,
            r#"{"to": "2oz", "price": null}"#,
        )]),
        date(2027, 2, 1),
    );
    let rehearsed = rehearse(&EDITION, &coming, &letter("2oz"));
    assert_eq!(rehearsed.change(), Change::NoLonger);
    assert!(
        rehearsed
            .after
            .unwrap_err()
            .to_string()
            .contains("first-class letter metered 2 oz")
    );
}

#[test]
fn the_parts_of_a_printed_piece_are_found_again() {
    let of = |request: &QuoteRequest| parts(&EDITION, &printed(&EDITION, request, 1)).unwrap();
    let plain = |kind| Parts {
        kind,
        nonmachinable: false,
        extras: Vec::new(),
        group: None,
    };
    assert_eq!(of(&letter("1oz")), plain(PriceKind::Metered));
    assert_eq!(of(&retail(letter("1oz"))), plain(PriceKind::Retail));
    let names = ["certified", "return-receipt"];
    let certified = of(&extras(letter("1oz"), &names));
    assert_eq!(certified.extras, names);
    let square = of(&QuoteRequest {
        nonmachinable: true,
        ..letter("1oz")
    });
    assert!(square.nonmachinable);
    let unknown = PrintedPiece {
        paid: Mills::parse("0.77").unwrap(),
        ..printed(&EDITION, &letter("1oz"), 1)
    };
    assert_eq!(parts(&EDITION, &unknown), None);
}

/// A month of pieces against an edition of the next spring.
fn month(coming: &Edition) -> Rehearsal {
    let own = &*EDITION;
    let advent = |request: QuoteRequest| on(request, ADVENT);
    let pieces = vec![
        PrintedGroup::Of(own, printed(own, &letter("1oz"), 9_000)),
        PrintedGroup::Of(own, printed(own, &advent(letter("1oz")), 1_000)),
        PrintedGroup::Of(own, printed(own, &letter("2oz"), 40)),
        PrintedGroup::Of(
            own,
            printed(own, &extras(letter("1oz"), &["certified"]), 12),
        ),
        PrintedGroup::Of(
            own,
            printed(own, &advent(retail(parcel("2lb", "94103"))), 30),
        ),
        PrintedGroup::Of(own, printed(own, &retail(parcel("3lb", "11201")), 7)),
        PrintedGroup::Unknown(5),
    ];
    let days = (SUMMER, ADVENT);
    rehearse_printed((own, coming), days, pieces).unwrap()
}

#[test]
fn a_month_of_pieces_shows_the_biggest_change_first_and_names_the_holes() {
    let coming = from(
        &synthetic(&[
            (
                r#"{"to": "1oz", "price": "0.78"}"#,
                r#"{"to": "1oz", "price": "0.81"}"#,
            ),
            (
                r#"{"to": "2oz", "price": "1.07"}"#,
                r#"{"to": "2oz", "price": null}"#,
            ),
            (r#""5.55""#, r#""5.05""#),
        ]),
        date(2027, 3, 1),
    );
    insta::assert_snapshot!(month(&coming).to_string(), @r#"
    us-2026-07-12 replaces us-2026-07-12 on 2027-03-01.
    10049 pieces like those of 2026-08-03 to 2026-12-01 cost 8820.92 instead of 8526.56 (+294.36); the price of 10012 changes.
      pieces  each now  then  change      all  what
       10000      0.78  0.81   +0.03  +300.00  first-class letter metered, 1 oz
          12      6.33  5.86   -0.47    -5.64  first-class letter metered, 1 oz, certified
      no price any more: 40 x first-class letter metered, 2 oz: edition us-2026-07-12 has no price in the cell "first-class letter metered 2 oz"
      5 more pieces are in no sum: their edition is not here, or no edition prices their kind
    "#);
}

#[test]
fn an_edition_that_changes_nothing_says_so() {
    let coming = from(&EDITION, date(2027, 3, 1));
    let month = month(&coming);
    assert_eq!(
        (month.changed, month.lines.len(), month.holes.len()),
        (0, 0, 0)
    );
    assert_eq!(
        (month.not_understood, month.unknown, month.not_priced),
        (0, 5, 0)
    );
    assert_eq!(month.before_mills, month.after_mills);
}

/// A parcel abroad.
fn abroad(weight: &str, country: &str) -> QuoteRequest {
    QuoteRequest {
        class: MailClass::International,
        shape: Shape::Parcel,
        to: country.parse().unwrap(),
        ..retail(letter(weight))
    }
}

#[test]
fn pieces_that_went_abroad_are_rehearsed_by_their_price_group() {
    let own = &*EDITION;
    let german = printed(own, &abroad("5lb", "DE"), 3);
    let found = parts(own, &german).unwrap();
    assert_eq!(found.group, Some(16));
    let coming = from(&synthetic(&[("\"99.85\"", "\"101.85\"")]), date(2027, 3, 1));
    let pieces = vec![PrintedGroup::Of(own, german)];
    let days = (SUMMER, ADVENT);
    let month = rehearse_printed((own, &coming), days, pieces).unwrap();
    assert_eq!(
        (month.pieces, month.changed, month.not_understood),
        (3, 3, 0)
    );
    let line = &month.lines[0];
    assert_eq!(
        line.what,
        "international parcel retail, 5 lb, price group 16"
    );
    assert_eq!(line.all_mills.to_string(), "+6.00");
}

#[test]
fn pieces_in_no_sum_are_counted_apart_by_the_reason() {
    let own = &*EDITION;
    let hole = from(
        &synthetic(&[(
            r#"{"to": "2oz", "price": "1.07"}"#,
            r#"{"to": "2oz", "price": null}"#,
        )]),
        EDITION.effective(),
    );
    let strange = PrintedPiece {
        paid: Mills::parse("0.77").unwrap(),
        ..printed(own, &letter("1oz"), 2)
    };
    let pieces = vec![
        PrintedGroup::Of(own, strange),
        // Priced by its own edition, and by the one that is replaced no more.
        PrintedGroup::Of(own, printed(own, &letter("2oz"), 4)),
        PrintedGroup::Unknown(8),
    ];
    let coming = from(own, date(2027, 3, 1));
    let month = rehearse_printed((&hole, &coming), (SUMMER, ADVENT), pieces).unwrap();
    insta::assert_snapshot!(month.to_string(), @r"
    us-2026-07-12 replaces us-2026-07-12 on 2027-03-01.
    No piece that was printed from 2026-08-03 to 2026-12-01 can be compared.
      2 more pieces are in no sum: no cells of their edition add up to what they paid
      8 more pieces are in no sum: their edition is not here, or no edition prices their kind
      4 more pieces are in no sum: us-2026-07-12 has no price for them
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_piece_that_was_priced_is_understood(request in any_request()) {
        if let Ok(quote) = quote(&EDITION, &request) {
            let piece = printed(&EDITION, &request, 3);
            // Found by class, step and zone alone, and rehearsed against itself nothing changes.
            prop_assert!(parts(&EDITION, &piece).is_some(), "{quote:?}");
            let twin = from(&EDITION, date(2028, 1, 1));
            let pieces = vec![PrintedGroup::Of(&EDITION, piece)];
            let same = rehearse_printed((&EDITION, &twin), (SUMMER, SUMMER), pieces).unwrap();
            prop_assert_eq!(same.changed, 0);
            prop_assert_eq!(same.not_understood, 0);
            prop_assert_eq!(same.pieces, 3);
        }
    }
}
