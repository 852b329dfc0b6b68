//! Call records: exactly one for every call, with the evidence of its end.

use serde::{Deserialize, Serialize};

use super::mark::Mark;
use crate::config::PortId;
use crate::fxo::line::HangUpEvidence;

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// A SIP caller goes out on the line.
    SipToFxo,
    /// The line rings and SIP is called.
    FxoToSip,
    /// The operator tests the line, by a call or by measuring it; SIP has no part in it.
    Test,
}

/// Why a call ended: the first evidence wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// The SIP side said BYE.
    SipHungUp,
    /// The SIP caller cancelled before the answer.
    SipCancelled,
    /// The SIP side is unreachable: no ACK, or its dialog is gone.
    SipLost,
    /// The SIP side refreshed the session no more (RFC 4028): it is taken to be gone.
    SessionExpired,
    /// The far end of the line hung up; the record's evidence says how we know.
    LineHungUp,
    /// The caller on the line gave up before anybody answered: a missed call.
    CallerGaveUp,
    /// The exchange passed the caller on to another number, as the SIP side wished.
    Transferred,
    /// Every SIP target refused; `sip_status` tells the last answer.
    TargetRefused,
    /// The SIP side referred the call elsewhere, hung up, and nobody took it there; `sip_status` tells the last answer.
    TransferFailed,
    /// No SIP target could be called (nobody registered, name unresolved, blank).
    NoTarget,
    /// The line was lost while it rang or was being seized.
    SeizeFailed,
    /// The line rang while it was being seized for a SIP caller, or on hook during a line test.
    Glare,
    /// No dial tone within the wait.
    NoDialTone,
    /// Busy tone before the answer.
    Busy,
    /// Congestion tone before the answer.
    Congestion,
    /// Special information tone before the answer: unobtainable.
    Unobtainable,
    /// Nobody answered within the time.
    NoAnswer,
    /// No codec in common.
    NoCommonCodec,
    /// Refused as a collect call (double answer).
    CollectRefused,
    /// The dialling rules refused the number; the timeline tells why. No line was touched.
    NumberBlocked,
    /// No RTP for the configured time.
    NoRtp,
    /// Silence both ways for the configured time.
    Silence,
    /// The longest call was reached.
    LongestCall,
    /// The minutes that SIP callers have a day on the port are spent.
    BudgetSpent,
    /// The box went away.
    DeviceGone,
    /// The operator hung up.
    Operator,
    /// The gateway stopped.
    Stopped,
    /// The computer went to sleep.
    Asleep,
    /// A line test has heard what it was to hear, or took as long as it may.
    TestOver,
}

/// What is kept of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CallRecord {
    /// Unique name of the call: 32 hexadecimal digits.
    pub id: String,
    /// The port.
    pub port: PortId,
    /// Which way it went.
    pub direction: CallDirection,
    /// Who called: the line's caller number (may be empty), or the SIP caller's URI; empty for a test.
    pub from: String,
    /// Who was called: the dialled number, or the SIP target's URI.
    pub to: String,
    /// When it began, in ms since the gateway started.
    pub started_ms: u64,
    /// When it was answered, in ms since the gateway started.
    pub answered_ms: Option<u64>,
    /// When it ended, in ms since the gateway started.
    pub ended_ms: u64,
    /// Why it ended.
    pub cause: EndCause,
    /// How the line showed that its far end was gone.
    pub evidence: Option<HangUpEvidence>,
    /// The final SIP status that was sent or received, where one was.
    pub sip_status: Option<u16>,
    /// What happened, oldest first: at most [`super::mark::MOST_MARKS`] marks.
    pub timeline: Vec<Mark>,
}
