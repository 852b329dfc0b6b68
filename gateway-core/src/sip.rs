//! SIP (RFC 3261): a tolerant wire reader, messages, digest, transactions, dialogs, sessions and registrations.
//!
//! This floor knows no SDP, line or call: bodies are bytes. The rest of the house sees [`message`], [`digest`],
//! [`registrar`] and [`agent`]; bytes come in and go out through [`wire`].

pub mod agent;
mod dialog;
pub mod digest;
pub mod header;
pub mod hop;
mod io;
pub mod locate;
pub mod masking;
pub mod message;
pub mod options;
pub mod registrar;
mod registration;
mod session;
mod session_timer;
pub mod stream;
pub mod stun;
mod transaction;
pub mod uri;
pub mod wire;
