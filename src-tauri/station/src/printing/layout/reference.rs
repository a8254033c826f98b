//! The reference label of the benchmarks: 4×6 in, FIM D, a 44×44 symbol at 0.5 mm from 142 fixed
//! bytes, 14 fixed lines of text, 2 rules. Its definition is the file `reference_label.json`, so
//! that a figure of today can be held against one of years ago.

use std::sync::LazyLock;

use serde::Deserialize;

use super::fim_d;
use crate::printing::fonts::Face;
use crate::printing::label::{Align, Item, Label, Matrix, Point, Rect, Text};
use crate::printing::symbol::Symbol;
use crate::printing::units::Um;

/// The file, in micrometres and tenths of points.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    width: Um,
    height: Um,
    symbol_hex: String,
    symbol_at: [Um; 2],
    module: Um,
    lines: Vec<Line>,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    face: Face,
    tenth_points: u32,
    at: [Um; 2],
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    at: [Um; 2],
    width: Um,
    height: Um,
}

static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../assets/reference_label.json"))
        .expect("the committed definition parses, as every test run shows")
});

/// The 142 bytes of the reference label's symbol.
#[must_use]
pub fn reference_bytes() -> Vec<u8> {
    hex::decode(&DEFINITION.symbol_hex).expect("a test decodes the committed bytes")
}

/// The reference label, with this symbol in the place of its own.
#[must_use]
pub fn reference_label(symbol: &Symbol) -> Label {
    let definition = &*DEFINITION;
    let point = |[x, y]: [Um; 2]| Point { x, y };
    let mut items = vec![
        Item::Bars(fim_d(definition.width)),
        Item::Matrix(Matrix {
            symbol: symbol.clone(),
            at: point(definition.symbol_at),
            module: definition.module,
        }),
    ];
    items.extend(definition.lines.iter().map(|line| {
        Item::Text(Text {
            face: line.face,
            size: Um::tenth_points(line.tenth_points),
            at: point(line.at),
            align: Align::Left,
            text: line.text.clone(),
        })
    }));
    items.extend(definition.rules.iter().map(|rule| {
        Item::Rect(Rect {
            at: point(rule.at),
            width: rule.width,
            height: rule.height,
        })
    }));
    let mut label = Label::new(definition.width, definition.height)
        .expect("a test draws the committed definition");
    label
        .add(items)
        .expect("a test draws the committed definition");
    label
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printing::raster::raster;
    use crate::printing::self_read::self_read;
    use crate::printing::symbol;
    use crate::printing::units::Dpi;

    #[test]
    fn the_reference_label_is_what_the_contract_says() {
        let bytes = reference_bytes();
        assert_eq!(bytes.len(), 142);
        let symbol = symbol::encode(&bytes).unwrap();
        assert_eq!(symbol.side(), 44);
        let label = reference_label(&symbol);
        let inches = (Um::inches(4, 1), Um::inches(6, 1));
        assert_eq!((label.width(), label.height()), inches);
        assert_eq!(label.lines().count(), 14);
        let rules = label
            .items()
            .iter()
            .filter(|item| matches!(item, Item::Rect(_)));
        assert_eq!(rules.count(), 2);
        for dpi in [Dpi::D203, Dpi::D300] {
            assert_eq!(self_read(&raster(&label, dpi), &bytes), Ok(()));
        }
    }
}
