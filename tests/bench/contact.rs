//! A contact as a whole: what it costs when nothing is due, and whether services wait for each
//! other when all of them are.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use server::admin::call::AdminCall;
use server::admin::tree::TreeCall;
use shared::money::Mills;
use shared::monitor::Holdings;
use shared::security::envelope::{self, Envelope, Header};
use shared::security::signed::{self, ContentType};
use shared::services::accounts::NodeKind;
use shared::services::keys::RenewRequest;
use shared::services::{Request as _, ServiceId};
use station::contact::link::{Exchange, Link, LinkRequest};
use station::contact::round::{Met, meet_over};
use station::crypto::{SigningKey, random};
use system_tests::line::Line;
use system_tests::relay::Relay;
use system_tests::town::{ACCOUNT, Counter, Town, asking};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};

use crate::Effort;
use crate::clock::{cpu_ms_per_call, median};
use crate::figure::{Figure, Probe, Target};
use crate::probes::open_primitives;
use crate::said;

/// What every exchange takes on the way, there and back: a middling Internet line.
const ROUND_TRIP: Duration = Duration::from_millis(60);

/// Days after which certificate and vault key are due for renewal.
pub(crate) const RENEWAL_DAYS: i64 = 21;

/// Contacts of the parallel figure.
const ROUNDS: u32 = 5;

pub(crate) fn measure(runtime: &Runtime, effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let idle = runtime.block_on(idle())?;
    let parallel = runtime.block_on(parallel())?;
    Ok(vec![idle, parallel, open(effort)?])
}

/// The bytes of a contact with nothing due, on a connection of its own with its TLS handshake.
async fn idle() -> anyhow::Result<Figure> {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    for _ in 0..2 {
        counter.contact().await.map_err(said)?;
    }
    let relay = Relay::to(&town.url, Duration::ZERO).await;
    counter.set_server(&relay.url).await;
    let met = counter.contact().await.map_err(said)?;
    for one in met.services {
        let expected = if one.service == "funds" {
            "served"
        } else {
            "nothing"
        };
        anyhow::ensure!(one.outcome == expected, "{}: {}", one.service, one.outcome);
    }
    anyhow::ensure!(relay.lines() == 1, "{} connections", relay.lines());
    let bytes = u32::try_from(relay.bytes())?;
    let most = Target::AtMost(8_000.0);
    Ok(Figure::new(
        "contact.idle_bytes",
        f64::from(bytes),
        "B",
        most,
    ))
}

/// A line in memory on which every exchange takes its time.
struct Far(Arc<Line>);

impl Link for Far {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            sleep(ROUND_TRIP).await;
            self.0.exchange(request, &holds).await
        })
    }
}

/// How long a contact takes, and what came of it.
async fn timed(town: &Town, counter: &Counter, refill: bool) -> anyhow::Result<(f64, Met)> {
    let link: Arc<dyn Link> = Arc::new(Far(Line::clean(&town.center, &counter.station)));
    let refill = refill.then(|| Mills::new(5_000)).transpose()?;
    let begun = Instant::now();
    let met = meet_over(&counter.station, &link, asking(refill)).await;
    let took = begun.elapsed().as_secs_f64();
    Ok((took, met.map_err(said)?))
}

/// Whether a service was served in a contact.
fn is_served(met: &Met, service: ServiceId) -> bool {
    let mut all = met.view.services.iter();
    all.any(|one| one.service == service.name() && one.outcome == "served")
}

/// Makes one service due that is not due by itself.
pub(crate) async fn make_due(
    town: &Town,
    counter: &Counter,
    service: ServiceId,
    round: u32,
) -> anyhow::Result<()> {
    match service {
        ServiceId::Keys | ServiceId::Funds => {}
        ServiceId::Rates => {
            let mut edition: serde_json::Value = serde_json::from_str(EDITION)?;
            edition["id"] = format!("us-round-{round}").into();
            edition["effective"] = format!("2030-01-{:02}", 1 + round % 28).into();
            let source = edition.to_string();
            town.admin(AdminCall::RatesImport { source }).await;
            town.admin(AdminCall::RatesPublish {
                edition: None,
                passphrase: None,
            })
            .await;
        }
        ServiceId::Accounts => {
            let what = TreeCall::New {
                kind: NodeKind::CostCentre,
                name: format!("round {round}"),
                account: Some(ACCOUNT.to_owned()),
                under: None,
            };
            town.admin(AdminCall::Tree { what }).await;
        }
        ServiceId::Software => {
            let group = if round.is_multiple_of(2) {
                "even"
            } else {
                "odd"
            };
            town.put_into_group(counter, group).await;
        }
        ServiceId::Statistics => {
            counter.print_letter("1oz", "10001").await.map_err(said)?;
        }
    }
    Ok(())
}

/// The time of a contact in which all services are due, over that of the slowest contact in
/// which one is. The keys are due by time only, and then so is everything: they are not among the
/// single ones, though they are among all.
async fn parallel() -> anyhow::Result<Figure> {
    let town = Town::with_deposit("1000.00").await;
    let one = town.enrolled("one").await;
    timed(&town, &one, true).await?;
    let mut round = 0;
    let mut slowest = 0.0_f64;
    for service in ServiceId::ALL {
        if service == ServiceId::Keys {
            continue;
        }
        let mut takes = Vec::new();
        for _ in 0..ROUNDS {
            timed(&town, &one, false).await?;
            round += 1;
            make_due(&town, &one, service, round).await?;
            let (took, met) = timed(&town, &one, service == ServiceId::Funds).await?;
            anyhow::ensure!(is_served(&met, service), "{} was not due", service.name());
            takes.push(took);
        }
        let single = median(&takes);
        eprintln!("{} alone: {:.0} ms", service.name(), single * 1_000.0);
        slowest = slowest.max(single);
    }
    let mut takes = Vec::new();
    for _ in 0..ROUNDS {
        town.turn_days(RENEWAL_DAYS);
        round += 1;
        for service in ServiceId::ALL {
            make_due(&town, &one, service, round).await?;
        }
        let (took, met) = timed(&town, &one, true).await?;
        for service in ServiceId::ALL {
            anyhow::ensure!(is_served(&met, service), "{} was not due", service.name());
        }
        takes.push(took);
    }
    let ratio = median(&takes) / slowest;
    let most = Target::AtMost(1.3);
    Ok(Figure::new("contact.parallel_ratio", ratio, "ratio", most)
        .beside(Probe {
            name: "slowest single service",
            value: slowest * 1_000.0,
            unit: "ms",
        })
        .at_ratio(ratio))
}

/// To verify and open an L3 message, over the two operations it cannot do without.
fn open(effort: Effort) -> anyhow::Result<Figure> {
    let (private, public) = envelope::key_pair(&[7; 32]);
    let (key, _) = SigningKey::generate()?;
    let header = Header::request(
        RenewRequest::LEVEL,
        RenewRequest::SERVICE,
        shared::ids::DataCenterId::from_bytes([1; 16]),
        shared::ids::StationId::from_bytes([2; 16]),
        1,
    );
    // A certificate request has about the size of every other message at this level.
    let request = RenewRequest {
        version: 1,
        csr: vec![3; 400],
        known: None,
    };
    let point = key.point();
    let message = signed::sign(
        ContentType::RenewRequest,
        point.key_id(),
        &request,
        &header.bytes(),
        |input| key.sign(input).ok(),
    )?;
    let recipient = signed::KeyId([5; 8]);
    let (sealed, _) = envelope::seal(header, recipient, &public, &message, &mut random)?;
    let bytes = sealed.encode();
    let mut outcome = None;
    let calls = effort.calls / 5;
    let spent = cpu_ms_per_call(effort.rounds, calls, || {
        outcome = Envelope::decode(&bytes).ok().and_then(|envelope| {
            let (message, _) = envelope.open(&private).ok()?;
            let aad = envelope.header.bytes();
            let opened = signed::open::<RenewRequest>(
                ContentType::RenewRequest,
                &message,
                &aad,
                |_, input, signature| server::ca::verify(&point, input, signature),
            );
            opened.ok()
        });
    });
    let opened = outcome.context("the message was not opened")?;
    anyhow::ensure!(opened.message == request, "something else was opened");
    let floor = open_primitives(effort.rounds, calls)?;
    let ratio = spent / floor;
    Ok(
        Figure::new("l3.open_ratio", ratio, "ratio", Target::AtMost(1.3))
            .beside(Probe {
                name: "P-256 verify and HPKE open",
                value: floor,
                unit: "ms",
            })
            .at_ratio(ratio),
    )
}

/// The rates that every town has, as a template of later ones.
const EDITION: &str = include_str!("../../shared/data/editions/us-2026-07-12.json");
