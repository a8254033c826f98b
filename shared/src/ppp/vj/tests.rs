use proptest::prelude::*;
use smoltcp::wire::{IpAddress, IpProtocol, Ipv4Address, Ipv4Packet, TcpPacket, TcpSeqNumber};

use super::*;
use crate::ppp::engine::IP;

const HERE: Ipv4Address = Ipv4Address::new(10, 7, 0, 2);
const THERE: Ipv4Address = Ipv4Address::new(10, 7, 0, 1);
const ALL: Slots = Slots {
    count: SLOTS,
    may_be_left_out: true,
};

/// What a packet of a test says.
#[derive(Clone, Debug)]
struct Said {
    port: u16,
    ident: u16,
    sequence: i32,
    ack: i32,
    window: u16,
    push: bool,
    urgent: Option<u16>,
    fin: bool,
    data: Vec<u8>,
}

const SAID: Said = Said {
    port: 49_152,
    ident: 1,
    sequence: -3,
    ack: i32::MAX,
    window: 8_192,
    push: false,
    urgent: None,
    fin: false,
    data: Vec::new(),
};

impl Said {
    fn packet(&self) -> Vec<u8> {
        let mut packet = vec![0; 40];
        packet.extend(&self.data);
        let length = u16::try_from(packet.len()).unwrap();
        let mut ip = Ipv4Packet::new_unchecked(&mut packet);
        ip.set_version(4);
        ip.set_header_len(20);
        ip.set_total_len(length);
        ip.set_ident(self.ident);
        ip.set_dont_frag(true);
        ip.set_hop_limit(64);
        ip.set_next_header(IpProtocol::Tcp);
        ip.set_src_addr(HERE);
        ip.set_dst_addr(THERE);
        ip.fill_checksum();
        let mut tcp = TcpPacket::new_unchecked(ip.payload_mut());
        tcp.set_src_port(self.port);
        tcp.set_dst_port(443);
        tcp.set_seq_number(TcpSeqNumber(self.sequence));
        tcp.set_ack_number(TcpSeqNumber(self.ack));
        tcp.set_header_len(20);
        tcp.set_ack(true);
        tcp.set_psh(self.push);
        tcp.set_fin(self.fin);
        tcp.set_window_len(self.window);
        if let Some(urgent) = self.urgent {
            tcp.set_urg(true);
            tcp.set_urgent_at(urgent);
        }
        tcp.fill_checksum(&IpAddress::Ipv4(HERE), &IpAddress::Ipv4(THERE));
        packet
    }
}

/// A segment of a stream, without data; each names another window.
pub(in crate::ppp) fn segment(ident: u16) -> Vec<u8> {
    let said = Said {
        ident,
        window: ident,
        ..SAID
    };
    said.packet()
}

/// What comes out at the other end.
fn passed(expander: &mut Expander, protocol: u16, information: &[u8]) -> Option<Vec<u8>> {
    match protocol {
        SHORT => expander.short(information),
        WHOLE => expander.whole(information),
        _ => Some(information.to_vec()),
    }
}

/// How many bytes each of these packets takes, after they have come out as they went in.
fn lengths(agreed: Slots, packets: &[Said]) -> Vec<(u16, usize)> {
    let (mut shortener, mut expander) = (Shortener::new(agreed), Expander::new());
    let pass = |said: &Said| {
        let packet = said.packet();
        let (protocol, information) = shortener.shorten(&packet);
        let out = passed(&mut expander, protocol, &information);
        assert_eq!(out.as_ref(), Some(&packet), "{said:?}");
        (protocol, information.len() - said.data.len())
    };
    packets.iter().map(pass).collect()
}

#[test]
fn a_stream_goes_on_in_three_bytes_and_what_has_changed() {
    let data = vec![7; 300];
    let first = Said {
        data: data.clone(),
        ..SAID
    };
    let more = Said {
        ident: 2,
        sequence: 297,
        push: true,
        ..first.clone()
    };
    let answered = Said {
        ident: 3,
        sequence: 597,
        ack: i32::MIN + 19,
        data: Vec::new(),
        ..SAID
    };
    let asked = Said {
        ident: 4,
        data: vec![9; 20],
        ..answered.clone()
    };
    let echoed = Said {
        ident: 5,
        sequence: 617,
        ack: i32::MIN + 39,
        ..asked.clone()
    };
    let lengths = lengths(ALL, &[first, more, answered, asked, echoed]);
    // The answer says by how much both numbers have grown: 300 in three bytes and 20 in one.
    assert_eq!(
        lengths,
        [(WHOLE, 40), (SHORT, 3), (SHORT, 7), (SHORT, 3), (SHORT, 3)]
    );
}

#[test]
fn what_begins_ends_or_is_said_again_goes_whole() {
    let ends = Said { fin: true, ..SAID };
    let again = Said { ident: 2, ..SAID };
    let back = Said {
        ident: 3,
        sequence: SAID.sequence - 1,
        ..SAID
    };
    let far = Said {
        ident: 4,
        sequence: SAID.sequence + 70_000,
        ..SAID
    };
    let urgent = Said {
        ident: 5,
        urgent: Some(1),
        data: vec![1],
        ..far.clone()
    };
    let packets = [ends, SAID, again, back, far, urgent];
    let shapes = lengths(ALL, &packets).into_iter().map(|(shape, _)| shape);
    assert_eq!(
        shapes.collect::<Vec<_>>(),
        [IP, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE]
    );
}

#[test]
fn a_slot_is_named_where_it_changes_and_always_where_that_was_agreed() {
    let said = |port: u16, ident: u16| Said {
        port,
        ident,
        window: ident,
        ..SAID
    };
    let packets = [said(1, 1), said(1, 2), said(2, 1), said(1, 3), said(1, 4)];
    let mut agreed = ALL;
    let all = lengths(agreed, &packets);
    assert_eq!(
        all[1..].iter().map(|(_, long)| *long).collect::<Vec<_>>(),
        [4, 40, 5, 4]
    );
    agreed.may_be_left_out = false;
    let all = lengths(agreed, &packets);
    assert_eq!(
        all[1..].iter().map(|(_, long)| *long).collect::<Vec<_>>(),
        [5, 40, 5, 5]
    );
    agreed.count = 1;
    let all = lengths(agreed, &packets);
    assert_eq!(
        all[1..].iter().map(|(_, long)| *long).collect::<Vec<_>>(),
        [5, 40, 40, 5]
    );
}

#[test]
fn after_a_loss_nothing_short_is_believed_until_a_whole_one_comes() {
    let (mut shortener, mut expander) = (Shortener::new(ALL), Expander::new());
    let said = |ident: u16| Said {
        ident,
        window: ident,
        ..SAID
    };
    let mut pass = |said: Said, is_lost: bool| {
        let (protocol, information) = shortener.shorten(&said.packet());
        if is_lost {
            expander.lose();
            return None;
        }
        passed(&mut expander, protocol, &information)
    };
    assert!(pass(said(1), false).is_some());
    assert!(pass(said(2), true).is_none());
    assert!(pass(said(3), false).is_none());
    // A word that is said again.
    let again = Said {
        ident: 4,
        ..said(3)
    };
    assert_eq!(pass(again.clone(), false), Some(again.packet()));
    assert_eq!(pass(said(5), false), Some(said(5).packet()));
}

#[test]
fn a_packet_of_another_kind_or_a_part_of_one_goes_as_it_is() {
    let mut shortener = Shortener::new(ALL);
    let mut other = SAID.packet();
    other[9] = 17;
    let mut part = SAID.packet();
    part[6] = 0x20;
    let mut longer = SAID.packet();
    longer.push(0);
    for packet in [
        other,
        part,
        longer,
        SAID.packet()[..30].to_vec(),
        Vec::new(),
    ] {
        assert_eq!(shortener.shorten(&packet), (IP, packet.clone()));
    }
}

/// Stream, numbers grown, a jump of the sequence, acknowledged, window, pushed, urgent, data.
type Step = (u16, u16, Option<i32>, i32, u16, bool, Option<u16>, Vec<u8>);

fn anything_said() -> impl Strategy<Value = Vec<Said>> {
    let step = (
        0_u16..20,
        prop_oneof![9 => Just(1_u16), 1 => any::<u16>()],
        prop_oneof![6 => Just(None), 3 => (0_i32..400).prop_map(Some), 1 => any::<i32>().prop_map(Some)],
        prop_oneof![6 => 0_i32..400, 1 => any::<i32>()],
        prop_oneof![3 => Just(8_192_u16), 1 => any::<u16>()],
        any::<bool>(),
        prop_oneof![20 => Just(None), 1 => any::<u16>().prop_map(Some)],
        prop::collection::vec(any::<u8>(), 0..40),
    );
    prop::collection::vec(step, 1..60).prop_map(|steps| {
        let mut streams = vec![SAID; 20];
        let go_on = |(port, ident, jump, ack, window, push, urgent, data): Step| {
            let said = &mut streams[usize::from(port)];
            // Mostly on from where the one before has ended.
            let grown = jump.unwrap_or_else(|| i32::try_from(said.data.len()).unwrap());
            *said = Said {
                port,
                ident: said.ident.wrapping_add(ident),
                sequence: said.sequence.wrapping_add(grown),
                ack: said.ack.wrapping_add(ack),
                window,
                push,
                urgent,
                fin: false,
                data,
            };
            said.clone()
        };
        steps.into_iter().map(go_on).collect()
    })
}

proptest! {
    #[test]
    fn every_packet_comes_out_as_it_went_in(
        said in anything_said(),
        count in 1_u8..=SLOTS,
        may_be_left_out in any::<bool>(),
    ) {
        let all = lengths(Slots { count, may_be_left_out }, &said);
        prop_assert!(all.iter().all(|(_, length)| *length <= 40));
    }

    #[test]
    fn after_losses_nothing_comes_out_that_did_not_go_in(
        said in anything_said(),
        lost in prop::collection::vec(any::<bool>(), 60),
        may_be_left_out in any::<bool>(),
    ) {
        let agreed = Slots { may_be_left_out, ..ALL };
        let (mut shortener, mut expander) = (Shortener::new(agreed), Expander::new());
        for (said, is_lost) in said.into_iter().zip(lost) {
            let packet = said.packet();
            let (protocol, information) = shortener.shorten(&packet);
            if is_lost {
                expander.lose();
                continue;
            }
            let out = passed(&mut expander, protocol, &information);
            prop_assert!(out.is_some() || protocol == SHORT);
            let Some(out) = out else { continue };
            // What the check sum covers; the number of a packet that is never cut is not.
            let (out, went) = (Header::read(&out).unwrap(), Header::read(&packet).unwrap());
            prop_assert_eq!(out.says.sequence, went.says.sequence);
            prop_assert_eq!(out.data, went.data);
            prop_assert_eq!(out.checksum, went.checksum);
        }
    }

    #[test]
    fn no_bytes_make_an_expander_panic_or_grow(
        frames in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(any::<u8>(), 0..80)),
            0..20,
        ),
        first in anything_said(),
    ) {
        let mut expander = Expander::new();
        let (protocol, information) = Shortener::new(ALL).shorten(&first[0].packet());
        passed(&mut expander, protocol, &information);
        for (is_whole, bytes) in frames {
            let protocol = if is_whole { WHOLE } else { SHORT };
            let longest = bytes.len() + 120;
            let out = passed(&mut expander, protocol, &bytes);
            prop_assert!(out.is_none_or(|packet| packet.len() <= longest));
        }
    }
}
