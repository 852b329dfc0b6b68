//! The task that keeps who registered here for the next run of the program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::clock::Clock;
use super::store::{Store, StoreError, StoredBinding};
use crate::config::settings::Settings;
use crate::gateway::io::Event;
use crate::gateway::plan;
use crate::sip::registrar::Binding;
use crate::time::Moment;

/// The pause after each write. Telephones register every minute or so, and everything that came meanwhile is one transaction: a disk
/// is not worn out, and what a crash costs is a second, which the next REGISTER makes good.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause after a write that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Users that may wait to be written, more than there are ports. What comes of a user takes the place of what waits of it, so a slow
/// database costs only what was overtaken anyway.
const USERS: usize = 1024;

type Waiting = Arc<Mutex<BTreeMap<String, Vec<StoredBinding>>>>;

/// Where the bindings of a user are handed in. The task ends when this is gone and everything is written.
#[derive(Debug)]
pub(crate) struct BindingsInbox {
    clock: Clock,
    waiting: Waiting,
    news: Arc<Notify>,
    /// The task hears when it is dropped.
    _open: oneshot::Sender<()>,
}

impl BindingsInbox {
    /// These are the bindings of a user from now on. Never waits.
    pub(crate) fn put(&self, user: String, bindings: &[Binding]) {
        let stored = bindings.iter().map(|binding| stored_binding(binding, self.clock)).collect();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= USERS && !waiting.contains_key(&user) {
            tracing::error!("registrations could not be kept: the database is far behind");
            return;
        }
        waiting.insert(user, stored);
        self.news.notify_one();
    }
}

#[cfg(test)]
impl BindingsInbox {
    /// One that nobody reads.
    pub(crate) fn unread(clock: Clock) -> Self {
        BindingsInbox { clock, waiting: Waiting::default(), news: Arc::default(), _open: oneshot::channel().0 }
    }
}

/// Starts the task.
pub(crate) fn start(store: Store, clock: Clock) -> (BindingsInbox, JoinHandle<()>) {
    let (open, gone) = oneshot::channel();
    let (waiting, news) = (Waiting::default(), Arc::new(Notify::new()));
    let task = tokio::spawn(keep(store, Arc::clone(&waiting), Arc::clone(&news), gone));
    (BindingsInbox { clock, waiting, news, _open: open }, task)
}

async fn keep(store: Store, waiting: Waiting, news: Arc<Notify>, mut gone: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            biased;
            _ = &mut gone => break,
            () = news.notified() => {}
        }
        let pause = match write(&store, &waiting).await {
            Ok(()) => PAUSE,
            Err(error) => {
                tracing::error!(code = error.code(), "registrations could not be kept");
                news.notify_one();
                AFTER_FAILURE
            }
        };
        if tokio::time::timeout(pause, &mut gone).await.is_ok() {
            break;
        }
    }
    if let Err(error) = write(&store, &waiting).await {
        tracing::error!(code = error.code(), "the last registrations could not be kept");
    }
}

/// Writes everything that waits; what could not be written waits on, unless something newer has come.
async fn write(store: &Store, waiting: &Waiting) -> Result<(), StoreError> {
    let changes = std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner));
    if changes.is_empty() {
        return Ok(());
    }
    let written = store.keep_bindings(changes.iter()).await;
    if written.is_err() {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for (user, bindings) in changes {
            waiting.entry(user).or_insert(bindings);
        }
    }
    written
}

fn stored_binding(binding: &Binding, clock: Clock) -> StoredBinding {
    StoredBinding {
        contact: binding.uri.clone(),
        source: binding.source.address,
        expires_at_ms: clock.epoch_ms(binding.expires_at),
        call_id: binding.call_id.clone(),
        cseq: binding.cseq,
        q_per_mille: binding.q_per_mille,
        user_agent: binding.user_agent.clone(),
        path: binding.path.clone(),
    }
}

/// Tells a brain that starts now who registered with an earlier run and has not ended since, as far as the user has the secret still
/// that was proven then: `before` are the settings of that run, where they are others.
///
/// # Errors
/// See [`StoreError`].
pub(crate) async fn tell_first(
    store: &Store,
    clock: Clock,
    before: Option<&Settings>,
    settings: &Settings,
    brain: &mpsc::Sender<Event>,
) -> Result<(), StoreError> {
    let now = clock.now();
    let now_ms = clock.epoch_ms(now);
    let users = plan::registering_users(settings);
    let proven = before.map(plan::registering_users);
    let is_proven = |user: &str| {
        let mut proven = proven.iter().flatten().filter(|(name, _)| name == user);
        before.is_none() || proven.any(|proven| users.contains(proven))
    };
    let mut all: BTreeMap<String, Vec<Binding>> = BTreeMap::new();
    for (user, stored) in store.bindings(now_ms).await? {
        let proven = is_proven(&user);
        let bindings = all.entry(user).or_default();
        if proven {
            bindings.push(binding(stored, now, now_ms));
        }
    }
    // A fresh queue has room for a word on each user; of a user that is not told the telephones register again.
    all.into_iter().for_each(|(user, bindings)| drop(brain.try_send(Event::BindingsKept { user, bindings })));
    Ok(())
}

/// As the brain knows it. Its start lies before the first moment that this run can tell.
fn binding(stored: StoredBinding, now: Moment, now_ms: u64) -> Binding {
    Binding {
        uri: stored.contact,
        source: stored.source.into(),
        expires_at: now + Duration::from_millis(stored.expires_at_ms.saturating_sub(now_ms)),
        call_id: stored.call_id,
        cseq: stored.cseq,
        q_per_mille: stored.q_per_mille,
        user_agent: stored.user_agent,
        path: stored.path,
        since: Moment::ZERO,
    }
}

#[cfg(test)]
mod tests;
