//! A package from the list that names it to the moment it may be installed, at a station without a
//! window: what a line that breaks, a program that stops and a data center that spoils bytes leave.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;
use shared::monitor::{Due, Holdings};
use shared::services::ServiceId;
use shared::services::software::{REPORT_PATH, SoftwareReply, VERSION as LAYOUT};
use shared::software::{
    Busy, Channel, Hold, Release, ReleaseState, Rollout, Sha256Hex, Trial, Version,
};
use shared::wire::{Problem, to_cbor};

use super::files::Files;
use super::prove::Unfit;
use super::{Platform, Program, Readiness};
use crate::api::{Call, SoftwareState, SoftwareView, UiError, View};
use crate::contact::link::{Answered, Exchange, Link, LinkFault, LinkRequest};
use crate::contact::round::meet_through;
use crate::door::Lasting;
use crate::services::repository::tests::{NO_END, Offer, desk};
use crate::services::{self, Asked};
use crate::station::fixture::{Desk, letter, runtime};
use crate::station::{Owner, names};

const OLD: Version = Version::new(1, 0, 0);
const NEW: Version = Version::new(1, 1, 0);
const NEWER: Version = Version::new(1, 2, 0);

const PLATFORM: Platform = Platform::LinuxAppimage;

/// Some pieces long.
const LENGTH: usize = 3_000_000;

const BYTES: u64 = 3_000_000;

/// From noon to the night, seconds.
const TILL_NIGHT: i64 = 10 * 3_600;

fn program(version: Version) -> Program {
    Program {
        version,
        platform: Some(PLATFORM),
    }
}

/// A station and what is published for it.
struct Office {
    desk: Desk,
    offer: Offer,
    rollout: Rollout,
}

/// What came in a contact.
#[derive(Debug, Default, PartialEq, Eq)]
struct Came {
    pieces: Vec<(u64, u64)>,
}

impl Came {
    fn bytes(&self) -> u64 {
        self.pieces.iter().map(|(from, end)| end - from).sum()
    }
}

impl Office {
    /// A station of version [`OLD`] for which [`NEW`] is published.
    fn new() -> Self {
        let mut office = Self {
            desk: desk(),
            offer: Offer::new(),
            rollout: Rollout::new(PLATFORM, Channel::default()),
        };
        office.desk.run(program(OLD));
        office.publish(NEW);
        office
    }

    fn publish(&mut self, version: Version) {
        let package = package(version);
        let release = Release {
            version,
            state: ReleaseState::Rolling,
            percent: 100,
            groups: [].into(),
            during_hours: false,
            file: "station.AppImage".to_owned(),
            length: BYTES,
            sha256: Sha256Hex(Sha256::digest(&package).into()),
            signature: "signature".to_owned(),
        };
        self.rollout.publish(release.clone()).unwrap();
        let path = self.rollout.package_path(&release);
        self.offer.offer(&path, &package, None);
        self.list();
    }

    /// Publishes the list of releases as it is now.
    fn list(&mut self) {
        let path = Rollout::path(PLATFORM, Channel::default());
        self.offer.offer(&path, &self.rollout.to_bytes(), None);
        self.offer.publish();
    }

    fn at<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Owner) -> Result<T, UiError> + Send + 'static,
    ) -> T {
        self.desk.station().apply_blocking(work).unwrap()
    }

    /// A contact: the repository's documents, then up to so many pieces; what is asked for after them
    /// gets no reply any more.
    fn meet(&self, pieces: usize) -> Came {
        let offer = self.offer.clone();
        let came = self.at(move |owner| {
            offer.serve_owner(owner, NO_END)?;
            serve(&offer, owner, pieces)
        });
        runtime()
            .block_on(self.desk.station().stage_software())
            .unwrap();
        came
    }

    fn view(&self) -> SoftwareView {
        let view = runtime().block_on(self.desk.station().call(Call::Software));
        let View::Software(view) = view.unwrap() else {
            panic!("what is known of software")
        };
        *view
    }

    fn files(&self) -> Files {
        Files::of(&self.desk.data())
    }

    fn prepare(&self) -> Readiness {
        let preparing = self.desk.station().prepare_software();
        runtime().block_on(preparing).unwrap()
    }
}

fn serve(offer: &Offer, owner: &mut Owner, pieces: usize) -> Result<Came, UiError> {
    let mut came = Came::default();
    loop {
        let asked = Asked::default();
        let Some(request) = services::next_request(owner, ServiceId::Software, &asked, 0)? else {
            return Ok(came);
        };
        let reply = match &request {
            LinkRequest::Send { path, .. } => {
                assert_eq!(path, REPORT_PATH);
                heard()
            }
            LinkRequest::Fetch { limit, .. } => {
                let list = offer.reply(&request).unwrap_or_default();
                assert_eq!(*limit, list.len(), "its length is signed");
                list
            }
            LinkRequest::FetchPart { from, end, .. } => {
                if came.pieces.len() == pieces {
                    return Ok(came);
                }
                came.pieces.push((*from, *end));
                offer.reply(&request).unwrap_or_default()
            }
        };
        services::accept(owner, ServiceId::Software, &reply)?;
    }
}

/// The answer to a report.
fn heard() -> Vec<u8> {
    to_cbor(&SoftwareReply {
        version: LAYOUT,
        group: None,
    })
}

fn package(version: Version) -> Vec<u8> {
    let mut state = version.to_string().bytes().fold(7_u32, |state, byte| {
        state.wrapping_mul(31).wrapping_add(byte.into())
    });
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(LENGTH).collect()
}

#[test]
fn a_package_goes_on_over_new_lines_and_new_starts_and_no_byte_comes_twice() {
    let mut office = Office::new();
    let (mut bytes, mut contacts) = (0, 0);
    while office.view().state != SoftwareState::Waiting {
        contacts += 1;
        assert!(contacts < 100, "it does not get on");
        // One piece, then the line breaks over the next; every other time the program stops too.
        bytes += office.meet(1).bytes();
        let view = office.view();
        assert_eq!(view.fetched_bytes, bytes);
        if contacts % 2 == 0 {
            office.desk.restart();
        }
    }
    assert!(contacts > 3, "it came in pieces");
    assert_eq!(bytes, BYTES);
    assert!(fs::read(office.files().staged()).unwrap() == package(NEW));
    assert_eq!(office.meet(NO_END).bytes(), 0);
    let view = office.view();
    assert_eq!(view.waits.as_deref(), Some(Hold::Open.words()));
}

#[test]
fn pieces_shrink_after_one_that_did_not_come_and_grow_again() {
    let office = Office::new();
    let first = office.meet(1).pieces[0];
    let broken = office.meet(0);
    assert_eq!(broken, Came::default());
    let after = office.meet(2).pieces;
    assert_eq!(after[0].0, first.1, "it goes on where it was");
    assert!(after[0].1 - after[0].0 < first.1 - first.0, "{after:?}");
    assert!(
        after[1].1 - after[1].0 > after[0].1 - after[0].0,
        "{after:?}"
    );
}

#[test]
fn a_package_that_is_not_what_was_signed_is_fetched_anew_and_refused_in_the_end() {
    let mut office = Office::new();
    for content in office.offer.contents.values_mut() {
        if content.len() == LENGTH {
            content[LENGTH / 2] ^= 1;
        }
    }
    for time in 1..=super::stage::SPOILED_MAX {
        assert_eq!(office.meet(NO_END).bytes(), BYTES, "time {time}");
        assert!(!office.files().staged().exists(), "time {time}");
    }
    assert_eq!(
        office.meet(NO_END).bytes(),
        0,
        "it is not asked for any more"
    );
    let view = office.view();
    assert_eq!(view.state, SoftwareState::Current);
    assert_eq!(view.failed[0].version, NEW.to_string());
    assert_eq!(view.last.unwrap().outcome, "refused");
}

#[test]
fn a_piece_that_was_not_asked_for_or_has_another_length_is_not_taken() {
    let office = Office::new();
    office.meet(1);
    let before = office.view().fetched_bytes;
    let (unasked, short) = office.at(|owner| {
        let unasked = services::accept(owner, ServiceId::Software, b"bytes").unwrap_err();
        let asked = Asked::default();
        services::next_request(owner, ServiceId::Software, &asked, 0)?.unwrap();
        let short = services::accept(owner, ServiceId::Software, b"bytes").unwrap_err();
        Ok((unasked.code, short.code))
    });
    assert_eq!(unasked, "reply_not_believed");
    assert_eq!(short, "reply_not_believed");
    assert_eq!(office.view().fetched_bytes, before);
    office.meet(NO_END);
    assert!(fs::read(office.files().staged()).unwrap() == package(NEW));
}

#[test]
fn a_crash_between_a_package_and_its_note_is_made_good_at_the_next_contact() {
    let office = Office::new();
    let offer = office.offer.clone();
    office.at(move |owner| {
        offer.serve_owner(owner, NO_END)?;
        serve(&offer, owner, NO_END)
    });
    // It was renamed, and the note that it waits was not written.
    office.files().stage().unwrap();
    assert_ne!(office.view().state, SoftwareState::Waiting);
    assert_eq!(office.meet(NO_END).bytes(), 0);
    assert_eq!(office.view().state, SoftwareState::Waiting);
}

#[test]
fn a_higher_release_takes_the_place_of_one_that_is_half_here_or_waits() {
    let mut office = Office::new();
    office.meet(1);
    office.publish(NEWER);
    let came = office.meet(NO_END);
    assert_eq!((came.pieces[0].0, came.bytes()), (0, BYTES));
    assert!(fs::read(office.files().staged()).unwrap() == package(NEWER));
    let view = office.view();
    assert_eq!(view.release, Some(NEWER.to_string()));
    office.rollout.withdraw(NEWER).unwrap();
    office.list();
    // What was withdrawn goes, and the one below it comes in the same contact.
    assert_eq!(office.meet(NO_END).bytes(), BYTES);
    assert!(fs::read(office.files().staged()).unwrap() == package(NEW));
    assert_eq!(office.view().release, Some(NEW.to_string()));
}

#[test]
fn nothing_begins_from_the_look_at_a_package_until_it_is_given_up() {
    let office = Office::new();
    office.meet(NO_END);
    assert_eq!(office.prepare(), Readiness::Waits(Hold::Open));
    office.desk.pass_seconds(TILL_NIGHT);
    let (runtime, station) = (runtime(), office.desk.station());
    let busy = |busy| Readiness::Waits(Hold::Busy(busy));
    {
        let _contact = runtime.block_on(station.one_contact());
        assert_eq!(office.prepare(), busy(Busy::Contact));
    }
    let Readiness::Now(package) = office.prepare() else {
        panic!("it waits")
    };
    assert_eq!((package.version, package.before), (NEW, OLD));
    assert_eq!(
        office.prepare(),
        busy(Busy::Call),
        "nobody else installs it"
    );
    let print =
        |name: &str| runtime.block_on(station.call(Call::Print(letter(&office.desk, name))));
    assert_eq!(print("one").unwrap_err().code, "updating");
    let contact = || {
        let patience = Duration::from_millis(200);
        runtime
            .block_on(async { tokio::time::timeout(patience, station.one_contact()).await })
            .is_ok()
    };
    assert!(!contact(), "no contact begins either");
    assert!(runtime.block_on(station.is_still_ready(&package)));
    office.desk.pass_seconds(TILL_NIGHT);
    let ready = runtime.block_on(station.is_still_ready(&package));
    assert!(!ready, "the office has opened meanwhile");
    station.give_up_software();
    assert!(contact());
    print("two").unwrap();
}

#[test]
fn a_release_that_could_not_be_installed_is_tried_again_a_day_later_and_not_held_against_it() {
    let office = Office::new();
    office.meet(NO_END);
    office.desk.pass_seconds(TILL_NIGHT);
    assert!(matches!(office.prepare(), Readiness::Now(_)));
    let station = office.desk.station();
    let put_off = station.put_off_software(NEW, "its folder cannot be written".to_owned());
    runtime().block_on(put_off).unwrap();
    station.give_up_software();
    assert_eq!(office.prepare(), Readiness::Waits(Hold::PutOff));
    let view = office.view();
    let last = view.last.unwrap();
    assert_eq!(last.outcome, "put-off");
    assert!(last.reason.unwrap().contains("folder"));
    assert!(view.failed.is_empty());
    office.desk.pass_days(1);
    assert!(matches!(office.prepare(), Readiness::Now(_)));
}

#[test]
fn a_station_that_was_handed_over_in_vain_opens_again_and_notes_why() {
    let mut office = Office::new();
    office.meet(NO_END);
    office.desk.pass_seconds(TILL_NIGHT);
    let Readiness::Now(package) = office.prepare() else {
        panic!("it waits")
    };
    office.desk.stop();
    let lasting = Lasting::of(office.desk.data(), program(OLD));
    runtime().block_on(async {
        let door = lasting.door();
        door.ask(Call::Status).await.unwrap();
        lasting.hand_over().await;
        assert_eq!(door.ask(Call::Status).await.unwrap_err().code, "updating");
        let why = Unfit::NotTried("it could not be put in its place".to_owned());
        lasting.take_back(&package, why).await;
        let View::Software(view) = door.ask(Call::Software).await.unwrap() else {
            panic!("what is known of software")
        };
        assert_eq!(view.last.unwrap().outcome, "put-off");
        assert!(view.failed.is_empty());
        lasting.close().await;
    });
}

#[test]
fn the_note_of_a_release_that_failed_stays_until_the_one_before_runs() {
    let mut office = Office::new();
    office.meet(NO_END);
    let failed = Trial::begin(NEW, OLD, UnixSeconds(0)).failed("it did not start");
    office.files().put_trial(&failed).unwrap();
    for program in [program(NEW), Program::BESIDE] {
        office.desk.run(program);
        assert_eq!(office.files().trial().unwrap(), Some(failed.clone()));
    }
    office.desk.run(program(OLD));
    assert_eq!(office.files().trial().unwrap(), None);
    let view = office.view();
    assert_eq!(view.failed[0].version, NEW.to_string());
    assert_eq!(view.last.unwrap().outcome, "put-back");
    assert!(!office.files().staged().exists());
}

#[test]
fn a_release_that_the_computer_kept_from_proving_itself_waits_for_another_day() {
    let mut office = Office::new();
    office.meet(NO_END);
    let hindered = Trial::begin(NEW, OLD, UnixSeconds(0)).hindered("the keyring is locked");
    office
        .files()
        .put_trial(&hindered.failed("it could not be tried"))
        .unwrap();
    office.desk.restart();
    assert_eq!(office.files().trial().unwrap(), None);
    let view = office.view();
    assert_eq!(view.state, SoftwareState::Waiting);
    assert!(view.failed.is_empty());
    assert_eq!(view.last.unwrap().outcome, "put-off");
}

#[test]
fn a_note_that_nobody_can_read_closes_no_station() {
    let mut office = Office::new();
    office.meet(NO_END);
    fs::write(office.desk.data().join("software/trial.json"), b"\xff\xfe").unwrap();
    office.desk.restart();
    // Nor does a folder in its place, which cannot even be read.
    fs::remove_file(office.desk.data().join("software/trial.json")).unwrap();
    fs::create_dir(office.desk.data().join("software/trial.json")).unwrap();
    office.desk.restart();
    let print = Call::Print(letter(&office.desk, "letter"));
    runtime()
        .block_on(office.desk.station().call(print))
        .unwrap();
}

/// A line over which the repository and reports are served, and nothing else.
struct OnlyOffer(Offer);

impl Link for OnlyOffer {
    fn line(&self) -> &'static str {
        "internet"
    }

    fn exchange(&self, request: LinkRequest, _: &Holdings) -> Exchange<'_> {
        let is_of_others = matches!(request, LinkRequest::Send { .. });
        let reply = match self.0.reply(&request) {
            Some(reply) => Ok(reply),
            None if request.path() == REPORT_PATH => Ok(heard()),
            None if is_of_others => Err(LinkFault::Unreachable("it is not there".to_owned())),
            None => Err(LinkFault::Refused(Box::new(Problem {
                status: 404,
                code: "not_found".to_owned(),
                message: "It is not here.".to_owned(),
                hint: String::new(),
                retry: false,
                expected: None,
            }))),
        };
        let due = Some(Due::default());
        Box::pin(async move { Answered { reply, due } })
    }
}

#[test]
fn what_a_repository_names_comes_in_the_contact_in_which_it_is_believed_first() {
    let office = Office::new();
    office.at(|owner| {
        let until = owner.now().plus_days(100).0.to_string();
        owner.write("a certificate", |tx| {
            Ok(tx.put_setting(names::STATION_KEY_UNTIL, &until)?)
        })
    });
    let link: Arc<dyn Link> = Arc::new(OnlyOffer(office.offer.clone()));
    let met = meet_through(office.desk.station(), &link, ServiceId::Rates);
    let met = runtime().block_on(met).unwrap();
    let outcome = |service: ServiceId| {
        let mut views = met.view.services.iter();
        let view = views.find(|view| view.service == service.name()).unwrap();
        view.outcome.clone()
    };
    assert_eq!(outcome(ServiceId::Rates), "served");
    assert_eq!(office.view().fetched_bytes, BYTES, "{:?}", met.view);
}

#[test]
fn a_program_beside_the_one_that_is_updated_leaves_software_to_it() {
    let mut office = Office::new();
    let takes_part = |office: &Office| {
        office.at(|owner| Ok(services::taken_part_in(owner).contains(&ServiceId::Software)))
    };
    assert!(takes_part(&office));
    office.desk.run(Program::BESIDE);
    assert!(!takes_part(&office));
}
