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
mod update;

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use station::door::Lasting;
use station::services::software::prove::{self, Beginning, NOT_TRIED_CODE, Proof, Unfit};
use tauri::webview::PageLoadEvent;
use tauri::{Manager, RunEvent};
use tracing_subscriber::EnvFilter;
use update::{Installed, Updates, VERSION};

/// The window of a Pennyblack station.
#[derive(Parser)]
#[command(name = "pennyblack-station", version = VERSION)]
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
    /// Try a copy of the station's store, say this version, and open no window.
    #[arg(long)]
    self_check: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    station::contact::dialup::hang_up_on_panic();
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let data = station::folder::data_folder(arguments.data.clone())
        .context("this account has no data folder of its own: name one with --data DIR")?;
    if arguments.self_check {
        return Ok(self_check(&data));
    }
    let installed = Installed::find()?;
    let attempt = graphics::Attempt::begin(&data, arguments.safe_graphics)?;
    let proof = match prove::begin(&data, installed.program.version, &installed.place)? {
        Beginning::Ordinary => None,
        Beginning::Prove(proof) => Some(Arc::new(proof)),
        Beginning::WentBack => {
            let fault = installed.place.start_instead();
            return Err(fault).context("the version before cannot be started");
        }
    };
    if let Some(proof) = &proof {
        update::watch_over(Arc::clone(proof));
        match proof.try_store() {
            Ok(()) => {}
            Err(Unfit::Release(reason)) => {
                let fault = update::go_back(proof, &reason);
                return Err(fault).context("the version before cannot be put back");
            }
            // It was tried on a copy before it was installed; the store itself decides now.
            Err(Unfit::NotTried(reason)) => tracing::warn!(reason, "no copy of the store is tried"),
        }
    }
    open(&arguments, data, installed, attempt, proof, started)?;
    Ok(ExitCode::SUCCESS)
}

/// Says whether this program can use the station's store, and its version when it can.
fn self_check(data: &Path) -> ExitCode {
    let (line, code) = match prove::try_store(data) {
        Ok(()) => (VERSION.to_owned(), ExitCode::SUCCESS),
        Err(Unfit::Release(reason)) => (reason, ExitCode::FAILURE),
        Err(Unfit::NotTried(reason)) => (reason, ExitCode::from(NOT_TRIED_CODE)),
    };
    // Nobody may be listening any more: no fault.
    drop(writeln!(std::io::stdout(), "{line}"));
    code
}

/// Opens the window and stays until it is closed.
fn open(
    arguments: &Arguments,
    data: PathBuf,
    installed: Installed,
    attempt: graphics::Attempt,
    proof: Option<Arc<Proof>>,
    started: Instant,
) -> anyhow::Result<()> {
    let Installed { program, place } = installed;
    let station = Lasting::of(data.clone(), program);
    let updates = Updates::new(station.clone(), data, place);
    let (quiet, proved) = (updates.clone(), station.clone());
    let json = arguments.json;
    let mut context = tauri::generate_context!();
    context.package_info_mut().version = VERSION.parse().context("the version of this build")?;
    tauri::Builder::default()
        .plugin(update::plugin())
        .manage(station.door())
        .invoke_handler(tauri::generate_handler![door::call])
        .setup(move |app| {
            door::forward_events(app.handle().clone());
            if program.platform.is_some() {
                let app = app.handle().clone();
                tauri::async_runtime::spawn(quiet.when_quiet(app));
            }
            Ok(())
        })
        .on_page_load(move |page, payload| {
            if payload.event() == PageLoadEvent::Finished {
                attempt.succeeded();
                if json {
                    tell_loaded(started);
                }
                if let Some(proof) = proof.clone().filter(|proof| !proof.is_settled()) {
                    let app = page.app_handle().clone();
                    tauri::async_runtime::spawn(update::prove(app, proof, proved.clone()));
                }
            }
        })
        .build(context)
        .context("cannot open the window")?
        .run(move |app, event| {
            if matches!(event, RunEvent::Exit) {
                tauri::async_runtime::block_on(async {
                    // What waits is installed when the window closes, and tried at the next start.
                    if !updates.install(app).await {
                        station.close().await;
                    }
                });
            }
        });
    Ok(())
}

/// Tells a starter on stdout that the page stands. Nobody may be listening any more: no fault.
fn tell_loaded(started: Instant) {
    let line = serde_json::json!({ "loaded_ms": started.elapsed().as_secs_f64() * 1000.0 });
    drop(writeln!(std::io::stdout(), "{line}"));
}
