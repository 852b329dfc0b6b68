//! How much of a block is sines near known frequencies, and how much is everything else: a least-squares fit.
//!
//! Each sine has four base functions: cosine, sine, and both times the distance from the middle of the block. The latter two let its
//! frequency lie a little beside the nominal one, so that a sender's tolerance is not taken for noise.

use std::f64::consts::TAU;

use crate::dsp::SAMPLE_RATE_HZ;

/// The most sines that are fitted at once.
const MOST_SINES: usize = 3;

/// Base functions of all sines.
const MOST_BASES: usize = 4 * MOST_SINES;

/// What was found in one block or, added up, in several: mean squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Purity {
    /// Power of the sines.
    pub(super) sines: f64,
    /// Power of all else.
    pub(super) rest: f64,
}

impl Purity {
    /// Adds what was found in another block.
    pub(super) fn add(&mut self, other: Purity) {
        self.sines += other.sines;
        self.rest += other.rest;
    }
}

/// Fits sines near `frequencies_hz` (at most three, the first count) to a block; `None`: it is too short for them, or they are too near
/// each other.
pub(super) fn fit(samples: &[f32], frequencies_hz: &[f32]) -> Option<Purity> {
    let count = 4 * frequencies_hz.len().min(MOST_SINES);
    let free = samples.len().checked_sub(count).filter(|&free| free > 0)?;
    let (mut matrix, mut sums, mut energy) = ([[0.0; MOST_BASES]; MOST_BASES], [0.0; MOST_BASES], 0.0);
    let half = samples.len() as f64 / 2.0;
    for (n, &sample) in samples.iter().enumerate() {
        let (sample, distance) = (f64::from(sample), (n as f64 - half) / half);
        let mut bases = [0.0; MOST_BASES];
        for (base, &frequency_hz) in bases.chunks_exact_mut(4).zip(frequencies_hz) {
            let (sine, cosine) = (TAU * f64::from(frequency_hz) * n as f64 / f64::from(SAMPLE_RATE_HZ)).sin_cos();
            base.copy_from_slice(&[cosine, sine, distance * cosine, distance * sine]);
        }
        energy += sample * sample;
        for (row, (sum, &base)) in matrix.iter_mut().zip(sums.iter_mut().zip(&bases)) {
            *sum += base * sample;
            row.iter_mut().zip(&bases).for_each(|(cell, other)| *cell += base * other);
        }
    }
    let fitted = explained(&mut matrix, &mut sums, count)?;
    let length = samples.len() as f64;
    let rest = (energy - fitted).max(0.0) / free as f64;
    Some(Purity { sines: (fitted / length - rest * count as f64 / length).max(0.0), rest })
}

/// The energy that the best combination of the bases explains: the sums times the solution of the normal equations, which Gauss'
/// elimination of a symmetric matrix gives on its way.
fn explained(matrix: &mut [[f64; MOST_BASES]; MOST_BASES], sums: &mut [f64; MOST_BASES], count: usize) -> Option<f64> {
    let mut energy = 0.0;
    for step in 0..count {
        let (pivot_row, pivot_sum) = (matrix[step], sums[step]);
        let pivot = pivot_row[step];
        if pivot < 1e-6 {
            return None;
        }
        energy += pivot_sum * pivot_sum / pivot;
        for (row, sum) in matrix.iter_mut().zip(sums.iter_mut()).take(count).skip(step + 1) {
            let factor = row[step] / pivot;
            *sum -= factor * pivot_sum;
            row.iter_mut().zip(&pivot_row).for_each(|(cell, above)| *cell -= factor * above);
        }
    }
    Some(energy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::babble::WhiteNoise;
    use crate::rng::Rng;

    fn sound(tones: &[(f64, f64)], noise_dbm0: f32, length: usize) -> Vec<f32> {
        let mut samples = vec![0_i16; length];
        for (n, sample) in samples.iter_mut().enumerate() {
            let value: f64 = tones.iter().map(|(hz, peak)| peak * (TAU * hz * n as f64 / 8000.0 + 0.4).sin()).sum();
            *sample = value.round() as i16;
        }
        WhiteNoise::new(Rng::from_seed(1), noise_dbm0).mix_into(&mut samples);
        samples.into_iter().map(f32::from).collect()
    }

    fn snr_db(purity: Purity) -> f64 {
        10.0 * (purity.sines / purity.rest).log10()
    }

    #[test]
    fn sines_and_noise_are_told_apart_also_beside_the_nominal_frequency() {
        for (hz, expected_db) in [(1200.0, 30.0), (1212.0, 30.0), (1188.0, 20.0), (1200.0, 10.0)] {
            let peak = 8000.0_f64;
            let level_dbm0 = crate::dsp::level::dbm0_of_power((peak * peak / 2.0) as f32);
            let samples = sound(&[(hz, peak)], level_dbm0 - expected_db as f32, 8000);
            let mut whole = Purity::default();
            samples.chunks_exact(40).filter_map(|block| fit(block, &[1200.0])).for_each(|found| whole.add(found));
            assert!((snr_db(whole) - expected_db).abs() < 0.7, "{hz} Hz: {}", snr_db(whole));
            assert!((whole.sines / 200.0 / (peak * peak / 2.0) - 1.0).abs() < 0.02);
        }
    }

    #[test]
    fn two_tones_are_one_signal_and_what_is_elsewhere_is_not() {
        let samples = sound(&[(852.0, 4000.0), (1336.0, 5000.0)], -50.0, 120);
        assert!(snr_db(fit(&samples, &[852.0, 1336.0]).unwrap()) > 30.0);
        assert!(snr_db(fit(&samples, &[1700.0, 1100.0, 2300.0]).unwrap()) < 0.0);
    }

    #[test]
    fn what_cannot_be_fitted_is_none() {
        assert_eq!(fit(&[1.0; 4], &[1200.0]), None);
        assert_eq!(fit(&[1.0; 40], &[1200.0, 1200.0]), None);
        assert_eq!(fit(&[], &[]), None);
    }
}
