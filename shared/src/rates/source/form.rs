//! The members of an edition's JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};

use super::super::goes_to::Country;
use super::super::kinds::{MailClass, Measure, PriceKind, Shape};
use super::super::size::{Length, Size};
use super::super::weight::Weight;
use super::super::zip::{Zip3, Zip5};
use crate::money::Mills;

/// A value written as text.
#[derive(Clone, Copy)]
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map(Self)
            .map_err(|e| de::Error::custom(format_args!("\"{text}\": {e}")))
    }
}

/// An amount written as text.
#[derive(Clone, Copy)]
pub(super) struct Amount(pub(super) Mills);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Mills::parse(&text)
            .map(Self)
            .map_err(|e| de::Error::custom(format_args!("\"{text}\": {e}")))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditionSource {
    pub(super) format: String,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) effective: Date,
    pub(super) until: Option<Date>,
    pub(super) max_advance_days: u16,
    pub(super) sources: BTreeMap<String, SourceText>,
    pub(super) shapes: Vec<ShapeSource>,
    pub(super) tables: Vec<TableSource>,
    pub(super) nonmachinable: Vec<FeeSource>,
    pub(super) extras: Vec<FeeSource>,
    pub(super) surcharges: Vec<SurchargeSource>,
    pub(super) zones: ZonesSource,
    #[serde(default)]
    pub(super) countries: Vec<CountrySource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CountrySource {
    pub(super) code: Text<Country>,
    pub(super) title: String,
    pub(super) group: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceText {
    pub(super) text: String,
    pub(super) sample: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShapeSource {
    pub(super) class: MailClass,
    pub(super) shape: Shape,
    pub(super) title: String,
    pub(super) category: String,
    pub(super) max_weight: Text<Weight>,
    pub(super) heavier_as: Option<Shape>,
    pub(super) smallest: Option<Text<Size>>,
    pub(super) largest: Option<Text<Size>>,
    pub(super) length_and_girth: Option<Text<Length>>,
    pub(super) machinable: Option<MachinableSource>,
    pub(super) dimensional: Option<DimensionalSource>,
    #[serde(default)]
    pub(super) unpriced: Vec<UnpricedSource>,
    #[serde(default)]
    pub(super) machinable_only: bool,
    pub(super) marking: Option<String>,
    #[serde(default)]
    pub(super) abroad: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MachinableSource {
    pub(super) least_ratio_tenths: u16,
    pub(super) greatest_ratio_tenths: u16,
    pub(super) length: Text<Length>,
    pub(super) height: Text<Length>,
    pub(super) thickness: Text<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DimensionalSource {
    pub(super) divisor: u32,
    pub(super) above_cubic_inches: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnpricedSource {
    pub(super) cell: String,
    pub(super) measure: Measure,
    /// Inches, or cubic inches for a volume.
    #[serde(default)]
    pub(super) above: u32,
    pub(super) always: bool,
    pub(super) season: Option<SeasonSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeasonSource {
    pub(super) from: Date,
    pub(super) to: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableSource {
    pub(super) class: MailClass,
    pub(super) shape: Shape,
    pub(super) kinds: Vec<PriceKind>,
    pub(super) zoned: bool,
    #[serde(default)]
    pub(super) groups: Vec<u16>,
    pub(super) source: String,
    pub(super) rows: Vec<RowSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowSource {
    pub(super) to: Text<Weight>,
    pub(super) price: Option<Amount>,
    pub(super) prices: Option<Vec<Option<Amount>>>,
    pub(super) source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeeSource {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) class: MailClass,
    pub(super) shapes: Vec<Shape>,
    pub(super) source: String,
    pub(super) amount: Option<Amount>,
    #[serde(default)]
    pub(super) needs: Vec<String>,
    #[serde(default)]
    pub(super) excludes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SurchargeSource {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) class: MailClass,
    pub(super) kind: PriceKind,
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) source: String,
    #[serde(default)]
    pub(super) shapes: Vec<Shape>,
    pub(super) groups: Vec<GroupSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupSource {
    pub(super) first: u8,
    pub(super) last: u8,
    pub(super) bands: Vec<BandSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BandSource {
    pub(super) to: Text<Weight>,
    pub(super) price: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZonesSource {
    pub(super) chart: ChartSource,
    pub(super) centroids: String,
    pub(super) gateways: Vec<GatewaySource>,
    pub(super) fixed: Vec<FixedSource>,
    pub(super) limits: Vec<LimitSource>,
    pub(super) beyond: u8,
    pub(super) source: String,
}

/// A chart of this product by name, or one of its own: area to a thousand zones or dots.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ChartSource {
    Named(String),
    Rows(BTreeMap<Text<Zip3>, String>),
}

impl<T: PartialEq> PartialEq for Text<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Eq> Eq for Text<T> {}

impl<T: PartialOrd> PartialOrd for Text<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl<T: Ord> Ord for Text<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatewaySource {
    pub(super) first: Text<Zip3>,
    pub(super) last: Text<Zip3>,
    pub(super) gateway: Text<Zip3>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixedSource {
    pub(super) first: Text<Zip5>,
    pub(super) last: Text<Zip5>,
    pub(super) zone: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitSource {
    pub(super) zone: u8,
    /// For the reader; `chord` is what counts.
    #[serde(rename = "miles")]
    _miles: u32,
    pub(super) chord: u32,
}
