//! Stop: every call ended, every line released, every registration taken back. Sleep: the same for calls and lines, and the way back.

use gateway_core::config::settings::AnswerMode;
use gateway_core::fxo::simulator::act::LineAct;
use gateway_core::gateway::io::Event;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;

use super::cast::*;

fn stops(world: &mut World) {
    world.tell(Event::Stop);
    assert!(world.run_until(s(3), |world| world.stopped), "{:?}", world.port(0));
    assert!(world.exchange_off_hook().is_empty());
}

#[test]
fn a_sip_call_in_any_state_is_ended_and_the_line_released() {
    for state in [PortState::Dialing, PortState::Waiting, PortState::Talking] {
        let mut world = phone_with(answering(server(), AnswerMode::Voice), Habits::default());
        call(&mut world, "100");
        assert!(world.run_until_port(0, state, s(10)), "{state:?}");
        stops(&mut world);
        assert_eq!(only_record(&world).cause, EndCause::Stopped);
        world.run_for(s(1));
        assert!(world.parties[0].legs().all(|leg| leg.ended));
        if state != PortState::Talking {
            assert_refused(&world, 0, 503, Some(41));
        }
    }
}

#[test]
fn a_ringing_line_is_let_be_and_the_phones_stop_ringing() {
    let mut world = server_with_phone(lets_it_ring());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(8)));
    stops(&mut world);
    world.run_for(s(1));
    assert!(world.parties[0].legs().next().unwrap().cancelled);
    assert_eq!(only_record(&world).cause, EndCause::Stopped);
}

#[test]
fn registrations_are_taken_back() {
    let mut world = client_with(client(), Habits::default());
    stops(&mut world);
    world.run_for(s(1));
    let now = world.now();
    assert!(world.parties[0].contacts("p1", now).is_empty() && world.parties[0].contacts("p2", now).is_empty());
}

#[test]
fn a_registrar_that_is_down_does_not_hold_up_the_stop() {
    let mut world = client_with(client(), Habits::default());
    world.with_party(0, |party, _| party.crash());
    world.tell(Event::Stop);
    assert!(world.run_until(s(4), |world| world.stopped));
}

#[test]
fn an_idle_gateway_stops_at_once() {
    let mut world = server_with_phone(Habits::default());
    world.tell(Event::Stop);
    assert!(world.stopped);
}

#[test]
fn before_the_computer_sleeps_calls_end_and_lines_are_released_and_no_new_call_begins_until_it_is_awake() {
    let mut world = phone_with(answering(server(), AnswerMode::Voice), Habits::default());
    call(&mut world, "100");
    assert!(world.run_until_port(0, PortState::Talking, s(10)));
    world.tell(Event::AboutToSleep);
    assert!(world.run_until(s(1), |world| world.gateway.has_let_go()), "{:?}", world.port(0));
    assert!(world.exchange_off_hook().is_empty());
    assert_eq!(only_record(&world).cause, EndCause::Asleep);
    assert!(!world.stopped);

    world.run_for(s(3));
    call(&mut world, "100");
    world.run_for(s(1));
    assert_refused(&world, 0, 503, Some(41));
    let legs = world.parties[0].legs().count();
    world.act(0, ring("1133334444"));
    world.run_for(s(6));
    assert_eq!(world.parties[0].legs().count(), legs, "a ring was forwarded");
    world.act(0, LineAct::StopRinging);
    world.run_for(s(10));

    world.tell(Event::Awake);
    call(&mut world, "100");
    assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
}

#[test]
fn an_awake_computer_registers_again_at_once() {
    let mut world = client_with(client(), Habits::default());
    // What the server knew is gone, as after an hour of sleep; our own timers stood still.
    world.with_party(0, |party, _| party.crash_office());
    let now = world.now();
    assert!(world.parties[0].contacts("p1", now).is_empty());
    world.tell(Event::Awake);
    world.run_for(s(1));
    let now = world.now();
    assert!(!world.parties[0].contacts("p1", now).is_empty() && !world.parties[0].contacts("p2", now).is_empty());
}
