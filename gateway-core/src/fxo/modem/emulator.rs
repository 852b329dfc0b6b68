//! A voice modem as its documents describe it: the other side of the wire, for the simulated exchange and for tests.
//!
//! Written from ITU-T V.250 and V.253, Conexant's 102752C and the USR5637 guide, and with a parser of its own: it shares
//! nothing with the driver, so that a misunderstanding there is not repeated here.

mod commands;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::dsp::callerid::{CallerId, Presentation};
use crate::dsp::dtmf::{DtmfGenerator, DtmfLevels};
use crate::dsp::g711::{alaw_decode, alaw_encode, ulaw_decode, ulaw_encode};
use crate::dsp::{FRAME_MS, FRAME_SAMPLES, Frame};
use crate::fxo::LineEvent;
use crate::fxo::boxlink::message::LineStatus;
use crate::time::{Moment, earliest};

const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// A modem that was not called for longer than this drops the sound it missed instead of catching up.
const MOST_LAG: Duration = Duration::from_millis(200);

/// Samples that wait to be played: one second. Of more, the oldest are dropped.
const MOST_PLAYOUT: usize = 8000;

/// Longest command line (V.250 §5.2.2 asks for 40 at least); a longer one is refused.
const LONGEST_COMMAND: usize = 256;

/// Whose modem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModemModel {
    /// CX93001 on USB.
    Conexant,
    /// USR5637.
    UsRobotics,
}

/// What a modem is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModemTraits {
    /// Whose it is.
    pub model: ModemModel,
    /// Takes the mark that ends duplex sound only after a doubled one, as the Zoom 3095 does.
    pub triple_dle: bool,
    /// Has sound in both directions at a time.
    pub duplex: bool,
    /// How long it takes to go off hook.
    pub hook_delay: Duration,
}

impl ModemTraits {
    /// An ordinary modem of this make.
    #[must_use]
    pub fn of(model: ModemModel) -> Self {
        ModemTraits { model, triple_dle: false, duplex: true, hook_delay: Duration::from_millis(300) }
    }
}

/// What the modem does.
#[derive(Clone, Debug, PartialEq)]
pub enum ModemOutput {
    /// Bytes for the host.
    Write(Vec<u8>),
    /// The hook relay moved: true closed (off hook).
    Relay(bool),
    /// 20 ms for the line.
    Sounded(Frame),
    /// 20 ms of the line are due: give them to [`Modem::heard`].
    FrameDue,
}

/// What the bytes of the host mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Command,
    /// Samples both ways.
    Duplex,
    /// Samples to the line.
    Transmit,
    /// Samples from the line.
    Receive,
}

/// How samples look; the row of `+VSM` that is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Samples {
    Ulaw,
    Alaw,
    Unsigned,
}

/// What the line is busy with until it is over; then the answer is given.
#[derive(Debug)]
enum Errand {
    /// Nothing but time.
    Wait { until: Moment, answer: &'static str },
    /// Contact positions with their lengths.
    Pulses { train: VecDeque<(bool, Duration)>, next: Moment, answer: &'static str },
    /// Tones.
    Tones { generator: DtmfGenerator, answer: &'static str },
}

/// The modem.
#[derive(Debug)]
pub struct Modem {
    traits: ModemTraits,
    echo: bool,
    verbose: bool,
    class: u8,
    samples: Samples,
    caller_id: bool,
    ring_lengths: bool,
    country: u8,
    off_hook: bool,
    mode: Mode,
    /// What takes its time, and whose answer is still to come.
    errand: Option<Errand>,
    command: Vec<u8>,
    too_long: bool,
    marked: bool,
    doubled: bool,
    playout: VecDeque<u8>,
    primed: bool,
    frame_due: Option<Moment>,
    ring_ended: Option<Moment>,
    last_caller: Option<CallerId>,
}

impl Modem {
    /// A modem that was just powered up.
    #[must_use]
    pub fn new(traits: ModemTraits) -> Self {
        Modem {
            traits,
            echo: true,
            verbose: true,
            class: 0,
            samples: Samples::Unsigned,
            caller_id: false,
            ring_lengths: false,
            country: 0xB5,
            off_hook: false,
            mode: Mode::Command,
            errand: None,
            command: Vec::new(),
            too_long: false,
            marked: false,
            doubled: false,
            playout: VecDeque::new(),
            primed: false,
            frame_due: None,
            ring_ended: None,
            last_caller: None,
        }
    }

    /// Whether it holds the line.
    #[must_use]
    pub fn is_off_hook(&self) -> bool {
        self.off_hook
    }

    /// Bytes of the host. `line` is what the line measures now.
    pub fn receive(&mut self, bytes: &[u8], line: &LineStatus, now: Moment, out: &mut Vec<ModemOutput>) {
        for byte in bytes {
            match self.mode {
                Mode::Command => self.typed(*byte, line, now, out),
                Mode::Duplex | Mode::Transmit | Mode::Receive => self.streamed(*byte, out),
            }
        }
    }

    /// Something electrical happened on the line.
    pub fn report(&mut self, event: &LineEvent, now: Moment, out: &mut Vec<ModemOutput>) {
        let conexant = self.traits.model == ModemModel::Conexant;
        match event {
            LineEvent::RingOn { .. } if self.class == 8 => self.mark(b'R', out),
            LineEvent::RingOn { .. } => {
                if let Some(ended) = self.ring_ended.filter(|_| self.ring_lengths) {
                    self.say(&format!("DROF={}", (now - ended).as_millis() / 100), out);
                }
                self.say("RING", out);
            }
            LineEvent::RingOff { on } => {
                self.ring_ended = Some(now);
                if self.ring_lengths && self.class != 8 {
                    self.say(&format!("DRON={}", on.as_millis() / 100), out);
                }
            }
            LineEvent::LoopInterruption { .. } | LineEvent::Polarity { .. } if conexant && self.off_hook => self.mark(b'l', out),
            LineEvent::ExtensionPickup if conexant && self.class == 8 => self.mark(b'P', out),
            LineEvent::ExtensionRelease if conexant && self.class == 8 => self.mark(b'p', out),
            _ => {}
        }
    }

    /// Caller ID was sent on the line, and this modem understood it.
    pub fn caller(&mut self, id: &CallerId, out: &mut Vec<ModemOutput>) {
        self.last_caller = Some(id.clone());
        if self.caller_id && !self.off_hook {
            self.say_caller(out);
        }
    }

    fn say_caller(&self, out: &mut Vec<ModemOutput>) {
        let Some(id) = &self.last_caller else { return };
        let withheld = match id.presentation {
            Presentation::Allowed => None,
            Presentation::Private => Some("P"),
            Presentation::Unavailable => Some("O"),
        };
        let number = withheld.or(id.number.as_deref()).unwrap_or("O");
        let lines = ["DATE = 1126".to_owned(), "TIME = 1640".to_owned(), format!("NMBR = {number}")];
        for line in lines.iter().chain(id.name.as_ref().map(|name| format!("NAME = {name}")).as_ref()) {
            self.say(line, out);
        }
    }

    /// 20 ms of the line, as [`ModemOutput::FrameDue`] asked.
    pub fn heard(&mut self, frame: &Frame, out: &mut Vec<ModemOutput>) {
        if !matches!(self.mode, Mode::Duplex | Mode::Receive) {
            return;
        }
        let mut wire = Vec::with_capacity(FRAME_SAMPLES);
        for sample in frame.0 {
            let code = match self.samples {
                Samples::Ulaw => ulaw_encode(sample),
                Samples::Alaw => alaw_encode(sample),
                Samples::Unsigned => sample.to_be_bytes()[0] ^ 0x80,
            };
            if code == 0x10 {
                wire.push(0x10);
            }
            wire.push(code);
        }
        out.push(ModemOutput::Write(wire));
    }

    /// The host closed the port: with `&D2`, the default, that hangs up.
    pub fn drop_dtr(&mut self, out: &mut Vec<ModemOutput>) {
        self.hang_up(out);
        self.end_stream();
        self.class = 0;
        self.command.clear();
    }

    /// Power off and on again.
    pub fn power_cycle(&mut self, out: &mut Vec<ModemOutput>) {
        self.hang_up(out);
        *self = Modem::new(self.traits);
    }

    /// When [`Modem::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let errand = match &self.errand {
            Some(Errand::Wait { until, .. }) => Some(*until),
            Some(Errand::Pulses { next, .. }) => Some(*next),
            Some(Errand::Tones { .. }) | None => None,
        };
        earliest(errand, self.frame_due)
    }

    /// Sound and contact positions that are due.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<ModemOutput>) {
        self.run_errand(now, out);
        if self.frame_due.is_some_and(|due| now - due > MOST_LAG) {
            self.frame_due = Some(now);
        }
        while let Some(due) = self.frame_due.filter(|due| *due <= now) {
            self.frame_due = Some(due + FRAME);
            self.frame(out);
        }
    }

    /// 20 ms of sound, in whatever directions it flows.
    fn frame(&mut self, out: &mut Vec<ModemOutput>) {
        if let Some(Errand::Tones { generator, .. }) = &mut self.errand {
            let mut frame = Frame::SILENCE;
            generator.fill(&mut frame);
            let over = generator.is_idle();
            out.push(ModemOutput::Sounded(frame));
            if over {
                self.errand_over(out);
            }
            return;
        }
        match self.mode {
            Mode::Command => self.frame_due = None,
            Mode::Receive => out.push(ModemOutput::FrameDue),
            Mode::Duplex => {
                self.play(out);
                out.push(ModemOutput::FrameDue);
            }
            Mode::Transmit => self.play(out),
        }
    }

    fn play(&mut self, out: &mut Vec<ModemOutput>) {
        let dry = self.playout.len() < FRAME_SAMPLES;
        if dry && std::mem::take(&mut self.primed) && self.traits.model == ModemModel::Conexant {
            self.mark(b'u', out);
        }
        let mut frame = Frame::SILENCE;
        for (sample, code) in frame.0.iter_mut().zip(self.playout.drain(..self.playout.len().min(FRAME_SAMPLES))) {
            *sample = match self.samples {
                Samples::Ulaw => ulaw_decode(code),
                Samples::Alaw => alaw_decode(code),
                Samples::Unsigned => i16::from_be_bytes([code ^ 0x80, 0]),
            };
        }
        out.push(ModemOutput::Sounded(frame));
    }

    /// A byte of the host while samples flow.
    fn streamed(&mut self, byte: u8, out: &mut Vec<ModemOutput>) {
        if !std::mem::take(&mut self.marked) {
            if byte == 0x10 {
                self.marked = true;
            } else {
                self.doubled = false;
                self.queue(byte);
            }
            return;
        }
        let doubled = std::mem::replace(&mut self.doubled, byte == 0x10);
        let heeds = !self.traits.triple_dle || doubled;
        match (byte, self.mode) {
            (0x10, _) => self.queue(0x10),
            (0x1A, _) => (0..2).for_each(|_| self.queue(0x10)),
            (0x18, _) => self.playout.clear(),
            (b'^', Mode::Duplex) if self.traits.model == ModemModel::Conexant && heeds => self.leave(out),
            (0x03, Mode::Duplex) if self.traits.model == ModemModel::UsRobotics => self.leave(out),
            (0x03, Mode::Transmit) if heeds => self.leave(out),
            (b'!' | 0x1B, Mode::Receive) if heeds => self.leave(out),
            // What is not understood is dropped, mark and all.
            _ => {}
        }
    }

    fn queue(&mut self, code: u8) {
        if self.playout.len() >= MOST_PLAYOUT {
            self.playout.pop_front();
        }
        self.playout.push_back(code);
        self.primed = true;
    }

    /// Samples begin, in the directions of `mode`.
    fn stream(&mut self, mode: Mode, now: Moment, out: &mut Vec<ModemOutput>) {
        self.say("CONNECT", out);
        self.mode = mode;
        self.playout.clear();
        (self.primed, self.marked, self.doubled) = (false, false, false);
        self.frame_due = Some(now + FRAME);
    }

    fn end_stream(&mut self) {
        self.mode = Mode::Command;
        self.playout.clear();
        self.frame_due = None;
    }

    /// The samples end: the mark, and then OK.
    fn leave(&mut self, out: &mut Vec<ModemOutput>) {
        self.end_stream();
        self.mark(0x03, out);
        self.say("OK", out);
    }

    /// A marked code for the host.
    fn mark(&self, code: u8, out: &mut Vec<ModemOutput>) {
        out.push(ModemOutput::Write(vec![0x10, code]));
    }

    /// A line of text for the host.
    fn say(&self, line: &str, out: &mut Vec<ModemOutput>) {
        out.push(ModemOutput::Write(format!("\r\n{line}\r\n").into_bytes()));
    }

    fn hang_up(&mut self, out: &mut Vec<ModemOutput>) {
        self.errand = None;
        self.set_relay(false, out);
    }

    fn set_relay(&mut self, off_hook: bool, out: &mut Vec<ModemOutput>) {
        if self.off_hook != off_hook {
            self.off_hook = off_hook;
            out.push(ModemOutput::Relay(off_hook));
        }
    }

    fn run_errand(&mut self, now: Moment, out: &mut Vec<ModemOutput>) {
        match &mut self.errand {
            Some(Errand::Wait { until, .. }) if *until <= now => self.errand_over(out),
            Some(Errand::Pulses { train, next, .. }) => {
                while *next <= now {
                    let Some((closed, length)) = train.pop_front() else { return self.errand_over(out) };
                    *next = *next + length;
                    out.push(ModemOutput::Relay(closed));
                }
            }
            Some(Errand::Wait { .. } | Errand::Tones { .. }) | None => {}
        }
    }

    fn errand_over(&mut self, out: &mut Vec<ModemOutput>) {
        let errand = self.errand.take();
        if self.mode == Mode::Command {
            self.frame_due = None;
        }
        match errand {
            Some(Errand::Wait { answer, .. } | Errand::Pulses { answer, .. } | Errand::Tones { answer, .. }) => self.say(answer, out),
            None => {}
        }
    }

    fn tones(&mut self, digits: &str, answer: &'static str, now: Moment) -> Option<Errand> {
        let mut generator = DtmfGenerator::new(DtmfLevels::default());
        generator.push(digits, Duration::from_millis(100), Duration::from_millis(100)).ok()?;
        self.frame_due = Some(now + FRAME);
        Some(Errand::Tones { generator, answer })
    }
}
