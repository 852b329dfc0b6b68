//! Whether a voice is heard: energy above the noise that is no tone and does not stay as it is.

use crate::dsp::level::power_of_dbm0;
use crate::dsp::spectrum::{BLOCK, LINES, Spectrum};
use crate::dsp::{FRAME_SAMPLES, Frame};

/// Tells a voice from tones of any frequency, steady noise, clicks and silence.
#[derive(Clone, Debug)]
pub struct VoiceDetector {
    spectrum: Spectrum,
    samples: [f32; BLOCK],
    /// The quietest of late, rising slowly: the noise of the line.
    floor: f32,
    /// For each of the last frames its power when it was loud and no tone, else 0.
    frames: [f32; MEMORY],
    next: usize,
    silent_frames: usize,
    is_voice: bool,
}

/// Frames that are judged together: half a second.
const MEMORY: usize = 25;

/// So many of them (160 ms) must be loud and no tone.
const LEAST_FRAMES: usize = 8;

/// A voice is louder than this.
const LEAST_DBM0: f32 = -45.0;

/// And that factor (9 dB) louder than the noise of the line.
const ABOVE_FLOOR: f32 = 8.0;

/// The noise is never taken to be lower than this.
const LEAST_FLOOR_DBM0: f32 = -62.0;

/// By this factor the floor rises each frame: 4 dB a second.
const FLOOR_RISE: f32 = 1.019;

/// A voice changes by this factor of power (6 dB) within half a second; noise and modems do not.
const LIVELINESS: f32 = 4.0;

/// A tone of one or two frequencies has this part of its energy around two lines of the spectrum.
const TONALITY: f32 = 0.88;

/// Lines below this one (200 Hz) are left out: hum is no voice.
const FIRST_LINE: usize = 7;

impl VoiceDetector {
    /// A detector that has heard nothing yet.
    #[must_use]
    pub fn new() -> Self {
        VoiceDetector {
            spectrum: Spectrum::new(),
            samples: [0.0; BLOCK],
            floor: f32::MAX,
            frames: [0.0; MEMORY],
            next: 0,
            silent_frames: 0,
            is_voice: false,
        }
    }

    /// Takes the next frame; says whether a voice is heard. It needs some 200 ms to be sure, and half a second without voice to
    /// say no again.
    pub fn process(&mut self, frame: &Frame) -> bool {
        self.samples.copy_within(FRAME_SAMPLES.., 0);
        for (slot, &sample) in self.samples[BLOCK - FRAME_SAMPLES..].iter_mut().zip(&frame.0) {
            *slot = f32::from(sample);
        }
        let power = self.samples.iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32;
        self.floor = (self.floor * FLOOR_RISE).min(power).max(power_of_dbm0(LEAST_FLOOR_DBM0));
        let is_loud = power > power_of_dbm0(LEAST_DBM0) && power > ABOVE_FLOOR * self.floor;
        let counts = is_loud && !self.is_tone();
        self.frames[self.next] = if counts { power } else { 0.0 };
        self.next = (self.next + 1) % MEMORY;
        self.silent_frames = if counts { 0 } else { self.silent_frames + 1 };
        self.is_voice = if self.is_voice { self.silent_frames < MEMORY } else { self.is_lively() };
        self.is_voice
    }

    /// Whether a voice was heard in the last frame.
    #[must_use]
    pub fn is_voice(&self) -> bool {
        self.is_voice
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        *self = VoiceDetector::new();
    }

    fn is_lively(&self) -> bool {
        let loud = self.frames.iter().copied().filter(|&power| power > 0.0);
        let (count, least, most) =
            loud.fold((0, f32::MAX, 0.0_f32), |(count, least, most), power| (count + 1, least.min(power), most.max(power)));
        count >= LEAST_FRAMES && most > LIVELINESS * least
    }

    fn is_tone(&self) -> bool {
        let power = self.spectrum.power(&self.samples);
        let lines = &power[FIRST_LINE..LINES];
        let sum: f32 = lines.iter().sum();
        let first = peak(lines, None);
        let second = peak(lines, Some(first));
        let around = |n: usize| lines.iter().enumerate().filter(move |&(line, _)| line.abs_diff(n) <= 2);
        let both: f32 = around(first).map(|(_, power)| power).sum::<f32>()
            + around(second).filter(|(line, _)| line.abs_diff(first) > 2).map(|(_, power)| power).sum::<f32>();
        both > TONALITY * sum
    }
}

impl Default for VoiceDetector {
    fn default() -> Self {
        VoiceDetector::new()
    }
}

/// The strongest line that does not belong to the peak `except`.
fn peak(lines: &[f32], except: Option<usize>) -> usize {
    let mut best = None;
    for (line, &power) in lines.iter().enumerate() {
        let is_free = except.is_none_or(|except| line.abs_diff(except) > 2);
        if is_free && best.is_none_or(|(_, most)| power > most) {
            best = Some((line, power));
        }
    }
    best.map_or(0, |(line, _)| line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::babble::{Babble, WhiteNoise};
    use crate::dsp::tone::{ToneGenerator, ToneSequence, ToneSpec};
    use crate::rng::Rng;

    fn first_voice_ms(detector: &mut VoiceDetector, samples: &[i16]) -> Option<usize> {
        let frames = samples.chunks_exact(FRAME_SAMPLES).map(|piece| Frame(piece.try_into().unwrap()));
        let heard: Vec<bool> = frames.map(|frame| detector.process(&frame)).collect();
        heard.iter().position(|&voice| voice).map(|n| (n + 1) * 20)
    }

    #[test]
    fn a_voice_is_heard_soon_after_ringback() {
        let ringback = ToneSpec { frequencies_hz: vec![425.0], level_dbm0: -15.0, cadence_ms: vec![1000, 4000] };
        for seed in 0..20 {
            for level_dbm0 in [-12.0, -20.0, -30.0] {
                let mut samples = vec![0; 8 * 7000];
                ToneGenerator::new(&ringback).fill(&mut samples);
                WhiteNoise::new(Rng::from_seed(seed), -52.0).mix_into(&mut samples);
                let mut detector = VoiceDetector::new();
                assert_eq!(first_voice_ms(&mut detector, &samples), None, "ringback, seed {seed}");
                Babble::new(Rng::from_seed(seed), level_dbm0).fill(&mut samples);
                let after_ms = first_voice_ms(&mut detector, &samples);
                assert!(after_ms.is_some_and(|ms| ms <= 1500), "seed {seed}, {level_dbm0} dBm0: {after_ms:?}");
            }
        }
    }

    #[test]
    fn tones_noise_and_silence_are_no_voice() {
        let tones: [(&[f32], &[u32]); 8] = [
            (&[425.0], &[]),
            (&[425.0], &[250, 250]),
            (&[425.0], &[250, 250, 750, 250]),
            (&[440.0, 480.0], &[2000, 4000]),
            (&[480.0, 620.0], &[500, 500]),
            (&[2100.0], &[]),
            (&[1100.0], &[500, 3000]),
            (&[770.0, 1336.0], &[100, 100]),
        ];
        for (frequencies_hz, cadence_ms) in tones {
            for level_dbm0 in [-5.0, -20.0, -34.0] {
                let spec = ToneSpec { frequencies_hz: frequencies_hz.to_vec(), level_dbm0, cadence_ms: cadence_ms.to_vec() };
                let mut samples = vec![0; 8 * 6000];
                ToneGenerator::new(&spec).fill(&mut samples);
                WhiteNoise::new(Rng::from_seed(9), level_dbm0 - 20.0).mix_into(&mut samples);
                assert_eq!(first_voice_ms(&mut VoiceDetector::new(), &samples), None, "{spec:?}");
            }
        }
        let mut samples = vec![0; 8 * 2000];
        ToneSequence::special_information(-12.0).fill(&mut samples);
        assert_eq!(first_voice_ms(&mut VoiceDetector::new(), &samples), None);
        let mut detector = VoiceDetector::new();
        let mut samples = vec![0; 8 * 4000];
        assert_eq!(first_voice_ms(&mut detector, &samples), None);
        WhiteNoise::new(Rng::from_seed(4), -30.0).mix_into(&mut samples);
        assert_eq!(first_voice_ms(&mut detector, &samples), None);
    }

    #[test]
    fn clicks_are_no_voice_and_the_voice_ends() {
        let mut detector = VoiceDetector::new();
        let mut samples = vec![0; 8 * 3000];
        for click in samples.chunks_mut(4000) {
            click[..20].fill(20_000);
        }
        assert_eq!(first_voice_ms(&mut detector, &samples), None);
        Babble::new(Rng::from_seed(1), -20.0).fill(&mut samples);
        assert!(first_voice_ms(&mut detector, &samples).is_some());
        for _ in 0..26 {
            detector.process(&Frame::SILENCE);
        }
        assert!(!detector.is_voice());
    }
}
