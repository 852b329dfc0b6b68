//! The door to a running gateway: everything that the window and the headless program can ask of it.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::device::{DeviceChoice, DeviceEntry, DeviceStatus};
use super::interim::{Change, ExchangeEvent, LineAct, Problem};
use super::udp::BindError;
use crate::config::PortId;
use crate::config::settings::Settings;
use crate::gateway::io::Command;
use crate::gateway::notice::Notice;
use crate::gateway::record::CallRecord;
use crate::gateway::view::Snapshot;

/// How to start a gateway.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// Where the database lies; it is created when it is missing.
    pub data_dir: PathBuf,
    /// The box to use. `None`: the one that was chosen last, at first the simulated box.
    pub device: Option<DeviceChoice>,
}

/// Why a gateway did not start, or settings were not prepared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StartError {
    /// A socket could not be had.
    #[error(transparent)]
    Bind {
        /// Which, and which setting asked for it.
        #[serde(flatten)]
        #[from]
        error: BindError,
    },
    /// The database could not be opened.
    #[error("store: {detail}")]
    Store {
        /// The code, as `shell::store` names it.
        detail: String,
    },
    /// The system gave no thread, no dice, or no folder.
    #[error("system: {detail}")]
    System {
        /// What the system said, for the log.
        detail: String,
    },
}

/// What would happen on Apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Review {
    /// Everything that is wrong, each with its field.
    pub problems: Vec<Problem>,
    /// Every change, graded.
    pub changes: Vec<Change>,
    /// The exact URI that a ring of each port would call, in the order of the ports.
    pub targets: Vec<String>,
}

/// Settings that hold from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Applied {
    /// Their revision.
    pub revision: i64,
    /// When they were applied, in ms since 1970 (UTC).
    pub at_epoch_ms: u64,
}

/// Why Apply changed nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApplyError {
    /// The settings are wrong; every problem at once.
    #[error("problems")]
    Problems {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// A person has to confirm these first.
    #[error("needs_confirmation")]
    NeedsConfirmation {
        /// What has to be confirmed.
        problems: Vec<Problem>,
    },
    /// A socket could not be had.
    #[error("prepare: {error}")]
    Prepare {
        /// Which, and which setting asked for it.
        error: BindError,
    },
    /// The database did not take the settings.
    #[error("store: {detail}")]
    Store {
        /// The code, as `shell::store` names it.
        detail: String,
    },
    /// The gateway has stopped.
    #[error("stopped")]
    Stopped,
}

/// Why an order to the box was not carried out.
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

/// Something a subscriber is told.
#[derive(Clone, Debug)]
pub enum Update {
    /// The live picture.
    Snapshot(Arc<Snapshot>),
    /// A notice.
    Notice(Notice),
    /// A call is over.
    Record(CallRecord),
    /// Something happened at the simulated exchange.
    Exchange(ExchangeEvent),
    /// The box changed how it is doing.
    Device(DeviceStatus),
    /// The gateway has stopped; nothing comes after this.
    Stopped,
}

/// A running gateway. Clones are the same gateway.
#[derive(Clone, Debug)]
pub struct GatewayHandle {
    _private: (),
}

#[allow(clippy::unused_async, unused_variables, missing_docs, clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::unimplemented)]
impl GatewayHandle {
    pub async fn start(options: StartOptions) -> Result<GatewayHandle, StartError> {
        unimplemented!()
    }
    pub fn settings(&self) -> Settings {
        unimplemented!()
    }
    pub fn check(&self, settings: &Settings) -> Vec<Problem> {
        unimplemented!()
    }
    pub fn review(&self, settings: &Settings) -> Review {
        unimplemented!()
    }
    pub async fn apply(&self, settings: Settings, confirmed: bool) -> Result<Applied, ApplyError> {
        unimplemented!()
    }
    pub async fn command(&self, command: Command) -> Result<(), DeviceError> {
        unimplemented!()
    }
    pub fn snapshot(&self) -> Arc<Snapshot> {
        unimplemented!()
    }
    pub fn subscribe(&self) -> broadcast::Receiver<Update> {
        unimplemented!()
    }
    pub fn recent_notices(&self) -> Vec<Notice> {
        unimplemented!()
    }
    pub async fn recent_records(&self) -> Vec<CallRecord> {
        unimplemented!()
    }
    pub fn started_epoch_ms(&self) -> u64 {
        unimplemented!()
    }
    pub fn devices(&self) -> Vec<DeviceEntry> {
        unimplemented!()
    }
    pub fn device(&self) -> DeviceStatus {
        unimplemented!()
    }
    pub async fn select_device(&self, choice: DeviceChoice) -> Result<(), DeviceError> {
        unimplemented!()
    }
    pub async fn virtual_line(&self, port: PortId, act: LineAct) -> Result<(), DeviceError> {
        unimplemented!()
    }
    pub async fn stop(&self) {
        unimplemented!()
    }
}
