//! FXO→SIP: what a ringing line does.

use gateway_core::fxo::simulator::act::{HangUpHow, LineAct};
use gateway_core::gateway::record::{CallDirection, EndCause};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::party::Habits;

use super::cast::{end_well, ring, s, server_with_phone};

#[test]
fn the_phone_rings_with_the_callers_number_answers_talks_and_hangs_up() {
    let mut world = server_with_phone(Habits { hangs_up_after: Some(s(10)), ..Habits::default() });
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Ringing, s(3)), "{:?}", world.port(0));
    assert!(world.run_until_port(0, PortState::Calling, s(5)), "{:?}", world.port(0));
    assert!(world.exchange_off_hook().is_empty(), "the line stays on hook until somebody answers");
    assert!(world.run_until_port(0, PortState::Talking, s(5)), "{:?}", world.port(0));
    assert_eq!(world.exchange_off_hook().len(), 1);
    assert!(world.run_until_port(0, PortState::Idle, s(20)), "{:?}", world.port(0));
    let leg = world.parties[0].legs().next().unwrap();
    assert!(leg.from.contains("1133334444"), "{}", leg.from);
    assert!(leg.uri.starts_with("sip:p1@127.0.0.1:20000"), "{}", leg.uri);
    assert_eq!(world.records.len(), 1);
    let record = &world.records[0];
    assert_eq!((record.direction, record.cause), (CallDirection::FxoToSip, EndCause::SipHungUp));
    assert_eq!(record.from, "1133334444");
    end_well(&mut world);
}

#[test]
fn the_caller_gives_up_and_the_phone_stops_ringing() {
    let mut world = server_with_phone(Habits { answers_after: None, ..Habits::default() });
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(8)));
    world.act(0, LineAct::StopRinging);
    assert!(world.run_until_port(0, PortState::Idle, s(8)), "{:?}", world.port(0));
    assert!(world.run_until(s(1), |world| world.parties[0].legs().next().unwrap().cancelled));
    assert_eq!(world.records[0].cause, EndCause::CallerGaveUp);
    assert_eq!(world.records[0].answered_ms, None);
    end_well(&mut world);
}

#[test]
fn the_far_end_hangs_up_by_loop_interruption_and_the_phone_hears_bye_at_once() {
    let mut world = server_with_phone(Habits::default());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Talking, s(12)));
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 500 }) });
    assert!(world.run_until(s(2), |world| world.parties[0].legs().next().unwrap().ended));
    assert_eq!(world.records[0].cause, EndCause::LineHungUp);
    assert!(world.records[0].evidence.is_some());
    end_well(&mut world);
}
