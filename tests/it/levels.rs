//! Each request type is worth one level: below it everything is refused, at it the same message is
//! served.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use server::access::Caller;
use server::admin::approval::{ApprovalCall, Consent};
use server::admin::call::AdminCall;
use server::admin::money::MoneyCall;
use server::admin::tree::TreeCall;
use server::approvals::Controlled;
use server::clock::Clock as _;
use shared::monitor::Holdings;
use shared::security::Level;
use shared::security::envelope::Envelope;
use shared::security::signed::{ContentType, signer_of};
use shared::services::ServiceId;
use shared::services::accounts::NodeKind;
use shared::services::funds::LookupRequest;
use shared::services::keys::STATION_CERTIFICATE_DAYS;
use shared::services::repository::METADATA_PATH;
use shared::services::repository::news::{NEWS_PATH, ON_HELD};
use shared::services::requests::{Entrance, Method, REQUESTS, RequestKind};
use station::api::{Call, PieceState, RefundCall, ResolveCall};
use station::contact::link::{Exchange, Link, LinkRequest};
use station::contact::round::meet_over;
use station::services::Asked;
use station::services::sealed::{self, Draft};
use station::station::names;
use system_tests::line::{Line, code_of, deliver};
use system_tests::town::{ACCOUNT, Counter, Town, asking};

/// Requests of a flood: some more than a station may ask in a minute.
const FLOOD: u32 = 6_500;

/// Questions for the repository's news that strangers of one address may ask in an hour.
const STRANGERS_NEWS: u32 = 200;

const LEVELS: [Level; 5] = [Level::L0, Level::L1, Level::L2, Level::L3, Level::L4];

/// A line that first tries everything that passes at every lower level, and only then as it is.
struct Probing {
    line: Arc<Line>,
    router: Router,
    /// Whether the station is shut out, so that nothing but a door tells it more than that.
    doors_only: bool,
    /// The paths that were refused at every lower level and served at their own.
    held: Mutex<BTreeSet<&'static str>>,
}

impl Probing {
    fn new(town: &Town, counter: &Counter) -> Arc<Self> {
        Arc::new(Self::of(town, counter, false))
    }

    fn of(town: &Town, counter: &Counter, doors_only: bool) -> Self {
        Self {
            doors_only,
            line: Line::clean(&town.center, &counter.station),
            router: server::services::router(Arc::clone(&town.center)),
            held: Mutex::new(BTreeSet::new()),
        }
    }

    /// Tries a request below its level, by every way there is.
    async fn try_below(&self, kind: &RequestKind, request: &LinkRequest) {
        if self.doors_only && kind.entrance != Entrance::Door {
            return;
        }
        if kind.entrance == Entrance::Station {
            let nobody = Caller {
                address: SocketAddr::from(([127, 0, 0, 1], 9)),
                certificate: None,
            };
            let answer = deliver(&self.router, nobody, request.clone()).await;
            assert_eq!(refusal(answer), "level_too_low", "{} at L1", kind.path);
        }
        let LinkRequest::Send { path, body } = request else {
            return;
        };
        if kind.level < Level::L3 {
            return;
        }
        let sealed = Envelope::decode(body).unwrap();
        for level in LEVELS.into_iter().filter(|level| *level < kind.level) {
            let mut lower = sealed.clone();
            lower.header.level = level;
            let lower = LinkRequest::Send {
                path: path.clone(),
                body: lower.encode(),
            };
            let answer = self.line.deliver(lower).await;
            assert_eq!(
                refusal(answer),
                "level_too_low",
                "{} at {level:?}",
                kind.path
            );
        }
    }

    fn hold(&self, kind: &RequestKind) {
        self.held.lock().unwrap().insert(kind.path);
    }
}

impl Link for Probing {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            let kind = RequestKind::at(request.path());
            if let Some(kind) = kind {
                self.try_below(kind, &request).await;
            }
            let answered = self.line.exchange(request, &holds).await;
            let is_served = match &answered.reply {
                Ok(_) => true,
                Err(fault) => code_of(fault).is_some_and(|code| code == "nothing_forgotten"),
            };
            if let Some(kind) = kind.filter(|_| is_served) {
                self.hold(kind);
            }
            answered
        })
    }
}

fn refusal(answer: Result<Vec<u8>, station::contact::link::LinkFault>) -> String {
    code_of(&answer.unwrap_err()).unwrap()
}

async fn meet(counter: &Counter, line: &Arc<Probing>, refill: Option<&str>) {
    let link: Arc<dyn Link> = line.clone();
    let refill = refill.map(|amount| shared::money::Mills::parse(amount).unwrap());
    meet_over(&counter.station, &link, asking(refill))
        .await
        .unwrap();
}

/// Claims a piece that was spoiled, without a line: it waits for the next contact.
async fn claim(counter: &Counter, serial: String) {
    let address = counter.set_server("https://127.0.0.1:1").await;
    let spoiled = ResolveCall {
        serial: serial.clone(),
        answer: PieceState::Spoiled,
    };
    counter.station.call(Call::Resolve(spoiled)).await.unwrap();
    let waits = counter
        .station
        .call(Call::Refund(RefundCall { serial }))
        .await;
    assert_eq!(waits.unwrap_err().code, "refund_waits");
    counter.set_server(&address).await;
}

/// A station's life until its certificate has expired.
async fn live(town: &Town, counter: &Counter, line: &Arc<Probing>) {
    let what = TreeCall::New {
        kind: NodeKind::CostCentre,
        name: "ours".to_owned(),
        account: Some(ACCOUNT.to_owned()),
        under: None,
    };
    town.admin(AdminCall::Tree { what }).await;
    meet(counter, line, Some("20.00")).await;
    let serial = counter.print_letter("1oz", "10001").await.unwrap().serial;
    claim(counter, serial).await;
    town.put_into_group(counter, "pilot").await;
    meet(counter, line, None).await;
    town.turn_days(21);
    meet(counter, line, None).await;
    meet(counter, line, None).await;
    town.turn_days(STATION_CERTIFICATE_DAYS + 1);
    meet(counter, line, None).await;
}

/// The vault's end.
async fn end(town: &Town, counter: &Counter, line: &Arc<Probing>) {
    let station = counter.status().await.station.unwrap();
    town.admin(AdminCall::StationWithdraw { station }).await;
    meet(counter, line, None).await;
    meet(counter, line, None).await;
}

/// What the station reads without its contact, and asks without being asked to.
async fn ask_apart(counter: &Counter, line: &Arc<Probing>) {
    for kind in REQUESTS {
        let is_stream = kind.path == "/v1/signals";
        if kind.entrance != Entrance::Station || kind.method != Method::Get {
            continue;
        }
        let path = match kind.path {
            "/v1/accounts/statement" => format!("{}?month=2026-11", kind.path),
            path => path.to_owned(),
        };
        let request = LinkRequest::fetch(path);
        line.try_below(kind, &request).await;
        // The line of signals stays open: it is held against its level in `contact.rs`.
        if !is_stream {
            line.line.deliver(request).await.unwrap();
        }
        line.hold(kind);
    }
    let lookup = counter.station.apply(|owner| {
        let request = LookupRequest {
            version: 1,
            refill: shared::ids::RefillId::from_bytes([7; 16]),
        };
        let intent = sealed::intend(
            owner,
            Draft {
                path: "/v1/funds/lookup",
                kind: u8::MAX,
                content: ContentType::LookupRequest,
                request: &request,
                next_key: None,
                user: station::station::STATION_USER,
            },
        )?;
        assert!(signer_of(&intent.signed).is_some());
        Ok((intent.outgoing(), intent.signed.clone()))
    });
    let (lookup, unsealed) = lookup.await.unwrap();
    let kind = RequestKind::at("/v1/funds/lookup").unwrap();
    line.try_below(kind, &lookup).await;
    // Signed by the station and sent by mutual TLS, but not sealed: level L2.
    let bare = LinkRequest::Send {
        path: kind.path.to_owned(),
        body: unsealed,
    };
    assert_eq!(refusal(line.line.deliver(bare).await), "level_too_low");
    line.line.deliver(lookup).await.unwrap();
    line.hold(kind);
    counter
        .station
        .apply(|owner| owner.write("answered", |tx| sealed::done(tx, ServiceId::Funds)))
        .await
        .unwrap();
}

/// A station that believes itself forgotten is told that it is not: its message was opened and read.
async fn reconcile_for_nothing(counter: &Counter, line: &Arc<Probing>) {
    let ask = |owner: &mut station::station::Owner| {
        owner.write("a test's setting", |tx| {
            Ok(tx.put_setting(names::RECONCILE, "ask")?)
        })
    };
    counter.station.apply(ask).await.unwrap();
    meet(counter, line, None).await;
}

/// The door of a station that was declared lost.
async fn shut_out(town: &Town) -> BTreeSet<&'static str> {
    let counter = town.enrolled("two").await;
    let line = Arc::new(Probing::of(town, &counter, true));
    let station = counter.status().await.station.unwrap();
    let money = MoneyCall::StationLost { station };
    town.admin(AdminCall::Money { money }).await;
    let link: Arc<dyn Link> = line.clone();
    let met = meet_over(&counter.station, &link, Asked::default()).await;
    assert!(met.is_ok_and(|met| met.funds.is_some()));
    line.held.lock().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_refused_at_every_lower_level_and_served_at_its_own() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let line = Probing::new(&town, &counter);
    live(&town, &counter, &line).await;
    ask_apart(&counter, &line).await;
    reconcile_for_nothing(&counter, &line).await;
    end(&town, &counter, &line).await;
    let mut held = line.held.lock().unwrap().clone();
    held.append(&mut shut_out(&town).await);
    let all = REQUESTS.iter().filter(|kind| kind.level >= Level::L2);
    assert_eq!(held, all.map(|kind| kind.path).collect());
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_admins_must_approve_is_refused_to_one_and_done_for_both() {
    let town = Town::with_deposit("100.00").await;
    let keys = town.admin_keys(&["Ada", "Ben"]).await;
    let (_, point) = server::ca::new_admin_key("Cleo", "a passphrase of hers").unwrap();
    let call = |approval| AdminCall::Approval { approval };
    let new = |consent| {
        call(ApprovalCall::KeyNew {
            name: "Cleo".to_owned(),
            point: hex::encode(point.0),
            consent,
        })
    };
    let end = |consent| {
        call(ApprovalCall::KeyEnd {
            name: "Cleo".to_owned(),
            consent,
        })
    };
    let tried: [(Controlled, &dyn Fn(Consent) -> AdminCall); 2] = [
        (Controlled::AdminKeyNew, &new),
        (Controlled::AdminKeyEnd, &end),
    ];
    for (action, call) in tried {
        let refused = town.refused(call(Consent::None)).await;
        assert_eq!(refused.code, "level_too_low", "{action:?}");
        let request = town.admin(call(Consent::Request)).await.remove(0);
        assert_eq!(request["action"], action.name());
        let signed = Town::signed(&request, &[&keys[0], &keys[1]]);
        town.admin(call(signed)).await;
    }
    // The others need a station that was lost two months ago, a refund over the limit, an edition
    // that fails and a root that its keyholders have signed: `funds_withdrawn.rs`,
    // `funds_refunds.rs`, `rates.rs` and `repository.rs` have them.
    assert_eq!(Controlled::ALL.len(), tried.len() + 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_station_that_floods_the_data_center_is_held_back_and_counted_and_no_other_is() {
    let town = Town::with_deposit("100.00").await;
    let flooding = town.enrolled("one").await;
    let other = town.enrolled("two").await;
    let line = Line::clean(&town.center, &flooding.station);
    let ask = || LinkRequest::fetch("/v1/accounts/self".to_owned());
    let mut held_back = 0;
    for _ in 0..FLOOD {
        if let Err(fault) = line.deliver(ask()).await {
            assert_eq!(code_of(&fault).as_deref(), Some("too_many_requests"));
            held_back += 1;
        }
    }
    assert!((1..FLOOD / 2).contains(&held_back), "{held_back}");
    other.refill("20.00").await.unwrap();
    // In the next minute it is served again, and every refusal was counted.
    let now = town.clock.now();
    town.clock.turn_to(now.plus_seconds(61));
    line.deliver(ask()).await.unwrap();
    let counted = town.admin(AdminCall::Refusals).await;
    let flood = counted
        .iter()
        .find(|one| one["code"] == "too_many_requests");
    assert_eq!(flood.unwrap()["count"], held_back);
    town.assert_books_hold().await;
}

/// The table of `SECURITY.md`, as the code has it.
fn table() -> String {
    let mut table = String::from("| level | request | asked at | open to |\n|---|---|---|---|\n");
    for kind in REQUESTS {
        let service = kind.service.map_or("", ServiceId::name);
        let of = if service.is_empty() { "" } else { ": " };
        writeln!(
            table,
            "| {} | {service}{of}{} | `{} {}` | {} |",
            kind.level.name(),
            kind.purpose,
            kind.method.name(),
            kind.path,
            kind.entrance.words()
        )
        .unwrap();
    }
    for action in Controlled::ALL {
        writeln!(
            table,
            "| L4 | {} | `{}` | an admin with what two admins signed |",
            action.purpose(),
            action.name()
        )
        .unwrap();
    }
    table
}

#[test]
fn security_md_shows_the_level_of_every_request() {
    const BEGIN: &str = "<!-- levels of requests: written by tests/it/levels.rs -->\n";
    const END: &str = "<!-- end of the levels -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../SECURITY.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("PENNYBLACK_UPDATE").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(shown, table, "run the test with PENNYBLACK_UPDATE=1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stranger_who_floods_with_questions_for_news_is_held_back_and_no_station_is() {
    let town = Town::with_deposit("100.00").await;
    let router = server::services::router(town.center.clone());
    let stranger = |end: u8| Caller {
        address: SocketAddr::from(([127, 0, 0, end], 1)),
        certificate: None,
    };
    // Each asks by versions that nobody asked by before, so that nothing is at hand for it.
    let news = |held: u32| LinkRequest::fetch(format!("{NEWS_PATH}1-{held}-1-1-1-1-1{ON_HELD}"));
    let asked = |end: u8, held| deliver(&router, stranger(end), news(held));
    for held in 1..=STRANGERS_NEWS {
        asked(1, held).await.unwrap();
    }
    for held in 1..=20 {
        let fault = asked(1, STRANGERS_NEWS + held).await.unwrap_err();
        assert_eq!(code_of(&fault).as_deref(), Some("too_many_tries"));
    }
    // What is new is still there for it, document by document, and for a stranger elsewhere.
    let timestamp = LinkRequest::fetch(format!("{METADATA_PATH}timestamp.json"));
    deliver(&router, stranger(1), timestamp).await.unwrap();
    asked(2, 1).await.unwrap();
    // A station behind the same address asks as itself.
    let counter = town.enrolled("one").await;
    let line = Line::clean(&town.center, &counter.station);
    line.deliver(news(1)).await.unwrap();
    counter.refill("20.00").await.unwrap();
    let counted = town.admin(AdminCall::Refusals).await;
    let flood = counted.iter().find(|one| one["code"] == "too_many_tries");
    assert_eq!(flood.unwrap()["count"], 20);
    let now = town.clock.now();
    town.clock.turn_to(now.plus_seconds(3_601));
    asked(1, 1).await.unwrap();
    town.assert_books_hold().await;
}
