//! The power spectrum of a block: a Fourier transform of 256 samples.

use std::f32::consts::TAU;

use super::goertzel::HannWindow;

/// Samples in a block: 32 ms.
pub const BLOCK: usize = 256;

/// Lines of the spectrum, 31.25 Hz apart, from 0 Hz.
pub const LINES: usize = BLOCK / 2;

/// Computes power spectra without touching the heap.
#[derive(Clone, Debug)]
pub struct Spectrum {
    window: HannWindow<BLOCK>,
    twiddles: [(f32, f32); LINES],
}

impl Spectrum {
    /// Prepares the tables.
    #[must_use]
    pub fn new() -> Self {
        let twiddles = std::array::from_fn(|n| {
            let (sine, cosine) = (TAU * n as f32 / BLOCK as f32).sin_cos();
            (cosine, -sine)
        });
        Spectrum { window: HannWindow::new(), twiddles }
    }

    /// The squared magnitude on each line, in a scale of its own; a Hann window is applied first.
    #[must_use]
    pub fn power(&self, samples: &[f32; BLOCK]) -> [f32; LINES] {
        let mut re = [0.0; BLOCK];
        self.window.apply(samples, &mut re);
        let mut im = [0.0; BLOCK];
        self.transform(&mut re, &mut im);
        std::array::from_fn(|n| re[n] * re[n] + im[n] * im[n])
    }

    /// Radix 2, decimation in time, in place.
    fn transform(&self, re: &mut [f32; BLOCK], im: &mut [f32; BLOCK]) {
        for n in 0..BLOCK {
            let reversed = n.reverse_bits() >> (usize::BITS - BLOCK.trailing_zeros());
            if n < reversed {
                re.swap(n, reversed);
                im.swap(n, reversed);
            }
        }
        let mut half = 1;
        while half < BLOCK {
            for start in (0..BLOCK).step_by(2 * half) {
                for n in 0..half {
                    let (cosine, sine) = self.twiddles[n * (LINES / half)];
                    let (a, b) = (start + n, start + n + half);
                    let (part_re, part_im) = (re[b] * cosine - im[b] * sine, re[b] * sine + im[b] * cosine);
                    (re[b], im[b]) = (re[a] - part_re, im[a] - part_im);
                    (re[a], im[a]) = (re[a] + part_re, im[a] + part_im);
                }
            }
            half *= 2;
        }
    }
}

impl Default for Spectrum {
    fn default() -> Self {
        Spectrum::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_stands_on_its_line() {
        for line in [3, 17, 64, 120] {
            let samples = std::array::from_fn(|n| 100.0 * (TAU * (line * n) as f32 / BLOCK as f32 + 0.4).sin());
            let power = Spectrum::new().power(&samples);
            let sum: f32 = power.iter().sum();
            let peak: f32 = power[line - 1..=line + 1].iter().sum();
            assert!(peak > 0.999 * sum, "line {line}");
            // A Hann window halves the amplitude: (100 * 256 / 2 / 2)².
            assert!((power[line] / 6400.0_f32.powi(2) - 1.0).abs() < 0.01, "{}", power[line]);
        }
    }
}
