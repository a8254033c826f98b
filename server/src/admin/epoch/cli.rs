//! The commands about epochs.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use data_encoding::HEXLOWER;
use shared::checkpoint::EpochStatement;
use shared::wire::from_cbor;

use super::{EpochCall, EpochShown};
use crate::admin::refusal::{AdminRefusal, Ending};
use crate::admin::view::AdminView;
use crate::ca;

/// What happens after a restore.
#[derive(Debug, Subcommand)]
pub enum EpochCommand {
    /// Show how the present epoch began and whether it is signed.
    Show,
    /// Show which stations have given back what they know; refills of an account are open again
    /// when all of its stations have.
    Progress,
    /// Sign how the present epoch began with both recovery keys of the offline bundle. Stations
    /// believe a restored data center only then.
    Sign {
        /// The offline bundle that was made with the data center.
        #[arg(long, value_name = "PATH")]
        offline_root: PathBuf,
        /// A file whose first line is the bundle's passphrase.
        #[arg(long, value_name = "PATH")]
        root_passphrase_file: PathBuf,
    },
}

/// Signs what `epoch show` shows, here and not in the data center: the keys never reach it.
///
/// # Errors
/// A bundle or passphrase that does not fit.
pub fn sign(shown: &AdminView, bundle: &Path, passphrase: &str) -> Result<EpochCall, AdminRefusal> {
    let unreadable = || {
        AdminRefusal::new(
            Ending::Broken,
            "epoch_unreadable",
            "The data center's answer about its epoch cannot be read.",
            "Use a program of the same version as the running data center.",
        )
    };
    let AdminView::Epoch(EpochShown::Epoch(view)) = shown else {
        return Err(unreadable());
    };
    let bytes = HEXLOWER
        .decode(view.statement.as_bytes())
        .map_err(|_| unreadable())?;
    let statement: EpochStatement = from_cbor(&bytes).map_err(|_| unreadable())?;
    let text = fs::read_to_string(bundle).map_err(|source| crate::folder::FileFault::Read {
        path: bundle.to_owned(),
        source,
    })?;
    let [first, second] =
        ca::sign_with_recovery_keys(&text, passphrase, &statement.signing_input())?;
    Ok(EpochCall::Sign {
        first: HEXLOWER.encode(&first),
        second: HEXLOWER.encode(&second),
    })
}
