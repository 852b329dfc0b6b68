//! Floods, scanners and guessers at the door, and what those who belong here notice of them.

use std::net::SocketAddr;

use gateway_core::gateway::guard::{BanEffect, Offence};
use gateway_core::gateway::io::Command;
use gateway_core::gateway::notice::{NoticeCode, Severity};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;

use super::cast::*;

fn options(n: u32, more: &str) -> String {
    format!(
        "OPTIONS sip:gw SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK{n}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:gw>\r\n\
         Call-ID: scan{n}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n{more}\r\n"
    )
}

fn far(n: u32) -> SocketAddr {
    (std::net::Ipv4Addr::from_bits(0xc633_6400 + n), 5060).into()
}

/// So many messages a second for so long, from as many sources, with what else happens in between.
fn flood(world: &mut World, per_second: u32, seconds: u32, sources: u32) {
    for n in 0..per_second * seconds {
        world.inject(far(n % sources), options(n, "").as_bytes());
        world.run_for(s(1) / per_second);
    }
}

fn heard_back(world: &World, to: SocketAddr) -> bool {
    world.tap.datagrams().any(|datagram| datagram.to == to)
}

fn notices(world: &World, code: NoticeCode) -> usize {
    world.notices.iter().filter(|notice| notice.code == code).count()
}

#[test]
fn a_registered_phone_calls_in_a_flood_of_a_thousand_messages_a_second_from_one_source_or_from_ten_thousand() {
    for sources in [1, 10_000] {
        let mut world = server_with_phone(Habits::default());
        flood(&mut world, 1000, 2, sources);
        call(&mut world, "100");
        for _ in 0..20 {
            flood(&mut world, 1000, 1, sources);
            if world.port(0).state == PortState::Talking {
                break;
            }
        }
        assert_eq!(world.port(0).state, PortState::Talking, "{sources}");
        flood(&mut world, 1000, 5, sources);
        assert_eq!(world.port(0).state, PortState::Talking, "{sources}");
        let view = world.gateway.guard_view(world.now());
        assert!(view.dropped > 4000, "{view:?}");
        assert_eq!(view.bans.len(), usize::from(sources == 1));
        let told = if sources == 1 { NoticeCode::SourceFlooding } else { NoticeCode::StrangersFlooding };
        assert_eq!(notices(&world, told), 1, "{sources}");
        assert!(world.sip.answer(gateway_core::gateway::sip_trace::SipTraceQuery::default()).decoded().messages.len() <= 512);
        world.command(Command::HangUp { port: gateway_core::config::PortId(0) });
        end_in_silence(&mut world);
    }
}

#[test]
fn whoever_calls_itself_a_scanner_gets_silence_from_the_first_word_and_the_others_an_answer() {
    let mut world = server_with_phone(Habits::default());
    world.inject(far(1), options(1, "User-Agent: friendly-scanner\r\n").as_bytes());
    world.inject(far(1), options(2, "").as_bytes());
    world.run_for(s(1));
    assert_silence(&world, far(1));
    world.inject(far(2), options(3, "").as_bytes());
    world.run_for(s(1));
    assert!(heard_back(&world, far(2)));
    let ban = world.gateway.guard_view(world.now()).bans.remove(0);
    assert_eq!((ban.source.as_str(), ban.reason, ban.effect), ("198.51.100.1", Offence::Scanner, BanEffect::Silenced));
    world.run_for(s(60));
    world.inject(far(1), options(4, "").as_bytes());
    world.run_for(s(1));
    assert!(heard_back(&world, far(1)), "a ban that anybody could have caused is short");
    end_in_silence(&mut world);
}

#[test]
fn who_looks_for_users_without_proving_anything_is_banned() {
    let mut world = World::new(server(), 1);
    for n in 0..120_u32 {
        let register = options(n, "Contact: <sip:a@198.51.100.1>\r\n").replace("OPTIONS", "REGISTER");
        world.inject(far(1), register.as_bytes());
        world.run_for(ms(60));
    }
    let ban = world.gateway.guard_view(world.now()).bans.remove(0);
    assert_eq!((ban.reason, ban.times), (Offence::Probing, 1));
    assert_eq!(notices(&world, NoticeCode::SourceBanned), 1);
    end_in_silence(&mut world);
}

#[test]
fn a_storm_of_nonsense_is_banned_and_a_person_may_lift_the_ban() {
    let mut world = World::new(server(), 1);
    for n in 0..40_u32 {
        world.inject(far(1), format!("nonsense {n}\r\n\r\n").as_bytes());
    }
    assert_eq!(world.gateway.guard_view(world.now()).bans[0].reason, Offence::Malformed);
    world.inject(far(1), options(1, "").as_bytes());
    world.run_for(s(1));
    assert_silence(&world, far(1));
    world.command(Command::LiftBan { source: "198.51.100.1".to_owned() });
    assert!(world.gateway.guard_view(world.now()).bans.is_empty());
    world.inject(far(1), options(2, "").as_bytes());
    world.run_for(s(1));
    assert!(heard_back(&world, far(1)));
    end_in_silence(&mut world);
}

#[test]
fn a_registered_phone_with_a_guesser_beside_it_is_slowed_and_still_calls_and_a_person_is_told() {
    let mut world = server_with_phone(Habits::default());
    let neighbour = world.add_party(Habits::default());
    for _ in 0..25 {
        world.call(neighbour, "100", Some(credentials("p1", "wrong")));
        world.run_for(s(2));
    }
    let told = world.notices.iter().find(|notice| notice.code == NoticeCode::PeerSlowed).unwrap();
    assert_eq!((told.severity, told.args["reason"].as_str()), (Severity::Alarm, "wrong_secrets"));
    assert_eq!(world.gateway.guard_view(world.now()).bans[0].effect, BanEffect::Slowed);
    assert!(!world.was_noticed(NoticeCode::SourceBanned));
    talk(&mut world, "100");
    end_in_silence(&mut world);
}
