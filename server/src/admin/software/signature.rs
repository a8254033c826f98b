//! The signature for the platform's updater, looked at before anything is published.
//!
//! Stations judge it by the key of their own build (`PENNYBLACK_UPDATE_KEY`). The data center has no
//! program of its own to ask: it knows the key when `config.toml` says it (`update_key`).

use std::io::Read as _;
use std::path::Path;

use data_encoding::BASE64;
use minisign_verify::{PublicKey, Signature};
use sha2::{Digest as _, Sha256};
use shared::software::{PACKAGE_MAX_BYTES, Version};

use crate::admin::refusal::{AdminRefusal, Ending};
use crate::folder::FileFault;
use crate::repository::content;

/// Bytes of a package that are looked at at once.
const PIECE_BYTES: usize = 128 * 1_024;

/// The lines that a signer wrote, packed into one word as the platform's updater wants them.
fn unpacked(word: &str) -> Option<String> {
    let bytes = BASE64.decode(word.trim().as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

/// Stations want a signature that names the version: one that does not is refused here already.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn names(signature: &str, version: Version) -> Result<(), AdminRefusal> {
    let text = unpacked(signature);
    let comment = text.as_deref().and_then(|text| {
        text.lines()
            .find_map(|line| line.strip_prefix("trusted comment: "))
    });
    let wanted = format!("version:{version}");
    let named =
        comment.is_some_and(|comment| comment.split_whitespace().any(|word| word == wanted));
    if named {
        return Ok(());
    }
    Err(AdminRefusal::usage(
        format!("The signature beside the package does not name version {version}."),
        "Sign it with `tauri signer sign --app-version`, or with minisign and the trusted comment \
         `version:` and the number; stations install nothing else.",
    ))
}

/// Judges a package by the key that stations know; the SHA-256 of the very bytes that were judged.
///
/// # Errors
/// [`AdminRefusal`]: the key is none, or did not sign this package and comment.
pub(super) fn check(key: &str, signature: &str, file: &Path) -> Result<[u8; 32], AdminRefusal> {
    let key = unpacked(key).and_then(|text| PublicKey::decode(&text).ok());
    let key = key.ok_or_else(|| {
        AdminRefusal::usage(
            "The update_key of config.toml is not a public key as its signer writes it.",
            "Correct config.toml in the data folder.",
        )
    })?;
    let wrong = || {
        AdminRefusal::new(
            Ending::Refused,
            "wrong_signature",
            format!(
                "The signature beside {} is not one of the update_key of config.toml for this file.",
                file.display()
            ),
            "Nothing was published; stations would not install it. Sign the package itself, with the \
             key that the stations' build knows.",
        )
    };
    let signature = unpacked(signature).and_then(|text| Signature::decode(&text).ok());
    let signature = signature.ok_or_else(wrong)?;
    let mut judged = key.verify_stream(&signature).map_err(|_| wrong())?;
    let mut package = content::open(file, PACKAGE_MAX_BYTES)?.take(PACKAGE_MAX_BYTES);
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        let read = package
            .read(&mut buffer)
            .map_err(|source| FileFault::Read {
                path: file.to_owned(),
                source,
            })?;
        match buffer.get(..read).filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => {
                judged.update(bytes);
                digest.update(bytes);
            }
            None => break,
        }
    }
    judged.finalize().map_err(|_| wrong())?;
    Ok(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use minisign::KeyPair;

    use super::*;

    const VERSION: Version = Version::new(1, 4, 2);

    fn signed(pair: &KeyPair, package: &[u8], comment: &str) -> String {
        let signature = minisign::sign(None, &pair.sk, Cursor::new(package), Some(comment), None);
        BASE64.encode(signature.unwrap().to_string().as_bytes())
    }

    #[test]
    fn only_the_named_key_signs_only_this_package_and_comment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("station.AppImage");
        let package = vec![7; 3 * PIECE_BYTES + 1];
        std::fs::write(&file, &package).unwrap();
        let pair = KeyPair::generate_unencrypted_keypair().unwrap();
        let other = KeyPair::generate_unencrypted_keypair().unwrap();
        let public = |pair: &KeyPair| {
            let text = pair.pk.to_box().unwrap().to_string();
            BASE64.encode(text.as_bytes())
        };
        let comment = "timestamp:1 version:1.4.2";
        let good = signed(&pair, &package, comment);
        assert_eq!(names(&good, VERSION), Ok(()));
        let judged: [u8; 32] = Sha256::digest(&package).into();
        assert_eq!(check(&public(&pair), &good, &file), Ok(judged));
        let refused = |key: &str, signature: &str| check(key, signature, &file).unwrap_err().code;
        assert_eq!(refused(&public(&other), &good), "wrong_signature");
        let of_another_file = signed(&pair, &package[1..], comment);
        assert_eq!(refused(&public(&pair), &of_another_file), "wrong_signature");
        // The comment is under the signature too: a version cannot be written over another.
        let text = unpacked(&good).unwrap().replace("1.4.2", "1.4.3");
        let edited = BASE64.encode(text.as_bytes());
        assert_eq!(refused(&public(&pair), &edited), "wrong_signature");
        assert_eq!(names(&edited, VERSION).unwrap_err().code, "usage");
        assert_eq!(refused(&public(&pair), "AAAA"), "wrong_signature");
        assert_eq!(refused("AAAA", &good), "usage");
    }
}
