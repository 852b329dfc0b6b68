//! `loopstartd run`: the gateway itself.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use gateway_core::shell::handle::{ApplyError, Ended, GatewayHandle, StartError, StartOptions, Update};
use gateway_core::shell::{DeviceChoice, telemetry};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::DataDir;
use super::exit::Exit;
use super::{output, profile};

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    data_dir: DataDir,
    /// Apply the settings of this profile first. Secrets that it leaves out are kept where the user is the same.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Confirm what the profile wants confirmed.
    #[arg(long, requires = "profile")]
    yes: bool,
    /// The box: path or name of a serial port, `virtual`, `virtual:N` (lines), or `none`. Without it: the last one chosen.
    #[arg(long, value_name = "BOX")]
    device: Option<DeviceArg>,
    /// Print everything that happens, one JSON object a line, on standard output.
    #[arg(long, value_name = "FORMAT")]
    events: Option<EventFormat>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EventFormat {
    /// One JSON object a line.
    Ndjson,
}

#[derive(Clone, Debug)]
struct DeviceArg(DeviceChoice);

impl FromStr for DeviceArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let choice = match text.split_once(':') {
            _ if text == "none" => DeviceChoice::None,
            _ if text == "virtual" => DeviceChoice::Virtual { ports: 2 },
            Some(("virtual", ports)) => match ports.parse() {
                Ok(ports @ 1..=64) => DeviceChoice::Virtual { ports },
                Ok(_) | Err(_) => return Err("lines: 1..64"),
            },
            Some(_) | None => DeviceChoice::Serial { path: text.to_owned() },
        };
        Ok(DeviceArg(choice))
    }
}

pub(crate) async fn run(args: RunArgs) -> Result<(), Exit> {
    telemetry::start();
    let signal = Signals::new()?;
    let options = StartOptions {
        data_dir: args.data_dir.path()?,
        device: args.device.map(|device| device.0),
        profile: args.profile.as_deref().map(profile::read).transpose()?,
        confirmed: args.yes,
    };
    let gateway = GatewayHandle::start(options).await.map_err(refusal)?;
    let updates = gateway.subscribe();
    let told = tell(&gateway, updates, args.events.is_some());
    tokio::pin!(told);
    let ended = tokio::select! {
        () = signal.received() => {
            // What happens while it stops is told as well: the last calls and their records.
            tokio::join!(gateway.stop(), told).1
        }
        ended = &mut told => ended,
    };
    match ended {
        Ended::Stopped => Ok(()),
        Ended::Failed => Err(Exit::Software),
    }
}

/// Prints what happens until the gateway ends, or until nobody reads it any more.
async fn tell(gateway: &GatewayHandle, mut updates: tokio::sync::broadcast::Receiver<Update>, print: bool) -> Ended {
    if !print {
        return gateway.ended().await;
    }
    let snapshot = gateway.snapshot();
    let mut next = json!({
        "event": "started",
        "started_epoch_ms": gateway.started_epoch_ms(),
        "snapshot": &*snapshot,
    });
    loop {
        if output::json(&next).is_err() {
            gateway.stop().await;
            return gateway.ended().await;
        }
        next = match updates.recv().await {
            Ok(Update::Ended(ended)) => {
                let _ = output::json(&json!({ "event": "ended", "how": ended }));
                return ended;
            }
            Ok(update) => line(&update),
            Err(RecvError::Lagged(count)) => json!({ "event": "lagged", "lost": count }),
            Err(RecvError::Closed) => return gateway.ended().await,
        };
    }
}

fn line(update: &Update) -> Value {
    match update {
        Update::Snapshot(snapshot) => json!({ "event": "snapshot", "snapshot": &**snapshot }),
        Update::Notice(notice) => json!({ "event": "notice", "notice": notice }),
        Update::Record(record) => json!({ "event": "record", "record": record }),
        Update::Exchange(exchange) => json!({ "event": "exchange", "exchange": exchange }),
        Update::Device(device) => json!({ "event": "device", "device": device }),
        Update::Ended(ended) => json!({ "event": "ended", "how": ended }),
    }
}

fn refusal(error: StartError) -> Exit {
    match error {
        StartError::Bind { .. } => Exit::Unavailable(error.to_string()),
        StartError::Store { .. } => Exit::Store(error.to_string()),
        StartError::System { .. } => Exit::System(error.to_string()),
        StartError::Profile { error: ApplyError::Problems { problems } | ApplyError::NeedsConfirmation { problems } } => {
            profile::complain(&problems);
            Exit::Config(String::from("profile"))
        }
        StartError::Profile { .. } => Exit::Config(error.to_string()),
    }
}

/// The signals that end the program. They are caught from the start, so that none finds a line seized.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(crate) fn new() -> Result<Self, Exit> {
        use tokio::signal::unix::{SignalKind, signal};
        let caught = |kind| signal(kind).map_err(|error| Exit::System(error.to_string()));
        Ok(Signals {
            interrupt: caught(SignalKind::interrupt())?,
            terminate: caught(SignalKind::terminate())?,
            hang_up: caught(SignalKind::hangup())?,
        })
    }

    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn new() -> Result<Self, Exit> {
        Ok(Signals {})
    }

    #[cfg(unix)]
    pub(crate) async fn received(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn received(self) {
        // When it cannot be caught, the system ends the program, and the box's watchdog releases the lines.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
