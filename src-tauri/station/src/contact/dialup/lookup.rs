//! Where the data center is on the other side of a call.
//!
//! Behind the data center's own lines it is the access server itself; behind another's or a
//! carrier's it has a name, which is asked for over the call (RFC 1035, over TCP as RFC 7766 has
//! it). An answer is no proof: TLS shows who is there.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use shared::call::{Caller, LiveCall};
use shared::ppp::Up;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::stream::CallStream;
use crate::crypto;

/// The port of name servers.
const DNS: u16 = 53;
/// The port of HTTPS, which the data center's own lines lead to whatever its port on the Internet
/// is.
const HTTPS: u16 = 443;
/// How long an access server that may be the data center may take to take a stream: then the data
/// center is looked for behind it.
const OWN_TIME: Duration = Duration::from_secs(10);
/// How long one name server may take, TCP included.
const LOOKUP_TIME: Duration = Duration::from_secs(15);
/// Records looked at in an answer; a name with more addresses has enough in the first.
const MAX_RECORDS: u16 = 32;
/// Longest answer read, in bytes.
const MAX_ANSWER: u16 = 2_048;
/// An Internet address, and the Internet.
const TYPE_A: u16 = 1;
const CLASS_IN: u16 = 1;
/// Bytes of a message's header.
const HEADER: usize = 12;

/// Nobody says where the data center is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody on the other side of the call knows the address of {0}")]
pub struct NoAddress(pub String);

/// The data center on the other side of a call.
#[derive(Debug)]
pub(super) struct Target {
    call: LiveCall<Caller>,
    /// The access server, where it names itself as name server: so do the data center's own lines,
    /// and some access servers of others.
    own: Option<SocketAddrV4>,
    behind: Behind,
    /// Where it was found.
    found: Mutex<Option<SocketAddrV4>>,
}

/// Where it may be, if it is not the access server itself.
#[derive(Debug)]
struct Behind {
    server: String,
    host: String,
    port: u16,
    names: Vec<Ipv4Addr>,
    /// Where it was over the Internet last.
    kept: Option<SocketAddrV4>,
}

impl Target {
    /// Finds it, unless it seems to be the access server itself: then the first stream shows.
    pub(super) async fn of(
        call: &LiveCall<Caller>,
        up: &Up,
        server: &str,
        kept: Option<SocketAddrV4>,
    ) -> Result<Self, NoAddress> {
        let unknown = || NoAddress(server.to_owned());
        let url = Url::parse(server).map_err(|_| unknown())?;
        let behind = Behind {
            server: server.to_owned(),
            host: url.host_str().ok_or_else(unknown)?.to_owned(),
            port: url.port_or_known_default().ok_or_else(unknown)?,
            names: up.dns.clone(),
            kept,
        };
        let is_own = up.dns.contains(&up.peer);
        let own = is_own.then(|| SocketAddrV4::new(up.peer, HTTPS));
        let found = match own {
            Some(_) => None,
            None => Some(behind.find(call).await?),
        };
        Ok(Self {
            call: call.clone(),
            own,
            behind,
            found: Mutex::new(found),
        })
    }

    /// A stream to it.
    pub(super) async fn stream(&self) -> io::Result<CallStream> {
        let found = *self.found();
        if let Some(found) = found {
            return opened(&self.call, found).await;
        }
        if let Some(own) = self.own {
            let opening = tokio::time::timeout(OWN_TIME, opened(&self.call, own));
            match opening.await.map_err(io::Error::from).flatten() {
                Ok(stream) => {
                    *self.found() = Some(own);
                    return Ok(stream);
                }
                Err(fault) => tracing::debug!("the access server is not the data center: {fault}"),
            }
        }
        let found = self.behind.find(&self.call).await;
        let found = found.map_err(io::Error::other)?;
        *self.found() = Some(found);
        opened(&self.call, found).await
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Option<SocketAddrV4>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream to this address, once it is open.
async fn opened(call: &LiveCall<Caller>, to: SocketAddrV4) -> io::Result<CallStream> {
    let id = call.open(to).map_err(io::Error::other)?;
    let stream = CallStream::new(call.clone(), id);
    stream.open().await?;
    Ok(stream)
}

impl Behind {
    /// The address in the data center's own, or what a name server says; at last where it was found
    /// over the Internet.
    async fn find(&self, call: &LiveCall<Caller>) -> Result<SocketAddrV4, NoAddress> {
        if let Ok(address) = self.host.parse::<Ipv4Addr>() {
            return Ok(SocketAddrV4::new(address, self.port));
        }
        for server in &self.names {
            let asking = tokio::time::timeout(LOOKUP_TIME, ask(call, *server, &self.host));
            match asking.await {
                Ok(Ok(Some(address))) => return Ok(SocketAddrV4::new(address, self.port)),
                Ok(Ok(None)) => {}
                Ok(Err(fault)) => tracing::debug!("the name server {server} failed: {fault}"),
                Err(_) => tracing::debug!("the name server {server} did not answer"),
            }
        }
        self.kept
            .map(|kept| SocketAddrV4::new(*kept.ip(), self.port))
            .ok_or_else(|| NoAddress(self.server.clone()))
    }
}

/// Asks one name server.
async fn ask(
    call: &LiveCall<Caller>,
    server: Ipv4Addr,
    host: &str,
) -> io::Result<Option<Ipv4Addr>> {
    let number = u16::from_be_bytes(crypto::random_bytes());
    let Some(question) = question(number, host) else {
        return Ok(None);
    };
    let mut stream = opened(call, SocketAddrV4::new(server, DNS)).await?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend(question);
    stream.write_all(&message).await?;
    let length = stream.read_u16().await?.min(MAX_ANSWER);
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(address(number, &answer))
}

/// A question for the address of a host; nothing for what cannot be a name.
fn question(number: u16, host: &str) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    // Recursion is wished for; one question.
    for word in [number, 0x0100, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for label in host.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok()?;
        if !(1..=63).contains(&length) {
            return None;
        }
        message.push(length);
        message.extend(label.as_bytes());
    }
    message.push(0);
    for word in [TYPE_A, CLASS_IN] {
        message.extend(word.to_be_bytes());
    }
    // A name has at most 255 bytes (RFC 1035 §2.3.4).
    (message.len() <= HEADER + 255 + 4).then_some(message)
}

/// The first address in an answer to the question of this number.
fn address(number: u16, answer: &[u8]) -> Option<Ipv4Addr> {
    let word = |at: usize| -> Option<u16> {
        let bytes = answer.get(at..at.checked_add(2)?)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    };
    let flags = word(2)?;
    let (is_answer, is_good) = (flags & 0x8000 != 0, flags & 0x000f == 0);
    if word(0)? != number || !is_answer || !is_good {
        return None;
    }
    let mut at = HEADER;
    for _ in 0..word(4)?.min(MAX_RECORDS) {
        at = after_name(answer, at)?.checked_add(4)?;
    }
    for _ in 0..word(6)?.min(MAX_RECORDS) {
        at = after_name(answer, at)?;
        let (kind, class) = (word(at)?, word(at.checked_add(2)?)?);
        let length = usize::from(word(at.checked_add(8)?)?);
        let data = at.checked_add(10)?;
        let end = data.checked_add(length)?;
        if kind == TYPE_A && class == CLASS_IN {
            let bytes: [u8; 4] = answer.get(data..end)?.try_into().ok()?;
            return Some(Ipv4Addr::from(bytes));
        }
        at = end;
    }
    None
}

/// Where the name that begins here ends: by a zero, or by pointing elsewhere.
fn after_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = *message.get(at)?;
        match length {
            0 => return at.checked_add(1),
            1..=63 => at = at.checked_add(usize::from(length))?.checked_add(1)?,
            0xc0..=0xff => return at.checked_add(2),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer with an alias before the address, as resolvers give it.
    fn answered(number: u16) -> Vec<u8> {
        let mut message = question(number, "postage.example").unwrap();
        message[2..4].copy_from_slice(&0x8180_u16.to_be_bytes());
        message[6..8].copy_from_slice(&2_u16.to_be_bytes());
        let alias = [3, b'w', b'e', b'b', 0xc0, 12];
        message.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6]);
        message.extend(alias);
        message.extend([0xc0, 33, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
        message
    }

    #[test]
    fn the_address_behind_an_alias_is_found() {
        assert_eq!(address(7, &answered(7)), Some(Ipv4Addr::new(192, 0, 2, 7)));
    }

    #[test]
    fn an_answer_to_another_question_or_a_refusal_is_none() {
        assert_eq!(address(8, &answered(7)), None);
        let mut refused = answered(7);
        refused[3] = 0x83;
        assert_eq!(address(7, &refused), None);
        assert_eq!(address(7, &question(7, "postage.example").unwrap()), None);
    }

    #[test]
    fn what_cannot_be_a_name_is_not_asked_for() {
        for host in ["", "a..b", &"x".repeat(64), &["x"; 140].join(".")] {
            assert_eq!(question(1, host), None, "{host}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_answer_is_too_strange_to_be_read(
            cut in 0_usize..80,
            at in 0_usize..80,
            byte in proptest::prelude::any::<u8>(),
        ) {
            let mut answer = answered(7);
            if let Some(spoiled) = answer.get_mut(at) {
                *spoiled = byte;
            }
            answer.truncate(cut.max(1));
            let _address = address(7, &answer);
        }
    }
}
