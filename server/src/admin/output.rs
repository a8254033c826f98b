//! Where commands write: objects to standard output, refusals to standard error. Words of others in
//! them do nothing to a terminal.

use std::io::{self, Write};

use serde_json::json;
use shared::plain::{shown, shown_json};

use super::refusal::AdminRefusal;
use super::view::AdminView;

/// How a command writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// Whether for machines: one JSON object per line.
    pub(super) json: bool,
}

impl Output {
    /// Writes one view; `false` when nobody reads any more.
    #[must_use]
    pub(super) fn view(&self, view: &AdminView) -> bool {
        let text = if self.json {
            shown_json(&view.json())
        } else {
            shown(&view.to_string())
        };
        writeln!(io::stdout().lock(), "{text}").is_ok()
    }

    /// Writes a sentence for people; programs get nothing.
    pub(super) fn remark(&self, text: &str) {
        if self.json {
            return;
        }
        if let Err(error) = writeln!(io::stdout().lock(), "{}", shown(text)) {
            tracing::debug!(%error, "nobody reads standard output");
        }
    }

    /// Writes a line: the JSON, or what `text` says to people.
    pub(super) fn line(&self, json: &str, text: impl FnOnce() -> String) {
        let line = self.shown_line(json, text);
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        if let Err(error) = written {
            tracing::debug!(%error, "nobody reads standard output");
        }
    }

    fn shown_line(&self, json: &str, text: impl FnOnce() -> String) -> String {
        if self.json {
            shown_json(json)
        } else {
            shown(&text())
        }
    }

    /// Writes a refusal to standard error.
    pub(super) fn refusal(&self, refusal: &AdminRefusal) {
        let text = if self.json {
            let text = json!({
                "code": refusal.code,
                "message": refusal.message,
                "hint": refusal.hint,
                "retry": refusal.retry,
            })
            .to_string();
            shown_json(&text)
        } else {
            shown(&format!("{}\n{}", refusal.message, refusal.hint))
        };
        if let Err(error) = writeln!(io::stderr().lock(), "{text}") {
            tracing::debug!(%error, "nobody reads standard error");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_move_no_cursor_in_any_line() {
        let said = |json| Output { json }.shown_line("\"\u{9b}2J\"", || "\u{1b}[2J".to_owned());
        assert_eq!(said(true), "\"\\u009b2J\"");
        assert_eq!(said(false), "\u{fffd}[2J");
    }
}
