//! Notices: what a person should be able to read about the gateway. Codes here, words in the i18n files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::PortId;
use crate::config::dialling::Bar;

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something did not work as someone expected.
    Warning,
    /// A person has to act.
    Alarm,
}

/// What happened. The words for each code, with its arguments, are in the i18n files under `notice.<code>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    /// The box answered. Args: `model`, `ports`.
    DeviceUp,
    /// The box is gone.
    DeviceGone,
    /// The box, or the modem of a line, was found again in another USB socket. Args: `from`, `to`.
    DeviceMoved,
    /// The box restarted by itself.
    DeviceRebooted,
    /// The modem of a line is back.
    PortUp,
    /// The modem of a line is gone.
    PortGone,
    /// Battery is on the line again.
    LineConnected,
    /// No battery: cable out.
    LineDisconnected,
    /// A parallel telephone took the line.
    ParallelPhone,
    /// A line does not let itself be released.
    StuckOffHook,
    /// A line rings.
    Ringing,
    /// A ring was ignored because FXO→SIP is off on the port.
    RingIgnored,
    /// A ring could not be forwarded: nobody is registered with the port's user.
    NobodyRegistered,
    /// A ring could not be forwarded: the name of the target did not resolve. Args: `host`.
    TargetUnresolved,
    /// A place of the remote server is out of service; others are tried first. Args: `server`, `place`, `next`.
    ServerPlaceLost,
    /// It is back. Args: `server`, `place`.
    ServerPlaceBack,
    /// SIP refused the call of a ringing line. Args: `target`, `status`, `reason`.
    TargetRefused,
    /// A REFER was refused: it leads to nobody that is known here, or is one too many. Args: `target`.
    TransferRefused,
    /// A call was referred to somebody who did not take it. Args: `target`, `status`.
    TransferFailed,
    /// A trunk peer asked for credentials; a trunk has none. Args: `target`.
    TrunkChallenged,
    /// A call began. Args: `from`, `to`.
    CallStarted,
    /// A call was answered. Args: `from`, `to`.
    CallAnswered,
    /// An answered call has no RTP from its peer after two seconds. Args: `expected`.
    RtpMissing,
    /// The RTP of an answered call comes from another host than its peer, and is not listened to. Args: `expected`, `source`.
    RtpRefused,
    /// The RTP of an answered call is not sealed with the key that was agreed, and is not listened to. Args: `source`.
    RtpNotSealed,
    /// A call ended. Args: `from`, `to`, `cause`, `seconds`.
    CallEnded,
    /// A SIP caller was refused: wrong user or secret. Args: `source`.
    WrongCredentials,
    /// A SIP caller was refused: "only from host" of the port does not admit it. Args: `source`.
    HostNotAdmitted,
    /// Requests of a source that no port admits are dropped. Args: `source`.
    SourceDropped,
    /// A source sends more messages than its share; the rest are dropped unread. Args: `source`.
    SourceFlooding,
    /// Sources that are no peers send more messages together than is listened to; the rest are dropped unread.
    StrangersFlooding,
    /// A source is banned: it gets no answer. Args: `source`, `reason` (an [`Offence`](super::guard::Offence)), `minutes`, `times`.
    SourceBanned,
    /// A peer is slowed, for what a stranger would be banned for. Args: `source`, `reason`, `minutes`, `times`.
    PeerSlowed,
    /// A SIP caller was refused: SIP→FXO is off on the port. Args: `source`.
    SipToFxoDisabled,
    /// A SIP caller was refused: a dialling rule denies the number. Args: `source`, `number`, `rule` (counted from 1).
    NumberBlocked,
    /// A SIP caller was refused: no dialling rule allows the number. Args: `source`, `number`.
    NumberNotAllowed,
    /// A SIP caller was refused: international numbers are closed. Args: `source`, `number`.
    InternationalBlocked,
    /// A SIP caller was refused: premium-rate numbers are closed. Args: `source`, `number`.
    PremiumBlocked,
    /// A SIP caller was refused: the minutes that SIP callers have a day on the port are spent. Args: `source`.
    BudgetRefused,
    /// A SIP caller was refused: not at this time of the day. Args: `source`.
    OutOfHours,
    /// SIP callers have used most of the minutes that they have a day on the port. Args: `spent`, `budget` (in minutes).
    BudgetNearlySpent,
    /// SIP callers have used the minutes that they have a day on the port; the call was ended. Args: `spent`, `budget` (in minutes).
    BudgetSpent,
    /// A SIP caller was refused: no number to dial. Args: `source`.
    NumberMissing,
    /// A SIP caller was refused: the port is busy. Args: `source`.
    PortBusy,
    /// A SIP caller was refused: all ports are busy. Args: `source`.
    AllPortsBusy,
    /// A SIP caller was refused: no battery on the line, or no box. Args: `source`.
    LineDead,
    /// A SIP caller was refused: no codec in common. Args: `source`.
    NoCommonCodec,
    /// A SIP caller was refused: its audio would be secured otherwise than the settings say. Args: `source`.
    NotSecured,
    /// No dial tone came within the wait.
    NoDialTone,
    /// The line rang while it was being seized.
    Glare,
    /// A malformed SIP message came. Args: `source`, `problem`.
    MalformedSip,
    /// Malformed SDP came. Args: `source`.
    MalformedSdp,
    /// A port registered at the remote server. Args: `server`, `seconds`.
    Registered,
    /// TLS with a neighbour did not come about. Args: `server`, `fault` (a code of `TlsFault`).
    TlsFailed,
    /// A registration failed. Args: `server`, `status`, `reason`.
    RegistrationFailed,
    /// A phone registered here. Args: `user`, `contact`.
    PhoneRegistered,
    /// A phone's registration is gone. Args: `user`.
    PhoneUnregistered,
    /// A registered phone does not answer any more. Args: `user`, `contact`.
    PhoneUnreachable,
    /// A registered phone answers again. Args: `user`, `contact`.
    PhoneReachable,
    /// The remote server does not answer any more. Args: `server`.
    ServerUnreachable,
    /// The remote server answers again. Args: `server`.
    ServerReachable,
    /// The remote server sees the gateway at another address than its own, or at its own again; args: `address`, `own`.
    SeenAs,
    /// A STUN server sees the gateway at another address than before; args: `address`.
    SeenOutside,
    /// The STUN server does not answer, or its name leads nowhere; args: `server`.
    StunSilent,
    /// New settings hold.
    SettingsApplied,
    /// The computer slept, and took no calls. Args: `from_epoch_ms`, `to_epoch_ms` (ms since 1970, UTC), `minutes`.
    Slept,
    /// What was healthy did not return after Apply: the settings before hold again. Args: `why`, `status`, `reason`, `revision`.
    RolledBack,
    /// The settings before could not be brought back. Args: `why`.
    RollbackFailed,
    /// Settings that waited for idle ports could not be applied. Nothing changed.
    WaitingRefused,
    /// Settings that waited for idle ports are stored and hold, but a part of the running gateway did not follow; a restart heals it.
    AppliedInPart,
    /// The gateway runs without its stored secrets: their key is in a keyring that does not answer.
    KeyringLocked,
    /// The gateway runs without its stored secrets: their key is lost.
    SecretsKeyLost,
    /// A line was not tested: it is not idle.
    TestRefused,
    /// A line was not tested: the number cannot be dialled, or a dialling rule blocks it.
    TestNumberRefused,
    /// A line test is over. Args: `to`, `cause`.
    TestEnded,
}

impl NoticeCode {
    /// What is told when the dialling rules refuse a number.
    #[must_use]
    pub fn of_bar(why: Bar) -> NoticeCode {
        match why {
            Bar::Rule => NoticeCode::NumberBlocked,
            Bar::Otherwise => NoticeCode::NumberNotAllowed,
            Bar::International => NoticeCode::InternationalBlocked,
            Bar::Premium => NoticeCode::PremiumBlocked,
        }
    }
}

/// Something a person should be able to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Notice {
    /// When, in ms since the gateway started.
    pub at_ms: u64,
    /// How loud.
    pub severity: Severity,
    /// What.
    pub code: NoticeCode,
    /// Which port it is about, if it is about one.
    pub port: Option<PortId>,
    /// Values for the words.
    pub args: BTreeMap<String, String>,
    /// Path of the setting that caused it, where one did.
    pub setting: Option<String>,
}
