//! The typefaces of labels: embedded, measured in whole font units, drawn once per size.
//!
//! Never a font of the machine: what is printed for value must look the same everywhere. The files
//! and their licences stand in `assets/fonts`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::bits::BitImage;
use super::units::Um;

/// The most sizes kept drawn at once; a station uses about twenty. Beyond it the store of drawn
/// glyphs starts afresh.
const MAX_STRIKES: usize = 128;

/// Coverage from which a dot is burned: half of 255.
const BURN_COVERAGE: u8 = 128;

/// A typeface of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Face {
    /// Inter Regular: running text and addresses.
    Regular,
    /// Inter SemiBold: captions and markings.
    SemiBold,
    /// Inter ExtraBold: the amount.
    ExtraBold,
    /// B612 Mono: serial numbers, with a slashed zero.
    Mono,
}

impl Face {
    /// All faces.
    pub const ALL: [Self; 4] = [Self::Regular, Self::SemiBold, Self::ExtraBold, Self::Mono];

    /// The TrueType file.
    pub(crate) const fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../assets/fonts/Inter-Regular.ttf"),
            Self::SemiBold => include_bytes!("../../assets/fonts/Inter-SemiBold.ttf"),
            Self::ExtraBold => include_bytes!("../../assets/fonts/Inter-ExtraBold.ttf"),
            Self::Mono => include_bytes!("../../assets/fonts/B612Mono-Regular.ttf"),
        }
    }

    fn font(self) -> &'static Font {
        match self {
            Self::Regular => &FONTS[0],
            Self::SemiBold => &FONTS[1],
            Self::ExtraBold => &FONTS[2],
            Self::Mono => &FONTS[3],
        }
    }
}

/// A parsed font.
struct Font {
    outlines: fontdue::Font,
    units_per_em: u32,
    /// Advance widths in font units, by glyph.
    advances: Vec<u32>,
}

static FONTS: LazyLock<[Font; 4]> = LazyLock::new(|| Face::ALL.map(parse));

fn parse(face: Face) -> Font {
    let settings = fontdue::FontSettings::default();
    let outlines = fontdue::Font::from_bytes(face.file(), settings)
        .expect("the embedded fonts parse, as every test run shows");
    let units = outlines.units_per_em();
    let advances = (0..outlines.glyph_count())
        .map(|glyph| whole(outlines.metrics_indexed(glyph, units).advance_width))
        .collect();
    Font {
        units_per_em: whole(units).max(1),
        advances,
        outlines,
    }
}

/// The nearest whole number.
#[allow(
    clippy::as_conversions,
    reason = "there is no checked float conversion; the cast saturates and font units are small"
)]
const fn whole(number: f32) -> u32 {
    number.round() as u32
}

impl Font {
    fn advance(&self, letter: char) -> u32 {
        let glyph = usize::from(self.outlines.lookup_glyph_index(letter));
        self.advances.get(glyph).copied().unwrap_or_default()
    }
}

/// The width of a line set without kerning.
#[must_use]
pub fn width(face: Face, size: Um, text: &str) -> Um {
    let font = face.font();
    let units: u64 = text
        .chars()
        .map(|letter| u64::from(font.advance(letter)))
        .sum();
    let scaled = units * u64::from(size.0) / u64::from(font.units_per_em);
    Um(u32::try_from(scaled).unwrap_or(u32::MAX))
}

/// The first letter of a text that the face has no picture of.
#[must_use]
pub fn missing(face: Face, text: &str) -> Option<char> {
    text.chars()
        .find(|&letter| !face.font().outlines.has_glyph(letter))
}

/// One drawn glyph.
pub(crate) struct Glyph {
    /// The dots.
    pub(crate) bits: BitImage,
    /// From the pen to the leftmost column.
    pub(crate) left: isize,
    /// From the base line to the topmost row; negative above it.
    pub(crate) top: isize,
}

/// All glyphs of a face at one size, each drawn when first needed.
pub(crate) struct Strike {
    font: &'static Font,
    pixels_per_em: f32,
    glyphs: Vec<OnceLock<Glyph>>,
}

type Strikes = RwLock<HashMap<(Face, u16), Arc<Strike>>>;

static STRIKES: LazyLock<Strikes> = LazyLock::new(Strikes::default);

/// The glyphs of a face at `eighths` eighths of a dot per em.
pub(crate) fn strike(face: Face, eighths: u16) -> Arc<Strike> {
    let known = STRIKES.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(strike) = known.get(&(face, eighths)) {
        return Arc::clone(strike);
    }
    drop(known);
    let mut strikes = STRIKES.write().unwrap_or_else(PoisonError::into_inner);
    if strikes.len() >= MAX_STRIKES {
        strikes.clear();
    }
    let font = face.font();
    let strike = strikes.entry((face, eighths)).or_insert_with(|| {
        Arc::new(Strike {
            font,
            pixels_per_em: f32::from(eighths) / 8.0,
            glyphs: font.advances.iter().map(|_| OnceLock::new()).collect(),
        })
    });
    Arc::clone(strike)
}

impl Strike {
    /// The drawn glyph of a letter; the empty box for a letter the font lacks.
    pub(crate) fn glyph(&self, letter: char) -> &Glyph {
        let index = self.font.outlines.lookup_glyph_index(letter);
        self.glyphs[usize::from(index)].get_or_init(|| self.draw(index))
    }

    /// The advance of a letter in font units.
    pub(crate) fn advance(&self, letter: char) -> u32 {
        self.font.advance(letter)
    }

    /// Font units in one em.
    pub(crate) const fn units_per_em(&self) -> u32 {
        self.font.units_per_em
    }

    fn draw(&self, index: u16) -> Glyph {
        let (metrics, coverage) = self
            .font
            .outlines
            .rasterize_indexed(index, self.pixels_per_em);
        let mut bits = BitImage::white(metrics.width, metrics.height);
        for (dot, &value) in coverage.iter().enumerate() {
            if value >= BURN_COVERAGE {
                bits.set(dot % metrics.width, dot / metrics.width, true);
            }
        }
        let height = i32::try_from(metrics.height).unwrap_or(i32::MAX);
        Glyph {
            bits,
            left: isize::try_from(metrics.xmin).unwrap_or(0),
            top: isize::try_from(-(metrics.ymin + height)).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_face_covers_latin_1_and_the_currencies() {
        let latin_1: String = (' '..='~').chain('¡'..='¬').chain('®'..='ÿ').collect();
        for face in Face::ALL {
            assert_eq!(missing(face, &latin_1), None, "{face:?}");
            assert_eq!(missing(face, "$€£¥¢–—‘’“”•…™−"), None, "{face:?}");
            assert_eq!(missing(face, "A郵"), Some('郵'), "{face:?}");
        }
    }

    #[test]
    fn digits_of_serials_are_equally_wide() {
        let size = Um::tenth_points(80);
        let one = width(Face::Mono, size, "1111");
        assert_eq!(one, width(Face::Mono, size, "0000"));
        assert!(one > Um::ZERO);
    }

    #[test]
    fn a_letter_the_font_lacks_prints_as_a_visible_box() {
        let strike = strike(Face::Regular, 240);
        let glyph = strike.glyph('郵');
        assert!(glyph.bits.bytes().iter().any(|&byte| byte != 0));
    }
}
