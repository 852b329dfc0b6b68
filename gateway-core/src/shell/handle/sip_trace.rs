//! The SIP messages that came and went lately, through the door.

use std::path::Path;

use jiff::tz::TimeZone;

use super::{GatewayHandle, TraceExportError};
use crate::gateway::sip_trace::{SipTrace, SipTraceQuery};
use crate::shell::profile_file;
use crate::shell::sip_trace::as_text;

impl GatewayHandle {
    /// The SIP messages that came and went lately, without secrets. They may hold numbers and names of callers. What is kept can
    /// still be asked for when the gateway has stopped.
    #[must_use]
    pub fn sip_trace(&self, query: SipTraceQuery) -> SipTrace {
        self.inner.messages.answer(query)
    }

    /// Writes messages to a file, whole or not at all, and answers how many. `numbers`: only those, as far as they are still kept;
    /// `None`: all. `remark` stands at the beginning: it has to say that the file may hold numbers and names of callers.
    ///
    /// # Errors
    /// Why there is no such file now.
    pub async fn export_sip_trace(&self, path: &Path, remark: &str, numbers: Option<&[u64]>) -> Result<usize, TraceExportError> {
        let mut messages = self.sip_trace(SipTraceQuery::default()).messages;
        if let Some(numbers) = numbers {
            messages.retain(|message| numbers.contains(&message.number));
        }
        let text = as_text(&messages, remark, self.started_epoch_ms(), &TimeZone::system());
        let path = path.to_owned();
        let written = tokio::task::spawn_blocking(move || profile_file::write(&path, &text)).await;
        written.map_err(|_| TraceExportError::Unanswered)??;
        Ok(messages.len())
    }
}
