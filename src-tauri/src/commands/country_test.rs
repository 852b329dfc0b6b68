//! A line profile tried at the simulated exchange of its country, one check after the other, so that the window shows how far it is.

use gateway_core::config::country::country;
use gateway_core::sim::profile::{ProfileCheck, ProfileResult, checks_of, try_check};

/// The same story each time, so that what fails once can be looked at again.
const SEED: u64 = 1;

/// What the profile of a country promises, in the order of a call; none for a code that is not known.
#[tauri::command]
#[specta::specta]
pub(crate) fn profile_checks(code: String) -> Vec<ProfileCheck> {
    country(&code).map(checks_of).unwrap_or_default()
}

/// Tries the check at this place of [`profile_checks`]. It takes a good part of a second, and touches no line.
#[tauri::command]
#[specta::specta]
pub(crate) async fn try_profile_check(code: String, place: usize) -> Option<ProfileResult> {
    let work = move || {
        let country = country(&code)?;
        checks_of(country).into_iter().nth(place).map(|check| try_check(country, check, SEED))
    };
    tokio::task::spawn_blocking(work).await.ok().flatten()
}
