//! `pennyblack-tuf`: the client of signed repositories as a command line of its own, for outside
//! judges (the client contract of tuf-conformance).
//!
//! A thin face of `shared::tuf`: trusted metadata lies as files in a folder, what is fetched comes
//! over HTTP. What is believed is written down before anything further is asked, so that a crash
//! leaves a folder that the next run goes on from.

mod arguments;
mod folder;
mod web;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use shared::clock::UnixSeconds;
use shared::tuf::{Client, RoleName, TargetPath, TufFault};

use crate::crypto;
pub use arguments::{Arguments, Command};
pub use folder::FolderFault;
use folder::{MetadataFolder, TargetFolder};
use web::Web;
pub use web::WebFault;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// An option that the command needs is not there.
    #[error("--{0} is missing")]
    Option(&'static str),
    /// Nothing of what was fetched is believed.
    #[error(transparent)]
    Repository(#[from] TufFault),
    /// The folders.
    #[error(transparent)]
    Folder(#[from] FolderFault),
    /// The way to the repository.
    #[error(transparent)]
    Web(#[from] WebFault),
}

/// Runs the command of this process: 0 when all of it succeeded, 1 otherwise.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => {
            // Whoever closed the error line does not want to hear it.
            drop(refusal.print());
            return if refusal.use_stderr() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            drop(writeln!(std::io::stderr(), "{fault}"));
            ExitCode::FAILURE
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), RunFault>>) -> Result<(), RunFault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| WebFault::NotStarted(error.to_string()))?;
    runtime.block_on(work)
}

/// Runs one command.
///
/// # Errors
/// [`RunFault`]; what was believed before it stays written down.
pub async fn run(arguments: &Arguments) -> Result<(), RunFault> {
    let folder = MetadataFolder::at(&arguments.metadata_dir);
    match &arguments.command {
        Command::Init { trusted_root } => Ok(folder.begin(trusted_root)?),
        Command::Refresh => {
            let web = Web::new(arguments.metadata_url()?, None)?;
            refreshed(&folder, &web).await.map(drop)
        }
        Command::Download => {
            let web = Web::new(
                arguments.metadata_url()?,
                Some(arguments.target_base_url()?),
            )?;
            let targets = TargetFolder::at(arguments.target_dir()?);
            let mut client = refreshed(&folder, &web).await?;
            for name in &arguments.target_name {
                download(&mut client, &folder, &web, &targets, name).await?;
            }
            Ok(())
        }
    }
}

/// A client that believes the top of the repository as of now.
async fn refreshed(folder: &MetadataFolder, web: &Web) -> Result<Client, RunFault> {
    let now = UnixSeconds::from(jiff::Timestamp::now());
    let mut client = Client::open(folder.documents()?, now, &crypto::verify_tuf)?;
    drive(&mut client, folder, web).await?;
    Ok(client)
}

/// Fetches what the client asks for until it asks for nothing more. What it believes is in the
/// folder before the next request, and also after a fault.
async fn drive(client: &mut Client, folder: &MetadataFolder, web: &Web) -> Result<(), RunFault> {
    while let Some(ask) = client.next(&crypto::verify_tuf)? {
        let reply = web.metadata(&ask).await?;
        let taken = client.accept(reply.as_deref(), &crypto::verify_tuf);
        folder.apply(client.take_changes())?;
        taken?;
    }
    Ok(folder.apply(client.take_changes())?)
}

/// Fetches one target, unless the folder has its content already.
async fn download(
    client: &mut Client,
    folder: &MetadataFolder,
    web: &Web,
    targets: &TargetFolder,
    name: &str,
) -> Result<(), RunFault> {
    let path = TargetPath::new(name)?;
    client.look_for(path.clone())?;
    drive(client, folder, web).await?;
    let found = client.found(&path)?;
    if targets.has(&path, &found.file)? {
        return Ok(());
    }
    let address = client.address_of(&path, &found.file)?;
    let mut arriving = targets.begin(&path)?;
    web.target(&address, &found.file, &mut arriving).await?;
    Ok(arriving.finish()?)
}

/// The file of a role's document.
fn file_of(role: &RoleName) -> String {
    format!("{}.json", role.quoted())
}
