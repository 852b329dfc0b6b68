//! Whether the desktop shows tray icons at all. On Linux that is up to the desktop: without a host of status notifiers the icon exists, and
//! nobody sees it.

#[cfg(target_os = "linux")]
use std::time::Duration;

/// How long the desktop may think about it.
#[cfg(target_os = "linux")]
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether a tray icon is seen (StatusNotifierItem, `org.kde.StatusNotifierWatcher`).
#[cfg(target_os = "linux")]
pub(crate) fn is_shown() -> bool {
    let asked = || -> zbus::Result<bool> {
        // Asked once and forgotten: there is nothing to keep up to date.
        let watcher: zbus::blocking::Proxy<'_> = zbus::blocking::proxy::Builder::new(&session()?)
            .destination("org.kde.StatusNotifierWatcher")?
            .path("/StatusNotifierWatcher")?
            .interface("org.kde.StatusNotifierWatcher")?
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()?;
        watcher.get_property("IsStatusNotifierHostRegistered")
    };
    // No bus and no watcher both mean that nobody shows it.
    asked().unwrap_or(false)
}

/// Whether there is a session bus: starting the program again then brings back the window of the one that runs.
#[cfg(target_os = "linux")]
pub(crate) fn session_answers() -> bool {
    session().is_ok()
}

#[cfg(target_os = "linux")]
fn session() -> zbus::Result<zbus::blocking::Connection> {
    zbus::blocking::connection::Builder::session()?.method_timeout(PATIENCE).build()
}

/// Whether a tray icon is seen: the tray is part of this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_shown() -> bool {
    true
}

/// Whether starting the program again brings back the window of the one that runs: this system always lets it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn session_answers() -> bool {
    true
}
