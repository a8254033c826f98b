//! Calls and views of users: who signs in, and what they may do.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Call;

/// What a person types and nobody may read back: a PIN, the token of a session.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}

/// What somebody is at this station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Prints.
    Clerk,
    /// Prints, claims spoiled pieces back, lets a piece pass a spent budget.
    Supervisor,
    /// Sets printers up; no money.
    Installer,
    /// Looks at everything, changes nothing.
    Auditor,
    /// All of it, and the users.
    Admin,
}

/// A call in somebody's name.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AsCall {
    /// Who asks.
    pub proof: Proof,
    /// What is asked.
    pub inner: Box<Call>,
}

/// How somebody shows who they are.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Proof {
    /// They signed in before.
    Session {
        /// The token of [`SessionView`].
        #[ts(type = "string")]
        token: Hidden,
    },
    /// They give their PIN with the call.
    Pin {
        /// The user's name.
        user: String,
        /// The PIN.
        #[ts(type = "string")]
        pin: Hidden,
    },
    /// They give the code of an admin at the data center, because they have forgotten their PIN: it
    /// is good for choosing a new one and for nothing else.
    Code {
        /// The user's name.
        user: String,
        /// The code, as typed.
        #[ts(type = "string")]
        code: Hidden,
    },
}

/// Signing in.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SignInCall {
    /// The user's name.
    pub user: String,
    /// The PIN.
    #[ts(type = "string")]
    pub pin: Hidden,
}

/// Signing out.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SignOutCall {
    /// The token of the session that ends.
    #[ts(type = "string")]
    pub token: Hidden,
}

/// A new user.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AddUserCall {
    /// What the journal calls them; 1 to 40 characters.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// Their PIN: 4 to 12 digits, at least 6 where they have a right.
    #[ts(type = "string")]
    pub pin: Hidden,
    /// Rights that differ from those of the role.
    #[serde(default)]
    pub rights: NewRights,
}

/// Rights that are set one by one; what is nothing stays, or is as the role has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewRights {
    /// To print and refill.
    #[serde(default)]
    pub money: Option<bool>,
    /// To claim spoiled pieces back.
    #[serde(default)]
    pub refunds: Option<bool>,
    /// To make and change users.
    #[serde(default)]
    pub users: Option<bool>,
}

/// A change of a user; what is nothing stays.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ChangeUserCall {
    /// Who.
    pub name: String,
    /// What they are from now on; their rights become those of the role.
    #[serde(default)]
    pub role: Option<Role>,
    /// A new PIN; it also ends a wait after wrong ones.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub pin: Option<Hidden>,
    /// Rights to be set.
    #[serde(default)]
    pub rights: NewRights,
    /// Whether they can no longer sign in. Nobody is removed: the journal names them.
    #[serde(default)]
    pub closed: Option<bool>,
}

/// How long a session lasts without its user.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
pub struct IdleLockCall {
    /// Minutes, 1 to 60.
    pub minutes: u32,
}

/// A session that began.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SessionView {
    /// What stands for the user in calls; kept in memory only, on both sides.
    #[ts(type = "string")]
    pub token: Hidden,
    /// The user.
    pub user: UserView,
    /// After so many minutes without a call it ends.
    pub idle_minutes: u32,
}

/// One user.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UserView {
    /// The name.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// Whether they may print and refill.
    pub money: bool,
    /// Whether they may claim spoiled pieces back.
    pub refunds: bool,
    /// Whether they may make and change users.
    pub users: bool,
    /// Whether they may set printers up.
    pub setup: bool,
    /// Whether they may let a piece pass a spent budget.
    pub may_override: bool,
    /// Whether they can no longer sign in.
    pub closed: bool,
    /// Until when no PIN is looked at, Unix seconds; 0 when the next one is looked at.
    #[ts(type = "number")]
    pub locked_until: i64,
}

/// The users of this station, by name.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct UsersView {
    /// The users; none at a station with one clerk.
    pub users: Vec<UserView>,
    /// After so many minutes without a call a session ends.
    pub idle_minutes: u32,
}
