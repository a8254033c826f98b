//! A fleet: ten thousand stations known, a thousand of them with a contact that stays open.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use server::admin::call::AdminCall;
use server::admin::perform::perform;
use server::center::DataCenter;
use server::clock::SystemClock;
use server::folder::Folder;
use server::services::keys;
use shared::monitor::Holdings;
use shared::security::enrolment_code::EnrolmentCode;
use shared::services::keys::{EnrolReply, EnrolRequest};
use shared::wire::{from_cbor, to_cbor};
use station::contact::internet::{Credentials, Identity, Internet, Signals};
use station::crypto::SigningKey;
use station::services::keys::certificate_request;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::figure::{Figure, Target};
use crate::processes::{IDLE, beside, initialised, resident, serving};
use crate::said;

/// Stations that are known.
const KNOWN: u32 = 10_000;

/// Stations that keep a contact open.
const OPEN: usize = 1_000;

/// Times all of them are woken at once.
const WAKES: u32 = 5;

/// Enrolments and handshakes at once.
const AT_ONCE: usize = 64;

/// The account of all of them.
const ACCOUNT: &str = "Fleet";

/// Longer than any station may take to hear, so that one that never does is told.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn measure(runtime: &Runtime, folder: &Path) -> anyhow::Result<Vec<Figure>> {
    let Some(server) = beside("pennyblack-server") else {
        eprintln!("pennyblack-server was not built beside this program: its figures are absent");
        return Ok(Vec::new());
    };
    let data = folder.join("fleet");
    initialised(&server, &data)?;
    let fleet = runtime.block_on(enrolled(&data))?;
    let (process, url) = serving(&server, &data)?;
    let lines = runtime.block_on(opened(&url, fleet))?;
    std::thread::sleep(IDLE);
    let megabytes = f64::from(resident(process.id())?) / 1_024.0;
    let p99 = runtime.block_on(woken(&server, &data, lines))?;
    drop(process);
    Ok(vec![
        Figure::new("server.rss_10k_mb", megabytes, "MB", Target::AtMost(150.0)),
        Figure::new("wake.p99_ms", p99, "ms", Target::AtMost(1_000.0)),
    ])
}

fn admin(center: &DataCenter, call: AdminCall) -> anyhow::Result<serde_json::Value> {
    let mut shown = None;
    perform(center, call, &mut |view| {
        shown = serde_json::from_str(&view.json()).ok();
        true
    })
    .map_err(|refused| anyhow!("{}: {}", refused.code, refused.message))?;
    shown.context("the command shows nothing")
}

/// Enrols all stations at the services' own door, and keeps what the first of them show.
async fn enrolled(data: &Path) -> anyhow::Result<Vec<Credentials>> {
    let folder = Folder::new(data.to_owned());
    let center = tokio::task::spawn_blocking(move || {
        let center = DataCenter::open(&folder, Arc::new(SystemClock))?;
        admin(
            &center,
            AdminCall::AccountNew {
                name: ACCOUNT.to_owned(),
            },
        )?;
        Ok::<_, anyhow::Error>(Arc::new(center))
    })
    .await??;
    let mut running = JoinSet::new();
    let (mut begun, mut fleet) = (0, Vec::new());
    loop {
        while begun < KNOWN && running.len() < AT_ONCE {
            begun += 1;
            running.spawn(one(Arc::clone(&center)));
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        let credentials = done??;
        if fleet.len() < OPEN {
            fleet.push(credentials);
        }
    }
    tokio::task::spawn_blocking(move || drop(center)).await?;
    Ok(fleet)
}

async fn one(center: Arc<DataCenter>) -> anyhow::Result<Credentials> {
    let inner = Arc::clone(&center);
    let code = tokio::task::spawn_blocking(move || {
        let call = AdminCall::StationNew {
            account: ACCOUNT.to_owned(),
            zip: "83702".to_owned(),
        };
        admin(&inner, call)
    })
    .await??;
    let code: EnrolmentCode = code["code"].as_str().context("no code")?.parse()?;
    let (_, pkcs8) = SigningKey::generate()?;
    let request = EnrolRequest {
        version: 1,
        secret: *code.secret(),
        csr: certificate_request(&pkcs8).map_err(said)?,
    };
    let reply = keys::enrol(&center, to_cbor(&request)).await;
    let reply = reply.map_err(|refused| anyhow!("an enrolment was refused: {refused:?}"))?;
    let reply: EnrolReply = from_cbor(&reply)?;
    Ok(Credentials {
        root: reply.root,
        identity: Some(Identity {
            chain: vec![reply.certificate.leaf, reply.certificate.issuer],
            key: pkcs8.to_vec().into(),
        }),
    })
}

/// Opens a contact of each, and hears the first word on it.
async fn opened(url: &str, fleet: Vec<Credentials>) -> anyhow::Result<Vec<Signals>> {
    let mut running = JoinSet::new();
    let mut waiting = fleet.into_iter();
    let mut lines = Vec::new();
    loop {
        for credentials in waiting.by_ref().take(AT_ONCE - running.len()) {
            let url = url.to_owned();
            running.spawn(async move {
                let link = Internet::new(&url, &credentials)?;
                let mut line = link.signals(&Holdings::default()).await?;
                line.next().await?;
                Ok::<_, station::contact::link::LinkFault>(line)
            });
        }
        let Some(done) = running.join_next().await else {
            return Ok(lines);
        };
        lines.push(done??);
    }
}

/// From the start of an admin's command that concerns all stations to the word at each of them:
/// the 99th of a hundred, in milliseconds.
async fn woken(server: &Path, data: &Path, lines: Vec<Signals>) -> anyhow::Result<f64> {
    let (mut lines, mut takes) = (lines, Vec::new());
    for wake in 0..WAKES {
        let begun = Instant::now();
        let mut hearing = JoinSet::new();
        for mut line in lines.drain(..) {
            hearing.spawn(async move {
                let heard = tokio::time::timeout(PATIENCE, line.next()).await;
                let took = begun.elapsed();
                let due = heard.context("a station was never woken")??;
                due.context("the data center closed a line")?;
                Ok::<_, anyhow::Error>((took, line))
            });
        }
        let mut command = Command::new(server);
        command
            .arg("--data")
            .arg(data)
            .args(["account", "deposit", ACCOUNT, "1", "--reference"])
            .arg(format!("wake {wake}"))
            .stdout(Stdio::null());
        let deposited = tokio::task::spawn_blocking(move || command.status()).await??;
        anyhow::ensure!(deposited.success(), "account deposit: {deposited}");
        while let Some(heard) = hearing.join_next().await {
            let (took, line) = heard??;
            takes.push(took.as_secs_f64() * 1_000.0);
            lines.push(line);
        }
    }
    takes.sort_by(f64::total_cmp);
    let place = takes.len() * 99 / 100;
    takes.get(place).copied().context("nobody was woken")
}
