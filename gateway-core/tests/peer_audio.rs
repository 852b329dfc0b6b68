//! Whole calls with sound, both ways, in each mode and over each kind of box: baresip at the SIP side, the simulated exchange at the
//! line side, within the program or behind a pseudo-terminal. What one end says is looked for in what the other end heard.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gateway_core::config::settings::{AnswerMode, Mode};
use serde_json::{Value, json};
use stage::load::Load;
use stage::sound::{Burst, MARKER_DBM0, MARKER_HZ, MARKER_ON_MS, MARKER_PERIOD_MS, Sound};
use stage::{Baresip, Flood, Kamailio, Place, Pulse, SOON, Scene, installed, settings};

/// Rounds of the marker that the telephone plays; the far end echoes them.
const ROUNDS: usize = 3;

/// Digits that the telephone then plays as sound.
const DIGITS: &str = "1590";

/// Who rings.
const CALLER: &str = "1133334444";

/// What the far end says while the telephone plays its digits.
const FAR_HZ: f64 = 1000.0;
const FAR_DBM0: f64 = -15.0;
const FAR_MS: u32 = 1500;

/// The far end's echo: as much softer.
const ECHO_LOSS_DB: f64 = 6.0;

/// G.711, resampled by nobody: levels stay within this.
const LEVEL_TOLERANCE_DB: f64 = 1.0;

/// What the telephone plays from the moment of the answer.
fn telephone_says() -> Sound {
    [Sound::marker(ROUNDS), Sound::silence(1600), Sound::digits(DIGITS), Sound::silence(60_000)].into_iter().collect()
}

/// Bursts of the marker that the far end may miss: it answers a call that rings in while the telephone begins to play, and
/// a call to number 100 or 103 after 2.5 s of ringing, when the telephone plays already.
const MISSED_RINGING_IN: usize = 1;
const MISSED_CALLING_OUT: usize = 5;

/// Bursts that a machine with other work may tear: a pause of its scheduler is a hole in the sound.
const MAY_BE_TORN: usize = 2;

/// Ringback tone in Brazil, and how long a burst of it is.
const RINGBACK_HZ: f64 = 425.0;
const RINGBACK_MS: u32 = 1000;

/// Who ends a call.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Telephone,
    Line,
}

/// What is left of a call.
struct Talk {
    record: Value,
    /// The machine had no time for sound.
    saturated: bool,
}

/// The rest of a call that the telephone takes part in now: sound both ways, the end, and what is left of it.
fn talk(scene: &mut Scene, phone: &mut Baresip, end: End) -> Talk {
    scene.mark();
    let load = Load::watch();
    // The sounds take their time: the marker and its last echo; then the pause before the digits has begun.
    std::thread::sleep(Duration::from_millis(u64::from(MARKER_PERIOD_MS) * (MARKER_HZ.len() * ROUNDS) as u64 + 500));
    scene.daemon.wait_port(0, "talking");
    let far = json!({ "kind": "tone", "frequency_hz": FAR_HZ, "level_dbm0": FAR_DBM0 });
    scene.lines.act(0, "speak", json!({ "sound": far }));
    std::thread::sleep(Duration::from_millis(u64::from(FAR_MS)));
    scene.lines.act(0, "speak", json!({ "sound": { "kind": "silence" } }));
    std::thread::sleep(Duration::from_millis(DIGITS.len() as u64 * 200 + 500));
    let saturated = load.was_saturated();
    match end {
        End::Telephone => phone.hang_up(),
        End::Line => scene.lines.act(0, "hang_up", json!({})),
    }
    phone.wait("CALL_CLOSED");
    scene.lines.wait(0, "released");
    let record = scene.daemon.wait_record(if end == End::Telephone { "sip_hung_up" } else { "line_hung_up" });
    assert_eq!(record["evidence"].is_null(), end == End::Telephone, "{record}");
    assert!(record["answered_ms"].is_u64());
    scene.daemon.wait_port(0, "idle");
    assert_eq!(scene.daemon.told(|event| event["event"] == "record").len(), 1);
    let digits = scene.lines.digits(0);
    if saturated {
        eprintln!("this machine had no time: the sound is looked at roughly only; digits {digits}");
    } else {
        assert_eq!(digits, DIGITS, "each digit is heard once on the line");
    }
    Talk { record, saturated }
}

/// Looks roughly for the far end in what the telephone heard: torn as it is, it is there.
fn listen_roughly(heard: &Sound) {
    let marker: u32 = heard.bursts(&MARKER_HZ, MARKER_DBM0 - ECHO_LOSS_DB - 4.0).iter().map(|burst| burst.length_ms).sum();
    assert!(marker > MARKER_ON_MS * 3, "{marker} ms of the marker");
    let far: u32 = heard.bursts(&[FAR_HZ], FAR_DBM0 - 4.0).iter().map(|burst| burst.length_ms).sum();
    assert!(far > FAR_MS / 3, "{far} ms of the far end's tone");
}

/// Looks for the far end in what the telephone heard.
fn listen(heard: &Sound, may_miss: usize) {
    // The telephone's own marker, back from the far end.
    let floor_dbm0 = MARKER_DBM0 - ECHO_LOSS_DB - 4.0;
    let bursts = joined(heard.bursts(&MARKER_HZ, floor_dbm0));
    let order: Vec<f64> = bursts.iter().map(|burst| burst.hz).collect();
    let said: Vec<f64> = MARKER_HZ.iter().copied().cycle().take(MARKER_HZ.len() * ROUNDS).collect();
    let missed = said.len().checked_sub(order.len()).unwrap_or_else(|| panic!("more bursts than were played: {bursts:#?}"));
    assert!(missed <= may_miss && order == said[missed..], "{bursts:#?}");
    let level_dbm0 = MARKER_DBM0 - ECHO_LOSS_DB;
    let is_clean = |pair: &[Burst]| {
        (pair[1].level_dbm0 - level_dbm0).abs() < LEVEL_TOLERANCE_DB
            && pair[1].length_ms.abs_diff(MARKER_ON_MS) <= 25
            && (pair[1].start_ms - pair[0].start_ms).abs_diff(MARKER_PERIOD_MS) <= 45
    };
    let torn: Vec<_> = bursts.windows(2).filter(|pair| !is_clean(pair)).collect();
    assert!(torn.len() <= MAY_BE_TORN, "{torn:#?}");
    let far = joined(heard.bursts(&[FAR_HZ], FAR_DBM0 - 4.0));
    assert_eq!(far.len(), 1, "{far:?}");
    assert!((far[0].level_dbm0 - FAR_DBM0).abs() < LEVEL_TOLERANCE_DB, "{far:?}");
    assert!(far[0].length_ms.abs_diff(FAR_MS) <= 150, "{far:?}");
}

/// The same with bursts that a short hole has torn in two made one again.
fn joined(bursts: Vec<Burst>) -> Vec<Burst> {
    let mut whole: Vec<Burst> = Vec::new();
    for burst in bursts {
        match whole.last_mut() {
            Some(last) if last.hz == burst.hz && burst.start_ms - (last.start_ms + last.length_ms) < MARKER_PERIOD_MS / 2 => {
                last.length_ms = burst.start_ms + burst.length_ms - last.start_ms;
            }
            Some(_) | None => whole.push(burst),
        }
    }
    whole
}

/// One call at a time: sound is real time, and the other calls would only be in its way.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A gateway in server mode and a telephone that is registered there.
fn server() -> (Scene, Baresip) {
    registered_at(Scene::start(Mode::SipServer, 1, |settings| settings.ports[0].target = "line1".to_owned()))
}

/// The same on the virtual box of the program itself.
fn server_on_virtual_box() -> (Scene, Baresip) {
    registered_at(Scene::start_on_virtual_box(Place::new(), Mode::SipServer, 1, |settings, _| {
        settings.ports[0].target = "line1".to_owned();
    }))
}

/// The same on a voice modem of this make.
fn server_on_modem(make: &str) -> (Scene, Baresip) {
    registered_at(Scene::start_on_modem(make, Place::new(), Mode::SipServer, |settings, _| {
        settings.ports[0].target = "line1".to_owned();
    }))
}

/// The same on a Sangoma U100.
fn server_on_u100() -> (Scene, Baresip) {
    registered_at(Scene::start_on_u100(Place::new(), Mode::SipServer, |settings, _| settings.ports[0].target = "line1".to_owned()))
}

/// The same on a box whose voice is on a sound card of this rate.
fn server_on_card(rate_hz: u32) -> (Scene, Baresip, Pulse) {
    let place = Place::new();
    let pulse = Pulse::start(&place, rate_hz, 1);
    let (scene, phone) = registered_at(Scene::start_on_card(&pulse, place, Mode::SipServer, |settings, _| {
        settings.ports[0].target = "line1".to_owned();
    }));
    (scene, phone, pulse)
}

fn registered_at(scene: Scene) -> (Scene, Baresip) {
    let (gateway, secret) = (scene.place.sip(), settings::secret("line1"));
    let account = format!("<sip:line1@127.0.0.1:{gateway}>;auth_user=line1;auth_pass={secret};regint=600;answermode=auto");
    let phone = Baresip::start(&scene.place, 0, &account, &telephone_says());
    phone.wait_registered();
    (scene, phone)
}

/// A gateway and a telephone, both registered at Kamailio.
fn client() -> (Scene, Baresip, Kamailio) {
    let place = Place::new();
    let kamailio = Kamailio::start(&place, 0, 600);
    let server = kamailio.address().to_owned();
    let scene = Scene::start_at(place, Mode::SipClient, 1, |settings, _| settings.gateway.remote_server.clone_from(&server));
    let account = format!("<sip:200@{server}>;auth_user=200;auth_pass={};regint=600;answermode=auto", settings::secret("200"));
    let phone = Baresip::start(&scene.place, 1, &account, &telephone_says());
    phone.wait_registered();
    kamailio.wait(&["saved line1 "]);
    (scene, phone, kamailio)
}

/// A gateway in trunk mode and a telephone that is its peer.
fn trunk() -> (Scene, Baresip) {
    let scene = Scene::start_at(Place::new(), Mode::SipTrunk, 1, |settings, place| {
        settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(0));
        settings.ports[0].only_from_host = "127.0.0.1".to_owned();
        // Number 103 answers with a reversal: until then the telephone hears the line before the answer.
        settings.ports[0].line.answer_mode = AnswerMode::PolarityReversal;
    });
    let phone = Baresip::start(&scene.place, 0, "<sip:200@{own}>;regint=0;answermode=auto", &telephone_says());
    (scene, phone)
}

/// The telephone calls `number` at `server`; the call ends like this.
fn telephone_calls(scene: &mut Scene, phone: &mut Baresip, number: &str, server: &str, end: End) {
    phone.dial(&format!("sip:{number}@{server}"));
    // From 183 on the telephone hears the line, and plays.
    phone.wait_hearing();
    scene.lines.wait(0, "dialed");
    let Talk { record, saturated } = talk(scene, phone, end);
    assert_eq!((record["direction"].as_str(), record["to"].as_str()), (Some("sip_to_fxo"), Some(number)));
    let heard = phone.heard();
    if saturated {
        return listen_roughly(&heard);
    }
    listen(&heard, MISSED_CALLING_OUT);
    let ringback = heard.bursts(&[RINGBACK_HZ], -20.0);
    assert!(ringback.first().is_some_and(|burst| burst.length_ms.abs_diff(RINGBACK_MS) <= 60), "{ringback:?}");
}

/// The line rings and the telephone answers; the call ends like this.
fn line_rings(scene: &mut Scene, phone: &mut Baresip, end: End) {
    let load = Load::watch();
    scene.lines.act(0, "ring", json!({ "from": CALLER }));
    phone.wait("CALL_ESTABLISHED");
    scene.lines.wait(0, "connected");
    // The caller's number is sound, too: a hole in it is a digit less.
    let torn = load.was_saturated();
    let Talk { record, saturated } = talk(scene, phone, end);
    assert_eq!(record["direction"], "fxo_to_sip");
    let from = record["from"].as_str().unwrap_or_default();
    assert!(from == CALLER || torn && CALLER.ends_with(from), "{from}");
    if saturated {
        return listen_roughly(&phone.heard());
    }
    listen(&phone.heard(), MISSED_RINGING_IN);
}

#[test]
fn server_mode_a_registered_telephone_calls_out() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = server();
    let gateway = format!("127.0.0.1:{}", scene.place.sip());
    telephone_calls(&mut scene, &mut phone, "100", &gateway, End::Telephone);
}

#[test]
fn in_a_flood_of_a_thousand_messages_a_second_a_registered_telephone_calls_out_and_its_sound_is_whole() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = server();
    let gateway = format!("127.0.0.1:{}", scene.place.sip());
    let flood = Flood::start(scene.place.sip());
    scene.daemon.wait_notice("source_banned");
    telephone_calls(&mut scene, &mut phone, "100", &gateway, End::Telephone);
    assert!(flood.end() > 5000);
}

#[test]
fn server_mode_a_ring_reaches_the_registered_telephone() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = server();
    line_rings(&mut scene, &mut phone, End::Line);
}

#[test]
fn over_the_virtual_box_within_the_program_a_registered_telephone_calls_out() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = server_on_virtual_box();
    let gateway = format!("127.0.0.1:{}", scene.place.sip());
    telephone_calls(&mut scene, &mut phone, "100", &gateway, End::Telephone);
}

#[test]
fn over_the_virtual_box_within_the_program_a_ring_reaches_the_registered_telephone() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = server_on_virtual_box();
    line_rings(&mut scene, &mut phone, End::Line);
}

#[test]
fn over_a_voice_modem_a_registered_telephone_calls_out() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = server_on_modem("conexant");
    let gateway = format!("127.0.0.1:{}", scene.place.sip());
    telephone_calls(&mut scene, &mut phone, "100", &gateway, End::Line);
}

#[test]
fn over_a_voice_modem_of_any_make_a_ring_reaches_the_registered_telephone() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    for (make, end) in [("zoom", End::Telephone), ("us-robotics", End::Line)] {
        let (mut scene, mut phone) = server_on_modem(make);
        line_rings(&mut scene, &mut phone, end);
    }
}

#[test]
fn over_a_sangoma_u100_a_registered_telephone_calls_out() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = server_on_u100();
    let gateway = format!("127.0.0.1:{}", scene.place.sip());
    telephone_calls(&mut scene, &mut phone, "100", &gateway, End::Telephone);
}

#[test]
fn over_a_sangoma_u100_a_ring_reaches_the_registered_telephone() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = server_on_u100();
    line_rings(&mut scene, &mut phone, End::Line);
}

#[test]
fn over_a_sound_card_a_registered_telephone_calls_out() {
    if !installed(&["baresip", "pulseaudio"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone, _pulse) = server_on_card(8_000);
    let gateway = format!("127.0.0.1:{}", scene.place.sip());
    telephone_calls(&mut scene, &mut phone, "100", &gateway, End::Line);
}

#[test]
fn over_a_sound_card_of_another_rate_a_ring_reaches_the_registered_telephone() {
    if !installed(&["baresip", "pulseaudio"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone, _pulse) = server_on_card(48_000);
    line_rings(&mut scene, &mut phone, End::Telephone);
}

/// Its serial port stays, and would keep the box from letting go of the line.
#[test]
fn a_sound_card_that_is_unplugged_in_a_call_ends_it_and_the_line_is_let_go() {
    if !installed(&["baresip", "pulseaudio"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone, mut pulse) = server_on_card(8_000);
    scene.mark();
    phone.dial(&format!("sip:100@127.0.0.1:{}", scene.place.sip()));
    phone.wait("CALL_ESTABLISHED");
    scene.daemon.wait_port(0, "talking");
    pulse.stop();
    phone.wait("CALL_CLOSED");
    scene.daemon.wait_record("device_gone");
    scene.lines.wait(0, "released");
    scene.daemon.wait_port(0, "absent");
    scene.daemon.wait("no card", SOON, |event| event["device"]["state"]["fault"] == "no_card");
}

#[test]
fn client_mode_a_telephone_of_the_remote_server_calls_out() {
    if !installed(&["baresip", "kamailio"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone, kamailio) = client();
    telephone_calls(&mut scene, &mut phone, "100", kamailio.address(), End::Line);
}

#[test]
fn client_mode_a_ring_reaches_a_telephone_of_the_remote_server() {
    if !installed(&["baresip", "kamailio"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone, kamailio) = client();
    line_rings(&mut scene, &mut phone, End::Telephone);
    kamailio.wait(&["challenged INVITE line1"]);
}

#[test]
fn trunk_mode_the_peer_calls_out() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = trunk();
    let gateway = format!("127.0.0.1:{}", scene.place.sip());
    telephone_calls(&mut scene, &mut phone, "103", &gateway, End::Line);
}

#[test]
fn trunk_mode_a_ring_reaches_the_peer() {
    if !installed(&["baresip"]) {
        return;
    }
    let _alone = alone();
    let (mut scene, mut phone) = trunk();
    line_rings(&mut scene, &mut phone, End::Telephone);
}
