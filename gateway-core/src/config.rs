//! Settings: what a person may change, what is allowed, what a change touches, and profiles.

pub mod bind_address;
pub mod caller_number;
pub mod check;
pub mod compare;
pub mod country;
pub mod dialling;
pub mod diff;
pub mod fields;
pub mod fingerprint;
pub mod host;
pub mod hosts;
pub mod hours;
pub mod learned_tone;
pub mod lint;
pub mod problem;
pub mod profile;
pub mod settings;
pub mod table;
pub mod target;
pub mod transport;

use std::fmt;

use serde::{Deserialize, Serialize};

/// One FXO port of the gateway, counted from 0. People see it counted from 1 ("Port 1"), as [`fmt::Display`] prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(transparent)]
pub struct PortId(pub u16);

impl PortId {
    /// The position in a list of ports.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for PortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", u32::from(self.0) + 1)
    }
}
