//! Apply as a transaction: check, prepare, commit, switch; then probation, and back when it fails.
//!
//! What is decided is decided by [`WhenIdle`] and [`Probation`]; here their orders are carried out. The lock on the sockets is the
//! turn: whoever holds it is the one Apply under way. The lock on the [`Transaction`] is never held while anything is awaited.

use std::net::IpAddr;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use tokio::sync::{oneshot, watch};

use super::answers::{ApplyProgress, ApplyStatus};
use super::{Applied, ApplyError, GatewayHandle, Inner, Update, allow};
use crate::code;
use crate::config::bind_address::BindAddress;
use crate::config::diff::diff;
use crate::config::settings::Settings;
use crate::gateway::notice::{Notice, NoticeCode, Severity};
use crate::gateway::probation::{Baseline, Probation, RollbackReason, Verdict};
use crate::gateway::view::Snapshot;
use crate::gateway::when_idle::WhenIdle;
use crate::shell::clock::Clock;
use crate::shell::control::Order;
use crate::shell::keeper::KeptCalls;
use crate::shell::sockets::{Sockets, interface_ip};
use crate::shell::store::{Retention, RevisionId, RevisionKind, Store, StoreError};
use crate::time::Moment;

/// What is in force, and what is still to be settled about it.
#[derive(Debug)]
pub(super) struct Transaction {
    applied: Applied,
    waiting: Option<Waiting>,
    probation: Option<OnProbation>,
    aftermath: Aftermath,
    kept: KeptCalls,
}

/// Settings that wait for idle ports. They are checked and confirmed.
#[derive(Debug)]
struct Waiting {
    settings: Settings,
    kind: RevisionKind,
    since: Moment,
    wait: WhenIdle,
}

/// The settings in force, on probation, and everything that is needed to go back.
#[derive(Debug)]
struct OnProbation {
    probation: Probation,
    baseline: Baseline,
    /// They stay open, so that no other program can take the addresses that going back needs.
    sockets: Option<Sockets>,
    since: Moment,
    /// Which call records they keep, once they are proven.
    retention: Retention,
}

/// What is still to be told of the last transaction when it did not end well.
#[derive(Debug)]
enum Aftermath {
    None,
    RolledBack { refused: RevisionId, reasons: Vec<RollbackReason> },
    Refused { error: ApplyError },
}

/// What a look at the picture asks for.
enum Next {
    Nothing,
    Tell,
    ApplyWaiting,
    RollBack(RevisionId, Vec<RollbackReason>),
}

impl Transaction {
    pub(super) fn new(applied: Applied, kept: KeptCalls) -> Self {
        Transaction { applied, waiting: None, probation: None, aftermath: Aftermath::None, kept }
    }

    /// Settings are stored: they hold, and may still be taken back.
    fn store(&mut self, applied: Applied, settings: &Settings) {
        self.applied = applied;
        self.waiting = None;
        self.aftermath = Aftermath::None;
        self.kept.set(self.kept.get().or(Retention::from(&settings.gateway)));
    }

    /// Begins the probation of settings that replaced `before`, where they have anything to prove.
    fn begin(&mut self, settings: &Settings, before: Baseline, sockets: Option<Sockets>, now: Moment) {
        // Until the settings in force are proven, the measure is what was proven before them.
        let (baseline, sockets) = match self.probation.take() {
            Some(on) => (on.baseline, on.sockets),
            None => (before, sockets),
        };
        let retention = Retention::from(&settings.gateway);
        match Probation::begin(&baseline, settings, now) {
            Some(probation) => {
                self.kept.set(retention.or(Retention::from(&baseline.settings.gateway)));
                self.probation = Some(OnProbation { probation, baseline, sockets, since: now, retention });
            }
            None => self.kept.set(retention),
        }
    }

    fn progress(&self) -> ApplyProgress {
        let status = match (&self.waiting, &self.probation, &self.aftermath) {
            (Some(waiting), _, _) => ApplyStatus::Waiting { ports: waiting.wait.busy().to_vec(), since_ms: waiting.since.as_millis() },
            (None, Some(on), _) => ApplyStatus::OnProbation {
                since_ms: on.since.as_millis(),
                until_ms: on.probation.deadline().as_millis(),
                missing: on.probation.missing().to_vec(),
            },
            (None, None, Aftermath::RolledBack { refused, reasons }) => {
                ApplyStatus::RolledBack { refused: *refused, reasons: reasons.clone() }
            }
            (None, None, Aftermath::Refused { error }) => ApplyStatus::Refused { error: error.clone() },
            (None, None, Aftermath::None) => ApplyStatus::None,
        };
        ApplyProgress { applied: self.applied, status }
    }

    fn look(&mut self, picture: &Snapshot, now: Moment) -> Next {
        let mut next = Next::Nothing;
        if let Some(on) = &mut self.probation {
            let before = on.probation.missing().to_vec();
            match on.probation.handle(picture, now) {
                Some(Verdict::RollBack(reasons)) => return Next::RollBack(self.applied.revision, reasons),
                Some(Verdict::Proven) => {
                    self.kept.set(on.retention);
                    self.probation = None;
                    next = Next::Tell;
                }
                None if before != on.probation.missing() => next = Next::Tell,
                None => {}
            }
        }
        if let Some(waiting) = &mut self.waiting {
            let changed = waiting.wait.handle(picture);
            if waiting.wait.busy().is_empty() {
                return Next::ApplyWaiting;
            }
            if changed {
                next = Next::Tell;
            }
        }
        next
    }
}

impl GatewayHandle {
    /// Checks everything, binds what is new, stores in one transaction, and switches over. A failure before the commit
    /// changes nothing. `confirmed`: a person has confirmed what asks for it.
    ///
    /// What was healthy must be healthy again within `gateway.rollback_after_s`, or the settings before return by themselves;
    /// [`Update::Apply`] tells how that goes.
    ///
    /// # Errors
    /// Why nothing changed.
    pub async fn apply(&self, settings: Settings, confirmed: bool) -> Result<Applied, ApplyError> {
        self.apply_as(RevisionKind::Apply, settings, confirmed).await
    }

    /// As [`GatewayHandle::apply`], and the list of revisions tells where the settings came from.
    ///
    /// # Errors
    /// Why nothing changed.
    pub async fn apply_as(&self, kind: RevisionKind, settings: Settings, confirmed: bool) -> Result<Applied, ApplyError> {
        allow(self.check(&settings), confirmed)?;
        let mut held = self.inner.sockets.lock().await;
        self.inner.put_on_probation(&mut held, settings, kind).await
    }

    /// Applies the settings as a whole as soon as every port that they touch is idle: at once when all are. A newer Apply takes
    /// their place. At an orderly stop the lines are released, so they are stored then, and the next start begins with them.
    ///
    /// # Errors
    /// Why they cannot be applied now, and so are not waited with either; nothing changed.
    pub async fn apply_when_idle(&self, kind: RevisionKind, settings: Settings, confirmed: bool) -> Result<ApplyProgress, ApplyError> {
        allow(self.check(&settings), confirmed)?;
        let inner = &self.inner;
        let mut held = inner.sockets.lock().await;
        let wait = WhenIdle::new(&diff(&self.settings_in_force(), &settings), &self.snapshot());
        if wait.busy().is_empty() {
            inner.put_on_probation(&mut held, settings, kind).await?;
        } else {
            // What could not be had now is told now; what is bound here is closed again until it is needed.
            inner.prepare(held.as_ref(), &settings)?;
            let mut transaction = inner.transaction();
            transaction.waiting = Some(Waiting { settings, kind, since: inner.clock.now(), wait });
            transaction.aftermath = Aftermath::None;
            drop(transaction);
            inner.tell_progress();
        }
        Ok(self.apply_progress())
    }

    /// Takes back settings that wait for idle ports. Nothing happens when none do.
    pub fn take_back(&self) -> ApplyProgress {
        let taken = self.inner.transaction().waiting.take();
        if taken.is_some() {
            self.inner.tell_progress();
        }
        self.apply_progress()
    }

    /// What was applied last, and what is still to be settled about it.
    #[must_use]
    pub fn apply_progress(&self) -> ApplyProgress {
        self.inner.transaction().progress()
    }
}

impl Inner {
    fn transaction(&self) -> MutexGuard<'_, Transaction> {
        self.transaction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_progress(&self) {
        let progress = self.transaction().progress();
        // Nobody listening is fine.
        let _ = self.updates.send(Update::Apply(progress));
    }

    /// Binds what settings want, from what is open and, during probation, from what is kept for going back.
    fn prepare(&self, held: Option<&Sockets>, settings: &Settings) -> Result<Sockets, ApplyError> {
        if self.orders.is_closed() {
            return Err(ApplyError::Stopped);
        }
        let kept = self.transaction().probation.as_ref().and_then(|on| on.sockets.clone());
        let open: Vec<&Sockets> = held.into_iter().chain(&kept).collect();
        let prepared = Sockets::prepare(&settings.gateway, settings.ports.len(), self.store.folder(), &open);
        prepared.map_err(|error| ApplyError::Prepare { error })
    }

    /// The whole way of settings that a person wants, up to the beginning of their probation.
    async fn put_on_probation(&self, held: &mut Option<Sockets>, settings: Settings, kind: RevisionKind) -> Result<Applied, ApplyError> {
        let prepared = self.prepare(held.as_ref(), &settings)?;
        let before = Baseline { settings: (*self.settings()).clone(), picture: (**self.snapshot.borrow()).clone() };
        let applied = self.commit(&settings, kind).await?;
        let sockets = held.clone();
        let switched = self.switch(held, &settings, prepared).await;
        let now = self.clock.now();
        self.transaction().begin(&settings, before, sockets, now);
        self.tell_progress();
        switched.map(|()| applied)
    }

    /// Stores settings. From here on they hold, whatever happens: a restart would begin with them.
    async fn commit(&self, settings: &Settings, kind: RevisionKind) -> Result<Applied, StoreError> {
        let at_epoch_ms = self.clock.epoch_ms(self.clock.now());
        let revision = self.store.commit(settings, kind, at_epoch_ms).await?;
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings.clone());
        let applied = Applied { revision, at_epoch_ms };
        self.transaction().store(applied, settings);
        Ok(applied)
    }

    /// Makes the running gateway follow.
    async fn switch(&self, held: &mut Option<Sockets>, settings: &Settings, prepared: Sockets) -> Result<(), ApplyError> {
        if held.as_ref().is_none_or(|held| !Arc::ptr_eq(&held.sip, &prepared.sip)) {
            prepared.forget_what_waits();
        }
        let (done, switched) = oneshot::channel();
        let order = Order::Switch { settings: Box::new(settings.clone()), sockets: Box::new(prepared.clone()), done };
        self.orders.send(order).await.map_err(|_| ApplyError::Stopped)?;
        *held = Some(prepared);
        match switched.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ApplyError::Switch { detail: error.to_string() }),
            Err(_) => Err(ApplyError::Stopped),
        }
    }

    /// A network interface that is chosen by its name may have another address than the sockets have. `failed`: the address that
    /// could not be followed at the last look, so that it is told once.
    async fn follow_interface(&self, failed: &mut Option<IpAddr>) {
        // Whoever holds them is about to change them; the settings that hold are read after that.
        let Ok(mut held) = self.sockets.try_lock() else { return };
        let settings = self.settings();
        let Some(BindAddress::Interface(name)) = BindAddress::parse(&settings.gateway.bind_address) else { return };
        // Without an address there is nowhere to go: most often the same comes back.
        let Some(ip) = interface_ip(&name) else { return };
        if held.as_ref().is_none_or(|held| held.sip_address.ip() == ip) {
            *failed = None;
            return;
        }
        let followed = match self.prepare(held.as_ref(), &settings) {
            Ok(prepared) => self.switch(&mut held, &settings, prepared).await,
            Err(error) => Err(error),
        };
        match followed {
            Ok(()) => tracing::info!("the network interface has another address: the sockets followed"),
            Err(error) if failed.replace(ip) != Some(ip) => {
                tracing::warn!(%error, "the sockets could not follow their network interface; they try again");
            }
            Err(_) => {}
        }
    }

    /// Looks at the newest picture and does what it asks for.
    async fn settle(&self) {
        let next = {
            let mut transaction = self.transaction();
            // Taken under the lock: a probation that is there began before this picture was made.
            let picture = Arc::clone(&self.snapshot.borrow());
            transaction.look(&picture, self.clock.now())
        };
        match next {
            Next::Nothing => {}
            Next::Tell => self.tell_progress(),
            Next::ApplyWaiting => self.apply_waiting().await,
            Next::RollBack(refused, reasons) => self.roll_back(refused, reasons).await,
        }
    }

    async fn apply_waiting(&self) {
        let mut held = self.sockets.lock().await;
        // A gateway that ends keeps what waits for its next start.
        if self.orders.is_closed() {
            return;
        }
        // It may have been taken back, replaced, or overtaken by a call while somebody else had the turn.
        let ready = {
            let mut transaction = self.transaction();
            let picture = Arc::clone(&self.snapshot.borrow());
            let is_ready = |waiting: &mut Waiting| {
                waiting.wait.handle(&picture);
                waiting.wait.busy().is_empty()
            };
            transaction.waiting.take_if(is_ready)
        };
        let Some(Waiting { settings, kind, .. }) = ready else { return };
        if let Err(error) = self.put_on_probation(&mut held, settings, kind).await {
            let setting = if let ApplyError::Prepare { error } = &error { Some(error.setting().to_owned()) } else { None };
            let (aftermath, told) = after_waiting(error);
            self.transaction().aftermath = aftermath;
            if let Some((severity, code)) = told {
                self.notice(severity, code, &[], setting).await;
            }
            self.tell_progress();
        }
    }

    async fn roll_back(&self, refused: RevisionId, reasons: Vec<RollbackReason>) {
        let mut held = self.sockets.lock().await;
        let Some((settings, kept)) = self.failed(refused) else { return };
        let open: Vec<&Sockets> = held.as_ref().into_iter().chain(&kept).collect();
        let prepared = Sockets::prepare(&settings.gateway, settings.ports.len(), self.store.folder(), &open);
        let prepared = prepared.map_err(|error| ApplyError::Prepare { error });
        let done = async {
            let prepared = prepared?;
            self.commit(&settings, RevisionKind::Rollback).await?;
            self.switch(&mut held, &settings, prepared).await
        }
        .await;
        // Whichever settings are in force now, they stay.
        self.transaction().kept.set(Retention::from(&self.settings().gateway));
        let first = reasons.first().cloned();
        let mut args = first.as_ref().map(reason_args).unwrap_or_default();
        args.push(("revision", refused.to_string()));
        let setting = first.map(|reason| reason.setting);
        match done {
            Ok(()) | Err(ApplyError::Switch { .. }) => {
                self.transaction().aftermath = Aftermath::RolledBack { refused, reasons };
                self.notice(Severity::Alarm, NoticeCode::RolledBack, &args, setting).await;
            }
            Err(error) => {
                tracing::error!(%error, "the settings before could not be brought back");
                self.notice(Severity::Alarm, NoticeCode::RollbackFailed, &args, setting).await;
            }
        }
        self.tell_progress();
    }

    /// Ends the probation of the revision that failed, and answers what to go back to; nothing when a newer one is in force.
    fn failed(&self, refused: RevisionId) -> Option<(Settings, Option<Sockets>)> {
        let mut transaction = self.transaction();
        if transaction.applied.revision != refused {
            return None;
        }
        let on = transaction.probation.take()?;
        // It was made from settings that do not work; the window still has it, and the person decides.
        transaction.waiting = None;
        Some((on.baseline.settings, on.sockets))
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn notice(&self, severity: Severity, code: NoticeCode, args: &[(&str, String)], setting: Option<String>) {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let notice = Notice { at_ms: self.clock.now().as_millis(), severity, code, port: None, args, setting };
        // A gateway that has stopped has nobody to tell.
        let _ = self.orders.send(Order::Notice(notice)).await;
    }
}

/// What is left to tell of settings that waited, were tried, and met `error`. A failed switch leaves them stored and in force,
/// so they were not refused.
fn after_waiting(error: ApplyError) -> (Aftermath, Option<(Severity, NoticeCode)>) {
    match error {
        ApplyError::Switch { detail } => {
            tracing::error!(detail, "a part of the gateway did not follow settings that waited for idle ports");
            (Aftermath::None, Some((Severity::Alarm, NoticeCode::AppliedInPart)))
        }
        // It may have stopped before they were stored or after; nobody is left to be told.
        ApplyError::Stopped => (Aftermath::None, None),
        ApplyError::Problems { .. } | ApplyError::NeedsConfirmation { .. } | ApplyError::Prepare { .. } | ApplyError::Store { .. } => {
            (Aftermath::Refused { error }, Some((Severity::Warning, NoticeCode::WaitingRefused)))
        }
    }
}

fn reason_args(reason: &RollbackReason) -> Vec<(&'static str, String)> {
    let status = reason.status.map(|status| status.to_string()).unwrap_or_default();
    vec![("why", code::of(&reason.cause)), ("status", status), ("reason", reason.phrase.clone())]
}

/// Shares a gateway, and from now on settles its transactions.
pub(super) fn watched(inner: Inner) -> Arc<Inner> {
    let inner = Arc::new(inner);
    tokio::spawn(run(Arc::downgrade(&inner), inner.snapshot.clone()));
    inner
}

/// Settles transactions until the gateway is gone. Pictures come at every change of a state, and at least once a second, so no
/// clock of its own is needed.
async fn run(inner: Weak<Inner>, mut pictures: watch::Receiver<Arc<Snapshot>>) {
    let mut failed = None;
    while pictures.changed().await.is_ok() {
        let Some(inner) = inner.upgrade() else { return };
        inner.settle().await;
        inner.follow_interface(&mut failed).await;
    }
}

/// At an orderly stop, stores settings that waited: the lines are released now.
pub(super) async fn keep_waiting(transaction: &std::sync::Mutex<Transaction>, store: &Store, clock: Clock, held: Option<&Sockets>) {
    let waiting = transaction.lock().unwrap_or_else(PoisonError::into_inner).waiting.take();
    let Some(Waiting { settings, kind, .. }) = waiting else { return };
    let open: Vec<&Sockets> = held.into_iter().collect();
    let kept = match Sockets::prepare(&settings.gateway, settings.ports.len(), store.folder(), &open) {
        Ok(_) => store.commit(&settings, kind, clock.epoch_ms(clock.now())).await.map(|_| ()).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = kept {
        tracing::error!(%error, "settings that waited for idle ports could not be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::{GatewaySettings, Mode, PortSettings, Secret};
    use crate::gateway::view::RegistrationView;
    use crate::gateway::{Gateway, GatewayAddress};
    use crate::rng::Rng;
    use crate::shell::handle::StoreFault;

    #[test]
    fn settings_that_waited_and_are_stored_are_never_told_as_refused() {
        let (aftermath, told) = after_waiting(ApplyError::Switch { detail: "no thread".to_owned() });
        assert!(matches!(aftermath, Aftermath::None), "{aftermath:?}");
        assert_eq!(told, Some((Severity::Alarm, NoticeCode::AppliedInPart)));

        let fault = StoreFault { code: "disk_full".to_owned(), detail: String::new() };
        let (aftermath, told) = after_waiting(ApplyError::Store { error: fault });
        assert!(matches!(aftermath, Aftermath::Refused { .. }), "{aftermath:?}");
        assert_eq!(told, Some((Severity::Warning, NoticeCode::WaitingRefused)));
    }
    fn applied(revision: u32) -> Applied {
        Applied { revision: RevisionId(revision), at_epoch_ms: 0 }
    }

    fn client(secret: &str, keep_calls_max: u32) -> Settings {
        let gateway = GatewaySettings {
            mode: Mode::SipClient,
            remote_server: "pbx.example".to_owned(),
            keep_calls_max,
            keep_calls_days: 0,
            ..GatewaySettings::default()
        };
        let port = PortSettings { user: "line1".to_owned(), secret: Secret(secret.to_owned()), ..PortSettings::default() };
        Settings { gateway, ports: vec![port] }
    }

    fn picture(refused: bool) -> Snapshot {
        let address = GatewayAddress { sip: ([127, 0, 0, 1], 5060).into(), tls_port: 5061, rtp_ip: [127, 0, 0, 1].into() };
        let mut picture = Gateway::new(client("first", 100), address, Rng::from_bytes([0; 32])).snapshot(Moment::ZERO);
        picture.ports[0].registration = if refused {
            RegistrationView::Failed { status: 403, reason: String::new(), retry_ms: 0 }
        } else {
            RegistrationView::Registered { expires_ms: 0, rtt_ms: 0 }
        };
        picture
    }

    fn of(records: u32) -> Retention {
        Retention { days: 0, records, sounds: 100 }
    }

    /// A transaction right after settings that keep 200 calls replaced some that kept `before`.
    fn on_probation(before: u32) -> (Transaction, KeptCalls) {
        let kept = KeptCalls::new(of(before));
        let mut transaction = Transaction::new(applied(1), kept.clone());
        let after = client("second", 200);
        transaction.store(applied(2), &after);
        transaction.begin(&after, Baseline { settings: client("first", before), picture: picture(false) }, None, Moment::ZERO);
        (transaction, kept)
    }

    #[test]
    fn calls_that_settings_on_probation_do_not_keep_are_kept_until_they_are_proven() {
        let (mut transaction, kept) = on_probation(500);
        assert_eq!(kept.get(), of(500));
        assert!(matches!(transaction.look(&picture(true), Moment::ZERO), Next::RollBack(..)));
        assert_eq!(kept.get(), of(500), "the way back finds every call");

        let (mut transaction, kept) = on_probation(500);
        assert!(matches!(transaction.look(&picture(false), Moment::ZERO), Next::Tell));
        assert_eq!(kept.get(), of(200));
        assert_eq!(on_probation(100).1.get(), of(200), "more calls are kept from the first moment on");
    }

    #[test]
    fn settings_that_have_nothing_to_prove_keep_their_calls_at_once() {
        let kept = KeptCalls::new(of(500));
        let mut transaction = Transaction::new(applied(1), kept.clone());
        let after = client("first", 200);
        transaction.store(applied(2), &after);
        assert_eq!(kept.get(), of(500), "whether they have is not known yet");
        transaction.begin(&after, Baseline { settings: client("first", 500), picture: picture(false) }, None, Moment::ZERO);
        assert_eq!(kept.get(), of(200));
    }
}
