//! SIPp proves the table "what a SIP caller gets": every row with its status, its `Reason` and its notice.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use gateway_core::config::settings::{AnswerMode, Mode, Settings};
use serde_json::json;
use stage::scene::{header, reason};
use stage::sound::Sound;
use stage::{Call, Daemon, Place, Scene, Sipp, installed, settings};

/// A telephone that speaks G.722 only.
const G722: &str = "9\n      a=rtpmap:9 G722/8000";

/// The answers of the gateway in a log of SIPp: of each its status line and the names of its headers.
fn answers(messages: &str) -> Vec<Vec<String>> {
    let answers = messages.split("message received").skip(1).map(|part| {
        let lines = part.lines().skip_while(|line| !line.starts_with("SIP/2.0")).take_while(|line| !line.is_empty());
        lines.map(|line| line.split_once(": ").map_or(line, |(name, _)| name).to_owned()).collect()
    });
    answers.collect()
}

#[test]
fn a_wrong_secret_and_an_unknown_user_look_the_same_then_403_then_nothing() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, |settings| settings.gateway.auth_tries = 2);
    let play = |user: &str, ip: &str| {
        let checks = reason(21);
        let fill = [("status", "403"), ("checks", checks.as_str())];
        let sipp = scene.caller(&Call { scenario: "wrong_secret.xml", user, secret: Some("guess"), ip, fill: &fill, ..Call::default() });
        answers(&sipp.messages_at_end())
    };
    let wrong = play("line1", "127.0.0.2");
    let unknown = play("nobody", "127.0.0.3");
    assert_eq!(wrong, unknown);
    let statuses: Vec<&str> = wrong.iter().map(|answer| answer[0].as_str()).collect();
    assert_eq!(statuses, ["SIP/2.0 401 Unauthorized", "SIP/2.0 401 Unauthorized", "SIP/2.0 403 Forbidden"]);
    scene.daemon.wait_notice("wrong_credentials");

    let guess = Call { secret: Some("guess"), ip: "127.0.0.2", ..Call::default() };
    for _ in 0..6 {
        scene.refused(&guess, "403", 21, "");
    }
    let ask = [("method", "INVITE")];
    scene.caller(&Call { scenario: "silence.xml", ip: "127.0.0.2", fill: &ask, ..Call::default() }).finish();
    // Whoever knows the secret is served all the while.
    scene.refused(&Call { number: "", ..Call::default() }, "484", 28, "");
}

#[test]
fn a_source_that_only_another_port_admits_gets_403() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 2, |settings| {
        settings.ports[0].only_from_host = "127.0.0.3".to_owned();
        settings.ports[1].only_from_host = "127.0.0.2 127.0.0.1".to_owned();
    });
    scene.refused(&Call { ip: "127.0.0.2", ..Call::default() }, "403", 21, "");
    let notice = scene.daemon.wait_notice("host_not_admitted");
    assert_eq!((notice["port"].as_u64(), notice["setting"].as_str()), (Some(0), Some("ports[0].only_from_host")));
    // The same caller at the port that admits it gets past this check.
    scene.refused(&Call { ip: "127.0.0.2", user: "line2", number: "", ..Call::default() }, "484", 28, "");
    assert!(scene.lines.told(0).is_empty() && scene.lines.told(1).is_empty(), "no line is touched");
}

#[test]
fn a_source_that_no_port_admits_gets_no_answer_to_anything() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, |settings| settings.ports[0].only_from_host = "127.0.0.3".to_owned());
    let asked: Vec<Sipp> = ["INVITE", "REGISTER", "OPTIONS", "BYE"]
        .iter()
        .map(|method| {
            let fill = [("method", *method)];
            scene.caller(&Call { scenario: "silence.xml", fill: &fill, ..Call::default() })
        })
        .collect();
    asked.into_iter().for_each(Sipp::finish);
    scene.daemon.wait_notice("source_dropped");
    let fill = [("status", "200")];
    scene.caller(&Call { scenario: "options.xml", ip: "127.0.0.3", fill: &fill, ..Call::default() }).finish();
}

#[test]
fn without_stealth_a_source_that_no_port_admits_gets_403() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, |settings| {
        settings.gateway.stealth = false;
        settings.ports[0].only_from_host = "127.0.0.3".to_owned();
    });
    scene.refused(&Call { scenario: "trunk_refused.xml", ..Call::default() }, "403", 21, "");
    scene.daemon.wait_notice("source_dropped");
}

#[test]
fn settings_numbers_and_codecs_refuse_a_caller_before_the_line_is_touched() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 2, |settings| {
        settings.ports[1].sip_to_fxo = false;
        settings.gateway.dial_rules = vec!["deny 0300.".to_owned()];
    });
    scene.refused(&Call { user: "line2", ..Call::default() }, "403", 21, "");
    assert_eq!(scene.daemon.wait_notice("sip_to_fxo_disabled")["setting"], "ports[1].sip_to_fxo");
    scene.refused(&Call { number: "03001234", ..Call::default() }, "403", 21, "");
    assert_eq!(scene.daemon.wait_notice("number_blocked")["setting"], "gateway.dial_rules[0]");
    scene.refused(&Call { number: "0014155550100", ..Call::default() }, "403", 21, "");
    assert_eq!(scene.daemon.wait_notice("international_blocked")["setting"], "gateway.dial_international");
    scene.refused(&Call { number: "", ..Call::default() }, "484", 28, "");
    scene.daemon.wait_notice("number_missing");
    scene.refused(&Call { codecs: G722, ..Call::default() }, "488", 65, "");
    assert_eq!(scene.daemon.wait_notice("no_common_codec")["setting"], "gateway.codecs");
    assert!(scene.lines.told(0).is_empty() && scene.lines.told(1).is_empty(), "no line is touched");
}

#[test]
fn a_busy_port_gets_486_whether_it_talks_rings_or_a_telephone_beside_it_is_in_use() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, |settings| settings.ports[0].fxo_to_sip = true);
    let fill = [("hold_ms", "1500")];
    let call = scene.caller(&Call { scenario: "call.xml", fill: &fill, ..Call::default() });
    scene.daemon.wait_port(0, "talking");
    scene.refused(&Call::default(), "486", 17, "");
    scene.daemon.wait_notice("port_busy");
    call.finish();
    scene.daemon.wait_record("sip_hung_up");
    scene.daemon.wait_port(0, "idle");

    scene.lines.act(0, "ring", json!({}));
    scene.daemon.wait_port(0, "ringing");
    scene.refused(&Call::default(), "486", 17, "");
    scene.lines.act(0, "stop_ringing", json!({}));
    scene.daemon.wait_port(0, "idle");

    scene.lines.act(0, "extension", json!({ "off_hook": true }));
    scene.daemon.wait_port(0, "in_use");
    scene.refused(&Call::default(), "486", 17, "");
    scene.lines.act(0, "extension", json!({ "off_hook": false }));
    scene.daemon.wait_port(0, "idle");
}

#[test]
fn when_all_ports_are_busy_a_trunk_peer_gets_503_with_retry_after() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipTrunk, 1, |settings| settings.gateway.remote_server = "127.0.0.1".to_owned());
    let fill = [("hold_ms", "2000")];
    let call = scene.caller(&Call { scenario: "trunk_call.xml", fill: &fill, ..Call::default() });
    scene.daemon.wait_port(0, "talking");
    scene.refused(&Call { scenario: "trunk_refused.xml", ..Call::default() }, "503", 34, &header("Retry-After", "[1-9]"));
    scene.daemon.wait_notice("all_ports_busy");
    call.finish();
}

#[test]
fn a_line_without_battery_and_a_gateway_without_box_get_503() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, |_| {});
    scene.lines.act(0, "cable_out", json!({}));
    scene.daemon.wait_port(0, "no_battery");
    scene.refused(&Call::default(), "503", 27, "");
    scene.daemon.wait_notice("line_dead");
    assert!(scene.lines.told(0).iter().all(|told| told["event"] != "hook"), "a line without battery is never seized");

    let place = Place::new();
    let without_box = Daemon::run(&place, &settings::settings(&place, Mode::SipServer, 1), "none");
    let uri = format!("sip:100@127.0.0.1:{}", place.sip());
    let checks = reason(27);
    let fill = [("status", "503"), ("checks", checks.as_str()), ("to", &uri), ("user", "line1"), ("codecs", stage::scene::G711)];
    let secret = settings::secret("line1");
    let part = stage::sipp::Part {
        scenario: "refused.xml",
        port: place.peer(0),
        remote_port: place.sip(),
        user: "line1",
        secret: &secret,
        fill: &fill,
        ..stage::sipp::Part::default()
    };
    Sipp::play(&place, &part);
    without_box.stop();
}

/// A gateway that finds out by ear when the called party answers, so that everything before is still no answer.
fn listening(settings: &mut Settings) {
    settings.ports[0].line.answer_mode = AnswerMode::Voice;
    settings.ports[0].line.no_answer_s = 6;
}

/// Calls `number`, which ends like this; then the line is given back and the port is ready again.
fn ends_before_the_answer(scene: &mut Scene, number: &str, status: &str, cause: u8, record: &str) {
    scene.mark();
    scene.refused(&Call { number, ..Call::default() }, status, cause, "");
    let record = scene.daemon.wait_record(record);
    assert_eq!(record["sip_status"].to_string(), status);
    scene.lines.wait(0, "released");
    scene.daemon.wait_port(0, "idle");
}

#[test]
fn no_dial_tone_busy_tone_and_congestion_have_answers_of_their_own() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, listening);
    ends_before_the_answer(&mut scene, "101", "486", 17, "busy");
    ends_before_the_answer(&mut scene, "105", "503", 34, "congestion");
    scene.lines.act(0, "dial_tone", json!({ "present": false }));
    ends_before_the_answer(&mut scene, "100", "503", 38, "no_dial_tone");
    scene.daemon.wait_notice("no_dial_tone");
}

#[test]
fn special_information_tones_and_nobody_there_have_answers_of_their_own() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, listening);
    // ITU-T E.180: three tones that rise.
    let rising = [950.0, 1400.0, 1800.0].map(|hz| Sound::tone(hz, -14.0, 330));
    let tones: Sound = rising.into_iter().chain([Sound::silence(1000)]).collect();
    let number = "100";
    scene.mark();
    let checks = reason(1);
    let fill = [("status", "503"), ("checks", checks.as_str())];
    let call = scene.caller(&Call { scenario: "refused.xml", number, fill: &fill, ..Call::default() });
    scene.lines.wait(0, "answered");
    scene.lines.act(0, "speak", json!({ "sound": { "kind": "recording", "samples": tones.0 } }));
    call.finish();
    scene.daemon.wait_record("unobtainable");
    scene.daemon.wait_port(0, "idle");

    ends_before_the_answer(&mut scene, "102", "480", 19, "no_answer");
}

#[test]
fn cancel_releases_the_line_at_once_at_any_step() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, listening);
    for (scenario, number, after_ms) in
        [("cancel_dialing.xml", "100", "50"), ("cancel_dialing.xml", "123456789", "900"), ("cancel_ringing.xml", "102", "500")]
    {
        scene.mark();
        let fill = [("after_ms", after_ms)];
        scene.caller(&Call { scenario, number, fill: &fill, ..Call::default() }).finish();
        let record = scene.daemon.wait_record("sip_cancelled");
        assert_eq!(record["sip_status"], 487);
        scene.daemon.wait_port(0, "idle");
        let hooks: Vec<_> = scene.lines.told(0).into_iter().filter(|told| told["event"] == "hook").collect();
        assert!(hooks.last().is_none_or(|hook| hook["off_hook"] == false), "{scenario} after {after_ms}: {hooks:?}");
    }
}
