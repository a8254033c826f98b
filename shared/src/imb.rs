//! The Intelligent Mail barcode of the United States (USPS-B-3200): 65 bars that say who sent a
//! piece and where it goes, for the sorting machines.
//!
//! Twenty digits of tracking and up to eleven of routing become one number of 102 bits, ten
//! characters of thirteen bits, and a checksum that turns some of them over.

use std::sync::LazyLock;

/// Bars of the code.
pub const BARS: usize = 65;

/// Digits of the tracking code.
const TRACKING_DIGITS: usize = 20;

/// Characters, and the bits of each.
const CHARACTERS: usize = 10;
const CHARACTER_BITS: u32 = 13;

/// Characters with five bits set, and with two.
const FIVES: usize = 1_287;
const TWOS: usize = 78;

/// The checksum's polynomial and what it starts with.
const POLYNOMIAL: u32 = 0x0F35;
const START: u32 = 0x07FF;

/// One bar, by what sticks out of the track in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bar {
    /// The track alone.
    Tracker,
    /// Upwards.
    Ascender,
    /// Downwards.
    Descender,
    /// Both.
    Full,
}

impl Bar {
    /// The letter by which the post writes it.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Tracker => 'T',
            Self::Ascender => 'A',
            Self::Descender => 'D',
            Self::Full => 'F',
        }
    }
}

/// Why digits are no Intelligent Mail barcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImbRefusal {
    /// The tracking code has another length.
    #[error("the tracking code has {0} digits instead of 20")]
    TrackingLength(usize),
    /// The routing code has another length.
    #[error("the routing code has {0} digits instead of none, 5, 9 or 11")]
    RoutingLength(usize),
    /// Something that is no digit.
    #[error("{0:?} is no digit")]
    NoDigit(char),
    /// The barcode identifier's second digit says how a piece is sorted, and only 0 to 4 do.
    #[error("the second digit of the barcode identifier is {0} instead of 0 to 4")]
    BarcodeId(u8),
}

/// The bars of a tracking code (barcode identifier, service type, mailer and serial: 20 digits)
/// and a routing code (the ZIP code: none, 5, 9 or 11 digits), from left to right.
///
/// # Errors
/// [`ImbRefusal`].
pub fn bars(tracking: &str, routing: &str) -> Result<[Bar; BARS], ImbRefusal> {
    let number = number(&digits(tracking)?, &digits(routing)?)?;
    Ok(bars_of(characters(number)))
}

/// The letters of bars, as the post writes them.
#[must_use]
pub fn letters(bars: &[Bar; BARS]) -> String {
    bars.iter().map(|bar| bar.letter()).collect()
}

fn digits(text: &str) -> Result<Vec<u8>, ImbRefusal> {
    let digit = |letter: char| {
        let value = letter.is_ascii().then(|| letter.to_digit(10)).flatten();
        value
            .and_then(|value| u8::try_from(value).ok())
            .ok_or(ImbRefusal::NoDigit(letter))
    };
    text.chars().map(digit).collect()
}

/// Everything as one number below 2^102.
fn number(tracking: &[u8], routing: &[u8]) -> Result<u128, ImbRefusal> {
    let (&[first, second, ..], TRACKING_DIGITS) = (tracking, tracking.len()) else {
        return Err(ImbRefusal::TrackingLength(tracking.len()));
    };
    if second > 4 {
        return Err(ImbRefusal::BarcodeId(second));
    }
    // Codes of each length have numbers of their own, the shorter ones first.
    let before: u128 = match routing.len() {
        0 => 0,
        5 => 1,
        9 => 1 + 100_000,
        11 => 1 + 100_000 + 1_000_000_000,
        other => return Err(ImbRefusal::RoutingLength(other)),
    };
    let append = |number: u128, digit: &u8| number * 10 + u128::from(*digit);
    let routed = before + routing.iter().fold(0, append);
    let identified = (routed * 10 + u128::from(first)) * 5 + u128::from(second);
    Ok(tracking[2..].iter().fold(identified, append))
}

/// The checksum of eleven bits over the number as 102 bits.
fn checksum(number: u128) -> u32 {
    (0..102).rev().fold(START, |rest, bit| {
        let carry = (rest >> 10 & 1 == 1) != (number >> bit & 1 == 1);
        (rest << 1 ^ if carry { POLYNOMIAL } else { 0 }) & 0x07FF
    })
}

/// The ten characters.
fn characters(number: u128) -> [u16; CHARACTERS] {
    let checksum = checksum(number);
    let mut codewords = [0_usize; CHARACTERS];
    let mut rest = number;
    for (place, codeword) in codewords.iter_mut().enumerate().rev() {
        let base = match place {
            9 => 636,
            _ => 1_365,
        };
        *codeword = usize::try_from(rest % base).unwrap_or(0);
        rest /= base;
    }
    // Which way up the code is follows from the last codeword being even, and one bit of the
    // checksum moves the first.
    codewords[9] *= 2;
    if checksum >> 10 & 1 == 1 {
        codewords[0] += 659;
    }
    let mut characters = [0; CHARACTERS];
    for (place, character) in characters.iter_mut().enumerate() {
        let bits = CODE.get(codewords[place]).copied().unwrap_or(0);
        let turned = checksum >> place & 1 == 1;
        *character = if turned { bits ^ 0x1FFF } else { bits };
    }
    characters
}

/// The characters by codeword: those with five bits set, then those with two.
static CODE: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut code = n_of_13(5, FIVES);
    code.extend(n_of_13(2, TWOS));
    code
});

/// All numbers of thirteen bits of which `ones` are set: pairs with their mirror images from the
/// front, those that are their own from the back.
fn n_of_13(ones: u32, length: usize) -> Vec<u16> {
    let (mut pairs, mut palindromes) = (Vec::with_capacity(length), Vec::new());
    for bits in (0..1_u16 << CHARACTER_BITS).filter(|bits| bits.count_ones() == ones) {
        let mirrored = bits.reverse_bits() >> (u16::BITS - CHARACTER_BITS);
        if mirrored == bits {
            palindromes.push(bits);
        } else if mirrored > bits {
            pairs.extend([bits, mirrored]);
        }
    }
    pairs.extend(palindromes.into_iter().rev());
    pairs
}

/// For each bar the character and bit that send it down, and those that send it up (table 5 of
/// the specification).
const PLACES: [[(usize, u32); 2]; BARS] = [
    [(7, 2), (4, 3)],
    [(1, 10), (0, 0)],
    [(9, 12), (2, 8)],
    [(5, 5), (6, 11)],
    [(8, 9), (3, 1)],
    [(0, 1), (5, 12)],
    [(2, 5), (1, 8)],
    [(4, 4), (9, 11)],
    [(6, 3), (8, 10)],
    [(3, 9), (7, 6)],
    [(5, 11), (1, 4)],
    [(8, 5), (2, 12)],
    [(9, 10), (0, 2)],
    [(7, 1), (6, 7)],
    [(3, 6), (4, 9)],
    [(0, 3), (8, 6)],
    [(6, 4), (2, 7)],
    [(1, 1), (9, 9)],
    [(7, 10), (5, 2)],
    [(4, 0), (3, 8)],
    [(6, 2), (0, 4)],
    [(8, 11), (1, 0)],
    [(9, 8), (3, 12)],
    [(2, 6), (7, 7)],
    [(5, 1), (4, 10)],
    [(1, 12), (6, 9)],
    [(7, 3), (8, 0)],
    [(5, 8), (9, 7)],
    [(4, 6), (2, 10)],
    [(3, 4), (0, 5)],
    [(8, 4), (5, 7)],
    [(7, 11), (1, 9)],
    [(6, 0), (9, 6)],
    [(0, 6), (4, 8)],
    [(2, 1), (3, 2)],
    [(5, 9), (8, 12)],
    [(4, 11), (6, 1)],
    [(9, 5), (7, 4)],
    [(3, 3), (1, 2)],
    [(0, 7), (2, 0)],
    [(1, 3), (4, 1)],
    [(6, 10), (3, 5)],
    [(8, 7), (9, 4)],
    [(2, 11), (5, 6)],
    [(0, 8), (7, 12)],
    [(4, 2), (8, 1)],
    [(5, 10), (3, 0)],
    [(9, 3), (0, 9)],
    [(6, 5), (2, 4)],
    [(7, 8), (1, 7)],
    [(5, 0), (4, 5)],
    [(2, 3), (0, 10)],
    [(6, 12), (9, 2)],
    [(3, 11), (1, 6)],
    [(8, 8), (7, 9)],
    [(5, 4), (0, 11)],
    [(1, 5), (2, 2)],
    [(9, 1), (4, 12)],
    [(8, 3), (6, 6)],
    [(7, 0), (3, 7)],
    [(4, 7), (7, 5)],
    [(0, 12), (1, 11)],
    [(2, 9), (9, 0)],
    [(6, 8), (5, 3)],
    [(3, 10), (8, 2)],
];

fn bars_of(characters: [u16; CHARACTERS]) -> [Bar; BARS] {
    let set = |(character, bit): (usize, u32)| characters[character] >> bit & 1 == 1;
    PLACES.map(|[down, up]| match (set(down), set(up)) {
        (false, false) => Bar::Tracker,
        (false, true) => Bar::Ascender,
        (true, false) => Bar::Descender,
        (true, true) => Bar::Full,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn written(tracking: &str, routing: &str) -> String {
        letters(&bars(tracking, routing).unwrap())
    }

    #[test]
    fn the_examples_of_the_specification_come_out_as_they_stand_there() {
        let tracking = "01234567094987654321";
        for (routing, bars) in [
            (
                "",
                "ATTFATTDTTADTAATTDTDTATTDAFDDFADFDFTFFFFFTATFAAAATDFFTDAADFTFDTDT",
            ),
            (
                "01234",
                "DTTAFADDTTFTDTFTFDTDDADADAFADFATDDFTAAAFDTTADFAAATDFDTDFADDDTDFFT",
            ),
            (
                "012345678",
                "ADFTTAFDTTTTFATTADTAAATFTFTATDAAAFDDADATATDTDTTDFDTDATADADTDFFTFA",
            ),
            (
                "01234567891",
                "AADTFFDFTDADTAADAATFDTDDAAADDTDTTDAFADADDDTFFFDDTTTADFAAADFTDAADA",
            ),
        ] {
            assert_eq!(written(tracking, routing), bars, "{routing}");
        }
    }

    #[test]
    fn the_code_is_as_large_as_the_specification_says_and_every_bit_has_its_bar() {
        assert_eq!(CODE.len(), FIVES + TWOS);
        assert_eq!(CODE.iter().collect::<BTreeSet<_>>().len(), FIVES + TWOS);
        let places: BTreeSet<(usize, u32)> = PLACES.iter().flatten().copied().collect();
        assert_eq!(places.len(), CHARACTERS * 13);
    }

    #[test]
    fn the_largest_number_fits_its_codewords() {
        assert_eq!(written("94999999999999999999", "99999999999").len(), BARS);
        let number = number(
            &[9, 4].into_iter().chain([9; 18]).collect::<Vec<u8>>(),
            &[9; 11],
        );
        assert!(number.unwrap() < 1 << 102);
    }

    #[test]
    fn what_the_specification_does_not_know_is_refused_by_its_name() {
        let tracking = "01234567094987654321";
        for (tracking, routing, refusal) in [
            ("0123456709498765432", "", ImbRefusal::TrackingLength(19)),
            ("", "", ImbRefusal::TrackingLength(0)),
            (tracking, "1234", ImbRefusal::RoutingLength(4)),
            (tracking, "1234567890", ImbRefusal::RoutingLength(10)),
            (tracking, "123456789012", ImbRefusal::RoutingLength(12)),
            (tracking, "1234a", ImbRefusal::NoDigit('a')),
            (tracking, "１2345", ImbRefusal::NoDigit('１')),
            ("05234567094987654321", "", ImbRefusal::BarcodeId(5)),
            ("x1234567094987654321", "", ImbRefusal::NoDigit('x')),
        ] {
            assert_eq!(
                bars(tracking, routing),
                Err(refusal),
                "{tracking} {routing}"
            );
        }
    }
}
