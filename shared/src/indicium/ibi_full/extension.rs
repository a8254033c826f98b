//! The unsigned block behind the signature: `01 | length | {type, length, value}…`.

use super::{MAX_BYTES, SIGNATURE_BYTES, SIGNED_BYTES};

/// The extension that holds the first four bytes of SHA-256 over the issuer's
/// `SubjectPublicKeyInfo`.
pub const ISSUER_KEY_ID: u8 = 1;

/// The extension that holds the number of digits of the destination.
pub const DESTINATION_DIGITS: u8 = 2;

const EXTENSION_VERSION: u8 = 1;
const MAX_EXTENSION_BYTES: usize = MAX_BYTES - SIGNED_BYTES - SIGNATURE_BYTES - 2;

/// One entry of the extension block. Unsigned: it may help, but never decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The type: [`ISSUER_KEY_ID`], [`DESTINATION_DIGITS`] or one of a later version.
    pub kind: u8,
    /// The value.
    pub value: Vec<u8>,
}

pub(super) fn push_extensions(bytes: &mut Vec<u8>, extensions: &[Extension]) {
    bytes.push(EXTENSION_VERSION);
    let length_at = bytes.len();
    bytes.push(0);
    for extension in extensions {
        bytes.push(extension.kind);
        bytes.push(one_byte(extension.value.len()));
        bytes.extend_from_slice(&extension.value);
    }
    bytes[length_at] = one_byte(bytes.len() - length_at - 1);
}

fn one_byte(length: usize) -> u8 {
    u8::try_from(length).expect("the block is at most 27 bytes long")
}

/// Reads an extension block that fills the trailer exactly; none for anything else.
pub(super) fn read_extensions(trailer: &[u8]) -> Option<Vec<Extension>> {
    let [EXTENSION_VERSION, length, block @ ..] = trailer else {
        return None;
    };
    if usize::from(*length) != block.len() || block.len() > MAX_EXTENSION_BYTES {
        return None;
    }
    let mut extensions = Vec::new();
    let mut rest = block;
    while let [kind, length, after @ ..] = rest {
        let (value, next) = after.split_at_checked(usize::from(*length))?;
        extensions.push(Extension {
            kind: *kind,
            value: value.to_vec(),
        });
        rest = next;
    }
    rest.is_empty().then_some(extensions)
}

pub(super) fn value_of(extensions: &[Extension], kind: u8) -> Option<&[u8]> {
    extensions
        .iter()
        .find(|extension| extension.kind == kind)
        .map(|extension| extension.value.as_slice())
}
