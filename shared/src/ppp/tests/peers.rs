//! An engine against peers that are scripted packet by packet: slow, odd and hostile ones.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::line::caller_terms;
use crate::ppp::engine::IP;
use crate::ppp::frame::{Decoder, Framing};
use crate::ppp::ipcp::IPCP;
use crate::ppp::lcp::LCP;
use crate::ppp::packet::packet;
use crate::ppp::proof::{CHAP, PAP};
use crate::ppp::vj::{self, segment};
use crate::ppp::{Engine, Event, Failure, Terms};

const START: Duration = Duration::ZERO;
/// The wish for short headers.
const SHORT_HEADERS: [u8; 6] = [2, 6, 0x00, 0x2d, 15, 1];

/// The other end of an engine's line.
struct Peer {
    engine: Engine,
    decoder: Decoder,
    now: Duration,
    events: Vec<Event>,
}

impl Peer {
    /// A peer of a caller that was not told any credentials.
    fn of_a_stranger() -> Self {
        Self::of(Terms::caller(33_600, None, Zeroizing::new([9; 32])))
    }

    fn of(terms: Terms) -> Self {
        let mut decoder = Decoder::new();
        decoder.expect_accm(0);
        Self {
            engine: Engine::begin(terms, START),
            decoder,
            now: START,
            events: Vec::new(),
        }
    }

    /// Everything the engine sends just now.
    fn heard(&mut self) -> Vec<(u16, Vec<u8>)> {
        while let Some(event) = self.engine.next_event() {
            self.events.push(event);
        }
        let bytes = self.engine.take_wire(usize::MAX);
        bytes
            .iter()
            .filter_map(|byte| self.decoder.push(*byte))
            .map(|frame| (frame.protocol, frame.information))
            .collect()
    }

    /// Says a packet; answers what comes back.
    fn say(&mut self, protocol: u16, code: u8, id: u8, data: &[u8]) -> Vec<(u16, Vec<u8>)> {
        self.say_raw(protocol, &packet(code, id, data))
    }

    fn say_raw(&mut self, protocol: u16, information: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let mut wire = VecDeque::new();
        Framing::PLAIN.write(protocol, information, &mut wire);
        let bytes: Vec<u8> = wire.into();
        self.engine.input(self.now, &bytes);
        self.heard()
    }

    /// Agrees to the engine's request, and to nothing of its own beyond `settings`.
    fn agree(&mut self, protocol: u16, request: &[u8], settings: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let mut heard = self.say(protocol, 2, request[1], &request[4..]);
        heard.extend(self.say(protocol, 1, 77, settings));
        heard
    }

    /// Brings the link up to the addresses; answers the request about them.
    fn link(&mut self) -> Vec<u8> {
        let request = self.heard().remove(0).1;
        let heard = self.agree(LCP, &request, &[5, 6, 1, 2, 3, 4]);
        let (protocol, request) = heard.last().cloned().unwrap();
        assert_eq!((protocol, request[0]), (IPCP, 1));
        request
    }

    /// Brings the link up altogether.
    fn up(&mut self) {
        self.up_with(&[]);
    }

    /// The same, with more settings of the peer's.
    fn up_with(&mut self, more: &[u8]) {
        let request = self.link();
        let given = [3, 6, 10, 0, 0, 2];
        let heard = self.say(IPCP, 3, request[1], &given);
        let request = heard[0].1.clone();
        assert_eq!(&request[4..10], &given);
        let settings = [&[3, 6, 10, 0, 0, 1], more].concat();
        self.agree(IPCP, &request, &settings);
        assert!(matches!(self.events.last(), Some(Event::Up(_))));
    }

    /// Lets time pass until the engine is over; answers how it ended, and after how long.
    fn end(&mut self) -> (Result<(), Failure>, Duration) {
        let from = self.now;
        while let Some(at) = self.engine.wake_at() {
            self.now = at.max(self.now);
            self.engine.tick(self.now);
            let _unheard = self.heard();
        }
        let _unheard = self.heard();
        match self.events.last() {
            Some(Event::Ended(how)) => (*how, self.now - from),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_line_without_ppp_is_given_up_after_ten_seconds() {
    let mut peer = Peer::of_a_stranger();
    peer.engine.input(START, b"Welcome to HAL 9000\r\nlogin: ");
    let (how, after) = peer.end();
    assert_eq!(how, Err(Failure::NoAnswer));
    assert_eq!(after, Duration::from_secs(10));
}

#[test]
fn a_lost_first_request_is_sent_again_unchanged_every_three_seconds() {
    let mut peer = Peer::of_a_stranger();
    let first = peer.heard();
    for second in [3, 6, 9] {
        peer.now = Duration::from_secs(second);
        assert_eq!(peer.engine.wake_at(), Some(peer.now));
        peer.engine.tick(peer.now);
        assert_eq!(peer.heard(), first);
    }
}

#[test]
fn a_banner_before_the_first_packet_does_not_matter() {
    let mut peer = Peer::of_a_stranger();
    let banner = "Slirp v1.0.17 (BETA)\r\nIP address autodetect~}!\r\n".repeat(11);
    peer.engine.input(START, banner.as_bytes());
    peer.up();
}

#[test]
fn a_looped_line_is_named_at_once() {
    let mut peer = Peer::of_a_stranger();
    for _ in 0..10 {
        for (protocol, information) in peer.heard() {
            let mut wire = VecDeque::new();
            Framing::PLAIN.write(protocol, &information, &mut wire);
            let bytes: Vec<u8> = wire.into();
            peer.engine.input(START, &bytes);
        }
    }
    assert_eq!(peer.end(), (Err(Failure::Looped), START));
}

#[test]
fn a_line_that_becomes_a_loop_later_is_named_too() {
    let mut peer = Peer::of_a_stranger();
    peer.up();
    for _ in 0..4 {
        peer.now += Duration::from_secs(10);
        peer.engine.tick(peer.now);
        for (protocol, information) in peer.heard() {
            peer.say_raw(protocol, &information);
        }
    }
    assert_eq!(peer.end().0, Err(Failure::Looped));
}

#[test]
fn a_peer_with_no_address_is_given_one_and_the_link_comes_up() {
    // As slirp does: it names 0.0.0.0, and leaves when that is agreed to.
    let mut peer = Peer::of_a_stranger();
    let request = peer.link();
    let heard = peer.say(IPCP, 1, 1, &[3, 6, 0, 0, 0, 0]);
    assert_eq!(heard, [(IPCP, packet(3, 1, &[3, 6, 10, 0, 2, 2]))]);
    let heard = peer.say(IPCP, 3, request[1], &[3, 6, 10, 0, 2, 15]);
    let request = heard[0].1.clone();
    peer.agree(IPCP, &request, &[3, 6, 10, 0, 2, 2]);
    let Some(Event::Up(up)) = peer.events.last() else {
        panic!("{:?}", peer.events);
    };
    assert_eq!(up.own, Ipv4Addr::new(10, 0, 2, 15));
    assert_eq!(up.peer, Ipv4Addr::new(10, 0, 2, 2));
}

#[test]
fn a_peer_that_agrees_to_no_address_gave_none() {
    let mut peer = Peer::of_a_stranger();
    let request = peer.link();
    peer.agree(IPCP, &request, &[3, 6, 10, 0, 0, 1]);
    assert_eq!(peer.end().0, Err(Failure::NoAddress));
}

#[test]
fn an_address_that_no_machine_can_have_is_none() {
    for address in [[224, 0, 0, 1], [255, 255, 255, 255], [127, 0, 0, 1]] {
        let mut peer = Peer::of_a_stranger();
        let request = peer.link();
        let given = [&[3, 6], &address[..]].concat();
        let heard = peer.say(IPCP, 3, request[1], &given);
        let request = heard[0].1.clone();
        peer.agree(IPCP, &request, &[3, 6, 10, 0, 0, 1]);
        assert_eq!(peer.end().0, Err(Failure::NoAddress));
    }
}

#[test]
fn a_peer_without_name_servers_or_an_address_of_its_own_is_fine() {
    let mut peer = Peer::of_a_stranger();
    let request = peer.link();
    let dns = [129, 6, 0, 0, 0, 0, 131, 6, 0, 0, 0, 0];
    let rejected = [&dns[..], &SHORT_HEADERS].concat();
    let heard = peer.say(IPCP, 4, request[1], &rejected);
    let heard = peer.say(IPCP, 3, heard[0].1[1], &[3, 6, 10, 0, 0, 2]);
    let request = heard[0].1.clone();
    assert_eq!(&request[4..], &[3, 6, 10, 0, 0, 2]);
    peer.agree(IPCP, &request, &[]);
    let Some(Event::Up(up)) = peer.events.last() else {
        panic!("{:?}", peer.events);
    };
    assert_eq!(up.dns, [Ipv4Addr::LOCALHOST; 0]);
}

#[test]
fn a_peer_that_does_not_carry_internet_packets_is_named() {
    let mut peer = Peer::of_a_stranger();
    let request = peer.link();
    let mut rejected = vec![0x80, 0x21];
    rejected.extend(&request);
    peer.say(LCP, 8, 5, &rejected);
    assert_eq!(peer.end().0, Err(Failure::IpRefused));
}

#[test]
fn a_peer_that_takes_the_addresses_back_ends_the_link() {
    let mut peer = Peer::of_a_stranger();
    peer.up();
    let heard = peer.say(IPCP, 5, 9, &[]);
    assert_eq!(heard[0], (IPCP, packet(6, 9, &[])));
    assert_eq!(peer.end().0, Err(Failure::IpRefused));
    assert!(peer.events.contains(&Event::Down));
}

#[test]
fn a_peer_that_hangs_up_during_the_agreement_is_believed() {
    let mut peer = Peer::of_a_stranger();
    let _request = peer.heard();
    peer.say(LCP, 5, 9, b"no thanks");
    assert_eq!(peer.end(), (Err(Failure::EndedByPeer), START));
}

#[test]
fn a_peer_that_wishes_for_ever_is_left() {
    let mut peer = Peer::of_a_stranger();
    let mut request = peer.heard().remove(0).1;
    for accm in 1..30_u8 {
        let heard = peer.say(LCP, 3, request[1], &[2, 6, 0, 0, 0, accm]);
        match heard.into_iter().find(|(_, bytes)| bytes[0] == 1) {
            Some((_, next)) => request = next,
            None => break,
        }
    }
    assert_eq!(peer.end().0, Err(Failure::LinkNotAgreed));
}

#[test]
fn a_peer_that_agrees_and_never_asks_is_left_after_half_a_minute() {
    let mut peer = Peer::of_a_stranger();
    let request = peer.heard().remove(0).1;
    peer.say(LCP, 2, request[1], &request[4..]);
    let (how, after) = peer.end();
    assert_eq!(how, Err(Failure::LinkNotAgreed));
    assert!(after <= Duration::from_secs(40), "{after:?}");
}

#[test]
fn a_link_agreed_on_again_and_again_is_unstable() {
    let mut peer = Peer::of_a_stranger();
    let mut request = peer.heard().remove(0).1;
    for round in 1..40_u8 {
        let mut heard = peer.say(LCP, 2, request[1], &request[4..]);
        heard.extend(peer.say(LCP, 1, round, &[5, 6, 1, 2, 3, round]));
        let next = heard
            .into_iter()
            .rev()
            .find(|(p, b)| *p == LCP && b[0] == 1);
        if let Some((_, next)) = next {
            request = next;
        }
    }
    assert_eq!(peer.end().0, Err(Failure::Unstable));
}

#[test]
fn an_unknown_code_or_protocol_is_rejected_with_a_copy_that_fits() {
    let mut peer = Peer::of_a_stranger();
    let request = peer.heard().remove(0).1;
    peer.agree(LCP, &request, &[1, 4, 0, 128, 5, 6, 1, 2, 3, 4]);
    let heard = peer.say(LCP, 99, 4, &[7; 300]);
    assert_eq!(heard[0].1[0], 7);
    assert_eq!(heard[0].1.len(), 128);
    let heard = peer.say(0x80fd, 1, 4, &[7; 300]);
    assert_eq!(heard[0].1[0], 8);
    assert_eq!(&heard[0].1[4..6], &[0x80, 0xfd]);
    assert_eq!(heard[0].1.len(), 128);
}

#[test]
fn a_rejected_code_that_is_needed_ends_the_link_and_another_does_not() {
    let mut peer = Peer::of_a_stranger();
    peer.up();
    peer.say(LCP, 7, 1, &packet(9, 1, &[]));
    assert!(matches!(peer.events.last(), Some(Event::Up(_))));
    peer.say(LCP, 7, 2, &packet(1, 1, &[]));
    assert_eq!(peer.end().0, Err(Failure::LinkNotAgreed));
}

#[test]
fn an_echo_is_answered_with_our_number_and_the_same_words() {
    let mut peer = Peer::of_a_stranger();
    peer.up();
    let heard = peer.say(LCP, 9, 44, b"\x01\x02\x03\x04hello");
    assert_eq!(heard[0].1[..2], [10, 44]);
    assert_eq!(&heard[0].1[8..], b"hello");
}

#[test]
fn a_demand_for_a_proof_we_do_not_know_is_answered_with_those_we_know() {
    let mut peer = Peer::of(caller_terms(1500));
    let request = peer.heard().remove(0).1;
    peer.say(LCP, 2, request[1], &request[4..]);
    // EAP, three times.
    let suggested: Vec<Vec<u8>> = (1..=3)
        .map(|id| peer.say(LCP, 1, id, &[3, 4, 0xc2, 0x27])[0].1[4..].to_vec())
        .collect();
    assert_eq!(
        suggested,
        [
            vec![3, 5, 0xc2, 0x23, 0x81],
            vec![3, 5, 0xc2, 0x23, 0x05],
            vec![3, 4, 0xc0, 0x23],
        ]
    );
    let heard = peer.say(LCP, 1, 4, &[3, 4, 0xc0, 0x23]);
    assert_eq!(heard[0].1[0], 2);
    assert_eq!(heard[1].0, PAP);
    let heard = peer.say(PAP, 3, heard[1].1[1], &[2, b'n', b'o']);
    assert_eq!(heard[0].1[0], 5);
    assert_eq!(peer.engine.words(), Some("no"));
    assert_eq!(peer.end().0, Err(Failure::PasswordRefused));
}

#[test]
fn addresses_before_the_proof_do_not_count() {
    let mut peer = Peer::of(caller_terms(1500));
    let request = peer.heard().remove(0).1;
    peer.agree(LCP, &request, &[3, 5, 0xc2, 0x23, 0x05]);
    assert_eq!(peer.say(IPCP, 1, 1, &[3, 6, 10, 0, 0, 1]), []);
    let heard = peer.say(CHAP, 1, 7, b"\x08challenge");
    assert_eq!((heard[0].0, heard[0].1[0]), (CHAP, 2));
    let heard = peer.say(CHAP, 3, 7, b"");
    assert_eq!((heard[0].0, heard[0].1[0]), (IPCP, 1));
}

#[test]
fn a_second_copy_of_a_request_or_an_answer_does_not_tear_the_link_down() {
    let mut peer = Peer::of_a_stranger();
    let request = peer.heard().remove(0).1;
    peer.agree(LCP, &request, &[5, 6, 1, 2, 3, 4]);
    let heard = peer.say(LCP, 1, 77, &[5, 6, 1, 2, 3, 4]);
    assert_eq!(heard, [(LCP, packet(2, 77, &[5, 6, 1, 2, 3, 4]))]);
    assert_eq!(peer.say(LCP, 2, request[1], &request[4..]), []);
}

#[test]
fn headers_are_shortened_towards_a_peer_that_keeps_them_and_no_other() {
    let sent = |peer: &mut Peer, ident: u16| {
        peer.engine.send(&segment(ident)).unwrap();
        peer.heard().remove(0)
    };
    let mut other = Peer::of_a_stranger();
    other.up();
    let mut keeps = Peer::of_a_stranger();
    keeps.up_with(&SHORT_HEADERS);
    for ident in 1..4 {
        assert_eq!(sent(&mut other, ident), (IP, segment(ident)));
        let (protocol, information) = sent(&mut keeps, ident);
        let (short, length) = if ident == 1 {
            (vj::WHOLE, 40)
        } else {
            (vj::SHORT, 4)
        };
        assert_eq!((protocol, information.len()), (short, length));
    }
    // One that does not know what it has agreed to.
    let mut rejected = vj::SHORT.to_be_bytes().to_vec();
    rejected.extend([0; 4]);
    keeps.say(LCP, 8, 5, &rejected);
    assert_eq!(sent(&mut keeps, 4), (IP, segment(4)));
}

#[test]
fn short_headers_are_taken_where_the_peer_has_agreed_to_them_and_rejected_otherwise() {
    let mut agreed = Peer::of_a_stranger();
    agreed.up();
    let mut rejects = Peer::of_a_stranger();
    let request = rejects.link();
    let heard = rejects.say(IPCP, 4, request[1], &SHORT_HEADERS);
    let heard = rejects.say(IPCP, 3, heard[0].1[1], &[3, 6, 10, 0, 0, 2]);
    let request = heard[0].1.clone();
    rejects.agree(IPCP, &request, &[3, 6, 10, 0, 0, 1]);
    assert!(matches!(rejects.events.last(), Some(Event::Up(_))));
    let mut shortener = vj::Shortener::new(vj::Slots {
        count: 1,
        may_be_left_out: true,
    });
    for ident in 1..4 {
        let (protocol, information) = shortener.shorten(&segment(ident));
        assert_eq!(agreed.say_raw(protocol, &information), []);
        assert_eq!(agreed.engine.receive(), Some(segment(ident)));
        let heard = rejects.say_raw(protocol, &information);
        assert_eq!((heard[0].0, heard[0].1[0]), (LCP, 8));
        assert_eq!(rejects.engine.receive(), None);
    }
}

#[test]
fn a_frame_that_is_spoiled_is_missed_once_and_what_leans_on_it_is_not_taken() {
    let mut peer = Peer::of_a_stranger();
    peer.engine.input(START, b"~a banner~~of many words~");
    peer.up_with(&SHORT_HEADERS);
    assert!(!peer.engine.take_missing());
    let mut shortener = vj::Shortener::new(vj::Slots {
        count: 1,
        may_be_left_out: true,
    });
    let mut say = |peer: &mut Peer, ident: u16| {
        let (protocol, information) = shortener.shorten(&segment(ident));
        peer.say_raw(protocol, &information);
        peer.engine.receive()
    };
    assert_eq!(say(&mut peer, 1), Some(segment(1)));
    assert!(!peer.engine.take_missing());
    peer.engine.input(START, b"~spoiled~");
    assert!(peer.engine.take_missing() && !peer.engine.take_missing());
    assert_eq!(say(&mut peer, 2), None);
    assert!(peer.engine.take_missing());
    // What changes nothing is said whole.
    assert_eq!(say(&mut peer, 2), Some(segment(2)));
    assert_eq!(say(&mut peer, 3), Some(segment(3)));
    assert!(!peer.engine.take_missing());
}

#[test]
fn a_flood_of_questions_does_not_fill_the_memory() {
    let mut peer = Peer::of_a_stranger();
    peer.up();
    let mut wire = VecDeque::new();
    Framing::PLAIN.write(LCP, &packet(9, 1, &[0x7e; 1_000]), &mut wire);
    let bytes: Vec<u8> = wire.into();
    for _ in 0..1_000 {
        peer.engine.input(START, &bytes);
    }
    assert!(peer.engine.wire_waiting() < 20_000);
    assert!(!peer.engine.has_room());
    let mut wire = VecDeque::new();
    Framing::PLAIN.write(IP, &[0x45; 1_000], &mut wire);
    let bytes: Vec<u8> = wire.into();
    for _ in 0..1_000 {
        peer.engine.input(START, &bytes);
    }
    assert_eq!(std::iter::from_fn(|| peer.engine.receive()).count(), 64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_packets_of_a_hostile_peer_make_an_engine_panic_or_hang(
        packets in prop::collection::vec(
            (
                prop::sample::select(vec![LCP, IPCP, PAP, CHAP, IP, vj::SHORT, vj::WHOLE, 0x80fd]),
                0_u8..14,
                0_u8..6,
                prop::collection::vec(any::<u8>(), 0..60),
                0_u64..4_000,
            ),
            0..60,
        ),
        goes_up_first in any::<bool>(),
    ) {
        let mut peer = Peer::of_a_stranger();
        if goes_up_first {
            peer.up();
        }
        for (protocol, code, id, data, millis) in packets {
            peer.now += Duration::from_millis(millis);
            peer.engine.tick(peer.now);
            peer.say(protocol, code, id, &data);
        }
        let (_, after) = peer.end();
        prop_assert!(after <= Duration::from_secs(60), "{:?}", after);
    }
}
