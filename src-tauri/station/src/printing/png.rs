//! The raster as a PNG of one bit per dot, with its resolution.

use super::bits::BitImage;
use super::units::Dpi;

/// Why no PNG came about.
#[derive(Debug, thiserror::Error)]
#[error("encode a raster of {width} by {height} dots as PNG")]
pub struct PngFault {
    width: usize,
    height: usize,
    #[source]
    source: png::EncodingError,
}

/// Encodes a raster; the file states its size in `pHYs`, so that a viewer at "actual size" prints
/// it true.
///
/// # Errors
/// [`PngFault`] when the picture has no dots.
pub fn png(image: &BitImage, dpi: Dpi) -> Result<Vec<u8>, PngFault> {
    encode(image, dpi).map_err(|source| PngFault {
        width: image.width(),
        height: image.height(),
        source,
    })
}

fn encode(image: &BitImage, dpi: Dpi) -> Result<Vec<u8>, png::EncodingError> {
    let side = |dots: usize| u32::try_from(dots).unwrap_or(u32::MAX);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side(image.width()), side(image.height()));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: dpi.dots_per_metre(),
        yppu: dpi.dots_per_metre(),
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    // In PNG a bit of 1 is white.
    let inverted: Vec<u8> = image.bytes().iter().map(|byte| !byte).collect();
    writer.write_image_data(&inverted)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raster_reads_back_dot_by_dot_with_its_resolution() {
        let mut image = BitImage::white(21, 9);
        for dot in (0..21 * 9).step_by(4) {
            image.set(dot % 21, dot / 21, true);
        }
        let file = png(&image, Dpi::D300).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file))
            .read_info()
            .unwrap();
        let dims = reader.info().pixel_dims.unwrap();
        assert_eq!((dims.xppu, dims.unit), (11_811, png::Unit::Meter));
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        for y in 0..9 {
            for x in 0..21 {
                let white = bytes[y * 3 + x / 8] & (0x80 >> (x % 8)) != 0;
                assert_eq!(white, !image.black(x, y), "{x},{y}");
            }
        }
    }

    #[test]
    fn a_picture_without_dots_is_refused() {
        assert!(png(&BitImage::white(0, 5), Dpi::D203).is_err());
    }
}
