//! Certificates and enrolment codes: renewed in time, rescued at the door, refused when revoked,
//! and worth one station each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use server::admin::money::MoneyCall;
use server::services::keys::enrol;
use shared::money::Mills;
use shared::security::enrolment_code::EnrolmentCode;
use shared::security::envelope::{self, Envelope};
use shared::security::signed::{self, ContentType};
use shared::services::ServiceId;
use shared::services::funds::SyncRequest;
use shared::services::keys::{EnrolRequest, RENEW_DAYS_LEFT, STATION_CERTIFICATE_DAYS};
use shared::wire::{from_cbor, to_cbor};
use station::api::UiError;
use station::contact::link::{Link, LinkRequest};
use station::contact::round::{Met, meet_over};
use station::crypto::SigningKey;
use station::services::keys::certificate_request;
use station::services::{Asked, sealed};
use station::station::names;
use system_tests::line::{Line, Trick};
use system_tests::town::{Counter, Town, asking};
use tokio::io::AsyncReadExt as _;

/// One contact over a clean line in memory, because the clock is turned by hand and TLS looks at
/// the machine's.
async fn meet(town: &Town, counter: &Counter) -> Result<Met, UiError> {
    let link: Arc<dyn Link> = Line::clean(&town.center, &counter.station);
    meet_over(&counter.station, &link, Asked::default()).await
}

/// The end of the station's certificate, its key, and how many of its certificates the data
/// center has on record.
async fn certificate(town: &Town, counter: &Counter) -> (String, String, i64) {
    let (until, leaf, station) = counter
        .station
        .apply(|owner| {
            Ok((
                owner.store().setting(names::STATION_KEY_UNTIL)?.unwrap(),
                owner.store().setting(names::STATION_CERTIFICATE)?.unwrap(),
                *owner.enrolled()?.station().bytes(),
            ))
        })
        .await
        .unwrap();
    let db = rusqlite::Connection::open(town.center.folder().database()).unwrap();
    let recorded = db
        .query_row(
            "SELECT count(*) FROM station_certificate WHERE station = ?1",
            [station],
            |row| row.get(0),
        )
        .unwrap();
    (until, leaf, recorded)
}

fn outcome<'a>(met: &'a Met, service: &str) -> &'a str {
    let found = met.view.services.iter().find(|one| one.service == service);
    &found.unwrap().outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_when_a_third_of_its_life_is_left_and_not_before() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let first = certificate(&town, &counter).await;
    town.turn_days(STATION_CERTIFICATE_DAYS - RENEW_DAYS_LEFT - 1);
    let met = meet(&town, &counter).await.unwrap();
    assert_eq!(outcome(&met, "keys"), "nothing");
    assert_eq!(certificate(&town, &counter).await, first);
    town.turn_days(1);
    let met = meet(&town, &counter).await.unwrap();
    assert_eq!(outcome(&met, "keys"), "served");
    let second = certificate(&town, &counter).await;
    assert_eq!(second.2, first.2 + 1);
    assert!(second.1 != first.1 && second.0 > first.0);
    // It signs with the new key from now on.
    assert_eq!(
        outcome(&meet(&town, &counter).await.unwrap(), "funds"),
        "served"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_whose_reply_was_lost_is_asked_for_again_and_issues_one_certificate() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let first = certificate(&town, &counter).await;
    town.turn_days(STATION_CERTIFICATE_DAYS - RENEW_DAYS_LEFT);
    for _ in 0..3 {
        let lossy: Arc<dyn Link> =
            Line::new(
                &town.center,
                &counter.station,
                Vec::new(),
                |path| match path {
                    "/v1/keys/renew" => Trick::LoseReply,
                    _ => Trick::None,
                },
            );
        let met = meet_over(&counter.station, &lossy, Asked::default())
            .await
            .unwrap();
        assert_eq!(
            (outcome(&met, "keys"), outcome(&met, "funds")),
            ("failed", "served")
        );
        assert_eq!(certificate(&town, &counter).await.1, first.1);
    }
    meet(&town, &counter).await.unwrap();
    let second = certificate(&town, &counter).await;
    assert_eq!(second.2, first.2 + 1);
    assert_ne!(second.1, first.1);
}

/// A line that loses every request to these paths.
fn losing(town: &Town, counter: &Counter, lost: &'static [&'static str]) -> Arc<Line> {
    Line::new(&town.center, &counter.station, Vec::new(), move |path| {
        if lost.contains(&path) {
            Trick::LoseRequest
        } else {
            Trick::None
        }
    })
}

/// Signs and seals a statement as the holder of `key` would; nothing of the station is changed.
async fn statement_signed_by(counter: &Counter, key: SigningKey) -> Vec<u8> {
    counter
        .station
        .apply(move |owner| {
            owner.begin_contact();
            station::services::next_request(owner, ServiceId::Funds, &Asked::default(), 0)?;
            let intent = sealed::pending(owner, ServiceId::Funds)?.unwrap();
            sealed::take_back(owner, ServiceId::Funds)?;
            let header = Envelope::decode(&intent.envelope).unwrap().header;
            let request: SyncRequest = from_cbor(&intent.request).unwrap();
            let message = signed::sign(
                ContentType::SyncRequest,
                key.point().key_id(),
                &request,
                &header.bytes(),
                |input| key.sign(input).ok(),
            )
            .unwrap();
            let recipient = sealed::center_keys(owner)?.sealing;
            let sealed = envelope::seal(
                header,
                recipient.id,
                &recipient.point.0,
                &message,
                &mut station::crypto::random,
            );
            Ok(sealed.unwrap().0.encode())
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_key_serves_nothing_new_once_the_station_has_signed_with_a_later_one() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let key = || counter.station.apply(|owner| sealed::station_key(owner));
    let old = key().await.unwrap();
    town.turn_days(STATION_CERTIFICATE_DAYS - RENEW_DAYS_LEFT);
    let line = losing(&town, &counter, &["/v1/funds/sync"]);
    let link: Arc<dyn Link> = line.clone();
    let met = meet_over(&counter.station, &link, Asked::default()).await;
    let met = met.unwrap();
    assert_eq!(
        (outcome(&met, "keys"), outcome(&met, "funds")),
        ("served", "failed")
    );
    assert_ne!(key().await.unwrap().point(), old.point());
    let passed = line.passed();
    let renewal = passed.iter().find(|one| one.path == "/v1/keys/renew");
    // Until the new key is used the old one counts: the reply that brings the new one may be lost.
    // What is on its way from before is served first, then comes what the new key signs.
    let line = Line::clean(&town.center, &counter.station);
    let link: Arc<dyn Link> = line.clone();
    for _ in 0..2 {
        let met = meet_over(&counter.station, &link, Asked::default()).await;
        assert_eq!(outcome(&met.unwrap(), "funds"), "served");
    }
    assert!(line.passed().iter().all(|one| one.refused.is_none()));
    let send = |path: &str, body: Vec<u8>| LinkRequest::Send {
        path: path.to_owned(),
        body,
    };
    let before = town.balance().await;
    let late = statement_signed_by(&counter, old).await;
    let refused = line
        .deliver(send("/v1/funds/sync", late))
        .await
        .unwrap_err();
    assert_eq!(
        system_tests::line::code_of(&refused).as_deref(),
        Some("signed_by_earlier_key")
    );
    // What was answered is answered again, and issues nothing more.
    let renewal = renewal.unwrap().body.clone();
    line.deliver(send("/v1/keys/renew", renewal)).await.unwrap();
    assert_eq!(certificate(&town, &counter).await.2, 2);
    assert_eq!(town.balance().await, before);
    counter.refill("10.00").await.unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_on_its_way_is_signed_again_when_a_newer_key_has_taken_over() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    town.turn_days(STATION_CERTIFICATE_DAYS - RENEW_DAYS_LEFT);
    let lossy: Arc<dyn Link> = losing(&town, &counter, &["/v1/funds/sync", "/v1/funds/refill"]);
    let asked = asking(Some(Mills::parse("20.00").unwrap()));
    let met = meet_over(&counter.station, &lossy, asked).await.unwrap();
    assert_eq!(
        (outcome(&met, "keys"), outcome(&met, "funds")),
        ("served", "failed")
    );
    // Another service was quicker in using the new key.
    let db = rusqlite::Connection::open(town.center.folder().database()).unwrap();
    let used = db.execute(
        "UPDATE station_certificate SET first_used = 1 WHERE not_after =
         (SELECT max(not_after) FROM station_certificate)",
        [],
    );
    assert_eq!(used.unwrap(), 1);
    let line = Line::clean(&town.center, &counter.station);
    let link: Arc<dyn Link> = line.clone();
    let met = meet_over(&counter.station, &link, Asked::default())
        .await
        .unwrap();
    assert_eq!(outcome(&met, "funds"), "served");
    let refused = line
        .passed()
        .iter()
        .filter_map(|one| one.refused.clone())
        .collect::<Vec<_>>();
    assert_eq!(refused, ["signed_by_earlier_key"]);
    assert_eq!(counter.status().await.registers.descending, 20_000);
    assert_eq!(town.balance().await, 80_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_rescued_at_the_door_for_400_days_and_not_longer() {
    let town = Town::with_deposit("100.00").await;
    let late = town.enrolled("late").await;
    let lost = town.enrolled("lost").await;
    late.refill("20.00").await.unwrap();
    lost.refill("20.00").await.unwrap();
    town.turn_days(STATION_CERTIFICATE_DAYS + 399);
    let met = meet(&town, &late).await.unwrap();
    for (service, expected) in [
        ("keys", "served"),
        ("funds", "served"),
        // Nobody has signed for rates in that year: nothing new is installed.
        ("rates", "refused"),
    ] {
        assert_eq!(outcome(&met, service), expected, "{service}");
    }
    assert_eq!(late.status().await.state, "active");
    town.turn_days(2);
    let refused = meet(&town, &lost).await.err().unwrap();
    assert_eq!(refused.code, "certificate_too_old");
    assert!(refused.hint.contains("new code"), "{}", refused.hint);
    let status = lost.status().await;
    assert_eq!(status.registers.descending, 20_000);
    assert_eq!(status.state, "locked");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_station_is_refused_in_the_contact_that_stands_and_at_the_door() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let psd = counter.status().await.station.unwrap();
    town.money(MoneyCall::StationLost { station: psd }).await;
    let refused = counter.refill("20.00").await.unwrap_err();
    assert_eq!(refused.code, "certificate_revoked");
    assert!(!refused.hint.is_empty());
    town.turn_days(STATION_CERTIFICATE_DAYS + 1);
    let refused = meet(&town, &counter).await.err().unwrap();
    assert_eq!(refused.code, "certificate_revoked");
    assert_eq!(town.balance().await, 80_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_takes_renewals_only_and_ten_an_hour() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    town.turn_days(STATION_CERTIFICATE_DAYS + 1);
    let request = counter
        .station
        .apply(|owner| {
            owner.begin_contact();
            station::services::next_request(owner, ServiceId::Keys, &Asked::default(), 0)?;
            Ok(sealed::pending(owner, ServiceId::Keys)?.unwrap())
        })
        .await
        .unwrap();
    let line = Line::clean(&town.center, &counter.station);
    let mut codes = Vec::new();
    for _ in 0..11 {
        let answer = line.deliver(request.outgoing()).await;
        codes.push(
            answer
                .err()
                .and_then(|fault| system_tests::line::code_of(&fault)),
        );
    }
    assert!(codes[..10].iter().all(Option::is_none), "{codes:?}");
    assert_eq!(codes[10].as_deref(), Some("too_many_tries"));
    assert_eq!(certificate(&town, &counter).await.2, 2);
}

/// A certificate request for a new key.
fn new_request() -> Vec<u8> {
    let (_, pkcs8) = SigningKey::generate().unwrap();
    certificate_request(&pkcs8).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_enrols_one_certificate_request_and_answers_it_again_the_same() {
    let town = Town::with_deposit("1.00").await;
    let code: EnrolmentCode = town.code().await.parse().unwrap();
    let body = |csr: &[u8]| {
        to_cbor(&EnrolRequest {
            version: 1,
            secret: *code.secret(),
            csr: csr.to_vec(),
        })
    };
    let (own, other) = (new_request(), new_request());
    let first = enrol(&town.center, body(&own)).await.unwrap();
    let again = enrol(&town.center, body(&own)).await.unwrap();
    assert_eq!(first, again);
    let refused = enrol(&town.center, body(&other)).await.unwrap_err();
    assert_eq!(refused.code(), Some("code_used"));
    let db = rusqlite::Connection::open(town.center.folder().database()).unwrap();
    let issued: i64 = db
        .query_row("SELECT count(*) FROM station_certificate", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(issued, 1);
    // After a day the first still gets its reply, and a code nobody used enrols nobody.
    let unused: EnrolmentCode = town.code().await.parse().unwrap();
    town.turn_days(1);
    town.clock
        .turn_to(server::clock::Clock::now(town.clock.as_ref()).plus_seconds(1));
    assert_eq!(enrol(&town.center, body(&own)).await.unwrap(), first);
    let late = EnrolRequest {
        version: 1,
        secret: *unused.secret(),
        csr: other,
    };
    let refused = enrol(&town.center, to_cbor(&late)).await.unwrap_err();
    assert_eq!(refused.code(), Some("code_expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_code_is_refused_before_anything_is_sent() {
    let town = Town::with_deposit("1.00").await;
    let counter = town.open_station("one").unwrap();
    let code = town.code().await;
    let (listener, knocks) = deaf().await;
    for place in [0, 5, 30, code.len() - 1] {
        let mut mistyped: Vec<char> = code.chars().collect();
        mistyped[place] = if mistyped[place] == 'Z' { '2' } else { 'Z' };
        let mistyped: String = mistyped.into_iter().collect();
        let refused = counter.enrol(&listener, &mistyped).await.unwrap_err();
        assert_eq!(refused.code, "wrong_code", "{mistyped}");
    }
    assert_eq!(knocks.load(Ordering::SeqCst), 0);
    counter
        .enrol(&town.url, &code.to_lowercase())
        .await
        .unwrap();
}

/// An address that answers nobody, and how often somebody came.
async fn deaf() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let knocks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&knocks);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream.read_u8().await);
        }
    });
    (url, knocks)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_data_center_is_refused_and_its_secret_stays_secret() {
    let town = Town::with_deposit("1.00").await;
    let impostor = Town::with_deposit("1.00").await;
    let counter = town.open_station("one").unwrap();
    let code = town.code().await;
    let refused = counter.enrol(&impostor.url, &code).await.unwrap_err();
    assert_eq!(refused.code, "wrong_fingerprint");
    // Nothing was written at either end: the same code enrols at the right address.
    let db = rusqlite::Connection::open(impostor.center.folder().database()).unwrap();
    let stations: i64 = db
        .query_row("SELECT count(*) FROM station", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stations, 0);
    assert!(!counter.status().await.enrolled);
    counter.enrol(&town.url, &code).await.unwrap();
}
