//! The sending end: from whole headers to short ones.

use super::{Header, SHORT, SLOT_AT, Slots, WHOLE, changed};
use crate::ppp::engine::IP;

/// A stream whose last header the other end has.
#[derive(Clone, Debug)]
struct Slot {
    number: u8,
    header: Header,
}

/// Shortens the headers of what this end sends. All that it answers has to be sent, in that order.
#[derive(Clone, Debug)]
pub(in crate::ppp) struct Shortener {
    agreed: Slots,
    /// The one that was used last comes first.
    slots: Vec<Slot>,
    /// The slot of the packet before.
    last: Option<u8>,
    /// Whether a segment that follows another at once goes whole.
    whole_behind: bool,
}

impl Shortener {
    /// With nothing known to the other end.
    pub(in crate::ppp) const fn new(agreed: Slots) -> Self {
        Self {
            agreed,
            slots: Vec::new(),
            last: None,
            whole_behind: false,
        }
    }

    /// The same, in which a segment that follows another at once goes whole. It is taken then also
    /// where the one before was spoiled; where packets are long, a whole header is little beside that.
    pub(in crate::ppp) fn whole_behind(self) -> Self {
        Self {
            whole_behind: true,
            ..self
        }
    }

    /// How an Internet packet is to be sent: the protocol, and what it carries.
    pub(in crate::ppp) fn shorten(&mut self, packet: &[u8]) -> (u16, Vec<u8>) {
        let Some(header) = Header::read(packet).filter(Header::goes_on) else {
            return (IP, packet.to_vec());
        };
        let of_its_stream = |slot: &Slot| slot.header.stream() == header.stream();
        let place = self.slots.iter().position(of_its_stream);
        let Some(mut slot) = place.map(|place| self.slots.remove(place)) else {
            let number = self.free();
            return self.whole(number, header, packet);
        };
        let difference = difference(&slot.header, &header).filter(|(changes, _)| {
            let is_behind = changes & changed::NUMBERS == changed::MORE;
            !(is_behind && self.whole_behind)
        });
        let Some((changes, numbers)) = difference else {
            return self.whole(slot.number, header, packet);
        };
        let mut bytes = self.short(slot.number, changes);
        bytes.extend_from_slice(&header.checksum.to_be_bytes());
        bytes.extend_from_slice(&numbers);
        bytes.extend_from_slice(packet.get(header.fixed.len()..).unwrap_or_default());
        slot.header = header;
        self.slots.insert(0, slot);
        (SHORT, bytes)
    }

    /// The number of a slot for a stream that has none: one of nobody's, or the one that was used
    /// least lately.
    fn free(&mut self) -> u8 {
        let used = u8::try_from(self.slots.len()).unwrap_or(u8::MAX);
        if used < self.agreed.count {
            return used;
        }
        self.slots.pop().map_or(0, |slot| slot.number)
    }

    fn whole(&mut self, number: u8, header: Header, packet: &[u8]) -> (u16, Vec<u8>) {
        let mut bytes = packet.to_vec();
        if let Some(protocol) = bytes.get_mut(SLOT_AT) {
            *protocol = number;
        }
        self.last = Some(number);
        self.slots.insert(0, Slot { number, header });
        (WHOLE, bytes)
    }

    /// The beginning of a short header.
    fn short(&mut self, number: u8, changes: u8) -> Vec<u8> {
        let is_left_out = self.agreed.may_be_left_out && self.last == Some(number);
        self.last = Some(number);
        if is_left_out {
            vec![changes]
        } else {
            vec![changes | changed::SLOT, number]
        }
    }
}

/// What has changed from one header of a stream to the next, and by how much; nothing where that
/// cannot be said, or where the packet looks like one that is sent again: the other end may not have
/// understood the one before.
fn difference(before: &Header, now: &Header) -> Option<(u8, Vec<u8>)> {
    let (was, is) = (before.says, now.says);
    if before.fixed != now.fixed || was.urgent.is_some() || is.urgent.is_some() {
        return None;
    }
    let grown = |is: u32, was: u32| u16::try_from(is.wrapping_sub(was)).ok();
    let window = is.window.wrapping_sub(was.window);
    let ack = grown(is.ack, was.ack)?;
    let sequence = grown(is.sequence, was.sequence)?;
    let mut changes = 0;
    let mut numbers = Vec::new();
    let terms = [
        (changed::WINDOW, window),
        (changed::ACK, ack),
        (changed::SEQUENCE, sequence),
    ];
    for (change, by) in terms.into_iter().filter(|(_, by)| *by != 0) {
        changes |= change;
        encode(by, &mut numbers);
    }
    let said_before = u32::from(sequence) == before.data;
    if changes == changed::SEQUENCE && said_before {
        (changes, numbers) = (changed::MORE, Vec::new());
    } else if changes == changed::SEQUENCE | changed::ACK && said_before && ack == sequence {
        (changes, numbers) = (changed::ECHO, Vec::new());
    } else if changes == changed::ECHO
        || changes == changed::MORE
        || changes == 0 && !(before.data == 0 && now.data > 0)
    {
        return None;
    }
    let ident = is.ident.wrapping_sub(was.ident);
    if ident != 1 {
        changes |= changed::IDENT;
        encode(ident, &mut numbers);
    }
    if is.push {
        changes |= changed::PUSH;
    }
    Some((changes, numbers))
}

/// Writes a number: in one byte, or in three of which the first is none.
fn encode(number: u16, to: &mut Vec<u8>) {
    match u8::try_from(number) {
        Ok(short @ 1..) => to.push(short),
        Ok(0) | Err(_) => {
            to.push(0);
            to.extend_from_slice(&number.to_be_bytes());
        }
    }
}
