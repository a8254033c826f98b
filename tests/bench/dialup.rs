//! A call: how long a refill and a contact of all services take from CONNECT on, what they cost in
//! bytes, and what noise on the line adds.
//!
//! The time is that of the line (`tests/dialing.rs`): what station and data center compute counts
//! where the line waits for it and not where it is busy. The port's own speed is not modelled. The
//! station uses the line as its telephone does: short keys, its certificate alone, the issuer of the
//! data center's known, and from the second call on the TLS session of the call before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use shared::money::Mills;
use shared::monitor::{Budget, Holdings};
use shared::services::ServiceId;
use station::contact::dialup::{Led, Session};
use station::contact::link::{Exchange, Link, LinkRequest};
use station::contact::round::{Met, meet_over};
use system_tests::dialing::{Dialing, Setup, Told};
use system_tests::exchange::{Faults, Speed};
use system_tests::town::{Counter, Town, asking};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;

use crate::Effort;
use crate::clock::median;
use crate::contact::{RENEWAL_DAYS, make_due};
use crate::figure::{Figure, Probe, Target};
use crate::probes::{Passed, dialed_floor};
use crate::said;

/// Calls whose median is a figure.
const ROUNDS: u32 = 5;
/// One bit in so many is flipped on the noisy line: a bit error rate of 2e-5.
const NOISE_ONE_IN: u64 = 50_000;
/// The speed at which a call with a full handshake is told.
const FULL_AT: u32 = 33_600;
/// Longer than either end computes on anything here: what it takes is part of a call's time.
const COMPUTING: Duration = Duration::from_millis(25);
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
    let mut ratios = Vec::new();
    for (bits_per_second, refill, refill_most, all, all_most) in NAMES {
        let mut desk = Desk::new(runtime, bits_per_second)?;
        // The first call is the one that takes up no session.
        let full = desk.refill(runtime, Faults::default())?;
        if bits_per_second == FULL_AT {
            let name = "dialup.refill_full_handshake_33600_s";
            figures.push(Figure::new(name, full.took, "s", Target::Told));
        }
        let mut takes = Vec::new();
        for _ in 0..ROUNDS {
            let call = desk.refill(runtime, Faults::default())?;
            takes.push(call.took);
            ratios.push(call.ratio()?);
        }
        let most = Target::AtMost(refill_most);
        figures.push(Figure::new(refill, median(&takes), "s", most));
        let mut takes = Vec::new();
        for round in 0..ROUNDS {
            // A contact with everything renews the certificate, and no session outlives that.
            desk.refill(runtime, Faults::default())?;
            takes.push(desk.all(runtime, round)?);
        }
        let most = Target::AtMost(all_most);
        figures.push(Figure::new(all, median(&takes), "s", most));
    }
    figures.push(bytes_ratio(&ratios)?);
    figures.push(noise(runtime, effort)?);
    Ok(figures)
}

/// A call with a refill.
struct Call {
    /// From CONNECT until the value was in the vault, seconds.
    took: f64,
    /// Bytes that passed, both ways.
    spent: u64,
    /// The messages that passed, there and back.
    messages: Vec<Passed>,
}

impl Call {
    /// Its bytes over those it cannot do without, and these.
    fn ratio(&self) -> anyhow::Result<(f64, f64)> {
        let floor = f64::from(u32::try_from(dialed_floor(&self.messages))?);
        Ok((f64::from(u32::try_from(self.spent)?) / floor, floor))
    }
}

/// A line on which it is counted what passes.
struct Counted {
    led: Led,
    passed: Mutex<Vec<Passed>>,
}

impl Counted {
    /// What has passed.
    fn messages(&self) -> Vec<Passed> {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.clone()
    }
}

impl Link for Counted {
    fn line(&self) -> &'static str {
        self.led.line()
    }

    fn budget(&self) -> Budget {
        self.led.budget()
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let there = match &request {
            LinkRequest::Send { body, .. } => body.len(),
            // What is asked for is the message.
            LinkRequest::Fetch { path, .. } | LinkRequest::FetchPart { path, .. } => path.len(),
        };
        let reply = self.led.exchange(request, holds);
        Box::pin(async move {
            let answered = reply.await;
            let back = answered.reply.as_ref().map_or(0, Vec::len);
            let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
            passed.push(Passed { there, back });
            drop(passed);
            answered
        })
    }
}

/// A town with one station that dials.
struct Desk {
    town: Town,
    counter: Arc<Counter>,
    dialing: Dialing,
    /// The issuer of the data center's certificate, as the Internet has shown it.
    issuer: Option<Vec<u8>>,
    /// What the last call has left for the next.
    session: Option<Session>,
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
        let issuer = runtime.block_on(issuer(&counter))?;
        let setup = Setup {
            speed: Speed {
                bits_per_second,
                // What comes before CONNECT is in no figure.
                hurry: 100,
                ..Speed::USUAL
            },
            computing: COMPUTING,
            ..Setup::default()
        };
        let dialing = Dialing::to(&town.url, setup);
        runtime.block_on(counter.set_server(&dialing.url()));
        Ok(Self {
            town,
            counter: Arc::new(counter),
            dialing,
            issuer,
            session: None,
        })
    }

    /// The line of the next call.
    fn line(&mut self, runtime: &Runtime) -> anyhow::Result<Arc<Counted>> {
        let (station, before) = (&self.counter.station, self.session.take());
        let led = Led::over(station, self.issuer.clone(), before);
        let led = runtime.block_on(led).map_err(said)?;
        self.session = Some(led.session());
        let passed = Mutex::default();
        Ok(Arc::new(Counted { led, passed }))
    }

    /// A refill in a call of its own.
    fn refill(&mut self, runtime: &Runtime, faults: Faults) -> anyhow::Result<Call> {
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
        let counted = self.line(runtime)?;
        let refill = runtime.spawn(met(
            Arc::clone(&self.counter),
            Arc::clone(&counted),
            Some(Mills::parse(REFILL)?),
        ));
        self.dialing
            .until(|_| here.load(Ordering::SeqCst) || refill.is_finished());
        let at = self.dialing.now();
        self.dialing.until(|_| refill.is_finished());
        watching.abort();
        runtime.block_on(refill)??;
        let messages = counted.messages();
        drop(counted);
        self.dialing.hang_up();
        anyhow::ensure!(runtime.block_on(balance(&self.counter)) > before);
        let (told, connected) = self.last()?;
        Ok(Call {
            took: at.saturating_sub(connected).as_secs_f64(),
            spent: told.bytes.iter().sum(),
            messages,
        })
    }

    /// A contact in which every service has something to do, in a call of its own, seconds.
    fn all(&mut self, runtime: &Runtime, round: u32) -> anyhow::Result<f64> {
        self.town.turn_days(RENEWAL_DAYS);
        runtime.block_on(async {
            for service in ServiceId::ALL {
                make_due(&self.town, &self.counter, service, round).await?;
            }
            anyhow::Ok(())
        })?;
        let counted = self.line(runtime)?;
        let contact = met(Arc::clone(&self.counter), counted, None);
        let contact = self.dialing.run(runtime, contact);
        let at = self.dialing.now();
        let contact = contact?;
        self.dialing.hang_up();
        for service in &contact.view.services {
            anyhow::ensure!(
                ["served", "nothing"].contains(&service.outcome.as_str()),
                "{}: {}",
                service.service,
                service.outcome
            );
        }
        let (_, connected) = self.last()?;
        Ok(at.saturating_sub(connected).as_secs_f64())
    }

    /// The last call, and when its modems had found each other.
    fn last(&self) -> anyhow::Result<(&Told, Duration)> {
        let told = self.dialing.calls().last().context("a call")?;
        let connected = told.connected.context("a call that came about")?;
        Ok((told, connected))
    }
}

/// Meets the data center over a line.
async fn met(
    counter: Arc<Counter>,
    counted: Arc<Counted>,
    refill: Option<Mills>,
) -> anyhow::Result<Met> {
    let link: Arc<dyn Link> = counted;
    let met = meet_over(&counter.station, &link, asking(refill)).await;
    met.map_err(said)
}

async fn balance(counter: &Counter) -> u64 {
    counter.status().await.registers.descending
}

/// The issuer of the data center's certificate, which a station with a telephone knows from the
/// Internet.
async fn issuer(counter: &Counter) -> anyhow::Result<Option<Vec<u8>>> {
    let led = Led::over(&counter.station, None, None);
    let led = Arc::new(led.await.map_err(said)?);
    let link: Arc<dyn Link> = led.clone();
    let met = meet_over(&counter.station, &link, asking(None)).await;
    met.map_err(said)?;
    Ok(led.issuer())
}

/// The bytes of a call with a refill over those it cannot do without: the worse of the two speeds.
fn bytes_ratio(ratios: &[(f64, f64)]) -> anyhow::Result<Figure> {
    let worst = ratios.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, floor) = worst.context("no call was measured")?;
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
    desk.refill(runtime, Faults::default())?;
    let mut clean = Vec::new();
    for _ in 0..ROUNDS {
        clean.push(desk.refill(runtime, Faults::default())?.took);
    }
    let clean = median(&clean);
    let mut sum = 0.0;
    for seed in 1..=effort.seeds {
        desk.dialing.exchange.reseed(u64::from(seed));
        let faults = Faults {
            bit_error_one_in: NOISE_ONE_IN,
            ..Faults::default()
        };
        sum += desk.refill(runtime, faults)?.took;
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
