//! What packets mean: requests, responses, events and audio, as types.
//!
//! Decoding ignores bytes after what it knows, so that a newer box may append fields.

mod audio;
mod bytes;
mod event;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use audio::{AudioFormat, AudioFormats, Period, SoundPacket};
pub use event::{BoxEvent, HookCause, OverloadKind};
pub use request::{DaaSetting, HookPosition, Request, ToneStep};
pub use response::{Capabilities, Hello, LineStatus, Response, ResponseBody, Status, UacChannel};

/// Why a payload does not fit its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The operation is not known here.
    #[error("unknown operation {0:#04x}")]
    UnknownOperation(u8),
    /// The payload ends too early.
    #[error("payload too short")]
    Short,
    /// A field has a value that means nothing.
    #[error("impossible value")]
    Value,
}
