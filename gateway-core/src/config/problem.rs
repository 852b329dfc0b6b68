//! What is wrong with settings or with a profile: a code for people's words, the field, and the numbers to put into the words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much a problem weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename = "ProblemSeverity", rename_all = "snake_case")]
pub enum Severity {
    /// Refused until it is changed.
    Error,
    /// Done after a person confirmed it once.
    Confirm,
}

/// One thing that is wrong, or that wants to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Problem {
    /// Where: `gateway.sip_port`, `ports[1].line.guard_ms`; empty for a whole file.
    pub path: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What it is.
    pub code: ProblemCode,
    /// What the words of `code` need, by name; never a secret.
    pub args: BTreeMap<String, String>,
}

/// What is wrong. The names in brackets are the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    // One value by itself.
    /// Not of the type of its setting (`expected`, `found`).
    WrongType,
    /// A number below the range (`minimum`, `found`).
    BelowMinimum,
    /// A number above the range (`maximum`, `found`).
    AboveMaximum,
    /// No word of the list (`found`, `allowed`).
    UnknownWord,
    /// A text longer than allowed (`maximum`, in characters).
    TooLong,
    /// A list longer than allowed (`maximum`, `found`).
    TooManyItems,
    /// A list that needs an entry and has none.
    EmptyList,
    /// Twice in one list (`found`).
    RepeatedItem,
    /// A control character, such as a line break.
    ControlCharacter,
    /// A user with a character that SIP does not allow there (`character`).
    BadUser,
    /// Not `host[:port]` (`fault`: a word of [`super::host::HostFault`]).
    BadRemoteServer,
    /// Not `address[:port]` (`fault`: a word of [`super::host::HostFault`]).
    BadDnsServer,
    /// Not an IP address to listen on, nor the name of a network interface.
    BadBindAddress,
    /// Not an IP address that somebody can send to.
    BadHostAddress,
    /// A target that cannot be called (`fault`: a word of [`super::target::TargetFault`]).
    BadTarget,
    /// An entry of a host list that cannot be read (`entry`, `fault`: a word of [`super::host::HostFault`]).
    BadHost,
    /// A country without a line profile (`found`, `allowed`).
    UnknownCountry,
    /// Hours that are no spans of the day.
    BadHours,
    /// A dialling rule that cannot be read (`fault`: a word of [`super::dialling::rule::RuleFault`]).
    BadDialRule,
    /// A tone that cannot be read (`fault`: a word of [`super::learned_tone::ToneFault`]).
    BadTone,
    /// An area code with something else than digits, or with the trunk prefix.
    BadAreaCode,
    /// Text that is no SHA-256 in hexadecimal.
    BadFingerprint,
    // Settings together.
    /// A user is needed here.
    UserMissing,
    /// A secret is needed here.
    SecretMissing,
    /// A secret that is quickly guessed (confirm).
    SecretWeak,
    /// The same user as another port (`port`, counted from 1): an error in server mode, else to be confirmed.
    DuplicateUser,
    /// Client and trunk mode need a remote server.
    RemoteServerMissing,
    /// RTP uses even ports (RFC 3550 §11).
    RtpPortOdd,
    /// The RTP ports of all FXO ports do not fit below 65536 (`last`).
    RtpPortsBeyondRange,
    /// The SIP port is one of the RTP ports (`first`, `last`).
    SipPortAmongRtpPorts,
    /// TCP and TLS are to be taken at the same port.
    TlsPortTaken,
    /// A certificate of our own without the file of its key, or a key without the certificate.
    TlsKeyMissing,
    /// Servers are to be checked by an authority of our own, and none is named.
    TlsAuthorityMissing,
    /// Servers are to be known by a fingerprint, and none is given.
    TlsFingerprintMissing,
    /// A target is to be called over TLS, which is off.
    TargetNeedsTls,
    /// The shortest lifetime granted is longer than the longest one (`minimum`, `maximum`).
    ExpiresOrder,
    /// Nothing bounds how long the line may stay seized: no RTP timeout, no silence timeout, no longest call.
    NoBoundOnSeizedLine,
    /// The limit for "answered" lies beyond the time after which nobody answers (`limit`, `no_answer`) (confirm).
    AnswerLimitBeyondNoAnswer,
    /// A ring calls the user "unknown" (`uri`) (confirm).
    TargetBlank,
    /// In trunk mode anyone who reaches this computer can place calls on the line (confirm).
    AnyoneMayCall,
    /// More ports than a gateway may have (`maximum`, `found`).
    TooManyPorts,
    /// More ports than the connected devices have (`available`, `found`) (confirm).
    PortsWithoutDevice,
    // A profile as a whole.
    /// Larger than a profile may be (`maximum`, in bytes).
    ProfileTooLarge,
    /// Not JSON (`line`, `column`).
    NotJson,
    /// JSON, and yet no profile of this program.
    NotAProfile,
    /// Written by a newer version of this program (`found`, `newest`).
    ProfileFromNewerVersion,
    /// A part that must be there is not.
    KeyMissing,
    /// A key that no version of this program knows (`meant`: the path it may stand for, if one is near).
    UnknownKey,
    /// The same key twice in one object.
    RepeatedKey,
    // The sealed secrets of a profile.
    /// The secrets are sealed, and no passphrase was given.
    PassphraseNeeded,
    /// Not the passphrase with which the secrets were sealed.
    WrongPassphrase,
    /// No sealed text, or one that was changed after sealing.
    SealDamaged,
    /// Trying a passphrase would take too long (`found`, `maximum`: powers of two of the work).
    SealTooCostly,
    /// What was sealed is no list of secrets.
    SealWithoutSecrets,
    /// The seal holds a secret for something that is no secret of these settings.
    UnknownSecret,
    /// The file has this secret both in the clear and sealed.
    SecretTwice,
    /// The stored secret cannot be opened, for its key is missing, and Apply would give it up.
    SecretGivenUp,
    /// There are more problems than are told (`maximum`).
    TooManyProblems,
}

impl Problem {
    /// A problem that forbids Apply.
    #[must_use]
    pub fn error(path: impl Into<String>, code: ProblemCode) -> Problem {
        Problem { path: path.into(), severity: Severity::Error, code, args: BTreeMap::new() }
    }

    /// A problem that Apply asks to confirm.
    #[must_use]
    pub fn confirm(path: impl Into<String>, code: ProblemCode) -> Problem {
        Problem { path: path.into(), severity: Severity::Confirm, code, args: BTreeMap::new() }
    }

    /// The same problem with one more argument for its words.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Problem {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}

/// True when a problem among these forbids Apply.
#[must_use]
pub fn forbids(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}
