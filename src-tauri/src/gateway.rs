//! The one gateway of the program: started when the window first asks, stopped once.

use std::sync::atomic::{AtomicBool, Ordering};

use gateway_core::shell::handle::{GatewayHandle, StartError, StartOptions};
use gateway_core::shell::keyring;
use tauri::{AppHandle, Runtime};
use tokio::sync::Mutex;

use crate::desktop;
use crate::exchange::Board;
use crate::stream;

/// A gateway that runs, and what the window keeps beside it.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// The door to it.
    pub(crate) handle: GatewayHandle,
    /// What the simulated exchange sees.
    pub(crate) board: Board,
}

/// The gateway, running or not.
#[derive(Debug)]
pub(crate) struct Gateway {
    options: StartOptions,
    running: Mutex<Option<Running>>,
    stopped: AtomicBool,
}

impl Gateway {
    /// A gateway that does not run yet.
    pub(crate) fn new(options: StartOptions) -> Self {
        Gateway { options, running: Mutex::new(None), stopped: AtomicBool::new(false) }
    }

    /// The running gateway; starts it when it does not run, so that asking again is trying again.
    pub(crate) async fn start<R: Runtime>(&self, app: &AppHandle<R>) -> Result<Running, StartError> {
        let mut running = self.running.lock().await;
        if let Some(running) = &*running {
            return Ok(running.clone());
        }
        if self.has_stopped() {
            return Err(StartError::System { detail: "the program ends".to_owned() });
        }
        let handle = GatewayHandle::start_with(self.options.clone(), keyring::of_this_computer()).await?;
        // Before anything else is awaited, so that nothing the box tells at its start is missed.
        let updates = handle.subscribe();
        let troubles = handle.subscribe();
        let fresh = Running { handle, board: Board::default() };
        tauri::async_runtime::spawn(desktop::attend(app.clone(), fresh.clone(), troubles));
        tauri::async_runtime::spawn(stream::carry(app.clone(), fresh.clone(), updates));
        *running = Some(fresh.clone());
        Ok(fresh)
    }

    /// The running gateway, if it runs.
    pub(crate) async fn running(&self) -> Option<Running> {
        self.running.lock().await.clone()
    }

    /// Ends every call, releases every line and ends. Bounded, as [`GatewayHandle::stop`] is.
    pub(crate) async fn stop(&self) {
        // Held to the end: who asks a second time waits for the lines, too.
        let mut running = self.running.lock().await;
        if let Some(running) = running.take() {
            running.handle.stop().await;
        }
        self.stopped.store(true, Ordering::Release);
    }

    /// Whether it has stopped for good.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
