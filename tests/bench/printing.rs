//! What a label costs on its way to paper: time of the processor from the display list to the bytes,
//! the bytes, both beside programs of others, and the time until a printer has them.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use station::api::{BatchCall, BatchOut, Call, PieceState, PrinterPort, View};
use station::printing::bits::BitImage;
use station::printing::fonts::Face;
use station::printing::label::{Align, Item, Label, Matrix, Point, Text};
use station::printing::language::{Job, Language, Pace, Sheet};
use station::printing::layout::reference::{reference_bytes, reference_label};
use station::printing::png;
use station::printing::raster::raster;
use station::printing::symbol;
use station::printing::units::{Dpi, Um};
use tokio::runtime::Runtime;

use crate::Effort;
use crate::clock::{cpu_ms_per_call, median, milliseconds, wall};
use crate::figure::{Figure, Probe, Target};
use crate::pieces::{Desk, LABELS, csv, letter, reference_drawing};
use crate::probes::CommitProbe;

/// Milliseconds from the label to its bytes at 300 dpi.
const MAX_MS: f64 = 4.0;

/// Bytes of the reference label at 203 dpi over a slow line.
const MAX_Z64_BYTES: f64 = 12_000.0;
const MAX_ESCPOS_BYTES: f64 = 29_000.0;

/// How much faster than programs of others.
const MIN_TIMES_PYTHON_ESCPOS: f64 = 50.0;
const MIN_TIMES_BROTHER_QL: f64 = 25.0;

/// Milliseconds from the click to the printer's first byte, beyond two commits.
const MAX_FIRST_BYTE_MS: f64 = 3.0;

/// Milliseconds that a label may take longer than its bytes need on the line.
const MAX_OVER_WIRE_MS: f64 = 50.0;

/// The rate of a usual serial printer, bits a second.
const LINE_RATE: u32 = 115_200;

/// Labels of a batch that are written as PDF in a second.
const MIN_PDF_PER_S: f64 = 300.0;

/// Labels printed one by one, for each round of effort.
const SINGLES: u32 = 10;

/// Labels over the slow line: each takes seconds.
const SLOW_LABELS: u32 = 3;

/// The printers of the desk.
const FAST_PRINTER: &str = "socket";
const SLOW_PRINTER: &str = "serial";

/// Names the Python that has the programs of others.
const PEERS: &str = "PENNYBLACK_PEERS";

/// Prints the milliseconds of this thread's processor that a program of others takes from a finished
/// picture to bytes, the median of some calls.
const PEER: &str = "
import contextlib, io, statistics, sys, time
from PIL import Image
program, file, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
picture = Image.open(file).convert('L')
if program == 'python-escpos':
    from escpos.printer import Dummy
    def call():
        printer = Dummy()
        printer.image(picture)
        return printer.output
else:
    # Its newest version asks for a name that Pillow has dropped.
    Image.ANTIALIAS = Image.LANCZOS
    from brother_ql.conversion import convert
    from brother_ql.raster import BrotherQLRaster
    def call():
        raster = BrotherQLRaster('QL-820NWB')
        convert(raster, [picture], '62x100', cut=True, dither=False, compress=True, rotate='0')
        return raster.data
takes = []
for _ in range(calls):
    with contextlib.redirect_stdout(io.StringIO()):
        before = time.thread_time()
        size = len(call())
        takes.append(time.thread_time() - before)
    assert size > 1000, size
print(1000 * statistics.median(takes))
";

pub(crate) fn measure(
    runtime: &Runtime,
    folder: &Path,
    effort: Effort,
) -> anyhow::Result<Vec<Figure>> {
    let mut figures = encodings(effort)?;
    figures.extend(python_escpos(folder, effort)?);
    figures.extend(brother_ql(folder, effort)?);
    let desk = Desk::new(runtime);
    figures.push(pdf_batch(&desk, folder, effort)?);
    figures.extend(wire(&desk, folder, effort)?);
    Ok(figures)
}

fn reference() -> anyhow::Result<Label> {
    Ok(reference_label(&symbol::encode(&reference_bytes())?))
}

fn encodings(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let label = reference()?;
    let sheet = Sheet::any(Dpi::D300);
    let spent = cpu_of(effort, &label, Language::Zpl, &sheet)?;
    let image = raster(&label, Dpi::D203);
    Ok(vec![
        Figure::new(
            "print.raster_z64_cpu_ms",
            spent,
            "ms",
            Target::AtMost(MAX_MS),
        ),
        bytes(
            "print.zpl_bytes",
            Language::Zpl,
            &image,
            Target::AtMost(MAX_Z64_BYTES),
        )?,
        bytes(
            "print.escpos_bytes",
            Language::EscPos,
            &image,
            Target::AtMost(MAX_ESCPOS_BYTES),
        )?,
        bytes("print.epl_bytes", Language::Epl, &image, Target::Told)?,
        bytes("print.tspl_bytes", Language::Tspl, &image, Target::Told)?,
    ])
}

/// All bytes of a label over a slow line.
fn bytes(
    name: &'static str,
    language: Language,
    image: &BitImage,
    target: Target,
) -> anyhow::Result<Figure> {
    let sheet = Sheet::any(Dpi::D203);
    let job = language.job(image, &sheet, Pace::Slow, None)?;
    let count = u32::try_from(job.bytes().len()).context("a label of gigabytes")?;
    Ok(Figure::new(name, f64::from(count), "B", target))
}

/// Milliseconds of the processor from the label to its bytes, text and symbol drawn anew.
fn cpu_of(effort: Effort, label: &Label, language: Language, sheet: &Sheet) -> anyhow::Result<f64> {
    let encode = || -> Result<Job, _> {
        let image = raster(black_box(label), sheet.dpi);
        language.job(&image, sheet, Pace::Fast, None)
    };
    anyhow::ensure!(encode()?.bytes().len() > 1_000, "hardly any bytes");
    let calls = effort.calls / 10;
    Ok(cpu_ms_per_call(effort.rounds, calls, || {
        drop(black_box(encode()));
    }))
}

/// How many times faster than a program of others that is given the finished picture; nothing where
/// that program is not installed.
fn times_faster(
    name: &'static str,
    least: f64,
    ours: f64,
    program: &'static str,
    picture: &Path,
    effort: Effort,
) -> anyhow::Result<Option<Figure>> {
    let Some(python) = std::env::var_os(PEERS) else {
        eprintln!("{PEERS} names no Python with {program}: {name} is absent");
        return Ok(None);
    };
    let mut peer = Command::new(python);
    peer.args(["-c", PEER, program]).arg(picture);
    let output = peer.arg((effort.rounds * 3).to_string()).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{program}: {complaint}");
    let theirs: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    let figure = Figure::new(name, theirs / ours, "times", Target::AtLeast(least));
    eprintln!("{program}: {theirs:.2} ms, ours {ours:.3} ms");
    Ok(Some(figure.beside(Probe {
        name: program,
        value: theirs,
        unit: "ms",
    })))
}

fn written(folder: &Path, name: &str, image: &BitImage, dpi: Dpi) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, png::png(image, dpi)?)?;
    Ok(path)
}

fn python_escpos(folder: &Path, effort: Effort) -> anyhow::Result<Option<Figure>> {
    let label = reference()?;
    let picture = written(
        folder,
        "reference.png",
        &raster(&label, Dpi::D203),
        Dpi::D203,
    )?;
    let sheet = Sheet::any(Dpi::D203);
    let ours = cpu_of(effort, &label, Language::EscPos, &sheet)?;
    times_faster(
        "print.vs_python_escpos",
        MIN_TIMES_PYTHON_ESCPOS,
        ours,
        "python-escpos",
        &picture,
        effort,
    )
}

/// Dots of a label of 62 by 100 mm that are printed.
const BROTHER_DOTS: [usize; 2] = [696, 1_109];

fn brother_ql(folder: &Path, effort: Effort) -> anyhow::Result<Option<Figure>> {
    let label = brother_label()?;
    let image = raster(&label, Dpi::D300);
    anyhow::ensure!(
        [image.width(), image.height()] == BROTHER_DOTS,
        "the label has other dots: {image:?}"
    );
    let picture = written(folder, "brother.png", &image, Dpi::D300)?;
    let sheet = Sheet {
        head: 720,
        dots: 696,
        offset: 12,
        roll_mm: Some(62),
        ..Sheet::any(Dpi::D300)
    };
    let ours = cpu_of(effort, &label, Language::BrotherQl, &sheet)?;
    times_faster(
        "print.vs_brother_ql",
        MIN_TIMES_BROTHER_QL,
        ours,
        "brother_ql",
        &picture,
        effort,
    )
}

/// The symbol and the lines of the reference label on the printed part of 62 by 100 mm.
fn brother_label() -> anyhow::Result<Label> {
    let mut label = Label::new(Um(58_928), Um(93_895))?;
    let symbol = Item::Matrix(Matrix {
        symbol: symbol::encode(&reference_bytes())?,
        at: Point {
            x: Um::mm(34),
            y: Um::mm(8),
        },
        module: Um(500),
    });
    let reference = reference()?;
    let lines = reference.lines().zip(0..).map(|(text, line)| {
        Item::Text(Text {
            face: Face::SemiBold,
            size: Um::tenth_points(80),
            at: Point {
                x: Um::mm(3),
                y: Um::mm(36) + Um::mm(4) * line,
            },
            align: Align::Left,
            text: text.to_owned(),
        })
    });
    label.add(std::iter::once(symbol).chain(lines))?;
    Ok(label)
}

/// A batch of reference labels into a folder: paid for, drawn, written durably, one PDF each.
fn pdf_batch(desk: &Desk<'_>, folder: &Path, effort: Effort) -> anyhow::Result<Figure> {
    desk.draw_by(reference_drawing)?;
    let mut takes = Vec::new();
    for round in 0..effort.rounds.min(5) {
        let mut seconds = 0.0;
        // A refill of the vault pays for half of them.
        for half in 0..2 {
            desk.fill()?;
            let path = folder.join(format!("pdf-{round}-{half}"));
            let batch = Call::Batch(BatchCall {
                csv: csv(1_000 + 2 * round + half),
                out: BatchOut::Folder {
                    path: Some(path.to_string_lossy().into_owned()),
                },
            });
            let (spent, printed) = wall(|| desk.call(batch));
            let View::Batch(view) = printed? else {
                anyhow::bail!("the station answers a batch with something else");
            };
            let files = std::fs::read_dir(&path)?.count();
            anyhow::ensure!(
                view.printed == LABELS && u32::try_from(files)? == LABELS,
                "{} labels and {files} files came out of {LABELS}",
                view.printed
            );
            std::fs::remove_dir_all(&path)?;
            seconds += spent.as_secs_f64();
        }
        takes.push(f64::from(2 * LABELS) / seconds);
    }
    Ok(Figure::new(
        "print.pdf_batch_per_s",
        median(&takes),
        "1/s",
        Target::AtLeast(MIN_PDF_PER_S),
    ))
}

/// From the click to the first byte on a socket, and what a label takes longer than a serial line.
#[cfg(unix)]
fn wire(desk: &Desk<'_>, folder: &Path, effort: Effort) -> anyhow::Result<Vec<Figure>> {
    use system_tests::printer::timed::Timed;

    let (fast, slow) = (Timed::default(), Timed::default());
    let address = fast.on_a_socket()?;
    desk.add_printer(FAST_PRINTER, PrinterPort::Tcp { address }, 300, true)?;
    let path = slow.on_a_serial_line(LINE_RATE)?;
    let port = PrinterPort::Serial {
        path,
        baud: LINE_RATE,
    };
    desk.add_printer(SLOW_PRINTER, port, 203, true)?;
    desk.draw_by(reference_drawing)?;

    let probe = CommitProbe::new(&folder.join("first-byte.db"))?;
    let (mut takes, mut commits) = (Vec::new(), Vec::new());
    desk.fill()?;
    for _ in 0..effort.rounds * SINGLES {
        commits.push(probe.take()?);
        let _before = fast.take();
        let clicked = std::time::Instant::now();
        printed(desk, FAST_PRINTER)?;
        let first = fast.take().first.context("no byte came")?;
        takes.push(milliseconds(first.duration_since(clicked)));
    }
    let (first_byte, commit) = (median(&takes), median(&commits));
    let figure = Figure::new(
        "print.first_byte_over_commit_ms",
        first_byte - 2.0 * commit,
        "ms",
        Target::AtMost(MAX_FIRST_BYTE_MS),
    );
    let figure = figure.beside(Probe {
        name: "one commit",
        value: commit,
        unit: "ms",
    });

    let mut over = Vec::new();
    for _ in 0..SLOW_LABELS {
        let _before = slow.take();
        let (spent, done) = wall(|| printed(desk, SLOW_PRINTER));
        done?;
        let bytes = u32::try_from(slow.take().bytes)?;
        let on_the_wire = 1_000.0 * f64::from(bytes) * 10.0 / f64::from(LINE_RATE);
        over.push(milliseconds(spent) - on_the_wire);
    }
    let over = Figure::new(
        "print.job_over_wire_ms",
        median(&over),
        "ms",
        Target::AtMost(MAX_OVER_WIRE_MS),
    );
    Ok(vec![figure.at_ratio(first_byte / commit), over])
}

/// Elsewhere no printer is emulated.
#[cfg(not(unix))]
fn wire(_: &Desk<'_>, _: &Path, _: Effort) -> anyhow::Result<Vec<Figure>> {
    Ok(Vec::new())
}

/// Prints one label and waits until it is known to be on paper.
fn printed(desk: &Desk<'_>, printer: &str) -> anyhow::Result<()> {
    let piece = desk.call(Call::Print(letter(printer)))?;
    let View::Piece(piece) = piece else {
        anyhow::bail!("the station answers a print with something else");
    };
    anyhow::ensure!(
        piece.state == PieceState::Printed,
        "the piece is {:?}: {:?}",
        piece.state,
        piece.message
    );
    Ok(())
}
