//! A program that runs beside the test: its lines are collected, and it ends with the test.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// No program of a test may run longer, even when the test itself is killed and cannot end it.
const LONGEST: &str = "240";

/// Lines that come in while the test goes on.
#[derive(Clone, Default)]
pub struct Lines(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Lines {
    fn follow(source: impl Read + Send + 'static) -> Self {
        let lines = Lines::default();
        let to = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n') {
                let Ok(line) = line else { return };
                to.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        });
        lines
    }

    pub fn push(&self, line: String) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        self.0.1.notify_all();
    }

    /// How many there are by now.
    pub fn count(&self) -> usize {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Everything from line `from` on.
    pub fn since(&self, from: usize) -> Vec<String> {
        let lines = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(from..).unwrap_or_default().to_vec()
    }

    /// The first line from `from` on of which `pick` makes something, waiting for it at most `patience`.
    pub fn wait<T>(&self, from: usize, patience: Duration, mut pick: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let until = Instant::now() + patience;
        let mut next = from;
        let mut lines = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            while let Some(line) = lines.get(next) {
                next += 1;
                if let Some(found) = pick(line) {
                    return Some(found);
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            lines = self.0.1.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A running program.
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    pub stdout: Lines,
    pub stderr: Lines,
}

impl Process {
    /// Starts `program` with `args` as the head of a process group of its own.
    pub fn start(program: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=2", LONGEST, program]).args(args).envs(env.iter().copied()).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let stdout = Lines::follow(child.stdout.take().unwrap());
        let stderr = Lines::follow(child.stderr.take().unwrap());
        let name = program.rsplit('/').next().unwrap().to_owned();
        Process { name, stdin: child.stdin.take(), child, stdout, stderr }
    }

    /// Writes one line to its standard input.
    pub fn write(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Its standard input, for whoever writes to it from now on.
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    /// Sends a signal to it and all that it started.
    pub fn signal(&self, signal: &str) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-s", signal, "--", &group]).stderr(Stdio::null()).status();
    }

    /// Waits for its end.
    pub fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() >= until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for its end and answers its exit code.
    pub fn exit_code(&mut self, patience: Duration) -> i32 {
        let status = self.wait(patience);
        status.and_then(|status| status.code()).unwrap_or_else(|| panic!("{} did not end: {status:?}\n{}", self.name, self.log()))
    }

    /// The memory that the program holds; 0 where the system does not tell.
    pub fn memory_kb(&self) -> u64 {
        let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
        // Our child is `timeout`, whose child is the program.
        let own = self.child.id();
        let program = read(format!("/proc/{own}/task/{own}/children"));
        let status = read(format!("/proc/{}/status", program.trim()));
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// The end of what it said, for a person who looks for the cause of a failure.
    pub fn log(&self) -> String {
        let tail = |lines: &Lines| {
            let count = lines.count();
            lines.since(count.saturating_sub(80)).join("\n")
        };
        format!("--- {} stdout\n{}\n--- {} stderr\n{}", self.name, tail(&self.stdout), self.name, tail(&self.stderr))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.signal("KILL");
        }
        let _ = self.child.wait();
    }
}
