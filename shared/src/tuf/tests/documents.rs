//! Documents one by one.

use core::num::NonZeroU32;
use std::collections::BTreeMap;

use serde_json::json;

use super::pens::{Pen, signed, verify};
use crate::clock::UnixSeconds;
use crate::tuf::{
    DelegatedRole, Delegations, Document, MetaFile, Role, RoleName, Root, Snapshot, TargetFile,
    Targets, Timestamp, TufFault, Version,
};

const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();
const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();

fn timestamp() -> Timestamp {
    Timestamp::naming(
        Version::FIRST,
        UnixSeconds(1_900_000_000),
        MetaFile::of(Version::FIRST, b"snapshot"),
    )
}

fn role(
    pens: &[&Pen],
    threshold: NonZeroU32,
) -> (Role, BTreeMap<super::super::KeyId, super::super::Key>) {
    let role = Role::of(pens.iter().map(|pen| pen.id()), threshold);
    let keys = pens.iter().map(|pen| (pen.id(), pen.key())).collect();
    (role, keys)
}

fn check(bytes: &[u8], pens: &[&Pen], threshold: NonZeroU32) -> Result<Timestamp, TufFault> {
    let name = RoleName::timestamp();
    let (role, keys) = role(pens, threshold);
    Document::read(&name, bytes)?.verified(&name, &role, &keys, &verify)
}

/// Made and signed with Ed25519, ECDSA and RSA-PSS by python-tuf 7.0.0 (`tests/python_tuf_root.json`).
#[test]
fn a_root_that_python_tuf_signed_holds_with_its_three_kinds_of_keys() {
    let bytes = include_bytes!("python_tuf_root.json");
    let name = RoleName::root();
    let document = Document::read(&name, bytes).unwrap();
    let root: Root = document.unverified(&name).unwrap();
    assert_eq!(root.roles.root.threshold, THREE);
    document
        .check(&name, &root.roles.root, &root.keys, &verify)
        .unwrap();
    for (id, key) in &root.keys {
        assert_eq!(key.id(), *id, "the name of a {} key", key.keytype);
    }
    let text = core::str::from_utf8(bytes).unwrap();
    let altered = text.replace("\"x-a\": 1", "\"x-a\": 2");
    assert_ne!(altered, text);
    let document = Document::read(&name, altered.as_bytes()).unwrap();
    let refused = document.check(&name, &root.roles.root, &root.keys, &verify);
    let none = TufFault::NotSigned {
        role: name,
        valid: 0,
        threshold: 3,
    };
    assert_eq!(refused, Err(none));
}

#[test]
fn what_is_made_reads_back_and_holds() {
    let (one, two) = (Pen::new(1), Pen::new(2));
    let bytes = signed(&timestamp(), &[&one, &two]);
    assert_eq!(check(&bytes, &[&one, &two], TWO), Ok(timestamp()));
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains(r#""expires":"2030-03-17T17:46:40Z""#),
        "{text}"
    );
    let targets = Targets {
        version: Version::FIRST.next(),
        expires: UnixSeconds(1_900_000_000),
        targets: BTreeMap::from([(
            "rates/a.pbe".to_owned(),
            TargetFile::of(b"prices", Some(json!({"effective": "2027-01-01"}))),
        )]),
        delegations: Some(Delegations {
            keys: BTreeMap::from([(two.id(), two.key())]),
            roles: vec![DelegatedRole {
                name: RoleName::new("rates"),
                role: Role::of([two.id()], NonZeroU32::MIN),
                terminating: true,
                paths: Some(vec!["rates/*".to_owned()]),
                path_hash_prefixes: None,
            }],
        }),
    };
    let name = RoleName::targets();
    let document = Document::read(&name, &signed(&targets, &[&one])).unwrap();
    assert_eq!(document.unverified::<Targets>(&name), Ok(targets));
}

#[test]
fn one_key_counts_once_whatever_it_is_called() {
    let (one, two) = (Pen::new(1), Pen::new(2));
    let mut document = Document::of(&timestamp());
    one.sign(&mut document);
    let signature = document.signatures().first().unwrap().clone();
    let alias = super::super::KeyId::from("alias");
    let digits = data_encoding::HEXLOWER
        .decode(signature.sig.as_bytes())
        .unwrap();
    document.sign(alias.clone(), &digits);
    let (mut role, mut keys) = role(&[&one, &two], TWO);
    role.keyids.insert(alias.clone());
    keys.insert(alias, one.key());
    let name = RoleName::timestamp();
    let fault = document.check(&name, &role, &keys, &verify).unwrap_err();
    assert_eq!(
        fault,
        TufFault::NotSigned {
            role: name,
            valid: 1,
            threshold: 2
        }
    );
}

#[test]
fn strangers_and_nonsense_are_passed_over_and_doubles_refused() {
    let (one, two, stranger) = (Pen::new(1), Pen::new(2), Pen::new(3));
    let mut document = Document::of(&timestamp());
    for pen in [&stranger, &one, &two] {
        pen.sign(&mut document);
    }
    document.sign("nobody".into(), b"");
    assert!(check(&document.to_bytes(), &[&one, &two], TWO).is_ok());
    let text = String::from_utf8(document.to_bytes()).unwrap();
    let mut twice: serde_json::Value = serde_json::from_str(&text).unwrap();
    let signatures = twice["signatures"].as_array_mut().unwrap();
    let first = signatures.first().unwrap().clone();
    signatures.push(first);
    let refused = check(twice.to_string().as_bytes(), &[&one, &two], TWO).unwrap_err();
    assert!(matches!(refused, TufFault::TwoSignaturesOfOneKey { .. }));
}

#[test]
fn one_document_is_never_taken_for_another_kind() {
    let one = Pen::new(1);
    let snapshot = Snapshot {
        version: Version::FIRST,
        expires: UnixSeconds(1_900_000_000),
        meta: timestamp().meta,
    };
    let fault = check(&signed(&snapshot, &[&one]), &[&one], NonZeroU32::MIN).unwrap_err();
    assert_eq!(fault, TufFault::Unreadable(RoleName::timestamp()));
}

#[test]
fn what_says_nothing_sensible_is_unreadable() {
    let good = serde_json::to_value(timestamp()).unwrap();
    for (field, value) in [
        ("version", json!(0)),
        ("version", json!(-1)),
        ("version", json!("1")),
        ("expires", json!("2030-03-17")),
        ("expires", json!("2030-03-17T17:46:40+00:00")),
        ("meta", json!({})),
        ("spec_version", json!("2.0")),
        ("_type", json!("root")),
    ] {
        let mut fields = good.clone();
        fields["_type"] = json!("timestamp");
        fields["spec_version"] = json!("1.0.31");
        fields[field] = value;
        let bytes = json!({"signatures": [], "signed": fields}).to_string();
        let document = Document::read(&RoleName::timestamp(), bytes.as_bytes()).unwrap();
        let read = document.unverified::<Timestamp>(&RoleName::timestamp());
        assert!(read.is_err(), "{field}");
    }
}
