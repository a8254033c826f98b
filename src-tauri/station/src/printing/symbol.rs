//! The Data Matrix symbol (ECC 200, square, Base256 only).
//!
//! Base256 is all a signed indicium needs: random bytes gain nothing from the other modes, and one
//! mode makes the symbol a plain function of the bytes. The codewords are laid out here by the
//! standard's rules; error correction and placement are the `datamatrix` crate's, and a test holds
//! the whole against that crate's own encoder.

use datamatrix::placement::MatrixMap;
use datamatrix::{SymbolSize, errorcode};

/// The most bytes a symbol carries: what a 52×52 symbol holds (an indicium has at most 142).
pub const MAX_SYMBOL_BYTES: usize = 202;

/// Codewords in front of the bytes: the latch to Base256 and the length.
const HEADER_CODEWORDS: usize = 2;
/// The latch from ASCII to Base256.
const LATCH_BASE256: u8 = 231;
/// The pad codeword.
const PAD: u8 = 129;
/// What a dummy symbol says, over and over.
const DUMMY_TEXT: &[u8] = b"PREVIEW - NO VALUE. ";

/// The square sizes in use: modules per side, data codewords.
const SIZES: [(usize, usize, SymbolSize); 15] = [
    (10, 3, SymbolSize::Square10),
    (12, 5, SymbolSize::Square12),
    (14, 8, SymbolSize::Square14),
    (16, 12, SymbolSize::Square16),
    (18, 18, SymbolSize::Square18),
    (20, 22, SymbolSize::Square20),
    (22, 30, SymbolSize::Square22),
    (24, 36, SymbolSize::Square24),
    (26, 44, SymbolSize::Square26),
    (32, 62, SymbolSize::Square32),
    (36, 86, SymbolSize::Square36),
    (40, 114, SymbolSize::Square40),
    (44, 144, SymbolSize::Square44),
    (48, 174, SymbolSize::Square48),
    (52, 204, SymbolSize::Square52),
];

/// Why there is no symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SymbolRefusal {
    /// No bytes: a length of 0 in a symbol means "to its end".
    #[error("a symbol of no bytes cannot be written")]
    Empty,
    /// More bytes than [`MAX_SYMBOL_BYTES`].
    #[error("{0} bytes do not fit a symbol of at most {MAX_SYMBOL_BYTES}")]
    TooLong(usize),
}

/// A square of modules, finder pattern included, quiet zone not. It is of Data Matrix, or of QR where
/// [`super::qr`] made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    side: usize,
    dark: Vec<bool>,
}

impl Symbol {
    /// A symbol of another kind, row by row.
    pub(super) const fn of_modules(side: usize, dark: Vec<bool>) -> Self {
        Self { side, dark }
    }

    /// Modules per side.
    #[must_use]
    pub const fn side(&self) -> usize {
        self.side
    }

    /// One row of modules from the top, `true` = dark; empty outside the symbol.
    #[must_use]
    pub fn row(&self, row: usize) -> &[bool] {
        self.dark
            .get(row * self.side..(row + 1) * self.side)
            .unwrap_or_default()
    }

    /// All modules, row by row.
    #[must_use]
    pub fn modules(&self) -> &[bool] {
        &self.dark
    }
}

/// Encodes bytes as the smallest square symbol that holds them.
///
/// # Errors
/// [`SymbolRefusal`] for no bytes and for more than [`MAX_SYMBOL_BYTES`].
pub fn encode(bytes: &[u8]) -> Result<Symbol, SymbolRefusal> {
    if bytes.is_empty() {
        return Err(SymbolRefusal::Empty);
    }
    let needed = bytes.len() + HEADER_CODEWORDS;
    let &(side, capacity, size) = SIZES
        .iter()
        .find(|(_, capacity, _)| *capacity >= needed)
        .ok_or(SymbolRefusal::TooLong(bytes.len()))?;
    let mut codewords = data_codewords(bytes, capacity);
    let correction = errorcode::encode_error(&codewords, size);
    codewords.extend_from_slice(&correction);
    let mut dark = vec![false; side * side];
    let bitmap = MatrixMap::new_with_codewords(&codewords, size).bitmap();
    for (x, y) in bitmap.pixels() {
        dark[y * side + x] = true;
    }
    Ok(Symbol { side, dark })
}

/// A symbol for previews, of the size that `length` bytes would have. It carries a plain text that
/// says so and nothing of the piece, because a signed indicium on a screen is free postage.
///
/// # Errors
/// [`SymbolRefusal`] for no bytes and for more than [`MAX_SYMBOL_BYTES`].
pub fn dummy(length: usize) -> Result<Symbol, SymbolRefusal> {
    if length > MAX_SYMBOL_BYTES {
        return Err(SymbolRefusal::TooLong(length));
    }
    let text: Vec<u8> = DUMMY_TEXT.iter().copied().cycle().take(length).collect();
    encode(&text)
}

/// Latch, length, bytes and padding; a length of 0 means "to the end of the symbol".
fn data_codewords(bytes: &[u8], capacity: usize) -> Vec<u8> {
    let exact = bytes.len() + HEADER_CODEWORDS == capacity;
    let length = if exact { 0 } else { bytes.len() };
    let mut codewords = Vec::with_capacity(capacity * 2);
    codewords.push(LATCH_BASE256);
    let length = u8::try_from(length).expect("a symbol holds at most 202 bytes");
    codewords.push(length.wrapping_add(noise(149, 255, 2)));
    for (index, byte) in bytes.iter().enumerate() {
        codewords.push(byte.wrapping_add(noise(149, 255, index + 3)));
    }
    if codewords.len() < capacity {
        codewords.push(PAD);
    }
    while codewords.len() < capacity {
        codewords.push(padding(codewords.len() + 1));
    }
    codewords
}

/// The pseudo-random number of codeword `position` (from 1): `multiplier * position mod modulus
/// + 1` (ISO/IEC 16022 annex B).
fn noise(multiplier: usize, modulus: usize, position: usize) -> u8 {
    u8::try_from(multiplier * position % modulus + 1).unwrap_or(0)
}

/// The second and later pad codewords, randomised over 253 states.
fn padding(position: usize) -> u8 {
    let sum = u16::from(PAD) + u16::from(noise(149, 253, position));
    u8::try_from(if sum <= 254 { sum } else { sum - 254 }).unwrap_or(PAD)
}

#[cfg(test)]
mod tests {
    use datamatrix::data::EncodationType;
    use datamatrix::{DataMatrix, DataMatrixBuilder, SymbolList};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_symbol_is_the_one_the_crates_own_encoder_makes(
            bytes in prop::collection::vec(128u8.., 1..=MAX_SYMBOL_BYTES)
        ) {
            let theirs = DataMatrixBuilder::new()
                .with_encodation_types(EncodationType::Base256)
                .with_macros(false)
                .with_symbol_list(SymbolList::default().enforce_square())
                .encode(&bytes)
                .unwrap();
            let bitmap = theirs.bitmap();
            let mut modules = vec![false; bitmap.width() * bitmap.height()];
            for (x, y) in bitmap.pixels() {
                modules[y * bitmap.width() + x] = true;
            }
            let ours = encode(&bytes).unwrap();
            prop_assert_eq!(ours.modules(), &modules);
        }

        #[test]
        fn any_bytes_read_back(bytes in prop::collection::vec(any::<u8>(), 1..=MAX_SYMBOL_BYTES)) {
            let symbol = encode(&bytes).unwrap();
            prop_assert_eq!(DataMatrix::decode(symbol.modules(), symbol.side()), Ok(bytes));
        }
    }

    #[test]
    fn an_indicium_of_142_bytes_is_the_last_that_fits_44_modules() {
        assert_eq!(encode(&[7; 142]).unwrap().side(), 44);
        assert_eq!(encode(&[7; 143]).unwrap().side(), 48);
        assert_eq!(
            encode(&[7; 203]),
            Err(SymbolRefusal::TooLong(203)),
            "52x52 holds 202 bytes"
        );
    }

    #[test]
    fn a_dummy_has_the_size_of_the_real_one_and_says_that_it_has_no_value() {
        for length in [1, 42, 113, 142, 202] {
            let symbol = dummy(length).unwrap();
            assert_eq!(symbol.side(), encode(&vec![9; length]).unwrap().side());
            let text = DataMatrix::decode(symbol.modules(), symbol.side()).unwrap();
            assert_eq!(text.len(), length);
            assert!(DUMMY_TEXT.repeat(11).starts_with(&text));
        }
        assert_eq!(dummy(203), Err(SymbolRefusal::TooLong(203)));
        assert_eq!(dummy(0), Err(SymbolRefusal::Empty));
    }
}
