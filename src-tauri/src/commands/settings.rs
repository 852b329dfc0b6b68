//! What the setting pages are made of.

use gateway_core::config::table::{self, SettingsTable};

/// Every setting with its type, range, default and names, and the countries to choose from.
#[tauri::command]
#[specta::specta]
pub(crate) fn settings_table() -> SettingsTable {
    table::settings_table()
}
