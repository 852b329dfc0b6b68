//! A peer that dies without a word frees the line, also where no RTP is expected of it (RFC 4028).

use gateway_core::config::settings::Settings;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sip::message::Method;

use super::cast::*;

/// Nothing but SIP itself can tell that the peer is gone.
fn nothing_else_tells(session_expires_s: u32) -> Settings {
    with(server(), |settings| {
        settings.gateway.session_expires_s = session_expires_s;
        for port in &mut settings.ports {
            port.line.rtp_timeout_s = 0;
            port.line.silence_timeout_s = 0;
            port.line.longest_call_s = 0;
        }
    })
}

fn phone(session_expires_s: Option<u32>) -> Habits {
    Habits { session_expires_s, ..Habits::default() }
}

/// The phone calls or is called, loses its power in the middle, and is waited for; the cause, and the seconds that it took.
fn dies(settings: Settings, habits: Habits, incoming: bool, limit_s: u64) -> Option<(EndCause, u64)> {
    let mut world = phone_with(settings, habits);
    if incoming {
        answer_a_ring(&mut world);
    } else {
        talk(&mut world, "100");
    }
    world.parties[0].crash();
    let ended = world.run_until(s(limit_s), |world| !world.records.is_empty());
    if !ended {
        return None;
    }
    world.run_for(s(1));
    assert!(world.exchange_off_hook().is_empty(), "the line is released");
    let record = only_record(&world);
    Some((record.cause, (record.ended_ms - record.answered_ms.unwrap()) / 1000))
}

#[test]
fn a_caller_that_no_longer_refreshes_frees_the_line() {
    assert_eq!(dies(nothing_else_tells(1800), phone(Some(600)), false, 700), Some((EndCause::SessionExpired, 568)));
}

#[test]
fn a_phone_that_leaves_the_asking_to_us_or_knows_nothing_of_it_frees_the_line_too() {
    for (knows, incoming) in [(Some(1800), true), (None, true), (None, false)] {
        let (cause, seconds) = dies(nothing_else_tells(600), phone(knows), incoming, 700).unwrap();
        // Half the interval, and the time for which an answer is waited for.
        assert_eq!((cause, (330..=332).contains(&seconds)), (EndCause::SipLost, true), "incoming: {incoming}, {seconds} s");
    }
}

#[test]
fn without_timers_nobody_asks() {
    assert_eq!(dies(nothing_else_tells(0), phone(None), false, 7000), None);
}

#[test]
fn a_call_of_two_hours_is_refreshed_and_goes_on() {
    for (habits, incoming) in [(phone(Some(600)), false), (phone(Some(600)), true), (phone(None), false), (phone(None), true)] {
        let mut world = phone_with(nothing_else_tells(600), habits);
        if incoming {
            answer_a_ring(&mut world);
        } else {
            talk(&mut world, "100");
        }
        world.run_for(s(7200));
        assert_eq!(world.port(0).state, PortState::Talking, "incoming: {incoming}");
        assert!(refreshes(&world) >= 20, "{} refreshes", refreshes(&world));
        end_well(&mut world);
    }
}

/// UPDATEs and their like, either way.
fn refreshes(world: &World) -> usize {
    let phone = world.parties[0].address;
    world.tap.requests(phone, &Method::Update).count() + world.tap.responses(phone, &Method::Update).count()
}
