//! What the setting pages are made of.

use gateway_core::config::caller_number;
use gateway_core::config::dialling::{self, Dialling};
use gateway_core::config::settings::Settings;
use gateway_core::config::table::{self, SettingsTable};

/// Every setting with its type, range, default and names, and the countries to choose from.
#[tauri::command]
#[specta::specta]
pub(crate) fn settings_table() -> SettingsTable {
    table::settings_table()
}

/// What would become of a number by the dialling rules of a draft. Nothing is dialled.
#[tauri::command]
#[specta::specta]
pub(crate) fn dial_test(settings: Settings, number: String) -> Dialling {
    dialling::decide(&number, &settings.gateway)
}

/// How SIP would be told the number of a caller on the line, by a draft.
#[tauri::command]
#[specta::specta]
pub(crate) fn caller_number_test(settings: Settings, number: String) -> String {
    caller_number::written(&number, &settings.gateway)
}
