//! Echo return loss: a known signal, and how much weaker it comes back from the line.

use std::f32::consts::TAU;

use super::SAMPLE_RATE_HZ;
use super::goertzel::Goertzel;
use super::level::{amplitude_of_dbm0, dbm0_of_power};

/// Frequencies of the signal in Hz: 300 to 3400 Hz in equal steps on a logarithmic scale, each a multiple of [`STEP_HZ`]. None is
/// one of DTMF (ITU-T Q.23) or near 2100 Hz, which switches echo cancellers off (ITU-T G.168 §7).
const TONES_HZ: [f32; 12] = [300.0, 370.0, 470.0, 580.0, 730.0, 900.0, 1130.0, 1400.0, 1750.0, 2180.0, 2730.0, 3400.0];

/// What all frequencies are multiples of.
const STEP_HZ: u32 = 10;

/// Samples after which the signal repeats itself.
const PERIOD: usize = (SAMPLE_RATE_HZ / STEP_HZ) as usize;

/// Periods that are laid over one another: what is not part of the signal loses 10 dB by that.
const PERIODS: u32 = 10;

/// Level of the whole signal in dBm0: that of a person who speaks.
const LEVEL_DBM0: f32 = -13.0;

/// No line returns so little; what is less is not told apart.
pub const MOST_LOSS_DB: f32 = 60.0;

/// The known signal: twelve sines across the telephone band, without end.
#[derive(Clone, Debug)]
pub struct EchoSignal {
    period: Box<[i16; PERIOD]>,
    at: usize,
}

impl EchoSignal {
    /// The signal from its beginning; this takes all the memory that it needs.
    #[must_use]
    pub fn new() -> Self {
        let peak = amplitude_of_dbm0(tone_dbm0());
        let mut period = Box::new([0; PERIOD]);
        for (n, sample) in period.iter_mut().enumerate() {
            let sum: f32 = (0u8..).zip(TONES_HZ).map(|(k, hz)| peak * phase(f32::from(k), hz, n).sin()).sum();
            *sample = sum.round() as i16;
        }
        EchoSignal { period, at: 0 }
    }

    /// Overwrites `out` with the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            *sample = self.period[self.at];
            self.at = (self.at + 1) % PERIOD;
        }
    }
}

impl Default for EchoSignal {
    fn default() -> Self {
        EchoSignal::new()
    }
}

/// Phases that grow with the square of the number keep the peaks of many sines apart (after M. R. Schroeder, 1970).
fn phase(k: f32, hz: f32, n: usize) -> f32 {
    let turns = f64::from(hz) * n as f64 / f64::from(SAMPLE_RATE_HZ);
    TAU * turns.fract() as f32 + k * k
}

fn tone_dbm0() -> f32 {
    LEVEL_DBM0 - 10.0 * (TONES_HZ.len() as f32).log10()
}

/// Listens to what comes back while an [`EchoSignal`] is played.
///
/// The delay of the echo does not matter, because the signal repeats itself; it must only have come back before the first sample.
#[derive(Clone, Debug)]
pub struct EchoLoss {
    sums: Box<[f32; PERIOD]>,
    at: usize,
    periods: u32,
}

impl EchoLoss {
    /// One that has heard nothing yet; this takes all the memory that it needs.
    #[must_use]
    pub fn new() -> Self {
        EchoLoss { sums: Box::new([0.0; PERIOD]), at: 0, periods: 0 }
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        self.sums.fill(0.0);
        (self.at, self.periods) = (0, 0);
    }

    /// Takes the next samples from the line; after one second, the loss in dB, once.
    ///
    /// It is weighted as ITU-T G.122 §4.2 weights echo: the mean of the returned powers over a logarithmic scale of frequency.
    /// Noise of the line is part of what returns, though a small one: a loss is never told too high.
    pub fn hear(&mut self, samples: &[i16]) -> Option<f32> {
        for &sample in samples {
            if self.periods == PERIODS {
                return None;
            }
            self.sums[self.at] += f32::from(sample);
            self.at = (self.at + 1) % PERIOD;
            if self.at == 0 {
                self.periods += 1;
                if self.periods == PERIODS {
                    return Some(self.loss_db());
                }
            }
        }
        None
    }

    fn loss_db(&self) -> f32 {
        let length = PERIOD as f32 * PERIODS as f32;
        let returned = |hz| 2.0 * Goertzel::new(hz).of(&self.sums[..]).power() / (length * length);
        let mean = TONES_HZ.iter().map(|&hz| returned(hz)).sum::<f32>() / TONES_HZ.len() as f32;
        (tone_dbm0() - dbm0_of_power(mean)).min(MOST_LOSS_DB)
    }
}

impl Default for EchoLoss {
    fn default() -> Self {
        EchoLoss::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::babble::WhiteNoise;
    use crate::dsp::dtmf::DtmfReceiver;
    use crate::dsp::level::dbm0_of;
    use crate::dsp::{FRAME_SAMPLES, Frame};
    use crate::rng::Rng;

    /// What comes back through `line`, in frames, after the first 200 ms.
    fn measured(mut line: impl FnMut(&mut [i16; FRAME_SAMPLES])) -> f32 {
        let (mut signal, mut loss) = (EchoSignal::new(), EchoLoss::new());
        for frame in 0..100 {
            let mut samples = [0; FRAME_SAMPLES];
            signal.fill(&mut samples);
            line(&mut samples);
            if let Some(loss_db) = Some(frame).filter(|frame| *frame >= 10).and_then(|_| loss.hear(&samples)) {
                assert_eq!(frame, 59, "one second");
                return loss_db;
            }
        }
        panic!("nothing was measured");
    }

    fn softer(samples: &mut [i16], loss_db: f32) {
        let gain = 10f32.powf(-loss_db / 20.0);
        samples.iter_mut().for_each(|sample| *sample = (f32::from(*sample) * gain).round() as i16);
    }

    #[test]
    fn a_flat_loss_reads_as_it_is_whatever_its_delay() {
        for loss_db in [0.0, 3.0, 6.0, 12.0, 18.0, 30.0] {
            let mut late = [0; 37];
            let read = measured(|samples| {
                softer(samples, loss_db);
                samples.rotate_right(37);
                samples[..37].swap_with_slice(&mut late);
            });
            assert!((read - loss_db).abs() < 0.3, "{loss_db} dB read as {read}");
        }
    }

    #[test]
    fn noise_hides_little_and_never_raises_the_loss() {
        let mut noise = WhiteNoise::new(Rng::from_seed(1), -40.0);
        let read = measured(|samples| {
            softer(samples, 18.0);
            noise.mix_into(samples);
        });
        assert!((16.5..=18.2).contains(&read), "{read}");
        let mut noise = WhiteNoise::new(Rng::from_seed(2), -40.0);
        let deaf = measured(|samples| {
            samples.fill(0);
            noise.mix_into(samples);
        });
        assert!(deaf > 30.0, "noise alone is no echo: {deaf}");
        assert_eq!(measured(|samples| samples.fill(0)), MOST_LOSS_DB);
    }

    #[test]
    fn the_worst_frequencies_weigh_most() {
        // Everything above 1 kHz returns whole, nothing below: half of the scale of frequency, 3 dB.
        let mut filter = crate::dsp::filter::Biquad::high_pass(1000.0, 0.9);
        let read = measured(|samples| {
            for sample in samples.iter_mut() {
                *sample = filter.next(f32::from(*sample)).round() as i16;
            }
        });
        assert!((1.5..5.0).contains(&read), "{read}");
    }

    #[test]
    fn the_signal_has_its_level_stays_flat_and_dials_nothing() {
        let mut samples = [0; PERIOD];
        EchoSignal::new().fill(&mut samples);
        assert!((dbm0_of(&samples) - LEVEL_DBM0).abs() < 0.1);
        let peak = samples.iter().map(|sample| i32::from(*sample).abs()).max().unwrap() as f32;
        assert!(peak < 3.0 * amplitude_of_dbm0(LEVEL_DBM0) / 2f32.sqrt(), "{peak}");
        let (mut signal, mut receiver, mut heard) = (EchoSignal::new(), DtmfReceiver::new(), Vec::new());
        for _ in 0..200 {
            let mut frame = Frame::SILENCE;
            signal.fill(&mut frame.0);
            receiver.process(&frame, &mut heard);
        }
        assert_eq!(heard, []);
    }
}
