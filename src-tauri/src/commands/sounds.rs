//! The sound kept with calls: to be heard, saved, learned from, and to prove a tone by.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use gateway_core::config::PortId;
use gateway_core::shell::StoreFault;
use gateway_core::shell::calls_csv::ExportError;
use gateway_core::shell::handle::{DeviceError, KeptSound, Lesson, LessonError, ToneProof};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_dialog::DialogExt as _;
use tauri_specta::Event as _;

use super::save_dialog::chosen_path;
use crate::gateway::Gateway;

/// How far the proof is.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct ToneProofEvent(ToneProof);

/// The number of the proof that is under way: one at a time. A newer one ends it, and so does a word.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    latest: AtomicU64,
}

fn stopped() -> StoreFault {
    StoreFault { code: DeviceError::Stopped.to_string(), detail: String::new() }
}

/// The last seconds heard on the line of a call; none when they are not kept.
#[tauri::command]
#[specta::specta]
pub(crate) async fn call_sound(id: String, gateway: State<'_, Gateway>) -> Result<Option<KeptSound>, StoreFault> {
    let running = gateway.running().await.ok_or_else(stopped)?;
    running.handle.call_sound(&id).await
}

/// Asks a person where a WAV file shall be; none when they think better of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn choose_wav_path<R: Runtime>(name: String, app: AppHandle<R>) -> Option<String> {
    let path = chosen_path(app.dialog().file().set_file_name(name).add_filter("WAV", &["wav"])).await;
    path.map(|path| path.to_string_lossy().into_owned())
}

/// Writes the sound of a call to a WAV file.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_call_sound(id: String, path: String, gateway: State<'_, Gateway>) -> Result<(), ExportError> {
    let running = gateway.running().await.ok_or_else(|| ExportError::Store { error: stopped() })?;
    running.handle.save_call_sound(&id, Path::new(&path)).await
}

/// Learns the tone at the end of a call.
#[tauri::command]
#[specta::specta]
pub(crate) async fn learn_tone(id: String, gateway: State<'_, Gateway>) -> Result<Lesson, LessonError> {
    let running = gateway.running().await.ok_or_else(|| LessonError::Store { error: stopped() })?;
    running.handle.learn_tone(&id).await
}

/// Lets a tone listen to the kept calls of a port and to hours of what is no tone; tells how far it is meanwhile.
#[tauri::command]
#[specta::specta]
pub(crate) async fn prove_tone<R: Runtime>(
    port: PortId,
    text: String,
    clips: u32,
    app: AppHandle<R>,
    gateway: State<'_, Gateway>,
    proof: State<'_, Proof>,
) -> Result<ToneProof, LessonError> {
    let running = gateway.running().await.ok_or_else(|| LessonError::Store { error: stopped() })?;
    let number = proof.latest.fetch_add(1, Ordering::Relaxed) + 1;
    let progress = |so_far: &ToneProof| {
        if let Err(error) = ToneProofEvent(so_far.clone()).emit(&app) {
            tracing::debug!(%error, "the window was not told");
        }
        if proof.latest.load(Ordering::Relaxed) == number { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    running.handle.prove_tone(port, &text, clips, progress).await
}

/// Ends the proof that is under way.
#[tauri::command]
#[specta::specta]
pub(crate) fn cancel_proof(proof: State<'_, Proof>) {
    proof.latest.fetch_add(1, Ordering::Relaxed);
}
