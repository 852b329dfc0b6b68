//! A toy world around the unmodified brain: toy phones and providers, a lossy network, the simulated exchange; virtual time.
//!
//! A seed is a whole history. [`World`] runs everything on one queue of moments, so that a story told twice is the same
//! story, and [`checks`] watches after every step what must never happen.

pub mod checks;
pub mod ear;
pub mod frames;
pub mod lines;
pub mod network;
pub mod party;
pub mod profile;
pub mod tap;
pub mod telephone;
pub mod trace;
pub mod world;

pub use world::World;
