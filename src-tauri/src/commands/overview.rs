//! Orders of the overview.

use gateway_core::gateway::io::Command;
use gateway_core::shell::device::DeviceChoice;
use gateway_core::shell::handle::DeviceError;
use tauri::State;

use crate::gateway::Gateway;

/// Gives the gateway an order; answers when it is carried out.
#[tauri::command]
#[specta::specta]
pub(crate) async fn order(command: Command, gateway: State<'_, Gateway>) -> Result<(), DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    running.handle.command(command).await
}

/// Uses another box from now on and at the next start.
#[tauri::command]
#[specta::specta]
pub(crate) async fn choose_device(choice: DeviceChoice, gateway: State<'_, Gateway>) -> Result<(), DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    running.handle.select_device(choice).await
}
