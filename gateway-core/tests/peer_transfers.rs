//! Transfers with SIPp at both ends: one calls the line and refers it to the other. And by hook flash, with baresip.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use gateway_core::config::settings::Mode;
use serde_json::json;
use stage::scene::{G711, RINGING, header};
use stage::sipp::Part;
use stage::sound::Sound;
use stage::{Baresip, Call, Scene, Sipp, installed, settings};

/// Whom the transfers lead to: far enough from the ports of the callers.
const COLLEAGUE: u16 = 5;

fn trunk() -> Scene {
    Scene::start(Mode::SipTrunk, 1, |settings| {
        settings.gateway.remote_server = "127.0.0.1".to_owned();
        settings.ports[0].line.rtp_timeout_s = 0;
        settings.ports[0].line.silence_timeout_s = 0;
        settings.ports[0].line.transfer_by_hook_flash = true;
    })
}

fn refer(scene: &Scene, ringing: &str, last: &str) -> Sipp {
    refer_after("500", scene, &format!("sip:ana@127.0.0.1:{}", scene.place.peer(COLLEAGUE)), ringing, last)
}

fn refer_after(hold_ms: &str, scene: &Scene, to: &str, ringing: &str, last: &str) -> Sipp {
    let fill = [("hold_ms", hold_ms), ("refer_to", to), ("ringing", ringing), ("final", last)];
    scene.caller(&Call { scenario: "referrer.xml", fill: &fill, ..Call::default() })
}

#[test]
fn a_line_is_handed_on_and_talks_with_the_colleague_until_it_hangs_up() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk();
    let checks = format!("{}{}", header("From", "sip:100@"), header("Referred-By", "sip:line1@127[.]0[.]0[.]1"));
    let fill = [("codecs", G711), ("ring_ms", "500"), ("checks", checks.as_str())];
    let part = Part { scenario: "callee.xml", port: scene.place.peer(COLLEAGUE), fill: &fill, ..Part::default() };
    let colleague = Sipp::start(&scene.place, &part);
    refer(&scene, RINGING, "200 OK").finish();
    scene.lines.wait(0, "answered");
    scene.daemon.wait_port(0, "talking");
    scene.lines.act(0, "hang_up", json!({}));
    colleague.finish();
    let record = scene.daemon.wait_record("line_hung_up");
    assert!(record["timeline"].to_string().contains("\"transferred\""), "{record}");
    scene.lines.wait(0, "released");
}

#[test]
fn a_colleague_who_refuses_leaves_the_line_with_its_caller() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk();
    let checks = header("Referred-By", "sip:line1@");
    let fill = [("status", "486 Busy Here"), ("checks", checks.as_str())];
    let part = Part { scenario: "callee_refuses.xml", port: scene.place.peer(COLLEAGUE), fill: &fill, ..Part::default() };
    let colleague = Sipp::start(&scene.place, &part);
    let caller = refer(&scene, "", "486");
    colleague.finish();
    scene.lines.wait(0, "answered");
    scene.daemon.wait_port(0, "talking");
    scene.lines.act(0, "hang_up", json!({}));
    caller.finish();
    let record = scene.daemon.wait_record("line_hung_up");
    assert!(record["timeline"].to_string().contains("\"transfer_failed\""), "{record}");
}

#[test]
fn a_telephone_transfers_to_a_number_and_the_exchange_passes_its_caller_on() {
    if !installed(&["baresip"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, |settings| {
        settings.ports[0].target = "line1".to_owned();
        settings.ports[0].line.transfer_by_hook_flash = true;
    });
    let (gateway, secret) = (format!("127.0.0.1:{}", scene.place.sip()), settings::secret("line1"));
    let account = format!("<sip:line1@{gateway}>;auth_user=line1;auth_pass={secret};regint=600;answermode=auto");
    let mut phone = Baresip::start(&scene.place, 0, &account, &Sound::silence(60_000));
    phone.wait_registered();
    scene.lines.act(0, "ring", json!({ "from": "1133334444" }));
    phone.wait("CALL_ESTABLISHED");
    scene.lines.wait(0, "connected");
    phone.order_with("transfer", &format!("sip:102@127.0.0.1:{}", scene.place.sip()));
    scene.lines.wait(0, "held");
    scene.lines.wait(0, "transferred");
    phone.wait("CALL_CLOSED");
    let record = scene.daemon.wait_record("transferred");
    assert!(record["timeline"].to_string().contains("sip:102@"), "{record}");
}

#[test]
fn a_busy_number_gives_the_caller_back() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = trunk();
    let busy = format!("sip:101@127.0.0.1:{}", scene.place.sip());
    // The number that is called answers after 2 s of ringing: an exchange keeps nobody waiting who is not there.
    let caller = refer_after("4000", &scene, &busy, "", "486");
    scene.lines.wait(0, "held");
    scene.lines.wait(0, "retrieved");
    scene.daemon.wait_port(0, "talking");
    scene.lines.act(0, "hang_up", json!({}));
    caller.finish();
    let record = scene.daemon.wait_record("line_hung_up");
    assert!(record["timeline"].to_string().contains("\"transfer_failed\""), "{record}");
}
