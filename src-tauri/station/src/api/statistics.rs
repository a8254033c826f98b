//! Counts of pieces: what is asked, and what is seen of them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which pieces to count, and by what.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct StatisticsCall {
    /// The first day they were booked on, ISO; `None` means 30 days up to the last.
    #[serde(default)]
    pub from: Option<String>,
    /// The last day, ISO; `None` means today.
    #[serde(default)]
    pub to: Option<String>,
    /// By what, for example `day,class`: day, month, class, shape, step, zone, edition, station,
    /// cost-centre, user. `None` means `class,shape`.
    #[serde(default)]
    pub by: Option<String>,
}

/// Pieces counted.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct StatisticsView {
    /// The first day counted, ISO.
    pub from: String,
    /// The last day counted, ISO.
    pub to: String,
    /// By what they are counted.
    pub by: Vec<String>,
    /// All of them together.
    pub total: TallyView,
    /// The groups, in order.
    pub groups: Vec<GroupView>,
    /// The same as a chart draws it.
    pub chart: ChartView,
    /// Whether all pieces of the vault add up to its ascending register, to the mill.
    pub holds: bool,
    /// What all pieces of the vault add up to, mills.
    #[ts(type = "number")]
    pub all_mills: u64,
    /// The ascending register, mills.
    #[ts(type = "number")]
    pub ascending_mills: u64,
    /// Journal records whose statistics the data center has.
    #[ts(type = "number")]
    pub told: u64,
    /// Journal records there are.
    #[ts(type = "number")]
    pub records: u64,
}

/// How many pieces, and how much was debited for them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
pub struct TallyView {
    /// All pieces that were paid for.
    #[ts(type = "number")]
    pub pieces: u64,
    /// Their postage, mills.
    #[ts(type = "number")]
    pub postage_mills: u64,
    /// Those of them that are spoiled.
    #[ts(type = "number")]
    pub spoiled: u64,
    /// Their postage, mills.
    #[ts(type = "number")]
    pub spoiled_mills: u64,
}

/// One group of pieces.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct GroupView {
    /// Its values, in the order of [`StatisticsView::by`].
    pub key: Vec<String>,
    /// What it holds.
    pub tally: TallyView,
}

/// The groups as a chart draws them: the first of `by` along the axis, the others as curves.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ChartView {
    /// The values along the axis.
    pub labels: Vec<String>,
    /// The curves.
    pub series: Vec<SeriesView>,
}

/// A curve: one value for each label.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SeriesView {
    /// What it shows: the values of all but the first of `by`.
    pub key: Vec<String>,
    /// How many pieces.
    #[ts(type = "number[]")]
    pub pieces: Vec<u64>,
    /// Their postage, mills.
    #[ts(type = "number[]")]
    pub postage_mills: Vec<u64>,
}
