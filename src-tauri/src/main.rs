//! The window of Loopstart: the gateway runs in this program, the window shows it and orders it about.
//!
//! Everything here is thin: [`commands`] forward to the [`gateway_core::shell::handle::GatewayHandle`], [`feed`] keeps what it
//! tells until the window asks, [`bindings`] describes both for TypeScript.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod alarms;
mod attendant;
mod awake;
mod bindings;
mod commands;
mod desktop;
mod exchange;
mod feed;
mod gateway;
mod notification;
mod options;
mod preferences;
mod surroundings;
mod tray;
mod window;
mod words;

use std::process::ExitCode;

use clap::Parser as _;
use tauri::{AppHandle, Manager as _, RunEvent, WindowEvent};

use crate::desktop::Desktop;
use crate::gateway::Gateway;
use crate::options::Options;
use crate::tray::Tray;

fn main() -> ExitCode {
    let _log = gateway_core::shell::telemetry::start();
    let options = Options::parse();
    let typed = bindings::builder();
    let built = tauri::Builder::default()
        // First: a second start with the same folder goes no further than showing the window of the first.
        .plugin(tauri_plugin_single_instance::Builder::new().dbus_id(options.bus_name()).callback(|app, _, _| window::show(app)).build())
        .plugin(window_state(&options))
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_opener::Builder::new().open_js_links_on_click(false).build())
        .invoke_handler(typed.invoke_handler())
        .setup(move |app| {
            typed.mount_events(app);
            let app = app.handle().clone();
            let start = options.start_options(app.path().local_data_dir().ok());
            let tray = Tray::new(&app, attendant::carry_out);
            app.manage(Desktop::new(start.data_dir.clone(), tray.is_some()));
            app.manage(tray::Seat::new(tray));
            app.manage(Gateway::new(start));
            app.manage(commands::calls::Export::default());
            app.manage(commands::sounds::Proof::default());
            notification::answer_clicks(&app, window::show);
            window::open(&app);
            tauri::async_runtime::spawn(async move {
                stop_requested().await;
                app.exit(0);
            });
            Ok(())
        })
        .build(context());
    match built {
        Ok(app) => {
            app.run(on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the window could not be opened");
            ExitCode::FAILURE
        }
    }
}

/// The configuration and the window's files, embedded by Tauri's own macro.
#[allow(clippy::disallowed_types)]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// Where the window stood is remembered beside its preferences. Whether it was shown is not: a hidden window would stay hidden.
fn window_state(options: &Options) -> tauri::plugin::TauriPlugin<tauri::Wry> {
    use tauri_plugin_window_state::{Builder, StateFlags};
    let builder = Builder::new().with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED);
    match options.own_folder() {
        Some(folder) => builder.with_filename(folder.join("window-place.json").to_string_lossy()).build(),
        None => builder.build(),
    }
}

/// The window may go at once; the program goes when every line is released and every peer told.
fn on_event(app: &AppHandle, event: RunEvent) {
    if let RunEvent::WindowEvent { event: WindowEvent::CloseRequested { api, .. }, .. } = &event
        && window::close(app)
    {
        api.prevent_close();
    }
    if let RunEvent::ExitRequested { api, .. } = event
        && !app.state::<Gateway>().has_stopped()
    {
        api.prevent_exit();
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            app.state::<Gateway>().stop().await;
            app.exit(0);
        });
    }
}

/// Ends when the system asks the program to.
#[cfg(unix)]
async fn stop_requested() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "the program cannot be asked to end");
            std::future::pending::<()>().await;
        }
    }
}

/// Ends when the system asks the program to.
#[cfg(not(unix))]
async fn stop_requested() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
