//! The computer changes its network, for real: in a network of the test's own, whose only address goes and another one comes.
#![cfg(all(target_os = "linux", feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::process::Command;
use std::time::{Duration, Instant};

use gateway_core::config::settings::Mode;
use gateway_core::sdp::SrtpUse;
use serde_json::{Value, json};
use stage::sound::Sound;
use stage::{Baresip, Kamailio, Place, SOON, Scene, installed, settings};

/// Says that this process is in a network of its own already.
const INSIDE: &str = "LOOPSTART_OWN_NETWORK";

const BEFORE: &str = "10.77.0.2";
const AFTER: &str = "10.77.0.3";

/// The longest that registering again after a change may take.
const REGISTERED_AGAIN: Duration = Duration::from_secs(5);

/// Runs this test once more in a network that nobody else is in.
fn in_a_network_of_its_own(test: &str, act: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        ip("link set lo up");
        ip("link add lan0 type veth peer name lan1");
        ip("link set lan1 up");
        ip(&format!("address add {BEFORE}/24 dev lan0"));
        ip("link set lan0 up");
        ip(&format!("route add default dev lan0 src {BEFORE}"));
        return act();
    }
    if !installed(&["ip", "unshare", "kamailio", "baresip"]) {
        return;
    }
    if !Command::new("unshare")
        .args(["--net", "ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1"])
        .status()
        .unwrap()
        .success()
    {
        eprintln!("skipped: no network of its own is to be had here");
        return;
    }
    let this = std::env::current_exe().unwrap();
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "150", "unshare", "--net"]).arg(this).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{}\n{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
}

fn ip(args: &str) {
    let status = Command::new("ip").args(args.split(' ')).status().unwrap();
    assert!(status.success(), "ip {args}");
}

/// The address goes, with its route; another one comes.
fn change_network() {
    ip(&format!("address del {BEFORE}/24 dev lan0"));
    ip(&format!("address add {AFTER}/24 dev lan0"));
    ip(&format!("route replace default dev lan0 src {AFTER}"));
}

/// A client of Kamailio that listens on all networks.
fn client() -> (Kamailio, Scene) {
    let place = Place::new();
    let kamailio = Kamailio::start(&place, 0, 600);
    let scene = Scene::start_at(place, Mode::SipClient, 1, |settings, _| {
        kamailio.address().clone_into(&mut settings.gateway.remote_server);
        settings.gateway.bind_address = "0.0.0.0".to_owned();
        settings.gateway.srtp = SrtpUse::Preferred;
    });
    kamailio.wait(&["saved line1 ", BEFORE]);
    (kamailio, scene)
}

fn received(snapshot: &Value) -> u64 {
    snapshot["ports"][0]["meter"]["received"].as_u64().unwrap_or_default()
}

#[test]
fn an_idle_gateway_is_registered_with_its_new_address_within_seconds() {
    in_a_network_of_its_own("an_idle_gateway_is_registered_with_its_new_address_within_seconds", || {
        let (mut kamailio, _scene) = client();
        kamailio.mark();
        change_network();
        let changed = Instant::now();
        kamailio.wait(&["saved line1 ", AFTER]);
        let took = changed.elapsed();
        eprintln!("registered again after {} ms", took.as_millis());
        assert!(took < REGISTERED_AGAIN, "{took:?}");
    });
}

#[test]
fn a_call_goes_on_at_the_new_address() {
    in_a_network_of_its_own("a_call_goes_on_at_the_new_address", || {
        let (mut kamailio, mut scene) = client();
        let server = kamailio.address().to_owned();
        let account = format!("<sip:200@{server}>;auth_user=200;auth_pass={}", settings::secret("200"));
        // All hosts here are one: what the telephone sends comes from the address that it sends to, and is taken because it is sealed.
        let account = format!("{account};regint=600;answermode=auto;mediaenc=srtp");
        let phone = Baresip::start_with(&scene.place, 1, &account, &Sound::tone(1300.0, -12.0, 60_000), "module srtp.so\n");
        phone.wait_registered();
        scene.lines.act(0, "ring", json!({ "from": "1133334444" }));
        phone.wait("CALL_ESTABLISHED");
        scene.daemon.wait_picture("sound of the telephone", SOON, |snapshot| received(snapshot) > 50);
        kamailio.mark();
        scene.mark();
        change_network();
        let changed = Instant::now();
        kamailio.wait(&["saved line1 ", AFTER]);
        let took = changed.elapsed();
        assert!(took < REGISTERED_AGAIN, "{took:?}");
        // The telephone sends where the re-INVITE said: sound comes again, and goes on coming.
        let moved = |event: &Value| event["mark"]["what"] == json!({ "kind": "sip_out", "message": "INVITE", "peer": "127.0.0.1" });
        scene.daemon.wait("a re-INVITE", SOON, moved);
        let seen = scene.daemon.wait_picture("a picture after the move", SOON, |snapshot| received(snapshot) > 0);
        scene.daemon.wait_picture("sound after the move", SOON, |snapshot| received(snapshot) > received(&seen) + 150);
        assert_eq!(scene.daemon.snapshot()["ports"][0]["state"], "talking");
        scene.lines.act(0, "hang_up", json!({}));
        phone.wait("CALL_CLOSED");
        scene.daemon.wait_record("line_hung_up");
        scene.daemon.wait_port(0, "idle");
    });
}
