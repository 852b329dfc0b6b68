//! The real world around the brain: the clock, sockets, threads, serial ports, SQLite and logs.
#![allow(clippy::disallowed_methods)]

pub mod store;
