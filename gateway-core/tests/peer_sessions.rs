//! What goes on inside a call with SIPp: session timers (RFC 4028), and provisional responses that do not get lost (RFC 3262).
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use gateway_core::config::settings::Mode;
use serde_json::json;
use stage::scene::G711;
use stage::sipp::Part;
use stage::{Call, Place, Scene, Sipp, installed};

/// A trunk whose peer is SIPp, with nothing but SIP to tell that it is gone.
fn trunk() -> Scene {
    Scene::start_at(Place::new(), Mode::SipTrunk, 1, |settings, place| {
        settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(0));
        settings.ports[0].line.rtp_timeout_s = 0;
        settings.ports[0].line.silence_timeout_s = 0;
    })
}

fn called(scene: &mut Scene, scenario: &str) {
    let part = Part { scenario, port: scene.place.peer(0), fill: &[("codecs", G711)], ..Part::default() };
    let sipp = Sipp::start(&scene.place, &part);
    scene.lines.act(0, "ring", json!({ "from": "1133334444" }));
    sipp.finish();
    scene.lines.wait(0, "released");
}

#[test]
fn a_session_is_asked_for_longer_after_422_and_refreshed_by_the_same_offer() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk();
    called(&mut scene, "callee_session_timer.xml");
    scene.daemon.wait_record("sip_hung_up");
}

#[test]
fn a_peer_that_breaks_its_promise_to_refresh_frees_the_line() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk();
    called(&mut scene, "callee_expires.xml");
    scene.daemon.wait_record("session_expired");
}

#[test]
fn a_caller_that_requires_it_gets_its_progress_until_it_acknowledges_it() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipTrunk, 1, |settings| settings.gateway.remote_server = "127.0.0.1".to_owned());
    let fill = [("hold_ms", "500")];
    let messages = scene.caller(&Call { scenario: "reliable_call.xml", fill: &fill, ..Call::default() }).messages_at_end();
    // SIPp passes over what is sent again, and keeps it in its log.
    assert_eq!(messages.matches("SIP/2.0 183 ").count(), 2, "{messages}");
    scene.daemon.wait_record("sip_hung_up");
}
