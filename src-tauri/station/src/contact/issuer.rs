//! The issuer of the data center's certificate: whoever has it needs only the certificate itself, a
//! quarter of a second less over a telephone.
//!
//! It is seen in handshakes over the Internet, where it comes along. Over a slow line the hello
//! names it among the authorities that are believed; a data center that has another one by then
//! sends it after all. Belief comes from the root alone.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The issuer that came along in the last handshake, DER.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Mutex<Option<Vec<u8>>>>);

impl Seen {
    pub(super) fn issuer(&self) -> Option<Vec<u8>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, issuer: &[u8]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some(issuer.to_vec());
    }
}

/// Believes what the root has certified, with the issuer that is here or with the one that comes.
#[derive(Debug)]
pub(super) struct ByRoot {
    inner: Arc<WebPkiServerVerifier>,
    known: Option<CertificateDer<'static>>,
    names: Option<Vec<DistinguishedName>>,
    seen: Seen,
}

impl ByRoot {
    /// `known` is the issuer that is here, DER; what cannot be read is not.
    pub(super) fn new(inner: Arc<WebPkiServerVerifier>, known: Option<&[u8]>, seen: Seen) -> Self {
        let read = known.and_then(|der| Some((der, X509Certificate::from_der(der).ok()?.1)));
        let name = |subject: &[u8]| vec![DistinguishedName::from(subject.to_vec())];
        Self {
            inner,
            names: read.as_ref().map(|(_, one)| name(one.subject().as_raw())),
            known: read.map(|(der, _)| CertificateDer::from(der.to_vec())),
            seen,
        }
    }
}

impl ServerCertVerifier for ByRoot {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut all = others.to_vec();
        all.extend(self.known.iter().cloned());
        let verified = self.inner.verify_server_cert(leaf, &all, name, ocsp, now)?;
        if let Some(issuer) = others.first() {
            self.seen.note(issuer);
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.names.as_deref()
    }
}
