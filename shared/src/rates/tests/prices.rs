//! Prices against the facts of the price lists, cell by cell where it matters.

use super::*;

#[test]
fn letters_cost_what_the_list_says() {
    for (weight, metered, retail_price) in [
        ("1g", "0.78", "0.82"),
        ("1oz", "0.78", "0.82"),
        ("28.349523125g", "0.78", "0.82"),
        ("28.349523126g", "1.07", "1.11"),
        ("2oz", "1.07", "1.11"),
        ("3oz", "1.36", "1.40"),
        ("3.5oz", "1.65", "1.69"),
    ] {
        assert_eq!(priced(&letter(weight)), metered, "{weight}");
        assert_eq!(priced(&retail(letter(weight))), retail_price, "{weight}");
    }
}

#[test]
fn postcards_and_flats_have_one_price_for_meters_and_counters() {
    let postcard = QuoteRequest {
        shape: Shape::Postcard,
        ..letter("0.2oz")
    };
    assert_eq!(priced(&postcard), "0.65");
    assert_eq!(priced(&retail(postcard)), "0.65");
    assert_eq!(priced(&flat("1oz")), "1.69");
    assert_eq!(priced(&retail(flat("1oz"))), "1.69");
}

#[test]
fn a_missing_cell_refuses_by_its_name() {
    assert_eq!(
        priced(&flat("1.1oz")),
        "missing_cell: edition us-2026-07-12 has no price in the cell \"first-class flat metered 2 oz\""
    );
    assert_eq!(
        priced(&letter("4oz")),
        "missing_cell: edition us-2026-07-12 has no price in the cell \"first-class flat metered 4 oz\""
    );
    for (weight, cell) in [("3oz", "4 oz"), ("10oz", "12 oz"), ("20.5lb", "21 lb")] {
        let wanted = format!("ground-advantage parcel retail {cell} zone 8\"");
        let got = priced(&retail(parcel(weight, "94103")));
        assert!(
            got.starts_with("missing_cell: ") && got.ends_with(&wanted),
            "{got}"
        );
    }
}

#[test]
fn ground_advantage_costs_what_the_list_says() {
    for (weight, zone_1, zone_8) in [
        ("1oz", "6.93", "8.40"),
        ("15.999oz", "6.93", "8.40"),
        ("1lb", "7.61", "10.67"),
        ("1.01lb", "7.99", "12.87"),
        ("2lb3oz", "8.64", "15.75"),
        ("70lb", "53.33", "191.31"),
    ] {
        assert_eq!(priced(&parcel(weight, "11201")), zone_1, "{weight}");
        assert_eq!(priced(&parcel(weight, "94103")), zone_8, "{weight}");
    }
    assert_eq!(priced(&retail(parcel("6oz", "94103"))), "9.45");
    assert_eq!(priced(&retail(parcel("15.999oz", "94103"))), "12.90");
    assert_eq!(priced(&retail(parcel("20lb", "11201"))), "22.75");
}

#[test]
fn pounds_are_rounded_up() {
    assert_eq!(
        priced(&parcel("2lb", "94103")),
        priced(&parcel("1.0001lb", "94103"))
    );
    assert_ne!(
        priced(&parcel("2lb", "94103")),
        priced(&parcel("2.0001lb", "94103"))
    );
}

#[test]
fn the_holiday_surcharge_holds_on_its_first_and_last_day_only() {
    let price = |day| priced(&on(parcel("3lb", "94103"), day));
    assert_eq!(price(date(2026, 10, 3)), "15.75");
    assert_eq!(price(date(2026, 10, 4)), "16.30");
    assert_eq!(price(date(2027, 1, 17)), "16.30");
    assert_eq!(price(date(2027, 1, 18)), "15.75");
}

#[test]
fn the_holiday_surcharge_goes_by_weight_band_zone_group_and_price_list() {
    let price = |request| priced(&on(request, ADVENT));
    for (weight, zone_1, zone_8) in [
        ("15.999oz", "7.33", "8.95"),
        ("3lb", "9.04", "16.30"),
        ("3.1lb", "9.93", "19.06"),
        ("10lb", "12.56", "26.39"),
        ("25lb", "26.37", "79.94"),
    ] {
        assert_eq!(price(parcel(weight, "11201")), zone_1, "{weight}");
        assert_eq!(price(parcel(weight, "94103")), zone_8, "{weight}");
    }
    assert_eq!(price(retail(parcel("1lb", "94103"))), "13.65");
    assert_eq!(price(letter("1oz")), "0.78");
}

#[test]
fn above_its_last_weight_band_the_surcharge_refuses() {
    assert_eq!(
        priced(&on(parcel("25.1lb", "94103"), ADVENT)),
        "missing_cell: edition us-2026-07-12 has no price in the cell \
         \"ground-advantage commercial holiday-2026 26 lb zone 8\""
    );
    assert_eq!(priced(&parcel("26lb", "94103")), "82.80");
}

#[test]
fn dimensional_weight_counts_above_its_threshold_only() {
    let at = |size| priced(&sized(parcel("1lb", "94103"), size));
    assert_eq!(
        at("12x12x12in"),
        "10.67",
        "1728 cubic inches are not above 1728"
    );
    // 13 x 12 x 12 = 1872 cubic inches / 139 = 13.5: 14 lb.
    assert_eq!(at("12.1x12x12in"), "31.53");
    assert_eq!(
        at("30.5x30x30cm"),
        "31.53",
        "sides of 13, 12 and 12 started inches"
    );
    // 16 x 14 x 10 = 2240 / 139 = 16.1: 17 lb, and 20 lb weigh more.
    assert_eq!(at("16x14x10in"), "35.42");
    assert_eq!(
        priced(&sized(parcel("20lb", "94103"), "16x14x10in")),
        "40.39"
    );
}

#[test]
fn the_divisor_is_the_editions() {
    let source = SOURCE_2025_OCTOBER.replace("2026-01-17", "2026-12-31");
    let edition = Edition::from_json(&source).unwrap();
    // 2240 / 166 = 13.5: 14 lb in place of 17.
    let request = retail(sized(parcel("1lb", "94103"), "16x14x10in"));
    assert_eq!(outcome(quote(&edition, &request)), "50.00");
}

#[test]
fn weights_and_sizes_beyond_the_shape_are_refused() {
    assert_eq!(
        priced(&flat("13.1oz")),
        "overweight: A First-Class flat may weigh at most 13 oz; this piece weighs 13.1 oz"
    );
    assert!(priced(&letter("14oz")).starts_with("overweight: A First-Class flat"));
    assert!(priced(&parcel("70.01lb", "94103")).starts_with("overweight: "));
    for (request, words) in [
        (
            sized(letter("1oz"), "12x6x0.2in"),
            "may be at most 11.5 x 6.125 x 0.25 in",
        ),
        (
            sized(letter("1oz"), "9x6x0.3in"),
            "may be at most 11.5 x 6.125 x 0.25 in",
        ),
        (
            sized(letter("1oz"), "4.9x3.5x0.01in"),
            "must be at least 5 x 3.5 x 0.007 in",
        ),
        (
            sized(letter("1oz"), "6x4x0.006in"),
            "must be at least 5 x 3.5 x 0.007 in",
        ),
        (
            sized(flat("1oz"), "15.1x12x0.5in"),
            "may be at most 15 x 12 x 0.75 in",
        ),
        (
            sized(parcel("9lb", "94103"), "60x20x16in"),
            "may measure at most 130 in in length and girth together",
        ),
    ] {
        let got = priced(&request);
        assert!(
            got.starts_with("wrong_size: ") && got.contains(words),
            "{got}"
        );
    }
    assert_eq!(priced(&sized(letter("1oz"), "11.5x6.125x0.25in")), "0.78");
}

#[test]
fn what_machines_cannot_sort_pays_the_surcharge() {
    let declared = QuoteRequest {
        nonmachinable: true,
        ..letter("1oz")
    };
    assert_eq!(priced(&declared), "1.27");
    for (size, price) in [
        ("6x6x0.1in", "1.27"),
        ("7.8x6x0.1in", "0.78"),
        ("7.79x6x0.1in", "1.27"),
        ("10x4x0.1in", "0.78"),
        ("10.01x4x0.1in", "1.27"),
        ("9x4x0.008in", "1.27"),
        ("9x4x0.009in", "0.78"),
        ("6x4.25x0.007in", "0.78"),
    ] {
        assert_eq!(priced(&sized(letter("1oz"), size)), price, "{size}");
    }
}

#[test]
fn a_nonmachinable_postcard_is_no_postcard() {
    let postcard = QuoteRequest {
        shape: Shape::Postcard,
        nonmachinable: true,
        ..letter("0.2oz")
    };
    assert!(priced(&postcard).starts_with("nonmachinable: "));
}

#[test]
fn extras_add_up_and_mind_their_company() {
    for (names, expected) in [
        (&["certified"][..], "6.33"),
        (&["certified", "return-receipt"], "10.98"),
        (&["return-receipt-electronic", "certified"], "9.24"),
        (
            &["return-receipt"],
            "extra_conflict: \"return-receipt\" needs certified or registered",
        ),
        (
            &["certified", "certified"],
            "extra_conflict: \"certified\" is asked for twice",
        ),
        (
            &["certified", "return-receipt", "return-receipt-electronic"],
            "extra_conflict: \"return-receipt\" cannot go with return-receipt-electronic",
        ),
        (
            &["gold"],
            "unknown_extra: first-class has no extra service \"gold\"",
        ),
    ] {
        assert_eq!(priced(&extras(letter("1oz"), names)), expected);
    }
    let got = priced(&extras(parcel("1lb", "94103"), &["certified"]));
    assert_eq!(
        got,
        "unknown_extra: ground-advantage has no extra service \"certified\""
    );
}

#[test]
fn prices_and_shapes_that_are_not_sold_are_refused() {
    let commercial = QuoteRequest {
        kind: Some(PriceKind::Commercial),
        ..letter("1oz")
    };
    assert_eq!(
        priced(&commercial),
        "no_such_price: edition us-2026-07-12 has no commercial price for first-class letter"
    );
    let ground_letter = QuoteRequest {
        class: MailClass::GroundAdvantage,
        ..letter("1oz")
    };
    assert_eq!(
        priced(&ground_letter),
        "not_in_edition: edition us-2026-07-12 has no ground-advantage letter"
    );
}

#[test]
fn an_over_weight_letter_pays_the_flat_price() {
    let edition = synthetic(&[(r#"{"to": "4oz"}"#, r#"{"to": "4oz", "price": "2.51"}"#)]);
    let got = quote(&edition, &letter("3.6oz")).unwrap();
    assert_eq!(
        (got.price.to_string().as_str(), got.priced_as),
        ("2.51", Shape::Flat)
    );
    let rigid = QuoteRequest {
        nonmachinable: true,
        ..letter("3.6oz")
    };
    assert_eq!(quote(&edition, &rigid).unwrap().price.to_string(), "2.51");
    assert_eq!(
        quote(&edition, &letter("3.5oz")).unwrap().price.to_string(),
        "1.65"
    );
}

#[test]
fn the_history_of_the_letter_is_kept() {
    let price = |source, day| {
        let edition = Edition::from_json(source).unwrap();
        let two = quote(&edition, &on(letter("2oz"), day)).unwrap();
        let one = quote(&edition, &on(retail(letter("1oz")), day)).unwrap();
        format!("{} {}", two.price, one.price)
    };
    assert_eq!(price(SOURCE_2022, date(2022, 8, 1)), "0.81 0.60");
    assert_eq!(price(SOURCE_2023, date(2023, 8, 1)), "0.87 0.66");
    assert_eq!(price(SOURCE_2024, date(2024, 8, 1)), "0.97 0.73");
    assert_eq!(price(SOURCE_2025, date(2025, 8, 1)), "1.03 0.78");
    assert_eq!(price(SOURCE_2025_OCTOBER, date(2025, 11, 1)), "1.03 0.78");
}

#[test]
fn large_parcels_whose_fee_is_unknown_are_marked_and_refused_live() {
    let long = sized(parcel("5lb", "94103"), "24x6x6in");
    let got = quote(&EDITION, &long).unwrap();
    assert_eq!(got.price.to_string(), "19.19");
    assert!(
        got.notes
            .iter()
            .any(|note| note.contains("length over 22 in")),
        "{:?}",
        got.notes
    );
    let live = QuoteRequest { live: true, ..long };
    assert!(priced(&live).contains("nonstandard length over 22 in"));
    let oversized = sized(parcel("5lb", "94103"), "40x20x15in");
    assert!(priced(&oversized).contains("oversized"));
}
