//! A call: how long a refill and a contact of all services take from CONNECT on, what they cost in
//! bytes, and what noise on the line adds.
//!
//! The time is that of the line (`tests/dialing.rs`): what station and data center compute counts
//! where the line waits for it and not where it is busy. The port's own speed is not modelled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use shared::money::Mills;
use shared::services::ServiceId;
use station::contact::dialup::simulated::Simulated;
use station::contact::link::Link;
use station::contact::round::meet_over;
use system_tests::dialing::{Dialing, Setup, Told};
use system_tests::exchange::{Faults, Speed};
use system_tests::line::Line;
use system_tests::town::{Counter, Town, asking};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;

use crate::Effort;
use crate::clock::median;
use crate::contact::{RENEWAL_DAYS, make_due};
use crate::figure::{Figure, Probe, Target};
use crate::probes::dialed_floor;
use crate::said;

/// Calls whose median is a figure.
const ROUNDS: u32 = 5;
/// One bit in so many is flipped on the noisy line: a bit error rate of 2e-5.
const NOISE_ONE_IN: u64 = 50_000;
/// What is refilled.
const REFILL: &str = "0.50";

/// One figure's name by what is measured: refill and all services, at each speed.
const NAMES: [(u32, &str, f64, &str, f64); 2] = [
    (
        33_600,
        "dialup.refill_33600_s",
        3.0,
        "dialup.all_33600_s",
        4.0,
    ),
    (9_600, "dialup.refill_9600_s", 6.5, "dialup.all_9600_s", 9.5),
];

pub(crate) fn measure(runtime: &Runtime, effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut bytes = BTreeMap::new();
    for (bits_per_second, refill, refill_most, all, all_most) in NAMES {
        let mut desk = Desk::new(runtime, bits_per_second)?;
        let mut takes = Vec::new();
        for _ in 0..ROUNDS {
            let (took, told) = desk.refill(runtime, Faults::default())?;
            takes.push(took);
            bytes.insert(bits_per_second, told.bytes);
        }
        let most = Target::AtMost(refill_most);
        figures.push(Figure::new(refill, median(&takes), "s", most));
        let mut takes = Vec::new();
        for round in 0..ROUNDS {
            takes.push(desk.all(runtime, round)?);
        }
        let most = Target::AtMost(all_most);
        figures.push(Figure::new(all, median(&takes), "s", most));
    }
    let spent = bytes.get(&33_600).context("no call was measured")?;
    figures.push(bytes_ratio(runtime, spent)?);
    figures.push(noise(runtime, effort)?);
    Ok(figures)
}

/// A town with one station that dials.
struct Desk {
    town: Town,
    counter: Arc<Counter>,
    dialing: Dialing,
    client: Simulated,
}

impl Desk {
    fn new(runtime: &Runtime, bits_per_second: u32) -> anyhow::Result<Self> {
        let (town, counter) = runtime.block_on(async {
            let town = Town::with_deposit("1000.00").await;
            let counter = town.enrolled("one").await;
            // Enough to print with in every round of all services.
            counter.refill("50.00").await.map_err(said)?;
            anyhow::Ok((town, counter))
        })?;
        let setup = Setup {
            speed: Speed {
                bits_per_second,
                // What comes before CONNECT is in no figure.
                hurry: 100,
                ..Speed::USUAL
            },
            ..Setup::default()
        };
        let dialing = Dialing::to(&town.url, setup);
        let client = runtime.block_on(Simulated::of(&counter.station, &dialing.url()));
        let mut desk = Self {
            town,
            counter: Arc::new(counter),
            dialing,
            client: client.map_err(said)?,
        };
        // The first call is the one that resumes no session.
        desk.refill(runtime, Faults::default())?;
        Ok(desk)
    }

    /// A refill in a call of its own: the time from CONNECT until it is in the vault, and the call.
    fn refill(&mut self, runtime: &Runtime, faults: Faults) -> anyhow::Result<(f64, Told)> {
        let before = runtime.block_on(balance(&self.counter));
        self.dialing.plan(faults);
        let here = Arc::new(AtomicBool::new(false));
        let (counter, seen) = (Arc::clone(&self.counter), Arc::clone(&here));
        let watching = runtime.spawn(async move {
            let mut events = counter.station.subscribe();
            while balance(&counter).await <= before {
                if let Err(RecvError::Closed) = events.recv().await {
                    return;
                }
            }
            seen.store(true, Ordering::SeqCst);
        });
        let counter = Arc::clone(&self.counter);
        let link = self.client.call().map_err(said)?;
        let amount = Mills::parse(REFILL)?;
        let refill = runtime
            .spawn(async move { meet_over(&counter.station, &link, asking(Some(amount))).await });
        self.dialing
            .until(|_| here.load(Ordering::SeqCst) || refill.is_finished());
        let at = self.dialing.now();
        self.dialing.until(|_| refill.is_finished());
        watching.abort();
        runtime.block_on(refill)?.map_err(said)?;
        self.dialing.hang_up();
        anyhow::ensure!(runtime.block_on(balance(&self.counter)) > before);
        let told = self.dialing.calls().last().context("a call")?.clone();
        let connected = told.connected.context("a call that came about")?;
        Ok((at.saturating_sub(connected).as_secs_f64(), told))
    }

    /// A contact in which every service has something to do, in a call of its own, seconds.
    fn all(&mut self, runtime: &Runtime, round: u32) -> anyhow::Result<f64> {
        // The last round renewed the certificate, and a session holds with that it began with.
        let url = self.dialing.url();
        let client = Simulated::of(&self.counter.station, &url);
        self.client = runtime.block_on(client).map_err(said)?;
        self.refill(runtime, Faults::default())?;
        self.town.turn_days(RENEWAL_DAYS);
        runtime.block_on(async {
            for service in ServiceId::ALL {
                make_due(&self.town, &self.counter, service, round).await?;
            }
            anyhow::Ok(())
        })?;
        let counter = Arc::clone(&self.counter);
        let link = self.client.call().map_err(said)?;
        let met = self.dialing.run(runtime, async move {
            meet_over(&counter.station, &link, asking(None)).await
        });
        let at = self.dialing.now();
        let met = met.map_err(said)?;
        self.dialing.hang_up();
        for service in &met.view.services {
            anyhow::ensure!(
                ["served", "nothing"].contains(&service.outcome.as_str()),
                "{}: {}",
                service.service,
                service.outcome
            );
        }
        let told = self.dialing.calls().last().context("a call")?;
        let connected = told.connected.context("a call that came about")?;
        Ok(at.saturating_sub(connected).as_secs_f64())
    }
}

async fn balance(counter: &Counter) -> u64 {
    counter.status().await.registers.descending
}

/// The messages of a contact with a refill, there and back, bytes each.
async fn messages() -> anyhow::Result<Vec<(usize, usize)>> {
    let town = Town::with_deposit("1000.00").await;
    let counter = town.enrolled("one").await;
    counter.contact().await.map_err(said)?;
    let line = Line::clean(&town.center, &counter.station);
    let link: Arc<dyn Link> = line.clone();
    let refill = Mills::parse(REFILL)?;
    let met = meet_over(&counter.station, &link, asking(Some(refill))).await;
    met.map_err(said)?;
    let passed = line.passed();
    let sizes = passed.iter().map(|one| {
        let reply = one.reply.as_ref().map_or(0, Vec::len);
        (one.path.len() + one.body.len(), reply)
    });
    Ok(sizes.collect())
}

/// The bytes of a call with a refill over those it cannot do without.
fn bytes_ratio(runtime: &Runtime, spent: &[u64; 2]) -> anyhow::Result<Figure> {
    let floor = dialed_floor(&runtime.block_on(messages())?);
    let floor = f64::from(u32::try_from(floor)?);
    let spent = f64::from(u32::try_from(spent.iter().sum::<u64>())?);
    let ratio = spent / floor;
    let most = Target::AtMost(1.25);
    Ok(Figure::new("dialup.bytes_ratio", ratio, "ratio", most)
        .beside(Probe {
            name: "segments, TLS and sealed messages",
            value: floor,
            unit: "B",
        })
        .at_ratio(ratio))
}

/// The mean time of a refill on a noisy line, over that on a clean one. All are completed.
fn noise(runtime: &Runtime, effort: Effort) -> anyhow::Result<Figure> {
    let mut desk = Desk::new(runtime, 33_600)?;
    let mut clean = Vec::new();
    for _ in 0..ROUNDS {
        clean.push(desk.refill(runtime, Faults::default())?.0);
    }
    let clean = median(&clean);
    let mut sum = 0.0;
    for seed in 1..=effort.seeds {
        desk.dialing.exchange.reseed(u64::from(seed));
        let faults = Faults {
            bit_error_one_in: NOISE_ONE_IN,
            ..Faults::default()
        };
        sum += desk.refill(runtime, faults)?.0;
    }
    let ratio = sum / f64::from(effort.seeds) / clean;
    let most = Target::AtMost(1.5);
    Ok(Figure::new("dialup.noise_ratio", ratio, "ratio", most)
        .beside(Probe {
            name: "the same refill without noise",
            value: clean,
            unit: "s",
        })
        .at_ratio(ratio))
}
