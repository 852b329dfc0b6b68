//! The call history: windows into it, details, deleting, and export.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway_core::config::PortId;
use gateway_core::gateway::caller_id_verdict::CallerIdVerdict;
use gateway_core::shell::StoreFault;
use gateway_core::shell::calls_csv::{CsvOptions, ExportError, ExportProgress};
use gateway_core::shell::handle::DeviceError;
use gateway_core::shell::store::{CallQuery, CallWindow, StoredRecord};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_dialog::DialogExt as _;
use tauri_specta::Event as _;

use super::save_dialog::chosen_path;
use crate::gateway::Gateway;

/// How far the export is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct ExportProgressEvent(ExportProgress);

/// The export that is under way: one at a time, cancelled by a word.
#[derive(Debug, Default)]
pub(crate) struct Export {
    cancelled: AtomicBool,
}

/// The gateway does not run.
fn stopped() -> StoreFault {
    let error = DeviceError::Stopped;
    StoreFault { code: error.to_string(), detail: String::new() }
}

/// A window into the calls that a query finds, newest first. `up_to`: the `newest` of the window before.
#[tauri::command]
#[specta::specta]
pub(crate) async fn calls(
    query: CallQuery,
    up_to: Option<u64>,
    first: u32,
    count: u32,
    gateway: State<'_, Gateway>,
) -> Result<CallWindow, StoreFault> {
    let running = gateway.running().await.ok_or_else(stopped)?;
    running.handle.calls(&query, up_to, first, count).await
}

/// One call; none when it is not kept any more.
#[tauri::command]
#[specta::specta]
pub(crate) async fn call(id: String, gateway: State<'_, Gateway>) -> Result<Option<StoredRecord>, StoreFault> {
    let running = gateway.running().await.ok_or_else(stopped)?;
    running.handle.call(&id).await
}

/// Whether the line of a port sends caller ID, by its last incoming calls.
#[tauri::command]
#[specta::specta]
pub(crate) async fn caller_id_verdict(port: PortId, gateway: State<'_, Gateway>) -> Result<CallerIdVerdict, StoreFault> {
    let running = gateway.running().await.ok_or_else(stopped)?;
    running.handle.caller_id_verdict(port).await
}

/// Deletes the calls that a query finds, and answers how many. The window has asked for a confirmation.
#[tauri::command]
#[specta::specta]
pub(crate) async fn forget_calls(query: CallQuery, up_to: u64, gateway: State<'_, Gateway>) -> Result<u32, StoreFault> {
    let running = gateway.running().await.ok_or_else(stopped)?;
    running.handle.forget_calls(&query, up_to).await
}

/// Asks a person where a CSV file shall be; none when they think better of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn choose_csv_path<R: Runtime>(name: String, app: AppHandle<R>) -> Option<String> {
    let path = chosen_path(app.dialog().file().set_file_name(name).add_filter("CSV", &["csv"])).await;
    path.map(|path| path.to_string_lossy().into_owned())
}

/// Writes the calls that a query finds to a file, and answers how many.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_calls<R: Runtime>(
    query: CallQuery,
    path: String,
    options: CsvOptions,
    app: AppHandle<R>,
    gateway: State<'_, Gateway>,
    export: State<'_, Export>,
) -> Result<u32, ExportError> {
    let running = gateway.running().await.ok_or_else(|| ExportError::Store { error: stopped() })?;
    export.cancelled.store(false, Ordering::Relaxed);
    let progress = |progress| {
        if let Err(error) = ExportProgressEvent(progress).emit(&app) {
            tracing::debug!(%error, "the window was not told");
        }
        if export.cancelled.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    running.handle.export_calls(&query, Path::new(&path), &options, progress).await
}

/// Ends the export that is under way; the file is left as it was.
#[tauri::command]
#[specta::specta]
pub(crate) fn cancel_export(export: State<'_, Export>) {
    export.cancelled.store(true, Ordering::Relaxed);
}
