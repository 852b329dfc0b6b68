//! A model of the echo path that learns: a Kalman filter over blocks, on each line of the spectrum for itself.
//!
//! For each part of the path it keeps how uncertain it is of it. What is left of the line is taken for an error of the model as far as the
//! model is uncertain, and for somebody's voice or noise beyond that: so it learns fast at first, and hardly at all while somebody talks.
//! (Kuech and Enzner, "State-space architecture of the partitioned-block-based acoustic echo controller", ICASSP 2014.)

use super::transform::{BLOCK, LINES, Spectrum, Transform};

/// Parts of the echo path, a block each: 70 ms.
pub(super) const PARTITIONS: usize = 7;

/// What a model multiplies the spectra of the last blocks with, the newest first.
pub(super) type Weights = [Spectrum; PARTITIONS];

/// How uncertain an empty model is of the first part, and how much less of each that follows: most of an echo comes early.
const UNCERTAIN: f32 = 0.1;
const LATER: f32 = 0.5;

/// From block to block the path may change by so little, as a part of itself.
const STEADY: f32 = 0.9995;

/// Only one of the two blocks in a transform counts.
const OVERLAP: f32 = 0.5;

/// By how much of what it learned its uncertainty shrinks. Half would be right if the lines were independent; the second block of a
/// transform is not, and a model that is too certain stops learning.
const SHRINKING: f32 = 0.25;

/// Over so much of the past the noise is measured: 100 ms.
const MEMORY: f32 = 0.9;

/// What is left is noise at least for this part.
const LEAST_NOISE: f32 = 0.05;

/// Added where a division by nothing could be.
const TINY: f32 = 1.0;

/// A model that learns.
#[derive(Clone)]
pub(super) struct Adaptive {
    pub(super) weights: Box<Weights>,
    /// The variance of each weight.
    uncertainty: Box<[[f32; LINES]; PARTITIONS]>,
    /// The power of what is no echo, on each line.
    noise: [f32; LINES],
}

/// The weights of a model that knows nothing.
pub(super) fn no_weights() -> Box<Weights> {
    Box::new([Spectrum::default(); PARTITIONS])
}

/// The echo of the newest block by a model.
pub(super) fn filtered(far: &[Spectrum; PARTITIONS], weights: &Weights, transform: &mut Transform) -> [f32; BLOCK] {
    let mut sum = Spectrum::default();
    for (heard, weight) in far.iter().zip(weights) {
        for line in 0..LINES {
            sum.0[line] += heard.0[line] * weight.0[line];
        }
    }
    transform.pair_of(sum).1
}

fn uncertain() -> [[f32; LINES]; PARTITIONS] {
    std::array::from_fn(|part| [UNCERTAIN * LATER.powi(part as i32); LINES])
}

impl Adaptive {
    pub(super) fn new() -> Self {
        Adaptive { weights: no_weights(), uncertainty: Box::new(uncertain()), noise: [0.0; LINES] }
    }

    pub(super) fn reset(&mut self) {
        self.weights.fill(Spectrum::default());
        *self.uncertainty = uncertain();
        self.noise = [0.0; LINES];
    }

    pub(super) fn echo(&self, far: &[Spectrum; PARTITIONS], transform: &mut Transform) -> [f32; BLOCK] {
        filtered(far, &self.weights, transform)
    }

    /// Learns from what was left of the newest block.
    pub(super) fn learn(&mut self, far: &[Spectrum; PARTITIONS], left: &[f32; BLOCK], transform: &mut Transform) {
        let left = transform.of_pair(&[0.0; BLOCK], left);
        let expected = self.expected(far, &left);
        let parts = far.iter().zip(self.weights.iter_mut()).zip(self.uncertainty.iter_mut());
        for ((heard, weights), uncertainty) in parts {
            let mut step = Spectrum::default();
            for (line, expected) in expected.iter().enumerate() {
                let heard = heard.0[line];
                let gain = uncertainty[line] / expected;
                step.0[line] = heard.conj() * left.0[line] * gain;
                uncertainty[line] *= STEADY * STEADY * (1.0 - SHRINKING * gain * heard.norm_sqr());
            }
            // A part of the path is a block long: what would lie in the next one is none of it.
            let (step, _) = transform.pair_of(step);
            let step = transform.of_pair(&step, &[0.0; BLOCK]);
            for ((weight, step), uncertainty) in weights.0.iter_mut().zip(step.0).zip(uncertainty) {
                *weight += step;
                *uncertainty += (1.0 - STEADY * STEADY) * weight.norm_sqr();
            }
        }
    }

    /// The power that was to be expected of what is left, on each line: errors of the model and noise.
    fn expected(&mut self, far: &[Spectrum; PARTITIONS], left: &Spectrum) -> [f32; LINES] {
        std::array::from_fn(|line| {
            let error = |part: usize| self.uncertainty[part][line] * far[part].0[line].norm_sqr();
            let errors = OVERLAP * (0..PARTITIONS).map(error).sum::<f32>();
            let power = left.0[line].norm_sqr();
            let share = (self.noise[line] / (errors + self.noise[line] + TINY)).max(LEAST_NOISE);
            let noise = (power - errors).max(LEAST_NOISE * share * power);
            self.noise[line] = MEMORY * self.noise[line] + (1.0 - MEMORY) * noise;
            errors + self.noise[line] + TINY
        })
    }
}
