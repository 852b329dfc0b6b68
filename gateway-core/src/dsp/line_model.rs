//! What a telephone line does to audio, step by step and from a seed: what receivers are measured through.
//!
//! The order is that of a connection: loss and slope of the loop, the shift of a carrier system, interruptions; then what is
//! added near the receiver (hum, noise, clicks), and at last its converter (clipping, companding). A level is therefore that at
//! the receiver, except that of what goes in.

mod shift;

use std::f64::consts::TAU;

use super::level::{amplitude_of_dbm0, power_of_dbm0};
use super::{SAMPLE_RATE_HZ, g711};
use crate::rng::Rng;
use shift::Shift;

/// What is wrong with a line. All is right by default, and audio then passes unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impairments {
    /// Loss at 1020 Hz in dB, the frequency at which losses are stated (ITU-T G.121).
    pub loss_db: f32,
    /// By how many dB more 1633 Hz loses than 697 Hz (attenuation distortion, ITU-T G.132; the twist of DTMF, Q.24). Negative: less.
    /// Within ±12.
    pub slope_db: f32,
    /// By how many Hz everything is shifted (carrier systems without synchronisation; ITU-T G.225 allows 2 Hz).
    pub offset_hz: f32,
    /// Interruptions of the signal.
    pub dropouts: Option<Dropouts>,
    /// Hum of the mains.
    pub hum: Option<Hum>,
    /// Level of white noise in dBm0, in the whole band of 0–4 kHz.
    pub noise_dbm0: Option<f32>,
    /// Impulses.
    pub clicks: Option<Clicks>,
    /// Peaks are cut off at those of a sine with this level in dBm0 (an overdriven converter).
    pub clip_dbm0: Option<f32>,
    /// The round trip through a digital exchange (ITU-T G.711).
    pub companding: Option<Companding>,
}

/// Short interruptions, in which nothing of the signal comes through (what ITU-T O.62 counts).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropouts {
    /// How long each is, in ms.
    pub length_ms: f32,
    /// From the beginning of one to that of the next, in ms: the mean; half of it and once and a half are the bounds.
    pub every_ms: f32,
}

/// Longitudinal interference of power lines that became transverse (ITU-T K.68): the fundamental and mostly odd harmonics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hum {
    /// 50 or 60 Hz.
    pub mains_hz: f32,
    /// Level of all of it together in dBm0.
    pub level_dbm0: f32,
}

/// Impulsive noise (what ITU-T O.71 counts): each a jump that decays within some ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clicks {
    /// The peak of each is that of a sine with this level in dBm0.
    pub peak_dbm0: f32,
    /// From one to the next, in ms: the mean; half of it and once and a half are the bounds.
    pub every_ms: f32,
}

/// The two laws of ITU-T G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Companding {
    /// A-law.
    ALaw,
    /// µ-law.
    MuLaw,
}

/// A line with its [`Impairments`]: audio goes in and comes out of it in pieces of any length.
#[derive(Clone, Debug)]
pub struct LineModel {
    impairments: Impairments,
    gain: f32,
    slope: [Tilt; 2],
    shift: Option<Shift>,
    dropouts: Option<Gate>,
    hum: Option<Mains>,
    noise: Option<(Rng, f32)>,
    clicks: Option<Impulses>,
    clip: f32,
}

impl LineModel {
    /// A line on which nothing was heard yet; noise, clicks and dropouts follow from `rng`.
    #[must_use]
    pub fn new(impairments: Impairments, mut rng: Rng) -> Self {
        // Each part has its own dice, so that noise stays the same noise when dropouts are added.
        let (noise_rng, click_rng, dropout_rng) = (rng.fork(), rng.fork(), rng.fork());
        LineModel {
            impairments,
            gain: 10f32.powf(-impairments.loss_db / 20.0),
            slope: [Tilt::new(impairments.slope_db / 2.0); 2],
            shift: (impairments.offset_hz != 0.0).then(|| Shift::new(impairments.offset_hz)),
            dropouts: impairments.dropouts.map(|dropouts| Gate::new(dropouts, dropout_rng)),
            hum: impairments.hum.map(Mains::new),
            noise: impairments.noise_dbm0.map(|level_dbm0| (noise_rng, power_of_dbm0(level_dbm0).sqrt())),
            clicks: impairments.clicks.map(|clicks| Impulses::new(clicks, click_rng)),
            clip: impairments.clip_dbm0.map_or(f32::MAX, amplitude_of_dbm0),
        }
    }

    /// Lets `samples` pass through the line, in place.
    pub fn process(&mut self, samples: &mut [i16]) {
        for sample in samples {
            *sample = self.next(f32::from(*sample));
        }
    }

    /// How late the line gives out what goes in, in samples: 0 without a shift of frequency.
    #[must_use]
    pub fn delay(&self) -> usize {
        if self.shift.is_some() { Shift::DELAY } else { 0 }
    }

    fn next(&mut self, sample: f32) -> i16 {
        let mut sample = sample * self.gain;
        if self.impairments.slope_db != 0.0 {
            for stage in &mut self.slope {
                sample = stage.next(sample);
            }
        }
        if let Some(shift) = &mut self.shift {
            sample = shift.next(sample);
        }
        if self.dropouts.as_mut().is_some_and(Gate::is_closed) {
            sample = 0.0;
        }
        sample += self.hum.as_mut().map_or(0.0, Mains::next);
        sample += self.noise.as_mut().map_or(0.0, |(rng, deviation)| gauss(rng) * *deviation);
        sample += self.clicks.as_mut().map_or(0.0, Impulses::next);
        let sample = sample.clamp(-self.clip, self.clip).round() as i16;
        match self.impairments.companding {
            None => sample,
            Some(Companding::ALaw) => g711::alaw_decode(g711::alaw_encode(sample)),
            Some(Companding::MuLaw) => g711::ulaw_decode(g711::ulaw_encode(sample)),
        }
    }
}

/// A number with the variance 1: the sum of twelve dice, which differs from Gauss beyond four deviations only.
fn gauss(rng: &mut Rng) -> f32 {
    let mut sum = 0_i32;
    for _ in 0..3 {
        let word = rng.next_u64();
        for die in 0..4 {
            sum += i32::from((word >> (16 * die)) as u16) - 32_768;
        }
    }
    // The variance of one die is 65536² / 12.
    sum as f32 / 65_536.0
}

/// The number of samples from one thing to the next: between half of `every_ms` and once and a half.
fn samples_until_next(every_ms: f32, rng: &mut Rng) -> u32 {
    let mean = (every_ms * SAMPLE_RATE_HZ as f32 / 1000.0).max(1.0) as u64;
    u32::try_from((mean / 2 + rng.below(mean + 1)).max(1)).unwrap_or(u32::MAX)
}

/// A filter of first order that loses more (one pole) or less (one zero) with rising frequency; 1020 Hz passes unchanged.
#[derive(Clone, Copy, Debug)]
struct Tilt {
    coefficient: f32,
    gain: f32,
    falls: bool,
    last: f32,
}

impl Tilt {
    fn new(slope_db: f32) -> Self {
        let slope_db = slope_db.clamp(-6.0, 6.0);
        let response = |coefficient: f32, frequency_hz: f32| {
            let cosine = (TAU as f32 * frequency_hz / SAMPLE_RATE_HZ as f32).cos();
            (1.0 + coefficient * coefficient - 2.0 * coefficient * cosine).sqrt()
        };
        let slope_of = |coefficient: f32| 20.0 * (response(coefficient, 1633.0) / response(coefficient, 697.0)).log10();
        let (mut low, mut high) = (0.0_f32, 1.0_f32);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            if slope_of(middle) < slope_db.abs() { low = middle } else { high = middle }
        }
        let at_reference = response(low, 1020.0);
        let falls = slope_db >= 0.0;
        Tilt { coefficient: low, gain: if falls { at_reference } else { 1.0 / at_reference }, falls, last: 0.0 }
    }

    fn next(&mut self, sample: f32) -> f32 {
        if self.falls {
            self.last = sample + self.coefficient * self.last;
            return self.last * self.gain;
        }
        let out = sample - self.coefficient * self.last;
        self.last = sample;
        out * self.gain
    }
}

/// Dropouts one after the other.
#[derive(Clone, Debug)]
struct Gate {
    dropouts: Dropouts,
    rng: Rng,
    until_next: u32,
    left: u32,
}

impl Gate {
    fn new(dropouts: Dropouts, mut rng: Rng) -> Self {
        let until_next = samples_until_next(dropouts.every_ms, &mut rng);
        Gate { dropouts, rng, until_next, left: 0 }
    }

    fn is_closed(&mut self) -> bool {
        if self.until_next == 0 {
            self.until_next = samples_until_next(self.dropouts.every_ms, &mut self.rng);
            self.left = (self.dropouts.length_ms * SAMPLE_RATE_HZ as f32 / 1000.0) as u32;
        }
        self.until_next -= 1;
        let is_closed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_closed
    }
}

/// Harmonics of the mains and their levels beside the fundamental, in dB.
const HARMONICS: [(f64, f32); 6] = [(1.0, 0.0), (2.0, -14.0), (3.0, -6.0), (5.0, -10.0), (7.0, -14.0), (9.0, -18.0)];

#[derive(Clone, Copy, Debug)]
struct Mains {
    /// Of the fundamental, in turns.
    phase: f64,
    step: f64,
    peaks: [f32; HARMONICS.len()],
}

impl Mains {
    fn new(hum: Hum) -> Self {
        let sum: f32 = HARMONICS.iter().map(|(_, db)| 10f32.powf(db / 10.0)).sum();
        let peaks = HARMONICS.map(|(_, db)| amplitude_of_dbm0(hum.level_dbm0 + db - 10.0 * sum.log10()));
        Mains { phase: 0.0, step: f64::from(hum.mains_hz) / f64::from(SAMPLE_RATE_HZ), peaks }
    }

    fn next(&mut self) -> f32 {
        self.phase = (self.phase + self.step).fract();
        HARMONICS.iter().zip(self.peaks).map(|((order, _), peak)| peak * (TAU * order * self.phase).sin() as f32).sum()
    }
}

/// What a click keeps from one sample to the next: it decays to a tenth within 2.3 ms.
const CLICK_DECAY: f32 = 0.8825;

#[derive(Clone, Debug)]
struct Impulses {
    clicks: Clicks,
    rng: Rng,
    until_next: u32,
    level: f32,
}

impl Impulses {
    fn new(clicks: Clicks, mut rng: Rng) -> Self {
        let until_next = samples_until_next(clicks.every_ms, &mut rng);
        Impulses { clicks, rng, until_next, level: 0.0 }
    }

    fn next(&mut self) -> f32 {
        self.level *= CLICK_DECAY;
        if self.until_next == 0 {
            self.until_next = samples_until_next(self.clicks.every_ms, &mut self.rng);
            let sign = if self.rng.chance(500) { 1.0 } else { -1.0 };
            self.level = sign * amplitude_of_dbm0(self.clicks.peak_dbm0);
        }
        self.until_next -= 1;
        self.level
    }
}

#[cfg(test)]
mod tests;
