//! Behind a NAT: the remote server tells as whom it sees the gateway, and is told so.

use std::net::SocketAddr;

use gateway_core::config::settings::Settings;
use gateway_core::fxo::simulator::act::LineAct;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::view::{PortState, RegistrationView};
use gateway_core::rng::Rng;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::message::Method;
use gateway_core::sip::registrar::Limits;

use super::cast::*;

fn seen_at(port: u16) -> SocketAddr {
    ([198, 51, 100, 9], port).into()
}

/// Client mode with one line, whose registrar sees it at another address.
fn behind_nat(settings: Settings, habits: Habits) -> World {
    let mut world = World::without_box(with(settings, |settings| settings.ports.truncate(1)), 1);
    world.network.nat = Some(seen_at(40_000));
    let office = world.add_party(habits);
    let accounts = vec![credentials("p1", "secret1")];
    world.parties[office].open_office(accounts, Limits::default(), &mut Rng::from_seed(2));
    world.plug_in();
    world.run_for(s(10));
    assert!(matches!(world.port(0).registration, RegistrationView::Registered { .. }), "{:?}", world.port(0).registration);
    world
}

fn contacts(world: &World) -> Vec<String> {
    world.parties[0].contacts("p1", world.now())
}

fn told(world: &World) -> usize {
    world.notices.iter().filter(|notice| notice.code == NoticeCode::SeenAs).count()
}

fn end_behind_nat(world: &mut World) {
    assert!(world.run_until_port(0, PortState::Idle, s(20)), "{:?}", world.port(0));
    end_well(world);
}

#[test]
fn the_registration_and_calls_both_ways_say_where_the_server_sees_the_gateway() {
    let mut world = behind_nat(client(), Habits { hangs_up_after: Some(s(5)), ..Habits::default() });
    let contact = contacts(&world);
    assert_eq!(contact.len(), 1, "the address that leads nowhere is taken back: {contact:?}");
    assert!(contact[0].contains("@198.51.100.9:40000"), "{contact:?}");
    assert_eq!(told(&world), 1);
    assert_eq!(world.public_address().as_deref(), Some("198.51.100.9:40000"));

    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    let invite = invite_to(&world, 0);
    assert!(invite.headers().get("Contact").unwrap().contains("@198.51.100.9:40000"));
    let offer = String::from_utf8_lossy(invite.body()).into_owned();
    assert!(offer.contains("c=IN IP4 198.51.100.9\r\n"), "{offer}");
    assert!(world.run_until_port(0, PortState::Idle, s(20)), "a BYE of the server reaches us: {:?}", world.port(0));

    // An exchange gives whoever was called two seconds to lift again before it lets him call.
    world.run_for(s(3));
    world.call(0, "100", None);
    assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
    world.run_for(s(2));
    let answer = finals(&world, 0).pop().unwrap();
    assert!(answer.headers().get("Contact").unwrap().contains("@198.51.100.9:40000"));
    let described = world.tap.responses(world.parties[0].address, &Method::Invite).find(|response| !response.body().is_empty());
    assert!(String::from_utf8_lossy(described.unwrap().body()).contains("c=IN IP4 198.51.100.9\r\n"));
    end_behind_nat(&mut world);
}

#[test]
fn a_nat_that_maps_us_anew_is_followed_and_calls_hear_of_it() {
    let mut world = behind_nat(with(client(), |settings| settings.gateway.qualify_s = 10), Habits::default());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    world.run_for(s(40));
    world.network.nat = Some(([198, 51, 100, 77], 41_000).into());
    let moved = |world: &World| contacts(world).iter().any(|contact| contact.contains("@198.51.100.77:41000"));
    assert!(world.run_until(s(30), moved), "{:?}", contacts(&world));
    world.run_for(s(3));
    let again = invite_to(&world, 0);
    assert!(again.headers().get("Contact").unwrap().contains("@198.51.100.77:41000"));
    assert!(String::from_utf8_lossy(again.body()).contains("c=IN IP4 198.51.100.77\r\n"));
    assert_eq!((told(&world), world.port(0).state), (2, PortState::Talking));
    world.with_party(0, |party, now| party.hang_up_all(now));
    end_behind_nat(&mut world);
}

#[test]
fn a_nat_that_moves_our_signalling_alone_is_told_to_calls_as_well() {
    let mut world = behind_nat(with(client(), |settings| settings.gateway.qualify_s = 10), Habits::default());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    world.run_for(s(40));
    world.network.nat = Some(seen_at(41_000));
    world.run_for(s(30));
    assert!(invite_to(&world, 0).headers().get("Contact").unwrap().contains("@198.51.100.9:41000"));
    world.with_party(0, |party, now| party.hang_up_all(now));
    assert!(world.run_until_port(0, PortState::Idle, s(5)), "the BYE of the server reaches us: {:?}", world.port(0));
    end_behind_nat(&mut world);
}

#[test]
fn a_server_that_sees_us_as_we_are_is_not_told_the_public_address_over_and_over() {
    let settings = with(client(), |settings| {
        settings.ports.truncate(1);
        settings.gateway.public_address = "198.51.100.9".to_owned();
        settings.gateway.remote_server = "203.0.113.20:5060".to_owned();
    });
    let mut world = World::without_box(settings, 1);
    let office = world.add_party_at("203.0.113.20:5060".parse().unwrap(), Habits::default());
    world.parties[office].open_office(vec![credentials("p1", "secret1")], Limits::default(), &mut Rng::from_seed(2));
    world.plug_in();
    world.run_for(s(60));
    let registers = world.tap.requests(world.parties[office].address, &Method::Register).count();
    assert!(registers < 10, "{registers} requests in a minute");
    assert_eq!(told(&world), 1);
    assert_eq!(contacts(&world).len(), 1);
    assert!(contacts(&world)[0].contains("@127.0.0.1:5060"), "{:?}", contacts(&world));
    end_well(&mut world);
}

#[test]
fn a_telephone_outside_transfers_to_a_colleague_at_the_address_that_it_knows() {
    let mut world = World::new(with(server(), |settings| settings.gateway.public_address = "198.51.100.9".to_owned()), 1);
    let (outside, inside) = outside_and_inside(&mut world);
    world.network.nat = Some(([198, 51, 100, 9], 5060).into());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    let session = world.parties[outside].open_calls().next().unwrap();
    world.with_party(outside, |party, now| party.refer(session, "sip:p2@198.51.100.9", now));
    assert!(world.run_until(s(5), |world| world.parties[inside].open_calls().next().is_some()), "the colleague is called");
    world.run_for(s(5));
    world.act(0, LineAct::HangUp { how: None });
    assert!(world.run_until_port(0, PortState::Idle, s(15)), "{:?}", world.port(0));
    world.network.nat = None;
    end_well(&mut world);
}

#[test]
fn a_nat_that_changes_its_mind_with_every_request_does_not_make_us_register_without_end() {
    let mut world = behind_nat(client(), Habits::default());
    let registers = |world: &World| world.tap.requests(world.parties[0].address, &Method::Register).count();
    let before = registers(&world);
    for port in 0..300 {
        world.network.nat = Some(seen_at(42_000 + port));
        world.run_for(s(1));
    }
    assert!(registers(&world) - before < 60, "{} requests in five minutes", registers(&world) - before);
    world.network.nat = Some(seen_at(40_000));
    world.run_for(s(120));
    end_well(&mut world);
}

#[test]
fn without_a_nat_nothing_is_told_and_nothing_registers_twice() {
    let mut world = client_with(client(), Habits::default());
    let first = world.tap.requests(world.parties[0].address, &Method::Register).count();
    world.run_for(s(60));
    assert_eq!(world.tap.requests(world.parties[0].address, &Method::Register).count(), first);
    assert_eq!((told(&world), world.public_address()), (0, None));
    end_well(&mut world);
}

#[test]
fn who_does_not_want_it_says_its_own_address() {
    let mut world = behind_nat(with(client(), |settings| settings.gateway.learn_public_address = false), Habits::default());
    assert!(contacts(&world)[0].contains("@127.0.0.1:5060"), "{:?}", contacts(&world));
    assert_eq!(told(&world), 0);
    world.network.nat = None;
    end_well(&mut world);
}

#[test]
fn another_network_forgets_what_the_server_saw() {
    let mut world = behind_nat(client(), Habits::default());
    world.network.nat = None;
    world.move_to([127, 0, 0, 9].into());
    world.run_for(s(5));
    assert!(contacts(&world).iter().any(|contact| contact.contains("@127.0.0.9:5060")), "{:?}", contacts(&world));
    assert_eq!(world.public_address(), None);
    end_well(&mut world);
}

/// A telephone outside of every private network, and one inside.
fn outside_and_inside(world: &mut World) -> (usize, usize) {
    let outside = world.add_party_at("203.0.113.20:5060".parse().unwrap(), Habits::default());
    let inside = world.add_party_at("192.168.7.20:5060".parse().unwrap(), Habits::default());
    world.register(outside, "p1", "secret1");
    world.register(inside, "p2", "secret2");
    (outside, inside)
}

fn offered_to(world: &World, party: usize) -> String {
    String::from_utf8_lossy(invite_to(world, party).body()).into_owned()
}

#[test]
fn an_address_that_is_written_down_is_told_outside_and_not_inside() {
    let mut world = World::new(with(server(), |settings| settings.gateway.public_address = "198.51.100.9".to_owned()), 1);
    let (outside, inside) = outside_and_inside(&mut world);
    assert_eq!(world.public_address().as_deref(), Some("198.51.100.9:5060"));
    for (port, party, told) in [(0, outside, "198.51.100.9"), (1, inside, "127.0.0.1")] {
        world.act(port, ring("1133334444"));
        assert!(world.run_until_port(port, PortState::Talking, s(15)), "{:?}", world.port(port));
        assert!(offered_to(&world, party).contains(&format!("c=IN IP4 {told}\r\n")), "{}", offered_to(&world, party));
        assert!(invite_to(&world, party).headers().get("Contact").unwrap().contains(told));
    }
    for party in [outside, inside] {
        world.with_party(party, |party, now| party.hang_up_all(now));
    }
    end_well(&mut world);
}

const STUN_SERVER: &str = "192.0.2.53:3478";

/// Answers what the gateway asked the STUN server since `from`; how many requests that were.
fn answer_stun(world: &mut World, from: usize, seen: SocketAddr) -> usize {
    let server: SocketAddr = STUN_SERVER.parse().unwrap();
    let asked: Vec<_> = world.tap.datagrams().skip(from).filter(|datagram| datagram.to == server).map(|d| d.bytes.clone()).collect();
    for request in &asked {
        world.inject(server, &stun_answer(request, seen));
    }
    asked.len()
}

/// A Binding success response (RFC 8489 §14.2), laid out by hand.
fn stun_answer(request: &[u8], seen: SocketAddr) -> Vec<u8> {
    let cookie: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
    let std::net::IpAddr::V4(ip) = seen.ip() else { panic!("IPv4 alone") };
    let mut bytes = vec![0x01, 0x01, 0, 12];
    bytes.extend(&request[4..20]);
    bytes.extend([0x00, 0x20, 0, 8, 0, 1]);
    bytes.extend((seen.port() ^ 0x2112).to_be_bytes());
    bytes.extend(ip.octets().iter().zip(cookie).map(|(byte, cookie)| byte ^ cookie));
    bytes
}

#[test]
fn a_stun_server_says_where_the_outside_sees_us_and_is_asked_again_and_again() {
    let mut world = World::new(with(server(), |settings| settings.gateway.stun_server = STUN_SERVER.to_owned()), 1);
    world.network.nat = Some(seen_at(40_000));
    assert!(answer_stun(&mut world, 0, seen_at(40_000)) > 0);
    world.run_for(s(1));
    assert_eq!(world.public_address().as_deref(), Some("198.51.100.9:40000"));
    let (outside, _) = outside_and_inside(&mut world);
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    assert!(offered_to(&world, outside).contains("c=IN IP4 198.51.100.9\r\n"));
    let before = world.tap.datagrams().count();
    world.run_for(s(30));
    let moved: SocketAddr = ([198, 51, 100, 77], 41_000).into();
    world.network.nat = Some(moved);
    assert!(answer_stun(&mut world, before, moved) > 0, "the mapping is kept open");
    world.run_for(s(3));
    assert!(offered_to(&world, outside).contains("c=IN IP4 198.51.100.77\r\n"), "the call hears of it");
    assert_eq!(world.notices.iter().filter(|notice| notice.code == NoticeCode::SeenOutside).count(), 2);
    world.with_party(outside, |party, now| party.hang_up_all(now));
    end_well(&mut world);
}

#[test]
fn a_stun_server_that_is_silent_is_told_once_and_nobody_else_may_answer_for_it() {
    let mut world = World::new(with(server(), |settings| settings.gateway.stun_server = STUN_SERVER.to_owned()), 1);
    let request = world.tap.datagrams().find(|datagram| datagram.to == STUN_SERVER.parse().unwrap()).unwrap().bytes.clone();
    world.inject("192.0.2.54:3478".parse().unwrap(), &stun_answer(&request, seen_at(40_000)));
    world.run_for(s(120));
    assert_eq!(world.public_address(), None);
    assert_eq!(world.notices.iter().filter(|notice| notice.code == NoticeCode::StunSilent).count(), 1);
    end_in_silence(&mut world);
}
