//! What a station has already, so that a renewal need not bring it again: on a telephone line each
//! certificate is half a second.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};
use sha2::{Digest as _, Sha256};

/// Bytes by which a paper is named: enough that none is taken for another by accident. Nothing rests on
/// them: what is left out is believed because the station has it.
const NAME_BYTES: usize = 8;

/// The most papers that a station names.
const NAMES_MAX: usize = 32;

/// Papers that a station has, each by the beginning of its SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPapers(Vec<[u8; NAME_BYTES]>);

impl KnownPapers {
    /// Names papers; beyond as many as may be named, none.
    #[must_use]
    pub fn of<'p>(papers: impl Iterator<Item = &'p [u8]>) -> Self {
        Self(papers.take(NAMES_MAX).map(name).collect())
    }

    /// Whether this paper is among them.
    #[must_use]
    pub fn has(&self, paper: &[u8]) -> bool {
        self.0.contains(&name(paper))
    }
}

fn name(paper: &[u8]) -> [u8; NAME_BYTES] {
    let mut first = [0; NAME_BYTES];
    for (to, from) in first.iter_mut().zip(Sha256::digest(paper)) {
        *to = from;
    }
    first
}

impl<C> Encode<C> for KnownPapers {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(self.0.as_flattened())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for KnownPapers {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let (names, rest) = decoder.bytes()?.as_chunks::<NAME_BYTES>();
        if !rest.is_empty() || names.len() > NAMES_MAX {
            return Err(Error::message("not the names of papers"));
        }
        Ok(Self(names.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{from_cbor, to_cbor};

    #[test]
    fn what_is_named_is_known_and_nothing_else() {
        let papers: [&[u8]; 2] = [b"one", b"two"];
        let known = KnownPapers::of(papers.into_iter());
        let read: KnownPapers = from_cbor(&to_cbor(&known)).unwrap();
        assert_eq!(read, known);
        assert!(read.has(b"one") && read.has(b"two") && !read.has(b"three"));
        assert!(!KnownPapers::default().has(b"one"));
    }

    #[test]
    fn names_that_are_cut_or_too_many_are_not_read() {
        assert!(from_cbor::<KnownPapers>(&[0x43, 1, 2, 3]).is_err());
        let many = vec![0; NAME_BYTES * (NAMES_MAX + 1)];
        let bytes = to_cbor(&minicbor::bytes::ByteVec::from(many));
        assert!(from_cbor::<KnownPapers>(&bytes).is_err());
    }
}
