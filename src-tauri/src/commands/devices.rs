//! The device menu and the card menu; the trace of the box in use, and what would help it.

use std::path::PathBuf;

use gateway_core::shell::card::{self, CardEntry};
use gateway_core::shell::device::hints::DeviceHint;
use gateway_core::shell::device::{DeviceEntry, DeviceTrace, TraceQuery};
use gateway_core::shell::handle::{DeviceError, TraceExportError};
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_dialog::DialogExt as _;

use super::save_dialog::chosen_path;
use crate::gateway::Gateway;

/// How the files of traces end.
const TRACE_ENDING: &str = "txt";

/// Every box that could be chosen now, the simulated one among them.
#[tauri::command]
#[specta::specta]
pub(crate) async fn devices(gateway: State<'_, Gateway>) -> Result<Vec<DeviceEntry>, DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    // Asking the system for its serial ports takes a moment that the runtime must not stand still for.
    let listed = tauri::async_runtime::spawn_blocking(move || running.handle.devices()).await;
    listed.map_err(|_| DeviceError::Stopped)
}

/// Every sound card that records and plays, for boxes whose voice is on one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cards() -> Result<Vec<CardEntry>, DeviceError> {
    // Asking the system for its sound cards takes a moment too.
    tauri::async_runtime::spawn_blocking(card::cards).await.map_err(|_| DeviceError::Stopped)
}

/// What a person can change in the system so that the chosen box can be opened.
#[tauri::command]
#[specta::specta]
pub(crate) async fn device_hints(gateway: State<'_, Gateway>) -> Result<Vec<DeviceHint>, DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    // Looking at ports and processes takes a moment too.
    tauri::async_runtime::spawn_blocking(move || running.handle.device_hints()).await.map_err(|_| DeviceError::Stopped)
}

/// What went over the wires of the chosen box lately.
#[tauri::command]
#[specta::specta]
pub(crate) async fn device_trace(query: TraceQuery, gateway: State<'_, Gateway>) -> Result<DeviceTrace, DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    running.handle.device_trace(query).await
}

/// Asks a person where the file of a trace shall be, with a name to begin with; none when they think better of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn place_trace<R: Runtime>(app: AppHandle<R>, name: String) -> Option<PathBuf> {
    chosen_path(app.dialog().file().add_filter(TRACE_ENDING, &[TRACE_ENDING]).set_file_name(name)).await
}

/// Writes what is kept of the trace to a file, and answers how many lines. `remark`: what the file says of itself.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_trace(path: PathBuf, remark: String, sound: bool, gateway: State<'_, Gateway>) -> Result<u32, TraceExportError> {
    let running = gateway.running().await.ok_or(TraceExportError::Unanswered)?;
    let lines = running.handle.export_device_trace(&path, &remark, sound).await?;
    Ok(u32::try_from(lines).unwrap_or(u32::MAX))
}
