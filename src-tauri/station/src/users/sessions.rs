//! Who is signed in now. Sessions live in the owner's memory: none outlasts the program.

use shared::clock::UnixSeconds;
use subtle::ConstantTimeEq;

use crate::api::Hidden;
use crate::crypto;

/// The most sessions at once: windows and browsers on one machine. The oldest gives way.
const SESSIONS_MAX: usize = 16;

/// Bytes of a token: not to be guessed.
const TOKEN_BYTES: usize = 16;

/// One session.
#[derive(Debug)]
struct Session {
    token: Hidden,
    user: String,
    last: UnixSeconds,
}

/// The sessions of one station.
#[derive(Debug, Default)]
pub struct Sessions(Vec<Session>);

impl Sessions {
    /// Begins a session.
    pub(super) fn begin(&mut self, user: &str, now: UnixSeconds) -> Hidden {
        if self.0.len() >= SESSIONS_MAX {
            self.0.remove(0);
        }
        let mut bytes = [0; TOKEN_BYTES];
        crypto::random(&mut bytes);
        let token = Hidden::new(hex::encode(bytes));
        self.0.push(Session {
            token: token.clone(),
            user: user.to_owned(),
            last: now,
        });
        token
    }

    /// The user of a session that was not idle for more than `idle` seconds; one that was is over.
    pub(super) fn user(
        &mut self,
        token: &Hidden,
        now: UnixSeconds,
        idle: i64,
        is_work: bool,
    ) -> Option<String> {
        self.0
            .retain(|session| now.seconds_since(session.last) <= idle);
        let wanted = token.text().as_bytes();
        let session = self
            .0
            .iter_mut()
            .find(|session| session.token.text().as_bytes().ct_eq(wanted).into())?;
        if is_work {
            session.last = now;
        }
        Some(session.user.clone())
    }

    /// Ends one session.
    pub(crate) fn end(&mut self, token: &Hidden) {
        self.0.retain(|session| session.token != *token);
    }

    /// Ends all sessions of a user.
    pub(super) fn end_of(&mut self, user: &str) {
        self.0.retain(|session| session.user != user);
    }
}
