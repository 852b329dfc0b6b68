//! The Sangoma U100 as the description of its wire has it: the other side of the wire, for the simulated exchange and for tests.
//!
//! It shares nothing with the driver, so that a misunderstanding there is not repeated here. Where the description is silent,
//! what was chosen stands beside it.
//!
//! The device has no watchdog, as far as is known: a host that falls silent, or whose program dies, leaves its lines as they
//! were, off hook included. Whoever drives it has to let go of the lines when it starts and before it ends.

mod cpu;
mod daa;
mod framing;
#[cfg(test)]
pub(in crate::fxo) mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use self::cpu::{Cpu, Versions};
use self::daa::{Daa, NO_SOUND};
use self::framing::{GROUPS, IDLE, Received, Receiver, put_frame};
use crate::config::PortId;
use crate::dsp::{FRAME_MS, FRAME_SAMPLES, Frame};
use crate::fxo::LineEvent;
use crate::fxo::boxlink::message::LineStatus;
use crate::time::Moment;

/// Lines of the device.
pub const PORTS: usize = 2;

const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// A device that was not called for longer than this drops the sound it missed instead of catching up.
const MOST_LAG: Duration = Duration::from_millis(200);

/// Samples of a port that wait to be played: 100 ms. Of more, the oldest are dropped. The depth of the real one is not known.
const MOST_PLAYOUT: usize = 800;

/// Groups in the 64 bytes in which the host writes: one command is taken in so many, counted from where the last one began.
const CHUNK_GROUPS: u64 = 16;

/// Bytes of a message, without which it is none.
const MESSAGE: usize = 3;

/// Events that wait to be sent; of more, the newest are lost.
const MOST_EVENTS: usize = 64;

/// The first firmware that tells whether it follows the host's stream.
const TELLS_SYNC: u8 = 0x20;

/// Kinds of messages: byte 0 without its two lowest bits, which are the port.
const READ_FXO: u8 = 1;
const WRITE_FXO: u8 = 2;
const EVENT: u8 = 3;
const READ_CPU: u8 = 4;
const WRITE_CPU: u8 = 5;

/// What a device is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct U100Traits {
    /// CPU register 1.
    pub hardware_version: u8,
    /// CPU register 2; below 0x20 it does not tell whether it is in sync with the host.
    pub firmware_version: u8,
    /// CPU register 9: channels of the hardware echo canceller. It is not simulated; the number is only told.
    pub echo_channels: u8,
    /// How long it is silent and deaf after power-up. A host waits 5 s before it looks.
    pub start: Duration,
    /// Takes reads of two bytes. The document says that messages of fewer than three bytes are discarded, and shows data as
    /// optional; a host that always sends three bytes is understood either way.
    pub short_reads: bool,
}

impl Default for U100Traits {
    fn default() -> Self {
        U100Traits { hardware_version: 0x01, firmware_version: 0x20, echo_channels: 2, start: Duration::ZERO, short_reads: false }
    }
}

/// What the device does.
#[derive(Clone, Debug, PartialEq)]
pub enum U100Output {
    /// Bytes for the host.
    Write(Vec<u8>),
    /// A hook relay moved: true closed (off hook).
    Relay(PortId, bool),
    /// 20 ms for a line.
    Sounded(PortId, Frame),
    /// 20 ms of both lines, from this moment on, are due: give them to [`U100::heard`].
    FramesDue(Moment),
}

/// What went wrong so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct U100Counters {
    /// Times the stream of the host was lost.
    pub sync_losses: u64,
    /// Times 20 ms of a port lacked samples of a host that had sent some before.
    pub underflows: u64,
    /// Samples of a port that found no room.
    pub overflows: u64,
    /// Messages of fewer than three bytes.
    pub short_messages: u64,
    /// Messages that are no command, or for no port.
    pub unknown_commands: u64,
    /// Commands that came too soon after another, or reads while the answer to one was still to be sent.
    pub refused_commands: u64,
}

/// One line of the device.
#[derive(Debug)]
struct Port {
    daa: Daa,
    relay: bool,
    playout: VecDeque<u8>,
    /// The host sent samples, so that it is missed when it does not.
    primed: bool,
}

impl Port {
    fn new() -> Self {
        Port { daa: Daa::new(), relay: false, playout: VecDeque::new(), primed: false }
    }

    /// The next 20 ms of the host, and whether they were all there.
    fn next_frame(&mut self) -> (Frame, bool) {
        let complete = self.playout.len() >= FRAME_SAMPLES;
        let codes = self.playout.drain(..self.playout.len().min(FRAME_SAMPLES));
        let mut frame = Frame::SILENCE;
        if let Some(law) = self.daa.law().filter(|_| self.daa.is_off_hook()) {
            for (sample, code) in frame.0.iter_mut().zip(codes) {
                *sample = law.decode(code);
            }
        }
        (frame, complete)
    }

    /// The codes of what is heard on the line, as far as the line interface lets it through.
    fn codes(&self, frame: &Frame) -> [u8; FRAME_SAMPLES] {
        match self.daa.law() {
            Some(law) if self.daa.hears() => frame.0.map(|sample| law.encode(sample)),
            Some(law) => [law.encode(0); FRAME_SAMPLES],
            None => [NO_SOUND; FRAME_SAMPLES],
        }
    }
}

/// The device.
#[derive(Debug)]
pub struct U100 {
    traits: U100Traits,
    /// When it began, or begins, to talk.
    starts: Moment,
    /// How far its stream got.
    sent_until: Moment,
    cpu: Cpu,
    ports: [Port; PORTS],
    receiver: Receiver,
    /// Control bytes since the last delimiter.
    message: Vec<u8>,
    /// Groups since it follows the host.
    groups: u64,
    /// The group in which the message began.
    began: u64,
    /// The group in which the last command that was taken began.
    commanded: Option<u64>,
    reply: Option<[u8; MESSAGE]>,
    events: VecDeque<[u8; MESSAGE]>,
    counters: U100Counters,
}

impl U100 {
    /// A device that gets its power now.
    #[must_use]
    pub fn new(traits: U100Traits, now: Moment) -> Self {
        let starts = now + traits.start;
        let versions =
            Versions { hardware: traits.hardware_version, firmware: traits.firmware_version, echo_channels: traits.echo_channels };
        U100 {
            traits,
            starts,
            sent_until: starts,
            cpu: Cpu::new(versions),
            ports: std::array::from_fn(|_| Port::new()),
            receiver: Receiver::default(),
            message: Vec::new(),
            groups: 0,
            began: 0,
            commanded: None,
            reply: None,
            events: VecDeque::new(),
            counters: U100Counters::default(),
        }
    }

    /// Whether it holds this line; a line that does not exist is not held.
    #[must_use]
    pub fn is_off_hook(&self, port: PortId) -> bool {
        self.ports.get(port.index()).is_some_and(|port| port.relay)
    }

    /// Whether it follows the host's stream.
    #[must_use]
    pub fn is_in_sync(&self) -> bool {
        self.receiver.is_in_sync()
    }

    /// CPU register 7: 8 and 4 are green and red of port 1, 2 and 1 those of port 0.
    #[must_use]
    pub fn leds(&self) -> u8 {
        self.cpu.leds()
    }

    /// What went wrong so far.
    #[must_use]
    pub fn counters(&self) -> U100Counters {
        self.counters
    }

    /// Bytes of the host.
    pub fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<U100Output>) {
        if now < self.starts {
            return;
        }
        for byte in bytes {
            match self.receiver.push(*byte) {
                None => {}
                Some(Received::Group { control, samples }) => {
                    self.queue(samples);
                    self.control(control, now, out);
                }
                Some(Received::Lost) => {
                    self.counters.sync_losses += 1;
                    self.cpu.complain();
                    self.message.clear();
                    self.commanded = None;
                }
            }
        }
    }

    /// What is on a line now. To be told after everything that could change it, and before [`U100::heard`].
    pub fn sense(&mut self, port: PortId, line: &LineStatus, now: Moment) {
        if let Some(port) = self.ports.get_mut(port.index()) {
            port.daa.sense(line, now);
        }
    }

    /// Something electrical happened on a line. The line interface measures by itself; only how fast it rings is taken from here.
    pub fn report(&mut self, port: PortId, event: &LineEvent) {
        if let (Some(port), LineEvent::RingOn { frequency_hz }) = (self.ports.get_mut(port.index()), event) {
            port.daa.set_ring_frequency(*frequency_hz);
        }
    }

    /// 20 ms of both lines from the moment that [`U100Output::FramesDue`] named: 20 frames of the stream.
    pub fn heard(&mut self, frames: &[Frame; PORTS], from: Moment, out: &mut Vec<U100Output>) {
        let [one, other] = [0, 1].map(|port: usize| self.ports[port].codes(&frames[port]));
        let in_sync = self.receiver.is_in_sync() && self.traits.firmware_version >= TELLS_SYNC;
        let mut wire = Vec::with_capacity(FRAME_SAMPLES * 4);
        for (ms, (one, other)) in (0..).zip(one.chunks(GROUPS).zip(other.chunks(GROUPS))) {
            self.watch(from + Duration::from_millis(ms));
            let controls = self.next_controls();
            put_frame(&controls, [one, other], in_sync, &mut wire);
        }
        out.push(U100Output::Write(wire));
    }

    /// The host closed the port, and its end of the serial line is disabled. The document says nothing of that; the device is
    /// taken not to notice, and its lines stay as they are.
    pub fn host_gone(&mut self) {}

    /// Power off and on again: both lines are released, and nothing is left of what was written.
    pub fn power_cycle(&mut self, now: Moment, out: &mut Vec<U100Output>) {
        self.reset_ports(out);
        *self = U100::new(self.traits, now);
    }

    /// When [`U100::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        Some(self.sent_until + FRAME)
    }

    /// Sound that is due, in both directions.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<U100Output>) {
        if now - self.sent_until > MOST_LAG {
            self.sent_until = now;
        }
        while self.sent_until + FRAME <= now {
            let from = self.sent_until;
            self.sent_until = from + FRAME;
            for (index, id) in (0..).zip([PortId(0), PortId(1)]) {
                out.push(U100Output::Sounded(id, self.play(index)));
            }
            out.push(U100Output::FramesDue(from));
        }
    }

    /// 20 ms of the host for a line.
    fn play(&mut self, index: usize) -> Frame {
        let Some(port) = self.ports.get_mut(index) else { return Frame::SILENCE };
        let (frame, complete) = port.next_frame();
        if !complete && port.primed {
            self.counters.underflows += 1;
            self.cpu.underflow(index);
        }
        frame
    }

    /// A sample of the host for each line.
    fn queue(&mut self, samples: [u8; PORTS]) {
        for (index, (port, sample)) in self.ports.iter_mut().zip(samples).enumerate() {
            if port.playout.len() >= MOST_PLAYOUT {
                port.playout.pop_front();
                self.counters.overflows += 1;
                self.cpu.overflow(index);
            }
            port.playout.push_back(sample);
            port.primed = true;
        }
    }

    /// A control byte of the host. A delimiter ends a message wherever it stands, inside of its data too.
    fn control(&mut self, control: u8, now: Moment, out: &mut Vec<U100Output>) {
        self.groups += 1;
        if control != IDLE {
            if self.message.is_empty() {
                self.began = self.groups;
            }
            self.message.push(control);
            return;
        }
        let message = std::mem::take(&mut self.message);
        let (kind, port, register, data) = match *message.as_slice() {
            [] => return,
            [head, register] if self.traits.short_reads && matches!(head >> 2, READ_FXO | READ_CPU) => (head >> 2, head & 3, register, 0),
            [_] | [_, _] => {
                self.counters.short_messages += 1;
                return;
            }
            [head, register, data, ..] => (head >> 2, head & 3, register, data),
        };
        if self.commanded.is_some_and(|began| self.began - began < CHUNK_GROUPS) {
            self.counters.refused_commands += 1;
            return;
        }
        self.commanded = Some(self.began);
        self.obey(kind, port, register, data, now, out);
    }

    fn obey(&mut self, kind: u8, port: u8, register: u8, data: u8, now: Moment, out: &mut Vec<U100Output>) {
        let at = usize::from(port);
        match kind {
            READ_FXO | READ_CPU if self.reply.is_some() => self.counters.refused_commands += 1,
            READ_FXO if at < PORTS => {
                let value = self.ports.get(at).map_or(0, |port| port.daa.read(register, now));
                self.reply = Some([kind << 2 | port, register, value]);
            }
            WRITE_FXO if at < PORTS => {
                if let Some(port) = self.ports.get_mut(at) {
                    port.daa.write(register, data, now);
                }
                self.settle(out);
            }
            READ_CPU => self.reply = Some([kind << 2 | port, register, self.cpu.read(register)]),
            WRITE_CPU => {
                if self.cpu.write(register, data) {
                    self.reset_ports(out);
                }
            }
            _ => {
                self.counters.unknown_commands += 1;
                self.cpu.complain();
            }
        }
    }

    /// Both line interfaces as after power-up, and nothing waiting in any direction. The stream goes on.
    fn reset_ports(&mut self, out: &mut Vec<U100Output>) {
        for port in &mut self.ports {
            port.daa.reset();
            port.playout.clear();
            port.primed = false;
        }
        self.reply = None;
        self.events.clear();
        self.settle(out);
    }

    /// Moves the relays to where the registers want them.
    fn settle(&mut self, out: &mut Vec<U100Output>) {
        for (port, id) in self.ports.iter_mut().zip([PortId(0), PortId(1)]) {
            let closed = port.daa.is_off_hook();
            if port.relay != closed {
                port.relay = closed;
                out.push(U100Output::Relay(id, closed));
            }
        }
    }

    /// Looks for changes in the registers, once in 1 ms, as if polled; the host is told of those it asked for.
    fn watch(&mut self, now: Moment) {
        for (index, (port, id)) in self.ports.iter_mut().zip([0u8, 1]).enumerate() {
            let wanted = self.cpu.wants_events(index);
            for (register, value) in port.daa.changes(now) {
                if wanted && self.events.len() < MOST_EVENTS {
                    self.events.push_back([EVENT << 2 | id, register, value]);
                }
            }
        }
    }

    /// The control bytes of the next frame: its delimiter, and up to two messages with one between them.
    fn next_controls(&mut self) -> [u8; GROUPS] {
        let mut controls = [IDLE; GROUPS];
        for place in [1..1 + MESSAGE, 5..5 + MESSAGE] {
            if let Some(message) = self.reply.take().or_else(|| self.events.pop_front()) {
                controls[place].copy_from_slice(&message);
            }
        }
        controls
    }
}
