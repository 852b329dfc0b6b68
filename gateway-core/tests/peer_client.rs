//! Client mode: registration at Kamailio and at SIPp, which checks what it is told.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::time::Duration;

use gateway_core::config::settings::{Mode, Secret, Settings};
use serde_json::Value;
use stage::sipp::Part;
use stage::sound::Sound;
use stage::{Baresip, Call, Kamailio, Place, SOON, Scene, Sipp, installed, settings};

/// A gateway that registers at peer 0 of the place.
fn client(place: Place, ports: u16, change: impl FnOnce(&mut Settings)) -> Scene {
    Scene::start_at(place, Mode::SipClient, ports, |settings, place| {
        settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(0));
        change(settings);
    })
}

fn registration(snapshot: &Value, port: usize) -> &Value {
    &snapshot["ports"][port]["registration"]
}

fn wait_registered(scene: &Scene, port: usize, patience: Duration) -> Value {
    let is_it = |snapshot: &Value| registration(snapshot, port)["kind"] == "registered";
    scene.daemon.wait_picture(&format!("port {port} registered"), patience, is_it)
}

/// The value after `name=` in a line of Kamailio's script.
fn word<'a>(line: &'a str, name: &str) -> &'a str {
    line.split(' ').find_map(|word| word.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {line}"))
}

#[test]
fn kamailio_challenges_grants_is_refreshed_and_told_goodbye() {
    if !installed(&["kamailio"]) {
        return;
    }
    let place = Place::new();
    let mut kamailio = Kamailio::start(&place, 0, 6);
    let scene = client(place, 2, |_| {});
    kamailio.wait(&["challenged REGISTER line1"]);
    let first = kamailio.wait(&["saved line1 "]);
    let other = kamailio.wait(&["saved line2 "]);
    assert_ne!(word(&first, "contact="), word(&other, "contact="), "each port has a contact of its own");
    scene.daemon.wait_notice("registered");
    let picture = wait_registered(&scene, 0, SOON);
    let left_ms = registration(&picture, 0)["expires_ms"].as_u64().unwrap() - picture["now_ms"].as_u64().unwrap();
    assert!((4000..=6000).contains(&left_ms), "{left_ms}");
    wait_registered(&scene, 1, SOON);

    // The registrar grants 6 s: the registration is renewed before they are over, by the same client.
    kamailio.mark();
    let renewed = kamailio.wait_longer(&["saved line1 "], Duration::from_secs(6));
    assert_eq!(word(&first, "call="), word(&renewed, "call="));
    assert_eq!(word(&first, "contact="), word(&renewed, "contact="));
    assert!(word(&first, "cseq=").parse::<u32>().unwrap() < word(&renewed, "cseq=").parse().unwrap());

    kamailio.mark();
    let Scene { daemon, lines: _lines, place: _place, .. } = scene;
    daemon.stop();
    kamailio.wait(&["saved line1 ", "expires=0 "]);
    kamailio.wait(&["saved line2 ", "expires=0 "]);
}

#[test]
fn single_user_keeps_one_registration_for_all_ports() {
    if !installed(&["kamailio"]) {
        return;
    }
    let place = Place::new();
    let kamailio = Kamailio::start(&place, 0, 600);
    let scene = client(place, 2, |settings| {
        settings.gateway.single_user = true;
        settings.gateway.user = "office".to_owned();
        settings.gateway.secret = Secret(settings::secret("office"));
    });
    kamailio.wait(&["saved office "]);
    wait_registered(&scene, 0, SOON);
    wait_registered(&scene, 1, SOON);
    assert_eq!((kamailio.count(": saved office "), kamailio.count(": saved line")), (1, 0));
    scene.daemon.stop();
}

/// SIPp as the registrar at peer 0.
fn registrar(place: &Place, scenario: &str, fill: &[(&str, &str)]) -> Sipp {
    let secret = settings::secret("line1");
    let mut fill = fill.to_vec();
    if scenario != "registrar_refuses.xml" {
        fill.extend([("user", "line1"), ("secret", secret.as_str())]);
    }
    Sipp::start(place, &Part { scenario, port: place.peer(0), fill: &fill, ..Part::default() })
}

#[test]
fn sipp_checks_the_digest_of_registration_refresh_and_goodbye() {
    if !installed(&["sipp"]) {
        return;
    }
    let place = Place::new();
    let sipp = registrar(&place, "registrar.xml", &[("granted", "5")]);
    let scene = client(place, 1, |_| {});
    wait_registered(&scene, 0, SOON);
    // The goodbye comes third; the refresh is due after 4 s.
    sipp.wait_messages("SIP/2.0 200 OK", 2, Duration::from_secs(10));
    let Scene { daemon, lines: _lines, place: _place, .. } = scene;
    daemon.stop();
    sipp.finish();
}

#[test]
fn a_registrar_that_wants_a_longer_lifetime_gets_it() {
    if !installed(&["sipp"]) {
        return;
    }
    let place = Place::new();
    let sipp = registrar(&place, "registrar_423.xml", &[("asked", "300"), ("granted", "900")]);
    let scene = client(place, 1, |settings| settings.gateway.register_expires_s = 300);
    let picture = wait_registered(&scene, 0, SOON);
    let left_ms = registration(&picture, 0)["expires_ms"].as_u64().unwrap() - picture["now_ms"].as_u64().unwrap();
    assert!((880_000..=900_000).contains(&left_ms), "{left_ms}");
    sipp.finish();
}

#[test]
fn a_registration_that_fails_is_told_and_tried_again_until_it_works() {
    if !installed(&["sipp"]) {
        return;
    }
    let place = Place::new();
    let sipp = registrar(&place, "registrar_recovers.xml", &[("retry_after", "6"), ("granted", "60")]);
    let scene = client(place, 1, |_| {});
    let notice = scene.daemon.wait_notice("registration_failed");
    assert_eq!((notice["severity"].as_str(), notice["args"]["status"].as_str()), (Some("alarm"), Some("503")));
    let failed = scene.daemon.wait_picture("failed", SOON, |snapshot| registration(snapshot, 0)["kind"] == "failed");
    let retry_ms = registration(&failed, 0)["retry_ms"].as_u64().unwrap() - failed["now_ms"].as_u64().unwrap();
    assert!((4000..=6000).contains(&retry_ms), "{retry_ms}");
    scene.daemon.wait_notice("registered");
    wait_registered(&scene, 0, SOON);
    sipp.finish();
}

#[test]
fn a_registrar_that_refuses_the_secret_is_not_asked_in_a_hurry() {
    if !installed(&["sipp"]) {
        return;
    }
    let place = Place::new();
    let sipp = registrar(&place, "registrar_refuses.xml", &[]);
    let scene = client(place, 1, |settings| settings.ports[0].secret = Secret("something else".to_owned()));
    let notice = scene.daemon.wait_notice("registration_failed");
    assert_eq!(notice["args"]["status"], "403");
    let failed = scene.daemon.wait_picture("failed", SOON, |snapshot| registration(snapshot, 0)["kind"] == "failed");
    let view = registration(&failed, 0);
    assert_eq!((view["status"].as_u64(), view["reason"].as_str()), (Some(403), Some("Forbidden")));
    let retry_ms = view["retry_ms"].as_u64().unwrap() - failed["now_ms"].as_u64().unwrap();
    assert!(retry_ms > 3000, "{retry_ms}");
    sipp.finish();
}

#[test]
fn whoever_is_not_the_registrar_gets_no_answer() {
    if !installed(&["kamailio", "sipp"]) {
        return;
    }
    let place = Place::new();
    let kamailio = Kamailio::start(&place, 0, 600);
    let scene = client(place, 1, |_| {});
    kamailio.wait(&["saved line1 "]);
    let fill = [("method", "INVITE")];
    // Peer 0 is Kamailio.
    scene.next_peer();
    scene.caller(&Call { scenario: "silence.xml", ip: "127.0.0.2", fill: &fill, ..Call::default() }).finish();
    assert!(scene.lines.told(0).is_empty());
    scene.daemon.wait_notice("source_dropped");
}

/// A telephone of the remote server.
fn telephone(scene: &Scene, kamailio: &Kamailio) -> Baresip {
    let (server, secret) = (kamailio.address(), settings::secret("200"));
    let account = format!("<sip:200@{server}>;auth_user=200;auth_pass={secret};regint=600;answermode=auto");
    let phone = Baresip::start(&scene.place, 1, &account, &Sound::silence(60_000));
    phone.wait_registered();
    phone
}

#[test]
fn a_call_without_a_number_hears_the_dial_tone_of_the_line_and_dials_by_keys() {
    if !installed(&["baresip", "kamailio"]) {
        return;
    }
    let place = Place::new();
    let kamailio = Kamailio::start(&place, 0, 600);
    let scene = client(place, 1, |_| {});
    kamailio.wait(&["saved line1 "]);
    let mut phone = telephone(&scene, &kamailio);
    phone.dial(&format!("sip:line1@{}", kamailio.address()));
    phone.wait("CALL_ESTABLISHED");
    scene.lines.wait_for("seized", SOON, |told| told["event"] == "hook" && told["off_hook"] == true);
    // A person listens for the dial tone first.
    std::thread::sleep(Duration::from_millis(1500));
    for key in "106".chars() {
        phone.press(key);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(scene.lines.wait(0, "dialed")["number"], "106");
    scene.lines.wait(0, "answered");
    std::thread::sleep(Duration::from_millis(1000));
    phone.hang_up();
    scene.lines.wait(0, "released");
    scene.daemon.wait_record("sip_hung_up");
    let heard = phone.heard();
    let dial_tone = heard.bursts(&[425.0], -20.0);
    assert!(dial_tone.first().is_some_and(|burst| burst.length_ms > 1000), "{dial_tone:?}");
    // Number 106 speaks a tone.
    let far_end = heard.bursts(&[1000.0], -15.0);
    assert!(far_end.last().is_some_and(|burst| burst.length_ms > 700), "{far_end:?}");
}

#[test]
fn a_provider_that_puts_the_number_into_the_request_uri_gets_it_dialled() {
    if !installed(&["kamailio", "sipp"]) {
        return;
    }
    let place = Place::new();
    let kamailio = Kamailio::start(&place, 0, 600);
    let scene = client(place, 1, |_| {});
    kamailio.wait(&["saved line1 "]);
    // Peer 0 is Kamailio; the registrar's address is what counts.
    scene.next_peer();
    let fill = [("hold_ms", "200")];
    scene.caller(&Call { scenario: "trunk_call.xml", number: "100", fill: &fill, ..Call::default() }).finish();
    assert_eq!(scene.lines.wait(0, "dialed")["number"], "100");
    let record = scene.daemon.wait_record("sip_hung_up");
    assert_eq!((record["port"].as_u64(), record["to"].as_str()), (Some(0), Some("100")));
}
