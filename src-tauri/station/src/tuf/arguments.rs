//! The command line, as the client contract of tuf-conformance has it.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use super::RunFault;

/// A client of signed repositories (TUF), for outside judges.
#[derive(Debug, Parser)]
#[command(name = "pennyblack-tuf", version)]
pub struct Arguments {
    /// The folder of the trusted metadata
    #[arg(long)]
    pub metadata_dir: PathBuf,
    /// Where the repository's metadata is
    #[arg(long)]
    pub metadata_url: Option<String>,
    /// The path of a target; may be repeated
    #[arg(long)]
    pub target_name: Vec<String>,
    /// Where the repository's targets are
    #[arg(long)]
    pub target_base_url: Option<String>,
    /// The folder that targets are stored in
    #[arg(long)]
    pub target_dir: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Trust a root; nothing is asked of the repository
    Init {
        /// The content of the first root.json
        trusted_root: PathBuf,
    },
    /// Bring the trusted metadata up to date
    Refresh,
    /// Bring it up to date and fetch targets, in the order given
    Download,
}

impl Arguments {
    pub(super) fn metadata_url(&self) -> Result<&str, RunFault> {
        let given = self.metadata_url.as_deref();
        given.ok_or(RunFault::Option("metadata-url"))
    }

    pub(super) fn target_base_url(&self) -> Result<&str, RunFault> {
        let given = self.target_base_url.as_deref();
        given.ok_or(RunFault::Option("target-base-url"))
    }

    pub(super) fn target_dir(&self) -> Result<&Path, RunFault> {
        let given = self.target_dir.as_deref();
        given.ok_or(RunFault::Option("target-dir"))
    }
}
