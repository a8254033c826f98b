//! The packets of the protocols that negotiate (RFC 1661 §5) and the settings they carry.

/// Bytes before the data: code, id, length.
const HEADER: usize = 4;
/// Most settings taken from one packet. Real ends send fewer than ten.
const MAX_SETTINGS: usize = 32;

/// Codes of LCP; IPCP knows the first seven of them.
pub(super) mod code {
    pub(in crate::ppp) const CONFIGURE_REQUEST: u8 = 1;
    pub(in crate::ppp) const CONFIGURE_ACK: u8 = 2;
    pub(in crate::ppp) const CONFIGURE_NAK: u8 = 3;
    pub(in crate::ppp) const CONFIGURE_REJECT: u8 = 4;
    pub(in crate::ppp) const TERMINATE_REQUEST: u8 = 5;
    pub(in crate::ppp) const TERMINATE_ACK: u8 = 6;
    pub(in crate::ppp) const CODE_REJECT: u8 = 7;
    pub(in crate::ppp) const PROTOCOL_REJECT: u8 = 8;
    pub(in crate::ppp) const ECHO_REQUEST: u8 = 9;
    pub(in crate::ppp) const ECHO_REPLY: u8 = 10;
    pub(in crate::ppp) const DISCARD_REQUEST: u8 = 11;
}

/// One packet, read in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// What it means.
    pub(super) code: u8,
    /// Ties an answer to its question.
    pub(super) id: u8,
    /// What it carries.
    pub(super) data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet; bytes past its stated length are padding. `None` when it is cut short or
    /// states an impossible length: such a packet is dropped without an answer.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let ([code, id, high, low], rest) = bytes.split_first_chunk::<HEADER>()?;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let data = rest.get(..length.checked_sub(HEADER)?)?;
        Some(Self {
            code: *code,
            id: *id,
            data,
        })
    }
}

/// Writes a packet. Data that would not fit a frame is cut: only rejects, whose copy of what was
/// rejected may be cut (RFC 1661 §5.6, §5.7), can be so long.
pub(super) fn packet(code: u8, id: u8, data: &[u8]) -> Vec<u8> {
    let longest = super::frame::MAX_INFORMATION.saturating_sub(HEADER);
    let data = data.get(..longest).unwrap_or(data);
    let length = u16::try_from(data.len().saturating_add(HEADER)).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    let mut bytes = vec![code, id, high, low];
    bytes.extend_from_slice(data);
    bytes
}

/// One setting ("option" in the RFCs), read in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting<'a> {
    /// Which setting.
    pub(super) kind: u8,
    /// Its value, often empty.
    pub(super) value: &'a [u8],
}

impl<'a> Setting<'a> {
    /// Reads all settings of a packet; `None` when one has an impossible length or they are too
    /// many: such a packet is dropped without an answer.
    pub(super) fn read_all(mut data: &'a [u8]) -> Option<Vec<Self>> {
        let mut settings = Vec::new();
        while let [kind, length, rest @ ..] = data {
            let value = rest.get(..usize::from(*length).checked_sub(2)?)?;
            if settings.len() == MAX_SETTINGS {
                return None;
            }
            settings.push(Self { kind: *kind, value });
            data = rest.get(value.len()..)?;
        }
        data.is_empty().then_some(settings)
    }

    /// The value as a 16-bit number, when it is one.
    pub(super) fn u16(self) -> Option<u16> {
        self.value.try_into().ok().map(u16::from_be_bytes)
    }

    /// The value as a 32-bit number, when it is one.
    pub(super) fn u32(self) -> Option<u32> {
        self.value.try_into().ok().map(u32::from_be_bytes)
    }

    /// Writes it to the end of `settings`.
    pub(super) fn write(self, settings: &mut Vec<u8>) {
        write_setting(settings, self.kind, self.value);
    }
}

/// Writes a setting to the end of `settings`; one longer than a setting can be is left out.
pub(super) fn write_setting(settings: &mut Vec<u8>, kind: u8, value: &[u8]) {
    if let Ok(length) = u8::try_from(value.len().saturating_add(2)) {
        settings.extend_from_slice(&[kind, length]);
        settings.extend_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padding_after_a_packet_is_ignored_and_a_cut_packet_is_dropped() {
        let bytes = [1, 7, 0, 6, 0xaa, 0xbb, 0, 0];
        let read = Packet::read(&bytes).unwrap();
        assert_eq!((read.code, read.id, read.data), (1, 7, &bytes[4..6]));
        assert_eq!(Packet::read(&bytes[..5]), None);
        assert_eq!(Packet::read(&[1, 7, 0, 3]), None);
        assert_eq!(Packet::read(&[1]), None);
    }

    #[test]
    fn a_setting_of_length_zero_or_beyond_the_end_spoils_its_packet() {
        assert_eq!(Setting::read_all(&[1, 0]), None);
        assert_eq!(Setting::read_all(&[1, 1]), None);
        assert_eq!(Setting::read_all(&[1, 4, 5]), None);
        assert_eq!(Setting::read_all(&[1]), None);
        assert_eq!(Setting::read_all(&[7, 2, 8, 2]).unwrap().len(), 2);
        assert_eq!(Setting::read_all(&[7, 2].repeat(MAX_SETTINGS + 1)), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(packet) = Packet::read(&bytes) {
                let _settings = Setting::read_all(packet.data);
            }
            let _settings = Setting::read_all(&bytes);
        }

        #[test]
        fn what_is_written_reads_back(
            settings in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..20)), 0..20),
        ) {
            let mut data = Vec::new();
            for (kind, value) in &settings {
                write_setting(&mut data, *kind, value);
            }
            let bytes = packet(1, 9, &data);
            let read = Setting::read_all(Packet::read(&bytes).unwrap().data).unwrap();
            let read: Vec<(u8, Vec<u8>)> = read.iter().map(|s| (s.kind, s.value.to_vec())).collect();
            prop_assert_eq!(read, settings);
        }
    }
}
