//! Samples in both directions, a frame at a time.

use super::ModemDriver;
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::fxo::DeviceOutput;
use crate::fxo::modem::compression::Coding;
use crate::fxo::modem::stream::shield;

/// Frames of silence that the modem gets before the first of ours, so that it does not run dry between two.
const AHEAD: usize = 2;

/// The samples of a call.
#[derive(Debug)]
pub(super) struct Sound {
    coding: Coding,
    heard: Vec<u8>,
}

impl Default for Sound {
    fn default() -> Self {
        Sound { coding: Coding::Ulaw, heard: Vec::with_capacity(FRAME_SAMPLES) }
    }
}

impl Sound {
    pub(super) fn set_coding(&mut self, coding: Option<Coding>) {
        self.coding = coding.unwrap_or(Coding::Ulaw);
    }

    pub(super) fn restart(&mut self) {
        self.heard.clear();
    }

    /// A sample of the line; the frame that it completes.
    pub(super) fn heard(&mut self, code: u8) -> Option<Frame> {
        self.heard.push(code);
        if self.heard.len() < FRAME_SAMPLES {
            return None;
        }
        let mut frame = Frame::SILENCE;
        for (sample, code) in frame.0.iter_mut().zip(self.heard.drain(..)) {
            *sample = self.coding.decode(code);
        }
        Some(frame)
    }

    /// A frame for the line, as it goes on the wire.
    pub(super) fn wire(&self, frame: &Frame) -> Vec<u8> {
        let mut wire = Vec::with_capacity(FRAME_SAMPLES + FRAME_SAMPLES / 8);
        shield(frame.0.iter().map(|sample| self.coding.encode(*sample)), &mut wire);
        wire
    }
}

impl ModemDriver {
    /// Gives the modem something to play until our frames come.
    pub(super) fn prime(&self, out: &mut Vec<DeviceOutput>) {
        let silence = self.sound.wire(&Frame::SILENCE);
        out.push(DeviceOutput::Write(silence.repeat(AHEAD)));
    }
}
