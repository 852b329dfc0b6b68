//! SIPp as a trunk peer of the whole program: calls at once, calls given up, more calls than lines.
#![cfg(all(feature = "shell", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "bench/place.rs"]
mod place;
#[path = "bench/process.rs"]
mod process;
#[path = "peers/sipp.rs"]
mod sipp;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use gateway_core::config::profile::{SecretsPolicy, export};
use gateway_core::config::settings::{AnswerMode, Settings};
use place::{Folder, free_ports, trunk_settings};
use process::Talker;
use serde_json::Value;
use sipp::{Sipp, given_up, whole_call};

const SOON: Duration = Duration::from_secs(20);

/// A trunk gateway on a simulated box, and the port of its peer.
struct Trunk {
    folder: Folder,
    sip: SocketAddr,
    peer_port: u16,
    simulated: Talker,
    gateway: Talker,
}

impl Trunk {
    fn new(lines: u16, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = Folder::new();
        let peer_port = free_ports(1);
        let mut settings = trunk_settings(lines, format!("127.0.0.1:{peer_port}").parse().unwrap());
        change(&mut settings);
        std::fs::write(folder.path().join("profile.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
        let [data, profile, link] = ["data", "profile.json", "box"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
        let simulated = Talker::simulated_box(&folder.path().join("box"), lines, &[]);
        let arguments = ["run", "--data-dir", &data, "--profile", &profile, "--yes", "--device", &link, "--events", "ndjson"];
        let mut gateway = Talker::loopstartd(&arguments);
        let all_idle = |line: &Value| line["snapshot"]["ports"].as_array().is_some_and(|ports| ports.iter().all(|p| p["state"] == "idle"));
        gateway.wait(SOON, all_idle);
        let sip = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
        Trunk { folder, sip, peer_port, simulated, gateway }
    }

    fn sipp(&self, scenario: &str, number: &str, calls: u32, rate: u32) -> Sipp {
        Sipp::start(self.folder.path(), scenario, self.sip, number, self.peer_port, calls, rate)
    }

    fn record(&mut self) -> Value {
        self.gateway.wait(SOON, |line| line["event"] == "record")["record"].clone()
    }
}

#[test]
fn four_calls_at_once_take_four_lines_and_leave_one_record_each() {
    let mut trunk = Trunk::new(4, |_| {});
    trunk.sipp(&whole_call(3000), "100", 4, 4).finish(Duration::from_secs(40));
    let records: Vec<Value> = (0..4).map(|_| trunk.record()).collect();
    assert!(records.iter().all(|record| record["cause"] == "sip_hung_up" && record["to"] == "100"), "{records:#?}");
    let ports: BTreeSet<u64> = records.iter().map(|record| record["port"].as_u64().unwrap()).collect();
    assert_eq!(ports.len(), 4);
    for port in 0..4 {
        trunk.simulated.wait(SOON, |line| line["port"] == port && line["event"] == "dialed" && line["number"] == "100");
        trunk.simulated.wait(SOON, |line| line["port"] == port && line["event"] == "hook" && line["off_hook"] == false);
    }
}

#[test]
fn a_call_that_is_given_up_releases_the_line_and_the_next_one_has_it() {
    let mut trunk = Trunk::new(1, |settings| settings.ports[0].line.answer_mode = AnswerMode::PolarityReversal);
    for _ in 0..2 {
        trunk.sipp(&given_up(1500), "102", 1, 1).finish(Duration::from_secs(30));
        assert_eq!(trunk.record()["cause"], "sip_cancelled");
        trunk.simulated.wait(SOON, |line| line["event"] == "hook" && line["off_hook"] == true);
        trunk.simulated.wait(SOON, |line| line["event"] == "hook" && line["off_hook"] == false);
        trunk.gateway.wait(SOON, |line| line["event"] == "snapshot" && line["snapshot"]["ports"][0]["state"] == "idle");
    }
    // A reversal of the polarity answers: number 103 gives one.
    trunk.sipp(&whole_call(500), "103", 1, 1).finish(Duration::from_secs(30));
    assert_eq!(trunk.record()["cause"], "sip_hung_up");
}
