//! What the window needs before any page.

use gateway_core::config::settings::Settings;
use gateway_core::gateway::notice::Notice;
use gateway_core::shell::handle::{ApplyProgress, DeviceError, StartError};
use serde::Serialize;
use tauri::{AppHandle, Runtime, State};

use crate::attendant;
use crate::feed::{Ended, News, Picture};
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
    /// The last notices, oldest first.
    notices: Vec<Notice>,
    /// The live picture.
    picture: Picture,
}

/// The first picture. Starts the gateway when it does not run, so asking again is trying again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn boot<R: Runtime>(app: AppHandle<R>, gateway: State<'_, Gateway>) -> Result<Boot, StartError> {
    let running = gateway.start(|running| attendant::begin(&app, running)).await?;
    running.feed.forget();
    let handle = &running.handle;
    Ok(Boot {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_epoch_ms: handle.started_epoch_ms(),
        settings: handle.settings(),
        apply: handle.apply_progress(),
        notices: handle.recent_notices(),
        picture: running.picture(),
    })
}

/// What has happened since the last question, as soon as there is anything to tell; after some seconds even where there is nothing.
/// `ear`: who listens, a number of their own; none: somebody else listens now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn news(ear: u64, gateway: State<'_, Gateway>) -> Result<Option<News>, DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    running.feed.next(ear, || running.picture()).await.map_err(|Ended| DeviceError::Stopped)
}
