//! One line at the exchange: its wire, its loop, and the digits it collects.

use std::time::Duration;

use super::voice::Voice;
use super::waiting::CallThatWaits;
use super::{CLEARED, ExchangeConfig, Telling};
use crate::dsp::Frame;
use crate::dsp::dtmf::frequencies_of;
use crate::fxo::LineEvent;
use crate::fxo::boxlink::message::LineStatus;
use crate::fxo::simulator::act::{ExchangeEvent, HangUpHow, IncomingCall, LineAct, LineSound, Sound};
use crate::fxo::simulator::script::Answer;
use crate::rng::Rng;
use crate::time::{Moment, Timers};

/// Voltages of a line whose loop is closed, by the box and by a parallel telephone.
const OFF_HOOK_MV: i32 = 7_200;
const IN_USE_MV: i32 = 8_400;

/// Dial tone comes so long after the loop closed.
pub(super) const DIAL_TONE_DELAY: Duration = Duration::from_millis(200);

/// Without a digit for this long, dial tone gives way to congestion.
const FIRST_DIGIT_WAIT: Duration = Duration::from_secs(20);

/// Without another digit for this long, a number is complete.
const NEXT_DIGIT_WAIT: Duration = Duration::from_secs(4);

/// An opening of the loop up to this long is a pulse.
const LONGEST_PULSE: Duration = Duration::from_millis(150);

/// A loop that stays closed for this long ends a pulse digit.
const PULSE_DIGIT_PAUSE: Duration = Duration::from_millis(300);

/// The ringing stops when the loop is closed for this long; a subscriber who lets go at once did not answer.
const RING_TRIP: Duration = Duration::from_millis(150);

/// How long a called subscriber may hang up and lift again without losing the call.
const CALLED_CLEARED: Duration = Duration::from_secs(2);

/// Most digits of a number.
const MAX_DIGITS: usize = 32;

#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) stage: Stage,
    pub(super) timers: Timers<Clock>,
    pub(super) wire: Wire,
    pub(super) voice: Voice,
    sound: LineSound,
    gives_dial_tone: bool,
    /// A hook flash gives dial tone, and the far end waits.
    pub(super) recalls: bool,
    /// The far end that waits.
    pub(super) held: Option<Stage>,
    /// A second caller is announced to whoever talks.
    calls_wait: bool,
    /// The second caller.
    pub(super) waiting: Option<CallThatWaits>,
    /// When the loop opened.
    opened: Option<Moment>,
    pulses: u32,
}

/// The wire between exchange and subscriber.
#[derive(Debug)]
pub(super) struct Wire {
    cable: bool,
    relay: bool,
    extension: bool,
    pub(super) forward: bool,
    /// The exchange has cut the current since this moment.
    pub(super) cut: Option<Moment>,
    /// A ring burst sounds since this moment.
    pub(super) ringing: Option<Moment>,
}

impl Wire {
    /// The exchange sees a closed loop.
    fn is_closed(&self) -> bool {
        self.cable && (self.relay || self.extension)
    }

    /// Whoever is at the other end notices events and sound.
    pub(super) fn is_plugged(&self) -> bool {
        self.cable
    }
}

/// How far a line is.
#[derive(Debug)]
pub(super) enum Stage {
    /// Loop open, nothing going on.
    OnHook,
    /// Somebody calls: caller ID, then ringing.
    Ringing(IncomingCall, Ring),
    /// The loop closed; dial tone is to come, or does not.
    Waiting,
    /// Dial tone.
    DialTone,
    /// Digits come in.
    Collecting(String),
    /// The number is complete, the call on its way.
    Routing(String),
    /// The called party rings.
    Alerting(Option<Answer>),
    /// Two people talk; what the far end sounds like, and how it will hang up by itself.
    Talking { sound: Sound, how: Option<HangUpHow>, incoming: bool, collect: bool },
    /// Nobody is there any more, or never was: tone or silence until the subscriber hangs up.
    Over,
}

/// Where a ringing line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ring {
    /// The polarity turned; caller ID follows.
    Announced,
    /// Caller ID is being sent before the first ring.
    CallerIdFirst,
    /// The element of the cadence, counted from the first.
    Element(u32),
}

/// The timers of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Clock {
    DialTone,
    FirstDigit,
    NextDigit,
    PulseDigit,
    Cleared,
    Routed,
    CalledAnswers,
    FarEndHangsUp,
    CurrentBack,
    RingElement,
    CallerIdBegins,
    CallerIdEnds,
    RingTrip,
    CallWaiting,
}

impl Subscriber {
    pub(super) fn new(config: &ExchangeConfig, rng: Rng) -> Self {
        Subscriber {
            stage: Stage::OnHook,
            timers: Timers::new(),
            wire: Wire { cable: config.cables_in, relay: false, extension: false, forward: true, cut: None, ringing: None },
            voice: Voice::new(config, rng),
            sound: LineSound::Quiet,
            gives_dial_tone: true,
            recalls: config.recalls,
            held: None,
            calls_wait: config.calls_wait,
            waiting: None,
            opened: None,
            pulses: 0,
        }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.timers.deadline()
    }

    pub(super) fn sound(&self) -> &LineSound {
        &self.sound
    }

    /// What the line interface at the other end measures.
    pub(super) fn status(&self, config: &ExchangeConfig) -> LineStatus {
        let wire = &self.wire;
        let fed = wire.cable && wire.cut.is_none();
        let (level, tenths_ma) = match (fed, wire.relay, wire.extension) {
            (false, ..) => (0, 0),
            (true, true, _) => (OFF_HOOK_MV, u16::try_from(config.loop_microamps / 100).unwrap_or(u16::MAX)),
            (true, false, true) => (IN_USE_MV, 0),
            (true, false, false) => (config.on_hook_millivolts, 0),
        };
        LineStatus {
            millivolts: if wire.forward { level } else { -level },
            tenths_ma,
            forward: wire.forward,
            ringing: wire.cable && wire.ringing.is_some(),
            off_hook: wire.relay,
            extension: wire.cable && wire.extension,
            overload: 0,
        }
    }

    pub(super) fn act(&mut self, act: LineAct, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        match act {
            LineAct::Ring(call) if self.calls_wait && matches!(self.stage, Stage::Talking { .. }) => {
                self.called_while_talking(call, now, telling);
            }
            LineAct::Ring(call) => self.called(call, config, now, telling),
            LineAct::StopRinging => self.stop_ringing(now, telling),
            LineAct::Answer { polarity } => self.answer_now(polarity, config, now, telling),
            LineAct::HangUp { how } => self.far_end_hangs_up(how, config, now, telling),
            LineAct::CableOut => self.plug(false, config, now, telling),
            LineAct::CableIn => self.plug(true, config, now, telling),
            LineAct::Extension { off_hook } => self.lift_extension(off_hook, now, telling),
            LineAct::Speak { sound } => self.speak(sound, telling),
            LineAct::DialTone { present } => self.gives_dial_tone = present,
            LineAct::Recall { present } => self.recalls = present,
            LineAct::CallWaiting { present } => self.calls_wait = present,
            LineAct::Interrupt { ms } => self.cut_current(ms, now, telling),
            LineAct::Reverse => self.reverse(!self.wire.forward, telling),
        }
    }

    pub(super) fn handle_timeout(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        while let Some(clock) = self.timers.expired(now) {
            match clock {
                Clock::DialTone => self.dial_tone(now, telling),
                Clock::FirstDigit => self.no_route(telling),
                Clock::NextDigit => self.number_complete(now, telling),
                Clock::PulseDigit => self.pulse_digit(config, now, telling),
                Clock::Cleared => self.cleared(telling),
                Clock::Routed => self.routed(config, now, telling),
                Clock::CalledAnswers => self.called_answers(config, now, telling),
                Clock::FarEndHangsUp => self.scripted_hang_up(config, now, telling),
                Clock::CurrentBack => self.current_back(now, telling),
                Clock::RingElement => self.ring_element(config, now, telling),
                Clock::CallerIdBegins => self.caller_id_begins(config, now, telling),
                Clock::CallerIdEnds => self.caller_id_ends(now, telling),
                Clock::RingTrip => self.answered_here(now, telling),
                Clock::CallWaiting => self.announce(config, now, telling),
            }
        }
    }

    /// Another sound begins.
    pub(super) fn set_sound(&mut self, sound: LineSound, telling: &mut Telling<'_>) {
        if self.sound != sound {
            self.voice.change();
            self.sound = sound.clone();
            telling.sound(sound);
        }
    }

    pub(super) fn relay(&mut self, closed: bool, now: Moment, telling: &mut Telling<'_>) {
        let was = self.wire.is_closed();
        self.wire.relay = closed;
        self.loop_moved(was, now, telling);
    }

    fn lift_extension(&mut self, off_hook: bool, now: Moment, telling: &mut Telling<'_>) {
        if self.wire.extension == off_hook {
            return;
        }
        let was = self.wire.is_closed();
        self.wire.extension = off_hook;
        telling.event(ExchangeEvent::Extension { off_hook });
        if self.wire.cable {
            telling.electrical(if off_hook { LineEvent::ExtensionPickup } else { LineEvent::ExtensionRelease });
        }
        self.loop_moved(was, now, telling);
    }

    fn plug(&mut self, cable: bool, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        if self.wire.cable == cable {
            return;
        }
        let was = self.wire.is_closed();
        if !cable && let Some(since) = self.wire.ringing {
            telling.electrical(LineEvent::RingOff { on: now - since });
        }
        self.wire.cable = cable;
        telling.event(ExchangeEvent::Battery { present: cable });
        telling.electrical(if cable {
            LineEvent::BatteryUp { millivolts: Some(self.status(config).millivolts) }
        } else {
            LineEvent::BatteryDown
        });
        if self.wire.extension {
            telling.electrical(if cable { LineEvent::ExtensionPickup } else { LineEvent::ExtensionRelease });
        }
        self.loop_moved(was, now, telling);
    }

    /// The loop closed or opened. What an opening means is known when it is over.
    fn loop_moved(&mut self, was: bool, now: Moment, telling: &mut Telling<'_>) {
        let closed = self.wire.is_closed();
        if was == closed {
            return;
        }
        telling.event(ExchangeEvent::Hook { off_hook: closed });
        if closed {
            self.loop_closed(now, telling);
        } else {
            self.loop_opened(now);
        }
    }

    fn loop_opened(&mut self, now: Moment) {
        self.timers.clear(Clock::RingTrip);
        self.timers.clear(Clock::PulseDigit);
        let cleared = match &self.stage {
            Stage::OnHook | Stage::Ringing(..) => return,
            Stage::Talking { incoming: true, collect: false, .. } => CALLED_CLEARED,
            Stage::Talking { .. }
            | Stage::Waiting
            | Stage::DialTone
            | Stage::Collecting(_)
            | Stage::Routing(_)
            | Stage::Alerting(_)
            | Stage::Over => CLEARED,
        };
        self.opened = Some(now);
        self.timers.set(Clock::Cleared, now + cleared);
    }

    fn loop_closed(&mut self, now: Moment, telling: &mut Telling<'_>) {
        let open = self.opened.take().map(|since| now - since);
        let is_flash = open.is_some_and(|open| open > LONGEST_PULSE && open < CLEARED);
        self.timers.clear(Clock::Cleared);
        match &self.stage {
            Stage::OnHook => {
                self.stage = Stage::Waiting;
                self.timers.set(Clock::DialTone, now + DIAL_TONE_DELAY);
            }
            Stage::Ringing(..) => self.timers.set(Clock::RingTrip, now + RING_TRIP),
            Stage::Waiting | Stage::DialTone | Stage::Collecting(_) if is_flash && self.held.is_some() => self.flashed(now, telling),
            Stage::Waiting | Stage::DialTone | Stage::Collecting(_) => {
                if open.is_some_and(|open| open <= LONGEST_PULSE) {
                    self.pulses += 1;
                    self.timers.set(Clock::PulseDigit, now + PULSE_DIGIT_PAUSE);
                    self.timers.clear(Clock::DialTone);
                    self.set_sound(LineSound::Quiet, telling);
                }
            }
            Stage::Routing(_) | Stage::Alerting(_) | Stage::Talking { .. } | Stage::Over => {
                if is_flash {
                    self.flashed(now, telling);
                }
            }
        }
    }

    /// The subscriber hung up for good.
    fn cleared(&mut self, telling: &mut Telling<'_>) {
        self.opened = None;
        self.leave_held(telling);
        self.timers.clear_all();
        self.waiting = None;
        self.stage = Stage::OnHook;
        self.pulses = 0;
        self.wire.cut = None;
        self.set_sound(LineSound::Quiet, telling);
        self.reverse(true, telling);
        telling.event(ExchangeEvent::Released);
    }

    fn dial_tone(&mut self, now: Moment, telling: &mut Telling<'_>) {
        if matches!(self.stage, Stage::Waiting) && self.gives_dial_tone {
            self.stage = Stage::DialTone;
            self.timers.set(Clock::FirstDigit, now + FIRST_DIGIT_WAIT);
            self.set_sound(LineSound::DialTone, telling);
        }
    }

    fn pulse_digit(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        let pulses = std::mem::take(&mut self.pulses);
        if let Some(digit) = char::from_digit(pulses % 10, 10).filter(|_| (1..=10).contains(&pulses)) {
            self.digit(digit, config, now, telling);
        }
    }

    /// A digit was received. Only before the call is on its way it is part of the number.
    pub(super) fn digit(&mut self, digit: char, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        if frequencies_of(digit).is_none() || !self.wire.is_closed() || !config.digits_break_dial_tone {
            return;
        }
        telling.event(ExchangeEvent::Digit { digit });
        self.asks_who_waits(digit, now);
        let mut number = match &mut self.stage {
            Stage::Waiting | Stage::DialTone => String::new(),
            Stage::Collecting(number) => std::mem::take(number),
            Stage::OnHook | Stage::Ringing(..) | Stage::Routing(_) | Stage::Alerting(_) | Stage::Talking { .. } | Stage::Over => return,
        };
        self.timers.clear(Clock::DialTone);
        self.timers.clear(Clock::FirstDigit);
        self.timers.set(Clock::NextDigit, now + NEXT_DIGIT_WAIT);
        self.set_sound(LineSound::Quiet, telling);
        let ended = digit == '#' && !number.is_empty();
        if !ended && number.len() < MAX_DIGITS {
            number.push(digit);
        }
        let complete = ended || config.exact_script(&number).is_some();
        self.stage = Stage::Collecting(number);
        if complete {
            self.number_complete(now, telling);
        }
    }

    /// 20 ms from the subscriber.
    pub(super) fn hear(&mut self, frame: &Frame, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        let reaches = self.wire.cable && self.wire.relay;
        let heard = if reaches { *frame } else { Frame::SILENCE };
        for digit in self.voice.hear(&heard) {
            self.digit(digit, config, now, telling);
        }
    }

    /// 20 ms for the subscriber.
    pub(super) fn frame(&mut self, config: &ExchangeConfig) -> Frame {
        let fed = self.wire.cable && self.wire.cut.is_none();
        // On hook a box hears caller ID only, and a telephone beside it.
        let audible = matches!(self.sound, LineSound::CallerId(_)) || self.wire.is_closed();
        let sound = if fed && audible { &self.sound } else { &LineSound::Quiet };
        self.voice.frame(sound, self.wire.relay && self.wire.cable, config)
    }

    pub(super) fn reverse(&mut self, forward: bool, telling: &mut Telling<'_>) {
        if self.wire.forward != forward {
            self.wire.forward = forward;
            if self.wire.cable {
                telling.electrical(LineEvent::Polarity { forward });
            }
        }
    }

    pub(super) fn cut_current(&mut self, ms: u32, now: Moment, telling: &mut Telling<'_>) {
        if self.wire.cut.is_none() && self.wire.relay && self.wire.cable {
            telling.electrical(LineEvent::LoopOpened);
        }
        self.wire.cut.get_or_insert(now);
        self.timers.set(Clock::CurrentBack, now + Duration::from_millis(u64::from(ms)));
    }

    fn current_back(&mut self, now: Moment, telling: &mut Telling<'_>) {
        if let Some(since) = self.wire.cut.take()
            && self.wire.relay
            && self.wire.cable
        {
            telling.electrical(LineEvent::LoopInterruption { duration: now - since });
        }
    }
}
