//! `pennyblack-bridge`: serves the station's window as a page on loopback.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use station::bridge::{Bridge, Page};
use station::door::Lasting;
use tracing_subscriber::EnvFilter;

/// Serves the window of a Pennyblack station as a page for browsers on this machine.
///
/// Whoever knows the printed address can print: it carries a random token.
#[derive(Parser)]
#[command(name = "pennyblack-bridge", version)]
struct Arguments {
    /// The station's data folder; without it the platform's own.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// The built page, where it is not beside the program.
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
    /// Read the page anew for each request: it is being built again and again.
    #[arg(long)]
    live: bool,
    /// Print the address as one JSON object.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    station::contact::dialup::hang_up_on_panic();
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let data = station::folder::data_folder(arguments.data)
        .context("this account has no data folder of its own: name one with --data DIR")?;
    let page = match arguments.page {
        Some(folder) => folder,
        None => built_page().context("there is no built page: name one with --page DIR")?,
    };
    let page = if arguments.live {
        Page::Live(page)
    } else {
        Page::read(&page)?
    };
    let bridge = Bridge::bind(arguments.port).await?;
    let url = bridge.url();
    let line = if arguments.json {
        serde_json::json!({ "url": url }).to_string()
    } else {
        format!("Open {url} in a browser on this machine. Ctrl-C ends it.")
    };
    writeln!(std::io::stdout(), "{line}").context("cannot say where the page is")?;

    let station = Lasting::new(data);
    let served = tokio::select! {
        served = bridge.serve(page, station.door()) => served.map_err(anyhow::Error::from),
        stopped = told_to_stop() => stopped.context("cannot hear when to stop"),
    };
    station.close().await;
    served
}

/// Beside the installed program, or in the checkout that the program was built in.
fn built_page() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let beside = program.parent()?;
    [beside.join("ui"), beside.join("../../ui/dist")]
        .into_iter()
        .find(|folder| folder.join("index.html").is_file())
}

#[cfg(unix)]
async fn told_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_stop() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
