//! Music from a seed: what is played to those who wait, of the kinds that detectors of tones take for tones most easily.
//!
//! Pure timbres, notes as long as the tones of exchanges with rests as long as theirs, and intervals on the equal-tempered scale,
//! some of which lie near a pair of ITU-T Q.23 or E.180.

use std::f64::consts::TAU;

use super::level::amplitude_of_dbm0;
use super::{Frame, SAMPLE_RATE_HZ};
use crate::rng::Rng;

/// Voices that may sound at a time.
const VOICES: usize = 4;

/// Harmonics of a voice.
const HARMONICS: usize = 8;

/// Above this the telephone loses what a voice has.
const HIGHEST_HZ: f64 = 3400.0;

/// Amplitudes of the harmonics: flute, whistling, music box, synthesizer pad, organ, clarinet, strings, brass.
const TIMBRES: [[f32; HARMONICS]; 8] = [
    [1.0, 0.05, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0],
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [1.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.05, 0.0],
    [1.0, 0.15, 0.05, 0.02, 0.0, 0.0, 0.0, 0.0],
    [1.0, 0.8, 0.4, 0.5, 0.0, 0.2, 0.0, 0.3],
    [1.0, 0.05, 0.6, 0.05, 0.35, 0.05, 0.2, 0.0],
    [1.0, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15],
    [0.8, 1.0, 0.9, 0.7, 0.5, 0.4, 0.3, 0.2],
];

/// Lengths of notes in ms: those of the cadences of E.180, and some of ordinary tempi.
const BEATS_MS: [u32; 10] = [250, 375, 480, 500, 750, 200, 330, 428, 600, 1000];

/// Steps of the scales in semitones: major, minor, pentatonic, chromatic.
const SCALES: [&[u8]; 4] = [&[0, 2, 4, 5, 7, 9, 11], &[0, 2, 3, 5, 7, 8, 10], &[0, 2, 4, 7, 9], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]];

/// Chords in semitones above their lowest note; two voices are the most dangerous.
const CHORDS: [&[u8]; 7] = [&[0, 4, 7], &[0, 3, 7], &[0, 4, 7, 11], &[0, 7], &[0, 4], &[0, 9], &[0, 5]];

/// The least depth of a vibrato, as a part of the frequency: ±9 cents. Players reach ±20 and singers ±100; below this nobody hears one.
const LEAST_VIBRATO: f64 = 0.005;

/// The slowest decay of a note to a tenth, in ms.
const LONGEST_DECAY_MS: u32 = 1700;

/// A player who goes from one piece to the next, for ever.
#[derive(Clone, Debug)]
pub struct Music {
    rng: Rng,
    level_dbm0: f32,
    piece: Piece,
    voices: [Voice; VOICES],
    drum: Drum,
    /// Samples until the next note.
    until_next: u32,
    notes_left: u32,
}

/// What all notes of a piece have in common.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Frequency of A in Hz.
    pitch_hz: f64,
    scale: &'static [u8],
    /// The lowest note, in semitones from A of 440 Hz.
    lowest: i32,
    timbre: [f32; HARMONICS],
    beat_ms: u32,
    /// Part of a beat that sounds, and whether a rest as long as the note follows.
    legato: f32,
    rests: bool,
    style: Style,
    /// Decay to a tenth within so many ms; `None`: flat.
    decay_ms: Option<u32>,
    attack_ms: f32,
    /// Depth of the vibrato as a part of the frequency, and its rate in Hz.
    vibrato: (f64, f64),
    drums: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Melody,
    /// The same note again and again: an ostinato, and what comes nearest to the cadence of an exchange.
    Repeated,
    Chords,
    /// One chord again and again.
    RepeatedChord,
}

impl Music {
    /// A player whose pieces follow from `rng`; a note has `level_dbm0` at its loudest, all voices together.
    #[must_use]
    pub fn new(mut rng: Rng, level_dbm0: f32) -> Self {
        let piece = Piece::roll(&mut rng);
        let voices = [Voice::default(); VOICES];
        let drum_rng = rng.fork();
        Music { rng, level_dbm0, piece, voices, drum: Drum::new(drum_rng), until_next: 0, notes_left: 30 }
    }

    /// Overwrites `out` with the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            *sample = self.next_sample().round() as i16;
        }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = Frame::SILENCE;
        self.fill(&mut frame.0);
        frame
    }

    fn next_sample(&mut self) -> f32 {
        if self.until_next == 0 {
            self.begin_note();
        }
        self.until_next -= 1;
        let voices: f32 = self.voices.iter_mut().map(|voice| voice.next(self.piece.vibrato)).sum();
        voices + if self.piece.drums { self.drum.next() } else { 0.0 }
    }

    fn begin_note(&mut self) {
        if self.notes_left == 0 {
            self.piece = Piece::roll(&mut self.rng);
            self.notes_left = 16 + self.rng.next_u32() % 32;
        }
        self.notes_left -= 1;
        let piece = self.piece;
        let repeats = piece.repeats();
        let lowest = if repeats { piece.lowest } else { piece.lowest + self.degree() };
        // Of the rhythms a piece may have only those without rests of their own vary the lengths.
        let length_ms = if repeats || piece.rests || self.rng.chance(600) { piece.beat_ms } else { piece.beat_ms / 2 };
        let samples = samples_of(length_ms);
        let chord = match piece.style {
            Style::Melody | Style::Repeated => &CHORDS[0][..1],
            Style::Chords => pick(&mut self.rng, &CHORDS),
            Style::RepeatedChord => CHORDS[usize::from(piece.lowest.unsigned_abs() as u8) % CHORDS.len()],
        };
        self.begin_voices(lowest, chord, (samples as f32 * piece.legato) as u32);
        self.until_next = if piece.rests { 2 * samples } else { samples }.max(1);
        if piece.drums {
            self.drum.hit(amplitude_of_dbm0(self.level_dbm0 - 3.0));
        }
    }

    fn begin_voices(&mut self, lowest: i32, chord: &[u8], samples: u32) {
        let peak = amplitude_of_dbm0(self.level_dbm0) / (chord.len() as f32).sqrt();
        for (slot, &interval) in self.voices.iter_mut().zip(chord) {
            let frequency_hz = self.piece.pitch_hz * (f64::from(lowest + i32::from(interval)) / 12.0).exp2();
            *slot = Voice::new(frequency_hz, peak, &self.piece, samples);
        }
        // What the last chord had more of is let go.
        for voice in self.voices.iter_mut().skip(chord.len()) {
            voice.samples = voice.samples.min(voice.sounded);
        }
    }

    /// A note of the scale within two octaves, in semitones.
    fn degree(&mut self) -> i32 {
        let step = i32::from(*pick(&mut self.rng, self.piece.scale));
        step + if self.rng.chance(500) { 12 } else { 0 }
    }
}

impl Piece {
    fn roll(rng: &mut Rng) -> Self {
        // Half of the players are in tune, the others up to a quarter of a semitone off.
        let cents = if rng.chance(500) { 0.0 } else { rng.below(51) as f64 - 25.0 };
        let style = *pick(rng, &[Style::Melody, Style::Melody, Style::Repeated, Style::Chords, Style::Chords, Style::RepeatedChord]);
        let vibrato_depth = if rng.chance(400) { LEAST_VIBRATO + 0.0001 * rng.below(150) as f64 } else { 0.0 };
        let piece = Piece {
            pitch_hz: 440.0 * (cents / 1200.0).exp2(),
            scale: SCALES[usize::try_from(rng.below(SCALES.len() as u64)).unwrap_or(0)],
            lowest: i32::try_from(rng.below(37)).unwrap_or(0) - 19,
            timbre: *pick(rng, &TIMBRES),
            beat_ms: *pick(rng, &BEATS_MS),
            legato: *pick(rng, &[1.0, 1.0, 0.9, 0.5]),
            rests: rng.chance(350),
            style,
            decay_ms: if rng.chance(500) { Some(200 + rng.next_u32() % 1500) } else { None },
            attack_ms: *pick(rng, &[2.0, 5.0, 20.0, 60.0]),
            vibrato: (vibrato_depth, 4.5 + 0.01 * rng.below(200) as f64),
            drums: rng.chance(250),
        };
        let is_oscillator = piece.repeats() && piece.decay_ms.is_none() && vibrato_depth == 0.0;
        // A note that is repeated and neither fades nor trembles is no music: it is an oscillator, as an exchange has one.
        Piece { decay_ms: if is_oscillator { Some(LONGEST_DECAY_MS) } else { piece.decay_ms }, ..piece }
    }

    fn repeats(&self) -> bool {
        matches!(self.style, Style::Repeated | Style::RepeatedChord)
    }
}

fn pick<'a, T>(rng: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[usize::try_from(rng.below(choices.len() as u64)).unwrap_or(0)]
}

fn samples_of(ms: u32) -> u32 {
    ms * (SAMPLE_RATE_HZ / 1000)
}

/// How long a note takes to fall silent when it is let go, in samples: 15 ms.
const RELEASE: u32 = 120;

#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    /// Of the fundamental, in turns.
    phase: f64,
    step: f64,
    vibrato_phase: f64,
    peaks: [f32; HARMONICS],
    sounded: u32,
    /// How long it is held.
    samples: u32,
    attack: f32,
    /// What decay leaves of it, now and from one sample to the next.
    left: f32,
    decay: f32,
}

impl Voice {
    fn new(frequency_hz: f64, peak: f32, piece: &Piece, samples: u32) -> Self {
        let passes = |n: usize| frequency_hz * (n + 1) as f64 <= HIGHEST_HZ;
        let weights: [f32; HARMONICS] = std::array::from_fn(|n| if passes(n) { piece.timbre[n] } else { 0.0 });
        let norm = weights.iter().map(|weight| weight * weight).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        Voice {
            step: frequency_hz / f64::from(SAMPLE_RATE_HZ),
            peaks: weights.map(|weight| peak * weight / norm),
            samples,
            attack: piece.attack_ms * SAMPLE_RATE_HZ as f32 / 1000.0,
            left: 1.0,
            decay: piece.decay_ms.map_or(1.0, |ms| 0.1_f32.powf(1.0 / samples_of(ms) as f32)),
            ..Voice::default()
        }
    }

    fn next(&mut self, (depth, rate_hz): (f64, f64)) -> f32 {
        if self.sounded >= self.samples + RELEASE {
            return 0.0;
        }
        self.sounded += 1;
        self.left *= self.decay;
        self.vibrato_phase += rate_hz / f64::from(SAMPLE_RATE_HZ);
        let bend = if depth > 0.0 { depth * (TAU * self.vibrato_phase).sin() } else { 0.0 };
        self.phase = (self.phase + self.step * (1.0 + bend)).fract();
        let rising = (self.sounded as f32 / self.attack).min(1.0);
        let falling = 1.0 - self.sounded.saturating_sub(self.samples) as f32 / RELEASE as f32;
        let parts = self.peaks.iter().enumerate().filter(|(_, peak)| **peak > 0.0);
        let sum: f32 = parts.map(|(n, peak)| peak * (TAU * self.phase * (n + 1) as f64).sin() as f32).sum();
        sum * rising * falling * self.left
    }
}

/// A drum with every note: a kick that falls from 180 to 50 Hz, or a snare of noise.
#[derive(Clone, Debug)]
struct Drum {
    rng: Rng,
    is_kick: bool,
    level: f32,
    frequency_hz: f64,
    phase: f64,
}

impl Drum {
    fn new(rng: Rng) -> Self {
        Drum { rng, is_kick: false, level: 0.0, frequency_hz: 0.0, phase: 0.0 }
    }

    fn hit(&mut self, peak: f32) {
        self.is_kick = !self.is_kick;
        self.level = peak;
        self.frequency_hz = 180.0;
    }

    fn next(&mut self) -> f32 {
        self.level *= if self.is_kick { 0.9985 } else { 0.997 };
        if self.is_kick {
            self.frequency_hz += 0.002 * (50.0 - self.frequency_hz);
            self.phase = (self.phase + self.frequency_hz / f64::from(SAMPLE_RATE_HZ)).fract();
            return self.level * (TAU * self.phase).sin() as f32;
        }
        self.level * (self.rng.next_u32() as f32 / (u32::MAX / 2) as f32 - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::goertzel::power_at;
    use crate::dsp::level::{dbm0_of, dbm0_of_power};

    #[test]
    fn notes_are_as_loud_as_asked_and_there_are_rests() {
        let (mut loudest, mut silent) = (Vec::new(), 0);
        for seed in 0..12 {
            let mut music = Music::new(Rng::from_seed(seed), -15.0);
            let levels: Vec<f32> = (0..1500).map(|_| dbm0_of(&music.next_frame().0)).collect();
            silent += levels.iter().filter(|&&level| level < -60.0).count();
            loudest.push(levels.iter().copied().fold(f32::MIN, f32::max));
        }
        // Drums and beats of voices against each other add some dB.
        assert!(loudest.iter().all(|level| (-18.0..-8.0).contains(level)), "{loudest:?}");
        assert!(silent > 200, "{silent}");
    }

    #[test]
    fn the_same_seed_plays_the_same_and_goes_on_playing() {
        let (mut a, mut b) = (Music::new(Rng::from_seed(7), -15.0), Music::new(Rng::from_seed(7), -15.0));
        let mut other = Music::new(Rng::from_seed(8), -15.0);
        let (mut differs, mut heard) = (false, 0);
        for _ in 0..50 * 300 {
            let frame = a.next_frame();
            assert_eq!(frame, b.next_frame());
            differs |= frame != other.next_frame();
            heard += usize::from(dbm0_of(&frame.0) > -40.0);
        }
        assert!(differs && heard > 50 * 60, "{heard}");
    }

    #[test]
    fn a_pure_voice_stands_on_its_note() {
        let mut piece = Piece::roll(&mut Rng::from_seed(1));
        piece = Piece { timbre: TIMBRES[1], decay_ms: None, attack_ms: 1.0, ..piece };
        let mut voice = Voice::new(440.0, amplitude_of_dbm0(-15.0), &piece, 8000);
        let samples: Vec<i16> = (0..8000).map(|_| voice.next((0.0, 5.0)).round() as i16).collect();
        assert!((dbm0_of_power(power_at(&samples, 440.0)) + 15.0).abs() < 0.1);
        assert!(dbm0_of_power(power_at(&samples, 880.0)) < -50.0);
    }
}
