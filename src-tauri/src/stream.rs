//! Carries what the gateway tells to the window, at a pace the window can paint.

use std::time::Duration;

use gateway_core::fxo::line::LineState;
use gateway_core::gateway::mark::Mark;
use gateway_core::gateway::notice::Notice;
use gateway_core::gateway::view::{PortState, Snapshot};
use gateway_core::shell::device::DeviceStatus;
use gateway_core::shell::handle::{ApplyProgress, Update};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Runtime};
use tauri_specta::Event as _;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use crate::exchange::ExchangeLine;
use crate::gateway::Running;

/// Shortest time between two pictures: ten a second.
const PICTURE_PACE: Duration = Duration::from_millis(100);

/// A port that changed its state does not wait for that; a storm of changes waits for this.
const CHANGE_PACE: Duration = Duration::from_millis(20);

/// A new picture: whole each time, so that one that is missed is mended by the next.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct PictureEvent {
    /// The gateway.
    snapshot: Snapshot,
    /// The lines of the simulated exchange; none when another box is in use.
    exchange: Option<Vec<ExchangeLine>>,
    /// The chosen box and how it is doing.
    device: DeviceStatus,
}

impl PictureEvent {
    /// What there is to see now.
    fn of(running: &Running) -> Self {
        let device = running.handle.device();
        let exchange = running.board.lines(&device.choice);
        PictureEvent { snapshot: (*running.handle.snapshot()).clone(), exchange, device }
    }
}

/// A new notice.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct NoticeEvent(Notice);

/// What was seen on the lines since the last time, oldest first. Marks travel at the pace of pictures, many at once.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct MarksEvent(Vec<Mark>);

/// A new call record can be read; its id.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct CallKeptEvent(String);

/// Something about Apply was settled, or is still to be.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub(crate) struct ApplyEvent(ApplyProgress);

/// Carries until the gateway ends. Pictures that come too fast are dropped for the newest; nothing else is.
pub(crate) async fn carry<R: Runtime>(app: AppHandle<R>, running: Running, mut updates: Receiver<Update>) {
    let mut changed = true;
    let mut marks = Vec::new();
    let mut sent = Instant::now();
    let mut due = sent;
    let mut shown = Vec::new();
    loop {
        tokio::select! {
            update = updates.recv() => match update {
                Ok(Update::Snapshot(snapshot)) => {
                    changed = true;
                    if states(&snapshot) != shown {
                        due = due.min(sent + CHANGE_PACE);
                    }
                }
                Ok(Update::Device(_)) => changed = true,
                Ok(Update::Notice(notice)) => tell(NoticeEvent(notice).emit(&app)),
                Ok(Update::Apply(progress)) => tell(ApplyEvent(progress).emit(&app)),
                Ok(Update::Exchange(event)) => {
                    running.board.note(event);
                    changed = true;
                }
                Ok(Update::Mark(mark)) => {
                    marks.push(mark);
                    changed = true;
                }
                Ok(Update::Kept(id)) => tell(CallKeptEvent(id).emit(&app)),
                Ok(Update::Record(_)) => {}
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the window fell behind");
                    changed = true;
                }
                Ok(Update::Ended(_)) | Err(RecvError::Closed) => break,
            },
            () = sleep_until(due), if changed => {
                changed = false;
                if !marks.is_empty() {
                    tell(MarksEvent(std::mem::take(&mut marks)).emit(&app));
                }
                let picture = PictureEvent::of(&running);
                shown = states(&picture.snapshot);
                tell(picture.emit(&app));
                sent = Instant::now();
                due = sent + PICTURE_PACE;
            }
        }
    }
}

/// What a person must see at once.
fn states(snapshot: &Snapshot) -> Vec<(PortState, LineState)> {
    snapshot.ports.iter().map(|port| (port.state, port.line)).collect()
}

/// The window may be gone already; then there is nobody to tell.
fn tell(told: tauri::Result<()>) {
    if let Err(error) = told {
        tracing::debug!(%error, "the window was not told");
    }
}
