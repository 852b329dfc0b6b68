//! Giving the line back, and proving it: a line is never left seized.

use std::time::Duration;

use super::state::{Call, Purpose, Releasing, RingSeen, State, Timer};
use super::{HangUpEvidence, Line, LineOutput, LineReport, command, report};
use crate::fxo::LineCommand;
use crate::time::Moment;

/// Longest wait for the proof of one release.
const RELEASE_WAIT: Duration = Duration::from_millis(500);

/// The release and its repetitions, before the port is reset.
const RELEASE_TRIES: u32 = 4;

/// A line that does not let go is told to every so often, for ever.
const FAULT_RETRY: Duration = Duration::from_secs(5);

impl Line {
    /// The gateway gives the line back.
    pub(super) fn release(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        match &mut self.state {
            State::Seizing(_) | State::OffHook(_) => self.start_release(Purpose::EndSeizure, now, out),
            State::Releasing(_)
            | State::Absent
            | State::NoBattery
            | State::Idle
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::InUse
            | State::Guard
            | State::OutOfService
            | State::Fault(_) => {}
        }
    }

    pub(super) fn start_release(&mut self, purpose: Purpose, now: Moment, out: &mut Vec<LineOutput>) {
        self.timers.clear_all();
        self.facts.battery_lost = None;
        self.state = State::Releasing(Releasing { tries: 1, reset: false, purpose, ring: RingSeen::No });
        self.timers.set(Timer::Release, now + RELEASE_WAIT);
        self.order_release(out);
    }

    fn order_release(&self, out: &mut Vec<LineOutput>) {
        command(out, LineCommand::Release);
        if self.facts.distrusted {
            command(out, LineCommand::Measure);
        }
    }

    /// Repeated, then reset, then alarm, then repeated for ever.
    pub(super) fn release_unconfirmed(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        match &mut self.state {
            State::Releasing(releasing) if releasing.tries < RELEASE_TRIES => {
                releasing.tries += 1;
                self.timers.set(Timer::Release, now + RELEASE_WAIT);
                self.order_release(out);
            }
            State::Releasing(releasing) if !releasing.reset => {
                releasing.reset = true;
                self.timers.set(Timer::Release, now + RELEASE_WAIT);
                command(out, LineCommand::Reset);
                self.order_release(out);
            }
            State::Releasing(Releasing { purpose, .. }) => {
                let purpose = *purpose;
                self.state = State::Fault(purpose);
                self.timers.set(Timer::Release, now + FAULT_RETRY);
                report(out, LineReport::StuckOffHook);
            }
            State::Fault(_) => {
                self.timers.set(Timer::Release, now + FAULT_RETRY);
                command(out, LineCommand::Reset);
                self.order_release(out);
            }
            State::Absent
            | State::NoBattery
            | State::Idle
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::InUse
            | State::Seizing(_)
            | State::OffHook(_)
            | State::Guard
            | State::OutOfService => {}
        }
    }

    /// The device tells where its hook relay is.
    pub(super) fn hook(&mut self, off_hook: bool, now: Moment, out: &mut Vec<LineOutput>) {
        if off_hook {
            self.off_hook_seen(now, out);
        } else if !(self.facts.distrusted && matches!(self.state, State::Releasing(_) | State::Fault(_))) {
            self.on_hook_seen(now, out);
        }
    }

    /// A measurement is the stronger proof: it ends distrust, and while on hook it raises it.
    pub(super) fn measured_hook(&mut self, off_hook: bool, now: Moment, out: &mut Vec<LineOutput>) {
        if !off_hook {
            self.facts.distrusted = false;
            self.on_hook_seen(now, out);
            return;
        }
        match &self.state {
            State::Idle
            | State::NoBattery
            | State::InUse
            | State::Guard
            | State::OutOfService
            | State::Ringing(_)
            | State::Alerting { .. } => self.facts.distrusted = true,
            State::Absent | State::Seizing(_) | State::OffHook(_) | State::Releasing(_) | State::Fault(_) => {}
        }
        self.off_hook_seen(now, out);
    }

    fn off_hook_seen(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        match &self.state {
            State::Seizing(_) => self.seized(now, out),
            State::Idle | State::Alerting { .. } | State::NoBattery | State::InUse | State::Guard | State::OutOfService => {
                self.start_release(Purpose::Prove, now, out)
            }
            State::Ringing(_) => {
                report(out, LineReport::RingingEnded);
                self.start_release(Purpose::Prove, now, out);
            }
            // Releasing and Fault: the proof of release is still to come.
            State::Absent | State::OffHook(_) | State::Releasing(_) | State::Fault(_) => {}
        }
    }

    fn on_hook_seen(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        match &self.state {
            State::Releasing(releasing) => {
                let (purpose, ring) = (releasing.purpose, releasing.ring);
                self.on_hook(purpose, ring, now, out);
            }
            State::Fault(purpose) => {
                let purpose = *purpose;
                self.on_hook(purpose, RingSeen::No, now, out);
            }
            State::OffHook(call) => self.dropped_by_device(call.signal.is_some(), now, out),
            // A seizure may be preceded by a late proof of the release before it.
            State::Seizing(_)
            | State::Absent
            | State::NoBattery
            | State::Idle
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::InUse
            | State::Guard
            | State::OutOfService => {}
        }
    }

    /// The device went on hook by itself: its watchdog, or a restart. During a flash that is what we ordered.
    fn dropped_by_device(&mut self, signalling: bool, now: Moment, out: &mut Vec<LineOutput>) {
        if signalling {
            return;
        }
        let State::OffHook(Call { .. }) = self.state else { return };
        self.hung_up(HangUpEvidence::DeviceGone, now, out);
        self.on_hook(Purpose::EndSeizure, RingSeen::No, now, out);
    }

    /// On hook is proven.
    fn on_hook(&mut self, purpose: Purpose, ring: RingSeen, now: Moment, out: &mut Vec<LineOutput>) {
        self.timers.clear_all();
        self.state = State::Guard;
        if purpose == Purpose::EndSeizure {
            report(out, LineReport::Released);
        }
        match ring {
            RingSeen::Since(since) => self.alert(since, now, out),
            RingSeen::Burst => self.ring_off(self.config.ring_validation, now, out),
            RingSeen::No => match purpose {
                Purpose::EndSeizure | Purpose::Abandon => {
                    // Loop current that still flows now contradicts the proof.
                    command(out, LineCommand::Measure);
                    self.timers.set(Timer::Guard, now + self.config.guard);
                }
                Purpose::Yield | Purpose::Prove => self.rest(now, out),
            },
        }
    }
}
