//! The label as a vector PDF: real text in embedded fonts, the symbol as one path.
//!
//! Modules are merged into runs of a row and all runs into a single path of rectangles, so that no
//! viewer draws hairlines between them. Text stays text: `SPECIMEN` can be searched for and copied.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use printpdf::{
    Color, CurTransMat, DictItem, FontId, Greyscale, Op, ParsedFont, PdfDocument, PdfFont,
    PdfFontHandle, PdfPage, PdfSaveOptions, Pt, TextItem, TextMatrix,
};

use super::fonts::{self, Face};
use super::label::{Align, Item, Label, Point, Rect, Text};
use super::units::Um;

/// About as many bytes as a label has with all fonts.
const MOST_BYTES: usize = 100_000;

/// Draws a label as a PDF of one page; `title` is what viewers show in their title bar.
#[must_use]
pub fn pdf(label: &Label, title: &str) -> Vec<u8> {
    let mut document = PdfDocument::new(title);
    document.metadata.info.producer = "Pennyblack".to_owned();
    let faces: BTreeSet<Face> = label.items().iter().filter_map(face_of).collect();
    for face in faces {
        let font = PdfFont::new(parsed(face).clone());
        document.resources.fonts.map.insert(font_id(face), font);
    }
    let page = PdfPage::new(
        Pt(label.width().points()).into(),
        Pt(label.height().points()).into(),
        operations(label),
    );
    document.with_pages(vec![page]);
    let mut warnings = Vec::new();
    let options = PdfSaveOptions {
        // Rectangles are operators that the crate has no name for; all of them are ours.
        secure: false,
        ..PdfSaveOptions::default()
    };
    let mut file = document.to_lopdf_document(&options, &mut warnings);
    for object in file.objects.values_mut() {
        // What has a filter already is not packed again.
        if let Ok(stream) = object.as_stream_mut()
            && let Some(packed) = packed(&stream.content)
        {
            stream.dict.set("Filter", "FlateDecode");
            stream.set_content(packed.to_vec());
        }
    }
    file.compress();
    let mut bytes = Vec::with_capacity(MOST_BYTES);
    // A vector takes whatever is written.
    drop(file.save_to(&mut bytes));
    bytes
}

/// One of the embedded fonts as it stands in a file. Packing fonts costs more than all the rest of a
/// label, and they are the same in every file, so it is done once.
fn packed(content: &[u8]) -> Option<&'static [u8]> {
    let face = Face::ALL
        .into_iter()
        .position(|face| face.file() == content)?;
    PACKED.get(face).map(Vec::as_slice)
}

static PACKED: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
    Face::ALL.map(|face| {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        drop(zlib.write_all(face.file()));
        zlib.finish().unwrap_or_default()
    })
});

fn face_of(item: &Item) -> Option<Face> {
    match item {
        Item::Text(text) => Some(text.face),
        Item::Matrix(_) | Item::Bars(_) | Item::Rect(_) | Item::Image(_) => None,
    }
}

fn font_id(face: Face) -> FontId {
    let name = match face {
        Face::Regular => "Inter-Regular",
        Face::SemiBold => "Inter-SemiBold",
        Face::ExtraBold => "Inter-ExtraBold",
        Face::Mono => "B612Mono-Regular",
    };
    FontId(name.to_owned())
}

static PARSED: LazyLock<[ParsedFont; 4]> = LazyLock::new(|| Face::ALL.map(parse));

fn parse(face: Face) -> ParsedFont {
    ParsedFont::from_bytes(face.file(), 0, &mut Vec::new())
        .expect("the embedded fonts parse, as every test run shows")
}

fn parsed(face: Face) -> &'static ParsedFont {
    match face {
        Face::Regular => &PARSED[0],
        Face::SemiBold => &PARSED[1],
        Face::ExtraBold => &PARSED[2],
        Face::Mono => &PARSED[3],
    }
}

fn operations(label: &Label) -> Vec<Op> {
    let black = Color::Greyscale(Greyscale::new(0.0, None));
    let mut operations = vec![Op::SetFillColor { col: black }];
    for item in label.items() {
        match item {
            Item::Text(text) => operations.extend(text_operations(text, label.height())),
            Item::Matrix(matrix) => operations.extend(grid(
                (matrix.symbol.side(), matrix.symbol.side()),
                matrix.at,
                matrix.module,
                label.height(),
                |row, column| matrix.symbol.row(row).get(column) == Some(&true),
            )),
            Item::Bars(bars) => {
                let positions = (0..).zip(&bars.pattern).filter(|(_, bar)| **bar);
                let rects = positions.map(|(position, _)| Rect {
                    at: Point {
                        x: bars.at.x + bars.pitch * position,
                        y: bars.at.y,
                    },
                    width: bars.bar,
                    height: bars.height,
                });
                operations.extend(path(rects, label.height()));
            }
            Item::Rect(rect) => operations.extend(path([*rect], label.height())),
            Item::Image(image) => operations.extend(grid(
                (image.bits.width(), image.bits.height()),
                image.at,
                image.dot,
                label.height(),
                |row, column| image.bits.black(column, row),
            )),
        }
    }
    operations
}

fn text_operations(text: &Text, label_height: Um) -> [Op; 5] {
    let width = fonts::width(text.face, text.size, &text.text);
    let left = match text.align {
        Align::Left => text.at.x,
        Align::Center => text.at.x - Um(width.0 / 2),
        Align::Right => text.at.x - width,
    };
    let base = label_height - text.at.y;
    [
        Op::StartTextSection,
        Op::SetFont {
            font: PdfFontHandle::External(font_id(text.face)),
            size: Pt(text.size.points()),
        },
        Op::SetTextMatrix {
            matrix: TextMatrix::Translate(Pt(left.points()), Pt(base.points())),
        },
        Op::ShowText {
            items: vec![TextItem::Text(text.text.clone())],
        },
        Op::EndTextSection,
    ]
}

/// The dark cells of a grid as one path. It is drawn in cells and not in points, so that every number
/// in it is a small whole one.
fn grid(
    (width, height): (usize, usize),
    at: Point,
    cell: Um,
    label_height: Um,
    dark: impl Fn(usize, usize) -> bool,
) -> Vec<Op> {
    let whole = |number: usize| DictItem::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let tall = cell * u32::try_from(height).unwrap_or(u32::MAX);
    let lower = label_height - at.y - tall;
    let (scale, x, y) = (cell.points(), at.x.points(), lower.points());
    let begin = [
        Op::SaveGraphicsState,
        Op::SetTransformationMatrix {
            matrix: CurTransMat::Raw([scale, 0.0, 0.0, scale, x, y]),
        },
    ];
    let mut operations = begin.to_vec();
    for row in 0..height {
        let from_below = whole(height - 1 - row);
        operations.extend(
            runs(width, |column| dark(row, column)).map(|(column, count)| {
                rectangle([
                    whole(column),
                    from_below.clone(),
                    whole(count),
                    DictItem::Int(1),
                ])
            }),
        );
    }
    if operations.len() == begin.len() {
        return Vec::new();
    }
    operations.extend([fill(), Op::RestoreGraphicsState]);
    operations
}

/// Where each run of dark cells in a row begins, and how many they are.
fn runs(width: usize, dark: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, usize)> {
    let mut column = 0;
    std::iter::from_fn(move || {
        while column < width && !dark(column) {
            column += 1;
        }
        let start = column;
        while column < width && dark(column) {
            column += 1;
        }
        (column > start).then_some((start, column - start))
    })
}

/// Filled rectangles as one path; PDF counts from the lower left corner.
fn path(rects: impl IntoIterator<Item = Rect>, label_height: Um) -> Vec<Op> {
    let mut operations: Vec<Op> = rects
        .into_iter()
        .map(|rect| {
            let lower = label_height - rect.at.y - rect.height;
            let sides = [rect.at.x, lower, rect.width, rect.height];
            rectangle(sides.map(|length| DictItem::Real(length.points())))
        })
        .collect();
    if !operations.is_empty() {
        operations.push(fill());
    }
    operations
}

/// Adds a rectangle to the path: left, lower, width, height.
fn rectangle(sides: [DictItem; 4]) -> Op {
    Op::Unknown {
        key: "re".to_owned(),
        value: sides.to_vec(),
    }
}

/// Fills the path.
fn fill() -> Op {
    Op::Unknown {
        key: "f".to_owned(),
        value: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_every_item_becomes_one_page_with_its_fonts_only() {
        let mut label = Label::new(Um::inches(4, 1), Um::inches(6, 1)).unwrap();
        label
            .add([Item::Text(Text {
                face: Face::Mono,
                size: Um::tenth_points(90),
                at: Point {
                    x: Um::mm(10),
                    y: Um::mm(10),
                },
                align: Align::Left,
                text: "ZZ010000000042-000007".to_owned(),
            })])
            .unwrap();
        let file = pdf(&label, "piece");
        assert!(file.starts_with(b"%PDF-"));
        let text = String::from_utf8_lossy(&file);
        assert!(text.contains("B612Mono-Regular"));
        assert!(!text.contains("Inter-Regular"));
        assert!(
            text.contains("288") && text.contains("432"),
            "4x6 in are 288x432 points"
        );
    }

    #[test]
    fn fonts_stand_in_a_file_as_they_were_packed_once() {
        for face in Face::ALL {
            let packed = packed(face.file()).unwrap();
            assert!(packed.len() < face.file().len());
            let mut unpacked = Vec::new();
            std::io::copy(&mut flate2::read::ZlibDecoder::new(packed), &mut unpacked).unwrap();
            assert_eq!(unpacked, face.file(), "{face:?}");
            let mut label = Label::new(Um::mm(50), Um::mm(50)).unwrap();
            label
                .add([Item::Text(Text {
                    face,
                    size: Um::tenth_points(90),
                    at: Point::default(),
                    align: Align::Left,
                    text: "A".to_owned(),
                })])
                .unwrap();
            let file = pdf(&label, "font");
            let found = file.windows(packed.len()).any(|window| window == packed);
            assert!(found, "{face:?}");
        }
        assert_eq!(packed(b"no font"), None);
    }

    #[test]
    fn neighbouring_modules_of_a_row_become_one_rectangle() {
        let of = |row: &str| -> Vec<(usize, usize)> {
            runs(row.len(), |column| row.as_bytes()[column] == b'#').collect()
        };
        assert_eq!(of("##.#"), [(0, 2), (3, 1)]);
        assert_eq!(of("...."), []);
        assert_eq!(of(".###"), [(1, 3)]);
    }
}
