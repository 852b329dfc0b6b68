//! How much of one frequency is in a block of samples, and with which phase (Goertzel's algorithm).

use std::f32::consts::{PI, TAU};

use super::SAMPLE_RATE_HZ;

/// The complex amplitude of one frequency in a block; its phase belongs to the last sample of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phasor {
    /// Real part.
    pub re: f32,
    /// Imaginary part.
    pub im: f32,
}

impl Phasor {
    /// Squared magnitude.
    #[must_use]
    pub fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    /// By how much the phase went on since `earlier`, in radians within ±π.
    #[must_use]
    pub fn phase_since(self, earlier: Phasor) -> f32 {
        let re = self.re * earlier.re + self.im * earlier.im;
        let im = self.im * earlier.re - self.re * earlier.im;
        im.atan2(re)
    }
}

/// A filter for one frequency; the caller feeds a block (windowed, if it wants) and reads the [`Phasor`].
#[derive(Clone, Copy, Debug)]
pub struct Goertzel {
    frequency_hz: f32,
    coefficient: f32,
    sine: f32,
    cosine: f32,
    s1: f32,
    s2: f32,
}

impl Goertzel {
    /// A filter for `frequency_hz`, which need not fit a whole number of periods into the block.
    #[must_use]
    pub fn new(frequency_hz: f32) -> Self {
        let omega = TAU * frequency_hz / SAMPLE_RATE_HZ as f32;
        let (sine, cosine) = omega.sin_cos();
        Goertzel { frequency_hz, coefficient: 2.0 * cosine, sine, cosine, s1: 0.0, s2: 0.0 }
    }

    /// The frequency it was made for.
    #[must_use]
    pub fn frequency_hz(&self) -> f32 {
        self.frequency_hz
    }

    /// Takes the next sample of the block.
    #[inline]
    pub fn push(&mut self, sample: f32) {
        let s0 = sample + self.coefficient * self.s1 - self.s2;
        self.s2 = self.s1;
        self.s1 = s0;
    }

    /// Ends the block: its phasor; the filter is empty again.
    pub fn finish(&mut self) -> Phasor {
        let phasor = Phasor { re: self.s1 - self.s2 * self.cosine, im: self.s2 * self.sine };
        self.s1 = 0.0;
        self.s2 = 0.0;
        phasor
    }

    /// The phasor of a whole block.
    pub fn of(&mut self, block: &[f32]) -> Phasor {
        for &sample in block {
            self.push(sample);
        }
        self.finish()
    }

    /// How far the true frequency is from this filter's, in Hz, when its phasor turned from `earlier` to `now` within `hop`
    /// samples. Unambiguous within ± half the hop rate.
    #[must_use]
    pub fn offset_hz(&self, earlier: Phasor, now: Phasor, hop: usize) -> f32 {
        let expected = TAU * self.frequency_hz * hop as f32 / SAMPLE_RATE_HZ as f32;
        let excess = now.phase_since(earlier) - expected;
        let wrapped = excess - TAU * ((excess + PI) / TAU).floor();
        wrapped * SAMPLE_RATE_HZ as f32 / (TAU * hop as f32)
    }
}

/// The phasors of a whole block at several frequencies. All filters take each sample together, so that a processor works on them side by
/// side; one alone would wait for itself at every sample.
#[must_use]
pub fn phasors<const N: usize>(filters: &[Goertzel; N], block: &[f32]) -> [Phasor; N] {
    let coefficients = filters.map(|filter| filter.coefficient);
    let (mut s1, mut s2) = ([0.0_f32; N], [0.0_f32; N]);
    for &sample in block {
        for n in 0..N {
            let s0 = sample + coefficients[n] * s1[n] - s2[n];
            s2[n] = s1[n];
            s1[n] = s0;
        }
    }
    std::array::from_fn(|n| Goertzel { s1: s1[n], s2: s2[n], ..filters[n] }.finish())
}

/// The mean square that a sine at `frequency_hz` contributes to these samples (rectangular window).
#[must_use]
pub fn power_at(samples: &[i16], frequency_hz: f32) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let mut filter = Goertzel::new(frequency_hz);
    for &sample in samples {
        filter.push(f32::from(sample));
    }
    let length = samples.len() as f32;
    2.0 * filter.finish().power() / (length * length)
}

/// A Hann window of `N` samples with the sums that turn phasors into powers.
#[derive(Clone, Debug)]
pub(crate) struct HannWindow<const N: usize> {
    weights: [f32; N],
    sum: f32,
    sum_of_squares: f32,
}

impl<const N: usize> HannWindow<N> {
    pub(crate) fn new() -> Self {
        let weights: [f32; N] = std::array::from_fn(|n| 0.5 - 0.5 * (TAU * (n as f32 + 0.5) / N as f32).cos());
        HannWindow { weights, sum: weights.iter().sum(), sum_of_squares: weights.iter().map(|w| w * w).sum() }
    }

    /// Writes the weighted samples to `block`; returns their mean square, corrected for the window.
    pub(crate) fn apply(&self, samples: &[f32; N], block: &mut [f32; N]) -> f32 {
        let mut energy = 0.0;
        for ((out, &sample), &weight) in block.iter_mut().zip(samples).zip(&self.weights) {
            *out = sample * weight;
            energy += *out * *out;
        }
        energy / self.sum_of_squares
    }

    /// The mean square of a sine that gave this phasor, when it lies `offset_hz` beside the filter's frequency.
    pub(crate) fn sine_power(&self, phasor: Phasor, offset_hz: f32) -> f32 {
        let response = self.response(offset_hz).max(0.1);
        2.0 * phasor.power() / (self.sum * self.sum * response * response)
    }

    /// The mean square on one line of the spectrum; the sum over lines `8000 / N` Hz apart is that of all between them.
    pub(crate) fn line_power(&self, phasor: Phasor) -> f32 {
        2.0 * phasor.power() / (N as f32 * self.sum_of_squares)
    }

    /// How much of its amplitude a sine `offset_hz` beside the filter's frequency keeps: 1 in the middle.
    fn response(&self, offset_hz: f32) -> f32 {
        let bins = offset_hz * N as f32 / SAMPLE_RATE_HZ as f32;
        let x = PI * bins;
        if x.abs() < 1e-3 {
            return 1.0;
        }
        let denominator = 1.0 - bins * bins;
        if denominator.abs() < 1e-3 { 0.5 } else { (x.sin() / x / denominator).abs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency_hz: f32, peak: f32, length: usize, from: usize) -> Vec<f32> {
        let omega = f64::from(frequency_hz) * std::f64::consts::TAU / 8000.0;
        (from..from + length).map(|n| peak * ((n as f64 * omega + 0.7).sin() as f32)).collect()
    }

    #[test]
    fn the_power_of_a_sine_is_half_its_squared_peak() {
        let samples: Vec<i16> = sine(1000.0, 10_000.0, 160, 0).iter().map(|s| s.round() as i16).collect();
        let power = power_at(&samples, 1000.0);
        assert!((power / 5e7 - 1.0).abs() < 0.01, "{power}");
        assert!(power_at(&samples, 1500.0) < 5e7 * 1e-4);
        assert_eq!(power_at(&[], 1000.0), 0.0);
    }

    #[test]
    fn filters_side_by_side_find_what_each_finds_alone() {
        let block = sine(700.0, 900.0, 400, 3);
        let mut filters = [697.0, 770.0, 852.0, 0.0, 4000.0].map(Goertzel::new);
        let together = phasors(&filters, &block);
        assert_eq!(together, filters.each_mut().map(|filter| filter.of(&block)));
    }

    #[test]
    fn the_turn_of_the_phase_tells_the_true_frequency() {
        for (nominal, true_hz) in [(697.0, 690.0), (1633.0, 1660.5), (425.0, 425.0), (425.0, 440.0), (1209.0, 1197.0)] {
            let signal = sine(true_hz, 1000.0, 256, 11);
            let mut filter = Goertzel::new(nominal);
            let window = HannWindow::<128>::new();
            let phasors = [0, 64].map(|from| {
                let mut block = [0.0; 128];
                let samples: [f32; 128] = std::array::from_fn(|n| signal[from + n]);
                window.apply(&samples, &mut block);
                filter.of(&block)
            });
            let offset_hz = filter.offset_hz(phasors[0], phasors[1], 64);
            assert!((nominal + offset_hz - true_hz).abs() < 1.0, "{nominal} + {offset_hz} is not {true_hz}");
            let power = window.sine_power(phasors[1], offset_hz);
            assert!((power / 5e5 - 1.0).abs() < 0.02, "{power} at {true_hz}");
        }
    }
}
