//! Two channels back to back over a network in memory, and one channel by itself.

mod alone;
mod digits;
mod ear;
mod sealed;
mod sound;
mod waiting;
mod world;
