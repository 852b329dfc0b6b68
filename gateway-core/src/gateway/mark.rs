//! Marks: what was seen on a line and done to it, each with its moment. The line scope draws them, and a call keeps its own
//! as the timeline of its record.
//!
//! Marks hold callers' numbers and digits: they go to the window and to the records, never to the log.

mod timeline;

use serde::{Deserialize, Serialize};

use super::record::EndCause;
use crate::config::PortId;
use crate::config::dialling::Bar;
use crate::dsp::callerid::{CallerId, CallerIdBurst};
use crate::dsp::progress::HeardTone;
use crate::fxo::line::{HangUpEvidence, SeizeFailure};
use crate::media::Meter;

pub use timeline::{MOST_MARKS, Timeline};

/// Something that was seen on a line or done to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Mark {
    /// When, in ms since the gateway started.
    pub at_ms: u64,
    /// On which port.
    pub port: PortId,
    /// What.
    pub what: MarkKind,
}

/// What was seen or done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MarkKind {
    /// A ring burst began.
    RingOn {
        /// Ringing frequency in Hz, where the box measures it.
        frequency_hz: Option<u8>,
    },
    /// The ring burst ended.
    RingOff {
        /// How long it lasted, in ms.
        on_ms: u32,
    },
    /// Ringing is over without an answer.
    RingingEnded,
    /// The box tells that its hook relay moved.
    Hook {
        /// True: off hook.
        off_hook: bool,
    },
    /// Battery (exchange voltage) came or went.
    Battery {
        /// It is there.
        present: bool,
        /// Line voltage in mV, where the box measures it.
        millivolts: Option<i32>,
    },
    /// The exchange reversed the polarity.
    Polarity {
        /// False while reversed.
        forward: bool,
    },
    /// Loop current was interrupted and came back.
    LoopInterruption {
        /// For how long, in ms.
        duration_ms: u32,
    },
    /// A parallel telephone took the line or gave it back.
    Extension {
        /// True: it is off hook.
        off_hook: bool,
    },
    /// What the line sent to tell who calls, understood or not.
    CallerIdBurst(Box<CallerIdBurst>),
    /// The line told who calls.
    CallerId(CallerId),
    /// The exchange announced a second caller in the call, and was asked who it is.
    WaitingCaller {
        /// What it sent, understood or not; `None`: nothing.
        burst: Option<Box<CallerIdBurst>>,
    },
    /// A supervisory tone: told when it is recognised, and again each further cadence cycle.
    Tone(HeardTone),
    /// A voice began, before the call counts as answered.
    Voice,
    /// A DTMF digit was heard on the line.
    DigitHeard {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// A digit that came from SIP is put on the line.
    DigitSent {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// The dialling rules refused the number.
    NumberBlocked {
        /// The number that the caller asked for.
        number: String,
        /// Why.
        why: Bar,
        /// The rule that fits, counted from 1; `None`: none fits.
        rule: Option<u32>,
    },
    /// The minutes that SIP callers have a day on the port are spent.
    BudgetSpent {
        /// How many they have, in minutes.
        budget_min: u32,
    },
    /// Dialling began.
    Dialing {
        /// The digits.
        digits: String,
    },
    /// Every digit is out.
    Dialed,
    /// A hook flash was ordered.
    Flash,
    /// Off hook was ordered.
    Seizing,
    /// The line could not be seized.
    SeizeFailed {
        /// Why.
        failure: SeizeFailure,
    },
    /// On hook was ordered.
    Releasing,
    /// On hook is proven after a seizure.
    Released,
    /// The line does not let itself be released: the alarm is up.
    Stuck,
    /// A SIP message of the call came.
    SipIn {
        /// Method or status.
        message: String,
        /// Whom from: the caller's URI for an INVITE, else the address of the peer.
        peer: String,
    },
    /// A SIP message of the call was sent.
    SipOut {
        /// Method or status.
        message: String,
        /// Whom to: the Request-URI for an INVITE, else the address of the peer.
        peer: String,
    },
    /// The SIP peer acknowledges or answers no more.
    SipLost,
    /// The call counts as answered.
    Answered {
        /// What made it so.
        by: AnsweredBy,
    },
    /// RTP flows to and from this address from now on, as agreed.
    MediaAttached {
        /// The peer's `address:port`.
        peer: String,
        /// It is sealed: SRTP.
        #[serde(default)]
        srtp: bool,
    },
    /// The first RTP of the peer came.
    RtpHeard {
        /// The `address:port` that it came from, and that ours goes to from now on.
        from: String,
    },
    /// The call is answered and no RTP has come for two seconds.
    RtpMissing {
        /// The `address:port` that it should come from.
        expected: String,
        /// The `address:port` from which RTP came that was not listened to.
        refused: Option<String>,
        /// That was refused because it was not sealed with the agreed key, and not because of where it comes from.
        #[serde(default)]
        not_sealed: bool,
    },
    /// The SIP side of the call goes on elsewhere: a REFER led there.
    Transferred {
        /// The URI.
        to: String,
    },
    /// A REFER led nowhere; the call is as it was.
    TransferFailed {
        /// The URI.
        to: String,
        /// How it was refused; 408: nobody answered.
        status: u16,
    },
    /// Somebody took the place of the SIP peer: an INVITE with Replaces.
    TakenOver {
        /// Its URI.
        by: String,
    },
    /// RTP stopped.
    MediaDetached {
        /// How it went.
        #[serde(default)]
        quality: Option<AudioQuality>,
    },
    /// What showed that the far end of the line is gone.
    Evidence {
        /// The evidence.
        evidence: HangUpEvidence,
    },
    /// The call is over.
    Ended {
        /// Why.
        cause: EndCause,
    },
    /// Marks that a timeline has no room for stood here.
    LeftOut {
        /// How many.
        count: u32,
    },
}

impl MarkKind {
    /// Whether this may belong to a call that has not begun yet: what an exchange does before and during the first ring.
    #[must_use]
    pub(super) fn foretells_a_call(&self) -> bool {
        match self {
            MarkKind::RingOn { .. }
            | MarkKind::RingOff { .. }
            | MarkKind::Polarity { .. }
            | MarkKind::CallerIdBurst(_)
            | MarkKind::CallerId(_) => true,
            MarkKind::RingingEnded
            | MarkKind::Hook { .. }
            | MarkKind::Battery { .. }
            | MarkKind::LoopInterruption { .. }
            | MarkKind::Extension { .. }
            | MarkKind::WaitingCaller { .. }
            | MarkKind::Tone(_)
            | MarkKind::Voice
            | MarkKind::DigitHeard { .. }
            | MarkKind::DigitSent { .. }
            | MarkKind::NumberBlocked { .. }
            | MarkKind::BudgetSpent { .. }
            | MarkKind::Dialing { .. }
            | MarkKind::Dialed
            | MarkKind::Flash
            | MarkKind::Seizing
            | MarkKind::SeizeFailed { .. }
            | MarkKind::Releasing
            | MarkKind::Released
            | MarkKind::Stuck
            | MarkKind::SipIn { .. }
            | MarkKind::SipOut { .. }
            | MarkKind::SipLost
            | MarkKind::Answered { .. }
            | MarkKind::MediaAttached { .. }
            | MarkKind::RtpHeard { .. }
            | MarkKind::RtpMissing { .. }
            | MarkKind::Transferred { .. }
            | MarkKind::TransferFailed { .. }
            | MarkKind::TakenOver { .. }
            | MarkKind::MediaDetached { .. }
            | MarkKind::Evidence { .. }
            | MarkKind::Ended { .. }
            | MarkKind::LeftOut { .. } => false,
        }
    }
}

/// How the audio of a call went, by the numbers of RTP and RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct AudioQuality {
    /// Packets received.
    pub received: u32,
    /// Packets lost on the way to us.
    pub lost: u32,
    /// Interarrival jitter in ms.
    pub jitter_ms: f32,
    /// Packets of ours that the peer says it misses.
    pub peer_lost: Option<u32>,
    /// The time to the peer and back in ms.
    pub round_trip_ms: Option<u32>,
}

impl AudioQuality {
    /// What a meter last told; `None`: no packet went either way.
    #[must_use]
    pub fn of(meter: &Meter) -> Option<Self> {
        let &Meter { received, lost, jitter_ms, peer_lost, round_trip_ms, sent, .. } = meter;
        (sent > 0 || received > 0).then_some(AudioQuality { received, lost, jitter_ms, peer_lost, round_trip_ms })
    }
}

/// What made a call count as answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// A SIP target answered a ringing line.
    Target,
    /// The line was seized for a caller who dials himself (two-stage).
    Seizure,
    /// The number is dialled, and that is enough.
    Dialing,
    /// The exchange reversed the polarity.
    PolarityReversal,
    /// A voice was heard after ringback.
    Voice,
    /// A fax or a modem answered with its tone.
    AnswerTone,
    /// Nothing else told within the limit.
    TimeLimit,
    /// A line test: ringback is heard no more.
    RingbackOver,
}
