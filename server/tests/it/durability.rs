use std::time::{Duration, Instant};

use crate::running::Folder;

/// How often the data center is killed; `--long` runs of the whole project kill more often.
const KILLS: u32 = 4;

#[test]
fn what_was_acknowledged_is_there_after_a_kill_and_nothing_is_there_twice() {
    let folder = Folder::initialised();
    folder.json(&["account", "new", "A"]);
    let mut acknowledged = 0_u64;
    let mut unanswered = 0_u64;
    let mut number = 0_u32;
    for round in 0..KILLS {
        let serving = folder.serve();
        let id = serving.id().to_string();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(150 + u64::from(round) * 70));
            serving.kill();
        });
        while !killer.is_finished() {
            number += 1;
            let reference = format!("{id}-{number}");
            let deposit = ["account", "deposit", "A", "1", "--reference", &reference];
            if folder.run(&deposit).status.success() {
                acknowledged += 1;
                // Asking again after the answer never books again.
                assert!(folder.run(&deposit).status.code().is_some());
            } else {
                unanswered += 1;
            }
        }
        killer.join().unwrap();
    }
    let report = folder.json(&["ledger", "verify"]);
    let booked = report["customers"].as_u64().unwrap() / 1_000;
    assert!(acknowledged > 0);
    assert!(
        (acknowledged..=acknowledged + unanswered).contains(&booked),
        "{booked} booked, {acknowledged} acknowledged, {unanswered} unanswered"
    );
}

#[test]
fn a_killed_server_answers_again_within_a_second_or_two() {
    let folder = Folder::initialised();
    folder.serve().kill();
    let begun = Instant::now();
    let serving = folder.serve();
    // Generous for a busy machine in a debug build; recovery itself takes milliseconds.
    assert!(begun.elapsed() < Duration::from_secs(10));
    drop(serving);
}

/// The bound is for the release build; a debug build's code alone is larger.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_server_stays_under_40_mb() {
    let folder = Folder::initialised();
    let serving = folder.serve();
    std::thread::sleep(Duration::from_millis(300));
    let status = std::fs::read_to_string(format!("/proc/{}/status", serving.id())).unwrap();
    let kilobytes: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap();
    println!("idle server: {kilobytes} KB resident");
    assert!(kilobytes < 40_000, "{kilobytes} KB");
}
