//! Where signing keys are made and found: in files of the data folder, or on a PKCS #11 token.
//!
//! Each key has its place by name, `keys/NAME.pem`. For a key on a token that file only names it:
//! the token's label, the key's id there, and its public half. So whatever is true of key files holds
//! for both kinds: one that is there exists, a successor lies beside it, one that is destroyed is gone.
//! New P-256 keys are made where `config.toml` says; earlier ones stay usable where they are.
//!
//! What a crash leaves: the file is written before the key is made, so no key is on the token that no
//! file names. A file without a public half names a key that was not finished; the next try makes
//! it over.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use shared::services::keys::Point;

use super::token::{ID_BYTES, Token, TokenError};
use super::{CaError, keys};
use crate::config::{Config, TokenPlace};
use crate::folder::{self, FileFault, Folder};

/// How the file of a key on a token begins.
const HEAD: &str = "# A key on a PKCS #11 token. This file only names it.\n";

/// The data folder as the place of keys, with the tokens that some of them are on.
#[derive(Clone, Debug)]
pub(super) struct KeyFolder {
    files: Folder,
    place: Option<TokenPlace>,
    /// Each token once, so that a process logs in once.
    tokens: Arc<Mutex<Vec<Arc<Token>>>>,
}

/// What the file of a key on a token says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenFile {
    /// The token's label.
    token: String,
    /// The key's name there, hexadecimal digits.
    id: String,
    /// The uncompressed point, hexadecimal digits; not there until the key is made.
    point: Option<String>,
}

impl TokenFile {
    fn id(&self) -> Option<[u8; ID_BYTES]> {
        HEXLOWER.decode(self.id.as_bytes()).ok()?.try_into().ok()
    }

    fn point(&self) -> Option<Point> {
        let digits = self.point.as_ref()?.as_bytes();
        HEXLOWER.decode(digits).ok()?.try_into().ok().map(Point)
    }
}

/// A key on a token.
#[derive(Debug)]
pub(super) struct TokenKey {
    token: Arc<Token>,
    id: [u8; ID_BYTES],
}

impl TokenKey {
    /// Signs a SHA-256 hash: r ‖ s.
    pub(super) fn sign(&self, hash: &[u8; 32]) -> Result<[u8; 64], TokenError> {
        self.token.sign(&self.id, hash)
    }
}

/// Where the key of a name is.
pub(super) enum Found {
    /// Here, PKCS #8.
    File(zeroize::Zeroizing<Vec<u8>>),
    /// On a token.
    Token(TokenKey, Point),
}

impl KeyFolder {
    /// The keys of a data folder; a folder without configuration has no token.
    pub(super) fn open(folder: &Folder) -> Result<Self, CaError> {
        let config = if folder.config().exists() {
            Config::read(folder)?
        } else {
            Config::default()
        };
        Ok(Self {
            files: folder.clone(),
            place: config.token,
            tokens: Arc::default(),
        })
    }

    /// The folder itself.
    pub(super) const fn files(&self) -> &Folder {
        &self.files
    }

    /// The file of a key.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.files.key(name)
    }

    /// The one token of that label.
    fn token(&self, label: &str) -> Arc<Token> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tokens.iter().find(|token| token.label() == label) {
            return Arc::clone(known);
        }
        let place = self.place.as_ref();
        let library = place.map(|TokenPlace { library, .. }| library.as_path());
        let token = Arc::new(Token::new(library, label, self.files.pin_file()));
        tokens.push(Arc::clone(&token));
        token
    }

    /// Makes a P-256 key of that name, over whatever an earlier try left there.
    pub(super) fn make(&self, name: &str) -> Result<(), CaError> {
        let path = self.path(name);
        let Some(place) = &self.place else {
            self.destroy_past(name)?;
            return keys::write_key(&path, &keys::new_p256()?);
        };
        if self.is_on(name, &place.label)? {
            self.destroy(name)?;
        } else {
            self.destroy_past(name)?;
        }
        let token = self.token(&place.label);
        let id = keys::random()?;
        let mut file = TokenFile {
            token: place.label.clone(),
            id: HEXLOWER.encode(&id),
            point: None,
        };
        self.write(name, &file)?;
        let point = token.generate(&id, name)?;
        file.point = Some(HEXLOWER.encode(&point.0));
        self.write(name, &file)
    }

    fn write(&self, name: &str, file: &TokenFile) -> Result<(), CaError> {
        let body = toml::to_string(file).map_err(|_| CaError::Crypto {
            what: "name a key on a token",
        })?;
        let text = format!("{HEAD}{body}");
        Ok(folder::write_private(&self.path(name), text.as_bytes())?)
    }

    /// What the file of that name says when its key is on a token.
    fn on_token(&self, name: &str) -> Result<Option<TokenFile>, CaError> {
        let path = self.path(name);
        let bytes = zeroize::Zeroizing::new(folder::read_small(&path)?);
        let text = bytes.strip_prefix(HEAD.as_bytes());
        let Some(text) = text else { return Ok(None) };
        let read = std::str::from_utf8(text).ok();
        let read = read.and_then(|text| toml::from_str(text).ok());
        read.map(Some).ok_or(CaError::Damaged { path })
    }

    /// Whether the key of that name, finished or not, is on the token of that label.
    fn is_on(&self, name: &str, label: &str) -> Result<bool, CaError> {
        let is_there = self.path(name).exists();
        let file = is_there.then(|| self.on_token(name)).transpose()?;
        Ok(file.flatten().is_some_and(|file| file.token == label))
    }

    /// How many private keys are on tokens and not in the folder.
    pub(super) fn count_on_token(&self) -> Result<usize, CaError> {
        let path = self.files.path().join("keys");
        let fault = |source| FileFault::Read {
            path: path.clone(),
            source,
        };
        let mut count = 0_usize;
        for entry in std::fs::read_dir(&path).map_err(fault)? {
            let name = entry.map_err(fault)?.file_name();
            let name = name.to_string_lossy();
            if let Some(stem) = name.strip_suffix(".pem")
                && self.on_token(stem)?.is_some()
            {
                count = count.saturating_add(1);
            }
        }
        Ok(count)
    }

    /// Finds the key of that name. One on a token is not looked for there.
    pub(super) fn find(&self, name: &str) -> Result<Found, CaError> {
        let Some(file) = self.on_token(name)? else {
            return Ok(Found::File(keys::read_key(&self.path(name))?));
        };
        let (Some(id), Some(point)) = (file.id(), file.point()) else {
            return Err(CaError::Damaged {
                path: self.path(name),
            });
        };
        let token = self.token(&file.token);
        Ok(Found::Token(TokenKey { token, id }, point))
    }

    /// Destroys the key of that name, on its token first; one that is not there is no error.
    pub(super) fn destroy(&self, name: &str) -> Result<(), CaError> {
        let path = self.path(name);
        if path.exists()
            && let Some(file) = self.on_token(name)?
            && let Some(id) = file.id()
        {
            self.token(&file.token).destroy(&id)?;
        }
        Ok(folder::destroy(&path)?)
    }

    /// Destroys the key of that name, of which nothing is signed any more. While its token cannot be
    /// reached its file stays, and the next upkeep tries again: a lost token must not stop that.
    pub(super) fn destroy_past(&self, name: &str) -> Result<(), CaError> {
        match self.destroy(name) {
            Err(CaError::Token(error)) => {
                tracing::warn!(key = name, %error, "a past key could not be destroyed on its token");
                Ok(())
            }
            done => done,
        }
    }
}
