//! The box and the exchange without wire and without audio: orders reach the exchange, and what it does reaches the brain.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::ear::{DeafChannel, Rtp, Sound};
use super::frames::Frames;
use crate::config::PortId;
use crate::dsp::progress::ProgressTone;
use crate::fxo::boxlink::firmware::Sense;
use crate::fxo::simulator::act::{ExchangeEvent, LineAct, LineSound, Sound as FarSound};
use crate::fxo::simulator::exchange::{Exchange, ExchangeConfig, ExchangeOutput};
use crate::fxo::{Identity, LineCommand, LineEvent};
use crate::gateway::io::Event;
use crate::media::{MediaCommand, MediaEvent};
use crate::rng::Rng;
use crate::time::{Moment, earliest};

/// Time from an order to its effect in a box.
const BOX_DELAY: Duration = Duration::from_millis(15);

/// Time a box needs to start again.
const BOOT: Duration = Duration::from_millis(400);

/// A pulse digit at 10 pulses a second, with its pause.
const PULSE_DIGIT: Duration = Duration::from_millis(1500);

/// What the exchange noticed, kept for people and tests.
const MOST_NOTED: usize = 500;

/// What a faulty box does with orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoxFaults {
    /// Orders that get lost on the way, in parts of a thousand.
    pub lost_orders_per_mille: u64,
    /// Orders that are carried out, but nobody hears of it, in parts of a thousand.
    pub lost_answers_per_mille: u64,
    /// Events of the lines that the box does not pass on, in parts of a thousand.
    pub lost_events_per_mille: u64,
    /// Ports whose relay does not open any more.
    pub stuck: BTreeSet<PortId>,
    /// A stuck relay is told as open; only a measurement shows the truth.
    pub lies: bool,
}

/// What a box does later by itself.
#[derive(Clone, Debug)]
enum Later {
    /// The flash is over: the loop closes again.
    FlashEnds,
    /// The pulses of these digits are out.
    Pulsed(String),
}

/// All lines of the world, from the brain's side.
#[derive(Debug)]
pub struct Lines {
    exchange: Exchange,
    channels: Vec<DeafChannel>,
    /// With real sound: the channels that hear it instead of those above.
    frames: Option<Frames>,
    hooks: Vec<bool>,
    digits: Vec<String>,
    later: Vec<(Moment, PortId, Later)>,
    plugged: bool,
    booting_until: Moment,
    /// What is wrong with the box.
    pub faults: BoxFaults,
    /// The box has nothing that measures a line, as a voice modem off hook.
    pub measures_nothing: bool,
    /// The box has nothing that measures loop current.
    pub measures_no_current: bool,
    /// What the exchange noticed, newest last.
    pub noted: VecDeque<(Moment, PortId, ExchangeEvent)>,
    /// Orders that got lost so far, in either direction.
    pub lost: u64,
    rng: Rng,
}

/// Something for the brain, and when it arrives.
type Posted = Vec<(Moment, Event)>;

impl Lines {
    /// Lines at a Brazilian exchange, all cables in.
    #[must_use]
    pub fn new(ports: u16, rng: Rng) -> Self {
        Lines::at(ExchangeConfig::brazil(ports), rng)
    }

    /// Lines with real sound, hybrid echo and noise, heard by real channels.
    #[must_use]
    pub fn with_sound(config: ExchangeConfig, mut rng: Rng) -> Self {
        let ports = config.ports;
        let exchange = Exchange::new(config, rng.fork());
        let frames = Some(Frames::new(usize::from(ports)));
        Lines { exchange, frames, ..Lines::new(ports, rng) }
    }

    /// Lines at an exchange of one's own, which makes no noise of its own here.
    #[must_use]
    pub fn at(config: ExchangeConfig, mut rng: Rng) -> Self {
        let count = usize::from(config.ports);
        let config = ExchangeConfig { hybrid_loss_db: None, noise_dbm0: None, ..config };
        Lines {
            exchange: Exchange::new(config, rng.fork()),
            channels: vec![DeafChannel::default(); count],
            frames: None,
            hooks: vec![false; count],
            digits: vec![String::new(); count],
            later: Vec::new(),
            plugged: false,
            booting_until: Moment::ZERO,
            faults: BoxFaults::default(),
            measures_nothing: false,
            measures_no_current: false,
            noted: VecDeque::new(),
            lost: 0,
            rng,
        }
    }

    /// The box is there: it tells of itself and of every battery.
    pub fn plug_in(&mut self, now: Moment) -> Posted {
        self.plugged = true;
        let mut posted = vec![(now, Event::DeviceUp(self.identity()))];
        let mut out = Vec::new();
        self.exchange.look(&mut out);
        posted.extend(self.take(out, now));
        posted
    }

    fn identity(&self) -> Identity {
        let ports = u16::try_from(self.channels.len()).unwrap_or(u16::MAX);
        Identity { model: "Toy box".to_owned(), serial: String::new(), firmware: "1".to_owned(), ports }
    }

    /// The box is gone: its relays fall open.
    pub fn unplug(&mut self, now: Moment) {
        self.open_all(now);
        self.plugged = false;
    }

    /// The box starts again by itself: its relays fall open, and for a moment it hears no orders.
    pub fn reboot(&mut self, now: Moment) -> Posted {
        if !self.plugged {
            return Vec::new();
        }
        self.open_all(now);
        self.booting_until = now + BOOT;
        let mut posted = vec![(now, Event::DeviceRebooted), (now + BOOT, Event::DeviceUp(self.identity()))];
        let mut out = Vec::new();
        self.exchange.look(&mut out);
        posted.extend(self.take(out, now + BOOT));
        posted
    }

    fn open_all(&mut self, now: Moment) {
        let mut out = Vec::new();
        for index in 0..self.hooks.len() {
            self.relay(index, false, now, &mut out);
        }
        self.later.clear();
        // Nobody is there to notice anything; only the exchange's own notes stay.
        self.take(out, now);
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
        if !self.plugged || now < self.booting_until || port.index() >= self.hooks.len() {
            return Vec::new();
        }
        if self.rng.chance(self.faults.lost_orders_per_mille) {
            self.lost += 1;
            return Vec::new();
        }
        let mut out = Vec::new();
        let answer = self.obey(port, command, now, &mut out);
        let mut posted = self.take(out, now);
        if answer.is_some() && self.rng.chance(self.faults.lost_answers_per_mille) {
            self.lost += 1;
            return posted;
        }
        posted.extend(answer.map(|event| (now + BOX_DELAY, line(port, event))));
        posted
    }

    fn obey(&mut self, port: PortId, command: LineCommand, now: Moment, out: &mut Vec<ExchangeOutput>) -> Option<LineEvent> {
        let index = port.index();
        match command {
            LineCommand::Seize => {
                self.relay(index, true, now, out);
                Some(LineEvent::Hook { off_hook: true })
            }
            LineCommand::Release | LineCommand::Reset => {
                self.later.retain(|(_, owner, _)| *owner != port);
                let stuck = self.faults.stuck.contains(&port) && self.hooks[index];
                if !stuck {
                    self.relay(index, false, now, out);
                }
                let told_off_hook = stuck && !self.faults.lies;
                Some(LineEvent::Hook { off_hook: told_off_hook })
            }
            LineCommand::Flash { duration } => {
                if self.hooks[index] {
                    self.exchange.relay(port, false, now, out);
                    self.later.push((now + duration, port, Later::FlashEnds));
                }
                None
            }
            LineCommand::DialPulse { digits } => {
                let length = PULSE_DIGIT * u32::try_from(digits.len()).unwrap_or(0);
                self.later.push((now + length, port, Later::Pulsed(digits)));
                None
            }
            LineCommand::Measure if self.measures_nothing => None,
            LineCommand::Measure => {
                let status = self.exchange.line_status(port);
                let microamps = (!self.measures_no_current).then_some(u32::from(status.tenths_ma) * 100);
                Some(LineEvent::Measured { millivolts: status.millivolts, microamps, off_hook: status.off_hook })
            }
        }
    }

    /// An order of the brain for a channel.
    pub fn media(&mut self, port: PortId, command: MediaCommand, now: Moment) {
        if let Some(frames) = &mut self.frames {
            frames.command(port, command.clone(), now);
        }
        // The symbolic channel goes along, so that it can always be said whether one is attached.
        if let Some(channel) = self.channels.get_mut(port.index()) {
            channel.command(command, now);
        }
    }

    /// A packet came to the RTP port of a line. Without real sound nobody listens to it.
    pub fn receive_rtp(&mut self, port: PortId, bytes: &[u8], source: SocketAddr, now: Moment) {
        if let Some(frames) = &mut self.frames {
            frames.receive(port, bytes, source, now);
        }
    }

    /// RTP on its way: from which port, where to, and what.
    pub fn take_rtp(&mut self) -> Vec<(PortId, SocketAddr, Vec<u8>)> {
        self.frames.as_mut().map(Frames::take_rtp).unwrap_or_default()
    }

    /// When the next 20 ms of real sound are due.
    #[must_use]
    pub fn next_frame(&self) -> Option<Moment> {
        self.frames.as_ref().filter(|_| self.plugged).map(Frames::deadline)
    }

    /// Whether the channel of a port sends RTP.
    #[must_use]
    pub fn is_attached(&self, port: PortId) -> bool {
        self.channels.get(port.index()).is_some_and(DeafChannel::is_attached)
    }

    /// When [`Lines::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let channels = match self.next_frame() {
            Some(frame) => Some(frame),
            None => self.channels.iter().filter(|_| self.plugged).map(DeafChannel::deadline).fold(None, earliest),
        };
        let later = self.later.iter().map(|(at, _, _)| *at).min();
        earliest(self.exchange.deadline(), earliest(channels, later))
    }

    /// What is due at the exchange, in the box and in the channels. `rtp`: what comes to each port from the network.
    pub fn handle_timeout(&mut self, rtp: &[Rtp], now: Moment) -> Posted {
        let mut out = Vec::new();
        let mut posted = self.do_later(now, &mut out);
        if self.exchange.deadline().is_some_and(|due| due <= now) {
            self.exchange.handle_timeout(now, &mut out);
        }
        if self.plugged {
            posted.extend(self.listen(rtp, now, &mut out));
        }
        posted.extend(self.take(out, now));
        posted
    }

    /// What the channels hear and say, with real sound or by name.
    fn listen(&mut self, rtp: &[Rtp], now: Moment, out: &mut Vec<ExchangeOutput>) -> Posted {
        if let Some(frames) = &mut self.frames {
            if frames.deadline() <= now {
                frames.tick(&mut self.exchange, now, out);
            }
            let sounds = frames.take_sounds().into_iter().map(Event::Sound);
            let events = frames.take_events().into_iter().map(|(port, event)| Event::Media { port, event });
            return events.chain(sounds).map(|event| (now, event)).collect();
        }
        let mut posted = Vec::new();
        for index in 0..self.channels.len() {
            let port = port_of(index);
            while let Some((digits, ordered)) = self.channels[index].take_dialed(now) {
                self.exchange.dial(port, &digits, now, out);
                if ordered {
                    posted.push((now, Event::Media { port, event: MediaEvent::Dialed }));
                }
            }
            let sound = self.sound(port);
            let events = self.channels[index].listen(sound, rtp.get(index).copied().unwrap_or_default(), now);
            posted.extend(events.into_iter().map(|event| (now, Event::Media { port, event })));
        }
        posted
    }

    fn do_later(&mut self, now: Moment, out: &mut Vec<ExchangeOutput>) -> Posted {
        let (due, rest) = std::mem::take(&mut self.later).into_iter().partition(|(at, _, _)| *at <= now);
        self.later = rest;
        let due: Vec<(Moment, PortId, Later)> = due;
        let mut posted = Vec::new();
        for (_, port, later) in due {
            match later {
                Later::FlashEnds => self.exchange.relay(port, self.hooks[port.index()], now, out),
                Later::Pulsed(digits) => self.exchange.dial_pulses(port, &digits, now, out),
            }
            posted.push((now + BOX_DELAY, line(port, LineEvent::SignalDone)));
        }
        posted
    }

    /// Every cable in, every far end gone, the box there and honest.
    pub fn heal(&mut self, now: Moment) -> Posted {
        self.faults = BoxFaults::default();
        let mut posted = if self.plugged { Vec::new() } else { self.plug_in(now) };
        for index in 0..self.hooks.len() {
            for act in [
                LineAct::CableIn,
                LineAct::Extension { off_hook: false },
                LineAct::DialTone { present: true },
                LineAct::StopRinging,
                LineAct::HangUp { how: None },
            ] {
                posted.extend(self.act(port_of(index), act, now));
            }
        }
        posted
    }

    /// Ports whose relay is closed.
    #[must_use]
    pub fn off_hook(&self) -> Vec<PortId> {
        let closed = self.hooks.iter().enumerate().filter(|(_, closed)| **closed);
        closed.map(|(index, _)| port_of(index)).collect()
    }

    /// Whether the relay of a port is closed.
    #[must_use]
    pub fn is_off_hook(&self, port: PortId) -> bool {
        self.hooks.get(port.index()).copied().unwrap_or_default()
    }

    /// What sounds on a line.
    #[must_use]
    pub fn line_sound(&self, port: PortId) -> LineSound {
        self.exchange.sound(port)
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
        self.exchange.relay(port_of(index), closed, now, out);
    }

    /// What the box passes on of what the exchange did.
    fn take(&mut self, outputs: Vec<ExchangeOutput>, now: Moment) -> Posted {
        let mut posted = Vec::new();
        for output in outputs {
            match output {
                ExchangeOutput::Electrical(port, event) => {
                    if self.rng.chance(self.faults.lost_events_per_mille) {
                        self.lost += 1;
                    } else if self.plugged && now >= self.booting_until {
                        posted.push((now + BOX_DELAY, line(port, event)));
                    }
                }
                ExchangeOutput::Event(port, event) => {
                    if let ExchangeEvent::Digit { digit } = event {
                        self.digits[port.index()].push(digit);
                    }
                    if self.noted.len() >= MOST_NOTED {
                        self.noted.pop_front();
                    }
                    self.noted.push_back((now, port, event));
                }
                ExchangeOutput::Sound(..) => {}
            }
        }
        posted
    }

    fn sound(&self, port: PortId) -> Sound {
        let tones = &self.exchange.config().tones;
        let cycle = |cadence_ms: &[u32]| Duration::from_millis(cadence_ms.iter().map(|ms| u64::from(*ms)).sum());
        match self.exchange.sound(port) {
            LineSound::Quiet
            | LineSound::CallWaiting
            | LineSound::Alerting
            | LineSound::WaitingCaller(_)
            | LineSound::FarEnd(FarSound::Silence) => Sound::Silence,
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

fn port_of(index: usize) -> PortId {
    PortId(u16::try_from(index).unwrap_or(u16::MAX))
}
