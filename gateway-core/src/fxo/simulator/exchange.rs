//! The exchange: its lines, and what it knows of the country.

mod call;
mod incoming;
mod recall;
mod subscriber;
#[cfg(test)]
mod tests;
mod voice;
mod waiting;

use std::collections::BTreeMap;
use std::time::Duration;

use self::subscriber::Subscriber;
use super::act::{CallerIdSending, ExchangeEvent, HangUpHow, LineAct, LineSound};
use super::script::{Script, USUAL, script_of};
use crate::config::PortId;
use crate::config::country::Country;
use crate::dsp::Frame;
use crate::dsp::callerid::CallerIdSource;
use crate::dsp::progress::TonePlan;
use crate::dsp::tone::ToneSpec;
use crate::fxo::LineEvent;
use crate::fxo::boxlink::firmware::Sense;
use crate::fxo::boxlink::message::LineStatus;
use crate::rng::Rng;
use crate::time::{Moment, earliest};

/// What an exchange is like.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeConfig {
    /// Number of lines.
    pub ports: u16,
    /// Supervisory tones of the country.
    pub tones: TonePlan,
    /// On and off times of the ringing in ms, alternating, beginning with on.
    pub ring_cadence_ms: Vec<u32>,
    /// Ringing frequency in Hz.
    pub ring_frequency_hz: u8,
    /// How caller ID is usually sent.
    pub caller_id: CallerIdSending,
    /// How a line usually learns that the far end hung up.
    pub hang_up: HangUpHow,
    /// Every answer reverses the polarity, not only those of scripts that say so.
    pub reversal_on_answer: bool,
    /// Lines have battery from the start.
    pub cables_in: bool,
    /// How much softer than what is sent its echo comes back, in dB; `None`: no echo.
    pub hybrid_loss_db: Option<f32>,
    /// Noise on the line in dBm0; `None`: none.
    pub noise_dbm0: Option<f32>,
    /// Line voltage on hook in mV.
    pub on_hook_millivolts: i32,
    /// Loop current off hook in µA, told to a tenth of a mA.
    pub loop_microamps: u32,
    /// A digit breaks dial tone; where it does not, the exchange hears no digits at all.
    pub digits_break_dial_tone: bool,
    /// Lines have register recall from the start: a hook flash gives dial tone, and the far end waits.
    pub recalls: bool,
    /// Lines have call waiting from the start: a second caller is announced to whoever talks.
    pub calls_wait: bool,
    /// Numbers with a script of their own, before those of [`super::script`].
    pub numbers: BTreeMap<String, Script>,
}

impl ExchangeConfig {
    /// An exchange in Brazil: 425 Hz for everything, ringing 1 s of 5, caller ID by DTMF after the first ring.
    #[must_use]
    pub fn brazil(ports: u16) -> Self {
        let tone = |cadence_ms: &[u32]| ToneSpec { frequencies_hz: vec![425.0], level_dbm0: -12.0, cadence_ms: cadence_ms.to_vec() };
        ExchangeConfig {
            ports,
            tones: TonePlan {
                dial: tone(&[]),
                ringback: tone(&[1000, 4000]),
                busy: tone(&[250, 250]),
                congestion: tone(&[250, 250, 750, 250]),
                further: Vec::new(),
            },
            ring_cadence_ms: vec![1000, 4000],
            ring_frequency_hz: 25,
            caller_id: CallerIdSending::AfterRing { source: CallerIdSource::Dtmf },
            hang_up: HangUpHow::InterruptionAndBusyTone { ms: 500 },
            reversal_on_answer: false,
            cables_in: true,
            hybrid_loss_db: Some(18.0),
            noise_dbm0: Some(-65.0),
            on_hook_millivolts: 48_000,
            loop_microamps: 23_000,
            digits_break_dial_tone: true,
            recalls: false,
            calls_wait: false,
            numbers: BTreeMap::new(),
        }
    }

    /// What an exchange of a country is like: its tones, its ringing, and caller ID in the way most usual there. It has register recall and call waiting.
    #[must_use]
    pub fn of(country: &Country, ports: u16) -> Self {
        let most_usual = country.caller_id.first().copied();
        let caller_id = most_usual.map_or(CallerIdSending::AfterRing { source: CallerIdSource::Bell202 }, CallerIdSending::of);
        ExchangeConfig {
            tones: country.tone_plan(),
            ring_cadence_ms: country.ring_cadence_ms.to_vec(),
            ring_frequency_hz: country.ring_frequency_hz,
            caller_id,
            recalls: true,
            calls_wait: true,
            ..ExchangeConfig::brazil(ports)
        }
    }

    /// The script of a number that is complete when these are its digits.
    fn exact_script(&self, number: &str) -> Option<&Script> {
        self.numbers.get(number).or_else(|| script_of(number))
    }

    fn script(&self, number: &str) -> &Script {
        self.exact_script(number).unwrap_or(&USUAL)
    }
}

/// What the exchange does.
#[derive(Clone, Debug, PartialEq)]
pub enum ExchangeOutput {
    /// The line interface at the other end of the wire notices this.
    Electrical(PortId, LineEvent),
    /// For people and tests.
    Event(PortId, ExchangeEvent),
    /// Another sound begins on the line. Worlds without audio live on this.
    Sound(PortId, LineSound),
}

/// The exchange.
#[derive(Debug)]
pub struct Exchange {
    config: ExchangeConfig,
    lines: Vec<Subscriber>,
}

/// Where a line puts what it does.
struct Telling<'a> {
    port: PortId,
    out: &'a mut Vec<ExchangeOutput>,
}

impl Telling<'_> {
    fn electrical(&mut self, event: LineEvent) {
        self.out.push(ExchangeOutput::Electrical(self.port, event));
    }

    fn event(&mut self, event: ExchangeEvent) {
        self.out.push(ExchangeOutput::Event(self.port, event));
    }

    fn sound(&mut self, sound: LineSound) {
        self.out.push(ExchangeOutput::Sound(self.port, sound));
    }
}

impl Exchange {
    /// An exchange whose lines are all on hook.
    #[must_use]
    pub fn new(config: ExchangeConfig, mut rng: Rng) -> Self {
        let lines = (0..config.ports).map(|_| Subscriber::new(&config, rng.fork())).collect();
        Exchange { config, lines }
    }

    /// What the exchange is like.
    #[must_use]
    pub fn config(&self) -> &ExchangeConfig {
        &self.config
    }

    /// Something is done to a line. Ports that do not exist are ignored, here and everywhere.
    pub fn act(&mut self, port: PortId, act: LineAct, now: Moment, out: &mut Vec<ExchangeOutput>) {
        self.with(port, out, |line, config, telling| line.act(act, config, now, telling));
    }

    /// The hook relay of the box moved: true closed (off hook).
    pub fn relay(&mut self, port: PortId, closed: bool, now: Moment, out: &mut Vec<ExchangeOutput>) {
        self.with(port, out, |line, _, telling| line.relay(closed, now, telling));
    }

    /// Digits dialled by tones, told without their sound. A `,` is skipped.
    pub fn dial(&mut self, port: PortId, digits: &str, now: Moment, out: &mut Vec<ExchangeOutput>) {
        self.with(port, out, |line, config, telling| {
            for digit in digits.chars().filter(|digit| *digit != ',') {
                line.digit(digit.to_ascii_uppercase(), config, now, telling);
            }
        });
    }

    /// Digits dialled by pulses, told without moving the relay.
    pub fn dial_pulses(&mut self, port: PortId, digits: &str, now: Moment, out: &mut Vec<ExchangeOutput>) {
        self.dial(port, digits, now, out);
    }

    /// 20 ms that the box puts on the line. Digits in it are received, and the far end hears it.
    pub fn hear(&mut self, port: PortId, frame: &Frame, now: Moment, out: &mut Vec<ExchangeOutput>) {
        self.with(port, out, |line, config, telling| line.hear(frame, config, now, telling));
    }

    /// The next 20 ms that the box hears on the line.
    pub fn line_frame(&mut self, port: PortId) -> Frame {
        match self.lines.get_mut(port.index()) {
            Some(line) => line.frame(&self.config),
            None => Frame::SILENCE,
        }
    }

    /// What sounds on the line, in words.
    #[must_use]
    pub fn sound(&self, port: PortId) -> LineSound {
        self.lines.get(port.index()).map_or(LineSound::Quiet, |line| line.sound().clone())
    }

    /// When [`Exchange::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.lines.iter().map(Subscriber::deadline).fold(None, earliest)
    }

    /// What is due on the lines: ringing, tones, answers, hang-ups.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<ExchangeOutput>) {
        for index in 0..self.config.ports {
            self.with(PortId(index), out, |line, config, telling| line.handle_timeout(config, now, telling));
        }
    }

    /// What a box tells when it looks at every line for the first time: battery, where there is some.
    pub fn look(&self, out: &mut Vec<ExchangeOutput>) {
        for (index, line) in (0..).zip(&self.lines) {
            let event = match line.status(&self.config) {
                LineStatus { millivolts: 0, .. } => LineEvent::BatteryDown,
                LineStatus { millivolts, .. } => LineEvent::BatteryUp { millivolts: Some(millivolts) },
            };
            out.push(ExchangeOutput::Electrical(PortId(index), event));
        }
    }

    fn with(&mut self, port: PortId, out: &mut Vec<ExchangeOutput>, act: impl FnOnce(&mut Subscriber, &ExchangeConfig, &mut Telling<'_>)) {
        if let Some(line) = self.lines.get_mut(port.index()) {
            act(line, &self.config, &mut Telling { port, out });
        }
    }
}

impl Sense for Exchange {
    fn line_status(&self, port: PortId) -> LineStatus {
        self.lines.get(port.index()).map(|line| line.status(&self.config)).unwrap_or_default()
    }
}

/// How long the loop must be open before the exchange believes that the subscriber hung up; shorter is a flash.
const CLEARED: Duration = Duration::from_millis(800);
