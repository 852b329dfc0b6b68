//! Audio code that fails, with this test as brain and box.

use std::net::UdpSocket;
use std::sync::Arc;

use super::*;
use crate::config::settings::{GatewaySettings, PortSettings};
use crate::dsp::FRAME_SAMPLES;
use crate::gateway::plan;
use crate::shell::device::BoxOrder;

const SOON: Duration = Duration::from_secs(10);
const PORT: PortId = PortId(0);

pub(crate) fn free_pair() -> RtpPair {
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
