//! What can be seen of the chosen box, through the door: its trace, and what would help it.

use std::io;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::Serialize;
use tokio::sync::oneshot;

use super::{BOX_PATIENCE, DeviceError, GatewayHandle};
use crate::shell::calls_csv::ExportError;
use crate::shell::device::hints::{DeviceHint, hints};
use crate::shell::device::{BoxOrder, DeviceTrace, TraceQuery, as_text};
use crate::shell::profile_file;

/// Why a trace was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TraceExportError {
    /// No space is left where the file should be.
    #[error("disk_full")]
    DiskFull,
    /// The file cannot be made or written there.
    #[error("not_writable")]
    NotWritable,
    /// The box did not tell its trace.
    #[error("unanswered")]
    Unanswered,
}

impl From<io::Error> for TraceExportError {
    fn from(error: io::Error) -> Self {
        tracing::debug!(%error, "the trace was not written");
        match ExportError::from(error) {
            ExportError::DiskFull => TraceExportError::DiskFull,
            ExportError::NotWritable { .. } | ExportError::Store { .. } | ExportError::Cancelled => TraceExportError::NotWritable,
        }
    }
}

impl GatewayHandle {
    /// What went over the wires of the chosen box lately. It may hold numbers of callers.
    ///
    /// # Errors
    /// The gateway has stopped, or the box thread is stuck.
    pub async fn device_trace(&self, query: TraceQuery) -> Result<DeviceTrace, DeviceError> {
        let (answer, answered) = oneshot::channel();
        self.to_box(BoxOrder::Trace { query, answer })?;
        match tokio::time::timeout(BOX_PATIENCE, answered).await {
            // The box thread only hands out raw pieces; the work of words is done here.
            Ok(Ok(raw)) => Ok(raw.decoded()),
            Ok(Err(_)) => Err(DeviceError::Stopped),
            Err(_) => Err(DeviceError::Busy),
        }
    }

    /// Writes all that is kept of the trace to a file, whole or not at all, and answers how many lines. `remark` stands at its
    /// beginning: it has to say that the file may hold numbers of callers.
    ///
    /// # Errors
    /// Why there is no such file now.
    pub async fn export_device_trace(&self, path: &Path, remark: &str, sound: bool) -> Result<usize, TraceExportError> {
        let trace = self.device_trace(TraceQuery { after: None, sound }).await.map_err(|_| TraceExportError::Unanswered)?;
        let text = as_text(&trace, remark, self.started_epoch_ms(), &TimeZone::system());
        let path = path.to_owned();
        let written = tokio::task::spawn_blocking(move || profile_file::write(&path, &text)).await;
        written.map_err(|_| TraceExportError::Unanswered)??;
        Ok(trace.lines.len())
    }

    /// What a person can change in the system so that the chosen box can be opened. It takes a moment.
    #[must_use]
    pub fn device_hints(&self) -> Vec<DeviceHint> {
        hints(&self.device())
    }
}
