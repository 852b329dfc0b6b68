//! The simulated box: in a process of its own, behind a pseudo-terminal (`loopstartd simulate`), or within the gateway.

use std::io::Write as _;
use std::process::ChildStdin;
use std::time::Duration;

use serde_json::{Value, json};

use super::SOON;
use super::process::{Lines, Process};

/// The longest line that `simulate` reads.
const LONGEST_ACT: usize = 64 * 1024;

/// A running simulated box with its exchange.
pub struct SimulatedBox {
    home: Home,
    stdout: Lines,
    pty: String,
    from: usize,
}

/// Where it runs.
enum Home {
    Own(Process),
    /// In the gateway's own program.
    Gateway(ChildStdin),
}

impl SimulatedBox {
    pub fn start(ports: u16) -> Self {
        SimulatedBox::with_args(&["--ports", &ports.to_string()])
    }

    /// Starts it with further arguments of `simulate`.
    pub fn with_args(args: &[&str]) -> Self {
        SimulatedBox::with_args_in(args, &[])
    }

    /// The same in a changed environment.
    pub fn with_args_in(args: &[&str], env: &[(&str, &str)]) -> Self {
        let process = Process::start(env!("CARGO_BIN_EXE_loopstartd"), &[&["simulate"], args].concat(), env);
        let first = process.stdout.wait(0, SOON, |line| serde_json::from_str::<Value>(line).ok());
        let pty = first.as_ref().and_then(|first| first["pty"].as_str());
        let pty = pty.unwrap_or_else(|| panic!("no pseudo-terminal: {first:?}\n{}", process.log())).to_owned();
        SimulatedBox { stdout: process.stdout.clone(), home: Home::Own(process), pty, from: 1 }
    }

    /// The virtual box of a gateway that reads acts and tells its events.
    pub fn within(stdin: ChildStdin, stdout: Lines) -> Self {
        SimulatedBox { home: Home::Gateway(stdin), stdout, pty: String::new(), from: 0 }
    }

    /// What a line of output says of the exchange.
    fn told_in(&self, line: &str) -> Option<Value> {
        let mut said: Value = serde_json::from_str(line).ok()?;
        match self.home {
            Home::Own(_) => Some(said),
            Home::Gateway(_) => (said["event"] == "exchange").then(|| said["exchange"].take()),
        }
    }

    /// Where the gateway finds it.
    pub fn pty(&self) -> &str {
        &self.pty
    }

    /// Does something to a line: `act` and its words.
    pub fn act(&mut self, port: u16, act: &str, words: Value) {
        let mut line = json!({ "port": port, "act": act });
        for (name, value) in words.as_object().into_iter().flatten() {
            line[name] = value.clone();
        }
        let line = line.to_string();
        assert!(line.len() < LONGEST_ACT, "the simulator reads no longer act: give the sound as --wav");
        self.say(&line);
    }

    /// From here on, waits look only at what is told later.
    pub fn mark(&mut self) {
        self.from = self.stdout.count();
    }

    /// Waits until the exchange tells `event` of a line.
    pub fn wait(&self, port: u16, event: &str) -> Value {
        self.wait_for(event, SOON, |told| told["port"] == port && told["event"] == event)
    }

    pub fn wait_for(&self, what: &str, patience: Duration, is_it: impl Fn(&Value) -> bool) -> Value {
        let found = self.stdout.wait(self.from, patience, |line| self.told_in(line).filter(&is_it));
        found.unwrap_or_else(|| panic!("the exchange never told: {what}\n{}", self.log()))
    }

    /// Everything told since [`SimulatedBox::mark`] about a line.
    pub fn told(&self, port: u16) -> Vec<Value> {
        let lines = self.stdout.since(self.from);
        lines.iter().filter_map(|line| self.told_in(line)).filter(|told| told["port"] == port).collect()
    }

    /// Everything ever told about a line.
    pub fn all(&self, port: u16) -> Vec<Value> {
        self.everything().into_iter().filter(|told| told["port"] == port).collect()
    }

    /// Everything ever told.
    pub fn everything(&self) -> Vec<Value> {
        self.stdout.since(0).iter().filter_map(|line| self.told_in(line)).collect()
    }

    /// Writes a line to its standard input as it is.
    pub fn say(&mut self, line: &str) {
        match &mut self.home {
            Home::Own(process) => process.write(line),
            Home::Gateway(stdin) => writeln!(stdin, "{line}").and_then(|()| stdin.flush()).unwrap(),
        }
    }

    /// The digits heard on a line since [`SimulatedBox::mark`].
    pub fn digits(&self, port: u16) -> String {
        self.told(port).iter().filter(|told| told["event"] == "digit").filter_map(|told| told["digit"].as_str()).collect()
    }

    /// Kills it without a word, as when the USB plug is pulled.
    pub fn kill(self) {
        let Home::Own(process) = self.home else { panic!("it lives in the gateway") };
        process.signal("KILL");
    }

    pub fn log(&self) -> String {
        match &self.home {
            Home::Own(process) => process.log(),
            Home::Gateway(_) => self.stdout.since(self.stdout.count().saturating_sub(80)).join("\n"),
        }
    }
}
