//! What the signed repository costs on the line: nothing when nothing changed, little when only time
//! has passed, and of a new edition what changed.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use server::admin::call::AdminCall;
use server::repository::delta::delta;
use shared::monitor::{Due, Holdings};
use shared::rates::Edition;
use shared::services::ServiceId;
use station::contact::link::{Exchange, Link, LinkRequest};
use station::contact::round::{Met, meet_over};
use station::services::Asked;
use system_tests::line::Line;
use system_tests::relay::Relay;
use system_tests::town::{Counter, Town};
use tokio::runtime::Runtime;

use crate::figure::{Figure, Probe, Target};
use crate::said;

/// The edition of every town.
const EDITION: &str = include_str!("../../shared/data/editions/us-2026-07-12.json");

/// Days after which the data center renews its timestamp and nothing else.
const TIMESTAMP_DAYS: i64 = 3;

pub(crate) fn measure(runtime: &Runtime) -> anyhow::Result<Vec<Figure>> {
    let mut figures = runtime.block_on(lines())?;
    figures.extend(changes()?);
    Ok(figures)
}

/// A line that notes what each exchange says of the rates, and what is asked for them.
struct Noting {
    line: Arc<Line>,
    noted: Mutex<Noted>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Noted {
    /// What the monitors' headers say of the service, bytes.
    words: usize,
    /// Requests to the repository.
    requests: usize,
    /// Bytes of its documents and targets.
    bytes: usize,
}

impl Link for Noting {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            let is_repository = request.path().starts_with("/v1/repository/");
            let answered = self.line.exchange(request, &holds).await;
            let mut noted = self.noted.lock().unwrap_or_else(|held| held.into_inner());
            noted.words += said_of_rates(&holds, answered.due.as_ref());
            if is_repository {
                noted.requests += 1;
                noted.bytes += answered.reply.as_ref().map_or(0, Vec::len);
            }
            drop(noted);
            answered
        })
    }
}

/// The bytes by which the two headers are longer for the service of the rates.
fn said_of_rates(holds: &Holdings, due: Option<&Due>) -> usize {
    let mut without = holds.clone();
    without.markers.remove(&ServiceId::Rates);
    let asked = holds.to_string().len() - without.to_string().len();
    let answered = due.map_or(0, |due| {
        let mut without = due.clone();
        without.0.remove(&ServiceId::Rates);
        due.to_string().len() - without.to_string().len()
    });
    asked + answered
}

async fn noted(town: &Town, counter: &Counter) -> anyhow::Result<(Noted, Met)> {
    let noting = Arc::new(Noting {
        line: Line::clean(&town.center, &counter.station),
        noted: Mutex::default(),
    });
    let link: Arc<dyn Link> = noting.clone();
    let met = meet_over(&counter.station, &link, Asked::default()).await;
    let noted = *noting.noted.lock().unwrap_or_else(|held| held.into_inner());
    Ok((noted, met.map_err(said)?))
}

fn outcome(met: &Met) -> Option<&str> {
    let rates = met.view.services.iter().find(|one| one.service == "rates");
    rates.map(|one| one.outcome.as_str())
}

/// A contact with nothing new, one after the timestamp was renewed, and one with a new edition.
async fn lines() -> anyhow::Result<Vec<Figure>> {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    for _ in 0..2 {
        counter.contact().await.map_err(said)?;
    }
    let (idle, met) = noted(&town, &counter).await?;
    anyhow::ensure!(outcome(&met) == Some("nothing"), "{:?}", outcome(&met));
    anyhow::ensure!(idle.requests == 0, "{} requests", idle.requests);
    let refresh = refresh(&town, &counter).await?;
    let mut edition: serde_json::Value = serde_json::from_str(EDITION)?;
    edition["id"] = "us-bench".into();
    edition["effective"] = "2030-01-01".into();
    let source = edition.to_string();
    town.admin(AdminCall::RatesImport { source }).await;
    town.admin(AdminCall::RatesPublish {
        edition: None,
        passphrase: None,
    })
    .await;
    let (news, met) = noted(&town, &counter).await?;
    anyhow::ensure!(outcome(&met) == Some("served"), "{:?}", outcome(&met));
    let figure = |name, bytes: usize, target| {
        anyhow::Ok(Figure::new(
            name,
            f64::from(u32::try_from(bytes)?),
            "B",
            target,
        ))
    };
    Ok(vec![
        figure("tuf.idle_bytes", idle.words, Target::AtMost(64.0))?,
        refresh,
        figure("tuf.edition_bytes", news.bytes, Target::Told)?,
    ])
}

/// What a contact costs more when the timestamp was renewed, and nothing else: by the bytes on the
/// line, sealed by TLS, of two contacts that differ in nothing else. That is more than the bytes of
/// its HTTP/2 frames.
async fn refresh(town: &Town, counter: &Counter) -> anyhow::Result<Figure> {
    let passed = async |what: &'static str| {
        let relay = Relay::to(&town.url, Duration::ZERO).await;
        counter.set_server(&relay.url).await;
        let met = counter.contact().await.map_err(said)?;
        let mut rates = met.services.iter().filter(|one| one.service == "rates");
        let outcome = rates.next().map(|one| one.outcome.clone());
        anyhow::ensure!(outcome.as_deref() == Some(what), "{outcome:?}, not {what}");
        anyhow::Ok(relay.bytes())
    };
    let now = server::clock::Clock::now(town.clock.as_ref());
    town.clock.turn_to(now.plus_days(TIMESTAMP_DAYS));
    // What has waited for days goes first, so that the two contacts differ in nothing else.
    counter.contact().await.map_err(said)?;
    let quiet = passed("nothing").await?;
    let center = Arc::clone(&town.center);
    tokio::task::spawn_blocking(move || center.keep_repository()).await??;
    let renewed = passed("served").await?;
    counter.set_server(&town.url).await;
    let more = u32::try_from(renewed.saturating_sub(quiet))?;
    let most = Target::AtMost(2_500.0);
    Ok(Figure::new("tuf.refresh_bytes", f64::from(more), "B", most))
}

/// What a new edition that changes one table weighs as a change from the one before, over what
/// `zstd -19 --patch-from` makes of the two.
fn changes() -> anyhow::Result<Option<Figure>> {
    let base = Edition::from_json(EDITION)?.to_bytes();
    let content = changed()?;
    let ours = delta(&base, &content)?.len();
    let folder = tempfile::tempdir()?;
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    std::fs::write(&old, &base)?;
    std::fs::write(&new, &content)?;
    let made = folder.path().join("patch");
    let asked = Command::new("zstd")
        .args(["-q", "-19", "--no-check"])
        .arg(format!("--patch-from={}", old.display()))
        .arg(&new)
        .arg("-o")
        .arg(&made)
        .stderr(Stdio::null())
        .status();
    let Ok(status) = asked else {
        eprintln!("zstd is not installed: tuf.delta_ratio is absent");
        return Ok(None);
    };
    anyhow::ensure!(status.success(), "zstd could not make its patch");
    let theirs = std::fs::metadata(&made)?.len();
    let (ours, theirs) = (u32::try_from(ours)?, u32::try_from(theirs)?);
    let ratio = f64::from(ours) / f64::from(theirs);
    let figure = Figure::new("tuf.delta_ratio", ratio, "", Target::AtMost(1.2));
    Ok(Some(figure.beside(Probe {
        name: "zstd -19 --patch-from",
        value: f64::from(theirs),
        unit: "B",
    })))
}

/// The edition with every price of its longest table a cent higher, by another name and from another day.
fn changed() -> anyhow::Result<Vec<u8>> {
    let mut edition: serde_json::Value = serde_json::from_str(EDITION)?;
    edition["id"] = "us-bench".into();
    edition["effective"] = "2027-01-17".into();
    let tables = edition["tables"].as_array_mut();
    let longest = tables.and_then(|tables| {
        tables
            .iter_mut()
            .max_by_key(|table| table["rows"].as_array().map_or(0, Vec::len))
    });
    raise(longest.context("the edition has tables")?);
    Ok(Edition::from_json(&edition.to_string())?.to_bytes())
}

/// Raises every amount of a table that is written as text with two decimals.
fn raise(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            if let Some((whole, cents)) = text.split_once('.')
                && let (Ok(whole), Ok(cents)) = (whole.parse::<u32>(), cents.parse::<u32>())
                && text.len() - text.find('.').unwrap_or(0) == 3
            {
                let raised = whole * 100 + cents + 1;
                *text = format!("{}.{:02}", raised / 100, raised % 100);
            }
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(raise),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(raise),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}
