//! The whole program on voice modems: `loopstartd run` on pseudo-terminals, `loopstartd simulate --modem` behind each.
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
use std::time::Duration;

use caller::Caller;
use gateway_core::config::profile::{SecretsPolicy, export};
use place::{Folder, trunk_settings};
use process::Talker;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// A trunk gateway with two modems, and a caller that it admits.
struct Scene {
    folder: Folder,
    caller: Caller,
    sip: SocketAddr,
}

impl Scene {
    fn new() -> Self {
        let (folder, caller) = (Folder::new(), Caller::new());
        let settings = trunk_settings(2, caller.address());
        std::fs::write(folder.path().join("profile.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
        let sip = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
        Scene { folder, caller, sip }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn modem(&self, name: &str, make: &str) -> Talker {
        let mut modem = Talker::loopstartd(&["simulate", "--modem", make, "--link", &self.path(name)]);
        modem.wait(SOON, |line| line["ports"] == 1);
        modem
    }

    fn gateway(&self) -> Talker {
        let (data, profile) = (self.path("data"), self.path("profile.json"));
        let device = format!("modems:{},{}", self.path("first"), self.path("second"));
        Talker::loopstartd(&["run", "--data-dir", &data, "--profile", &profile, "--yes", "--device", &device, "--events", "ndjson"])
    }
}

fn states(line: &Value, first: &str, second: &str) -> bool {
    let ports = &line["snapshot"]["ports"];
    line["event"] == "snapshot" && ports[0]["state"] == first && ports[1]["state"] == second
}

fn is_hook(line: &Value, off_hook: bool) -> bool {
    line["event"] == "hook" && line["off_hook"] == off_hook
}

#[test]
fn a_modem_that_is_unplugged_in_a_call_ends_that_call_and_no_other_line_notices() {
    let mut scene = Scene::new();
    let mut first = scene.modem("first", "conexant");
    let mut second = scene.modem("second", "us-robotics");
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| states(line, "idle", "idle"));
    scene.caller.invite(scene.sip, "100");
    assert_eq!(scene.caller.final_status(SOON), 200);
    first.wait(SOON, |line| is_hook(line, true));

    first.signal("KILL");
    scene.caller.wait_bye(SOON);
    let record = gateway.wait(SOON, |line| line["event"] == "record");
    assert_eq!(record["record"]["cause"], "device_gone");
    gateway.wait(SOON, |line| states(line, "absent", "idle"));
    let lost = gateway.wait(SOON, |line| line["event"] == "device" && line["device"]["wires"][0]["disconnects"] == 1);
    let [first_wire, second_wire] = [0, 1].map(|index| &lost["device"]["wires"][index]);
    assert_eq!((&first_wire["state"]["state"], &first_wire["last_disconnect"]["fault"]), (&json!("lost"), &json!("unplugged")));
    assert_eq!((&second_wire["state"]["state"], &second_wire["disconnects"]), (&json!("up"), &json!(0)));
    second.say(&json!({ "port": 0, "act": "ring", "from": "1133334444" }));
    gateway.wait(SOON, |line| line["snapshot"]["ports"][1]["line"] == "ringing");
    second.say(&json!({ "port": 0, "act": "stop_ringing" }));

    let _back = scene.modem("first", "conexant");
    gateway.wait(SOON, |line| states(line, "idle", "idle"));
    gateway.signal("TERM");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
}

#[test]
fn a_modem_that_is_missing_at_the_start_is_taken_when_it_comes() {
    let scene = Scene::new();
    let _second = scene.modem("second", "zoom");
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| states(line, "absent", "idle"));
    let _first = scene.modem("first", "conexant");
    gateway.wait(SOON, |line| states(line, "idle", "idle"));
}

#[test]
fn a_gateway_that_dies_in_a_call_drops_the_line_with_its_port() {
    let mut scene = Scene::new();
    let mut first = scene.modem("first", "conexant");
    let _second = scene.modem("second", "conexant");
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| states(line, "idle", "idle"));
    scene.caller.invite(scene.sip, "100");
    assert_eq!(scene.caller.final_status(SOON), 200);
    first.wait(SOON, |line| is_hook(line, true));
    gateway.signal("KILL");
    first.wait(Duration::from_secs(5), |line| is_hook(line, false));
}
