//! The voice of a box whose ports are channels of a sound card, as arithmetic: no card is opened here.
//!
//! What the card records is the clock: each 20 ms of it are a frame of each port, and each is answered by a frame to play. Where
//! the card plays by another clock, the frames to play are stretched a little, so that as much waits to be played as should.

mod capture;
mod playout;
#[cfg(test)]
mod tests;

pub use capture::Capture;
pub use playout::Playout;

use crate::config::PortId;
use crate::dsp::rate::BadRate;

/// Why a card cannot carry the voice of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Its rate.
    #[error(transparent)]
    Rate(#[from] BadRate),
    /// A port is on a channel that the card does not have.
    #[error("no channel {0}")]
    Channel(u16),
}

/// Which channel is the voice of which port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMap(Vec<(PortId, u16)>);

impl ChannelMap {
    /// As the box says of each port; one that says nothing has its ports in order, from channel 0.
    #[must_use]
    pub fn of_box(mut map: Vec<(PortId, u16)>, ports: u16) -> Self {
        if map.is_empty() {
            map = (0..ports).map(|port| (PortId(port), port)).collect();
        }
        map.retain(|(port, _)| port.0 < ports);
        map.sort_by_key(|(port, _)| port.0);
        map.dedup_by_key(|(port, _)| port.0);
        ChannelMap(map)
    }

    /// How many channels a card needs for it.
    #[must_use]
    pub fn channels(&self) -> u16 {
        self.0.iter().map(|(_, channel)| channel.saturating_add(1)).max().unwrap_or(1)
    }

    /// Each port with its channel.
    pub fn iter(&self) -> impl Iterator<Item = (PortId, u16)> + '_ {
        self.0.iter().copied()
    }
}
