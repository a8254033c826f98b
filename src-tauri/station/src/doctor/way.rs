//! Going the way to the data center step by step: name, port, proxy. Blocking, each step with an end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use hyper_util::client::proxy::matcher::Matcher;

use super::observed::{NameFault, Place, PortFault, Portal, Tried};

/// How long one step may take.
pub(super) const STEP_TIME: Duration = Duration::from_secs(5);
/// How long the unencrypted port may take: it is only asked when something else failed.
const PORTAL_TIME: Duration = Duration::from_secs(3);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;
/// The longest head of an answer that is read, bytes.
pub(super) const MAX_HEAD_BYTES: usize = 8 * 1_024;
/// Where nothing is encrypted.
const PLAIN_PORT: u16 = 80;

/// A proxy and what it wants to be told.
pub(super) struct Proxy {
    pub(super) place: Place,
    /// The value of the header that opens it.
    pub(super) authorization: Option<String>,
}

/// The proxy that this computer is set to use for `place`: the same that contacts use.
pub(super) fn proxy_for(place: &Place) -> Option<Proxy> {
    let address = format!("https://{}/", place.authority()).parse().ok()?;
    let through = Matcher::from_system().intercept(&address)?;
    let host = through.uri().host()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let authorization = through.basic_auth();
    Some(Proxy {
        place: Place {
            host: host.to_owned(),
            port: through.uri().port_u16().unwrap_or(PLAIN_PORT),
        },
        authorization: authorization.and_then(|value| Some(value.to_str().ok()?.to_owned())),
    })
}

/// Does something and says how long it took.
pub(super) fn tried<T, E>(work: impl FnOnce() -> Result<T, E>) -> Tried<T, E> {
    let begun = Instant::now();
    let outcome = work();
    Tried {
        outcome,
        took: begun.elapsed(),
    }
}

/// Asks for the addresses of a name. The operating system's question has no end of its own, so it is
/// put on a thread that is left alone when the time is over.
pub(super) fn addresses(place: &Place) -> Result<Vec<SocketAddr>, NameFault> {
    let (ready, answer) = channel();
    let asked = (place.host.clone(), place.port);
    let asking = thread::Builder::new().name("name".to_owned());
    let begun = asking.spawn(move || {
        let found = asked.to_socket_addrs();
        // Nobody may be waiting any more.
        let _late = ready.send(found.map(|found| found.take(MAX_ADDRESSES).collect::<Vec<_>>()));
    });
    if begun.is_err() {
        return Err(NameFault::Silent);
    }
    match answer.recv_timeout(STEP_TIME) {
        Ok(Ok(found)) if found.is_empty() => Err(NameFault::Unknown),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(fault)) => Err(name_fault(&fault)),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(NameFault::Silent),
    }
}

/// The systems tell the two apart only in words and numbers of their own: `EAI_AGAIN` and
/// `WSATRY_AGAIN` mean that nobody answered.
fn name_fault(fault: &io::Error) -> NameFault {
    const WSATRY_AGAIN: i32 = 11_002;
    let silent = fault.raw_os_error() == Some(WSATRY_AGAIN)
        || fault.to_string().contains("Temporary failure");
    if silent {
        NameFault::Silent
    } else {
        NameFault::Unknown
    }
}

/// Opens a connection to the first address that takes it.
pub(super) fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, PortFault> {
    let mut fault = PortFault::NoWay;
    for address in addresses {
        match TcpStream::connect_timeout(address, limit) {
            Ok(stream) => return timed_out_after(stream, limit),
            Err(error) => fault = port_fault(&error),
        }
    }
    Err(fault)
}

fn timed_out_after(stream: TcpStream, limit: Duration) -> Result<TcpStream, PortFault> {
    stream
        .set_read_timeout(Some(limit))
        .and_then(|()| stream.set_write_timeout(Some(limit)))
        .map_err(|error| port_fault(&error))?;
    Ok(stream)
}

fn port_fault(error: &io::Error) -> PortFault {
    let kind = error.kind();
    let is_silent = matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock);
    let has_no_way = matches!(
        kind,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown
    );
    if kind == ErrorKind::ConnectionRefused {
        PortFault::Refused
    } else if is_silent {
        PortFault::Silent
    } else if has_no_way {
        PortFault::NoWay
    } else {
        PortFault::Other(error.to_string())
    }
}

/// Asks a proxy for a way through (RFC 9110 §9.3.6).
pub(super) fn through(
    mut stream: TcpStream,
    proxy: &Proxy,
    place: &Place,
) -> Result<TcpStream, PortFault> {
    let authority = place.authority();
    let authorization = proxy.authorization.as_ref();
    let authorization = authorization.map_or_else(String::new, |value| {
        format!("Proxy-Authorization: {value}\r\n")
    });
    let question =
        format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n");
    let asked = stream.write_all(question.as_bytes());
    let head = asked.and_then(|()| head(&mut stream));
    let head = head.map_err(|error| port_fault(&error))?;
    match status(&head) {
        Some(200..=299) => Ok(stream),
        Some(other) => Err(PortFault::Proxy(other)),
        None => Err(PortFault::Other("the proxy does not speak HTTP".to_owned())),
    }
}

/// Looks whether somebody answers in the data center's place where nothing is encrypted, and leads
/// to another host: what a network does that wants its guests to sign in first.
pub(super) fn portal(place: &Place) -> Option<Portal> {
    let plain = Place {
        port: PLAIN_PORT,
        ..place.clone()
    };
    let found = addresses(&plain).ok()?;
    let mut stream = connect(&found, PORTAL_TIME).ok()?;
    let question = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        place.host
    );
    stream.write_all(question.as_bytes()).ok()?;
    portal_in(&head(&mut stream).ok()?, place)
}

/// The host that an answer leads to, when it is another one.
pub(super) fn portal_in(head: &str, place: &Place) -> Option<Portal> {
    if !matches!(status(head), Some(300..=399 | 511)) {
        return None;
    }
    let leads = header(head, "location")?;
    let host = reqwest::Url::parse(leads).ok()?.host_str()?.to_owned();
    (host != place.host).then_some(Portal { host })
}

/// The head of an answer, up to the empty line.
pub(super) fn head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut piece = [0; 512];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut piece)?;
        if count == 0 || head.len() > MAX_HEAD_BYTES {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The status of an answer.
pub(super) fn status(head: &str) -> Option<u16> {
    let rest = head.strip_prefix("HTTP/1.")?;
    rest.split(' ').nth(1)?.trim_end().get(..3)?.parse().ok()
}

/// The value of a header of an answer.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
