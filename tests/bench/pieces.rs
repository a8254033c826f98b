//! Pieces and batches of one enrolled station, durable, each beside its probe on the same file
//! system.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::anyhow;
use shared::indicium::destination::{Destination, OriginZip};
use shared::indicium::ibi_full::{IbiFull, SoftwareId, VERSION};
use shared::money::Mills;
use shared::vault::{Action, Debit, Prospect, Step, Vault};
use station::api::{
    Call, PieceState, PrintCall, PrintOut, PrinterPort, PrinterSetup, QuoteCall, UiError,
};
use station::batch;
use station::station::{CLERK_USER, Owner};
use station::store::pieces::{PieceFacts, PieceRow};
use station::vault::credentials::Credentials;
use station::vault::draft::{BUILD, LabelInputs, PieceInputs};
use system_tests::town::{Counter, Town};
use tokio::runtime::Runtime;

use crate::Effort;
use crate::clock::{median, milliseconds, process_cpu, wall};
use crate::figure::{Figure, Probe, Target};
use crate::probes::{CommitProbe, TransferProbe};

/// The printer that the labels are drawn for; nothing is ever sent to it.
const PRINTER: &str = "bench";

/// Pieces printed one by one, for each round of effort.
const SINGLES: u32 = 20;

/// Labels of one batch: what one refill of a vault pays for.
const LABELS: u32 = 500;

/// Postage of a piece of the durable batch, mills.
const POSTAGE: u64 = 100;

/// Transfers of one commit of the probe.
const PROBE_BATCH: u32 = 100;

pub(crate) fn measure(
    runtime: &Runtime,
    folder: &Path,
    effort: Effort,
) -> anyhow::Result<Vec<Figure>> {
    let desk = Desk::new(runtime);
    Ok(vec![
        desk.single(folder, effort)?,
        desk.batch(folder, effort)?,
        desk.labels(effort)?,
    ])
}

/// A station that is refilled as often as it needs.
struct Desk<'a> {
    runtime: &'a Runtime,
    counter: Counter,
    _town: Town,
}

impl<'a> Desk<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        let (town, counter) = runtime.block_on(async {
            let town = Town::with_deposit("1000000.00").await;
            let counter = town.enrolled("bench").await;
            (town, counter)
        });
        Self {
            runtime,
            counter,
            _town: town,
        }
    }

    /// Fills the vault up to 500.00.
    fn fill(&self) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let left = self.counter.status().await.registers.descending;
            let amount = Mills::new(500_000_u64.saturating_sub(left))?;
            let refilled = self.counter.refill(&amount.to_string()).await;
            refilled.map(drop).map_err(said)
        })
    }

    /// From the call to the printer's bytes: paid and about to leave are both durable.
    fn single(&self, folder: &Path, effort: Effort) -> anyhow::Result<Figure> {
        let probe = CommitProbe::new(&folder.join("commit.db"))?;
        self.fill()?;
        let setup = PrinterSetup {
            name: PRINTER.to_owned(),
            port: PrinterPort::Tcp {
                address: "127.0.0.1:9100".to_owned(),
            },
            dpi: 300,
            stock: "label-4x6".to_owned(),
            acknowledges: false,
        };
        let add = Call::AddPrinter(station::api::AddPrinterCall { printer: setup });
        self.runtime
            .block_on(self.counter.station.call(add))
            .map_err(said)?;
        let (mut takes, mut commits) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds * SINGLES {
            commits.push(probe.take()?);
            let printing = self.counter.station.printer_bytes(letter());
            let (spent, bytes) = wall(|| self.runtime.block_on(printing));
            anyhow::ensure!(
                bytes.map_err(said)?.is_some_and(|bytes| !bytes.is_empty()),
                "nothing came out"
            );
            takes.push(milliseconds(spent));
        }
        let (piece, commit) = (median(&takes), median(&commits));
        Ok(Figure::new(
            "indicium.durable_over_commit_ms",
            piece - 2.0 * commit,
            "ms",
            Target::AtMost(2.0),
        )
        .beside(Probe {
            name: "one commit",
            value: commit,
            unit: "ms",
        })
        .at_ratio(piece / commit))
    }

    /// Debit, signature and journal of many pieces in the chunks of a batch.
    fn batch(&self, folder: &Path, effort: Effort) -> anyhow::Result<Figure> {
        let mut probe = TransferProbe::new(&folder.join("transfers.db"))?;
        let (mut takes, mut transfers) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            self.fill()?;
            transfers.push(probe.take(effort.pieces / PROBE_BATCH, PROBE_BATCH)?);
            let (spent, paid) = wall(|| self.pay(effort.pieces));
            paid?;
            takes.push(f64::from(effort.pieces) / spent.as_secs_f64());
        }
        let (pieces, transfers) = (median(&takes), median(&transfers));
        let ratio = pieces / transfers;
        Ok(
            Figure::new("batch.durable_ratio", ratio, "ratio", Target::AtLeast(0.4))
                .beside(Probe {
                    name: "batch-100 transfers",
                    value: transfers,
                    unit: "1/s",
                })
                .at_ratio(ratio),
        )
    }

    fn pay(&self, pieces: u32) -> anyhow::Result<()> {
        let mut left = pieces;
        while left > 0 {
            let size = left.min(u32::try_from(batch::CHUNK)?);
            left -= size;
            let paid = self
                .counter
                .station
                .apply_blocking(move |owner| Ok(pay_chunk(owner, size)));
            paid.map_err(said)??;
        }
        Ok(())
    }

    /// Whole labels from CSV text to printer bytes, by the station's own batch.
    fn labels(&self, effort: Effort) -> anyhow::Result<Figure> {
        let (mut takes, mut cpu) = (Vec::new(), Vec::new());
        for round in 0..effort.rounds {
            self.fill()?;
            let count = Arc::new(AtomicU32::new(0));
            let counted = Arc::clone(&count);
            let csv = csv(round);
            let before = process_cpu();
            let printing = batch::printer_bytes(&self.counter.station, &csv, PRINTER, move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
            });
            let (spent, printed) = wall(|| self.runtime.block_on(printing));
            printed.map_err(said)?;
            let labels = count.load(Ordering::Relaxed);
            anyhow::ensure!(labels == LABELS, "{labels} labels came out of {LABELS}");
            takes.push(f64::from(labels) / spent.as_secs_f64());
            cpu.push(milliseconds(process_cpu() - before) / f64::from(labels));
        }
        Ok(Figure::new(
            "batch.labels_per_s",
            median(&takes),
            "1/s",
            Target::AtLeast(1_500.0),
        )
        .beside(Probe {
            name: "CPU of one label",
            value: median(&cpu),
            unit: "ms",
        }))
    }
}

/// What the station refused.
fn said(error: UiError) -> anyhow::Error {
    anyhow!("{}: {}", error.code, error.message)
}

fn letter() -> PrintCall {
    PrintCall {
        quote: QuoteCall {
            class: "first-class".to_owned(),
            shape: "letter".to_owned(),
            weight: "1oz".to_owned(),
            to: "10001".to_owned(),
            ..Default::default()
        },
        to_address: Some("Addressee\n350 Fifth Ave\nNew York NY 10001".to_owned()),
        out: Some(PrintOut::Printer {
            name: PRINTER.to_owned(),
        }),
        ..Default::default()
    }
}

/// A batch of letters that no earlier round has printed.
fn csv(round: u32) -> String {
    let mut text = String::from("name,address,city,state,zip,class,shape,weight\n");
    for row in 0..LABELS {
        text.push_str(&format!(
            "Addressee {round}-{row},350 Fifth Ave Suite {row},New York,NY,10001,first-class,letter,1oz\n"
        ));
    }
    text
}

/// Pays for a chunk of pieces: one signature each, one commit for all.
fn pay_chunk(owner: &mut Owner, size: u32) -> anyhow::Result<()> {
    let credentials = owner.credentials().map_err(said)?;
    let mut vault = owner.enrolled().map_err(said)?.clone();
    let mut steps = Vec::new();
    let mut rows = Vec::new();
    for _ in 0..size {
        let (step, row, inputs) = pay_piece(owner, &vault, &credentials)?;
        vault = step.vault.clone();
        steps.push(step);
        rows.push((row, inputs));
    }
    owner
        .commit(&steps, |tx| {
            for (row, inputs) in &rows {
                tx.add_piece(row, inputs)?;
            }
            Ok(())
        })
        .map_err(said)
}

/// One debit, not committed yet: the vault's step, the piece's row and what is sealed with it.
fn pay_piece(
    owner: &Owner,
    vault: &Vault,
    credentials: &Credentials,
) -> anyhow::Result<(Step, PieceRow, Vec<u8>)> {
    let (now, today) = (owner.now(), owner.today());
    let postage = Mills::new(POSTAGE)?;
    let prospect = vault.prospect(postage, today, today, now)?;
    let facts = PieceFacts {
        class: "first-class".to_owned(),
        shape: "letter".to_owned(),
        weight_nanograms: 28_349_523_125,
        postage,
        date: today,
        destination: "10001".to_owned(),
        place: Some("New York NY".to_owned()),
        cost_centre: None,
        category: "FCLM".to_owned(),
        certificate: prospect.key.certificate,
        priced_by: None,
    };
    let debit = Debit {
        counter: prospect.serial.counter,
        postage,
        date: today,
        booked: today,
        category: *b"FCLM",
        raster: [7; 32],
    };
    let inputs = inputs(&facts, &sign(&facts, &prospect, credentials)?)?;
    let step = vault.act(&Action::Debit(debit), now, CLERK_USER)?;
    let row = PieceRow {
        counter: debit.counter,
        state: PieceState::Prepared,
        created: now.0,
        journal_seq: step.record.sequence,
        facts,
        raster: debit.raster,
        job_key: None,
        message: None,
    };
    Ok((step, row, inputs))
}

/// The signed bytes of an indicium.
fn sign(
    facts: &PieceFacts,
    prospect: &Prospect,
    credentials: &Credentials,
) -> anyhow::Result<Vec<u8>> {
    let fields = IbiFull {
        version: VERSION,
        algorithm: credentials.regime().algorithm(),
        certificate_serial: prospect.key.certificate,
        psd: prospect.serial.psd,
        ascending: prospect.after.ascending(),
        postage: facts.postage,
        date: facts.date,
        origin: OriginZip::new(83_702)?,
        destination: Destination::new(5, 10_001)?,
        software: SoftwareId {
            build: BUILD,
            counter: prospect.serial.counter,
        },
        descending: prospect.after.descending(),
        rate_category: *b"FCLM",
    };
    fields
        .sign(credentials.issuer_key_id(), |bytes| {
            credentials.key().sign(bytes)
        })
        .map(|signed| signed.bytes().to_vec())
        .map_err(|fault| anyhow!("signing: {fault:?}"))
}

/// What is sealed with a piece.
fn inputs(facts: &PieceFacts, indicium: &[u8]) -> anyhow::Result<Vec<u8>> {
    let inputs = PieceInputs {
        indicium: hex::encode(indicium),
        label: LabelInputs {
            postage: facts.postage,
            date: facts.date,
            origin: "83702".to_owned(),
            class_marking: "FIRST-CLASS MAIL".to_owned(),
            rate_marking: "Metered letter, 1 oz".to_owned(),
            zone: None,
            to: vec!["Addressee".to_owned(), "New York NY 10001".to_owned()],
            reference: String::new(),
            specimen: true,
            stock: "label-4x6".to_owned(),
            dpi: 300,
        },
    };
    Ok(serde_json::to_vec(&inputs)?)
}
