//! Sound as messages.
//!
//! Two correlators as long as a bit, between the frequencies of both standards (1250 and 2150 Hz), so that one receiver serves
//! Bell 202 and V.23: 50 Hz beside the middle turn the phase by a twentieth within a bit. Which of the two it was, the turn of
//! the mark correlator tells. Within a byte every edge corrects the clock: the sender's may be off, and noise moves the one edge
//! that a byte begins with.

use std::f32::consts::TAU;

use super::FskStandard;
use crate::dsp::callerid::CallerId;
use crate::dsp::callerid::mdmf::{self, CallData};
use crate::dsp::filter::Biquad;
use crate::dsp::goertzel::Phasor;
use crate::dsp::level::power_of_dbm0;
use crate::dsp::{Frame, SAMPLE_RATE_HZ};

/// Between 1200 and 1300 Hz.
const MARK_HZ: f32 = 1250.0;

/// Between 2100 and 2200 Hz.
const SPACE_HZ: f32 = 2150.0;

/// Samples a bit at 1200 bit/s.
const BIT: f32 = 8000.0 / 1200.0;

/// Length of the correlators in samples: a bit, rounded.
const WINDOW: usize = 7;

/// How much of the distance between an edge and where it was expected is made up for.
const EDGE_GAIN: f32 = 0.2;

/// Below this there is no carrier (the standards demand −36 and forbid −48 dBm).
const LEAST_DBM0: f32 = -43.0;

/// Ones in a row, in samples, before the first start bit: ten bits. No byte has so many.
const LEAST_MARK: u32 = 67;

/// Ones in a row, in samples, after which a message that began does not go on (the standards allow ten stuffed bits).
const LONGEST_STUFFING: u32 = 200;

/// Recognises caller ID messages in the audio of one line.
#[derive(Clone, Debug)]
pub struct FskReceiver {
    hum_filter: Biquad,
    mark: Correlator,
    space: Correlator,
    pitch: Pitch,
    /// Mean square, smoothed over some bits.
    power: f32,
    /// From −1 (space) to 1 (mark), of the last sample.
    balance: f32,
    /// Samples since the last space.
    mark_run: u32,
    state: State,
    message: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Waits for a long mark.
    Hunting,
    /// Waits for a start bit.
    Waiting,
    /// Inside a byte: samples since the edge of its start bit, bits taken, and their values.
    Byte { elapsed: f32, taken: u8, bits: u16 },
}

impl FskReceiver {
    /// A receiver that has heard nothing yet.
    #[must_use]
    pub fn new() -> Self {
        FskReceiver {
            hum_filter: Biquad::high_pass(400.0, 0.6),
            mark: Correlator::new(MARK_HZ),
            space: Correlator::new(SPACE_HZ),
            pitch: Pitch::default(),
            power: 0.0,
            balance: 0.0,
            mark_run: 0,
            state: State::Hunting,
            message: Vec::with_capacity(mdmf::LONGEST),
        }
    }

    /// Takes the next frame; adds what was received whole and with the right checksum to `out`.
    pub fn process(&mut self, frame: &Frame, out: &mut Vec<CallerId>) {
        for &sample in &frame.0 {
            if let Some((data, standard)) = self.next(f32::from(sample)) {
                out.push(data.into_caller_id(standard.source()));
            }
        }
    }

    /// Whether a message is being received.
    #[must_use]
    pub fn is_receiving(&self) -> bool {
        !self.message.is_empty()
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        *self = FskReceiver::new();
    }

    fn next(&mut self, sample: f32) -> Option<(CallData, FskStandard)> {
        let sample = self.hum_filter.next(sample);
        self.power += (sample * sample - self.power) / 32.0;
        let (mark, space) = (self.mark.next(sample), self.space.next(sample));
        let (strength, weakness) = (mark.power().sqrt(), space.power().sqrt());
        let before = self.balance;
        self.balance = (strength - weakness) / (strength + weakness).max(f32::MIN_POSITIVE);
        if self.power < power_of_dbm0(LEAST_DBM0) {
            self.lose_carrier();
            return None;
        }
        self.mark_run = if self.balance > 0.0 { self.mark_run + 1 } else { 0 };
        match self.state {
            State::Hunting => self.hunt(mark),
            State::Waiting => self.wait(before, mark),
            State::Byte { elapsed, taken, bits } => return self.take(elapsed + 1.0, taken, bits, before),
        }
        None
    }

    fn lose_carrier(&mut self) {
        self.state = State::Hunting;
        self.message.clear();
        self.mark_run = 0;
        self.pitch = Pitch::default();
    }

    fn hunt(&mut self, mark: Phasor) {
        if self.mark_run == 0 {
            self.pitch = Pitch::default();
        } else if self.mark_run > WINDOW as u32 {
            self.pitch.listen(mark);
        }
        if self.mark_run >= LEAST_MARK {
            self.state = State::Waiting;
        }
    }

    fn wait(&mut self, before: f32, mark: Phasor) {
        if self.balance > 0.0 {
            if self.message.is_empty() {
                self.pitch.listen(mark);
            } else if self.mark_run > LONGEST_STUFFING {
                self.abandon();
            }
            return;
        }
        // The edge lies where the line between the two samples crosses zero.
        let elapsed = if before > 0.0 { -self.balance / (before - self.balance) } else { 0.0 };
        self.state = State::Byte { elapsed, taken: 0, bits: 0 };
    }

    /// Takes a bit when its middle has come: start bit, eight of data, stop bit.
    fn take(&mut self, elapsed: f32, taken: u8, bits: u16, before: f32) -> Option<(CallData, FskStandard)> {
        let elapsed = elapsed - EDGE_GAIN * self.edge_error(elapsed, before);
        let middle = (f32::from(taken) + 0.5) * BIT;
        self.state = State::Byte { elapsed, taken, bits };
        if elapsed < middle {
            return None;
        }
        let balance = self.balance + (before - self.balance) * (elapsed - middle);
        let bit = u16::from(balance > 0.0);
        let bits = bits | bit << taken;
        self.state = State::Byte { elapsed, taken: taken + 1, bits };
        match (taken, bit) {
            // A click looks like a start bit, but it does not last.
            (0, 1) => self.state = State::Waiting,
            (9, 1) => {
                self.state = State::Waiting;
                return self.push((bits >> 1) as u8);
            }
            (9, 0) => self.abandon(),
            (_, _) => {}
        }
        None
    }

    /// How late the edge between the last two samples is, in samples; 0 where there is none.
    fn edge_error(&self, elapsed: f32, before: f32) -> f32 {
        if (before > 0.0) == (self.balance > 0.0) {
            return 0.0;
        }
        let edge = elapsed - self.balance / (self.balance - before);
        edge - (edge / BIT).round() * BIT
    }

    fn push(&mut self, byte: u8) -> Option<(CallData, FskStandard)> {
        let is_known_type = byte == mdmf::MDMF || byte == mdmf::SDMF;
        if self.message.is_empty() && !is_known_type {
            self.abandon();
            return None;
        }
        self.message.push(byte);
        let total = self.message.get(1).map(|&length| usize::from(length) + 3);
        if total != Some(self.message.len()) {
            return None;
        }
        let data = mdmf::parse(&self.message).ok();
        let standard = self.pitch.standard();
        self.abandon();
        data.map(|data| (data, standard))
    }

    fn abandon(&mut self) {
        self.message.clear();
        self.mark_run = 0;
        self.state = State::Hunting;
    }
}

impl Default for FskReceiver {
    fn default() -> Self {
        FskReceiver::new()
    }
}

/// How much of one frequency is in the last [`WINDOW`] samples.
#[derive(Clone, Debug)]
struct Correlator {
    /// The oscillator, one turn in 160 samples at most (all frequencies are multiples of 50 Hz).
    table: [Phasor; TABLE],
    position: usize,
    products: [Phasor; WINDOW],
    slot: usize,
}

const TABLE: usize = (SAMPLE_RATE_HZ / 50) as usize;

impl Correlator {
    fn new(frequency_hz: f32) -> Self {
        let table = std::array::from_fn(|n| {
            let (sine, cosine) = (TAU * frequency_hz * n as f32 / SAMPLE_RATE_HZ as f32).sin_cos();
            Phasor { re: cosine, im: -sine }
        });
        Correlator { table, position: 0, products: [Phasor::default(); WINDOW], slot: 0 }
    }

    fn next(&mut self, sample: f32) -> Phasor {
        let oscillator = self.table[self.position];
        self.position = (self.position + 1) % TABLE;
        self.products[self.slot] = Phasor { re: sample * oscillator.re, im: sample * oscillator.im };
        self.slot = (self.slot + 1) % WINDOW;
        // Summed anew each time: a running sum would gather rounding errors for ever.
        let add = |sum: Phasor, product: &Phasor| Phasor { re: sum.re + product.re, im: sum.im + product.im };
        self.products.iter().fold(Phasor::default(), add)
    }
}

/// Measures by how much the mark is beside 1250 Hz.
#[derive(Clone, Copy, Debug, Default)]
struct Pitch {
    last: Phasor,
    turn: Phasor,
}

impl Pitch {
    fn listen(&mut self, mark: Phasor) {
        self.turn.re += mark.re * self.last.re + mark.im * self.last.im;
        self.turn.im += mark.im * self.last.re - mark.re * self.last.im;
        self.last = mark;
    }

    fn standard(&self) -> FskStandard {
        // Only the sign matters: below 1250 Hz the phase turns backwards.
        if self.turn.im > 0.0 { FskStandard::V23 } else { FskStandard::Bell202 }
    }
}

#[cfg(test)]
mod tests;
