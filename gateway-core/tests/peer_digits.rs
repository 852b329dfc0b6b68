//! Digits during a call: each is heard exactly once, whichever way it goes and however it travels.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::time::Duration;

use gateway_core::config::settings::{DtmfToSip, Mode};
use stage::sound::Sound;
use stage::{Baresip, Daemon, Place, Scene, SimulatedBox, installed, settings};

/// A telephone in a call with number 110, whose far end says this from its answer on.
fn in_a_call(digits: DtmfToSip, far_end: &Sound) -> (Scene, Baresip) {
    let place = Place::new();
    let mut settings = settings::settings(&place, Mode::SipTrunk, 1);
    settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(0));
    settings.ports[0].line.dtmf_to_sip = digits;
    let wav = place.folder().join("far-end.wav");
    far_end.write(&wav);
    let lines = SimulatedBox::with_args(&["--ports", "1", "--wav", wav.to_str().unwrap()]);
    let daemon = Daemon::run(&place, &settings, lines.pty());
    daemon.wait_all("idle");
    let mut scene = Scene::of(daemon, lines, place);
    let mut phone = Baresip::start(&scene.place, 0, "<sip:200@{own}>;regint=0;answermode=auto", &Sound::silence(60_000));
    phone.dial(&format!("sip:110@127.0.0.1:{}", scene.place.sip()));
    phone.wait("CALL_ESTABLISHED");
    scene.lines.wait(0, "answered");
    scene.mark();
    (scene, phone)
}

/// A far end that sends these digits as a telephone does, and then is silent.
fn dials(digits: &str) -> Sound {
    [Sound::silence(500), Sound::digits(digits), Sound::silence(60_000)].into_iter().collect()
}

#[test]
fn keys_of_the_telephone_are_heard_once_each_on_the_line() {
    if !installed(&["baresip"]) {
        return;
    }
    let (scene, mut phone) = in_a_call(DtmfToSip::Rfc4733, &Sound::silence(60_000));
    let keys = "1590*#";
    for key in keys.chars() {
        phone.press(key);
        // A person presses no faster, and baresip merges what overlaps.
        std::thread::sleep(Duration::from_millis(300));
    }
    let last = |told: &serde_json::Value| told["digit"] == "#";
    scene.lines.wait_for("the last digit", stage::SOON, last);
    phone.hang_up();
    scene.lines.wait(0, "released");
    assert_eq!(scene.lines.digits(0), keys);
}

#[test]
fn digits_of_the_line_reach_the_telephone_as_events_and_no_longer_as_sound() {
    if !installed(&["baresip"]) {
        return;
    }
    let (scene, mut phone) = in_a_call(DtmfToSip::Rfc4733, &dials("2580"));
    phone.wait_key('0');
    std::thread::sleep(Duration::from_millis(500));
    phone.hang_up();
    scene.lines.wait(0, "released");
    assert_eq!(phone.keys(), "2580");
    // What is left of a digit is too short to be one: Q.24 wants 40 ms.
    let left = phone.heard().bursts(&[1336.0], -25.0);
    assert!(left.iter().all(|burst| burst.length_ms < 40), "{left:?}");
}

#[test]
fn digits_left_in_the_sound_are_heard_and_told_by_nothing_else() {
    if !installed(&["baresip"]) {
        return;
    }
    let (scene, mut phone) = in_a_call(DtmfToSip::InBand, &dials("2580"));
    std::thread::sleep(Duration::from_millis(2000));
    phone.hang_up();
    scene.lines.wait(0, "released");
    assert_eq!(phone.keys(), "");
    let heard = phone.heard().bursts(&[1336.0], -25.0);
    let lengths: Vec<u32> = heard.iter().map(|burst| burst.length_ms).collect();
    assert!(lengths.len() == 4 && lengths.iter().all(|length_ms| length_ms.abs_diff(100) <= 20), "{heard:?}");
}

#[test]
fn digits_of_the_line_travel_as_info_where_that_is_set() {
    if !installed(&["baresip"]) {
        return;
    }
    let (scene, mut phone) = in_a_call(DtmfToSip::Info, &dials("2580"));
    phone.wait_key('0');
    std::thread::sleep(Duration::from_millis(500));
    phone.hang_up();
    scene.lines.wait(0, "released");
    assert_eq!(phone.keys(), "2580");
    let left = phone.heard().bursts(&[1336.0], -25.0);
    assert!(left.iter().all(|burst| burst.length_ms < 40), "{left:?}");
}
