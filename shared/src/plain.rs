//! Words of others that are shown to people: what of them stands in its line and does nothing else.

/// Whether a letter does something else than stand in its line: a control character, a separator of
/// lines, or a mark that turns the direction of what follows.
#[must_use]
pub fn is_strange(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// A text of several lines without any strange letter but the ends of its lines.
#[must_use]
pub fn shown(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' => letter,
        _ if is_strange(letter) => char::REPLACEMENT_CHARACTER,
        _ => letter,
    };
    text.chars().map(shown).collect()
}

/// The same JSON with strange letters inside of its texts written by their numbers.
#[must_use]
pub fn shown_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_strange(letter) && !letter.is_ascii() {
            // None of them needs more than four digits.
            shown += &format!("\\u{:04x}", u32::from(letter));
        } else if letter == '\u{7f}' {
            shown += "\\u007f";
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shown_moves_a_cursor_or_turns_a_line() {
        let text = "us\u{1b}[2J\u{9b}2J\r\u{7f}\u{202e}é\tx\nnext";
        assert_eq!(
            shown(text),
            "us\u{fffd}[2J\u{fffd}2J\u{fffd}\u{fffd}\u{fffd}é\u{fffd}x\nnext"
        );
        let json = serde_json::to_string(text).unwrap();
        let plain = shown_json(&json);
        assert!(!plain.chars().any(is_strange), "{plain}");
        assert_eq!(serde_json::from_str::<String>(&plain).unwrap(), text);
    }
}
