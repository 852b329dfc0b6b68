//! The device at its exchange, in virtual time, with a host that knows the document only.

use std::time::Duration;

use super::*;
use crate::dsp::callerid::CallerIdSource;
use crate::dsp::dtmf::{DtmfEvent, DtmfGenerator, DtmfLevels, DtmfReceiver};
use crate::dsp::g711::{ulaw_decode, ulaw_encode};
use crate::dsp::goertzel::power_at;
use crate::dsp::level::dbm0_of;
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::fxo::simulator::act::{CallerIdSending, ExchangeEvent, HangUpHow, IncomingCall, Sound};
use crate::fxo::u100::emulator::tests::host::{Ear, chunk, read_cpu, read_fxo, write_cpu, write_fxo};

const LEFT: PortId = PortId(0);
const RIGHT: PortId = PortId(1);

/// A host that answers each 20 ms of the device with 20 ms of its own, a command at a time in it.
struct Story {
    now: Moment,
    device: VirtualU100,
    ear: Ear,
    commands: std::collections::VecDeque<[u8; 3]>,
    digits: [DtmfGenerator; 2],
    events: Vec<(PortId, ExchangeEvent)>,
    host_lives: bool,
}

impl Story {
    fn new() -> Self {
        let now = Moment::from_secs(1);
        Story {
            now,
            device: VirtualU100::new(ExchangeConfig::brazil(1), U100Traits::default(), Rng::from_seed(7), now),
            ear: Ear::default(),
            commands: std::collections::VecDeque::new(),
            digits: [0, 1].map(|_| DtmfGenerator::new(DtmfLevels::default())),
            events: Vec::new(),
            host_lives: true,
        }
    }

    /// Both ports have power, a codec, and tell their events.
    fn ready() -> Self {
        let mut story = Story::new();
        story.command(write_cpu(3, 0x80));
        for port in 0..2 {
            for (register, value) in [(1, 0x80), (6, 0), (16, 0), (26, 0x30), (30, 0), (31, 0x20), (33, 0x28)] {
                story.command(write_fxo(port, register, value));
            }
        }
        story.command(write_cpu(3, 0x03));
        story.run_ms(200);
        story
    }

    fn command(&mut self, command: [u8; 3]) {
        self.commands.push_back(command);
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.device.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let mut out = Vec::new();
            self.device.handle_timeout(self.now, &mut out);
            self.did(out);
        }
        self.now = end;
    }

    fn run_until(&mut self, what: &str, done: impl Fn(&Story) -> bool) {
        let end = self.now + Duration::from_secs(30);
        while !done(self) {
            assert!(self.now < end, "never: {what}: {:?} {:?}", self.events, self.ear.messages);
            self.run_ms(20);
        }
    }

    fn act(&mut self, port: PortId, act: LineAct) {
        let mut out = Vec::new();
        self.device.act(port, act, self.now, &mut out);
        self.did(out);
    }

    fn did(&mut self, out: Vec<BoxOutput>) {
        for output in out {
            match output {
                BoxOutput::Write(bytes) => {
                    self.ear.hear(&bytes);
                    if self.host_lives {
                        self.answer(bytes.len() / 64);
                    }
                }
                BoxOutput::Event(port, event) => self.events.push((port, event)),
                BoxOutput::Sound(..) => {}
            }
        }
    }

    fn answer(&mut self, chunks: usize) {
        let [left, right] = &mut self.digits;
        let frames = [left, right].map(|digits| {
            let mut frame = Frame::SILENCE;
            if !digits.is_idle() {
                digits.fill(&mut frame);
            }
            frame
        });
        let mut at = 0;
        for _ in 0..chunks {
            let command = self.commands.pop_front();
            let bytes = chunk(command.as_ref().map_or(&[], |command| command), || {
                at += 1;
                frames.map(|frame| ulaw_encode(frame.0[at - 1]))
            });
            let mut out = Vec::new();
            self.device.receive(&bytes, self.now, &mut out);
            self.did(out);
        }
    }

    fn ask(&mut self, command: [u8; 3]) -> Option<u8> {
        self.ear.messages.clear();
        self.command(command);
        self.run_ms(60);
        self.ear.messages.iter().find(|message| message[..2] == command[..2]).map(|message| message[2])
    }

    /// Empties what was heard and hears anew.
    fn listen_ms(&mut self, port: usize, ms: u64) -> Vec<i16> {
        self.ear.samples[port].clear();
        self.run_ms(ms);
        self.ear.samples[port].iter().map(|code| ulaw_decode(*code)).collect()
    }

    fn dialled(&self, port: PortId) -> String {
        let digits = self.events.iter().filter_map(|(at, event)| match event {
            ExchangeEvent::Digit { digit } if *at == port => Some(*digit),
            _ => None,
        });
        digits.collect()
    }
}

#[test]
fn a_line_is_seized_dialled_and_released() {
    let mut story = Story::ready();
    assert_eq!(story.ask(read_cpu(0)), Some(0x55));
    assert_eq!([0, 1].map(|port| story.ask(read_fxo(port, 29))), [Some(48), Some(48)]);
    story.command(write_fxo(1, 5, 0x01));
    story.run_ms(500);
    assert!(story.device.is_off_hook(RIGHT) && !story.device.is_off_hook(LEFT));
    assert_eq!((story.ear.events(1, 5), story.ear.events(1, 29)), (vec![1], vec![7]));
    assert_eq!([28, 29].map(|register| story.ask(read_fxo(1, register))), [Some(21), Some(7)]);
    let tone = story.listen_ms(1, 400);
    assert!((dbm0_of(&tone) + 12.0).abs() < 1.0, "{}", dbm0_of(&tone));
    assert!(power_at(&tone, 425.0) > 1000.0 * power_at(&tone, 1000.0));
    let other = story.listen_ms(0, 400);
    assert!(other.iter().all(|sample| *sample == 0), "the other line is on hook");
    story.digits[1].push("100", Duration::from_millis(100), Duration::from_millis(100)).unwrap();
    story.run_until("answered", |story| story.events.contains(&(RIGHT, ExchangeEvent::Answered)));
    assert_eq!(story.dialled(RIGHT), "100");
    assert_eq!(story.dialled(LEFT), "");
    story.command(write_fxo(1, 5, 0x00));
    story.run_until("released", |story| story.events.contains(&(RIGHT, ExchangeEvent::Released)));
    assert!(!story.device.is_off_hook(RIGHT));
    assert_eq!(story.ask(read_fxo(1, 29)), Some(48));
    assert_eq!(story.device.device().counters().refused_commands, 0);
}

fn ring(source: CallerIdSource) -> LineAct {
    LineAct::Ring(IncomingCall {
        from: Some("1137077801".to_owned()),
        caller_id: Some(CallerIdSending::AfterRing { source }),
        sound: Some(Sound::Milliwatt),
        ..IncomingCall::default()
    })
}

#[test]
fn a_call_rings_and_its_caller_id_is_heard_with_the_monitor_on() {
    for monitor in [true, false] {
        let mut story = Story::ready();
        story.command(write_fxo(0, 5, if monitor { 0x08 } else { 0 }));
        story.run_ms(100);
        story.ear.messages.clear();
        story.ear.samples[0].clear();
        story.act(LEFT, ring(CallerIdSource::Dtmf));
        story.run_ms(4_000);
        let kept = if monitor { 0x08 } else { 0 };
        let halves = story.ear.events(0, 5);
        // 1 s of 25 Hz: 50 half cycles, one more event when the ringing is believed inside of one, and its end.
        assert!((50..=54).contains(&halves.len()), "{halves:02X?}");
        assert_eq!(halves[..2], [0x20 | kept, 0x40 | kept]);
        assert_eq!(halves.last(), Some(&kept));
        assert_eq!(story.ear.events(0, 4), [0x80]);
        let mut receiver = DtmfReceiver::new();
        let mut digits = Vec::new();
        for block in story.ear.samples[0].chunks_exact(FRAME_SAMPLES) {
            let mut frame = Frame::SILENCE;
            for (sample, code) in frame.0.iter_mut().zip(block) {
                *sample = ulaw_decode(*code);
            }
            receiver.process(&frame, &mut digits);
        }
        let digits = digits.iter().filter_map(|event| match event {
            DtmfEvent::Begin { digit, .. } => Some(*digit),
            DtmfEvent::End { .. } => None,
        });
        let digits: String = digits.collect();
        assert_eq!(digits.contains("1137077801"), monitor, "{digits}");
        story.command(write_fxo(0, 5, 0x01));
        story.run_until("answered", |story| story.events.contains(&(LEFT, ExchangeEvent::Connected)));
        story.run_ms(100);
        let heard = story.listen_ms(0, 400);
        assert!(dbm0_of(&heard).abs() < 1.0, "{}", dbm0_of(&heard));
    }
}

#[test]
fn a_hang_up_shows_in_current_voltage_and_polarity() {
    let mut story = Story::ready();
    story.act(LEFT, ring(CallerIdSource::Bell202));
    story.run_ms(1_500);
    story.command(write_fxo(0, 5, 0x01));
    story.run_ms(1_000);
    story.command(write_fxo(0, 4, 0x00));
    story.run_ms(100);
    story.ear.messages.clear();
    story.act(LEFT, LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 300 }) });
    story.run_ms(100);
    assert_eq!((story.ear.events(0, 29), story.ear.events(0, 4)), (vec![0], vec![0x08]));
    assert_eq!(story.ask(read_fxo(0, 28)), Some(0));
    story.ear.messages.clear();
    story.run_ms(400);
    assert_eq!(story.ear.events(0, 29), [7]);
    story.act(LEFT, LineAct::Reverse);
    story.run_ms(40);
    assert_eq!((story.ear.events(0, 29), story.ear.events(0, 4)), (vec![7, 0xF9], vec![0x09]));
}

#[test]
fn the_cable_and_a_parallel_telephone_show_in_the_voltage() {
    let mut story = Story::ready();
    story.ear.messages.clear();
    for act in [LineAct::CableOut, LineAct::CableIn, LineAct::Extension { off_hook: true }, LineAct::Extension { off_hook: false }] {
        story.act(RIGHT, act);
        story.run_ms(100);
    }
    assert_eq!(story.ear.events(1, 29), [0, 48, 8, 48]);
    assert!(story.ear.events(0, 29).is_empty() && story.ear.events(1, 5).is_empty());
}

/// The honest hazard: nothing but the host lets go of a line.
#[test]
fn a_host_that_died_leaves_the_line_seized_until_another_lets_go_or_the_power_goes() {
    let mut story = Story::ready();
    story.command(write_fxo(0, 5, 0x01));
    story.run_ms(500);
    story.host_lives = false;
    story.device.host_gone();
    story.run_ms(60_000);
    assert!(story.device.is_off_hook(LEFT));
    assert!(story.device.device().counters().underflows > 0);
    story.host_lives = true;
    story.command(write_cpu(3, 0x80));
    story.run_until("released", |story| story.events.contains(&(LEFT, ExchangeEvent::Released)));
    story.command(write_fxo(0, 6, 0x00));
    story.command(write_fxo(0, 5, 0x01));
    story.run_ms(2_000);
    assert!(story.device.is_off_hook(LEFT));
    story.events.clear();
    let mut out = Vec::new();
    story.device.power_cycle(story.now, &mut out);
    story.did(out);
    story.run_until("released", |story| story.events.contains(&(LEFT, ExchangeEvent::Released)));
    assert!(!story.device.is_off_hook(LEFT));
}

#[test]
fn a_host_that_comes_back_in_the_middle_of_a_group_is_found() {
    let mut story = Story::ready();
    for missing in 1..64 {
        let bytes = chunk(&[], || [0xFF, 0xFF]);
        let mut out = Vec::new();
        story.device.receive(&bytes[..missing], story.now, &mut out);
        story.run_ms(60);
        assert_eq!(story.ask(read_cpu(0)), Some(0x55), "{missing} bytes of a chunk");
    }
}
