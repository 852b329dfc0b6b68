//! The program under test: `loopstartd run`.

use std::time::Duration;

use gateway_core::config::settings::Settings;
use serde_json::Value;

use super::process::Process;
use super::settings::write_profile;
use super::{Place, SOON, SimulatedBox};

/// A running gateway, and everything that it has told.
pub struct Daemon {
    process: Process,
    from: usize,
}

impl Daemon {
    /// Runs the gateway with `settings` on `device` and waits until it has started.
    pub fn run(place: &Place, settings: &Settings, device: &str) -> Self {
        let daemon = Daemon::launch(place, settings, device);
        daemon.wait("started", SOON, |event| event["event"] == "started");
        daemon
    }

    /// The same with the voice of the box on this sound card, in an environment that knows it.
    pub fn run_on_card(place: &Place, settings: &Settings, device: &str, card: &[&str], env: &[(&str, &str)]) -> Self {
        let daemon = Daemon::launched(place, settings, &[&["--device", device], card].concat(), env);
        daemon.wait("started", SOON, |event| event["event"] == "started");
        daemon
    }

    /// The same on a virtual box, whose exchange is played from here.
    pub fn run_on_virtual_box(place: &Place, settings: &Settings, ports: u16) -> (Self, SimulatedBox) {
        let device = format!("virtual:{ports}");
        let mut daemon = Daemon::launched(place, settings, &["--device", &device, "--acts"], &[]);
        daemon.wait("started", SOON, |event| event["event"] == "started");
        let lines = SimulatedBox::within(daemon.process.take_stdin(), daemon.process.stdout.clone());
        (daemon, lines)
    }

    /// The same without waiting: it may refuse to start.
    pub fn launch(place: &Place, settings: &Settings, device: &str) -> Self {
        Daemon::launched(place, settings, &["--device", device], &[])
    }

    fn launched(place: &Place, settings: &Settings, device: &[&str], env: &[(&str, &str)]) -> Self {
        let profile = write_profile(place, settings);
        let data = place.below("data");
        let args = ["run", "--events", "ndjson", "--yes", "--profile", profile.to_str().unwrap()];
        Daemon::with_args_in(&[&args[..], device, &["--data-dir", data.to_str().unwrap()]].concat(), env)
    }

    /// Runs the program with these arguments.
    pub fn with_args(args: &[&str]) -> Self {
        Daemon::with_args_in(args, &[])
    }

    fn with_args_in(args: &[&str], env: &[(&str, &str)]) -> Self {
        let level = std::env::var("LOOPSTARTD_LOG").unwrap_or_else(|_| "info".to_owned());
        let env = [&[("RUST_LOG", level.as_str())], env].concat();
        Daemon { process: Process::start(env!("CARGO_BIN_EXE_loopstartd"), args, &env), from: 0 }
    }

    /// From here on, waits look only at what is told later.
    pub fn mark(&mut self) {
        self.from = self.process.stdout.count();
    }

    /// Waits for an event that `is_it`, looking at those told since [`Daemon::mark`].
    pub fn wait(&self, what: &str, patience: Duration, is_it: impl Fn(&Value) -> bool) -> Value {
        self.find(patience, is_it).unwrap_or_else(|| panic!("the gateway never told: {what}\n{}", self.log()))
    }

    /// As [`Daemon::wait`], for an event that may never come.
    pub fn find(&self, patience: Duration, is_it: impl Fn(&Value) -> bool) -> Option<Value> {
        self.process.stdout.wait(self.from, patience, |line| serde_json::from_str(line).ok().filter(&is_it))
    }

    /// Everything told since [`Daemon::mark`] that `is_it`.
    pub fn told(&self, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        let lines = self.process.stdout.since(self.from);
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).filter(is_it).collect()
    }

    /// Waits until every port, and at least one, is in `state`.
    pub fn wait_all(&self, state: &str) {
        self.wait_picture(&format!("all ports {state}"), SOON, |snapshot| {
            let ports = snapshot["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
            !ports.is_empty() && ports.iter().all(|port| port["state"] == state)
        });
    }

    /// Waits until one port is in `state`, beginning with the picture of this moment.
    pub fn wait_port(&self, port: usize, state: &str) -> Value {
        self.wait_picture(&format!("port {port} {state}"), SOON, |snapshot| snapshot["ports"][port]["state"] == state)
    }

    /// Waits for a picture that `is_it`, beginning with the one of this moment.
    pub fn wait_picture(&self, what: &str, patience: Duration, is_it: impl Fn(&Value) -> bool) -> Value {
        let read = |line: &str| serde_json::from_str::<Value>(line).ok().map(|event| event["snapshot"].clone()).filter(|s| !s.is_null());
        let lines = self.process.stdout.since(0);
        let now = lines.iter().rev().find_map(|line| read(line)).filter(&is_it);
        let found = now.or_else(|| self.process.stdout.wait(lines.len(), patience, |line| read(line).filter(&is_it)));
        found.unwrap_or_else(|| panic!("never seen: {what}\n{}", self.log()))
    }

    /// Waits for a notice.
    pub fn wait_notice(&self, code: &str) -> Value {
        let event = self.wait(&format!("notice {code}"), SOON, |event| event["event"] == "notice" && event["notice"]["code"] == code);
        event["notice"].clone()
    }

    /// Waits for the next record since [`Daemon::mark`], and checks its cause.
    pub fn wait_record(&self, cause: &str) -> Value {
        let event = self.wait(&format!("a record ({cause})"), SOON, |event| event["event"] == "record");
        assert_eq!(event["record"]["cause"], cause, "{event}\n{}", self.log());
        event["record"].clone()
    }

    /// The last picture told.
    pub fn snapshot(&self) -> Value {
        let lines = self.process.stdout.since(0);
        let events = lines.iter().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.map(|event| event["snapshot"].clone()).find(|snapshot| !snapshot.is_null()).unwrap()
    }

    /// The memory that it holds, where the system tells.
    pub fn memory_kb(&self) -> u64 {
        self.process.memory_kb()
    }

    /// Asks it to end, as a person at the keyboard would, and checks that it ends well.
    pub fn stop(mut self) {
        self.process.signal("INT");
        let code = self.process.exit_code(SOON);
        assert_eq!(code, 0, "{}", self.log());
    }

    /// Kills it without a word.
    pub fn kill(mut self) {
        self.process.signal("KILL");
        self.process.wait(SOON);
    }

    /// Waits until it has ended by itself: its exit code, and what it said on standard error.
    pub fn ended(&mut self) -> (i32, String) {
        let code = self.process.exit_code(SOON);
        (code, self.process.stderr.since(0).join("\n"))
    }

    pub fn log(&self) -> String {
        self.process.log()
    }
}
