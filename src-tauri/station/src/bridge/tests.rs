//! The bridge from outside: raw HTTP over loopback, so that every header is the test's own.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast;

use super::{Bridge, Page};
use crate::api::{Call, ErrorKind, Event, PrintersView, UiError, View};
use crate::door::Door;

struct Standing {
    address: SocketAddr,
    token: String,
    events: broadcast::Sender<Event>,
    _folder: tempfile::TempDir,
}

/// A bridge with a page and a station behind it that knows two calls.
async fn standing() -> Standing {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    std::fs::write(
        folder.path().join("index.html"),
        "<title>Pennyblack</title>",
    )
    .unwrap();
    std::fs::write(folder.path().join("assets/a.js"), "1").unwrap();
    std::fs::write(folder.path().join("secret"), "not part of the page").unwrap();
    let page = Page::read(folder.path()).unwrap();
    let (events, _) = broadcast::channel(2);
    let listen = events.clone();
    let door = Door::new(
        |call| async move {
            if matches!(call, Call::Printers) {
                return Ok(View::Printers(PrintersView {
                    printers: Vec::new(),
                    stocks: Vec::new(),
                    models: Vec::new(),
                }));
            }
            Err(UiError {
                code: "locked".into(),
                message: "The vault is locked. Nothing was debited.".into(),
                hint: "Contact the data center.".into(),
                retry: true,
                kind: ErrorKind::Refused,
            })
        },
        move || listen.subscribe(),
    );
    let bridge = Bridge::bind(0).await.unwrap();
    let (address, token) = (bridge.address, bridge.token.clone());
    tokio::spawn(bridge.serve(page, door));
    Standing {
        address,
        token,
        events,
        _folder: folder,
    }
}

impl Standing {
    async fn send(&self, request: String) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Sends one request with these headers and returns the whole answer.
    async fn answer(&self, first_line: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut request = format!("{first_line} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut answer = String::new();
        self.send(request)
            .await
            .read_to_string(&mut answer)
            .await
            .unwrap();
        answer
    }

    async fn call(&self, host: &str, token: &str, origin: Option<&str>, body: &str) -> String {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Host", host), ("Authorization", bearer.as_str())];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        self.answer("POST /call", &headers, body).await
    }

    fn host(&self) -> String {
        self.address.to_string()
    }
}

#[tokio::test]
async fn the_page_with_its_token_asks_and_is_answered() {
    let bridge = standing().await;
    let origin = format!("http://{}", bridge.address);
    let answer = bridge
        .call(
            &bridge.host(),
            &bridge.token,
            Some(&origin),
            r#"{"call":"printers"}"#,
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let view: serde_json::Value = serde_json::from_str(body).unwrap();
    let none = serde_json::json!({ "printers": [], "stocks": [], "models": [] });
    assert_eq!(view, none, "{answer}");
}

#[tokio::test]
async fn a_refusal_of_the_station_reaches_the_page_whole() {
    let bridge = standing().await;
    let answer = bridge
        .call(&bridge.host(), &bridge.token, None, r#"{"call":"status"}"#)
        .await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(answer.contains(r#""code":"locked""#), "{answer}");
}

#[tokio::test]
async fn a_wrong_token_is_turned_away() {
    let bridge = standing().await;
    let mut wrong = bridge.token.clone();
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);
    for token in [wrong.as_str(), "", &bridge.token[1..]] {
        let answer = bridge
            .call(&bridge.host(), token, None, r#"{"call":"printers"}"#)
            .await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    let headers = [("Host", bridge.host())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = bridge.answer("GET /events", &headers, "").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn a_name_that_resolves_to_loopback_is_turned_away_even_with_the_token() {
    let bridge = standing().await;
    let port = bridge.address.port();
    for host in [
        format!("rebound.example:{port}"),
        format!("localhost:{port}"),
        "127.0.0.1".into(),
    ] {
        let answer = bridge
            .call(&host, &bridge.token, None, r#"{"call":"printers"}"#)
            .await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{host}: {answer}");
        let page = bridge.answer("GET /", &[("Host", &host)], "").await;
        assert!(page.starts_with("HTTP/1.1 403"), "{host}: {page}");
    }
}

#[tokio::test]
async fn a_foreign_page_is_turned_away_even_with_the_token() {
    let bridge = standing().await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let answer = bridge
            .call(
                &bridge.host(),
                &bridge.token,
                Some(origin),
                r#"{"call":"printers"}"#,
            )
            .await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{origin}: {answer}");
    }
}

#[tokio::test]
async fn only_the_files_of_the_page_are_served_and_only_with_a_policy() {
    let bridge = standing().await;
    let host = bridge.host();
    let index = bridge.answer("GET /", &[("Host", &host)], "").await;
    assert!(index.contains("<title>Pennyblack</title>"), "{index}");
    assert!(
        index.contains("content-security-policy: default-src 'none'"),
        "{index}"
    );
    let script = bridge
        .answer("GET /assets/a.js", &[("Host", &host)], "")
        .await;
    assert!(script.contains("content-type: text/javascript"), "{script}");
    for path in ["/secret", "/assets/../secret", "/%2e%2e/secret", "/assets"] {
        let answer = bridge
            .answer(&format!("GET {path}"), &[("Host", &host)], "")
            .await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_call_that_is_none_is_turned_away() {
    let bridge = standing().await;
    for body in ["", "{}", r#"{"call":"rob"}"#] {
        let answer = bridge.call(&bridge.host(), &bridge.token, None, body).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

#[tokio::test]
async fn events_come_as_lines_of_json() {
    let bridge = standing().await;
    let (host, token) = (bridge.host(), &bridge.token);
    let request =
        format!("GET /events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut stream = bridge.send(request).await;
    while bridge.events.receiver_count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bridge
        .events
        .send(Event::Batch { done: 1, rows: 2 })
        .unwrap();
    let mut heard = String::new();
    let mut part = [0; 4096];
    while !heard.contains(r#"{"event":"batch","done":1,"rows":2}"#) {
        let read = stream.read(&mut part);
        let count = tokio::time::timeout(Duration::from_secs(5), read)
            .await
            .unwrap()
            .unwrap();
        assert_ne!(count, 0, "{heard}");
        heard += &String::from_utf8_lossy(&part[..count]);
    }
}

#[tokio::test]
async fn every_bridge_has_a_token_of_its_own_and_names_only_loopback() {
    let (one, other) = (
        Bridge::bind(0).await.unwrap(),
        Bridge::bind(0).await.unwrap(),
    );
    assert_ne!(one.token, other.token);
    assert_eq!(one.token.len(), 32);
    assert!(one.url().starts_with("http://127.0.0.1:"));
}
