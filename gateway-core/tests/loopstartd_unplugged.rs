//! A box that is unplugged over and over in the middle of calls: each call ends with a record, the line comes back each time, and the
//! gateway does not grow. `LOOPSTART_UNPLUGS` says how often; without it this takes half a minute.
#![cfg(all(feature = "shell", unix))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
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
use gateway_core::rng::Rng;
use place::{Folder, trunk_settings};
use process::{Holdings, Talker};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(15);

/// How often the box is unplugged when nobody says.
const UNPLUGS: usize = 12;

/// Where the plug is pulled: as long after the call began, at random.
const LATEST_PULL_MS: u64 = 1_500;

/// What a gateway may hold more at the end than after its first calls; what it remembers of the last calls is bounded.
const MAY_GROW_KB: u64 = 8 * 1024;

/// A trunk gateway on a simulated box, and a caller that it admits.
struct Scene {
    folder: Folder,
    caller: Caller,
    sip: SocketAddr,
    chance: Rng,
}

impl Scene {
    fn new() -> Self {
        let (folder, caller) = (Folder::new(), Caller::new());
        let settings = trunk_settings(1, caller.address());
        std::fs::write(folder.path().join("profile.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
        let sip = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
        Scene { folder, caller, sip, chance: Rng::from_seed(11) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn simulated_box(&self) -> Talker {
        Talker::simulated_box(&self.path("box"), 1, &[])
    }

    fn gateway(&self) -> Talker {
        let [data, profile, link] = ["data", "profile.json", "box"].map(|name| self.path(name).to_str().unwrap().to_owned());
        Talker::loopstartd(&["run", "--data-dir", &data, "--profile", &profile, "--yes", "--device", &link, "--events", "ndjson"])
    }

    /// How many calls the database knows, and how many of them ended because the box went away.
    fn calls_kept(&self) -> (usize, usize) {
        let data = self.path("data").to_str().unwrap().to_owned();
        let mut told = Talker::loopstartd(&["calls", "list", "--data-dir", &data, "--limit", "100000", "--json"]);
        let calls = told.rest();
        (calls.len(), calls.iter().filter(|call| call["cause"] == "device_gone").count())
    }

    /// A call of one kind or the other, and the plug is pulled somewhere in it.
    fn unplugged_in_a_call(&mut self, simulated: Talker, gateway: &mut Talker, out: bool) {
        let pull_ms = self.chance.below(LATEST_PULL_MS);
        let mut simulated = simulated;
        if out {
            self.caller.invite(self.sip, "100");
            simulated.wait(SOON, |line| line["event"] == "hook" && line["off_hook"] == true);
        } else {
            simulated.say(&json!({ "port": 0, "act": "ring", "from": "1133334444" }));
            gateway.wait(SOON, |line| first_port(line)["line"] == "ringing");
        }
        std::thread::sleep(Duration::from_millis(pull_ms));
        simulated.signal("KILL");
        drop(simulated);
        if out && self.caller.final_status(SOON) == 200 {
            self.caller.wait_bye(SOON);
        }
    }
}

fn first_port(line: &Value) -> &Value {
    &line["snapshot"]["ports"][0]
}

fn is_device(line: &Value, state: &str) -> bool {
    line["event"] == "device" && line["device"]["state"]["state"] == state
}

#[test]
fn a_box_that_is_unplugged_in_call_after_call_leaves_nothing_behind() {
    let unplugs = std::env::var("LOOPSTART_UNPLUGS").map_or(UNPLUGS, |told| told.parse().expect("LOOPSTART_UNPLUGS is a number"));
    let mut scene = Scene::new();
    let mut simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| first_port(line)["state"] == "idle");
    let mut settled = None;
    for number in 0..unplugs {
        scene.unplugged_in_a_call(simulated, &mut gateway, number % 2 == 1);
        gateway.wait(SOON, |line| is_device(line, "lost") && line["device"]["state"]["fault"] == "unplugged");
        let record = gateway.wait(SOON, |line| line["event"] == "record");
        assert_eq!(record["record"]["cause"], "device_gone", "call {number}");
        gateway.wait(SOON, |line| first_port(line)["state"] == "absent");
        if number == unplugs / 3 {
            settled = Some(gateway.holdings());
        }
        simulated = scene.simulated_box();
        gateway.wait(SOON, |line| is_device(line, "up"));
        gateway.wait(SOON, |line| first_port(line)["state"] == "idle");
    }
    judge(&settled.unwrap(), &absent_again(&mut gateway, simulated), unplugs);
    gateway.signal("INT");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
    assert_eq!(scene.calls_kept(), (unplugs, unplugs));
}

/// What the gateway holds with the box gone once more, so that like is compared with like.
fn absent_again(gateway: &mut Talker, simulated: Talker) -> Option<Holdings> {
    simulated.signal("KILL");
    gateway.wait(SOON, |line| first_port(line)["state"] == "absent");
    gateway.holdings()
}

fn judge(settled: &Option<Holdings>, last: &Option<Holdings>, unplugs: usize) {
    let (Some(settled), Some(last)) = (settled, last) else {
        println!("skipped: this system does not tell what a process holds");
        return;
    };
    println!("{unplugs} times unplugged: {settled:?} after a third, {last:?} at the end");
    assert_eq!((last.handles, last.threads), (settled.handles, settled.threads));
    assert!(last.memory_kb <= settled.memory_kb + MAY_GROW_KB, "{settled:?} -> {last:?}");
}
