//! FXLP/1, the framed protocol of our own box: COBS and CRC over any byte stream, audio in band.
//!
//! [`frame`] cuts the stream into packets, [`message`] gives them meaning, [`driver`] is our side and [`firmware`] is the
//! side of the box, as the simulated box runs it. [`examination`] finds out whether a box keeps the protocol, as
//! `docs/BOX-PROTOCOL.md` tells it to those who build one.
//!
//! What one packet carries, all integers little endian:
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 1 | class, low four bits: 0 request, 1 response, 2 event, 3 audio, 4 log; major version in the high four bits |
//! | 1 | 1 | port from 0; `FF` the whole box |
//! | 2 | 1 | sequence: a response repeats that of its request; events and audio count per class and port |
//! | 3 | 1 | operation |
//! | 4 | n | payload |
//! | 4+n | 2 | CRC-16/X-25 of everything before |

pub mod driver;
pub mod examination;
pub mod firmware;
pub mod frame;
mod gathering;
pub mod message;
pub mod trace;
