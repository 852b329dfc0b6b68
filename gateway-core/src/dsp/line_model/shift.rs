//! All frequencies moved by the same number of Hz: what a carrier system does whose two ends do not agree (ITU-T G.225).
//!
//! The signal and its Hilbert transform, turned against each other, are a single side band; no mirror frequencies come with it.

use std::f64::consts::{PI, TAU};

use crate::dsp::SAMPLE_RATE_HZ;

/// Coefficients of the transformer; every second one is zero.
const TAPS: usize = 127;

#[derive(Clone, Debug)]
pub(super) struct Shift {
    taps: [f32; TAPS],
    /// The last samples twice in a row, so that they always lie in one piece.
    samples: [f32; 2 * TAPS],
    position: usize,
    phase: f64,
    step: f64,
}

impl Shift {
    /// How late it is, in samples.
    pub(super) const DELAY: usize = TAPS / 2;

    pub(super) fn new(offset_hz: f32) -> Self {
        let taps = std::array::from_fn(|n| {
            let from_middle = n as f64 - Self::DELAY as f64;
            if n % 2 == Self::DELAY % 2 {
                return 0.0;
            }
            // A Blackman window keeps the ripple below 0.01 dB between 150 and 3850 Hz.
            let turn = TAU * (n as f64 + 1.0) / (TAPS as f64 + 1.0);
            let window = 0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
            (2.0 / (PI * from_middle) * window) as f32
        });
        Shift { taps, samples: [0.0; 2 * TAPS], position: 0, phase: 0.0, step: f64::from(offset_hz) / f64::from(SAMPLE_RATE_HZ) }
    }

    pub(super) fn next(&mut self, sample: f32) -> f32 {
        self.samples[self.position] = sample;
        self.samples[self.position + TAPS] = sample;
        self.position = (self.position + 1) % TAPS;
        // From the oldest to the newest.
        let history = &self.samples[self.position..self.position + TAPS];
        let quadrature: f32 = history.iter().rev().zip(&self.taps).map(|(sample, tap)| sample * tap).sum();
        self.phase = (self.phase + self.step).rem_euclid(1.0);
        let (sine, cosine) = (TAU * self.phase).sin_cos();
        history[Self::DELAY] * cosine as f32 - quadrature * sine as f32
    }
}
