//! A whole gateway with a call on the simulated box, of which a part fails.

#[cfg(unix)]
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
#[cfg(unix)]
use std::sync::{
    Arc,
    mpsc::{Receiver, channel},
};
use std::time::{Duration, Instant};

#[cfg(unix)]
use serialport::{SerialPort as _, TTYPort};
use tokio::sync::broadcast;

use super::DeviceChoice;
use super::control::Failing;
#[cfg(unix)]
use super::exchange::{self, ExchangeOrder, ExchangeSaid};
use super::handle::{Ended, GatewayHandle, StartOptions, Update};
use super::port::tests::free_pair;
use crate::config::PortId;
use crate::config::profile::Imported;
use crate::config::settings::{GatewaySettings, LineSettings, Mode, PortSettings, Settings};
use crate::dsp::FRAME_SAMPLES;
use crate::fxo::simulator::act::ExchangeEvent;
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::gateway::record::{CallRecord, EndCause};
use crate::gateway::view::PortState;
#[cfg(unix)]
use crate::{
    fxo::simulator::{act::PortEvent, virtual_box::VirtualBox},
    gateway::plan,
    rng::Rng,
    shell::clock::Clock,
};

#[allow(dead_code, reason = "this test uses a part of the bench")]
#[path = "../../tests/bench/caller.rs"]
mod caller;

const SOON: Duration = Duration::from_secs(10);
const PORT: PortId = PortId(0);

/// Whatever fails: no line stays seized for longer. Well before the box itself would let go, which is after five seconds, and long enough
/// for a computer that is busy with other tests.
const LET_GO_WITHIN: Duration = Duration::from_secs(3);

fn trunk() -> Settings {
    let (sip, rtp) = (free_pair(), free_pair());
    let gateway = GatewaySettings {
        mode: Mode::SipTrunk,
        bind_address: IpAddr::from(Ipv4Addr::LOCALHOST).to_string(),
        remote_server: sip.address.to_string(),
        sip_port: sip.address.port(),
        rtp_port_first: rtp.address.port(),
        ..GatewaySettings::default()
    };
    let line = LineSettings { wait_dial_tone: false, dial_pause_ms: 200, ..LineSettings::default() };
    let port = PortSettings { target: "200".to_owned(), only_from_host: "127.0.0.1".to_owned(), line, ..PortSettings::default() };
    Settings { gateway, ports: vec![port] }
}

/// What a gateway told, in the order in which it told it.
async fn wait<T>(updates: &mut broadcast::Receiver<Update>, records: &mut Vec<CallRecord>, wanted: impl Fn(&Update) -> Option<T>) -> T {
    let found = async {
        loop {
            let update = updates.recv().await.unwrap();
            if let Update::Record(record) = &update {
                records.push(record.clone());
            }
            if let Some(found) = wanted(&update) {
                return found;
            }
        }
    };
    tokio::time::timeout(SOON, found).await.unwrap()
}

fn is_idle(update: &Update) -> Option<()> {
    matches!(update, Update::Snapshot(picture) if picture.ports[0].state == PortState::Idle).then_some(())
}

fn is_busy(update: &Update) -> Option<()> {
    matches!(update, Update::Snapshot(picture) if picture.ports[0].state != PortState::Idle).then_some(())
}

fn is_hook(update: &Update, wanted: bool) -> Option<()> {
    matches!(update, Update::Exchange(told) if told.event == ExchangeEvent::Hook { off_hook: wanted }).then_some(())
}

async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::time::timeout(SOON * 2, tokio::task::spawn_blocking(work)).await.unwrap().unwrap()
}

async fn call(sip: SocketAddr) -> caller::Caller {
    let mut caller = caller::Caller::new();
    on_thread(move || {
        caller.invite(sip, "100");
        assert_eq!(caller.final_status(SOON), 200);
        caller
    })
    .await
}

/// A gateway with one line, and what it told.
struct Scene {
    gateway: GatewayHandle,
    updates: broadcast::Receiver<Update>,
    records: Vec<CallRecord>,
    sip: SocketAddr,
    data_dir: PathBuf,
}

impl Scene {
    async fn new(name: &str) -> Self {
        Scene::on(name, DeviceChoice::Virtual { ports: 1 }).await
    }

    async fn on(name: &str, device: DeviceChoice) -> Self {
        let data_dir = std::env::temp_dir().join(format!("loopstart-failing-{name}-{}", std::process::id()));
        let settings = trunk();
        let sip = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.gateway.sip_port));
        let profile = Some(Imported { settings, secrets_missing: Vec::new() });
        let gateway = GatewayHandle::start(StartOptions { data_dir: data_dir.clone(), device: Some(device), profile, confirmed: true })
            .await
            .unwrap();
        let mut scene = Scene { updates: gateway.subscribe(), records: Vec::new(), gateway, sip, data_dir };
        scene.wait(is_idle).await;
        scene
    }

    async fn wait<T>(&mut self, wanted: impl Fn(&Update) -> Option<T>) -> T {
        wait(&mut self.updates, &mut self.records, wanted).await
    }

    /// A call that seized the line; then a part fails, and the line is let go in time.
    async fn fails_in_a_call(&mut self, part: Failing) -> caller::Caller {
        let caller = call(self.sip).await;
        self.wait(|update| is_hook(update, true)).await;
        self.gateway.fail(part).await;
        let failed = Instant::now();
        self.wait(|update| is_hook(update, false)).await;
        assert!(failed.elapsed() < LET_GO_WITHIN, "released after {:?}", failed.elapsed());
        caller
    }

    fn causes(&self) -> Vec<EndCause> {
        self.records.iter().map(|record| record.cause).collect()
    }

    async fn stop(self) {
        tokio::time::timeout(SOON * 2, self.gateway.stop()).await.unwrap();
        let _ = std::fs::remove_dir_all(self.data_dir);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_audio_code_fails_ends_with_one_record_and_the_next_call_works() {
    let mut scene = Scene::new("port").await;
    let mut first = scene.fails_in_a_call(Failing::Port(PORT)).await;
    on_thread(move || first.wait_bye(SOON)).await;
    scene.wait(is_idle).await;
    assert_eq!(scene.causes(), [EndCause::Operator]);

    let second = call(scene.sip).await;
    scene.wait(|update| matches!(update, Update::Exchange(told) if told.event == ExchangeEvent::Answered).then_some(())).await;
    on_thread(move || {
        let mut second = second;
        second.rtp.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        for _ in 0..25 {
            assert_eq!(second.rtp.recv(&mut [0; 2048]).unwrap(), 12 + FRAME_SAMPLES);
        }
        second.bye();
    })
    .await;
    scene.wait(is_idle).await;
    assert_eq!(scene.causes(), [EndCause::Operator, EndCause::SipHungUp]);
    scene.stop().await;
}

/// A simulated box at the end of a pseudo-terminal, which outlives whoever opens it.
#[cfg(unix)]
struct WiredBox {
    path: String,
    events: Receiver<PortEvent>,
    /// The box ends when this does.
    _alive: Arc<()>,
}

#[cfg(unix)]
impl WiredBox {
    fn new() -> Self {
        let (master, slave) = TTYPort::pair().unwrap();
        let path = slave.name().unwrap();
        let (mut input, mut output) = (master.try_clone_native().unwrap(), master);
        let (told, events) = channel();
        let alive = Arc::new(());
        let wanted = Arc::downgrade(&alive);
        let clock = Clock::start();
        let config = ExchangeConfig::of(plan::country("BR"), 1);
        let simulated = VirtualBox::new(config, "wired", Rng::from_seed(1), clock.now());
        let say = move |said| match said {
            // What nobody reads is lost, as on a real wire.
            ExchangeSaid::Bytes(bytes) => {
                let _ = output.write_all(&bytes);
                wanted.strong_count() > 0
            }
            ExchangeSaid::Event(event) => told.send(event).is_ok(),
            ExchangeSaid::Sound(..) => true,
        };
        let (outbox, thread) = exchange::start(simulated, clock, say).unwrap();
        std::thread::spawn(move || {
            // Our own end of the host's side stays open: the wire stands while nobody has it open.
            let _held = slave;
            let mut buffer = [0; 4096];
            while !thread.is_finished() {
                match input.read(&mut buffer) {
                    Ok(count) if outbox.send(ExchangeOrder::Bytes(buffer[..count].to_vec()), SOON).is_err() => return,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::TimedOut => {}
                    Err(_) => return,
                }
            }
        });
        WiredBox { path, events, _alive: alive }
    }

    fn wait_hook(&self, off_hook: bool, within: Duration) {
        let until = Instant::now() + within;
        loop {
            let told = self.events.recv_timeout(until.saturating_duration_since(Instant::now()));
            if told.unwrap_or_else(|_| panic!("no word of off_hook: {off_hook}")).event == (ExchangeEvent::Hook { off_hook }) {
                return;
            }
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_box_thread_that_fails_in_a_call_lets_the_line_go_and_serves_the_box_again() {
    let wired = WiredBox::new();
    let mut scene = Scene::on("box", DeviceChoice::Serial { path: wired.path.clone() }).await;
    let mut caller = call(scene.sip).await;
    let wired = on_thread(move || {
        wired.wait_hook(true, SOON);
        wired
    })
    .await;
    scene.gateway.fail(Failing::Box).await;
    let _wired = on_thread(move || {
        wired.wait_hook(false, LET_GO_WITHIN);
        wired
    })
    .await;
    on_thread(move || caller.wait_bye(SOON)).await;
    // Pictures from before the call may still be unread, and they are idle too.
    scene.wait(is_busy).await;
    scene.wait(is_idle).await;
    assert_eq!(scene.causes(), [EndCause::DeviceGone]);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brain_that_fails_in_a_call_leaves_no_line_seized() {
    let mut scene = Scene::new("brain").await;
    scene.fails_in_a_call(Failing::Brain).await;
    assert_eq!(tokio::time::timeout(SOON, scene.gateway.ended()).await.unwrap(), Ended::Failed);
    scene.stop().await;
}
