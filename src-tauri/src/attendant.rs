//! What the tray, the notifications and the sleep of the computer make of a running gateway, with the window open or closed.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::gateway::io::Command;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::view::{PortState, Snapshot};
use gateway_core::shell::handle::Update;
use gateway_core::time::Moment;
use tauri::{AppHandle, Manager as _, Runtime};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use crate::alarms::{AlarmAction, AlarmEvent, Alarms, Kind};
use crate::awake::Awake;
use crate::desktop::Desktop;
use crate::gateway::{Gateway, Running};
use crate::notification::{self, Told};
use crate::preferences::KeepAwake;
use crate::tray::{Asked, Seat};
use crate::window;

/// Shortest time between two looks of the tray at the picture.
const TRAY_PACE: Duration = Duration::from_millis(500);

/// Whoever listens to a gateway that has just started: the window, and the desktop around it.
pub(crate) fn begin<R: Runtime>(app: &AppHandle<R>, running: &Running) {
    // The window asks for what was before; a trouble of the start is told once, here.
    let updates = running.handle.subscribe();
    let troubles = running.handle.beginning().map_or_else(|| running.handle.subscribe(), |beginning| beginning.updates);
    tauri::async_runtime::spawn(attend(app.clone(), running.clone(), troubles));
    tauri::async_runtime::spawn(running.feed.clone().fill(running.board.clone(), updates));
}

/// Carries out what was asked for in the tray.
pub(crate) fn carry_out<R: Runtime>(app: &AppHandle<R>, asked: Asked) {
    match asked {
        Asked::Show => window::show(app),
        Asked::Quit => app.exit(0),
        Asked::Hold(port) => {
            let app = app.clone();
            tauri::async_runtime::spawn(async move { toggle_hold(&app, port).await });
        }
    }
}

async fn toggle_hold<R: Runtime>(app: &AppHandle<R>, port: PortId) {
    let Some(running) = app.state::<Gateway>().running().await else { return };
    let held = running.handle.snapshot().ports.get(port.index()).is_some_and(|view| view.state == PortState::OutOfService);
    if let Err(error) = running.handle.command(Command::OutOfService { port, hold: !held }).await {
        tracing::warn!(%error, "the port was not held");
    }
}

/// The gateway, seen from the desktop.
struct Attendant<R: Runtime> {
    app: AppHandle<R>,
    began: Instant,
    alarms: Alarms,
    awake: Awake,
    snapshot: Arc<Snapshot>,
}

/// Tells the desktop what there is to tell, until the gateway ends.
async fn attend<R: Runtime>(app: AppHandle<R>, running: Running, mut updates: Receiver<Update>) {
    let mut wanted = app.state::<Desktop>().wanted();
    let mut spoken = app.state::<Desktop>().spoken();
    let snapshot = running.handle.snapshot();
    let mut attendant = Attendant { app, began: Instant::now(), alarms: Alarms::default(), awake: Awake::default(), snapshot };
    let mut look = Some(Instant::now());
    loop {
        let due = attendant.alarms.deadline().map(|due| attendant.instant(due));
        let wake = due.into_iter().chain(look).min();
        tokio::select! {
            update = updates.recv() => match update {
                Ok(Update::Snapshot(snapshot)) => {
                    attendant.see(snapshot);
                    look.get_or_insert(Instant::now() + TRAY_PACE);
                }
                Ok(Update::Notice(notice)) => {
                    if let Some(event) = AlarmEvent::of(&notice) {
                        attendant.alarms.handle(event, attendant.now());
                    }
                    if notice.code == NoticeCode::Slept {
                        let minutes = notice.args.get("minutes").cloned().unwrap_or_default();
                        attendant.tell(&Told::Slept { minutes });
                    }
                }
                Ok(
                    Update::Exchange(_)
                    | Update::Device(_)
                    | Update::LineTest(_)
                    | Update::Record(_)
                    | Update::Kept(_)
                    | Update::Ban(_)
                    | Update::Mark(_)
                    | Update::Analysis { .. }
                    | Update::Apply(_),
                ) => {}
                // Whatever was missed shows in the next picture.
                Err(RecvError::Lagged(_)) => {}
                Ok(Update::Ended(_)) | Err(RecvError::Closed) => break,
            },
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                attendant.alarm();
                if look.is_some_and(|look| look <= Instant::now()) {
                    look = None;
                    attendant.look().await;
                }
            }
            Ok(()) = wanted.changed() => look = Some(Instant::now()),
            Ok(()) = spoken.changed() => look = Some(Instant::now()),
        }
    }
}

impl<R: Runtime> Attendant<R> {
    fn now(&self) -> Moment {
        Moment::ZERO + self.began.elapsed()
    }

    fn instant(&self, moment: Moment) -> Instant {
        self.began + moment.since(Moment::ZERO)
    }

    /// A new picture. A line that is stuck no more is told by its state alone.
    fn see(&mut self, snapshot: Arc<Snapshot>) {
        let now = self.now();
        for (before, after) in self.snapshot.ports.iter().zip(&snapshot.ports) {
            if before.state == PortState::Fault && after.state != PortState::Fault {
                self.alarms.handle(AlarmEvent::Ended(Kind::Stuck, Some(after.port)), now);
            }
        }
        self.snapshot = snapshot;
    }

    fn alarm(&mut self) {
        let mut told = Vec::new();
        self.alarms.handle_timeout(self.now(), &mut told);
        for action in told {
            match action {
                AlarmAction::Tell(kind, ports) => self.tell(&Told::Began(kind, ports)),
                AlarmAction::TellBack(kind, ports) => self.tell(&Told::Ended(kind, ports)),
            }
        }
    }

    fn tell(&self, told: &Told) {
        let desktop = self.app.state::<Desktop>();
        if told.is_wanted(desktop.preferences().notify) {
            notification::show(&self.app, &desktop.words(), told);
        }
    }

    /// The tray shows the picture, and the computer is kept awake or let go.
    async fn look(&mut self) {
        let (preferences, words) = {
            let desktop = self.app.state::<Desktop>();
            (desktop.preferences(), desktop.words())
        };
        self.app.state::<Seat<R>>().show(&self.app, &self.snapshot, &words);
        let calls = self.snapshot.ports.iter().any(|port| port.call.is_some());
        let keep = match preferences.keep_awake {
            KeepAwake::Never => false,
            KeepAwake::DuringCalls => calls,
            KeepAwake::Always => true,
        };
        self.awake.keep(keep, &words).await;
    }
}
