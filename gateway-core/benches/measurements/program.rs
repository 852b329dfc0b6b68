//! Programs beside the bench: what they say is collected, and they end with it.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::processor::Usage;

/// No program may run longer, even when the bench itself is killed and cannot end it.
const LONGEST: &str = "240";

/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(10);

/// A running program.
pub struct Program {
    name: String,
    child: Child,
    // Some end when their standard input does.
    _stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Program {
    /// Starts `program` as the head of a process group of its own.
    pub fn start(program: &str, args: &[&str]) -> Self {
        Program::start_in(program, args, &[])
    }

    /// The same in a changed environment.
    pub fn start_in(program: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        Program::start_at(None, program, args, env)
    }

    /// The same with a folder of its own to work in.
    pub fn start_at(folder: Option<&Path>, program: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new("timeout");
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        command.args(["--kill-after=2", LONGEST, program]).args(args).env("RUST_LOG", "error").envs(env.iter().copied());
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let stdout = follow(child.stdout.take().unwrap());
        let stderr = follow(child.stderr.take().unwrap());
        let name = program.rsplit('/').next().unwrap().to_owned();
        Program { name, _stdin: child.stdin.take(), child, stdout, stderr }
    }

    /// Starts the program that is measured.
    pub fn loopstartd(args: &[&str], env: &[(&str, &str)]) -> Self {
        Program::start_in(env!("CARGO_BIN_EXE_loopstartd"), args, env)
    }

    /// The next line that it says.
    pub fn next_line(&self, within: Duration) -> String {
        self.stdout.recv_timeout(within).unwrap_or_else(|_| panic!("{} says nothing: {}", self.name, self.complaints()))
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end; false when it does not come.
    pub fn ended(&mut self, within: Duration) -> bool {
        let until = Instant::now() + within;
        while !self.has_ended() {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        true
    }

    /// Ends it, whatever it does.
    pub fn kill(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }

    /// What it said on standard error.
    pub fn complaints(&self) -> String {
        self.stderr.try_iter().collect::<Vec<_>>().join("\n")
    }

    /// What it has used of the processors so far, where the system tells.
    pub fn processor(&self) -> Option<Usage> {
        Usage::of(&self.number()?)
    }

    /// A file about it, where the system has such files.
    pub fn told_by_system(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.number()?)).ok()
    }

    fn number(&self) -> Option<String> {
        // Our child is `timeout`, whose child is the program.
        let own = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).ok()?;
        children.split_whitespace().next().map(str::to_owned)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.kill();
        }
    }
}

fn follow(source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || BufReader::new(source).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}
