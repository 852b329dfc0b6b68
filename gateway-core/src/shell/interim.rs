//! Stand-ins for the floors that land later; this file goes away when they do.
use serde::{Deserialize, Serialize};

use crate::config::PortId;

/// Stand-in for `config::check::Problem`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Problem {
    /// Path of the setting.
    pub path: String,
    /// Code.
    pub code: String,
}

/// Stand-in for `config::diff::Change`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Change {
    /// Path of the setting.
    pub path: String,
}

/// Stand-in for `fxo::simulator` acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum LineAct {
    /// Ring the line.
    Ring {
        /// Calling number.
        from: String,
    },
}

/// Stand-in for `fxo::simulator` events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ExchangeEvent {
    /// Which line.
    pub port: PortId,
}
