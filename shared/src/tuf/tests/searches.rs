//! Who may name a target.

use std::collections::BTreeMap;

use super::pens::{Pen, signed};
use super::press::{NOW, Press, role};
use crate::tuf::{
    DELEGATIONS_MAX, DelegatedRole, Delegations, RoleName, TargetFile, Targets, TufFault, Version,
};

fn delegate(to: &str, pen: &Pen, paths: &str, terminating: bool) -> DelegatedRole {
    DelegatedRole {
        name: RoleName::new(to),
        role: role(&[pen], 1),
        terminating,
        paths: Some(vec![paths.to_owned()]),
        path_hash_prefixes: None,
    }
}

fn names(path: &str, content: &[u8], to: Vec<DelegatedRole>, pen: &Pen) -> Targets {
    let delegations = Delegations {
        keys: BTreeMap::from([(pen.id(), pen.key())]),
        roles: to,
    };
    Targets {
        version: Version::FIRST,
        expires: NOW.plus_days(9),
        targets: BTreeMap::from([(path.to_owned(), TargetFile::of(content, None))]),
        delegations: Some(delegations).filter(|all| !all.roles.is_empty()),
    }
}

/// A repository whose top delegates to these roles; all delegated roles have the pen's key.
fn press(top: Vec<DelegatedRole>, roles: &[(&str, Targets)], pen: &Pen) -> Press {
    let mut press = Press::new();
    press.targets = names("top", b"top", top, pen);
    press.put_targets();
    for (name, targets) in roles {
        let bytes = signed(targets, &[pen]);
        press.put(name, targets.version, bytes);
    }
    press.put_snapshot();
    press.put_timestamp();
    press
}

#[test]
fn the_first_role_that_may_name_a_target_is_believed() {
    let pen = Pen::new(50);
    let press = press(
        vec![
            delegate("elsewhere", &pen, "b/*", false),
            delegate("first", &pen, "a/*", false),
            delegate("second", &pen, "a/*", false),
        ],
        &[
            ("elsewhere", names("a/x", b"not its own", vec![], &pen)),
            (
                "first",
                names(
                    "a/y",
                    b"y",
                    vec![delegate("deep", &pen, "a/*", false)],
                    &pen,
                ),
            ),
            ("deep", names("a/x", b"deep", vec![], &pen)),
            ("second", names("a/x", b"second", vec![], &pen)),
        ],
        &pen,
    );
    let found = press.look(&mut press.first_root(), "a/x").unwrap();
    assert!(found.is(b"deep"), "depth first");
    assert!(
        press
            .look(&mut press.first_root(), "top")
            .unwrap()
            .is(b"top")
    );
}

#[test]
fn nobody_is_asked_after_a_terminating_role() {
    let pen = Pen::new(50);
    let press = press(
        vec![
            delegate("first", &pen, "a/*", true),
            delegate("second", &pen, "a/*", false),
        ],
        &[
            ("first", names("a/y", b"y", vec![], &pen)),
            ("second", names("a/x", b"second", vec![], &pen)),
        ],
        &pen,
    );
    let fault = press.look(&mut press.first_root(), "a/x").unwrap_err();
    assert_eq!(fault, TufFault::NoSuchTarget("a/x".to_owned()));
}

#[test]
fn delegations_in_a_circle_end_and_those_without_end_are_refused() {
    let pen = Pen::new(50);
    let to = |name: &str| vec![delegate(name, &pen, "*", false)];
    let circle = press(
        to("one"),
        &[
            ("one", names("y", b"", to("two"), &pen)),
            ("two", names("z", b"", to("one"), &pen)),
        ],
        &pen,
    );
    let fault = circle.look(&mut circle.first_root(), "x").unwrap_err();
    assert_eq!(fault, TufFault::NoSuchTarget("x".to_owned()));
    let name = |number: usize| format!("r{number}");
    let chain: Vec<(String, Targets)> = (0..=DELEGATIONS_MAX)
        .map(|one| (name(one), names("y", b"", to(&name(one + 1)), &pen)))
        .collect();
    let chain: Vec<(&str, Targets)> = chain
        .iter()
        .map(|(name, targets)| (name.as_str(), targets.clone()))
        .collect();
    let long = press(to(&name(0)), &chain, &pen);
    let fault = long.look(&mut long.first_root(), "x").unwrap_err();
    assert!(
        matches!(fault, TufFault::TooManyDelegations { .. }),
        "{fault}"
    );
}

#[test]
fn a_role_reached_on_two_ways_is_held_against_the_keys_of_each() {
    let (one, other) = (Pen::new(50), Pen::new(51));
    let mut press = press(
        vec![
            delegate("a", &one, "a/*", false),
            delegate("b", &one, "b/*", false),
        ],
        &[(
            "a",
            names("y", b"", vec![delegate("shared", &one, "a/*", false)], &one),
        )],
        &one,
    );
    let b = names(
        "y",
        b"",
        vec![delegate("shared", &other, "b/*", false)],
        &other,
    );
    press.put("b", b.version, signed(&b, &[&one]));
    let mut both = names("a/x", b"right", vec![], &one);
    both.targets
        .insert("b/x".to_owned(), TargetFile::of(b"wrong", None));
    press.put("shared", both.version, signed(&both, &[&one]));
    press.put_snapshot();
    press.put_timestamp();
    let mut held = press.first_root();
    assert!(press.look(&mut held, "a/x").unwrap().is(b"right"));
    let fault = press.look(&mut held, "b/x").unwrap_err();
    assert!(
        matches!(fault, TufFault::NotSigned { valid: 0, .. }),
        "{fault}"
    );
}

#[test]
fn a_role_lists_only_what_it_may_name() {
    let pen = Pen::new(50);
    let mut listing = names("a/x", b"x", vec![], &pen);
    for other in ["b/x", "top", "a/../b"] {
        listing
            .targets
            .insert(other.to_owned(), TargetFile::of(b"", None));
    }
    let press = press(
        vec![
            delegate("a", &pen, "a/*", true),
            delegate("b", &pen, "*/*", true),
        ],
        &[("a", listing.clone()), ("b", listing)],
        &pen,
    );
    let mut held = press.first_root();
    let mut client = press.refresh(&mut held, NOW).unwrap();
    let mut listed = |name: &str| {
        client.list(RoleName::new(name)).unwrap();
        press.drive(&mut client, &mut held).unwrap();
        let paths = client.listed().iter().map(|(path, _)| path.to_string());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(listed("a"), ["a/x"]);
    assert_eq!(listed("b"), ["b/x"], "a/x is a's to name");
    assert_eq!(listed("nobody"), [""; 0]);
    assert_eq!(listed("targets"), ["top"]);
}

#[test]
fn a_role_may_be_given_the_first_digits_of_hashes_instead_of_patterns() {
    let pen = Pen::new(50);
    let mut to = delegate("a", &pen, "", false);
    to.paths = None;
    // SHA-256 of `x` begins with 2d, that of `y` with a1.
    to.path_hash_prefixes = Some(vec!["2d".to_owned()]);
    let mut listing = names("x", b"x", vec![], &pen);
    listing
        .targets
        .insert("y".to_owned(), TargetFile::of(b"y", None));
    let press = press(vec![to], &[("a", listing)], &pen);
    assert!(press.look(&mut press.first_root(), "x").unwrap().is(b"x"));
    assert!(press.look(&mut press.first_root(), "y").is_err());
}
