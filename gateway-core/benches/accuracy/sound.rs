//! Digits as sound, exactly as a trial wants them; where each begins and in which phase follows from the dice.

use std::f64::consts::TAU;

use gateway_core::dsp::dtmf::{KEYPAD, frequencies_of};
use gateway_core::dsp::level::{amplitude_of_dbm0, dbm0_of_power, power_of_dbm0};
use gateway_core::rng::Rng;

#[derive(Clone, Copy, Debug)]
pub struct DigitShape {
    pub low_dbm0: f32,
    pub high_dbm0: f32,
    /// Factors of the low and the high frequency.
    pub detune: (f64, f64),
    pub on_ms: f64,
    pub off_ms: f64,
    /// An interruption in the middle of each digit.
    pub gap_ms: f64,
}

impl Default for DigitShape {
    fn default() -> Self {
        DigitShape { low_dbm0: -15.0, high_dbm0: -15.0, detune: (1.0, 1.0), on_ms: 50.0, off_ms: 50.0, gap_ms: 0.0 }
    }
}

impl DigitShape {
    /// The level of both tones together in dBm0.
    pub fn total_dbm0(&self) -> f32 {
        dbm0_of_power(power_of_dbm0(self.low_dbm0) + power_of_dbm0(self.high_dbm0))
    }
}

/// All sixteen digits in some order, each `times` in a row.
pub fn shuffled(rng: &mut Rng, times: usize) -> Vec<char> {
    let mut digits: Vec<char> = KEYPAD.iter().flatten().copied().collect();
    for n in (1..digits.len()).rev() {
        digits.swap(n, usize::try_from(rng.below(n as u64 + 1)).unwrap());
    }
    digits.into_iter().flat_map(|digit| std::iter::repeat_n(digit, times)).collect()
}

pub fn samples_of(ms: f64) -> usize {
    (ms * 8.0).round() as usize
}

/// A silence of 60 to 140 ms, the digits, and a silence of 150 ms; and where the first digit begins.
pub fn digits(rng: &mut Rng, shape: &DigitShape, digits: &[char]) -> (Vec<i16>, usize) {
    let mut samples = vec![0; samples_of(60.0) + usize::try_from(rng.below(640)).unwrap()];
    let onset = samples.len();
    for &digit in digits {
        let (low_hz, high_hz) = frequencies_of(digit).unwrap();
        let phases: [f64; 2] = std::array::from_fn(|_| TAU * rng.below(1000) as f64 / 1000.0);
        let peaks = [shape.low_dbm0, shape.high_dbm0].map(|level| f64::from(amplitude_of_dbm0(level)));
        let steps = [f64::from(low_hz) * shape.detune.0, f64::from(high_hz) * shape.detune.1].map(|hz| TAU * hz / 8000.0);
        let on = samples_of(shape.on_ms);
        let gap = samples_of(shape.gap_ms);
        let gap = on / 2 - gap / 2..on / 2 + gap.div_ceil(2);
        samples.extend((0..on).map(|n| {
            let sum: f64 = (0..2).map(|part| peaks[part] * (phases[part] + steps[part] * n as f64).sin()).sum();
            if gap.contains(&n) { 0 } else { sum.round() as i16 }
        }));
        samples.resize(samples.len() + samples_of(shape.off_ms), 0);
    }
    samples.resize(samples.len() + samples_of(150.0), 0);
    (samples, onset)
}

/// Adds `what` to the samples from `at` on, saturating.
pub fn mix(samples: &mut [i16], at: usize, what: impl Iterator<Item = f64>) {
    for (sample, more) in samples.iter_mut().skip(at).zip(what) {
        *sample = (f64::from(*sample) + more).round() as i16;
    }
}

/// A jump that decays: what the coupling of a receiver makes of a polarity reversal. Its sign changes with `rng`.
pub fn reversal(rng: &mut Rng, peak: f64, decay_ms: f64) -> impl Iterator<Item = f64> + use<> {
    let peak = if rng.chance(500) { peak } else { -peak };
    (0..samples_of(8.0 * decay_ms)).map(move |n| peak * (-(n as f64) / (8.0 * decay_ms)).exp())
}

/// The end of a ring of 25 Hz, clipped, that dies away.
pub fn ring_end(length_ms: f64) -> impl Iterator<Item = f64> {
    let length = samples_of(length_ms);
    (0..length).map(move |n| {
        let fade = ((length - n) as f64 / samples_of(60.0) as f64).min(1.0);
        fade * (60_000.0 * (TAU * 25.0 * n as f64 / 8000.0).sin()).clamp(-12_000.0, 12_000.0)
    })
}
