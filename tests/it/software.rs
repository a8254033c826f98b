//! Software over whole contacts: published by an admin, fetched piece by piece whatever the line does,
//! kept until nobody is served, and told about.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use server::admin::call::AdminCall;
use server::admin::software::{SoftwareCall, WhichRelease};
use sha2::{Digest as _, Sha256};
use shared::money::Mills;
use shared::monitor::{Budget, Holdings};
use shared::services::ServiceId;
use shared::software::{Busy, Channel, Hold, Platform, Version};
use station::api::{Call, SetSoftwareCall, SoftwareState, SoftwareView, View};
use station::contact::link::{Exchange, Link, LinkFault, LinkRequest};
use station::contact::round::{meet_over, meet_through};
use station::services::Asked;
use station::services::software::Readiness;
use system_tests::line::{Line, no_news};
use system_tests::town::{Counter, Town, asking};

/// A package of some pieces, and not a whole number of them.
const PACKAGE_BYTES: usize = 3_000_001;

/// What a signer writes, as far as the data center looks at it. The station's updater looks at the
/// rest when it installs.
fn signature(version: &str) -> String {
    let text = format!(
        "untrusted comment: signature\nRUT\ntrusted comment: timestamp:1\tversion:{version}\nRUT\n"
    );
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// The package of a version: bytes that look like no other's.
fn package(version: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PACKAGE_BYTES);
    let mut block: [u8; 32] = Sha256::digest(version).into();
    while bytes.len() < PACKAGE_BYTES {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block).into();
    }
    bytes.truncate(PACKAGE_BYTES);
    bytes
}

fn which(version: &str) -> WhichRelease {
    WhichRelease {
        version: version.parse().unwrap(),
        platform: Platform::LinuxAppimage,
        channel: Channel::Stable,
        passphrase: None,
    }
}

/// An office with a station, and releases as files.
struct Office {
    town: Town,
    counter: Counter,
    files: tempfile::TempDir,
}

impl Office {
    async fn new() -> Self {
        let town = Town::with_deposit("100.00").await;
        let counter = town.enrolled("one").await;
        counter.refill("20.00").await.unwrap();
        Self {
            town,
            counter,
            files: tempfile::tempdir().unwrap(),
        }
    }

    fn publishing(&self, version: &str, percent: u8, groups: &[&str]) -> AdminCall {
        let file: PathBuf = self
            .files
            .path()
            .join(format!("Pennyblack-{version}.AppImage"));
        std::fs::write(&file, package(version)).unwrap();
        let what = SoftwareCall::Publish {
            file,
            signature: signature(version),
            which: which(version),
            percent,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            minimum: None,
            during_hours: false,
        };
        AdminCall::Software { what }
    }

    async fn publish(&self, version: &str, percent: u8, groups: &[&str]) {
        self.town
            .admin(self.publishing(version, percent, groups))
            .await;
    }

    async fn software(&self, what: SoftwareCall) -> Vec<serde_json::Value> {
        self.town.admin(AdminCall::Software { what }).await
    }

    async fn view(&self) -> SoftwareView {
        let View::Software(view) = self.counter.station.call(Call::Software).await.unwrap() else {
            panic!("the view of software is none");
        };
        *view
    }

    /// From now on nobody is ever served, or always.
    async fn open(&self, hours: &str) {
        let call = SetSoftwareCall {
            hours: Some(hours.to_owned()),
            channel: None,
        };
        self.counter
            .station
            .call(Call::SetSoftware(call))
            .await
            .unwrap();
    }

    /// The same after the station was ended and started.
    fn restarted(self) -> Self {
        let Self {
            town,
            counter,
            files,
        } = self;
        drop(counter);
        let counter = town.open_station("one").unwrap();
        Self {
            town,
            counter,
            files,
        }
    }

    async fn readiness(&self) -> Readiness {
        let ready = self.counter.station.prepare_software().await.unwrap();
        self.counter.station.give_up_software();
        ready
    }

    fn line(&self) -> Arc<Line> {
        Line::clean(&self.town.center, &self.counter.station)
    }
}

/// A line that breaks after some pieces of a package, and has a budget.
struct Breaking {
    line: Arc<Line>,
    budget: Budget,
    pieces: AtomicUsize,
    most: usize,
    /// What stands in the path of a request whose reply is lost.
    loses: Option<&'static str>,
    asked: Mutex<Vec<(u64, u64)>>,
}

impl Breaking {
    fn after(office: &Office, most: usize, budget: Budget) -> Arc<Self> {
        Arc::new(Self {
            line: office.line(),
            budget,
            pieces: AtomicUsize::new(0),
            most,
            loses: None,
            asked: Mutex::default(),
        })
    }

    fn losing(office: &Office, loses: &'static str) -> Arc<Self> {
        Arc::new(Self {
            line: office.line(),
            budget: Budget::UNLIMITED,
            pieces: AtomicUsize::new(0),
            most: usize::MAX,
            loses: Some(loses),
            asked: Mutex::default(),
        })
    }
}

impl Link for Breaking {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn budget(&self) -> Budget {
        self.budget
    }

    fn exchange(&self, request: LinkRequest, holds: &Holdings) -> Exchange<'_> {
        let holds = holds.clone();
        Box::pin(async move {
            if let LinkRequest::FetchPart { from, end, path } = &request
                && path.contains("software")
            {
                self.asked.lock().unwrap().push((*from, *end));
                if self.pieces.fetch_add(1, Ordering::SeqCst) >= self.most {
                    return LinkFault::Broken("it broke".to_owned()).into();
                }
            }
            if let Some(answered) = no_news(&request).filter(|_| self.loses.is_some()) {
                return answered;
            }
            let path = request.path();
            let is_lost = self.loses.is_some_and(|lost| path.contains(lost));
            let answered = self.line.exchange(request, &holds).await;
            if is_lost {
                return LinkFault::Broken("the reply was lost".to_owned()).into();
            }
            answered
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_goes_on_where_the_line_broke_also_after_a_restart() {
    let mut office = Office::new().await;
    office.open("Mon-Sun 00:00-24:00").await;
    office.publish("1.1.0", 100, &[]).await;
    let mut asked = Vec::new();
    while office.view().await.state != SoftwareState::Waiting {
        assert!(asked.len() < 60, "the package never ends: {asked:?}");
        let line = Breaking::after(&office, 1, Budget::UNLIMITED);
        let link: Arc<dyn Link> = line.clone();
        // A service whose line breaks fails, and hinders no other.
        meet_over(&office.counter.station, &link, Asked::default())
            .await
            .unwrap();
        asked.extend(line.asked.lock().unwrap().drain(..));
        // The line knows the station too, and its folder is free when nobody does.
        drop((line, link));
        office = office.restarted();
    }
    // A piece that came was never asked for again: only the one that the line broke on was.
    let mut came = 0;
    for pair in asked.windows(2) {
        let ((from, end), (next, _)) = (pair[0], pair[1]);
        assert_eq!(from, came, "{asked:?}");
        assert!(next == from || next == end, "{asked:?}");
        came = next;
    }
    let view = office.view().await;
    assert_eq!(view.release.as_deref(), Some("1.1.0"));
    assert_eq!(view.waits.as_deref(), Some("the office is open"));
    office.open("never").await;
    let Readiness::Now(ready) = office.readiness().await else {
        panic!("a package that is here and may be installed is not ready");
    };
    assert_eq!(std::fs::read(ready.path).unwrap(), package("1.1.0"));
    assert_eq!(ready.signature, signature("1.1.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_came_in_half_names_no_release_and_spoils_no_contact() {
    let office = Office::new().await;
    office.publish("1.1.0", 100, &[]).await;
    // The new timestamp comes and is kept, and what it tells of does not, twice.
    for _ in 0..2 {
        let link: Arc<dyn Link> = Breaking::losing(&office, "snapshot.json");
        let met = meet_through(&office.counter.station, &link, ServiceId::Software)
            .await
            .unwrap();
        let fared = |name: &str| {
            let mut services = met.view.services.iter();
            let one = services.find(|one| one.service == name).unwrap();
            one.outcome.clone()
        };
        assert_eq!(fared("rates"), "failed");
        assert!(
            ["served", "nothing"].contains(&fared("software").as_str()),
            "{:?}",
            met.view
        );
        assert_eq!(office.view().await.state, SoftwareState::Unpublished);
    }
    office.counter.contact().await.unwrap();
    assert_eq!(office.view().await.release.as_deref(), Some("1.1.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_modem_only_the_question_whether_there_is_one_travels() {
    let office = Office::new().await;
    office.publish("1.1.0", 100, &[]).await;
    for opened_by in [ServiceId::Funds, ServiceId::Software] {
        let line = Breaking::after(&office, usize::MAX, Budget::CALL);
        let link: Arc<dyn Link> = line.clone();
        let met = meet_through(&office.counter.station, &link, opened_by)
            .await
            .unwrap();
        let software = met
            .view
            .services
            .iter()
            .find(|one| one.service == "software");
        assert_eq!(
            software.unwrap().outcome,
            "deferred",
            "opened by {opened_by:?}"
        );
        assert!(line.asked.lock().unwrap().is_empty());
    }
    let view = office.view().await;
    assert_eq!((view.state, view.fetched_bytes), (SoftwareState::Coming, 0));
    assert_eq!(
        view.release.as_deref(),
        Some("1.1.0"),
        "that there is one is known"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_refills_does_not_wait_for_a_package() {
    let office = Office::new().await;
    office.publish("1.1.0", 100, &[]).await;
    let line = Breaking::after(&office, usize::MAX, Budget::UNLIMITED);
    let link: Arc<dyn Link> = line.clone();
    let refill = asking(Some(Mills::parse("10.00").unwrap()));
    meet_over(&office.counter.station, &link, refill)
        .await
        .unwrap();
    assert!(line.asked.lock().unwrap().is_empty());
    assert_eq!(office.view().await.state, SoftwareState::Coming);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_reaches_its_group_then_all_and_none_once_it_is_withdrawn() {
    let office = Office::new().await;
    office.publish("1.1.0", 0, &["pilot"]).await;
    office.counter.contact().await.unwrap();
    assert_eq!(office.view().await.state, SoftwareState::Current);
    let station = office.counter.status().await.station.unwrap();
    let group = SoftwareCall::Group {
        station,
        group: Some("pilot".to_owned()),
    };
    office.software(group).await;
    office.counter.contact().await.unwrap();
    let view = office.view().await;
    assert_eq!(view.group.as_deref(), Some("pilot"));
    assert_eq!(view.state, SoftwareState::Waiting);
    let withdraw = SoftwareCall::Withdraw {
        which: which("1.1.0"),
    };
    office.software(withdraw).await;
    office.counter.contact().await.unwrap();
    assert_eq!(office.view().await.state, SoftwareState::Current);
    office.open("never").await;
    assert_eq!(office.readiness().await, Readiness::Nothing);
    let staged = office.counter.folder.join("software/staged");
    assert!(!staged.exists(), "a withdrawn package is thrown away");
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_minimum_it_is_urgent_and_still_waits_for_the_evening_or_an_admin() {
    let office = Office::new().await;
    office.publish("1.1.0", 0, &[]).await;
    let advance = |during_hours, minimum| SoftwareCall::Advance {
        which: which("1.1.0"),
        percent: None,
        group: None,
        during_hours,
        minimum,
    };
    office
        .software(advance(None, Some(Version::new(1, 1, 0))))
        .await;
    office.open("Mon-Sun 00:00-24:00").await;
    office.counter.contact().await.unwrap();
    let view = office.view().await;
    assert!(view.urgent);
    assert_eq!(view.waits.as_deref(), Some("the office is open"));
    assert_eq!(office.readiness().await, Readiness::Waits(Hold::Open));
    office.software(advance(Some(true), None)).await;
    office.counter.contact().await.unwrap();
    assert!(matches!(office.readiness().await, Readiness::Now(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_installed_while_a_piece_or_a_refill_is_open() {
    let office = Office::new().await;
    office.publish("1.1.0", 100, &[]).await;
    office.counter.contact().await.unwrap();
    office.open("never").await;
    assert!(matches!(office.readiness().await, Readiness::Now(_)));
    // A refill whose answer is on its way.
    let link: Arc<dyn Link> = Breaking::losing(&office, "/v1/funds/refill");
    let refill = asking(Some(Mills::parse("5.00").unwrap()));
    meet_over(&office.counter.station, &link, refill)
        .await
        .unwrap();
    drop(link);
    assert_eq!(
        office.readiness().await,
        Readiness::Waits(Hold::Busy(Busy::Value))
    );
    office.counter.contact().await.unwrap();
    assert!(matches!(office.readiness().await, Readiness::Now(_)));
    // While it is about to be replaced, the station takes no work.
    let ready = office.counter.station.prepare_software().await.unwrap();
    assert!(matches!(ready, Readiness::Now(_)));
    let refused = office.counter.print_letter("1oz", "10001").await;
    assert_eq!(refused.unwrap_err().code, "updating");
    office.counter.station.give_up_software();
    office.counter.print_letter("1oz", "10001").await.unwrap();
    office.town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_that_have_expired_stop_installing_and_nothing_else() {
    let office = Office::new().await;
    office.publish("1.1.0", 100, &[]).await;
    office.counter.contact().await.unwrap();
    office.open("never").await;
    assert!(matches!(office.readiness().await, Readiness::Now(_)));
    // The station hears nothing for longer than a timestamp holds.
    office.counter.set_server("https://127.0.0.1:1").await;
    office.town.turn_days(8);
    assert_eq!(office.readiness().await, Readiness::Waits(Hold::Expired));
    office.counter.print_letter("1oz", "10001").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_sees_who_runs_what_and_what_became_of_releases() {
    let office = Office::new().await;
    office.publish("1.1.0", 100, &[]).await;
    office.counter.contact().await.unwrap();
    office.counter.contact().await.unwrap();
    let shown = office.software(SoftwareCall::Stations).await;
    assert_eq!(shown[0]["runs"], "1.0.0");
    assert_eq!(shown[0]["platform"], "linux-appimage");
    assert_eq!(shown[0]["staged"], "1.1.0");
    // The package does not hold: it is refused, told, and not fetched again.
    let reason = "its signature is wrong".to_owned();
    let version = Version::new(1, 1, 0);
    let station = &office.counter.station;
    station.refuse_software(version, reason).await.unwrap();
    let line = Breaking::after(&office, usize::MAX, Budget::UNLIMITED);
    let link: Arc<dyn Link> = line.clone();
    meet_over(station, &link, Asked::default()).await.unwrap();
    assert!(line.asked.lock().unwrap().is_empty());
    assert_eq!(office.view().await.state, SoftwareState::Current);
    let shown = office.software(SoftwareCall::Stations).await;
    assert_eq!(shown[0]["last"]["outcome"], "refused");
    assert_eq!(shown[0]["last"]["reason"], "its signature is wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_station_runs_is_told_when_it_changes_and_its_group_comes_with_the_next_contact() {
    let office = Office::new().await;
    office.counter.contact().await.unwrap();
    let told = office.software(SoftwareCall::Stations).await.remove(0);
    assert_eq!(told["runs"], "1.0.0");
    assert_eq!(told["platform"], "linux-appimage");
    assert_eq!(told["channel"], "stable");

    let station = office.counter.status().await.station.unwrap();
    let group = Some("pilot".to_owned());
    office
        .software(SoftwareCall::Group { station, group })
        .await;
    let early = SetSoftwareCall {
        channel: Some("early".to_owned()),
        hours: Some("Mon-Fri 08:00-18:00".to_owned()),
    };
    let set = office.counter.station.call(Call::SetSoftware(early)).await;
    assert!(matches!(set, Ok(View::Software(_))));
    office.counter.contact().await.unwrap();
    let told = office.software(SoftwareCall::Stations).await.remove(0);
    assert_eq!(told["channel"], "early");
    let shown = office.view().await;
    assert_eq!(shown.group.as_deref(), Some("pilot"));
    assert_eq!(shown.hours, "Mon-Fri 08:00-18:00");
    assert_eq!(shown.state, SoftwareState::Unpublished);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_go_back_or_names_another_version_is_not_published() {
    let office = Office::new().await;
    office.publish("1.2.0", 10, &[]).await;
    let refused = office
        .town
        .refused(office.publishing("1.1.0", 10, &[]))
        .await;
    assert_eq!(refused.code, "not_published");
    let AdminCall::Software {
        what: SoftwareCall::Publish { file, which, .. },
    } = office.publishing("1.3.0", 10, &[])
    else {
        panic!("it is no publication");
    };
    let what = SoftwareCall::Publish {
        file,
        which,
        signature: signature("1.2.9"),
        percent: 10,
        groups: Vec::new(),
        minimum: None,
        during_hours: false,
    };
    let refused = office.town.refused(AdminCall::Software { what }).await;
    assert!(refused.message.contains("does not name version 1.3.0"));
    let listed = office.software(SoftwareCall::List).await;
    let versions: Vec<&str> = listed
        .iter()
        .map(|release| release["version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["1.2.0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_and_channels_that_nobody_can_read_are_refused_and_change_nothing() {
    let office = Office::new().await;
    for (channel, hours) in [(Some("nightly"), None), (None, Some("from nine to five"))] {
        let call = SetSoftwareCall {
            channel: channel.map(str::to_owned),
            hours: hours.map(str::to_owned),
        };
        let refused = office.counter.station.call(Call::SetSoftware(call)).await;
        assert_eq!(refused.unwrap_err().code, "bad_input");
    }
    let shown = office.view().await;
    assert_eq!(
        (shown.channel.as_str(), shown.hours.as_str()),
        ("stable", "Mon-Sat 07:00-20:00")
    );
}
