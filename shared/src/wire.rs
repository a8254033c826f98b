//! Bytes on the wire: deterministic CBOR (RFC 8949 §4.2.1) and refusals as problem documents.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// The media type of every CBOR message.
pub const CBOR_MEDIA_TYPE: &str = "application/cbor";

/// The media type of a refusal, RFC 9457.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// The largest problem document a station reads, bytes.
pub const MAX_PROBLEM_BYTES: usize = 4 * 1_024;

/// Writes a message; maps have integer keys in rising order, lengths are definite.
#[must_use]
pub fn to_cbor<T: Encode<()>>(message: &T) -> Vec<u8> {
    minicbor::to_vec(message).expect("writing to memory does not fail")
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

    #[test]
    fn bytes_after_a_message_are_refused() {
        let mut bytes = to_cbor(&7_u8);
        assert_eq!(from_cbor::<u8>(&bytes).unwrap(), 7);
        bytes.push(0);
        assert!(from_cbor::<u8>(&bytes).is_err());
    }
}
