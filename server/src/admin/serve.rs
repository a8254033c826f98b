//! `serve`: the data center at work, until it is told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;

use super::output::Output;
use super::owner::Ownership;
use super::refusal::{AdminRefusal, Ending};
use super::socket;
use crate::access::{Internet, Modem, Renewal};
use crate::center::DataCenter;
use crate::folder;

/// How often it is looked whether something is due.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Serves until SIGTERM or ctrl-c.
///
/// # Errors
/// [`AdminRefusal`] when it cannot begin.
pub(super) fn serve(
    ownership: Ownership,
    center: DataCenter,
    (listen, modems): (SocketAddr, Vec<Modem>),
    output: &Output,
) -> Result<(), AdminRefusal> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            AdminRefusal::new(
                Ending::Broken,
                "threads",
                format!("The threads of the data center could not be started: {error}."),
                "See the system's limits.",
            )
        })?;
    let center = Arc::new(center);
    let served = runtime.block_on(serve_async(Arc::clone(&center), (listen, modems), output));
    runtime.shutdown_timeout(Duration::from_secs(5));
    if let Err(error) = std::fs::remove_file(center.folder().listening()) {
        tracing::debug!(%error, "the file `listening` was not there");
    }
    socket::remove(center.folder());
    // The database is closed before another process may own the folder.
    drop(center);
    drop(ownership);
    served
}

async fn serve_async(
    center: Arc<DataCenter>,
    (listen, modems): (SocketAddr, Vec<Modem>),
    output: &Output,
) -> Result<(), AdminRefusal> {
    // Signals are caught before anybody is told that the data center is up.
    let stop = stop_signal();
    let (no_more, ended) = oneshot::channel::<()>();
    let admin = tokio::spawn(socket::serve(Arc::clone(&center), async {
        // A starter that failed is an end as well.
        drop(ended.await);
    })?);
    let internet = Internet::bind(Arc::clone(&center), listen).await?;
    let upkeep = tokio::spawn(keep_up(Arc::clone(&center), internet.renewal()));
    let address = internet.address()?;
    announce(&center, address, output)?;
    tracing::info!(%address, data_center = %center.id(), epoch = center.epoch(), "serving");
    let dialup = internet.answer(modems)?;
    internet.serve(stop).await;
    dialup.hang_up().await;
    upkeep.abort();
    if no_more.send(()).is_err() {
        tracing::debug!("the private socket had ended by itself");
    }
    // An admin whose call was taken hears what became of it.
    drop(admin.await);
    tracing::info!("stopped");
    Ok(())
}

/// Tells where it listens: on standard output and in the file `listening`.
fn announce(center: &DataCenter, address: SocketAddr, output: &Output) -> Result<(), AdminRefusal> {
    let url = format!("https://{address}");
    let line = json!({ "listening": address.to_string(), "url": url }).to_string();
    folder::write_private(&center.folder().listening(), format!("{line}\n").as_bytes())?;
    output.line(&line, || {
        format!("The data center answers at {url}. Stop it with ctrl-c.")
    });
    Ok(())
}

async fn keep_up(center: Arc<DataCenter>, renewal: Renewal) {
    let mut clock = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        clock.tick().await;
        let (center, renewal) = (Arc::clone(&center), renewal.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let parts = [
                ("upkeep", center.upkeep().map_err(AdminRefusal::from)),
                (
                    "server certificate",
                    renewal.renew().map_err(AdminRefusal::from),
                ),
            ];
            // Each is said: the certificate's fault is no smaller for coming second.
            for (part, done) in parts {
                if let Err(refusal) = done {
                    let (code, message) = (refusal.code, refusal.message);
                    tracing::error!(part, code, message, "what is due was not done");
                }
            }
        });
        if let Err(error) = kept.await {
            tracing::error!(%error, "upkeep broke off");
        }
    }
}

/// Ready when the process is told to stop. The handlers stand when this returns.
#[cfg(unix)]
fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else {
            tracing::warn!("signals cannot be caught; only a kill ends the data center");
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Ready when the process is told to stop.
#[cfg(not(unix))]
fn stop_signal() -> impl Future<Output = ()> {
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            tracing::warn!("ctrl-c cannot be caught; only a kill ends the data center");
            std::future::pending::<()>().await;
        }
    }
}
