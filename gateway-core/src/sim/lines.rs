//! The box and the exchange without wire and without audio: orders reach the exchange, and what it does reaches the brain.

use std::time::Duration;

use super::ear::{DeafChannel, Sound};
use crate::config::PortId;
use crate::dsp::progress::ProgressTone;
use crate::fxo::simulator::act::{ExchangeEvent, LineAct, LineSound, Sound as FarSound};
use crate::fxo::simulator::exchange::{Exchange, ExchangeConfig, ExchangeOutput};
use crate::fxo::{Identity, LineCommand, LineEvent};
use crate::gateway::io::Event;
use crate::media::MediaCommand;
use crate::rng::Rng;
use crate::time::{Moment, earliest};

/// Time from an order to its effect in a box.
const BOX_DELAY: Duration = Duration::from_millis(15);

/// What a faulty box does with orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoxFaults {
    /// Orders that get lost on the way, in parts of a thousand.
    pub lost_orders_per_mille: u64,
}

/// All lines of the world, from the brain's side.
#[derive(Debug)]
pub struct Lines {
    exchange: Exchange,
    channels: Vec<DeafChannel>,
    hooks: Vec<bool>,
    digits: Vec<String>,
    plugged: bool,
    /// What is wrong with the box.
    pub faults: BoxFaults,
    rng: Rng,
}

/// Something for the brain, and when it arrives.
type Posted = Vec<(Moment, Event)>;

impl Lines {
    /// Lines at a Brazilian exchange, all cables in.
    #[must_use]
    pub fn new(ports: u16, mut rng: Rng) -> Self {
        let config = ExchangeConfig { hybrid_loss_db: None, noise_dbm0: None, ..ExchangeConfig::brazil(ports) };
        let count = usize::from(ports);
        Lines {
            exchange: Exchange::new(config, rng.fork()),
            channels: vec![DeafChannel::default(); count],
            hooks: vec![false; count],
            digits: vec![String::new(); count],
            plugged: false,
            faults: BoxFaults::default(),
            rng,
        }
    }

    /// The box is there: it tells of itself and of every battery.
    pub fn plug_in(&mut self, now: Moment) -> Posted {
        self.plugged = true;
        let ports = u16::try_from(self.channels.len()).unwrap_or(u16::MAX);
        let identity = Identity { model: "Toy box".to_owned(), serial: String::new(), firmware: "1".to_owned(), ports };
        let mut posted = vec![(now, Event::DeviceUp(identity))];
        let mut out = Vec::new();
        self.exchange.look(&mut out);
        posted.extend(self.take(out, now));
        posted
    }

    /// The box is gone: its relays fall open.
    pub fn unplug(&mut self, now: Moment) {
        self.plugged = false;
        let mut out = Vec::new();
        for index in 0..self.hooks.len() {
            self.relay(index, false, now, &mut out);
            self.channels[index] = DeafChannel::default();
        }
        drop(out);
    }

    /// Whether the box is there.
    #[must_use]
    pub fn is_plugged(&self) -> bool {
        self.plugged
    }

    /// Does something at the exchange.
    pub fn act(&mut self, port: PortId, act: LineAct, now: Moment) -> Posted {
        let mut out = Vec::new();
        self.exchange.act(port, act, now, &mut out);
        self.take(out, now)
    }

    /// An order of the brain for a line.
    pub fn command(&mut self, port: PortId, command: LineCommand, now: Moment) -> Posted {
        let lost = self.rng.chance(self.faults.lost_orders_per_mille);
        if !self.plugged || lost || port.index() >= self.hooks.len() {
            return Vec::new();
        }
        let at = now + BOX_DELAY;
        let moves_relay = matches!(command, LineCommand::Seize | LineCommand::Release | LineCommand::Reset);
        let mut out = Vec::new();
        let mut posted = Vec::new();
        match command {
            LineCommand::Seize => self.relay(port.index(), true, now, &mut out),
            LineCommand::Release | LineCommand::Reset => self.relay(port.index(), false, now, &mut out),
            LineCommand::Flash { duration } => posted.push((at + duration, line(port, LineEvent::SignalDone))),
            LineCommand::DialPulse { digits } => {
                self.exchange.dial_pulses(port, &digits, now, &mut out);
                let length = Duration::from_millis(1500) * u32::try_from(digits.len()).unwrap_or(0);
                posted.push((at + length, line(port, LineEvent::SignalDone)));
            }
            LineCommand::Measure => {}
        }
        if moves_relay {
            let off_hook = self.hooks[port.index()];
            posted.push((at, line(port, LineEvent::Hook { off_hook })));
        }
        posted.extend(self.take(out, now));
        posted
    }

    /// An order of the brain for a channel.
    pub fn media(&mut self, port: PortId, command: MediaCommand, now: Moment) {
        if let Some(channel) = self.channels.get_mut(port.index()) {
            channel.command(command, now);
        }
    }

    /// When [`Lines::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let channels = self.channels.iter().filter(|_| self.plugged).map(DeafChannel::deadline).fold(None, earliest);
        earliest(self.exchange.deadline(), channels)
    }

    /// What is due at the exchange and in the channels. `rtp`: which ports receive RTP now.
    pub fn handle_timeout(&mut self, rtp: &dyn Fn(PortId) -> bool, now: Moment) -> Posted {
        let mut out = Vec::new();
        self.exchange.handle_timeout(now, &mut out);
        let mut posted = Vec::new();
        for index in 0..self.channels.len() {
            let port = PortId(u16::try_from(index).unwrap_or(u16::MAX));
            if let Some(digits) = self.channels[index].take_dialed(now) {
                self.exchange.dial(port, &digits, now, &mut out);
                posted.push((now, Event::Media { port, event: crate::media::MediaEvent::Dialed }));
            }
            if self.plugged {
                let sound = self.sound(port);
                let events = self.channels[index].listen(sound, rtp(port), now);
                posted.extend(events.into_iter().map(|event| (now, Event::Media { port, event })));
            }
        }
        posted.extend(self.take(out, now));
        posted
    }

    /// Every cable in, every far end gone, the box there and honest.
    pub fn heal(&mut self, now: Moment) -> Posted {
        self.faults = BoxFaults::default();
        let mut posted = if self.plugged { Vec::new() } else { self.plug_in(now) };
        for index in 0..self.hooks.len() {
            let port = PortId(u16::try_from(index).unwrap_or(u16::MAX));
            for act in [LineAct::CableIn, LineAct::Extension { off_hook: false }, LineAct::StopRinging, LineAct::HangUp { how: None }] {
                posted.extend(self.act(port, act, now));
            }
        }
        posted
    }

    /// Ports whose relay is closed.
    #[must_use]
    pub fn off_hook(&self) -> Vec<PortId> {
        let closed = self.hooks.iter().enumerate().filter(|(_, closed)| **closed);
        closed.map(|(index, _)| PortId(u16::try_from(index).unwrap_or(u16::MAX))).collect()
    }

    /// Digits that the exchange received on a line since it was seized.
    #[must_use]
    pub fn digits(&self, port: PortId) -> String {
        self.digits.get(port.index()).cloned().unwrap_or_default()
    }

    fn relay(&mut self, index: usize, closed: bool, now: Moment, out: &mut Vec<ExchangeOutput>) {
        if closed && !self.hooks[index] {
            self.digits[index].clear();
        }
        self.hooks[index] = closed;
        self.exchange.relay(PortId(u16::try_from(index).unwrap_or(u16::MAX)), closed, now, out);
    }

    /// What the box passes on of what the exchange did.
    fn take(&mut self, outputs: Vec<ExchangeOutput>, now: Moment) -> Posted {
        let mut posted = Vec::new();
        for output in outputs {
            match output {
                ExchangeOutput::Electrical(port, event) if self.plugged => posted.push((now + BOX_DELAY, line(port, event))),
                ExchangeOutput::Event(port, ExchangeEvent::Digit { digit }) => self.digits[port.index()].push(digit),
                ExchangeOutput::Electrical(..) | ExchangeOutput::Event(..) | ExchangeOutput::Sound(..) => {}
            }
        }
        posted
    }

    fn sound(&self, port: PortId) -> Sound {
        let tones = &self.exchange.config().tones;
        let cycle = |cadence_ms: &[u32]| Duration::from_millis(cadence_ms.iter().map(|ms| u64::from(*ms)).sum());
        match self.exchange.sound(port) {
            LineSound::Quiet | LineSound::FarEnd(FarSound::Silence) => Sound::Silence,
            LineSound::DialTone => Sound::Tone(ProgressTone::Dial, cycle(&tones.dial.cadence_ms)),
            LineSound::Ringback => Sound::Tone(ProgressTone::Ringback, cycle(&tones.ringback.cadence_ms)),
            LineSound::Busy => Sound::Tone(ProgressTone::Busy, cycle(&tones.busy.cadence_ms)),
            LineSound::Congestion => Sound::Tone(ProgressTone::Congestion, cycle(&tones.congestion.cadence_ms)),
            LineSound::CallerId(caller) => Sound::CallerId(caller),
            LineSound::FarEnd(_) => Sound::Voice,
        }
    }
}

fn line(port: PortId, event: LineEvent) -> Event {
    Event::Line { port, event }
}
