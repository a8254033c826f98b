//! `pennyblack-printer`: a label printer that nobody has to buy. What it prints becomes pictures in a
//! folder, and a page on loopback shows them as they come out.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "where it listens and what came out is what this program tells"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use station::printing::profile::Profile;
use system_tests::program;

/// What it is when nobody says.
const USUAL_MODEL: &str = "zebra-zd421-203";

const HELP: &str = "\
A label printer without hardware: it prints what it gets into pictures.

pennyblack-printer --paper DIR [--model NAME] [--json]

  --paper DIR    where each piece of paper becomes a PNG; made when it is not there
  --model NAME   what it is, by a name of `pennyblack printers add --model` (zebra-zd421-203)
  --json         where it listens as one line of JSON

It says at which address a station finds it (pennyblack printers add NAME --model NAME --port
tcp:ADDRESS) and at which a browser shows the paper, and then what comes out, until it is stopped.
";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arguments {
    paper: PathBuf,
    model: &'static str,
    json: bool,
}

impl Arguments {
    /// Reads the command line; nothing when help is asked for.
    fn read(words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let (mut paper, mut model, mut json) = (None, USUAL_MODEL.to_owned(), false);
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--help" | "-h" => return Ok(None),
                "--json" => json = true,
                "--paper" => paper = Some(PathBuf::from(value()?)),
                "--model" => model = value()?,
                _ => return Err(format!("{word} is not known here; see --help")),
            }
        }
        let profile = Profile::by_name(&model).ok_or(format!("no model is called {model}"))?;
        let paper = paper.ok_or("--paper is missing; see --help")?;
        Ok(Some(Self {
            paper,
            model: profile.name,
            json,
        }))
    }
}

fn main() -> ExitCode {
    let asked = Arguments::read(std::env::args().skip(1));
    program::run(asked, HELP, "the printer", rim::run)
}

#[cfg(unix)]
mod rim {
    use std::future::{Ready, ready};
    use std::io::{self, Write as _};
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;

    use axum::Router;
    use axum::extract::{Path as Part, State};
    use axum::http::{StatusCode, header};
    use axum::response::{Html, IntoResponse, Response};
    use axum::routing::get;
    use serde_json::json;
    use station::printing::bits::DotRect;
    use station::printing::files::write_durably;
    use station::printing::layout::stock::Stock;
    use station::printing::png::png;
    use station::printing::profile::Profile;
    use station::printing::units::Dpi;
    use system_tests::printer::device::{Device, Faults, Printed};
    use tokio::net::TcpListener;
    use tokio::signal::unix::{SignalKind, signal};

    use super::Arguments;

    /// How often the tray is looked into.
    const LOOK: Duration = Duration::from_millis(100);

    /// The page: the newest paper first, and a new one as soon as it comes out.
    const PAGE: &str = include_str!("page.html");

    /// The pieces of paper that came out, oldest first.
    type Papers = Arc<Mutex<Vec<PathBuf>>>;

    /// Prints until it is stopped.
    pub(super) fn run(arguments: &Arguments) -> io::Result<()> {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(print(arguments))
    }

    async fn print(arguments: &Arguments) -> io::Result<()> {
        let unknown = || io::Error::other("this model has neither head nor paper");
        let profile = Profile::by_name(arguments.model).ok_or_else(unknown)?;
        let dpi = profile.dpi.first().copied().and_then(Dpi::from_number);
        let (dpi, stock) = dpi.zip(profile.stocks().next()).ok_or_else(unknown)?;
        let sheet = profile.sheet(stock, dpi).ok_or_else(unknown)?;
        let size = (dpi.dots(stock.width) - sheet.left, dpi.dots(stock.height));
        let device = Device::new(profile.language, sheet, size.1, Faults::default());
        std::fs::create_dir_all(&arguments.paper)?;
        let address = device.on_a_socket()?;
        let papers = Papers::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let page = format!("http://{}/", listener.local_addr()?);
        let router = Router::new()
            .route("/", get(|| async { Html(PAGE) }))
            .route("/papers", get(count))
            .route("/papers/{number}", get(picture))
            .with_state(Arc::clone(&papers));
        let serving = tokio::spawn(axum::serve(listener, router).into_future());
        tell(arguments, &address, &page, stock)?;
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            let tray = device.clone();
            let sheets = tokio::task::spawn_blocking(move || tray.take_sheets()).await;
            for sheet in sheets.map_err(io::Error::other)? {
                keep(&arguments.paper, &papers, &sheet, size, dpi)?;
            }
        }
        serving.abort();
        Ok(())
    }

    fn tell(arguments: &Arguments, address: &str, page: &str, stock: &Stock) -> io::Result<()> {
        let model = arguments.model;
        if arguments.json {
            let told =
                json!({ "address": address, "page": page, "model": model, "stock": stock.name });
            println!("{told}");
        } else {
            println!(
                "a {model} with {} at {address}; its paper is shown at {page}",
                stock.title
            );
        }
        io::stdout().flush()
    }

    /// One more picture in the folder, of the whole paper.
    fn keep(
        folder: &Path,
        papers: &Papers,
        sheet: &Printed,
        (width, height): (usize, usize),
        dpi: Dpi,
    ) -> io::Result<()> {
        if sheet.picture.black_dots() == 0 {
            return Ok(());
        }
        let path = (1..)
            .map(|number| folder.join(format!("paper-{number:04}.png")))
            .find(|path| !path.exists());
        let path = path.ok_or_else(|| io::Error::other("there are too many papers"))?;
        let whole = DotRect {
            x: 0,
            y: 0,
            width,
            height: height.max(sheet.picture.height()),
        };
        let bytes = png(&sheet.picture.crop(whole), dpi).map_err(io::Error::other)?;
        write_durably(&path, &bytes).map_err(io::Error::other)?;
        let torn = if sheet.whole {
            ""
        } else {
            ", torn off before its end"
        };
        eprintln!("Paper came out{torn}: {}", path.display());
        papers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(path);
        Ok(())
    }

    fn count(State(papers): State<Papers>) -> Ready<String> {
        let papers = papers.lock().unwrap_or_else(PoisonError::into_inner);
        ready(papers.len().to_string())
    }

    fn picture(State(papers): State<Papers>, Part(number): Part<usize>) -> Ready<Response> {
        let path = papers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(number)
            .cloned();
        ready(match path.and_then(|path| std::fs::read(path).ok()) {
            Some(bytes) => ([(header::CONTENT_TYPE, "image/png")], bytes).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        })
    }
}

#[cfg(not(unix))]
mod rim {
    use std::io;

    use super::Arguments;

    /// The emulated printers need a system with `poll`.
    pub(super) fn run(_: &Arguments) -> io::Result<()> {
        Err(io::Error::other(
            "there are no emulated printers on this system; print to PDF files instead",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Option<Arguments>, String> {
        Arguments::read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_command_line_is_read() {
        let arguments = read("--paper out --model boca-lemur-300 --json")
            .unwrap()
            .unwrap();
        assert_eq!(arguments.paper, PathBuf::from("out"));
        assert_eq!((arguments.model, arguments.json), ("boca-lemur-300", true));
        assert_eq!(read("--paper x").unwrap().unwrap().model, USUAL_MODEL);
        assert_eq!(read("--help"), Ok(None));
        for bad in ["", "--paper", "--paper x --model teleprinter", "x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
