//! The window's door: one command, one stream of events.

use station::api::{Call, Event, UiError, View};
use station::door::Door;
use tauri::{AppHandle, Emitter, Manager, State};
use tokio::sync::broadcast::error::RecvError;

/// The name of the stream that the page listens to.
const STREAM: &str = "station";

/// Hands a call to the station and its answer back.
#[tauri::command]
pub(crate) async fn call(door: State<'_, Door>, call: Call) -> Result<View, UiError> {
    door.ask(call).await
}

/// Forwards the station's events to the page for as long as the program runs.
pub(crate) fn forward_events(app: AppHandle) {
    let mut heard = app.state::<Door>().listen();
    tauri::async_runtime::spawn(async move {
        loop {
            let event = match heard.recv().await {
                Ok(event) => event,
                // Whoever missed something looks at everything again.
                Err(RecvError::Lagged(_)) => Event::Status,
                Err(RecvError::Closed) => return,
            };
            if let Err(fault) = app.emit(STREAM, &event) {
                tracing::warn!(%fault, "an event did not reach the window");
            }
        }
    });
}
