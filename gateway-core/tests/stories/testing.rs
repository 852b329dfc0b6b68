//! The operator tests a line.

use gateway_core::config::PortId;
use gateway_core::fxo::simulator::act::{HangUpHow, LineAct};
use gateway_core::gateway::io::Command;
use gateway_core::gateway::mark::{AnsweredBy, MarkKind};
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::{CallDirection, CallRecord, EndCause};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;

use super::cast::*;

fn test_line(world: &mut World, number: Option<&str>) {
    world.command(Command::TestCall { port: PortId(0), number: number.map(str::to_owned) });
}

/// The record of a test, after which the line is free and no SIP was spoken.
fn tested(number: Option<&str>) -> (World, CallRecord) {
    let mut world = World::new(server(), 1);
    test_line(&mut world, number);
    assert_eq!(world.port(0).state, PortState::Dialing);
    assert!(world.run_until(s(70), |world| !world.records.is_empty()));
    world.run_for(s(3));
    assert!(world.exchange_off_hook().is_empty());
    assert_eq!((world.port(0).state, world.tap.datagrams().count()), (PortState::Idle, 0));
    let record = only_record(&world).clone();
    assert_eq!(record.direction, CallDirection::Test);
    (world, record)
}

fn heard(record: &CallRecord, what: impl Fn(&MarkKind) -> bool) -> bool {
    record.timeline.iter().any(|mark| what(&mark.what))
}

#[test]
fn without_a_number_dial_tone_is_all_that_is_wanted() {
    let (mut world, record) = tested(None);
    assert_eq!((record.cause, record.answered_ms), (EndCause::TestOver, None));
    assert!(record.ended_ms - record.started_ms < 2000, "{record:?}");
    let kinds: Vec<_> = record.timeline.iter().map(|mark| serde_json::to_value(&mark.what).unwrap()["kind"].clone()).collect();
    assert_eq!(kinds, ["seizing", "hook", "tone", "ended"]);
    assert!(world.was_noticed(NoticeCode::TestEnded) && !world.was_noticed(NoticeCode::CallEnded));
    end_well(&mut world);
}

#[test]
fn somebody_who_answers_and_speaks_is_listened_to_for_a_minute_at_most() {
    let (mut world, record) = tested(Some("107"));
    assert_eq!(record.cause, EndCause::TestOver);
    assert_eq!(record.ended_ms - record.started_ms, 60_000);
    assert!(record.answered_ms.is_some());
    assert!(heard(&record, |what| *what == MarkKind::Answered { by: AnsweredBy::Voice }), "{record:?}");
    end_well(&mut world);
}

#[test]
fn busy_tone_ends_the_test() {
    let (mut world, record) = tested(Some("101"));
    assert_eq!((record.cause, record.to.as_str()), (EndCause::Busy, "101"));
    end_well(&mut world);
}

#[test]
fn the_far_end_that_hangs_up_ends_the_test() {
    let mut world = World::new(server(), 1);
    test_line(&mut world, Some("107"));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
    assert!(world.run_until_port(0, PortState::Idle, s(15)), "{:?}", world.port(0));
    assert_eq!(only_record(&world).cause, EndCause::LineHungUp);
    end_well(&mut world);
}

#[test]
fn the_operator_ends_it_at_any_moment() {
    for after_ms in [0, 10, 400, 1000, 2500, 6000] {
        let mut world = World::new(server(), 1);
        test_line(&mut world, Some("107"));
        world.run_for(ms(after_ms));
        world.command(Command::HangUp { port: PortId(0) });
        assert_eq!(only_record(&world).cause, EndCause::Operator, "after {after_ms} ms");
        assert!(world.run_until(s(1), |world| world.exchange_off_hook().is_empty()));
        end_well(&mut world);
    }
}

#[test]
fn a_line_that_is_not_idle_is_left_alone() {
    let mut world = server_with_phone(lets_it_ring());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(8)));
    test_line(&mut world, None);
    assert!(world.was_noticed(NoticeCode::TestRefused));
    assert_eq!(world.port(0).state, PortState::Calling);
    world.act(0, LineAct::StopRinging);
    world.run_for(s(10));
    test_line(&mut world, None);
    test_line(&mut world, None);
    assert_eq!(world.notices.iter().filter(|notice| notice.code == NoticeCode::TestRefused).count(), 2);
    end_well(&mut world);
}

#[test]
fn the_dialling_rules_hold_for_tests_too() {
    let mut world = World::new(with(server(), |settings| settings.gateway.dial_rules = vec!["deny 0300.".to_owned()]), 1);
    for number in ["0300 555", "00 1 555", "alice"] {
        test_line(&mut world, Some(number));
        assert_eq!(world.port(0).state, PortState::Idle);
    }
    assert_eq!(world.notices.iter().filter(|notice| notice.code == NoticeCode::TestNumberRefused).count(), 3);
    assert!(world.records.is_empty() && world.exchange_off_hook().is_empty());
    end_well(&mut world);
}

#[test]
fn a_box_that_is_pulled_out_ends_the_test() {
    let mut world = World::new(server(), 1);
    test_line(&mut world, Some("107"));
    world.run_for(s(3));
    world.unplug();
    assert_eq!(only_record(&world).cause, EndCause::DeviceGone);
    world.plug_in();
    world.run_for(s(3));
    assert_eq!(world.port(0).state, PortState::Idle);
    end_well(&mut world);
}
