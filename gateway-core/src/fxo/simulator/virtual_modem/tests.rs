//! Driver, modem, line and exchange together, in virtual time.

use std::time::Duration;

use super::*;
use crate::dsp::Frame;
use crate::dsp::dtmf::{DtmfGenerator, DtmfLevels};
use crate::dsp::level::dbm0_of;
use crate::fxo::line::{HangUpEvidence, Line, LineConfig, LineInput, LineOrder, LineOutput, LineReport, LineState};
use crate::fxo::modem::driver::{ModemDriver, ModemOptions};
use crate::fxo::modem::emulator::ModemModel;
use crate::fxo::simulator::act::{ExchangeEvent, HangUpHow, IncomingCall, Sound};
use crate::fxo::{Device, DeviceOutput};

const LATENCY: Duration = Duration::from_millis(2);

struct Story {
    now: Moment,
    modem: VirtualModem,
    driver: ModemDriver,
    line: Line,
    /// Bytes on their way: when they arrive, whether at the host, and which.
    wire: std::collections::VecDeque<(Moment, bool, Vec<u8>)>,
    told: Vec<LineReport>,
    events: Vec<ExchangeEvent>,
    heard: Vec<Frame>,
    digits: DtmfGenerator,
    given_up: bool,
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
    fn new(traits: ModemTraits) -> Self {
        let mut story = Story {
            now: Moment::from_secs(1),
            modem: VirtualModem::new(ExchangeConfig::brazil(1), traits, Rng::from_seed(7)),
            driver: ModemDriver::new(ModemOptions { country: Some(0x16) }),
            line: Line::new(line_config()),
            wire: std::collections::VecDeque::new(),
            told: Vec::new(),
            events: Vec::new(),
            heard: Vec::new(),
            digits: DtmfGenerator::new(DtmfLevels::default()),
            given_up: false,
        };
        story.open();
        story
    }

    fn idle(traits: ModemTraits) -> Self {
        let mut story = Story::new(traits);
        story.run_until("the line is idle", |story| story.line.state() == LineState::Idle);
        story
    }

    /// A driver that knows nothing opens whatever is there.
    fn open(&mut self) {
        self.driver = ModemDriver::new(ModemOptions { country: Some(0x16) });
        let mut out = Vec::new();
        self.driver.open(self.now, &mut out);
        self.driver_did(out);
    }

    fn seized(traits: ModemTraits) -> Self {
        let mut story = Story::idle(traits);
        story.order(LineOrder::Seize);
        story.run_until("seized", |story| story.has_told(&LineReport::Seized));
        story
    }

    fn has_told(&self, report: &LineReport) -> bool {
        self.told.contains(report)
    }

    fn run_until(&mut self, what: &str, done: impl Fn(&Story) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !done(self) {
            assert!(self.now < end, "never: {what}: {:?} {:?}", self.told, self.events);
            self.run_ms(10);
        }
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        loop {
            let machines = earliest(self.modem.deadline(), self.driver.deadline());
            let wire = self.wire.front().map(|(at, ..)| *at);
            let Some(due) = earliest(earliest(machines, self.line.deadline()), wire).filter(|due| *due <= end) else { break };
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
                self.modem.receive(&bytes, now, &mut out);
                self.modem_did(out);
            }
        }
        let is_due = |deadline: Option<Moment>| deadline.is_some_and(|at| at <= now);
        if is_due(self.modem.deadline()) {
            let mut out = Vec::new();
            self.modem.handle_timeout(now, &mut out);
            self.modem_did(out);
        }
        if is_due(self.driver.deadline()) {
            let mut out = Vec::new();
            self.driver.handle_timeout(now, &mut out);
            self.driver_did(out);
        }
        if is_due(self.line.deadline()) {
            let mut out = Vec::new();
            self.line.handle_timeout(now, &mut out);
            self.line_did(out);
        }
    }

    fn order(&mut self, order: LineOrder) {
        self.line_hears(LineInput::Order(order));
    }

    fn line_hears(&mut self, input: LineInput) {
        let mut out = Vec::new();
        self.line.handle(input, self.now, &mut out);
        self.line_did(out);
    }

    fn act(&mut self, act: LineAct) {
        let mut out = Vec::new();
        self.modem.act(act, self.now, &mut out);
        self.modem_did(out);
    }

    fn line_did(&mut self, out: Vec<LineOutput>) {
        for output in out {
            match output {
                LineOutput::Report(report) => self.told.push(report),
                LineOutput::Command(command) => {
                    let mut out = Vec::new();
                    self.driver.command(PORT, command, self.now, &mut out);
                    self.driver_did(out);
                }
            }
        }
    }

    fn driver_did(&mut self, out: Vec<DeviceOutput>) {
        for output in out {
            match output {
                DeviceOutput::Write(bytes) => self.wire.push_back((self.now + LATENCY, false, bytes)),
                DeviceOutput::Up(_) => self.line_hears(LineInput::DeviceUp),
                DeviceOutput::Silent | DeviceOutput::Unfit | DeviceOutput::Rebooted => {
                    self.given_up = true;
                    self.line_hears(LineInput::DeviceGone);
                }
                DeviceOutput::Card(map) => panic!("a modem has no card: {map:?}"),
                DeviceOutput::Line(_, event) => self.line_hears(LineInput::Driver(event)),
                DeviceOutput::Audio(_, frame) => {
                    self.heard.push(frame);
                    let mut played = Frame::SILENCE;
                    if !self.digits.is_idle() {
                        self.digits.fill(&mut played);
                    }
                    let mut out = Vec::new();
                    self.driver.play(PORT, &played, self.now, &mut out);
                    self.driver_did(out);
                }
            }
        }
    }

    fn modem_did(&mut self, out: Vec<BoxOutput>) {
        for output in out {
            match output {
                BoxOutput::Write(bytes) => self.wire.push_back((self.now + LATENCY, true, bytes)),
                BoxOutput::Event(_, event) => self.events.push(event),
                BoxOutput::Sound(..) => {}
            }
        }
    }

    fn press(&mut self, digits: &str) {
        self.digits.push(digits, Duration::from_millis(100), Duration::from_millis(100)).unwrap();
    }

    fn dialled(&self) -> String {
        self.events
            .iter()
            .filter_map(|event| match event {
                ExchangeEvent::Digit { digit } => Some(*digit),
                _ => None,
            })
            .collect()
    }

    /// The loudest of the last second.
    fn loudness_dbm0(&self) -> f32 {
        self.heard.iter().rev().take(50).map(|frame| dbm0_of(&frame.0)).fold(f32::MIN, f32::max)
    }
}

fn makes() -> [ModemTraits; 3] {
    let conexant = ModemTraits::of(ModemModel::Conexant);
    [
        conexant,
        ModemTraits { triple_dle: true, hook_delay: Duration::from_millis(1500), ..conexant },
        ModemTraits::of(ModemModel::UsRobotics),
    ]
}

fn ring() -> LineAct {
    LineAct::Ring(IncomingCall { from: Some("1137077801".to_owned()), ..IncomingCall::default() })
}

#[test]
fn a_caller_rings_is_known_is_heard_and_hangs_up() {
    for traits in makes() {
        let mut story = Story::idle(traits);
        story.act(ring());
        let caller = |report: &LineReport| matches!(report, LineReport::Caller(Some(id)) if id.number.as_deref() == Some("1137077801"));
        story.run_until("the caller is known", |story| story.told.iter().any(caller));
        assert!(story.has_told(&LineReport::Ringing));
        story.order(LineOrder::Seize);
        story.run_until("answered", |story| story.has_told(&LineReport::Seized) && story.events.contains(&ExchangeEvent::Connected));
        story.act(LineAct::Speak { sound: Sound::Milliwatt });
        story.run_ms(2_000);
        assert!(story.loudness_dbm0() > -3.0, "{traits:?}: {}", story.loudness_dbm0());
        story.order(LineOrder::Supervise);
        story.act(LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 500 }) });
        if traits.model == ModemModel::Conexant {
            let evidence = |report: &LineReport| matches!(report, LineReport::HungUp(HangUpEvidence::LoopInterruption { .. }));
            story.run_until("the hang-up is seen", |story| story.told.iter().any(evidence));
        }
        story.order(LineOrder::Release);
        story.run_until("released", |story| story.has_told(&LineReport::Released) && story.events.contains(&ExchangeEvent::Released));
        story.run_until("idle again", |story| story.line.state() == LineState::Idle);
        assert!(!story.modem.is_off_hook() && !story.given_up);
    }
}

#[test]
fn digits_as_sound_reach_the_exchange_and_the_far_end_echoes() {
    for traits in makes() {
        let mut story = Story::seized(traits);
        story.run_ms(1_000);
        assert!(story.loudness_dbm0() > -20.0, "dial tone: {}", story.loudness_dbm0());
        story.press("100");
        story.run_until("answered", |story| story.events.contains(&ExchangeEvent::Answered));
        assert_eq!(story.dialled(), "100");
        story.run_ms(2_000);
        story.press("5");
        story.run_ms(150);
        story.heard.clear();
        story.run_ms(800);
        assert!(story.loudness_dbm0() > -30.0, "echo: {}", story.loudness_dbm0());
    }
}

#[test]
fn flashes_and_pulse_digits_are_timed_by_the_modem() {
    for traits in makes() {
        let mut story = Story::seized(traits);
        story.run_ms(1_000);
        story.order(LineOrder::DialPulse("31".to_owned()));
        story.run_until("dialled", |story| story.has_told(&LineReport::Dialed));
        assert_eq!(story.dialled(), "31");
        story.run_ms(6_000);
        story.events.clear();
        story.order(LineOrder::Flash(Duration::from_millis(300)));
        story.run_ms(2_500);
        assert!(story.events.contains(&ExchangeEvent::Flash), "{traits:?} {:?}", story.events);
        assert_eq!(story.line.state(), LineState::OffHook);
    }
}

#[test]
fn a_host_that_crashed_in_a_call_finds_the_line_and_gives_it_back() {
    for traits in makes() {
        let mut story = Story::seized(traits);
        story.run_ms(1_000);
        story.wire.clear();
        story.line = Line::new(line_config());
        story.open();
        story.run_until("released", |story| story.events.contains(&ExchangeEvent::Released));
        story.run_until("idle", |story| story.line.state() == LineState::Idle);
        assert!(!story.given_up, "{traits:?}");
    }
}

#[test]
fn a_modem_that_lost_its_power_in_a_call_is_noticed_and_comes_back() {
    let mut story = Story::seized(ModemTraits::of(ModemModel::Conexant));
    let mut out = Vec::new();
    story.modem.power_cycle(story.now, &mut out);
    story.modem_did(out);
    story.run_until("given up", |story| story.given_up);
    assert!(!story.modem.is_off_hook());
    story.open();
    story.run_until("idle", |story| story.line.state() == LineState::Idle);
}

#[test]
fn the_cable_and_a_parallel_telephone_are_seen_at_rest() {
    let mut story = Story::idle(ModemTraits::of(ModemModel::Conexant));
    story.act(LineAct::CableOut);
    story.run_until("no battery", |story| story.line.state() == LineState::NoBattery);
    story.act(LineAct::CableIn);
    story.run_until("idle", |story| story.line.state() == LineState::Idle);
    story.act(LineAct::Extension { off_hook: true });
    story.run_until("in use", |story| story.line.state() == LineState::InUse);
    story.act(LineAct::Extension { off_hook: false });
    story.run_until("idle", |story| story.line.state() == LineState::Idle);
}

#[test]
fn a_modem_without_duplex_refuses_and_lets_go() {
    let traits = ModemTraits { duplex: false, ..ModemTraits::of(ModemModel::UsRobotics) };
    let mut story = Story::idle(traits);
    story.order(LineOrder::Seize);
    story.run_until("refused", |story| story.told.iter().any(|report| matches!(report, LineReport::SeizeFailed(_))));
    story.run_until("idle", |story| story.line.state() == LineState::Idle);
    assert!(!story.modem.is_off_hook());
}

/// Nothing that a wire can do to bytes leaves the line seized for good.
#[test]
fn a_bad_wire_never_keeps_the_line() {
    for seed in 0..60 {
        let mut rng = Rng::from_seed(seed);
        let mut story = Story::idle(makes()[usize::try_from(seed % 3).unwrap()]);
        story.order(LineOrder::Seize);
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
                2 => story.order(if rng.below(2) == 0 { LineOrder::Seize } else { LineOrder::Release }),
                _ => {}
            }
        }
        story.order(LineOrder::Release);
        story.run_ms(30_000);
        if story.given_up {
            // Whoever owns the port closes it, and opens it anew.
            let mut out = Vec::new();
            story.modem.drop_dtr(story.now, &mut out);
            story.modem_did(out);
        }
        assert!(!story.modem.is_off_hook(), "seed {seed}: {:?}", story.told);
    }
}
