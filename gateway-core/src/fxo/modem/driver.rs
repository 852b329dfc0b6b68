//! Our side of a modem: wakes it, asks what it is, takes and releases its line, and turns its words into line words.

mod opening;
mod ringing;
mod seizure;
mod sound;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::ringing::Ringing;
use self::sound::Sound;
use super::chip::{Chip, UNKNOWN, country_number};
use super::compression::Compression;
use super::dialogue::{Command, Dialogue, Outcome, Verdict};
use super::stream::{Heard, Stream};
use crate::config::PortId;
use crate::config::country::Country;
use crate::dsp::Frame;
use crate::fxo::trace::Dialect;
use crate::fxo::{Device, DeviceOutput, LineCommand, LineEvent, LinkCounters};
use crate::time::{Moment, Timers, earliest};

/// The only line of a modem.
const PORT: PortId = PortId(0);

/// Longest wait for the answer to an ordinary command.
const ANSWER: Duration = Duration::from_secs(2);

/// A resting modem is asked this often for its line voltage, or for a sign of life.
const POLL_EVERY: Duration = Duration::from_secs(3);

/// A line that rings is left alone until no further burst came for this long: a command may cost the caller's number.
const RINGING_PAUSE: Duration = Duration::from_millis(5500);

/// Less than this between tip and ring is no line (two diode drops, Conexant 102752C §3).
const LEAST_BATTERY_MV: i32 = 3_000;

/// Less than this on hook means that a parallel telephone draws current.
const LEAST_ON_HOOK_MV: i32 = 18_000;

/// Off hook, samples come all the time: a modem that sends none for this long has lost the call, or its power.
const SOUND_MISSED: Duration = Duration::from_secs(1);

/// What a loop interruption lasted at least: the modem tells of none that is shorter (`-TTE`, as delivered).
const LOOP_INTERRUPTION: Duration = Duration::from_millis(200);

/// What a [`ModemDriver`] can be told when it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModemOptions {
    /// The country of the line (ITU-T T.35 annex A), set where the modem knows it; `None`: as the modem comes.
    pub country: Option<u8>,
}

/// The driver of a voice modem.
#[derive(Debug)]
pub struct ModemDriver {
    options: ModemOptions,
    stage: Stage,
    stream: Stream,
    dialogue: Dialogue<Asked>,
    timers: Timers<Clock>,
    about: About,
    chip: Chip,
    compression: Option<Compression>,
    /// Who it is was told since it was opened.
    told: bool,
    /// From the order to go off hook until the modem confirmed that it is on hook again.
    off_hook: bool,
    /// What the line was when it was last asked: with battery, and in use by a parallel telephone.
    battery: Option<bool>,
    extension: bool,
    ringing: Ringing,
    sound: Sound,
    counters: LinkCounters,
}

/// How far the modem is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Not opened, or given up.
    Closed,
    /// Whoever had the modem before may have left it in the middle of something; `escaped`: the polite way did not wake it.
    Waking { escaped: bool },
    /// It is asked what it is, and set up.
    Opening,
    /// On hook, waiting.
    Resting,
    /// On its way off hook.
    Seizing,
    /// Off hook; bytes are samples.
    Talking,
    /// Still off hook; the samples are to end, in the way of this number.
    Leaving { way: usize, then: Then },
    /// Off hook; a flash or pulse digits are sent.
    Signalling,
    /// On its way back; `again`: the line was wanted once more meanwhile.
    Releasing { again: bool },
}

/// What follows when the samples have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Then {
    Release,
    Signal(LineCommand),
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Is anybody there?
    Probe,
    /// What is it? Which of the questions.
    Product,
    Firmware,
    Maker,
    Classes,
    Compressions,
    Countries,
    /// A preference that not every modem knows.
    Preference,
    /// A setting without which there is no call.
    Necessity,
    /// The last command of a script that ends on hook.
    Rest,
    Volts,
    OffHook,
    Duplex,
    Signal,
    OnHook,
}

/// The timers of a modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Clock {
    /// What was left in the modem has run out.
    Settled,
    /// It was quiet for as long as the escape needs.
    Escape,
    /// The samples should have ended.
    Leave,
    /// Samples should have come.
    Sound,
    Poll,
    /// A ring burst that nobody told the end of is over.
    BurstOver,
    /// No further line about the caller comes.
    CallerKnown,
}

/// What the modem says of itself.
#[derive(Clone, Debug, Default)]
struct About {
    product: String,
    firmware: String,
    maker: String,
    voice: bool,
}

impl ModemDriver {
    /// A driver that was not opened yet.
    #[must_use]
    pub fn new(options: ModemOptions) -> Self {
        ModemDriver {
            options,
            stage: Stage::Closed,
            stream: Stream::default(),
            dialogue: Dialogue::default(),
            timers: Timers::new(),
            about: About::default(),
            chip: UNKNOWN,
            compression: None,
            told: false,
            off_hook: false,
            battery: None,
            extension: false,
            ringing: Ringing::default(),
            sound: Sound::default(),
            counters: LinkCounters::default(),
        }
    }

    fn ask(&mut self, kind: Asked, text: impl Into<String>, patience: Duration) {
        if !self.dialogue.push(Command { kind, text: text.into(), patience }) {
            self.counters.lost = self.counters.lost.saturating_add(1);
        }
    }

    fn heard(&mut self, heard: Heard, now: Moment, out: &mut Vec<DeviceOutput>) {
        match heard {
            Heard::Sample(code) => {
                if self.stage == Stage::Talking
                    && let Some(frame) = self.sound.heard(code)
                {
                    self.timers.set(Clock::Sound, now + SOUND_MISSED);
                    out.push(DeviceOutput::Audio(PORT, frame));
                }
            }
            Heard::Code(code) => self.code(code, now, out),
            Heard::Packet(text) => {
                for line in text.lines() {
                    self.caller_line(line.trim(), now);
                }
            }
            Heard::End => self.samples_ended(),
            Heard::Line(line) => self.line(&line, now, out),
        }
    }

    fn line(&mut self, line: &str, now: Moment, out: &mut Vec<DeviceOutput>) {
        if self.ring_line(line, now, out) || self.caller_line(line, now) {
            return;
        }
        if let Stage::Leaving { then, .. } = &self.stage {
            // The samples have ended when the modem says so after their end, not before.
            if line == "OK" && !self.stream.is_sounding() {
                let then = then.clone();
                self.left(then, out);
            }
        } else if let Some(Outcome::Answered { kind, verdict, lines }) = self.dialogue.line(line) {
            self.answered(kind, verdict, &lines, now, out);
        }
        self.say_next(now, out);
    }

    fn answered(&mut self, kind: Asked, verdict: Verdict, lines: &[String], now: Moment, out: &mut Vec<DeviceOutput>) {
        match kind {
            Asked::Probe => self.awake(),
            Asked::Product => self.about.product = lines.concat(),
            Asked::Firmware => self.about.firmware = lines.concat(),
            Asked::Maker => self.about.maker = lines.concat(),
            Asked::Classes => self.about.voice = lines.iter().any(|line| super::chip::has_voice(line)),
            Asked::Compressions => self.compression = Compression::best(lines.iter().map(String::as_str)),
            Asked::Countries => self.set_up(lines, out),
            Asked::Preference => {}
            Asked::Necessity | Asked::OffHook => {
                if verdict == Verdict::Refused {
                    self.seizure_refused(out);
                }
            }
            Asked::Duplex => self.duplex(verdict, now, out),
            Asked::Signal => {
                if verdict == Verdict::Refused {
                    out.push(DeviceOutput::Line(PORT, LineEvent::CommandFailed { status: REFUSED }));
                }
            }
            Asked::OnHook => {
                if verdict == Verdict::Ok && std::mem::take(&mut self.off_hook) {
                    out.push(DeviceOutput::Line(PORT, LineEvent::Hook { off_hook: false }));
                }
            }
            Asked::Rest => self.rest(now, out),
            Asked::Volts => {
                if let Some(millivolts) = lines.iter().find_map(|line| millivolts(line)) {
                    self.measured(millivolts, out);
                }
            }
        }
    }

    /// Something happened on the line while it was seized, or in voice mode. Tones are not taken from here: what the modem
    /// hears is in the samples, and there they are measured.
    fn code(&mut self, code: u8, now: Moment, out: &mut Vec<DeviceOutput>) {
        let event = match code {
            b'R' => return self.ring_began(now, out),
            b'l' => LineEvent::LoopInterruption { duration: LOOP_INTERRUPTION },
            b'P' => LineEvent::ExtensionPickup,
            b'p' => LineEvent::ExtensionRelease,
            b'u' => {
                self.counters.underruns = self.counters.underruns.saturating_add(1);
                return self.prime(out);
            }
            b'o' => {
                self.counters.overruns = self.counters.overruns.saturating_add(1);
                return;
            }
            _ => return,
        };
        if self.chip.watches_loop {
            out.push(DeviceOutput::Line(PORT, event));
        }
    }

    /// The line voltage, on hook.
    fn measured(&mut self, millivolts: i32, out: &mut Vec<DeviceOutput>) {
        if self.off_hook {
            return;
        }
        let tell = |event, out: &mut Vec<DeviceOutput>| out.push(DeviceOutput::Line(PORT, event));
        let battery = millivolts.abs() >= LEAST_BATTERY_MV;
        if self.battery.replace(battery) != Some(battery) {
            tell(if battery { LineEvent::BatteryUp { millivolts: Some(millivolts) } } else { LineEvent::BatteryDown }, out);
        }
        let extension = battery && millivolts.abs() < LEAST_ON_HOOK_MV;
        if std::mem::replace(&mut self.extension, extension) != extension {
            tell(if extension { LineEvent::ExtensionPickup } else { LineEvent::ExtensionRelease }, out);
        }
        tell(LineEvent::Measured { millivolts, microamps: None, off_hook: false }, out);
    }

    fn poll(&mut self, now: Moment) {
        let quiet_since = self.ringing.last().map_or(Moment::ZERO, |last| last + RINGING_PAUSE);
        if self.stage != Stage::Resting || quiet_since > now {
            self.timers.set(Clock::Poll, quiet_since.max(now + POLL_EVERY));
            return;
        }
        self.timers.set(Clock::Poll, now + POLL_EVERY);
        if self.dialogue.is_idle() {
            self.ask_for_volts();
        }
    }

    fn ask_for_volts(&mut self) {
        if self.chip.measures {
            self.ask(Asked::Volts, "-TRV", ANSWER);
        } else {
            self.ask(Asked::Preference, "", ANSWER);
        }
    }

    fn say_next(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        if matches!(self.stage, Stage::Closed | Stage::Talking | Stage::Leaving { .. }) {
            return;
        }
        if let Some(bytes) = self.dialogue.next(now) {
            out.push(DeviceOutput::Write(bytes));
        }
    }

    /// It does not answer: closing its port drops the line, and opening it anew is the surest way to have it back.
    fn give_up(&mut self, out: &mut Vec<DeviceOutput>) {
        self.counters.timeouts = self.counters.timeouts.saturating_add(1);
        self.stage = Stage::Closed;
        self.dialogue.clear();
        self.timers.clear_all();
        out.push(DeviceOutput::Silent);
    }

    fn unanswered(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        match self.dialogue.expire(now) {
            Some(Ok(again)) => {
                self.counters.retries = self.counters.retries.saturating_add(1);
                out.push(DeviceOutput::Write(again));
            }
            Some(Err(_)) if self.stage == (Stage::Waking { escaped: false }) => self.escape(now),
            Some(Err(_)) => self.give_up(out),
            None => {}
        }
    }
}

/// The status of [`LineEvent::CommandFailed`] when the modem said no.
const REFUSED: u8 = 5;

/// The volts of an answer to `-TRV`, in mV.
fn millivolts(line: &str) -> Option<i32> {
    let volts: f64 = line.rsplit([' ', ':']).next()?.parse().ok()?;
    (volts.abs() < 1000.0).then(|| {
        #[allow(clippy::cast_possible_truncation, reason = "below 1000 V there is room for it")]
        let millivolts = (volts * 1000.0).round() as i32;
        millivolts
    })
}

impl Device for ModemDriver {
    fn open(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        self.told = false;
        self.wake(now, out);
    }

    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<DeviceOutput>) {
        if self.stage == Stage::Closed {
            return;
        }
        // What a byte means depends on the one before it: each is dealt with before the next is looked at.
        for byte in bytes {
            let mut parts = [None, None];
            self.stream.take(*byte, |part| {
                if let Some(free) = parts.iter_mut().find(|slot| slot.is_none()) {
                    *free = Some(part);
                }
            });
            for part in parts.into_iter().flatten() {
                self.heard(part, now, out);
            }
        }
    }

    fn command(&mut self, _port: PortId, command: LineCommand, now: Moment, out: &mut Vec<DeviceOutput>) {
        match command {
            LineCommand::Seize => self.seize(out),
            LineCommand::Release => self.release(now, out),
            LineCommand::Flash { .. } | LineCommand::DialPulse { .. } => self.signal(command, now, out),
            LineCommand::Measure => self.measure(out),
            LineCommand::Reset => self.wake(now, out),
        }
        self.say_next(now, out);
    }

    fn play(&mut self, _port: PortId, frame: &Frame, _now: Moment, out: &mut Vec<DeviceOutput>) {
        if self.stage == Stage::Talking {
            out.push(DeviceOutput::Write(self.sound.wire(frame)));
        }
    }

    fn deadline(&self) -> Option<Moment> {
        earliest(self.timers.deadline(), self.dialogue.deadline())
    }

    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        while let Some(clock) = self.timers.expired(now) {
            match clock {
                Clock::Settled => self.settled(),
                Clock::Escape => self.escaped(now, out),
                Clock::Leave => self.not_left(now, out),
                Clock::Sound => self.sound_missed(out),
                Clock::Poll => self.poll(now),
                Clock::BurstOver => self.burst_over(now, out),
                Clock::CallerKnown => self.caller_known(out),
            }
        }
        self.unanswered(now, out);
        self.say_next(now, out);
    }

    fn stand_in(&mut self, country: &Country, _now: Moment, _out: &mut Vec<DeviceOutput>) -> bool {
        // It is set once, before anything else is said.
        self.options.country == country_number(country.code)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Modem
    }

    fn counters(&self) -> LinkCounters {
        self.counters
    }
}
