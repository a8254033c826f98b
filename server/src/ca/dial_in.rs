//! The key that the secrets of callers on a telephone line follow from, in its file.

use data_encoding::HEXLOWER;
use shared::security::dial_in::{DIAL_IN_KEY_BYTES, DialInKey};
use zeroize::Zeroizing;

use super::{CaError, random};
use crate::folder::{self, Folder};

/// Reads the key; a folder that has none, because it is new or from before there were lines, gets
/// one, durable before anything follows from it.
pub(super) fn open(folder: &Folder) -> Result<DialInKey, CaError> {
    let path = folder.dial_in_key();
    if !path.exists() {
        let bytes = Zeroizing::new(random::<DIAL_IN_KEY_BYTES>()?);
        let text = Zeroizing::new(HEXLOWER.encode(bytes.as_slice()));
        folder::write_private(&path, text.as_bytes())?;
        return Ok(DialInKey::new(*bytes));
    }
    let text = Zeroizing::new(folder::read_small(&path)?);
    let bytes = HEXLOWER.decode(text.trim_ascii()).map(Zeroizing::new);
    let bytes = bytes
        .ok()
        .and_then(|bytes| bytes.as_slice().try_into().ok());
    bytes.map(DialInKey::new).ok_or(CaError::Damaged { path })
}
