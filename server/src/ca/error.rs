//! What can go wrong with keys and certificates.

use std::path::PathBuf;

use super::token::TokenError;
use crate::config::ConfigError;
use crate::db::DbError;
use crate::folder::FileFault;

/// A fault of the certificate authorities or their keys.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileFault),
    /// A key or certificate file does not hold what it should.
    #[error("{} does not hold the key or certificate it should", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// The machine's random numbers or the cryptographic library failed.
    #[error("the cryptographic library could not {what}")]
    Crypto {
        /// What it was asked for.
        what: &'static str,
    },
    /// A certificate could not be made.
    #[error("the certificate for {subject} could not be made")]
    Issue {
        /// Whom it was for.
        subject: &'static str,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// A station's certificate request is not one for a P-256 key, signed by that key.
    #[error("the certificate request is not one for a P-256 key signed by that key")]
    BadRequest,
    /// The passphrase does not open the sealed keys.
    #[error("the passphrase does not open the sealed keys")]
    WrongPassphrase,
    /// The passphrase is too short to protect the root.
    #[error("the passphrase for the root has fewer than {least} characters")]
    WeakPassphrase {
        /// How many it needs.
        least: usize,
    },
    /// A successor is announced and has not taken over yet.
    #[error("a successor of {what} is announced already and has not taken over yet")]
    RotationUnderWay {
        /// Of what.
        what: &'static str,
    },
    /// A name for the TLS certificate is no host name.
    #[error("{name:?} is not a host name or address")]
    BadName {
        /// The name.
        name: String,
    },
    /// All numbers of this kind have been given out.
    #[error("the numbers of the counter {name} are used up")]
    CounterExhausted {
        /// Which counter.
        name: &'static str,
    },
    /// The configuration does not say where keys are made.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A PKCS #11 token did not do what it was asked for.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}
