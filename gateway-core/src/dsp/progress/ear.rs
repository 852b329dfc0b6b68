//! Which of some known tones sounds: every 10 ms, over a Hann window of 50 ms.

use crate::dsp::goertzel::{Goertzel, HannWindow, Phasor, phasors};
use crate::dsp::level::power_of_dbm0;

/// Samples from one look to the next: 10 ms.
pub(super) const HOP: usize = 80;

/// The same in ms.
pub(super) const HOP_MS: u32 = 10;

/// Samples in a window. A Hann window of 50 ms has its zeros 40 Hz beside the middle, which tells 440 from 480 Hz.
const WINDOW: usize = 400;

/// Tones below this are not heard.
const LEAST_DBM0: f32 = -41.0;

/// How far a frequency may be from its nominal value, in Hz, and as a part of it: the greater counts.
const TOLERANCE_HZ: f32 = 16.0;
const TOLERANCE: f32 = 0.032;

/// Two frequencies of one tone that are nearer than this beat against each other within a window (Japan's ringback, 384 and
/// 416 Hz): they are heard as energy in a band.
const RESOLUTION_HZ: f32 = 35.0;

/// Distance of the filters of a band: one line of the window's spectrum.
const LINE_HZ: f32 = 8000.0 / WINDOW as f32;

/// Filters that take their samples together.
const SIDE_BY_SIDE: usize = 8;

/// Filters of a band, and the one in its middle: the window spreads each part of the tone over 40 Hz to either side.
const BAND: usize = 7;
const MIDDLE: usize = 3;

/// The part of all energy that a tone must have; the rest is noise, or the echo of our own side.
const PURITY: f32 = 0.6;

/// The weakest of two frequencies must have this part of the tone (−10 dB against the other).
const LEAST_SHARE: f32 = 0.09;

/// An overtone this near to a part of the tone cannot be told from it, in Hz.
const LEAST_OVERTONE_HZ: f32 = 60.0;

/// Above this nothing is on the line, and what a filter finds there is the image of what is below.
const HIGHEST_HZ: f32 = 3900.0;

/// What sounds now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sound {
    /// Which tone, as an index into the list that the ear was made with.
    pub(super) tone: Option<usize>,
    /// Measured frequency of the strongest part in Hz.
    pub(super) frequency_hz: f32,
    /// How far the parts are from their nominal frequencies, on average, in Hz.
    pub(super) offset_hz: f32,
    /// Mean square of everything in the window.
    pub(super) power: f32,
    /// The part of that which is the tone's, from 0 to 1.
    pub(super) purity: f32,
    /// How far apart its two parts are by the plan, in Hz; infinite where it has not two.
    pub(super) apart_hz: f32,
    /// The part of that which its strongest part has at twice and three times its frequency, from 0 to 1.
    pub(super) overtones: f32,
}

/// Listens for a list of tones, each one or more frequencies that sound together.
#[derive(Clone, Debug)]
pub(super) struct Ear {
    window: HannWindow<WINDOW>,
    samples: [f32; WINDOW],
    filters: Vec<Filter>,
    tones: Vec<Tone>,
    /// Of each tone, as [`Sound::apart_hz`]; of several that are one tone, the least.
    apart_hz: Vec<f32>,
}

/// Indices into the filters.
#[derive(Clone, Debug)]
enum Tone {
    /// Every frequency is there, near its nominal value.
    Lines(Vec<usize>),
    /// The energy is within ±60 Hz of the middle one.
    Band([usize; BAND]),
}

#[derive(Clone, Debug)]
struct Filter {
    goertzel: Goertzel,
    phasor: Phasor,
    offset_hz: f32,
    power: f32,
}

impl Filter {
    fn is_near(&self) -> bool {
        self.offset_hz.abs() <= TOLERANCE_HZ.max(TOLERANCE * self.goertzel.frequency_hz())
    }
}

impl Ear {
    pub(super) fn new() -> Self {
        Ear { window: HannWindow::new(), samples: [0.0; WINDOW], filters: Vec::new(), tones: Vec::new(), apart_hz: Vec::new() }
    }

    /// The index of the tone with these frequencies, from now on listened for. Tones that the ear cannot tell apart are one.
    pub(super) fn listen_for(&mut self, frequencies_hz: &[f32]) -> usize {
        let tone = match *frequencies_hz {
            [a, b] if (a - b).abs() < RESOLUTION_HZ => {
                let middle_hz = (a + b) / 2.0;
                Tone::Band([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0].map(|lines| self.filter(middle_hz + lines * LINE_HZ)))
            }
            _ => Tone::Lines(frequencies_hz.iter().map(|&frequency_hz| self.filter(frequency_hz)).collect()),
        };
        let apart_hz = if let [a, b] = *frequencies_hz { (a - b).abs() } else { f32::INFINITY };
        match self.tones.iter().position(|known| self.are_alike(known, &tone)) {
            Some(n) => {
                self.apart_hz[n] = self.apart_hz[n].min(apart_hz);
                if matches!(tone, Tone::Band(_)) {
                    self.tones[n] = tone;
                }
                n
            }
            None => {
                self.tones.push(tone);
                self.apart_hz.push(apart_hz);
                self.tones.len() - 1
            }
        }
    }

    /// Whether two tones are the same, or one is in the middle of the other's band.
    fn are_alike(&self, one: &Tone, other: &Tone) -> bool {
        match (one, other) {
            (Tone::Lines(a), Tone::Lines(b)) => a == b,
            (Tone::Band(a), Tone::Band(b)) => a == b,
            (Tone::Band(band), Tone::Lines(lines)) | (Tone::Lines(lines), Tone::Band(band)) => {
                let hz = |n: usize| self.filters[n].goertzel.frequency_hz();
                let is_middle = |middle_hz: f32| (middle_hz - hz(band[MIDDLE])).abs() <= TOLERANCE_HZ;
                match lines[..] {
                    [line] => is_middle(hz(line)),
                    // Two parts of which each is near one of the beating ones pass for these now and then.
                    [a, b] => is_middle((hz(a) + hz(b)) / 2.0) && (hz(a) - hz(b)).abs() < RESOLUTION_HZ + 2.0 * TOLERANCE_HZ,
                    _ => false,
                }
            }
        }
    }

    /// The index of the filter for this frequency, a new one if there is none.
    fn filter(&mut self, frequency_hz: f32) -> usize {
        let known = self.filters.iter().position(|filter| (filter.goertzel.frequency_hz() - frequency_hz).abs() < 1.0);
        known.unwrap_or_else(|| {
            let goertzel = Goertzel::new(frequency_hz);
            self.filters.push(Filter { goertzel, phasor: Phasor::default(), offset_hz: 0.0, power: 0.0 });
            self.filters.len() - 1
        })
    }

    /// Takes the next 10 ms. What it says belongs to the middle of the window, 25 ms ago.
    pub(super) fn hear(&mut self, hop: &[i16]) -> Sound {
        self.samples.copy_within(HOP.., 0);
        for (slot, &sample) in self.samples[WINDOW - HOP..].iter_mut().zip(hop) {
            *slot = f32::from(sample);
        }
        let mut block = [0.0; WINDOW];
        let power = self.window.apply(&self.samples, &mut block);
        if power < power_of_dbm0(LEAST_DBM0) {
            self.filters.iter_mut().for_each(|filter| filter.phasor = Phasor::default());
            return Sound { power, ..Sound::default() };
        }
        for some in self.filters.chunks_mut(SIDE_BY_SIDE) {
            let goertzels: [Goertzel; SIDE_BY_SIDE] = std::array::from_fn(|n| some[n.min(some.len() - 1)].goertzel);
            for (filter, phasor) in some.iter_mut().zip(phasors(&goertzels, &block)) {
                filter.offset_hz = filter.goertzel.offset_hz(filter.phasor, phasor, HOP);
                filter.phasor = phasor;
                filter.power = self.window.sine_power(phasor, filter.offset_hz);
            }
        }
        let tone = self.nearest_tone(power);
        let Some(sounding) = tone else { return Sound { power, ..Sound::default() } };
        let (frequency_hz, offset_hz) = (self.strongest_hz(sounding), self.offset_hz(sounding));
        let overtones = self.overtones(sounding, frequency_hz, &block) / power;
        Sound { tone, frequency_hz, offset_hz, power, purity: self.purity(sounding, power), apart_hz: self.apart_hz[sounding], overtones }
    }

    /// The power at twice and three times this frequency, where no part of the tone is near.
    fn overtones(&self, tone: usize, frequency_hz: f32, block: &[f32; WINDOW]) -> f32 {
        let parts = match &self.tones[tone] {
            Tone::Lines(lines) => &lines[..],
            Tone::Band(band) => &band[..],
        };
        let is_part = |hz: f32| parts.iter().any(|&part| (self.filters[part].goertzel.frequency_hz() - hz).abs() <= LEAST_OVERTONE_HZ);
        let overtones_hz = [2.0, 3.0].map(|times| times * frequency_hz).into_iter().filter(|&hz| hz < HIGHEST_HZ && !is_part(hz));
        overtones_hz.map(|hz| self.window.sine_power(Goertzel::new(hz).of(block), 0.0)).sum()
    }

    fn offset_hz(&self, tone: usize) -> f32 {
        match &self.tones[tone] {
            Tone::Lines(lines) => lines.iter().map(|&part| self.filters[part].offset_hz).sum::<f32>() / lines.len().max(1) as f32,
            Tone::Band(band) => self.filters[band[MIDDLE]].offset_hz,
        }
    }

    /// Whether a tone is heard as the energy in a band.
    pub(super) fn is_band(&self, tone: usize) -> bool {
        matches!(self.tones.get(tone), Some(Tone::Band(_)))
    }

    fn purity(&self, tone: usize, power: f32) -> f32 {
        let sum = match &self.tones[tone] {
            Tone::Lines(lines) => lines.iter().map(|&part| self.filters[part].power).sum(),
            Tone::Band(band) => self.power_in_band(band),
        };
        (sum / power.max(f32::MIN_POSITIVE)).min(1.0)
    }

    /// Of the tones that explain the energy, the one whose nominal frequencies are nearest.
    fn nearest_tone(&self, power: f32) -> Option<usize> {
        let mut best: Option<(usize, f32)> = None;
        for (n, tone) in self.tones.iter().enumerate() {
            let offset_hz = match tone {
                Tone::Lines(lines) => self.offset_of_lines(lines, power),
                Tone::Band(band) => self.is_in_band(band, power).then_some(TOLERANCE_HZ),
            };
            if let Some(offset_hz) = offset_hz
                && best.is_none_or(|(_, least_hz)| offset_hz < least_hz)
            {
                best = Some((n, offset_hz));
            }
        }
        best.map(|(n, _)| n)
    }

    /// The largest offset from a nominal frequency, when these lines explain the energy.
    fn offset_of_lines(&self, lines: &[usize], power: f32) -> Option<f32> {
        let parts = || lines.iter().map(|&part| &self.filters[part]);
        let sum: f32 = parts().map(|part| part.power).sum();
        let fits = !lines.is_empty() && sum >= PURITY * power && parts().all(|part| part.is_near() && part.power >= LEAST_SHARE * sum);
        fits.then(|| parts().fold(0.0, |most, part| part.offset_hz.abs().max(most)))
    }

    fn is_in_band(&self, band: &[usize; BAND], power: f32) -> bool {
        self.power_in_band(band) >= PURITY * power
    }

    fn power_in_band(&self, band: &[usize; BAND]) -> f32 {
        band.iter().map(|&line| self.window.line_power(self.filters[line].phasor)).sum()
    }

    fn strongest_hz(&self, tone: usize) -> f32 {
        let parts = match &self.tones[tone] {
            Tone::Lines(lines) => &lines[..],
            // The parts of a beating tone cannot be measured singly.
            Tone::Band(band) => &band[MIDDLE..=MIDDLE],
        };
        let strongest = parts.iter().map(|&part| &self.filters[part]).max_by(|a, b| a.power.total_cmp(&b.power));
        strongest.map_or(0.0, |part| part.goertzel.frequency_hz() + part.offset_hz.clamp(-TOLERANCE_HZ, TOLERANCE_HZ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::tone::{ToneGenerator, ToneSpec};

    fn heard(tones_hz: &[Vec<f32>], frequencies_hz: &[f32]) -> Sound {
        let mut ear = Ear::new();
        for (n, tone_hz) in tones_hz.iter().enumerate() {
            assert_eq!(ear.listen_for(tone_hz), n);
        }
        let mut samples = vec![0; HOP * 20];
        let spec = ToneSpec { frequencies_hz: frequencies_hz.to_vec(), level_dbm0: -20.0, cadence_ms: vec![] };
        ToneGenerator::new(&spec).fill(&mut samples);
        samples.chunks_exact(HOP).map(|hop| ear.hear(hop)).last().unwrap()
    }

    #[test]
    fn dual_tones_that_share_a_frequency_are_told_apart() {
        let tones = [vec![350.0, 440.0], vec![440.0, 480.0], vec![480.0, 620.0]];
        for (n, tone) in tones.iter().enumerate() {
            for detune in [0.985, 1.0, 1.015] {
                let detuned: Vec<f32> = tone.iter().map(|hz| hz * detune).collect();
                assert_eq!(heard(&tones, &detuned).tone, Some(n), "{detuned:?}");
            }
        }
        assert_eq!(heard(&tones, &[440.0]).tone, None);
        assert_eq!(heard(&tones, &[697.0, 1209.0]).tone, None);
    }

    #[test]
    fn frequency_and_level_are_measured() {
        let sound = heard(&[vec![425.0]], &[433.0]);
        assert_eq!(sound.tone, Some(0));
        assert!((sound.frequency_hz - 433.0).abs() < 1.0, "{}", sound.frequency_hz);
        assert!((crate::dsp::level::dbm0_of_power(sound.power) + 20.0).abs() < 0.2);
        assert_eq!(heard(&[vec![425.0]], &[455.0]).tone, None);
        assert_eq!(heard(&[vec![425.0]], &[395.0]).tone, None);
    }

    #[test]
    fn the_nearest_of_two_tones_is_told() {
        assert_eq!(heard(&[vec![425.0], vec![400.0]], &[403.0]).tone, Some(1));
    }

    #[test]
    fn a_beating_tone_is_heard_as_one() {
        let mut ear = Ear::new();
        assert_eq!([ear.listen_for(&[400.0]), ear.listen_for(&[384.0, 416.0]), ear.listen_for(&[400.0])], [0, 0, 0]);
        assert_eq!(ear.listen_for(&[500.0]), 1);
        let mut samples = vec![0; HOP * 100];
        let spec = ToneSpec { frequencies_hz: vec![384.0, 416.0], level_dbm0: -20.0, cadence_ms: vec![] };
        ToneGenerator::new(&spec).fill(&mut samples);
        let heard: Vec<bool> = samples.chunks_exact(HOP).map(|hop| ear.hear(hop).tone.is_some()).collect();
        // Interruptions of up to two looks pass for nothing.
        assert!(heard[5..].windows(3).all(|looks| looks.contains(&true)), "{heard:?}");
    }
}
