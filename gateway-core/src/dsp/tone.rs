//! Tones as data (frequencies, level, cadence) and their exact generation.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::SAMPLE_RATE_HZ;
use super::level::amplitude_of_dbm0;

/// A supervisory tone as a country defines it (ITU-T E.180): what an exchange plays and what a detector looks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToneSpec {
    /// One or two frequencies in Hz, sounded together.
    pub frequencies_hz: Vec<f32>,
    /// Level of the whole tone in dBm0.
    pub level_dbm0: f32,
    /// On and off times in ms, alternating, beginning with on; repeated. Empty: continuous.
    pub cadence_ms: Vec<u32>,
}

/// One tone after the other: the parts of a [`ToneSequence`].
#[derive(Clone, Debug, PartialEq)]
pub struct ToneSegment {
    /// Frequencies in Hz, sounded together; none: silence.
    pub frequencies_hz: Vec<f32>,
    /// Level of the whole segment in dBm0.
    pub level_dbm0: f32,
    /// How long it sounds, in ms.
    pub duration_ms: u32,
}

/// Sounds a [`ToneSpec`] for ever, sample-exact in its cadence and without a jump of phase from one call to the next.
#[derive(Clone, Debug)]
pub struct ToneGenerator {
    oscillators: Oscillators,
    /// On, off, on, … in samples; empty: continuous.
    cadence: Vec<u64>,
    element: usize,
    left: u64,
}

impl ToneGenerator {
    /// A generator at the beginning of the cadence.
    #[must_use]
    pub fn new(spec: &ToneSpec) -> Self {
        let mut cadence: Vec<u64> = spec.cadence_ms.iter().map(|&ms| samples_of_ms(ms)).collect();
        // An odd list would exchange on and off at every turn, and a list of zeros would never end.
        if cadence.len() % 2 == 1 {
            cadence.push(0);
        }
        if cadence.iter().all(|&samples| samples == 0) {
            cadence.clear();
        }
        let left = cadence.first().copied().unwrap_or(0);
        ToneGenerator { oscillators: Oscillators::new(&spec.frequencies_hz, spec.level_dbm0), cadence, element: 0, left }
    }

    /// Overwrites `out` with the next samples of the tone, silence in its pauses.
    pub fn fill(&mut self, out: &mut [i16]) {
        out.fill(0);
        self.mix_into(out);
    }

    /// Adds the next samples of the tone to `out`, saturating.
    pub fn mix_into(&mut self, out: &mut [i16]) {
        for sample in out {
            let tone = self.oscillators.next();
            if self.is_on() {
                *sample = sample.saturating_add(tone);
            }
            self.advance();
        }
    }

    /// Goes back to the beginning of the cadence.
    pub fn restart(&mut self) {
        self.element = 0;
        self.left = self.cadence.first().copied().unwrap_or(0);
        self.skip_empty();
    }

    fn is_on(&mut self) -> bool {
        self.skip_empty();
        self.element.is_multiple_of(2)
    }

    fn advance(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Steps to the element that the next sample belongs to; some element has samples, so it ends.
    fn skip_empty(&mut self) {
        while self.left == 0 && !self.cadence.is_empty() {
            self.element = (self.element + 1) % self.cadence.len();
            self.left = self.cadence[self.element];
        }
    }
}

/// Sounds segments one after the other, once.
#[derive(Clone, Debug)]
pub struct ToneSequence {
    segments: Vec<(Oscillators, u64)>,
    current: usize,
    sounded: u64,
}

impl ToneSequence {
    /// A generator at the beginning of the first segment.
    #[must_use]
    pub fn new(segments: &[ToneSegment]) -> Self {
        let segments = segments
            .iter()
            .map(|segment| (Oscillators::new(&segment.frequencies_hz, segment.level_dbm0), samples_of_ms(segment.duration_ms)))
            .collect();
        ToneSequence { segments, current: 0, sounded: 0 }
    }

    /// The special information tone, once: 950, 1400 and 1800 Hz for 330 ms each, then 1 s of silence (ITU-T E.180).
    #[must_use]
    pub fn special_information(level_dbm0: f32) -> Self {
        let segment = |frequencies_hz, duration_ms| ToneSegment { frequencies_hz, level_dbm0, duration_ms };
        ToneSequence::new(&[segment(vec![950.0], 330), segment(vec![1400.0], 330), segment(vec![1800.0], 330), segment(Vec::new(), 1000)])
    }

    /// Overwrites `out` with the next samples, silence after the end; true when all segments are out.
    pub fn fill(&mut self, out: &mut [i16]) -> bool {
        out.fill(0);
        self.mix_into(out)
    }

    /// Adds the next samples to `out`, saturating; true when all segments are out.
    pub fn mix_into(&mut self, out: &mut [i16]) -> bool {
        for sample in out {
            self.skip_finished();
            let Some((oscillators, _)) = self.segments.get_mut(self.current) else { break };
            *sample = sample.saturating_add(oscillators.next());
            self.sounded += 1;
        }
        self.skip_finished();
        self.is_done()
    }

    /// Whether all segments are out.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.current >= self.segments.len()
    }

    fn skip_finished(&mut self) {
        while self.segments.get(self.current).is_some_and(|&(_, length)| self.sounded >= length) {
            self.current += 1;
            self.sounded = 0;
        }
    }
}

/// Samples in so many ms.
pub(crate) fn samples_of_ms(ms: u32) -> u64 {
    u64::from(ms) * u64::from(SAMPLE_RATE_HZ) / 1000
}

/// A few sines sounded together; it lives without the heap, because the audio path makes one for each digit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Oscillators {
    parts: [Oscillator; MAX_PARTS],
}

/// No tone of E.180 has more parts; further ones are left out.
const MAX_PARTS: usize = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Oscillator {
    /// In turns, 0..1.
    phase: f64,
    /// Turns a sample.
    step: f64,
    peak: f64,
}

impl Oscillators {
    /// Sines of equal level that make `level_dbm0` together.
    pub(crate) fn new(frequencies_hz: &[f32], level_dbm0: f32) -> Self {
        let share_db = 10.0 * (frequencies_hz.len().max(1) as f32).log10();
        Oscillators::of_levels(frequencies_hz.iter().map(|&frequency_hz| (frequency_hz, level_dbm0 - share_db)))
    }

    /// Sines, each with its own level in dBm0.
    pub(crate) fn of_levels(parts: impl IntoIterator<Item = (f32, f32)>) -> Self {
        let mut oscillators = Oscillators { parts: [Oscillator::default(); MAX_PARTS] };
        for (slot, (frequency_hz, level_dbm0)) in oscillators.parts.iter_mut().zip(parts) {
            slot.step = f64::from(frequency_hz) / f64::from(SAMPLE_RATE_HZ);
            slot.peak = f64::from(amplitude_of_dbm0(level_dbm0));
        }
        oscillators
    }

    pub(crate) fn next(&mut self) -> i16 {
        let mut sum = 0.0;
        for part in self.parts.iter_mut().filter(|part| part.peak > 0.0) {
            sum += part.peak * (TAU * part.phase).sin();
            part.phase += part.step;
            part.phase -= part.phase.floor();
        }
        // The cast saturates, so too loud a tone clips instead of wrapping.
        sum.round() as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::goertzel::power_at;
    use crate::dsp::level::{dbm0_of, dbm0_of_power};

    fn spec(frequencies_hz: &[f32], cadence_ms: &[u32]) -> ToneSpec {
        ToneSpec { frequencies_hz: frequencies_hz.to_vec(), level_dbm0: -10.0, cadence_ms: cadence_ms.to_vec() }
    }

    #[test]
    fn a_tone_has_its_frequencies_and_its_level() {
        let mut out = [0; 8000];
        ToneGenerator::new(&spec(&[480.0, 620.0], &[])).fill(&mut out);
        assert!((dbm0_of(&out) + 10.0).abs() < 0.05);
        for frequency_hz in [480.0, 620.0] {
            assert!((dbm0_of_power(power_at(&out, frequency_hz)) + 13.01).abs() < 0.05);
        }
        assert!(dbm0_of_power(power_at(&out, 550.0)) < -60.0);
    }

    #[test]
    fn the_cadence_is_sample_exact_and_repeats() {
        let mut out = [0; 8 * 3000];
        // Odd pieces, so that the edges fall inside them.
        let mut generator = ToneGenerator::new(&spec(&[425.0], &[250, 250, 750, 250]));
        for piece in out.chunks_mut(77) {
            generator.fill(piece);
        }
        for (n, piece) in out.chunks(8 * 250).enumerate() {
            let on = [true, false, true, true, true, false][n % 6];
            let level_dbm0 = dbm0_of(piece);
            assert!(if on { (level_dbm0 + 10.0).abs() < 0.1 } else { level_dbm0 == -99.0 }, "{n}: {level_dbm0}");
        }
    }

    #[test]
    fn pieces_join_without_a_jump() {
        let (mut whole, mut pieces) = ([0; 4000], [0; 4000]);
        ToneGenerator::new(&spec(&[350.0, 440.0], &[])).fill(&mut whole);
        let mut generator = ToneGenerator::new(&spec(&[350.0, 440.0], &[]));
        pieces.chunks_mut(160).for_each(|piece| generator.fill(piece));
        assert_eq!(whole, pieces);
    }

    #[test]
    fn odd_and_empty_cadences_end_well() {
        let mut out = [0; 1600];
        ToneGenerator::new(&spec(&[425.0], &[0, 0])).fill(&mut out);
        assert!(dbm0_of(&out) > -10.2);
        ToneGenerator::new(&spec(&[425.0], &[100])).fill(&mut out);
        assert!(dbm0_of(&out) > -10.2);
        ToneGenerator::new(&spec(&[425.0], &[0, 100, 100, 0])).fill(&mut out);
        assert_eq!(dbm0_of(&out[..800]), -99.0);
        assert!(dbm0_of(&out[800..]) > -10.2);
        ToneGenerator::new(&spec(&[], &[])).fill(&mut out);
        assert_eq!(dbm0_of(&out), -99.0);
    }

    #[test]
    fn mixing_saturates() {
        let mut out = [32000; 160];
        ToneGenerator::new(&ToneSpec { level_dbm0: 3.0, ..spec(&[1000.0], &[]) }).mix_into(&mut out);
        assert_eq!(out.iter().copied().max(), Some(i16::MAX));
        assert!(out.iter().all(|&sample| sample > -1000));
    }

    #[test]
    fn the_special_information_tone_rises_once() {
        let mut sequence = ToneSequence::special_information(-12.0);
        let mut out = vec![0; 8 * 2000];
        let mut done_at = None;
        for (n, frame) in out.chunks_mut(160).enumerate() {
            if sequence.fill(frame) && done_at.is_none() {
                done_at = Some((n + 1) * 20);
            }
        }
        assert_eq!(done_at, Some(2000));
        for (n, frequency_hz) in [950.0, 1400.0, 1800.0].into_iter().enumerate() {
            let segment = &out[n * 2640..(n + 1) * 2640];
            assert!((dbm0_of_power(power_at(segment, frequency_hz)) + 12.0).abs() < 0.1);
        }
        assert_eq!(dbm0_of(&out[3 * 2640..]), -99.0);
    }
}
