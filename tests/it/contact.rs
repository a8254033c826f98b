//! One contact serves everything: whichever service opens it, both monitors signal all the others,
//! and a slow or failing one holds up nobody.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use server::admin::call::AdminCall;
use server::admin::money::MoneyCall;
use server::admin::tree::{NewBudget, TreeCall};
use server::clock::Clock as _;
use shared::ids::StationId;
use shared::money::Mills;
use shared::monitor::{Budget, Holdings, Outcome, Stage};
use shared::services::ServiceId;
use shared::services::accounts::NodeKind;
use station::api::{Call, ContactView, Event, PrintCall, StatusView};
use station::contact::link::{Exchange, Link, LinkFault, LinkRequest};
use station::contact::round::{meet_over, meet_through};
use station::contact::standing::Standing;
use station::services::{Asked, AskedRefill};
use system_tests::line::Line;
use system_tests::relay::Relay;
use system_tests::town::{ACCOUNT, Counter, Town};
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::time::{Instant, timeout};

/// Longer than anything here takes, and short enough to fail a test.
const PATIENCE: Duration = Duration::from_secs(20);

/// An edition nobody has yet, from a day to come.
async fn publish(town: &Town, name: &str) {
    let source = include_str!("../../shared/data/editions/us-2026-07-12.json");
    let mut edition: serde_json::Value = serde_json::from_str(source).unwrap();
    edition["id"] = name.into();
    let effective = shared::clock::civil_date(town.clock.now().plus_days(40));
    edition["effective"] = effective.to_string().into();
    town.admin(AdminCall::RatesImport {
        source: edition.to_string(),
    })
    .await;
    town.admin(AdminCall::RatesPublish {
        edition: None,
        passphrase: None,
    })
    .await;
}

/// Gives every service something to do in the next contact.
async fn make_all_due(town: &Town, counter: &Counter, name: &str) {
    for service in ServiceId::ALL {
        match service {
            // A third of the certificate's life is left then, and the indicium key is old.
            ServiceId::Keys => drop(town.turn_days(21)),
            // Every contact carries a statement.
            ServiceId::Funds => {}
            ServiceId::Rates => publish(town, name).await,
            ServiceId::Accounts => grow(town, name).await,
            // A piece that the data center has not heard of.
            ServiceId::Statistics => drop(counter.print_letter("1oz", "10001").await.unwrap()),
            ServiceId::Software => town.put_into_group(counter, group_of(name)).await,
        }
    }
}

/// A station with value in its vault.
async fn refilled() -> (Town, Counter) {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    (town, counter)
}

/// One whose every service has something to do in the next contact.
async fn due() -> (Town, Counter) {
    let (town, counter) = refilled().await;
    make_all_due(&town, &counter, "us-next").await;
    (town, counter)
}

/// Another group for each name that is used here.
fn group_of(name: &str) -> &'static str {
    let known = ServiceId::ALL.map(ServiceId::name).into_iter();
    known
        .chain(["us-next"])
        .find(|known| *known == name)
        .unwrap()
}

/// Another cost centre of the account.
async fn grow(town: &Town, name: &str) {
    let what = TreeCall::New {
        kind: NodeKind::CostCentre,
        name: format!("centre {name}"),
        account: Some(ACCOUNT.to_owned()),
        under: None,
    };
    town.admin(AdminCall::Tree { what }).await;
}

async fn station_of(counter: &Counter) -> StationId {
    let number = counter
        .station
        .apply(|owner| Ok(owner.enrolled()?.station()));
    number.await.unwrap()
}

fn outcomes(view: &ContactView) -> BTreeMap<&str, &str> {
    let services = view.services.iter();
    services
        .map(|one| (one.service.as_str(), one.outcome.as_str()))
        .collect()
}

fn all(outcome: &'static str) -> BTreeMap<&'static str, &'static str> {
    ServiceId::ALL
        .map(|service| (service.name(), outcome))
        .into()
}

/// The service that a request belongs to.
fn service_of(request: &LinkRequest) -> Option<ServiceId> {
    let path = request.path();
    match path.split('/').nth(2)? {
        "keys" | "directory" => Some(ServiceId::Keys),
        // New rates come out of the repository.
        "repository" => Some(ServiceId::Rates),
        name => ServiceId::named(name),
    }
}

/// A line on which one service stalls until it is let go, and then breaks.
struct Stalling {
    line: Arc<Line>,
    stalled: ServiceId,
    let_go: Notify,
}

impl Link for Stalling {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            if service_of(&request) == Some(self.stalled) {
                self.let_go.notified().await;
                return LinkFault::Broken("it stalled".to_owned()).into();
            }
            self.line.exchange(request, &holds).await
        })
    }
}

/// A line that counts what goes over it, within a budget.
struct Counting {
    line: Arc<Line>,
    budget: Budget,
    requests: AtomicU32,
    paths: Mutex<Vec<String>>,
}

impl Counting {
    fn new(town: &Town, counter: &Counter, budget: Budget) -> Arc<Self> {
        Arc::new(Self {
            line: Line::clean(&town.center, &counter.station),
            budget,
            requests: AtomicU32::new(0),
            paths: Mutex::default(),
        })
    }
}

impl Link for Counting {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn budget(&self) -> Budget {
        self.budget
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let path = request.path();
        self.paths.lock().unwrap().push(path.to_owned());
        self.line.exchange(request, holds)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_service_opens_a_contact_every_other_is_served_in_it_on_both_monitors() {
    let (town, counter) = refilled().await;
    let station = station_of(&counter).await;
    for opener in ServiceId::ALL {
        make_all_due(&town, &counter, opener.name()).await;
        let link: Arc<dyn Link> = Line::clean(&town.center, &counter.station);
        let met = meet_through(&counter.station, &link, opener).await.unwrap();
        assert_eq!(outcomes(&met.view), all("served"), "opened by {opener:?}");

        let seen = town.center.monitor().contact_of(station).unwrap();
        assert_eq!(seen.opened_by(), Some(opener));
        for (service, stage) in seen.stages() {
            let served = Stage::Rested(Outcome::Served);
            assert_eq!(stage, served, "{service:?}, opened by {opener:?}");
        }
    }
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_is_a_contact_of_all_services() {
    let (town, counter) = due().await;
    let refill = counter.refill("20.00").await.unwrap();
    assert_eq!(refill.registers.control_total, 40_000);
    let served = refill.services.iter().all(|one| one.outcome == "served");
    assert!(served, "{:?}", refill.services);
    let seen = town.center.monitor().contact_of(station_of(&counter).await);
    assert_eq!(seen.unwrap().opened_by(), Some(ServiceId::Funds));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_service_stalled_the_rest_finish() {
    for stalled in ServiceId::ALL {
        let (town, counter) = due().await;
        let stalling = Arc::new(Stalling {
            line: Line::clean(&town.center, &counter.station),
            stalled,
            let_go: Notify::new(),
        });
        let mut events = counter.station.subscribe();
        let link: Arc<dyn Link> = stalling.clone();
        let station = counter.station.clone();
        let contact =
            tokio::spawn(async move { meet_over(&station, &link, Asked::default()).await });
        let mut rest: Vec<&str> = ServiceId::ALL.map(ServiceId::name).to_vec();
        rest.retain(|name| *name != stalled.name());
        while !rest.is_empty() {
            let event = timeout(PATIENCE, events.recv()).await;
            let event = event.unwrap_or_else(|_| panic!("{rest:?} wait for {stalled:?}"));
            if let Event::Service { service, stage } = event.unwrap()
                && stage == "served"
            {
                rest.retain(|name| *name != service);
            }
        }
        assert!(!contact.is_finished(), "{stalled:?} still stalls");
        stalling.let_go.notify_waiters();
        let met = timeout(PATIENCE, contact).await.unwrap().unwrap().unwrap();
        let mut expected = all("served");
        expected.insert(stalled.name(), "failed");
        assert_eq!(outcomes(&met.view), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_with_nothing_due_is_one_round_trip() {
    let (town, counter) = refilled().await;
    let counting = Counting::new(&town, &counter, Budget::UNLIMITED);
    let link: Arc<dyn Link> = counting.clone();
    let met = meet_over(&counter.station, &link, Asked::default()).await;
    let mut expected = all("nothing");
    expected.insert("funds", "served");
    assert_eq!(outcomes(&met.unwrap().view), expected);
    assert_eq!(*counting.paths.lock().unwrap(), ["/v1/funds/sync"]);
    assert_eq!(counting.requests.load(Ordering::SeqCst), 1);
}

/// A call on which replies come as a script says: each waits until requests with these beginnings have
/// come.
struct Scripted {
    line: Arc<Line>,
    /// The reply to which request waits for which others.
    waits: fn(&str) -> &'static [&'static str],
    paths: Mutex<Vec<String>>,
    came: Notify,
    /// Requests arrive one after the other and in their order.
    order: tokio::sync::Mutex<()>,
}

impl Scripted {
    fn new(
        town: &Town,
        counter: &Counter,
        waits: fn(&str) -> &'static [&'static str],
    ) -> Arc<Self> {
        Arc::new(Self {
            line: Line::clean(&town.center, &counter.station),
            waits,
            paths: Mutex::default(),
            came: Notify::new(),
            order: tokio::sync::Mutex::new(()),
        })
    }

    fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }

    /// Waits until requests with all these beginnings have come.
    async fn until(&self, begin: &[&str]) {
        loop {
            let came = self.came.notified();
            let paths = self.paths();
            let has = |begin: &&str| paths.iter().any(|path| path.starts_with(begin));
            if begin.iter().all(has) {
                return;
            }
            came.await;
        }
    }
}

impl Link for Scripted {
    fn line(&self) -> &'static str {
        "dialup"
    }

    fn budget(&self) -> Budget {
        Budget::CALL
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            let path = request.path().to_owned();
            self.paths.lock().unwrap().push(path.clone());
            self.came.notify_waiters();
            let answered = {
                let _in_order = self.order.lock().await;
                self.line.exchange(request, &holds).await
            };
            self.until((self.waits)(&path)).await;
            answered
        })
    }
}

/// What can be asked before anything was answered.
const AT_ONCE: [&str; 6] = [
    "/v1/repository/news",
    "/v1/funds/refill",
    "/v1/funds/journal",
    "/v1/keys/renew",
    "/v1/statistics",
    "/v1/accounts",
];

#[tokio::test(flavor = "multi_thread")]
async fn on_a_call_all_is_asked_at_once_that_waits_for_no_reply_and_funds_before_the_rest() {
    let (town, counter) = due().await;
    // No reply comes before all that needs none is asked.
    let call = Scripted::new(&town, &counter, |_| &AT_ONCE);
    let link: Arc<dyn Link> = call.clone();
    let met = meet_over(&counter.station, &link, Asked::default());
    let met = timeout(PATIENCE, met)
        .await
        .expect("nothing waits")
        .unwrap();
    assert_eq!(outcomes(&met.view), all("served"));
    let paths = call.paths();
    let first = paths.iter().take(AT_ONCE.len());
    for (path, begin) in first.zip(AT_ONCE) {
        assert!(path.starts_with(begin), "{paths:?}");
    }
    let news = paths
        .iter()
        .filter(|path| path.starts_with("/v1/repository"));
    assert_eq!(
        news.count(),
        1,
        "what came before it was told is not asked again"
    );
    let pages = paths.iter().filter(|path| path.ends_with("/journal"));
    assert_eq!(pages.count(), 1, "one page has all: {paths:?}");
    let mirrored = counter.station.apply(|owner| {
        Ok((
            station::services::mirror::mirrored(owner)?,
            owner.store().mark().journal_size,
        ))
    });
    let (mirrored, size) = mirrored.await.unwrap();
    // All that there was when it was asked: what came since are the grant and two receipts.
    assert_eq!(mirrored + 3, size);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_that_somebody_waits_for_goes_alone_until_it_is_decided() {
    let (town, counter) = due().await;
    // Once it is decided, nothing waits for its acknowledgement.
    let call = Scripted::new(&town, &counter, |path| match path {
        "/v1/funds/sync" => &["/v1/repository/news", "/v1/keys/renew", "/v1/software"],
        _ => &[],
    });
    let link: Arc<dyn Link> = call.clone();
    let refill = Some(AskedRefill {
        amount: Mills::new(5_000).unwrap(),
        user: "clerk".to_owned(),
    });
    let met = meet_over(&counter.station, &link, Asked { refill });
    let met = timeout(PATIENCE, met)
        .await
        .expect("nothing waits")
        .unwrap();
    assert_eq!(outcomes(&met.view), all("served"));
    let paths = call.paths();
    assert_eq!(paths[..2], ["/v1/funds/refill", "/v1/funds/sync"]);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_which_nothing_is_new_costs_one_short_question_for_it() {
    let (town, counter) = refilled().await;
    counter.contact().await.unwrap();
    let call = Scripted::new(&town, &counter, |_| &[]);
    let link: Arc<dyn Link> = call.clone();
    let met = meet_over(&counter.station, &link, Asked::default()).await;
    let mut expected = all("nothing");
    expected.insert("funds", "served");
    expected.insert("rates", "served");
    assert_eq!(outcomes(&met.unwrap().view), expected);
    let mut paths = call.paths();
    paths.sort();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert_eq!(paths[0], "/v1/funds/sync");
    assert!(paths[1].starts_with("/v1/repository/news"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_a_call_is_deferred_and_comes_over_the_internet() {
    let (town, counter) = due().await;
    let small = Budget {
        bytes: Some(3_000),
        time: Some(PATIENCE),
    };
    let call = Counting::new(&town, &counter, small);
    let link: Arc<dyn Link> = call.clone();
    let met = meet_over(&counter.station, &link, Asked::default()).await;
    let view = met.unwrap().view;
    let outcomes = outcomes(&view);
    let deferred = ["rates", "accounts", "statistics", "software"];
    for (service, outcome) in outcomes {
        let expected = if deferred.contains(&service) {
            "deferred"
        } else {
            "served"
        };
        assert_eq!(outcome, expected, "{service}");
    }
    let paths = call.paths.lock().unwrap().clone();
    let of_money = |path: &String| path.starts_with("/v1/funds") || path.starts_with("/v1/keys");
    assert!(paths.iter().all(of_money), "{paths:?}");
    let rates = counter.status().await.services;
    let rates = rates.iter().find(|one| one.service == "rates").unwrap();
    assert_eq!(rates.outcome, "deferred");
    let reason = rates.reason.as_deref().unwrap();
    assert!(
        reason.starts_with("It was left for a later contact"),
        "{reason}"
    );

    counter.contact().await.unwrap();
    let rates = counter.status().await.services;
    let rates = rates.iter().find(|one| one.service == "rates").unwrap();
    assert_eq!((rates.outcome.as_str(), &rates.reason), ("served", &None));
}

/// Waits until so many stations keep a contact open.
async fn until_open(town: &Town, count: usize) {
    let opened = async {
        while town.center.monitor().open_contacts() != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, opened).await.unwrap();
}

/// Waits until a service was served.
async fn until_served(events: &mut Receiver<Event>, name: &str) {
    let served = async {
        loop {
            if let Event::Service { service, stage } = events.recv().await.unwrap()
                && (service.as_str(), stage.as_str()) == (name, "served")
            {
                return;
            }
        }
    };
    timeout(PATIENCE, served).await.unwrap();
}

/// Waits until the station knows what its account has; how long that took.
async fn until_available(counter: &Counter, mills: u64) -> Duration {
    let knows = |status: &StatusView| {
        let account = status.account.as_ref();
        account.is_some_and(|account| account.available_mills == Some(mills))
    };
    until(counter, knows).await
}

/// A station that keeps a contact open, after the contact that every such line begins with.
async fn waiting() -> (Town, Counter, Receiver<Event>, Standing) {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let mut events = counter.station.subscribe();
    let standing = counter.station.stand();
    until_open(&town, 1).await;
    until_served(&mut events, "funds").await;
    (town, counter, events, standing)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_with_an_open_window_is_woken_within_a_second() {
    let (town, counter, mut events, standing) = waiting().await;

    publish(&town, "us-next").await;
    until_served(&mut events, "rates").await;
    // The quickest of a few: on a full machine any single one may have to wait for its turn.
    let mut quickest = PATIENCE;
    for deposit in 1..=5 {
        town.deposit("7.00", &format!("deposit {deposit}")).await;
        let took = until_available(&counter, 100_000 + 7_000 * deposit).await;
        quickest = quickest.min(took);
    }
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");

    standing.end().await;
    until_open(&town, 0).await;
}

/// What happens until nothing happens for a while.
async fn quiet(events: &mut Receiver<Event>) -> usize {
    let mut count = 0;
    while timeout(Duration::from_millis(500), events.recv())
        .await
        .is_ok()
    {
        count += 1;
    }
    count
}

/// Waits until what the station shows fits; how long that took.
async fn until(counter: &Counter, fits: impl Fn(&StatusView) -> bool) -> Duration {
    let begun = Instant::now();
    let seen = async {
        while !fits(&counter.status().await) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, seen).await.unwrap();
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_admin_changes_reaches_the_stations_it_concerns_without_their_asking() {
    let (town, counter, mut events, standing) = waiting().await;
    let station = counter.status().await.station.unwrap();

    let what = TreeCall::New {
        kind: NodeKind::CostCentre,
        name: "ours".to_owned(),
        account: Some(ACCOUNT.to_owned()),
        under: None,
    };
    town.admin(AdminCall::Tree { what }).await;
    until_served(&mut events, "accounts").await;

    let money = MoneyCall::ReturnPayment {
        reference: "first".to_owned(),
        account: None,
    };
    town.admin(AdminCall::Money { money }).await;
    until_available(&counter, 0).await;

    town.admin(AdminCall::StationWithdraw { station }).await;
    until(&counter, |status| status.state == "withdrawn").await;
    standing.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_station_spends_of_a_budget_the_others_know_without_their_asking() {
    let town = Town::with_deposit("100.00").await;
    let one = town.enrolled("one").await;
    let two = town.enrolled("two").await;
    one.refill("20.00").await.unwrap();
    let centre = |name: &str| TreeCall::New {
        kind: NodeKind::CostCentre,
        name: name.to_owned(),
        account: Some(ACCOUNT.to_owned()),
        under: None,
    };
    let what = centre("ours");
    town.admin(AdminCall::Tree { what }).await;
    one.contact().await.unwrap();
    let mut events = two.station.subscribe();
    let standing = two.station.stand();
    until_open(&town, 1).await;
    until_served(&mut events, "accounts").await;
    quiet(&mut events).await;
    let spend = async |one: &Counter| {
        let call = PrintCall {
            cost_centre: Some("ours".to_owned()),
            ..one.letter("1oz", "10001")
        };
        one.station.call(Call::Print(call)).await.unwrap();
        one.contact().await.unwrap();
    };
    // Without a budget nobody else has to know at once.
    spend(&one).await;
    assert_eq!(quiet(&mut events).await, 0, "nobody was woken");
    let what = TreeCall::Budget {
        centre: "ours".to_owned(),
        month: Some(NewBudget::Amount(Mills::parse("5.00").unwrap())),
        quarter: None,
        year: None,
    };
    town.admin(AdminCall::Tree { what }).await;
    until_served(&mut events, "accounts").await;
    spend(&one).await;
    until_served(&mut events, "accounts").await;
    standing.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_line_comes_back_by_itself_and_brings_everything_up_to_date() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let mut events = counter.station.subscribe();
    let relay = Relay::to(&town.url, Duration::ZERO).await;
    counter.set_server(&relay.url).await;
    let standing = counter.station.stand();
    until_open(&town, 1).await;
    until_served(&mut events, "funds").await;

    relay.drop_all();
    publish(&town, "us-next").await;
    until_served(&mut events, "rates").await;
    until_open(&town, 1).await;
    standing.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_ends_the_open_contact() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let standing = counter.station.stand();
    until_open(&town, 1).await;
    let station = station_of(&counter).await;
    let serials = town
        .center
        .db()
        .write("revoking", move |tx| {
            server::ca::deny::revoke(tx, station, "stolen", town_now())
        })
        .await
        .unwrap_or_else(|fault: server::db::DbError| unreachable!("{fault}"));
    town.center.revoked(station, serials);
    until_open(&town, 0).await;
    // It tries again, and is refused.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(town.center.monitor().open_contacts(), 0);
    standing.end().await;
}

/// Any instant: the list does not look at it.
const fn town_now() -> shared::clock::UnixSeconds {
    shared::clock::UnixSeconds(1_800_000_000)
}
