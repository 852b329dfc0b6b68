//! Tones as data (frequencies, level, cadence) and their exact generation.

use serde::{Deserialize, Serialize};

/// A supervisory tone as a country defines it (ITU-T E.180): what an exchange plays and what a detector looks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToneSpec {
    /// One or two frequencies in Hz, sounded together.
    pub frequencies_hz: Vec<f32>,
    /// Level of the whole tone in dBm0.
    pub level_dbm0: f32,
    /// On and off times in ms, alternating, beginning with on; repeated. Empty: continuous.
    pub cadence_ms: Vec<u32>,
}
