//! Loopstart without a window: the gateway, a simulated box behind a pseudo-terminal, the device list, and profiles.
#![allow(clippy::disallowed_methods)]

mod acts;
mod calls;
mod card;
mod changes;
mod devices;
mod dial_test;
mod exit;
mod exposure;
mod line_test;
mod output;
mod profile;
mod revisions;
mod run;
mod simulate;
mod sip;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use exit::Exit;

/// The gateway between analog telephone lines and SIP, without its window.
#[derive(Debug, Parser)]
#[command(name = "loopstartd", version, after_help = exit::TABLE)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the gateway until Ctrl-C or SIGTERM; every line is released before it ends.
    Run(run::RunArgs),
    /// Simulate a box with telephone lines behind a pseudo-terminal; acts as NDJSON on stdin, what happens on stdout.
    Simulate(simulate::SimulateArgs),
    /// List the boxes that can be chosen, or examine one.
    #[command(args_conflicts_with_subcommands = true)]
    Devices(devices::DevicesArgs),
    /// Check, import and export profiles.
    #[command(subcommand)]
    Profile(profile::ProfileTask),
    /// Measure a line: volts, loop current, dial tone, noise, echo, and that it is given back. At most 90 s.
    LineTest(line_test::LineTestArgs),
    /// Attack the gateway's own SIP and RTP ports as strangers would, and grade how they held. No line is touched.
    Exposure(exposure::ExposureArgs),
    /// Tell what would become of a number: which dialling rule fits, and what the line would get. Nothing is dialled.
    DialTest(dial_test::DialTestArgs),
    /// Look through the call history, and export it as CSV.
    #[command(subcommand)]
    Calls(calls::CallsTask),
    /// List, compare and restore earlier settings.
    #[command(subcommand)]
    Revisions(revisions::RevisionsTask),
}

/// Where the gateway keeps its database.
#[derive(Args, Debug)]
struct DataDir {
    /// Folder of the database; created when missing. Without it: the folder of this user for application data.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl DataDir {
    fn path(self) -> Result<PathBuf, Exit> {
        self.data_dir.or_else(default_data_dir).ok_or(Exit::Config("no_data_dir".to_owned()))
    }
}

/// The folder for application data, as each system has it.
fn default_data_dir() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        from("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        from("XDG_DATA_HOME").or_else(|| from("HOME").map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("loopstart"))
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Printing help can fail only when nobody reads it.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.code() } else { ExitCode::SUCCESS };
        }
    };
    let done = match cli.task {
        Task::Run(args) => on_runtime(run::run(args)),
        Task::Simulate(args) => on_runtime(simulate::simulate(args)),
        Task::Devices(args) => devices::devices(args),
        Task::Profile(task) => on_runtime(profile::profile(task)),
        Task::LineTest(args) => on_runtime(line_test::line_test(args)),
        Task::Exposure(args) => on_runtime(exposure::exposure(args)),
        Task::DialTest(args) => on_runtime(dial_test::dial_test(args)),
        Task::Calls(task) => on_runtime(calls::calls(task)),
        Task::Revisions(task) => on_runtime(revisions::revisions(task)),
    };
    gateway_core::shell::telemetry::settle();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            exit.explain();
            exit.code()
        }
    }
}

fn on_runtime(task: impl Future<Output = Result<(), Exit>>) -> Result<(), Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Exit::System(error.to_string()))?;
    let done = runtime.block_on(task);
    // Nothing that matters runs any more; a thread that reads standard input would wait for ever.
    runtime.shutdown_background();
    done
}
