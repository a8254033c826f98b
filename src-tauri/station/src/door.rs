//! The one door to a station for everything with a page: how it is asked, and where its events come
//! from. The window and the loopback bridge differ only in what carries the calls to it.

mod lasting;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::broadcast;

use crate::api::{Call, Event, UiError, View};

pub use lasting::Lasting;

type Answer = Pin<Box<dyn Future<Output = Result<View, UiError>> + Send>>;

/// A way to one station. Clones lead to the same station.
#[derive(Clone)]
pub struct Door {
    ask: Arc<dyn Fn(Call) -> Answer + Send + Sync>,
    listen: Arc<dyn Fn() -> broadcast::Receiver<Event> + Send + Sync>,
}

impl Door {
    /// Makes a door of a way to ask and a way to listen.
    pub fn new<A, F, L>(ask: A, listen: L) -> Self
    where
        A: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Result<View, UiError>> + Send + 'static,
        L: Fn() -> broadcast::Receiver<Event> + Send + Sync + 'static,
    {
        Self {
            ask: Arc::new(move |call| Box::pin(ask(call))),
            listen: Arc::new(listen),
        }
    }

    /// Asks the station.
    ///
    /// # Errors
    /// The station's own refusals and faults.
    pub async fn ask(&self, call: Call) -> Result<View, UiError> {
        (self.ask)(call).await
    }

    /// Listens to the station from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        (self.listen)()
    }
}
