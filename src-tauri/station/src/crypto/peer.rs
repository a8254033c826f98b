//! Who is at the other end of a TLS session: whoever asks judges the certificate, and the signature
//! that proves its key is checked here, the same way for everybody.

use std::fmt;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};

/// What a server shows of itself in a handshake.
#[derive(Debug)]
pub(crate) struct Showing<'a> {
    /// Its own certificate.
    pub(crate) leaf: &'a CertificateDer<'a>,
    /// Those that came with it.
    pub(crate) others: &'a [CertificateDer<'a>],
    /// What it was called by.
    pub(crate) name: &'a ServerName<'a>,
    pub(crate) now: UnixTime,
}

/// Lets `judge` say who is believed. A session stands only with whoever has the key of the
/// certificate that was judged; which versions of TLS are spoken is the configuration's matter.
pub(crate) struct Peer<J> {
    judge: J,
    authorities: Option<Vec<DistinguishedName>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl<J> Peer<J>
where
    J: Fn(&Showing<'_>) -> Result<(), rustls::Error> + Send + Sync,
{
    /// Whoever `judge` believes.
    pub(crate) fn judged_by(judge: J) -> Self {
        Self {
            judge,
            authorities: None,
            algorithms: super::provider().signature_verification_algorithms,
        }
    }

    /// The same; the hello names these authorities as believed.
    pub(crate) fn naming(self, authorities: Option<Vec<DistinguishedName>>) -> Self {
        Self {
            authorities,
            ..self
        }
    }
}

impl<J> fmt::Debug for Peer<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("authorities", &self.authorities)
            .finish_non_exhaustive()
    }
}

impl<J> ServerCertVerifier for Peer<J>
where
    J: Fn(&Showing<'_>) -> Result<(), rustls::Error> + Send + Sync,
{
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let showing = Showing {
            leaf,
            others,
            name,
            now,
        };
        (self.judge)(&showing).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.authorities.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::PrivatePkcs8KeyDer;
    use rustls::sign::{CertifiedKey, SingleCertAndKey};
    use rustls::version::{TLS12, TLS13};
    use rustls::{
        ClientConfig, ClientConnection, ServerConfig, ServerConnection, SupportedProtocolVersion,
    };

    use super::*;

    /// Shakes hands with a server that shows the certificate of one key and signs with another, or
    /// with the same; what the client refuses it for.
    fn refused_for(
        version: &'static SupportedProtocolVersion,
        [shown, signing]: [&rcgen::KeyPair; 2],
        judged: Result<(), rustls::Error>,
    ) -> Option<rustls::Error> {
        let provider = super::super::provider();
        let params = rcgen::CertificateParams::new(vec!["peer.example".to_owned()]).unwrap();
        let certificate = params.self_signed(shown).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing.serialize_der());
        let key = provider.key_provider.load_private_key(key.into()).unwrap();
        let certified = CertifiedKey::new(vec![certificate.der().clone()], key);
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Peer::judged_by(move |_| judged.clone())))
            .with_no_client_auth();
        let name = "peer.example".try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        while client.is_handshaking() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut bytes.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut bytes = Vec::new();
            server.write_tls(&mut bytes).unwrap();
            client.read_tls(&mut bytes.as_slice()).unwrap();
            if let Err(refusal) = client.process_new_packets() {
                return Some(refusal);
            }
        }
        None
    }

    #[test]
    fn a_session_stands_only_with_whoever_is_believed_and_has_the_key_of_what_is_shown() {
        let [own, other] = [(); 2].map(|()| rcgen::KeyPair::generate().unwrap());
        for version in [&TLS12, &TLS13] {
            let believed = refused_for(version, [&own, &own], Ok(()));
            assert_eq!(believed, None, "{version:?}");
            let borrowed = refused_for(version, [&own, &other], Ok(()));
            let forged = rustls::CertificateError::BadSignature;
            let forged = rustls::Error::InvalidCertificate(forged);
            assert_eq!(borrowed, Some(forged), "{version:?}");
            let stranger = rustls::Error::General("a stranger".to_owned());
            let refused = refused_for(version, [&own, &own], Err(stranger.clone()));
            assert_eq!(refused, Some(stranger), "{version:?}");
        }
    }
}
