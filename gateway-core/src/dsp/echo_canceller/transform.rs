//! Blocks and their spectra: two blocks to a transform, so that a product of spectra is a convolution in the second of them.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Samples in a block: 10 ms.
pub(super) const BLOCK: usize = 80;

/// Samples in a transform.
const WHOLE: usize = 2 * BLOCK;

/// Lines of a spectrum, from 0 to 4 kHz.
pub(super) const LINES: usize = WHOLE / 2 + 1;

/// The spectrum of two blocks.
#[derive(Clone, Copy)]
pub(super) struct Spectrum(pub(super) [Complex<f32>; LINES]);

impl Default for Spectrum {
    fn default() -> Self {
        Spectrum([Complex::new(0.0, 0.0); LINES])
    }
}

/// The transform with the room that it works in.
#[derive(Clone)]
pub(super) struct Transform {
    forward: Arc<dyn RealToComplex<f32>>,
    backward: Arc<dyn ComplexToReal<f32>>,
    samples: [f32; WHOLE],
    scratch: Vec<Complex<f32>>,
}

impl Transform {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, backward) = (planner.plan_fft_forward(WHOLE), planner.plan_fft_inverse(WHOLE));
        let scratch = vec![Complex::new(0.0, 0.0); forward.get_scratch_len().max(backward.get_scratch_len())];
        Transform { forward, backward, samples: [0.0; WHOLE], scratch }
    }

    pub(super) fn of_pair(&mut self, first: &[f32; BLOCK], second: &[f32; BLOCK]) -> Spectrum {
        self.samples[..BLOCK].copy_from_slice(first);
        self.samples[BLOCK..].copy_from_slice(second);
        let mut spectrum = Spectrum::default();
        // It fails for wrong lengths only, and all are those of this file.
        let _ = self.forward.process_with_scratch(&mut self.samples, &mut spectrum.0, &mut self.scratch);
        spectrum
    }

    /// Both blocks of a spectrum.
    pub(super) fn pair_of(&mut self, mut spectrum: Spectrum) -> ([f32; BLOCK], [f32; BLOCK]) {
        // The first and the last line of a real signal have no imaginary part.
        spectrum.0[0].im = 0.0;
        spectrum.0[LINES - 1].im = 0.0;
        let _ = self.backward.process_with_scratch(&mut spectrum.0, &mut self.samples, &mut self.scratch);
        let half = |start: usize| -> [f32; BLOCK] { std::array::from_fn(|n| self.samples[start + n] / WHOLE as f32) };
        (half(0), half(BLOCK))
    }
}
