//! Where a member of a JSON text stands, so that whoever has to mend it finds it.

use std::fmt;

use serde::de::IgnoredAny;

use super::super::soundness::path;
use super::SourceError;

/// Where in an edition's JSON a member stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPlace {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The way to it, such as `tables[3].rows[0].to`; empty where what is wrong with it tells it.
    pub path: String,
}

impl fmt::Display for MemberPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, path } = self;
        write!(f, "line {line} column {column}")?;
        if path.is_empty() {
            return Ok(());
        }
        write!(f, ", {path}")
    }
}

/// A fault somewhere inside of what is read, and the way to it, the last step first.
pub(super) struct Inside {
    fault: SourceError,
    steps: Vec<String>,
}

impl From<SourceError> for Inside {
    fn from(fault: SourceError) -> Self {
        let steps = Vec::new();
        Self { fault, steps }
    }
}

impl Inside {
    /// The same, one step further out.
    pub(super) fn step(mut self, step: impl ToString) -> Self {
        self.steps.push(step.to_string());
        self
    }

    /// The fault with its place in the text.
    pub(super) fn in_text(mut self, text: &str) -> SourceError {
        self.steps.reverse();
        let (line, column) = place_of(text, &self.steps);
        let path = path(&self.steps);
        SourceError::Member {
            place: MemberPlace { line, column, path },
            fault: Box::new(self.fault),
        }
    }
}

/// What can fail further inside.
pub(super) trait Within<T> {
    /// The same, one step further out.
    fn within(self, step: impl ToString) -> Result<T, Inside>;
}

impl<T, E: Into<Inside>> Within<T> for Result<T, E> {
    fn within(self, step: impl ToString) -> Result<T, Inside> {
        self.map_err(|fault| {
            let inside: Inside = fault.into();
            inside.step(step)
        })
    }
}

impl MemberPlace {
    /// The place of a member whose fault tells the way to it.
    pub(super) fn of(text: &str, steps: &[String]) -> Self {
        let (line, column) = place_of(text, steps);
        let path = String::new();
        Self { line, column, path }
    }
}

/// What is wrong in one place of a JSON file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceFault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1: letters of the line up to the value.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for PlaceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            what,
        } = self;
        write!(f, "{file} line {line} column {column}: {what}")
    }
}

impl PlaceFault {
    /// What is wrong with the value at a path of names and places in lists (from 0), or with the
    /// deepest value on the way there.
    pub(super) fn at(
        (file, text): (&str, &str),
        path: &[impl AsRef<str>],
        what: String,
    ) -> Box<Self> {
        let (line, column) = place_of(text, path);
        Box::new(Self {
            file: file.to_owned(),
            line,
            column,
            what,
        })
    }
}

/// Line and column of a value.
fn place_of(text: &str, path: &[impl AsRef<str>]) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut at = after_space(bytes, 0);
    for step in path {
        let Some(next) = within(bytes, at, step.as_ref()) else {
            break;
        };
        at = next;
    }
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    (
        lines.saturating_add(1),
        line.chars().count().saturating_add(1),
    )
}

/// Where the value begins that a name or place leads to in the value that begins at `at`.
fn within(bytes: &[u8], at: usize, step: &str) -> Option<usize> {
    let (is_list, mut number) = (*bytes.get(at)? == b'[', 0_usize);
    if !is_list && *bytes.get(at)? != b'{' {
        return None;
    }
    let mut at = after_space(bytes, at.checked_add(1)?);
    loop {
        let is_it = if is_list {
            step.parse() == Ok(number)
        } else {
            let ends = end_of(bytes, at)?;
            let name: String = serde_json::from_slice(bytes.get(at..ends)?).ok()?;
            let colon = after_space(bytes, ends);
            at = after_space(bytes, colon.checked_add(1)?);
            name == step
        };
        if is_it {
            return bytes.get(at).map(|_| at);
        }
        at = after_space(bytes, end_of(bytes, at)?);
        if *bytes.get(at)? != b',' {
            return None;
        }
        at = after_space(bytes, at.checked_add(1)?);
        number = number.checked_add(1)?;
    }
}

/// Where the value ends that begins at `at`.
fn end_of(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    at.checked_add(values.byte_offset())
}

fn after_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
    at.saturating_add(space.count())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str =
        "{\n  \"é\": [1, {\"b\\u0063\": -2.5 },\n    [\"x\", null]],\n \"c\" : {}\n}";

    #[test]
    fn a_value_is_found_by_its_names_and_places() {
        let found = |path: &[&str]| place_of(TEXT, path);
        assert_eq!(found(&[]), (1, 1));
        assert_eq!(found(&["é"]), (2, 8));
        assert_eq!(found(&["é", "0"]), (2, 9));
        assert_eq!(found(&["é", "1", "bc"]), (2, 24));
        assert_eq!(found(&["é", "2", "1"]), (3, 11));
        assert_eq!(found(&["c"]), (4, 8));
        // What is not there is looked for as far as there is something.
        assert_eq!(found(&["c", "d"]), (4, 8));
        assert_eq!(found(&["é", "3", "x"]), (2, 8));
        assert_eq!(found(&["z"]), (1, 1));
        let fault = PlaceFault::at(("a.json", TEXT), &["c"], "it is empty".to_owned());
        assert_eq!(fault.to_string(), "a.json line 4 column 8: it is empty");
    }

    proptest! {
        #[test]
        fn no_text_and_no_path_makes_it_panic(text in any::<String>(), path in prop::collection::vec("[a-z0-9]{0,2}", 0..4)) {
            let (line, column) = place_of(&text, &path);
            prop_assert!(line >= 1 && column >= 1);
        }

        #[test]
        fn broken_off_anywhere_a_text_still_has_places(end in 0..TEXT.len()) {
            if let Some(text) = TEXT.get(..end) {
                let (line, _) = place_of(text, &["é", "2", "1"]);
                prop_assert!((1..=3).contains(&line));
            }
        }
    }
}
