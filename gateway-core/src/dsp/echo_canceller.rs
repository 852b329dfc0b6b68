//! Takes out of what a line sends the echo of what goes out on it: the linear part of a canceller as ITU-T G.168 wants it.
//!
//! Two models of the way from the line card to the hybrid and back. The `background` learns all the time, fast, as a Kalman filter in
//! blocks of 10 ms (`adaptive`); the foreground is a copy of it from a moment at which it was better, and is what cancels. A background
//! that somebody's voice has led astray begins again from the foreground. The echo path is as long as [`TAIL_MS`]; what lies before it,
//! the way through a sound card, is the caller's to take out.

mod adaptive;
mod transform;

use self::adaptive::{Adaptive, PARTITIONS, Weights, filtered, no_weights};
use self::transform::{BLOCK, Spectrum, Transform};
use super::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// The longest echo that is cancelled, in ms.
pub const TAIL_MS: u32 = (PARTITIONS * BLOCK) as u32 * 1000 / SAMPLE_RATE_HZ;

/// Over so much of the past the two models are compared: 60 ms.
const MEMORY: f32 = 0.85;

/// The background takes over when what it leaves is less than this part of what the foreground leaves, and half of what came.
const BETTER: f32 = 0.75;
const WORTH: f32 = 0.5;

/// It begins again when it leaves so much more.
const ASTRAY: f32 = 1.5;

/// Where less goes out than this, as the mean square of a block (−55 dBm0), nothing is learned of which model is better.
const LEAST_FAR: f32 = 900.0;

/// Cancels the echo on one line.
#[derive(Clone)]
pub struct EchoCanceller {
    transform: Transform,
    /// What went out, the newest block first.
    far: Box<[Spectrum; PARTITIONS]>,
    last_far: [f32; BLOCK],
    background: Adaptive,
    foreground: Box<Weights>,
    left: Left,
}

/// Smoothed powers: what came from the line, and what each model leaves of it.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    near: f32,
    foreground: f32,
    background: f32,
}

impl EchoCanceller {
    /// A canceller that knows nothing of its line.
    #[must_use]
    pub fn new() -> Self {
        EchoCanceller {
            transform: Transform::new(),
            far: Box::new([Spectrum::default(); PARTITIONS]),
            last_far: [0.0; BLOCK],
            background: Adaptive::new(),
            foreground: no_weights(),
            left: Left::default(),
        }
    }

    /// What the line said in `near`, without the echo of what went out; `far` went out while `near` came.
    #[must_use]
    pub fn cancel(&mut self, far: &Frame, near: &Frame) -> Frame {
        let mut out = Frame::SILENCE;
        for start in (0..FRAME_SAMPLES).step_by(BLOCK) {
            let block = |frame: &Frame| -> [f32; BLOCK] { std::array::from_fn(|n| f32::from(frame.0[start + n])) };
            let left = self.cancel_block(&block(far), &block(near));
            for (slot, sample) in out.0[start..].iter_mut().zip(left) {
                *slot = sample.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16;
            }
        }
        out
    }

    /// Forgets the line.
    pub fn reset(&mut self) {
        self.far.fill(Spectrum::default());
        self.last_far = [0.0; BLOCK];
        self.background.reset();
        self.foreground.fill(Spectrum::default());
        self.left = Left::default();
    }

    fn cancel_block(&mut self, far: &[f32; BLOCK], near: &[f32; BLOCK]) -> [f32; BLOCK] {
        self.far.rotate_right(1);
        self.far[0] = self.transform.of_pair(&self.last_far, far);
        self.last_far = *far;
        let leave = |echo: [f32; BLOCK]| -> [f32; BLOCK] { std::array::from_fn(|n| near[n] - echo[n]) };
        let by_foreground = leave(filtered(&self.far, &self.foreground, &mut self.transform));
        let by_background = leave(self.background.echo(&self.far, &mut self.transform));
        self.background.learn(&self.far, &by_background, &mut self.transform);
        self.compare(power(far), power(near), power(&by_foreground), power(&by_background));
        if self.left.background < self.left.foreground { by_background } else { by_foreground }
    }

    /// Which of the two models is better.
    fn compare(&mut self, far: f32, near: f32, foreground: f32, background: f32) {
        let smooth = |old: f32, new: f32| MEMORY * old + (1.0 - MEMORY) * new;
        let left = &mut self.left;
        left.near = smooth(left.near, near);
        left.foreground = smooth(left.foreground, foreground);
        left.background = smooth(left.background, background);
        if far > LEAST_FAR && left.background < BETTER * left.foreground && left.background < WORTH * left.near {
            *self.foreground = *self.background.weights;
            left.foreground = left.background;
        } else if left.background > ASTRAY * left.foreground {
            *self.background.weights = *self.foreground;
            left.background = left.foreground;
        }
    }
}

impl Default for EchoCanceller {
    fn default() -> Self {
        EchoCanceller::new()
    }
}

impl std::fmt::Debug for EchoCanceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EchoCanceller").field("left", &self.left).finish_non_exhaustive()
    }
}

/// The mean square of a block.
fn power(block: &[f32; BLOCK]) -> f32 {
    block.iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32
}

#[cfg(test)]
mod tests;
