//! Learning a tone from a recording of it: which frequencies, which cadence.
//!
//! `looks` tells every 10 ms which frequencies stand out, `bursts` makes bursts of looks that are alike and finds the cadence that
//! repeats, `frequencies` measures what a burst is made of, `proof` lets the new tone listen to what is none.

mod bursts;
mod frequencies;
mod looks;
pub mod proof;

use serde::{Deserialize, Serialize};

use self::bursts::Rhythm;
use super::level::dbm0_of_power;
use super::tone::ToneSpec;

/// A tone that was found in a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LearnedTone {
    /// One or two frequencies in whole Hz, the lower one first.
    pub frequencies_hz: Vec<u32>,
    /// On and off times in ms, alternating, beginning with on; empty: continuous.
    pub cadence_ms: Vec<u32>,
    /// Level of the tone while it sounds, in dBm0.
    pub level_dbm0: f32,
    /// Bursts that it was measured from.
    pub bursts: u32,
    /// The furthest that a burst or rest was from the cadence, in ms.
    pub deviation_ms: u32,
    /// Where in the recording the first of the bursts begins, in ms.
    pub from_ms: u32,
    /// Where the last of them ends, in ms.
    pub until_ms: u32,
}

/// Why no tone was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum LearningFault {
    /// Nothing in it is a tone: there are voices, noise, or silence.
    #[error("there is no tone")]
    NoTone,
    /// There are tones, and none repeats in a cadence or lasts for three seconds.
    #[error("no tone repeats")]
    NotRepeated,
    /// It is ringback or call waiting tone, or too near to one of the country: nobody had hung up.
    #[error("it is ringback or call waiting tone")]
    Alerting,
}

impl LearnedTone {
    /// As a plan of tones has it.
    #[must_use]
    pub fn spec(&self) -> ToneSpec {
        let frequencies_hz = self.frequencies_hz.iter().map(|&hz| hz as f32).collect();
        ToneSpec { frequencies_hz, level_dbm0: self.level_dbm0, cadence_ms: self.cadence_ms.clone() }
    }
}

/// The tone nearest to the end of a recording that repeats in a cadence, or goes on for three seconds: of a call that ended because
/// nobody heard the far end go, that is the tone of an exchange that says so.
///
/// `samples` are 16 bit linear at 8 kHz. Two parts of a tone are told apart from 10 Hz on; one that has less than a sixteenth of the
/// power of the other (−12 dB) is none. Cadences of up to three bursts are found, after three bursts of the first kind and two
/// rounds of the others.
///
/// # Errors
/// See [`LearningFault`].
pub fn learn(samples: &[i16]) -> Result<LearnedTone, LearningFault> {
    let looks = looks::look_at(samples);
    let bursts = bursts::of(&looks);
    if bursts.is_empty() {
        return Err(LearningFault::NoTone);
    }
    let Rhythm { bursts, cadence_ms, deviation_ms } = bursts::last_rhythm(&bursts).ok_or(LearningFault::NotRepeated)?;
    let frequencies_hz = frequencies::of(samples, &bursts);
    let (Some(first), Some(last)) = (bursts.first(), bursts.last()) else { return Err(LearningFault::NotRepeated) };
    let power = bursts.iter().map(|burst| burst.power).sum::<f32>() / bursts.len() as f32;
    Ok(LearnedTone {
        frequencies_hz,
        cadence_ms,
        level_dbm0: dbm0_of_power(power),
        bursts: u32::try_from(bursts.len()).unwrap_or(u32::MAX),
        deviation_ms,
        from_ms: first.start_ms(),
        until_ms: last.end_ms(),
    })
}

#[cfg(test)]
mod tests;
