//! The way of IPP: HTTP/1.1 with time limits, over TLS under the certificate that the printer was
//! added with. Nothing is ever asked twice by itself: each request has a connection of its own, and
//! there is no retry, no redirect and no proxy.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, StatusCode, Url, redirect};
use rustls::ClientConfig;
use sha2::{Digest as _, Sha256};
use tokio::runtime::{Builder, Runtime};

use super::message::{NotIpp, Reply, Request};
use crate::crypto;
use crate::crypto::peer::{Peer, Showing};

/// How long a printer may take to accept the connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// The most bytes of a reply: all that a printer says of itself is some tens of kilobytes.
const MAX_REPLY_BYTES: usize = 1 << 20;

/// The most bytes of a list of printers.
pub(super) const MAX_LIST_BYTES: usize = 8 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum WebFault {
    /// No connection: nothing of the request left.
    #[error("it is not reached: {0}")]
    Unreachable(String),
    /// The connection was lost, or too slow: the request may have arrived.
    #[error("the connection to it was lost: {0}")]
    Lost(String),
    /// HTTP says no.
    #[error("it answers with HTTP status {0}")]
    Status(u16),
    /// It wants to know who asks.
    #[error("it wants a password, and this program has none for it")]
    Password,
    /// It is not the printer that was added.
    #[error("it shows another certificate than the one it was added with")]
    OtherCertificate,
    /// The answer cannot be read.
    #[error(transparent)]
    NotIpp(#[from] NotIpp),
}

impl WebFault {
    /// Whether nothing of the request can have arrived.
    pub(super) const fn is_before_the_request(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::OtherCertificate)
    }
}

/// Whom TLS believes.
#[derive(Debug)]
struct Pin {
    /// The certificate the printer was added with; without one any is taken, and seen.
    wanted: Option<[u8; 32]>,
    seen: Mutex<Option<[u8; 32]>>,
}

impl Pin {
    fn look(&self, shown: &Showing<'_>) -> Result<(), rustls::Error> {
        let shown: [u8; 32] = Sha256::digest(shown.leaf).into();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        if self.wanted.is_some_and(|wanted| wanted != shown) {
            return Err(rustls::Error::General("another certificate".to_owned()));
        }
        Ok(())
    }
}

/// HTTP to one printer.
pub(super) struct Web {
    runtime: Runtime,
    client: Client,
    address: Url,
    pin: Arc<Pin>,
}

impl Web {
    /// A way to a printer, under the SHA-256 of its certificate if it is known.
    pub(super) fn new(
        address: Url,
        certificate: Option<[u8; 32]>,
        patience: Duration,
    ) -> Result<Self, WebFault> {
        let unreachable = |fault: &dyn std::error::Error| WebFault::Unreachable(super::root(fault));
        let pin = Arc::new(Pin {
            wanted: certificate,
            seen: Mutex::new(None),
        });
        let judge = Arc::clone(&pin);
        let printer = Peer::judged_by(move |shown| judge.look(shown));
        let config = ClientConfig::builder_with_provider(crypto::provider())
            .with_safe_default_protocol_versions()
            .map_err(|fault| unreachable(&fault))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(printer))
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(config)
            .http1_only()
            .no_proxy()
            .retry(reqwest::retry::never())
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_WAIT.min(patience))
            .timeout(patience)
            .user_agent(concat!("pennyblack/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|fault| unreachable(&fault))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|fault| unreachable(&fault))?;
        Ok(Self {
            runtime,
            client,
            address,
            pin,
        })
    }

    /// The printer's address over HTTP.
    pub(super) const fn address(&self) -> &Url {
        &self.address
    }

    /// The SHA-256 of the certificate that was last shown.
    pub(super) fn certificate(&self) -> Option<[u8; 32]> {
        *self.pin.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request with a document behind it, and waits for the reply.
    pub(super) fn exchange(
        &self,
        request: &Request,
        document: Option<&[u8]>,
    ) -> Result<Reply, WebFault> {
        self.exchange_at_most(request, document, MAX_REPLY_BYTES)
    }

    /// [`Self::exchange`] for a reply of at most so many bytes.
    pub(super) fn exchange_at_most(
        &self,
        request: &Request,
        document: Option<&[u8]>,
        limit: usize,
    ) -> Result<Reply, WebFault> {
        let mut body = request.bytes();
        body.extend_from_slice(document.unwrap_or_default());
        let bytes = self.runtime.block_on(self.post(body, limit))?;
        Ok(Reply::read(bytes)?)
    }

    async fn post(&self, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, WebFault> {
        let sent = self
            .client
            .post(self.address.clone())
            .header(reqwest::header::CONTENT_TYPE, "application/ipp")
            .body(body)
            .send()
            .await;
        let mut reply = sent.map_err(|fault| self.fault(&fault))?;
        match reply.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => return Err(WebFault::Password),
            other => return Err(WebFault::Status(other.as_u16())),
        }
        let mut bytes = Vec::new();
        while let Some(part) = reply.chunk().await.map_err(|fault| self.fault(&fault))? {
            if bytes.len() + part.len() > limit {
                return Err(WebFault::NotIpp(NotIpp));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }

    fn fault(&self, fault: &reqwest::Error) -> WebFault {
        let seen = self.certificate();
        if self.pin.wanted.is_some() && seen.is_some() && seen != self.pin.wanted {
            return WebFault::OtherCertificate;
        }
        let reason = super::root(fault);
        if fault.is_connect() {
            WebFault::Unreachable(reason)
        } else {
            WebFault::Lost(reason)
        }
    }
}
