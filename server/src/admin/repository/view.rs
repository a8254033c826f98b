//! What an admin sees of the repository.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::admin::view::time;
use crate::repository::RepositoryRole;
use crate::repository::health::RoleHealth;

/// A role and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleView {
    /// Its newest version and how that is.
    #[serde(flatten)]
    pub health: RoleHealth,
    /// Whole days until it ends; negative after that.
    pub days_left: i64,
    /// How many keys it has.
    pub keys: usize,
    /// How many of them have to sign.
    pub threshold: u32,
    /// What to do; nothing when nothing has to be done.
    pub advice: Option<String>,
}

/// What lies in the data folder and should not, and what is out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceView {
    /// Keys of root or targets lie in the data folder.
    pub offline_keys_here: bool,
    /// The root's keys are still those that `init` made, all under one passphrase.
    #[serde(default)]
    pub first_root_keys: bool,
    /// The passphrase of those who publish lies in the data folder.
    pub passphrase_here: bool,
    /// The published certificates of the authorities are those of today.
    pub authorities_published: bool,
}

/// Something to be signed offline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftView {
    /// The role.
    pub role: RepositoryRole,
    /// The document, JSON as TUF has it.
    pub document: String,
    /// How many have signed it.
    pub signatures: usize,
    /// What it says: version, end, keys and delegations, a line each.
    #[serde(default)]
    pub says: Vec<String>,
    /// What that changes against the document in force; nothing where none is at hand.
    #[serde(default)]
    pub changes: Option<Vec<String>>,
}

/// A key that was made for a keyholder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// The public half, hexadecimal digits.
    pub public: String,
    /// The file of the private half.
    pub file: std::path::PathBuf,
}

/// Anything that is shown about the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryView {
    /// A role.
    Role(RoleView),
    /// What lies where.
    Place(PlaceView),
    /// Something to be signed.
    Draft(DraftView),
    /// A key.
    Key(KeyView),
}

impl RepositoryView {
    /// The object as one line of JSON.
    ///
    /// # Errors
    /// None in practice: views have only texts and numbers.
    pub fn json(&self) -> serde_json::Result<String> {
        match self {
            Self::Role(view) => serde_json::to_string(view),
            Self::Place(view) => serde_json::to_string(view),
            Self::Draft(view) => serde_json::to_string(view),
            Self::Key(view) => serde_json::to_string(view),
        }
    }
}

impl fmt::Display for RepositoryView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(view) => role(f, view),
            Self::Place(view) => place(f, *view),
            Self::Draft(view) => draft(f, view),
            Self::Key(view) => write!(
                f,
                "{}\n    is the public half of the key in {}. Keep that file and its passphrase apart.",
                view.public,
                view.file.display()
            ),
        }
    }
}

fn draft(f: &mut fmt::Formatter<'_>, view: &DraftView) -> fmt::Result {
    write!(f, "{view}")?;
    write!(
        f,
        "\nSigned by {} so far. `repository sign` adds a signature, `repository install` puts it in \
         force.",
        view.signatures
    )
}

impl fmt::Display for DraftView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The next {} says:", self.role.name())?;
        for line in &self.says {
            write!(f, "\n    {line}")?;
        }
        match &self.changes {
            None => f.write_str(
                "\nThe document in force is not at hand: compare it with what you were told.",
            ),
            Some(none) if none.is_empty() => {
                f.write_str("\nAgainst the one in force it changes nothing but what time does.")
            }
            Some(changes) => {
                f.write_str("\nAgainst the one in force it changes:")?;
                changes
                    .iter()
                    .try_for_each(|line| write!(f, "\n    {line}"))
            }
        }
    }
}

fn role(f: &mut fmt::Formatter<'_>, view: &RoleView) -> fmt::Result {
    let health = &view.health;
    write!(
        f,
        "{:<10} version {:>8}  {} of {} keys  until {}  {:>4} days  {}",
        health.role.name(),
        health.version,
        view.threshold,
        view.keys,
        time(health.expires),
        view.days_left,
        health.health.words(),
    )?;
    match &view.advice {
        Some(advice) => write!(f, "\n    {advice}"),
        None => Ok(()),
    }
}

fn place(f: &mut fmt::Formatter<'_>, view: PlaceView) -> fmt::Result {
    let mut lines = Vec::new();
    if view.offline_keys_here {
        lines.push("The keys of root and targets still lie in the data folder: move them away.");
    }
    if view.first_root_keys {
        lines.push(
            "The root's keys are still those that `init` made in one place under one passphrase: give \
             each keyholder a key of their own (`repository new-key`, `repository rotate-root`).",
        );
    }
    if view.passphrase_here {
        lines.push(
            "The passphrase of those who publish still lies in the data folder: whoever copies the \
             folder can publish prices. Move it away.",
        );
    }
    if !view.authorities_published {
        lines.push(
            "The published certificates of the authorities are not those of today: `repository \
             sign-targets`.",
        );
    }
    if lines.is_empty() {
        lines.push("Nothing lies in the data folder that belongs elsewhere.");
    }
    f.write_str(&lines.join("\n"))
}
