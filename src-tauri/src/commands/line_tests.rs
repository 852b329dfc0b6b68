//! Line tests: those that are kept, and the file that is handed over.

use std::collections::BTreeMap;
use std::path::Path;

use gateway_core::config::PortId;
use gateway_core::shell::StoreFault;
use gateway_core::shell::calls_csv::ExportError;
use gateway_core::shell::handle::DeviceError;
use gateway_core::shell::store::StoredLineTest;
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_dialog::DialogExt as _;

use super::save_dialog::chosen_path;
use crate::gateway::Gateway;

/// The gateway does not run.
fn stopped() -> StoreFault {
    StoreFault { code: DeviceError::Stopped.to_string(), detail: String::new() }
}

/// The newest line tests of a port first, at most `count`.
#[tauri::command]
#[specta::specta]
pub(crate) async fn line_tests(port: PortId, count: u32, gateway: State<'_, Gateway>) -> Result<Vec<StoredLineTest>, StoreFault> {
    let running = gateway.running().await.ok_or_else(stopped)?;
    running.handle.line_tests(port, count).await
}

/// Asks a person where the file of a line test shall be; none when they think better of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn choose_line_test_path<R: Runtime>(name: String, app: AppHandle<R>) -> Option<String> {
    let path = chosen_path(app.dialog().file().set_file_name(name).add_filter("TXT", &["txt"]).add_filter("JSON", &["json"])).await;
    path.map(|path| path.to_string_lossy().into_owned())
}

/// Writes a line test to a file, as JSON where its name ends so. `words`: those of codes; one that has none stands for itself.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_line_test(
    id: String,
    path: String,
    words: BTreeMap<String, String>,
    gateway: State<'_, Gateway>,
) -> Result<(), ExportError> {
    let running = gateway.running().await.ok_or_else(|| ExportError::Store { error: stopped() })?;
    let said = |code: &str| words.get(code).cloned().unwrap_or_else(|| code.to_owned());
    running.handle.export_line_test(&id, Path::new(&path), said).await
}
