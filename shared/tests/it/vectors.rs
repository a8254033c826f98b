use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use data_encoding::HEXLOWER;
use serde_json::Value;
use shared::ids::VaultId;
use shared::indicium::certificate::{IndiciumTerms, PublicKey};
use shared::indicium::chain::IndiciumChain;
use shared::indicium::ibi_full::{IbiFull, SignedIbiFull};
use shared::indicium::verify::{VerifyRefusal, verify};
use shared::indicium::{Indicium, Profile};
use shared::merkle::{
    Frontier, Subtree, leaf_hash, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};
use shared::money::Mills;
use shared::security::enrolment_code::EnrolmentCode;
use shared::security::seal::{KeyAad, RowAad, open_row, seal_row, unwrap_key, wrap_key};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    let list = value.as_array().unwrap();
    assert!(!list.is_empty());
    list
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn mills(value: &Value) -> Mills {
    Mills::new(number(value)).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(text(value).as_bytes()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn check_signature(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(message, signature)
        .is_ok()
}

fn chain(vectors: &Value) -> IndiciumChain {
    let certificates = &vectors["certificates"];
    IndiciumChain::check(
        &bytes(&certificates["certificate"]),
        &bytes(&certificates["issuer"]),
        &bytes(&certificates["root"]),
        &check_signature,
    )
    .unwrap()
}

fn assert_fields(fields: &IbiFull, expected: &Value) {
    let psd = fields.psd.to_string();
    let expected_psd = format!(
        "{}{}{:010}",
        text(&expected["manufacturer"]),
        text(&expected["model"]),
        number(&expected["psd_serial"])
    );
    assert_eq!(psd, expected_psd);
    assert_eq!(fields.version, expected["version"]);
    assert_eq!(fields.algorithm.number(), expected["algorithm"]);
    assert_eq!(fields.certificate_serial, expected["certificate_serial"]);
    assert_eq!(fields.ascending, mills(&expected["ascending_mills"]));
    assert_eq!(fields.postage, mills(&expected["postage_mills"]));
    assert_eq!(fields.date.to_string(), text(&expected["date"]));
    assert_eq!(fields.origin.to_string(), text(&expected["origin_zip"]));
    assert_eq!(
        fields.destination.to_string(),
        text(&expected["destination"])
    );
    assert_eq!(fields.software.build, expected["build"]);
    assert_eq!(fields.software.counter, expected["piece_counter"]);
    assert_eq!(fields.descending, mills(&expected["descending_mills"]));
    assert_eq!(
        fields.rate_category,
        text(&expected["rate_category"]).as_bytes()
    );
}

#[test]
fn genuine_indicia_of_another_program_are_read_verified_and_made_alike() {
    let vectors = json(include_str!("../../vectors/indicium.json"));
    let chain = chain(&vectors);
    assert_eq!(chain.certificate().terms.to_string(), vectors["terms"]);
    assert_eq!(
        chain.certificate().public_key.as_slice(),
        bytes(&vectors["public_key"])
    );
    assert_eq!(
        chain.issuer_key_id(),
        array(&vectors["certificates"]["issuer_key_id"])
    );
    for vector in list(&vectors["genuine"]) {
        let whole = bytes(&vector["indicium"]);
        let verified = verify(&whole, &chain, &check_signature).unwrap();
        assert_fields(&verified.fields, &vector["fields"]);
        assert_eq!(verified.fields.serial().to_string(), vector["serial"]);

        let signature: [u8; 64] = array(&vector["signature"]);
        let signed = verified.fields.sign(chain.issuer_key_id(), |message| {
            assert_eq!(message.as_slice(), bytes(&vector["signed"]));
            Ok::<_, std::convert::Infallible>(signature)
        });
        assert_eq!(signed.unwrap().bytes(), whole);
    }
}

#[test]
fn each_refused_indicium_breaks_the_rule_it_names() {
    let vectors = json(include_str!("../../vectors/indicium.json"));
    let chain = chain(&vectors);
    for vector in list(&vectors["refused"]) {
        let refusal = verify(&bytes(&vector["indicium"]), &chain, &check_signature).unwrap_err();
        let rule = match refusal {
            VerifyRefusal::Unreadable(_) => "unreadable",
            VerifyRefusal::OtherLayout { .. } => "layout",
            VerifyRefusal::OtherCertificate { .. } => "certificate",
            VerifyRefusal::OtherPsd { .. } => "psd",
            VerifyRefusal::Regime(_) => "regime",
            VerifyRefusal::Signature => "signature",
            VerifyRefusal::ControlTotal { .. } => "control-total",
            VerifyRefusal::BelowBase { .. } => "base",
            VerifyRefusal::AboveCap { .. } => "cap",
            VerifyRefusal::OutsideValidity { .. } => "date",
        };
        assert_eq!(rule, vector["rule"]);
    }
}

#[test]
fn terms_have_one_spelling() {
    let vectors = json(include_str!("../../vectors/indicium_terms.json"));
    for vector in list(&vectors["sound"]) {
        let terms: IndiciumTerms = text(&vector["uri"]).parse().unwrap();
        assert_eq!(terms.psd.to_string(), vector["psd"]);
        assert_eq!(terms.grant, number(&vector["grant"]));
        assert_eq!(terms.control_total, mills(&vector["control_total_mills"]));
        assert_eq!(terms.from, mills(&vector["from_mills"]));
        assert_eq!(terms.max, mills(&vector["max_mills"]));
        assert_eq!(terms.regime.to_string(), vector["regime"]);
        assert_eq!(terms.to_string(), vector["uri"]);
    }
    for uri in list(&vectors["refused"]) {
        assert!(text(uri).parse::<IndiciumTerms>().is_err(), "{uri}");
    }
}

#[test]
fn indicia_of_other_makers_are_read_as_published() {
    let samples = json(include_str!("../../vectors/samples.json"));
    let bare = &samples["ibi_full_signed_bytes"];
    let bare_fields = IbiFull::from_signed_bytes(&array(&bare["hex"])).unwrap();
    let whole = &samples["ibi_full"];
    let whole_fields = *SignedIbiFull::read(&bytes(&whole["hex"])).unwrap().fields();
    for (fields, sample) in [(bare_fields, bare), (whole_fields, whole)] {
        assert_eq!(fields.psd.to_string(), sample["serial_prefix"]);
        assert_eq!(fields.certificate_serial, sample["certificate_serial"]);
        assert_eq!(fields.ascending, mills(&sample["ascending_mills"]));
        assert_eq!(fields.postage, mills(&sample["postage_mills"]));
        assert_eq!(fields.date.to_string(), sample["date"]);
        assert_eq!(fields.origin.to_string(), sample["origin_zip"]);
        assert_eq!(fields.destination.to_string(), sample["destination"]);
        assert_eq!(fields.descending, mills(&sample["descending_mills"]));
    }
    let lite = Indicium::read(&bytes(&samples["ibi_lite"]["hex"])).unwrap();
    assert_eq!(lite.profile(), Profile::IbiLite);
    assert_eq!(lite.identity(), samples["ibi_lite"]["identity"]);
    assert_eq!(lite.postage(), mills(&samples["ibi_lite"]["postage_mills"]));
    for sample in list(&samples["dv_freimachung"]) {
        let german = Indicium::read(&bytes(&sample["hex"])).unwrap();
        assert_eq!(german.profile(), Profile::DvFreimachung);
        let postage = Mills::from_cents(number(&sample["postage_cents"]));
        assert_eq!(Ok(german.postage()), postage);
        assert_eq!(german.date().unwrap().to_string(), sample["date"]);
        if let Some(identity) = sample.get("identity") {
            assert_eq!(german.identity(), *identity);
        }
    }
}

#[test]
fn enrolment_codes_of_another_program_are_read_and_written() {
    let vectors = json(include_str!("../../vectors/enrolment_code.json"));
    for vector in list(&vectors["codes"]) {
        let root = bytes(&vector["root_spki"]);
        let code: EnrolmentCode = text(&vector["code"]).parse().unwrap();
        assert_eq!(*code.secret(), array(&vector["secret"]));
        assert_eq!(code.secret_hash(), array(&vector["secret_sha256"]));
        assert!(code.vouches_for(&root));
        let made = EnrolmentCode::new(
            array(&vector["secret"]),
            EnrolmentCode::fingerprint_of(&root),
        );
        assert_eq!(made.to_string(), vector["code"]);
    }
}

#[test]
fn rows_and_keys_sealed_by_another_program_open_and_seal_alike() {
    let vectors = json(include_str!("../../vectors/row_seal.json"));
    for vector in list(&vectors["rows"]) {
        let (key, plaintext) = (array(&vector["key"]), bytes(&vector["plaintext"]));
        let kid = u16::try_from(number(&vector["kid"])).unwrap();
        let primary_key = bytes(&vector["primary_key"]);
        let place = RowAad {
            vault: VaultId::from_bytes(array(&vector["vault"])),
            table: text(&vector["table"]),
            primary_key: &primary_key,
            journal_size: number(&vector["journal_size"]),
        };
        let sealed = bytes(&vector["sealed"]);
        let opened = open_row(&key, kid, &place, &sealed).unwrap();
        assert_eq!(opened.as_slice(), plaintext);
        let again = seal_row(&key, kid, array(&vector["nonce"]), &place, &plaintext);
        assert_eq!(again.unwrap(), sealed);
    }
    for vector in list(&vectors["keys"]) {
        let (kek, key) = (array(&vector["kek"]), array(&vector["key"]));
        let kek_id = u16::try_from(number(&vector["kek_id"])).unwrap();
        let aad = KeyAad {
            vault: VaultId::from_bytes(array(&vector["vault"])),
            table: text(&vector["table"]),
            kid: u16::try_from(number(&vector["kid"])).unwrap(),
        };
        let wrapped = bytes(&vector["wrapped"]);
        assert_eq!(*unwrap_key(&kek, kek_id, &aad, &wrapped).unwrap(), key);
        let again = wrap_key(&kek, kek_id, array(&vector["nonce"]), &aad, &key);
        assert_eq!(again.unwrap(), wrapped);
    }
}

#[test]
fn merkle_roots_and_proofs_of_another_program_hold_and_are_made_alike() {
    let vectors = json(include_str!("../../vectors/merkle.json"));
    let mut frontier = Frontier::new();
    let roots: Vec<[u8; 32]> = list(&vectors["roots"]).iter().map(array).collect();
    let mut leaves = Vec::new();
    assert_eq!(frontier.root(), roots[0]);
    for (record, root) in list(&vectors["records"]).iter().zip(&roots[1..]) {
        let leaf = leaf_hash(&bytes(record));
        frontier.append(leaf).unwrap();
        leaves.push(leaf);
        assert_eq!(frontier.root(), *root);
    }
    let expected: Vec<[u8; 32]> = list(&vectors["leaf_hashes"]).iter().map(array).collect();
    assert_eq!(leaves, expected);

    let store = |subtree: Subtree| {
        let leaf = usize::try_from(subtree.index).unwrap();
        Ok::<_, std::convert::Infallible>((subtree.level == 0).then(|| leaves[leaf]))
    };
    let root_of = |size: u64| (size, &roots[usize::try_from(size).unwrap()]);
    let proof_of = |vector: &Value| -> Vec<[u8; 32]> {
        vector["proof"]
            .as_array()
            .unwrap()
            .iter()
            .map(array)
            .collect()
    };
    for vector in list(&vectors["inclusion"]) {
        let (index, size) = (number(&vector["index"]), number(&vector["size"]));
        let proof = proof_of(vector);
        let leaf = &leaves[usize::try_from(index).unwrap()];
        verify_inclusion(leaf, index, root_of(size), &proof).unwrap();
        assert_eq!(prove_inclusion(index, size, store), Ok(proof));
    }
    for vector in list(&vectors["consistency"]) {
        let (old, new) = (number(&vector["old"]), number(&vector["new"]));
        let proof = proof_of(vector);
        verify_consistency(root_of(old), root_of(new), &proof).unwrap();
        assert_eq!(prove_consistency(old, new, store), Ok(proof));
    }
}
