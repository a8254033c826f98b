//! Software over whole contacts: what stations run is told, and a group that an admin chooses arrives.

use server::services::software::store::{self, StationSoftware};
use station::api::{Call, SetSoftwareCall, SoftwareState, SoftwareView, View};
use system_tests::town::{Counter, Town};

async fn view(counter: &Counter) -> SoftwareView {
    let View::Software(view) = counter.station.call(Call::Software).await.unwrap() else {
        panic!("the view of software is none");
    };
    *view
}

async fn told(town: &Town) -> StationSoftware {
    let listed = town.center.db().read("stations", store::stations).await;
    listed.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_station_runs_is_told_when_it_changes_and_its_group_comes_with_the_next_contact() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.contact().await.unwrap();
    let first = told(&town).await;
    assert_eq!(first.runs.as_deref(), Some("1.0.0"));
    assert_eq!(first.platform.as_deref(), Some("linux-appimage"));
    assert_eq!(first.channel.as_deref(), Some("stable"));

    town.put_into_group(&counter, "pilot").await;
    let early = SetSoftwareCall {
        channel: Some("early".to_owned()),
        hours: Some("Mon-Fri 08:00-18:00".to_owned()),
    };
    let set = counter.station.call(Call::SetSoftware(early)).await;
    assert!(matches!(set, Ok(View::Software(_))));
    counter.contact().await.unwrap();
    assert_eq!(told(&town).await.channel.as_deref(), Some("early"));
    let shown = view(&counter).await;
    assert_eq!(shown.group.as_deref(), Some("pilot"));
    assert_eq!(shown.hours, "Mon-Fri 08:00-18:00");
    assert_eq!(shown.state, SoftwareState::Unpublished);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_and_channels_that_nobody_can_read_are_refused_and_change_nothing() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    for (channel, hours) in [(Some("nightly"), None), (None, Some("from nine to five"))] {
        let call = SetSoftwareCall {
            channel: channel.map(str::to_owned),
            hours: hours.map(str::to_owned),
        };
        let refused = counter.station.call(Call::SetSoftware(call)).await;
        assert_eq!(refused.unwrap_err().code, "bad_input");
    }
    let shown = view(&counter).await;
    assert_eq!(
        (shown.channel.as_str(), shown.hours.as_str()),
        ("stable", "Mon-Sat 07:00-20:00")
    );
}
