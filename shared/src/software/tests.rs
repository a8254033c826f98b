use std::collections::BTreeSet;

use jiff::civil::{DateTime, date};
use proptest::prelude::*;

use super::*;
use crate::clock::UnixSeconds;
use crate::ids::VaultId;

static NONE: BTreeSet<Version> = BTreeSet::new();

fn version(patch: u16) -> Version {
    Version::new(1, 0, patch)
}

fn vault(number: u64) -> VaultId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    VaultId::from_bytes(bytes)
}

fn release(patch: u16, percent: u8) -> Release {
    Release {
        version: version(patch),
        state: ReleaseState::Rolling,
        percent,
        groups: BTreeSet::new(),
        during_hours: false,
        file: format!("Pennyblack-1.0.{patch}.AppImage"),
        length: 5_000_000,
        sha256: Sha256Hex([7; 32]),
        signature: "c2lnbmF0dXJl".to_owned(),
    }
}

fn rollout(releases: impl IntoIterator<Item = Release>) -> Rollout {
    let mut rollout = Rollout::new(Platform::LinuxAppimage, Channel::Stable);
    for release in releases {
        rollout.publish(release).unwrap();
    }
    rollout
}

fn taker(number: u64, failed: &BTreeSet<Version>) -> Taker<'_> {
    Taker {
        vault: vault(number),
        group: None,
        installed: version(0),
        failed,
    }
}

fn taken(rollout: &Rollout, taker: &Taker<'_>) -> Option<Version> {
    match rollout.choose(taker) {
        Choice::Take { release, .. } => Some(release.version),
        Choice::Current | Choice::Stuck => None,
    }
}

#[test]
fn a_version_is_written_in_one_way() {
    assert_eq!("1.20.3".parse(), Ok(Version::new(1, 20, 3)));
    assert!(Version::new(1, 9, 0) < Version::new(1, 10, 0));
    for wrong in [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "1.02.3",
        "+1.2.3",
        "1.2.3-rc1",
        "1.2.70000",
    ] {
        assert_eq!(wrong.parse::<Version>(), Err(NotAVersion), "{wrong}");
    }
}

#[test]
fn a_tenth_of_the_stations_is_about_a_tenth_and_each_release_another_one() {
    let count = |patch| {
        let rollout = rollout([release(patch, 10)]);
        let takes = |number: &u64| taken(&rollout, &taker(*number, &NONE)).is_some();
        (0..10_000).filter(takes).collect::<BTreeSet<u64>>()
    };
    let (first, second) = (count(1), count(2));
    assert!((900..1_100).contains(&first.len()), "{}", first.len());
    let both = first.intersection(&second).count();
    assert!(both < 200, "{both} stations go first with both releases");
}

#[test]
fn a_group_goes_first_whatever_the_percentage() {
    let mut published = rollout([release(1, 0)]);
    published.add_group(version(1), "pilot").unwrap();
    let alone = taker(1, &NONE);
    let pilot = Taker {
        group: Some("pilot"),
        ..alone
    };
    assert_eq!(taken(&published, &alone), None);
    assert_eq!(taken(&published, &pilot), Some(version(1)));
}

#[test]
fn a_station_never_goes_back_and_never_tries_again_what_it_put_back() {
    let published = rollout([release(1, 100), release(2, 100)]);
    let ahead = Taker {
        installed: version(3),
        ..taker(1, &NONE)
    };
    assert_eq!(published.choose(&ahead), Choice::Current);
    let failed = BTreeSet::from([version(2)]);
    assert_eq!(taken(&published, &taker(1, &failed)), Some(version(1)));
    let both = BTreeSet::from([version(1), version(2)]);
    assert_eq!(published.choose(&taker(1, &both)), Choice::Current);
}

#[test]
fn what_is_held_or_withdrawn_is_taken_by_nobody() {
    let mut published = rollout([release(1, 100), release(2, 100)]);
    published.hold(version(2)).unwrap();
    assert_eq!(taken(&published, &taker(1, &NONE)), Some(version(1)));
    published.advance(version(2), 100).unwrap();
    assert_eq!(taken(&published, &taker(1, &NONE)), Some(version(2)));
    published.withdraw(version(2)).unwrap();
    assert_eq!(taken(&published, &taker(1, &NONE)), Some(version(1)));
    let again = published.advance(version(2), 100);
    assert_eq!(again, Err(PublishRefusal::Withdrawn(version(2))));
}

#[test]
fn below_the_minimum_it_is_urgent_and_the_percentage_does_not_hold_it_up() {
    let mut published = rollout([release(1, 0), release(2, 1)]);
    published.require(version(2)).unwrap();
    for number in 0..50 {
        let one = taker(number, &NONE);
        let Choice::Take { release, urgent } = published.choose(&one) else {
            panic!("station {number} takes nothing");
        };
        assert_eq!((release.version, urgent), (version(2), true));
    }
    published.hold(version(2)).unwrap();
    published.hold(version(1)).unwrap();
    assert_eq!(published.choose(&taker(1, &NONE)), Choice::Stuck);
    let high = published.require(version(3));
    assert_eq!(high, Err(PublishRefusal::NothingAsHigh(version(3))));
}

#[test]
fn a_minimum_sends_no_trial_release_to_those_it_is_not_meant_for() {
    let mut published = rollout([release(1, 100), release(2, 20), release(3, 1)]);
    published.add_group(version(3), "pilot").unwrap();
    published.require(version(1)).unwrap();
    for number in 0..200 {
        let one = taker(number, &NONE);
        let reached = |patch: u16| published.release(version(patch)).unwrap().reaches(&one);
        let wanted = (1..=3).rev().find(|patch| reached(*patch)).unwrap();
        assert_eq!(taken(&published, &one), Some(version(wanted)));
        let pilot = Taker {
            group: Some("pilot"),
            ..one
        };
        assert_eq!(taken(&published, &pilot), Some(version(3)));
    }
    // Nothing that satisfies the minimum reaches it: the one with the fewest surprises.
    published.require(version(2)).unwrap();
    let mut all = (0..).map(|number| taker(number, &NONE));
    let is_far = |one: &Taker<'_>| {
        let reaches = |patch| published.release(version(patch)).unwrap().reaches(one);
        !reaches(2) && !reaches(3)
    };
    let far = all.find(is_far).unwrap();
    assert_eq!(taken(&published, &far), Some(version(2)));
    let failed = BTreeSet::from([version(2), version(3)]);
    let tried = Taker {
        failed: &failed,
        ..far
    };
    assert_eq!(taken(&published, &tried), Some(version(1)));
}

#[test]
fn only_a_higher_version_is_published_and_a_percentage_only_rises() {
    let mut published = rollout([release(2, 20)]);
    published.publish(release(2, 20)).unwrap();
    let back = published.publish(release(1, 20));
    assert!(matches!(back, Err(PublishRefusal::GoesBack { .. })));
    let other = published.publish(release(2, 30));
    assert!(matches!(other, Err(PublishRefusal::GoesBack { .. })));
    let lower = published.advance(version(2), 10);
    assert!(matches!(lower, Err(PublishRefusal::Lowers { .. })));
    let unknown = published.advance(version(7), 10);
    assert_eq!(unknown, Err(PublishRefusal::Unknown(version(7))));
    for patch in 3..40 {
        published.publish(release(patch, 0)).unwrap();
    }
    assert_eq!(published.releases().len(), RELEASES_MAX);
}

#[test]
fn a_document_is_read_as_written_and_only_where_it_belongs() {
    let mut published = rollout([release(1, 5), release(2, 0)]);
    published.add_group(version(2), "north").unwrap();
    let bytes = published.to_bytes();
    let read = |bytes: &[u8]| Rollout::read(bytes, Platform::LinuxAppimage, Channel::Stable);
    assert_eq!(read(&bytes), Ok(published.clone()));
    let early = Rollout::read(&bytes, Platform::LinuxAppimage, Channel::Early);
    assert!(matches!(early, Err(NotARollout::Misplaced(..))));
    let text = String::from_utf8(bytes).unwrap();
    let newer = text.replacen("\"v\":1", "\"v\":2", 1);
    assert_eq!(read(newer.as_bytes()), Err(NotARollout::UnknownLayout(2)));
    let more = text.replacen("\"v\":1", "\"v\":1,\"weather\":\"rain\"", 1);
    assert_eq!(read(more.as_bytes()), Ok(published));
    for (from, to) in [
        ("\"percent\":5", "\"percent\":101"),
        ("\"length\":5000000", "\"length\":999999999999"),
        ("Pennyblack-1.0.1.AppImage", "../../etc/passwd"),
        ("1.0.2\"", "1.0.0\""),
        ("north", "North Pole"),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert!(read(wrong.as_bytes()).is_err(), "{to}");
    }
}

fn at(day: i8, hour: i8, minute: i8) -> DateTime {
    // 2026-11-23 is a Monday.
    date(2026, 11, 23 + day).at(hour, minute, 0, 0)
}

#[test]
fn opening_hours_are_read_shown_and_kept() {
    let hours: OpeningHours = "Mon-Fri 08:00-18:00, Sat 09:30-24:00".parse().unwrap();
    assert_eq!(hours.to_string(), "Mon-Fri 08:00-18:00, Sat 09:30-24:00");
    assert!(hours.is_open(at(0, 8, 0)));
    assert!(!hours.is_open(at(0, 7, 59)));
    assert!(!hours.is_open(at(0, 18, 0)));
    assert!(hours.is_open(at(5, 23, 59)));
    assert!(!hours.is_open(at(6, 12, 0)));
    assert!(
        !"never"
            .parse::<OpeningHours>()
            .unwrap()
            .is_open(at(0, 12, 0))
    );
    assert!(OpeningHours::default().is_open(at(5, 19, 59)));
    for wrong in [
        "",
        "always",
        "Mon",
        "Fri-Mon 08:00-18:00",
        "Mon 18:00-08:00",
        "Mon 8:00-18:00",
        "Mon 08:00-24:01",
    ] {
        assert_eq!(wrong.parse::<OpeningHours>(), Err(NotHours), "{wrong}");
    }
}

#[test]
fn nothing_is_installed_in_opening_hours_without_an_admin_or_while_anything_is_open() {
    let hours = OpeningHours::default();
    let moment = |local, busy| Moment {
        local,
        hours: &hours,
        busy,
        belief: Belief::Fresh,
        platform: Platform::LinuxAppimage,
    };
    let (day, night) = (at(0, 12, 0), at(0, 23, 0));
    let usual = release(1, 100);
    let allowed = Release {
        during_hours: true,
        ..usual.clone()
    };
    assert_eq!(moment(day, None).allows(&usual), Err(Hold::Open));
    assert_eq!(moment(night, None).allows(&usual), Ok(()));
    assert_eq!(moment(day, None).allows(&allowed), Ok(()));
    for busy in [
        Busy::Printing,
        Busy::Value,
        Busy::Contact,
        Busy::Call,
        Busy::Question,
    ] {
        let held = moment(night, Some(busy)).allows(&allowed);
        assert_eq!(held, Err(Hold::Busy(busy)));
    }
    for (belief, hold) in [
        (Belief::Expired, Hold::Expired),
        (Belief::Not, Hold::NotBelieved),
    ] {
        let moment = Moment {
            belief,
            ..moment(night, None)
        };
        assert_eq!(moment.allows(&allowed), Err(hold));
    }
    let deb = Moment {
        platform: Platform::LinuxDeb,
        ..moment(night, None)
    };
    assert_eq!(deb.allows(&usual), Err(Hold::NoWayBack));
}

#[test]
fn a_package_comes_in_pieces_that_grow_and_shrink_with_the_line() {
    let mut download = Download::begin(&release(1, 100), "software/x".to_owned());
    assert_eq!(
        download.next(),
        Some(Piece {
            from: 0,
            end: CHUNK_FIRST
        })
    );
    assert_eq!(download.took(10), Err(TookFault::WrongLength));
    download.took(CHUNK_FIRST).unwrap();
    assert_eq!(download.chunk, 2 * CHUNK_FIRST);
    for _ in 0..20 {
        download.missed();
    }
    assert_eq!(download.chunk, CHUNK_LEAST);
    let mut pieces = 0;
    while let Some(piece) = download.next() {
        assert!(piece.end - piece.from <= CHUNK_MOST);
        download.took(piece.end - piece.from).unwrap();
        pieces += 1;
    }
    assert_eq!(download.position, download.length);
    assert!(pieces < 20, "{pieces}");
    assert!(download.is_of(&release(1, 50)));
    assert!(!download.is_of(&release(2, 100)));
}

fn trial(state: TrialState) -> Trial {
    Trial {
        state,
        ..Trial::begin(version(2), version(1), UnixSeconds(0))
    }
}

#[test]
fn a_release_that_never_proves_itself_goes_back_after_three_starts() {
    let mut note = Trial::begin(version(2), version(1), UnixSeconds(0));
    for attempt in 1..=ATTEMPTS_MAX {
        let AtStart::Prove(next) = note.at_start(version(2)) else {
            panic!("start {attempt} is not a try");
        };
        assert_eq!(next.state, TrialState::Trying { attempts: attempt });
        note = next;
    }
    let AtStart::GoBack(failed) = note.at_start(version(2)) else {
        panic!("it is tried once more");
    };
    // The release before finds it failed; the new one, should it still stand there, goes back again.
    assert_eq!(
        failed.clone().at_start(version(1)),
        AtStart::Ordinary(Some(failed.clone()))
    );
    assert_eq!(failed.clone().at_start(version(2)), AtStart::GoBack(failed));
}

#[test]
fn an_installation_that_was_cut_off_before_it_began_is_no_failure() {
    let note = trial(TrialState::Installing);
    assert_eq!(note.clone().at_start(version(1)), AtStart::Ordinary(None));
    assert!(matches!(note.at_start(version(2)), AtStart::Prove(_)));
    let begun = trial(TrialState::Trying { attempts: 1 });
    let AtStart::Ordinary(Some(told)) = begun.at_start(version(1)) else {
        panic!("what was begun and replaced is not told");
    };
    assert!(matches!(told.state, TrialState::Failed { .. }));
}

proptest! {
    #[test]
    fn raising_the_percentage_only_adds(number in any::<u64>(), low in 0_u8..=100, more in 0_u8..=100) {
        let high = low.saturating_add(more).min(100);
        let mut published = rollout([release(1, low)]);
        let before = taken(&published, &taker(number, &NONE));
        published.advance(version(1), high).unwrap();
        let after = taken(&published, &taker(number, &NONE));
        prop_assert!(before.is_none() || after.is_some());
        published.advance(version(1), 100).unwrap();
        prop_assert!(taken(&published, &taker(number, &NONE)).is_some());
    }

    #[test]
    fn no_choice_is_lower_than_what_runs(installed in 0_u16..20, minimum in 1_u16..16, percents in prop::collection::vec(0_u8..=100, 1..16), number in any::<u64>()) {
        let releases = percents.iter().zip(1_u16..).map(|(percent, patch)| release(patch, *percent));
        let mut published = rollout(releases);
        // A minimum above all releases is refused, and none is set.
        drop(published.require(version(minimum)));
        let one = Taker { installed: version(installed), ..taker(number, &NONE) };
        if let Choice::Take { release, .. } = published.choose(&one) {
            prop_assert!(release.version > version(installed));
        }
    }

    #[test]
    fn whatever_the_line_does_the_package_ends_whole(length in 1_u64..20_000_000, misses in prop::collection::vec(any::<bool>(), 0..200)) {
        let one = Release { length, ..release(1, 100) };
        let mut download = Download::begin(&one, String::new());
        let mut misses = misses.into_iter();
        let mut expected = 0;
        while let Some(piece) = download.next() {
            prop_assert_eq!(piece.from, expected);
            if misses.next() == Some(true) {
                download.missed();
                continue;
            }
            download.took(piece.end - piece.from).unwrap();
            expected = piece.end;
        }
        prop_assert_eq!(expected, length);
    }

    #[test]
    fn no_bytes_make_a_document_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(Rollout::read(&bytes, Platform::LinuxAppimage, Channel::Stable));
    }
}

#[test]
fn a_release_that_could_not_be_tried_goes_back_with_the_computers_fault_and_not_its_own() {
    let mut note = Trial::begin(version(2), version(1), UnixSeconds(0));
    for _ in 0..ATTEMPTS_MAX {
        let AtStart::Prove(trial) = note.at_start(version(2)) else {
            panic!("it goes back too early");
        };
        assert_eq!(trial.fault, None, "each start is its own");
        note = trial.hindered("the keyring is locked");
    }
    let AtStart::GoBack(trial) = note.at_start(version(2)) else {
        panic!("it is tried for ever");
    };
    assert_eq!(trial.fault.as_deref(), Some("the keyring is locked"));
    assert!(matches!(trial.state, TrialState::Failed { reason } if reason.contains("keyring")));
    let earlier = r#"{"version":"2.0.0","before":"1.0.0","since":0,"state":{"is":"installing"}}"#;
    let read: Result<Trial, _> = serde_json::from_str(earlier);
    assert_eq!(read.unwrap().fault, None);
}
