//! What every contact meets, whichever line it comes by: TLS, then the routes of the services.
//!
//! Every stage has a limit: how many contacts stand open, how long a handshake may take, how long
//! headers may be and take, how long a request may take. A contact that breaks a limit is closed
//! alone.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use super::tls::{self, Shown};
use super::{AccessError, Caller};
use crate::ca::StationCertificate;
use crate::center::DataCenter;

/// Contacts that may stand open at once; more wait in the system's queue, or are refused a stream
/// of their telephone line.
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

/// The largest header block, bytes.
const HEADERS_MAX: u32 = 16 * 1_024;

/// Requests at once in one contact: all services and some to spare.
const STREAMS_MAX: u32 = 64;

/// Exchanges the TLS certificate that is shown to contacts.
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
struct Handshakes {
    held: Mutex<(u64, Arc<rustls::ServerConfig>)>,
    /// Held by whoever makes them anew: keys may lie on a slow token, and are worked with once.
    making: Mutex<()>,
    center: Arc<DataCenter>,
    shown: Arc<Shown>,
}

impl Handshakes {
    fn new(center: &Arc<DataCenter>, shown: &Arc<Shown>) -> Result<Self, AccessError> {
        let generation = center.authority().generation();
        let config = Arc::new(tls::config(center, Arc::clone(shown))?);
        Ok(Self {
            held: Mutex::new((generation, config)),
            making: Mutex::new(()),
            center: Arc::clone(center),
            shown: Arc::clone(shown),
        })
    }

    fn held(&self) -> MutexGuard<'_, (u64, Arc<rustls::ServerConfig>)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next handshake rests on. Key work is done where it keeps nobody else waiting.
    async fn acceptor(self: Arc<Self>) -> TlsAcceptor {
        if self.held().0 != self.center.authority().generation() {
            let this = Arc::clone(&self);
            let made = tokio::task::spawn_blocking(move || this.renew());
            if let Err(error) = made.await {
                tracing::error!(%error, "making handshakes anew broke off");
            }
        }
        TlsAcceptor::from(Arc::clone(&self.held().1))
    }

    /// Makes them anew where a CA has taken over and nobody else has done it meanwhile.
    fn renew(&self) {
        let making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.center.authority().generation();
        if self.held().0 != generation {
            match made_anew(&self.center, &self.shown) {
                Ok(config) => *self.held() = (generation, config),
                // The next contact tries again; this one is met as before.
                Err(error) => tracing::error!(%error, "the new CA is not in handshakes yet"),
            }
        }
        drop(making);
    }
}

fn made_anew(
    center: &DataCenter,
    shown: &Arc<Shown>,
) -> Result<Arc<rustls::ServerConfig>, AccessError> {
    shown.replace(center.authority().tls_identity(center.now())?)?;
    tls::config(center, Arc::clone(shown)).map(Arc::new)
}

/// Where a contact comes from.
#[derive(Clone, Debug)]
pub(super) enum Whence {
    /// An address of the Internet.
    Internet(SocketAddr),
    /// A telephone line, by its name, and the address its callers are given.
    Line(Arc<str>, Ipv4Addr),
}

impl Whence {
    const fn address(&self) -> SocketAddr {
        match self {
            Self::Internet(address) => *address,
            Self::Line(_, address) => SocketAddr::new(std::net::IpAddr::V4(*address), 0),
        }
    }
}

impl fmt::Display for Whence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet(address) => address.fmt(f),
            Self::Line(name, _) => f.write_str(name),
        }
    }
}

/// All contacts of a data center that is serving.
#[derive(Debug)]
pub(super) struct Contacts {
    center: Arc<DataCenter>,
    handshakes: Arc<Handshakes>,
    shown: Arc<Shown>,
    router: Router,
    room: Arc<Semaphore>,
    runtime: Handle,
    open: Mutex<Open>,
}

/// The contacts that stand open.
#[derive(Default)]
struct Open {
    tasks: JoinSet<()>,
    /// Nothing once the data center stops.
    graceful: Option<GracefulShutdown>,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open")
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

impl Contacts {
    /// Sets up what contacts meet. To be called in the runtime that serves them.
    pub(super) fn new(center: Arc<DataCenter>, router: Router) -> Result<Self, AccessError> {
        let identity = center.authority().tls_identity(center.now())?;
        let shown = Arc::new(Shown::new(identity)?);
        let handshakes = Arc::new(Handshakes::new(&center, &shown)?);
        Ok(Self {
            center,
            handshakes,
            shown,
            router,
            room: Arc::new(Semaphore::new(CONTACTS_MAX)),
            runtime: Handle::current(),
            open: Mutex::new(Open {
                tasks: JoinSet::new(),
                graceful: Some(GracefulShutdown::new()),
            }),
        })
    }

    /// The data center.
    pub(super) const fn center(&self) -> &Arc<DataCenter> {
        &self.center
    }

    /// Room for one more contact, waited for.
    pub(super) async fn room(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.room)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed")
    }

    /// Room for one more contact, when there is some now.
    pub(super) fn room_now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    /// What exchanges the TLS certificate.
    pub(super) fn renewal(&self) -> Renewal {
        Renewal {
            center: Arc::clone(&self.center),
            shown: Arc::clone(&self.shown),
        }
    }

    /// Meets whoever is at the other end of a stream; one that comes while the data center stops is
    /// dropped.
    pub(super) fn meet<S>(&self, permit: OwnedSemaphorePermit, stream: S, whence: Whence)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watcher) = open.graceful.as_ref().map(GracefulShutdown::watcher) else {
            return;
        };
        let contact = Contact {
            handshakes: Arc::clone(&self.handshakes),
            router: self.router.clone(),
            watcher,
            whence,
        };
        let served = async move {
            contact.serve(stream).await;
            drop(permit);
        };
        open.tasks.spawn_on(served, &self.runtime);
        while open.tasks.try_join_next().is_some() {}
    }

    /// Does something on the threads that serve contacts.
    pub(super) fn soon(&self, what: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(what);
    }

    /// Takes no contact any more, and lets the requests under way end.
    pub(super) async fn close(&self) {
        self.center.monitor().hub().close();
        let (graceful, mut tasks) = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            (open.graceful.take(), std::mem::take(&mut open.tasks))
        };
        if let Some(graceful) = graceful
            && timeout(LAST_REQUESTS_TIME, graceful.shutdown())
                .await
                .is_err()
        {
            tracing::warn!("some requests did not end in time and were broken off");
        }
        tasks.shutdown().await;
    }
}

/// One contact from its first byte.
struct Contact {
    handshakes: Arc<Handshakes>,
    router: Router,
    watcher: Watcher,
    whence: Whence,
}

impl Contact {
    async fn serve<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let whence = self.whence;
        let acceptor = self.handshakes.acceptor().await;
        let stream = match timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%whence, %error, "the handshake failed");
                return;
            }
            Err(_) => {
                tracing::debug!(%whence, "the handshake took too long");
                return;
            }
        };
        let caller = Caller {
            address: whence.address(),
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
            tracing::debug!(%whence, error, "the contact ended badly");
        }
    }
}

/// The certificate of the handshake; its chain was checked there.
fn shown_certificate<S>(stream: &TlsStream<S>) -> Option<StationCertificate> {
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
