//! What waits to be played on a port: the device takes eight samples each millisecond, and frames come 160 at a time.

use std::collections::VecDeque;

use crate::dsp::Frame;
use crate::dsp::g711::ulaw_encode;
use crate::fxo::u100::stream::GROUPS;

/// So much waits before playing begins: a frame, and what its successor may be late by.
const PRIMED: usize = 240;

/// So much waits at most: 80 ms. Of more, the oldest is dropped.
const MOST: usize = 640;

#[derive(Debug, Default)]
pub(super) struct Playout {
    waiting: VecDeque<u8>,
    playing: bool,
}

impl Playout {
    /// 20 ms to be played; true when older ones had to make room.
    pub(super) fn play(&mut self, frame: &Frame) -> bool {
        self.waiting.extend(frame.0.iter().map(|sample| ulaw_encode(*sample)));
        let excess = self.waiting.len().saturating_sub(MOST);
        self.waiting.drain(..excess);
        excess > 0
    }

    /// Fills the samples of a millisecond, or leaves them silent; false when something was played before and is missing now.
    pub(super) fn take(&mut self, samples: &mut [u8; GROUPS]) -> bool {
        self.playing |= self.waiting.len() >= PRIMED;
        if !self.playing {
            return true;
        }
        if self.waiting.len() < GROUPS {
            self.playing = false;
            return false;
        }
        for (sample, waiting) in samples.iter_mut().zip(self.waiting.drain(..GROUPS)) {
            *sample = waiting;
        }
        true
    }
}
