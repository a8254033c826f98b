//! Asking again for what the line has spoiled.
//!
//! Whoever sends finds a loss out by silence, after a second or more, because a telephone line rarely
//! has enough under way for TCP to see a gap. Whoever receives has heard the spoiled frame at once. So
//! it says where it stands and repeats that three times, which tells every TCP to send on from there
//! (fast retransmit, RFC 5681 §3.2). To one that has nothing under way it says nothing.

use std::time::Duration;

use smoltcp::socket::AnySocket as _;
use smoltcp::socket::tcp::{Socket, State};
use smoltcp::wire::{
    IpAddress, IpEndpoint, IpProtocol, Ipv4Address, Ipv4Packet, TcpPacket, TcpSeqNumber,
};

use super::socket::CONFIRMING;
use super::{MAX_STREAMS, Stack};

/// So often an end repeats where it stands until it is understood.
const TIMES: usize = 3;
/// What was asked for has come by then, or is spoiled again.
const BETWEEN_ASKING: Duration = Duration::from_millis(700);
/// A confirmation that is held back must have left before: saying an older one again would ask for
/// what has arrived.
const BEFORE_ASKING: Duration = CONFIRMING.saturating_add(Duration::from_millis(5));
/// The headers of IPv4 and TCP, without options.
const IP_HEADER: usize = 20;
const TCP_HEADER: usize = 20;

/// What this end has said last in each stream, and since when it misses something.
#[derive(Debug, Default)]
pub(in crate::ppp) struct Asking {
    since: Option<Duration>,
    /// Until when what was asked for is waited for.
    until: Option<Duration>,
    streams: Vec<Stand>,
    ident: u16,
}

/// Where a stream stands, as its last packet has told the other end.
#[derive(Clone, Copy, Debug)]
struct Stand {
    from: (Ipv4Address, u16),
    to: (Ipv4Address, u16),
    next: TcpSeqNumber,
    ack: TcpSeqNumber,
    window: u16,
    /// Where it stood when it was asked for something, and when that was.
    asked: Option<(TcpSeqNumber, Duration)>,
    /// Whether the window was said one byte smaller then.
    was_smaller: bool,
}

impl Asking {
    /// Notes what a packet says that leaves now, and numbers it: the other end expects each number to
    /// follow the one before (RFC 1144 §3.2.2), and to a packet that is never cut they mean nothing
    /// else (RFC 6864 §4.1).
    pub(in crate::ppp) fn leaves(&mut self, packet: &mut [u8]) {
        self.ident = self.ident.wrapping_add(1);
        let Ok(mut ip) = Ipv4Packet::new_checked(packet) else {
            return;
        };
        if ip.dont_frag() {
            ip.set_ident(self.ident);
            ip.fill_checksum();
        }
        let (from, to) = (ip.src_addr(), ip.dst_addr());
        if ip.next_header() != IpProtocol::Tcp {
            return;
        }
        let Ok(tcp) = TcpPacket::new_checked(ip.payload_mut()) else {
            return;
        };
        let stand = Stand {
            from: (from, tcp.src_port()),
            to: (to, tcp.dst_port()),
            next: tcp.seq_number() + tcp.segment_len(),
            ack: tcp.ack_number(),
            window: tcp.window_len(),
            asked: None,
            was_smaller: false,
        };
        // Before the other end was heard there is nothing to stand at.
        let is_known = tcp.ack() && !tcp.rst();
        self.note(stand, is_known);
    }

    fn note(&mut self, mut stand: Stand, is_known: bool) {
        let is_same = |one: &Stand| one.from == stand.from && one.to == stand.to;
        let place = self.streams.iter().position(is_same);
        let before = place.map(|place| self.streams.remove(place));
        if !is_known {
            return;
        }
        if let Some(before) = before {
            stand.next = before.next.max(stand.next);
            stand.asked = before.asked;
            stand.was_smaller = before.was_smaller && before.ack == stand.ack;
            if before.ack != stand.ack {
                self.until = None;
            }
        }
        self.streams.insert(0, stand);
        self.streams.truncate(MAX_STREAMS);
    }

    /// Something is missing.
    pub(super) fn miss(&mut self, now: Duration) {
        self.since.get_or_insert(now);
    }

    /// When there is something to be asked for.
    pub(super) fn due(&self) -> Option<Duration> {
        let due = self.since?.saturating_add(BEFORE_ASKING);
        Some(self.until.map_or(due, |until| until.max(due)))
    }
}

impl Stack {
    /// Asks again for what is missing, once that may be asked for.
    pub(super) fn ask_again(&mut self) {
        if self.engine.take_missing() {
            self.asking.miss(self.now);
        }
        let is_due = self.asking.due().is_some_and(|due| due <= self.now);
        if !is_due || !self.engine.has_room() {
            return;
        }
        let since = self.asking.since.take();
        self.asking.until = None;
        let listening = self.sockets.iter().filter_map(|(_, socket)| {
            let socket = Socket::downcast(socket)?;
            let hears = matches!(
                socket.state(),
                State::Established | State::FinWait1 | State::FinWait2
            );
            let ends = (socket.local_endpoint()?, socket.remote_endpoint()?);
            hears.then_some(ends)
        });
        let listening: Vec<_> = listening.collect();
        for stand in &mut self.asking.streams {
            let is_one = |(here, there): &(IpEndpoint, IpEndpoint)| {
                at(*here) == stand.from && at(*there) == stand.to
            };
            if !listening.iter().any(is_one) {
                continue;
            }
            if let Some((ack, at)) = stand.asked
                && ack == stand.ack
                && self.now < at.saturating_add(BETWEEN_ASKING)
            {
                self.asking.since = since;
                self.asking.until = Some(at.saturating_add(BETWEEN_ASKING));
                continue;
            }
            stand.asked = Some((stand.ack, self.now));
            // Another window says that this is no repetition, after which repetitions count anew.
            stand.was_smaller = !stand.was_smaller;
            for _ in 0..=TIMES {
                self.asking.ident = self.asking.ident.wrapping_add(1);
                let packet = stand.packet(self.asking.ident);
                let _dropped = self.engine.send_beyond_room(&packet);
            }
        }
    }
}

const fn at(end: IpEndpoint) -> (Ipv4Address, u16) {
    let IpAddress::Ipv4(address) = end.addr;
    (address, end.port)
}

impl Stand {
    /// A packet that says it.
    fn packet(self, ident: u16) -> Vec<u8> {
        let mut packet = vec![0; IP_HEADER + TCP_HEADER];
        let mut ip = Ipv4Packet::new_unchecked(&mut packet);
        ip.set_version(4);
        ip.set_header_len(20);
        ip.set_total_len(40);
        ip.set_ident(ident);
        ip.set_dont_frag(true);
        ip.set_hop_limit(64);
        ip.set_next_header(IpProtocol::Tcp);
        ip.set_src_addr(self.from.0);
        ip.set_dst_addr(self.to.0);
        ip.fill_checksum();
        let mut tcp = TcpPacket::new_unchecked(ip.payload_mut());
        tcp.set_src_port(self.from.1);
        tcp.set_dst_port(self.to.1);
        tcp.set_seq_number(self.next);
        tcp.set_ack_number(self.ack);
        tcp.set_header_len(20);
        tcp.set_ack(true);
        let less = u16::from(self.was_smaller);
        tcp.set_window_len(self.window.saturating_sub(less));
        tcp.fill_checksum(&IpAddress::Ipv4(self.from.0), &IpAddress::Ipv4(self.to.0));
        packet
    }
}
