//! How a station gets on.

use super::pens::{Pen, signed, verify};
use super::press::{NOW, Press, days, drive, refresh, role};
use crate::tuf::{Client, RoleName, TargetPath, TufFault, Version};

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

#[test]
fn a_station_that_has_the_newest_timestamp_asks_for_two_documents_and_gets_one() {
    let press = Press::new();
    let mut held = press.served();
    let mut client = Client::open(held.clone(), NOW, &verify).unwrap();
    assert_eq!(press.drive(&mut client, &mut held), Ok(2));
    assert!(client.is_fresh());
    assert_eq!(client.timestamp_version(), Some(version(1)));
    assert_eq!(client.expires(), Some(days(7)));
}

#[test]
fn only_what_changed_is_fetched() {
    let mut press = Press::new();
    let mut held = press.served();
    press.publish("rates/two", b"new prices");
    let mut client = Client::open(held.clone(), NOW, &verify).unwrap();
    // The next root (which is not there), timestamp and snapshot; the targets at the top are held.
    assert_eq!(press.drive(&mut client, &mut held), Ok(3));
    client.list(RoleName::new("rates")).unwrap();
    assert_eq!(press.drive(&mut client, &mut held), Ok(1));
    let paths: Vec<&str> = client
        .listed()
        .iter()
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(paths, ["rates/one", "rates/two"]);
    let (path, file) = client.listed().last().unwrap();
    assert!(file.is(b"new prices"));
    let address = client.address_of(path, file).unwrap();
    assert!(
        address.starts_with("rates/") && address.ends_with(".two"),
        "{address}"
    );
}

#[test]
fn a_line_that_breaks_leaves_what_was_believed_and_the_next_refresh_goes_on() {
    let mut press = Press::new();
    let mut held = press.served();
    press.publish("rates/two", b"new prices");
    let mut client = Client::open(held.clone(), NOW, &verify).unwrap();
    let broken = drive(&mut client, &mut held, |ask| {
        let there = press.files.get(&ask.address()).cloned();
        there.filter(|_| ask.role != RoleName::snapshot())
    });
    assert_eq!(
        broken.unwrap_err(),
        TufFault::Missing("snapshot".to_owned())
    );
    assert!(press.look(&mut held, "rates/two").is_ok());
}

#[test]
fn roots_are_followed_one_by_one_to_new_keys() {
    let mut press = Press::new();
    let mut held = press.first_root();
    let fresh = Pen::new(77);
    press.root.version = version(2);
    press.root.roles.root = role(&[&fresh], 1);
    press.root.keys.insert(fresh.id(), fresh.key());
    let both = signed(&press.root, &[&press.pens["root"], &fresh]);
    press.files.insert("2.root.json".to_owned(), both);
    press.root.version = version(3);
    let alone = signed(&press.root, &[&fresh]);
    press.files.insert("3.root.json".to_owned(), alone.clone());
    press.refresh(&mut held, NOW).unwrap();
    assert_eq!(held.get(&RoleName::root()), Some(&alone));
}

#[test]
fn stolen_keys_that_signed_the_highest_versions_are_replaced_and_the_repository_recovers() {
    let mut press = Press::new();
    let mut held = press.served();
    press.timestamp.version = version(u64::MAX);
    press.snapshot.version = version(u64::MAX);
    press.put_snapshot();
    press.put_timestamp();
    press.refresh(&mut held, NOW).unwrap();
    for (place, name) in ["timestamp", "snapshot"].into_iter().enumerate() {
        let pen = Pen::new(90 + u8::try_from(place).unwrap());
        press.root.keys.insert(pen.id(), pen.key());
        let role = role(&[&pen], 1);
        if name == "timestamp" {
            press.root.roles.timestamp = role;
        } else {
            press.root.roles.snapshot = role;
        }
        press.pens.insert(name, pen);
    }
    press.root.version = version(2);
    press.publish_root();
    press.timestamp.version = version(2);
    press.snapshot.version = version(2);
    press.put_snapshot();
    press.put_timestamp();
    let client = press.refresh(&mut held, NOW).unwrap();
    assert_eq!(client.timestamp_version(), Some(version(2)));
}

#[test]
fn an_expired_root_leads_to_the_next_one() {
    let mut press = Press::new();
    let mut held = press.served();
    press.root.version = version(2);
    press.root.expires = days(900);
    press.publish_root();
    press.timestamp.version = version(2);
    press.snapshot.version = version(2);
    press.targets.version = version(2);
    for expires in [
        &mut press.timestamp.expires,
        &mut press.snapshot.expires,
        &mut press.targets.expires,
    ] {
        *expires = days(600);
    }
    press.put_targets();
    press.put_snapshot();
    press.put_timestamp();
    assert!(press.refresh(&mut held, days(500)).is_ok());
}

#[test]
fn a_client_answers_for_nothing_it_did_not_ask() {
    let press = Press::new();
    let mut held = press.served();
    let mut client = press.refresh(&mut held, NOW).unwrap();
    assert_eq!(client.accept(Some(b"{}"), &verify), Err(TufFault::NotAsked));
    let mut client = Client::open(held, NOW, &verify).unwrap();
    let path = TargetPath::new("rates/one").unwrap();
    assert_eq!(client.look_for(path), Err(TufFault::NotAsked));
    let nothing = refresh(&mut press.first_root(), NOW, |_| None);
    let missing = TufFault::Missing("timestamp".to_owned());
    assert_eq!(nothing.unwrap_err(), missing);
}

#[test]
fn what_is_held_is_believed_without_asking_until_it_expires() {
    let press = Press::new();
    let held = press.served();
    let mut client = Client::from_held(held.clone(), NOW, &verify).unwrap();
    client.list(RoleName::new("rates")).unwrap();
    client.answer_from_held(&verify).unwrap();
    assert_eq!(client.listed().len(), 1);
    let expired = Client::from_held(held, days(7), &verify).map(drop);
    assert!(matches!(expired, Err(TufFault::Expired { .. })));
    let missing = Client::from_held(press.first_root(), NOW, &verify).map(drop);
    assert_eq!(missing, Err(TufFault::Missing("timestamp".to_owned())));
}
