//! `pennyblack print batch`.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::calls::{absolute, ask_with_news};
use super::show::Show;
use super::{Asked, Streams, not_written};
use crate::api::{BatchCall, BatchOut, BatchView, Call, Event, UiError, View};
use crate::batch::MAX_CSV_BYTES;
use crate::messages::{Code, say};
use crate::printing::files::{prove_place, write_durably};
use crate::station::faults::chain;

/// Prints a file and writes its results beside it.
pub(super) fn batch(
    asked: &Asked,
    file: &Path,
    printer: Option<String>,
    out: Option<PathBuf>,
    show: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let csv = read(file)?;
    let results = result_path(file);
    prove_place(&results).map_err(|no_place| {
        let path = results.display().to_string();
        let reason = format!("{}; nothing was debited", chain(&no_place));
        say(Code::CannotWrite, &[("path", &path), ("reason", &reason)])
    })?;
    let out = match printer {
        Some(name) => BatchOut::Printer { name },
        None => BatchOut::Folder {
            path: out.map(absolute),
        },
    };
    let bar = bar(streams.watched && !show.json);
    let call = Call::Batch(BatchCall { csv, out });
    let progress = |event| {
        if let Event::Batch { done, rows } = event {
            bar.set_length(u64::from(rows));
            bar.set_position(u64::from(done));
        }
    };
    ask_with_news(asked, call, progress, |answer| {
        bar.finish_and_clear();
        ended_batch(answer, file, show, streams)
    })
}

/// Writes and shows what became of the rows.
fn ended_batch(
    answer: Result<View, UiError>,
    file: &Path,
    show: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let View::Batch(view) = answer? else {
        return Err(say(Code::StationStopped, &[]));
    };
    let results = result_path(file);
    write_durably(&results, results_csv(&view)?.as_bytes()).map_err(|fault| {
        say(
            Code::CannotWrite,
            &[
                ("path", &results.display().to_string()),
                ("reason", &chain(&fault)),
            ],
        )
    })?;
    let answer = ended(&view, &results);
    show.view(&View::Batch(view), streams.out)
        .map_err(not_written)?;
    answer
}

/// The file's text, bounded.
fn read(file: &Path) -> Result<String, UiError> {
    use std::io::Read;
    let fault = |reason: String| {
        say(
            Code::CannotRead,
            &[("path", &file.display().to_string()), ("reason", &reason)],
        )
    };
    let limit = u64::try_from(MAX_CSV_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|opened| opened.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|source| fault(source.to_string()))?;
    // A byte that is no text makes its own row unreadable, not the file.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn bar(watched: bool) -> ProgressBar {
    if !watched {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} pieces, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

/// `letters.csv` gives `letters.csv.result.csv`.
fn result_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".result.csv");
    PathBuf::from(name)
}

/// One line a row: line, outcome, serial, postage, reason.
fn results_csv(view: &BatchView) -> Result<String, UiError> {
    let fault = |_| say(Code::StationStopped, &[]);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(["line", "outcome", "serial", "postage", "reason"])
        .map_err(|_| fault(()))?;
    for row in &view.results {
        let postage = row.postage_mills.and_then(super::show::amount);
        writer
            .write_record([
                row.line.to_string().as_str(),
                &row.outcome,
                row.serial.as_deref().unwrap_or_default(),
                postage.as_deref().unwrap_or_default(),
                row.reason.as_deref().unwrap_or_default(),
            ])
            .map_err(|_| fault(()))?;
    }
    let bytes = writer.into_inner().map_err(|_| fault(()))?;
    String::from_utf8(bytes).map_err(|_| fault(()))
}

/// All printed is well; unknown pieces outweigh refused rows.
fn ended(view: &BatchView, results: &Path) -> Result<(), UiError> {
    let (rows, refused) = (view.rows.to_string(), view.refused.to_string());
    let (unknown, file) = (view.unknown.to_string(), results.display().to_string());
    let values = [
        ("rows", rows.as_str()),
        ("refused", &refused),
        ("unknown", &unknown),
        ("file", &file),
    ];
    if view.unknown > 0 {
        Err(say(Code::BatchUnknown, &values))
    } else if view.refused > 0 {
        Err(say(Code::BatchRefused, &values))
    } else {
        Ok(())
    }
}
