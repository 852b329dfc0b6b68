//! The brain: where SIP, lines and media meet. Events go in, actions come out; nothing here reads a clock or opens anything.

pub mod io;
pub mod notice;
pub mod record;
pub mod view;
