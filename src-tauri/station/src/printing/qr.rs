//! QR codes, for papers that are read by telephones: tickets at a door, links to a help page. An
//! indicium is never one.

use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, Version};

use super::symbol::Symbol;

/// Modules that must be white on every side.
pub const QUIET_MODULES: usize = 4;

/// The largest version, which a telephone still reads from a ticket.
const MAX_VERSION: i16 = 10;

/// The most bytes: what that version carries at [`LEVEL`].
pub const MAX_BYTES: usize = 213;

/// About 15 in 100 codewords may be spoiled, as is usual on paper.
const LEVEL: EcLevel = EcLevel::M;

/// Why there is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QrRefusal {
    /// No bytes.
    #[error("a QR code of no bytes cannot be written")]
    Empty,
    /// More bytes than [`MAX_BYTES`].
    #[error("{0} bytes do not fit a QR code of at most {MAX_BYTES}")]
    TooLong(usize),
}

/// Encodes bytes as the smallest code that holds them.
///
/// # Errors
/// [`QrRefusal`] for no bytes and for more than [`MAX_BYTES`].
pub fn encode(bytes: &[u8]) -> Result<Symbol, QrRefusal> {
    if bytes.is_empty() {
        return Err(QrRefusal::Empty);
    }
    let code = (1..=MAX_VERSION)
        .find_map(|version| of_version(bytes, version))
        .ok_or(QrRefusal::TooLong(bytes.len()))?;
    let dark = code
        .to_colors()
        .into_iter()
        .map(|color| color == Color::Dark)
        .collect();
    Ok(Symbol::of_modules(code.width(), dark))
}

/// The code of a version, if the bytes fit it. As bytes and nothing else: among others two bytes may
/// look like a letter of Japanese, and readers would answer with that letter.
fn of_version(bytes: &[u8], version: i16) -> Option<QrCode> {
    let mut bits = Bits::new(Version::Normal(version));
    bits.push_byte_data(bytes).ok()?;
    bits.push_terminator(LEVEL).ok()?;
    QrCode::with_bits(bits, LEVEL).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_as_small_as_its_bytes_allow() {
        for (bytes, side) in [(1, 21), (14, 21), (15, 25), (106, 41), (MAX_BYTES, 57)] {
            let code = encode(&vec![0xE9; bytes]).unwrap();
            assert_eq!(code.side(), side, "{bytes}");
            assert_eq!(code.modules().len(), side * side);
            // The finder pattern's corner.
            assert!(code.row(0)[..7].iter().all(|&dark| dark) && !code.row(0)[7]);
        }
        assert_eq!(encode(&[]), Err(QrRefusal::Empty));
        assert_eq!(
            encode(&[7; MAX_BYTES + 1]),
            Err(QrRefusal::TooLong(MAX_BYTES + 1))
        );
    }
}
