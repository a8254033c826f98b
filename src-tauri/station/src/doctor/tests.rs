use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::findings::{finding, leads};
use super::observed::{Answer, NameFault, Portal};
use super::*;
use crate::api::FindingOutcome;
use crate::crypto;

const NOON: i64 = 1_795_435_200;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn took<T, E>(outcome: Result<T, E>) -> Option<Tried<T, E>> {
    Some(Tried {
        outcome,
        took: Duration::from_millis(12),
    })
}

/// A way on which everything is as it should be.
fn good() -> Observed {
    Observed {
        now: UnixSeconds(NOON),
        place: Place::of("https://center.example:8443"),
        proxy: None,
        name: took(Ok(2)),
        port: took(Ok(())),
        portal: None,
        tls: took(Ok(Shown::Own)),
        answer: took(Ok(Answer {
            status: 200,
            date: Some(UnixSeconds(NOON + 3)),
        })),
        own: Some(Validity {
            from: UnixSeconds(NOON - DAY),
            until: UnixSeconds(NOON + 20 * DAY),
        }),
    }
}

/// A way that ends at its name.
fn nameless(fault: NameFault) -> Observed {
    Observed {
        name: took(Err(fault)),
        port: None,
        tls: None,
        answer: None,
        ..good()
    }
}

/// A way that ends at its port.
fn closed(fault: PortFault) -> Observed {
    Observed {
        port: took(Err(fault)),
        tls: None,
        answer: None,
        ..good()
    }
}

/// A way that ends in its session.
fn shut(tls: Result<Shown, TlsFault>) -> Observed {
    Observed {
        tls: took(tls),
        answer: None,
        ..good()
    }
}

fn answered(status: u16, date: i64) -> Observed {
    Observed {
        answer: took(Ok(Answer {
            status,
            date: Some(UnixSeconds(date)),
        })),
        ..good()
    }
}

/// What is not as it should be, as a person reads it.
fn told(seen: &Observed) -> String {
    let findings = findings::findings(seen);
    let bad = findings
        .iter()
        .filter(|one| one.outcome != FindingOutcome::Good);
    bad.map(|one| {
        format!(
            "{:?} {}: {} {}\n",
            one.outcome, one.check, one.message, one.hint
        )
    })
    .collect()
}

#[test]
fn a_good_way_has_only_good_findings() {
    let findings = findings::findings(&good());
    let checks: Vec<&str> = findings.iter().map(|one| one.check.as_str()).collect();
    let expected = [
        "name",
        "port",
        "encryption",
        "data center",
        "clock",
        "certificate",
    ];
    assert_eq!(checks, expected);
    assert_eq!(told(&good()), "");
}

#[test]
fn each_fault_of_the_way_is_told_in_a_sentence_with_what_helps() {
    let proxy = Place::of("https://proxy.office:3128");
    let cases = [
        Observed {
            place: None,
            ..good()
        },
        nameless(NameFault::Unknown),
        nameless(NameFault::Silent),
        closed(PortFault::Refused),
        closed(PortFault::Silent),
        closed(PortFault::NoWay),
        closed(PortFault::Other("no buffers".to_owned())),
        Observed {
            proxy: proxy.clone(),
            ..closed(PortFault::Proxy(407))
        },
        Observed {
            proxy,
            ..closed(PortFault::Proxy(403))
        },
        Observed {
            portal: Some(Portal {
                host: "login.hotel.example".to_owned(),
            }),
            ..shut(Err(TlsFault::Plain))
        },
        shut(Err(TlsFault::Cut)),
        shut(Err(TlsFault::Silent)),
        shut(Err(TlsFault::Other("no common version".to_owned()))),
        shut(Ok(Shown::Foreign("Office Firewall CA".to_owned()))),
        shut(Ok(Shown::OtherName)),
        shut(Ok(Shown::Unjudged)),
        shut(Ok(Shown::OutOfTime {
            from: UnixSeconds(NOON + DAY),
            until: UnixSeconds(NOON + 90 * DAY),
        })),
        shut(Ok(Shown::OutOfTime {
            from: UnixSeconds(NOON - 90 * DAY),
            until: UnixSeconds(NOON - DAY),
        })),
        Observed {
            answer: took(Err(TlsFault::Silent)),
            ..good()
        },
        answered(503, NOON),
        answered(200, NOON + 2 * HOUR),
        answered(200, NOON - 3 * DAY),
        Observed {
            own: Some(Validity {
                from: UnixSeconds(NOON + DAY),
                until: UnixSeconds(NOON + 31 * DAY),
            }),
            ..good()
        },
        Observed {
            own: Some(Validity {
                from: UnixSeconds(NOON - 31 * DAY),
                until: UnixSeconds(NOON - DAY),
            }),
            ..good()
        },
    ];
    let all: Vec<String> = cases.iter().map(told).collect();
    assert!(all.iter().all(|told| !told.is_empty()));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn an_answer_that_takes_long_is_called_slow() {
    let mut slow = good();
    slow.answer.as_mut().unwrap().took = Duration::from_secs(4);
    assert!(told(&slow).contains("slowly"));
}

#[test]
fn only_an_https_address_leads_anywhere() {
    let place = |server| Place::of(server).map(|place| place.authority());
    assert_eq!(place("https://a.example").as_deref(), Some("a.example:443"));
    assert_eq!(place("https://[::1]:8443/x").as_deref(), Some("[::1]:8443"));
    for bad in [
        "",
        "a.example",
        "http://a.example",
        "https://",
        "https://a:99999",
    ] {
        assert_eq!(place(bad), None, "{bad}");
    }
}

#[test]
fn a_page_that_leads_to_another_host_is_a_sign_in_page() {
    let place = Place::of("https://center.example").unwrap();
    let portal = |head: &str| way::portal_in(head, &place).map(|portal| portal.host);
    let leads = |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n\r\n");
    assert_eq!(
        portal(&leads("https://login.hotel.example/?x")).as_deref(),
        Some("login.hotel.example")
    );
    assert_eq!(portal(&leads("https://center.example/")), None);
    assert_eq!(portal(&leads("/elsewhere")), None);
    assert_eq!(portal("HTTP/1.1 200 OK\r\n\r\n"), None);
    assert_eq!(portal("garbage"), None);
}

/// Does something with the first caller; the address it listens at.
fn listener(serve: impl FnOnce(TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let serving = thread::spawn(move || serve(listener.accept().unwrap().0));
    (at, serving)
}

fn place_of(at: SocketAddr) -> Place {
    Place {
        host: at.ip().to_string(),
        port: at.port(),
    }
}

/// Reads what the caller asks and answers with `text`.
fn answering(text: &'static str) -> (SocketAddr, JoinHandle<()>) {
    listener(move |mut stream| {
        let mut asked = [0; 4_096];
        let count = stream.read(&mut asked).unwrap();
        assert!(count > 0);
        stream.write_all(text.as_bytes()).unwrap();
    })
}

fn connected(at: SocketAddr) -> TcpStream {
    way::connect(&[at], Duration::from_secs(2)).unwrap()
}

fn proxy_at(at: SocketAddr) -> way::Proxy {
    way::Proxy {
        place: place_of(at),
        authorization: Some("Basic eDp5".to_owned()),
    }
}

#[test]
fn a_port_where_nothing_listens_refuses() {
    let at = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fault = way::connect(&[at], Duration::from_secs(2)).unwrap_err();
    assert_eq!(fault, PortFault::Refused);
}

#[test]
fn a_proxy_lets_through_or_says_why_not() {
    let place = Place::of("https://center.example").unwrap();
    let asks = |text| {
        let (at, serving) = answering(text);
        let outcome = way::through(connected(at), &proxy_at(at), &place).map(drop);
        serving.join().unwrap();
        outcome
    };
    assert_eq!(asks("HTTP/1.1 200 Connection established\r\n\r\n"), Ok(()));
    let wants = "HTTP/1.0 407 Authentication Required\r\nX: y\r\n\r\n";
    assert_eq!(asks(wants), Err(PortFault::Proxy(407)));
    let other = asks("SSH-2.0-other\r\n\r\n");
    assert!(matches!(other, Err(PortFault::Other(_))), "{other:?}");
}

#[test]
fn what_answers_without_tls_is_told_apart_from_what_hangs_up() {
    let shakes = |text| {
        let (at, serving) = answering(text);
        let fault = shake::shake(connected(at), &place_of(at), None).err();
        serving.join().unwrap();
        fault
    };
    let plain = shakes("HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_eq!(plain, Some(TlsFault::Plain));
    let cut = shakes("");
    assert_eq!(cut, Some(TlsFault::Cut));
}

/// A TLS server of 127.0.0.1 under a root of its own, that answers one question; the root.
fn secured(text: &'static str) -> (SocketAddr, Vec<u8>, JoinHandle<()>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Office Firewall");
    let certificate = params.self_signed(&key).unwrap();
    let der = certificate.der().clone();
    let config = ServerConfig::builder_with_provider(crypto::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![der.clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let (at, serving) = listener(move |stream| {
        let session = ServerConnection::new(Arc::new(config)).unwrap();
        let mut session = StreamOwned::new(session, stream);
        let mut asked = [0; 4_096];
        if session.read(&mut asked).unwrap_or(0) > 0 {
            session.write_all(text.as_bytes()).unwrap();
        }
    });
    (at, der.to_vec(), serving)
}

const GOOD_ANSWER: &str = "HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 12:00:00 GMT\r\n\r\n";

#[test]
fn the_data_center_is_known_by_its_root_and_asked_for_the_time() {
    let (at, root, serving) = secured(GOOD_ANSWER);
    let place = place_of(at);
    let (session, shown) = shake::shake(connected(at), &place, Some(&root)).unwrap();
    assert_eq!(shown, Shown::Own);
    let answer = shake::ask(session, &place).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.date, Some(UnixSeconds(NOON)));
    serving.join().unwrap();
}

#[test]
fn somebody_who_looks_into_the_connection_is_named_and_nothing_is_asked_of_them() {
    let (_, root, ours) = secured(GOOD_ANSWER);
    let (at, _, serving) = secured(GOOD_ANSWER);
    let (session, shown) = shake::shake(connected(at), &place_of(at), Some(&root)).unwrap();
    assert_eq!(shown, Shown::Foreign("Office Firewall".to_owned()));
    drop(session);
    serving.join().unwrap();
    drop(ours);
}

#[test]
fn before_enrolment_nothing_says_who_answers() {
    let (at, _, serving) = secured(GOOD_ANSWER);
    let patient = Patient {
        now: UnixSeconds(NOON),
        server: Some(format!("https://{at}")),
        root: None,
        own: None,
    };
    let seen = examine(&patient);
    serving.join().unwrap();
    assert_eq!(seen.tls.unwrap().outcome, Ok(Shown::Unjudged));
    assert_eq!(seen.answer.unwrap().outcome.unwrap().status, 200);
    assert_eq!(seen.portal, None);
}

#[test]
fn a_telephone_outweighs_what_is_wrong_with_the_internet_and_nothing_else() {
    let shut = [finding("port", Code::DoctorPortSilent, &[])];
    assert!(leads(&shut, true) && !leads(&shut, false));
    let open = [finding("clock", Code::DoctorClockOff, &[])];
    assert!(leads(&open, false), "a notice is no fault");
    for (check, code) in [
        ("clock", Code::DoctorClockWrong),
        ("clock", Code::DoctorCertificateEarly),
        ("certificate", Code::DoctorOwnEarly),
        ("address", Code::DoctorNoAddress),
    ] {
        let wrong = [shut[0].clone(), finding(check, code, &[])];
        assert!(!leads(&wrong, true), "{code:?}");
    }
}
