//! The connection doctor on the way to a real data center.

use station::api::{Call, DoctorCall, FindingOutcome, FindingView, View};
use system_tests::modem::Fate;
use system_tests::relay::Later;
use system_tests::town::{Counter, Town};

use crate::commands::Site;
use crate::dialup_line::{NOWHERE, at_a_modem, line, soon};

async fn findings(counter: &Counter, server: Option<String>) -> Vec<FindingView> {
    let call = Call::Doctor(DoctorCall {
        server,
        trial: false,
    });
    let View::Doctor(view) = counter.station.call(call).await.unwrap() else {
        panic!("the doctor answers with findings");
    };
    view.findings
}

/// The checks of the findings that are not good.
fn bad(findings: &[FindingView]) -> Vec<&str> {
    let bad = findings
        .iter()
        .filter(|one| one.outcome != FindingOutcome::Good);
    bad.map(|one| one.check.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_to_a_real_data_center_is_found_good() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("examined").await;
    let found = findings(&counter, None).await;
    assert_eq!(bad(&found), [""; 0], "{found:?}");
    let checks: Vec<&str> = found.iter().map(|one| one.check.as_str()).collect();
    for check in ["port", "encryption", "data center", "clock", "certificate"] {
        assert!(checks.contains(&check), "{checks:?} lacks {check}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_days_off_and_a_port_without_anybody_are_found() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("examined").await;
    town.turn_days(3);
    assert_eq!(bad(&findings(&counter, None).await), ["clock"]);
    let nobody = Later::reserved();
    let found = findings(&counter, Some(nobody.url())).await;
    let port = found.iter().find(|one| one.check == "port").unwrap();
    assert_eq!(port.code, "doctor_port_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refill_that_is_asked_for_while_the_doctor_calls_is_not_cut_by_its_hang_up() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "examined").await;
    counter.set_server(NOWHERE).await;
    let trial = Call::Doctor(DoctorCall {
        server: None,
        trial: true,
    });
    let clerk = async {
        soon("the call could be used", async || {
            let calls = line(&counter).await.calls;
            let made = calls.first();
            made.is_some_and(|call| ["unanswered", "reached"].contains(&call.outcome.as_str()))
        })
        .await;
        counter.refill("20.00").await
    };
    let (examined, refill) = tokio::join!(counter.station.call(trial), clerk);
    assert!(matches!(examined, Ok(View::Doctor(_))), "{examined:?}");
    assert_eq!(refill.unwrap().registers.control_total, 20_000);
    let calls = line(&counter).await.calls.into_iter();
    let outcomes: Vec<String> = calls.map(|call| call.outcome).collect();
    assert_eq!(outcomes, ["reached", "reached"]);
    assert_eq!(socket.log().dialed.len(), 2);
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_line_is_examined_and_tried_by_a_call() {
    let town = Town::with_deposit("100.00").await;
    let (counter, socket) = at_a_modem(&town, "examined").await;
    let codes = |call| {
        let counter = &counter;
        async move {
            let call = Call::Doctor(DoctorCall {
                server: None,
                trial: call,
            });
            let View::Doctor(view) = counter.station.call(call).await.unwrap() else {
                panic!("the doctor answers with findings");
            };
            let at = view.findings.iter().position(|one| one.check == "modem");
            let line = view.findings.into_iter().skip(at.unwrap());
            line.map(|one| one.code).collect::<Vec<_>>()
        }
    };
    assert_eq!(codes(false).await, ["doctor_modem", "doctor_never_called"]);
    assert!(socket.log().dialed.is_empty(), "nobody asked for a call");
    socket.fates(&[Fate::Says("BUSY"); 2]);
    assert_eq!(codes(true).await, ["doctor_modem", "number_busy"]);
    assert_eq!(
        codes(false).await,
        ["doctor_modem", "doctor_last_call_failed"]
    );
    socket.fates(&[]);
    let tried = codes(true).await;
    assert_eq!(
        tried,
        ["doctor_modem", "doctor_called", "doctor_call_answers"]
    );
    assert!(!socket.is_on_line(), "it hangs up");
    assert_eq!(codes(false).await, ["doctor_modem", "doctor_last_call"]);
    // The Internet is gone; the telephone leads there as far as anybody knows.
    let nobody = Later::reserved();
    counter.set_server(&nobody.url()).await;
    let leads = async || {
        let call = Call::Doctor(DoctorCall::default());
        let View::Doctor(view) = counter.station.call(call).await.unwrap() else {
            panic!("the doctor answers with findings");
        };
        view.leads
    };
    assert!(leads().await);
    socket.fates(&[Fate::Says("BUSY"); 2]);
    assert_eq!(codes(true).await, ["doctor_modem", "number_busy"]);
    assert!(!leads().await, "nor does the last call");
}

/// What the doctor says over the command line: its exit code, and the modem's finding.
#[test]
fn a_modem_that_is_unplugged_is_no_failure_while_the_internet_leads_to_the_data_center() {
    let mut site = Site::with_deposit("50.00");
    let desk = site.enrolled("station");
    let nowhere = site.path("no-modem").display().to_string();
    let words = ["line", "set", "--device", &nowhere, "--number", "5550199"];
    assert_eq!(desk.tell(&words).code, Some(0));
    let told = desk.tell(&["doctor"]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{told:?}");
    let findings = told.objects();
    let outcome = |check: &str| {
        let found = findings.iter().find(|one| one["check"] == check);
        found.map(|one| one["outcome"].clone()).unwrap_or_default()
    };
    assert_eq!(
        (outcome("data center"), outcome("modem")),
        ("good".into(), "fault".into())
    );
    site.kill();
    let told = desk.tell(&["doctor"]);
    assert_eq!(told.code, Some(4), "{told:?}");
    let error = told.error();
    assert_eq!(error["code"], "doctor_fault");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("see port"), "{message}");
}
