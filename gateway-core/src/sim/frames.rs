//! The audio plane in full: real channels on the exchange's real sound, 20 ms at a time.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::PortId;
use crate::config::country;
use crate::config::settings::PortSettings;
use crate::fxo::simulator::exchange::{Exchange, ExchangeOutput};
use crate::gateway::plan;
use crate::media::{CallSound, Channel, MediaCommand, MediaEvent, MediaOutput};
use crate::time::Moment;

/// The length of a frame.
const FRAME: Duration = Duration::from_millis(20);

/// Every channel of the box.
#[derive(Debug)]
pub struct Frames {
    channels: Vec<Channel>,
    next: Moment,
    rtp: Vec<(PortId, SocketAddr, Vec<u8>)>,
    said: Vec<(PortId, MediaEvent)>,
    sounds: Vec<CallSound>,
}

impl Frames {
    /// Channels that nobody has told anything yet.
    #[must_use]
    pub fn new(ports: usize) -> Self {
        let config = plan::media_config(&PortSettings::default(), country::brazil());
        Frames {
            channels: (0..ports).map(|_| Channel::new(config.clone())).collect(),
            next: Moment::ZERO,
            rtp: Vec::new(),
            said: Vec::new(),
            sounds: Vec::new(),
        }
    }

    /// An order of the brain.
    pub fn command(&mut self, port: PortId, command: MediaCommand, now: Moment) {
        self.with(port, |channel, out| channel.command(command, now, out));
    }

    /// A packet came to the RTP port of a line.
    pub fn receive(&mut self, port: PortId, bytes: &[u8], source: SocketAddr, now: Moment) {
        self.with(port, |channel, out| channel.packet(bytes, source, now, out));
    }

    /// When the next 20 ms are due.
    #[must_use]
    pub fn deadline(&self) -> Moment {
        self.next
    }

    /// 20 ms on every line, both ways.
    pub fn tick(&mut self, exchange: &mut Exchange, now: Moment, out: &mut Vec<ExchangeOutput>) {
        self.next = now + FRAME;
        for index in 0..self.channels.len() {
            let port = PortId(u16::try_from(index).unwrap_or(u16::MAX));
            let heard = exchange.line_frame(port);
            self.with(port, |channel, said| channel.line_frame(&heard, now, said));
            let spoken = self.channels[index].to_line(now);
            exchange.hear(port, &spoken, now, out);
        }
    }

    /// What the channels told the brain.
    pub fn take_events(&mut self) -> Vec<(PortId, MediaEvent)> {
        std::mem::take(&mut self.said)
    }

    /// The last sounds of calls that are over.
    pub fn take_sounds(&mut self) -> Vec<CallSound> {
        std::mem::take(&mut self.sounds)
    }

    /// RTP on its way: from which port, where to, and what.
    pub fn take_rtp(&mut self) -> Vec<(PortId, SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.rtp)
    }

    fn with(&mut self, port: PortId, act: impl FnOnce(&mut Channel, &mut Vec<MediaOutput>)) {
        let Some(channel) = self.channels.get_mut(port.index()) else { return };
        let mut out = Vec::new();
        act(channel, &mut out);
        for output in out {
            match output {
                MediaOutput::Rtp { to, bytes } => self.rtp.push((port, to, bytes)),
                // Reports of quality have no listener in the toy world.
                MediaOutput::Rtcp { .. } => {}
                MediaOutput::Event(event) => self.said.push((port, event)),
                MediaOutput::Sound(sound) => self.sounds.push(sound),
            }
        }
    }
}
