//! A box that is really there (the simulated one, on its thread), and a brain that is this test.

use super::*;
use crate::config::settings::GatewaySettings;
use crate::fxo::LineEvent;
use crate::fxo::trace::WireDirection;
use crate::gateway::plan;
use crate::shell::device::{DeviceTrace, TraceEntry};

const SOON: Duration = Duration::from_secs(10);
const LINE: PortId = PortId(0);

struct Scene {
    boxes: BoxOutbox,
    thread: JoinHandle<()>,
    events: mpsc::Receiver<Event>,
    updates: broadcast::Receiver<Update>,
}

impl Scene {
    fn new(choice: DeviceChoice) -> Self {
        let (brain, events) = mpsc::channel(1024);
        let (status, _) = watch::channel(DeviceStatus::default());
        let (updates, hearing) = broadcast::channel(1024);
        let country = plan::country(&GatewaySettings::default().country);
        let chosen = Chosen::for_this_run(choice);
        let (boxes, thread) = start(chosen, country, Vec::new(), Clock::start(), Reports { brain, status, updates }).unwrap();
        Scene { boxes, thread, events, updates: hearing }
    }

    fn wait(&mut self, wanted: impl Fn(&Event) -> bool) {
        let until = Instant::now() + SOON;
        loop {
            match self.events.try_recv() {
                Ok(event) if wanted(&event) => return,
                Ok(_) => {}
                Err(error) => {
                    assert!(Instant::now() < until, "{error}");
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
    }

    fn is_up(&mut self) {
        self.wait(|event| matches!(event, Event::DeviceUp(_)));
    }

    fn faults(&mut self) -> Vec<DeviceFault> {
        let mut faults = Vec::new();
        while let Ok(update) = self.updates.try_recv() {
            if let Update::Device(DeviceStatus { state: DeviceState::Lost { fault, .. }, .. }) = update {
                faults.push(fault);
            }
        }
        faults
    }

    fn trace(&self) -> DeviceTrace {
        let (answer, answered) = oneshot::channel();
        self.send(BoxOrder::Trace { query: TraceQuery::default(), answer });
        answered.blocking_recv().unwrap().decoded()
    }

    /// The latest status that was told.
    fn status(&mut self) -> DeviceStatus {
        let mut latest = None;
        while let Ok(update) = self.updates.try_recv() {
            if let Update::Device(status) = update {
                latest = Some(status);
            }
        }
        latest.unwrap()
    }

    fn send(&self, order: BoxOrder) {
        self.boxes.send(order, Duration::ZERO).unwrap();
    }

    fn seize(&mut self) {
        self.send(BoxOrder::Line { port: LINE, command: LineCommand::Seize });
        self.wait(|event| is_hook(event, true));
    }

    fn stop(self) {
        let (done, stopped) = oneshot::channel();
        self.send(BoxOrder::Stop { done });
        stopped.blocking_recv().unwrap();
        self.thread.join().unwrap();
    }
}

fn is_hook(event: &Event, wanted: bool) -> bool {
    matches!(event, Event::Line { port: LINE, event: LineEvent::Hook { off_hook } } if *off_hook == wanted)
}

#[test]
fn a_box_that_the_brain_gave_up_releases_its_lines_and_comes_back() {
    let mut scene = Scene::new(DeviceChoice::Virtual { ports: 1 });
    scene.is_up();
    scene.seize();
    scene.boxes.give_up();
    scene.wait(|event| is_hook(event, false));
    scene.wait(|event| matches!(event, Event::DeviceGone));
    scene.is_up();
    assert_eq!(scene.faults(), [DeviceFault::Stuck]);
    scene.seize();
    scene.stop();
}

#[test]
fn an_order_to_end_is_obeyed_although_the_box_was_given_up_a_moment_before() {
    let mut scene = Scene::new(DeviceChoice::Virtual { ports: 1 });
    scene.is_up();
    scene.seize();
    let (done, chosen) = oneshot::channel();
    scene.boxes.give_up();
    scene.send(BoxOrder::Choose { choice: DeviceChoice::None, done });
    chosen.blocking_recv().unwrap();
    scene.wait(|event| is_hook(event, false));
    scene.wait(|event| matches!(event, Event::DeviceGone));
    scene.stop();
}

#[test]
fn the_word_that_something_was_plugged_in_shortens_the_wait_for_a_box() {
    let mut scene = Scene::new(DeviceChoice::Serial { path: "/nowhere/box".to_owned() });
    let told = |scene: &mut Scene, wanted: fn(Duration) -> bool| {
        let until = Instant::now() + SOON;
        loop {
            match scene.updates.try_recv() {
                Ok(Update::Device(DeviceStatus { state: DeviceState::Lost { retry_ms, fault }, .. })) => {
                    assert_eq!(fault, DeviceFault::NotFound);
                    if wanted(Duration::from_millis(retry_ms.into())) {
                        return Instant::now();
                    }
                }
                Ok(_) => {}
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let waits = told(&mut scene, |pause| pause >= FIRST_PAUSE * 4);
    scene.send(BoxOrder::Plugged);
    let looked = told(&mut scene, |pause| pause == FIRST_PAUSE);
    assert!(looked - waits < FIRST_PAUSE * 4, "it waited on: {:?}", looked - waits);
    scene.stop();
}

fn said(trace: &DeviceTrace, wanted: WireDirection, words: &str) -> bool {
    let is =
        |what: &TraceEntry| matches!(what, TraceEntry::Piece { direction, text, .. } if *direction == wanted && text.starts_with(words));
    trace.lines.iter().any(|line| is(&line.what))
}

#[test]
fn what_went_over_the_wire_is_told_over_every_opening_of_the_same_box() {
    let mut scene = Scene::new(DeviceChoice::Virtual { ports: 1 });
    scene.is_up();
    scene.seize();
    let trace = scene.trace();
    assert_eq!(trace.lines[0].what, TraceEntry::Opened);
    assert!(said(&trace, WireDirection::ToDevice, "request HELLO") && said(&trace, WireDirection::FromDevice, "response HELLO"));
    assert!(said(&trace, WireDirection::ToDevice, "request HOOK") && said(&trace, WireDirection::FromDevice, "event HOOK"));
    assert!(!said(&trace, WireDirection::FromDevice, "audio"));

    scene.boxes.give_up();
    scene.wait(|event| matches!(event, Event::DeviceGone));
    scene.is_up();
    let trace = scene.trace();
    let lost = trace.lines.iter().position(|line| line.what == TraceEntry::Lost { fault: DeviceFault::Stuck }).unwrap();
    assert_eq!(trace.lines[lost + 1].what, TraceEntry::Opened);
    scene.stop();
}

#[test]
fn a_box_that_was_lost_is_counted_until_another_is_chosen() {
    let mut scene = Scene::new(DeviceChoice::Virtual { ports: 1 });
    for lost in 1..=2 {
        scene.is_up();
        scene.boxes.give_up();
        scene.wait(|event| matches!(event, Event::DeviceGone));
        scene.is_up();
        let wire = scene.status().wires.remove(0);
        assert_eq!((wire.disconnects, wire.last_disconnect.unwrap().fault), (lost, DeviceFault::Stuck));
        assert!(matches!(wire.state, DeviceState::Up { .. }));
        // The next round waits for a box that is up already.
        let (done, chosen) = oneshot::channel();
        scene.send(BoxOrder::Choose { choice: DeviceChoice::Virtual { ports: 1 }, done });
        chosen.blocking_recv().unwrap();
    }
    scene.is_up();
    let newest = scene.trace().lines.last().unwrap().number;
    let (done, chosen) = oneshot::channel();
    scene.send(BoxOrder::Choose { choice: DeviceChoice::Virtual { ports: 2 }, done });
    chosen.blocking_recv().unwrap();
    scene.is_up();
    assert_eq!(scene.status().wires[0].disconnects, 0);
    let first = scene.trace().lines[0].clone();
    assert!(first.number > newest && first.what == TraceEntry::Opened);
    scene.stop();
}

#[test]
fn the_trace_is_told_while_there_is_no_box() {
    let scene = Scene::new(DeviceChoice::Serial { path: "/dev/no-such-box".to_owned() });
    let until = Instant::now() + SOON;
    let lost = TraceEntry::Lost { fault: DeviceFault::NotFound };
    while !scene.trace().lines.iter().any(|line| line.what == lost) {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(1));
    }
    scene.stop();
}
