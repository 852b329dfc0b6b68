//! Call-progress tones: which supervisory tone sounds on the line, and whether a voice does.
//!
//! `ear` tells every 10 ms which of the plan's tones sounds, `burst` how much it sounds like a machine, `cadence` makes bursts and gaps
//! of that and compares them with the plan's patterns, `detector` puts them together; `data_tone` listens for faxes and modems, `voice`
//! for energy that is no tone.

mod burst;
mod cadence;
mod data_tone;
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
    /// Somebody else calls the line that is in use.
    CallWaiting,
    /// A fax that calls: CNG (ITU-T T.30).
    FaxCalling,
    /// A fax, or a modem of before V.25, that answers: CED (ITU-T T.30).
    FaxAnswering,
    /// A modem, or a fax of V.34, that answers (ITU-T V.25, V.8; Bell 103).
    ModemAnswering,
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
    /// Further tones, and further forms of the four: call waiting, what other operators play, what was learned on the line.
    #[serde(default)]
    pub further: Vec<FurtherTone>,
}

/// A tone of a plan beside its four.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FurtherTone {
    /// What it means.
    pub tone: ProgressTone,
    /// How it sounds.
    pub spec: ToneSpec,
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
    /// How sure it is that an exchange plays this and nothing else sounds so, from 0 to 1: a call may be ended at 1.
    #[serde(default)]
    pub confidence: f32,
}

/// One burst or gap of a cadence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CadencePart {
    /// A burst of the tone; else a gap.
    pub is_burst: bool,
    /// How long it lasted, or has lasted so far, in ms.
    pub duration_ms: u32,
}

/// What the detector believes at a moment, long before it tells a tone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ToneBelief {
    /// The last bursts and gaps of one tone of the plan, oldest first, eight at most; the last one goes on. Empty: there is none.
    pub heard: Vec<CadencePart>,
    /// The tone that explains them best; `None`: none does, or several do as well.
    pub leading: Option<LeadingTone>,
}

/// The tone that explains best what was heard so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LeadingTone {
    /// Which tone.
    pub tone: ProgressTone,
    /// As [`HeardTone::confidence`].
    pub confidence: f32,
    /// How many full cadence cycles were heard; 0 until the first one is believed.
    pub cycles: u32,
    /// Its bursts and gaps by the plan in ms, alternating, beginning with a burst; empty for a continuous tone.
    pub expected_ms: Vec<u32>,
    /// Which of these the last part of [`ToneBelief::heard`] is.
    pub place: usize,
}
