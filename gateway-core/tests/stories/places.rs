//! A server with several places: which one is used, what happens when it is out of service, and when it is back (RFC 3263).

use gateway_core::config::PortId;
use gateway_core::gateway::io::Command;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::view::RegistrationView;
use gateway_core::rng::Rng;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::locate::Srv;
use gateway_core::sip::message::Method;
use gateway_core::sip::registrar::Limits;

use super::cast::*;

/// A domain with two registrars; the first one is wanted more.
fn two_places(habits: [Habits; 2]) -> World {
    let settings = with(client(), |settings| settings.gateway.remote_server = "voip.example".to_owned());
    let mut world = World::new(settings, 1);
    let accounts = || vec![credentials("p1", "secret1"), credentials("p2", "secret2")];
    let mut servers = Vec::new();
    for (index, habits) in habits.into_iter().enumerate() {
        let party = world.add_party(habits);
        world.parties[party].open_office(accounts(), Limits::default(), &mut Rng::from_seed(2));
        let (address, host) = (world.parties[party].address, format!("server{index}.voip.example"));
        world.hosts.insert(host.clone(), vec![address.ip()]);
        servers.push(Srv { priority: 10 * u16::try_from(index).unwrap(), weight: 0, port: address.port(), host });
    }
    world.srv_records.insert("_sip._udp.voip.example".to_owned(), servers);
    // The domain appears after the gateway has asked for it once in vain: it asks again within a minute.
    assert!(world.run_until(s(90), |world| matches!(world.port(0).registration, RegistrationView::Registered { .. })));
    world.run_for(s(1));
    world
}

fn registered_at(world: &World, party: usize) -> bool {
    !world.parties[party].contacts("p1", world.now()).is_empty()
}

#[test]
fn the_server_that_is_wanted_most_is_used() {
    let mut world = two_places([Habits::default(), Habits::default()]);
    assert!(registered_at(&world, 0) && !registered_at(&world, 1));
    answer_a_ring(&mut world);
    assert_eq!(invite_to(&world, 0).uri(), "sip:p1@voip.example");
    end_well(&mut world);
}

#[test]
fn a_place_that_goes_out_of_service_is_left_and_taken_again_when_it_is_back() {
    let mut world = two_places([Habits::default(), Habits::default()]);
    world.with_party(0, |party, _| party.crash());
    world.command(Command::Reregister { port: PortId(0) });
    assert!(world.run_until(s(10), |world| registered_at(world, 1)), "within the patience of a registration");
    world.run_for(s(1));
    assert!(world.was_noticed(NoticeCode::ServerPlaceLost) && !world.was_noticed(NoticeCode::RegistrationFailed));
    assert!(matches!(world.port(0).registration, RegistrationView::Registered { .. }));
    answer_a_ring(&mut world);
    assert_eq!(invites_sent(&world, world.parties[0].address), 0, "nobody waits for a place that is known to be out of service");
    world.with_party(1, |party, now| party.hang_up_all(now));
    let lost = world.tap.requests(world.parties[0].address, &Method::Register).count();
    world.parties[0].revive();
    assert!(world.run_until(s(60), |world| world.was_noticed(NoticeCode::ServerPlaceBack)));
    world.run_for(s(1));
    assert!(world.tap.requests(world.parties[0].address, &Method::Register).count() > lost);
    answer_a_ring(&mut world);
    assert_eq!(invites_sent(&world, world.parties[0].address), 1);
    end_well(&mut world);
}

#[test]
fn a_ring_finds_the_second_place_while_the_first_one_is_silent() {
    let mut world = two_places([Habits::default(), Habits::default()]);
    world.with_party(0, |party, _| party.crash());
    answer_a_ring(&mut world);
    let places = [0, 1].map(|party| invites_sent(&world, world.parties[party].address));
    assert_eq!(places, [1, 1]);
    world.parties[0].revive();
    end_well(&mut world);
}

#[test]
fn where_nothing_is_in_service_the_registration_fails_as_it_would_at_one_place_alone() {
    let mut world = two_places([Habits::default(), Habits::default()]);
    for party in [0, 1] {
        world.with_party(party, |party, _| party.crash());
    }
    world.command(Command::Reregister { port: PortId(0) });
    assert!(world.run_until(s(60), |world| matches!(world.port(0).registration, RegistrationView::Failed { .. })));
    let asked = |world: &World| {
        [0, 1].map(|party| world.tap.requests(world.parties[party].address, &Method::Register).count()).iter().sum::<usize>()
    };
    let before = asked(&world);
    world.run_for(s(60));
    assert!(asked(&world) - before < 60, "{} in a minute", asked(&world) - before);
    world.parties[1].revive();
    assert!(world.run_until(s(120), |world| matches!(world.port(0).registration, RegistrationView::Registered { .. })));
    assert!(registered_at(&world, 1));
    world.parties[0].revive();
    world.run_for(s(60));
    end_well(&mut world);
}

#[test]
fn everything_for_the_server_goes_through_the_outbound_proxy() {
    let settings = with(client(), |settings| {
        settings.gateway.remote_server = "voip.example".to_owned();
        settings.gateway.outbound_proxy = "127.0.0.1:20000".to_owned();
    });
    let mut world = client_with(settings, Habits::default());
    answer_a_ring(&mut world);
    let address = world.parties[0].address;
    let register = world.tap.requests(address, &Method::Register).last().unwrap();
    for (request, uri) in [(register, "sip:voip.example"), (invite_to(&world, 0), "sip:p1@voip.example")] {
        assert_eq!((request.uri(), request.headers().get("Route")), (uri, Some("<sip:127.0.0.1:20000;lr>")));
    }
    end_well(&mut world);
}
