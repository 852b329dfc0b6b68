//! The program on the desktop: its window that closes to the tray, and what the tray and the notifications tell while it is closed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
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
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::alarms::{AlarmAction, AlarmEvent, Alarms, Kind};
use crate::awake::Awake;
use crate::gateway::{Gateway, Running};
use crate::notification::{self, Told};
use crate::preferences::{KeepAwake, Preferences, PreferencesFile, Unkept};
use crate::tray::{self, Asked, Seat};
use crate::words::{Language, Words};

/// The one window.
pub(crate) const MAIN: &str = "main";

/// Shortest time between two looks of the tray at the picture.
const TRAY_PACE: Duration = Duration::from_millis(500);

/// What is known of the desktop, and what a person wants of this window.
pub(crate) struct Desktop {
    data_dir: PathBuf,
    file: Mutex<PreferencesFile>,
    damaged: bool,
    preferences: watch::Sender<Preferences>,
    words: watch::Sender<Arc<Words>>,
    /// The tray could be loaded; whether it is seen is asked anew each time, for it may come later than the program.
    tray_loaded: bool,
}

impl Desktop {
    /// Reads what is kept in the data folder.
    pub(crate) fn new(data_dir: PathBuf, tray_loaded: bool) -> Self {
        let (file, preferences, damaged) = PreferencesFile::read(&data_dir);
        let words = Arc::new(Words::of(Language::of_system()));
        Desktop {
            data_dir,
            file: Mutex::new(file),
            damaged,
            preferences: watch::Sender::new(preferences),
            words: watch::Sender::new(words),
            tray_loaded,
        }
    }

    /// Where everything lies.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The file of the preferences was damaged when the program started.
    pub(crate) fn was_damaged(&self) -> bool {
        self.damaged
    }

    /// What a person wants now.
    pub(crate) fn preferences(&self) -> Preferences {
        self.preferences.borrow().clone()
    }

    /// Keeps preferences; they hold at once.
    pub(crate) fn keep(&self, preferences: Preferences) -> Result<(), Unkept> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write(&preferences)?;
        self.preferences.send_replace(preferences);
        Ok(())
    }

    /// The language from now on.
    pub(crate) fn speak(&self, language: Language) {
        self.words.send_replace(Arc::new(Words::of(language)));
    }

    fn words(&self) -> Arc<Words> {
        Arc::clone(&self.words.borrow())
    }

    /// The desktop shows the tray icon.
    pub(crate) fn has_tray(&self) -> bool {
        self.tray_loaded && tray::is_shown()
    }

    /// A closed window can be had back.
    pub(crate) fn returns(&self) -> bool {
        self.has_tray() || tray::session_answers()
    }

    /// Whether closing the window leaves the program running. A window that could not come back is never closed that way.
    fn closes_to_tray(&self) -> bool {
        match self.preferences().close_to_tray {
            Some(wanted) => wanted && self.returns(),
            None => self.has_tray(),
        }
    }
}

/// Shows the window at the start, unless it is wanted hidden: then it waits where it can be found.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>) {
    let desktop = app.state::<Desktop>();
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let opened = match (desktop.preferences().start_hidden, desktop.has_tray()) {
        (false, _) => window.show(),
        (true, true) => Ok(()),
        (true, false) => window.show().and_then(|()| window.minimize()),
    };
    if let Err(error) = opened {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// Brings the window before a person's eyes.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    if let Err(error) = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus()) {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// Someone closes the window. Answers whether the program goes on without it.
pub(crate) fn close<R: Runtime>(app: &AppHandle<R>) -> bool {
    let desktop = app.state::<Desktop>();
    if !desktop.closes_to_tray() {
        return false;
    }
    let Some(window) = app.get_webview_window(MAIN) else { return false };
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "the window could not be hidden");
        return false;
    }
    let mut preferences = desktop.preferences();
    if !preferences.tray_told {
        notification::show(app, &desktop.words(), &Told::Closed { tray: desktop.has_tray() });
        preferences.tray_told = true;
        // Not kept means told once more at the next start: no harm.
        let _ = desktop.keep(preferences);
    }
    true
}

/// Carries out what was asked for in the tray.
pub(crate) fn carry_out<R: Runtime>(app: &AppHandle<R>, asked: Asked) {
    match asked {
        Asked::Show => show(app),
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
pub(crate) async fn attend<R: Runtime>(app: AppHandle<R>, running: Running, mut updates: Receiver<Update>) {
    let mut wanted = app.state::<Desktop>().preferences.subscribe();
    let mut spoken = app.state::<Desktop>().words.subscribe();
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
                Ok(Update::Exchange(_) | Update::Device(_) | Update::Record(_) | Update::Kept(_) | Update::Mark(_) | Update::Apply(_)) => {}
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
