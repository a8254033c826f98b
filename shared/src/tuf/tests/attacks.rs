//! What bad input gets: nothing is believed, and what was believed before stays.

use proptest::prelude::*;

use super::pens::{Pen, signed, verify};
use super::press::{Held, NOW, Press, days, drive, refresh};
use crate::clock::UnixSeconds;
use crate::tuf::{
    Client, MetaFile, ROOT_ROTATIONS_MAX, RoleName, TIMESTAMP_MAX_BYTES, TargetFile, TargetPath,
    TufFault, Version,
};

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

/// A repository that nobody attacks, of higher versions than any an attack here has.
fn honest(now: UnixSeconds) -> Press {
    let mut press = Press::new();
    press.root.version = version(2);
    press.root.expires = now.plus_days(400);
    press.publish_root();
    let later = version(9);
    (press.targets.version, press.targets.expires) = (later, now.plus_days(300));
    press.put_targets();
    (press.rates.version, press.rates.expires) = (later, now.plus_days(300));
    (press.snapshot.version, press.snapshot.expires) = (later, now.plus_days(7));
    (press.timestamp.version, press.timestamp.expires) = (later, now.plus_days(7));
    press.publish("rates/honest", b"newest");
    press
}

/// The fault of a refresh from an attacked repository. Nothing but the named roles may have
/// changed by it, and a client that asks the honest repository afterwards gets on.
fn attacked(press: &Press, held: &Held, now: UnixSeconds, may_change: &[&str]) -> TufFault {
    let mut after = held.clone();
    let fault = press.refresh(&mut after, now).map(drop).unwrap_err();
    for (role, bytes) in held {
        let changed = after.get(role) != Some(bytes);
        assert!(
            !changed || may_change.contains(&role.as_str()),
            "{role} changed"
        );
    }
    // Where a root was taken over, the chain has to go on from it; all else leads back.
    if !may_change.contains(&"root") {
        let honest = honest(now);
        let mut client = honest.refresh(&mut after, now).unwrap();
        let path = TargetPath::new("rates/honest").unwrap();
        client.look_for(path.clone()).unwrap();
        honest.drive(&mut client, &mut after).unwrap();
        assert!(client.found(&path).unwrap().file.is(b"newest"));
    }
    fault
}

#[test]
fn a_repository_that_is_rolled_back_is_refused() {
    let mut press = Press::new();
    press.publish("rates/two", b"newer");
    let held = press.served();
    let back = |role: RoleName| TufFault::RolledBack {
        role,
        trusted: version(2),
        found: version(1),
    };
    // An older timestamp.
    let old = Press::new();
    assert_eq!(attacked(&old, &held, NOW, &[]), back(RoleName::timestamp()));
    // A newer timestamp that names an older snapshot.
    let mut old = Press::new();
    old.timestamp.version = version(3);
    old.put_timestamp();
    assert_eq!(attacked(&old, &held, NOW, &[]), back(RoleName::snapshot()));
    // A newer snapshot that names older rates; the timestamp itself is honest.
    let mut old = Press::new();
    (old.timestamp.version, old.snapshot.version) = (version(3), version(3));
    old.put_snapshot();
    old.put_timestamp();
    let fault = attacked(&old, &held, NOW, &["timestamp"]);
    assert_eq!(fault, back(RoleName::new("rates")));
    // One that names them no more.
    old.snapshot.meta.remove("rates.json");
    old.put_snapshot();
    old.put_timestamp();
    let fault = attacked(&old, &held, NOW, &["timestamp"]);
    assert_eq!(fault, TufFault::NotInSnapshot(RoleName::new("rates")));
}

#[test]
fn a_repository_that_is_frozen_is_noticed_when_its_timestamp_expires() {
    let press = Press::new();
    let held = press.served();
    assert!(press.refresh(&mut held.clone(), days(6)).is_ok());
    let expired = TufFault::Expired {
        role: RoleName::timestamp(),
        at: days(7),
    };
    assert_eq!(attacked(&press, &held, days(7), &[]), expired);
    let nothing = press.refresh(&mut press.first_root(), days(8));
    assert_eq!(nothing.map(drop), Err(expired));
}

#[test]
fn documents_that_do_not_belong_together_are_refused() {
    let mut press = Press::new();
    let held = press.served();
    // Another snapshot of the version that the timestamp names, signed all the same.
    let mut other = Press::new();
    other.name_rates("rates/two", b"other");
    other.put_rates();
    other.put_snapshot();
    let mixed = other.files["1.snapshot.json"].clone();
    press.publish("rates/two", b"newer");
    press.files.insert("2.snapshot.json".to_owned(), mixed);
    let fault = attacked(&press, &held, NOW, &["timestamp"]);
    assert_eq!(fault, TufFault::WrongContent("snapshot".to_owned()));
    // Rates of another version under the address of those that the snapshot names.
    let mut press = Press::new();
    press.publish("rates/two", b"newer");
    let older = press.files["1.rates.json"].clone();
    press.files.insert("2.rates.json".to_owned(), older.clone());
    let mut fresh = press.first_root();
    let fault = press.look(&mut fresh, "rates/two").unwrap_err();
    let wrong = [
        TufFault::WrongContent("rates".to_owned()),
        TufFault::TooLong {
            what: "rates".to_owned(),
            limit: u64::try_from(press.files["2.rates.json"].len()).unwrap(),
        },
    ];
    assert!(wrong.contains(&fault), "{fault}");
    // The same where the snapshot says nothing but the version.
    let meta = MetaFile {
        version: version(2),
        length: None,
        hashes: None,
    };
    press.snapshot.meta.insert("rates.json".to_owned(), meta);
    press.put_snapshot();
    press.put_timestamp();
    let fault = press
        .look(&mut press.first_root(), "rates/two")
        .unwrap_err();
    let wrong = TufFault::WrongVersion {
        role: RoleName::new("rates"),
        expected: version(2),
        found: version(1),
    };
    assert_eq!(fault, wrong);
}

#[test]
fn expired_documents_are_refused_each_by_its_name() {
    for name in ["timestamp", "snapshot", "targets", "rates"] {
        let mut press = Press::new();
        let held = press.served();
        press.targets.version = version(2);
        let expires = match name {
            "timestamp" => &mut press.timestamp.expires,
            "snapshot" => &mut press.snapshot.expires,
            "targets" => &mut press.targets.expires,
            _ => &mut press.rates.expires,
        };
        *expires = NOW;
        press.put_targets();
        press.publish("rates/two", b"newer");
        let expired = TufFault::Expired {
            role: RoleName::new(name),
            at: NOW,
        };
        let fault = press.look(&mut held.clone(), "rates/two").unwrap_err();
        assert_eq!(fault, expired);
    }
    let mut press = Press::new();
    let held = press.served();
    (press.root.version, press.root.expires) = (version(2), NOW);
    press.publish_root();
    press.publish("rates/two", b"newer");
    let fault = attacked(&press, &held, NOW, &["root"]);
    assert!(matches!(fault, TufFault::Expired { role, .. } if role == RoleName::root()));
}

#[test]
fn oversized_documents_are_refused_before_they_are_read() {
    let mut press = Press::new();
    let held = press.served();
    press.publish("rates/two", b"newer");
    let blank = vec![b' '; usize::try_from(TIMESTAMP_MAX_BYTES).unwrap() + 1];
    press.files.insert("timestamp.json".to_owned(), blank);
    let too_long = |what: &str, limit| TufFault::TooLong {
        what: what.to_owned(),
        limit,
    };
    let fault = attacked(&press, &held, NOW, &[]);
    assert_eq!(fault, too_long("timestamp", TIMESTAMP_MAX_BYTES));
    // With a signed length, one byte more is too many.
    press.put_timestamp();
    let snapshot = press.files.get_mut("2.snapshot.json").unwrap();
    let limit = u64::try_from(snapshot.len()).unwrap();
    snapshot.push(b' ');
    let fault = attacked(&press, &held, NOW, &["timestamp"]);
    assert_eq!(fault, too_long("snapshot", limit));
    // A target is cut off at its signed length.
    let file = TargetFile::of(b"prices", None);
    let mut checking = file.checking();
    assert!(checking.take(b"prices"));
    assert!(!checking.take(b"!"));
    assert!(!checking.holds());
}

#[test]
fn wrongly_signed_documents_are_refused_each_by_its_name() {
    for name in ["root", "timestamp", "snapshot", "targets", "rates"] {
        let mut press = Press::new();
        let held = press.served();
        press.pens.insert(name, Pen::new(99));
        press.root.version = version(2);
        press.targets.version = version(2);
        press.publish_root();
        press.put_targets();
        press.publish("rates/two", b"newer");
        let fault = press.look(&mut held.clone(), "rates/two").unwrap_err();
        let not_signed = TufFault::NotSigned {
            role: RoleName::new(name),
            valid: 0,
            threshold: 1,
        };
        assert_eq!(fault, not_signed);
    }
}

#[test]
fn a_root_signed_by_its_new_keys_alone_or_its_old_ones_alone_is_refused() {
    for by_old in [false, true] {
        let mut press = Press::new();
        let held = press.served();
        let fresh = Pen::new(99);
        press.root.version = version(2);
        press.root.keys.insert(fresh.id(), fresh.key());
        press.root.roles.root = super::press::role(&[&fresh], 1);
        let pen = if by_old { &press.pens["root"] } else { &fresh };
        let bytes = signed(&press.root, &[pen]);
        press.files.insert("2.root.json".to_owned(), bytes);
        let fault = attacked(&press, &held, NOW, &[]);
        assert!(
            matches!(fault, TufFault::NotSigned { valid: 0, .. }),
            "{fault}"
        );
    }
}

#[test]
fn truncated_documents_and_targets_are_refused() {
    for name in [
        "timestamp.json",
        "2.snapshot.json",
        "2.rates.json",
        "2.root.json",
    ] {
        let mut press = Press::new();
        let held = press.served();
        press.publish("rates/two", b"newer");
        press.root.version = version(2);
        press.publish_root();
        let whole = press.files[name].clone();
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            press
                .files
                .insert(name.to_owned(), whole[..length].to_vec());
            let looked = press.look(&mut held.clone(), "rates/two");
            assert!(looked.is_err(), "{name} cut to {length}");
        }
    }
    assert!(!TargetFile::of(b"prices", None).is(b"price"));
}

#[test]
fn an_endless_chain_of_roots_is_given_up_and_goes_on_another_time() {
    let mut press = Press::new();
    let mut held = press.first_root();
    for number in 2..=u64::from(ROOT_ROTATIONS_MAX) + 2 {
        press.root.version = version(number);
        press.publish_root();
    }
    let mut client = Client::open(held.clone(), NOW, &verify).unwrap();
    let asked = std::cell::Cell::new(0);
    let given_up = drive(&mut client, &mut held, |ask| {
        asked.set(asked.get() + 1);
        press.files.get(&ask.address()).cloned()
    });
    assert_eq!(given_up, Err(TufFault::TooManyRoots(ROOT_ROTATIONS_MAX)));
    assert_eq!(asked.get(), ROOT_ROTATIONS_MAX);
    assert!(!held.contains_key(&RoleName::timestamp()));
    assert!(press.refresh(&mut held, NOW).is_ok(), "from where it was");
}

#[test]
fn after_a_fault_a_client_does_nothing_more() {
    let press = Press::new();
    let mut client = Client::open(press.served(), NOW, &verify).unwrap();
    client.next(&verify).unwrap();
    let fault = client.accept(Some(b"no"), &verify).unwrap_err();
    assert_eq!(client.next(&verify), Err(fault.clone()));
    assert_eq!(client.accept(None, &verify), Err(fault.clone()));
    assert_eq!(client.list(RoleName::new("rates")), Err(fault));
    assert!(!client.is_fresh());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is served, at whatever place: a fault or a refresh, and never a panic.
    #[test]
    fn arbitrary_bytes_are_believed_by_nobody(
        place in 0_usize..5,
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut press = Press::new();
        press.publish("rates/two", b"newer");
        let name = ["2.root.json", "timestamp.json", "2.snapshot.json", "1.targets.json",
            "2.rates.json"][place];
        press.files.insert(name.to_owned(), bytes);
        prop_assert!(press.look(&mut press.first_root(), "rates/two").is_err());
    }

    /// A document with any one part of its JSON replaced.
    #[test]
    fn an_altered_document_is_believed_by_nobody(
        place in 0_usize..4,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut press = Press::new();
        press.publish("rates/two", b"newer");
        let name = ["timestamp.json", "2.snapshot.json", "1.targets.json", "2.rates.json"][place];
        let honest = press.files[name].clone();
        let at = at.index(honest.len());
        prop_assume!(honest[at] != byte);
        press.files.get_mut(name).unwrap()[at] = byte;
        let looked = press.look(&mut press.first_root(), "rates/two");
        // The timestamp alone is not held against a hash: an altered byte outside of what is
        // signed (the case of a hexadecimal digit) leaves it what it was.
        if name == "timestamp.json" {
            prop_assert!(looked.is_err() || looked.is_ok_and(|file| file.is(b"newer")));
        } else {
            prop_assert!(looked.is_err());
        }
    }

    /// Bytes that were written down by somebody else open no client, or one that still checks.
    #[test]
    fn an_arbitrary_store_makes_no_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        role in prop::sample::select(vec!["root", "timestamp", "snapshot", "targets", "rates"]),
    ) {
        let press = Press::new();
        let mut held = press.served();
        held.insert(RoleName::new(role), bytes);
        let looked = refresh(&mut held, NOW, |ask| press.files.get(&ask.address()).cloned());
        prop_assert_eq!(looked.is_err(), role == "root");
    }
}
