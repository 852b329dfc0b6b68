//! Apply as a transaction in a real gateway: probation and the way back, waiting for idle ports, revisions, and what fails.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]

#[allow(dead_code, reason = "each test file uses a part of the bench")]
#[path = "bench/place.rs"]
mod place;
#[path = "bench/registrar.rs"]
mod registrar;
#[path = "bench/updates.rs"]
mod updates;

use std::net::UdpSocket;
use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::config::profile::Imported;
use gateway_core::config::settings::{Mode, Secret, Settings};
use gateway_core::fxo::simulator::act::{IncomingCall, LineAct};
use gateway_core::gateway::notice::{Notice, NoticeCode};
use gateway_core::gateway::probation::{Missing, RollbackCause, Vital};
use gateway_core::gateway::view::{PortState, RegistrationView, Snapshot};
use gateway_core::shell::handle::history::RevisionError;
use gateway_core::shell::handle::{ApplyError, ApplyProgress, ApplyStatus};
use gateway_core::shell::sockets::BindError;
use gateway_core::shell::store::{RevisionId, RevisionKind};
use gateway_core::shell::{DeviceChoice, GatewayHandle, StartOptions, Update};

use place::{Folder, free_ports, secret, server_settings};
use registrar::Registrar;
use updates::Updates;

const SOON: Duration = Duration::from_secs(20);

async fn start(folder: &Folder, settings: Option<Settings>, device: DeviceChoice) -> GatewayHandle {
    let options = StartOptions {
        data_dir: folder.path().to_owned(),
        device: Some(device),
        profile: settings.map(|settings| Imported { settings, secrets_missing: Vec::new() }),
        confirmed: true,
    };
    tokio::time::timeout(SOON, GatewayHandle::start(options)).await.unwrap().unwrap()
}

async fn stop(gateway: &GatewayHandle) {
    tokio::time::timeout(SOON, gateway.stop()).await.unwrap();
}

impl Updates {
    async fn progress(&mut self, wanted: impl Fn(&ApplyStatus) -> bool) -> ApplyProgress {
        self.wait(|update| match update {
            Update::Apply(progress) if wanted(&progress.status) => Some(progress.clone()),
            _ => None,
        })
        .await
    }

    async fn notice(&mut self, code: NoticeCode) -> Notice {
        self.wait(|update| match update {
            Update::Notice(notice) if notice.code == code => Some(notice.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the picture is as `wanted`, unless it is so already.
    async fn picture(&mut self, gateway: &GatewayHandle, wanted: impl Fn(&Snapshot) -> bool) {
        if !wanted(&gateway.snapshot()) {
            let seen = |update: &Update| matches!(update, Update::Snapshot(snapshot) if wanted(snapshot)).then_some(());
            self.wait(seen).await;
        }
    }
}

fn all_registered(snapshot: &Snapshot) -> bool {
    snapshot.ports.iter().all(|port| matches!(port.registration, RegistrationView::Registered { .. }))
}

/// A client of a registrar that knows the users of both ports.
fn client() -> (Registrar, Settings) {
    let registrar = Registrar::open(&[("line1".to_owned(), secret(1)), ("line2".to_owned(), secret(2))]);
    let mut settings = server_settings(2);
    settings.gateway.mode = Mode::SipClient;
    settings.gateway.remote_server = registrar.address();
    (registrar, settings)
}

/// A gateway in client mode whose ports are registered.
async fn registered(folder: &Folder, settings: &Settings) -> (GatewayHandle, Updates) {
    let gateway = start(folder, Some(settings.clone()), DeviceChoice::None).await;
    let mut updates = Updates::of(&gateway);
    updates.picture(&gateway, all_registered).await;
    (gateway, updates)
}

async fn kinds(gateway: &GatewayHandle) -> Vec<RevisionKind> {
    gateway.revisions().await.unwrap().into_iter().map(|entry| entry.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_secret_brings_the_settings_before_back_and_says_why() {
    let folder = Folder::new();
    let (_registrar, settings) = client();
    let (gateway, mut updates) = registered(&folder, &settings).await;
    let mut wrong = settings.clone();
    wrong.ports[0].secret = Secret("not-what-they-know-7".to_owned());
    let applied = gateway.apply(wrong, true).await.unwrap();

    let trial = updates.progress(|status| matches!(status, ApplyStatus::OnProbation { .. })).await;
    let ApplyStatus::OnProbation { missing, .. } = trial.status else { panic!() };
    assert_eq!(missing, [Missing { port: Some(PortId(0)), what: Vital::Registration }]);

    let notice = updates.notice(NoticeCode::RolledBack).await;
    assert_eq!(notice.setting.as_deref(), Some("ports[0].secret"));
    assert_eq!((notice.args["why"].as_str(), notice.args["status"].as_str()), ("secret_refused", "403"));

    let after = updates.progress(|status| matches!(status, ApplyStatus::RolledBack { .. })).await;
    let ApplyStatus::RolledBack { refused, reasons } = after.status else { panic!() };
    assert_eq!((refused, reasons.len()), (applied.revision, 1));
    assert_eq!((reasons[0].cause, reasons[0].setting.as_str()), (RollbackCause::SecretRefused, "ports[0].secret"));

    assert_eq!(gateway.settings(), settings);
    assert_eq!(kinds(&gateway).await, [RevisionKind::Rollback, RevisionKind::Apply, RevisionKind::Import]);
    assert_eq!(gateway.changes_between(RevisionId(1), Some(after.applied.revision), settings.clone()).await.unwrap(), []);
    updates.picture(&gateway, all_registered).await;
    stop(&gateway).await;
    let gateway = start(&folder, None, DeviceChoice::None).await;
    assert_eq!(gateway.settings(), settings, "a restart begins with what works");
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_brings_the_settings_and_the_sockets_before_back() {
    let folder = Folder::new();
    let (_registrar, settings) = client();
    let (gateway, mut updates) = registered(&folder, &settings).await;
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut other = settings.clone();
    other.gateway.remote_server = deaf.local_addr().unwrap().to_string();
    other.gateway.sip_port = free_ports(1);
    other.gateway.rollback_after_s = 5;
    gateway.apply(other.clone(), true).await.unwrap();
    assert!(gateway.snapshot().sip_address.ends_with(&other.gateway.sip_port.to_string()));
    let before = settings.gateway.sip_port;
    assert!(UdpSocket::bind(("127.0.0.1", before)).is_err(), "the way back stays open during probation");

    let after = updates.progress(|status| matches!(status, ApplyStatus::RolledBack { .. })).await;
    let ApplyStatus::RolledBack { reasons, .. } = after.status else { panic!() };
    assert_eq!((reasons[0].cause, reasons[0].status), (RollbackCause::ServerSilent, Some(408)));
    assert_eq!(reasons[0].setting, "gateway.remote_server");
    assert_eq!(gateway.settings(), settings);
    assert!(gateway.snapshot().sip_address.ends_with(&before.to_string()));
    updates.picture(&gateway, all_registered).await;
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_apply_on_probation_is_measured_against_what_last_worked() {
    let folder = Folder::new();
    let (_registrar, settings) = client();
    let (gateway, mut updates) = registered(&folder, &settings).await;
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut second = settings.clone();
    second.gateway.remote_server = deaf.local_addr().unwrap().to_string();
    gateway.apply(second.clone(), true).await.unwrap();
    second.ports[1].target = "300".to_owned();
    second.gateway.rollback_after_s = 5;
    gateway.apply(second, true).await.unwrap();
    updates.progress(|status| matches!(status, ApplyStatus::RolledBack { .. })).await;
    assert_eq!(gateway.settings(), settings);
    updates.picture(&gateway, all_registered).await;

    // What works ends the probation at once, and so does going back by hand.
    let mut third = settings.clone();
    third.gateway.register_expires_s = 600;
    gateway.apply(third, true).await.unwrap();
    updates.progress(|status| matches!(status, ApplyStatus::OnProbation { .. })).await;
    updates.progress(|status| *status == ApplyStatus::None).await;
    assert_eq!(gateway.settings().gateway.register_expires_s, 600);
    updates.forget();
    gateway.apply_as(RevisionKind::Restore, settings.clone(), true).await.unwrap();
    updates.progress(|status| *status == ApplyStatus::None).await;
    assert_eq!(kinds(&gateway).await[0], RevisionKind::Restore);
    stop(&gateway).await;
}

/// A gateway whose first simulated line rings, and stays so.
async fn ringing(folder: &Folder) -> (GatewayHandle, Updates, Settings) {
    let mut settings = server_settings(2);
    settings.ports[0].fxo_to_sip = false;
    let gateway = start(folder, Some(settings.clone()), DeviceChoice::Virtual { ports: 2 }).await;
    let mut updates = Updates::of(&gateway);
    let idle = |snapshot: &Snapshot| snapshot.ports.iter().all(|port| port.state == PortState::Idle);
    updates.picture(&gateway, idle).await;
    let call = IncomingCall { from: Some("1133334444".to_owned()), ..IncomingCall::default() };
    gateway.virtual_line(PortId(0), LineAct::Ring(call)).await.unwrap();
    updates.picture(&gateway, |snapshot| snapshot.ports[0].state == PortState::Ringing).await;
    (gateway, updates, settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_waits_until_its_ports_are_idle_and_then_holds_as_a_whole() {
    let folder = Folder::new();
    let (gateway, mut updates, settings) = ringing(&folder).await;
    let mut draft = settings.clone();
    draft.ports[0].line.guard_ms = 900;
    draft.ports[1].target = "300".to_owned();
    let waiting = gateway.apply_when_idle(RevisionKind::Apply, draft.clone(), true).await.unwrap();
    assert!(matches!(&waiting.status, ApplyStatus::Waiting { ports, .. } if *ports == [PortId(0)]), "{waiting:?}");
    assert_eq!(gateway.settings(), settings);

    assert_eq!(gateway.take_back().status, ApplyStatus::None);
    gateway.apply_when_idle(RevisionKind::Apply, draft.clone(), true).await.unwrap();
    gateway.virtual_line(PortId(0), LineAct::StopRinging).await.unwrap();
    // What was told of the taking back comes first.
    while gateway.settings() != draft {
        updates.progress(|_| true).await;
    }
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_apply_takes_the_place_of_a_waiting_draft_and_a_port_that_is_not_touched_is_not_waited_for() {
    let folder = Folder::new();
    let (gateway, _updates, settings) = ringing(&folder).await;
    let mut draft = settings.clone();
    draft.ports[0].line.guard_ms = 900;
    gateway.apply_when_idle(RevisionKind::Apply, draft, true).await.unwrap();
    let mut newer = settings.clone();
    newer.ports[1].target = "300".to_owned();
    let applied = gateway.apply_when_idle(RevisionKind::Apply, newer.clone(), true).await.unwrap();
    assert!(!matches!(applied.status, ApplyStatus::Waiting { .. }), "{applied:?}");
    assert_eq!(gateway.settings(), newer);
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_waits_at_an_orderly_stop_holds_at_the_next_start() {
    let folder = Folder::new();
    let (gateway, _updates, settings) = ringing(&folder).await;
    let mut draft = settings.clone();
    draft.ports[0].line.guard_ms = 900;
    gateway.apply_when_idle(RevisionKind::Apply, draft.clone(), true).await.unwrap();
    stop(&gateway).await;
    let gateway = start(&folder, None, DeviceChoice::None).await;
    assert_eq!(gateway.settings(), draft);
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_not_waited_with() {
    let folder = Folder::new();
    let (gateway, _updates, settings) = ringing(&folder).await;
    let other = UdpSocket::bind(("127.0.0.1", free_ports(1))).unwrap();
    let mut draft = settings.clone();
    draft.ports[0].line.guard_ms = 900;
    draft.gateway.sip_port = other.local_addr().unwrap().port();
    let refused = gateway.apply_when_idle(RevisionKind::Apply, draft, true).await;
    assert!(matches!(refused, Err(ApplyError::Prepare { error: BindError::PortInUse { .. } })), "{refused:?}");
    assert_eq!(gateway.apply_progress().status, ApplyStatus::None);
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_settings_changes_nothing() {
    let folder = Folder::new();
    let settings = server_settings(1);
    let gateway = start(&folder, Some(settings.clone()), DeviceChoice::None).await;
    let file = gateway.store().file().to_owned();
    // Another program holds the database for longer than anybody waits; and one that refuses every new row, as a full disk does.
    let pool = sqlx::sqlite::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("CREATE TRIGGER full BEFORE INSERT ON revisions BEGIN SELECT RAISE(ABORT, 'no room'); END").execute(&pool).await.unwrap();
    let mut draft = settings.clone();
    draft.gateway.sip_port = free_ports(1);
    let refused = gateway.apply(draft.clone(), true).await;
    assert!(matches!(refused, Err(ApplyError::Store { .. })), "{refused:?}");
    assert_eq!(gateway.settings(), settings);
    assert!(gateway.snapshot().sip_address.ends_with(&settings.gateway.sip_port.to_string()));
    assert!(UdpSocket::bind(("127.0.0.1", draft.gateway.sip_port)).is_ok(), "what was bound for it is closed again");
    sqlx::query("DROP TRIGGER full").execute(&pool).await.unwrap();
    pool.close().await;
    gateway.apply(draft.clone(), true).await.unwrap();
    assert_eq!(gateway.settings(), draft);
    stop(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_tell_who_and_how_and_how_much_and_any_two_can_be_compared() {
    let folder = Folder::new();
    let gateway = start(&folder, Some(server_settings(1)), DeviceChoice::None).await;
    let mut draft = server_settings(2);
    gateway.apply(draft.clone(), true).await.unwrap();
    draft.ports[0].target = "201".to_owned();
    draft.ports[1].secret = Secret(secret(7));
    gateway.apply(draft.clone(), true).await.unwrap();
    let entries = gateway.revisions().await.unwrap();
    assert_eq!(
        entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(),
        [RevisionKind::Apply, RevisionKind::Apply, RevisionKind::Import]
    );
    assert_eq!((entries[0].changes, entries[2].changes), (Some(2), None));
    assert_eq!(entries.iter().map(|entry| entry.current).collect::<Vec<_>>(), [true, false, false]);
    assert!(entries.iter().all(|entry| entry.author.program.starts_with("shell_apply")));
    let changes = gateway.changes_between(entries[1].revision, Some(entries[0].revision), draft.clone()).await.unwrap();
    assert_eq!(changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["ports[0].target", "ports[1].secret"]);
    assert!(!serde_json::to_string(&changes).unwrap().contains(&secret(7)), "a comparison tells no secret");
    assert_eq!(gateway.changes_between(entries[0].revision, None, draft.clone()).await.unwrap(), []);
    assert_eq!(gateway.revision_settings(entries[0].revision).await.unwrap(), draft);
    assert_eq!(gateway.revision_settings(RevisionId(99)).await, Err(RevisionError::Forgotten));
    stop(&gateway).await;
}
