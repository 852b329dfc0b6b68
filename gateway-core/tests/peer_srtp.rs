//! SRTP with a telephone of another maker: calls in both directions, sound included, and calls that are not to be.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use gateway_core::config::settings::Mode;
use gateway_core::sdp::SrtpUse;
use serde_json::{Value, json};
use stage::sound::Sound;
use stage::{Baresip, Scene, installed, settings};

/// A registered telephone that speaks a tone; `mediaenc` as its account says it.
fn telephone(scene: &Scene, mediaenc: &str) -> Baresip {
    let (gateway, secret) = (scene.place.sip(), settings::secret("line1"));
    let encrypts = if mediaenc.is_empty() { String::new() } else { format!(";mediaenc={mediaenc}") };
    let account = format!("<sip:line1@127.0.0.1:{gateway}>;auth_user=line1;auth_pass={secret};regint=600;answermode=auto{encrypts}");
    let phone = Baresip::start_with(&scene.place, 0, &account, &Sound::tone(1300.0, -12.0, 30_000), "module srtp.so\n");
    phone.wait_registered();
    phone
}

fn gateway(srtp: SrtpUse) -> Scene {
    Scene::start(Mode::SipServer, 1, |settings| {
        settings.gateway.srtp = srtp;
        settings.ports[0].target = "line1".to_owned();
    })
}

/// Whether the timeline of a record says that its audio was sealed.
fn is_sealed(record: &Value) -> bool {
    let timeline = record["timeline"].as_array().unwrap();
    let attached = timeline.iter().find(|mark| mark["what"]["kind"] == "media_attached").expect("audio flowed");
    attached["what"]["srtp"].as_bool().unwrap()
}

fn packets(record: &Value) -> (u64, u64) {
    let count = |name: &str| record["rtp"][name].as_u64().unwrap_or_default();
    (count("sent"), count("received"))
}

#[test]
fn sound_is_sealed_in_both_directions_whether_we_or_the_telephone_insist() {
    if !installed(&["baresip"]) {
        return;
    }
    for (ours, theirs, sealed) in [
        (SrtpUse::Preferred, "srtp", true),
        (SrtpUse::Preferred, "srtp-mand", true),
        (SrtpUse::Mandatory, "srtp-mand", true),
        (SrtpUse::Mandatory, "srtp", true),
        (SrtpUse::Preferred, "", false),
    ] {
        let mut scene = gateway(ours);
        let mut phone = telephone(&scene, theirs);
        phone.dial(&format!("sip:100@127.0.0.1:{}", scene.place.sip()));
        phone.wait("CALL_ESTABLISHED");
        scene.daemon.wait_port(0, "talking");
        scene.daemon.wait("sound of the telephone", stage::SOON, |event| event["mark"]["what"]["kind"] == "rtp_heard");
        phone.hang_up();
        let record = scene.daemon.wait_record("sip_hung_up");
        assert_eq!(is_sealed(&record), sealed, "{ours:?} {theirs}: {record}");
        scene.daemon.wait_port(0, "idle");
        scene.mark();
        phone.mark();
        scene.lines.act(0, "ring", json!({ "from": "1133334444" }));
        phone.wait("CALL_ESTABLISHED");
        scene.daemon.wait("sound of the telephone", stage::SOON, |event| event["mark"]["what"]["kind"] == "rtp_heard");
        scene.lines.act(0, "hang_up", json!({}));
        phone.wait("CALL_CLOSED");
        let record = scene.daemon.wait_record("line_hung_up");
        assert_eq!(is_sealed(&record), sealed, "{ours:?} {theirs}: {record}");
    }
}

#[test]
fn a_telephone_without_srtp_is_refused_where_it_is_mandatory() {
    if !installed(&["baresip"]) {
        return;
    }
    let scene = gateway(SrtpUse::Mandatory);
    let mut phone = telephone(&scene, "");
    phone.dial(&format!("sip:100@127.0.0.1:{}", scene.place.sip()));
    let closed = phone.wait("CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap().contains("488"), "{closed}");
    scene.daemon.wait_notice("not_secured");
    assert!(scene.lines.told(0).is_empty(), "the line was not touched");
}
