//! The power spectrum of a block: a Fourier transform of 256 samples, or of another power of two.

use std::f32::consts::TAU;

use super::goertzel::{HannWindow, Phasor};

/// Samples in a block: 32 ms.
pub const BLOCK: usize = 256;

/// Lines of the spectrum, 31.25 Hz apart, from 0 Hz.
pub const LINES: usize = BLOCK / 2;

/// Computes power spectra of `N` samples, a power of two, without touching the heap. They have `M` lines, half of that, from 0 Hz on.
#[derive(Clone, Debug)]
pub struct Spectrum<const N: usize = BLOCK, const M: usize = LINES> {
    window: HannWindow<N>,
    twiddles: [(f32, f32); M],
}

impl<const N: usize, const M: usize> Spectrum<N, M> {
    /// Prepares the tables.
    #[must_use]
    pub fn new() -> Self {
        const { assert!(N.is_power_of_two() && M == N / 2) };
        let twiddles = std::array::from_fn(|n| {
            let (sine, cosine) = (TAU * n as f32 / N as f32).sin_cos();
            (cosine, -sine)
        });
        Spectrum { window: HannWindow::new(), twiddles }
    }

    /// The squared magnitude on each line, in a scale of its own; a Hann window is applied first.
    #[must_use]
    pub fn power(&self, samples: &[f32; N]) -> [f32; M] {
        let mut re = [0.0; N];
        self.window.apply(samples, &mut re);
        let mut im = [0.0; N];
        self.transform(&mut re, &mut im);
        std::array::from_fn(|n| re[n] * re[n] + im[n] * im[n])
    }

    /// The mean square, in squared sample steps, of what is on a line with this squared magnitude: the sum over lines is that of all
    /// between them.
    #[must_use]
    pub fn mean_square(&self, squared_magnitude: f32) -> f32 {
        self.window.line_power(Phasor { re: squared_magnitude.sqrt(), im: 0.0 })
    }

    /// Radix 2, decimation in time, in place.
    fn transform(&self, re: &mut [f32; N], im: &mut [f32; N]) {
        for n in 0..N {
            let reversed = n.reverse_bits() >> (usize::BITS - N.trailing_zeros());
            if n < reversed {
                re.swap(n, reversed);
                im.swap(n, reversed);
            }
        }
        let mut half = 1;
        while half < N {
            for start in (0..N).step_by(2 * half) {
                for n in 0..half {
                    let (cosine, sine) = self.twiddles[n * (M / half)];
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

impl<const N: usize, const M: usize> Default for Spectrum<N, M> {
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
            let power = Spectrum::<BLOCK, LINES>::new().power(&samples);
            let sum: f32 = power.iter().sum();
            let peak: f32 = power[line - 1..=line + 1].iter().sum();
            assert!(peak > 0.999 * sum, "line {line}");
            // A Hann window halves the amplitude: (100 * 256 / 2 / 2)².
            assert!((power[line] / 6400.0_f32.powi(2) - 1.0).abs() < 0.01, "{}", power[line]);
        }
    }

    #[test]
    fn the_lines_of_a_sine_add_up_to_its_power() {
        let spectrum = Spectrum::<1024, 512>::new();
        for frequency_hz in [350.0, 425.0, 1000.0, 3000.0] {
            let samples = std::array::from_fn(|n| 1000.0 * (TAU * frequency_hz * n as f32 / 8000.0 + 0.4).sin());
            let sum: f32 = spectrum.power(&samples).iter().map(|&power| spectrum.mean_square(power)).sum();
            assert!((sum / 5e5 - 1.0).abs() < 0.01, "{frequency_hz} Hz: {sum}");
        }
    }
}
