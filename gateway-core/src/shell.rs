//! The real world around the brain: the clock, sockets, threads, serial ports, SQLite and logs.
//!
//! Control plane: one task (`control`) owns the brain, the SIP socket and the timers. Audio plane: one thread a box
//! ([`device`]) and one thread a port (`port`), clocked by the box. They share nothing, they send; every queue has a bound
//! and a rule for when it is full. [`GatewayHandle`] is the only door: the window and the headless program use it alike.
#![allow(clippy::disallowed_methods)]

pub mod clock;

pub mod lines;

pub mod telemetry;

mod private_file;

mod whole_file;

pub mod sockets;

mod tls;

mod inbox;

mod resolve;

pub mod seal;

pub mod keyring;

pub mod store;

pub mod calls_csv;

pub mod line_test_file;

mod keeper;

pub mod profile_file;

pub mod data_folder;

mod bindings;

mod calendar;

mod claim;

pub mod exchange;

pub mod card;

pub mod device;

mod port;

mod streams;

mod control;

mod computer;

mod marks;

pub mod sip_trace;

#[cfg(test)]
mod failing;

pub mod handle;

pub use device::{DeviceChoice, DeviceEntry, DeviceFault, DeviceState, DeviceStatus};
pub use handle::{
    Applied, ApplyError, DeviceError, Ended, GatewayHandle, Review, StartError, StartOptions, StoreFault, TargetPreview, Update,
};
