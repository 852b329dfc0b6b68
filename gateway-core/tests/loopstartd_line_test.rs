//! A line measured from the command line: the real program, the simulated box, in real time.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "bench/place.rs"]
mod place;

use std::process::{Command, Output};

use place::Folder;

fn line_test(folder: &Folder, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loopstartd"))
        .args(["line-test", "--data-dir", "data"])
        .args(args)
        .current_dir(folder.path())
        .env("LC_ALL", "en")
        .env("TZ", "UTC")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_line_is_measured_told_kept_and_handed_over() {
    let folder = Folder::new();
    let never = line_test(&folder, &["2", "--last"]);
    assert_eq!((never.status.code(), text(&never.stderr).trim_end()), (Some(69), "loopstartd: Cannot be had: this port was never tested"));
    let missing = line_test(&folder, &["3", "--device", "virtual"]);
    assert_eq!((missing.status.code(), text(&missing.stdout)), (Some(69), String::new()), "two ports are there");
    assert!(text(&missing.stderr).trim_end().ends_with("Cannot be had: the settings have no such port"), "{}", text(&missing.stderr));

    let tested = line_test(&folder, &["2", "--device", "virtual", "--json", "--output", "line.txt"]);
    assert_eq!(tested.status.code(), Some(0), "{} {}", text(&tested.stdout), text(&tested.stderr));
    let found: serde_json::Value = serde_json::from_slice(&tested.stdout).unwrap();
    assert_eq!((&found["verdict"], &found["port"], &found["cause"]), (&"pass".into(), &1.into(), &"test_over".into()), "{found}");
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 12);
    let value = |check: &str| results.iter().find(|result| result["check"] == check).unwrap()["value"].as_f64().unwrap();
    assert!((value("on_hook_voltage") - 48.0).abs() < 0.1 && (value("loop_current") - 23.0).abs() < 0.1, "{found}");
    assert!((value("dial_tone_frequency") - 425.0).abs() < 2.0 && (value("echo_return_loss") - 18.0).abs() < 1.0, "{found}");
    let file = std::fs::read_to_string(folder.path().join("line.txt")).unwrap();
    assert!(file.contains("Echo return loss (ERL)") && file.contains("Result: good") && file.contains("End: test complete"), "{file}");

    let last = line_test(&folder, &["2", "--last"]);
    assert_eq!((last.status.code(), text(&last.stdout).trim_end()), (Some(0), file.trim_end()));
    let other = line_test(&folder, &["1", "--last"]);
    assert_eq!((other.status.code(), text(&other.stderr).trim_end()), (Some(69), "loopstartd: Cannot be had: this port was never tested"));
}
