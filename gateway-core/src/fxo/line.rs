//! The port's state machine: battery, ringing, seizure, supervision, release and guard time of one line.

mod release;
mod ringing;
mod seizure;
mod state;
mod supervision;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::state::{Purpose, State, Timer};
use super::{LineCommand, LineEvent};
use crate::dsp::callerid::CallerId;
use crate::dsp::progress::HeardTone;
use crate::time::{Moment, Timers};

/// What a person would call the state of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// No device serves this port.
    #[default]
    Absent,
    /// No battery on the line: cable out.
    NoBattery,
    /// On hook, usable.
    Idle,
    /// Ringing, or between two bursts.
    Ringing,
    /// A parallel telephone uses the line.
    InUse,
    /// Going off hook, not confirmed yet.
    Seizing,
    /// Off hook.
    OffHook,
    /// Going on hook, not confirmed yet.
    Releasing,
    /// Resting after release.
    Guard,
    /// Held out of service by the operator.
    OutOfService,
    /// The line did not let itself be released: an alarm is up.
    Fault,
}

/// What the line machine needs to know of settings and country.
#[derive(Clone, Debug, PartialEq)]
pub struct LineConfig {
    /// Shortest burst that counts as a ring.
    pub ring_validation: Duration,
    /// No burst for this long after the last one: the ringing is over (the country's off-time + 1.5 s).
    pub ring_timeout: Duration,
    /// Longest wait for caller ID after the first burst.
    pub caller_id_wait: Duration,
    /// Shortest loop interruption that counts as hang-up; `None`: never.
    pub loop_interruption: Option<Duration>,
    /// Polarity reversal counts as hang-up.
    pub end_on_polarity_reversal: bool,
    /// Cycles of busy or congestion that count as hang-up; 0: as many as it takes to be sure; `None`: never.
    pub disconnect_tone_cycles: Option<u32>,
    /// Dial tone counts as hang-up.
    pub end_on_dial_tone: bool,
    /// Rest after release.
    pub guard: Duration,
}

/// Orders from the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineOrder {
    /// Take the line.
    Seize,
    /// Give the line back.
    Release,
    /// The loop is opened for so long.
    Flash(Duration),
    /// A hook flash of this length that asks the exchange for dial tone: until [`LineOrder::Supervise`] tones are told, not judged.
    Recall(Duration),
    /// Ask the device how the line is, electrically; in any state but without a device.
    Measure,
    /// Decadic dialling; answered by [`LineReport::Dialed`].
    DialPulse(String),
    /// From now on judge hang-up evidence: the call is answered (before that, tones mean call progress).
    Supervise,
    /// Hold out of service, or put back.
    OutOfService(bool),
}

/// What the line machine is told.
#[derive(Clone, Debug, PartialEq)]
pub enum LineInput {
    /// The device is there (again): all lines on hook, battery unknown until it tells.
    DeviceUp,
    /// The device is gone.
    DeviceGone,
    /// From the device.
    Driver(LineEvent),
    /// A supervisory tone was heard by the media channel.
    Heard(HeardTone),
    /// Caller ID was decoded by the media channel.
    CallerId(CallerId),
    /// From the gateway.
    Order(LineOrder),
}

/// Why the line believes that its far end is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HangUpEvidence {
    /// Loop current was interrupted.
    LoopInterruption {
        /// For how long, in ms.
        duration_ms: u32,
    },
    /// The exchange reversed the polarity.
    PolarityReversal,
    /// Busy or congestion tone.
    DisconnectTone(HeardTone),
    /// Dial tone came back.
    DialTone(HeardTone),
    /// The battery went away: cable out.
    BatteryLost,
    /// The device went away.
    DeviceGone,
    /// Several clues, none of which was sure alone.
    Together {
        /// They, the loop's first and the exchange's tone last.
        clues: Vec<HangUpEvidence>,
    },
}

/// What the line machine tells the gateway.
#[derive(Clone, Debug, PartialEq)]
pub enum LineReport {
    /// A valid ring began: the first burst is over or long enough.
    Ringing,
    /// Caller ID is known, or `None`: the wait is over. Told once per ringing, after [`LineReport::Ringing`].
    Caller(Option<CallerId>),
    /// The caller gave up: the ringing is over.
    RingingEnded,
    /// Off hook, confirmed.
    Seized,
    /// Seizure is impossible now (rings, in use, no battery, device gone, not confirmed in time).
    SeizeFailed(SeizeFailure),
    /// The ordered pulse digits are dialled.
    Dialed,
    /// Off hook, before [`LineOrder::Supervise`] or after [`LineOrder::Recall`]: a tone or a polarity reversal that tells how the
    /// call goes.
    Progress(LineProgress),
    /// The far end is gone (only off hook; told once per seizure).
    HungUp(HangUpEvidence),
    /// On hook, confirmed; the guard time begins.
    Released,
    /// Usable again, after guard time, battery or operator.
    Available,
    /// A release was not confirmed: repeated, then reset, then this alarm.
    StuckOffHook,
    /// Told whenever [`Line::state`] changed.
    State(LineState),
}

/// Why a seizure failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum SeizeFailure {
    /// The line rang while we seized it.
    Glare,
    /// No battery, or no device.
    Dead,
    /// A parallel telephone uses the line.
    InUse,
    /// Held, guarding, or seized already.
    NotIdle,
    /// The device did not confirm in time.
    Timeout,
}

/// How an outgoing call goes, before it counts as answered.
#[derive(Clone, Debug, PartialEq)]
pub enum LineProgress {
    /// A supervisory tone.
    Tone(HeardTone),
    /// A polarity reversal: the far end answered, where the line tells it so.
    PolarityReversal,
}

/// What the line machine wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum LineOutput {
    /// For the device.
    Command(LineCommand),
    /// For the gateway.
    Report(LineReport),
}

/// Lowest voltage that counts as battery (the threshold that fielded drivers use), in mV.
const BATTERY_MIN_MV: u32 = 3_000;

/// Below this on-hook voltage another telephone draws current from the line, in mV.
const IN_USE_MAX_MV: u32 = 19_000;

/// How often a line that waits for an event asks for a measurement, in case the event was lost.
const POLL: Duration = Duration::from_secs(5);

/// How often an idle line asks: a relay that stays closed although it was told open must not stay so unnoticed.
const IDLE_POLL: Duration = Duration::from_secs(30);

/// A missing battery that lasts longer is no loop interruption any more.
const BATTERY_DEBOUNCE: Duration = Duration::from_secs(1);

/// The state machine of one port.
///
/// `handle` takes an input and the moment and pushes what is to be done; `deadline` tells when `handle_timeout` is due.
///
/// Promises to the gateway:
/// - every [`LineOrder::Seize`] is answered by one [`LineReport::Seized`] or [`LineReport::SeizeFailed`], unless a
///   [`LineOrder::Release`] came first;
/// - every [`LineReport::Seized`] is followed by one [`LineReport::Released`], or by [`LineState::Absent`] when the device
///   goes away first;
/// - every [`LineReport::Ringing`] is followed by one [`LineReport::RingingEnded`], unless a seizure (the answer) was
///   ordered meanwhile;
/// - after [`LineReport::HungUp`] the line gives itself back when nobody orders it to.
#[derive(Debug)]
pub struct Line {
    config: LineConfig,
    state: State,
    /// The last state that was reported.
    told: LineState,
    facts: Facts,
    timers: Timers<Timer>,
}

/// What is known of the line whatever its state.
#[derive(Clone, Debug, Default)]
struct Facts {
    /// The exchange feeds the line. Unknown counts as no.
    battery: bool,
    /// A parallel telephone is off hook.
    extension: bool,
    /// Polarity, once the device told it.
    forward: Option<bool>,
    /// The operator holds the line out of service.
    held: bool,
    /// A measurement contradicted a confirmed release: only a measurement counts as proof now.
    distrusted: bool,
    /// The battery went away at this moment, and it is not decided yet what that means.
    battery_lost: Option<Moment>,
    /// Caller ID heard before the ring.
    early_caller: Option<(CallerId, Moment)>,
}

impl Line {
    /// A line without a device.
    #[must_use]
    pub fn new(config: LineConfig) -> Self {
        Line { config, state: State::Absent, told: LineState::Absent, facts: Facts::default(), timers: Timers::new() }
    }

    /// Changes what counts as evidence; holds from now on.
    pub fn configure(&mut self, config: LineConfig) {
        self.config = config;
    }

    /// What a person would call the state.
    #[must_use]
    pub fn state(&self) -> LineState {
        self.state.public()
    }

    /// Whether a burst came, valid or not: the voltage of such a line swings.
    #[must_use]
    pub fn is_rung(&self) -> bool {
        matches!(self.state, State::Alerting { .. } | State::Ringing(_))
    }

    /// Handles one input.
    pub fn handle(&mut self, input: LineInput, now: Moment, out: &mut Vec<LineOutput>) {
        match input {
            LineInput::DeviceUp => self.device_up(now, out),
            LineInput::DeviceGone => self.device_gone(out),
            LineInput::Driver(event) => self.driver(event, now, out),
            LineInput::Heard(tone) => self.heard(tone, now, out),
            LineInput::CallerId(caller) => self.caller_heard(caller, now, out),
            LineInput::Order(order) => self.order(order, now, out),
        }
        self.tell_state(out);
    }

    /// When [`Line::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.timers.deadline()
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                Timer::RingValid => self.ring_lasted(now, out),
                Timer::RingTimeout => self.ringing_ended(now, out),
                Timer::Caller => self.caller_wait_over(out),
                Timer::BatteryLost => self.battery_lost(now, out),
                Timer::Interruption => self.interruption_lasts(now, out),
                Timer::Seize => self.seize_unconfirmed(now, out),
                Timer::Signal => self.signal_unconfirmed(now, out),
                Timer::SelfRelease => self.start_release(Purpose::EndSeizure, now, out),
                Timer::Release => self.release_unconfirmed(now, out),
                Timer::Guard => self.rest(now, out),
                Timer::Poll => self.poll(now, out),
            }
        }
        self.tell_state(out);
    }

    /// The line goes where the facts put a line that nobody uses; `Available` when that is idle.
    fn rest(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        self.timers.clear_all();
        self.facts.battery_lost = None;
        self.state = if self.facts.held {
            State::OutOfService
        } else if !self.facts.battery {
            State::NoBattery
        } else if self.facts.extension {
            State::InUse
        } else {
            State::Idle
        };
        if matches!(self.state, State::Idle) {
            report(out, LineReport::Available);
            self.timers.set(Timer::Poll, now + IDLE_POLL);
        } else {
            self.timers.set(Timer::Poll, now + POLL);
        }
    }

    /// As [`Line::rest`], for a line that rests already and learned something: silent when nothing changes.
    fn rest_again(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        let usable = !self.facts.held && self.facts.battery && !self.facts.extension;
        if !(usable && matches!(self.state, State::Idle)) {
            self.rest(now, out);
        }
    }

    /// The device is there: whatever was believed, the line is proven on hook before it is used.
    fn device_up(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        self.device_gone(out);
        self.tell_state(out);
        self.start_release(Purpose::Prove, now, out);
        command(out, LineCommand::Measure);
    }

    fn device_gone(&mut self, out: &mut Vec<LineOutput>) {
        match std::mem::replace(&mut self.state, State::Absent) {
            State::Ringing(_) => report(out, LineReport::RingingEnded),
            State::Seizing(_) => report(out, LineReport::SeizeFailed(SeizeFailure::Dead)),
            State::OffHook(call) => {
                if !call.hung_up {
                    report(out, LineReport::HungUp(HangUpEvidence::DeviceGone));
                }
            }
            State::Absent
            | State::NoBattery
            | State::Idle
            | State::Alerting { .. }
            | State::InUse
            | State::Releasing(_)
            | State::Guard
            | State::OutOfService
            | State::Fault(_) => {}
        }
        self.timers.clear_all();
        self.facts = Facts { held: self.facts.held, ..Facts::default() };
    }

    fn driver(&mut self, event: LineEvent, now: Moment, out: &mut Vec<LineOutput>) {
        if matches!(self.state, State::Absent) {
            return;
        }
        match event {
            LineEvent::BatteryUp { millivolts: _ } => self.battery_up(now, out),
            LineEvent::BatteryDown => self.battery_down(now, out),
            LineEvent::RingOn { frequency_hz: _ } => self.ring_on(now, out),
            LineEvent::RingOff { on } => self.ring_off(on, now, out),
            LineEvent::Hook { off_hook } => self.hook(off_hook, now, out),
            LineEvent::Polarity { forward } => self.polarity(forward, now, out),
            LineEvent::LoopOpened => self.loop_opened(now),
            LineEvent::LoopInterruption { duration } => self.interrupted(duration, now, out),
            LineEvent::ExtensionPickup => self.extension(true, now, out),
            LineEvent::ExtensionRelease => self.extension(false, now, out),
            LineEvent::Measured { millivolts, microamps, off_hook } => {
                if microamps.is_some_and(|microamps| microamps > 0) {
                    self.current_flows();
                }
                self.measured(millivolts, off_hook, now, out);
            }
            LineEvent::CallerId(caller) => self.caller_heard(caller, now, out),
            LineEvent::Tone(tone) => self.heard(tone, now, out),
            LineEvent::SignalDone => self.signal_done(now, out),
            LineEvent::CommandFailed { status } => self.command_failed(status, now, out),
        }
    }

    fn order(&mut self, order: LineOrder, now: Moment, out: &mut Vec<LineOutput>) {
        match order {
            LineOrder::Seize => self.seize(now, out),
            LineOrder::Release => self.release(now, out),
            LineOrder::Flash(duration) => self.flash(duration, now, out),
            LineOrder::Recall(duration) => self.recall(duration, now, out),
            LineOrder::Measure => self.measure(out),
            LineOrder::DialPulse(digits) => self.dial_pulse(&digits, now, out),
            LineOrder::Supervise => self.supervise(),
            LineOrder::OutOfService(held) => self.hold(held, now, out),
        }
    }

    fn battery_up(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        self.facts.battery = true;
        self.timers.clear(Timer::BatteryLost);
        let lost = self.facts.battery_lost.take();
        match &self.state {
            State::NoBattery => self.rest(now, out),
            State::OffHook(_) => {
                if let Some(since) = lost {
                    self.interrupted(now - since, now, out);
                }
            }
            State::Absent
            | State::Idle
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::InUse
            | State::Seizing(_)
            | State::Releasing(_)
            | State::Guard
            | State::OutOfService
            | State::Fault(_) => {}
        }
    }

    /// While somebody uses the line a short gap must not end it: the verdict waits for the debounce.
    fn battery_down(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        self.facts.battery = false;
        match &self.state {
            State::Ringing(_) | State::Seizing(_) | State::OffHook(_) => {
                if self.facts.battery_lost.is_none() {
                    self.facts.battery_lost = Some(now);
                    self.timers.set(Timer::BatteryLost, now + BATTERY_DEBOUNCE);
                }
            }
            State::Idle | State::Alerting { .. } | State::InUse | State::NoBattery => self.rest(now, out),
            State::Absent | State::Releasing(_) | State::Guard | State::OutOfService | State::Fault(_) => {}
        }
    }

    fn battery_lost(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        self.facts.battery_lost = None;
        match &self.state {
            State::Ringing(_) => self.ringing_ended(now, out),
            State::Seizing(_) => self.seize_failed(SeizeFailure::Dead, now, out),
            State::OffHook(_) => self.hung_up(HangUpEvidence::BatteryLost, now, out),
            State::Absent
            | State::NoBattery
            | State::Idle
            | State::Alerting { .. }
            | State::InUse
            | State::Releasing(_)
            | State::Guard
            | State::OutOfService
            | State::Fault(_) => {}
        }
    }

    fn extension(&mut self, off_hook: bool, now: Moment, out: &mut Vec<LineOutput>) {
        self.facts.extension = off_hook;
        match &self.state {
            State::Idle | State::InUse | State::NoBattery => self.rest_again(now, out),
            State::Alerting { .. } if off_hook => self.rest(now, out),
            State::Ringing(_) if off_hook => self.ringing_ended(now, out),
            State::Alerting { .. }
            | State::Ringing(_)
            | State::Absent
            | State::Seizing(_)
            | State::OffHook(_)
            | State::Releasing(_)
            | State::Guard
            | State::OutOfService
            | State::Fault(_) => {}
        }
    }

    /// A measurement repairs what lost events left wrong. Voltages while ringing or off hook tell nothing about battery.
    fn measured(&mut self, millivolts: i32, off_hook: bool, now: Moment, out: &mut Vec<LineOutput>) {
        self.measured_hook(off_hook, now, out);
        let level = millivolts.unsigned_abs();
        match &self.state {
            // Right after release the exchange may still have the loop open: no verdict against the battery.
            State::Guard if !off_hook => self.facts.battery |= level >= BATTERY_MIN_MV,
            State::Idle | State::NoBattery | State::InUse | State::OutOfService if !off_hook => {
                self.facts.battery = level >= BATTERY_MIN_MV;
                self.facts.extension &= level < IN_USE_MAX_MV;
            }
            State::Idle
            | State::NoBattery
            | State::InUse
            | State::OutOfService
            | State::Guard
            | State::Absent
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::Seizing(_)
            | State::OffHook(_)
            | State::Releasing(_)
            | State::Fault(_) => return,
        }
        match &self.state {
            State::Idle | State::NoBattery | State::InUse => self.rest_again(now, out),
            State::OutOfService
            | State::Guard
            | State::Absent
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::Seizing(_)
            | State::OffHook(_)
            | State::Releasing(_)
            | State::Fault(_) => {}
        }
    }

    /// Holding ends no call: a line in use is held when it is given back.
    fn hold(&mut self, held: bool, now: Moment, out: &mut Vec<LineOutput>) {
        self.facts.held = held;
        match &self.state {
            State::Ringing(_) if held => self.ringing_ended(now, out),
            State::Alerting { .. } | State::Guard if held => self.rest(now, out),
            State::Idle | State::NoBattery | State::InUse | State::OutOfService => self.rest_again(now, out),
            State::Ringing(_)
            | State::Alerting { .. }
            | State::Guard
            | State::Absent
            | State::Seizing(_)
            | State::OffHook(_)
            | State::Releasing(_)
            | State::Fault(_) => {}
        }
    }

    fn poll(&mut self, now: Moment, out: &mut Vec<LineOutput>) {
        match &self.state {
            State::NoBattery | State::InUse | State::OutOfService => {
                command(out, LineCommand::Measure);
                self.timers.set(Timer::Poll, now + POLL);
            }
            State::OffHook(call) => {
                if call.signal.is_none() {
                    command(out, LineCommand::Measure);
                }
                self.timers.set(Timer::Poll, now + POLL);
            }
            State::Idle => {
                command(out, LineCommand::Measure);
                self.timers.set(Timer::Poll, now + IDLE_POLL);
            }
            State::Absent
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::Seizing(_)
            | State::Releasing(_)
            | State::Guard
            | State::Fault(_) => {}
        }
    }

    fn measure(&self, out: &mut Vec<LineOutput>) {
        if !matches!(self.state, State::Absent) {
            command(out, LineCommand::Measure);
        }
    }

    fn tell_state(&mut self, out: &mut Vec<LineOutput>) {
        let state = self.state.public();
        if state != self.told {
            self.told = state;
            report(out, LineReport::State(state));
        }
    }
}

fn report(out: &mut Vec<LineOutput>, report: LineReport) {
    out.push(LineOutput::Report(report));
}

fn command(out: &mut Vec<LineOutput>, command: LineCommand) {
    out.push(LineOutput::Command(command));
}
