//! The window of Loopstart.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    let ran = tauri::Builder::default().run(tauri::generate_context!());
    if let Err(error) = ran {
        tracing::error!(%error, "the window could not be opened");
    }
}
