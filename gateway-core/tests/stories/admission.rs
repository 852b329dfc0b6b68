//! "Only from host" and the two enable flags.

use std::net::SocketAddr;

use gateway_core::config::settings::Settings;
use gateway_core::fxo::simulator::act::LineAct;
use gateway_core::gateway::io::Event;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::message::Method;

use super::cast::*;

fn only_from(settings: Settings, hosts: [&str; 2]) -> Settings {
    with(settings, |settings| {
        for (port, hosts) in settings.ports.iter_mut().zip(hosts) {
            port.only_from_host = hosts.to_owned();
        }
    })
}

/// A trunk peer at 127.0.0.7 calls; both ports have this list. Whether the call got through.
fn gets_through(hosts: &str) -> bool {
    let mut world = World::without_box(only_from(trunk(), [hosts, hosts]), 1);
    let address: SocketAddr = ([127, 0, 0, 7], 5060).into();
    world.add_party_at(address, Habits::default());
    world.hosts.insert("pbx.example".to_owned(), vec![[127, 0, 0, 7].into()]);
    world.plug_in();
    world.run_for(s(3));
    world.call(0, "100", None);
    world.run_for(s(5));
    let talks = world.port(0).state == PortState::Talking;
    if !talks {
        assert_silence(&world, address);
    }
    end_in_silence(&mut world);
    talks
}

#[test]
fn a_host_a_block_a_name_or_a_list_admits_whom_it_names_and_blank_admits_all() {
    for admitted in ["127.0.0.7", "127.0.0.0/29", "pbx.example", "10.0.0.1, 127.0.0.7", ""] {
        assert!(gets_through(admitted), "{admitted:?}");
    }
    for kept_out in ["127.0.0.8", "127.0.0.0/30", "10.0.0.0/8", "gone.example", "::1"] {
        assert!(!gets_through(kept_out), "{kept_out:?}");
    }
}

#[test]
fn a_source_that_another_port_admits_gets_403_for_this_one() {
    let mut world = World::new(only_from(server(), ["10.0.0.1", "127.0.0.1"]), 1);
    world.add_party(Habits::default());
    call(&mut world, "100");
    world.run_for(s(2));
    assert_refused(&world, 0, 403, Some(21));
    assert_eq!(setting_of(&world, NoticeCode::HostNotAdmitted).as_deref(), Some("ports[0].only_from_host"));
    world.call(0, "100", Some(credentials("p2", "secret2")));
    assert!(world.run_until_port(1, PortState::Talking, s(5)));
    end_well(&mut world);
}

#[test]
fn without_stealth_a_source_that_no_port_admits_gets_403() {
    let settings = with(only_from(server(), ["10.0.0.1", "10.0.0.1"]), |settings| settings.gateway.stealth = false);
    let mut world = World::new(settings, 1);
    world.add_party(Habits::default());
    call(&mut world, "100");
    world.run_for(s(2));
    assert_refused(&world, 0, 403, Some(21));
    end_well(&mut world);
}

#[test]
fn only_from_host_holds_for_register_too() {
    let mut world = World::new(only_from(server(), ["10.0.0.1", "127.0.0.1"]), 1);
    world.add_party(Habits::default());
    world.register(0, "p1", "secret1");
    let address = world.parties[0].address;
    assert_eq!(world.tap.responses(address, &Method::Register).last().unwrap().status(), 403);
    world.add_party(Habits::default());
    world.register(1, "p2", "secret2");
    let address = world.parties[1].address;
    assert_eq!(world.tap.responses(address, &Method::Register).last().unwrap().status(), 200);
    end_well(&mut world);
}

#[test]
fn options_from_a_source_that_no_port_admits_gets_silence_and_from_another_an_answer() {
    let mut world = World::new(only_from(server(), ["127.0.0.7", "127.0.0.7"]), 1);
    let options = |from: SocketAddr| {
        format!(
            "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKx\r\nMax-Forwards: 70\r\nFrom: <sip:a@{from}>;tag=1\r\n\
             To: <sip:b@127.0.0.1>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let (stranger, friend): (SocketAddr, SocketAddr) = (([127, 0, 0, 9], 5060).into(), ([127, 0, 0, 7], 5060).into());
    world.inject(stranger, options(stranger).as_bytes());
    world.inject(friend, options(friend).as_bytes());
    world.run_for(s(1));
    assert_silence(&world, stranger);
    assert_eq!(world.tap.responses(friend, &Method::Options).next().unwrap().status(), 200);
    end_well(&mut world);
}

#[test]
fn a_bye_from_a_host_that_the_port_does_not_admit_ends_no_call() {
    let mut world = trunk_with(only_from(trunk(), ["127.0.0.1", "127.0.0.1"]), Habits::default());
    world.call(0, "100", None);
    assert!(world.run_until_port(0, PortState::Talking, s(5)));
    world.run_for(s(1));
    let address = world.parties[0].address;
    let answer = world.tap.responses(address, &Method::Invite).find(|response| response.status() == 200).unwrap();
    let header = |name: &str| answer.headers().get(name).unwrap().to_owned();
    let stranger: SocketAddr = ([127, 0, 0, 9], 5060).into();
    let bye = format!(
        "BYE sip:127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {stranger};branch=z9hG4bKy\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n",
        header("From"),
        header("To"),
        header("Call-ID")
    );
    world.inject(stranger, bye.as_bytes());
    world.run_for(s(2));
    assert_silence(&world, stranger);
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn sip_to_fxo_switched_off_refuses_with_403() {
    let mut world = phone_with(with(server(), |settings| settings.ports[0].sip_to_fxo = false), Habits::default());
    call(&mut world, "100");
    world.run_for(s(2));
    assert_refused(&world, 0, 403, Some(21));
    assert_eq!(setting_of(&world, NoticeCode::SipToFxoDisabled).as_deref(), Some("ports[0].sip_to_fxo"));
    end_well(&mut world);
}

#[test]
fn fxo_to_sip_switched_off_ignores_the_ring_with_one_notice_and_without_any_sip() {
    let mut world = phone_with(with(server(), |settings| settings.ports[0].fxo_to_sip = false), Habits::default());
    let address = world.parties[0].address;
    world.act(0, ring("1133334444"));
    world.run_for(s(30));
    assert_eq!(world.port(0).state, PortState::Ringing);
    assert!(world.exchange_off_hook().is_empty());
    world.act(0, LineAct::StopRinging);
    assert!(world.run_until_port(0, PortState::Idle, s(8)));
    assert_eq!(invites_sent(&world, address), 0);
    assert_eq!(world.notices.iter().filter(|notice| notice.code == NoticeCode::RingIgnored).count(), 1);
    assert!(world.records.is_empty());
    end_well(&mut world);
}

#[test]
fn a_sign_of_life_is_no_malformed_message() {
    let mut world = World::new(server(), 1);
    world.run_for(s(3));
    let source = SocketAddr::from(([127, 0, 0, 7], 5060));
    for bytes in [&b"\r\n\r\n"[..], b"\r\n", b"\0\0\0\0", b""] {
        world.tell(Event::Message { source: source.into(), bytes: bytes.to_vec() });
    }
    assert!(!world.was_noticed(NoticeCode::MalformedSip));
    world.tell(Event::Message { source: source.into(), bytes: b"GET / HTTP/1.1\r\n\r\n".to_vec() });
    assert!(world.was_noticed(NoticeCode::MalformedSip));
}
