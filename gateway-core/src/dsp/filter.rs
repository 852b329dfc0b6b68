//! Second-order filters (biquads), for what must be taken out before measuring.

use std::f32::consts::TAU;

use super::SAMPLE_RATE_HZ;

/// A filter with two poles and two zeros (transposed direct form II).
#[derive(Clone, Copy, Debug)]
pub struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    state: [f32; 2],
}

impl Biquad {
    /// Lets pass what is above `corner_hz`; `q` of 0.707 makes it maximally flat.
    #[must_use]
    pub fn high_pass(corner_hz: f32, q: f32) -> Self {
        let (alpha, cosine) = Self::prototype(corner_hz, q);
        Self::normalized([(1.0 + cosine) / 2.0, -1.0 - cosine, (1.0 + cosine) / 2.0], alpha, cosine)
    }

    /// Lets pass what is below `corner_hz`.
    #[must_use]
    pub fn low_pass(corner_hz: f32, q: f32) -> Self {
        let (alpha, cosine) = Self::prototype(corner_hz, q);
        Self::normalized([(1.0 - cosine) / 2.0, 1.0 - cosine, (1.0 - cosine) / 2.0], alpha, cosine)
    }

    /// Lets pass what is near `center_hz`, unchanged in the middle; the bandwidth is `center_hz / q`.
    #[must_use]
    pub fn band_pass(center_hz: f32, q: f32) -> Self {
        let (alpha, cosine) = Self::prototype(center_hz, q);
        Self::normalized([alpha, 0.0, -alpha], alpha, cosine)
    }

    /// The next sample, filtered.
    #[inline]
    pub fn next(&mut self, sample: f32) -> f32 {
        let out = self.b[0] * sample + self.state[0];
        self.state[0] = self.b[1] * sample - self.a[0] * out + self.state[1];
        self.state[1] = self.b[2] * sample - self.a[1] * out;
        out
    }

    fn prototype(frequency_hz: f32, q: f32) -> (f32, f32) {
        let (sine, cosine) = (TAU * frequency_hz / SAMPLE_RATE_HZ as f32).sin_cos();
        (sine / (2.0 * q), cosine)
    }

    fn normalized(b: [f32; 3], alpha: f32, cosine: f32) -> Self {
        let a0 = 1.0 + alpha;
        Biquad { b: b.map(|b| b / a0), a: [-2.0 * cosine / a0, (1.0 - alpha) / a0], state: [0.0; 2] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain_db(mut filter: Biquad, frequency_hz: f32) -> f32 {
        let omega = TAU * frequency_hz / 8000.0;
        let out: Vec<f32> = (0..8000).map(|n| filter.next((omega * n as f32).sin())).collect();
        10.0 * (out[4000..].iter().map(|s| s * s).sum::<f32>() / 2000.0).log10()
    }

    #[test]
    fn filters_pass_what_they_say() {
        let high_pass = Biquad::high_pass(300.0, 0.707);
        assert!((gain_db(high_pass, 300.0) + 3.0).abs() < 0.2 && gain_db(high_pass, 50.0) < -30.0);
        assert!(gain_db(high_pass, 1000.0).abs() < 0.2);
        let low_pass = Biquad::low_pass(1000.0, 0.707);
        assert!((gain_db(low_pass, 1000.0) + 3.0).abs() < 0.2 && gain_db(low_pass, 100.0).abs() < 0.1);
        assert!(gain_db(low_pass, 3500.0) < -25.0);
        let band_pass = Biquad::band_pass(1000.0, 5.0);
        assert!(gain_db(band_pass, 1000.0).abs() < 0.1 && gain_db(band_pass, 300.0) < -15.0);
    }
}
