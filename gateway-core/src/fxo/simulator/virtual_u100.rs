//! A Sangoma U100 in front of two lines of the simulated exchange: bytes in, bytes out, as a real one on its serial port.

#[cfg(test)]
mod tests;

use super::act::LineAct;
use super::exchange::{Exchange, ExchangeConfig, ExchangeOutput};
use super::virtual_box::BoxOutput;
use crate::config::PortId;
use crate::fxo::boxlink::firmware::Sense;
use crate::fxo::u100::emulator::{U100, U100Output, U100Traits};
use crate::rng::Rng;
use crate::time::{Moment, earliest};

/// Its lines.
const PORTS: [PortId; 2] = [PortId(0), PortId(1)];

/// The device and its exchange.
#[derive(Debug)]
pub struct VirtualU100 {
    device: U100,
    exchange: Exchange,
}

impl VirtualU100 {
    /// A device that gets its power now, at an exchange with two lines.
    #[must_use]
    pub fn new(config: ExchangeConfig, traits: U100Traits, mut rng: Rng, now: Moment) -> Self {
        let exchange = Exchange::new(ExchangeConfig { ports: 2, ..config }, rng.fork());
        let mut virtual_u100 = VirtualU100 { device: U100::new(traits, now), exchange };
        virtual_u100.sense(now);
        virtual_u100
    }

    /// The device, to look at.
    #[must_use]
    pub fn device(&self) -> &U100 {
        &self.device
    }

    /// The exchange, to look at.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Whether the device holds this line.
    #[must_use]
    pub fn is_off_hook(&self, port: PortId) -> bool {
        self.device.is_off_hook(port)
    }

    /// Bytes from the host.
    pub fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.sense(now);
        self.device.receive(bytes, now, &mut done);
        self.carry_out(done, now, out);
    }

    /// Something is done to a line.
    pub fn act(&mut self, port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.exchange.act(port, act, now, &mut done);
        self.pass_on(done, now, out);
    }

    /// The host closed the port; the device does not notice, and holds the lines that it held.
    pub fn host_gone(&mut self) {
        self.device.host_gone();
    }

    /// Power off and on again.
    pub fn power_cycle(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.device.power_cycle(now, &mut done);
        self.carry_out(done, now, out);
    }

    /// When [`VirtualU100::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        earliest(self.device.deadline(), self.exchange.deadline())
    }

    /// What is due in the device and at the exchange.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.exchange.handle_timeout(now, &mut done);
        self.pass_on(done, now, out);
        let mut done = Vec::new();
        self.device.handle_timeout(now, &mut done);
        self.carry_out(done, now, out);
    }

    /// The device acts on the lines.
    fn carry_out(&mut self, done: Vec<U100Output>, now: Moment, out: &mut Vec<BoxOutput>) {
        for output in done {
            let mut noticed = Vec::new();
            match output {
                U100Output::Write(bytes) => out.push(BoxOutput::Write(bytes)),
                U100Output::Relay(port, closed) => self.exchange.relay(port, closed, now, &mut noticed),
                U100Output::Sounded(port, frame) => self.exchange.hear(port, &frame, now, &mut noticed),
                U100Output::FramesDue(from) => {
                    let frames = PORTS.map(|port| self.exchange.line_frame(port));
                    let mut sent = Vec::new();
                    self.device.heard(&frames, from, &mut sent);
                    out.extend(sent.into_iter().filter_map(|output| match output {
                        U100Output::Write(bytes) => Some(BoxOutput::Write(bytes)),
                        U100Output::Relay(..) | U100Output::Sounded(..) | U100Output::FramesDue(_) => None,
                    }));
                }
            }
            self.pass_on(noticed, now, out);
        }
    }

    /// The exchange acts on the device, which measures what is on its lines and tells of it in its stream. It decodes no caller
    /// ID: the host hears it as sound.
    fn pass_on(&mut self, done: Vec<ExchangeOutput>, now: Moment, out: &mut Vec<BoxOutput>) {
        for output in done {
            match output {
                ExchangeOutput::Event(port, event) => out.push(BoxOutput::Event(port, event)),
                ExchangeOutput::Electrical(port, event) => self.device.report(port, &event),
                ExchangeOutput::Sound(port, sound) => out.push(BoxOutput::Sound(port, sound)),
            }
        }
        // A cut of the current is no event until it is over, so the lines are measured and not only listened to.
        self.sense(now);
    }

    fn sense(&mut self, now: Moment) {
        for port in PORTS {
            self.device.sense(port, &self.exchange.line_status(port), now);
        }
    }
}
