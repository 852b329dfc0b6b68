//! `loopstartd line-test`: measure a line once, or print what was found last.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gateway_core::code;
use gateway_core::config::PortId;
use gateway_core::fxo::line::LineState;
use gateway_core::gateway::io::Command;
use gateway_core::gateway::line_test::Verdict;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::shell::calls_csv::ExportError;
use gateway_core::shell::data_folder::open_to_read;
use gateway_core::shell::handle::{GatewayHandle, StartOptions, Update};
use gateway_core::shell::store::StoredLineTest;
use gateway_core::shell::{keyring, line_test_file, telemetry};
use jiff::tz::TimeZone;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, timeout};

use super::DataDir;
use super::card::CardArgs;
use super::exit::Exit;
use super::run::{DeviceArg, Signals, refusal, with_card};
use super::{output, profile, words};

/// How long a device may take to answer and to prove that its lines are on hook.
const DEVICE: Duration = Duration::from_secs(30);

/// How long a line may take to show its battery, once its device has answered.
const BATTERY: Duration = Duration::from_secs(5);

/// How often the line is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// A test takes 90 s at most; a little more, so that it ends by itself.
const TEST: Duration = Duration::from_secs(100);

/// How long the database may take to keep the result.
const KEPT: Duration = Duration::from_secs(5);

#[derive(Args, Debug)]
pub(crate) struct LineTestArgs {
    /// The port, counted from 1.
    #[arg(value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=64))]
    port: u16,
    #[command(flatten)]
    data_dir: DataDir,
    /// The box, as `run` takes it. Without it: the last one chosen.
    #[arg(long, value_name = "BOX", conflicts_with = "last")]
    device: Option<DeviceArg>,
    #[command(flatten)]
    card: CardArgs,
    /// Measure nothing: print what the last test of this port found. It may be asked while a gateway runs.
    #[arg(long)]
    last: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write the result to a file, too: as JSON where its name ends so, else as text.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Why there is no result to tell.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hindrance {
    /// No test of the port is kept.
    NeverTested,
    /// A person or the system ended the program.
    Interrupted,
    /// The settings have fewer ports.
    NoSuchPort,
    /// The line was taken before the test was.
    NotIdle,
}

impl Hindrance {
    /// Each of them; all have words.
    #[cfg(test)]
    pub(crate) const ALL: [Hindrance; 4] = [Hindrance::NeverTested, Hindrance::Interrupted, Hindrance::NoSuchPort, Hindrance::NotIdle];

    fn exit(self) -> Exit {
        Exit::Unavailable(words::of(&format!("line_test.{}", code::of(&self)), &[]))
    }
}

/// Starts the gateway for the time of one test, so nothing else may run with the same data folder. While it runs it is the whole
/// gateway: it registers, and a call that comes in is served.
pub(crate) async fn line_test(args: LineTestArgs) -> Result<(), Exit> {
    let port = PortId(args.port - 1);
    let data_dir = args.data_dir.path()?;
    let test = if args.last {
        let store = open_to_read(&data_dir, keyring::of_this_computer()).await.map_err(profile::store)?;
        let last = store.line_tests(port, 1).await.map_err(|error| profile::store(error.into()));
        store.close().await;
        last?.pop().ok_or_else(|| Hindrance::NeverTested.exit())?
    } else {
        telemetry::start();
        let device = args.device.map(|device| with_card(device.0, args.card.id()));
        let signal = Signals::new()?;
        let options = StartOptions { data_dir, device, profile: None, confirmed: false };
        let gateway = GatewayHandle::start_with(options, keyring::of_this_computer()).await.map_err(refusal)?;
        let tested = tokio::select! {
            tested = test(&gateway, port) => tested,
            () = signal.received() => Err(Hindrance::Interrupted.exit()),
        };
        // Every line is given back before anything is said.
        gateway.stop().await;
        gateway.ended().await;
        tested?
    };
    tell(&test, args.json, args.output).await
}

async fn test(gateway: &GatewayHandle, port: PortId) -> Result<StoredLineTest, Exit> {
    if port.index() >= gateway.settings().ports.len() {
        return Err(Hindrance::NoSuchPort.exit());
    }
    await_line(gateway, port).await?;
    let mut updates = gateway.subscribe();
    let ordered = gateway.command(Command::LineTest { port }).await;
    ordered.map_err(|error| Exit::Unavailable(words::of(&format!("refusal.{}", code::of(&error)), &[])))?;
    let over = async {
        loop {
            match updates.recv().await {
                Ok(Update::LineTest(report)) if report.port == port => return Ok(report),
                Ok(Update::Notice(notice)) if notice.code == NoticeCode::TestRefused && notice.port == Some(port) => {
                    return Err(Hindrance::NotIdle.exit());
                }
                Ok(Update::Ended(_)) | Err(RecvError::Closed) => return Err(Exit::Software),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
            }
        }
    };
    let report = timeout(TEST, over).await.unwrap_or(Err(Exit::Software))?;
    // What is told is what is kept, to the millisecond; a database that does not take it costs no result.
    let kept = async {
        loop {
            match updates.recv().await {
                Ok(Update::Kept(id)) if id == report.id => return gateway.store().line_test(&id).await.ok().flatten(),
                Ok(Update::Ended(_)) | Err(RecvError::Closed) => return None,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
            }
        }
    };
    Ok(timeout(KEPT, kept).await.ok().flatten().unwrap_or_else(|| gateway.dated(&report)))
}

/// Waits until the line can be tested. One that shows no battery is tested all the same: that is a finding.
async fn await_line(gateway: &GatewayHandle, port: PortId) -> Result<(), Exit> {
    let give_up = Instant::now() + DEVICE;
    let mut there = None;
    loop {
        let line = gateway.snapshot().ports.get(port.index()).map_or(LineState::Absent, |view| view.line);
        let seen = *there.get_or_insert_with(Instant::now);
        match line {
            LineState::Idle => return Ok(()),
            LineState::NoBattery | LineState::InUse if seen.elapsed() >= BATTERY => return Ok(()),
            LineState::Absent => there = None,
            LineState::NoBattery
            | LineState::InUse
            | LineState::Ringing
            | LineState::Seizing
            | LineState::OffHook
            | LineState::Releasing
            | LineState::Guard
            | LineState::OutOfService
            | LineState::Fault => {}
        }
        if Instant::now() >= give_up {
            return Err(Exit::Unavailable(words::of(&format!("line_state.{}", code::of(&line)), &[])));
        }
        sleep(LOOK).await;
    }
}

async fn tell(test: &StoredLineTest, json: bool, file: Option<PathBuf>) -> Result<(), Exit> {
    let words = |code: &str| words::of(code, &[]);
    let text = if json { line_test_file::json(test) } else { line_test_file::text(test, words, &TimeZone::system()) };
    // Nobody may read it; the verdict counts all the same.
    let _ = output::line(text.trim_end());
    if let Some(path) = file {
        line_test_file::export(test, &path, words)
            .await
            .map_err(|error: ExportError| Exit::CannotCreate { path: path.display().to_string(), detail: error.to_string() })?;
    }
    match test.verdict {
        Verdict::Pass | Verdict::Warn => Ok(()),
        Verdict::Fail | Verdict::NotMeasured => Err(Exit::LineFault),
    }
}
