//! The SIP messages of a real gateway: what is shown, exported and printed of them, and that no secret ever is.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "bench/place.rs"]
mod place;

use std::fs::File;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use gateway_core::config::profile::Imported;
use gateway_core::config::settings::{Mode, Settings};
use gateway_core::gateway::sip_trace::{SipMessage, SipTrace, SipTraceQuery};
use gateway_core::shell::{DeviceChoice, GatewayHandle, StartOptions};
use place::{Folder, secret, server_settings};

const SOON: Duration = Duration::from_secs(20);

/// A registrar of a few lines that challenges once and then grants, on a port of its own; it hands out the proofs it was shown.
fn registrar() -> (String, Receiver<String>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let (shown, proofs) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok((size, from)) = socket.recv_from(&mut buffer) {
            let request = String::from_utf8_lossy(&buffer[..size]).into_owned();
            let copied: String = request
                .lines()
                .filter(|line| ["Via", "From", "To", "Call-ID", "CSeq", "Contact"].iter().any(|name| line.starts_with(name)))
                .map(|line| format!("{line}\r\n"))
                .collect();
            let proof = request.split_once("response=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(proof, _)| proof.to_owned());
            let start = match &proof {
                Some(_) => "200 OK\r\nAuthentication-Info: rspauth=\"00112233445566778899aabbccddeeff\"",
                None => "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"test\", nonce=\"abc\", qop=\"auth\"",
            };
            socket.send_to(format!("SIP/2.0 {start}\r\n{copied}Content-Length: 0\r\n\r\n").as_bytes(), from).unwrap();
            if proof.is_some_and(|proof| shown.send(proof).is_err()) {
                return;
            }
        }
    });
    (address, proofs)
}

fn client_settings(registrar: &str) -> Settings {
    let mut settings = server_settings(1);
    settings.gateway.mode = Mode::SipClient;
    settings.gateway.remote_server = registrar.to_owned();
    settings
}

/// Every way in which the proofs, our secret and the registrar's own proof could be written.
fn secrets(proofs: &[String]) -> Vec<String> {
    let plain = proofs.iter().cloned().chain([secret(1), "00112233445566778899aabbccddeeff".to_owned()]);
    plain.flat_map(|text| [format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned(), text]).collect()
}

fn assert_without(secrets: &[String], what: &str, text: &str) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{what} holds {secret}");
    }
}

/// Messages but for those that a busy computer sent again.
fn fresh(trace: &SipTrace) -> Vec<SipMessage> {
    trace.messages.iter().filter(|message| message.repeats.is_none()).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_and_exported_has_every_message_and_no_secret() {
    let folder = Folder::new();
    let (address, proofs) = registrar();
    let options = StartOptions {
        data_dir: folder.path().to_owned(),
        device: Some(DeviceChoice::None),
        profile: Some(Imported { settings: client_settings(&address), secrets_missing: Vec::new() }),
        confirmed: true,
    };
    let gateway = tokio::time::timeout(SOON, GatewayHandle::start(options)).await.unwrap().unwrap();
    let (proof, proofs) = tokio::task::spawn_blocking(move || (proofs.recv_timeout(SOON).unwrap(), proofs)).await.unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.send_to(b"\r\n\r\n", gateway.snapshot().sip_address.as_str()).unwrap();
    stranger.send_to(b"hello\r\n", gateway.snapshot().sip_address.as_str()).unwrap();
    let until = Instant::now() + SOON;
    while fresh(&gateway.sip_trace(SipTraceQuery::default())).len() < 5 {
        assert!(Instant::now() < until, "{:#?}", gateway.sip_trace(SipTraceQuery::default()));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let path = folder.path().join("sip.txt");
    let kept = gateway.sip_trace(SipTraceQuery::default()).messages.len();
    assert!(gateway.export_sip_trace(&path, "May hold numbers.", None).await.unwrap() >= kept);
    let exported = std::fs::read_to_string(&path).unwrap();
    assert_eq!(gateway.export_sip_trace(&path, "", Some(&[0, 7777])).await, Ok(1));
    assert!(std::fs::read_to_string(&path).unwrap().contains("\n  REGISTER sip:127.0.0.1 SIP/2.0\n"));
    assert!(gateway.export_sip_trace(&folder.path().join("no such folder/sip.txt"), "", None).await.is_err());
    tokio::time::timeout(SOON, gateway.stop()).await.unwrap();

    let trace = gateway.sip_trace(SipTraceQuery::default());
    let fresh = fresh(&trace);
    let titles: Vec<_> = fresh.iter().map(|message| message.title()).collect();
    let said = ["REGISTER", "401 Unauthorized", "REGISTER", "200 OK"];
    assert_eq!(titles.iter().filter(|title| !title.is_empty()).take(4).collect::<Vec<_>>(), said.iter().collect::<Vec<_>>());
    assert!(titles[5..].contains(&"REGISTER".to_owned()), "what is said while it stops is there as well: {titles:?}");
    for message in &fresh {
        assert_eq!(
            (message.dropped.is_some(), message.port.is_none()),
            (message.text == "hello\r\n", message.text == "hello\r\n"),
            "{message:?}"
        );
    }
    let secrets = secrets(&[vec![proof], proofs.try_iter().collect()].concat());
    assert_without(&secrets, "the trace", &serde_json::to_string(&trace).unwrap());
    assert_without(&secrets, "the file", &exported);
    assert!(exported.starts_with("# May hold numbers.\n") && exported.contains("username=\"line1\""), "{exported}");
}

#[cfg(unix)]
#[test]
fn a_run_prints_every_message_and_neither_its_events_nor_its_log_hold_a_secret() {
    let folder = Folder::new();
    let (address, proofs) = registrar();
    let profile = serde_json::json!({ "format": "loopstart-profile", "version": 1, "settings": client_settings(&address) });
    std::fs::write(folder.path().join("profile.json"), profile.to_string()).unwrap();
    let file = |name: &str| File::create(folder.path().join(name)).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_loopstartd"))
        .args(["run", "--data-dir", "data", "--profile", "profile.json", "--yes", "--device", "none", "--events", "ndjson", "--sip"])
        .current_dir(folder.path())
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(file("events"))
        .stderr(file("log"))
        .spawn()
        .unwrap();
    let first = proofs.recv_timeout(SOON).unwrap();
    let until = Instant::now() + SOON;
    while !std::fs::read_to_string(folder.path().join("events")).unwrap().contains("\"status\":200") {
        assert!(Instant::now() < until, "it is never registered");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").arg(run.id().to_string()).status().unwrap().success());
    assert!(run.wait().unwrap().success());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (events, log) = (read("events"), read("log"));
    let told: Vec<serde_json::Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sip: Vec<_> = told.iter().filter(|event| event["event"] == "sip").map(|event| &event["sip"]).collect();
    let methods: Vec<_> = sip
        .iter()
        .filter(|message| message["repeats"].is_null())
        .take(4)
        .map(|message| (message["direction"].as_str().unwrap(), message["status"].as_u64()))
        .collect();
    assert_eq!(methods, [("out", None), ("in", Some(401)), ("out", None), ("in", Some(200))], "{sip:#?}");
    assert!(sip.iter().all(|message| message["method"] == "REGISTER" && message["transport"] == "udp"), "{sip:#?}");
    assert_eq!(told.last().unwrap()["event"], "ended");
    let secrets = secrets(&[vec![first], proofs.try_iter().collect()].concat());
    assert_without(&secrets, "what was printed", &events);
    assert_without(&secrets, "the log", &log);
    assert!(log.contains("TRACE"), "the log was as loud as it can be");
}
