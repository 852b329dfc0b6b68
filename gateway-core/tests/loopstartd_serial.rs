//! The whole program over a serial port: `loopstartd run` on a pseudo-terminal, `loopstartd simulate` behind it.
#![cfg(all(feature = "shell", unix))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "bench/caller.rs"]
mod caller;
#[path = "bench/place.rs"]
mod place;
#[path = "bench/process.rs"]
mod process;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use caller::Caller;
use gateway_core::config::profile::{SecretsPolicy, export};
use place::{Folder, trunk_settings};
use process::Talker;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(15);

/// A trunk gateway on a simulated box, and a caller that it admits.
struct Scene {
    folder: Folder,
    caller: Caller,
    sip: SocketAddr,
}

impl Scene {
    fn new() -> Self {
        let (folder, caller) = (Folder::new(), Caller::new());
        let settings = trunk_settings(1, caller.address());
        std::fs::write(folder.path().join("profile.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
        let sip = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
        Scene { folder, caller, sip }
    }

    fn link(&self) -> PathBuf {
        self.folder.path().join("box")
    }

    fn simulated_box(&self) -> Talker {
        Talker::simulated_box(&self.link(), 1, &[])
    }

    fn gateway(&self) -> Talker {
        let [data, profile, link] = ["data", "profile.json", "box"].map(|name| self.folder.path().join(name).to_str().unwrap().to_owned());
        Talker::loopstartd(&["run", "--data-dir", &data, "--profile", &profile, "--yes", "--device", &link, "--events", "ndjson"])
    }

    /// Calls number 100 and waits for the answer.
    fn call(&mut self) {
        self.caller.invite(self.sip, "100");
        assert_eq!(self.caller.final_status(SOON), 200);
    }
}

fn has_state(line: &Value, state: &str) -> bool {
    line["event"] == "snapshot" && line["snapshot"]["ports"][0]["state"] == state
}

/// The line rings, whether SIP is called already or not yet.
fn rings(line: &Value) -> bool {
    line["event"] == "snapshot" && line["snapshot"]["ports"][0]["line"] == "ringing"
}

fn is_device(line: &Value, state: &str) -> bool {
    line["event"] == "device" && line["device"]["state"]["state"] == state
}

fn is_hook(line: &Value, off_hook: bool) -> bool {
    line["event"] == "hook" && line["off_hook"] == off_hook
}

#[test]
fn a_box_that_is_unplugged_is_noticed_and_works_again_when_it_is_back() {
    let scene = Scene::new();
    let mut simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| has_state(line, "idle"));
    simulated.say(&json!({ "port": 0, "act": "ring", "from": "1133334444" }));
    gateway.wait(SOON, rings);

    simulated.signal("KILL");
    gateway.wait(SOON, |line| is_device(line, "lost") && line["device"]["state"]["fault"] == "unplugged");
    gateway.wait(SOON, |line| has_state(line, "absent"));
    let record = gateway.wait(SOON, |line| line["event"] == "record");
    assert_eq!(record["record"]["cause"], "device_gone");

    let mut simulated = scene.simulated_box();
    gateway.wait(SOON, |line| is_device(line, "up"));
    gateway.wait(SOON, |line| has_state(line, "idle"));
    simulated.say(&json!({ "port": 0, "act": "ring", "from": "1133334444" }));
    gateway.wait(SOON, rings);
    gateway.signal("INT");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
}

#[test]
fn sigterm_in_the_middle_of_a_call_ends_it_and_releases_the_line() {
    let mut scene = Scene::new();
    let mut simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| has_state(line, "idle"));
    scene.call();
    simulated.wait(SOON, |line| is_hook(line, true));
    simulated.wait(SOON, |line| line["event"] == "answered");
    gateway.signal("TERM");
    scene.caller.wait_bye(SOON);
    simulated.wait(SOON, |line| is_hook(line, false));
    let record = gateway.wait(SOON, |line| line["event"] == "record");
    assert_eq!((record["record"]["cause"].as_str(), record["record"]["to"].as_str()), (Some("stopped"), Some("100")));
    gateway.wait(SOON, |line| line["event"] == "ended" && line["how"] == "stopped");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
}

#[test]
fn a_gateway_that_dies_leaves_no_line_seized_because_the_box_watches_it() {
    let mut scene = Scene::new();
    let mut simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| has_state(line, "idle"));
    scene.call();
    simulated.wait(SOON, |line| is_hook(line, true));
    gateway.signal("KILL");
    simulated.wait(SOON, |line| is_hook(line, false));
}

#[test]
fn a_box_that_falls_silent_is_given_up_and_taken_back_when_it_speaks_again() {
    let scene = Scene::new();
    let simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| has_state(line, "idle"));
    simulated.signal("STOP");
    gateway.wait(SOON, |line| is_device(line, "lost") && line["device"]["state"]["fault"] == "silent");
    gateway.wait(SOON, |line| has_state(line, "absent"));
    simulated.signal("CONT");
    gateway.wait(SOON, |line| has_state(line, "idle"));
    gateway.signal("TERM");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
}

#[test]
fn an_act_that_makes_no_sense_is_told_and_the_box_goes_on() {
    let folder = Folder::new();
    let mut simulated = Talker::simulated_box(&folder.path().join("box"), 2, &["--country", "us"]);
    simulated.say(&json!({ "port": 0, "act": "explode" }));
    simulated.say(&json!("ring"));
    let first = simulated.wait(SOON, |line| line["event"] == "bad_act");
    assert_eq!(first["line"], 1);
    simulated.wait(SOON, |line| line["event"] == "bad_act" && line["line"] == 2);
    simulated.say(&json!({ "port": 1, "act": "ring", "from": "2125551234" }));
    simulated.wait(SOON, |line| line["event"] == "ringing" && line["port"] == 1);
    simulated.signal("TERM");
    assert_eq!(simulated.ended(SOON).code(), Some(0));
    assert!(!folder.path().join("box").is_symlink());
}
