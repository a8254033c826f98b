//! The commands of presets and of batches that wait.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::api::{Call, NamedCall, Preset, PutBatchCall, PutPresetCall, UiError};
use crate::messages::{Code, say};
use crate::store::presets::MAX_WAITING_BYTES;

/// What to do with presets.
#[derive(Debug, Subcommand)]
pub(super) enum Presets {
    /// List the presets, favourites first
    List,
    /// Make a preset, or replace the one of the same name
    Put(Box<NewPreset>),
    /// Remove a preset
    Remove {
        /// Its name
        name: String,
    },
}

/// A new preset.
#[derive(Debug, Args)]
pub(super) struct NewPreset {
    /// What the clerk calls it
    name: String,
    /// Show it before the others
    #[arg(long)]
    favourite: bool,
    /// The class
    #[arg(long)]
    class: String,
    /// The shape
    #[arg(long)]
    shape: String,
    /// The weight; without it what lies on the counter
    #[arg(long)]
    weight: Option<String>,
    /// The size, for example 12x9x4in
    #[arg(long)]
    size: Option<String>,
    /// It cannot go through sorting machines
    #[arg(long)]
    nonmachinable: bool,
    /// metered, retail or commercial
    #[arg(long)]
    price: Option<String>,
    /// An extra service; may be given several times
    #[arg(long = "extra", value_name = "EXTRA")]
    extras: Vec<String>,
    /// Where it usually goes, for prices by zone
    #[arg(long, value_name = "ZIP")]
    to: Option<String>,
    /// How many days the date of mailing is advanced
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    advance: u16,
    /// The cost centre
    #[arg(long, value_name = "C")]
    cost_centre: Option<String>,
}

/// What to do with batches that wait.
#[derive(Debug, Subcommand)]
pub(super) enum Waiting {
    /// List the batches that wait, oldest first
    List,
    /// Let a CSV file wait to be printed
    Put {
        /// The CSV file
        file: PathBuf,
        /// What it is called [default: the file's name]
        #[arg(long)]
        name: Option<String>,
    },
    /// Print the CSV text of a batch that waits
    Show {
        /// Its name
        name: String,
    },
    /// Take a batch out of those that wait
    Remove {
        /// Its name
        name: String,
    },
}

/// The call of a command about presets.
pub(super) fn preset_call(what: Presets) -> Call {
    match what {
        Presets::List => Call::Presets,
        Presets::Remove { name } => Call::RemovePreset(NamedCall { name }),
        Presets::Put(new) => Call::PutPreset(PutPresetCall {
            preset: Preset {
                name: new.name,
                favourite: new.favourite,
                class: new.class,
                shape: new.shape,
                weight: new.weight,
                size: new.size,
                nonmachinable: new.nonmachinable,
                price: new.price,
                extras: new.extras,
                to: new.to,
                advance_days: new.advance,
                cost_centre: new.cost_centre,
            },
        }),
    }
}

/// The call of a command about batches that wait.
///
/// # Errors
/// `bad_batch` when the file cannot be read.
pub(super) fn batch_call(what: Waiting) -> Result<Call, UiError> {
    Ok(match what {
        Waiting::List => Call::WaitingBatches,
        Waiting::Show { name } => Call::BatchText(NamedCall { name }),
        Waiting::Remove { name } => Call::RemoveBatch(NamedCall { name }),
        Waiting::Put { file, name } => {
            let unreadable = |reason: &str| say(Code::BadBatch, &[("reason", reason)]);
            let length = std::fs::metadata(&file).map(|facts| facts.len());
            let length = length.map_err(|fault| unreadable(&fault.to_string()))?;
            if usize::try_from(length).map_or(true, |length| length > MAX_WAITING_BYTES) {
                return Err(unreadable(&format!(
                    "it is longer than {MAX_WAITING_BYTES} bytes"
                )));
            }
            let csv = std::fs::read_to_string(&file);
            let csv = csv.map_err(|fault| unreadable(&fault.to_string()))?;
            let own = || {
                file.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            };
            let name = name.unwrap_or_else(own);
            Call::PutBatch(PutBatchCall { name, csv })
        }
    })
}
