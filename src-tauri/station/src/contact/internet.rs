//! The Internet line: HTTPS over the network, and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shared::monitor::{Due, Holdings, LINE_MAX_BYTES};

pub use super::http::{Credentials, Identity};
use super::http::{Http, Manner, fault};
use super::link::{Exchange, Link, LinkFault, LinkRequest};
use super::owed::Owed;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one exchange may take in all.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// A quiet connection is asked so often whether it still stands: office routers forget one after
/// some minutes.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(45);

/// A connection that does not answer by then has broken.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Where the data center's monitor speaks as it comes.
const SIGNALS_PATH: &str = "/v1/signals";

/// The longest such a line is kept open; the data center ends it earlier by itself.
const OPEN_TIME: Duration = Duration::from_secs(24 * 60 * 60);

const MANNER: Manner = Manner {
    connect: CONNECT_TIMEOUT,
    exchange: EXCHANGE_TIMEOUT,
    keep_alive: Some((KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT)),
    is_slow: false,
    issuer: None,
    door: None,
};

/// The Internet line to one data center.
#[derive(Debug)]
pub struct Internet(Http);

impl Internet {
    /// A line that trusts only the data center's own root.
    ///
    /// # Errors
    /// [`LinkFault::NotTrusted`] when the credentials are not certificates and a key.
    pub fn new(server: &str, credentials: &Credentials) -> Result<Self, LinkFault> {
        Http::new(server, credentials, &MANNER).map(Self)
    }

    /// A line that trusts nobody: only for fetching the root whose fingerprint stands in the
    /// enrolment code (RFC 7030 §4.1.1). No secret may travel over it.
    ///
    /// # Errors
    /// [`LinkFault::Unreachable`] when `server` is not an address.
    pub fn unverified(server: &str) -> Result<Self, LinkFault> {
        Http::unverified(server, &MANNER).map(Self)
    }

    /// Opens the line on which the data center's monitor says what is due, as it comes.
    ///
    /// # Errors
    /// [`LinkFault`].
    pub async fn signals(&self, holds: &Holdings) -> Result<Signals, LinkFault> {
        let reply = self.0.opened(SIGNALS_PATH, holds, OPEN_TIME).await?;
        Ok(Signals {
            reply,
            begun: Vec::new(),
        })
    }

    /// The issuer of the data center's certificate, DER, once the line stands.
    #[must_use]
    pub fn issuer(&self) -> Option<Vec<u8>> {
        self.0.issuer()
    }

    /// What it was asked and has not answered.
    pub(super) fn owed(&self) -> Arc<Owed> {
        self.0.owed()
    }

    /// The same line, which counts there what it owes.
    pub(super) fn owing(self, owed: Arc<Owed>) -> Self {
        Self(self.0.owing(owed))
    }

    /// Whether the data center answers within `patience`; the address it was found at. A line that
    /// was asked so stands already when the contact begins.
    ///
    /// # Errors
    /// [`LinkFault`] when it does not answer.
    pub async fn answers(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<Option<SocketAddr>, LinkFault> {
        self.0.answers(path, &Holdings::default(), patience).await
    }
}

/// The word of the data center's monitor, line by line, as it comes.
#[derive(Debug)]
pub struct Signals {
    reply: reqwest::Response,
    /// A line that has begun to come.
    begun: Vec<u8>,
}

impl Signals {
    /// The next line; nothing when the data center has closed it.
    ///
    /// # Errors
    /// [`LinkFault`] when the line broke or says what cannot be read.
    pub async fn next(&mut self) -> Result<Option<Due>, LinkFault> {
        loop {
            if let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.begun.drain(..=end).collect();
                let text = std::str::from_utf8(&line).map_err(|_| LinkFault::Unreadable)?;
                let due = text.trim_end().parse();
                return due.map(Some).map_err(|_| LinkFault::Unreadable);
            }
            if self.begun.len() > LINE_MAX_BYTES {
                return Err(LinkFault::Unreadable);
            }
            match self.reply.chunk().await.map_err(|error| fault(&error))? {
                Some(chunk) => self.begun.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }
}

impl Link for Internet {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move { self.0.exchanged(request, &holds).await })
    }
}

#[cfg(test)]
mod tests;
