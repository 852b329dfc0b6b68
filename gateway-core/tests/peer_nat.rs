//! The gateway behind a NAT, whose server is of another maker: it learns where it is seen, and calls reach it there.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use gateway_core::config::settings::Mode;
use stage::sound::Sound;
use stage::{Baresip, Kamailio, Nat, Place, SOON, Scene, installed, settings};

/// Peers of the place: the server, the NAT, a telephone.
const SERVER: u16 = 0;
const NAT: u16 = 1;
const TELEPHONE: u16 = 2;

#[test]
fn the_server_says_where_it_sees_the_gateway_and_calls_reach_it_there() {
    if !installed(&["kamailio", "baresip"]) {
        return;
    }
    let place = Place::new();
    let server = Kamailio::start(&place, SERVER, 600);
    let nat = Nat::start(place.peer(NAT), place.peer(NAT) + 2, None, Some(place.peer(SERVER)));
    // The sound goes through the NAT as well: it keeps the port, as most do.
    let sound = Nat::start(place.peer(NAT) + 4, place.rtp(), Some(place.rtp()), None);
    let mut scene = Scene::start_at(place, Mode::SipClient, 1, |settings, _| {
        settings.gateway.remote_server = nat.inner().to_string();
        settings.ports[0].target = "200".to_owned();
    });
    scene.daemon.wait_notice("seen_as");
    let seen = nat.outer().to_string();
    scene.daemon.wait_picture("the public address and a registration", SOON, |snapshot| {
        snapshot["public_address"] == seen.as_str() && snapshot["ports"][0]["registration"]["kind"] == "registered"
    });
    server.wait(&["saved line1 ", &seen]);

    let account = format!("<sip:200@{}>;auth_user=200;auth_pass={};regint=600;answermode=auto", server.address(), settings::secret("200"));
    let mut phone = Baresip::start(&scene.place, TELEPHONE, &account, &Sound::silence(60_000));
    phone.wait_registered();
    let (signalling, heard) = (nat.came_in(), sound.came_in());
    scene.calls_out(&mut phone, &format!("sip:100@{}", server.address()));
    scene.is_called(&phone);
    assert!(nat.came_in() > signalling, "the INVITE of the server comes to where it sees us");
    assert!(sound.came_in() > heard, "the telephone sends its sound to where our SDP says");
}
