//! Who is banned or slowed, and whose messages were dropped unread.

use gateway_core::gateway::guard::GuardView;
use gateway_core::shell::handle::DeviceError;
use tauri::State;

use crate::gateway::Gateway;

/// What the guard has to show.
#[tauri::command]
#[specta::specta]
pub(crate) async fn guard(gateway: State<'_, Gateway>) -> Result<GuardView, DeviceError> {
    gateway.running().await.ok_or(DeviceError::Stopped)?.handle.guard().await
}
