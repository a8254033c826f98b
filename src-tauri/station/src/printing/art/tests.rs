use image::{GrayAlphaImage, LumaA, RgbImage};

use super::*;

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut file), ImageFormat::Png)
        .unwrap();
    file
}

/// A ramp from black to white, `width` by `height`.
fn ramp(width: u32, height: u32) -> Vec<u8> {
    let picture = image::GrayImage::from_fn(width, height, |x, _| {
        Luma([u8::try_from(x * 255 / width).unwrap()])
    });
    png(&picture.into())
}

#[test]
fn a_logo_keeps_its_proportions_within_its_largest_size_at_every_resolution() {
    for (width, height) in [
        (400, 100),
        (100, 400),
        (1, 1),
        (3_000, 1),
        (1, 3_000),
        (200, 120),
    ] {
        let black = image::GrayImage::from_pixel(width, height, Luma([0]));
        let logo = Logo::from_png(&png(&black.into())).unwrap();
        for dpi in RESOLUTIONS {
            let picture = logo.picture(dpi);
            let (most_wide, most_high) = (dpi.dots(MAX_LOGO.0), dpi.dots(MAX_LOGO.1));
            assert!(picture.width() <= most_wide && picture.height() <= most_high);
            assert!(picture.width() == most_wide || picture.height() == most_high);
            assert_eq!(picture.black_dots(), picture.width() * picture.height());
        }
    }
}

#[test]
fn greys_are_dithered_from_black_to_white() {
    let logo = Logo::from_png(&ramp(255, 100)).unwrap();
    for dpi in RESOLUTIONS {
        let picture = logo.picture(dpi);
        let share = |from: usize, to: usize| {
            let columns = picture.width() * from / 8..picture.width() * to / 8;
            let black = columns
                .clone()
                .flat_map(|x| (0..picture.height()).map(move |y| (x, y)))
                .filter(|&(x, y)| picture.black(x, y))
                .count();
            black * 100 / (columns.len() * picture.height())
        };
        assert!(share(0, 1) > 85, "{dpi:?}");
        assert!((40..60).contains(&share(3, 5)), "{dpi:?}: {}", share(3, 5));
        assert!(share(7, 8) < 15, "{dpi:?}");
    }
}

#[test]
fn what_is_transparent_is_white() {
    let picture = GrayAlphaImage::from_fn(100, 60, |x, _| LumaA([0, if x < 50 { 255 } else { 0 }]));
    let logo = Logo::from_png(&png(&picture.into())).unwrap();
    let picture = logo.picture(Dpi::D300);
    assert!(picture.black(10, 10) && !picture.black(picture.width() - 10, 10));
    let nothing = GrayAlphaImage::from_pixel(100, 60, LumaA([0, 0]));
    let refusal = Logo::from_png(&png(&nothing.into())).unwrap_err();
    assert_eq!(refusal.to_string(), "nothing of the picture would be black");
}

#[test]
fn what_is_no_picture_or_too_large_is_refused() {
    let too_wide = png(&RgbImage::new(MAX_FILE_SIDE + 1, 1).into());
    let whole = ramp(40, 40);
    for bad in [
        &too_wide,
        b"GIF89a".as_slice(),
        b"",
        &whole[..whole.len() / 2],
    ] {
        assert!(matches!(Logo::from_png(bad), Err(LogoRefusal::NotRead(_))));
    }
    let long = vec![0; MAX_FILE_BYTES + 1];
    assert!(matches!(
        Logo::from_png(&long),
        Err(LogoRefusal::TooLong(_))
    ));
}

#[test]
fn art_is_read_back_and_damaged_or_later_art_is_not() {
    let art = OfficeArt {
        logo: Some(Logo::from_png(&ramp(64, 40)).unwrap()),
        slogan: "Seeds since 1911".to_owned(),
        message: "Personal".to_owned(),
    };
    let bytes = art.bytes();
    assert_eq!(OfficeArt::from_bytes(&bytes), Some(art));
    assert_eq!(OfficeArt::from_bytes(&bytes[..bytes.len() - 1]), None);
    let mut later = bytes;
    assert_eq!(later[1..3], [1, VERSION]);
    later[2] += 1;
    assert_eq!(OfficeArt::from_bytes(&later), None);
    assert!(OfficeArt::default().is_empty());
}

#[test]
fn the_largest_art_is_small_enough_for_a_setting() {
    let art = OfficeArt {
        logo: Some(Logo::from_png(&ramp(400, 240)).unwrap()),
        slogan: "W".repeat(MAX_SLOGAN_CHARS),
        message: "W".repeat(MAX_MESSAGE_CHARS),
    };
    assert!(art.bytes().len() < 25_000, "{}", art.bytes().len());
}
