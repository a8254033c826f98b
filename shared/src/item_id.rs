//! Item identifiers of the Universal Postal Union (standard S10): two letters for the service,
//! eight digits, a check digit, two letters for the country of the post that gave it out.

/// Weights of the eight digits.
const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];

/// Letters before the digits, and after them.
const LETTERS: usize = 2;

/// Why something is no item identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemIdRefusal {
    /// Neither eight digits alone nor an identifier with or without its check digit.
    #[error("an item identifier has 8 digits, a check digit, and 2 letters on either side")]
    Shape,
    /// A check digit that is not the one that follows from the digits.
    #[error("the check digit is {wanted} instead of {found}")]
    CheckDigit {
        /// What stands there.
        found: u8,
        /// What must stand there.
        wanted: u8,
    },
}

/// The check digit of an item identifier: of the eight digits alone (`12345678`), or of the
/// identifier without (`RB12345678US`) or with it (`RB123456785US`), when it must be right. Spaces,
/// by which people group the digits, do not count.
///
/// # Errors
/// [`ItemIdRefusal`].
pub fn check_digit(text: &str) -> Result<u8, ItemIdRefusal> {
    let letters: Vec<u8> = text.bytes().filter(|&letter| letter != b' ').collect();
    let digits = match letters.len() {
        8 => letters.as_slice(),
        12 | 13 => between_letters(&letters).ok_or(ItemIdRefusal::Shape)?,
        _ => return Err(ItemIdRefusal::Shape),
    };
    let digits: Vec<u8> = digits
        .iter()
        .map(|digit| digit.is_ascii_digit().then(|| digit - b'0'))
        .collect::<Option<_>>()
        .ok_or(ItemIdRefusal::Shape)?;
    let wanted = weighed(&digits);
    match digits.get(WEIGHTS.len()) {
        Some(&found) if found != wanted => Err(ItemIdRefusal::CheckDigit { found, wanted }),
        Some(_) | None => Ok(wanted),
    }
}

/// What stands between the letters of service and country.
fn between_letters(text: &[u8]) -> Option<&[u8]> {
    let (service, rest) = text.split_at_checked(LETTERS)?;
    let (digits, country) = rest.split_at_checked(rest.len().checked_sub(LETTERS)?)?;
    let mut letters = service.iter().chain(country);
    letters.all(u8::is_ascii_uppercase).then_some(digits)
}

/// 11 less the remainder of the weighed digits; 10 and 11 are written 0 and 5.
fn weighed(digits: &[u8]) -> u8 {
    let weighed = digits.iter().zip(WEIGHTS);
    let sum: u32 = weighed
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum();
    match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => u8::try_from(digit).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_that_posts_gave_out_have_their_check_digits() {
        for item in ["RB123456785GB", "RB 123 456 785 US", "RB123456785CV"] {
            assert_eq!(check_digit(item), Ok(5), "{item}");
        }
        for (digits, digit) in [
            ("47312482", 9),
            ("RB12345678US", 5),
            ("00000040", 8),
            ("00000080", 5),
            ("00100010", 9),
        ] {
            assert_eq!(check_digit(digits), Ok(digit), "{digits}");
        }
    }

    #[test]
    fn every_remainder_has_its_digit() {
        // The first digit counts eight times: remainders 0, 8, 5, 2, 10, 7, 4, 1, 9 and 6, of which
        // 0 and 1 give the two that are no digits.
        let digits: Vec<u8> = (0..10)
            .map(|first| check_digit(&format!("{first}0000000")).unwrap())
            .collect();
        assert_eq!(digits, [5, 3, 6, 9, 1, 4, 7, 0, 2, 5]);
    }

    #[test]
    fn a_wrong_check_digit_is_refused_with_the_right_one() {
        assert_eq!(
            check_digit("RB123456786US"),
            Err(ItemIdRefusal::CheckDigit {
                found: 6,
                wanted: 5
            })
        );
    }

    #[test]
    fn what_is_no_identifier_is_refused() {
        for text in [
            "",
            "1234567",
            "123456789",
            "RB1234567US",
            "RB1234567855US",
            "rb123456785US",
            "R1123456785US",
            "RB123456785U1",
            "RB12345678AUS",
            "1234567x",
            "RB12345678５US",
            "éé123456785",
        ] {
            assert_eq!(check_digit(text), Err(ItemIdRefusal::Shape), "{text}");
        }
    }
}
