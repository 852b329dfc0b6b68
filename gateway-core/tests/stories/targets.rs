//! "On FXO ring, call": the exact Request-URI for each form, and where it is sent.

use gateway_core::config::settings::Settings;
use gateway_core::fxo::simulator::act::LineAct;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;

use super::cast::*;

fn targeted(settings: Settings, target: &str) -> Settings {
    with(settings, |settings| settings.ports[0].target = target.to_owned())
}

/// In trunk mode a target calls this URI at the first or the second party.
fn calls(target: &str, uri: &str, party: usize) {
    let mut world = trunk_with(targeted(trunk(), target), Habits::default());
    world.add_party(Habits::default());
    world.hosts.insert("pbx.example".to_owned(), vec![[127, 0, 0, 1].into()]);
    answer_a_ring(&mut world);
    assert_eq!(invite_to(&world, party).uri(), uri);
    end_well(&mut world);
}

#[test]
fn a_user_is_called_at_the_remote_server() {
    calls("2000", "sip:2000@127.0.0.1:20000", 0);
}

#[test]
fn a_user_at_a_host_is_called_there() {
    calls("2000@127.0.0.1:20002", "sip:2000@127.0.0.1:20002", 1);
}

#[test]
fn a_full_uri_is_called_exactly_as_written() {
    calls("sip:2000@127.0.0.1:20002;line=7", "sip:2000@127.0.0.1:20002;line=7", 1);
}

#[test]
fn a_host_name_is_resolved_and_stays_in_the_uri() {
    calls("2000@pbx.example:20002", "sip:2000@pbx.example:20002", 1);
}

#[test]
fn a_blank_target_calls_unknown_at_the_remote_server() {
    calls("", "sip:unknown@127.0.0.1:20000", 0);
}

#[test]
fn a_blank_target_in_client_mode_calls_unknown_at_the_registrar() {
    let mut world = client_with(targeted(client(), ""), Habits::default());
    answer_a_ring(&mut world);
    assert_eq!(invite_to(&world, 0).uri(), "sip:unknown@127.0.0.1:20000");
    end_well(&mut world);
}

#[test]
fn a_blank_target_in_server_mode_calls_unknown_at_the_contact_that_registered() {
    let mut world = phone_with(targeted(server(), ""), Habits::default());
    answer_a_ring(&mut world);
    assert_eq!(invite_to(&world, 0).uri(), "sip:unknown@127.0.0.1:20000");
    end_well(&mut world);
}

#[test]
fn in_server_mode_a_target_with_a_host_is_called_there_and_not_at_the_contact() {
    let mut world = phone_with(targeted(server(), "2000@127.0.0.1:20002"), Habits::default());
    let other = world.add_party(Habits::default());
    answer_a_ring(&mut world);
    assert_eq!(invites_sent(&world, world.parties[0].address), 0);
    assert_eq!(invite_to(&world, other).uri(), "sip:2000@127.0.0.1:20002");
    end_well(&mut world);
}

#[test]
fn a_target_whose_name_does_not_resolve_is_no_target() {
    let mut world: World = trunk_with(targeted(trunk(), "2000@gone.example"), Habits::default());
    world.act(0, ring("1133334444"));
    world.run_for(s(10));
    assert!(world.was_noticed(NoticeCode::TargetUnresolved));
    world.act(0, LineAct::StopRinging);
    assert!(world.run_until_port(0, PortState::Idle, s(8)));
    assert_eq!(only_record(&world).cause, EndCause::NoTarget);
    end_well(&mut world);
}
