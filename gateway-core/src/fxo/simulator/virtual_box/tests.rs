use std::time::Duration;

use super::rig::{Faults, Rig};
use crate::config::PortId;
use crate::dsp::Frame;
use crate::dsp::callerid::dtmf::CategoryDigit;
use crate::dsp::callerid::{CallerIdReceiver, CallerIdSource};
use crate::dsp::level::{amplitude_of_dbm0, dbm0_of};
use crate::dsp::progress::{ProgressDetector, ProgressTone};
use crate::fxo::boxlink::message::{AudioFormat, Period};
use crate::fxo::line::{HangUpEvidence, LineOrder, LineProgress, LineReport, LineState, SeizeFailure};
use crate::fxo::simulator::act::{CallerIdSending, ExchangeEvent, HangUpHow, IncomingCall, LineAct, LineSound, Sound};
use crate::fxo::{Device, DeviceOutput};
use crate::rng::Rng;

const PORT: PortId = PortId(0);

fn ring(caller_id: CallerIdSending) -> LineAct {
    LineAct::Ring(IncomingCall {
        from: Some("1137077801".to_owned()),
        name: Some("Maria".to_owned()),
        caller_id: Some(caller_id),
        ..IncomingCall::default()
    })
}

/// Seizes and waits for dial tone.
fn seize(rig: &mut Rig) {
    rig.order(PORT, LineOrder::Seize);
    rig.run_until("dial tone", |rig| rig.sounds.last() == Some(&(PORT, LineSound::DialTone)));
    assert!(rig.has_told(&LineReport::Seized));
}

/// Calls a number without audio and waits for the answer.
fn call(rig: &mut Rig, number: &str) {
    seize(rig);
    rig.dial(PORT, number);
    rig.run_until("an answer", |rig| rig.has_noticed(&ExchangeEvent::Answered));
    rig.run_ms(10);
    rig.order(PORT, LineOrder::Supervise);
    rig.run_ms(1000);
}

fn release(rig: &mut Rig) {
    rig.order(PORT, LineOrder::Release);
    rig.run_until("released", |rig| rig.has_noticed(&ExchangeEvent::Released) && rig.lines[0].state() == LineState::Idle);
    assert!(rig.has_told(&LineReport::Released));
    assert!(!rig.vbox.is_off_hook(PORT));
}

#[test]
fn a_symbolic_call_goes_through_and_ends_by_reversal() {
    let mut rig = Rig::idle(2, None);
    call(&mut rig, "103");
    assert!(rig.has_noticed(&ExchangeEvent::Dialed { number: "103".to_owned() }));
    assert!(rig.has_noticed(&ExchangeEvent::Alerting));
    assert!(rig.has_told(&LineReport::Progress(LineProgress::PolarityReversal)));
    assert_eq!(rig.vbox.exchange().sound(PORT), LineSound::FarEnd(Sound::Echo { delay_ms: 200 }));
    rig.act(PORT, LineAct::HangUp { how: Some(HangUpHow::Polarity) });
    rig.run_ms(100);
    assert!(rig.has_told(&LineReport::HungUp(HangUpEvidence::PolarityReversal)));
    release(&mut rig);
    assert_eq!(rig.lines[1].state(), LineState::Idle);
}

#[test]
fn numbers_do_what_the_table_says() {
    for (number, sound) in [("101", LineSound::Busy), ("105", LineSound::Congestion), ("102", LineSound::Ringback)] {
        let mut rig = Rig::idle(1, None);
        seize(&mut rig);
        rig.dial(PORT, number);
        rig.run_ms(10_000);
        assert_eq!(rig.vbox.exchange().sound(PORT), sound, "{number}");
        assert!(!rig.has_noticed(&ExchangeEvent::Answered));
        release(&mut rig);
    }
    let mut rig = Rig::idle(1, None);
    call(&mut rig, "104");
    rig.run_ms(10_000);
    assert!(rig.has_told(&LineReport::HungUp(HangUpEvidence::LoopInterruption { duration_ms: 140 })));
    assert_eq!(rig.vbox.exchange().sound(PORT), LineSound::Busy);
    release(&mut rig);
    let mut rig = Rig::idle(1, None);
    call(&mut rig, "109");
    rig.run_ms(10_000);
    assert!(rig.has_noticed(&ExchangeEvent::FarEndHungUp));
    assert_eq!(rig.vbox.exchange().sound(PORT), LineSound::Quiet);
    assert!(!rig.told.iter().any(|(_, told)| matches!(told, LineReport::HungUp(_))));
    release(&mut rig);
}

#[test]
fn a_number_outside_the_table_is_complete_after_a_pause_and_echoes() {
    let mut rig = Rig::idle(1, None);
    seize(&mut rig);
    rig.dial(PORT, "32211");
    rig.run_ms(3900);
    assert!(!rig.events.iter().any(|(_, event)| matches!(event, ExchangeEvent::Dialed { .. })));
    rig.run_ms(200);
    assert!(rig.has_noticed(&ExchangeEvent::Dialed { number: "32211".to_owned() }));
    rig.run_until("an answer", |rig| rig.has_noticed(&ExchangeEvent::Answered));
}

#[test]
fn pulses_of_the_relay_are_counted_as_digits() {
    let mut rig = Rig::idle(1, None);
    seize(&mut rig);
    rig.order(PORT, LineOrder::DialPulse("105".to_owned()));
    rig.run_until("dialled", |rig| rig.has_told(&LineReport::Dialed));
    assert!(rig.has_noticed(&ExchangeEvent::Dialed { number: "105".to_owned() }));
    assert!(!rig.has_noticed(&ExchangeEvent::Released));
    rig.run_ms(1000);
    release(&mut rig);
}

#[test]
fn releasing_in_the_middle_of_pulse_dialling_does_not_wait_for_its_end() {
    let mut rig = Rig::idle(1, None);
    seize(&mut rig);
    rig.order(PORT, LineOrder::DialPulse("0000000000".to_owned()));
    rig.run_ms(1000);
    rig.order(PORT, LineOrder::Release);
    rig.run_ms(100);
    assert!(rig.has_told(&LineReport::Released));
    assert!(!rig.vbox.is_off_hook(PORT));
}

#[test]
fn a_flash_is_seen_as_a_flash_and_the_call_goes_on() {
    let mut rig = Rig::idle(1, None);
    call(&mut rig, "100");
    rig.order(PORT, LineOrder::Flash(Duration::from_millis(300)));
    rig.run_ms(5000);
    assert!(rig.has_noticed(&ExchangeEvent::Flash));
    assert!(!rig.has_noticed(&ExchangeEvent::Released));
    assert_eq!(rig.lines[0].state(), LineState::OffHook);
}

#[test]
fn double_answer_drops_a_collect_call_and_no_other() {
    for (category, survives) in [('1', true), (IncomingCall::COLLECT, false)] {
        let mut rig = Rig::idle(1, None);
        rig.act(PORT, LineAct::Ring(IncomingCall { category: Some(category), ..IncomingCall::default() }));
        rig.run_ms(3000);
        rig.order(PORT, LineOrder::Seize);
        rig.run_ms(1000);
        assert!(rig.has_noticed(&ExchangeEvent::Connected));
        rig.order(PORT, LineOrder::Flash(Duration::from_millis(1500)));
        rig.run_ms(2500);
        let connected = matches!(rig.vbox.exchange().sound(PORT), LineSound::FarEnd(_));
        assert_eq!(connected, survives, "{category}");
        assert_eq!(rig.lines[0].state(), LineState::OffHook);
    }
}

#[test]
fn a_ringing_line_is_answered_and_hears_the_far_end_hang_up() {
    let mut rig = Rig::idle(1, None);
    rig.act(PORT, ring(CallerIdSending::AfterRing { source: CallerIdSource::Device }));
    rig.run_ms(3000);
    let callers: Vec<_> = rig.told.iter().filter(|(_, told)| matches!(told, LineReport::Caller(_))).collect();
    let [(_, LineReport::Caller(Some(caller)))] = callers[..] else { panic!("{callers:?}") };
    assert_eq!(caller.number.as_deref(), Some("1137077801"));
    assert_eq!(caller.name.as_deref(), Some("Maria"));
    rig.order(PORT, LineOrder::Seize);
    rig.run_ms(1000);
    rig.order(PORT, LineOrder::Supervise);
    assert!(rig.has_noticed(&ExchangeEvent::Connected));
    rig.act(PORT, LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 300 }) });
    rig.run_ms(500);
    assert!(rig.has_told(&LineReport::HungUp(HangUpEvidence::LoopInterruption { duration_ms: 140 })));
    release(&mut rig);
}

#[test]
fn a_caller_who_gives_up_is_told_after_the_silence_of_the_country() {
    let mut rig = Rig::idle(1, None);
    rig.act(PORT, ring(CallerIdSending::Never));
    rig.run_ms(7000);
    assert!(rig.has_told(&LineReport::Caller(None)));
    rig.act(PORT, LineAct::StopRinging);
    rig.run_ms(4000);
    assert!(!rig.has_told(&LineReport::RingingEnded));
    rig.run_ms(1000);
    assert!(rig.has_told(&LineReport::RingingEnded));
    assert_eq!(rig.lines[0].state(), LineState::Idle);
}

#[test]
fn glare_lets_the_incoming_call_ring() {
    let mut rig = Rig::idle(1, None);
    rig.act(PORT, ring(CallerIdSending::Never));
    // The ring is on the wire already, but not here.
    rig.order(PORT, LineOrder::Seize);
    rig.run_until("glare", |rig| rig.has_told(&LineReport::SeizeFailed(SeizeFailure::Glare)));
    rig.run_until("ringing", |rig| rig.has_told(&LineReport::Ringing));
    assert!(!rig.has_noticed(&ExchangeEvent::Connected), "nobody answered");
    assert!(!rig.vbox.is_off_hook(PORT));
}

#[test]
fn a_pulled_cable_ends_the_call_and_a_plugged_one_makes_the_line_usable() {
    let mut rig = Rig::idle(1, None);
    call(&mut rig, "100");
    rig.act(PORT, LineAct::CableOut);
    rig.run_ms(1500);
    assert!(rig.has_told(&LineReport::HungUp(HangUpEvidence::BatteryLost)));
    rig.order(PORT, LineOrder::Release);
    rig.run_ms(3000);
    assert_eq!(rig.lines[0].state(), LineState::NoBattery);
    rig.act(PORT, LineAct::CableIn);
    rig.run_ms(100);
    assert_eq!(rig.lines[0].state(), LineState::Idle);
}

#[test]
fn a_parallel_telephone_is_seen_and_may_answer() {
    let mut rig = Rig::idle(1, None);
    rig.act(PORT, LineAct::Extension { off_hook: true });
    rig.run_ms(300);
    assert_eq!(rig.lines[0].state(), LineState::InUse);
    rig.act(PORT, ring(CallerIdSending::Never));
    assert!(rig.has_noticed(&ExchangeEvent::CallerRefused));
    rig.act(PORT, LineAct::Extension { off_hook: false });
    rig.run_ms(3000);
    assert_eq!(rig.lines[0].state(), LineState::Idle);
    rig.act(PORT, ring(CallerIdSending::Never));
    rig.run_ms(3000);
    rig.act(PORT, LineAct::Extension { off_hook: true });
    rig.run_ms(500);
    assert!(rig.has_noticed(&ExchangeEvent::Connected));
    assert!(rig.has_told(&LineReport::RingingEnded));
}

fn tone(hz: f32, dbm0: f32) -> Frame {
    let mut frame = Frame::SILENCE;
    for (at, sample) in (0u16..).zip(&mut frame.0) {
        *sample = ((f32::from(at) * std::f32::consts::TAU * hz / 8000.0).sin() * amplitude_of_dbm0(dbm0)) as i16;
    }
    frame
}

fn level(frames: &[Frame]) -> f32 {
    let samples: Vec<i16> = frames.iter().flat_map(|frame| frame.0).collect();
    dbm0_of(&samples)
}

#[test]
fn an_audio_call_dials_by_sound_and_hears_its_echo() {
    let formats = [AudioFormat::Ulaw, AudioFormat::Alaw, AudioFormat::Linear];
    for (format, period) in formats.iter().flat_map(|format| [(*format, &[Period::Twenty]), (*format, &[Period::Ten])]) {
        let mut rig = Rig::of_period(period, format);
        seize(&mut rig);
        rig.heard.clear();
        rig.run_ms(400);
        let dial_tone_dbm0 = level(&rig.heard[&PORT]);
        assert!((dial_tone_dbm0 + 12.0).abs() < 0.5, "dial tone at {dial_tone_dbm0}");
        rig.press(PORT, "100");
        rig.run_until("an answer", |rig| rig.has_noticed(&ExchangeEvent::Answered));
        let digits: Vec<char> = rig
            .events
            .iter()
            .filter_map(|(_, event)| match event {
                ExchangeEvent::Digit { digit } => Some(*digit),
                _ => None,
            })
            .collect();
        assert_eq!(digits, ['1', '0', '0']);
        rig.run_ms(1000);
        rig.playing.insert(PORT, tone(1000.0, -10.0));
        rig.run_ms(500);
        rig.playing.clear();
        rig.run_ms(60);
        rig.heard.clear();
        rig.run_ms(100);
        let echo_dbm0 = level(&rig.heard[&PORT]);
        assert!((echo_dbm0 + 16.0).abs() < 0.5, "the echo comes back at {echo_dbm0}");
        rig.run_ms(200);
        rig.heard.clear();
        rig.run_ms(200);
        assert!(level(&rig.heard[&PORT]) < -55.0, "and ends");
        assert_eq!(rig.driver.counters(), crate::fxo::LinkCounters::default());
        release(&mut rig);
    }
}

#[test]
fn the_hybrid_returns_what_is_sent_as_much_softer_as_it_should() {
    let mut rig = Rig::idle(1, Some(AudioFormat::Linear));
    call(&mut rig, "109");
    rig.playing.insert(PORT, tone(1000.0, -10.0));
    rig.run_ms(200);
    rig.heard.clear();
    rig.run_ms(400);
    let echo_dbm0 = level(&rig.heard[&PORT]);
    assert!((echo_dbm0 + 28.0).abs() < 0.5, "{echo_dbm0}");
}

#[test]
fn caller_id_is_heard_on_hook_before_and_after_the_first_ring() {
    for source in [CallerIdSource::Dtmf, CallerIdSource::V23, CallerIdSource::Bell202] {
        for sending in [CallerIdSending::BeforeRing { source }, CallerIdSending::AfterRing { source }] {
            let mut rig = Rig::idle(1, Some(AudioFormat::Alaw));
            rig.act(PORT, ring(sending));
            rig.run_ms(1000);
            rig.run_until("rung", |rig| rig.has_told(&LineReport::Ringing));
            // The wait for caller ID must be long enough for each kind.
            rig.run_until("a verdict", |rig| rig.told.iter().any(|(_, told)| matches!(told, LineReport::Caller(_))));
            let (mut receiver, mut heard) = (CallerIdReceiver::new(CategoryDigit::Never), Vec::new());
            for frame in &rig.heard[&PORT] {
                receiver.process(frame, &mut heard);
            }
            let [caller] = &heard[..] else { panic!("{sending:?}: {heard:?}") };
            assert_eq!(caller.source, source);
            assert_eq!(caller.number.as_deref(), Some("1137077801"));
            let name = (source != CallerIdSource::Dtmf).then_some("Maria");
            assert_eq!(caller.name.as_deref(), name);
            let words = rig.sounds.iter().any(|(_, sound)| *sound == LineSound::CallerId(caller.clone()));
            assert!(words, "words and sound tell the same: {:?}", rig.sounds);
        }
    }
}

#[test]
fn tones_are_heard_as_what_they_are() {
    for (number, tone) in [("101", ProgressTone::Busy), ("102", ProgressTone::Ringback), ("105", ProgressTone::Congestion)] {
        let mut rig = Rig::idle(1, Some(AudioFormat::Ulaw));
        seize(&mut rig);
        rig.run_ms(1500);
        let mut detector = ProgressDetector::new(&rig.vbox.exchange().config().tones.clone());
        let mut heard = Vec::new();
        for frame in &rig.heard[&PORT] {
            detector.process(frame, &mut heard);
        }
        assert_eq!(heard.first().map(|tone| tone.tone), Some(ProgressTone::Dial));
        rig.press(PORT, number);
        rig.run_until("silence", |rig| rig.sounds.last() == Some(&(PORT, LineSound::Quiet)));
        detector.dialed();
        rig.heard.clear();
        heard.clear();
        rig.run_ms(12_000);
        for frame in &rig.heard[&PORT] {
            detector.process(frame, &mut heard);
        }
        assert!(heard.iter().any(|heard| heard.tone == tone), "{number}: {heard:?}");
        assert!(heard.iter().all(|heard| heard.tone == tone), "{number}: {heard:?}");
    }
}

#[test]
fn the_box_is_the_clock_of_the_sound() {
    let mut rig = Rig::idle(2, Some(AudioFormat::Ulaw));
    rig.run_ms(10_000);
    for port in [PortId(0), PortId(1)] {
        let frames = rig.heard[&port].len();
        assert!((499..=501).contains(&frames), "{frames} frames in 10 s");
    }
}

#[test]
fn a_box_that_hears_nobody_lets_go_and_says_so_when_it_hears_again() {
    let mut rig = Rig::idle(2, None);
    call(&mut rig, "100");
    rig.faults.deaf_box = true;
    rig.run_ms(4000);
    assert!(rig.vbox.is_off_hook(PORT));
    rig.run_ms(2000);
    assert!(!rig.vbox.is_off_hook(PORT), "the watchdog let go");
    rig.faults.deaf_box = false;
    rig.run_ms(2000);
    assert!(rig.has_told(&LineReport::HungUp(HangUpEvidence::DeviceGone)));
    rig.run_ms(3000);
    assert_eq!(rig.lines[0].state(), LineState::Idle);
}

#[test]
fn a_box_that_falls_silent_takes_the_call_with_it_and_is_found_again() {
    let mut rig = Rig::idle(1, Some(AudioFormat::Ulaw));
    seize(&mut rig);
    rig.faults.deaf_host = true;
    rig.run_ms(5500);
    assert!(rig.device.contains(&DeviceOutput::Silent));
    assert!(rig.has_told(&LineReport::HungUp(HangUpEvidence::DeviceGone)));
    assert_eq!(rig.lines[0].state(), LineState::Absent);
    rig.faults.deaf_host = false;
    rig.run_ms(3000);
    assert_eq!(rig.lines[0].state(), LineState::Idle);
    assert!(!rig.vbox.is_off_hook(PORT));
    rig.heard.clear();
    rig.run_ms(1000);
    assert!(rig.heard[&PORT].len() > 45, "sound is back");
}

#[test]
fn a_box_that_restarts_is_noticed_and_greeted_again() {
    let mut rig = Rig::idle(1, Some(AudioFormat::Ulaw));
    seize(&mut rig);
    rig.run_ms(3000);
    rig.reboot();
    rig.run_ms(3000);
    assert!(rig.device.contains(&DeviceOutput::Rebooted));
    assert!(rig.has_told(&LineReport::HungUp(HangUpEvidence::DeviceGone)));
    rig.run_ms(3000);
    assert_eq!(rig.lines[0].state(), LineState::Idle);
    rig.heard.clear();
    rig.run_ms(1000);
    assert!(rig.heard[&PORT].len() > 45, "sound is back");
}

fn any_deed(rig: &mut Rig, rng: &mut Rng) {
    let port = PortId(u16::try_from(rng.below(2)).unwrap());
    let source = [CallerIdSource::Dtmf, CallerIdSource::V23, CallerIdSource::Bell202, CallerIdSource::Device];
    let source = source[usize::try_from(rng.below(4)).unwrap()];
    let numbers = ["100", "101", "102", "103", "104", "105", "109", "5551"];
    match rng.below(20) {
        0..=2 => rig.order(port, LineOrder::Seize),
        3 | 4 => rig.order(port, LineOrder::Release),
        5 => rig.order(port, LineOrder::Supervise),
        6 => rig.order(port, LineOrder::Flash(Duration::from_millis(rng.below(1000)))),
        7 => rig.order(port, LineOrder::DialPulse("1059".to_owned())),
        8 | 9 => rig.dial(port, numbers[usize::try_from(rng.below(8)).unwrap()]),
        10 => rig.act(port, ring(CallerIdSending::BeforeRing { source })),
        11 => rig.act(port, ring(CallerIdSending::AfterRing { source })),
        12 => rig.act(port, LineAct::StopRinging),
        13 => rig.act(port, LineAct::HangUp { how: None }),
        14 => rig.act(port, if rng.chance(300) { LineAct::CableOut } else { LineAct::CableIn }),
        15 => rig.act(port, LineAct::Extension { off_hook: rng.chance(300) }),
        16 => rig.act(port, LineAct::Interrupt { ms: u32::try_from(rng.below(800)).unwrap() }),
        17 => rig.act(port, LineAct::Reverse),
        18 => {
            rig.faults.deaf_box = rng.chance(100);
            rig.faults.deaf_host = rng.chance(100);
        }
        _ => {
            if rng.chance(200) {
                rig.reboot();
            }
        }
    }
}

#[test]
fn over_a_bad_wire_everything_converges_and_no_line_stays_seized() {
    let (mut damaged, mut lost, mut retries) = (0, 0, 0);
    for seed in 0..60 {
        let mut rng = Rng::from_seed(seed);
        let audio = (seed % 20 == 0).then_some(AudioFormat::Ulaw);
        let mut rig = Rig::new(2, audio, seed);
        let shaken = Faults { loss: 40, corruption: 60, duplication: 40, ..Faults::default() };
        rig.faults = shaken;
        for _ in 0..80 {
            any_deed(&mut rig, &mut rng);
            rig.run_ms(rng.below(1200));
        }
        rig.faults = Faults::default();
        let quiet = [LineAct::CableIn, LineAct::Extension { off_hook: false }, LineAct::StopRinging, LineAct::HangUp { how: None }];
        for port in [PortId(0), PortId(1)] {
            for act in quiet.clone() {
                rig.act(port, act);
            }
        }
        for _ in 0..60 {
            rig.run_ms(1000);
            for port in [PortId(0), PortId(1)] {
                rig.order(port, LineOrder::Release);
            }
        }
        for port in [PortId(0), PortId(1)] {
            assert_eq!(rig.lines[port.index()].state(), LineState::Idle, "seed {seed}");
            assert!(!rig.vbox.is_off_hook(port), "seed {seed}");
            assert_eq!(rig.vbox.exchange().sound(port), LineSound::Quiet, "seed {seed}");
        }
        let counters = rig.driver.counters();
        damaged += counters.crc_errors + counters.malformed;
        lost += counters.lost;
        retries += counters.retries;
    }
    assert!(damaged > 600 && lost > 600 && retries > 600, "the wire was not bad: {damaged} {lost} {retries}");
}
