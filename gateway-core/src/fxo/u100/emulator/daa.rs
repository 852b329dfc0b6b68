//! The line interface of one port: an Si3050 with its line side.

use std::time::Duration;

use crate::dsp::g711::{alaw_decode, alaw_encode, ulaw_decode, ulaw_encode};
use crate::fxo::boxlink::message::LineStatus;
use crate::time::Moment;

/// Registers 0 to 59.
const REGISTERS: usize = 60;

const RESET: u8 = 1;
const LATCHED: u8 = 4;
const HOOK: u8 = 5;
const POWER: u8 = 6;
const LINE_SIDE: u8 = 11;
const LOOP: u8 = 12;
const CURRENT: u8 = 28;
const VOLTAGE: u8 = 29;
const CODEC: u8 = 33;

/// The registers whose changes the device tells, in the order of the document.
const WATCHED: [u8; 4] = [HOOK, VOLTAGE, 34, LATCHED];

/// Register 1: everything back to its reset value.
const SOFT_RESET: u8 = 0x80;

/// Register 4: a ring burst began.
const RING_LATCH: u8 = 0x80;
/// Register 4: the line was lost while off hook.
const DROP_OUT: u8 = 0x08;
/// Register 4: too much loop current.
const OVERLOAD: u8 = 0x04;
/// Register 4: the polarity turned.
const POLARITY: u8 = 0x01;

/// Register 5: the negative half of a ring cycle.
const RING_NEGATIVE: u8 = 0x40;
/// Register 5: the positive half of a ring cycle.
const RING_POSITIVE: u8 = 0x20;
/// Register 5: sound passes although on hook.
const MONITOR: u8 = 0x08;
/// Register 5: it rings for long enough to be believed.
const RING_VALID: u8 = 0x04;
/// Register 5: off hook.
const OFF_HOOK: u8 = 0x01;

/// Register 6 after a reset: the line side is off. The document only says that 0 powers it.
const POWERED_DOWN: u8 = 0x10;

/// Register 11 once the line side answers: its kind in the high nibble, its revision in the low one.
const LINE_SIDE_ID: u8 = 0x13;

/// Register 12: the link to the line side is up.
const LINK: u8 = 0x40;

/// Register 33 with µ-law.
const ULAW: u8 = 0x28;
/// Register 33 with A-law.
const ALAW: u8 = 0x20;

/// How long the line side takes to answer after it got power.
const LINK_UP: Duration = Duration::from_millis(20);

/// How long it must ring until it is believed.
const RING_CONFIRM: Duration = Duration::from_millis(200);

/// Loop current from which on it is an overload, in steps of 0.1 mA.
const OVERLOAD_TENTHS_MA: u16 = 1270;

/// Voltages below this read as none, in mV.
const LEAST_MILLIVOLTS: u32 = 3_000;

/// What flows to the host while the codec does not run: the zero of µ-law.
pub(super) const NO_SOUND: u8 = 0xFF;

/// How samples are companded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    Ulaw,
    Alaw,
}

impl Law {
    /// The code of a sample.
    pub(super) fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Ulaw => ulaw_encode(sample),
            Law::Alaw => alaw_encode(sample),
        }
    }

    /// The sample of a code.
    pub(super) fn decode(self, code: u8) -> i16 {
        match self {
            Law::Ulaw => ulaw_decode(code),
            Law::Alaw => alaw_decode(code),
        }
    }
}

/// The line interface.
#[derive(Debug)]
pub(super) struct Daa {
    written: [u8; REGISTERS],
    line: LineStatus,
    ring_hz: u8,
    ringing: Option<Moment>,
    /// When the line side answers, or answered, while it has power.
    linked: Moment,
    /// What the host could know of the watched registers.
    told: [u8; WATCHED.len()],
}

impl Daa {
    pub(super) fn new() -> Self {
        Daa {
            written: reset_values(),
            line: LineStatus::default(),
            ring_hz: 25,
            ringing: None,
            linked: Moment::ZERO,
            told: [0; WATCHED.len()],
        }
    }

    /// Back to the reset values, which also releases the line. The line itself stays as it is.
    pub(super) fn reset(&mut self) {
        self.written = reset_values();
    }

    /// The line side has power.
    fn is_powered(&self) -> bool {
        self.stored(POWER) == 0
    }

    /// The line side has power and answers.
    fn answers(&self, now: Moment) -> bool {
        self.is_powered() && now >= self.linked
    }

    /// Whether the hook relay is closed. Without power on the line side nothing holds it.
    pub(super) fn is_off_hook(&self) -> bool {
        self.is_powered() && self.stored(HOOK) & OFF_HOOK != 0
    }

    /// Whether the sound of the line gets through: off hook, or on hook with the monitor on.
    pub(super) fn hears(&self) -> bool {
        self.is_powered() && self.stored(HOOK) & (OFF_HOOK | MONITOR) != 0
    }

    /// How samples are companded; `None` while the codec does not run.
    pub(super) fn law(&self) -> Option<Law> {
        match self.stored(CODEC) {
            ULAW => Some(Law::Ulaw),
            ALAW => Some(Law::Alaw),
            _ => None,
        }
    }

    /// The ringing of this line has another frequency, in Hz; 0 leaves it as it is.
    pub(super) fn set_ring_frequency(&mut self, hz: u8) {
        if hz != 0 {
            self.ring_hz = hz;
        }
    }

    /// What is on the line now.
    pub(super) fn sense(&mut self, line: &LineStatus, now: Moment) {
        let was = std::mem::replace(&mut self.line, *line);
        let rang = self.ringing.is_some();
        self.ringing = line.ringing.then(|| self.ringing.unwrap_or(now));
        if !self.is_powered() {
            return;
        }
        let off_hook = self.is_off_hook();
        let overloaded = |line: &LineStatus| line.overload != 0 || line.tenths_ma >= OVERLOAD_TENTHS_MA;
        let latches = [
            (RING_LATCH, !rang && line.ringing && !off_hook),
            (DROP_OUT, off_hook && was.tenths_ma > 0 && line.tenths_ma == 0),
            (OVERLOAD, overloaded(line) && !overloaded(&was)),
            (POLARITY, was.millivolts.signum() * line.millivolts.signum() < 0),
        ];
        for (latch, _) in latches.into_iter().filter(|(_, happened)| *happened) {
            self.store(LATCHED, self.stored(LATCHED) | latch);
        }
    }

    /// Reads a register; those that do not exist read as 0.
    pub(super) fn read(&self, register: u8, now: Moment) -> u8 {
        match register {
            RESET => 0,
            HOOK => self.stored(HOOK) | self.ring_bits(now),
            LINE_SIDE | LOOP | CURRENT | VOLTAGE if !self.answers(now) => 0,
            LINE_SIDE => LINE_SIDE_ID,
            LOOP => LINK | steps(self.line.tenths_ma, 33).min(0x1F),
            CURRENT => steps(self.line.tenths_ma, 11),
            VOLTAGE => volts(self.line.millivolts),
            _ => self.stored(register),
        }
    }

    /// Writes a register; what can only be read, or does not exist, stays as it is.
    pub(super) fn write(&mut self, register: u8, value: u8, now: Moment) {
        match register {
            RESET if value & SOFT_RESET != 0 => self.reset(),
            // A latched bit is cleared by writing 0 to it.
            LATCHED => self.store(LATCHED, self.stored(LATCHED) & value),
            HOOK => self.store(HOOK, value & (OFF_HOOK | MONITOR)),
            POWER => {
                if !self.is_powered() {
                    self.linked = now + LINK_UP;
                }
                self.store(POWER, value);
            }
            0 | RESET | LINE_SIDE | LOOP | CURRENT | VOLTAGE => {}
            _ => self.store(register, value),
        }
    }

    /// The watched registers that are another since they were last asked for here, with their values.
    pub(super) fn changes(&mut self, now: Moment) -> Vec<(u8, u8)> {
        let values = WATCHED.map(|register| self.read(register, now));
        let told = std::mem::replace(&mut self.told, values);
        let pairs = WATCHED.into_iter().zip(values).zip(told);
        pairs.filter(|((_, value), told)| value != told).map(|(pair, _)| pair).collect()
    }

    /// The half of the ring cycle and whether the ringing is believed. Off hook no ringing is seen.
    fn ring_bits(&self, now: Moment) -> u8 {
        let Some(since) = self.ringing.filter(|_| self.answers(now) && !self.is_off_hook()) else { return 0 };
        let half_cycles = now.since(since).as_millis() * u128::from(self.ring_hz) * 2 / 1000;
        let half = if half_cycles.is_multiple_of(2) { RING_POSITIVE } else { RING_NEGATIVE };
        half | if now - since >= RING_CONFIRM { RING_VALID } else { 0 }
    }

    fn stored(&self, register: u8) -> u8 {
        self.written.get(usize::from(register)).copied().unwrap_or(0)
    }

    fn store(&mut self, register: u8, value: u8) {
        if let Some(slot) = self.written.get_mut(usize::from(register)) {
            *slot = value;
        }
    }
}

/// The document gives no reset values; all but the power are taken as 0, which also means on hook and a codec at rest.
fn reset_values() -> [u8; REGISTERS] {
    let mut values = [0; REGISTERS];
    values[usize::from(POWER)] = POWERED_DOWN;
    values
}

/// A current of 0.1 mA units in steps of `step` such units, to the nearest.
fn steps(tenths_ma: u16, step: u16) -> u8 {
    u8::try_from(tenths_ma.saturating_add(step / 2) / step).unwrap_or(u8::MAX)
}

/// A voltage in mV as the signed number of volts that register 29 shows, to the nearest.
fn volts(millivolts: i32) -> u8 {
    if millivolts.unsigned_abs() < LEAST_MILLIVOLTS {
        return 0;
    }
    let volts = (millivolts.saturating_add(500 * millivolts.signum()) / 1000).clamp(-127, 127);
    i8::try_from(volts).unwrap_or(0).to_be_bytes()[0]
}
