use proptest::prelude::*;

use super::super::packet::packet;
use super::*;
use crate::ppp::entropy::Entropy;

const TRIES: Tries = Tries {
    period: Duration::from_secs(3),
    count: 10,
};
const START: Duration = Duration::ZERO;

fn entropy(seed: u8) -> Entropy {
    Entropy::new(Zeroizing::new([seed; 32]))
}

fn credentials(secret: &str) -> Credentials {
    Credentials::new("station-7", Zeroizing::new(secret.to_owned())).unwrap()
}

type Outcome = Option<Result<(), Failure>>;

/// Runs a proof over a perfect line; how it ended for the demanding and for the proving end.
fn proof(method: Method, said: &str, right: Option<&str>) -> (Outcome, Outcome) {
    let (mut here, mut there) = (entropy(1), entropy(2));
    let (mut asks, mut says) = (Progress::default(), Progress::default());
    let mut demand = Demand::begin(method, "center", START, TRIES, &mut there, &mut asks);
    let mut offer = Offer::begin(method, credentials(said), START, TRIES, &mut says);
    let mut outcomes = (None, None);
    for _ in 0..6 {
        for bytes in std::mem::take(&mut asks.packets) {
            offer.input(START, &bytes, &mut here, &mut says);
        }
        for bytes in std::mem::take(&mut says.packets) {
            demand.input(&bytes, &mut asks);
        }
        if let Some(name) = asks.claim.take() {
            assert_eq!(name, "station-7");
            demand.answer(right, &mut asks);
        }
        outcomes = (
            outcomes.0.or(asks.outcome.take()),
            outcomes.1.or(says.outcome.take()),
        );
    }
    outcomes
}

#[test]
fn the_right_secret_passes_in_every_method_and_a_wrong_one_in_none() {
    for method in Method::ALL {
        assert_eq!(
            proof(method, "pässword", Some("pässword")),
            (Some(Ok(())), Some(Ok(()))),
            "{method:?}"
        );
        let refused = Some(Err(Failure::PasswordRefused));
        assert_eq!(
            proof(method, "wrong", Some("right")),
            (refused, refused),
            "{method:?}"
        );
        assert_eq!(proof(method, "any", None), (refused, refused), "{method:?}");
        assert_eq!(
            proof(method, "", Some("right")),
            (refused, refused),
            "{method:?}"
        );
    }
}

#[test]
fn the_digest_of_chap_is_md5_over_id_secret_and_challenge() {
    // MD5 test suite of RFC 1321, "abc": id 'a', secret "b", challenge "c".
    let expected = data_encoding::HEXLOWER
        .decode(b"900150983cd24fb0d6963f7d28e17f72")
        .unwrap();
    assert_eq!(chap_md5(b'a', "b", b"c").to_vec(), expected);
}

#[test]
fn a_peer_that_accepts_without_knowing_the_secret_is_found_out() {
    let mut here = entropy(1);
    let mut says = Progress::default();
    let mut offer = Offer::begin(
        Method::MsChapV2,
        credentials("secret"),
        START,
        TRIES,
        &mut says,
    );
    let mut challenge = vec![16];
    challenge.extend([7; 16]);
    offer.input(START, &packet(1, 5, &challenge), &mut here, &mut says);
    assert_eq!(says.packets.len(), 1);
    let lie = format!("S={} M=hello", "0".repeat(40));
    offer.input(START, &packet(3, 5, lie.as_bytes()), &mut here, &mut says);
    assert_eq!(says.outcome, Some(Err(Failure::PeerNotProven)));
    assert_eq!(offer.words(), Some(lie.as_str()));
}

#[test]
fn a_lost_answer_is_asked_for_again_and_given_again() {
    let (mut here, mut there) = (entropy(1), entropy(2));
    let (mut asks, mut says) = (Progress::default(), Progress::default());
    let method = Method::ChapMd5;
    let mut demand = Demand::begin(method, "center", START, TRIES, &mut there, &mut asks);
    let mut offer = Offer::begin(method, credentials("s"), START, TRIES, &mut says);
    offer.input(START, &asks.packets.remove(0), &mut here, &mut says);
    let response = says.packets.remove(0);
    let response_id = response[1];
    demand.input(&response, &mut asks);
    demand.answer(Some("s"), &mut asks);
    let _lost_success = asks.packets.remove(0);
    assert_eq!(offer.wake_at(), Some(Duration::from_secs(3)));
    offer.expire(Duration::from_secs(3), &mut says);
    assert_eq!(says.packets, vec![response]);
    demand.input(&says.packets.remove(0), &mut asks);
    offer.input(START, &asks.packets.remove(0), &mut here, &mut says);
    assert_eq!(says.outcome, Some(Ok(())));
    // Also a response that would be wrong gets the same reply under the same id: nobody tries
    // secrets out on a link that stands.
    demand.input(&packet(2, response_id, &[1, 0, b'x']), &mut asks);
    assert_eq!(asks.packets[0][0], 3);
}

#[test]
fn who_hears_nothing_gives_up_after_all_tries() {
    let mut says = Progress::default();
    let mut offer = Offer::begin(Method::Pap, credentials("s"), START, TRIES, &mut says);
    let mut now = START;
    while let Some(at) = offer.wake_at() {
        now = at;
        offer.expire(now, &mut says);
    }
    assert_eq!(says.packets.len(), 10);
    assert_eq!(now, Duration::from_secs(30));
    assert_eq!(says.outcome, Some(Err(Failure::ProofUnanswered)));
}

#[test]
fn names_and_secrets_that_do_not_fit_are_refused() {
    let long = "x".repeat(256);
    assert!(Credentials::new(&long, Zeroizing::new(String::new())).is_err());
    assert!(Credentials::new("a", Zeroizing::new(long)).is_err());
    let shown = format!("{:?}", credentials("hidden"));
    assert!(shown.contains("station-7") && !shown.contains("hidden"));
}

proptest! {
    #[test]
    fn no_packet_makes_a_proof_panic_or_pass(
        method in prop::sample::select(Method::ALL.to_vec()),
        packets in prop::collection::vec(
            (0_u8..6, any::<u8>(), prop::collection::vec(any::<u8>(), 0..80)),
            1..20,
        ),
    ) {
        let mut random = entropy(3);
        let (mut asks, mut says) = (Progress::default(), Progress::default());
        let mut demand = Demand::begin(method, "c", START, TRIES, &mut random, &mut asks);
        let mut offer = Offer::begin(method, credentials("s"), START, TRIES, &mut says);
        for (code, id, data) in packets {
            let bytes = packet(code, id, &data);
            offer.input(START, &bytes, &mut random, &mut says);
            demand.input(&bytes, &mut asks);
            if asks.claim.take().is_some() {
                demand.answer(Some("a long secret nobody guesses"), &mut asks);
                prop_assert_ne!(asks.outcome, Some(Ok(())));
            }
        }
    }
}
