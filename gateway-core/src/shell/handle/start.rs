//! Start and end of a gateway: what is built in which order, and taken down in which.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::apply::{self, Transaction};
use super::{Applied, Beginning, Ended, GatewayHandle, Inner, StartError, StartOptions, Update, allow, with_secrets_given_up};
use crate::config::PortId;
use crate::config::check::check;
use crate::config::country::Country;
use crate::config::profile::Imported;
use crate::config::settings::{GatewaySettings, PortSettings, Settings};
use crate::gateway::io::Event;
use crate::gateway::notice::{Notice, NoticeCode, Severity};
use crate::gateway::{Gateway, GatewayAddress, plan};
use crate::rng::Rng;
use crate::shell::bindings::{self, BindingsInbox};
use crate::shell::calendar;
use crate::shell::claim::Claim;
use crate::shell::clock::Clock;
use crate::shell::computer::Watch;
use crate::shell::control::{self, Control, EVENTS, Notices, ORDERS, Parts, PortHandle, Publisher};
use crate::shell::device::{self, BoxOrder, BoxOutbox, Chosen, DeviceStatus, Reports};
use crate::shell::keeper::{Keeper, KeptCalls, ToKeep};
use crate::shell::keyring::Keyring;
use crate::shell::marks::RecentMarks;
use crate::shell::port::PortOrder;
use crate::shell::sip_trace::SipMessages;
use crate::shell::sockets::{BindError, Sockets};
use crate::shell::store::{KeyFault, Retention, RevisionKind, Store, StoreError};

/// Updates that a subscriber may be behind.
const UPDATES: usize = 1024;

/// How long the box gets to confirm released lines and close at the end.
const BOX_END: Duration = Duration::from_secs(3);

/// How long records get to reach the database at the end.
const RECORDS_END: Duration = Duration::from_secs(5);

/// Ports of a gateway that was never configured.
const FIRST_PORTS: usize = 2;

/// A gateway that was never configured looks for free ports up to here: on the computer of a technician a softphone may have 5060.
const LAST_FIRST_SIP_PORT: u16 = 5098;
const LAST_FIRST_RTP_PORT: u16 = 16_900;

fn system(error: &impl std::fmt::Display) -> StartError {
    StartError::System { detail: error.to_string() }
}

/// What there is before the first thread runs.
struct Ground {
    claim: Claim,
    clock: Clock,
    store: Store,
    settings: Settings,
    /// Those of the run before.
    before: Option<Settings>,
    applied: Applied,
    sockets: Sockets,
    address: GatewayAddress,
    gateway: Gateway,
}

/// Opens the database, binds the sockets, applies the profile where there is one, and throws the dice.
async fn prepare(options: &StartOptions, keyring: Option<Arc<dyn Keyring>>) -> Result<Ground, StartError> {
    let data_dir = &options.data_dir;
    let clock = Clock::start();
    let claim = Claim::on(data_dir).map_err(|error| StartError::Store { error })?;
    let store = Store::open_with(data_dir, keyring).await?;
    let stored = store.load().await?.map(|(_, settings)| settings);
    let before = stored.clone();
    let fresh = options.profile.clone().map(|profile| settings_of(profile, &store, stored.as_ref(), options.confirmed)).transpose()?;
    let news = if fresh.is_some() { Some(RevisionKind::Import) } else { stored.is_none().then_some(RevisionKind::First) };
    let mut settings = fresh.or(stored).unwrap_or_else(first_settings);
    let sockets = match news {
        Some(RevisionKind::First) => first_sockets(&mut settings, data_dir),
        _ => Sockets::prepare(&settings.gateway, settings.ports.len(), data_dir, &[]),
    };
    let sockets = sockets.map_err(|error| StartError::Bind { error })?;
    if let Some(kind) = news {
        store.commit(&settings, kind, clock.epoch_ms(clock.now())).await?;
    }
    let applied = applied_before(&store).await?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| system(&error))?;
    let address = control::gateway_address(&sockets);
    let gateway = Gateway::new(settings.clone(), address, Rng::from_bytes(seed));
    Ok(Ground { claim, clock, store, settings, before, applied, sockets, address, gateway })
}

/// The revision in force, as the database has it.
async fn applied_before(store: &Store) -> Result<Applied, StoreError> {
    let current = store.revisions().await?.into_iter().find(|revision| revision.current).ok_or(StoreError::Damaged)?;
    Ok(Applied { revision: current.id, at_epoch_ms: current.created_at_ms })
}

pub(super) async fn start(options: StartOptions, keyring: Option<Arc<dyn Keyring>>) -> Result<GatewayHandle, StartError> {
    let Ground { claim, clock, store, settings, before, applied, sockets, address, gateway } = prepare(&options, keyring).await?;
    let ((brain, events), (orders, order_inbox)) = (mpsc::channel(EVENTS), mpsc::channel(ORDERS));
    tell_first(&store, clock, before.as_ref(), &settings, &brain).await?;
    let (updates, beginning) = first_words(&gateway, clock);
    let (latest, snapshot) = watch::channel(Arc::clone(&beginning.snapshot));
    let ((status_sender, status), (ended_sender, ended)) = (watch::channel(DeviceStatus::default()), watch::channel(None));

    let ports = start_ports(&sockets, clock, &brain).map_err(|error| system(&error))?;
    let chosen = Chosen::at_start(options.device, &options.data_dir);
    let reports = Reports { brain: brain.clone(), status: status_sender, updates: updates.clone() };
    let country = plan::country(&settings.gateway.country);
    let (boxes, box_thread) = start_box(chosen, country, &ports, clock, reports).map_err(|error| system(&error))?;
    let kept = KeptCalls::new(Retention::from(&settings.gateway));
    let (records, bindings, keepers) = start_keepers(Keeper { store: store.clone(), clock, kept: kept.clone(), updates: updates.clone() });
    let (marks, messages, notices) = (RecentMarks::default(), SipMessages::default(), Notices::default());
    let publisher = Publisher::new(latest, updates.clone(), Arc::clone(&notices), marks.clone(), clock.now());
    let parts = Parts {
        gateway,
        clock,
        sockets: sockets.clone(),
        address,
        events,
        brain,
        orders: order_inbox,
        ports,
        boxes: boxes.clone(),
        country,
        records,
        bindings,
        publisher: publisher.beginning_with(store.key_fault().map(secrets_sealed)),
        messages: messages.clone(),
    };
    let held = Arc::new(tokio::sync::Mutex::new(Some(sockets)));
    let control = Control::new(parts).map_err(|error| system(&error))?;
    let transaction = Arc::new(Mutex::new(Transaction::new(applied, kept)));
    let take_down = TakeDown {
        claim,
        clock,
        transaction: Arc::clone(&transaction),
        sockets: Arc::clone(&held),
        boxes: boxes.clone(),
        computer: Watch::start(&orders, boxes.clone()),
        box_thread,
        keepers,
        store: store.clone(),
        updates: updates.clone(),
        ended: ended_sender,
    };
    tokio::spawn(take_down.after(control));
    let inner = Inner {
        clock,
        data_dir: options.data_dir,
        store,
        settings: Arc::new(RwLock::new(Arc::new(settings))),
        sockets: held,
        transaction,
        orders,
        boxes,
        snapshot,
        updates,
        beginning: Mutex::new(Some(beginning)),
        notices,
        marks,
        messages,
        exposure: tokio::sync::Mutex::default(),
        status,
        ended,
    };
    Ok(GatewayHandle { inner: apply::watched(inner) })
}

/// Tells a brain that starts now what an earlier run left in the database, before it hears anything else. `before`: the settings of
/// that run.
async fn tell_first(
    store: &Store,
    clock: Clock,
    before: Option<&Settings>,
    settings: &Settings,
    brain: &mpsc::Sender<Event>,
) -> Result<(), StoreError> {
    calendar::tell_first(store, brain).await?;
    bindings::tell_first(store, clock, before, settings, brain).await
}

/// Starts the tasks that write to the database.
fn start_keepers(keeper: Keeper) -> (mpsc::Sender<ToKeep>, BindingsInbox, [JoinHandle<()>; 2]) {
    let (bindings, bindings_task) = bindings::start(keeper.store.clone(), keeper.clock);
    let (records, records_task) = keeper.start();
    (records, bindings, [records_task, bindings_task])
}

/// Where updates are told, and how everything began for whoever asks first.
fn first_words(gateway: &Gateway, clock: Clock) -> (broadcast::Sender<Update>, Beginning) {
    let (sender, updates) = broadcast::channel(UPDATES);
    (sender, Beginning { snapshot: Arc::new(gateway.snapshot(clock.now())), updates })
}

/// The settings of a profile, with the secrets that it leaves out, when they may be applied.
fn settings_of(mut profile: Imported, store: &Store, stored: Option<&Settings>, confirmed: bool) -> Result<Settings, StartError> {
    let mut problems = Vec::new();
    if let Some(stored) = stored {
        profile.keep_secrets_of(stored);
        problems = with_secrets_given_up(check(&profile.settings, None), store, stored, &profile.settings);
    } else {
        problems.extend(check(&profile.settings, None));
    }
    allow(problems, confirmed).map_err(|error| StartError::Profile { error })?;
    Ok(profile.settings)
}

/// The gateway runs without the secrets that it has: what a person has to do about it.
fn secrets_sealed(fault: KeyFault) -> Notice {
    let code = match fault {
        KeyFault::KeyringLocked => NoticeCode::KeyringLocked,
        KeyFault::KeyLost => NoticeCode::SecretsKeyLost,
    };
    Notice { at_ms: 0, severity: Severity::Alarm, code, port: None, args: std::collections::BTreeMap::new(), setting: None }
}

/// What a gateway that was never configured begins with.
fn first_settings() -> Settings {
    Settings { gateway: GatewaySettings::default(), ports: vec![PortSettings::default(); FIRST_PORTS] }
}

/// The sockets of a gateway that was never configured: settings that nobody chose make room for whoever has their ports.
fn first_sockets(settings: &mut Settings, folder: &Path) -> Result<Sockets, BindError> {
    loop {
        let gateway = &mut settings.gateway;
        let (taken, next, last) = match Sockets::prepare(gateway, settings.ports.len(), folder, &[]) {
            Err(error @ BindError::PortInUse { .. }) if error.setting() == "gateway.sip_port" => {
                (error, &mut gateway.sip_port, LAST_FIRST_SIP_PORT)
            }
            Err(error @ BindError::PortInUse { .. }) => (error, &mut gateway.rtp_port_first, LAST_FIRST_RTP_PORT),
            other => return other,
        };
        if *next >= last {
            return Err(taken);
        }
        *next += 2;
    }
}

fn start_ports(sockets: &Sockets, clock: Clock, brain: &mpsc::Sender<Event>) -> io::Result<Vec<PortHandle>> {
    let mut ports = Vec::with_capacity(sockets.rtp.len());
    for (index, pair) in sockets.rtp.iter().enumerate() {
        ports.push(control::start_port(PortId(u16::try_from(index).unwrap_or(u16::MAX)), pair, clock, brain)?);
    }
    Ok(ports)
}

/// Starts the thread of the box, and tells every port where its box is.
fn start_box(
    chosen: Chosen,
    country: &'static Country,
    ports: &[PortHandle],
    clock: Clock,
    reports: Reports,
) -> io::Result<(BoxOutbox, std::thread::JoinHandle<()>)> {
    let outboxes = ports.iter().map(|port| port.outbox.clone()).collect();
    let (boxes, thread) = device::start(chosen, country, outboxes, clock, reports)?;
    for port in ports {
        // A fresh inbox has room.
        let _ = port.outbox.send(PortOrder::Box(boxes.clone()), Duration::ZERO);
    }
    Ok((boxes, thread))
}

/// The end of a gateway, whatever brought it about: lines first, then audio, then records.
struct TakeDown {
    claim: Claim,
    clock: Clock,
    transaction: Arc<Mutex<Transaction>>,
    sockets: Arc<tokio::sync::Mutex<Option<Sockets>>>,
    boxes: BoxOutbox,
    computer: Watch,
    box_thread: std::thread::JoinHandle<()>,
    /// The tasks that write to the database.
    keepers: [JoinHandle<()>; 2],
    store: Store,
    updates: broadcast::Sender<Update>,
    ended: watch::Sender<Option<Ended>>,
}

impl TakeDown {
    async fn after(self, control: Control) {
        let (ended, ports) = match tokio::spawn(control.run()).await {
            Ok(ports) => (Ended::Stopped, ports),
            Err(error) => {
                tracing::error!(%error, "the brain failed; every line is released");
                (Ended::Failed, Vec::new())
            }
        };
        drop(self.computer);
        let (done, closed) = oneshot::channel();
        let told = self.boxes.send(BoxOrder::Stop { done }, Duration::ZERO).is_ok();
        let closed = tokio::time::timeout(BOX_END, closed).await;
        if !told || closed.is_err() {
            tracing::error!("the box did not close in time; its watchdog releases the lines");
        } else {
            // It said that it is done: joining takes no time.
            let _ = tokio::task::spawn_blocking(move || self.box_thread.join()).await;
        }
        for port in &ports {
            let _ = port.outbox.send(PortOrder::Stop, Duration::ZERO);
        }
        let joined = tokio::task::spawn_blocking(move || {
            for port in ports {
                let _ = port.thread.join();
            }
        });
        // A port's thread never waits longer than a fraction of a second; one that does is left behind.
        let _ = tokio::time::timeout(BOX_END, joined).await;
        // An Apply that is under way ends first: the brain that it waits for is gone.
        let mut held = self.sockets.lock().await;
        if ended == Ended::Stopped {
            apply::keep_waiting(&self.transaction, &self.store, self.clock, held.as_ref()).await;
        }
        *held = None;
        drop(held);
        for keeper in self.keepers {
            if tokio::time::timeout(RECORDS_END, keeper).await.is_err() {
                tracing::error!("the last call records or registrations did not reach the database in time");
            }
        }
        self.store.close().await;
        drop(self.claim);
        self.ended.send_replace(Some(ended));
        // Nobody listening is fine.
        let _ = self.updates.send(Update::Ended(ended));
    }
}
