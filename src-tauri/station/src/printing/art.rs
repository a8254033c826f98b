//! Office art: what an office prints beside its postage. A logo, a slogan, a private message.
//!
//! The logo is made black and white once, when it is brought in, for each resolution of print heads
//! by itself: scaling dots afterwards would smear them. A piece is sealed with the identity of its
//! art, so that it is drawn again with the art it was paid with, whatever the office has chosen
//! since.

use std::io::Cursor;
use std::sync::Arc;

use aws_lc_rs::digest;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Luma, Rgba};
use minicbor::decode::Error as NotRead;
use minicbor::encode::{Error as NotWritten, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use shared::wire::{from_cbor, to_cbor};

use super::bits::BitImage;
use super::units::{Dpi, Um};

/// The most bytes of a picture that is brought in.
pub const MAX_FILE_BYTES: usize = 2_000_000;

/// The most pixels of its sides.
const MAX_FILE_SIDE: u32 = 4_000;

/// The most memory that unpacking it may take.
const MAX_UNPACKED_BYTES: u64 = 128_000_000;

/// The largest logo on paper: it keeps its proportions within this.
pub const MAX_LOGO: (Um, Um) = (Um::mm(20), Um::mm(12));

/// The most characters of the slogan.
pub const MAX_SLOGAN_CHARS: usize = 40;

/// The most characters of the private message.
pub const MAX_MESSAGE_CHARS: usize = 60;

/// The layout version of written art.
const VERSION: u8 = 1;

/// The resolutions a logo is kept for, in the order of its pictures.
const RESOLUTIONS: [Dpi; 3] = [Dpi::D203, Dpi::D300, Dpi::D600];

/// Why a picture is no logo.
#[derive(Debug, thiserror::Error)]
pub enum LogoRefusal {
    /// More than [`MAX_FILE_BYTES`].
    #[error("the picture has {0} bytes; a logo has at most {MAX_FILE_BYTES}")]
    TooLong(usize),
    /// Not a PNG, damaged, or with sides above the limit.
    #[error("the picture is no PNG of at most {MAX_FILE_SIDE} pixels a side")]
    NotRead(#[source] image::ImageError),
    /// Nothing on it would be black.
    #[error("nothing of the picture would be black")]
    Blank,
}

/// A logo in black and white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    pictures: [BitImage; 3],
}

impl Logo {
    /// Brings a PNG in: what is transparent counts as white, greys are dithered.
    ///
    /// # Errors
    /// [`LogoRefusal`].
    pub fn from_png(file: &[u8]) -> Result<Self, LogoRefusal> {
        if file.len() > MAX_FILE_BYTES {
            return Err(LogoRefusal::TooLong(file.len()));
        }
        let picture = decoded(file).map_err(LogoRefusal::NotRead)?;
        let grey = on_white(&picture);
        let pictures = RESOLUTIONS.map(|dpi| dithered(&grey, dpi));
        if pictures.iter().any(|picture| picture.black_dots() == 0) {
            return Err(LogoRefusal::Blank);
        }
        Ok(Self { pictures })
    }

    /// The dots for a resolution.
    #[must_use]
    pub const fn picture(&self, dpi: Dpi) -> &BitImage {
        let [at_203, at_300, at_600] = &self.pictures;
        match dpi {
            Dpi::D203 => at_203,
            Dpi::D300 => at_300,
            Dpi::D600 => at_600,
        }
    }
}

fn decoded(file: &[u8]) -> Result<DynamicImage, image::ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_FILE_SIDE);
    limits.max_image_height = Some(MAX_FILE_SIDE);
    limits.max_alloc = Some(MAX_UNPACKED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(file), ImageFormat::Png);
    reader.limits(limits);
    let decoder = reader.into_decoder()?;
    // Said before anything is unpacked.
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        let kind = image::error::ParameterErrorKind::DimensionMismatch;
        let fault = image::error::ParameterError::from_kind(kind);
        return Err(image::ImageError::Parameter(fault));
    }
    DynamicImage::from_decoder(decoder)
}

/// The greys of a picture that lies on white paper.
fn on_white(picture: &DynamicImage) -> image::GrayImage {
    let colours = picture.to_rgba8();
    image::GrayImage::from_fn(colours.width(), colours.height(), |x, y| {
        let Rgba([red, green, blue, opacity]) = *colours.get_pixel(x, y);
        // Rec. 601, in thousandths.
        let light = (u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1_000;
        let opacity = u32::from(opacity);
        let seen = (light * opacity + 255 * (255 - opacity)) / 255;
        Luma([u8::try_from(seen).unwrap_or(u8::MAX)])
    })
}

/// The picture at a resolution, as large as the largest logo allows.
fn dithered(grey: &image::GrayImage, dpi: Dpi) -> BitImage {
    let side = |length| u32::try_from(dpi.dots(length)).unwrap_or(u32::MAX);
    let (most_wide, most_high) = (side(MAX_LOGO.0), side(MAX_LOGO.1));
    let (width, height) = (u64::from(grey.width()), u64::from(grey.height()));
    let shrunk = |of: u64, by: u64, most: u32| {
        u32::try_from((of * u64::from(most) / by.max(1)).max(1)).unwrap_or(most)
    };
    let (wide, high) = if width * u64::from(most_high) >= height * u64::from(most_wide) {
        (most_wide, shrunk(height, width, most_wide).min(most_high))
    } else {
        (shrunk(width, height, most_high).min(most_wide), most_high)
    };
    let scaled = imageops::resize(grey, wide, high, FilterType::Triangle);
    // The dithering wants a neighbour on each side.
    let mut scaled = image::GrayImage::from_fn(wide.max(2), high.max(2), |x, y| {
        scaled
            .get_pixel_checked(x, y)
            .copied()
            .unwrap_or(Luma([u8::MAX]))
    });
    imageops::dither(&mut scaled, &imageops::BiLevel);
    let dots = |side: u32| usize::try_from(side).unwrap_or(0);
    let mut picture = BitImage::white(dots(wide), dots(high));
    for (x, y, Luma([value])) in scaled.enumerate_pixels() {
        picture.set(dots(x), dots(y), *value < 128);
    }
    picture
}

/// What an office prints beside its postage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfficeArt {
    /// The logo.
    pub logo: Option<Logo>,
    /// The slogan; may be empty.
    pub slogan: String,
    /// The private message; may be empty.
    pub message: String,
}

impl OfficeArt {
    /// Whether there is nothing to print.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.logo.is_none() && self.slogan.is_empty() && self.message.is_empty()
    }

    /// The art as bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        to_cbor(&Written {
            version: VERSION,
            slogan: self.slogan.clone(),
            message: self.message.clone(),
            logo: self.logo.as_ref().map(|logo| {
                let pictures = logo.pictures.iter();
                pictures.map(WrittenPicture::of).collect()
            }),
        })
    }

    /// Reads the bytes back; `None` when they are none of ours.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let written: Written = from_cbor(bytes).ok()?;
        if written.version != VERSION {
            return None;
        }
        let logo = match written.logo {
            None => None,
            Some(pictures) => {
                let read: Option<Vec<BitImage>> =
                    pictures.into_iter().map(WrittenPicture::read).collect();
                let pictures = <[BitImage; 3]>::try_from(read?).ok()?;
                Some(Logo { pictures })
            }
        };
        Some(Self {
            logo,
            slogan: written.slogan,
            message: written.message,
        })
    }
}

/// Art as it is written.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Written {
    #[n(1)]
    version: u8,
    #[n(2)]
    slogan: String,
    #[n(3)]
    message: String,
    #[n(4)]
    logo: Option<Vec<WrittenPicture>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct WrittenPicture {
    #[n(1)]
    width: u32,
    #[n(2)]
    height: u32,
    #[cbor(n(3), with = "minicbor::bytes")]
    rows: Vec<u8>,
}

impl WrittenPicture {
    fn of(picture: &BitImage) -> Self {
        let side = |dots: usize| u32::try_from(dots).unwrap_or(u32::MAX);
        Self {
            width: side(picture.width()),
            height: side(picture.height()),
            rows: picture.bytes().to_vec(),
        }
    }

    fn read(self) -> Option<BitImage> {
        let side = |dots: u32| usize::try_from(dots).ok();
        BitImage::from_rows(side(self.width)?, side(self.height)?, self.rows)
    }
}

/// SHA-256 of art's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtId(pub [u8; 32]);

impl ArtId {
    /// The identity of art with these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(id)
    }
}

/// The art of a piece: sealed by its identity, and fetched before the piece is drawn.
#[derive(Clone, Debug)]
pub struct PieceArt {
    id: ArtId,
    art: Option<Arc<OfficeArt>>,
}

impl PieceArt {
    /// Art with its identity.
    #[must_use]
    pub const fn new(id: ArtId, art: Arc<OfficeArt>) -> Self {
        Self { id, art: Some(art) }
    }

    /// Its identity.
    #[must_use]
    pub const fn id(&self) -> ArtId {
        self.id
    }

    /// The art, once it was fetched.
    #[must_use]
    pub fn art(&self) -> Option<&OfficeArt> {
        self.art.as_deref()
    }
}

/// Two are the same when their identity is.
impl PartialEq for PieceArt {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for PieceArt {}

impl<C> Encode<C> for PieceArt {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), NotWritten<W::Error>> {
        encoder.bytes(&self.id.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PieceArt {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, NotRead> {
        let id = <[u8; 32]>::try_from(decoder.bytes()?)
            .map_err(|_| NotRead::message("not an identity of art"))?;
        Ok(Self {
            id: ArtId(id),
            art: None,
        })
    }
}

#[cfg(test)]
mod tests;
