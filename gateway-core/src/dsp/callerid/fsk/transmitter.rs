//! Bytes as sound.

use std::f64::consts::TAU;

use super::FskStandard;
use crate::dsp::level::amplitude_of_dbm0;
use crate::dsp::{Frame, SAMPLE_RATE_HZ};

/// How the bits are sent; the fields allow what a line or a sloppy exchange does to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FskShape {
    /// Frequency of a 1 in Hz.
    pub mark_hz: f32,
    /// Frequency of a 0 in Hz.
    pub space_hz: f32,
    /// Level of a 1 in dBm0.
    pub mark_dbm0: f32,
    /// Level of a 0 in dBm0.
    pub space_dbm0: f32,
    /// Bits a second.
    pub bit_rate: f32,
    /// Alternating bits at the beginning, from 0 (channel seizure); 0 for the off-hook form.
    pub seizure_bits: u32,
    /// Ones after that.
    pub mark_bits: u32,
    /// Further ones between bytes, 0–10.
    pub stuffing_bits: u32,
}

impl FskShape {
    /// As the standards want it: −13.5 dBm0, 300 bits of seizure, 180 of mark (Telcordia GR-30; EN 300 659-1).
    #[must_use]
    pub fn of(standard: FskStandard) -> Self {
        FskShape {
            mark_hz: standard.mark_hz(),
            space_hz: standard.space_hz(),
            mark_dbm0: -13.5,
            space_dbm0: -13.5,
            bit_rate: 1200.0,
            seizure_bits: 300,
            mark_bits: 180,
            stuffing_bits: 0,
        }
    }
}

/// Sends one message: seizure, mark, its bytes, and a few ones more.
#[derive(Clone, Debug)]
pub struct FskTransmitter {
    shape: FskShape,
    message: Vec<u8>,
    /// The bit that sounds.
    bit: u32,
    /// How much of it is out, 0..1.
    part: f64,
    /// In turns.
    phase: f64,
}

/// Ones after the last byte, so that its stop bit is whole.
const TRAILING_BITS: u32 = 4;

impl FskTransmitter {
    /// A transmitter at the beginning of the message; `message` is what [`CallData::to_mdmf`](super::super::mdmf::CallData::to_mdmf) built.
    #[must_use]
    pub fn new(shape: FskShape, message: &[u8]) -> Self {
        FskTransmitter { shape, message: message.to_vec(), bit: 0, part: 0.0, phase: 0.0 }
    }

    /// Overwrites `out` with the next 20 ms, silence after the end; true when all is out.
    pub fn fill(&mut self, out: &mut Frame) -> bool {
        for sample in &mut out.0 {
            *sample = self.next_sample();
        }
        self.is_done()
    }

    /// Whether all is out.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.bit >= self.total_bits()
    }

    fn next_sample(&mut self) -> i16 {
        if self.is_done() {
            return 0;
        }
        let shape = &self.shape;
        let (frequency_hz, level_dbm0) = if self.is_mark() { (shape.mark_hz, shape.mark_dbm0) } else { (shape.space_hz, shape.space_dbm0) };
        let sample = f64::from(amplitude_of_dbm0(level_dbm0)) * (TAU * self.phase).sin();
        self.phase += f64::from(frequency_hz) / f64::from(SAMPLE_RATE_HZ);
        self.phase -= self.phase.floor();
        self.part += f64::from(shape.bit_rate) / f64::from(SAMPLE_RATE_HZ);
        if self.part >= 1.0 {
            self.part -= 1.0;
            self.bit += 1;
        }
        sample.round() as i16
    }

    fn bits_a_byte(&self) -> u32 {
        10 + self.shape.stuffing_bits
    }

    fn total_bits(&self) -> u32 {
        let lead = self.shape.seizure_bits + self.shape.mark_bits;
        lead + self.bits_a_byte() * self.message.len() as u32 + TRAILING_BITS
    }

    fn is_mark(&self) -> bool {
        let shape = &self.shape;
        if self.bit < shape.seizure_bits {
            return self.bit % 2 == 1;
        }
        let Some(bit) = self.bit.checked_sub(shape.seizure_bits + shape.mark_bits) else { return true };
        let Some(byte) = self.message.get((bit / self.bits_a_byte()) as usize) else { return true };
        match bit % self.bits_a_byte() {
            0 => false,
            place @ 1..=8 => byte >> (place - 1) & 1 == 1,
            _ => true,
        }
    }
}
