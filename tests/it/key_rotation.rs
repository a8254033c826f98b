//! Keys of the data center that follow one another: signing keys by notice, CAs under the offline
//! root, and no station touched by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use server::admin::approval::Consent;
use server::admin::call::AdminCall;
use server::admin::keys::KeysCall;
use server::admin::repository::RepositoryCall;
use server::ca::{Certified, Draft, OfflineRoot, replace_signing_key};
use server::center::{CenterError, DataCenter};
use server::clock::Clock;
use server::repository::keys::TARGETS_FILE;
use server::repository::sign::add_signature;
use shared::monitor::Holdings;
use shared::services::keys::trust::{ANNOUNCE_DAYS, KeyPurpose, OVERLAP_DAYS, TrustBundle};
use shared::wire::{from_cbor, to_cbor};
use station::api::StatusView;
use station::contact::link::{Answered, Exchange, Link, LinkRequest};
use station::contact::round::{Met, meet_over};
use station::services::{Asked, trust};
use system_tests::line::Line;
use system_tests::town::{Counter, PASSPHRASE, Town};

use crate::repository::{drafted, install, offline_key};

/// What the line does to the bundle that says whom to believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bundle {
    Whole,
    Empty,
    /// The notices of another data center, whose keys this station has no reason to believe.
    Foreign,
}

/// A line that counts how often the bundle is fetched.
struct Watched {
    line: Arc<Line>,
    bundle: Bundle,
    foreign: Vec<u8>,
    fetched: AtomicUsize,
}

impl Watched {
    fn new(town: &Town, counter: &Counter, bundle: Bundle, foreign: Vec<u8>) -> Arc<Self> {
        Arc::new(Self {
            line: Line::clean(&town.center, &counter.station),
            bundle,
            foreign,
            fetched: AtomicUsize::new(0),
        })
    }

    fn clean(town: &Town, counter: &Counter) -> Arc<Self> {
        Self::new(town, counter, Bundle::Whole, Vec::new())
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }
}

/// A reply without a word of the data center's monitor.
fn told(reply: Vec<u8>) -> Answered {
    Answered {
        reply: Ok(reply),
        due: None,
    }
}

impl Link for Watched {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        if !matches!(&request, LinkRequest::Fetch { path, .. } if path == trust::PATH) {
            return self.line.exchange(request, holds);
        }
        self.fetched.fetch_add(1, Ordering::SeqCst);
        match self.bundle {
            Bundle::Whole => self.line.exchange(request, holds),
            Bundle::Empty => {
                let empty = to_cbor(&TrustBundle::new(Vec::new(), Vec::new()));
                Box::pin(async move { told(empty) })
            }
            Bundle::Foreign => {
                let foreign = self.foreign.clone();
                Box::pin(async move { told(foreign) })
            }
        }
    }
}

async fn meet(counter: &Counter, line: &Arc<Watched>) -> Met {
    let link: Arc<dyn Link> = line.clone();
    meet_over(&counter.station, &link, Asked::default())
        .await
        .unwrap()
}

fn outcomes(met: &Met) -> BTreeMap<String, String> {
    let services = met.view.services.iter();
    services
        .map(|one| (one.service.clone(), one.outcome.clone()))
        .collect()
}

fn is_well(met: &Met) -> bool {
    outcomes(met)
        .values()
        .all(|outcome| ["served", "nothing"].contains(&outcome.as_str()))
}

pub(crate) async fn announce(town: &Town, what: &[&str], at_once: bool) -> Vec<Value> {
    let call = KeysCall::Announce {
        what: what.iter().map(|name| (*name).to_owned()).collect(),
        at_once,
    };
    town.admin(AdminCall::Keys(call)).await
}

/// Turns the clock and lets the data center do what is due.
pub(crate) async fn days_later(town: &Town, days: i64) {
    town.turn_days(days);
    let center = Arc::clone(&town.center);
    tokio::task::spawn_blocking(move || center.upkeep().unwrap())
        .await
        .unwrap();
}

/// The key of a purpose that the admin sees in use: its number.
pub(crate) async fn in_use(town: &Town, name: &str) -> u64 {
    let keys = town.admin(AdminCall::Keys(KeysCall::List)).await;
    let mut found = keys
        .iter()
        .filter(|key| key["key"] == name && key["state"] == "in-use");
    found.next().unwrap()["number"].as_u64().unwrap()
}

fn key_file(town: &Town, name: &str) -> bool {
    town.center.folder().key(name).exists()
}

fn since(status: &StatusView, purpose: &str) -> i64 {
    let found = status.keys.iter().find(|key| key.purpose == purpose);
    found.unwrap().since
}

const SIGNING: [&str; 2] = ["replies", "heads"];

#[tokio::test(flavor = "multi_thread")]
async fn a_station_in_use_learns_new_signing_keys_before_they_sign() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let begun = since(&counter.status().await, "center-replies");
    announce(&town, &SIGNING, false).await;
    let line = Watched::clean(&town, &counter);
    days_later(&town, 20).await;
    assert!(is_well(&meet(&counter, &line).await));
    // It knows the next key by its own renewal, and the old one still signs.
    let status = counter.status().await;
    let next = status
        .keys
        .iter()
        .find(|key| key.purpose == "center-replies");
    assert!(next.unwrap().next.is_some());
    assert_eq!(since(&status, "center-replies"), begun);
    assert_eq!(in_use(&town, "replies").await, 1);
    days_later(&town, ANNOUNCE_DAYS - 20).await;
    for name in SIGNING {
        assert_eq!(in_use(&town, name).await, 2);
        assert!(key_file(&town, &format!("{name}-2")) && !key_file(&town, name));
    }
    assert!(is_well(&meet(&counter, &line).await));
    assert!(since(&counter.status().await, "center-replies") > begun);
    assert_eq!(line.fetched(), 0, "nothing was met that was not known");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_was_away_for_several_keys_is_rescued_in_one_contact() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    for _ in 0..3 {
        announce(&town, &SIGNING, false).await;
        days_later(&town, ANNOUNCE_DAYS).await;
    }
    assert_eq!(in_use(&town, "replies").await, 4);
    let line = Watched::clean(&town, &counter);
    let met = meet(&counter, &line).await;
    assert!(is_well(&met), "{:?}", met.view);
    assert!(line.fetched() > 0);
    assert_eq!(counter.status().await.state, "active");
    let before = line.fetched();
    assert!(is_well(&meet(&counter, &line).await));
    assert_eq!(line.fetched(), before, "once learned it is known");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_no_believed_key_vouches_for_is_not_believed() {
    let town = Town::with_deposit("100.00").await;
    let impostor = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    for one in [&town, &impostor] {
        announce(one, &SIGNING, true).await;
    }
    let foreign = to_cbor(&impostor.center.authority().trust(impostor.clock.now()));
    let before = counter.status().await.registers.descending;
    for bundle in [Bundle::Empty, Bundle::Foreign] {
        let line = Watched::new(&town, &counter, bundle, foreign.clone());
        let met = meet(&counter, &line).await;
        assert_eq!(outcomes(&met)["funds"], "refused", "{:?}", met.view);
        assert!(line.fetched() > 0);
        let reason = met.view.services.iter().find(|one| one.service == "funds");
        let reason = reason.unwrap().reason.clone().unwrap();
        assert!(
            reason.contains("a key this station does not know"),
            "{reason}"
        );
    }
    assert_eq!(counter.status().await.registers.descending, before);
    let line = Watched::clean(&town, &counter);
    assert!(is_well(&meet(&counter, &line).await));
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_follow_one_another_by_themselves_over_two_years() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let line = Watched::clean(&town, &counter);
    for round in 1..=45 {
        days_later(&town, 19).await;
        let met = meet(&counter, &line).await;
        let mut found = outcomes(&met);
        // Nobody has signed for rates in two years: nothing new is installed, and nothing else waits.
        let rates = found.remove("rates").unwrap();
        let fine = |outcome: &str| ["served", "nothing"].contains(&outcome);
        assert!(found.values().all(|outcome| fine(outcome)), "{found:?}");
        let has_ended = round * 19 >= 400;
        assert_eq!(
            rates == "refused",
            has_ended,
            "{rates} after {round} rounds"
        );
        assert!(has_ended || fine(&rates), "{rates} after {round} rounds");
    }
    for name in SIGNING {
        assert_eq!(in_use(&town, name).await, 3);
        assert!(!key_file(&town, name) && !key_file(&town, &format!("{name}-2")));
    }
    assert_eq!(line.fetched(), 0, "every key was learned before it signed");
    // Sealing keys come monthly; of two years' no more lie there than still open.
    let sealing = std::fs::read_dir(town.center.folder().sealing_keys()).unwrap();
    assert!((2..=5).contains(&sealing.count()));
    let bundle = town.center.authority().trust(town.clock.now());
    assert!(bundle.notices.len() <= 6, "{}", bundle.notices.len());
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_heads_that_takes_over_at_once_raises_no_doubt() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    announce(&town, &["heads"], true).await;
    let line = Watched::clean(&town, &counter);
    let met = meet(&counter, &line).await;
    assert!(is_well(&met), "{:?}", met.view);
    assert_eq!(line.fetched(), 1, "the reply's own key was known");
    counter.refill("10.00").await.unwrap();
    // Who enrols now is shown no head that was cosigned under the key before.
    let late = town.enrolled("late").await;
    let line = Watched::clean(&town, &late);
    let met = meet(&late, &line).await;
    assert!(is_well(&met), "{:?}", met.view);
    assert_eq!(line.fetched(), 0);
    town.assert_books_hold().await;
}

/// Makes new CAs as the command does: drafted by the data center, certified by the offline root.
async fn rotate_cas(town: &Town, at_once: bool) {
    let drafts = town.admin(AdminCall::Keys(KeysCall::Draft)).await;
    let bundle = std::fs::read_to_string(town.center.folder().offline_root()).unwrap();
    let root = OfflineRoot::open(&bundle, PASSPHRASE, town.center.authority().root()).unwrap();
    let now = town.clock.now();
    let certified: Vec<Certified> = drafts
        .into_iter()
        .map(|draft| serde_json::from_value::<Draft>(draft).unwrap())
        .map(|draft| root.certify(&draft, at_once, now).unwrap())
        .collect();
    town.admin(AdminCall::Keys(KeysCall::Install { certified }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_cas_need_no_hand_at_any_station() {
    let town = Town::with_deposit("300.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    rotate_cas(&town, false).await;
    // Server and station CA are new at once: the old certificate is met under the new ones by TLS.
    assert_eq!(in_use(&town, "server-ca").await, 2);
    assert_eq!(in_use(&town, "station-ca").await, 2);
    assert_eq!(in_use(&town, "indicium-ca").await, 1);
    counter.refill("10.00").await.unwrap();
    let new = town.enrolled("two").await;
    new.refill("10.00").await.unwrap();
    assert!(!key_file(&town, "station-ca") && key_file(&town, "station-ca-2"));
    // The authority of indicia is learned with the renewal, weeks before it issues.
    let line = Watched::clean(&town, &counter);
    days_later(&town, 20).await;
    assert!(is_well(&meet(&counter, &line).await));
    days_later(&town, ANNOUNCE_DAYS - 20).await;
    assert_eq!(in_use(&town, "indicium-ca").await, 2);
    assert!(is_well(&meet(&counter, &line).await));
    assert_eq!(line.fetched(), 0);
    let piece = counter.print_letter("1oz", "02108").await.unwrap();
    assert_eq!(piece.state.word(), "printed");
    // The other one was away and is rescued; what it holds is not lost.
    let away = Watched::clean(&town, &new);
    let met = meet(&new, &away).await;
    assert!(is_well(&met), "{:?}", met.view);
    new.print_letter("1oz", "02108").await.unwrap();
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_authority_is_learned_with_the_first_grant_under_it() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    counter.print_letter("1oz", "02108").await.unwrap();
    rotate_cas(&town, true).await;
    assert_eq!(in_use(&town, "indicium-ca").await, 2);
    assert!(!key_file(&town, "indicium-ca"));
    counter.refill("10.00").await.unwrap();
    counter.print_letter("2oz", "02108").await.unwrap();
    assert_eq!(town.balance().await, 70_000);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_is_learned_from_the_repository_before_any_renewal() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    let line = Watched::clean(&town, &counter);
    assert!(is_well(&meet(&counter, &line).await));
    let learned = async || {
        let station = &counter.station;
        station
            .apply(|owner| trust::authorities(owner))
            .await
            .unwrap()
    };
    let before = learned().await;
    rotate_cas(&town, false).await;
    let what = RepositoryCall::DraftTargets {
        new_keys: Vec::new(),
        passphrase: None,
    };
    let mut document = drafted(&town, what).await;
    add_signature(&mut document, &offline_key(&town, TARGETS_FILE));
    town.admin(install(&document, Consent::None)).await;
    assert!(is_well(&meet(&counter, &line).await));
    let after = learned().await;
    assert_eq!((before.len(), after.len()), (1, 2));
    assert_eq!(
        before[0], after[0],
        "that of the server and that of stations are none of indicia"
    );
    assert_eq!(line.fetched(), 0, "no bundle was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_authority_is_trusted_for_the_overlap_and_not_longer() {
    let town = Town::with_deposit("1.00").await;
    let old = town.center.authority().station_authority();
    rotate_cas(&town, true).await;
    let trusted = |days| {
        let now = town.clock.now().plus_days(days);
        town.center.authority().station_authorities(now)
    };
    assert_eq!(trusted(0).len(), 2);
    assert!(trusted(OVERLAP_DAYS - 1).contains(&old));
    assert!(!trusted(OVERLAP_DAYS).contains(&old));
    let bundle = to_cbor(&town.center.authority().trust(town.clock.now()));
    let bundle: TrustBundle = from_cbor(&bundle).unwrap();
    assert_eq!(bundle.authorities.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_the_root_did_not_sign_makes_no_ca() {
    let town = Town::with_deposit("1.00").await;
    let other = Town::with_deposit("1.00").await;
    let drafts = town.admin(AdminCall::Keys(KeysCall::Draft)).await;
    let bundle = std::fs::read_to_string(other.center.folder().offline_root()).unwrap();
    let foreign = OfflineRoot::open(&bundle, PASSPHRASE, other.center.authority().root()).unwrap();
    // A bundle of another data center is told from a wrong passphrase by nobody.
    assert!(OfflineRoot::open(&bundle, PASSPHRASE, town.center.authority().root()).is_err());
    let own = std::fs::read_to_string(town.center.folder().offline_root()).unwrap();
    let root = town.center.authority().root();
    assert!(OfflineRoot::open(&own, "wrong horse battery", root).is_err());
    for draft in drafts {
        let draft: Draft = serde_json::from_value(draft).unwrap();
        let certified = foreign.certify(&draft, true, town.clock.now()).unwrap();
        let installed = town
            .center
            .authority()
            .install(&certified, town.clock.now());
        assert!(installed.is_err());
    }
    assert_eq!(in_use(&town, "station-ca").await, 1);
    // The right root can still finish what was drafted.
    rotate_cas(&town, true).await;
    assert_eq!(in_use(&town, "station-ca").await, 2);
}

/// The same data center after its signing keys were replaced by the root's word.
async fn replaced(town: Town, is_stolen: bool) -> Town {
    let folder = town.center.folder().clone();
    let bundle = std::fs::read_to_string(folder.offline_root()).unwrap();
    let root = OfflineRoot::open(&bundle, PASSPHRASE, town.center.authority().root()).unwrap();
    let now = town.clock.now();
    for purpose in KeyPurpose::ALL {
        replace_signing_key(&folder, purpose, &root, is_stolen, now).unwrap();
    }
    let center = reopened(&town).await.unwrap();
    town.with_center(Arc::new(center))
}

async fn reopened(town: &Town) -> Result<DataCenter, CenterError> {
    let folder = town.center.folder().clone();
    let hand = Arc::clone(&town.clock);
    let clock: Arc<dyn Clock> = hand;
    tokio::task::spawn_blocking(move || DataCenter::open(&folder, clock))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_names_a_key_in_place_of_a_lost_one_and_stations_go_on() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    // A successor was announced, and the station knows it; that one is lost too.
    announce(&town, &SIGNING, false).await;
    let line = Watched::clean(&town, &counter);
    days_later(&town, 20).await;
    assert!(is_well(&meet(&counter, &line).await));
    let folder = town.center.folder().clone();
    for name in SIGNING {
        std::fs::remove_file(folder.key(name)).unwrap();
        std::fs::remove_file(folder.key(&format!("{name}-2"))).unwrap();
    }
    assert!(reopened(&town).await.is_err(), "it cannot sign");
    let town = replaced(town, false).await;
    for name in SIGNING {
        assert_eq!(in_use(&town, name).await, 3);
    }
    let line = Watched::clean(&town, &counter);
    let met = meet(&counter, &line).await;
    assert!(is_well(&met), "{:?}", met.view);
    assert!(line.fetched() > 0, "it learned of the key when it met it");
    let authority = town.center.authority();
    assert_eq!(authority.believed_replies(town.clock.now()).len(), 3);
    // The announced key never takes over, and keys follow one another as before.
    days_later(&town, ANNOUNCE_DAYS).await;
    assert_eq!(in_use(&town, "replies").await, 3);
    announce(&town, &SIGNING, true).await;
    assert_eq!(in_use(&town, "replies").await, 4);
    let met = meet(&counter, &line).await;
    assert!(is_well(&met), "{:?}", met.view);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stolen_key_signs_is_not_believed_once_the_root_has_named_another() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    announce(&town, &SIGNING, false).await;
    let thief = Arc::clone(&town.center);
    let town = replaced(town, true).await;
    // Nor does the data center believe anything under it, or under the one that it announced.
    let (authority, now) = (town.center.authority(), town.clock.now());
    assert_eq!(
        authority.believed_replies(now),
        [authority.replies().point()]
    );
    assert_eq!(authority.believed_heads(now), [authority.heads().public()]);
    let line = Watched::clean(&town, &counter);
    let met = meet(&counter, &line).await;
    assert!(is_well(&met), "{:?}", met.view);
    // The thief has everything that the data center had before.
    let theirs: Arc<dyn Link> = Line::clean(&thief, &counter.station);
    let met = meet_over(&counter.station, &theirs, Asked::default())
        .await
        .unwrap();
    assert_eq!(outcomes(&met)["funds"], "refused", "{:?}", met.view);
    let reason = met.view.services.iter().find(|one| one.service == "funds");
    let reason = reason.unwrap().reason.clone().unwrap();
    assert!(reason.contains("signature"), "{reason}");
    // Who enrols later learns nothing from the old words of the bundle.
    announce(&town, &SIGNING, true).await;
    let town = town.served().await;
    let late = town.enrolled("late").await;
    let line = Watched::clean(&town, &late);
    days_later(&town, 20).await;
    for _ in 0..2 {
        let met = meet(&late, &line).await;
        assert!(is_well(&met), "{:?}", met.view);
    }
    assert_eq!(line.fetched(), 0);
    town.assert_books_hold().await;
}
