//! Figures are exact, and dear only at the step.

use jiff::civil::date;
use proptest::prelude::*;

use super::super::hid::reading;
use super::super::{Mass, Reading, Trouble, Unit};
use super::{Figure, figure, stable};
use crate::rates::weight::{GRAM, OUNCE, WeightError};
use crate::rates::{Edition, MailClass, QuoteRequest, Shape, Weight, price};

const EDITION: &str = include_str!("../../../data/editions/us-2026-07-12.json");

fn letter(weight: Weight) -> QuoteRequest {
    QuoteRequest {
        class: MailClass::FirstClass,
        shape: Shape::Letter,
        kind: None,
        weight,
        size: None,
        nonmachinable: false,
        from: "10001".parse().unwrap(),
        to: "62701".parse::<crate::rates::Zip5>().unwrap().into(),
        date: date(2026, 8, 3),
        extras: Vec::new(),
        live: false,
    }
}

#[test]
fn reports_of_known_scales_are_read() {
    for (report, says) in [
        ([3, 4, 2, 0, 20, 0], stable("20g")),
        ([3, 4, 0x0B, 0xFF, 0x34, 0x19], stable("645.2oz")),
        ([3, 2, 0x0B, 0xFF, 0, 0], stable("0oz")),
        ([3, 4, 0x0C, 0xFE, 0x2C, 1], stable("3lb")),
        ([3, 4, 3, 0xFD, 0xE8, 3], stable("1kg")),
        ([3, 3, 2, 0, 20, 0], Reading::Moving(Some(figure("20g")))),
    ] {
        assert_eq!(reading(&report), Some(says), "{report:?}");
    }
}

#[test]
fn every_status_of_a_report_means_what_the_usage_tables_say() {
    let of = |status, count| reading(&[3, status, 2, 0, count, 0]).unwrap();
    let trouble = Reading::Trouble;
    assert_eq!(of(0, 20), trouble(Trouble::NotUnderstood));
    assert_eq!(of(1, 20), trouble(Trouble::Broken));
    assert_eq!(of(2, 0), stable("0g"));
    assert_eq!(of(2, 20), trouble(Trouble::NotUnderstood));
    assert_eq!(of(3, 20), Reading::Moving(Some(figure("20g"))));
    assert_eq!(of(4, 20), stable("20g"));
    assert_eq!(of(5, 20), Reading::UnderZero);
    assert_eq!(of(6, 20), Reading::OverLimit);
    assert_eq!(of(7, 20), trouble(Trouble::NeedsCalibration));
    assert_eq!(of(8, 20), trouble(Trouble::NeedsZero));
    assert_eq!(of(9, 20), trouble(Trouble::NotUnderstood));
}

#[test]
fn every_unit_of_a_report_is_exact_or_refused() {
    let of = |unit| reading(&[3, 4, unit, 0, 1, 0]).unwrap();
    for (unit, nanograms) in [
        (1, 1_000_000),
        (2, GRAM),
        (3, 1_000 * GRAM),
        (4, 200_000_000),
        (6, 64_798_910),
        (7, 1_555_173_840),
        (8, 1_000_000 * GRAM),
        (10, 31_103_476_800),
        (11, OUNCE),
        (12, 453_592_370_000),
    ] {
        let Reading::Stable(figure) = of(unit) else {
            panic!("unit {unit}: {:?}", of(unit));
        };
        let weight = figure.mass.weight().map(Weight::nanograms);
        assert_eq!(weight, Ok(nanograms), "unit {unit}");
    }
    for unit in [0, 5, 9, 13, 255] {
        assert_eq!(of(unit), Reading::Trouble(Trouble::ForeignUnit), "{unit}");
    }
}

#[test]
fn other_reports_and_cut_ones_say_nothing() {
    for report in [&[][..], &[3], &[3, 4, 2, 0, 20], &[4, 4, 2, 0, 20, 0]] {
        assert_eq!(reading(report), None, "{report:?}");
    }
}

#[test]
fn what_is_too_fine_or_too_much_is_not_guessed() {
    assert_eq!(Mass::of(1, -7, Unit::Gram), None);
    assert_eq!(Mass::of(10, -7, Unit::Gram), Mass::of(1, -6, Unit::Gram));
    assert_eq!(Mass::of(0, i8::MIN, Unit::Gram), Some(Mass::ZERO));
    assert_eq!(Mass::of(0, i8::MAX, Unit::Pound), Some(Mass::ZERO));
    assert!(Mass::of(1, 0, Unit::Tonne).is_some());
    assert_eq!(Mass::of(1_000_001, 0, Unit::Gram), None);
    assert_eq!(Mass::of(i64::MAX, i8::MAX, Unit::Tonne), None);
    assert_eq!(Mass::of(i64::MIN, i8::MIN, Unit::Tonne), None);
}

#[test]
fn figures_are_written_as_people_type_them() {
    for (text, typed, shown) in [
        ("0.90 oz", "0.9oz", "0.9 oz"),
        ("-12.50g", "-12.5g", "-12.5 g"),
        ("- 0.5 g", "-0.5g", "-0.5 g"),
        ("1 lb 3.5 oz", "19.5oz", "19.5 oz"),
        ("100 GN", "6.479891g", "6.479891 g"),
        ("0 kg", "0kg", "0 kg"),
    ] {
        assert_eq!(figure(text).typed(), typed);
        assert_eq!(figure(text).to_string(), shown);
    }
    for text in [
        "",
        "oz",
        "1",
        "1 tael",
        "1e3g",
        "1..5g",
        "1oz2lb",
        "0.0000001g",
    ] {
        assert!(text.parse::<Figure>().is_err(), "{text}");
    }
}

#[test]
fn a_scale_on_the_step_is_not_over_it_and_one_division_more_is() {
    let edition = Edition::from_json(EDITION).unwrap();
    let costs = |text: &str| {
        let weight = figure(text).mass.weight().unwrap();
        price(&edition, &letter(weight)).map(|price| price.total)
    };
    let typed = |text: &str| price(&edition, &letter(text.parse().unwrap())).map(|one| one.total);
    for (on, over) in [
        ("1oz", "1.1oz"),
        ("2.00oz", "2.01oz"),
        ("0.0625lb", "0.063lb"),
    ] {
        assert!(costs(on).unwrap() < costs(over).unwrap(), "{on}");
    }
    // 3.5 oz is no whole number of nanograms; the price list's own limit is cut off as the scale's.
    assert_eq!(costs("3.5oz"), typed("3.5oz"));
    assert!(costs("3.5oz").is_ok() && costs("3.6oz") != costs("3.5oz"));
}

#[test]
fn a_figure_of_any_unit_is_kept_as_it_is() {
    for unit in Unit::ALL {
        for (count, exponent) in [(1, 0), (-7, -1), (123_456, -6)] {
            let figure = Figure::of(count, exponent, unit).unwrap();
            assert_eq!(figure.exact().parse(), Ok(figure), "{}", figure.exact());
        }
    }
    assert_eq!(
        Figure::of(1, 0, Unit::Grain).unwrap().typed(),
        "0.06479891g"
    );
}

#[test]
fn what_a_scale_shows_below_a_milligram_is_refused_as_the_same_typed_is() {
    for (text, says) in [
        ("0.000999g", Err(WeightError::TooLight)),
        ("0.001g", "0.001g".parse()),
        ("0g", Err(WeightError::Zero)),
    ] {
        assert_eq!(figure(text).mass.weight(), says, "{text}");
        assert_eq!(text.parse::<Weight>(), says, "{text}");
    }
}

proptest! {
    #[test]
    fn no_report_makes_the_reader_panic(report in prop::collection::vec(any::<u8>(), 0..12)) {
        let _ = reading(&report).is_some();
    }

    #[test]
    fn what_a_scale_shows_weighs_what_the_same_typed_weighs(
        count in 1u16.., decimals in 0u8..=6, unit in prop::sample::select(vec![2u8, 3, 11, 12])
    ) {
        let report = [3, 4, unit, decimals.wrapping_neg(), count.to_le_bytes()[0], count.to_le_bytes()[1]];
        let word = match unit { 2 => "g", 3 => "kg", 11 => "oz", _ => "lb" };
        let digits = format!("{count:0>7}");
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
        let text = if fraction.is_empty() { format!("{whole}{word}") } else { format!("{whole}.{fraction}{word}") };
        let Some(Reading::Stable(figure)) = reading(&report) else {
            prop_assert_eq!(text.parse::<Weight>(), Err(WeightError::TooHeavy), "{}", text);
            return Ok(());
        };
        prop_assert_eq!(figure.mass.weight(), text.parse::<Weight>(), "{}", text);
        prop_assert_eq!(figure.mass.weight(), figure.typed().parse::<Weight>(), "{}", text);
        prop_assert_eq!(figure.typed().parse::<Figure>().unwrap(), figure);
    }

    #[test]
    fn a_difference_reads_back_as_the_weight_it_is(
        gross in 1i64..100_000, tare in 0i64..100_000, units in (0usize..10, 0usize..10)
    ) {
        let of = |count, unit: usize| Figure::of(count, -1, Unit::ALL[unit]);
        let (Some(gross), Some(tare)) = (of(gross, units.0), of(tare, units.1)) else {
            return Ok(());
        };
        let net = gross.with(gross.mass.less(tare.mass));
        prop_assert_eq!(net.mass.plus(tare.mass), gross.mass);
        if net.mass > Mass::ZERO {
            prop_assert_eq!(net.mass.weight().ok(), net.typed().parse::<Weight>().ok());
        } else {
            prop_assert!(net.mass.weight().is_err());
        }
    }

    #[test]
    fn a_heavier_load_never_weighs_or_costs_less(a in 1i64..40, b in 1i64..40) {
        let edition = Edition::from_json(EDITION).unwrap();
        let of = |tenths| Mass::of(tenths, -1, Unit::Ounce).unwrap();
        let (light, heavy) = (of(a.min(b)), of(a.max(b)));
        prop_assert!(light <= heavy && light.weight().unwrap() <= heavy.weight().unwrap());
        let costs = |mass: Mass| price(&edition, &letter(mass.weight().unwrap()));
        if let (Ok(light), Ok(heavy)) = (costs(light), costs(heavy)) {
            prop_assert!(light.total <= heavy.total);
        }
    }

    #[test]
    fn no_text_makes_a_figure_panic(text in ".{0,40}") {
        let _ = text.parse::<Figure>().is_ok();
    }
}
