//! The live picture of the gateway, as the window and the headless program show it.

use serde::{Deserialize, Serialize};

use super::line_test::LineTestReport;
use super::record::{CallDirection, CallRecord};
use crate::config::PortId;
use crate::config::settings::Mode;
use crate::dsp::callerid::CallerId;
use crate::fxo::Identity;
use crate::fxo::line::LineState;
use crate::media::Meter;

/// Everything a person can see at one moment. All times are in ms since the gateway started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Snapshot {
    /// The moment of this picture.
    pub now_ms: u64,
    /// Operating mode in force.
    pub mode: Mode,
    /// Where SIP is received, `address:port`.
    pub sip_address: String,
    /// Where the remote server, or the outside, sees the gateway, as `address:port`, when that is another address.
    pub public_address: Option<String>,
    /// The remote server in force, empty where there is none.
    pub remote_server: String,
    /// The box, when it answers.
    pub device: Option<Identity>,
    /// One entry a port.
    pub ports: Vec<PortView>,
}

/// How full the tables of the gateway are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// SIP sessions that are open.
    pub sessions: usize,
    /// SIP transactions that still have something to do.
    pub transactions: usize,
    /// Sessions that belong to a call.
    pub owned_sessions: usize,
    /// Host names remembered.
    pub names: usize,
}

/// What a port is doing, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum PortState {
    /// No box serves this port.
    #[default]
    Absent,
    /// Cable out.
    NoBattery,
    /// Ready.
    Idle,
    /// A parallel telephone uses the line.
    InUse,
    /// The line rings; caller ID is being collected.
    Ringing,
    /// The line rings and SIP is being called.
    Calling,
    /// The line is seized; dial tone is awaited or digits are dialled.
    Dialing,
    /// Digits are dialled; the far end rings.
    Waiting,
    /// Both ends talk.
    Talking,
    /// The call is over; the line is being released.
    Ending,
    /// Resting after release.
    Guard,
    /// Held by the operator.
    OutOfService,
    /// The line does not let itself be released.
    Fault,
}

/// One port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PortView {
    /// Which port.
    pub port: PortId,
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: PortState,
    /// Since when.
    pub since_ms: u64,
    /// State of the line itself.
    pub line: LineState,
    /// The call, if one is up.
    pub call: Option<CallView>,
    /// How it can be reached from SIP.
    pub registration: RegistrationView,
    /// The last call that ended, without its timeline.
    pub last: Option<CallRecord>,
    /// Live levels, while audio flows.
    pub meter: Option<Meter>,
    /// Line voltage in mV, where the box reports it.
    pub millivolts: Option<i32>,
    /// Loop current in µA, where the box reports it.
    pub microamps: Option<u32>,
}

/// One call in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CallView {
    /// Unique name of the call.
    pub id: String,
    /// Which way it goes.
    pub direction: CallDirection,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// When it began.
    pub started_ms: u64,
    /// When it was answered.
    pub answered_ms: Option<u64>,
    /// The second caller that was announced last, until a hook flash takes him.
    pub waiting: Option<WaitingView>,
    /// A line test: what was found so far.
    pub line_test: Option<LineTestReport>,
}

/// A second caller that the exchange announced in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct WaitingView {
    /// When he was asked for.
    pub told_ms: u64,
    /// Who it is; `None`: what the exchange sent was not understood.
    pub caller: Option<CallerId>,
}

/// How a port can be reached from SIP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RegistrationView {
    /// Trunk mode: there is none. Client mode: none is wanted.
    None {
        /// How the peer of a trunk answers.
        #[serde(default)]
        peer: Option<PeerView>,
    },
    /// Server mode: who registered here with the port's user.
    Server {
        /// Live contacts.
        contacts: Vec<ContactView>,
    },
    /// Client mode: our registration is on its way.
    Trying,
    /// Client mode: registered.
    Registered {
        /// When the registrar forgets us unless renewed.
        expires_ms: u64,
        /// Request to answer, in ms.
        rtt_ms: u32,
    },
    /// Client mode: refused or unreachable.
    Failed {
        /// SIP status; 408 when nobody answered.
        status: u16,
        /// Reason phrase.
        reason: String,
        /// When it is tried again.
        retry_ms: u64,
    },
}

/// A phone that registered here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ContactView {
    /// Its contact URI.
    pub uri: String,
    /// When it is forgotten unless renewed.
    pub expires_ms: u64,
    /// Whether it answers.
    #[serde(default)]
    pub peer: PeerView,
}

/// Whether a peer answers when it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PeerView {
    /// In one word.
    pub reach: Reach,
    /// From the question to its last answer, in ms, while it answers.
    pub rtt_ms: Option<u32>,
}

/// Whether a peer answers, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Nobody has asked yet, or nobody asks.
    #[default]
    Unknown,
    /// It answered.
    Reachable,
    /// It did not answer several times in a row.
    Unreachable,
}
