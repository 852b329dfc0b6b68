//! Call records as a CSV file (RFC 4180): one header, one line a call, newest first, lines ended by CR LF, UTF-8.
//!
//! The columns are the same in every language, so that a script reads every file; only `reason` holds words, those of `cause` in
//! the language of whoever asks. Times are ISO 8601 in the time zone of this computer, with their offset. A cell that a
//! spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a line break) gets an apostrophe in front.
//!
//! The file is written beside its place and moved there when it is whole, so that a full disk, a failure or a person who
//! cancels leaves whatever was there before, and nothing else.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::handle::StoreFault;
use super::store::{CallQuery, Store, StoreError, StoredRecord};
use super::whole_file::beside;
use crate::code;
use crate::dsp::progress::HeardTone;
use crate::fxo::line::HangUpEvidence;

/// Calls that are read and written at a time; all that is in memory.
const AT_ONCE: u32 = 500;

/// The first bytes that tell a spreadsheet that a file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The columns.
pub const COLUMNS: [&str; 18] = [
    "started",
    "answered",
    "ended",
    "direction",
    "port",
    "from",
    "to",
    "talk_s",
    "duration_s",
    "cause",
    "reason",
    "evidence",
    "evidence_ms",
    "evidence_tone",
    "evidence_hz",
    "evidence_cycles",
    "sip_status",
    "id",
];

/// How the file is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CsvOptions {
    /// Begin with a byte order mark, for spreadsheets that would not take it for UTF-8.
    pub byte_order_mark: bool,
    /// Words for codes of causes, for the column `reason`. A code without words stands for itself.
    pub words: BTreeMap<String, String>,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ExportProgress {
    /// Calls that are written.
    pub written: u32,
    /// Calls that are to be written.
    pub total: u32,
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExportError {
    /// The records could not be read.
    #[error("{error}")]
    Store {
        /// Why.
        error: StoreFault,
    },
    /// No space is left where the file should be.
    #[error("disk_full")]
    DiskFull,
    /// The file cannot be made or written there.
    #[error("not_writable: {detail}")]
    NotWritable {
        /// What the system said, for the log.
        detail: String,
    },
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        ExportError::Store { error: error.into() }
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => ExportError::DiskFull,
            _ => ExportError::NotWritable { detail: error.to_string() },
        }
    }
}

/// Writes the calls that a query finds to `path`, replacing what is there, and answers how many. `progress` hears of every few
/// hundred calls, and cancels by breaking. Calls that end in the meantime are left out.
///
/// # Errors
/// See [`ExportError`]; nothing has changed at `path` then.
pub async fn export(
    store: &Store,
    query: &CallQuery,
    path: &Path,
    options: &CsvOptions,
    progress: impl FnMut(ExportProgress) -> ControlFlow<()>,
) -> Result<u32, ExportError> {
    export_through(&beside(path), store, query, path, options, progress).await
}

/// The same by way of a file that is whole before it gets its name.
async fn export_through(
    part: &Path,
    store: &Store,
    query: &CallQuery,
    path: &Path,
    options: &CsvOptions,
    progress: impl FnMut(ExportProgress) -> ControlFlow<()>,
) -> Result<u32, ExportError> {
    let written = write_file(store, query, part, options, progress).await;
    let moved = match written {
        Ok(count) => tokio::fs::rename(part, path).await.map(|()| count).map_err(ExportError::from),
        Err(error) => Err(error),
    };
    if moved.is_err() {
        // It may never have been there.
        let _ = tokio::fs::remove_file(part).await;
    }
    moved
}

async fn write_file(
    store: &Store,
    query: &CallQuery,
    part: &Path,
    options: &CsvOptions,
    progress: impl FnMut(ExportProgress) -> ControlFlow<()>,
) -> Result<u32, ExportError> {
    let mut file = tokio::fs::File::create(part).await?;
    let count = write(store, query, &mut file, options, &TimeZone::system(), progress).await?;
    file.sync_all().await?;
    Ok(count)
}

/// As [`export`], to anything that takes bytes, with times in `zone`.
///
/// # Errors
/// See [`ExportError`].
pub async fn write(
    store: &Store,
    query: &CallQuery,
    out: &mut (impl AsyncWrite + Unpin),
    options: &CsvOptions,
    zone: &TimeZone,
    mut progress: impl FnMut(ExportProgress) -> ControlFlow<()>,
) -> Result<u32, ExportError> {
    let mut text = String::new();
    if options.byte_order_mark {
        text.push_str(BYTE_ORDER_MARK);
    }
    push_line(&mut text, COLUMNS.map(str::to_owned));
    let (mut written, mut from) = (0, None);
    loop {
        let page = store.page(query, from, AT_ONCE).await?;
        for call in &page.calls {
            push_line(&mut text, cells(call, options, zone));
        }
        out.write_all(text.as_bytes()).await?;
        text.clear();
        written += u32::try_from(page.calls.len()).unwrap_or(u32::MAX);
        if progress(ExportProgress { written, total: written.saturating_add(page.left) }).is_break() {
            return Err(ExportError::Cancelled);
        }
        from = page.next;
        if from.is_none() {
            out.flush().await?;
            return Ok(written);
        }
    }
}

/// The name of evidence, how long the loop was open, and the tone that was heard.
fn evidence_cells(evidence: &HangUpEvidence) -> (&'static str, Option<u32>, Option<&HeardTone>) {
    match evidence {
        HangUpEvidence::LoopInterruption { duration_ms } => ("loop_interruption", Some(*duration_ms), None),
        HangUpEvidence::PolarityReversal => ("polarity_reversal", None, None),
        HangUpEvidence::DisconnectTone(tone) => ("disconnect_tone", None, Some(tone)),
        HangUpEvidence::DialTone(tone) => ("dial_tone", None, Some(tone)),
        HangUpEvidence::BatteryLost => ("battery_lost", None, None),
        HangUpEvidence::DeviceGone => ("device_gone", None, None),
        HangUpEvidence::Together { clues } => {
            let cells = || clues.iter().map(evidence_cells);
            ("together", cells().find_map(|(_, lasted_ms, _)| lasted_ms), cells().find_map(|(_, _, tone)| tone))
        }
    }
}

fn cells(call: &StoredRecord, options: &CsvOptions, zone: &TimeZone) -> [String; 18] {
    let time = |epoch_ms: u64| local_time(epoch_ms, zone);
    let seconds = |from: u64| (call.ended_at_ms.saturating_sub(from) / 1000).to_string();
    let reason = options.words.get(&call.cause).unwrap_or(&call.cause);
    let (evidence, lasted_ms, tone) = call.evidence.as_ref().map_or(("", None, None), evidence_cells);
    let of_tone = |what: fn(&HeardTone) -> String| tone.map(what).unwrap_or_default();
    [
        time(call.started_at_ms),
        call.answered_at_ms.map(time).unwrap_or_default(),
        time(call.ended_at_ms),
        if call.damaged { String::new() } else { code::of(&call.direction) },
        if call.damaged { String::new() } else { (u32::from(call.port.0) + 1).to_string() },
        call.from.clone(),
        call.to.clone(),
        call.answered_at_ms.map(seconds).unwrap_or_default(),
        seconds(call.started_at_ms),
        call.cause.clone(),
        reason.clone(),
        evidence.to_owned(),
        lasted_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        of_tone(|heard| code::of(&heard.tone)),
        of_tone(|heard| format!("{:.0}", heard.frequency_hz)),
        of_tone(|heard| heard.cycles.to_string()),
        call.sip_status.map(|status| status.to_string()).unwrap_or_default(),
        call.id.clone(),
    ]
}

/// `2026-11-25T14:05:11.250-03:00`. A moment that no calendar has is empty.
#[must_use]
pub fn local_time(epoch_ms: u64, zone: &TimeZone) -> String {
    let moment = i64::try_from(epoch_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    moment.map(|moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()).unwrap_or_default()
}

fn push_line(text: &mut String, cells: [String; 18]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_cell(text, cell);
    }
    text.push_str("\r\n");
}

fn push_cell(text: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let quoted = cell.contains(['"', ',', '\r', '\n']);
    if quoted {
        text.push('"');
    }
    if formula {
        text.push('\'');
    }
    if quoted {
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

#[cfg(test)]
mod tests;
