//! Quotes as a person reads them.

use insta::assert_snapshot;

use super::super::options;
use super::*;

fn read(request: &QuoteRequest) -> String {
    written(&quote(&EDITION, request).unwrap())
}

#[test]
fn a_letter_explains_itself() {
    assert_snapshot!(read(&letter("28g")), @r#"
    0.78 by us-2026-07-12
        0.78  First-Class letter, metered, 0.988 oz, not over 1 oz [first-class letter metered 1 oz]
      - Sample prices: nobody has confirmed this edition.
    "#);
    assert_snapshot!(read(&extras(sized(letter("2.5oz"), "6x6x0.1in"), &["certified", "return-receipt"])), @r#"
    12.05 by us-2026-07-12
        1.36  First-Class letter, metered, 2.5 oz, not over 3 oz [first-class letter metered 3 oz]
        0.49  Nonmachinable surcharge: length over height is not between 1.3 and 2.5 [first-class letter nonmachinable]
        5.55  Certified Mail [first-class certified]
        4.65  Return receipt, paper [first-class return-receipt]
      - Sample prices: nobody has confirmed this edition.
    "#);
}

#[test]
fn a_parcel_explains_itself() {
    assert_snapshot!(read(&on(parcel("2lb3oz", "94103"), ADVENT)), @r#"
    16.30 by us-2026-07-12, zone 8
       15.75  Ground Advantage parcel, commercial, 2 lb 3 oz rounded up to 3 lb, zone 8 [ground-advantage parcel commercial 3 lb zone 8]
        0.55  Temporary holiday surcharge, to 3 lb, zones 5 to 9, 2026-10-04 to 2027-01-17 [ground-advantage commercial holiday-2026 3 lb zones 5-9]
      - Without a size: dimensional weight is left out.
      - Sample prices: nobody has confirmed this edition.
    "#);
    assert_snapshot!(read(&sized(parcel("3lb", "11201"), "24x14x10in")), @r#"
    25.32 by us-2026-07-12, zone 1 estimated
       25.32  Ground Advantage parcel, commercial, dimensional weight 25 lb (3360 cubic inches / 139), zone 1 [ground-advantage parcel commercial 25 lb zone 1]
      - Zone estimated by distance: the zone chart has no pair 100 and 112.
      - The post may add "ground-advantage parcel nonstandard length over 22 in"; this edition has no price for it.
      - Sample prices: nobody has confirmed this edition.
    "#);
    assert_snapshot!(read(&retail(sized(parcel("6oz", "96943"), "6x4x2in"))), @r#"
    9.45 by us-2026-07-12, zone 9
        9.45  Ground Advantage parcel, retail, 6 oz, not over 8 oz, zone 9 [ground-advantage parcel retail 8 oz zone 9]
      - Sample prices: nobody has confirmed this edition.
    "#);
}

#[test]
fn a_heavy_letter_explains_that_it_is_priced_as_a_flat() {
    let edition = synthetic(&[(r#"{"to": "4oz"}"#, r#"{"to": "4oz", "price": "2.51"}"#)]);
    let rigid = QuoteRequest {
        nonmachinable: true,
        ..letter("3.75oz")
    };
    assert_snapshot!(written(&quote(&edition, &rigid).unwrap()), @r#"
    2.51 by us-2026-07-12
        2.51  First-Class flat, metered, 3.75 oz, not over 4 oz [first-class flat metered 4 oz]
      - Heavier than 3.5 oz, so it pays the price of a flat.
      - No nonmachinable surcharge on a flat.
      - Sample prices: nobody has confirmed this edition.
    "#);
}

#[test]
fn all_ways_are_offered_cheapest_first_with_the_reasons_against() {
    let list = |request: &QuoteRequest| {
        let ways = options(&EDITION, request, None).into_iter();
        let lines = ways.map(|way| format!("{}: {}", way.title, outcome(way.outcome)));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(list(&letter("1oz")), @r#"
    First-Class postcard: 0.65
    First-Class letter: 0.78
    First-Class flat: 1.69
    Ground Advantage parcel: 7.69
    Priority Mail Flat Rate padded envelope: 11.99
    Priority Mail parcel: 12.97
    Priority Mail Flat Rate medium box: 21.17
    Priority Mail Flat Rate large box: 31.00
    Priority Mail Flat Rate envelope: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:envelope commercial 70 lb"
    Priority Mail Flat Rate legal envelope: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:legal-envelope commercial 70 lb"
    Priority Mail Flat Rate small box: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:small-box commercial 70 lb"
    Priority Mail Express parcel: missing_cell: edition us-2026-07-12 has no price in the cell "priority-express parcel retail 8 oz zone 5"
    Media Mail parcel: missing_cell: edition us-2026-07-12 has no price in the cell "media parcel retail 1 lb"
    International letter: only_abroad: An International letter goes abroad only, and 62701 is in this country
    First-Class Package International: only_abroad: A First-Class Package International goes abroad only, and 62701 is in this country
    Priority Mail International: only_abroad: A Priority Mail International goes abroad only, and 62701 is in this country
    "#);
    assert_snapshot!(list(&sized(letter("5oz"), "9x6x0.5in")), @r#"
    Ground Advantage parcel: 7.69
    Priority Mail Flat Rate padded envelope: 11.99
    Priority Mail parcel: 12.97
    Priority Mail Flat Rate medium box: 21.17
    Priority Mail Flat Rate large box: 31.00
    First-Class postcard: wrong_size: A First-Class postcard may be at most 6 x 4.25 x 0.016 in; this piece is 9 x 6 x 0.5 in
    First-Class letter: wrong_size: A First-Class letter may be at most 11.5 x 6.125 x 0.25 in; this piece is 9 x 6 x 0.5 in
    First-Class flat: missing_cell: edition us-2026-07-12 has no price in the cell "first-class flat metered 5 oz"
    Priority Mail Flat Rate envelope: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:envelope commercial 70 lb"
    Priority Mail Flat Rate legal envelope: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:legal-envelope commercial 70 lb"
    Priority Mail Flat Rate small box: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:small-box commercial 70 lb"
    Priority Mail Express parcel: missing_cell: edition us-2026-07-12 has no price in the cell "priority-express parcel retail 8 oz zone 5"
    Media Mail parcel: missing_cell: edition us-2026-07-12 has no price in the cell "media parcel retail 1 lb"
    International letter: only_abroad: An International letter goes abroad only, and 62701 is in this country
    First-Class Package International: only_abroad: A First-Class Package International goes abroad only, and 62701 is in this country
    Priority Mail International: only_abroad: A Priority Mail International goes abroad only, and 62701 is in this country
    "#);
    assert_snapshot!(list(&extras(letter("0.5oz"), &["certified"])), @r#"
    First-Class postcard: 6.20
    First-Class letter: 6.33
    First-Class flat: 7.24
    Priority Mail Flat Rate padded envelope: 17.54
    Priority Mail parcel: 18.52
    Priority Mail Flat Rate medium box: 26.72
    Priority Mail Flat Rate large box: 36.55
    Ground Advantage parcel: unknown_extra: ground-advantage has no extra service "certified"
    Priority Mail Flat Rate envelope: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:envelope commercial 70 lb"
    Priority Mail Flat Rate legal envelope: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:legal-envelope commercial 70 lb"
    Priority Mail Flat Rate small box: missing_cell: edition us-2026-07-12 has no price in the cell "priority flat-rate:small-box commercial 70 lb"
    Priority Mail Express parcel: missing_cell: edition us-2026-07-12 has no price in the cell "priority-express parcel retail 8 oz zone 5"
    Media Mail parcel: missing_cell: edition us-2026-07-12 has no price in the cell "media parcel retail 1 lb"
    International letter: only_abroad: An International letter goes abroad only, and 62701 is in this country
    First-Class Package International: only_abroad: A First-Class Package International goes abroad only, and 62701 is in this country
    Priority Mail International: only_abroad: A Priority Mail International goes abroad only, and 62701 is in this country
    "#);
}

#[test]
fn every_refusal_has_a_code_a_sentence_and_a_hint() {
    let requests = [
        QuoteRequest {
            to: "00001".parse().unwrap(),
            ..letter("1oz")
        },
        letter("20oz"),
        sized(letter("1oz"), "20x10x1in"),
        flat("5oz"),
        on(letter("1oz"), date(2020, 1, 1)),
        QuoteRequest {
            class: MailClass::GroundAdvantage,
            ..letter("1oz")
        },
        QuoteRequest {
            kind: Some(PriceKind::Commercial),
            ..letter("1oz")
        },
        QuoteRequest {
            shape: Shape::Postcard,
            nonmachinable: true,
            ..letter("0.1oz")
        },
        extras(letter("1oz"), &["gold"]),
        extras(letter("1oz"), &["return-receipt"]),
    ];
    let lines = requests.iter().map(|request| {
        let refusal = quote(&EDITION, request).unwrap_err();
        format!("{}: {refusal}. {}", refusal.code(), refusal.hint())
    });
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    unknown_zip: ZIP 00001 is not in the reference data. Check the ZIP with the sender.
    overweight: A First-Class flat may weigh at most 13 oz; this piece weighs 1 lb 4 oz. Choose a class that carries this weight.
    wrong_size: A First-Class letter may be at most 11.5 x 6.125 x 0.25 in; this piece is 20 x 10 x 1 in. Measure again, or choose a shape that allows this size.
    missing_cell: edition us-2026-07-12 has no price in the cell "first-class flat metered 5 oz". Ask the data center for an edition that has this price.
    no_edition_in_force: no rate edition is in force on 2020-01-01. Make a contact: the data center sends the editions it has published.
    not_in_edition: edition us-2026-07-12 has no ground-advantage letter. Choose another class or shape.
    no_such_price: edition us-2026-07-12 has no commercial price for first-class letter. Leave the kind of price out to get the usual one.
    nonmachinable: a nonmachinable piece does not get the postcard price. Price it as a letter or as a parcel.
    unknown_extra: first-class has no extra service "gold". Leave the extra service out or choose another class.
    extra_conflict: "return-receipt" needs certified or registered. Change the extra services.
    "#);
}
