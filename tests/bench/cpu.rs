//! Work of the processor alone, in memory, by the thread's CPU clock.

use std::collections::BTreeSet;
use std::hint::black_box;

use anyhow::{Context as _, anyhow};
use jiff::civil::date;
use shared::ids::PsdId;
use shared::indicium::destination::{Destination, OriginZip};
use shared::indicium::ibi_full::{IbiFull, SoftwareId, VERSION};
use shared::indicium::regime::Regime;
use shared::money::Mills;
use shared::rates::{Edition, MailClass, QuoteRequest, Shape, Weight, Zip5, price};
use station::crypto::SigningKey;
use station::printing::layout::reference::{reference_bytes, reference_label};
use station::printing::raster::raster;
use station::printing::symbol;
use station::printing::units::Dpi;

use crate::Effort;
use crate::clock::cpu_ms_per_call;
use crate::figure::{Figure, Target};

/// The rates that are quoted from.
const EDITION: &str = include_str!("../../shared/data/editions/us-2026-07-12.json");

/// Different pieces that are priced in turn.
const QUOTES: usize = 1_000;

pub(crate) fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let edition = Edition::from_json(EDITION).context("reading the edition's source")?;
    Ok(vec![
        indicium(effort)?,
        label(effort)?,
        quote(
            effort,
            &edition,
            ("quote.letter_per_cpu_s", LETTERS_PER_CPU_S),
            &letter()?,
        )?,
        quote(
            effort,
            &edition,
            ("quote.parcel_per_cpu_s", PARCELS_PER_CPU_S),
            &parcel()?,
        )?,
        load(effort, &edition)?,
    ])
}

/// Calls a second from milliseconds a call.
fn per_second(milliseconds: f64) -> f64 {
    1_000.0 / milliseconds
}

/// Signed, its symbol made, and that symbol's modules laid out.
fn indicium(effort: Effort) -> anyhow::Result<Figure> {
    let (key, _) = SigningKey::generate()?;
    let mut counter = 0;
    let mut outcome = Ok(0);
    let spent = cpu_ms_per_call(effort.rounds, effort.calls, || {
        counter += 1;
        outcome = one_indicium(&key, counter);
    });
    anyhow::ensure!(outcome? == 44, "the symbol has another size");
    Ok(Figure::new(
        "indicium.per_cpu_s",
        per_second(spent),
        "1/s",
        Target::AtLeast(12_000.0),
    ))
}

/// One indicium; the side of its symbol.
fn one_indicium(key: &SigningKey, counter: u32) -> anyhow::Result<usize> {
    let fields = IbiFull {
        version: VERSION,
        algorithm: Regime::Specimen.algorithm(),
        certificate_serial: 7,
        psd: PsdId::specimen(42),
        ascending: Mills::new(780 * u64::from(counter))?,
        postage: Mills::new(780)?,
        date: date(2026, 11, 18),
        origin: OriginZip::new(83_702)?,
        destination: Destination::new(5, 10_001)?,
        software: SoftwareId { build: 1, counter },
        descending: Mills::new(50_000)?,
        rate_category: *b"FCLM",
    };
    let signed = fields
        .sign([1, 2, 3, 4], |bytes| key.sign(bytes))
        .map_err(|fault| anyhow!("signing: {fault:?}"))?;
    let symbol = symbol::encode(signed.bytes())?;
    black_box(symbol.modules());
    Ok(symbol.side())
}

/// The reference label as dots.
fn label(effort: Effort) -> anyhow::Result<Figure> {
    let symbol = symbol::encode(&reference_bytes())?;
    let label = reference_label(&symbol);
    let spent = cpu_ms_per_call(effort.rounds, effort.calls / 10, || {
        black_box(raster(black_box(&label), Dpi::D300));
    });
    Ok(Figure::new(
        "label.raster_300dpi_ms",
        spent,
        "ms",
        Target::AtMost(1.0),
    ))
}

fn letter() -> anyhow::Result<QuoteRequest> {
    Ok(QuoteRequest {
        class: MailClass::FirstClass,
        shape: Shape::Letter,
        kind: None,
        weight: "1oz".parse()?,
        size: None,
        nonmachinable: false,
        from: Zip5::new(83_702)?,
        to: Zip5::new(10_001)?.into(),
        date: date(2026, 11, 18),
        extras: Vec::new(),
        live: false,
    })
}

fn parcel() -> anyhow::Result<QuoteRequest> {
    Ok(QuoteRequest {
        class: MailClass::GroundAdvantage,
        shape: Shape::Parcel,
        weight: "2lb3oz".parse()?,
        to: Zip5::new(94_103)?.into(),
        ..letter()?
    })
}

/// The fewest domestic letters that are priced in a second of one core.
const LETTERS_PER_CPU_S: f64 = 1_000_000.0;
/// The fewest parcels by zone that are priced in a second of one core.
const PARCELS_PER_CPU_S: f64 = 200_000.0;
/// The longest that loading an edition takes, milliseconds of one core.
const LOAD_MS: f64 = 20.0;

/// Prices without their explanations, of pieces that differ in weight and destination: neither the
/// compiler nor the processor may know the next one from the last.
fn quote(
    effort: Effort,
    edition: &Edition,
    (name, least): (&'static str, f64),
    request: &QuoteRequest,
) -> anyhow::Result<Figure> {
    let requests = varied(edition, request);
    let prices: BTreeSet<u64> = totals(edition, &requests).collect();
    anyhow::ensure!(
        requests.len() == QUOTES && prices.len() > 1,
        "{name}: {} requests of {} prices",
        requests.len(),
        prices.len()
    );
    let expected: u64 = totals(edition, &requests).sum();
    let mut sum = 0;
    let rounds = effort.calls.div_ceil(50);
    let spent = cpu_ms_per_call(effort.rounds, rounds, || {
        sum = black_box(totals(black_box(edition), black_box(&requests)).sum());
    });
    anyhow::ensure!(sum == expected, "{name}: prices changed on the way");
    let one = spent / f64::from(u32::try_from(QUOTES)?);
    Ok(Figure::new(
        name,
        per_second(one),
        "1/s",
        Target::AtLeast(least),
    ))
}

/// The prices of requests, each looked at by itself.
fn totals<'a>(
    edition: &'a Edition,
    requests: &'a [QuoteRequest],
) -> impl Iterator<Item = u64> + 'a {
    requests.iter().map(move |request| {
        let priced = black_box(price(black_box(edition), black_box(request)));
        priced.map_or(0, |price| price.total.mills())
    })
}

/// Requests like `request` for every eighth of its weight and for places all over the country, in
/// no order, as far as the edition prices them.
fn varied(edition: &Edition, request: &QuoteRequest) -> Vec<QuoteRequest> {
    let mut state: u64 = 1;
    let mut draw = move |below: u64| {
        // Knuth's MMIX numbers: the same requests in every run.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut requests = Vec::with_capacity(QUOTES);
    for _ in 0..QUOTES * 100 {
        let weight = request.weight.nanograms() / 8 * (1 + draw(24));
        let to = u32::try_from(draw(100_000)).ok();
        let varied = Weight::from_nanograms(weight)
            .ok()
            .zip(to.and_then(|to| Zip5::new(to).ok()))
            .map(|(weight, to)| QuoteRequest {
                weight,
                to: to.into(),
                ..request.clone()
            });
        requests.extend(varied.filter(|request| price(edition, request).is_ok()));
        if requests.len() == QUOTES {
            break;
        }
    }
    requests
}

/// From the bytes that a station keeps to an edition that quotes.
fn load(effort: Effort, edition: &Edition) -> anyhow::Result<Figure> {
    let bytes = edition.to_bytes();
    Edition::from_bytes(&bytes).context("loading the edition")?;
    let spent = cpu_ms_per_call(effort.rounds, effort.calls / 20, || {
        drop(black_box(Edition::from_bytes(black_box(&bytes))));
    });
    Ok(Figure::new(
        "edition.load_ms",
        spent,
        "ms",
        Target::AtMost(LOAD_MS),
    ))
}
