//! SIP over TLS with peers of other makers: who is believed, who is not, and calls in both directions.
#![cfg(all(unix, feature = "shell"))]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "each file of peer tests uses a part of the stage")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "peers/stage.rs"]
mod stage;

use gateway_core::config::settings::{GatewaySettings, Mode};
use gateway_core::config::transport::{RemoteTransport, TlsTrust};
use serde_json::{Value, json};
use stage::sound::Sound;
use stage::{Baresip, Kamailio, Papers, Place, SOON, Scene, installed, settings};

fn registration(picture: &Value) -> &Value {
    &picture["ports"][0]["registration"]
}

/// A telephone that registers at the gateway over TLS.
fn telephone(scene: &Scene) -> Baresip {
    let (gateway, secret) = (scene.place.sip_tls(), settings::secret("line1"));
    let account = format!("<sip:line1@127.0.0.1:{gateway};transport=tls>;auth_user=line1;auth_pass={secret};regint=600;answermode=auto");
    Baresip::start(&scene.place, 0, &account, &Sound::silence(60_000))
}

#[test]
fn a_telephone_that_registered_over_tls_calls_and_is_called_over_its_connection() {
    if !installed(&["baresip", "openssl"]) {
        return;
    }
    let place = Place::new();
    let papers = Papers::new(&place);
    let certificate = papers.signed("gateway");
    let mut scene = Scene::start_at(place, Mode::SipServer, 1, |settings, _| {
        let gateway = &mut settings.gateway;
        gateway.sip_tls = true;
        (gateway.tls_certificate, gateway.tls_key) = (certificate.clone(), certificate);
        settings.ports[0].target = "line1".to_owned();
    });
    assert!(papers.connect(scene.place.sip_tls()), "the authority vouches for the gateway");
    let mut phone = telephone(&scene);
    phone.wait_registered();
    scene.calls_out(&mut phone, &format!("sip:100@127.0.0.1:{};transport=tls", scene.place.sip_tls()));
    scene.is_called(&phone);
}

#[test]
fn whoever_does_not_believe_our_certificate_is_told() {
    if !installed(&["openssl"]) {
        return;
    }
    let place = Place::new();
    let papers = Papers::new(&place);
    let scene = Scene::start_at(place, Mode::SipServer, 1, |settings, _| settings.gateway.sip_tls = true);
    let connected = papers.connect(scene.place.sip_tls());
    assert!(!connected, "the certificate that the gateway made for itself is nobody's");
    let notice = scene.daemon.wait_notice("tls_failed");
    assert_eq!((&notice["severity"], &notice["args"]["fault"]), (&json!("warning"), &json!("refused")), "{notice}");
}

/// A client of Kamailio over TLS, which believes as `trust` says.
fn client(place: Place, kamailio: &Kamailio, trust: impl FnOnce(&mut GatewaySettings)) -> Scene {
    Scene::start_at(place, Mode::SipClient, 1, |settings, _| {
        kamailio.address().clone_into(&mut settings.gateway.remote_server);
        settings.gateway.remote_transport = RemoteTransport::Tls;
        trust(&mut settings.gateway);
    })
}

#[test]
fn a_registration_at_kamailio_over_tls_carries_calls_of_both_directions() {
    if !installed(&["baresip", "kamailio", "openssl"]) || !Kamailio::can_tls() {
        return;
    }
    let place = Place::new();
    let papers = Papers::new(&place);
    let mut kamailio = Kamailio::start_over_tls(&place, 0, 600, &papers.signed("pbx"));
    let server = kamailio.address().to_owned();
    let mut scene = client(place, &kamailio, |gateway| {
        gateway.tls_trust = TlsTrust::Authority;
        gateway.tls_authority = papers.authority();
    });
    kamailio.wait(&["saved line1 ", "transport=tls"]);
    let secret = settings::secret("200");
    let account = format!("<sip:200@{server};transport=tls>;auth_user=200;auth_pass={secret};regint=600;answermode=auto");
    // Kamailio calls it over a connection of its own.
    let own = format!("sip_certificate {}\n", papers.self_made("phone"));
    let mut phone = Baresip::start_with(&scene.place, 1, &account, &Sound::silence(60_000), &own);
    phone.wait_registered();
    scene.calls_out(&mut phone, &format!("sip:100@{server};transport=tls"));
    scene.daemon.wait_port(0, "idle");
    kamailio.mark();
    scene.mark();
    phone.mark();
    scene.is_called(&phone);
    kamailio.wait(&["relayed INVITE from line1"]);
}

#[test]
fn a_server_with_a_certificate_of_its_own_is_known_by_the_certificate_or_its_fingerprint() {
    if !installed(&["kamailio", "openssl"]) || !Kamailio::can_tls() {
        return;
    }
    for trust in [TlsTrust::Fingerprint, TlsTrust::Authority] {
        let place = Place::new();
        let papers = Papers::new(&place);
        let certificate = papers.self_made("pbx");
        let kamailio = Kamailio::start_over_tls(&place, 0, 600, &certificate);
        let scene = client(place, &kamailio, |gateway| {
            gateway.tls_trust = trust;
            gateway.tls_fingerprint = papers.fingerprint(&certificate);
            gateway.tls_authority.clone_from(&certificate);
        });
        kamailio.wait(&["saved line1 "]);
        scene.daemon.wait_picture("registered", SOON, |snapshot| registration(snapshot)["kind"] == "registered");
    }
}

#[test]
fn a_server_that_nobody_vouches_for_gets_no_registration_and_it_is_said_why() {
    if !installed(&["kamailio", "openssl"]) || !Kamailio::can_tls() {
        return;
    }
    let place = Place::new();
    let papers = Papers::new(&place);
    let kamailio = Kamailio::start_over_tls(&place, 0, 600, &papers.self_made("pbx"));
    let scene = client(place, &kamailio, |gateway| {
        gateway.tls_trust = TlsTrust::Authority;
        gateway.tls_authority = papers.authority();
    });
    let notice = scene.daemon.wait_notice("tls_failed");
    // What OpenSSL makes is a certificate of an authority unless it is told otherwise.
    let told = (&notice["severity"], &notice["args"]["fault"], &notice["args"]["server"]);
    assert_eq!(told, (&json!("alarm"), &json!("bad_certificate"), &json!("127.0.0.1")), "{notice}");
    scene.daemon.wait_picture("failed", SOON, |snapshot| registration(snapshot)["kind"] == "failed");
    assert_eq!(kamailio.count("challenged REGISTER"), 0, "no digest goes to somebody whom nobody vouches for");
}
