//! The commands of the repository.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use shared::tuf::Document;

use super::view::KeyView;
use super::{DraftView, RepositoryCall, RepositoryView};
use crate::admin::approval::cli::{ConsentArguments, asking};
use crate::admin::call::{AdminCall, Passphrase};
use crate::admin::output::Output;
use crate::admin::refusal::{AdminRefusal, Ending};
use crate::admin::view::AdminView;
use crate::admin::{passphrase_of, perform_or_ask, perform_or_ask_for, read_passphrase};
use crate::ca::{Ed25519Key, NewRepositoryKey, Origin, open_repository_key};
use crate::clock::Clock;
use crate::folder::{Folder, read_small, write_private};
use crate::repository::keys::TARGETS_FILE;
use crate::repository::sign::add_signature;
use crate::repository::{DOCUMENTS_MAX, RepositoryRole};

/// The signed repository of rates, software, stop list and authorities.
#[derive(Debug, Subcommand)]
pub enum RepositoryCommand {
    /// Show every role: version, keys, until when it holds and what is to be done.
    Show,
    /// Sign what rates and software name once more, so that it holds for its whole time again: needed
    /// once a year without a publication, and after a restore.
    Renew {
        /// A file whose first line is the passphrase of the keys that publish [default: where `init`
        /// left it, until you move it away].
        #[arg(long, value_name = "PATH")]
        passphrase_file: Option<PathBuf>,
    },
    /// Sign the top-level targets again, with the certificates of the authorities of today: needed once
    /// a year, after `keys rotate --what ca`, and with a new key for a role whose key was stolen or lost.
    SignTargets(SignTargets),
    /// Draft the next root into a file for its keyholders: to hold longer, or with other keys.
    RotateRoot(RotateRoot),
    /// Make the repository of a data center that an earlier program made. Stations enrolled before have
    /// to be enrolled anew to trust it. A new data center has one.
    Create {
        /// A file whose first line is the passphrase for the keys that belong offline.
        #[arg(long, value_name = "PATH")]
        root_passphrase_file: PathBuf,
        /// A file whose first line is the passphrase of the keys that publish rates and software.
        /// Without it one is made and left in the folder `offline`, to be moved away.
        #[arg(long, value_name = "PATH")]
        publish_passphrase_file: Option<PathBuf>,
    },
    /// Make a key for a keyholder: the private half stays in the file. Needs no data center.
    NewKey {
        /// The new file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// A file whose first line is the passphrase for it.
        #[arg(long, value_name = "PATH")]
        passphrase_file: PathBuf,
    },
    /// Show what a draft says, ask, and add a signature to it. Needs no data center: it works where the
    /// key is.
    Sign {
        /// The draft.
        file: PathBuf,
        /// The document of the same role that is in force, as it was installed or as any station may
        /// fetch it: shows what the draft changes.
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// Sign without asking: it was read before. Needed where nobody can be asked.
        #[arg(long)]
        yes: bool,
        /// The file with the key.
        #[command(flatten)]
        key: KeyArguments,
    },
    /// Put in force what enough keyholders have signed. Where two admins have keys, a root also needs
    /// their approval.
    Install {
        /// The signed files, a root and what belongs to it together.
        #[arg(required = true, num_args = 1..=DOCUMENTS_MAX)]
        files: Vec<PathBuf>,
        /// A file whose first line is the passphrase of the keys that publish: needed where the targets
        /// name new ones [default: where `init` left it].
        #[arg(long, value_name = "PATH")]
        publish_passphrase_file: Option<PathBuf>,
        /// How two admins approve it.
        #[command(flatten)]
        consent: ConsentArguments,
    },
}

/// A key and what opens it.
#[derive(Debug, Args)]
pub struct KeyArguments {
    /// The file with the sealed key.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// A file whose first line is its passphrase.
    #[arg(long, value_name = "PATH")]
    pub passphrase_file: PathBuf,
}

/// How the top-level targets are signed.
#[derive(Debug, Args)]
pub struct SignTargets {
    /// The file with the key of the targets [default: where `init` left it].
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// A file whose first line is its passphrase; at `init` that of the offline root.
    #[arg(long, value_name = "PATH", required_unless_present = "out")]
    pub passphrase_file: Option<PathBuf>,
    /// Only draft them, into this new file: for a key that is somewhere else.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "passphrase_file"])]
    pub out: Option<PathBuf>,
    /// Make a new key for a role in the place of one that was stolen or lost: rates, software or stops;
    /// may be given several times. What the role names is signed again with it at `install`.
    #[arg(long = "new-key", value_name = "ROLE", value_enum)]
    pub new_keys: Vec<RepositoryRole>,
    /// A file whose first line is the passphrase for new keys that publish [default: where `init` left
    /// it].
    #[arg(long, value_name = "PATH")]
    pub publish_passphrase_file: Option<PathBuf>,
}

/// What a new root changes.
#[derive(Debug, Args)]
pub struct RotateRoot {
    /// The public half of a key of the new root, as `new-key` shows it; all of them, at least three.
    /// Without any the keys stay.
    #[arg(long = "root-key", value_name = "HEX")]
    pub root_keys: Vec<String>,
    /// The public half of the new key of the top-level targets; sign them with it too, and install
    /// both together.
    #[arg(long, value_name = "HEX")]
    pub targets_key: Option<String>,
    /// Make new keys for snapshot and timestamp: those there are were stolen or lost.
    #[arg(long)]
    pub new_online_keys: bool,
    /// The new file that two keyholders of the old root, and two of the new, have to sign.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Carries out a command.
///
/// # Errors
/// [`AdminRefusal`].
pub(in crate::admin) fn carry_out(
    folder: &Folder,
    command: RepositoryCommand,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let call = |what| AdminCall::Repository { what };
    match command {
        RepositoryCommand::Show => {
            perform_or_ask(folder, call(RepositoryCall::Show), clock, output)
        }
        RepositoryCommand::Renew { passphrase_file } => {
            let passphrase = passphrase_of(passphrase_file.as_deref())?;
            let what = RepositoryCall::Renew { passphrase };
            perform_or_ask(folder, call(what), clock, output)
        }
        RepositoryCommand::SignTargets(arguments) => {
            sign_targets(folder, &arguments, clock, output)
        }
        RepositoryCommand::RotateRoot(arguments) => {
            let what = RepositoryCall::DraftRoot {
                root_keys: arguments.root_keys,
                targets_key: arguments.targets_key,
                online: arguments.new_online_keys,
            };
            let draft = drafted(folder, what, clock)?;
            write_new(&arguments.out, draft.document.as_bytes())?;
            show(output, RepositoryView::Draft(draft));
            Ok(())
        }
        RepositoryCommand::NewKey {
            out,
            passphrase_file,
        } => new_key(&out, &passphrase_file, output),
        RepositoryCommand::Sign {
            file,
            against,
            yes,
            key,
        } => sign(&file, (against.as_deref(), yes), &key, output),
        RepositoryCommand::Create {
            root_passphrase_file,
            publish_passphrase_file,
        } => {
            let what = RepositoryCall::Create {
                passphrase: Passphrase::from(read_passphrase(&root_passphrase_file)?.as_str()),
                publish_passphrase: passphrase_of(publish_passphrase_file.as_deref())?,
            };
            perform_or_ask(folder, call(what), clock, output)
        }
        RepositoryCommand::Install {
            files,
            publish_passphrase_file,
            consent,
        } => {
            let documents = files
                .iter()
                .map(|file| text_of(file))
                .collect::<Result<_, _>>()?;
            let what = RepositoryCall::Install {
                documents,
                passphrase: passphrase_of(publish_passphrase_file.as_deref())?,
                consent: consent.consent()?,
            };
            asking(folder, call(what), &consent, clock, output)
        }
    }
}

fn show(output: &Output, view: RepositoryView) {
    if !output.view(&AdminView::Repository(view)) {
        tracing::debug!("nobody reads what became of the repository");
    }
}

/// Lets the data center draft something.
fn drafted(
    folder: &Folder,
    what: RepositoryCall,
    clock: Arc<dyn Clock>,
) -> Result<DraftView, AdminRefusal> {
    let mut draft = None;
    perform_or_ask_for(folder, AdminCall::Repository { what }, clock, &mut |view| {
        if let AdminView::Repository(RepositoryView::Draft(view)) = view {
            draft = Some(view);
        }
        true
    })?;
    draft.ok_or_else(|| {
        AdminRefusal::new(
            Ending::Broken,
            "repository",
            "The data center drafted nothing.",
            "Nothing was changed. See the log.",
        )
    })
}

/// Drafts the top-level targets; signs and installs them where the key is here.
fn sign_targets(
    folder: &Folder,
    arguments: &SignTargets,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let place = || folder.offline().join(TARGETS_FILE);
    let key = arguments.key.clone().unwrap_or_else(place);
    let key = match &arguments.passphrase_file {
        // Opened first, so that a wrong passphrase changes nothing.
        Some(file) => Some(open_repository_key(&key, &read_passphrase(file)?)?),
        None => None,
    };
    let passphrase = passphrase_of(arguments.publish_passphrase_file.as_deref())?;
    let what = RepositoryCall::DraftTargets {
        new_keys: arguments.new_keys.clone(),
        passphrase: passphrase.clone(),
    };
    let draft = drafted(folder, what, Arc::clone(&clock))?;
    let Some(key) = key else {
        if let Some(out) = &arguments.out {
            write_new(out, draft.document.as_bytes())?;
        }
        show(output, RepositoryView::Draft(draft));
        return Ok(());
    };
    install_signed(folder, &draft, (&key, passphrase), clock, output)
}

/// Signs the targets at the top again, with the authorities of today, and installs them.
pub(in crate::admin) fn publish_authorities(
    folder: &Folder,
    key: &Ed25519Key,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let what = RepositoryCall::DraftTargets {
        new_keys: Vec::new(),
        passphrase: None,
    };
    let draft = drafted(folder, what, Arc::clone(&clock))?;
    install_signed(folder, &draft, (key, None), clock, output)
}

fn install_signed(
    folder: &Folder,
    draft: &DraftView,
    (key, passphrase): (&Ed25519Key, Option<Passphrase>),
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let mut document = read_document(draft.document.as_bytes())?.1;
    add_signature(&mut document, key);
    let signed = String::from_utf8_lossy(&document.to_bytes()).into_owned();
    let what = RepositoryCall::Install {
        documents: vec![signed],
        passphrase,
        consent: super::Consent::None,
    };
    perform_or_ask(folder, AdminCall::Repository { what }, clock, output)
}

fn new_key(out: &Path, passphrase_file: &Path, output: &Output) -> Result<(), AdminRefusal> {
    let passphrase = read_passphrase(passphrase_file)?;
    let key = NewRepositoryKey::make()?;
    let sealed = key.sealed("Key of a keyholder", (&passphrase, Origin::Chosen))?;
    write_new(out, sealed.as_bytes())?;
    show(
        output,
        RepositoryView::Key(KeyView {
            public: HEXLOWER.encode(&key.key().public()),
            file: out.to_owned(),
        }),
    );
    Ok(())
}

fn sign(
    file: &Path,
    (against, yes): (Option<&Path>, bool),
    key: &KeyArguments,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let text = text_of(file)?;
    let (role, mut document) = read_document(text.as_bytes())?;
    let in_force = match against {
        Some(file) => Some(read_document(text_of(file)?.as_bytes())?),
        None => None,
    };
    let in_force = match in_force {
        Some((other, _)) if other != role => {
            return Err(AdminRefusal::usage(
                format!(
                    "The file that is in force is a {} and no {}.",
                    other.name(),
                    role.name()
                ),
                "Name the document of the same role with --against.",
            ));
        }
        Some((_, document)) => Some(document),
        None => None,
    };
    let draft = DraftView::of(role, &document, in_force.as_ref())?;
    if !yes && !agreed(&draft)? {
        return Err(AdminRefusal::new(
            Ending::Refused,
            "not_signed",
            "Nothing was signed.",
            "Read it again, and sign when it is what you were told.",
        ));
    }
    let passphrase = read_passphrase(&key.passphrase_file)?;
    let key = open_repository_key(&key.key, &passphrase)?;
    add_signature(&mut document, &key);
    write_private(file, &document.to_bytes())?;
    let signed = DraftView::of(role, &document, in_force.as_ref())?;
    show(output, RepositoryView::Draft(signed));
    Ok(())
}

/// Shows what is to be signed, and asks whether it shall be.
fn agreed(draft: &DraftView) -> Result<bool, AdminRefusal> {
    if !io::stdin().is_terminal() {
        return Err(AdminRefusal::usage(
            "Nobody can be asked here whether to sign.",
            "Read the draft where you can answer, or sign with --yes what was read before.",
        ));
    }
    let mut answer = String::new();
    let asked = writeln!(io::stderr(), "{draft}\nSign it? Type yes:")
        .and_then(|()| io::stdin().read_line(&mut answer));
    Ok(asked.is_ok() && answer.trim().eq_ignore_ascii_case("yes"))
}

/// Reads a document that may be signed offline.
fn read_document(bytes: &[u8]) -> Result<(RepositoryRole, Document), AdminRefusal> {
    Ok(crate::repository::read_offline(bytes)?)
}

fn text_of(file: &Path) -> Result<String, AdminRefusal> {
    let bytes = read_small(file)?;
    String::from_utf8(bytes).map_err(|_| {
        AdminRefusal::usage(
            format!("{} is not text.", file.display()),
            "Name a file that `repository rotate-root` or `repository sign` has written.",
        )
    })
}

/// Writes a file that must not be there yet.
fn write_new(file: &Path, content: &[u8]) -> Result<(), AdminRefusal> {
    if file.exists() {
        return Err(AdminRefusal::new(
            Ending::Refused,
            "file_exists",
            format!("{} is there already.", file.display()),
            "Nothing was written. Name a new file.",
        ));
    }
    Ok(write_private(file, content)?)
}
