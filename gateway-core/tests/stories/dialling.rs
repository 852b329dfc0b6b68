//! Dialling rules: which numbers a SIP caller may dial, what the line gets, and what is told of a refusal.

use gateway_core::config::PortId;
use gateway_core::config::dialling::Bar;
use gateway_core::config::settings::{DialOtherwise, Settings};
use gateway_core::gateway::mark::MarkKind;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::{CallDirection, EndCause};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;

use super::cast::*;

fn rules(settings: Settings, rules: &[&str]) -> Settings {
    with(settings, |settings| settings.gateway.dial_rules = rules.iter().map(|rule| (*rule).to_owned()).collect())
}

fn times(world: &World, code: NoticeCode) -> usize {
    world.notices.iter().filter(|notice| notice.code == code).count()
}

#[test]
fn a_number_that_a_rule_denies_gets_403_and_the_history_says_why() {
    let mut world = phone_with(rules(server(), &["allow 9. strip 1", "deny 0300."]), Habits::default());
    call(&mut world, "03001234");
    world.run_for(s(2));
    assert_refused(&world, 0, 403, Some(21));
    assert_eq!(setting_of(&world, NoticeCode::NumberBlocked).as_deref(), Some("gateway.dial_rules[1]"));
    assert_eq!(world.digits_at_exchange(0), "");
    let record = only_record(&world);
    assert_eq!((record.direction, record.port, record.to.as_str()), (CallDirection::SipToFxo, PortId(0), "03001234"));
    assert_eq!((record.cause, record.sip_status, record.answered_ms), (EndCause::NumberBlocked, Some(403), None));
    let why = MarkKind::NumberBlocked { number: "03001234".to_owned(), why: Bar::Rule, rule: Some(2) };
    assert!(record.timeline.iter().any(|mark| mark.what == why), "{:?}", record.timeline);
    end_well(&mut world);
}

#[test]
fn the_line_gets_the_number_that_the_rule_makes_of_it() {
    for (asked, dialled) in [("933334444", "33334444"), ("1133334444", "0151133334444")] {
        let settings = rules(server(), &["allow 9. strip 1", "allow [1-9]xxxxxxxxx add 015"]);
        let mut world = phone_with(settings, Habits { hangs_up_after: Some(s(5)), ..Habits::default() });
        call(&mut world, asked);
        assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
        assert_eq!(world.digits_at_exchange(0), dialled);
        assert!(world.run_until_port(0, PortState::Idle, s(20)), "{:?}", world.port(0));
        assert_eq!(only_record(&world).to, dialled);
        end_well(&mut world);
    }
}

#[test]
fn international_and_premium_numbers_are_closed_until_they_are_opened() {
    for (number, code, setting) in [
        ("0014155550100", NoticeCode::InternationalBlocked, "gateway.dial_international"),
        ("0900123456", NoticeCode::PremiumBlocked, "gateway.dial_premium"),
    ] {
        let mut world = server_with_phone(Habits::default());
        call(&mut world, number);
        world.run_for(s(2));
        assert_refused(&world, 0, 403, Some(21));
        assert_eq!(setting_of(&world, code).as_deref(), Some(setting));
        assert!(world.exchange_off_hook().is_empty());
        end_well(&mut world);

        let open = with(server(), |settings| (settings.gateway.dial_international, settings.gateway.dial_premium) = (true, true));
        let mut world = phone_with(open, Habits::default());
        call(&mut world, number);
        assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
        assert_eq!(world.digits_at_exchange(0), number);
        end_well(&mut world);
    }
}

#[test]
fn a_number_that_no_rule_allows_is_refused_where_the_rest_is_denied() {
    let closed = with(rules(server(), &["allow [2-5]xxxxxxx"]), |settings| settings.gateway.dial_otherwise = DialOtherwise::Deny);
    let mut world = phone_with(closed, Habits::default());
    call(&mut world, "0800123");
    world.run_for(s(2));
    assert_refused(&world, 0, 403, Some(21));
    assert_eq!(setting_of(&world, NoticeCode::NumberNotAllowed).as_deref(), Some("gateway.dial_otherwise"));
    call(&mut world, "33334444");
    assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
    end_well(&mut world);
}

#[test]
fn who_calls_for_help_is_connected_whatever_the_rules_say() {
    let closed = with(rules(server(), &["deny .", "allow 1. add 0"]), |settings| settings.gateway.dial_otherwise = DialOtherwise::Deny);
    let mut world = phone_with(closed, Habits::default());
    call(&mut world, "190");
    assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
    assert_eq!(world.digits_at_exchange(0), "190");
    end_well(&mut world);
}

#[test]
fn a_source_that_goes_on_asking_is_told_of_once_and_does_not_flood_the_history() {
    let mut world = trunk_with(trunk(), Habits::default());
    for _ in 0..100 {
        world.call(0, "0014155550100", None);
        world.run_for(ms(200));
    }
    assert_refused(&world, 0, 403, Some(21));
    assert_eq!(times(&world, NoticeCode::InternationalBlocked), 1);
    assert!((30..=60).contains(&world.records.len()), "{}", world.records.len());
    assert!(world.records.iter().all(|record| record.cause == EndCause::NumberBlocked && record.port == PortId(0)));
    world.run_for(s(60));
    world.call(0, "0014155550100", None);
    world.run_for(s(2));
    assert_eq!(times(&world, NoticeCode::InternationalBlocked), 2, "after a minute it is news again");
    end_well(&mut world);
}

#[test]
fn a_refused_number_leaves_the_call_on_the_line_alone() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "33334444");
    call(&mut world, "0014155550100");
    world.run_for(s(2));
    assert_refused(&world, 0, 403, Some(21));
    assert_eq!(world.port(0).state, PortState::Talking);
    assert!(world.port(0).last.is_none(), "the card shows the call that is up");
    end_well(&mut world);
}
