//! A PKCS #11 token that holds signing keys: an HSM, a smart card or a program that acts as one.
//!
//! The library is loaded when something is to be signed, not before: what only looks needs neither
//! token nor PIN. One login counts for the whole process; at most [`SESSIONS_MAX`] sessions are open
//! and each serves one thread at a time. A session that failed is closed with all that are idle, the
//! library is told to forget once none is open, and the same thing is tried once more: so a token that
//! was put back works again without a new start. A wrong PIN is not tried twice by one process,
//! because tokens lock themselves.
//!
//! A library that hangs holds up the thread that called it: PKCS #11 knows no time limits.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use shared::security::signed::SIGNATURE_BYTES;
use shared::services::keys::Point;
use zeroize::Zeroizing;

use crate::folder::{FileFault, read_small};

/// The environment variable with the PIN, for where no file is named.
pub const PIN_VARIABLE: &str = "PENNYBLACK_TOKEN_PIN";

/// The most sessions that are open at a time: small tokens allow few.
const SESSIONS_MAX: usize = 4;

/// So long a thread waits for a session.
const SESSION_TIME: Duration = Duration::from_secs(20);

/// Bytes of a key's name on the token (`CKA_ID`).
pub(super) const ID_BYTES: usize = 16;

/// The curve P-256 as a DER object identifier.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// What stands before an uncompressed point in a DER octet string.
const POINT_HEAD: [u8; 2] = [0x04, 0x41];

/// Why a token did not do what it was asked for. Nothing was signed then.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The configuration names no library.
    #[error("the key is on the token {label:?}, but config.toml names no PKCS #11 library")]
    NotConfigured {
        /// The token's label.
        label: String,
    },
    /// The library cannot be loaded.
    #[error("the PKCS #11 library {} cannot be used", library.display())]
    Library {
        /// Its file.
        library: PathBuf,
        /// Why.
        #[source]
        source: Error,
    },
    /// No token has this label, or more than one has.
    #[error("{found} tokens have the label {label:?}, not one")]
    Absent {
        /// The token's label.
        label: String,
        /// How many tokens have it.
        found: usize,
    },
    /// The token was found and then failed, or was taken out.
    #[error("the token {label:?} does not work")]
    Gone {
        /// The token's label.
        label: String,
        /// What it said.
        #[source]
        source: Error,
    },
    /// The token does not have the key.
    #[error("the token {label:?} does not have the key {id}")]
    NoKey {
        /// The token's label.
        label: String,
        /// The key's name, hexadecimal digits.
        id: String,
    },
    /// The token made something else than was asked for.
    #[error("the token {label:?} {what}")]
    Unfit {
        /// The token's label.
        label: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// All sessions are at work for longer than anything should last.
    #[error("the token {label:?} is busy")]
    Busy {
        /// The token's label.
        label: String,
    },
    /// No PIN was given.
    #[error("the PIN of the token {label:?} was not given")]
    NoPin {
        /// The token's label.
        label: String,
    },
    /// The file with the PIN cannot be read.
    #[error("the PIN of the token cannot be read")]
    PinFile(#[source] FileFault),
    /// The token does not take the PIN.
    #[error("the token {label:?} does not take the PIN")]
    WrongPin {
        /// The token's label.
        label: String,
    },
}

/// One token, by its label.
pub(super) struct Token {
    library: Option<PathBuf>,
    label: String,
    pin_file: Option<PathBuf>,
    pool: Mutex<Pool>,
    given_back: Condvar,
}

/// What is open of a token.
#[derive(Default)]
struct Pool {
    context: Option<Pkcs11>,
    idle: Vec<Session>,
    /// Sessions that are open, idle or at work.
    open: usize,
    is_pin_wrong: bool,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Token").field(&self.label).finish()
    }
}

impl Token {
    /// The token of that label behind a library; nothing is loaded yet.
    pub(super) fn new(library: Option<&Path>, label: &str, pin_file: Option<&Path>) -> Self {
        Self {
            library: library.map(Path::to_owned),
            label: label.to_owned(),
            pin_file: pin_file.map(Path::to_owned),
            pool: Mutex::default(),
            given_back: Condvar::new(),
        }
    }

    /// The token's label.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Makes a P-256 key that never leaves the token, over what an earlier try with the same name
    /// left there; its public half.
    pub(super) fn generate(&self, id: &[u8; ID_BYTES], name: &str) -> Result<Point, TokenError> {
        let (public_half, private_half) = templates(id, name);
        let made = self.with_session(|session| {
            remove(session, id)?;
            let (public, private) = session.generate_key_pair(
                &Mechanism::EccKeyPairGen,
                &public_half,
                &private_half,
            )?;
            let asked = [AttributeType::Sensitive, AttributeType::Extractable];
            let answered = session.get_attributes(private, &asked)?;
            let is_kept = answered.contains(&Attribute::Sensitive(true))
                && answered.contains(&Attribute::Extractable(false));
            if !is_kept {
                remove(session, id)?;
                return Ok(Some(Err(self.unfit("would give its keys away"))));
            }
            let point = session.get_attributes(public, &[AttributeType::EcPoint])?;
            Ok(Some(Ok(point)))
        })?;
        let attributes = made.ok_or_else(|| self.no_key(id))??;
        let point = attributes.iter().find_map(point_of);
        point.ok_or_else(|| self.unfit("makes no keys on the curve P-256"))
    }

    /// Signs a SHA-256 hash: r ‖ s.
    pub(super) fn sign(
        &self,
        id: &[u8; ID_BYTES],
        hash: &[u8; 32],
    ) -> Result<[u8; SIGNATURE_BYTES], TokenError> {
        let signed = self.with_session(|session| {
            let private = find(session, id, ObjectClass::PRIVATE_KEY)?;
            let Some(key) = private.first() else {
                return Ok(None);
            };
            session.sign(&Mechanism::Ecdsa, *key, hash).map(Some)
        })?;
        let signature = signed.ok_or_else(|| self.no_key(id))?;
        let signature = signature.as_slice().try_into();
        signature.map_err(|_| self.unfit("signs with signatures of another length"))
    }

    /// Destroys a key; one that is not there is no error.
    pub(super) fn destroy(&self, id: &[u8; ID_BYTES]) -> Result<(), TokenError> {
        self.with_session(|session| remove(session, id).map(Some))?;
        Ok(())
    }

    fn no_key(&self, id: &[u8; ID_BYTES]) -> TokenError {
        TokenError::NoKey {
            label: self.label.clone(),
            id: data_encoding::HEXLOWER.encode(id),
        }
    }

    fn unfit(&self, what: &'static str) -> TokenError {
        TokenError::Unfit {
            label: self.label.clone(),
            what,
        }
    }

    fn gone(&self, source: Error) -> TokenError {
        TokenError::Gone {
            label: self.label.clone(),
            source,
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something on a session; once more on a new one when that failed or found nothing, which is
    /// how some libraries show a token that was taken out. So it must be safe to repeat.
    fn with_session<T>(
        &self,
        work: impl Fn(&Session) -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, TokenError> {
        let first = self.session()?;
        match work(&first) {
            Ok(Some(done)) => {
                self.give_back(first);
                return Ok(Some(done));
            }
            Ok(None) => self.close(first),
            Err(error) => {
                tracing::warn!(token = self.label, %error, "a session with the token failed");
                self.close(first);
            }
        }
        let second = self.session()?;
        match work(&second) {
            Ok(Some(done)) => {
                self.give_back(second);
                Ok(Some(done))
            }
            Ok(None) => {
                self.close(second);
                Ok(None)
            }
            Err(error) => {
                self.close(second);
                Err(self.gone(error))
            }
        }
    }

    fn give_back(&self, session: Session) {
        self.pool().idle.push(session);
        self.given_back.notify_one();
    }

    /// Closes a session that failed, with all that are idle: what has failed one has failed them. With
    /// the last one the library is ended too: it may hold on to how the token was.
    fn close(&self, session: Session) {
        let mut pool = self.pool();
        let idle = std::mem::take(&mut pool.idle);
        pool.open = pool.open.saturating_sub(idle.len().saturating_add(1));
        drop((session, idle));
        if pool.open == 0
            && let Some(context) = pool.context.take()
            && let Err(error) = context.finalize()
        {
            tracing::warn!(token = self.label, %error, "the PKCS #11 library did not end");
        }
        drop(pool);
        self.given_back.notify_all();
    }

    /// An idle session, or a new one that is logged in.
    fn session(&self) -> Result<Session, TokenError> {
        let all_at_work = |pool: &mut Pool| pool.idle.is_empty() && pool.open >= SESSIONS_MAX;
        let waited = self
            .given_back
            .wait_timeout_while(self.pool(), SESSION_TIME, all_at_work);
        let (mut pool, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(TokenError::Busy {
                label: self.label.clone(),
            });
        }
        if let Some(session) = pool.idle.pop() {
            return Ok(session);
        }
        let session = self.open(&mut pool)?;
        pool.open = pool.open.saturating_add(1);
        Ok(session)
    }

    fn open(&self, pool: &mut Pool) -> Result<Session, TokenError> {
        let wrong_pin = || TokenError::WrongPin {
            label: self.label.clone(),
        };
        if pool.is_pin_wrong {
            return Err(wrong_pin());
        }
        let context = match &pool.context {
            Some(context) => context.clone(),
            None => pool.context.insert(self.load()?).clone(),
        };
        let slot = self.slot(&context)?;
        let session = context
            .open_rw_session(slot)
            .map_err(|source| self.gone(source))?;
        let pin = self.pin()?;
        match session.login(UserType::User, Some(&pin)) {
            // One login counts for all sessions of the process.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) if is_about_the_pin(&error) => {
                pool.is_pin_wrong = true;
                Err(wrong_pin())
            }
            Err(error) => Err(self.gone(error)),
        }
    }

    fn load(&self) -> Result<Pkcs11, TokenError> {
        let Self { library, label, .. } = self;
        let library = library.as_ref().ok_or_else(|| TokenError::NotConfigured {
            label: label.clone(),
        })?;
        let fault = |source| TokenError::Library {
            library: library.clone(),
            source,
        };
        let context = Pkcs11::new(library).map_err(fault)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(context),
            Err(source) => Err(fault(source)),
        }
    }

    fn slot(&self, context: &Pkcs11) -> Result<Slot, TokenError> {
        let slots = context.get_slots_with_initialized_token();
        let slots = slots.map_err(|source| self.gone(source))?;
        // A slot whose token says nothing has just lost it.
        let is_ours = |slot: &Slot| {
            let told = context.get_token_info(*slot);
            told.is_ok_and(|token| token.label().trim_end() == self.label)
        };
        let ours: Vec<Slot> = slots.into_iter().filter(is_ours).collect();
        match ours.as_slice() {
            [slot] => Ok(*slot),
            others => Err(TokenError::Absent {
                label: self.label.clone(),
                found: others.len(),
            }),
        }
    }

    /// The PIN: the first line of the file, or the environment variable.
    fn pin(&self) -> Result<AuthPin, TokenError> {
        let missing = || TokenError::NoPin {
            label: self.label.clone(),
        };
        let text = match &self.pin_file {
            Some(file) => {
                let bytes = Zeroizing::new(read_small(file).map_err(TokenError::PinFile)?);
                let text = std::str::from_utf8(&bytes).map_err(|_| missing())?;
                Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())
            }
            None => Zeroizing::new(std::env::var(PIN_VARIABLE).unwrap_or_default()),
        };
        if text.is_empty() {
            return Err(missing());
        }
        Ok(AuthPin::new(text.as_str().into()))
    }
}

/// What is asked for in the public and the private half of a new key.
fn templates(id: &[u8; ID_BYTES], name: &str) -> ([Attribute; 7], [Attribute; 8]) {
    let name = || Attribute::Label(format!("pennyblack {name}").into_bytes());
    let public_half = [
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::KeyType(KeyType::EC),
        Attribute::EcParams(P256.to_vec()),
        Attribute::Verify(true),
        Attribute::Id(id.to_vec()),
        name(),
    ];
    let private_half = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::KeyType(KeyType::EC),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Id(id.to_vec()),
        name(),
    ];
    (public_half, private_half)
}

/// Whether a login failed by the PIN and not by the token.
fn is_about_the_pin(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired
                | RvError::PinLocked
                | RvError::UserPinNotInitialized,
            _
        )
    )
}

fn find(
    session: &Session,
    id: &[u8; ID_BYTES],
    class: ObjectClass,
) -> Result<Vec<ObjectHandle>, Error> {
    session.find_objects(&[Attribute::Class(class), Attribute::Id(id.to_vec())])
}

fn remove(session: &Session, id: &[u8; ID_BYTES]) -> Result<(), Error> {
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        for object in find(session, id, class)? {
            session.destroy_object(object)?;
        }
    }
    Ok(())
}

/// The point of a public key: an octet string, as the standard says, or bare, as some tokens give it.
fn point_of(attribute: &Attribute) -> Option<Point> {
    let Attribute::EcPoint(bytes) = attribute else {
        return None;
    };
    let bare = bytes.strip_prefix(&POINT_HEAD);
    bare.and_then(|bare| bare.try_into().ok())
        .or_else(|| bytes.as_slice().try_into().ok())
        .map(Point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_as_an_octet_string_or_bare() {
        let mut bare = [7; 65];
        bare[0] = 4;
        let wrapped = [POINT_HEAD.as_slice(), &bare].concat();
        for bytes in [bare.to_vec(), wrapped] {
            let point = point_of(&Attribute::EcPoint(bytes)).unwrap();
            assert_eq!(point.0, bare);
        }
        assert!(point_of(&Attribute::EcPoint(vec![4; 64])).is_none());
        assert!(point_of(&Attribute::Id(bare.to_vec())).is_none());
    }

    #[test]
    fn a_key_whose_library_nobody_names_is_refused_before_anything_is_loaded() {
        let token = Token::new(None, "Post", None);
        let signed = token.sign(&[1; ID_BYTES], &[2; 32]);
        assert!(matches!(signed, Err(TokenError::NotConfigured { label }) if label == "Post"));
    }

    #[test]
    fn a_library_that_is_not_there_is_named() {
        let token = Token::new(Some(Path::new("/nowhere/lib.so")), "Post", None);
        let signed = token.sign(&[1; ID_BYTES], &[2; 32]);
        assert!(matches!(signed, Err(TokenError::Library { .. })));
    }
}
