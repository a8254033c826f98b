//! The connection doctor on the way to a real data center.

use station::api::{Call, DoctorCall, FindingOutcome, FindingView, View};
use system_tests::town::{Counter, Town};

async fn findings(counter: &Counter, server: Option<String>) -> Vec<FindingView> {
    let call = Call::Doctor(DoctorCall {
        server,
        call: false,
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
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = nobody.local_addr().unwrap();
    drop(nobody);
    let found = findings(&counter, Some(format!("https://{at}"))).await;
    let port = found.iter().find(|one| one.check == "port").unwrap();
    assert_eq!(port.code, "doctor_port_refused");
}
