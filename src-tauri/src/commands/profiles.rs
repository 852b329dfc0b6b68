//! Profiles: export, import into the draft, comparison and advice. Files are named by paths; the pickers answer one.

use std::path::PathBuf;

use gateway_core::config::compare::Compared;
use gateway_core::config::lint::{Advice, lint};
use gateway_core::config::settings::Settings;
use gateway_core::shell::handle::{GatewayHandle, ProfileFault, ProfileRead, Side};
use gateway_core::shell::seal::Passphrase;
use gateway_core::shell::store::RevisionId;
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_dialog::{DialogExt as _, FilePath};
use tokio::sync::oneshot;

use crate::gateway::Gateway;

/// How the files of profiles end.
const ENDING: &str = "json";

/// Writes the settings in force, or a revision, as a profile; with a passphrase its secrets are sealed, else left out.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_profile(
    path: PathBuf,
    revision: Option<RevisionId>,
    passphrase: Option<String>,
    gateway: State<'_, Gateway>,
) -> Result<(), ProfileFault> {
    handle(&gateway).await?.export_profile(path, revision, passphrase.and_then(Passphrase::new)).await
}

/// Reads a profile for the draft and checks everything; nothing changes.
#[tauri::command]
#[specta::specta]
pub(crate) async fn read_profile(
    path: PathBuf,
    passphrase: Option<String>,
    gateway: State<'_, Gateway>,
) -> Result<ProfileRead, ProfileFault> {
    handle(&gateway).await?.read_profile(path, passphrase.and_then(Passphrase::new)).await
}

/// Two settings side by side.
#[tauri::command]
#[specta::specta]
pub(crate) async fn compare_profiles(left: Side, right: Side, gateway: State<'_, Gateway>) -> Result<Vec<Compared>, ProfileFault> {
    handle(&gateway).await?.side_by_side(left, right).await
}

/// Advice on a draft.
#[tauri::command]
#[specta::specta]
pub(crate) fn advise(settings: Settings) -> Vec<Advice> {
    lint(&settings)
}

/// Asks a person for a profile to open; nothing when they choose none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_profile<R: Runtime>(app: AppHandle<R>) -> Option<PathBuf> {
    let (answer, answered) = oneshot::channel();
    app.dialog().file().add_filter(ENDING, &[ENDING]).pick_file(|path| drop(answer.send(path)));
    chosen(answered).await
}

/// Asks a person where to save a profile, with a name to begin with; nothing when they choose no place.
#[tauri::command]
#[specta::specta]
pub(crate) async fn place_profile<R: Runtime>(app: AppHandle<R>, name: String) -> Option<PathBuf> {
    let (answer, answered) = oneshot::channel();
    app.dialog().file().add_filter(ENDING, &[ENDING]).set_file_name(name).save_file(|path| drop(answer.send(path)));
    chosen(answered).await
}

async fn chosen(answered: oneshot::Receiver<Option<FilePath>>) -> Option<PathBuf> {
    answered.await.ok().flatten().and_then(|path| path.into_path().ok())
}

async fn handle(gateway: &State<'_, Gateway>) -> Result<GatewayHandle, ProfileFault> {
    gateway.running().await.map(|running| running.handle).ok_or(ProfileFault::Stopped)
}
