//! The toll budget of a port: minutes a day and hours for SIP callers.

use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::config::settings::Settings;
use gateway_core::fxo::simulator::act::LineAct;
use gateway_core::gateway::io::Event;
use gateway_core::gateway::local_time::LocalTime;
use gateway_core::gateway::mark::MarkKind;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;

use super::cast::*;

const TODAY: i32 = 20_784;

fn minutes(minutes: u64) -> Duration {
    s(minutes * 60)
}

/// Ten minutes a day on each port; sound is heard all the time.
fn ten_minutes() -> Settings {
    with(server(), |settings| {
        for port in &mut settings.ports {
            port.outgoing_budget_min = 10;
            port.line.silence_timeout_s = 0;
            port.line.rtp_timeout_s = 0;
        }
    })
}

fn at(world: &mut World, hour: u64, minute: u64) {
    world.tell(Event::LocalTime(LocalTime { day: TODAY, of_day: minutes(hour * 60 + minute) }));
}

fn world_at(settings: Settings, hour: u64, minute: u64) -> World {
    let mut world = phone_with(settings, Habits::default());
    at(&mut world, hour, minute);
    world
}

fn refused_with(world: &mut World, number: &str, code: NoticeCode, setting: &str) {
    call(world, number);
    world.run_for(s(2));
    assert_refused(world, 0, 403, Some(21));
    assert_eq!(setting_of(world, code).as_deref(), Some(setting));
}

#[test]
fn a_call_is_ended_when_the_minutes_of_the_day_are_spent_and_the_next_one_is_refused() {
    let mut world = world_at(ten_minutes(), 9, 0);
    talk(&mut world, "33334444");
    world.run_for(minutes(7));
    assert!(!world.was_noticed(NoticeCode::BudgetNearlySpent));
    world.run_for(minutes(1));
    assert!(world.was_noticed(NoticeCode::BudgetNearlySpent) && world.records.is_empty());
    world.run_for(minutes(2));
    let record = only_record(&world);
    assert_eq!(record.cause, EndCause::BudgetSpent);
    assert_eq!((record.ended_ms - record.answered_ms.unwrap()) / 1000, 600);
    assert!(record.timeline.iter().any(|mark| mark.what == MarkKind::BudgetSpent { budget_min: 10 }));
    assert_eq!(setting_of(&world, NoticeCode::BudgetSpent).as_deref(), Some("ports[0].outgoing_budget_min"));
    refused_with(&mut world, "33334444", NoticeCode::BudgetRefused, "ports[0].outgoing_budget_min");
    end_well(&mut world);
}

#[test]
fn what_the_records_of_the_day_say_counts_after_a_restart() {
    let mut world = world_at(ten_minutes(), 9, 0);
    world.tell(Event::Spent { port: PortId(0), day: TODAY, spent: minutes(9) });
    talk(&mut world, "33334444");
    assert!(world.was_noticed(NoticeCode::BudgetNearlySpent));
    world.run_for(minutes(1));
    assert_eq!(only_record(&world).cause, EndCause::BudgetSpent);
    end_well(&mut world);
}

#[test]
fn another_day_has_its_own_minutes_also_within_a_call() {
    let mut world = world_at(ten_minutes(), 23, 55);
    world.tell(Event::Spent { port: PortId(0), day: TODAY, spent: minutes(4) });
    talk(&mut world, "33334444");
    world.run_for(minutes(14));
    assert_eq!(world.port(0).state, PortState::Talking, "five minutes yesterday, nine today");
    world.run_for(minutes(2));
    assert_eq!(only_record(&world).cause, EndCause::BudgetSpent);
    end_well(&mut world);
}

#[test]
fn calls_of_several_lengths_add_up_and_the_ringing_line_costs_nothing() {
    let mut world = phone_with(ten_minutes(), Habits { hangs_up_after: Some(minutes(4)), ..Habits::default() });
    at(&mut world, 9, 0);
    for _ in 0..2 {
        call(&mut world, "33334444");
        world.run_for(minutes(5));
    }
    answer_a_ring(&mut world);
    world.run_for(minutes(5));
    let session = call(&mut world, "33334444");
    world.run_for(minutes(5));
    assert!(world.parties[0].leg(session).is_none_or(|leg| leg.progress.contains(&183)));
    let causes: Vec<_> = world.records.iter().map(|record| record.cause).collect();
    assert_eq!((causes.len(), causes[3]), (4, EndCause::BudgetSpent), "{causes:?}");
    let last = &world.records[3];
    assert!((118..=122).contains(&((last.ended_ms - last.answered_ms.unwrap()) / 1000)), "{last:?}");
    end_well(&mut world);
}

#[test]
fn who_calls_for_help_is_neither_refused_nor_ended() {
    let mut world = world_at(with(ten_minutes(), |settings| settings.ports[0].outgoing_hours = "08:00-18:00".to_owned()), 20, 0);
    world.tell(Event::Spent { port: PortId(0), day: TODAY, spent: minutes(10) });
    refused_with(&mut world, "33334444", NoticeCode::OutOfHours, "ports[0].outgoing_hours");
    talk(&mut world, "190");
    world.run_for(minutes(20));
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn at_other_hours_a_line_takes_no_caller_from_sip_and_still_rings() {
    let hours = with(server(), |settings| settings.ports[0].outgoing_hours = "08:00-12:00, 13:00-18:00".to_owned());
    let mut world = world_at(hours, 12, 30);
    refused_with(&mut world, "33334444", NoticeCode::OutOfHours, "ports[0].outgoing_hours");
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    world.act(0, LineAct::HangUp { how: None });
    world.run_for(minutes(2));
    at(&mut world, 13, 0);
    talk(&mut world, "33334444");
    end_well(&mut world);
}

#[test]
fn a_port_that_has_spent_its_minutes_leaves_the_callers_to_the_others() {
    let mut world = trunk_with(with(trunk(), |settings| settings.ports[0].outgoing_budget_min = 10), Habits::default());
    at(&mut world, 9, 0);
    world.tell(Event::Spent { port: PortId(0), day: TODAY, spent: minutes(10) });
    world.call(0, "33334444", None);
    assert!(world.run_until_port(1, PortState::Talking, s(20)), "{:?}", world.port(1));
    end_well(&mut world);
}

#[test]
fn apply_ends_no_call_and_holds_for_the_next_one() {
    let unbounded = with(ten_minutes(), |settings| settings.ports[0].outgoing_budget_min = 0);
    let mut world = world_at(ten_minutes(), 9, 0);
    talk(&mut world, "33334444");
    world.run_for(minutes(5));
    world.apply(with(ten_minutes(), |settings| settings.ports[0].outgoing_budget_min = 1));
    at(&mut world, 9, 6);
    world.run_for(minutes(2));
    assert_eq!(world.port(0).state, PortState::Talking);
    world.run_for(minutes(4));
    assert_eq!(only_record(&world).cause, EndCause::BudgetSpent);
    world.apply(unbounded);
    world.run_for(s(5));
    talk(&mut world, "33334444");
    world.apply(ten_minutes());
    at(&mut world, 9, 20);
    world.run_for(minutes(2));
    assert_eq!(world.port(0).state, PortState::Talking, "it was answered without a bound");
    end_well(&mut world);
}
