//! The one window: shown, brought back, and closed to the tray.

use tauri::{AppHandle, Manager as _, Runtime};

use crate::desktop::Desktop;
use crate::notification::{self, Told};

/// Its name.
pub(crate) const MAIN: &str = "main";

/// Shows the window at the start, unless it is wanted hidden: then it waits where it can be found.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>) {
    let desktop = app.state::<Desktop>();
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let opened = match (desktop.preferences().start_hidden, desktop.has_tray()) {
        (false, _) => window.show(),
        (true, true) => Ok(()),
        (true, false) => window.show().and_then(|()| window.minimize()),
    };
    if let Err(error) = opened {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// Brings the window before a person's eyes.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    if let Err(error) = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus()) {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// Someone closes the window. Answers whether the program goes on without it.
pub(crate) fn close<R: Runtime>(app: &AppHandle<R>) -> bool {
    let desktop = app.state::<Desktop>();
    if !desktop.closes_to_tray() {
        return false;
    }
    let Some(window) = app.get_webview_window(MAIN) else { return false };
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "the window could not be hidden");
        return false;
    }
    let mut preferences = desktop.preferences();
    if !preferences.tray_told {
        notification::show(app, &desktop.words(), &Told::Closed { tray: desktop.has_tray() });
        preferences.tray_told = true;
        // Not kept means told once more at the next start: no harm.
        let _ = desktop.keep(preferences);
    }
    true
}
