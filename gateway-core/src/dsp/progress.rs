//! Call-progress tones: which supervisory tone sounds on the line, and whether a voice does.
//!
//! `ear` tells every 10 ms which of the plan's tones sounds, `cadence` makes bursts and gaps of that and compares them with
//! the plan's patterns, `detector` puts both together; `voice` listens for energy that is no tone.

mod cadence;
mod detector;
mod ear;
mod voice;

pub use detector::ProgressDetector;
pub use voice::VoiceDetector;

use serde::{Deserialize, Serialize};

use super::tone::ToneSpec;

/// A supervisory tone (ITU-T E.180/Q.35).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ProgressTone {
    /// The exchange waits for digits.
    Dial,
    /// The far telephone rings.
    Ringback,
    /// The far line is busy; after a call: the far end has hung up.
    Busy,
    /// No path or number unobtainable (reorder).
    Congestion,
    /// Special information tone, three rising frequencies.
    SpecialInformation,
}

/// The tones of one country, for the detector and for the simulated exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TonePlan {
    /// Dial tone.
    pub dial: ToneSpec,
    /// Ringback tone.
    pub ringback: ToneSpec,
    /// Busy tone.
    pub busy: ToneSpec,
    /// Congestion tone.
    pub congestion: ToneSpec,
}

/// What the detector heard: one supervisory tone, with the evidence that a person can check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct HeardTone {
    /// Which tone.
    pub tone: ProgressTone,
    /// Its measured frequency in Hz (the strongest component).
    pub frequency_hz: f32,
    /// Its measured level in dBm0 while on.
    pub level_dbm0: f32,
    /// How many full cadence cycles were heard; 1 for a continuous tone.
    pub cycles: u32,
}
