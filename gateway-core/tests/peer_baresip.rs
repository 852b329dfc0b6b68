//! A softphone of others against the whole program: baresip ↔ `loopstartd run` ↔ pseudo-terminal ↔ `loopstartd simulate`.
#![cfg(all(feature = "shell", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(clippy::cast_possible_truncation, reason = "samples of a tone are in range")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "peers/baresip.rs"]
mod baresip;
#[path = "bench/place.rs"]
mod place;
#[path = "bench/process.rs"]
mod process;
#[path = "peers/sound.rs"]
mod sound;

use std::net::SocketAddr;
use std::time::Duration;

use baresip::{AMPLITUDE, Baresip, Phone};
use gateway_core::config::profile::{SecretsPolicy, export};
use place::{Folder, secret, server_settings};
use process::Talker;
use serde_json::{Value, json};
use sound::{amplitude_of, seconds_with};

const SOON: Duration = Duration::from_secs(20);

/// How long both talk.
const TALK: Duration = Duration::from_secs(4);

/// What the far end of the line says in these calls.
const FAR_END_HZ: f64 = 1000.0;
const FAR_END_DBM0: f64 = -10.0;

/// What the softphone says.
const PHONE_HZ: u32 = 600;

/// A gateway in server mode whose first port belongs to the softphone.
struct Scene {
    folder: Folder,
    sip: SocketAddr,
    simulated: Talker,
    gateway: Talker,
}

impl Scene {
    fn new() -> Self {
        let folder = Folder::new();
        let mut settings = server_settings(1);
        // baresip takes calls for its own user only.
        settings.ports[0].target = "line1".to_owned();
        let mut profile: Value = serde_json::from_str(&export(&settings, SecretsPolicy::LeftOut)).unwrap();
        profile["settings"]["ports"][0]["secret"] = secret(1).into();
        std::fs::write(folder.path().join("profile.json"), profile.to_string()).unwrap();
        let [data, profile, link] = ["data", "profile.json", "box"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
        let simulated = Talker::simulated_box(&folder.path().join("box"), 1, &[]);
        let arguments = ["run", "--data-dir", &data, "--profile", &profile, "--yes", "--device", &link, "--events", "ndjson"];
        let mut gateway = Talker::loopstartd(&arguments);
        gateway.wait(SOON, |line| line["event"] == "snapshot" && line["snapshot"]["ports"][0]["state"] == "idle");
        let sip = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
        Scene { folder, sip, simulated, gateway }
    }

    /// The softphone, registered. Its own word for that may come before anybody can hear it.
    fn registered_phone(&mut self) -> Baresip {
        let phone = self.phone(&secret(1));
        self.gateway.wait(SOON, |line| line["event"] == "notice" && line["notice"]["code"] == "phone_registered");
        phone
    }

    fn phone(&self, secret: &str) -> Baresip {
        let phone = Phone { user: "line1", secret, registrar: self.sip, tone_hz: PHONE_HZ };
        Baresip::start(self.folder.path(), &phone)
    }

    fn record(&mut self) -> Value {
        self.gateway.wait(SOON, |line| line["event"] == "record")["record"].clone()
    }
}

/// Most of the talk was this tone. "Most", because this machine may do a dozen other things meanwhile.
fn assert_heard(heard: &[i16], hz: f64, amplitude: f64) {
    let (seconds, all) = (seconds_with(heard, hz, amplitude), heard.len() / 8000);
    assert!(seconds > TALK.as_secs_f64() * 0.7, "{hz} Hz for {seconds:.2} s of {all} s");
}

#[test]
fn a_ringing_line_reaches_the_softphone_with_its_number_and_both_hear_each_other() {
    let mut scene = Scene::new();
    let mut phone = scene.registered_phone();
    let sound = json!({ "kind": "tone", "frequency_hz": FAR_END_HZ, "level_dbm0": FAR_END_DBM0 });
    scene.simulated.say(&json!({ "port": 0, "act": "ring", "from": "1133334444", "sound": sound }));
    let call = phone.wait("CALL_ESTABLISHED", SOON);
    assert!(call["peeruri"].as_str().unwrap().contains("1133334444"), "{call}");
    scene.simulated.wait(SOON, |line| line["event"] == "connected");
    std::thread::sleep(TALK);
    scene.simulated.say(&json!({ "port": 0, "act": "hang_up" }));
    phone.wait("CALL_CLOSED", SOON);
    scene.simulated.wait(SOON, |line| line["event"] == "hook" && line["off_hook"] == false);

    let record = scene.record();
    assert_eq!((record["direction"].as_str(), record["cause"].as_str()), (Some("fxo_to_sip"), Some("line_hung_up")));
    assert_eq!((record["from"].as_str(), record["evidence"]["kind"].as_str()), (Some("1133334444"), Some("loop_interruption")));
    let heard = phone.heard();
    assert_heard(&heard, FAR_END_HZ, amplitude_of(FAR_END_DBM0));
}

#[test]
fn the_softphone_dials_a_number_hears_it_ring_and_then_its_own_voice_come_back() {
    let mut scene = Scene::new();
    let mut phone = scene.registered_phone();
    phone.order("dial", &format!("sip:100@{}", scene.sip));
    phone.wait("CALL_PROGRESS", SOON);
    scene.simulated.wait(SOON, |line| line["event"] == "dialed" && line["number"] == "100");
    phone.wait("CALL_ESTABLISHED", SOON);
    scene.simulated.wait(SOON, |line| line["event"] == "answered");
    std::thread::sleep(TALK);
    phone.order("hangup", "");
    scene.simulated.wait(SOON, |line| line["event"] == "hook" && line["off_hook"] == false);

    let record = scene.record();
    assert_eq!((record["direction"].as_str(), record["cause"].as_str()), (Some("sip_to_fxo"), Some("sip_hung_up")));
    assert_eq!(record["to"], "100");
    let heard = phone.heard();
    // The far end echoes 6 dB softer, whole cycles later; the line itself reflects at −18 dB. Brazil's ringback is 425 Hz.
    assert_heard(&heard, f64::from(PHONE_HZ), AMPLITUDE * (0.5 + 10.0_f64.powf(-18.0 / 20.0)));
    let ringback = heard.chunks_exact(400).filter(|piece| sound::amplitude(piece, 425.0) > amplitude_of(-16.0)).count();
    assert!(ringback > 10, "{ringback} pieces of ringback");
}

#[test]
fn a_softphone_with_a_wrong_secret_neither_registers_nor_calls() {
    let mut scene = Scene::new();
    let mut phone = scene.phone("a-wrong-secret");
    let refused = |line: &Value| line["event"] == "notice" && line["notice"]["code"] == "wrong_credentials";
    let notice = scene.gateway.wait(SOON, refused);
    assert!(notice["notice"]["args"]["source"].as_str().unwrap().contains("127.0.0.1"));
    phone.order("dial", &format!("sip:100@{}", scene.sip));
    phone.wait("CALL_CLOSED", SOON);
    scene.gateway.signal("TERM");
    assert_eq!(scene.gateway.ended(SOON).code(), Some(0));
    scene.simulated.signal("TERM");
    assert_eq!(scene.simulated.ended(SOON).code(), Some(0));
    assert!(!scene.simulated.has_said(|line| line["event"] == "hook"));
}
