//! A real gateway in this process with the simulated box: threads, pipes and sockets, in real time.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "bench/caller.rs"]
mod caller;
#[path = "bench/place.rs"]
mod place;
#[path = "bench/updates.rs"]
mod updates;

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use caller::Caller;
use gateway_core::config::PortId;
use gateway_core::config::profile::Imported;
use gateway_core::config::settings::Settings;
use gateway_core::fxo::line::LineState;
use gateway_core::fxo::simulator::act::{ExchangeEvent, IncomingCall, LineAct};
use gateway_core::gateway::caller_id_verdict::CallerIdVerdict;
use gateway_core::gateway::io::Command;
use gateway_core::gateway::mark::MarkKind;
use gateway_core::gateway::record::{CallDirection, CallRecord, EndCause};
use gateway_core::gateway::view::{PortState, Snapshot};
use gateway_core::media::SPECTRUM_LINES;
use gateway_core::shell::store::{CallQuery, RecordDirection, StoredMark, StoredRecord};
use gateway_core::shell::{DeviceChoice, DeviceError, DeviceState, GatewayHandle, StartOptions, Update};
use place::{Folder, server_settings, trunk_settings};
use updates::Updates;

const SOON: Duration = Duration::from_secs(10);
const PORT: PortId = PortId(0);

async fn start(folder: &Folder, settings: Settings, device: DeviceChoice) -> GatewayHandle {
    let options = StartOptions {
        data_dir: folder.path().to_owned(),
        device: Some(device),
        profile: Some(Imported { settings, secrets_missing: Vec::new() }),
        confirmed: true,
    };
    tokio::time::timeout(SOON, GatewayHandle::start(options)).await.unwrap().unwrap()
}

impl Updates {
    async fn picture(&mut self, wanted: impl Fn(&Snapshot) -> bool) {
        self.wait(|update| matches!(update, Update::Snapshot(snapshot) if wanted(snapshot)).then_some(())).await;
    }

    async fn exchange(&mut self, wanted: &ExchangeEvent) {
        self.wait(|update| matches!(update, Update::Exchange(told) if told.port == PORT && told.event == *wanted).then_some(())).await;
    }

    async fn record(&mut self) -> CallRecord {
        self.wait(|update| if let Update::Record(record) = update { Some(record.clone()) } else { None }).await
    }
}

async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::time::timeout(Duration::from_secs(20), tokio::task::spawn_blocking(work)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_rings_is_shown_and_a_caller_who_gives_up_leaves_one_record() {
    let folder = Folder::new();
    let gateway = start(&folder, server_settings(2), DeviceChoice::Virtual { ports: 2 }).await;
    let mut updates = Updates::of(&gateway);
    updates.picture(|picture| picture.ports.iter().all(|port| port.state == PortState::Idle)).await;
    gateway
        .virtual_line(PORT, LineAct::Ring(IncomingCall { from: Some("1133334444".to_owned()), ..IncomingCall::default() }))
        .await
        .unwrap();
    updates.picture(|picture| picture.ports[0].line == LineState::Ringing && picture.ports[1].line == LineState::Idle).await;
    gateway.virtual_line(PORT, LineAct::StopRinging).await.unwrap();
    let record = updates.record().await;
    assert_eq!((record.port, record.direction), (PORT, CallDirection::FxoToSip));
    let kept = updates.wait(|update| if let Update::Kept(id) = update { Some(id.clone()) } else { None }).await;
    let found = gateway.calls(&CallQuery { text: "3333-4444".to_owned(), ..CallQuery::default() }, None, 0, 10).await.unwrap();
    assert_eq!((found.total, found.calls[0].id.as_str()), (1, kept.as_str()), "whoever is told of a record can read it");
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();

    // The record outlives the program.
    let gateway = start(&folder, server_settings(2), DeviceChoice::None).await;
    let kept = gateway.recent_records().await;
    assert_eq!(kept.iter().map(|kept| kept.id.as_str()).collect::<Vec<_>>(), [record.id.as_str()]);
    let told: Vec<_> = record.timeline.iter().map(|mark| Some(mark.what.clone())).collect();
    assert_eq!(kept[0].timeline.iter().map(|mark| mark.what.clone()).collect::<Vec<_>>(), told);
    assert!(!told.is_empty() && !kept[0].damaged);
    assert!(kept[0].started_at_ms.abs_diff(gateway.started_epoch_ms()) < 60_000);
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_a_line_sends_caller_id_is_told_by_the_calls_of_its_own_port() {
    let folder = Folder::new();
    let gateway = start(&folder, server_settings(2), DeviceChoice::None).await;
    let mark = |after_ms, what| StoredMark { after_ms, what: Some(what) };
    let rung = |id: &str, port, direction| StoredRecord {
        id: id.to_owned(),
        port,
        direction,
        from: String::new(),
        to: "sip:p1@127.0.0.1".to_owned(),
        started_at_ms: 1_790_000_000_000,
        answered_at_ms: None,
        ended_at_ms: 1_790_000_006_000,
        cause: "caller_gave_up".to_owned(),
        evidence: None,
        sip_status: None,
        timeline: vec![
            mark(0, MarkKind::RingOn { frequency_hz: Some(25) }),
            mark(1000, MarkKind::RingOff { on_ms: 1000 }),
            mark(5000, MarkKind::RingOn { frequency_hz: Some(25) }),
        ],
        damaged: false,
    };
    let calls = [("a", PORT), ("b", PORT), ("c", PortId(1))];
    for (id, port) in calls {
        gateway.store().append_record(&rung(id, port, RecordDirection::FxoToSip)).await.unwrap();
    }
    gateway.store().append_record(&rung("d", PORT, RecordDirection::SipToFxo)).await.unwrap();
    assert_eq!(gateway.caller_id_verdict(PORT).await.unwrap(), CallerIdVerdict::Unknown { of: 2, least: 3 });
    gateway.store().append_record(&rung("e", PORT, RecordDirection::FxoToSip)).await.unwrap();
    assert_eq!(gateway.caller_id_verdict(PORT).await.unwrap(), CallerIdVerdict::SendsNone { of: 3 });
    assert_eq!(gateway.caller_id_verdict(PortId(1)).await.unwrap(), CallerIdVerdict::Unknown { of: 1, least: 3 });
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_at_a_line_is_told_what_is_heard_there_and_of_no_line_that_is_not_there() {
    let folder = Folder::new();
    let gateway = start(&folder, server_settings(2), DeviceChoice::Virtual { ports: 1 }).await;
    let mut updates = Updates::of(&gateway);
    updates.picture(|picture| picture.ports[0].state == PortState::Idle && picture.ports[1].state == PortState::Absent).await;
    for port in [PortId(1), PORT] {
        gateway.command(Command::Analyse { port }).await.unwrap();
    }
    let mut last_ms = 0;
    for _ in 0..5 {
        let heard = |update: &Update| if let Update::Analysis { port, analysis } = update { Some((*port, analysis.clone())) } else { None };
        let (port, analysis) = updates.wait(heard).await;
        assert_eq!((port, analysis.spectrum_dbm0.len(), &analysis.belief), (PORT, SPECTRUM_LINES, &None), "on hook");
        assert!(analysis.at_ms > last_ms);
        last_ms = analysis.at_ms;
    }
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn boxes_can_be_changed_while_the_gateway_runs_and_the_choice_is_remembered() {
    let folder = Folder::new();
    let gateway = start(&folder, server_settings(2), DeviceChoice::None).await;
    let mut updates = Updates::of(&gateway);
    assert_eq!(gateway.virtual_line(PORT, LineAct::CableOut).await, Err(DeviceError::NotVirtual));
    gateway.select_device(DeviceChoice::Virtual { ports: 1 }).await.unwrap();
    updates.picture(|picture| picture.ports[0].state == PortState::Idle && picture.ports[1].state == PortState::Absent).await;
    assert!(matches!(gateway.device().state, DeviceState::Up { ref identity } if identity.ports == 1));
    assert_eq!(gateway.virtual_line(PortId(1), LineAct::CableOut).await, Err(DeviceError::NoSuchPort));
    gateway.virtual_line(PORT, LineAct::CableOut).await.unwrap();
    updates.picture(|picture| picture.ports[0].state == PortState::NoBattery).await;
    gateway.select_device(DeviceChoice::Serial { path: "/dev/no-such-box".to_owned() }).await.unwrap();
    updates.picture(|picture| picture.device.is_none()).await;
    updates.wait(|update| matches!(update, Update::Device(device) if matches!(device.state, DeviceState::Lost { .. })).then_some(())).await;
    gateway.select_device(DeviceChoice::Virtual { ports: 2 }).await.unwrap();
    updates.picture(|picture| picture.ports.iter().all(|port| port.state == PortState::Idle)).await;
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();

    let again = StartOptions { data_dir: folder.path().to_owned(), device: None, profile: None, confirmed: false };
    let gateway = GatewayHandle::start(again).await.unwrap();
    let mut updates = Updates::of(&gateway);
    updates.picture(|picture| picture.device.as_ref().is_some_and(|device| device.ports == 2)).await;
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_the_line_is_dialled_heard_and_released_when_the_caller_hangs_up() {
    let folder = Folder::new();
    let mut caller = Caller::new();
    let settings = trunk_settings(1, caller.address());
    let sip: SocketAddr = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
    let gateway = start(&folder, settings, DeviceChoice::Virtual { ports: 1 }).await;
    let mut updates = Updates::of(&gateway);
    updates.picture(|picture| picture.ports[0].state == PortState::Idle).await;
    let caller = on_thread(move || {
        caller.invite(sip, "100");
        assert_eq!(caller.final_status(Duration::from_secs(10)), 200);
        caller
    })
    .await;
    updates.exchange(&ExchangeEvent::Hook { off_hook: true }).await;
    updates.exchange(&ExchangeEvent::Dialed { number: "100".to_owned() }).await;
    updates.exchange(&ExchangeEvent::Answered).await;
    let mut caller = on_thread(move || {
        // Fifty packets a second: half a second of them is enough to know that audio flows.
        caller.rtp.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut packet = [0; 2048];
        for _ in 0..25 {
            let size = caller.rtp.recv(&mut packet).unwrap();
            assert_eq!((size, packet[1] & 0x7f), (12 + 160, 8));
        }
        caller
    })
    .await;
    on_thread(move || caller.bye()).await;
    updates.exchange(&ExchangeEvent::Hook { off_hook: false }).await;
    let record = updates.record().await;
    assert_eq!((record.cause, record.to.as_str()), (EndCause::SipHungUp, "100"));
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_in_the_middle_of_a_call_tells_the_peer_and_releases_the_line() {
    let folder = Folder::new();
    let mut caller = Caller::new();
    let settings = trunk_settings(1, caller.address());
    let sip: SocketAddr = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
    let gateway = start(&folder, settings, DeviceChoice::Virtual { ports: 1 }).await;
    let mut updates = Updates::of(&gateway);
    updates.picture(|picture| picture.ports[0].state == PortState::Idle).await;
    let mut caller = on_thread(move || {
        caller.invite(sip, "100");
        assert_eq!(caller.final_status(Duration::from_secs(10)), 200);
        caller
    })
    .await;
    updates.exchange(&ExchangeEvent::Hook { off_hook: true }).await;
    let told = on_thread(move || caller.wait_bye(Duration::from_secs(10)));
    let stopped = tokio::time::timeout(Duration::from_secs(15), gateway.stop());
    let ((), stopped) = tokio::join!(told, stopped);
    stopped.unwrap();
    updates.exchange(&ExchangeEvent::Hook { off_hook: false }).await;
    let record = updates.record().await;
    assert_eq!(record.cause, EndCause::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_taken_away_during_its_call_is_closed_when_the_call_is_over() {
    let folder = Folder::new();
    let mut callers = [Caller::new(), Caller::new()];
    let settings = trunk_settings(2, callers[0].address());
    let sip: SocketAddr = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
    let its_rtp = settings.gateway.rtp_port_first + 2;
    let gateway = start(&folder, settings.clone(), DeviceChoice::Virtual { ports: 2 }).await;
    let mut updates = Updates::of(&gateway);
    updates.picture(|picture| picture.ports.iter().all(|port| port.state == PortState::Idle)).await;
    // Both lines are taken, so that the second one is among them.
    let mut callers = on_thread(move || {
        for caller in &mut callers {
            caller.invite(sip, "100");
            assert_eq!(caller.final_status(Duration::from_secs(10)), 200);
        }
        callers
    })
    .await;
    let fewer = Settings { ports: settings.ports[..1].to_vec(), ..settings };
    gateway.apply(fewer, true).await.unwrap();
    assert!(gateway.snapshot().ports.get(1).is_some_and(|port| port.call.is_some()));
    assert!(UdpSocket::bind(("127.0.0.1", its_rtp)).is_err());

    on_thread(move || callers.iter_mut().for_each(Caller::bye)).await;
    updates.picture(|picture| picture.ports.len() == 1).await;
    let closed = async {
        while UdpSocket::bind(("127.0.0.1", its_rtp)).is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, closed).await.unwrap();
    tokio::time::timeout(Duration::from_secs(15), gateway.stop()).await.unwrap();
}
