//! Key files of admins: an encrypted PKCS #8 key that its owner keeps, of which the data center
//! knows only the public half.

use shared::services::keys::Point;

use super::CaError;
use super::keys::{SigningKey, new_p256};
use super::offline::{open_bundle, seal_bundle};

/// Makes an admin's key: the encrypted file's text, and the public half.
///
/// # Errors
/// [`CaError::WeakPassphrase`], [`CaError::Crypto`].
pub fn new_admin_key(name: &str, passphrase: &str) -> Result<(String, Point), CaError> {
    let what = "make a P-256 key";
    let der = new_p256()?;
    let key = SigningKey::from_pkcs8(&der).ok_or(CaError::Crypto { what })?;
    let head = format!("The key of the Pennyblack admin {name}. It signs approvals.\n");
    let text = seal_bundle(&head, &[("Signing key", der.as_slice())], passphrase)?;
    Ok((text, key.point()))
}

/// Opens an admin's key file.
///
/// # Errors
/// [`CaError::WrongPassphrase`] also for a file that was damaged.
pub fn open_admin_key(file: &str, passphrase: &str) -> Result<SigningKey, CaError> {
    let keys = open_bundle(file, passphrase)?;
    let [der] = keys.as_slice() else {
        return Err(CaError::WrongPassphrase);
    };
    SigningKey::from_pkcs8(der).ok_or(CaError::WrongPassphrase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::verify;

    #[test]
    fn an_admin_key_opens_with_its_passphrase_and_signs_for_its_public_half() {
        let (file, point) = new_admin_key("Ada", "long enough to take").unwrap();
        assert!(file.contains("ENCRYPTED PRIVATE KEY") && file.contains("Ada"));
        let key = open_admin_key(&file, "long enough to take").unwrap();
        assert_eq!(key.point(), point);
        let signature = key.sign(b"message").unwrap();
        assert!(verify(&point, b"message", &signature));
        let wrong = open_admin_key(&file, "another passphrase");
        assert!(matches!(wrong, Err(CaError::WrongPassphrase)));
        let weak = new_admin_key("Ada", "short");
        assert!(matches!(weak, Err(CaError::WeakPassphrase { .. })));
    }
}
