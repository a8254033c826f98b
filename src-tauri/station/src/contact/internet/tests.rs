//! What a data center that means no good, or a box in between, can do to the station's own link: its
//! replies are read no further than they may be, for no longer than they may take, and since when that
//! is stands in the status.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use shared::monitor::Holdings;
use shared::services::ServiceId;

use super::super::http::{Http, within};
use super::Internet;
use crate::contact::exchange::exchange;
use crate::contact::link::{Link, LinkFault, LinkRequest};
use crate::services::repository::{standing, tests::desk};
use crate::services::{self, Asked};
use crate::station::fixture::{START, runtime};

/// How long an exchange takes here at most.
const TIME: Duration = Duration::from_secs(2);

/// How often a part is repeated in a reply that does not end.
const ENDLESS: usize = 1_000_000;

/// A link to a data center that answers every request with these bytes, one part after each pause.
/// What is under test begins above TLS, so there is none.
fn link(
    parts: impl Iterator<Item = Vec<u8>> + Clone + Send + 'static,
    pause: Duration,
) -> Internet {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((mut line, _)) = listener.accept() {
            let parts = parts.clone();
            thread::spawn(move || {
                drop(line.read(&mut [0; 4_096]));
                for part in parts {
                    if line.write_all(&part).is_err() {
                        return;
                    }
                    thread::sleep(pause);
                }
            });
        }
    });
    // A second one in this process is the same.
    drop(rustls::crypto::CryptoProvider::install_default(
        rustls::crypto::aws_lc_rs::default_provider(),
    ));
    let client = within(reqwest::Client::builder(), TIME, TIME)
        .build()
        .unwrap();
    Internet(Http::bare(client, base))
}

fn head(status: &str, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{more}\r\n").into_bytes()
}

/// A whole reply.
fn reply(body: &[u8]) -> Vec<u8> {
    let length = format!("content-length: {}\r\n", body.len());
    [head("200 OK", &length).as_slice(), body].concat()
}

/// A part of a document: which bytes it says that it is, how many, and what comes.
fn part(range: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let more = format!("content-range: {range}\r\ncontent-length: {length}\r\n");
    [head("206 Partial Content", &more).as_slice(), body].concat()
}

fn once(reply: Vec<u8>) -> Internet {
    link(std::iter::once(reply), Duration::ZERO)
}

fn dripping() -> Internet {
    let begun = std::iter::once(head("200 OK", "content-length: 1000\r\n"));
    let drops = std::iter::repeat_n(b"x".to_vec(), 1_000);
    link(begun.chain(drops), Duration::from_millis(30))
}

fn endless() -> Internet {
    let begun = std::iter::once(head("200 OK", ""));
    let rest = std::iter::repeat_n(vec![b'x'; 4_096], ENDLESS);
    link(begun.chain(rest), Duration::ZERO)
}

fn ask(link: &Internet, request: LinkRequest) -> Result<Vec<u8>, LinkFault> {
    let answered = runtime().block_on(link.exchange(request, &Holdings::default()));
    answered.reply
}

fn document(limit: usize) -> LinkRequest {
    LinkRequest::Fetch {
        path: "/v1/document".to_owned(),
        limit,
    }
}

fn range(from: u64, end: u64) -> LinkRequest {
    LinkRequest::FetchPart {
        path: "/v1/target".to_owned(),
        from,
        end,
    }
}

#[test]
fn no_more_of_a_reply_is_read_than_it_may_have() {
    let body = [b'x'; 900];
    assert_eq!(ask(&once(reply(&body)), document(900)).unwrap(), body);
    let fault = ask(&once(reply(&body)), document(899)).unwrap_err();
    assert_eq!(fault, LinkFault::Unreadable);
    let begun = Instant::now();
    let fault = ask(&endless(), document(100_000)).unwrap_err();
    assert_eq!(fault, LinkFault::Unreadable);
    assert!(begun.elapsed() < TIME, "it is not read to its end");
}

#[test]
fn a_reply_that_drips_or_never_begins_is_given_up() {
    let silent = link(std::iter::repeat_n(Vec::new(), 1_000), TIME / 10);
    for link in [dripping(), silent] {
        let begun = Instant::now();
        let fault = ask(&link, document(2_000)).unwrap_err();
        assert!(matches!(fault, LinkFault::Broken(_)), "{fault}");
        assert!(begun.elapsed() < 5 * TIME);
    }
}

#[test]
fn a_part_is_just_the_one_that_was_asked_for_or_none() {
    let right = part("bytes 2-4/9", 3, b"ices");
    assert_eq!(ask(&once(right), range(2, 5)).unwrap(), b"ice");
    for (wrong, why) in [
        (part("bytes 2-4/9", 3, b"ic"), "cut"),
        (part("bytes 2-4/9", 2, b"ic"), "short"),
        (part("bytes 2-4/9", 4, b"ices"), "long"),
        (part("bytes 1-3/9", 3, b"ric"), "another"),
        (reply(b"ice"), "the whole"),
    ] {
        let fault = ask(&once(wrong), range(2, 5)).unwrap_err();
        assert!(
            matches!(fault, LinkFault::Broken(_) | LinkFault::Unreadable),
            "{why}: {fault}"
        );
    }
}

#[test]
fn the_status_says_since_when_and_why_a_repository_does_not_come() {
    for (bad, code) in [
        (dripping(), "line_broke"),
        (endless(), "reply_not_believed"),
    ] {
        let desk = desk();
        let link: Arc<dyn Link> = Arc::new(bad);
        for _ in 0..2 {
            let begun = desk.station().apply_blocking(|owner| {
                owner.begin_contact();
                owner.set_due(ServiceId::Rates);
                let asked = Asked::default();
                services::next_request(owner, ServiceId::Rates, &asked, 0)
            });
            let request = begun.unwrap().unwrap();
            let holds = Holdings::default();
            let exchanged = exchange(desk.station(), &link, ServiceId::Rates, request, &holds);
            let fault = runtime().block_on(exchanged).taken.unwrap_err();
            assert_eq!(fault.code, code);
            let view = desk.station().apply_blocking(|owner| standing::view(owner));
            let stopped = view.unwrap().unwrap().stopped.unwrap();
            assert_eq!((stopped.code.as_str(), stopped.since), (code, START.0));
            desk.pass_seconds(60);
        }
    }
}
