//! Speech-like sound and noise from a seed: what the detectors must not take for a tone, and what people in a simulated
//! world say.

use std::f32::consts::TAU;

use super::filter::Biquad;
use super::level::{amplitude_of_dbm0, power_of_dbm0};
use super::{Frame, SAMPLE_RATE_HZ};
use crate::rng::Rng;

/// A voice without words: glottal pulses and hiss through gliding formants, in syllables with pauses.
#[derive(Clone, Debug)]
pub struct Babble {
    rng: Rng,
    /// From the synthesis to sample steps.
    scale: f32,
    base_pitch_hz: f32,
    pitch_hz: f32,
    pitch_phase: f32,
    syllable: Syllable,
    sounded: u32,
    formants: [Resonator; 4],
    line: [Biquad; 2],
}

/// First, second and third formant in Hz of some vowels.
const VOWELS_HZ: [[f32; 3]; 8] = [
    [730.0, 1090.0, 2440.0],
    [530.0, 1840.0, 2480.0],
    [270.0, 2290.0, 3010.0],
    [570.0, 840.0, 2410.0],
    [300.0, 870.0, 2240.0],
    [660.0, 1720.0, 2410.0],
    [490.0, 1350.0, 1690.0],
    [440.0, 1020.0, 2240.0],
];

#[derive(Clone, Copy, Debug)]
struct Syllable {
    kind: Kind,
    samples: u32,
    from_hz: [f32; 3],
    to_hz: [f32; 3],
    pitch_to_hz: f32,
    gain: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Voiced,
    Hissing,
    Pause,
}

impl Babble {
    /// A speaker whose voice and words follow from `rng`, speaking at `level_dbm0` on average (pauses not counted).
    #[must_use]
    pub fn new(mut rng: Rng, level_dbm0: f32) -> Self {
        let base_pitch_hz = 85.0 + rng.below(170) as f32;
        let silence =
            Syllable { kind: Kind::Pause, samples: 1, from_hz: VOWELS_HZ[0], to_hz: VOWELS_HZ[0], pitch_to_hz: base_pitch_hz, gain: 0.0 };
        let mut babble = Babble {
            rng,
            scale: 1.0,
            base_pitch_hz,
            pitch_hz: base_pitch_hz,
            pitch_phase: 0.0,
            syllable: silence,
            sounded: 0,
            formants: [Resonator::default(); 4],
            line: [Biquad::high_pass(250.0, 0.8), Biquad::low_pass(3400.0, 0.8)],
        };
        babble.scale = amplitude_of_dbm0(level_dbm0) / (2.0 * babble.rehearse()).sqrt().max(f32::MIN_POSITIVE);
        babble
    }

    /// Speaks four seconds to itself; returns the mean square of the loud parts.
    fn rehearse(&mut self) -> f32 {
        let mut powers = [0.0; 200];
        for power in &mut powers {
            *power = (0..160).map(|_| self.next_sample().powi(2)).sum::<f32>() / 160.0;
        }
        let mean = powers.iter().sum::<f32>() / powers.len() as f32;
        let loud = powers.iter().filter(|&&power| power > mean / 30.0);
        let (sum, count) = loud.fold((0.0, 0.0), |(sum, count), power| (sum + power, count + 1.0_f32));
        sum / count.max(1.0)
    }

    /// Overwrites `out` with the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            *sample = (self.next_sample() * self.scale).round() as i16;
        }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = Frame::SILENCE;
        self.fill(&mut frame.0);
        frame
    }

    fn next_sample(&mut self) -> f32 {
        if self.sounded >= self.syllable.samples {
            self.begin_syllable();
        }
        if self.sounded.is_multiple_of(40) {
            self.glide();
        }
        let envelope = self.syllable.gain * (TAU / 2.0 * self.sounded as f32 / self.syllable.samples as f32).sin().max(0.0).sqrt();
        self.sounded += 1;
        let excitation = envelope * self.excitation();
        let mut sum = 0.0;
        for (formant, weight) in self.formants.iter_mut().zip([1.0, 0.6, 0.35, 0.2]) {
            sum += weight * formant.next(excitation);
        }
        let heard = self.line[0].next(sum);
        self.line[1].next(heard)
    }

    fn begin_syllable(&mut self) {
        let from_hz = self.syllable.to_hz;
        let kind = match self.rng.below(10) {
            0 => Kind::Pause,
            1 | 2 => Kind::Hissing,
            _ => Kind::Voiced,
        };
        let vowel = VOWELS_HZ[usize::try_from(self.rng.below(8)).unwrap_or(0)];
        let spread = 0.9 + 0.001 * self.rng.below(250) as f32;
        self.syllable = Syllable {
            kind,
            samples: SAMPLE_RATE_HZ / 1000 * u32::try_from(60 + self.rng.below(300)).unwrap_or(60),
            from_hz,
            to_hz: vowel.map(|hz| hz * spread),
            pitch_to_hz: self.base_pitch_hz * (0.8 + 0.001 * self.rng.below(600) as f32),
            gain: 0.4 + 0.001 * self.rng.below(900) as f32,
        };
        self.sounded = 0;
    }

    /// Moves formants and pitch 5 ms on towards the end of the syllable.
    fn glide(&mut self) {
        let part = self.sounded as f32 / self.syllable.samples as f32;
        for n in 0..3 {
            let frequency_hz = self.syllable.from_hz[n] + part * (self.syllable.to_hz[n] - self.syllable.from_hz[n]);
            self.formants[n].tune(frequency_hz, 60.0 + 30.0 * n as f32);
        }
        self.formants[3].tune(3300.0, 200.0);
        self.pitch_hz += 0.03 * (self.syllable.pitch_to_hz - self.pitch_hz);
    }

    fn excitation(&mut self) -> f32 {
        match self.syllable.kind {
            Kind::Pause => 0.0,
            Kind::Hissing => 0.7 * uniform(&mut self.rng),
            Kind::Voiced => {
                let jitter = 1.0 + 0.01 * uniform(&mut self.rng);
                self.pitch_phase += self.pitch_hz * jitter / SAMPLE_RATE_HZ as f32;
                let breath = 0.05 * uniform(&mut self.rng);
                if self.pitch_phase >= 1.0 {
                    self.pitch_phase -= 1.0;
                    breath + 5.0
                } else {
                    breath - 5.0 * self.pitch_hz / SAMPLE_RATE_HZ as f32
                }
            }
        }
    }
}

/// A resonance of the vocal tract, with unit gain at its peak for a pulse train.
#[derive(Clone, Copy, Debug, Default)]
struct Resonator {
    a: [f32; 2],
    gain: f32,
    state: [f32; 2],
}

impl Resonator {
    fn tune(&mut self, frequency_hz: f32, bandwidth_hz: f32) {
        let radius = (-TAU / 2.0 * bandwidth_hz / SAMPLE_RATE_HZ as f32).exp();
        self.a = [2.0 * radius * (TAU * frequency_hz / SAMPLE_RATE_HZ as f32).cos(), -radius * radius];
        self.gain = 1.0 - radius;
    }

    fn next(&mut self, sample: f32) -> f32 {
        let out = self.gain * 4.0 * sample + self.a[0] * self.state[0] + self.a[1] * self.state[1];
        self.state = [out, self.state[0]];
        out
    }
}

/// White noise of a given level from a seed.
#[derive(Clone, Debug)]
pub struct WhiteNoise {
    rng: Rng,
    deviation: f32,
}

impl WhiteNoise {
    /// Noise that has `level_dbm0` in the whole band (0–4 kHz).
    #[must_use]
    pub fn new(rng: Rng, level_dbm0: f32) -> Self {
        WhiteNoise { rng, deviation: power_of_dbm0(level_dbm0).sqrt() }
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix_into(&mut self, out: &mut [i16]) {
        for sample in out {
            // The sum of twelve dice of variance 1/3 has variance 4: near enough to Gauss.
            let sum: f32 = (0..12).map(|_| uniform(&mut self.rng)).sum();
            *sample = sample.saturating_add((sum / 2.0 * self.deviation).round() as i16);
        }
    }
}

/// A number in −1..1.
fn uniform(rng: &mut Rng) -> f32 {
    rng.next_u32() as f32 / (u32::MAX / 2) as f32 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::level::dbm0_of;

    #[test]
    fn babble_is_as_loud_as_asked_and_has_pauses() {
        for seed in 0..8 {
            let mut babble = Babble::new(Rng::from_seed(seed), -20.0);
            let frames: Vec<f32> = (0..1000).map(|_| dbm0_of(&babble.next_frame().0)).collect();
            let loud: Vec<f32> = frames.iter().copied().filter(|&level| level > -40.0).collect();
            let mean = 10.0 * (loud.iter().map(|level| 10f32.powf(level / 10.0)).sum::<f32>() / loud.len() as f32).log10();
            assert!((mean + 20.0).abs() < 3.0, "seed {seed}: {mean}");
            assert!(loud.len() > 600 && loud.len() < 990, "seed {seed}: {}", loud.len());
        }
    }

    #[test]
    fn white_noise_has_its_level() {
        let mut out = vec![0; 16000];
        WhiteNoise::new(Rng::from_seed(3), -30.0).mix_into(&mut out);
        assert!((dbm0_of(&out) + 30.0).abs() < 0.2);
    }
}
