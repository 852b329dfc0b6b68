//! Voice modems: one telephone line behind AT commands, its sound in the same stream of bytes (ITU-T V.253).
//!
//! A modem idles in data mode, where it tells of ringing and of callers as text. To take the line it is put into voice mode,
//! goes off hook, and from then on bytes are samples, with what happens on the line marked by `<DLE>` between them.

pub mod chip;
pub mod compression;
mod dialogue;
pub mod driver;
pub mod emulator;
mod stream;
pub mod trace;
