//! When the telephone is used instead of the Internet, and when it may ring again: rules without a
//! clock, a port or a line.
//!
//! The Internet comes first. What failed is remembered, so that a clerk does not wait for it twice;
//! whether it is back is asked while the telephone is used. How often a number may be dialed is
//! limited by law in many countries; what is counted survives a restart.

use std::time::Duration;

use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::money::Mills;
use shared::services::ServiceId;

use super::dialup::DialFault;
use shared::call::CallFault;
use shared::modem::CallFailure;

/// Times a number is dialed for one click.
pub const DIALS_PER_CLICK: u32 = 2;

/// Failed calls to one number in an hour, after which it rests.
const FAILED_PER_HOUR: usize = 4;

/// How long a number rests after the modem refused to dial it, and the hour above. Seconds.
const REST_SECONDS: i64 = 60 * 60;

/// Pauses before the station calls again by itself, in minutes: the strictest of the common rules
/// (two minutes at least, growing).
const PAUSES_MINUTES: [u32; 4] = [2, 4, 8, 15];

/// How long the Internet is believed to be down after it failed, seconds. It is asked again at once
/// when somebody wants it; the telephone does not wait for the answer then.
const DOWN_SECONDS: i64 = 5 * 60;

/// How long the Internet may take to answer, where nobody knows how fast it is, and at most: with
/// the modem's own start it leaves the first digit ten seconds after the click.
const PATIENCE_MOST: Duration = Duration::from_secs(5);

/// The shortest patience: one lost packet and its repetition.
const PATIENCE_LEAST: Duration = Duration::from_millis(2_500);

/// How much slower than last time it may be, before the least is added.
const PATIENCE_FACTOR: u32 = 4;

/// A station that met its data center so recently needs no night call, seconds.
const MET_RECENTLY_SECONDS: i64 = 12 * 60 * 60;

/// A night call is made up to so long after its time, minutes; later it waits for the next night.
const NIGHT_MINUTES: i64 = 120;

/// Calls kept: some months of an office that lives on its telephone.
const MAX_CALLS: usize = 200;

/// One call, for the record and for the limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The number.
    pub number: String,
    /// When it was dialed.
    pub at: UnixSeconds,
    /// What came of it.
    pub outcome: Outcome,
    /// Why not, as a code of the messages.
    pub fault: Option<String>,
    /// How long it lasted, seconds from CONNECT.
    pub seconds: u32,
    /// What it cost by the price; nothing where that is beyond counting.
    pub cost: Option<Mills>,
    /// What the modem said of the line.
    pub said: Option<String>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is going on, or the program stopped while it was: counted as failed.
    Dialed,
    /// The data center answered over it.
    Reached,
    /// Internet packets passed, and the data center answered nothing: counted as failed.
    Unanswered,
    /// It did not come about; without a fault, somebody wanted it to end.
    Failed,
    /// The modem refused to dial the number for a while.
    Barred,
    /// It never came to dialing.
    NotDialed,
}

/// What a failed call is written down as.
#[must_use]
pub const fn outcome(fault: &DialFault) -> Outcome {
    match (again(fault), fault) {
        (Again::Barred, _) => Outcome::Barred,
        (Again::Pointless, DialFault::Port { .. } | DialFault::Call(CallFault::Modem(_))) => {
            Outcome::NotDialed
        }
        (Again::Pointless | Again::MaySucceed, _) => Outcome::Failed,
    }
}

/// Adds a call to those kept; the oldest go.
pub fn add(calls: &mut Vec<CallRecord>, call: CallRecord) {
    calls.push(call);
    let too_many = calls.len().saturating_sub(MAX_CALLS);
    calls.drain(..too_many);
}

/// What a failed call says about calling the number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Another try may succeed.
    MaySucceed,
    /// It would fail the same way until somebody has seen to it.
    Pointless,
    /// The modem forbids it for a while.
    Barred,
}

/// What a failed call says about calling again.
#[must_use]
pub const fn again(fault: &DialFault) -> Again {
    match fault {
        DialFault::Port { .. } | DialFault::Door(_) => Again::Pointless,
        DialFault::NoAddress(_) => Again::MaySucceed,
        DialFault::Call(CallFault::Modem(failure)) => match failure {
            CallFailure::ModemSilent
            | CallFailure::CommandRefused
            | CallFailure::CardLocked
            | CallFailure::PinNotTaken
            | CallFailure::NoDialTone => Again::Pointless,
            CallFailure::Busy
            | CallFailure::NoAnswer
            | CallFailure::NoCarrier
            | CallFailure::NoNetwork
            | CallFailure::TimedOut => Again::MaySucceed,
            CallFailure::Delayed | CallFailure::Blacklisted => Again::Barred,
        },
        DialFault::Call(CallFault::Link(failure)) => match failure {
            // The same name and password are refused again, and may lock the account.
            shared::ppp::Failure::PasswordRefused
            | shared::ppp::Failure::NoCommonProof
            | shared::ppp::Failure::PeerNotProven => Again::Pointless,
            shared::ppp::Failure::NoAnswer
            | shared::ppp::Failure::Looped
            | shared::ppp::Failure::LinkNotAgreed
            | shared::ppp::Failure::ProofUnanswered
            | shared::ppp::Failure::AddressesNotAgreed
            | shared::ppp::Failure::NoAddress
            | shared::ppp::Failure::IpRefused
            | shared::ppp::Failure::EndedByPeer
            | shared::ppp::Failure::HalfOpen
            | shared::ppp::Failure::Unstable
            | shared::ppp::Failure::LineLost => Again::MaySucceed,
        },
        DialFault::Call(CallFault::TooLong) => Again::MaySucceed,
    }
}

/// Which number is dialed next: the one that has failed least in the last hour, the first of them.
/// A clerk who insists is not held back; the modem itself may still refuse.
///
/// # Errors
/// When all of them rest: until when.
pub fn choose<'n>(
    now: UnixSeconds,
    numbers: &'n [String],
    calls: &[CallRecord],
    forced: bool,
) -> Result<&'n str, UnixSeconds> {
    let rests = |number: &String| rests_until(now, number, calls);
    let free = numbers
        .iter()
        .filter(|number| forced || rests(number).is_none())
        .min_by_key(|number| failed(now, number, calls).len());
    free.map(String::as_str).ok_or_else(|| {
        let until = numbers.iter().filter_map(rests).min();
        until.unwrap_or(now)
    })
}

/// When the calls to a number failed in the last hour, the oldest first; one over which the data
/// center answered begins anew.
fn failed(now: UnixSeconds, number: &str, calls: &[CallRecord]) -> Vec<UnixSeconds> {
    let recent = |call: &&CallRecord| {
        call.number == number && now.0.saturating_sub(call.at.0) < REST_SECONDS
    };
    let newest_first = calls.iter().rev().filter(recent);
    let mut failed: Vec<UnixSeconds> = newest_first
        .take_while(|call| call.outcome != Outcome::Reached)
        .filter(|call| call.outcome != Outcome::NotDialed && !was_left(call))
        .map(|call| call.at)
        .collect();
    failed.reverse();
    failed
}

/// Whether the modems had met in a call, and somebody wanted it to end: that is no failed one.
const fn was_left(call: &CallRecord) -> bool {
    matches!(call.outcome, Outcome::Failed) && call.fault.is_none() && call.seconds > 0
}

/// Until when a number rests; nothing when it may be dialed.
fn rests_until(now: UnixSeconds, number: &str, calls: &[CallRecord]) -> Option<UnixSeconds> {
    let barred = calls
        .iter()
        .filter(|call| call.number == number && call.outcome == Outcome::Barred)
        .map(|call| call.at)
        .max();
    let failed = failed(now, number, calls);
    let full = failed.len().checked_sub(FAILED_PER_HOUR);
    let oldest = full.and_then(|at| failed.get(at)).copied();
    let later = |at: UnixSeconds| UnixSeconds(at.0.saturating_add(REST_SECONDS));
    [barred, oldest]
        .into_iter()
        .flatten()
        .map(later)
        .filter(|until| *until > now)
        .max()
}

/// When the station calls again by itself after so many failed contacts in a row. `chance` varies
/// it by a fifth, so that a fleet does not ring all at once.
#[must_use]
pub fn retry_at(failures: u32, failed_at: UnixSeconds, chance: u8) -> UnixSeconds {
    let last = PAUSES_MINUTES.len().saturating_sub(1);
    let at = usize::try_from(failures.saturating_sub(1)).unwrap_or(last);
    let minutes = PAUSES_MINUTES.get(at.min(last)).copied().unwrap_or(0);
    let seconds = i64::from(minutes) * 60;
    let varied = seconds * 4 / 5 + seconds * 2 / 5 * i64::from(chance) / 255;
    UnixSeconds(failed_at.0.saturating_add(varied))
}

/// Whether a contact that this service opens may use the telephone: a package of software never
/// does, everything else may, within the budget of a call.
#[must_use]
pub const fn may_dial(opened_by: Option<ServiceId>) -> bool {
    !matches!(opened_by, Some(ServiceId::Software))
}

/// What is remembered of the Internet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Internet {
    /// When it failed last, and has not answered since.
    #[serde(default)]
    pub failed_at: Option<UnixSeconds>,
    /// Whether it answered the question then, and carried no contact: its answer says nothing for
    /// as long as it is believed to be down.
    #[serde(default)]
    pub hollow: bool,
    /// How long it took to answer last, milliseconds.
    #[serde(default)]
    pub answer_ms: Option<u32>,
    /// Where the data center was found.
    #[serde(default)]
    pub address: Option<std::net::SocketAddr>,
    /// The issuer of its certificate, DER in hexadecimal digits.
    #[serde(default)]
    pub issuer: Option<String>,
}

impl Internet {
    /// Whether it is down for all one knows.
    #[must_use]
    pub fn is_known_down(&self, now: UnixSeconds) -> bool {
        self.failed_at
            .is_some_and(|at| (0..DOWN_SECONDS).contains(&now.0.saturating_sub(at.0)))
    }

    /// Whether its answer to the question says nothing now.
    #[must_use]
    pub fn is_hollow(&self, now: UnixSeconds) -> bool {
        self.hollow && self.is_known_down(now)
    }

    /// How long a contact over it may carry nothing. Together with the question before it that is
    /// what the clerk waits for an Internet that leads nowhere: a slow answer leaves less.
    #[must_use]
    pub fn contact_patience(&self) -> Duration {
        let took = Duration::from_millis(u64::from(self.answer_ms.unwrap_or(0)));
        PATIENCE_MOST.saturating_sub(took).max(PATIENCE_LEAST)
    }

    /// How long its answer is waited for.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.answer_ms.map_or(PATIENCE_MOST, |ms| {
            let usual = Duration::from_millis(u64::from(ms));
            usual
                .saturating_mul(PATIENCE_FACTOR)
                .saturating_add(PATIENCE_LEAST)
                .min(PATIENCE_MOST)
        })
    }
}

/// What calls cost, as the clerk's bill has it; an estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallPrice {
    /// Each call, mills.
    #[serde(default)]
    pub per_call: Mills,
    /// Each minute that has begun, mills.
    #[serde(default)]
    pub per_minute: Mills,
}

impl CallPrice {
    /// What a call of so many seconds costs; nothing where that is beyond counting.
    #[must_use]
    pub fn cost(&self, seconds: u32) -> Option<Mills> {
        let minutes = u64::from(seconds.div_ceil(60));
        let time = self.per_minute.times(minutes).ok()?;
        time.plus(self.per_call).ok()
    }
}

/// Whether the night call is due: once in a night, within two hours of its time, and only where no
/// contact came about for half a day.
#[must_use]
pub fn night_is_due(
    night: Option<Time>,
    local: DateTime,
    now: UnixSeconds,
    met_at: Option<UnixSeconds>,
    tried_at: Option<UnixSeconds>,
) -> bool {
    let Some(night) = night else {
        return false;
    };
    let minutes = |time: Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
    let late = (minutes(local.time()) - minutes(night)).rem_euclid(24 * 60);
    let before = |at: Option<UnixSeconds>| {
        at.is_none_or(|at| now.0.saturating_sub(at.0) >= MET_RECENTLY_SECONDS)
    };
    late < NIGHT_MINUTES && before(met_at) && before(tried_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixSeconds = UnixSeconds(1_800_000_000);
    const MINUTE: i64 = 60;

    fn at(minutes: i64) -> UnixSeconds {
        UnixSeconds(START.0 + minutes * MINUTE)
    }

    fn call(number: &str, minutes: i64, outcome: Outcome) -> CallRecord {
        CallRecord {
            number: number.to_owned(),
            at: at(minutes),
            outcome,
            fault: None,
            seconds: 0,
            cost: None,
            said: None,
        }
    }

    fn numbers() -> Vec<String> {
        vec!["1".to_owned(), "2".to_owned()]
    }

    #[test]
    fn the_alternate_number_is_dialed_when_the_first_has_failed() {
        let numbers = numbers();
        assert_eq!(choose(START, &numbers, &[], false), Ok("1"));
        let calls = [call("1", 0, Outcome::Failed)];
        assert_eq!(choose(at(1), &numbers, &calls, false), Ok("2"));
        let calls = [call("1", 0, Outcome::Failed), call("2", 1, Outcome::Failed)];
        assert_eq!(choose(at(2), &numbers, &calls, false), Ok("1"));
    }

    #[test]
    fn a_number_that_failed_four_times_in_an_hour_rests_until_the_hour_is_over() {
        let one = vec!["1".to_owned()];
        let calls: Vec<CallRecord> = [0, 10, 20, 30]
            .map(|minutes| call("1", minutes, Outcome::Failed))
            .into();
        assert_eq!(choose(at(31), &one, &calls[1..], false), Ok("1"));
        assert_eq!(choose(at(31), &one, &calls, false), Err(at(60)));
        assert_eq!(choose(at(60), &one, &calls, false), Ok("1"));
        assert_eq!(
            choose(at(31), &one, &calls, true),
            Ok("1"),
            "a clerk insists"
        );
        assert_eq!(choose(at(31), &numbers(), &calls, false), Ok("2"));
    }

    #[test]
    fn a_call_whose_program_stopped_counts_and_one_that_came_about_begins_anew() {
        let one = vec!["1".to_owned()];
        let mut calls: Vec<CallRecord> = [0, 1, 2, 3]
            .map(|minutes| call("1", minutes, Outcome::Dialed))
            .into();
        assert_eq!(choose(at(4), &one, &calls, false), Err(at(60)));
        calls.push(call("1", 4, Outcome::Reached));
        assert_eq!(choose(at(5), &one, &calls, false), Ok("1"));
    }

    #[test]
    fn a_call_over_which_the_data_center_answers_nothing_is_a_failed_one() {
        let one = vec!["1".to_owned()];
        let calls: Vec<CallRecord> = [0, 2, 6, 14]
            .map(|minutes| call("1", minutes, Outcome::Unanswered))
            .into();
        assert_eq!(choose(at(29), &one, &calls, false), Err(at(60)));
        assert_eq!(choose(at(29), &numbers(), &calls, false), Ok("2"));
    }

    #[test]
    fn what_was_never_dialed_holds_no_number_back() {
        let one = vec!["1".to_owned()];
        let silent = DialFault::Call(CallFault::Modem(CallFailure::ModemSilent));
        assert_eq!(outcome(&silent), Outcome::NotDialed);
        let calls = [0, 1, 2, 3, 4].map(|minutes| call("1", minutes, outcome(&silent)));
        assert_eq!(choose(at(5), &one, &calls, false), Ok("1"));
        let busy = DialFault::Call(CallFault::Modem(CallFailure::Busy));
        assert_eq!(
            (outcome(&busy), again(&busy)),
            (Outcome::Failed, Again::MaySucceed)
        );
    }

    #[test]
    fn a_number_that_the_modem_refuses_rests_for_an_hour() {
        let one = vec!["1".to_owned()];
        let calls = [call("1", 0, Outcome::Barred)];
        assert_eq!(choose(at(59), &one, &calls, false), Err(at(60)));
        assert_eq!(choose(at(60), &one, &calls, false), Ok("1"));
        assert_eq!(choose(at(1), &one, &calls, true), Ok("1"));
    }

    #[test]
    fn the_station_calls_again_after_2_4_8_and_15_minutes_and_a_fifth_more_or_less() {
        for (failures, minutes) in [(1, 2), (2, 4), (3, 8), (4, 15), (5, 15), (99, 15)] {
            let seconds = minutes * MINUTE;
            for chance in [0, 100, 255] {
                let pause = retry_at(failures, START, chance).0 - START.0;
                assert!(
                    (seconds * 4 / 5..=seconds * 6 / 5).contains(&pause),
                    "{failures}: {pause}"
                );
            }
        }
    }

    #[test]
    fn the_internet_is_waited_for_as_long_as_it_takes_and_five_seconds_at_most() {
        let took = |answer_ms| {
            let internet = Internet {
                answer_ms,
                ..Internet::default()
            };
            internet.patience().as_millis()
        };
        assert_eq!(
            [None, Some(20), Some(400), Some(9_000)].map(took),
            [5_000, 2_580, 4_100, 5_000]
        );
    }

    #[test]
    fn an_internet_that_carries_nothing_is_waited_for_less_the_longer_its_answer_took() {
        let took = |answer_ms| {
            let internet = Internet {
                answer_ms,
                ..Internet::default()
            };
            internet.contact_patience().as_millis()
        };
        assert_eq!(
            [None, Some(20), Some(1_000), Some(4_900)].map(took),
            [5_000, 4_980, 4_000, 2_500]
        );
    }

    #[test]
    fn an_answer_that_led_to_no_contact_says_nothing_for_five_minutes() {
        let failed = |hollow| Internet {
            failed_at: Some(START),
            hollow,
            ..Internet::default()
        };
        assert!(failed(true).is_hollow(at(4)) && !failed(true).is_hollow(at(5)));
        assert!(!failed(false).is_hollow(at(1)));
    }

    #[test]
    fn the_internet_is_known_to_be_down_for_five_minutes_after_it_failed() {
        let internet = Internet {
            failed_at: Some(START),
            ..Internet::default()
        };
        assert!(internet.is_known_down(START) && internet.is_known_down(at(4)));
        assert!(!internet.is_known_down(at(5)));
        assert!(!internet.is_known_down(at(-1)), "a clock that was set back");
        assert!(!Internet::default().is_known_down(START));
    }

    #[test]
    fn a_package_of_software_never_makes_the_telephone_ring() {
        for service in ServiceId::ALL {
            assert_eq!(may_dial(Some(service)), service != ServiceId::Software);
        }
        assert!(may_dial(None));
    }

    #[test]
    fn every_minute_that_has_begun_is_paid_for() {
        let price = CallPrice {
            per_call: Mills::new(50).unwrap(),
            per_minute: Mills::new(20).unwrap(),
        };
        let cost = |seconds| price.cost(seconds).map(Mills::mills);
        assert_eq!([0, 1, 60, 61].map(cost), [50, 70, 70, 90].map(Some));
    }

    #[test]
    fn the_night_call_is_made_once_in_its_two_hours_where_nothing_else_came_about() {
        let night = Some(jiff::civil::time(23, 30, 0, 0));
        let local = |hour, minute| jiff::civil::date(2026, 11, 23).at(hour, minute, 0, 0);
        let due =
            |hour, minute, met, tried| night_is_due(night, local(hour, minute), START, met, tried);
        assert!(!due(23, 29, None, None));
        assert!(due(23, 30, None, None) && due(0, 10, None, None) && due(1, 29, None, None));
        assert!(!due(1, 30, None, None));
        assert!(!due(23, 30, Some(at(-60)), None), "met an hour ago");
        assert!(due(23, 30, Some(at(-12 * 60)), None));
        assert!(!due(23, 31, None, Some(at(-1))), "tried a minute ago");
        assert!(!night_is_due(None, local(23, 30), START, None, None));
    }

    #[test]
    fn the_oldest_calls_are_forgotten() {
        let mut calls = Vec::new();
        for minutes in 0..300 {
            add(&mut calls, call("1", minutes, Outcome::Reached));
        }
        assert_eq!(calls.len(), MAX_CALLS);
        assert_eq!(calls.last().map(|call| call.at), Some(at(299)));
    }
}
