//! The program was started anew: who registered with its last run is reached by the next.

use gateway_core::config::settings::Settings;
use gateway_core::gateway::io::Event;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;

use super::cast::*;

/// A world with the same first party, told what the gateway of another one asked to keep.
fn next_run(before: &World, settings: Settings) -> World {
    let mut world = World::new(settings, 2);
    world.add_party(Habits::default());
    for (user, bindings) in before.kept_bindings.clone() {
        world.tell(Event::BindingsKept { user, bindings });
    }
    world
}

#[test]
fn a_telephone_of_the_earlier_run_rings() {
    let mut before = server_with_phone(Habits::default());
    // It registered through a proxy, and is called through it.
    let proxies = ["<sip:127.0.0.1:20000;lr>", "<sip:192.0.2.1;lr>"];
    before.kept_bindings.values_mut().flatten().for_each(|binding| binding.path = proxies.map(str::to_owned).to_vec());
    let mut world = next_run(&before, server());
    answer_a_ring(&mut world);
    let invite = invite_to(&world, 0);
    assert!(invite.uri().starts_with("sip:p1@127.0.0.1:20000"));
    assert_eq!(invite.headers().list("Route").collect::<Vec<_>>(), proxies);
    end_well(&mut world);
}

#[test]
fn a_registration_that_ended_while_nobody_ran_is_none() {
    let mut before = server_with_phone(Habits::default());
    let ended = before.now();
    before.kept_bindings.values_mut().flatten().for_each(|binding| binding.expires_at = ended);
    let mut late = World::new(server(), 2);
    late.run_for(s(3));
    for (user, bindings) in before.kept_bindings {
        late.tell(Event::BindingsKept { user, bindings });
    }
    late.act(0, ring("1133334444"));
    assert!(late.run_until(s(10), |world| world.was_noticed(NoticeCode::NobodyRegistered)));
    assert!(late.kept_bindings["p1"].is_empty(), "it is asked to be forgotten");
}

#[test]
fn a_user_that_is_configured_no_more_is_forgotten() {
    let before = server_with_phone(Habits::default());
    assert_eq!(before.kept_bindings["p1"].len(), 1);
    let mut world = next_run(&before, with(server(), |settings| settings.ports[0].user = "another".to_owned()));
    assert!(world.kept_bindings["p1"].is_empty());
    world.act(0, ring("1133334444"));
    assert!(world.run_until(s(10), |world| world.was_noticed(NoticeCode::NobodyRegistered)));
}

#[test]
fn a_telephone_that_unregisters_is_kept_no_more() {
    let mut world = server_with_phone(Habits::default());
    world.with_party(0, |party, now| party.unregister(now));
    assert!(world.run_until(s(5), |world| world.kept_bindings["p1"].is_empty()));
    end_well(&mut world);
}
