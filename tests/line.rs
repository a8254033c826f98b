//! A line in memory: requests go straight to the data center's routes, and a test says what the
//! line does to them on the way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use server::access::Caller;
use server::ca::StationCertificate;
use server::center::DataCenter;
use shared::monitor::{DUE_HEADER, Due, HOLDS_HEADER, Holdings};
use shared::services::repository::news::NEWS_PATH;
use shared::wire::{CBOR_MEDIA_TYPE, Problem};
use station::contact::link::{Answered, Exchange, Link, LinkFault, LinkRequest, MAX_REPLY_BYTES};
use station::station::{Station, names};

/// The answer of a data center that tells no news of its repository in one reply: then each document and
/// content is asked for by itself.
#[must_use]
pub fn no_news(request: &LinkRequest) -> Option<Answered> {
    let problem = Problem {
        status: 404,
        code: "not_found".to_owned(),
        message: "The data center has nothing under this address.".to_owned(),
        hint: String::new(),
        retry: false,
        expected: None,
    };
    let is_asked = request.path().starts_with(NEWS_PATH);
    is_asked.then(|| LinkFault::Refused(Box::new(problem)).into())
}

/// What the line does to one exchange. A place is taken modulo what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// Nothing.
    None,
    /// The data center is not reached: not a byte is sent.
    NoLine,
    /// The request is lost.
    LoseRequest,
    /// The reply is lost.
    LoseReply,
    /// The request arrives twice.
    Twice,
    /// An earlier request of the same service arrives once more, just before this one.
    Late(usize),
    /// An earlier request of the same service arrives once more, just after this one.
    Trailing(usize),
    /// Only so many bytes of the request arrive.
    CutRequest(usize),
    /// One bit of the request is flipped.
    FlipRequest(usize),
    /// Only so many bytes of the reply arrive.
    CutReply(usize),
    /// One bit of the reply is flipped.
    FlipReply(usize),
    /// The reply to an earlier request of the same service arrives instead.
    OldReply(usize),
}

/// What became of one message that was sent.
#[derive(Clone, Debug)]
pub struct Passed {
    /// Where it went.
    pub path: String,
    /// The message as the station sent it.
    pub body: Vec<u8>,
    /// Whether a byte of it was sent.
    pub sent: bool,
    /// Whether the data center got it whole.
    pub delivered: bool,
    /// The whole reply the station got.
    pub reply: Option<Vec<u8>>,
    /// The code of the refusal the station got.
    pub refused: Option<String>,
}

/// Says what the line does to the message with this path.
pub type Plan = dyn FnMut(&str) -> Trick + Send;

/// A line between one station and its data center.
pub struct Line {
    router: Router,
    center: Arc<DataCenter>,
    station: Station,
    plan: Mutex<Box<Plan>>,
    passed: Mutex<Vec<Passed>>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    /// A line on which `past` has passed before.
    #[must_use]
    pub fn new(
        center: &Arc<DataCenter>,
        station: &Station,
        past: Vec<Passed>,
        plan: impl FnMut(&str) -> Trick + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            router: server::services::router(Arc::clone(center)),
            center: Arc::clone(center),
            station: station.clone(),
            plan: Mutex::new(Box::new(plan)),
            passed: Mutex::new(past),
        })
    }

    /// A line that does nothing to what passes.
    #[must_use]
    pub fn clean(center: &Arc<DataCenter>, station: &Station) -> Arc<Self> {
        Self::new(center, station, Vec::new(), |_| Trick::None)
    }

    /// Everything that was sent over it, and what had passed before.
    #[must_use]
    pub fn passed(&self) -> Vec<Passed> {
        self.passed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Hands one request to the data center as it is.
    ///
    /// # Errors
    /// What the data center refuses.
    pub async fn deliver(&self, request: LinkRequest) -> Result<Vec<u8>, LinkFault> {
        self.carry(request, None).await.reply
    }

    /// Hands one request over, with the word of the station's monitor.
    async fn carry(&self, request: LinkRequest, holds: Option<&Holdings>) -> Answered {
        let caller = Caller {
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            certificate: self.certificate().await.map(Arc::new),
        };
        carry(&self.router, caller, request, holds).await
    }

    /// The certificate the station shows; one that has expired is not taken at the handshake.
    async fn certificate(&self) -> Option<StationCertificate> {
        let der = self
            .station
            .apply(|owner| owner.certificate_setting(names::STATION_CERTIFICATE))
            .await
            .ok()?;
        StationCertificate::read(&der).filter(|shown| shown.not_after >= self.center.now())
    }

    /// One of the earlier messages to the same service; what was never sent cannot arrive.
    fn earlier(&self, path: &str, place: usize) -> Option<Passed> {
        let mut same = self.passed();
        same.retain(|one| one.sent && service(&one.path) == service(path));
        let count = same.len();
        (count > 0).then(|| same.swap_remove(place % count))
    }

    async fn again(&self, path: &str, place: usize) {
        if let Some(old) = self.earlier(path, place) {
            let request = LinkRequest::Send {
                path: old.path,
                body: old.body,
            };
            // Whatever is answered to it finds nobody waiting.
            drop(self.deliver(request).await);
        }
    }

    async fn send(&self, path: String, body: Vec<u8>, holds: &Holdings) -> Answered {
        let trick = (self.plan.lock().unwrap_or_else(PoisonError::into_inner))(&path);
        let (delivered, answered) = self.played(trick, &path, &body, holds).await;
        let reply = &answered.reply;
        let whole = !matches!(
            trick,
            Trick::CutReply(_) | Trick::FlipReply(_) | Trick::OldReply(_)
        );
        let passed = Passed {
            path,
            body,
            sent: trick != Trick::NoLine,
            delivered,
            reply: reply.as_ref().ok().filter(|_| whole && delivered).cloned(),
            refused: reply.as_ref().err().and_then(code_of),
        };
        self.passed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(passed);
        answered
    }

    /// Plays one trick; whether the data center got the message whole, and what the station gets.
    async fn played(
        &self,
        trick: Trick,
        path: &str,
        body: &[u8],
        holds: &Holdings,
    ) -> (bool, Answered) {
        let sent = |body: Vec<u8>| LinkRequest::Send {
            path: path.to_owned(),
            body,
        };
        let lost = || LinkFault::Broken("lost on the way".to_owned());
        match trick {
            Trick::NoLine => {
                let fault = LinkFault::Unreachable("nobody answers".to_owned());
                return (false, fault.into());
            }
            Trick::LoseRequest => return (false, lost().into()),
            Trick::CutRequest(place) => {
                return (false, self.carry(sent(cut(body, place)), Some(holds)).await);
            }
            Trick::FlipRequest(place) => {
                return (
                    false,
                    self.carry(sent(flipped(body, place)), Some(holds)).await,
                );
            }
            Trick::Twice => drop(self.deliver(sent(body.to_vec())).await),
            Trick::Late(place) => self.again(path, place).await,
            Trick::None
            | Trick::LoseReply
            | Trick::Trailing(_)
            | Trick::CutReply(_)
            | Trick::FlipReply(_)
            | Trick::OldReply(_) => {}
        }
        let old = if let Trick::OldReply(place) = trick {
            self.earlier(path, place).and_then(|old| old.reply)
        } else {
            None
        };
        let mut answered = self.carry(sent(body.to_vec()), Some(holds)).await;
        let reply = answered.reply;
        answered.reply = match trick {
            Trick::LoseReply => reply.and_then(|_| Err(lost())),
            Trick::CutReply(place) => reply.map(|reply| cut(&reply, place)),
            Trick::FlipReply(place) => reply.map(|reply| flipped(&reply, place)),
            Trick::OldReply(_) => reply.and_then(|_| old.ok_or_else(lost)),
            Trick::Trailing(place) => {
                self.again(path, place).await;
                reply
            }
            Trick::None
            | Trick::NoLine
            | Trick::LoseRequest
            | Trick::CutRequest(_)
            | Trick::FlipRequest(_)
            | Trick::Twice
            | Trick::Late(_) => reply,
        };
        if trick == Trick::LoseReply {
            answered.due = None;
        }
        (true, answered)
    }
}

impl Link for Line {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            match request {
                LinkRequest::Send { path, body } => self.send(path, body, &holds).await,
                fetch @ (LinkRequest::Fetch { .. } | LinkRequest::FetchPart { .. }) => {
                    self.carry(fetch, Some(&holds)).await
                }
            }
        })
    }
}

/// The code of a refusal.
#[must_use]
pub fn code_of(fault: &LinkFault) -> Option<String> {
    fault.problem().map(|problem| problem.code.clone())
}

/// The message with one bit flipped.
#[must_use]
pub fn flipped(message: &[u8], bit: usize) -> Vec<u8> {
    let mut message = message.to_vec();
    let bit = bit % (message.len() * 8);
    message[bit / 8] ^= 1 << (bit % 8);
    message
}

/// The beginning of a message, never the whole.
fn cut(message: &[u8], place: usize) -> Vec<u8> {
    message[..place % message.len()].to_vec()
}

/// The service a path belongs to.
fn service(path: &str) -> &str {
    match path {
        "/door/renew" => "keys",
        "/door/statement" => "funds",
        _ => path.split('/').nth(2).unwrap_or(path),
    }
}

/// Calls the data center's routes as `caller`.
///
/// # Errors
/// What the data center refuses.
pub async fn deliver(
    router: &Router,
    caller: Caller,
    request: LinkRequest,
) -> Result<Vec<u8>, LinkFault> {
    carry(router, caller, request, None).await.reply
}

/// Calls the data center's routes as `caller`, with the words of both monitors.
async fn carry(
    router: &Router,
    caller: Caller,
    request: LinkRequest,
    holds: Option<&Holdings>,
) -> Answered {
    use tower::ServiceExt as _;
    let limit = match &request {
        LinkRequest::Fetch { limit, .. } => MAX_REPLY_BYTES.min(*limit),
        LinkRequest::FetchPart { .. } | LinkRequest::Send { .. } => MAX_REPLY_BYTES,
    };
    let (mut builder, body) = match request {
        LinkRequest::Fetch { path, .. } => (Request::get(path), Body::empty()),
        LinkRequest::FetchPart { path, from, end } => {
            let range = format!("bytes={from}-{}", end.saturating_sub(1));
            (Request::get(path).header("range", range), Body::empty())
        }
        LinkRequest::Send { path, body } => {
            let builder = Request::post(path).header("content-type", CBOR_MEDIA_TYPE);
            (builder, Body::from(body))
        }
    };
    if let Some(holds) = holds {
        builder = builder.header(HOLDS_HEADER, holds.to_string());
    }
    let request = builder.extension(caller).body(body).unwrap();
    let answered = router.clone().oneshot(request).await.unwrap();
    let due = match answered.headers().get(DUE_HEADER) {
        Some(line) => line.to_str().unwrap().parse().unwrap(),
        None => Due::default(),
    };
    Answered {
        due: Some(due),
        reply: read(answered, limit).await,
    }
}

/// Reads a reply of up to `limit` bytes, or a refusal.
async fn read(answered: axum::response::Response, limit: usize) -> Result<Vec<u8>, LinkFault> {
    let refused = !answered.status().is_success();
    let limit = if refused { MAX_REPLY_BYTES } else { limit };
    let body = to_bytes(answered.into_body(), limit)
        .await
        .map_err(|_| LinkFault::Unreadable)?;
    if !refused {
        return Ok(body.to_vec());
    }
    let problem: Problem = serde_json::from_slice(&body).map_err(|_| LinkFault::Unreadable)?;
    Err(LinkFault::Refused(Box::new(problem)))
}
