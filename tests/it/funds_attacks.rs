//! Attacks on refills: every captured message replayed, sent as somebody else and with each bit
//! flipped moves nothing; the untouched one is accepted beside it.

use std::sync::Arc;

use rusqlite::types::ValueRef;
use server::access::Caller;
use server::admin::call::AdminCall;
use server::admin::tree::TreeCall;
use server::ca::StationCertificate;
use shared::ids::DataCenterId;
use shared::money::Mills;
use shared::security::Level;
use shared::security::envelope::{self, Envelope, Header, ReplyEnvelope, ReplySecret};
use shared::security::signed::KeyId;
use shared::services::ServiceId;
use shared::services::accounts::NodeKind;
use shared::vault::Registers;
use station::contact::link::{Link, LinkFault, LinkRequest};
use station::contact::round::meet_over;
use station::services::sealed::{self, Intent};
use station::services::{self, Asked};
use station::station::names;
use system_tests::line::{Line, Trick, code_of, deliver, flipped};
use system_tests::town::{ACCOUNT, Counter, Town, asking};

/// Every row of every table that money or order hangs on, as text.
pub(crate) fn dump(town: &Town) -> Vec<String> {
    let path = town.center.folder().database();
    let db = rusqlite::Connection::open(path).unwrap();
    let mut rows = Vec::new();
    for table in [
        "station",
        "vault",
        "stream",
        "refill",
        "transfer",
        "ledger_account",
        "journal",
        "journal_head",
        "indicium_certificate",
        "station_certificate",
        "evidence",
        "counter",
    ] {
        let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let mut text = table.to_owned();
            for column in 0..columns {
                text.push('|');
                text.push_str(&match row.get_ref(column).unwrap() {
                    ValueRef::Null => "-".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    ValueRef::Blob(bytes) => hex::encode(bytes),
                });
            }
            rows.push(text);
        }
    }
    rows.sort_unstable();
    rows
}

/// What a station holds: registers, journal, request on its way.
async fn holds(counter: &Counter) -> (Registers, u64, Option<Vec<u8>>) {
    counter
        .station
        .apply(|owner| {
            let vault = owner.enrolled()?;
            let held = (vault.registers(), vault.journal_size());
            let pending = sealed::pending(owner, ServiceId::Funds)?;
            Ok((
                held.0,
                held.1,
                pending.map(|intent| intent.envelope.clone()),
            ))
        })
        .await
        .unwrap()
}

/// The station writes down a refill request and is not let to send it.
async fn intend(counter: &Counter, amount: &str) -> Intent {
    let refill = Some(Mills::parse(amount).unwrap());
    counter
        .station
        .apply(move |owner| {
            owner.begin_contact();
            services::next_request(owner, ServiceId::Funds, &asking(refill), 0)?;
            Ok(sealed::pending(owner, ServiceId::Funds)?.unwrap())
        })
        .await
        .unwrap()
}

async fn accept(counter: &Counter, reply: Vec<u8>) -> Result<(), station::api::UiError> {
    counter
        .station
        .apply(move |owner| services::accept(owner, ServiceId::Funds, &reply))
        .await
}

fn refill(body: Vec<u8>) -> LinkRequest {
    LinkRequest::Send {
        path: "/v1/funds/refill".to_owned(),
        body,
    }
}

/// The signed reply inside a sealed one.
fn inner(intent: &Intent, reply: &[u8]) -> Vec<u8> {
    let header = Envelope::decode(&intent.envelope).unwrap().header;
    let secret = ReplySecret::from_bytes(&intent.secret).unwrap();
    let reply = ReplyEnvelope::decode(reply).unwrap();
    secret.open(&header, &reply).unwrap()
}

fn refusal(result: Result<Vec<u8>, LinkFault>) -> String {
    code_of(&result.unwrap_err()).unwrap()
}

/// A station with a refill of 20.00 and one of 30.00 on its way.
async fn on_its_way() -> (Town, Counter, Arc<Line>, Intent) {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let intent = intend(&counter, "30.00").await;
    let line = Line::clean(&town.center, &counter.station);
    (town, counter, line, intent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refill_request_with_any_bit_flipped_moves_nothing_and_the_untouched_one_is_served() {
    let (town, counter, line, intent) = on_its_way().await;
    let before = (dump(&town), holds(&counter).await);
    let bits = intent.envelope.len() * 8;
    let mut running = Vec::new();
    for part in 0..4 {
        let (line, envelope) = (Arc::clone(&line), intent.envelope.clone());
        running.push(tokio::spawn(async move {
            let mut codes = std::collections::BTreeMap::<String, u32>::new();
            for bit in (part..bits).step_by(4) {
                let answer = line.deliver(refill(flipped(&envelope, bit))).await;
                *codes.entry(refusal(answer)).or_default() += 1;
            }
            codes
        }));
    }
    let mut refused = 0;
    for one in running {
        for (code, count) in one.await.unwrap() {
            let known = [
                "not_readable",
                "wrong_address",
                "level_too_low",
                "sealing_key_unknown",
                "update_needed",
            ];
            assert!(known.contains(&code.as_str()), "{code}");
            refused += count;
        }
    }
    assert_eq!(usize::try_from(refused).unwrap(), bits);
    assert_eq!((dump(&town), holds(&counter).await), before);
    println!("{refused} flipped requests refused");

    let reply = line.deliver(refill(intent.envelope.clone())).await.unwrap();
    accept(&counter, reply).await.unwrap();
    assert_eq!(town.balance().await, 50_000);
    assert_eq!(holds(&counter).await.0.control_total().mills(), 50_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_with_any_bit_flipped_is_not_believed_and_the_untouched_one_counts_once() {
    let (town, counter, line, intent) = on_its_way().await;
    let reply = line.deliver(refill(intent.envelope.clone())).await.unwrap();
    let before = holds(&counter).await;
    let flips = reply.clone();
    let refused = counter
        .station
        .apply(move |owner| {
            let mut refused = 0;
            for bit in 0..flips.len() * 8 {
                let fault = services::accept(owner, ServiceId::Funds, &flipped(&flips, bit));
                assert_eq!(fault.unwrap_err().code, "reply_not_believed", "bit {bit}");
                refused += 1;
            }
            Ok(refused)
        })
        .await
        .unwrap();
    assert_eq!(refused, reply.len() * 8);
    assert_eq!(holds(&counter).await, before);
    println!("{refused} flipped replies refused");

    accept(&counter, reply.clone()).await.unwrap();
    let once = holds(&counter).await;
    assert_eq!(once.0.control_total().mills(), 50_000);
    accept(&counter, reply.clone()).await.unwrap();
    assert_eq!(holds(&counter).await, once);

    // Played again as the answer to a later request.
    intend(&counter, "10.00").await;
    let waiting = holds(&counter).await;
    let refused = accept(&counter, reply).await.unwrap_err();
    assert_eq!(refused.code, "reply_not_believed");
    assert_eq!(holds(&counter).await, waiting);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_sent_again_gets_the_identical_reply_and_moves_nothing() {
    let (town, counter, line, intent) = on_its_way().await;
    let first = line.deliver(refill(intent.envelope.clone())).await.unwrap();
    let decided = dump(&town);
    for _ in 0..3 {
        let again = line.deliver(refill(intent.envelope.clone())).await.unwrap();
        assert_ne!(again, first, "the nonce of a seal is used once");
        assert_eq!(inner(&intent, &again), inner(&intent, &first));
        assert_eq!(dump(&town), decided);
    }
    // Sealed again, as after a change of the data center's key, it is still the same request.
    let sealed_again = counter
        .station
        .apply(|owner| Ok(sealed::seal_again(owner, ServiceId::Funds)?.unwrap()))
        .await
        .unwrap();
    let again = line
        .deliver(refill(sealed_again.envelope.clone()))
        .await
        .unwrap();
    assert_eq!(inner(&sealed_again, &again), inner(&intent, &first));
    assert_eq!(dump(&town), decided);
    accept(&counter, again).await.unwrap();
    assert_eq!(town.balance().await, 50_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_captured_message_played_again_later_moves_nothing() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let what = TreeCall::New {
        kind: NodeKind::CostCentre,
        name: "ours".to_owned(),
        account: Some(ACCOUNT.to_owned()),
        under: None,
    };
    town.admin(AdminCall::Tree { what }).await;
    let line = Line::new(&town.center, &counter.station, Vec::new(), |_| Trick::None);
    let link: Arc<dyn Link> = line.clone();
    for amount in ["20.00", "5.00", "1000.00", "30.00"] {
        let refill = Some(Mills::parse(amount).unwrap());
        let met = meet_over(&counter.station, &link, asking(refill))
            .await
            .unwrap();
        assert_eq!(met.funds.is_some(), amount == "1000.00");
        counter
            .station
            .apply(|owner| owner.flush_mark())
            .await
            .unwrap();
    }
    town.turn_days(21);
    for _ in 0..2 {
        // A renewal of the indicium key and one of the station's certificate.
        meet_over(&counter.station, &link, Asked::default())
            .await
            .unwrap();
    }
    let captured = line.passed();
    let before = (dump(&town), holds(&counter).await);
    let mut outcomes = std::collections::BTreeMap::<String, u32>::new();
    for message in &captured {
        let request = LinkRequest::Send {
            path: message.path.clone(),
            body: message.body.clone(),
        };
        let answer = line.deliver(request).await;
        let sealed = !message.path.starts_with("/v1/accounts/");
        let answered = if sealed { "stored" } else { "sums said again" };
        let outcome = answer.map_or_else(|fault| code_of(&fault).unwrap(), |_| answered.into());
        *outcomes.entry(outcome).or_default() += 1;
        assert_eq!((dump(&town), holds(&counter).await), before);
    }
    println!("{} captured messages: {outcomes:?}", captured.len());
    assert!(captured.len() >= 10);
    // The last of funds and the last of keys are known again, and a page of the journal is told
    // where the mirror stands; all others are out of order.
    let pages = captured.iter().filter(|m| m.path == "/v1/funds/journal");
    assert_eq!(
        outcomes["stored"],
        2 + u32::try_from(pages.count()).unwrap()
    );
    assert!(outcomes.contains_key("sums said again"));
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
    assert!(outcomes.contains_key("out_of_sequence"));
    assert_eq!(town.balance().await, 45_000);
    counter
        .station
        .apply(|owner| owner.flush_mark())
        .await
        .unwrap();
    meet_over(&counter.station, &link, Asked::default())
        .await
        .unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_one_station_does_nothing_when_another_sends_it() {
    let (town, counter, line, intent) = on_its_way().await;
    let other = town.enrolled("two").await;
    other.refill("5.00").await.unwrap();
    let others = Line::clean(&town.center, &other.station);
    let own = {
        let der = other
            .station
            .apply(|owner| owner.certificate_setting(names::STATION_CERTIFICATE))
            .await
            .unwrap();
        StationCertificate::read(&der).unwrap()
    };
    let before = (dump(&town), holds(&counter).await, holds(&other).await);
    let answer = others.deliver(refill(intent.envelope.clone())).await;
    assert_eq!(refusal(answer), "wrong_address");
    // With the other's name in the header the seal no longer holds.
    let mut renamed = Envelope::decode(&intent.envelope).unwrap();
    renamed.header.station = own.station;
    let answer = others.deliver(refill(renamed.encode())).await;
    assert_eq!(refusal(answer), "not_readable");
    // Without any certificate, and at the door of another service.
    let nobody = Caller {
        address: ([127, 0, 0, 1], 2).into(),
        certificate: None,
    };
    let router = server::services::router(Arc::clone(&town.center));
    let answer = deliver(&router, nobody.clone(), refill(intent.envelope.clone())).await;
    assert_eq!(refusal(answer), "level_too_low");
    for path in [
        "/door/renew",
        "/door/statement",
        "/v1/keys/renew",
        "/v1/funds/sync",
        "/v1/funds/lookup",
    ] {
        let request = LinkRequest::Send {
            path: path.to_owned(),
            body: intent.envelope.clone(),
        };
        let code = refusal(line.deliver(request).await);
        assert!(
            ["wrong_address", "not_signed", "out_of_sequence"].contains(&code.as_str()),
            "{path}: {code}"
        );
    }
    assert_eq!(
        (dump(&town), holds(&counter).await, holds(&other).await),
        before
    );
    line.deliver(refill(intent.envelope.clone())).await.unwrap();
    assert_eq!(town.balance().await, 45_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_below_l3_to_another_center_or_under_an_unknown_key_is_refused() {
    let (town, counter, line, intent) = on_its_way().await;
    let honest = Envelope::decode(&intent.envelope).unwrap();
    let center_key = counter
        .station
        .apply(|owner| Ok(sealed::center_keys(owner)?.sealing))
        .await
        .unwrap();
    let header = |level, center| {
        let old = honest.header;
        Header::request(level, ServiceId::Funds, center, old.station, old.sequence)
    };
    // Sealed anew by the attacker, so that only the header is at fault.
    let seal = |header: Header, key: KeyId| {
        let sealed = envelope::seal(
            header,
            key,
            &center_key.point.0,
            &intent.signed,
            &mut station::crypto::random,
        );
        sealed.unwrap().0.encode()
    };
    let (center, stranger) = (town.center.id(), DataCenterId::from_bytes([9; 16]));
    let before = (dump(&town), holds(&counter).await);
    for (header, key, code) in [
        (header(Level::L2, center), center_key.id, "level_too_low"),
        (header(Level::L1, center), center_key.id, "level_too_low"),
        (header(Level::L0, center), center_key.id, "level_too_low"),
        (header(Level::L3, stranger), center_key.id, "wrong_address"),
        (
            header(Level::L3, center),
            KeyId([3; 8]),
            "sealing_key_unknown",
        ),
        // Above L3 nothing is wrong but the signature, which covers the header.
        (header(Level::L4, center), center_key.id, "not_signed"),
    ] {
        let answer = line.deliver(refill(seal(header, key))).await;
        assert_eq!(refusal(answer), code, "{header:?}");
    }
    assert_eq!((dump(&town), holds(&counter).await), before);
    line.deliver(refill(seal(honest.header, center_key.id)))
        .await
        .unwrap();
    assert_eq!(town.balance().await, 50_000);
}
