//! `loopstartd profile` and the exit codes, as a script meets them.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]

#[allow(dead_code, reason = "each test file uses a part of the bench")]
#[path = "bench/place.rs"]
mod place;

use std::process::{Command, Output};

use gateway_core::config::profile::{MAX_BYTES, SecretsPolicy, export, import};
use place::{Folder, server_settings};

fn loopstartd(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loopstartd"))
        .args(arguments)
        .current_dir(folder.path())
        .env("LC_ALL", "C")
        .env("LOOPSTART_KEYRING", "off")
        .env("SEAL", "correct horse battery")
        .env("OTHER", "something else")
        .output()
        .unwrap()
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

/// Folder `data` with the settings of a server, whose secrets went in by a profile in the clear.
fn with_settings(folder: &Folder) -> gateway_core::config::settings::Settings {
    let settings = server_settings(2);
    let mut profile: serde_json::Value = serde_json::from_str(&export(&settings, SecretsPolicy::LeftOut)).unwrap();
    for (index, port) in settings.ports.iter().enumerate() {
        profile["settings"]["ports"][index]["secret"] = port.secret.0.clone().into();
    }
    std::fs::write(folder.path().join("clear.json"), profile.to_string()).unwrap();
    let imported = loopstartd(folder, &["profile", "import", "clear.json", "--data-dir", "data"]);
    assert_eq!(code(&imported), 0, "{}", complaints(&imported));
    settings
}

fn text(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap()
}

#[test]
fn a_profile_that_goes_to_a_new_folder_and_out_again_is_the_same_file() {
    let folder = Folder::new();
    let settings = with_settings(&folder);
    for task in [
        &["profile", "export", "bare.json", "--data-dir", "data"][..],
        &["profile", "export", "sealed.json", "--data-dir", "data", "--passphrase-env", "SEAL"],
        &["profile", "import", "sealed.json", "--data-dir", "new", "--passphrase-env", "SEAL"],
        &["profile", "export", "bare-again.json", "--data-dir", "new"],
    ] {
        let done = loopstartd(&folder, task);
        assert_eq!(code(&done), 0, "{task:?} {}", complaints(&done));
    }
    assert_eq!(text(&folder, "bare.json"), text(&folder, "bare-again.json"));
    let sealed = text(&folder, "sealed.json");
    assert!(settings.ports.iter().all(|port| !sealed.contains(&port.secret.0)), "{sealed}");
    let clear = loopstartd(&folder, &["profile", "diff", "bare.json", "--data-dir", "new", "--json"]);
    let changes: serde_json::Value = serde_json::from_slice(&clear.stdout).unwrap();
    let paths: Vec<&str> = changes["changes"].as_array().unwrap().iter().map(|change| change["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["ports[0].secret", "ports[1].secret"], "the new folder has them, the file has not");
}

#[test]
fn a_passphrase_comes_from_a_file_or_standard_input_or_the_environment_and_must_be_the_right_one() {
    let folder = Folder::new();
    with_settings(&folder);
    std::fs::write(folder.path().join("pass.txt"), "correct horse battery\r\nsecond line").unwrap();
    std::fs::write(folder.path().join("blank.txt"), "\n").unwrap();
    let export = ["profile", "export", "sealed.json", "--data-dir", "data", "--passphrase-file", "pass.txt"];
    assert_eq!(code(&loopstartd(&folder, &export)), 0);
    let validate = |more: &[&str]| loopstartd(&folder, &[&["profile", "validate", "sealed.json", "--json"], more].concat());
    assert_eq!(code(&validate(&["--passphrase-env", "SEAL"])), 0, "{}", out(&validate(&["--passphrase-env", "SEAL"])));
    assert_eq!(code(&validate(&[])), 0, "the rest can be checked without it");
    let wrong = validate(&["--passphrase-env", "OTHER"]);
    assert!(code(&wrong) == 65 && out(&wrong).contains("wrong_passphrase"), "{}", out(&wrong));
    assert_eq!(code(&validate(&["--passphrase-env", "NOT_SET"])), 66);
    assert_eq!(code(&validate(&["--passphrase-file", "missing.txt"])), 66);
    assert_eq!(code(&validate(&["--passphrase-file", "blank.txt"])), 78);
    assert_eq!(code(&validate(&["--passphrase", "never"])), 64, "an argument is read by everybody");
    let none = loopstartd(&folder, &["profile", "import", "sealed.json", "--data-dir", "new"]);
    assert!(code(&none) == 65 && complaints(&none).contains("passphrase"), "{}", complaints(&none));
    assert!(!folder.path().join("new/loopstart.sqlite3").exists(), "nothing was touched");
}

#[test]
fn an_import_is_refused_while_a_gateway_has_the_folder_and_until_it_is_confirmed() {
    let folder = Folder::new();
    let mut settings = with_settings(&folder);
    settings.ports[0].target.clear();
    std::fs::write(folder.path().join("blank.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
    let import = ["profile", "import", "blank.json", "--data-dir", "data"];
    let lock = std::fs::File::create(folder.path().join("data/loopstart.lock")).unwrap();
    lock.lock().unwrap();
    let refused = loopstartd(&folder, &import);
    assert!(code(&refused) == 74 && complaints(&refused).contains("data_dir_in_use"), "{}", complaints(&refused));
    drop(lock);
    let unconfirmed = loopstartd(&folder, &import);
    assert!(code(&unconfirmed) == 78 && complaints(&unconfirmed).contains("ports[0].target"), "{}", complaints(&unconfirmed));
    let confirmed = loopstartd(&folder, &[&import[..], &["--confirmed"]].concat());
    assert_eq!(code(&confirmed), 0, "{}", complaints(&confirmed));
    let told: serde_json::Value = serde_json::from_slice(&confirmed.stdout).unwrap();
    assert_eq!(told["changes"][0]["path"], "ports[0].target");
    assert_eq!(told["secrets_missing"], serde_json::json!([]), "kept: they go to the same place");
}

#[test]
fn bad_files_are_told_by_their_codes_and_leave_everything_as_it_was() {
    let folder = Folder::new();
    with_settings(&folder);
    let before = loopstartd(&folder, &["profile", "export", "-", "--data-dir", "data"]);
    let good = text(&folder, "clear.json");
    std::fs::write(folder.path().join("large.json"), " ".repeat(MAX_BYTES + 1)).unwrap();
    std::fs::File::create(folder.path().join("huge.json")).unwrap().set_len(50_000_000).unwrap();
    std::fs::write(folder.path().join("binary.json"), [0xff, 0xfe, 0x00, 0x7b]).unwrap();
    std::fs::write(folder.path().join("words.json"), "not json").unwrap();
    std::fs::write(folder.path().join("future.json"), good.replace("\"version\":3", "\"version\":4")).unwrap();
    std::fs::write(folder.path().join("types.json"), good.replace("\"sip_to_fxo\":true", "\"sip_to_fxo\":\"yes\"")).unwrap();
    std::fs::write(folder.path().join("keys.json"), good.replace("\"stealth\"", "\"stelth\"")).unwrap();
    std::fs::write(folder.path().join("seal.json"), good.replacen('{', "{\"sealed_secrets\":\"garbage\",", 1)).unwrap();
    for (file, expected) in [
        ("large.json", "profile_too_large"),
        ("huge.json", "profile_too_large"),
        ("binary.json", "not_json"),
        ("words.json", "not_json"),
        ("future.json", "profile_from_newer_version"),
        ("types.json", "wrong_type"),
        ("keys.json", "unknown_key"),
        ("seal.json", "seal_damaged"),
    ] {
        let told = loopstartd(&folder, &["profile", "validate", file, "--json"]);
        assert!(code(&told) == 65 && out(&told).contains(&format!("\"code\":\"{expected}\"")), "{file}: {}", out(&told));
        let refused = loopstartd(&folder, &["profile", "import", file, "--data-dir", "data", "--yes"]);
        assert_eq!(code(&refused), 65, "{file}");
    }
    assert_eq!(code(&loopstartd(&folder, &["profile", "import", "data", "--data-dir", "data"])), 66, "a folder is no file");
    let after = loopstartd(&folder, &["profile", "export", "-", "--data-dir", "data"]);
    assert_eq!(out(&before), out(&after));
}

#[test]
fn differences_and_advice_are_told_in_words_and_as_json() {
    let folder = Folder::new();
    let mut settings = with_settings(&folder);
    std::fs::write(folder.path().join("a.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
    settings.gateway.bind_address = "0.0.0.0".to_owned();
    settings.gateway.stealth = false;
    settings.gateway.dial_premium = true;
    std::fs::write(folder.path().join("b.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
    let diff = loopstartd(&folder, &["profile", "diff", "a.json", "b.json"]);
    let lines: Vec<String> = out(&diff).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("gateway.bind_address: \"127.0.0.1\" -> \"0.0.0.0\""), "{lines:?}");
    assert_eq!(out(&loopstartd(&folder, &["profile", "diff", "a.json", "a.json"])), "");
    let lint = loopstartd(&folder, &["profile", "lint", "b.json", "--json"]);
    let advice: serde_json::Value = serde_json::from_slice(&lint.stdout).unwrap();
    let codes: Vec<&str> = advice["advice"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["stealth_off", "costly_prefixes_open", "budget_off", "budget_off"]);
    let in_force = loopstartd(&folder, &["profile", "lint", "--data-dir", "data"]);
    assert!(out(&in_force).contains("gateway.bind_address"), "{}", out(&in_force));
}

#[test]
fn a_number_is_tried_on_the_rules_in_force_or_on_those_of_a_profile() {
    let folder = Folder::new();
    let mut settings = with_settings(&folder);
    settings.gateway.dial_rules = vec!["deny 0300.".to_owned(), "allow 9. strip 1".to_owned()];
    std::fs::write(folder.path().join("rules.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
    let allowed = loopstartd(&folder, &["dial-test", "933334444", "--profile", "rules.json"]);
    assert!(code(&allowed) == 0 && out(&allowed).starts_with("Dials 33334444\n"), "{}", out(&allowed));
    assert!(out(&allowed).contains("rule 2: allow 9. strip 1"), "{}", out(&allowed));
    let denied = loopstartd(&folder, &["dial-test", "+14155550100", "--data-dir", "data", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&denied.stdout).unwrap();
    assert_eq!(
        (code(&denied), &told["dialling"]["why"], &told["dialling"]["rule"]),
        (1, &"international".into(), &serde_json::Value::Null)
    );
    let nothing = loopstartd(&folder, &["dial-test", "alice", "--data-dir", "data"]);
    assert!(code(&nothing) == 1 && out(&nothing).contains("484"), "{}", out(&nothing));
}

/// The key is gone: the settings come out, the secrets do not, and the program says so.
#[test]
fn a_lost_key_is_told_and_nothing_else_is_lost() {
    let folder = Folder::new();
    let settings = with_settings(&folder);
    std::fs::remove_file(folder.path().join("data/secrets.key")).unwrap();
    let exported = loopstartd(&folder, &["profile", "export", "out.json", "--data-dir", "data"]);
    assert_eq!(code(&exported), 0);
    assert!(complaints(&exported).contains("secrets.key"), "{}", complaints(&exported));
    assert_eq!(text(&folder, "out.json"), export(&settings, SecretsPolicy::LeftOut));
    let sealed = loopstartd(&folder, &["profile", "export", "sealed.json", "--data-dir", "data", "--passphrase-env", "SEAL"]);
    assert!(code(&sealed) == 74 && complaints(&sealed).contains("cannot be opened"), "{}", complaints(&sealed));
    assert!(!folder.path().join("sealed.json").exists());
}
