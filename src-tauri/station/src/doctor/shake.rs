//! The encrypted part of the way: whose certificate is shown, and whether the data center answers.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use shared::clock::UnixSeconds;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::observed::{Answer, Place, Shown, TlsFault};
use super::way;
use crate::crypto;
use crate::crypto::peer::{Peer, Showing};

/// What is asked for: the document that proves itself and that anybody may have.
const QUESTION_PATH: &str = "/v1/keys/trust";

/// A session whose other end was looked at and not believed.
pub(super) type Session = StreamOwned<ClientConnection, TcpStream>;

/// Makes a session and says whose certificate was shown. Nothing that must be believed travels in
/// it.
pub(super) fn shake(
    mut stream: TcpStream,
    place: &Place,
    root: Option<&[u8]>,
) -> Result<(Session, Shown), TlsFault> {
    let name = ServerName::try_from(place.host.clone())
        .map_err(|_| TlsFault::Other("the address names no host".to_owned()))?;
    let witness = Arc::new(Witness::new(root)?);
    let judge = Arc::clone(&witness);
    let anybody = Peer::judged_by(move |shown| {
        judge.look(shown);
        Ok(())
    });
    let config = ClientConfig::builder_with_provider(crypto::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| TlsFault::Other(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(anybody))
        .with_no_client_auth();
    let mut session = ClientConnection::new(Arc::new(config), name)
        .map_err(|error| TlsFault::Other(error.to_string()))?;
    while session.is_handshaking() {
        session
            .complete_io(&mut stream)
            .map_err(|error| fault(&error))?;
    }
    let shown = witness.shown();
    Ok((StreamOwned::new(session, stream), shown))
}

/// Asks the other end for a document and reads what it says of it.
pub(super) fn ask(mut session: Session, place: &Place) -> Result<Answer, TlsFault> {
    let question = format!(
        "GET {QUESTION_PATH} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        place.authority()
    );
    let asked = session.write_all(question.as_bytes());
    let head = asked.and_then(|()| way::head(&mut session));
    let head = head.map_err(|error| fault(&error))?;
    Ok(Answer {
        status: way::status(&head).ok_or(TlsFault::Plain)?,
        date: way::header(&head, "date").and_then(instant),
    })
}

/// The instant of a `Date` header (RFC 9110 §5.6.7).
fn instant(text: &str) -> Option<UnixSeconds> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(UnixSeconds(zoned.timestamp().as_second()))
}

fn fault(error: &std::io::Error) -> TlsFault {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(rustls::Error::InvalidMessage(_)) = of_tls {
        return TlsFault::Plain;
    }
    let kind = error.kind();
    let is_silent = matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock);
    let is_cut = matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
    );
    if is_silent {
        TlsFault::Silent
    } else if is_cut {
        TlsFault::Cut
    } else {
        TlsFault::Other(error.to_string())
    }
}

/// Accepts every certificate and remembers what the data center's root says of it.
#[derive(Debug)]
struct Witness {
    judge: Option<Arc<WebPkiServerVerifier>>,
    shown: Mutex<Shown>,
}

impl Witness {
    fn new(root: Option<&[u8]>) -> Result<Self, TlsFault> {
        let judge = root.map(|root| {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from(root))
                .map_err(|error| TlsFault::Other(error.to_string()))?;
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), crypto::provider())
                .build()
                .map_err(|error| TlsFault::Other(error.to_string()))
        });
        Ok(Self {
            judge: judge.transpose()?,
            shown: Mutex::new(Shown::Unjudged),
        })
    }

    fn shown(&self) -> Shown {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }

    fn look(&self, showing: &Showing<'_>) {
        let judged = self.judged(showing);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = judged;
    }

    fn judged(&self, showing: &Showing<'_>) -> Shown {
        let Some(judge) = &self.judge else {
            return Shown::Unjudged;
        };
        let &Showing {
            leaf,
            others,
            name,
            now,
        } = showing;
        match judge.verify_server_cert(leaf, others, name, &[], now) {
            Ok(_) => Shown::Own,
            Err(rustls::Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            )) => validity(leaf),
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Shown::OtherName,
            Err(_) => Shown::Foreign(issuer(leaf)),
        }
    }
}

fn validity(leaf: &CertificateDer<'_>) -> Shown {
    match X509Certificate::from_der(leaf) {
        Ok((_, certificate)) => Shown::OutOfTime {
            from: UnixSeconds(certificate.validity().not_before.timestamp()),
            until: UnixSeconds(certificate.validity().not_after.timestamp()),
        },
        Err(_) => Shown::Foreign(issuer(leaf)),
    }
}

/// Who issued a certificate, as it says itself.
fn issuer(leaf: &CertificateDer<'_>) -> String {
    let unknown = || "somebody who does not say who".to_owned();
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else {
        return unknown();
    };
    let issuer = certificate.issuer();
    let common = issuer.iter_common_name().next();
    let named = common.or_else(|| issuer.iter_organization().next());
    named
        .and_then(|name| name.as_str().ok())
        .map_or_else(unknown, str::to_owned)
}
