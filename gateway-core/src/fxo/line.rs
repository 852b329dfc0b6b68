//! The port's state machine: battery, ringing, seizure, supervision, release and guard time of one line.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{LineCommand, LineEvent};
use crate::dsp::callerid::CallerId;
use crate::dsp::progress::HeardTone;
use crate::time::Moment;

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
    /// Cycles of busy or congestion that count as hang-up; `None`: never.
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
    /// A hook flash.
    Flash(Duration),
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
    /// Off hook, before [`LineOrder::Supervise`]: a tone or a polarity reversal that tells how the call goes.
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

/// The state machine of one port.
///
/// `handle` takes an input and the moment and pushes what is to be done; `deadline` tells when `handle_timeout` is due.
#[derive(Debug)]
pub struct Line {
    config: LineConfig,
    state: LineState,
}

impl Line {
    /// A line without a device.
    #[must_use]
    pub fn new(config: LineConfig) -> Self {
        Line { config, state: LineState::Absent }
    }

    /// Changes what counts as evidence; holds from now on.
    pub fn configure(&mut self, config: LineConfig) {
        self.config = config;
    }

    /// What a person would call the state.
    #[must_use]
    pub fn state(&self) -> LineState {
        self.state
    }

    /// Handles one input.
    pub fn handle(&mut self, _input: LineInput, _now: Moment, _out: &mut Vec<LineOutput>) {}

    /// When [`Line::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        None
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, _now: Moment, _out: &mut Vec<LineOutput>) {}
}
