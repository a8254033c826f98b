//! What has come to rest, and what is paid by it.

use proptest::prelude::*;

use super::super::pan::{FRESH, Pan, REST, Standing, Unweighed, Way};
use super::super::practice::Practice;
use super::super::{Figure, Mass, Millis, Reading, Trouble, Unit};
use super::{figure, stable};
use crate::rates::Weight;

/// A pan and a clock.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) pan: Pan,
    pub(super) now: Millis,
}

impl Bench {
    /// Says the same every 100 ms, for so long.
    pub(super) fn says(&mut self, reading: Reading, millis: Millis) {
        let end = self.now + millis;
        while self.now < end {
            self.now += 100;
            self.pan.hear(reading, self.now);
        }
    }

    /// A load that is put on and comes to rest.
    pub(super) fn puts(&mut self, text: &str) {
        self.says(Reading::Moving(None), 300);
        self.says(stable(text), 500);
    }

    pub(super) fn standing(&self) -> Standing {
        self.pan.standing(self.now)
    }

    pub(super) fn weighed(&self) -> Option<(u64, String)> {
        let weighing = self.pan.weighing(self.now)?;
        Some((weighing.number, weighing.figure.typed()))
    }

    /// Takes what lies there as the tare.
    pub(super) fn tare(&mut self) -> Result<Figure, Unweighed> {
        let tare = self.pan.tare_of_load(self.now)?;
        self.pan.put_tare(tare.mass);
        Ok(tare)
    }

    pub(super) fn check(&self, number: u64, weight: &str) -> Result<(), Unweighed> {
        self.pan.check(number, priced(weight), self.now)
    }
}

fn priced(text: &str) -> Weight {
    text.parse().unwrap()
}

fn rests(text: &str) -> Standing {
    Standing::Stable(figure(text))
}

#[test]
fn a_load_rests_with_two_equal_stable_readings_far_enough_apart() {
    let mut bench = Bench::default();
    assert_eq!(bench.standing(), Standing::Silent);
    bench.pan.hear(stable("20g"), 1_000);
    bench.pan.hear(stable("20g"), 1_000 + REST - 1);
    assert_eq!(
        bench.pan.standing(1_200),
        Standing::Moving(Some(figure("20g")))
    );
    bench.pan.hear(stable("20g"), 1_000 + REST);
    assert_eq!(bench.pan.standing(1_200), rests("20g"));
}

#[test]
fn anything_between_two_stable_readings_begins_anew() {
    for between in [
        stable("21g"),
        Reading::Moving(Some(figure("20g"))),
        Reading::UnderZero,
        Reading::OverLimit,
        Reading::Trouble(Trouble::NotUnderstood),
    ] {
        let mut bench = Bench::default();
        bench.pan.hear(stable("20g"), 0);
        bench.pan.hear(between, 150);
        bench.pan.hear(stable("20g"), 200);
        let standing = bench.pan.standing(200);
        assert_eq!(
            standing,
            Standing::Moving(Some(figure("20g"))),
            "{between:?}"
        );
    }
}

#[test]
fn silence_is_believed_for_its_time_and_not_longer() {
    let mut bench = Bench::default();
    bench.puts("20g");
    let (number, weight) = bench.weighed().unwrap();
    bench.now += FRESH;
    assert_eq!(bench.check(number, &weight), Ok(()));
    bench.now += 1;
    assert_eq!(bench.standing(), Standing::Silent);
    assert_eq!(bench.weighed(), None);
    assert_eq!(
        bench.check(number, &weight),
        Err(Unweighed::NotAtRest(Standing::Silent))
    );
    bench.says(stable("20g"), 500);
    assert_eq!(bench.standing(), rests("20g"));
    assert_eq!(
        bench.check(number, &weight),
        Err(Unweighed::Changed),
        "nobody knows what lay there meanwhile"
    );
}

#[test]
fn a_price_holds_for_the_load_it_was_made_for() {
    let mut bench = Bench::default();
    bench.puts("0oz");
    assert_eq!((bench.standing(), bench.weighed()), (Standing::Empty, None));
    bench.puts("0.9oz");
    assert_eq!(bench.weighed(), Some((1, "0.9oz".to_owned())));
    assert_eq!(bench.check(1, "0.9oz"), Ok(()));
    assert_eq!(bench.check(1, "0.8oz"), Err(Unweighed::Changed));
    assert_eq!(bench.check(2, "0.9oz"), Err(Unweighed::Changed));
    bench.says(Reading::Moving(None), 100);
    let moving = Unweighed::NotAtRest(Standing::Moving(None));
    assert_eq!(bench.check(1, "0.9oz"), Err(moving));
    bench.says(stable("0.9oz"), 500);
    assert_eq!(
        bench.check(1, "0.9oz"),
        Ok(()),
        "somebody leaned on the table"
    );
    bench.puts("0oz");
    assert_eq!(bench.check(1, "0.9oz"), Err(Unweighed::Changed));
    bench.puts("0.9oz");
    assert_eq!(
        bench.weighed(),
        Some((2, "0.9oz".to_owned())),
        "another piece"
    );
    bench.pan.paid(2);
    assert_eq!(bench.check(2, "0.9oz"), Ok(()), "it lies there still");
}

#[test]
fn a_tare_counts_as_nothing_until_it_is_taken_away() {
    let mut bench = Bench::default();
    bench.says(Reading::Moving(Some(figure("1.2oz"))), 100);
    let moving = Unweighed::NotAtRest(Standing::Moving(Some(figure("1.2oz"))));
    assert_eq!(bench.tare(), Err(moving));
    bench.puts("1.2oz");
    assert_eq!(bench.tare(), Ok(figure("1.2oz")));
    assert_eq!((bench.standing(), bench.weighed()), (Standing::Empty, None));
    bench.puts("2.1oz");
    assert_eq!(bench.standing(), rests("0.9oz"));
    assert_eq!(bench.weighed().unwrap().1, "0.9oz");
    bench.puts("0oz");
    assert_eq!(bench.standing(), Standing::BelowZero);
    assert_eq!(bench.weighed(), None);
    assert_eq!(bench.tare(), Ok(figure("0oz")));
    assert_eq!(bench.standing(), Standing::Empty);
}

#[test]
fn a_scale_that_sets_itself_to_zero_has_no_tare_any_more() {
    let mut bench = Bench::default();
    bench.puts("1.2oz");
    assert_eq!(bench.tare(), Ok(figure("1.2oz")));
    bench.pan.zeroed();
    assert_eq!(bench.standing(), Standing::Silent);
    bench.puts("0.9oz");
    assert_eq!(bench.standing(), rests("0.9oz"));
    assert_eq!(bench.weighed().unwrap().1, "0.9oz", "the whole piece");
}

#[test]
fn a_price_by_the_scale_before_meets_no_weighing_of_the_next_one() {
    let mut bench = Bench::default();
    bench.puts("0.9oz");
    let (number, _) = bench.weighed().unwrap();
    bench.tare().unwrap();
    bench.pan = bench.pan.successor();
    bench.puts("0.9oz");
    let (next, weight) = bench.weighed().unwrap();
    assert!(next > number, "{next} after {number}");
    assert_eq!(weight, "0.9oz", "and no tare of the one before");
    assert_eq!(bench.check(number, "0.9oz"), Err(Unweighed::Changed));
}

#[test]
fn what_a_scale_complains_of_is_how_things_stand() {
    let mut bench = Bench::default();
    for (reading, standing) in [
        (Reading::UnderZero, Standing::BelowZero),
        (Reading::OverLimit, Standing::Overload),
        (
            Reading::Trouble(Trouble::NeedsZero),
            Standing::Trouble(Trouble::NeedsZero),
        ),
        (stable("-3g"), Standing::BelowZero),
    ] {
        bench.says(reading, 500);
        assert_eq!(bench.standing(), standing);
        assert_eq!(bench.weighed(), None);
    }
}

#[test]
fn the_practice_scale_swings_rests_and_overflows() {
    let mut scale = Practice::empty();
    assert_eq!(scale.reading(0), stable("0oz"));
    scale.put(figure("0.9oz"), false, 1_000);
    assert_eq!(scale.reading(1_000), Reading::Moving(Some(figure("0oz"))));
    assert_eq!(scale.reading(1_399), Reading::Moving(Some(figure("0.9oz"))));
    assert_eq!(scale.reading(1_400), stable("0.9oz"));
    scale.put(figure("70lb"), true, 2_000);
    assert!(matches!(scale.reading(99_000), Reading::Moving(_)));
    scale.put(figure("70lb"), false, 2_000);
    assert_eq!(scale.reading(3_000), stable("70lb"));
    scale.put(figure("70.1lb"), false, 2_000);
    assert_eq!(scale.reading(3_000), Reading::OverLimit);
    scale.put(figure("-1g"), false, 2_000);
    assert_eq!(scale.reading(3_000), Reading::UnderZero);
}

/// Any reading of a scale that weighs in tenths of an ounce.
fn any_reading() -> impl Strategy<Value = Reading> {
    let shown = (-2i64..6).prop_map(|tenths| Figure::of(tenths, -1, Unit::Ounce).unwrap());
    prop_oneof![
        8 => shown.clone().prop_map(Reading::Stable),
        2 => prop::option::of(shown).prop_map(Reading::Moving),
        1 => Just(Reading::UnderZero),
        1 => Just(Reading::OverLimit),
        1 => Just(Reading::Trouble(Trouble::NotUnderstood)),
    ]
}

proptest! {
    #[test]
    fn nothing_is_ever_paid_by_less_than_two_equal_fresh_readings(
        steps in prop::collection::vec((any_reading(), 20u64..900, 0u8..12), 1..80)
    ) {
        let (mut pan, mut now) = (Pan::default(), 0);
        let mut said: Vec<(Reading, Millis)> = Vec::new();
        let mut numbers: Vec<(u64, Figure)> = Vec::new();
        for (reading, pause, act) in steps {
            now += pause;
            pan.hear(reading, now);
            said.push((reading, now));
            match act {
                0 => pan.choose(Way::TakeOff),
                1 => pan.choose(Way::PutOn),
                2 => pan.put_tare(pan.tare_of_load(now).map_or(Mass::ZERO, |tare| tare.mass)),
                3 => pan.paid(numbers.last().map_or(0, |(number, _)| *number)),
                4 => pan = pan.successor(),
                _ => {}
            }
            let Some(one) = pan.weighing(now) else { continue };
            let run = said.iter().rev().take_while(|(before, _)| *before == reading);
            let since = run.map(|(_, at)| *at).last().unwrap();
            prop_assert!(matches!(reading, Reading::Stable(_)));
            prop_assert!(now - since >= REST, "believed after {} ms", now - since);
            prop_assert!(one.figure.mass > Mass::ZERO);
            let same = numbers.iter().find(|(number, _)| *number == one.number);
            prop_assert!(same.is_none_or(|(_, figure)| *figure == one.figure));
            numbers.push((one.number, one.figure));
            prop_assert_eq!(pan.weighing(now + FRESH + 1), None);
        }
    }
}
