//! GS1-128: element strings (an application identifier and its value) as Code 128, for the package
//! barcode of parcels (IMpb) among others.

/// The most characters of data, identifiers included, that GS1 allows in one symbol.
pub const MAX_CHARACTERS: usize = 48;

/// Identifiers whose elements end by themselves, by their first two digits, with the characters of
/// the whole element (GS1 General Specifications, figure "predefined length").
const PREDEFINED: [(&str, usize); 22] = [
    ("00", 20),
    ("01", 16),
    ("02", 16),
    ("03", 16),
    ("04", 18),
    ("11", 8),
    ("12", 8),
    ("13", 8),
    ("14", 8),
    ("15", 8),
    ("16", 8),
    ("17", 8),
    ("18", 8),
    ("19", 8),
    ("20", 4),
    ("31", 10),
    ("32", 10),
    ("33", 10),
    ("34", 10),
    ("35", 10),
    ("36", 10),
    ("41", 16),
];

/// Values of the symbols that are no data.
const CODE_C: u8 = 99;
const CODE_B: u8 = 100;
const FNC1: u8 = 102;
const START_B: u8 = 104;
const START_C: u8 = 105;

/// Widths of bars and spaces of each symbol value, and of the stop.
const WIDTHS: [&str; 106] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212",
    "221213", "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221",
    "223211", "221132", "221231", "213212", "223112", "312131", "311222", "321122", "321221",
    "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123", "131321",
    "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331", "132131",
    "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131",
    "311123", "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111",
    "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412", "122114",
    "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111", "111242",
    "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232",
];
const STOP: &str = "2331112";

/// One element: an application identifier and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Two to four digits.
    pub identifier: &'a str,
    /// What it says.
    pub value: &'a str,
}

/// Why elements are no GS1-128 symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gs1Refusal {
    /// Nothing to encode.
    #[error("there is no element")]
    Empty,
    /// An identifier that is not two to four digits.
    #[error("an application identifier has two to four digits")]
    Identifier,
    /// A value that is empty or has another length than its identifier demands.
    #[error("the value of an element has another length than its identifier demands")]
    ValueLength,
    /// A character that GS1 does not know.
    #[error("{0:?} cannot be in a GS1 element")]
    Character(char),
    /// More than a symbol may hold.
    #[error("the elements have {0} characters, and a symbol holds 48")]
    TooLong(usize),
}

/// The modules of a symbol from left to right, black ones true, without its quiet zones of ten
/// modules on either side.
///
/// # Errors
/// [`Gs1Refusal`].
pub fn modules(elements: &[Element<'_>]) -> Result<Vec<bool>, Gs1Refusal> {
    let values = symbol_values(&message(elements)?);
    let widths = values
        .iter()
        .filter_map(|&value| WIDTHS.get(usize::from(value)))
        .chain([&STOP]);
    let mut modules = Vec::new();
    for symbol in widths {
        for (place, width) in symbol.bytes().enumerate() {
            let width = usize::from(width - b'0');
            modules.extend(std::iter::repeat_n(place.is_multiple_of(2), width));
        }
    }
    Ok(modules)
}

/// The check digit of numbers of GS1 and of package identifiers: weights 3 and 1 from the right.
/// `None` when something is no digit.
#[must_use]
pub fn check_digit(digits: &str) -> Option<u8> {
    let mut sum = 0;
    for (place, letter) in digits.bytes().rev().enumerate() {
        let digit = letter.is_ascii_digit().then(|| u32::from(letter - b'0'))?;
        sum += digit * if place.is_multiple_of(2) { 3 } else { 1 };
    }
    u8::try_from((10 - sum % 10) % 10).ok()
}

/// A character of the message; `None` is the function character FNC1.
type Character = Option<u8>;

/// FNC1, then the elements, each that does not end by itself with another FNC1 unless it is the
/// last.
fn message(elements: &[Element<'_>]) -> Result<Vec<Character>, Gs1Refusal> {
    if elements.is_empty() {
        return Err(Gs1Refusal::Empty);
    }
    let mut message = vec![None];
    let mut characters = 0;
    for (place, element) in elements.iter().enumerate() {
        let length = checked(*element)?;
        characters += element.identifier.len() + element.value.len();
        message.extend(
            element
                .identifier
                .bytes()
                .chain(element.value.bytes())
                .map(Some),
        );
        if length.is_none() && place + 1 < elements.len() {
            message.push(None);
            characters += 1;
        }
    }
    if characters > MAX_CHARACTERS {
        return Err(Gs1Refusal::TooLong(characters));
    }
    Ok(message)
}

/// The predefined length of an element, when it has one.
fn checked(element: Element<'_>) -> Result<Option<usize>, Gs1Refusal> {
    let Element { identifier, value } = element;
    if !(2..=4).contains(&identifier.len()) || !identifier.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Gs1Refusal::Identifier);
    }
    let allowed =
        |letter: &char| letter.is_ascii_alphanumeric() || "!\"%&'()*+,-./_:;<=>?".contains(*letter);
    if let Some(letter) = value.chars().find(|letter| !allowed(letter)) {
        return Err(Gs1Refusal::Character(letter));
    }
    let length = PREDEFINED
        .iter()
        .find(|(start, _)| identifier.starts_with(start))
        .map(|(_, length)| *length);
    let whole = identifier.len() + value.len();
    if value.is_empty() || length.is_some_and(|length| length != whole) {
        return Err(Gs1Refusal::ValueLength);
    }
    Ok(length)
}

/// Symbol values with start and checksum: as few as sets B and C give.
fn symbol_values(message: &[Character]) -> Vec<u8> {
    let mut values = shortest(message);
    let weighted = values.iter().enumerate().map(|(place, &value)| {
        let weight = u32::try_from(place.max(1)).unwrap_or(u32::MAX);
        weight * u32::from(value)
    });
    let checksum = u8::try_from(weighted.sum::<u32>() % 103).unwrap_or(0);
    values.push(checksum);
    values
}

/// The sets a symbol may be in.
const SETS: [Set; 2] = [Set::C, Set::B];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    B,
    C,
}

impl Set {
    const fn start(self) -> u8 {
        match self {
            Self::B => START_B,
            Self::C => START_C,
        }
    }

    const fn switch(self) -> u8 {
        match self {
            Self::B => CODE_B,
            Self::C => CODE_C,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::B => Self::C,
            Self::C => Self::B,
        }
    }

    /// The value of the next symbol in this set, and how many characters it holds.
    fn symbol(self, rest: &[Character]) -> Option<(u8, usize)> {
        match (self, rest) {
            (_, [None, ..]) => Some((FNC1, 1)),
            (Self::B, [Some(letter), ..]) => Some((letter - b' ', 1)),
            (Self::C, [Some(tens @ b'0'..=b'9'), Some(ones @ b'0'..=b'9'), ..]) => {
                Some(((tens - b'0') * 10 + (ones - b'0'), 2))
            }
            (Self::C, [Some(_), ..]) | (_, []) => None,
        }
    }
}

/// The shortest way, worked out from the end; of two as short the one that stays in its set.
fn shortest(message: &[Character]) -> Vec<u8> {
    // For each place and set: how many values are still needed, and the first of them.
    let mut costs = vec![[0_usize; SETS.len()]; message.len() + 1];
    for place in (0..message.len()).rev() {
        let direct = SETS.map(|set| {
            set.symbol(&message[place..])
                .map_or(usize::MAX / 2, |(_, taken)| {
                    1 + costs[place + taken][index(set)]
                })
        });
        let cheapest = direct[0].min(direct[1]);
        costs[place] = direct.map(|cost| cost.min(cheapest + 1));
    }
    let mut set = if costs[0][index(Set::C)] <= costs[0][index(Set::B)] {
        Set::C
    } else {
        Set::B
    };
    let mut values = vec![set.start()];
    let mut place = 0;
    while place < message.len() {
        let stays = set
            .symbol(&message[place..])
            .filter(|(_, taken)| 1 + costs[place + taken][index(set)] == costs[place][index(set)]);
        if let Some((value, taken)) = stays {
            values.push(value);
            place += taken;
        } else {
            set = set.other();
            values.push(set.switch());
        }
    }
    values
}

const fn index(set: Set) -> usize {
    match set {
        Set::C => 0,
        Set::B => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn element<'a>(identifier: &'a str, value: &'a str) -> Element<'a> {
        Element { identifier, value }
    }

    #[test]
    fn a_package_barcode_is_pairs_of_digits_throughout() {
        let elements = [
            element("420", "83702"),
            element("92", "05590175547700000000"),
        ];
        let message = message(&elements).unwrap();
        let values = symbol_values(&message);
        assert_eq!(&values[..6], &[START_C, FNC1, 42, 8, 37, 2]);
        assert_eq!(values[6..8], [FNC1, 92]);
        assert_eq!(values.len(), 2 + 4 + 1 + 11 + 1);
        let modules = modules(&elements).unwrap();
        assert_eq!(modules.len(), values.len() * 11 + 13);
        assert!(modules[0] && modules[modules.len() - 1]);
    }

    #[test]
    fn an_odd_digit_and_letters_are_in_the_other_set() {
        let values = |elements: &[Element<'_>]| symbol_values(&message(elements).unwrap());
        let odd = values(&[element("10", "123")]);
        assert_eq!(odd[..odd.len() - 1], [START_C, FNC1, 10, 12, CODE_B, 19]);
        let letters = values(&[element("10", "AB")]);
        assert_eq!(
            letters[..letters.len() - 1],
            [START_C, FNC1, 10, CODE_B, 33, 34]
        );
    }

    #[test]
    fn elements_that_end_by_themselves_need_no_separator() {
        let gtin = element("01", "04012345123456");
        let values = symbol_values(&message(&[gtin, element("10", "7")]).unwrap());
        assert_eq!(values.iter().filter(|value| **value == FNC1).count(), 1);
    }

    #[test]
    fn the_check_digit_is_that_of_gs1() {
        assert_eq!(check_digit("0401234512345"), Some(6));
        assert_eq!(check_digit("629104150021"), Some(3));
        assert_eq!(check_digit("12x"), None);
    }

    #[test]
    fn what_gs1_does_not_know_is_refused() {
        let long = "1".repeat(47);
        for (elements, refusal) in [
            (vec![], Gs1Refusal::Empty),
            (vec![element("9", "1")], Gs1Refusal::Identifier),
            (vec![element("9x", "1")], Gs1Refusal::Identifier),
            (vec![element("01", "123")], Gs1Refusal::ValueLength),
            (vec![element("10", "")], Gs1Refusal::ValueLength),
            (vec![element("10", "é")], Gs1Refusal::Character('é')),
            (vec![element("10", "a b")], Gs1Refusal::Character(' ')),
            (vec![element("10", &long)], Gs1Refusal::TooLong(49)),
        ] {
            assert_eq!(modules(&elements), Err(refusal));
        }
    }
}
