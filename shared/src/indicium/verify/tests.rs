use std::sync::LazyLock;

use jiff::civil::date;
use proptest::prelude::*;

use super::super::fixture::{Authority, check_signature, first_piece, mills, terms};
use super::super::ibi_full::Algorithm;
use super::*;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::with_terms(&terms()));
static CHAIN: LazyLock<IndiciumChain> = LazyLock::new(|| AUTHORITY.chain().unwrap());

fn verdict(piece: &IbiFull) -> Result<Verified, VerifyRefusal> {
    verify(&AUTHORITY.indicium(piece), &CHAIN, &check_signature)
}

#[test]
fn a_piece_that_keeps_its_terms_is_genuine() {
    let verified = verdict(&first_piece()).unwrap();
    assert_eq!(verified.fields, first_piece());
    assert_eq!(verified.regime, Regime::Specimen);
    assert_eq!(
        verified.fields.serial().to_string(),
        "ZZ010000000042-000003"
    );
}

#[test]
fn a_piece_of_another_certificate_psd_or_layout_is_refused() {
    let other_certificate = IbiFull {
        certificate_serial: 5,
        ..first_piece()
    };
    assert!(matches!(
        verdict(&other_certificate),
        Err(VerifyRefusal::OtherCertificate { found: 5, .. })
    ));
    let other_psd = IbiFull {
        psd: PsdId::specimen(43),
        ..first_piece()
    };
    assert!(matches!(
        verdict(&other_psd),
        Err(VerifyRefusal::OtherPsd { found, .. }) if found == PsdId::specimen(43)
    ));
    let other_layout = IbiFull {
        version: 0x50,
        ..first_piece()
    };
    assert_eq!(
        verdict(&other_layout),
        Err(VerifyRefusal::OtherLayout { found: 0x50 })
    );
}

#[test]
fn a_specimen_cannot_pass_as_live() {
    let live = IbiFull {
        algorithm: Algorithm::Ecdsa,
        ..first_piece()
    };
    assert_eq!(
        verdict(&live),
        Err(VerifyRefusal::Regime(RegimeMismatch::Algorithm {
            found: Algorithm::Ecdsa,
            actual: Regime::Specimen
        }))
    );
}

#[test]
fn registers_that_do_not_add_up_are_refused_though_signed() {
    let gained = IbiFull {
        descending: mills(39_221),
        ..first_piece()
    };
    assert!(matches!(
        verdict(&gained),
        Err(VerifyRefusal::ControlTotal { .. })
    ));
}

#[test]
fn a_piece_outside_the_terms_is_refused_though_signed() {
    let early = IbiFull {
        ascending: mills(10_779),
        descending: mills(39_221),
        ..first_piece()
    };
    assert_eq!(
        verdict(&early),
        Err(VerifyRefusal::BelowBase {
            from: mills(10_000)
        })
    );
    let dear = IbiFull {
        postage: mills(20_001),
        ascending: mills(30_001),
        descending: mills(19_999),
        ..first_piece()
    };
    assert_eq!(
        verdict(&dear),
        Err(VerifyRefusal::AboveCap {
            postage: mills(20_001),
            max: mills(20_000)
        })
    );
}

#[test]
fn the_date_of_mailing_lies_within_the_certificate() {
    let mailed = |day| {
        verdict(&IbiFull {
            date: day,
            ..first_piece()
        })
        .map(|_| ())
    };
    let refused = |date| Err(VerifyRefusal::OutsideValidity { date });
    assert_eq!(mailed(date(2026, 11, 20)), refused(date(2026, 11, 20)));
    assert_eq!(mailed(date(2026, 11, 21)), Ok(()));
    assert_eq!(mailed(date(2027, 1, 19)), Ok(()));
    assert_eq!(mailed(date(2027, 1, 20)), refused(date(2027, 1, 20)));
}

#[test]
fn the_same_piece_under_another_key_is_refused() {
    let other = Authority::with_terms(&terms());
    assert_eq!(
        verify(
            &AUTHORITY.indicium(&first_piece()),
            &other.chain().unwrap(),
            &check_signature
        ),
        Err(VerifyRefusal::Signature)
    );
}

#[test]
fn an_examination_names_everything_that_is_wrong() {
    let mut bytes = AUTHORITY.indicium(&first_piece());
    bytes[41] ^= 1;
    let examination = examine(&bytes, &CHAIN, &check_signature).unwrap();
    assert!(matches!(
        examination.refusals.as_slice(),
        [VerifyRefusal::Signature, VerifyRefusal::ControlTotal { .. }]
    ));
}

#[test]
fn any_flipped_bit_of_fields_or_signature_is_noticed() {
    let mut bytes = AUTHORITY.indicium(&first_piece());
    for bit in 0..113 * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(
            verify(&bytes, &CHAIN, &check_signature).is_err(),
            "bit {bit}"
        );
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(verify(&bytes, &CHAIN, &check_signature).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_are_genuine_and_none_make_the_verifier_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        prop_assert!(verify(&bytes, &CHAIN, &check_signature).is_err());
    }

    #[test]
    fn the_unsigned_trailer_decides_nothing(
        trailer in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = AUTHORITY.indicium(&first_piece())[..113].to_vec();
        bytes.extend_from_slice(&trailer);
        prop_assert!(verify(&bytes, &CHAIN, &check_signature).is_ok());
    }
}
