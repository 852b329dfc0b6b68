//! What we put on the line comes back from it: the echo of the hybrid must not be taken for the far end.

use std::time::Duration;

use super::{Digit, MediaConfig};
use crate::dsp::Frame;
use crate::dsp::dtmf::{DtmfEvent, DtmfReceiver};
use crate::dsp::level::{SILENCE_DBM0, dbm0_of};
use crate::dsp::progress::{HeardTone, ProgressDetector, ProgressTone};
use crate::time::Moment;

/// The way through the box, to the hybrid and back takes less.
const LONGEST_ECHO: Duration = Duration::from_millis(300);

/// A supervisory tone that went out explains one on the line for this long: the longest cadence, with a margin.
const TONE_MEMORY: Duration = Duration::from_secs(6);

/// Frames over which the level of what went out is remembered: 200 ms.
const LEVEL_FRAMES: usize = 10;

/// An echo is weaker than what went out by at least this much.
const LEAST_LOSS_DB: f32 = 6.0;

/// Digits that may echo at a time.
const DIGITS: usize = 8;

/// Supervisory tones remembered.
const TONES: usize = 8;

/// Remembers what went out on the line lately.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    receiver: DtmfReceiver,
    heard: Vec<DtmfEvent>,
    tones: ProgressDetector,
    heard_tones: Vec<HeardTone>,
    last_tones: [Option<(ProgressTone, Moment)>; TONES],
    next_tone: usize,
    digits: [Option<(Digit, Moment)>; DIGITS],
    levels_dbm0: [f32; LEVEL_FRAMES],
    next: usize,
}

impl Echo {
    pub(super) fn new(config: &MediaConfig) -> Self {
        Echo {
            receiver: DtmfReceiver::new(),
            heard: Vec::with_capacity(DIGITS),
            tones: ProgressDetector::new(&config.tones),
            heard_tones: Vec::with_capacity(TONES),
            last_tones: [None; TONES],
            next_tone: 0,
            digits: [None; DIGITS],
            levels_dbm0: [SILENCE_DBM0; LEVEL_FRAMES],
            next: 0,
        }
    }

    /// The country's tones have changed.
    pub(super) fn retune(&mut self, config: &MediaConfig) {
        self.tones = ProgressDetector::new(&config.tones);
    }

    /// Takes a frame that goes out on the line; answers its level in dBm0.
    pub(super) fn outgoing(&mut self, frame: &Frame, now: Moment) -> f32 {
        let level_dbm0 = dbm0_of(&frame.0);
        self.levels_dbm0[self.next] = level_dbm0;
        self.next = (self.next + 1) % LEVEL_FRAMES;
        self.heard.clear();
        self.receiver.process(frame, &mut self.heard);
        for n in 0..self.heard.len() {
            match self.heard[n] {
                DtmfEvent::Begin { digit, .. } | DtmfEvent::End { digit, .. } => self.remember(digit, now),
            }
        }
        if let Some(digit) = self.receiver.sounding() {
            self.remember(digit, now);
        }
        self.heard_tones.clear();
        self.tones.process(frame, &mut self.heard_tones);
        for heard in self.heard_tones.drain(..) {
            self.last_tones[self.next_tone] = Some((heard.tone, now));
            self.next_tone = (self.next_tone + 1) % TONES;
        }
        level_dbm0
    }

    /// Whether this tone on the line may be the echo of one that the SIP side plays.
    pub(super) fn explains_tone(&self, tone: ProgressTone, now: Moment) -> bool {
        self.last_tones.iter().flatten().any(|(out, at)| *out == tone && now - *at < TONE_MEMORY)
    }

    /// Whether this digit on the line may be the echo of one that went out.
    pub(super) fn explains_digit(&self, digit: Digit, now: Moment) -> bool {
        self.digits.iter().flatten().any(|(out, at)| *out == digit && now - *at < LONGEST_ECHO)
    }

    /// Whether a digit sounds, or may sound, on its way out.
    pub(super) fn has_digit_going_out(&self) -> bool {
        self.receiver.suspects() || self.receiver.sounding().is_some()
    }

    /// Whether this level on the line may be the echo of what went out.
    pub(super) fn explains_level(&self, level_dbm0: f32) -> bool {
        let loudest = self.levels_dbm0.iter().copied().fold(SILENCE_DBM0, f32::max);
        level_dbm0 < loudest - LEAST_LOSS_DB
    }

    fn remember(&mut self, digit: Digit, now: Moment) {
        let known = self.digits.iter().position(|slot| slot.is_some_and(|(out, _)| out == digit));
        let oldest = || (0..DIGITS).min_by_key(|&n| self.digits[n].map(|(_, at)| at)).unwrap_or(0);
        let slot = known.unwrap_or_else(oldest);
        self.digits[slot] = Some((digit, now));
    }
}
