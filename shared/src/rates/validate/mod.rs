//! What keeps an edition from being published, and what an admin should look at before.
//!
//! A price that is wrong is paid a million times before anybody sees it, so an edition is looked
//! through before it is signed: for holes, for prices that fall with weight or zone, for jumps
//! against the edition it replaces, for parts that overlap, for dates that cannot be kept. What
//! [`Severity::Stops`] is published only by two admins together, who give a reason.

mod cells;
mod dates;
mod fees;
mod jumps;
mod lost;
mod text;
mod zones;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::edition::Edition;
use super::shapes::ShapeRule;
use super::tables::PriceTable;

/// The most findings that are shown one by one, so that a broken file is no flood.
pub const MAX_FINDINGS: usize = 200;

/// What a finding means for the publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It is published only by two admins together, with a reason.
    Stops,
    /// A person should look at it.
    LookAt,
}

/// What is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// It would never come into force, because a later one has.
    Superseded,
    /// Pieces were mailed by other prices on days that it claims.
    InThePast,
    /// Another edition that is not in force yet begins on the same day.
    SameDay,
    /// Another edition that begins later was published before.
    BeforeAnnounced,
    /// Two parts of the edition claim the same pieces.
    Overlap,
    /// A heavier piece would cost less.
    CheaperWhenHeavier,
    /// A farther piece would cost less.
    CheaperWhenFarther,
    /// The price is far from the one before.
    Jump,
    /// The edition before had a price, this one has not.
    PriceLost,
    /// The cell has no price; pieces that need it are refused.
    Hole,
    /// A zone is far from what the distance says.
    ZoneFarFromDistance,
    /// A zone is far from what it was.
    ZoneMoved,
    /// Some pairs of the zone chart are not known; their zones are estimated.
    ChartCoverage,
}

impl FindingKind {
    /// A word for tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::InThePast => "in the past",
            Self::SameDay => "same day",
            Self::BeforeAnnounced => "out of order",
            Self::Overlap => "overlap",
            Self::CheaperWhenHeavier => "falls by weight",
            Self::CheaperWhenFarther => "falls by zone",
            Self::Jump => "jump",
            Self::PriceLost => "price lost",
            Self::Hole => "hole",
            Self::ZoneFarFromDistance => "odd zone",
            Self::ZoneMoved => "zone moved",
            Self::ChartCoverage => "chart",
        }
    }

    /// What it means for an edition. A hole or a lost price stops it, unless what it comes from
    /// excuses it.
    const fn severity(self, is_excused: bool) -> Severity {
        match self {
            Self::Superseded
            | Self::InThePast
            | Self::Overlap
            | Self::CheaperWhenHeavier
            | Self::CheaperWhenFarther
            | Self::Jump => Severity::Stops,
            Self::PriceLost | Self::Hole if !is_excused => Severity::Stops,
            Self::PriceLost
            | Self::Hole
            | Self::SameDay
            | Self::BeforeAnnounced
            | Self::ZoneFarFromDistance
            | Self::ZoneMoved
            | Self::ChartCoverage => Severity::LookAt,
        }
    }
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it means for the publication.
    pub severity: Severity,
    /// What is odd.
    pub kind: FindingKind,
    /// The table, or the part of the edition.
    pub place: String,
    /// Which cells of it; empty when it is about the whole.
    pub cells: String,
    /// How many cells.
    pub count: u32,
    /// What is odd about them, in words.
    pub words: String,
    /// Where the first of the cells comes from; empty when no cell is meant.
    pub source: String,
    /// How bad it is among its kind: the percent of a jump, the steps of a zone.
    pub degree: u32,
}

/// What is known around an edition when it is looked through.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Today, at the data center.
    pub today: Date,
    /// Every other edition that is published: its name and first day.
    pub published: &'a [(String, Date)],
    /// The edition it replaces: of those published, the last that begins before it.
    pub before: Option<&'a Edition>,
}

/// What looking through an edition came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The edition.
    pub edition: String,
    /// The edition whose prices it was held against.
    pub against: Option<String>,
    /// How many findings keep it from being published by one admin.
    pub stops: usize,
    /// How many a person should look at.
    pub look_at: usize,
    /// The findings, worst first, at most [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether one admin may publish the edition.
    #[must_use]
    pub const fn passes(&self) -> bool {
        self.stops == 0
    }
}

/// Looks through an edition.
#[must_use]
pub fn validate(edition: &Edition, around: &Surroundings<'_>) -> Report {
    let mut found = Findings { list: Vec::new() };
    dates::look(edition, around, &mut found);
    cells::look(edition, &mut found);
    cells::look_for_missing(edition, &mut found);
    fees::look(edition, &mut found);
    zones::look(edition, around.before, &mut found);
    if let Some(before) = around.before {
        jumps::look(edition, before, &mut found);
        lost::look(edition, before, &mut found);
    }
    let mut findings = found.list;
    // Stable: within one kind and degree, findings stay in the edition's order.
    findings.sort_by(|a, b| {
        let rank = |one: &Finding| (one.severity, one.kind);
        rank(a).cmp(&rank(b)).then(b.degree.cmp(&a.degree))
    });
    let stops = findings
        .iter()
        .filter(|one| one.severity == Severity::Stops)
        .count();
    let look_at = findings.len() - stops;
    findings.truncate(MAX_FINDINGS);
    Report {
        edition: edition.id.clone(),
        against: around.before.map(|before| before.id.clone()),
        stops,
        look_at,
        findings,
    }
}

/// Where what is odd comes from.
#[derive(Clone, Debug, Default)]
struct Origin {
    /// The publication and its line; empty when nothing says it.
    text: String,
    /// Whether a hole there, or a lost price, is known and no mistake: a sample says of itself that
    /// it is not whole. What nothing says is never excused, nor is a price that is lost while the
    /// edition before still holds.
    excuses: bool,
}

impl Origin {
    /// A source of the edition; a sample excuses holes.
    fn source(edition: &Edition, index: u16) -> Self {
        let source = edition.sources.get(usize::from(index));
        source.map_or_else(Self::default, |source| Self {
            text: source.text.clone(),
            excuses: source.sample,
        })
    }

    /// A row of a table.
    fn row(edition: &Edition, table: usize, row: usize) -> Self {
        Self {
            text: edition.row_source(table, row),
            excuses: edition.tables.get(table).is_some_and(|table| {
                let row = table.rows.get(row);
                row.is_some_and(|row| Self::source(edition, row.source).excuses)
            }),
        }
    }

    /// All rows of some tables: they excuse what is missing beside them when all are samples.
    fn tables<'e>(edition: &Edition, mut tables: impl Iterator<Item = &'e PriceTable>) -> Self {
        let mut is_any = false;
        let excuses = tables.all(|table| {
            let mut rows = table.rows.iter();
            is_any = true;
            rows.all(|row| Self::source(edition, row.source).excuses)
        });
        Self {
            text: String::new(),
            excuses: is_any && excuses,
        }
    }

    /// What there is of a shape: its own tables, or all of them where it has none.
    fn shape(edition: &Edition, rule: &ShapeRule) -> Self {
        let own = |table: &&PriceTable| (table.class, table.shape) == (rule.class, rule.shape);
        if edition.tables.iter().any(|table| own(&table)) {
            Self::tables(edition, edition.tables.iter().filter(own))
        } else {
            Self::tables(edition, edition.tables.iter())
        }
    }
}

/// Findings on their way to a report.
struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Adds what was found about the whole of a place, which nothing excuses.
    fn about(&mut self, kind: FindingKind, place: impl Into<String>, words: impl Into<String>) {
        let place = (place.into(), String::new(), 1);
        self.add(kind, place, words.into(), Origin::default(), 0);
    }

    /// Adds what was found about some cells (their place, which ones, how many).
    fn add(
        &mut self,
        kind: FindingKind,
        (place, cells, count): (String, String, usize),
        words: String,
        origin: Origin,
        degree: u32,
    ) {
        self.list.push(Finding {
            severity: kind.severity(origin.excuses),
            kind,
            place,
            cells,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            words,
            source: origin.text,
            degree,
        });
    }
}
