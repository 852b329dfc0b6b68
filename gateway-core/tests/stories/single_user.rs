//! One user and one registration for all ports.

use gateway_core::fxo::simulator::act::LineAct;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;

use super::cast::*;

fn world() -> World {
    let mut world = World::new(single(server()), 1);
    let phone = world.add_party(Habits::default());
    world.register(phone, "all", "secret of all");
    world
}

fn call_all(world: &mut World) {
    world.call(0, "100", Some(credentials("all", "secret of all")));
    world.run_for(s(4));
}

fn hang_up_all(world: &mut World) {
    world.with_party(0, |party, now| party.hang_up_all(now));
    world.run_for(s(4));
}

#[test]
fn the_least_recently_used_free_port_is_taken() {
    let mut world = world();
    let mut taken = Vec::new();
    for _ in 0..4 {
        call_all(&mut world);
        taken.push((0..2).find(|port| world.port(*port).state == PortState::Talking).unwrap());
        hang_up_all(&mut world);
    }
    assert_eq!(taken, [0, 1, 0, 1]);
    end_well(&mut world);
}

#[test]
fn a_disconnected_port_is_never_given_a_call() {
    let mut world = world();
    world.act(0, LineAct::CableOut);
    world.run_for(s(2));
    for _ in 0..2 {
        call_all(&mut world);
        assert_eq!(world.port(1).state, PortState::Talking);
        hang_up_all(&mut world);
    }
    end_well(&mut world);
}

#[test]
fn when_all_ports_are_busy_the_caller_is_told_to_try_again() {
    let mut world = world();
    call_all(&mut world);
    call_all(&mut world);
    call_all(&mut world);
    let refusal = assert_refused(&world, 0, 503, Some(34));
    assert!(refusal.headers().get("Retry-After").is_some());
    end_well(&mut world);
}

#[test]
fn a_ring_on_any_port_calls_the_one_user_with_the_ports_own_target() {
    let mut world = world();
    for (port, target) in [(0, "p1"), (1, "p2")] {
        world.act(port, ring("1133334444"));
        assert!(world.run_until_port(port, PortState::Talking, s(12)));
        assert_eq!(invite_to(&world, 0).uri(), format!("sip:{target}@127.0.0.1:20000"));
    }
    end_well(&mut world);
}

#[test]
fn in_client_mode_there_is_one_registration_for_all_ports() {
    let mut world = client_with(single(client()), Habits::default());
    let now = world.now();
    assert_eq!(world.parties[0].contacts("all", now).len(), 1);
    assert!(world.parties[0].contacts("p1", now).is_empty() && world.parties[0].contacts("p2", now).is_empty());
    for port in [0, 1] {
        world.act(port, ring("1133334444"));
        assert!(world.run_until_port(port, PortState::Talking, s(12)), "{:?}", world.port(port));
        assert!(invite_to(&world, 0).headers().get("Authorization").unwrap().contains("username=\"all\""));
    }
    end_well(&mut world);
}
