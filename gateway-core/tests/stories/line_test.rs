//! The operator measures a line, on lines whose truth is known.

use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::config::country::brazil;
use gateway_core::config::settings::{DialMethod, Settings};
use gateway_core::dsp::progress::{HeardTone, ProgressTone};
use gateway_core::fxo::LineEvent;
use gateway_core::fxo::line::LineState;
use gateway_core::fxo::simulator::act::{ExchangeEvent, LineAct};
use gateway_core::fxo::simulator::exchange::ExchangeConfig;
use gateway_core::gateway::io::{Command, Event};
use gateway_core::gateway::line_test::{CheckResult, LineCheck, LineTestReport, Verdict};
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::{CallDirection, EndCause};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;

use super::cast::*;

const LINE: PortId = PortId(0);

/// The bound that the operator is promised.
const LONGEST: Duration = Duration::from_secs(90);

fn one_line() -> Settings {
    with(server(), |settings| settings.ports.truncate(1))
}

/// A line with real sound at an exchange that is in order but for `fault`.
fn line(fault: impl FnOnce(&mut ExchangeConfig)) -> World {
    let mut exchange = ExchangeConfig::brazil(1);
    fault(&mut exchange);
    World::at_exchange(one_line(), exchange, 1)
}

fn measure(world: &mut World) {
    world.command(Command::LineTest { port: LINE });
}

/// What the test finds. After it the line is free, nobody on SIP heard of it, and there is one record of it.
fn found(world: &mut World) -> LineTestReport {
    measure(world);
    finished(world)
}

fn finished(world: &mut World) -> LineTestReport {
    assert!(world.run_until(LONGEST, |world| !world.line_tests.is_empty()), "{:?}", world.port(0));
    world.run_for(s(8));
    assert!(world.exchange_off_hook().is_empty());
    let [report] = &world.line_tests[..] else { panic!("{:?}", world.line_tests) };
    let record = only_record(world);
    assert_eq!((record.direction, &record.id, record.port), (CallDirection::Test, &report.id, report.port));
    assert_eq!((Some(record.cause), Some(record.ended_ms)), (report.end, report.ended_ms));
    assert!(report.results.is_sorted_by_key(|result| result.check), "{report:?}");
    report.clone()
}

fn result(report: &LineTestReport, check: LineCheck) -> CheckResult {
    let found: Vec<_> = report.results.iter().filter(|result| result.check == check).collect();
    let [result] = found[..] else { panic!("{check:?} in {report:?}") };
    *result
}

fn value(report: &LineTestReport, check: LineCheck) -> f32 {
    result(report, check).value.unwrap_or_else(|| panic!("no value of {check:?} in {report:?}"))
}

/// How long a test of a good line takes.
fn length_ms() -> u64 {
    let report = found(&mut line(|_| {}));
    report.ended_ms.unwrap() - report.started_ms
}

/// The checks that were made and did not pass.
fn faults(report: &LineTestReport) -> Vec<(LineCheck, Verdict)> {
    let bad = report.results.iter().filter(|result| result.verdict != Verdict::Pass);
    bad.map(|result| (result.check, result.verdict)).collect()
}

fn checks(report: &LineTestReport) -> Vec<LineCheck> {
    report.results.iter().map(|result| result.check).collect()
}

#[track_caller]
fn near(read: f32, truth: f32, tolerance: f32) {
    assert!((read - truth).abs() <= tolerance, "{truth} read as {read}");
}

#[test]
fn a_good_line_passes_every_check_with_its_true_values() {
    let mut world = line(|_| {});
    let report = found(&mut world);
    assert_eq!((report.verdict, report.end, faults(&report)), (Some(Verdict::Pass), Some(EndCause::TestOver), vec![]));
    assert_eq!(checks(&report), LineCheck::ALL);
    assert_eq!((report.name.as_str(), report.device.as_str(), report.underway), ("Line 1", "Toy box", None));
    near(value(&report, LineCheck::OnHookVoltage), 48.0, 0.01);
    near(value(&report, LineCheck::LoopCurrent), 23.0, 0.01);
    near(value(&report, LineCheck::DialToneFrequency), 425.0, 1.0);
    near(value(&report, LineCheck::DialToneLevel), -12.0, 0.5);
    // The exchange waits 200 ms, and a tone is known after 400 ms.
    near(value(&report, LineCheck::DialToneDelay), 620.0, 80.0);
    assert!(value(&report, LineCheck::DialToneBreak) <= 160.0);
    near(value(&report, LineCheck::Noise), -65.0, 0.5);
    near(value(&report, LineCheck::EchoReturnLoss), 18.0, 0.3);
    near(value(&report, LineCheck::ReleasedCurrent), 0.0, 0.0);
    near(value(&report, LineCheck::RestoredVoltage), 48.0, 0.01);
    assert!(report.ended_ms.unwrap() - report.started_ms < 10_000, "{report:?}");
    assert_eq!(world.lines.digits(LINE), "5");
    assert!(!world.lines.noted.iter().any(|(_, _, event)| matches!(event, ExchangeEvent::Dialed { .. })), "no number was dialled");
    assert!(world.was_noticed(NoticeCode::TestEnded));
    assert_eq!((world.port(0).state, world.tap.datagrams().count()), (PortState::Idle, 0));
    end_well(&mut world);
}

#[test]
fn what_is_found_is_seen_while_the_test_goes_on() {
    let mut world = line(|_| {});
    measure(&mut world);
    let mut seen = Vec::new();
    while world.line_tests.is_empty() {
        let test = world.port(0).call.and_then(|call| call.line_test).expect("it goes on");
        assert_eq!((test.verdict, test.ended_ms, test.end), (None, None, None));
        assert!(test.results.iter().all(|result| Some(result.check) != test.underway), "{test:?}");
        seen.push(test.underway.unwrap());
        world.run_for(ms(20));
    }
    seen.dedup();
    // Seizure, release and a dial tone that is there already take less than a look.
    let stages = [
        LineCheck::OnHookVoltage,
        LineCheck::LoopCurrent,
        LineCheck::DialToneBreak,
        LineCheck::Noise,
        LineCheck::EchoReturnLoss,
        LineCheck::ReleasedCurrent,
    ];
    let missed: Vec<_> = stages.iter().filter(|stage| !seen.contains(stage)).collect();
    assert!(missed.is_empty() && seen.is_sorted(), "{missed:?} {seen:?}");
}

#[test]
fn a_dead_line_is_never_seized() {
    let mut world = line(|exchange| exchange.cables_in = false);
    assert_eq!(world.port(0).line, LineState::NoBattery);
    let report = found(&mut world);
    assert_eq!((report.verdict, report.end), (Some(Verdict::Fail), Some(EndCause::SeizeFailed)));
    assert_eq!(faults(&report), [(LineCheck::OnHookVoltage, Verdict::Fail), (LineCheck::Seizure, Verdict::Fail)]);
    near(value(&report, LineCheck::OnHookVoltage), 0.0, 0.0);
    assert!(!world.lines.noted.iter().any(|(_, _, event)| matches!(event, ExchangeEvent::Hook { .. })));
}

#[test]
fn a_weak_line_is_told_as_weak() {
    let mut world = line(|exchange| (exchange.on_hook_millivolts, exchange.loop_microamps) = (-26_000, 14_000));
    let report = found(&mut world);
    let weak = [LineCheck::OnHookVoltage, LineCheck::LoopCurrent, LineCheck::RestoredVoltage];
    assert_eq!((report.verdict, faults(&report)), (Some(Verdict::Warn), weak.map(|check| (check, Verdict::Warn)).to_vec()));
    near(value(&report, LineCheck::OnHookVoltage), 26.0, 0.01);
    end_well(&mut world);
}

#[test]
fn no_loop_current_fails() {
    let mut world = line(|exchange| exchange.loop_microamps = 0);
    let report = found(&mut world);
    assert_eq!((report.verdict, faults(&report)), (Some(Verdict::Fail), vec![(LineCheck::LoopCurrent, Verdict::Fail)]));
    end_well(&mut world);
}

#[test]
fn no_dial_tone_fails_and_the_line_is_given_back() {
    let mut world = line(|_| {});
    world.act(0, LineAct::DialTone { present: false });
    let report = found(&mut world);
    assert_eq!((report.verdict, faults(&report)), (Some(Verdict::Fail), vec![(LineCheck::DialToneDelay, Verdict::Fail)]));
    assert_eq!(result(&report, LineCheck::DialToneDelay).value, None);
    let made = checks(&report);
    assert!(!made.contains(&LineCheck::Noise) && made.contains(&LineCheck::RestoredVoltage), "{made:?}");
    assert_eq!(world.lines.digits(LINE), "", "nothing is dialled into silence");
    end_well(&mut world);
}

#[test]
fn dial_tone_that_a_digit_does_not_break_fails_and_nothing_is_measured_over_it() {
    let mut world = line(|exchange| exchange.digits_break_dial_tone = false);
    let report = found(&mut world);
    assert_eq!((report.verdict, faults(&report)), (Some(Verdict::Fail), vec![(LineCheck::DialToneBreak, Verdict::Fail)]));
    let made = checks(&report);
    assert!(!made.contains(&LineCheck::Noise) && !made.contains(&LineCheck::EchoReturnLoss), "{made:?}");
    end_well(&mut world);
}

#[test]
fn noise_is_measured_and_judged() {
    for (noise_dbm0, verdict) in [(-60.0, Verdict::Pass), (-42.0, Verdict::Warn), (-33.0, Verdict::Fail)] {
        let mut world = line(|exchange| exchange.noise_dbm0 = Some(noise_dbm0));
        let report = found(&mut world);
        near(value(&report, LineCheck::Noise), noise_dbm0, 0.5);
        assert_eq!((result(&report, LineCheck::Noise).verdict, report.verdict), (verdict, Some(verdict)), "{noise_dbm0} dBm0");
        end_well(&mut world);
    }
}

#[test]
fn echo_is_measured_and_judged() {
    for (loss_db, verdict) in [(24.0, Verdict::Pass), (9.0, Verdict::Warn), (3.0, Verdict::Fail)] {
        let mut world = line(|exchange| exchange.hybrid_loss_db = Some(loss_db));
        let report = found(&mut world);
        near(value(&report, LineCheck::EchoReturnLoss), loss_db, 0.3);
        let expected = if verdict == Verdict::Pass { vec![] } else { vec![(LineCheck::EchoReturnLoss, verdict)] };
        assert_eq!((faults(&report), report.verdict), (expected, Some(verdict)), "{loss_db} dB");
        end_well(&mut world);
    }
}

#[test]
fn a_line_that_a_parallel_telephone_uses_is_told_as_such_and_left_alone() {
    let mut world = line(|_| {});
    world.act(0, LineAct::Extension { off_hook: true });
    world.run_for(s(1));
    assert_eq!(world.port(0).state, PortState::InUse);
    measure(&mut world);
    assert!(world.run_until(s(10), |world| !world.line_tests.is_empty()));
    let report = world.line_tests[0].clone();
    assert_eq!((report.verdict, report.end), (Some(Verdict::Fail), Some(EndCause::SeizeFailed)));
    assert_eq!(faults(&report), [(LineCheck::OnHookVoltage, Verdict::Fail), (LineCheck::Seizure, Verdict::Fail)]);
    near(value(&report, LineCheck::OnHookVoltage), 8.4, 0.01);
    world.act(0, LineAct::Extension { off_hook: false });
    world.run_for(s(6));
    end_well(&mut world);
}

#[test]
fn a_caller_who_rings_at_any_moment_ends_the_test_and_is_served() {
    // Before the seizure, and while the line rests after the release; in between the exchange refuses callers itself.
    let release_ms = length_ms() - 60;
    for after_ms in [0, 10, release_ms] {
        let mut world = World::at_exchange(one_line(), ExchangeConfig::brazil(1), 1);
        let phone = world.add_party(lets_it_ring());
        world.register(phone, "p1", "secret1");
        measure(&mut world);
        world.run_for(ms(after_ms));
        world.act(0, ring("1133334444"));
        assert!(world.run_until_port(0, PortState::Calling, s(20)), "after {after_ms} ms: {:?}", world.port(0));
        let report = world.line_tests[0].clone();
        let (verdict, end) = (report.verdict.unwrap(), report.end.unwrap());
        assert!(end == EndCause::Glare && verdict == Verdict::NotMeasured || end == EndCause::TestOver, "{report:?}");
        assert!(after_ms > 100 || end == EndCause::Glare, "{report:?}");
        world.act(0, LineAct::StopRinging);
        world.run_for(s(10));
        assert_eq!(world.records.len(), 2, "the test, and the missed call");
        end_well(&mut world);
    }
}

#[test]
fn a_ring_in_the_middle_of_the_measurement_at_rest_ends_the_test() {
    // A box that loses the answer leaves the test at rest for long enough that the ring is there first.
    let mut world = line(|_| {});
    world.lines.faults.lost_answers_per_mille = 1000;
    measure(&mut world);
    world.run_for(ms(100));
    world.act(0, ring("1133334444"));
    assert!(world.run_until(s(5), |world| !world.line_tests.is_empty()));
    let report = world.line_tests[0].clone();
    assert_eq!((report.end, report.verdict, report.results.len()), (Some(EndCause::Glare), Some(Verdict::NotMeasured), 0), "{report:?}");
    world.lines.faults.lost_answers_per_mille = 0;
    assert!(world.run_until(s(5), |world| world.was_noticed(NoticeCode::Ringing)), "the caller is not lost");
    assert!(!world.lines.noted.iter().any(|(_, _, event)| matches!(event, ExchangeEvent::Hook { off_hook: true })));
}

#[test]
fn a_box_that_is_pulled_out_at_any_moment_ends_the_test_with_a_verdict() {
    let length_ms = length_ms();
    for after_ms in [0, 5, length_ms / 4, length_ms / 2, length_ms * 3 / 4, length_ms - 1200, length_ms - 500, length_ms - 5] {
        let mut world = line(|_| {});
        measure(&mut world);
        world.run_for(ms(after_ms));
        world.unplug();
        let report = world.line_tests[0].clone();
        assert_eq!((report.end, report.verdict), (Some(EndCause::DeviceGone), Some(Verdict::NotMeasured)), "after {after_ms} ms");
        assert_eq!(only_record(&world).cause, EndCause::DeviceGone);
        world.plug_in();
        world.run_for(s(4));
        assert_eq!(world.port(0).state, PortState::Idle);
        end_well(&mut world);
    }
}

#[test]
fn a_box_that_tells_nothing_electrical_leaves_those_checks_open_and_the_rest_is_measured() {
    // As a voice modem: what it does not measure it does not answer.
    let mut world = line(|_| {});
    world.lines.measures_nothing = true;
    let report = found(&mut world);
    let open = [LineCheck::OnHookVoltage, LineCheck::LoopCurrent, LineCheck::ReleasedCurrent, LineCheck::RestoredVoltage];
    assert_eq!(faults(&report), open.map(|check| (check, Verdict::NotMeasured)));
    assert_eq!((report.verdict, checks(&report).len()), (Some(Verdict::Pass), LineCheck::ALL.len()));
}

#[test]
fn a_box_without_a_meter_for_current_leaves_the_current_open() {
    let mut world = line(|_| {});
    world.lines.measures_no_current = true;
    let report = found(&mut world);
    let open = [LineCheck::LoopCurrent, LineCheck::ReleasedCurrent];
    assert_eq!((report.verdict, faults(&report)), (Some(Verdict::Pass), open.map(|check| (check, Verdict::NotMeasured)).to_vec()));
}

#[test]
fn a_box_that_names_tones_without_measuring_them_does_not_spoil_the_measurement() {
    let mut world = line(|_| {});
    measure(&mut world);
    let named = HeardTone { tone: ProgressTone::Dial, frequency_hz: 0.0, level_dbm0: 0.0, cycles: 1, confidence: 1.0 };
    while world.line_tests.is_empty() {
        world.tell(Event::Line { port: LINE, event: LineEvent::Tone(named.clone()) });
        world.run_for(ms(7));
    }
    let report = finished(&mut world);
    assert_eq!((report.verdict, faults(&report)), (Some(Verdict::Pass), vec![]));
}

#[test]
fn a_ring_that_is_believed_in_the_very_moment_in_which_the_line_would_be_seized_comes_first() {
    let mut world = line(|_| {});
    world.lines.measures_nothing = true;
    // The measurement at rest is given up after 1.5 s; a burst is believed after the validation time.
    let validation_ms = u64::from(brazil().ring_validation_ms);
    measure(&mut world);
    world.run_for(ms(1500 - validation_ms));
    world.tell(Event::Line { port: LINE, event: LineEvent::RingOn { frequency_hz: 25 } });
    world.run_for(ms(validation_ms));
    assert_eq!(world.line_tests[0].end, Some(EndCause::Glare));
    assert_eq!(world.port(0).state, PortState::Ringing);
    world.run_for(s(20));
    assert!(!world.lines.noted.iter().any(|(_, _, event)| matches!(event, ExchangeEvent::Hook { off_hook: true })));
    assert_eq!((world.port(0).state, world.records.len()), (PortState::Idle, 2), "the test, and the call that nobody took");
    end_well(&mut world);
}

#[test]
fn a_relay_that_sticks_fails_the_release_and_raises_the_alarm() {
    let mut world = line(|_| {});
    world.box_was_lying = true;
    world.lines.faults.stuck.insert(LINE);
    measure(&mut world);
    assert!(world.run_until(LONGEST, |world| !world.line_tests.is_empty()));
    let report = world.line_tests[0].clone();
    assert_eq!((report.verdict, faults(&report)), (Some(Verdict::Fail), vec![(LineCheck::Release, Verdict::Fail)]));
    assert!(world.was_noticed(NoticeCode::StuckOffHook));
    world.lines.faults.stuck.clear();
    world.run_for(s(10));
    assert_eq!(world.port(0).state, PortState::Idle);
}

#[test]
fn the_operator_ends_it_at_any_moment() {
    let length_ms = length_ms();
    for after_ms in [0, 10, length_ms / 4, length_ms / 2, length_ms * 3 / 4, length_ms - 500, length_ms - 5] {
        let mut world = line(|_| {});
        measure(&mut world);
        world.run_for(ms(after_ms));
        world.command(Command::HangUp { port: LINE });
        assert_eq!(world.line_tests[0].end, Some(EndCause::Operator), "after {after_ms} ms");
        assert!(world.run_until(s(1), |world| world.exchange_off_hook().is_empty()));
        world.run_for(s(3));
        end_well(&mut world);
    }
}

#[test]
fn pulse_dialling_breaks_dial_tone_too() {
    let settings = with(one_line(), |settings| settings.ports[0].line.dial_method = DialMethod::Pulse);
    let mut world = World::at_exchange(settings, ExchangeConfig::brazil(1), 1);
    let report = found(&mut world);
    assert_eq!((report.verdict, faults(&report)), (Some(Verdict::Pass), vec![]));
    assert_eq!(checks(&report), LineCheck::ALL);
    end_well(&mut world);
}

#[test]
fn a_line_that_is_used_here_is_not_tested() {
    let mut world = server_with_phone(lets_it_ring());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(8)));
    measure(&mut world);
    assert!(world.was_noticed(NoticeCode::TestRefused));
    assert_eq!(world.port(0).state, PortState::Calling);
    world.act(0, LineAct::StopRinging);
    world.run_for(s(10));
    measure(&mut world);
    measure(&mut world);
    world.command(Command::TestCall { port: LINE, number: None });
    assert_eq!(world.notices.iter().filter(|notice| notice.code == NoticeCode::TestRefused).count(), 3);
    assert!(world.run_until(s(30), |world| world.line_tests.len() == 1));
    assert_eq!(world.line_tests[0].verdict, Some(Verdict::Pass), "by name, too: {:?}", world.line_tests);
    world.run_for(s(5));
    end_well(&mut world);
}

/// What may happen to a line at any moment of its test.
fn happening(world: &mut World) {
    let act = match world.rng.below(9) {
        0 => ring("1133334444"),
        1 => LineAct::StopRinging,
        2 => LineAct::CableOut,
        3 => LineAct::CableIn,
        4 => LineAct::Extension { off_hook: world.rng.chance(500) },
        5 => LineAct::Interrupt { ms: 50 + u32::try_from(world.rng.below(600)).unwrap() },
        6 => LineAct::Reverse,
        7 => LineAct::DialTone { present: world.rng.chance(500) },
        _ if world.lines.is_plugged() => return world.unplug(),
        _ => return world.plug_in(),
    };
    world.act(0, act);
}

#[test]
fn whatever_happens_it_ends_within_90_seconds_with_a_verdict_a_record_and_a_line_that_is_given_back() {
    for seed in 0..150 {
        let mut world = World::new(one_line(), seed);
        world.box_was_lying = true;
        world.lines.faults.lost_orders_per_mille = world.rng.below(300);
        world.lines.faults.lost_answers_per_mille = world.rng.below(300);
        world.lines.faults.lost_events_per_mille = world.rng.below(300);
        measure(&mut world);
        let began = world.now();
        while world.line_tests.is_empty() {
            let pause = ms(20 + world.rng.below(2500));
            world.run_until(pause, |world| !world.line_tests.is_empty());
            assert!(world.now() - began <= LONGEST, "seed {seed}: {:?}", world.port(0));
            if world.line_tests.is_empty() {
                happening(&mut world);
            }
        }
        let report = &world.line_tests[0];
        let whole = report.results.iter().any(|result| result.check == LineCheck::RestoredVoltage);
        assert!(report.verdict.is_some() && report.end.is_some(), "seed {seed}: {report:?}");
        assert!(whole || !matches!(report.verdict, Some(Verdict::Pass | Verdict::Warn)), "seed {seed}: {report:?}");
        assert!(report.results.is_sorted_by(|a, b| a.check < b.check), "seed {seed}: a check is made once: {report:?}");
        let records = world.records.iter().filter(|record| record.direction == CallDirection::Test).count();
        assert_eq!(records, 1, "seed {seed}");
        let wrong = world.heal();
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
    }
}
