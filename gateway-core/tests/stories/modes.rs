//! The three operating modes: who may call, which port is taken, where a ringing line calls.

use std::net::SocketAddr;

use gateway_core::fxo::simulator::act::{HangUpHow, LineAct};
use gateway_core::gateway::io::Command;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::{PortState, RegistrationView};
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::agent::{Invite, SessionId};
use gateway_core::sip::message::Method;

use super::cast::*;

#[test]
fn in_server_mode_the_user_chooses_the_port() {
    let mut world = server_with_phone(Habits::default());
    world.call(0, "100", Some(credentials("p2", "secret2")));
    assert!(world.run_until_port(1, PortState::Talking, s(6)), "{:?}", world.port(1));
    assert_eq!(world.port(0).state, PortState::Idle);
    assert_eq!(world.digits_at_exchange(1), "100");
    end_well(&mut world);
}

#[test]
fn in_server_mode_every_new_invite_is_challenged() {
    let mut world = server_with_phone(Habits::default());
    for _ in 0..2 {
        talk(&mut world, "100");
        world.with_party(0, |party, now| party.hang_up_all(now));
        assert!(world.run_until_port(0, PortState::Idle, s(5)));
    }
    let address = world.parties[0].address;
    let challenges = world.tap.responses(address, &Method::Invite).filter(|response| response.status() == 401).count();
    assert_eq!(challenges, 2);
    end_well(&mut world);
}

#[test]
fn every_live_contact_rings_the_first_to_answer_wins_and_the_rest_are_cancelled() {
    let mut world = server_with_phone(lets_it_ring());
    let second = world.add_party(Habits { answers_after: Some(s(3)), ..Habits::default() });
    let third = world.add_party(Habits { answers_after: Some(s(9)), ..Habits::default() });
    world.register(second, "p1", "secret1");
    world.register(third, "p1", "secret1");
    answer_a_ring(&mut world);
    let seen = |party: usize| world.parties[party].legs().next().unwrap().clone();
    assert!(seen(0).cancelled && seen(third).cancelled);
    assert!(seen(second).answered && !seen(second).ended);
    for party in [0, second, third] {
        assert!(invite_to(&world, party).uri().starts_with("sip:p1@127.0.0.1:"));
    }
    end_well(&mut world);
}

#[test]
fn a_phone_that_answers_while_it_is_cancelled_is_hung_up_and_does_not_disturb_the_call() {
    let mut world = server_with_phone(Habits { answers_after: None, answers_a_cancel: true, ..Habits::default() });
    let second = world.add_party(Habits::default());
    world.register(second, "p1", "secret1");
    answer_a_ring(&mut world);
    world.run_for(s(5));
    let late = world.parties[0].legs().next().unwrap();
    assert!(late.answered && late.ended, "{late:?}");
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn when_nobody_is_registered_the_line_rings_on_and_a_notice_says_so() {
    let mut world = World::new(server(), 1);
    world.act(0, ring("1133334444"));
    world.run_for(s(12));
    assert!(world.was_noticed(NoticeCode::NobodyRegistered));
    assert!(world.exchange_off_hook().is_empty());
    world.act(0, LineAct::StopRinging);
    assert!(world.run_until_port(0, PortState::Idle, s(8)));
    assert_eq!(only_record(&world).cause, EndCause::NoTarget);
    end_well(&mut world);
}

#[test]
fn a_registration_that_is_not_renewed_is_forgotten() {
    let mut world = server_with_phone(Habits::default());
    assert!(matches!(&world.port(0).registration, RegistrationView::Server { contacts } if contacts.len() == 1));
    world.with_party(0, |party, _| party.crash());
    world.run_for(s(310));
    assert!(matches!(&world.port(0).registration, RegistrationView::Server { contacts } if contacts.is_empty()));
    assert!(world.was_noticed(NoticeCode::PhoneUnregistered));
    end_well(&mut world);
}

#[test]
fn in_client_mode_each_enabled_port_keeps_one_registration_for_hours() {
    let settings = with(client(), |settings| (settings.ports[1].sip_to_fxo, settings.ports[1].fxo_to_sip) = (false, false));
    let mut world = client_with(settings, Habits::default());
    for _ in 0..20 {
        world.run_for(s(600));
        let now = world.now();
        assert_eq!(world.parties[0].contacts("p1", now).len(), 1);
        assert_eq!(world.parties[0].contacts("p2", now).len(), 0);
    }
    assert_eq!(world.port(1).registration, RegistrationView::None { peer: None });
    end_well(&mut world);
}

#[test]
fn a_registrar_that_was_down_is_found_again() {
    let mut world = client_with(client(), Habits::default());
    world.with_party(0, |party, _| {
        party.crash_office();
        party.crash();
    });
    assert!(world.run_until(s(400), |world| matches!(world.port(0).registration, RegistrationView::Failed { .. })));
    assert!(world.was_noticed(NoticeCode::RegistrationFailed));
    world.parties[0].revive();
    assert!(world.run_until(s(400), |world| matches!(world.port(0).registration, RegistrationView::Registered { .. })));
    end_well(&mut world);
}

#[test]
fn register_again_is_an_order_that_a_person_can_give() {
    let mut world = client_with(client(), Habits::default());
    let address = world.parties[0].address;
    let before = world.tap.requests(address, &Method::Register).count();
    world.command(Command::Reregister { port: gateway_core::config::PortId(0) });
    world.run_for(s(1));
    assert!(world.tap.requests(address, &Method::Register).count() > before);
    end_well(&mut world);
}

/// The registrar sends a call with this Request-URI and To.
fn from_office(world: &mut World, uri: &str, to: &str) -> SessionId {
    let destination = world.address;
    world.with_party(0, |party, now| {
        let invite = Invite {
            destination: destination.into(),
            others: Vec::new(),
            request_uri: uri.to_owned(),
            from: "<sip:1144445555@127.0.0.1>".to_owned(),
            to: to.to_owned(),
            contact_user: "office".to_owned(),
            headers: Vec::new(),
            body: party.offer(),
            content_type: "application/sdp".to_owned(),
            credentials: None,
            ring_timeout: None,
        };
        party.invite(invite, now)
    })
}

#[test]
fn in_client_mode_the_contact_chooses_the_port_and_to_carries_the_number() {
    let mut world = client_with(client(), Habits::default());
    let contact = world.parties[0].contacts("p2", world.now()).remove(0);
    from_office(&mut world, &contact, "<sip:100@127.0.0.1>");
    assert!(world.run_until_port(1, PortState::Talking, s(8)), "{:?}", world.port(1));
    assert_eq!(world.digits_at_exchange(1), "100");
    end_well(&mut world);
}

#[test]
fn in_client_mode_a_request_uri_that_is_not_our_contact_is_the_number() {
    let mut world = client_with(client(), Habits::default());
    from_office(&mut world, "sip:103@127.0.0.1:5060", "<sip:anybody@127.0.0.1>");
    assert!(world.run_until_port(0, PortState::Talking, s(8)), "{:?}", world.port(0));
    assert_eq!(world.digits_at_exchange(0), "103");
    end_well(&mut world);
}

#[test]
fn in_client_mode_without_any_number_the_caller_hears_dial_tone_and_dials() {
    let mut world = client_with(client(), Habits::default());
    let contact = world.parties[0].contacts("p1", world.now()).remove(0);
    let session = from_office(&mut world, &contact, &format!("<{contact}>"));
    assert!(world.run_until_port(0, PortState::Talking, s(3)), "{:?}", world.port(0));
    world.run_for(s(2));
    assert_eq!(world.digits_at_exchange(0), "");
    for digit in ["1", "0", "0"] {
        let body = format!("Signal={digit}\r\nDuration=100\r\n");
        world.with_party(0, |party, now| party.info(session, "application/dtmf-relay", &body, now));
        world.run_for(s(1));
    }
    assert_eq!(world.digits_at_exchange(0), "100");
    assert_eq!(world.port(0).state, PortState::Talking, "the dial tone that was wanted ends nothing");
    world.run_for(s(4));
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
    assert!(world.run_until(s(5), |world| !world.records.is_empty()), "but later tones do");
    end_well(&mut world);
}

#[test]
fn in_client_mode_nobody_but_the_registered_server_may_call() {
    let mut world = client_with(client(), Habits::default());
    let address: SocketAddr = ([127, 0, 0, 9], 5060).into();
    let stranger = world.add_party_at(address, Habits::default());
    world.call(stranger, "100", None);
    world.run_for(s(5));
    assert_silence(&world, address);
    assert_eq!(world.port(0).state, PortState::Idle);
    end_in_silence(&mut world);
}

#[test]
fn in_client_mode_the_contact_that_we_registered_opens_the_door_from_any_address() {
    let mut world = client_with(client(), Habits::default());
    let contact = world.parties[0].contacts("p2", world.now()).remove(0);
    let proxy = world.add_party_at(([127, 0, 0, 9], 5060).into(), Habits::default());
    let destination = world.address;
    world.with_party(proxy, |party, now| {
        let invite = Invite {
            destination: destination.into(),
            others: Vec::new(),
            request_uri: contact,
            from: "<sip:1144445555@127.0.0.9>".to_owned(),
            to: "<sip:100@127.0.0.1>".to_owned(),
            contact_user: "proxy".to_owned(),
            headers: Vec::new(),
            body: party.offer(),
            content_type: "application/sdp".to_owned(),
            credentials: None,
            ring_timeout: None,
        };
        party.invite(invite, now)
    });
    assert!(world.run_until_port(1, PortState::Talking, s(6)), "{:?}", world.port(1));
    end_well(&mut world);
}

#[test]
fn in_client_mode_a_challenged_call_is_sent_again_with_the_credentials_of_the_port() {
    let mut world = client_with(client(), Habits::default());
    answer_a_ring(&mut world);
    let invite = invite_to(&world, 0);
    assert_eq!(invite.uri(), "sip:p1@127.0.0.1:20000");
    assert!(invite.headers().get("Authorization").unwrap().contains("username=\"p1\""));
    assert_eq!(invite.from().unwrap().uri, "sip:p1@127.0.0.1");
    end_well(&mut world);
}

#[test]
fn in_trunk_mode_any_port_serves_and_credentials_are_ignored() {
    let mut world = trunk_with(trunk(), Habits::default());
    for port in [0, 1] {
        world.call(0, "100", None);
        assert!(world.run_until_port(port, PortState::Talking, s(6)), "{:?}", world.port(port));
    }
    let address = world.parties[0].address;
    assert_eq!(world.tap.responses(address, &Method::Invite).filter(|response| response.status() == 401).count(), 0);
    end_well(&mut world);
}

#[test]
fn in_trunk_mode_a_challenge_ends_the_call_with_a_plain_reason() {
    let mut world = World::new(trunk(), 1);
    let peer = world.add_party(Habits::default());
    world.parties[peer].open_office(vec![credentials("p1", "secret1")], Default::default(), &mut gateway_core::rng::Rng::from_seed(3));
    world.act(0, ring("1133334444"));
    assert!(world.run_until(s(10), |world| world.was_noticed(NoticeCode::TrunkChallenged)));
    assert_eq!(invites_sent(&world, world.parties[peer].address), 1);
    world.act(0, LineAct::StopRinging);
    assert!(world.run_until_port(0, PortState::Idle, s(8)));
    let record = only_record(&world);
    assert_eq!((record.cause, record.sip_status), (EndCause::TargetRefused, Some(401)));
    end_well(&mut world);
}
