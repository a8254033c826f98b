//! The offline bundle: the root's private key and two recovery keys, as encrypted PKCS #8.
//!
//! It is written once, at `init`, and never read by the running data center. Whoever takes it
//! off the machine and keeps the passphrase elsewhere can later issue new CAs and sign the
//! recovery from a backup. Any tool that reads PKCS #8 opens it: `openssl pkey -in …`.

use data_encoding::BASE32_NOPAD;
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use super::CaError;
use super::keys::{random, sign_ed25519};

/// The shortest passphrase that is taken for the root.
pub const MIN_PASSPHRASE_CHARACTERS: usize = 12;

/// Work factor of scrypt for a passphrase that a person chose: N = 2^15, r = 8, p = 1, 32 MiB and
/// about a tenth of a second a guess.
const CHOSEN_LOG_N: u8 = 15;

/// Work factor for a passphrase that [`new_passphrase`] made: nobody guesses 160 random bits.
const MADE_LOG_N: u8 = 10;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

/// What the offline bundle begins with.
pub(super) const BUNDLE_HEAD: &str = "The offline keys of a Pennyblack data center. Keep this file off the server and\n\
     the passphrase elsewhere.\n";

/// The PEM label of an encrypted PKCS #8 key.
const ENCRYPTED_PRIVATE_KEY: &str = "ENCRYPTED PRIVATE KEY";

/// Bytes of a generated passphrase: 130 bits would be 26 characters; 20 bytes are 32.
const GENERATED_BYTES: usize = 20;

/// Makes a passphrase of 160 random bits, in groups of four.
///
/// # Errors
/// [`CaError::Crypto`] when there are no random bytes.
pub fn new_passphrase() -> Result<Zeroizing<String>, CaError> {
    let bytes = Zeroizing::new(random::<GENERATED_BYTES>()?);
    let letters = Zeroizing::new(BASE32_NOPAD.encode(bytes.as_slice()).to_lowercase());
    let mut text = Zeroizing::new(String::new());
    for (index, letter) in letters.chars().enumerate() {
        if index > 0 && index.is_multiple_of(4) {
            text.push('-');
        }
        text.push(letter);
    }
    Ok(text)
}

/// Whose a passphrase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person chose it.
    Chosen,
    /// [`new_passphrase`] made it.
    Made,
}

/// Writes keys under `head`, each under its title, encrypted with a passphrase that a person chose.
pub(super) fn seal_bundle(
    head: &str,
    keys: &[(&str, &[u8])],
    passphrase: &str,
) -> Result<String, CaError> {
    seal_bundle_by(head, keys, (passphrase, Origin::Chosen))
}

/// [`seal_bundle`] with any passphrase.
pub(super) fn seal_bundle_by(
    head: &str,
    keys: &[(&str, &[u8])],
    (passphrase, origin): (&str, Origin),
) -> Result<String, CaError> {
    if passphrase.chars().count() < MIN_PASSPHRASE_CHARACTERS {
        return Err(CaError::WeakPassphrase {
            least: MIN_PASSPHRASE_CHARACTERS,
        });
    }
    let mut bundle = head.to_owned();
    for (title, der) in keys {
        let sealed = seal_key(der, passphrase, origin)?;
        bundle.push_str(&format!("\n{title}\n{}", sealed.as_str()));
    }
    Ok(bundle)
}

fn seal_key(der: &[u8], passphrase: &str, origin: Origin) -> Result<Zeroizing<String>, CaError> {
    let fault = || CaError::Crypto {
        what: "encrypt an offline key",
    };
    let log_n = match origin {
        Origin::Chosen => CHOSEN_LOG_N,
        Origin::Made => MADE_LOG_N,
    };
    let work = scrypt::Params::new(log_n, SCRYPT_R, SCRYPT_P).map_err(|_| fault())?;
    let (salt, iv) = (random::<16>()?, random::<16>()?);
    let parameters =
        pbes2::Parameters::generate_scrypt_aes256cbc(work, &salt, iv).map_err(|_| fault())?;
    PrivateKeyInfoRef::try_from(der)
        .map_err(|_| fault())?
        .encrypt_with_params(parameters, passphrase)
        .and_then(|sealed| Ok(sealed.to_pem(ENCRYPTED_PRIVATE_KEY, LineEnding::LF)?))
        .map_err(|_| fault())
}

/// Signs `input` with both recovery keys of a bundle (Ed25519).
///
/// # Errors
/// [`CaError::WrongPassphrase`] also for a bundle that was damaged or has no such keys.
pub fn sign_with_recovery_keys(
    bundle: &str,
    passphrase: &str,
    input: &[u8],
) -> Result<[[u8; 64]; 2], CaError> {
    let keys = open_bundle(bundle, passphrase)?;
    let [_root, first, second] = keys.as_slice() else {
        return Err(CaError::WrongPassphrase);
    };
    Ok([sign_ed25519(first, input)?, sign_ed25519(second, input)?])
}

/// Opens every key of a bundle, in the order written: PKCS #8, unencrypted.
///
/// # Errors
/// [`CaError::WrongPassphrase`] also for a bundle that was damaged.
pub fn open_bundle(bundle: &str, passphrase: &str) -> Result<Vec<Zeroizing<Vec<u8>>>, CaError> {
    const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
    let mut keys = Vec::new();
    for part in bundle.split(BEGIN).skip(1) {
        let body = part.split(END).next().unwrap_or_default();
        let pem = format!("{BEGIN}{body}{END}\n");
        let (_, sealed) = SecretDocument::from_pem(&pem).map_err(|_| CaError::WrongPassphrase)?;
        let opened = EncryptedPrivateKeyInfoRef::try_from(sealed.as_bytes())
            .map_err(|_| CaError::WrongPassphrase)?
            .decrypt(passphrase)
            .map_err(|_| CaError::WrongPassphrase)?;
        keys.push(opened.to_bytes());
    }
    if keys.is_empty() {
        return Err(CaError::WrongPassphrase);
    }
    Ok(keys)
}
