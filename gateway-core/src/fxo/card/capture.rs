//! What a card recorded, as frames of ports.

use super::{CardError, ChannelMap};
use crate::config::PortId;
use crate::dsp::Frame;
use crate::dsp::rate::ToLine;

/// Takes the samples of all channels and gives 20 ms of each port at a time.
#[derive(Debug)]
pub struct Capture {
    channels: usize,
    voices: Vec<Voice>,
    /// The beginning of a sample of all channels whose rest is still to come.
    torn: Vec<f32>,
}

#[derive(Debug)]
struct Voice {
    port: PortId,
    channel: usize,
    to_line: ToLine,
}

impl Capture {
    /// For a card that records so many channels, `rate_hz` samples of each a second.
    ///
    /// # Errors
    /// [`CardError`] when the card does not fit the map, or no line.
    pub fn new(rate_hz: u32, channels: u16, map: &ChannelMap) -> Result<Self, CardError> {
        if map.channels() > channels {
            return Err(CardError::Channel(map.channels().saturating_sub(1)));
        }
        let voice = |(port, channel): (PortId, u16)| Ok(Voice { port, channel: channel.into(), to_line: ToLine::new(rate_hz)? });
        let voices = map.iter().map(voice).collect::<Result<_, CardError>>()?;
        Ok(Capture { channels: channels.into(), voices, torn: Vec::new() })
    }

    /// Interleaved samples, full scale being 1. The ports come together, in their order.
    pub fn push(&mut self, interleaved: &[f32], mut heard: impl FnMut(PortId, Frame)) {
        let mut rest = interleaved;
        if !self.torn.is_empty() {
            let missing = (self.channels - self.torn.len()).min(rest.len());
            self.torn.extend(&rest[..missing]);
            rest = &rest[missing..];
            if self.torn.len() < self.channels {
                return;
            }
            let whole = std::mem::take(&mut self.torn);
            self.take(&whole);
        }
        let whole = rest.len() - rest.len() % self.channels;
        self.take(&rest[..whole]);
        self.torn.extend(&rest[whole..]);
        loop {
            let mut any = false;
            for voice in &mut self.voices {
                if let Some(frame) = voice.to_line.frame() {
                    any = true;
                    heard(voice.port, frame);
                }
            }
            if !any {
                return;
            }
        }
    }

    fn take(&mut self, interleaved: &[f32]) {
        for voice in &mut self.voices {
            voice.to_line.push(interleaved.iter().skip(voice.channel).step_by(self.channels).copied());
        }
    }
}
