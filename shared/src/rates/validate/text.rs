//! The report as people read it.

use std::fmt;

use super::{Finding, Report, Severity};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let against = self.against.as_ref();
        let against = against.map_or_else(String::new, |before| format!(", held against {before}"));
        match (self.stops, self.look_at) {
            (0, 0) => write!(f, "{}{against}: nothing is odd.", self.edition)?,
            (0, look_at) => write!(f, "{}{against}: {look_at} to look at.", self.edition)?,
            (stops, look_at) => write!(
                f,
                "{}{against}: {stops} stop it, {look_at} to look at.",
                self.edition
            )?,
        }
        let rows: Vec<[String; 4]> = self.findings.iter().map(columns).collect();
        let width = |column: usize| {
            let lengths = rows.iter().map(|row| row[column].chars().count());
            lengths.max().unwrap_or(0)
        };
        let widths = [width(0), width(1), width(2)];
        for row in &rows {
            let [a, b, c, d] = row;
            let [wa, wb, wc] = widths;
            write!(f, "\n  {a:<wa$}  {b:<wb$}  {c:<wc$}  {d}")?;
        }
        let shown = self.findings.len();
        let left_out = (self.stops + self.look_at).saturating_sub(shown);
        if left_out > 0 {
            write!(f, "\n  and {left_out} more")?;
        }
        Ok(())
    }
}

fn columns(finding: &Finding) -> [String; 4] {
    let severity = match finding.severity {
        Severity::Stops => "stops",
        Severity::LookAt => "look at",
    };
    let mut place = finding.place.clone();
    if !finding.cells.is_empty() {
        place = format!("{place}, {}", finding.cells);
    }
    let mut words = finding.words.clone();
    if finding.count > 1 && !words.contains(" cells") {
        words = format!("{words} ({} cells)", finding.count);
    }
    if finding.severity == Severity::Stops && !finding.source.is_empty() {
        words = format!("{words} [{}]", finding.source);
    }
    [
        severity.to_owned(),
        finding.kind.word().to_owned(),
        place,
        words,
    ]
}
