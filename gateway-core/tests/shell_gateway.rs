//! A real gateway in this process: sockets, threads, database. Nothing leaves this computer.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]

#[allow(dead_code, reason = "each test file uses a part of the bench")]
#[path = "bench/place.rs"]
mod place;

use std::net::UdpSocket;
use std::time::Duration;

use gateway_core::config::profile::Imported;
use gateway_core::config::settings::Settings;
use gateway_core::gateway::notice::{Notice, NoticeCode};
use gateway_core::shell::handle::{ApplyError, Beginning, Ended, StartError};
use gateway_core::shell::sockets::BindError;
use gateway_core::shell::{DeviceChoice, GatewayHandle, StartOptions, Update};

use place::{Folder, free_ports, server_settings};

const SOON: Duration = Duration::from_secs(10);

fn options(folder: &Folder, settings: Option<Settings>) -> StartOptions {
    StartOptions {
        data_dir: folder.path().to_owned(),
        device: Some(DeviceChoice::None),
        profile: settings.map(|settings| Imported { settings, secrets_missing: Vec::new() }),
        confirmed: false,
    }
}

async fn start(folder: &Folder, settings: Option<Settings>) -> GatewayHandle {
    tokio::time::timeout(SOON, GatewayHandle::start(options(folder, settings))).await.unwrap().unwrap()
}

async fn stop(gateway: &GatewayHandle) {
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();
}

/// The answer to an OPTIONS request sent to a SIP port, without its header.
fn answer_to_options(port: u16) -> Option<String> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let me = socket.local_addr().unwrap();
    let request = format!(
        "OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK-probe;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:probe@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1:{port}>\r\nCall-ID: probe-{me}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    socket.send_to(request.as_bytes(), ("127.0.0.1", port)).unwrap();
    let mut buffer = [0; 4096];
    let size = socket.recv(&mut buffer).ok()?;
    String::from_utf8_lossy(&buffer[..size]).lines().next().map(str::to_owned)
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_answers_on_its_port_and_gives_everything_back_when_it_stops() {
    let folder = Folder::new();
    let settings = server_settings(2);
    let sip_port = settings.gateway.sip_port;
    let gateway = start(&folder, Some(settings.clone())).await;
    assert_eq!(gateway.settings(), settings);
    assert_eq!(gateway.snapshot().sip_address, format!("127.0.0.1:{sip_port}"));
    assert_eq!(gateway.snapshot().ports.len(), 2);
    assert_eq!(answer_to_options(sip_port).as_deref(), Some("SIP/2.0 200 OK"));
    assert!(!is_free(sip_port) && !is_free(settings.gateway.rtp_port_first + 3));
    stop(&gateway).await;
    assert_eq!(gateway.ended().await, Ended::Stopped);
    assert!((sip_port..sip_port + 6).filter(|port| *port != sip_port + 1).all(is_free));
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_started_a_gateway_hears_what_happened_before_they_could_subscribe() {
    let folder = Folder::new();
    let virtual_box = StartOptions { device: None, ..options(&folder, Some(server_settings(1))) };
    let gateway = GatewayHandle::start(virtual_box).await.unwrap();
    let is_up = |notice: &Notice| notice.code == NoticeCode::DeviceUp;
    let up = async {
        while !gateway.recent_notices().iter().any(is_up) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, up).await.unwrap();
    let Beginning { snapshot, mut updates } = gateway.beginning().unwrap();
    assert!(snapshot.device.is_none());
    let told = async {
        loop {
            match updates.recv().await.unwrap() {
                Update::Notice(notice) if is_up(&notice) => return,
                _ => {}
            }
        }
    };
    tokio::time::timeout(SOON, told).await.unwrap();
    assert!(gateway.beginning().is_none());
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_gateway_stops_by_itself() {
    let folder = Folder::new();
    let settings = server_settings(1);
    let gateway = start(&folder, Some(settings.clone())).await;
    let mut updates = gateway.subscribe();
    drop(gateway);
    let ended = async {
        loop {
            if let Update::Ended(ended) = updates.recv().await.unwrap() {
                return ended;
            }
        }
    };
    assert_eq!(tokio::time::timeout(SOON, ended).await.unwrap(), Ended::Stopped);
    assert!(is_free(settings.gateway.sip_port));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_told_with_its_setting_and_nothing_is_stored() {
    let folder = Folder::new();
    let settings = server_settings(1);
    let taken = UdpSocket::bind(("127.0.0.1", settings.gateway.rtp_port_first + 1)).unwrap();
    let refused = GatewayHandle::start(options(&folder, Some(settings.clone()))).await.unwrap_err();
    let address = taken.local_addr().unwrap().to_string();
    let StartError::Bind { error } = refused else { panic!("{refused:?}") };
    assert_eq!(error, BindError::PortInUse { address, setting: "gateway.rtp_port_first".to_owned() });
    drop(taken);
    let gateway = start(&folder, Some(settings)).await;
    assert_eq!(gateway.store().revisions().await.unwrap().len(), 1);
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_makes_room_for_whoever_has_its_ports_and_later_ones_keep_what_it_found() {
    // Whoever runs here may have them already; what counts is that nobody can.
    let _softphone = UdpSocket::bind(("0.0.0.0", 5060));
    let _its_audio = UdpSocket::bind(("0.0.0.0", 16_384));
    let folders = [Folder::new(), Folder::new()];
    let (one, two) = (start(&folders[0], None).await, start(&folders[1], None).await);
    let ports = [one.settings().gateway, two.settings().gateway];
    assert!(ports.iter().all(|gateway| gateway.sip_port > 5060 && gateway.sip_port % 2 == 0 && gateway.rtp_port_first > 16_384));
    assert_ne!(ports[0].sip_port, ports[1].sip_port);
    assert_eq!(answer_to_options(ports[1].sip_port).as_deref(), Some("SIP/2.0 200 OK"));
    stop(&two).await;
    stop(&one).await;
    let taken = UdpSocket::bind(("127.0.0.1", ports[0].sip_port)).unwrap();
    let refused = GatewayHandle::start(options(&folders[0], None)).await.unwrap_err();
    assert!(matches!(refused, StartError::Bind { .. }), "settings that are stored are somebody's: {refused:?}");
    drop(taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_moves_to_new_sockets_and_a_restart_begins_there() {
    let folder = Folder::new();
    let first = server_settings(1);
    let gateway = start(&folder, Some(first.clone())).await;
    let second = server_settings(2);
    assert!(!gateway.review(&second).changes.is_empty());
    let applied = gateway.apply(second.clone(), true).await.unwrap();
    assert_eq!(gateway.settings(), second);
    assert_eq!(answer_to_options(second.gateway.sip_port).as_deref(), Some("SIP/2.0 200 OK"));
    assert!(is_free(first.gateway.sip_port));
    let ports = async {
        while gateway.snapshot().ports.len() != 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, ports).await.unwrap();
    stop(&gateway).await;

    let gateway = start(&folder, None).await;
    assert_eq!(gateway.settings(), second);
    let (revision, _) = gateway.store().load().await.unwrap().unwrap();
    assert_eq!(revision, applied.revision);
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_that_is_refused_changes_nothing() {
    let folder = Folder::new();
    let settings = server_settings(1);
    let gateway = start(&folder, Some(settings.clone())).await;
    let revisions = gateway.store().revisions().await.unwrap();

    let mut wrong = settings.clone();
    wrong.gateway.bind_address = "300.1.1.1".to_owned();
    assert!(matches!(gateway.apply(wrong, true).await, Err(ApplyError::Problems { problems }) if !problems.is_empty()));

    let mut unconfirmed = settings.clone();
    unconfirmed.ports[0].target.clear();
    let refused = gateway.apply(unconfirmed, false).await;
    assert!(matches!(refused, Err(ApplyError::NeedsConfirmation { ref problems }) if !problems.is_empty()), "{refused:?}");

    let mut taken = settings.clone();
    let other = UdpSocket::bind(("127.0.0.1", free_ports(1))).unwrap();
    taken.gateway.sip_port = other.local_addr().unwrap().port();
    let refused = gateway.apply(taken, true).await;
    assert!(matches!(refused, Err(ApplyError::Prepare { error: BindError::PortInUse { .. } })), "{refused:?}");

    assert_eq!(gateway.settings(), settings);
    assert_eq!(gateway.store().revisions().await.unwrap(), revisions);
    assert_eq!(answer_to_options(settings.gateway.sip_port).as_deref(), Some("SIP/2.0 200 OK"));
    stop(&gateway).await;
    assert!(matches!(gateway.apply(settings, true).await, Err(ApplyError::Stopped)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let folder = Folder::new();
    let gateway = start(&folder, Some(server_settings(1))).await;
    let file = gateway.store().file().to_owned();
    stop(&gateway).await;
    let pool = sqlx::sqlite::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99999999999999, 'later', 1, x'00', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    let before = std::fs::read(&file).unwrap();
    let refused = GatewayHandle::start(options(&folder, None)).await.unwrap_err();
    assert!(matches!(&refused, StartError::Store { error } if error.code == "database_from_newer_version"), "{refused:?}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_cannot_share_a_data_folder() {
    let folder = Folder::new();
    let gateway = start(&folder, Some(server_settings(1))).await;
    let refused = GatewayHandle::start(options(&folder, Some(server_settings(1)))).await.unwrap_err();
    assert!(matches!(&refused, StartError::Store { error } if error.code == "data_dir_in_use"), "{refused:?}");
    stop(&gateway).await;
    let gateway = start(&folder, None).await;
    stop(&gateway).await;
}
