//! `loopstartd profile` and the exit codes, as a script meets them.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]

#[allow(dead_code, reason = "each test file uses a part of the bench")]
#[path = "bench/place.rs"]
mod place;

use std::process::{Command, Output};

use gateway_core::config::profile::{SecretsPolicy, export, import};
use place::{Folder, server_settings};

fn loopstartd(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loopstartd")).args(arguments).current_dir(folder.path()).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaints(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_profile_without_a_mistake_is_valid_and_every_mistake_of_another_is_told() {
    let folder = Folder::new();
    let mut settings = server_settings(1);
    // Secrets are left out of profiles, so that this one lacks nothing only where none is needed.
    settings.gateway.mode = gateway_core::config::settings::Mode::SipTrunk;
    settings.gateway.remote_server = "192.0.2.1".to_owned();
    settings.ports[0].only_from_host = "192.0.2.1".to_owned();
    let text = export(&settings, SecretsPolicy::LeftOut);
    std::fs::write(folder.path().join("good.json"), &text).unwrap();
    let valid = loopstartd(&folder, &["profile", "validate", "good.json", "--json"]);
    assert_eq!(code(&valid), 0, "{}", out(&valid));
    assert!(out(&valid).contains("\"valid\":true"));

    let bad = text.replace("\"sip_port\": ", "\"sip_port\": 9").replace("\"stealth\"", "\"stelth\"");
    assert_ne!(bad, text);
    std::fs::write(folder.path().join("bad.json"), &bad).unwrap();
    let invalid = loopstartd(&folder, &["profile", "validate", "bad.json"]);
    assert_eq!(code(&invalid), 65);
    assert!(out(&invalid).contains("gateway.sip_port") && out(&invalid).contains("stelth"), "{}", out(&invalid));
}

#[test]
fn an_imported_profile_is_exported_again_without_its_secrets() {
    let folder = Folder::new();
    let settings = server_settings(2);
    let mut profile: serde_json::Value = serde_json::from_str(&export(&settings, SecretsPolicy::LeftOut)).unwrap();
    for (index, port) in settings.ports.iter().enumerate() {
        profile["settings"]["ports"][index]["secret"] = port.secret.0.clone().into();
    }
    std::fs::write(folder.path().join("in.json"), profile.to_string()).unwrap();
    let imported = loopstartd(&folder, &["profile", "import", "in.json", "--data-dir", "data"]);
    assert_eq!(code(&imported), 0, "{}", complaints(&imported));
    let exported = loopstartd(&folder, &["profile", "export", "out.json", "--data-dir", "data"]);
    assert_eq!(code(&exported), 0, "{}", complaints(&exported));
    let text = std::fs::read_to_string(folder.path().join("out.json")).unwrap();
    assert!(!text.contains(&settings.ports[0].secret.0));
    let mut back = import(&text).unwrap();
    assert_eq!(back.secrets_missing, ["ports[0].secret", "ports[1].secret"]);
    back.keep_secrets_of(&settings);
    assert_eq!(back.settings, settings);

    // The same file without secrets can be imported again: the database still has them.
    let again = loopstartd(&folder, &["profile", "import", "out.json", "--data-dir", "data"]);
    assert_eq!(code(&again), 0, "{}", complaints(&again));
}

#[test]
fn each_way_to_fail_has_its_exit_code() {
    let folder = Folder::new();
    assert_eq!(code(&loopstartd(&folder, &["profile", "validate", "missing.json"])), 66);
    assert_eq!(code(&loopstartd(&folder, &["no-such-task"])), 64);
    assert_eq!(code(&loopstartd(&folder, &["run", "--device", "virtual:0"])), 64);
    assert_eq!(code(&loopstartd(&folder, &["--version"])), 0);
    assert!(out(&loopstartd(&folder, &["--help"])).contains("Exit codes:"));
    std::fs::write(folder.path().join("words.json"), "not json").unwrap();
    assert_eq!(code(&loopstartd(&folder, &["run", "--data-dir", "data", "--profile", "words.json"])), 65);
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(code(&loopstartd(&folder, &["run", "--data-dir", "file"])), 74);
    assert_eq!(code(&loopstartd(&folder, &["profile", "export", "-", "--data-dir", "empty"])), 74);
    let incomplete = export(&server_settings(1), SecretsPolicy::LeftOut);
    std::fs::write(folder.path().join("incomplete.json"), incomplete).unwrap();
    let refused = loopstartd(&folder, &["run", "--data-dir", "data", "--profile", "incomplete.json"]);
    assert_eq!(code(&refused), 78);
    assert!(complaints(&refused).contains("ports[0].secret"));
}

#[test]
fn the_device_list_names_the_simulated_box() {
    let folder = Folder::new();
    let listed = loopstartd(&folder, &["devices", "--json"]);
    assert_eq!(code(&listed), 0);
    let entries: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(entries.as_array().unwrap().iter().any(|entry| entry["choice"]["kind"] == "virtual"));
}

#[test]
fn a_data_folder_that_another_gateway_has_is_refused_with_its_code() {
    let folder = Folder::new();
    let lock = std::fs::File::create(folder.path().join("loopstart.lock")).unwrap();
    lock.lock().unwrap();
    let refused = loopstartd(&folder, &["run", "--data-dir", folder.path().to_str().unwrap(), "--device", "none"]);
    assert_eq!(code(&refused), 74);
    assert!(complaints(&refused).contains("data_dir_in_use"), "{}", complaints(&refused));
}
