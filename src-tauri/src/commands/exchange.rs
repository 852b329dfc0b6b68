//! The simulated exchange.

use gateway_core::config::PortId;
use gateway_core::fxo::simulator::act::LineAct;
use gateway_core::shell::handle::DeviceError;
use tauri::State;

use crate::gateway::Gateway;

/// Makes something happen on a line of the simulated exchange.
#[tauri::command]
#[specta::specta]
pub(crate) async fn act_on_line(port: PortId, act: LineAct, gateway: State<'_, Gateway>) -> Result<(), DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    running.handle.virtual_line(port, act).await
}
