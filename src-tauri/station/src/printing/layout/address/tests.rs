use super::*;
use crate::printing::layout::samples::address_face;
use crate::printing::layout::tests::micrometres;
use crate::printing::raster::raster;

/// The bars of a picture by the rule that judges use: what is dark in the upper and in the lower
/// end of a full bar. Also the columns of each bar and of the pitch.
fn read(label: &Label, dpi: Dpi) -> (String, Vec<usize>, Vec<usize>) {
    let image = raster(label, dpi);
    let bars: Vec<&Bars> = label
        .items()
        .iter()
        .filter_map(|item| match item {
            Item::Bars(bars) => Some(bars),
            Item::Text(_) | Item::Matrix(_) | Item::Rect(_) | Item::Image(_) => None,
        })
        .collect();
    let top = dpi.dots(bars[0].at.y);
    let bottom = dpi.dots(bars[2].at.y + bars[2].height);
    let middle = usize::midpoint(top, bottom);
    let (mut letters, mut starts, mut widths) = (String::new(), Vec::new(), Vec::new());
    let mut x = 0;
    while x < image.width() {
        if !image.black(x, middle) {
            x += 1;
            continue;
        }
        starts.push(x);
        let rows = (top..bottom).filter(|&y| image.black(x, y)).count();
        let reaches = (image.black(x, top), image.black(x, bottom - 1));
        letters.push(match reaches {
            (false, false) => 'T',
            (true, false) => 'A',
            (false, true) => 'D',
            (true, true) => 'F',
        });
        // No gap between the track and what sticks out of it.
        let (least, most) = match reaches {
            (false, false) => (991, 1_448),
            (true, true) => (3_175, 4_191),
            (true, false) | (false, true) => (2_083, 2_819),
        };
        assert!(
            (least..=most).contains(&micrometres(rows, dpi)),
            "{dpi:?}: {rows}"
        );
        let start = x;
        while image.black(x, middle) {
            x += 1;
        }
        widths.push(x - start);
    }
    (letters, starts, widths)
}

#[test]
fn the_barcode_is_within_the_standard_on_an_even_grid_at_every_resolution() {
    // Example 4 of USPS-B-3200.
    let wanted = "AADTFFDFTDADTAADAATFDTDDAAADDTDTTDAFADADDDTFFFDDTTTADFAAADFTDAADA";
    for stock in ["label-89x28", "label-4x6", "envelope-10", "roll-102"] {
        let stock = Stock::by_name(stock).unwrap();
        for dpi in [Dpi::D203, Dpi::D300, Dpi::D600] {
            let label = address_label(&address_face(), &stock, dpi).unwrap();
            let (letters, starts, widths) = read(&label, dpi);
            assert_eq!(letters, wanted, "{} {dpi:?}", stock.name);
            let um = |dots: usize| micrometres(dots, dpi);
            let pitches: Vec<usize> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(pitches.iter().all(|pitch| *pitch == pitches[0]), "{dpi:?}");
            assert!((1_058..=1_270).contains(&um(pitches[0])), "{dpi:?}");
            assert!(widths.iter().all(|width| *width == widths[0]), "{dpi:?}");
            assert!((381..=635).contains(&um(widths[0])), "{dpi:?}");
            let length = um(starts[64] + widths[64] - starts[0]);
            assert!((67_742..=81_915).contains(&length), "{dpi:?}: {length}");
            let clear = um(starts[0]).min(um(dpi.dots(stock.width) - starts[64] - widths[64]));
            assert!(clear >= 3_175, "{} {dpi:?}: {clear}", stock.name);
        }
    }
}

#[test]
fn a_barcode_that_is_longer_than_the_paper_is_refused() {
    let roll = Stock::by_name("roll-62").unwrap();
    let refusal = address_label(&address_face(), &roll, Dpi::D300).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the barcode does not fit on the roll 62 mm"
    );
    let ticket = Stock::by_name("ticket-2x7").unwrap();
    let refusal = address_label(&address_face(), &ticket, Dpi::D300).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "an address is not printed on the ticket 2×7 in"
    );
}

#[test]
fn lines_keep_clear_of_the_barcode() {
    let stock = Stock::by_name("label-89x28").unwrap();
    let face = AddressFace {
        lines: vec!["Minnie Ellsworth, jr.".to_owned(); 5],
        ..address_face()
    };
    let label = address_label(&face, &stock, Dpi::D300).unwrap();
    let image = raster(&label, Dpi::D300);
    let bars = label.items().iter().find_map(|item| match item {
        Item::Bars(bars) => Some(bars.at.y),
        Item::Text(_) | Item::Matrix(_) | Item::Rect(_) | Item::Image(_) => None,
    });
    let (top, clear) = (Dpi::D300.dots(bars.unwrap()), Dpi::D300.dots(IMB_CLEAR.0));
    for y in top - clear..top {
        assert!((0..image.width()).all(|x| !image.black(x, y)), "row {y}");
    }
}
