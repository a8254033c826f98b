//! The connection doctor's findings as text.

use std::io::{self, Write};

use crate::api::{DoctorView, FindingOutcome};

pub(super) fn doctor(view: &DoctorView, out: &mut dyn Write) -> io::Result<()> {
    view.findings.iter().try_for_each(|finding| {
        let mark = match finding.outcome {
            FindingOutcome::Good => "ok    ",
            FindingOutcome::Notice => "notice",
            FindingOutcome::Fault => "FAULT ",
        };
        let took = finding
            .ms
            .map_or_else(String::new, |ms| format!(" ({ms} ms)"));
        writeln!(out, "{mark}  {}: {}{took}", finding.check, finding.message)?;
        if finding.hint.is_empty() {
            return Ok(());
        }
        writeln!(out, "        {}", finding.hint)
    })
}
