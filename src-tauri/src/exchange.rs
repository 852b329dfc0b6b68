//! What the simulated exchange sees on each line, put together from what it tells.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use gateway_core::config::PortId;
use gateway_core::fxo::simulator::act::{ExchangeEvent, PortEvent};
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
    /// Two people talk, and a second caller would wait.
    lets_wait: bool,
    /// Digits received since the loop was closed, or since the far end was put aside by a hook flash.
    dialed: String,
}

impl ExchangeLine {
    fn at_rest(port: PortId) -> Self {
        ExchangeLine { port, connected: true, ringing: false, off_hook: false, lets_wait: false, dialed: String::new() }
    }

    fn note(&mut self, event: ExchangeEvent) {
        match event {
            ExchangeEvent::Hook { off_hook } => {
                if off_hook && !self.off_hook {
                    self.dialed.clear();
                }
                self.off_hook = off_hook;
                self.lets_wait &= off_hook;
            }
            ExchangeEvent::Digit { digit } => {
                if self.dialed.len() < DIGITS_SHOWN {
                    self.dialed.push(digit);
                }
            }
            ExchangeEvent::Ringing => {
                self.ringing = true;
                self.dialed.clear();
            }
            ExchangeEvent::RingingStopped | ExchangeEvent::Connected => {
                self.ringing = false;
                self.lets_wait = self.off_hook;
            }
            ExchangeEvent::Answered | ExchangeEvent::Retrieved => self.lets_wait = true,
            ExchangeEvent::CallWaiting | ExchangeEvent::FarEndHungUp => self.lets_wait = false,
            ExchangeEvent::Battery { present } => {
                let dialed = std::mem::take(&mut self.dialed);
                *self = ExchangeLine { connected: present, dialed, ..ExchangeLine::at_rest(self.port) };
            }
            ExchangeEvent::Released => self.off_hook = false,
            ExchangeEvent::Held => {
                self.dialed.clear();
                self.lets_wait = false;
            }
            ExchangeEvent::Dialed { .. }
            | ExchangeEvent::Alerting
            | ExchangeEvent::CalledBusy
            | ExchangeEvent::NoRoute
            | ExchangeEvent::CallerRefused
            | ExchangeEvent::Flash
            | ExchangeEvent::Transferred
            | ExchangeEvent::Extension { .. } => {}
        }
    }
}

/// All lines. Clones are the same board.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    lines: Arc<Mutex<BTreeMap<PortId, ExchangeLine>>>,
}

impl Board {
    /// Takes note of what happened.
    pub(crate) fn note(&self, told: PortEvent) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(told.port).or_insert_with(|| ExchangeLine::at_rest(told.port)).note(told.event);
    }

    /// The lines of the chosen box, in their order; none when it is not the simulated one.
    pub(crate) fn lines(&self, choice: &DeviceChoice) -> Option<Vec<ExchangeLine>> {
        let DeviceChoice::Virtual { ports } = choice else { return None };
        let known = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Some((0..*ports).map(PortId).map(|port| known.get(&port).cloned().unwrap_or_else(|| ExchangeLine::at_rest(port))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(events: &[ExchangeEvent]) -> ExchangeLine {
        let board = Board::default();
        for event in events {
            board.note(PortEvent { port: PortId(1), event: event.clone() });
        }
        let mut lines = board.lines(&DeviceChoice::Virtual { ports: 2 }).unwrap();
        assert_eq!(lines[0], ExchangeLine::at_rest(PortId(0)));
        lines.remove(1)
    }

    #[test]
    fn a_ringing_line_that_is_answered_is_off_hook_and_rings_no_more() {
        let line = seen(&[ExchangeEvent::Ringing, ExchangeEvent::Hook { off_hook: true }, ExchangeEvent::Connected]);
        assert!(line.off_hook && !line.ringing);
    }

    #[test]
    fn a_second_caller_waits_while_two_people_talk_and_a_third_does_not() {
        let talks = [ExchangeEvent::Ringing, ExchangeEvent::Hook { off_hook: true }, ExchangeEvent::Connected];
        let after = |events: &[ExchangeEvent]| seen(&[&talks, events].concat()).lets_wait;
        assert!(after(&[]) && !after(&[ExchangeEvent::CallWaiting]));
        assert!(after(&[ExchangeEvent::CallWaiting, ExchangeEvent::RingingStopped]), "he gave up");
        assert!(!after(&[ExchangeEvent::CallWaiting, ExchangeEvent::Connected, ExchangeEvent::Held]), "he was taken");
        assert!(!after(&[ExchangeEvent::FarEndHungUp]) && !after(&[ExchangeEvent::Hook { off_hook: false }]));
    }

    #[test]
    fn digits_are_those_of_the_last_seizure() {
        let seize = ExchangeEvent::Hook { off_hook: true };
        let digit = |digit| ExchangeEvent::Digit { digit };
        let line = seen(&[seize.clone(), digit('9'), ExchangeEvent::Released, seize, digit('1'), digit('#')]);
        assert_eq!(line.dialed, "1#");
    }

    #[test]
    fn endless_digits_do_not_grow_the_board() {
        let line = seen(&vec![ExchangeEvent::Digit { digit: '5' }; 1000]);
        assert_eq!(line.dialed.len(), DIGITS_SHOWN);
    }

    #[test]
    fn a_pulled_cable_ends_everything_on_the_line() {
        let line = seen(&[ExchangeEvent::Ringing, ExchangeEvent::Battery { present: false }]);
        assert_eq!(line, ExchangeLine { connected: false, ..ExchangeLine::at_rest(PortId(1)) });
    }

    #[test]
    fn a_real_box_has_no_lines_here() {
        assert_eq!(Board::default().lines(&DeviceChoice::None), None);
    }
}
