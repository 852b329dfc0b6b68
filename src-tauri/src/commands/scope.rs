//! The line scope.

use gateway_core::config::PortId;
use gateway_core::gateway::mark::Mark;
use gateway_core::shell::handle::DeviceError;
use tauri::State;

use crate::gateway::Gateway;

/// What was seen on a line before the window looked, oldest first.
#[tauri::command]
#[specta::specta]
pub(crate) async fn recent_marks(port: PortId, gateway: State<'_, Gateway>) -> Result<Vec<Mark>, DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    Ok(running.handle.recent_marks(port))
}
