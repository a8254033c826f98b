//! What the observations mean, one sentence and one remedy each. Pure.

use std::time::Duration;

use super::observed::{NameFault, Observed, Place, PortFault, Shown, TlsFault, Tried};
use crate::api::{FindingOutcome, FindingView, UiError};
use crate::messages::{Code, say};

/// A clock that is off by more is worth a word, seconds: dates on pieces hang on it.
const CLOCK_WARNING: u64 = 5 * 60;
/// A clock that is off by more keeps the station from being served, seconds.
const CLOCK_FAULT: u64 = 24 * 60 * 60;
/// An answer that takes longer is worth a word.
const SLOW: Duration = Duration::from_secs(3);

/// What is looked at that is the same whatever line is used.
const EVERYWHERE: [&str; 3] = ["address", "clock", "certificate"];

/// The findings, along the way from this computer to the data center.
pub(super) fn findings(seen: &Observed) -> Vec<FindingView> {
    let Some(place) = &seen.place else {
        return vec![finding("address", Code::DoctorNoAddress, &[])];
    };
    let mut all = Vec::new();
    let first = seen.proxy.as_ref().unwrap_or(place);
    if let Some(proxy) = &seen.proxy {
        all.push(finding(
            "proxy",
            Code::DoctorProxy,
            &[("proxy", &proxy.authority())],
        ));
    }
    if let Some(tried) = &seen.name {
        all.push(name(first, tried));
    }
    if let Some(tried) = &seen.port {
        all.push(port(first, seen.proxy.is_some(), tried));
    }
    if let Some(portal) = &seen.portal {
        all.push(finding(
            "sign-in page",
            Code::DoctorPortal,
            &[("host", &portal.host)],
        ));
    }
    if let Some(tried) = &seen.tls {
        all.push(tls(place, seen, tried));
    }
    if let Some(tried) = &seen.answer {
        all.extend(answer(seen, tried));
    }
    all.extend(own(seen));
    all
}

fn name(place: &Place, tried: &Tried<usize, NameFault>) -> FindingView {
    let values = [("host", place.host.as_str())];
    let code = match tried.outcome {
        Ok(_) => Code::DoctorName,
        Err(NameFault::Unknown) => Code::DoctorNameUnknown,
        Err(NameFault::Silent) => Code::DoctorNameSilent,
    };
    timed(finding("name", code, &values), tried.took)
}

fn port(place: &Place, is_proxy: bool, tried: &Tried<(), PortFault>) -> FindingView {
    let (host, port) = (place.host.as_str(), place.port.to_string());
    let status;
    let mut values = vec![("host", host), ("port", port.as_str())];
    let code = match &tried.outcome {
        Ok(()) => Code::DoctorPort,
        Err(PortFault::Refused) => Code::DoctorPortRefused,
        Err(PortFault::Silent) => Code::DoctorPortSilent,
        Err(PortFault::NoWay) => Code::DoctorNoNetwork,
        Err(PortFault::Proxy(407)) => Code::DoctorProxyPassword,
        Err(PortFault::Proxy(said)) => {
            status = said.to_string();
            values.push(("status", &status));
            Code::DoctorProxyRefuses
        }
        Err(PortFault::Other(reason)) => {
            values.push(("reason", reason));
            Code::DoctorPortOther
        }
    };
    let check = if is_proxy { "proxy port" } else { "port" };
    timed(finding(check, code, &values), tried.took)
}

fn tls(place: &Place, seen: &Observed, tried: &Tried<Shown, TlsFault>) -> FindingView {
    let host = place.host.as_str();
    let finding = match &tried.outcome {
        Ok(Shown::Own) => finding("encryption", Code::DoctorTls, &[]),
        Ok(Shown::Unjudged) => finding("encryption", Code::DoctorTlsUnjudged, &[]),
        Ok(Shown::OtherName) => finding("encryption", Code::DoctorOtherName, &[("host", host)]),
        Ok(Shown::Foreign(issuer)) => finding(
            "encryption",
            Code::DoctorForeign,
            &[("host", host), ("issuer", issuer)],
        ),
        Ok(Shown::OutOfTime { from, until }) => {
            let (code, at) = if seen.now.0 < from.0 {
                (Code::DoctorCertificateEarly, from)
            } else {
                (Code::DoctorCertificateLate, until)
            };
            finding("clock", code, &[("day", &day(at.0))])
        }
        Err(TlsFault::Plain) => finding("encryption", Code::DoctorPlain, &[("host", host)]),
        Err(TlsFault::Cut) => finding("encryption", Code::DoctorCut, &[("host", host)]),
        Err(TlsFault::Silent) => finding("encryption", Code::DoctorSilent, &[("host", host)]),
        Err(TlsFault::Other(reason)) => {
            finding("encryption", Code::DoctorTlsOther, &[("reason", reason)])
        }
    };
    timed(finding, tried.took)
}

fn answer(seen: &Observed, tried: &Tried<super::observed::Answer, TlsFault>) -> Vec<FindingView> {
    let Ok(answer) = &tried.outcome else {
        let silent = finding("data center", Code::DoctorNoAnswer, &[]);
        return vec![timed(silent, tried.took)];
    };
    let status = answer.status.to_string();
    let code = match answer.status {
        200..=299 if tried.took > SLOW => Code::DoctorSlow,
        200..=299 => Code::DoctorAnswers,
        _ => Code::DoctorAnswersOdd,
    };
    let mut all = vec![timed(
        finding("data center", code, &[("status", &status)]),
        tried.took,
    )];
    if let Some(date) = answer.date {
        let apart = seen.now.0.abs_diff(date.0);
        let ahead = if seen.now.0 > date.0 {
            "ahead of"
        } else {
            "behind"
        };
        let code = if apart <= CLOCK_WARNING {
            Code::DoctorClock
        } else if apart <= CLOCK_FAULT {
            Code::DoctorClockOff
        } else {
            Code::DoctorClockWrong
        };
        let values = [("apart", span(apart)), ("way", ahead.to_owned())];
        let values = values.each_ref().map(|(key, text)| (*key, text.as_str()));
        all.push(finding("clock", code, &values));
    }
    all
}

fn own(seen: &Observed) -> Option<FindingView> {
    let own = seen.own?;
    let code = if seen.now.0 < own.from.0 {
        Code::DoctorOwnEarly
    } else if seen.now.0 > own.until.0 {
        Code::DoctorOwnExpired
    } else {
        Code::DoctorOwn
    };
    let values = [("from", day(own.from.0)), ("until", day(own.until.0))];
    let values = values.each_ref().map(|(key, text)| (*key, text.as_str()));
    Some(finding("certificate", code, &values))
}

/// How serious a message is.
const fn outcome(code: Code) -> FindingOutcome {
    let is_good = matches!(
        code,
        Code::DoctorName
            | Code::DoctorPort
            | Code::DoctorTls
            | Code::DoctorAnswers
            | Code::DoctorClock
            | Code::DoctorOwn
            | Code::DoctorModem
            | Code::DoctorCallOn
            | Code::DoctorLastCall
            | Code::DoctorCalled
            | Code::DoctorCallAnswers
    );
    let is_notice = matches!(
        code,
        Code::DoctorProxy
            | Code::DoctorTlsUnjudged
            | Code::DoctorSlow
            | Code::DoctorClockOff
            | Code::DoctorOwnExpired
            | Code::DoctorNoModem
            | Code::DoctorNeverCalled
            | Code::DoctorLastCallFailed
    );
    if is_good {
        FindingOutcome::Good
    } else if is_notice {
        FindingOutcome::Notice
    } else {
        FindingOutcome::Fault
    }
}

/// Whether nobody answered at the end of this way.
pub(super) fn is_shut(findings: &[FindingView]) -> bool {
    let answers = [Code::DoctorAnswers, Code::DoctorSlow].map(Code::name);
    !findings
        .iter()
        .any(|one| answers.contains(&one.code.as_str()))
}

/// Whether any line leads to the data center for all that was found on the Internet, and when the
/// telephone does so for itself. What is wrong with this computer's clock or with what the station
/// holds keeps every line from leading anywhere.
pub(super) fn leads(findings: &[FindingView], by_telephone: bool) -> bool {
    let mut faults = findings
        .iter()
        .filter(|one| one.outcome == FindingOutcome::Fault);
    faults.all(|one| by_telephone && !EVERYWHERE.contains(&one.check.as_str()))
}

/// A message that is a finding by itself.
pub(super) fn of_message(check: &str, outcome: FindingOutcome, said: UiError) -> FindingView {
    FindingView {
        check: check.to_owned(),
        outcome,
        code: said.code,
        message: said.message,
        hint: said.hint,
        ms: None,
    }
}

pub(super) fn finding(check: &str, code: Code, values: &[(&str, &str)]) -> FindingView {
    of_message(check, outcome(code), say(code, values))
}

fn timed(finding: FindingView, took: Duration) -> FindingView {
    FindingView {
        ms: Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        ..finding
    }
}

/// A day (UTC), ISO.
fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |stamp| stamp.strftime("%Y-%m-%d").to_string(),
    )
}

/// A length of time as people say it, in its two largest units.
fn span(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let minutes = seconds / 60 % 60;
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}
