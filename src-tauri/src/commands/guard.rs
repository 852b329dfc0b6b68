//! Who is banned or slowed, whose messages were dropped unread, and how the doors hold.

use gateway_core::gateway::exposure::ExposureReport;
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

/// Attacks the gateway's own doors as strangers would, and says how they held. It takes some seconds.
#[tauri::command]
#[specta::specta]
pub(crate) async fn test_exposure(gateway: State<'_, Gateway>) -> Result<ExposureReport, DeviceError> {
    gateway.running().await.ok_or(DeviceError::Stopped)?.handle.test_exposure().await
}
