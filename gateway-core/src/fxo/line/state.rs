//! The states of a line, with the data that only they have.

use super::LineState;
use super::supervision::Supervision;
use crate::time::Moment;

/// Where the line stands. The table in [`State::public`] is what people see.
#[derive(Debug)]
pub(super) enum State {
    /// No device.
    Absent,
    /// On hook without battery.
    NoBattery,
    /// On hook, usable.
    Idle,
    /// A ring burst began at `since`, too short yet to count. Still idle for people, but not to be seized.
    Alerting { since: Moment },
    /// A valid ring.
    Ringing(Ringing),
    /// On hook while a parallel telephone is off hook.
    InUse,
    /// Off hook was ordered.
    Seizing(Seizing),
    /// Off hook is confirmed.
    OffHook(Call),
    /// On hook was ordered.
    Releasing(Releasing),
    /// On hook is confirmed; the exchange gets time to notice.
    Guard,
    /// On hook, held by the operator.
    OutOfService,
    /// On hook was ordered in vain; retried for ever.
    Fault(Purpose),
}

/// A ringing line.
#[derive(Debug, Default)]
pub(super) struct Ringing {
    /// The first burst is over: the wait for caller ID runs from its end.
    pub(super) first_burst_over: bool,
    /// `Caller` was told.
    pub(super) caller_told: bool,
}

/// A seizure that is not confirmed yet.
#[derive(Debug)]
pub(super) struct Seizing {
    /// A ringing line is answered: more ringing is no glare.
    pub(super) answering: bool,
    /// The order was repeated.
    pub(super) repeated: bool,
}

/// A seized line.
#[derive(Debug)]
pub(super) struct Call {
    /// When the seizure was confirmed.
    pub(super) since: Moment,
    /// The line was ringing: the far end called us.
    pub(super) incoming: bool,
    /// Hang-up evidence is judged.
    pub(super) supervised: bool,
    /// The exchange was asked for dial tone: tones are no evidence.
    pub(super) recalled: bool,
    /// `HungUp` was told.
    pub(super) hung_up: bool,
    /// Polarity reversals since the seizure.
    pub(super) reversals: u32,
    /// The loop current is away.
    pub(super) opened: Option<Opened>,
    /// What spoke for an end of the call so far.
    pub(super) supervision: Supervision,
    /// A flash or pulse dialling that the device has not completed yet.
    pub(super) signal: Option<Signal>,
}

/// A loop that is open while the line is seized.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    /// Since when.
    pub(super) since: Moment,
    /// The device was asked whether it still is.
    pub(super) asked: bool,
}

/// Something timed by the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// A hook flash.
    Flash,
    /// Decadic dialling.
    Pulse,
}

/// A release that is not confirmed yet.
#[derive(Debug)]
pub(super) struct Releasing {
    /// How often `Release` was ordered.
    pub(super) tries: u32,
    /// The port of the device was reset.
    pub(super) reset: bool,
    /// What the proof will be good for.
    pub(super) purpose: Purpose,
    /// Ringing that began meanwhile.
    pub(super) ring: RingSeen,
}

/// Ringing seen while the line was not ready to tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RingSeen {
    /// None.
    #[default]
    No,
    /// A burst began and goes on.
    Since(Moment),
    /// A burst that counts is over.
    Burst,
}

/// Why a line is being put on hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It was seized: `Released` and guard time follow.
    EndSeizure,
    /// A failed seizure, told already: guard time follows.
    Abandon,
    /// The seizure met an incoming call: no guard time, the call shall be heard ringing.
    Yield,
    /// It should be on hook and that is to be proven.
    Prove,
}

impl State {
    /// What people see.
    pub(super) fn public(&self) -> LineState {
        match self {
            State::Absent => LineState::Absent,
            State::NoBattery => LineState::NoBattery,
            State::Idle | State::Alerting { .. } => LineState::Idle,
            State::Ringing(_) => LineState::Ringing,
            State::InUse => LineState::InUse,
            State::Seizing(_) => LineState::Seizing,
            State::OffHook(_) => LineState::OffHook,
            State::Releasing(_) => LineState::Releasing,
            State::Guard => LineState::Guard,
            State::OutOfService => LineState::OutOfService,
            State::Fault(_) => LineState::Fault,
        }
    }
}

/// The timers of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The burst is long enough to count.
    RingValid,
    /// No burst for too long.
    RingTimeout,
    /// Caller ID did not come.
    Caller,
    /// The battery did not come back.
    BatteryLost,
    /// The loop current has been away for as long as a hang-up takes.
    Interruption,
    /// Seizure is not confirmed.
    Seize,
    /// A flash or pulse dialling is not confirmed.
    Signal,
    /// Nobody gave the line back after hang-up.
    SelfRelease,
    /// Release is not confirmed.
    Release,
    /// Guard time is over.
    Guard,
    /// Ask the device, in case an event was lost.
    Poll,
}
