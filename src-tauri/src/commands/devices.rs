//! The device menu and the card menu.

use gateway_core::shell::card::{self, CardEntry};
use gateway_core::shell::device::DeviceEntry;
use gateway_core::shell::handle::DeviceError;
use tauri::State;

use crate::gateway::Gateway;

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
