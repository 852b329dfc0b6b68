//! Call waiting: a second caller is announced to a subscriber who talks, and told who it is to one who asks.
//!
//! A short tone (the subscriber alerting signal) and, where there is caller ID to tell by FSK, the alerting signal of GR-30: the digit D in
//! time brings the message. A hook flash puts the first far end aside and takes the second caller; the next one brings the first back and
//! lets the second go, and a call that ends takes who waits with it (a real exchange would ring again).

use std::time::Duration;

use super::subscriber::{Clock, Stage, Subscriber};
use super::voice::waiting_caller_duration;
use super::{ExchangeConfig, Telling};
use crate::dsp::callerid::{ALERTING_MS, CallerId, CallerIdSource};
use crate::fxo::simulator::act::{CallerIdSending, ExchangeEvent, IncomingCall, LineSound};
use crate::fxo::simulator::script::USUAL_ECHO;
use crate::time::Moment;

/// How long the tone for the subscriber's ear sounds.
const TONE: Duration = Duration::from_millis(300);

/// The answer must begin within 160 ms; it is recognised some 60 ms later.
const ANSWER_WAIT: Duration = Duration::from_millis(220);

/// From the answer to the message: 60 to 500 ms after its end.
const BEFORE_MESSAGE: Duration = Duration::from_millis(200);

/// The digit with which a subscriber asks.
const ANSWER: char = 'D';

/// A second caller.
#[derive(Debug)]
pub(super) struct CallThatWaits {
    call: IncomingCall,
    announced: Announced,
}

/// How far the announcement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announced {
    /// The tone for the ear sounds.
    Tone,
    /// The alerting signal sounds.
    Alerting,
    /// An answer is waited for.
    Silence,
    /// The answer came.
    Answered,
    /// The message is being sent.
    Telling,
    /// All was said; the second caller waits.
    Done,
}

impl Subscriber {
    /// Somebody calls a subscriber who talks.
    pub(super) fn called_while_talking(&mut self, call: IncomingCall, now: Moment, telling: &mut Telling<'_>) {
        if self.waiting.is_some() || self.held.is_some() {
            return telling.event(ExchangeEvent::CallerRefused);
        }
        self.waiting = Some(CallThatWaits { call, announced: Announced::Tone });
        self.timers.set(Clock::CallWaiting, now + TONE);
        telling.event(ExchangeEvent::CallWaiting);
        self.set_sound(LineSound::CallWaiting, telling);
    }

    /// The next step of the announcement is due.
    pub(super) fn announce(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        let Some(CallThatWaits { call, announced }) = &mut self.waiting else { return };
        let caller = told_by_message(call, config);
        let (next, sound, lasts) = match (*announced, caller) {
            (Announced::Tone, Some(_)) => (Announced::Alerting, Some(LineSound::Alerting), Duration::from_millis(ALERTING_MS)),
            (Announced::Alerting, _) => (Announced::Silence, Some(LineSound::Quiet), ANSWER_WAIT),
            (Announced::Answered, Some(caller)) => {
                let lasts = waiting_caller_duration(&caller);
                (Announced::Telling, Some(LineSound::WaitingCaller(caller)), lasts)
            }
            (Announced::Tone | Announced::Silence | Announced::Answered | Announced::Telling | Announced::Done, _) => {
                (Announced::Done, None, Duration::ZERO)
            }
        };
        *announced = next;
        match sound {
            Some(sound) => {
                self.timers.set(Clock::CallWaiting, now + lasts);
                self.set_sound(sound, telling);
            }
            None => self.hear_far_end(telling),
        }
    }

    /// A digit of a subscriber who talks: in time it asks who waits.
    pub(super) fn asks_who_waits(&mut self, digit: char, now: Moment) {
        if let Some(CallThatWaits { announced: announced @ Announced::Silence, .. }) = &mut self.waiting
            && digit == ANSWER
        {
            *announced = Announced::Answered;
            self.timers.set(Clock::CallWaiting, now + BEFORE_MESSAGE);
        }
    }

    /// The subscriber takes the second caller, and the first far end waits.
    pub(super) fn take_waiting(&mut self, telling: &mut Telling<'_>) -> bool {
        let Some(CallThatWaits { call, .. }) = self.forget_waiting() else { return false };
        let talking = Stage::Talking { sound: call.sound.unwrap_or(USUAL_ECHO), how: None, incoming: true, collect: false };
        self.timers.clear(Clock::FarEndHangsUp);
        self.held = Some(std::mem::replace(&mut self.stage, talking));
        telling.event(ExchangeEvent::Connected);
        telling.event(ExchangeEvent::Held);
        self.hear_far_end(telling);
        true
    }

    /// The second caller gives up.
    pub(super) fn waiting_gives_up(&mut self, telling: &mut Telling<'_>) {
        if self.forget_waiting().is_some() {
            telling.event(ExchangeEvent::RingingStopped);
            self.hear_far_end(telling);
        }
    }

    /// Whether tones and messages of the announcement take the place of the far end.
    pub(super) fn is_announcing(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.announced != Announced::Done)
    }

    /// The second caller is gone, or somewhere else.
    pub(super) fn forget_waiting(&mut self) -> Option<CallThatWaits> {
        self.timers.clear(Clock::CallWaiting);
        self.waiting.take()
    }
}

/// What the exchange has to tell by FSK of this caller.
fn told_by_message(call: &IncomingCall, config: &ExchangeConfig) -> Option<CallerId> {
    let source = match call.caller_id.unwrap_or(config.caller_id) {
        CallerIdSending::Never => return None,
        CallerIdSending::BeforeRing { source } | CallerIdSending::AfterRing { source } => source,
    };
    matches!(source, CallerIdSource::Bell202 | CallerIdSource::V23).then(|| call.caller(source))
}
