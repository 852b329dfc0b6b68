//! When a call ends: first evidence wins and is kept; guard time; and a line that does not let go.

use gateway_core::config::PortId;
use gateway_core::config::settings::{LineSettings, Settings};
use gateway_core::dsp::progress::ProgressTone;
use gateway_core::fxo::line::HangUpEvidence;
use gateway_core::fxo::simulator::act::{HangUpHow, LineAct, Sound};
use gateway_core::gateway::io::Command;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::{CallRecord, EndCause};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sip::message::Method;

use super::cast::*;

fn ruled(change: impl Fn(&mut LineSettings)) -> Settings {
    with(server(), |settings| settings.ports.iter_mut().for_each(|port| change(&mut port.line)))
}

/// A talk that `end` brings to an end within `limit_s`, in either direction; the record, and the world for a last look.
fn ends(settings: Settings, incoming: bool, limit_s: u64, end: impl Fn(&mut World)) -> CallRecord {
    let mut world = phone_with(settings, Habits::default());
    if incoming {
        answer_a_ring(&mut world);
    } else {
        talk(&mut world, "100");
    }
    end(&mut world);
    assert!(world.run_until(s(limit_s), |world| !world.records.is_empty()), "{:?}", world.port(0));
    world.run_for(s(1));
    assert!(world.parties[0].legs().all(|leg| leg.ended), "the peer knows");
    assert!(world.exchange_off_hook().is_empty(), "the line is released");
    let record = only_record(&world).clone();
    end_well(&mut world);
    record
}

fn hang_up(how: HangUpHow) -> impl Fn(&mut World) {
    move |world| world.act(0, LineAct::HangUp { how: Some(how) })
}

#[test]
fn a_loop_interruption_ends_the_call_either_way() {
    for incoming in [false, true] {
        let record = ends(server(), incoming, 2, hang_up(HangUpHow::Interruption { ms: 500 }));
        assert_eq!(record.cause, EndCause::LineHungUp);
        assert!(matches!(record.evidence, Some(HangUpEvidence::LoopInterruption { duration_ms: 140 })), "{record:?}");
    }
}

#[test]
fn a_caller_who_hangs_up_at_the_moment_of_the_answer_is_believed() {
    let deaf = |line: &mut LineSettings| line.end_on_loop_interruption = false;
    for (settings, by_interruption, limit_s) in [(server(), true, 2), (ruled(deaf), false, 6)] {
        let mut world = phone_with(settings, Habits::default());
        world.act(0, ring("1133334444"));
        assert!(world.run_until_port(0, PortState::Talking, s(15)));
        world.run_for(ms(150));
        world.act(0, LineAct::HangUp { how: Some(HangUpHow::InterruptionAndBusyTone { ms: 400 }) });
        assert!(world.run_until(s(limit_s), |world| !world.records.is_empty()), "{:?}", world.port(0));
        let evidence = only_record(&world).evidence.clone();
        assert_eq!(matches!(evidence, Some(HangUpEvidence::LoopInterruption { .. })), by_interruption, "{evidence:?}");
        end_well(&mut world);
    }
}

#[test]
fn a_shorter_interruption_ends_nothing() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    world.act(0, LineAct::Interrupt { ms: 60 });
    world.run_for(s(10));
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn a_polarity_reversal_ends_an_answered_call_where_the_line_uses_it() {
    let settings = || ruled(|line| line.end_on_polarity_reversal = true);
    let record = ends(settings(), true, 2, hang_up(HangUpHow::Polarity));
    assert_eq!(record.evidence, Some(HangUpEvidence::PolarityReversal));
    let mut world = server_with_phone(Habits::default());
    answer_a_ring(&mut world);
    world.act(0, LineAct::Reverse);
    world.run_for(s(10));
    assert_eq!(world.port(0).state, PortState::Talking, "off by default");
    end_well(&mut world);
}

#[test]
fn disconnect_tones_end_the_call_when_they_are_sure_or_after_so_many_cycles() {
    let sounds = [(HangUpHow::BusyTone, ProgressTone::Busy), (HangUpHow::CongestionTone, ProgressTone::Congestion)];
    for (cycles, limit_s) in [(0, 3), (3, 6)] {
        for (how, tone) in sounds {
            let record = ends(ruled(|line| line.disconnect_tone_cycles = cycles), false, limit_s, hang_up(how));
            match record.evidence {
                Some(HangUpEvidence::DisconnectTone(heard)) => {
                    assert_eq!(heard.tone, tone);
                    assert!(if cycles > 0 { heard.cycles == cycles } else { heard.confidence >= 1.0 }, "{heard:?}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn dial_tone_that_returns_ends_the_call() {
    let record = ends(server(), true, 3, hang_up(HangUpHow::DialTone));
    assert!(matches!(record.evidence, Some(HangUpEvidence::DialTone(_))), "{record:?}");
}

#[test]
fn a_pulled_cable_ends_the_call() {
    let record = ends(server(), false, 3, |world| world.act(0, LineAct::CableOut));
    assert_eq!((record.cause, record.evidence), (EndCause::LineHungUp, Some(HangUpEvidence::BatteryLost)));
}

#[test]
fn a_bye_ends_the_call() {
    let record = ends(server(), false, 1, |world| world.with_party(0, |party, now| party.hang_up_all(now)));
    assert_eq!(record.cause, EndCause::SipHungUp);
}

#[test]
fn thirty_seconds_without_rtp_end_the_call_of_that_port_only() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    let second = world.add_party(Habits { sends_rtp: false, ..Habits::default() });
    world.call(second, "100", Some(gateway_core::sim::world::credentials("p2", "secret2")));
    assert!(world.run_until_port(1, PortState::Talking, s(8)));
    let began = world.now();
    assert!(world.run_until(s(60), |world| !world.records.is_empty()));
    assert!((29..=31).contains(&world.now().since(began).as_secs()), "{:?}", world.now().since(began));
    let record = only_record(&world);
    assert_eq!((record.port, record.cause), (PortId(1), EndCause::NoRtp));
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn sixty_seconds_of_silence_both_ways_end_the_call() {
    let mut world = server_with_phone(Habits { speaks: false, ..Habits::default() });
    talk(&mut world, "100");
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::Silent) });
    let began = world.now();
    assert!(world.run_until(s(90), |world| !world.records.is_empty()));
    assert!((58..=62).contains(&world.now().since(began).as_secs()), "{:?}", world.now().since(began));
    assert_eq!(only_record(&world).cause, EndCause::Silence);
    end_well(&mut world);
}

#[test]
fn a_voice_from_either_side_is_no_silence() {
    for speaks in [true, false] {
        let mut world = server_with_phone(Habits { speaks, ..Habits::default() });
        talk(&mut world, "100");
        world.act(0, LineAct::Speak { sound: if speaks { Sound::Silence } else { Sound::Speech } });
        world.run_for(s(600));
        assert_eq!(world.port(0).state, PortState::Talking);
        end_well(&mut world);
    }
}

#[test]
fn the_longest_call_is_four_hours() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    let began = world.now();
    assert!(world.run_until(s(5 * 3600), |world| !world.records.is_empty()));
    assert!((14_390..=14_400).contains(&world.now().since(began).as_secs()));
    assert_eq!(only_record(&world).cause, EndCause::LongestCall);
    let bye = world.tap.requests(world.parties[0].address, &Method::Bye).last().unwrap();
    assert_eq!(bye.headers().get("Reason"), Some("Q.850;cause=102"));
    end_well(&mut world);
}

#[test]
fn a_box_that_goes_away_ends_the_call_and_its_return_is_enough() {
    for reboot in [false, true] {
        let record = ends(server(), true, 1, move |world| if reboot { world.reboot() } else { world.unplug() });
        assert_eq!(record.cause, EndCause::DeviceGone);
    }
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    world.unplug();
    world.run_for(s(5));
    assert_eq!(world.port(0).state, PortState::Absent);
    world.plug_in();
    assert!(world.run_until_port(0, PortState::Idle, s(3)));
    talk(&mut world, "100");
    end_well(&mut world);
}

#[test]
fn the_operator_may_hang_up() {
    let record = ends(server(), true, 1, |world| world.command(Command::HangUp { port: PortId(0) }));
    assert_eq!(record.cause, EndCause::Operator);
}

#[test]
fn a_peer_that_lost_its_memory_is_noticed_by_its_missing_rtp() {
    let record = ends(server(), false, 35, |world| {
        world.with_party(0, |party, _| party.crash());
    });
    assert_eq!(record.cause, EndCause::NoRtp);
}

#[test]
fn after_release_the_port_rests_for_the_guard_time() {
    let mut world = phone_with(ruled(|line| line.guard_ms = 3000), Habits::default());
    let session = talk(&mut world, "100");
    world.with_party(0, |party, now| party.hang_up(session, now));
    assert!(world.run_until_port(0, PortState::Guard, s(1)));
    let began = world.now();
    call(&mut world, "100");
    world.run_for(ms(500));
    assert_refused(&world, 0, 486, Some(17));
    assert!(world.run_until_port(0, PortState::Idle, s(5)));
    assert!((2900..=3100).contains(&world.now().since(began).as_millis()));
    end_well(&mut world);
}

#[test]
fn a_line_that_does_not_let_go_is_told_again_then_reset_then_reported() {
    for lies in [false, true] {
        let mut world = server_with_phone(Habits::default());
        talk(&mut world, "100");
        world.lines.faults.stuck.insert(PortId(0));
        world.lines.faults.lies = lies;
        world.box_was_lying = true;
        world.write_down();
        world.command(Command::HangUp { port: PortId(0) });
        assert!(world.run_until(s(10), |world| world.was_noticed(NoticeCode::StuckOffHook)), "lies: {lies}");
        assert_eq!(world.port(0).state, PortState::Fault);
        let ordered = |what: &str| world.trace.iter().flat_map(|trace| trace.lines()).filter(|line| line.contains(what)).count();
        assert!(ordered("orders line 0 Release") >= 4, "repeated");
        assert!(ordered("orders line 0 Reset") >= 1, "reset");
        call(&mut world, "100");
        world.run_for(s(1));
        assert_refused(&world, 0, 503, Some(27));
        world.lines.faults.stuck.clear();
        assert!(world.run_until_port(0, PortState::Idle, s(15)), "it is tried for ever");
        end_well(&mut world);
    }
}

#[test]
fn a_relay_that_was_told_open_and_is_not_is_found_although_the_measurement_after_release_was_lost() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    world.lines.faults.stuck.insert(PortId(0));
    world.lines.faults.lies = true;
    world.box_was_lying = true;
    world.command(Command::HangUp { port: PortId(0) });
    world.lines.faults.lost_orders_per_mille = 1000;
    world.run_for(ms(200));
    world.lines.faults = Default::default();
    assert_eq!(world.exchange_off_hook(), [PortId(0)]);
    assert!(world.run_until(s(40), |world| world.exchange_off_hook().is_empty()), "{:?}", world.port(0));
    end_well(&mut world);
}

#[test]
fn orders_that_get_lost_are_given_again() {
    for seed in 0..20 {
        let mut world = World::new(server(), seed);
        world.add_party(Habits::default());
        world.lines.faults.lost_orders_per_mille = 300;
        world.box_was_lying = true;
        call(&mut world, "100");
        if world.run_until_port(0, PortState::Talking, s(10)) {
            world.act(0, LineAct::HangUp { how: None });
        }
        end_well(&mut world);
    }
}
