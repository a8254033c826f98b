//! A pasted address split into the addressee's lines, city, state and ZIP.
//!
//! It reads the last line as the post does, from the end: ZIP, state, city. It changes no line
//! above; cleansing is another service.

use shared::rates::Zip5;

use super::states::{ends_with_word, split_state};
use super::{Place, lookup, table};

/// The longest text that is read; an address is far shorter.
const MAX_TEXT: usize = 2_000;
/// The most lines that are read.
const MAX_LINES: usize = 12;
/// How people write the country under a domestic address.
const COUNTRIES: [&str; 5] = [
    "united states of america",
    "united states",
    "u.s.a.",
    "usa",
    "us",
];

/// Words before a number that is not a ZIP.
const NUMBERED: [&str; 7] = ["box", "apt", "suite", "ste", "unit", "rm", "no"];

/// A pasted address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastedAddress {
    /// The lines above the last line.
    pub lines: Vec<String>,
    /// The city as pasted, or as the reference data has it when none was pasted.
    pub city: Option<String>,
    /// The two letters of the state.
    pub state: Option<String>,
    /// 5, 9 or 11 digits.
    pub zip: Option<String>,
    /// Whether there is such a ZIP.
    pub known: bool,
    /// What the clerk should look at.
    pub notes: Vec<String>,
}

/// Splits an address pasted or typed on one or more lines.
#[must_use]
pub fn split_pasted_address(text: &str) -> PastedAddress {
    let mut address = PastedAddress::default();
    let (mut lines, cut) = lines_of(text);
    if cut {
        address
            .notes
            .push("The text was too long; only its beginning was read.".to_owned());
    }
    let Some(mut last) = last_line(&mut lines) else {
        address
            .notes
            .push("There is no address in the text.".to_owned());
        return address;
    };
    if let Some((rest, zip)) = split_zip(&last) {
        address.zip = Some(zip);
        last = rest;
        if last.is_empty() {
            last = lines.pop().unwrap_or_default();
        }
    }
    let place = address.place();
    if let Some((rest, state)) = split_state(&last) {
        address.state = Some(state.to_owned());
        last = rest.to_owned();
    }
    let is_last_line = address.zip.is_some() || address.state.is_some();
    let (above, city) = split_city(&last, place, is_last_line, lines.is_empty());
    lines.extend(above);
    address.city = city;
    address.lines = lines;
    address.compare(place);
    address
}

impl PastedAddress {
    /// The ZIP's five digits.
    fn zip5(&self) -> Option<Zip5> {
        self.zip.as_deref()?.parse().ok()
    }

    /// Where the ZIP is.
    fn place(&self) -> Option<Place> {
        lookup(self.zip5()?)
    }

    /// Compares with the reference data, fills what is missing and notes what differs.
    fn compare(&mut self, place: Option<Place>) {
        self.known = place.is_some();
        let Some(zip) = self.zip5() else {
            self.notes
                .push("There is no ZIP at the end of the address.".to_owned());
            return;
        };
        let Some(place) = place else {
            self.notes.push(format!("There is no ZIP {zip}."));
            return;
        };
        if self
            .state
            .as_deref()
            .is_some_and(|state| state != place.state)
        {
            let state = self.state.as_deref().unwrap_or_default();
            self.notes
                .push(format!("ZIP {zip} is in {}, not in {state}.", place.state));
        }
        self.compare_city(zip);
        if self.state.is_none() {
            self.state = Some(place.state.to_owned());
        }
        if self.city.is_none() {
            self.city = place.city.map(str::to_owned);
        }
    }

    /// Notes a city that the reference data does not have for the ZIP.
    fn compare_city(&mut self, zip: Zip5) {
        let Some(city) = &self.city else { return };
        let known: Vec<&str> = table::places(zip).filter_map(|place| place.city).collect();
        let agrees = known.iter().any(|known| same_city(known, city));
        if let Some(first) = known.first().filter(|_| !agrees) {
            self.notes.push(format!(
                "ZIP {zip} is mainly {first}; the address says {city}."
            ));
        }
    }
}

/// The lines with something on them, and whether the text was cut.
fn lines_of(text: &str) -> (Vec<String>, bool) {
    let end = text.floor_char_boundary(MAX_TEXT);
    let mut lines = text[..end]
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .map(|line| line.trim_end_matches([',', ' ']).to_owned())
        .filter(|line| !line.is_empty());
    let kept = lines.by_ref().take(MAX_LINES).collect();
    let cut = end < text.len() || lines.next().is_some();
    (kept, cut)
}

/// Takes the last line off, without the country.
fn last_line(lines: &mut Vec<String>) -> Option<String> {
    let last = lines.pop()?;
    let lower = last.to_ascii_lowercase();
    let country = COUNTRIES
        .iter()
        .find(|country| ends_with_word(&lower, country));
    let kept = last.len() - country.map_or(0, |country| country.len());
    let kept = last[..kept].trim_end_matches([' ', ',']);
    if kept.is_empty() {
        return lines.pop();
    }
    Some(kept.to_owned())
}

/// Splits a ZIP off the end: the text before it and its 5, 9 or 11 digits.
fn split_zip(line: &str) -> Option<(String, String)> {
    let start = line
        .rfind(|c: char| c != '-' && !c.is_ascii_digit())
        .map_or(0, |at| {
            at + line[at..].chars().next().map_or(1, char::len_utf8)
        });
    let (rest, zip) = line.split_at(start);
    zip.parse::<Zip5>().ok()?;
    // The number of a box or a flat has five digits now and then.
    let word = rest.split_whitespace().next_back().unwrap_or_default();
    let word = word.to_ascii_lowercase();
    let is_numbered = NUMBERED.contains(&word.trim_end_matches('.')) || word.ends_with('#');
    if is_numbered || rest.ends_with(char::is_alphanumeric) {
        return None;
    }
    let digits = zip.replace('-', "");
    Some((rest.trim_end_matches([' ', ',']).to_owned(), digits))
}

/// Splits the city off what stands before the state: lines above, and the city.
fn split_city(
    rest: &str,
    place: Option<Place>,
    is_last_line: bool,
    is_only_line: bool,
) -> (Vec<String>, Option<String>) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    if !is_last_line {
        return (some(rest).into_iter().collect(), None);
    }
    if let Some((above, city)) = rest.rsplit_once(',') {
        let above = above.split(',').map(str::trim);
        let above = above.filter(|line| !line.is_empty()).map(str::to_owned);
        return (above.collect(), some(city.trim()));
    }
    if !is_only_line {
        return (Vec::new(), some(rest));
    }
    let known = place.and_then(|place| place.city).unwrap_or_default();
    let (lower, known_lower) = (rest.to_ascii_lowercase(), known.to_ascii_lowercase());
    if !known.is_empty() && ends_with_word(&lower, &known_lower) {
        let above = &rest[..rest.len() - known.len()];
        return (some(above.trim_end()).into_iter().collect(), some(known));
    }
    // A single line that begins with a number is a street whose city nobody can tell apart.
    if rest.starts_with(|first: char| first.is_ascii_digit()) {
        return (vec![rest.to_owned()], None);
    }
    (Vec::new(), some(rest))
}

/// Whether two names mean the same city.
fn same_city(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

/// A city's name without case, punctuation and the usual short forms.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '.' | '\''));
    let text: String = letters.map(|c| if c == '-' { ' ' } else { c }).collect();
    let words = text.split_whitespace().map(str::to_lowercase);
    let words = words.map(|word| match word.as_str() {
        "st" => "saint".to_owned(),
        "ste" => "sainte".to_owned(),
        "ft" => "fort".to_owned(),
        "mt" => "mount".to_owned(),
        "n" => "north".to_owned(),
        "s" => "south".to_owned(),
        "e" => "east".to_owned(),
        "w" => "west".to_owned(),
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}
