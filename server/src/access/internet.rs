//! The Internet side of the remote access server: one TLS 1.3 listener.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;

use super::AccessError;
use super::contacts::{Contacts, Renewal, Whence};
use super::dialup::{Dialup, Modem};
use crate::center::DataCenter;
use crate::services;

/// After a failed accept (no file descriptors left), so long until the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound listener that does not answer yet.
#[derive(Debug)]
pub struct Internet {
    contacts: Arc<Contacts>,
    listener: TcpListener,
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
        let contacts = Arc::new(Contacts::new(center, router)?);
        Ok(Self { contacts, listener })
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
        self.contacts.renewal()
    }

    /// Begins to answer telephone lines as well. What comes over them meets the same TLS and the
    /// same services, at the listener's port and at that of HTTPS, and reaches nothing else.
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn answer(&self, modems: Vec<Modem>) -> Result<Dialup, AccessError> {
        Dialup::answer(&self.contacts, modems, self.address()?.port())
    }

    /// Serves until `stop` is ready, then lets the requests under way end.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = self.accept() => accepted,
            };
            let (permit, stream, address) = accepted;
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%address, %error, "no delay could not be set");
            }
            self.contacts
                .meet(permit, stream, Whence::Internet(address));
        }
        drop(self.listener);
        self.contacts.close().await;
    }

    async fn accept(&self) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
        let permit = self.contacts.room().await;
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
