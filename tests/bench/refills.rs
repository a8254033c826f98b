//! Refills at the data center: 64 stations in flight, at the service's door behind TLS, every
//! request prepared before the clock starts.
//!
//! The stations are real until they are enrolled; from then on only their keys speak. What each
//! grant will be is known beforehand, because nothing is refused here, so that a station's whole
//! stream can be sealed in advance. That every one of them was granted is read from the account.

use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context as _, anyhow};
use server::ca::StationCertificate;
use server::center::DataCenter;
use server::services::funds;
use server::services::sealed::Entrance;
use shared::clock::UnixSeconds;
use shared::ids::{DataCenterId, PsdId, RefillId, StationId, VaultId};
use shared::merkle;
use shared::money::Mills;
use shared::security::envelope::{self, Header};
use shared::security::signed::{self, ContentType};
use shared::services::funds::{
    ProofHashes, RefillKind, RefillRequest, RegisterStatement, VERSION, possession_input,
    state_number,
};
use shared::services::keys::CenterKeys;
use shared::services::{Request as _, ServiceId};
use shared::vault::VaultState;
use station::crypto::{SigningKey, random, random_bytes};
use station::services::sealed::{center_keys, station_key};
use station::station::{Owner, names};
use system_tests::town::Town;
use tokio::runtime::Runtime;

use crate::clock::{median, milliseconds, process_cpu, wall};
use crate::figure::{Figure, Probe, Target};
use crate::probes::{TransferProbe, refill_primitives};
use crate::{Effort, said};

/// Stations with one request in flight each.
pub(crate) const STATIONS: u32 = 64;

/// What each refill adds, mills.
const AMOUNT: u64 = 1_000;

/// Journal records between two refills of a station: the grant and its receipt.
const RECORDS: u64 = 2;

/// Commits of one take of the group-commit probe.
const COMMITS: u32 = 16;

pub(crate) fn measure(
    runtime: &Runtime,
    folder: &Path,
    effort: Effort,
) -> anyhow::Result<Vec<Figure>> {
    let town = runtime.block_on(Town::with_deposit("1000000.00"));
    let mut stations = Vec::new();
    for number in 0..STATIONS {
        stations.push(runtime.block_on(Voice::enrolled(&town, &format!("station-{number}")))?);
    }
    let mut probe = TransferProbe::new(&folder.join("group.db"))?;
    let cpu = refill_primitives(effort.rounds, effort.calls / 5)?;
    let cores = available_parallelism()?.get();
    let cores = f64::from(u32::try_from(cores)?);
    let (mut ratios, mut floors, mut each) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let prepared = prepare(&mut stations, effort.refills, town.center.now())?;
        let before = runtime.block_on(town.balance());
        let commits = probe.take(COMMITS, STATIONS)?;
        let busy = process_cpu();
        let (spent, served) = wall(|| runtime.block_on(serve(&town.center, prepared)));
        served?;
        let busy = process_cpu() - busy;
        let commits = f64::midpoint(commits, probe.take(COMMITS, STATIONS)?);
        let refills = STATIONS * effort.refills;
        let moved = before - runtime.block_on(town.balance());
        anyhow::ensure!(
            moved == u64::from(refills) * AMOUNT,
            "not every refill was granted: {moved} mills moved"
        );
        let floor = (cores / cpu).min(commits);
        floors.push(floor);
        each.push(milliseconds(busy) / f64::from(refills));
        ratios.push(f64::from(refills) / spent.as_secs_f64() / floor);
    }
    let ratio = median(&ratios);
    eprintln!(
        "CPU of one refill: {:.3} ms, {:.3} ms of it the primitives",
        median(&each),
        cpu * 1_000.0
    );
    let figure = Figure::new("refill.durable_ratio", ratio, "ratio", Target::AtLeast(0.5))
        .beside(Probe {
            name: "least of cores over primitives and group commit",
            value: median(&floors),
            unit: "1/s",
        })
        .at_ratio(ratio);
    Ok(vec![figure])
}

/// The next requests of one station, in order, and whose they are.
struct Stream {
    caller: Arc<StationCertificate>,
    requests: Vec<Vec<u8>>,
}

/// The next requests of all stations.
fn prepare(stations: &mut [Voice], refills: u32, now: UnixSeconds) -> anyhow::Result<Vec<Stream>> {
    let mut prepared = Vec::new();
    for station in stations {
        let mut requests = Vec::new();
        for _ in 0..refills {
            requests.push(station.request(now)?);
        }
        prepared.push(Stream {
            caller: Arc::clone(&station.caller),
            requests,
        });
    }
    Ok(prepared)
}

/// Lets every station ask one request after the other, all stations at once.
async fn serve(center: &Arc<DataCenter>, prepared: Vec<Stream>) -> anyhow::Result<()> {
    let mut running = Vec::new();
    for Stream { caller, requests } in prepared {
        let center = Arc::clone(center);
        running.push(tokio::spawn(async move {
            for request in requests {
                let entrance = Entrance::Contact(Arc::clone(&caller));
                funds::refill(&center, entrance, request)
                    .await
                    .map_err(|refused| anyhow!("a refill was refused: {refused:?}"))?;
            }
            Ok::<(), anyhow::Error>(())
        }));
    }
    for one in running {
        one.await??;
    }
    Ok(())
}

/// What speaks for a station: its keys and what the data center has accepted of its journal.
struct Voice {
    caller: Arc<StationCertificate>,
    key: SigningKey,
    keys: CenterKeys,
    station: StationId,
    center: DataCenterId,
    vault: VaultId,
    psd: PsdId,
    sequence: u64,
    grants: u64,
    accepted: u64,
    leaves: Vec<[u8; 32]>,
}

impl Voice {
    /// Enrols a station and takes over from it.
    async fn enrolled(town: &Town, name: &str) -> anyhow::Result<Self> {
        let counter = town.enrolled(name).await;
        let taken = counter.station.apply(|owner| Ok(Self::taken_from(owner)));
        taken
            .await
            .map_err(said)?
            .with_context(|| format!("taking over from {name}"))
    }

    fn taken_from(owner: &mut Owner) -> anyhow::Result<Self> {
        let store = owner.store();
        let vault = owner.enrolled().map_err(said)?;
        let certificate = store
            .setting(names::STATION_CERTIFICATE)?
            .context("no certificate")?;
        let caller = StationCertificate::read(&hex::decode(certificate)?)
            .context("not a station's certificate")?;
        let records = store.records(0, vault.journal_size())?;
        let sequence = store
            .setting(&format!("sequence-{}", ServiceId::Funds.name()))?
            .context("no contact yet")?;
        Ok(Self {
            caller: Arc::new(caller),
            key: station_key(owner).map_err(said)?,
            keys: center_keys(owner).map_err(said)?,
            station: vault.station(),
            center: vault.data_center(),
            vault: vault.id(),
            psd: vault.psd(),
            sequence: sequence.parse()?,
            grants: vault.last_grant(),
            accepted: vault.receipt().context("no receipt")?.accepted_size,
            leaves: records.iter().map(|r| merkle::leaf_hash(r)).collect(),
        })
    }

    /// The envelope of the next refill; the grant before it has arrived.
    fn request(&mut self, now: UnixSeconds) -> anyhow::Result<Vec<u8>> {
        let (next, _) = SigningKey::generate()?;
        let refill = RefillId::new_v7(now, &random_bytes());
        let next_key = next.point();
        let possession = next.sign(&possession_input(refill, &next_key))?;
        let (statement, consistency) = self.statement(now)?;
        let request = RefillRequest {
            version: VERSION,
            refill,
            number: self.grants + 1,
            kind: RefillKind::Refill,
            amount: Mills::new(AMOUNT)?,
            statement,
            next_key,
            possession,
            consistency,
        };
        self.sequence += 1;
        self.grants += 1;
        self.seal(&request)
    }

    /// The vault after the grants so far, with a journal that grew by each.
    fn statement(&mut self, now: UnixSeconds) -> anyhow::Result<(RegisterStatement, ProofHashes)> {
        if self.grants > 0 {
            for _ in 0..RECORDS {
                self.leaves.push(random_bytes());
            }
        }
        let size = u64::try_from(self.leaves.len())?;
        let leaf = |subtree: merkle::Subtree| {
            let index = usize::try_from(subtree.index).ok();
            let leaf = index.filter(|_| subtree.level == 0);
            Ok::<_, std::convert::Infallible>(leaf.and_then(|i| self.leaves.get(i).copied()))
        };
        let journal_root = merkle::root_at(size, leaf)?;
        let proof = merkle::prove_consistency(self.accepted, size, leaf)?;
        self.accepted = size;
        let value = Mills::new(self.grants * AMOUNT)?;
        let statement = RegisterStatement {
            version: VERSION,
            vault: self.vault,
            psd: self.psd,
            ascending: Mills::ZERO,
            descending: value,
            control_total: value,
            pieces: 0,
            last_grant: self.grants,
            burned: Vec::new(),
            state: state_number(VaultState::Active),
            journal_size: size,
            journal_root,
            time: now,
            nonce: random_bytes(),
            is_final: false,
        };
        Ok((statement, ProofHashes(proof)))
    }

    fn seal(&self, request: &RefillRequest) -> anyhow::Result<Vec<u8>> {
        let header = Header::request(
            RefillRequest::LEVEL,
            RefillRequest::SERVICE,
            self.center,
            self.station,
            self.sequence,
        );
        let message = signed::sign(
            ContentType::RefillRequest,
            self.key.point().key_id(),
            request,
            &header.bytes(),
            |input| self.key.sign(input).ok(),
        )?;
        let recipient = &self.keys.sealing;
        let (envelope, _) = envelope::seal(
            header,
            recipient.id,
            &recipient.point.0,
            &message,
            &mut random,
        )?;
        Ok(envelope.encode())
    }
}
