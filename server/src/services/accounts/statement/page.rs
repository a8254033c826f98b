//! The statement as a PDF of US letter pages.

use printpdf::{
    BuiltinFont, Color, Greyscale, Line, LinePoint, Op, PdfDocument, PdfFontHandle, PdfPage,
    PdfSaveOptions, Point, Pt, TextItem, TextMatrix,
};

use super::{Statement, signed};

/// Width and height of US letter, points.
const PAPER: (f32, f32) = (612.0, 792.0);

/// What stays white around everything, points.
const MARGIN: f32 = 54.0;

/// From one line to the next, points.
const LEADING: f32 = 14.0;

/// Where the last line of a page may stand: below is its number.
const LAST_LINE: f32 = MARGIN + 20.0;

/// Body text, points.
const BODY: f32 = 9.5;

/// Right edges of the columns of pieces, amounts and surcharges.
const COLUMNS: [f32; 3] = [400.0, 480.0, PAPER.0 - MARGIN];

/// The most characters of a text in a line, so that it stays left of the columns.
const TEXT_CHARS: usize = 56;

/// Widths of the characters amounts are made of in Helvetica, thousandths of the size.
const fn width_of(letter: char) -> f32 {
    match letter {
        '.' | ',' => 278.0,
        '-' => 333.0,
        _ => 556.0,
    }
}

/// Draws a statement.
#[must_use]
pub fn pdf(statement: &Statement) -> Vec<u8> {
    let title = format!("Statement of {} for {}", statement.name, statement.month);
    let mut sheet = Sheet::new(&title);
    head(&mut sheet, statement);
    money(&mut sheet, statement);
    postage(&mut sheet, statement);
    stations(&mut sheet, statement);
    sheet.finish(&title)
}

fn head(sheet: &mut Sheet, statement: &Statement) {
    sheet.text(MARGIN, 18.0, true, "Statement of account");
    sheet.down(1.6);
    sheet.text(MARGIN, 12.0, true, &statement.name);
    sheet.down(1.2);
    let made = shared::clock::civil_date(statement.made);
    let state = if statement.preliminary {
        ", preliminary: the month is not over"
    } else {
        ""
    };
    for line in [
        format!("Month {} (UTC), made {made}{state}", statement.month),
        format!("Account {}", statement.account),
        format!("Please name {} on payments", statement.payment_reference),
    ] {
        sheet.text(MARGIN, BODY, false, &line);
        sheet.down(1.0);
    }
    sheet.down(1.0);
}

fn money(sheet: &mut Sheet, statement: &Statement) {
    sheet.section("Money", ["", "", "Amount"]);
    sheet.row(
        "Balance at the beginning",
        [None, None, Some(signed(statement.opening))],
    );
    for movement in &statement.movements {
        let day = shared::clock::civil_date(movement.at);
        let text = format!("{day}  {}  {}", words(&movement.kind), movement.reference);
        sheet.row(&text, [None, None, Some(signed(movement.amount))]);
    }
    sheet.rule();
    for (name, mills) in [
        ("Deposits", statement.deposits),
        ("Refills of vaults", statement.refills),
        ("Refunds", statement.refunds),
        ("Other movements", statement.others),
        ("Balance at the end", statement.closing),
    ] {
        sheet.row(name, [None, None, Some(signed(mills))]);
    }
    sheet.down(1.0);
}

/// What people call a kind of movement.
fn words(kind: &str) -> &str {
    match kind {
        "grant" => "refill",
        other => other,
    }
}

fn postage(sheet: &mut Sheet, statement: &Statement) {
    sheet.section("Postage by cost centre", ["Pieces", "Postage", "Surcharge"]);
    for centre in &statement.centres {
        let name = if centre.centre.is_empty() {
            "without a cost centre"
        } else {
            &centre.centre
        };
        let cells = [
            Some(centre.pieces.to_string()),
            Some(centre.postage.to_string()),
            Some(centre.surcharge.to_string()),
        ];
        sheet.row(name, cells);
    }
    sheet.rule();
    let cells = [
        Some(statement.pieces.to_string()),
        Some(statement.postage.to_string()),
        Some(statement.surcharges.to_string()),
    ];
    sheet.row("Together", cells);
    sheet.text(
        MARGIN,
        BODY - 1.0,
        false,
        "Postage was paid when vaults were refilled; surcharges are for the books of the organisation.",
    );
    sheet.down(2.0);
}

fn stations(sheet: &mut Sheet, statement: &Statement) {
    sheet.section(
        "Stations, since their first piece",
        ["", "Register", "Reported"],
    );
    for station in &statement.stations {
        let cells = [
            None,
            Some(station.stated.to_string()),
            Some(station.reported.to_string()),
        ];
        sheet.row(&station.psd_text, cells);
    }
    let verdict = if statement.is_reconciled() {
        "Every station has reported its pieces to the mill."
    } else {
        "A station reported another sum than its ascending register: its next contact brings the rest."
    };
    sheet.text(MARGIN, BODY, false, verdict);
}

/// Pages that are filled from top to bottom.
struct Sheet {
    pages: Vec<Vec<Op>>,
    operations: Vec<Op>,
    y: f32,
    title: String,
}

impl Sheet {
    fn new(title: &str) -> Self {
        let black = Color::Greyscale(Greyscale::new(0.0, None));
        Self {
            pages: Vec::new(),
            operations: vec![
                Op::SetFillColor { col: black.clone() },
                Op::SetOutlineColor { col: black },
            ],
            y: PAPER.1 - MARGIN - 6.0,
            title: title.to_owned(),
        }
    }

    /// Moves down by so many lines; the next page begins where this one ends.
    fn down(&mut self, lines: f32) {
        self.y -= LEADING * lines;
        if self.y < LAST_LINE {
            self.break_page();
        }
    }

    fn break_page(&mut self) {
        let next = Self::new(&self.title);
        let full = std::mem::replace(&mut self.operations, next.operations);
        self.pages.push(full);
        self.y = next.y;
        let title = self.title.clone();
        self.text(MARGIN, BODY, false, &title);
        self.y -= LEADING * 2.0;
    }

    fn text(&mut self, x: f32, size: f32, bold: bool, text: &str) {
        let font = if bold {
            BuiltinFont::HelveticaBold
        } else {
            BuiltinFont::Helvetica
        };
        self.operations.extend([
            Op::StartTextSection,
            Op::SetFont {
                font: PdfFontHandle::Builtin(font),
                size: Pt(size),
            },
            Op::SetTextMatrix {
                matrix: TextMatrix::Translate(Pt(x), Pt(self.y)),
            },
            Op::ShowText {
                items: vec![TextItem::Text(latin(text))],
            },
            Op::EndTextSection,
        ]);
    }

    /// A text that ends at `right`: digits, points and signs only.
    fn amount(&mut self, right: f32, text: &str) {
        let width: f32 = text.chars().map(width_of).sum();
        self.text(right - width * BODY / 1_000.0, BODY, false, text);
    }

    fn section(&mut self, title: &str, columns: [&str; 3]) {
        // A heading does not stand alone at the end of a page.
        if self.y < LAST_LINE + LEADING * 3.0 {
            self.break_page();
        }
        self.text(MARGIN, 11.0, true, title);
        for (right, column) in COLUMNS.into_iter().zip(columns) {
            if !column.is_empty() {
                self.text(right - 46.0, BODY - 1.0, false, column);
            }
        }
        self.y -= 5.0;
        self.line();
        self.y -= LEADING - 1.0;
    }

    fn row(&mut self, text: &str, cells: [Option<String>; 3]) {
        let text: String = text.chars().take(TEXT_CHARS).collect();
        self.text(MARGIN, BODY, false, &text);
        for (right, cell) in COLUMNS.into_iter().zip(cells) {
            if let Some(cell) = cell {
                self.amount(right, &cell);
            }
        }
        self.down(1.0);
    }

    fn rule(&mut self) {
        self.y += LEADING - 4.0;
        self.line();
        self.y -= LEADING - 1.0;
        self.down(0.0);
    }

    fn line(&mut self) {
        let point = |x| LinePoint {
            p: Point {
                x: Pt(x),
                y: Pt(self.y),
            },
            bezier: false,
        };
        let line = Line {
            points: vec![point(MARGIN), point(PAPER.0 - MARGIN)],
            is_closed: false,
        };
        self.operations
            .push(Op::SetOutlineThickness { pt: Pt(0.5) });
        self.operations.push(Op::DrawLine { line });
    }

    fn finish(mut self, title: &str) -> Vec<u8> {
        let last = std::mem::take(&mut self.operations);
        self.pages.push(last);
        let count = self.pages.len();
        let pages = std::mem::take(&mut self.pages);
        let mut document = PdfDocument::new(&latin(title));
        document.metadata.info.producer = "Pennyblack".to_owned();
        let pages = (1..).zip(pages).map(|(number, operations): (usize, _)| {
            self.operations = operations;
            self.y = MARGIN - 12.0;
            self.text(
                MARGIN,
                BODY - 1.5,
                false,
                &format!("Page {number} of {count}"),
            );
            let operations = std::mem::take(&mut self.operations);
            PdfPage::new(Pt(PAPER.0).into(), Pt(PAPER.1).into(), operations)
        });
        let pages = pages.collect();
        document.with_pages(pages);
        document.save(&PdfSaveOptions::default(), &mut Vec::new())
    }
}

/// The built-in typefaces know Latin-1; other letters show as a question mark.
fn latin(text: &str) -> String {
    text.chars()
        .map(|letter| {
            let is_known = u32::from(letter) < 0x100 && !letter.is_control();
            if is_known { letter } else { '?' }
        })
        .collect()
}
