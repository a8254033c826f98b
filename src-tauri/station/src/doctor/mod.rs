//! The connection doctor: goes the way to the data center step by step and says of each step in one
//! sentence what is wrong and what helps.
//!
//! What is seen and what it means are apart: [`observed`] holds facts, [`findings`] judges them
//! without input or output. Nothing a session of the doctor brings is believed, and nothing is sent
//! in it that anybody may not read.

mod findings;
mod observed;
mod shake;
mod telephone;
#[cfg(test)]
mod tests;
mod way;

use std::net::TcpStream;

use observed::{Observed, Place, PortFault, Shown, TlsFault, Tried, Validity};
use shared::clock::UnixSeconds;

use crate::api::{DoctorCall, DoctorView, UiError, View};
use crate::messages::{Code, say};
use crate::services;
use crate::station::{Owner, Station, names};

/// What the doctor needs to know of a station.
struct Patient {
    now: UnixSeconds,
    server: Option<String>,
    root: Option<Vec<u8>>,
    own: Option<Validity>,
}

impl Station {
    /// Examines the way to the data center, or to the one that is named.
    pub(crate) async fn doctor(&self, call: DoctorCall) -> Result<View, UiError> {
        // Another data center's number is not known.
        let is_ours = call.server.is_none();
        let patient = self.apply(move |owner| patient(owner, call.server)).await?;
        let examined = tokio::task::spawn_blocking(move || findings::findings(&examine(&patient)));
        let mut findings = examined.await.map_err(|_| say(Code::StationStopped, &[]))?;
        let mut leads = findings::leads(&findings, false);
        if is_ours {
            let line = telephone::examine(self, call.trial).await?;
            leads = findings::leads(&findings, line.leads());
            findings.extend(telephone::findings(&line, findings::is_shut(&findings)));
        }
        Ok(View::Doctor(DoctorView { findings, leads }))
    }
}

fn patient(owner: &Owner, named: Option<String>) -> Result<Patient, UiError> {
    let now = owner.wall_clock();
    if owner.enrolled().is_err() {
        return Ok(Patient {
            now,
            server: named,
            root: None,
            own: None,
        });
    }
    let known = owner.store().setting(names::SERVER)?;
    // Another data center has another root: nothing of ours says who it is.
    let is_ours = named.is_none() || named == known;
    let root = is_ours.then(|| owner.certificate_setting(names::ROOT));
    let own = owner.certificate_setting(names::STATION_CERTIFICATE)?;
    let own = services::keys::Certified::read(&own)?;
    Ok(Patient {
        now,
        server: named.or(known),
        root: root.transpose()?,
        own: Some(Validity {
            from: own.since,
            until: own.until,
        }),
    })
}

/// Goes the way, up to the first step that does not hold.
fn examine(patient: &Patient) -> Observed {
    let place = patient.server.as_deref().and_then(Place::of);
    let mut seen = Observed {
        now: patient.now,
        place,
        proxy: None,
        name: None,
        port: None,
        portal: None,
        tls: None,
        answer: None,
        own: patient.own,
    };
    let Some(place) = seen.place.clone() else {
        return seen;
    };
    if let Some(stream) = reach(&mut seen, &place) {
        speak(&mut seen, &place, stream, patient.root.as_deref());
    }
    let is_plain = seen.proxy.is_none() && seen.answer.is_none();
    if is_plain && seen.name.as_ref().is_none_or(|tried| tried.outcome.is_ok()) {
        seen.portal = way::portal(&place);
    }
    seen
}

/// A connection to the data center, through the proxy where there is one.
fn reach(seen: &mut Observed, place: &Place) -> Option<TcpStream> {
    let proxy = way::proxy_for(place);
    let first = proxy.as_ref().map_or(place, |proxy| &proxy.place);
    seen.proxy = proxy.as_ref().map(|proxy| proxy.place.clone());
    let named = way::tried(|| way::addresses(first));
    let addresses = named.outcome.as_ref().ok().cloned();
    if !first.is_literal() {
        let outcome = named.outcome.map(|found| found.len());
        let took = named.took;
        seen.name = Some(Tried { outcome, took });
    }
    let addresses = addresses?;
    let connected = way::tried(|| {
        let stream = way::connect(&addresses, way::STEP_TIME)?;
        match &proxy {
            Some(proxy) => way::through(stream, proxy, place),
            None => Ok::<_, PortFault>(stream),
        }
    });
    let (stream, outcome) = match connected.outcome {
        Ok(stream) => (Some(stream), Ok(())),
        Err(fault) => (None, Err(fault)),
    };
    let took = connected.took;
    seen.port = Some(Tried { outcome, took });
    stream
}

/// Speaks with whoever is at the other end.
fn speak(seen: &mut Observed, place: &Place, stream: TcpStream, root: Option<&[u8]>) {
    let shaken = way::tried(|| shake::shake(stream, place, root));
    let (session, outcome) = match shaken.outcome {
        Ok((session, shown)) => (Some(session), Ok(shown)),
        Err(fault) => (None, Err(fault)),
    };
    let is_ours = matches!(outcome, Ok(Shown::Own | Shown::Unjudged));
    let took = shaken.took;
    seen.tls = Some(Tried { outcome, took });
    if let Some(session) = session.filter(|_| is_ours) {
        let asked: Tried<_, TlsFault> = way::tried(|| shake::ask(session, place));
        seen.answer = Some(asked);
    }
}
