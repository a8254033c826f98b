//! Numbers of packages of the United States (the Intelligent Mail package barcode, IMpb, and the
//! numbers of 20 digits before it), and the check digit at their end.

use crate::gs1;

/// The identifier of a ZIP code in front of a number.
const ROUTING: &str = "420";

/// Digits of a number with its check digit: those of labels before IMpb, and of IMpb.
const LABEL_DIGITS: usize = 20;
const IMPB_DIGITS: [usize; 2] = [22, 26];

/// Digits of the ZIP code after [`ROUTING`].
const ZIP_DIGITS: [usize; 2] = [5, 9];

/// Why something is no number of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageIdRefusal {
    /// Something that is no digit.
    #[error("{0:?} is no digit")]
    NoDigit(char),
    /// Another length, with and without its check digit, and with and without 420 and a ZIP code.
    #[error("a package's number has 20, 22 or 26 digits with its check digit, not {0}")]
    Length(usize),
    /// No application identifier of the post in front.
    #[error("a package's number of 22 or 26 digits begins with 91, 92, 93, 94 or 95")]
    Identifier,
    /// Both a ZIP code of five and of nine digits would leave a number.
    #[error("the ZIP code in front could have 5 or 9 digits")]
    Ambiguous,
    /// A check digit that is not the one that follows from the digits.
    #[error("the check digit is {wanted} instead of {found}")]
    CheckDigit {
        /// What stands there.
        found: u8,
        /// What must stand there.
        wanted: u8,
    },
}

/// The check digit of a package's number without it (an odd number of digits) or with it (an even
/// number), when it must be right. A ZIP code in front (420 and 5 or 9 digits) does not count, nor
/// do spaces.
///
/// # Errors
/// [`PackageIdRefusal`].
pub fn check_digit(text: &str) -> Result<u8, PackageIdRefusal> {
    let digits: String = text.chars().filter(|letter| *letter != ' ').collect();
    if let Some(letter) = digits.chars().find(|letter| !letter.is_ascii_digit()) {
        return Err(PackageIdRefusal::NoDigit(letter));
    }
    let number = number(&digits)?;
    let has_its_digit = number.len().is_multiple_of(2);
    let counted = number.len() - usize::from(has_its_digit);
    let refusal = PackageIdRefusal::Length(digits.len());
    let wanted = gs1::check_digit(&number[..counted]).ok_or(refusal)?;
    match number.as_bytes().get(counted).map(|digit| digit - b'0') {
        Some(found) if found != wanted => Err(PackageIdRefusal::CheckDigit { found, wanted }),
        Some(_) | None => Ok(wanted),
    }
}

/// Digits without the ZIP code in front of them.
fn number(digits: &str) -> Result<&str, PackageIdRefusal> {
    let with_check = |number: &str| number.len().next_multiple_of(2);
    if with_check(digits) == LABEL_DIGITS {
        return Ok(digits);
    }
    if IMPB_DIGITS.contains(&with_check(digits)) {
        return if is_impb(digits) {
            Ok(digits)
        } else {
            Err(PackageIdRefusal::Identifier)
        };
    }
    let rest = digits
        .strip_prefix(ROUTING)
        .ok_or(PackageIdRefusal::Length(digits.len()))?;
    let of_length: Vec<&str> = ZIP_DIGITS
        .iter()
        .filter_map(|&zip| rest.get(zip..))
        .filter(|number| IMPB_DIGITS.contains(&with_check(number)))
        .collect();
    let numbers: Vec<&str> = of_length
        .iter()
        .copied()
        .filter(|number| is_impb(number))
        .collect();
    match (of_length.as_slice(), numbers.as_slice()) {
        ([], _) => Err(PackageIdRefusal::Length(digits.len())),
        (_, []) => Err(PackageIdRefusal::Identifier),
        (_, [number]) => Ok(number),
        (_, [..]) => Err(PackageIdRefusal::Ambiguous),
    }
}

/// Whether digits begin as IMpb does.
fn is_impb(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'9', b'1'..=b'5', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from jkeen/tracking_number_data (MIT).
    const NUMBERS: [&str; 12] = [
        "0307 1790 0005 2348 3741",
        "7112 3456 7891 2345 6787",
        "420787459400111206206406260787",
        "9400111206206406260787",
        "9400 1112 0108 0805 4830 16",
        "4201002334249200190132607600833457",
        "4201028200009261290113185417468510",
        " 4 2 0 1 0 2 8 2 0 0 0 0 9 2 6 1 2 9 0 1 1 3 1 8 5 4 1 7 4 6 8 5 1 0 ",
        "92001903060085300042901077",
        "420 22153 9101026837331000039521",
        "9101 1234 5678 9000 0000 13",
        "03071790000523483741",
    ];

    #[test]
    fn numbers_that_the_post_gave_out_have_their_check_digits() {
        for number in NUMBERS {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            let (rest, last) = digits.split_at(digits.len() - 1);
            let digit = last.parse();
            assert_eq!(check_digit(number).ok(), digit.clone().ok(), "{number}");
            assert_eq!(check_digit(rest).ok(), digit.ok(), "{number} without");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_refused_with_the_right_one() {
        let refused = |found, wanted| Err(PackageIdRefusal::CheckDigit { found, wanted });
        assert_eq!(check_digit("0307 1790 0005 2348 3742"), refused(2, 1));
        assert_eq!(check_digit("9101 1234 5678 9000 0000 14"), refused(4, 3));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        use PackageIdRefusal::{Ambiguous, Identifier, Length, NoDigit};
        for (text, refusal) in [
            ("", Length(0)),
            ("940011120620640626078x", NoDigit('x')),
            ("940011120620640626078７", NoDigit('７')),
            ("940011120620640626", Length(18)),
            ("94001112062064062607871", Length(23)),
            ("2334611306206407667222", Identifier),
            ("420000000000000000000000000000", Identifier),
            // 92 stands where the number begins after either ZIP code.
            ("420123459200920000000000000000000", Ambiguous),
            (&"9".repeat(99), Length(99)),
        ] {
            assert_eq!(check_digit(text), Err(refusal), "{text}");
        }
    }
}
