//! The modem of caller ID: 1200 bit/s by frequency shift (Bell 202; ITU-T V.23), one byte as start bit, eight bits from the lowest,
//! stop bit.

mod carrier;
mod receiver;
mod transmitter;

pub use receiver::FskReceiver;
pub use transmitter::{FskShape, FskTransmitter};

use serde::{Deserialize, Serialize};

use super::CallerIdSource;

/// The two modems in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum FskStandard {
    /// Mark 1200 Hz, space 2200 Hz (Telcordia GR-30).
    Bell202,
    /// Mark 1300 Hz, space 2100 Hz (ITU-T V.23; ETSI EN 300 659-1).
    V23,
}

impl FskStandard {
    /// The frequency of a 1 in Hz.
    #[must_use]
    pub fn mark_hz(self) -> f32 {
        match self {
            FskStandard::Bell202 => 1200.0,
            FskStandard::V23 => 1300.0,
        }
    }

    /// The frequency of a 0 in Hz.
    #[must_use]
    pub fn space_hz(self) -> f32 {
        match self {
            FskStandard::Bell202 => 2200.0,
            FskStandard::V23 => 2100.0,
        }
    }

    /// As caller ID names it.
    #[must_use]
    pub fn source(self) -> CallerIdSource {
        match self {
            FskStandard::Bell202 => CallerIdSource::Bell202,
            FskStandard::V23 => CallerIdSource::V23,
        }
    }
}
