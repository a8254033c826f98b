use rcgen::{BasicConstraints, CustomExtension, IsCa, KeyUsagePurpose, SanType, date_time_ymd};
use sha2::{Digest, Sha256};

use super::super::certificate::IndiciumTerms;
use super::super::fixture::{Authority, CERTIFICATE, Recipe, check_signature, terms};
use super::super::regime::Regime;
use super::*;
use crate::ids::PsdId;

fn refusal_of(change: impl FnOnce(&mut Recipe)) -> ChainRefusal {
    let mut recipe = Recipe::of(&terms());
    change(&mut recipe);
    recipe.made().chain().unwrap_err()
}

#[test]
fn a_sound_chain_is_a_specimen_under_any_root_of_this_build() {
    let chain = Authority::with_terms(&terms()).chain().unwrap();
    assert_eq!(chain.regime(), Regime::Specimen);
    assert_eq!(chain.certificate().terms, terms());
    assert_eq!(chain.certificate().counter(), CERTIFICATE);
    assert!(PROVIDER_ROOTS.is_empty());
}

#[test]
fn the_issuer_key_id_is_the_front_of_the_usual_key_identifier() {
    let authority = Authority::with_terms(&terms());
    let issuer = read_x509(&authority.issuer_der).unwrap();
    let hash = Sha256::digest(issuer.public_key().raw);
    assert_eq!(authority.chain().unwrap().issuer_key_id(), hash[..4]);
}

#[test]
fn a_certificate_under_another_root_or_issuer_is_refused() {
    let ours = Authority::with_terms(&terms());
    let theirs = Authority::with_terms(&terms());
    let check = |certificate: &[u8], issuer: &[u8], root: &[u8]| {
        IndiciumChain::check(certificate, issuer, root, &check_signature).map(|_| ())
    };
    assert_eq!(
        check(&ours.certificate_der, &ours.issuer_der, &theirs.root_der),
        Err(ChainRefusal::Signature { link: Link::Issuer })
    );
    assert_eq!(
        check(&ours.certificate_der, &theirs.issuer_der, &theirs.root_der),
        Err(ChainRefusal::Signature {
            link: Link::Indicium
        })
    );
    assert_eq!(
        check(&ours.certificate_der, &ours.root_der, &ours.root_der),
        Err(ChainRefusal::NotACertificateAuthority { link: Link::Issuer })
    );
    assert_eq!(
        check(&ours.issuer_der, &ours.issuer_der, &ours.root_der),
        Err(ChainRefusal::OtherIssuer {
            link: Link::Indicium
        })
    );
}

#[test]
fn an_issuer_that_may_not_issue_is_refused() {
    let refused = ChainRefusal::NotACertificateAuthority { link: Link::Issuer };
    assert_eq!(
        refusal_of(|recipe| recipe.issuer.is_ca = IsCa::NoCa),
        refused
    );
    assert_eq!(
        refusal_of(|recipe| recipe.issuer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        refused
    );
    assert_eq!(
        refusal_of(|recipe| recipe.issuer.key_usages = vec![KeyUsagePurpose::CrlSign]),
        refused
    );
    assert_eq!(
        refusal_of(|recipe| recipe.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))),
        ChainRefusal::NotACertificateAuthority { link: Link::Root }
    );
}

#[test]
fn a_certificate_that_outlives_its_issuer_is_refused() {
    assert_eq!(
        refusal_of(|recipe| recipe.indicium.not_after = date_time_ymd(2040, 1, 1)),
        ChainRefusal::OutlivesIssuer {
            link: Link::Indicium
        }
    );
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999], vec![5, 0]);
    extension.set_criticality(true);
    assert_eq!(
        refusal_of(|recipe| recipe.indicium.custom_extensions = vec![extension]),
        ChainRefusal::UnknownCriticalExtension {
            link: Link::Indicium
        }
    );
}

#[test]
fn a_certificate_that_is_not_for_indicia_says_why() {
    let unusable = |source| ChainRefusal::Unusable {
        link: Link::Indicium,
        source,
    };
    assert_eq!(
        refusal_of(|recipe| recipe.indicium.serial_number = Some(vec![1, 2, 3].into())),
        unusable(CertificateError::WrongSerial)
    );
    assert_eq!(
        refusal_of(|recipe| recipe.indicium.key_usages = vec![KeyUsagePurpose::KeyAgreement]),
        unusable(CertificateError::WrongUsage)
    );
    assert_eq!(
        refusal_of(|recipe| recipe.indicium.subject_alt_names.clear()),
        unusable(CertificateError::NoTerms)
    );
    let second = SanType::URI("pennyblack:other".try_into().unwrap());
    assert_eq!(
        refusal_of(|recipe| recipe.indicium.subject_alt_names.push(second)),
        unusable(CertificateError::NoTerms)
    );
}

#[test]
fn live_terms_need_a_provider_root_and_a_provider_root_needs_live_terms() {
    let live = IndiciumTerms {
        regime: Regime::Live,
        psd: PsdId {
            manufacturer: *b"99",
            ..terms().psd
        },
        ..terms()
    };
    let regime_of = |terms: &IndiciumTerms, provider: bool| {
        let authority = Authority::with_terms(terms);
        let hash: [u8; 32] = Sha256::digest(&authority.root_spki).into();
        let ders = [
            authority.certificate_der.as_slice(),
            &authority.issuer_der,
            &authority.root_der,
        ];
        let provider_roots: &[[u8; 32]] = if provider { &[hash] } else { &[] };
        IndiciumChain::check_among(ders, provider_roots, &check_signature)
            .map(|chain| chain.regime())
    };
    assert_eq!(regime_of(&terms(), false), Ok(Regime::Specimen));
    assert_eq!(regime_of(&live, true), Ok(Regime::Live));
    let mixed = |claimed, actual| {
        Err(ChainRefusal::Regime(RegimeMismatch::Certificate {
            claimed,
            actual,
        }))
    };
    assert_eq!(
        regime_of(&live, false),
        mixed(Regime::Live, Regime::Specimen)
    );
    assert_eq!(
        regime_of(&terms(), true),
        mixed(Regime::Specimen, Regime::Live)
    );
    let live_zz = IndiciumTerms {
        psd: terms().psd,
        ..live
    };
    assert_eq!(
        regime_of(&live_zz, true),
        Err(ChainRefusal::Regime(RegimeMismatch::Manufacturer {
            actual: Regime::Live
        }))
    );
    let specimen_99 = IndiciumTerms {
        psd: live.psd,
        ..terms()
    };
    assert_eq!(
        regime_of(&specimen_99, false),
        Err(ChainRefusal::Regime(RegimeMismatch::Manufacturer {
            actual: Regime::Specimen
        }))
    );
}

#[test]
fn any_flipped_bit_of_the_certificate_breaks_the_chain() {
    let authority = Authority::with_terms(&terms());
    let mut certificate = authority.certificate_der.clone();
    for bit in 0..certificate.len() * 8 {
        certificate[bit / 8] ^= 1 << (bit % 8);
        let check = IndiciumChain::check(
            &certificate,
            &authority.issuer_der,
            &authority.root_der,
            &check_signature,
        );
        assert!(check.is_err(), "bit {bit}");
        certificate[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn only_strict_der_is_a_signature() {
    let mut sound = vec![0x30, 0x44, 0x02, 0x20];
    sound.extend_from_slice(&[0x11; 32]);
    sound.extend_from_slice(&[0x02, 0x20]);
    sound.extend_from_slice(&[0x22; 32]);
    let fixed = fixed_signature(&sound).unwrap();
    assert_eq!((fixed[0], fixed[63]), (0x11, 0x22));
    assert_eq!(
        fixed_signature(&[0x30, 6, 2, 1, 5, 2, 1, 6]).map(|fixed| (fixed[31], fixed[63])),
        Some((5, 6))
    );
    for broken in [
        &[][..],
        &[0x30, 6, 2, 1, 5, 2, 1, 6, 0],
        &[0x30, 7, 2, 2, 0, 5, 2, 1, 6],
        &[0x30, 6, 2, 1, 0x85, 2, 1, 6],
        &[0x30, 5, 2, 0, 2, 1, 6],
        &[0x30, 6, 2, 9, 5, 2, 1, 6],
    ] {
        assert_eq!(fixed_signature(broken), None, "{broken:?}");
    }
}
