//! What the door answers: reviews, refusals and updates. Codes, never words.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::config::PortId;
use crate::config::diff::Change;
use crate::config::problem::Problem;
use crate::fxo::simulator::act::PortEvent;
use crate::gateway::guard::BanView;
use crate::gateway::line_test::LineTestReport;
use crate::gateway::mark::Mark;
use crate::gateway::notice::Notice;
use crate::gateway::probation::{Missing, RollbackReason};
use crate::gateway::record::CallRecord;
use crate::gateway::view::Snapshot;
use crate::media::Analysis;
use crate::shell::device::DeviceStatus;
use crate::shell::sockets::BindError;
use crate::shell::store::{RevisionId, StoreError};

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StartError {
    /// A socket could not be had.
    #[error("{error}")]
    Bind {
        /// Which, and which setting asked for it.
        error: BindError,
    },
    /// The database could not be opened or read.
    #[error("{error}")]
    Store {
        /// Why.
        error: StoreFault,
    },
    /// The profile could not be applied.
    #[error("profile: {error}")]
    Profile {
        /// Why.
        error: ApplyError,
    },
    /// The system gave no thread, no dice, or no folder.
    #[error("system: {detail}")]
    System {
        /// What the system said, for the log.
        detail: String,
    },
}

/// Why the database did not do its part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[error("{code}: {detail}")]
pub struct StoreFault {
    /// The code, as [`StoreError::code`] has it.
    pub code: String,
    /// What the database said, for the log.
    pub detail: String,
}

impl From<StoreError> for StoreFault {
    fn from(error: StoreError) -> Self {
        StoreFault { code: error.code().to_owned(), detail: error.to_string() }
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        StartError::Store { error: error.into() }
    }
}

impl From<StoreError> for ApplyError {
    fn from(error: StoreError) -> Self {
        ApplyError::Store { error: error.into() }
    }
}

/// What Apply would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Review {
    /// Everything that is wrong or wants to be confirmed, each with its field.
    pub problems: Vec<Problem>,
    /// Every change, graded.
    pub changes: Vec<Change>,
    /// What a ring of each port would call, in the order of the ports.
    pub targets: Vec<TargetPreview>,
}

/// What a ring of one port would call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TargetPreview {
    /// The port.
    pub port: PortId,
    /// The exact URI; empty when the target is wrong.
    pub uri: String,
    /// Nothing was typed: the URI calls `unknown`.
    pub blank: bool,
    /// Server mode: the host comes from the phone that registers.
    pub host_from_contact: bool,
    /// What is wrong with the target, as a word of [`crate::config::target::TargetFault`].
    pub fault: Option<String>,
}

/// Settings that hold from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Applied {
    /// Their revision.
    pub revision: RevisionId,
    /// When they were applied, in ms since 1970 (UTC).
    pub at_epoch_ms: u64,
}

/// What was applied last, and what is still to be settled about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ApplyProgress {
    /// The settings in force.
    pub applied: Applied,
    /// What is still to be settled.
    pub status: ApplyStatus,
}

/// What is still to be settled about Apply. All `…_ms` are since the gateway started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApplyStatus {
    /// Nothing: the settings in force are proven, or nothing has to be proven.
    None,
    /// Settings wait until the ports they touch are idle.
    Waiting {
        /// The ports that are not.
        ports: Vec<PortId>,
        /// Since when they wait.
        since_ms: u64,
    },
    /// The settings in force have to prove themselves.
    OnProbation {
        /// Since when.
        since_ms: u64,
        /// When the settings before return.
        until_ms: u64,
        /// What was healthy and is not yet again.
        missing: Vec<Missing>,
    },
    /// The settings before are in force again, as a new revision.
    RolledBack {
        /// The revision that did not prove itself.
        refused: RevisionId,
        /// Why; at least one.
        reasons: Vec<RollbackReason>,
    },
    /// Settings that waited could not be applied; nothing changed.
    Refused {
        /// Why.
        error: ApplyError,
    },
}

/// Why Apply did not do all it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApplyError {
    /// The settings are wrong; every problem at once. Nothing changed.
    #[error("problems")]
    Problems {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// A person has to confirm these first. Nothing changed.
    #[error("needs_confirmation")]
    NeedsConfirmation {
        /// What has to be confirmed.
        problems: Vec<Problem>,
    },
    /// A socket could not be had. Nothing changed.
    #[error("prepare: {error}")]
    Prepare {
        /// Which, and which setting asked for it.
        error: BindError,
    },
    /// The database did not take the settings. Nothing changed.
    #[error("store: {error}")]
    Store {
        /// Why.
        error: StoreFault,
    },
    /// The settings are stored and hold, but a part of the running gateway could not follow; a restart heals it.
    #[error("switch: {detail}")]
    Switch {
        /// What the system said, for the log.
        detail: String,
    },
    /// The gateway has stopped.
    #[error("stopped")]
    Stopped,
}

/// Why an order was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DeviceError {
    /// The simulated box is not the one in use.
    #[error("not_virtual")]
    NotVirtual,
    /// The box has no such line.
    #[error("no_such_port")]
    NoSuchPort,
    /// The box is too busy to take it.
    #[error("busy")]
    Busy,
    /// The gateway has stopped.
    #[error("stopped")]
    Stopped,
}

/// How a gateway came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It was stopped.
    Stopped,
    /// Its own code failed; every line was released and the box closed.
    Failed,
}

/// How a gateway started, and what happened since.
#[derive(Debug)]
pub struct Beginning {
    /// The picture before anything happened.
    pub snapshot: Arc<Snapshot>,
    /// The last 1024 updates since then, and all that follow.
    pub updates: broadcast::Receiver<Update>,
}

/// Something that a subscriber is told.
#[derive(Clone, Debug)]
pub enum Update {
    /// The live picture.
    Snapshot(Arc<Snapshot>),
    /// A notice.
    Notice(Notice),
    /// A line test is over; the record of its call follows.
    LineTest(LineTestReport),
    /// A call is over.
    Record(CallRecord),
    /// Something was seen on a line or done to it.
    Mark(Mark),
    /// What is heard on a line, while somebody looks ([`Command::Analyse`](crate::gateway::io::Command::Analyse)).
    Analysis {
        /// Which line.
        port: PortId,
        /// What.
        analysis: Box<Analysis>,
    },
    /// A source is banned from now on, or slowed.
    Ban(BanView),
    /// The record with this id is in the database.
    Kept(String),
    /// Something happened at the simulated exchange.
    Exchange(PortEvent),
    /// The box changed how it is doing.
    Device(DeviceStatus),
    /// Something about Apply was settled, or is still to be.
    Apply(ApplyProgress),
    /// The gateway has ended; nothing comes after this.
    Ended(Ended),
}
