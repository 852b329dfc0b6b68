//! Our side of a U100: finds its rhythm, sets its line interfaces up, keeps both streams going, and turns registers into line
//! words.

mod playout;
mod port;
mod setup;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use self::playout::Playout;
use self::port::Port;
use self::setup::{Setup, Step};
use super::registers::{Kind, device, line};
use super::stream::{GROUPS, Message, Millisecond, Packer, Reader, SILENCE, Unpacker};
use crate::config::PortId;
use crate::dsp::g711::ulaw_decode;
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::fxo::trace::Dialect;
use crate::fxo::{Device, DeviceOutput, Identity, LineCommand, LineEvent, LinkCounters};
use crate::time::{Moment, earliest};

/// Ports of every U100.
const PORTS: usize = 2;

/// A question that is not answered within this time is asked again. The device answers within milliseconds.
const ANSWER_WAIT: Duration = Duration::from_millis(100);

/// So often a question is asked before it is given up.
const TRIES: u8 = 3;

/// So many questions in a row without an answer: the device is silent, although its stream goes on.
const UNANSWERED: u8 = 4;

/// Questions that may wait.
const MOST_ASKS: usize = 64;

/// The device sends without a pause: one that sent nothing for this long is silent.
const QUIET: Duration = Duration::from_secs(2);

/// How often everything is read anew, in case a change was not told.
const POLL: Duration = Duration::from_secs(1);

/// The device is allowed its start, and the search for its rhythm (the vendor's own driver waits for up to 10 s).
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

/// The driver of a U100.
#[derive(Debug)]
pub struct U100Driver {
    state: State,
    unpacker: Unpacker,
    reader: Reader,
    packer: Packer,
    asks: VecDeque<Ask>,
    pending: Option<Pending>,
    /// Questions in a row that were never answered.
    unanswered: u8,
    /// When the last frame came.
    heard: Moment,
    next_poll: Moment,
    ports: [Port; PORTS],
    sound: [Sound; PORTS],
    versions: (u8, u8),
    counters: LinkCounters,
}

#[derive(Debug)]
enum State {
    Closed,
    /// Looking for the rhythm, then telling the device ours.
    Following {
        since: Option<Moment>,
    },
    /// Register by register.
    SettingUp(Setup),
    Up,
}

/// A register that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ask {
    kind: Kind,
    port: u8,
    register: u8,
}

#[derive(Debug)]
struct Pending {
    ask: Ask,
    due: Moment,
    tries: u8,
}

/// The sound of a port in both directions.
#[derive(Debug, Default)]
struct Sound {
    heard: Vec<u8>,
    playout: Playout,
}

impl Default for U100Driver {
    fn default() -> Self {
        U100Driver {
            state: State::Closed,
            unpacker: Unpacker::default(),
            reader: Reader::default(),
            packer: Packer::default(),
            asks: VecDeque::new(),
            pending: None,
            unanswered: 0,
            heard: Moment::ZERO,
            next_poll: Moment::ZERO,
            ports: Default::default(),
            sound: Default::default(),
            versions: (0, 0),
            counters: LinkCounters::default(),
        }
    }
}

impl U100Driver {
    /// Milliseconds that came, and as many that go out.
    fn frames(&mut self, frames: &[Millisecond], now: Moment, out: &mut Vec<DeviceOutput>) {
        let mut bytes = Vec::with_capacity(frames.len() * super::stream::FRAME_BYTES);
        for frame in frames {
            let mut messages = Vec::new();
            self.reader.push(frame, |message| messages.push(message));
            for message in messages {
                self.message(message, now, out);
            }
            self.follow(frame, now);
            self.listen(frame, out);
            let mut samples = [[SILENCE; GROUPS]; PORTS];
            for (sound, samples) in self.sound.iter_mut().zip(&mut samples) {
                self.counters.underruns = self.counters.underruns.saturating_add(u32::from(!sound.playout.take(samples)));
            }
            self.packer.frame(samples, &mut bytes);
        }
        if !bytes.is_empty() {
            out.push(DeviceOutput::Write(bytes));
        }
    }

    /// Waits for the device to say that it follows; one with old firmware does not say it, and is asked after a while.
    fn follow(&mut self, frame: &Millisecond, now: Moment) {
        let State::Following { since } = &mut self.state else { return };
        let since = *since.get_or_insert(now);
        if frame.host_in_sync || now - since >= setup::FOLLOWS_WITHIN {
            self.state = State::SettingUp(Setup::new());
            self.set_up(now);
        }
    }

    /// Collects 20 ms of each port.
    fn listen(&mut self, frame: &Millisecond, out: &mut Vec<DeviceOutput>) {
        for (index, sound) in self.sound.iter_mut().enumerate() {
            sound.heard.extend(frame.samples[index]);
            if sound.heard.len() >= FRAME_SAMPLES {
                let heard = Frame(std::array::from_fn(|at| ulaw_decode(sound.heard[at])));
                sound.heard.clear();
                if matches!(self.state, State::Up) {
                    out.push(DeviceOutput::Audio(port_id(index), heard));
                }
            }
        }
    }

    /// Goes on with the set-up as far as nothing has to be waited for.
    fn set_up(&mut self, now: Moment) {
        while let State::SettingUp(setup) = &mut self.state {
            match setup.next(now) {
                Step::Write(message) => self.packer.say(message),
                Step::Read(ask) => return self.ask(ask.kind, ask.port, ask.register, now),
                Step::Wait | Step::Done => return,
            }
        }
    }

    fn ask(&mut self, kind: Kind, port: u8, register: u8, now: Moment) {
        let ask = Ask { kind, port, register };
        if !self.asks.contains(&ask) && self.asks.len() < MOST_ASKS {
            self.asks.push_back(ask);
        }
        self.next_ask(now);
    }

    /// One question at a time.
    fn next_ask(&mut self, now: Moment) {
        if self.pending.is_none()
            && let Some(ask) = self.asks.pop_front()
        {
            self.pending = Some(Pending { ask, due: now + ANSWER_WAIT, tries: 1 });
            self.packer.say(Message { kind: ask.kind, port: ask.port, register: ask.register, value: 0 });
        }
    }

    fn message(&mut self, message: Message, now: Moment, out: &mut Vec<DeviceOutput>) {
        match message.kind {
            Kind::Event => self.line_register(message, now, out),
            Kind::ReadLine | Kind::ReadDevice => {
                let ask = Ask { kind: message.kind, port: message.port, register: message.register };
                if self.pending.as_ref().is_none_or(|pending| pending.ask != ask) {
                    return;
                }
                self.pending = None;
                self.unanswered = 0;
                self.answered(message, now, out);
                self.next_ask(now);
            }
            Kind::WriteLine | Kind::WriteDevice => self.malformed(),
        }
    }

    fn malformed(&mut self) {
        self.counters.malformed = self.counters.malformed.saturating_add(1);
    }

    fn answered(&mut self, message: Message, now: Moment, out: &mut Vec<DeviceOutput>) {
        if message.kind == Kind::ReadLine {
            self.line_register(message, now, out);
        } else {
            match message.register {
                device::ID if message.value != device::IS_U100 => {
                    self.state = State::Closed;
                    return out.push(DeviceOutput::Unfit);
                }
                device::HARDWARE => self.versions.0 = message.value,
                device::FIRMWARE => self.versions.1 = message.value,
                device::FIFO => self.fifo(message.value),
                _ => {}
            }
        }
        if let State::SettingUp(setup) = &mut self.state {
            setup.answered(message, now);
            if setup.is_done() {
                return self.up(now, out);
            }
            self.set_up(now);
        }
    }

    fn up(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        self.state = State::Up;
        let firmware = format!("{}.{}", self.versions.1 >> 4, self.versions.1 & 0x0F);
        let model = format!("Sangoma U100 (hw {})", self.versions.0);
        out.push(DeviceOutput::Up(Identity { model, serial: String::new(), firmware, ports: 2 }));
        self.ports = Default::default();
        self.poll(now);
    }

    /// Bits that say where samples were missing or too many; reading clears them.
    fn fifo(&mut self, bits: u8) {
        self.counters.underruns = self.counters.underruns.saturating_add((bits & device::FIFO_UNDERRUNS).count_ones());
        self.counters.overruns = self.counters.overruns.saturating_add((bits & device::FIFO_OVERRUNS).count_ones());
    }

    /// A register of a line interface: a line may have changed.
    fn line_register(&mut self, message: Message, now: Moment, out: &mut Vec<DeviceOutput>) {
        let index = usize::from(message.port);
        if !matches!(self.state, State::Up) {
            return;
        }
        let Some(port) = self.ports.get_mut(index) else { return self.malformed() };
        let mut events = Vec::new();
        match message.register {
            line::HOOK => {
                let again = port.hook(message.value, now, message.kind == Kind::ReadLine, &mut events);
                if again {
                    self.move_hook(index, now);
                }
            }
            line::VOLTAGE => port.voltage(message.value.cast_signed(), now, &mut events),
            line::CURRENT => port.current(u32::from(message.value) * line::CURRENT_STEP_UA, &mut events),
            // What is latched there is told by the other registers too; cleared, it can be told again.
            line::INTERRUPT if message.value != 0 => self.write_line(index, line::INTERRUPT, 0),
            _ => {}
        }
        tell(index, events, out);
    }

    /// Puts the relay where it shall be, and asks where it is.
    fn move_hook(&mut self, index: usize, now: Moment) {
        let Some(port) = self.ports.get(index) else { return };
        let value = if port.contact_closed() { line::HOOK_OFF } else { line::HOOK_MONITOR };
        self.write_line(index, line::HOOK, value);
        if !self.ports[index].is_signalling() {
            self.ask(Kind::ReadLine, number(index), line::HOOK, now);
        }
    }

    fn write_line(&mut self, index: usize, register: u8, value: u8) {
        self.packer.say(Message { kind: Kind::WriteLine, port: number(index), register, value });
    }

    fn measure(&mut self, index: usize, now: Moment) {
        for register in [line::VOLTAGE, line::CURRENT] {
            self.ask(Kind::ReadLine, number(index), register, now);
        }
    }

    fn poll(&mut self, now: Moment) {
        self.next_poll = now + POLL;
        self.ask(Kind::ReadDevice, 0, device::FIFO, now);
        for index in 0..PORTS {
            self.ask(Kind::ReadLine, number(index), line::HOOK, now);
            self.measure(index, now);
        }
    }

    /// The question that is overdue: once more, or given up.
    fn expire(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.due <= now) else { return };
        if pending.tries < TRIES {
            pending.tries += 1;
            pending.due = now + ANSWER_WAIT;
            let Ask { kind, port, register } = pending.ask;
            self.counters.retries = self.counters.retries.saturating_add(1);
            return self.packer.say(Message { kind, port, register, value: 0 });
        }
        let given_up = self.pending.take().map(|pending| pending.ask);
        self.counters.timeouts = self.counters.timeouts.saturating_add(1);
        self.unanswered += 1;
        if self.unanswered >= UNANSWERED || matches!(self.state, State::SettingUp(_)) {
            return self.give_up(out);
        }
        if let Some(Ask { kind: Kind::ReadLine, port, register: line::HOOK }) = given_up {
            let index = usize::from(port);
            let ordered = self.ports.get_mut(index).is_some_and(Port::hook_not_answered);
            if ordered {
                fail(index, out);
            }
        }
        self.next_ask(now);
    }

    fn give_up(&mut self, out: &mut Vec<DeviceOutput>) {
        self.state = State::Closed;
        out.push(DeviceOutput::Silent);
    }
}

impl Device for U100Driver {
    fn open(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        *self = U100Driver { state: State::Following { since: None }, heard: now, counters: self.counters, ..U100Driver::default() };
        // A first millisecond, so that the device has something to find its rhythm in.
        let mut bytes = Vec::new();
        self.packer.frame([[SILENCE; GROUPS]; PORTS], &mut bytes);
        out.push(DeviceOutput::Write(bytes));
    }

    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<DeviceOutput>) {
        if matches!(self.state, State::Closed) {
            return;
        }
        let mut frames = Vec::new();
        self.unpacker.push(bytes, |frame| frames.push(frame));
        self.counters.resyncs = self.unpacker.losses;
        if self.unpacker.is_synced() {
            self.heard = now;
        }
        self.frames(&frames, now, out);
    }

    fn command(&mut self, port: PortId, command: LineCommand, now: Moment, out: &mut Vec<DeviceOutput>) {
        let index = port.index();
        if !matches!(self.state, State::Up) || index >= PORTS {
            return fail(index, out);
        }
        let port = &mut self.ports[index];
        match command {
            LineCommand::Seize => port.order(true),
            LineCommand::Release | LineCommand::Reset => port.order(false),
            LineCommand::Flash { duration } => port.flash(duration, now),
            LineCommand::DialPulse { digits } => port.pulses(&digits, now),
            LineCommand::Measure => {
                port.measure();
                return self.measure(index, now);
            }
        }
        self.move_hook(index, now);
    }

    fn play(&mut self, port: PortId, frame: &Frame, _now: Moment, _out: &mut Vec<DeviceOutput>) {
        if let Some(sound) = self.sound.get_mut(port.index()) {
            let dropped = sound.playout.play(frame);
            self.counters.overruns = self.counters.overruns.saturating_add(u32::from(dropped));
        }
    }

    fn deadline(&self) -> Option<Moment> {
        let pending = self.pending.as_ref().map(|pending| pending.due);
        match &self.state {
            State::Closed => None,
            // Whoever opened it waits no longer than it may take.
            State::Following { .. } => None,
            State::SettingUp(setup) => earliest(pending, setup.deadline()),
            State::Up => {
                let ports = self.ports.iter().map(Port::deadline).fold(pending, earliest);
                earliest(ports, Some(self.next_poll.min(self.heard + QUIET)))
            }
        }
    }

    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        match &mut self.state {
            State::Closed | State::Following { .. } => return,
            State::SettingUp(_) => self.set_up(now),
            State::Up => {
                if now - self.heard >= QUIET {
                    return self.give_up(out);
                }
                for index in 0..PORTS {
                    let mut events = Vec::new();
                    if self.ports[index].handle_timeout(now, &mut events) {
                        self.move_hook(index, now);
                    }
                    tell(index, events, out);
                }
                if self.next_poll <= now {
                    self.poll(now);
                }
            }
        }
        self.expire(now, out);
    }

    fn answers_within(&self) -> Duration {
        ANSWERS_WITHIN
    }

    fn dialect(&self) -> Dialect {
        Dialect::U100
    }

    fn counters(&self) -> LinkCounters {
        self.counters
    }
}

fn number(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}

fn port_id(index: usize) -> PortId {
    PortId(u16::try_from(index).unwrap_or(u16::MAX))
}

fn tell(index: usize, events: Vec<LineEvent>, out: &mut Vec<DeviceOutput>) {
    out.extend(events.into_iter().map(|event| DeviceOutput::Line(port_id(index), event)));
}

fn fail(index: usize, out: &mut Vec<DeviceOutput>) {
    tell(index, vec![LineEvent::CommandFailed { status: LineEvent::NOT_ANSWERED }], out);
}
