//! The simulated exchange: lines with battery, ringing, caller ID, tones, digit collection and scripted far ends.
//!
//! [`exchange`] is the exchange with its lines, [`virtual_box`] puts a box in front of it, [`act`] are the words in which a
//! person or a test plays it, [`script`] tells what its numbers do.

pub mod act;
pub mod exchange;
pub mod script;
#[cfg(test)]
pub(in crate::fxo) mod story;
pub mod virtual_box;
pub mod virtual_modem;
pub mod virtual_u100;
