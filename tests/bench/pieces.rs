//! Pieces and batches of one enrolled station, durable, each beside its probe on the same file
//! system.

use std::path::Path;

use jiff::civil::Date;
use shared::ids::PieceSerial;
use shared::indicium::destination::{Destination, OriginZip};
use shared::money::Mills;
use shared::services::accounts::{Budgets, Month};
use shared::vault::Prospect;
use station::api::{
    AddPrinterCall, BatchCall, BatchOut, Call, PrintCall, PrintOut, PrinterPort, PrinterSetup,
    QuoteCall, View,
};
use station::printing::bits::BitImage;
use station::printing::label::Label;
use station::printing::layout::reference::reference_label;
use station::printing::raster::raster;
use station::printing::symbol::Symbol;
use station::printing::units::Dpi;
use station::station::{CLERK_USER, Owner};
use station::store::centres::Booking;
use station::store::pieces::PieceFacts;
use station::vault::credentials::Credentials;
use station::vault::draft::{Draft, DraftFault, Drawing, LabelInputs, Order, PieceInputs, sign};
use system_tests::town::{Counter, Town};
use tokio::runtime::Runtime;

use crate::clock::{median, milliseconds, process_cpu, wall};
use crate::figure::{Figure, Probe, Target};
use crate::probes::{CommitProbe, TransferProbe};
use crate::{Effort, said};

/// The printer that single labels are drawn for; nothing is ever sent to it.
const PRINTER: &str = "bench";

/// The printer of a batch: it takes everything at once and says nothing.
const SINK: &str = "sink";

/// Where that printer stands.
const SINK_DEVICE: &str = "/dev/null";

/// Pieces printed one by one, for each round of effort.
const SINGLES: u32 = 20;

/// Labels of one batch: what one refill of a vault pays for.
pub(crate) const LABELS: u32 = 500;

/// Rounds of the batch for one of the others: in its first rounds the probe's table is a few pages
/// and its log has not once been written back, which no data base at work is spared.
const STEADY: u32 = 8;

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
    let mut figures = vec![desk.single(folder, effort)?, desk.batch(folder, effort)?];
    figures.extend(desk.labels(effort)?);
    Ok(figures)
}

/// A station that is refilled as often as it needs.
pub(crate) struct Desk<'a> {
    runtime: &'a Runtime,
    counter: Counter,
    _town: Town,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(runtime: &'a Runtime) -> Self {
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
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let left = self.counter.status().await.registers.descending;
            let amount = Mills::new(500_000_u64.saturating_sub(left))?;
            let refilled = self.counter.refill(&amount.to_string()).await;
            refilled.map(drop).map_err(said)
        })
    }

    /// Sets a printer of ESC/POS up, whose word that a label is done is believed or not.
    pub(crate) fn add_printer(
        &self,
        name: &str,
        port: PrinterPort,
        dpi: u16,
        acknowledges: bool,
    ) -> anyhow::Result<()> {
        let printer = PrinterSetup {
            name: name.to_owned(),
            model: "esc-pos".into(),
            port,
            dpi,
            stock: "label-4x6".to_owned(),
            acknowledges,
        };
        self.call(Call::AddPrinter(AddPrinterCall { printer }))
            .map(drop)
    }

    /// Asks the station.
    pub(crate) fn call(&self, call: Call) -> anyhow::Result<View> {
        let answer = self.runtime.block_on(self.counter.station.call(call));
        answer.map_err(said)
    }

    /// Lets the station draw its pieces by another drawing than its own.
    pub(crate) fn draw_by(&self, drawing: Drawing) -> anyhow::Result<()> {
        let station = &self.counter.station;
        let draw = station.apply_blocking(move |owner| {
            owner.draw_by(drawing);
            Ok(())
        });
        draw.map_err(said)
    }

    /// From the call to the printer's bytes: paid and about to leave are both durable.
    fn single(&self, folder: &Path, effort: Effort) -> anyhow::Result<Figure> {
        let probe = CommitProbe::new(&folder.join("commit.db"))?;
        self.fill()?;
        let address = "127.0.0.1:9100".to_owned();
        self.add_printer(PRINTER, PrinterPort::Tcp { address }, 300, false)?;
        let (mut takes, mut commits) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds * SINGLES {
            commits.push(probe.take()?);
            let printing = self.counter.station.printer_bytes(letter(PRINTER));
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
        let (mut takes, mut transfers, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..effort.rounds * STEADY {
            self.fill()?;
            transfers.push(probe.take(effort.pieces / PROBE_BATCH, PROBE_BATCH)?);
            let orders = self.orders(effort.pieces)?;
            let before = process_cpu();
            let (spent, paid) = wall(|| self.pay(orders));
            paid?;
            cpu.push(milliseconds(process_cpu() - before) / f64::from(effort.pieces));
            takes.push(f64::from(effort.pieces) / spent.as_secs_f64());
        }
        eprintln!("CPU of one piece: {:.4} ms", median(&cpu));
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

    /// What the clerk asks for: as many pieces as `pieces`.
    fn orders(&self, pieces: u32) -> anyhow::Result<Vec<Order>> {
        let station = &self.counter.station;
        let today = station.apply_blocking(|owner| Ok(owner.today()));
        let order = order(today.map_err(said)?)?;
        Ok((0..pieces).map(|_| order.clone()).collect())
    }

    fn pay(&self, orders: Vec<Order>) -> anyhow::Result<()> {
        let station = &self.counter.station;
        let paid = station.apply_blocking(move |owner| Ok(pay_all(owner, orders)));
        paid.map_err(said)?
    }

    /// Whole reference labels from CSV text to printer bytes, by the batch that a clerk prints.
    fn labels(&self, effort: Effort) -> anyhow::Result<Option<Figure>> {
        if !Path::new(SINK_DEVICE).exists() {
            eprintln!("no {SINK_DEVICE} to print to: batch.labels_per_s is absent");
            return Ok(None);
        }
        let path = SINK_DEVICE.to_owned();
        self.add_printer(SINK, PrinterPort::Device { path }, 300, false)?;
        let station = &self.counter.station;
        self.draw_by(reference_drawing)?;
        let (mut takes, mut cpu) = (Vec::new(), Vec::new());
        for round in 0..effort.rounds {
            self.fill()?;
            let batch = Call::Batch(BatchCall {
                csv: csv(round),
                out: BatchOut::Printer {
                    name: SINK.to_owned(),
                },
            });
            let before = process_cpu();
            let (spent, printed) = wall(|| self.runtime.block_on(station.call(batch)));
            let View::Batch(view) = printed.map_err(said)? else {
                anyhow::bail!("the station answers a batch with something else");
            };
            // A printer that says nothing leaves every piece to the clerk's eyes.
            let sent = view.unknown;
            let other = view.results.iter().find(|row| row.outcome != "unknown");
            anyhow::ensure!(
                sent == LABELS,
                "{sent} labels came out of {LABELS}; another one: {other:?}"
            );
            takes.push(f64::from(sent) / spent.as_secs_f64());
            cpu.push(milliseconds(process_cpu() - before) / f64::from(sent));
        }
        let per_second = median(&takes);
        let figure = Figure::new(
            "batch.labels_per_s",
            per_second,
            "1/s",
            Target::AtLeast(1_500.0),
        );
        Ok(Some(figure.beside(Probe {
            name: "CPU of one label",
            value: median(&cpu),
            unit: "ms",
        })))
    }
}

/// The reference label around the symbol of a piece.
pub(crate) fn reference_drawing(
    inputs: &LabelInputs,
    _: PieceSerial,
    symbol: &Symbol,
) -> Result<(Label, BitImage), DraftFault> {
    let dpi = Dpi::from_number(inputs.dpi).ok_or(DraftFault::UnknownLabel)?;
    let label = reference_label(symbol);
    let image = raster(&label, dpi);
    Ok((label, image))
}

/// A letter to one address on a printer.
pub(crate) fn letter(printer: &str) -> PrintCall {
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
            name: printer.to_owned(),
        }),
        ..Default::default()
    }
}

/// A batch of letters that no earlier round has printed.
pub(crate) fn csv(round: u32) -> String {
    let mut text = String::from("name,address,city,state,zip,class,shape,weight\n");
    for row in 0..LABELS {
        text.push_str(&format!(
            "Addressee {round}-{row},350 Fifth Ave Suite {row},New York,NY,10001,first-class,letter,1oz\n"
        ));
    }
    text
}

/// Pays for pieces that are signed and not drawn, in the commits of a batch.
fn pay_all(owner: &mut Owner, orders: Vec<Order>) -> anyhow::Result<()> {
    let undrawn = |order: &Order, prospect: &Prospect, credentials: &Credentials| {
        Ok(Draft {
            inputs: PieceInputs {
                indicium: sign(order, prospect, credentials)?,
                label: order.label.clone(),
            },
            raster: [7; 32],
        })
    };
    for paid in owner.pay_orders(orders, &undrawn) {
        paid.map_err(said)?;
    }
    Ok(())
}

/// A letter as the batch orders it.
fn order(today: Date) -> anyhow::Result<Order> {
    let postage = Mills::new(POSTAGE)?;
    let lines = ["Addressee", "350 Fifth Ave", "New York NY 10001"];
    Ok(Order {
        form: None,
        amends: None,
        booking: Booking {
            user: CLERK_USER.to_owned(),
            centre: String::new(),
            name: String::new(),
            month: Month::of(today),
            budgets: Budgets::default(),
            override_reason: None,
        },
        facts: PieceFacts {
            class: "first-class".to_owned(),
            shape: "letter".to_owned(),
            weight_nanograms: 28_349_523_125,
            postage,
            date: today,
            destination: "10001".to_owned(),
            place: Some("New York NY".to_owned()),
            cost_centre: None,
            category: "FCLM".to_owned(),
            certificate: 0,
            priced_by: None,
            amends: None,
        },
        category: *b"FCLM",
        origin: OriginZip::new(83_702)?,
        destination: Destination::new(5, 10_001)?,
        booked: today,
        label: LabelInputs {
            postage,
            date: today,
            origin: "83702".to_owned(),
            class_marking: "FIRST-CLASS MAIL".to_owned(),
            rate_marking: "Metered letter, 1 oz".to_owned(),
            zone: None,
            to: lines.map(str::to_owned).to_vec(),
            reference: String::new(),
            specimen: true,
            stock: "label-4x6".to_owned(),
            dpi: 300,
            art: None,
        },
    })
}
