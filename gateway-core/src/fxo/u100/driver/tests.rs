//! Driver, device, lines and exchange together, in virtual time.

use super::*;
use crate::dsp::callerid::CallerIdReceiver;
use crate::dsp::callerid::dtmf::CategoryDigit;
use crate::dsp::dtmf::{DtmfGenerator, DtmfLevels};
use crate::dsp::level::dbm0_of;
use crate::fxo::line::{HangUpEvidence, Line, LineConfig, LineInput, LineOrder, LineOutput, LineReport, LineState};
use crate::fxo::simulator::act::{ExchangeEvent, HangUpHow, IncomingCall, LineAct, Sound as Said};
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::fxo::simulator::virtual_box::BoxOutput;
use crate::fxo::simulator::virtual_u100::VirtualU100;
use crate::fxo::u100::emulator::U100Traits;
use crate::rng::Rng;

const LATENCY: Duration = Duration::from_millis(2);

/// One line of the two.
struct Side {
    line: Line,
    told: Vec<LineReport>,
    events: Vec<ExchangeEvent>,
    heard: Vec<Frame>,
    digits: DtmfGenerator,
}

struct Story {
    now: Moment,
    device: VirtualU100,
    driver: U100Driver,
    sides: [Side; 2],
    /// Bytes on their way: when they arrive, whether at the host, and which.
    wire: VecDeque<(Moment, bool, Vec<u8>)>,
    given_up: Option<DeviceOutput>,
}

fn line_config() -> LineConfig {
    LineConfig {
        ring_validation: Duration::from_millis(200),
        ring_timeout: Duration::from_millis(7000),
        caller_id_wait: Duration::from_secs(3),
        loop_interruption: Some(Duration::from_millis(100)),
        end_on_polarity_reversal: true,
        disconnect_tone_cycles: Some(3),
        end_on_dial_tone: true,
        guard: Duration::from_secs(1),
    }
}

impl Story {
    fn new(traits: U100Traits) -> Self {
        let now = Moment::from_secs(1);
        let side = || Side {
            line: Line::new(line_config()),
            told: Vec::new(),
            events: Vec::new(),
            heard: Vec::new(),
            digits: DtmfGenerator::new(DtmfLevels::default()),
        };
        let device = VirtualU100::new(ExchangeConfig::brazil(2), traits, Rng::from_seed(7), now);
        let mut story =
            Story { now, device, driver: U100Driver::default(), sides: [side(), side()], wire: VecDeque::new(), given_up: None };
        story.open();
        story
    }

    fn open(&mut self) {
        self.given_up = None;
        self.driver = U100Driver::default();
        let mut out = Vec::new();
        self.driver.open(self.now, &mut out);
        self.driver_did(out);
    }

    fn idle() -> Self {
        let mut story = Story::new(U100Traits::default());
        story.run_until("both lines are idle", |story| story.sides.iter().all(|side| side.line.state() == LineState::Idle));
        story
    }

    fn seized() -> Self {
        let mut story = Story::idle();
        story.order(0, LineOrder::Seize);
        story.run_until("seized", |story| story.has_told(0, &LineReport::Seized));
        story
    }

    fn has_told(&self, index: usize, report: &LineReport) -> bool {
        self.sides[index].told.contains(report)
    }

    fn run_until(&mut self, what: &str, done: impl Fn(&Story) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !done(self) {
            let [left, right] = &self.sides;
            assert!(self.now < end, "never: {what}: {:?} {:?} {:?}", left.told, left.events, right.told);
            self.run_ms(10);
        }
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        loop {
            let machines = earliest(self.device.deadline(), self.driver.deadline());
            let lines = self.sides.iter().map(|side| side.line.deadline()).fold(machines, earliest);
            let wire = self.wire.front().map(|(at, ..)| *at);
            let Some(due) = earliest(lines, wire).filter(|due| *due <= end) else { break };
            self.now = self.now.max(due);
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some((_, to_host, bytes)) = self.wire.pop_front_if(|(at, ..)| *at <= now) {
            if to_host {
                let mut out = Vec::new();
                self.driver.receive(&bytes, now, &mut out);
                self.driver_did(out);
            } else {
                let mut out = Vec::new();
                self.device.receive(&bytes, now, &mut out);
                self.device_did(out);
            }
        }
        let is_due = |deadline: Option<Moment>| deadline.is_some_and(|at| at <= now);
        if is_due(self.device.deadline()) {
            let mut out = Vec::new();
            self.device.handle_timeout(now, &mut out);
            self.device_did(out);
        }
        if is_due(self.driver.deadline()) {
            let mut out = Vec::new();
            self.driver.handle_timeout(now, &mut out);
            self.driver_did(out);
        }
        for index in 0..2 {
            if is_due(self.sides[index].line.deadline()) {
                let mut out = Vec::new();
                self.sides[index].line.handle_timeout(now, &mut out);
                self.line_did(index, out);
            }
        }
    }

    fn order(&mut self, index: usize, order: LineOrder) {
        self.line_hears(index, LineInput::Order(order));
    }

    fn line_hears(&mut self, index: usize, input: LineInput) {
        let mut out = Vec::new();
        self.sides[index].line.handle(input, self.now, &mut out);
        self.line_did(index, out);
    }

    fn act(&mut self, index: usize, act: LineAct) {
        let mut out = Vec::new();
        self.device.act(port_id(index), act, self.now, &mut out);
        self.device_did(out);
    }

    fn line_did(&mut self, index: usize, out: Vec<LineOutput>) {
        for output in out {
            match output {
                LineOutput::Report(report) => self.sides[index].told.push(report),
                LineOutput::Command(command) => {
                    let mut out = Vec::new();
                    self.driver.command(port_id(index), command, self.now, &mut out);
                    self.driver_did(out);
                }
            }
        }
    }

    fn driver_did(&mut self, out: Vec<DeviceOutput>) {
        for output in out {
            match output {
                DeviceOutput::Write(bytes) => self.wire.push_back((self.now + LATENCY, false, bytes)),
                DeviceOutput::Up(identity) => {
                    assert_eq!((identity.ports, identity.firmware.as_str()), (2, "2.0"));
                    (0..2).for_each(|index| self.line_hears(index, LineInput::DeviceUp));
                }
                DeviceOutput::Silent | DeviceOutput::Unfit | DeviceOutput::Rebooted => {
                    self.given_up = Some(output);
                    (0..2).for_each(|index| self.line_hears(index, LineInput::DeviceGone));
                }
                DeviceOutput::Card(map) => panic!("its sound is in its stream: {map:?}"),
                DeviceOutput::Line(port, event) => self.line_hears(port.index(), LineInput::Driver(event)),
                DeviceOutput::Audio(port, frame) => {
                    let side = &mut self.sides[port.index()];
                    side.heard.push(frame);
                    let mut played = Frame::SILENCE;
                    if !side.digits.is_idle() {
                        side.digits.fill(&mut played);
                    }
                    let mut out = Vec::new();
                    self.driver.play(port, &played, self.now, &mut out);
                    self.driver_did(out);
                }
            }
        }
    }

    fn device_did(&mut self, out: Vec<BoxOutput>) {
        for output in out {
            match output {
                BoxOutput::Write(bytes) => self.wire.push_back((self.now + LATENCY, true, bytes)),
                BoxOutput::Event(port, event) => self.sides[port.index()].events.push(event),
                BoxOutput::Sound(..) => {}
            }
        }
    }

    fn press(&mut self, index: usize, digits: &str) {
        self.sides[index].digits.push(digits, Duration::from_millis(100), Duration::from_millis(100)).unwrap();
    }

    fn dialled(&self, index: usize) -> String {
        let digit = |event: &ExchangeEvent| if let ExchangeEvent::Digit { digit } = event { Some(*digit) } else { None };
        self.sides[index].events.iter().filter_map(digit).collect()
    }

    fn noticed(&self, index: usize, event: &ExchangeEvent) -> bool {
        self.sides[index].events.contains(event)
    }

    /// The loudest of the last second.
    fn loudness_dbm0(&self, index: usize) -> f32 {
        self.sides[index].heard.iter().rev().take(50).map(|frame| dbm0_of(&frame.0)).fold(f32::MIN, f32::max)
    }

    fn is_off_hook(&self, index: usize) -> bool {
        self.device.is_off_hook(port_id(index))
    }
}

#[test]
fn it_comes_up_with_old_firmware_and_new_and_after_a_slow_start() {
    for traits in
        [U100Traits { start: Duration::from_secs(5), ..U100Traits::default() }, U100Traits { short_reads: true, ..U100Traits::default() }]
    {
        let mut story = Story::new(traits);
        story.run_until("idle", |story| story.sides.iter().all(|side| side.line.state() == LineState::Idle));
        assert!(story.now < Moment::from_secs(1) + ANSWERS_WITHIN);
        assert_eq!(story.driver.counters().timeouts, 0);
    }
}

#[test]
fn a_caller_rings_is_heard_and_hangs_up_beside_a_line_that_rests() {
    for index in [0, 1] {
        let mut story = Story::idle();
        story.act(index, LineAct::Ring(IncomingCall { from: Some("1137077801".to_owned()), ..IncomingCall::default() }));
        story.run_until("it rings", |story| story.has_told(index, &LineReport::Ringing));
        story.run_ms(3_000);
        // The device decodes no caller ID: it is in what was heard on hook.
        let (mut receiver, mut callers) = (CallerIdReceiver::new(CategoryDigit::default()), Vec::new());
        story.sides[index].heard.iter().for_each(|frame| receiver.process(frame, &mut callers));
        let number = callers.first().and_then(|caller| caller.number.as_deref());
        assert_eq!(number, Some("1137077801"));
        story.order(index, LineOrder::Seize);
        story.run_until("answered", |story| story.has_told(index, &LineReport::Seized) && story.noticed(index, &ExchangeEvent::Connected));
        story.act(index, LineAct::Speak { sound: Said::Milliwatt });
        story.run_ms(2_000);
        assert!(story.loudness_dbm0(index) > -1.0, "{}", story.loudness_dbm0(index));
        assert!(story.loudness_dbm0(1 - index) < -40.0, "the other line hears nothing of it");
        story.order(index, LineOrder::Supervise);
        story.act(index, LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 500 }) });
        let evidence = |report: &LineReport| matches!(report, LineReport::HungUp(HangUpEvidence::LoopInterruption { .. }));
        story.run_until("the hang-up is seen", |story| story.sides[index].told.iter().any(evidence));
        story.order(index, LineOrder::Release);
        story.run_until("released", |story| story.has_told(index, &LineReport::Released));
        story.run_until("idle again", |story| story.sides[index].line.state() == LineState::Idle);
        assert!(!story.is_off_hook(index) && story.given_up.is_none());
        assert_eq!(
            story.sides[1 - index].told,
            story.sides[1 - index].told.iter().filter(|r| **r != LineReport::Ringing).cloned().collect::<Vec<_>>()
        );
    }
}

#[test]
fn digits_as_sound_reach_the_exchange_and_the_far_end_echoes() {
    let mut story = Story::seized();
    story.run_ms(1_000);
    assert!(story.loudness_dbm0(0) > -20.0, "dial tone: {}", story.loudness_dbm0(0));
    story.press(0, "100");
    story.run_until("answered", |story| story.noticed(0, &ExchangeEvent::Answered));
    assert_eq!(story.dialled(0), "100");
    story.run_ms(2_000);
    story.press(0, "5");
    story.run_ms(250);
    story.sides[0].heard.clear();
    story.run_ms(800);
    assert!(story.loudness_dbm0(0) > -30.0, "echo: {}", story.loudness_dbm0(0));
    assert_eq!(story.driver.counters().resyncs, 0);
}

#[test]
fn flashes_and_pulse_digits_are_timed_by_the_driver() {
    let mut story = Story::seized();
    story.run_ms(1_000);
    story.order(0, LineOrder::DialPulse("31".to_owned()));
    story.run_until("dialled", |story| story.has_told(0, &LineReport::Dialed));
    assert_eq!(story.dialled(0), "31");
    story.run_ms(6_000);
    story.sides[0].events.clear();
    story.order(0, LineOrder::Flash(Duration::from_millis(300)));
    story.run_ms(2_500);
    assert!(story.noticed(0, &ExchangeEvent::Flash), "{:?}", story.sides[0].events);
    assert_eq!(story.sides[0].line.state(), LineState::OffHook);
    assert!(story.is_off_hook(0));
}

#[test]
fn a_host_that_crashed_in_a_call_finds_the_line_and_gives_it_back() {
    let mut story = Story::seized();
    story.run_ms(1_000);
    story.wire.clear();
    for side in &mut story.sides {
        side.line = Line::new(line_config());
    }
    story.open();
    story.run_until("released", |story| story.noticed(0, &ExchangeEvent::Released));
    story.run_until("idle", |story| story.sides[0].line.state() == LineState::Idle);
    assert!(story.given_up.is_none());
}

#[test]
fn a_device_that_lost_its_power_in_a_call_is_noticed_and_comes_back() {
    let mut story = Story::new(U100Traits { start: Duration::from_secs(5), ..U100Traits::default() });
    story.run_until("idle", |story| story.sides[0].line.state() == LineState::Idle);
    story.order(0, LineOrder::Seize);
    story.run_until("seized", |story| story.has_told(0, &LineReport::Seized));
    let mut out = Vec::new();
    story.device.power_cycle(story.now, &mut out);
    story.device_did(out);
    story.run_until("given up", |story| story.given_up == Some(DeviceOutput::Silent));
    assert!(!story.is_off_hook(0));
    story.open();
    story.run_until("idle", |story| story.sides[0].line.state() == LineState::Idle);
}

#[test]
fn the_cable_a_reversal_and_a_parallel_telephone_are_seen() {
    let mut story = Story::idle();
    story.act(0, LineAct::CableOut);
    story.run_until("no battery", |story| story.sides[0].line.state() == LineState::NoBattery);
    story.act(0, LineAct::CableIn);
    story.run_until("idle", |story| story.sides[0].line.state() == LineState::Idle);
    story.act(0, LineAct::Extension { off_hook: true });
    story.run_until("in use", |story| story.sides[0].line.state() == LineState::InUse);
    story.act(0, LineAct::Extension { off_hook: false });
    story.run_until("idle", |story| story.sides[0].line.state() == LineState::Idle);
}

#[test]
fn another_device_with_the_same_stream_is_refused() {
    let mut driver = U100Driver::default();
    let mut out = Vec::new();
    driver.open(Moment::ZERO, &mut out);
    driver.state = State::SettingUp(Setup::new());
    driver.set_up(Moment::ZERO);
    out.clear();
    driver.message(Message { kind: Kind::ReadDevice, port: 0, register: device::ID, value: 0x12 }, Moment::ZERO, &mut out);
    assert_eq!(out, [DeviceOutput::Unfit]);
}

/// Nothing that a wire can do to bytes leaves a line seized for good.
#[test]
fn a_bad_wire_never_keeps_a_line() {
    for seed in 0..30 {
        let mut rng = Rng::from_seed(seed);
        let mut story = Story::idle();
        story.order(0, LineOrder::Seize);
        for _ in 0..40 {
            story.run_ms(rng.below(200));
            match rng.below(4) {
                0 => drop(story.wire.pop_front()),
                1 => {
                    if let Some((_, _, bytes)) = story.wire.front_mut()
                        && !bytes.is_empty()
                    {
                        let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
                        bytes[at] ^= 1 << rng.below(8);
                    }
                }
                2 => story.order(0, if rng.below(2) == 0 { LineOrder::Seize } else { LineOrder::Release }),
                _ => {}
            }
        }
        story.order(0, LineOrder::Release);
        story.run_ms(10_000);
        if story.given_up.is_some() {
            // Whoever owns the port opens it anew.
            story.open();
            story.run_ms(10_000);
        }
        assert!(!story.is_off_hook(0) && !story.is_off_hook(1), "seed {seed}: {:?}", story.sides[0].told);
    }
}
