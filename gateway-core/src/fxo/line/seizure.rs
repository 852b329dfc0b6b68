//! The seized line: taking it, signalling on it, and judging whether the far end is still there.

use std::time::Duration;

use super::state::{Call, Opened, Purpose, Seizing, Signal, State, Timer};
use super::supervision::Supervision;
use super::{HangUpEvidence, Line, LineOutput, LineProgress, LineReport, POLL, SeizeFailure, command, report};
use crate::dsp::progress::HeardTone;
use crate::fxo::LineCommand;
use crate::time::Moment;

/// Longest wait for the proof of a seizure; it is ordered twice. A voice modem needs up to two seconds.
const SEIZE_WAIT: Duration = Duration::from_millis(1500);

/// Fresh off hook, the loop current settles: short interruptions of it mean nothing yet.
const SETTLING: Duration = Duration::from_millis(650);

/// No loop current takes that long to settle: a longer interruption is a hang-up from the first moment on.
const LONGEST_SETTLING: Duration = Duration::from_millis(300);

/// How long a device may take to say whether current flows.
const ASKING: Duration = Duration::from_millis(40);

/// After `HungUp` the line gives itself back when nobody else does it for this long.
const SELF_RELEASE: Duration = Duration::from_secs(10);

/// How much longer than its length a flash or pulse dialling may take.
const SIGNAL_SLACK: Duration = Duration::from_secs(3);

/// The longest pulse digit at 10 pulses a second with its pause.
const PULSE_DIGIT: Duration = Duration::from_secs(2);

/// Most pulse digits dialled at once; no number is longer.
const MAX_PULSE_DIGITS: usize = 32;

/// The status with which a device refuses because there is no line.
const STATUS_NO_LINE: u8 = 4;

impl Line {
    pub(super) fn seize(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        let failure = match &self.state {
            State::Idle => return self.start_seizing(false, now, out),
            State::Ringing(_) => return self.start_seizing(true, now, out),
            State::Alerting { .. } => SeizeFailure::Glare,
            State::Absent | State::NoBattery => SeizeFailure::Dead,
            State::InUse => SeizeFailure::InUse,
            State::Seizing(_) | State::OffHook(_) | State::Releasing(_) | State::Guard | State::OutOfService | State::Fault(_) => {
                SeizeFailure::NotIdle
            }
        };
        report(out, LineReport::SeizeFailed(failure));
    }

    fn start_seizing(&mut self, answering: bool, now: Moment, out: &mut Vec<LineOutput>) {
        self.timers.clear_all();
        self.state = State::Seizing(Seizing { answering, repeated: false });
        self.timers.set(Timer::Seize, now + SEIZE_WAIT);
        if let Some(since) = self.facts.battery_lost {
            self.timers.set(Timer::BatteryLost, since + super::BATTERY_DEBOUNCE);
        }
        command(out, LineCommand::Seize);
    }

    pub(super) fn seize_unconfirmed(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        let State::Seizing(seizing) = &mut self.state else { return };
        if seizing.repeated {
            self.seize_failed(SeizeFailure::Timeout, now, out);
        } else {
            seizing.repeated = true;
            self.timers.set(Timer::Seize, now + SEIZE_WAIT);
            command(out, LineCommand::Seize);
        }
    }

    pub(super) fn seize_failed(&mut self, failure: SeizeFailure, now: Moment, out: &mut Vec<LineOutput>) {
        report(out, LineReport::SeizeFailed(failure));
        self.start_release(Purpose::Abandon, now, out);
    }

    /// The line rings while we take it: the caller was first.
    pub(super) fn glare(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        report(out, LineReport::SeizeFailed(SeizeFailure::Glare));
        self.start_release(Purpose::Yield, now, out);
        self.ring_on(now, out);
    }

    /// Off hook is proven.
    pub(super) fn seized(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        let State::Seizing(Seizing { answering, .. }) = self.state else { return };
        self.timers.clear(Timer::Seize);
        self.timers.set(Timer::Poll, now + POLL);
        self.facts.early_caller = None;
        self.state = State::OffHook(Call {
            since: now,
            incoming: answering,
            supervised: false,
            recalled: false,
            hung_up: false,
            reversals: 0,
            opened: None,
            supervision: Supervision::default(),
            signal: None,
        });
        report(out, LineReport::Seized);
    }

    pub(super) fn supervise(&mut self) {
        if let State::OffHook(call) = &mut self.state {
            call.supervised = true;
            call.recalled = false;
        }
    }

    /// A flash that is not carried out, because the device times something else, is no recall either.
    pub(super) fn recall(&mut self, duration: Duration, now: Moment, out: &mut Vec<LineOutput>) {
        if let State::OffHook(call) = &mut self.state
            && call.signal.is_none()
        {
            call.recalled = true;
            call.supervision = Supervision::default();
            self.flash(duration, now, out);
        }
    }

    /// A second signal while one runs is ignored: the device can only time one.
    pub(super) fn flash(&mut self, duration: Duration, now: Moment, out: &mut Vec<LineOutput>) {
        let State::OffHook(call) = &mut self.state else { return };
        if call.signal.is_none() {
            call.signal = Some(Signal::Flash);
            call.opened = None;
            self.timers.clear(Timer::Interruption);
            self.timers.set(Timer::Signal, now + duration + SIGNAL_SLACK);
            command(out, LineCommand::Flash { duration });
        }
    }

    pub(super) fn dial_pulse(&mut self, digits: &str, now: Moment, out: &mut Vec<LineOutput>) {
        let State::OffHook(call) = &mut self.state else { return };
        let digits: String = digits.chars().filter(char::is_ascii_digit).take(MAX_PULSE_DIGITS).collect();
        if digits.is_empty() {
            report(out, LineReport::Dialed);
        } else if call.signal.is_none() {
            let longest = PULSE_DIGIT * u32::try_from(digits.len()).unwrap_or(u32::MAX);
            call.signal = Some(Signal::Pulse);
            call.opened = None;
            self.timers.clear(Timer::Interruption);
            self.timers.set(Timer::Signal, now + longest + SIGNAL_SLACK);
            command(out, LineCommand::DialPulse { digits });
        }
    }

    pub(super) fn signal_done(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        if self.end_signal(now) == Some(Signal::Pulse) {
            report(out, LineReport::Dialed);
        }
    }

    /// The device did not complete what it should time. Digits that were not dialled make the call worthless.
    pub(super) fn signal_unconfirmed(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        if self.end_signal(now) == Some(Signal::Pulse) {
            self.hung_up(HangUpEvidence::DeviceGone, now, out);
        } else {
            command(out, LineCommand::Measure);
        }
    }

    fn end_signal(&mut self, now: Moment) -> Option<Signal> {
        let State::OffHook(call) = &mut self.state else { return None };
        self.timers.clear(Timer::Signal);
        self.timers.set(Timer::Poll, now + POLL);
        call.signal.take()
    }

    pub(super) fn command_failed(&mut self, status: u8, now: Moment, out: &mut Vec<LineOutput>) {
        match &self.state {
            State::Seizing(_) if status == STATUS_NO_LINE => self.seize_failed(SeizeFailure::Dead, now, out),
            State::OffHook(call) if call.signal.is_some() => self.signal_unconfirmed(now, out),
            // The timers of these states repeat what failed.
            State::Seizing(_)
            | State::OffHook(_)
            | State::Absent
            | State::NoBattery
            | State::Idle
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::InUse
            | State::Releasing(_)
            | State::Guard
            | State::OutOfService
            | State::Fault(_) => {}
        }
    }

    /// The loop current is away. Whether that is a hang-up is known as soon as it has lasted long enough, not only when it is back.
    pub(super) fn loop_opened(&mut self, now: Moment) {
        let State::OffHook(call) = &mut self.state else { return };
        if let Some(shortest) = self.config.loop_interruption.filter(|_| call.signal.is_none()) {
            let lasts = if now - call.since >= SETTLING { shortest } else { shortest.max(LONGEST_SETTLING) };
            call.opened = Some(Opened { since: now, asked: false });
            self.timers.set(Timer::Interruption, now + lasts);
        }
    }

    /// It has lasted. That the current is back may have got lost on the way, or come a little late, so the device is asked first.
    pub(super) fn interruption_lasts(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        let State::OffHook(call) = &mut self.state else { return };
        let Some(opened) = &mut call.opened else { return };
        if !opened.asked {
            opened.asked = true;
            self.timers.set(Timer::Interruption, now + ASKING);
            command(out, LineCommand::Measure);
            return;
        }
        let duration_ms = u32::try_from((now - opened.since).as_millis()).unwrap_or(u32::MAX);
        call.opened = None;
        self.weigh(HangUpEvidence::LoopInterruption { duration_ms }, 1.0, now, out);
    }

    /// Current flows: no loop is open.
    pub(super) fn current_flows(&mut self) {
        if let State::OffHook(call) = &mut self.state {
            call.opened = None;
            self.timers.clear(Timer::Interruption);
        }
    }

    /// The loop was open for `duration` and is closed again. What we do to the loop ourselves does not count.
    pub(super) fn interrupted(&mut self, duration: Duration, now: Moment, out: &mut Vec<LineOutput>) {
        self.current_flows();
        let State::OffHook(call) = &self.state else { return };
        let settled = now - call.since >= SETTLING || duration >= LONGEST_SETTLING;
        if call.signal.is_none() && settled {
            let duration_ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
            let worth = self.config.worth_of_interruption(duration);
            self.weigh(HangUpEvidence::LoopInterruption { duration_ms }, worth, now, out);
        }
    }

    /// On a call that we made, the first reversal says "answered" and the second "released"; on a call that we answered,
    /// the first one says "released".
    pub(super) fn polarity(&mut self, forward: bool, now: Moment, out: &mut Vec<LineOutput>) {
        let known = self.facts.forward.replace(forward);
        let State::OffHook(call) = &mut self.state else { return };
        if known == Some(forward) {
            return;
        }
        call.reversals += 1;
        let answers = !call.incoming && call.reversals == 1;
        if !call.supervised {
            report(out, LineReport::Progress(LineProgress::PolarityReversal));
        } else if !answers {
            self.weigh(HangUpEvidence::PolarityReversal, self.config.worth_of_reversal(), now, out);
        }
    }

    pub(super) fn heard(&mut self, tone: HeardTone, now: Moment, out: &mut Vec<LineOutput>) {
        let State::OffHook(call) = &self.state else { return };
        if !call.supervised || call.recalled {
            return report(out, LineReport::Progress(LineProgress::Tone(tone)));
        }
        if let Some((evidence, worth)) = self.config.judge_tone(tone) {
            self.weigh(evidence, worth, now, out);
        }
    }

    /// A clue that the far end is gone: alone or with others it may be enough.
    fn weigh(&mut self, evidence: HangUpEvidence, worth: f32, now: Moment, out: &mut Vec<LineOutput>) {
        let State::OffHook(call) = &mut self.state else { return };
        if let Some(evidence) = call.supervision.weigh(evidence, worth, now) {
            self.hung_up(evidence, now, out);
        }
    }

    /// The first evidence wins; the line waits for its release and does not wait for ever.
    pub(super) fn hung_up(&mut self, evidence: HangUpEvidence, now: Moment, out: &mut Vec<LineOutput>) {
        let State::OffHook(call) = &mut self.state else { return };
        if !call.hung_up {
            call.hung_up = true;
            self.timers.set(Timer::SelfRelease, now + SELF_RELEASE);
            report(out, LineReport::HungUp(evidence));
        }
    }
}
