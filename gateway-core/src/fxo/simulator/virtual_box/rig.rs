//! Lines, driver, a wire that can be bad, box and exchange, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{BoxOutput, VirtualBox};
use crate::config::PortId;
use crate::dsp::Frame;
use crate::dsp::dtmf::{DtmfGenerator, DtmfLevels};
use crate::fxo::boxlink::driver::{BoxDriver, BoxOptions};
use crate::fxo::boxlink::message::{AudioFormat, Period};
use crate::fxo::line::{Line, LineConfig, LineInput, LineOrder, LineOutput, LineReport, LineState};
use crate::fxo::simulator::act::{ExchangeEvent, LineAct, LineSound};
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::fxo::{Device, DeviceOutput, LineEvent};
use crate::rng::Rng;
use crate::time::{Moment, earliest};

const LATENCY: Duration = Duration::from_millis(2);

/// How bad the wire is; chances in 1000 for each write.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) loss: u64,
    pub(super) corruption: u64,
    pub(super) duplication: u64,
    pub(super) deaf_box: bool,
    pub(super) deaf_host: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToBox,
    ToHost,
}

pub(super) struct Rig {
    pub(super) now: Moment,
    pub(super) vbox: VirtualBox,
    pub(super) driver: BoxDriver,
    pub(super) lines: Vec<Line>,
    pub(super) faults: Faults,
    pub(super) told: Vec<(PortId, LineReport)>,
    pub(super) events: Vec<(PortId, ExchangeEvent)>,
    pub(super) sounds: Vec<(PortId, LineSound)>,
    pub(super) device: Vec<DeviceOutput>,
    pub(super) digits: BTreeMap<PortId, DtmfGenerator>,
    /// What the host plays when it dials nothing.
    pub(super) playing: BTreeMap<PortId, Frame>,
    pub(super) heard: BTreeMap<PortId, Vec<Frame>>,
    wire: BTreeMap<(Moment, u64), (Way, Vec<u8>)>,
    sent: u64,
    rng: Rng,
}

pub(super) fn line_config() -> LineConfig {
    LineConfig {
        ring_validation: Duration::from_millis(200),
        ring_timeout: Duration::from_millis(5500),
        caller_id_wait: Duration::from_secs(2),
        loop_interruption: Some(Duration::from_millis(100)),
        end_on_polarity_reversal: true,
        disconnect_tone_cycles: Some(3),
        end_on_dial_tone: true,
        guard: Duration::from_secs(1),
    }
}

impl Rig {
    /// A rig whose driver was just opened.
    pub(super) fn new(ports: u16, audio: Option<AudioFormat>, seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let now = Moment::from_secs(1);
        let mut rig = Rig {
            now,
            vbox: VirtualBox::new(ExchangeConfig::brazil(ports), "0001", rng.fork(), now),
            driver: BoxDriver::new(BoxOptions { audio, ..BoxOptions::default() }),
            lines: (0..ports).map(|_| Line::new(line_config())).collect(),
            faults: Faults::default(),
            told: Vec::new(),
            events: Vec::new(),
            sounds: Vec::new(),
            device: Vec::new(),
            digits: BTreeMap::new(),
            playing: BTreeMap::new(),
            heard: BTreeMap::new(),
            wire: BTreeMap::new(),
            sent: 0,
            rng,
        };
        let mut out = Vec::new();
        rig.driver.open(now, &mut out);
        rig.driver_did(out);
        rig
    }

    /// A rig whose lines are all idle.
    pub(super) fn idle(ports: u16, audio: Option<AudioFormat>) -> Self {
        Rig::new(ports, audio, 1).at_rest()
    }

    /// A rig whose lines are all idle, and whose box has sound of one period only.
    pub(super) fn of_period(period: &'static [Period], audio: AudioFormat) -> Self {
        let mut rig = Rig::new(1, Some(audio), 1);
        rig.vbox.firmware.only(period);
        rig.at_rest()
    }

    fn at_rest(self) -> Self {
        let mut rig = self;
        rig.run_ms(2000);
        assert!(rig.lines.iter().all(|line| line.state() == LineState::Idle));
        rig.forget();
        rig
    }

    pub(super) fn forget(&mut self) {
        self.told.clear();
        self.events.clear();
        self.sounds.clear();
        self.device.clear();
        self.heard.clear();
    }

    pub(super) fn order(&mut self, port: PortId, order: LineOrder) {
        self.line(port, LineInput::Order(order));
    }

    pub(super) fn act(&mut self, port: PortId, act: LineAct) {
        let mut out = Vec::new();
        self.vbox.act(port, act, self.now, &mut out);
        self.box_did(out);
    }

    pub(super) fn dial(&mut self, port: PortId, digits: &str) {
        let mut out = Vec::new();
        self.vbox.dial(port, digits, self.now, &mut out);
        self.box_did(out);
    }

    pub(super) fn reboot(&mut self) {
        let mut out = Vec::new();
        self.vbox.reboot(self.now, &mut out);
        self.box_did(out);
    }

    /// Queues digits as sound.
    pub(super) fn press(&mut self, port: PortId, digits: &str) {
        let generator = self.digits.entry(port).or_insert_with(|| DtmfGenerator::new(DtmfLevels::default()));
        generator.push(digits, Duration::from_millis(100), Duration::from_millis(100)).unwrap();
    }

    pub(super) fn has_told(&self, report: &LineReport) -> bool {
        self.told.iter().any(|(_, told)| told == report)
    }

    pub(super) fn has_noticed(&self, event: &ExchangeEvent) -> bool {
        self.events.iter().any(|(_, noticed)| noticed == event)
    }

    /// Runs until `done`, at most for a minute.
    pub(super) fn run_until(&mut self, what: &str, done: impl Fn(&Rig) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !done(self) {
            assert!(self.now < end, "never {what}: {:?} {:?} {:?}", self.told, self.events, self.sounds);
            self.run_ms(10);
        }
    }

    pub(super) fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        for _ in 0..1_000_000 {
            let wire = self.wire.keys().next().map(|(at, _)| *at);
            let lines = self.lines.iter().map(Line::deadline).fold(None, earliest);
            let machines = earliest(self.vbox.deadline(), self.driver.deadline());
            let Some(due) = earliest(earliest(wire, lines), machines).filter(|due| *due <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(due);
            self.step();
        }
        panic!("the world does not move any more at {:?}", self.now);
    }

    fn step(&mut self) {
        let now = self.now;
        let due: BTreeSet<_> = self.wire.keys().filter(|(at, _)| *at <= now).copied().collect();
        for key in due {
            match self.wire.remove(&key) {
                Some((Way::ToBox, bytes)) => {
                    let mut out = Vec::new();
                    self.vbox.receive(&bytes, now, &mut out);
                    self.box_did(out);
                }
                Some((Way::ToHost, bytes)) => {
                    let mut out = Vec::new();
                    self.driver.receive(&bytes, now, &mut out);
                    self.driver_did(out);
                }
                None => {}
            }
        }
        let is_due = |deadline: Option<Moment>| deadline.is_some_and(|at| at <= now);
        if is_due(self.vbox.deadline()) {
            let mut out = Vec::new();
            self.vbox.handle_timeout(now, &mut out);
            self.box_did(out);
        }
        if is_due(self.driver.deadline()) {
            let mut out = Vec::new();
            self.driver.handle_timeout(now, &mut out);
            self.driver_did(out);
        }
        for index in 0..self.lines.len() {
            if is_due(self.lines[index].deadline()) {
                let mut out = Vec::new();
                self.lines[index].handle_timeout(now, &mut out);
                self.line_did(PortId(u16::try_from(index).unwrap()), out);
            }
        }
    }

    fn line(&mut self, port: PortId, input: LineInput) {
        let mut out = Vec::new();
        self.lines[port.index()].handle(input, self.now, &mut out);
        self.line_did(port, out);
    }

    fn all_lines(&mut self, input: &LineInput) {
        for index in 0..self.lines.len() {
            self.line(PortId(u16::try_from(index).unwrap()), input.clone());
        }
    }

    fn line_did(&mut self, port: PortId, out: Vec<LineOutput>) {
        for output in out {
            match output {
                LineOutput::Report(report) => self.told.push((port, report)),
                LineOutput::Command(command) => {
                    let mut out = Vec::new();
                    self.driver.command(port, command, self.now, &mut out);
                    self.driver_did(out);
                }
            }
        }
    }

    fn driver_did(&mut self, out: Vec<DeviceOutput>) {
        for output in out {
            match &output {
                DeviceOutput::Write(bytes) => self.send(Way::ToBox, bytes.clone()),
                DeviceOutput::Up(_) => self.all_lines(&LineInput::DeviceUp),
                DeviceOutput::Rebooted | DeviceOutput::Silent | DeviceOutput::Unfit => self.all_lines(&LineInput::DeviceGone),
                DeviceOutput::Line(port, event) => self.line(*port, LineInput::Driver(event.clone())),
                DeviceOutput::Audio(port, frame) => self.frame(*port, *frame),
                DeviceOutput::Card(map) => panic!("this box has no card: {map:?}"),
            }
            if !matches!(output, DeviceOutput::Write(_) | DeviceOutput::Audio(..))
                && !matches!(output, DeviceOutput::Line(_, LineEvent::Measured { .. }))
            {
                self.device.push(output);
            }
        }
    }

    fn frame(&mut self, port: PortId, frame: Frame) {
        self.heard.entry(port).or_default().push(frame);
        let mut played = self.playing.get(&port).copied().unwrap_or_default();
        if let Some(generator) = self.digits.get_mut(&port).filter(|generator| !generator.is_idle()) {
            generator.fill(&mut played);
        }
        let mut out = Vec::new();
        self.driver.play(port, &played, self.now, &mut out);
        self.driver_did(out);
    }

    fn box_did(&mut self, out: Vec<BoxOutput>) {
        for output in out {
            match output {
                BoxOutput::Write(bytes) => self.send(Way::ToHost, bytes),
                BoxOutput::Event(port, event) => self.events.push((port, event)),
                BoxOutput::Sound(port, sound) => self.sounds.push((port, sound)),
            }
        }
    }

    fn send(&mut self, way: Way, mut bytes: Vec<u8>) {
        let faults = self.faults;
        let deaf = match way {
            Way::ToBox => faults.deaf_box,
            Way::ToHost => faults.deaf_host,
        };
        if deaf || self.rng.chance(faults.loss) {
            return;
        }
        if self.rng.chance(faults.corruption) && !bytes.is_empty() {
            let at = usize::try_from(self.rng.below(bytes.len() as u64)).unwrap();
            bytes[at] ^= 1 << self.rng.below(8);
        }
        let copies = if self.rng.chance(faults.duplication) { 2 } else { 1 };
        for _ in 0..copies {
            self.sent += 1;
            self.wire.insert((self.now + LATENCY, self.sent), (way, bytes.clone()));
        }
    }
}
