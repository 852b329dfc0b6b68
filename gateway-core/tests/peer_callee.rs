//! The line rings and SIPp is called: targets, refusals, and who gives up first.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use gateway_core::config::settings::{LineSettings, Mode, OnRefusal, PortSettings};
use serde_json::{Value, json};
use stage::scene::{G711, header, reason};
use stage::sipp::Part;
use stage::{Place, SOON, Scene, Sipp, installed};

/// A trunk whose peer is peer 0 of the place.
fn trunk(change: impl FnOnce(&mut PortSettings, &Place)) -> Scene {
    Scene::start_at(Place::new(), Mode::SipTrunk, 1, |settings, place| {
        settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(0));
        change(&mut settings.ports[0], place);
    })
}

/// SIPp waits to be called as peer `number`.
fn callee(scene: &Scene, number: u16, scenario: &str, fill: &[(&str, &str)]) -> Sipp {
    Sipp::start(&scene.place, &Part { scenario, port: scene.place.peer(number), fill, ..Part::default() })
}

/// A check: the first line of the request matches.
fn asks_for(pattern: &str) -> String {
    format!("<ereg regexp=\"^INVITE {pattern} SIP\" search_in=\"msg\" check_it=\"true\" assign_to=\"seen\"/>")
}

fn ring(scene: &mut Scene) {
    scene.lines.act(0, "ring", json!({ "from": "1133334444" }));
}

/// Waits for the record of the only call.
fn record(scene: &Scene, cause: &str) -> Value {
    let record = scene.daemon.wait_record(cause);
    scene.daemon.wait_port(0, "idle");
    assert_eq!(scene.daemon.told(|event| event["event"] == "record").len(), 1);
    record
}

#[test]
fn the_invite_names_target_and_caller_and_the_line_waits_on_hook_for_the_answer() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|port, _| port.target = "desk".to_owned());
    let checks = format!(
        "{}{}{}",
        asks_for(&format!("sip:desk@127.0.0.1:{}", scene.place.peer(0))),
        header("From", "1133334444"),
        header("P-Asserted-Identity", "1133334444")
    );
    let sipp = callee(&scene, 0, "callee.xml", &[("codecs", G711), ("ring_ms", "1500"), ("checks", &checks)]);
    ring(&mut scene);
    sipp.wait_messages("180 Ringing", 1, SOON);
    scene.daemon.wait_port(0, "calling");
    assert!(scene.lines.told(0).iter().all(|told| told["event"] != "hook"), "on hook while nobody has answered");
    scene.lines.wait(0, "connected");
    scene.daemon.wait_port(0, "talking");
    scene.lines.act(0, "hang_up", json!({}));
    sipp.finish();
    let record = record(&scene, "line_hung_up");
    assert_eq!(record["evidence"]["kind"], "loop_interruption", "{record}");
}

#[test]
fn a_called_party_that_hangs_up_gives_the_line_back() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|_, _| {});
    let sipp = callee(&scene, 0, "callee_hangs_up.xml", &[("codecs", G711), ("hold_ms", "1000")]);
    ring(&mut scene);
    sipp.finish();
    scene.lines.wait(0, "released");
    record(&scene, "sip_hung_up");
}

#[test]
fn busy_tone_from_the_exchange_ends_a_call_where_nothing_else_tells() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|_, _| {});
    let checks = header("From", "sip:");
    let sipp = callee(&scene, 0, "callee.xml", &[("codecs", G711), ("ring_ms", "0"), ("checks", &checks)]);
    ring(&mut scene);
    scene.daemon.wait_port(0, "talking");
    scene.lines.wait(0, "connected");
    scene.lines.act(0, "hang_up", json!({ "how": { "kind": "busy_tone" } }));
    sipp.finish();
    let record = record(&scene, "line_hung_up");
    assert_eq!(record["evidence"]["kind"], "disconnect_tone", "{record}");
}

#[test]
fn a_caller_who_gives_up_is_a_missed_call_and_sip_is_cancelled() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|_, _| {});
    let checks = header("From", "sip:");
    let sipp = callee(&scene, 0, "callee_cancelled.xml", &[("checks", &checks)]);
    ring(&mut scene);
    sipp.wait_messages("180 Ringing", 1, SOON);
    scene.lines.act(0, "stop_ringing", json!({}));
    sipp.finish();
    let record = record(&scene, "caller_gave_up");
    assert_eq!((record["from"].as_str(), record["answered_ms"].is_null()), (Some("1133334444"), true));
    assert!(scene.lines.told(0).iter().all(|told| told["event"] != "hook"), "the line was never touched");
}

#[test]
fn the_second_target_is_called_when_the_first_refuses() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|port, place| port.second_target = format!("night@127.0.0.1:{}", place.peer(1)));
    let first_checks = asks_for("sip:200@.*");
    let first = callee(&scene, 0, "callee_refuses.xml", &[("status", "486 Busy Here"), ("checks", &first_checks)]);
    let second_checks = asks_for("sip:night@.*");
    let second = callee(&scene, 1, "callee.xml", &[("codecs", G711), ("ring_ms", "0"), ("checks", &second_checks)]);
    ring(&mut scene);
    first.finish();
    let notice = scene.daemon.wait_notice("target_refused");
    assert_eq!(notice["args"]["status"], "486");
    scene.lines.wait(0, "connected");
    scene.lines.act(0, "hang_up", json!({}));
    second.finish();
    record(&scene, "line_hung_up");
}

#[test]
fn when_every_target_refuses_the_line_rings_on() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|_, _| {});
    let checks = header("From", "sip:");
    let sipp = callee(&scene, 0, "callee_refuses.xml", &[("status", "603 Decline"), ("checks", &checks)]);
    ring(&mut scene);
    sipp.finish();
    scene.daemon.wait_notice("target_refused");
    scene.daemon.wait_port(0, "ringing");
    scene.lines.act(0, "stop_ringing", json!({}));
    let record = record(&scene, "target_refused");
    assert_eq!(record["sip_status"], 603);
    assert!(scene.lines.told(0).iter().all(|told| told["event"] != "hook"));
}

#[test]
fn when_every_target_refuses_the_line_is_answered_and_released_where_that_is_set() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|port, _| port.line = LineSettings { on_refusal: OnRefusal::AnswerAndRelease, ..LineSettings::default() });
    let checks = header("From", "sip:");
    let sipp = callee(&scene, 0, "callee_refuses.xml", &[("status", "480 Temporarily Unavailable"), ("checks", &checks)]);
    ring(&mut scene);
    sipp.finish();
    // The exchange takes the call as answered, so that the caller hears that nobody is there.
    scene.lines.wait(0, "connected");
    scene.lines.wait(0, "released");
    record(&scene, "target_refused");
    assert_eq!(scene.daemon.told(|event| event["notice"]["code"] == "ringing").len(), 1, "it does not ring again");
}

#[test]
fn a_trunk_peer_that_wants_credentials_ends_the_call_with_a_plain_reason() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|_, _| {});
    let checks = header("From", "sip:");
    let sipp = callee(&scene, 0, "callee_refuses.xml", &[("status", "407 Proxy Authentication Required"), ("checks", &checks)]);
    ring(&mut scene);
    sipp.finish();
    scene.daemon.wait_notice("trunk_challenged");
    scene.lines.act(0, "stop_ringing", json!({}));
    assert_eq!(record(&scene, "target_refused")["sip_status"], 407);
}

#[test]
fn a_blank_target_calls_unknown_at_the_remote_server() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|port, _| port.target = String::new());
    let checks = asks_for(&format!("sip:unknown@127.0.0.1:{}", scene.place.peer(0)));
    let sipp = callee(&scene, 0, "callee_refuses.xml", &[("status", "404 Not Found"), ("checks", &checks)]);
    ring(&mut scene);
    sipp.finish();
    scene.lines.act(0, "stop_ringing", json!({}));
    record(&scene, "target_refused");
}

#[test]
fn with_fxo_to_sip_off_a_ring_causes_no_sip_and_one_notice() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|port, _| port.fxo_to_sip = false);
    let peer = std::net::UdpSocket::bind(("127.0.0.1", scene.place.peer(0))).unwrap();
    peer.set_nonblocking(true).unwrap();
    ring(&mut scene);
    let notice = scene.daemon.wait_notice("ring_ignored");
    assert_eq!(notice["setting"], "ports[0].fxo_to_sip");
    // Two rings later there is still no word of SIP, and the line was not answered.
    std::thread::sleep(std::time::Duration::from_secs(6));
    scene.lines.act(0, "stop_ringing", json!({}));
    scene.daemon.wait_port(0, "idle");
    assert!(peer.recv(&mut [0; 2048]).is_err(), "no SIP");
    assert!(scene.lines.told(0).iter().all(|told| told["event"] != "hook"));
    assert_eq!(scene.daemon.told(|event| event["notice"]["code"] == "ring_ignored").len(), 1);
}

#[test]
fn an_operator_of_the_peer_reads_the_reason_when_the_box_dies_under_a_call() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk(|_, _| {});
    let checks = header("From", "sip:");
    let bye = reason(27);
    let sipp = callee(&scene, 0, "callee_bye.xml", &[("codecs", G711), ("checks", &checks), ("bye", &bye)]);
    ring(&mut scene);
    scene.lines.wait(0, "connected");
    scene.daemon.wait_port(0, "talking");
    std::mem::replace(&mut scene.lines, stage::SimulatedBox::start(1)).kill();
    sipp.finish();
    assert!(scene.daemon.wait_record("device_gone")["answered_ms"].is_u64());
}
