//! The station's window: a thin Tauri shell round the package `station`.
//!
//! Nothing is decided here. The page asks through one command, hears one stream of events, and may
//! do nothing else: see `capabilities/main.json` and the CSP in `tauri.conf.json`.

// A release on Windows opens no console beside the window.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod door;
mod graphics;
#[cfg(test)]
mod settings;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use station::door::Lasting;
use tauri::RunEvent;
use tauri::webview::PageLoadEvent;
use tracing_subscriber::EnvFilter;

/// The window of a Pennyblack station.
#[derive(Parser)]
#[command(name = "pennyblack-station", version)]
struct Arguments {
    /// The station's data folder; without it the platform's own.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Say on stdout, as one JSON object, when the page stands in the window.
    #[arg(long)]
    json: bool,
    /// Draw without the graphics card, for screens that stay blank.
    #[arg(long)]
    safe_graphics: bool,
}

fn main() -> anyhow::Result<()> {
    let started = Instant::now();
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let data = station::folder::data_folder(arguments.data)
        .context("this account has no data folder of its own: name one with --data DIR")?;
    let attempt = graphics::Attempt::begin(&data, arguments.safe_graphics)?;
    let station = Lasting::new(data);

    tauri::Builder::default()
        .manage(station.door())
        .invoke_handler(tauri::generate_handler![door::call])
        .setup(|app| {
            door::forward_events(app.handle().clone());
            Ok(())
        })
        .on_page_load(move |_, payload| {
            if payload.event() == PageLoadEvent::Finished {
                attempt.succeeded();
                if arguments.json {
                    tell_loaded(started);
                }
            }
        })
        .build(tauri::generate_context!())
        .context("cannot open the window")?
        .run(move |_, event| {
            if matches!(event, RunEvent::Exit) {
                tauri::async_runtime::block_on(station.close());
            }
        });
    Ok(())
}

/// Tells a starter on stdout that the page stands. Nobody may be listening any more: no fault.
fn tell_loaded(started: Instant) {
    let line = serde_json::json!({ "loaded_ms": started.elapsed().as_secs_f64() * 1000.0 });
    drop(writeln!(std::io::stdout(), "{line}"));
}
