//! Rate editions over a whole contact: fetched when published, in force by their own date, and
//! believed only whole, signed and unchanged.

use std::sync::{Arc, Mutex};

use server::admin::approval::Consent;
use server::admin::call::AdminCall;
use server::admin::rates::RatesCall;
use server::repository::{Change, RepositoryError, RepositoryRole, nothing};
use shared::monitor::Holdings;
use shared::rates::Edition;
use shared::services::rates::edition_target;
use shared::tuf::{TargetFile, Targets};
use station::api::{Call, QuoteCall, View};
use station::contact::link::{Answered, Exchange, Link, LinkFault, LinkRequest};
use station::contact::round::meet_over;
use station::services::Asked;
use system_tests::line::{Line, flipped, no_news};
use system_tests::town::{Counter, Town};

/// The edition that every town has, by another name and from another day.
fn edition(id: &str, effective: &str) -> String {
    let source = include_str!("../../shared/data/editions/us-2026-07-12.json");
    let mut edition: serde_json::Value = serde_json::from_str(source).unwrap();
    edition["id"] = id.into();
    edition["effective"] = effective.into();
    edition.to_string()
}

/// What is answered in the data center's place, if anything.
type Instead = fn(&LinkRequest) -> Option<Answered>;

/// A line that spoils what is fetched over it.
struct Spoiled {
    line: Arc<Line>,
    fetched: Mutex<Vec<String>>,
    /// The bit to flip, of the reply to fetches of contents (or of the list).
    bit: Option<(bool, usize)>,
    instead: Instead,
}

impl Link for Spoiled {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            if let Some(answered) = (self.instead)(&request) {
                return answered;
            }
            let path = match &request {
                LinkRequest::Fetch { path, .. } | LinkRequest::FetchPart { path, .. }
                    if path.starts_with("/v1/repository") =>
                {
                    path.clone()
                }
                LinkRequest::Fetch { .. }
                | LinkRequest::FetchPart { .. }
                | LinkRequest::Send { .. } => {
                    return self.line.exchange(request, &holds).await;
                }
            };
            let is_content = path.contains("/targets/");
            self.fetched.lock().unwrap().push(path);
            let mut answered = self.line.exchange(request, &holds).await;
            answered.reply = answered.reply.map(|reply| match self.bit {
                Some((contents, bit)) if contents == is_content => flipped(&reply, bit),
                Some(_) | None => reply,
            });
            answered
        })
    }
}

/// A contact over such a line: how the rates fared, and the contents that were fetched.
async fn meet(town: &Town, counter: &Counter, bit: Option<(bool, usize)>) -> (String, Vec<String>) {
    let (outcome, mut fetched) = meet_where(town, counter, no_news, bit).await;
    fetched.retain(|path| path.contains("/targets/"));
    (outcome, fetched)
}

/// A contact over a line where some questions are answered `instead`: how the rates fared, and all
/// that was fetched.
async fn meet_where(
    town: &Town,
    counter: &Counter,
    instead: Instead,
    bit: Option<(bool, usize)>,
) -> (String, Vec<String>) {
    let spoiled = Arc::new(Spoiled {
        line: Line::clean(&town.center, &counter.station),
        fetched: Mutex::default(),
        bit,
        instead,
    });
    let link: Arc<dyn Link> = spoiled.clone();
    let met = meet_over(&counter.station, &link, Asked::default())
        .await
        .unwrap();
    let service = met.view.services.iter().find(|one| one.service == "rates");
    let fetched = spoiled.fetched.lock().unwrap().clone();
    (service.unwrap().outcome.clone(), fetched)
}

/// The edition that prices a letter mailed today, and the price in mills.
async fn quoted(counter: &Counter) -> (String, u64) {
    let call = QuoteCall {
        class: "first-class".to_owned(),
        shape: "letter".to_owned(),
        weight: "1oz".to_owned(),
        to: "10001".to_owned(),
        ..Default::default()
    };
    let view = counter.station.call(Call::Quote(call)).await.unwrap();
    let View::Quote(quote) = view else {
        unreachable!("{view:?}")
    };
    (quote.edition, quote.price_mills)
}

/// The edition that prices a letter mailed today.
async fn in_force(counter: &Counter) -> String {
    quoted(counter).await.0
}

async fn import(town: &Town, id: &str, days: i64) {
    let now = server::clock::Clock::now(town.clock.as_ref());
    let effective = shared::clock::civil_date(now.plus_days(days)).to_string();
    town.admin(AdminCall::RatesImport {
        source: edition(id, &effective),
    })
    .await;
}

async fn publish_all(town: &Town) {
    town.admin(AdminCall::RatesPublish {
        edition: None,
        passphrase: None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_comes_with_the_news_of_the_repository() {
    let town = Town::with_deposit("10.00").await;
    let counter = town.enrolled("one").await;
    counter.contact().await.unwrap();
    import(&town, "us-next", 0).await;
    publish_all(&town).await;
    let (_, asked) = meet_where(&town, &counter, |_| None, None).await;
    assert_eq!(asked.len(), 1, "one question, and no other: {asked:?}");
    assert_eq!(in_force(&counter).await, "us-next");
}

/// The answer to a question for news from an address from which too many came.
fn held_back(request: &LinkRequest) -> Option<Answered> {
    let asked = no_news(request).is_some();
    let problem = server::access::ProblemReply::too_many_tries().0;
    asked.then(|| LinkFault::Refused(Box::new(problem)).into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_is_refused_the_news_asks_for_each_document() {
    let town = Town::with_deposit("10.00").await;
    let counter = town.enrolled("one").await;
    counter.contact().await.unwrap();
    import(&town, "us-next", 0).await;
    publish_all(&town).await;
    let (outcome, fetched) = meet_where(&town, &counter, held_back, None).await;
    assert_eq!(outcome, "served");
    assert!(fetched.len() > 1);
    assert_eq!(in_force(&counter).await, "us-next");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_is_fetched_once_when_published_and_in_force_from_its_own_day() {
    let town = Town::with_deposit("10.00").await;
    let counter = town.enrolled("one").await;
    assert_eq!(in_force(&counter).await, "us-2026-07-12");
    import(&town, "us-next", 5).await;
    let (outcome, fetched) = meet(&town, &counter, None).await;
    assert_eq!(
        (outcome.as_str(), fetched.len()),
        ("nothing", 0),
        "it is not published yet"
    );
    publish_all(&town).await;
    let (outcome, fetched) = meet(&town, &counter, None).await;
    assert_eq!((outcome.as_str(), fetched.len()), ("served", 1));
    let (outcome, fetched) = meet(&town, &counter, None).await;
    let quiet = ("nothing", 0);
    assert_eq!(
        (outcome.as_str(), fetched.len()),
        quiet,
        "what is here is not asked for again"
    );
    assert_eq!(in_force(&counter).await, "us-2026-07-12");
    town.turn_days(4);
    assert_eq!(in_force(&counter).await, "us-2026-07-12");
    town.turn_days(1);
    assert_eq!(in_force(&counter).await, "us-next");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_that_arrives_spoiled_is_not_believed_and_comes_whole_later() {
    let town = Town::with_deposit("10.00").await;
    let counter = town.enrolled("one").await;
    import(&town, "us-next", 0).await;
    publish_all(&town).await;
    for place in [5, 400, 1_000_003, 77_777_777] {
        for contents in [false, true] {
            let (outcome, fetched) = meet(&town, &counter, Some((contents, place))).await;
            assert_eq!(outcome, "refused", "bit {place}, contents {contents}");
            assert_eq!(
                fetched.is_empty(),
                !contents,
                "content is asked for only where the list is believed: {fetched:?}"
            );
            assert_eq!(in_force(&counter).await, "us-2026-07-12");
        }
    }
    assert_eq!(meet(&town, &counter, None).await.0, "served");
    assert_eq!(in_force(&counter).await, "us-next");
}

/// Publishes under the name of an edition what the data center's own commands never would: another
/// content, rightly signed by the role of the rates.
async fn publish_changed(town: &Town, id: &'static str) {
    let now = server::clock::Clock::now(town.clock.as_ref());
    let effective = shared::clock::civil_date(now).to_string();
    let source = edition(id, &effective).replacen("\"0.78\"", "\"0.80\"", 1);
    let content = Edition::from_json(&source).unwrap().to_bytes();
    let center = Arc::clone(&town.center);
    tokio::task::spawn_blocking(move || {
        let change = |named: &Targets| {
            let mut targets = named.targets.clone();
            let path = edition_target(id).unwrap();
            targets.insert(path, TargetFile::of(&content, None));
            Ok::<_, RepositoryError>(Change {
                contents: vec![content.clone()],
                targets,
            })
        };
        center
            .publish(RepositoryRole::Rates, None, change, (nothing, nothing))
            .unwrap();
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_never_gets_other_prices_under_its_name_also_rightly_signed() {
    let town = Town::with_deposit("10.00").await;
    let counter = town.enrolled("one").await;
    import(&town, "us-next", 0).await;
    publish_all(&town).await;
    assert_eq!(meet(&town, &counter, None).await.0, "served");
    let before = quoted(&counter).await;
    assert_eq!(before, ("us-next".to_owned(), 780));
    publish_changed(&town, "us-next").await;
    let (outcome, fetched) = meet(&town, &counter, None).await;
    assert_eq!((outcome.as_str(), fetched.is_empty()), ("refused", false));
    assert_eq!(quoted(&counter).await, before, "prices stay");
    // It is told since when and why, and who enrols now takes what is signed.
    let stopped = counter.status().await.repository.unwrap().stopped;
    assert_eq!(stopped.unwrap().code, "repository_refused");
    let late = town.enrolled("late").await;
    meet(&town, &late, None).await;
    assert_eq!(quoted(&late).await, ("us-next".to_owned(), 800));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_that_fails_validation_needs_two_admins_and_a_reason() {
    let town = Town::with_deposit("10.00").await;
    let keys = town.admin_keys(&["Ada", "Ben"]).await;
    let now = server::clock::Clock::now(town.clock.as_ref());
    let effective = shared::clock::civil_date(now.plus_days(5)).to_string();
    let source = edition("us-odd", &effective).replacen("\"1.07\"", "\"10.70\"", 1);
    let imported = town.admin(AdminCall::RatesImport { source }).await;
    assert_eq!(
        imported[0]["report"]["stops"], 2,
        "a jump, and a fall after it"
    );
    for all in [None, Some("us-odd".to_owned())] {
        let refused = town
            .refused(AdminCall::RatesPublish {
                edition: all,
                passphrase: None,
            })
            .await;
        assert_eq!(refused.code, "edition_fails_validation");
    }
    let despite = |reason: &str, consent| AdminCall::Rates {
        rates: RatesCall::PublishDespite {
            edition: "us-odd".to_owned(),
            reason: reason.to_owned(),
            consent,
            passphrase: None,
        },
    };
    let reason = "The post has announced exactly this.";
    let refused = town.refused(despite(reason, Consent::None)).await;
    assert_eq!(refused.code, "level_too_low");
    let refused = town.refused(despite(" ", Consent::Request)).await;
    assert_eq!(refused.code, "usage");
    // What they have to sign is asked for by somebody who cannot publish.
    let (here, away) = (
        town.center.folder().publish_passphrase(),
        town.station_folder("away"),
    );
    std::fs::rename(&here, &away).unwrap();
    let request = town
        .admin(despite(reason, Consent::Request))
        .await
        .remove(0);
    std::fs::rename(&away, &here).unwrap();
    assert_eq!(request["action"], "rates-publish");
    let one = Town::signed(&request, &[&keys[0]]);
    let refused = town.refused(despite(reason, one)).await;
    assert_eq!(refused.code, "approval_refused");
    let signed = Town::signed(&request, &[&keys[0], &keys[1]]);
    let refused = town
        .refused(despite("Another reason.", signed.clone()))
        .await;
    assert_eq!(
        refused.code, "approval_refused",
        "they signed another reason"
    );
    let counter = town.enrolled("one").await;
    assert_eq!(meet(&town, &counter, None).await.1.len(), 0);
    let shown = town.admin(despite(reason, signed.clone())).await.remove(0);
    assert_eq!(shown["report"]["stops"], 2);
    assert_eq!(meet(&town, &counter, None).await.0, "served");
    let journal = town.admin(AdminCall::LedgerExport).await;
    let engine = base64::engine::general_purpose::STANDARD;
    let has_reason = journal.iter().any(|line| {
        let record = base64::Engine::decode(&engine, line["record"].as_str().unwrap()).unwrap();
        String::from_utf8_lossy(&record).contains(reason)
    });
    assert!(has_reason, "the reason stands in the journal");
    let refused = town.refused(despite(reason, signed)).await;
    assert_eq!(refused.code, "approval_refused", "it is spent");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_is_validated_against_those_published_and_the_day() {
    let town = Town::with_deposit("10.00").await;
    import(&town, "us-next", 5).await;
    let validate = || AdminCall::Rates {
        rates: RatesCall::Validate { edition: None },
    };
    let report = town.admin(validate()).await.remove(0);
    assert_eq!(report["edition"], "us-next");
    assert_eq!(report["against"], "us-2026-07-12");
    assert_eq!(report["stops"], 0);
    town.turn_days(6);
    let refused = town.refused(validate()).await;
    assert_eq!(
        refused.code, "edition_fails_validation",
        "its day has passed"
    );
    let refused = town
        .refused(AdminCall::RatesPublish {
            edition: None,
            passphrase: None,
        })
        .await;
    assert_eq!(refused.code, "edition_fails_validation");
    import(&town, "us-after", 0).await;
    let call = AdminCall::RatesPublish {
        edition: Some("us-after".to_owned()),
        passphrase: None,
    };
    town.admin(call).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_rehearses_a_coming_edition_over_what_the_stations_printed() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("50.00").await.unwrap();
    for weight in ["1oz", "1oz", "2oz"] {
        counter.print_letter(weight, "10001").await.unwrap();
    }
    counter.contact().await.unwrap();
    let now = server::clock::Clock::now(town.clock.as_ref());
    let effective = shared::clock::civil_date(now.plus_days(20)).to_string();
    let source = edition("us-next", &effective).replacen("\"0.78\"", "\"0.80\"", 1);
    let rehearse = || AdminCall::Rates {
        rates: RatesCall::Rehearse {
            edition: None,
            days: 30,
        },
    };
    assert_eq!(town.refused(rehearse()).await.code, "no_coming_edition");
    town.admin(AdminCall::RatesImport { source }).await;
    let shown = town.admin(rehearse()).await.remove(0);
    assert_eq!(
        (&shown["edition"], &shown["against"]),
        (&"us-next".into(), &"us-2026-07-12".into())
    );
    assert_eq!(
        (&shown["pieces"], &shown["changed"]),
        (&3.into(), &2.into()),
        "{shown}"
    );
    assert_eq!(shown["difference_mills"], 40);
    assert_eq!(
        shown["lines"][0]["what"],
        "first-class letter metered, 1 oz"
    );
    assert_eq!(shown["not_understood"], 0);
    assert_eq!(
        meet(&town, &counter, None).await.1.len(),
        0,
        "nothing is published by looking"
    );
}
