//! Users of this station: who they are, what they may do, and how they show it.
//!
//! A station without users has one clerk, who may do everything but override. From the first user
//! on, an admin, every call that moves value or changes something needs somebody who signed in, and
//! the journal names them. What is known of a user is one sealed row, so that a PIN's verifier
//! cannot be copied and a role cannot be edited in the database.

pub mod pin;
mod resets;
mod rights;
mod sessions;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::api::{
    AddUserCall, ChangeUserCall, Hidden, NewRights, Role, SessionView, UiError, UserView, UsersView,
};
use crate::crypto;
use crate::messages::{Code, say};
use crate::station::{CLERK_USER, Owner, STATION_USER, names};

pub use resets::note as note_reset;
pub use sessions::Sessions;

/// The longest name, characters.
const MAX_NAME_CHARS: usize = shared::services::funds::pin_reset::MAX_USER_CHARS;

/// The longest name, bytes: what a journal record takes.
const MAX_NAME_BYTES: usize = shared::vault::MAX_USER_BYTES;

/// The most users of one station, the closed ones counted.
const USERS_MAX: usize = 200;

/// Tries before the first wait.
const FREE_TRIES: u32 = 5;

/// Minutes to wait after the fifth, the sixth and every later wrong try.
const WAITS: [i64; 3] = [1, 5, 15];

/// Idle minutes when nobody chose.
const USUAL_IDLE: u32 = 10;

/// The longest that an idle session may last, minutes.
const MAX_IDLE: u32 = 60;

/// Where users lie among the secrets.
const PREFIX: &str = "user/";

/// One user, as sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct User {
    /// The name.
    pub name: String,
    /// What they are.
    #[zeroize(skip)]
    pub role: Role,
    /// Whether they may print and refill.
    pub money: bool,
    /// Whether they may claim spoiled pieces back.
    pub refunds: bool,
    /// Whether they may make and change users.
    pub users: bool,
    /// Whether they can no longer sign in.
    pub closed: bool,
    /// What the PIN is held against.
    verifier: pin::Verifier,
    /// Tries since the last good one.
    tries: u32,
    /// Until when no PIN is looked at, Unix seconds.
    locked_until: i64,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A try that was counted and is to be looked at off the owner's thread, because that takes long.
#[derive(Debug)]
pub struct Try {
    name: String,
    verifier: pin::Verifier,
    pepper: Zeroizing<[u8; pin::PEPPER_BYTES]>,
}

impl Try {
    /// Whether the PIN is the user's. Takes a good part of a second on purpose.
    #[must_use]
    pub fn is_good(&self, pin: &Hidden) -> bool {
        self.verifier.fits(&self.pepper, pin.text())
    }
}

/// A PIN that somebody chooses, as it is kept if it may be chosen.
#[derive(Debug)]
pub struct NewPin {
    text: Hidden,
    verifier: pin::Verifier,
}

impl NewPin {
    /// Hashes a PIN. Takes a good part of a second on purpose: never on the owner's thread.
    #[must_use]
    pub fn hash(pepper: &[u8; pin::PEPPER_BYTES], text: &Hidden) -> Self {
        Self {
            text: text.clone(),
            verifier: pin::Verifier::new(pepper, text.text(), crypto::random_bytes()),
        }
    }

    /// What the PIN of this user is held against.
    ///
    /// # Errors
    /// `weak_pin` when they may not choose it.
    fn verifier_for(self, user: &User) -> Result<pin::Verifier, UiError> {
        let least = if user.has_rights() {
            pin::MONEY_DIGITS
        } else {
            pin::LEAST_DIGITS
        };
        if pin::is_good_choice(self.text.text(), least) {
            Ok(self.verifier)
        } else {
            Err(say(Code::WeakPin, &[("least", &least.to_string())]))
        }
    }
}

impl User {
    /// The rights of a role, and those that are set one by one.
    fn set_rights(&mut self, rights: NewRights) {
        self.money = rights.money.unwrap_or(self.money);
        self.refunds = rights.refunds.unwrap_or(self.refunds);
        self.users = rights.users.unwrap_or(self.users);
    }

    fn set_role(&mut self, role: Role) {
        self.role = role;
        (self.money, self.refunds, self.users) = match role {
            Role::Clerk => (true, false, false),
            Role::Supervisor => (true, true, false),
            Role::Installer | Role::Auditor => (false, false, false),
            Role::Admin => (true, true, true),
        };
    }

    /// Whether printers may be set up.
    #[must_use]
    pub const fn may_set_up(&self) -> bool {
        matches!(self.role, Role::Installer | Role::Admin)
    }

    /// Whether a piece may be let pass a spent budget.
    #[must_use]
    pub const fn may_override(&self) -> bool {
        matches!(self.role, Role::Supervisor | Role::Admin) && self.money
    }

    /// Whether the PIN must be long.
    const fn has_rights(&self) -> bool {
        self.money || self.refunds || self.users
    }

    fn view(&self) -> UserView {
        UserView {
            name: self.name.clone(),
            role: self.role,
            money: self.money,
            refunds: self.refunds,
            users: self.users,
            setup: self.may_set_up(),
            may_override: self.may_override(),
            closed: self.closed,
            locked_until: self.locked_until,
        }
    }
}

impl Owner {
    /// Whether somebody has to sign in at this station.
    ///
    /// # Errors
    /// The faults of the store.
    pub fn has_users(&self) -> Result<bool, UiError> {
        Ok(!self.store().secret_names(PREFIX, 1)?.is_empty())
    }

    /// The users by name.
    pub(crate) fn users_view(&self) -> Result<UsersView, UiError> {
        Ok(UsersView {
            users: self.users()?.iter().map(User::view).collect(),
            idle_minutes: self.idle_minutes()?,
        })
    }

    fn users(&self) -> Result<Vec<User>, UiError> {
        let keys = self.store().secret_names(PREFIX, USERS_MAX)?;
        keys.iter()
            .filter_map(|key| self.user_at(key).transpose())
            .collect()
    }

    /// The user of this name, in whatever letters it is typed.
    pub(super) fn user(&self, name: &str) -> Result<Option<User>, UiError> {
        self.user_at(&key(name))
    }

    fn user_at(&self, key: &str) -> Result<Option<User>, UiError> {
        let damaged = |_| say(Code::DamagedStore, &[("what", "a user")]);
        let sealed = self.store().secret(key)?;
        sealed
            .map(|bytes| serde_json::from_slice(&bytes).map_err(damaged))
            .transpose()
    }

    fn put_user(&mut self, user: &User) -> Result<(), UiError> {
        self.put_user_and(user, false)
    }

    /// Writes a user down; `ends_reset` takes the order away that let them choose a PIN.
    fn put_user_and(&mut self, user: &User, ends_reset: bool) -> Result<(), UiError> {
        let text = Zeroizing::new(serde_json::to_vec(user).map_err(|_| not_kept())?);
        let key = key(&user.name);
        self.write("a user", |tx| {
            tx.put_secret(&key, &text)?;
            if ends_reset {
                tx.delete_secret(names::PIN_RESET)?;
            }
            Ok(())
        })
    }

    /// Makes a user. The first one is an admin: from then on the station asks who is there.
    pub(crate) fn add_user(
        &mut self,
        call: &AddUserCall,
        new_pin: Option<NewPin>,
    ) -> Result<UsersView, UiError> {
        self.enrolled()?;
        let name = call.name.trim();
        check_name(name)?;
        if self.user(name)?.is_some() {
            return Err(say(Code::UserExists, &[("name", name)]));
        }
        let users = self.users()?;
        if users.len() >= USERS_MAX {
            return Err(say(Code::TooManyUsers, &[]));
        }
        let mut user = User {
            name: name.to_owned(),
            role: call.role,
            money: false,
            refunds: false,
            users: false,
            closed: false,
            verifier: pin::Verifier::default(),
            tries: 0,
            locked_until: 0,
        };
        user.set_role(call.role);
        user.set_rights(call.rights);
        if users.is_empty() && !user.users {
            return Err(say(Code::FirstUserIsAdmin, &[]));
        }
        let weak = || say(Code::WeakPin, &[("least", &pin::LEAST_DIGITS.to_string())]);
        user.verifier = new_pin.ok_or_else(weak)?.verifier_for(&user)?;
        self.put_user(&user)?;
        self.tell(crate::api::Event::Status);
        self.users_view()
    }

    /// Changes a user. The last one who may change users keeps that right.
    pub(crate) fn change_user(
        &mut self,
        call: &ChangeUserCall,
        new_pin: Option<NewPin>,
    ) -> Result<UsersView, UiError> {
        let unknown = || say(Code::UnknownUser, &[("name", call.name.trim())]);
        let mut user = self.user(call.name.trim())?.ok_or_else(unknown)?;
        if let Some(role) = call.role {
            user.set_role(role);
        }
        user.set_rights(call.rights);
        user.closed = call.closed.unwrap_or(user.closed);
        if user.closed || !user.users {
            let others = self.users()?;
            let mut others = others.iter().filter(|other| other.name != user.name);
            if !others.any(|other| other.users && !other.closed) {
                return Err(say(Code::LastAdmin, &[("name", &user.name)]));
            }
        }
        let has_new_pin = new_pin.is_some();
        match new_pin {
            Some(new_pin) => {
                user.verifier = new_pin.verifier_for(&user)?;
                (user.tries, user.locked_until) = (0, 0);
            }
            // A short PIN does not grow with a right that was given later.
            None if user.has_rights() && user.verifier.is_short() => {
                return Err(say(
                    Code::WeakPin,
                    &[("least", &pin::MONEY_DIGITS.to_string())],
                ));
            }
            None => {}
        }
        let ends_reset = has_new_pin && self.reset_of(&user.name)?.is_some();
        self.put_user_and(&user, ends_reset)?;
        if user.closed || has_new_pin {
            self.sessions().end_of(&user.name);
        }
        self.tell(crate::api::Event::Status);
        self.users_view()
    }

    /// What a PIN is hashed with that somebody chooses.
    ///
    /// # Errors
    /// `not_enrolled`, and the faults of the store.
    pub(crate) fn pepper_for_new_pin(
        &mut self,
    ) -> Result<Zeroizing<[u8; pin::PEPPER_BYTES]>, UiError> {
        self.enrolled()?;
        self.pepper()
    }

    /// What is mixed into every PIN: derived from the key-encryption key when the first user is
    /// made, and sealed under it since, so that the key can be rotated without asking everybody
    /// for a new PIN.
    fn pepper(&mut self) -> Result<Zeroizing<[u8; pin::PEPPER_BYTES]>, UiError> {
        let damaged = |_| say(Code::DamagedStore, &[("what", "what PINs rest on")]);
        if let Some(kept) = self.store().secret(names::PIN_PEPPER)? {
            let pepper = <[u8; pin::PEPPER_BYTES]>::try_from(kept.as_slice());
            return pepper.map(Zeroizing::new).map_err(damaged);
        }
        let pepper = self.store().derived_key(pin::PEPPER_PURPOSE)?;
        self.write("what PINs rest on", |tx| {
            Ok(tx.put_secret(names::PIN_PEPPER, pepper.as_slice())?)
        })?;
        Ok(pepper)
    }

    /// Counts a try, durably, before the PIN is looked at: a power cut is no free one.
    ///
    /// # Errors
    /// `unknown_user`, `pin_locked` while the wait after wrong tries goes on.
    pub fn begin_try(&mut self, name: &str) -> Result<Try, UiError> {
        let unknown = || say(Code::UnknownUser, &[("name", name.trim())]);
        let mut user = self
            .user(name.trim())?
            .filter(|user| !user.closed)
            .ok_or_else(unknown)?;
        let now = self.now();
        if now.0 < user.locked_until {
            return Err(locked(user.locked_until, now));
        }
        user.tries = user.tries.saturating_add(1);
        if let Some(wait) = wait_after(user.tries) {
            user.locked_until = now.plus_seconds(wait).0;
        }
        self.put_user(&user)?;
        Ok(Try {
            name: user.name.clone(),
            verifier: user.verifier.clone(),
            pepper: self.pepper()?,
        })
    }

    /// What a try has led to: the user, or the refusal with what is left.
    ///
    /// # Errors
    /// `wrong_pin`, `pin_locked`.
    pub fn end_try(&mut self, tried: &Try, is_good: bool) -> Result<User, UiError> {
        let unknown = || say(Code::UnknownUser, &[("name", &tried.name)]);
        let mut user = self.user(&tried.name)?.ok_or_else(unknown)?;
        if is_good {
            (user.tries, user.locked_until) = (0, 0);
            self.put_user(&user)?;
            return Ok(user);
        }
        let now = self.now();
        if now.0 < user.locked_until {
            return Err(locked(user.locked_until, now));
        }
        let left = FREE_TRIES.saturating_sub(user.tries).to_string();
        Err(say(Code::WrongPin, &[("left", &left)]))
    }

    /// Begins a session of somebody whose PIN was good.
    pub(crate) fn begin_session(&mut self, user: &User) -> Result<SessionView, UiError> {
        let now = self.now();
        let token = self.sessions().begin(&user.name, now);
        Ok(SessionView {
            token,
            user: user.view(),
            idle_minutes: self.idle_minutes()?,
        })
    }

    /// The user of a session; `is_work` keeps it from ending.
    ///
    /// # Errors
    /// `session_ended` when it was idle for too long, was ended, or its user was closed.
    pub fn user_of_session(&mut self, token: &Hidden, is_work: bool) -> Result<User, UiError> {
        let ended = || say(Code::SessionEnded, &[]);
        let (now, idle) = (self.now(), self.idle_minutes()?);
        let name = self
            .sessions()
            .user(token, now, i64::from(idle) * 60, is_work);
        let user = self.user(&name.ok_or_else(ended)?)?;
        user.filter(|user| !user.closed).ok_or_else(ended)
    }

    /// After so many minutes without work a session ends.
    fn idle_minutes(&self) -> Result<u32, UiError> {
        let text = self.store().setting(names::IDLE_LOCK)?;
        let minutes = text.and_then(|text| text.parse().ok());
        Ok(minutes.unwrap_or(USUAL_IDLE).clamp(1, MAX_IDLE))
    }

    /// Chooses how long a session lasts without its user.
    pub(crate) fn set_idle_minutes(&mut self, minutes: u32) -> Result<UsersView, UiError> {
        if !(1..=MAX_IDLE).contains(&minutes) {
            return Err(crate::station::pricing::bad(format!(
                "A session may be idle for 1 to {MAX_IDLE} minutes"
            )));
        }
        self.write("the idle lock", |tx| {
            Ok(tx.put_setting(names::IDLE_LOCK, &minutes.to_string())?)
        })?;
        self.users_view()
    }
}

/// Seconds to wait after so many wrong tries; nothing while they are free.
fn wait_after(tries: u32) -> Option<i64> {
    let beyond = usize::try_from(tries.checked_sub(FREE_TRIES)?).unwrap_or(usize::MAX);
    let minutes = WAITS.get(beyond).or_else(|| WAITS.last())?;
    Some(minutes * 60)
}

fn locked(until: i64, now: UnixSeconds) -> UiError {
    let minutes = (until.saturating_sub(now.0) + 59) / 60;
    let plural = if minutes == 1 { "" } else { "s" };
    let wait = format!("{minutes} minute{plural}");
    say(Code::PinLocked, &[("wait", &wait)])
}

/// Names differ in more than their letters' size.
fn key(name: &str) -> String {
    format!("{PREFIX}{}", name.to_lowercase())
}

/// A name that the journal takes and that stands for nobody else.
fn check_name(name: &str) -> Result<(), UiError> {
    let length = name.chars().count();
    let taken = [CLERK_USER, STATION_USER].contains(&name.to_lowercase().as_str());
    let plain = !name.chars().any(char::is_control);
    if length == 0 || length > MAX_NAME_CHARS || name.len() > MAX_NAME_BYTES || taken || !plain {
        return Err(crate::station::pricing::bad(format!(
            "A user's name has 1 to {MAX_NAME_CHARS} characters and is not {CLERK_USER} or \
             {STATION_USER}"
        )));
    }
    Ok(())
}

fn not_kept() -> UiError {
    say(Code::StoreFault, &[("reason", "a user cannot be written")])
}
