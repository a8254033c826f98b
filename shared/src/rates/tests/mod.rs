//! The rates against the sample editions and against synthetic ones.

mod coverage;
mod editions;
mod prices;
mod properties;
mod quotes;
mod rehearsal;
mod validation;
mod zones;

use std::sync::LazyLock;

use jiff::civil::{Date, date};

use super::{Edition, MailClass, PriceKind, Quote, QuoteRequest, RateRefusal, Shape, quote};

const SOURCE_2026: &str = include_str!("../../../data/editions/us-2026-07-12.json");
const SOURCE_2025_OCTOBER: &str = include_str!("../../../data/editions/us-2025-10-05.json");
const SOURCE_2025: &str = include_str!("../../../data/editions/us-2025-07-13.json");
const SOURCE_2024: &str = include_str!("../../../data/editions/us-2024-07-14.json");
const SOURCE_2023: &str = include_str!("../../../data/editions/us-2023-07-09.json");
const SOURCE_2022: &str = include_str!("../../../data/editions/us-2022-07-10.json");
const ALL_SOURCES: [&str; 6] = [
    SOURCE_2022,
    SOURCE_2023,
    SOURCE_2024,
    SOURCE_2025,
    SOURCE_2025_OCTOBER,
    SOURCE_2026,
];

/// A day without the holiday surcharge.
const SUMMER: Date = date(2026, 8, 3);
/// A day with it.
const ADVENT: Date = date(2026, 12, 1);

static EDITION: LazyLock<Edition> =
    LazyLock::new(|| Edition::from_json(SOURCE_2026).expect("the sample edition is sound"));

/// The sample edition with some words of its JSON replaced, each where it stands first.
fn synthetic(changes: &[(&str, &str)]) -> Edition {
    let mut source = SOURCE_2026.to_owned();
    for (from, to) in changes {
        assert!(source.contains(from), "{from}");
        source = source.replacen(from, to, 1);
    }
    Edition::from_json(&source).unwrap()
}

/// A letter of one ounce from New York to Springfield.
fn letter(weight: &str) -> QuoteRequest {
    QuoteRequest {
        class: MailClass::FirstClass,
        shape: Shape::Letter,
        kind: None,
        weight: weight.parse().unwrap(),
        size: None,
        nonmachinable: false,
        from: "10001".parse().unwrap(),
        to: "62701".parse().unwrap(),
        date: SUMMER,
        extras: Vec::new(),
        live: false,
    }
}

fn flat(weight: &str) -> QuoteRequest {
    QuoteRequest {
        shape: Shape::Flat,
        ..letter(weight)
    }
}

/// A parcel from New York; 11201 is zone 1, 94103 zone 8.
fn parcel(weight: &str, to: &str) -> QuoteRequest {
    QuoteRequest {
        class: MailClass::GroundAdvantage,
        shape: Shape::Parcel,
        to: to.parse().unwrap(),
        ..letter(weight)
    }
}

fn retail(request: QuoteRequest) -> QuoteRequest {
    QuoteRequest {
        kind: Some(PriceKind::Retail),
        ..request
    }
}

fn sized(request: QuoteRequest, size: &str) -> QuoteRequest {
    QuoteRequest {
        size: Some(size.parse().unwrap()),
        ..request
    }
}

fn on(request: QuoteRequest, date: Date) -> QuoteRequest {
    QuoteRequest { date, ..request }
}

fn extras(request: QuoteRequest, names: &[&str]) -> QuoteRequest {
    QuoteRequest {
        extras: names.iter().map(|name| (*name).to_owned()).collect(),
        ..request
    }
}

/// The price in the sample edition as text, or the refusal's code and sentence.
fn priced(request: &QuoteRequest) -> String {
    outcome(quote(&EDITION, request))
}

fn outcome(result: Result<Quote, RateRefusal>) -> String {
    match result {
        Ok(quote) => quote.price.to_string(),
        Err(refusal) => format!("{}: {refusal}", refusal.code()),
    }
}

/// A quote as a person reads it.
fn written(quote: &Quote) -> String {
    let mut text = format!("{} by {}", quote.price, quote.edition);
    if let Some(zone) = quote.zone {
        text += &format!(", zone {zone}");
    }
    if quote.estimated {
        text += " estimated";
    }
    for step in &quote.steps {
        text += &format!(
            "\n  {:>6}  {} [{}]",
            step.amount.to_string(),
            step.rule,
            step.cell
        );
    }
    for note in &quote.notes {
        text += &format!("\n  - {note}");
    }
    text
}
