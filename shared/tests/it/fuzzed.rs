//! The corpora of the fuzzer, replayed: what once found something must hold for ever.

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use std::path::Path;

/// Runs a body over its corpus; how many inputs there were.
#[expect(clippy::disallowed_methods, reason = "a corpus is a folder of files")]
fn replayed(name: &str, body: impl Fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| body(&std::fs::read(file.unwrap().path()).unwrap()))
        .count()
}

#[test]
fn whatever_was_found_on_a_line_a_link_ends_once_and_keeps_its_bounds() {
    assert!(replayed("ppp", bodies::ppp) >= 10);
}

#[test]
fn whatever_a_modem_was_found_to_say_its_dialogue_ends() {
    assert!(replayed("modem", bodies::modem) >= 10);
}
