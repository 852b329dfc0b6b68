//! What a draft would do.

use gateway_core::config::settings::Settings;
use gateway_core::shell::handle::{ApplyError, Review};
use tauri::State;

use crate::gateway::Gateway;

/// Problems of a draft, what it would change, and the exact URI that each port would call.
#[tauri::command]
#[specta::specta]
pub(crate) async fn review(settings: Settings, gateway: State<'_, Gateway>) -> Result<Review, ApplyError> {
    let running = gateway.running().await.ok_or(ApplyError::Stopped)?;
    Ok(running.handle.review(&settings))
}
