//! One published set of prices: every price cell with its source, the rules that choose the cell,
//! and the zones. Prices and rules are content here, never constants in code.
//!
//! The content travels as deterministic CBOR and is named by its SHA-256; the signed repository says
//! which content is published (`crate::services::rates`).

use jiff::civil::Date;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::dates::{date, date_option};
use super::goes_to::{Country, CountryEntry};
use super::kinds::{MailClass, Shape};
use super::shapes::ShapeRule;
use super::soundness::Unsound;
use super::tables::{Fee, PriceTable, Surcharge};
use super::zones::ZoneRules;

/// The version of the content's layout. An edition that needs nothing newer keeps version 1, whose
/// bytes stations of earlier programs read; what they would misread has version 2.
pub const EDITION_VERSION: u8 = 2;
/// The layout without countries, price groups, flat-rate items and the later classes.
const FIRST_VERSION: u8 = 1;
/// The most bytes an edition may have; a full chart with all classes stays under half of it.
pub const MAX_EDITION_BYTES: usize = 1 << 20;

/// One published set of prices.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Edition {
    #[n(1)]
    pub(super) version: u8,
    #[n(2)]
    pub(super) id: String,
    #[n(3)]
    pub(super) title: String,
    #[cbor(n(4), with = "date")]
    pub(super) effective: Date,
    #[cbor(n(5), with = "date_option")]
    pub(super) until: Option<Date>,
    #[n(6)]
    pub(super) sources: Vec<Source>,
    #[n(7)]
    pub(super) max_advance_days: u16,
    #[n(8)]
    pub(super) shapes: Vec<ShapeRule>,
    #[n(9)]
    pub(super) tables: Vec<PriceTable>,
    #[n(10)]
    pub(super) nonmachinable: Vec<Fee>,
    #[n(11)]
    pub(super) extras: Vec<Fee>,
    #[n(12)]
    pub(super) surcharges: Vec<Surcharge>,
    #[n(13)]
    pub(super) zones: ZoneRules,
    /// The countries it has prices to, ascending by their letters.
    #[cbor(n(14), default, skip_if = "Vec::is_empty")]
    pub(super) countries: Vec<CountryEntry>,
}

/// Where prices come from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Source {
    /// The publication, in words.
    #[n(1)]
    pub text: String,
    /// Whether it is a sample that nobody has confirmed against the post's own file.
    #[n(2)]
    pub sample: bool,
}

/// Why bytes are not an edition.
#[derive(Debug, thiserror::Error)]
pub enum EditionError {
    /// More than [`MAX_EDITION_BYTES`].
    #[error("the edition is larger than {MAX_EDITION_BYTES} bytes")]
    TooLarge,
    /// Not the CBOR of an edition.
    #[error("the bytes are not an edition")]
    Malformed(#[source] minicbor::decode::Error),
    /// A layout of a later product.
    #[error("the edition has layout version {0}, this product reads {EDITION_VERSION}")]
    UnknownVersion(u8),
    /// The same content in other bytes than its own; two names for one content.
    #[error("the edition is not encoded deterministically")]
    NotDeterministic,
    /// Lists out of order, indexes to nowhere, tables of the wrong width, dates and words that no
    /// edition may hold.
    #[error("the edition is not sound in {0}")]
    Unsound(Unsound),
}

impl Edition {
    /// The identity, for example `us-2026-07-12`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The title, for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// From which date of mailing on the edition holds, in the station's local time.
    #[must_use]
    pub const fn effective(&self) -> Date {
        self.effective
    }

    /// The last date of mailing for which the edition holds, where its publisher set one.
    #[must_use]
    pub const fn until(&self) -> Option<Date> {
        self.until
    }

    /// Whether any price comes from a sample that nobody has confirmed.
    #[must_use]
    pub fn is_sample(&self) -> bool {
        self.sources.iter().any(|source| source.sample)
    }

    /// The zones.
    #[must_use]
    pub const fn zones(&self) -> &ZoneRules {
        &self.zones
    }

    /// How many days ahead the date of mailing may lie.
    #[must_use]
    pub const fn max_advance_days(&self) -> u16 {
        self.max_advance_days
    }

    /// The content as deterministic CBOR.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory cannot fail and no type refuses")
    }

    /// Reads content bytes.
    ///
    /// # Errors
    /// [`EditionError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EditionError> {
        if bytes.len() > MAX_EDITION_BYTES {
            return Err(EditionError::TooLarge);
        }
        let edition: Self = minicbor::decode(bytes).map_err(EditionError::Malformed)?;
        if !(FIRST_VERSION..=EDITION_VERSION).contains(&edition.version) {
            return Err(EditionError::UnknownVersion(edition.version));
        }
        edition.check()?;
        if edition.to_bytes() != bytes {
            return Err(EditionError::NotDeterministic);
        }
        Ok(edition)
    }

    /// The name of the content: SHA-256 of its bytes.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    /// The countries it has prices to, ascending by their letters.
    #[must_use]
    pub fn countries(&self) -> &[CountryEntry] {
        &self.countries
    }

    /// What the edition knows of a country.
    #[must_use]
    pub fn country(&self, country: Country) -> Option<&CountryEntry> {
        let found = self.countries.binary_search_by_key(&country, |c| c.code);
        found.ok().and_then(|at| self.countries.get(at))
    }

    /// The country that is called so on an address, whatever the case of the letters.
    #[must_use]
    pub fn country_named(&self, title: &str) -> Option<Country> {
        let called = |entry: &&CountryEntry| entry.title.eq_ignore_ascii_case(title);
        self.countries.iter().find(called).map(|entry| entry.code)
    }

    /// The layout version it needs: the first where that is enough.
    pub(super) fn needed_version(&self) -> u8 {
        let fees = self.nonmachinable.iter().chain(&self.extras);
        let is_first = self.countries.is_empty()
            && self.shapes.iter().all(ShapeRule::is_of_the_first_layout)
            && self.tables.iter().all(PriceTable::is_of_the_first_layout)
            && fees.into_iter().all(Fee::is_of_the_first_layout)
            && self
                .surcharges
                .iter()
                .all(Surcharge::is_of_the_first_layout);
        if is_first {
            FIRST_VERSION
        } else {
            EDITION_VERSION
        }
    }

    /// The words of a source.
    pub(super) fn source_text(&self, index: u16) -> &str {
        let source = self.sources.get(usize::from(index));
        source.map_or("", |source| source.text.as_str())
    }

    /// Where a row of a table comes from: the publication, and the line in its file where that is
    /// known.
    pub(super) fn row_source(&self, table: usize, row: usize) -> String {
        let row = self.tables.get(table).and_then(|table| table.rows.get(row));
        row.map_or_else(String::new, |row| {
            let text = self.source_text(row.source);
            match row.line {
                Some(line) => format!("{text}, line {line}"),
                None => text.to_owned(),
            }
        })
    }

    /// The rule of a class and shape.
    pub(super) fn rule(&self, class: MailClass, shape: Shape) -> Option<&ShapeRule> {
        let mut rules = self.shapes.iter();
        rules.find(|rule| rule.class == class && rule.shape == shape)
    }

    /// Refuses content that contradicts itself, so that pricing need not.
    pub(super) fn check(&self) -> Result<(), EditionError> {
        self.soundness().map_err(EditionError::Unsound)
    }
}
