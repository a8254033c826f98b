//! Messages of another age: an unknown layout is refused with a word that says what to do, an
//! unknown field is no matter.

use std::sync::Arc;

use minicbor::Encode;
use server::access::Caller;
use shared::ids::RefillId;
use shared::security::Level;
use shared::security::signed::ContentType;
use shared::services::keys::EnrolRequest;
use shared::services::{Request, ServiceId};
use shared::wire::to_cbor;
use station::contact::link::{LinkFault, LinkRequest};
use station::services::sealed::{self, Draft};
use system_tests::line::{Line, code_of, deliver};
use system_tests::town::{Counter, Town};

/// The question what became of a refill, as a later program might ask it.
#[derive(Encode)]
#[cbor(map)]
struct LaterLookup {
    #[n(1)]
    version: u8,
    #[n(2)]
    refill: RefillId,
    #[n(77)]
    more: &'static str,
}

impl Request for LaterLookup {
    const SERVICE: ServiceId = ServiceId::Funds;
    const LEVEL: Level = Level::L3;
    type Reply = ();
}

/// A message of any service with nothing but its layout.
#[derive(Encode)]
#[cbor(map)]
struct Bare {
    #[n(1)]
    version: u8,
}

async fn lookup(counter: &Counter, version: u8) -> LinkRequest {
    let made = counter.station.apply(move |owner| {
        let request = LaterLookup {
            version,
            refill: RefillId::from_bytes([7; 16]),
            more: "of a time to come",
        };
        let draft = Draft {
            path: "/v1/funds/lookup",
            kind: u8::MAX,
            content: ContentType::LookupRequest,
            request: &request,
            next_key: None,
            user: station::station::STATION_USER,
        };
        let outgoing = sealed::intend(owner, draft)?.outgoing();
        sealed::take_back(owner, ServiceId::Funds)?;
        Ok(outgoing)
    });
    made.await.unwrap()
}

fn refusal(answer: Result<Vec<u8>, LinkFault>) -> String {
    code_of(&answer.unwrap_err()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_message_of_an_unknown_layout_needs_an_update_and_an_unknown_field_does_not() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.contact().await.unwrap();
    let line = Line::clean(&town.center, &counter.station);
    let later = lookup(&counter, 2).await;
    assert_eq!(refusal(line.deliver(later).await), "update_needed");
    let known = lookup(&counter, 1).await;
    let LinkRequest::Send { path, mut body } = known.clone() else {
        unreachable!("{known:?}")
    };
    // An envelope is an array that begins with its header, and that with its version.
    assert_eq!(body[..3], [0x84, 0x87, 1]);
    body[2] = 2;
    let later = LinkRequest::Send { path, body };
    assert_eq!(refusal(line.deliver(later).await), "update_needed");
    line.deliver(known).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_message_of_an_unknown_layout_needs_an_update() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let line = Line::clean(&town.center, &counter.station);
    for path in ["/v1/accounts/sync", "/v1/statistics/pieces"] {
        for (version, code) in [(2, "update_needed"), (1, "not_readable")] {
            let request = LinkRequest::Send {
                path: path.to_owned(),
                body: to_cbor(&Bare { version }),
            };
            assert_eq!(refusal(line.deliver(request).await), code, "{path}");
        }
    }
    let request = EnrolRequest {
        version: 2,
        secret: [1; 16],
        csr: Vec::new(),
    };
    let request = LinkRequest::Send {
        path: "/v1/enrol".to_owned(),
        body: to_cbor(&request),
    };
    let nobody = Caller {
        address: ([127, 0, 0, 1], 3).into(),
        certificate: None,
    };
    let router = server::services::router(Arc::clone(&town.center));
    let answer = deliver(&router, nobody, request).await;
    assert_eq!(refusal(answer), "update_needed");
}
