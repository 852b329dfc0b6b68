//! Caller identification as the line sends it: FSK (Bell 202, V.23) carrying SDMF/MDMF, or DTMF (as in Brazil).
//!
//! `fsk` is the modem, `mdmf` the messages it carries, `dtmf` the digit strings; `receiver` listens for all of them at once;
//! `burst` is what the line really sent, understood or not; `alerting` is the signal that announces a second caller in a call.

mod alerting;
mod burst;
pub mod dtmf;
pub mod fsk;
pub mod mdmf;
mod receiver;
mod sine_fit;

pub use alerting::{ALERTING_HZ, ALERTING_MS, AlertingReceiver};
pub use burst::{BurstContent, BurstFault, BurstReading, CallerIdBurst, Checksum, MessageType};
pub use receiver::CallerIdReceiver;

use serde::{Deserialize, Serialize};

/// How the identification came over the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallerIdSource {
    /// FSK, mark 1200 Hz, space 2200 Hz (Bell 202; Telcordia GR-30).
    Bell202,
    /// FSK, mark 1300 Hz, space 2100 Hz (ITU-T V.23; ETSI EN 300 659).
    V23,
    /// DTMF digits between a start (A or D) and a stop (C or #).
    Dtmf,
    /// Decoded by the box.
    Device,
}

/// Whether the number may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Presentation {
    /// The number may be shown.
    #[default]
    Allowed,
    /// The caller withheld it ("P").
    Private,
    /// The exchange does not know it ("O").
    Unavailable,
}

/// Who is calling, as far as the line told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CallerId {
    /// Digits of the calling number, without the category digit.
    pub number: Option<String>,
    /// The calling name (MDMF parameter 07h).
    pub name: Option<String>,
    /// Whether the number may be shown.
    pub presentation: Presentation,
    /// Brazil's category digit (1 ordinary, 4/7 payphone, 8 collect …), raw, when the line sends one.
    pub category: Option<char>,
    /// How it came.
    pub source: CallerIdSource,
}
