//! The issuer of the data center's certificate: whoever has it needs only the certificate itself, a
//! quarter of a second less over a telephone.
//!
//! It is seen in handshakes over the Internet, where it comes along. Over a slow line the hello
//! names it among the authorities that are believed; a data center that has another one by then
//! sends it after all. Belief comes from the root alone.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::DistinguishedName;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::crypto::peer::{Peer, Showing};

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
/// `known` is the issuer that is here, DER; what cannot be read is not.
pub(super) fn by_root(
    root: Arc<WebPkiServerVerifier>,
    known: Option<&[u8]>,
    seen: Seen,
) -> impl ServerCertVerifier + 'static {
    let read = known.and_then(|der| Some((der, X509Certificate::from_der(der).ok()?.1)));
    let name = |subject: &[u8]| vec![DistinguishedName::from(subject.to_vec())];
    let names = read.as_ref().map(|(_, one)| name(one.subject().as_raw()));
    let known = read.map(|(der, _)| CertificateDer::from(der.to_vec()));
    let judge = move |shown: &Showing<'_>| {
        let mut all = shown.others.to_vec();
        all.extend(known.iter().cloned());
        root.verify_server_cert(shown.leaf, &all, shown.name, &[], shown.now)?;
        if let Some(issuer) = shown.others.first() {
            seen.note(issuer);
        }
        Ok(())
    };
    Peer::judged_by(judge).naming(names)
}
