//! `loopstartd run`: the gateway itself.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use gateway_core::fxo::catalog::{self, DriverKind};
use gateway_core::fxo::simulator::act::PortAct;
use gateway_core::shell::card::CardId;
use gateway_core::shell::handle::{ApplyError, Beginning, Ended, GatewayHandle, StartError, StartOptions, Update};
use gateway_core::shell::lines::LineWriter;
use gateway_core::shell::{DeviceChoice, keyring, telemetry};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::DataDir;
use super::card::CardArgs;
use super::exit::Exit;
use super::sip::SipTold;
use super::{acts, output, profile};

/// How long the last events may take to be read once the gateway has ended.
const LAST_EVENTS: Duration = Duration::from_secs(1);

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    data_dir: DataDir,
    /// Apply the settings of this profile first. Secrets that it leaves out are kept where the user is the same.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    passphrase: profile::PassphraseFrom,
    /// Confirm what the profile wants confirmed.
    #[arg(long, requires = "profile", visible_alias = "confirmed")]
    yes: bool,
    /// The box: path or name of a serial port, `modems:PATH,PATH…` (voice modems, a line each), `virtual`, `virtual:N` (lines),
    /// `sangoma-u100:PATH` (a device whose USB numbers do not tell its driver), or `none`. Without it: the last one chosen.
    #[arg(long, value_name = "BOX")]
    device: Option<DeviceArg>,
    /// Without a card a box has its voice in band, or on the card that is the same USB device.
    #[command(flatten)]
    card: CardArgs,
    /// Print everything that happens, one JSON object a line, on standard output.
    #[arg(long, value_name = "FORMAT")]
    events: Option<EventFormat>,
    /// Print every SIP message too, as `sip` objects: secrets are masked, but numbers and names of callers are not.
    #[arg(long, requires = "events")]
    sip: bool,
    /// Read what happens at the exchange of a virtual box from standard input, as `simulate` does.
    #[arg(long)]
    acts: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EventFormat {
    /// One JSON object a line.
    Ndjson,
}

/// A box as it is given on the command line.
#[derive(Clone, Debug)]
pub(crate) struct DeviceArg(pub(crate) DeviceChoice);

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
            Some(("modems", paths)) => {
                let paths: Vec<String> = paths.split(',').filter(|path| !path.is_empty()).map(str::to_owned).collect();
                if !(1..=64).contains(&paths.len()) {
                    return Err("modems: 1..64");
                }
                DeviceChoice::Modems { paths }
            }
            Some((id, path)) if catalog::driver(id).is_some_and(|driver| matches!(driver.kind, DriverKind::Serial { .. })) => {
                DeviceChoice::SerialAs { path: path.to_owned(), driver: id.to_owned() }
            }
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
        device: args.device.map(|device| with_card(device.0, args.card.id())),
        profile: args.profile.as_deref().map(|file| profile::read(file, &args.passphrase)).transpose()?,
        confirmed: args.yes,
    };
    let writer =
        args.events.map(|EventFormat::Ndjson| LineWriter::start("events", output::line, |lost| lagged(lost).to_string())).transpose();
    let writer = writer.map_err(|error| Exit::System(error.to_string()))?;
    let gateway = GatewayHandle::start_with(options, keyring::of_this_computer()).await.map_err(refusal)?;
    if args.acts {
        let (gateway, runtime) = (gateway.clone(), tokio::runtime::Handle::current());
        let act = move |PortAct { port, act }| runtime.block_on(gateway.virtual_line(port, act)).map_err(|refused| refused.to_string());
        acts::start(act).map_err(|error| Exit::System(error.to_string()))?;
    }
    let stopping = tokio::spawn({
        let gateway = gateway.clone();
        // On its own, so that nothing that stands still elsewhere keeps a line seized.
        async move {
            signal.received().await;
            gateway.stop().await;
        }
    });
    // What happens while it stops is told as well: the last calls and their records.
    let ended = match writer {
        Some(writer) => tell(&gateway, writer, args.sip.then(SipTold::default)).await,
        None => gateway.ended().await,
    };
    stopping.abort();
    match ended {
        Ended::Stopped => Ok(()),
        Ended::Failed => Err(Exit::Software),
    }
}

/// A box on a serial port with the card that was given for it.
pub(crate) fn with_card(choice: DeviceChoice, card: Option<CardId>) -> DeviceChoice {
    match (choice, card) {
        (DeviceChoice::Serial { path }, Some(card)) => DeviceChoice::SerialWithCard { path, card },
        (choice, _) => choice,
    }
}

/// Tells what happens until the gateway ends, and stops it when nobody reads that any more.
async fn tell(gateway: &GatewayHandle, writer: LineWriter, mut sip: Option<SipTold>) -> Ended {
    let Beginning { snapshot, mut updates } =
        gateway.beginning().unwrap_or_else(|| Beginning { snapshot: gateway.snapshot(), updates: gateway.subscribe() });
    let started = json!({ "event": "started", "started_epoch_ms": gateway.started_epoch_ms(), "snapshot": &*snapshot });
    writer.tell(started.to_string());
    loop {
        let update = tokio::select! {
            update = updates.recv() => update,
            () = writer.ended() => {
                gateway.stop().await;
                return gateway.ended().await;
            }
        };
        match update {
            Ok(update) => {
                // A picture comes a moment after each message, and once a second at least.
                sip.as_mut().into_iter().flat_map(|sip| sip.news(gateway)).for_each(|news| writer.tell(news.to_string()));
                writer.tell(line(&update).to_string());
                if let Update::Ended(ended) = update {
                    writer.close();
                    // Whoever does not read now has had time enough; the thread ends with the program.
                    let _ = tokio::time::timeout(LAST_EVENTS, writer.ended()).await;
                    return ended;
                }
            }
            Err(RecvError::Lagged(count)) => writer.tell(lagged(count).to_string()),
            Err(RecvError::Closed) => return gateway.ended().await,
        }
    }
}

/// So many events were lost: whoever reads them is too slow.
fn lagged(lost: u64) -> Value {
    json!({ "event": "lagged", "lost": lost })
}

fn line(update: &Update) -> Value {
    match update {
        Update::Snapshot(snapshot) => json!({ "event": "snapshot", "snapshot": &**snapshot }),
        Update::Notice(notice) => json!({ "event": "notice", "notice": notice }),
        Update::LineTest(report) => json!({ "event": "line_test", "line_test": report }),
        Update::Record(record) => json!({ "event": "record", "record": record }),
        Update::Mark(mark) => json!({ "event": "mark", "mark": mark }),
        Update::Analysis { port, analysis } => json!({ "event": "analysis", "port": port, "analysis": analysis }),
        Update::Ban(ban) => json!({ "event": "ban", "ban": ban }),
        Update::Kept(id) => json!({ "event": "record_kept", "id": id }),
        Update::Exchange(exchange) => json!({ "event": "exchange", "exchange": exchange }),
        Update::Apply(progress) => json!({ "event": "apply", "apply": progress }),
        Update::Device(device) => json!({ "event": "device", "device": device }),
        Update::Ended(ended) => json!({ "event": "ended", "how": ended }),
    }
}

pub(crate) fn refusal(error: StartError) -> Exit {
    match error {
        StartError::Bind { .. } => Exit::Unavailable(error.to_string()),
        StartError::Store { error } => profile::store(error),
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
