//! Refills and contacts over a telephone line, and what happens to the line meanwhile.
//!
//! The calls run on virtual time (`tests/dialing.rs`). Whatever a line does, the value moves once.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use shared::call::CallFault;
use shared::modem::CallFailure;
use shared::ppp::proof::Method;
use shared::ppp::{FLOW_CONTROL_ACCM, Failure};
use station::api::UiError;
use system_tests::dialing::{Dialing, Setup};
use system_tests::exchange::{Cut, Fate, Faults, Premises, Speed, Way};
use system_tests::town::{Counter, Town};
use tokio::runtime::Runtime;

const SECOND: Duration = Duration::from_secs(1);
const MILLS: u64 = 1_000;

/// A town with one station, and the line it dials on.
struct Office {
    runtime: Runtime,
    town: Town,
    counter: Arc<Counter>,
    dialing: Dialing,
    /// What the vault and the account held at first, mills.
    began: [u64; 2],
    /// Refills of 1.00 that were asked for.
    asked: u64,
}

impl Office {
    fn new(setup: Setup) -> Self {
        let runtime = Runtime::new().unwrap();
        let (town, counter) = runtime.block_on(async {
            let town = Town::with_deposit("1000.00").await;
            let counter = town.enrolled("one").await;
            counter.contact().await.unwrap();
            (town, counter)
        });
        let dialing = Dialing::to(&town.url, setup);
        let mut office = Self {
            runtime,
            town,
            counter: Arc::new(counter),
            dialing,
            began: [0, 0],
            asked: 0,
        };
        office.began = office.held();
        office
    }

    /// What the vault and the account hold, mills.
    fn held(&self) -> [u64; 2] {
        self.runtime.block_on(async {
            let vault = self.counter.status().await.registers.descending;
            [vault, self.town.balance().await]
        })
    }

    /// Refills 1.00 over the telephone.
    fn refill(&mut self) -> Result<(), UiError> {
        self.asked += 1;
        self.over_the_telephone(|counter| async move { counter.refill("1.00").await.map(|_| ()) })
    }

    /// One contact over the telephone; the outcome of each service.
    fn contact(&mut self) -> Result<Vec<(String, String)>, UiError> {
        self.over_the_telephone(|counter| async move {
            let services = counter.contact().await?.services.into_iter();
            let outcomes = services.map(|one| (one.service.to_string(), one.outcome.to_string()));
            Ok(outcomes.collect())
        })
    }

    fn over_the_telephone<T, F>(&mut self, work: impl FnOnce(Arc<Counter>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let url = self.dialing.url();
        self.runtime.block_on(self.counter.set_server(&url));
        let work = work(Arc::clone(&self.counter));
        self.dialing.run(&self.runtime, work)
    }

    /// Completes what is open over the Internet. A refill that had not left the station before the
    /// line failed is not left behind, and asked for anew.
    fn complete_over_the_internet(&mut self) {
        self.dialing.hang_up();
        self.runtime
            .block_on(self.counter.set_server(&self.town.url));
        self.runtime.block_on(self.counter.contact()).unwrap();
        if self.held()[0] < self.began[0] + self.asked * MILLS {
            self.runtime.block_on(self.counter.refill("1.00")).unwrap();
        }
        self.assert_moved_once();
    }

    /// Every refill that was asked for has moved its value once.
    fn assert_moved_once(&self) {
        let [vault, account] = self.began;
        let moved = self.asked * MILLS;
        assert_eq!(self.held(), [vault + moved, account - moved]);
        self.runtime.block_on(self.town.assert_books_hold());
    }

    /// How the last call ended.
    fn ended(&self) -> Result<(), CallFault> {
        let told = self.dialing.calls().last().unwrap();
        told.ended.as_ref().unwrap().1
    }
}

fn fast() -> Setup {
    Setup {
        speed: Speed {
            hurry: 10,
            ..Speed::USUAL
        },
        ..Setup::default()
    }
}

/// A call with these faults; how it ended, after what was open is completed.
fn suffered(setup: Setup, faults: Faults) -> (Office, bool) {
    let mut office = Office::new(setup);
    office.dialing.plan(faults);
    let refilled = office.refill().is_ok();
    (office, refilled)
}

#[test]
fn a_refill_and_every_service_pass_over_one_call() {
    let mut office = Office::new(Setup::default());
    office.refill().unwrap();
    let served = office.contact().unwrap();
    let fine = |outcome: &str| ["served", "nothing"].contains(&outcome);
    assert!(
        served.iter().all(|(_, outcome)| fine(outcome)),
        "{served:?}"
    );
    office.dialing.hang_up();
    let calls = office.dialing.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(office.ended(), Ok(()));
    // Within the cap on a call: a busy machine thinks longer between the bytes.
    assert!(calls[0].hung_up.unwrap() < calls[0].connected.unwrap() + 600 * SECOND);
    office.assert_moved_once();
}

#[test]
fn a_slow_line_of_9600_bits_carries_a_refill() {
    let setup = Setup {
        speed: Speed {
            bits_per_second: 9_600,
            ..Speed::USUAL
        },
        ..Setup::default()
    };
    let mut office = Office::new(setup);
    office.refill().unwrap();
    office.assert_moved_once();
}

#[test]
fn bit_errors_slow_a_refill_down_and_spoil_nothing() {
    for one_in in [1_000_000, 100_000, 50_000, 10_000] {
        let faults = Faults {
            bit_error_one_in: one_in,
            ..Faults::default()
        };
        let (mut office, refilled) = suffered(fast(), faults);
        assert!(refilled || one_in == 10_000, "one error in {one_in} bits");
        office.complete_over_the_internet();
    }
}

#[test]
fn bytes_that_are_lost_and_bytes_that_appear_spoil_nothing() {
    let faults = Faults {
        dropped_one_in: 4_000,
        inserted_one_in: 4_000,
        ..Faults::default()
    };
    let (office, refilled) = suffered(fast(), faults);
    assert!(refilled);
    office.assert_moved_once();
}

#[test]
fn a_carrier_that_is_lost_before_the_request_leaves_moves_nothing() {
    let (mut office, refilled) = suffered(fast(), Faults::cut(Cut::After(SECOND)));
    assert!(!refilled);
    assert_eq!(office.held(), office.began);
    assert_eq!(office.ended(), Err(CallFault::Link(Failure::LineLost)));
    office.complete_over_the_internet();
}

#[test]
fn a_carrier_that_is_lost_after_the_refill_leaves_it_where_it_is() {
    let mut office = Office::new(fast());
    office.refill().unwrap();
    office.dialing.unplug();
    office.dialing.hang_up();
    office.dialing.plug();
    office.assert_moved_once();
    office.refill().unwrap();
    office.assert_moved_once();
}

#[test]
fn a_modem_that_is_pulled_out_in_the_middle_ends_the_call_and_the_next_one_completes() {
    let mut office = Office::new(fast());
    let url = office.dialing.url();
    office.runtime.block_on(office.counter.set_server(&url));
    office.asked += 1;
    let counter = Arc::clone(&office.counter);
    let task = office
        .runtime
        .spawn(async move { counter.refill("1.00").await });
    let is_up = |dialing: &Dialing| dialing.calls().last().is_some_and(|call| call.up.is_some());
    office.dialing.until(is_up);
    office.dialing.unplug();
    office.dialing.until(|_| task.is_finished());
    assert!(office.runtime.block_on(task).unwrap().is_err());
    office.dialing.plug();
    if office.contact().is_ok() && office.held() == office.began {
        // It had not left the station.
        office.asked -= 1;
        office.refill().unwrap();
    }
    office.assert_moved_once();
}

#[test]
fn no_carrier_as_text_inside_the_tls_handshake_ends_a_call_without_a_carrier_line() {
    let setup = Setup {
        has_lines: false,
        ..fast()
    };
    // The link takes some 600 bytes, the handshake some thousands.
    let (mut office, refilled) = suffered(setup, Faults::cut(Cut::AfterBytes(1_500)));
    assert!(!refilled);
    assert_eq!(office.held(), office.began);
    assert_eq!(office.ended(), Err(CallFault::Link(Failure::LineLost)));
    office.complete_over_the_internet();
}

#[test]
fn a_half_open_line_is_given_up_within_a_minute() {
    let faults = Faults {
        half_open: Some(SECOND),
        ..Faults::default()
    };
    let (mut office, refilled) = suffered(fast(), faults);
    assert!(!refilled);
    let told = office.dialing.calls()[0].clone();
    let (at, how) = told.ended.unwrap();
    assert_eq!(how, Err(CallFault::Link(Failure::HalfOpen)));
    assert!(at < told.connected.unwrap() + 60 * SECOND, "{at:?}");
    office.complete_over_the_internet();
}

#[test]
fn a_line_that_stalls_goes_on_afterwards() {
    let faults = Faults {
        stall: Some((SECOND, 8 * SECOND)),
        ..Faults::default()
    };
    let (office, refilled) = suffered(fast(), faults);
    assert!(refilled);
    office.assert_moved_once();
}

#[test]
fn whichever_of_the_first_packets_are_lost_they_are_said_again() {
    let range = |from: u64| -> Range<u64> { from..from + 60 };
    for way in [Way::ToAnswerer, Way::ToCaller] {
        let faults = Faults {
            lost: vec![(way, range(0)), (way, range(120)), (way, range(300))],
            ..Faults::default()
        };
        let (office, refilled) = suffered(fast(), faults);
        assert!(refilled, "{way:?}");
        office.assert_moved_once();
    }
}

#[test]
fn packets_that_are_five_seconds_late_still_make_a_call() {
    let faults = Faults {
        late: Duration::from_millis(2_500),
        ..Faults::default()
    };
    let (mut office, _) = suffered(fast(), faults);
    let told = office.dialing.calls()[0].clone();
    assert!(told.up.is_some(), "{told:?}");
    office.complete_over_the_internet();
}

#[test]
fn a_looped_line_is_known_by_its_own_echo() {
    let faults = Faults {
        looped: true,
        ..Faults::default()
    };
    let (mut office, refilled) = suffered(fast(), faults);
    assert!(!refilled);
    assert_eq!(office.ended(), Err(CallFault::Link(Failure::Looped)));
    office.complete_over_the_internet();
}

#[test]
fn a_login_banner_before_the_link_does_not_matter() {
    let (office, refilled) = suffered(fast(), "banner".parse().unwrap());
    assert!(refilled);
    office.assert_moved_once();
}

#[test]
fn a_wrong_password_ends_the_call_by_its_name_and_moves_nothing() {
    for method in [Method::MsChapV2, Method::ChapMd5, Method::Pap] {
        let setup = Setup {
            secret: "another".to_owned(),
            methods: vec![method],
            ..fast()
        };
        let (mut office, refilled) = suffered(setup, Faults::default());
        assert!(!refilled);
        let refused = CallFault::Link(Failure::PasswordRefused);
        assert_eq!(office.ended(), Err(refused), "{method:?}");
        assert_eq!(office.held(), office.began);
        office.complete_over_the_internet();
    }
}

#[test]
fn each_way_of_proving_a_name_carries_a_refill() {
    for method in Method::ALL {
        let setup = Setup {
            methods: vec![method],
            ..fast()
        };
        let (office, refilled) = suffered(setup, Faults::default());
        assert!(refilled, "{method:?}");
        office.assert_moved_once();
    }
}

#[test]
fn modems_that_keep_flow_characters_for_themselves_are_lived_with() {
    let setup = Setup {
        accm: FLOW_CONTROL_ACCM,
        ..fast()
    };
    let (office, refilled) = suffered(setup, "eats-xon".parse().unwrap());
    assert!(refilled);
    office.assert_moved_once();
}

#[test]
fn a_modem_that_ignores_dtr_is_hung_up_all_the_same() {
    let setup = Setup {
        premises: Premises {
            ignores_dtr: true,
            ..Premises::default()
        },
        ..fast()
    };
    let mut office = Office::new(setup);
    office.refill().unwrap();
    office.dialing.hang_up();
    assert!(office.dialing.calls()[0].hung_up.is_some());
    office.assert_moved_once();
}

#[test]
fn a_number_that_leads_nowhere_moves_nothing_and_says_why() {
    let cases = [
        (Fate::Busy, CallFailure::Busy),
        (Fate::NoDialTone, CallFailure::NoDialTone),
        (Fate::NoAnswer, CallFailure::NoAnswer),
        (Fate::Voice, CallFailure::NoCarrier),
        (Fate::Fax, CallFailure::NoCarrier),
        (Fate::Delayed, CallFailure::Delayed),
        (Fate::Blacklisted, CallFailure::Blacklisted),
    ];
    let mut office = Office::new(fast());
    for (fate, failure) in cases {
        office.dialing.plan(Faults::fate(fate));
        assert!(office.refill().is_err());
        office.asked = 0;
        assert_eq!(office.ended(), Err(CallFault::Modem(failure)), "{fate:?}");
    }
    assert_eq!(office.held(), office.began);
    office.refill().unwrap();
    office.assert_moved_once();
}

#[test]
fn the_internet_that_returns_in_the_middle_of_a_call_doubles_no_refill() {
    let mut office = Office::new(fast());
    let url = office.dialing.url();
    office.runtime.block_on(office.counter.set_server(&url));
    office.asked += 1;
    let counter = Arc::clone(&office.counter);
    let task = office
        .runtime
        .spawn(async move { counter.refill("1.00").await.map(|_| ()) });
    let is_up = |dialing: &Dialing| dialing.calls().last().is_some_and(|call| call.up.is_some());
    office.dialing.until(is_up);
    let since = office.dialing.now();
    office
        .dialing
        .until(|dialing| dialing.now() > since + SECOND);
    // The request is on the line, and the other line is there again.
    let internet = office.town.url.clone();
    let counter = Arc::clone(&office.counter);
    office.dialing.run(&office.runtime, async move {
        counter.set_server(&internet).await;
    });
    let counter = Arc::clone(&office.counter);
    let contact = office.runtime.spawn(async move { counter.contact().await });
    office
        .dialing
        .until(|_| task.is_finished() && contact.is_finished());
    office.runtime.block_on(contact).unwrap().unwrap();
    office.runtime.block_on(task).unwrap().unwrap();
    office.assert_moved_once();
}

/// One cut after so many bytes of a call with a refill, completed over the next line.
fn cut_after(office: &mut Office, bytes: u64) -> bool {
    office.dialing.plan(Faults::cut(Cut::AfterBytes(bytes)));
    let refilled = office.refill().is_ok();
    office.complete_over_the_internet();
    refilled
}

/// The places at which calls are cut: all of them when asked for, a spread of them otherwise.
fn places(total: u64) -> impl Iterator<Item = u64> {
    let long = std::env::var_os("PENNYBLACK_LONG").is_some();
    let step = if long { 1 } else { (total / 40).max(1) };
    (0..total).step_by(usize::try_from(step).unwrap())
}

#[test]
fn wherever_the_line_is_cut_the_refill_is_completed_over_the_next_and_moved_once() {
    let mut office = Office::new(fast());
    // A whole refill says how many bytes there are to cut after.
    office.refill().unwrap();
    office.dialing.hang_up();
    let total: u64 = office.dialing.calls()[0].bytes.iter().sum();
    assert!(total > 2_000, "{total}");
    let mut cut = 0_u32;
    for (count, place) in (0_u32..).zip(places(total)) {
        if count % 300 == 299 {
            // The vault holds no more than so much; the next refills go into another one.
            office = Office::new(fast());
        }
        cut += u32::from(!cut_after(&mut office, place));
    }
    assert!(cut > 20, "{cut} calls were cut in the middle of the refill");
}
