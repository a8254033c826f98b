//! Presets, batches that wait, and what a coming edition changes for them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::EditionView;

/// What a clerk sends all day, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Preset {
    /// What the clerk calls it; 1 to 40 characters.
    pub name: String,
    /// Whether it stands before the others.
    #[serde(default)]
    pub favourite: bool,
    /// The class.
    pub class: String,
    /// The shape.
    pub shape: String,
    /// The weight as typed; `None` leaves what is on the counter.
    #[serde(default)]
    pub weight: Option<String>,
    /// The size as typed.
    #[serde(default)]
    pub size: Option<String>,
    /// Whether the piece cannot go through sorting machines.
    #[serde(default)]
    pub nonmachinable: bool,
    /// The kind of price; `None` is the usual one.
    #[serde(default)]
    pub price: Option<String>,
    /// Extra services by name.
    #[serde(default)]
    pub extras: Vec<String>,
    /// Where it usually goes, for prices by zone; `None` stands for the station's own ZIP.
    #[serde(default)]
    pub to: Option<String>,
    /// How many days the date of mailing is advanced: a relative date, so that it never gets old.
    #[serde(default)]
    pub advance_days: u16,
    /// The cost centre; `None` leaves what is on the counter.
    #[serde(default)]
    pub cost_centre: Option<String>,
}

/// A preset to be made or replaced.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PutPresetCall {
    /// The preset; one of the same name is replaced.
    pub preset: Preset,
}

/// A preset or a waiting batch, by its name.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct NamedCall {
    /// Its name.
    pub name: String,
}

/// All presets, favourites first.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PresetsView {
    /// The presets.
    pub presets: Vec<Preset>,
}

/// A batch that shall wait.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PutBatchCall {
    /// What it is called; one of the same name is replaced.
    pub name: String,
    /// Its CSV text with the header line.
    pub csv: String,
}

/// A batch that waits.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct WaitingBatchView {
    /// What it is called.
    pub name: String,
    /// Since when it waits, Unix seconds.
    #[ts(type = "number")]
    pub since: i64,
    /// Its rows.
    pub rows: u32,
    /// Those of them that are not printed yet.
    pub open: u32,
}

/// The batches that wait, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct WaitingBatchesView {
    /// The batches.
    pub batches: Vec<WaitingBatchView>,
}

/// The text of a batch that waits.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BatchTextView {
    /// What it is called.
    pub name: String,
    /// Its CSV text.
    pub csv: String,
}

/// Which coming edition to rehearse.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct RehearseCall {
    /// Its identity; `None` is the next that comes.
    #[serde(default)]
    pub edition: Option<String>,
}

/// What a coming edition changes here.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RehearsalView {
    /// The coming edition; `None` when none is here.
    pub edition: Option<EditionView>,
    /// The edition it replaces.
    pub against: Option<EditionView>,
    /// The presets, the biggest change first.
    pub presets: Vec<PresetChangeView>,
    /// The batches that wait, the biggest change first.
    pub batches: Vec<BatchChangeView>,
}

/// What changes for a preset.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PresetChangeView {
    /// Its name.
    pub name: String,
    /// Whether it is a favourite.
    pub favourite: bool,
    /// What it is, in words.
    pub what: String,
    /// What it costs, mills; `None` when it has no price.
    #[ts(type = "number | null")]
    pub before_mills: Option<u64>,
    /// What it will cost, mills; `None` when it will have no price.
    #[ts(type = "number | null")]
    pub after_mills: Option<u64>,
    /// What it costs more or, below zero, less.
    #[ts(type = "number | null")]
    pub change_mills: Option<i64>,
    /// Why it has or will have no price; names the cell.
    pub reason: Option<String>,
}

/// What changes for a batch that waits, if its open rows are mailed from the coming edition's first
/// day on.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BatchChangeView {
    /// Its name.
    pub name: String,
    /// Rows that are not printed yet.
    pub open: u32,
    /// Those of them with a date of mailing before the first day: they keep their price.
    pub dated_before: u32,
    /// Those with a date of mailing from the first day on: they are priced by the coming edition
    /// already.
    pub dated_after: u32,
    /// Rows without a date whose price changes.
    pub changed: u32,
    /// What the open rows cost now, mills.
    #[ts(type = "number")]
    pub before_mills: u64,
    /// What they will cost, mills.
    #[ts(type = "number")]
    pub after_mills: u64,
    /// What they cost more or, below zero, less.
    #[ts(type = "number")]
    pub change_mills: i64,
    /// Rows that lose their price.
    pub no_longer: u32,
    /// Rows that have no price now.
    pub not_priced: u32,
    /// Why the first of those has none, with its line.
    pub reason: Option<String>,
}
