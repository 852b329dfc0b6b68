//! Carries what the gateway tells to the window, at a pace the window can paint.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::gateway::notice::Notice;
use gateway_core::gateway::view::Snapshot;
use gateway_core::shell::handle::Update;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Runtime};
use tauri_specta::Event as _;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use crate::exchange::ExchangeLine;
use crate::gateway::Running;

/// Shortest time between two pictures: ten a second.
const PICTURE_PACE: Duration = Duration::from_millis(100);

/// A new picture.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct SnapshotEvent(Snapshot);

/// A new notice.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct NoticeEvent(Notice);

/// The lines of the simulated exchange, after something happened on one; none when another box is in use.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct ExchangeLinesEvent(Option<Vec<ExchangeLine>>);

/// Carries until the gateway ends. Pictures that come too fast are dropped for the newest; nothing else is.
pub(crate) async fn carry<R: Runtime>(app: AppHandle<R>, running: Running) {
    let mut updates = running.handle.subscribe();
    let mut newest: Option<Arc<Snapshot>> = Some(running.handle.snapshot());
    let mut due = Instant::now();
    loop {
        tokio::select! {
            update = updates.recv() => match update {
                Ok(Update::Snapshot(snapshot)) => newest = Some(snapshot),
                Ok(Update::Notice(notice)) => tell(NoticeEvent(notice).emit(&app)),
                Ok(Update::Exchange(event)) => {
                    running.board.note(event);
                    tell(ExchangeLinesEvent(running.board.lines(&running.handle.device().choice)).emit(&app));
                }
                Ok(Update::Device(status)) => tell(ExchangeLinesEvent(running.board.lines(&status.choice)).emit(&app)),
                Ok(Update::Record(_)) => {}
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the window fell behind");
                    newest = Some(running.handle.snapshot());
                }
                Ok(Update::Ended(_)) | Err(RecvError::Closed) => break,
            },
            () = sleep_until(due), if newest.is_some() => {
                if let Some(snapshot) = newest.take() {
                    tell(SnapshotEvent((*snapshot).clone()).emit(&app));
                }
                due = Instant::now() + PICTURE_PACE;
            }
        }
    }
}

/// The window may be gone already; then there is nobody to tell.
fn tell(told: tauri::Result<()>) {
    if let Err(error) = told {
        tracing::debug!(%error, "the window was not told");
    }
}
