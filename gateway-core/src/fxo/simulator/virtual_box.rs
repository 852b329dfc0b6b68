//! A box in front of the simulated exchange: bytes in, bytes out, as a real one on its serial port.

#[cfg(test)]
mod rig;
#[cfg(test)]
mod tests;

use crate::config::PortId;
use crate::dsp::Frame;
use crate::fxo::Identity;
use crate::fxo::boxlink::firmware::{BoxIdentity, Firmware, FirmwareOutput};
use crate::fxo::boxlink::message::{AudioFormats, Capabilities, Period};
use crate::rng::Rng;
use crate::time::{Moment, earliest};

use super::act::{ExchangeEvent, LineAct, LineSound};
use super::exchange::{Exchange, ExchangeConfig, ExchangeOutput};

/// What a virtual box does.
#[derive(Clone, Debug, PartialEq)]
pub enum BoxOutput {
    /// Bytes for the host.
    Write(Vec<u8>),
    /// The exchange noticed something.
    Event(PortId, ExchangeEvent),
    /// Another sound begins on a line.
    Sound(PortId, LineSound),
}

/// The box and its exchange.
#[derive(Debug)]
pub struct VirtualBox {
    firmware: Firmware,
    exchange: Exchange,
    rng: Rng,
}

impl VirtualBox {
    /// A box that starts now, with one port for each line of the exchange. Its boot id comes from the dice.
    #[must_use]
    pub fn new(config: ExchangeConfig, serial: &str, rng: Rng, now: Moment) -> Self {
        VirtualBox::made(config, serial, false, rng, now)
    }

    /// The same with its sound on a sound card: see [`VirtualBox::sound`].
    #[must_use]
    pub fn with_card(config: ExchangeConfig, serial: &str, rng: Rng, now: Moment) -> Self {
        VirtualBox::made(config, serial, true, rng, now)
    }

    fn made(config: ExchangeConfig, serial: &str, card: bool, mut rng: Rng, now: Moment) -> Self {
        let capabilities = Capabilities::POLARITY
            .with(Capabilities::LOOP_INTERRUPTION)
            .with(Capabilities::EXTENSION)
            .with(Capabilities::MEASURE)
            .with(Capabilities::PULSE)
            .with(Capabilities::ON_HOOK_AUDIO);
        let about = BoxIdentity {
            identity: Identity {
                model: "Loopstart virtual box".to_owned(),
                serial: serial.to_owned(),
                firmware: env!("CARGO_PKG_VERSION").to_owned(),
                ports: config.ports,
            },
            capabilities,
            formats: if card { AudioFormats::default() } else { AudioFormats::ALL },
            periods: &[Period::Twenty, Period::Ten],
            card,
            boot_id: rng.next_u32(),
        };
        let exchange = Exchange::new(config, rng.fork());
        VirtualBox { firmware: Firmware::new(about, now), exchange, rng }
    }

    /// The exchange, to look at.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Whether the host holds this line off hook.
    #[must_use]
    pub fn is_off_hook(&self, port: PortId) -> bool {
        self.firmware.is_off_hook(port)
    }

    /// Bytes from the host.
    pub fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.firmware.receive(bytes, &self.exchange, now, &mut done);
        self.carry_out(done, now, out);
    }

    /// 20 ms that the host played on the channel of a line, for the same time of what the line says.
    pub fn sound(&mut self, port: PortId, played: &Frame, now: Moment, out: &mut Vec<BoxOutput>) -> Frame {
        let mut done = Vec::new();
        self.exchange.hear(port, played, now, &mut done);
        self.pass_on(done, now, out);
        self.exchange.line_frame(port)
    }

    /// Something is done to a line.
    pub fn act(&mut self, port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.exchange.act(port, act, now, &mut done);
        self.pass_on(done, now, out);
    }

    /// Digits dialled by tones, told without their sound, for worlds without audio.
    pub fn dial(&mut self, port: PortId, digits: &str, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.exchange.dial(port, digits, now, &mut done);
        self.pass_on(done, now, out);
    }

    /// Power off and on again: every line is released and the host is forgotten.
    pub fn reboot(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        let boot_id = self.rng.next_u32();
        self.firmware.reboot(boot_id, now, &mut done);
        self.carry_out(done, now, out);
    }

    /// When [`VirtualBox::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        earliest(self.firmware.deadline(), self.exchange.deadline())
    }

    /// What is due in the box and at the exchange.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        let mut done = Vec::new();
        self.exchange.handle_timeout(now, &mut done);
        self.pass_on(done, now, out);
        let mut done = Vec::new();
        self.firmware.handle_timeout(now, &mut done);
        self.carry_out(done, now, out);
    }

    /// The box acts on the line.
    fn carry_out(&mut self, done: Vec<FirmwareOutput>, now: Moment, out: &mut Vec<BoxOutput>) {
        for output in done {
            let mut noticed = Vec::new();
            match output {
                FirmwareOutput::Write(bytes) => out.push(BoxOutput::Write(bytes)),
                FirmwareOutput::Relay(port, closed) => self.exchange.relay(port, closed, now, &mut noticed),
                FirmwareOutput::Sounded(port, frame) => self.exchange.hear(port, &frame, now, &mut noticed),
                FirmwareOutput::FrameDue(port) => {
                    let frame = self.exchange.line_frame(port);
                    let mut sent = Vec::new();
                    self.firmware.heard(port, &frame, &mut sent);
                    out.extend(sent.into_iter().filter_map(|output| match output {
                        FirmwareOutput::Write(bytes) => Some(BoxOutput::Write(bytes)),
                        FirmwareOutput::Relay(..) | FirmwareOutput::Sounded(..) | FirmwareOutput::FrameDue(_) => None,
                    }));
                }
            }
            self.pass_on(noticed, now, out);
        }
    }

    /// The exchange acts on the box, which only ever answers with bytes.
    fn pass_on(&mut self, done: Vec<ExchangeOutput>, now: Moment, out: &mut Vec<BoxOutput>) {
        for output in done {
            match output {
                ExchangeOutput::Event(port, event) => out.push(BoxOutput::Event(port, event)),
                ExchangeOutput::Sound(port, sound) => out.push(BoxOutput::Sound(port, sound)),
                ExchangeOutput::Electrical(port, event) => {
                    let mut told = Vec::new();
                    self.firmware.report(port, &event, now, &mut told);
                    out.extend(told.into_iter().filter_map(|output| match output {
                        FirmwareOutput::Write(bytes) => Some(BoxOutput::Write(bytes)),
                        FirmwareOutput::Relay(..) | FirmwareOutput::Sounded(..) | FirmwareOutput::FrameDue(_) => None,
                    }));
                }
            }
        }
    }
}
