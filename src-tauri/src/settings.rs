//! Holds the window's security settings against what was decided, so that no later change loosens
//! them unseen.

use serde_json::Value;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn settings() -> Value {
    parsed(include_str!("../tauri.conf.json"))
}

#[test]
fn the_page_may_load_and_reach_nothing_but_itself_and_its_door() {
    let settings = settings();
    let csp = settings["app"]["security"]["csp"].as_str().unwrap();
    let mut directives: Vec<&str> = csp.split("; ").collect();
    directives.sort_unstable();
    assert_eq!(
        directives,
        [
            "base-uri 'none'",
            "connect-src ipc: http://ipc.localhost",
            "default-src 'self'",
            "font-src 'self'",
            "form-action 'none'",
            "frame-src 'none'",
            "img-src 'self' data:",
            "object-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
        ]
    );
}

#[test]
fn the_page_gets_no_global_api_and_frozen_prototypes() {
    let settings = settings();
    assert_eq!(settings["app"]["withGlobalTauri"], false);
    let security = &settings["app"]["security"];
    assert_eq!(security["freezePrototype"], true);
    assert!(security["dangerousDisableAssetCspModification"].is_null());
    assert!(security["assetProtocol"].is_null());
    assert!(settings["build"]["devUrl"].is_null());
}

#[test]
fn the_updater_only_looks_at_signatures_that_name_a_higher_version() {
    let settings = settings();
    let updater = &settings["plugins"]["updater"];
    assert_eq!(updater["requireSignedVersion"], true);
    assert_eq!(updater["allowDowngrades"], false);
    // It wants an endpoint and must never reach one: the name is reserved for none.
    let nowhere = serde_json::json!(["https://pennyblack.invalid/"]);
    assert_eq!(updater["endpoints"], nowhere);
    for key in updater.as_object().unwrap().keys() {
        assert!(!key.starts_with("dangerous"), "{key}");
    }
}

#[test]
fn one_named_capability_allows_one_command_and_one_stream() {
    let settings = settings();
    let named = &settings["app"]["security"]["capabilities"];
    assert_eq!(named, &serde_json::json!(["main"]));
    let capability = parsed(include_str!("../capabilities/main.json"));
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
    assert!(capability["remote"].is_null());
    let permissions = serde_json::json!([
        "allow-call",
        "core:event:allow-listen",
        "core:event:allow-unlisten"
    ]);
    assert_eq!(capability["permissions"], permissions);
}
