//! `pennyblack users`.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};

use crate::api::{
    AddUserCall, AsCall, Call, ChangeUserCall, Hidden, IdleLockCall, NewRights, Proof, Role,
    UiError,
};
use crate::messages::{Code, say};
use crate::secrets::private_file;

/// What to do with the users of this station.
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// List the users
    List,
    /// Make a user; the first one is an admin
    Add {
        /// What the journal calls them
        name: String,
        /// What they are
        #[arg(long)]
        role: RoleWord,
        /// A private file whose first line is their PIN
        #[arg(long, value_name = "PATH")]
        new_pin_file: std::path::PathBuf,
        #[command(flatten)]
        rights: Rights,
    },
    /// Change a user's role, rights or PIN
    Change {
        /// Who
        name: String,
        /// What they are from now on; their rights become those of the role
        #[arg(long)]
        role: Option<RoleWord>,
        /// A private file whose first line is their new PIN
        #[arg(long, value_name = "PATH")]
        new_pin_file: Option<std::path::PathBuf>,
        #[command(flatten)]
        rights: Rights,
    },
    /// Choose a new PIN with the code of an admin at the data center
    Reset {
        /// Who
        name: String,
        /// A private file whose first line is the code
        #[arg(long, value_name = "PATH")]
        code_file: std::path::PathBuf,
        /// A private file whose first line is the new PIN
        #[arg(long, value_name = "PATH")]
        new_pin_file: std::path::PathBuf,
    },
    /// Let a user sign in no more; the journal goes on naming them
    Close {
        /// Who
        name: String,
    },
    /// Let a closed user sign in again
    Open {
        /// Who
        name: String,
    },
    /// Choose after how many idle minutes a session ends
    Idle {
        /// 1 to 60
        minutes: u32,
    },
}

/// Rights that differ from those of the role.
#[derive(Debug, Args)]
pub(super) struct Rights {
    /// To print and refill
    #[arg(long, value_name = "yes|no")]
    money: Option<YesNo>,
    /// To claim spoiled pieces back
    #[arg(long, value_name = "yes|no")]
    refunds: Option<YesNo>,
    /// To make and change users
    #[arg(long, value_name = "yes|no")]
    users: Option<YesNo>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RoleWord {
    Clerk,
    Supervisor,
    Installer,
    Auditor,
    Admin,
}

impl RoleWord {
    const fn role(self) -> Role {
        match self {
            Self::Clerk => Role::Clerk,
            Self::Supervisor => Role::Supervisor,
            Self::Installer => Role::Installer,
            Self::Auditor => Role::Auditor,
            Self::Admin => Role::Admin,
        }
    }
}

impl Rights {
    fn new_rights(&self) -> NewRights {
        let is = |right: Option<YesNo>| right.map(|right| matches!(right, YesNo::Yes));
        NewRights {
            money: is(self.money),
            refunds: is(self.refunds),
            users: is(self.users),
        }
    }
}

/// The call of a command.
pub(super) fn call(command: Users) -> Result<Call, UiError> {
    let unchanged = |name| ChangeUserCall {
        name,
        role: None,
        pin: None,
        rights: NewRights::default(),
        closed: None,
    };
    Ok(match command {
        Users::List => Call::Users,
        Users::Add {
            name,
            role,
            new_pin_file,
            rights,
        } => Call::AddUser(AddUserCall {
            name,
            role: role.role(),
            pin: pin(&new_pin_file)?,
            rights: rights.new_rights(),
        }),
        Users::Change {
            name,
            role,
            new_pin_file,
            rights,
        } => Call::ChangeUser(ChangeUserCall {
            role: role.map(RoleWord::role),
            pin: new_pin_file.as_deref().map(pin).transpose()?,
            rights: rights.new_rights(),
            ..unchanged(name)
        }),
        Users::Reset {
            name,
            code_file,
            new_pin_file,
        } => Call::As(AsCall {
            proof: Proof::Code {
                user: name.clone(),
                code: pin(&code_file)?,
            },
            inner: Box::new(Call::ChangeUser(ChangeUserCall {
                pin: Some(pin(&new_pin_file)?),
                ..unchanged(name)
            })),
        }),
        Users::Close { name } => Call::ChangeUser(ChangeUserCall {
            closed: Some(true),
            ..unchanged(name)
        }),
        Users::Open { name } => Call::ChangeUser(ChangeUserCall {
            closed: Some(false),
            ..unchanged(name)
        }),
        Users::Idle { minutes } => Call::IdleLock(IdleLockCall { minutes }),
    })
}

/// Who asks, when a name was given.
pub(super) fn proof(user: Option<String>, file: Option<&Path>) -> Result<Option<Proof>, UiError> {
    match (user, file) {
        (Some(user), Some(file)) => Ok(Some(Proof::Pin {
            user,
            pin: pin(file)?,
        })),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(say(
            Code::Usage,
            &[("what", "Give --user and --pin-file together.")],
        )),
    }
}

/// The first line of a file that nobody else may read.
pub(super) fn pin(path: &Path) -> Result<Hidden, UiError> {
    let missing = || {
        say(
            Code::CannotRead,
            &[
                ("path", &path.display().to_string()),
                ("reason", "there is no such file"),
            ],
        )
    };
    let bytes = private_file::read(path)?.ok_or_else(missing)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim();
    Ok(Hidden::new(line.to_owned()))
}
