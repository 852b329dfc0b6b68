//! The computer of the gateway changes its network under calls.

use std::net::{IpAddr, SocketAddr};

use gateway_core::dsp::tone::ToneSpec;
use gateway_core::gateway::view::PortState;
use gateway_core::sdp::SrtpUse;
use gateway_core::sim::World;
use gateway_core::sim::party::{Habits, Leg};
use gateway_core::sim::telephone::Telephone;
use gateway_core::sip::message::{Method, Request};

use super::cast::*;

fn elsewhere() -> IpAddr {
    [127, 0, 0, 99].into()
}

/// One line with real sound, and a telephone that is registered as `p1`.
fn sounding(habits: Habits) -> World {
    let settings = with(server(), |settings| {
        settings.ports.truncate(1);
        settings.gateway.srtp = SrtpUse::Preferred;
    });
    let mut world = World::with_sound(settings, 1);
    world.add_party(habits);
    world.parties[0].telephone = Some(Telephone::default());
    world.register(0, "p1", "secret1");
    world
}

/// Whether both directions of the call carry sound: what the telephone says comes back from the hybrid of the line.
fn is_heard(world: &mut World) -> bool {
    let tone = ToneSpec { frequencies_hz: vec![1300.0], level_dbm0: -12.0, cadence_ms: Vec::new() };
    world.parties[0].telephone.as_mut().unwrap().speak(Some(&tone));
    world.run_for(s(3));
    let level = world.parties[0].telephone.as_mut().unwrap().level_at_dbm0(1300.0);
    (-24.0..-14.0).contains(&level)
}

/// The telephone's only call.
fn leg(world: &World) -> &Leg {
    world.parties[0].legs().next().unwrap()
}

/// The INVITEs that moved a call: those of the gateway from its new address.
fn moves(world: &World) -> Vec<Request> {
    let to = world.parties[0].address;
    let invites = world.tap.requests(to, &Method::Invite);
    invites.filter(|invite| invite.headers().get("Contact").is_some_and(|contact| contact.contains("127.0.0.99"))).collect()
}

#[test]
fn a_call_goes_on_at_the_new_address_whichever_way_it_was_made_and_sealed_or_not() {
    for srtp in [SrtpUse::Off, SrtpUse::Preferred, SrtpUse::Mandatory] {
        for rings in [false, true] {
            let mut world = sounding(Habits { srtp, ..Habits::default() });
            if rings {
                answer_a_ring(&mut world);
            } else {
                talk(&mut world, "100");
            }
            assert!(is_heard(&mut world));
            let before = leg(&world).agreed.clone().unwrap();
            world.move_to(elsewhere());
            world.run_for(s(1));
            let after = leg(&world).agreed.clone().unwrap();
            assert_eq!((before.remote.ip(), after.remote), ([127, 0, 0, 1].into(), SocketAddr::new(elsewhere(), before.remote.port())));
            assert_eq!((after.srtp.as_ref(), after.codec), (before.srtp.as_ref(), before.codec), "the same keys go on");
            assert!(is_heard(&mut world), "{srtp:?} rings: {rings}");
            assert_eq!(moves(&world).len(), 1);
            end_well(&mut world);
            assert!(leg(&world).ended);
        }
    }
}

#[test]
fn a_caller_who_was_not_answered_yet_is_told_with_the_answer() {
    let mut world = sounding(Habits::default());
    call(&mut world, "100");
    assert!(world.run_until_port(0, PortState::Dialing, s(6)), "{:?}", world.port(0));
    world.move_to(elsewhere());
    assert!(moves(&world).is_empty());
    assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
    world.run_for(s(5));
    assert_eq!(moves(&world).len(), 1);
    assert!(is_heard(&mut world));
    end_well(&mut world);
}

#[test]
fn two_moves_one_after_the_other_end_at_the_last_place() {
    let mut world = sounding(Habits::default());
    talk(&mut world, "100");
    world.move_to([127, 0, 0, 98].into());
    world.move_to(elsewhere());
    world.run_for(s(5));
    assert_eq!(leg(&world).agreed.as_ref().unwrap().remote.ip(), elsewhere());
    assert!(is_heard(&mut world));
    end_well(&mut world);
}

#[test]
fn a_network_that_comes_back_with_the_same_address_disturbs_no_call() {
    let mut world = sounding(Habits::default());
    talk(&mut world, "100");
    world.move_to([127, 0, 0, 1].into());
    world.run_for(s(5));
    assert_eq!(world.tap.requests(world.parties[0].address, &Method::Invite).count(), 0);
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}
