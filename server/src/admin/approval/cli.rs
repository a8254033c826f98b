//! The commands of dual control. Keys are made and used in this process: the data center never sees
//! a private key or a passphrase of an admin.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use data_encoding::{BASE64, HEXLOWER};
use shared::security::approval;

use super::{ApprovalCall, ApprovalView, Consent, RequestView};
use crate::admin::call::AdminCall;
use crate::admin::output::Output;
use crate::admin::refusal::{AdminRefusal, Ending};
use crate::admin::view::AdminView;
use crate::admin::{none, perform_or_ask, perform_or_ask_for, read_passphrase};
use crate::ca;
use crate::clock::Clock;
use crate::folder::{Folder, read_small, write_private};

/// How something that needs two admins is approved.
#[derive(Clone, Debug, Default, Args)]
pub struct ConsentArguments {
    /// Write what two admins must sign into this file; nothing is done yet.
    #[arg(long, value_name = "FILE", conflicts_with = "approval")]
    pub request: Option<PathBuf>,
    /// The file that two admins have signed with `admin sign`, not older than 15 minutes.
    #[arg(long, value_name = "FILE")]
    pub approval: Option<PathBuf>,
}

impl ConsentArguments {
    /// What the call carries.
    ///
    /// # Errors
    /// When the approval's file cannot be read.
    pub fn consent(&self) -> Result<Consent, AdminRefusal> {
        Ok(match (&self.request, &self.approval) {
            (Some(_), _) => Consent::Request,
            (None, Some(file)) => Consent::Approval(text_of(file)?),
            (None, None) => Consent::None,
        })
    }
}

/// Admins: their keys, and what they sign.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Keys of admins.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Sign what is to be approved: shows it and adds a signature to the file.
    Sign {
        /// The file that was written with --request.
        file: PathBuf,
        /// The admin's key file.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// A file whose first line is the passphrase of the key.
        #[arg(long, value_name = "PATH")]
        passphrase_file: PathBuf,
    },
}

/// Keys of admins.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an admin's key: the private half stays in the file, the public half becomes known.
    /// From the third key on two admins must approve it.
    New {
        /// The admin's name.
        name: String,
        /// The new key file, to be kept by that admin alone.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// A file whose first line is the passphrase for it.
        #[arg(long, value_name = "PATH")]
        passphrase_file: PathBuf,
        /// How two admins approve it.
        #[command(flatten)]
        consent: ConsentArguments,
    },
    /// End an admin's key: what it signs counts no more.
    End {
        /// The admin's name.
        name: String,
        /// How two admins approve it.
        #[command(flatten)]
        consent: ConsentArguments,
    },
    /// Show all keys of admins.
    List,
}

/// Carries out a command of dual control.
///
/// # Errors
/// [`AdminRefusal`].
pub(in crate::admin) fn carry_out(
    folder: &Folder,
    command: AdminCommand,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    match command {
        AdminCommand::Sign {
            file,
            key,
            passphrase_file,
        } => sign(&file, &key, &passphrase_file, output),
        AdminCommand::Key(KeyCommand::New {
            name,
            out,
            passphrase_file,
            consent,
        }) => {
            let point = key_at(&out, &name, &passphrase_file)?;
            let call = ApprovalCall::KeyNew {
                name,
                point,
                consent: consent.consent()?,
            };
            asking(
                folder,
                AdminCall::Approval { approval: call },
                &consent,
                clock,
                output,
            )
        }
        AdminCommand::Key(KeyCommand::End { name, consent }) => {
            let call = ApprovalCall::KeyEnd {
                name,
                consent: consent.consent()?,
            };
            asking(
                folder,
                AdminCall::Approval { approval: call },
                &consent,
                clock,
                output,
            )
        }
        AdminCommand::Key(KeyCommand::List) => {
            let call = AdminCall::Approval {
                approval: ApprovalCall::KeyList,
            };
            perform_or_ask(folder, call, clock, output)
        }
    }
}

/// Performs a call that may answer with a request, which is written into its file.
///
/// # Errors
/// [`AdminRefusal`].
pub(in crate::admin) fn asking(
    folder: &Folder,
    call: AdminCall,
    consent: &ConsentArguments,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let mut written = Ok(());
    let nothing = none::said_of(&call);
    let mut any = false;
    perform_or_ask_for(folder, call, clock, &mut |view| {
        any = true;
        if let (AdminView::Approval(ApprovalView::Request(request)), Some(file)) =
            (&view, &consent.request)
        {
            written = write_private(&absolute(file), format!("{}\n", request.request).as_bytes());
        }
        output.view(&view)
    })?;
    if let (false, Some(nothing)) = (any, nothing) {
        output.remark(nothing);
    }
    Ok(written?)
}

/// The public half of the key at `out`, which is made when it is not there: a call that had to wait
/// for its approval goes on with the same key.
fn key_at(out: &Path, name: &str, passphrase_file: &Path) -> Result<String, AdminRefusal> {
    let (passphrase, out) = (read_passphrase(passphrase_file)?, absolute(out));
    if out.exists() {
        let key = ca::open_admin_key(&file_text(&out)?, &passphrase)?;
        return Ok(HEXLOWER.encode(&key.point().0));
    }
    let (text, point) = ca::new_admin_key(name, &passphrase)?;
    write_private(&out, text.as_bytes())?;
    Ok(HEXLOWER.encode(&point.0))
}

fn sign(
    file: &Path,
    key: &Path,
    passphrase_file: &Path,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let bytes = BASE64
        .decode(text_of(file)?.as_bytes())
        .map_err(|_| unreadable())?;
    let passphrase = read_passphrase(passphrase_file)?;
    let key = ca::open_admin_key(&file_text(key)?, &passphrase)?;
    let signed = approval::countersign(&bytes, key.key_id(), |input| key.sign(input))
        .map_err(crate::approvals::ApprovalError::from)?;
    let (content, signatures) =
        approval::read(&signed).map_err(crate::approvals::ApprovalError::from)?;
    let line = format!("{}\n", BASE64.encode(&signed));
    write_private(&absolute(file), line.as_bytes())?;
    let view = RequestView::of(&content, &signed, signatures);
    if output.view(&AdminView::Approval(ApprovalView::Request(view))) {
        return Ok(());
    }
    Err(AdminRefusal::new(
        Ending::Broken,
        "not_shown",
        "The approval was signed, but nobody has read what it says.",
        "Look at it before it is spent.",
    ))
}

/// Files are replaced by renaming in their folder, which must have a name.
fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// The one line of a request's file.
fn text_of(file: &Path) -> Result<String, AdminRefusal> {
    Ok(file_text(file)?.trim().to_owned())
}

fn file_text(file: &Path) -> Result<String, AdminRefusal> {
    String::from_utf8(read_small(file)?).map_err(|_| unreadable())
}

fn unreadable() -> AdminRefusal {
    AdminRefusal::new(
        Ending::Refused,
        "approval_refused",
        "The file is not what is to be approved.",
        "Nothing was done. Give the file that was written with --request.",
    )
}
