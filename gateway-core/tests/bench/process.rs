//! Other programs of a test: started with their lines collected, killed when the test ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holdings {
    pub(crate) handles: usize,
    pub(crate) threads: usize,
    pub(crate) memory_kb: u64,
}

/// A program that talks in lines of JSON.
pub(crate) struct Talker {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    kept: Vec<Value>,
}

impl Talker {
    /// Starts `loopstartd` with these arguments.
    pub(crate) fn loopstartd(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_loopstartd"))
            .args(arguments)
            .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Talker { stdin: child.stdin.take(), child, lines, kept: Vec::new() }
    }

    /// Starts `loopstartd simulate` with its pseudo-terminal reachable at `link`.
    pub(crate) fn simulated_box(link: &Path, ports: u16, more: &[&str]) -> Self {
        let (ports, link) = (ports.to_string(), link.to_str().unwrap());
        let arguments = [&["simulate", "--ports", &ports, "--link", link], more].concat();
        let mut simulated = Talker::loopstartd(&arguments);
        let first = simulated.wait(Duration::from_secs(10), |line| line.get("pty").is_some());
        assert!(Path::new(first["pty"].as_str().unwrap()).exists());
        simulated
    }

    /// Writes one line to its standard input.
    pub(crate) fn say(&mut self, line: &Value) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Waits for a line that `wanted` takes, among those that nobody took yet.
    pub(crate) fn wait(&mut self, within: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.kept.iter().position(&wanted) {
            return self.kept.remove(index);
        }
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("not within {within:?}; kept: {:#?}", self.kept);
            };
            let line: Value = serde_json::from_str(&line).unwrap();
            if wanted(&line) {
                return line;
            }
            if line["event"] != "snapshot" {
                self.kept.push(line);
            }
        }
    }

    /// Whether it has said such a line that nobody took yet; ask once it has ended.
    pub(crate) fn has_said(&mut self, wanted: impl Fn(&Value) -> bool) -> bool {
        let rest = self.lines.iter().map(|line| serde_json::from_str(&line).unwrap());
        self.kept.extend(rest);
        self.kept.iter().any(wanted)
    }

    /// Everything that it says until its end, and nobody took yet.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        let rest = self.lines.iter().map(|line| serde_json::from_str(&line).unwrap());
        self.kept.drain(..).chain(rest).collect()
    }

    /// What it holds at the moment, where the system tells.
    pub(crate) fn holdings(&self) -> Option<Holdings> {
        let of = PathBuf::from("/proc").join(self.child.id().to_string());
        let count = |folder: &str| Some(std::fs::read_dir(of.join(folder)).ok()?.count());
        let status = std::fs::read_to_string(of.join("status")).ok()?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(Holdings { handles: count("fd")?, threads: count("task")?, memory_kb: memory.trim_end_matches("kB").trim().parse().ok()? })
    }

    /// Sends a signal, such as `TERM`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self, within: Duration) -> ExitStatus {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
