//! The SIP messages that came and went lately, and the file of them.

use std::path::PathBuf;

use gateway_core::gateway::sip_trace::{SipTrace, SipTraceQuery};
use gateway_core::shell::handle::{DeviceError, TraceExportError};
use tauri::State;

use crate::gateway::Gateway;

/// The SIP messages that came and went lately, without their secrets.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sip_trace(query: SipTraceQuery, gateway: State<'_, Gateway>) -> Result<SipTrace, DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    Ok(running.handle.sip_trace(query))
}

/// Writes those of these messages that are still kept to a file, and answers how many. `remark`: what the file says of itself.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_sip_trace(
    path: PathBuf,
    remark: String,
    numbers: Vec<u64>,
    gateway: State<'_, Gateway>,
) -> Result<u32, TraceExportError> {
    let running = gateway.running().await.ok_or(TraceExportError::Unanswered)?;
    let messages = running.handle.export_sip_trace(&path, &remark, Some(&numbers)).await?;
    Ok(u32::try_from(messages).unwrap_or(u32::MAX))
}
