//! What the window needs before any page.

use gateway_core::config::settings::Settings;
use gateway_core::gateway::notice::Notice;
use gateway_core::gateway::view::Snapshot;
use gateway_core::shell::device::DeviceStatus;
use gateway_core::shell::handle::{ApplyProgress, StartError};
use serde::Serialize;
use tauri::{AppHandle, Runtime, State};

use crate::attendant;
use crate::exchange::ExchangeLine;
use crate::gateway::Gateway;

/// Everything the window needs to paint its first picture.
#[derive(Clone, Debug, Serialize, specta::Type)]
pub(crate) struct Boot {
    /// Version of the program.
    version: String,
    /// The zero of every `…_ms`, in ms since 1970 (UTC).
    started_epoch_ms: u64,
    /// The settings in force.
    settings: Settings,
    /// What is still to be settled about them.
    apply: ApplyProgress,
    /// The live picture.
    snapshot: Snapshot,
    /// The last notices, oldest first.
    notices: Vec<Notice>,
    /// The lines of the simulated exchange; none when another box is in use.
    exchange: Option<Vec<ExchangeLine>>,
    /// The chosen box and how it is doing.
    device: DeviceStatus,
}

/// The first picture. Starts the gateway when it does not run, so asking again is trying again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn boot<R: Runtime>(app: AppHandle<R>, gateway: State<'_, Gateway>) -> Result<Boot, StartError> {
    let running = gateway.start(|running| attendant::begin(&app, running)).await?;
    let handle = &running.handle;
    Ok(Boot {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_epoch_ms: handle.started_epoch_ms(),
        settings: handle.settings(),
        apply: handle.apply_progress(),
        snapshot: (*handle.snapshot()).clone(),
        notices: handle.recent_notices(),
        exchange: running.board.lines(&handle.device().choice),
        device: handle.device(),
    })
}
