//! `ibi-lite`: 20 little-endian bytes with a truncated HMAC; only read, because checking it needs
//! the maker's secret.

use crate::money::Mills;

/// The length with the HMAC.
pub const BYTES: usize = 20;

/// The fields of an `ibi-lite` indicium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IbiLite {
    /// The layout version.
    pub version: u8,
    /// The piece counter.
    pub piece_counter: u32,
    /// Vendor and model.
    pub vendor_model: u8,
    /// The PSD's serial number, 24 bits.
    pub psd_serial: u32,
    /// The postage.
    pub postage: Mills,
    /// The Intelligent Mail service.
    pub service: u16,
    /// The first six bytes of the HMAC.
    pub hmac: [u8; 6],
}

impl IbiLite {
    /// Reads the 20 bytes; every value of every field is possible.
    #[must_use]
    pub fn read(bytes: &[u8; BYTES]) -> Self {
        let [
            version,
            c0,
            c1,
            c2,
            c3,
            vendor_model,
            p0,
            p1,
            p2,
            m0,
            m1,
            m2,
            s0,
            s1,
            hmac @ ..,
        ] = *bytes;
        let postage = u32::from_le_bytes([m0, m1, m2, 0]);
        Self {
            version,
            piece_counter: u32::from_le_bytes([c0, c1, c2, c3]),
            vendor_model,
            psd_serial: u32::from_le_bytes([p0, p1, p2, 0]),
            postage: Mills::new(u64::from(postage)).expect("24 bits are far below the most"),
            service: u16::from_le_bytes([s0, s1]),
            hmac,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_the_patent_reads_as_published() {
        let hex = "ff4713270011f50fce96010000009aca2921e3f1";
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        assert_eq!(
            IbiLite::read(bytes.as_slice().try_into().unwrap()),
            IbiLite {
                version: 255,
                piece_counter: 2_560_839,
                vendor_model: 17,
                psd_serial: 13_504_501,
                postage: Mills::new(406).unwrap(),
                service: 0,
                hmac: [0x9A, 0xCA, 0x29, 0x21, 0xE3, 0xF1],
            }
        );
    }
}
