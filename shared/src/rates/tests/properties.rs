//! What holds for every piece.

use proptest::prelude::*;

use super::super::weight::{OUNCE, POUND, Weight};
use super::super::{Size, price};
use super::*;

fn weight(nanograms: u64) -> Weight {
    Weight::from_nanograms(nanograms).unwrap()
}

pub(super) fn any_request() -> impl Strategy<Value = QuoteRequest> {
    let shapes = prop_oneof![
        Just((MailClass::FirstClass, Shape::Postcard)),
        Just((MailClass::FirstClass, Shape::Letter)),
        Just((MailClass::FirstClass, Shape::Flat)),
        Just((MailClass::GroundAdvantage, Shape::Parcel)),
    ];
    let kinds = prop::option::of(prop_oneof![
        Just(PriceKind::Metered),
        Just(PriceKind::Retail),
        Just(PriceKind::Commercial),
    ]);
    let sides = prop::option::of(prop::array::uniform3(1u64..70 * 254));
    let place = (0u32..100_000, 0u32..100_000);
    let extras = prop::sample::subsequence(
        vec!["certified", "return-receipt", "return-receipt-electronic"],
        0..=3,
    );
    let rest = (any::<bool>(), any::<bool>(), -30i64..400);
    (shapes, kinds, 1..80 * POUND, sides, place, extras, rest).prop_map(
        |((class, shape), kind, nanograms, sides, (from, to), extras, (odd, live, day))| {
            QuoteRequest {
                class,
                shape,
                kind,
                weight: weight(nanograms),
                size: sides.map(|sides| {
                    let [a, b, c] =
                        sides.map(|tenths| format!("{}.{}mm", tenths / 10, tenths % 10));
                    Size::new([a, b, c].map(|side| side.parse().unwrap()))
                }),
                nonmachinable: odd,
                from: super::super::Zip5::new(from).unwrap(),
                to: super::super::Zip5::new(to).unwrap().into(),
                date: date(2026, 7, 12).saturating_add(jiff::Span::new().days(day)),
                extras: extras.into_iter().map(str::to_owned).collect(),
                live,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_steps_add_up_to_the_price(request in any_request()) {
        match (price(&EDITION, &request), quote(&EDITION, &request)) {
            (Ok(price), Ok(quote)) => {
                let sum: u64 = quote.steps.iter().map(|step| step.amount.mills()).sum();
                prop_assert_eq!(sum, quote.price.mills());
                prop_assert_eq!(price.total, quote.price);
                prop_assert!(quote.steps.iter().all(|step| !step.source.is_empty()));
                prop_assert!(!request.live || !quote.estimated);
            }
            (Err(one), Err(other)) => {
                prop_assert_eq!(&one, &other);
                prop_assert!(!one.to_string().is_empty() && !one.hint().is_empty());
            }
            (one, other) => prop_assert!(false, "{one:?} {other:?}"),
        }
    }

    #[test]
    fn a_heavier_letter_never_costs_less(a in 1..4 * OUNCE, b in 1..4 * OUNCE) {
        let at = |nanograms| price(&EDITION, &QuoteRequest { weight: weight(nanograms), ..letter("1oz") });
        if let (Ok(light), Ok(heavy)) = (at(a.min(b)), at(a.max(b))) {
            prop_assert!(light.total <= heavy.total);
        }
    }

    #[test]
    fn a_heavier_or_larger_parcel_never_costs_less(
        a in 1..70 * POUND, b in 1..70 * POUND, side in 1u32..22, more in 0u32..22, to in 1_000u32..99_000
    ) {
        let at = |nanograms, side: u32| {
            let size = format!("{side}x12x12in").parse().unwrap();
            let to = super::super::Zip5::new(to).unwrap().into();
            let request = QuoteRequest { weight: weight(nanograms), size: Some(size), to, ..parcel("1lb", "94103") };
            price(&EDITION, &on(request, ADVENT))
        };
        if let (Ok(light), Ok(heavy)) = (at(a.min(b), side), at(a.max(b), side + more)) {
            prop_assert!(light.total <= heavy.total);
        }
    }

    #[test]
    fn a_zone_is_the_same_both_ways(a in 0u32..100_000, b in 0u32..100_000) {
        let zip = |number| super::super::Zip5::new(number).unwrap();
        let zone = |a, b| EDITION.zones().zone(zip(a), zip(b));
        prop_assert_eq!(zone(a, b).ok(), zone(b, a).ok());
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Edition::from_bytes(&bytes).is_ok();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_damage_makes_the_readers_panic(
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let mut bytes = EDITION.to_bytes();
        for (at, byte) in &hits {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Ok(edition) = Edition::from_bytes(&bytes) {
            prop_assert_eq!(edition.to_bytes(), bytes);
            let _ = quote(&edition, &parcel("3lb", "94103")).is_ok();
        }
    }

    #[test]
    fn no_text_makes_the_importer_panic(at in any::<prop::sample::Index>(), text in ".{0,6}") {
        let at = at.index(SOURCE_2026.len());
        if SOURCE_2026.is_char_boundary(at) {
            let source = format!("{}{text}{}", &SOURCE_2026[..at], &SOURCE_2026[at..]);
            let _ = Edition::from_json(&source).is_ok();
        }
    }
}
