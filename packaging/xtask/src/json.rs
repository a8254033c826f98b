//! Just enough JSON to read what our own executables answer and to write `summary.json`.
//!
//! Numbers are kept as they were written, so that no amount passes through floating point.

use std::fmt::Write as _;

/// Deeper nesting than any answer of ours; bounds the recursion.
const DEEPEST: usize = 32;

/// A JSON value; members keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl Value {
    /// A member of an object, [`Value::Null`] where there is none.
    pub(crate) fn at(&self, name: &str) -> &Self {
        let Self::Object(members) = self else {
            return &Self::Null;
        };
        members
            .iter()
            .find(|(key, _)| key == name)
            .map_or(&Self::Null, |(_, value)| value)
    }

    /// The characters of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn whole(&self) -> Option<u64> {
        if let Self::Number(digits) = self {
            digits.parse().ok()
        } else {
            None
        }
    }

    /// The elements of an array; none for anything else.
    pub(crate) fn list(&self) -> &[Self] {
        if let Self::List(elements) = self {
            elements
        } else {
            &[]
        }
    }

    /// A string value.
    pub(crate) fn of(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// An object of the given members.
    pub(crate) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// The text of the value, indented for people, ending in a newline.
    pub(crate) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => write_text(out, text),
            Self::List(elements) => {
                write_all(out, depth, ['[', ']'], elements, |out, value| {
                    value.write(out, depth + 1);
                });
            }
            Self::Object(members) => {
                write_all(out, depth, ['{', '}'], members, |out, (name, value)| {
                    write_text(out, name);
                    out.push_str(": ");
                    value.write(out, depth + 1);
                });
            }
        }
    }
}

fn write_all<T>(
    out: &mut String,
    depth: usize,
    ends: [char; 2],
    all: &[T],
    one: impl Fn(&mut String, &T),
) {
    let [open, close] = ends;
    out.push(open);
    for (place, item) in all.iter().enumerate() {
        out.push_str(if place == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        one(out, item);
    }
    if !all.is_empty() {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(close);
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                write!(out, "\\u{:04x}", u32::from(control))
                    .expect("writing to a string cannot fail");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Reads one JSON value; the error says what is wrong and where (byte offset).
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, place: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.place == text.len() {
        Ok(value)
    } else {
        reader.wrong("the end")
    }
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.place..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.place += letter.len_utf8();
        Some(letter)
    }

    fn wrong<T>(&self, wanted: &str) -> Result<T, String> {
        Err(format!("{wanted} was expected at byte {}", self.place))
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.place += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.place += word.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return self.wrong("less nesting");
        }
        self.skip_space();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.list(depth),
            Some('"') => self.string().map(Value::Text),
            Some('-' | '0'..='9') => self.number(),
            _ if self.take("true") => Ok(Value::Bool(true)),
            _ if self.take("false") => Ok(Value::Bool(false)),
            _ if self.take("null") => Ok(Value::Null),
            _ => self.wrong("a value"),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.next();
        let mut members = Vec::new();
        self.skip_space();
        if self.take("}") {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            if !self.take(":") {
                return self.wrong("`:`");
            }
            members.push((name, self.value(depth + 1)?));
            self.skip_space();
            if self.take("}") {
                return Ok(Value::Object(members));
            }
            if !self.take(",") {
                return self.wrong("`,` or `}`");
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        self.next();
        let mut elements = Vec::new();
        self.skip_space();
        if self.take("]") {
            return Ok(Value::List(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take("]") {
                return Ok(Value::List(elements));
            }
            if !self.take(",") {
                return self.wrong("`,` or `]`");
            }
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'));
        let digits = rest
            .get(..end.unwrap_or(rest.len()))
            .unwrap_or_default()
            .to_owned();
        if digits.parse::<f64>().is_err() {
            return self.wrong("a number");
        }
        self.place += digits.len();
        Ok(Value::Number(digits))
    }

    fn string(&mut self) -> Result<String, String> {
        if !self.take("\"") {
            return self.wrong("`\"`");
        }
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(letter) if u32::from(letter) >= 0x20 => text.push(letter),
                _ => return self.wrong("the rest of a string"),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.next() {
            Some(plain @ ('"' | '\\' | '/')) => Ok(plain),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('u') => {
                let first = self.four_digits()?;
                if !(0xD800..0xDC00).contains(&first) {
                    return char::from_u32(first).map_or_else(|| self.wrong("a character"), Ok);
                }
                if !self.take("\\u") {
                    return self.wrong("the second half of a character");
                }
                let second = self.four_digits()?.wrapping_sub(0xDC00);
                let both = 0x1_0000 + ((first - 0xD800) << 10) + (second & 0x3FF);
                if second > 0x3FF {
                    self.wrong("a character")
                } else {
                    char::from_u32(both).map_or_else(|| self.wrong("a character"), Ok)
                }
            }
            _ => self.wrong("an escaped character"),
        }
    }

    fn four_digits(&mut self) -> Result<u32, String> {
        let digits = self.rest().get(..4).unwrap_or_default().to_owned();
        match u32::from_str_radix(&digits, 16) {
            Ok(number) if digits.len() == 4 && !digits.starts_with('+') => {
                self.place += 4;
                Ok(number)
            }
            _ => self.wrong("four hexadecimal digits"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_station_is_read() {
        let value = parse(r#" {"serial":"100-7","postage_mills":780,"weight_grams":28.35,"ok":true,"contact":[{"ms":12}],"x":null} "#).unwrap();
        assert_eq!(value.at("serial").text(), Some("100-7"));
        assert_eq!(value.at("postage_mills").whole(), Some(780));
        assert_eq!(value.at("weight_grams"), &Value::Number("28.35".to_owned()));
        assert_eq!(value.at("ok"), &Value::Bool(true));
        assert_eq!(value.at("contact").list()[0].at("ms").whole(), Some(12));
        assert_eq!(value.at("absent"), &Value::Null);
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let value = Value::object([
            (
                "certificate_pem",
                Value::of("-----BEGIN\nline \"two\"\t\u{1}\\"),
            ),
            (
                "pieces",
                Value::List(vec![
                    Value::Number("1.5".to_owned()),
                    Value::Null,
                    Value::Bool(false),
                ]),
            ),
            ("none", Value::List(Vec::new())),
            ("place", Value::of("Zürich 😀")),
        ]);
        assert_eq!(parse(&value.pretty()).unwrap(), value);
    }

    #[test]
    fn escaped_characters_are_understood() {
        assert_eq!(
            parse(r#""\u00e9\ud83d\ude00\/\n""#).unwrap(),
            Value::of("é😀/\n")
        );
    }

    #[test]
    fn damaged_text_is_refused_with_its_place() {
        for damaged in [
            "",
            "{",
            "[1,]",
            "{\"a\" 1}",
            "\"open",
            "tru",
            "1 2",
            "\"\\ud800x\"",
            "\"\\u+123\"",
            "-",
            "\"\\ud800\\ue000\"",
        ] {
            assert!(parse(damaged).is_err(), "{damaged}");
        }
        assert_eq!(
            parse("[1 2]"),
            Err("`,` or `]` was expected at byte 3".to_owned())
        );
    }

    #[test]
    fn endless_nesting_is_refused() {
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
