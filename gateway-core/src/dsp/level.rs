//! Levels in dBm0, and how long it has been silent.
//!
//! The reference is that of [`Frame`]: a sine whose peak is full scale (32767) has +3.14 dBm0.

use super::{FRAME_MS, Frame};

/// Level of a sine whose peak is full scale (ITU-T G.711, A-law).
#[allow(clippy::approx_constant, reason = "the load capacity of G.711, not the circle")]
pub const FULL_SCALE_DBM0: f32 = 3.14;

/// What [`dbm0_of`] says of samples that are all zero.
pub const SILENCE_DBM0: f32 = -99.0;

const FULL_SCALE: f32 = 32767.0;

/// The level of these samples in dBm0; [`SILENCE_DBM0`] when all are zero or there are none.
#[must_use]
pub fn dbm0_of(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBM0;
    }
    let energy: i64 = samples.iter().map(|&sample| i64::from(sample) * i64::from(sample)).sum();
    dbm0_of_power(energy as f32 / samples.len() as f32)
}

/// The level in dBm0 of a mean square, in squared sample steps.
#[must_use]
pub fn dbm0_of_power(mean_square: f32) -> f32 {
    let full_scale_power = FULL_SCALE * FULL_SCALE / 2.0;
    let level_dbm0 = 10.0 * (mean_square / full_scale_power).log10() + FULL_SCALE_DBM0;
    if level_dbm0 > SILENCE_DBM0 { level_dbm0 } else { SILENCE_DBM0 }
}

/// The mean square, in squared sample steps, of a signal with this level.
#[must_use]
pub fn power_of_dbm0(level_dbm0: f32) -> f32 {
    let amplitude = amplitude_of_dbm0(level_dbm0);
    amplitude * amplitude / 2.0
}

/// The peak, in sample steps, of a sine with this level. Above +3.14 dBm0 it no longer fits in a sample.
#[must_use]
pub fn amplitude_of_dbm0(level_dbm0: f32) -> f32 {
    FULL_SCALE * 10f32.powf((level_dbm0 - FULL_SCALE_DBM0) / 20.0)
}

/// Counts how long a direction has been silent: below a threshold, apart from single clicks.
#[derive(Clone, Debug)]
pub struct SilenceTimer {
    threshold_dbm0: f32,
    loud_frames: u32,
    silent_ms: u64,
}

impl SilenceTimer {
    /// Line noise stays below this, speech seldom does.
    pub const USUAL_THRESHOLD_DBM0: f32 = -42.0;

    /// So many loud frames in a row (60 ms) end a silence: clicks are shorter, words are not.
    const LOUD_FRAMES: u32 = 3;

    /// A timer for which everything below `threshold_dbm0` is silence.
    #[must_use]
    pub fn new(threshold_dbm0: f32) -> Self {
        SilenceTimer { threshold_dbm0, loud_frames: 0, silent_ms: 0 }
    }

    /// Takes the next frame; says for how many ms it has been silent now.
    pub fn process(&mut self, frame: &Frame) -> u64 {
        if dbm0_of(&frame.0) >= self.threshold_dbm0 {
            self.loud_frames += 1;
        } else {
            self.loud_frames = 0;
        }
        if self.loud_frames >= Self::LOUD_FRAMES {
            self.silent_ms = 0;
            self.loud_frames = Self::LOUD_FRAMES;
        } else {
            self.silent_ms += FRAME_MS;
        }
        self.silent_ms
    }

    /// For how many ms it has been silent.
    #[must_use]
    pub fn silent_ms(&self) -> u64 {
        self.silent_ms
    }

    /// Begins to count anew.
    pub fn reset(&mut self) {
        self.loud_frames = 0;
        self.silent_ms = 0;
    }
}

impl Default for SilenceTimer {
    fn default() -> Self {
        SilenceTimer::new(Self::USUAL_THRESHOLD_DBM0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::FRAME_SAMPLES;

    fn sine(level_dbm0: f32) -> Frame {
        let peak = amplitude_of_dbm0(level_dbm0);
        let mut frame = Frame::SILENCE;
        for (n, sample) in frame.0.iter_mut().enumerate() {
            *sample = (peak * (n as f32 * std::f32::consts::TAU / 8.0 + 0.3).sin()).round() as i16;
        }
        frame
    }

    #[test]
    fn a_level_reads_as_it_was_made() {
        for level_dbm0 in [3.0, 0.0, -10.0, -20.0, -36.0, -50.0] {
            let read = dbm0_of(&sine(level_dbm0).0);
            assert!((read - level_dbm0).abs() < 0.1, "{level_dbm0} read as {read}");
            assert!((dbm0_of_power(power_of_dbm0(level_dbm0)) - level_dbm0).abs() < 0.01);
        }
    }

    #[test]
    fn digital_silence_is_minus_99() {
        assert_eq!(dbm0_of(&[0; FRAME_SAMPLES]), -99.0);
        assert_eq!(dbm0_of(&[]), -99.0);
        assert_eq!(dbm0_of(&[i16::MIN; 4]).round(), 6.0);
    }

    #[test]
    fn silence_is_counted_through_clicks_and_ended_by_words() {
        let mut timer = SilenceTimer::default();
        for _ in 0..50 {
            timer.process(&Frame::SILENCE);
        }
        assert_eq!(timer.process(&sine(-10.0)), 1020);
        for _ in 0..49 {
            timer.process(&sine(-60.0));
        }
        assert_eq!(timer.silent_ms(), 2000);
        let heard: Vec<u64> = (0..4).map(|_| timer.process(&sine(-20.0))).collect();
        assert_eq!(heard, [2020, 2040, 0, 0]);
        assert_eq!(timer.process(&Frame::SILENCE), 20);
    }
}
