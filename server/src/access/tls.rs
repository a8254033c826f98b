//! TLS as stations meet it: version 1.3 only, our own certificate, the station CA only.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{RootCertStore, ServerConfig};

use super::AccessError;
use crate::ca::TlsIdentity;
use crate::center::DataCenter;
use crate::clock::Clock;

/// The certificate that is shown, exchanged without a restart when it is renewed.
#[derive(Debug)]
pub(super) struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    pub(super) fn new(identity: TlsIdentity) -> Result<Self, AccessError> {
        Ok(Self(RwLock::new(certified(identity)?)))
    }

    pub(super) fn replace(&self, identity: TlsIdentity) -> Result<(), AccessError> {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certified(identity)?;
        Ok(())
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(
            &self.0.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

fn certified(identity: TlsIdentity) -> Result<Arc<CertifiedKey>, AccessError> {
    let provider = aws_lc_rs::default_provider();
    CertifiedKey::from_der(identity.chain, identity.key, &provider)
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
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
