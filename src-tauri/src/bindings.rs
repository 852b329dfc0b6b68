//! The seam to TypeScript: which commands, events and types the window knows. Nothing else in the project knows tauri-specta.

use std::collections::BTreeMap;

use gateway_core::code;
use gateway_core::gateway::line_test::LineCheck;
use gateway_core::sip::hop::TlsFault;
use serde_json::{Value, json};
use tauri::Runtime;
use tauri_specta::{Builder, ErrorHandlingMode, collect_events};

use crate::commands::calls::ExportProgressEvent;
use crate::commands::sounds::ToneProofEvent;

/// `collect_commands!` cannot name the runtime of a generic function, so the list is a macro that is given it.
macro_rules! commands {
    ($runtime:ty) => {
        tauri_specta::collect_commands![
            crate::commands::window::boot::<$runtime>,
            crate::commands::window::news,
            crate::commands::overview::order,
            crate::commands::overview::choose_device,
            crate::commands::users_and_ports::review,
            crate::commands::apply::apply,
            crate::commands::apply::apply_when_idle,
            crate::commands::apply::take_back,
            crate::commands::apply::in_force,
            crate::commands::apply::revisions,
            crate::commands::apply::compare_revisions,
            crate::commands::apply::revision_settings,
            crate::commands::exchange::act_on_line,
            crate::commands::desk::desk,
            crate::commands::desk::keep_preferences,
            crate::commands::desk::open_data_folder::<$runtime>,
            crate::commands::desk::speak,
            crate::commands::desk::quit::<$runtime>,
            crate::commands::scope::recent_marks,
            crate::commands::calls::calls,
            crate::commands::calls::call,
            crate::commands::calls::caller_id_verdict,
            crate::commands::calls::forget_calls,
            crate::commands::calls::choose_csv_path::<$runtime>,
            crate::commands::calls::export_calls::<$runtime>,
            crate::commands::calls::cancel_export,
            crate::commands::sounds::call_sound,
            crate::commands::sounds::choose_wav_path::<$runtime>,
            crate::commands::sounds::save_call_sound,
            crate::commands::sounds::learn_tone,
            crate::commands::sounds::prove_tone::<$runtime>,
            crate::commands::sounds::cancel_proof,
            crate::commands::line_tests::line_tests,
            crate::commands::line_tests::choose_line_test_path::<$runtime>,
            crate::commands::line_tests::export_line_test,
            crate::commands::settings::settings_table,
            crate::commands::settings::dial_test,
            crate::commands::settings::caller_number_test,
            crate::commands::country_test::profile_checks,
            crate::commands::country_test::try_profile_check,
            crate::commands::devices::devices,
            crate::commands::devices::cards,
            crate::commands::devices::device_hints,
            crate::commands::devices::device_trace,
            crate::commands::devices::place_trace::<$runtime>,
            crate::commands::devices::export_trace,
            crate::commands::guard::guard,
            crate::commands::guard::test_exposure,
            crate::commands::sip_trace::sip_trace,
            crate::commands::sip_trace::export_sip_trace,
            crate::commands::diagnostics::storage,
            crate::commands::profiles::export_profile,
            crate::commands::profiles::read_profile,
            crate::commands::profiles::compare_profiles,
            crate::commands::profiles::advise,
            crate::commands::profiles::pick_profile::<$runtime>,
            crate::commands::profiles::place_profile::<$runtime>,
        ]
    };
}

/// What the window knows. Milliseconds and revisions stay below 2^53, so they are plain numbers there.
pub(crate) fn builder() -> Builder<tauri::Wry> {
    typed(commands![tauri::Wry])
}

fn typed<R: Runtime>(commands: tauri_specta::Commands<R>) -> Builder<R> {
    Builder::<R>::new()
        .commands(commands)
        // A word that travels as an argument of a notice.
        .typ::<TlsFault>()
        .events(collect_events![ExportProgressEvent, ToneProofEvent])
        .constant("LINE_CHECKS", LineCheck::ALL)
        .constant("CHECK_UNITS", check_units())
        .error_handling(ErrorHandlingMode::Result)
        .disable_serde_phases()
        .dangerously_cast_bigints_to_number()
}

/// How a value is written, by the code of its unit.
fn check_units() -> BTreeMap<String, Value> {
    let units = LineCheck::ALL.into_iter().map(LineCheck::unit);
    units.map(|unit| (code::of(&unit), json!({ "sign": unit.sign(), "decimals": unit.decimals() }))).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use specta_typescript::Typescript;

    /// `UPDATE_BINDINGS=1 cargo test -p loopstart` writes the file anew.
    #[test]
    fn the_generated_bindings_are_those_of_this_program() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/ipc/bindings.ts");
        let fresh = std::env::temp_dir().join(format!("loopstart-bindings-{}.ts", std::process::id()));
        super::builder().export(Typescript::default(), &fresh).unwrap();
        let generated = std::fs::read_to_string(&fresh).unwrap();
        std::fs::remove_file(&fresh).unwrap();
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&kept, &generated).unwrap();
        }
        let known = std::fs::read_to_string(&kept).unwrap();
        assert!(known == generated, "bindings.ts is stale: run UPDATE_BINDINGS=1 cargo test -p loopstart bindings");
    }
}
