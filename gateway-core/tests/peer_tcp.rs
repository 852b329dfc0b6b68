//! SIP over TCP with peers of other makers: calls in both directions, registrations both ways, and what a lost connection does.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use gateway_core::config::settings::Mode;
use gateway_core::config::transport::RemoteTransport;
use serde_json::Value;
use stage::scene::{G711, header};
use stage::sipp::Part;
use stage::sound::Sound;
use stage::{Baresip, Call, Kamailio, Place, SOON, Scene, installed, settings};

/// One connection for everything.
const OVER_TCP: &[&str] = &["-t", "t1"];

fn registration(picture: &Value) -> &Value {
    &picture["ports"][0]["registration"]
}

#[test]
fn a_caller_of_sipp_is_served_on_the_connection_that_it_opened() {
    if !installed(&["sipp"]) {
        return;
    }
    let scene = Scene::start(Mode::SipServer, 1, |settings| settings.gateway.sip_tcp = true);
    let call = Call { scenario: "call.xml", fill: &[("hold_ms", "1500")], args: OVER_TCP, ..Call::default() };
    let messages = scene.caller(&call).messages_at_end();
    let answer = messages.split("message received").find(|part| part.contains("SIP/2.0 200 OK") && part.contains("INVITE")).unwrap();
    assert!(answer.contains("Via: SIP/2.0/TCP") && answer.contains(";transport=tcp>"), "{answer}");
    let invites = messages.matches("message sent").count();
    assert_eq!(invites, 5, "INVITE, ACK, INVITE, ACK, BYE: over a stream nothing is sent twice\n{messages}");
    scene.daemon.wait_record("sip_hung_up");
    scene.daemon.wait_port(0, "idle");
}

#[test]
fn without_the_switch_nobody_listens_at_tcp() {
    let scene = Scene::start(Mode::SipServer, 1, |_| {});
    assert!(TcpStream::connect(("127.0.0.1", scene.place.sip())).is_err());
}

#[test]
fn the_line_rings_at_a_target_over_tcp() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start_at(Place::new(), Mode::SipTrunk, 1, |settings, place| {
        settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(0));
        settings.gateway.remote_transport = RemoteTransport::Tcp;
        settings.ports[0].target = "desk".to_owned();
    });
    let checks = header("Via", "SIP/2.0/TCP");
    let fill = [("codecs", G711), ("ring_ms", "500"), ("checks", checks.as_str())];
    let part = Part { scenario: "callee.xml", port: scene.place.peer(0), fill: &fill, args: OVER_TCP, ..Part::default() };
    scene.is_answered_by(&part);
}

#[test]
fn a_target_that_takes_no_connection_is_refused_at_once_and_the_second_target_rings() {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start_at(Place::new(), Mode::SipTrunk, 1, |settings, place| {
        settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(0));
        settings.ports[0].target = format!("sip:desk@127.0.0.1:{};transport=tcp", place.peer(1));
        settings.ports[0].second_target = "reception".to_owned();
    });
    let fill = [("codecs", G711), ("ring_ms", "200"), ("checks", "")];
    let port = scene.place.peer(0);
    scene.is_answered_by(&Part { scenario: "callee.xml", port, fill: &fill, ..Part::default() });
}

/// The line rings at a target whose name is so long that no datagram should carry the INVITE.
fn a_large_invite_arrives(args: &[&str], via: &str) {
    if !installed(&["sipp"]) {
        return;
    }
    let mut scene = Scene::start_at(Place::new(), Mode::SipTrunk, 1, |settings, place| {
        settings.gateway.sip_tcp = true;
        settings.gateway.remote_server = format!("127.0.0.1:{}", place.peer(0));
        settings.ports[0].target = "desk".repeat(60);
    });
    let checks = header("Via", via);
    let fill = [("codecs", G711), ("ring_ms", "200"), ("checks", checks.as_str())];
    let part = Part { scenario: "callee.xml", port: scene.place.peer(0), fill: &fill, args, ..Part::default() };
    scene.is_answered_by(&part);
}

#[test]
fn what_is_too_large_for_a_datagram_goes_over_a_connection() {
    a_large_invite_arrives(OVER_TCP, "SIP/2.0/TCP");
}

#[test]
fn what_is_too_large_goes_as_a_datagram_where_no_connection_is_taken() {
    a_large_invite_arrives(&[], "SIP/2.0/UDP");
}

/// A telephone that registers at the gateway over TCP.
fn telephone(scene: &Scene) -> Baresip {
    let (gateway, secret) = (scene.place.sip(), settings::secret("line1"));
    let account = format!("<sip:line1@127.0.0.1:{gateway};transport=tcp>;auth_user=line1;auth_pass={secret};regint=600;answermode=auto");
    let phone = Baresip::start(&scene.place, 0, &account, &Sound::silence(60_000));
    phone.wait_registered();
    phone
}

#[test]
fn a_telephone_that_registered_over_tcp_calls_and_is_called_over_its_connection() {
    if !installed(&["baresip"]) {
        return;
    }
    let mut scene = Scene::start(Mode::SipServer, 1, |settings| {
        settings.gateway.sip_tcp = true;
        settings.ports[0].target = "line1".to_owned();
    });
    let mut phone = telephone(&scene);
    scene.calls_out(&mut phone, &format!("sip:100@127.0.0.1:{};transport=tcp", scene.place.sip()));
    scene.is_called(&phone);
}

#[test]
fn a_registration_at_kamailio_over_tcp_carries_calls_and_outlives_its_connection() {
    if !installed(&["baresip", "kamailio"]) {
        return;
    }
    let place = Place::new();
    let kamailio = Kamailio::start_over_tcp(&place, 0, 600);
    let server = kamailio.address().to_owned();
    let mut scene = Scene::start_at(place, Mode::SipClient, 1, |settings, _| {
        settings.gateway.remote_server.clone_from(&server);
        settings.gateway.remote_transport = RemoteTransport::Tcp;
    });
    kamailio.wait(&["saved line1 ", "transport=tcp"]);
    let account =
        format!("<sip:200@{server};transport=tcp>;auth_user=200;auth_pass={};regint=600;answermode=auto", settings::secret("200"));
    let mut phone = Baresip::start(&scene.place, 1, &account, &Sound::silence(60_000));
    phone.wait_registered();
    scene.calls_out(&mut phone, &format!("sip:100@{server}"));

    // A server that restarts takes the connection with it. A registration that is some seconds old is made anew at once.
    let now_ms = |event: &Value| event["snapshot"]["now_ms"].as_u64();
    let old = |event: &Value| now_ms(event).is_some_and(|now_ms| now_ms > 7000);
    scene.daemon.wait("a registration of some age", SOON, old);
    scene.mark();
    drop(kamailio);
    scene.daemon.wait_picture("no registration", SOON, |snapshot| registration(snapshot)["kind"] != "registered");
    let again = Kamailio::start_over_tcp(&scene.place, 0, 600);
    again.wait(&["saved line1 ", "transport=tcp"]);
    scene.daemon.wait_picture("registered", SOON, |snapshot| registration(snapshot)["kind"] == "registered");
}

#[test]
fn a_stranger_finds_an_open_port_and_nothing_behind_it() {
    let scene = Scene::start(Mode::SipServer, 1, |settings| {
        settings.gateway.sip_tcp = true;
        settings.ports[0].only_from_host = "192.0.2.1".to_owned();
    });
    let mut stranger = TcpStream::connect(("127.0.0.1", scene.place.sip())).unwrap();
    stranger.set_read_timeout(Some(SOON)).unwrap();
    // The gateway may have closed it already.
    let _ = stranger.write_all(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n");
    let mut heard = Vec::new();
    let _ = stranger.read_to_end(&mut heard);
    assert_eq!(heard, b"");
}
