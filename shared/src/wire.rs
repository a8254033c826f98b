//! Bytes on the wire: deterministic CBOR (RFC 8949 §4.2.1) and refusals as problem documents.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// The media type of every CBOR message.
pub const CBOR_MEDIA_TYPE: &str = "application/cbor";

/// The media type of a refusal, RFC 9457.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// The largest problem document a station reads, bytes.
pub const MAX_PROBLEM_BYTES: usize = 4 * 1_024;

/// Room made for a message before it is written, bytes: nearly all are shorter.
const USUAL_BYTES: usize = 512;

/// Writes a message; maps have integer keys in rising order, lengths are definite.
#[must_use]
pub fn to_cbor<T: Encode<()>>(message: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    minicbor::encode(message, &mut bytes).expect("writing to memory does not fail");
    bytes
}

/// Reads a message that must end where the bytes end. Unknown keys are ignored.
///
/// # Errors
/// When the bytes are not such a message or go on after it.
pub fn from_cbor<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, minicbor::decode::Error> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let message = decoder.decode()?;
    if decoder.position() == bytes.len() {
        Ok(message)
    } else {
        Err(minicbor::decode::Error::message(
            "bytes after the end of the message",
        ))
    }
}

/// The layout version of every message, today.
pub const LAYOUT: u8 = 1;

/// Why a message was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It is of a layout that this program does not know: one side is older than the other.
    #[error("the message has layout {0}, and this program knows layout {LAYOUT}")]
    UnknownLayout(u64),
    /// It is no such message.
    #[error("the message cannot be read")]
    NotReadable(#[source] minicbor::decode::Error),
}

/// Reads a message that says its layout: a map whose first key is 1, with the version under it. The
/// version is looked at first, because what follows it may mean something else in another layout.
///
/// # Errors
/// See [`Unread`].
pub fn read_message<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, Unread> {
    match layout_of(bytes) {
        Some(layout) if layout != u64::from(LAYOUT) => Err(Unread::UnknownLayout(layout)),
        Some(_) | None => from_cbor(bytes).map_err(Unread::NotReadable),
    }
}

/// The layout a message says it has; nothing when it is no map with a version in front.
fn layout_of(bytes: &[u8]) -> Option<u64> {
    let mut decoder = minicbor::Decoder::new(bytes);
    decoder.map().ok()?;
    if decoder.u8().ok()? != 1 {
        return None;
    }
    decoder.u64().ok()
}

/// A refusal over HTTP: RFC 9457 with our stable code and the advice to the clerk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What happened, one sentence; RFC 9457 calls it `detail`.
    #[serde(rename = "detail")]
    pub message: String,
    /// What to do.
    #[serde(default)]
    pub hint: String,
    /// Whether the same request may succeed later.
    #[serde(default)]
    pub retry: bool,
    /// The sequence number the data center expects, when that is what was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Encode, Decode)]
    #[cbor(map)]
    struct Message {
        #[n(1)]
        version: u8,
        #[n(2)]
        words: String,
    }

    #[derive(Encode)]
    #[cbor(map)]
    struct Later {
        #[n(1)]
        version: u8,
        #[n(2)]
        words: &'static str,
        #[n(9)]
        more: u8,
    }

    #[test]
    fn an_unknown_layout_is_told_apart_and_an_unknown_key_is_ignored() {
        let later = |version| {
            to_cbor(&Later {
                version,
                words: "well",
                more: 3,
            })
        };
        let read = read_message::<Message>(&later(1)).unwrap();
        assert_eq!(read.words, "well");
        let fault = read_message::<Message>(&later(2)).unwrap_err();
        assert!(matches!(fault, Unread::UnknownLayout(2)), "{fault}");
        // Another layout may be anything after its version.
        let fault = read_message::<Message>(&[0xa1, 1, 24, 200, 0xff]).unwrap_err();
        assert!(matches!(fault, Unread::UnknownLayout(200)), "{fault}");
        let fault = read_message::<Message>(&[0x83, 1, 2, 3]).unwrap_err();
        assert!(matches!(fault, Unread::NotReadable(_)), "{fault}");
    }

    #[test]
    fn bytes_after_a_message_are_refused() {
        let mut bytes = to_cbor(&7_u8);
        assert_eq!(from_cbor::<u8>(&bytes).unwrap(), 7);
        bytes.push(0);
        assert!(from_cbor::<u8>(&bytes).is_err());
    }
}
