//! The OpenAPI document: what it promises is served, to whom it promises it. Programs that are not
//! ours try it in `tests/foreign/center.py`.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::Value;
use server::access::Caller;
use server::services::directory::OPEN_API;
use shared::services::repository::STOP_LIST_TARGET;
use shared::services::repository::news::NEWS_PATH;
use shared::services::requests::{Entrance, Method, REQUESTS};
use shared::tuf::{TargetFile, TargetPath};
use station::contact::link::LinkRequest;
use system_tests::line::{Line, deliver};
use system_tests::town::Town;

fn document() -> Value {
    serde_json::from_str(OPEN_API).unwrap()
}

/// The operations: path and what is said of it.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let get = |(path, operations): (&String, &Value)| {
        let operations = operations.as_object().unwrap();
        assert_eq!(operations.len(), 1, "{path}");
        (path.clone(), operations["get"].clone())
    };
    paths.map(get).collect()
}

/// The path with the smallest value of each parameter that it needs.
fn asked(path: &str, operation: &Value) -> String {
    let stop_list = TargetFile::of(b"", None);
    let stop_list = TargetPath::new(STOP_LIST_TARGET)
        .unwrap()
        .address(stop_list.hashes.in_addresses());
    let path = path
        .replace("{name}", "timestamp.json")
        .replace("{held}", "1-0-0-0-0-0-0")
        .replace("{path}", &stop_list);
    let parameters = operation["parameters"].as_array();
    let needed = parameters
        .into_iter()
        .flatten()
        .filter(|one| one["required"] == true && one["in"] == "query");
    let query: Vec<String> = needed
        .map(|one| {
            let name = one["name"].as_str().unwrap();
            let value = match name {
                "size" | "new" => "1",
                "month" => "2026-11",
                _ => "0",
            };
            format!("{name}={value}")
        })
        .collect();
    if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

#[test]
fn every_status_is_named_and_none_is_left_to_a_default() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].to_string()), "{path}");
        let said = operation["responses"].as_object().unwrap();
        assert!(
            said.keys().all(|status| status.parse::<u16>().is_ok()),
            "{path}"
        );
        assert!(said.contains_key("200"), "{path}");
        let guarded = operation.get("security").is_some();
        assert_eq!(guarded, said.contains_key("401"), "{path}");
        assert_eq!(guarded, said.contains_key("403"), "{path}");
        // A station is counted wherever it shows its certificate, a stranger where it costs.
        let counted = guarded || path.starts_with(NEWS_PATH);
        assert_eq!(counted, said.contains_key("429"), "{path}");
    }
}

#[test]
fn whatever_may_be_read_stands_in_the_document_and_nothing_else() {
    // What the two monitors say to each other is theirs alone.
    let theirs = ["/v1/due", "/v1/signals"];
    let read = REQUESTS.iter().filter(|kind| kind.method == Method::Get);
    let read = read.filter(|kind| !theirs.contains(&kind.path));
    let read: BTreeSet<(String, bool)> = read
        .map(|kind| {
            let guarded = kind.entrance == Entrance::Station;
            (kind.path.replace("{*", "{"), guarded)
        })
        .collect();
    let said = operations(&document());
    let said = said.into_iter().map(|(path, operation)| {
        let guarded = operation.get("security").is_some();
        (path, guarded)
    });
    assert_eq!(said.collect::<BTreeSet<_>>(), read);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_document_promises_is_served_and_to_nobody_else() {
    let town = Town::with_deposit("10.00").await;
    let one = town.enrolled("one").await;
    let line = Line::clean(&town.center, &one.station);
    let router = server::services::router(town.center.clone());
    let served = line.deliver(LinkRequest::fetch("/v1/openapi.json".to_owned()));
    assert_eq!(served.await.unwrap(), OPEN_API.as_bytes());
    for (path, operation) in operations(&document()) {
        let fetch = LinkRequest::fetch(asked(&path, &operation));
        line.deliver(fetch.clone()).await.unwrap();
        let nobody = Caller {
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            certificate: None,
        };
        let answer = deliver(&router, nobody, fetch).await;
        let refused = answer.err().map(|fault| fault.problem().unwrap().status);
        let expected = operation.get("security").map(|_| 401);
        assert_eq!(refused, expected, "{path}");
    }
}
