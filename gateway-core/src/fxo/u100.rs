//! Sangoma U100: two lines behind one serial stream, in which samples of both and a trickle of control bytes share every byte.
//!
//! The stream never stands still: four bytes each 125 µs, in both directions. The device has the clock, so that the driver
//! answers each millisecond that it receives with one of its own. All that concerns a line is in the registers of its line
//! interface (Silicon Labs Si3050), which are read and written by messages in the control bytes.

pub mod driver;
pub mod emulator;
mod registers;
mod stream;
pub mod trace;
