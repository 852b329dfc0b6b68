//! What a person sees of the sound of a line: its spectrum, its strongest frequencies, and what the tone detector believes.

use serde::{Deserialize, Serialize};

use crate::dsp::level::{dbm0_of_power, power_of_dbm0};
use crate::dsp::progress::ToneBelief;
use crate::dsp::spectrum::Spectrum;
use crate::dsp::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};
use crate::time::Moment;

/// Samples that are looked at together: 128 ms, which tells 440 from 480 Hz.
const BLOCK: usize = 1024;

/// Lines of its spectrum, 7.8 Hz apart.
const FINE_LINES: usize = BLOCK / 2;

/// Lines that are told, 31.25 Hz wide.
pub const SPECTRUM_LINES: usize = 128;

/// Fine lines that make one that is told.
const FINE: usize = FINE_LINES / SPECTRUM_LINES;

/// Frames until the block is full of what was heard since somebody looks.
const FRAMES_TO_FILL: u32 = (BLOCK as u32).div_ceil(FRAME_SAMPLES as u32);

/// Frames from one analysis to the next: 100 ms.
const EVERY_FRAMES: u32 = 5;

/// Nobody looks any more when the order was not given again for this long: 3 s.
const PATIENCE_FRAMES: u32 = 150;

/// Frequencies that are told.
const PEAKS: usize = 3;

/// A line whose neighbours on either side belong to the same frequency, and how far the next one is at least.
const SPREAD: usize = 2;
const APART: usize = 4;

/// A frequency that is told has this part of all energy (−15 dB); and there are none in what is softer than that.
const LEAST_SHARE: f32 = 0.03;
const LEAST_DBM0: f32 = -60.0;

/// What a channel hears on its line, told ten times a second while somebody looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Analysis {
    /// When the last of it was heard, in ms since the start.
    pub at_ms: u64,
    /// The level of the last 128 ms in dBm0, weighted by a Hann window; −99 for digital silence.
    pub level_dbm0: f32,
    /// The part of all energy that is at the strongest frequencies, from 0 to 1.
    pub purity: f32,
    /// What there is from 0 to 4000 Hz in [`SPECTRUM_LINES`] bands of 31.25 Hz, in dBm0 each, to a tenth; −99 for nothing.
    pub spectrum_dbm0: Vec<f32>,
    /// The strongest frequencies, the strongest first, three at most.
    pub peaks: Vec<SpectrumPeak>,
    /// What the tone detector believes; `None` while it does not listen, because the line is on hook.
    pub belief: Option<ToneBelief>,
}

/// A frequency that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SpectrumPeak {
    /// Where, in Hz.
    pub frequency_hz: f32,
    /// How strong it is, in dBm0.
    pub level_dbm0: f32,
}

/// Takes the sound of a line to pieces, for as long as somebody looks and no longer.
#[derive(Debug)]
pub(super) struct Analyser {
    spectrum: Spectrum<BLOCK, FINE_LINES>,
    samples: [f32; BLOCK],
    /// For how long somebody looks; 0: nobody does.
    frames_left: u32,
    frames_to_next: u32,
}

impl Analyser {
    pub(super) fn new() -> Self {
        Analyser { spectrum: Spectrum::new(), samples: [0.0; BLOCK], frames_left: 0, frames_to_next: 0 }
    }

    /// Somebody looks from now on, for three seconds.
    pub(super) fn watch(&mut self) {
        if self.frames_left == 0 {
            self.frames_to_next = FRAMES_TO_FILL;
        }
        self.frames_left = PATIENCE_FRAMES;
    }

    /// Takes the newest frame; asks `belief` when it has something to tell.
    pub(super) fn hear(&mut self, frame: &Frame, now: Moment, belief: impl FnOnce() -> Option<ToneBelief>) -> Option<Box<Analysis>> {
        self.frames_left = self.frames_left.checked_sub(1)?;
        self.samples.copy_within(FRAME_SAMPLES.., 0);
        for (slot, &sample) in self.samples[BLOCK - FRAME_SAMPLES..].iter_mut().zip(&frame.0) {
            *slot = f32::from(sample);
        }
        self.frames_to_next -= 1;
        if self.frames_to_next > 0 {
            return None;
        }
        self.frames_to_next = EVERY_FRAMES;
        Some(Box::new(self.analyse(now, belief())))
    }

    fn analyse(&self, now: Moment, belief: Option<ToneBelief>) -> Analysis {
        let lines = self.spectrum.power(&self.samples).map(|power| self.spectrum.mean_square(power));
        let sum: f32 = lines.iter().sum();
        let peaks = if sum < power_of_dbm0(LEAST_DBM0) { Vec::new() } else { peaks(&lines, LEAST_SHARE * sum) };
        let pure: f32 = peaks.iter().map(|&line| around(&lines, line)).sum();
        Analysis {
            at_ms: now.as_millis(),
            level_dbm0: tenth(dbm0_of_power(sum)),
            purity: if sum > 0.0 { (pure / sum).min(1.0) } else { 0.0 },
            spectrum_dbm0: lines.chunks_exact(FINE).map(|band| tenth(dbm0_of_power(band.iter().sum()))).collect(),
            peaks: peaks.into_iter().map(|line| peak(&lines, line)).collect(),
            belief,
        }
    }
}

/// The lines of the strongest frequencies, the strongest first.
fn peaks(lines: &[f32; FINE_LINES], least: f32) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::with_capacity(PEAKS);
    while found.len() < PEAKS {
        let is_summit = |&n: &usize| lines[n] >= lines[n - 1] && lines[n] >= lines[n + 1] && around(lines, n) >= least;
        let free = (1..FINE_LINES - 1).filter(|n| found.iter().all(|known| known.abs_diff(*n) >= APART));
        let Some(next) = free.filter(is_summit).max_by(|&a, &b| lines[a].total_cmp(&lines[b])) else { break };
        found.push(next);
    }
    found
}

/// What is on a line and those that a sine on it is spread over.
fn around(lines: &[f32; FINE_LINES], line: usize) -> f32 {
    lines[line.saturating_sub(SPREAD)..(line + SPREAD + 1).min(FINE_LINES)].iter().sum()
}

/// A sine between two lines of a Hann window: the ratio of their amplitudes says where.
fn peak(lines: &[f32; FINE_LINES], line: usize) -> SpectrumPeak {
    let (below, above) = (lines[line - 1], lines[line + 1]);
    let (towards, next) = if above >= below { (1.0, above) } else { (-1.0, below) };
    let ratio = (next / lines[line].max(f32::MIN_POSITIVE)).sqrt();
    let offset = towards * ((2.0 * ratio - 1.0) / (ratio + 1.0)).max(0.0);
    let line_hz = SAMPLE_RATE_HZ as f32 / BLOCK as f32;
    SpectrumPeak { frequency_hz: tenth((line as f32 + offset) * line_hz), level_dbm0: tenth(dbm0_of_power(around(lines, line))) }
}

/// More digits would only make the message longer.
fn tenth(value: f32) -> f32 {
    (10.0 * value).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::tone::{ToneGenerator, ToneSpec};

    /// What is told at the end of a second of these frequencies, each at this level.
    fn analysed(frequencies_hz: &[f32], level_dbm0: f32) -> Analysis {
        let mut samples = vec![0; 8000];
        ToneGenerator::new(&ToneSpec { frequencies_hz: frequencies_hz.to_vec(), level_dbm0, cadence_ms: vec![] }).fill(&mut samples);
        let mut analyser = Analyser::new();
        analyser.watch();
        let told = samples.chunks_exact(FRAME_SAMPLES).filter_map(|piece| {
            let mut frame = Frame::SILENCE;
            frame.0.copy_from_slice(piece);
            analyser.hear(&frame, Moment::from_millis(7), || None)
        });
        *told.last().unwrap()
    }

    #[test]
    fn frequencies_and_levels_are_measured() {
        for frequency_hz in [350.0, 425.0, 1100.0, 2100.0, 3400.0] {
            let told = analysed(&[frequency_hz], -20.0);
            assert_eq!(told.peaks.len(), 1, "{:?}", told.peaks);
            assert!((told.peaks[0].frequency_hz - frequency_hz).abs() <= 1.0, "{frequency_hz}: {:?}", told.peaks);
            assert!((told.peaks[0].level_dbm0 + 20.0).abs() <= 0.3 && (told.level_dbm0 + 20.0).abs() <= 0.3, "{told:?}");
            assert!(told.purity > 0.98, "{}", told.purity);
            let loudest = (0..SPECTRUM_LINES).max_by(|&a, &b| told.spectrum_dbm0[a].total_cmp(&told.spectrum_dbm0[b])).unwrap();
            assert!((loudest as f32 * 31.25..=(loudest + 1) as f32 * 31.25).contains(&frequency_hz), "{frequency_hz}: {loudest}");
            assert_eq!((told.spectrum_dbm0.len(), told.at_ms), (SPECTRUM_LINES, 7));
        }
    }

    #[test]
    fn two_frequencies_that_are_near_are_told_apart() {
        for (low_hz, high_hz) in [(350.0, 440.0), (440.0, 480.0), (480.0, 620.0), (400.0, 450.0)] {
            let mut peaks = analysed(&[low_hz, high_hz], -20.0).peaks;
            peaks.sort_by(|a, b| a.frequency_hz.total_cmp(&b.frequency_hz));
            let heard: Vec<f32> = peaks.iter().map(|peak| peak.frequency_hz).collect();
            assert_eq!(heard.len(), 2, "{heard:?}");
            assert!((heard[0] - low_hz).abs() < 2.0 && (heard[1] - high_hz).abs() < 2.0, "{heard:?}");
        }
    }

    #[test]
    fn silence_has_no_frequencies() {
        let told = analysed(&[425.0], -70.0);
        assert!(told.peaks.is_empty() && told.purity == 0.0, "{told:?}");
        let mut analyser = Analyser::new();
        analyser.watch();
        let told = (0..FRAMES_TO_FILL).find_map(|_| analyser.hear(&Frame::SILENCE, Moment::ZERO, || None)).unwrap();
        assert_eq!((told.level_dbm0, told.spectrum_dbm0.clone()), (-99.0, vec![-99.0; SPECTRUM_LINES]));
    }

    #[test]
    fn it_tells_ten_times_a_second_while_somebody_looks_and_ends_by_itself() {
        let mut analyser = Analyser::new();
        let told = |analyser: &mut Analyser, frames: usize| {
            (0..frames).filter(|_| analyser.hear(&Frame::SILENCE, Moment::ZERO, || None).is_some()).count()
        };
        assert_eq!(told(&mut analyser, 500), 0, "nobody looks");
        analyser.watch();
        assert_eq!(told(&mut analyser, FRAMES_TO_FILL as usize), 1);
        for _ in 0..10 {
            analyser.watch();
            assert_eq!(told(&mut analyser, 50), 10, "looked at again each second");
        }
        assert_eq!(told(&mut analyser, 1000), 20, "two seconds are left of the three");
        analyser.hear(&Frame::SILENCE, Moment::ZERO, || unreachable!("nobody looks"));
    }
}
