//! Steps with a name, a clock and a command line: what a person sees while something long runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What went wrong, as one line for a person.
pub type Outcome = Result<(), String>;

/// The root of the repository that cargo was called in: a program that was built in another copy of it works on this one.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().map(Path::to_path_buf).unwrap_or(manifest)
}

/// A numbered list of steps.
pub struct Steps {
    total: usize,
    done: usize,
    started: Instant,
}

impl Steps {
    /// A list that will have `total` steps.
    pub fn new(total: usize) -> Self {
        Steps { total, done: 0, started: Instant::now() }
    }

    /// Runs one step and says how long it took.
    pub fn step(&mut self, name: &str, act: impl FnOnce() -> Outcome) -> Outcome {
        self.done += 1;
        println!("\n[{}/{}] {name}", self.done, self.total);
        let began = Instant::now();
        act().map_err(|problem| format!("{name}: {problem}"))?;
        println!("[{}/{}] {name}: {:.0} s (all: {:.0} s)", self.done, self.total, secs(began), secs(self.started));
        Ok(())
    }
}

fn secs(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

/// A command in the root of the repository.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// A command of npm inside `ui`.
pub fn npm(args: &[&str]) -> Command {
    // npm is a script on Windows, which only a shell finds by its bare name.
    let mut command = if cfg!(windows) { command("cmd", &["/C", "npm"]) } else { command("npm", &[]) };
    command.args(args).current_dir(root().join("ui"));
    command
}

/// Runs a command to its end and fails when it fails.
pub fn must(command: &mut Command) -> Outcome {
    let shown = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown} ended with {status}")),
        Err(error) => Err(format!("{shown} could not be started: {error}")),
    }
}

/// Whether a program answers to `--version`.
pub fn answers(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}
