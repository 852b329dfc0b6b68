//! One user for all ports, and bad input at every edge of the real program.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::net::UdpSocket;
use std::time::Duration;

use gateway_core::config::settings::{Mode, Secret, Settings};
use serde_json::{Value, json};
use stage::noise::Noise;
use stage::scene::{header, reason};
use stage::wire::Wire;
use stage::{Call, Daemon, Place, SOON, Scene, SimulatedBox, Sipp, installed, settings};

/// One user for all ports.
fn single_user(settings: &mut Settings) {
    settings.gateway.single_user = true;
    settings.gateway.user = "office".to_owned();
    settings.gateway.secret = Secret(settings::secret("office"));
}

/// The office calls number 100 and keeps the line for so long.
fn office_calls(scene: &Scene, hold_ms: &str) -> Sipp {
    let fill = [("hold_ms", hold_ms)];
    scene.caller(&Call { user: "office", scenario: "call.xml", fill: &fill, ..Call::default() })
}

fn states(snapshot: &Value) -> Vec<&str> {
    snapshot["ports"].as_array().unwrap().iter().map(|port| port["state"].as_str().unwrap()).collect()
}

#[test]
fn single_user_two_calls_take_both_ports_and_the_third_gets_503() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 2, single_user);
    let calls = [office_calls(&scene, "3000"), office_calls(&scene, "3000")];
    scene.daemon.wait_picture("both ports talk", SOON, |snapshot| states(snapshot) == ["talking", "talking"]);
    scene.refused(&Call { user: "office", ..Call::default() }, "503", 34, &header("Retry-After", "[1-9]"));
    scene.daemon.wait_notice("all_ports_busy");
    calls.into_iter().for_each(Sipp::finish);
    scene.daemon.wait_all("idle");
    let records = scene.daemon.told(|event| event["event"] == "record");
    let mut ports: Vec<u64> = records.iter().map(|event| event["record"]["port"].as_u64().unwrap()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [0, 1]);
}

#[test]
fn single_user_a_line_without_cable_never_gets_a_call_and_gets_the_next_one_when_it_is_back() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 2, single_user);
    scene.lines.act(0, "cable_out", json!({}));
    scene.daemon.wait_port(0, "no_battery");
    for _ in 0..2 {
        scene.mark();
        office_calls(&scene, "100").finish();
        assert_eq!(scene.daemon.wait_record("sip_hung_up")["port"], 1);
        scene.daemon.wait_port(1, "idle");
    }
    let call = office_calls(&scene, "1500");
    scene.daemon.wait_port(1, "talking");
    scene.refused(&Call { user: "office", ..Call::default() }, "503", 34, &header("Retry-After", "[1-9]"));
    call.finish();
    scene.daemon.wait_port(1, "idle");
    assert!(scene.lines.all(0).iter().all(|told| told["event"] != "hook"), "{:?}", scene.lines.all(0));

    scene.lines.act(0, "cable_in", json!({}));
    scene.daemon.wait_port(0, "idle");
    scene.mark();
    office_calls(&scene, "100").finish();
    assert_eq!(scene.daemon.wait_record("sip_hung_up")["port"], 0, "the port that was not used for longest");
}

#[test]
fn a_sip_port_in_use_is_named_with_its_setting() {
    let place = Place::new();
    let _taken = UdpSocket::bind(("127.0.0.1", place.sip())).unwrap();
    let (code, said) = Daemon::launch(&place, &settings::settings(&place, Mode::SipServer, 1), "none").ended();
    assert_eq!(code, 69, "{said}");
    let address = format!("127.0.0.1:{}", place.sip());
    assert!(said.contains(&address) && said.contains("gateway.sip_port") && said.contains("port_in_use"), "{said}");
}

#[test]
fn profiles_that_make_no_sense_are_explained_and_nothing_starts() {
    let place = Place::new();
    let data = place.below("data");
    let run = |text: &str| {
        let file = place.folder().join("bad.json");
        std::fs::write(&file, text).unwrap();
        let [file, data] = [&file, &data].map(|path| path.to_str().unwrap());
        Daemon::with_args(&["run", "--device", "none", "--profile", file, "--data-dir", data]).ended()
    };
    let (code, said) = run("{ \"format\": \"loopstart-profile\", ");
    assert_eq!(code, 65, "{said}");
    let (code, said) =
        run(r#"{"format":"loopstart-profile","version":1,"settings":{"gateway":{"sip_prot":5060},"ports":[{"target":"a b"}]}}"#);
    assert_eq!(code, 65, "{said}");
    assert!(said.contains("gateway.sip_prot") && said.contains("ports[0].target"), "every mistake has its place: {said}");
    let (code, said) = run(r#"{"format":"loopstart-profile","version":99,"settings":{}}"#);
    assert_eq!(code, 65, "{said}");
    let (code, said) = Daemon::with_args(&["run", "--device", "none", "--profile", "/nonexistent.json"]).ended();
    assert_eq!(code, 66, "{said}");
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let settings = settings::settings(&place, Mode::SipServer, 1);
    Daemon::run(&place, &settings, "none").stop();
    let data = place.below("data");
    let files = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
    let is_database = |path: &std::path::PathBuf| std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3"));
    let database = files.into_iter().find(is_database).unwrap();
    let url = format!("sqlite://{}", database.display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (99999999999999, 'later', 1, x'00', 0)";
        sqlx::query(later).execute(&pool).await.unwrap();
        pool.close().await;
    });
    let before = std::fs::read(&database).unwrap();
    let (code, said) = Daemon::launch(&place, &settings, "none").ended();
    assert_eq!(code, 74, "{said}");
    assert!(said.contains("database_from_newer_version"), "{said}");
    assert_eq!(std::fs::read(&database).unwrap(), before);
}

#[test]
fn a_serial_port_that_babbles_is_no_box_and_sip_goes_on() {
    if !installed(&["sipp"]) {
        return;
    }
    let place = Place::new();
    let wire = Wire::loose();
    let daemon = Daemon::run(&place, &settings::settings(&place, Mode::SipServer, 1), wire.name());
    let mut noise = Noise::new(7);
    let lost = |event: &Value| event["event"] == "device" && event["device"]["state"]["state"] == "lost";
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while daemon.find(Duration::from_millis(10), lost).is_none() {
        assert!(std::time::Instant::now() < until, "a box that only babbles is never given up\n{}", daemon.log());
        wire.inject(noise.bytes(500));
    }
    let event = daemon.wait("lost", SOON, lost);
    assert_eq!(event["device"]["state"]["fault"], "silent");
    let uri = format!("sip:127.0.0.1:{}", place.sip());
    let fill = [("to", uri.as_str()), ("user", "line1"), ("status", "200")];
    let (port, remote_port) = (place.peer(0), place.sip());
    Sipp::play(&place, &stage::sipp::Part { scenario: "options.xml", port, remote_port, fill: &fill, ..Default::default() });
    daemon.stop();
}

#[test]
fn noise_on_the_wire_of_a_box_does_not_end_a_call() {
    if !installed(&["sipp"]) {
        return;
    }
    let place = Place::new();
    let mut lines = SimulatedBox::start(1);
    let wire = Wire::to(lines.pty());
    let daemon = Daemon::run(&place, &settings::settings(&place, Mode::SipServer, 1), wire.name());
    daemon.wait_all("idle");
    let scene = Scene::of(daemon, lines, place);
    let fill = [("hold_ms", "6000")];
    let call = scene.caller(&Call { scenario: "call.xml", fill: &fill, ..Call::default() });
    scene.lines.wait(0, "answered");
    let mut noise = Noise::new(11);
    for _ in 0..30 {
        let count = noise.below(400);
        wire.inject(noise.bytes(count));
        std::thread::sleep(Duration::from_millis(50));
    }
    let counted = |event: &Value| {
        let counters = &event["device"]["counters"];
        counters["crc_errors"].as_u64().unwrap_or(0) + counters["malformed"].as_u64().unwrap_or(0) > 5
    };
    scene.daemon.wait("counted noise", SOON, counted);
    call.finish();
    scene.daemon.wait_record("sip_hung_up");
    scene.daemon.wait_port(0, "idle");
    lines = scene.lines;
    lines.wait(0, "released");
}

#[test]
fn malformed_sip_sdp_and_rtp_disturb_no_call() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipTrunk, 2, |settings| settings.gateway.remote_server = "127.0.0.1".to_owned());
    let fill = [("hold_ms", "8000")];
    let call = scene.caller(&Call { scenario: "trunk_call.xml", fill: &fill, ..Call::default() });
    scene.daemon.wait_port(0, "talking");
    let before_kb = scene.daemon.memory_kb();

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut noise = Noise::new(23);
    let me = socket.local_addr().unwrap();
    let options = format!(
        "OPTIONS {} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\nFrom: <sip:x@{me}>;tag=1\r\n\
         To: <{}>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContact: <sip:x@{me}>\r\nContent-Length: 0\r\n\r\n",
        scene.uri("100"),
        scene.uri("100"),
    );
    for number in 0..6000 {
        let piece = if number % 3 == 0 {
            let n = noise.below(1400);
            noise.bytes(n)
        } else {
            noise.spoil(options.as_bytes())
        };
        socket.send_to(&piece, ("127.0.0.1", scene.place.sip())).unwrap();
        let rtp = noise.below(4) as u16;
        let count = noise.below(300);
        socket.send_to(&noise.bytes(count), ("127.0.0.1", scene.place.rtp() + rtp)).unwrap();
        if number % 50 == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    // SDP that is no SDP is refused with 400, and the second port is still free for it.
    let checks = reason(95);
    let fill = [("status", "400"), ("checks", checks.as_str())];
    scene
        .caller(&Call {
            scenario: "trunk_refused.xml",
            codecs: "8\n      a=rtpmap:\n      m=audio nowhere RTP/AVP",
            fill: &fill,
            ..Call::default()
        })
        .finish();

    let told = scene.daemon.told(|event| event["notice"]["code"] == "malformed_sip").len();
    assert!((1..=3).contains(&told), "{told} notices about malformed SIP");
    scene.daemon.wait_port(0, "talking");
    call.finish();
    scene.daemon.wait_record("sip_hung_up");
    let grown_kb = scene.daemon.memory_kb().saturating_sub(before_kb);
    assert!(grown_kb < 20_000, "{grown_kb} KB more");
    scene.daemon.wait_all("idle");
}

#[test]
fn a_box_that_dies_in_a_call_ends_it_and_serves_again_when_it_is_back() {
    if !installed(&["sipp"]) {
        return;
    }
    let place = Place::new();
    let link = place.folder().join("box");
    let link = link.to_str().unwrap();
    let lines = SimulatedBox::with_args(&["--ports", "1", "--link", link]);
    let daemon = Daemon::run(&place, &settings::settings(&place, Mode::SipServer, 1), link);
    daemon.wait_all("idle");
    let mut scene = Scene::of(daemon, lines, place);
    let checks = reason(27);
    let fill = [("checks", checks.as_str())];
    let call = scene.caller(&Call { scenario: "call_until_bye.xml", fill: &fill, ..Call::default() });
    scene.lines.wait(0, "answered");
    let dead = std::mem::replace(&mut scene.lines, SimulatedBox::start(1));
    dead.kill();
    call.finish();
    scene.daemon.wait_record("device_gone");
    scene.daemon.wait_port(0, "absent");
    scene.refused(&Call::default(), "503", 27, "");

    scene.lines = SimulatedBox::with_args(&["--ports", "1", "--link", link]);
    scene.daemon.wait_port(0, "idle");
    scene.mark();
    let fill = [("hold_ms", "100")];
    scene.caller(&Call { scenario: "call.xml", fill: &fill, ..Call::default() }).finish();
    scene.daemon.wait_record("sip_hung_up");
}

#[test]
fn acts_that_make_no_sense_are_told_and_the_box_goes_on() {
    let mut lines = SimulatedBox::start(1);
    for act in ["", "{", "null", r#"{"port":0}"#, r#"{"port":0,"act":"dance"}"#, r#"{"port":70000,"act":"cable_out"}"#] {
        lines.say(act);
    }
    lines.act(5, "cable_out", json!({}));
    lines.act(0, "cable_out", json!({}));
    lines.wait(0, "battery");
    let bad = |told: &&Value| told["event"] == "bad_act";
    assert_eq!(lines.everything().iter().filter(bad).count(), 5, "{}", lines.log());
}
