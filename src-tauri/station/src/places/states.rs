//! The states and territories, by the names people write.

/// Two letters and the name.
const STATES: [(&str, &str); 62] = [
    ("AA", "armed forces americas"),
    ("AE", "armed forces europe"),
    ("AK", "alaska"),
    ("AL", "alabama"),
    ("AP", "armed forces pacific"),
    ("AR", "arkansas"),
    ("AS", "american samoa"),
    ("AZ", "arizona"),
    ("CA", "california"),
    ("CO", "colorado"),
    ("CT", "connecticut"),
    ("DC", "district of columbia"),
    ("DE", "delaware"),
    ("FL", "florida"),
    ("FM", "federated states of micronesia"),
    ("GA", "georgia"),
    ("GU", "guam"),
    ("HI", "hawaii"),
    ("IA", "iowa"),
    ("ID", "idaho"),
    ("IL", "illinois"),
    ("IN", "indiana"),
    ("KS", "kansas"),
    ("KY", "kentucky"),
    ("LA", "louisiana"),
    ("MA", "massachusetts"),
    ("MD", "maryland"),
    ("ME", "maine"),
    ("MH", "marshall islands"),
    ("MI", "michigan"),
    ("MN", "minnesota"),
    ("MO", "missouri"),
    ("MP", "northern mariana islands"),
    ("MS", "mississippi"),
    ("MT", "montana"),
    ("NC", "north carolina"),
    ("ND", "north dakota"),
    ("NE", "nebraska"),
    ("NH", "new hampshire"),
    ("NJ", "new jersey"),
    ("NM", "new mexico"),
    ("NV", "nevada"),
    ("NY", "new york"),
    ("OH", "ohio"),
    ("OK", "oklahoma"),
    ("OR", "oregon"),
    ("PA", "pennsylvania"),
    ("PR", "puerto rico"),
    ("PW", "palau"),
    ("RI", "rhode island"),
    ("SC", "south carolina"),
    ("SD", "south dakota"),
    ("TN", "tennessee"),
    ("TX", "texas"),
    ("UT", "utah"),
    ("VA", "virginia"),
    ("VI", "virgin islands"),
    ("VT", "vermont"),
    ("WA", "washington"),
    ("WI", "wisconsin"),
    ("WV", "west virginia"),
    ("WY", "wyoming"),
];

/// Splits a state off the end: its two letters and the text before it.
///
/// Two letters count in any case and with full stops (`D.C.`); a name counts as a whole word, the
/// longest first (`West Virginia` is not a place called West in Virginia).
pub(super) fn split_state(text: &str) -> Option<(&str, &'static str)> {
    let text = text.trim_end_matches([' ', ',', '.']);
    let lower = text.to_ascii_lowercase();
    let named = STATES
        .iter()
        .filter(|(_, name)| ends_with_word(&lower, name));
    let longest = named.max_by_key(|(_, name)| name.len());
    if let Some((code, name)) = longest {
        let rest = text.len() - name.len();
        return Some((text[..rest].trim_end_matches([' ', ',']), code));
    }
    let start = text.rfind([' ', ',']).map_or(0, |space| space + 1);
    let letters = text[start..].replace('.', "").to_ascii_uppercase();
    let (code, _) = STATES.iter().find(|(code, _)| *code == letters)?;
    Some((text[..start].trim_end_matches([' ', ',']), code))
}

/// Whether the text ends with the word or words, not in the middle of another word.
pub(super) fn ends_with_word(text: &str, words: &str) -> bool {
    text.strip_suffix(words)
        .is_some_and(|rest| !rest.ends_with(|last: char| last.is_alphanumeric()))
}
