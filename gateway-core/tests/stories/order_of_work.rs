//! SIP→FXO, in order: seize, dial tone, dial, early media, answer; and glare.

use gateway_core::config::settings::{AnswerMode, DialMethod, Settings};
use gateway_core::fxo::simulator::act::{ExchangeEvent, LineAct};
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sip::message::Method;

use super::cast::*;

fn on_line(settings: Settings, change: impl Fn(&mut gateway_core::config::settings::LineSettings)) -> Settings {
    with(settings, |settings| settings.ports.iter_mut().for_each(|port| change(&mut port.line)))
}

/// When the exchange noticed something, in ms since the start.
fn noted_ms(world: &World, wanted: impl Fn(&ExchangeEvent) -> bool) -> u64 {
    let (at, ..) = world.lines.noted.iter().find(|(_, _, event)| wanted(event)).expect("it was noticed");
    at.as_millis()
}

#[test]
fn trying_then_early_media_then_the_answer() {
    let mut world = phone_with(answering(server(), AnswerMode::Voice), Habits::default());
    talk(&mut world, "100");
    let address = world.parties[0].address;
    let mut statuses: Vec<_> = world.tap.responses(address, &Method::Invite).map(|response| response.status()).collect();
    statuses.dedup();
    assert_eq!(statuses, [401, 100, 183, 200]);
    let early = world.tap.responses(address, &Method::Invite).find(|response| response.status() == 183).unwrap();
    assert!(!early.body().is_empty());
    end_well(&mut world);
}

#[test]
fn digits_wait_for_the_dial_tone() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    let seized = noted_ms(&world, |event| *event == ExchangeEvent::Hook { off_hook: true });
    let first_digit = noted_ms(&world, |event| matches!(event, ExchangeEvent::Digit { .. }));
    // Dial tone after 200 ms, sure of it 500 ms later; three digits of 200 ms are out after another 600 ms.
    assert!((1200..1700).contains(&(first_digit - seized)), "{}", first_digit - seized);
    end_well(&mut world);
}

#[test]
fn where_dial_tone_is_not_awaited_a_fixed_pause_is() {
    let settings = on_line(server(), |line| (line.wait_dial_tone, line.dial_pause_ms) = (false, 2500));
    let mut world = phone_with(settings, Habits::default());
    world.act(0, LineAct::DialTone { present: false });
    talk(&mut world, "100");
    let seized = noted_ms(&world, |event| *event == ExchangeEvent::Hook { off_hook: true });
    let first_digit = noted_ms(&world, |event| matches!(event, ExchangeEvent::Digit { .. }));
    assert!((3000..3300).contains(&(first_digit - seized)), "{}", first_digit - seized);
    end_well(&mut world);
}

#[test]
fn pulse_dialling_is_left_to_the_box_and_reaches_the_number() {
    let mut world = phone_with(on_line(server(), |line| line.dial_method = DialMethod::Pulse), Habits::default());
    talk(&mut world, "103");
    assert_eq!(world.digits_at_exchange(0), "103");
    end_well(&mut world);
}

/// Time from the last digit to the 200, in ms, for a call to this number.
fn answered_after_ms(settings: Settings, number: &str) -> u64 {
    let mut world = phone_with(settings, Habits::default());
    call(&mut world, number);
    assert!(world.run_until_port(0, PortState::Talking, s(60)), "{:?}", world.port(0));
    let now = world.now().as_millis();
    let dialed = noted_ms(&world, |event| matches!(event, ExchangeEvent::Dialed { .. }));
    end_well(&mut world);
    now - dialed
}

#[test]
fn answer_mode_after_dialing_answers_when_the_digits_are_out() {
    assert!(answered_after_ms(answering(server(), AnswerMode::AfterDialing), "108") < 100);
}

#[test]
fn answer_mode_polarity_reversal_answers_with_the_called_party() {
    // 500 ms to the first ringback, 2 s of ringing.
    let after = answered_after_ms(answering(server(), AnswerMode::PolarityReversal), "103");
    assert!((2400..2700).contains(&after), "{after}");
}

#[test]
fn answer_mode_voice_answers_when_a_voice_follows_the_ringback() {
    // The exchange rings for 30 s; the voice is sure 300 ms later.
    let after = answered_after_ms(answering(server(), AnswerMode::Voice), "108");
    assert!((30_600..31_500).contains(&after), "{after}");
}

#[test]
fn answer_mode_first_of_takes_the_reversal_the_voice_or_the_limit() {
    let settings = || answering(server(), AnswerMode::FirstOf);
    assert!((2400..2700).contains(&answered_after_ms(settings(), "103")));
    let limited = on_line(settings(), |line| line.answer_limit_s = 8);
    assert!((7900..8300).contains(&answered_after_ms(limited, "108")));
}

#[test]
fn a_reversal_counts_as_nothing_where_the_mode_does_not_listen_to_it() {
    let mut world = phone_with(answering(server(), AnswerMode::Voice), Habits::default());
    call(&mut world, "108");
    assert!(world.run_until_port(0, PortState::Waiting, s(6)));
    world.act(0, LineAct::Reverse);
    world.run_for(s(3));
    assert_eq!(world.port(0).state, PortState::Waiting);
    end_well(&mut world);
}

#[test]
fn a_line_that_rings_while_it_is_seized_gives_the_caller_486_and_goes_on_ringing() {
    let mut world = server_with_phone(Habits::default());
    world.act(0, ring("1133334444"));
    call(&mut world, "100");
    world.run_for(ms(100));
    assert_refused(&world, 0, 486, Some(17));
    assert!(world.was_noticed(NoticeCode::Glare));
    assert_eq!(world.records[0].cause, EndCause::Glare);
    assert!(world.run_until_port(0, PortState::Talking, s(12)), "the caller on the line is served: {:?}", world.port(0));
    end_well(&mut world);
}

#[test]
fn where_any_port_serves_glare_moves_the_caller_to_the_next_free_one() {
    let mut world = trunk_with(trunk(), Habits::default());
    world.act(0, ring("1133334444"));
    let session = world.call(0, "103", None);
    assert!(world.run_until_port(1, PortState::Talking, s(8)), "{:?}", world.port(1));
    world.run_for(s(1));
    assert_eq!(world.digits_at_exchange(1), "103");
    assert!(world.was_noticed(NoticeCode::Glare));
    // The caller was told the RTP port of the line that serves it.
    let rtp = world.parties[0].leg(session).unwrap().agreed.clone().unwrap().remote;
    assert_eq!(rtp.port(), 16384 + 2);
    end_well(&mut world);
}

#[test]
fn two_lines_that_ring_at_once_do_not_pass_a_caller_to_and_fro() {
    let mut world = trunk_with(trunk(), lets_it_ring());
    world.act(0, ring("1133334444"));
    world.act(1, ring("1155556666"));
    world.run_for(ms(20));
    world.call(0, "100", None);
    world.run_for(s(1));
    assert_refused(&world, 0, 486, Some(17));
    end_well(&mut world);
}
