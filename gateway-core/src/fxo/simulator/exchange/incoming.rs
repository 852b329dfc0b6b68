//! Calls to the subscriber: caller ID and ringing.

use std::time::Duration;

use super::subscriber::{Clock, Ring, Stage, Subscriber};
use super::voice::caller_id_duration;
use super::{ExchangeConfig, Telling};
use crate::dsp::callerid::CallerIdSource;
use crate::fxo::LineEvent;
use crate::fxo::simulator::act::{CallerIdSending, ExchangeEvent, IncomingCall, LineSound};
use crate::fxo::simulator::script::USUAL_ECHO;
use crate::time::Moment;

/// Before the first ring the polarity turns for this long, then caller ID comes.
const REVERSAL: Duration = Duration::from_millis(250);

/// From the caller ID before the first ring to that ring.
const BEFORE_RING: Duration = Duration::from_millis(300);

/// From the first ring to the caller ID after it.
const AFTER_RING: Duration = Duration::from_millis(250);

/// A caller gives up after so many elements of the cadence, whatever he was told to do.
const MOST_ELEMENTS: u32 = 60;

impl Subscriber {
    pub(super) fn called(&mut self, call: IncomingCall, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        if !matches!(self.stage, Stage::OnHook) {
            return telling.event(ExchangeEvent::CallerRefused);
        }
        telling.event(ExchangeEvent::Ringing);
        let sending = call.caller_id.unwrap_or(config.caller_id);
        match sending {
            CallerIdSending::BeforeRing { .. } => {
                self.reverse(false, telling);
                self.stage = Stage::Ringing(call, Ring::Announced);
                self.timers.set(Clock::CallerIdBegins, now + REVERSAL);
            }
            CallerIdSending::Never | CallerIdSending::AfterRing { .. } => {
                self.stage = Stage::Ringing(call, Ring::Element(0));
                self.begin_element(config, now, telling);
            }
        }
    }

    /// The next element of the cadence begins: even ones ring, odd ones are silent.
    fn begin_element(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        let Stage::Ringing(call, Ring::Element(element)) = &self.stage else { return };
        let cadence = call.cadence_ms.as_ref().unwrap_or(&config.ring_cadence_ms);
        let Some(at) = usize::try_from(*element).ok().and_then(|element| element.checked_rem(cadence.len())) else {
            return self.stop_ringing(now, telling);
        };
        let length = Duration::from_millis(u64::from(cadence.get(at).copied().unwrap_or(0).max(20)));
        if *element >= MOST_ELEMENTS {
            return self.stop_ringing(now, telling);
        }
        let source = match call.caller_id.unwrap_or(config.caller_id) {
            CallerIdSending::AfterRing { source } if *element == 1 => Some(source),
            CallerIdSending::AfterRing { .. } | CallerIdSending::BeforeRing { .. } | CallerIdSending::Never => None,
        };
        if at % 2 == 0 {
            self.wire.ringing = Some(now);
            if self.wire.is_plugged() {
                telling.electrical(LineEvent::RingOn { frequency_hz: config.ring_frequency_hz });
            }
        } else if source.is_some() {
            self.timers.set(Clock::CallerIdBegins, now + AFTER_RING);
        }
        self.timers.set(Clock::RingElement, now + length);
    }

    pub(super) fn ring_element(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        self.burst_ends(now, telling);
        match &mut self.stage {
            Stage::Ringing(_, Ring::Element(element)) => *element += 1,
            Stage::Ringing(_, ring) => *ring = Ring::Element(0),
            Stage::OnHook
            | Stage::Waiting
            | Stage::DialTone
            | Stage::Collecting(_)
            | Stage::Routing(_)
            | Stage::Alerting(_)
            | Stage::Talking { .. }
            | Stage::Over => return,
        }
        self.begin_element(config, now, telling);
    }

    fn burst_ends(&mut self, now: Moment, telling: &mut Telling<'_>) {
        if let Some(since) = self.wire.ringing.take()
            && self.wire.is_plugged()
        {
            telling.electrical(LineEvent::RingOff { on: now - since });
        }
    }

    pub(super) fn caller_id_begins(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        let Stage::Ringing(call, ring) = &mut self.stage else { return };
        let source = match call.caller_id.unwrap_or(config.caller_id) {
            CallerIdSending::Never => return,
            CallerIdSending::BeforeRing { source } => {
                *ring = Ring::CallerIdFirst;
                source
            }
            CallerIdSending::AfterRing { source } => source,
        };
        let caller = call.caller(source);
        self.timers.set(Clock::CallerIdEnds, now + caller_id_duration(&caller));
        self.reverse(true, telling);
        self.set_sound(LineSound::CallerId(caller), telling);
    }

    pub(super) fn caller_id_ends(&mut self, now: Moment, telling: &mut Telling<'_>) {
        if let LineSound::CallerId(caller) = self.sound().clone() {
            self.set_sound(LineSound::Quiet, telling);
            if caller.source == CallerIdSource::Device && self.wire.is_plugged() {
                telling.electrical(LineEvent::CallerId(caller));
            }
        }
        if let Stage::Ringing(_, Ring::CallerIdFirst) = self.stage {
            self.timers.set(Clock::RingElement, now + BEFORE_RING);
        }
    }

    /// The subscriber lifted and stayed.
    pub(super) fn answered_here(&mut self, now: Moment, telling: &mut Telling<'_>) {
        self.burst_ends(now, telling);
        self.end_ringing_clocks();
        let Stage::Ringing(call, _) = &mut self.stage else { return };
        let sound = call.sound.take().unwrap_or(USUAL_ECHO);
        let collect = call.category == Some(IncomingCall::COLLECT);
        self.stage = Stage::Talking { sound: sound.clone(), how: None, incoming: true, collect };
        telling.event(ExchangeEvent::Connected);
        self.reverse(true, telling);
        self.set_sound(LineSound::FarEnd(sound), telling);
    }

    /// The caller gave up, or the second one did. A subscriber who lifted just now gets dial tone.
    pub(super) fn stop_ringing(&mut self, now: Moment, telling: &mut Telling<'_>) {
        if !matches!(self.stage, Stage::Ringing(..)) {
            return self.waiting_gives_up(telling);
        }
        let lifted = self.timers.get(Clock::RingTrip).is_some();
        self.burst_ends(now, telling);
        self.end_ringing_clocks();
        self.set_sound(LineSound::Quiet, telling);
        self.reverse(true, telling);
        telling.event(ExchangeEvent::RingingStopped);
        self.stage = if lifted { Stage::Waiting } else { Stage::OnHook };
        if lifted {
            self.timers.set(Clock::DialTone, now);
        }
    }

    fn end_ringing_clocks(&mut self) {
        for clock in [Clock::RingElement, Clock::CallerIdBegins, Clock::CallerIdEnds, Clock::RingTrip] {
            self.timers.clear(clock);
        }
    }
}
