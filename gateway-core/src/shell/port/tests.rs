//! Audio code that fails: by itself with this test as brain and box, then in a whole gateway with a call.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;

use tokio::sync::broadcast;

use super::*;
use crate::config::profile::Imported;
use crate::config::settings::{GatewaySettings, LineSettings, Mode, PortSettings, Settings};
use crate::dsp::FRAME_SAMPLES;
use crate::fxo::simulator::act::ExchangeEvent;
use crate::gateway::plan;
use crate::gateway::record::{CallRecord, EndCause};
use crate::gateway::view::PortState;
use crate::shell::DeviceChoice;
use crate::shell::device::BoxOrder;
use crate::shell::handle::{GatewayHandle, StartOptions, Update};

#[allow(dead_code, reason = "this test uses a part of the bench")]
#[path = "../../../tests/bench/caller.rs"]
mod caller;

const SOON: Duration = Duration::from_secs(10);
const PORT: PortId = PortId(0);

fn free_pair() -> RtpPair {
    for _ in 0..100 {
        let rtp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = rtp.local_addr().unwrap();
        if address.port().is_multiple_of(2)
            && let Ok(rtcp) = UdpSocket::bind((address.ip(), address.port() + 1))
        {
            rtp.set_nonblocking(true).unwrap();
            rtcp.set_nonblocking(true).unwrap();
            return RtpPair { rtp: Arc::new(rtp), rtcp: Arc::new(rtcp), address };
        }
    }
    panic!("no free ports");
}

fn rules() -> MediaCommand {
    let country = plan::country(&GatewaySettings::default().country);
    MediaCommand::Configure(Box::new(plan::media_config(&PortSettings::default(), country)))
}

/// 20 ms of the dial tone of Brazil, 425 Hz at about −10 dBm0; `number` frames after its beginning.
fn dial_tone(number: usize) -> Frame {
    let sample = |index: usize| {
        let angle = std::f64::consts::TAU * 425.0 * ((number * FRAME_SAMPLES + index) as f64) / 8000.0;
        (angle.sin() * 7_200.0) as i16
    };
    Frame(std::array::from_fn(sample))
}

/// A port's thread; brain and box are this test.
struct Scene {
    port: PortOutbox,
    events: mpsc::Receiver<Event>,
    brain: mpsc::Sender<Event>,
    box_inbox: Inbox<BoxOrder, Play>,
}

impl Scene {
    fn new(events: usize) -> Self {
        let (brain, events) = mpsc::channel(events);
        let (to_box, box_inbox) = inbox(4, 4);
        let (port, _thread) = start(PORT, free_pair(), Clock::start(), brain.clone()).unwrap();
        port.send(PortOrder::Box(to_box), Duration::ZERO).unwrap();
        Scene { port, events, brain, box_inbox }
    }

    fn order(&self, command: MediaCommand) {
        self.port.send(PortOrder::Media(command), SOON).unwrap();
    }

    /// Lets the audio code fail, and answers once the port works again.
    fn fail(&self) {
        self.port.send(PortOrder::Fail, SOON).unwrap();
        self.port.play(Frame::SILENCE);
        // The frame that it fails at goes unanswered; the next one is answered by a fresh channel.
        self.round(Frame::SILENCE);
    }

    /// Plays a frame and waits for the one that comes back.
    fn round(&self, frame: Frame) {
        self.port.play(frame);
        let Received::Audio(_) = self.box_inbox.receive(Some(Instant::now() + SOON)) else { panic!("no frame comes back") };
    }

    fn hears_dial_tone(&mut self) -> bool {
        (0..250).any(|number| {
            self.round(dial_tone(number));
            matches!(self.events.try_recv(), Ok(Event::Media { event: MediaEvent::Tone(_), .. }))
        })
    }
}

fn is_hang_up(event: &Event) -> bool {
    matches!(event, Event::Command(Command::HangUp { port: PORT }))
}

#[test]
fn a_channel_that_failed_listens_again_for_what_the_brain_reckons_with() {
    let mut scene = Scene::new(16);
    scene.order(rules());
    scene.order(MediaCommand::Listen(Ear::OffHook));
    assert!(scene.hears_dial_tone());
    scene.fail();
    let mut ended = 0;
    while let Ok(event) = scene.events.try_recv() {
        ended += usize::from(is_hang_up(&event));
    }
    assert_eq!(ended, 1);
    assert!(scene.hears_dial_tone());
    scene.order(MediaCommand::Listen(Ear::Closed));
    scene.fail();
    assert!(!scene.hears_dial_tone());
}

#[test]
fn the_end_of_a_failed_call_is_told_as_soon_as_the_brain_has_room_unless_it_is_over_by_then() {
    let mut scene = Scene::new(1);
    scene.order(rules());
    scene.brain.try_send(Event::DeviceRebooted).unwrap();
    scene.fail();
    scene.round(Frame::SILENCE);
    assert!(matches!(scene.events.blocking_recv(), Some(Event::DeviceRebooted)));
    scene.round(Frame::SILENCE);
    assert!(scene.events.blocking_recv().is_some_and(|event| is_hang_up(&event)));

    scene.brain.try_send(Event::DeviceRebooted).unwrap();
    scene.fail();
    scene.order(MediaCommand::Detach);
    scene.round(Frame::SILENCE);
    assert!(matches!(scene.events.blocking_recv(), Some(Event::DeviceRebooted)));
    scene.round(Frame::SILENCE);
    assert!(scene.events.try_recv().is_err());
}

#[test]
fn a_thread_whose_audio_code_fails_again_and_again_still_obeys() {
    let scene = Scene::new(64);
    scene.order(rules());
    for _ in 0..3 {
        scene.fail();
    }
    scene.round(Frame::SILENCE);
    scene.port.send(PortOrder::Stop, SOON).unwrap();
    assert!(matches!(scene.box_inbox.receive(Some(Instant::now() + SOON)), Received::Closed));
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_audio_code_fails_ends_with_one_record_and_the_next_call_works() {
    let data_dir = std::env::temp_dir().join(format!("loopstart-port-test-{}", std::process::id()));
    let settings = trunk();
    let sip = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.gateway.sip_port));
    let profile = Some(Imported { settings, secrets_missing: Vec::new() });
    let device = Some(DeviceChoice::Virtual { ports: 1 });
    let gateway = GatewayHandle::start(StartOptions { data_dir: data_dir.clone(), device, profile, confirmed: true }).await.unwrap();
    let (mut updates, mut records) = (gateway.subscribe(), Vec::new());
    wait(&mut updates, &mut records, is_idle).await;

    let mut first = call(sip).await;
    wait(&mut updates, &mut records, |update| is_hook(update, true)).await;
    gateway.fail_port(PORT).await;
    let failed = Instant::now();
    wait(&mut updates, &mut records, |update| is_hook(update, false)).await;
    assert!(failed.elapsed() < Duration::from_secs(1), "released after {:?}", failed.elapsed());
    on_thread(move || first.wait_bye(SOON)).await;
    wait(&mut updates, &mut records, is_idle).await;
    assert_eq!(records.iter().map(|record| record.cause).collect::<Vec<_>>(), [EndCause::Operator]);

    let second = call(sip).await;
    wait(&mut updates, &mut records, |update| {
        matches!(update, Update::Exchange(told) if told.event == ExchangeEvent::Answered).then_some(())
    })
    .await;
    on_thread(move || {
        let mut second = second;
        second.rtp.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        for _ in 0..25 {
            assert_eq!(second.rtp.recv(&mut [0; 2048]).unwrap(), 12 + FRAME_SAMPLES);
        }
        second.bye();
    })
    .await;
    wait(&mut updates, &mut records, is_idle).await;
    assert_eq!(records.iter().map(|record| record.cause).collect::<Vec<_>>(), [EndCause::Operator, EndCause::SipHungUp]);
    tokio::time::timeout(SOON * 2, gateway.stop()).await.unwrap();
    let _ = std::fs::remove_dir_all(data_dir);
}
