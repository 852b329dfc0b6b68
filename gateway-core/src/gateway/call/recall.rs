//! Register recall: a hook flash asks the exchange for dial tone in a call, by hand, or to pass the caller on to the number of a
//! REFER (decision 0022).
//!
//! ```text
//!  by hand   ──flash──▶ 20 s, in which tones are no evidence ──▶ judged as before
//!  by REFER  ──flash──▶ dial tone ──▶ dialling ──▶ listening ──ringback, or 5 s──▶ the peer is told, the line is let go
//!                           └─none──────┴─────────────┴──busy, congestion──▶ another flash: back to the caller
//! ```
//!
//! The peer stays attached all the while: a stream that ended could not go on with the keys that it had.

use std::time::Duration;

use super::{Bridge, CallTimer};
use crate::config::settings::DialMethod;
use crate::dsp::progress::ProgressTone;
use crate::fxo::line::LineOrder;
use crate::gateway::plan::ms;
use crate::media::{Ear, MediaCommand};
use crate::time::Timers;

/// How long dial tone, or the busy tone of a number dialled after it, is no sign that the far end has hung up.
const BY_HAND: Duration = Duration::from_secs(20);

/// Dial tone comes within this time at least, whatever a call waits before it dials: it alone proves that the exchange has put the
/// caller aside, and that digits do not go into his ear.
const LEAST_DIAL_TONE_WAIT_MS: u32 = 3000;

/// Dialling takes no longer than this, whatever the device says.
const DIALLING: Duration = Duration::from_secs(60);

/// Busy and congestion tone are told within this time after the last digit; an exchange that stays silent has taken the number.
const LISTENING: Duration = Duration::from_secs(5);

/// Whoever referred is the one to hang up (RFC 5589 §6.1). The line waits for that no longer: letting it go is what transfers.
const GOODBYE: Duration = Duration::from_secs(1);

/// The status for who referred when the exchange gives no dial tone, or digits cannot be dialled.
const NO_DIAL_TONE: u16 = 503;

/// A caller who is being passed on to another number of the exchange.
#[derive(Debug)]
pub(super) struct Recall {
    digits: String,
    stage: Stage,
    /// Where the caller goes, for the timeline.
    pub(super) target: String,
    /// Whoever referred has hung up: there is no way back.
    pub(super) alone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    AwaitingDialTone,
    Dialing,
    Listening,
    HandedOver,
}

/// What comes of something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing yet.
    Wait,
    /// The exchange rings the number.
    Passed,
    /// It does not; the status that says so in SIP.
    Failed(u16),
    /// The line is to be let go.
    Over,
}

/// A hook flash, for dial tone or back to whom the line talked with before.
pub(super) fn flash(timers: &mut Timers<CallTimer>, bridge: &mut Bridge<'_>) {
    bridge.line.push(LineOrder::Recall(ms(bridge.settings.flash_ms)));
    // What was heard before the flash says nothing about what comes after it.
    bridge.media.push(MediaCommand::Listen(Ear::OffHook));
    // What waits to judge the dial tone before the flash must not judge the one after it.
    timers.clear(CallTimer::DialTone);
    timers.set(CallTimer::Recall, bridge.now + BY_HAND);
}

/// The peer had its time to dial: what sounds now is evidence again, also when it has sounded for long.
pub(super) fn judge_again(bridge: &mut Bridge<'_>) {
    bridge.line.push(LineOrder::Supervise);
    bridge.media.push(MediaCommand::Listen(Ear::OffHook));
}

impl Recall {
    /// Asks the exchange for dial tone.
    pub(super) fn begin(target: String, digits: String, timers: &mut Timers<CallTimer>, bridge: &mut Bridge<'_>) -> Self {
        let settings = bridge.settings;
        let wait_ms = settings.flash_ms + settings.dial_tone_wait_ms.max(LEAST_DIAL_TONE_WAIT_MS);
        flash(timers, bridge);
        timers.set(CallTimer::Recall, bridge.now + ms(wait_ms));
        Recall { digits, stage: Stage::AwaitingDialTone, target, alone: false }
    }

    /// The line is let go as soon as whoever referred hangs up.
    pub(super) fn hand_over(&mut self, timers: &mut Timers<CallTimer>, bridge: &Bridge<'_>) {
        self.stage = Stage::HandedOver;
        timers.set(CallTimer::Recall, bridge.now + GOODBYE);
    }

    /// A tone on the line.
    pub(super) fn tone(&mut self, tone: ProgressTone, timers: &mut Timers<CallTimer>, bridge: &mut Bridge<'_>) -> Turn {
        match (tone, self.stage) {
            (ProgressTone::Dial, Stage::AwaitingDialTone) => self.dial(timers, bridge),
            (ProgressTone::Ringback, Stage::Listening) => Turn::Passed,
            (ProgressTone::Busy, Stage::AwaitingDialTone | Stage::Listening) => Turn::Failed(486),
            (ProgressTone::Congestion | ProgressTone::SpecialInformation, Stage::AwaitingDialTone | Stage::Listening) => Turn::Failed(503),
            (
                ProgressTone::Dial
                | ProgressTone::Ringback
                | ProgressTone::Busy
                | ProgressTone::Congestion
                | ProgressTone::SpecialInformation
                | ProgressTone::CallWaiting
                | ProgressTone::FaxCalling
                | ProgressTone::FaxAnswering
                | ProgressTone::ModemAnswering,
                _,
            ) => Turn::Wait,
        }
    }

    /// The digits are out.
    pub(super) fn dialed(&mut self, timers: &mut Timers<CallTimer>, bridge: &Bridge<'_>) -> Turn {
        if self.stage == Stage::Dialing {
            self.stage = Stage::Listening;
            timers.set(CallTimer::Recall, bridge.now + LISTENING);
        }
        Turn::Wait
    }

    /// The peer has hung up. Before the number is dialled that changes nothing: telephones do so right after their REFER.
    pub(super) fn left(&mut self, bridge: &mut Bridge<'_>) -> Turn {
        self.alone = true;
        bridge.media.push(MediaCommand::Detach);
        if self.stage == Stage::HandedOver { Turn::Over } else { Turn::Wait }
    }

    /// The number rings: all that is left is to let the line go.
    pub(super) fn is_passed(&self) -> bool {
        self.stage == Stage::HandedOver
    }

    /// The time of a stage is over.
    pub(super) fn due(&self) -> Turn {
        match self.stage {
            Stage::AwaitingDialTone | Stage::Dialing => Turn::Failed(NO_DIAL_TONE),
            Stage::Listening => Turn::Passed,
            Stage::HandedOver => Turn::Over,
        }
    }

    fn dial(&mut self, timers: &mut Timers<CallTimer>, bridge: &mut Bridge<'_>) -> Turn {
        self.stage = Stage::Dialing;
        match bridge.settings.dial_method {
            DialMethod::Dtmf => bridge.media.push(MediaCommand::Dial(self.digits.clone())),
            DialMethod::Pulse => bridge.line.push(LineOrder::DialPulse(self.digits.clone())),
        }
        timers.set(CallTimer::Recall, bridge.now + DIALLING);
        Turn::Wait
    }
}
