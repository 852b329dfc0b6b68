//! The registrar of server mode before real clients: SIPp, and baresip that is called where it registered.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::time::{Duration, Instant};

use gateway_core::config::settings::{Mode, Secret, Settings};
use serde_json::{Value, json};
use stage::scene::{header, reason};
use stage::sipp::Part;
use stage::sound::Sound;
use stage::{Baresip, Daemon, SOON, Scene, Sipp, installed, settings};

/// One REGISTER and what comes of it.
struct Register<'a> {
    scenario: &'a str,
    user: &'a str,
    /// Who is to be reached at the contact; `None`: the user.
    aor: Option<&'a str>,
    /// `None`: the right one.
    secret: Option<&'a str>,
    ip: &'a str,
    call_id: &'a str,
    /// The first digit of the CSeq numbers: a later REGISTER of one client has a greater one.
    cseq: &'a str,
    contact: &'a str,
    expires: &'a str,
    status: &'a str,
    checks: &'a str,
}

impl Default for Register<'_> {
    fn default() -> Self {
        Register {
            scenario: "register.xml",
            user: "line1",
            aor: None,
            secret: None,
            ip: "127.0.0.1",
            call_id: "first",
            cseq: "1",
            contact: "Contact: <sip:line1@127.0.0.1:5999>",
            expires: "600",
            status: "200",
            checks: "",
        }
    }
}

fn register(scene: &Scene, asked: &Register<'_>) {
    let call_id = format!("{}-{}", asked.call_id, scene.place.sip());
    let mut fill = vec![
        ("user", asked.user),
        ("aor", asked.aor.unwrap_or(asked.user)),
        ("call_id", "[call_id]"),
        ("cseq", asked.cseq),
        ("contact", asked.contact),
    ];
    fill.extend([("expires", asked.expires), ("checks", asked.checks)]);
    if asked.scenario == "register.xml" {
        fill.push(("status", asked.status));
    }
    let right = settings::secret(asked.user);
    Sipp::play(
        &scene.place,
        &Part {
            scenario: asked.scenario,
            ip: asked.ip,
            port: scene.next_peer(),
            remote_port: scene.place.sip(),
            user: asked.user,
            secret: asked.secret.unwrap_or(&right),
            fill: &fill,
            args: &["-cid_str", &call_id],
            ..Part::default()
        },
    );
}

/// The contacts of port 0.
fn contacts(snapshot: &Value) -> Vec<String> {
    let contacts = snapshot["ports"][0]["registration"]["contacts"].as_array().cloned().unwrap_or_default();
    let mut uris: Vec<String> = contacts.iter().filter_map(|contact| contact["uri"].as_str().map(str::to_owned)).collect();
    uris.sort();
    uris
}

fn wait_contacts(scene: &Scene, wanted: &[&str], patience: Duration) {
    scene.daemon.wait_picture(&format!("contacts {wanted:?}"), patience, |snapshot| contacts(snapshot) == wanted);
}

const A: &str = "sip:line1@127.0.0.1:5999";
const B: &str = "sip:line1@127.0.0.2:5998";

#[test]
fn several_contacts_register_refresh_and_leave_each_on_its_own() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, |_| {});
    let first = header("Contact", "127.0.0.1:5999.*expires=(600|599)");
    register(&scene, &Register { checks: &first, ..Register::default() });
    scene.daemon.wait_notice("phone_registered");
    wait_contacts(&scene, &[A], SOON);
    let other = Register {
        call_id: "second",
        contact: "Contact: <sip:line1@127.0.0.2:5998>",
        ip: "127.0.0.2",
        expires: "300",
        ..Register::default()
    };
    register(&scene, &other);
    wait_contacts(&scene, &[A, B], SOON);

    // A refresh renews one of them and adds none.
    scene.mark();
    register(&scene, &Register { cseq: "2", expires: "900", checks: &header("Contact", "expires="), ..Register::default() });
    let renewed = |snapshot: &Value| {
        let contacts = snapshot["ports"][0]["registration"]["contacts"].as_array().cloned().unwrap_or_default();
        let now_ms = snapshot["now_ms"].as_u64().unwrap_or_default();
        let left_s = |contact: &Value| (contact["expires_ms"].as_u64().unwrap_or_default().saturating_sub(now_ms)) / 1000;
        contacts.len() == 2
            && contacts.iter().any(|contact| contact["uri"] == A && (890..=900).contains(&left_s(contact)))
            && contacts.iter().any(|contact| contact["uri"] == B && (200..=300).contains(&left_s(contact)))
    };
    scene.daemon.wait_picture("the renewed contact", SOON, renewed);

    // An old REGISTER that was under way for long changes nothing.
    register(&scene, &Register { cseq: "1", status: "500", expires: "0", ..Register::default() });
    wait_contacts(&scene, &[A, B], SOON);

    // One leaves, then whoever is left.
    register(&scene, &Register { cseq: "3", contact: "Contact: <sip:line1@127.0.0.1:5999>;expires=0", ..Register::default() });
    wait_contacts(&scene, &[B], SOON);
    register(&scene, &Register { cseq: "4", contact: "Contact: *", expires: "0", ..Register::default() });
    scene.daemon.wait_notice("phone_unregistered");
    wait_contacts(&scene, &[], SOON);
}

#[test]
fn a_registration_that_nobody_renews_expires_and_a_ring_then_finds_nobody() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, |settings| settings.gateway.min_expires_s = 10);
    let began = Instant::now();
    register(&scene, &Register { expires: "10", ..Register::default() });
    wait_contacts(&scene, &[A], SOON);
    wait_contacts(&scene, &[], Duration::from_secs(20));
    assert!((8..=15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    scene.daemon.wait_notice("phone_unregistered");
    scene.mark();
    scene.lines.act(0, "ring", json!({}));
    scene.daemon.wait_notice("nobody_registered");
    scene.lines.act(0, "stop_ringing", json!({}));
    scene.daemon.wait_record("no_target");
}

#[test]
fn lifetimes_outside_the_limits_are_refused_with_423_or_cut() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, |settings| settings.gateway.max_expires_s = 1200);
    register(&scene, &Register { expires: "30", status: "423", checks: &header("Min-Expires", "^ *60"), ..Register::default() });
    wait_contacts(&scene, &[], SOON);
    register(&scene, &Register { cseq: "2", expires: "86400", checks: &header("Contact", "expires=(1200|1199)"), ..Register::default() });
    wait_contacts(&scene, &[A], SOON);
}

#[test]
fn a_wrong_secret_an_unknown_user_and_somebody_elses_name_do_not_register() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 2, |settings| settings.gateway.auth_tries = 2);
    let wrong = Register { scenario: "register_wrong_secret.xml", secret: Some("guess"), ..Register::default() };
    let check = reason(21);
    register(&scene, &Register { ip: "127.0.0.2", checks: &check, ..wrong });
    let wrong = Register { scenario: "register_wrong_secret.xml", secret: Some("guess"), ..Register::default() };
    register(&scene, &Register { ip: "127.0.0.3", user: "nobody", checks: &check, ..wrong });
    register(&scene, &Register { aor: Some("line2"), status: "403", checks: &check, ..Register::default() });
    assert_eq!(contacts(&scene.daemon.snapshot()), Vec::<String>::new());
    assert_eq!(scene.daemon.told(|event| event["notice"]["code"] == "phone_registered").len(), 0);
}

#[test]
fn every_registered_phone_rings_and_the_first_to_answer_wins() {
    if !installed(&["baresip", "sipp"]) {
        return;
    }
    // A telephone answers to its own name.
    let mut scene = Scene::start(Mode::SipServer, 1, |settings| settings.ports[0].target = "line1".to_owned());
    let account = |mode: &str| {
        let gateway = format!("127.0.0.1:{}", scene.place.sip());
        let secret = settings::secret("line1");
        format!("<sip:line1@{gateway}>;auth_user=line1;auth_pass={secret};regint=600;answermode={mode}")
    };
    let quiet = Baresip::start(&scene.place, 0, &account("manual"), &Sound::silence(60_000));
    let mut quick = Baresip::start(&scene.place, 1, &account("manual"), &Sound::silence(60_000));
    quiet.wait_registered();
    quick.wait_registered();
    scene.lines.act(0, "ring", json!({ "from": "1133334444" }));
    quiet.wait("CALL_INCOMING");
    let invited = quick.wait("CALL_INCOMING");
    assert!(invited["peeruri"].as_str().unwrap().contains("1133334444"), "{invited}");
    // Nobody has answered: the line rings on.
    assert!(scene.lines.told(0).iter().all(|told| told["event"] != "hook"));
    quick.answer();
    quiet.wait("CALL_CLOSED");
    quick.wait("CALL_ESTABLISHED");
    scene.lines.wait(0, "connected");
    quick.hang_up();
    let record = scene.daemon.wait_record("sip_hung_up");
    assert_eq!((record["direction"].as_str(), record["from"].as_str()), (Some("fxo_to_sip"), Some("1133334444")));
    scene.lines.wait(0, "released");
}

/// Ends the program, starts it again on the same folder, ports and lines, and waits until every line is idle.
fn restarted(scene: Scene, change: impl FnOnce(&mut Settings)) -> Scene {
    let Scene { daemon, lines, place, .. } = scene;
    daemon.stop();
    let mut settings = settings::settings(&place, Mode::SipServer, 1);
    change(&mut settings);
    let daemon = Daemon::run(&place, &settings, lines.pty());
    daemon.wait_all("idle");
    Scene::of(daemon, lines, place)
}

fn calls_line1(settings: &mut Settings) {
    settings.ports[0].target = "line1".to_owned();
}

#[test]
fn a_telephone_rings_after_a_restart_without_registering_again() {
    if !installed(&["baresip"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, calls_line1);
    let (gateway, secret) = (format!("127.0.0.1:{}", scene.place.sip()), settings::secret("line1"));
    let account = format!("<sip:line1@{gateway}>;auth_user=line1;auth_pass={secret};regint=600;answermode=manual");
    let mut phone = Baresip::start(&scene.place, 0, &account, &Sound::silence(60_000));
    phone.wait_registered();
    let mut scene = restarted(scene, calls_line1);
    scene.mark();
    scene.lines.act(0, "ring", json!({ "from": "1133334444" }));
    phone.wait("CALL_INCOMING");
    phone.answer();
    phone.wait("CALL_ESTABLISHED");
    scene.lines.wait(0, "connected");
    phone.hang_up();
    scene.daemon.wait_record("sip_hung_up");
    assert_eq!(phone.registrations(), 1, "{}", phone.log());
    let told = scene.daemon.log();
    assert!(!told.lines().any(|line| line.contains(" INFO ") && line.contains(phone.address())), "{told}");
}

#[test]
fn a_real_telephone_answers_when_it_is_asked_whether_it_is_there() {
    if !installed(&["baresip"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, |settings| settings.gateway.qualify_s = 10);
    let (gateway, secret) = (format!("127.0.0.1:{}", scene.place.sip()), settings::secret("line1"));
    let account = format!("<sip:line1@{gateway}>;auth_user=line1;auth_pass={secret};regint=600");
    let _phone = Baresip::start(&scene.place, 0, &account, &Sound::silence(10_000));
    scene.daemon.wait_picture("a telephone that answers", Duration::from_secs(30), |snapshot| {
        let peer = &snapshot["ports"][0]["registration"]["contacts"][0]["peer"];
        peer["reach"] == "reachable" && peer["rtt_ms"].as_u64().is_some_and(|ms| ms < 1000)
    });
}

#[test]
fn who_leaves_or_proved_another_secret_is_not_there_after_a_restart() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, |_| {});
    register(&scene, &Register::default());
    register(&scene, &Register { call_id: "second", contact: "Contact: <sip:line1@127.0.0.2:5998>", ..Register::default() });
    wait_contacts(&scene, &[A, B], SOON);
    let scene = restarted(scene, |_| {});
    wait_contacts(&scene, &[A, B], SOON);
    // The rules of RFC 3261 §10.3 go on where they were.
    register(&scene, &Register { cseq: "1", status: "500", expires: "0", ..Register::default() });
    register(&scene, &Register { cseq: "2", contact: "Contact: <sip:line1@127.0.0.1:5999>;expires=0", ..Register::default() });
    wait_contacts(&scene, &[B], SOON);
    let scene = restarted(scene, |_| {});
    wait_contacts(&scene, &[B], SOON);
    let scene = restarted(scene, |settings| settings.ports[0].secret = Secret("another-9Lm3".to_owned()));
    wait_contacts(&scene, &[], SOON);
}

#[test]
fn a_telephone_with_a_wrong_secret_neither_registers_nor_calls() {
    if !installed(&["baresip"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, |_| {});
    let gateway = format!("127.0.0.1:{}", scene.place.sip());
    let account = format!("<sip:line1@{gateway}>;auth_user=line1;auth_pass=a-guess;regint=0");
    let mut phone = Baresip::start(&scene.place, 0, &account, &Sound::silence(10_000));
    phone.dial(&format!("sip:100@{gateway}"));
    let closed = phone.wait("CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap().starts_with("40"), "{closed}");
    assert!(scene.lines.told(0).is_empty());
    assert!(contacts(&scene.daemon.snapshot()).is_empty());
}
