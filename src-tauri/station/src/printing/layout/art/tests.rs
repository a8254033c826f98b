use proptest::prelude::*;

use super::*;
use crate::printing::art::Logo;
use crate::printing::layout::indicium::indicium_label;
use crate::printing::layout::samples::{PIECE_BYTES, art, piece_face};
use crate::printing::raster::raster;
use crate::printing::symbol;

/// A black logo from a picture of these sides.
fn logo(width: u32, height: u32) -> Logo {
    let picture = image::GrayImage::from_pixel(width, height, image::Luma([0]));
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut file, image::ImageFormat::Png)
        .unwrap();
    Logo::from_png(file.get_ref()).unwrap()
}

fn pieces() -> Vec<Stock> {
    let stocks = Stock::all().iter().copied();
    stocks.filter(|stock| stock.piece.is_some()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_dark_dot_of_art_lies_in_the_clear_zone_or_on_the_facing_mark(
        width in 1u32..900, height in 1u32..900,
        slogan in "[ -~]{0,40}", message in "[A-Za-z ]{0,60}", place in 0usize..8, dpi in 0usize..3,
    ) {
        let stock = pieces()[place % pieces().len()];
        let dpi = [Dpi::D203, Dpi::D300, Dpi::D600][dpi];
        let art = OfficeArt { logo: Some(logo(width, height)), slogan, message };
        let symbol = symbol::encode(&PIECE_BYTES).unwrap();
        let [with, without] = [Some(&art), None].map(|art| {
            raster(&indicium_label(&piece_face(), art, &symbol, stock, dpi).unwrap(), dpi)
        });
        let zone = ClearZone::of(&stock.piece.unwrap(), stock.width);
        let (left, bottom) = (dpi.dots(zone.left()), dpi.dots(zone.bottom()));
        for y in 0..bottom {
            for x in left..with.width() {
                prop_assert_eq!(with.black(x, y), without.black(x, y), "{} {},{}", stock.name, x, y);
            }
        }
    }
}

#[test]
fn art_is_printed_on_every_stock_of_pieces() {
    let symbol = symbol::encode(&PIECE_BYTES).unwrap();
    assert_eq!(check_art(&art()), Ok(()));
    for stock in pieces() {
        let label = indicium_label(&piece_face(), Some(&art()), &symbol, stock, Dpi::D203);
        let label = label.unwrap();
        let mut items = label.items().iter();
        assert!(
            items.any(|item| matches!(item, Item::Image(_))),
            "{}",
            stock.name
        );
        let said: Vec<&str> = label.lines().collect();
        assert!(
            said.join(" ").contains("Seeds that grow since 1911"),
            "{}",
            stock.name
        );
    }
}

#[test]
fn the_largest_logo_has_room_for_some_text_everywhere() {
    for (width, height) in [(500, 300), (2_000, 10), (10, 2_000)] {
        let art = OfficeArt {
            logo: Some(logo(width, height)),
            ..art()
        };
        assert_eq!(check_art(&art), Ok(()), "{width}x{height}");
    }
}

#[test]
fn art_that_fits_nowhere_is_refused_by_its_part() {
    for (slogan, message, part) in [
        (
            "W".repeat(40),
            String::new(),
            "the slogan does not fit on the ",
        ),
        (
            String::new(),
            "W".repeat(60),
            "the private message does not fit on the ",
        ),
        (
            "Сеялка".to_owned(),
            String::new(),
            "the slogan has the character С (U+0421)",
        ),
    ] {
        let art = OfficeArt {
            slogan,
            message,
            ..OfficeArt::default()
        };
        let refusal = check_art(&art).unwrap_err().to_string();
        assert!(refusal.starts_with(part), "{refusal}");
    }
}
