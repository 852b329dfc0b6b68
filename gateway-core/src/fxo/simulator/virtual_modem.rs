//! A voice modem in front of one line of the simulated exchange: bytes in, bytes out, as a real one on its serial port.

#[cfg(test)]
mod tests;

use super::act::{LineAct, LineSound};
use super::exchange::{Exchange, ExchangeConfig, ExchangeOutput};
use super::virtual_box::BoxOutput;
use crate::config::PortId;
use crate::fxo::boxlink::firmware::Sense;
use crate::fxo::modem::emulator::{Modem, ModemOutput, ModemTraits};
use crate::rng::Rng;
use crate::time::{Moment, earliest};

/// The only line.
const PORT: PortId = PortId(0);

/// The modem and its exchange.
#[derive(Debug)]
pub struct VirtualModem {
    modem: Modem,
    exchange: Exchange,
}

impl VirtualModem {
    /// A modem that is powered up now, at an exchange with one line.
    #[must_use]
    pub fn new(config: ExchangeConfig, traits: ModemTraits, mut rng: Rng) -> Self {
        let exchange = Exchange::new(ExchangeConfig { ports: 1, ..config }, rng.fork());
        VirtualModem { modem: Modem::new(traits), exchange }
    }

    /// Whether the modem holds the line.
    #[must_use]
    pub fn is_off_hook(&self) -> bool {
        self.modem.is_off_hook()
    }

    /// Bytes from the host.
    pub fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>) {
        let (line, mut done) = (self.exchange.line_status(PORT), Vec::new());
        self.modem.receive(bytes, &line, now, &mut done);
        self.carry_out(done, now, out);
    }

    /// Something is done to the line.
    pub fn act(&mut self, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.exchange.act(PORT, act, now, &mut done);
        self.pass_on(done, now, out);
    }

    /// The host closed the port.
    pub fn drop_dtr(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.modem.drop_dtr(&mut done);
        self.carry_out(done, now, out);
    }

    /// Power off and on again.
    pub fn power_cycle(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.modem.power_cycle(&mut done);
        self.carry_out(done, now, out);
    }

    /// When [`VirtualModem::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        earliest(self.modem.deadline(), self.exchange.deadline())
    }

    /// What is due in the modem and at the exchange.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.exchange.handle_timeout(now, &mut done);
        self.pass_on(done, now, out);
        let mut done = Vec::new();
        self.modem.handle_timeout(now, &mut done);
        self.carry_out(done, now, out);
    }

    /// The modem acts on the line.
    fn carry_out(&mut self, done: Vec<ModemOutput>, now: Moment, out: &mut Vec<BoxOutput>) {
        for output in done {
            let mut noticed = Vec::new();
            match output {
                ModemOutput::Write(bytes) => out.push(BoxOutput::Write(bytes)),
                ModemOutput::Relay(closed) => self.exchange.relay(PORT, closed, now, &mut noticed),
                ModemOutput::Sounded(frame) => self.exchange.hear(PORT, &frame, now, &mut noticed),
                ModemOutput::FrameDue => {
                    let frame = self.exchange.line_frame(PORT);
                    let mut sent = Vec::new();
                    self.modem.heard(&frame, &mut sent);
                    write(sent, out);
                }
            }
            self.pass_on(noticed, now, out);
        }
    }

    /// The exchange acts on the modem, which only ever answers with bytes.
    fn pass_on(&mut self, done: Vec<ExchangeOutput>, now: Moment, out: &mut Vec<BoxOutput>) {
        for output in done {
            let mut told = Vec::new();
            match output {
                ExchangeOutput::Event(port, event) => out.push(BoxOutput::Event(port, event)),
                ExchangeOutput::Electrical(_, event) => self.modem.report(&event, now, &mut told),
                ExchangeOutput::Sound(port, sound) => {
                    // Decoding is the modem's own business; a friendly one understands every country.
                    if let LineSound::CallerId(id) = &sound {
                        self.modem.caller(id, &mut told);
                    }
                    out.push(BoxOutput::Sound(port, sound));
                }
            }
            write(told, out);
        }
    }
}

/// Passes on what is for the host.
fn write(done: Vec<ModemOutput>, out: &mut Vec<BoxOutput>) {
    out.extend(done.into_iter().filter_map(|output| match output {
        ModemOutput::Write(bytes) => Some(BoxOutput::Write(bytes)),
        ModemOutput::Relay(_) | ModemOutput::Sounded(_) | ModemOutput::FrameDue => None,
    }));
}
