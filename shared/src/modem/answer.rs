//! The lines a modem answers with.

/// Longest line kept, in bytes: longer ones are no answers of a modem but noise or data.
const MAX_LINE_BYTES: usize = 256;

/// One line of a modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The command was done.
    Ok,
    /// Data begins with the next byte. What stands after the word differs from modem to modem (the
    /// rate of the line, that of the port, protocols) and decides nothing.
    Connect(String),
    /// Somebody calls.
    Ring,
    /// The other end does not carry, or no longer does.
    NoCarrier,
    /// The command was not understood, or not allowed; with a number from mobile modems.
    Error(String),
    /// The telephone line is dead, or not plugged in.
    NoDialTone,
    /// The number is engaged; behind a branch exchange also: a digit for the outside line is missing.
    Busy,
    /// Nobody takes the call.
    NoAnswer,
    /// The modem may not dial this number again so soon.
    Delayed,
    /// The modem may not dial this number any more.
    Blacklisted,
    /// Anything else: an echo, a report nobody asked for, an answer to a question.
    Other(String),
}

impl Answer {
    /// Reads a line without its end. Modems differ in spelling, not in the words.
    #[must_use]
    pub fn read(line: &str) -> Self {
        let word = line.trim().to_ascii_uppercase();
        match word.as_str() {
            "OK" => Self::Ok,
            "RING" => Self::Ring,
            "NO CARRIER" => Self::NoCarrier,
            "NO DIALTONE" | "NO DIAL TONE" => Self::NoDialTone,
            "BUSY" => Self::Busy,
            "NO ANSWER" => Self::NoAnswer,
            "BLACKLISTED" | "BLACKLIST FULL" => Self::Blacklisted,
            "ERROR" => Self::Error(String::new()),
            // "DELAYED 00:01:30" of modems that say for how long.
            _ if begins(&word, "DELAYED") => Self::Delayed,
            _ if begins(&word, "CONNECT") => Self::Connect(said(line)),
            _ if word.starts_with("+CME ERROR:") => Self::Error(rest(line, "+CME ERROR:")),
            _ if word.starts_with("+CMS ERROR:") => Self::Error(rest(line, "+CMS ERROR:")),
            _ => Self::Other(line.trim().to_owned()),
        }
    }
}

/// Whether a line is this word, alone or with anything after it that does not make it another word,
/// as CONNECTING would be.
fn begins(line: &str, word: &str) -> bool {
    line.strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
}

/// What stands after CONNECT, without what divides the two: a space with most modems, and `/`, `-`,
/// `:` or a tabulator with others.
fn said(line: &str) -> String {
    let rest = rest(line, "CONNECT");
    rest.trim_start_matches(|c: char| !c.is_alphanumeric())
        .to_owned()
}

/// What stands after a word of this length.
fn rest(line: &str, word: &str) -> String {
    let rest = line.trim().get(word.len()..).unwrap_or_default();
    rest.trim().to_owned()
}

/// Cuts the bytes of a modem into lines.
#[derive(Debug, Default)]
pub struct Answers {
    line: Vec<u8>,
    too_long: bool,
}

impl Answers {
    /// Takes the next byte; answers the line it ends. Empty lines are none.
    pub fn push(&mut self, byte: u8) -> Option<Answer> {
        if byte != b'\r' && byte != b'\n' {
            if self.line.len() < MAX_LINE_BYTES {
                self.line.push(byte);
            } else {
                self.too_long = true;
            }
            return None;
        }
        let line = std::mem::take(&mut self.line);
        let too_long = std::mem::take(&mut self.too_long);
        let text = String::from_utf8_lossy(&line);
        (!too_long && !text.trim().is_empty()).then(|| Answer::read(&text))
    }
}
