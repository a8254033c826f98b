//! HDLC-like framing (RFC 1662): how a frame stands among the bytes of a line.
//!
//! `7e | ff 03 | protocol | information | FCS-16 | 7e`, where `7d` announces a byte that is sent
//! with its sixth bit turned over. A damaged byte costs exactly the frame it stands in: everything
//! about a frame is forgotten at the next flag, whatever came before it.

use std::collections::VecDeque;

use crc::{CRC_16_IBM_SDLC, Crc};

/// Begins and ends every frame.
pub(super) const FLAG: u8 = 0x7e;
/// Announces a byte that was turned over by [`FLIP`].
const ESCAPE: u8 = 0x7d;
/// What an escaped byte is turned over by.
const FLIP: u8 = 0x20;
/// The address and control fields, which say nothing on a line between two.
const ADDRESS_CONTROL: [u8; 2] = [0xff, 0x03];
/// The longest information field taken, in bytes: what RFC 1661 §6.1 obliges every end to take,
/// whatever was agreed, and never more than we ask for.
pub(super) const MAX_INFORMATION: usize = 1500;
/// The longest frame between its flags once unescaped: address, control, protocol, information, FCS.
const MAX_BODY: usize = 2 + 2 + MAX_INFORMATION + 2;
/// The shortest: a compressed protocol, one byte, FCS.
const MIN_BODY: usize = 4;

/// The frame check sequence of RFC 1662 appendix C.
const FCS: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_SDLC);

/// The map of control characters before any was agreed: all of them are escaped.
pub(super) const ACCM_ALL: u32 = u32::MAX;

/// One good frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The protocol number (RFC 1661 §2).
    pub protocol: u16,
    /// What it carries, at most 1500 bytes.
    pub information: Vec<u8>,
}

/// What a decoder has met since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Frames that were whole.
    pub good: u64,
    /// Frames whose check sequence did not fit: damaged by the line.
    pub damaged: u64,
    /// Frames longer than any end may send, counted once each.
    pub too_long: u64,
    /// Frames too short to hold anything, given up by their sender, or of an impossible protocol.
    pub malformed: u64,
}

impl FrameCounts {
    /// Frames that did not arrive, whatever became of them.
    pub(super) const fn spoiled(self) -> u64 {
        let sum = self.damaged.saturating_add(self.too_long);
        sum.saturating_add(self.malformed)
    }
}

/// Finds frames among the bytes of a line.
#[derive(Debug)]
pub struct Decoder {
    body: Vec<u8>,
    escaped: bool,
    skipping: bool,
    accm: u32,
    counts: FrameCounts,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the start of a call, when every control character may have been put in by the
    /// line and none is data.
    #[must_use]
    pub fn new() -> Self {
        Self {
            body: Vec::with_capacity(MAX_BODY),
            escaped: false,
            skipping: false,
            accm: ACCM_ALL,
            counts: FrameCounts::default(),
        }
    }

    /// Takes the map of control characters the other end was asked to escape: unescaped ones of
    /// them were put in by the line, and are dropped.
    pub const fn expect_accm(&mut self, accm: u32) {
        self.accm = accm;
    }

    /// What was met so far.
    #[must_use]
    pub const fn counts(&self) -> FrameCounts {
        self.counts
    }

    /// Takes the next byte of the line; answers the frame it completes.
    pub fn push(&mut self, byte: u8) -> Option<Frame> {
        if byte == FLAG {
            return self.finish();
        }
        if self.skipping || is_mapped(byte, self.accm) {
            return None;
        }
        if byte == ESCAPE && !self.escaped {
            self.escaped = true;
            return None;
        }
        if self.body.len() == MAX_BODY {
            self.counts.too_long = self.counts.too_long.saturating_add(1);
            self.skipping = true;
            return None;
        }
        let plain = if self.escaped { byte ^ FLIP } else { byte };
        self.escaped = false;
        self.body.push(plain);
        None
    }

    /// Judges what stood before a flag, and forgets it.
    fn finish(&mut self) -> Option<Frame> {
        let given_up = std::mem::take(&mut self.escaped);
        let too_long = std::mem::take(&mut self.skipping);
        let frame = if too_long || self.body.is_empty() && !given_up {
            None
        } else if given_up || self.body.len() < MIN_BODY {
            self.counts.malformed = self.counts.malformed.saturating_add(1);
            None
        } else {
            self.judge()
        };
        self.body.clear();
        frame
    }

    fn judge(&mut self) -> Option<Frame> {
        let (content, check) = self.body.split_last_chunk::<2>()?;
        if FCS.checksum(content) != u16::from_le_bytes(*check) {
            self.counts.damaged = self.counts.damaged.saturating_add(1);
            return None;
        }
        // Compressed fields are taken whether or not they were agreed: no protocol number begins
        // with ff, so the two cannot be confused, and a lost Configure-Ack does no harm.
        let content = content.strip_prefix(&ADDRESS_CONTROL).unwrap_or(content);
        let frame = match content {
            [low, information @ ..] if low & 1 == 1 => Some((u16::from(*low), information)),
            [high, low, information @ ..] if low & 1 == 1 => {
                Some((u16::from_be_bytes([*high, *low]), information))
            }
            _ => None,
        };
        let Some((protocol, information)) = frame.filter(|(_, kept)| kept.len() <= MAX_INFORMATION)
        else {
            self.counts.malformed = self.counts.malformed.saturating_add(1);
            return None;
        };
        self.counts.good = self.counts.good.saturating_add(1);
        Some(Frame {
            protocol,
            information: information.to_vec(),
        })
    }
}

/// How frames are written for the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Which control characters are escaped: bit n for the character n.
    pub accm: u32,
    /// Whether a protocol below 0x100 takes one byte (PFC).
    pub short_protocol: bool,
    /// Whether address and control are left out (ACFC).
    pub short_address: bool,
}

impl Framing {
    /// Before anything was agreed, and for LCP always.
    pub const PLAIN: Self = Self {
        accm: ACCM_ALL,
        short_protocol: false,
        short_address: false,
    };

    /// Writes one frame to the end of `wire`. Both flags are written, also between two frames: a
    /// damaged flag would otherwise cost two of them.
    pub fn write(self, protocol: u16, information: &[u8], wire: &mut VecDeque<u8>) {
        let mut body = Vec::with_capacity(information.len().saturating_add(6));
        if !self.short_address {
            body.extend_from_slice(&ADDRESS_CONTROL);
        }
        match protocol.to_be_bytes() {
            [0, low] if self.short_protocol => body.push(low),
            whole => body.extend_from_slice(&whole),
        }
        body.extend_from_slice(information);
        let check = FCS.checksum(&body);
        body.extend_from_slice(&check.to_le_bytes());
        wire.push_back(FLAG);
        for byte in body {
            if byte == FLAG || byte == ESCAPE || is_mapped(byte, self.accm) {
                wire.extend([ESCAPE, byte ^ FLIP]);
            } else {
                wire.push_back(byte);
            }
        }
        wire.push_back(FLAG);
    }
}

/// Whether a byte is a control character of the map.
const fn is_mapped(byte: u8, accm: u32) -> bool {
    byte < 0x20 && accm & (1 << byte) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TERSE: Framing = Framing {
        accm: 0,
        short_protocol: true,
        short_address: true,
    };

    fn written(framing: Framing, protocol: u16, information: &[u8]) -> Vec<u8> {
        let mut wire = VecDeque::new();
        framing.write(protocol, information, &mut wire);
        wire.into()
    }

    fn read(decoder: &mut Decoder, bytes: &[u8]) -> Vec<Frame> {
        bytes.iter().filter_map(|b| decoder.push(*b)).collect()
    }

    #[test]
    fn the_check_sequence_is_that_of_rfc_1662() {
        // CRC-16/X-25 of the catalogue: check value of "123456789".
        assert_eq!(FCS.checksum(b"123456789"), 0x906e);
    }

    #[test]
    fn a_terminate_request_of_a_real_pppd_reads_and_writes_to_the_same_bytes() {
        // LCP Configure-Request id 1, ACCM 0, magic, PFC, ACFC as pppd sends it.
        let information = hex_bytes("01010014020600000000050612345678070208020000");
        let bytes = written(Framing::PLAIN, 0xc021, &information[..20]);
        assert_eq!(&bytes[..6], &[0x7e, 0xff, 0x7d, 0x23, 0xc0, 0x21]);
        let frames = read(&mut Decoder::new(), &bytes);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].protocol, 0xc021);
        assert_eq!(frames[0].information, information[..20]);
    }

    fn hex_bytes(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn control_characters_the_line_puts_in_are_dropped() {
        let mut bytes = written(Framing::PLAIN, 0xc021, b"abcdef");
        bytes.insert(5, 0x11);
        bytes.insert(9, 0x13);
        assert_eq!(read(&mut Decoder::new(), &bytes).len(), 1);
    }

    #[test]
    fn a_frame_given_up_by_its_sender_is_dropped_and_the_next_is_read() {
        let mut bytes = written(Framing::PLAIN, 0xc021, b"abcdef");
        bytes.truncate(bytes.len() - 1);
        bytes.extend([ESCAPE, FLAG]);
        bytes.extend(written(Framing::PLAIN, 0xc021, b"next"));
        let mut decoder = Decoder::new();
        let frames = read(&mut decoder, &bytes);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].information, b"next");
        assert_eq!(decoder.counts().malformed, 1);
    }

    #[test]
    fn a_frame_that_never_ends_costs_one_count_and_the_next_is_read() {
        let mut decoder = Decoder::new();
        assert!(read(&mut decoder, &[b'x'; 5_000]).is_empty());
        let frames = read(&mut decoder, &written(TERSE, 0x21, b"next"));
        assert_eq!(frames.len(), 1);
        assert_eq!(decoder.counts().too_long, 1);
        assert_eq!(decoder.counts().damaged, 0);
    }

    #[test]
    fn the_longest_frame_passes_and_one_byte_more_does_not() {
        let long = [0xa5; MAX_INFORMATION];
        let mut decoder = Decoder::new();
        assert_eq!(
            read(&mut decoder, &written(Framing::PLAIN, 0xc021, &long)).len(),
            1
        );
        let longer = [0xa5; MAX_INFORMATION + 1];
        assert!(read(&mut decoder, &written(Framing::PLAIN, 0xc021, &longer)).is_empty());
        assert!(read(&mut decoder, &written(TERSE, 0x21, &longer)).is_empty());
        assert_eq!(
            (decoder.counts().too_long, decoder.counts().malformed),
            (1, 1)
        );
    }

    proptest! {
        #[test]
        fn any_frame_reads_back_under_any_framing(
            information in prop::collection::vec(any::<u8>(), 1..600),
            accm in any::<u32>(),
            short_protocol in any::<bool>(),
            short_address in any::<bool>(),
            protocol in prop::sample::select(vec![0x21_u16, 0xc021, 0x8021, 0xc223, 0x00fd]),
        ) {
            let framing = Framing { accm, short_protocol, short_address };
            let mut decoder = Decoder::new();
            decoder.expect_accm(accm);
            let frames = read(&mut decoder, &written(framing, protocol, &information));
            prop_assert_eq!(frames, vec![Frame { protocol, information }]);
        }

        #[test]
        fn no_bytes_make_the_decoder_panic_or_grow(
            bytes in prop::collection::vec(any::<u8>(), 0..4_000),
            accm in any::<u32>(),
        ) {
            let mut decoder = Decoder::new();
            decoder.expect_accm(accm);
            for byte in bytes {
                if let Some(frame) = decoder.push(byte) {
                    prop_assert!(frame.information.len() <= MAX_INFORMATION);
                }
                prop_assert!(decoder.body.len() <= MAX_BODY);
            }
        }

        #[test]
        fn one_damaged_byte_costs_exactly_the_frame_it_stands_in(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..80), 3..8),
            place in any::<prop::sample::Index>(),
            flip in 1_u8..=255,
        ) {
            let parts: Vec<Vec<u8>> =
                frames.iter().map(|frame| written(TERSE, 0x21, frame)).collect();
            let mut bytes = parts.concat();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            let mut decoder = Decoder::new();
            decoder.expect_accm(0);
            let read: Vec<Vec<u8>> =
                read(&mut decoder, &bytes).into_iter().map(|frame| frame.information).collect();
            let mut start = 0;
            let hit = parts
                .iter()
                .position(|part| {
                    start += part.len();
                    place < start
                })
                .unwrap();
            let spared: Vec<Vec<u8>> = frames
                .iter()
                .enumerate()
                .filter(|(number, _)| *number != hit)
                .map(|(_, frame)| frame.clone())
                .collect();
            // A damaged flag between two flags may leave its frame readable.
            prop_assert!(read == spared || read == frames, "{:?}", read);
        }

        #[test]
        fn after_any_damage_the_second_next_frame_is_read(
            garbage in prop::collection::vec(any::<u8>(), 0..3_000),
        ) {
            let mut decoder = Decoder::new();
            decoder.expect_accm(0);
            let _spoiled = read(&mut decoder, &garbage);
            // Garbage may end in an escape that swallows one flag at most.
            let _lost = read(&mut decoder, &written(TERSE, 0x21, b"one"));
            let frames = read(&mut decoder, &written(TERSE, 0x21, b"two"));
            prop_assert_eq!(frames.len(), 1);
        }
    }
}
