//! The loopback bridge: the window's page in a browser, for machines without a web view and for
//! tests.
//!
//! Off by default; it runs only while `pennyblack-bridge` does. It listens on 127.0.0.1 only. Every
//! request must name this very host and port (else a foreign page could reach it by a name that
//! resolves to 127.0.0.1), must come from its own origin where it names one, and must carry a random
//! 128-bit token to ask anything of the station. The token travels in the address's fragment, which
//! browsers send to nobody.

mod page;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;

use crate::api::{Call, ErrorKind, Event, UiError};
use crate::crypto;
use crate::door::Door;

pub use page::Page;

/// 128 bits: not to be guessed on loopback in the life of a bridge.
const TOKEN_BYTES: usize = 16;
/// The longest call is a batch's CSV text (4 MiB in the page) as JSON.
const MAX_CALL_BYTES: usize = 8 * 1024 * 1024;

/// Why the bridge does not stand.
#[derive(Debug, thiserror::Error)]
pub enum BridgeFault {
    /// The port is taken or not allowed.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for; 0 stands for any.
        port: u16,
        /// The reason.
        source: std::io::Error,
    },
    /// The built page cannot be read.
    #[error("cannot read the page at {path}")]
    ReadPage {
        /// The file or folder.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// The page's folder holds more than a page.
    #[error("the page at {path} has more than {limit} bytes")]
    PageTooLarge {
        /// The folder.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// Serving ended.
    #[error("the bridge cannot serve")]
    Serve(#[source] std::io::Error),
}

/// A bridge that has its port and its token and serves nothing yet.
pub struct Bridge {
    listener: TcpListener,
    address: SocketAddr,
    token: String,
}

impl Bridge {
    /// Takes a loopback port; 0 takes any free one.
    ///
    /// # Errors
    /// [`BridgeFault::Listen`] when the port is not to be had.
    pub async fn bind(port: u16) -> Result<Self, BridgeFault> {
        let listen = |source| BridgeFault::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut token = [0; TOKEN_BYTES];
        crypto::random(&mut token);
        Ok(Self {
            listener,
            address,
            token: hex::encode(token),
        })
    }

    /// The address to open in a browser; whoever knows it can print.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/#{}", self.address, self.token)
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    /// [`BridgeFault::Serve`] when the listener breaks.
    pub async fn serve(self, page: Page, door: Door) -> Result<(), BridgeFault> {
        let gate = Arc::new(Gate {
            host: self.address.to_string(),
            origin: format!("http://{}", self.address),
            authorization: format!("Bearer {}", self.token),
            page,
            door,
        });
        let asking = Router::new()
            .route("/call", post(call))
            .route("/events", get(events))
            .layer(from_fn_with_state(Arc::clone(&gate), require_token));
        let router = Router::new()
            .merge(asking)
            .fallback(get(file))
            .layer(DefaultBodyLimit::max(MAX_CALL_BYTES))
            .layer(from_fn_with_state(Arc::clone(&gate), require_own_host))
            .with_state(gate);
        axum::serve(self.listener, router)
            .await
            .map_err(BridgeFault::Serve)
    }
}

struct Gate {
    host: String,
    origin: String,
    authorization: String,
    page: Page,
    door: Door,
}

/// Turns away requests by another name or from another page, and dresses every answer.
async fn require_own_host(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let mut response = match refuse_foreign(&gate, request.headers()) {
        Some(turned_away) => turned_away,
        None => next.run(request).await,
    };
    let csp = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src {}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        gate.origin
    );
    let headers = response.headers_mut();
    if let Ok(csp) = HeaderValue::from_str(&csp) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refuse_foreign(gate: &Gate, headers: &HeaderMap) -> Option<Response> {
    let is = |name: HeaderName, wanted: &str| {
        headers
            .get(name)
            .map(|value| value.as_bytes() == wanted.as_bytes())
    };
    if is(header::HOST, &gate.host) != Some(true) {
        let message = "This bridge answers to its own address only.";
        return Some(turned_away(StatusCode::FORBIDDEN, "foreign_host", message));
    }
    if is(header::ORIGIN, &gate.origin) == Some(false) {
        let message = "Another page asked for this station.";
        return Some(turned_away(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            message,
        ));
    }
    None
}

async fn require_token(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    if is_authorized(&gate, request.headers()) {
        next.run(request).await
    } else {
        turned_away(
            StatusCode::UNAUTHORIZED,
            "wrong_token",
            "This page does not hold the bridge's token.",
        )
    }
}

fn is_authorized(gate: &Gate, headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .is_some_and(|given| given.as_bytes().ct_eq(gate.authorization.as_bytes()).into())
}

fn turned_away(status: StatusCode, code: &str, message: &str) -> Response {
    let error = UiError {
        code: code.to_owned(),
        message: format!("{message} Nothing was done."),
        hint: "Open the address that pennyblack-bridge printed.".to_owned(),
        retry: false,
        kind: ErrorKind::Refused,
    };
    (status, Json(error)).into_response()
}

async fn call(State(gate): State<Arc<Gate>>, body: Bytes) -> Response {
    let call = match serde_json::from_slice::<Call>(&body) {
        Ok(call) => call,
        Err(reason) => {
            return turned_away(
                StatusCode::BAD_REQUEST,
                "unknown_call",
                &format!("The station knows no such call ({reason})."),
            );
        }
    };
    match gate.door.ask(call).await {
        Ok(view) => Json(view).into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response(),
    }
}

/// One line of JSON per event. A listener that fell behind is told to look at everything again.
async fn events(State(gate): State<Arc<Gate>>) -> Response {
    let lines = stream::unfold(gate.door.listen(), |mut heard| async move {
        let event = match heard.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => Event::Status,
            Err(RecvError::Closed) => return None,
        };
        let line = serde_json::to_string(&event).map(|json| format!("{json}\n"));
        Some((line, heard))
    });
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (headers, Body::from_stream(lines)).into_response()
}

async fn file(State(gate): State<Arc<Gate>>, uri: Uri) -> Response {
    match gate.page.file(uri.path()) {
        Some((kind, bytes)) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        None => turned_away(
            StatusCode::NOT_FOUND,
            "no_such_file",
            "The page has no such file.",
        ),
    }
}
