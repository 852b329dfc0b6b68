//! What the record of a call tells of it: its whole timeline, mark by mark.

use gateway_core::config::PortId;
use gateway_core::config::settings::AnswerMode;
use gateway_core::dsp::callerid::CallerIdSource;
use gateway_core::fxo::simulator::act::{CallerIdSending, HangUpHow, IncomingCall, LineAct};
use gateway_core::gateway::mark::{MOST_MARKS, Mark, MarkKind};
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;

use super::cast::*;

/// A timeline as text: the time since its beginning, what, and what is known of it.
fn told(marks: &[Mark]) -> String {
    let began = marks.first().map_or(0, |mark| mark.at_ms);
    let line = |mark: &Mark| {
        let mut facts = serde_json::to_value(&mark.what).unwrap();
        let facts = facts.as_object_mut().unwrap();
        let kind = facts.remove("kind").unwrap();
        let facts = facts.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| format!(" {name}={value}"));
        let since_ms = mark.at_ms - began;
        format!("{}.{:03} {}{}\n", since_ms / 1000, since_ms % 1000, kind.as_str().unwrap(), facts.collect::<String>())
    };
    marks.iter().map(line).collect()
}

fn assert_told(world: &World, expected: &str) {
    let told = told(&only_record(world).timeline);
    let expected: String = expected.trim().lines().map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(told, expected, "\n{told}");
}

#[test]
fn of_a_ringing_line_from_the_first_burst_to_busy_tone() {
    let mut world = server_with_phone(Habits { answers_after: Some(s(3)), ..Habits::default() });
    let caller_id = Some(CallerIdSending::BeforeRing { source: CallerIdSource::Dtmf });
    world.act(0, LineAct::Ring(IncomingCall { from: Some("1133334444".to_owned()), caller_id, ..IncomingCall::default() }));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    world.run_for(s(5));
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
    assert!(world.run_until_port(0, PortState::Idle, s(20)), "{:?}", world.port(0));
    assert_told(
        &world,
        r#"
        0.000 polarity forward=false
        0.250 polarity forward=true
        1.555 caller_id source="dtmf" number="1133334444" presentation="allowed"
        1.870 ring_on frequency_hz=25
        2.070 sip_out peer="sip:p1@127.0.0.1:20000" message="INVITE"
        2.072 sip_in peer="127.0.0.1" message="180"
        2.870 ring_off on_ms=1000
        5.072 sip_in peer="127.0.0.1" message="200"
        5.072 seizing
        5.087 hook off_hook=true
        5.087 answered by="target"
        5.087 media_attached srtp=false peer="127.0.0.1:40000"
        10.587 tone confidence=1.0 tone="busy" frequency_hz=425.0 level_dbm0=-13.0 cycles=3
        11.587 evidence evidence={"kind":"disconnect_tone","tone":"busy","frequency_hz":425.0,"level_dbm0":-13.0,"cycles":3,"confidence":1.0}
        11.587 sip_out peer="127.0.0.1" message="BYE"
        11.587 media_detached
        11.587 ended cause="line_hung_up""#,
    );
    end_well(&mut world);
}

#[test]
fn of_a_caller_who_dials_and_is_answered_by_a_voice() {
    let settings = answering(server(), AnswerMode::Voice);
    let mut world = phone_with(settings, Habits { hangs_up_after: Some(s(5)), ..Habits::default() });
    call(&mut world, "100");
    assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
    assert!(world.run_until_port(0, PortState::Idle, s(20)), "{:?}", world.port(0));
    assert_told(
        &world,
        r#"
        0.000 sip_in peer="sip:p1@127.0.0.1:20000" message="INVITE"
        0.000 seizing
        0.015 hook off_hook=true
        0.700 tone confidence=0.25 tone="dial" frequency_hz=425.0 level_dbm0=-13.0 cycles=1
        0.700 dialing digits="100"
        1.300 dialed
        1.300 sip_out peer="127.0.0.1" message="183"
        1.300 media_attached srtp=false peer="127.0.0.1:40000"
        3.400 tone confidence=1.0 tone="ringback" frequency_hz=425.0 level_dbm0=-13.0 cycles=1
        4.100 voice
        4.100 answered by="voice"
        4.100 sip_out peer="127.0.0.1" message="200"
        4.102 sip_in peer="127.0.0.1" message="ACK"
        9.102 sip_in peer="127.0.0.1" message="BYE"
        9.102 media_detached
        9.102 ended cause="sip_hung_up""#,
    );
    end_well(&mut world);
}

#[test]
fn after_its_record_the_release_of_the_line_is_still_told() {
    let mut world = server_with_phone(Habits { hangs_up_after: Some(s(5)), ..Habits::default() });
    call(&mut world, "100");
    assert!(world.run_until(s(30), |world| !world.records.is_empty()));
    world.run_for(s(3));
    let ended_ms = only_record(&world).ended_ms;
    let after: Vec<_> = world.marks.iter().filter(|mark| mark.at_ms >= ended_ms && mark.port == PortId(0)).map(|mark| &mark.what).collect();
    let order =
        [MarkKind::Ended { cause: EndCause::SipHungUp }, MarkKind::Releasing, MarkKind::Hook { off_hook: false }, MarkKind::Released];
    let places: Vec<_> = order.iter().map(|what| after.iter().position(|mark| *mark == what)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{after:?}");
    end_well(&mut world);
}

#[test]
fn of_a_caller_who_never_stops_dialling_the_beginning_and_the_end_are_kept() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    for _ in 0..300 {
        world.tell(gateway_core::gateway::io::Event::Media { port: PortId(0), event: gateway_core::media::MediaEvent::LineDigit('7') });
        world.run_for(ms(100));
    }
    world.command(gateway_core::gateway::io::Command::HangUp { port: PortId(0) });
    let timeline = &only_record(&world).timeline;
    assert_eq!(timeline.len(), MOST_MARKS);
    assert!(matches!(&timeline[0].what, MarkKind::SipIn { message, .. } if message == "INVITE"), "{:?}", timeline[0]);
    assert!(timeline.iter().any(|mark| matches!(mark.what, MarkKind::LeftOut { count } if count > 100)));
    assert_eq!(timeline.last().unwrap().what, MarkKind::Ended { cause: EndCause::Operator });
    end_well(&mut world);
}
