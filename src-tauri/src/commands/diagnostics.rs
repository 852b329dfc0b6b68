//! What the diagnostics page asks beyond what the window knows already.

use gateway_core::shell::handle::{DeviceError, StoreFault};
use serde::Serialize;
use tauri::State;

use crate::gateway::Gateway;

/// How the database is doing.
#[derive(Clone, Debug, Serialize, specta::Type)]
pub(crate) struct StorageView {
    /// Where its file is.
    file: String,
    /// Size of the file in bytes, where it could be examined.
    bytes: Option<u64>,
    /// Why it would not take the next change.
    fault: Option<StoreFault>,
}

/// Examines the database: reads it for damage and tries whether it can be written.
#[tauri::command]
#[specta::specta]
pub(crate) async fn storage(gateway: State<'_, Gateway>) -> Result<StorageView, DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    let store = running.handle.store();
    let file = store.file().display().to_string();
    Ok(match store.examine().await {
        Ok(bytes) => StorageView { file, bytes: Some(bytes), fault: None },
        Err(error) => StorageView { file, bytes: None, fault: Some(error.into()) },
    })
}
