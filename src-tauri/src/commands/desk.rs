//! The program as a citizen of the desktop: preferences of the window, the first-run guide, folders, the end.

use gateway_core::shell::handle::DeviceError;
use gateway_core::shell::store::RevisionKind;
use serde::Serialize;
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_opener::OpenerExt as _;

use crate::desktop::Desktop;
use crate::gateway::Gateway;
use crate::preferences::{Preferences, Unkept};
use crate::surroundings;
use crate::words::Language;

/// What the window knows of the desktop around it.
#[derive(Clone, Debug, Serialize, specta::Type)]
pub(crate) struct Desk {
    /// What a person wants of this window.
    preferences: Preferences,
    /// The file of the preferences was damaged and is set aside.
    damaged: bool,
    /// The desktop shows a tray icon of this program.
    tray: bool,
    /// A closed window can be had back: from the tray, or by starting the program again.
    returns: bool,
    /// This computer has a battery: it is likely to fall asleep by itself.
    battery: bool,
    /// No settings were ever applied here.
    never_applied: bool,
    /// Where settings, call records and preferences lie.
    data_dir: String,
    /// The address at which other machines of the network reach this one; none without a network.
    lan_address: Option<String>,
}

/// Everything that the window asks of the desktop once.
#[tauri::command]
#[specta::specta]
pub(crate) async fn desk(gateway: State<'_, Gateway>, desktop: State<'_, Desktop>) -> Result<Desk, DeviceError> {
    let running = gateway.running().await.ok_or(DeviceError::Stopped)?;
    let revisions = running.handle.store().revisions().await;
    Ok(Desk {
        preferences: desktop.preferences(),
        damaged: desktop.was_damaged(),
        tray: desktop.has_tray(),
        returns: desktop.returns(),
        battery: surroundings::has_battery(),
        never_applied: revisions.is_ok_and(|revisions| revisions.iter().all(|revision| revision.kind == RevisionKind::First)),
        data_dir: desktop.data_dir().display().to_string(),
        lan_address: surroundings::lan_address().map(|address| address.to_string()),
    })
}

/// Keeps preferences; they hold at once.
#[tauri::command]
#[specta::specta]
pub(crate) fn keep_preferences(preferences: Preferences, desktop: State<'_, Desktop>) -> Result<(), Unkept> {
    desktop.keep(preferences)
}

/// Shows the data folder in the file browser; answers whether one could be opened.
#[tauri::command]
#[specta::specta]
pub(crate) fn open_data_folder<R: Runtime>(app: AppHandle<R>, desktop: State<'_, Desktop>) -> bool {
    let opened = app.opener().open_path(desktop.data_dir().to_string_lossy(), None::<&str>);
    if let Err(error) = &opened {
        tracing::warn!(%error, "the data folder could not be shown");
    }
    opened.is_ok()
}

/// The language in which the tray and the notifications speak from now on.
#[tauri::command]
#[specta::specta]
pub(crate) fn speak(language: Language, desktop: State<'_, Desktop>) {
    desktop.speak(language);
}

/// Ends the program: every line is released and every peer told before it goes.
#[tauri::command]
#[specta::specta]
pub(crate) fn quit<R: Runtime>(app: AppHandle<R>) {
    app.exit(0);
}
