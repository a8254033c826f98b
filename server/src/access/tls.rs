//! TLS as stations meet it: version 1.3 only, our own certificate, the station CA only.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{
    ClientHello, ResolvesServerCert, ServerSessionMemoryCache, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{RootCertStore, ServerConfig};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::AccessError;
use crate::ca::TlsIdentity;
use crate::center::DataCenter;
use crate::clock::Clock;

/// Sessions that can be resumed: enough that the many on the Internet do not push out those of
/// stations that call once a day. Each takes about a kilobyte.
const SESSIONS_MAX: usize = 16_384;

/// Tickets for each handshake: a station keeps one session and gets the next ticket with it, and
/// each is a hundred bytes in front of the first reply.
const TICKETS: usize = 1;

/// The certificate that is shown, exchanged without a restart when it is renewed.
#[derive(Debug)]
pub(super) struct Shown(RwLock<Arc<Certificates>>);

/// The same certificate for those who have its issuer and for those who do not.
#[derive(Debug)]
struct Certificates {
    chain: Arc<CertifiedKey>,
    leaf: Arc<CertifiedKey>,
    /// The name of the issuer, DER.
    issuer: Vec<u8>,
}

impl Shown {
    pub(super) fn new(identity: TlsIdentity) -> Result<Self, AccessError> {
        Ok(Self(RwLock::new(Arc::new(Certificates::new(identity)?))))
    }

    pub(super) fn replace(&self, identity: TlsIdentity) -> Result<(), AccessError> {
        let certificates = Arc::new(Certificates::new(identity)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certificates;
        Ok(())
    }
}

impl ResolvesServerCert for Shown {
    /// Whoever names the issuer among the authorities it believes has its certificate: over a slow
    /// line only the leaf is sent then.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificates = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let has_issuer = hello.certificate_authorities().is_some_and(|names| {
            let mut names = names.iter().map(AsRef::<[u8]>::as_ref);
            names.any(|name| name == certificates.issuer)
        });
        Some(Arc::clone(if has_issuer {
            &certificates.leaf
        } else {
            &certificates.chain
        }))
    }
}

impl Certificates {
    fn new(identity: TlsIdentity) -> Result<Self, AccessError> {
        let TlsIdentity { chain, key } = identity;
        let issuer = chain.get(1).and_then(|issuer| {
            let (_, read) = X509Certificate::from_der(issuer).ok()?;
            Some(read.subject().as_raw().to_vec())
        });
        let leaf: Vec<_> = chain.first().cloned().into_iter().collect();
        Ok(Self {
            leaf: certified(leaf, key.clone_key())?,
            chain: certified(chain, key)?,
            issuer: issuer.unwrap_or_default(),
        })
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, AccessError> {
    let provider = aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider)
        .map(Arc::new)
        .map_err(AccessError::Tls)
}

/// The data center's clock, so that a simulation also turns the time of handshakes.
#[derive(Debug)]
struct HandshakeTime(Arc<dyn Clock>);

impl TimeProvider for HandshakeTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}

/// A station's certificate is optional at the handshake, because enrolment and the doors have
/// none; one that is shown must chain to a station CA of ours and to no other.
pub(super) fn config(center: &DataCenter, shown: Arc<Shown>) -> Result<ServerConfig, AccessError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for authority in center.authority().station_authorities(center.now()) {
        roots
            .add(CertificateDer::from(authority))
            .map_err(AccessError::Tls)?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(AccessError::Verifier)?;
    let time = Arc::new(HandshakeTime(Arc::clone(center.clock())));
    let mut config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(AccessError::Tls)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(shown);
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    config.send_tls13_tickets = TICKETS;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
