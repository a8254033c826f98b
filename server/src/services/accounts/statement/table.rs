//! The statement as CSV (RFC 4180): one line a movement, a cost centre, a station and a sum.

use shared::money::Mills;

use super::{Statement, signed};

/// Characters that make a spreadsheet take a text for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The heads of the columns.
const HEADS: [&str; 7] = [
    "section",
    "date",
    "kind",
    "reference",
    "pieces",
    "amount",
    "surcharge",
];

/// One line: section, date, kind, reference, pieces, amount, surcharge.
#[derive(Default)]
struct Row<'a> {
    section: &'a str,
    date: String,
    kind: &'a str,
    reference: &'a str,
    pieces: Option<u64>,
    amount: String,
    surcharge: String,
}

impl Row<'_> {
    fn line(&self) -> String {
        line(&[
            self.section,
            &self.date,
            self.kind,
            &guarded(self.reference),
            &self
                .pieces
                .map(|pieces| pieces.to_string())
                .unwrap_or_default(),
            &self.amount,
            &self.surcharge,
        ])
    }
}

/// Writes a statement; amounts have a point, whatever the country.
#[must_use]
pub fn csv(statement: &Statement) -> String {
    let mut text = line(&HEADS);
    for row in money(statement)
        .chain(postage(statement))
        .chain(stations(statement))
    {
        text.push_str(&row.line());
    }
    text
}

fn money(statement: &Statement) -> impl Iterator<Item = Row<'_>> {
    let sum = |section, kind, mills| Row {
        section,
        date: statement.month.to_string(),
        kind,
        amount: signed(mills),
        ..Row::default()
    };
    let opening = sum("balance", "opening", statement.opening);
    let movements = statement.movements.iter().map(|movement| Row {
        section: "movement",
        date: shared::clock::civil_date(movement.at).to_string(),
        kind: &movement.kind,
        reference: &movement.reference,
        amount: signed(movement.amount),
        ..Row::default()
    });
    let sums = [
        sum("sum", "deposits", statement.deposits),
        sum("sum", "refills", statement.refills),
        sum("sum", "refunds", statement.refunds),
        sum("sum", "others", statement.others),
        sum("balance", "closing", statement.closing),
    ];
    std::iter::once(opening).chain(movements).chain(sums)
}

fn postage(statement: &Statement) -> impl Iterator<Item = Row<'_>> {
    let row = |section, reference, pieces, postage: Mills, surcharge: Mills| Row {
        section,
        date: statement.month.to_string(),
        kind: "postage",
        reference,
        pieces: Some(pieces),
        amount: postage.to_string(),
        surcharge: surcharge.to_string(),
    };
    let centres = statement.centres.iter().map(move |centre| {
        let (postage, surcharge) = (centre.postage, centre.surcharge);
        row(
            "cost centre",
            &centre.centre,
            centre.pieces,
            postage,
            surcharge,
        )
    });
    let (postage, surcharges) = (statement.postage, statement.surcharges);
    let sum = row("sum", "", statement.pieces, postage, surcharges);
    centres.chain(std::iter::once(sum))
}

fn stations(statement: &Statement) -> impl Iterator<Item = Row<'_>> {
    statement.stations.iter().flat_map(|station| {
        let row = |kind, amount: Mills| Row {
            section: "station",
            date: statement.month.to_string(),
            kind,
            reference: &station.psd_text,
            amount: amount.to_string(),
            ..Row::default()
        };
        [
            row("ascending register", station.stated),
            row("reported", station.reported),
        ]
    })
}

/// A text that no spreadsheet takes for a formula: references come from banks and stations.
fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|text| {
            if text.contains(['"', ',', '\r', '\n']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                (*text).to_owned()
            }
        })
        .collect();
    format!("{}\r\n", cells.join(","))
}
