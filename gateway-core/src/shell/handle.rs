//! The door to a running gateway: everything that the window and the headless program can ask of it.

mod answers;
mod apply;
mod calls;
mod device_view;
mod exposure;
mod guard;
pub mod history;
mod line_tests;
mod profiles;
mod sip_trace;
mod sounds;
mod start;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::clock::Clock;
use super::control::{Notices, Order};
use super::device::{self, BoxOrder, BoxOutbox, DeviceChoice, DeviceEntry, DeviceStatus};
use super::inbox::SendFailure;
use super::keyring::Keyring;
use super::marks::RecentMarks;
use super::sip_trace::SipMessages;
use super::sockets::Sockets;
use super::store::{Store, StoredRecord};
use crate::config::check::check;
use crate::config::diff::diff;
use crate::config::problem::{Problem, Severity, forbids};
use crate::config::profile::Imported;
use crate::config::profile::secrets::given_up;
use crate::config::settings::Settings;
use crate::config::{PortId, target};
use crate::fxo::simulator::act::LineAct;
use crate::gateway::io::Command;
use crate::gateway::mark::Mark;
use crate::gateway::notice::Notice;
use crate::gateway::view::Snapshot;

use apply::Transaction;

pub use answers::{
    Applied, ApplyError, ApplyProgress, ApplyStatus, Beginning, DeviceError, Ended, Review, StartError, StoreFault, TargetPreview, Update,
};
pub use device_view::TraceExportError;
pub use profiles::{ProfileFault, ProfileRead, Side};
pub use sounds::{EndedCall, KeptSound, Lesson, LessonError, ToneProof};

/// How long an order to the box may take: releasing every line, closing it, opening another.
const BOX_PATIENCE: Duration = Duration::from_secs(5);

/// Records that [`GatewayHandle::recent_records`] answers at most.
const RECENT_RECORDS: u32 = 200;

/// How to start a gateway.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// Where the database lies; it is created when it is missing.
    pub data_dir: PathBuf,
    /// The box to use. `None`: the one that was chosen last, at first the simulated box with two lines.
    pub device: Option<DeviceChoice>,
    /// A profile to apply before anything starts. `None`: the settings in the database, at first the defaults with two ports.
    pub profile: Option<Imported>,
    /// A person has confirmed what the profile wants confirmed.
    pub confirmed: bool,
}

/// A running gateway. Clones are the same gateway; when the last one is dropped, the gateway stops as with
/// [`GatewayHandle::stop`], though nobody waits for it.
#[derive(Clone)]
pub struct GatewayHandle {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    data_dir: PathBuf,
    store: Store,
    settings: Arc<RwLock<Arc<Settings>>>,
    /// The sockets in force, none after the end; holding the lock means that one Apply is under way.
    sockets: Arc<tokio::sync::Mutex<Option<Sockets>>>,
    transaction: Arc<Mutex<Transaction>>,
    orders: mpsc::Sender<Order>,
    boxes: BoxOutbox,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    updates: broadcast::Sender<Update>,
    beginning: Mutex<Option<Beginning>>,
    notices: Notices,
    marks: RecentMarks,
    messages: SipMessages,
    /// Held while an exposure test runs.
    exposure: tokio::sync::Mutex<()>,
    status: watch::Receiver<DeviceStatus>,
    ended: watch::Receiver<Option<Ended>>,
}

impl GatewayHandle {
    /// Opens the database, binds the sockets, starts the threads and the brain. Needs a tokio runtime.
    ///
    /// # Errors
    /// Whatever could not be had; nothing runs then.
    pub async fn start(options: StartOptions) -> Result<GatewayHandle, StartError> {
        start::start(options, None).await
    }

    /// As [`GatewayHandle::start`], with the key of the stored secrets in a keyring instead of the data folder, where the keyring
    /// takes it.
    ///
    /// # Errors
    /// Whatever could not be had; nothing runs then.
    pub async fn start_with(options: StartOptions, keyring: Option<Arc<dyn Keyring>>) -> Result<GatewayHandle, StartError> {
        start::start(options, keyring).await
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        (*self.settings_in_force()).clone()
    }

    fn settings_in_force(&self) -> Arc<Settings> {
        Arc::clone(&self.inner.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything that is wrong with `settings`, or wants to be confirmed.
    #[must_use]
    pub fn check(&self, settings: &Settings) -> Vec<Problem> {
        // Ports beyond the box are asked about when they come, not with every change after that.
        let available = self.ports_available().filter(|_| settings.ports.len() > self.settings_in_force().ports.len());
        let problems = check(settings, available);
        with_secrets_given_up(problems, &self.inner.store, &self.settings_in_force(), settings)
    }

    /// What Apply would do with `settings`.
    #[must_use]
    pub fn review(&self, settings: &Settings) -> Review {
        Review { problems: self.check(settings), changes: diff(&self.settings_in_force(), settings), targets: target_previews(settings) }
    }

    /// Gives the brain an order; answers when it is carried out.
    ///
    /// # Errors
    /// The gateway has stopped.
    pub async fn command(&self, command: Command) -> Result<(), DeviceError> {
        let (done, carried_out) = oneshot::channel();
        let order = Order::Command { command, done };
        self.inner.orders.send(order).await.map_err(|_| DeviceError::Stopped)?;
        carried_out.await.map_err(|_| DeviceError::Stopped)
    }

    /// The live picture.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.inner.snapshot.borrow())
    }

    /// Everything that happens from now on. A subscriber that falls 1024 updates behind loses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Update> {
        self.inner.updates.subscribe()
    }

    /// The gateway as it started and everything since, for the first who asks: the box is up, and a registrar may have refused,
    /// before whoever started the gateway can subscribe.
    #[must_use]
    pub fn beginning(&self) -> Option<Beginning> {
        self.inner.beginning.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The last 500 notices, oldest first.
    #[must_use]
    pub fn recent_notices(&self) -> Vec<Notice> {
        self.inner.notices.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The last 512 marks of a port, oldest first.
    #[must_use]
    pub fn recent_marks(&self, port: PortId) -> Vec<Mark> {
        self.inner.marks.of(port)
    }

    /// The last 200 call records, newest first, of earlier runs too; their times are in ms since 1970 (UTC).
    pub async fn recent_records(&self) -> Vec<StoredRecord> {
        match self.inner.store.records(RECENT_RECORDS, None).await {
            Ok(records) => records,
            Err(error) => {
                tracing::error!(%error, "the call records could not be read");
                Vec::new()
            }
        }
    }

    /// When the gateway started, in ms since 1970 (UTC): the zero of every `…_ms` in snapshots, notices and new records.
    #[must_use]
    pub fn started_epoch_ms(&self) -> u64 {
        self.inner.clock.started_epoch_ms()
    }

    /// The database, for what it alone knows: revisions to restore, older records.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The device menu.
    #[must_use]
    pub fn devices(&self) -> Vec<DeviceEntry> {
        device::list(&self.device().choice)
    }

    /// The chosen box and how it is doing.
    #[must_use]
    pub fn device(&self) -> DeviceStatus {
        self.inner.status.borrow().clone()
    }

    /// Uses another box from now on and at the next start. The lines of the old one are released first.
    ///
    /// # Errors
    /// The gateway has stopped, or the old box does not let go.
    pub async fn select_device(&self, choice: DeviceChoice) -> Result<(), DeviceError> {
        let (done, chosen) = oneshot::channel();
        self.to_box(BoxOrder::Choose { choice, done })?;
        match tokio::time::timeout(BOX_PATIENCE, chosen).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(DeviceError::Stopped),
            Err(_) => Err(DeviceError::Busy),
        }
    }

    /// Makes something happen at the simulated exchange.
    ///
    /// # Errors
    /// The simulated box is not in use, or has no such line.
    pub async fn virtual_line(&self, port: PortId, act: LineAct) -> Result<(), DeviceError> {
        let (answer, answered) = oneshot::channel();
        self.to_box(BoxOrder::Act { port, act, answer })?;
        match tokio::time::timeout(BOX_PATIENCE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(DeviceError::Stopped),
            Err(_) => Err(DeviceError::Busy),
        }
    }

    fn to_box(&self, order: BoxOrder) -> Result<(), DeviceError> {
        self.inner.boxes.send(order, Duration::ZERO).map_err(|failure| match failure {
            SendFailure::Stuck => DeviceError::Busy,
            SendFailure::Closed => DeviceError::Stopped,
        })
    }

    /// Ends every call, releases every line, takes registrations back, and ends. Bounded: about ten seconds at worst.
    pub async fn stop(&self) {
        // When the task is gone already there is nothing left to order.
        let _ = self.inner.orders.send(Order::Stop).await;
        self.ended().await;
    }

    /// Makes our own code fail.
    #[cfg(test)]
    pub(crate) async fn fail(&self, part: super::control::Failing) {
        self.inner.orders.send(Order::Fail(part)).await.unwrap();
    }

    /// Waits until the gateway has ended, and tells how.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.inner.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(ended) => (*ended).unwrap_or(Ended::Failed),
            Err(_) => Ended::Failed,
        }
    }
}

impl std::fmt::Debug for GatewayHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayHandle").field("data_dir", &self.inner.data_dir).finish_non_exhaustive()
    }
}

/// Problems of `after`, and beside them the secrets of `before` that lie sealed in the database and would be given up unseen.
pub(crate) fn with_secrets_given_up(mut problems: Vec<Problem>, store: &Store, before: &Settings, after: &Settings) -> Vec<Problem> {
    if store.key_fault().is_some() {
        let mut given_up = given_up(before, after);
        given_up.retain(|one| problems.iter().all(|known| known.path != one.path));
        problems.append(&mut given_up);
    }
    problems
}

/// Whether settings with these problems may be applied.
pub(crate) fn allow(problems: Vec<Problem>, confirmed: bool) -> Result<(), ApplyError> {
    if forbids(&problems) {
        return Err(ApplyError::Problems { problems });
    }
    let unconfirmed: Vec<Problem> = problems.into_iter().filter(|problem| problem.severity == Severity::Confirm).collect();
    if confirmed || unconfirmed.is_empty() { Ok(()) } else { Err(ApplyError::NeedsConfirmation { problems: unconfirmed }) }
}

/// The exact URI that a ring of each port would call.
fn target_previews(settings: &Settings) -> Vec<TargetPreview> {
    let gateway = &settings.gateway;
    let preview = |(index, port): (usize, &crate::config::settings::PortSettings)| {
        let port_id = PortId(u16::try_from(index).unwrap_or(u16::MAX));
        match target::exact_uri(&port.target, gateway.mode, &gateway.remote_server) {
            Ok(exact) => {
                TargetPreview { port: port_id, uri: exact.uri, blank: exact.blank, host_from_contact: exact.host_from_contact, fault: None }
            }
            Err(fault) => TargetPreview {
                port: port_id,
                uri: String::new(),
                blank: port.target.trim().is_empty(),
                host_from_contact: false,
                fault: Some(fault.word().to_owned()),
            },
        }
    };
    settings.ports.iter().enumerate().map(preview).collect()
}
