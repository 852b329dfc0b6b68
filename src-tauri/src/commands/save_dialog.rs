//! Asking a person where a file shall be.

use std::path::PathBuf;

use tauri::Runtime;
use tauri_plugin_dialog::FileDialogBuilder;
use tokio::sync::oneshot;

/// Where the file shall be; none when they think better of it.
pub(crate) async fn chosen_path<R: Runtime>(dialog: FileDialogBuilder<R>) -> Option<PathBuf> {
    let (answer, answered) = oneshot::channel();
    // The window may be gone.
    dialog.save_file(|path| drop(answer.send(path)));
    answered.await.ok().flatten().and_then(|path| path.into_path().ok())
}
