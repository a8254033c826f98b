//! `ibi-full`: the Information-Based Indicia layout for open systems (`protocol.md` A).
//!
//! 49 little-endian bytes, an ECDSA P-256 signature (r ‖ s) over SHA-256 of them, then an unsigned
//! extension block. The reader also takes codes printed by others, with a DSA or RSA signature and
//! a trailer of their own.

mod extension;
mod fault;

use jiff::civil::Date;

pub use self::extension::{DESTINATION_DIGITS, Extension, ISSUER_KEY_ID};
pub use self::fault::{ReadError, SignError, WriteError};

use self::extension::{push_extensions, read_extensions, value_of};
use super::destination::{Destination, OriginZip};
use crate::ids::{PieceSerial, PsdId};
use crate::money::Mills;

/// The layout version of this product's indicia.
pub const VERSION: u8 = 0x70;

/// The signed bytes.
pub const SIGNED_BYTES: usize = 49;

/// An ECDSA P-256 signature, r ‖ s.
pub const SIGNATURE_BYTES: usize = 64;

/// The longest indicium this product makes: what a 44×44 Data Matrix symbol holds in Base256.
pub const MAX_BYTES: usize = 142;

/// The longest code the reader takes: an RSA-1024 signature and a long trailer.
pub const MAX_READ_BYTES: usize = 256;

/// The largest postage of one piece, in mills (24 bits).
pub const MAX_POSTAGE_MILLS: u64 = (1 << 24) - 1;

/// The largest descending register, in mills (32 bits).
pub const MAX_DESCENDING_MILLS: u64 = (1 << 32) - 1;

/// The signature algorithm an indicium names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// DSA with 1024 bits, 40 bytes; only read.
    Dsa,
    /// RSA with 1024 bits, 128 bytes; only read.
    Rsa,
    /// ECDSA P-256, 64 bytes: live postage.
    Ecdsa,
    /// ECDSA P-256, 64 bytes: a specimen without value. Outside the numbers in public use, so
    /// that no sorting centre takes it for postage.
    Specimen,
}

impl Algorithm {
    const fn from_number(number: u8) -> Result<Self, ReadError> {
        match number {
            1 => Ok(Self::Dsa),
            2 => Ok(Self::Rsa),
            3 => Ok(Self::Ecdsa),
            0x7F => Ok(Self::Specimen),
            _ => Err(ReadError::UnknownAlgorithm { found: number }),
        }
    }

    /// The number in the code.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Dsa => 1,
            Self::Rsa => 2,
            Self::Ecdsa => 3,
            Self::Specimen => 0x7F,
        }
    }

    /// The length of its signatures in bytes.
    #[must_use]
    pub const fn signature_bytes(self) -> usize {
        match self {
            Self::Dsa => 40,
            Self::Rsa => 128,
            Self::Ecdsa | Self::Specimen => SIGNATURE_BYTES,
        }
    }
}

/// What the six bytes of the software id hold in this product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SoftwareId {
    /// The build of the program.
    pub build: u16,
    /// The piece counter, from 1; with the PSD number the identity of the piece.
    pub counter: u32,
}

/// The fields of an `ibi-full` indicium; registers are those after the debit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IbiFull {
    /// The layout version; [`VERSION`] for this product's.
    pub version: u8,
    /// The signature algorithm, which also tells specimen from live.
    pub algorithm: Algorithm,
    /// The low 32 bits of the serial of the indicium certificate.
    pub certificate_serial: u32,
    /// The PSD that paid.
    pub psd: PsdId,
    /// Everything the PSD has ever printed.
    pub ascending: Mills,
    /// What this piece paid, at most [`MAX_POSTAGE_MILLS`].
    pub postage: Mills,
    /// The date of mailing.
    pub date: Date,
    /// The ZIP code of origin.
    pub origin: OriginZip,
    /// Where the piece goes.
    pub destination: Destination,
    /// Build and piece counter.
    pub software: SoftwareId,
    /// What the PSD has left, at most [`MAX_DESCENDING_MILLS`].
    pub descending: Mills,
    /// The rate category, four ASCII characters here; other makers put other bytes.
    pub rate_category: [u8; 4],
}

impl IbiFull {
    /// The piece's identity: PSD number and counter. Never a hash or the signature, because an
    /// ECDSA signature can be altered without breaking it.
    #[must_use]
    pub const fn serial(&self) -> PieceSerial {
        PieceSerial {
            psd: self.psd,
            counter: self.software.counter,
        }
    }

    /// The 49 bytes that are signed.
    ///
    /// # Errors
    /// A [`WriteError`] for a field that does not fit.
    pub fn signed_bytes(&self) -> Result<[u8; SIGNED_BYTES], WriteError> {
        if self.postage.mills() > MAX_POSTAGE_MILLS {
            return Err(WriteError::PostageTooLarge {
                found: self.postage,
            });
        }
        if self.descending.mills() > MAX_DESCENDING_MILLS {
            return Err(WriteError::DescendingTooLarge {
                found: self.descending,
            });
        }
        let date = date_number(self.date).ok_or(WriteError::DateOutOfRange { found: self.date })?;
        let mut bytes = [0; SIGNED_BYTES];
        bytes[0] = self.version;
        bytes[1] = self.algorithm.number();
        bytes[2..6].copy_from_slice(&self.certificate_serial.to_le_bytes());
        bytes[6..14].copy_from_slice(&self.psd.bytes());
        bytes[14..19].copy_from_slice(&self.ascending.mills().to_le_bytes()[..5]);
        bytes[19..22].copy_from_slice(&self.postage.mills().to_le_bytes()[..3]);
        bytes[22..26].copy_from_slice(&date.to_le_bytes());
        bytes[26..30].copy_from_slice(&self.origin.number().to_le_bytes());
        bytes[30..35].copy_from_slice(&self.destination.number().to_le_bytes()[..5]);
        bytes[35..37].copy_from_slice(&self.software.build.to_le_bytes());
        bytes[37..41].copy_from_slice(&self.software.counter.to_le_bytes());
        bytes[41..45].copy_from_slice(&self.descending.mills().to_le_bytes()[..4]);
        bytes[45..].copy_from_slice(&self.rate_category);
        Ok(bytes)
    }

    /// Reads the 49 bytes; of destinations with the same number it takes the shortest.
    ///
    /// # Errors
    /// A [`ReadError`] for a field that is out of its range.
    pub fn from_signed_bytes(bytes: &[u8; SIGNED_BYTES]) -> Result<Self, ReadError> {
        let mut fields = Fields(bytes);
        let version = fields.take::<1>()[0];
        let algorithm = Algorithm::from_number(fields.take::<1>()[0])?;
        let certificate_serial = u32::from_le_bytes(fields.take());
        let psd = PsdId::from_bytes(fields.take()).map_err(|_| ReadError::NotAPsd)?;
        let ascending = fields.mills::<5>();
        let postage = fields.mills::<3>();
        let date = u32::from_le_bytes(fields.take());
        let origin = u32::from_le_bytes(fields.take());
        let destination = fields.number::<5>();
        let software = SoftwareId {
            build: u16::from_le_bytes(fields.take()),
            counter: u32::from_le_bytes(fields.take()),
        };
        Ok(Self {
            version,
            algorithm,
            certificate_serial,
            psd,
            ascending,
            postage,
            date: date_of(date).ok_or(ReadError::NotADate { found: date })?,
            origin: OriginZip::new(origin).map_err(|_| ReadError::NotAnOrigin { found: origin })?,
            destination: Destination::shortest(destination)
                .map_err(|_| ReadError::NotADestination { found: destination })?,
            software,
            descending: fields.mills::<4>(),
            rate_category: fields.take(),
        })
    }

    /// Signs the indicium and adds the extension block.
    ///
    /// `issuer_key_id` is the first four bytes of SHA-256 over the issuer's
    /// `SubjectPublicKeyInfo`. `key` gets the 49 bytes to be hashed with SHA-256 and signed, and
    /// returns r ‖ s.
    ///
    /// # Errors
    /// [`SignError::Write`] for a field that does not fit, [`SignError::Key`] from `key`.
    pub fn sign<E: std::error::Error + 'static>(
        &self,
        issuer_key_id: [u8; 4],
        key: impl FnOnce(&[u8; SIGNED_BYTES]) -> Result<[u8; SIGNATURE_BYTES], E>,
    ) -> Result<SignedIbiFull, SignError<E>> {
        let signed = self.signed_bytes().map_err(SignError::Write)?;
        let signature = key(&signed).map_err(SignError::Key)?;
        let extensions = vec![
            Extension {
                kind: ISSUER_KEY_ID,
                value: issuer_key_id.to_vec(),
            },
            Extension {
                kind: DESTINATION_DIGITS,
                value: vec![self.destination.digits()],
            },
        ];
        let mut bytes = Vec::with_capacity(MAX_BYTES);
        bytes.extend_from_slice(&signed);
        bytes.extend_from_slice(&signature);
        push_extensions(&mut bytes, &extensions);
        Ok(SignedIbiFull {
            bytes,
            fields: *self,
            extensions,
        })
    }
}

/// A whole indicium: fields, signature and trailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIbiFull {
    bytes: Vec<u8>,
    fields: IbiFull,
    extensions: Vec<Extension>,
}

impl SignedIbiFull {
    /// Reads a whole indicium. The signature is not checked: see [`super::verify`].
    ///
    /// A trailer that is not this product's extension block is kept, but not understood.
    ///
    /// # Errors
    /// A [`ReadError`] when the bytes are no indicium.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let wrong_length = ReadError::WrongLength { found: bytes.len() };
        if bytes.len() > MAX_READ_BYTES {
            return Err(wrong_length);
        }
        let (signed, rest) = bytes
            .split_first_chunk::<SIGNED_BYTES>()
            .ok_or(wrong_length)?;
        let mut fields = IbiFull::from_signed_bytes(signed)?;
        let trailer = rest
            .get(fields.algorithm.signature_bytes()..)
            .ok_or(wrong_length)?;
        let extensions = read_extensions(trailer).unwrap_or_default();
        if let Some([digits]) = value_of(&extensions, DESTINATION_DIGITS) {
            fields.destination = Destination::new(*digits, fields.destination.number())
                .unwrap_or(fields.destination);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            fields,
            extensions,
        })
    }

    /// All bytes, as the symbol carries them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The fields; all but the digits of the destination are signed.
    #[must_use]
    pub const fn fields(&self) -> &IbiFull {
        &self.fields
    }

    /// The 49 signed bytes.
    #[must_use]
    pub fn signed_bytes(&self) -> &[u8] {
        &self.bytes[..SIGNED_BYTES]
    }

    /// The signature; its length goes by the algorithm.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.bytes[SIGNED_BYTES..SIGNED_BYTES + self.fields.algorithm.signature_bytes()]
    }

    /// What follows the signature, unsigned.
    #[must_use]
    pub fn trailer(&self) -> &[u8] {
        &self.bytes[SIGNED_BYTES + self.fields.algorithm.signature_bytes()..]
    }

    /// The entries of the extension block, also of unknown types; none for a foreign trailer.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Which issuer to look for: a hint only.
    #[must_use]
    pub fn issuer_key_id(&self) -> Option<[u8; 4]> {
        value_of(&self.extensions, ISSUER_KEY_ID)?.try_into().ok()
    }
}

/// Takes the fields from the front of the signed bytes.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self
            .0
            .split_first_chunk::<N>()
            .expect("the fields together are exactly the signed bytes");
        self.0 = rest;
        *field
    }

    fn number<const N: usize>(&mut self) -> u64 {
        self.take::<N>()
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn mills<const N: usize>(&mut self) -> Mills {
        Mills::new(self.number::<N>()).expect("registers of an indicium have at most 40 bits")
    }
}

/// The date as the decimal number YYYYMMDD; none before year 1.
fn date_number(date: Date) -> Option<u32> {
    let year = u32::try_from(date.year()).ok().filter(|year| *year > 0)?;
    let month = u32::from(date.month().unsigned_abs());
    let day = u32::from(date.day().unsigned_abs());
    Some(year * 10_000 + month * 100 + day)
}

fn date_of(number: u32) -> Option<Date> {
    let year = i16::try_from(number / 10_000)
        .ok()
        .filter(|year| *year > 0)?;
    let month = i8::try_from(number / 100 % 100).ok()?;
    let day = i8::try_from(number % 100).ok()?;
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests;
