//! `pennyblack barcode`: the post's barcodes and check digits, line by line from standard input.
//!
//! Every line that comes in is answered by one line, so that whoever feeds a list knows which answer
//! belongs to which; nothing about a line ends the command.

use std::io::{self, BufRead, Write};

use serde::Serialize;
use shared::{imb, item_id, package_id};

use super::arguments::Barcode;
use super::show::Show;
use super::{Streams, not_written};
use crate::api::UiError;
use crate::messages::{Code, say};

/// The longest line that is looked at, bytes; the longest number there is has 39 characters.
const MAX_LINE_BYTES: usize = 256;

/// What a line is answered.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// The 65 letters of an Intelligent Mail barcode.
    Bars(String),
    /// The check digit of an identifier.
    CheckDigit(u8),
    /// What is wrong with the line.
    Error(String),
}

/// Answers every line of standard input.
pub(super) fn barcode(kind: Barcode, show: Show, streams: &mut Streams<'_>) -> Result<(), UiError> {
    match &mut streams.answers {
        // A terminal is held for the answers that a person types.
        Some(typed) => answer_all(kind, show, *typed, streams.out),
        None => answer_all(kind, show, &mut io::stdin().lock(), streams.out),
    }
}

fn answer_all(
    kind: Barcode,
    show: Show,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<(), UiError> {
    while let Some(line) = next_line(input).map_err(|fault| not_read(&fault))? {
        let answer = match line {
            Line::Whole(bytes) => answer(kind, &bytes),
            Line::TooLong => Answer::Error(format!("a line has at most {MAX_LINE_BYTES} bytes")),
        };
        write_answer(&answer, show, out).map_err(not_written)?;
    }
    out.flush().map_err(not_written)
}

fn not_read(fault: &io::Error) -> UiError {
    let reason = fault.to_string();
    say(
        Code::CannotRead,
        &[("path", "Standard input"), ("reason", &reason)],
    )
}

fn write_answer(answer: &Answer, show: Show, out: &mut dyn Write) -> io::Result<()> {
    let text = match answer {
        Answer::Bars(letters) => format!("{letters}\n"),
        Answer::CheckDigit(digit) => format!("{digit}\n"),
        Answer::Error(reason) => format!("error: {reason}\n"),
    };
    show.object(answer, &text, out)
}

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// All of it.
    Whole(Vec<u8>),
    /// More than [`MAX_LINE_BYTES`], which were read over.
    TooLong,
}

/// The next line, ended by a line feed, with or without a carriage return before it, or by the end
/// of the input; `None` when nothing is left. However long it is, no more than its bound is kept.
fn next_line(input: &mut dyn BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut length = 0_usize;
    loop {
        let there = match input.fill_buf() {
            Ok(there) => there,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            Err(fault) => return Err(fault),
        };
        if there.is_empty() && length == 0 {
            return Ok(None);
        }
        let end = there.iter().position(|&byte| byte == b'\n');
        let part = &there[..end.unwrap_or(there.len())];
        // One byte more than its bound, for the carriage return.
        let room = (MAX_LINE_BYTES + 1).saturating_sub(line.len());
        line.extend(&part[..part.len().min(room)]);
        length = length.saturating_add(part.len());
        let used = part.len() + usize::from(end.is_some());
        let ended = end.is_some() || there.is_empty();
        input.consume(used);
        if ended {
            break;
        }
    }
    if length == line.len() && line.last() == Some(&b'\r') {
        line.pop();
        length -= 1;
    }
    Ok(Some(if length > MAX_LINE_BYTES {
        Line::TooLong
    } else {
        Line::Whole(line)
    }))
}

fn answer(kind: Barcode, line: &[u8]) -> Answer {
    let Ok(text) = std::str::from_utf8(line) else {
        return Answer::Error("the line is not text in UTF-8".to_owned());
    };
    if text.trim().is_empty() {
        return Answer::Error("the line is empty".to_owned());
    }
    let answer = match kind {
        Barcode::Imb => bars(text).map(Answer::Bars),
        Barcode::S10 => item_id::check_digit(text)
            .map(Answer::CheckDigit)
            .map_err(|refusal| refusal.to_string()),
        Barcode::Impb => package_id::check_digit(text)
            .map(Answer::CheckDigit)
            .map_err(|refusal| refusal.to_string()),
    };
    answer.unwrap_or_else(Answer::Error)
}

/// The letters of `TRACKING,ROUTING`, or of `TRACKING` alone, which is routed nowhere.
fn bars(text: &str) -> Result<String, String> {
    let (tracking, routing) = text.split_once(',').unwrap_or((text, ""));
    imb::bars(tracking, routing)
        .map(|bars| imb::letters(&bars))
        .map_err(|refusal| refusal.to_string())
}

#[cfg(test)]
mod tests;
