//! The same calls with real sound: the exchange's tones and digits as audio, the real channels, real RTP to a telephone.

use gateway_core::config::settings::{AnswerMode, Settings};
use gateway_core::dsp::callerid::{CallerIdSource, Presentation};
use gateway_core::dsp::progress::ProgressTone;
use gateway_core::dsp::tone::ToneSpec;
use gateway_core::fxo::line::HangUpEvidence;
use gateway_core::fxo::simulator::act::{CallerIdSending, ExchangeEvent, HangUpHow, IncomingCall, LineAct};
use gateway_core::gateway::mark::MarkKind;
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sdp::SrtpUse;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::telephone::Telephone;

use super::cast::*;

/// One line with real sound, and a telephone that is registered as `p1`.
fn sounding(settings: Settings, habits: Habits) -> World {
    let mut world = World::with_sound(with(settings, |settings| settings.ports.truncate(1)), 1);
    world.add_party(habits);
    world.parties[0].telephone = Some(Telephone::default());
    world.register(0, "p1", "secret1");
    world
}

fn telephone(world: &mut World) -> &mut Telephone {
    world.parties[0].telephone.as_mut().unwrap()
}

fn digits_heard(world: &World) -> String {
    let digit = |event: &ExchangeEvent| if let ExchangeEvent::Digit { digit } = event { Some(*digit) } else { None };
    world.lines.noted.iter().filter_map(|(_, _, event)| digit(event)).collect()
}

#[test]
fn a_call_is_dialled_by_real_tones_and_the_echo_comes_back() {
    let mut world = sounding(answering(server(), AnswerMode::Voice), Habits::default());
    call(&mut world, "106");
    assert!(world.run_until_port(0, PortState::Waiting, s(6)), "{:?}", world.port(0));
    assert_eq!(digits_heard(&world), "106");
    world.run_for(s(8));
    // The called party answers with 1000 Hz at −10 dBm0: that is a tone and no voice, so it is early media that is heard now.
    assert_eq!(world.port(0).state, PortState::Waiting);
    end_well(&mut world);

    let mut world = sounding(server(), Habits::default());
    talk(&mut world, "100");
    telephone(&mut world).speak(Some(&ToneSpec { frequencies_hz: vec![1300.0], level_dbm0: -12.0, cadence_ms: Vec::new() }));
    world.run_for(s(3));
    let level = telephone(&mut world).level_at_dbm0(1300.0);
    assert!((-24.0..-14.0).contains(&level), "6 dB softer and a hybrid: {level}");
    end_well(&mut world);
}

#[test]
fn a_telephone_whose_sdp_names_an_address_it_does_not_use_is_heard_and_hears() {
    let elsewhere = "10.77.0.9:40000".parse().unwrap();
    let mut world = sounding(server(), Habits { announces: Some(elsewhere), ..Habits::default() });
    talk(&mut world, "100");
    telephone(&mut world).speak(Some(&ToneSpec { frequencies_hz: vec![1300.0], level_dbm0: -12.0, cadence_ms: Vec::new() }));
    world.run_for(s(3));
    let level = telephone(&mut world).level_at_dbm0(1300.0);
    assert!((-24.0..-14.0).contains(&level), "its own voice comes back from the line: {level}");
    assert!(!world.was_noticed(NoticeCode::RtpMissing) && !world.was_noticed(NoticeCode::RtpRefused));
    end_well(&mut world);
}

#[test]
fn rtp_that_is_missing_or_comes_from_a_stranger_is_told_once_with_the_reason() {
    let stranger: std::net::SocketAddr = "203.0.113.66:4000".parse().unwrap();
    for (habits, code) in [
        (Habits { speaks_from: Some(stranger), ..Habits::default() }, NoticeCode::RtpRefused),
        (Habits { sends_rtp: false, ..Habits::default() }, NoticeCode::RtpMissing),
    ] {
        let mut world = sounding(server(), habits);
        talk(&mut world, "100");
        world.run_for(s(9));
        let told: Vec<_> = world.notices.iter().filter(|notice| notice.code == code).collect();
        assert_eq!(told.len(), 1, "{code:?}");
        assert_eq!(told[0].args["expected"], world.parties[0].rtp_address().to_string());
        let source = (code == NoticeCode::RtpRefused).then(|| stranger.to_string());
        assert_eq!(told[0].args.get("source"), source.as_ref());
        end_well(&mut world);
        let marks = &world.records[0].timeline;
        assert!(marks.iter().any(|mark| matches!(&mark.what, MarkKind::RtpMissing { refused, .. } if *refused == source)), "{marks:?}");
    }
}

#[test]
fn caller_id_is_read_from_the_sound_of_the_line() {
    for source in [CallerIdSource::Dtmf, CallerIdSource::Bell202, CallerIdSource::V23] {
        for sending in [CallerIdSending::AfterRing { source }, CallerIdSending::BeforeRing { source }] {
            let mut world = sounding(server(), lets_it_ring());
            let call = IncomingCall {
                from: Some("1133334444".to_owned()),
                category: Some('1'),
                caller_id: Some(sending),
                ..IncomingCall::default()
            };
            world.act(0, LineAct::Ring(call));
            assert!(world.run_until_port(0, PortState::Calling, s(8)), "{sending:?} {:?}", world.port(0));
            let from = invite_to(&world, 0).from().unwrap();
            assert!(from.uri.starts_with("sip:1133334444@"), "{sending:?} {}", from.uri);
            end_well(&mut world);
        }
    }
}

#[test]
fn a_withheld_number_is_read_from_the_sound_too() {
    let mut world = sounding(server(), lets_it_ring());
    let call = IncomingCall { presentation: Presentation::Private, ..IncomingCall::default() };
    world.act(0, LineAct::Ring(call));
    assert!(world.run_until_port(0, PortState::Calling, s(8)));
    assert_eq!(invite_to(&world, 0).headers().get("Privacy"), Some("id"));
    end_well(&mut world);
}

#[test]
fn the_sound_of_busy_tone_ends_a_call() {
    let mut world = sounding(server(), Habits::default());
    answer_a_ring(&mut world);
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
    assert!(world.run_until(s(6), |world| !world.records.is_empty()), "{:?}", world.port(0));
    let record = only_record(&world);
    assert_eq!(record.cause, EndCause::LineHungUp);
    match &record.evidence {
        Some(HangUpEvidence::DisconnectTone(heard)) => {
            assert_eq!(heard.tone, ProgressTone::Busy);
            assert!((heard.frequency_hz - 425.0).abs() < 5.0, "{heard:?}");
        }
        other => panic!("{other:?}"),
    }
    end_well(&mut world);
}

#[test]
fn the_sound_of_busy_tone_before_the_answer_gets_486() {
    let mut world = sounding(answering(server(), AnswerMode::PolarityReversal), Habits::default());
    call(&mut world, "101");
    assert!(world.run_until(s(12), |world| !world.records.is_empty()), "{:?}", world.port(0));
    world.run_for(s(1));
    assert_refused(&world, 0, 486, Some(17));
    end_well(&mut world);
}

#[test]
fn keys_of_the_telephone_are_heard_exactly_once_on_the_line() {
    let mut world = sounding(server(), Habits::default());
    talk(&mut world, "100");
    telephone(&mut world).press("27#9");
    world.run_for(s(3));
    assert_eq!(digits_heard(&world), "10027#9");
    end_well(&mut world);
}

#[test]
fn speech_of_the_called_party_is_an_answer_and_no_tone() {
    let mut world = sounding(answering(server(), AnswerMode::Voice), Habits::default());
    call(&mut world, "107");
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    world.run_for(s(20));
    assert_eq!(world.port(0).state, PortState::Talking, "speech is no disconnect tone");
    assert!(telephone(&mut world).level_dbm0() > -40.0);
    end_well(&mut world);
}

#[test]
fn sound_is_sealed_where_both_sides_want_it_and_the_call_says_so() {
    for (ours, theirs, sealed) in [
        (SrtpUse::Preferred, SrtpUse::Mandatory, true),
        (SrtpUse::Preferred, SrtpUse::Off, false),
        (SrtpUse::Mandatory, SrtpUse::Preferred, true),
        (SrtpUse::Off, SrtpUse::Preferred, false),
    ] {
        for rings in [false, true] {
            let settings = with(server(), |settings| settings.gateway.srtp = ours);
            let mut world = sounding(settings, Habits { srtp: theirs, ..Habits::default() });
            if rings {
                answer_a_ring(&mut world);
            } else {
                talk(&mut world, "100");
            }
            telephone(&mut world).speak(Some(&ToneSpec { frequencies_hz: vec![1300.0], level_dbm0: -12.0, cadence_ms: Vec::new() }));
            world.run_for(s(3));
            let level = telephone(&mut world).level_at_dbm0(1300.0);
            assert!((-24.0..-14.0).contains(&level), "{ours:?} {theirs:?}: its own voice comes back from the line: {level}");
            end_well(&mut world);
            let marks = &world.records[0].timeline;
            let attached = |mark: &MarkKind| if let MarkKind::MediaAttached { srtp, .. } = mark { Some(*srtp) } else { None };
            assert_eq!(marks.iter().find_map(|mark| attached(&mark.what)), Some(sealed), "{ours:?} {theirs:?}");
        }
    }
}

#[test]
fn a_call_that_is_not_sealed_as_it_has_to_be_does_not_come_about() {
    for (ours, theirs) in [(SrtpUse::Mandatory, SrtpUse::Off), (SrtpUse::Off, SrtpUse::Mandatory)] {
        let settings = with(server(), |settings| settings.gateway.srtp = ours);
        let mut world = sounding(settings, Habits { srtp: theirs, ..Habits::default() });
        call(&mut world, "100");
        world.run_for(s(1));
        assert_refused(&world, 0, 488, Some(65));
        assert!(world.was_noticed(NoticeCode::NotSecured));
        world.act(0, ring("1133334444"));
        world.run_for(s(10));
        let told = world.notices.iter().find(|notice| notice.code == NoticeCode::TargetRefused).expect("the telephone refused");
        assert_eq!(told.args["status"], "488");
        end_well(&mut world);
    }
}

#[test]
fn dial_tone_after_a_flash_is_heard_and_the_caller_passed_on_or_given_back() {
    for (number, cause) in [("102", EndCause::Transferred), ("101", EndCause::LineHungUp)] {
        let settings = with(server(), |settings| settings.ports[0].line.transfer_by_hook_flash = true);
        let mut world = sounding(settings, Habits::default());
        world.act(0, LineAct::Recall { present: true });
        answer_a_ring(&mut world);
        let session = world.parties[0].open_calls().next().unwrap();
        let to = format!("sip:{number}@{}", world.address);
        world.with_party(0, |party, now| party.refer(session, &to, now));
        if cause == EndCause::LineHungUp {
            let retrieved = |world: &World| world.lines.noted.iter().any(|(_, _, event)| *event == ExchangeEvent::Retrieved);
            assert!(world.run_until(s(15), retrieved), "{:?}", world.lines.noted);
            world.run_for(s(30));
            assert_eq!(world.port(0).state, PortState::Talking);
            world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
        }
        assert!(world.run_until_port(0, PortState::Idle, s(20)), "{:?}", world.port(0));
        assert_eq!(only_record(&world).cause, cause);
        assert_eq!(digits_heard(&world), number);
        end_well(&mut world);
    }
}

#[test]
fn what_the_line_sent_is_kept_with_the_call_and_silence_is_not() {
    for source in [CallerIdSource::Dtmf, CallerIdSource::Bell202, CallerIdSource::V23] {
        let mut world = sounding(server(), lets_it_ring());
        let call = IncomingCall {
            from: Some("1133334444".to_owned()),
            caller_id: Some(CallerIdSending::AfterRing { source }),
            ..IncomingCall::default()
        };
        world.act(0, LineAct::Ring(call));
        assert!(world.run_until_port(0, PortState::Calling, s(8)), "{source:?} {:?}", world.port(0));
        end_well(&mut world);
        let marks = &world.records[0].timeline;
        let burst = marks.iter().find_map(|mark| if let MarkKind::CallerIdBurst(burst) = &mark.what { Some(burst) } else { None });
        let burst = burst.unwrap_or_else(|| panic!("{source:?} {marks:?}"));
        assert_eq!(burst.caller().map(|caller| (caller.source, caller.number.as_deref())), Some((source, Some("1133334444"))));
        assert!((-20.0..-5.0).contains(&burst.level_dbm0) && burst.snr_db.is_some_and(|snr_db| snr_db > 20.0), "{burst:?}");
    }
    let mut world = sounding(server(), lets_it_ring());
    world.act(0, LineAct::Ring(IncomingCall { caller_id: Some(CallerIdSending::Never), ..IncomingCall::default() }));
    assert!(world.run_until_port(0, PortState::Calling, s(8)), "{:?}", world.port(0));
    end_well(&mut world);
    assert!(!world.records[0].timeline.iter().any(|mark| matches!(mark.what, MarkKind::CallerIdBurst(_))), "{:?}", world.records[0]);
}
