//! HTTPS to the data center, whatever line carries it: TLS 1.3 under the data center's own root, one
//! HTTP/2 session for all services, and what becomes of a reply.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, RANGE};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use shared::monitor::{DUE_HEADER, Due, HOLDS_HEADER, Holdings};
use shared::wire::{CBOR_MEDIA_TYPE, MAX_PROBLEM_BYTES, PROBLEM_MEDIA_TYPE, Problem};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::issuer::{Seen, by_root};
use super::link::{Answered, LinkFault, LinkRequest, MAX_REPLY_BYTES};
use super::owed::Owed;
use crate::crypto;
use crate::crypto::peer::Peer;

/// How a line wants to be used.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    /// How long a connection may take to stand.
    pub(super) connect: Duration,
    /// How long one exchange may take in all.
    pub(super) exchange: Duration,
    /// How often a quiet connection is asked whether it still stands, and how long it may take to
    /// answer; nothing on a line that watches over itself.
    pub(super) keep_alive: Option<(Duration, Duration)>,
    /// Whether every byte counts: then a handshake uses short keys only (X25519, without the 2.3 kB
    /// of a post-quantum key share) and shows the station's certificate without its issuer, which
    /// the data center has.
    pub(super) is_slow: bool,
    /// The issuer of the data center's certificate, DER, where it is here and need not come.
    pub(super) issuer: Option<Vec<u8>>,
    /// Through which door on this machine the line is reached; nothing for the network.
    pub(super) door: Option<LineDoor>,
}

/// A private socket or pipe on this machine behind which a line begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineDoor(pub(super) std::path::PathBuf);

/// Whom the station trusts and how it proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The data center's root, DER.
    pub root: Vec<u8>,
    /// The station's certificate, then its issuer, DER, and its private key, PKCS #8; absent
    /// before enrolment and at the doors.
    pub identity: Option<Identity>,
}

/// The station's certificate chain and private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, then its issuer, DER.
    pub chain: Vec<Vec<u8>>,
    /// The private key, PKCS #8.
    pub key: zeroize::Zeroizing<Vec<u8>>,
}

/// TLS under the data center's own root. Its copies share the sessions that can be taken up again;
/// nothing is ever sent before a handshake has ended (no 0-RTT), since a refill must not be repeated.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    config: ClientConfig,
    seen: Seen,
}

impl Tls {
    /// # Errors
    /// [`LinkFault::NotTrusted`] when the credentials are not certificates and a key.
    pub(super) fn new(credentials: &Credentials, manner: &Manner) -> Result<Self, LinkFault> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(credentials.root.as_slice()))
            .map_err(|_| LinkFault::NotTrusted)?;
        let provider = provider(manner.is_slow);
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| LinkFault::NotTrusted)?;
        let seen = Seen::default();
        let verifier = by_root(inner, manner.issuer.as_deref(), seen.clone());
        let builder = tls13(manner.is_slow)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match &credentials.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let shown = if manner.is_slow { 1 } else { usize::MAX };
                let chain = identity
                    .chain
                    .iter()
                    .take(shown)
                    .map(|der| CertificateDer::from(der.clone()))
                    .collect();
                let key = PrivatePkcs8KeyDer::from(identity.key.to_vec());
                builder
                    .with_client_auth_cert(chain, key.into())
                    .map_err(|_| LinkFault::NotTrusted)?
            }
        };
        Ok(Self { config, seen })
    }

    /// As [`Http::unverified`].
    fn unverified(manner: &Manner) -> Result<Self, LinkFault> {
        let anybody = Peer::judged_by(|_| Ok(()));
        let config = tls13(manner.is_slow)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(anybody))
            .with_no_client_auth();
        Ok(Self {
            config,
            seen: Seen::default(),
        })
    }
}

/// HTTPS to one data center over one line.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    base: String,
    seen: Seen,
    owed: Arc<Owed>,
    /// On a slow line, held by whoever puts a message on it: they leave one after the other and in
    /// the order in which they were asked for, where HTTP/2 would mix them.
    turn: Option<Arc<Mutex<()>>>,
}

impl Http {
    /// Trusts only the data center's own root.
    ///
    /// # Errors
    /// [`LinkFault::NotTrusted`] when the credentials are not certificates and a key.
    pub(super) fn new(
        server: &str,
        credentials: &Credentials,
        manner: &Manner,
    ) -> Result<Self, LinkFault> {
        Self::over(server, &Tls::new(credentials, manner)?, manner)
    }

    /// Trusts nobody: only for fetching the root whose fingerprint stands in the enrolment code
    /// (RFC 7030 §4.1.1). No secret may travel over it.
    ///
    /// # Errors
    /// [`LinkFault::Unreachable`] when `server` is not an address.
    pub(super) fn unverified(server: &str, manner: &Manner) -> Result<Self, LinkFault> {
        Self::over(server, &Tls::unverified(manner)?, manner)
    }

    /// Over TLS that was set up before.
    ///
    /// # Errors
    /// [`LinkFault::Unreachable`] when `server` is not an address.
    pub(super) fn over(server: &str, tls: &Tls, manner: &Manner) -> Result<Self, LinkFault> {
        if !server.starts_with("https://") {
            return Err(LinkFault::Unreachable(format!(
                "{server} is not an https address"
            )));
        }
        // All services share one TLS session: only HTTP/2 is offered, and requests that are made
        // at once wait for the one connection instead of opening their own.
        let mut config = tls.config.clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .http2_prior_knowledge()
            .https_only(true);
        builder = within(builder, manner.connect, manner.exchange);
        if let Some((interval, patience)) = manner.keep_alive {
            builder = builder
                .http2_keep_alive_interval(interval)
                .http2_keep_alive_timeout(patience)
                .http2_keep_alive_while_idle(true);
        }
        if let Some(door) = &manner.door {
            builder = through(builder, door);
        }
        let client = builder
            .build()
            .map_err(|error| LinkFault::Unreachable(error.to_string()))?;
        Ok(Self {
            client,
            base: server.trim_end_matches('/').to_owned(),
            seen: tls.seen.clone(),
            owed: Arc::default(),
            turn: manner.is_slow.then(Arc::default),
        })
    }

    /// What lies above TLS alone, for tests.
    #[cfg(test)]
    pub(super) fn bare(client: reqwest::Client, base: String) -> Self {
        Self {
            client,
            base,
            seen: Seen::default(),
            owed: Arc::default(),
            turn: None,
        }
    }

    /// What it was asked and has not answered.
    pub(super) fn owed(&self) -> Arc<Owed> {
        Arc::clone(&self.owed)
    }

    /// The same, which counts there what it owes.
    pub(super) fn owing(self, owed: Arc<Owed>) -> Self {
        Self { owed, ..self }
    }

    /// The issuer of the data center's certificate, DER, as it came in the handshake.
    pub(super) fn issuer(&self) -> Option<Vec<u8>> {
        self.seen.issuer()
    }

    /// A document that goes on coming for up to `open`, once its beginning says that it will.
    ///
    /// # Errors
    /// [`LinkFault`].
    pub(super) async fn opened(
        &self,
        path: &str,
        holds: &Holdings,
        open: Duration,
    ) -> Result<reqwest::Response, LinkFault> {
        let request = self
            .client
            .get(format!("{}{path}", self.base))
            .timeout(open)
            .header(HOLDS_HEADER, holds.to_string());
        let reply = request.send().await.map_err(|error| fault(&error))?;
        if reply.status().is_success() {
            return Ok(reply);
        }
        let refused = read(reply, MAX_REPLY_BYTES, &self.owed).await.err();
        Err(refused.unwrap_or(LinkFault::Unreadable))
    }

    /// Whether the data center answers within `patience`, and from which address; any answer is
    /// one.
    pub(super) async fn answers(
        &self,
        path: &str,
        holds: &Holdings,
        patience: Duration,
    ) -> Result<Option<std::net::SocketAddr>, LinkFault> {
        let request = self
            .client
            .get(format!("{}{path}", self.base))
            .timeout(patience)
            .header(HOLDS_HEADER, holds.to_string());
        let reply = request.send().await.map_err(|error| fault(&error))?;
        Ok(reply.remote_addr())
    }

    /// A message as it goes, once it is its turn.
    async fn in_turn(&self, body: Vec<u8>) -> reqwest::Body {
        match &self.turn {
            Some(turn) => leaving(body, Arc::clone(turn).lock_owned().await),
            None => body.into(),
        }
    }

    /// Exchanges one request for its reply.
    pub(super) async fn exchanged(&self, request: LinkRequest, holds: &Holdings) -> Answered {
        let _asked = self.owed.ask(request.length());
        let (part, limit) = match &request {
            LinkRequest::FetchPart { from, end, .. } => (Some((*from, *end)), MAX_REPLY_BYTES),
            LinkRequest::Fetch { limit, .. } => (None, MAX_REPLY_BYTES.min(*limit)),
            LinkRequest::Send { .. } => (None, MAX_REPLY_BYTES),
        };
        let request = match request {
            LinkRequest::Fetch { path, .. } => self.client.get(format!("{}{path}", self.base)),
            LinkRequest::FetchPart { path, from, end } => self
                .client
                .get(format!("{}{path}", self.base))
                .header(RANGE, range(from, end)),
            LinkRequest::Send { path, body } => self
                .client
                .post(format!("{}{path}", self.base))
                .header(reqwest::header::CONTENT_TYPE, CBOR_MEDIA_TYPE)
                .body(self.in_turn(body).await),
        };
        let request = request.header(HOLDS_HEADER, holds.to_string());
        match request.send().await {
            Ok(reply) => {
                self.owed.hear();
                Answered {
                    due: word(&reply),
                    reply: match part {
                        Some((from, end)) => read_part(reply, from, end, &self.owed).await,
                        None => read(reply, limit, &self.owed).await,
                    },
                }
            }
            Err(error) => fault(&error).into(),
        }
    }
}

/// A message that lets the next one on the line when it is there itself.
fn leaving(body: Vec<u8>, turn: OwnedMutexGuard<()>) -> reqwest::Body {
    reqwest::Body::wrap_stream(stream::once(async move {
        drop(turn);
        Ok::<_, Infallible>(body)
    }))
}

#[cfg(unix)]
fn through(builder: reqwest::ClientBuilder, door: &LineDoor) -> reqwest::ClientBuilder {
    builder.unix_socket(door.0.as_path())
}

#[cfg(windows)]
fn through(builder: reqwest::ClientBuilder, door: &LineDoor) -> reqwest::ClientBuilder {
    builder.windows_named_pipe(door.0.as_os_str())
}

/// A client whose connections and exchanges take so long at most, also when the reply drips.
pub(super) fn within(
    client: reqwest::ClientBuilder,
    connect: Duration,
    exchange: Duration,
) -> reqwest::ClientBuilder {
    client
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .timeout(exchange)
        .user_agent(concat!("pennyblack/", env!("CARGO_PKG_VERSION")))
}

/// A range of bytes as HTTP asks for it: the last byte is named, not the one after it.
fn range(from: u64, end: u64) -> String {
    format!("bytes={from}-{}", end.saturating_sub(1))
}

/// Reads a part of a document, or a refusal. A whole document is not the part that was asked for.
async fn read_part(
    reply: reqwest::Response,
    from: u64,
    end: u64,
    owed: &Owed,
) -> Result<Vec<u8>, LinkFault> {
    if !reply.status().is_success() {
        return read(reply, MAX_REPLY_BYTES, owed).await;
    }
    let begins = format!("bytes {from}-{}/", end.saturating_sub(1));
    let is_the_part = reply.status() == StatusCode::PARTIAL_CONTENT
        && reply
            .headers()
            .get(CONTENT_RANGE)
            .is_some_and(|said| said.as_bytes().starts_with(begins.as_bytes()));
    let length = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX);
    if !is_the_part || length > MAX_REPLY_BYTES {
        return Err(LinkFault::Unreadable);
    }
    let body = read_body(reply, length, owed).await?;
    if body.len() == length {
        Ok(body)
    } else {
        Err(LinkFault::Broken("the reply ended early".to_owned()))
    }
}

/// The word of the data center's monitor. Every reply is one: nothing in it means nothing is due.
fn word(reply: &reqwest::Response) -> Option<Due> {
    match reply.headers().get(DUE_HEADER) {
        None => Some(Due::default()),
        Some(line) => line.to_str().ok()?.parse().ok(),
    }
}

/// Reads a reply of up to `limit` bytes, or a refusal.
async fn read(reply: reqwest::Response, limit: usize, owed: &Owed) -> Result<Vec<u8>, LinkFault> {
    let refused = !reply.status().is_success();
    let limit = if refused { MAX_PROBLEM_BYTES } else { limit };
    let problem = reply
        .headers()
        .get(reqwest::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(PROBLEM_MEDIA_TYPE.as_bytes()));
    let body = read_body(reply, limit, owed).await?;
    match (refused, problem) {
        (false, _) => Ok(body),
        (true, true) => {
            let problem: Problem =
                serde_json::from_slice(&body).map_err(|_| LinkFault::Unreadable)?;
            Err(LinkFault::Refused(Box::new(problem)))
        }
        (true, false) => Err(LinkFault::Unreadable),
    }
}

fn provider(is_slow: bool) -> Arc<CryptoProvider> {
    if is_slow {
        crypto::short_keys()
    } else {
        crypto::provider()
    }
}

/// The start of every TLS configuration: version 1.3, the one provider.
fn tls13(
    is_slow: bool,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, LinkFault> {
    ClientConfig::builder_with_provider(provider(is_slow))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| LinkFault::NotTrusted)
}

/// Reads a body up to `limit` bytes.
async fn read_body(
    mut reply: reqwest::Response,
    limit: usize,
    owed: &Owed,
) -> Result<Vec<u8>, LinkFault> {
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| fault(&error))? {
        owed.hear();
        if body.len() + chunk.len() > limit {
            return Err(LinkFault::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Sorts a failure by what it means for the request: not sent, perhaps sent, or not trusted.
pub(super) fn fault(error: &reqwest::Error) -> LinkFault {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if text.contains("invalid peer certificate") || text.contains("certificate verify") {
            return LinkFault::NotTrusted;
        }
        reason = text;
        source = cause.source();
    }
    if error.is_connect() {
        LinkFault::Unreachable(reason)
    } else {
        LinkFault::Broken(reason)
    }
}
