//! Short headers (RFC 1144, Van Jacobson): of the 40 bytes that stand before each segment of a stream
//! three to eight are left, because each end knows the header before.
//!
//! Both ends keep the last header of each stream, in numbered slots. A packet that says where a slot
//! stands goes whole; the next ones say only what has changed since. A frame that the line spoils
//! leaves the two ends with different headers, so the receiving end drops what is short until a whole
//! one comes: whoever sends something again sends it whole. With the first spoiled frame an engine gives
//! short headers up.

mod expand;
mod shorten;
#[cfg(test)]
mod tests;

use smoltcp::wire::{IpProtocol, Ipv4Packet, TcpPacket, TcpSeqNumber};

pub(super) use expand::Expander;
pub(super) use shorten::Shortener;
#[cfg(test)]
pub(super) use tests::segment;

/// The protocol of packets with a short header.
pub(super) const SHORT: u16 = 0x002d;
/// The protocol of packets whose header is whole and fills a slot.
pub(super) const WHOLE: u16 = 0x002f;
/// Slots that an end has at most: the usual number, and more than a call may have streams.
pub(super) const SLOTS: u8 = 16;

/// Where a whole header names its slot: the protocol field of IPv4, which is TCP's in any case.
const SLOT_AT: usize = 9;

/// What has changed (RFC 1144 §3.2.2), in the first byte of a short header.
mod changed {
    pub(super) const URGENT: u8 = 0x01;
    pub(super) const WINDOW: u8 = 0x02;
    pub(super) const ACK: u8 = 0x04;
    pub(super) const SEQUENCE: u8 = 0x08;
    /// Not a change: the data is to be handed on at once.
    pub(super) const PUSH: u8 = 0x10;
    pub(super) const IDENT: u8 = 0x20;
    pub(super) const SLOT: u8 = 0x40;

    /// All that say something about TCP's numbers.
    pub(super) const NUMBERS: u8 = SEQUENCE | ACK | WINDOW | URGENT;
    /// Both numbers have grown by the data of the packet before: an echo came back.
    pub(super) const ECHO: u8 = SEQUENCE | WINDOW | URGENT;
    /// The sequence has grown by the data of the packet before: there is more of it.
    pub(super) const MORE: u8 = NUMBERS;
}

/// The slots of one direction as they were agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slots {
    /// How many there are, at least one and at most [`SLOTS`].
    pub(super) count: u8,
    /// Whether a slot need not be named when it is that of the packet before.
    pub(super) may_be_left_out: bool,
}

/// The headers of IPv4 and TCP of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    /// Both headers, with nothing where the rest of this stands.
    fixed: Vec<u8>,
    /// Where TCP's begins.
    tcp_at: usize,
    /// What changes from one packet of a stream to the next.
    says: Says,
    /// TCP's check sum over both headers and the data.
    checksum: u16,
    /// Bytes after it.
    data: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Says {
    ident: u16,
    sequence: u32,
    ack: u32,
    window: u16,
    push: bool,
    urgent: Option<u16>,
}

impl Header {
    /// Reads a whole packet of TCP; nothing for any other, and for a part of one.
    fn read(packet: &[u8]) -> Option<Self> {
        let ip = Ipv4Packet::new_checked(packet).ok()?;
        let is_part = ip.more_frags() || ip.frag_offset() != 0;
        let is_whole = usize::from(ip.total_len()) == packet.len() && !is_part;
        if ip.version() != 4 || !is_whole || ip.next_header() != IpProtocol::Tcp {
            return None;
        }
        let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
        let tcp_at = usize::from(ip.header_len());
        let length = tcp_at.saturating_add(usize::from(tcp.header_len()));
        let says = Says {
            ident: ip.ident(),
            sequence: bits(tcp.seq_number()),
            ack: bits(tcp.ack_number()),
            window: tcp.window_len(),
            push: tcp.psh(),
            urgent: tcp.urg().then(|| tcp.urgent_at()),
        };
        let data = u32::try_from(packet.len().checked_sub(length)?).ok()?;
        let mut fixed = packet.get(..length)?.to_vec();
        blank(&mut fixed, tcp_at);
        Some(Self {
            fixed,
            tcp_at,
            says,
            checksum: tcp.checksum(),
            data,
        })
    }

    /// Whether it is one of many: neither the beginning of a stream nor its end.
    fn goes_on(&self) -> bool {
        let tcp = self.fixed.get(self.tcp_at..).unwrap_or_default();
        TcpPacket::new_checked(tcp)
            .is_ok_and(|tcp| tcp.ack() && !tcp.syn() && !tcp.fin() && !tcp.rst())
    }

    /// What names its stream: addresses and ports.
    fn stream(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        let ports_end = self.tcp_at.saturating_add(4);
        (
            self.fixed.get(12..20),
            self.fixed.get(self.tcp_at..ports_end),
        )
    }

    /// The whole packet with this header and this data.
    fn packet(&self, data: &[u8]) -> Option<Vec<u8>> {
        let mut packet = self.fixed.clone();
        packet.extend_from_slice(data);
        let length = u16::try_from(packet.len()).ok()?;
        let mut tcp = TcpPacket::new_unchecked(packet.get_mut(self.tcp_at..)?);
        let says = self.says;
        tcp.set_seq_number(number(says.sequence));
        tcp.set_ack_number(number(says.ack));
        tcp.set_window_len(says.window);
        tcp.set_psh(says.push);
        if let Some(urgent) = says.urgent {
            tcp.set_urg(true);
            tcp.set_urgent_at(urgent);
        }
        tcp.set_checksum(self.checksum);
        let mut ip = Ipv4Packet::new_unchecked(&mut packet);
        ip.set_total_len(length);
        ip.set_ident(says.ident);
        ip.fill_checksum();
        Some(packet)
    }
}

/// Whether a packet is one whose header can be shortened.
pub(super) fn could_be_short(packet: &[u8]) -> bool {
    Header::read(packet).is_some_and(|header| header.goes_on())
}

/// Takes out of both headers what changes from packet to packet, so that the rest can be compared.
fn blank(headers: &mut [u8], tcp_at: usize) {
    let mut ip = Ipv4Packet::new_unchecked(&mut *headers);
    ip.set_total_len(0);
    ip.set_ident(0);
    ip.set_checksum(0);
    let Some(tcp) = headers.get_mut(tcp_at..) else {
        return;
    };
    let mut tcp = TcpPacket::new_unchecked(tcp);
    tcp.set_seq_number(number(0));
    tcp.set_ack_number(number(0));
    tcp.set_window_len(0);
    tcp.set_psh(false);
    tcp.set_checksum(0);
    if tcp.urg() {
        tcp.set_urg(false);
        tcp.set_urgent_at(0);
    }
}

const fn bits(number: TcpSeqNumber) -> u32 {
    number.0.cast_unsigned()
}

const fn number(bits: u32) -> TcpSeqNumber {
    TcpSeqNumber(bits.cast_signed())
}
