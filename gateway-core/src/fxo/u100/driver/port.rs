//! One line as its registers tell of it: where the relay is, what the voltage means, and when it rings.

use std::collections::VecDeque;
use std::time::Duration;

use crate::fxo::LineEvent;
use crate::fxo::u100::registers::line;
use crate::time::{Moment, earliest};

/// Debounce of battery and polarity (wctdm24xxp: 64 ms).
const DEBOUNCE: Duration = Duration::from_millis(64);

/// A line without voltage for this long is dead; shorter is an interruption, or a click of the exchange.
const DEAD: Duration = Duration::from_millis(1000);

/// A parallel telephone is believed after this long.
const EXTENSION: Duration = Duration::from_millis(300);

/// On hook, less than this is a line that somebody else has taken.
const TAKEN_VOLTS: u8 = 20;

/// Half cycles of ringing until it is believed: a reversal makes one.
const RING_HALVES: u32 = 4;

/// Without a half cycle for this long the burst is over: at 15 Hz one comes each 33 ms.
const RING_GAP: Duration = Duration::from_millis(150);

/// Pulse dialling as our own box does it: 10 pulses a second, a third of each closed, and the pause between digits.
const BREAK: Duration = Duration::from_millis(67);
const MAKE: Duration = Duration::from_millis(33);
const BETWEEN_DIGITS: Duration = Duration::from_millis(800);

/// So often the relay is told again to move.
const HOOK_TRIES: u8 = 3;

/// Something that is believed when it has lasted.
#[derive(Debug, Default)]
struct Lasting {
    believed: Option<bool>,
    seen: Option<(bool, Moment)>,
}

impl Lasting {
    /// It is so now; the first time it is believed at once.
    fn see(&mut self, value: bool, believed_at: Moment) {
        if self.believed == Some(value) {
            self.seen = None;
        } else if self.seen.is_none_or(|(seen, _)| seen != value) {
            self.seen = Some((value, believed_at));
        }
    }

    /// What is believed from now on, when that is news.
    fn take(&mut self, now: Moment) -> Option<bool> {
        let (value, at) = self.seen?;
        if self.believed.is_some() && at > now {
            return None;
        }
        self.seen = None;
        self.believed = Some(value);
        Some(value)
    }

    fn deadline(&self) -> Option<Moment> {
        self.seen.map(|(_, at)| at)
    }
}

/// A burst of ringing.
#[derive(Clone, Copy, Debug)]
struct Ring {
    began: Moment,
    last: Moment,
    halves: u32,
    side: u8,
    told: bool,
}

#[derive(Debug, Default)]
pub(super) struct Port {
    /// The line shall be held.
    wanted: bool,
    /// An order whose execution is not proven yet, and how often the relay was told.
    ordered: Option<u8>,
    /// Where the relay was last seen.
    off_hook: Option<bool>,
    battery: Lasting,
    forward: Lasting,
    extension: Lasting,
    volts: i8,
    microamps: u32,
    measuring: bool,
    interrupted: Option<Moment>,
    ring: Option<Ring>,
    /// Positions of the contact that are to come, and when: a flash, or pulses.
    signal: VecDeque<(Moment, bool)>,
    open: bool,
}

impl Port {
    pub(super) fn order(&mut self, off_hook: bool) {
        self.wanted = off_hook;
        self.ordered = Some(1);
        self.signal.clear();
        self.open = false;
    }

    pub(super) fn flash(&mut self, duration: Duration, now: Moment) {
        self.interrupted = None;
        self.open = self.wanted;
        self.signal = VecDeque::from([(now + duration, true)]);
    }

    pub(super) fn pulses(&mut self, digits: &str, now: Moment) {
        self.interrupted = None;
        let mut at = now;
        self.signal.clear();
        for digit in digits.chars().filter_map(|digit| digit.to_digit(10)) {
            for _ in 0..if digit == 0 { 10 } else { digit } {
                self.signal.push_back((at, false));
                self.signal.push_back((at + BREAK, true));
                at = at + BREAK + MAKE;
            }
            at = at + BETWEEN_DIGITS;
        }
        self.signal.push_back((at, true));
    }

    pub(super) fn is_signalling(&self) -> bool {
        !self.signal.is_empty()
    }

    /// Whether the contact shall be closed now.
    pub(super) fn contact_closed(&self) -> bool {
        self.wanted && !self.open
    }

    pub(super) fn measure(&mut self) {
        self.measuring = true;
    }

    /// Where the relay is was asked and never answered; true when somebody waits for it.
    pub(super) fn hook_not_answered(&mut self) -> bool {
        self.ordered.take().is_some()
    }

    /// The register with the relay and the ringing; `asked` when it was read, and not told by the device. True: the relay has to be
    /// told once more.
    pub(super) fn hook(&mut self, bits: u8, now: Moment, asked: bool, events: &mut Vec<LineEvent>) -> bool {
        self.ringing(bits, now, events);
        let off_hook = bits & line::HOOK_OFF != 0;
        if !asked || self.is_signalling() {
            return false;
        }
        let moved = self.off_hook.replace(off_hook) != Some(off_hook);
        if moved {
            self.interrupted = None;
            // On hook and off hook the line has other voltages: what was being believed is none of this position.
            self.extension = Lasting { believed: Some(false), seen: None };
        }
        if off_hook == self.wanted {
            let proven = self.ordered.take().is_some();
            if proven || moved {
                events.push(LineEvent::Hook { off_hook });
            }
            return false;
        }
        match &mut self.ordered {
            Some(tries) if *tries < HOOK_TRIES => {
                *tries += 1;
                true
            }
            Some(_) => {
                self.ordered = None;
                events.push(LineEvent::CommandFailed { status: LineEvent::NOT_ANSWERED });
                events.push(LineEvent::Hook { off_hook });
                false
            }
            // It moved by itself: a line that is held against our will is let go, one that fell is lost.
            None => {
                if moved {
                    events.push(LineEvent::Hook { off_hook });
                }
                self.wanted = false;
                off_hook
            }
        }
    }

    fn ringing(&mut self, bits: u8, now: Moment, events: &mut Vec<LineEvent>) {
        let side = bits & (line::HOOK_RING_NEGATIVE | line::HOOK_RING_POSITIVE);
        let validated = bits & line::HOOK_RINGING != 0;
        if side == 0 && !validated {
            return;
        }
        let ring = self.ring.get_or_insert(Ring { began: now, last: now, halves: 0, side: 0, told: false });
        ring.last = now;
        if side != 0 && side != ring.side {
            ring.side = side;
            ring.halves += 1;
        }
        if !ring.told && (validated || ring.halves >= RING_HALVES) {
            ring.told = true;
            events.push(LineEvent::RingOn { frequency_hz: frequency_hz(ring) });
        }
    }

    /// Volts across the line, with the sign of the polarity.
    pub(super) fn voltage(&mut self, volts: i8, now: Moment, events: &mut Vec<LineEvent>) {
        self.volts = volts;
        // Ringing swings the voltage through zero.
        if self.ring.is_some() || self.is_signalling() {
            return;
        }
        let present = volts != 0;
        if self.off_hook == Some(true) {
            if !present {
                if self.interrupted.is_none() {
                    events.push(LineEvent::LoopOpened);
                }
                self.interrupted.get_or_insert(now);
            } else if let Some(since) = self.interrupted.take()
                && now - since < DEAD
            {
                events.push(LineEvent::LoopInterruption { duration: now - since });
            }
        }
        self.battery.see(present, now + if present { DEBOUNCE } else { DEAD });
        if present {
            self.forward.see(volts > 0, now + DEBOUNCE);
            if self.off_hook == Some(false) {
                self.extension.see(volts.unsigned_abs() < TAKEN_VOLTS, now + EXTENSION);
            }
        }
        self.believe(now, events);
    }

    /// Loop current in µA, the last of what is measured.
    pub(super) fn current(&mut self, microamps: u32, events: &mut Vec<LineEvent>) {
        let before = std::mem::replace(&mut self.microamps, microamps);
        if std::mem::take(&mut self.measuring) || before.abs_diff(microamps) > line::CURRENT_STEP_UA {
            let off_hook = self.off_hook == Some(true);
            events.push(LineEvent::Measured { millivolts: i32::from(self.volts) * 1000, microamps: Some(microamps), off_hook });
        }
    }

    fn believe(&mut self, now: Moment, events: &mut Vec<LineEvent>) {
        match self.battery.take(now) {
            Some(true) => events.push(LineEvent::BatteryUp { millivolts: Some(i32::from(self.volts) * 1000) }),
            Some(false) => events.push(LineEvent::BatteryDown),
            None => {}
        }
        if let Some(forward) = self.forward.take(now) {
            events.push(LineEvent::Polarity { forward });
        }
        let before = self.extension.believed;
        match self.extension.take(now) {
            Some(true) => events.push(LineEvent::ExtensionPickup),
            Some(false) if before == Some(true) => events.push(LineEvent::ExtensionRelease),
            Some(false) | None => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        let believed = [&self.battery, &self.forward, &self.extension].map(Lasting::deadline).into_iter().fold(None, earliest);
        let ring = self.ring.map(|ring| ring.last + RING_GAP);
        earliest(earliest(believed, ring), self.signal.front().map(|(at, _)| *at))
    }

    /// What is due; true when the relay has to be moved.
    pub(super) fn handle_timeout(&mut self, now: Moment, events: &mut Vec<LineEvent>) -> bool {
        if let Some(ring) = self.ring.filter(|ring| ring.last + RING_GAP <= now) {
            self.ring = None;
            if ring.told {
                events.push(LineEvent::RingOff { on: ring.last - ring.began });
            }
        }
        self.believe(now, events);
        let mut moves = false;
        while let Some((_, closed)) = self.signal.pop_front_if(|(at, _)| *at <= now) {
            moves |= self.open == closed;
            self.open = !closed;
            if self.signal.is_empty() {
                moves = true;
                events.push(LineEvent::SignalDone);
            }
        }
        moves
    }
}

/// Of the half cycles so far; 0 when there are too few to tell.
fn frequency_hz(ring: &Ring) -> u8 {
    let millis = (ring.last - ring.began).as_millis();
    let halves = u128::from(ring.halves.saturating_sub(1));
    if millis == 0 { 0 } else { u8::try_from((halves * 1000 + millis) / (2 * millis)).unwrap_or(0) }
}
