//! The telephone half: whether a modem is there, what became of the last call, and a call to try.

use jiff::tz::TimeZone;

use super::findings::{finding, of_message};
use crate::api::{FindingOutcome, FindingView, UiError};
use crate::contact::dialup::profiles::{self, FoundState};
use crate::contact::dialup::settings;
use crate::contact::failover::{CallRecord, Outcome};
use crate::contact::reach;
use crate::messages::{Code, say};
use crate::station::Station;

/// What was seen of the telephone line.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// None is set up.
    None,
    /// It is set up.
    Set(Box<Looked>),
}

/// What was seen of a line that is set up.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    device: String,
    modem: Modem,
    last: Option<CallRecord>,
    /// The call that was made to try it; whether the data center answered over it.
    tried: Option<Result<Result<(), UiError>, UiError>>,
}

/// What hangs on the port.
#[derive(Clone, Debug)]
pub(super) enum Modem {
    /// It is on a call to this number.
    Calling(String),
    Found(FoundState),
}

/// Looks at the port, and makes a call where one is asked for.
pub(super) async fn examine(station: &Station, call: bool) -> Result<Line, UiError> {
    let (line, calls) = station
        .apply(|owner| Ok((settings::read(owner)?, settings::calls(owner)?)))
        .await?;
    if !line.is_ready() {
        return Ok(Line::None);
    }
    let device = line.device;
    let modem = match station.telephone().view() {
        Some(view) => Modem::Calling(view.number),
        None => {
            let (ports, at) = (station.telephone().ports(), device.clone());
            let looked = tokio::task::spawn_blocking(move || profiles::look(ports.as_ref(), &at));
            let found = looked.await.map_err(|_| say(Code::StationStopped, &[]))?;
            Modem::Found(found)
        }
    };
    let is_free = matches!(modem, Modem::Found(FoundState::Modem { .. }));
    let tried = if call && is_free {
        Some(reach::try_call(station).await)
    } else {
        None
    };
    Ok(Line::Set(Box::new(Looked {
        device,
        modem,
        last: calls.last().cloned(),
        tried,
    })))
}

impl Line {
    /// Whether it leads to the data center for all that was seen: a call that was made now, or else
    /// the last one.
    pub(super) fn leads(&self) -> bool {
        let Self::Set(looked) = self else {
            return false;
        };
        let is_there = match &looked.modem {
            Modem::Calling(_) | Modem::Found(FoundState::Modem { .. }) => true,
            Modem::Found(FoundState::Silent | FoundState::Closed(_)) => false,
        };
        is_there
            && match &looked.tried {
                Some(tried) => matches!(tried, Ok(Ok(()))),
                None => {
                    let mut last = looked.last.iter();
                    last.any(|call| call.outcome == Outcome::Reached)
                }
            }
    }
}

/// What that means; `is_shut`: whether the Internet does not lead to the data center.
pub(super) fn findings(line: &Line, is_shut: bool) -> Vec<FindingView> {
    match line {
        Line::None if is_shut => vec![finding("modem", Code::DoctorNoModem, &[])],
        Line::None => Vec::new(),
        Line::Set(looked) => {
            let mut all = vec![modem_finding(&looked.device, &looked.modem)];
            match &looked.tried {
                Some(tried) => all.extend(trial(tried)),
                None => all.extend(last_call(looked.last.as_ref())),
            }
            all
        }
    }
}

fn modem_finding(device: &str, modem: &Modem) -> FindingView {
    let fault = |said| of_message("modem", FindingOutcome::Fault, said);
    match modem {
        Modem::Calling(number) => finding("modem", Code::DoctorCallOn, &[("number", number)]),
        Modem::Found(FoundState::Modem { said, .. }) => {
            let said = said.trim();
            let said = if said.is_empty() { "OK" } else { said };
            let values = [("device", device), ("said", said)];
            finding("modem", Code::DoctorModem, &values)
        }
        Modem::Found(FoundState::Silent) => fault(say(Code::ModemSilent, &[])),
        Modem::Found(FoundState::Closed(reason)) => fault(say(
            Code::ModemPort,
            &[("device", device), ("reason", reason)],
        )),
    }
}

fn trial(tried: &Result<Result<(), UiError>, UiError>) -> Vec<FindingView> {
    let fault =
        |check: &str, said: &UiError| of_message(check, FindingOutcome::Fault, said.clone());
    match tried {
        Err(said) => vec![fault("call", said)],
        Ok(answer) => vec![
            finding("call", Code::DoctorCalled, &[]),
            match answer {
                Ok(()) => finding("data center by telephone", Code::DoctorCallAnswers, &[]),
                Err(said) => fault("data center by telephone", said),
            },
        ],
    }
}

fn last_call(last: Option<&CallRecord>) -> Option<FindingView> {
    let Some(last) = last else {
        return Some(finding("last call", Code::DoctorNeverCalled, &[]));
    };
    let when = jiff::Timestamp::from_second(last.at.0).ok()?;
    let when = when.to_zoned(TimeZone::system());
    let when = when.strftime("%B %-d at %H:%M").to_string();
    match last.outcome {
        // It goes on, or the program stopped meanwhile: nobody knows.
        Outcome::Dialed => None,
        Outcome::Reached => Some(finding(
            "last call",
            Code::DoctorLastCall,
            &[("when", &when)],
        )),
        Outcome::Unanswered | Outcome::Failed | Outcome::Barred | Outcome::NotDialed => {
            let said = last.fault.as_deref().and_then(Code::without_values);
            let said = said.map(|code| say(code, &[]));
            let why = said.as_ref().map_or("", |said| said.message.as_str());
            let hint = said.as_ref().map_or("", |said| said.hint.as_str());
            let values = [("when", when.as_str()), ("why", why), ("hint", hint)];
            let mut finding = finding("last call", Code::DoctorLastCallFailed, &values);
            finding.message.truncate(finding.message.trim_end().len());
            Some(finding)
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::clock::UnixSeconds;

    use super::*;

    fn set(modem: FoundState, last: Option<CallRecord>) -> Line {
        Line::Set(Box::new(Looked {
            device: "/dev/ttyACM0".to_owned(),
            modem: Modem::Found(modem),
            last,
            tried: None,
        }))
    }

    fn modem() -> FoundState {
        FoundState::Modem {
            said: "USRobotics 56K".to_owned(),
            profile: "usr",
        }
    }

    fn call(outcome: Outcome, fault: Option<&str>) -> CallRecord {
        CallRecord {
            number: "15550100".to_owned(),
            at: UnixSeconds(1_795_435_200),
            outcome,
            fault: fault.map(str::to_owned),
            seconds: 0,
            cost: None,
            said: None,
        }
    }

    fn codes(line: &Line) -> Vec<(String, FindingOutcome)> {
        let found = findings(line, false).into_iter();
        found.map(|one| (one.code, one.outcome)).collect()
    }

    #[test]
    fn a_missing_modem_is_worth_a_word_only_where_the_internet_fails() {
        assert!(findings(&Line::None, false).is_empty());
        let told = findings(&Line::None, true);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].outcome, FindingOutcome::Notice);
    }

    #[test]
    fn a_modem_that_is_unplugged_or_silent_is_a_fault() {
        let unplugged = FoundState::Closed("no such device".to_owned());
        for (state, code) in [
            (unplugged, "modem_port"),
            (FoundState::Silent, "modem_silent"),
        ] {
            let found = codes(&set(state, Some(call(Outcome::Reached, None))));
            assert_eq!(found[0], (code.to_owned(), FindingOutcome::Fault));
        }
    }

    #[test]
    fn the_last_call_tells_why_it_failed_and_what_helps() {
        let failed = |fault| set(modem(), Some(call(Outcome::Failed, Some(fault))));
        let said = &findings(&failed("number_busy"), false)[1];
        assert_eq!(said.outcome, FindingOutcome::Notice);
        assert!(said.hint.contains("prefix"), "{said:?}");
        let said = &findings(&failed("ppp_password_refused"), false)[1];
        assert!(said.message.len() > 60 && !said.hint.is_empty(), "{said:?}");
        // A fault with values of its own, and one of a later program.
        for fault in ["modem_port", "never_heard_of"] {
            let said = &findings(&failed(fault), false)[1];
            assert!(said.message.ends_with("failed."), "{said:?}");
            assert!(!said.message.contains('{'), "{said:?}");
        }
    }

    #[test]
    fn a_line_leads_there_when_its_modem_answers_and_its_last_call_did() {
        let reached = || Some(call(Outcome::Reached, None));
        assert!(set(modem(), reached()).leads());
        assert!(!set(FoundState::Silent, reached()).leads());
        assert!(!set(FoundState::Closed("gone".to_owned()), reached()).leads());
        assert!(!set(modem(), None).leads(), "nobody knows");
        let unanswered = call(Outcome::Unanswered, Some("call_unanswered"));
        assert!(!set(modem(), Some(unanswered.clone())).leads());
        assert!(!Line::None.leads());
        let mut tried = set(modem(), Some(unanswered));
        for (outcome, leads) in [(Ok(Ok(())), true), (Err(say(Code::NumberBusy, &[])), false)] {
            if let Line::Set(looked) = &mut tried {
                looked.tried = Some(outcome);
            }
            assert_eq!(tried.leads(), leads);
        }
    }

    #[test]
    fn a_line_that_was_never_used_wants_to_be_tried() {
        let found = codes(&set(modem(), None));
        let expected = [
            ("doctor_modem", FindingOutcome::Good),
            ("doctor_never_called", FindingOutcome::Notice),
        ];
        let expected = expected.map(|(code, outcome)| (code.to_owned(), outcome));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_trial_call_says_how_far_it_came() {
        let tried = |tried| {
            let mut line = set(modem(), None);
            if let Line::Set(looked) = &mut line {
                looked.tried = Some(tried);
            }
            codes(&line).into_iter().skip(1).collect::<Vec<_>>()
        };
        let busy = tried(Err(say(Code::NumberBusy, &[])));
        assert_eq!(busy, [("number_busy".to_owned(), FindingOutcome::Fault)]);
        let silent = tried(Ok(Err(say(
            Code::Unreachable,
            &[("reason", "it is silent")],
        ))));
        assert_eq!(silent[0].0, "doctor_called");
        assert_eq!(silent[1].1, FindingOutcome::Fault);
        let good = tried(Ok(Ok(())));
        assert!(
            good.iter()
                .all(|(_, outcome)| *outcome == FindingOutcome::Good)
        );
    }
}
