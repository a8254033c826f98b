use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::super::{CenterKeys, KeyNumbers, STATION_CERTIFICATE_DAYS, SealingKey};
use super::*;
use crate::security::test_keys::Signer;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

/// Keys in the order they follow one another.
struct Line {
    root: Signer,
    keys: Vec<Signer>,
}

impl Line {
    fn of(count: usize) -> Self {
        Self {
            root: Signer::new(),
            keys: (0..count).map(|_| Signer::new()).collect(),
        }
    }

    fn believed(&self, first: usize) -> Believed {
        let point = self.keys[first].point();
        let keys = CenterKeys {
            sealing: SealingKey {
                id: point.key_id(),
                point,
                until: NOW,
            },
            replies: point,
        };
        let mut believed = Believed::at_enrolment(&keys, NOW);
        let number = u32::try_from(first + 1).unwrap();
        believed.number(KeyNumbers {
            replies: number,
            heads: number,
        });
        believed
    }

    /// The notice of key `place` (number `place + 1`), signed by `signer`.
    fn notice(&self, place: usize, signer: &Signer) -> Vec<u8> {
        let number = u32::try_from(place + 1).unwrap();
        let from = NOW.plus_days(SIGNING_KEY_DAYS * i64::from(number));
        notice(&self.keys[place], (number, from, OVERLAP_DAYS), signer)
    }

    fn learn(&self, believed: &mut Believed, notice: &[u8]) -> Result<bool, NoticeRefusal> {
        believed.learn(&self.root.point(), notice, &verify)
    }
}

/// The notice of a key that signs from an instant on, while those before it are believed for so
/// many days.
fn notice(
    key: &Signer,
    (number, from, overlap): (u32, UnixSeconds, i64),
    signer: &Signer,
) -> Vec<u8> {
    let key = VerifyingKey::P256(key.point());
    let notice = KeyNotice {
        earlier_until: from.plus_days(overlap),
        ..KeyNotice::new(KeyPurpose::Replies, number, key, from)
    };
    signed::sign(
        ContentType::KeyNotice,
        signer.point().key_id(),
        &notice,
        &[],
        |input| Some(signer.sign(input)),
    )
    .unwrap()
}

fn verify(key: &VerifyingKey, input: &[u8], signature: &[u8; 64]) -> bool {
    match key {
        VerifyingKey::P256(point) => Signer::verify_by(point, input, signature),
        VerifyingKey::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key)
            .verify(input, signature)
            .is_ok(),
    }
}

fn newest(believed: &Believed) -> VerifyingKey {
    believed.newest(KeyPurpose::Replies).unwrap().key
}

#[test]
fn a_key_announced_by_the_one_before_is_believed_and_the_old_one_for_a_while() {
    let line = Line::of(2);
    let mut believed = line.believed(0);
    let first = VerifyingKey::P256(line.keys[0].point());
    believed.begin(KeyPurpose::Heads, first, NOW);
    let notice = line.notice(1, &line.keys[0]);
    assert_eq!(line.learn(&mut believed, &notice), Ok(true));
    assert_eq!(line.learn(&mut believed, &notice), Ok(false));
    assert_eq!(newest(&believed), VerifyingKey::P256(line.keys[1].point()));
    let old = &line.keys[0];
    let signature = old.sign(b"reply");
    let from = NOW.plus_days(2 * SIGNING_KEY_DAYS);
    let holds = |believed: &Believed, days| {
        believed.verifies(
            KeyPurpose::Replies,
            old.point().key_id(),
            from.plus_days(days),
            (b"reply", &signature),
            &verify,
        )
    };
    assert!(holds(&believed, OVERLAP_DAYS - 1));
    assert!(!holds(&believed, OVERLAP_DAYS));
    believed.forget_ended(from.plus_days(OVERLAP_DAYS));
    assert!(!believed.knows(KeyPurpose::Replies, old.point().key_id()));
    // The same key for another purpose is untouched.
    assert!(believed.knows(KeyPurpose::Heads, old.point().key_id()));
}

#[test]
fn a_station_that_was_away_follows_the_whole_chain_but_skips_no_link() {
    let line = Line::of(4);
    let notices: Vec<_> = (1..4)
        .map(|place| line.notice(place, &line.keys[place - 1]))
        .collect();
    let mut believed = line.believed(0);
    let skipped = line.learn(&mut believed, &notices[1]);
    assert_eq!(
        skipped,
        Err(NoticeRefusal::DoesNotFollow),
        "it cannot be checked without the link before"
    );
    assert_eq!(newest(&believed), VerifyingKey::P256(line.keys[0].point()));
    for notice in &notices {
        assert_eq!(line.learn(&mut believed, notice), Ok(true));
    }
    assert_eq!(newest(&believed), VerifyingKey::P256(line.keys[3].point()));
    // One enrolled later leaves out what was before it.
    let mut late = line.believed(2);
    let learned: Vec<_> = notices
        .iter()
        .map(|notice| line.learn(&mut late, notice))
        .collect();
    assert_eq!(learned, [Ok(false), Ok(false), Ok(true)]);
}

#[test]
fn nobody_but_the_newest_key_or_the_root_names_the_next() {
    let line = Line::of(4);
    let mut believed = line.believed(0);
    let stranger = Signer::new();
    assert_eq!(
        line.learn(&mut believed, &line.notice(1, &stranger)),
        Err(NoticeRefusal::DoesNotFollow)
    );
    line.learn(&mut believed, &line.notice(1, &line.keys[0]))
        .unwrap();
    let before = believed.clone();
    // The old key, perhaps stolen long after its time, and a stranger.
    for signer in [&line.keys[0], &stranger] {
        let refused = line.learn(&mut believed, &line.notice(2, signer));
        assert_eq!(refused, Err(NoticeRefusal::DoesNotFollow));
    }
    assert_eq!(believed, before);
    // The root may, also over a number that was lost.
    assert_eq!(
        line.learn(&mut believed, &line.notice(3, &line.root)),
        Ok(true)
    );
    assert_eq!(newest(&believed), VerifyingKey::P256(line.keys[3].point()));
    // But never back.
    let before = believed.clone();
    let back = line.learn(&mut believed, &line.notice(2, &line.root));
    assert_eq!(back, Ok(false));
    assert_eq!(believed, before);
}

#[test]
fn the_root_counts_more_than_all_that_a_stolen_key_has_named() {
    let line = Line::of(2);
    let thiefs: Vec<Signer> = (0..MAX_NOTICES * 3).map(|_| Signer::new()).collect();
    let at = |days| NOW.plus_days(days);
    // A thief of the first key names keys of its own as far as a station has room for them.
    let mut believed = line.believed(0);
    let mut last = &line.keys[0];
    let mut named = 0;
    for (number, key) in (2..).zip(&thiefs) {
        if line.learn(
            &mut believed,
            &notice(key, (number, at(1), OVERLAP_DAYS), last),
        ) != Ok(true)
        {
            break;
        }
        (last, named) = (key, named + 1);
    }
    assert!((10..thiefs.len()).contains(&named), "{named}");
    let word = notice(&line.keys[1], (2, at(2), 0), &line.root);
    let full = believed.clone();
    let named_too = notice(&line.keys[1], (2, at(1), OVERLAP_DAYS), &line.keys[0]);
    for mut believed in [full, {
        // Or the thief names the very key that the root will name, so that its own stays believed.
        let mut believed = line.believed(0);
        assert_eq!(line.learn(&mut believed, &named_too), Ok(true));
        believed
    }] {
        assert_eq!(line.learn(&mut believed, &word), Ok(true));
        assert_eq!(newest(&believed), VerifyingKey::P256(line.keys[1].point()));
        let signs = |believed: &Believed, key: &Signer| {
            let signature = key.sign(b"grant");
            let name = key.point().key_id();
            let given: (&[u8], _) = (b"grant", &signature);
            believed.verifies(KeyPurpose::Replies, name, at(2), given, &verify)
        };
        assert!(signs(&believed, &line.keys[1]));
        for key in [&line.keys[0], &thiefs[0], last] {
            assert!(!signs(&believed, key), "nothing of the thief is believed");
        }
        for signer in [&line.keys[0], last] {
            let more = notice(&Signer::new(), (90, at(3), OVERLAP_DAYS), signer);
            assert!(line.learn(&mut believed, &more).is_err());
        }
        assert_eq!(line.learn(&mut believed, &word), Ok(false), "once");
    }
}

#[test]
fn an_old_word_of_the_root_is_not_believed_by_who_enrolled_after_it() {
    let line = Line::of(3);
    let old = notice(&line.keys[1], (2, NOW, 0), &line.root);
    let mut late = line.believed(2);
    let before = late.clone();
    assert_eq!(line.learn(&mut late, &old), Ok(false));
    assert_eq!(late, before);
}

#[test]
fn no_flipped_bit_of_a_notice_is_believed() {
    let line = Line::of(2);
    let notice = line.notice(1, &line.keys[0]);
    for index in 0..notice.len() {
        for bit in 0..8 {
            let mut wrong = notice.clone();
            wrong[index] ^= 1 << bit;
            let mut believed = line.believed(0);
            let learned = line.learn(&mut believed, &wrong);
            assert!(learned != Ok(true), "byte {index}, bit {bit}");
            assert_eq!(believed, line.believed(0));
        }
    }
}

#[test]
fn a_key_of_heads_is_announced_by_an_ed25519_key() {
    let pairs: Vec<_> = (0..2)
        .map(|_| Ed25519KeyPair::generate().unwrap())
        .collect();
    let public = |place: usize| {
        VerifyingKey::Ed25519(pairs[place].public_key().as_ref().try_into().unwrap())
    };
    let line = Line::of(1);
    let mut believed = line.believed(0);
    believed.begin(KeyPurpose::Heads, public(0), NOW);
    let notice = KeyNotice::new(KeyPurpose::Heads, 2, public(1), NOW);
    let sign = |kind| {
        signed::sign(kind, public(0).key_id(), &notice, &[], |input| {
            pairs[0].sign(input).as_ref().try_into().ok()
        })
        .unwrap()
    };
    let wrong = line.learn(&mut believed, &sign(ContentType::KeyNotice));
    assert_eq!(wrong, Err(NoticeRefusal::NotSigned));
    let right = line.learn(&mut believed, &sign(ContentType::HeadKeyNotice));
    assert_eq!(right, Ok(true));
    assert_eq!(believed.newest(KeyPurpose::Heads).unwrap().key, public(1));
}

#[test]
fn every_station_that_renews_in_time_learns_a_key_before_it_signs() {
    let longest = UnixSeconds(0).plus_days(STATION_CERTIFICATE_DAYS);
    assert!(UnixSeconds(0).plus_days(ANNOUNCE_DAYS) > longest);
    let whole = UnixSeconds(0).plus_days(SIGNING_KEY_DAYS);
    assert!(whole > UnixSeconds(0).plus_days(ANNOUNCE_DAYS));
    assert_eq!(OVERLAP_DAYS, super::super::RENEWAL_DOOR_DAYS);
}
