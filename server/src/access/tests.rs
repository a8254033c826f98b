use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};
use serde_json::Value;
use shared::clock::UnixSeconds;
use shared::ids::{PsdId, StationId};
use shared::services::directory::Directory;
use shared::wire::from_cbor;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Bounded, Caller, CallingStation, DOOR_MAX, Internet, MESSAGE_MAX, Renewal};
use crate::center::{DataCenter, InitTerms};
use crate::clock::{Clock as _, HandClock};
use crate::folder::Folder;
use crate::services;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const STATION: StationId = StationId::from_bytes([5; 16]);

/// A data center that answers on loopback, with two routes more than the services have.
struct Running {
    center: Arc<DataCenter>,
    clock: Arc<HandClock>,
    address: SocketAddr,
    renewal: Renewal,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    _keep: TempDir,
}

async fn who(CallingStation(certificate): CallingStation) -> String {
    certificate.station.to_string()
}

async fn count<const MAX: usize>(_: Caller, Bounded(body): Bounded<MAX>) -> String {
    body.len().to_string()
}

impl Running {
    async fn start() -> Self {
        let keep = TempDir::new().unwrap();
        let folder = Folder::new(keep.path().join("data"));
        let clock = Arc::new(HandClock::new(NOW));
        let center = tokio::task::spawn_blocking({
            let clock = Arc::clone(&clock);
            move || {
                DataCenter::init(&folder, &InitTerms::default(), clock.as_ref()).unwrap();
                DataCenter::open(&folder, clock).unwrap()
            }
        })
        .await
        .unwrap();
        let center = Arc::new(center);
        let routes = Router::new()
            .merge(services::directory::routes())
            .merge(services::journal::routes())
            .merge(services::repository::routes())
            .route("/test/who", get(who))
            .route("/test/count", post(count::<MESSAGE_MAX>))
            .route("/test/door", post(count::<DOOR_MAX>));
        let router = services::finish(routes, Arc::clone(&center));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let internet = Internet::bind_for(Arc::clone(&center), any, router)
            .await
            .unwrap();
        let (address, renewal) = (internet.address().unwrap(), internet.renewal());
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(internet.serve(async {
            stopped.await.ok();
        }));
        Self {
            center,
            clock,
            address,
            renewal,
            stop,
            served,
            _keep: keep,
        }
    }

    fn config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        identity: Option<(Vec<u8>, KeyPair)>,
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let root = self.center.authority().root().to_vec();
        roots.add(CertificateDer::from(root)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let time = Arc::new(ClientTime(Arc::clone(&self.clock)));
        let builder = ClientConfig::builder_with_details(provider, time)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
                builder
                    .with_client_auth_cert(vec![certificate.into()], key)
                    .unwrap()
            }
        }
    }

    async fn contact(&self, config: ClientConfig) -> std::io::Result<Contact> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await?;
        Ok(Contact(stream))
    }

    async fn anonymous(&self) -> Contact {
        let config = self.config(&[&rustls::version::TLS13], None);
        self.contact(config).await.unwrap()
    }

    async fn with_certificate(&self, identity: (Vec<u8>, KeyPair)) -> std::io::Result<Contact> {
        let config = self.config(&[&rustls::version::TLS13], Some(identity));
        self.contact(config).await
    }

    fn station(&self) -> (Vec<u8>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let csr = CertificateParams::default()
            .serialize_request(&key)
            .unwrap();
        let issued = self
            .center
            .authority()
            .issue_station_certificate(csr.der(), STATION, PsdId::specimen(1), 1, NOW)
            .unwrap();
        (issued.der, key)
    }
}

#[derive(Debug)]
struct ClientTime(Arc<HandClock>);

impl rustls::time_provider::TimeProvider for ClientTime {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = u64::try_from(self.0.now().0).ok()?;
        let since = std::time::Duration::from_secs(seconds);
        Some(rustls::pki_types::UnixTime::since_unix_epoch(since))
    }
}

/// What came back.
struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
}

impl Answer {
    fn problem(&self) -> Value {
        assert!(
            self.headers.contains("application/problem+json"),
            "{}",
            self.headers
        );
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        for member in ["status", "code", "detail", "hint", "retry"] {
            assert!(!problem[member].is_null(), "{problem}");
        }
        assert_eq!(problem["status"], self.status);
        problem
    }
}

/// One HTTP/1.1 contact that is kept open.
struct Contact(TlsStream<TcpStream>);

impl Contact {
    async fn get(&mut self, path: &str) -> std::io::Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.exchange(request.as_bytes()).await
    }

    async fn post(&mut self, path: &str, length: usize) -> std::io::Result<Answer> {
        let mut request =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n")
                .into_bytes();
        request.resize(request.len() + length, b'x');
        self.exchange(&request).await
    }

    async fn exchange(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        self.0.write_all(request).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await?);
        }
        let headers = String::from_utf8(head).unwrap().to_lowercase();
        let length = headers
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(Answer {
            status: headers[9..12].parse().unwrap(),
            headers,
            body,
        })
    }
}

#[tokio::test]
async fn anyone_under_our_root_gets_certificates_health_and_directory() {
    let running = Running::start().await;
    let mut contact = running.anonymous().await;
    let bundle = contact.get("/v1/ca").await.unwrap();
    assert_eq!(bundle.status, 200);
    assert_eq!(
        String::from_utf8(bundle.body).unwrap(),
        running.center.authority().bundle(NOW)
    );
    let health = contact.get("/v1/health").await.unwrap();
    let health: Value = serde_json::from_slice(&health.body).unwrap();
    assert_eq!(health["state"], "well");
    assert_eq!(health["journal_size"], 6);
    let directory = contact.get("/v1/directory").await.unwrap();
    let directory: Directory = from_cbor(&directory.body).unwrap();
    assert_eq!(directory.data_center, running.center.id());
    assert_eq!(directory.keys, running.center.authority().center_keys());
    assert_eq!(directory.now, NOW);
}

#[tokio::test]
async fn the_head_of_the_journal_is_signed_and_anyone_can_check_it() {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    let running = Running::start().await;
    let mut contact = running.anonymous().await;
    let answer = contact.get("/v1/journal/checkpoint").await.unwrap();
    let note = String::from_utf8(answer.body).unwrap();
    let (text, signature) = note.split_once("\n\n").unwrap();
    let origin = format!("{}/journal/1", running.center.id());
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines[0], lines[1]), (origin.as_str(), "6"));
    let signature = signature.trim_end().rsplit_once(' ').unwrap().1;
    let signature = data_encoding::BASE64.decode(signature.as_bytes()).unwrap();
    let public = running.center.authority().heads().public();
    assert_eq!(
        signature[..4],
        shared::checkpoint::note_key_hash(&origin, &public)
    );
    UnparsedPublicKey::new(&ED25519, public)
        .verify(format!("{text}\n").as_bytes(), &signature[4..])
        .unwrap();
    let directory = contact.get("/v1/directory").await.unwrap();
    let directory: Directory = from_cbor(&directory.body).unwrap();
    assert_eq!(directory.heads, public);
    let proof = contact
        .get("/v1/journal/inclusion?leaf=0&size=1")
        .await
        .unwrap();
    assert_eq!((proof.status, proof.body), (200, vec![0x40]));
    for path in [
        "inclusion?leaf=1&size=1",
        "consistency?old=1&new=9",
        "inclusion",
    ] {
        let answer = contact.get(&format!("/v1/journal/{path}")).await.unwrap();
        assert_eq!(answer.problem()["code"], "not_found");
    }
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let running = Running::start().await;
    let config = running.config(&[&rustls::version::TLS12], None);
    assert!(running.contact(config).await.is_err());
    let config = running.config(&[&rustls::version::TLS13, &rustls::version::TLS12], None);
    running.contact(config).await.unwrap();
}

#[tokio::test]
async fn the_data_center_speaks_http_2_to_those_who_can() {
    let running = Running::start().await;
    let mut config = running.config(&[&rustls::version::TLS13], None);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let contact = running.contact(config).await.unwrap();
    assert_eq!(
        contact.0.get_ref().1.alpn_protocol(),
        Some(b"h2".as_slice())
    );
}

#[tokio::test]
async fn a_station_with_its_certificate_is_known_by_name() {
    let running = Running::start().await;
    let mut contact = running.with_certificate(running.station()).await.unwrap();
    let answer = contact.get("/test/who").await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, STATION.to_string().into_bytes());
}

#[tokio::test]
async fn without_a_certificate_level_l2_is_refused() {
    let running = Running::start().await;
    let mut contact = running.anonymous().await;
    let answer = contact.get("/test/who").await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.problem()["code"], "level_too_low");
}

/// In TLS 1.3 the client learns of the refusal with its first read.
async fn is_refused_at_the_handshake(running: &Running, identity: (Vec<u8>, KeyPair)) -> bool {
    match running.with_certificate(identity).await {
        Err(_) => true,
        Ok(mut contact) => contact.get("/v1/ca").await.is_err(),
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_at_the_handshake() {
    let running = Running::start().await;
    let foreign_key = KeyPair::generate().unwrap();
    let foreign = Issuer::new(CertificateParams::default(), foreign_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::default();
    let certificate = params.signed_by(&key, &foreign).unwrap().der().to_vec();
    assert!(is_refused_at_the_handshake(&running, (certificate, key)).await);

    // Our own indicium authority is not the station authority either.
    let key = KeyPair::generate().unwrap();
    let point = shared::services::keys::Point(key.public_key_raw().try_into().unwrap());
    let terms = "pennyblack:psd/5a5a303101000000?g=1&ct=0&from=0&max=0&regime=specimen"
        .parse()
        .unwrap();
    let issued = running
        .center
        .authority()
        .issue_indicium_certificate(point, &terms, 1, NOW)
        .unwrap();
    assert!(is_refused_at_the_handshake(&running, (issued.der, key)).await);
    assert!(!is_refused_at_the_handshake(&running, running.station()).await);
}

#[tokio::test]
async fn an_expired_certificate_is_refused_and_the_doors_stay_open_without_it() {
    let running = Running::start().await;
    let identity = running.station();
    let mut open = running.with_certificate(running.station()).await.unwrap();
    assert_eq!(open.get("/test/who").await.unwrap().status, 200);
    running.clock.turn_to(NOW.plus_days(31));
    let answer = open.get("/test/who").await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.problem()["code"], "certificate_expired");
    assert!(is_refused_at_the_handshake(&running, identity).await);
    let mut contact = running.anonymous().await;
    assert_eq!(contact.post("/test/door", 100).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_certificate_revoked_during_a_contact_is_refused_in_the_same_contact() {
    let running = Running::start().await;
    let identity = running.station();
    let serial = crate::ca::StationCertificate::read(&identity.0)
        .unwrap()
        .serial;
    let mut contact = running.with_certificate(identity).await.unwrap();
    assert_eq!(contact.get("/test/who").await.unwrap().status, 200);
    running.center.denied().add([serial]);
    let answer = contact.get("/test/who").await.unwrap();
    assert_eq!(answer.status, 403);
    assert_eq!(answer.problem()["code"], "certificate_revoked");
    assert_eq!(contact.get("/v1/ca").await.unwrap().status, 200);
}

/// A contact over a TLS configuration that remembers sessions, and whether it resumed one.
async fn remembering(running: &Running, config: &Arc<ClientConfig>) -> (Contact, bool) {
    let stream = TcpStream::connect(running.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::clone(config));
    let stream = connector.connect(name, stream).await.unwrap();
    let kind = stream.get_ref().1.handshake_kind();
    let resumed = kind == Some(rustls::HandshakeKind::Resumed);
    (Contact(stream), resumed)
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_in_a_resumed_session_too() {
    let running = Running::start().await;
    let identity = running.station();
    let serial = crate::ca::StationCertificate::read(&identity.0)
        .unwrap()
        .serial;
    let config = Arc::new(running.config(&[&rustls::version::TLS13], Some(identity)));
    for expected in [false, true] {
        let (mut contact, resumed) = remembering(&running, &config).await;
        assert_eq!(resumed, expected);
        assert_eq!(contact.get("/test/who").await.unwrap().status, 200);
    }
    running.center.denied().add([serial]);
    let (mut contact, resumed) = remembering(&running, &config).await;
    assert!(resumed, "the session knows nothing of the deny list");
    let answer = contact.get("/test/who").await.unwrap();
    assert_eq!(answer.status, 403);
    assert_eq!(answer.problem()["code"], "certificate_revoked");
}

#[tokio::test]
async fn a_certificate_that_expired_since_is_refused_in_a_resumed_session_too() {
    let running = Running::start().await;
    let identity = running.station();
    let config = Arc::new(running.config(&[&rustls::version::TLS13], Some(identity)));
    let (mut contact, _) = remembering(&running, &config).await;
    assert_eq!(contact.get("/test/who").await.unwrap().status, 200);
    // The client's tickets last for hours; the certificate ends in between.
    let end = NOW.plus_days(30);
    running.clock.turn_to(end.plus_seconds(-60));
    let (mut contact, _) = remembering(&running, &config).await;
    assert_eq!(contact.get("/test/who").await.unwrap().status, 200);
    running.clock.turn_to(end.plus_seconds(60));
    let (mut contact, resumed) = remembering(&running, &config).await;
    assert!(resumed);
    let answer = contact.get("/test/who").await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.problem()["code"], "certificate_expired");
}

#[tokio::test]
async fn messages_have_a_greatest_length() {
    let running = Running::start().await;
    for (path, most) in [("/test/count", MESSAGE_MAX), ("/test/door", DOOR_MAX)] {
        let mut contact = running.anonymous().await;
        let answer = contact.post(path, most).await.unwrap();
        assert_eq!(answer.body, most.to_string().into_bytes());
        let answer = contact.post(path, most + 1).await.unwrap();
        assert_eq!(answer.status, 413);
        assert_eq!(answer.problem()["code"], "too_long");
    }
}

#[tokio::test]
async fn headers_have_a_greatest_length() {
    let running = Running::start().await;
    let mut contact = running.anonymous().await;
    let long = format!(
        "GET /v1/ca HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    let answer = contact.exchange(long.as_bytes()).await;
    assert!(answer.is_err() || answer.unwrap().status == 431);
}

#[tokio::test]
async fn what_is_not_served_is_refused_as_a_problem_document() {
    let running = Running::start().await;
    let mut contact = running.anonymous().await;
    let answer = contact.get("/nowhere").await.unwrap();
    assert_eq!(
        (answer.status, &answer.problem()["code"]),
        (404, &"not_found".into())
    );
    let answer = contact.post("/v1/ca", 0).await.unwrap();
    assert_eq!(answer.status, 405);
    assert_eq!(answer.problem()["code"], "method_not_allowed");
    for name in ["00", "zz", &"0".repeat(64)] {
        let path = format!("/v1/repository/targets/rates/{name}.us.edition");
        let answer = contact.get(&path).await.unwrap();
        assert_eq!(answer.problem()["code"], "not_found", "{name}");
    }
    let timestamp = "/v1/repository/metadata/timestamp.json";
    assert_eq!(contact.get(timestamp).await.unwrap().status, 200);
}

#[tokio::test]
async fn noise_and_plain_http_end_only_their_own_contact() {
    let running = Running::start().await;
    for noise in [
        b"GET / HTTP/1.1\r\n\r\n".as_slice(),
        &[0xff; 300],
        &[0x16, 3, 1, 0xff, 0xff],
    ] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(noise).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    let mut contact = running.anonymous().await;
    assert_eq!(contact.get("/v1/ca").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_stop_lets_requests_end_and_closes_idle_contacts() {
    let running = Running::start().await;
    let mut idle = running.anonymous().await;
    idle.get("/v1/health").await.unwrap();
    running.stop.send(()).unwrap();
    running.served.await.unwrap();
    assert!(idle.get("/v1/health").await.is_err());
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn a_renewed_tls_certificate_is_shown_without_a_restart() {
    let running = Running::start().await;
    let shown = async || {
        let contact = running.anonymous().await;
        let (_, connection) = contact.0.get_ref();
        connection.peer_certificates().unwrap()[0].clone()
    };
    let first = shown().await;
    running.clock.turn_to(NOW.plus_days(80));
    assert_eq!(shown().await, first);
    running.renewal.renew().unwrap();
    assert_ne!(shown().await, first);
}

/// Believes one issuing CA of the data center, and says so in its hello.
#[derive(Debug)]
struct HasIssuer {
    inner: Arc<WebPkiServerVerifier>,
    names: Vec<DistinguishedName>,
}

impl ServerCertVerifier for HasIssuer {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(leaf, others, name, ocsp, now)
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
        Some(&self.names)
    }
}

/// What a station does on a slow line: it has the issuer of the data center's certificate, names
/// it, and offers one small key share.
fn sparing(running: &Running, issuer: &CertificateDer<'static>) -> ClientConfig {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519];
    let provider = Arc::new(provider);
    let mut roots = RootCertStore::empty();
    roots.add(issuer.clone()).unwrap();
    let names = roots.subjects();
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .unwrap();
    let time = Arc::new(ClientTime(Arc::clone(&running.clock)));
    ClientConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(HasIssuer { inner, names }))
        .with_no_client_auth()
}

#[tokio::test]
async fn who_has_the_issuer_is_shown_the_leaf_alone_and_may_bring_a_small_key_share() {
    let running = Running::start().await;
    let bundle = running.center.authority().bundle(running.center.now());
    let authorities: Vec<_> = CertificateDer::pem_slice_iter(bundle.as_bytes())
        .map(Result::unwrap)
        .collect();
    // The root, then the CAs for servers, stations and indicia.
    let shown = async |issuer: &CertificateDer<'static>| {
        let contact = running.contact(sparing(&running, issuer)).await?;
        let (_, connection) = contact.0.get_ref();
        let group = connection.negotiated_key_exchange_group().unwrap().name();
        assert_eq!(group, rustls::NamedGroup::X25519);
        std::io::Result::Ok(connection.peer_certificates().unwrap().len())
    };
    assert_eq!(shown(&authorities[1]).await.unwrap(), 1);
    // Another name does not shorten the chain.
    assert_eq!(shown(&authorities[0]).await.unwrap(), 2);
    assert!(shown(&authorities[2]).await.is_err());
    let contact = running.anonymous().await;
    let (_, connection) = contact.0.get_ref();
    assert_eq!(connection.peer_certificates().unwrap().len(), 2);
}
