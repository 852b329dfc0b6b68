//! Register recall: a hook flash in a call, by hand and for a REFER to a number of the exchange.

use gateway_core::config::settings::Settings;
use gateway_core::fxo::simulator::act::{ExchangeEvent, HangUpHow, LineAct};
use gateway_core::gateway::mark::MarkKind;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sip::agent::SessionId;
use gateway_core::sip::message::Method;

use super::cast::*;

/// A server whose first port passes callers on.
fn passes_on() -> Settings {
    with(server(), |settings| settings.ports[0].line.transfer_by_hook_flash = true)
}

/// The same with a caller on the line, who talks with the phone, at an exchange that knows register recall.
fn caller_on_the_line(settings: Settings) -> (World, SessionId) {
    let mut world = phone_with(settings, Habits::default());
    world.act(0, LineAct::Recall { present: true });
    answer_a_ring(&mut world);
    let session = world.parties[0].open_calls().next().expect("the phone talks");
    (world, session)
}

fn refer(world: &mut World, session: SessionId, number: &str) {
    let to = format!("sip:{number}@{}", world.address);
    world.with_party(0, |party, now| party.refer(session, &to, now));
}

fn refer_status(world: &World) -> Option<u16> {
    world.tap.responses(world.parties[0].address, &Method::Refer).last().map(|response| response.status())
}

fn told(world: &World) -> Vec<String> {
    world.parties[0].legs().flat_map(|leg| leg.told.clone()).collect()
}

fn has_noted(world: &World, wanted: &ExchangeEvent) -> bool {
    world.lines.noted.iter().any(|(_, _, event)| event == wanted)
}

fn until_noted(world: &mut World, wanted: &ExchangeEvent) {
    assert!(world.run_until(s(15), |world| has_noted(world, wanted)), "no {wanted:?}: {:?}", world.lines.noted);
}

fn dial_by_hand(world: &mut World, session: SessionId, digits: &str) {
    for digit in digits.chars() {
        world.with_party(0, |party, now| party.info(session, "application/dtmf", &digit.to_string(), now));
        world.run_for(ms(300));
    }
}

fn flash_by_hand(world: &mut World, session: SessionId) {
    world.with_party(0, |party, now| party.info(session, "application/dtmf", "hf", now));
}

#[test]
fn a_caller_is_passed_on_to_a_number_and_the_line_is_free() {
    let (mut world, session) = caller_on_the_line(passes_on());
    refer(&mut world, session, "100");
    assert!(world.run_until_port(0, PortState::Idle, s(15)), "{:?}", world.port(0));
    assert_eq!(refer_status(&world), Some(202));
    assert_eq!(told(&world), ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
    assert!(has_noted(&world, &ExchangeEvent::Dialed { number: "100".to_owned() }));
    assert!(has_noted(&world, &ExchangeEvent::Transferred), "{:?}", world.lines.noted);
    let record = only_record(&world);
    assert_eq!(record.cause, EndCause::Transferred);
    let marks: Vec<_> = record.timeline.iter().map(|mark| &mark.what).collect();
    for wanted in [MarkKind::Flash, MarkKind::Dialing { digits: "100".to_owned() }] {
        assert!(marks.contains(&&wanted), "{marks:?}");
    }
    assert!(marks.iter().any(|what| matches!(what, MarkKind::Transferred { to } if to.starts_with("sip:100@"))), "{marks:?}");
    assert!(world.parties[0].legs().all(|leg| leg.ended));
    end_well(&mut world);
}

#[test]
fn a_number_that_the_line_called_is_passed_on_as_well() {
    let mut world = trunk_with(with(trunk(), |settings| settings.ports[0].line.transfer_by_hook_flash = true), Habits::default());
    world.act(0, LineAct::Recall { present: true });
    let session = talk(&mut world, "107");
    refer(&mut world, session, "100");
    assert!(world.run_until_port(0, PortState::Idle, s(15)), "{:?}", world.port(0));
    assert!(has_noted(&world, &ExchangeEvent::Transferred), "{:?}", world.lines.noted);
    assert_eq!(only_record(&world).cause, EndCause::Transferred);
    end_well(&mut world);
}

#[test]
fn a_busy_number_gives_the_caller_back() {
    let (mut world, session) = caller_on_the_line(passes_on());
    refer(&mut world, session, "101");
    until_noted(&mut world, &ExchangeEvent::Retrieved);
    assert_eq!(told(&world), ["SIP/2.0 100 Trying", "SIP/2.0 486 Busy Here"]);
    assert!(world.was_noticed(NoticeCode::TransferFailed));
    world.run_for(s(40));
    assert_eq!(world.port(0).state, PortState::Talking);
    assert!(world.lines.is_attached(gateway_core::config::PortId(0)));
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::DialTone) });
    assert!(world.run_until_port(0, PortState::Idle, s(15)), "dial tone is evidence again");
    assert_eq!(only_record(&world).cause, EndCause::LineHungUp);
    end_well(&mut world);
}

#[test]
fn a_phone_that_hangs_up_with_its_refer_has_its_caller_passed_on_all_the_same() {
    for (number, cause, status) in [("100", EndCause::Transferred, None), ("101", EndCause::TransferFailed, Some(486))] {
        let (mut world, session) = caller_on_the_line(passes_on());
        refer(&mut world, session, number);
        world.with_party(0, |party, now| party.hang_up(session, now));
        assert!(world.run_until_port(0, PortState::Idle, s(20)), "{:?}", world.port(0));
        let record = only_record(&world);
        assert_eq!((record.cause, record.sip_status), (cause, status));
        assert_eq!(has_noted(&world, &ExchangeEvent::Transferred), cause == EndCause::Transferred);
        end_well(&mut world);
    }
}

#[test]
fn an_exchange_without_recall_leaves_the_call_as_it_was() {
    let mut world = phone_with(passes_on(), Habits::default());
    answer_a_ring(&mut world);
    let session = world.parties[0].open_calls().next().unwrap();
    refer(&mut world, session, "100");
    world.run_for(s(10));
    assert_eq!(told(&world), ["SIP/2.0 100 Trying", "SIP/2.0 503 Service Unavailable"]);
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn a_caller_who_hangs_up_meanwhile_ends_the_call() {
    let mut world = phone_with(passes_on(), Habits::default());
    answer_a_ring(&mut world);
    let session = world.parties[0].open_calls().next().unwrap();
    refer(&mut world, session, "100");
    world.run_for(ms(900));
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 500 }) });
    assert!(world.run_until_port(0, PortState::Idle, s(10)), "{:?}", world.port(0));
    assert_eq!(only_record(&world).cause, EndCause::LineHungUp);
    end_well(&mut world);
}

#[test]
fn a_telephone_of_ours_that_is_off_is_not_dialled_at_the_exchange() {
    let settings = with(passes_on(), |settings| settings.ports[1].user = "102".to_owned());
    let (mut world, session) = caller_on_the_line(settings);
    refer(&mut world, session, "102");
    world.run_for(s(1));
    assert_eq!(refer_status(&world), Some(403));
    assert!(!has_noted(&world, &ExchangeEvent::Flash));
    end_well(&mut world);
}

#[test]
fn a_port_that_waits_for_no_dial_tone_waits_for_it_after_a_flash() {
    let settings = with(passes_on(), |settings| settings.ports[0].line.wait_dial_tone = false);
    let mut world = phone_with(settings.clone(), Habits::default());
    answer_a_ring(&mut world);
    let session = world.parties[0].open_calls().next().unwrap();
    refer(&mut world, session, "100");
    world.run_for(s(10));
    assert_eq!(world.digits_at_exchange(0), "", "nothing goes into the caller's ear");
    end_well(&mut world);
    let (mut world, session) = caller_on_the_line(settings);
    refer(&mut world, session, "100");
    until_noted(&mut world, &ExchangeEvent::Transferred);
    end_well(&mut world);
}

#[test]
fn the_stream_of_whoever_referred_goes_on_as_it_was() {
    let (mut world, session) = caller_on_the_line(passes_on());
    refer(&mut world, session, "101");
    until_noted(&mut world, &ExchangeEvent::Retrieved);
    world.with_party(0, |party, now| party.hang_up(session, now));
    assert!(world.run_until_port(0, PortState::Idle, s(10)));
    let attached = only_record(&world).timeline.iter().filter(|mark| matches!(mark.what, MarkKind::MediaAttached { .. })).count();
    assert_eq!(attached, 1, "one session of one set of keys");
    end_well(&mut world);
}

#[test]
fn nobody_is_passed_on_where_the_setting_or_the_rules_say_no() {
    let (mut world, session) = caller_on_the_line(server());
    refer(&mut world, session, "100");
    world.run_for(s(1));
    assert_eq!(refer_status(&world), Some(403));
    assert!(!has_noted(&world, &ExchangeEvent::Flash));
    end_well(&mut world);

    let (mut world, session) = caller_on_the_line(passes_on());
    refer(&mut world, session, "0015551234567");
    world.run_for(s(1));
    assert_eq!(refer_status(&world), Some(403));
    assert!(!has_noted(&world, &ExchangeEvent::Flash));
    assert_eq!(setting_of(&world, NoticeCode::InternationalBlocked).as_deref(), Some("gateway.dial_international"));
    end_well(&mut world);
}

#[test]
fn a_flash_by_hand_gives_dial_tone_that_ends_nothing_and_another_number_answers() {
    let (mut world, session) = caller_on_the_line(server());
    flash_by_hand(&mut world, session);
    until_noted(&mut world, &ExchangeEvent::Held);
    world.run_for(s(5));
    assert_eq!(world.port(0).state, PortState::Talking, "dial tone after a flash is no hang-up");
    dial_by_hand(&mut world, session, "100");
    until_noted(&mut world, &ExchangeEvent::Answered);
    flash_by_hand(&mut world, session);
    until_noted(&mut world, &ExchangeEvent::Retrieved);
    world.run_for(s(30));
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn a_phone_that_flashes_and_hangs_up_has_passed_its_caller_on_by_hand() {
    let (mut world, session) = caller_on_the_line(server());
    flash_by_hand(&mut world, session);
    until_noted(&mut world, &ExchangeEvent::Held);
    world.run_for(s(1));
    dial_by_hand(&mut world, session, "102");
    until_noted(&mut world, &ExchangeEvent::Alerting);
    world.with_party(0, |party, now| party.hang_up(session, now));
    until_noted(&mut world, &ExchangeEvent::Transferred);
    assert!(world.run_until_port(0, PortState::Idle, s(10)));
    assert_eq!(only_record(&world).cause, EndCause::SipHungUp);
    end_well(&mut world);
}

#[test]
fn whoever_flashes_and_does_nothing_more_does_not_hold_the_line() {
    let (mut world, session) = caller_on_the_line(server());
    flash_by_hand(&mut world, session);
    assert!(world.run_until_port(0, PortState::Idle, s(60)), "{:?}", world.port(0));
    assert_eq!(only_record(&world).cause, EndCause::LineHungUp);
    end_well(&mut world);
}
