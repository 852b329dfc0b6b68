//! The call history on the command line: what is listed, what is exported, and how it fails.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "bench/place.rs"]
mod place;

use std::process::{Command, Output};

use gateway_core::config::PortId;
use gateway_core::shell::store::{RecordDirection, Store, StoredRecord};
use place::Folder;

fn loopstartd(folder: &Folder, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loopstartd"))
        .args(args)
        .current_dir(folder.path())
        .env("LC_ALL", "en")
        .env("TZ", "UTC")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Three calls, a day apart, the second one missed.
async fn history(folder: &Folder) {
    let store = Store::open(&folder.path().join("data")).await.unwrap();
    for n in 0..3_u64 {
        let began = 1_790_000_000_000 + n * 86_400_000;
        let call = StoredRecord {
            id: format!("call-{n}"),
            port: PortId(u16::try_from(n).unwrap()),
            direction: RecordDirection::FxoToSip,
            from: format!("113333444{n}"),
            to: "sip:200@pbx.example".to_owned(),
            started_at_ms: began,
            answered_at_ms: (n != 1).then_some(began + 4000),
            ended_at_ms: began + 10_000,
            cause: if n == 1 { "caller_gave_up" } else { "sip_hung_up" }.to_owned(),
            evidence: None,
            sip_status: None,
            timeline: Vec::new(),
            damaged: false,
        };
        store.append_record(&call).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn calls_are_listed_by_filters_the_newest_first() {
    let folder = Folder::new();
    history(&folder).await;
    let ids = |args: &[&str]| -> Vec<String> {
        let output = loopstartd(&folder, &[&["calls", "list", "--data-dir", "data", "--json"], args].concat());
        let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        out(&output).lines().map(id).collect()
    };
    assert_eq!(ids(&[]), ["call-2", "call-1", "call-0"]);
    assert_eq!(ids(&["--limit", "1"]), ["call-2"]);
    assert_eq!(ids(&["--text", "(11) 3333-4441"]), ["call-1"]);
    assert_eq!(ids(&["--port", "1", "--port", "3"]), ["call-2", "call-0"]);
    assert_eq!(ids(&["--unanswered"]), ["call-1"]);
    assert_eq!(ids(&["--answered", "--from", "2026-09-22T00:00"]), ["call-2"]);
    assert_eq!(ids(&["--until", "2026-09-20"]), [""; 0]);
    assert_eq!(ids(&["--direction", "sip_to_fxo"]), [""; 0]);
    let table = out(&loopstartd(&folder, &["calls", "list", "--data-dir", "data", "--cause", "caller_gave_up"]));
    assert!(table.contains("1133334441 -> sip:200@pbx.example"), "{table}");
}

#[tokio::test]
async fn calls_are_exported_with_the_words_of_the_language() {
    let folder = Folder::new();
    history(&folder).await;
    let told = out(&loopstartd(&folder, &["calls", "export", "calls.csv", "--data-dir", "data", "--bom"]));
    assert_eq!(told.trim(), r#"{"calls":3}"#);
    let text = std::fs::read_to_string(folder.path().join("calls.csv")).unwrap();
    assert!(text.starts_with("\u{feff}started,") && text.contains(",caller_gave_up,the caller gave up,"), "{text}");
    assert_eq!(out(&loopstartd(&folder, &["calls", "export", "-", "--data-dir", "data"])), text.trim_start_matches('\u{feff}'));
    let refused = loopstartd(&folder, &["calls", "export", "no-such-folder/calls.csv", "--data-dir", "data"]);
    assert_eq!(refused.status.code(), Some(73));
}

#[test]
fn wrong_arguments_and_no_database_have_their_codes() {
    let folder = Folder::new();
    for args in [&["--from", "yesterday"][..], &["--port", "0"], &["--direction", "sideways"], &["--answered", "--unanswered"]] {
        assert_eq!(loopstartd(&folder, &[&["calls", "list"], args].concat()).status.code(), Some(64), "{args:?}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(loopstartd(&folder, &["calls", "list", "--data-dir", "file"]).status.code(), Some(74));
}
