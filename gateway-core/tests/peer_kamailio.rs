//! The gateway as a client of an office: Kamailio registers it and routes its calls, baresip is the office's telephone.
#![cfg(all(feature = "shell", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(clippy::cast_possible_truncation, reason = "samples of a tone are in range")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "peers/baresip.rs"]
mod baresip;
#[path = "peers/kamailio.rs"]
mod kamailio;
#[path = "bench/place.rs"]
mod place;
#[path = "bench/process.rs"]
mod process;
#[path = "peers/sound.rs"]
mod sound;

use std::time::Duration;

use baresip::{AMPLITUDE, Baresip, Phone};
use gateway_core::config::profile::{SecretsPolicy, export};
use gateway_core::config::settings::Mode;
use kamailio::Kamailio;
use place::{Folder, server_settings};
use process::Talker;
use serde_json::{Value, json};
use sound::{amplitude_of, seconds_with};

const SOON: Duration = Duration::from_secs(20);
const TALK: Duration = Duration::from_secs(3);
const PHONE_HZ: u32 = 600;

/// An office: its proxy, its telephone 102, and the gateway as its user 101.
struct Office {
    folder: Folder,
    simulated: Talker,
    gateway: Talker,
    phone: Baresip,
    proxy: Kamailio,
}

impl Office {
    fn open() -> Self {
        let folder = Folder::new();
        let proxy = Kamailio::start(folder.path());
        let mut settings = server_settings(1);
        settings.gateway.mode = Mode::SipClient;
        settings.gateway.remote_server = proxy.address().to_string();
        settings.ports[0].user = "101".to_owned();
        settings.ports[0].target = "102".to_owned();
        let mut profile: Value = serde_json::from_str(&export(&settings, SecretsPolicy::LeftOut)).unwrap();
        profile["settings"]["ports"][0]["secret"] = "secret101".into();
        std::fs::write(folder.path().join("profile.json"), profile.to_string()).unwrap();
        let phone = Phone { user: "102", secret: "secret102", registrar: proxy.address(), tone_hz: PHONE_HZ };
        let phone = Baresip::start(folder.path(), &phone);
        let [data, profile, link] = ["data", "profile.json", "box"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
        let simulated = Talker::simulated_box(&folder.path().join("box"), 1, &[]);
        let arguments = ["run", "--data-dir", &data, "--profile", &profile, "--yes", "--device", &link, "--events", "ndjson"];
        let mut gateway = Talker::loopstartd(&arguments);
        gateway.wait(SOON, |line| {
            let port = &line["snapshot"]["ports"][0];
            line["event"] == "snapshot" && port["state"] == "idle" && port["registration"]["kind"] == "registered"
        });
        Office { folder, simulated, gateway, phone, proxy }
    }

    fn record(&mut self) -> Value {
        self.gateway.wait(SOON, |line| line["event"] == "record")["record"].clone()
    }

    /// Ends the gateway, which takes its registration back.
    fn close(&mut self) {
        self.gateway.signal("TERM");
        assert_eq!(self.gateway.ended(SOON).code(), Some(0));
    }
}

#[test]
fn a_ringing_line_calls_the_office_with_its_credentials_and_is_answered_there() {
    let mut office = Office::open();
    let sound = json!({ "kind": "tone", "frequency_hz": 1000.0, "level_dbm0": -10.0 });
    office.simulated.say(&json!({ "port": 0, "act": "ring", "from": "1133334444", "sound": sound }));
    office.phone.wait("CALL_ESTABLISHED", SOON);
    office.simulated.wait(SOON, |line| line["event"] == "connected");
    std::thread::sleep(TALK);
    office.phone.order("hangup", "");
    office.simulated.wait(SOON, |line| line["event"] == "hook" && line["off_hook"] == false);
    let record = office.record();
    assert_eq!((record["cause"].as_str(), record["from"].as_str()), (Some("sip_hung_up"), Some("1133334444")));
    office.close();
    let heard = office.phone.heard();
    let seconds = seconds_with(&heard, 1000.0, amplitude_of(-10.0));
    assert!(seconds > TALK.as_secs_f64() * 0.7, "{seconds:.2} s of {} s", heard.len() / 8000);
}

#[test]
fn the_office_dials_out_over_the_line_and_the_number_is_that_of_the_to_header() {
    let mut office = Office::open();
    let number = format!("sip:100@{}", office.proxy.address());
    office.phone.order("dial", &number);
    office.simulated.wait(SOON, |line| line["event"] == "dialed" && line["number"] == "100");
    office.phone.wait("CALL_ESTABLISHED", SOON);
    office.simulated.wait(SOON, |line| line["event"] == "answered");
    std::thread::sleep(TALK);
    office.simulated.say(&json!({ "port": 0, "act": "hang_up", "how": { "kind": "busy_tone" } }));
    office.phone.wait("CALL_CLOSED", SOON);
    office.simulated.wait(SOON, |line| line["event"] == "hook" && line["off_hook"] == false);
    let record = office.record();
    assert_eq!((record["cause"].as_str(), record["evidence"]["kind"].as_str()), (Some("line_hung_up"), Some("disconnect_tone")));
    office.close();
    let heard = office.phone.heard();
    let seconds = seconds_with(&heard, f64::from(PHONE_HZ), AMPLITUDE * (0.5 + 10.0_f64.powf(-18.0 / 20.0)));
    assert!(seconds > TALK.as_secs_f64() * 0.7, "{seconds:.2} s of {} s", heard.len() / 8000);
}
