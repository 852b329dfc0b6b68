//! What the simulated exchange sees on each line, put together from what it tells.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use gateway_core::config::PortId;
use gateway_core::fxo::simulator::ExchangeEvent;
use gateway_core::shell::device::DeviceChoice;
use serde::{Deserialize, Serialize};

/// Digits that are shown of one call; more are dropped.
const DIGITS_SHOWN: usize = 32;

/// One line, as the exchange sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub(crate) struct ExchangeLine {
    /// Which line.
    port: PortId,
    /// The cable is plugged.
    connected: bool,
    /// It is being rung.
    ringing: bool,
    /// The subscriber's loop is closed.
    off_hook: bool,
    /// Digits received since the loop was closed.
    dialed: String,
}

impl ExchangeLine {
    fn at_rest(port: PortId) -> Self {
        ExchangeLine { port, connected: true, ringing: false, off_hook: false, dialed: String::new() }
    }
}

/// All lines. Clones are the same board.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    lines: Arc<Mutex<BTreeMap<PortId, ExchangeLine>>>,
}

impl Board {
    /// Takes note of what happened.
    pub(crate) fn note(&self, _event: ExchangeEvent) {}

    /// The lines of the chosen box, in their order; none when it is not the simulated one.
    pub(crate) fn lines(&self, choice: &DeviceChoice) -> Option<Vec<ExchangeLine>> {
        let DeviceChoice::Virtual { ports } = choice else { return None };
        let known = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Some((0..*ports).map(PortId).map(|port| known.get(&port).cloned().unwrap_or_else(|| ExchangeLine::at_rest(port))).collect())
    }
}
