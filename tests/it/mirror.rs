//! The stations' journals at the data center: they follow page by page, come once, and what does
//! not hold freezes the station.

use std::sync::Arc;

use rusqlite::Connection;
use server::db::DbError;
use server::mirror::{self, DebitFact};
use shared::ids::StationId;
use shared::money::Mills;
use shared::services::journal::{PageRequest, ProofHashes, Records, VERSION};
use shared::vault::{Action, Answer, Burn, Fate, Follower};
use station::api::UiError;
use station::contact::link::{Link, LinkRequest};
use station::contact::round::meet_over;
use station::services::Asked;
use station::services::sealed::{self, Draft};
use station::station::Owner;
use system_tests::line::Line;
use system_tests::town::{Counter, Town};

async fn station_id(counter: &Counter) -> StationId {
    counter
        .station
        .apply(|owner| Ok(owner.enrolled()?.station()))
        .await
        .unwrap()
}

/// Where the mirror of a station stands, and where its newest accepted statement does.
async fn mirror_of(town: &Town, counter: &Counter) -> (Follower, u64) {
    let vault = counter
        .station
        .apply(|owner| Ok(owner.enrolled()?.id()))
        .await
        .unwrap();
    let station = station_id(counter).await;
    town.center
        .db()
        .read("test", move |tx| {
            let row = server::services::funds::store::find(tx, station)?.unwrap();
            Ok::<_, DbError>((mirror::find(tx, vault)?, row.mirror.accepted_size))
        })
        .await
        .unwrap()
}

async fn debit_of(town: &Town, counter: &Counter, piece: u32) -> Option<DebitFact> {
    let station = station_id(counter).await;
    town.center
        .db()
        .read("test", move |tx| mirror::debit_of(tx, station, piece))
        .await
        .unwrap()
}

async fn meet(counter: &Counter, line: &Arc<Line>) -> station::contact::round::Met {
    let link: Arc<dyn Link> = line.clone();
    meet_over(&counter.station, &link, Asked::default())
        .await
        .unwrap()
}

/// Skips counters: records that cost nothing to make.
async fn skip_counters(counter: &Counter, count: u32) {
    counter
        .station
        .apply(move |owner| {
            for _ in 0..count {
                let next = owner.enrolled()?.next_counter().unwrap();
                let burn = Action::Burn(Burn { counter: next });
                owner.act(&burn, "station", |_, _| Ok(()))?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_follows_within_a_day_and_tells_each_debit() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    counter.print_letter("1oz", "10001").await.unwrap();
    counter.print_letter("2oz", "10001").await.unwrap();
    let spoiled = Action::Answer(Answer {
        counter: 2,
        fate: Fate::Spoiled,
    });
    counter
        .station
        .apply(move |owner| owner.act(&spoiled, "clerk", |_, _| Ok(())))
        .await
        .unwrap();
    counter.contact().await.unwrap();
    assert_eq!(debit_of(&town, &counter, 1).await, None, "it may wait");
    town.turn_days(2);
    counter.contact().await.unwrap();
    let (follower, accepted) = mirror_of(&town, &counter).await;
    assert_eq!(follower.size(), accepted);
    let fact = debit_of(&town, &counter, 1).await.unwrap();
    assert_eq!((fact.counter, fact.postage), (1, Mills::new(780).unwrap()));
    assert_eq!(fact.user, "clerk");
    assert_eq!(fact.fate, None);
    let second = debit_of(&town, &counter, 2).await.unwrap();
    assert_eq!(second.fate, Some(Fate::Spoiled));
    assert_eq!(debit_of(&town, &counter, 3).await, None);
    let registers = counter.status().await.registers;
    let mirrored = follower.vault().unwrap().registers();
    assert_eq!(mirrored.ascending().mills(), registers.ascending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_backlog_comes_in_pages_and_goes_on_where_the_line_broke() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    skip_counters(&counter, 300).await;
    let mut pages = 0;
    // The line loses the reply to the second page, and the whole of the fourth.
    let line = Line::new(&town.center, &counter.station, Vec::new(), move |path| {
        if path != "/v1/funds/journal" {
            return system_tests::line::Trick::None;
        }
        pages += 1;
        match pages {
            2 => system_tests::line::Trick::LoseReply,
            4 => system_tests::line::Trick::LoseRequest,
            _ => system_tests::line::Trick::None,
        }
    });
    for _ in 0..3 {
        meet(&counter, &line).await;
    }
    let (follower, accepted) = mirror_of(&town, &counter).await;
    assert_eq!(follower.size(), accepted);
    assert!(accepted > 300);
    let sent: Vec<LinkRequest> = line
        .passed()
        .into_iter()
        .filter(|passed| passed.path == "/v1/funds/journal")
        .map(|passed| LinkRequest::Send {
            path: passed.path,
            body: passed.body,
        })
        .collect();
    assert!(sent.len() >= 5, "{}", sent.len());
    // Every page once more, late: it changes nothing.
    for page in sent {
        line.deliver(page).await.unwrap();
    }
    let (after, _) = mirror_of(&town, &counter).await;
    assert_eq!(after.bytes(), follower.bytes());
    assert_eq!(counter.status().await.state, "active");
}

/// Lets somebody with a station's keys send a page of another journal; the data center stops the
/// station.
pub(crate) async fn send_forged(
    town: &Town,
    counter: &Counter,
    make: impl FnOnce(&mut Owner) -> Result<PageRequest, UiError> + Send + 'static,
) {
    let forged = counter.station.apply(move |owner| {
        let page = make(owner)?;
        let draft = Draft {
            path: "/v1/funds/journal",
            kind: 1,
            content: PageRequest::CONTENT,
            request: &page,
            next_key: None,
            user: station::station::STATION_USER,
        };
        sealed::unnumbered(owner, &draft)
    });
    let forged = forged.await.unwrap();
    let line = Line::clean(&town.center, &counter.station);
    let refused = line.deliver(forged).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, "vault_frozen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_differs_from_what_was_stated_freezes_the_station_with_evidence() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    counter.print_letter("1oz", "10001").await.unwrap();
    counter.contact().await.unwrap();
    // The forger has the station's keys, and rewrites what was printed.
    send_forged(&town, &counter, |owner| {
        let accepted = owner.enrolled()?.receipt().unwrap().accepted_size;
        let mut records = owner.store().records(0, accepted)?;
        records.pop();
        Ok(PageRequest {
            version: VERSION,
            vault: owner.enrolled()?.id(),
            from: 0,
            consistency: ProofHashes(owner.store().consistency_between(1, accepted)?),
            records: Records(records),
            accepted,
        })
    })
    .await;
    counter.contact().await.ok();
    assert_eq!(counter.status().await.state, "frozen");
    let db = Connection::open(town.center.folder().database()).unwrap();
    let (reason, message, statement): (String, Vec<u8>, Option<Vec<u8>>) = db
        .query_row(
            "SELECT reason, message, statement FROM evidence",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert!(reason.contains("journal records"), "{reason}");
    assert!(message.len() > 500, "the signed page is kept");
    assert!(
        statement.unwrap().len() > 200,
        "and the statement it contradicts"
    );
    let (follower, _) = mirror_of(&town, &counter).await;
    assert_eq!(follower.size(), 0, "nothing of the page is mirrored");
    town.assert_books_hold().await;
}
