//! The Internet line: HTTPS with TLS 1.3 under the data center's own root, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, RANGE};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use shared::monitor::{DUE_HEADER, Due, HOLDS_HEADER, Holdings, LINE_MAX_BYTES};
use shared::wire::{CBOR_MEDIA_TYPE, MAX_PROBLEM_BYTES, PROBLEM_MEDIA_TYPE, Problem};

use super::link::{Answered, Exchange, Link, LinkFault, LinkRequest, MAX_REPLY_BYTES};
use crate::crypto;

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

/// Whom the station trusts and how it proves itself.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The data center's root, DER.
    pub root: Vec<u8>,
    /// The station's certificate, then its issuer, DER, and its private key, PKCS #8; absent
    /// before enrolment and at the doors.
    pub identity: Option<Identity>,
}

/// The station's certificate chain and private key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, then its issuer, DER.
    pub chain: Vec<Vec<u8>>,
    /// The private key, PKCS #8.
    pub key: zeroize::Zeroizing<Vec<u8>>,
}

/// The Internet line to one data center.
#[derive(Debug)]
pub struct Internet {
    client: reqwest::Client,
    base: String,
}

impl Internet {
    /// A line that trusts only the data center's own root.
    ///
    /// # Errors
    /// [`LinkFault::NotTrusted`] when the credentials are not certificates and a key.
    pub fn new(server: &str, credentials: &Credentials) -> Result<Self, LinkFault> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(credentials.root.as_slice()))
            .map_err(|_| LinkFault::NotTrusted)?;
        let builder = tls13()?.with_root_certificates(roots);
        let config = match &credentials.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = identity
                    .chain
                    .iter()
                    .map(|der| CertificateDer::from(der.clone()))
                    .collect();
                let key = PrivatePkcs8KeyDer::from(identity.key.to_vec());
                builder
                    .with_client_auth_cert(chain, key.into())
                    .map_err(|_| LinkFault::NotTrusted)?
            }
        };
        Self::with(server, config)
    }

    /// A line that trusts nobody: only for fetching the root whose fingerprint stands in the
    /// enrolment code (RFC 7030 §4.1.1). No secret may travel over it.
    ///
    /// # Errors
    /// [`LinkFault::Unreachable`] when `server` is not an address.
    pub fn unverified(server: &str) -> Result<Self, LinkFault> {
        let verifier = Arc::new(AnyServer(crypto::provider()));
        let config = tls13()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Self::with(server, config)
    }

    fn with(server: &str, mut config: ClientConfig) -> Result<Self, LinkFault> {
        if !server.starts_with("https://") {
            return Err(LinkFault::Unreachable(format!(
                "{server} is not an https address"
            )));
        }
        // All services share one TLS session: only HTTP/2 is offered, and requests that are made
        // at once wait for the one connection instead of opening their own.
        config.alpn_protocols = vec![b"h2".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .http2_prior_knowledge()
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .https_only(true);
        let client = within(client, EXCHANGE_TIMEOUT)
            .build()
            .map_err(|error| LinkFault::Unreachable(error.to_string()))?;
        Ok(Self {
            client,
            base: server.trim_end_matches('/').to_owned(),
        })
    }

    /// Opens the line on which the data center's monitor says what is due, as it comes.
    ///
    /// # Errors
    /// [`LinkFault`].
    pub async fn signals(&self, holds: &Holdings) -> Result<Signals, LinkFault> {
        let request = self
            .client
            .get(format!("{}{SIGNALS_PATH}", self.base))
            .timeout(OPEN_TIME)
            .header(HOLDS_HEADER, holds.to_string());
        let reply = request.send().await.map_err(|error| fault(&error))?;
        if !reply.status().is_success() {
            let refused = read(reply, MAX_REPLY_BYTES).await.err();
            return Err(refused.unwrap_or(LinkFault::Unreadable));
        }
        Ok(Signals {
            reply,
            begun: Vec::new(),
        })
    }

    async fn exchanged(&self, request: LinkRequest, holds: &Holdings) -> Answered {
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
                .body(body),
        };
        let request = request.header(HOLDS_HEADER, holds.to_string());
        match request.send().await {
            Ok(reply) => Answered {
                due: word(&reply),
                reply: match part {
                    Some((from, end)) => read_part(reply, from, end).await,
                    None => read(reply, limit).await,
                },
            },
            Err(error) => fault(&error).into(),
        }
    }
}

/// A client whose exchanges take so long at most, also when the reply drips.
fn within(client: reqwest::ClientBuilder, time: Duration) -> reqwest::ClientBuilder {
    client
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(time)
        .user_agent(concat!("pennyblack/", env!("CARGO_PKG_VERSION")))
}

/// A range of bytes as HTTP asks for it: the last byte is named, not the one after it.
fn range(from: u64, end: u64) -> String {
    format!("bytes={from}-{}", end.saturating_sub(1))
}

/// Reads a part of a document, or a refusal. A whole document is not the part that was asked for.
async fn read_part(reply: reqwest::Response, from: u64, end: u64) -> Result<Vec<u8>, LinkFault> {
    if !reply.status().is_success() {
        return read(reply, MAX_REPLY_BYTES).await;
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
    let body = read_body(reply, length).await?;
    if body.len() == length {
        Ok(body)
    } else {
        Err(LinkFault::Broken("the reply ended early".to_owned()))
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

/// The word of the data center's monitor. Every reply is one: nothing in it means nothing is due.
fn word(reply: &reqwest::Response) -> Option<Due> {
    match reply.headers().get(DUE_HEADER) {
        None => Some(Due::default()),
        Some(line) => line.to_str().ok()?.parse().ok(),
    }
}

/// Reads a reply of up to `limit` bytes, or a refusal.
async fn read(reply: reqwest::Response, limit: usize) -> Result<Vec<u8>, LinkFault> {
    let refused = !reply.status().is_success();
    let limit = if refused { MAX_PROBLEM_BYTES } else { limit };
    let problem = reply
        .headers()
        .get(reqwest::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(PROBLEM_MEDIA_TYPE.as_bytes()));
    let body = read_body(reply, limit).await?;
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

impl Link for Internet {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move { self.exchanged(request, &holds).await })
    }
}

/// The start of every TLS configuration: version 1.3, the one provider.
fn tls13() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, LinkFault> {
    ClientConfig::builder_with_provider(crypto::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| LinkFault::NotTrusted)
}

/// Reads a body up to `limit` bytes.
async fn read_body(mut reply: reqwest::Response, limit: usize) -> Result<Vec<u8>, LinkFault> {
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| fault(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(LinkFault::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Sorts a failure by what it means for the request: not sent, perhaps sent, or not trusted.
fn fault(error: &reqwest::Error) -> LinkFault {
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

/// Accepts any certificate whose holder has its key; see [`Internet::unverified`].
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

#[cfg(test)]
mod tests;
