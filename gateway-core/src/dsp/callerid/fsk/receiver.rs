//! Sound as messages.
//!
//! Two correlators as long as a bit, between the frequencies of both standards (1250 and 2150 Hz), so that one receiver serves
//! Bell 202 and V.23: 50 Hz beside the middle turn the phase by a twentieth within a bit. Which of the two it was, the turn of
//! the mark correlator tells. Within a byte every edge corrects the clock: the sender's may be off, and noise moves the one edge
//! that a byte begins with.

use std::f32::consts::TAU;

use super::FskStandard;
use super::carrier::Carrier;
use crate::dsp::callerid::burst::{BurstContent, BurstFault, BurstReading, CallerIdBurst, Checksum, MessageType};
use crate::dsp::callerid::mdmf::{self, CallDataError};
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

/// Samples after the seizure within which the message must begin: 0.5 s, of which the longest mark takes a third.
const LONGEST_LEAD: u32 = 4000;

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
    carrier: Carrier,
    /// The highest power since the carrier came.
    loudest: f32,
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
            hum_filter: hum_filter(),
            mark: Correlator::new(MARK_HZ),
            space: Correlator::new(SPACE_HZ),
            pitch: Pitch::default(),
            power: 0.0,
            balance: 0.0,
            mark_run: 0,
            state: State::Hunting,
            message: Vec::with_capacity(mdmf::LONGEST),
            carrier: Carrier::new(),
            loudest: 0.0,
        }
    }

    /// Takes the next frame; adds each burst that ended in it to `out`, understood or not.
    pub fn process(&mut self, frame: &Frame, out: &mut Vec<CallerIdBurst>) {
        for &sample in &frame.0 {
            out.extend(self.next(f32::from(sample)));
        }
    }

    /// Whether a message is being received.
    #[must_use]
    pub fn is_receiving(&self) -> bool {
        !self.message.is_empty()
    }

    /// Whether something sounds that is loud enough for a carrier.
    #[must_use]
    pub fn has_carrier(&self) -> bool {
        self.loudest > 0.0
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        self.hum_filter = hum_filter();
        self.mark.reset();
        self.space.reset();
        self.pitch = Pitch::default();
        (self.power, self.balance, self.mark_run, self.loudest) = (0.0, 0.0, 0, 0.0);
        self.state = State::Hunting;
        self.message.clear();
        self.carrier = Carrier::new();
    }

    fn next(&mut self, sample: f32) -> Option<CallerIdBurst> {
        let sample = self.hum_filter.next(sample);
        self.power += (sample * sample - self.power) / 32.0;
        let (mark, space) = (self.mark.next(sample), self.space.next(sample));
        let (strength, weakness) = (mark.power().sqrt(), space.power().sqrt());
        let before = self.balance;
        self.balance = (strength - weakness) / (strength + weakness).max(f32::MIN_POSITIVE);
        if self.power < power_of_dbm0(LEAST_DBM0) {
            return self.lose_carrier();
        }
        self.loudest = self.loudest.max(self.power);
        self.carrier.hear(sample, before, self.balance);
        self.mark_run = if self.balance > 0.0 { self.mark_run + 1 } else { 0 };
        match self.state {
            State::Hunting => self.hunt(mark),
            State::Waiting => self.wait(before, mark),
            State::Byte { elapsed, taken, bits } => self.take(elapsed + 1.0, taken, bits, before, (mark, space)),
        }
    }

    /// What there was to be measured is kept only while there is a carrier.
    fn lose_carrier(&mut self) -> Option<CallerIdBurst> {
        if self.loudest == 0.0 {
            return None;
        }
        let burst = self.end(self.fault_of_an_end());
        self.pitch = Pitch::default();
        self.loudest = 0.0;
        burst
    }

    fn hunt(&mut self, mark: Phasor) -> Option<CallerIdBurst> {
        if self.mark_run == 0 {
            self.pitch = Pitch::default();
            self.carrier.forget_mark();
        } else if self.mark_run > WINDOW as u32 {
            self.pitch.listen(mark);
        }
        if self.mark_run >= LEAST_MARK {
            self.state = State::Waiting;
        }
        self.give_up()
    }

    fn wait(&mut self, before: f32, mark: Phasor) -> Option<CallerIdBurst> {
        if self.balance > 0.0 {
            if self.message.is_empty() {
                self.pitch.listen(mark);
                self.carrier.hear_mark(self.mark_run, self.pitch.standard());
                return self.give_up();
            }
            return if self.mark_run > LONGEST_STUFFING { self.end(BurstFault::CutShort) } else { None };
        }
        // The edge lies where the line between the two samples crosses zero.
        let elapsed = if before > 0.0 { -self.balance / (before - self.balance) } else { 0.0 };
        self.state = State::Byte { elapsed, taken: 0, bits: 0 };
        self.carrier.begin_byte();
        None
    }

    /// Waits no longer for a message after a seizure.
    fn give_up(&mut self) -> Option<CallerIdBurst> {
        if self.carrier.since_seizure() > LONGEST_LEAD { self.end(BurstFault::NoMessage) } else { None }
    }

    /// Takes a bit when its middle has come: start bit, eight of data, stop bit.
    fn take(&mut self, elapsed: f32, taken: u8, bits: u16, before: f32, tones: (Phasor, Phasor)) -> Option<CallerIdBurst> {
        let elapsed = elapsed - EDGE_GAIN * self.edge_error(elapsed, before);
        let middle = (f32::from(taken) + 0.5) * BIT;
        self.state = State::Byte { elapsed, taken, bits };
        if (0.0..1.0).contains(&(elapsed - f32::from(taken) * BIT)) {
            self.carrier.hear_boundary(tones.0, tones.1);
        }
        if elapsed < middle {
            return None;
        }
        let balance = self.balance + (before - self.balance) * (elapsed - middle);
        let bit = u16::from(balance > 0.0);
        if taken > 0 && bits >> (taken - 1) & 1 == bit {
            self.carrier.hear_equal_bits(bit == 1, WINDOW);
        }
        let bits = bits | bit << taken;
        self.state = State::Byte { elapsed, taken: taken + 1, bits };
        match (taken, bit) {
            // A click looks like a start bit, but it does not last.
            (0, 1) => self.state = State::Waiting,
            // Where nothing sounds any more, there is no stop bit either.
            (9, _) if self.carrier.has_ended(if bit == 1 { tones.0 } else { tones.1 }, WINDOW) => {
                return self.end(self.fault_of_an_end());
            }
            (9, 1) => {
                self.state = State::Waiting;
                return self.push((bits >> 1) as u8);
            }
            (9, 0) => return self.end(BurstFault::Framing),
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

    fn push(&mut self, byte: u8) -> Option<CallerIdBurst> {
        // After a seizure whatever comes is a message; without one only the types that tell who calls are believed.
        if self.message.is_empty() && MessageType::of(byte) == MessageType::Other && !self.carrier.is_seized() {
            return self.end(BurstFault::NoMessage);
        }
        self.message.push(byte);
        self.carrier.end_byte();
        let total = self.message.get(1).map(|&length| usize::from(length) + 3);
        if total != Some(self.message.len()) {
            return None;
        }
        let standard = self.pitch.standard();
        let (checksum, reading) = match mdmf::parse(&self.message) {
            Ok(data) => {
                let date_time = data.date_time;
                (Checksum::Good, BurstReading::Understood { caller: data.into_caller_id(standard.source()), date_time })
            }
            Err(error) => {
                let checksum = if error == CallDataError::Checksum { Checksum::Bad } else { Checksum::Good };
                (checksum, BurstReading::NotUnderstood { fault: error.into() })
            }
        };
        self.finish(checksum, reading)
    }

    fn fault_of_an_end(&self) -> BurstFault {
        if self.message.is_empty() { BurstFault::NoMessage } else { BurstFault::CutShort }
    }

    /// The message is over before it was whole.
    fn end(&mut self, fault: BurstFault) -> Option<CallerIdBurst> {
        self.finish(Checksum::Missing, BurstReading::NotUnderstood { fault })
    }

    /// Tells what came, if it was a burst, and waits for the next.
    fn finish(&mut self, checksum: Checksum, reading: BurstReading) -> Option<CallerIdBurst> {
        let is_understood = matches!(reading, BurstReading::Understood { .. });
        let is_burst = is_understood || self.carrier.is_seized() || (!self.message.is_empty() && self.carrier.has_pure_mark());
        let burst = is_burst.then(|| {
            let measured = self.carrier.measured(self.loudest);
            let has_mark = self.carrier.has_mark() || is_understood;
            CallerIdBurst {
                level_dbm0: measured.level_dbm0,
                snr_db: measured.snr_db,
                content: BurstContent::Fsk {
                    standard: has_mark.then(|| self.pitch.standard()),
                    bytes: self.message.clone(),
                    twist_db: measured.twist_db,
                    checksum,
                    message_type: self.message.first().map(|&first| MessageType::of(first)),
                },
                reading,
            }
        });
        self.message.clear();
        self.mark_run = 0;
        self.state = State::Hunting;
        self.carrier = Carrier::new();
        burst
    }
}

impl Default for FskReceiver {
    fn default() -> Self {
        FskReceiver::new()
    }
}

fn hum_filter() -> Biquad {
    Biquad::high_pass(400.0, 0.6)
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

    fn reset(&mut self) {
        (self.position, self.slot) = (0, 0);
        self.products = [Phasor::default(); WINDOW];
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
