//! Ringing: which bursts count, the wait for caller ID, and when the caller has given up.

use std::time::Duration;

use super::state::{Releasing, RingSeen, Ringing, State, Timer};
use super::{Line, LineOutput, LineReport, report};
use crate::dsp::callerid::CallerId;
use crate::time::Moment;

/// Caller ID heard this long before the ring still belongs to it.
const EARLY_CALLER: Duration = Duration::from_secs(6);

/// No country rings for longer at once; a burst without end is over by then.
const LONGEST_BURST: Duration = Duration::from_secs(5);

impl Line {
    pub(super) fn ring_on(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        match &mut self.state {
            // Ringing voltage is proof of a live line, whatever event was lost before.
            State::Idle | State::NoBattery | State::InUse | State::Guard => self.alert(now, now, out),
            State::Alerting { .. } => {}
            State::Ringing(_) => {
                self.facts.battery_lost = None;
                self.timers.clear(Timer::BatteryLost);
                self.timers.set(Timer::RingTimeout, now + self.config.ring_timeout + LONGEST_BURST);
            }
            State::Seizing(seizing) => {
                if !seizing.answering {
                    self.glare(now, out);
                }
            }
            State::Releasing(Releasing { ring, .. }) => *ring = RingSeen::Since(now),
            State::Absent | State::OffHook(_) | State::OutOfService | State::Fault(_) => {}
        }
    }

    /// A burst is over. Its length is the device's own measurement, so it also counts when its beginning was lost.
    pub(super) fn ring_off(&mut self, on: Duration, now: Moment, out: &mut Vec<LineOutput>) {
        let counts = on >= self.config.ring_validation;
        match &mut self.state {
            State::Alerting { .. } => {
                if counts {
                    self.ring(now, out);
                    self.burst_over(now);
                } else {
                    self.rest(now, out);
                }
            }
            State::Idle | State::NoBattery | State::InUse | State::Guard => {
                if counts {
                    self.ring(now, out);
                    self.burst_over(now);
                }
            }
            State::Ringing(_) => self.burst_over(now),
            State::Releasing(Releasing { ring, .. }) => {
                if counts {
                    *ring = RingSeen::Burst;
                } else if matches!(ring, RingSeen::Since(_)) {
                    *ring = RingSeen::No;
                }
            }
            State::Absent | State::Seizing(_) | State::OffHook(_) | State::OutOfService | State::Fault(_) => {}
        }
    }

    /// A burst began at `since`; it counts when it lasts.
    pub(super) fn alert(&mut self, since: Moment, now: Moment, out: &mut Vec<LineOutput>) {
        if self.facts.held {
            return self.rest(now, out);
        }
        self.timers.clear_all();
        self.state = State::Alerting { since };
        let valid = since + self.config.ring_validation;
        if valid <= now {
            self.ring(now, out);
        } else {
            self.timers.set(Timer::RingValid, valid);
        }
    }

    /// The burst is long enough and goes on.
    pub(super) fn ring_lasted(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        if matches!(self.state, State::Alerting { .. }) {
            self.ring(now, out);
        }
    }

    /// A valid ring. Tells the caller at once when it was heard before, or when nobody waits for it.
    fn ring(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        let began = if let State::Alerting { since } = self.state { since } else { now };
        self.timers.clear_all();
        self.facts.battery = true;
        self.facts.extension = false;
        self.facts.battery_lost = None;
        self.state = State::Ringing(Ringing::default());
        self.timers.set(Timer::RingTimeout, began + LONGEST_BURST + self.config.ring_timeout);
        self.timers.set(Timer::Caller, began + LONGEST_BURST + self.config.caller_id_wait);
        report(out, LineReport::Ringing);
        match self.facts.early_caller.take() {
            Some((caller, at)) if began - at <= EARLY_CALLER => self.tell_caller(Some(caller), out),
            Some(_) | None => {
                if self.config.caller_id_wait.is_zero() {
                    self.tell_caller(None, out);
                }
            }
        }
    }

    fn burst_over(&mut self, now: Moment) {
        let State::Ringing(ringing) = &mut self.state else { return };
        self.timers.set(Timer::RingTimeout, now + self.config.ring_timeout);
        if !ringing.first_burst_over && !ringing.caller_told {
            self.timers.set(Timer::Caller, now + self.config.caller_id_wait);
        }
        ringing.first_burst_over = true;
    }

    pub(super) fn caller_heard(&mut self, caller: CallerId, now: Moment, out: &mut Vec<LineOutput>) {
        match &self.state {
            State::Ringing(ringing) => {
                if !ringing.caller_told {
                    self.tell_caller(Some(caller), out);
                }
            }
            // Before the ring, or while the line is still busy letting go of the last call.
            State::NoBattery | State::Idle | State::Alerting { .. } | State::InUse | State::Releasing(_) | State::Guard => {
                self.facts.early_caller = Some((caller, now))
            }
            State::Absent | State::Seizing(_) | State::OffHook(_) | State::OutOfService | State::Fault(_) => {}
        }
    }

    pub(super) fn caller_wait_over(&mut self, out: &mut Vec<LineOutput>) {
        self.tell_caller(None, out);
    }

    fn tell_caller(&mut self, caller: Option<CallerId>, out: &mut Vec<LineOutput>) {
        let State::Ringing(ringing) = &mut self.state else { return };
        if !ringing.caller_told {
            ringing.caller_told = true;
            self.timers.clear(Timer::Caller);
            report(out, LineReport::Caller(caller));
        }
    }

    /// The caller gave up, or somebody took the call on another telephone.
    pub(super) fn ringing_ended(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        if matches!(self.state, State::Ringing(_)) {
            report(out, LineReport::RingingEnded);
            self.facts.early_caller = None;
            self.rest(now, out);
        }
    }
}
