//! Pieces that are taken off a full scale.

use proptest::prelude::*;

use super::super::pan::{FRESH, Pan, Unweighed, Way};
use super::super::{Figure, Mass, Reading, Unit};
use super::pans::Bench;

#[test]
fn pieces_taken_off_weigh_what_is_missing_each_once() {
    let mut bench = Bench::default();
    bench.puts("10oz");
    bench.pan.choose(Way::TakeOff);
    assert_eq!(bench.weighed(), None, "nothing was taken off yet");
    bench.puts("9.1oz");
    assert_eq!(bench.weighed(), Some((2, "0.9oz".to_owned())));
    assert_eq!(bench.check(2, "0.9oz"), Ok(()));
    bench.pan.paid(2);
    assert_eq!(bench.check(2, "0.9oz"), Err(Unweighed::Paid));
    bench.puts("8.2oz");
    assert_eq!(
        bench.weighed(),
        Some((3, "0.9oz".to_owned())),
        "the next piece weighs the same and is another"
    );
    bench.puts("12oz");
    assert_eq!(bench.weighed(), None, "more was put on");
    bench.puts("11.5oz");
    bench.pan.paid(4);
    bench.puts("0oz");
    assert_eq!(bench.weighed(), Some((5, "11.5oz".to_owned())), "the last");
    assert_eq!(bench.check(5, "11.5oz"), Ok(()));
}

/// Ten ounces that pieces are taken off from.
fn full_tray() -> Bench {
    let mut bench = Bench::default();
    bench.pan.choose(Way::TakeOff);
    bench.puts("10oz");
    bench
}

#[test]
fn a_piece_that_rests_half_lifted_weighs_what_is_missing_in_the_end() {
    let mut bench = full_tray();
    bench.puts("9.6oz");
    let (half, weight) = bench.weighed().unwrap();
    assert_eq!(weight, "0.4oz");
    bench.puts("9.1oz");
    let (whole, weight) = bench.weighed().unwrap();
    assert_eq!(weight, "0.9oz", "no part of it is lost");
    assert_eq!(bench.check(half, "0.4oz"), Err(Unweighed::Changed));
    bench.pan.paid(whole);
    bench.puts("10oz");
    assert_eq!(bench.weighed(), None, "it was put back");
    bench.puts("9.5oz");
    assert_eq!(bench.weighed().unwrap().1, "0.5oz");
}

#[test]
fn a_load_that_creeps_by_a_division_is_no_piece_and_takes_none_away() {
    let mut bench = full_tray();
    bench.puts("9.9oz");
    assert_eq!(bench.weighed(), None, "a division is no piece");
    bench.puts("9.1oz");
    assert_eq!(bench.weighed().unwrap().1, "0.9oz");
    bench.puts("9.2oz");
    let (number, weight) = bench.weighed().unwrap();
    assert_eq!(weight, "0.8oz", "as the scale shows it, and still a piece");
    bench.pan.paid(number);
    for crept in ["9.1oz", "9.3oz"] {
        bench.puts(crept);
        assert_eq!(
            bench.check(number, "0.8oz"),
            Err(Unweighed::Paid),
            "{crept}"
        );
    }
    bench.puts("8.4oz");
    assert_eq!(bench.weighed(), Some((number + 1, "0.9oz".to_owned())));
}

#[test]
fn a_piece_that_was_put_back_unpaid_is_weighed_when_it_is_taken_off_again() {
    let mut bench = full_tray();
    bench.puts("9.1oz");
    assert_eq!(bench.weighed().unwrap().1, "0.9oz");
    bench.puts("10oz");
    assert_eq!(bench.weighed(), None);
    bench.puts("9.1oz");
    assert_eq!(bench.weighed().unwrap().1, "0.9oz");
}

#[test]
fn another_unit_or_a_lost_scale_is_no_piece_taken_off() {
    let mut bench = Bench::default();
    bench.pan.choose(Way::TakeOff);
    bench.puts("100g");
    bench.puts("3.5oz");
    assert_eq!(
        bench.weighed(),
        None,
        "3.5 oz are less than 100 g, and nobody took a piece"
    );
    bench.puts("3oz");
    assert_eq!(bench.weighed().unwrap().1, "0.5oz");
    bench.now += FRESH + 1;
    bench.puts("2oz");
    assert_eq!(bench.weighed(), None);
    bench.pan.forget();
    bench.puts("1oz");
    assert_eq!(bench.weighed(), None, "the scale has set itself to zero");
}

proptest! {
    #[test]
    fn pieces_that_were_taken_off_weigh_together_what_is_missing(
        steps in prop::collection::vec((0i64..40, any::<bool>()), 1..30)
    ) {
        let grams = |count| Figure::of(count, 0, Unit::Gram).unwrap();
        let (mut pan, mut now, mut load) = (Pan::default(), 0, 1_200);
        let (mut paid, mut left) = (Mass::ZERO, grams(load).mass);
        pan.choose(Way::TakeOff);
        for (less, pays) in std::iter::once((0, false)).chain(steps) {
            load -= less;
            for _ in 0..4 {
                now += 100;
                pan.hear(Reading::Stable(grams(load)), now);
            }
            let Some(one) = pan.weighing(now).filter(|one| pays && !one.is_paid) else {
                continue;
            };
            prop_assert_eq!(pan.check(one.number, one.figure.mass.weight().unwrap(), now), Ok(()));
            pan.paid(one.number);
            paid = paid.plus(one.figure.mass);
            left = grams(load).mass;
        }
        prop_assert_eq!(paid.plus(left), grams(1_200).mass);
    }
}
