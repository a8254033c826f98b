//! The receiving end: from short headers to whole ones.

use smoltcp::wire::{IpAddress, Ipv4Packet, TcpPacket};

use super::{Header, SLOT_AT, SLOTS, changed};

/// The number of TCP in the protocol field of IPv4.
const TCP: u8 = 6;

/// Makes whole what the other end has shortened.
#[derive(Debug)]
pub(in crate::ppp) struct Expander {
    slots: Vec<Option<Header>>,
    /// The slot of the packet before.
    last: Option<u8>,
}

impl Expander {
    /// With empty slots.
    pub(in crate::ppp) fn new() -> Self {
        Self {
            slots: vec![None; usize::from(SLOTS)],
            last: None,
        }
    }

    /// A frame was spoiled: the next one of any slot may have to be compared with it. TCP's check sum
    /// alone would let one of 65,536 wrong headers through.
    pub(in crate::ppp) fn lose(&mut self) {
        self.slots.fill(None);
    }

    /// Takes a packet with a whole header, and keeps that; nothing where it is none.
    pub(in crate::ppp) fn whole(&mut self, information: &[u8]) -> Option<Vec<u8>> {
        let mut packet = information.to_vec();
        let slot = std::mem::replace(packet.get_mut(SLOT_AT)?, TCP);
        let header = Header::read(&packet)?;
        *self.slots.get_mut(usize::from(slot))? = Some(header);
        self.last = Some(slot);
        Some(packet)
    }

    /// Takes a packet with a short header; nothing where it cannot be made whole, and then until a
    /// whole one comes.
    pub(in crate::ppp) fn short(&mut self, information: &[u8]) -> Option<Vec<u8>> {
        let packet = self.expanded(information);
        if packet.is_none() {
            self.lose();
        }
        packet
    }

    fn expanded(&mut self, mut bytes: &[u8]) -> Option<Vec<u8>> {
        let changes = byte(&mut bytes)?;
        if changes & changed::SLOT != 0 {
            self.last = Some(byte(&mut bytes)?);
        }
        let (checksum, rest) = bytes.split_first_chunk::<2>()?;
        bytes = rest;
        let place = usize::from(self.last?);
        let slot = self.slots.get_mut(place)?;
        let mut header = slot.clone()?;
        next(&mut header, changes, &mut bytes)?;
        header.checksum = u16::from_be_bytes(*checksum);
        header.data = u32::try_from(bytes.len()).ok()?;
        let packet = header.packet(bytes)?;
        if !is_sound(&packet) {
            return None;
        }
        *slot = Some(header);
        Some(packet)
    }
}

/// Carries a header on by what has changed.
fn next(header: &mut Header, changes: u8, bytes: &mut &[u8]) -> Option<()> {
    let said_before = header.data;
    let says = &mut header.says;
    says.urgent = None;
    match changes & changed::NUMBERS {
        changed::ECHO => {
            says.ack = says.ack.wrapping_add(said_before);
            says.sequence = says.sequence.wrapping_add(said_before);
        }
        changed::MORE => says.sequence = says.sequence.wrapping_add(said_before),
        numbers => {
            if numbers & changed::URGENT != 0 {
                says.urgent = Some(decode(bytes)?);
            }
            if numbers & changed::WINDOW != 0 {
                says.window = says.window.wrapping_add(decode(bytes)?);
            }
            if numbers & changed::ACK != 0 {
                says.ack = says.ack.wrapping_add(decode(bytes)?.into());
            }
            if numbers & changed::SEQUENCE != 0 {
                says.sequence = says.sequence.wrapping_add(decode(bytes)?.into());
            }
        }
    }
    let grown = if changes & changed::IDENT == 0 {
        1
    } else {
        decode(bytes)?
    };
    says.ident = says.ident.wrapping_add(grown);
    says.push = changes & changed::PUSH != 0;
    Some(())
}

/// Whether TCP's check sum fits: it is that of the packet as it was before its header was shortened.
fn is_sound(packet: &[u8]) -> bool {
    let Ok(ip) = Ipv4Packet::new_checked(packet) else {
        return false;
    };
    let from = IpAddress::Ipv4(ip.src_addr());
    let to = IpAddress::Ipv4(ip.dst_addr());
    TcpPacket::new_checked(ip.payload()).is_ok_and(|tcp| tcp.verify_checksum(&from, &to))
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

/// Reads a number: one byte, or two after one that is none.
fn decode(bytes: &mut &[u8]) -> Option<u16> {
    match byte(bytes)? {
        0 => {
            let (number, rest) = bytes.split_first_chunk::<2>()?;
            *bytes = rest;
            Some(u16::from_be_bytes(*number))
        }
        short => Some(short.into()),
    }
}
