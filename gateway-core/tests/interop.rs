//! The matrix: who was met in which mode, over what, and what worked. Every row of `docs/INTEROP.md` is run here.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::process::Command;

use gateway_core::config::settings::Mode;
use gateway_core::config::transport::{TlsTrust, Transport};
use gateway_core::sdp::SrtpUse;
use serde_json::{Value, json};
use stage::scene::{G711, RINGING};
use stage::sipp::Part;
use stage::sound::Sound;
use stage::{Baresip, Call, Kamailio, Papers, Place, SOON, Scene, Sipp, installed, settings};

/// What a row does and sees.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Registers,
    ToLine,
    ToSip,
    Sound,
    Dtmf,
    Hold,
    Transfer,
}

use Deed::{Dtmf, Hold, Registers, Sound as Hears, ToLine, ToSip, Transfer};

/// The columns of the page.
const DEEDS: &[(Deed, &str)] = &[
    (Registers, "Registration"),
    (ToLine, "SIP→FXO"),
    (ToSip, "FXO→SIP"),
    (Hears, "Sound"),
    (Dtmf, "DTMF to the line"),
    (Hold, "Hold and resume"),
    (Transfer, "Transfer"),
];

/// One row: a peer, and how it was met.
#[derive(Clone, Copy)]
struct Row {
    peer: &'static str,
    mode: Mode,
    transport: Transport,
    srtp: SrtpUse,
    deeds: &'static [Deed],
}

const PHONE: &str = "baresip 1.0, registered here";
const PROXY: &str = "Kamailio 5.6, baresip behind it";
const TRUNK: &str = "SIPp 3.6";
const TOOL: &str = "sipsak 0.9";

/// What [`talk_with`] does and sees.
const ALL: &[Deed] = &[Registers, ToLine, ToSip, Hears, Dtmf, Hold, Transfer];
const PLAIN_CALLS: &[Deed] = &[ToLine, ToSip, Transfer];

/// A telephone that registers at the gateway, or that stands behind a proxy at which the gateway registers.
const fn row(peer: &'static str, mode: Mode, transport: Transport, srtp: SrtpUse) -> Row {
    Row { peer, mode, transport, srtp, deeds: ALL }
}

const ROWS: &[Row] = &[
    row(PHONE, Mode::SipServer, Transport::Udp, SrtpUse::Off),
    row(PHONE, Mode::SipServer, Transport::Udp, SrtpUse::Mandatory),
    row(PHONE, Mode::SipServer, Transport::Tcp, SrtpUse::Off),
    row(PHONE, Mode::SipServer, Transport::Tcp, SrtpUse::Mandatory),
    row(PHONE, Mode::SipServer, Transport::Tls, SrtpUse::Off),
    row(PHONE, Mode::SipServer, Transport::Tls, SrtpUse::Mandatory),
    row(PROXY, Mode::SipClient, Transport::Udp, SrtpUse::Off),
    row(PROXY, Mode::SipClient, Transport::Udp, SrtpUse::Mandatory),
    row(PROXY, Mode::SipClient, Transport::Tcp, SrtpUse::Off),
    row(PROXY, Mode::SipClient, Transport::Tls, SrtpUse::Off),
    row(PROXY, Mode::SipClient, Transport::Tls, SrtpUse::Mandatory),
    Row { deeds: PLAIN_CALLS, ..row(TRUNK, Mode::SipTrunk, Transport::Udp, SrtpUse::Off) },
    Row { deeds: PLAIN_CALLS, ..row(TRUNK, Mode::SipTrunk, Transport::Tcp, SrtpUse::Off) },
    Row { deeds: &[Registers], ..row(TOOL, Mode::SipServer, Transport::Udp, SrtpUse::Off) },
];

fn rows(peer: &str, transport: Transport) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.peer == peer && row.transport == transport)
}

/// A telephone whose account has this server, and that seals its sound as the row says.
fn telephone(place: &Place, row: &Row, number: u16, user: &str, server: &str, papers: &Papers) -> Baresip {
    let (secret, transport) = (settings::secret(user), row.transport.parameter());
    let encrypts = if row.srtp == SrtpUse::Off { "" } else { ";mediaenc=srtp-mand" };
    let account = format!("<sip:{user}@{server}{transport}>;auth_user={user};auth_pass={secret};regint=600;answermode=auto{encrypts}");
    // A proxy calls it over a connection of its own.
    let more = format!("module srtp.so\nsip_certificate {}\n", papers.self_made(&format!("phone-{number}")));
    let phone = Baresip::start_with(place, number, &account, &Sound::tone(1300.0, -12.0, 60_000), &more);
    phone.wait_registered();
    phone
}

fn received(snapshot: &Value) -> u64 {
    snapshot["ports"][0]["meter"]["received"].as_u64().unwrap_or_default()
}

/// A mark of the call's timeline.
fn is_mark(event: &Value, kind: &str, name: &str, value: &Value) -> bool {
    event["mark"]["what"]["kind"] == kind && event["mark"]["what"][name] == *value
}

/// A call each way with a telephone: sound, a key, hold, and who hangs up. The second one it hands on to its colleague.
fn talk_with(scene: &mut Scene, phone: &mut Baresip, row: &Row, number: &str, (colleague, at): (&Baresip, &str)) {
    let sealed = json!(row.srtp != SrtpUse::Off);
    phone.dial(&format!("{number}{}", row.transport.parameter()));
    phone.wait("CALL_ESTABLISHED");
    scene.daemon.wait_port(0, "talking");
    scene.daemon.wait("media as agreed", SOON, |event| is_mark(event, "media_attached", "srtp", &sealed));
    scene.daemon.wait_picture("sound of the telephone", SOON, |snapshot| received(snapshot) > 50);
    scene.lines.wait(0, "answered");
    phone.press('5');
    scene.lines.wait_for("the key", SOON, |told| told["digit"] == "5");
    for order in ["hold", "resume"] {
        scene.mark();
        phone.order(order);
        scene.daemon.wait(order, SOON, |event| is_mark(event, "sip_in", "message", &json!("INVITE")));
        scene.daemon.wait(order, SOON, |event| is_mark(event, "sip_in", "message", &json!("ACK")));
    }
    let resumed = received(&scene.daemon.snapshot());
    scene.daemon.wait_picture("sound after the hold", SOON, |snapshot| received(snapshot) > resumed + 50);
    phone.hang_up();
    scene.daemon.wait_record("sip_hung_up");
    scene.daemon.wait_port(0, "idle");
    scene.mark();
    phone.mark();
    scene.lines.act(0, "ring", json!({ "from": "1133334444" }));
    phone.wait("CALL_ESTABLISHED");
    scene.daemon.wait("media as agreed", SOON, |event| is_mark(event, "media_attached", "srtp", &sealed));
    scene.daemon.wait_picture("sound of the telephone", SOON, |snapshot| received(snapshot) > 50);
    scene.mark();
    phone.order_with("transfer", &format!("{at}{}", row.transport.parameter()));
    colleague.wait("CALL_ESTABLISHED");
    scene.daemon.wait("media as agreed", SOON, |event| is_mark(event, "media_attached", "srtp", &sealed));
    phone.wait("CALL_CLOSED");
    scene.daemon.wait_picture("sound of the colleague", SOON, |snapshot| received(snapshot) > 50);
    scene.lines.act(0, "hang_up", json!({}));
    colleague.wait("CALL_CLOSED");
    let record = scene.daemon.wait_record("line_hung_up");
    assert!(record["timeline"].to_string().contains("\"transferred\""), "{record}");
}

fn telephone_registered_here(transport: Transport) {
    if !installed(&["baresip", "openssl"]) {
        return;
    }
    for row in rows(PHONE, transport) {
        let place = Place::new();
        let papers = Papers::new(&place);
        let mut scene = Scene::start_at(place, row.mode, 2, |settings, _| {
            settings.gateway.sip_tcp = transport == Transport::Tcp;
            settings.gateway.sip_tls = transport == Transport::Tls;
            settings.gateway.srtp = row.srtp;
            settings.ports[0].target = "line1".to_owned();
        });
        let port = if transport == Transport::Tls { scene.place.sip_tls() } else { scene.place.sip() };
        let server = format!("127.0.0.1:{port}");
        let mut phone = telephone(&scene.place, row, 0, "line1", &server, &papers);
        let colleague = telephone(&scene.place, row, 1, "line2", &server, &papers);
        let (number, at) = (format!("sip:100@{server}"), format!("sip:line2@{server}"));
        talk_with(&mut scene, &mut phone, row, &number, (&colleague, &at));
    }
}

fn proxy_with_a_telephone(transport: Transport) {
    if !installed(&["baresip", "kamailio", "openssl"]) || (transport == Transport::Tls && !Kamailio::can_tls()) {
        return;
    }
    for row in rows(PROXY, transport) {
        let place = Place::new();
        let papers = Papers::new(&place);
        let kamailio = match transport {
            Transport::Udp => Kamailio::start(&place, 0, 600),
            Transport::Tcp => Kamailio::start_over_tcp(&place, 0, 600),
            Transport::Tls => Kamailio::start_over_tls(&place, 0, 600, &papers.signed("pbx")),
        };
        let server = kamailio.address().to_owned();
        let mut scene = Scene::start_at(place, row.mode, 1, |settings, _| {
            settings.gateway.remote_server.clone_from(&server);
            settings.gateway.remote_transport = transport.into();
            settings.gateway.tls_trust = TlsTrust::Authority;
            settings.gateway.tls_authority = papers.authority();
            settings.gateway.srtp = row.srtp;
        });
        kamailio.wait(&["saved line1 "]);
        let mut phone = telephone(&scene.place, row, 1, "200", &server, &papers);
        let colleague = telephone(&scene.place, row, 2, "201", &server, &papers);
        let (number, at) = (format!("sip:100@{server}"), format!("sip:201@{server}"));
        talk_with(&mut scene, &mut phone, row, &number, (&colleague, &at));
    }
}

fn trunk(transport: Transport) {
    if !installed(&["sipp"]) {
        return;
    }
    let args: &[&str] = if transport == Transport::Tcp { &["-t", "t1"] } else { &[] };
    for row in rows(TRUNK, transport) {
        let mut scene = Scene::start_at(Place::new(), row.mode, 1, |settings, place| {
            settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(7));
            settings.gateway.remote_transport = transport.into();
            settings.ports[0].target = "desk".to_owned();
        });
        let call = Call { scenario: "trunk_call.xml", fill: &[("hold_ms", "1000")], args, ..Call::default() };
        scene.caller(&call).finish();
        scene.daemon.wait_record("sip_hung_up");
        scene.daemon.wait_port(0, "idle");
        scene.mark();
        let fill = [("codecs", G711), ("ring_ms", "300"), ("checks", "")];
        let part = Part { scenario: "callee.xml", port: scene.place.peer(7), fill: &fill, args, ..Part::default() };
        scene.is_answered_by(&part);
        scene.daemon.wait_port(0, "idle");
        scene.mark();
        let colleague = Sipp::start(&scene.place, &part);
        let to = format!("sip:ana@127.0.0.1:{}{}", scene.place.peer(7), transport.parameter());
        let fill = [("hold_ms", "500"), ("refer_to", to.as_str()), ("ringing", RINGING), ("final", "200 OK")];
        scene.caller(&Call { scenario: "referrer.xml", fill: &fill, args, ..Call::default() }).finish();
        scene.lines.act(0, "hang_up", json!({}));
        colleague.finish();
        let record = scene.daemon.wait_record("line_hung_up");
        assert!(record["timeline"].to_string().contains("\"transferred\""), "{record}");
    }
}

#[test]
fn a_telephone_over_udp() {
    telephone_registered_here(Transport::Udp);
}

#[test]
fn a_telephone_over_tcp() {
    telephone_registered_here(Transport::Tcp);
}

#[test]
fn a_telephone_over_tls() {
    telephone_registered_here(Transport::Tls);
}

#[test]
fn a_telephone_behind_a_proxy_over_udp() {
    proxy_with_a_telephone(Transport::Udp);
}

#[test]
fn a_telephone_behind_a_proxy_over_tcp() {
    proxy_with_a_telephone(Transport::Tcp);
}

#[test]
fn a_telephone_behind_a_proxy_over_tls() {
    proxy_with_a_telephone(Transport::Tls);
}

#[test]
fn a_trunk_over_udp_and_tcp() {
    trunk(Transport::Udp);
    trunk(Transport::Tcp);
}

#[test]
fn a_tool_of_another_maker_asks_and_registers() {
    if !installed(&["sipsak"]) {
        return;
    }
    for row in rows(TOOL, Transport::Udp) {
        let scene = Scene::start(row.mode, 1, |_| {});
        let (port, secret) = (scene.place.sip(), settings::secret("line1"));
        let uri = format!("sip:line1@127.0.0.1:{port}");
        let sipsak = |args: &[&str]| {
            let ran = Command::new("timeout").args(["20", "sipsak", "-s", &uri]).args(args).output().unwrap();
            (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
        };
        let asked = sipsak(&["-v"]);
        assert_eq!(asked.0, Some(0), "{}", asked.1);
        let contact = format!("sip:line1@127.0.0.1:{}", scene.place.peer(0));
        let registered = sipsak(&["-U", "-C", &contact, "-x", "120", "-u", "line1", "-a", &secret, "-v"]);
        assert_eq!(registered.0, Some(0), "{}", registered.1);
        scene.daemon.wait_notice("phone_registered");
        let refused = sipsak(&["-U", "-C", &contact, "-x", "120", "-u", "line1", "-a", "wrong", "-v"]);
        assert_ne!(refused.0, Some(0), "{}", refused.1);
    }
}

/// The rows as a page.
fn page() -> String {
    let heads = DEEDS.iter().map(|(_, head)| format!(" {head} |")).collect::<String>();
    let mut page = format!(
        "# Who was met\n\nEvery row is run by `gateway-core/tests/interop.rs`, with the real program and the real peer on one computer; \
         this page is printed from it. ✓: done and seen; –: not what this peer is met for.\n\n\
         | Peer | Mode | Transport | Audio |{heads}\n|---|---|---|---|{}\n",
        ":-:|".repeat(DEEDS.len())
    );
    for row in ROWS {
        let mode = match row.mode {
            Mode::SipServer => "SIP server",
            Mode::SipClient => "SIP client",
            Mode::SipTrunk => "SIP trunk",
        };
        let audio = if row.srtp == SrtpUse::Off { "RTP" } else { "SRTP" };
        let deeds = DEEDS.iter().map(|(deed, _)| if row.deeds.contains(deed) { " ✓ |" } else { " – |" }).collect::<String>();
        page += &format!("| {} | {mode} | {} | {audio} |{deeds}\n", row.peer, row.transport.via());
    }
    page + "\nBesides these, `gateway-core/tests/peer_*.rs` meet the same peers in what goes wrong: refusals, lost connections, certificates, forks, digits in every spelling, floods.\n\
            Not met yet: telephones and systems of wood and iron.\n"
}

#[test]
fn the_page_says_what_is_run() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/INTEROP.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap_or_default(), page(), "UPDATE_DOCS=1 writes it anew");
}
