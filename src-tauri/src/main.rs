//! The window of Loopstart: the gateway runs in this program, the window shows it and orders it about.
//!
//! Everything here is thin: [`commands`] forward to the [`gateway_core::shell::handle::GatewayHandle`], [`stream`] carries what it
//! tells to the window, [`bindings`] describes both for TypeScript.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod bindings;
mod commands;
mod exchange;
mod gateway;
mod options;
mod stream;

use std::process::ExitCode;

use clap::Parser as _;
use tauri::{AppHandle, Manager as _, RunEvent};

use crate::gateway::Gateway;
use crate::options::Options;

fn main() -> ExitCode {
    let _log = gateway_core::shell::telemetry::start();
    let options = Options::parse();
    let typed = bindings::builder();
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(typed.invoke_handler())
        .setup(move |app| {
            typed.mount_events(app);
            let start = options.start_options(app.path().local_data_dir().ok());
            app.manage(Gateway::new(start));
            let app = app.handle().clone();
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

/// The window may go at once; the program goes when every line is released and every peer told.
fn on_event(app: &AppHandle, event: RunEvent) {
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
