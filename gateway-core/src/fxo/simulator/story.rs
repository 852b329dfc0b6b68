//! A driver, what it drives, its lines and their exchange together, in virtual time: the stage on which drivers are tested.

use std::collections::VecDeque;
use std::time::Duration;

use super::act::{ExchangeEvent, LineAct};
use super::virtual_box::BoxOutput;
use crate::config::PortId;
use crate::dsp::Frame;
use crate::dsp::dtmf::{DtmfGenerator, DtmfLevels};
use crate::dsp::level::dbm0_of;
use crate::fxo::line::{Line, LineConfig, LineInput, LineOrder, LineOutput, LineReport, LineState};
use crate::fxo::{Device, DeviceOutput, Identity};
use crate::time::{Moment, earliest};

/// When a story begins.
pub(crate) const START: Moment = Moment::from_secs(1);

/// What a wire takes.
const LATENCY: Duration = Duration::from_millis(2);

/// One line of the two.
pub(crate) struct Side {
    pub(crate) line: Line,
    pub(crate) told: Vec<LineReport>,
    pub(crate) events: Vec<ExchangeEvent>,
    pub(crate) heard: Vec<Frame>,
    digits: DtmfGenerator,
}

/// What is plugged in, with its exchange.
pub(crate) trait Plugged {
    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>);
    fn act(&mut self, port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>);
    fn deadline(&self) -> Option<Moment>;
    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>);
}

/// All of them in one world.
pub(crate) struct Story<P> {
    pub(crate) now: Moment,
    pub(crate) plugged: P,
    pub(crate) driver: Box<dyn Device>,
    make: fn() -> Box<dyn Device>,
    pub(crate) sides: Vec<Side>,
    /// Bytes on their way: when they arrive, whether at the host, and which.
    pub(crate) wire: VecDeque<(Moment, bool, Vec<u8>)>,
    /// Who the driver said is there.
    pub(crate) identity: Option<Identity>,
    /// What the driver said when it gave up.
    pub(crate) given_up: Option<DeviceOutput>,
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

impl<P: Plugged> Story<P> {
    /// A driver opens what is plugged in from [`Moment`] 1 s on; it has so many lines.
    pub(crate) fn new(plugged: P, make: fn() -> Box<dyn Device>, lines: usize) -> Self {
        let side = || Side {
            line: Line::new(line_config()),
            told: Vec::new(),
            events: Vec::new(),
            heard: Vec::new(),
            digits: DtmfGenerator::new(DtmfLevels::default()),
        };
        let sides = (0..lines).map(|_| side()).collect();
        let (wire, now) = (VecDeque::new(), START);
        let mut story = Story { now, plugged, driver: make(), make, sides, wire, identity: None, given_up: None };
        story.open();
        story
    }

    /// A driver that knows nothing opens whatever is there.
    pub(crate) fn open(&mut self) {
        self.given_up = None;
        self.driver = (self.make)();
        let mut out = Vec::new();
        self.driver.open(self.now, &mut out);
        self.driver_did(out);
    }

    /// As [`Story::open`], by a host that crashed: its lines forget, and what was on the wire is lost.
    pub(crate) fn open_after_crash(&mut self) {
        self.wire.clear();
        for side in &mut self.sides {
            side.line = Line::new(line_config());
        }
        self.open();
    }

    pub(crate) fn run_until_idle(&mut self) {
        self.run_until("every line is idle", |story| story.sides.iter().all(|side| side.line.state() == LineState::Idle));
    }

    pub(crate) fn seize(&mut self, index: usize) {
        self.order(index, LineOrder::Seize);
        self.run_until("seized", |story| story.has_told(index, &LineReport::Seized));
    }

    /// Does something to what is plugged in.
    pub(crate) fn with_plugged(&mut self, act: impl FnOnce(&mut P, Moment, &mut Vec<BoxOutput>)) {
        let mut out = Vec::new();
        act(&mut self.plugged, self.now, &mut out);
        self.plugged_did(out);
    }

    pub(crate) fn state(&self, index: usize) -> LineState {
        self.sides[index].line.state()
    }

    pub(crate) fn has_told(&self, index: usize, report: &LineReport) -> bool {
        self.sides[index].told.contains(report)
    }

    pub(crate) fn run_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !done(self) {
            let told: Vec<_> = self.sides.iter().map(|side| (&side.told, &side.events)).collect();
            assert!(self.now < end, "never: {what}: {told:?}");
            self.run_ms(10);
        }
    }

    pub(crate) fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        loop {
            let machines = earliest(self.plugged.deadline(), self.driver.deadline());
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
                self.plugged.receive(&bytes, now, &mut out);
                self.plugged_did(out);
            }
        }
        let is_due = |deadline: Option<Moment>| deadline.is_some_and(|at| at <= now);
        if is_due(self.plugged.deadline()) {
            let mut out = Vec::new();
            self.plugged.handle_timeout(now, &mut out);
            self.plugged_did(out);
        }
        if is_due(self.driver.deadline()) {
            let mut out = Vec::new();
            self.driver.handle_timeout(now, &mut out);
            self.driver_did(out);
        }
        for index in 0..self.sides.len() {
            if is_due(self.sides[index].line.deadline()) {
                let mut out = Vec::new();
                self.sides[index].line.handle_timeout(now, &mut out);
                self.line_did(index, out);
            }
        }
    }

    pub(crate) fn order(&mut self, index: usize, order: LineOrder) {
        self.line_hears(index, LineInput::Order(order));
    }

    fn line_hears(&mut self, index: usize, input: LineInput) {
        let mut out = Vec::new();
        self.sides[index].line.handle(input, self.now, &mut out);
        self.line_did(index, out);
    }

    pub(crate) fn act(&mut self, index: usize, act: LineAct) {
        let mut out = Vec::new();
        self.plugged.act(port_id(index), act, self.now, &mut out);
        self.plugged_did(out);
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
                    self.identity = Some(identity);
                    (0..self.sides.len()).for_each(|index| self.line_hears(index, LineInput::DeviceUp));
                }
                DeviceOutput::Silent | DeviceOutput::Unfit | DeviceOutput::Rebooted => {
                    self.given_up = Some(output);
                    (0..self.sides.len()).for_each(|index| self.line_hears(index, LineInput::DeviceGone));
                }
                DeviceOutput::Card(map) => panic!("its sound is on its wire: {map:?}"),
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

    fn plugged_did(&mut self, out: Vec<BoxOutput>) {
        for output in out {
            match output {
                BoxOutput::Write(bytes) => self.wire.push_back((self.now + LATENCY, true, bytes)),
                BoxOutput::Event(port, event) => self.sides[port.index()].events.push(event),
                BoxOutput::Sound(..) => {}
            }
        }
    }

    pub(crate) fn press(&mut self, index: usize, digits: &str) {
        self.sides[index].digits.push(digits, Duration::from_millis(100), Duration::from_millis(100)).unwrap();
    }

    pub(crate) fn dialled(&self, index: usize) -> String {
        let digit = |event: &ExchangeEvent| if let ExchangeEvent::Digit { digit } = event { Some(*digit) } else { None };
        self.sides[index].events.iter().filter_map(digit).collect()
    }

    pub(crate) fn noticed(&self, index: usize, event: &ExchangeEvent) -> bool {
        self.sides[index].events.contains(event)
    }

    /// The loudest of the last second.
    pub(crate) fn loudness_dbm0(&self, index: usize) -> f32 {
        self.sides[index].heard.iter().rev().take(50).map(|frame| dbm0_of(&frame.0)).fold(f32::MIN, f32::max)
    }
}

fn port_id(index: usize) -> PortId {
    PortId(u16::try_from(index).unwrap())
}
