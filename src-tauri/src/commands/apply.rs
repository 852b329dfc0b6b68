//! Apply as a transaction, and the revisions.

use gateway_core::config::diff::Change;
use gateway_core::config::settings::Settings;
use gateway_core::shell::handle::history::{RevisionEntry, RevisionError};
use gateway_core::shell::handle::{Applied, ApplyError, ApplyProgress};
use gateway_core::shell::store::{RevisionId, RevisionKind};
use tauri::State;

use crate::gateway::Gateway;

/// Makes a draft hold. `confirmed`: a person has confirmed what asks for it; `kind`: where the draft came from.
#[tauri::command]
#[specta::specta]
pub(crate) async fn apply(
    settings: Settings,
    confirmed: bool,
    kind: RevisionKind,
    gateway: State<'_, Gateway>,
) -> Result<Applied, ApplyError> {
    let running = gateway.running().await.ok_or(ApplyError::Stopped)?;
    running.handle.apply_as(kind, settings, confirmed).await
}

/// Makes a draft hold as soon as every port that it touches is idle.
#[tauri::command]
#[specta::specta]
pub(crate) async fn apply_when_idle(
    settings: Settings,
    confirmed: bool,
    kind: RevisionKind,
    gateway: State<'_, Gateway>,
) -> Result<ApplyProgress, ApplyError> {
    let running = gateway.running().await.ok_or(ApplyError::Stopped)?;
    running.handle.apply_when_idle(kind, settings, confirmed).await
}

/// Takes back a draft that waits for idle ports.
#[tauri::command]
#[specta::specta]
pub(crate) async fn take_back(gateway: State<'_, Gateway>) -> Result<ApplyProgress, ApplyError> {
    let running = gateway.running().await.ok_or(ApplyError::Stopped)?;
    Ok(running.handle.take_back())
}

/// The settings in force, and what is still to be settled about them.
#[tauri::command]
#[specta::specta]
pub(crate) async fn in_force(gateway: State<'_, Gateway>) -> Result<(Settings, ApplyProgress), ApplyError> {
    let running = gateway.running().await.ok_or(ApplyError::Stopped)?;
    Ok((running.handle.settings(), running.handle.apply_progress()))
}

/// The revisions that are kept, newest first.
#[tauri::command]
#[specta::specta]
pub(crate) async fn revisions(gateway: State<'_, Gateway>) -> Result<Vec<RevisionEntry>, RevisionError> {
    let running = gateway.running().await.ok_or(RevisionError::Stopped)?;
    running.handle.revisions().await
}

/// What changed from one revision to another, or to the draft where there is none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn compare_revisions(
    before: RevisionId,
    after: Option<RevisionId>,
    draft: Settings,
    gateway: State<'_, Gateway>,
) -> Result<Vec<Change>, RevisionError> {
    let running = gateway.running().await.ok_or(RevisionError::Stopped)?;
    running.handle.changes_between(before, after, draft).await
}

/// The settings of one revision.
#[tauri::command]
#[specta::specta]
pub(crate) async fn revision_settings(revision: RevisionId, gateway: State<'_, Gateway>) -> Result<Settings, RevisionError> {
    let running = gateway.running().await.ok_or(RevisionError::Stopped)?;
    running.handle.revision_settings(revision).await
}
