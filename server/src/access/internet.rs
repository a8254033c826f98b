//! The Internet side of the remote access server: one TLS 1.3 listener.
//!
//! Every stage of a contact has a limit: how many stand open, how long a handshake may take, how
//! long headers may be and take, how long a request may take. A contact that breaks a limit is
//! closed alone.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use super::tls::{self, Shown};
use super::{AccessError, Caller};
use crate::ca::StationCertificate;
use crate::center::DataCenter;
use crate::services;

/// Contacts that may stand open at once; more wait in the system's queue.
const CONTACTS_MAX: usize = 12_000;

/// A handshake must be over by then: a modem line needs about two seconds.
const HANDSHAKE_TIME: Duration = Duration::from_secs(20);

/// The headers of a request must be in by then; an idle HTTP/1 contact is closed by it too.
const HEADER_TIME: Duration = Duration::from_secs(60);

/// An idle HTTP/2 contact is asked so often whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(300);

/// A contact that does not answer a ping by then is closed.
const PING_TIME: Duration = Duration::from_secs(30);

/// At shutdown, requests under way may take so long to end.
const LAST_REQUESTS_TIME: Duration = Duration::from_secs(10);

/// After a failed accept (no file descriptors left), so long until the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The largest header block, bytes.
const HEADERS_MAX: u32 = 16 * 1_024;

/// Requests at once in one contact: all services and some to spare.
const STREAMS_MAX: u32 = 64;

/// A bound listener that does not answer yet.
#[derive(Debug)]
pub struct Internet {
    center: Arc<DataCenter>,
    listener: TcpListener,
    handshakes: Handshakes,
    shown: Arc<Shown>,
    router: Router,
}

/// Exchanges the TLS certificate of a listener that is serving.
#[derive(Clone, Debug)]
pub struct Renewal {
    center: Arc<DataCenter>,
    shown: Arc<Shown>,
}

impl Renewal {
    /// Shows the TLS certificate of the folder, issued anew when that was due.
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn renew(&self) -> Result<(), AccessError> {
        self.shown
            .replace(self.center.authority().tls_identity(self.center.now())?)
    }
}

/// What handshakes rest on, made anew when a CA takes over: the next contact already meets it.
/// Sessions that could have been resumed end with it.
#[derive(Debug)]
struct Handshakes(Mutex<(u64, Arc<rustls::ServerConfig>)>);

impl Handshakes {
    fn new(center: &DataCenter, shown: &Arc<Shown>) -> Result<Self, AccessError> {
        let generation = center.authority().generation();
        let config = Arc::new(tls::config(center, Arc::clone(shown))?);
        Ok(Self(Mutex::new((generation, config))))
    }

    fn acceptor(&self, center: &DataCenter, shown: &Arc<Shown>) -> TlsAcceptor {
        let generation = center.authority().generation();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != generation {
            match made_anew(center, shown) {
                Ok(config) => *held = (generation, config),
                // The next contact tries again; this one is met as before.
                Err(error) => tracing::error!(%error, "the new CA is not in handshakes yet"),
            }
        }
        TlsAcceptor::from(Arc::clone(&held.1))
    }
}

fn made_anew(
    center: &DataCenter,
    shown: &Arc<Shown>,
) -> Result<Arc<rustls::ServerConfig>, AccessError> {
    shown.replace(center.authority().tls_identity(center.now())?)?;
    tls::config(center, Arc::clone(shown)).map(Arc::new)
}

impl Internet {
    /// Takes the address; port 0 takes any that is free.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn bind(center: Arc<DataCenter>, address: SocketAddr) -> Result<Self, AccessError> {
        let router = services::router(Arc::clone(&center));
        Self::bind_for(center, address, router).await
    }

    /// Takes the address for other routes than the services'.
    pub(super) async fn bind_for(
        center: Arc<DataCenter>,
        address: SocketAddr,
        router: Router,
    ) -> Result<Self, AccessError> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| AccessError::Bind { address, source })?;
        let identity = center.authority().tls_identity(center.now())?;
        let shown = Arc::new(Shown::new(identity)?);
        let handshakes = Handshakes::new(&center, &shown)?;
        Ok(Self {
            router,
            center,
            listener,
            handshakes,
            shown,
        })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// [`AccessError::Address`].
    pub fn address(&self) -> Result<SocketAddr, AccessError> {
        self.listener.local_addr().map_err(AccessError::Address)
    }

    /// What exchanges the TLS certificate while the listener serves.
    #[must_use]
    pub fn renewal(&self) -> Renewal {
        Renewal {
            center: Arc::clone(&self.center),
            shown: Arc::clone(&self.shown),
        }
    }

    /// Serves until `stop` is ready, then lets the requests under way end.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let room = Arc::new(Semaphore::new(CONTACTS_MAX));
        let graceful = GracefulShutdown::new();
        let mut contacts = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = self.accept(&room) => accepted,
            };
            let (permit, stream, address) = accepted;
            let contact = Contact {
                acceptor: self.handshakes.acceptor(&self.center, &self.shown),
                router: self.router.clone(),
                watcher: graceful.watcher(),
                address,
            };
            contacts.spawn(async move {
                contact.serve(stream).await;
                drop(permit);
            });
            while contacts.try_join_next().is_some() {}
        }
        drop(self.listener);
        self.center.monitor().hub().close();
        if timeout(LAST_REQUESTS_TIME, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some requests did not end in time and were broken off");
        }
        contacts.shutdown().await;
    }

    async fn accept(
        &self,
        room: &Arc<Semaphore>,
    ) -> (tokio::sync::OwnedSemaphorePermit, TcpStream, SocketAddr) {
        let permit = Arc::clone(room)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => return (permit, stream, address),
                Err(error) => {
                    tracing::warn!(%error, "a contact could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// One contact from its first byte.
struct Contact {
    acceptor: TlsAcceptor,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
    address: SocketAddr,
}

impl Contact {
    async fn serve(self, stream: TcpStream) {
        let address = self.address;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%address, %error, "no delay could not be set");
        }
        let stream = match timeout(HANDSHAKE_TIME, self.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%address, %error, "the handshake failed");
                return;
            }
            Err(_) => {
                tracing::debug!(%address, "the handshake took too long");
                return;
            }
        };
        let caller = Caller {
            address,
            certificate: shown_certificate(&stream).map(Arc::new),
        };
        let service = self.router.map_request(move |mut request: Request<_>| {
            request.extensions_mut().insert(caller.clone());
            request
        });
        let builder = builder();
        let connection =
            builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%address, error, "the contact ended badly");
        }
    }
}

/// The certificate of the handshake; its chain was checked there.
fn shown_certificate(stream: &TlsStream<TcpStream>) -> Option<StationCertificate> {
    let (_, connection) = stream.get_ref();
    StationCertificate::read(connection.peer_certificates()?.first()?)
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let headers_max = usize::try_from(HEADERS_MAX).expect("16 KiB fit into any usize");
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(headers_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADERS_MAX)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIME);
    builder
}
