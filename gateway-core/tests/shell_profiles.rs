//! Profiles at the door of a real gateway, and a search for secrets in everything that it leaves behind.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]

#[allow(dead_code, reason = "each test file uses a part of the bench")]
#[path = "bench/place.rs"]
mod place;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use gateway_core::config::problem::{Problem, ProblemCode, Severity};
use gateway_core::config::profile::{Imported, SecretsPolicy, export};
use gateway_core::config::settings::{Mode, PortSettings, Secret, Settings};
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::shell::handle::{ApplyError, ProfileFault, Side};
use gateway_core::shell::seal::Passphrase;
use gateway_core::shell::store::KeyFault;
use gateway_core::shell::{DeviceChoice, GatewayHandle, StartOptions};
use place::{Folder, server_settings};

const SOON: Duration = Duration::from_secs(20);

async fn start(dir: &Path, settings: Option<Settings>) -> GatewayHandle {
    let options = StartOptions {
        data_dir: dir.to_owned(),
        device: Some(DeviceChoice::Virtual { ports: 2 }),
        profile: settings.map(|settings| Imported { settings, secrets_missing: Vec::new() }),
        confirmed: true,
    };
    tokio::time::timeout(SOON, GatewayHandle::start(options)).await.unwrap().unwrap()
}

fn pass(text: &str) -> Option<Passphrase> {
    Passphrase::new(text.to_owned())
}

fn codes(fault: ProfileFault) -> Vec<ProblemCode> {
    match fault {
        ProfileFault::Problems { problems } => problems.into_iter().map(|problem| problem.code).collect(),
        other => panic!("{other}"),
    }
}

/// All files below a folder whose raw bytes hold one of the texts.
fn holding(dir: &Path, texts: &[String]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
        } else if holds(&std::fs::read(&path).unwrap(), texts) {
            found.push(path);
        }
    }
    found
}

fn holds(bytes: &[u8], texts: &[String]) -> bool {
    texts.iter().any(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

fn secrets_of(settings: &Settings) -> Vec<String> {
    settings.ports.iter().map(|port| port.secret.0.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_gateway_exports_another_takes_and_exports_the_same() {
    let (folder, files) = (Folder::new(), Folder::new());
    let gateway = start(&folder.path().join("one"), Some(server_settings(2))).await;
    let (bare, sealed) = (files.path().join("bare.json"), files.path().join("sealed.json"));
    gateway.export_profile(bare.clone(), None, None).await.unwrap();
    gateway.export_profile(sealed.clone(), None, pass("correct horse")).await.unwrap();
    let settings = gateway.settings();
    gateway.stop().await;

    let other = start(&folder.path().join("other"), Some(server_settings(1))).await;
    assert_eq!(codes(other.read_profile(sealed.clone(), None).await.unwrap_err()), [ProblemCode::PassphraseNeeded]);
    assert_eq!(codes(other.read_profile(sealed.clone(), pass("wrong")).await.unwrap_err()), [ProblemCode::WrongPassphrase]);
    let read = other.read_profile(sealed, pass("correct horse")).await.unwrap();
    assert_eq!((&read.settings, read.sealed, read.secrets_missing.len()), (&settings, true, 0));
    assert!(read.review.changes.iter().any(|change| change.path == "ports[1]"));
    assert_ne!(other.settings(), settings, "reading changes nothing");
    other.apply(read.settings, true).await.unwrap();
    let again = files.path().join("again.json");
    other.export_profile(again.clone(), None, None).await.unwrap();
    assert_eq!(std::fs::read_to_string(&again).unwrap(), std::fs::read_to_string(&bare).unwrap());
    // The same file without its secrets can be read here: they are kept.
    let read = other.read_profile(bare, None).await.unwrap();
    assert_eq!((read.settings, read.secrets_missing.len()), (settings.clone(), 0));
    other.stop().await;
    for dir in [folder.path(), files.path()] {
        assert_eq!(holding(dir, &secrets_of(&settings)), Vec::<PathBuf>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_beyond_the_box_are_told_and_may_be_confirmed() {
    let folder = Folder::new();
    let mut few = server_settings(64);
    few.ports.truncate(2);
    let gateway = start(folder.path(), Some(few)).await;
    let mut many = gateway.settings();
    many.ports.resize(64, PortSettings { sip_to_fxo: false, fxo_to_sip: false, ..PortSettings::default() });
    let file = folder.path().join("many.json");
    std::fs::write(&file, export(&many, SecretsPolicy::LeftOut)).unwrap();
    // The box says how many ports it has as soon as it is up.
    let up = async {
        while gateway.snapshot().device.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, up).await.unwrap();
    let read = gateway.read_profile(file, None).await.unwrap();
    let told = read.review.problems.iter().find(|problem| problem.code == ProblemCode::PortsWithoutDevice).unwrap();
    assert_eq!((told.severity, told.args["found"].as_str(), told.args["available"].as_str()), (Severity::Confirm, "64", "2"));
    let refused = gateway.apply(read.settings.clone(), false).await.unwrap_err();
    assert!(matches!(refused, ApplyError::NeedsConfirmation { problems } if problems[0].code == ProblemCode::PortsWithoutDevice));
    assert_eq!(gateway.settings().ports.len(), 2);
    gateway.apply(read.settings, true).await.unwrap();
    assert_eq!(gateway.settings().ports.len(), 64);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_wrong_are_refused_with_their_codes() {
    let folder = Folder::new();
    let gateway = start(folder.path(), Some(server_settings(1))).await;
    let file = folder.path().join("file.json");
    for (text, expected) in [
        ("not json", ProblemCode::NotJson),
        (r#"{"format":"loopstart-profile","version":99,"settings":{}}"#, ProblemCode::ProfileFromNewerVersion),
        (r#"{"format":"loopstart-profile","version":2,"settings":{"gateway":{"sip_port":"5060"}}}"#, ProblemCode::WrongType),
        (r#"{"format":"loopstart-profile","version":2,"settings":{"gateway":{"colour":1}}}"#, ProblemCode::UnknownKey),
        (r#"{"format":"loopstart-profile","version":2,"settings":{},"sealed_secrets":7}"#, ProblemCode::WrongType),
    ] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(codes(gateway.read_profile(file.clone(), None).await.unwrap_err()), [expected], "{text}");
    }
    std::fs::File::create(&file).unwrap().set_len(50_000_000).unwrap();
    assert_eq!(codes(gateway.read_profile(file, None).await.unwrap_err()), [ProblemCode::ProfileTooLarge]);
    let missing = gateway.read_profile(folder.path().join("missing.json"), None).await;
    assert!(matches!(missing, Err(ProfileFault::Unreadable { .. })));
    let nowhere = gateway.export_profile(folder.path().join("no/such/folder.json"), None, None).await;
    assert!(matches!(nowhere, Err(ProfileFault::Unwritable { .. })));
    let forgotten = gateway.export_profile(folder.path().join("a.json"), Some(gateway_core::shell::store::RevisionId(999)), None).await;
    assert!(matches!(forgotten, Err(ProfileFault::NoSuchRevision)));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_force_a_revision_and_a_file_stand_side_by_side() {
    let folder = Folder::new();
    let gateway = start(folder.path(), Some(server_settings(1))).await;
    let first = gateway.store().revisions().await.unwrap()[0].id;
    let mut changed = gateway.settings();
    changed.ports[0].target = "201".to_owned();
    gateway.apply(changed, true).await.unwrap();
    let file = folder.path().join("first.json");
    gateway.export_profile(file.clone(), Some(first), None).await.unwrap();
    let unequal = |rows: Vec<gateway_core::config::compare::Compared>| {
        rows.into_iter().filter(|row| !row.equal).map(|row| row.path).collect::<Vec<_>>()
    };
    let rows = gateway.side_by_side(Side::InForce, Side::Revision { id: first }).await.unwrap();
    assert_eq!(unequal(rows), ["ports[0].target"]);
    let rows = gateway.side_by_side(Side::Revision { id: first }, Side::File { path: file }).await.unwrap();
    assert_eq!(unequal(rows), ["ports[0].secret"], "the file leaves it out");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_whose_key_is_lost_starts_without_secrets_and_says_so_once() {
    let folder = Folder::new();
    let settings = server_settings(1);
    let gateway = start(folder.path(), Some(settings.clone())).await;
    assert!(gateway.recent_notices().iter().all(|notice| notice.code != NoticeCode::SecretsKeyLost));
    gateway.stop().await;
    let key = folder.path().join("secrets.key");
    std::fs::rename(&key, folder.path().join("aside")).unwrap();
    let gateway = start(folder.path(), None).await;
    let told = |gateway: &GatewayHandle| gateway.recent_notices().iter().filter(|notice| notice.code == NoticeCode::SecretsKeyLost).count();
    assert_eq!((gateway.store().key_fault(), told(&gateway)), (Some(KeyFault::KeyLost), 1));
    assert_eq!(gateway.settings().ports[0].user, "line1");
    assert_eq!(gateway.settings().ports[0].secret, Secret::default());
    let (sealed, bare) = (folder.path().join("sealed.json"), folder.path().join("bare.json"));
    let refused = gateway.export_profile(sealed.clone(), None, pass("correct horse 7")).await.unwrap_err();
    assert!(matches!(&refused, ProfileFault::Store { error } if error.code == "secrets_sealed"), "{refused:?}");
    assert!(!sealed.exists(), "no seal is made of secrets that are not there");
    gateway.export_profile(bare, None, None).await.unwrap();
    let mut other_server = gateway.settings();
    other_server.gateway.remote_server = "other.example".to_owned();
    other_server.gateway.mode = Mode::SipTrunk;
    let given_up = |problem: &Problem| (problem.path == "ports[0].secret").then_some((problem.severity, problem.code));
    let asked: Vec<_> = gateway.check(&other_server).iter().filter_map(given_up).collect();
    assert_eq!(asked, [(Severity::Confirm, ProblemCode::SecretGivenUp)]);
    gateway.stop().await;
    std::fs::rename(folder.path().join("aside"), &key).unwrap();
    let gateway = start(folder.path(), None).await;
    assert_eq!((gateway.settings(), told(&gateway)), (settings, 0), "nothing was lost");
    gateway.stop().await;
}

/// The real program, with the most talkative log and all its events, from a profile with secrets in the clear: what it writes
/// anywhere holds none of them.
#[cfg(unix)]
#[test]
fn no_secret_is_found_in_any_file_log_or_event() {
    let folder = Folder::new();
    let settings = server_settings(2);
    let secrets = secrets_of(&settings);
    let mut profile: serde_json::Value = serde_json::from_str(&export(&settings, SecretsPolicy::LeftOut)).unwrap();
    for (index, secret) in secrets.iter().enumerate() {
        profile["settings"]["ports"][index]["secret"] = secret.as_str().into();
    }
    let data = folder.path().join("data");
    let clear = folder.path().join("clear.json");
    std::fs::write(&clear, profile.to_string()).unwrap();
    assert!(holds(&std::fs::read(&clear).unwrap(), &secrets), "the search finds what is there");
    let mut program = Command::new(env!("CARGO_BIN_EXE_loopstartd"))
        .args(["run", "--device", "virtual:2", "--events", "ndjson", "--yes", "--profile"])
        .arg(&clear)
        .arg("--data-dir")
        .arg(&data)
        .env("RUST_LOG", "trace")
        .env("LOOPSTART_KEYRING", "off")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = program.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let mut events = BufReader::new(program.stdout.take().unwrap());
    let mut told = Vec::new();
    // The first picture holds the box when it was faster than the listener.
    let is_up = |told: &[u8]| ["device_up", "\"model\":"].iter().any(|sign| String::from_utf8_lossy(told).contains(sign));
    while !is_up(&told) {
        assert!(events.read_until(b'\n', &mut told).unwrap() > 0, "{}", String::from_utf8_lossy(&told));
    }
    assert_eq!(holding(&data, &secrets), Vec::<PathBuf>::new(), "while it runs");
    assert!(Command::new("kill").arg(program.id().to_string()).status().unwrap().success());
    events.read_to_end(&mut told).unwrap();
    assert!(program.wait().unwrap().success());
    let log = log.join().unwrap();
    assert!(log.len() > 1000 && told.len() > 1000, "there is something to search: {} and {} bytes", log.len(), told.len());
    assert!(!holds(&log, &secrets), "the log");
    assert!(!holds(&told, &secrets), "the events");
    assert_eq!(holding(&data, &secrets), Vec::<PathBuf>::new(), "after the end");
}
