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

/// How faults begin that an object or a list as a whole has.
const OF_THE_WHOLE: [&str; 2] = ["missing field", "invalid length"];

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

    /// Where reading a text as JSON ended, in which member, and why: the place of that member's value
    /// where it can be read and is another than expected, else the very letter.
    pub(super) fn of_json(text: &str, fault: &serde_json::Error) -> (Self, String) {
        let (said, bytes) = (fault.to_string(), text.as_bytes());
        let at = offset_of(text, (fault.line(), fault.column()));
        let (mut steps, mut begins) = way_to(bytes, at);
        let is_read = fault.classify() == serde_json::error::Category::Data;
        // What is wrong with the last member is told where its object ends, as is what is missing.
        let is_end = matches!(bytes.get(at), Some(b'}' | b']'));
        let is_of_whole = OF_THE_WHOLE.iter().any(|word| said.starts_with(word));
        if is_read
            && is_end
            && !is_of_whole
            && let Some(last) = inner(bytes, begins).last()
        {
            steps.push(last.name);
            begins = last.value;
        }
        let (line, column) = letters(text, if is_read { begins } else { at });
        let path = path(&steps);
        let place = format!(" at line {} column {}", fault.line(), fault.column());
        let why = said.strip_suffix(&place).unwrap_or(&said).to_owned();
        (Self { line, column, path }, why)
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

    /// Where reading a file as JSON ended, in which member, and why.
    pub(super) fn of_json((file, text): (&str, &str), fault: &serde_json::Error) -> Box<Self> {
        let (place, why) = MemberPlace::of_json(text, fault);
        let what = if place.path.is_empty() {
            why
        } else {
            format!("{}: {why}", place.path)
        };
        Box::new(Self {
            file: file.to_owned(),
            line: place.line,
            column: place.column,
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
    letters(text, at)
}

/// Line and column of a byte, both from 1; columns count letters.
fn letters(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    (
        lines.saturating_add(1),
        line.chars().count().saturating_add(1),
    )
}

/// The letter of a text at a line and a column of bytes, both from 1.
fn offset_of(text: &str, (line, column): (usize, usize)) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let begins: usize = before.map(str::len).sum();
    let at = begins.saturating_add(column).saturating_sub(1);
    text.floor_char_boundary(at)
}

/// The names and places that lead to the value that a byte is in, or next to whose name, and where
/// that value begins; as far as the text can be read.
fn way_to(bytes: &[u8], target: usize) -> (Vec<String>, usize) {
    let (mut way, mut at) = (Vec::new(), after_space(bytes, 0));
    loop {
        let begun = inner(bytes, at).take_while(|one| one.begins <= target);
        let is_in = |one: &Inner| end_of(bytes, one.value).is_none_or(|end| target < end);
        match begun.last().filter(is_in) {
            Some(one) => {
                way.push(one.name);
                at = one.value;
            }
            None => return (way, at),
        }
    }
}

/// Where the value begins that a name or place leads to in the value that begins at `at`.
fn within(bytes: &[u8], at: usize, step: &str) -> Option<usize> {
    let mut members = inner(bytes, at);
    members.find(|one| one.name == step).map(|one| one.value)
}

/// A member of an object, or an entry of a list.
struct Inner {
    /// Its name, or its place from 0.
    name: String,
    /// Where it begins: at its name.
    begins: usize,
    /// Where its value begins.
    value: usize,
}

/// What is in the value that begins at `at`, as far as the text can be read.
fn inner(bytes: &[u8], at: usize) -> impl Iterator<Item = Inner> {
    let is_list = bytes.get(at) == Some(&b'[');
    let is_any = is_list || bytes.get(at) == Some(&b'{');
    let mut next = at.checked_add(1).filter(|_| is_any);
    (0_usize..).map_while(move |number| {
        let begins = after_space(bytes, next?);
        let (name, value) = if is_list {
            (number.to_string(), begins)
        } else {
            let ends = end_of(bytes, begins)?;
            let name = serde_json::from_slice(bytes.get(begins..ends)?).ok()?;
            let colon = after_space(bytes, ends);
            (name, after_space(bytes, colon.checked_add(1)?))
        };
        if matches!(bytes.get(value)?, b']' | b'}') {
            return None;
        }
        let comma = end_of(bytes, value).map(|end| after_space(bytes, end));
        let comma = comma.filter(|comma| bytes.get(*comma) == Some(&b','));
        next = comma.and_then(|comma| comma.checked_add(1));
        Some(Inner {
            name,
            begins,
            value,
        })
    })
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
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::form::Text;
    use super::*;
    use crate::rates::zip::Zip3;

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

    #[test]
    fn what_is_no_json_or_another_value_is_found_in_its_member() {
        let told = |text: &str| {
            let fault = serde_json::from_str::<BTreeMap<String, Vec<BTreeMap<String, u8>>>>(text);
            PlaceFault::of_json(("a.json", text), &fault.unwrap_err()).to_string()
        };
        let zip = |text: &str| {
            let fault = serde_json::from_str::<[BTreeMap<String, Text<Zip3>>; 2]>(text);
            PlaceFault::of_json(("a.json", text), &fault.err().unwrap()).to_string()
        };
        insta::assert_snapshot!(
            [
                told("{\n \"é\": [{\"b\": 1, \"c\": \"x\"}]}"),
                told("{\"é\": [{\"b\": 1},\n {\"b\": 999}]}"),
                told("{\"a\": [],\n \"b\": {\"c\": 1}}"),
                told("{\"a\": [{\"b\": 1},\n {\"b\" 2}]}"),
                told("{\"a\": [{\"b\": 1},\n {\"b\": "),
                told("{\"a\": [],}"),
                told("[]"),
                told(""),
                zip("[{\"b\": \"100\", \"c\": \"1000\" }, {}]"),
                zip("[{}, {\"b\": \"1000\", \"c\": \"100\"}]"),
                zip("[{\"b\": \"100\"} ]"),
            ]
            .join("\n"),
            @r#"
            a.json line 2 column 22: é[0].c: invalid type: string "x", expected u8
            a.json line 2 column 8: é[1].b: invalid value: integer `999`, expected u8
            a.json line 2 column 7: b: invalid type: map, expected a sequence
            a.json line 2 column 7: a[1]: expected `:`
            a.json line 2 column 7: a[1]: EOF while parsing a value
            a.json line 1 column 10: trailing comma
            a.json line 1 column 1: invalid type: sequence, expected a map
            a.json line 1 column 1: EOF while parsing a value
            a.json line 1 column 20: [0].c: "1000": not a ZIP of 5 digits, a ZIP+4 of 9 or a delivery point of 11
            a.json line 1 column 12: [1].b: "1000": not a ZIP of 5 digits, a ZIP+4 of 9 or a delivery point of 11
            a.json line 1 column 1: invalid length 1, expected an array of length 2
            "#
        );
    }

    proptest! {
        #[test]
        fn no_text_and_no_path_makes_it_panic(text in any::<String>(), path in prop::collection::vec("[a-z0-9]{0,2}", 0..4)) {
            let (line, column) = place_of(&text, &path);
            prop_assert!(line >= 1 && column >= 1);
            if let Err(fault) = serde_json::from_str::<Vec<u8>>(&text) {
                let place = MemberPlace::of_json(&text, &fault).0;
                prop_assert!(place.line >= 1 && place.column >= 1);
            }
        }

        #[test]
        fn broken_off_anywhere_a_text_still_has_places(end in 0..TEXT.len()) {
            if let Some(text) = TEXT.get(..end) {
                let (line, _) = place_of(text, &["é", "2", "1"]);
                prop_assert!((1..=3).contains(&line));
                let fault = serde_json::from_str::<IgnoredAny>(text).unwrap_err();
                let place = MemberPlace::of_json(text, &fault).0;
                prop_assert!(place.line <= text.lines().count().max(1));
            }
        }
    }
}
