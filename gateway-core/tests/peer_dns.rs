//! A domain with two servers of another maker behind a real name server: found, left when one dies, taken again when it is back.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use std::time::Duration;

use gateway_core::config::settings::{Mode, Settings};
use gateway_core::config::transport::RemoteTransport;
use stage::dnsmasq::DOMAIN;
use stage::sound::Sound;
use stage::{Baresip, Dnsmasq, Kamailio, Place, Scene, installed, settings};

/// Peers of the place: two servers, the name server, telephones.
const SERVERS: [u16; 2] = [0, 1];
const NAMES: u16 = 2;
const TELEPHONE: u16 = 3;

/// The patience of a registration that has another server to go to, and of a busy machine.
const MOVED: Duration = Duration::from_secs(25);
/// A server that is out of service is asked every 30 s whether it is back.
const BACK: Duration = Duration::from_secs(45);

/// A gateway that registers at the domain.
fn client(place: Place, names: &Dnsmasq, change: impl FnOnce(&mut Settings, &Place)) -> Scene {
    let address = names.address().to_owned();
    Scene::start_at(place, Mode::SipClient, 1, |settings, place| {
        settings.gateway.remote_server = DOMAIN.to_owned();
        settings.gateway.dns_server = address;
        settings.ports[0].target = "200".to_owned();
        change(settings, place);
    })
}

/// A telephone that registers at this server of the domain as 200.
fn telephone(scene: &Scene, number: u16, server: &Kamailio) -> Baresip {
    let account = format!("<sip:200@{}>;auth_user=200;auth_pass={};regint=600;answermode=auto", server.address(), settings::secret("200"));
    let phone = Baresip::start(&scene.place, number, &account, &Sound::silence(60_000));
    phone.wait_registered();
    phone
}

/// The telephone of this server calls out over the line, and the line calls it.
fn carries_calls(scene: &mut Scene, number: u16, server: &Kamailio) {
    let mut phone = telephone(scene, number, server);
    scene.calls_out(&mut phone, &format!("sip:100@{}", server.address()));
    scene.is_called(&phone);
    scene.daemon.wait_port(0, "idle");
    scene.mark();
}

#[test]
fn a_registration_follows_the_servers_of_a_domain_as_they_die_and_come_back() {
    if !installed(&["dnsmasq", "kamailio", "baresip"]) {
        return;
    }
    let place = Place::new();
    let names = Dnsmasq::start(place.peer(NAMES), &SERVERS.map(|server| place.peer(server)));
    let [first, second] = SERVERS.map(|server| Kamailio::start(&place, server, 10));
    let mut scene = client(place, &names, |_, _| {});
    first.wait(&["saved line1 "]);
    names.wait_asked("SRV", &format!("_sip._udp.{DOMAIN}"));
    carries_calls(&mut scene, TELEPHONE, &first);
    assert_eq!(second.count("REGISTER line1"), 0, "the second server is not asked while the first one answers");

    drop(first);
    second.wait_longer(&["saved line1 "], MOVED);
    scene.daemon.wait_notice("server_place_lost");
    carries_calls(&mut scene, TELEPHONE + 1, &second);

    let first = Kamailio::start(&scene.place, SERVERS[0], 10);
    first.wait_longer(&["saved line1 "], BACK);
    scene.daemon.wait_notice("server_place_back");
    carries_calls(&mut scene, TELEPHONE + 2, &first);
}

#[test]
fn everything_goes_through_the_outbound_proxy_whatever_the_domain_says() {
    if !installed(&["dnsmasq", "kamailio", "baresip"]) {
        return;
    }
    let place = Place::new();
    let names = Dnsmasq::start(place.peer(NAMES), &[place.peer(SERVERS[0])]);
    let [server, proxy] = SERVERS.map(|server| Kamailio::start(&place, server, 600));
    let mut scene = client(place, &names, |settings, place| {
        settings.gateway.outbound_proxy = format!("127.0.0.1:{}", place.peer(SERVERS[1]));
        settings.gateway.remote_transport = RemoteTransport::Udp;
    });
    proxy.wait(&["saved line1 "]);
    carries_calls(&mut scene, TELEPHONE, &proxy);
    assert_eq!(server.count("line1"), 0, "the server of the domain hears nothing");
}
