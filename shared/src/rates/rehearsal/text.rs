//! The rehearsal as people read it.

use std::fmt;

use super::Rehearsal;

impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} replaces {} on {}.",
            self.edition, self.against, self.effective
        )?;
        let (from, to) = (self.from, self.to);
        if self.pieces == 0 && self.holes.is_empty() {
            write!(
                f,
                "No piece that was printed from {from} to {to} can be compared."
            )?;
        } else {
            write!(
                f,
                "{} pieces like those of {from} to {to} cost {} instead of {} ({}); the price of {} \
                 changes.",
                self.pieces,
                self.after_mills,
                self.before_mills,
                self.difference_mills,
                self.changed
            )?;
        }
        self.table(f)?;
        for hole in &self.holes {
            write!(
                f,
                "\n  no price any more: {} x {}: {}",
                hole.pieces, hole.what, hole.reason
            )?;
        }
        if self.left_out > 0 {
            write!(f, "\n  and {} more kinds of pieces", self.left_out)?;
        }
        let outside = [
            (
                self.not_understood,
                "no cells of their edition add up to what they paid".to_owned(),
            ),
            (
                self.unknown,
                "their edition is not here, or no edition prices their kind".to_owned(),
            ),
            (
                self.not_priced,
                format!("{} has no price for them", self.against),
            ),
        ];
        for (pieces, why) in outside.iter().filter(|(pieces, _)| *pieces > 0) {
            write!(f, "\n  {pieces} more pieces are in no sum: {why}")?;
        }
        Ok(())
    }
}

impl Rehearsal {
    /// The kinds of pieces whose price changes, the biggest change first.
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["pieces", "each now", "then", "change", "all", "what"].map(str::to_owned);
        let rows = self.lines.iter().map(|line| {
            [
                line.pieces.to_string(),
                line.before_mills.to_string(),
                line.after_mills.to_string(),
                line.each_mills.to_string(),
                line.all_mills.to_string(),
                line.what.clone(),
            ]
        });
        let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
        if self.lines.is_empty() {
            return Ok(());
        }
        let width = |column: usize| {
            let lengths = rows.iter().map(|row| row[column].chars().count());
            lengths.max().unwrap_or(0)
        };
        let widths = [width(0), width(1), width(2), width(3), width(4)];
        for [a, b, c, d, e, what] in &rows {
            let [wa, wb, wc, wd, we] = widths;
            write!(
                f,
                "\n  {a:>wa$}  {b:>wb$}  {c:>wc$}  {d:>wd$}  {e:>we$}  {what}"
            )?;
        }
        Ok(())
    }
}
