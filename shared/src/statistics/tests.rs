use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{
    Chart, Counting, Difference, Dimension, DimensionError, Mark, Reconciling, Series, Slice,
    Tally, dimensions,
};
use crate::money::{Mills, MillsSum};
use crate::services::statistics::PieceKind;

fn mills(amount: u64) -> Mills {
    Mills::new(amount).unwrap()
}

fn kind(shape: &str, zone: Option<u8>, user: &str) -> PieceKind {
    PieceKind {
        class: "first-class".to_owned(),
        shape: shape.to_owned(),
        step: Some(28_349_523_125),
        zone,
        edition: None,
        cost_centre: None,
        user: user.to_owned(),
    }
}

#[test]
fn words_say_by_what_is_counted() {
    let by = dimensions("day, cost-centre").unwrap();
    assert_eq!(by, [Dimension::Day, Dimension::CostCentre]);
    assert_eq!(dimensions("").unwrap(), []);
    let twice = DimensionError::Twice(Dimension::Day);
    assert_eq!(dimensions("day,day"), Err(twice));
    let unknown = DimensionError::Unknown("days".to_owned());
    assert_eq!(dimensions("days"), Err(unknown));
    let unknown = DimensionError::Unknown(String::new());
    assert_eq!(dimensions("day,"), Err(unknown));
    for dimension in Dimension::ALL {
        assert_eq!(dimension.word().parse(), Ok(dimension));
    }
}

#[test]
fn a_chart_has_a_value_for_every_label_and_sorts_zones_by_number() {
    let mut counting = Counting::by(vec![Dimension::Zone, Dimension::User]);
    let day = date(2026, 11, 22);
    for (zone, user, postage) in [
        (Some(4), "ann", 100),
        (None, "bob", 20),
        (Some(4), "ann", 11),
        (Some(1), "bob", 3),
    ] {
        let kind = kind("parcel", zone, user);
        let slice = Slice::one(day, "S", &kind, mills(postage), (false, false));
        counting.add(&slice).unwrap();
    }
    let sums = |sums: [u64; 3]| sums.map(|sum| MillsSum::from(mills(sum))).to_vec();
    let chart = Chart {
        labels: ["none", "1", "4"].map(str::to_owned).to_vec(),
        series: vec![
            Series {
                key: vec!["ann".to_owned()],
                pieces: vec![0, 0, 2],
                postage_mills: sums([0, 0, 111]),
            },
            Series {
                key: vec!["bob".to_owned()],
                pieces: vec![1, 1, 0],
                postage_mills: sums([20, 3, 0]),
            },
        ],
    };
    assert_eq!(counting.chart(), chart);
}

#[test]
fn the_first_mark_that_does_not_hold_is_named_with_both_amounts() {
    let mark = |size, ascending| Mark {
        size,
        ascending: mills(ascending),
    };
    let walk = |marks: &[Mark], heard| {
        let mut walk = Reconciling::after(mark(0, 0), marks, heard);
        for (at, postage) in [(3, 780), (5, 780), (8, 1_000)] {
            walk.piece(at, mills(postage));
        }
        walk.end()
    };
    let good = [mark(4, 780), mark(6, 1_560), mark(9, 2_560)];
    let walked = walk(&good, 9);
    assert_eq!((walked.held, walked.difference), (mark(9, 2_560), None));
    let wrong = [mark(4, 780), mark(6, 1_561), mark(9, 2_560)];
    let difference = Difference {
        from: 4,
        to: 6,
        stated: mills(1_561),
        reported: mills(1_560).into(),
    };
    assert_eq!(walk(&wrong, 9).difference, Some(difference));
    assert_eq!(walk(&wrong, 9).held, mark(4, 780));
    let mut later = Reconciling::after(mark(6, 1_560), &good, 9);
    later.piece(8, mills(1_000));
    assert_eq!(
        later.end().held,
        mark(9, 2_560),
        "it goes on after what held"
    );
}

#[test]
fn pieces_are_missing_only_where_the_register_has_risen() {
    let mark = |size, ascending| Mark {
        size,
        ascending: mills(ascending),
    };
    let walk = |marks: &[Mark]| {
        let mut walk = Reconciling::after(mark(0, 0), marks, 4);
        walk.piece(3, mills(780));
        walk.end()
    };
    let only_others = walk(&[mark(4, 780), mark(7, 780)]);
    assert_eq!(
        (only_others.held, only_others.missing),
        (mark(7, 780), None)
    );
    let more = walk(&[mark(4, 780), mark(7, 1_560), mark(9, 2_000)]);
    assert_eq!(
        (more.held, more.missing),
        (mark(4, 780), Some(mark(7, 1_560)))
    );
    assert_eq!(more.difference, None, "what is on its way is no difference");
}

/// Pieces of any kind on a few days.
fn any_piece() -> impl Strategy<Value = (i8, usize, u64, bool, bool)> {
    (
        1_i8..=28,
        0_usize..6,
        1_u64..100_000,
        any::<bool>(),
        any::<bool>(),
    )
}

proptest! {
    #[test]
    fn however_pieces_are_grouped_they_add_up_to_all_of_them(
        pieces in prop::collection::vec(any_piece(), 0..80),
        by in prop::sample::subsequence(Dimension::ALL.to_vec(), 0..=4),
    ) {
        let kinds = [
            kind("letter", None, "ann"),
            kind("letter", None, "bob"),
            kind("flat", None, "ann"),
            kind("parcel", Some(1), "ann"),
            kind("parcel", Some(8), "bob"),
            PieceKind { cost_centre: Some("Sales".to_owned()), ..kind("letter", None, "ann") },
        ];
        let mut counting = Counting::by(by.clone());
        let (mut postage, mut spoiled, mut refunded) = (0, 0, 0);
        for (day, which, amount, is_spoiled, is_refunded) in &pieces {
            let day = Date::new(2026, 11, *day).unwrap();
            let fate = (*is_spoiled, *is_refunded);
            let slice = Slice::one(day, "S", &kinds[*which], mills(*amount), fate);
            counting.add(&slice).unwrap();
            postage += amount;
            spoiled += u64::from(*is_spoiled);
            refunded += if *is_refunded { *amount } else { 0 };
        }
        if let Some((day, which, amount, ..)) = pieces.first() {
            let day = Date::new(2026, 11, *day).unwrap();
            let fate = (false, false);
            let slice = Slice::one(day, "S", &kinds[*which], mills(*amount), fate);
            counting.refund(&slice).unwrap();
            refunded += amount;
        }
        let sum = counting.groups().try_fold(Tally::default(), |sum, group| sum.plus(group.tally));
        prop_assert_eq!(sum.unwrap(), counting.total());
        let total = counting.total();
        prop_assert_eq!(total.pieces, u64::try_from(pieces.len()).unwrap());
        prop_assert_eq!(total.postage_mills.mills(), postage);
        prop_assert_eq!(total.spoiled, spoiled);
        prop_assert_eq!(total.refunded_mills.mills(), refunded);
        let chart = counting.chart();
        let drawn: u64 = chart.series.iter().flat_map(|series| &series.pieces).sum();
        prop_assert_eq!(drawn, if by.is_empty() { 0 } else { total.pieces });
        let distinct = chart.labels.iter().collect::<std::collections::BTreeSet<_>>();
        prop_assert_eq!(distinct.len(), chart.labels.len());
    }

    #[test]
    fn any_falsified_postage_before_the_last_mark_is_found(
        postages in prop::collection::vec(1_u64..10_000, 1..40),
        every in 1_usize..7,
        which in any::<prop::sample::Index>(),
        by in 1_u64..500,
    ) {
        let zero = Mark { size: 0, ascending: Mills::ZERO };
        let mut ascending = 0;
        let mut marks = Vec::new();
        for (index, postage) in postages.iter().enumerate() {
            ascending += postage;
            if (index + 1) % every == 0 || index + 1 == postages.len() {
                let size = u64::try_from(index + 1).unwrap();
                marks.push(Mark { size, ascending: mills(ascending) });
            }
        }
        let heard = u64::try_from(postages.len()).unwrap();
        let walk = |postages: &[u64]| {
            let mut walk = Reconciling::after(zero, &marks, heard);
            for (at, postage) in (0_u64..).zip(postages) {
                walk.piece(at, mills(*postage));
            }
            walk.end()
        };
        prop_assert_eq!(walk(&postages).held, *marks.last().unwrap());
        prop_assert_eq!(walk(&postages).difference, None);
        let mut falsified = postages.clone();
        let place = which.index(postages.len());
        falsified[place] += by;
        let found = walk(&falsified).difference.unwrap();
        let at = u64::try_from(place).unwrap();
        prop_assert!(found.from <= at && at < found.to);
        prop_assert_eq!(found.reported.mills(), found.stated.mills() + by);
    }
}
