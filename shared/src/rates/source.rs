//! The form in which people write and import an edition: JSON, every cell with its source.
//!
//! Amounts are decimal text, weights and sizes as a clerk types them, areas by their three digits.
//! A row without a price is a hole: the post has the price, the edition does not know it.

mod chart;
mod form;
mod import;
mod line_sheet;
mod listing;
mod place;
mod sheet;
mod zone_sheet;

use std::collections::BTreeMap;

use form::{
    BandSource, CountrySource, EditionSource, FeeSource, RowSource, ShapeSource, SourceText,
    SurchargeSource, TableSource, UnpricedSource, ZonesSource,
};

use super::edition::{EDITION_VERSION, Edition, EditionError, MAX_EDITION_BYTES, Source};
use super::goes_to::CountryEntry;
use super::kinds::Measure;
use super::reference;
use super::season::Season;
use super::shapes::{Dimensional, Machinable, ShapeRule, Unpriced};
use super::size::INCH;
use super::tables::{Band, Fee, PriceTable, Row, Surcharge, ZONES, ZoneGroup};
use super::weight::Weight;
use super::zip::Zip3;
use super::zones::{FixedZone, Gateway, ZoneLimit, ZoneRules};

pub use import::{Files, ImportError, Imported, MAX_FILES, PLAN_FORMAT, Plan};
pub use listing::{import_listing, is_listing};
use place::{Inside, Within};
pub use place::{MemberPlace, PlaceFault};
pub use sheet::{MAX_SHEET_BYTES, SheetFault};
pub use zone_sheet::MAX_CHART_BYTES;

/// What the `format` member says.
pub const SOURCE_FORMAT: &str = "pennyblack-edition-1";
/// The most bytes an edition's JSON may have: a chart of a thousand rows and all prices.
pub const MAX_SOURCE_BYTES: usize = 4 << 20;

/// Why JSON is not an edition.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// More than [`MAX_SOURCE_BYTES`].
    #[error("the file is larger than {MAX_SOURCE_BYTES} bytes")]
    TooLarge,
    /// Not JSON, or not with the members of an edition.
    #[error("{0}")]
    Json(String),
    /// Another format.
    #[error("the format is \"{0}\", expected \"{SOURCE_FORMAT}\"")]
    UnknownFormat(String),
    /// A member is not what it has to be.
    #[error("{place}")]
    Member {
        /// Where it stands.
        place: MemberPlace,
        /// What is wrong with it.
        #[source]
        fault: Box<Self>,
    },
    /// A cell names a source that the file does not describe.
    #[error("source \"{0}\" is not described under sources")]
    UnknownSource(String),
    /// A row has neither one price nor nine where its table needs them.
    #[error("the row to {0} has the wrong number of prices")]
    WrongWidth(Weight),
    /// A chart or set of centroids that this product does not carry.
    #[error("no reference data named \"{0}\"")]
    UnknownReference(String),
    /// A row of the zone chart is not a thousand zones or dots.
    #[error("row {0} of the zone chart is not 1000 zones or dots")]
    BadChartRow(Zip3),
    /// The chart gives a pair two zones.
    #[error("the zone chart gives {0} and {1} different zones in the two directions")]
    ChartConflict(Zip3, Zip3),
    /// The parts do not fit together.
    #[error("the edition cannot be used")]
    Unsound(#[source] EditionError),
}

impl Edition {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// Any [`SourceError`]; all but those about the whole file carry line and column.
    pub fn from_json(text: &str) -> Result<Self, SourceError> {
        if text.len() > MAX_SOURCE_BYTES {
            return Err(SourceError::TooLarge);
        }
        let source: EditionSource = serde_json::from_str(text).map_err(|fault| {
            let (place, why) = MemberPlace::of_json(text, &fault);
            let fault = Box::new(SourceError::Json(why));
            SourceError::Member { place, fault }
        })?;
        if source.format != SOURCE_FORMAT {
            let fault = Err(SourceError::UnknownFormat(source.format));
            return fault
                .within("format")
                .map_err(|inside| inside.in_text(text));
        }
        let edition = source.into_edition();
        let edition = edition.map_err(|inside| inside.in_text(text))?;
        edition.soundness().map_err(|unsound| SourceError::Member {
            place: MemberPlace::of(text, &unsound.place),
            fault: Box::new(SourceError::Unsound(EditionError::Unsound(unsound))),
        })?;
        if edition.to_bytes().len() > MAX_EDITION_BYTES {
            return Err(SourceError::Unsound(EditionError::TooLarge));
        }
        Ok(edition)
    }
}

/// The sources by name and their places in the edition's list.
struct SourceIndex(BTreeMap<String, u16>);

impl SourceIndex {
    fn place(&self, name: &str) -> Result<u16, Inside> {
        let place = self.0.get(name).copied();
        let place = place.ok_or_else(|| SourceError::UnknownSource(name.to_owned()));
        place.within("source")
    }
}

impl EditionSource {
    fn into_edition(self) -> Result<Edition, Inside> {
        let names = self.sources.keys().cloned().zip(0..);
        let index = SourceIndex(names.collect());
        let sources = self.sources.into_values();
        let sources = sources.map(|SourceText { text, sample }| Source { text, sample });
        let fees = |name: &str, fees: Vec<FeeSource>| -> Result<Vec<Fee>, Inside> {
            all(fees, |fee| fee.into_fee(&index)).within(name)
        };
        let tables = all(self.tables, |table| table.into_table(&index));
        let surcharges = all(self.surcharges, |one| one.into_surcharge(&index));
        let country = |country: CountrySource| CountryEntry {
            code: country.code.0,
            title: country.title,
            group: country.group,
        };
        let mut countries: Vec<CountryEntry> = self.countries.into_iter().map(country).collect();
        countries.sort_by_key(CountryEntry::code);
        let edition = Edition {
            version: EDITION_VERSION,
            id: self.id,
            title: self.title,
            effective: self.effective,
            until: self.until,
            sources: sources.collect(),
            max_advance_days: self.max_advance_days,
            shapes: self
                .shapes
                .into_iter()
                .map(ShapeSource::into_rule)
                .collect(),
            tables: tables.within("tables")?,
            nonmachinable: fees("nonmachinable", self.nonmachinable)?,
            extras: fees("extras", self.extras)?,
            surcharges: surcharges.within("surcharges")?,
            zones: self.zones.into_rules(&index).within("zones")?,
            countries,
        };
        Ok(Edition {
            version: edition.needed_version(),
            ..edition
        })
    }
}

/// Reads every entry of a list, the place of one that cannot be read in front of its fault.
fn all<S, T>(list: Vec<S>, read: impl Fn(S) -> Result<T, Inside>) -> Result<Vec<T>, Inside> {
    let entries = list.into_iter().enumerate();
    entries
        .map(|(place, one)| read(one).within(place))
        .collect()
}

impl ShapeSource {
    fn into_rule(self) -> ShapeRule {
        let machinable = self.machinable.map(|rule| Machinable {
            least_ratio_tenths: rule.least_ratio_tenths,
            greatest_ratio_tenths: rule.greatest_ratio_tenths,
            length: rule.length.0,
            height: rule.height.0,
            thickness: rule.thickness.0,
        });
        let dimensional = self.dimensional.map(|rule| Dimensional {
            divisor: rule.divisor,
            above_cubic_inches: rule.above_cubic_inches,
        });
        ShapeRule {
            class: self.class,
            shape: self.shape,
            title: self.title,
            max_weight: self.max_weight.0,
            heavier_as: self.heavier_as,
            smallest: self.smallest.map(|size| size.0),
            largest: self.largest.map(|size| size.0),
            length_and_girth: self.length_and_girth.map(|length| length.0),
            machinable,
            dimensional,
            unpriced: self
                .unpriced
                .into_iter()
                .map(UnpricedSource::into_unpriced)
                .collect(),
            machinable_only: self.machinable_only,
            category: self.category,
            marking: self.marking,
            abroad: self.abroad,
        }
    }
}

impl UnpricedSource {
    fn into_unpriced(self) -> Unpriced {
        let above = u64::from(self.above);
        let above = match self.measure {
            Measure::Longest | Measure::LengthAndGirth => above * INCH,
            Measure::Volume | Measure::Any => above,
        };
        Unpriced {
            cell: self.cell,
            measure: self.measure,
            above,
            always: self.always,
            season: self.season.map(|season| Season {
                from: season.from,
                to: season.to,
            }),
        }
    }
}

impl TableSource {
    fn into_table(self, index: &SourceIndex) -> Result<PriceTable, Inside> {
        let source = index.place(&self.source)?;
        let columns = match (self.zoned, self.groups.len()) {
            (true, _) => ZONES,
            (false, 0) => 1,
            (false, groups) => groups,
        };
        let rows = all(self.rows, |row| {
            let own = row.source.as_deref().map(|own| index.place(own));
            row.into_row(columns, own.transpose()?.unwrap_or(source))
        });
        let rows = rows.within("rows")?;
        Ok(PriceTable {
            class: self.class,
            shape: self.shape,
            kinds: self.kinds,
            zoned: self.zoned,
            rows,
            groups: self.groups,
        })
    }
}

impl RowSource {
    fn into_row(self, columns: usize, source: u16) -> Result<Row, Inside> {
        let amounts = match (self.price, self.prices) {
            (None, None) => vec![None; columns],
            (Some(price), None) => vec![Some(price.0)],
            (None, Some(prices)) => prices.into_iter().map(|price| price.map(|p| p.0)).collect(),
            (Some(_), Some(_)) => Vec::new(),
        };
        let limit = self.to.0;
        if amounts.len() != columns {
            return Err(SourceError::WrongWidth(limit).into());
        }
        Ok(Row {
            limit,
            amounts,
            source,
            line: None,
        })
    }
}

impl FeeSource {
    fn into_fee(self, index: &SourceIndex) -> Result<Fee, Inside> {
        Ok(Fee {
            source: index.place(&self.source)?,
            name: self.name,
            title: self.title,
            class: self.class,
            shapes: self.shapes,
            amount: self.amount.map(|amount| amount.0),
            needs: self.needs,
            excludes: self.excludes,
        })
    }
}

impl SurchargeSource {
    fn into_surcharge(self, index: &SourceIndex) -> Result<Surcharge, Inside> {
        let band = |band: BandSource| Band {
            limit: band.to.0,
            amount: band.price.map(|price| price.0),
        };
        let groups = self.groups.into_iter().map(|group| ZoneGroup {
            first: group.first,
            last: group.last,
            bands: group.bands.into_iter().map(band).collect(),
        });
        Ok(Surcharge {
            source: index.place(&self.source)?,
            name: self.name,
            title: self.title,
            class: self.class,
            kind: self.kind,
            from: self.from,
            to: self.to,
            groups: groups.collect(),
            shapes: self.shapes,
        })
    }
}

impl ZonesSource {
    fn into_rules(self, index: &SourceIndex) -> Result<ZoneRules, Inside> {
        let source = index.place(&self.source)?;
        let centroids = reference::centroids(&self.centroids)
            .ok_or_else(|| SourceError::UnknownReference(self.centroids.clone()))
            .within("centroids")?;
        let gateways = self.gateways.iter().map(|range| Gateway {
            first: range.first.0,
            last: range.last.0,
            gateway: range.gateway.0,
        });
        let gateways: Vec<Gateway> = gateways.collect();
        let fixed = self.fixed.iter().map(|range| FixedZone {
            first: range.first.0,
            last: range.last.0,
            zone: range.zone,
        });
        let fixed: Vec<FixedZone> = fixed.collect();
        let chart = self.chart.into_chart(&gateways, &fixed, &centroids);
        let chart = chart.map_err(|fault| match fault {
            SourceError::BadChartRow(area) | SourceError::ChartConflict(area, _) => {
                Inside::from(fault).step(area)
            }
            SourceError::TooLarge
            | SourceError::Json(_)
            | SourceError::UnknownFormat(_)
            | SourceError::Member { .. }
            | SourceError::UnknownSource(_)
            | SourceError::WrongWidth(_)
            | SourceError::UnknownReference(_)
            | SourceError::Unsound(_) => fault.into(),
        });
        let chart = chart.within("chart")?;
        let limits = self.limits.iter().map(|limit| ZoneLimit {
            zone: limit.zone,
            chord: limit.chord,
        });
        Ok(ZoneRules {
            chart,
            gateways,
            fixed,
            limits: limits.collect(),
            beyond: self.beyond,
            centroids,
            source,
        })
    }
}
