//! What the gateway tells, kept for the window until it asks for it, and handed over at a pace that the window can paint.
//!
//! The window asks and is never pushed: an event of Tauri is a script that the web view has to run whether it has time or not
//! (decision 0007). One question waits at a time, so a window that is slow, hidden or gone costs nothing but what stands here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::fxo::line::LineState;
use gateway_core::gateway::mark::Mark;
use gateway_core::gateway::notice::Notice;
use gateway_core::gateway::view::{PortState, Snapshot};
use gateway_core::media::Analysis;
use gateway_core::shell::device::DeviceStatus;
use gateway_core::shell::handle::{ApplyProgress, Update};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use crate::exchange::{Board, ExchangeLine};

/// Shortest time between two pictures: ten a second.
const PICTURE_PACE: Duration = Duration::from_millis(100);

/// What a person must see at once does not wait for that; a storm of changes waits for this.
const CHANGE_PACE: Duration = Duration::from_millis(20);

/// A question is answered after this long, even with nothing: whoever asked may be gone.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What is kept of each kind while nobody asks. The oldest go first: notices and marks are also remembered by the gateway itself.
const MOST_NOTICES: usize = 500;
const MOST_MARKS: usize = 4096;
const MOST_PROGRESS: usize = 64;

/// A picture: whole each time, so that one that is missed is mended by the next.
#[derive(Clone, Debug, Serialize, specta::Type)]
pub(crate) struct Picture {
    /// The gateway.
    pub(crate) snapshot: Snapshot,
    /// The lines of the simulated exchange; none when another box is in use.
    pub(crate) exchange: Option<Vec<ExchangeLine>>,
    /// The chosen box and how it is doing.
    pub(crate) device: DeviceStatus,
}

/// What is heard on a line.
#[derive(Clone, Debug, Serialize, specta::Type)]
pub(crate) struct LineAnalysis {
    /// Which line.
    pub(crate) port: PortId,
    /// What.
    pub(crate) analysis: Analysis,
}

/// What there is to tell since the last question. Everything stands in the order in which it happened.
#[derive(Clone, Debug, Default, Serialize, specta::Type)]
pub(crate) struct News {
    /// The picture, where it has changed.
    pub(crate) picture: Option<Picture>,
    /// Notices.
    pub(crate) notices: Vec<Notice>,
    /// What was seen on the lines.
    pub(crate) marks: Vec<Mark>,
    /// What is heard on the lines that somebody looks at, the newest of each.
    pub(crate) analyses: Vec<LineAnalysis>,
    /// What was settled about Apply, or is still to be.
    pub(crate) progress: Vec<ApplyProgress>,
    /// A call record can be read that could not be before.
    pub(crate) calls_kept: bool,
}

/// Nobody tells anything any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// What waits for the window. Clones are the same feed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Who asked last. Whoever asked before, a page that was loaded anew, gets nothing more.
    ear: u64,
    answered: Option<Instant>,
    picture: bool,
    urgent: bool,
    shown: Vec<(PortState, LineState)>,
    notices: VecDeque<Notice>,
    marks: VecDeque<Mark>,
    analyses: BTreeMap<PortId, Analysis>,
    progress: VecDeque<ApplyProgress>,
    calls_kept: bool,
    ended: bool,
}

impl Waiting {
    /// When there is something to tell, and enough time has passed since the last time.
    fn due(&self, now: Instant) -> Option<Instant> {
        let pace = if self.urgent {
            CHANGE_PACE
        } else if self.picture || !self.marks.is_empty() || !self.analyses.is_empty() {
            PICTURE_PACE
        } else {
            return None;
        };
        Some(self.answered.map_or(now, |answered| answered + pace))
    }

    /// The picture shows what a person must see at once, if it shows other states than the last one.
    fn see(&mut self, snapshot: &Snapshot) {
        self.picture = true;
        self.urgent |= states(snapshot) != self.shown;
    }

    fn take(&mut self, now: Instant, picture: impl FnOnce() -> Picture) -> News {
        self.answered = Some(now);
        self.urgent = false;
        let picture = std::mem::take(&mut self.picture).then(picture);
        if let Some(picture) = &picture {
            self.shown = states(&picture.snapshot);
        }
        News {
            picture,
            notices: self.notices.drain(..).collect(),
            marks: self.marks.drain(..).collect(),
            analyses: std::mem::take(&mut self.analyses).into_iter().map(|(port, analysis)| LineAnalysis { port, analysis }).collect(),
            progress: self.progress.drain(..).collect(),
            calls_kept: std::mem::take(&mut self.calls_kept),
        }
    }
}

impl Feed {
    /// Takes note of what the gateway tells, until it ends.
    pub(crate) async fn fill(self, board: Board, mut updates: Receiver<Update>) {
        loop {
            match updates.recv().await {
                Ok(Update::Ended(_)) | Err(RecvError::Closed) => break,
                Ok(update) => self.note(update, &board),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the window fell behind");
                    self.waiting().picture = true;
                }
            }
            self.shared.came.notify_waiters();
        }
        self.waiting().ended = true;
        self.shared.came.notify_waiters();
    }

    fn note(&self, update: Update, board: &Board) {
        let mut waiting = self.waiting();
        match update {
            Update::Snapshot(snapshot) => waiting.see(&snapshot),
            Update::Device(_) => waiting.picture = true,
            Update::Exchange(event) => {
                board.note(event);
                waiting.picture = true;
            }
            Update::Notice(notice) => {
                push(&mut waiting.notices, notice, MOST_NOTICES);
                waiting.urgent = true;
            }
            Update::Apply(progress) => {
                push(&mut waiting.progress, progress, MOST_PROGRESS);
                waiting.urgent = true;
            }
            Update::Mark(mark) => push(&mut waiting.marks, mark, MOST_MARKS),
            Update::Analysis { port, analysis } => {
                waiting.analyses.insert(port, *analysis);
            }
            Update::Kept(_) => {
                waiting.calls_kept = true;
                waiting.urgent = true;
            }
            Update::LineTest(_) | Update::Record(_) | Update::Ban(_) | Update::Ended(_) => {}
        }
    }

    /// Everything that waits is known: whoever looks now sees it in the picture that they are given.
    pub(crate) fn forget(&self) {
        let mut waiting = self.waiting();
        let Waiting { ear, shown, ended, .. } = std::mem::take(&mut *waiting);
        *waiting = Waiting { ear, shown, ended, ..Waiting::default() };
    }

    /// Waits until there is something to tell. `None`: another `ear` asks now.
    ///
    /// # Errors
    /// [`Ended`].
    pub(crate) async fn next(&self, ear: u64, picture: impl FnOnce() -> Picture) -> Result<Option<News>, Ended> {
        self.waiting().ear = ear;
        self.shared.came.notify_waiters();
        let patience = Instant::now() + LONGEST_WAIT;
        loop {
            let mut came = std::pin::pin!(self.shared.came.notified());
            // Heard from here on, so that nothing slips in between the look and the wait.
            came.as_mut().enable();
            let until = {
                let mut waiting = self.waiting();
                let now = Instant::now();
                if waiting.ended {
                    return Err(Ended);
                }
                if waiting.ear != ear {
                    return Ok(None);
                }
                let until = waiting.due(now).unwrap_or(patience);
                if until <= now {
                    return Ok(Some(waiting.take(now, picture)));
                }
                until
            };
            tokio::select! {
                () = came => {}
                () = sleep_until(until) => {}
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a person must see at once.
fn states(snapshot: &Snapshot) -> Vec<(PortState, LineState)> {
    snapshot.ports.iter().map(|port| (port.state, port.line)).collect()
}

fn push<T>(queue: &mut VecDeque<T>, one: T, most: usize) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(one);
}

#[cfg(test)]
mod tests;
