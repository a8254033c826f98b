//! Ranges of content (RFC 9110 §14): one at a time, by bytes.

/// What of some content was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranged {
    /// All of it: also where the header asks for something we do not do, which RFC 9110 allows to be
    /// ignored.
    Whole,
    /// These bytes, the last included.
    Part {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// Nothing that there is.
    Unsatisfiable,
}

/// Reads the header `Range` for content of this length.
#[must_use]
pub fn ranged(header: &str, length: u64) -> Ranged {
    let Some((from, to)) = header
        .strip_prefix("bytes=")
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Ranged::Whole;
    };
    match (from, to) {
        ("", "") => Ranged::Whole,
        ("", suffix) => match number(suffix) {
            None => Ranged::Whole,
            Some(0) => Ranged::Unsatisfiable,
            Some(count) => part(length.saturating_sub(count), u64::MAX, length),
        },
        (from, "") => number(from).map_or(Ranged::Whole, |first| part(first, u64::MAX, length)),
        (from, to) => match (number(from), number(to)) {
            (Some(first), Some(last)) if first <= last => part(first, last, length),
            (_, _) => Ranged::Whole,
        },
    }
}

fn part(first: u64, last: u64, length: u64) -> Ranged {
    match length.checked_sub(1) {
        Some(end) if first <= end => Ranged::Part {
            first,
            last: last.min(end),
        },
        Some(_) | None => Ranged::Unsatisfiable,
    }
}

/// Digits only: a sign is none. More than fit are as good as the largest number.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn part_of(first: u64, last: u64) -> Ranged {
        Ranged::Part { first, last }
    }

    #[test]
    fn ranges_are_read_as_rfc_9110_writes_them() {
        for (header, length, expected) in [
            ("bytes=0-499", 10_000, part_of(0, 499)),
            ("bytes=500-999", 10_000, part_of(500, 999)),
            ("bytes=-500", 10_000, part_of(9_500, 9_999)),
            ("bytes=9500-", 10_000, part_of(9_500, 9_999)),
            ("bytes=0-99999999999999999999", 10, part_of(0, 9)),
            ("bytes=-99", 10, part_of(0, 9)),
            ("bytes=10-", 10, Ranged::Unsatisfiable),
            ("bytes=-0", 10, Ranged::Unsatisfiable),
            ("bytes=0-", 0, Ranged::Unsatisfiable),
            ("bytes=-5", 0, Ranged::Unsatisfiable),
            ("bytes=5-4", 10, Ranged::Whole),
            ("bytes=0-0,-1", 10, Ranged::Whole),
            ("bytes=+1-2", 10, Ranged::Whole),
            ("pages=1-2", 10, Ranged::Whole),
            ("bytes=-", 10, Ranged::Whole),
            ("", 10, Ranged::Whole),
        ] {
            assert_eq!(ranged(header, length), expected, "{header} of {length}");
        }
    }

    proptest! {
        #[test]
        fn no_header_reaches_beyond_the_content(header in "(bytes=)?[0-9,+ -]{0,24}", length in 0..200_u64) {
            if let Ranged::Part { first, last } = ranged(&header, length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
