//! Sangoma U100: two lines behind one serial stream, in which samples of both and a trickle of control bytes share every byte.

pub mod emulator;
