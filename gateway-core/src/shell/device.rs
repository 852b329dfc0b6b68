//! The box: one thread owns the way to it and its driver, and is the only code that does.
//!
//! Everything reaches the thread through one inbox: bytes of the wire (a reader thread pushes them), orders of the brain,
//! and frames to play. It writes by itself, never waiting longer than a few milliseconds. A box that goes away is looked
//! for again with growing pauses; a box that is stuck is closed, so that its own watchdog puts the lines on hook.

pub mod choice;
mod chosen;
mod examine;
pub mod hints;
mod history;
mod link;
mod listen;
mod session;
mod supervisor;
mod trace;
mod voice;
mod wire;

pub use choice::{DeviceChoice, DeviceEntry, DeviceFault, DeviceState, DeviceStatus, list};
pub(crate) use chosen::Chosen;
pub use examine::examine;
pub use history::{Disconnect, WireStatus};
pub use listen::listen;
pub(crate) use supervisor::{BoxOrder, BoxOutbox, Play, Reports, start};
pub use trace::{DeviceTrace, TraceEntry, TraceLine, TraceQuery, as_text};
