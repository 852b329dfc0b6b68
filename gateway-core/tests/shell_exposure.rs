//! The exposure test over real sockets of this computer: of a gateway as it is installed, of careful ones, and of one that somebody
//! opened to the world.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "bench/place.rs"]
mod place;

use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use gateway_core::config::lint::LintCode;
use gateway_core::config::profile::Imported;
use gateway_core::config::settings::{Mode, Settings};
use gateway_core::gateway::exposure::{ExposureCheck, ExposureGrade, ExposureOutcome, ExposureReach, ExposureReport};
use gateway_core::shell::handle::DeviceError;
use gateway_core::shell::{DeviceChoice, GatewayHandle, StartOptions};
use place::{Folder, server_settings};

const SOON: Duration = Duration::from_secs(30);

async fn start(folder: &Folder, settings: Option<Settings>) -> GatewayHandle {
    let options = StartOptions {
        data_dir: folder.path().to_owned(),
        device: Some(DeviceChoice::None),
        profile: settings.map(|settings| Imported { settings, secrets_missing: Vec::new() }),
        confirmed: true,
    };
    tokio::time::timeout(SOON, GatewayHandle::start(options)).await.unwrap().unwrap()
}

async fn examined(settings: Option<Settings>) -> ExposureReport {
    let folder = Folder::new();
    let gateway = start(&folder, settings).await;
    let report = tokio::time::timeout(SOON, gateway.test_exposure()).await.unwrap().unwrap();
    assert!(gateway.guard().await.unwrap().bans.is_empty(), "its own strangers are forgiven");
    tokio::time::timeout(SOON, gateway.stop()).await.unwrap();
    assert_eq!(gateway.test_exposure().await, Err(DeviceError::Stopped));
    report
}

fn with(report: &ExposureReport, outcome: ExposureOutcome) -> Vec<ExposureCheck> {
    report.checks.iter().filter(|result| result.outcome == outcome).map(|result| result.check).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_as_it_is_installed_gets_the_best_grade() {
    let report = examined(None).await;
    assert_eq!((report.grade, report.reach), (ExposureGrade::A, ExposureReach::ThisComputer), "{report:#?}");
    let known = [ExposureCheck::GuessedSecret, ExposureCheck::ReplayedProof, ExposureCheck::StolenProof];
    assert_eq!(with(&report, ExposureOutcome::NotTried), known, "there is no user yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_users_holds_in_everything_that_is_tried() {
    let report = examined(Some(server_settings(2))).await;
    assert_eq!(report.grade, ExposureGrade::A, "{report:#?}");
    assert_eq!(with(&report, ExposureOutcome::Open), [ExposureCheck::StrangerAsks]);
    assert_eq!(with(&report, ExposureOutcome::NotTried), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_somebody_opened_to_the_world_gets_the_worst_grade_with_the_reasons() {
    let mut settings = server_settings(1);
    settings.gateway.mode = Mode::SipTrunk;
    settings.gateway.remote_server = "192.0.2.77".to_owned();
    settings.gateway.bind_address = "0.0.0.0".to_owned();
    settings.gateway.dial_international = true;
    settings.gateway.dial_premium = true;
    let report = examined(Some(settings)).await;
    assert_eq!((report.grade, report.reach), (ExposureGrade::F, ExposureReach::AllNetworks), "{report:#?}");
    let open = [
        ExposureCheck::StrangerAsks,
        ExposureCheck::StrangerCalls,
        ExposureCheck::StrangerCallsAbroad,
        ExposureCheck::StrangerCallsPremium,
        ExposureCheck::ForgedCaller,
    ];
    assert_eq!(with(&report, ExposureOutcome::Open), open);
    for code in [LintCode::OpenToAnyone, LintCode::CostlyPrefixesOpen, LintCode::BudgetOff] {
        assert!(report.advice.iter().any(|advice| advice.code == code), "{code:?}: {report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_test_at_a_time() {
    let folder = Folder::new();
    let gateway = start(&folder, Some(server_settings(1))).await;
    let (one, other) = tokio::join!(gateway.test_exposure(), gateway.test_exposure());
    assert!(one.is_ok() != other.is_ok());
    assert_eq!(one.and(other), Err(DeviceError::Busy));
    gateway.stop().await;
}

/// A flood from a stranger is dropped before it is read, and the door tells it.
#[tokio::test(flavor = "multi_thread")]
async fn who_floods_is_in_the_list_until_somebody_lifts_the_ban() {
    let folder = Folder::new();
    let settings = server_settings(1);
    let sip = settings.gateway.sip_port;
    let gateway = start(&folder, Some(settings)).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let banned = async {
        loop {
            for _ in 0..100 {
                socket.send_to(b"nonsense\r\n\r\n", ("127.0.0.1", sip)).unwrap();
            }
            let view = gateway.guard().await.unwrap();
            if let Some(ban) = view.bans.first() {
                return ban.source.clone();
            }
        }
    };
    let source = tokio::time::timeout(SOON, banned).await.unwrap();
    assert_eq!(source, "127.0.0.1");
    gateway.command(gateway_core::gateway::io::Command::LiftBan { source }).await.unwrap();
    assert!(gateway.guard().await.unwrap().bans.is_empty());
    gateway.stop().await;
}

#[test]
fn the_headless_program_tells_the_grade_and_every_check() {
    let folder = Folder::new();
    let run = |args: &[&str]| {
        let told = Command::new(env!("CARGO_BIN_EXE_loopstartd"))
            .args(["exposure", "--data-dir"])
            .arg(folder.path())
            .args(args)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (told.status.code(), String::from_utf8(told.stdout).unwrap())
    };
    let (code, text) = run(&[]);
    assert_eq!((code, text.lines().next().unwrap().starts_with("A: ")), (Some(0), true), "{text}");
    assert!(text.lines().count() >= 14 && !text.contains("exposure_"), "{text}");
    let (code, json) = run(&["--json"]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, report["grade"].as_str(), report["checks"].as_array().unwrap().len()), (Some(0), Some("A"), 12));
}
