//! What a modem says in words while bytes of a call pass.

/// What a modem says when the carrier goes, between the ends of lines around it.
const NO_CARRIER: &[u8] = b"NO CARRIER";

/// Looks for a modem's NO CARRIER among the bytes of a call.
///
/// Where a port has no DCD line this is all that says that the call is over. A PPP frame does not
/// look like it: the words have to stand on a line of their own.
#[derive(Debug, Default)]
pub struct CarrierText {
    /// How much of it has been seen: 0 nothing, 1 the end of a line, then the words.
    seen: usize,
}

impl CarrierText {
    /// Takes bytes of the modem; says how many of them came before the words, once they have come.
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            let is_end = matches!(*byte, b'\r' | b'\n');
            let expected = self.seen.checked_sub(1).and_then(|at| NO_CARRIER.get(at));
            self.seen = match expected {
                Some(expected) if expected == byte => self.seen.saturating_add(1),
                None if self.seen > 0 && is_end => {
                    self.seen = 0;
                    return Some(at.saturating_sub(NO_CARRIER.len()));
                }
                Some(_) | None => usize::from(is_end),
            };
        }
        None
    }
}

/// The speed that stands in what a modem said after CONNECT, in bits per second; 0 where none does.
/// It may be the port's speed and not the line's: modems differ.
#[must_use]
pub fn bits_per_second(said: &str) -> u32 {
    let digits: String = said
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_found_in_any_pieces_and_only_on_a_line_of_their_own() {
        let said = b"~\xff}#\r\nNO CARRIER\r\n";
        for cut in 0..said.len() {
            let mut text = CarrierText::default();
            let (first, second) = said.split_at(cut);
            let found = text.find(first).or_else(|| text.find(second));
            assert!(found.is_some(), "cut after {cut}");
        }
        for no in [
            &b"NO CARRIER\r\n"[..],
            b"\r\nNO CARRIER",
            b"\r\nNO CARRIERS\r\n",
            b"\r\nno carrier\r\n",
            b"\r\nNO  CARRIER\r\n",
            b"x NO CARRIER\r",
        ] {
            assert_eq!(CarrierText::default().find(no), None, "{no:?}");
        }
        assert!(CarrierText::default().find(b"\rNO\rNO CARRIER\r").is_some());
    }

    #[test]
    fn what_came_before_the_words_is_counted() {
        assert_eq!(CarrierText::default().find(b"ab\nNO CARRIER\r"), Some(3));
    }

    #[test]
    fn the_speed_is_the_first_number_after_connect() {
        let cases = [
            ("33600/ARQ/V34", 33_600),
            (" 9600", 9_600),
            ("", 0),
            ("ARQ", 0),
            ("150000000", 150_000_000),
            ("99999999999999", 0),
        ];
        for (said, speed) in cases {
            assert_eq!(bits_per_second(said), speed, "{said}");
        }
    }
}
