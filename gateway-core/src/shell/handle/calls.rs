//! The call history, through the door.

use std::ops::ControlFlow;
use std::path::Path;

use super::{GatewayHandle, StoreFault};
use crate::config::PortId;
use crate::gateway::caller_id_verdict::{CALLS_LOOKED_AT, CallerIdVerdict, caller_id_verdict};
use crate::shell::calls_csv::{self, CsvOptions, ExportError, ExportProgress};
use crate::shell::store::{CallQuery, CallWindow, RecordDirection, StoredRecord};

impl GatewayHandle {
    /// A window into the calls that a query finds; see [`crate::shell::store::Store::calls`].
    ///
    /// # Errors
    /// Why the database did not answer.
    pub async fn calls(&self, query: &CallQuery, up_to: Option<u64>, first: u32, count: u32) -> Result<CallWindow, StoreFault> {
        Ok(self.inner.store.calls(query, up_to, first, count).await?)
    }

    /// One call; `None` when it is not kept any more.
    ///
    /// # Errors
    /// Why the database did not answer.
    pub async fn call(&self, id: &str) -> Result<Option<StoredRecord>, StoreFault> {
        Ok(self.inner.store.record(id).await?)
    }

    /// Whether the line of a port sends caller ID, by its last incoming calls.
    ///
    /// # Errors
    /// Why the database did not answer.
    pub async fn caller_id_verdict(&self, port: PortId) -> Result<CallerIdVerdict, StoreFault> {
        let query = CallQuery { direction: Some(RecordDirection::FxoToSip), ports: vec![port], ..CallQuery::default() };
        let found = self.inner.store.calls(&query, None, 0, CALLS_LOOKED_AT).await?;
        let timelines = found.calls.iter().map(|call| call.timeline.iter().filter_map(|mark| Some((mark.after_ms, mark.what.as_ref()?))));
        Ok(caller_id_verdict(timelines))
    }

    /// Deletes the calls that a query finds, up to the record `up_to`, and answers how many.
    ///
    /// # Errors
    /// Why the database did not delete them all.
    pub async fn forget_calls(&self, query: &CallQuery, up_to: u64) -> Result<u32, StoreFault> {
        let forgotten = self.inner.store.forget_calls(query, up_to).await?;
        tracing::info!(forgotten, "call records were deleted by order of the operator");
        Ok(forgotten)
    }

    /// Writes the calls that a query finds to a file; see [`calls_csv::export`].
    ///
    /// # Errors
    /// Why there is no such file now.
    pub async fn export_calls(
        &self,
        query: &CallQuery,
        path: &Path,
        options: &CsvOptions,
        progress: impl FnMut(ExportProgress) -> ControlFlow<()>,
    ) -> Result<u32, ExportError> {
        calls_csv::export(&self.inner.store, query, path, options, progress).await
    }
}
