//! What hinders a printer, in the words of IPP (RFC 8011, 5.4.11 and 5.4.12).

use super::message::Facts;
use crate::printing::status::Hindrance;

/// The numbers of a printer's states.
const PRINTER_PROCESSING: i32 = 4;
const PRINTER_STOPPED: i32 = 5;

/// What a printer is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It takes a job now.
    Ready,
    /// It is at another job.
    Busy,
    /// Something hinders it.
    Hindered(Hindrance),
}

/// What the printer's attributes say it is at.
pub(super) fn standing(printer: Facts<'_>) -> Standing {
    let state = printer.number("printer-state");
    let reasons = printer.words("printer-state-reasons");
    if let Some(hindrance) = reasons.into_iter().find_map(hindrance) {
        return Standing::Hindered(hindrance);
    }
    match state {
        Some(PRINTER_STOPPED) => Standing::Hindered(Hindrance::Offline),
        Some(PRINTER_PROCESSING) => Standing::Busy,
        Some(_) | None => Standing::Ready,
    }
}

/// How much a reason weighs, by the end of its word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Report,
    Warning,
    Error,
    Unsaid,
}

/// What a reason keeps the printer from. Missing paper and open covers keep it from printing also
/// where it only warns of them; reports keep it from nothing, but for the one by which CUPS says that
/// a printer is away.
fn hindrance(reason: &str) -> Option<Hindrance> {
    let (word, weight) = match reason.rsplit_once('-') {
        Some((word, "report")) => (word, Weight::Report),
        Some((word, "warning")) => (word, Weight::Warning),
        Some((word, "error")) => (word, Weight::Error),
        Some(_) | None => (reason, Weight::Unsaid),
    };
    let from_warning = weight != Weight::Report;
    let from_error = matches!(weight, Weight::Error | Weight::Unsaid);
    let (hindrance, holds) = match word {
        "offline" => (Hindrance::Offline, true),
        "media-empty" | "media-needed" => (Hindrance::PaperOut, from_warning),
        "media-jam" => (Hindrance::Jam, from_warning),
        "cover-open" | "door-open" | "interlock-open" | "input-tray-missing" => {
            (Hindrance::CoverOpen, from_warning)
        }
        "paused" | "moving-to-paused" => (Hindrance::Paused, from_warning),
        "toner-empty" | "marker-supply-empty" | "developer-empty" | "marker-waste-full" => {
            (Hindrance::InkOut, from_error)
        }
        "fuser-over-temp" | "fuser-under-temp" => (Hindrance::Temperature, from_error),
        "cutter-jam" | "trimmer-jam" => (Hindrance::Cutter, from_warning),
        "shutdown" | "timed-out" | "connecting-to-device" => (Hindrance::Offline, from_error),
        _ => (Hindrance::Error, weight == Weight::Error),
    };
    holds.then_some(hindrance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_hinders_by_its_word_and_its_weight() {
        for (reason, wanted) in [
            ("none", None),
            ("media-empty", Some(Hindrance::PaperOut)),
            ("media-empty-error", Some(Hindrance::PaperOut)),
            ("media-low-warning", None),
            ("media-empty-report", None),
            ("media-empty-warning", Some(Hindrance::PaperOut)),
            ("marker-supply-empty-warning", None),
            ("toner-low-report", None),
            ("toner-empty-error", Some(Hindrance::InkOut)),
            ("door-open", Some(Hindrance::CoverOpen)),
            ("offline-report", Some(Hindrance::Offline)),
            ("paused", Some(Hindrance::Paused)),
            ("something-new-error", Some(Hindrance::Error)),
            ("something-new", None),
        ] {
            assert_eq!(hindrance(reason), wanted, "{reason}");
        }
    }
}
